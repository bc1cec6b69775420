//! What screens and commands ask. Nothing here changes anything.

use super::deploy::Rollout;
use super::engine::Incidents;
use super::facts::Happening;
use super::item::objective;
use super::record::{AlertNote, Incident, Phase};
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

impl Incident {
    /// Its alerts, firing and grave ones first; of the alerts of one objective, which differ in their windows only, the
    /// first with the number of the others.
    pub fn distinct(&self) -> Vec<(&AlertNote, usize)> {
        let mut notes: Vec<&AlertNote> = self.alerts.iter().collect();
        notes.sort_by_key(|note| (!note.firing, std::cmp::Reverse(note.severity), note.active_at));
        let mut out: Vec<(&AlertNote, usize)> = Vec::new();
        let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for note in notes {
            let Some(slo) = objective(&note.labels) else {
                out.push((note, 0));
                continue;
            };
            match known.entry((note.name.as_str(), slo)) {
                Entry::Occupied(place) => {
                    if let Some((_, more)) = out.get_mut(*place.get()) {
                        *more += 1;
                    }
                }
                Entry::Vacant(place) => {
                    place.insert(out.len());
                    out.push((note, 0));
                }
            }
        }
        out
    }
}

impl Incidents {
    /// The open ones, the worst first: the gravest, then who has waited longest.
    pub fn open(&self) -> Vec<&Incident> {
        let mut open: Vec<&Incident> = self.all.values().filter(|incident| incident.is_open()).collect();
        open.sort_by(|a, b| {
            let rank = |it: &Incident| (std::cmp::Reverse(it.severity), it.opened_at);
            rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
        });
        open
    }

    /// Those that ended a short while ago, the last one first.
    pub fn recent(&self) -> Vec<&Incident> {
        let mut over: Vec<&Incident> = self.all.values().filter(|it| it.phase == Phase::Resolved).collect();
        over.sort_by_key(|it| (std::cmp::Reverse(it.resolved.as_ref().map(|(at, _)| *at)), it.id.clone()));
        over
    }

    /// The incident with that id; of one that became part of another, the other.
    pub fn get(&self, id: &str) -> Option<&Incident> {
        let mut found = self.all.get(id)?;
        for _ in 0..8 {
            let Phase::Merged(into) = &found.phase else { break };
            match self.all.get(into) {
                Some(host) => found = host,
                None => break,
            }
        }
        Some(found)
    }

    /// The newest deploy of a service, and how far it has got.
    pub fn rollout(&self, service: &str) -> Option<&Rollout> {
        self.signs.rollout(service)
    }

    /// Takes over what `other` saw happen by `at`, in the place of what was seen here.
    pub fn with_happenings(&mut self, other: &Self, at: Timestamp) {
        self.signs = other.signs.until(at);
    }

    /// Everything that was seen to happen and is kept.
    pub fn all_happenings(&self) -> impl Iterator<Item = &Happening> {
        self.signs.all()
    }

    /// Remembers what was seen to happen, without drawing it into any incident: for a recording.
    pub fn recall(&mut self, mut happening: Happening) {
        super::signs::tidy(&mut happening);
        self.signs.remember(happening);
    }

    /// Is the service watched more closely because of a deploy?
    pub fn watching(&self, service: &str, at: Timestamp) -> bool {
        self.rollout(service).is_some_and(|rollout| rollout.watched(at))
    }

    /// What happened to a service from `from` on: deploy marks for its graphs, and all else.
    pub fn happenings<'s>(
        &'s self,
        service: &'s str,
        from: Timestamp,
    ) -> impl Iterator<Item = &'s Happening> {
        self.signs.of(service, from)
    }
}
