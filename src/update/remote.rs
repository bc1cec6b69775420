//! Answers of backends: rows of the targets, what they say beside numbers, and the services that rest on them.

use super::reports;
use crate::answers::{self, TOOK, UP};
use crate::labels::Labels;
use crate::model::explore::Stage;
use crate::model::judge::{self, RemoteFacts};
use crate::model::remote::{BackendState, Remote};
use crate::model::rows::TargetRow;
use crate::model::{Changed, Model};
use crate::plan::{BackendPlan, ServicePlan};
use crate::promql::{self, Options, Value};
use crate::rules::{Alert, AlertState, Engine, Origin, Owners, Standing};
use crate::target::health::Signal as Heard;
use crate::target::spoken::{ServerAlert, Spoken};
use crate::target::{Failure, ScrapeReport, Verdict, is_stale};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Takes in what a backend answered; gives the services whose figures may have changed, and those that are only to be
/// judged anew.
pub(super) fn taken(model: &mut Model, place: usize, report: ScrapeReport) -> (Vec<usize>, Vec<usize>) {
    let Some(plan) = model.plan.backends.get(place).cloned() else { return Default::default() };
    let index = report.target.0 as usize;
    if let Some(health) = model.health.get_mut(index) {
        health.observe(judge::heard(&report, model.link.is_some()), &plan.policy, report.at);
        health.hold(report.not_before.filter(|_| report.retry_after.is_none()));
        if let Some(change) = health.next_change(&plan.policy, model.now) {
            model.runs_out = model.runs_out.min(change);
        }
    }
    let told = report.observation.as_ref().and_then(|seen| seen.spoken.clone());
    if let Some(told) = &told {
        hear(model, place, &plan, told);
        redraw(model, &told.courses);
        for fill in &told.fills {
            model.slos.book.fill(fill);
        }
        for (key, why) in &told.wrong {
            model.slos.book.refused(key, &format!("backend {}: {why}", plan.name));
        }
    }
    let fresh = told.is_some_and(|told| told.answered > 0 || !told.wrong.is_empty());
    row(model, index, &plan, report);
    let resting =
        model.plan.services.iter().enumerate().filter(|(_, service)| service.backend == Some(place));
    let services: Vec<usize> = resting.map(|(index, _)| index).collect();
    model.changed = model.changed.max(Changed::Data);
    if fresh { (services.clone(), services) } else { (Vec::new(), services) }
}

/// The past of some questions has come: courses that were drawn without it are drawn anew.
fn redraw(model: &mut Model, courses: &[Arc<str>]) {
    if courses.is_empty() {
        return;
    }
    let filled =
        |expr: &promql::Expr| answers::key_of(expr).is_some_and(|key| courses.iter().any(|it| **it == *key));
    for panel in model.panels.all.iter_mut().filter(|panel| filled(&panel.plan.expr)) {
        let range = panel.chart.range;
        panel.chart.set_range(range);
    }
    let spreads = model.latencies.all.iter().filter_map(|latency| latency.spread.as_ref());
    if spreads.into_iter().any(|spread| filled(&spread.buckets)) {
        let range = model.latencies.range;
        model.latencies.set_range(range);
    }
    if let Some(chart) = model.explore.chart.as_mut().filter(|chart| filled(&chart.expr)) {
        let range = chart.range;
        chart.set_range(range);
        model.explore.stage = Stage::Values;
    }
}

/// The backend's row among the targets.
fn row(model: &mut Model, index: usize, plan: &BackendPlan, report: ScrapeReport) {
    let Some(health) = model.health.get(index) else { return };
    let (state, doubt) = (health.state(&plan.policy, model.now), health.doubt(&plan.policy));
    let Some(row) = Arc::make_mut(&mut model.fleet).targets.get_mut(index) else { return };
    row.state = state;
    row.doubt = doubt;
    row.asked = Some(report.at);
    row.took = Some(report.took);
    row.held_until = report.not_before;
    row.retry_after = report.retry_after;
    reports::push_time(row, report.outcome.is_ok().then_some(report.took.as_secs_f64()));
    match report.outcome {
        Ok(answer) => {
            row.answered = Some(report.at);
            row.answer = Some(answer);
            row.failure = None;
            let version = row.observation.take().and_then(|seen| seen.version);
            let mut seen = report.observation.unwrap_or_default();
            seen.version = seen.version.or(version);
            seen.spoken = None;
            row.observation = Some(seen);
        }
        Err(failure) => row.failure = Some(failure),
    }
}

/// What it says beside numbers.
fn hear(model: &mut Model, place: usize, plan: &BackendPlan, told: &Spoken) {
    let owners = &model.plan.rules.owners;
    let Some(state) = model.remote.backends.get_mut(place) else { return };
    if let Some(build) = &told.build {
        state.mismatch = build.contradicts(plan.flavour);
        state.build = Some(build.clone());
    }
    if told.answered > 0 {
        state.partial.clone_from(&told.partial);
        state.answered = (told.answered, told.recorded);
    }
    for (key, text) in &told.wrong {
        state.wrong.insert(Arc::clone(key), text.clone());
    }
    if told.answered > 0 {
        state.wrong.retain(|key, _| told.wrong.iter().any(|(wrong, _)| wrong == key));
    }
    if let Some(names) = &told.names {
        state.names = Arc::clone(names);
    }
    if let Some(rules) = &told.rules {
        let (before, at) = (std::mem::take(&mut state.alerts), model.now);
        if plan.alerts {
            state.alerts = rules.alerts.iter().map(|alert| standing(alert, plan, owners, at)).collect();
        }
        state.rules = Some(Arc::clone(rules));
        state.ruled = Some(at);
        let same = before.len() == state.alerts.len()
            && before
                .iter()
                .zip(&state.alerts)
                .all(|(old, new)| old.alert.labels == new.alert.labels && old.alert.state == new.alert.state);
        model.judging.fresh |= !same;
    }
}

/// An alert of a server as one of ours: whose it is and how grave is decided by our own tables.
fn standing(alert: &ServerAlert, plan: &BackendPlan, owners: &Owners, at: Timestamp) -> Standing {
    let own = plan.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let labels = Labels::from_pairs(own.chain(alert.labels.iter()));
    let since = alert.active_at.unwrap_or(at);
    let annotations = alert.annotations.iter();
    let state = if alert.firing { AlertState::Firing } else { AlertState::Pending };
    Standing {
        severity: plan.severities.of(&labels),
        services: owners.of(&labels),
        alert: Alert {
            origin: Origin::Backend(Arc::clone(&plan.name)),
            group: alert.group.as_str().into(),
            name: alert.name.as_str().into(),
            annotations: annotations.map(|(name, text)| (name.as_str().into(), text.clone())).collect(),
            state,
            value: alert.value.unwrap_or(f64::NAN),
            active_at: since,
            fired_at: alert.firing.then_some(since),
            resolved_at: None,
            keep_firing_since: None,
            labels,
        },
    }
}

/// The alerts of servers that our own rules do not have: the same labels (those that the configuration puts on are no
/// part of it) are the same alert, and ours goes before theirs.
pub(super) fn foreign<'m>(rules: &'m Engine, remote: &'m Remote) -> Vec<&'m Standing> {
    let own: rustc_hash::FxHashSet<&Labels> = rules
        .standing()
        .filter(|standing| standing.alert.state != AlertState::Resolved)
        .map(|standing| &standing.alert.labels)
        .collect();
    let mut seen: rustc_hash::FxHashSet<&Labels> = rustc_hash::FxHashSet::default();
    let plain = |state: &BackendState, index: usize| {
        let rules = state.rules.as_ref()?;
        Some(rules.alerts.get(index)?.labels.clone())
    };
    let all = remote.backends.iter().flat_map(|state| {
        state.alerts.iter().enumerate().map(move |(index, standing)| (state, index, standing))
    });
    all.filter(|(state, index, standing)| {
        let theirs = plain(state, *index);
        !own.contains(&standing.alert.labels)
            && theirs.is_none_or(|labels| !own.contains(&labels))
            && seen.insert(&standing.alert.labels)
    })
    .map(|(.., standing)| standing)
    .collect()
}

/// The backends' rows as they were at `at`: from the series that say whether they answered, and how long it took.
pub(super) fn recall(model: &mut Model, at: Timestamp) {
    for plan in model.plan.backends.clone() {
        let index = plan.target.0 as usize;
        let series = |name: &str| Labels::metric(name, [("backend", &*plan.name)]);
        let samples = |model: &Model, name: &str| {
            let mut samples = Vec::new();
            if let Some(series) = model.store.get(&series(name)) {
                series.range(at - plan.interval * RECALLED, at, &mut samples);
            }
            samples.retain(|(_, value)| !is_stale(*value));
            samples
        };
        let (up, took) = (samples(model, UP), samples(model, TOOK));
        let Some(health) = model.health.get_mut(index) else { continue };
        for (when, value) in &up {
            let heard = if *value >= 0.5 {
                Heard::Answered(Verdict::Up)
            } else {
                Heard::Failed { process_gone: false }
            };
            health.observe(heard, &plan.policy, *when);
        }
        let state = health.state(&plan.policy, at);
        let Some(row) = Arc::make_mut(&mut model.fleet).targets.get_mut(index) else { continue };
        row.state = state;
        row.asked = up.last().map(|(when, _)| *when);
        row.answered = up.iter().rev().find(|(_, value)| *value >= 0.5).map(|(when, _)| *when);
        let failed = up.last().is_some_and(|(_, value)| *value < 0.5);
        row.failure = failed.then(|| Failure::Lost(Clean::new("it did not answer at that time")));
        row.took = took.last().and_then(|(_, seconds)| Duration::try_from_secs_f64(*seconds).ok());
        row.course = took.iter().map(|(_, seconds)| Some(*seconds)).collect();
    }
}

/// So many rounds of a backend are looked through to know how it stood.
const RECALLED: u32 = 60;

/// Which instances of a service its server reaches, and whether the server answers.
pub(super) fn facts(model: &Model, plan: &ServicePlan) -> Option<RemoteFacts> {
    let backend = model.plan.backends.get(plan.backend?)?;
    let row: &TargetRow = model.fleet.targets.get(backend.target.0 as usize)?;
    let instances = plan.up.as_ref().and_then(|up| {
        let options = Options { subquery_step: backend.interval, ..Options::default() };
        let Ok(answer) = promql::eval(&model.store, up, model.now, &options) else { return None };
        let Value::Vector(points) = answer.value else { return None };
        let up = |value: f64| value >= 0.5;
        let name = |labels: &Labels| {
            let name = labels.get("instance").map_or_else(|| labels.to_string(), str::to_owned);
            crate::text::clean(&name).into_owned()
        };
        let down = points.iter().filter(|point| !up(point.value)).map(|point| name(&point.labels));
        Some((points.iter().filter(|point| up(point.value)).count(), points.len(), down.collect()))
    });
    let state = model.remote.backends.get(plan.backend?);
    let refused = plan.signals.iter().flat_map(|set| set.exprs.iter().flatten()).find_map(|expr| {
        let key = answers::key_of(expr)?;
        state?.wrong.get(&*key).map(ToString::to_string)
    });
    Some(RemoteFacts {
        backend: Arc::clone(&backend.name),
        state: row.state,
        failure: row.failure.as_ref().map(ToString::to_string),
        answered: row.answered,
        partial: state.and_then(|state| state.partial.clone()),
        instances,
        refused,
    })
}

/// The moment of the newest answer to the question that an expression stands for; none where there is none, and where it is
/// evaluated here.
pub(super) fn answered(model: &Model, expr: &promql::Expr) -> Option<Timestamp> {
    answers::key_of(expr).and_then(|key| answers::answered_at(&model.store, &key, model.now))
}
