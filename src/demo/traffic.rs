//! Requests become counters: histograms whose buckets, counts and sums agree at every moment.
//!
//! Latencies follow a log-logistic distribution, since its cumulative distribution is closed:
//! `F(x) = 1 / (1 + (x / median)^-SHAPE)`, so that p95 is 2.9 times the median.

/// How steep the distribution of latencies is.
const SHAPE: f64 = 2.75;
/// Mean over median: `(pi / SHAPE) / sin(pi / SHAPE)`.
const MEAN: f64 = 1.254;

/// Share of requests that take at most `seconds`.
fn share_within(seconds: f64, median: f64) -> f64 {
    if seconds <= 0.0 { 0.0 } else { 1.0 / (1.0 + (median.max(1e-9) / seconds).powf(SHAPE)) }
}

/// A cumulative histogram that only grows.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    count: u64,
    carry: f64,
    sum: f64,
    within: Vec<f64>,
}

impl Histogram {
    pub(super) fn new(bounds: &[f64]) -> Self {
        Self { count: 0, carry: 0.0, sum: 0.0, within: vec![0.0; bounds.len()] }
    }

    /// Adds `requests` (a fraction is carried over) whose latencies have this median in seconds.
    pub(super) fn add(&mut self, bounds: &[f64], requests: f64, median: f64) {
        self.carry += requests.max(0.0);
        let whole = self.carry.floor();
        if whole < 1.0 {
            return;
        }
        self.carry -= whole;
        self.count += whole as u64;
        self.sum += whole * median * MEAN;
        for (within, bound) in self.within.iter_mut().zip(bounds) {
            *within += whole * share_within(*bound, median);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }

    /// Observations at or below each bound; cumulative, never above the count.
    pub(super) fn buckets(&self) -> impl Iterator<Item = u64> + '_ {
        self.within.iter().map(|within| (within.floor() as u64).min(self.count))
    }

    /// Adds another's observations: both have the same bounds.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        for (mine, theirs) in self.within.iter_mut().zip(other.buckets()) {
            *mine += theirs as f64;
        }
    }
}

/// How the requests of one second ended, and how fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Requests, on this process.
    pub(super) requests: f64,
    /// Share answered with 5xx.
    pub(super) failed: f64,
    /// Share answered with 4xx.
    pub(super) refused: f64,
    /// Median latency of good answers, in seconds.
    pub(super) median: f64,
    /// Median latency of failed answers, in seconds.
    pub(super) failed_median: f64,
}

/// Counters of one route of one process, by kind of answer.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// 2xx.
    pub(super) good: Histogram,
    /// 4xx.
    pub(super) refused: Histogram,
    /// 5xx.
    pub(super) failed: Histogram,
}

impl Route {
    pub(super) fn new(bounds: &[f64]) -> Self {
        let empty = Histogram::new(bounds);
        Self { good: empty.clone(), refused: empty.clone(), failed: empty }
    }

    pub(super) fn add(&mut self, bounds: &[f64], load: &Load) {
        let failed = load.failed.clamp(0.0, 1.0);
        let refused = load.refused.clamp(0.0, 1.0 - failed);
        self.good.add(bounds, load.requests * (1.0 - failed - refused), load.median);
        self.refused.add(bounds, load.requests * refused, load.median * 0.4);
        self.failed.add(bounds, load.requests * failed, load.failed_median);
    }

    /// All answers together.
    pub(super) fn all(&self) -> Histogram {
        let mut all = self.good.clone();
        // Merging adds whole observations, so that the sum stays cumulative and monotone.
        all.within.iter_mut().for_each(|within| *within = within.floor());
        all.merge(&self.refused);
        all.merge(&self.failed);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [f64; 6] = [0.01, 0.05, 0.1, 0.25, 1.0, 5.0];

    #[test]
    fn buckets_are_cumulative_and_everything_grows() {
        let mut route = Route::new(&BOUNDS);
        let mut before = vec![0; BOUNDS.len() + 1];
        for second in 0..500 {
            let median = 0.02 + 0.4 * f64::from(second % 50) / 50.0;
            let load = Load { requests: 7.3, failed: 0.04, refused: 0.01, median, failed_median: 2.0 };
            route.add(&BOUNDS, &load);
            let all = route.all();
            let mut now: Vec<u64> = all.buckets().collect();
            now.push(all.count());
            assert!(now.is_sorted(), "second {second}: {now:?}");
            assert!(now.iter().zip(&before).all(|(new, old)| new >= old), "second {second}");
            before = now;
        }
        let all = route.all();
        assert_eq!(all.count(), route.good.count() + route.refused.count() + route.failed.count());
        assert!((all.count() as f64 - 3650.0).abs() < 4.0, "{}", all.count());
        assert!((route.failed.count() as f64 - 146.0).abs() < 2.0);
    }

    #[test]
    fn the_distribution_has_the_quantiles_it_claims() {
        assert!((share_within(0.1, 0.1) - 0.5).abs() < 1e-12);
        assert!((share_within(0.2918, 0.1) - 0.95).abs() < 1e-3);
        assert!(share_within(0.0, 0.1).abs() < f64::EPSILON && share_within(-1.0, 0.1).abs() < f64::EPSILON);
        let angle = std::f64::consts::PI / SHAPE;
        assert!((MEAN - angle / angle.sin()).abs() < 2e-3, "{}", angle / angle.sin());
    }
}
