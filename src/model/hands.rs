//! What hands have begun: a choice of what to copy, a cursor on the graphs. Plain data.

use crate::units::Timestamp;

/// One thing that could be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyItem {
    /// The letter that chooses it.
    pub key: char,
    /// What it is.
    pub label: &'static str,
    /// The text that would be copied.
    pub text: String,
}

/// The choice of what to copy; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyMenu {
    /// Of what.
    pub title: String,
    /// What there is.
    pub items: Vec<CopyItem>,
    /// The one that is selected.
    pub index: usize,
}

/// A moment on the graphs, or a range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphCursor {
    /// The moment whose values are read off.
    pub at: Timestamp,
    /// The other end of the range that is drawn with the mouse.
    pub from: Option<Timestamp>,
    /// The cell where the button went down: column and row. None: it was moved with keys.
    pub grip: Option<(u16, u16)>,
}

impl GraphCursor {
    /// Beginning and end of the range; the same moment twice where there is none.
    pub fn range(&self) -> (Timestamp, Timestamp) {
        let other = self.from.unwrap_or(self.at);
        (self.at.min(other), self.at.max(other))
    }
}
