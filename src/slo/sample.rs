//! Objectives over expressions that are no plain sums of counters: evaluated by the minute or by the slice.
//!
//! Such figures are estimates, and are called so (`assess`).

use super::spec::Sli;
use super::track::Track;
use super::window::MINUTE_MS;
use crate::promql::{self, Options, Value};
use crate::store::Store;
use crate::units::Timestamp;
use std::sync::Arc;

/// So many moments are evaluated in one unit of work,
const MOMENTS_A_UNIT: usize = 4;
/// and no further one once so many samples were read: some 0.5 ms.
const READ_A_UNIT: u64 = 10_000;
/// So far back an expression is evaluated after a pause: what the store still knows.
const CATCH_UP_MS: i64 = 30 * MINUTE_MS;

/// Valid and bad events, if the expressions gave any, and how many samples were read for it.
type Sampled = (Option<(f64, f64)>, u64);

impl Track {
    /// How far apart the moments are at which expressions are sampled: milliseconds.
    fn step(&self) -> i64 {
        match &self.slo.sli {
            Sli::Slices { length, .. } => (length.as_millis() as i64).max(MINUTE_MS),
            _ => MINUTE_MS,
        }
    }

    /// Minutes up to this one were counted by an earlier run: their moments are not sampled once more, now that the
    /// samples of that time may be known again.
    pub(super) fn sampled_before(&mut self, minute: i64) {
        let step = self.step();
        let next = ((minute + 1) * MINUTE_MS).div_euclid(step) * step + step;
        self.next_sample = self.next_sample.max(next);
    }

    /// Evaluates the expressions at some of the moments that have passed since the last time; true once it is done.
    pub(super) fn sample(&mut self, store: &Store, at: Timestamp) -> bool {
        let slo = Arc::clone(&self.slo);
        let step = self.step();
        let earliest = (at.millis() - CATCH_UP_MS).div_euclid(step) * step + step;
        self.next_sample = self.next_sample.max(earliest);
        let mut read = 0;
        for _ in 0..MOMENTS_A_UNIT {
            if self.next_sample > at.millis() {
                self.forget(at);
                return true;
            }
            let moment = Timestamp::from_millis(self.next_sample);
            match sampled(store, &slo.sli, moment) {
                Ok((events, touched)) => {
                    read += touched;
                    if let Some((total, bad)) = events {
                        let minute = (self.next_sample - 1).div_euclid(MINUTE_MS);
                        self.minutes.add_events(minute, total, bad);
                        self.minutes.cover(self.next_sample - step, self.next_sample, false);
                        self.trouble = None;
                    }
                }
                Err(error) => self.trouble = Some(error),
            }
            self.next_sample += step;
            if read >= READ_A_UNIT {
                break;
            }
        }
        false
    }
}

/// What came of the minute or slice that ends at `at`; nothing where the expressions give nothing.
fn sampled(store: &Store, sli: &Sli, at: Timestamp) -> Result<Sampled, String> {
    let options = Options::default();
    let mut read = 0;
    let mut values = |expr: &promql::Expr| -> Result<Vec<f64>, String> {
        let answer = promql::eval(store, expr, at, &options).map_err(|error| error.to_string())?;
        read += answer.touched;
        Ok(match answer.value {
            Value::Scalar(value) => vec![value],
            Value::Vector(points) => points.into_iter().map(|point| point.value).collect(),
            _ => Vec::new(),
        })
    };
    let mut sum = |expr: &promql::Expr| -> Result<Option<f64>, String> {
        let values = values(expr)?;
        let known = values.iter().filter(|value| value.is_finite());
        Ok((known.clone().count() > 0).then(|| known.sum::<f64>().max(0.0)))
    };
    let events = match sli {
        Sli::Rates { bad, inverted, total, per_minute } => match (sum(bad)?, total) {
            // A ratio alone: the minute is the event.
            (part, None) => {
                let bad = part.map(|ratio| if *inverted { 1.0 - ratio } else { ratio }.clamp(0.0, 1.0));
                bad.map(|bad| (1.0, bad))
            }
            (part, Some(total)) => sum(total)?.map(|total| {
                let part = part.unwrap_or(0.0);
                let bad = if *inverted { (total - part).max(0.0) } else { part };
                (total * per_minute, bad * per_minute)
            }),
        },
        Sli::Slices { expr, .. } => {
            let values = values(expr)?;
            let known: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
            let bad = known.iter().filter(|value| **value < 1.0).count();
            (!known.is_empty()).then_some((known.len() as f64, bad as f64))
        }
        Sli::Counts(_) | Sli::Latency { .. } => None,
    };
    Ok((events, read))
}
