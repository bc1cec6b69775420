//! Texts for people: the terminal, a chat webhook (`{"text": ...}`), Slack's incoming webhook
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).

use super::{LABELS, Message, TEXT, TITLE, headline, lines, link, tidy, tidy_lines};
use crate::notification::lane::Content;
use serde_json::{Value, json};

/// Slack's limits: a header, a section, a field, in characters; fields of a section.
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
const FIELDS: usize = 10;

pub(super) fn ring(content: &Content) -> Message {
    match content {
        Content::One { notice, .. } => {
            let first = notice.text.lines().next().unwrap_or_default();
            Message::Ring { title: tidy(&notice.line(), TITLE), body: tidy(first, TITLE) }
        }
        _ => Message::Ring { title: headline(content), body: String::new() },
    }
}

pub(super) fn body(content: &Content) -> Value {
    json!({ "text": lines(content) })
}

/// Slack takes `&`, `<` and `>` for itself; escaped, no text can mention a channel or hide a link.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// As [`escape`], at most `most` characters of the result, no entity cut apart.
fn escape_within(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut left = most;
    for c in text.chars() {
        let piece = escape(c.encode_utf8(&mut [0; 4]));
        let Some(rest) = left.checked_sub(piece.chars().count()) else { break };
        left = rest;
        out.push_str(&piece);
    }
    out
}

pub(super) fn slack(content: &Content) -> Value {
    let section = |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": escape_within(text, SECTION) } });
    // A header is plain text: whether entities are decoded in it is not said, so that it holds nothing to escape.
    let title = tidy(&headline(content), HEADER - 1).replace('<', "‹").replace('>', "›");
    let mut blocks = vec![json!({ "type": "header",
        "text": { "type": "plain_text", "text": title, "emoji": false } })];
    match content {
        Content::One { notice, .. } => {
            let text = tidy_lines(&notice.text, TEXT);
            if !text.trim().is_empty() {
                blocks.push(section(&text));
            }
            let mut fields = vec![
                ("Severity".to_owned(), notice.severity.word().to_owned()),
                ("Incident".to_owned(), tidy(&notice.incident, TITLE)),
                ("Began".to_owned(), notice.started.to_string()),
            ];
            let labels =
                notice.labels.iter().take(LABELS).map(|(name, value)| (tidy(name, 100), tidy(value, 500)));
            fields.extend(labels);
            let fields: Vec<Value> = fields
                .iter()
                .take(FIELDS)
                .map(|(name, value)| {
                    json!({ "type": "mrkdwn", "text": escape_within(&format!("{name}: {value}"), FIELD) })
                })
                .collect();
            blocks.push(json!({ "type": "section", "fields": fields }));
            if let Some(url) = link(notice) {
                // A URL holds neither < nor >, and its & is escaped; a bar would end it.
                let target = escape(&url.replace('|', "%7C"));
                let text = format!("<{target}|Runbook>");
                blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] }));
            }
        }
        _ => blocks.push(section(&lines(content))),
    }
    json!({ "text": escape_within(&headline(content), SECTION), "blocks": blocks })
}
