//! Function calls: arithmetic on vectors, labels, dates, sorting, presence.
//!
//! Range functions hand over to `select`, histograms to `histogram`.

use super::ast::{Date, Func, Over, Replace};
use super::eval::{Evaluator, Out};
use super::frame::{ABSENT, Frame, Grid, Key, present};
use super::functions::{date_part, max, min};
use super::number::format_short;
use super::select::Windows;
use super::value::EvalError;
use super::{histogram, sort};
use crate::labels::Labels;
use crate::store::Read;
use std::sync::Arc;

impl<R: Read> Evaluator<'_, R> {
    /// Calls `func` with evaluated arguments.
    pub(super) fn call(&mut self, func: &Func, args: Vec<Out>, grid: &Grid) -> Result<Out, EvalError> {
        let seconds = |ms: i64| ms as f64 / 1000.0;
        let mut args = args.into_iter();
        let first = args.next().unwrap_or(Out::Scalar(Vec::new()));
        let scalar = |v: f64| Ok(Out::Scalar(vec![v; grid.width]));
        let frame = match func {
            Func::Over(over) => self.call_over(*over, first, args, grid)?,
            Func::Map(f, _) => mapped(first, |v, _| f(v))?,
            Func::Date(part) => return self.call_date(*part, first, grid),
            Func::Absent(labels) => absent(labels, &first.frame(), grid.width),
            Func::AbsentOverTime(labels) => {
                let Out::Windows(windows) = &first else { return Ok(first) };
                let some = self.over(Over::Present, windows, [&[], &[]], grid).map_or_else(
                    // Two series that differ only by name are present all the same.
                    |error| {
                        if matches!(error, EvalError::Data(_)) {
                            self.present(windows, grid)
                        } else {
                            Err(error)
                        }
                    },
                    Ok,
                )?;
                absent(labels, &some, grid.width)
            }
            Func::Clamp => {
                let (low, high) = (args.next(), args.next());
                clamp(first, low.as_ref(), high.as_ref())?
            }
            Func::ClampMin => clamp(first, args.next().as_ref(), None)?,
            Func::ClampMax => clamp(first, None, args.next().as_ref())?,
            Func::Round => {
                let nearest = args.next();
                let nearest = nearest.as_ref().map_or(&[][..], Out::scalars);
                mapped(first, |v, i| {
                    let inverse = 1.0 / nearest.get(i).copied().unwrap_or(1.0);
                    (v * inverse + 0.5).floor() / inverse
                })?
            }
            Func::Scalar => return Ok(Out::Scalar(only(&first.frame(), grid.width))),
            Func::Vector => {
                let mut frame = Frame::constant(grid.width, 0.0);
                frame.values = first.scalars().to_vec();
                frame
            }
            Func::Time => {
                self.valid_until = self.valid_until.min(grid.start);
                return Ok(Out::Scalar((0..grid.width).map(|i| seconds(grid.at(i))).collect()));
            }
            Func::Timestamp => {
                self.valid_until = self.valid_until.min(grid.start);
                mapped(first, |_, i| seconds(grid.at(i)))?
            }
            Func::Pi => return scalar(std::f64::consts::PI),
            Func::Start => return Ok(self.call_query(seconds(self.query.start), grid)),
            Func::End => return Ok(self.call_query(seconds(self.end), grid)),
            Func::Range => return scalar(seconds(self.end.saturating_sub(self.query.start))),
            Func::Step => return scalar(seconds(self.query.step)),
            Func::MinOf | Func::MaxOf => {
                let second = args.next().unwrap_or(Out::Scalar(Vec::new()));
                let pick = if matches!(func, Func::MinOf) { min } else { max };
                let pairs = first.scalars().iter().zip(second.scalars());
                return Ok(Out::Scalar(pairs.map(|(a, b)| pick(*a, *b)).collect()));
            }
            Func::Sort { descending } => {
                let frame = first.frame();
                if grid.width > 1 { frame } else { sort::by_value(&frame, *descending) }
            }
            Func::SortByLabel { descending } => {
                let frame = first.frame();
                let labels: Vec<Box<str>> = args.map(|a| a.text().into()).collect();
                if grid.width > 1 { frame } else { sort::by_label(&frame, &labels, *descending) }
            }
            Func::LabelReplace(replace) => label_replace(replace, first.frame())?,
            Func::LabelJoin => {
                let texts: Vec<Box<str>> = args.map(|a| a.text().into()).collect();
                label_join(&texts, first.frame())?
            }
            Func::HistogramQuantile => {
                let vector = args.next().unwrap_or(Out::Scalar(Vec::new())).frame();
                histogram::quantile(first.scalars(), &vector, self.options.compat, &mut self.notes)
            }
            Func::HistogramFraction => {
                let upper = args.next().unwrap_or(Out::Scalar(Vec::new()));
                let vector = args.next().unwrap_or(Out::Scalar(Vec::new())).frame();
                histogram::fraction(first.scalars(), upper.scalars(), &vector, &mut self.notes)
            }
        };
        Ok(Out::Vector(Arc::new(frame)))
    }

    fn call_query(&mut self, v: f64, grid: &Grid) -> Out {
        self.valid_until = self.valid_until.min(grid.start);
        Out::Scalar(vec![v; grid.width])
    }

    /// Range functions, with their scalar arguments in whatever order they are typed.
    fn call_over(
        &mut self,
        over: Over,
        first: Out,
        mut args: impl Iterator<Item = Out>,
        grid: &Grid,
    ) -> Result<Frame, EvalError> {
        let (windows, a, b) = match (first, args.next(), args.next()) {
            (Out::Windows(windows), a, b) => (windows, a, b),
            (scalar, Some(Out::Windows(windows)), _) => (windows, Some(scalar), None),
            _ => return Ok(Frame::new(grid.width)),
        };
        let a = a.as_ref().map_or(&[][..], Out::scalars);
        let b = b.as_ref().map_or(&[][..], Out::scalars);
        let frame = self.over(over, &windows, [a, b], grid)?;
        if over == Over::Smooth && frame.len() > 0 {
            for (what, factors) in [("smoothing", a), ("trend", b)] {
                if let Some(wrong) = factors.iter().find(|v| !(**v > 0.0 && **v < 1.0)) {
                    return Err(EvalError::data(format!(
                        "invalid {what} factor. Expected: 0 < {}f < 1, got: {wrong:.6}",
                        if what == "smoothing" { 's' } else { 't' }
                    )));
                }
            }
        }
        if over == Over::Quantile && frame.len() > 0 {
            for wrong in a.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
                self.notes.warn(|| {
                    format!("quantile value should be between 0 and 1, got {}", format_short(*wrong))
                });
            }
        }
        Ok(frame)
    }

    /// At which moments any window has samples, without a look at labels.
    fn present(&mut self, windows: &Windows, grid: &Grid) -> Result<Frame, EvalError> {
        let mut row = vec![ABSENT; grid.width];
        let spans: Vec<(i64, i64)> = (0..grid.width)
            .map(|i| self.moment(&windows.time, grid.at(i)))
            .map(|to| (self.left(to.saturating_sub(windows.range)), to))
            .collect();
        self.each_series(windows, grid, |_, _, samples| {
            for (cell, (from, to)) in row.iter_mut().zip(&spans) {
                let start = samples.partition_point(|s| s.0.millis() < *from);
                if samples.get(start).is_some_and(|s| s.0.millis() <= *to) {
                    *cell = 1.0;
                }
            }
            Ok(())
        })?;
        let mut frame = Frame::new(grid.width);
        frame.push(Key::new(Labels::empty()), &row);
        Ok(frame)
    }

    fn call_date(&mut self, part: Date, first: Out, grid: &Grid) -> Result<Out, EvalError> {
        let frame = if let Out::Vector(_) = first {
            mapped(first, |v, _| date_part(part, v))?
        } else {
            self.valid_until = self.valid_until.min(grid.start);
            let mut frame = Frame::constant(grid.width, 0.0);
            frame.map(|_, i| date_part(part, grid.at(i).div_euclid(1000) as f64));
            frame
        };
        Ok(Out::Vector(Arc::new(frame)))
    }
}

/// Applies `f` to each sample and takes the names off.
fn mapped(out: Out, f: impl Fn(f64, usize) -> f64) -> Result<Frame, EvalError> {
    let mut frame = out.frame();
    frame.map(f);
    frame.drop_names()?;
    Ok(frame)
}

fn clamp(first: Out, low: Option<&Out>, high: Option<&Out>) -> Result<Frame, EvalError> {
    let low = low.map(Out::scalars);
    let high = high.map(Out::scalars);
    let at = |bound: Option<&[f64]>, i: usize, none: f64| {
        bound.map_or(none, |b| b.get(i).copied().unwrap_or(none))
    };
    let mut frame = mapped(first, |v, i| {
        let (low, high) = (at(low, i, f64::NEG_INFINITY), at(high, i, f64::INFINITY));
        if high < low { ABSENT } else { max(low, min(high, v)) }
    })?;
    frame.prune();
    Ok(frame)
}

fn absent(labels: &Labels, frame: &Frame, width: usize) -> Frame {
    let mut row = vec![1.0; width];
    for (_, values) in frame.rows() {
        for (cell, v) in row.iter_mut().zip(values) {
            if present(*v) {
                *cell = ABSENT;
            }
        }
    }
    let mut out = Frame::new(width);
    out.push(Key::new(labels.clone()), &row);
    out
}

/// The only sample of each moment, or not-a-number.
fn only(frame: &Frame, width: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; width];
    let mut count = vec![0_u32; width];
    for (_, row) in frame.rows() {
        for ((cell, count), v) in out.iter_mut().zip(&mut count).zip(row).filter(|(_, v)| present(**v)) {
            *count += 1;
            *cell = if *count == 1 { *v } else { f64::NAN };
        }
    }
    out
}

fn label_replace(replace: &Replace, mut frame: Frame) -> Result<Frame, EvalError> {
    for key in &mut frame.keys {
        let source = key.get(&replace.source).unwrap_or("");
        let Some(captures) = replace.regex.captures(source) else { continue };
        let value = expand(&replace.template, &captures);
        *key = Key::new(key.finish().with(&replace.target, &value));
    }
    frame.check_unique()?;
    Ok(frame)
}

/// Fills `$1` and `${name}` as Go's `Regexp.Expand` does: the longest name counts, an unknown one is empty.
fn expand(template: &str, captures: &regex::Captures<'_>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
            continue;
        }
        let braced = after.strip_prefix('{');
        let body = braced.unwrap_or(after);
        let end = body.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(body.len());
        let (name, mut tail) = body.split_at(end);
        let mut valid = !name.is_empty();
        if braced.is_some() {
            match tail.strip_prefix('}') {
                Some(t) => tail = t,
                None => valid = false,
            }
        }
        if !valid {
            // Not a name: the dollar stands for itself.
            out.push('$');
            rest = after;
            continue;
        }
        let found = match name.parse::<usize>() {
            Ok(number) => captures.get(number),
            Err(_) => captures.name(name),
        };
        out.push_str(found.map_or("", |m| m.as_str()));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn label_join(texts: &[Box<str>], mut frame: Frame) -> Result<Frame, EvalError> {
    let [target, separator, sources @ ..] = texts else { return Ok(frame) };
    for key in &mut frame.keys {
        let parts: Vec<&str> = sources.iter().map(|s| key.get(s).unwrap_or("")).collect();
        let joined = parts.join(separator);
        *key = Key::new(key.finish().with(target, &joined));
    }
    frame.check_unique()?;
    Ok(frame)
}
