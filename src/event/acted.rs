//! What is told of an act under way, and what was asked for before it: plain data, so that the model knows no sender.

use crate::action::{Checked, Choice, How};
use crate::text::Clean;
use std::sync::Arc;
use std::time::Duration;

/// What became of an act since the last word.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The journal's line is on disk; the request leaves now.
    Sending {
        /// Which request, from 1.
        turn: usize,
        /// Of how many.
        of: usize,
        /// Which instance is asked.
        instance: Arc<str>,
    },
    /// It was answered, or the answer is lost, or it never left.
    Sent {
        /// How it ended; `Done` may only mean that it was taken on.
        how: How,
        /// A sentence for people.
        text: Clean,
        /// How to find out, or what to do next.
        advice: Option<Clean>,
        /// How long it took.
        took: Duration,
    },
    /// A job is being followed; its name.
    Following(Clean),
    /// What the job says of itself: its state, and new lines of its log.
    Job(Clean, Vec<Clean>),
    /// The job cannot be asked for just now; why.
    Waiting(Clean),
    /// It was done; now the service has to settle, within so long.
    Settling(Duration),
    /// It has settled.
    Settled,
    /// It has not settled, or nobody waited for it; what was seen last.
    Unsettled(Clean),
    /// There is no more to come.
    Over(Finished),
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// In one word: the worst of its requests.
    pub how: How,
    /// Everything was done, and has settled.
    pub settled: bool,
    /// A sentence for people.
    pub text: Clean,
    /// How to find out, or what to do next.
    pub advice: Option<Clean>,
    /// Requests that were not begun.
    pub not_begun: usize,
    /// They were left alone because something stood against them meanwhile.
    pub stopped: bool,
    /// What the journal would not take after the fact.
    pub unrecorded: Option<Clean>,
}

/// The values that an endpoint lists for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The action.
    pub action: Arc<str>,
    /// The service.
    pub service: Arc<str>,
    /// The parameter.
    pub param: String,
    /// The values, or why they cannot be had.
    pub outcome: Result<Vec<Choice>, Clean>,
}

/// Pre-checks that were made of a proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The proposal.
    pub id: String,
    /// How they came out.
    pub checks: Vec<Checked>,
}
