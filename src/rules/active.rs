//! The alerts of one rule, and how they move: pending, firing, resolved, gone. Step by step as Prometheus does it
//! (`rules/alerting.go`); time and results are arguments.

use super::alert::{Alert, AlertState};
use super::file::{Rule, RuleKind};
use crate::labels::Labels;
use crate::severity::Severity;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a resolved alert is kept, so that everybody can be told.
pub const RESOLVED_KEPT: Duration = Duration::from_secs(15 * 60);

/// The metric of alerts.
pub(super) const ALERTS: &str = "ALERTS";
/// The metric that holds since when an alert is active.
pub(super) const FOR_STATE: &str = "ALERTS_FOR_STATE";

/// An alert, and what it means here.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The alert.
    pub alert: Alert,
    /// Its severity, by the table of its set.
    pub severity: Severity,
    /// The services that it belongs to; none: it is unassigned.
    pub services: Arc<[Arc<str>]>,
}

/// The alerts of one rule, by their labels.
pub(super) type Active = FxHashMap<Labels, Standing>;

/// What a round has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Pending and firing alerts.
    pub(super) live: usize,
    /// Has any alert begun, ended or changed its state?
    pub(super) changed: bool,
}

/// Takes the elements that are true at `at` (new alerts, pending) and moves every alert on.
pub(super) fn step(active: &mut Active, found: Vec<Standing>, rule: &Rule, at: Timestamp) -> Moved {
    let (wait, keep) = match &rule.kind {
        RuleKind::Alert { wait, keep, .. } => (*wait, *keep),
        RuleKind::Record(_) => (Duration::ZERO, Duration::ZERO),
    };
    let mut moved = Moved::default();
    let mut present = rustc_hash::FxHashSet::default();
    present.reserve(found.len());
    for new in found {
        present.insert(new.alert.labels.clone());
        match active.get_mut(&new.alert.labels) {
            Some(known) if known.alert.state != AlertState::Resolved => {
                known.alert.value = new.alert.value;
                known.alert.annotations = new.alert.annotations;
            }
            _ => {
                moved.changed = true;
                active.insert(new.alert.labels.clone(), new);
            }
        }
    }
    active.retain(|labels, standing| {
        let alert = &mut standing.alert;
        if present.contains(labels) {
            alert.keep_firing_since = None;
        } else {
            let held = keeps_firing(alert, keep, at);
            let gone = alert.state == AlertState::Pending
                || alert.resolved_at.is_some_and(|since| at.since(since) > RESOLVED_KEPT);
            if alert.state != AlertState::Resolved && !held {
                alert.state = AlertState::Resolved;
                alert.resolved_at = Some(at);
                moved.changed = true;
            }
            if gone {
                moved.changed = true;
                return false;
            }
            if !held {
                return true;
            }
        }
        moved.live += 1;
        if alert.state == AlertState::Pending && at.since(alert.active_at) >= wait && alert.active_at <= at {
            alert.state = AlertState::Firing;
            alert.fired_at = Some(at);
            moved.changed = true;
        }
        true
    });
    moved
}

/// Does an alert that is not true any more fire on for a while?
fn keeps_firing(alert: &mut Alert, keep: Duration, at: Timestamp) -> bool {
    if alert.state != AlertState::Firing || keep.is_zero() {
        return false;
    }
    let since = *alert.keep_firing_since.get_or_insert(at);
    at.since(since) < keep
}

/// The labels of an alert's `ALERTS` series.
pub(super) fn series(alert: &Alert, raw: &[(String, String)]) -> Labels {
    let state = if alert.state == AlertState::Firing { "firing" } else { "pending" };
    let over = [(crate::labels::NAME, ALERTS), ("alertname", &*alert.name), ("alertstate", state)];
    over_raw(alert, raw, &over)
}

/// The labels of an alert's `ALERTS_FOR_STATE` series.
pub(super) fn for_state(alert: &Alert, raw: &[(String, String)]) -> Labels {
    over_raw(alert, raw, &[(crate::labels::NAME, FOR_STATE), ("alertname", &*alert.name)])
}

/// As Prometheus: the rule's labels as written, over them the alert's, over those the fixed ones. So a label whose
/// template came out empty keeps the template as its text here.
fn over_raw(alert: &Alert, raw: &[(String, String)], fixed: &[(&str, &str)]) -> Labels {
    let raw = raw.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Labels::from_pairs(raw.chain(alert.labels.iter()).chain(fixed.iter().copied()))
}
