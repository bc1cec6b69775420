//! Moments as an operator types them, and as they are said back.
//!
//! It is told what "now" is and which zone holds.

use crate::text::clean;
use crate::units::{Timestamp, parse_duration};
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// Reads a moment in the past: `14:05`, `14:05:30` (today in `zone`), `-2h`, `2h` (before `now`), `2026-11-21T14:05`
/// (in `zone`), `2026-11-21T14:05Z`, `2026-11-21T14:05+02:00`.
///
/// # Errors
/// A sentence: it is no moment, or it has not come yet.
pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    let at = read(text, now, zone).ok_or_else(|| {
        format!(
            "\"{}\" is not a moment: write 14:05, -2h or 2026-11-21T14:05Z",
            clean(text.get(..40).unwrap_or(text))
        )
    })?;
    if at > now {
        return Err(format!("{} has not come yet", clock(at, now, zone)));
    }
    Ok(at)
}

fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(span) = parse_duration(text.strip_prefix('-').unwrap_or(text)) {
        return Some(now - span);
    }
    let ms = |at: jiff::Timestamp| Timestamp::from_millis(at.as_millisecond());
    let today = jiff::Timestamp::from_millisecond(now.millis()).ok()?.to_zoned(zone.clone()).date();
    let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|form| Time::strptime(form, text).ok());
    if let Some(time) = time {
        return Some(ms(today.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp()));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(ms(at));
    }
    // RFC 3339 wants seconds, people leave them out.
    let (head, offset) =
        match text.find(['Z', 'z', '+']).or_else(|| text.get(11..)?.find('-').map(|at| at + 11)) {
            Some(at) => text.split_at_checked(at)?,
            None => (text, ""),
        };
    if !offset.is_empty() {
        return format!("{head}:00{offset}").parse::<jiff::Timestamp>().ok().map(ms);
    }
    let civil: jiff::civil::DateTime = head.parse().ok()?;
    Some(ms(civil.to_zoned(zone.clone()).ok()?.timestamp()))
}

/// A moment as it is said: `14:05:30` of today, else with its day: `20 Nov 14:05:30`.
pub fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let civil = |at: Timestamp| {
        jiff::Timestamp::from_millisecond(at.millis()).ok().map(|at| at.to_zoned(zone.clone()))
    };
    let (Some(at), Some(now)) = (civil(at), civil(now)) else { return at.to_string() };
    let form = if at.date() == now.date() { "%H:%M:%S" } else { "%-d %b %H:%M:%S" };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now = Timestamp::from_millis(1_763_733_800_000); // 2025-11-21 14:03:20 UTC
        let utc = TimeZone::UTC;
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, zone, said) in [
            ("13:05", &utc, Ok("13:05:00")),
            ("13:05:30", &utc, Ok("13:05:30")),
            ("13:05", &berlin, Ok("13:05:00")),
            ("-2h", &utc, Ok("12:03:20")),
            ("90m", &utc, Ok("12:33:20")),
            ("-1d", &utc, Ok("20 Nov 14:03:20")),
            ("2025-11-21T13:05Z", &utc, Ok("13:05:00")),
            ("2025-11-21T13:05Z", &berlin, Ok("14:05:00")),
            ("2025-11-21T13:05+01:00", &utc, Ok("12:05:00")),
            ("2025-11-21T11:05-02:00", &utc, Ok("13:05:00")),
            ("2025-11-20T13:05:10", &berlin, Ok("20 Nov 13:05:10")),
            ("14:04", &utc, Err("14:04:00 has not come yet")),
            ("2025-11-22T00:00Z", &utc, Err("22 Nov 00:00:00 has not come yet")),
            ("25:00", &utc, Err("is not a moment")),
            ("", &utc, Err("is not a moment")),
            ("yesterday\u{1b}[2J", &utc, Err("is not a moment")),
            ("éééééééééééééééééééééééééééééé-", &utc, Err("is not a moment")),
        ] {
            match (parse(text, now, zone).map(|at| clock(at, now, zone)), said) {
                (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{text}"),
                (Err(got), Err(wanted)) => {
                    assert!(got.contains(wanted) && !got.contains('\u{1b}'), "{text}: {got}");
                }
                (got, wanted) => panic!("{text}: {got:?} instead of {wanted:?}"),
            }
        }
    }
}
