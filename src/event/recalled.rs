//! The past that lies on disk: what is asked of it, and what comes back.

use crate::labels::Labels;
use crate::store::Packed;
use crate::text::Clean;
use crate::units::Timestamp;

/// Who asks for the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// warroom has just been started: the store is to go on where it stopped.
    Start,
    /// The operator looks at a time that the store does not hold: never into the living store. Grows with each question,
    /// so that late answers to an older one can be told.
    Rewind(u64),
}

/// Samples of one series, compressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Strand {
    /// The series, the metric's name included.
    pub labels: Labels,
    /// Its samples: at most 240. [`crate::store::Store::prepend`] takes them over as they are.
    pub packed: Packed,
}

/// One batch of the answer to [`super::Effect::Recall`]: at most [`Recalled::MOST`] strands. Time runs backwards: of
/// each series the newest strand comes first, over all batches, so that a store can put each in front of the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// Who asked.
    pub purpose: Purpose,
    /// The beginning of what was asked for.
    pub from: Timestamp,
    /// Its end, inclusive.
    pub to: Timestamp,
    /// Samples: all in `[from, to]`, stale markers included.
    pub samples: Vec<Strand>,
    /// This was the last batch.
    pub complete: bool,
    /// What kept the rest from being read; with the last batch.
    pub trouble: Option<Clean>,
}

impl Recalled {
    /// The most strands of a batch: taking one in costs well below a millisecond.
    pub const MOST: usize = 256;

    /// There is nothing, and nobody who could look.
    pub fn none(purpose: Purpose, from: Timestamp, to: Timestamp) -> Self {
        Self { purpose, from, to, samples: Vec::new(), complete: true, trouble: None }
    }
}
