//! Quiet hours: when a channel is not to be disturbed by what is not urgent.

use crate::units::Timestamp;
use jiff::Zoned;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use std::fmt;

/// A span of each day, or of some days of the week, in a time zone: `22:00 - 07:00 Europe/Berlin`,
/// `Sat,Sun 00:00 - 00:00 UTC`, `Mon-Fri 18:00 - 08:00 Europe/Berlin`. It belongs to the day on which it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// Which days, Monday first.
    days: [bool; 7],
    from: Time,
    /// Not after `from`: on the next day. The same: the whole day.
    to: Time,
    zone: TimeZone,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Quiet {
    /// Reads `[DAYS ]HH:MM - HH:MM ZONE`; days are `Sat`, `Sat,Sun` or `Mon-Fri`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is no time span: write it as 22:00 - 07:00 Europe/Berlin, or Sat,Sun 00:00 - 00:00 UTC"
                .to_owned()
        };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let (days, from, to, zone) = match parts[..] {
            [from, "-", to, zone] => ([true; 7], from, to, zone),
            [days, from, "-", to, zone] => (read_days(days).ok_or_else(wrong)?, from, to, zone),
            _ => return Err(wrong()),
        };
        let time = |text: &str| if text.len() == 5 { text.parse::<Time>().ok() } else { None };
        let (Some(from), Some(to)) = (time(from), time(to)) else { return Err(wrong()) };
        let zone = TimeZone::get(zone).map_err(|_| {
            format!("names no time zone with \"{}\": use an IANA name", crate::text::clean(zone))
        })?;
        Ok(Self { days, from, to, zone })
    }

    /// When the span ends that `at` lies in; none where it lies in none.
    pub fn until(&self, at: Timestamp) -> Option<Timestamp> {
        let moment = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
        let today = moment.to_zoned(self.zone.clone()).date();
        let spans = [today.yesterday().ok(), Some(today)].into_iter().flatten();
        spans
            .filter_map(|day| self.span(day))
            .filter(|(from, to)| (*from..*to).contains(&at))
            .map(|(_, to)| to)
            .max()
    }

    /// The span that begins on `day`. A moment that the clock skips is taken as late, one that comes twice as early, as
    /// RFC 5545 has it.
    fn span(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
        if !self.days.get(weekday).is_some_and(|on| *on) {
            return None;
        }
        let end = if self.to > self.from { day } else { day.tomorrow().ok()? };
        let moment = |date: Date, time| {
            let zoned: Zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
            Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
        };
        Some((moment(day, self.from)?, moment(end, self.to)?))
    }
}

/// When it is not quiet any more, by any of these; none where it is not quiet. Spans that meet count as one.
pub(super) fn quiet_until(spans: &[Quiet], at: Timestamp) -> Option<Timestamp> {
    let mut until = None;
    // Two weeks of days: spans that cover all of the time must not keep us here.
    for _ in 0..15 {
        let next = spans.iter().filter_map(|span| span.until(until.unwrap_or(at))).max();
        let Some(next) = next else { break };
        until = Some(next);
    }
    until
}

fn read_days(text: &str) -> Option<[bool; 7]> {
    let index = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (index(first)?, index(last)?),
            None => (index(part)?, index(part)?),
        };
        let mut day = first;
        loop {
            *days.get_mut(day)? = true;
            if day == last {
                break;
            }
            day = (day + 1) % 7; // Fri-Mon goes over the end of the week
        }
    }
    Some(days)
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days.contains(&false) {
            let days = DAYS.iter().zip(self.days).filter(|(_, on)| *on).map(|(day, _)| *day);
            write!(f, "{} ", days.collect::<Vec<_>>().join(","))?;
        }
        let zone = self.zone.iana_name().unwrap_or("local");
        write!(f, "{} - {} {zone}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn spans_hold_over_midnight_weekends_and_the_change_of_the_clocks() {
        for (span, moment, until) in [
            // Winter in Berlin is UTC+1.
            ("22:00 - 07:00 Europe/Berlin", "2025-01-15T20:59:59Z", None),
            ("22:00 - 07:00 Europe/Berlin", "2025-01-15T21:00:00Z", Some("2025-01-16T06:00:00Z")),
            ("22:00 - 07:00 Europe/Berlin", "2025-01-16T05:59:59Z", Some("2025-01-16T06:00:00Z")),
            ("22:00 - 07:00 Europe/Berlin", "2025-01-16T06:00:00Z", None),
            // The night in which the clocks go forward is an hour shorter; the one in which they go back, longer.
            ("22:00 - 07:00 Europe/Berlin", "2025-03-29T22:00:00Z", Some("2025-03-30T05:00:00Z")),
            ("22:00 - 07:00 Europe/Berlin", "2025-10-25T20:00:00Z", Some("2025-10-26T06:00:00Z")),
            // 02:30 does not exist on that day: 03:30 summer time stands for it.
            ("02:30 - 06:00 Europe/Berlin", "2025-03-30T01:29:59Z", None),
            ("02:30 - 06:00 Europe/Berlin", "2025-03-30T01:30:00Z", Some("2025-03-30T04:00:00Z")),
            // 02:30 comes twice: it begins with the first.
            ("02:30 - 06:00 Europe/Berlin", "2025-10-26T00:30:00Z", Some("2025-10-26T05:00:00Z")),
            ("01:00 - 02:30 Europe/Berlin", "2025-10-26T00:30:00Z", None),
            // Whole days of the weekend, and spans of some days only.
            ("Sat,Sun 00:00 - 00:00 UTC", "2025-01-17T23:59:59Z", None),
            ("Sat,Sun 00:00 - 00:00 UTC", "2025-01-18T00:00:00Z", Some("2025-01-19T00:00:00Z")),
            ("Sat,Sun 00:00 - 00:00 UTC", "2025-01-19T12:00:00Z", Some("2025-01-20T00:00:00Z")),
            ("Mon-Fri 18:00 - 08:00 UTC", "2025-01-18T07:00:00Z", Some("2025-01-18T08:00:00Z")),
            ("Mon-Fri 18:00 - 08:00 UTC", "2025-01-18T19:00:00Z", None),
            ("Fri-Mon 18:00 - 08:00 UTC", "2025-01-19T19:00:00Z", Some("2025-01-20T08:00:00Z")),
            ("Fri-Mon 18:00 - 08:00 UTC", "2025-01-21T19:00:00Z", None),
            // Half an hour of daylight saving, and a day that a zone left out (Apia, 30 December 2011).
            ("22:00 - 07:00 Australia/Lord_Howe", "2025-10-04T12:00:00Z", Some("2025-10-04T20:00:00Z")),
            ("22:00 - 07:00 Pacific/Apia", "2011-12-30T08:30:00Z", Some("2011-12-30T17:00:00Z")),
        ] {
            let quiet = Quiet::parse(span).unwrap();
            assert_eq!(quiet.until(at(moment)), until.map(at), "{span} at {moment}");
            assert_eq!(Quiet::parse(&quiet.to_string()).unwrap(), quiet, "{span} is written as it is read");
        }
    }

    #[test]
    fn spans_that_meet_are_one_and_no_spans_go_on_for_ever() {
        let spans = |texts: &[&str]| texts.iter().map(|text| Quiet::parse(text).unwrap()).collect::<Vec<_>>();
        let now = at("2025-01-17T22:00:00Z");
        for (texts, until) in [
            (&[][..], None),
            (&["Mon-Fri 18:00 - 00:00 UTC", "Sat,Sun 00:00 - 00:00 UTC"][..], Some("2025-01-20T00:00:00Z")),
            (&["00:00 - 00:00 UTC"][..], Some("2025-02-01T00:00:00Z")),
        ] {
            assert_eq!(quiet_until(&spans(texts), now), until.map(at), "{texts:?}");
        }
        assert_eq!(quiet_until(&spans(&["22:00 - 07:00 UTC"]), Timestamp::from_millis(i64::MAX)), None);
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for bad in [
            "",
            "22:00-07:00 UTC",
            "22:00 - 07:00",
            "22:00 - 24:00 UTC",
            "9:00 - 17:00 UTC",
            "22:00 - 07:00 Mars/Base",
            "Foo 22:00 - 07:00 UTC",
            "Mon- 22:00 - 07:00 UTC",
            "Mon Tue 22:00 - 07:00 UTC",
        ] {
            assert!(Quiet::parse(bad).is_err(), "{bad}");
        }
    }
}
