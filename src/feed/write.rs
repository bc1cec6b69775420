//! Events as lines. Labels are written once: afterwards a series is a number, for all who listen.

use super::{Beat, Hello, Place, VERSION};
use crate::capture::put_number;
use crate::journal::Entry;
use crate::labels::Labels;
use crate::target::{Sample, ScrapeReport};
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Series that have a number; beyond, numbering begins anew: their names come and go.
const MOST: usize = 200_000;

/// Bytes of a line of series' names, about.
const PIECE: usize = 64 << 10;

/// Writes lines, and knows which series have a number already. One for all who listen.
#[derive(Debug, Default)]
pub struct Writer {
    numbers: FxHashMap<Labels, u32>,
    /// What is to be said first: names of series.
    news: String,
}

impl Writer {
    /// The first line of a connection.
    pub fn hello(hello: &Hello) -> String {
        let polls: Vec<Value> = hello
            .polls
            .iter()
            .map(|place| json!([&*place.service, &*place.poll, &*place.instance]))
            .collect();
        line(&json!({
            "warroom_feed": VERSION,
            "by": hello.by,
            "run": hello.run,
            "generation": hello.generation,
            "at": hello.at.millis(),
            "polls": polls,
        }))
    }

    /// A sign of life.
    pub fn beat(beat: Beat) -> String {
        line(&json!({ "beat": beat.at.millis(), "clients": beat.clients }))
    }

    /// The numbers that were given so far: whoever begins to listen needs them.
    pub fn known(&self) -> String {
        let (mut out, mut piece) = (String::new(), Vec::new());
        let mut size = 0;
        for (labels, number) in &self.numbers {
            size += labels.heap_bytes() + 16;
            piece.push(json!([number, names(labels)]));
            if size > PIECE {
                out.push_str(&line(&json!({ "series": std::mem::take(&mut piece) })));
                size = 0;
            }
        }
        if !piece.is_empty() {
            out.push_str(&line(&json!({ "series": piece })));
        }
        out
    }

    /// Polls that came back. `place`: the names of a poll; a report of one that has none is left out.
    pub fn reports(
        &mut self,
        reports: &[ScrapeReport],
        place: impl Fn(&ScrapeReport) -> Option<Place>,
    ) -> String {
        let mut all = String::new();
        for report in reports {
            let Some(place) = place(report) else { continue };
            let mut one = json!({
                "service": &*place.service,
                "poll": &*place.poll,
                "instance": &*place.instance,
                "at": report.at.millis(),
                "took": report.took.as_secs_f64(),
            });
            if let Value::Object(members) = &mut one {
                let mut put = |name: &str, value: Option<Value>| {
                    if let Some(value) = value {
                        members.insert(name.to_owned(), value);
                    }
                };
                match &report.outcome {
                    Ok(answer) => put("answer", serde_json::to_value(answer).ok()),
                    Err(failure) => put("failure", serde_json::to_value(failure).ok()),
                }
                let seen = report.observation.as_ref();
                put("seen", seen.and_then(|seen| serde_json::to_value(seen).ok()));
                let spoken = seen.and_then(|seen| seen.spoken.as_deref());
                put("spoken", spoken.and_then(|spoken| serde_json::to_value(spoken).ok()));
                put("not_before", report.not_before.map(|at| Value::from(at.millis())));
                put("retry_after", report.retry_after.map(|wait| Value::from(wait.as_secs_f64())));
            }
            let mut text = one.to_string();
            if !report.samples.is_empty() {
                text.pop();
                text.push_str(",\"samples\":");
                self.samples(&report.samples, report.at, &mut text);
                text.push('}');
            }
            if !all.is_empty() {
                all.push(',');
            }
            all.push_str(&text);
        }
        if all.is_empty() { String::new() } else { self.finish(&format!("{{\"reports\":[{all}]}}\n")) }
    }

    /// Series that have ended.
    pub fn ended(&mut self, samples: &[Sample]) -> String {
        let mut text = "{\"ended\":".to_owned();
        self.samples(samples, Timestamp::default(), &mut text);
        text.push_str("}\n");
        self.finish(&text)
    }

    /// Whether the server's own link works.
    pub fn link(link: Option<&(Timestamp, Clean)>) -> String {
        line(&json!({ "link": link.map(|(since, what)| json!([since.millis(), what])) }))
    }

    /// Lines that the journal took.
    pub fn journal(entries: &[Entry]) -> String {
        let mut out = String::new();
        for entry in entries {
            let _ = writeln!(out, "{{\"journal\":{}}}", entry.to_line());
        }
        out
    }

    /// What has to be said first, and then this.
    fn finish(&mut self, text: &str) -> String {
        let mut out = std::mem::take(&mut self.news);
        if !out.is_empty() {
            out.pop();
            out.insert_str(0, "{\"series\":[");
            out.push_str("]}\n");
        }
        out.push_str(text);
        out
    }

    /// `[[number, value], ...]`, and `[number, value, ms]` where the time is another than `at`.
    fn samples(&mut self, samples: &[Sample], at: Timestamp, out: &mut String) {
        out.push('[');
        for (index, sample) in samples.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let _ = write!(out, "[{},", self.number(&sample.labels));
            put_number(out, sample.value);
            if sample.at != at {
                let _ = write!(out, ",{}", sample.at.millis());
            }
            out.push(']');
        }
        out.push(']');
    }

    fn number(&mut self, labels: &Labels) -> u32 {
        if let Some(number) = self.numbers.get(labels) {
            return *number;
        }
        if self.numbers.len() >= MOST {
            // Numbers are given anew: each is told before it is used, and so stands over what it meant before.
            self.numbers.clear();
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(labels.clone(), number);
        let _ = write!(self.news, "{},", json!([number, names(labels)]));
        number
    }
}

fn names(labels: &Labels) -> Value {
    Value::Object(
        labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Map<_, _>>(),
    )
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}
