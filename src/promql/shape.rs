//! An expression as others may look at it: a flat list of pieces, children before parents. For checks of rules.
//!
//! Nothing here can change or evaluate an expression.

use super::ast::{AGGREGATIONS, Bin, Card, Id, OPERATORS, Op, Selector};
use super::expr::Expr;
use super::value::ValueKind;
use super::{functions, print};
use std::time::Duration;

/// One piece of an expression.
#[derive(Clone, Debug)]
pub struct Piece<'e> {
    /// What it gives.
    pub kind: ValueKind,
    /// What it is.
    pub what: What<'e>,
    /// Its text, canonical.
    pub text: String,
}

/// What a piece is; numbers are indexes of other pieces, always smaller than its own.
#[derive(Clone, Debug)]
pub enum What<'e> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'e str),
    /// `up{job="a"}`
    Select(&'e Selector),
    /// `up{job="a"}[5m]`
    Window(&'e Selector, Duration),
    /// Parentheses, or a sign.
    Wrap(usize),
    /// `expression[1h:5m]`
    Subquery(usize, Duration),
    /// `rate(...)`
    Call(&'static str, Vec<usize>),
    /// `sum by (job) (...)`
    Aggregate {
        /// `sum`
        name: &'static str,
        /// What is aggregated.
        child: usize,
        /// Its labels, and whether they are kept (`by`) or dropped (`without`).
        by: bool,
        /// The labels as they are written.
        labels: &'e [Box<str>],
    },
    /// `a / b`
    Binary {
        /// `/`
        name: &'static str,
        /// Left.
        lhs: usize,
        /// Right.
        rhs: usize,
        /// It compares and does not say `bool`: what does not fit is dropped.
        filters: bool,
        /// It is `and`, `or` or `unless`.
        set: bool,
        /// How the sides find each other, if both are vectors.
        matching: Option<Match<'e>>,
    },
}

/// How two vectors find each other.
#[derive(Clone, Copy, Debug)]
pub struct Match<'e> {
    /// `on`, not `ignoring`.
    pub on: bool,
    /// Their labels.
    pub labels: &'e [Box<str>],
    /// `group_left`: -1, `group_right`: 1, else 0.
    pub many: i8,
    /// Labels that are copied from the other side.
    pub include: &'e [Box<str>],
}

impl Expr {
    /// Its pieces; the last one is the whole.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let texts = print::texts(self.nodes());
        let whole = |ms: i64| Duration::from_millis(ms.unsigned_abs());
        let at = |id: Id| id as usize;
        self.nodes()
            .iter()
            .zip(texts)
            .map(|(node, text)| {
                let what = match &node.op {
                    Op::Number(value) => What::Number(*value),
                    Op::Text(text) => What::Text(text),
                    Op::Select(selector) => What::Select(selector),
                    Op::Window { selector, range } => What::Window(selector, whole(*range)),
                    Op::Subquery { child, range, .. } => What::Subquery(at(*child), whole(*range)),
                    Op::Paren(child) | Op::Negate(child) => What::Wrap(at(*child)),
                    Op::Call { func, args } => {
                        What::Call(functions::name_of(func), args.iter().map(|arg| at(*arg)).collect())
                    }
                    Op::Aggregate { op, child, grouping, shown, .. } => What::Aggregate {
                        name: AGGREGATIONS.iter().find(|(_, known)| known == op).map_or("", |(name, _)| name),
                        child: at(*child),
                        by: grouping.as_ref().is_none_or(|grouping| grouping.by),
                        labels: shown,
                    },
                    Op::Binary { op, lhs, rhs, bool, matching } => What::Binary {
                        name: name(*op),
                        lhs: at(*lhs),
                        rhs: at(*rhs),
                        filters: op.is_comparison() && !bool,
                        set: op.is_set(),
                        matching: matching.as_ref().map(|matching| Match {
                            on: matching.grouping.by,
                            labels: &matching.shown,
                            many: match matching.card {
                                Card::ManyToOne => -1,
                                Card::OneToMany => 1,
                                Card::OneToOne | Card::ManyToMany => 0,
                            },
                            include: &matching.include,
                        }),
                    },
                };
                Piece { kind: node.kind, what, text }
            })
            .collect()
    }
}

fn name(op: Bin) -> &'static str {
    OPERATORS.iter().find(|(_, known)| *known == op).map_or("", |(name, _)| name)
}
