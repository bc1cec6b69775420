//! The fleet as it stood: polls that were made are told once more, from what targets said and from their series.
//!
//! What goes through here is judged by the same code as what comes from the poller. What nobody knows any more stays
//! unknown. Nothing here evaluates an expression: that is work, done in units afterwards.

use super::reports;
use crate::config::poll::PollKind;
use crate::labels::{Labels, Matcher, NAME};
use crate::model::Model;
use crate::model::rows::Fleet;
use crate::model::told::Log;
use crate::model::ui::RowKey;
use crate::store::Store;
use crate::target::health::TargetHealth;
use crate::target::{
    Answer, Breaker, BreakerState, Component, Failure, Observation, Queue, Sample, ScrapeReport, Target,
    Told, Verdict, is_stale,
};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The most polls of a target that are told once more: enough for any flap control.
const MOST_POLLS: usize = 12;

/// The furthest back that polls matter for how a target stands.
const FURTHEST: Duration = Duration::from_secs(600);

/// How many exchanges a target's course of times has.
const TIMES: usize = 60;

/// The most components, breakers or queues that are read back of one target.
const MOST_PARTS: usize = 200;

/// Brings the fleet of the model to how it stood at `at`, whatever it shows now.
pub(super) fn stand(model: &mut Model, log: &Log, at: Timestamp) {
    let plan = Arc::clone(&model.plan);
    let before = std::mem::replace(&mut model.fleet, Arc::new(Fleet::of(&plan)));
    // Which of several sets of expressions has data changes rarely: the one that is known is tried first.
    for (row, known) in Arc::make_mut(&mut model.fleet).services.iter_mut().zip(&before.services) {
        row.signal_set = known.signal_set;
    }
    model.health = vec![TargetHealth::default(); plan.targets.len()];
    tell(model, log, None, at, true);
}

/// Goes on from how the fleet stood at `before` to how it stood at `at`.
pub(super) fn go_on(model: &mut Model, log: &Log, before: Timestamp, at: Timestamp) {
    tell(model, log, Some(before), at, true);
}

/// Tells a living model the polls that another warroom made in its place: all that matter, or those since `before`.
pub(super) fn fed(model: &mut Model, log: &Log, before: Option<Timestamp>, at: Timestamp) {
    model.time.log.states.clone_from(&log.states);
    tell(model, log, before, at, false);
}

/// Tells the polls behind `after` (none: as many as matter) up to `at`.
fn tell(model: &mut Model, log: &Log, after: Option<Timestamp>, at: Timestamp, past: bool) {
    let plan = Arc::clone(&model.plan);
    let mut polls: Vec<(usize, ScrapeReport)> = Vec::new();
    for (index, service) in plan.services.iter().enumerate() {
        let matters = (service.policy.stale_after + service.policy.warmup).min(FURTHEST);
        let from = after.unwrap_or_else(|| at - matters);
        // Of a living model only what others have polled is told: the rest was heard.
        for id in service.targets.iter().filter(|id| past || plan.feeds.of(**id).is_some()) {
            let Some(target) = plan.target(*id) else { continue };
            let told = polls_of(&model.store, log, target, plan.generation, from, at);
            polls.extend(told.into_iter().map(|report| (index, report)));
        }
    }
    polls.sort_by_key(|(_, report)| report.at);
    for (service, report) in polls {
        model.now = report.at;
        reports::take(model, service, report);
    }
    (model.now, model.heard) = (at, at);
    if past {
        model.time.log.states.clone_from(&log.states);
    }
    fill(model, log, at);
    if past || plan.feeds.whole().is_some() {
        super::remote::recall(model, at);
    }
    reports::refresh_states(model);
    for index in 0..plan.services.len() {
        reports::judge_service(model, index);
    }
    model.work = order(model);
    model.desk.progress = None;
    model.desk.batch.forget();
    model.unsettled = true;
}

/// What a row shows beside its last answer.
fn fill(model: &mut Model, log: &Log, at: Timestamp) {
    let store = &model.store;
    let fleet = Arc::make_mut(&mut model.fleet);
    for (index, row) in fleet.targets.iter_mut().enumerate() {
        let target = Arc::clone(&row.target);
        let (heard, times) = if is_scraped(&target) {
            (target.scraped("up"), target.scraped("scrape_duration_seconds"))
        } else {
            (target.probed("probe_success"), target.probed("probe_duration_seconds"))
        };
        let said = log.runs(index).next().map(|told| told.at);
        let series = store.get(&heard).and_then(crate::store::Series::oldest);
        row.first = said.into_iter().chain(series).min().filter(|first| *first <= at);
        let took = row.asked.and_then(|asked| value_at(store, &times, asked, Duration::from_millis(1)));
        row.took = took.and_then(|value| Duration::try_from_secs_f64(value).ok()).or(row.took);
        row.build = run_at(log, index, at).and_then(|told| told.build.clone());
        let mut samples = Vec::new();
        if let Some(series) = store.get(&times) {
            series.range(at - target.interval * (TIMES as u32 + 1), at, &mut samples);
        }
        let newest = samples.iter().rev().take(TIMES).rev();
        row.course = newest.map(|(_, value)| (!is_stale(*value)).then_some(*value)).collect();
        if let PollKind::Json { .. } = target.kind {
            row.numbers = numbers(store, &target, at);
        }
    }
}

/// The services in the order in which they are on the screen: what is seen is worked out first.
fn order(model: &Model) -> std::collections::VecDeque<usize> {
    let place = |name: &str| model.plan.services.iter().position(|service| *service.name == *name);
    let mut out = std::collections::VecDeque::new();
    let mut add = |index: Option<usize>| {
        if let Some(index) = index.filter(|index| !out.contains(index)) {
            out.push_back(index);
        }
    };
    if let crate::model::ui::Screen::Service(name) = &model.ui.screen {
        add(place(name));
    }
    let rows = model.ui.keys(&model.fleet);
    let (first, rest) = rows.split_at(rows.len().min(model.ui.overview.offset));
    for key in rest.iter().chain(first) {
        if let RowKey::Service(name) = key {
            add(place(name));
        }
    }
    for index in 0..model.plan.services.len() {
        add(Some(index));
    }
    out
}

fn is_scraped(target: &Target) -> bool {
    matches!(target.kind, PollKind::Metrics { .. })
}

/// The run that holds at `at`, or the last one before it.
fn run_at(log: &Log, target: usize, at: Timestamp) -> Option<&Told> {
    log.runs(target).rev().find(|told| told.at <= at)
}

/// The polls of a target in `(from, to]`, oldest first: as they were heard, or where that is forgotten, as the series tell.
pub(super) fn polls_of(
    store: &Store,
    log: &Log,
    target: &Arc<Target>,
    generation: u32,
    from: Timestamp,
    to: Timestamp,
) -> Vec<ScrapeReport> {
    let index = target.id.0 as usize;
    let known_from = log.runs(index).next().map(|told| told.at);
    let report = |at: Timestamp, took: Duration, outcome, observation| ScrapeReport {
        target: target.id,
        generation,
        at,
        took,
        outcome,
        samples: Vec::new(),
        observation,
        not_before: None,
        retry_after: None,
    };
    let mut out = Vec::new();
    if known_from.is_none_or(|known| known > from) {
        let to = known_from.map_or(to, |known| to.min(known - Duration::from_millis(1)));
        for (at, took, outcome, observation) in from_series(store, target, from, to) {
            out.push(report(at, took, outcome, observation));
        }
    }
    for told in log.runs(index).filter(|told| told.until > from && told.at <= to) {
        for at in times(told, target.interval, from, to) {
            let observation = told.observation.as_deref().cloned();
            out.push(report(at, told.took, told.outcome.clone(), observation));
        }
    }
    let skip = out.len().saturating_sub(MOST_POLLS);
    out.drain(..skip);
    if is_scraped(target) {
        // A young process is told by its own word.
        let born = target.scraped("process_start_time_seconds");
        for report in out.iter_mut().filter(|report| report.outcome.is_ok()) {
            let value = value_at(store, &born, report.at + target.timeout, target.interval * 2);
            let sample = |value| Sample { labels: born.clone(), at: report.at, value };
            report.samples.extend(value.map(sample));
        }
    }
    out
}

/// When a run was heard within `(from, to]`: its first and last moment are known, between them it was heard once an interval.
fn times(told: &Told, interval: Duration, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let step = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let last = told.until.min(to);
    let count = (last.millis() - told.at.millis()) / step;
    let mut out: Vec<Timestamp> = (0..MOST_POLLS as i64)
        .map_while(|back| (back <= count).then(|| count - back))
        .map(|nth| Timestamp::from_millis(told.at.millis() + nth * step))
        .take_while(|at| *at > from)
        .collect();
    out.reverse();
    if told.until <= to && told.until > from && out.last().is_none_or(|at| *at < told.until) {
        out.push(told.until);
    }
    out
}

type Heard = (Timestamp, Duration, Result<Answer, Failure>, Option<Observation>);

/// Polls as far as the series tell of them: whether there was an answer, how long it took, and the states within.
fn from_series(store: &Store, target: &Target, from: Timestamp, to: Timestamp) -> Vec<Heard> {
    let scraped = is_scraped(target);
    let (heard, times) = if scraped {
        (target.scraped("up"), target.scraped("scrape_duration_seconds"))
    } else {
        (target.probed("probe_success"), target.probed("probe_duration_seconds"))
    };
    let Some(series) = store.get(&heard) else { return Vec::new() };
    let mut samples = Vec::new();
    series.range(from + Duration::from_millis(1), to, &mut samples);
    samples.retain(|(_, value)| !is_stale(*value));
    let skip = samples.len().saturating_sub(MOST_POLLS);
    let exactly = |labels: &Labels, at: Timestamp| value_at(store, labels, at, Duration::from_millis(1));
    let code = target.probed("probe_http_status_code");
    let read = |(at, value): &(Timestamp, f64)| {
        let took = exactly(&times, *at).and_then(|value| Duration::try_from_secs_f64(value).ok());
        let status = if scraped { None } else { exactly(&code, *at) };
        let status = status.filter(|code| (100.0..1000.0).contains(code)).map(|code| code as u16);
        let seen = (!scraped).then(|| seen_at(store, target, *at));
        let outcome = match (*value >= 0.5, status) {
            (true, status) => Ok(Answer { status, ..Answer::default() }),
            (false, Some(status)) => Err(Failure::Status(status, Clean::default())),
            (false, None) => Err(Failure::Lost(Clean::new("how is not known any more"))),
        };
        (*at, took.unwrap_or_default(), outcome, seen)
    };
    samples.iter().skip(skip).map(read).collect()
}

/// The newest value of a series in `(at - within, at]`.
fn value_at(store: &Store, labels: &Labels, at: Timestamp, within: Duration) -> Option<f64> {
    let (_, value) = store.get(labels)?.at(at, within, crate::store::Bounds::LeftOpen)?;
    (!is_stale(value)).then_some(value)
}

/// What a target saw that is not a number, as far as its series tell.
fn seen_at(store: &Store, target: &Target, at: Timestamp) -> Observation {
    let within = target.interval * 2;
    let parts = |name: &str, label: &str| -> Vec<(Clean, f64)> {
        let matchers = [
            Matcher::equal(NAME, name),
            Matcher::equal("service", &target.service),
            Matcher::equal("instance", &target.instance),
        ];
        let newest = |series: &&crate::store::Series| {
            let (_, value) = series.at(at, within, crate::store::Bounds::LeftOpen)?;
            let named = series.labels().get(label)?;
            (!is_stale(value)).then(|| (Clean::new(named), value))
        };
        store.select(&matchers).iter().filter_map(newest).take(MOST_PARTS).collect()
    };
    let mut seen = Observation::default();
    if let PollKind::Health(_) = target.kind {
        let component = |(name, value): (Clean, f64)| Component {
            name,
            verdict: match value {
                value if value >= 0.75 => Verdict::Up,
                value if value >= 0.25 => Verdict::Degraded,
                value if value >= 0.0 => Verdict::Down,
                _ => Verdict::Unknown,
            },
            detail: Clean::default(),
        };
        seen.components = parts("warroom_component_up", "component").into_iter().map(component).collect();
        let worst = seen.components.iter().map(|part| part.verdict).max();
        // It said that it works; how well, only its components tell.
        seen.verdict = match worst {
            Some(Verdict::Down | Verdict::Degraded) => Verdict::Degraded,
            _ => Verdict::Up,
        };
    } else {
        let breaker = |(name, value): (Clean, f64)| {
            let state = BreakerState::from_value(value)?;
            Some(Breaker { name, state, failures: None, calls: None, success_ratio: None })
        };
        seen.breakers = parts("warroom_breaker_state", "breaker").into_iter().filter_map(breaker).collect();
        let queue =
            |(name, depth): (Clean, f64)| Queue { name, depth, oldest_age_seconds: None, consumers: None };
        seen.queues = parts("warroom_queue_depth", "queue").into_iter().map(queue).collect();
        seen.verdict = Verdict::Up;
    }
    seen
}

/// The numbers of a `json` poll.
fn numbers(store: &Store, target: &Target, at: Timestamp) -> Vec<(Labels, f64)> {
    let PollKind::Json { series, .. } = &target.kind else { return Vec::new() };
    let read = |name: &String| {
        let labels = target.labels.with(NAME, name);
        value_at(store, &labels, at, target.interval * 2).map(|value| (labels, value))
    };
    series.iter().map(|(name, _)| name).filter_map(read).collect()
}
