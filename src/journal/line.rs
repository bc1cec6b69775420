//! An entry as a line: one JSON object, capped, in pure printable characters. Reading it back is `parse`'s work.

use super::cut::{Cut, cut_text, fit};
use super::{Category, Entry};
use crate::text::{Clean, clean, is_harmful};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The fields in the order in which people read them. Names: an audit line's (timestamp, `event_id`, level, category,
/// action, `user_id`, `user_email`, `user_role`, `ip_address`, status, details), and ours (v, host, `sudo_user`).
#[derive(Serialize)]
struct Line<'a> {
    v: u64,
    timestamp: String,
    event_id: &'a str,
    level: &'static str,
    category: &'a str,
    action: &'a str,
    user_id: &'a str,
    /// Unknown to a program that logs in nowhere; there for readers that expect the field.
    user_email: Option<&'a str>,
    user_role: Option<&'a str>,
    ip_address: Option<&'a str>,
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sudo_user: Option<&'a str>,
    status: &'a str,
    details: &'a Map<String, Value>,
}

/// The longest id, action or status, in characters. Ours are far below.
const WORD_CAP: usize = 200;

impl Entry {
    /// The version of the lines that are written.
    pub const VERSION: u64 = 1;
    /// The most bytes of a line, its end not counted. What is over is cut out of the details, with a mark.
    pub const LINE_CAP: usize = 64 * 1024;

    /// The entry as one line of JSON, without the line's end.
    ///
    /// It holds no control, bidi or zero-width character as such: they stand as `\u` escapes, so that a pager may
    /// show the file. Words (id, action, status) lose them altogether. Details over the cap are cut with a mark.
    pub fn to_line(&self) -> String {
        let mut line = String::new();
        for cut in Cut::STEPS {
            line = self.with_details(&fit(&self.details, cut));
            if line.len() <= Self::LINE_CAP {
                break;
            }
        }
        line
    }

    fn with_details(&self, details: &Map<String, Value>) -> String {
        let [event_id, action, status] =
            [&self.event_id, &self.action, &self.status].map(|word| cut_text(&clean(word), WORD_CAP));
        let category = match &self.category {
            Category::Other(word) => cut_text(word.as_str(), WORD_CAP),
            known => known.word().to_owned(),
        };
        let line = Line {
            v: Self::VERSION,
            timestamp: moment(self.at.millis()),
            event_id: &event_id,
            level: self.level.word(),
            category: &category,
            action: &action,
            user_id: self.who.user.as_str(),
            user_email: None,
            user_role: None,
            ip_address: self.who.address.as_ref().map(Clean::as_str),
            host: self.who.host.as_str(),
            sudo_user: self.who.sudo.as_ref().map(Clean::as_str),
            status: &status,
            details,
        };
        // Strings, numbers and maps with string keys always become JSON.
        escape(&serde_json::to_string(&line).unwrap_or_default())
    }
}

/// RFC 3339 in UTC with three digits of milliseconds; moments that no calendar has become its nearest end.
fn moment(ms: i64) -> String {
    let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
    let kept = jiff::Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { first } else { last });
    format!("{kept:.3}")
}

/// JSON whose strings hold nothing that a terminal would obey. Outside of strings JSON has no such character.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        if is_harmful(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
