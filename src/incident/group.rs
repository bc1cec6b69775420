//! Which alerts belong together: group keys, ids, and who needs whom.

use super::facts::{Alarm, ServiceFacts};
use super::record::AlertNote;
use super::spell::{self, NAME, TEXT, fnv};
use crate::labels::Labels;
use crate::rules::{AlertState, Origin};
use crate::severity::Severity;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// The service of alerts that match none.
pub const UNASSIGNED: &str = "unassigned";
/// The service of the one incident that takes what comes when too many are open already.
pub(super) const SEVERAL: &str = "several";

/// A firing alert on its way into an incident.
#[derive(Clone, Debug)]
pub(super) struct Fire {
    pub(super) key: String,
    pub(super) environment: Arc<str>,
    pub(super) note: AlertNote,
}

/// Alerts of one round: those that fire by group key, and the fingerprints of those that may soon.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) groups: BTreeMap<String, Vec<Fire>>,
    pub(super) firing: BTreeSet<String>,
    pub(super) pending: BTreeSet<String>,
    /// Those that fire, but of which nobody is told where they come from: they open nothing, and end nothing.
    pub(super) held: BTreeSet<String>,
}

impl Round {
    pub(super) fn sort<'a>(alarms: impl Iterator<Item = Alarm<'a>>, group_by: &[Box<str>]) -> Self {
        let mut round = Self::default();
        for alarm in alarms {
            let fingerprint = fingerprint(&alarm);
            match alarm.alert.state {
                AlertState::Resolved => {}
                AlertState::Pending => {
                    round.pending.insert(fingerprint);
                }
                AlertState::Firing if alarm.suppressed => {
                    round.held.insert(fingerprint);
                }
                // The same alert twice (two sets with the same rule) is one.
                AlertState::Firing if !round.firing.insert(fingerprint.clone()) => {}
                AlertState::Firing => {
                    let fire = fire(&alarm, fingerprint, group_by);
                    round.groups.entry(fire.key.clone()).or_default().push(fire);
                }
            }
        }
        for fires in round.groups.values_mut() {
            fires.sort_by(|a, b| {
                (a.note.active_at, &a.note.fingerprint).cmp(&(b.note.active_at, &b.note.fingerprint))
            });
        }
        round
    }
}

fn fingerprint(alarm: &Alarm<'_>) -> String {
    fingerprint_of(alarm.service.as_deref(), &alarm.alert.name, &alarm.alert.labels)
}

fn fingerprint_of(service: Option<&str>, name: &str, labels: &Labels) -> String {
    let mut parts = vec![service.unwrap_or(UNASSIGNED), name];
    parts.extend(labels.iter().flat_map(|(name, value)| [name, value]));
    format!("{:016x}", fnv(&parts))
}

/// The names ([`AlertNote::fingerprint`]) that an alert of these services has within incidents, one a service; of an
/// alert of none, the one that it has among the unassigned.
pub fn fingerprints(services: &[Arc<str>], name: &str, labels: &Labels) -> Vec<Box<str>> {
    if services.is_empty() {
        return vec![fingerprint_of(None, name, labels).into()];
    }
    services.iter().map(|service| fingerprint_of(Some(service), name, labels).into()).collect()
}

fn fire(alarm: &Alarm<'_>, fingerprint: String, group_by: &[Box<str>]) -> Fire {
    let alert = alarm.alert;
    let service: Arc<str> = alarm.service.clone().unwrap_or_else(|| UNASSIGNED.into());
    let environment: Arc<str> = alarm.environment.clone().unwrap_or_default();
    let mut key = format!("{environment}/{service}");
    for label in group_by {
        if let Some(value) = alert.labels.get(label) {
            let _ = write!(key, ",{label}={value}");
        }
    }
    if alarm.service.is_none() && !alarm.group.is_empty() {
        let _ = write!(key, ",{}", alarm.group);
    }
    let summary = ["summary", "description", "message"].into_iter().find_map(|name| alert.annotation(name));
    Fire {
        key: spell::tidy(&key, NAME),
        environment,
        note: AlertNote {
            fingerprint,
            name: spell::tidy(&alert.name, NAME),
            service,
            severity: alarm.severity,
            value: spell::six_digits(alert.value),
            active_at: alert.active_at,
            summary: spell::tidy(summary.unwrap_or_default(), 400),
            runbook: alarm.runbook.as_deref().map(|url| spell::tidy(url, TEXT)).filter(|url| !url.is_empty()),
            labels: spell::tidy(&alert.labels.to_string(), TEXT),
            origin: match &alert.origin {
                Origin::Backend(name) => spell::tidy(name, NAME),
                _ => String::new(),
            },
            firing: true,
        },
    }
}

/// The id of an incident: day of the start, and a hash of environment, key and start (see the room's first page).
pub(super) fn id(environment: &str, key: &str, start: Timestamp, flap: Duration, digits: usize) -> Arc<str> {
    let start = start.floor_to(flap);
    let day = start.to_string().get(..10).unwrap_or("").replace('-', "");
    let hash = fnv(&[environment, key, &start.millis().to_string()]);
    let hash = format!("{hash:016x}");
    format!("INC-{day}-{}", hash.get(..digits).unwrap_or(&hash)).into()
}

/// Who needs whom, also by way of others.
#[derive(Debug, Default)]
pub(super) struct Reach {
    edges: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// The same arrows, the other way round.
    back: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    known: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

/// The most services that are looked at behind one.
const MOST_BEHIND: usize = 1_000;

impl Reach {
    pub(super) fn of(facts: &BTreeMap<Arc<str>, ServiceFacts>) -> Self {
        let mut reach = Self::default();
        for (name, facts) in facts.iter().filter(|(_, facts)| !facts.depends_on.is_empty()) {
            for needed in &facts.depends_on {
                reach.back.entry(Arc::clone(needed)).or_default().push(Arc::clone(name));
            }
            reach.edges.insert(Arc::clone(name), facts.depends_on.clone());
        }
        reach
    }

    /// All that `service` needs, near and far; itself only if it is part of a circle.
    pub(super) fn behind(&mut self, service: &Arc<str>) -> &BTreeSet<Arc<str>> {
        let edges = &self.edges;
        self.known.entry(Arc::clone(service)).or_insert_with_key(|service| follow(edges, service))
    }

    /// All that `service` needs, and all that need it.
    pub(super) fn around(&mut self, service: &Arc<str>) -> BTreeSet<Arc<str>> {
        let mut around = follow(&self.back, service);
        around.extend(self.behind(service).iter().cloned());
        around.remove(service);
        around
    }

    /// The one of `troubled` that needs the fewest others of them: the cause, as far as one can see from here. Of
    /// several, the preferred one, else the first.
    pub(super) fn deepest(
        &mut self,
        troubled: &[Arc<str>],
        preferred: Option<&Arc<str>>,
    ) -> Option<Arc<str>> {
        let mut best: Option<(usize, &Arc<str>)> = None;
        for service in troubled {
            let behind = self.behind(service);
            let count = troubled.iter().filter(|other| *other != service && behind.contains(*other)).count();
            let better = best.is_none_or(|(least, _)| count < least);
            let same = best.is_some_and(|(least, _)| count == least);
            if better || (same && Some(service) == preferred) {
                best = Some((count, service));
            }
        }
        best.map(|(_, service)| Arc::clone(service))
    }
}

/// All that the arrows lead to from `service`; without recursion, and bounded.
fn follow(edges: &BTreeMap<Arc<str>, Vec<Arc<str>>>, service: &Arc<str>) -> BTreeSet<Arc<str>> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&Arc<str>> = edges.get(service).into_iter().flatten().collect();
    while let Some(name) = next.pop() {
        if seen.len() < MOST_BEHIND && seen.insert(Arc::clone(name)) {
            next.extend(edges.get(name).into_iter().flatten());
        }
    }
    seen
}

/// The worst of what fires in an incident this round, and in words why.
pub(super) fn worst(fires: &[Fire]) -> Option<(Severity, String)> {
    let worst = fires.iter().max_by(|a, b| {
        (a.note.severity).cmp(&b.note.severity).then_with(|| b.note.active_at.cmp(&a.note.active_at))
    })?;
    Some((worst.note.severity, format!("{} fires", worst.note.name)))
}
