//! Numbers as services write them: `99.8`, `"99.8%"`, `"9.8x"`, `"-1.0%"`, `"1,234"`, `"12ms"`, `"1.5 GiB"`.
//!
//! Times become seconds and sizes bytes at once; a percentage becomes a ratio only where a ratio is asked for.

use super::json::Node;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing was said.
    Plain,
    /// Per cent: 99.8 stands for 0.998.
    Percent,
    /// A factor: `9.8x`.
    Times,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// A number and its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// Its value in its unit; always finite.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
}

/// Words of units, with the factor to the base unit.
const UNITS: [(&str, Unit, f64); 42] = [
    ("%", Unit::Percent, 1.0),
    ("percent", Unit::Percent, 1.0),
    ("pct", Unit::Percent, 1.0),
    ("ratio", Unit::Plain, 1.0),
    ("x", Unit::Times, 1.0),
    ("times", Unit::Times, 1.0),
    ("ns", Unit::Seconds, 1e-9),
    ("us", Unit::Seconds, 1e-6),
    ("µs", Unit::Seconds, 1e-6),
    ("μs", Unit::Seconds, 1e-6),
    ("micros", Unit::Seconds, 1e-6),
    ("ms", Unit::Seconds, 1e-3),
    ("millis", Unit::Seconds, 1e-3),
    ("milliseconds", Unit::Seconds, 1e-3),
    ("s", Unit::Seconds, 1.0),
    ("sec", Unit::Seconds, 1.0),
    ("secs", Unit::Seconds, 1.0),
    ("second", Unit::Seconds, 1.0),
    ("seconds", Unit::Seconds, 1.0),
    ("m", Unit::Seconds, 60.0),
    ("min", Unit::Seconds, 60.0),
    ("mins", Unit::Seconds, 60.0),
    ("minute", Unit::Seconds, 60.0),
    ("minutes", Unit::Seconds, 60.0),
    ("h", Unit::Seconds, 3_600.0),
    ("hr", Unit::Seconds, 3_600.0),
    ("hour", Unit::Seconds, 3_600.0),
    ("hours", Unit::Seconds, 3_600.0),
    ("d", Unit::Seconds, 86_400.0),
    ("day", Unit::Seconds, 86_400.0),
    ("days", Unit::Seconds, 86_400.0),
    ("b", Unit::Bytes, 1.0),
    ("bytes", Unit::Bytes, 1.0),
    ("kb", Unit::Bytes, 1e3),
    ("mb", Unit::Bytes, 1e6),
    ("gb", Unit::Bytes, 1e9),
    ("tb", Unit::Bytes, 1e12),
    ("kib", Unit::Bytes, 1_024.0),
    ("mib", Unit::Bytes, 1_048_576.0),
    ("gib", Unit::Bytes, 1_073_741_824.0),
    ("tib", Unit::Bytes, 1_099_511_627_776.0),
    ("/s", Unit::Plain, 1.0),
];

/// Reads a number out of JSON: a number, a truth value (1 or 0), or a string that [`parse_number`] reads.
pub fn number(node: &Node) -> Option<Number> {
    match node {
        Node::Number(value) => Some(Number { value: *value, unit: Unit::Plain }),
        Node::Bool(value) => Some(Number { value: f64::from(*value), unit: Unit::Plain }),
        Node::Text(text) => parse_number(text),
        Node::Null | Node::List(_) | Node::Map(_) => None,
    }
}

/// Reads a number with its unit, if the text is that and nothing else.
pub fn parse_number(text: &str) -> Option<Number> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    let (value, rest) = leading_number(text)?;
    let unit = rest.trim();
    if unit.is_empty() {
        return Some(Number { value, unit: Unit::Plain });
    }
    if let Some(number) = with_unit(value, unit) {
        return Some(number);
    }
    compound_duration(text).map(|value| Number { value, unit: Unit::Seconds })
}

/// The unit that a word names and its factor, for an explicit `| percent` behind a pointer.
pub(super) fn with_unit(value: f64, word: &str) -> Option<Number> {
    let (_, unit, factor) = UNITS.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(word))?;
    let value = value * factor;
    value.is_finite().then_some(Number { value, unit: *unit })
}

/// `1h2m3.5s`, as Go writes durations.
fn compound_duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let mut total = 0.0;
    while !rest.is_empty() {
        let (value, tail) = leading_number(rest)?;
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (word, next) = tail.split_at(letters);
        let number = with_unit(value, word).filter(|n| n.unit == Unit::Seconds && n.value >= 0.0)?;
        total += number.value;
        rest = next.trim_start();
    }
    Some(sign * total)
}

/// The number that a text begins with (sign, digits with `,` between thousands, fraction, exponent), and the rest.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let digits =
        |from: usize| bytes.get(from..).map_or(0, |b| b.iter().take_while(|c| c.is_ascii_digit()).count());
    let sign = usize::from(matches!(at(0), b'-' | b'+'));
    let mut end = sign + digits(sign);
    let leading = end - sign;
    while leading <= 3 && leading > 0 && at(end) == b',' && digits(end + 1) == 3 {
        end += 4;
    }
    if at(end) == b'.' && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    } else if leading == 0 {
        return None;
    }
    if matches!(at(end), b'e' | b'E') {
        let exponent = end + 1 + usize::from(matches!(at(end + 1), b'-' | b'+'));
        if digits(exponent) > 0 {
            end = exponent + digits(exponent);
        }
    }
    let (number, rest) = text.split_at_checked(end)?;
    // `1,23` is not one number, and neither is `1.2.3` or `12-34`.
    if rest.starts_with([',', '.', '-', ':']) {
        return None;
    }
    let value: f64 = number.replace(',', "").parse().ok()?;
    value.is_finite().then_some((value, rest))
}

/// A hundredth of a decimal number as people would write it: 95.2 % is 0.952, where a division gives 0.9520000000000001.
fn hundredth(value: f64) -> f64 {
    format!("{value}e-2").parse().unwrap_or(value / 100.0)
}

impl Number {
    /// As a ratio 0..=1: per cent are divided by 100, and so is a plain number above 1 (up to 100).
    ///
    /// A plain number up to 1 is taken for a ratio; where a service writes half a per cent as `0.5`, say `| percent` behind
    /// the pointer.
    pub fn ratio(self) -> f64 {
        match self.unit {
            Unit::Percent => hundredth(self.value),
            Unit::Plain if self.value > 1.0 && self.value <= 100.0 => hundredth(self.value),
            _ => self.value,
        }
    }

    /// The value in the unit that a series' name promises (`_ratio`, `_percent`, `_seconds`, `_milliseconds`, `_bytes`).
    ///
    /// Where the number itself has no unit, the end of the JSON key may give one: `_ms`, `_us`, `_percent`, `_kb`, `_mb`,
    /// `_gb` (the last three in powers of 1024, as services that divide a size by hand do).
    pub fn for_series(self, series: &str, key: &str) -> f64 {
        let number = if self.unit == Unit::Plain { self.with_unit_of_key(key) } else { self };
        let ends = |end: &str| series.ends_with(end);
        match number.unit {
            _ if ends("_ratio") => number.ratio(),
            Unit::Seconds if ends("_milliseconds") || ends("_ms") => number.value * 1_000.0,
            // The key's unit counts only if the series promises another one: `size_mb = "/size_mb"` stays as it is.
            Unit::Seconds if self.unit == Unit::Plain && !ends("_seconds") => self.value,
            Unit::Bytes if self.unit == Unit::Plain && !ends("_bytes") => self.value,
            _ => number.value,
        }
    }

    fn with_unit_of_key(self, key: &str) -> Self {
        let lower = key.to_ascii_lowercase();
        let end = lower.rsplit(['_', '-', '.', '/']).next().unwrap_or_default();
        let (unit, factor) = match end {
            "percent" | "pct" | "percentage" => (Unit::Percent, 1.0),
            "ms" | "millis" | "milliseconds" | "inms" => (Unit::Seconds, 1e-3),
            "us" | "micros" | "microseconds" => (Unit::Seconds, 1e-6),
            "ns" | "nanos" | "nanoseconds" => (Unit::Seconds, 1e-9),
            "kb" | "kib" => (Unit::Bytes, 1_024.0),
            "mb" | "mib" => (Unit::Bytes, 1_048_576.0),
            "gb" | "gib" => (Unit::Bytes, 1_073_741_824.0),
            _ if key.ends_with("Ms") || key.ends_with("Millis") => (Unit::Seconds, 1e-3),
            _ if key.ends_with("Percent") => (Unit::Percent, 1.0),
            _ => return self,
        };
        Self { value: self.value * factor, unit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_services_write_them() {
        for (text, value, unit) in [
            ("99.8", 99.8, Unit::Plain),
            ("99.8%", 99.8, Unit::Percent),
            ("9.8x", 9.8, Unit::Times),
            ("-1.0%", -1.0, Unit::Percent),
            ("1,234", 1234.0, Unit::Plain),
            ("1,234,567.5", 1_234_567.5, Unit::Plain),
            ("12ms", 0.012, Unit::Seconds),
            (" 1.5 GiB ", 1.5 * 1_073_741_824.0, Unit::Bytes),
            ("1h2m3.5s", 3_723.5, Unit::Seconds),
            ("-1m30s", -90.0, Unit::Seconds),
            ("5 minutes", 300.0, Unit::Seconds),
            ("1e3", 1_000.0, Unit::Plain),
            (".5", 0.5, Unit::Plain),
            ("+3", 3.0, Unit::Plain),
            ("42/s", 42.0, Unit::Plain),
        ] {
            let read = parse_number(text).unwrap_or_else(|| panic!("{text}"));
            assert!((read.value - value).abs() < 1e-9 * value.abs().max(1.0), "{text}: {read:?}");
            assert_eq!(read.unit, unit, "{text}");
        }
        for text in [
            "",
            "-",
            "%",
            "abc",
            "1,23",
            "1,2345",
            "1.2.3",
            "12 jobs",
            "NaN",
            "inf",
            "1e400",
            "--1",
            "0x10",
            "2024-01-01",
            "12:30",
            "1h5x",
            "٣",
            &"9".repeat(1000),
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_series_name_decides_the_unit() {
        for (text, series, key, value) in [
            ("99.8%", "x_success_ratio", "rate", 0.998),
            ("75.5", "cache_hit_ratio", "hit_rate", 0.755),
            ("0.755", "cache_hit_ratio", "hit_rate", 0.755),
            ("0.5", "cache_hit_ratio", "hit_percent", 0.005),
            ("-1.0%", "x_ratio", "r", -0.01),
            ("99.8%", "x_percent", "r", 99.8),
            ("12ms", "x_seconds", "r", 0.012),
            ("12", "x_seconds", "latency_ms", 0.012),
            ("12", "x_seconds", "latencyMs", 0.012),
            ("12", "latency_ms", "latency_ms", 12.0),
            ("12ms", "latency_ms", "latency", 12.0),
            ("2", "cache_bytes", "size_mb", 2_097_152.0),
            ("2", "cache_size_mb", "size_mb", 2.0),
            ("9.8x", "speedup", "improvement", 9.8),
            ("1,234", "requests_total", "n", 1234.0),
        ] {
            let got = parse_number(text).unwrap().for_series(series, key);
            assert!((got - value).abs() < 1e-12, "{text} as {series} from {key}: {got}");
        }
    }
}
