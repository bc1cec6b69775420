//! An objective, compiled: nothing here is read from a file or measured.

use super::policy::Row;
use super::window::{Maintenance, Window};
use crate::labels::Matcher;
use crate::promql::{self, Counter, Expr};
use std::sync::Arc;
use std::time::Duration;

/// A service level objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// Its name, unique.
    pub name: Arc<str>,
    /// The service that it speaks of; none: no service of this configuration.
    pub service: Option<Arc<str>>,
    /// What stands above it; not cleaned.
    pub title: String,
    /// What it is about; not cleaned.
    pub description: String,
    /// The share of events that must be good: above 0, below 1.
    pub objective: f64,
    /// Over which time.
    pub window: Window,
    /// What is measured.
    pub sli: Sli,
    /// When the spending of its budget is an alert.
    pub rows: Vec<Row>,
    /// A window with fewer events is called an insufficient sample; none: so many that one bad event cannot fire.
    pub min_events: Option<f64>,
    /// A server counts its events; none: they are counted here, from samples in the store.
    pub asked: Option<super::asked::Asked>,
    /// What does not count.
    pub maintenance: Vec<Maintenance>,
    /// How often its sources are polled.
    pub interval: Duration,
    /// Expressions of figures that the service reports about itself.
    pub reported: Vec<Expr>,
    /// How it came about, for people: the preset and its policy on 4xx, the file.
    pub notes: Vec<String>,
    /// The expressions as they were written, with what each one is.
    pub texts: Vec<(&'static str, String)>,
}

/// A counter, and what its growth says.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Which counters, and how they weigh in the number of valid events.
    pub counter: Counter,
    /// How they weigh in the number of bad ones.
    pub bad: f64,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Sli {
    /// Growth of counters, counted exactly.
    Counts(Vec<Term>),
    /// Requests of a histogram that took longer than a threshold, counted exactly where a bucket ends there.
    Latency {
        /// The buckets' series; `le` is not in it.
        buckets: Vec<Matcher>,
        /// In the histogram's unit.
        threshold: f64,
    },
    /// Events a minute as expressions give them: an estimate.
    Rates {
        /// Bad events; with `total` missing, the ratio of them.
        bad: Expr,
        /// Is `bad` really the good ones?
        inverted: bool,
        /// All events; none: each minute counts alike.
        total: Option<Expr>,
        /// What a value of the expressions is multiplied by to give events a minute.
        per_minute: f64,
    },
    /// Slices of time: each element that the expression gives at the end of a slice is one, good if it is not below 1.
    Slices {
        /// The expression.
        expr: Expr,
        /// How long a slice is: whole minutes.
        length: Duration,
    },
}

impl Slo {
    /// The share of events that may be bad.
    pub fn budget_ratio(&self) -> f64 {
        super::budget::budget_ratio(self.objective)
    }

    /// How many bad events a long window must have for its row to fire. Of slices there are so few that a single bad one,
    /// a poll that fell into a restart, is above most factors: one of the 60 minutes of an hour is 16 times the budget
    /// of 99.9 %.
    pub fn fewest_bad(&self) -> f64 {
        if matches!(self.sli, Sli::Slices { .. }) { 2.0 } else { 0.0 }
    }

    /// What its counts depend on: counts of another definition are not its own.
    pub fn definition(&self) -> String {
        match &self.sli {
            Sli::Counts(terms) => {
                let one = |t: &Term| {
                    format!(
                        "{:?}*{}/{}!{}",
                        t.counter.selector.matchers,
                        t.counter.weight,
                        t.bad,
                        t.counter.unless.len()
                    )
                };
                format!("counts {}", terms.iter().map(one).collect::<Vec<_>>().join(" "))
            }
            Sli::Latency { buckets, threshold } => format!("latency {buckets:?} {threshold}"),
            Sli::Rates { bad, inverted, total, per_minute } => {
                let total = total.as_ref().map_or("", Expr::text);
                format!("rates {bad} {inverted} {total} {per_minute}")
            }
            Sli::Slices { expr, length } => format!("slices {expr} {}", length.as_secs()),
        }
    }

    /// The metric names that scrapes must keep for it; none: a selector does not fix the name, all of them.
    pub fn names(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut counters = |matchers: &[Matcher]| -> Option<()> {
            let selector =
                crate::promql::Selector { matchers: matchers.to_vec(), time: promql::Time::default() };
            let name = selector.name()?;
            names.push(name.to_owned());
            names.push(created_name(name));
            Some(())
        };
        let mut exprs: Vec<&Expr> = self.reported.iter().collect();
        match &self.sli {
            Sli::Counts(terms) => {
                for term in terms {
                    counters(&term.counter.selector.matchers)?;
                }
            }
            Sli::Latency { buckets, .. } => counters(buckets)?,
            Sli::Rates { bad, total, .. } => exprs.extend(std::iter::once(bad).chain(total)),
            Sli::Slices { expr, .. } => exprs.push(expr),
        }
        for expr in exprs {
            match expr.names() {
                crate::promql::Names::All => return None,
                crate::promql::Names::Only(more) => names.extend(more.iter().map(ToString::to_string)),
            }
        }
        Some(names)
    }
}

/// `OpenMetrics`: the series that says when a counter began.
pub(super) fn created_name(name: &str) -> String {
    let base = ["_total", "_count", "_bucket", "_sum"].iter().find_map(|end| name.strip_suffix(end));
    format!("{}_created", base.unwrap_or(name))
}
