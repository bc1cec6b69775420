//! PromQL over the store; the only room that knows `promql-parser`.
//!
//! Text becomes an [`Expr`] (`guard`, `lex`, `parse`, `expr`, `print`), which is evaluated over anything that can be
//! [read](crate::store::Read): at one moment ([`eval`]), over a range ([`eval_range`]), many a tick ([`Batch`]) or step
//! by step ([`Stepper`]). Answers are those of Prometheus 3, or of 2.42 with [`Compat::V2_42`]. Time is an argument.

#![expect(
    clippy::float_cmp,
    reason = "the language compares floats exactly, and so do the rules for equal bounds and constant series"
)]

mod aggregate;
mod ast;
mod batch;
mod binary;
mod call;
mod complete;
mod counted;
mod eval;
mod expr;
mod frame;
mod functions;
mod guard;
mod histogram;
mod json;
mod lex;
mod memo;
mod number;
mod parse;
mod print;
mod select;
mod shape;
mod sort;
mod spread;
mod stepper;
mod value;
mod window;

#[cfg(test)]
mod tests;

pub use ast::{At, Selector, Time};
pub use batch::Batch;
pub use complete::{Completion, CompletionKind, completions, completions_with};
pub use counted::{Counted, Counter};
pub use expr::{Expr, Names};
pub use json::render_json;
pub use number::format_value;
pub use parse::{ParseError, parse};
pub use shape::{Match, Piece, What};
pub use spread::{Spread, quantiles};
pub use stepper::Stepper;
pub use value::{Answer, Compat, EvalError, Limits, Options, Point, Range, Row, Stop, Value, ValueKind};

use crate::store::Read;
use crate::units::Timestamp;
use eval::Evaluator;
use frame::Grid;

/// The value of `expr` at the moment `at`.
///
/// # Errors
/// The data do not fit the expression, or a limit was reached.
pub fn eval(store: &impl Read, expr: &Expr, at: Timestamp, options: &Options) -> Result<Answer, EvalError> {
    let grid = Grid { start: at.millis(), step: 0, width: 1 };
    Evaluator::new(store, options, expr.nodes(), grid, at.millis()).instant().map(|(answer, _)| answer)
}

/// The values of `expr` over `range`, as a matrix sorted by labels.
///
/// # Errors
/// As [`eval`], also where the range has more steps than allowed or the expression gives no numbers.
pub fn eval_range(
    store: &impl Read,
    expr: &Expr,
    range: Range,
    options: &Options,
) -> Result<Answer, EvalError> {
    let grid = grid(range, options)?;
    Evaluator::new(store, options, expr.nodes(), grid, range.end.millis()).range()
}

fn grid(range: Range, options: &Options) -> Result<Grid, EvalError> {
    let step = select::millis(range.step);
    let (start, end) = (range.start.millis(), range.end.millis());
    if step < 1 || end < start {
        return Err(EvalError::Kind(
            "a range needs a step of at least 1ms and an end after its start".to_owned(),
        ));
    }
    let width = end.saturating_sub(start) / step + 1;
    let limit = options.limits.steps;
    if width as u64 > limit as u64 {
        return Err(EvalError::Limit { what: "steps", limit: limit as u64 });
    }
    Ok(Grid { start, step, width: width as usize })
}
