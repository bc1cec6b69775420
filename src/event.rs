//! What can happen, and what is wanted of the world: two closed enums.
//!
//! Everything in them is owned and stamped; nothing here knows where it came from.

mod acted;
mod browsed;
mod fed;
mod mouse;
mod recalled;

pub use acted::{Finished, Listed, Made, Step};
pub use browsed::{Browsed, Content};
pub use fed::{Fed, FeedLink};
pub use mouse::{Mouse, Press, Under};
pub use recalled::{Purpose, Recalled, Strand};

use crate::config::Problem;
use crate::foreign::Picture;
use crate::incident::Change;
use crate::journal::Entry;
use crate::keymap::Chord;
use crate::plan::Plan;
use crate::slo::Saved;
use crate::target::{Failure, Sample, ScrapeReport, TargetId};
use crate::text::Clean;
use crate::units::Timestamp;
use std::path::PathBuf;
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
    /// The mouse did something.
    Mouse(Mouse),
    /// Lines that were typed after `:` in earlier sessions, the newest last.
    Typed(Vec<String>),
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
    /// What earlier runs left behind: the journal's lines, and what objectives counted.
    Remembered {
        /// The journal.
        entries: Vec<Entry>,
        /// Objectives.
        saved: Vec<Saved>,
    },
    /// A batch of the past that lies on disk, as [`Effect::Recall`] asked for it.
    Recalled(Recalled),
    /// Lines that other warrooms wrote into the journal.
    Written(Vec<Entry>),
    /// An endpoint lists the values of a parameter, or does not.
    Listed(Listed),
    /// Pre-checks were made.
    Checked(Made),
    /// An act under way: the proposal's id, and what became of it.
    Acted(String, Step),
    /// Lines that an act of ours wrote into the journal.
    Recorded(Vec<Entry>),
    /// A proposal was laid down for a second person, or why it was not.
    Proposed(Entry, Result<(), Clean>),
    /// What is laid down for two people; each is by whom the system says.
    Slips(Vec<Entry>),
    /// What another system tells now, and for which plan's generation it was asked.
    Foreign(u32, Arc<Picture>),
    /// What another warroom tells that polls in our place: its backend's name, and what.
    Fed(Arc<str>, Fed),
    /// Something to tell the operator in a line.
    Notice(Clean),
}

/// The most bytes of a text that terminals are known to take onto a clipboard: 74,994 in base64.
pub const MOST_COPIED: usize = 74_994 / 4 * 3;

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
    /// Keep this line of the `:` line for later sessions.
    Typed(String),
    /// Listen to the mouse, or do not.
    Mouse(bool),
    /// Keep these lines in the journal.
    Journal(Vec<Entry>),
    /// Tell the warroom of that name, which polls in our place, what people did here.
    Deliver(Arc<str>, Vec<Entry>),
    /// Keep this proposal in the journal, and lay it down in that folder for a second person.
    Propose(PathBuf, Entry),
    /// Tell whoever is to be told: this happened to incidents.
    Tell(Vec<Change>),
    /// Say once what is wrong on this machine: a poll cannot be sent. Dashboards say it themselves.
    Warn(Clean),
    /// Keep what objectives counted.
    Save(Vec<Saved>),
    /// Keep these samples: what was appended to the store since the last time.
    Keep(Vec<Sample>),
    /// Read the samples of `[from, to]` from disk; they come back as [`What::Recalled`], in batches. A new question for
    /// the same purpose takes the place of an older one.
    Recall {
        /// Who asks.
        purpose: Purpose,
        /// The beginning.
        from: Timestamp,
        /// The end, inclusive.
        to: Timestamp,
    },
    /// Take what was authorized from [`crate::model::act::Acts::take`] and send it, once. It is not in here: an effect
    /// can be copied, an `Authorized` cannot.
    Act,
    /// Ask for the values of a parameter: action, service, parameter.
    Choices(Arc<str>, Arc<str>, String),
    /// Make the pre-checks of the proposal that stands in the box, those that ask an endpoint.
    Check(String),
    /// Look into this folder for what a second person approved.
    TwoKey(PathBuf),
    /// Ask this backend (Alertmanager, PagerDuty) without waiting for its turn.
    AskForeign(Arc<str>),
    /// Nobody waits for the end of this act any longer; it is not taken back.
    StopWaiting(String),
    /// Write what is known of this time to a file that replays; none: a name is made up, in the folder of the configuration.
    Capture {
        /// The file.
        file: Option<PathBuf>,
        /// The beginning.
        from: Timestamp,
        /// The end.
        to: Timestamp,
        /// The incident that it is for, if warroom does it by itself.
        why: Option<Arc<str>>,
    },
    /// Sleep as a shell's job.
    Suspend,
    /// Write a picture of what is seen into this file; its ending says how.
    Snapshot(PathBuf),
    /// Paint everything anew.
    Redraw,
}
