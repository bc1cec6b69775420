//! Binary operators: scalars, vector with scalar, and vectors that find each other by labels.
//!
//! Which rows match is found once; only where a group holds more than one row is each moment looked at by itself.

use super::ast::{Bin, Card, Matching};
use super::eval::Out;
use super::frame::{ABSENT, Frame, Groups, Key, present};
use super::value::{Compat, EvalError};
use crate::labels::{Labels, NAME};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What is done.
pub(super) struct Job<'a> {
    pub(super) op: Bin,
    pub(super) bool: bool,
    pub(super) matching: Option<&'a Matching>,
    pub(super) compat: Compat,
}

impl Job<'_> {
    /// The result for two samples: a number, or [`ABSENT`] where a comparison filters it out.
    fn apply(&self, l: f64, r: f64, keep: f64) -> f64 {
        let truth = match self.op {
            Bin::Eq => l == r,
            Bin::Ne => l != r,
            Bin::Lt => l < r,
            Bin::Gt => l > r,
            Bin::Le => l <= r,
            Bin::Ge => l >= r,
            _ => return arithmetic(self.op, l, r),
        };
        if self.bool {
            f64::from(u8::from(truth))
        } else if truth {
            keep
        } else {
            ABSENT
        }
    }

    /// Does the result lose the metric's name?
    fn drops_name(&self) -> bool {
        self.bool || !self.op.is_comparison()
    }
}

fn arithmetic(op: Bin, l: f64, r: f64) -> f64 {
    match op {
        Bin::Add => l + r,
        Bin::Sub => l - r,
        Bin::Mul => l * r,
        Bin::Div => l / r,
        Bin::Mod => l % r,
        Bin::Pow => l.powf(r),
        Bin::Atan2 => l.atan2(r),
        _ => f64::NAN,
    }
}

/// The value of `lhs op rhs`.
pub(super) fn binary(job: &Job<'_>, lhs: Out, rhs: Out) -> Result<Out, EvalError> {
    let frame = match (lhs, rhs) {
        (Out::Scalar(mut l), Out::Scalar(r)) => {
            for (l, r) in l.iter_mut().zip(&r) {
                *l = job.apply(*l, *r, *l);
            }
            return Ok(Out::Scalar(l));
        }
        (Out::Scalar(l), r) => {
            let mut frame = r.frame();
            frame.map(|v, i| job.apply(l.get(i).copied().unwrap_or(f64::NAN), v, v));
            finish(job, frame)?
        }
        (l, Out::Scalar(r)) => {
            let mut frame = l.frame();
            frame.map(|v, i| job.apply(v, r.get(i).copied().unwrap_or(f64::NAN), v));
            finish(job, frame)?
        }
        (Out::Vector(l), Out::Vector(r)) => match job.matching {
            Some(matching) if job.op.is_set() => set(job.op, matching, l, &r)?,
            Some(matching) => vectors(job, matching, &l, &r)?,
            None => Frame::new(l.width),
        },
        _ => Frame::default(),
    };
    Ok(Out::Vector(Arc::new(frame)))
}

fn finish(job: &Job<'_>, mut frame: Frame) -> Result<Frame, EvalError> {
    if job.op.is_comparison() && !job.bool {
        frame.prune();
    }
    if job.drops_name() {
        frame.drop_names()?;
    }
    Ok(frame)
}

/// `and`, `or`, `unless`.
fn set(op: Bin, matching: &Matching, l: Arc<Frame>, r: &Frame) -> Result<Frame, EvalError> {
    let mut groups = Groups::new(&matching.grouping);
    let (lg, rg): (Vec<u32>, Vec<u32>) =
        (l.keys.iter().map(|k| groups.of(k)).collect(), r.keys.iter().map(|k| groups.of(k)).collect());
    let width = l.width;
    let presence = |frame: &Frame, members: &[u32]| {
        let mut seen = vec![false; groups.len() * width];
        for (group, (_, row)) in members.iter().zip(frame.rows()) {
            for (seen, v) in seen.iter_mut().skip(*group as usize * width).zip(row) {
                *seen |= present(*v);
            }
        }
        seen
    };
    // Keeps the samples of `frame` where the group's presence on the other side is `wanted`.
    let filter = |frame: &mut Frame, members: &[u32], other: &[bool], wanted: bool| {
        for (group, row) in members.iter().zip(frame.values.chunks_exact_mut(width.max(1))) {
            for (v, there) in row.iter_mut().zip(other.iter().skip(*group as usize * width)) {
                if *there != wanted {
                    *v = ABSENT;
                }
            }
        }
        frame.prune();
    };
    if op == Bin::Or {
        let seen = presence(&l, &lg);
        let mut right = r.clone();
        filter(&mut right, &rg, &seen, false);
        let mut out = Arc::try_unwrap(l).unwrap_or_else(|shared| Frame::clone(&shared));
        out.keys.extend(right.keys);
        out.values.extend(right.values);
        out.check_unique()?;
        return Ok(out);
    }
    let seen = presence(r, &rg);
    let mut out = Arc::try_unwrap(l).unwrap_or_else(|shared| Frame::clone(&shared));
    filter(&mut out, &lg, &seen, op == Bin::And);
    Ok(out)
}

/// The state of matching two vectors; `many` and `one` are the sides after `group_right` has been turned round.
struct Join<'a> {
    job: &'a Job<'a>,
    matching: &'a Matching,
    many: &'a Frame,
    one: &'a Frame,
    out: Frame,
    /// The output row of a pair of rows; without included labels only the row of the many side counts.
    rows: FxHashMap<(usize, usize), usize>,
}

fn vectors(job: &Job<'_>, matching: &Matching, l: &Frame, r: &Frame) -> Result<Frame, EvalError> {
    let turned = matching.card == Card::OneToMany;
    let (many, one) = if turned { (r, l) } else { (l, r) };
    let mut groups = Groups::new(&matching.grouping);
    let og: Vec<u32> = one.keys.iter().map(|k| groups.of(k)).collect();
    let mg: Vec<u32> = many.keys.iter().map(|k| groups.of(k)).collect();
    let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    for (row, group) in og.iter().enumerate() {
        of_group.get_mut(*group as usize).into_iter().for_each(|g| g.push(row));
    }
    let mut many_count = vec![0_usize; groups.len()];
    for group in &mg {
        if let Some(count) = many_count.get_mut(*group as usize) {
            *count += 1;
        }
    }
    let mut join = Join { job, matching, many, one, out: Frame::new(many.width), rows: FxHashMap::default() };
    let simple = of_group.iter().all(|g| g.len() <= 1)
        && (matching.card != Card::OneToOne || many_count.iter().all(|c| *c <= 1))
        && (matching.card == Card::OneToOne || matching.include.is_empty());
    if simple {
        join.straight(&mg, &of_group);
    } else {
        join.by_moment(&mg, &og, groups.len())?;
    }
    let mut out = join.out;
    out.prune();
    // In the simple case a result is as unique as its group.
    if !simple || matching.card != Card::OneToOne || matching.grouping.names.iter().any(|n| &**n == NAME) {
        out.check_unique()?;
    }
    Ok(out)
}

impl Join<'_> {
    fn value(&self, many: f64, one: f64) -> f64 {
        match self.matching.card {
            Card::OneToMany => self.job.apply(one, many, one),
            _ => self.job.apply(many, one, many),
        }
    }

    /// Each group has one row at either side at most: rows are paired once.
    fn straight(&mut self, mg: &[u32], of_group: &[Vec<usize>]) {
        let mut row = vec![ABSENT; self.many.width];
        for (m, group) in mg.iter().enumerate() {
            let Some(o) = of_group.get(*group as usize).and_then(|g| g.first()).copied() else { continue };
            let mut any = false;
            for (cell, (a, b)) in row.iter_mut().zip(self.many.row(m).iter().zip(self.one.row(o))) {
                *cell = if present(*a) && present(*b) { self.value(*a, *b) } else { ABSENT };
                any |= present(*cell);
            }
            if any {
                let key = self.key(m, o);
                self.out.push(key, &row);
            }
        }
    }

    /// The general case: at each moment the rows that are there are matched anew.
    fn by_moment(&mut self, mg: &[u32], og: &[u32], groups: usize) -> Result<(), EvalError> {
        let width = self.many.width;
        let mut of_group: Vec<Option<usize>> = vec![None; groups];
        let mut taken = vec![false; groups];
        let mut inserted: FxHashSet<(u32, Labels)> = FxHashSet::default();
        for step in 0..width {
            of_group.fill(None);
            taken.fill(false);
            inserted.clear();
            let there = |frame: &Frame, row: usize| {
                frame.values.get(row * width + step).copied().filter(|v| present(*v))
            };
            let lively = (0..self.many.len()).any(|m| there(self.many, m).is_some());
            if !lively {
                continue;
            }
            for (o, group) in og.iter().enumerate().filter(|(o, _)| there(self.one, *o).is_some()) {
                let Some(slot) = of_group.get_mut(*group as usize) else { continue };
                if let Some(other) = *slot {
                    return Err(self.duplicate(o, other));
                }
                *slot = Some(o);
            }
            for (m, group) in mg.iter().enumerate() {
                let (Some(a), Some(Some(o))) = (there(self.many, m), of_group.get(*group as usize).copied())
                else {
                    continue;
                };
                let v = self.value(a, there(self.one, o).unwrap_or(f64::NAN));
                if self.job.compat == Compat::V2_42 && !present(v) {
                    continue;
                }
                if self.matching.card == Card::OneToOne {
                    let taken = taken.get_mut(*group as usize);
                    if taken.is_some_and(|t| std::mem::replace(t, true)) {
                        return Err(EvalError::data(
                            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                        ));
                    }
                } else if !inserted.insert((*group, self.key(m, o).finish())) {
                    return Err(EvalError::data(
                        "multiple matches for labels: grouping labels must ensure unique matches",
                    ));
                }
                self.put(m, o, step, v);
            }
        }
        Ok(())
    }

    fn put(&mut self, m: usize, o: usize, step: usize, v: f64) {
        let width = self.out.width;
        let pair = (m, if self.matching.include.is_empty() { 0 } else { o });
        let row = if let Some(row) = self.rows.get(&pair) {
            *row
        } else {
            let row = self.out.keys.len();
            let key = self.key(m, o);
            self.out.keys.push(key);
            self.out.values.resize((row + 1) * width, ABSENT);
            self.rows.insert(pair, row);
            row
        };
        self.out.values.get_mut(row * width + step).into_iter().for_each(|c| *c = v);
    }

    /// The labels of a result.
    fn key(&self, m: usize, o: usize) -> Key {
        let (Some(many), Some(one)) = (self.many.keys.get(m), self.one.keys.get(o)) else {
            return Key::new(Labels::empty());
        };
        let nameless = many.nameless || self.job.drops_name();
        let grouping = &self.matching.grouping;
        let mut key = Key { labels: many.labels.clone(), nameless };
        if self.matching.card == Card::OneToOne {
            if grouping.by {
                key = Key::new(grouping.labels(&Key { labels: many.labels.clone(), nameless }));
            } else if !grouping.names.is_empty() {
                key.labels = key.labels.without(|n| grouping.names.iter().any(|g| &**g == n));
            }
        }
        if self.matching.include.iter().any(|n| &**n == NAME) {
            key = Key::new(key.finish());
        }
        for name in &self.matching.include {
            key.labels = key.labels.with(name, one.get(name).unwrap_or(""));
        }
        key
    }

    fn duplicate(&self, a: usize, b: usize) -> EvalError {
        let side = if self.matching.card == Card::OneToMany { "left" } else { "right" };
        let labels = |row: usize| self.one.keys.get(row).map_or_else(Labels::empty, Key::finish);
        let group = self.one.keys.get(a).map_or_else(Labels::empty, |k| self.matching.grouping.labels(k));
        EvalError::data(format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: [{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
            labels(a),
            labels(b),
        ))
    }
}
