//! Working time: when does a wait of so many working days end? Zones and civil days are jiff's.

use crate::config::incident::Wait;
use crate::units::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::time::Duration;

/// The most civil days that are looked at for the end of a wait: ten years.
const MOST_DAYS: u32 = 3_660;

/// When people work.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The zone of the hours.
    pub zone: TimeZone,
    /// Working days, Monday first.
    pub days: [bool; 7],
    /// When the day begins.
    pub from: Time,
    /// When it ends, later than `from`.
    pub to: Time,
    /// Dates on which nobody works.
    pub holidays: BTreeSet<Date>,
}

impl Default for Calendar {
    /// Monday to Friday, 09:00 to 17:00 UTC.
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
            days: [true, true, true, true, true, false, false],
            from: Time::constant(9, 0, 0, 0),
            to: Time::constant(17, 0, 0, 0),
            holidays: BTreeSet::new(),
        }
    }
}

impl Calendar {
    /// The end of a wait that begins at `start`.
    ///
    /// A working day is as much working time as one day's hours hold: what is opened on Monday at 11:00 and has one
    /// working day is due on Tuesday at 11:00; what is opened on Saturday, at the end of Monday.
    pub fn after(&self, start: Timestamp, wait: Wait) -> Timestamp {
        match wait {
            Wait::Clock(duration) => start + duration,
            Wait::WorkingDays(days) => {
                let plain = start + Duration::from_secs(86_400) * days;
                self.working(start, days).unwrap_or(plain)
            }
        }
    }

    /// Is this moment within working hours?
    pub fn is_open(&self, at: Timestamp) -> bool {
        let date =
            jiff::Timestamp::from_millisecond(at.millis()).map(|t| t.to_zoned(self.zone.clone()).date());
        date.ok().and_then(|date| self.hours(date)).is_some_and(|(open, close)| (open..close).contains(&at))
    }

    /// None: the calendar has no working day within ten years, or the moment lies outside of all calendars.
    fn working(&self, start: Timestamp, days: u32) -> Option<Timestamp> {
        let day = self.from.until(self.to).ok()?.total(jiff::Unit::Second).ok()?;
        let mut left = Duration::from_secs_f64(day.max(0.0)) * days;
        let moment = jiff::Timestamp::from_millisecond(start.millis()).ok()?;
        let mut date = moment.to_zoned(self.zone.clone()).date();
        for _ in 0..MOST_DAYS {
            if let Some((open, close)) = self.hours(date) {
                let begin = open.max(start);
                let room = close.since(begin);
                if left <= room {
                    return Some(begin + left);
                }
                left -= room;
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The working hours of a date.
    fn hours(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
        if !*self.days.get(weekday)? || self.holidays.contains(&date) {
            return None;
        }
        let moment = |time: Time| {
            let zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
            Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
        };
        Some((moment(self.from)?, moment(self.to)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_working_day_is_a_days_worth_of_working_hours() {
        let utc = Calendar::default();
        let berlin = Calendar {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            holidays: BTreeSet::from(["2025-12-25".parse().unwrap(), "2025-12-26".parse().unwrap()]),
            ..Calendar::default()
        };
        let never = Calendar { days: [false; 7], ..Calendar::default() };
        for (calendar, start, days, end) in [
            // Within a day: the same hour of the next one.
            (&utc, "2025-10-06T11:00:00Z", 1, "2025-10-07T11:00:00Z"),
            (&utc, "2025-10-06T11:00:00Z", 2, "2025-10-08T11:00:00Z"),
            // Before and after hours, and at their very edges.
            (&utc, "2025-10-06T03:00:00Z", 1, "2025-10-06T17:00:00Z"),
            (&utc, "2025-10-06T09:00:00Z", 1, "2025-10-06T17:00:00Z"),
            (&utc, "2025-10-06T17:00:00Z", 1, "2025-10-07T17:00:00Z"),
            (&utc, "2025-10-06T22:00:00Z", 1, "2025-10-07T17:00:00Z"),
            // Over a weekend.
            (&utc, "2025-10-03T16:00:00Z", 1, "2025-10-06T16:00:00Z"),
            (&utc, "2025-10-04T12:00:00Z", 1, "2025-10-06T17:00:00Z"),
            // Over holidays and a weekend: Wednesday 24th, then Monday 29th.
            (&berlin, "2025-12-24T13:00:00Z", 1, "2025-12-29T13:00:00Z"),
            // Over the end of summer time: the same hour in Berlin is another one in UTC.
            (&berlin, "2025-10-24T08:00:00Z", 1, "2025-10-27T09:00:00Z"),
            // Nobody ever works: by the clock.
            (&never, "2025-10-06T11:00:00Z", 2, "2025-10-08T11:00:00Z"),
        ] {
            let found = calendar.after(at(start), Wait::WorkingDays(days));
            assert_eq!(found.to_string(), at(end).to_string(), "{start} + {days}");
        }
        assert_eq!(
            utc.after(at("2025-10-04T12:00:00Z"), Wait::Clock(Duration::from_secs(900))),
            at("2025-10-04T12:15:00Z")
        );
        assert!(utc.is_open(at("2025-10-06T09:00:00Z")) && !utc.is_open(at("2025-10-06T17:00:00Z")));
        assert!(!utc.is_open(at("2025-10-05T12:00:00Z")));
        // Moments outside of every calendar are no reason to panic.
        for ms in [i64::MIN, i64::MAX] {
            let _ = utc.after(Timestamp::from_millis(ms), Wait::WorkingDays(2));
            assert!(!utc.is_open(Timestamp::from_millis(ms)));
        }
    }
}
