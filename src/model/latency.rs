//! What the latency screen shows: for each service the histogram behind its latency, over time.
//!
//! One evaluation of the buckets a step gives all of it: three quantiles and the heat map. It is cut in units of a few
//! steps, and only done while somebody looks. Here is no clock and nothing is drawn.

use super::Model;
use super::chart::{options, step_of};
use super::judge::{limits, over};
use super::rows::ServiceRow;
use super::ui::passes;
use crate::config::Band;
use crate::labels::Labels;
use crate::plan::{ServicePlan, Signal};
use crate::promql::{self, Range, Spread, Value, quantiles};
use crate::store::Store;
use crate::target::health::State;
use crate::units::Timestamp;
use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The quantiles that are shown, with their names.
pub const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];
/// The most buckets that are kept of a histogram.
pub const MOST_BUCKETS: usize = 64;
/// How far back the screen looks at first.
pub const RANGE: Duration = Duration::from_secs(15 * 60);
/// Steps that one unit of work evaluates.
const UNIT: usize = 12;

/// One moment of a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Observations a second in each bucket (not cumulative); not a number: nothing known.
    pub rates: Vec<f32>,
    /// The quantiles, in seconds.
    pub quantiles: [Option<f64>; 3],
}

/// The latency of one service over time.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    /// What it is computed from; none: the service has no histogram.
    pub spread: Option<Spread>,
    /// The signal set that it comes from.
    set: Option<usize>,
    /// Upper bounds of the buckets in seconds, ascending; the last one is infinite.
    pub bounds: Vec<f64>,
    /// Step by step, the oldest first.
    pub moments: VecDeque<Moment>,
    /// The distance of two steps.
    pub step: Duration,
    /// The moment that it was brought up to.
    pub at: Option<Timestamp>,
    /// Why there is nothing.
    pub error: Option<String>,
}

/// The latencies of all services.
#[derive(Debug)]
pub struct Latencies {
    /// By the index of the service.
    pub all: Vec<Latency>,
    /// How far back they go.
    pub range: Duration,
    /// Services that are to be worked on, the longest waiting first.
    pub due: VecDeque<usize>,
}

impl Latencies {
    /// Of so many services, of which nothing is known yet.
    pub fn of(services: usize, range: Duration) -> Self {
        Self { all: vec![Latency::default(); services], range, due: VecDeque::new() }
    }

    /// Looks further back, or less far.
    pub fn set_range(&mut self, range: Duration) {
        *self = Self::of(self.all.len(), range);
    }
}

impl Latency {
    /// Takes the histogram from the signal set that is in use, or from the first that has one.
    pub fn choose(&mut self, plan: &ServicePlan, set: Option<usize>) {
        if self.set.is_some() && self.set == set {
            return;
        }
        let latency = |index: usize| {
            let set = plan.signals.get(index)?;
            set.spread.clone().or_else(|| set.exprs.get(2)?.as_ref()?.spread())
        };
        let spread = match set {
            Some(index) => latency(index),
            None => (0..plan.signals.len()).find_map(latency),
        };
        if spread != self.spread {
            *self = Self { spread, ..Self::default() };
        }
        self.set = set;
    }

    /// The place of the quantile that the service's figure is, and that its limits are meant for.
    pub fn judged(&self) -> Option<usize> {
        let asked = self.spread.as_ref().map_or(0.95, |spread| spread.quantile);
        QUANTILES.iter().position(|(quantile, _)| (quantile - asked).abs() < 1e-9)
    }

    /// The newest value of a quantile.
    pub fn newest(&self, index: usize) -> Option<f64> {
        self.moments.back()?.quantiles.get(index).copied().flatten()
    }

    /// The course of a quantile: (Unix seconds, seconds), gaps as not-a-number.
    pub fn course(&self, index: usize) -> Vec<(f64, f64)> {
        let value = |moment: &Moment| moment.quantiles.get(index).copied().flatten().unwrap_or(f64::NAN);
        self.moments.iter().map(|moment| (moment.at.seconds(), value(moment))).collect()
    }

    /// The moments to draw: without the emptiness before the first value, see [`super::zoom::begin`].
    pub fn shown(&self) -> impl ExactSizeIterator<Item = &Moment> {
        let known = self.moments.iter().position(|moment| moment.rates.iter().any(|rate| !rate.is_nan()));
        let tenth = (self.moments.len() / 10).max(1);
        let skip = known.map_or(0, |known| (known / tenth).min(8) * tenth);
        self.moments.iter().skip(skip)
    }

    /// First and last moment.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.moments.front()?.at, self.moments.back()?.at))
    }

    /// Is it up to `at`?
    pub fn is_at(&self, at: Timestamp) -> bool {
        self.spread.is_none() || self.error.is_some() || self.at.is_some_and(|known| known >= at)
    }

    /// One unit of work: evaluates the next steps towards `at`. True once there is nothing left to do for that moment.
    pub fn advance(&mut self, store: &Store, at: Timestamp, range: Duration) -> bool {
        let Some(spread) = self.spread.clone() else { return true };
        self.step = step_of(range);
        let columns = (range.as_millis() / self.step.as_millis().max(1)) as u32;
        let end = at.floor_to(self.step);
        let start = end - self.step.saturating_mul(columns);
        while self.moments.front().is_some_and(|moment| moment.at < start) {
            self.moments.pop_front();
        }
        // What came since the newest step was evaluated may belong to it.
        let from = match self.moments.back() {
            Some(last) if last.at == end => {
                self.moments.pop_back();
                end
            }
            Some(last) if last.at < end => last.at + self.step,
            Some(_) => {
                self.moments.clear(); // the clock was set back
                start
            }
            None => start,
        };
        let to = (from + self.step.saturating_mul(UNIT as u32 - 1)).min(end);
        let steps = Range { start: from, end: to, step: self.step };
        match promql::eval_range(store, &spread.buckets, steps, &options()) {
            Ok(answer) => self.take(&answer.value, steps, spread.scale),
            Err(error) => {
                self.moments.clear();
                self.error = Some(error.to_string());
                return true;
            }
        }
        self.at = (to >= end).then_some(at);
        to >= end
    }

    /// Takes in the buckets of some steps.
    fn take(&mut self, value: &Value, steps: Range, scale: f64) {
        let Value::Matrix(rows) = value else { return };
        let count = ((steps.end.millis() - steps.start.millis()) / steps.step.as_millis().max(1) as i64) + 1;
        let count = usize::try_from(count).unwrap_or(0).min(UNIT);
        let place = |at: Timestamp| {
            let back = (at.millis() - steps.start.millis()) / steps.step.as_millis().max(1) as i64;
            usize::try_from(back).ok().filter(|place| *place < count)
        };
        // Histograms that differ in other labels than `le` are of one service all the same: the worst quantile counts,
        // the rates add up.
        let mut groups: BTreeMap<Labels, Vec<Vec<(f64, f64)>>> = BTreeMap::new();
        for row in rows {
            let Some(bound) = row.labels.get("le").and_then(bound) else { continue };
            let steps = groups
                .entry(row.labels.without(|name| name == "le"))
                .or_insert_with(|| vec![Vec::new(); count]);
            for (at, value) in &row.points {
                if let Some(step) = place(*at).and_then(|place| steps.get_mut(place)) {
                    step.push((bound * scale, *value));
                }
            }
        }
        for (upper, _) in groups.values().flatten().flatten() {
            self.know(*upper);
        }
        let moment = |index: usize| Moment {
            at: steps.start + steps.step.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX)),
            rates: vec![f32::NAN; self.bounds.len()],
            quantiles: [None; 3],
        };
        let mut moments: Vec<Moment> = (0..count).map(moment).collect();
        for steps in groups.into_values() {
            for (moment, buckets) in moments.iter_mut().zip(steps) {
                self.put(moment, buckets);
            }
        }
        self.moments.extend(moments);
    }

    /// Makes room for a bucket that was not known; before, nothing is known of it.
    fn know(&mut self, upper: f64) {
        let Err(place) = self.bounds.binary_search_by(|known| known.total_cmp(&upper)) else { return };
        if self.bounds.len() < MOST_BUCKETS {
            self.bounds.insert(place, upper);
            for known in &mut self.moments {
                known.rates.insert(place.min(known.rates.len()), f32::NAN);
            }
        }
    }

    /// Adds one histogram to a moment.
    fn put(&self, moment: &mut Moment, mut buckets: Vec<(f64, f64)>) {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        buckets.dedup_by(|next, kept| {
            let same = next.0.total_cmp(&kept.0).is_eq();
            if same {
                kept.1 += next.1;
            }
            same
        });
        let found = quantiles(QUANTILES.map(|(q, _)| q), &buckets);
        for (slot, found) in moment.quantiles.iter_mut().zip(found) {
            *slot = [*slot, found].into_iter().flatten().reduce(f64::max);
        }
        let mut below = 0.0;
        for (upper, count) in buckets {
            let rate = (count - below).max(0.0) as f32;
            below = f64::max(below, count);
            let place = self.bounds.binary_search_by(|known| known.total_cmp(&upper)).ok();
            if let Some(slot) = place.and_then(|place| moment.rates.get_mut(place)) {
                *slot = if slot.is_nan() { rate } else { *slot + rate };
            }
        }
    }
}

/// The orders of the list; the first is the default.
pub const ORDERS: &[&str] = &["worst", "service", "p50", "p95", "p99"];

/// A row of the list.
#[derive(Clone, Copy, Debug)]
pub struct LatencyRow<'a> {
    /// The service's name.
    pub name: &'a Arc<str>,
    /// The service.
    pub service: &'a ServiceRow,
    /// Its latency over time.
    pub latency: &'a Latency,
    /// The newest quantiles, in seconds.
    pub values: [Option<f64>; 3],
    /// Warning and critical, in seconds.
    pub limits: Option<(f64, f64)>,
    /// Over which of them it is.
    pub over: Option<State>,
    /// The place of the quantile that they are meant for, if it is one of those that are shown.
    pub judged: Option<usize>,
}

impl LatencyRow<'_> {
    /// Warning and critical of a quantile: none but one has any.
    pub fn limits_of(&self, index: usize) -> Option<(f64, f64)> {
        self.limits.filter(|_| self.judged == Some(index))
    }
}

impl Model {
    fn latency_row<'a>(&'a self, service: &'a ServiceRow) -> Option<LatencyRow<'a>> {
        let place = self.plan.services.iter().position(|plan| plan.name == service.name)?;
        let (plan, latency) = (self.plan.services.get(place)?, self.latencies.all.get(place)?);
        let limits = limits(plan, Signal::Latency);
        let figure = service.reading(Signal::Latency).value;
        let mut values = [0, 1, 2].map(|index| latency.newest(index));
        // The figure of the service's row is the same quantile at a later moment: everywhere the same number.
        if let Some(slot) = latency.judged().and_then(|index| values.get_mut(index)) {
            *slot = figure;
        }
        let band = limits.map(|(warning, critical)| Band { warning, critical });
        let (name, over) = (&service.name, figure.and_then(|value| over(value, band)));
        Some(LatencyRow { name, service, latency, values, limits, over, judged: latency.judged() })
    }

    /// The services by their latency: filtered, the worst first, those without any last.
    pub fn latency_rows(&self) -> Vec<LatencyRow<'_>> {
        let list = &self.ui.latency;
        let shown = self.shown().services.iter();
        let shown = shown.filter(|row| passes(&list.filter, [&*row.name, row.state.word()].into_iter()));
        let mut rows: Vec<LatencyRow<'_>> = shown.filter_map(|row| self.latency_row(row)).collect();
        let by = ORDERS.get(list.order).copied().unwrap_or("worst");
        rows.sort_by(|a, b| {
            let most = |index: usize| {
                let of = |row: &LatencyRow<'_>| {
                    row.values.get(index).copied().flatten().unwrap_or(f64::NEG_INFINITY)
                };
                of(b).total_cmp(&of(a))
            };
            let first = match by {
                "service" => Ordering::Equal,
                "p50" => most(0),
                "p95" => most(1),
                "p99" => most(2),
                _ => b.over.cmp(&a.over).then_with(|| step(b.values[1]).cmp(&step(a.values[1]))),
            };
            first.then_with(|| a.name.cmp(b.name))
        });
        if list.reversed {
            rows.reverse();
        }
        rows
    }
}

/// A latency in coarse steps, doubled from one to the next, so that rows do not dance; the unknown below all.
fn step(value: Option<f64>) -> i32 {
    value.filter(|value| *value > 0.0).map_or(i32::MIN, |value| value.log2().floor() as i32)
}

/// A bound as Prometheus writes it.
fn bound(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|bound| !bound.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(le: &str) -> Labels {
        Labels::metric("x_bucket", [("le", le)])
    }

    #[test]
    fn units_of_work_come_to_the_same_as_one_query_and_a_gap_stays_a_gap() {
        let mut store = Store::default();
        let expr = promql::parse("histogram_quantile(0.9, sum by (le) (x_bucket)) / 1000").unwrap();
        let mut latency = Latency { spread: expr.spread(), ..Latency::default() };
        let end = Timestamp::from_millis(10_000_000);
        let range = Duration::from_secs(300);
        // A minute of samples, a gap of more than the lookback ago; a new bucket at the end.
        for second in 0..60 {
            let at = end - Duration::from_secs(60 - second);
            store.append(&bucket("100"), at, 50.0);
            store.append(&bucket("200"), at, 100.0);
            store.append(&bucket("+Inf"), at, 100.0);
            if second > 50 {
                store.append(&bucket("150"), at, 80.0);
            }
        }
        let mut units = 0;
        while !latency.advance(&store, end, range) {
            units += 1;
            assert!(units < 100);
        }
        assert!(units > 5 && latency.is_at(end), "{units}");
        assert_eq!(latency.bounds, [0.1, 0.15, 0.2, f64::INFINITY]);
        assert_eq!(latency.moments.len(), 151);
        let last = latency.moments.back().unwrap();
        assert_eq!((last.at, latency.newest(0)), (end.floor_to(latency.step), Some(0.1)));
        assert_eq!(last.rates, [50.0, 30.0, 20.0, 0.0]);
        let first = latency.moments.front().unwrap();
        assert!(first.rates.iter().all(|rate| rate.is_nan()) && first.quantiles == [None; 3]);
        let early = latency.moments.iter().find(|moment| moment.quantiles[0].is_some()).unwrap();
        assert!(early.rates[1].is_nan() && (early.rates[0] - 50.0).abs() < 1e-6, "{early:?}");
        // Later: the newest steps only.
        assert!(latency.advance(&store, end + Duration::from_secs(2), range));
        assert_eq!(latency.moments.len(), 151);
    }
}
