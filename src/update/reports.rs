//! Polls that came back: samples into the store, rows brought up to date, states judged.

use crate::config::poll::PollKind;
use crate::event::Effect;
use crate::model::judge::{self, Facts};
use crate::model::rows::{BreakerRow, ComponentRow, Fleet, QueueRow, TargetRow, breaker_rank};
use crate::model::versions::{self, Versions};
use crate::model::{Changed, Model};
use crate::target::health::State;
use crate::target::{Failure, Observation, Sample, ScrapeReport, TargetId, Verdict, is_stale};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How many exchanges a target's course of times has.
const TIMES: usize = 60;

pub(super) fn taken(model: &mut Model, reports: Vec<ScrapeReport>, effects: &mut Vec<Effect>) {
    let mut faults = Vec::new();
    let mut services = Vec::new();
    let mut judged = Vec::new();
    for report in reports {
        // A report of an older plan speaks of targets that may not exist any more; its samples are still true.
        append(model, &report.samples);
        if report.generation != model.plan.generation {
            continue;
        }
        if let Some(place) = model.plan.backend_of(report.target) {
            faults.extend(own_fault(model, &report));
            let (figures, states) = super::remote::taken(model, place, report);
            for service in figures {
                if !model.work.contains(&service) {
                    model.work.push_back(service);
                }
            }
            judged.extend(states);
            continue;
        }
        let Some(service) = model.plan.service_of(report.target) else { continue };
        if !services.contains(&service) {
            services.push(service);
        }
        let interval = model.plan.services.get(service).map_or(Duration::ZERO, |plan| plan.interval);
        let places = model.desk.services.get(service);
        if places.is_none_or(|places| places.are_due(&report, interval)) && !model.work.contains(&service) {
            model.work.push_back(service);
        }
        faults.extend(own_fault(model, &report));
        let index = report.target.0 as usize;
        take(model, service, report);
        if let Some(row) = model.fleet.targets.get(index) {
            model.time.log.hear(index, row);
        }
    }
    for service in judged {
        judge_service(model, service);
    }
    for service in services {
        judge_service(model, service);
    }
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
    warn(model, &faults, effects);
}

/// The most faults of this machine that are remembered as told.
const MOST_FAULTS: usize = 64;

/// A fault of this machine that keeps the target from being asked, if nobody was told of it yet. It may be told again
/// once a target that had it could be asked.
fn own_fault(model: &mut Model, report: &ScrapeReport) -> Option<Clean> {
    let row = model.fleet.targets.get(report.target.0 as usize)?;
    let text = |failure: &Failure| failure.is_ours().then(|| Clean::new(&failure.to_string()));
    let before = row.failure.as_ref().and_then(text);
    let now = report.outcome.as_ref().err().and_then(text);
    if before == now {
        return None;
    }
    if let Some(before) = before {
        model.own_faults.retain(|told| *told != before);
    }
    let now = now.filter(|now| !model.own_faults.contains(now))?;
    if model.own_faults.len() >= MOST_FAULTS {
        model.own_faults.remove(0);
    }
    model.own_faults.push(now.clone());
    Some(now)
}

/// Tells faults of this machine: each in a line of its own where there are lines, the first where there is one.
fn warn(model: &mut Model, faults: &[Clean], effects: &mut Vec<Effect>) {
    let Some(first) = faults.first() else { return };
    let more = match faults.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more: see the targets)"),
    };
    super::say(model, true, format!("{first}{more}"));
    effects.extend(faults.iter().cloned().map(Effect::Warn));
}

pub(super) fn ended(model: &mut Model, samples: &[Sample]) {
    append(model, samples);
}

fn append(model: &mut Model, samples: &[Sample]) {
    for sample in samples {
        model.store.append(&sample.labels, sample.at, sample.value);
    }
}

/// What one poll says of its target.
pub(super) fn take(model: &mut Model, service: usize, report: ScrapeReport) {
    let index = report.target.0 as usize;
    let Some(policy) = model.plan.services.get(service).map(|plan| plan.policy) else { return };
    let acted = model
        .plan
        .targets
        .get(index)
        .and_then(|target| model.restarted_at(&target.service, &target.instance, policy.warmup));
    let Some(health) = model.health.get_mut(index) else { return };
    let was_up = model.fleet.targets.get(index).is_some_and(|row| row.state == State::Up);
    let since = health.since().filter(|_| was_up);
    let well_for_long = since.is_some_and(|since| report.at.since(since) >= policy.warmup);
    health.observe(judge::heard(&report, model.link.is_some()), &policy, report.at);
    health.hold(report.not_before.filter(|_| report.retry_after.is_none()));
    let before = model.fleet.targets.get(index).and_then(|row| row.observation.as_ref());
    // Workers of which one never loads alternate: only what was well for a while can have been restarted.
    if well_for_long && unloaded(before, report.observation.as_ref()) {
        health.restarted(report.at);
    }
    if let Some(at) = acted {
        health.restarted(at);
    }
    if let Some(born) = young_process(&report, policy.warmup) {
        restarted(model, service, index, born);
    }
    let Some(health) = model.health.get(index) else { return };
    if let Some(change) = health.next_change(&policy, model.now) {
        model.runs_out = model.runs_out.min(change);
    }
    let (state, doubt) = (health.state(&policy, model.now), health.doubt(&policy));
    let Some(row) = Arc::make_mut(&mut model.fleet).targets.get_mut(index) else { return };
    row.state = state;
    row.doubt = doubt;
    row.asked = Some(report.at);
    row.took = Some(report.took);
    row.held_until = report.not_before;
    row.retry_after = report.retry_after;
    push_time(row, report.outcome.is_ok().then_some(report.took.as_secs_f64()));
    match report.outcome {
        Ok(answer) => {
            row.answered = Some(report.at);
            row.first = row.first.or_else(|| report.samples.iter().map(|sample| sample.at).min());
            row.answer = Some(answer);
            row.failure = None;
            row.observation = report.observation;
            row.build = versions::of_samples(row, &report.samples);
            if matches!(row.target.kind, PollKind::Json { .. }) {
                row.numbers = numbers(&report.samples);
            }
        }
        // What was seen last stays, with its age; the failure stands beside it.
        Err(failure) => row.failure = Some(failure),
    }
}

fn numbers(samples: &[Sample]) -> Vec<(crate::labels::Labels, f64)> {
    let own = |sample: &&Sample| {
        let name = sample.labels.name().unwrap_or("");
        !is_stale(sample.value) && !name.starts_with("probe_") && !name.starts_with("scrape_") && name != "up"
    };
    samples.iter().filter(own).map(|sample| (sample.labels.clone(), sample.value)).collect()
}

pub(super) fn push_time(row: &mut TargetRow, seconds: Option<f64>) {
    if row.course.len() >= TIMES {
        row.course.remove(0);
    }
    row.course.push(seconds);
}

/// A process of this target's host is young: whatever else is asked of that host is warming up with it, if it is not well.
fn restarted(model: &mut Model, service: usize, index: usize, born: Timestamp) {
    let Some(plan) = model.plan.services.get(service) else { return };
    let host = |index: usize| model.plan.targets.get(index).and_then(|target| target.url.host_str());
    let of_host = |id: &&TargetId| host(id.0 as usize) == host(index);
    for id in plan.targets.iter().filter(of_host) {
        if let Some(health) = model.health.get_mut(id.0 as usize) {
            health.restarted(born);
            if let Some(change) = health.next_change(&plan.policy, model.now) {
                model.runs_out = model.runs_out.min(change);
            }
        }
    }
}

/// Has something been unloaded that a process loads once? Then there is another process now, although no poll fell into the
/// time between the two.
fn unloaded(before: Option<&Observation>, now: Option<&Observation>) -> bool {
    let (Some(before), Some(now)) = (before, now) else { return false };
    let verdict = |seen: &Observation, name: &Clean| {
        seen.components.iter().find(|component| component.name == *name).map(|component| component.verdict)
    };
    now.components.iter().any(|component| {
        let name = component.name.as_str().to_ascii_lowercase();
        component.verdict == Verdict::Down
            && ONCE.iter().any(|end| name.ends_with(end))
            && verdict(before, &component.name) == Some(Verdict::Up)
    })
}

/// Ends of names of what a process does once, when it starts.
const ONCE: [&str; 4] = ["loaded", "initialized", "initialised", "warmed_up"];

/// When the process began, if that is no longer ago than a warm-up takes.
fn young_process(report: &ScrapeReport, warmup: Duration) -> Option<Timestamp> {
    let started = report.samples.iter().find(|sample| {
        sample.labels.name() == Some("process_start_time_seconds") && !is_stale(sample.value)
    })?;
    let born = Timestamp::from_seconds(started.value);
    (born <= report.at && report.at.since(born) < warmup).then_some(born)
}

/// States that run out by themselves: stale, warmed up.
pub(super) fn refresh_states(model: &mut Model) {
    let mut touched = Vec::new();
    model.runs_out = Timestamp::from_millis(i64::MAX);
    for index in 0..model.health.len() {
        let id = TargetId(index as u32);
        let backend = model.plan.backend_of(id);
        let service = model.plan.service_of(id);
        let policy = match (backend, service) {
            (Some(place), _) => model.plan.backends.get(place).map(|plan| plan.policy),
            (None, Some(service)) => model.plan.services.get(service).map(|plan| plan.policy),
            (None, None) => None,
        };
        let (Some(policy), Some(health)) = (policy, model.health.get(index)) else { continue };
        let state = health.state(&policy, model.now);
        if let Some(change) = health.next_change(&policy, model.now) {
            model.runs_out = model.runs_out.min(change);
        }
        let changed = model.fleet.targets.get(index).is_some_and(|row| row.state != state);
        if changed {
            if let Some(row) = Arc::make_mut(&mut model.fleet).targets.get_mut(index) {
                row.state = state;
            }
            let resting = model.plan.services.iter().enumerate().filter(|(index, plan)| {
                Some(*index) == service || backend.is_some() && plan.backend == backend
            });
            for (service, _) in resting {
                if !touched.contains(&service) {
                    touched.push(service);
                }
            }
        }
    }
    for service in touched {
        judge_service(model, service);
    }
    model.unsettled = true;
}

/// Brings one service's row up to date with its targets and figures.
pub(super) fn judge_service(model: &mut Model, service: usize) {
    let (Some(plan), Some(row)) = (model.plan.services.get(service), model.fleet.services.get(service))
    else {
        return;
    };
    let targets: Vec<&TargetRow> =
        plan.targets.iter().filter_map(|id| model.fleet.targets.get(id.0 as usize)).collect();
    let seen = Seen::of(&targets, row);
    let remote = super::remote::facts(model, plan);
    let told = remote.as_ref().and_then(|remote| remote.answered);
    let judged = judge::service(&Facts {
        targets: targets.clone(),
        remote: remote.as_ref(),
        breakers: &seen.breakers,
        queues: &seen.queues,
        readings: &row.readings,
        bands: &plan.bands,
        link_down: model.link.is_some(),
        now: model.now,
    });
    let said = Versions::of(targets.iter().copied()).said.pop();
    let version = said.map(|(_, version)| version).or_else(|| row.version.clone());
    let last_answer = targets.iter().filter_map(|row| row.answered).chain(told).max();
    let now = model.now;
    let past = model.is_past();
    if !past {
        model.time.log.stands(service, now, judged.state);
    }
    let known = model.time.log.since(service, now, judged.state).filter(|_| past);
    let fleet: &mut Fleet = Arc::make_mut(&mut model.fleet);
    let Some(row) = fleet.services.get_mut(service) else { return };
    if past {
        row.since = known; // what nobody knows any more is not now
    } else if row.state != judged.state || row.since.is_none() {
        row.since = Some(now);
    }
    row.state = judged.state;
    row.reasons = judged.reasons;
    row.instances = judged.instances;
    row.breakers = seen.breakers;
    row.queues = seen.queues;
    row.components = seen.components;
    row.version = version;
    row.last_answer = last_answer;
}

struct Seen {
    breakers: Vec<BreakerRow>,
    queues: Vec<QueueRow>,
    components: Vec<ComponentRow>,
}

impl Seen {
    /// What the targets saw last; what expressions derive is kept from the row.
    fn of(targets: &[&TargetRow], row: &crate::model::rows::ServiceRow) -> Self {
        let is_target = |origin: &str| targets.iter().any(|target| *target.target.instance == *origin);
        let mut breakers: Vec<BreakerRow> =
            row.breakers.iter().filter(|breaker| !is_target(&breaker.origin)).cloned().collect();
        let mut queues: Vec<QueueRow> =
            row.queues.iter().filter(|queue| !is_target(&queue.origin)).cloned().collect();
        let mut components = Vec::new();
        for target in targets {
            let (Some(seen), Some(at)) = (&target.observation, target.answered) else { continue };
            let origin = &target.target.instance;
            breakers.extend(seen.breakers.iter().map(|seen| BreakerRow {
                seen: seen.clone(),
                origin: Arc::clone(origin),
                at,
            }));
            queues.extend(seen.queues.iter().map(|seen| {
                let known = row.queues.iter().find(|q| q.seen.name == seen.name && q.origin == *origin);
                let course = known.map(|q| q.course.clone()).unwrap_or_default();
                QueueRow { seen: seen.clone(), origin: Arc::clone(origin), at, course }
            }));
            components.extend(seen.components.iter().map(|seen| ComponentRow {
                seen: seen.clone(),
                origin: Arc::clone(origin),
                at,
            }));
        }
        breakers.sort_by(|a, b| {
            (breaker_rank(a.seen.state), &a.seen.name).cmp(&(breaker_rank(b.seen.state), &b.seen.name))
        });
        queues.sort_by(|a, b| {
            b.seen.depth.total_cmp(&a.seen.depth).then_with(|| a.seen.name.cmp(&b.seen.name))
        });
        components.sort_by(|a, b| {
            (std::cmp::Reverse(a.seen.verdict), &a.seen.name)
                .cmp(&(std::cmp::Reverse(b.seen.verdict), &b.seen.name))
        });
        debug_assert!(Verdict::Down > Verdict::Degraded);
        Self { breakers, queues, components }
    }
}
