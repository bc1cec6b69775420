//! The figures of a service: expressions evaluated over the store, one service at a time.

use super::reports::judge_service;
use crate::answers;
use crate::config::DerivedKind;
use crate::labels::Labels;
use crate::model::chart::options;
use crate::model::desk::{Progress, Step};
use crate::model::rows::{BUCKETS, BreakerRow, QueueRow, Reading};
use crate::model::{Changed, Model};
use crate::plan::{DerivedPlan, Plan, ServicePlan, Signal};
use crate::promql::{self, Value};
use crate::store::Store;
use crate::target::{Breaker, BreakerState, Queue, is_stale};
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The shortest bucket of a course: shorter ones would repaint a sparkline at every poll.
const LEAST_BUCKET: Duration = Duration::from_secs(5);

/// Windows are open at the left: so much longer, they hold the first sample.
const JUST_BEFORE: Duration = Duration::from_millis(1);

/// One unit of work: one expression of the service that has waited longest; where no service waits, of a panel.
pub(super) fn work(model: &mut Model) {
    if model.desk.progress.is_none() {
        match model.work.pop_front() {
            Some(service) => begin(model, service),
            None if super::zoom::work(model) || super::latency::work(model) || super::flow::work(model) => {
                return;
            }
            None => return super::panels::work(model),
        }
    }
    let Some(mut progress) = model.desk.progress.take() else { return };
    if let Some(step) = progress.todo.pop_front() {
        evaluate(model, &mut progress, step);
    }
    if progress.todo.is_empty() && settled(&model.plan, &mut progress) {
        finish(model, &mut progress);
    } else {
        model.desk.progress = Some(progress);
    }
}

/// Lays out what is to be evaluated: the set in use; while none is, the first one that has data.
fn begin(model: &mut Model, service: usize) {
    let Some(plan) = model.plan.services.get(service) else { return };
    let at = model.now;
    if let Some(places) = model.desk.services.get_mut(service) {
        places.begun = Some(at);
    }
    let current = model.fleet.services.get(service).and_then(|row| row.signal_set);
    let rest = (0..plan.signals.len()).filter(|index| Some(*index) != current);
    // The oldest samples of any of its targets: what is older was not seen.
    let rows = plan.targets.iter().filter_map(|id| model.fleet.targets.get(id.0 as usize));
    let covered = rows.filter_map(|row| row.first).min().map(|first| at.since(first) + JUST_BEFORE);
    // A server has the whole window, however short we have been looking.
    let covered = covered.filter(|_| plan.backend.is_none());
    let mut progress = Progress {
        service,
        at,
        covered,
        todo: (0..plan.derived.len()).map(Step::Derived).collect(),
        set: current.unwrap_or(0),
        short: None,
        others: current.into_iter().chain(rest).collect(),
        results: NOTHING,
        failed: None,
    };
    next_set(plan, &mut progress);
    model.desk.progress = Some(progress);
}

/// No figure at all.
const NOTHING: [Figure; 3] = [Ok(None), Ok(None), Ok(None)];

/// Lays out the next set to try; false if there is none.
fn next_set(plan: &ServicePlan, progress: &mut Progress) -> bool {
    let Some(next) = progress.others.pop_front() else { return false };
    let Some(set) = plan.signals.get(next) else { return false };
    progress.set = next;
    progress.results = NOTHING;
    // Until the whole window has been seen, rates are taken over what has been.
    progress.short = progress
        .covered
        .filter(|covered| *covered < set.window)
        .map(|covered| set.over(covered, plan.interval));
    progress.todo.extend((0..3).map(Step::Signal));
    true
}

/// Evaluates one expression.
fn evaluate(model: &mut Model, progress: &mut Progress, step: Step) {
    let Some(places) = model.desk.services.get(progress.service) else { return };
    let place = match step {
        Step::Derived(index) => places.derived.get(index).copied(),
        Step::Signal(index) => {
            places.sets.get(progress.set).and_then(|set| set.get(index)).copied().flatten()
        }
    };
    let Some(place) = place else { return };
    let short = match (step, &progress.short) {
        (Step::Signal(index), Some(short)) => short.get(index).and_then(Option::as_ref),
        _ => None,
    };
    // A window that grows with each poll is another expression each time: nothing of it could be shared.
    let alone = short.map(|expr| promql::eval(&model.store, expr, progress.at, &options()));
    let result = match &alone {
        Some(result) => Some(result),
        None => model.desk.batch.eval_one(place, &model.store, progress.at, &options()),
    };
    if let (Step::Signal(index), Some(result)) = (step, result)
        && let Some(slot) = progress.results.get_mut(index)
    {
        *slot = result.as_ref().map_err(ToString::to_string).and_then(|answer| figure(&answer.value));
    }
}

/// Is there nothing left to try? Else the next set is laid out.
fn settled(plan: &Plan, progress: &mut Progress) -> bool {
    if progress.results.iter().any(|result| matches!(result, Ok(Some(_)))) {
        return true;
    }
    if progress.results.iter().any(Result::is_err) && progress.failed.is_none() {
        progress.failed = Some(progress.results.clone());
    }
    !plan.services.get(progress.service).is_some_and(|plan| next_set(plan, progress))
}

/// Brings the service's row up to date with what was evaluated.
fn finish(model: &mut Model, progress: &mut Progress) {
    let service = progress.service;
    let whole = Arc::clone(&model.plan);
    let Some(plan) = whole.services.get(service) else { return };
    // What a server answered has the moment of its answer: it grows old while the server is silent.
    let told = plan.backend.and_then(|_| told(model, plan, progress.set));
    let at = told.unwrap_or(progress.at);
    let bucket = plan.interval.max(LEAST_BUCKET);
    let mut results = std::mem::replace(&mut progress.results, NOTHING);
    let has_data = results.iter().any(|result| matches!(result, Ok(Some(_))));
    if let Some(failed) = progress.failed.take().filter(|_| !has_data) {
        // Without data anywhere the errors of the first set are what there is to say.
        results = failed;
    }
    if plan.backend.is_some() {
        backfill(model, plan, progress.set, at, bucket);
        refused(model, plan, progress.set, &mut results);
    }
    for (signal, result) in Signal::ALL.into_iter().zip(&results) {
        if let Ok(Some(value)) = result {
            let labels = Labels::metric(signal.series(), [("service", &*plan.name)]);
            model.store.append(&labels, at, *value);
        }
    }
    let places = model.desk.services.get(service).map_or(&[][..], |places| &places.derived);
    let answers: Vec<Option<Value>> = places
        .iter()
        .map(|place| model.desk.batch.last(*place)?.as_ref().ok().map(|answer| answer.value.clone()))
        .collect();
    let mut derived = derive(&mut model.store, &plan.name, &plan.derived, answers, at);
    let before = model.fleet.services.get(service).map(|row| &row.readings);
    // Up to which bucket the courses of queues were read: they are read together with those of the figures.
    let read_to = before
        .and_then(|readings| readings.first())
        .filter(|known| known.bucket == bucket)
        .map(|known| known.last_bucket);
    let readings: Vec<Reading> = Signal::ALL
        .into_iter()
        .zip(results)
        .enumerate()
        .map(|(index, (signal, result))| {
            let known =
                before.and_then(|readings| readings.get(index)).filter(|known| known.bucket == bucket);
            let labels = Labels::metric(signal.series(), [("service", &*plan.name)]);
            let (value, error) = match result {
                Ok(value) => (value, None),
                Err(error) => (None, Some(error)),
            };
            Reading {
                value,
                at: value.map(|_| at),
                error,
                course: known.map_or_else(
                    || course(&model.store, &labels, at, bucket),
                    |known| course_after(&known.course, known.last_bucket, &model.store, &labels, at, bucket),
                ),
                last_bucket: last_bucket(at, bucket),
                bucket,
            }
        })
        .collect();
    let fleet = Arc::make_mut(&mut model.fleet);
    let Some(row) = fleet.services.get_mut(service) else { return };
    if has_data {
        row.signal_set = Some(progress.set);
    }
    for (slot, reading) in row.readings.iter_mut().zip(readings) {
        *slot = reading;
    }
    let is_derived = |origin: &str| plan.derived.iter().any(|derived| derived.name == origin);
    for queue in &mut derived.1 {
        let same = row.queues.iter_mut().find(|q| q.origin == queue.origin && q.seen.name == queue.seen.name);
        queue.course = same.map(|known| std::mem::take(&mut known.course)).unwrap_or_default();
    }
    row.breakers.retain(|breaker| !is_derived(&breaker.origin));
    row.queues.retain(|queue| !is_derived(&queue.origin));
    row.breakers.extend(derived.0);
    row.queues.extend(derived.1);
    for queue in &mut row.queues {
        queue.course = queue_course(&model.store, &plan.name, queue, read_to, at, bucket);
    }
    judge_service(model, service);
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
}

/// When a server last answered any expression of a signal set.
fn told(model: &Model, plan: &ServicePlan, set: usize) -> Option<Timestamp> {
    let exprs = plan.signals.get(set)?.exprs.iter().flatten();
    exprs.filter_map(|expr| super::remote::answered(model, expr)).max()
}

/// Why a server would not answer stands where the figure would.
fn refused(model: &Model, plan: &ServicePlan, set: usize, results: &mut [Figure; 3]) {
    let Some(set) = plan.signals.get(set) else { return };
    for (expr, result) in set.exprs.iter().zip(results) {
        let wrong = expr.as_ref().and_then(answers::key_of).and_then(|key| model.remote.wrong(&key).cloned());
        if let (Some(wrong), Ok(None)) = (wrong, &result) {
            *result = Err(wrong.to_string());
        }
    }
}

/// What a server knows of the time before we began to look goes into the course of a figure, once.
fn backfill(model: &mut Model, plan: &ServicePlan, set: usize, at: Timestamp, bucket: Duration) {
    let Some(set) = plan.signals.get(set) else { return };
    for (signal, expr) in Signal::ALL.into_iter().zip(&set.exprs) {
        let labels = Labels::metric(signal.series(), [("service", &*plan.name)]);
        let Some(expr) = expr.as_ref().filter(|expr| answers::key_of(expr).is_some()) else { continue };
        if model.store.get(&labels).is_some() {
            continue;
        }
        let start = at.floor_to(bucket) - bucket * (BUCKETS as u32 - 1);
        let range = promql::Range { start, end: at - JUST_BEFORE, step: bucket };
        // No further back than one step: what was not there is a gap.
        let options = promql::Options { lookback: bucket, ..options() };
        let Ok(answer) = promql::eval_range(&model.store, expr, range, &options) else { continue };
        let Value::Matrix(rows) = answer.value else { continue };
        let mut best: BTreeMap<Timestamp, f64> = BTreeMap::new();
        for (when, value) in rows.into_iter().flat_map(|row| row.points).filter(|(_, value)| !value.is_nan())
        {
            let slot = best.entry(when).or_insert(value);
            *slot = slot.max(value);
        }
        for (when, value) in best {
            model.store.append(&labels, when, value);
        }
    }
}

/// Number of the bucket that holds `at`, counted from the epoch.
fn last_bucket(at: Timestamp, bucket: Duration) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0) / u64::try_from(bucket.as_millis()).unwrap_or(1).max(1)
}

type Figure = Result<Option<f64>, String>;

/// One number: a scalar, or the only (else the largest) element of a vector. NaN is no number.
fn figure(value: &Value) -> Figure {
    let value = match value {
        Value::Scalar(value) => Some(*value),
        Value::Vector(points) => {
            points.iter().map(|point| point.value).filter(|v| !v.is_nan()).max_by(f64::total_cmp)
        }
        Value::String(_) | Value::Matrix(_) => {
            return Err("is neither a number nor an instant vector".to_owned());
        }
    };
    Ok(value.filter(|value| !value.is_nan()))
}

/// The course of a series: the newest value of each bucket, stale ones as gaps.
pub(super) fn course(store: &Store, labels: &Labels, at: Timestamp, bucket: Duration) -> Vec<Option<f64>> {
    let mut out = vec![None; BUCKETS];
    read_course(&mut out, BUCKETS, store, labels, at, bucket);
    out
}

/// The same, where the course up to the bucket `read_to` is known: only the buckets that have come or grown since are
/// read. What a poll brings has the moment when it was sent, which may lie in the bucket before.
fn course_after(
    known: &[Option<f64>],
    read_to: u64,
    store: &Store,
    labels: &Labels,
    at: Timestamp,
    bucket: Duration,
) -> Vec<Option<f64>> {
    let come = last_bucket(at, bucket).checked_sub(read_to).map(|come| come as usize);
    let Some(come) = come.filter(|come| *come < BUCKETS && known.len() == BUCKETS) else {
        return course(store, labels, at, bucket);
    };
    let mut out: Vec<Option<f64>> = known.iter().skip(come).copied().collect();
    out.resize(BUCKETS, None);
    read_course(&mut out, (come + 2).min(BUCKETS), store, labels, at, bucket);
    out
}

/// Fills in the newest `count` buckets of a course that ends at `at`.
fn read_course(
    out: &mut [Option<f64>],
    count: usize,
    store: &Store,
    labels: &Labels,
    at: Timestamp,
    bucket: Duration,
) {
    let Some(series) = store.get(labels) else { return };
    let last = last_bucket(at, bucket);
    let mut samples = Vec::new();
    let span = bucket * count.saturating_sub(1) as u32;
    series.range(at.floor_to(bucket) - span, at, &mut samples);
    for (when, value) in samples {
        let back = last.saturating_sub(last_bucket(when, bucket)) as usize;
        let place = out.len().checked_sub(1 + back);
        if let Some(slot) = place.and_then(|index| out.get_mut(index)) {
            *slot = (!is_stale(value) && value.is_finite()).then_some(value);
        }
    }
}

fn queue_course(
    store: &Store,
    service: &str,
    queue: &QueueRow,
    read_to: Option<u64>,
    at: Timestamp,
    bucket: Duration,
) -> Vec<Option<f64>> {
    let labels = Labels::metric(
        "warroom_queue_depth",
        [("service", service), ("instance", &*queue.origin), ("queue", queue.seen.name.as_str())],
    );
    match read_to {
        Some(read_to) => course_after(&queue.course, read_to, store, &labels, at, bucket),
        None => course(store, &labels, at, bucket),
    }
}

/// Breakers and queues that come from expressions: rows, and the series of the design's table.
fn derive(
    store: &mut Store,
    service: &str,
    plans: &[DerivedPlan],
    answers: Vec<Option<Value>>,
    at: Timestamp,
) -> (Vec<BreakerRow>, Vec<QueueRow>) {
    let (mut breakers, mut queues) = (Vec::new(), Vec::new());
    for (plan, answer) in plans.iter().zip(answers) {
        let Some(answer) = answer else { continue };
        let points: Vec<(Labels, f64)> = match answer {
            Value::Vector(points) => points.into_iter().map(|point| (point.labels, point.value)).collect(),
            Value::Scalar(value) => vec![(Labels::empty(), value)],
            Value::String(_) | Value::Matrix(_) => continue,
        };
        let origin: Arc<str> = plan.name.as_str().into();
        for (labels, value) in points {
            let name = derived_name(plan, &labels);
            let series = |metric: &str, label: &str| {
                Labels::metric(metric, [("service", service), ("instance", &*origin), (label, name.as_str())])
            };
            match &plan.kind {
                DerivedKind::Breakers(states) => {
                    let same = |known: f64| (known - value).abs() < 1e-9;
                    let state = if same(states.open) {
                        BreakerState::Open
                    } else if states.half_open.is_some_and(same) {
                        BreakerState::HalfOpen
                    } else if same(states.closed) {
                        BreakerState::Closed
                    } else {
                        continue; // a value that nobody named is unknown, and unknown is not closed
                    };
                    store.append(&series("warroom_breaker_state", "breaker"), at, state.value());
                    let seen = Breaker { name, state, failures: None, calls: None, success_ratio: None };
                    breakers.push(BreakerRow { seen, origin: Arc::clone(&origin), at });
                }
                DerivedKind::Queues => {
                    store.append(&series("warroom_queue_depth", "queue"), at, value);
                    let seen = Queue { name, depth: value, oldest_age_seconds: None, consumers: None };
                    queues.push(QueueRow { seen, origin: Arc::clone(&origin), at, course: Vec::new() });
                }
            }
        }
    }
    (breakers, queues)
}

/// The label that is configured; else the labels that tell the series apart; else the poll's name.
fn derived_name(plan: &DerivedPlan, labels: &Labels) -> Clean {
    if let Some(value) = plan.label.as_deref().and_then(|label| labels.get(label)) {
        return Clean::new(value);
    }
    let rest: Vec<&str> = labels
        .iter()
        .filter(|(name, _)| !matches!(*name, crate::labels::NAME | "job" | "instance"))
        .map(|(_, value)| value)
        .collect();
    if rest.is_empty() { Clean::new(&plan.name) } else { Clean::new(&rest.join(" ")) }
}
