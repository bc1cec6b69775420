//! `/api/v1/query`, `/api/v1/query_range` and `/api/v1/format_query`.
//!
//! Reading a question and answering it are two steps: a wrong question is refused before it waits for its turn.

use super::find::{CUT, limit};
use super::laid::Samples;
use super::{Fault, Kind, Params};
use crate::promql::{self, Answer, Compat, EvalError, Expr, Options, Range, Stop, Value};
use crate::query::{MOST_INTERVALS, Window, parse_moment, parse_step, write_json};
use crate::units::Timestamp;
use serde_json::json;
use std::io::{self, Write};
use std::time::Duration;

/// What one question may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Samples that are read.
    pub samples: u64,
    /// Bytes of the answer.
    pub bytes: usize,
    /// How long it may be worked on; a question may ask for less.
    pub timeout: Duration,
}

/// A question that has been read.
#[derive(Debug)]
pub struct Question {
    expr: Expr,
    window: Window,
    lookback: Option<Duration>,
    limit: Option<usize>,
    /// How long it may be worked on.
    pub timeout: Duration,
}

impl Question {
    /// Reads the parameters of an instant query (`query`, `time`) or of a range query (`query`, `start`, `end`, `step`);
    /// both take `timeout`, `limit` and `lookback_delta`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(params: &Params, range: bool, now: Timestamp, limits: &Limits) -> Result<Self, Fault> {
        let window = match params.get("time") {
            _ if range => over(params, now)?,
            Some(_) => Window::At(moment(params, "time", now)?),
            None => Window::At(now),
        };
        let limit = limit(params)?;
        let timeout = span(params, "timeout")?.map_or(limits.timeout, |asked| asked.min(limits.timeout));
        let lookback = span(params, "lookback_delta")?;
        let expr = expression(params)?;
        Ok(Self { expr, window, lookback, limit, timeout })
    }

    /// Evaluates it, and writes the whole answer. `stop` ends it before its time.
    ///
    /// # Errors
    /// It cannot be evaluated, was stopped, or its answer is too long.
    pub fn answer(&self, samples: &Samples, limits: &Limits, stop: &Stop) -> Result<Vec<u8>, Fault> {
        let mut options = Options { stop: Some(stop.clone()), ..Options::default() };
        options.limits.samples = limits.samples;
        // As many as a range may have: its first and its last moment are both evaluated.
        options.limits.steps = usize::try_from(MOST_INTERVALS).unwrap_or(usize::MAX) + 1;
        options.lookback = self.lookback.unwrap_or(options.lookback);
        let answer = match self.window {
            Window::At(at) => promql::eval(&samples.store, &self.expr, at, &options),
            Window::Over(range) => promql::eval_range(&samples.store, &self.expr, range, &options),
        };
        let mut answer = answer.map_err(|error| match error {
            EvalError::Stopped => Fault::new(Kind::Timeout, "query timed out in expression evaluation"),
            error => Fault::new(Kind::Execution, error.to_string()),
        })?;
        if self.limit.is_some_and(|limit| cut(&mut answer.value, limit)) {
            answer.warnings.push(CUT.to_owned());
        }
        let mut out = Capped { bytes: Vec::new(), most: limits.bytes };
        write(&answer, &mut out).map_err(|_| {
            let size = limits.bytes >> 20;
            Fault::new(Kind::Execution, format!("the answer is longer than {size} MiB: ask for less at once"))
        })?;
        Ok(out.bytes)
    }
}

/// The expression as it is formatted: the `data` of `/api/v1/format_query`.
///
/// # Errors
/// It is none.
pub fn format_query(params: &Params) -> Result<String, Fault> {
    expression(params).map(|expr| expr.to_string())
}

fn expression(params: &Params) -> Result<Expr, Fault> {
    let text = params.get("query").unwrap_or_default();
    promql::parse(text).map_err(|error| Fault::parameter("query", format!("parse error: {error}")))
}

fn cut(value: &mut Value, limit: usize) -> bool {
    match value {
        Value::Vector(points) if points.len() > limit => points.truncate(limit),
        Value::Matrix(rows) if rows.len() > limit => rows.truncate(limit),
        _ => return false,
    }
    true
}

fn write(answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    out.write_all(br#"{"status":"success","data":"#)?;
    write_json(answer, Compat::V3, false, out)?;
    for (key, said) in [("warnings", &answer.warnings), ("infos", &answer.infos)] {
        if !said.is_empty() {
            write!(out, ",\"{key}\":{}", json!(said))?;
        }
    }
    out.write_all(b"}")
}

/// Bytes up to a limit.
struct Capped {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A moment as Prometheus takes it; also `now` and `now-1h`, which it does not know.
fn moment(params: &Params, name: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let text = params.get(name).unwrap_or_default();
    parse_moment(text, now)
        .map_err(|_| Fault::parameter(name, format!("cannot parse \"{text}\" to a valid timestamp")))
}

fn span(params: &Params, name: &str) -> Result<Option<Duration>, Fault> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let wrong = || Fault::parameter(name, format!("cannot parse \"{text}\" to a valid duration"));
    parse_step(text).map(Some).map_err(|_| wrong())
}

fn over(params: &Params, now: Timestamp) -> Result<Window, Fault> {
    let (start, end) = (moment(params, "start", now)?, moment(params, "end", now)?);
    if end < start {
        return Err(Fault::parameter("end", "end timestamp must not be before start time"));
    }
    let text = params.get("step").unwrap_or_default();
    let negative = text.starts_with('-') || text.parse::<f64>().is_ok_and(|seconds| seconds == 0.0);
    if negative {
        return Err(Fault::parameter(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    let step = span(params, "step")?
        .ok_or_else(|| Fault::parameter("step", "cannot parse \"\" to a valid duration"))?;
    let points = end.since(start).as_millis() / step.as_millis().max(1);
    if points > u128::from(MOST_INTERVALS) {
        return Err(Fault::new(
            Kind::BadData,
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    Ok(Window::Over(Range { start, end, step }))
}
