//! What a warroom that polls tells those that are attached to it: lines of JSON, one an event. The form is written in
//! `docs/attach.md`.
//!
//! Pure: from values to lines and back. It opens no connection and asks no clock. Whoever reads trusts no byte: lines
//! are capped, series are counted, every string for a screen is clean, and a line of a kind that is not known is left
//! out and counted, so that newer servers can be read by older terminals.

mod deed;
mod read;
mod write;

pub use deed::{MOST_AT_ONCE, MOST_BODY, Refused, deeds, is_deed};
pub use read::{Reader, Skipped};
pub use write::Writer;

use crate::journal::Entry;
use crate::target::{Answer, Failure, Observation, Sample, ScrapeReport, TargetId};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The version of the form.
pub const VERSION: u64 = 1;

/// The most bytes of a line that are read.
pub const MOST_LINE: usize = 8 << 20;

/// The most series that one connection speaks of; whoever writes begins anew long before.
pub const MOST_SERIES: usize = 1 << 20;

/// How often the server says that it is there, whatever else it has to say.
pub const BEAT: Duration = Duration::from_secs(5);

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The first one: who speaks.
    Hello(Hello),
    /// The server lives.
    Beat(Beat),
    /// Polls came back.
    Reports(Vec<Report>),
    /// Series of targets that a reload took away have ended.
    Ended(Vec<Sample>),
    /// The server's own link: `None` works.
    Link(Option<(Timestamp, Clean)>),
    /// Lines that the server's journal took.
    Journal(Vec<Entry>),
}

/// Who speaks, and what it polls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hello {
    /// The warroom, with its version.
    pub by: Clean,
    /// Tells runs of a server apart.
    pub run: Clean,
    /// Number of its plan: it grows with each reload.
    pub generation: u32,
    /// The server's clock.
    pub at: Timestamp,
    /// What it polls.
    pub polls: Vec<Place>,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// The server's clock.
    pub at: Timestamp,
    /// Terminals that are attached.
    pub clients: u64,
}

/// A poll of an instance, by its names: numbers differ from plan to plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The service; empty: it is a backend.
    pub service: Arc<str>,
    /// The poll's name.
    pub poll: Arc<str>,
    /// The instance.
    pub instance: Arc<str>,
}

/// What one poll brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which poll.
    pub place: Place,
    /// When the request was sent.
    pub at: Timestamp,
    /// How long the exchange took.
    pub took: Duration,
    /// The answer, or why there is none.
    pub outcome: Result<Answer, Failure>,
    /// Samples.
    pub samples: Vec<Sample>,
    /// What is not a number.
    pub observation: Option<Observation>,
    /// The next poll is not before this moment.
    pub not_before: Option<Timestamp>,
    /// `Retry-After` of the answer.
    pub retry_after: Option<Duration>,
}

impl Report {
    /// As a report of a plan in which the poll has this number.
    pub fn numbered(self, target: TargetId, generation: u32) -> ScrapeReport {
        ScrapeReport {
            target,
            generation,
            at: self.at,
            took: self.took,
            outcome: self.outcome,
            samples: self.samples,
            observation: self.observation,
            not_before: self.not_before,
            retry_after: self.retry_after,
        }
    }
}

#[cfg(test)]
mod tests;
