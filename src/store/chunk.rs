//! A chunk: up to 256 samples of one series in one piece of memory, never changed once made.
//!
//! Columns are kept newest first, so that the newest samples are read without the others. Bytes: count - 1, newest time
//! (8 bytes), span to the oldest, times (as distances back from the newest), values.

use super::bits::{put_varint, take_byte, take_varint};
use super::floats::{self, Floats};
use super::ints::{self, Ints};
use crate::units::Timestamp;
use std::sync::Arc;

/// The most samples of a chunk.
pub(super) const MOST: usize = 240;

/// Bytes of an allocation beside its content: counters of the `Arc`, and what an allocator adds.
const OVERHEAD: usize = 16 + 8;

/// Samples in compressed form, shared between snapshots.
#[derive(Clone, PartialEq)]
pub(super) struct Chunk(Arc<[u8]>);

/// What stands before the columns.
#[derive(Clone, Copy)]
struct Head {
    count: usize,
    newest: i64,
    oldest: i64,
}

impl Chunk {
    /// Packs samples, oldest first: at least one, at most 256; what is beyond is left out.
    pub(super) fn new(samples: &[(Timestamp, f64)]) -> Self {
        let samples = samples.get(..256).unwrap_or(samples);
        let newest = samples.last().map_or(0, |s| s.0.millis());
        let oldest = samples.first().map_or(0, |s| s.0.millis());
        let mut bytes = Vec::with_capacity(64 + samples.len());
        bytes.push(samples.len().saturating_sub(1) as u8);
        bytes.extend_from_slice(&newest.to_le_bytes());
        put_varint(&mut bytes, newest.wrapping_sub(oldest) as u64);
        let back: Vec<i64> = samples.iter().rev().map(|s| newest.wrapping_sub(s.0.millis())).collect();
        ints::encode(&back, &mut bytes);
        let values: Vec<f64> = samples.iter().rev().map(|s| s.1).collect();
        floats::encode(&values, &mut bytes);
        Self(bytes.into())
    }

    /// Bytes that [`Self::bytes`] gave out. Whoever has them from outside checks what comes of them.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// All that it is.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn head(&self) -> (Head, &[u8]) {
        let mut bytes = &self.0[..];
        let count = usize::from(take_byte(&mut bytes)) + 1;
        let Some((newest, mut rest)) = bytes.split_first_chunk::<8>() else {
            return (Head { count: 0, newest: 0, oldest: 0 }, &[]);
        };
        let newest = i64::from_le_bytes(*newest);
        let oldest = newest.wrapping_sub(take_varint(&mut rest).cast_signed());
        (Head { count, newest, oldest }, rest)
    }

    /// How many samples it holds.
    pub(super) fn len(&self) -> usize {
        self.head().0.count
    }

    /// The time of its oldest sample in ms.
    pub(super) fn oldest(&self) -> i64 {
        self.head().0.oldest
    }

    /// The time of its newest sample in ms.
    pub(super) fn newest(&self) -> i64 {
        self.head().0.newest
    }

    /// Bytes of memory.
    pub(super) fn heap_bytes(&self) -> usize {
        self.0.len() + OVERHEAD
    }

    /// Appends the samples of `[from, to]` to `out`, oldest first.
    pub(super) fn pour(&self, from: i64, to: i64, out: &mut Vec<(Timestamp, f64)>) {
        let (head, mut bytes) = self.head();
        if head.newest < from || head.oldest > to {
            return;
        }
        let times = Ints::take(&mut bytes, head.count);
        let values = Floats::new(bytes, head.count);
        let newest = head.newest;
        let start = out.len();
        if let Some(step) = times.step() {
            // Regular times: each is known without those before it.
            let time = |place: usize| newest.wrapping_sub(step.wrapping_mul(place.cast_signed() as i64));
            let (skipped, taken) = places(head, from, to, time);
            let mut place = skipped;
            let regular = move || {
                place += 1;
                time(place - 1)
            };
            collect(skipped, taken, regular, values, out);
        } else {
            let mut times = times;
            let mut wanted = [0_i64; 256];
            let (mut skipped, mut taken) = (0, 0);
            for _ in 0..head.count {
                let at = newest.wrapping_sub(times.next());
                if at < from {
                    break;
                }
                if at > to {
                    skipped += 1;
                } else if let Some(slot) = wanted.get_mut(taken) {
                    *slot = at;
                    taken += 1;
                }
            }
            let mut wanted = wanted.iter();
            collect(skipped, taken, move || wanted.next().copied().unwrap_or(0), values, out);
        }
        out[start..].reverse();
    }

    /// The newest sample at `t` or before.
    pub(super) fn at(&self, t: i64) -> Option<(Timestamp, f64)> {
        let (head, mut bytes) = self.head();
        let mut times = Ints::take(&mut bytes, head.count);
        let mut values = Floats::new(bytes, head.count);
        for _ in 0..head.count {
            let at = head.newest.wrapping_sub(times.next());
            let value = match &mut values {
                Floats::Constant(value) => *value,
                Floats::Decimal(decimal) => decimal.next(),
                Floats::Xor(xor) => xor.next(),
            };
            if at <= t {
                return Some((Timestamp::from_millis(at), value));
            }
        }
        None
    }
}

/// How many samples to skip and how many to take, newest first, where the time of each is known.
fn places(head: Head, from: i64, to: i64, time: impl Fn(usize) -> i64) -> (usize, usize) {
    let first_where = |is_past: &dyn Fn(i64) -> bool| {
        let (mut low, mut high) = (0, head.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_past(time(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let skipped = if head.newest <= to { 0 } else { first_where(&|at| at <= to) };
    let end = if head.oldest >= from { head.count } else { first_where(&|at| at < from) };
    (skipped, end - skipped.min(end))
}

/// Reads the values that go with `times`: one loop for each kind, so that none has to ask for the kind at each sample.
fn collect(
    skipped: usize,
    taken: usize,
    times: impl FnMut() -> i64,
    values: Floats<'_>,
    out: &mut Vec<(Timestamp, f64)>,
) {
    match values {
        Floats::Constant(value) => gather(skipped, taken, times, || value, out),
        Floats::Decimal(mut decimal) => gather(skipped, taken, times, move || decimal.next(), out),
        Floats::Xor(mut xor) => gather(skipped, taken, times, move || xor.next(), out),
    }
}

fn gather(
    skipped: usize,
    taken: usize,
    mut times: impl FnMut() -> i64,
    mut values: impl FnMut() -> f64,
    out: &mut Vec<(Timestamp, f64)>,
) {
    for _ in 0..skipped {
        values();
    }
    // The length is known, so nothing is checked at each sample.
    out.extend((0..taken).map(|_| (Timestamp::from_millis(times()), values())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(samples: &[(Timestamp, f64)]) -> Vec<(i64, u64)> {
        samples.iter().map(|s| (s.0.millis(), s.1.to_bits())).collect()
    }

    fn check(samples: &[(i64, f64)], from: i64, to: i64) {
        let samples: Vec<(Timestamp, f64)> =
            samples.iter().map(|s| (Timestamp::from_millis(s.0), s.1)).collect();
        let chunk = Chunk::new(&samples);
        let mut read = Vec::new();
        chunk.pour(i64::MIN, i64::MAX, &mut read);
        assert_eq!(bits(&read), bits(&samples));
        read.clear();
        chunk.pour(from, to, &mut read);
        let inside: Vec<_> =
            samples.iter().copied().filter(|s| (from..=to).contains(&s.0.millis())).collect();
        assert_eq!(bits(&read), bits(&inside), "[{from}, {to}]");
        let newest = samples.iter().copied().rfind(|s| s.0.millis() <= to);
        assert_eq!(
            bits(&chunk.at(to).into_iter().collect::<Vec<_>>()),
            bits(&newest.into_iter().collect::<Vec<_>>())
        );
        assert_eq!(chunk.len(), samples.len());
        assert_eq!(Some(chunk.oldest()), samples.first().map(|s| s.0.millis()));
        assert_eq!(Some(chunk.newest()), samples.last().map(|s| s.0.millis()));
    }

    proptest! {
        #[test]
        fn any_samples_come_back(
            times in proptest::collection::btree_set(any::<i64>(), 1..=256),
            values in proptest::collection::vec(any::<u64>(), 256),
            from: i64, to: i64,
        ) {
            let samples: Vec<_> =
                times.into_iter().zip(values.into_iter().map(f64::from_bits)).collect();
            check(&samples, from, to);
        }

        #[test]
        fn scrapes_come_back(
            start in -1_000_000_i64..2_000_000_000_000,
            gaps in proptest::collection::vec(prop_oneof![20 => Just(15_000_i64), 3 => 1_i64..90_000], 0..=255),
            steps in proptest::collection::vec(prop_oneof![20 => 0_i64..200, 1 => -100_000_i64..0], 256),
            from in 0_usize..300, to in 0_usize..300,
        ) {
            let mut at = start;
            let times: Vec<i64> = std::iter::once(start).chain(gaps.iter().map(|gap| { at += gap; at })).collect();
            let mut value = 0;
            let samples: Vec<(i64, f64)> = times.iter().zip(&steps).map(|(at, step)| { value += step; (*at, value as f64 / 100.0) }).collect();
            let pick = |i: usize| times.get(i).copied().unwrap_or(start + i.cast_signed() as i64 * 15_000 - 7);
            check(&samples, pick(from), pick(to));
        }
    }
}
