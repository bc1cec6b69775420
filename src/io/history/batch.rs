//! A batch: the newest samples of many series, small, as they are written every few seconds.
//!
//! Format, version 1. A batch holds samples of one block (an hour) and one stripe (1,024 series), sorted by series and
//! time. First byte: 1 if it stands for itself, 0 if it goes on from the batches before it of the same block and stripe.
//! Then for each sample three varints (LEB128): how much the number of the series grew since the sample before (the first
//! one from 0); the time in ms, as a difference to the sample before (zigzag; the first one from 0); and the value. Of
//! the value: 0 where it has the bits of the last one of its series (0.0 if there is none); an odd number where both are
//! integers, `zigzag(difference) * 2 + 1`; else 2, and eight bytes, little-endian.

use crate::units::Timestamp;
use rustc_hash::FxHashMap;

/// One sample of a series that has a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) series: u32,
    pub(super) at: i64,
    pub(super) value: f64,
}

/// The bits of the last value of each series, as far as batches go on from each other.
pub(super) type Known = FxHashMap<u32, u64>;

/// A value that is told by its difference is at most this far from zero: differences fit.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The bytes of a batch. Points are sorted by series and time. `known` is empty for one that stands for itself.
pub(super) fn encode(points: &[Point], known: &mut Known) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + points.len() * 5);
    out.push(u8::from(known.is_empty()));
    let (mut series, mut at) = (0_u32, 0_i64);
    for point in points {
        put(&mut out, u64::from(point.series.wrapping_sub(series)));
        put(&mut out, zigzag(point.at.wrapping_sub(at)));
        (series, at) = (point.series, point.at);
        let bits = point.value.to_bits();
        let before = known.insert(point.series, bits).unwrap_or(0);
        if before == bits {
            out.push(0);
        } else if let (Some(from), Some(to)) = (int(before), int(bits)) {
            put(&mut out, zigzag(to - from) << 1 | 1);
        } else {
            out.push(2);
            out.extend_from_slice(&bits.to_le_bytes());
        }
    }
    out
}

/// Reads what [`encode`] wrote and hands each point on; false where the bytes are not such, from there on nothing.
pub(super) fn decode(mut bytes: &[u8], known: &mut Known, mut each: impl FnMut(Point)) -> bool {
    let Some((first, rest)) = bytes.split_first() else { return false };
    bytes = rest;
    match first {
        0 => {}
        1 => known.clear(),
        _ => return false,
    }
    let (mut series, mut at) = (0_u32, 0_i64);
    while !bytes.is_empty() {
        let Some(point) = point(&mut bytes, (series, at), known) else { return false };
        (series, at) = (point.series, point.at);
        each(point);
    }
    true
}

fn point(bytes: &mut &[u8], (series, at): (u32, i64), known: &mut Known) -> Option<Point> {
    let series = series.checked_add(u32::try_from(take(bytes)?).ok()?)?;
    let at = at.wrapping_add(unzigzag(take(bytes)?));
    let before = known.get(&series).copied().unwrap_or(0);
    let bits = match take(bytes)? {
        0 => before,
        2 => {
            let (eight, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            u64::from_le_bytes(*eight)
        }
        code if code & 1 == 1 => {
            let value = int(before)?.checked_add(unzigzag(code >> 1))?;
            (value as f64).to_bits()
        }
        _ => return None,
    };
    known.insert(series, bits);
    Some(Point { series, at, value: f64::from_bits(bits) })
}

/// The integer that a value is, if it is one that comes back bit for bit.
fn int(bits: u64) -> Option<i64> {
    let value = f64::from_bits(bits);
    (value.abs() < EXACT && (value as i64 as f64).to_bits() == bits).then_some(value as i64)
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0_u64, 0_u32);
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Samples of one series, put in order: times rise, and of two samples of one time the first that was written stays.
pub(super) fn in_order(mut samples: Vec<(Timestamp, f64)>) -> Vec<(Timestamp, f64)> {
    samples.sort_by_key(|sample| sample.0);
    samples.dedup_by_key(|sample| sample.0);
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(points: &[Point]) -> Vec<(u32, i64, u64)> {
        points.iter().map(|point| (point.series, point.at, point.value.to_bits())).collect()
    }

    proptest! {
        #[test]
        fn batches_come_back_bit_for_bit(
            batches in proptest::collection::vec(
                proptest::collection::vec(
                    (
                        any::<u32>(),
                        any::<i64>(),
                        prop_oneof![any::<u64>(), (-1000_i64..1000).prop_map(|v| (v as f64).to_bits()), Just((-0.0_f64).to_bits())],
                    ),
                    0..40,
                ),
                1..5,
            ),
        ) {
            let (mut writer, mut reader) = (Known::default(), Known::default());
            for batch in batches {
                let mut points: Vec<Point> = batch
                    .into_iter()
                    .map(|(series, at, bits)| Point { series: series % 7, at, value: f64::from_bits(bits) })
                    .collect();
                points.sort_by_key(|point| (point.series, point.at));
                let bytes = encode(&points, &mut writer);
                let mut read = Vec::new();
                prop_assert!(decode(&bytes, &mut reader, |point| read.push(point)));
                prop_assert_eq!(bits(&read), bits(&points));
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            decode(&bytes, &mut Known::default(), |_| {});
        }
    }

    #[test]
    fn what_hardly_moves_is_small() {
        let mut known = Known::default();
        let round = |i: i64| -> Vec<Point> {
            (0..1000)
                .map(|series| Point { series, at: 1_700_000_000_000 + i * 15_000, value: (i * 7) as f64 })
                .collect()
        };
        encode(&round(0), &mut known);
        assert!(encode(&round(1), &mut known).len() < 3_100, "three bytes a sample");
    }
}
