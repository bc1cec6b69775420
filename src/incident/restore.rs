//! From the journal back to incidents, at the start and while other warrooms write to the same journal.

use super::change::{Brief, Change, What};
use super::engine::Incidents;
use super::record::Phase;
use super::settings::Settings;
use crate::journal::Entry;
use crate::severity::Severity;
use crate::units::Timestamp;
use std::sync::Arc;

/// What is known of an incident before its first change is applied.
pub(super) fn blank_brief(at: Timestamp) -> Brief {
    Brief {
        service: super::group::UNASSIGNED.into(),
        environment: Arc::default(),
        severity: Severity::P4,
        title: String::new(),
        began: at,
        runbook: None,
        snoozed: false,
        elsewhere: false,
    }
}

impl Incidents {
    /// Rebuilds what the journal knows, in the order of its lines. Those that ended longer ago than `incident.keep` are
    /// left out; so are lines that say what another line has said, and lines that make no sense.
    pub fn restore(settings: Arc<Settings>, entries: &[Entry], now: Timestamp) -> Self {
        let changes: Vec<Change> = entries.iter().filter_map(Change::parse).collect();
        Self::as_of(settings, changes.iter(), now)
    }

    /// The same from changes that were read already: how incidents stood at `now`, if `changes` are those up to it.
    pub fn as_of<'a>(
        settings: Arc<Settings>,
        changes: impl Iterator<Item = &'a Change>,
        now: Timestamp,
    ) -> Self {
        let mut it = Self::sum_of(settings, changes);
        for (id, incident) in &it.all {
            let watch = it.watch.entry(Arc::clone(id)).or_default();
            watch.restored_at = Some(now);
            watch.unconfirmed = incident.firing().map(|alert| alert.fingerprint.clone()).collect();
        }
        let (errors, latency) = it.settings.well_below();
        let over =
            |value: Option<f64>, limit: Option<f64>| value.zip(limit).is_some_and(|(v, limit)| v > limit);
        for (id, watch) in &mut it.watch {
            let figures = it.all.get(id).map_or(&[][..], |incident| incident.course.figures());
            watch.hurt = figures.iter().any(|f| over(f.errors, errors) || over(f.latency, latency));
        }
        it.forget(now);
        it
    }

    /// Everything that the journal knows, however old: for lists of the past and for post-mortems.
    pub fn all_of(settings: Arc<Settings>, entries: &[Entry]) -> Self {
        let changes: Vec<Change> = entries.iter().filter_map(Change::parse).collect();
        Self::sum_of(settings, changes.iter())
    }

    fn sum_of<'a>(settings: Arc<Settings>, changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut it = Self::new(settings);
        for change in changes {
            let watch = it.watch.entry(Arc::clone(&change.incident)).or_default();
            if watch.seen.insert(change.event_id.clone()) {
                it.apply(change);
            }
        }
        it
    }

    /// Every incident in memory, in the order of their ids, which begin with their day; merged ones too.
    pub fn every(&self) -> impl Iterator<Item = &super::Incident> {
        self.all.values()
    }

    /// Takes in what other warrooms have written since.
    ///
    /// What people do counts. What other warrooms have *seen* counts only for incidents that are not known here: of
    /// the others we see for ourselves. Returns the changes that were taken in, for the screen; they are in the journal
    /// already and must not be written again.
    pub fn absorb(&mut self, entries: &[Entry]) -> Vec<Change> {
        let mut taken = Vec::new();
        for change in entries.iter().filter_map(Change::parse) {
            let known = self.all.contains_key(&change.incident);
            let watch = self.watch.entry(Arc::clone(&change.incident)).or_default();
            if watch.seen.contains(&change.event_id) {
                continue;
            }
            // An incident that only others have seen (`foreign`) goes on to be theirs until our own alerts confirm it.
            let theirs = !known || watch.foreign;
            if change.by.is_none() && !theirs {
                continue;
            }
            watch.seen.insert(change.event_id.clone());
            if !known {
                watch.foreign = true;
                watch.restored_at = Some(change.at);
            }
            if let What::AlertFired { alert } = &change.what
                && watch.foreign
            {
                watch.unconfirmed.insert(alert.fingerprint.clone());
            }
            self.apply(&change);
            taken.push(change);
        }
        // Whoever is named by nothing but a note about an incident long gone need not stay.
        self.watch.retain(|id, _| self.all.contains_key(id));
        taken
    }

    /// Takes in what another warroom has written that judges in our place: all of it counts. Returns what was new.
    pub fn follow(&mut self, entries: &[Entry]) -> Vec<Change> {
        let mut taken = Vec::new();
        for change in entries.iter().filter_map(Change::parse) {
            let watch = self.watch.entry(Arc::clone(&change.incident)).or_default();
            if watch.seen.insert(change.event_id.clone()) {
                self.apply(&change);
                taken.push(change);
            }
        }
        self.watch.retain(|id, _| self.all.contains_key(id));
        taken
    }

    /// The incident that `text` means: an id, or a beginning of one that only one incident has; `INC-` and the day may be
    /// left out (`7f3a`).
    ///
    /// # Errors
    /// None or several have it.
    pub fn find(&self, text: &str) -> Result<Arc<str>, super::Refusal> {
        let wanted = text.trim().to_ascii_uppercase();
        if wanted.is_empty() {
            return Err(super::Refusal::Unknown { id: String::new(), nearest: Vec::new() });
        }
        let upper = |id: &Arc<str>| id.to_ascii_uppercase();
        if let Some(exact) = self.all.keys().find(|id| upper(id) == wanted) {
            return Ok(Arc::clone(exact));
        }
        let starts = |id: &&Arc<str>| {
            let id = upper(id);
            id.starts_with(&wanted)
                || id.strip_prefix("INC-").is_some_and(|rest| rest.starts_with(&wanted))
                || id.rsplit('-').next().is_some_and(|hash| hash.starts_with(&wanted))
        };
        let found: Vec<&Arc<str>> = self.all.keys().filter(starts).collect();
        // One of them lasts, or they are all one: then it is clear which is meant.
        match &found[..] {
            [only] => return Ok(Arc::clone(only)),
            [] => {}
            several => {
                let ids = several.iter().take(8).map(ToString::to_string).collect();
                return Err(super::Refusal::Ambiguous { id: super::spell::tidy(text, 64), ids });
            }
        }
        let mut near: Vec<(usize, &Arc<str>)> = self
            .all
            .keys()
            .map(|id| (strsim::damerau_levenshtein(&upper(id), &super::spell::tidy(&wanted, 64)), id))
            .collect();
        near.sort();
        let nearest = near.into_iter().take(3).map(|(_, id)| id.to_string()).collect();
        Err(super::Refusal::Unknown { id: super::spell::tidy(text, 64), nearest })
    }

    /// Follows merged incidents to the one that they are part of.
    pub(super) fn host_of(&self, id: &Arc<str>) -> Arc<str> {
        let mut id = Arc::clone(id);
        for _ in 0..8 {
            match self.all.get(&id).map(|incident| &incident.phase) {
                Some(Phase::Merged(into)) if self.all.contains_key(into) => id = Arc::clone(into),
                _ => break,
            }
        }
        id
    }
}
