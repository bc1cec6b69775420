//! A line read back. Lines of newer versions stay readable: fields that are unknown here are left where they are, in
//! the file, and words that are unknown here are kept.

use super::{Category, Entry, Level, Who};
use crate::text::{Clean, clean};
use crate::units::Timestamp;
use serde_json::{Map, Value};

/// Why a line is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is longer than any line of ours.
    #[error("{0} bytes are too long for a line")]
    TooLong(usize),
    /// It is no JSON: torn, or written by something else.
    #[error("not JSON: {0}")]
    NotJson(Clean),
    /// It is JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A field that every version has is missing, or not what it should be.
    #[error("no {0}")]
    Without(&'static str),
}

impl Entry {
    /// The most bytes of a line that is looked at: far over what is written, so that a newer warroom may write more.
    pub const READ_CAP: usize = 1 << 20;

    /// Reads a line, with or without its end.
    ///
    /// Id, action and status lose what could harm a terminal; details are as they were written.
    ///
    /// # Errors
    /// What is wrong with it. Total: no line panics, and nesting is limited.
    pub fn parse(line: &str) -> Result<Self, LineError> {
        if line.len() > Self::READ_CAP {
            return Err(LineError::TooLong(line.len()));
        }
        // Nesting beyond 128 levels is an error there, not a stack that overflows.
        let value: Value =
            serde_json::from_str(line).map_err(|error| LineError::NotJson(Clean::new(&error.to_string())))?;
        let Value::Object(mut fields) = value else { return Err(LineError::NotAnObject) };
        if fields.get("v").and_then(Value::as_u64).is_none_or(|version| version == 0) {
            return Err(LineError::Without("version (v)"));
        }
        let details = match fields.remove("details") {
            Some(Value::Object(details)) => details,
            _ => Map::new(),
        };
        let text = |name| fields.get(name).and_then(Value::as_str);
        let optional = |name| text(name).map(Clean::new).filter(|text| !text.is_empty());
        let needed = |name| match text(name).map(clean) {
            Some(word) if !word.is_empty() => Ok(word.into_owned()),
            _ => Err(LineError::Without(name)),
        };
        let at: jiff::Timestamp =
            needed("timestamp")?.parse().map_err(|_| LineError::Without("timestamp that is RFC 3339"))?;
        Ok(Self {
            at: Timestamp::from_millis(at.as_millisecond()),
            event_id: needed("event_id")?,
            level: level(text("level")),
            category: Category::from_word(&needed("category")?),
            action: needed("action")?,
            who: Who {
                user: optional("user_id").unwrap_or_default(),
                host: optional("host").unwrap_or_default(),
                address: optional("ip_address"),
                sudo: optional("sudo_user"),
            },
            status: text("status").map(clean).unwrap_or_default().into_owned(),
            details,
        })
    }
}

/// A level of a newer version is worth a look; none at all is for the record.
fn level(word: Option<&str>) -> Level {
    let Some(word) = word else { return Level::Info };
    Level::ALL.into_iter().find(|level| level.word() == word).unwrap_or(Level::Warning)
}
