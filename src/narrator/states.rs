//! What is remembered of each thing, and the line that a change of it is worth. Nothing is remembered that was not told.

use super::{Room, span, time, why};
use crate::action::ledger::Act;
use crate::incident::Incident;
use crate::model::Model;
use crate::model::act::outcome;
use crate::model::rows::{ServiceRow, breaker_word};
use crate::model::slos::SloRow;
use crate::severity::Severity;
use crate::target::health::State;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceSaid {
    state: State,
    since: Option<Timestamp>,
    version: Option<String>,
    /// By name and where it was seen.
    breakers: BTreeMap<(String, Arc<str>), &'static str>,
}

pub(super) fn service(model: &Model, row: &ServiceRow, said: &mut ServiceSaid, room: &mut Room) {
    if row.state != said.state && room.any() {
        let was = match said.since.filter(|_| said.state != State::Unknown) {
            Some(since) => format!("{} for {}", said.state.word(), span(model.now.since(since))),
            None => said.state.word().to_owned(),
        };
        room.say(format!("{} {}{} (was {was})", row.name, row.state.word().to_uppercase(), why(row)));
        (said.state, said.since) = (row.state, Some(model.now));
    }
    let version = row.version.as_ref().map(ToString::to_string);
    // A version that is not told any more is no change of version.
    if version.is_some() && version != said.version && room.any() {
        let new = version.as_deref().unwrap_or_default();
        if let Some(old) = &said.version {
            room.say(format!("{} runs version {new} (was {old})", row.name));
        }
        said.version = version;
    }
    for breaker in &row.breakers {
        let key = (breaker.seen.name.to_string(), Arc::clone(&breaker.origin));
        let word = breaker_word(breaker.seen.state);
        let before = said.breakers.get(&key).copied();
        if before == Some(word) || !room.any() {
            continue;
        }
        // One that is closed when it is first seen is no news.
        if before.is_some() || word != "closed" {
            let was = before.map(|was| format!(" (was {was})")).unwrap_or_default();
            room.say(format!("{} breaker {} {word}{was}", row.name, breaker.seen.name));
        }
        said.breakers.insert(key, word);
    }
    said.breakers.retain(|(name, origin), _| {
        row.breakers
            .iter()
            .any(|breaker| breaker.seen.name.as_str() == name.as_str() && breaker.origin == *origin)
    });
}

/// Of an incident.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IncidentSaid {
    open: bool,
    severity: Severity,
    acknowledged: Option<String>,
    assignee: Option<String>,
    mitigated: bool,
    overdue: (bool, bool),
    snoozed: Option<Timestamp>,
}

impl IncidentSaid {
    fn of(it: &Incident, at: Timestamp) -> Self {
        Self {
            open: it.is_open(),
            severity: it.severity,
            acknowledged: it.acknowledged.as_ref().map(|mark| mark.user.clone()),
            assignee: it.assignee.clone(),
            mitigated: it.mitigated.is_some(),
            overdue: (it.answer_overdue, it.escalate_overdue),
            snoozed: it.snoozed_until.filter(|until| *until > at),
        }
    }
}

/// An open incident, as the summary has it.
pub(super) fn open(model: &Model, it: &Incident) -> String {
    let who = match &it.acknowledged {
        Some(mark) => format!("acknowledged by {}", mark.user),
        None => format!("nobody has it, answer by {}", time(model, it.due.answer_by)),
    };
    format!(
        "{} {} OPEN since {}: {}; {who} ({})",
        it.severity,
        it.service(),
        time(model, it.began),
        it.title(),
        it.id
    )
}

pub(super) fn incident(
    model: &Model,
    it: &Incident,
    known: &mut BTreeMap<Arc<str>, IncidentSaid>,
    room: &mut Room,
) {
    let now = IncidentSaid::of(it, model.now);
    let before = known.get(&it.id);
    if before == Some(&now) || !room.any() {
        return;
    }
    let name = format!("{} {}", it.severity, it.service());
    match before {
        // What was over before we looked is no news.
        None if now.open => room.say(format!(
            "{name} incident OPENED: {}; answer by {} ({})",
            it.title(),
            time(model, it.due.answer_by),
            it.id
        )),
        None => {}
        Some(before) => {
            let told = turns(model, it, before, &now);
            if !told.is_empty() {
                room.say(format!("{name} incident {} ({})", told.join(", "), it.id));
            }
        }
    }
    known.insert(Arc::clone(&it.id), now);
}

/// What has become of it: everything in one line.
fn turns(model: &Model, it: &Incident, before: &IncidentSaid, now: &IncidentSaid) -> Vec<String> {
    let mut told = Vec::new();
    if before.open && !now.open {
        let reason = it.resolved.as_ref().map_or("", |(_, reason)| reason.as_str());
        let lasted = it.resolved.as_ref().map_or(model.now, |(at, _)| *at).since(it.began);
        told.push(format!("RESOLVED after {}: {reason}", span(lasted)));
        return told;
    }
    if !before.open && now.open {
        told.push(format!("OPEN again: {}", it.title()));
    }
    if before.severity != now.severity {
        told.push(format!("graded {} -> {}: {}", before.severity, now.severity, it.why));
    }
    match (&before.acknowledged, &now.acknowledged) {
        (before, Some(user)) if before.as_ref() != Some(user) => told.push(format!("ACKNOWLEDGED by {user}")),
        (Some(_), None) => told.push("not acknowledged any more".to_owned()),
        _ => {}
    }
    if before.assignee != now.assignee {
        told.push(format!("assigned to {}", now.assignee.as_deref().unwrap_or("nobody")));
    }
    match (before.mitigated, now.mitigated) {
        (false, true) => {
            let how = it.mitigated.as_ref().map_or("", |(_, how)| how.as_str());
            told.push(format!("MITIGATED: {how}"));
        }
        (true, false) => told.push("harm is back".to_owned()),
        _ => {}
    }
    if now.overdue.0 && !before.overdue.0 {
        told.push("OVERDUE: nobody has acknowledged it in time".to_owned());
    }
    if now.overdue.1 && !before.overdue.1 {
        told.push("OVERDUE: not mitigated in time, escalate".to_owned());
    }
    match (before.snoozed, now.snoozed) {
        (before, Some(until)) if before != Some(until) => {
            told.push(format!("snoozed until {}", time(model, until)));
        }
        (Some(_), None) => told.push("not snoozed any more".to_owned()),
        _ => {}
    }
    told
}

/// Of an objective: how many of the limits its budget is above.
#[derive(Clone, Debug, Default)]
pub(super) struct BudgetSaid(Option<usize>);

/// Limits of a budget that are worth a line, from the lowest on.
const LIMITS: [f64; 4] = [0.0, 0.10, 0.25, 0.50];
/// A budget that has come back counts only when it is so far above a limit: it must not be told at each turn.
const CLEAR: f64 = 0.02;

/// A budget that is nearly or wholly used up, as the summary has it.
pub(super) fn short_budget(row: &SloRow) -> Option<String> {
    row.left.filter(|left| *left < 0.25).map(|left| format!("{} budget {}", row.name, left_words(row, left)))
}

fn left_words(row: &SloRow, left: f64) -> String {
    // Over is over: what says by how much is the exhaustion, in time.
    if left <= 0.0 {
        format!("OVER: {}", row.exhaustion)
    } else {
        format!("{:.0}% left, ends in {}", left * 100.0, row.exhaustion)
    }
}

pub(super) fn budget(row: &SloRow, said: &mut BudgetSaid, room: &mut Room) {
    let Some(left) = row.left.filter(|left| left.is_finite()) else { return };
    let above = |margin: f64| LIMITS.iter().filter(|limit| left > **limit + margin).count();
    let now = match said.0 {
        Some(before) if above(0.0) > before => above(CLEAR).max(before),
        _ => above(0.0),
    };
    if said.0 == Some(now) || !room.any() {
        return;
    }
    let percent = |index: usize| LIMITS.get(index).map_or(0.0, |limit| limit * 100.0);
    match said.0 {
        Some(before) if now < before && left > 0.0 => {
            room.say(format!("{} budget BELOW {:.0}%: {}", row.name, percent(now), left_words(row, left)));
        }
        Some(before) if now < before => room.say(format!("{} budget {}", row.name, left_words(row, left))),
        Some(_) => {
            let limit = percent(now.saturating_sub(1));
            room.say(format!("{} budget above {limit:.0}% again: {}", row.name, left_words(row, left)));
        }
        // First seen: only if it is short.
        None if now < LIMITS.len() - 1 => {
            room.say(format!("{} budget {}", row.name, left_words(row, left)));
        }
        None => {}
    }
    said.0 = Some(now);
}

/// Of an act: how it stood, and what it came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ActSaid {
    outcome: &'static str,
    verdict: String,
}

pub(super) fn act(model: &Model, act: &Act, known: &mut BTreeMap<String, ActSaid>, room: &mut Room) {
    let verdict = act.verdict.as_ref().map(|(word, _)| word.to_string()).unwrap_or_default();
    let now = ActSaid { outcome: outcome(act, model.now), verdict };
    let before = known.get(act.id.as_str());
    if before == Some(&now) || !room.any() {
        return;
    }
    let refused = act.refused.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let helped = if now.verdict.is_empty() { String::new() } else { format!(", {}", now.verdict) };
    let was = before
        .map(|before| format!(" (was {})", before.outcome))
        .filter(|_| before.is_some_and(|before| before.outcome != now.outcome));
    room.say(format!(
        "action {} on {} by {} {}{helped}{refused}{}",
        act.action,
        act.service,
        act.who.user,
        now.outcome.to_uppercase(),
        was.unwrap_or_default()
    ));
    known.insert(act.id.as_str().to_owned(), now);
}
