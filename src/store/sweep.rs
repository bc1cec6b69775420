//! What makes room: retention by time, and the cap on memory. The oldest goes first, and is counted.

use super::{Store, series::Series};
use crate::units::Timestamp;
use std::sync::Arc;

/// Why samples go.
#[derive(Clone, Copy)]
enum Cause {
    Retention,
    Cap,
}

/// When the cap is met, this share of it is freed at once, so that making room stays rare.
const SHARE: usize = 32;

impl Store {
    /// Drops the chunks that lie wholly before `now - retention`, and the series that have no newer sample; from here on
    /// older samples are refused. Costs next to nothing while there is nothing to drop.
    pub fn retain_since(&mut self, now: Timestamp) {
        self.floor = (now - self.limits.retention).millis();
        if self.earliest_end < self.floor {
            let floor = self.floor;
            self.sweep(Cause::Retention, |end, _| end < floor);
        }
    }

    /// Frees memory once the cap is passed: chunks, and whole series that have nothing newer, oldest first.
    pub(super) fn relieve(&mut self) {
        if self.stats.bytes <= self.limits.max_bytes {
            return;
        }
        let goal = self.limits.max_bytes - self.limits.max_bytes / SHARE;
        while self.stats.bytes > goal && self.stats.series > 0 {
            let excess = self.stats.bytes - goal;
            let mut units: Vec<(i64, u32, usize)> = Vec::new();
            for (id, series) in live(&self.shelf.slots) {
                units.extend(series.units().map(|(end, bytes)| (end, id, bytes)));
            }
            units.sort_unstable();
            let mut freed = 0;
            let enough = units.iter().find(|(_, _, bytes)| {
                freed += bytes;
                freed >= excess
            });
            let last = enough.or(units.last()).map_or((i64::MAX, u32::MAX), |unit| (unit.0, unit.1));
            self.sweep(Cause::Cap, |end, id| (end, id) <= last);
        }
    }

    /// Drops all units that end where `is_past` says so, and counts anew what is left.
    fn sweep(&mut self, cause: Cause, is_past: impl Fn(i64, u32) -> bool) {
        let mut dropped = 0;
        let (mut oldest, mut earliest_end) = (i64::MAX, i64::MAX);
        let (mut bytes, mut gone) = (0, false);
        let version = self.shelf.version + 1;
        for (id, slot) in self.shelf.slots.iter_mut().enumerate() {
            let Some(series) = slot else { continue };
            let (units, samples) = series.past(|end| is_past(end, id as u32));
            if units > 0 {
                dropped += samples;
                self.shelf.version = version;
                if let Some(name) = self.shelf.names.get_mut(series.name as usize) {
                    *name = version;
                }
                if units > series.chunk_count() {
                    Arc::make_mut(&mut self.shelf.index).remove(id as u32, series.labels());
                    *slot = None;
                    gone = true;
                    self.stats.series -= 1;
                    continue;
                }
                Arc::make_mut(series).drop_chunks(units);
            }
            bytes += series.heap_bytes();
            oldest = oldest.min(series.oldest().map_or(i64::MAX, Timestamp::millis));
            earliest_end = earliest_end.min(series.units().next().map_or(i64::MAX, |unit| unit.0));
        }
        match cause {
            Cause::Retention => self.stats.dropped_by_retention += dropped as u64,
            Cause::Cap => self.stats.dropped_by_cap += dropped as u64,
        }
        self.stats.samples -= dropped;
        self.stats.oldest = (oldest < i64::MAX).then_some(Timestamp::from_millis(oldest));
        self.earliest_end = earliest_end;
        // Lists with some dead numbers cost little; the cap must see what it frees.
        let dead = self.shelf.slots.len() - self.stats.series;
        if gone && (dead > self.stats.series / 2 || matches!(cause, Cause::Cap)) {
            self.renumber();
        }
        self.series_bytes = bytes;
        self.count_bytes();
    }

    /// Closes the gaps in the numbers of series, and forgets labels and names that no series has.
    fn renumber(&mut self) {
        let mut next = 0;
        let number = |slot: &Option<Arc<Series>>| {
            slot.as_ref()?;
            next += 1;
            Some(next - 1)
        };
        let new: Vec<Option<u32>> = self.shelf.slots.iter().map(number).collect();
        self.shelf.slots.retain(Option::is_some);
        self.shelf.slots.shrink_to_fit();
        let slots = &self.shelf.slots;
        let index = Arc::make_mut(&mut self.shelf.index);
        index.renumber(&new, |id| slots.get(id as usize)?.as_deref().map(Series::labels));
        let before = self.shelf.names.len();
        let moved = index.renumber_names();
        if moved.len() != before {
            self.shelf.forgotten = self.shelf.version;
        }
        let mut names = vec![0; moved.len()];
        let mut new_name = vec![0; before];
        for (new, old) in moved {
            if let (Some(to), Some(from)) = (names.get_mut(new as usize), self.shelf.names.get(old as usize))
            {
                *to = *from;
            }
            if let Some(to) = new_name.get_mut(old as usize) {
                *to = new;
            }
        }
        self.shelf.names = names;
        for series in self.shelf.slots.iter_mut().flatten() {
            let name = new_name.get(series.name as usize).copied().unwrap_or(0);
            if series.name != name {
                Arc::make_mut(series).name = name;
            }
        }
    }
}

fn live(slots: &[Option<Arc<Series>>]) -> impl Iterator<Item = (u32, &Series)> {
    slots.iter().enumerate().filter_map(|(id, slot)| Some((id as u32, slot.as_deref()?)))
}
