//! The engine: rounds of alarms and facts in, changes out. Each change goes through [`Incidents::emit`], which applies it
//! to the record; nothing else writes there, but for what an alert that goes on says now ([`Incident::freshen`]).

use super::change::{Change, What};
use super::facts::{Alarm, Happening, ServiceFacts};
use super::grade::Watch;
use super::group::{Round, SEVERAL, UNASSIGNED};
use super::record::{Incident, Phase};
use super::settings::Settings;
use super::signs::Signs;
use crate::journal::Who;
use crate::severity::Severity;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long after our own link came back alerts still say more about it than about the services.
const AFTER_LINK: Duration = Duration::from_secs(30);

/// All incidents that are open, or were a short while ago.
#[derive(Clone, Debug)]
pub struct Incidents {
    pub(super) settings: Arc<Settings>,
    pub(super) all: BTreeMap<Arc<str>, Incident>,
    /// What is needed from round to round and need not survive.
    pub(super) watch: BTreeMap<Arc<str>, Watch>,
    pub(super) facts: BTreeMap<Arc<str>, ServiceFacts>,
    pub(super) signs: Signs,
    link_down: bool,
    hold_until: Option<Timestamp>,
    /// Backends that do not answer.
    deaf: BTreeSet<String>,
}

/// The worst of what fires in each incident this round, and why.
pub(super) type Worst = BTreeMap<Arc<str>, (Severity, String)>;

impl Incidents {
    /// Without any incident.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            all: BTreeMap::new(),
            watch: BTreeMap::new(),
            facts: BTreeMap::new(),
            signs: Signs::default(),
            link_down: false,
            hold_until: None,
            deaf: BTreeSet::new(),
        }
    }

    /// These backends do not answer: what they told of has not ended because nobody tells of it any more.
    pub fn deaf(&mut self, backends: impl IntoIterator<Item = String>) {
        self.deaf = backends.into_iter().collect();
    }

    /// Goes on with other settings; timers that run keep their ends.
    pub fn reload(&mut self, settings: Arc<Settings>) {
        self.settings = settings;
    }

    /// Our own link is down, or is back. While it is down nothing opens, ends or changes its severity: what looks like
    /// everybody's trouble is ours.
    pub fn link(&mut self, down: bool, at: Timestamp) {
        if self.link_down && !down {
            self.hold_until = Some(at + AFTER_LINK);
        }
        self.link_down = down;
    }

    /// One round: what fires now, and what is known of the services now. To be called after each evaluation of rules.
    pub fn observe<'a>(
        &mut self,
        at: Timestamp,
        alarms: impl Iterator<Item = Alarm<'a>>,
        facts: &[ServiceFacts],
    ) -> Vec<Change> {
        let mut out = Vec::new();
        let found = self.signs.observe(at, facts, &self.settings);
        self.facts = facts.iter().map(|facts| (Arc::clone(&facts.service), facts.clone())).collect();
        let round = Round::sort(alarms, &self.settings.group_by);
        if self.link_down || self.hold_until.is_some_and(|until| until > at) {
            self.tick_into(at, &mut out);
            return out;
        }
        self.hold_until = None;
        for happening in found {
            self.pull_in(&happening, at, &mut out);
        }
        self.sweep(at, &round, &mut out);
        let worst = self.place(at, round.groups, &mut out);
        self.find_causes(at, &mut out);
        self.grade(at, &worst, &mut out);
        self.settle(at, &worst, &mut out);
        self.tick_into(at, &mut out);
        self.figures(at, &mut out);
        self.retitle(&mut out);
        self.forget(at);
        out
    }

    /// What fires now, where another warroom judges: what is said of alerts that it has told of is brought up to date, and
    /// what happens to services is remembered. Nothing opens, ends or changes by it.
    pub fn refresh<'a>(
        &mut self,
        at: Timestamp,
        alarms: impl Iterator<Item = Alarm<'a>>,
        facts: &[ServiceFacts],
    ) {
        self.signs.observe(at, facts, &self.settings);
        self.facts = facts.iter().map(|facts| (Arc::clone(&facts.service), facts.clone())).collect();
        let round = Round::sort(alarms, &self.settings.group_by);
        for fire in round.groups.into_values().flatten() {
            for incident in self.all.values_mut().filter(|incident| incident.is_open()) {
                if incident.firing().any(|alert| alert.fingerprint == fire.note.fingerprint) {
                    incident.freshen(&fire.note);
                }
            }
        }
    }

    /// Whoever is told of a beginning is told what fires, and not only the name of the rule: when an incident is opened its
    /// alerts are not in it yet.
    fn retitle(&self, out: &mut [Change]) {
        for change in out.iter_mut().filter(|c| matches!(c.what, What::Opened { .. } | What::Reopened { .. }))
        {
            let Some(incident) = self.all.get(&change.incident) else { continue };
            change.brief.title = incident.title();
            change.brief.elsewhere = incident.is_elsewhere();
            change.brief.runbook = incident.runbook().map(str::to_owned);
        }
    }

    /// Time passes: timers may run out. To be called at [`Incidents::next_change`] between rounds.
    pub fn tick(&mut self, at: Timestamp) -> Vec<Change> {
        let mut out = Vec::new();
        self.tick_into(at, &mut out);
        self.forget(at);
        out
    }

    /// Something happened that the facts do not show.
    pub fn happened(&mut self, mut happening: Happening) -> Vec<Change> {
        let mut out = Vec::new();
        super::signs::tidy(&mut happening);
        self.signs.remember(happening.clone());
        self.pull_in(&happening, happening.at, &mut out);
        out
    }

    /// A change of our own making: applied, and told.
    pub(super) fn emit(&mut self, id: &Arc<str>, at: Timestamp, what: What, out: &mut Vec<Change>) {
        let event_id = format!("{id}:{}", what.mark(at));
        self.emit_as(id, at, None, &event_id, what, out);
    }

    pub(super) fn emit_as(
        &mut self,
        id: &Arc<str>,
        at: Timestamp,
        by: Option<Who>,
        event_id: &str,
        what: What,
        out: &mut Vec<Change>,
    ) {
        // An id that counts once must not be spent twice on things that both count.
        let watch = self.watch.entry(Arc::clone(id)).or_default();
        let mut unique = event_id.to_owned();
        let mut count = 2_u32;
        while !watch.seen.insert(unique.clone()) {
            unique = format!("{event_id}:{count}");
            count = count.saturating_add(1);
        }
        let brief = super::restore::blank_brief(at);
        let mut change = Change { at, incident: Arc::clone(id), brief, event_id: unique, by, what };
        self.apply(&change);
        if let Some(incident) = self.all.get(id) {
            change.brief = incident.brief(at);
        }
        out.push(change);
    }

    /// Takes in a change, whoever made it.
    pub(super) fn apply(&mut self, change: &Change) {
        let id = &change.incident;
        let incident = self.all.entry(Arc::clone(id)).or_insert_with(|| Incident::begun(change));
        incident.apply(change);
        if let What::Merged { into } = &change.what {
            let merged = incident.clone();
            if let Some(host) = self.all.get_mut(into).filter(|_| into != id) {
                host.take_over(&merged, change.at);
            }
        }
    }

    /// Alerts that do not fire any more.
    fn sweep(&mut self, at: Timestamp, round: &Round, out: &mut Vec<Change>) {
        let mut gone = Vec::new();
        for (id, incident) in &self.all {
            if matches!(incident.phase, Phase::Merged(_)) || !is_ours(incident, &self.facts) {
                continue;
            }
            let watch = self.watch.entry(Arc::clone(id)).or_default();
            for alert in incident.firing() {
                // What cannot be asked any more has not got well.
                if self.facts.get(&alert.service).is_some_and(|facts| facts.blind) {
                    continue;
                }
                let fingerprint = &alert.fingerprint;
                if self.deaf.contains(&alert.origin) {
                    continue;
                }
                if round.firing.contains(fingerprint) || round.held.contains(fingerprint) {
                    watch.unconfirmed.remove(fingerprint);
                } else if !watch.still_believed(fingerprint, at, round, self.settings.timing.settle) {
                    watch.unconfirmed.remove(fingerprint);
                    gone.push((Arc::clone(id), alert.clone()));
                }
            }
        }
        for (id, alert) in gone {
            let (fingerprint, name, service) = (alert.fingerprint, alert.name, alert.service);
            self.emit(&id, at, What::AlertGone { fingerprint, name, service }, out);
        }
    }
}

/// Is one of its services watched here? Whoever shares the journal may watch others: those are not ours to end.
pub(super) fn is_ours(incident: &Incident, facts: &BTreeMap<Arc<str>, ServiceFacts>) -> bool {
    let known =
        |service: &Arc<str>| [UNASSIGNED, SEVERAL].contains(&&**service) || facts.contains_key(service);
    incident.services.iter().any(known)
}
