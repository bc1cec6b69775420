//! Moments and steps as Prometheus's HTTP API takes them, and a few that are easier to type.
//!
//! It is told what "now" is.

use crate::promql::Range;
use crate::units::{Timestamp, parse_duration};
use std::time::Duration;

/// The most steps between the first and the last moment of a range query; Prometheus's limit "11,000 points".
pub const MOST_INTERVALS: u64 = 11_000;

/// The largest moment, in seconds, either side of the epoch: beyond it milliseconds do not fit.
const FARTHEST: f64 = 9.2e15;

/// What is asked for: one moment, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// An instant query.
    At(Timestamp),
    /// A range query.
    Over(Range),
}

impl Window {
    /// The moment that samples without a timestamp get: the last one that is evaluated.
    pub fn last(&self) -> Timestamp {
        match self {
            Self::At(at) => *at,
            Self::Over(range) => {
                let step = i64::try_from(range.step.as_millis()).unwrap_or(i64::MAX).max(1);
                let span = range.end.millis().saturating_sub(range.start.millis()).max(0);
                Timestamp::from_millis(range.start.millis().saturating_add(span / step * step))
            }
        }
    }

    /// The first moment that is evaluated.
    pub fn first(&self) -> Timestamp {
        match self {
            Self::At(at) => *at,
            Self::Over(range) => range.start,
        }
    }

    /// A range of moments, if it is one that can be asked for.
    ///
    /// # Errors
    /// A sentence with the remedy.
    pub fn over(start: Timestamp, end: Timestamp, step: Option<Duration>) -> Result<Self, String> {
        if end < start {
            return Err(format!("--end ({end}) is before --start ({start})"));
        }
        let step = step.unwrap_or_else(|| default_step(start, end));
        let span = end.since(start);
        let intervals = span.as_millis() / step.as_millis().max(1);
        if intervals > u128::from(MOST_INTERVALS) {
            let least = span.as_millis().div_ceil(u128::from(MOST_INTERVALS));
            let least = Duration::from_millis(u64::try_from(least).unwrap_or(u64::MAX));
            return Err(format!(
                "{} steps are more than the {MOST_INTERVALS} that one query may have: \
                 take a shorter range, or --step {} or longer",
                intervals + 1,
                crate::units::format_duration(least)
            ));
        }
        Ok(Self::Over(Range { start, end, step }))
    }
}

/// The step where none is given: a 250th of the range in whole seconds, at least one, as in Prometheus's own pages.
pub fn default_step(start: Timestamp, end: Timestamp) -> Duration {
    Duration::from_secs((end.since(start).as_secs() / 250).max(1))
}

/// Reads a moment: Unix seconds with a fraction, RFC 3339, `now`, or `now-1h30m`; to the millisecond.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    let wrong = || {
        format!(
            "\"{}\" is not a moment: write Unix seconds (1700000000.5), RFC 3339 (2023-11-14T22:13:20Z), now or now-1h",
            crate::text::Clean::new(text)
        )
    };
    if let Some(rest) = text.strip_prefix("now") {
        return match rest.trim_start().split_at_checked(1) {
            None => Ok(now),
            Some(("-", span)) => parse_duration(span).map(|span| now - span),
            Some(("+", span)) => parse_duration(span).map(|span| now + span),
            Some(_) => Err(wrong()),
        };
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return if seconds.is_finite() && seconds.abs() <= FARTHEST {
            Ok(from_seconds(seconds))
        } else {
            Err(wrong())
        };
    }
    let moment: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    // Prometheus drops what is below a millisecond; so the milliseconds are rounded down.
    Ok(Timestamp::from_millis(moment.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MAX)))
}

/// Seconds as Prometheus reads them (`parseTime`): the fraction is rounded to the millisecond, then cut to the
/// nanosecond and to the millisecond, in floats as there.
fn from_seconds(seconds: f64) -> Timestamp {
    let fraction = (seconds.fract() * 1000.0).round() / 1000.0;
    let nanoseconds = (fraction * 1e9) as i64;
    Timestamp::from_millis((seconds.trunc() as i64).saturating_mul(1000) + nanoseconds.div_euclid(1_000_000))
}

/// Reads a step: seconds with a fraction, or a duration; at least a millisecond.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_step(text: &str) -> Result<Duration, String> {
    let step = match text.trim().parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && (0.0..=FARTHEST).contains(&seconds) => {
            // Cut, not rounded, as in Prometheus (`parseDuration`): 33.3 s are 33,299 ms.
            Duration::from_millis((seconds * 1e9) as u64 / 1_000_000)
        }
        Ok(_) => return Err(format!("\"{text}\" is not a step: write 15, 0.5, 15s or 1m")),
        Err(_) => parse_duration(text)?,
    };
    if step.is_zero() { Err("a step must be at least 1ms".to_owned()) } else { Ok(step) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

    #[test]
    fn moments_are_read_to_the_millisecond() {
        for (text, ms) in [
            ("0", Some(0)),
            ("-1.5", Some(-1_500)),
            ("1700000000.0005", Some(1_700_000_000_000)),
            ("1700000000.007", Some(1_700_000_000_007)),
            ("1.7e9", Some(1_700_000_000_000)),
            ("1970-01-01T00:00:01.5Z", Some(1_500)),
            ("2023-11-14T23:13:20+01:00", Some(1_700_000_000_000)),
            ("1969-12-31T23:59:59.9999Z", Some(-1)),
            ("now", Some(1_700_000_000_123)),
            ("now-1h", Some(1_699_996_400_123)),
            ("now + 1s", Some(1_700_000_001_123)),
            ("now+1s", Some(1_700_000_001_123)),
            ("nowish", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("", None),
            ("2023-11-14T22:13:20", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_moment(text, NOW).ok().map(Timestamp::millis), ms, "{text}");
        }
    }

    #[test]
    fn steps_are_seconds_or_durations() {
        for (text, ms) in [
            ("15", Some(15_000)),
            ("0.25", Some(250)),
            ("33.3", Some(33_299)),
            ("1m30s", Some(90_000)),
            ("0", None),
            ("0.0001", None),
            ("-5", None),
            ("NaN", None),
            ("x", None),
        ] {
            assert_eq!(parse_step(text).ok().map(|step| step.as_millis()), ms, "{text}");
        }
    }

    #[test]
    fn a_range_has_a_default_step_and_a_limit() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let step = |end: i64| default_step(at(0), at(end)).as_secs();
        assert_eq!([step(10), step(3_600), step(86_400)], [1, 14, 345]);
        let second = Some(Duration::from_secs(1));
        assert!(Window::over(at(0), at(11_000), second).is_ok());
        let refused = Window::over(at(0), at(11_001), second).unwrap_err();
        assert!(refused.contains("11002 steps") && refused.contains("--step 1s1ms"), "{refused}");
        assert!(Window::over(at(1), at(0), second).is_err());
        let window = Window::over(at(0), at(10), Some(Duration::from_secs(4))).unwrap();
        assert_eq!(window.last(), at(8));
    }
}
