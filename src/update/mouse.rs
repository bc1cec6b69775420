//! The mouse, and the cursor on the graphs. A click does what a key does and nothing more: no box can be confirmed with it.

use super::{act, copy, explain, keys, offers, prompt, zoom};
use crate::command::Command;
use crate::event::{Effect, Mouse, Press, Under};
use crate::layout;
use crate::model::chart::step_of;
use crate::model::hands::GraphCursor;
use crate::model::ui::{PromptKind, RowKey, Screen};
use crate::model::{Changed, Model};
use crate::plan::Signal;
use crate::units::Timestamp;
use std::time::Duration;

/// The mouse did something.
pub(super) fn used(model: &mut Model, mouse: Mouse, effects: &mut Vec<Effect>) {
    match (mouse.press, mouse.under) {
        (Press::Wheel(rows), _) => wheel(model, mouse, isize::from(rows), effects),
        (Press::Down, _) => pressed(model, mouse, effects),
        (Press::Drag, Under::Graph(at)) => drag(model, at, (mouse.x, mouse.y)),
        (Press::Up, _) => let_go(model),
        _ => {}
    }
}

fn pressed(model: &mut Model, mouse: Mouse, effects: &mut Vec<Effect>) {
    model.changed = Changed::Now;
    loosen(model);
    // A box that asks is answered with keys; the way to it may be clicked.
    if model.acts.over.is_some() {
        if let Some(index) = layout::over_item(model, mouse.x, mouse.y) {
            act::clicked(model, index, effects);
        }
        return;
    }
    if let Some(index) = layout::copy_item(model, mouse.x, mouse.y) {
        return copy::chosen(model, index, effects);
    }
    if model.ui.copying.take().is_some() {
        return;
    }
    if model.ui.prompt.is_some() {
        if let Some(index) = layout::offer_at(model, mouse.x, mouse.y) {
            prompt::clicked(model, index, effects);
        }
        return;
    }
    if model.ui.explain.take().is_some() {
        return;
    }
    match mouse.under {
        Under::Command(command) => return keys::run(model, command, effects),
        Under::Graph(at) => {
            model.explore.typing &= model.ui.screen != Screen::Explore;
            model.ui.cursor = Some(GraphCursor { at, from: None, grip: Some((mouse.x, mouse.y)) });
            return;
        }
        Under::Nothing => {}
    }
    row(model, mouse.x, mouse.y, effects);
}

/// A click selects a row; on the row that is selected it opens it.
fn row(model: &mut Model, x: u16, y: u16, effects: &mut Vec<Effect>) {
    let areas = layout::areas(model);
    if model.ui.screen == Screen::Explore {
        model.explore.typing = areas.summary.contains((x, y).into());
    }
    let index = if model.ui.screen == Screen::Panels {
        layout::panel_at(model, areas.body, x, y)
    } else if matches!(model.ui.screen, Screen::Help | Screen::Incident(_)) {
        None
    } else {
        let body = layout::list_body(areas.list, model.ui.size);
        let inside = body.contains((x, y).into());
        inside.then(|| model.ui.list().offset + usize::from(y - body.y))
    };
    let Some(index) = index else { return };
    let Some(key) = model.keys().get(index).cloned() else { return };
    if model.ui.list().selected.as_ref() == Some(&key) {
        keys::run(model, Command::Open, effects);
    } else {
        keys::select(model, key, index);
    }
}

/// The wheel scrolls what is under it: the box, the list of offers, the text, the rows.
fn wheel(model: &mut Model, mouse: Mouse, rows: isize, effects: &mut Vec<Effect>) {
    model.changed = Changed::Now;
    if model.acts.over.is_some() {
        act::wheel(model, rows);
    } else if let Some(menu) = &mut model.ui.copying {
        menu.index = menu.index.saturating_add_signed(rows.signum()).min(menu.items.len().saturating_sub(1));
    } else if let Some(prompt) = &model.ui.prompt {
        if matches!(prompt.kind, PromptKind::Command | PromptKind::Find) {
            offers::step(model, rows.signum());
            prompt::preview(model, effects);
        }
    } else if model.ui.explain.is_some() {
        explain::scrolled(model, rows);
    } else if matches!(mouse.under, Under::Nothing) || model.ui.screen == Screen::Panels {
        keys::moved(model, rows);
    }
}

/// A drag over a graph moves the cursor and draws a range behind it. Another graph has another scale.
fn drag(model: &mut Model, at: Timestamp, (x, y): (u16, u16)) {
    let Some(cursor) = model.ui.cursor else { return };
    let Some(grip) = cursor.grip.filter(|_| cursor.at != at) else { return };
    if layout::graph_at(model, grip.0, grip.1) == layout::graph_at(model, x, y) {
        model.ui.cursor = Some(GraphCursor { at, from: cursor.from.or(Some(cursor.at)), ..cursor });
        model.changed = Changed::Now;
    }
}

/// What was gripped is no longer: a drag that begins elsewhere does not go on with it.
fn loosen(model: &mut Model) {
    if let Some(cursor) = &mut model.ui.cursor {
        cursor.grip = None;
    }
}

/// The button is let go: the range that was drawn fills the graph.
fn let_go(model: &mut Model) {
    let Some(cursor) = model.ui.cursor else { return };
    let Some((x, y)) = cursor.grip.filter(|_| cursor.from.is_some()) else { return };
    loosen(model);
    let subject = layout::graph_at(model, x, y);
    if subject.is_some() || model.ui.screen == Screen::Explore {
        let (from, to) = cursor.range();
        zoom::pick(model, subject, from, to);
    }
}

/// Moves the cursor by steps of the graph that is shown; where there is none it begins at the newest moment.
pub(super) fn cursor(model: &mut Model, by: i64) {
    let Some((start, end, step)) = span(model) else { return };
    let at = match model.ui.cursor {
        None => end,
        Some(cursor) => {
            let step = i64::try_from(step.as_millis()).unwrap_or(1_000).saturating_mul(by);
            Timestamp::from_millis(cursor.at.millis().saturating_add(step))
        }
    };
    model.ui.cursor = Some(GraphCursor { at: at.clamp(start, end), from: None, grip: None });
    model.changed = Changed::Now;
}

/// Beginning, end and step of what the graphs on the screen show; the longest of them.
fn span(model: &Model) -> Option<(Timestamp, Timestamp, Duration)> {
    if model.ui.screen == Screen::Explore {
        let chart = model.explore.chart.as_ref()?;
        let (start, end) = chart.span?;
        return Some((start, end, chart.step()));
    }
    if matches!(model.ui.screen, Screen::Zoom(_)) {
        let (start, end) = model.closeup()?.span?;
        return Some((start, end, step_of(end.since(start))));
    }
    let figure = |name: &str| model.service(name)?.reading(Signal::Latency).span();
    let (service, own) = match (&model.ui.screen, &model.ui.list().selected) {
        (Screen::Service(name), _) => (Some(&**name), figure(name)),
        (Screen::Panels, _) => (None, None),
        (Screen::Latency, Some(RowKey::Service(name))) => {
            let (start, end) = model.latency_closeup(name)?.span?;
            return Some((start, end, step_of(end.since(start))));
        }
        (Screen::Flow, Some(RowKey::Flow(key))) => {
            let (start, end) = figure(&key.service)?;
            return Some((start, end, step_of(end.since(start))));
        }
        _ => return None,
    };
    let spans = model.panels.of_service(service).filter_map(|(_, panel)| panel.chart.span);
    let (start, end) = spans.chain(own).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    Some((start, end, step_of(end.since(start))))
}
