//! An expression on the screen: its newest values and its course. What is drawn of a panel and of the explorer.
//!
//! Evaluation is cut in two units (newest values, course), so that a key never waits for more than one of them. Here
//! is no clock and nothing is drawn.

use crate::labels::Labels;
use crate::promql::{self, Answer, EvalError, Expr, Limits, Options, Stepper, Value, ValueKind};
use crate::store::Store;
use crate::units::Timestamp;
use std::fmt;
use std::time::Duration;

/// The most rows that are kept of an answer.
pub const MOST_ROWS: usize = 500;
/// The most series that are drawn.
pub const MOST_LINES: usize = 12;

/// What one evaluation for the screen may cost: a few milliseconds of samples. Over it is an error in that panel.
pub fn options() -> Options {
    let limits = Limits { samples: 5_000_000, series: 20_000, steps: 11_000 };
    Options { limits, ..Options::default() }
}

/// The distance of two steps of a course of this length: a round number that gives at most 200 of them.
pub fn step_of(range: Duration) -> Duration {
    const ROUND: [u64; 15] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400];
    let least = range.as_secs().div_ceil(200);
    let round = ROUND.into_iter().find(|step| *step >= least);
    Duration::from_secs(round.unwrap_or_else(|| least.next_multiple_of(14_400)).max(1))
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartRow {
    /// Its labels.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
    /// When the newest sample that it rests on was taken, if that can be known.
    pub newest: Option<Timestamp>,
}

/// The course of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLine {
    /// Its labels.
    pub labels: Labels,
    /// (Unix seconds, value), oldest first; steps without a value are not there.
    pub points: Vec<(f64, f64)>,
}

/// An expression, its newest values and its course.
pub struct Chart {
    /// The expression.
    pub expr: Expr,
    /// How far back the course goes.
    pub range: Duration,
    /// The moment of the newest values.
    pub at: Option<Timestamp>,
    /// The newest values, the largest first, or in the order that the expression asks for.
    pub rows: Vec<ChartRow>,
    /// How many series the answer had.
    pub total: usize,
    /// The courses of the series, sorted by labels.
    pub lines: Vec<ChartLine>,
    /// How many series the course had.
    pub lines_total: usize,
    /// First and last moment of the course.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The moment that the course was brought up to.
    pub course_at: Option<Timestamp>,
    /// Why there are no newest values.
    pub error: Option<String>,
    /// Why there is no course.
    pub course_error: Option<String>,
    /// What the evaluation remarked.
    pub notes: Vec<String>,
    /// Only this series is drawn.
    pub only: Option<Labels>,
    stepper: Stepper,
}

impl fmt::Debug for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chart")
            .field("expr", &self.expr)
            .field("range", &self.range)
            .field("at", &self.at)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl Chart {
    /// A chart that knows nothing yet.
    pub fn new(expr: Expr, range: Duration) -> Self {
        Self {
            stepper: stepper(&expr, range),
            expr,
            range,
            at: None,
            rows: Vec::new(),
            total: 0,
            lines: Vec::new(),
            lines_total: 0,
            span: None,
            course_at: None,
            error: None,
            course_error: None,
            notes: Vec::new(),
            only: None,
        }
    }

    /// Looks further back, or less far.
    pub fn set_range(&mut self, range: Duration) {
        self.range = range;
        self.stepper = stepper(&self.expr, range);
        self.span = None;
        self.course_at = None;
    }

    /// The distance of two steps of the course.
    pub fn step(&self) -> Duration {
        step_of(self.range)
    }

    /// Takes in an answer for the moment `at`.
    pub fn take(&mut self, store: &Store, answer: &Result<Answer, EvalError>, at: Timestamp) {
        self.at = Some(at);
        self.rows.clear();
        self.total = 0;
        self.error = None;
        self.notes.clear();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.error = Some(error.to_string()),
        };
        self.notes.extend(answer.warnings.iter().chain(&answer.infos).take(8).cloned());
        let newest = self.newest_sample(store);
        match &answer.value {
            Value::Scalar(value) => {
                self.rows.push(ChartRow { labels: Labels::empty(), value: *value, newest: None });
                self.total = 1;
            }
            Value::Vector(points) => {
                self.total = points.len();
                let mut points: Vec<&promql::Point> = points.iter().collect();
                if !answer.ordered {
                    points.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.labels.cmp(&b.labels)));
                }
                let row = |point: &&promql::Point| ChartRow {
                    labels: point.labels.clone(),
                    value: point.value,
                    newest: own_sample(store, &point.labels, at).or(newest),
                };
                self.rows = points.iter().take(MOST_ROWS).map(row).collect();
            }
            Value::String(text) => self.error = Some(format!("is a text, not a number: \"{text}\"")),
            Value::Matrix(_) => {
                self.error =
                    Some("is a range vector: put rate(...), or another function, around it".to_owned());
            }
        }
    }

    /// Evaluates the newest values: one unit of work.
    pub fn look(&mut self, store: &Store, at: Timestamp) {
        let answer = promql::eval(store, &self.expr, at, &options());
        self.take(store, &answer, at);
    }

    /// Brings the course up to `at`: one unit of work. The first one costs the whole range, each later one the steps
    /// since.
    pub fn advance(&mut self, store: &Store, at: Timestamp) {
        self.course_at = Some(at);
        if !matches!(self.expr.kind(), ValueKind::Scalar | ValueKind::Vector) {
            self.lines.clear();
            return;
        }
        self.course_error = self.stepper.advance(store, at, &options()).err().map(|error| error.to_string());
        let range = self.stepper.range(at);
        self.span = Some((range.start, range.end));
        self.lines_total = self.stepper.rows().len();
        let mut rows: Vec<_> = self.stepper.rows().collect();
        if let Some(only) = &self.only {
            rows.retain(|(labels, _)| *labels == only);
        }
        if rows.len() > MOST_LINES {
            // Those that matter now; among equals by labels, so that they do not take turns.
            let last = |row: &std::collections::VecDeque<(Timestamp, f64)>| {
                row.back().map_or(f64::NEG_INFINITY, |point| point.1)
            };
            rows.sort_by(|a, b| last(b.1).total_cmp(&last(a.1)).then_with(|| a.0.cmp(b.0)));
            rows.truncate(MOST_LINES);
        }
        rows.sort_by(|a, b| a.0.cmp(b.0));
        let line = |(labels, points): (&Labels, &std::collections::VecDeque<(Timestamp, f64)>)| ChartLine {
            labels: labels.clone(),
            points: points.iter().map(|(at, value)| (at.seconds(), *value)).collect(),
        };
        self.lines = rows.into_iter().map(line).collect();
    }

    /// The newest sample that any selector of the expression sees.
    fn newest_sample(&self, store: &Store) -> Option<Timestamp> {
        let selectors = self.expr.selectors();
        let series = selectors.iter().flat_map(|selector| store.select(&selector.matchers));
        series.filter_map(crate::store::Series::last).map(|last| last.0).max()
    }
}

fn stepper(expr: &Expr, range: Duration) -> Stepper {
    let step = step_of(range);
    let columns = (range.as_millis() / step.as_millis().max(1)) as usize + 1;
    Stepper::new(expr.clone(), step, columns)
}

/// The newest sample of a series that still has its name.
fn own_sample(store: &Store, labels: &Labels, at: Timestamp) -> Option<Timestamp> {
    labels.name()?;
    store.get(labels)?.last().map(|last| last.0).filter(|newest| *newest <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_has_enough_steps_for_a_graph_and_not_too_many() {
        for (minutes, seconds) in [(1, 1), (5, 2), (15, 5), (60, 30), (180, 60), (360, 120), (44_640, 14_400)]
        {
            let step = step_of(Duration::from_secs(minutes * 60));
            assert_eq!(step.as_secs(), seconds, "{minutes}m");
            assert!(minutes * 60 / step.as_secs() <= 200, "{minutes}m");
        }
    }

    #[test]
    fn what_cannot_be_shown_says_so() {
        let mut store = Store::default();
        let at = Timestamp::from_millis(600_000);
        store.append(&Labels::metric("x", [("a", "1")]), at, 2.0);
        for (text, error) in [
            ("x", None),
            ("x[1m]", Some("is a range vector: put rate(...), or another function, around it")),
            ("\"word\"", Some("is a text, not a number: \"word\"")),
        ] {
            let mut chart = Chart::new(promql::parse(text).unwrap(), Duration::from_secs(60));
            chart.look(&store, at);
            chart.advance(&store, at);
            assert_eq!(chart.error.as_deref(), error, "{text}");
            assert_eq!(chart.rows.len(), usize::from(error.is_none()), "{text}");
            assert_eq!(chart.lines.len(), usize::from(error.is_none()), "{text}");
        }
    }
}
