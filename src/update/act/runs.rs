//! Acts under way: what is told of them, whether they helped, and the ledger.

use super::super::{ruling, say};
use super::ask::keep;
use super::{new_fill, start};
use crate::action::verdict::judge;
use crate::action::{How, Press, entry};
use crate::event::{Effect, Step};
use crate::incident::{Happening, HappeningKind};
use crate::journal::Entry;
use crate::keymap::{Chord, Key};
use crate::model::act::Over;
use crate::model::{Changed, Model};
use crate::text::Clean;
use std::sync::Arc;

/// A key while an act stands over the screen: it can be left, and the waiting can be ended. The act itself cannot.
pub(super) fn key(model: &mut Model, id: String, chord: Chord, effects: &mut Vec<Effect>) {
    let live = model.acts.run(&id).is_some_and(crate::model::act::Run::is_live);
    match (chord.key, chord.ctrl || chord.alt) {
        (Key::Esc | Key::Enter | Key::Char('q'), false) => return,
        (Key::Char('c'), false) if live => {
            if let Some(run) = model.acts.run_mut(&id) {
                run.stopped = true;
            }
            effects.push(Effect::StopWaiting(id.clone()));
        }
        _ => {}
    }
    model.acts.over = Some(Over::Run(id));
}

/// What became of an act.
pub(in super::super) fn stepped(model: &mut Model, id: &str, step: &Step, effects: &mut Vec<Effect>) {
    let (now, window) = (model.now, model.plan.window);
    let shown = matches!(&model.acts.over, Some(Over::Run(open)) if open == id);
    let Some(run) = model.acts.run_mut(id) else { return };
    run.step(step, now);
    model.changed = Changed::Now;
    match step {
        // What was seen before says nothing about it: look at once.
        Step::Settling(_) => {
            let service = Arc::clone(run.proposal.service());
            let targets = model.service(&service).map(|row| row.targets.clone()).unwrap_or_default();
            effects.extend(targets.into_iter().map(|id| Effect::PollNow(Some(id))));
        }
        Step::Over(finished) => {
            if finished.how == How::Done && run.proposal.action().kind.changes_service() {
                run.judge_at = Some(now + window);
            }
            let what = format!("{} on {}", run.proposal.action().name, run.proposal.service());
            let bad = !finished.settled;
            let text = format!("{what}: {}", finished.text);
            let proposal = run.proposal.clone();
            if !shown {
                say(model, bad, text);
            }
            super::super::foreign::ended(model, &proposal, finished, effects);
        }
        _ => {}
    }
}

/// Time has passed: acts whose figures no longer hold what was before are judged.
pub(in super::super) fn tick(model: &mut Model, effects: &mut Vec<Effect>) {
    let (now, window) = (model.now, model.plan.window);
    let due = model.acts.runs.iter().filter(|run| run.judge_at.is_some_and(|at| at <= now));
    let due: Vec<String> = due.map(|run| run.proposal.id().to_owned()).collect();
    for id in due {
        let Some(proposal) = model.acts.run(&id).map(|run| run.proposal.clone()) else { continue };
        let after = model.facts(proposal.service()).unwrap_or_default();
        let Some(run) = model.acts.run_mut(&id) else { continue };
        let settled = run.finished.as_ref().map_or(now, |(_, at)| *at);
        let began = run.began;
        let mut verdict = judge(proposal.facts(), &after, now.since(settled), window);
        if model.acts.disturbed(&proposal, began) {
            let gap = if verdict.note.is_empty() { "" } else { "; " };
            verdict.note.push_str(gap);
            verdict.note.push_str("another action was done on it meanwhile");
        }
        let Some(run) = model.acts.run_mut(&id) else { continue };
        let text = format!("{} on {}: {}", proposal.action().name, proposal.service(), verdict.effect.word());
        run.judge_at = None;
        run.verdict = Some(verdict.clone());
        let line = entry::verdict(&proposal, &verdict, now);
        happened(model, &line, effects);
        keep(model, line, effects);
        say(model, verdict.effect == crate::action::Effect::Worse, text);
    }
}

/// What earlier runs and other people did.
pub(in super::super) fn remembered(model: &mut Model, entries: &[Entry]) {
    for entry in entries {
        model.acts.record(entry);
    }
    let (now, mut unknown) = (model.now, model.acts.ledger.unknown(model.now));
    let day = std::time::Duration::from_secs(24 * 3600);
    let first = unknown.find(|act| now.since(act.at) < day).map(crate::action::ledger::Act::title);
    drop(unknown);
    if let Some(title) = first {
        say(model, true, format!("nobody knows how this ended: {title}; see the actions"));
    }
    model.unsettled = true;
}

/// Lines that were written just now, by an act of ours or by another warroom.
pub(in super::super) fn recorded(model: &mut Model, entries: &[Entry], effects: &mut Vec<Effect>) {
    for entry in entries {
        if model.acts.record(entry) {
            happened(model, entry, effects);
            model.unsettled = true;
            model.changed = model.changed.max(Changed::Data);
        }
    }
}

/// An act that ended, and its verdict, belong into the incident's timeline.
fn happened(model: &mut Model, entry: &Entry, effects: &mut Vec<Effect>) {
    if !matches!(entry.action.as_str(), "action.outcome" | "action.stopped" | "action.verdict") {
        return;
    }
    let text = |name: &str| {
        Clean::new(entry.details.get(name).and_then(serde_json::Value::as_str).unwrap_or("")).to_string()
    };
    let more = if entry.action == "action.verdict" { String::new() } else { text("note") };
    let colon = if more.is_empty() { "" } else { ": " };
    let happening = Happening {
        at: entry.at,
        service: Arc::from(text("service")),
        kind: HappeningKind::ActionDone {
            action: text("action"),
            outcome: entry.status.clone(),
            event_id: entry.event_id.clone(),
        },
        text: format!("by {}{colon}{more}", entry.who.user),
    };
    let changes = model.incidents.happened(happening);
    ruling::changed(model, &changes, effects);
}

/// Does it again, through the same door; of an act that is under way, shows it.
pub(in super::super) fn repeat(model: &mut Model, id: &str, effects: &mut Vec<Effect>) {
    if model.acts.run(id).is_some_and(crate::model::act::Run::is_live) {
        model.acts.over = Some(Over::Run(id.to_owned()));
        return;
    }
    let Some(act) = model.acts.ledger.act(id) else { return };
    let (name, service) = (act.action.clone(), act.service.clone());
    let values = act.params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let found = model
        .plan
        .actions
        .iter()
        .find(|action| *action.name == *name.as_str() && action.offer(service.as_str()).is_some());
    let Some(action) = found.cloned() else {
        return say(model, true, format!("{name} is no longer offered for {service}"));
    };
    let incident =
        model.incidents.open().into_iter().find(|it| it.services.iter().any(|of| **of == *service.as_str()));
    let mut fill = new_fill(action, Arc::from(service.as_str()), incident.map(|it| it.id.to_string()));
    fill.values = values;
    start(model, fill, Some(Press::Enter), effects);
}
