//! What an attached terminal may put into the server's journal: what people did, and nothing that only a machine says.
//!
//! The server believes no claim without limits: each line is checked, capped and stamped with where it came from.

use crate::incident::{self, Change};
use crate::journal::{Category, Entry};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use serde_json::Value;
use std::time::Duration;

/// The most bytes of a body.
pub const MOST_BODY: usize = 1 << 20;
/// The most lines of a body.
pub const MOST_AT_ONCE: usize = 256;
/// A deed may be so old: terminals that lost the server tell it later.
const OLDEST: Duration = Duration::from_secs(24 * 3_600);
/// And so far ahead: clocks differ.
const AHEAD: Duration = Duration::from_secs(300);
/// The longest id.
const MOST_ID: usize = 200;

/// Why a body is refused, as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is too long.
    #[error("more than {MOST_AT_ONCE} lines, or {} KiB", MOST_BODY >> 10)]
    TooMuch,
    /// A line is none of the journal's.
    #[error("line {0} is no line of a journal: {1}")]
    Line(usize, String),
    /// A line is nothing that a person did.
    #[error("line {0} is nothing that a person did: {1}")]
    NoDeed(usize, String),
    /// A line's time is too far off.
    #[error("line {0} is of {1}, and it is {2}: more than {old} ago, or {ahead} ahead",
        old = format_duration(OLDEST), ahead = format_duration(AHEAD))]
    Time(usize, String, String),
}

/// Did a person do this? Then it is told to whoever polls; everything else the server sees for itself.
pub fn is_deed(entry: &Entry) -> bool {
    match entry.category {
        Category::Incident => Change::parse(entry).is_some_and(|change| {
            use incident::What;
            let by_hand = matches!(
                change.what,
                What::Acknowledged
                    | What::Unacknowledged { .. }
                    | What::Assigned { .. }
                    | What::Noted { .. }
                    | What::Graded { .. }
                    | What::Mitigated { .. }
                    | What::Resolved { .. }
                    | What::Snoozed { .. }
                    | What::Unsnoozed
            );
            by_hand && change.by.is_some_and(|who| !who.user.is_empty())
        }),
        Category::Action => !entry.who.user.is_empty(),
        Category::Notification | Category::Other(_) => false,
    }
}

/// The lines of a body, with where they came from; all of them, or none.
///
/// # Errors
/// The first line that is refused, and why.
pub fn deeds(body: &[u8], peer: &str, now: Timestamp) -> Result<Vec<Entry>, Refused> {
    if body.len() > MOST_BODY {
        return Err(Refused::TooMuch);
    }
    let mut out = Vec::new();
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if out.len() >= MOST_AT_ONCE {
            return Err(Refused::TooMuch);
        }
        let number = index + 1;
        let wrong = |why: &str| Refused::Line(number, Clean::new(why).as_str().to_owned());
        let text = std::str::from_utf8(line).map_err(|_| wrong("it is not UTF-8"))?;
        let mut entry = Entry::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if entry.event_id.is_empty() || entry.event_id.len() > MOST_ID {
            return Err(wrong("its id is empty, or too long"));
        }
        if !is_deed(&entry) {
            let word = Clean::new(&entry.action).as_str().chars().take(64).collect();
            return Err(Refused::NoDeed(number, word));
        }
        if now.since(entry.at) > OLDEST || entry.at.since(now) > AHEAD {
            return Err(Refused::Time(number, entry.at.to_string(), now.to_string()));
        }
        entry.details.insert("attached_from".to_owned(), Value::from(peer));
        out.push(entry);
    }
    Ok(out)
}
