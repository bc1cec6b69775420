//! Numbers for people, as Prometheus' templates write them (its `template/template.go`).

use super::float;
use super::moment;
use super::value::Value;

/// `%.4g`
fn short(value: f64) -> String {
    float::format(value, 'g', Some(4))
}

/// The number that a value stands for; texts are read.
pub(super) fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(value) => Ok(*value),
        Value::Int(value) => Ok(*value as f64),
        Value::Duration(nanos) => Ok(*nanos as f64 / 1e9),
        Value::Text(text) => parse(text),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// `strconv.ParseFloat`
fn parse(text: &str) -> Result<f64, String> {
    let wrong = |reason: &str| {
        let shown: String = text.chars().take(100).collect();
        format!("strconv.ParseFloat: parsing {}: {reason}", super::printf::quoted(&shown, '"'))
    };
    let unsigned = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let special = matches!(unsigned.as_str(), "inf" | "infinity" | "nan");
    let plain = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !special && !plain {
        return Err(wrong("invalid syntax"));
    }
    if unsigned.starts_with("0x") {
        let number = super::number::parse(text).filter(|number| number.is_float);
        return number.map(|number| number.float).ok_or_else(|| wrong("invalid syntax"));
    }
    let plain = super::number::without_underscores(text, false).ok_or_else(|| wrong("invalid syntax"))?;
    let value: f64 = plain.parse().map_err(|_| wrong("invalid syntax"))?;
    if value.is_infinite() && !special { Err(wrong("value out of range")) } else { Ok(value) }
}

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];

/// Divides by `base` until the number is below it.
fn scaled_down(mut value: f64, base: f64, names: &[&'static str]) -> (f64, &'static str) {
    let mut prefix = "";
    for name in names {
        if value.abs() < base {
            break;
        }
        prefix = name;
        value /= base;
    }
    (value, prefix)
}

fn scaled_up(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for name in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        prefix = name;
        value *= 1000.0;
    }
    (value, prefix)
}

/// `1.235M`, `120m`
pub(super) fn si(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return short(value);
    }
    let (value, prefix) =
        if value.abs() >= 1.0 { scaled_down(value, 1000.0, &LARGE) } else { scaled_up(value) };
    format!("{}{prefix}", short(value))
}

/// `1.177Mi`
pub(super) fn binary(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return short(value);
    }
    let (value, prefix) = scaled_down(value, 1024.0, &BINARY);
    format!("{}{prefix}", short(value))
}

/// `1d 2h 3m 4s`, `1.234s`, `100ms`
pub(super) fn duration(value: f64) -> String {
    if !value.is_finite() {
        return short(value);
    }
    if value == 0.0 {
        return format!("{}s", short(value));
    }
    if value.abs() < 1.0 {
        let (value, prefix) = scaled_up(value);
        return format!("{}{prefix}s", short(value));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    let whole = value as i64;
    let (days, hours, minutes, seconds) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    if days != 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours != 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes != 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", short(value))
    }
}

/// `12.35%`
pub(super) fn percentage(value: f64) -> String {
    format!("{}%", short(value * 100.0))
}

/// Seconds since the epoch as nanoseconds.
pub(super) fn nanos(value: f64) -> Result<i128, String> {
    let nanos = value * 1e9;
    if nanos.is_nan() || nanos > i64::MAX as f64 || nanos < i64::MIN as f64 {
        let shown = float::format(value, 'g', None);
        return Err(format!(
            "{shown} cannot be represented as a nanoseconds timestamp since it overflows int64"
        ));
    }
    Ok(i128::from(nanos as i64))
}

/// The same as a time: to the millisecond, as Prometheus keeps it.
pub(super) fn time(value: f64) -> Result<i128, String> {
    if !value.is_finite() {
        return Err("value is NaN or Inf".to_owned());
    }
    Ok(nanos(value)? / 1_000_000 * 1_000_000)
}

/// `2015-06-23 13:19:44.128 +0000 UTC`
pub(super) fn timestamp(value: f64) -> Result<String, String> {
    if !value.is_finite() {
        return Ok(short(value));
    }
    Ok(moment::time(time(value)?))
}
