//! Numbers as Prometheus writes them.
//!
//! Only formats; knows nothing of expressions or samples.

/// A sample's value as Prometheus's HTTP API writes it: Go's `strconv.FormatFloat(v, 'f', -1, 64)`, the shortest
/// digits that read back as the same number, never an exponent; `NaN`, `+Inf`, `-Inf`.
pub fn format_value(value: f64) -> String {
    match special(value) {
        Some(word) => word.to_owned(),
        None => format!("{value}"),
    }
}

/// A number inside an expression or a message: Go's `%g`, so `1e+06` and `1e-05`, but `100000` and `0.0001`.
pub(super) fn format_short(value: f64) -> String {
    if let Some(word) = special(value) {
        return word.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(e) if !(-4..6).contains(&e) => {
            format!("{digits}e{}{:02}", if e < 0 { '-' } else { '+' }, e.unsigned_abs())
        }
        _ => format!("{value}"),
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, long, short) in [
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (1.0, "1", "1"),
            (0.1, "0.1", "0.1"),
            (100_000.0, "100000", "100000"),
            (1_000_000.0, "1000000", "1e+06"),
            (1_234_567.0, "1234567", "1.234567e+06"),
            (1e21, "1000000000000000000000", "1e+21"),
            (0.0001, "0.0001", "0.0001"),
            (0.000_012, "0.000012", "1.2e-05"),
            (1e-300, &format!("0.{}1", "0".repeat(299)), "1e-300"),
            (1e100, &format!("1{}", "0".repeat(100)), "1e+100"),
            (1.0 / 3.0, "0.3333333333333333", "0.3333333333333333"),
            (123_456.789, "123456.789", "123456.789"),
            (f64::NAN, "NaN", "NaN"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ] {
            assert_eq!(format_value(value), long);
            assert_eq!(format_short(value), short);
        }
    }
}
