//! What can happen, and what is wanted of the world: two closed enums.
//!
//! Everything in them is owned and stamped; nothing here knows where it came from.

mod browsed;

pub use browsed::{Browsed, Content};

use crate::config::Problem;
use crate::keymap::Chord;
use crate::plan::Plan;
use crate::target::{Failure, Sample, ScrapeReport, TargetId};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;

/// Something that happened, and when.
#[derive(Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// Something that happened.
#[derive(Debug)]
pub enum What {
    /// A key was pressed.
    Key(Chord),
    /// Text was pasted.
    Paste(String),
    /// A mouse button went down at a cell (column, row).
    Click(u16, u16),
    /// The wheel was turned at a cell: rows down (negative: up).
    Wheel(i16),
    /// The screen has a new size (columns, rows).
    Resize(u16, u16),
    /// Polls came back: those of one slot together.
    Reports(Vec<ScrapeReport>),
    /// Series of targets that a reload took away have ended.
    Ended(Vec<Sample>),
    /// Our own link: `None` works, else what was seen and since when.
    Link(Option<(Timestamp, Clean)>),
    /// Nothing else is waiting: one unit of the work that is due may be done.
    Work,
    /// The moment that [`crate::model::Model::next_tick`] asked for has come.
    Tick,
    /// The configuration was read again: a plan, or everything that is wrong with it.
    Reloaded(Result<Arc<Plan>, Vec<Problem>>),
    /// The whole body of a target came back, or did not.
    Browsed {
        /// Whose it is.
        target: TargetId,
        /// Which plan the target belongs to.
        generation: u32,
        /// What is in it.
        outcome: Result<Browsed, Failure>,
    },
    /// Something to tell the operator in a line.
    Notice(Clean),
}

/// Something that is wanted of the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Poll the targets of the model's plan from now on.
    Configure,
    /// Poll this target (none: all) without waiting for its turn.
    PollNow(Option<TargetId>),
    /// Fetch the whole body of this target.
    FetchFull(TargetId),
    /// Read the configuration again.
    Reload,
    /// Use this theme from now on.
    Theme(String),
    /// Put a text on the operator's clipboard.
    Copy(String),
    /// Listen to the mouse, or do not.
    Mouse(bool),
    /// Sleep as a shell's job.
    Suspend,
    /// Paint everything anew.
    Redraw,
}
