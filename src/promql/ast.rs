//! An expression after parsing and checking: a flat list of nodes, children before parents.
//!
//! Flat, so that neither evaluation nor dropping recurses with the depth of what somebody typed. The only thing that
//! nests is a subquery, and the parser bounds how deep. Nothing here evaluates.

use super::frame::Grouping;
use super::value::ValueKind;
use crate::labels::{Labels, Matcher};
use regex::Regex;
use std::sync::Arc;

/// Index of a node.
pub(super) type Id = u32;

/// One node with what the evaluator needs to know of its surroundings.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    /// The first node of its subtree; the subtree is `first..=own index`.
    pub(super) first: Id,
    /// The innermost subquery that holds it, if any.
    pub(super) owner: Option<Id>,
    pub(super) kind: ValueKind,
}

/// What a node does.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Number(f64),
    Text(Box<str>),
    Select(Arc<Selector>),
    Window { selector: Arc<Selector>, range: i64 },
    Subquery { child: Id, range: i64, step: Option<i64>, time: Time },
    Paren(Id),
    Negate(Id),
    Call { func: Func, args: Vec<Id> },
    Aggregate { op: Agg, child: Id, param: Option<Id>, grouping: Option<Grouping>, shown: Box<[Box<str>]> },
    Binary { op: Bin, lhs: Id, rhs: Id, bool: bool, matching: Option<Matching> },
}

impl Op {
    /// The nodes it reads.
    pub(super) fn children(&self) -> impl Iterator<Item = Id> + '_ {
        let (a, b, rest): (Option<Id>, Option<Id>, &[Id]) = match self {
            Self::Number(_) | Self::Text(_) | Self::Select(_) | Self::Window { .. } => (None, None, &[]),
            Self::Subquery { child, .. } | Self::Paren(child) | Self::Negate(child) => {
                (Some(*child), None, &[])
            }
            Self::Call { args, .. } => (None, None, args),
            Self::Aggregate { child, param, .. } => (*param, Some(*child), &[]),
            Self::Binary { lhs, rhs, .. } => (Some(*lhs), Some(*rhs), &[]),
        };
        a.into_iter().chain(b).chain(rest.iter().copied())
    }
}

/// Which series, and at which time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    /// What the series must match; a metric's name is a matcher on `__name__`.
    pub matchers: Vec<Matcher>,
    /// When they are looked at.
    pub time: Time,
}

impl Selector {
    /// The metric's name, if it is fixed.
    pub fn name(&self) -> Option<&str> {
        self.matchers
            .iter()
            .find(|m| m.op == crate::labels::MatchOp::Equal && &*m.name == crate::labels::NAME)
            .map(|m| &*m.value)
    }
}

/// `offset` and `@`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Time {
    /// How far back, in milliseconds; negative looks ahead.
    pub offset_ms: i64,
    /// A fixed moment instead of the moment of evaluation.
    pub at: Option<At>,
}

/// The moment that `@` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// `@ start()`.
    Start,
    /// `@ end()`.
    End,
    /// `@ 1609746000`, in milliseconds.
    Millis(i64),
}

/// Aggregations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Agg {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

/// Names of the aggregations, as they are typed.
pub(super) const AGGREGATIONS: [(&str, Agg); 14] = [
    ("sum", Agg::Sum),
    ("avg", Agg::Avg),
    ("count", Agg::Count),
    ("min", Agg::Min),
    ("max", Agg::Max),
    ("group", Agg::Group),
    ("stddev", Agg::Stddev),
    ("stdvar", Agg::Stdvar),
    ("topk", Agg::Topk),
    ("bottomk", Agg::Bottomk),
    ("count_values", Agg::CountValues),
    ("quantile", Agg::Quantile),
    ("limitk", Agg::Limitk),
    ("limit_ratio", Agg::LimitRatio),
];

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Bin {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    And,
    Or,
    Unless,
}

/// Names of the operators, as they are typed.
pub(super) const OPERATORS: [(&str, Bin); 16] = [
    ("+", Bin::Add),
    ("-", Bin::Sub),
    ("*", Bin::Mul),
    ("/", Bin::Div),
    ("%", Bin::Mod),
    ("^", Bin::Pow),
    ("atan2", Bin::Atan2),
    ("==", Bin::Eq),
    ("!=", Bin::Ne),
    ("<", Bin::Lt),
    (">", Bin::Gt),
    ("<=", Bin::Le),
    (">=", Bin::Ge),
    ("and", Bin::And),
    ("or", Bin::Or),
    ("unless", Bin::Unless),
];

impl Bin {
    pub(super) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    pub(super) fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Gt | Self::Le | Self::Ge)
    }
}

/// How the two sides of a binary operator find each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matching {
    pub(super) grouping: Grouping,
    /// The labels as typed, for printing.
    pub(super) shown: Box<[Box<str>]>,
    pub(super) card: Card,
    /// Labels that are copied from the "one" side.
    pub(super) include: Box<[Box<str>]>,
}

/// How many rows may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    OneToOne,
    ManyToOne,
    OneToMany,
    ManyToMany,
}

/// Functions.
#[derive(Clone, Debug)]
pub(super) enum Func {
    Map(fn(f64) -> f64, &'static str),
    Over(Over),
    Date(Date),
    Absent(Labels),
    AbsentOverTime(Labels),
    Clamp,
    ClampMax,
    ClampMin,
    Round,
    Scalar,
    Vector,
    Time,
    Pi,
    Timestamp,
    Sort { descending: bool },
    SortByLabel { descending: bool },
    LabelReplace(Arc<Replace>),
    LabelJoin,
    HistogramQuantile,
    HistogramFraction,
    MinOf,
    MaxOf,
    Start,
    End,
    Step,
    Range,
}

/// `label_replace` with its regular expression compiled.
#[derive(Clone, Debug)]
pub(super) struct Replace {
    pub(super) target: Box<str>,
    pub(super) template: Box<str>,
    pub(super) source: Box<str>,
    pub(super) regex: Regex,
}

/// Functions of a window of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Over {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Deriv,
    PredictLinear,
    Smooth,
    Resets,
    Changes,
    Avg,
    Sum,
    Min,
    Max,
    Count,
    First,
    Last,
    Present,
    Quantile,
    Stddev,
    Stdvar,
    Mad,
    TsOfFirst,
    TsOfLast,
    TsOfMin,
    TsOfMax,
}

impl Over {
    /// Does the result keep the metric's name?
    pub(super) fn keeps_name(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }
}

/// Parts of a date, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Date {
    Minute,
    Hour,
    DayOfWeek,
    DayOfMonth,
    DayOfYear,
    DaysInMonth,
    Month,
    Year,
}
