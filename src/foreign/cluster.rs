//! The members of one Alertmanager cluster become one picture: each alert once, whoever tells of it.
//!
//! An alert has ended when every member that answers lacks it. One that does not answer ends nothing: what it said last
//! holds until the alert's own end, and while nobody answers everything stays as it was.

use super::alertmanager::{self, Silence, Snapshot, State};
use super::backend::{Backend, Kind};
use crate::incident;
use crate::labels::Labels;
use crate::rules::{self, AlertState, Origin, Owners};
use crate::severity::Severity;
use crate::target::Failure;
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What one member answered in one round.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which one: its place among the backend's members.
    pub peer: usize,
    /// When it was asked.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What it said, or why it did not.
    pub outcome: Result<Snapshot, Failure>,
}

/// What is known of the members of one backend.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    known: Vec<Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// The last good answer and when it was asked for.
    last: Option<(Timestamp, Snapshot)>,
    asked: Option<Timestamp>,
    took: Option<Duration>,
    failure: Option<Failure>,
}

/// How a member stands, for the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerHealth {
    /// `host:port`.
    pub name: Arc<str>,
    /// When it was asked last.
    pub asked: Option<Timestamp>,
    /// When it answered last.
    pub answered: Option<Timestamp>,
    /// How long the last exchange took.
    pub took: Option<Duration>,
    /// Why it did not answer the last time.
    pub failure: Option<Failure>,
    /// What it says of itself.
    pub about: Clean,
    /// What it told the last time: alerts, or incidents.
    pub count: usize,
    /// What it would not tell, or what made no sense.
    pub notes: Vec<Clean>,
}

/// An alert of another system, as one of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// As the incident engine takes it.
    pub alert: rules::Alert,
    /// The name that its system has for it.
    pub fingerprint: Box<str>,
    /// Its labels without those that only tell copies apart: equal to those of our own alert of the same rule.
    pub bare: Labels,
    /// By the backend's table.
    pub severity: Severity,
    /// The services that it belongs to; none: unassigned.
    pub services: Arc<[Arc<str>]>,
    /// Its names within incidents, one a service.
    pub notes: Vec<Box<str>>,
    /// What splits unassigned alerts: the labels of its group there.
    pub group: Box<str>,
    /// Is anybody told of it there? If not, nobody is told here.
    pub suppressed: bool,
    /// What holds it back.
    pub silenced_by: Vec<Box<str>>,
    /// What holds it back.
    pub inhibited_by: Vec<Box<str>>,
    /// What holds it back.
    pub muted_by: Vec<Box<str>>,
    /// No member that answers tells of it: it is believed because one that is silent told of it last.
    pub held: bool,
}

/// Everything that one backend tells, merged.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The backend's name.
    pub backend: Arc<str>,
    /// When the round was that it is made of.
    pub at: Timestamp,
    /// Its alerts.
    pub alerts: Vec<Foreign>,
    /// An alert's name within incidents -> its place in `alerts`.
    pub by_note: FxHashMap<Box<str>, usize>,
    /// Its silences that are not over, by id.
    pub silences: BTreeMap<Box<str>, Silence>,
    /// Its members.
    pub peers: Vec<PeerHealth>,
    /// Nobody answers: nothing that is not told has ended.
    pub deaf: bool,
    /// PagerDuty: its incidents and who is on call. Boxed: most backends have none.
    pub pager: Option<Box<super::Pager>>,
}

/// Where in a list each of an alert's names within incidents leads.
pub(super) fn places(alerts: &[Foreign]) -> FxHashMap<Box<str>, usize> {
    let named = alerts.iter().enumerate();
    named.flat_map(|(at, alert)| alert.notes.iter().map(move |note| (note.clone(), at))).collect()
}

impl Cluster {
    /// For so many members.
    pub fn new(members: usize) -> Self {
        Self { known: vec![Known::default(); members] }
    }

    /// Takes in what a member answered.
    pub fn hear(&mut self, answer: Answer) {
        let Some(known) = self.known.get_mut(answer.peer) else { return };
        known.asked = Some(answer.at);
        known.took = Some(answer.took);
        match answer.outcome {
            Ok(mut snapshot) => {
                // What it would not say this time is still what it said before.
                if let Some((_, last)) = known.last.take() {
                    snapshot.silences = snapshot.silences.or(last.silences);
                    snapshot.groups = snapshot.groups.or(last.groups);
                    snapshot.status = snapshot.status.or(last.status);
                }
                known.failure = None;
                known.last = Some((answer.at, snapshot));
            }
            Err(failure) => known.failure = Some(failure),
        }
    }

    fn good(&self) -> impl Iterator<Item = &Snapshot> {
        let good = self.known.iter().filter(|known| known.failure.is_none());
        good.filter_map(|known| known.last.as_ref().map(|(_, snapshot)| snapshot))
    }

    /// All of it as one, at `at`.
    pub fn picture(&self, backend: &Backend, owners: &Owners, at: Timestamp) -> Picture {
        let deaf = self.good().next().is_none();
        let mut found: BTreeMap<&str, (&alertmanager::Alert, State, bool)> = BTreeMap::new();
        for alert in self.good().flat_map(|snapshot| &snapshot.alerts.good) {
            found
                .entry(&alert.fingerprint)
                .and_modify(|(_, state, _)| *state = louder(*state, alert.state))
                .or_insert((alert, alert.state, false));
        }
        for known in self.known.iter().filter(|known| deaf || known.failure.is_some()) {
            let Some((_, last)) = &known.last else { continue };
            for alert in last.alerts.good.iter().filter(|alert| deaf || alert.ends_at > at) {
                found.entry(&alert.fingerprint).or_insert((alert, alert.state, true));
            }
        }
        let groups = |fingerprint: &str| {
            let mut all = self.known.iter().filter_map(|known| known.last.as_ref()?.1.groups.as_ref());
            all.find_map(|groups| groups.get(fingerprint)).map(|text| &**text)
        };
        let mut alerts: Vec<Foreign> = found
            .into_values()
            .map(|(alert, state, held)| {
                let mut made = foreign(backend, owners, alert, state, groups(&alert.fingerprint));
                made.held = held;
                made
            })
            .collect();
        alerts.sort_by(|a, b| (a.alert.active_at, &a.fingerprint).cmp(&(b.alert.active_at, &b.fingerprint)));
        Picture {
            backend: Arc::clone(&backend.name),
            at,
            by_note: places(&alerts),
            alerts,
            silences: self.silences(at),
            peers: self.health(backend),
            deaf,
            pager: None,
        }
    }

    /// Of one silence that members know differently the newest counts.
    fn silences(&self, at: Timestamp) -> BTreeMap<Box<str>, Silence> {
        let mut out: BTreeMap<Box<str>, Silence> = BTreeMap::new();
        let known = self.known.iter().filter_map(|known| known.last.as_ref()?.1.silences.as_ref());
        for silence in known.flat_map(|read| &read.good) {
            match out.get_mut(&silence.id) {
                Some(old) if old.updated_at >= silence.updated_at => {}
                Some(old) => *old = silence.clone(),
                None => drop(out.insert(silence.id.clone(), silence.clone())),
            }
        }
        out.retain(|_, silence| silence.ends_at > at && &*silence.state != "expired");
        out
    }

    fn health(&self, backend: &Backend) -> Vec<PeerHealth> {
        let rows = backend.peers.iter().zip(&self.known).map(|(peer, known)| {
            let last = known.last.as_ref().map(|(_, snapshot)| snapshot);
            let mut notes = last.map(|last| last.notes.clone()).unwrap_or_default();
            if let Some((bad, why)) = last.and_then(|last| last.alerts.bad.as_ref()) {
                notes.push(Clean::new(&format!("{bad} alerts make no sense; the first: {why}")));
            }
            if let Some(more) = last.map(|last| last.alerts.left_out).filter(|more| *more > 0) {
                let most = alertmanager::MOST_ALERTS;
                notes.push(Clean::new(&format!("{more} alerts are left out: more than {most}")));
            }
            PeerHealth {
                name: Arc::clone(&peer.name),
                asked: known.asked,
                answered: known.last.as_ref().map(|(at, _)| *at),
                took: known.took,
                failure: known.failure.clone(),
                about: last.and_then(|last| last.status.as_ref()).map(about).unwrap_or_default(),
                count: last.map_or(0, |last| last.alerts.good.len()),
                notes,
            }
        });
        rows.collect()
    }
}

/// Its version, and how its cluster stands.
fn about(status: &alertmanager::Status) -> Clean {
    let members = match status.members {
        0 => String::new(),
        count => format!(", sees {count} members"),
    };
    Clean::new(&format!("version {}, cluster {}{members}", status.version, status.cluster))
}

/// Of what two members say the louder counts: while one of them still tells people, people are told.
fn louder(one: State, other: State) -> State {
    match (one, other) {
        (State::Active, _) | (_, State::Active) => State::Active,
        (State::Suppressed, _) | (_, State::Suppressed) => State::Suppressed,
        _ => State::Unprocessed,
    }
}

fn foreign(
    backend: &Backend,
    owners: &Owners,
    alert: &alertmanager::Alert,
    state: State,
    group: Option<&str>,
) -> Foreign {
    let labels = alert.labels.clone();
    let name: Arc<str> = labels.get("alertname").unwrap_or("alert").into();
    let services = owners.of(&labels);
    let bare = match &backend.kind {
        Kind::Alertmanager { ignore, external, .. } => {
            let sent = |name: &str| {
                external.iter().any(|(known, value)| known == name && labels.get(name) == Some(value))
            };
            labels.without(|name| ignore.iter().any(|known| known == name) || sent(name))
        }
        Kind::PagerDuty { .. } => labels.clone(),
    };
    let notes = incident::fingerprints(&services, &name, &labels);
    let fallback = || format!("alertname={name}").into();
    Foreign {
        fingerprint: alert.fingerprint.clone(),
        bare,
        severity: backend.severities.of(&labels),
        notes,
        group: group.map_or_else(fallback, Into::into),
        suppressed: state == State::Suppressed,
        silenced_by: alert.silenced_by.clone(),
        inhibited_by: alert.inhibited_by.clone(),
        muted_by: alert.muted_by.clone(),
        held: false,
        services,
        alert: rules::Alert {
            origin: Origin::Backend(Arc::clone(&backend.name)),
            group: alert.receivers.first().map_or_else(Arc::default, |name| Arc::from(&**name)),
            name,
            labels,
            annotations: alert.annotations.clone(),
            // Also one that nobody there has looked at yet: whoever sent it says that it fires.
            state: AlertState::Firing,
            value: f64::NAN,
            active_at: alert.starts_at,
            fired_at: Some(alert.starts_at),
            resolved_at: None,
            keep_firing_since: None,
        },
    }
}
