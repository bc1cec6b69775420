//! Over which time an objective holds, and which times do not count. Knows zones and calendars, no clock.

use crate::units::{Timestamp, format_duration};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use std::time::Duration;

/// A minute in milliseconds: the resolution at which events are kept.
pub(super) const MINUTE_MS: i64 = 60_000;

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// From Monday on.
    Week,
    /// From the first on.
    Month,
    /// From the first of January, April, July or October on.
    Quarter,
}

impl Period {
    /// All with their words.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Week, "week"), (Self::Month, "month"), (Self::Quarter, "quarter")];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(period, _)| *period == self).map_or("", |(_, word)| word)
    }

    fn start(self, day: Date) -> Date {
        let first = |month: i8| Date::new(day.year(), month, 1).unwrap_or(day);
        match self {
            Self::Week => {
                let back = i64::from(day.weekday().since(Weekday::Monday));
                day.checked_sub(back.days()).unwrap_or(day)
            }
            Self::Month => first(day.month()),
            Self::Quarter => first((day.month() - 1) / 3 * 3 + 1),
        }
    }

    fn next(self, start: Date) -> Date {
        let span = match self {
            Self::Week => 7.days(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
        };
        start.checked_add(span).unwrap_or(start)
    }
}

/// Over which time an objective holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// The time of this length that ends now.
    Rolling(Duration),
    /// The running week, month or quarter.
    Calendar {
        /// Which.
        period: Period,
        /// Whose midnight counts.
        zone: TimeZone,
    },
}

impl Window {
    /// The window that holds `at`: its beginning, on a whole minute, and its end (`at` itself for a rolling one).
    pub fn bounds(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            Self::Rolling(length) => ((at - *length).floor_to(Duration::from_secs(60)), at),
            Self::Calendar { period, zone } => calendar(*period, zone, at).unwrap_or((at, at)),
        }
    }

    /// How long the whole window is; a calendar's depends on the moment.
    pub fn length(&self, at: Timestamp) -> Duration {
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar { .. } => {
                let (from, to) = self.bounds(at);
                to.since(from)
            }
        }
    }

    /// How long the window can be at most.
    pub fn longest(&self) -> Duration {
        let days = |days: u64| Duration::from_secs(days * 86_400 + 3_600);
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar { period: Period::Week, .. } => days(7),
            Self::Calendar { period: Period::Month, .. } => days(31),
            Self::Calendar { period: Period::Quarter, .. } => days(92),
        }
    }

    /// For people: `30d`, `month (Europe/Berlin)`.
    pub fn text(&self) -> String {
        match self {
            // People say 28d, and not 4w.
            Self::Rolling(length) if length.as_secs() % 86_400 == 0 => {
                format!("{}d", length.as_secs() / 86_400)
            }
            Self::Rolling(length) => format_duration(*length),
            Self::Calendar { period, zone } => {
                format!("{} ({})", period.word(), zone.iana_name().unwrap_or("UTC"))
            }
        }
    }
}

fn calendar(period: Period, zone: &TimeZone, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let now = zoned(at, zone)?;
    let start = period.start(now.date());
    let moment = |day: Date| {
        let midnight = day.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
        Some(Timestamp::from_millis(midnight.timestamp().as_millisecond()))
    };
    Some((moment(start)?, moment(period.next(start))?))
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()))
}

/// A time that does not count: what happens in it is neither good nor bad.
#[derive(Clone, Debug, PartialEq)]
pub enum Maintenance {
    /// Once, from and to.
    Once(Timestamp, Timestamp),
    /// Every week.
    Weekly {
        /// It begins then.
        from: (Weekday, Time),
        /// It ends then.
        to: (Weekday, Time),
        /// In this zone.
        zone: TimeZone,
    },
}

impl Maintenance {
    /// Reads `2026-05-01T10:00Z - 2026-05-01T12:00Z` or `Sun 02:00 - Sun 04:00 Europe/Berlin`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is no time span: write it as Sun 02:00 - Sun 04:00 Europe/Berlin, or \
             2026-05-01T10:00:00Z - 2026-05-01T12:00:00Z"
                .to_owned()
        };
        let parts: Vec<&str> = text.split_whitespace().collect();
        match parts[..] {
            [from, "-", to] => {
                let moment = |text: &str| text.parse::<jiff::Timestamp>().map_err(|_| wrong());
                let (from, to) = (moment(from)?, moment(to)?);
                if to <= from {
                    return Err("ends before it begins".to_owned());
                }
                let ours = |moment: jiff::Timestamp| Timestamp::from_millis(moment.as_millisecond());
                Ok(Self::Once(ours(from), ours(to)))
            }
            [day1, time1, "-", day2, time2, zone] => {
                let time = |text: &str| text.parse::<Time>().map_err(|_| wrong());
                let day = |text| weekday(text).ok_or_else(wrong);
                let found = TimeZone::get(zone)
                    .map_err(|_| format!("there is no time zone \"{}\"", crate::text::clean(zone)))?;
                Ok(Self::Weekly {
                    from: (day(day1)?, time(time1)?),
                    to: (day(day2)?, time(time2)?),
                    zone: found,
                })
            }
            _ => Err(wrong()),
        }
    }

    /// The times of `[from, to]` that do not count, oldest first.
    pub fn within(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut out = Vec::new();
        match self {
            Self::Once(start, end) => out.push((*start, *end)),
            Self::Weekly { from: (day, time), to: (end_day, end_time), zone } => {
                // A week before the window, since a span may reach into it.
                let Some(first) = zoned(from - Duration::from_secs(8 * 86_400), zone) else { return out };
                let back = i64::from(first.date().weekday().since(*day));
                let mut date = first.date().checked_sub(back.days()).unwrap_or(first.date());
                let mut length = i64::from(end_day.since(*day));
                if length == 0 && end_time <= time {
                    length = 7;
                }
                // A window is a quarter at most: 16 weeks are more than enough.
                for _ in 0..64 {
                    let moment = |date: Date, time: Time| {
                        let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
                        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
                    };
                    let end = date.checked_add(length.days()).unwrap_or(date);
                    let (Some(start), Some(end)) = (moment(date, *time), moment(end, *end_time)) else {
                        break;
                    };
                    if start > to {
                        break;
                    }
                    out.push((start, end));
                    let Ok(next) = date.checked_add(7.days()) else { break };
                    date = next;
                }
            }
        }
        out.retain(|(start, end)| *end > from && *start < to);
        out
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    let days = [
        ("Mon", Weekday::Monday),
        ("Tue", Weekday::Tuesday),
        ("Wed", Weekday::Wednesday),
        ("Thu", Weekday::Thursday),
        ("Fri", Weekday::Friday),
        ("Sat", Weekday::Saturday),
        ("Sun", Weekday::Sunday),
    ];
    days.iter().find(|(name, _)| *name == text).map(|(_, day)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn calendar_windows_follow_the_zone_through_summer_time() {
        for (period, zone, now, from, to, hours) in [
            (
                Period::Month,
                "UTC",
                "2026-02-10T12:00:00Z",
                "2026-02-01T00:00:00Z",
                "2026-03-01T00:00:00Z",
                672,
            ),
            // Clocks go forward on 29 March in Berlin: an hour less.
            (
                Period::Month,
                "Europe/Berlin",
                "2026-03-15T12:00:00Z",
                "2026-02-28T23:00:00Z",
                "2026-03-31T22:00:00Z",
                743,
            ),
            (
                Period::Week,
                "Europe/Berlin",
                "2026-03-29T12:00:00Z",
                "2026-03-22T23:00:00Z",
                "2026-03-29T22:00:00Z",
                167,
            ),
            // And back on 25 October: an hour more.
            (
                Period::Week,
                "Europe/Berlin",
                "2026-10-25T23:30:00Z",
                "2026-10-25T23:00:00Z",
                "2026-11-01T23:00:00Z",
                168,
            ),
            (
                Period::Week,
                "Europe/Berlin",
                "2026-10-25T22:30:00Z",
                "2026-10-18T22:00:00Z",
                "2026-10-25T23:00:00Z",
                169,
            ),
            (
                Period::Quarter,
                "UTC",
                "2026-05-31T00:00:00Z",
                "2026-04-01T00:00:00Z",
                "2026-07-01T00:00:00Z",
                2184,
            ),
            (
                Period::Quarter,
                "UTC",
                "2026-12-31T23:59:59Z",
                "2026-10-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
                2208,
            ),
            // There is no midnight on that day in Beirut: the day begins at one.
            (
                Period::Week,
                "Asia/Beirut",
                "2026-03-30T00:00:00Z",
                "2026-03-29T21:00:00Z",
                "2026-04-05T21:00:00Z",
                168,
            ),
        ] {
            let window = Window::Calendar { period, zone: TimeZone::get(zone).unwrap() };
            assert_eq!(window.bounds(at(now)), (at(from), at(to)), "{period:?} {zone} {now}");
            assert_eq!(window.length(at(now)), Duration::from_secs(hours * 3600), "{period:?} {now}");
            assert!(window.length(at(now)) <= window.longest());
        }
    }

    #[test]
    fn maintenance_is_read_and_laid_over_a_window() {
        let weekly = Maintenance::parse("Sun 01:30 - Sun 03:30 Europe/Berlin").unwrap();
        let spans = weekly.within(at("2026-03-20T00:00:00Z"), at("2026-04-06T00:00:00Z"));
        let minutes: Vec<u64> = spans.iter().map(|(a, b)| b.since(*a).as_secs() / 60).collect();
        assert_eq!(minutes, [120, 60, 120], "an hour of the night of 29 March does not exist");
        let over = Maintenance::parse("Fri 16:00 - Mon 08:00 UTC").unwrap();
        let spans = over.within(at("2026-03-22T00:00:00Z"), at("2026-03-23T00:00:00Z"));
        assert_eq!(
            spans,
            [(at("2026-03-20T16:00:00Z"), at("2026-03-23T08:00:00Z"))],
            "begun before the window"
        );
        let once = Maintenance::parse("2026-05-01T10:00:00Z - 2026-05-01T12:00:00Z").unwrap();
        assert_eq!(once.within(at("2026-05-01T11:00:00Z"), at("2026-05-02T00:00:00Z")).len(), 1);
        assert_eq!(once.within(at("2026-05-01T12:00:00Z"), at("2026-05-02T00:00:00Z")).len(), 0);
        for bad in [
            "",
            "Sun",
            "Sun 25:00 - Mon 01:00 UTC",
            "Sun 02:00 - Sun 04:00 Nowhere/Land",
            "x - y",
            "2026-05-01T12:00:00Z - 2026-05-01T10:00:00Z",
        ] {
            assert!(Maintenance::parse(bad).is_err(), "{bad}");
        }
    }
}
