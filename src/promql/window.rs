//! Functions of a window of samples: rates, sums over time, regressions, quantiles.
//!
//! Arithmetic only, after Prometheus's documentation of its functions; stale markers have been taken out before.

use super::ast::Over;
use super::functions::{max, min};
use super::value::Compat;
use crate::units::Timestamp;

/// A sample with its moment.
pub(super) type Sample = (Timestamp, f64);

/// What a function needs to know beside the samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// The ends of the window in milliseconds.
    pub(super) from: i64,
    pub(super) to: i64,
    /// The moment of evaluation.
    pub(super) at: i64,
    /// Scalar arguments.
    pub(super) params: [f64; 2],
    pub(super) compat: Compat,
}

/// The value of `over` for these samples (never empty), if it has one.
pub(super) fn value(over: Over, s: &[Sample], frame: &Frame, scratch: &mut Vec<f64>) -> Option<f64> {
    let (first, last) = (s.first()?, s.last()?);
    let values = || s.iter().map(|s| s.1);
    Some(match over {
        Over::Rate => extrapolated(s, frame, true, Some(seconds(frame.to - frame.from)))?,
        Over::Increase => extrapolated(s, frame, true, None)?,
        Over::Delta => extrapolated(s, frame, false, None)?,
        Over::Irate => instant(s, true)?,
        Over::Idelta => instant(s, false)?,
        Over::Deriv => (s.len() > 1).then(|| regression(s, first.0.millis()).0)?,
        Over::PredictLinear => {
            let (slope, intercept) = (s.len() > 1).then(|| regression(s, frame.at))?;
            slope * frame.params[0] + intercept
        }
        Over::Smooth => smooth(s, frame.params)?,
        Over::Resets => pairs(s).filter(|(a, b)| b < a).count() as f64,
        Over::Changes => pairs(s).filter(|(a, b)| a != b && !(a.is_nan() && b.is_nan())).count() as f64,
        Over::Avg => mean(values()),
        Over::Sum => sum(values()),
        Over::Min => values().skip(1).fold(first.1, |a, b| if b < a || a.is_nan() { b } else { a }),
        Over::Max => values().skip(1).fold(first.1, |a, b| if b > a || a.is_nan() { b } else { a }),
        Over::Count => s.len() as f64,
        Over::First => first.1,
        Over::Last => last.1,
        Over::Present => 1.0,
        Over::Quantile => {
            fill(scratch, values());
            quantile(frame.params[0], scratch)
        }
        Over::Stddev => variance(values()).sqrt(),
        Over::Stdvar => variance(values()),
        Over::Mad if values().any(f64::is_nan) => f64::NAN,
        Over::Mad => {
            fill(scratch, values());
            let median = quantile(0.5, scratch);
            for v in scratch.iter_mut() {
                *v = (*v - median).abs();
            }
            quantile(0.5, scratch)
        }
        Over::TsOfFirst => first.0.seconds(),
        Over::TsOfLast => last.0.seconds(),
        Over::TsOfMin => extreme(s, |new, best| new <= best),
        Over::TsOfMax => extreme(s, |new, best| new >= best),
    })
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn fill(scratch: &mut Vec<f64>, values: impl Iterator<Item = f64>) {
    scratch.clear();
    scratch.extend(values);
}

fn pairs(s: &[Sample]) -> impl Iterator<Item = (f64, f64)> + '_ {
    s.iter().zip(s.iter().skip(1)).map(|(a, b)| (a.1, b.1))
}

fn extreme(s: &[Sample], better: impl Fn(f64, f64) -> bool) -> f64 {
    let mut best = (0.0, f64::NAN);
    for (at, v) in s {
        if best.1.is_nan() || better(*v, best.1) {
            best = (at.seconds(), *v);
        }
    }
    best.0
}

/// `increase` and `delta`: the difference of the ends, counter resets mended, extrapolated to the window's ends; `rate`
/// with the window's length in seconds as `per`. Every step is rounded where Prometheus rounds, so that answers are the
/// same to the last digit.
fn extrapolated(s: &[Sample], frame: &Frame, counter: bool, per: Option<f64>) -> Option<f64> {
    let (first, last) = (s.first()?, s.last()?);
    if s.len() < 2 {
        return None;
    }
    let mut result = last.1 - first.1;
    if counter {
        result = pairs(s).filter(|(a, b)| b < a).fold(result, |sum, (before, _)| sum + before);
    }
    let scale = |factor: f64| per.map_or(factor, |per| factor / per);
    let sampled = seconds(last.0.millis() - first.0.millis());
    let average = sampled / (s.len() - 1) as f64;
    let threshold = average * 1.1;
    let mut to_start = seconds(first.0.millis() - frame.from);
    let mut to_end = seconds(frame.to - last.0.millis());
    // A counter cannot have been negative: it does not reach back further than where it would have been 0.
    let zero = (counter && result > 0.0 && first.1 >= 0.0).then(|| sampled * (first.1 / result));
    if frame.compat == Compat::V2_42 {
        to_start = zero.filter(|z| *z < to_start).unwrap_or(to_start);
        let start = if to_start < threshold { to_start } else { average / 2.0 };
        let end = if to_end < threshold { to_end } else { average / 2.0 };
        return Some(result * scale((sampled + start + end) / sampled));
    }
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    to_start = zero.filter(|z| *z < to_start).unwrap_or(to_start);
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    Some(result * scale((sampled + to_start + to_end) / sampled))
}

/// `irate` and `idelta`: the last two samples.
fn instant(s: &[Sample], rate: bool) -> Option<f64> {
    let [.., before, last] = s else { return None };
    let difference = if rate && last.1 < before.1 { last.1 } else { last.1 - before.1 };
    let interval = last.0.millis() - before.0.millis();
    if interval == 0 {
        return None;
    }
    Some(if rate { difference / seconds(interval) } else { difference })
}

/// Least squares: slope a second, and the value at `intercept` milliseconds.
fn regression(s: &[Sample], intercept: i64) -> (f64, f64) {
    let first = s.first().map_or(f64::NAN, |s| s.1);
    if s.iter().skip(1).all(|(_, v)| *v == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let n = s.len() as f64;
    let (mut x, mut y, mut xy, mut xx) =
        (Kahan::default(), Kahan::default(), Kahan::default(), Kahan::default());
    for (at, v) in s {
        let dx = seconds(at.millis() - intercept);
        x.add(dx);
        y.add(*v);
        xy.add(dx * v);
        xx.add(dx * dx);
    }
    let (x, y, xy, xx) = (x.plain(), y.plain(), xy.plain(), xx.plain());
    let slope = (xy - x * y / n) / (xx - x * x / n);
    (slope, y / n - slope * x / n)
}

/// Double exponential smoothing with smoothing and trend factor.
fn smooth(s: &[Sample], [sf, tf]: [f64; 2]) -> Option<f64> {
    let [first, second, ..] = s else { return None };
    let (mut before, mut now, mut trend) = (0.0, first.1, second.1 - first.1);
    for (i, (_, v)) in s.iter().enumerate().skip(1) {
        if i > 1 {
            trend = tf * (now - before) + (1.0 - tf) * trend;
        }
        let next = sf * v + (1.0 - sf) * (now + trend);
        (before, now) = (now, next);
    }
    Some(now)
}

/// A sum with Neumaier's compensation, as Prometheus 3 adds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kahan {
    pub(super) sum: f64,
    pub(super) carry: f64,
}

impl Kahan {
    #[inline]
    pub(super) fn add(&mut self, v: f64) {
        let total = self.sum + v;
        if total.is_infinite() {
            self.carry = 0.0;
        } else if self.sum.abs() >= v.abs() {
            self.carry += (self.sum - total) + v;
        } else {
            self.carry += (v - total) + self.sum;
        }
        self.sum = total;
    }

    fn plain(self) -> f64 {
        self.sum + self.carry
    }

    pub(super) fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.carry }
    }
}

/// A mean that adds up as long as the sum fits, and goes on incrementally where it overflows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    acc: Kahan,
    count: f64,
    incremental: bool,
}

impl Mean {
    #[inline]
    pub(super) fn add(&mut self, v: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.acc.sum = v;
            return;
        }
        if !self.incremental {
            let mut next = self.acc;
            next.add(v);
            if !next.sum.is_infinite() {
                self.acc = next;
                return;
            }
            self.incremental = true;
            self.acc.sum /= self.count - 1.0;
            self.acc.carry /= self.count - 1.0;
        }
        let q = (self.count - 1.0) / self.count;
        self.acc.sum *= q;
        self.acc.carry *= q;
        self.acc.add(v / self.count);
    }

    pub(super) fn value(self) -> f64 {
        if self.incremental {
            self.acc.plain()
        } else {
            self.acc.sum / self.count + self.acc.carry / self.count
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let mut mean = Mean::default();
    values.for_each(|v| mean.add(v));
    mean.value()
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut acc = Kahan::default();
    values.for_each(|v| acc.add(v));
    acc.total()
}

/// Population variance by Welford's method, compensated.
fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, Kahan::default(), Kahan::default());
    for v in values {
        count += 1.0;
        let delta = v - mean.plain();
        mean.add(delta / count);
        squares.add(delta * (v - mean.plain()));
    }
    squares.plain() / count
}

/// The quantile of `values`, which are sorted on the way: not-a-number is the smallest, neighbours are interpolated.
pub(super) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.total_cmp(b),
    });
    let top = (values.len() - 1) as f64;
    let rank = q * top;
    let low = max(0.0, rank.floor());
    let high = min(top, low + 1.0);
    let weight = rank - rank.floor();
    let at = |i: f64| values.get(i as usize).copied().unwrap_or(f64::NAN);
    at(low) * (1.0 - weight) + at(high) * weight
}
