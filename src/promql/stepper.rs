//! A range query that moves on with time: each new step costs one instant evaluation.
//!
//! For graphs and sparklines. Steps lie at multiples of the step since the epoch, so that a graph does not shiver.

use super::ast::{At, Func, Op};
use super::expr::Expr;
use super::value::{EvalError, Options, Range, Row, Value};
use crate::labels::Labels;
use crate::store::Read;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::time::Duration;

/// The kept matrix of one expression.
///
/// It equals the full range query over the same steps as long as samples come in the order of time. The newest step
/// is evaluated anew whenever samples have come since, because a poll's samples carry the time of its start.
pub struct Stepper {
    expr: Expr,
    step: Duration,
    columns: usize,
    rows: FxHashMap<Labels, VecDeque<(Timestamp, f64)>>,
    newest: Option<Timestamp>,
    version: u64,
    whole: bool,
    warnings: Vec<String>,
    infos: Vec<String>,
}

impl Stepper {
    /// Keeps the newest `columns` steps (at least one) of `expr`.
    pub fn new(expr: Expr, step: Duration, columns: usize) -> Self {
        let whole = depends_on_range(&expr);
        Self {
            expr,
            step: step.max(Duration::from_millis(1)),
            columns: columns.max(1),
            rows: FxHashMap::default(),
            newest: None,
            version: 0,
            whole,
            warnings: Vec::new(),
            infos: Vec::new(),
        }
    }

    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The moments that are kept when `at` is the present.
    pub fn range(&self, at: Timestamp) -> Range {
        let end = at.floor_to(self.step);
        let back = self.step.saturating_mul(u32::try_from(self.columns - 1).unwrap_or(u32::MAX));
        Range { start: end - back, end, step: self.step }
    }

    /// Evaluates the steps up to `at` that are not known yet, and drops the oldest.
    ///
    /// # Errors
    /// As [`super::eval_range`]; the matrix is empty then.
    pub fn advance(&mut self, store: &impl Read, at: Timestamp, options: &Options) -> Result<(), EvalError> {
        let wanted = self.range(at);
        let from = match self.newest {
            Some(newest) if newest == wanted.end && store.version() == self.version => return Ok(()),
            // The newest known step again: samples that belong to it may have come since.
            Some(newest) if !self.whole && newest >= wanted.start && newest <= wanted.end => newest,
            _ => wanted.start,
        };
        let version = store.version();
        let part = Range { start: from, ..wanted };
        let answer = super::eval_range(store, &self.expr, part, options).inspect_err(|_| self.clear())?;
        for row in self.rows.values_mut() {
            while row.back().is_some_and(|p| p.0 >= from) {
                row.pop_back();
            }
            while row.front().is_some_and(|p| p.0 < wanted.start) {
                row.pop_front();
            }
        }
        if let Value::Matrix(rows) = answer.value {
            for row in rows {
                self.rows.entry(row.labels).or_default().extend(row.points);
            }
        }
        self.rows.retain(|_, points| !points.is_empty());
        (self.newest, self.version) = (Some(wanted.end), version);
        (self.warnings, self.infos) = (answer.warnings, answer.infos);
        Ok(())
    }

    /// Forgets everything; the next step evaluates the whole range.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.newest = None;
    }

    /// The newest step that was evaluated.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// One series and its points, oldest first, in no particular order of series.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&Labels, &VecDeque<(Timestamp, f64)>)> {
        self.rows.iter()
    }

    /// The whole matrix, sorted by labels.
    pub fn matrix(&self) -> Vec<Row> {
        let row = |(labels, points): (&Labels, &VecDeque<(Timestamp, f64)>)| Row {
            labels: labels.clone(),
            points: points.iter().copied().collect(),
        };
        let mut rows: Vec<Row> = self.rows.iter().map(row).collect();
        rows.sort_by(|a, b| a.labels.cmp(&b.labels));
        rows
    }

    /// What the last evaluation remarked: warnings, infos.
    pub fn notes(&self) -> (&[String], &[String]) {
        (&self.warnings, &self.infos)
    }
}

/// Does the value at one step depend on where the range begins or ends?
fn depends_on_range(expr: &Expr) -> bool {
    expr.nodes().iter().any(|n| match &n.op {
        Op::Select(s) | Op::Window { selector: s, .. } => matches!(s.time.at, Some(At::Start | At::End)),
        Op::Subquery { time, .. } => matches!(time.at, Some(At::Start | At::End)),
        Op::Call { func, .. } => matches!(func, Func::Start | Func::End | Func::Range),
        _ => false,
    })
}
