//! An alert: one element of an alerting rule's vector, and how it stands.

use crate::labels::Labels;
use crate::units::Timestamp;
use std::sync::Arc;

/// How an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertState {
    /// True, but not for long enough.
    Pending,
    /// True for long enough, or kept firing.
    Firing,
    /// Not true any more; kept for a while, so that it can be told.
    Resolved,
}

/// Where a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// `rules.SET`, a file of it.
    File {
        /// The table's name.
        set: Arc<str>,
        /// The file.
        file: Arc<str>,
    },
    /// One that comes with warroom.
    BuiltIn,
    /// Burn-rate alerts of `slo.NAME`.
    Slo(Arc<str>),
    /// `backend.NAME`: another system has judged it.
    Backend(Arc<str>),
}

/// One alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Where its rule comes from.
    pub origin: Origin,
    /// The rule's group.
    pub group: Arc<str>,
    /// The rule's name, the label `alertname`.
    pub name: Arc<str>,
    /// Its labels: those of the element, over them the rule's (expanded), `alertname` included.
    pub labels: Labels,
    /// Annotations, expanded; text as it came out, not cleaned for a screen.
    pub annotations: Vec<(Arc<str>, String)>,
    /// How it stands.
    pub state: AlertState,
    /// The value of the element when it was last there.
    pub value: f64,
    /// Since when its expression is true: the moment of that evaluation.
    pub active_at: Timestamp,
    /// Since when it fires.
    pub fired_at: Option<Timestamp>,
    /// Since when it is not true any more.
    pub resolved_at: Option<Timestamp>,
    /// Since when it fires only because of `keep_firing_for`.
    pub keep_firing_since: Option<Timestamp>,
}

impl Alert {
    /// The annotation of that name.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(known, _)| &**known == name).map(|(_, text)| text.as_str())
    }
}
