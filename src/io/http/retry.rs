//! `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3).

use crate::units::Timestamp;
use std::time::Duration;

/// The longest wait that is told; a hostile or mistaken header must not silence a target for a year.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long the header asks to wait, counted from `now`; a date that has passed asks for nothing.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(header.parse().unwrap_or(u64::MAX))
    } else {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header).ok()?;
        Timestamp::from_millis(date.as_millisecond()).since(now)
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_capped() {
        let now: jiff::Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        let now = Timestamp::from_millis(now.as_millisecond());
        for (header, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(86_400)),
            ("Fri, 06 Nov 2099 08:49:37 GMT", Some(86_400)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(header, now).map(|wait| wait.as_secs()), seconds, "{header:?}");
        }
    }
}
