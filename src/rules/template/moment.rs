//! Times and durations as Go prints them, and Go's layouts of a time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt::Write as _;

/// Nanoseconds since the epoch as a civil time in UTC, where a calendar reaches so far.
pub(super) fn civil(nanos: i128) -> Option<DateTime> {
    let moment = Timestamp::from_nanosecond(nanos).ok()?;
    Some(TimeZone::UTC.to_datetime(moment))
}

/// `2015-06-23 13:19:44.128 +0000 UTC`
pub(super) fn time(nanos: i128) -> String {
    let Some(at) = civil(nanos) else { return format!("{nanos}ns") };
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    text.push_str(&fraction(at.subsec_nanosecond()));
    text.push_str(" +0000 UTC");
    text
}

/// `.128`, or nothing.
fn fraction(nanos: i32) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

/// `1h2m3.5s`, `1.5ms`, `0s`, as `time.Duration` prints itself.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    let small = |unit: u64, name: &str| {
        let part = format!("{}.{:0>9}", total / unit, total % unit * (1_000_000_000 / unit));
        format!("{sign}{}{name}", part.trim_end_matches('0').trim_end_matches('.'))
    };
    match total {
        0 => "0s".to_owned(),
        1..=999 => format!("{sign}{total}ns"),
        1_000..=999_999 => small(1_000, "µs"),
        1_000_000..=999_999_999 => small(1_000_000, "ms"),
        _ => {
            let (seconds, rest) = (total / 1_000_000_000, total % 1_000_000_000);
            let mut text = sign.to_owned();
            if seconds >= 3600 {
                let _ = write!(text, "{}h", seconds / 3600);
            }
            if seconds >= 60 {
                let _ = write!(text, "{}m", seconds / 60 % 60);
            }
            let _ = write!(text, "{}{}s", seconds % 60, fraction(rest as i32));
            text
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The English name of the month.
pub(super) fn month(at: DateTime) -> &'static str {
    MONTHS.get((at.month() - 1).unsigned_abs() as usize).unwrap_or(&"")
}

/// The English name of the day.
pub(super) fn weekday(at: DateTime) -> &'static str {
    DAYS.get(at.weekday().to_monday_zero_offset().unsigned_abs() as usize).unwrap_or(&"")
}

/// What Go's layouts name, the longer one first. See the constants of Go's package `time`.
const ELEMENTS: [&str; 31] = [
    "January",
    "Jan",
    "Monday",
    "Mon",
    "MST",
    "2006",
    "-07:00:00",
    "-07:00",
    "-0700",
    "-07",
    "Z07:00:00",
    "Z07:00",
    "Z0700",
    "Z07",
    "002",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "15",
    "__2",
    "_2",
    "PM",
    "pm",
    "1",
    "2",
    "3",
    "4",
    "5",
];

/// Writes a time (UTC) in Go's layout: `2006-01-02 15:04:05`.
pub(super) fn layout(at: DateTime, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        if let Some((digits, trims)) = fraction_layout(rest) {
            let text = format!("{:09}", at.subsec_nanosecond());
            let text = text.get(..digits.min(9)).unwrap_or("");
            let text = if trims { text.trim_end_matches('0') } else { text };
            if !text.is_empty() {
                out.push('.');
                out.push_str(text);
            }
            rest = rest.get(digits + 1..).unwrap_or("");
            continue;
        }
        let Some(element) = ELEMENTS.iter().find(|element| is_element(rest, element)) else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or("");
            continue;
        };
        write_element(&mut out, element, at);
        rest = rest.get(element.len()..).unwrap_or("");
    }
    out
}

/// `Jan` is none within `Janet`, as Go has it: no small letter may follow.
fn is_element(rest: &str, element: &str) -> bool {
    let Some(after) = rest.strip_prefix(element) else { return false };
    !matches!(element, "Jan" | "Mon") || !after.starts_with(|c: char| c.is_ascii_lowercase())
}

/// `.000` or `.999` (trailing zeros dropped), with no digit behind: how many digits.
fn fraction_layout(rest: &str) -> Option<(usize, bool)> {
    let rest = rest.strip_prefix(['.', ','])?;
    let digit = rest.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = rest.chars().take_while(|c| *c == digit).count();
    let more = rest.get(count..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (!more).then_some((count, digit == '9'))
}

fn write_element(out: &mut String, element: &str, at: DateTime) {
    let hour12 = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    let name = |text: &str| text.chars().take(3).collect::<String>();
    let _ = match element {
        "January" => write!(out, "{}", month(at)),
        "Jan" => write!(out, "{}", name(month(at))),
        "Monday" => write!(out, "{}", weekday(at)),
        "Mon" => write!(out, "{}", name(weekday(at))),
        "MST" => write!(out, "UTC"),
        "2006" => write!(out, "{:04}", at.year()),
        "-07:00:00" => write!(out, "+00:00:00"),
        "-07:00" => write!(out, "+00:00"),
        "-0700" => write!(out, "+0000"),
        "-07" => write!(out, "+00"),
        "Z07:00:00" | "Z07:00" | "Z0700" | "Z07" => write!(out, "Z"),
        "002" => write!(out, "{:03}", at.day_of_year()),
        "01" => write!(out, "{:02}", at.month()),
        "02" => write!(out, "{:02}", at.day()),
        "03" => write!(out, "{hour12:02}"),
        "04" => write!(out, "{:02}", at.minute()),
        "05" => write!(out, "{:02}", at.second()),
        "06" => write!(out, "{:02}", at.year() % 100),
        "15" => write!(out, "{:02}", at.hour()),
        "__2" => write!(out, "{:3}", at.day_of_year()),
        "_2" => write!(out, "{:2}", at.day()),
        "PM" => write!(out, "{}", if at.hour() >= 12 { "PM" } else { "AM" }),
        "pm" => write!(out, "{}", if at.hour() >= 12 { "pm" } else { "am" }),
        "1" => write!(out, "{}", at.month()),
        "2" => write!(out, "{}", at.day()),
        "3" => write!(out, "{hour12}"),
        "4" => write!(out, "{}", at.minute()),
        _ => write!(out, "{}", at.second()),
    };
}
