//! An incident as it is remembered: the sum of its changes. [`Incident::apply`] is the only writer.

use super::change::{Change, Due, What};
use super::course::Course;
use super::item::Item;
use crate::severity::Severity;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most alerts that one incident lists; more of them keep it open all the same.
pub(super) const MOST_ALERTS: usize = 200;
/// The most items of a timeline; beyond them the middle is left out.
const MOST_ITEMS: usize = 1_000;
/// So many of the first items are kept for good.
const FIRST_ITEMS: usize = 200;

/// One incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its id: `INC-20251003-7f3a2c`.
    pub id: Arc<str>,
    /// The environment; empty where there is none.
    pub environment: Arc<str>,
    /// Group keys of its alerts, that of the first one first.
    pub keys: Vec<String>,
    /// Its services, the cause first.
    pub services: Vec<Arc<str>>,
    /// How grave it is.
    pub severity: Severity,
    /// Why it is so grave.
    pub why: String,
    /// A person's word on the severity.
    pub judged: Option<Judged>,
    /// How it stands.
    pub phase: Phase,
    /// Since when the first of its alerts is true.
    pub began: Timestamp,
    /// When it was noticed: an alert fired.
    pub opened_at: Timestamp,
    /// Who takes care, since when.
    pub acknowledged: Option<Mark>,
    /// The first acknowledgement, for the post-mortem.
    pub first_acknowledged: Option<Timestamp>,
    /// Whose it is.
    pub assignee: Option<String>,
    /// When the harm was stopped, and how.
    pub mitigated: Option<(Timestamp, String)>,
    /// Since when none of its alerts fires.
    pub quiet_since: Option<Timestamp>,
    /// When it ended, and why.
    pub resolved: Option<(Timestamp, String)>,
    /// How often it came back.
    pub flaps: u32,
    /// Silenced here until then.
    pub snoozed_until: Option<Timestamp>,
    /// Its timers.
    pub due: Due,
    /// The time to answer ran out.
    pub answer_overdue: bool,
    /// The time to mitigate ran out.
    pub escalate_overdue: bool,
    /// Its alerts, also those that do not fire any more.
    pub alerts: Vec<AlertNote>,
    /// What happened, in the order in which it was learnt.
    pub timeline: Vec<Item>,
    /// Its figures, one a minute.
    pub course: Course,
}

/// How an incident stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It lasts.
    Open,
    /// It is over.
    Resolved,
    /// It is part of the one with this id.
    Merged(Arc<str>),
}

/// A person's word on the severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What warroom would have said at that moment.
    pub seen: Option<Severity>,
    /// The person.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// The account.
    pub user: String,
}

/// An alert, as an incident remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertNote {
    /// Tells alerts apart: a hash of service, name and labels.
    pub fingerprint: String,
    /// The rule's name.
    pub name: String,
    /// The service.
    pub service: Arc<str>,
    /// What its labels say.
    #[serde(with = "super::spell::severity", rename = "alert_severity")]
    pub severity: Severity,
    /// The value when it fired.
    pub value: Option<f64>,
    /// Since when its expression was true.
    #[serde(with = "super::spell::moment")]
    pub active_at: Timestamp,
    /// The annotation `summary`, or `description`; may be empty.
    pub summary: String,
    /// Where to look first.
    pub runbook: Option<String>,
    /// Its labels as text.
    pub labels: String,
    /// The backend that told of it; empty: our own rules.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// Does it still fire?
    #[serde(skip, default = "yes")]
    pub firing: bool,
}

fn yes() -> bool {
    true
}

impl Incident {
    /// An incident of which nothing is known but a change: its beginning, or whatever is left of it.
    pub(super) fn begun(change: &Change) -> Self {
        let brief = &change.brief;
        let due = Due { answer_by: change.at, escalate_at: change.at };
        let mut it = Self {
            id: Arc::clone(&change.incident),
            environment: Arc::clone(&brief.environment),
            keys: Vec::new(),
            services: vec![Arc::clone(&brief.service)],
            severity: brief.severity,
            why: String::new(),
            judged: None,
            phase: Phase::Open,
            began: brief.began,
            opened_at: change.at,
            acknowledged: None,
            first_acknowledged: None,
            assignee: None,
            mitigated: None,
            quiet_since: Some(change.at),
            resolved: None,
            flaps: 0,
            snoozed_until: None,
            due,
            answer_overdue: false,
            escalate_overdue: false,
            alerts: Vec::new(),
            timeline: Vec::new(),
            course: Course::default(),
        };
        if let What::Opened { key, service, environment, severity, why, began, due } = &change.what {
            it.keys.push(key.clone());
            it.services = vec![Arc::clone(service)];
            it.environment = Arc::clone(environment);
            (it.severity, it.why, it.began, it.due) = (*severity, why.clone(), *began, *due);
        }
        it
    }

    /// It lasts.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The service that is the cause, as far as known.
    pub fn service(&self) -> Arc<str> {
        self.services.first().map_or_else(|| Arc::from(super::group::UNASSIGNED), Arc::clone)
    }

    /// The alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &AlertNote> {
        self.alerts.iter().filter(|alert| alert.firing)
    }

    /// The alert that says most about it: of the cause, firing, grave, early.
    pub fn foremost(&self) -> Option<&AlertNote> {
        let cause = self.services.first();
        self.alerts.iter().min_by(|a, b| {
            let rank = |alert: &AlertNote| {
                (
                    Some(&alert.service) != cause,
                    !alert.firing,
                    std::cmp::Reverse(alert.severity),
                    alert.active_at,
                )
            };
            rank(a).cmp(&rank(b)).then_with(|| a.fingerprint.cmp(&b.fingerprint))
        })
    }

    /// What it is about, in a line.
    pub fn title(&self) -> String {
        let Some(alert) = self.foremost() else { return self.why.clone() };
        let what = if alert.summary.is_empty() { &alert.name } else { &alert.summary };
        super::spell::tidy(what, super::spell::NAME)
    }

    /// Do all of its alerts come from other systems?
    pub fn is_elsewhere(&self) -> bool {
        !self.alerts.is_empty() && self.alerts.iter().all(|alert| !alert.origin.is_empty())
    }

    /// Where to look first.
    pub fn runbook(&self) -> Option<&str> {
        let own = self.foremost().and_then(|alert| alert.runbook.as_deref());
        own.or_else(|| self.alerts.iter().find_map(|alert| alert.runbook.as_deref()))
    }

    /// Silenced here at that moment?
    pub fn snoozed(&self, at: Timestamp) -> bool {
        self.snoozed_until.is_some_and(|until| until > at)
    }

    /// Takes in one change.
    pub(super) fn apply(&mut self, change: &Change) {
        let at = change.at;
        let user = || change.by.as_ref().map(|who| who.user.as_str().to_owned());
        match &change.what {
            What::Opened { .. } | What::Noted { .. } | What::Signal { .. } => {}
            What::AlertFired { alert } => self.fired(alert),
            What::AlertGone { fingerprint, .. } => self.gone(fingerprint, at),
            What::Joined { key, service } => {
                add(&mut self.keys, key.clone());
                add(&mut self.services, Arc::clone(service));
            }
            What::Cause { service } => {
                self.services.retain(|known| known != service);
                self.services.insert(0, Arc::clone(service));
            }
            What::Merged { into } => self.phase = Phase::Merged(Arc::clone(into)),
            What::Graded { to, why, due, seen, .. } => {
                self.judged = change.by.as_ref().map(|who| Judged {
                    seen: seen.as_deref().and_then(|seen| seen.parse().ok()),
                    by: who.user.as_str().to_owned(),
                    reason: why.clone(),
                });
                (self.severity, self.why) = (*to, why.clone());
                self.run(*due, at);
            }
            What::Acknowledged => {
                self.first_acknowledged.get_or_insert(at);
                self.acknowledged = Some(Mark { at, user: user().unwrap_or_default() });
            }
            What::Unacknowledged { due } => {
                self.acknowledged = None;
                self.run(*due, at);
            }
            What::Assigned { to } => self.assignee = (!to.is_empty()).then(|| to.clone()),
            What::Mitigated { how } => self.mitigated = Some((at, how.clone())),
            What::Relapsed { .. } => self.mitigated = None,
            What::Resolved { reason } => {
                self.phase = Phase::Resolved;
                self.resolved = Some((at, reason.clone()));
            }
            What::Reopened { flaps, due } => {
                (self.phase, self.resolved, self.mitigated) = (Phase::Open, None, None);
                self.flaps = *flaps;
                self.run(*due, at);
            }
            What::Overdue { timer, .. } if timer == "answer" => self.answer_overdue = true,
            What::Overdue { .. } => self.escalate_overdue = true,
            What::Snoozed { until } => self.snoozed_until = Some(*until),
            What::Unsnoozed => self.snoozed_until = None,
            What::Figures { figures } => self.course.push(*figures),
        }
        if change.what.is_news() {
            self.tell(change, user());
        }
    }

    fn run(&mut self, due: Due, at: Timestamp) {
        self.due = due;
        self.answer_overdue &= due.answer_by <= at;
        self.escalate_overdue &= due.escalate_at <= at;
    }

    /// What an alert that goes on says now. No change of its own and not in the journal, where a line for each round
    /// would drown all others: after a restart the first round says it again.
    pub(super) fn freshen(&mut self, alert: &AlertNote) {
        let known =
            self.alerts.iter_mut().find(|known| known.firing && known.fingerprint == alert.fingerprint);
        if let Some(known) =
            known.filter(|known| known.value != alert.value || known.summary != alert.summary)
        {
            known.value = alert.value;
            known.summary.clone_from(&alert.summary);
        }
    }

    fn fired(&mut self, alert: &AlertNote) {
        self.quiet_since = None;
        self.began = self.began.min(alert.active_at);
        if let Some(known) = self.alerts.iter_mut().find(|known| known.fingerprint == alert.fingerprint) {
            *known = AlertNote { firing: true, ..alert.clone() };
            return;
        }
        if self.alerts.len() >= MOST_ALERTS {
            // One that has gone makes room; if none has, this one is not listed.
            let Some(gone) = self.alerts.iter().position(|known| !known.firing) else { return };
            self.alerts.remove(gone);
        }
        self.alerts.push(AlertNote { firing: true, ..alert.clone() });
    }

    fn gone(&mut self, fingerprint: &str, at: Timestamp) {
        for alert in self.alerts.iter_mut().filter(|alert| alert.fingerprint == fingerprint) {
            alert.firing = false;
        }
        if self.firing().next().is_none() {
            self.quiet_since.get_or_insert(at);
        }
    }

    /// Takes over what belonged to `other`, which is now part of this one.
    pub(super) fn take_over(&mut self, other: &Self, at: Timestamp) {
        for key in &other.keys {
            add(&mut self.keys, key.clone());
        }
        for service in &other.services {
            add(&mut self.services, Arc::clone(service));
        }
        for alert in other.firing() {
            self.fired(alert);
        }
        self.began = self.began.min(other.began);
        let text = format!("takes in {}: {}", other.id, other.title());
        self.push(Item::of(at, "merged", text, None));
    }

    fn tell(&mut self, change: &Change, by: Option<String>) {
        let at = match &change.what {
            What::Signal { seen, .. } => *seen,
            _ => change.at,
        };
        let item = Item::of_change(change, at, by);
        match super::item::known_like(&mut self.timeline, &item) {
            Some(known) => known.count_one_more(),
            None => self.push(item),
        }
    }

    fn push(&mut self, item: Item) {
        if self.timeline.len() >= MOST_ITEMS {
            self.timeline.remove(FIRST_ITEMS);
        }
        self.timeline.push(item);
    }
}

/// The most keys or services of one incident.
const MOST_NAMES: usize = 200;

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) && list.len() < MOST_NAMES {
        list.push(item);
    }
}
