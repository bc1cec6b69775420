//! What an objective amounts to, before anything is measured: `warroom slo calc`. Numbers in, numbers out.

use super::budget::{self, Exhaustion};
use super::policy::Table;
use serde::Serialize;
use std::time::Duration;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Above 0, below 1.
    pub objective: f64,
    /// Over which time.
    pub window: Duration,
    /// Valid events so far.
    pub requests: Option<f64>,
    /// Bad ones so far.
    pub errors: Option<f64>,
    /// Or their share, 0..=1.
    pub error_ratio: Option<f64>,
    /// How much of the window has passed; none: all of it.
    pub elapsed: Option<Duration>,
    /// How often the sources are polled.
    pub interval: Duration,
    /// Which table of alerts.
    pub table: Table,
}

/// The answer; durations in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Version of this shape.
    pub schema: u32,
    /// Above 0, below 1.
    pub objective: f64,
    /// The share of events that may be bad.
    pub budget_ratio: f64,
    /// Over which time.
    pub window_seconds: f64,
    /// How long a full outage may last.
    pub budget_seconds: f64,
    /// One bad event in so many.
    pub one_in: f64,
    /// The greatest burn rate: everything fails.
    pub greatest_burn: f64,
    /// Bad events that the whole window allows, at the traffic so far.
    pub budget_events: Option<f64>,
    /// How it goes, where that is known.
    pub state: Option<State>,
    /// When it would be an alert.
    pub rows: Vec<RowAnswer>,
}

/// How it goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// Good over valid.
    pub sli: f64,
    /// How many times as fast as allowed.
    pub burn: f64,
    /// Spent share of the budget.
    pub spent: f64,
    /// What is left; negative: overspent.
    pub remaining: f64,
    /// The same in seconds of full outage.
    pub remaining_seconds: f64,
    /// The same in bad events.
    pub remaining_events: Option<f64>,
    /// When it will be gone.
    pub exhaustion: Exhaustion,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowAnswer {
    /// `P1` ...
    pub severity: &'static str,
    /// The long window.
    pub long_seconds: f64,
    /// The short window.
    pub short_seconds: f64,
    /// The factor.
    pub factor: f64,
    /// The error ratio above which it fires.
    pub error_ratio: f64,
    /// Share of the budget that is gone when it fires.
    pub spent: f64,
    /// How long a full outage lasts before it fires.
    pub detects_outage_seconds: Option<f64>,
    /// The same for the error ratio that was asked about.
    pub detects_now_seconds: Option<f64>,
    /// The fewest events in the long window with which one bad event cannot fire it.
    pub fewest_events: f64,
    /// Can it fire at all?
    pub reachable: bool,
}

/// Answers.
pub fn calculate(question: &Question) -> Answer {
    let Question { objective, window, requests, elapsed, .. } = *question;
    let ratio = budget::budget_ratio(objective);
    let passed = elapsed.unwrap_or(window).min(window).as_secs_f64() / window.as_secs_f64();
    let expected = requests.map(|requests| requests / passed);
    let error_ratio =
        question.error_ratio.or_else(|| Some(question.errors? / requests.filter(|n| *n > 0.0)?));
    let seconds = ratio * window.as_secs_f64();
    let state = error_ratio.map(|share| {
        let burn = share / ratio;
        let remaining = 1.0 - burn * passed;
        State {
            sli: 1.0 - share,
            burn,
            spent: burn * passed,
            remaining,
            remaining_seconds: remaining * seconds,
            remaining_events: expected.map(|expected| remaining * expected * ratio),
            exhaustion: budget::exhaustion(remaining, Some(burn), objective, window),
        }
    });
    let rows = question.table.rows(window, question.interval).into_iter().map(|row| {
        let detects = |share: f64| budget::detection(objective, share, row.factor, row.long);
        let seconds = |share: f64| detects(share).map(|wait| (wait + row.wait).as_secs_f64());
        RowAnswer {
            severity: row.severity.word(),
            long_seconds: row.long.as_secs_f64(),
            short_seconds: row.short.as_secs_f64(),
            factor: row.factor,
            error_ratio: row.factor * ratio,
            spent: budget::spent_when_fired(row.factor, row.long, window),
            detects_outage_seconds: seconds(1.0),
            detects_now_seconds: error_ratio.and_then(seconds),
            fewest_events: budget::fewest_events(row.factor, objective),
            reachable: row.reachable(objective),
        }
    });
    Answer {
        schema: 1,
        objective,
        budget_ratio: ratio,
        window_seconds: window.as_secs_f64(),
        budget_seconds: seconds,
        one_in: 1.0 / ratio,
        greatest_burn: 1.0 / ratio,
        budget_events: expected.map(|expected| expected * ratio),
        state,
        rows: rows.collect(),
    }
}
