//! Answers as CSV (RFC 4180, with LF): a column a label, then `timestamp` and `value`; one line a point.
//!
//! Labels of a series that lack a column's name are empty. Numbers are whole, as in the JSON.

use super::json::number;
use crate::labels::Labels;
use crate::promql::{Answer, Point, Value};
use crate::units::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The points as they are to be shown: in the expression's own order, else by labels.
pub(super) fn ordered(points: &[Point], fixed: bool) -> Vec<&Point> {
    let mut points: Vec<&Point> = points.iter().collect();
    if !fixed {
        points.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    points
}

/// All label names that occur, sorted; `__name__` comes first by itself where it is asked for.
pub(super) fn columns<'a>(labels: impl Iterator<Item = &'a Labels>) -> Vec<&'a str> {
    let names: BTreeSet<&str> = labels.flat_map(|set| set.iter().map(|(name, _)| name)).collect();
    let (first, rest): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|n| *n == crate::labels::NAME);
    first.into_iter().chain(rest).collect()
}

/// Writes a line of column names and one line a point. With `terminal`, characters that a terminal could obey are
/// left out.
///
/// # Errors
/// Those of `out`.
pub fn write_csv(answer: &Answer, terminal: bool, out: &mut impl Write) -> io::Result<()> {
    match &answer.value {
        Value::Scalar(value) => {
            writeln!(out, "timestamp,value")?;
            writeln!(out, "{},{}", seconds(answer.at), number(*value))
        }
        Value::String(text) => {
            writeln!(out, "timestamp,value")?;
            writeln!(out, "{},{}", seconds(answer.at), field(text, terminal))
        }
        Value::Vector(points) => {
            let columns = columns(points.iter().map(|point| &point.labels));
            head(&columns, terminal, out)?;
            for point in ordered(points, answer.ordered) {
                let labels = cells(&columns, &point.labels, terminal);
                writeln!(out, "{labels}{},{}", seconds(point.at), number(point.value))?;
            }
            Ok(())
        }
        Value::Matrix(rows) => {
            let columns = columns(rows.iter().map(|row| &row.labels));
            head(&columns, terminal, out)?;
            for row in rows {
                let labels = cells(&columns, &row.labels, terminal);
                for (at, value) in &row.points {
                    writeln!(out, "{labels}{},{}", seconds(*at), number(*value))?;
                }
            }
            Ok(())
        }
    }
}

fn head(columns: &[&str], terminal: bool, out: &mut impl Write) -> io::Result<()> {
    for column in columns {
        write!(out, "{},", field(column, terminal))?;
    }
    writeln!(out, "timestamp,value")
}

fn cells(columns: &[&str], labels: &Labels, terminal: bool) -> String {
    let mut out = String::new();
    for column in columns {
        out.push_str(&field(labels.get(column).unwrap_or_default(), terminal));
        out.push(',');
    }
    out
}

/// Seconds, with a fraction only where there is one.
fn seconds(at: Timestamp) -> String {
    format!("{}", at.seconds())
}

fn field(text: &str, terminal: bool) -> Cow<'_, str> {
    let text = if terminal { crate::text::clean(text) } else { Cow::Borrowed(text) };
    if text.contains([',', '"', '\n', '\r']) {
        return Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (text, terminal, expected) in [
            ("plain", false, "plain"),
            ("a,b", false, "\"a,b\""),
            ("say \"hi\"", false, "\"say \"\"hi\"\"\""),
            ("two\nlines", false, "\"two\nlines\""),
            ("two\n\u{1b}[2Jlines", true, "two [2Jlines"),
        ] {
            assert_eq!(field(text, terminal), expected);
        }
    }

    #[test]
    fn a_series_without_a_label_leaves_its_cell_empty() {
        let at = Timestamp::from_millis(1_500);
        let point = |labels, value| Point { labels, at, value };
        let answer = Answer {
            value: Value::Vector(vec![
                point(Labels::metric("b", [("z", "1")]), 1.0),
                point(Labels::metric("a", [("B", "x,y")]), f64::INFINITY),
            ]),
            ordered: false,
            at,
            warnings: Vec::new(),
            infos: Vec::new(),
            touched: 0,
        };
        let mut out = Vec::new();
        write_csv(&answer, false, &mut out).unwrap();
        let expected = "__name__,B,z,timestamp,value\na,\"x,y\",,1.5,+Inf\nb,,1,1.5,1\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
