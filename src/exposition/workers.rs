//! Worker processes behind one port that share no metrics are told apart, and their counters added.
//!
//! Each scrape is answered by another worker, so counters zig-zag, and every drop looks like a restart. A restart
//! moves `process_start_time_seconds` forward once and for good; workers make it return to a value seen before while
//! counters fall in between. (Where there is no start time, [`Tracks`] looks at the counters alone.) From then on each worker's last values are kept, and what is passed on is a level that
//! grows by what each worker's counters grow: monotone, and without a jump when a worker is met that has counted for
//! days. (The level is therefore the sum of what was *seen* to grow on top of the last plain value, not the sum of
//! life-time totals: a jump by those would be a burst of errors that never happened.)

use super::table::{NONE, Role, Table};
use super::tracks::Tracks;
use crate::target::Sample;
use crate::text::Clean;
use crate::units::Timestamp;

/// A worker that has not answered for so many scrapes is forgotten; what it counted stays in the level.
const FORGET: u32 = 40;
/// The most workers that are told apart.
const MAX_WORKERS: usize = 64;
/// The most values that are kept for all of them: 32 MiB.
const MAX_VALUES: usize = 4 << 20;

/// What a scrape brought, as the pool sees and changes it.
pub(super) struct Answer<'a> {
    pub(super) scrape: u32,
    pub(super) at: Timestamp,
    /// `process_start_time_seconds`, if the answer had it.
    pub(super) start: Option<f64>,
    /// Did any counter fall?
    pub(super) fell: bool,
    pub(super) table: &'a mut Table,
    pub(super) samples: &'a mut Vec<Sample>,
    /// The entry of each sample; [`NONE`] where the sample has a timestamp of its own.
    pub(super) order: &'a [u32],
}

/// The workers of a target.
#[derive(Default)]
pub(super) struct Pool {
    /// When the target was first scraped.
    since: Option<Timestamp>,
    current: Option<f64>,
    starts: Vec<Start>,
    tracks: Tracks,
    many: Option<Many>,
}

/// A start time that was seen.
struct Start {
    at: f64,
    seen: u32,
    /// Did counters fall at a change of process since it was seen last?
    fell: bool,
}

struct Many {
    /// Told apart by their start times, not by their counters.
    by_start: bool,
    workers: Vec<Worker>,
    /// What was passed on last, by entry; NaN where nothing was.
    level: Vec<f64>,
}

struct Worker {
    start: f64,
    seen: u32,
    /// Its last values by entry; NaN where it has none.
    last: Vec<f64>,
    /// Its counters are known from their beginning or from an earlier answer: one that is new now has grown from 0.
    met: bool,
}

impl Pool {
    /// Looks at an answer; where several workers answer, rewrites its counters. Gives a warning then.
    pub(super) fn observe(&mut self, answer: &mut Answer<'_>) -> Option<Clean> {
        let since = *self.since.get_or_insert(answer.at);
        let returned = answer.start.is_some_and(|start| self.note(start, answer));
        self.starts.retain(|start| answer.scrape - start.seen <= FORGET);
        if self.many.is_none() && returned {
            self.many = Some(Many::begin(&self.starts, answer));
        }
        let mut who = answer.start;
        let by_start = self.many.as_ref().is_some_and(|many| many.by_start);
        if !by_start && (self.many.is_some() || self.starts.len() < 2) {
            // Numbers below zero are no start times: they stand for tracks.
            who = self.tracks.follow(answer).map(|track| -1.0 - f64::from(track));
            if self.many.is_none() && who.is_some() {
                self.many = Some(Many { by_start: false, ..Many::begin(&[], answer) });
            }
        }
        let many = self.many.as_mut()?;
        many.add(answer, who, since);
        let known = many.workers.len();
        (known > 1).then(|| {
            Clean::new(&format!("{known} worker processes answer in turn; their counters are added"))
        })
    }

    /// The table was rebuilt: moves what is kept by entry.
    pub(super) fn moved(&mut self, moved: &[u32]) {
        let kept = moved.iter().filter(|to| **to != NONE).count();
        let shift = |values: &mut Vec<f64>| {
            let mut new = vec![f64::NAN; kept];
            for (value, to) in values.iter().zip(moved) {
                if let Some(slot) = new.get_mut(*to as usize) {
                    *slot = *value;
                }
            }
            *values = new;
        };
        self.tracks.moved(shift);
        if let Some(many) = &mut self.many {
            shift(&mut many.level);
            many.workers.iter_mut().for_each(|worker| shift(&mut worker.last));
        }
    }

    /// Notes the start time; is it one that was left before, while counters fell?
    fn note(&mut self, start: f64, answer: &Answer<'_>) -> bool {
        let changed = self.current.is_some_and(|current| current.to_bits() != start.to_bits());
        self.current = Some(start);
        if changed && answer.fell {
            self.starts.iter_mut().for_each(|known| known.fell = true);
        }
        if let Some(known) = self.starts.iter_mut().find(|known| known.at.to_bits() == start.to_bits()) {
            let returned = changed && known.fell;
            known.seen = answer.scrape;
            known.fell = false;
            return returned;
        }
        if self.starts.len() >= MAX_WORKERS
            && let Some(oldest) =
                self.starts.iter().enumerate().min_by_key(|(_, known)| known.seen).map(|(at, _)| at)
        {
            self.starts.swap_remove(oldest);
        }
        self.starts.push(Start { at: start, seen: answer.scrape, fell: false });
        false
    }
}

impl Many {
    /// The workers that are known by their start times, and the level as it was passed on last.
    fn begin(starts: &[Start], answer: &Answer<'_>) -> Self {
        let workers = starts
            .iter()
            .filter(|start| answer.scrape - start.seen <= FORGET)
            .map(|start| Worker { start: start.at, seen: start.seen, last: Vec::new(), met: false })
            .collect();
        let level = answer
            .table
            .iter()
            .map(|(_, entry)| if entry.seen == answer.scrape { entry.before } else { entry.last })
            .collect();
        Self { by_start: true, workers, level }
    }

    /// Adds what this answer's worker counted since it was met last, and rewrites the answer.
    fn add(&mut self, answer: &mut Answer<'_>, who: Option<f64>, since: Timestamp) {
        let size = answer.table.len();
        self.level.resize(size, f64::NAN);
        let who = who.map(|start| self.worker(start, answer.scrape, since));
        let worker = who.and_then(|at| self.workers.get_mut(at));
        // An answer that does not say whose it is adds nothing: its values go into a list that is dropped.
        let (mut last, met) = worker.map_or((Vec::new(), false), |worker| {
            (std::mem::take(&mut worker.last), std::mem::replace(&mut worker.met, true))
        });
        last.resize(size, f64::NAN);
        let eldest = if self.by_start { self.eldest(answer.scrape) } else { None };
        for (sample, entry) in answer.samples.iter_mut().zip(answer.order) {
            let at = *entry as usize;
            let (Some(level), Some(last)) = (self.level.get_mut(at), last.get_mut(at)) else { continue };
            match answer.table.get(*entry).map(|entry| entry.role) {
                Some(Role::Counter) => {
                    let grown = match (*last <= sample.value, met || !last.is_nan()) {
                        (true, _) => sample.value - *last,
                        // Fallen within one process, or new to a worker that was met before: all of it is new.
                        (false, true) => sample.value,
                        (false, false) => 0.0,
                    };
                    *last = sample.value;
                    *level = if level.is_nan() { sample.value } else { *level + grown };
                    sample.value = *level;
                }
                Some(Role::Start) => sample.value = eldest.unwrap_or(sample.value),
                _ => {}
            }
        }
        if let Some(worker) = who.and_then(|at| self.workers.get_mut(at)) {
            worker.last = last;
        }
        self.carry(answer);
    }

    /// Index of the worker that began at `start`, new ones included; forgets those long gone.
    fn worker(&mut self, start: f64, scrape: u32, since: Timestamp) -> usize {
        self.workers.retain(|worker| scrape - worker.seen <= FORGET);
        if let Some(at) = self.workers.iter().position(|worker| worker.start.to_bits() == start.to_bits()) {
            self.workers[at].seen = scrape;
            return at;
        }
        while self.workers.len() >= MAX_WORKERS.min((MAX_VALUES / self.level.len().max(1)).max(1)) {
            let oldest = self.workers.iter().enumerate().min_by_key(|(_, worker)| worker.seen);
            let Some((at, _)) = oldest else { break };
            self.workers.swap_remove(at);
        }
        // One that began under our eyes has counted nothing before we looked.
        let met = start >= since.seconds();
        self.workers.push(Worker { start, seen: scrape, last: Vec::new(), met });
        self.workers.len() - 1
    }

    /// When the eldest worker began that still answers: a young worker alone is no restart of the service.
    fn eldest(&self, scrape: u32) -> Option<f64> {
        let rounds = 3 * self.workers.len() as u32;
        let starts = self.workers.iter().filter(|worker| scrape - worker.seen <= rounds);
        starts.map(|worker| worker.start).min_by(f64::total_cmp)
    }

    /// Passes on the counters that this worker lacks and another has: they have not ended.
    fn carry(&mut self, answer: &mut Answer<'_>) {
        let Answer { scrape, at, table, samples, .. } = answer;
        for (index, level) in self.level.iter().enumerate() {
            let Some(entry) = table.get_mut(index as u32) else { break };
            let absent = entry.role == Role::Counter && entry.lived == *scrape - 1 && !level.is_nan();
            let has = |worker: &Worker| worker.last.get(index).is_some_and(|value| !value.is_nan());
            if absent && self.workers.iter().any(has) {
                entry.lived = *scrape;
                samples.push(Sample { labels: entry.labels.clone(), at: *at, value: *level });
            }
        }
    }
}
