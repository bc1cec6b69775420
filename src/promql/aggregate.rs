//! Aggregations: `sum`, `topk`, `count_values` and the rest.
//!
//! The group of a row is found once; after that only numbers are touched.

use super::ast::Agg;
use super::eval::Out;
use super::frame::{ABSENT, Frame, Grouping, Groups, Key, Notes, present};
use super::number::{format_short, format_value};
use super::value::{Compat, EvalError};
use super::window::{Kahan, Mean, quantile};
use crate::labels::Labels;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// What is aggregated, and how.
pub(super) struct Job<'a> {
    pub(super) op: Agg,
    pub(super) grouping: Option<&'a Grouping>,
    pub(super) param: Option<&'a Out>,
    pub(super) compat: Compat,
    /// The most series that may come out.
    pub(super) limit: usize,
}

impl Job<'_> {
    fn param(&self, step: usize) -> f64 {
        self.param.and_then(|p| p.scalars().get(step)).copied().unwrap_or(f64::NAN)
    }
}

/// Aggregates the rows of `frame`.
pub(super) fn aggregate(job: &Job<'_>, frame: &Frame, notes: &mut Notes) -> Result<Frame, EvalError> {
    let all = Grouping::new::<&str>(true, []);
    let grouping = job.grouping.unwrap_or(&all);
    if job.op == Agg::CountValues {
        return count_values(job, grouping, frame);
    }
    check_params(job, frame, notes)?;
    let mut groups = Groups::new(grouping);
    let members: Vec<u32> = frame.keys.iter().map(|k| groups.of(k)).collect();
    match job.op {
        Agg::Topk | Agg::Bottomk | Agg::Limitk | Agg::LimitRatio => {
            Ok(pick(job, frame, &members, groups.len()))
        }
        _ => Ok(fold(job, frame, &members, &groups)),
    }
}

/// Parameters that are no parameters are errors, also where there is nothing to aggregate.
fn check_params(job: &Job<'_>, frame: &Frame, notes: &mut Notes) -> Result<(), EvalError> {
    let params = job.param.map_or(&[][..], |p| p.scalars());
    for (step, v) in params.iter().copied().enumerate() {
        let any = || frame.rows().any(|(_, row)| row.get(step).is_some_and(|v| present(*v)));
        match job.op {
            Agg::Topk | Agg::Bottomk | Agg::Limitk if v.is_nan() => {
                return Err(EvalError::data("Parameter value is NaN"));
            }
            Agg::Topk | Agg::Bottomk | Agg::Limitk if v <= i64::MIN as f64 => {
                return Err(EvalError::data(format!("Scalar value {} underflows int64", format_short(v))));
            }
            Agg::Topk | Agg::Bottomk | Agg::Limitk if v >= i64::MAX as f64 => {
                return Err(EvalError::data(format!("Scalar value {} overflows int64", format_short(v))));
            }
            Agg::LimitRatio if v.is_nan() => return Err(EvalError::data("Ratio value is NaN")),
            Agg::LimitRatio if v.abs() > 1.0 => notes.warn(|| {
                let capped = format_short(v.signum());
                let v = format_short(v);
                format!("ratio value should be between -1 and 1, got {v}, capping to {capped}")
            }),
            Agg::Quantile if !(0.0..=1.0).contains(&v) && any() => {
                notes.warn(|| format!("quantile value should be between 0 and 1, got {}", format_short(v)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// One number for each group and moment.
trait Fold: Clone + Default {
    fn add(&mut self, v: f64);
    fn value(&self) -> f64;
}

fn run<F: Fold>(frame: &Frame, members: &[u32], groups: &Groups<'_>) -> Frame {
    run_with(frame, members, groups, |f: &F| f.value())
}

fn run_with<F: Fold>(
    frame: &Frame,
    members: &[u32],
    groups: &Groups<'_>,
    value: impl Fn(&F) -> f64,
) -> Frame {
    let width = frame.width;
    let mut state: Vec<F> = vec![F::default(); groups.len() * width];
    let mut seen = vec![false; groups.len() * width];
    for (group, (_, row)) in members.iter().zip(frame.rows()) {
        let base = *group as usize * width;
        let cells = state.iter_mut().zip(&mut seen).skip(base);
        for ((cell, seen), v) in cells.zip(row) {
            if present(*v) {
                cell.add(*v);
                *seen = true;
            }
        }
    }
    let mut out = Frame::with_capacity(width, groups.len());
    let mut row = vec![ABSENT; width];
    for group in 0..groups.len() {
        let cells = state.iter().zip(&seen).skip(group * width);
        for (cell, (state, seen)) in row.iter_mut().zip(cells) {
            *cell = if *seen { value(state) } else { ABSENT };
        }
        out.push(Key::new(groups.labels(group)), &row);
    }
    out
}

#[derive(Clone, Default)]
struct Sum(Kahan);

impl Fold for Sum {
    fn add(&mut self, v: f64) {
        self.0.add(v);
    }
    fn value(&self) -> f64 {
        self.0.total()
    }
}

#[derive(Clone, Default)]
struct Avg(Mean);

impl Fold for Avg {
    fn add(&mut self, v: f64) {
        self.0.add(v);
    }
    fn value(&self) -> f64 {
        self.0.value()
    }
}

#[derive(Clone, Default)]
struct Count(u64);

impl Fold for Count {
    fn add(&mut self, _: f64) {
        self.0 += 1;
    }
    fn value(&self) -> f64 {
        self.0 as f64
    }
}

/// The best so far; a not-a-number gives way to anything.
#[derive(Clone)]
struct Best<const LARGEST: bool>(f64);

impl<const LARGEST: bool> Default for Best<LARGEST> {
    fn default() -> Self {
        Self(f64::NAN)
    }
}

impl<const LARGEST: bool> Fold for Best<LARGEST> {
    fn add(&mut self, v: f64) {
        let better = if LARGEST { v > self.0 } else { v < self.0 };
        if better || self.0.is_nan() {
            self.0 = v;
        }
    }
    fn value(&self) -> f64 {
        self.0
    }
}

/// Variance by Welford's method.
#[derive(Clone, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
    infinite: bool,
}

impl Fold for Spread {
    fn add(&mut self, v: f64) {
        self.count += 1.0;
        self.infinite |= !v.is_finite();
        if self.count == 1.0 {
            self.mean = v;
            return;
        }
        let delta = v - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (v - self.mean);
    }
    fn value(&self) -> f64 {
        self.squares / self.count
    }
}

impl Spread {
    /// Prometheus 3 gives not-a-number as soon as a value is not finite, 2.42 only from the second value on.
    fn variance(&self, compat: Compat) -> f64 {
        if self.infinite && compat == Compat::V3 { f64::NAN } else { self.value() }
    }
}

#[derive(Clone, Default)]
struct Values(Vec<f64>);

impl Fold for Values {
    fn add(&mut self, v: f64) {
        self.0.push(v);
    }
    fn value(&self) -> f64 {
        f64::NAN
    }
}

fn fold(job: &Job<'_>, frame: &Frame, members: &[u32], groups: &Groups<'_>) -> Frame {
    let compat = job.compat;
    match job.op {
        Agg::Sum => run::<Sum>(frame, members, groups),
        Agg::Avg => run::<Avg>(frame, members, groups),
        Agg::Count => run::<Count>(frame, members, groups),
        Agg::Group => run_with(frame, members, groups, |_: &Count| 1.0),
        Agg::Min => run::<Best<false>>(frame, members, groups),
        Agg::Max => run::<Best<true>>(frame, members, groups),
        Agg::Stdvar => run_with(frame, members, groups, |s: &Spread| s.variance(compat)),
        Agg::Stddev => run_with(frame, members, groups, |s: &Spread| s.variance(compat).sqrt()),
        _ => quantiles(job, frame, members, groups),
    }
}

fn quantiles(job: &Job<'_>, frame: &Frame, members: &[u32], groups: &Groups<'_>) -> Frame {
    let width = frame.width;
    let mut cells: Vec<Values> = vec![Values::default(); groups.len() * width];
    for (group, (_, row)) in members.iter().zip(frame.rows()) {
        for (cell, v) in cells.iter_mut().skip(*group as usize * width).zip(row).filter(|(_, v)| present(**v))
        {
            cell.add(*v);
        }
    }
    let mut out = Frame::with_capacity(width, groups.len());
    for (group, cells) in cells.chunks_mut(width.max(1)).enumerate() {
        let quantile = |(step, cell): (usize, &mut Values)| {
            if cell.0.is_empty() { ABSENT } else { quantile(job.param(step), &mut cell.0) }
        };
        let row: Vec<f64> = cells.iter_mut().enumerate().map(quantile).collect();
        out.push(Key::new(groups.labels(group)), &row);
    }
    out
}

/// `topk`, `bottomk`, `limitk`, `limit_ratio`: rows are kept as they are, or left out.
fn pick(job: &Job<'_>, frame: &Frame, members: &[u32], groups: usize) -> Frame {
    let width = frame.width;
    let mut kept = vec![ABSENT; frame.values.len()];
    let mut order: Vec<usize> = Vec::new();
    let mut lists: Vec<Vec<(usize, f64)>> = vec![Vec::new(); groups];
    for step in 0..width {
        lists.iter_mut().for_each(Vec::clear);
        for (row, group) in members.iter().enumerate() {
            let v = frame.values.get(row * width + step).copied().unwrap_or(ABSENT);
            if present(v)
                && let Some(list) = lists.get_mut(*group as usize)
            {
                list.push((row, v));
            }
        }
        let param = job.param(step);
        for list in &mut lists {
            choose(job.op, param, list, frame);
            for (row, v) in list.iter() {
                kept.get_mut(row * width + step).into_iter().for_each(|k| *k = *v);
                if width == 1 {
                    order.push(*row);
                }
            }
        }
    }
    let mut out = Frame::with_capacity(width, frame.len());
    let ordered: Vec<usize> = if width == 1 { order } else { (0..frame.len()).collect() };
    for row in ordered {
        if let (Some(key), Some(values)) = (frame.keys.get(row), kept.get(row * width..(row + 1) * width)) {
            out.push(key.clone(), values);
        }
    }
    out
}

/// Leaves in `list` what the aggregation takes, in its order.
fn choose(op: Agg, param: f64, list: &mut Vec<(usize, f64)>, frame: &Frame) {
    // A float cast saturates, which is what "more than there are" should mean.
    let k = param.max(0.0) as usize;
    match op {
        Agg::Topk => top(list, k, |a, b| b.total_cmp(&a)),
        Agg::Bottomk => top(list, k, |a, b| a.total_cmp(&b)),
        Agg::Limitk => list.truncate(k),
        _ => {
            let ratio = param.clamp(-1.0, 1.0);
            list.retain(|(row, _)| {
                let place = frame.keys.get(*row).map_or(0.0, |k| place(&k.finish()));
                if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
            });
        }
    }
}

fn top(list: &mut Vec<(usize, f64)>, k: usize, compare: impl Fn(f64, f64) -> Ordering) {
    // Zeros of both signs are one value, and not-a-number comes last, whatever its sign.
    let whole = |v: f64| if v == 0.0 { 0.0 } else { v };
    let order = |a: &(usize, f64), b: &(usize, f64)| {
        a.1.is_nan()
            .cmp(&b.1.is_nan())
            .then_with(|| if a.1.is_nan() { Ordering::Equal } else { compare(whole(a.1), whole(b.1)) })
            .then(a.0.cmp(&b.0))
    };
    if k == 0 {
        list.clear();
    } else if k < list.len() {
        list.select_nth_unstable_by(k - 1, order);
        list.truncate(k);
    }
    list.sort_unstable_by(order);
}

/// Where a label set lies between 0 and 1, evenly spread, for `limit_ratio`. Prometheus spreads by another hash: the
/// share of series is the same, the choice is not.
fn place(labels: &Labels) -> f64 {
    let mut x = labels.hash64().wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as f64 / u64::MAX as f64
}

/// `count_values`: how many series have which value; the value becomes a label.
fn count_values(job: &Job<'_>, grouping: &Grouping, frame: &Frame) -> Result<Frame, EvalError> {
    let label = job.param.map_or("", |p| p.text());
    let grouping = if grouping.by {
        Grouping::new(true, grouping.names.iter().map(|n| &**n).chain([label]))
    } else {
        grouping.clone()
    };
    let mut rows: FxHashMap<Labels, usize> = FxHashMap::default();
    let mut out: Vec<(Labels, Vec<f64>)> = Vec::new();
    for (key, row) in frame.rows() {
        let plain = key.finish();
        let mut last: Option<(u64, usize)> = None;
        for (step, v) in row.iter().enumerate().filter(|(_, v)| present(**v)) {
            let at = match last {
                Some((bits, at)) if bits == v.to_bits() => at,
                _ => {
                    let labels = grouping.labels(&Key::new(plain.with(label, &format_value(*v))));
                    *rows.entry(labels).or_insert_with_key(|labels| {
                        out.push((labels.clone(), vec![ABSENT; frame.width]));
                        out.len() - 1
                    })
                }
            };
            if out.len() > job.limit {
                return Err(EvalError::Limit { what: "series", limit: job.limit as u64 });
            }
            last = Some((v.to_bits(), at));
            if let Some(cell) = out.get_mut(at).and_then(|(_, row)| row.get_mut(step)) {
                *cell = if present(*cell) { *cell + 1.0 } else { 1.0 };
            }
        }
    }
    let mut result = Frame::with_capacity(frame.width, out.len());
    for (labels, row) in out {
        result.push(Key::new(labels), &row);
    }
    Ok(result)
}
