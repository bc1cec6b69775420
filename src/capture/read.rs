//! Reading a capture: bytes that anybody may have made.
//!
//! A capture that is cut off, of another version or over a limit is refused with the reason; a line that makes no sense is
//! left out and counted, so that newer ones can be read by older warrooms.

mod quick;

use super::{Capture, Head, Strand, ToldBy, VERSION};
use crate::config::Source;
use crate::incident::Happening;
use crate::journal::Entry;
use crate::labels::Labels;
use crate::slo::Saved;
use crate::target::health::State;
use crate::target::{STALE_NAN, Told};
use crate::text::{Clean, clean};
use crate::units::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// What a capture may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes, unpacked.
    pub bytes: u64,
    /// The most bytes of a line.
    pub line: u64,
    /// The most lines.
    pub lines: usize,
    /// The most samples.
    pub samples: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, line: 32 << 20, lines: 500_000, samples: 50_000_000 }
    }
}

/// Why a capture cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It cannot be read at all, or cannot be unpacked.
    #[error("cannot read the capture: {0}")]
    Io(#[from] io::Error),
    /// The first line is not a capture's.
    #[error("this is no capture: its first line does not say \"warroom_capture\"")]
    NotOne,
    /// A newer warroom made it.
    #[error("the capture has version {0}; this warroom reads up to version {VERSION}")]
    Version(u64),
    /// Its times make no sense.
    #[error("the capture's times make no sense: it ends before it begins")]
    Times,
    /// The last line is missing, or counts other lines.
    #[error("the capture is cut off after line {0}")]
    CutOff(u64),
    /// It is larger than anything that is read.
    #[error("the capture has more than {0}")]
    TooLarge(String),
}

/// Reads a capture.
///
/// # Errors
/// It is none, is cut off, of a newer version, over a limit, or cannot be read.
pub fn read(from: impl Read, limits: Limits) -> Result<Capture, CaptureError> {
    let mut input = io::BufReader::with_capacity(1 << 16, from.take(limits.bytes.saturating_add(1)));
    let (mut capture, mut line, mut bytes) = (Capture::default(), Vec::new(), 0_u64);
    let (mut count, mut ended, mut samples) = (0_u64, None, 0_usize);
    loop {
        line.clear();
        let taken = (&mut input).take(limits.line.saturating_add(1)).read_until(b'\n', &mut line);
        let taken = match taken {
            Ok(taken) => taken as u64,
            // What was packed and cut off ends in an error of the unpacker.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && count > 0 => {
                return Err(CaptureError::CutOff(count));
            }
            Err(error) => return Err(error.into()),
        };
        if taken == 0 {
            break;
        }
        bytes += taken;
        if bytes > limits.bytes {
            return Err(CaptureError::TooLarge(format!("{} MiB", limits.bytes >> 20)));
        }
        if taken > limits.line {
            return Err(match count {
                0 => CaptureError::NotOne,
                _ => CaptureError::TooLarge(format!("{} MiB in one line", limits.line >> 20)),
            });
        }
        if count > 0
            && ended.is_none()
            && let Some(strand) = quick::strand(&line)
        {
            samples += strand.samples.len();
            capture.series.push(strand);
            count += 1;
            within(&limits, samples, count)?;
            continue;
        }
        let value: Option<Map<String, Value>> = serde_json::from_slice(&line).ok();
        if count == 0 {
            capture.head = head(value.as_ref().ok_or(CaptureError::NotOne)?)?;
            count = 1;
            continue;
        }
        if ended.is_some() {
            return Err(CaptureError::CutOff(count));
        }
        let Some(value) = value else {
            // The last line may be half of one.
            if line.last() != Some(&b'\n') {
                return Err(CaptureError::CutOff(count));
            }
            left_out(&mut capture, count, "is not JSON");
            count += 1;
            continue;
        };
        if let Some(end) = value.get("end") {
            ended = Some(end.as_u64());
            continue;
        }
        if let Err(why) = take(&mut capture, value, &mut samples) {
            left_out(&mut capture, count, &why);
        }
        count += 1;
        within(&limits, samples, count)?;
    }
    match ended {
        Some(Some(end)) if end == count => Ok(capture),
        _ if count == 0 => Err(CaptureError::NotOne),
        _ => Err(CaptureError::CutOff(count)),
    }
}

/// Refuses what has more samples or lines than are read.
fn within(limits: &Limits, samples: usize, lines: u64) -> Result<(), CaptureError> {
    if samples > limits.samples {
        return Err(CaptureError::TooLarge(format!("{} samples", limits.samples)));
    }
    if lines > limits.lines as u64 {
        return Err(CaptureError::TooLarge(format!("{} lines", limits.lines)));
    }
    Ok(())
}

fn left_out(capture: &mut Capture, line: u64, why: &str) {
    let (count, first) = &mut capture.left_out;
    if *count == 0 {
        *first = format!("line {}: {why}", line + 1);
    }
    *count += 1;
}

/// The furthest moment from 1970 that a calendar has, in ms: year 9999.
const FURTHEST: i64 = 253_402_207_200_000;

fn moment(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_i64().filter(|ms| (0..FURTHEST).contains(ms)).map(Timestamp::from_millis)
}

fn head(line: &Map<String, Value>) -> Result<Head, CaptureError> {
    let version = line.get("warroom_capture").and_then(Value::as_u64).ok_or(CaptureError::NotOne)?;
    if version > VERSION {
        return Err(CaptureError::Version(version));
    }
    let (Some(from), Some(to)) = (moment(line.get("from")), moment(line.get("to"))) else {
        return Err(CaptureError::Times);
    };
    if from > to {
        return Err(CaptureError::Times);
    }
    let text = |key: &str| {
        let text = line.get(key).and_then(Value::as_str);
        text.map(|text| Clean::new(text).as_str().to_owned())
    };
    let redacted = line.get("redacted").and_then(Value::as_array).into_iter().flatten();
    Ok(Head {
        from,
        to,
        made: moment(line.get("made")).unwrap_or(to),
        by: text("by").unwrap_or_default(),
        why: text("why"),
        redacted: redacted
            .filter_map(Value::as_str)
            .take(100)
            .map(|label| clean(label).into_owned())
            .collect(),
    })
}

/// Takes in one line, or says what is wrong with it. Kinds that are not known come from a newer warroom.
fn take(capture: &mut Capture, mut line: Map<String, Value>, samples: &mut usize) -> Result<(), String> {
    let name = |line: &Map<String, Value>, key: &str| -> Result<Arc<str>, String> {
        let text = line.get(key).and_then(Value::as_str).ok_or_else(|| format!("has no {key}"))?;
        Ok(Clean::new(text).as_str().into())
    };
    if line.contains_key("series") {
        let strand = strand(&line)?;
        *samples += strand.samples.len();
        capture.series.push(strand);
    } else if let Some(file) = line.remove("config") {
        capture.portable.config.push(source(&file)?);
    } else if let Some(file) = line.remove("rules") {
        let set = name(&line, "set")?.to_string();
        capture.portable.rules.push((set, source(&file)?));
    } else if let Some(file) = line.remove("objectives") {
        capture.portable.slos.push(source(&file)?);
    } else if let Some(runs) = line.remove("said") {
        let runs: Vec<Told> = typed(runs)?;
        let rise = runs.iter().zip(runs.iter().skip(1)).all(|(a, b)| a.until <= b.at);
        if !rise || runs.iter().any(|run| run.at > run.until || !sane(run.at) || !sane(run.until)) {
            return Err("has times that do not rise".to_owned());
        }
        let (service, poll, instance) =
            (name(&line, "service")?, name(&line, "poll")?, name(&line, "instance")?);
        capture.told.push(ToldBy { service, poll, instance, runs });
    } else if let Some(states) = line.remove("states") {
        let states: Vec<(Timestamp, State)> = typed(states)?;
        capture.states.push((name(&line, "service")?, states));
    } else if let Some(saved) = line.remove("slo") {
        capture.slos.push(typed::<Saved>(saved)?);
    } else if let Some(happening) = line.remove("happening") {
        capture.happenings.push(typed::<Happening>(happening)?);
    } else if let Some(entry) = line.remove("journal") {
        let entry = Entry::parse(&entry.to_string()).map_err(|error| error.to_string())?;
        capture.entries.push(entry);
    } else {
        return Err("is of a kind that is not known".to_owned());
    }
    Ok(())
}

/// Is this a moment that a calendar has?
pub(crate) fn sane(at: Timestamp) -> bool {
    (0..FURTHEST).contains(&at.millis())
}

fn typed<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| Clean::new(&error.to_string()).as_str().to_owned())
}

fn source(file: &Value) -> Result<Source, String> {
    let text = |key: &str| file.get(key).and_then(Value::as_str).ok_or_else(|| format!("has no {key}"));
    Ok(Source { name: clean(text("name")?).into_owned(), text: text("text")?.to_owned() })
}

/// The most labels of a series.
const MOST_LABELS: usize = 256;

fn strand(line: &Map<String, Value>) -> Result<Strand, String> {
    let labels = line.get("series").and_then(Value::as_object).ok_or("has no labels")?;
    if labels.len() > MOST_LABELS {
        return Err(format!("has more than {MOST_LABELS} labels"));
    }
    let pairs = labels.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let labels = Labels::from_pairs(pairs);
    let list = |key: &str| line.get(key).and_then(Value::as_array).ok_or_else(|| format!("has no {key}"));
    let (times, values) = (list("t")?, list("v")?);
    if times.len() != values.len() {
        return Err("has as many times as values only in part".to_owned());
    }
    let mut samples = Vec::with_capacity(times.len());
    let mut at = 0_i64;
    for (index, (step, value)) in times.iter().zip(values).enumerate() {
        let step = step.as_i64().ok_or("has times that do not rise")?;
        at = next(at, step, index == 0)?;
        samples.push((Timestamp::from_millis(at), number(value)?));
    }
    if samples.is_empty() {
        return Err("has no samples".to_owned());
    }
    Ok(Strand { labels, samples })
}

/// The moment one step after `at`; the first step is the moment itself.
fn next(at: i64, step: i64, first: bool) -> Result<i64, &'static str> {
    if !first && step <= 0 {
        return Err("has times that do not rise");
    }
    at.checked_add(step).filter(|at| (0..FURTHEST).contains(at)).ok_or("has a time out of range")
}

/// The value that JSON has no number for.
fn word(word: &str) -> Option<f64> {
    match word {
        "stale" => Some(STALE_NAN),
        "NaN" => Some(f64::NAN),
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A number, or the word for what JSON has none for.
pub(crate) fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Number(number) => number.as_f64().ok_or_else(|| "has a value out of range".to_owned()),
        Value::String(word) => self::word(word).ok_or_else(|| "has a value that is no number".to_owned()),
        _ => Err("has a value that is no number".to_owned()),
    }
}
