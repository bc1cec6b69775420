//! Times at which nothing may be changed: `Fri 16:00 - Mon 08:00 Europe/Berlin`, every week, by the clock on the wall.

use crate::units::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// One weekly time span.
#[derive(Clone, Debug, PartialEq)]
pub struct Freeze {
    from: (Weekday, Time),
    to: (Weekday, Time),
    zone: TimeZone,
    text: String,
}

impl Freeze {
    /// Reads `DAY HH:MM - DAY HH:MM ZONE`.
    ///
    /// # Errors
    /// What is wrong, with what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "is no time span: write it as Fri 16:00 - Mon 08:00 Europe/Berlin".to_owned();
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [from_day, from_time, "-", to_day, to_time, zone] = parts[..] else { return Err(wrong()) };
        let moment = |day: &str, time: &str| Some((weekday(day)?, time.parse::<Time>().ok()?));
        let from = moment(from_day, from_time).ok_or_else(wrong)?;
        let to = moment(to_day, to_time).ok_or_else(wrong)?;
        if from == to {
            return Err("ends when it begins: that is never or always".to_owned());
        }
        let zone = TimeZone::get(zone)
            .map_err(|_| format!("names no time zone: \"{}\" is not known", crate::text::Clean::new(zone)))?;
        Ok(Self { from, to, zone, text: parts.join(" ") })
    }

    /// When it ends, if it holds at `at`.
    ///
    /// Beginning and end are moments of the wall clock in the zone, made real for the weeks around `at`. Where the clock
    /// shows a time twice the span takes the earlier one to begin and the later one to end: it is never shorter than
    /// written.
    pub fn until(&self, at: Timestamp) -> Option<Timestamp> {
        let now = jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(self.zone.clone());
        for weeks in [-1_i64, 0, 1] {
            let day = now.date().checked_add((7 * weeks).days()).ok()?;
            let back = day.weekday().since(self.from.0);
            let begin_day = day.checked_sub(i64::from(back).days()).ok()?;
            let mut length = i64::from(self.to.0.since(self.from.0));
            if length == 0 && self.to.1 <= self.from.1 {
                length = 7;
            }
            let end_day = begin_day.checked_add(length.days()).ok()?;
            let begin = self.zone.to_ambiguous_zoned(begin_day.to_datetime(self.from.1)).earlier().ok();
            let end = self.zone.to_ambiguous_zoned(end_day.to_datetime(self.to.1)).later().ok();
            let millis = |zoned: Option<Zoned>| zoned.map(|zoned| zoned.timestamp().as_millisecond());
            if let (Some(begin), Some(end)) = (millis(begin), millis(end))
                && (begin..end).contains(&at.millis())
            {
                return Some(Timestamp::from_millis(end));
            }
        }
        None
    }
}

impl std::fmt::Display for Freeze {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "Mon" => Weekday::Monday,
        "Tue" => Weekday::Tuesday,
        "Wed" => Weekday::Wednesday,
        "Thu" => Weekday::Thursday,
        "Fri" => Weekday::Friday,
        "Sat" => Weekday::Saturday,
        "Sun" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_freeze_holds_by_the_clock_on_the_wall() {
        for (freeze, moment, until) in [
            ("Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-01-09T14:59:59Z", None),
            ("Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-01-09T15:00:00Z", Some("2026-01-12T07:00:00Z")),
            ("Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-01-12T06:59:59Z", Some("2026-01-12T07:00:00Z")),
            ("Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-01-12T07:00:00Z", None),
            // Summer time begins on 29 March 2026, and ends on 25 October: the wall clock counts.
            ("Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-03-28T12:00:00Z", Some("2026-03-30T06:00:00Z")),
            ("Fri 16:00 - Mon 08:00 Europe/Berlin", "2026-10-25T12:00:00Z", Some("2026-10-26T07:00:00Z")),
            // 02:30 comes twice on 25 October: the first begins it, the second ends it.
            ("Sun 02:30 - Sun 04:00 Europe/Berlin", "2026-10-25T00:30:00Z", Some("2026-10-25T03:00:00Z")),
            ("Sun 02:30 - Sun 04:00 Europe/Berlin", "2026-10-25T01:00:00Z", Some("2026-10-25T03:00:00Z")),
            ("Sun 01:00 - Sun 02:30 Europe/Berlin", "2026-10-25T01:29:00Z", Some("2026-10-25T01:30:00Z")),
            // 02:30 does not come at all on 29 March.
            ("Sun 02:30 - Sun 04:00 Europe/Berlin", "2026-03-29T01:00:00Z", Some("2026-03-29T02:00:00Z")),
            ("Mon 08:00 - Mon 07:00 UTC", "2026-01-12T07:30:00Z", None),
            ("Mon 08:00 - Mon 07:00 UTC", "2026-01-14T07:30:00Z", Some("2026-01-19T07:00:00Z")),
            ("Sat 00:00 - Mon 00:00 Pacific/Auckland", "2026-01-09T11:00:00Z", Some("2026-01-11T11:00:00Z")),
        ] {
            assert_eq!(
                Freeze::parse(freeze).unwrap().until(at(moment)),
                until.map(at),
                "{freeze} at {moment}"
            );
        }
        for bad in
            ["", "Fri 16:00 - Mon 08:00 Mars/Base", "Fri 16:00 - Fri 16:00 UTC", "Xyz 16:00 - Mon 08:00 UTC"]
        {
            assert!(Freeze::parse(bad).is_err(), "{bad}");
        }
    }
}
