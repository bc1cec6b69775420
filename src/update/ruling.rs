//! Rules and objectives at their moments, and what their alerts amount to: incidents, for the journal and whoever is
//! to be told.

use crate::event::Effect;
use crate::incident::{self, Alarm, Change, Incidents, ServiceFacts};
use crate::journal::Entry;
use crate::model::rows::{ServiceRow, TargetRow};
use crate::model::slos::SloRow;
use crate::model::versions::Versions;
use crate::model::{Changed, Model};
use crate::plan::Signal;
use crate::promql::{self, Options, Value};
use crate::rules::AlertState;
use crate::slo::{Saved, Slo};
use crate::target::health::State;
use crate::target::{BreakerState, Failure};
use crate::units::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Moments of a burn-down that are shown.
const COURSE: usize = 240;

/// Queues what is due.
pub(super) fn begin(model: &mut Model) {
    // Nothing was heard yet: a rule that asks for absence would find it.
    if model.judging.remembering || model.attached.waits(&model.plan) || model.heard <= model.started {
        return;
    }
    model.rules.begin(model.now);
    if model.slos.book.is_due(model.now) {
        model.slos.book.begin(model.now);
    }
}

/// Alerts that stand as they stood are looked at no more often than this: groups of many objectives are evaluated many
/// times a second, and to look means to look at everything.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);

/// One unit of it; false: there was nothing to do.
pub(super) fn work(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    if model.rules.has_work() {
        if let Some(finished) = model.rules.work(&mut model.store) {
            let due = model.judging.observed + OBSERVE_EVERY;
            model.judging.fresh |= finished.changed || due <= model.now;
            model.judging.owed = Some(due);
        }
    } else if model.judging.fresh {
        model.judging.fresh = false;
        model.judging.owed = None;
        model.judging.observed = model.now;
        observe(model, effects);
    } else if let Some(index) = model.slos.judged.take() {
        row(model, index);
    } else if model.slos.book.has_work() {
        model.slos.judged = model.slos.book.work(&mut model.store);
    } else {
        return false;
    }
    true
}

/// Brings one objective's row up to date.
fn row(model: &mut Model, index: usize) {
    let Some(known) = model.slos.book.assessments().get(index) else { return };
    let course = model.slos.book.course(&known.slo.name, COURSE);
    let mut row = SloRow::of(known, course);
    row.reported = reported(model, &known.slo);
    if let Some(slot) = model.slos.rows.get_mut(index) {
        *slot = row;
    }
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
}

/// What a service says of itself: by its own count and over a window of its own, and so never mixed with ours.
fn reported(model: &Model, slo: &Slo) -> Vec<String> {
    let mut out = Vec::new();
    for expr in &slo.reported {
        let Ok(answer) = promql::eval(&model.store, expr, model.now, &Options::default()) else { continue };
        let Value::Vector(points) = answer.value else { continue };
        out.extend(points.iter().filter(|point| !point.value.is_nan()).take(MOST_REPORTED).map(|point| {
            let labels = point.labels.without(|name| matches!(name, "job" | "instance" | "service"));
            format!("{labels} = {}", promql::format_value(point.value))
        }));
    }
    out
}

/// The most figures of a service's own that are shown of one objective.
const MOST_REPORTED: usize = 8;

/// Looks at all alerts and services: what opens, changes, ends.
pub(super) fn observe(model: &mut Model, effects: &mut Vec<Effect>) {
    let facts: Vec<ServiceFacts> =
        model.fleet.services.iter().enumerate().map(|(index, row)| facts(model, index, row)).collect();
    let heard = super::foreign::hear(model);
    let mut alarms: Vec<Alarm<'_>> = model
        .rules
        .standing()
        .filter(|standing| standing.alert.state != AlertState::Resolved)
        .chain(super::remote::foreign(&model.rules, &model.remote))
        .flat_map(|standing| {
            let alarm = |service: Option<&Arc<str>>| {
                let plan =
                    service.and_then(|name| model.plan.services.iter().find(|plan| plan.name == *name));
                let link = plan.and_then(|plan| plan.links.iter().find(|(name, _)| name == "runbook"));
                let own = standing.alert.annotation("runbook_url").map(str::to_owned);
                Alarm {
                    suppressed: super::foreign::holds_back(&model.foreign, standing, service),
                    group: "",
                    alert: &standing.alert,
                    service: service.cloned(),
                    environment: plan.and_then(|plan| plan.environment.clone()),
                    severity: standing.severity,
                    runbook: own.or_else(|| link.map(|(_, url)| url.clone())),
                }
            };
            // An alert of several services is one of each; one of none is unassigned, visibly.
            let mut out: Vec<Alarm<'_>> = standing.services.iter().map(|name| alarm(Some(name))).collect();
            if out.is_empty() {
                out.push(alarm(None));
            }
            out
        })
        .collect();
    let known: BTreeSet<Arc<str>> = model.incidents.every().map(|it| Arc::clone(&it.id)).collect();
    let is_incident = |id: &str| known.contains(id);
    alarms.extend(super::foreign::alarms(&model.plan, &model.foreign, &heard, is_incident));
    if model.plan.feeds.borrows_plan() {
        // The server judges, and tells.
        return model.incidents.refresh(model.now, alarms.into_iter(), &facts);
    }
    let changes = model.incidents.observe(model.now, alarms.into_iter(), &facts);
    changed(model, &changes, effects);
}

/// What came of it goes to the journal and to whoever is to be told.
pub(super) fn changed(model: &mut Model, changes: &[Change], effects: &mut Vec<Effect>) {
    if changes.is_empty() {
        return;
    }
    let entries: Vec<Entry> = incident::entries(changes, &model.who);
    effects.push(Effect::Journal(entries));
    effects.push(Effect::Tell(changes.to_vec()));
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
}

/// Lines that other warrooms wrote.
pub(super) fn absorb(model: &mut Model, entries: &[Entry], effects: &mut Vec<Effect>) {
    let taken = model.incidents.absorb(entries);
    if taken.is_empty() {
        return;
    }
    // They are in the journal already.
    effects.push(Effect::Tell(taken));
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
}

/// Lines of the server that judges in our place: all of them count.
pub(super) fn follow(model: &mut Model, entries: &[Entry], effects: &mut Vec<Effect>) {
    let taken = model.incidents.follow(entries);
    if taken.is_empty() {
        return;
    }
    effects.push(Effect::Tell(taken));
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
}

/// Works out when something of this is due next.
pub(super) fn plan_ahead(model: &mut Model) {
    let now = model.now;
    let waits =
        model.judging.remembering || model.attached.waits(&model.plan) || model.heard <= model.started;
    let rules = if waits { None } else { model.rules.next_due(now) };
    let slos = if waits { None } else { model.slos.book.next_due(now) };
    // An event that came in between must not make it be missed.
    let owed = model.judging.owed.map(|due| due.max(now + Duration::from_millis(1)));
    let dues = [rules, slos, owed, model.incidents.next_change(now)];
    model.judging.due = dues.into_iter().flatten().min().unwrap_or(NEVER);
}

const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// How often what objectives counted goes to the disk.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// The most minutes of an objective that are handed over at once.
const SAVED_AT_ONCE: usize = 2_000;

/// Time has passed: groups and timers may be due, and minutes may be over.
pub(super) fn tick(model: &mut Model, effects: &mut Vec<Effect>) {
    begin(model);
    model.judging.fresh |= model.judging.owed.is_some_and(|due| due <= model.now);
    if !model.plan.feeds.borrows_plan() {
        let changes = model.incidents.tick(model.now);
        changed(model, &changes, effects);
    }
    if model.now.since(model.judging.saved) >= SAVE_EVERY {
        model.judging.saved = model.now;
        let batch = model.slos.book.unsaved(SAVED_AT_ONCE);
        if batch.iter().any(|saved| !saved.is_empty()) {
            effects.push(Effect::Save(batch));
        }
    }
}

/// What earlier runs left behind.
pub(super) fn remembered(model: &mut Model, entries: &[Entry], saved: &[Saved]) {
    // Samples may still have to come.
    model.judging.remembering = model.judging.recalling;
    model.incidents = Incidents::restore(Arc::clone(&model.plan.incidents), entries, model.now);
    model.slos.book.restore(saved);
    model.judging.fresh |= model.foreign.pictures().next().is_some();
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
    begin(model);
}

/// What is known of a service.
fn facts(model: &Model, index: usize, row: &ServiceRow) -> ServiceFacts {
    let plan = model.plan.services.get(index);
    let slo = model.slos.of_service(&row.name);
    let targets = row.targets.iter().filter_map(|id| model.fleet.targets.get(id.0 as usize));
    let ours = |target: &TargetRow| target.failure.as_ref().is_some_and(Failure::is_ours);
    let blind = row.state == State::Unknown && targets.clone().any(ours);
    let versions = Versions::of(targets);
    let (answering, all) = row.instances;
    ServiceFacts {
        service: Arc::clone(&row.name),
        environment: row.environment.clone(),
        state: row.state,
        instances: (answering as u32, all as u32),
        errors_ratio: row.reading(Signal::Errors).value,
        latency: row.reading(Signal::Latency).value,
        requests: row.reading(Signal::Requests).value,
        budget_left: slo.and_then(|slo| slo.left),
        burn: slo.and_then(|slo| slo.burn(Duration::from_secs(3600))?.rate),
        versions: versions.said,
        versions_from: versions.source,
        colour: None,
        queue: row.queued(),
        open_breakers: row
            .breakers
            .iter()
            .filter(|breaker| breaker.seen.state == BreakerState::Open)
            .map(|breaker| breaker.seen.name.clone())
            .collect(),
        blind,
        depends_on: plan
            .map(|plan| plan.depends_on.iter().map(|name| Arc::from(name.as_str())).collect())
            .unwrap_or_default(),
        runbook: plan
            .and_then(|plan| plan.links.iter().find(|(name, _)| name == "runbook"))
            .map(|(_, url)| url.clone()),
    }
}
