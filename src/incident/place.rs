//! Placing: each group of alerts finds its incident, comes back to one, joins one that has the same cause, or begins one.

use super::change::{Change, What};
use super::engine::{Incidents, Worst};
use super::facts::Happening;
use super::group::{self, Fire, Reach, SEVERAL};
use super::record::{Incident, MOST_ALERTS, Phase};
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most incidents that are open at once; what comes after them is collected in one.
const MOST_OPEN: usize = 500;

impl Incidents {
    /// Each group of alerts finds its incident, or begins one.
    pub(super) fn place(
        &mut self,
        at: Timestamp,
        groups: BTreeMap<String, Vec<Fire>>,
        out: &mut Vec<Change>,
    ) -> Worst {
        let mut worst = Worst::new();
        let mut fresh: Vec<(String, Vec<Fire>)> = Vec::new();
        let claims = self.claims();
        for (key, fires) in groups {
            let claimed = claims.get(&key).and_then(|id| Some((Arc::clone(id), self.all.get(id)?)));
            match claimed {
                Some((id, incident)) if incident.is_open() => self.fire(&id, at, &fires, &mut worst, out),
                Some((id, incident)) => {
                    // What a person declared over, although it still fires, does not open anything.
                    let dismissed = |fire: &Fire| {
                        incident.firing().any(|alert| alert.fingerprint == fire.note.fingerprint)
                    };
                    let fires: Vec<Fire> = fires.into_iter().filter(|fire| !dismissed(fire)).collect();
                    let ended = incident.resolved.as_ref().map_or(at, |(ended, _)| *ended);
                    if fires.is_empty() {
                    } else if at.since(ended) <= self.settings.timing.flap {
                        self.reopen(&id, at, out);
                        self.fire(&id, at, &fires, &mut worst, out);
                    } else {
                        fresh.push((key, fires));
                    }
                }
                None => fresh.push((key, fires)),
            }
        }
        if !fresh.is_empty() {
            self.open_all(at, fresh, &mut worst, out);
        }
        worst
    }

    /// Group key -> incident: the open one, or the one that ended last.
    fn claims(&self) -> BTreeMap<String, Arc<str>> {
        let mut incidents: Vec<&Incident> =
            self.all.values().filter(|incident| !matches!(incident.phase, Phase::Merged(_))).collect();
        incidents.sort_by_key(|incident| (incident.is_open(), incident.resolved.as_ref().map(|(at, _)| *at)));
        // Later ones win.
        incidents.iter().flat_map(|it| it.keys.iter().map(|key| (key.clone(), Arc::clone(&it.id)))).collect()
    }

    fn fire(
        &mut self,
        id: &Arc<str>,
        at: Timestamp,
        fires: &[Fire],
        worst: &mut Worst,
        out: &mut Vec<Change>,
    ) {
        if let Some((severity, why)) = group::worst(fires) {
            let known = worst.entry(Arc::clone(id)).or_insert_with(|| (severity, why.clone()));
            if severity > known.0 {
                *known = (severity, why);
            }
        }
        if let Some(watch) = self.watch.get_mut(id) {
            watch.foreign = false;
        }
        for fire in fires {
            let Some(incident) = self.all.get(id) else { return };
            let listed = incident.firing().any(|alert| alert.fingerprint == fire.note.fingerprint);
            let full = incident.firing().count() >= MOST_ALERTS;
            if listed {
                // The title says what is, and not what was when the alert began.
                if let Some(incident) = self.all.get_mut(id) {
                    incident.freshen(&fire.note);
                }
            } else if !full {
                self.emit(id, at, What::AlertFired { alert: fire.note.clone() }, out);
            }
        }
    }

    fn reopen(&mut self, id: &Arc<str>, at: Timestamp, out: &mut Vec<Change>) {
        let Some(incident) = self.all.get(id) else { return };
        let due = self.settings.due(incident.severity, at);
        let flaps = incident.flaps.saturating_add(1);
        self.emit(id, at, What::Reopened { flaps, due }, out);
    }

    /// Groups that no incident knows: the deepest first, so that the cause gives the incident its name.
    fn open_all(
        &mut self,
        at: Timestamp,
        mut fresh: Vec<(String, Vec<Fire>)>,
        worst: &mut Worst,
        out: &mut Vec<Change>,
    ) {
        let mut reach = Reach::of(&self.facts);
        let service = |fires: &[Fire]| fires.first().map(|fire| Arc::clone(&fire.note.service));
        let troubled: Vec<Arc<str>> = fresh.iter().filter_map(|(_, fires)| service(fires)).collect();
        fresh.sort_by_cached_key(|(key, fires)| {
            let depth = service(fires).map_or(0, |service| {
                let behind = reach.behind(&service);
                troubled.iter().filter(|other| **other != service && behind.contains(*other)).count()
            });
            (depth, fires.first().map(|fire| fire.note.active_at), key.clone())
        });
        for (key, fires) in fresh {
            let Some(first) = fires.first() else { continue };
            let service = Arc::clone(&first.note.service);
            let mut hosts: Vec<(Timestamp, Arc<str>)> = Vec::new();
            let around =
                if &*service == group::UNASSIGNED { BTreeSet::new() } else { reach.around(&service) };
            if !around.is_empty() {
                // A label that splits a service's alerts is not overruled by the service being the same.
                let near = |it: &&Incident| it.is_open() && it.services.iter().any(|s| around.contains(s));
                hosts.extend(self.all.values().filter(near).map(|it| (it.opened_at, Arc::clone(&it.id))));
            }
            hosts.sort();
            let mut hosts = hosts.into_iter().map(|(_, id)| id);
            if let Some(host) = hosts.next() {
                self.emit(&host, at, What::Joined { key, service }, out);
                for other in hosts {
                    self.emit(&other, at, What::Merged { into: Arc::clone(&host) }, out);
                    if let Some(known) = worst.remove(&other) {
                        let entry = worst.entry(Arc::clone(&host)).or_insert_with(|| known.clone());
                        if known.0 > entry.0 {
                            *entry = known;
                        }
                    }
                }
                self.fire(&host, at, &fires, worst, out);
            } else {
                self.begin(at, key, &fires, worst, out);
            }
        }
    }

    fn begin(
        &mut self,
        at: Timestamp,
        key: String,
        fires: &[Fire],
        worst: &mut Worst,
        out: &mut Vec<Change>,
    ) {
        let Some(first) = fires.first() else { return };
        let (mut key, mut service) = (key, Arc::clone(&first.note.service));
        let environment = Arc::clone(&first.environment);
        if self.open_count() >= MOST_OPEN {
            key = format!("{environment}/{SEVERAL}");
            service = SEVERAL.into();
            let known = self.all.values().find(|it| it.is_open() && it.keys.contains(&key));
            if let Some(id) = known.map(|it| Arc::clone(&it.id)) {
                return self.fire(&id, at, fires, worst, out);
            }
        }
        let began = first.note.active_at;
        let (severity, why) = self.judge(group::worst(fires), std::slice::from_ref(&service));
        let mut id = group::id(&environment, &key, began, self.settings.timing.flap, 6);
        if self.all.contains_key(&id) {
            // Another group with the same hash, or a slot that has been used (a person ended it by hand).
            id = group::id(
                &environment,
                &format!("{key}@{}", began.millis()),
                began,
                self.settings.timing.flap,
                16,
            );
        }
        let due = self.settings.due(severity, at);
        let what =
            What::Opened { key, service: Arc::clone(&service), environment, severity, why, began, due };
        self.emit(&id, at, what, out);
        self.fire(&id, at, fires, worst, out);
        let related: Vec<Happening> = self.signs.before(began, self.settings.timing.look_back, at);
        let mut reach = Reach::of(&self.facts);
        for happening in related {
            if self.concerns(&id, &happening.service, &mut reach) {
                self.signal(&id, at, &happening, out);
            }
        }
    }

    /// Is this service one of the incident's, or needed by one of them?
    fn concerns(&self, id: &Arc<str>, service: &Arc<str>, reach: &mut Reach) -> bool {
        let Some(incident) = self.all.get(id) else { return false };
        incident.services.iter().any(|own| own == service || reach.behind(own).contains(service))
    }

    /// A happening becomes part of the open incidents that it may have to do with.
    pub(super) fn pull_in(&mut self, happening: &Happening, at: Timestamp, out: &mut Vec<Change>) {
        let mut reach = Reach::of(&self.facts);
        let open = self.all.values().filter(|incident| incident.is_open());
        let open: Vec<Arc<str>> = open.map(|incident| Arc::clone(&incident.id)).collect();
        for id in open {
            if self.concerns(&id, &happening.service, &mut reach) {
                self.signal(&id, at, happening, out);
            }
        }
    }

    fn signal(&mut self, id: &Arc<str>, at: Timestamp, happening: &Happening, out: &mut Vec<Change>) {
        let Happening { at: seen, service, kind, text } = happening.clone();
        self.emit(id, at, What::Signal { service, seen, text, kind }, out);
    }

    fn open_count(&self) -> usize {
        self.all.values().filter(|incident| incident.is_open()).count()
    }
}
