//! What goes into the poller and what comes out of it.

use crate::event::{Fed, Recalled};
use crate::plan::{FeedPlan, Plan};
use crate::target::{Failure, Sample, ScrapeReport, Target, TargetId};
use crate::text::Clean;
use crate::units::Timestamp;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What is to be polled.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Every poll of every instance.
    pub targets: Vec<Target>,
    /// Number of the plan; it comes back in each report.
    pub generation: u32,
    /// `connectivity.reference`: hosts that tell a fault of ours from a fault of theirs.
    pub references: Vec<SocketAddr>,
    /// Other warrooms that poll in our place: these are listened to. Their polls are not among the targets.
    pub feeds: Vec<Arc<FeedPlan>>,
}

/// What the poller has to say.
#[derive(Clone, Debug)]
pub enum Message {
    /// Reports, those of one slot together, so that the loop wakes once for them.
    Reports(Vec<ScrapeReport>),
    /// Stale markers of targets that a reload took away; they belong to no target any more.
    Ended(Vec<Sample>),
    /// What another warroom tells that polls in our place: its name, and what.
    Fed(Arc<str>, Fed),
    /// The plan of the warroom that is attached to.
    Plan(Arc<Plan>),
    /// Samples of a time that the warroom was asked for that is attached to.
    Recalled(Recalled),
    /// The state of our own link changed.
    Link(LinkState),
    /// The answer to [`super::Poller::fetch_full`].
    FullBody {
        /// Whose it is.
        target: TargetId,
        /// Which plan the target belongs to.
        generation: u32,
        /// The body, or why there is none.
        outcome: Result<FullBody, Failure>,
    },
}

/// A whole body, as it came (decompressed, at most `Route::body_limit` bytes). Not cleaned: it is for a parser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FullBody {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The bytes.
    pub body: Vec<u8>,
    /// How long the whole exchange took.
    pub took: Duration,
}

/// Is the fault ours? Only with local errors (no route, no name) and every reference out of reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    /// Nothing points at us.
    #[default]
    Works,
    /// Local errors, and no reference can be reached.
    Down {
        /// Since when.
        since: Timestamp,
        /// What was seen: the error and the references.
        detail: Clean,
    },
}
