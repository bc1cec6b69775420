//! Numbers as Prometheus reads them (Go's `ParseFloat` without hex and `_`) and as it writes bucket bounds.

use super::Reason;
use crate::text::Clean;

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The plain decimal number that `bytes` begin with, and how many bytes it takes.
///
/// Exact whenever it answers: mantissa and power of ten are both floats without error, so that one multiplication or
/// division rounds once (Clinger 1990, the fast path). Anything harder is `None` and goes to [`float`].
#[inline]
pub(super) fn decimal(bytes: &[u8]) -> Option<(f64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let (mut mantissa, mut at) = digits(bytes, start, 0);
    let whole = at - start;
    let mut exponent = 0_i32;
    let mut count = whole;
    if bytes.get(at) == Some(&b'.') {
        let point = at + 1;
        (mantissa, at) = digits(bytes, point, mantissa);
        exponent = -i32::try_from(at - point).ok()?;
        count += at - point;
    }
    // 18 digits cannot overflow the mantissa; without one before the point it is left to the careful reader.
    if whole == 0 || count > 18 {
        return None;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = bytes.get(at + 1).copied();
        let from = at + 1 + usize::from(matches!(sign, Some(b'+' | b'-')));
        let (power, end) = digits(bytes, from, 0);
        if end == from || end - from > 4 {
            return None;
        }
        exponent += if sign == Some(b'-') { -(power as i32) } else { power as i32 };
        at = end;
    }
    if mantissa > 1 << 53 {
        return None;
    }
    let scale = *POWERS.get(exponent.unsigned_abs() as usize)?;
    let value = if exponent < 0 { mantissa as f64 / scale } else { mantissa as f64 * scale };
    Some((if negative { -value } else { value }, at))
}

/// Appends the digits at `at` to `value`; gives it and where they end. Eight at a time: the lengths of numbers are
/// random, and a loop over single digits mispredicts its end in each of them.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight) ^ 0x3030_3030_3030_3030;
        // A digit is now 0..=9; whatever is not gets its high bit set.
        let others =
            (((word & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        let count = others.trailing_zeros() as usize / 8;
        if count == 0 {
            return (value, at);
        }
        let scale = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000][count];
        value = value.wrapping_mul(scale).wrapping_add(eight_digits(word << (64 - 8 * count)));
        at += count;
        if count < 8 {
            return (value, at);
        }
    }
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (value, at)
}

/// The number that eight digits make, the first in the lowest byte: pairs, then fours, then all.
#[inline]
fn eight_digits(word: u64) -> u64 {
    let pairs = (word.wrapping_mul(10).wrapping_add(word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff
}

/// A whole word as a number.
pub(super) fn float(text: &str) -> Result<f64, Reason> {
    if let Some((value, used)) = decimal(text.as_bytes())
        && used == text.len()
    {
        return Ok(value);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Rust reads a signed NaN, Go does not; the rest of their grammars is the same.
    let bad = unsigned.len() < text.len() && unsigned.eq_ignore_ascii_case("nan");
    match text.parse::<f64>() {
        Ok(value) if value.is_nan() && !bad => Ok(f64::NAN),
        Ok(value)
            if value.is_infinite() && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') =>
        {
            Err(Reason::Range(Clean::new(text)))
        }
        Ok(value) if !value.is_nan() => Ok(value),
        _ => Err(Reason::Number(Clean::new(text))),
    }
}

/// A bucket bound or a quantile as Prometheus 3.x keeps it: `1` becomes `1.0`, `0.50` becomes `0.5`, `1000000`
/// becomes `1e+06` (`formatOpenMetricsFloat`: Go's shortest `g`, and `.0` where that has neither point nor exponent).
pub(super) fn canonical(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value == 0.0 {
        return "0.0".to_owned();
    }
    let shortest = format!("{value:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Go's shortest `g` writes an exponent below 1e-4 and from 1e6.
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_the_server_writes_them() {
        for (value, text) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-1.0, "-1.0"),
            (0.5, "0.5"),
            (10.0, "10.0"),
            (100_000.0, "100000.0"),
            (123_456.7, "123456.7"),
            (1e6, "1e+06"),
            (16_777_216.0, "1.6777216e+07"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(canonical(value), text);
        }
    }

    #[test]
    fn the_quick_reader_answers_only_where_it_is_exact() {
        for (text, expected) in [
            ("12 ", Some((12.0, 2))),
            ("12345678", Some((12_345_678.0, 8))),
            ("1234567\n 999", Some((1_234_567.0, 7))),
            ("123456789 abcdefghi", Some((123_456_789.0, 9))),
            ("1234567.875\n        ", Some((1_234_567.875, 11))),
            ("9007199254740992:;/\u{b0}     ", Some((9_007_199_254_740_992.0, 16))),
            ("-0.5\n", Some((-0.5, 4))),
            ("1.5e3", Some((1500.0, 5))),
            ("5.", Some((5.0, 2))),
            ("9007199254740993", None),
            ("1e23", None),
            ("1e-23", None),
            ("1e99999", None),
            ("1e", None),
            ("1e+", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("+1", None),
            ("99999999999999999999999999", None),
        ] {
            assert_eq!(decimal(text.as_bytes()), expected, "{text}");
        }
    }
}
