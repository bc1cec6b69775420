//! What a target said, poll after poll, as runs: the same answer again and again is one entry with a first and a last
//! time. It judges nothing.

use super::{Answer, Failure, Observation};
use crate::text::Clean;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The same answer, or the same failure, poll after poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// When it was said first (the request was sent).
    pub at: Timestamp,
    /// When it was said last.
    pub until: Timestamp,
    /// How long the last exchange took.
    pub took: Duration,
    /// The last answer's figures, or why there was none.
    pub outcome: Result<Answer, Failure>,
    /// What it saw that is not a number.
    pub observation: Option<Arc<Observation>>,
    /// The version that its `*_build_info` named.
    pub build: Option<Clean>,
}

impl Told {
    /// Is this the same as what the run says?
    pub fn says(
        &self,
        outcome: Result<&Answer, &Failure>,
        observation: Option<&Observation>,
        build: Option<&Clean>,
    ) -> bool {
        let same = match (&self.outcome, outcome) {
            // Sizes and counts differ from poll to poll; the store has them.
            (Ok(before), Ok(now)) => {
                before.status == now.status
                    && before.bad_lines == now.bad_lines
                    && before.warnings == now.warnings
            }
            (Err(before), Err(now)) => before == now,
            _ => false,
        };
        same && self.observation.as_deref() == observation && self.build.as_ref() == build
    }
}
