//! Answers as the `data` object of Prometheus's HTTP API, byte for byte.
//!
//! Source: `web/api/v1/json_codec.go` and `util/jsonutil` of Prometheus. Points of vectors and matrices have three
//! digits of milliseconds and an exponent below 1e-6 and from 1e21; scalars and strings go through Go's own encoder,
//! which has neither. 2.42 writes `<`, `>` and `&` in labels as `\u003c` and so on, 3 writes them plainly; a string
//! result has them escaped in both. It is written piece by piece: no second copy of a large answer.

use super::csv::ordered;
use crate::labels::Labels;
use crate::promql::{Answer, Compat, Value, format_value};
use crate::units::Timestamp;
use std::io::{self, Write};

/// How strings are escaped beside what JSON demands.
#[derive(Clone, Copy)]
struct Escape {
    /// `<`, `>`, `&`, U+2028 and U+2029.
    html: bool,
    /// Whatever could harm a terminal: the same string to every reader of JSON.
    terminal: bool,
}

/// Writes the `data` object: `{"resultType":...,"result":...}`, without a line end.
///
/// A vector keeps the order that `sort` or `topk` gave it; where Prometheus leaves the order open, it is sorted by
/// labels. With `terminal`, characters that a terminal could obey are escaped too.
///
/// # Errors
/// Those of `out`.
pub fn write_json(answer: &Answer, compat: Compat, terminal: bool, out: &mut impl Write) -> io::Result<()> {
    let labels = Escape { html: compat == Compat::V2_42, terminal };
    match &answer.value {
        Value::Scalar(value) => {
            write!(out, r#"{{"resultType":"scalar","result":["#)?;
            write!(out, r#"{},"{}"]}}"#, answer.at.seconds(), format_value(*value))
        }
        Value::String(text) => {
            write!(out, r#"{{"resultType":"string","result":[{},"#, answer.at.seconds())?;
            string(text, Escape { html: true, terminal }, out)?;
            out.write_all(b"]}")
        }
        Value::Vector(points) => {
            out.write_all(br#"{"resultType":"vector","result":["#)?;
            for (i, point) in ordered(points, answer.ordered).into_iter().enumerate() {
                metric(i, &point.labels, labels, out)?;
                out.write_all(br#","value":"#)?;
                pair(point.at, point.value, out)?;
                out.write_all(b"}")?;
            }
            out.write_all(b"]}")
        }
        Value::Matrix(rows) => {
            out.write_all(br#"{"resultType":"matrix","result":["#)?;
            for (i, row) in rows.iter().enumerate() {
                metric(i, &row.labels, labels, out)?;
                out.write_all(br#","values":["#)?;
                for (j, (at, value)) in row.points.iter().enumerate() {
                    if j > 0 {
                        out.write_all(b",")?;
                    }
                    pair(*at, *value, out)?;
                }
                out.write_all(b"]}")?;
            }
            out.write_all(b"]}")
        }
    }
}

fn metric(index: usize, labels: &Labels, escape: Escape, out: &mut impl Write) -> io::Result<()> {
    out.write_all(if index > 0 { br#",{"metric":{"# } else { br#"{"metric":{"# })?;
    for (i, (name, value)) in labels.iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        string(name, escape, out)?;
        out.write_all(b":")?;
        string(value, escape, out)?;
    }
    out.write_all(b"}")
}

fn pair(at: Timestamp, value: f64, out: &mut impl Write) -> io::Result<()> {
    let ms = at.millis();
    let sign = if ms < 0 { "-" } else { "" };
    write!(out, "[{sign}{}", ms.unsigned_abs() / 1000)?;
    if ms % 1000 != 0 {
        write!(out, ".{:03}", ms.unsigned_abs() % 1000)?;
    }
    write!(out, r#","{}"]"#, number(value))
}

/// A value within a vector or a matrix.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || (1e-6..1e21).contains(&size) {
        return format_value(value);
    }
    let short = format!("{value:e}");
    match short.split_once('e') {
        Some((digits, power)) => match power.strip_prefix('-') {
            Some(power) => format!("{digits}e-{power:0>2}"),
            None => format!("{digits}e+{power:0>2}"),
        },
        None => short,
    }
}

fn string(text: &str, escape: Escape, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let special = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escape.html => "",
            c if c < ' ' => "",
            c if escape.terminal && crate::text::clean(c.encode_utf8(&mut [0; 4])).is_empty() => "",
            _ => continue,
        };
        out.write_all(text.get(plain..at).unwrap_or_default().as_bytes())?;
        plain = at + c.len_utf8();
        if special.is_empty() {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        } else {
            out.write_all(special.as_bytes())?;
        }
    }
    out.write_all(text.get(plain..).unwrap_or_default().as_bytes())?;
    out.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_within_vectors_have_an_exponent_where_gos_have() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e-6, "0.000001"),
            (1e-7, "1e-07"),
            (-1.5e-7, "-1.5e-07"),
            (1e-100, "1e-100"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn moments_within_vectors_have_three_digits() {
        for (ms, text) in [
            (0, r#"[0,"1"]"#),
            (500, r#"[0.500,"1"]"#),
            (1_005, r#"[1.005,"1"]"#),
            (-1, r#"[-0.001,"1"]"#),
            (1_700_000_000_000, r#"[1700000000,"1"]"#),
        ] {
            let mut out = Vec::new();
            pair(Timestamp::from_millis(ms), 1.0, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn strings_are_escaped_as_the_reader_needs() {
        for (text, html, terminal, expected) in [
            ("a<b>&\"\\\n\t\r", false, false, r#""a<b>&\"\\\n\t\r""#),
            ("<&>\u{2028}", true, false, r#""\u003c\u0026\u003e\u2028""#),
            ("\u{1}\u{1b}[2J", false, false, r#""\u0001\u001b[2J""#),
            ("\u{9b}2J\u{202e}é", false, false, "\"\u{9b}2J\u{202e}é\""),
            ("\u{9b}2J\u{202e}\u{e0001}é", false, true, r#""\u009b2J\u202e\udb40\udc01é""#),
        ] {
            let mut out = Vec::new();
            string(text, Escape { html, terminal }, &mut out).unwrap();
            let written = String::from_utf8(out).unwrap();
            assert_eq!(written, expected);
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
