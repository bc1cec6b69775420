//! How much counters grew between two samples of each, and over which time: exact, without extrapolation.
//!
//! - A counter that fell was reset: all that it shows has been counted since.
//! - One that did not fall, but whose start (`_created`, `process_start_time_seconds`) moved, was reset as well.
//! - A new series starts at its first sample; but where its kin of the same target was seen just before without it, it
//!   was born in between, as client libraries make `status="500"` at the first error, and all of it counts.
//! - Nothing is known of a time that no two samples enclose.

use super::kin::Kin;
use crate::labels::Labels;
use crate::store::Series;
use crate::units::Timestamp;
use std::collections::BTreeMap;

/// Growth over more than this is spread over the minutes between, and called bridged where it is over [`BRIDGED_MS`].
const SPREAD_MS: i64 = 90_000;
/// A longer silence between two samples is a gap that the counters bridge.
pub(super) const BRIDGED_MS: i64 = 5 * 60_000;
/// A start that moves by less (in seconds) has not moved.
pub(super) const SAME_START: f64 = 1.0;
/// So far the clock of a target may be behind ours.
const SKEW_MS: i64 = 60_000;

/// When a counter began, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Start {
    /// Nobody says.
    Unknown,
    /// The counter itself, in seconds since the epoch.
    Created(f64),
    /// Its process, in seconds since the epoch.
    Process(f64),
}

impl Start {
    pub(super) fn seconds(self) -> Option<f64> {
        match self {
            Self::Unknown => None,
            Self::Created(seconds) | Self::Process(seconds) => Some(seconds),
        }
    }
}

/// The last sample of a counter that was taken into account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Last {
    pub(super) at: i64,
    pub(super) value: f64,
    pub(super) start: Start,
}

/// Times that do not touch each other, put together as they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(BTreeMap<i64, i64>);

impl Times {
    pub(super) fn add(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        let (mut from, mut to) = (from, to);
        if let Some((first, end)) =
            self.0.range(..=from).next_back().map(|(a, b)| (*a, *b)).filter(|(_, end)| *end >= from)
        {
            if end >= to {
                return;
            }
            from = first;
        }
        while let Some((next, end)) = self.0.range(from..=to).next_back().map(|(a, b)| (*a, *b)) {
            to = to.max(end);
            self.0.remove(&next);
        }
        self.0.insert(from, to);
    }

    /// The times that lie after `after`, oldest first.
    pub(super) fn after(&self, after: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.0.iter().map(move |(from, to)| ((*from).max(after), *to)).filter(|(from, to)| from < to)
    }

    /// What of `from..to` is not among these times.
    pub(super) fn gaps(&self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut out = Vec::new();
        let mut done = from;
        let before = self.0.range(..from).next_back().into_iter();
        for (begin, end) in before.chain(self.0.range(from..to)) {
            if *begin > done {
                out.push((done, *begin));
            }
            done = done.max(*end);
        }
        if done < to {
            out.push((done, to));
        }
        out
    }
}

/// Growth of valid and of bad events by the time in which they happened, in milliseconds: after the first, up to the
/// second. What belongs to one minute is kept by the minute, so that a long history takes little room.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    pub(super) minutes: BTreeMap<i64, (f64, f64)>,
    /// Growth that is to be spread over several minutes.
    pub(super) long: BTreeMap<(i64, i64), (f64, f64)>,
    /// Times in which valid events would have been seen.
    pub(super) covered: Times,
    /// Of these, the times that no counter had to bridge.
    pub(super) seen: Times,
}

fn minute(ms: i64) -> i64 {
    (ms - 1).div_euclid(60_000)
}

impl Spans {
    fn add(&mut self, from: i64, to: i64, delta: f64, weights: (f64, f64)) {
        if delta != 0.0 {
            let slot = if to - from <= SPREAD_MS {
                self.minutes.entry(minute(to)).or_default()
            } else {
                self.long.entry((from, to)).or_default()
            };
            slot.0 += delta * weights.0;
            slot.1 += delta * weights.1;
        }
    }

    /// Only counters of valid events tell that anybody looked.
    fn cover(&mut self, from: i64, to: i64, weights: (f64, f64)) {
        if weights.0 > 0.0 {
            self.covered.add(from, to);
            if to - from <= BRIDGED_MS {
                self.seen.add(from, to);
            }
        }
    }

    /// The parts of a span that fall into each minute, as shares; short ones belong to the minute of their end.
    pub(super) fn shares((from, to): (i64, i64)) -> impl Iterator<Item = (i64, f64)> {
        let short = to - from <= SPREAD_MS;
        let first = if short { minute(to) } else { from.div_euclid(60_000) };
        let length = (to - from) as f64;
        (first..=minute(to)).filter_map(move |at| {
            let (begin, end) = ((at * 60_000).max(from), ((at + 1) * 60_000).min(to));
            let share = if short { 1.0 } else { (end - begin) as f64 / length };
            (share > 0.0).then_some((at, share))
        })
    }
}

/// Counts the samples of one series after `last`, from `from` up to `until`, but no more of them than `most`: gives the
/// new last one, and the time at which to go on if there are more.
pub(super) fn count(
    kin: &mut Kin<'_>,
    series: &Series,
    mut last: Option<Last>,
    (from, until): (i64, i64),
    weights: (f64, f64),
    most: &mut usize,
    spans: &mut Spans,
) -> (Option<Last>, Option<i64>) {
    let labels = series.labels();
    let mut starts = None;
    for (at, value) in series.cursor(Timestamp::from_millis(from)) {
        let at = at.millis();
        if at > until {
            break;
        }
        if at < from || !value.is_finite() || value < 0.0 {
            continue;
        }
        if *most == 0 {
            return (last, Some(at));
        }
        *most -= 1;
        let start = starts.get_or_insert_with(|| kin.starts(labels)).at(kin, labels, at);
        match last {
            Some(before) => grow(before, Last { at, value, start }, weights, spans),
            None => {
                if let Some(born) = kin.born(labels, at, start) {
                    spans.add(born, at, value, weights);
                }
            }
        }
        last = Some(Last { at, value, start });
    }
    (last, None)
}

/// What came between two samples of a counter.
fn grow(before: Last, now: Last, weights: (f64, f64), spans: &mut Spans) {
    let Last { at, value, start } = now;
    // It moved past the last look, that is: another worker's start lies far behind it.
    let moved = match (before.start, start) {
        (Start::Created(a), Start::Created(b)) | (Start::Process(a), Start::Process(b)) => {
            b > a + SAME_START && b * 1000.0 > (before.at - SKEW_MS) as f64
        }
        _ => false,
    };
    if value < before.value || moved {
        // Since its start, if that is told; what came between the last look and the start is lost.
        let begun = start.seconds().map_or(before.at, |s| ((s * 1000.0) as i64).clamp(before.at, at - 1));
        let begun = if at - begun > BRIDGED_MS && start == Start::Unknown { at - 60_000 } else { begun };
        spans.add(begun, at, value, weights);
        spans.cover(begun, at, weights);
    } else {
        spans.add(before.at, at, value - before.value, weights);
        spans.cover(before.at, at, weights);
    }
}

/// The edges of buckets that enclose a threshold, and the share of the upper one's own events that count as good.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Edges {
    /// The greatest edge that is not above the threshold; 0 where there is none.
    pub lower: f64,
    /// The least edge that is not below it; infinite where there is none.
    pub upper: f64,
    /// 0: the lower edge is the threshold itself, and nothing is estimated.
    pub share: f64,
}

impl Edges {
    /// Where `threshold` lies among `edges`.
    pub fn enclosing(edges: impl Iterator<Item = f64>, threshold: f64) -> Self {
        let mut found = Self { lower: 0.0, upper: f64::INFINITY, share: 0.0 };
        let near = threshold.abs() * 1e-9;
        for edge in edges.filter(|edge| !edge.is_nan()) {
            if edge <= threshold + near {
                found.lower = found.lower.max(edge);
            }
            if edge >= threshold - near {
                found.upper = found.upper.min(edge);
            }
        }
        // Above the last edge nothing is known of how the rest is spread: none of it counts as good.
        if !found.exact() && found.upper.is_finite() {
            found.share = ((threshold - found.lower) / (found.upper - found.lower)).clamp(0.0, 1.0);
        }
        found
    }

    /// Does an edge stand at the threshold?
    pub fn exact(&self) -> bool {
        self.upper.is_finite() && (self.upper - self.lower).abs() <= self.upper.abs() * 1e-9
    }

    /// How the growth of a bucket weighs in valid and in bad events.
    pub(super) fn weights(&self, le: f64) -> Option<(f64, f64)> {
        if le == f64::INFINITY {
            return Some((1.0, 1.0));
        }
        let is = |edge: f64| (le - edge).abs() <= edge.abs() * 1e-9;
        if self.exact() {
            return is(self.upper).then_some((0.0, -1.0));
        }
        if self.lower > 0.0 && is(self.lower) {
            return Some((0.0, self.share - 1.0));
        }
        (is(self.upper) && self.upper.is_finite()).then_some((0.0, -self.share))
    }
}

/// The edge of a bucket.
pub(super) fn edge(labels: &Labels) -> Option<f64> {
    labels.get("le")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_lies_on_an_edge_or_between_two() {
        let edges = [0.1, 0.25, 0.5, f64::INFINITY];
        for (threshold, lower, upper, share) in [
            (0.25, 0.25, 0.25, 0.0),
            (0.3, 0.25, 0.5, 0.2),
            (0.05, 0.0, 0.1, 0.5),
            (2.0, 0.5, f64::INFINITY, 0.0),
        ] {
            let found = Edges::enclosing(edges.into_iter(), threshold);
            assert_eq!((found.lower, found.upper), (lower, upper), "{threshold}");
            assert!((found.share - share).abs() < 1e-9, "{threshold}: {found:?}");
            assert_eq!(found.exact(), (lower - upper).abs() < 1e-9, "{threshold}");
        }
    }

    #[test]
    fn long_spans_are_spread_and_short_ones_belong_to_their_end() {
        for (span, expected) in [
            ((0, 15_000), vec![(0, 1.0)]),
            ((50_000, 65_000), vec![(1, 1.0)]),
            ((45_000, 60_000), vec![(0, 1.0)]),
            ((30_000, 180_000), vec![(0, 0.2), (1, 0.4), (2, 0.4)]),
        ] {
            assert_eq!(Spans::shares(span).collect::<Vec<_>>(), expected, "{span:?}");
        }
    }
}
