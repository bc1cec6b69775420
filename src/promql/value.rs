//! What goes into an evaluation and what comes out of it.
//!
//! Plain data: no store, no parser.

use crate::labels::Labels;
use crate::units::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How expressions are evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How old a sample may be for an instant selector to see it.
    pub lookback: Duration,
    /// Whose answers are given.
    pub compat: Compat,
    /// What one evaluation may cost.
    pub limits: Limits,
    /// The step of a subquery that names none.
    pub subquery_step: Duration,
    /// Who may end an evaluation before its time; none: nobody.
    pub stop: Option<Stop>,
}

/// A wish that an evaluation may end: it is looked at whenever samples are read or room is made for values.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends whatever looks at it, with [`EvalError::Stopped`].
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Is it wished for?
    pub fn is_wished(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            compat: Compat::V3,
            limits: Limits::default(),
            subquery_step: Duration::from_secs(60),
            stop: None,
        }
    }
}

/// Which Prometheus is imitated where versions differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compat {
    /// Prometheus 3: windows are open at the left, sums are compensated.
    #[default]
    V3,
    /// Prometheus 2.42: windows are closed at the left, `rate` bounds the zero point before the threshold.
    V2_42,
}

/// What one evaluation may cost; over it is an error, never a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Samples read, and values held by one intermediate result.
    pub samples: u64,
    /// Series in any one result.
    pub series: usize,
    /// Steps of a range query or a subquery.
    pub steps: usize,
}

impl Default for Limits {
    /// 50 million samples and 11,000 steps as Prometheus has it, 200,000 series.
    fn default() -> Self {
        Self { samples: 50_000_000, series: 200_000, steps: 11_000 }
    }
}

/// The moments of a range query: `start`, `start + step`, ... up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub start: Timestamp,
    /// The last moment, if the steps reach it.
    pub end: Timestamp,
    /// The distance of two moments; at least a millisecond.
    pub step: Duration,
}

/// The kind of value that an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// One number.
    Scalar,
    /// A text.
    String,
    /// At most one number a series.
    Vector,
    /// Samples of a window for each series.
    Matrix,
}

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(f64),
    /// A text.
    String(Box<str>),
    /// One number a series, in the order that the expression gives.
    Vector(Vec<Point>),
    /// Several numbers a series, sorted by labels.
    Matrix(Vec<Row>),
}

/// One series of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its labels.
    pub labels: Labels,
    /// The moment of evaluation.
    pub at: Timestamp,
    /// Its value.
    pub value: f64,
}

/// One series of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its labels.
    pub labels: Labels,
    /// Moments and values, oldest first.
    pub points: Vec<(Timestamp, f64)>,
}

/// A value and what there is to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The value.
    pub value: Value,
    /// Did the expression fix the order of a vector (`sort`, `topk`)? If not, any order is as good.
    pub ordered: bool,
    /// When it was evaluated; the end of the range for a range query.
    pub at: Timestamp,
    /// `PromQL warning: ...`, sorted.
    pub warnings: Vec<String>,
    /// `PromQL info: ...`, sorted.
    pub infos: Vec<String>,
    /// How many samples were read.
    pub touched: u64,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The data do not fit the expression; in Prometheus's words.
    #[error("{0}")]
    Data(String),
    /// A limit was reached.
    #[error("the query needs more than {limit} {what}")]
    Limit {
        /// Samples, series or steps.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
    /// Somebody wished that it ends.
    #[error("the evaluation was stopped")]
    Stopped,
    /// A kind of result that cannot be asked for in this way.
    #[error("{0}")]
    Kind(String),
}

impl EvalError {
    pub(super) fn data(text: impl Into<String>) -> Self {
        Self::Data(text.into())
    }
}
