//! The wall's keys, and what it may show: it turns what is known into pages and alarms; when which of them hangs there
//! is the wall's own ([`crate::model::wall`]).

use super::{keys, say};
use crate::keymap::{Chord, Key};
use crate::model::latency::LatencyRow;
use crate::model::ui::{ListState, Screen, Ui, services};
use crate::model::wall::{Alarm, Wall};
use crate::model::{Changed, Model};
use crate::severity::Severity;
use crate::target::health::State;
use std::sync::Arc;

/// The most services in one round that are not well: a wall of fifty says nothing.
const MOST_TROUBLED: usize = 6;

/// Hangs it. Whatever was open is closed: a box must not stand where nobody can reach it.
pub(super) fn hang(model: &mut Model) {
    if model.ui.wall.is_some() {
        return;
    }
    model.acts.over = None;
    model.ui.prompt = None;
    model.ui.explain = None;
    model.ui.frozen = None;
    let mut fresh = Ui::new(&model.plan);
    fresh.size = model.ui.size;
    fresh.theme.clone_from(&model.ui.theme);
    fresh.mouse = model.ui.mouse;
    fresh.reload_problems.clone_from(&model.ui.reload_problems);
    let back = std::mem::replace(&mut model.ui, fresh);
    let (pages, alarms) = (pages(model, 0), alarms(model));
    let wall = Wall::new(back, model.plan.wall.clone(), model.now, &pages, &alarms);
    model.ui.screen = wall.shown().clone();
    model.ui.wall = Some(Box::new(wall));
    model.unsettled = true;
    model.changed = Changed::Now;
    keys::settle(model);
}

/// Takes it down, and shows what was looked at before.
fn take_down(model: &mut Model) {
    let Some(wall) = model.ui.wall.take() else { return };
    let size = model.ui.size;
    let problems = std::mem::take(&mut model.ui.reload_problems);
    model.ui = Ui { size, reload_problems: problems, message: None, ..wall.back };
    model.unsettled = true;
    model.changed = Changed::Now;
    keys::settle(model);
}

/// What is known now, put on the wall.
pub(super) fn step(model: &mut Model) {
    let Some(mut wall) = model.ui.wall.take() else { return };
    wall.set(&model.plan.wall);
    let (pages, alarms) = (pages(model, wall.round()), alarms(model));
    let screen = wall.step(model.now, &pages, &alarms).clone();
    model.ui.wall = Some(wall);
    if model.ui.screen != screen {
        show(model, screen);
    }
}

fn show(model: &mut Model, screen: Screen) {
    model.ui.screen = screen;
    *model.ui.list_mut() = ListState::default();
    model.unsettled = true;
    model.changed = Changed::Now;
    keys::settle(model);
}

/// A key at the wall: nothing can be changed, opened or typed.
pub(super) fn pressed(model: &mut Model, chord: Chord) {
    let Some(mut wall) = model.ui.wall.take() else { return };
    let at = model.now;
    let mut said = None;
    let mut leaves = false;
    match chord {
        Chord { ctrl: true, .. } | Chord { alt: true, .. } => {}
        Chord { key: Key::Esc, .. } | Chord { key: Key::Char('q'), .. } => {
            leaves = wall.leave(at);
            said = Some("once more leaves the wall".to_owned());
        }
        Chord { key: Key::Right | Key::Char('l' | 'n'), .. } => {
            wall.by_hand(true, at, &pages(model, wall.round()));
        }
        Chord { key: Key::Left | Key::Char('h' | 'N'), .. } => {
            wall.by_hand(false, at, &pages(model, wall.round()));
        }
        Chord { key: Key::Char(' '), .. } => {
            let held = wall.hold(at);
            said = Some(if held { "this screen stays" } else { "screens take turns again" }.to_owned());
        }
        _ => said = Some("the wall is locked: esc twice leaves it".to_owned()),
    }
    let screen = wall.shown().clone();
    model.ui.wall = Some(wall);
    if leaves {
        return take_down(model);
    }
    if model.ui.screen != screen {
        show(model, screen);
    }
    if let Some(text) = said {
        say(model, false, text);
    }
}

/// What has its turn, the worst first within the order of the configuration.
fn pages(model: &Model, round: usize) -> Vec<Screen> {
    let mut pages = Vec::new();
    for word in &model.plan.wall.screens {
        let (screen, has) = match *word {
            "slos" => (Screen::Slos, !model.slos.rows.is_empty()),
            "incidents" => (Screen::Incidents, !model.incidents.open().is_empty()),
            "latency" => {
                let told = |row: &LatencyRow<'_>| row.values.iter().any(Option::is_some);
                (Screen::Latency, model.latency_rows().iter().any(told))
            }
            "breakers" => (Screen::Flow, !model.flow_rows().is_empty()),
            "panels" => (Screen::Panels, model.panels.of_service(None).count() > 0),
            "targets" => (Screen::Targets, !model.fleet.targets.is_empty()),
            "actions" => (Screen::Actions, !model.act_rows().is_empty()),
            "services" => {
                pages.extend(of_services(model, round));
                continue;
            }
            _ => (Screen::Overview, true),
        };
        if has && !pages.contains(&screen) {
            pages.push(screen);
        }
    }
    if pages.is_empty() {
        pages.push(Screen::Overview);
    }
    pages
}

/// Those that are not well, the worst first; and of the others one a round, so that each is seen now and then.
fn of_services(model: &Model, round: usize) -> Vec<Screen> {
    let rows: Vec<_> = services(&model.fleet, &ListState::default()).collect();
    let unwell = |state: State, paging: bool| paging || !matches!(state, State::Up | State::Unknown);
    let page = |name: &Arc<str>| Screen::Service(Arc::clone(name));
    let mut pages: Vec<Screen> = rows
        .iter()
        .filter(|row| unwell(row.state, row.standing.paging))
        .take(MOST_TROUBLED)
        .map(|row| page(&row.name))
        .collect();
    // In the order of names, which stays.
    let well: Vec<_> =
        model.fleet.services.iter().filter(|row| !unwell(row.state, row.standing.paging)).collect();
    if let Some(row) = well.get(round.checked_rem(well.len()).unwrap_or(0)) {
        pages.push(page(&row.name));
    }
    pages
}

/// All that is gravely wrong now.
fn alarms(model: &Model) -> Vec<Alarm> {
    let open = model.incidents.open();
    let calls = open.iter().filter(|it| it.severity >= Severity::P1 && !it.snoozed(model.now));
    let mut alarms: Vec<Alarm> =
        calls.map(|it| Alarm::Incident(u8::from(it.severity < Severity::P0), Arc::clone(&it.id))).collect();
    let down = model.fleet.services.iter().filter(|row| row.state == State::Down);
    alarms.extend(down.map(|row| Alarm::Down(Arc::clone(&row.name))));
    alarms
}
