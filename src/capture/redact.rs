//! Values of labels that must not leave: each is replaced by a token, the same one throughout a capture, wherever it
//! stands: in series, in what targets said, in the journal, in the configuration and its rules.
//!
//! A token is a label's name and a number in the order of appearance; nothing of the value is in it.

use super::Capture;
use crate::labels::Labels;
use crate::text::Clean;
use serde_json::Value;
use std::collections::BTreeMap;

/// A value of fewer characters is not looked for in running text: it would be found everywhere.
const SHORTEST: usize = 3;

/// Value -> token.
struct Tokens<'a> {
    labels: &'a [String],
    known: BTreeMap<String, String>,
    count: BTreeMap<String, usize>,
}

impl Tokens<'_> {
    fn token(&mut self, label: &str, value: &str) -> String {
        if let Some(token) = self.known.get(value) {
            return token.clone();
        }
        let count = self.count.entry(label.to_owned()).or_default();
        *count += 1;
        let token = format!("{label}-{count}");
        self.known.insert(value.to_owned(), token.clone());
        token
    }

    fn of_labels(&mut self, labels: &Labels) -> Labels {
        let pairs: Vec<(String, String)> = labels
            .iter()
            .map(|(name, value)| {
                let hide = self.labels.iter().any(|label| label == name) && !value.is_empty();
                let value = if hide { self.token(name, value) } else { value.to_owned() };
                (name.to_owned(), value)
            })
            .collect();
        Labels::from_pairs(pairs)
    }

    /// Finds `label="value"` in a text, however it is spaced or escaped, so that values are known that no series has.
    fn learn(&mut self, text: &str) {
        for label in self.labels {
            let mut rest = text;
            while let Some(at) = rest.find(label.as_str()) {
                rest = rest.get(at + label.len()..).unwrap_or("");
                let after = rest.trim_start_matches(['=', '~', '!', ':', ' ', '\\', '"', '\'']);
                let quoted = rest
                    .get(..rest.len() - after.len())
                    .is_some_and(|sign| sign.contains(['=', ':']) && sign.contains(['"', '\'']));
                if !quoted {
                    continue;
                }
                let end = after.find(['"', '\'', '\\', '\n']).unwrap_or(after.len());
                if let Some(value) = after.get(..end).filter(|value| !value.is_empty()) {
                    self.token(label, value);
                }
            }
        }
    }

    fn of_text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        // The longest first: one value may be part of another.
        let mut values: Vec<(&String, &String)> = self.known.iter().collect();
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        for (value, token) in values {
            if value.chars().count() >= SHORTEST && out.contains(value.as_str()) {
                out = out.replace(value.as_str(), token);
            }
        }
        out
    }

    /// All strings of a value; the value of a key that is a label is replaced whole.
    fn of_value(&mut self, value: &mut Value, depth: usize) {
        match value {
            Value::String(text) => *text = self.of_text(text),
            Value::Array(items) if depth < 64 => {
                for item in items {
                    self.of_value(item, depth + 1);
                }
            }
            Value::Object(members) if depth < 64 => {
                for (key, member) in members.iter_mut() {
                    match member {
                        Value::String(text) if self.labels.contains(key) && !text.is_empty() => {
                            *text = self.token(key, text);
                        }
                        member => self.of_value(member, depth + 1),
                    }
                }
            }
            Value::Array(_) | Value::Object(_) => *value = Value::Null,
            _ => {}
        }
    }
}

pub(super) fn redact(capture: &mut Capture, labels: &[String]) {
    let mut tokens = Tokens { labels, known: BTreeMap::new(), count: BTreeMap::new() };
    for strand in &mut capture.series {
        strand.labels = tokens.of_labels(&strand.labels);
    }
    let files = capture.portable.config.iter_mut().chain(&mut capture.portable.slos);
    let files: Vec<_> = files.chain(capture.portable.rules.iter_mut().map(|(_, source)| source)).collect();
    for source in files {
        tokens.learn(&source.text);
        source.text = tokens.of_text(&source.text);
    }
    for entry in &capture.entries {
        tokens.learn(&Value::Object(entry.details.clone()).to_string());
    }
    for entry in &mut capture.entries {
        let mut details = Value::Object(std::mem::take(&mut entry.details));
        tokens.of_value(&mut details, 0);
        if let Value::Object(details) = details {
            entry.details = details;
        }
        entry.event_id = tokens.of_text(&entry.event_id);
        entry.who.user = Clean::new(&tokens.of_text(entry.who.user.as_str()));
    }
    for told in &mut capture.told {
        for run in &mut told.runs {
            let Ok(mut value) = serde_json::to_value(&*run) else { continue };
            tokens.learn(&value.to_string());
            tokens.of_value(&mut value, 0);
            if let Ok(changed) = serde_json::from_value(value) {
                *run = changed;
            }
        }
    }
    for happening in &mut capture.happenings {
        happening.text = tokens.of_text(&happening.text);
    }
}
