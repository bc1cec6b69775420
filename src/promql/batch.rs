//! Many expressions at one moment: what they share is evaluated once, what cannot have changed not at all.
//!
//! One expression at a time, so that the caller can stop between two to answer a key. Nothing here knows why an
//! expression is asked.

use super::ast::Op;
use super::eval::Evaluator;
use super::expr::{Expr, Names};
use super::frame::Grid;
use super::memo::Memo;
use super::print;
use super::value::{Answer, EvalError, Options, Value, ValueKind};
use crate::store::Read;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;

/// Expressions that are evaluated together, tick by tick. They are known by their place in the list.
pub struct Batch {
    entries: Vec<Entry>,
    memo: Memo,
    /// What the shared results were computed for.
    memo_of: Option<(Timestamp, u64, Options)>,
}

struct Entry {
    expr: Expr,
    names: Names,
    /// For each node the number of its shared result, if another place has the same one.
    numbers: Vec<Option<u32>>,
    last: Option<Last>,
}

struct Last {
    result: Result<Answer, EvalError>,
    at: i64,
    valid_until: i64,
    version: u64,
    options: Options,
}

impl Batch {
    /// Puts expressions together and finds what they share.
    pub fn new(exprs: impl IntoIterator<Item = Expr>) -> Self {
        let exprs: Vec<Expr> = exprs.into_iter().collect();
        let texts: Vec<Vec<String>> = exprs.iter().map(|e| print::texts(e.nodes())).collect();
        let mut uses: FxHashMap<&str, (u32, u32)> = FxHashMap::default();
        for (expr, texts) in exprs.iter().zip(&texts) {
            for (_, text) in
                expr.nodes().iter().zip(texts).filter(|(n, _)| is_worth_sharing(n.kind, n.owner, &n.op))
            {
                let next = uses.len() as u32;
                uses.entry(text).or_insert((next, 0)).1 += 1;
            }
        }
        let entries = exprs
            .iter()
            .zip(&texts)
            .map(|(expr, texts)| Entry {
                expr: expr.clone(),
                names: expr.names(),
                numbers: expr
                    .nodes()
                    .iter()
                    .zip(texts)
                    .map(|(n, text)| {
                        let shared = is_worth_sharing(n.kind, n.owner, &n.op);
                        uses.get(text.as_str())
                            .filter(|(_, count)| shared && *count > 1)
                            .map(|(number, _)| *number)
                    })
                    .collect(),
                last: None,
            })
            .collect();
        Self { entries, memo: Memo::default(), memo_of: None }
    }

    /// Forgets all answers: the moment goes to and fro, and an answer holds only while time goes on.
    pub fn forget(&mut self) {
        for entry in &mut self.entries {
            entry.last = None;
        }
        self.memo = Memo::default();
        self.memo_of = None;
    }

    /// How many expressions there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No expression at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The expression at place `index`.
    pub fn expr(&self, index: usize) -> Option<&Expr> {
        self.entries.get(index).map(|e| &e.expr)
    }

    /// The last result of the expression at place `index`, if it was ever evaluated.
    pub fn last(&self, index: usize) -> Option<&Result<Answer, EvalError>> {
        self.entries.get(index)?.last.as_ref().map(|l| &l.result)
    }

    /// Evaluates the expression at place `index`, unless its last answer still holds. Nothing if there is no such
    /// place.
    ///
    /// An answer holds while no series of a name that the expression mentions has changed and, where it looks at
    /// windows or at the time, while the moment is the same; one that only looks at newest samples holds until the
    /// first of them is too old.
    pub fn eval_one(
        &mut self,
        index: usize,
        store: &impl Read,
        at: Timestamp,
        options: &Options,
    ) -> Option<&Result<Answer, EvalError>> {
        let key = (at, store.version(), options);
        if self.memo_of.as_ref().is_none_or(|(a, v, o)| (*a, *v, o) != key) {
            self.memo.results.clear();
            self.memo_of = Some((at, key.1, options.clone()));
        }
        let entry = self.entries.get_mut(index)?;
        let version = match &entry.names {
            Names::All => key.1,
            Names::Only(names) => names.iter().map(|n| store.name_version(n)).max().unwrap_or(0),
        };
        let now = at.millis();
        if let Some(last) = &mut entry.last
            && last.version == version
            && last.options == *options
            && (now == last.at || (now > last.at && now <= last.valid_until))
        {
            last.result.as_mut().into_iter().for_each(|answer| move_to(answer, at));
            last.at = now;
        } else {
            let grid = Grid { start: now, step: 0, width: 1 };
            let mut evaluator = Evaluator::new(store, options, entry.expr.nodes(), grid, now);
            evaluator.memo = Some((&mut self.memo, &entry.numbers));
            let (result, valid_until) = match evaluator.instant() {
                Ok((answer, valid_until)) => (Ok(answer), valid_until),
                Err(error) => (Err(error), now),
            };
            entry.last = Some(Last { result, at: now, valid_until, version, options: options.clone() });
        }
        entry.last.as_ref().map(|l| &l.result)
    }

    /// Evaluates all expressions; the results stand in the order of the expressions.
    pub fn eval(
        &mut self,
        store: &impl Read,
        at: Timestamp,
        options: &Options,
    ) -> impl Iterator<Item = &Result<Answer, EvalError>> {
        for index in 0..self.entries.len() {
            let _ = self.eval_one(index, store, at, options);
        }
        self.entries.iter().filter_map(|e| e.last.as_ref().map(|l| &l.result))
    }
}

/// Vectors outside subqueries are worth keeping; brackets only repeat what they hold.
fn is_worth_sharing(kind: ValueKind, owner: Option<u32>, op: &Op) -> bool {
    kind == ValueKind::Vector && owner.is_none() && !matches!(op, Op::Paren(_))
}

fn move_to(answer: &mut Answer, at: Timestamp) {
    answer.at = at;
    if let Value::Vector(points) = &mut answer.value {
        for point in points {
            point.at = at;
        }
    }
}
