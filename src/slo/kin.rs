//! What stands beside a counter: when it began, and whether its kin was there before it.
//!
//! What was found out is kept for a round, so that a round that is cut into pieces looks nothing up twice, and comes to
//! the same as one in one piece. It counts nothing.

use super::count::{BRIDGED_MS, Start};
use super::spec::created_name;
use crate::labels::{Labels, Matcher, NAME};
use crate::store::{Bounds, Cursor, Series, Store};
use crate::target::is_stale;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::time::Duration;

/// A start is believed for so long after it was told.
const TOLD: Duration = Duration::from_secs(300);
/// So far back a start that goes to and fro is looked for.
const TO_AND_FRO: Duration = Duration::from_secs(3600);
/// From so many questions on, the samples of a start are walked through beside those of the counter.
const FEW: u8 = 3;

/// What was found out of targets in one round.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    /// The series of a target's `process_start_time_seconds`, if there is exactly one.
    starts: FxHashMap<Labels, Option<Labels>>,
    /// Do several processes answer in turn, so that the start goes back and forth?
    zigzag: FxHashMap<Labels, bool>,
    /// The time of the oldest sample, and the series.
    families: FxHashMap<Labels, (i64, Vec<Labels>)>,
    /// When a family was last seen before a moment.
    births: FxHashMap<(Labels, i64), Option<i64>>,
}

/// A store, and what was found out of it.
pub(super) struct Kin<'s> {
    pub(super) store: &'s Store,
    pub(super) memo: &'s mut Memo,
}

/// `job` and `instance`.
fn target(labels: &Labels) -> Labels {
    Labels::from_pairs(labels.iter().filter(|(name, _)| matches!(*name, "job" | "instance")))
}

fn exactly(labels: &Labels, name: &str) -> Vec<Matcher> {
    let own = labels.iter().filter(|(name, _)| *name != NAME);
    let mut matchers = vec![Matcher::equal(NAME, name)];
    matchers.extend(own.map(|(name, value)| Matcher::equal(name, value)));
    matchers
}

/// What a series says at one moment after the other.
struct Walk<'s> {
    series: &'s Series,
    asked: u8,
    cursor: Option<Cursor<'s>>,
    now: Option<(Timestamp, f64)>,
    ahead: Option<(Timestamp, f64)>,
}

impl<'s> Walk<'s> {
    fn new(series: &'s Series) -> Self {
        Self { series, asked: 0, cursor: None, now: None, ahead: None }
    }

    /// A start that was told at `at`, or at most [`TOLD`] before. Moments only grow.
    fn at(&mut self, at: Timestamp) -> Option<f64> {
        if self.asked < FEW {
            self.asked += 1;
            return self.series.at(at, TOLD, Bounds::LeftClosed).and_then(sound);
        }
        let cursor = self.cursor.get_or_insert_with(|| {
            let mut cursor = self.series.cursor(at - TOLD);
            self.ahead = cursor.next();
            cursor
        });
        while let Some(sample) = self.ahead.filter(|sample| sample.0 <= at) {
            self.now = Some(sample);
            self.ahead = cursor.next();
        }
        self.now.filter(|(told, _)| *told >= at - TOLD).and_then(sound)
    }
}

fn sound((_, value): (Timestamp, f64)) -> Option<f64> {
    (value.is_finite() && value > 0.0).then_some(value)
}

/// Who tells when one counter began.
pub(super) struct Starts<'s> {
    created: Option<Walk<'s>>,
    /// Looked for once the counter itself does not say.
    process: OnceCell<Option<Walk<'s>>>,
}

impl<'s> Starts<'s> {
    /// When the counter had begun that was seen at `at`.
    pub(super) fn at(&mut self, kin: &mut Kin<'s>, labels: &Labels, at: i64) -> Start {
        let at = Timestamp::from_millis(at);
        if let Some(created) = self.created.as_mut().and_then(|walk| walk.at(at)) {
            return Start::Created(created);
        }
        self.process.get_or_init(|| kin.process(labels, at).map(Walk::new));
        let process = self.process.get_mut().and_then(Option::as_mut);
        process.and_then(|walk| walk.at(at)).map_or(Start::Unknown, Start::Process)
    }
}

impl<'s> Kin<'s> {
    /// Who tells when this counter began.
    pub(super) fn starts(&self, labels: &Labels) -> Starts<'s> {
        let own =
            labels.name().map(|name| labels.without(|name| name == "le").with(NAME, &created_name(name)));
        Starts { created: own.and_then(|own| self.store.get(&own)).map(Walk::new), process: OnceCell::new() }
    }

    /// The series that tells the start of the process, unless several processes answer in turn.
    fn process(&mut self, labels: &Labels, at: Timestamp) -> Option<&'s Series> {
        let (store, target) = (self.store, target(labels));
        let found = self.memo.starts.entry(target.clone()).or_insert_with_key(|target| {
            let found = store.select(&exactly(target, "process_start_time_seconds"));
            if let [only] = found[..] { Some(only.labels().clone()) } else { None }
        });
        let series = store.get(found.as_ref()?)?;
        let zigzag = *self.memo.zigzag.entry(target).or_insert_with(|| {
            let mut samples = Vec::new();
            let newest = series.last().map_or(at, |(newest, _)| newest.max(at));
            series.range(at - TO_AND_FRO, newest, &mut samples);
            samples.windows(2).any(|pair| matches!(pair, [a, b] if b.1 < a.1 - super::count::SAME_START))
        });
        (!zigzag).then_some(series)
    }

    /// Since when a series that is first seen at `at` has counted from zero, if that is certain.
    pub(super) fn born(&mut self, labels: &Labels, at: i64, start: Start) -> Option<i64> {
        let (store, name) = (self.store, labels.name()?);
        let family = target(labels).with(NAME, name);
        let (earliest, kin) = self.memo.families.entry(family.clone()).or_insert_with_key(|family| {
            let kin = store.select(&exactly(family, name));
            let earliest = kin.iter().filter_map(|series| series.oldest()).map(Timestamp::millis).min();
            (earliest.unwrap_or(i64::MAX), kin.iter().map(|series| series.labels().clone()).collect())
        });
        let earliest = *earliest;
        if earliest >= at {
            return None;
        }
        if let Some(seconds) = start.seconds() {
            let started = (seconds * 1000.0) as i64;
            if (earliest..at).contains(&started) {
                return Some(started);
            }
        }
        // All of a family that are born at one moment were born after the same last look.
        *self.memo.births.entry((family, at)).or_insert_with(|| {
            let before = Timestamp::from_millis(at - 1);
            let bridged = Duration::from_millis(BRIDGED_MS as u64);
            kin.iter()
                .filter_map(|labels| store.get(labels)?.at(before, bridged, Bounds::LeftClosed))
                .filter(|(_, value)| !is_stale(*value))
                .map(|(at, _)| at.millis())
                .max()
        })
    }
}
