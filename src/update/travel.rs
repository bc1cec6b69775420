//! The moment that is shown: where it may go, what it is shown from, and the second model that shows it.
//!
//! Keys and lines only wish ([`super::past`]); here the wish is granted. The living model is read, and but for what is
//! looked at not changed.

use super::{retro, say};
use crate::event::{Effect, Purpose, Recalled};
use crate::incident::{Change, Incidents};
use crate::model::act::Acts;
use crate::model::flow::Flow;
use crate::model::panels::PanelState;
use crate::model::past::{Disk, LEAP, Past, SHORT_LEAP, SHORT_STEP, SPEEDS, STEP, Shown, Wish};
use crate::model::told::Log;
use crate::model::ui::Screen;
use crate::model::{Changed, Model};
use crate::store::{Limits, Store};
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A step forward of at most this much goes on from what is shown; a longer one begins anew.
const NEAR: Duration = Duration::from_secs(120);

/// Does what was wished.
pub(super) fn grant(model: &mut Model, wish: Wish, effects: &mut Vec<Effect>) {
    model.changed = Changed::Now;
    let short = model.time.recording.as_ref().is_some_and(|tape| tape.to.since(tape.from) < 4 * STEP * 60);
    let (step, leap) = if short { (SHORT_STEP, SHORT_LEAP) } else { (STEP, LEAP) };
    match wish {
        Wish::Step(by) => shift(model, step, by, effects),
        Wish::Leap(by) => shift(model, leap, by, effects),
        Wish::At(at) => {
            hold(model);
            go(model, at, effects);
        }
        Wish::Live => match model.time.recording.as_ref().map(|tape| tape.to) {
            Some(end) => {
                hold(model);
                go(model, end, effects);
            }
            None => leave(model),
        },
        Wish::Toggle => toggle(model, effects),
        Wish::Faster(by) => {
            let Some(past) = &model.time.past else { return };
            let at = SPEEDS.iter().rposition(|speed| *speed <= past.speed).unwrap_or(0);
            let next = at.saturating_add_signed(by as isize).min(SPEEDS.len() - 1);
            pace(model, SPEEDS.get(next).copied().unwrap_or(1.0));
        }
        Wish::Speed(speed) => pace(model, speed),
    }
}

fn shift(model: &mut Model, by: Duration, times: i32, effects: &mut Vec<Effect>) {
    let at = shown_at(model);
    let by = by.saturating_mul(times.unsigned_abs());
    go(model, if times < 0 { at - by } else { at + by }, effects);
}

/// The moment that is on the screen.
fn shown_at(model: &Model) -> Timestamp {
    model.time.past.as_ref().map_or(model.seen_at(), |past| past.model.now)
}

fn hold(model: &mut Model) {
    if let Some(past) = &mut model.time.past {
        past.runs = None;
    }
    show(model);
}

fn toggle(model: &mut Model, effects: &mut Vec<Effect>) {
    let clock = model.now;
    let end = model.time.recording.as_ref().map(|tape| (tape.from, tape.to));
    let Some(past) = &mut model.time.past else { return };
    match past.runs.take() {
        Some(_) => {}
        // At its end it begins anew.
        None if end.is_some_and(|(_, to)| past.model.now >= to) => {
            let from = end.map_or(past.model.now, |(from, _)| from);
            past.runs = Some((clock, from));
            go(model, from, effects);
        }
        None => past.runs = Some((clock, past.model.now)),
    }
    show(model);
}

/// Runs at this speed from where it is.
fn pace(model: &mut Model, speed: f64) {
    let clock = model.now;
    let Some(past) = &mut model.time.past else {
        return say(model, true, "the present runs at its own speed: [ rewinds".to_owned());
    };
    past.speed = speed;
    if past.runs.is_some() {
        past.runs = Some((clock, past.model.now));
    }
    show(model);
}

/// To this moment, or as near to it as there is anything to show.
pub(super) fn go(model: &mut Model, wanted: Timestamp, effects: &mut Vec<Effect>) {
    let clock = model.now;
    let live = model.time.recording.as_ref().map(|tape| tape.to);
    if live.is_none() && wanted >= clock {
        return if model.time.past.is_some() {
            leave(model);
        } else {
            say(model, false, "this is the present".to_owned());
        };
    }
    // What the living store does not hold may lie on disk; a recording is all that there is.
    let oldest = model.time.recording.as_ref().map_or(clock - FURTHEST, |tape| tape.from);
    let at = wanted.max(oldest).min(live.unwrap_or(clock));
    if model.time.past.is_none() {
        enter(model, at);
    }
    if let Some(past) = &mut model.time.past
        && past.runs.is_some()
    {
        past.runs = Some((clock, at));
    }
    seek(model, at, effects);
    if wanted < oldest {
        nothing_before(model, oldest);
    }
}

/// The furthest that anybody looks back.
const FURTHEST: Duration = Duration::from_secs(35 * 86_400);

fn nothing_before(model: &mut Model, oldest: Timestamp) {
    let clock = crate::model::moment::clock(oldest, model.now, &model.plan.ui.zone);
    tell(model, format!("nothing is known before {clock}"));
}

/// What was said of the present is said on the screen that is seen.
pub(super) fn hand_over(model: &mut Model) {
    if model.time.past.is_some()
        && let Some(message) = model.ui.message.take()
        && let Some(past) = &mut model.time.past
    {
        past.message_until = Some(message.until);
        past.model.ui.message = Some(message);
        model.changed = Changed::Now;
    }
}

/// Says something on the screen of the past.
fn tell(model: &mut Model, text: String) {
    let until = model.now + super::MESSAGE_FOR;
    if let Some(past) = &mut model.time.past {
        say(&mut past.model, false, text);
        past.message_until = Some(until);
    } else {
        say(model, false, text);
    }
}

/// Makes the model that shows the past. It takes over what is looked at.
fn enter(model: &mut Model, at: Timestamp) {
    let mut past = Model::new(Arc::clone(&model.plan), at, true);
    past.started = past.started.min(at - LEAP);
    past.store = model.store.fork();
    past.fleet = Arc::clone(&model.fleet);
    past.who = model.who.clone();
    past.slos.book = model.slos.book.for_the_past();
    past.ui = model.ui.clone();
    past.ui.frozen = None;
    past.ui.message = None;
    past.ui.prompt = None;
    past.ui.explain = None;
    if matches!(past.ui.screen, Screen::Body(_)) {
        past.ui.screen = Screen::Targets; // what it exported then was never kept
    }
    past.explore = std::mem::take(&mut model.explore);
    for pinned in model.panels.all.iter().filter(|panel| panel.pinned) {
        past.panels.all.push(PanelState::new(pinned.plan.clone(), true));
    }
    let past = Past {
        model: past,
        speed: 1.0,
        runs: None,
        disk: None,
        fresh: true,
        judge: std::collections::VecDeque::new(),
        message_until: None,
        typed: None,
    };
    model.ui.frozen = None;
    model.ui.message = None;
    model.time.past = Some(Box::new(past));
    show(model);
}

/// Back to what is now: what is looked at comes along.
pub(super) fn leave(model: &mut Model) {
    let Some(past) = model.time.past.take() else {
        return say(model, false, "this is the present".to_owned());
    };
    let Past { model: past, .. } = *past;
    let size = model.ui.size;
    let problems = std::mem::take(&mut model.ui.reload_problems);
    model.ui = past.ui;
    model.ui.size = size;
    model.ui.reload_problems = problems;
    model.ui.message = None;
    model.ui.cursor = None;
    model.explore = past.explore;
    renew_charts(model);
    model.changed = Changed::Now;
    model.unsettled = true;
    super::settle(model);
}

/// Charts that were drawn for another moment are drawn anew.
fn renew_charts(model: &mut Model) {
    if let Some(chart) = &mut model.explore.chart {
        let range = chart.range;
        chart.set_range(range);
        chart.at = None;
        model.explore.stage = crate::model::explore::Stage::Values;
    }
    for panel in &mut model.panels.all {
        let range = panel.chart.range;
        panel.chart.set_range(range);
        panel.chart.at = None;
    }
    model.panels.due.clear();
    let range = model.latencies.range;
    model.latencies.set_range(range);
    model.flow = Flow::default();
    model.zoom = None; // it begins anew with the next look
}

/// Shows the moment `at`.
pub(super) fn seek(model: &mut Model, at: Timestamp, effects: &mut Vec<Effect>) {
    let end = model.time.recording.as_ref().map_or(model.now, |tape| tape.to);
    let at = at.min(end);
    let is_over = at >= end;
    let recording = model.time.recording.is_some();
    if is_over && !recording && model.time.past.as_ref().is_some_and(|past| past.runs.is_some()) {
        return leave(model); // it has caught up with the present
    }
    let Some(past) = &mut model.time.past else { return };
    if is_over {
        past.runs = None;
    }
    let before = past.model.now;
    let mut fresh = std::mem::take(&mut past.fresh);
    if at == before && !fresh {
        return show(model);
    }
    if !recording {
        fresh |= supply(&model.store, past, &mut model.time.questions, at, model.now, effects);
    }
    stand(model, before, at, fresh);
}

/// Sees to it that the past has the samples of the time around `at`; true: they are other ones than before.
fn supply(
    living: &Store,
    past: &mut Past,
    questions: &mut u64,
    at: Timestamp,
    clock: Timestamp,
    effects: &mut Vec<Effect>,
) -> bool {
    if living.stats().oldest.is_some_and(|oldest| oldest <= at) {
        past.model.store = living.fork();
        return past.disk.take().is_some();
    }
    let holds = |disk: &Disk| at >= disk.from + MARGIN && at <= disk.to;
    if past.disk.as_ref().is_some_and(holds) {
        return false;
    }
    *questions += 1;
    let (from, to) = (at - AROUND, (at + AROUND).min(clock));
    past.disk = Some(Disk { question: *questions, from, to, complete: false });
    past.model.store = Store::new(Limits::NONE);
    effects.push(Effect::Recall { purpose: Purpose::Rewind(*questions), from, to });
    true
}

/// So much time around a moment is read from disk at once.
const AROUND: Duration = Duration::from_secs(3_600);
/// So much of what was read must lie before a moment that is shown: rates look back.
const MARGIN: Duration = Duration::from_secs(1_800);

/// A batch of what lies on disk has come.
pub(super) fn recalled(model: &mut Model, recalled: Recalled) {
    let Some(past) = &mut model.time.past else { return };
    let Some(disk) = &mut past.disk else { return };
    if recalled.purpose != Purpose::Rewind(disk.question) {
        return; // an answer to an older question
    }
    for strand in recalled.samples {
        past.model.store.prepend(&strand.labels, strand.packed);
    }
    if !recalled.complete {
        return;
    }
    disk.complete = true;
    let (at, empty) = (past.model.now, past.model.store.stats().samples == 0);
    stand(model, at, at, true);
    if let Some(trouble) = recalled.trouble {
        tell(model, trouble.to_string());
    } else if empty {
        let clock = crate::model::moment::clock(at, model.now, &model.plan.ui.zone);
        tell(model, format!("no samples of {clock} are kept"));
    }
}

/// Brings everything to the moment `at`; `fresh`: not from what is shown, but anew.
fn stand(model: &mut Model, before: Timestamp, at: Timestamp, fresh: bool) {
    let Some(past) = &mut model.time.past else { return };
    let log = &model.time.log;
    if at > before && at.since(before) <= NEAR && !fresh {
        journal(&mut past.model, log, &model.incidents, Some(before), at);
        retro::go_on(&mut past.model, log, before, at);
    } else {
        journal(&mut past.model, log, &model.incidents, None, at);
        retro::stand(&mut past.model, log, at);
        renew_charts(&mut past.model);
    }
    past.judge = (0..past.model.slos.rows.len()).collect();
    super::queue(&mut past.model, &mut Vec::new()); // nobody is asked about the past
    model.changed = Changed::Now;
    show(model);
}

/// What the journal had told by `at`: incidents and acts. `before`: up to there it is told already.
fn journal(model: &mut Model, log: &Log, living: &Incidents, before: Option<Timestamp>, at: Timestamp) {
    model.now = at;
    let news = |entry: &crate::journal::Entry| before.is_none_or(|before| entry.at > before);
    if before.is_none() {
        model.acts = Acts::new(&model.plan.policies);
    } else if !log.until(at).any(|(entry, _)| news(entry)) {
        return model.incidents.with_happenings(living, at);
    }
    for (entry, _) in log.until(at).filter(|(entry, _)| news(entry)) {
        model.acts.record(entry);
    }
    let changes: Vec<&Change> = log.until(at).filter_map(|(_, change)| change.as_ref()).collect();
    model.incidents = Incidents::as_of(Arc::clone(&model.plan.incidents), changes.into_iter(), at);
    model.incidents.with_happenings(living, at);
    model.unsettled = true;
}

/// What the head line says of the time that is shown.
fn show(model: &mut Model) {
    let live = model.time.recording.as_ref().map_or(model.now, |tape| tape.to);
    let recording = model.time.recording.is_some();
    if let Some(past) = &mut model.time.past {
        let (speed, playing) = (past.speed, past.runs.is_some());
        let reading = past.disk.is_some_and(|disk| !disk.complete);
        past.model.time.shown = Some(Shown { live, speed, playing, recording, reading });
    }
}

/// Another plan comes: the present is shown until it is there. Returns the moment to go back to.
pub(super) fn suspend(model: &mut Model) -> Option<Timestamp> {
    let at = model.time.past.as_ref().map(|past| past.model.now)?;
    leave(model);
    Some(at)
}
