//! Answers as a table for people: aligned by display width, numbers by their decimal point, ages, sparklines.
//!
//! Every string from outside is cleaned. Numbers are rounded to what an eye takes in; JSON and CSV have them whole.

use super::csv::{columns, ordered};
use super::json::number;
use crate::labels::{Labels, NAME};
use crate::promql::{Answer, Point, Row, Value};
use crate::text::{clean, truncate, width};
use crate::units::Timestamp;
use std::io::{self, Write};
use std::time::Duration;
use warroom_widgets::{GlyphSet, Sparkline, Unit, human};

/// How a table is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// The head of the table stands out by escape sequences.
    pub styled: bool,
    /// Columns of the terminal; nothing is cut without.
    pub width: Option<usize>,
}

/// Cells of a sparkline.
const SPARK: usize = 24;
/// Numbers longer than this are rounded.
const LONG: usize = 12;
/// The least that a column of labels is cut to.
const NARROW: usize = 6;

/// What a column shows of a series.
type Pick<'a> = &'a dyn Fn(&Row) -> Option<f64>;

/// A column: its head, its cells, and on which side they are aligned.
struct Column {
    head: String,
    cells: Vec<String>,
    right: bool,
    /// May be cut where the terminal is too narrow.
    shrinks: bool,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().map(|cell| width(cell)).chain([width(&self.head)]).max().unwrap_or(0)
    }
}

/// Writes the answer. `age` tells how old the sample behind a series of an instant vector is, where that can be known.
///
/// # Errors
/// Those of `out`.
pub fn write_table(
    answer: &Answer,
    look: Look,
    age: impl Fn(&Labels) -> Option<Duration>,
    out: &mut impl Write,
) -> io::Result<()> {
    match &answer.value {
        Value::Scalar(value) => writeln!(out, "{}", brief(*value)),
        Value::String(text) => writeln!(out, "{}", clean(text)),
        Value::Vector(points) if points.is_empty() => Ok(()),
        Value::Vector(points) => {
            let points = ordered(points, answer.ordered);
            let mut columns = label_columns(&points.iter().map(|point: &&Point| &point.labels));
            let values: Vec<String> = points.iter().map(|point| brief(point.value)).collect();
            columns.push(Column {
                head: "VALUE".to_owned(),
                cells: aligned(values),
                right: true,
                shrinks: false,
            });
            let ages: Vec<Option<Duration>> = points.iter().map(|point| age(&point.labels)).collect();
            if ages.iter().any(Option::is_some) {
                let word = |age: &Option<Duration>| {
                    age.map_or_else(|| "-".to_owned(), |age| human(age.as_secs_f64(), Unit::Seconds))
                };
                let cells = ages.iter().map(word).collect();
                columns.push(Column { head: "AGE".to_owned(), cells, right: true, shrinks: false });
            }
            print(&columns, look, out)
        }
        Value::Matrix(rows) if rows.is_empty() => Ok(()),
        Value::Matrix(rows) => print(&range_columns(rows, look), look, out),
    }
}

/// A column a label; the name first.
fn label_columns<'a>(labels: &(impl Iterator<Item = &'a Labels> + Clone)) -> Vec<Column> {
    columns(labels.clone())
        .into_iter()
        .map(|name| Column {
            head: clean(if name == NAME { "METRIC" } else { name }).into_owned(),
            cells: labels.clone().map(|set| clean(set.get(name).unwrap_or_default()).into_owned()).collect(),
            right: false,
            shrinks: true,
        })
        .collect()
}

fn range_columns(rows: &[Row], look: Look) -> Vec<Column> {
    let mut columns = label_columns(&rows.iter().map(|row| &row.labels));
    let span = Span::of(rows);
    let sparks = rows.iter().map(|row| spark(row, span, look.ascii)).collect();
    let head = format!("{} .. {}", clock(span.start), clock(span.end));
    let head = if span.cells() < SPARK { "TREND".to_owned() } else { head };
    columns.push(Column { head, cells: sparks, right: false, shrinks: false });
    let real = |row: &Row| {
        row.points.iter().map(|(_, value)| *value).filter(|value| !value.is_nan()).collect::<Vec<_>>()
    };
    let figure = |pick: Pick<'_>| {
        aligned(rows.iter().map(|row| pick(row).map_or_else(|| "-".to_owned(), brief)).collect())
    };
    let all: [(&str, Pick<'_>); 4] = [
        ("FIRST", &|row| row.points.first().map(|(_, value)| *value)),
        ("LAST", &|row| row.points.last().map(|(_, value)| *value)),
        ("MIN", &|row| real(row).into_iter().reduce(f64::min)),
        ("MAX", &|row| real(row).into_iter().reduce(f64::max)),
    ];
    for (head, pick) in all {
        columns.push(Column { head: head.to_owned(), cells: figure(pick), right: true, shrinks: false });
    }
    let counts = rows.iter().map(|row| row.points.len().to_string()).collect();
    columns.push(Column { head: "POINTS".to_owned(), cells: counts, right: true, shrinks: false });
    columns
}

/// `HH:MM:SS` of a moment, UTC.
fn clock(ms: i64) -> String {
    let text = Timestamp::from_millis(ms.div_euclid(1000) * 1000).to_string();
    text.split_once('T').map_or(text.clone(), |(_, time)| time.trim_end_matches('Z').to_owned())
}

/// The moments of an answer: the first, the last, and the shortest distance between two.
#[derive(Clone, Copy)]
struct Span {
    start: i64,
    end: i64,
    step: i64,
}

impl Span {
    fn of(rows: &[Row]) -> Self {
        let times = |row: &Row| row.points.iter().map(|(at, _)| at.millis()).collect::<Vec<_>>();
        let (mut start, mut end, mut step) = (i64::MAX, i64::MIN, i64::MAX);
        for row in rows {
            let times = times(row);
            start = start.min(times.first().copied().unwrap_or(i64::MAX));
            end = end.max(times.last().copied().unwrap_or(i64::MIN));
            let gaps = times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a));
            step = step.min(gaps.min().unwrap_or(i64::MAX));
        }
        if start > end { Self { start: 0, end: 0, step: 1 } } else { Self { start, end, step: step.max(1) } }
    }

    /// How many cells are worth drawing: no more than there are moments.
    fn cells(self) -> usize {
        let moments = self.end.saturating_sub(self.start) / self.step + 1;
        usize::try_from(moments).unwrap_or(SPARK).clamp(1, SPARK)
    }

    /// The cell that a moment belongs to.
    fn cell(self, at: i64) -> usize {
        let whole = self.end.saturating_sub(self.start).saturating_add(self.step) as f64;
        let share = at.saturating_sub(self.start) as f64 / whole;
        ((share * self.cells() as f64) as usize).min(self.cells() - 1)
    }
}

/// The course of a series over the span of the whole answer: each cell the mean of its share, a gap where none is.
fn spark(row: &Row, span: Span, ascii: bool) -> String {
    let mut sums = vec![(0.0_f64, 0_u32); span.cells()];
    for (at, value) in row.points.iter().filter(|(_, value)| value.is_finite()) {
        if let Some(cell) = sums.get_mut(span.cell(at.millis())) {
            *cell = (cell.0 + value, cell.1 + 1);
        }
    }
    let means: Vec<Option<f64>> =
        sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))).collect();
    // By its own extremes: the figures beside it say how large they are. What does not move lies at the bottom.
    let known = || means.iter().flatten().copied();
    let low = known().reduce(f64::min).unwrap_or(0.0);
    let high = known().reduce(f64::max).unwrap_or(1.0);
    let high = if high > low { high } else { low + 1.0 };
    let glyphs = if ascii { GlyphSet::Ascii } else { GlyphSet::Unicode }.glyphs();
    means.iter().map(|mean| mean.map_or(" ", |mean| Sparkline::glyph(mean, low, high, glyphs))).collect()
}

/// A number as short as an eye needs it: whole where it is not long, else six significant digits.
fn brief(value: f64) -> String {
    let full = number(value);
    if full.len() <= LONG || !value.is_finite() {
        return full;
    }
    let size = value.abs();
    if !(1e-4..1e15).contains(&size) {
        return format!("{value:.5e}");
    }
    let digits = (5 - size.log10().floor() as i32).max(0) as usize;
    let rounded = format!("{value:.digits$}");
    if rounded.contains('.') {
        rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        rounded
    }
}

/// Pads numbers on the right so that their decimal points stand below one another.
fn aligned(numbers: Vec<String>) -> Vec<String> {
    let tail = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        text.find('.').filter(|_| plain).map_or(0, |at| text.len() - at)
    };
    let longest = numbers.iter().map(|text| tail(text)).max().unwrap_or(0);
    numbers.into_iter().map(|text| format!("{text}{}", " ".repeat(longest - tail(&text)))).collect()
}

/// The widths that the columns get: the widest labels are cut until all fit.
fn fit(columns: &[Column], room: Option<usize>) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(Column::width).collect();
    let Some(room) = room else { return widths };
    loop {
        let total: usize = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let widest = columns
            .iter()
            .zip(widths.iter_mut())
            .filter(|(column, width)| column.shrinks && **width > NARROW)
            .map(|(_, width)| width)
            .max();
        match widest {
            Some(width) if total > room => *width -= 1,
            _ => return widths,
        }
    }
}

fn print(columns: &[Column], look: Look, out: &mut impl Write) -> io::Result<()> {
    let widths = fit(columns, look.width);
    let line = |cell: &dyn Fn(&Column) -> String| {
        let mut text = String::new();
        for (column, room) in columns.iter().zip(&widths) {
            let cell = cell(column);
            let cell = truncate(&cell, *room, look.ascii);
            let pad = " ".repeat(room.saturating_sub(width(&cell)));
            if column.right {
                text.push_str(&pad);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.push_str(&pad);
            }
            text.push_str("  ");
        }
        text.trim_end().to_owned()
    };
    let head = line(&|column| column.head.clone());
    if look.styled {
        writeln!(out, "\u{1b}[1m{head}\u{1b}[0m")?;
    } else {
        writeln!(out, "{head}")?;
    }
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for at in 0..rows {
        writeln!(out, "{}", line(&|column| column.cells.get(at).cloned().unwrap_or_default()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(value: Value) -> Answer {
        let at = Timestamp::from_millis(0);
        Answer { value, ordered: false, at, warnings: Vec::new(), infos: Vec::new(), touched: 0 }
    }

    fn shown(value: Value, look: Look) -> String {
        let mut out = Vec::new();
        let age = |labels: &Labels| labels.name().map(|_| Duration::from_secs(12));
        write_table(&answer(value), look, age, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short_and_stand_by_their_point() {
        for (value, text) in [
            (0.0, "0"),
            (1.0 / 3.0, "0.333333"),
            (1e21, "1e+21"),
            (123_456_789.123_45, "123456789"),
            (0.000_012_345_678_9, "1.23457e-5"),
            (12.5, "12.5"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (1.000_000_000_1, "1.0000000001"),
            (1.000_000_000_001, "1"),
        ] {
            assert_eq!(brief(value), text);
        }
        let texts = ["1.25", "100", "NaN", "-0.5"].map(str::to_owned).to_vec();
        assert_eq!(aligned(texts), ["1.25", "100   ", "NaN   ", "-0.5 "]);
    }

    #[test]
    fn a_vector_has_a_column_a_label() {
        let at = Timestamp::from_millis(0);
        let point = |labels, value| Point { labels, at, value };
        let points = vec![
            point(Labels::metric("up", [("job", "東京"), ("instance", "b:1")]), 0.5),
            point(Labels::metric("up", [("job", "api\u{1b}[2J"), ("instance", "a:10")]), 12.0),
        ];
        let wide = "METRIC  instance  job     VALUE  AGE\n\
                    up      a:10      api[2J   12    12s\n\
                    up      b:1       東京      0.5  12s\n";
        assert_eq!(shown(Value::Vector(points.clone()), Look::default()), wide);
        let narrow = shown(Value::Vector(points), Look { ascii: true, width: Some(20), ..Look::default() });
        assert!(narrow.contains("insta~"), "{narrow}");
    }

    #[test]
    fn a_range_has_a_row_a_series() {
        let points = |values: &[f64]| {
            values.iter().enumerate().map(|(i, v)| (Timestamp::from_millis(i as i64 * 60_000), *v)).collect()
        };
        let rows = vec![
            Row { labels: Labels::from_pairs([("job", "api")]), points: points(&[1.0, 2.0, 3.0, 8.0]) },
            Row { labels: Labels::from_pairs([("job", "web")]), points: points(&[5.0, f64::NAN]) },
        ];
        for (ascii, expected) in [
            (
                true,
                "job  TREND  FIRST  LAST  MIN  MAX  POINTS\n\
                 api  _.:#       1     8    1    8       4\n\
                 web  _          5   NaN    5    5       2\n",
            ),
            (
                false,
                "job  TREND  FIRST  LAST  MIN  MAX  POINTS\n\
                 api  ▁▂▃█       1     8    1    8       4\n\
                 web  ▁          5   NaN    5    5       2\n",
            ),
        ] {
            assert_eq!(shown(Value::Matrix(rows.clone()), Look { ascii, ..Look::default() }), expected);
        }
    }
}
