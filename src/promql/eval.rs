//! The evaluation of one expression over a grid of moments.
//!
//! One pass over the flat list of nodes, each evaluated for all moments at once; only a subquery starts another pass,
//! on its own grid. Nothing here reads the clock: the moments are arguments.

use super::ast::{Agg, Func, Id, Node, Op, Time};
use super::frame::{Frame, Grid, Notes};
use super::memo::{Memo, Remarks, Remembered};
use super::select::{Source, Windows, millis, points};
use super::value::{Answer, EvalError, Options, Row, Value};
use super::{aggregate, binary};
use crate::store::Read;
use crate::units::Timestamp;
use std::sync::Arc;

/// What a node gives.
#[derive(Clone)]
pub(super) enum Out {
    Scalar(Vec<f64>),
    Text(Box<str>),
    Vector(Arc<Frame>),
    Windows(Arc<Windows>),
}

impl Out {
    pub(super) fn frame(self) -> Frame {
        match self {
            Self::Vector(frame) => Arc::try_unwrap(frame).unwrap_or_else(|shared| Frame::clone(&shared)),
            _ => Frame::default(),
        }
    }

    pub(super) fn scalars(&self) -> &[f64] {
        match self {
            Self::Scalar(values) => values,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }
}

/// The state of one evaluation.
pub(super) struct Evaluator<'a, R: Read> {
    pub(super) store: &'a R,
    pub(super) options: &'a Options,
    pub(super) nodes: &'a [Node],
    /// The moments of the whole query, for `@ start()`, `step()` and the like.
    pub(super) query: Grid,
    /// The end of the query, which its steps need not reach.
    pub(super) end: i64,
    pub(super) notes: Notes,
    pub(super) touched: u64,
    /// Until when the answer stays the same without new samples; see `batch`.
    pub(super) valid_until: i64,
    /// The batch's results and its numbers for the nodes of this expression.
    pub(super) memo: Option<(&'a mut Memo, &'a [Option<u32>])>,
}

impl<'a, R: Read> Evaluator<'a, R> {
    pub(super) fn new(store: &'a R, options: &'a Options, nodes: &'a [Node], query: Grid, end: i64) -> Self {
        Self {
            store,
            options,
            nodes,
            query,
            end,
            notes: Notes::default(),
            touched: 0,
            valid_until: i64::MAX,
            memo: None,
        }
    }

    /// The value at one moment.
    pub(super) fn instant(mut self) -> Result<(Answer, i64), EvalError> {
        let grid = self.query;
        let value = match self.run(self.root(), &grid)? {
            Out::Scalar(values) => Value::Scalar(values.first().copied().unwrap_or(f64::NAN)),
            Out::Text(text) => Value::String(text),
            Out::Vector(frame) => {
                frame.check_unique()?;
                Value::Vector(points(&frame, grid.start))
            }
            Out::Windows(windows) => self.raw(&windows, &grid)?,
        };
        let valid_until = self.valid_until;
        Ok((self.answer(value, grid.start), valid_until))
    }

    /// The values at all moments, sorted by labels.
    pub(super) fn range(mut self) -> Result<Answer, EvalError> {
        let grid = self.query;
        let frame = match self.run(self.root(), &grid)? {
            Out::Scalar(values) => {
                let mut frame = Frame::constant(grid.width, 0.0);
                frame.values = values;
                Arc::new(frame)
            }
            Out::Vector(frame) => frame,
            Out::Text(_) | Out::Windows(_) => {
                return Err(EvalError::Kind(
                    "a range query needs an expression that gives a scalar or an instant vector".to_owned(),
                ));
            }
        };
        frame.check_unique()?;
        let mut rows: Vec<Row> = frame
            .merged()
            .into_iter()
            .map(|(labels, values)| {
                let points = values.iter().enumerate().filter(|(_, v)| super::frame::present(**v));
                Row {
                    labels,
                    points: points.map(|(i, v)| (Timestamp::from_millis(grid.at(i)), *v)).collect(),
                }
            })
            .collect();
        rows.sort_by(|a, b| a.labels.cmp(&b.labels));
        let end = self.end;
        Ok(self.answer(Value::Matrix(rows), end))
    }

    fn answer(mut self, value: Value, at: i64) -> Answer {
        let sorted = |set: rustc_hash::FxHashSet<String>| {
            let mut texts: Vec<String> = set.into_iter().collect();
            texts.sort();
            texts
        };
        Answer {
            value,
            ordered: self.ordered(),
            at: Timestamp::from_millis(at),
            warnings: sorted(std::mem::take(&mut self.notes.warnings)),
            infos: sorted(std::mem::take(&mut self.notes.infos)),
            touched: self.touched,
        }
    }

    /// Does the outermost function or aggregation order its result?
    fn ordered(&self) -> bool {
        let mut id = self.root();
        loop {
            match self.nodes.get(id as usize).map(|n| &n.op) {
                Some(Op::Paren(child)) => id = *child,
                Some(Op::Call { func, .. }) => {
                    return matches!(func, Func::Sort { .. } | Func::SortByLabel { .. });
                }
                Some(Op::Aggregate { op, .. }) => return matches!(op, Agg::Topk | Agg::Bottomk),
                _ => return false,
            }
        }
    }

    fn root(&self) -> Id {
        (self.nodes.len() as Id).saturating_sub(1)
    }

    /// Evaluates the subtree of `root` on `grid`.
    fn run(&mut self, root: Id, grid: &Grid) -> Result<Out, EvalError> {
        let Some(first) = self.nodes.get(root as usize).map(|n| n.first) else {
            return Ok(Out::Scalar(Vec::new()));
        };
        let owner = self.nodes.get(root as usize).and_then(|n| n.owner);
        let size = (root - first) as usize + 1;
        let mut slots: Vec<Option<Out>> = vec![None; size];
        let mut remarks: Vec<Remarks> = vec![Remarks::default(); size];
        let outer = self.take_remarks();
        let wanted = self.wanted(root, first, &mut slots, &mut remarks);
        for (i, _) in wanted.iter().enumerate().filter(|(_, w)| **w) {
            let id = first + i as Id;
            let Some(node) = self.nodes.get(id as usize) else { continue };
            if node.owner != owner {
                continue;
            }
            self.check_stop()?;
            let out = self.node(node, grid, &mut |child: Id| {
                slots
                    .get_mut((child - first) as usize)
                    .and_then(Option::take)
                    .unwrap_or(Out::Scalar(Vec::new()))
            })?;
            let mut own = self.take_remarks();
            for child in node.op.children() {
                own.merge(remarks.get_mut((child - first) as usize).map(std::mem::take).unwrap_or_default());
            }
            if let Some(number) = self.shared(id)
                && let Some((memo, _)) = &mut self.memo
            {
                memo.results.insert(number, Remembered { out: out.clone(), remarks: own.clone() });
            }
            if let (Some(slot), Some(remark)) = (slots.get_mut(i), remarks.get_mut(i)) {
                *slot = Some(out);
                *remark = own;
            }
        }
        let mut all = outer;
        all.merge(remarks.pop().unwrap_or_default());
        (self.valid_until, self.notes) = (all.valid_until, all.notes);
        Ok(slots.pop().flatten().unwrap_or(Out::Scalar(Vec::new())))
    }

    fn take_remarks(&mut self) -> Remarks {
        Remarks {
            valid_until: std::mem::replace(&mut self.valid_until, i64::MAX),
            notes: std::mem::take(&mut self.notes),
        }
    }

    /// The number under which the batch knows this node, if others use it too.
    fn shared(&self, id: Id) -> Option<u32> {
        self.memo.as_ref().and_then(|(_, numbers)| numbers.get(id as usize).copied().flatten())
    }

    /// Which nodes below `root` must be evaluated: not those below a result that is known already.
    fn wanted(
        &mut self,
        root: Id,
        first: Id,
        slots: &mut [Option<Out>],
        remarks: &mut [Remarks],
    ) -> Vec<bool> {
        let mut wanted = vec![false; slots.len()];
        if let Some(last) = wanted.last_mut() {
            *last = true;
        }
        for id in (first..=root).rev() {
            let i = (id - first) as usize;
            if !wanted.get(i).copied().unwrap_or(false) {
                continue;
            }
            let known = self.shared(id).and_then(|number| {
                self.memo.as_ref().and_then(|(memo, _)| memo.results.get(&number).cloned())
            });
            if let Some(known) = known {
                remarks.get_mut(i).into_iter().for_each(|r| *r = known.remarks.clone());
                slots.get_mut(i).into_iter().for_each(|s| *s = Some(known.out.clone()));
                wanted.get_mut(i).into_iter().for_each(|w| *w = false);
                continue;
            }
            let children = self.nodes.get(id as usize).into_iter().flat_map(|n| n.op.children());
            for child in children {
                wanted.get_mut((child - first) as usize).into_iter().for_each(|w| *w = true);
            }
        }
        wanted
    }

    fn node(&mut self, node: &Node, grid: &Grid, take: &mut dyn FnMut(Id) -> Out) -> Result<Out, EvalError> {
        let out = match &node.op {
            Op::Number(v) => Out::Scalar(vec![*v; grid.width]),
            Op::Text(text) => Out::Text(text.clone()),
            Op::Select(selector) => Out::Vector(Arc::new(self.select(selector, grid, false)?)),
            Op::Window { selector, range } => {
                self.valid_until = self.valid_until.min(grid.start);
                Out::Windows(Arc::new(Windows {
                    source: Source::Store(Arc::clone(selector)),
                    range: *range,
                    time: selector.time,
                }))
            }
            Op::Subquery { child, range, step, time } => self.subquery(*child, *range, *step, *time, grid)?,
            Op::Paren(child) => take(*child),
            Op::Negate(child) => match take(*child) {
                Out::Scalar(mut values) => {
                    for v in &mut values {
                        *v = -*v;
                    }
                    Out::Scalar(values)
                }
                other => {
                    let mut frame = other.frame();
                    frame.map(|v, _| -v);
                    frame.drop_names()?;
                    Out::Vector(Arc::new(frame))
                }
            },
            Op::Call { func, args } => {
                if matches!(func, Func::Timestamp)
                    && let Some(selector) = args.first().and_then(|a| self.plain_selector(*a))
                {
                    let mut frame = self.select(&selector, grid, true)?;
                    frame.drop_names()?;
                    return Ok(Out::Vector(Arc::new(frame)));
                }
                let args: Vec<Out> = args.iter().map(|a| take(*a)).collect();
                self.call(func, args, grid)?
            }
            Op::Aggregate { op, child, param, grouping, .. } => {
                let param = param.map(&mut *take);
                let frame = match take(*child) {
                    Out::Vector(frame) => frame,
                    _ => Arc::new(Frame::new(grid.width)),
                };
                let job = aggregate::Job {
                    op: *op,
                    grouping: grouping.as_ref(),
                    param: param.as_ref(),
                    compat: self.options.compat,
                    limit: self.options.limits.series,
                };
                Out::Vector(Arc::new(aggregate::aggregate(&job, &frame, &mut self.notes)?))
            }
            Op::Binary { op, lhs, rhs, bool, matching } => {
                let (lhs, rhs) = (take(*lhs), take(*rhs));
                let job = binary::Job {
                    op: *op,
                    bool: *bool,
                    matching: matching.as_ref(),
                    compat: self.options.compat,
                };
                binary::binary(&job, lhs, rhs)?
            }
        };
        if let Out::Vector(frame) = &out {
            self.check_series(frame.len())?;
            self.check_cells(frame.len(), grid.width)?;
        }
        Ok(out)
    }

    /// The selector that this node is, brackets aside.
    fn plain_selector(&self, id: Id) -> Option<Arc<super::ast::Selector>> {
        let mut id = id;
        loop {
            match &self.nodes.get(id as usize)?.op {
                Op::Paren(child) => id = *child,
                Op::Select(selector) => return Some(Arc::clone(selector)),
                _ => return None,
            }
        }
    }

    fn subquery(
        &mut self,
        child: Id,
        range: i64,
        step: Option<i64>,
        time: Time,
        grid: &Grid,
    ) -> Result<Out, EvalError> {
        self.valid_until = self.valid_until.min(grid.start);
        let step = step.unwrap_or_else(|| millis(self.options.subquery_step)).max(1);
        let from = self.left(self.moment(&time, grid.start).saturating_sub(range));
        let to = self.moment(&time, grid.end());
        // Steps lie at multiples of the step since the epoch.
        let start = from.div_euclid(step).saturating_mul(step);
        let start = if start < from { start.saturating_add(step) } else { start };
        let width = if start > to { 0 } else { (to.saturating_sub(start) / step + 1) as usize };
        self.check_steps(width)?;
        let inner = Grid { start, step, width };
        let frame = if width == 0 {
            Frame::new(0)
        } else {
            // Inside, `@ start()` still means the query; results of the batch are for other moments.
            let memo = self.memo.take();
            let valid_until = self.valid_until;
            let out = self.run(child, &inner);
            self.memo = memo;
            self.valid_until = valid_until;
            match out? {
                Out::Vector(frame) => {
                    frame.check_unique()?;
                    let mut merged = Frame::with_capacity(width, frame.len());
                    for (labels, row) in frame.merged() {
                        merged.push(super::frame::Key::new(labels), &row);
                    }
                    merged
                }
                Out::Scalar(values) => {
                    let mut frame = Frame::constant(width, 0.0);
                    frame.values = values;
                    frame
                }
                _ => Frame::new(width),
            }
        };
        self.touch(frame.values.len())?;
        Ok(Out::Windows(Arc::new(Windows { source: Source::Frame(frame, inner), range, time })))
    }

    /// Counts samples that were read.
    pub(super) fn touch(&mut self, samples: usize) -> Result<(), EvalError> {
        self.touched += samples as u64;
        let limit = self.options.limits.samples;
        if self.touched > limit {
            Err(EvalError::Limit { what: "samples", limit })
        } else {
            self.check_stop()
        }
    }

    pub(super) fn check_series(&self, series: usize) -> Result<(), EvalError> {
        let limit = self.options.limits.series;
        if series > limit { Err(EvalError::Limit { what: "series", limit: limit as u64 }) } else { Ok(()) }
    }

    /// A frame of this size may be made.
    pub(super) fn check_cells(&self, rows: usize, width: usize) -> Result<(), EvalError> {
        let limit = self.options.limits.samples;
        let cells = (rows as u64).saturating_mul(width as u64);
        if cells > limit { Err(EvalError::Limit { what: "samples", limit }) } else { self.check_stop() }
    }

    /// Does anybody still wait for the answer?
    pub(super) fn check_stop(&self) -> Result<(), EvalError> {
        match &self.options.stop {
            Some(stop) if stop.is_wished() => Err(EvalError::Stopped),
            _ => Ok(()),
        }
    }

    fn check_steps(&self, steps: usize) -> Result<(), EvalError> {
        // A subquery may be long where the query is short; the values it holds are counted apart.
        let limit = (self.options.limits.steps as u64).saturating_mul(100);
        if steps as u64 > limit { Err(EvalError::Limit { what: "subquery steps", limit }) } else { Ok(()) }
    }
}
