//! How many messages a channel takes in how long.

use crate::units::{Timestamp, format_duration, parse_duration};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many messages in so long, all at once if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Messages.
    pub count: u32,
    /// In which time.
    pub per: Duration,
}

/// The longest time of a rate.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The most messages of a rate.
const MOST: u32 = 1000;

impl FromStr for Rate {
    type Err = String;

    /// Reads `10/5m`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is no rate: write it as 10/5m".to_owned();
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        let per = parse_duration(per).map_err(|_| wrong())?;
        if !(1..=MOST).contains(&count) || !(Duration::from_secs(1)..=LONGEST).contains(&per) {
            return Err(format!("must lie between 1/24h and {MOST}/1s"));
        }
        Ok(Self { count, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, format_duration(self.per))
    }
}

/// A token bucket, kept as the moment at which it would be full again (the generic cell rate algorithm, ITU-T I.371).
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: Rate,
    full_at: Timestamp,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: Timestamp::from_millis(i64::MIN) }
    }

    /// Follows another rate; what was taken stays taken.
    pub fn set(&mut self, rate: Rate) {
        self.rate = rate;
    }

    fn step(&self) -> Duration {
        self.rate.per / self.rate.count.max(1)
    }

    /// Takes a token if there is one. What is urgent may overdraw the bucket by as much again.
    pub fn take(&mut self, at: Timestamp, urgent: bool) -> bool {
        // The clock may have been set back: the bucket is never fuller than full, nor emptier than overdrawn.
        self.full_at = self.full_at.min(at + self.rate.per * 2);
        if self.free_at(urgent) > at {
            return false;
        }
        self.full_at = self.full_at.max(at) + self.step();
        true
    }

    /// From when on there is a token.
    pub fn free_at(&self, urgent: bool) -> Timestamp {
        let room = self.rate.per.saturating_sub(self.step());
        self.full_at - if urgent { room + self.rate.per } else { room }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_written() {
        for text in ["10/5m", "1/1s", "1000/1d", "3/1h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for bad in ["", "10", "/5m", "0/5m", "10/0", "10/5", "-1/5m", "1001/5m", "1/2d", "1.5/5m", "10/5m/2"]
        {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    /// The rate, then (second, urgent, is it let through).
    type Row = (&'static str, &'static [(i64, bool, bool)]);

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_one_by_one() {
        let rows: [Row; 5] = [
            (
                "2/10s",
                &[(0, false, true), (0, false, true), (0, false, false), (4, false, false), (5, false, true)],
            ),
            (
                "2/10s",
                &[
                    (0, false, true),
                    (0, false, true),
                    (100, false, true),
                    (100, false, true),
                    (100, false, false),
                ],
            ),
            ("1/10s", &[(0, false, true), (9, false, false), (10, false, true)]),
            // Urgent ones overdraw by as much again, then wait as well; and the debt is paid.
            (
                "2/10s",
                &[
                    (0, false, true),
                    (0, false, true),
                    (0, true, true),
                    (0, true, true),
                    (0, true, false),
                    (10, false, false),
                    (15, false, true),
                ],
            ),
            // A clock that is set back by a day does not silence the channel for a day.
            ("1/10s", &[(86_400, false, true), (0, false, false), (20, false, true)]),
        ];
        for (rate, steps) in rows {
            let mut bucket = Bucket::new(rate.parse().unwrap());
            for (number, (second, urgent, through)) in steps.iter().enumerate() {
                let at = Timestamp::from_millis(second * 1000);
                assert_eq!(bucket.take(at, *urgent), *through, "{rate}, step {number}");
            }
        }
    }
}
