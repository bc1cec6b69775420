//! The newest samples of a series, as they came: not compressed, for they are what every tick reads.
//!
//! Times that are equally far apart are not kept one by one.
//!
//! A series whose windows are read at every tick keeps as many samples here as its windows hold: unpacking them each
//! time was a quarter of what the dashboard's own thread did.

use crate::units::Timestamp;

/// How many samples it holds before they are packed.
pub(super) const MOST: usize = 16;

/// The longest window, in samples, for which more are held.
pub(super) const LONGEST_WINDOW: usize = 64;

/// The newest samples, oldest first.
#[derive(Clone, Default)]
pub(super) struct Tail {
    first: i64,
    step: i64,
    values: Vec<f64>,
    /// Empty as long as the times are `first`, `first + step`, ...
    times: Vec<i64>,
}

impl Tail {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The time of a sample in ms; `place` must be below the length.
    #[inline]
    fn time(&self, place: usize) -> i64 {
        match self.times.get(place) {
            Some(at) => *at,
            None => self.first.wrapping_add(self.step.wrapping_mul(place.cast_signed() as i64)),
        }
    }

    /// The time of the oldest sample; anything if there is none.
    pub(super) fn oldest(&self) -> i64 {
        self.first
    }

    pub(super) fn last(&self) -> Option<(Timestamp, f64)> {
        let value = *self.values.last()?;
        Some((Timestamp::from_millis(self.time(self.values.len() - 1)), value))
    }

    /// Appends a sample that is newer than all others.
    pub(super) fn push(&mut self, at: i64, value: f64) {
        let len = self.values.len();
        let follows = match len {
            0 => {
                (self.first, self.step) = (at, 0);
                self.times.clear();
                true
            }
            1 => {
                let step = at.checked_sub(self.first);
                self.step = step.unwrap_or(0);
                step.is_some()
            }
            // Once apart, the times stay apart until the tail is emptied.
            _ => {
                self.times.is_empty()
                    && self.step.checked_mul(len.cast_signed() as i64).and_then(|s| self.first.checked_add(s))
                        == Some(at)
            }
        };
        if !follows {
            if self.times.is_empty() {
                self.times = (0..len).map(|place| self.time(place)).collect();
            }
            make_room(&mut self.times);
            self.times.push(at);
        }
        make_room(&mut self.values);
        self.values.push(value);
    }

    /// Forgets the oldest `count` samples.
    pub(super) fn drop_front(&mut self, count: usize) {
        let rest: Vec<(i64, f64)> = self
            .values
            .iter()
            .enumerate()
            .skip(count)
            .map(|(place, value)| (self.time(place), *value))
            .collect();
        self.clear();
        for (at, value) in rest {
            self.push(at, value);
        }
    }

    /// Forgets all samples; keeps the memory, for as many will follow.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.times.clear();
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        (self.values.capacity() + self.times.capacity()) * 8
    }

    /// Appends the samples of `[from, to]` to `out`.
    pub(super) fn pour(&self, from: i64, to: i64, out: &mut Vec<(Timestamp, f64)>) {
        for (place, value) in self.values.iter().enumerate() {
            let at = self.time(place);
            if at > to {
                break;
            }
            if at >= from {
                out.push((Timestamp::from_millis(at), *value));
            }
        }
    }

    /// The newest sample at `t` or before.
    pub(super) fn at(&self, t: i64) -> Option<(Timestamp, f64)> {
        let place = (0..self.values.len()).rev().find(|place| self.time(*place) <= t)?;
        Some((Timestamp::from_millis(self.time(place)), *self.values.get(place)?))
    }
}

/// Doubling would leave a long tail half empty.
fn make_room<T>(column: &mut Vec<T>) {
    if column.len() == column.capacity() && column.len() >= MOST {
        column.reserve_exact(MOST);
    }
}
