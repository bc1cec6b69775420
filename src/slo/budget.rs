//! The arithmetic of error budgets. Pure functions of numbers: no series, no time of day.
//!
//! Formulas are those of the Site Reliability Workbook, chapter 5 ("Alerting on SLOs"). A budget that is overspent is a
//! negative one: nothing here is clamped at zero.

use std::time::Duration;

/// The share of events that may be bad: `1 - objective`, free of the noise of binary fractions.
pub fn budget_ratio(objective: f64) -> f64 {
    ((1.0 - objective) * 1e12).round() / 1e12
}

/// How many times as fast as allowed the budget is spent: `(bad / total) / (1 - objective)`. Nothing without traffic.
pub fn burn(bad: f64, total: f64, objective: f64) -> Option<f64> {
    (total > 0.0).then(|| bad / total / budget_ratio(objective))
}

/// How long a full outage may last within `period`.
pub fn allowed_time(objective: f64, period: Duration) -> Duration {
    period.mul_f64(budget_ratio(objective).clamp(0.0, 1.0))
}

/// The factor at which `share` of the budget of `period` is spent within `long`.
pub fn factor(share: f64, period: Duration, long: Duration) -> f64 {
    share * period.as_secs_f64() / long.as_secs_f64()
}

/// The share of the budget of `period` that is gone when a row with this `factor` and window fires.
pub fn spent_when_fired(factor: f64, long: Duration, period: Duration) -> f64 {
    factor * long.as_secs_f64() / period.as_secs_f64()
}

/// How long errors at `error_ratio` last before a row fires: `(1 - objective) / error_ratio * long * factor`. Nothing if
/// they never make it fire.
pub fn detection(objective: f64, error_ratio: f64, factor: f64, long: Duration) -> Option<Duration> {
    let share = budget_ratio(objective) * factor / error_ratio;
    (error_ratio > 0.0 && share < 1.0).then(|| long.mul_f64(share))
}

/// The fewest events in a window with which a single bad one cannot make a row fire: `1 / (factor * (1 - objective))`,
/// rounded up.
pub fn fewest_events(factor: f64, objective: f64) -> f64 {
    // A hair is taken off, so that 2000.0000000001 is 2000.
    (1.0 / (factor * budget_ratio(objective)) - 1e-6).ceil()
}

/// Can a row fire at all? Only if the error ratio that it asks for is below 1.
pub fn reachable(factor: f64, objective: f64) -> bool {
    factor * budget_ratio(objective) < 1.0 - 1e-12
}

/// When the budget will be gone.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "seconds")]
pub enum Exhaustion {
    /// Not within the window, at this rate.
    NotOnTrack,
    /// In so many seconds, at this rate. An estimate: in a rolling window old errors expire as well.
    In(f64),
    /// It is gone already: over by so many seconds of full outage.
    OverBy(f64),
    /// Nothing is known of the rate.
    Unknown,
}

/// Time to exhaustion: `remaining * period / burn`. A burn of 1 or less is not on track to exhaust the budget.
pub fn exhaustion(remaining: f64, burn: Option<f64>, objective: f64, period: Duration) -> Exhaustion {
    if remaining < 0.0 {
        return Exhaustion::OverBy(-remaining * budget_ratio(objective) * period.as_secs_f64());
    }
    match burn {
        None => Exhaustion::Unknown,
        Some(burn) if burn <= 1.0 => Exhaustion::NotOnTrack,
        Some(burn) => Exhaustion::In(remaining * period.as_secs_f64() / burn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn the_worked_examples_of_the_workbook() {
        let month = DAY * 30;
        assert_eq!(allowed_time(0.9995, month), Duration::from_secs(1296), "21.6 min");
        assert!((allowed_time(0.9995, DAY * 28).as_secs_f64() - 20.16 * 60.0).abs() < 1e-6);
        // share, long in hours, factor at 30 and 28 days, error ratio in %, seconds to detect an outage, fewest events
        for (share, hours, f30, f28, error, detected, fewest) in [
            (0.02, 1, 14.4, 13.44, 0.72, 26.0, 139.0),
            (0.05, 6, 6.0, 5.6, 0.30, 65.0, 334.0),
            (0.10, 24, 3.0, 2.8, 0.15, 130.0, 667.0),
            (0.10, 72, 1.0, 0.933_333, 0.05, 130.0, 2000.0),
        ] {
            let long = Duration::from_secs(3600 * hours);
            let f = factor(share, month, long);
            assert!((f - f30).abs() < 1e-9 && (factor(share, DAY * 28, long) - f28).abs() < 1e-6, "{hours}");
            assert!((f * budget_ratio(0.9995) * 100.0 - error).abs() < 1e-9, "{hours}");
            let seconds = detection(0.9995, 1.0, f, long).unwrap().as_secs_f64();
            assert!((seconds - detected).abs() < 0.5, "{hours}: {seconds}");
            assert!((fewest_events(f, 0.9995) - fewest).abs() < f64::EPSILON, "{hours}");
            assert!((spent_when_fired(f, long, month) - share).abs() < 1e-12);
        }
        assert_eq!(burn(1.0, 2000.0, 0.9995), Some(1.0), "one bad of 2,000");
        assert!((burn(5.0, 5.0, 0.9995).unwrap() - 2000.0).abs() < 1e-6, "a full outage burns 2,000 times");
        assert_eq!(burn(0.0, 0.0, 0.9995), None, "no traffic is neither 100 % nor 0");
        assert!((burn(18.0, 25.0, 0.95).unwrap() - 14.4).abs() < 1e-9, "72 % slow is 14.4 times of 5 %");
    }

    #[test]
    fn rows_that_can_never_fire_are_told() {
        for (factor, objective, can) in [
            (14.4, 0.95, true),
            (20.0, 0.95, false),
            (14.4, 0.9, false),
            (14.4, 0.9995, true),
            (10.0, 0.9, false),
        ] {
            assert_eq!(reachable(factor, objective), can, "{factor} {objective}");
        }
        assert_eq!(detection(0.9995, 0.0005, 14.4, DAY), None, "a ratio below the threshold never fires");
    }

    #[test]
    fn exhaustion_is_an_estimate_and_never_clamped() {
        let month = DAY * 30;
        for (remaining, burn, expected) in [
            (0.5, Some(1.0), Exhaustion::NotOnTrack),
            (0.5, None, Exhaustion::Unknown),
            (0.5, Some(15.0), Exhaustion::In(86_400.0)),
            (-0.5, Some(0.0), Exhaustion::OverBy(648.0)),
            (0.0, Some(2.0), Exhaustion::In(0.0)),
        ] {
            let told = exhaustion(remaining, burn, 0.9995, month);
            let same = match (told, expected) {
                (Exhaustion::In(a), Exhaustion::In(b)) | (Exhaustion::OverBy(a), Exhaustion::OverBy(b)) => {
                    (a - b).abs() < 1e-6
                }
                (a, b) => a == b,
            };
            assert!(same, "{told:?} {expected:?}");
        }
    }
}
