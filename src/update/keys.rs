//! Keys: a chord becomes a command, a command changes what is looked at.

use super::{act, browse, copy, explain, explore, incidents, mouse, offers, past, prompt, say, wall, zoom};
use crate::action::ActionKind;
use crate::command::Command;
use crate::event::Effect;
use crate::keymap::{Chord, Context};
use crate::layout;
use crate::model::past::Wish;
use crate::model::ui::{OVERVIEW_ORDERS, Picture, Prompt, PromptKind, RowKey, Screen, TARGET_ORDERS};
use crate::model::{Changed, Model, flow, latency};
use crate::target::TargetId;
use std::sync::Arc;

pub(super) fn pressed(model: &mut Model, chord: Chord, effects: &mut Vec<Effect>) {
    model.changed = Changed::Now;
    model.ui.pressed = Some(chord);
    if chord == Chord::ctrl('c') {
        effects.push(Effect::Quit);
    } else if model.ui.wall.is_some() {
        wall::pressed(model, chord);
    } else if model.acts.over.is_some() {
        act::key(model, chord, effects);
    } else if model.ui.prompt.is_some() {
        prompt::typed(model, chord, effects);
    } else if model.ui.copying.is_some() {
        copy::pressed(model, chord, effects);
    } else if model.ui.explain.is_some() {
        explain::pressed(model, chord);
    } else if model.ui.screen == Screen::Explore
        && model.explore.typing
        && explore::typed(model, chord, effects)
    {
    } else {
        let context = model.ui.screen.context();
        if let Some(command) = model.plan.ui.keys.command(context, chord) {
            run(model, command, effects);
        }
    }
}

/// By how many rows a chord moves in a menu or a box of choices; none: it moves nothing.
pub(super) fn step(model: &Model, chord: Chord) -> Option<isize> {
    Some(match model.plan.ui.keys.command(Context::Menu, chord)? {
        Command::Down | Command::NextPane => 1,
        Command::Up | Command::PreviousPane => -1,
        Command::HalfDown | Command::PageDown => 10,
        Command::HalfUp | Command::PageUp => -10,
        Command::Bottom => isize::MAX / 2,
        Command::Top => isize::MIN / 2,
        _ => return None,
    })
}

/// Carries out a command.
pub(super) fn run(model: &mut Model, command: Command, effects: &mut Vec<Effect>) {
    let page = page(model);
    if past::locked(model, command) {
        return;
    }
    match command {
        Command::Quit => quit(model, effects),
        Command::Help if model.ui.screen == Screen::Help => back(model),
        Command::Help => go(model, Screen::Help),
        Command::Overview => go(model, Screen::Overview),
        Command::Targets => go(model, Screen::Targets),
        Command::Wall => wall::hang(model),
        Command::Slos => go(model, Screen::Slos),
        Command::Incidents => go(model, Screen::Incidents),
        Command::Actions => go(model, Screen::Actions),
        Command::Acknowledge => incidents::acknowledge(model, effects),
        Command::Note => incidents::note(model),
        Command::Explain => explain::open(model),
        Command::Act => act::open(model),
        Command::ActRestart => act::open_kind(model, ActionKind::Restart, effects),
        Command::ActRollback => act::open_kind(model, ActionKind::Rollback, effects),
        Command::Explore => explore::open(model, "", effects),
        Command::Panels => go(model, Screen::Panels),
        Command::Latency => go(model, Screen::Latency),
        Command::Breakers => go(model, Screen::Flow),
        Command::Zoom => zoom::open(model, effects),
        Command::Longer if past::is_tape(model) => past::wish(model, Wish::Faster(1)),
        Command::Shorter if past::is_tape(model) => past::wish(model, Wish::Faster(-1)),
        Command::Longer => zoom::range(model, 1),
        Command::Shorter => zoom::range(model, -1),
        Command::Earlier => past::step(model, -1),
        Command::Later => past::step(model, 1),
        Command::MuchEarlier => past::wish(model, Wish::Leap(-1)),
        Command::MuchLater => past::wish(model, Wish::Leap(1)),
        Command::Live => past::live(model),
        Command::Capture => past::capture(model, "", effects),
        Command::CursorBack => mouse::cursor(model, -1),
        Command::CursorOn => mouse::cursor(model, 1),
        Command::Pin => explore::pin(model, ""),
        Command::Browse => browse::open(model, effects),
        Command::CommandLine => open_prompt(model, PromptKind::Command),
        Command::Find => open_prompt(model, PromptKind::Find),
        Command::Filter => open_prompt(model, PromptKind::Filter),
        Command::Back => back(model),
        Command::Open if matches!(model.ui.screen, Screen::Incident(_)) => past::to_incident(model),
        Command::Open => open(model, effects),
        Command::NextPane | Command::PreviousPane if model.ui.screen == Screen::Explore => {
            model.explore.typing = true;
        }
        Command::NextPane => turn(model, 1),
        Command::PreviousPane => turn(model, -1),
        Command::Left => turn(model, -1),
        Command::Right => turn(model, 1),
        Command::Down => moved(model, 1),
        Command::Up => moved(model, -1),
        Command::Top => moved(model, isize::MIN / 2),
        Command::Bottom => moved(model, isize::MAX / 2),
        Command::HalfDown => moved(model, (page / 2).max(1)),
        Command::HalfUp => moved(model, -(page / 2).max(1)),
        Command::PageDown => moved(model, page),
        Command::PageUp => moved(model, -page),
        Command::NextMatch => step_match(model, 1),
        Command::PreviousMatch => step_match(model, -1),
        Command::Freeze if model.is_past() => past::wish(model, Wish::Toggle),
        Command::Freeze => freeze(model),
        Command::Sort => sort(model),
        Command::SortReverse => {
            let list = model.ui.list_mut();
            list.reversed = !list.reversed;
            settle(model);
        }
        Command::Refresh => refresh(model, effects),
        Command::Theme => next_theme(model, effects),
        Command::Mouse => {
            model.ui.mouse = !model.ui.mouse;
            effects.push(Effect::Mouse(model.ui.mouse));
            let state = if model.ui.mouse { "on" } else { "off: the terminal selects text" };
            say(model, false, format!("mouse {state}"));
        }
        Command::Redraw => effects.push(Effect::Redraw),
        Command::Copy => copy::open(model, effects),
        Command::Suspend => effects.push(Effect::Suspend),
        Command::Reload => effects.push(Effect::Reload),
    }
}

/// Leaves; while an act is under way only when it is asked for twice, because nobody would learn how it ended.
fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    let doing = model.acts.live().map(|run| {
        format!(
            "{} on {} is under way: once more leaves it alone",
            run.proposal.action().name,
            run.proposal.service()
        )
    });
    match doing {
        Some(text) if model.acts.leaving < model.now => {
            model.acts.leaving = model.now + super::MESSAGE_FOR;
            say(model, true, text);
        }
        _ => effects.push(Effect::Quit),
    }
}

/// Shows another screen; `back` returns.
pub(super) fn go(model: &mut Model, screen: Screen) {
    if model.ui.screen == screen {
        return;
    }
    let before = std::mem::replace(&mut model.ui.screen, screen);
    model.ui.cursor = None;
    model.ui.trail.retain(|seen| *seen != model.ui.screen && *seen != before);
    model.ui.trail.push(before);
    if matches!(model.ui.screen, Screen::Service(_)) {
        model.ui.service = crate::model::ui::ListState::default();
        model.ui.pane = 0;
    }
    if matches!(model.ui.screen, Screen::Incident(_)) {
        model.ui.incident = crate::model::ui::ListState::default();
    }
    settle(model);
}

fn back(model: &mut Model) {
    if model.ui.cursor.take().is_some() || zoom::unpick(model) {
        return;
    }
    let list = model.ui.list_mut();
    if !list.filter.is_empty() {
        list.filter.clear();
        settle(model);
    } else if let Some(before) = model.ui.trail.pop() {
        model.ui.screen = before;
        settle(model);
    } else if model.ui.frozen.is_some() {
        freeze(model);
    } else {
        model.ui.message = None;
    }
}

fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    model.ui.list_mut().chosen = true;
    match model.ui.list().selected.clone() {
        Some(RowKey::Service(name)) => go(model, Screen::Service(name)),
        Some(RowKey::Run(id)) => act::repeat(model, &id, effects),
        Some(RowKey::Incident(id)) => go(model, Screen::Incident(id)),
        Some(RowKey::Slo(name)) => {
            let found = model.slos.rows.iter().find(|row| row.name == name);
            match found.map(|row| Arc::clone(&row.service)).filter(|name| model.service(name).is_some()) {
                Some(service) => go(model, Screen::Service(service)),
                None => say(model, true, "this SLO speaks of no service of the configuration".to_owned()),
            }
        }
        Some(RowKey::Series(labels)) => explore::isolate(model, labels),
        Some(RowKey::Family(index)) => browse::chosen(model, index, effects),
        Some(RowKey::Flow(key)) => go(model, Screen::Service(key.service)),
        Some(RowKey::Line(_)) => zoom::explored(model, effects),
        Some(RowKey::Panel(_)) => zoom::open(model, effects),
        Some(RowKey::Target(id)) => {
            if let Some(row) = model.target(id) {
                let service = Arc::clone(&row.target.service);
                if model.ui.screen == Screen::Service(Arc::clone(&service)) {
                    go(model, Screen::Targets);
                    model.ui.targets.selected = Some(RowKey::Target(id));
                    model.ui.targets.chosen = true;
                    settle(model);
                } else {
                    go(model, Screen::Service(service));
                    model.ui.service.selected = Some(RowKey::Target(id));
                    model.ui.service.chosen = true;
                    settle(model);
                }
            }
        }
        _ => {}
    }
}

/// The screens that `left` and `right` turn through; on the service screen they turn through services instead.
const RING: [Screen; 9] = [
    Screen::Overview,
    Screen::Targets,
    Screen::Explore,
    Screen::Panels,
    Screen::Slos,
    Screen::Incidents,
    Screen::Actions,
    Screen::Latency,
    Screen::Flow,
];

fn turn(model: &mut Model, by: isize) {
    if matches!(model.ui.screen, Screen::Zoom(_)) {
        return zoom::turn(model, by);
    }
    if let Screen::Service(name) = &model.ui.screen {
        let order: Vec<Arc<str>> = crate::model::ui::services(model.shown(), &model.ui.overview)
            .map(|row| Arc::clone(&row.name))
            .collect();
        if let Some(at) = order.iter().position(|other| other == name) {
            let next = (at as isize + by).rem_euclid(order.len() as isize) as usize;
            if let Some(name) = order.get(next) {
                model.ui.screen = Screen::Service(Arc::clone(name));
                model.ui.overview.selected = Some(RowKey::Service(Arc::clone(name)));
                model.ui.overview.chosen = true;
                model.ui.service = crate::model::ui::ListState::default();
                settle(model);
            }
        }
        return;
    }
    let at = RING.iter().position(|screen| *screen == model.ui.screen).unwrap_or(0);
    let next = (at as isize + by).rem_euclid(RING.len() as isize) as usize;
    if let Some(screen) = RING.get(next) {
        go(model, screen.clone());
    }
}

fn page(model: &Model) -> isize {
    let areas = layout::areas(model);
    if let Screen::Incident(id) = &model.ui.screen {
        return layout::timeline_rows(model, id, areas.body).max(1) as isize;
    }
    layout::list_rows(areas.list, model.ui.size).max(1) as isize
}

/// Moves the selection by rows.
pub(super) fn moved(model: &mut Model, by: isize) {
    model.changed = Changed::Now;
    if model.ui.screen == Screen::Help {
        let last = model.plan.ui.keys.rows().len() as isize;
        let help = &mut model.ui.help;
        help.offset = (help.offset as isize).saturating_add(by).clamp(0, last) as usize;
        return;
    }
    if let Screen::Incident(id) = &model.ui.screen {
        // Down is towards the newest, at the end. Of entries that take two lines, half as many fit.
        let entries = model.incidents.get(id).map_or(0, |it| it.timeline.len());
        let most = entries.saturating_sub(page(model) as usize / 2) as isize;
        let list = &mut model.ui.incident;
        list.offset = (list.offset as isize).saturating_sub(by).clamp(0, most) as usize;
        return;
    }
    let keys = model.keys();
    let list = model.ui.list_mut();
    let last = keys.len().saturating_sub(1) as isize;
    list.index = (list.index as isize).saturating_add(by).clamp(0, last) as usize;
    list.selected = keys.get(list.index).cloned();
    list.chosen = true;
    scroll(model);
}

/// Brings selection and offset back in order after rows have come, gone or moved.
pub(super) fn settle(model: &mut Model) {
    let keys = model.keys();
    model.ui.settle_on(&keys);
    scroll(model);
}

fn scroll(model: &mut Model) {
    if matches!(model.ui.screen, Screen::Incident(_) | Screen::Help) {
        return; // these scroll a text
    }
    let page = page(model).max(1) as usize;
    let len = model.keys().len();
    let list = model.ui.list_mut();
    list.offset =
        list.offset.min(list.index).max((list.index + 1).saturating_sub(page)).min(len.saturating_sub(page));
}

fn open_prompt(model: &mut Model, kind: PromptKind) {
    let before = match kind {
        PromptKind::Filter => model.ui.list().filter.clone(),
        PromptKind::Command | PromptKind::Note | PromptKind::Find => String::new(),
    };
    let text = before.clone();
    model.ui.prompt = Some(Prompt::new(kind, &text, before));
    if matches!(kind, PromptKind::Command | PromptKind::Find) {
        offers::begin(model);
    }
}

/// Selects a row by its number, counted from 1.
pub(super) fn jump(model: &mut Model, number: usize) {
    if matches!(model.ui.screen, Screen::Help | Screen::Incident(_)) {
        return moved(model, isize::try_from(number).unwrap_or(isize::MAX / 2).saturating_sub(1));
    }
    let keys = model.keys();
    let Some(key) = number.checked_sub(1).and_then(|index| keys.get(index)) else {
        let text = match keys.len() {
            0 => "there is no row here".to_owned(),
            1 => "there is one row here".to_owned(),
            rows => format!("there are {rows} rows here"),
        };
        return say(model, true, text);
    };
    select(model, key.clone(), number - 1);
}

/// Selects a row.
pub(super) fn select(model: &mut Model, key: RowKey, index: usize) {
    let list = model.ui.list_mut();
    (list.selected, list.index, list.chosen) = (Some(key), index, true);
    scroll(model);
}

/// With a filter, all rows match: the next one is the next row. Kept apart so that a search that does not hide rows
/// can be given the same keys.
fn step_match(model: &mut Model, by: isize) {
    moved(model, by);
}

fn freeze(model: &mut Model) {
    if model.ui.frozen.take().is_none() {
        let (fleet, incidents) = (Arc::clone(&model.fleet), model.incidents.clone());
        let slos = model.slos.rows.clone();
        model.ui.frozen = Some(Box::new(Picture { fleet, incidents, slos, at: model.now }));
    }
    settle(model);
}

fn sort(model: &mut Model) {
    let orders = match model.ui.screen {
        Screen::Overview => OVERVIEW_ORDERS,
        Screen::Targets | Screen::Service(_) => TARGET_ORDERS,
        Screen::Latency => latency::ORDERS,
        Screen::Flow => flow::ORDERS,
        _ => return say(model, false, "this list has one order; S turns it round".to_owned()),
    };
    let list = model.ui.list_mut();
    list.order = (list.order + 1) % orders.len();
    list.reversed = false;
    let by = orders.get(list.order).copied().unwrap_or_default();
    settle(model);
    say(model, false, format!("sorted by {by}"));
}

fn refresh(model: &mut Model, effects: &mut Vec<Effect>) {
    let of_service = |model: &Model, name: &str| -> Vec<TargetId> {
        model.service(name).map(|row| row.targets.clone()).unwrap_or_default()
    };
    let targets = match (&model.ui.screen, &model.ui.list().selected) {
        (Screen::Service(name), _) => of_service(model, name),
        (_, Some(RowKey::Service(name))) => of_service(model, name),
        (_, Some(RowKey::Flow(key))) => of_service(model, &key.service),
        (_, Some(RowKey::Target(id))) => vec![*id],
        _ => Vec::new(),
    };
    if let Some(why) = targets.first().and_then(|id| super::attached::polled_elsewhere(model, *id)) {
        return say(model, false, why);
    }
    let count = targets.len();
    effects.extend(targets.into_iter().map(|id| Effect::PollNow(Some(id))));
    say(model, false, format!("polling {count} {}", if count == 1 { "target" } else { "targets" }));
}

fn next_theme(model: &mut Model, effects: &mut Vec<Effect>) {
    let plan = std::sync::Arc::clone(&model.plan);
    let names = plan.ui.themes.names();
    let at = names.iter().position(|name| *name == model.ui.theme).unwrap_or(0);
    if let Some(name) = names.get((at + 1) % names.len().max(1)) {
        set_theme(model, name, effects);
    }
}

pub(super) fn set_theme(model: &mut Model, name: &str, effects: &mut Vec<Effect>) {
    name.clone_into(&mut model.ui.theme);
    // What was tried on is on the screen already.
    if model.ui.line.preview.as_deref() != Some(name) {
        effects.push(Effect::Theme(name.to_owned()));
    }
    say(model, false, format!("theme {name}"));
}
