//! All objectives and their accounts: measured one unit of work at a time, so that no key waits.

use super::assess::Assessment;
use super::saved::Saved;
use super::series;
use super::spec::Slo;
use super::track::Track;
use crate::store::Store;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The longest and the shortest time between two rounds.
const LONGEST: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(5);

/// The state of all objectives.
#[derive(Clone, Debug, Default)]
pub struct Book {
    tracks: Vec<Track>,
    assessments: Vec<Assessment>,
    /// Which are still to be measured in this round.
    queue: VecDeque<usize>,
    /// The first of them is measured, and still to be judged.
    measured: bool,
    /// The moment of this round.
    at: Timestamp,
    next: Timestamp,
}

impl Book {
    /// Objectives of which nothing is known yet.
    pub fn new(slos: impl IntoIterator<Item = Arc<Slo>>) -> Self {
        let mut book = Self::default();
        book.reload(slos);
        book
    }

    /// Other objectives, from now on. Whoever still counts the same events keeps its account; the round under way is
    /// given up, and the next one is due at once.
    pub fn reload(&mut self, slos: impl IntoIterator<Item = Arc<Slo>>) {
        let mut old = std::mem::take(&mut self.tracks);
        for slo in slos {
            let known = old.iter().position(|track| track.slo.name == slo.name);
            let kept = known.map(|at| old.swap_remove(at)).and_then(|mut track| {
                let same = track.adopt(Arc::clone(&slo));
                same.then_some(track)
            });
            self.tracks.push(kept.unwrap_or_else(|| Track::new(slo)));
        }
        self.queue.clear();
        self.measured = false;
        self.assessments = self.tracks.iter_mut().map(|track| track.assess(self.at)).collect();
        self.next = Timestamp::default();
    }

    /// How often a round is worth it: as often as the sources are polled, within 5 s and 60 s.
    pub fn interval(&self) -> Duration {
        let shortest = self.tracks.iter().map(|track| track.slo.interval).min();
        shortest.unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
    }

    /// When the next round is due; never, where there are no objectives.
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.tracks.is_empty()).then(|| self.next.max(now))
    }

    /// Is a round due?
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.tracks.is_empty() && self.queue.is_empty() && self.next <= now
    }

    /// Begins a round for the moment `at`; a round under way is finished first, for its own moment.
    pub fn begin(&mut self, at: Timestamp) {
        if !self.queue.is_empty()
            || self.tracks.is_empty()
            || at <= self.at && self.at != Timestamp::default()
        {
            return;
        }
        self.at = at;
        let interval = self.interval();
        self.next = at.floor_to(interval) + interval;
        self.queue = (0..self.tracks.len()).collect();
    }

    /// Is a round under way?
    pub fn has_work(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Does one unit of the round: some hundred series of one objective. The last unit of an objective, which measures
    /// nothing, judges it and appends its series. Returns the index of the assessment that has changed.
    pub fn work(&mut self, store: &mut Store) -> Option<usize> {
        let index = *self.queue.front()?;
        let Some(track) = self.tracks.get_mut(index) else {
            self.queue.pop_front();
            return None;
        };
        if !self.measured {
            self.measured = track.measure(store, self.at);
            return None;
        }
        self.measured = false;
        self.queue.pop_front();
        let assessment = track.assess(self.at);
        series::append(&assessment, store);
        let slot = self.assessments.get_mut(index)?;
        *slot = assessment;
        Some(index)
    }

    /// The accounts as they are, without what was seen to fire: to judge them for other moments.
    #[must_use]
    pub fn for_the_past(&self) -> Self {
        let mut book = self.clone();
        book.queue.clear();
        book.measured = false;
        for track in &mut book.tracks {
            track.fires.fill(None);
            // What the processes count since they began is known of the present only.
            track.lifetime = None;
        }
        book
    }

    /// Judges one objective for a moment that is over, from what was counted; it measures nothing. Of the minute that
    /// holds `at` counts the share that was over by then. False: there is no such objective.
    pub fn look_back(&mut self, index: usize, at: Timestamp) -> bool {
        self.at = at;
        let (Some(track), Some(slot)) = (self.tracks.get_mut(index), self.assessments.get_mut(index)) else {
            return false;
        };
        track.cut(at);
        *slot = track.assess(at);
        true
    }

    /// All that was counted from `from` on, as it would be saved; counters are left out.
    pub fn minutes_since(&self, from: Timestamp) -> Vec<Saved> {
        self.tracks.iter().map(|track| track.minutes_since(from)).collect()
    }

    /// All that was counted, as it stands, counters included: whoever takes it up counts on from here. To be asked for
    /// between rounds: in the middle of one the counters stand further than the minutes.
    pub fn state(&self) -> Vec<Saved> {
        self.tracks.iter().map(Track::state).collect()
    }

    /// The objectives as they were last judged, in the order in which they were given.
    pub fn assessments(&self) -> &[Assessment] {
        &self.assessments
    }

    /// What was left of a budget at up to `points` moments of its window, oldest first: a burn-down.
    pub fn course(&self, slo: &str, points: usize) -> Vec<(Timestamp, f64)> {
        self.track(slo).map(|track| track.course(self.at, points)).unwrap_or_default()
    }

    /// Valid and bad events of any time within the window of an objective.
    pub fn counts(&self, slo: &str, from: Timestamp, to: Timestamp) -> Option<super::Counts> {
        let (sum, _) = self.track(slo)?.sum(from, to);
        Some(super::Counts { total: sum.total, bad: sum.bad })
    }

    fn track(&self, name: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| &*track.slo.name == name)
    }

    /// Takes in minutes that a server counted. The objectives that they belong to are judged at the next round.
    pub fn fill(&mut self, fill: &crate::target::spoken::Fill) {
        for track in &mut self.tracks {
            track.fill(fill);
        }
    }

    /// A server would not answer a question of an objective.
    pub fn refused(&mut self, key: &str, why: &str) {
        for track in &mut self.tracks {
            let asked = track.slo.asked.as_ref();
            if asked.is_some_and(|asked| asked.parts.iter().any(|part| *part.key == *key)) {
                track.trouble = Some(why.to_owned());
            }
        }
    }

    /// What has changed since it was last handed out: minutes that are over, and all counters that moved. At most `most`
    /// minutes of each objective; call again while there are more.
    pub fn unsaved(&mut self, most: usize) -> Vec<Saved> {
        let at = self.at;
        self.tracks
            .iter_mut()
            .map(|track| track.unsaved(at, most))
            .filter(|saved| !saved.is_empty())
            .collect()
    }

    /// Takes up what was saved, before the first round. Records of unknown objectives or of other definitions are left
    /// alone. Returns how many were taken.
    pub fn restore(&mut self, saved: &[Saved]) -> usize {
        let mut taken = 0;
        for record in saved {
            let track = self.tracks.iter_mut().find(|track| *track.slo.name == *record.slo);
            taken += usize::from(track.is_some_and(|track| track.restore(record)));
        }
        taken
    }

    /// Bytes of memory that the accounts take.
    pub fn heap_bytes(&self) -> usize {
        self.tracks.iter().map(Track::heap_bytes).sum()
    }
}
