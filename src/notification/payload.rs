//! What is sent: one builder for each kind of channel. Every text is cleaned and cut here; no body can grow beyond
//! [`LARGEST`], whatever an alert's labels hold.

mod alertmanager;
mod chat;
mod generic;
mod pagerduty;

pub use pagerduty::dedup_key;

use super::lane::Content;
use super::{Channel, Notice, Via};
use crate::text::{Clean, clean};
use crate::units::Timestamp;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// No body is larger, in bytes: what PagerDuty takes (512 KB), and more than the others need.
pub const LARGEST: usize = 512_000;

/// What to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// To the operator's terminal. Both texts are clean.
    Ring {
        /// What it is.
        title: String,
        /// More about it.
        body: String,
    },
    /// A POST of JSON.
    Post {
        /// The body, without its secret.
        body: Value,
        /// The member of the body that the secret belongs into.
        secret: Option<&'static str>,
    },
}

/// The message, and a line about it.
pub(super) fn build(
    channel: &Channel,
    content: &Content,
    previous: Option<&Notice>,
    at: Timestamp,
) -> (Message, Clean) {
    let about = Clean::new(&headline(content));
    let plain = |body| Message::Post { body, secret: None };
    let message = match &channel.via {
        Via::Terminal => chat::ring(content),
        Via::Webhook(_) => plain(generic::body(content)),
        Via::Chat(_) => plain(chat::body(content)),
        Via::Slack(_) => plain(chat::slack(content)),
        Via::PagerDuty { .. } => {
            Message::Post { body: pagerduty::body(content), secret: Some("routing_key") }
        }
        Via::Alertmanager { resend, .. } => plain(alertmanager::body(content, previous, *resend, at)),
    };
    (message, about)
}

/// The most of anything that a message holds, in characters and pieces.
const TITLE: usize = 300;
const TEXT: usize = 4_000;
const NAME: usize = 128;
const VALUE: usize = 512;
const LABELS: usize = 64;
const ANNOTATIONS: usize = 32;
const ANNOTATION: usize = 1_024;
/// Lines of a summary.
const LINES: usize = 20;

/// A text, cleaned and cut to `most` characters.
fn tidy(raw: &str, most: usize) -> String {
    // Cut before it is cleaned as well: what is hostile may be large.
    let head = raw.char_indices().nth(most.saturating_mul(4)).map_or(raw, |(end, _)| &raw[..end]);
    let text = clean(head);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// The same for a text of several lines, which it keeps.
fn tidy_lines(raw: &str, most: usize) -> String {
    let mut out = String::new();
    for line in raw.lines().take(100) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&tidy(line, most));
    }
    match out.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &out[..end]),
        None => out,
    }
}

/// Names and values, cleaned, cut and counted.
fn pairs(raw: &[(String, String)], count: usize, value: usize) -> Map<String, Value> {
    raw.iter().take(count).map(|(name, text)| (tidy(name, NAME), tidy_lines(text, value).into())).collect()
}

/// A page to link to, if it is one that may be linked.
fn link(notice: &Notice) -> Option<String> {
    let url = url::Url::parse(notice.url.as_deref()?.trim()).ok()?;
    let text = url.to_string();
    (matches!(url.scheme(), "http" | "https") && text.len() <= 2_000).then_some(text)
}

/// What it is about, in a line.
fn headline(content: &Content) -> String {
    match content {
        Content::One { notice, more: 0 } => tidy(&notice.line(), TITLE),
        Content::One { notice, more } => format!("{} ({more} more before)", tidy(&notice.line(), TITLE)),
        Content::Several { notices, lost } => {
            let gravest = notices.iter().map(|notice| notice.severity).max();
            let gravest = gravest.map(|severity| format!(", {severity} the gravest")).unwrap_or_default();
            format!("{} more changes{gravest}", notices.len() + lost)
        }
        Content::Resend(notices) => format!("{} still firing", notices.len()),
    }
}

/// The headline and what belongs to it, line by line.
fn lines(content: &Content) -> String {
    let mut out = headline(content);
    match content {
        Content::One { notice, .. } => {
            for line in [tidy_lines(&notice.text, TEXT), link(notice).unwrap_or_default()] {
                if !line.is_empty() {
                    let _ = write!(out, "\n{line}");
                }
            }
        }
        Content::Several { notices, lost } => {
            // The newest matter most.
            let skipped = notices.len().saturating_sub(LINES);
            for notice in notices.iter().skip(skipped) {
                let _ = write!(out, "\n{} {}", clock(notice.at), tidy(&notice.line(), TITLE));
            }
            if skipped + lost > 0 {
                let _ = write!(out, "\nand {} before", skipped + lost);
            }
        }
        Content::Resend(_) => {}
    }
    out
}

/// `14:03Z`
fn clock(at: Timestamp) -> String {
    let seconds = at.millis().div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60)
}

#[cfg(test)]
mod tests;
