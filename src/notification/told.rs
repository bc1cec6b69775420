//! What a channel knows: which incidents it was told are open, and which of them flap.

use super::Change;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// So many beginnings and ends within [`WINDOW`] are flapping.
const FLAPS: usize = 6;
/// The time in which they count.
const WINDOW: Duration = Duration::from_secs(30 * 60);
/// After so long without one it has calmed down.
const CALM: Duration = Duration::from_secs(5 * 60);
/// The most incidents that are remembered; more than that is a fault somewhere else.
const MOST: usize = 5_000;

/// The incidents that a channel believes to be open.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(BTreeSet<String>);

impl Told {
    pub(super) fn is_open(&self, incident: &str) -> bool {
        self.0.contains(incident)
    }

    /// This change of it was told.
    pub(super) fn tell(&mut self, incident: &str, change: Change) {
        match change {
            Change::Resolved => self.forget(incident),
            _ if self.0.len() < MOST => {
                self.0.insert(incident.to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, incident: &str) {
        self.0.remove(incident);
    }
}

/// When incidents began and ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaps(BTreeMap<String, VecDeque<Timestamp>>);

impl Flaps {
    /// It began or ended.
    pub(super) fn note(&mut self, incident: &str, at: Timestamp) {
        self.0.retain(|_, times| times.back().is_some_and(|last| at.since(*last) < WINDOW));
        if self.0.len() >= MOST && !self.0.contains_key(incident) {
            return;
        }
        let times = self.0.entry(incident.to_owned()).or_default();
        times.push_back(at);
        if times.len() > FLAPS {
            times.pop_front();
        }
    }

    /// It flaps: until when, if it begins and ends no more.
    pub(super) fn calm_at(&self, incident: &str) -> Option<Timestamp> {
        let times = self.0.get(incident)?;
        let (first, last) = (times.front()?, times.back()?);
        (times.len() >= FLAPS && last.since(*first) <= WINDOW).then(|| *last + CALM)
    }
}
