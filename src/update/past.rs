//! Looking back: keys and lines that move the moment, and the second model that shows it.
//!
//! The living model goes on underneath; only what the operator does goes to the model that shows the past. Nothing can
//! be changed from there: whatever would is locked, with a line that says so.

use super::travel::{grant, seek};
use super::{explore, figures, say, update};
use crate::command::Command;
use crate::event::{Effect, Event, What};
use crate::incident;
use crate::model::past::{FASTEST, Wish};
use crate::model::slos::SloRow;
use crate::model::ui::Screen;
use crate::model::{Changed, Model};
use crate::units::parse_duration;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Moments of a burn-down that are shown.
const COURSE: usize = 240;
/// How long after the last key what is typed in the explorer is evaluated.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// What a capture looks back on unless it is told otherwise.
const CAPTURED: Duration = Duration::from_secs(3_600);
/// Lines that would change something.
const CHANGES: [&str; 19] = [
    "ack",
    "acknowledge",
    "unack",
    "silence",
    "extend",
    "unsilence",
    "page",
    "note",
    "assign",
    "severity",
    "mitigated",
    "resolve",
    "snooze",
    "unsnooze",
    "reload",
    "refresh",
    "browse",
    "act",
    "restart",
];

/// Leaves a wish for whoever holds both models.
pub(super) fn wish(model: &mut Model, wish: Wish) {
    model.time.wish = Some(wish);
}

/// A step, or on a graph that is looked at, one step of its cursor.
pub(super) fn step(model: &mut Model, by: i32) {
    if model.ui.screen == Screen::Explore && model.explore.chart.is_some() {
        super::mouse::cursor(model, i64::from(by));
    } else {
        wish(model, Wish::Step(by));
    }
}

/// Back to what is now; a cursor goes first, then what was picked out of a graph.
pub(super) fn live(model: &mut Model) {
    if model.ui.cursor.take().is_none() && !super::zoom::unpick(model) {
        wish(model, Wish::Live);
    }
}

/// Does `+` mean faster here? Where time runs by itself it does, unless a graph is looked at.
pub(super) fn is_tape(model: &Model) -> bool {
    let runs = model.time.shown.is_some_and(|shown| shown.recording || shown.playing);
    runs && model.ui.screen != Screen::Explore
}

/// Refuses what would change something while the past is shown; true: it is refused.
pub(super) fn locked(model: &mut Model, command: Command) -> bool {
    let Some(shown) = model.time.shown else { return false };
    let what = match command {
        Command::Act => "actions are",
        Command::Acknowledge => "acknowledging is",
        Command::Note => "notes are",
        Command::Refresh | Command::Browse => "polling is",
        Command::Reload => "reloading is",
        _ => return false,
    };
    let text = if shown.recording {
        format!("{what} locked: this is a recording")
    } else {
        let key = model.plan.ui.keys.hint(Command::Live).unwrap_or_else(|| ":live".to_owned());
        format!("{what} locked while rewound: {key} goes back to what is now")
    };
    say(model, true, text);
    true
}

/// The same for a `:` line.
pub(super) fn locks_line(model: &mut Model, word: &str) -> bool {
    if !model.is_past() {
        return false;
    }
    let action = Command::named(word).is_none() && super::act::knows(model, word);
    let command = match word {
        "note" => Command::Note,
        "reload" => Command::Reload,
        "refresh" | "browse" => Command::Refresh,
        "act" => Command::Act,
        _ if action => Command::Act,
        _ if CHANGES.contains(&word) => Command::Acknowledge,
        _ => return false,
    };
    locked(model, command)
}

/// `:at 14:05`, `:at -2h`, `:at 2026-11-21T14:05Z`, `:at cursor`, `:at now`.
pub(super) fn at(model: &mut Model, text: &str) {
    let live = model.time.shown.map_or(model.now, |shown| shown.live);
    if text == "cursor" {
        return match model.ui.cursor.take() {
            Some(cursor) => wish(model, Wish::At(cursor.at)),
            None => {
                say(model, true, "there is no cursor: [ and ] move one over the explorer's graph".to_owned());
            }
        };
    }
    if matches!(text, "now" | "live") {
        return wish(model, Wish::Live);
    }
    match crate::model::moment::parse(text, live, &model.plan.ui.zone) {
        Ok(at) => wish(model, Wish::At(at)),
        Err(why) => say(model, true, why),
    }
}

/// `:speed 10`.
pub(super) fn speed(model: &mut Model, text: &str) {
    match text.trim_end_matches(['x', 'X']).trim_start_matches(['x', 'X']).parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= FASTEST => wish(model, Wish::Speed(speed)),
        _ => {
            let text = crate::text::clean(text).into_owned();
            say(
                model,
                true,
                format!("\"{text}\" is not a speed: write a number up to {FASTEST}, such as 10"),
            );
        }
    }
}

/// `:capture [FILE] [SPAN]`: what is known of the last hour, or of that span.
pub(super) fn capture(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let (mut file, mut span) = (None, CAPTURED);
    for word in text.split_whitespace() {
        match parse_duration(word.trim_start_matches('-')) {
            Ok(asked) => span = asked,
            Err(_) => file = Some(PathBuf::from(word)),
        }
    }
    let to = model.now;
    effects.push(Effect::Capture { file, from: to - span, to, why: None });
}

/// The longest time that is captured by itself.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// An incident that opened, or was resolved, is captured by itself where the configuration says so.
pub(super) fn record(model: &Model, effects: &mut Vec<Effect>) {
    let wanted = &model.plan.capture;
    if !wanted.on_incident || model.time.recording.is_some() || model.is_past() {
        return;
    }
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Tell(changes) => Some(changes),
        _ => None,
    });
    let mut found: Vec<Effect> = Vec::new();
    for change in told.flatten() {
        let Some(it) = model.incidents.get(&change.incident) else { continue };
        let matters = matches!(
            change.what,
            incident::What::Opened { .. } | incident::What::Reopened { .. } | incident::What::Resolved { .. }
        );
        if matters && it.severity >= wanted.floor && found.len() < MOST_AT_ONCE {
            let from = (it.began - wanted.before).max(change.at - LONGEST);
            let why = Some(Arc::clone(&it.id));
            found.push(Effect::Capture { file: None, from, to: change.at, why });
        }
    }
    effects.append(&mut found);
}

/// The most captures that one moment may ask for.
const MOST_AT_ONCE: usize = 4;

/// Goes to the moment of the incident that is on the screen: its beginning, or where its timeline is scrolled to, the entry at
/// the lower edge.
pub(super) fn to_incident(model: &mut Model) {
    let Screen::Incident(id) = &model.ui.screen else { return };
    let Some(it) = model.shown_incidents().get(id) else { return };
    let offset = model.ui.incident.offset;
    let at = match offset {
        0 => it.began,
        _ => it.timeline.iter().rev().nth(offset).map_or(it.began, |item| item.at),
    };
    wish(model, Wish::At(at));
}

/// Does this event go to the model that is on the screen, where that is the past?
pub(super) fn takes(what: &What) -> bool {
    matches!(what, What::Key(_) | What::Paste(_) | What::Mouse(_))
}

/// Something that the operator did while the past is shown.
pub(super) fn happened(model: &mut Model, what: What) -> Vec<Effect> {
    let clock = model.now;
    let Some(mut past) = model.time.past.take() else { return Vec::new() };
    let at = past.model.now;
    let before = past.model.ui.message.take();
    let mut effects = update(&mut past.model, Event { at, what });
    effects.retain(may_pass);
    if past.model.ui.message.is_some() {
        past.message_until = Some(clock + super::MESSAGE_FOR);
    } else {
        past.model.ui.message = before;
    }
    if past.model.explore.due.take().is_some() {
        past.typed = Some(clock + DEBOUNCE);
    }
    model.changed = model.changed.max(std::mem::take(&mut past.model.changed));
    let wish = past.model.time.wish.take();
    model.time.past = Some(past);
    if let Some(wish) = wish {
        grant(model, wish, &mut effects);
    }
    effects
}

/// What the past may ask of the world: nothing that the fleet would feel.
fn may_pass(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Quit
            | Effect::Theme(_)
            | Effect::Copy(_)
            | Effect::Mouse(_)
            | Effect::Suspend
            | Effect::Typed(_)
            | Effect::Redraw
            | Effect::Capture { .. }
    )
}

/// Time has passed on the clock: what runs goes on, what was said goes.
pub(super) fn tick(model: &mut Model, effects: &mut Vec<Effect>) {
    let clock = model.now;
    let Some(past) = &mut model.time.past else { return };
    if past.message_until.is_some_and(|until| until <= clock) {
        (past.message_until, past.model.ui.message) = (None, None);
        model.changed = Changed::Now;
    }
    if past.typed.is_some_and(|due| due <= clock) {
        past.typed = None;
        past.model.explore.due = Some(past.model.now);
        explore::queue(&mut past.model, &mut Vec::new()); // nobody is asked about the past
        model.changed = Changed::Now;
    }
    if past.runs.is_some() {
        let due = past.due(clock);
        seek(model, due, effects);
    }
}

/// One unit of work for the moment that is shown; false: there was none.
pub(super) fn work(model: &mut Model) -> bool {
    let Some(past) = &mut model.time.past else { return false };
    if !past.has_work() {
        return false;
    }
    if super::offers::work(&mut past.model) {
        // What is typed comes first, there as here.
    } else if past.model.work.is_empty() && past.model.desk.progress.is_none() && !past.judge.is_empty() {
        if let Some(index) = past.judge.pop_front() {
            judge(&mut past.model, index);
        }
    } else {
        figures::work(&mut past.model);
    }
    if !past.has_work() {
        past.model.unsettled = true;
    }
    model.changed = model.changed.max(std::mem::take(&mut past.model.changed));
    true
}

/// One objective, as it stood.
fn judge(model: &mut Model, index: usize) {
    let at = model.now;
    if !model.slos.book.look_back(index, at) {
        return;
    }
    let Some(known) = model.slos.book.assessments().get(index) else { return };
    let row = SloRow::of(known, model.slos.book.course(&known.slo.name, COURSE));
    if let Some(slot) = model.slos.rows.get_mut(index) {
        *slot = row;
    }
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
}
