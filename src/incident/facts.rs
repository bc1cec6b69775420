//! What comes in: alarms, facts about services, and happenings. All of it is seen, nothing of it is judged here.

use crate::rules::Alert;
use crate::severity::Severity;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;

/// An alert and whose it is. An alert of several services is several alarms.
#[derive(Clone, Debug)]
pub struct Alarm<'a> {
    /// The alert; only firing ones count.
    pub alert: &'a Alert,
    /// The service; none: unassigned.
    pub service: Option<Arc<str>>,
    /// The service's environment.
    pub environment: Option<Arc<str>>,
    /// What its labels say.
    pub severity: Severity,
    /// Its annotation `runbook_url`, or the service's link.
    pub runbook: Option<String>,
    /// Where it comes from, nobody is told of it: silenced, inhibited, muted.
    pub suppressed: bool,
    /// What splits the unassigned ones: the labels of its group, where it comes from. Empty: nothing.
    pub group: &'a str,
}

/// Where the versions of a service's instances come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VersionSource {
    /// Health answers.
    #[default]
    Health,
    /// `*_build_info` among the metrics.
    BuildInfo,
}

/// What is known of a service at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceFacts {
    /// Its name.
    pub service: Arc<str>,
    /// Its environment.
    pub environment: Option<Arc<str>>,
    /// How it stands.
    pub state: State,
    /// Instances that answer, and all of them.
    pub instances: (u32, u32),
    /// Ratio of failed requests, 0 to 1.
    pub errors_ratio: Option<f64>,
    /// Latency in seconds, p95 as a rule.
    pub latency: Option<f64>,
    /// Requests a second.
    pub requests: Option<f64>,
    /// Share of the error budget that is left, may be negative; of its worst SLO.
    pub budget_left: Option<f64>,
    /// Burn rate; of its worst SLO.
    pub burn: Option<f64>,
    /// Instance and the version that it says it runs.
    pub versions: Vec<(Arc<str>, Clean)>,
    /// Where they say so.
    pub versions_from: VersionSource,
    /// The colour that takes the traffic, where there is one.
    pub colour: Option<Clean>,
    /// Depth of all of its queues together.
    pub queue: Option<f64>,
    /// Names of its open breakers.
    pub open_breakers: Vec<Clean>,
    /// It cannot be asked, by a fault of this machine: what is not seen of it has not ended.
    pub blind: bool,
    /// Names of what it needs.
    pub depends_on: Vec<Arc<str>>,
    /// Its link `runbook`.
    pub runbook: Option<String>,
}

/// Something that happened to a service and may have to do with an incident.
///
/// Deploys, breakers, growing queues and dependencies that go down the engine finds by itself in the facts; what is
/// handed in is what the facts do not show: restarts and actions.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// To which service.
    pub service: Arc<str>,
    /// What.
    pub kind: HappeningKind,
    /// More about it, in a line.
    pub text: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "happening", rename_all = "snake_case")]
pub enum HappeningKind {
    /// Another version, or another colour.
    Deploy {
        /// What ran before.
        from: String,
        /// What runs now.
        to: String,
    },
    /// A breaker opened.
    BreakerOpened {
        /// Its name.
        name: String,
    },
    /// A breaker closed.
    BreakerClosed {
        /// Its name.
        name: String,
    },
    /// A queue grew a lot.
    QueueGrew,
    /// A process started anew.
    Restarted,
    /// Something that it needs is down.
    DependencyDown {
        /// Its name.
        name: String,
    },
    /// Somebody did something.
    ActionDone {
        /// The action's name.
        action: String,
        /// How it ended.
        outcome: String,
        /// The id of the journal's line about it.
        event_id: String,
    },
}

impl HappeningKind {
    /// What it is called.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Deploy { .. } => "deploy",
            Self::BreakerOpened { .. } => "breaker opened",
            Self::BreakerClosed { .. } => "breaker closed",
            Self::QueueGrew => "queue grew",
            Self::Restarted => "restarted",
            Self::DependencyDown { .. } => "dependency down",
            Self::ActionDone { .. } => "action",
        }
    }

    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Deploy { from, to } => format!("deploy {from} -> {to}"),
            Self::BreakerOpened { name } => format!("breaker {name} opened"),
            Self::BreakerClosed { name } => format!("breaker {name} closed"),
            Self::QueueGrew => "queue grew".to_owned(),
            Self::Restarted => "restarted".to_owned(),
            Self::DependencyDown { name } => format!("{name}, which it needs, is down"),
            Self::ActionDone { action, outcome, .. } => format!("action {action}: {outcome}"),
        }
    }
}

/// The figures of an incident at one moment; kept each minute, so that the journal alone can draw their course.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// When.
    #[serde(with = "super::spell::moment")]
    pub at: Timestamp,
    /// Ratio of failed requests, 0 to 1.
    pub errors: Option<f64>,
    /// Latency in seconds.
    pub latency: Option<f64>,
    /// Requests a second.
    pub requests: Option<f64>,
    /// Depth of its queues.
    pub queue: Option<f64>,
    /// Share of the budget that is left.
    pub budget_left: Option<f64>,
    /// Burn rate.
    pub burn: Option<f64>,
}

impl Figures {
    /// Six digits that count: more are noise in a journal, and so few come back as they were written.
    pub(super) fn of(facts: &ServiceFacts, at: Timestamp) -> Self {
        let short = |value: Option<f64>| value.and_then(super::spell::six_digits);
        Self {
            at,
            errors: short(facts.errors_ratio),
            latency: short(facts.latency),
            requests: short(facts.requests),
            queue: short(facts.queue),
            budget_left: short(facts.budget_left),
            burn: short(facts.burn),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self { at: self.at, ..Self::default() }
    }
}
