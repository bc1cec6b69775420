//! What outlives the process: minutes that are over, and the last value of each counter.
//!
//! Plain data, so that whoever keeps files can write it as it likes. A later record of a minute or a mark stands over an
//! earlier one: records can be appended and read back in order.

use super::count::{Last, Start};
use super::minutes::Minute;
use crate::labels::Labels;
use serde::{Deserialize, Serialize};

/// What is to be saved of one objective.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// The objective's name.
    pub slo: String,
    /// What was counted: under another definition it is not restored.
    pub definition: String,
    /// Minutes, as they stand now.
    pub minutes: Vec<SavedMinute>,
    /// Counters, as they stand now.
    pub marks: Vec<Mark>,
    /// Up to here it is known which times were looked at: milliseconds since the epoch.
    pub covered_until: i64,
}

impl Saved {
    /// Nothing to save?
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty() && self.marks.is_empty()
    }
}

/// One minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMinute {
    /// Minutes since the epoch.
    pub minute: i64,
    /// Valid events, in units of the account.
    pub total: u64,
    /// Bad ones.
    pub bad: u64,
    /// Seconds that were looked at.
    pub covered: u8,
    /// Were the figures spread over a gap?
    pub bridged: bool,
}

impl SavedMinute {
    pub(super) fn new(minute: i64, value: Minute) -> Self {
        let Minute { total, bad, covered, bridged } = value;
        Self { minute, total, bad, covered, bridged }
    }
}

/// The last sample of a counter that was taken into account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Which part of the objective asks for it.
    pub term: u16,
    /// The series.
    pub labels: Vec<(String, String)>,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Its value.
    pub value: f64,
    /// When the counter began, as far as it is told.
    pub start: Start,
}

impl Mark {
    pub(super) fn new(term: u16, labels: &Labels, last: Last) -> Self {
        let labels = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { term, labels, at: last.at, value: last.value, start: last.start }
    }

    pub(super) fn read(&self) -> ((u16, Labels), Last) {
        let labels =
            Labels::from_pairs(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        ((self.term, labels), Last { at: self.at, value: self.value, start: self.start })
    }
}
