//! Samples from disk to standard output: a few hundred series at a time, so that a day of many takes little memory.

use super::args::{ExportArgs, Written};
use super::{exit, failed, place};
use crate::cli::args::Flags;
use crate::event::Strand;
use crate::io::history::{HistoryError, Reader};
use crate::labels::{Labels, MatchOp, Matcher};
use crate::promql;
use crate::query::parse_moment;
use crate::runtime::now;
use crate::store::Packed;
use crate::target::is_stale;
use crate::text::clean;
use crate::units::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

/// So many series are read in one go.
const AT_ONCE: usize = 1_000;

/// `warroom history export`.
pub(super) fn export(flags: &Flags, args: &ExportArgs) -> io::Result<u8> {
    let at = now();
    let asked = (|| {
        let (from, to) = (moment(&args.from, at)?, moment(&args.to, at)?);
        if from > to {
            return Err(format!("--from ({from}) is after --to ({to})"));
        }
        Ok((from, to, selector(args.selector.as_deref())?))
    })();
    let (from, to, matchers) = match asked {
        Ok(asked) => asked,
        Err(problem) => {
            eprintln!("{problem}");
            return Ok(exit::USAGE);
        }
    };
    let place = match place(flags, &args.of) {
        Ok(place) => place,
        Err(code) => return Ok(code),
    };
    let reader = match Reader::open(&place) {
        Ok(Some(reader)) => reader,
        Ok(None) => {
            eprintln!("{} holds no samples yet", place.file().display());
            return Ok(exit::NO_INPUT);
        }
        Err(error) => return Ok(failed(&error)),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&reader, (from, to), &matchers, args.output, &mut out) {
        Ok(samples) => {
            out.flush()?;
            if samples == 0 {
                eprintln!("no samples of {from} to {to}");
            }
            Ok(0)
        }
        Err(Trouble::Io(error)) => Err(error),
        Err(Trouble::History(error)) => Ok(failed(&error)),
    }
}

/// As everywhere; and `-1h` for `now-1h`.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let spoken = text.trim().strip_prefix('-').filter(|rest| crate::units::parse_duration(rest).is_ok());
    match spoken {
        Some(rest) => parse_moment(&format!("now-{rest}"), now),
        None => parse_moment(text, now),
    }
}

fn selector(text: Option<&str>) -> Result<Vec<Matcher>, String> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let expr = promql::parse(text).map_err(|error| error.pointing(text))?;
    match expr.selectors().as_slice() {
        [only] if expr.is_selector() => Ok(only.matchers.clone()),
        _ => Err(format!("\"{}\" is not a single selector: write it as '{{job=\"checkout\"}}'", clean(text))),
    }
}

enum Trouble {
    Io(io::Error),
    History(HistoryError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes all of it, by name and labels; says how many samples that were.
fn write(
    reader: &Reader,
    (from, to): (Timestamp, Timestamp),
    matchers: &[Matcher],
    written: Written,
    out: &mut impl Write,
) -> Result<usize, Trouble> {
    let mut wanted = reader.series(matchers);
    wanted.sort_by(|a, b| (a.name(), a).cmp(&(b.name(), b)));
    let (mut samples, mut name) = (0, None);
    for group in wanted.chunks(AT_ONCE) {
        // All series of these names; those that were not wanted are left out again.
        let names: Vec<String> = names(group);
        let mut of_names = matchers.to_vec();
        of_names.extend(Matcher::new(crate::labels::NAME, MatchOp::Regex, &names.join("|")).ok());
        let mut found: BTreeMap<Labels, Vec<Packed>> =
            group.iter().map(|labels| (labels.clone(), Vec::new())).collect();
        let mut take = |strands: Vec<Strand>| {
            for strand in strands {
                if let Some(pieces) = found.get_mut(&strand.labels) {
                    pieces.push(strand.packed);
                }
            }
            true
        };
        reader.read(from, to, &of_names, &mut take).map_err(Trouble::History)?;
        for labels in group {
            let pieces = found.remove(labels).unwrap_or_default();
            let all: Vec<(Timestamp, f64)> = pieces.iter().rev().flat_map(Packed::samples).collect();
            if all.is_empty() {
                continue;
            }
            samples += all.len();
            match written {
                Written::Jsonl => json_line(labels, &all, out)?,
                Written::Openmetrics => {
                    if name != Some(labels.name()) {
                        name = Some(labels.name());
                        writeln!(out, "# TYPE {} unknown", family(labels.name().unwrap_or("")))?;
                    }
                    lines(labels, &all, out)?;
                }
            }
        }
    }
    if written == Written::Openmetrics {
        writeln!(out, "# EOF")?;
    }
    Ok(samples)
}

fn names(group: &[Labels]) -> Vec<String> {
    let mut names: Vec<String> =
        group.iter().map(|labels| regex::escape(labels.name().unwrap_or(""))).collect();
    names.dedup();
    names
}

/// Labels of the text format need no quotes.
fn is_plain(name: &str, colons: bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || colons && c == ':';
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn quoted(text: &str) -> String {
    let text = clean(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

fn family(name: &str) -> String {
    if is_plain(name, true) { name.to_owned() } else { quoted(name) }
}

/// One line a sample, as OpenMetrics has it; without those that mark an end, which it has no word for.
fn lines(labels: &Labels, samples: &[(Timestamp, f64)], out: &mut impl Write) -> io::Result<()> {
    let name = labels.name().unwrap_or("");
    let mut pairs: Vec<String> = Vec::new();
    let plain = is_plain(name, true);
    if !plain {
        pairs.push(quoted(name));
    }
    for (label, value) in labels.iter().filter(|(label, _)| *label != crate::labels::NAME) {
        let label = if is_plain(label, false) { label.to_owned() } else { quoted(label) };
        pairs.push(format!("{label}={}", quoted(value)));
    }
    let head = match (plain, pairs.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{name}{{{}}}", pairs.join(",")),
        (false, _) => format!("{{{}}}", pairs.join(",")),
    };
    for (at, value) in samples.iter().filter(|sample| !is_stale(sample.1)) {
        let ms = at.millis();
        let sign = if ms < 0 { "-" } else { "" };
        let (seconds, rest) = (ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000);
        writeln!(out, "{head} {} {sign}{seconds}.{rest:03}", promql::format_value(*value))?;
    }
    Ok(())
}

/// One line a series; what JSON has no number for is null, infinities are words.
fn json_line(labels: &Labels, samples: &[(Timestamp, f64)], out: &mut impl Write) -> io::Result<()> {
    let metric: Map<String, Value> = labels
        .iter()
        .map(|(label, value)| (clean(label).into_owned(), Value::from(clean(value).into_owned())))
        .collect();
    let number = |value: f64| match value {
        value if value.is_nan() => Value::Null,
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    };
    let values: Vec<Value> = samples.iter().map(|sample| number(sample.1)).collect();
    let timestamps: Vec<i64> = samples.iter().map(|sample| sample.0.millis()).collect();
    writeln!(out, "{}", json!({ "metric": metric, "values": values, "timestamps": timestamps }))
}
