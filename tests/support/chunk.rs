//! Samples out of any bytes, and the check that a series gives them back: for the fuzz target and for its corpus.

use warroom::labels::Labels;
use warroom::store::{Appended, Bounds, Limits, Store};
use warroom::units::Timestamp;

/// Takes `N` bytes off the front of `bytes`; past the end come zeros.
fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let count = N.min(bytes.len());
    out[..count].copy_from_slice(&bytes[..count]);
    *bytes = &bytes[count..];
    out
}

/// One sample for each first byte: two bits tell the time after the last one, two more the kind of value.
fn samples(mut bytes: &[u8]) -> Vec<(i64, f64)> {
    let (mut at, mut value) = (i64::from_le_bytes(take(&mut bytes)), 0_i64);
    let mut all = Vec::new();
    while !bytes.is_empty() && all.len() < 4096 {
        let [head] = take::<1>(&mut bytes);
        let sample = match head >> 2 & 3 {
            0 => {
                value = value.wrapping_add(i64::from(take::<1>(&mut bytes)[0]));
                value as f64
            }
            1 => {
                f64::from(i16::from_le_bytes(take(&mut bytes)))
                    / [1.0, 10.0, 1e3, 1e6][usize::from(head >> 4 & 3)]
            }
            2 => f64::from_bits(u64::from_le_bytes(take(&mut bytes))),
            _ => warroom::target::STALE_NAN,
        };
        all.push((at, sample));
        let gap = match head & 3 {
            0 | 1 => 15_000,
            2 => i64::from(take::<1>(&mut bytes)[0]) + 1,
            _ => i64::from_le_bytes(take(&mut bytes)).saturating_abs().max(1),
        };
        match at.checked_add(gap) {
            Some(next) => at = next,
            None => break,
        }
    }
    all
}

fn bits(samples: impl IntoIterator<Item = (Timestamp, f64)>) -> Vec<(i64, u64)> {
    samples.into_iter().map(|s| (s.0.millis(), s.1.to_bits())).collect()
}

/// A series holds exactly the samples that `bytes` stand for, however it is read; returns how many those are.
pub(crate) fn check(bytes: &[u8]) -> usize {
    let expected = samples(bytes);
    let labels = Labels::metric("m", [("a", "b")]);
    let mut store = Store::new(Limits::NONE);
    for (at, value) in &expected {
        let outcome = store.append(&labels, Timestamp::from_millis(*at), *value);
        assert!(matches!(outcome, Appended::New | Appended::Stored), "{outcome:?}");
    }
    let Some(series) = store.get(&labels) else {
        assert!(expected.is_empty());
        return 0;
    };
    let plain: Vec<(i64, u64)> = expected.iter().map(|s| (s.0, s.1.to_bits())).collect();
    assert_eq!(bits(series.cursor(Timestamp::from_millis(i64::MIN))), plain);
    for (from, to) in [(0, plain.len()), (plain.len() / 3, plain.len() / 2), (plain.len() - 1, plain.len())] {
        let Some(inside) = plain.get(from..to).filter(|part| !part.is_empty()) else { continue };
        let ends = (Timestamp::from_millis(inside[0].0), Timestamp::from_millis(inside[inside.len() - 1].0));
        let mut out = Vec::new();
        series.range(ends.0, ends.1, &mut out);
        assert_eq!(bits(out), inside);
        let newest = series.at(ends.1, std::time::Duration::ZERO, Bounds::LeftClosed);
        assert_eq!(bits(newest), inside[inside.len() - 1..]);
    }
    plain.len()
}
