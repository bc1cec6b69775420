//! Floats as Go's `strconv.FormatFloat` writes them: `%e`, `%f`, `%g`, with a precision or the fewest digits.

/// The most digits of a fraction that can differ from zero.
const DIGITS: usize = 1100;

/// Writes `value` in Go's format `verb` (one of `e f g`, or their capitals); no precision: the fewest digits that
/// are read back as the same number. Positive numbers have no sign.
pub(super) fn format(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = match (verb.to_ascii_lowercase(), precision) {
        ('e', precision) => exponent(&scientific(value, precision)),
        ('f', None) => format!("{value}"),
        ('f', Some(digits)) => pad_fraction(format!("{value:.*}", digits.min(DIGITS)), digits),
        (_, precision) => general(value, precision),
    };
    if verb.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
}

/// Fills a fraction up with zeros, where more digits are asked for than a float can have.
fn pad_fraction(mut text: String, digits: usize) -> String {
    for _ in DIGITS..digits.min(super::OUTPUT) {
        text.push('0');
    }
    text
}

fn scientific(value: f64, precision: Option<usize>) -> String {
    match precision {
        Some(digits) => format!("{value:.*e}", digits.min(DIGITS)),
        None => format!("{value:e}"),
    }
}

/// `1.5e7` as Go writes it: `1.5e+07`.
fn exponent(text: &str) -> String {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}

/// `%g`: as `%e` for exponents under -4 and from the precision on (from 6 on for the fewest digits).
fn general(value: f64, precision: Option<usize>) -> String {
    let shown = scientific(value, precision.map(|digits| digits.max(1) - 1));
    let (digits, power) = shown.split_once('e').unwrap_or((&shown, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let plain: String = digits.chars().filter(char::is_ascii_digit).collect();
    let significant = plain.trim_end_matches('0');
    let significant = if significant.is_empty() { "0" } else { significant };
    let limit = match precision {
        None => 6,
        Some(asked) => {
            let asked = asked.max(1) as i32;
            // Fewer digits than asked for, and all of them before the point.
            if asked > significant.len() as i32 && significant.len() as i32 > power {
                significant.len() as i32
            } else {
                asked
            }
        }
    };
    if power < -4 || power >= limit {
        let (first, rest) = significant.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{}", exponent(&format!("{first}{point}{rest}e{power}")));
    }
    if power < 0 {
        let zeros = "0".repeat((-power - 1) as usize);
        return format!("{sign}0.{zeros}{significant}");
    }
    let whole = (power + 1) as usize;
    if significant.len() <= whole {
        return format!("{sign}{significant:0<whole$}");
    }
    let (before, after) = significant.split_at(whole);
    format!("{sign}{before}.{after}")
}

/// `%x` (`0x1.8p+00`) and `%b` (`6755399441055744p-52`): the number to the bit.
pub(super) fn bits(value: f64, verb: char) -> String {
    if !value.is_finite() {
        return format(value, 'g', None);
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let raw = value.to_bits();
    let (biased, fraction) = ((raw >> 52 & 0x7ff) as i32, raw & ((1 << 52) - 1));
    let (mantissa, power) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    if verb == 'b' {
        let power_sign = if power < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}p{power_sign}{}", power.abs());
    }
    let mut text = format!("{sign}0x0p+00");
    if mantissa != 0 {
        // One digit before the point, and it is 1.
        let shift = mantissa.leading_zeros() - 11;
        let (mantissa, power) = (mantissa << shift, power + 52 - shift as i32);
        let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
        let digits = digits.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        let power_sign = if power < 0 { '-' } else { '+' };
        text = format!("{sign}0x1{point}{digits}p{power_sign}{:02}", power.abs());
    }
    if verb == 'X' { text.to_ascii_uppercase() } else { text }
}
