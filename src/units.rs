//! Times, durations, sizes and numbers: each is read and written in one way, here.
//!
//! Nothing in this room asks for the time; it only knows how to hold it.

use std::fmt::{self, Write as _};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: milliseconds since the Unix epoch, as Prometheus keeps it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `ms` milliseconds after the epoch (negative: before it).
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// The moment `seconds` after the epoch, rounded to the millisecond.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, with the fraction.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// How long ago `earlier` was, or zero if it is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The start of the `step` that contains this moment, counted from the epoch.
    #[must_use]
    pub fn floor_to(self, step: Duration) -> Self {
        let step = (step.as_millis() as i64).max(1);
        Self(self.0.div_euclid(step) * step)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

const UNITS_MS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration as Prometheus writes it: `15s`, `1h30m`, `250ms`, `30d`, `0`.
///
/// Units come largest first, each at most once.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a duration: write it as 250ms, 15s, 5m, 1h30m or 30d");
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut total, mut next_unit) = (text, 0_u64, 0_usize);
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let (number, unit) = (&rest[..digits], &rest[digits..digits + letters]);
        let position = UNITS_MS.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
        if position < next_unit {
            return Err(wrong());
        }
        next_unit = position + 1;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        total = number
            .checked_mul(UNITS_MS[position].1)
            .and_then(|ms| total.checked_add(ms))
            .ok_or_else(wrong)?;
        rest = &rest[digits + letters..];
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration so that [`parse_duration`] reads the same one back.
pub fn format_duration(duration: Duration) -> String {
    let mut ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (unit, size) in UNITS_MS {
        // Weeks and years only when they come out even, as Prometheus does.
        let coarse = matches!(unit, "y" | "w");
        if ms >= size && (!coarse || ms % size == 0) {
            let _ = write!(out, "{}{unit}", ms / size);
            ms %= size;
        }
    }
    out
}

/// Reads a size in bytes: `512`, `64KiB`, `16MiB`, `1GiB` (also `kB`, `MB`, `GB` in powers of ten).
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is not a size: write it as 65536, 64KiB, 16MiB or 1GiB");
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = trimmed[..digits].parse().map_err(|_| wrong())?;
    let factor = match trimmed[digits..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

impl Timestamp {
    /// As people read it in a sentence: `2025-10-03 10:04:05 UTC`.
    pub fn clock(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.to_string(), |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, to the second (milliseconds where there are any).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_prometheus_does() {
        for (text, ms) in [
            ("15s", 15_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("30d", 30 * 86_400_000),
            ("1w", 7 * 86_400_000),
            ("1y", 365 * 86_400_000),
            ("1m500ms", 60_500),
        ] {
            let read = parse_duration(text).unwrap();
            assert_eq!(read.as_millis(), ms, "{text}");
            assert_eq!(parse_duration(&format_duration(read)).unwrap(), read, "{text}");
        }
        for bad in ["", "15", "s", "1m1h", "1s1s", "-5s", "1.5h", "5 m", "99999999999999999999s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_duration("0").unwrap(), Duration::ZERO);
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("512", 512), ("64KiB", 65_536), ("16MiB", 16 << 20), ("1 GiB", 1 << 30), ("2MB", 2_000_000)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "MiB", "1.5MiB", "-1", "99999999999GiB", "1XB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_moment_in_a_sentence_has_no_milliseconds() {
        for (ms, text) in [
            (1_759_485_845_123, "2025-10-03 10:04:05 UTC"),
            (0, "1970-01-01 00:00:00 UTC"),
            (i64::MAX, "9223372036854775807 ms"),
        ] {
            assert_eq!(Timestamp::from_millis(ms).clock(), text);
        }
    }

    #[test]
    fn a_moment_floors_to_its_step_also_before_the_epoch() {
        let step = Duration::from_secs(15);
        assert_eq!(Timestamp::from_millis(31_000).floor_to(step).millis(), 30_000);
        assert_eq!(Timestamp::from_millis(-1).floor_to(step).millis(), -15_000);
    }
}
