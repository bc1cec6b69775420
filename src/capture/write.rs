//! A capture as lines of JSON.

use super::{Capture, Strand, VERSION};
use crate::config::Source;
use crate::journal::Entry;
use crate::target::is_stale;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes a capture, at most `most` bytes of it: where that is not enough, series are left out, those with most samples
/// first, and the last line says how many. Returns how many bytes there are, and how many series were left out.
///
/// # Errors
/// Those of `out`.
pub fn write(capture: &Capture, most: u64, out: &mut impl Write) -> io::Result<(u64, usize)> {
    let mut lines = Lines { out, bytes: 0, count: 0 };
    lines.put(&head(capture))?;
    for source in &capture.portable.config {
        lines.put(&json!({ "config": file(source) }))?;
    }
    for (set, source) in &capture.portable.rules {
        lines.put(&json!({ "rules": file(source), "set": set }))?;
    }
    for source in &capture.portable.slos {
        lines.put(&json!({ "objectives": file(source) }))?;
    }
    for told in &capture.told {
        let runs: Vec<Value> = told.runs.iter().filter_map(|run| serde_json::to_value(run).ok()).collect();
        lines.put(&json!({
            "said": runs, "service": &*told.service, "poll": &*told.poll, "instance": &*told.instance,
        }))?;
    }
    for (service, states) in &capture.states {
        let states: Vec<Value> =
            states.iter().map(|(at, state)| json!([at.millis(), state.word()])).collect();
        lines.put(&json!({ "states": states, "service": &**service }))?;
    }
    for saved in &capture.slos {
        lines.put(&json!({ "slo": saved }))?;
    }
    for happening in &capture.happenings {
        lines.put(&json!({ "happening": happening }))?;
    }
    for entry in &capture.entries {
        lines.put(&json!({ "journal": journal(entry) }))?;
    }
    // The small ones first: they are what most questions are about.
    let mut series: Vec<&Strand> = capture.series.iter().collect();
    series.sort_by_key(|strand| strand.samples.len());
    let mut left = 0;
    for strand in series {
        let text = strand_line(strand);
        if lines.bytes + text.len() as u64 + LAST > most {
            left += 1;
        } else {
            lines.raw(&text)?;
        }
    }
    let count = lines.count;
    lines.put(&json!({ "end": count, "series_left_out": left }))?;
    Ok((lines.bytes, left))
}

/// Room for the last line.
const LAST: u64 = 128;

struct Lines<'a, W> {
    out: &'a mut W,
    bytes: u64,
    count: u64,
}

impl<W: Write> Lines<'_, W> {
    fn put(&mut self, value: &Value) -> io::Result<()> {
        self.raw(&value.to_string())
    }

    fn raw(&mut self, line: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")?;
        self.bytes += line.len() as u64 + 1;
        self.count += 1;
        Ok(())
    }
}

fn head(capture: &Capture) -> Value {
    let head = &capture.head;
    json!({
        "warroom_capture": VERSION,
        "from": head.from.millis(),
        "to": head.to.millis(),
        "made": head.made.millis(),
        "by": head.by,
        "why": head.why,
        "redacted": head.redacted,
    })
}

fn file(source: &Source) -> Value {
    json!({ "name": source.name, "text": source.text })
}

/// The line of the journal as it stands there.
fn journal(entry: &Entry) -> Value {
    serde_json::from_str(&entry.to_line()).unwrap_or(Value::Null)
}

/// `{"series": {...}, "t": [first, then steps in ms], "v": [...]}`.
fn strand_line(strand: &Strand) -> String {
    let mut labels = Map::new();
    for (name, value) in strand.labels.iter() {
        labels.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    let mut text = format!("{{\"series\":{},\"t\":[", Value::Object(labels));
    let mut before = 0;
    for (index, (at, _)) in strand.samples.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        push(&mut text, format_args!("{comma}{}", at.millis() - before));
        before = at.millis();
    }
    text.push_str("],\"v\":[");
    for (index, (_, value)) in strand.samples.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        number(&mut text, *value);
    }
    text.push_str("]}");
    text
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = std::fmt::Write::write_fmt(text, part);
}

/// A number in the shortest form that is read back as the same bits; what JSON has no number for is a word. All NaNs but the
/// stale marker are one.
pub(crate) fn number(text: &mut String, value: f64) {
    match value {
        value if is_stale(value) => text.push_str("\"stale\""),
        value if value.is_nan() => text.push_str("\"NaN\""),
        value if value == f64::INFINITY => text.push_str("\"+Inf\""),
        value if value == f64::NEG_INFINITY => text.push_str("\"-Inf\""),
        value
            if value.fract().abs().to_bits() == 0
                && value.abs() < 9e15
                && (value.is_sign_positive() || value < 0.0) =>
        {
            push(text, format_args!("{}", value as i64));
        }
        value => push(text, format_args!("{value:?}")),
    }
}
