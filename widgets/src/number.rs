//! Short numbers with units, and round numbers for axes.
//!
//! A dashboard has four or five cells for a number, so a number is scaled, not squeezed: `812ms`, `1.2k`, `4.2%`, `1.5MiB`,
//! `12m`. Nothing here rounds to a comforting figure: a percentage below 100 is never written as `100%`.

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

/// The smallest round number that is not below `value`: 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8 or 10 times a power of ten.
///
/// A scale that is rounded in this way uses at least three quarters of its height and seldom changes, so that a picture
/// drawn with it stands still. What is not positive and finite is returned as it is.
///
/// ```
/// use warroom_widgets::number::nice_ceil;
/// assert_eq!(nice_ceil(812.0), 1000.0);
/// assert_eq!(nice_ceil(0.023), 0.025);
/// ```
pub fn nice_ceil(value: f64) -> f64 {
    if !value.is_normal() || value < 0.0 {
        return value;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.5]
        .into_iter()
        .map(|step| step * power)
        // A value that is round itself must not be pushed to the next step by a lost bit.
        .find(|nice| *nice >= value * (1.0 - 1e-12) && nice.is_finite())
        .unwrap_or(value)
}

/// The most ticks that [`ticks`] and [`time_ticks`] return.
pub const MAX_TICKS: usize = 64;

/// Round numbers within `min..=max`, at most `count` of them: multiples of 1, 2 or 5 times a power of ten.
///
/// Empty when there is no span, or when an end is not finite.
///
/// ```
/// use warroom_widgets::number::ticks;
/// assert_eq!(ticks(0.0, 812.0, 5), [0.0, 200.0, 400.0, 600.0, 800.0]);
/// ```
pub fn ticks(min: f64, max: f64, count: usize) -> Vec<f64> {
    let span = max - min;
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return Vec::new();
    }
    let raw = span / count as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    multiples(min, max, count, steps.into_iter().map(|step| step * power))
}

/// Round moments within `min..=max` (seconds), at most `count`: multiples of steps that a clock knows (1, 2, 5, 10, 15, 30 s
/// and min; 1, 2, 3, 6, 12 h; 1, 2, 7, 14, 30, 90, 365 d), or of [`ticks`] below a second.
///
/// ```
/// use warroom_widgets::number::time_ticks;
/// assert_eq!(time_ticks(70.0, 3_600.0, 4), [900.0, 1800.0, 2700.0, 3600.0]);
/// ```
pub fn time_ticks(min: f64, max: f64, count: usize) -> Vec<f64> {
    let span = max - min;
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return Vec::new();
    }
    if span / (count as f64) < 1.0 {
        return ticks(min, max, count);
    }
    let clock = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0].map(|step| [step, step * MINUTE]);
    let seconds = clock.iter().map(|pair| pair[0]);
    let minutes = clock.iter().map(|pair| pair[1]);
    let hours = [1.0, 2.0, 3.0, 6.0, 12.0].into_iter().map(|step| step * HOUR);
    let days = [1.0, 2.0, 7.0, 14.0, 30.0, 90.0, 365.0].into_iter().map(|step| step * DAY);
    let found = multiples(min, max, count, seconds.chain(minutes).chain(hours).chain(days));
    if found.is_empty() && span > YEAR { ticks(min, max, count) } else { found }
}

/// The multiples of the first step of which no more than `count` lie within the range.
fn multiples(min: f64, max: f64, count: usize, steps: impl Iterator<Item = f64>) -> Vec<f64> {
    let count = count.min(MAX_TICKS);
    for step in steps {
        if !step.is_normal() {
            continue;
        }
        let slack = 1e-9;
        let first = (min / step - slack).ceil();
        let last = (max / step + slack).floor();
        let many = last - first + 1.0;
        if many.is_finite() && many >= 1.0 && many <= count as f64 {
            return (0..many as usize)
                .map(|at| {
                    let tick = (first + at as f64) * step;
                    // No minus zero: it would be written with its sign.
                    if tick == 0.0 { 0.0 } else { tick }
                })
                .collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_carry_their_unit() {
        for (value, unit, text) in [
            (0.0, Unit::Count, "0"),
            (-0.0, Unit::Count, "0"),
            (4.0, Unit::Count, "4"),
            (4.25, Unit::Count, "4.2"),
            (42.0, Unit::Count, "42"),
            (0.042, Unit::Count, "0.04"),
            (0.0042, Unit::Count, "0.004"),
            (0.000_042, Unit::Count, "4e-5"),
            (999.4, Unit::Count, "999"),
            (999.6, Unit::Count, "1.0k"),
            (1_234.0, Unit::Count, "1.2k"),
            (12_345.0, Unit::Count, "12k"),
            (999_499.0, Unit::Count, "999k"),
            (999_999.0, Unit::Count, "1.0M"),
            (-1_234.0, Unit::Count, "-1.2k"),
            (1e300, Unit::Count, "1e300"),
            (f64::MAX, Unit::Bytes, "2e308B"),
            (f64::NAN, Unit::Count, "–"),
            (f64::INFINITY, Unit::Seconds, "inf"),
            (f64::NEG_INFINITY, Unit::Ratio, "-inf"),
            (350.0, Unit::PerSecond, "350/s"),
            (0.0, Unit::Seconds, "0s"),
            (812.0, Unit::Milliseconds, "812ms"),
            (4.2, Unit::Milliseconds, "4.2ms"),
            (0.24, Unit::Milliseconds, "240us"),
            (2e-7, Unit::Seconds, "200ns"),
            (999.7, Unit::Milliseconds, "1.0s"),
            (1.25, Unit::Seconds, "1.2s"),
            (59.4, Unit::Seconds, "59s"),
            (59.7, Unit::Seconds, "1m"),
            (90.0, Unit::Seconds, "1m30s"),
            (720.0, Unit::Seconds, "12m"),
            (-780.0, Unit::Seconds, "-13m"),
            (3_900.0, Unit::Seconds, "1h05m"),
            (50_400.0, Unit::Seconds, "14h"),
            (200_000.0, Unit::Seconds, "2d07h"),
            (2_592_000.0, Unit::Seconds, "30d"),
            (1e9, Unit::Seconds, "32y"),
            (512.0, Unit::Bytes, "512B"),
            (1_536.0, Unit::Bytes, "1.5KiB"),
            (1_572_864.0, Unit::Bytes, "1.5MiB"),
            (1_048_000.0, Unit::Bytes, "1.0MiB"),
            (2048.0, Unit::BytesPerSecond, "2.0KiB/s"),
            (0.042, Unit::Ratio, "4.2%"),
            (0.0, Unit::Ratio, "0.0%"),
            (1.0, Unit::Ratio, "100%"),
            (0.999_99, Unit::Ratio, "99.9%"),
            (0.9995, Unit::Ratio, "99.9%"),
            (1.37, Unit::Ratio, "137%"),
            (-0.0001, Unit::Ratio, "0.0%"),
            (50.0, Unit::Percent, "50.0%"),
            (21.44, Unit::Times, "21.4x"),
            (0.0, Unit::Times, "0.0x"),
            (720.0, Unit::Times, "720x"),
            (14_400.0, Unit::Times, "14kx"),
        ] {
            assert_eq!(human(value, unit), text, "{value} {unit:?}");
        }
    }

    #[test]
    fn no_number_is_long() {
        let units = [
            Unit::Count,
            Unit::PerSecond,
            Unit::Seconds,
            Unit::Milliseconds,
            Unit::Bytes,
            Unit::BytesPerSecond,
            Unit::Percent,
            Unit::Ratio,
            Unit::Times,
        ];
        for unit in units {
            let mut value = 1e-9;
            while value < 1e18 {
                let text = human(value, unit);
                let most = match unit {
                    Unit::BytesPerSecond => 8,
                    Unit::PerSecond => 7,
                    _ => 6,
                };
                assert!(text.len() <= most, "{value} {unit:?} is {text}");
                value *= 1.7;
            }
        }
    }

    #[test]
    fn objectives_are_never_rounded_up() {
        for (ratio, text) in [
            (0.9995, "99.95"),
            (0.999, "99.9"),
            (0.95, "95"),
            (0.0, "0"),
            (0.123_456, "12.345"),
            (0.999_999, "99.999"),
            (f64::NAN, "–"),
            (-0.5, "-50"),
        ] {
            assert_eq!(objective(ratio, 3), text, "{ratio}");
        }
    }

    #[test]
    fn round_numbers() {
        for (value, nice) in [
            (812.0, 1000.0),
            (1000.0, 1000.0),
            (1001.0, 1250.0),
            (0.3, 0.3),
            (0.31, 0.4),
            (7.0, 8.0),
            (9.5, 10.0),
            (0.0, 0.0),
            (-3.0, -3.0),
            (f64::INFINITY, f64::INFINITY),
            (f64::MAX, f64::MAX),
        ] {
            let got = nice_ceil(value);
            assert!(
                got.total_cmp(&nice).is_eq() || (got - nice).abs() <= nice.abs() * 1e-9,
                "{value}: {got}"
            );
        }
        assert!(nice_ceil(f64::NAN).is_nan());
        for exponent in -300..300 {
            let value = 1.37 * 10_f64.powi(exponent);
            let nice = nice_ceil(value);
            assert!(nice >= value && nice <= value * 1.5, "{value} {nice}");
        }
    }

    #[test]
    fn ticks_are_round_few_and_inside() {
        for (min, max, count, expected) in [
            (0.0, 1.0, 5, vec![0.0, 0.5, 1.0]),
            (0.0, 1.0, 6, vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (0.0, 812.0, 5, vec![0.0, 200.0, 400.0, 600.0, 800.0]),
            (-10.0, 10.0, 5, vec![-10.0, -5.0, 0.0, 5.0, 10.0]),
            (3.0, 3.0, 5, vec![]),
            (5.0, 1.0, 5, vec![]),
            (0.0, f64::INFINITY, 5, vec![]),
            (f64::NAN, 1.0, 5, vec![]),
            (0.0, 1.0, 0, vec![]),
        ] {
            let got = ticks(min, max, count);
            assert_eq!(got.len(), expected.len(), "{min} {max} {count}: {got:?}");
            for (one, other) in got.iter().zip(&expected) {
                assert!((one - other).abs() < 1e-9, "{got:?}");
            }
        }
        for (min, max) in
            [(0.0, 1.0), (1e-9, 3e-9), (1e15, 1e15 + 7.0), (-5.0, 1e6), (f64::MIN / 4.0, f64::MAX / 4.0)]
        {
            for count in [1, 2, 3, 5, 10, 1000] {
                for tick in ticks(min, max, count).iter().chain(&time_ticks(min, max, count)) {
                    let slack = (max - min) * 1e-6;
                    assert!(*tick >= min - slack && *tick <= max + slack, "{tick} in {min}..{max}");
                }
                assert!(ticks(min, max, count).len() <= count.min(MAX_TICKS));
                assert!(time_ticks(min, max, count).len() <= count.min(MAX_TICKS));
            }
        }
    }

    #[test]
    fn moments_are_those_of_a_clock() {
        for (min, max, count, expected) in [
            (70.0, 3_600.0, 4, vec![900.0, 1800.0, 2700.0, 3600.0]),
            (0.0, 60.0, 4, vec![0.0, 30.0, 60.0]),
            (0.0, 30.0 * DAY, 3, vec![0.0, 14.0 * DAY, 28.0 * DAY]),
            (0.0, 0.5, 2, vec![0.0, 0.5]),
        ] {
            assert_eq!(time_ticks(min, max, count), expected);
        }
        assert!(!time_ticks(0.0, 400.0 * YEAR, 5).is_empty());
    }
}
