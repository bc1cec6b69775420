//! Lines back to events: bytes that anybody may have sent.

use super::{Beat, Hello, Line, MOST_LINE, MOST_SERIES, Place, Report, VERSION};
use crate::capture::{number_of, sane_moment};
use crate::journal::Entry;
use crate::labels::Labels;
use crate::target::spoken::Spoken;
use crate::target::{Observation, Sample};
use crate::text::{Clean, clean};
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The most labels of a series.
const MOST_LABELS: usize = 256;
/// The most polls that a server may speak of.
const MOST_POLLS: usize = 100_000;
/// No exchange takes longer.
const LONGEST: f64 = 86_400.0;

/// Why a line was left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// It is longer than any line may be.
    #[error("a line is over {} MiB", MOST_LINE >> 20)]
    TooLong,
    /// It is no JSON.
    #[error("a line is not JSON")]
    NotJson,
    /// Another form, which this warroom cannot read.
    #[error("the server speaks version {0} of the feed, this warroom version {VERSION}")]
    Version(u64),
    /// It makes no sense.
    #[error("a line {0}")]
    Senseless(String),
    /// A kind of line that is not known here.
    #[error("a line is of a kind that is not known here")]
    Unknown,
}

/// Reads the lines of one connection.
#[derive(Debug, Default)]
pub struct Reader {
    series: FxHashMap<u32, Labels>,
}

impl Reader {
    /// Reads one line. Nothing: it had only something to say to the reader.
    ///
    /// # Errors
    /// Why it is left out. What came before and comes after is not touched by it.
    pub fn line(&mut self, bytes: &[u8]) -> Result<Option<Line>, Skipped> {
        if bytes.len() > MOST_LINE {
            return Err(Skipped::TooLong);
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let mut line: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| Skipped::NotJson)?;
        if let Some(version) = line.get("warroom_feed") {
            return match version.as_u64() {
                Some(VERSION) => Ok(Some(Line::Hello(hello(&line)))),
                version => Err(Skipped::Version(version.unwrap_or(0))),
            };
        }
        if let Some(series) = line.remove("series") {
            self.learn(&series)?;
            return Ok(None);
        }
        if let Some(reports) = line.remove("reports") {
            let Value::Array(reports) = reports else {
                return Err(senseless("has reports that are no list"));
            };
            // One that makes no sense costs itself.
            let read: Vec<Report> = reports.into_iter().filter_map(|it| self.report(it).ok()).collect();
            return Ok((!read.is_empty()).then_some(Line::Reports(read)));
        }
        if let Some(samples) = line.remove("ended") {
            return Ok(Some(Line::Ended(self.samples(&samples, None)?)));
        }
        if let Some(at) = line.get("beat") {
            let at = moment(Some(at)).ok_or_else(|| senseless("has a time that is none"))?;
            let clients = line.get("clients").and_then(Value::as_u64).unwrap_or(0);
            return Ok(Some(Line::Beat(Beat { at, clients })));
        }
        if let Some(link) = line.get("link") {
            let since = link.get(0).and_then(|at| moment(Some(at)));
            let what = link.get(1).and_then(Value::as_str).map(Clean::new);
            return Ok(Some(Line::Link(since.zip(what))));
        }
        if let Some(entry) = line.remove("journal") {
            let entry = Entry::parse(&entry.to_string()).map_err(|error| senseless(&error.to_string()))?;
            return Ok(Some(Line::Journal(vec![entry])));
        }
        Err(Skipped::Unknown)
    }

    /// Series that have a number.
    pub fn series(&self) -> usize {
        self.series.len()
    }

    fn learn(&mut self, series: &Value) -> Result<(), Skipped> {
        for one in series.as_array().ok_or_else(|| senseless("has series that are no list"))? {
            let number = one.get(0).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
            let labels = one.get(1).and_then(Value::as_object).filter(|labels| labels.len() <= MOST_LABELS);
            let (Some(number), Some(labels)) = (number, labels) else { continue };
            if self.series.len() >= MOST_SERIES && !self.series.contains_key(&number) {
                return Err(senseless("speaks of more series than anybody has"));
            }
            let pairs = labels.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
            self.series.insert(number, Labels::from_pairs(pairs));
        }
        Ok(())
    }

    fn report(&self, value: Value) -> Result<Report, Skipped> {
        let Value::Object(mut report) = value else { return Err(senseless("has a report that is none")) };
        let at = moment(report.get("at")).ok_or_else(|| senseless("has a report without a time"))?;
        let outcome = match (report.remove("answer"), report.remove("failure")) {
            (Some(answer), _) => Ok(typed(answer)?),
            (None, Some(failure)) => Err(typed(failure)?),
            (None, None) => return Err(senseless("has a report without an outcome")),
        };
        let mut observation: Option<Observation> = report.remove("seen").map(typed).transpose()?;
        let spoken: Option<Spoken> = report.remove("spoken").and_then(|spoken| typed(spoken).ok());
        if let Some(spoken) = spoken {
            observation.get_or_insert_default().spoken = Some(Arc::new(spoken));
        }
        let samples = report
            .get("samples")
            .map(|samples| self.samples(samples, Some(at)))
            .transpose()?
            .unwrap_or_default();
        Ok(Report {
            place: Place {
                service: text(report.get("service"))?,
                poll: text(report.get("poll"))?,
                instance: text(report.get("instance"))?,
            },
            at,
            took: span(report.get("took")).unwrap_or_default(),
            outcome,
            samples,
            observation,
            not_before: moment(report.get("not_before")),
            retry_after: span(report.get("retry_after")),
        })
    }

    fn samples(&self, samples: &Value, usual: Option<Timestamp>) -> Result<Vec<Sample>, Skipped> {
        let samples = samples.as_array().ok_or_else(|| senseless("has samples that are no list"))?;
        let mut out = Vec::with_capacity(samples.len());
        for sample in samples {
            let number = sample.get(0).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
            let labels = number.and_then(|number| self.series.get(&number));
            let value = sample.get(1).and_then(|value| number_of(value).ok());
            let at = sample.get(2).map_or(usual, |at| moment(Some(at)));
            // A series whose name was never told cannot be stored; the others can.
            if let (Some(labels), Some(value), Some(at)) = (labels, value, at) {
                out.push(Sample { labels: labels.clone(), at, value });
            }
        }
        Ok(out)
    }
}

fn senseless(why: &str) -> Skipped {
    Skipped::Senseless(Clean::new(why).as_str().to_owned())
}

fn typed<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, Skipped> {
    serde_json::from_value(value).map_err(|error| senseless(&format!("makes no sense: {error}")))
}

fn moment(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_i64().map(Timestamp::from_millis).filter(|at| sane_moment(*at))
}

fn span(value: Option<&Value>) -> Option<Duration> {
    let seconds = value?.as_f64().filter(|seconds| (0.0..=LONGEST).contains(seconds))?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn text(value: Option<&Value>) -> Result<Arc<str>, Skipped> {
    let text = value.and_then(Value::as_str).ok_or_else(|| senseless("names no poll"))?;
    Ok(clean(text).into_owned().into())
}

fn hello(line: &Map<String, Value>) -> Hello {
    let word = |name: &str| Clean::new(line.get(name).and_then(Value::as_str).unwrap_or(""));
    let generation = line.get("generation").and_then(Value::as_u64).unwrap_or(0);
    let polls = line.get("polls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let place = |poll: &Value| {
        let (service, name, instance) = (poll.get(0), poll.get(1), poll.get(2));
        Some(Place { service: text(service).ok()?, poll: text(name).ok()?, instance: text(instance).ok()? })
    };
    Hello {
        by: word("by"),
        run: word("run"),
        generation: u32::try_from(generation).unwrap_or(u32::MAX),
        at: moment(line.get("at")).unwrap_or_default(),
        polls: polls.iter().take(MOST_POLLS).filter_map(place).collect(),
    }
}
