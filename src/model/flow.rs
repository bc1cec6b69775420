//! What the screen of breakers and queues shows: every breaker and every queue of the fleet, the worst first.
//!
//! Several views of one thing (two instances, a broker and its monitor) are one row. What they did before is read from
//! the store step by step, and only while somebody looks. Here is no clock and nothing is drawn.

mod list;
mod past;

pub use list::{rows, trend};
pub use past::Past;

use crate::target::BreakerState;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::{Trend, Unit, human};

/// The orders of the list; the first is the default.
pub const ORDERS: &[&str] = &["worst", "service", "name", "depth", "change"];

/// What the heights of a breaker's course mean, from 0 on: the worse the higher.
pub const HEIGHTS: &[&str] = &["closed", "half-open", "OPEN"];

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowKind {
    /// A circuit breaker.
    Breaker,
    /// A queue.
    Queue,
}

impl FlowKind {
    /// Its word in the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Queue => "queue",
        }
    }
}

/// A breaker or a queue of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// Its service.
    pub service: Arc<str>,
    /// What it is.
    pub kind: FlowKind,
    /// Its name there.
    pub name: Clean,
}

impl FlowKey {
    /// The series that it is kept in.
    pub fn series(&self) -> (&'static str, &'static str) {
        match self.kind {
            FlowKind::Breaker => ("warroom_breaker_state", "breaker"),
            FlowKind::Queue => ("warroom_queue_depth", "queue"),
        }
    }

    /// The same as an expression: one series a view of it.
    pub fn expression(&self) -> String {
        format!("max by (instance) ({})", self.selector())
    }

    /// What is drawn of it: depths, or the heights of [`HEIGHTS`].
    pub fn course(&self) -> String {
        let all = self.selector();
        match self.kind {
            FlowKind::Breaker => format!("max by (instance) (({all} == bool 1) * 2 + ({all} == bool 2))"),
            FlowKind::Queue => self.expression(),
        }
    }

    fn selector(&self) -> String {
        let (metric, label) = self.series();
        let (service, name) = (quote(&self.service), quote(self.name.as_str()));
        format!("{metric}{{service={service}, {label}={name}}}")
    }
}

/// A text as a PromQL string; what is not clean has no line breaks left to escape.
pub(super) fn quote(text: &str) -> String {
    let text = crate::text::clean(text);
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What is known of the past of breakers.
#[derive(Debug, Default)]
pub struct Flow {
    /// By breaker.
    pub past: BTreeMap<FlowKey, Past>,
    /// Services whose breakers are to be looked at, the longest waiting first.
    pub due: std::collections::VecDeque<usize>,
    /// The moment that all of them were looked at for.
    pub at: Option<Timestamp>,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRow {
    /// What it is.
    pub key: FlowKey,
    /// How bad it is: the order of the list, 0 the worst.
    rank: u8,
    /// The state that it amounts to.
    pub state: State,
    /// The same in a word or two: `OPEN`, `growing`, `over 200`.
    pub word: String,
    /// A breaker's state.
    pub breaker: Option<BreakerState>,
    /// How many views of it are in that state, and how many there are.
    pub views: (usize, usize),
    /// A queue's depth, in messages.
    pub depth: Option<f64>,
    /// Messages a minute that it grows by; negative: it drains.
    pub change: Option<f64>,
    /// Where that leads.
    pub trend: Trend,
    /// Depth, or the height of a breaker's state, over time.
    pub course: Vec<Option<f64>>,
    /// Number of the newest bucket of the course since the epoch.
    pub last_bucket: u64,
    /// Age of the oldest message, in seconds.
    pub oldest: Option<f64>,
    /// Consumers of a queue.
    pub consumers: Option<f64>,
    /// Calls of a breaker: (failed, all), and the share that succeeded.
    pub calls: (Option<f64>, Option<f64>, Option<f64>),
    /// Since when a breaker is in its state, and whether the change was seen.
    pub since: Option<(Timestamp, bool)>,
    /// How often a breaker was seen to open.
    pub opened: u32,
    /// Limits of a queue's depth.
    pub limits: Option<(f64, f64)>,
    /// When it was seen.
    pub at: Timestamp,
    /// Who says so.
    pub origins: Vec<Arc<str>>,
}

impl FlowRow {
    /// When a queue that grows reaches its critical depth at this pace.
    pub fn full_in(&self) -> Option<Duration> {
        let (depth, change, limits) = (self.depth?, self.change?, self.limits?);
        let minutes = (limits.1 - depth) / change;
        let ahead = self.trend == Trend::Up && minutes.is_finite() && (0.0..100_000.0).contains(&minutes);
        ahead.then(|| Duration::from_secs_f64(minutes * 60.0))
    }

    /// What a row says, in a line of plain text.
    pub fn text(&self) -> String {
        let FlowKey { service, kind, name } = &self.key;
        let depth =
            self.depth.map_or_else(String::new, |depth| format!(" {} waiting", human(depth, Unit::Count)));
        format!("{service}: {} {name} {}{depth}", kind.word(), self.word)
    }
}

impl super::Model {
    /// Every breaker and queue of the picture that is shown, filtered, the worst first.
    pub fn flow_rows(&self) -> Vec<FlowRow> {
        rows(self.shown(), &self.plan, &self.flow, self.seen_at(), &self.ui.flow)
    }
}
