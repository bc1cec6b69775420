//! Reading series: instant vectors, and windows for range functions.
//!
//! Each selector asks the store once; its windows move over samples that were decoded once a series.

use super::ast::{At, Over, Selector, Time};
use super::eval::Evaluator;
use super::frame::{ABSENT, Frame, Grid, Key, present};
use super::value::{Compat, EvalError, Point, Row, Value};
use super::window::{self, Sample};
use crate::store::{Bounds, Read, Series};
use crate::target::is_stale;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Where the windows of a range function come from.
pub(super) enum Source {
    /// Straight from the store.
    Store(Arc<Selector>),
    /// From the frame of a subquery and the moments of that frame.
    Frame(Frame, Grid),
}

/// Windows over series: a source, the length of a window and when it is looked at.
pub(super) struct Windows {
    pub(super) source: Source,
    pub(super) range: i64,
    pub(super) time: Time,
}

impl<'a, R: Read> Evaluator<'a, R> {
    /// The moment at which a selector looks, seen from moment `at` of the evaluation.
    pub(super) fn moment(&self, time: &Time, at: i64) -> i64 {
        let base = match time.at {
            None => at,
            Some(At::Start) => self.query.start,
            Some(At::End) => self.end,
            Some(At::Millis(ms)) => ms,
        };
        base.saturating_sub(time.offset_ms)
    }

    fn bounds(&self) -> Bounds {
        match self.options.compat {
            Compat::V3 => Bounds::LeftOpen,
            Compat::V2_42 => Bounds::LeftClosed,
        }
    }

    /// The first moment that belongs to a window that begins at `from`.
    pub(super) fn left(&self, from: i64) -> i64 {
        match self.options.compat {
            Compat::V3 => from.saturating_add(1),
            Compat::V2_42 => from,
        }
    }

    /// An instant vector; with `times`, the moments of the samples instead of their values.
    pub(super) fn select(
        &mut self,
        selector: &Selector,
        grid: &Grid,
        times: bool,
    ) -> Result<Frame, EvalError> {
        let series = self.series(selector)?;
        self.check_cells(series.len(), grid.width)?;
        let lookback = self.options.lookback;
        let bounds = self.bounds();
        let pick = |(at, v): (Timestamp, f64)| {
            if is_stale(v) {
                ABSENT
            } else if times {
                at.seconds()
            } else {
                v
            }
        };
        let mut frame = Frame::with_capacity(grid.width, series.len());
        if grid.width == 1 || selector.time.at.is_some() {
            let at = self.moment(&selector.time, grid.start);
            for one in &series {
                self.touch(1)?;
                if let Some(sample) = one.at(Timestamp::from_millis(at), lookback, bounds) {
                    self.expires(one, sample, selector, at);
                    let v = pick(sample);
                    if present(v) {
                        frame.keys.push(Key::new(one.labels().clone()));
                        frame.values.extend(std::iter::repeat_n(v, grid.width));
                    }
                }
            }
            return Ok(frame);
        }
        let lookback = i64::try_from(lookback.as_millis()).unwrap_or(i64::MAX);
        let from = self.left(self.moment(&selector.time, grid.start).saturating_sub(lookback));
        let to = self.moment(&selector.time, grid.end());
        let mut samples: Vec<Sample> = Vec::new();
        let mut row = vec![ABSENT; grid.width];
        for one in series {
            samples.clear();
            one.range(Timestamp::from_millis(from), Timestamp::from_millis(to), &mut samples);
            self.touch(samples.len())?;
            let mut next = 0;
            for (i, cell) in row.iter_mut().enumerate() {
                let t = self.moment(&selector.time, grid.at(i));
                while samples.get(next).is_some_and(|s| s.0.millis() <= t) {
                    next += 1;
                }
                let oldest = self.left(t.saturating_sub(lookback));
                let newest = next.checked_sub(1).and_then(|n| samples.get(n));
                *cell = newest.filter(|s| s.0.millis() >= oldest).map_or(ABSENT, |s| pick(*s));
            }
            frame.push(Key::new(one.labels().clone()), &row);
        }
        Ok(frame)
    }

    /// The series that a selector finds, within the limit.
    fn series(&self, selector: &Selector) -> Result<Vec<&'a Series>, EvalError> {
        let store: &'a R = self.store;
        let found = store.select(&selector.matchers);
        self.check_series(found.len())?;
        Ok(found)
    }

    /// Applies a range function; scalar parameters come as one value a moment.
    pub(super) fn over(
        &mut self,
        over: Over,
        windows: &Windows,
        params: [&[f64]; 2],
        grid: &Grid,
    ) -> Result<Frame, EvalError> {
        let mut out = Frame::new(grid.width);
        let mut row = vec![ABSENT; grid.width];
        let mut scratch = Vec::new();
        let compat = self.options.compat;
        let mut spans: Vec<(i64, i64)> = Vec::with_capacity(grid.width);
        for i in 0..grid.width {
            let to = self.moment(&windows.time, grid.at(i));
            spans.push((to.saturating_sub(windows.range), to));
        }
        let rate = matches!(over, Over::Rate | Over::Increase);
        let closed = compat == Compat::V2_42;
        self.each_series(windows, grid, |this, key, samples| {
            let (mut low, mut high, mut any) = (0, 0, false);
            for (i, (cell, (from, to))) in row.iter_mut().zip(&spans).enumerate() {
                // A window may hold a day of seconds.
                this.check_stop()?;
                let left = if closed { *from } else { from.saturating_add(1) };
                while samples.get(high).is_some_and(|s| s.0.millis() <= *to) {
                    high += 1;
                }
                while samples.get(low).is_some_and(|s| s.0.millis() < left) {
                    low += 1;
                }
                let window = samples.get(low..high).unwrap_or(&[]);
                let param = |n: usize| params.get(n).and_then(|p| p.get(i)).copied().unwrap_or(0.0);
                let about = window::Frame {
                    from: *from,
                    to: *to,
                    at: grid.at(i),
                    params: [param(0), param(1)],
                    compat,
                };
                let value =
                    if window.is_empty() { None } else { window::value(over, window, &about, &mut scratch) };
                any |= !window.is_empty();
                *cell = value.unwrap_or(ABSENT);
            }
            if any {
                if rate {
                    this.suspect_counter(&key);
                }
                out.push(key, &row);
            }
            Ok(())
        })?;
        if over.keeps_name() {
            // A subquery may have lost the name already, in one row of two; nothing changes here.
            return Ok(out);
        }
        out.drop_names()?;
        Ok(out)
    }

    /// Prometheus 3 remarks where a rate is taken of what does not look like a counter.
    fn suspect_counter(&mut self, key: &Key) {
        const ENDS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];
        let Some(name) = key.get(crate::labels::NAME) else { return };
        if self.options.compat == Compat::V3 && !ENDS.iter().any(|end| name.ends_with(end)) {
            self.notes.info(|| {
                format!(
                    "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                    super::print::quote(name)
                )
            });
        }
    }

    /// Calls `f` with the samples of each series that some window of the grid can see, stale markers left out.
    pub(super) fn each_series(
        &mut self,
        windows: &Windows,
        grid: &Grid,
        mut f: impl FnMut(&mut Self, Key, &[Sample]) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let first = self.moment(&windows.time, grid.start);
        let last = self.moment(&windows.time, grid.end());
        let from = self.left(first.saturating_sub(windows.range));
        let mut samples: Vec<Sample> = Vec::new();
        match &windows.source {
            Source::Store(selector) => {
                let store = self.store;
                let series = store.select(&selector.matchers);
                self.check_series(series.len())?;
                self.check_cells(series.len(), grid.width)?;
                for one in series {
                    samples.clear();
                    one.range(Timestamp::from_millis(from), Timestamp::from_millis(last), &mut samples);
                    self.touch(samples.len())?;
                    if samples.iter().any(|s| is_stale(s.1)) {
                        samples.retain(|s| !is_stale(s.1));
                    }
                    if !samples.is_empty() {
                        f(self, Key::new(one.labels().clone()), &samples)?;
                    }
                }
            }
            Source::Frame(frame, inner) => {
                for (key, row) in frame.rows() {
                    samples.clear();
                    let moments = row.iter().enumerate().filter(|(_, v)| present(**v));
                    samples.extend(
                        moments
                            .map(|(i, v)| (Timestamp::from_millis(inner.at(i)), *v))
                            .filter(|s| s.0.millis() >= from && s.0.millis() <= last),
                    );
                    if !samples.is_empty() {
                        f(self, key.clone(), &samples)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The samples themselves: the value of an expression like `up[5m]`, at one moment.
    pub(super) fn raw(&mut self, windows: &Windows, grid: &Grid) -> Result<Value, EvalError> {
        let mut rows: Vec<Row> = Vec::new();
        self.each_series(windows, grid, |_, key, samples| {
            rows.push(Row { labels: key.finish(), points: samples.to_vec() });
            Ok(())
        })?;
        rows.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(Value::Matrix(rows))
    }

    /// Until when an answer that rests on this sample stays the same, as long as nothing new comes.
    fn expires(&mut self, series: &Series, sample: Sample, selector: &Selector, at: i64) {
        let lookback = i64::try_from(self.options.lookback.as_millis()).unwrap_or(i64::MAX);
        let newest = series.last().is_some_and(|last| last.0 == sample.0);
        let until = if newest && selector.time == Time::default() {
            sample.0.millis().saturating_add(lookback).saturating_sub(1)
        } else {
            at
        };
        self.valid_until = self.valid_until.min(until);
    }
}

/// A frame at one moment as the points of an instant vector.
pub(super) fn points(frame: &Frame, at: i64) -> Vec<Point> {
    frame
        .rows()
        .filter_map(|(key, row)| {
            let value = *row.first()?;
            present(value).then(|| Point { labels: key.finish(), at: Timestamp::from_millis(at), value })
        })
        .collect()
}

/// Milliseconds of a duration.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
