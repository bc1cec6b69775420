//! Short numbers with units, and round numbers for axes.
//!
//! A dashboard has four or five cells for a number, so a number is scaled, not squeezed: `812ms`, `1.2k`, `4.2%`, `1.5MiB`,
//! `12m`. Nothing here rounds to a comforting figure: a percentage below 100 is never written as `100%`.

mod round;

pub use self::round::{MAX_TICKS, nice_ceil, ticks, time_ticks};

/// What a number counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A plain count: `7`, `1.2k`.
    #[default]
    Count,
    /// Events per second: `1.2k/s`.
    PerSecond,
    /// Seconds: `812ms`, `12m`, `1h05m`.
    Seconds,
    /// Milliseconds, written as [`Unit::Seconds`] are.
    Milliseconds,
    /// Bytes in powers of 1024: `1.5MiB`.
    Bytes,
    /// Bytes per second: `1.5MiB/s`.
    BytesPerSecond,
    /// A number that is a percentage already: `4.2` is `4.2%`.
    Percent,
    /// A ratio: `0.042` is `4.2%`.
    Ratio,
    /// A multiple: `21.4x`.
    Times,
}

/// Writes `value` in four or five cells, more only for byte rates and numbers beyond 10^18.
///
/// NaN is `–` (unknown), the infinities are `inf` and `-inf`.
///
/// ```
/// use warroom_widgets::{Unit, human};
/// assert_eq!(human(812.0, Unit::Milliseconds), "812ms");
/// assert_eq!(human(1_234.0, Unit::Count), "1.2k");
/// assert_eq!(human(0.042, Unit::Ratio), "4.2%");
/// assert_eq!(human(1_572_864.0, Unit::Bytes), "1.5MiB");
/// assert_eq!(human(-780.0, Unit::Seconds), "-13m");
/// ```
pub fn human(value: f64, unit: Unit) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let text = match unit {
        Unit::Count => scaled(size, 1000.0, &["", "k", "M", "G", "T", "P", "E"]),
        Unit::PerSecond => scaled(size, 1000.0, &["/s", "k/s", "M/s", "G/s", "T/s", "P/s", "E/s"]),
        Unit::Seconds => seconds(size),
        Unit::Milliseconds => seconds(size / 1000.0),
        Unit::Bytes => scaled(size, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]),
        Unit::BytesPerSecond => {
            scaled(size, 1024.0, &["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s", "PiB/s", "EiB/s"])
        }
        Unit::Percent => percent(size),
        Unit::Ratio => percent(size * 100.0),
        Unit::Times => times(size),
    };
    // A number that rounds to nothing has no sign.
    if text.bytes().any(|byte| matches!(byte, b'1'..=b'9')) { format!("{sign}{text}") } else { text }
}

/// As [`human`], with `unknown` for what is missing or NaN.
///
/// ```
/// use warroom_widgets::number::{Unit, human_or};
/// assert_eq!(human_or(None, Unit::Count, "-"), "-");
/// assert_eq!(human_or(Some(7.0), Unit::Count, "-"), "7");
/// ```
pub fn human_or(value: Option<f64>, unit: Unit, unknown: &str) -> String {
    match value {
        Some(value) if !value.is_nan() => human(value, unit),
        _ => unknown.to_owned(),
    }
}

/// A ratio as a percentage with as many decimals as it needs, at most `decimals`; rounded down, so that `0.99999` is
/// not `100`. Without a sign: objectives stand in a column of their own.
///
/// ```
/// use warroom_widgets::number::objective;
/// assert_eq!(objective(0.9995, 3), "99.95");
/// assert_eq!(objective(0.999, 3), "99.9");
/// assert_eq!(objective(0.999_999_9, 3), "99.999");
/// assert_eq!(objective(1.0, 3), "100");
/// ```
pub fn objective(ratio: f64, decimals: usize) -> String {
    if !ratio.is_finite() {
        return human(ratio, Unit::Percent);
    }
    let decimals = decimals.min(9);
    let shift = 10_f64.powf(decimals as f64);
    // The small push undoes what binary fractions lose: 0.9995 * 100 is 99.94999999999999.
    let floored = (ratio * 100.0 * shift + 1e-6).floor() / shift;
    let text = format!("{floored:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Three significant figures at most, with a prefix for the power of `base`.
fn scaled(size: f64, base: f64, prefixes: &[&str]) -> String {
    let last = prefixes.len().saturating_sub(1);
    let mut power = 0;
    let mut scaled = size;
    // 999.5 would be written as 1000, which has a prefix of its own.
    while scaled >= 999.5 && power < last {
        scaled /= base;
        power += 1;
    }
    let prefix = prefixes.get(power).copied().unwrap_or("");
    if scaled >= 1e6 {
        return format!("{size:.0e}{}", prefixes.first().copied().unwrap_or(""));
    }
    let figure = if power == 0 { figure(scaled) } else { decimal(scaled) };
    format!("{figure}{prefix}")
}

/// A number below a thousand: whole where it is whole, small where it is small.
fn figure(size: f64) -> String {
    if size.fract() == 0.0 || size >= 9.95 {
        format!("{size:.0}")
    } else if size >= 0.095 {
        format!("{size:.1}")
    } else if size >= 0.0095 {
        format!("{size:.2}")
    } else if size >= 0.000_95 {
        format!("{size:.3}")
    } else {
        format!("{size:.0e}")
    }
}

/// One decimal below ten, none above.
fn decimal(size: f64) -> String {
    if size < 9.95 { format!("{size:.1}") } else { format!("{size:.0}") }
}

fn percent(size: f64) -> String {
    if size >= 999.5 {
        return scaled(size, 1000.0, &["%", "k%", "M%", "G%", "T%", "P%", "E%"]);
    }
    // Never 100% for what is less.
    if (99.0..100.0).contains(&size) {
        return format!("{:.1}%", (size * 10.0 + 1e-9).floor() / 10.0);
    }
    if size >= 99.95 { format!("{size:.0}%") } else { format!("{size:.1}%") }
}

fn times(size: f64) -> String {
    if size < 99.95 {
        format!("{size:.1}x")
    } else {
        scaled(size, 1000.0, &["x", "kx", "Mx", "Gx", "Tx", "Px", "Ex"])
    }
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;
const YEAR: f64 = 365.0 * DAY;

/// A span of time: two units where the first is a single digit (`1m30s`, `1h05m`, `2d06h`), else one.
fn seconds(size: f64) -> String {
    if size == 0.0 {
        return "0s".to_owned();
    }
    if size < 0.5e-9 {
        return "<1ns".to_owned();
    }
    if size < 0.999_5e-6 {
        return scaled(size * 1e9, 1000.0, &["ns"]);
    }
    if size < 0.999_5e-3 {
        return format!("{}us", figure(size * 1e6));
    }
    if size < 0.999_5 {
        return format!("{}ms", figure(size * 1e3));
    }
    if size < 59.5 {
        return format!("{}s", figure(size));
    }
    let whole = size.round();
    if whole < 10.0 * MINUTE {
        return pair(whole, MINUTE, "m", 1.0, "s");
    }
    if whole < HOUR {
        return format!("{:.0}m", (whole / MINUTE).floor());
    }
    if whole < 10.0 * HOUR {
        return pair(whole, HOUR, "h", MINUTE, "m");
    }
    if whole < 2.0 * DAY {
        return format!("{:.0}h", (whole / HOUR).floor());
    }
    if whole < 10.0 * DAY {
        return pair(whole, DAY, "d", HOUR, "h");
    }
    if whole < 2.0 * YEAR {
        return format!("{:.0}d", (whole / DAY).floor());
    }
    scaled(whole / YEAR, 1000.0, &["y", "ky", "My", "Gy"])
}

fn pair(size: f64, large: f64, large_name: &str, small: f64, small_name: &str) -> String {
    let first = (size / large).floor();
    let second = ((size - first * large) / small).floor();
    if second == 0.0 {
        format!("{first:.0}{large_name}")
    } else {
        format!("{first:.0}{large_name}{second:02.0}{small_name}")
    }
}

#[cfg(test)]
mod tests;
