//! One objective's own account: its minutes, the last sample of each counter, and what of both is saved.
//!
//! `pace` lets it grow from the store; nothing here judges.

use super::count::{Edges, Last};
use super::minutes::{Minute, Minutes, Sum};
use super::pace::Progress;
use super::saved::{Mark, Saved, SavedMinute};
use super::spec::{Sli, Slo};
use super::window::MINUTE_MS;
use crate::labels::Labels;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;

/// The most counters that one objective follows.
pub(super) const MOST_COUNTERS: usize = 100_000;

/// Counters since their processes began: a first figure from cold, kept apart from what was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifetime {
    /// Valid events.
    pub total: f64,
    /// Bad ones.
    pub bad: f64,
    /// When the oldest of the processes began, if any says so.
    pub since: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) slo: Arc<Slo>,
    pub(super) definition: String,
    pub(super) minutes: Minutes,
    pub(super) last: FxHashMap<(u16, Labels), Last>,
    /// Up to here it is known which times were looked at.
    pub(super) covered_until: i64,
    /// Where the threshold lies among the buckets that there are.
    pub(super) edges: Option<Edges>,
    pub(super) lifetime: Option<Lifetime>,
    /// Since when each row fires.
    pub(super) fires: Vec<Option<Timestamp>>,
    /// Minutes that a server has told of in part.
    pub(super) pending: super::asked::Pending,
    /// How far the round under way is.
    pub(super) progress: Progress,
    /// The next moment at which an expression is sampled.
    pub(super) next_sample: i64,
    /// What kept an expression from being evaluated.
    pub(super) trouble: Option<String>,
    /// Marks up to this time were handed out to be saved.
    marks_saved: i64,
    /// A minute that was cut, as it was before.
    whole: Option<(i64, Minute)>,
}

impl Track {
    pub(super) fn new(slo: Arc<Slo>) -> Self {
        let unit = if matches!(slo.sli, Sli::Rates { .. }) { 0.001 } else { 1.0 };
        Self {
            definition: slo.definition(),
            fires: vec![None; slo.rows.len()],
            slo,
            minutes: Minutes::new(unit),
            last: FxHashMap::default(),
            covered_until: i64::MIN,
            edges: None,
            lifetime: None,
            pending: super::asked::Pending::default(),
            progress: Progress::default(),
            next_sample: i64::MIN,
            trouble: None,
            marks_saved: i64::MIN,
            whole: None,
        }
    }

    /// The same account under changed settings, if it counts the same events.
    pub(super) fn adopt(&mut self, slo: Arc<Slo>) -> bool {
        if slo.definition() != self.definition {
            return false;
        }
        if slo.rows != self.slo.rows {
            self.fires = vec![None; slo.rows.len()];
        }
        self.slo = slo;
        true
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        let oldest = at - (self.slo.window.longest() + Duration::from_secs(86_400));
        self.minutes.forget_before(oldest.millis().div_euclid(MINUTE_MS));
        if self.last.len() > MOST_COUNTERS / 2 {
            self.last.retain(|_, last| last.at >= at.millis() - 86_400_000);
        }
    }

    /// Leaves of the minute that holds `at` the share that is over by then, as if events came evenly; the minute that was
    /// cut before is whole again. For looking back only.
    pub(super) fn cut(&mut self, at: Timestamp) {
        if let Some((minute, value)) = self.whole.take() {
            self.minutes.set(minute, value);
        }
        let (minute, over) =
            (at.millis().div_euclid(MINUTE_MS), at.millis().rem_euclid(MINUTE_MS) as f64 / MINUTE_MS as f64);
        let value = self.minutes.get(minute);
        if value == Minute::default() {
            return;
        }
        let share = |count: u64| (count as f64 * over).round() as u64;
        let covered = (f64::from(value.covered) * over).round() as u8;
        let cut = Minute { total: share(value.total), bad: share(value.bad), covered, ..value };
        self.minutes.set(minute, cut);
        self.whole = Some((minute, value));
    }

    /// Sums of the time from `from` (its whole minute counts) to `to`, without what does not count, and the seconds that
    /// could have been looked at.
    pub(super) fn sum(&self, from: Timestamp, to: Timestamp) -> (Sum, f64) {
        let minute = |at: Timestamp| at.millis().div_euclid(MINUTE_MS);
        let (first, end) = (minute(from), (to.millis() - 1).div_euclid(MINUTE_MS) + 1);
        let mut sum = self.minutes.sum(first, end);
        let mut length = (to.millis() - first * MINUTE_MS).max(0) as f64 / 1000.0;
        let mut excluded: Vec<(i64, i64)> = Vec::new();
        for maintenance in &self.slo.maintenance {
            for (start, stop) in maintenance.within(from, to) {
                let stop = (stop.millis() - 1).div_euclid(MINUTE_MS) + 1;
                excluded.push((minute(start).max(first), stop.min(end)));
            }
        }
        excluded.sort_unstable();
        let mut done = i64::MIN;
        for (start, stop) in excluded {
            let start = start.max(done);
            if stop > start {
                sum = sum.plus(self.minutes.sum(start, stop), -1.0);
                length -= ((stop * MINUTE_MS).min(to.millis()) - start * MINUTE_MS).max(0) as f64 / 1000.0;
                done = stop;
            }
        }
        (sum, length.max(0.0))
    }

    /// What has changed since it was last handed out, the minute under way included; at most `most` of them. Nothing in the
    /// middle of a round: its counters stand further than its minutes, and what lies between would never be counted.
    pub(super) fn unsaved(&mut self, at: Timestamp, most: usize) -> Saved {
        if self.progress.is_under_way() {
            return Saved::default();
        }
        let now = at.millis().div_euclid(MINUTE_MS);
        let minutes = self.minutes.take_unsaved(now, most);
        let marks_saved = self.marks_saved;
        let fresh = self.last.iter().filter(|(_, last)| last.at > marks_saved);
        let marks: Vec<Mark> = fresh.map(|((term, labels), last)| Mark::new(*term, labels, *last)).collect();
        self.marks_saved = marks.iter().map(|mark| mark.at).fold(marks_saved, i64::max);
        Saved {
            slo: self.slo.name.to_string(),
            definition: self.definition.clone(),
            minutes: minutes.into_iter().map(|(minute, value)| SavedMinute::new(minute, value)).collect(),
            marks,
            covered_until: self.covered_until,
        }
    }

    /// The minutes from `from` on, as they would be saved, without the counters' marks.
    pub(super) fn minutes_since(&self, from: Timestamp) -> Saved {
        let minutes = self.minutes.since(from.millis().div_euclid(MINUTE_MS));
        Saved {
            slo: self.slo.name.to_string(),
            definition: self.definition.clone(),
            minutes: minutes.into_iter().map(|(minute, value)| SavedMinute::new(minute, value)).collect(),
            marks: Vec::new(),
            covered_until: self.covered_until,
        }
    }

    /// All of it as it stands, the counters' marks included: for whoever counts on from here.
    pub(super) fn state(&self) -> Saved {
        let marks = self.last.iter().map(|((term, labels), last)| Mark::new(*term, labels, *last)).collect();
        Saved { marks, ..self.minutes_since(Timestamp::default()) }
    }

    /// Takes up what was saved; false if it belongs to another definition.
    pub(super) fn restore(&mut self, saved: &Saved) -> bool {
        if saved.definition != self.definition {
            return false;
        }
        for minute in &saved.minutes {
            let value = Minute {
                total: minute.total,
                bad: minute.bad,
                covered: minute.covered,
                bridged: minute.bridged,
            };
            self.minutes.set(minute.minute, value);
            if minute.total > 0 || minute.covered > 0 {
                self.sampled_before(minute.minute);
            }
        }
        for mark in saved.marks.iter().take(MOST_COUNTERS) {
            let (key, last) = mark.read();
            let known = self.last.get(&key).is_none_or(|known| known.at < last.at);
            if known && last.value.is_finite() && last.value >= 0.0 {
                self.last.insert(key, last);
            }
        }
        self.covered_until = self.covered_until.max(saved.covered_until);
        true
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        let marks = self.last.capacity() * (size_of::<(u16, Labels)>() + size_of::<Last>() + 1);
        self.minutes.heap_bytes() + marks
    }
}
