//! Classic histograms: quantiles and fractions from cumulative buckets with an `le` label.
//!
//! After Prometheus's documentation of `histogram_quantile`. Native histograms are not known.

use super::frame::{ABSENT, Frame, Grouping, Groups, Key, Notes, present};
use super::number::format_short;
use super::print::quote;
use super::value::Compat;
use crate::labels::NAME;

/// Differences of neighbouring buckets below this share are taken for rounding.
const TOLERANCE: f64 = 1e-12;

#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Its upper bound.
    pub(super) upper: f64,
    /// How many fell below it.
    pub(super) count: f64,
}

/// `histogram_quantile`, for one `q` a moment.
pub(super) fn quantile(q: &[f64], frame: &Frame, compat: Compat, notes: &mut Notes) -> Frame {
    for wrong in q.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
        notes.warn(|| format!("quantile value should be between 0 and 1, got {}", format_short(*wrong)));
    }
    let mut forced = false;
    let out = each(frame, notes, |step, buckets| {
        let q = q.get(step).copied().unwrap_or(f64::NAN);
        bucket_quantile(q, buckets, compat, &mut forced)
    });
    if forced {
        notes.info(|| {
            "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)".to_owned()
        });
    }
    out
}

/// `histogram_fraction`: the share of observations between two bounds.
pub(super) fn fraction(lower: &[f64], upper: &[f64], frame: &Frame, notes: &mut Notes) -> Frame {
    each(frame, notes, |step, buckets| {
        let at = |bounds: &[f64]| bounds.get(step).copied().unwrap_or(f64::NAN);
        bucket_fraction(at(lower), at(upper), buckets)
    })
}

/// Puts buckets together and calls `f` for each histogram and moment.
fn each(frame: &Frame, notes: &mut Notes, mut f: impl FnMut(usize, &mut Vec<Bucket>) -> f64) -> Frame {
    let grouping = Grouping::new(false, ["le"]);
    let mut groups = Groups::new(&grouping);
    let mut members: Vec<Vec<(f64, usize)>> = Vec::new();
    for (row, key) in frame.keys.iter().enumerate() {
        let text = key.get("le").unwrap_or("");
        let Some(upper) = bound(text) else {
            notes.warn(|| {
                let of = key.get(NAME).map_or_else(String::new, |n| format!(" for metric name {}", quote(n)));
                format!("bucket label \"le\" is missing or has a malformed value of {}{of}", quote(text))
            });
            continue;
        };
        let group = groups.of(key) as usize;
        if group >= members.len() {
            members.resize_with(group + 1, Vec::new);
        }
        members.get_mut(group).into_iter().for_each(|m| m.push((upper, row)));
    }
    let width = frame.width;
    let mut out = Frame::with_capacity(width, members.len());
    let mut values = vec![ABSENT; width];
    let mut buckets: Vec<Bucket> = Vec::new();
    for (group, rows) in members.iter_mut().enumerate() {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (step, cell) in values.iter_mut().enumerate() {
            buckets.clear();
            for (upper, row) in rows.iter() {
                let count = frame.values.get(row * width + step).copied().unwrap_or(ABSENT);
                if !present(count) {
                    continue;
                }
                match buckets.last_mut() {
                    Some(last) if last.upper == *upper => last.count += count,
                    _ => buckets.push(Bucket { upper: *upper, count }),
                }
            }
            *cell = if buckets.is_empty() { ABSENT } else { f(step, &mut buckets) };
        }
        out.push(Key::new(groups.labels(group)), &values);
    }
    out
}

/// A bucket's bound as Go reads it; not-a-number is none.
fn bound(text: &str) -> Option<f64> {
    let text = text.trim();
    text.parse::<f64>().ok().filter(|v| !v.is_nan())
}

pub(super) fn bucket_quantile(q: f64, buckets: &mut [Bucket], compat: Compat, forced: &mut bool) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if buckets.last().is_none_or(|b| b.upper != f64::INFINITY) {
        return f64::NAN;
    }
    if compat == Compat::V3 {
        smooth_rounding(buckets);
    }
    *forced |= force_monotonic(buckets);
    let (Some(last), Some(first), true) = (buckets.last(), buckets.first(), buckets.len() > 1) else {
        return f64::NAN;
    };
    if last.count == 0.0 || last.count.is_nan() {
        return f64::NAN;
    }
    let rank = q * last.count;
    let finite = buckets.len() - 1;
    let at = buckets.iter().take(finite).position(|b| b.count >= rank).unwrap_or(finite);
    if at == finite {
        return buckets.get(finite - 1).map_or(f64::NAN, |b| b.upper);
    }
    if at == 0 && first.upper <= 0.0 {
        return first.upper;
    }
    let below =
        at.checked_sub(1).and_then(|i| buckets.get(i)).copied().unwrap_or(Bucket { upper: 0.0, count: 0.0 });
    let Some(bucket) = buckets.get(at) else { return f64::NAN };
    below.upper + (bucket.upper - below.upper) * ((rank - below.count) / (bucket.count - below.count))
}

fn smooth_rounding(buckets: &mut [Bucket]) {
    let Some(mut before) = buckets.first().map(|b| b.count) else { return };
    for bucket in buckets.iter_mut().skip(1) {
        let difference = (bucket.count - before).abs();
        if difference != 0.0 && difference / bucket.count <= TOLERANCE {
            bucket.count = before;
        } else {
            before = bucket.count;
        }
    }
}

fn force_monotonic(buckets: &mut [Bucket]) -> bool {
    let Some(mut most) = buckets.first().map(|b| b.count) else { return false };
    let mut forced = false;
    for bucket in buckets.iter_mut().skip(1) {
        if bucket.count > most {
            most = bucket.count;
        } else if bucket.count < most {
            bucket.count = most;
            forced = true;
        }
    }
    forced
}

fn bucket_fraction(lower: f64, upper: f64, buckets: &mut [Bucket]) -> f64 {
    let Some(last) = buckets.last().copied().filter(|b| b.upper == f64::INFINITY) else { return f64::NAN };
    if last.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets) - rank_of(lower, buckets)) / last.count
}

/// How many observations lie below `v`.
fn rank_of(v: f64, buckets: &[Bucket]) -> f64 {
    let first = buckets.first().map_or(0.0, |b| b.upper);
    let mut below = Bucket { upper: if first > 0.0 { 0.0 } else { f64::NEG_INFINITY }, count: 0.0 };
    for bucket in buckets {
        if v <= below.upper {
            return below.count;
        }
        if v < bucket.upper {
            if bucket.upper.is_infinite() {
                return below.count;
            }
            if below.upper.is_infinite() {
                return bucket.count;
            }
            return below.count
                + (bucket.count - below.count) * (v - below.upper) / (bucket.upper - below.upper);
        }
        below = *bucket;
    }
    below.count
}
