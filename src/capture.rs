//! A capture: what is known of some time, as one file that any warroom replays. The form is written in `docs/capture.md`.
//!
//! Pure: from values to bytes and back. It touches no file, asks no clock, and trusts no byte: whatever is read is capped,
//! checked and cleaned.

mod read;
mod redact;
mod write;

pub use read::{CaptureError, Limits, read};
pub(crate) use read::{number as number_of, sane as sane_moment};
pub(crate) use write::number as put_number;
pub use write::write;

use crate::config::portable::Portable;
use crate::incident::Happening;
use crate::journal::Entry;
use crate::labels::Labels;
use crate::slo::Saved;
use crate::target::Told;
use crate::target::health::State;
use crate::units::Timestamp;
use std::sync::Arc;

/// The version of the form that is written.
pub const VERSION: u64 = 1;

/// What a capture is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// The warroom that made it.
    pub by: String,
    /// The incident that it was made for, if warroom made it by itself.
    pub why: Option<String>,
    /// The labels whose values were replaced.
    pub redacted: Vec<String>,
}

/// What one target said.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldBy {
    /// Its service.
    pub service: Arc<str>,
    /// Its poll's name.
    pub poll: Arc<str>,
    /// Its instance.
    pub instance: Arc<str>,
    /// What it said, the oldest first.
    pub runs: Vec<Told>,
}

/// When a service began to be in which state, the oldest first.
pub type States = (Arc<str>, Vec<(Timestamp, State)>);

/// Samples of one series, the oldest first; times rise.
#[derive(Clone, Debug, PartialEq)]
pub struct Strand {
    /// The series.
    pub labels: Labels,
    /// Its samples, stale markers included.
    pub samples: Vec<(Timestamp, f64)>,
}

/// What is known of some time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    /// What it is of.
    pub head: Head,
    /// The configuration that shows it.
    pub portable: Portable,
    /// What targets said.
    pub told: Vec<ToldBy>,
    /// Since when each service was in which state.
    pub states: Vec<States>,
    /// The journal: incidents, notes, actions.
    pub entries: Vec<Entry>,
    /// What objectives had counted, minute by minute.
    pub slos: Vec<Saved>,
    /// What was seen to happen: deploys, breakers.
    pub happenings: Vec<Happening>,
    /// Samples.
    pub series: Vec<Strand>,
    /// Lines that were left out when it was read, and why the first of them was.
    pub left_out: (usize, String),
}

impl Capture {
    /// How many samples it holds.
    pub fn samples(&self) -> usize {
        self.series.iter().map(|strand| strand.samples.len()).sum()
    }

    /// Replaces the values of these labels by tokens that are the same throughout, wherever they stand.
    #[must_use]
    pub fn redact(mut self, labels: &[String]) -> Self {
        if !labels.is_empty() {
            redact::redact(&mut self, labels);
        }
        labels.clone_into(&mut self.head.redacted);
        self
    }
}
