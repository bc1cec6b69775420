//! The journal's lines: what was seen and what was done, for good. Pure: `io::journal` keeps the file.
//!
//! One JSON object a line, versioned; the fields are those of an audit line. Nothing here reads a file or a clock.

mod cut;
mod line;
mod parse;

pub use parse::LineError;

use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::{Map, Value};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// Tells entries apart. What several warrooms see alike (an incident that opens) has the same id in all of them, so
    /// that it counts once; what a person does has one of its own.
    pub event_id: String,
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub category: Category,
    /// What happened, as `incident.opened` or `action.sent`.
    pub action: String,
    /// Who; for what warroom did by itself, the user who ran it.
    pub who: Who,
    /// How it ended: `ok`, `failed`, `unknown`, `refused`.
    pub status: String,
    /// Everything else. Its strings come back as they were written: clean them before a screen sees them.
    pub details: Map<String, Value>,
}

/// How much an entry matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the record.
    #[default]
    Info,
    /// Worth a look.
    Warning,
    /// Something failed.
    Error,
    /// Something is down.
    Critical,
}

impl Level {
    /// All of them, the mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// As it is written in a line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Category {
    /// An incident, with its alerts, notes and figures.
    Incident,
    /// An action: something that was to be changed.
    Action,
    /// A notification that was or was not delivered.
    Notification,
    /// A category of a newer warroom, in its word: kept, and otherwise left alone.
    Other(Clean),
}

impl Category {
    /// As it is written in a line.
    pub fn word(&self) -> &str {
        match self {
            Self::Incident => "incident",
            Self::Action => "action",
            Self::Notification => "notification",
            Self::Other(word) => word.as_str(),
        }
    }

    /// The category that is written so.
    pub fn from_word(word: &str) -> Self {
        match word {
            "incident" => Self::Incident,
            "action" => Self::Action,
            "notification" => Self::Notification,
            other => Self::Other(Clean::new(other)),
        }
    }
}

/// Who did something, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The account, as the kernel knows it; never what a variable says.
    pub user: Clean,
    /// Where warroom runs.
    pub host: Clean,
    /// The address of the SSH client, if there is one.
    pub address: Option<Clean>,
    /// The account behind this one: the one that logged in, where the kernel knows it, else what `SUDO_USER` says. A hint
    /// for the reader, and no proof.
    pub sudo: Option<Clean>,
}

#[cfg(test)]
mod tests;
