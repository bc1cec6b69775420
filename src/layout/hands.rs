//! Where the list of offers, the choice of what to copy, panels and graphs stand, and what lies at a cell of them.

use super::{areas, bordered, grid};
use crate::model::Model;
use crate::model::ui::{PromptKind, RowKey, Screen};
use crate::model::zoom::{FIGURES, Subject};
use ratatui::layout::Rect;
use std::sync::Arc;

/// The most offers that are shown at once.
const OFFERS: u16 = 10;

/// The list of offers above the line: its area, border included, the first offer that is shown, and how many are.
pub fn offers(model: &Model) -> Option<(Rect, usize, usize)> {
    let prompt = model.ui.prompt.as_ref()?;
    let count = model.ui.line.offers.len();
    if count == 0 || !matches!(prompt.kind, PromptKind::Command | PromptKind::Find) {
        return None;
    }
    let footer = areas(model).footer;
    let border = if bordered(model.ui.size) { 2 } else { 0 };
    // It may cover half of the screen, and never the head line.
    let room = (footer.y / 2).min(OFFERS + border).checked_sub(border).filter(|room| *room > 0)?;
    let rows = usize::from(room).min(count);
    let chosen = model.ui.line.chosen.unwrap_or(0);
    let first = chosen.saturating_sub(rows / 2).min(count - rows);
    let height = rows as u16 + border;
    let area = Rect { x: footer.x, y: footer.y - height, width: footer.width.min(110), height };
    Some((area, first, rows))
}

/// The offer at a cell.
pub fn offer_at(model: &Model, x: u16, y: u16) -> Option<usize> {
    let (area, first, rows) = offers(model)?;
    let inner = inner(area, model.ui.size);
    let index = usize::from(y.checked_sub(inner.y)?);
    (inner.contains((x, y).into()) && index < rows).then_some(first + index)
}

/// The choice of what to copy, above the foot line: its area, border included.
pub fn copy_area(model: &Model) -> Option<Rect> {
    let menu = model.ui.copying.as_ref()?;
    let body = areas(model).body;
    let border = if bordered(model.ui.size) { 2 } else { 0 };
    let height = (menu.items.len() as u16 + border).min(body.height);
    let width = body.width.min(72);
    Some(Rect { x: body.x + (body.width - width) / 2, y: body.bottom() - height, width, height })
}

/// The item of that choice at a cell.
pub fn copy_item(model: &Model, x: u16, y: u16) -> Option<usize> {
    let inner = inner(copy_area(model)?, model.ui.size);
    let index = usize::from(y.checked_sub(inner.y)?);
    let count = model.ui.copying.as_ref().map_or(0, |menu| menu.items.len());
    (inner.contains((x, y).into()) && index < count).then_some(index)
}

/// The panels of the page that is shown: the number of the first in the list, and their cells.
pub fn panel_cells(model: &Model, body: Rect) -> (usize, Vec<Rect>) {
    let count = model.keys().len();
    if count == 0 {
        return (0, Vec::new());
    }
    let fits = grid(body, count).len().max(1);
    let first = model.ui.panels.index.min(count - 1) / fits * fits;
    (first, grid(body, (count - first).min(fits)))
}

/// The number in the list of the panel at a cell.
pub fn panel_at(model: &Model, body: Rect, x: u16, y: u16) -> Option<usize> {
    let (first, cells) = panel_cells(model, body);
    cells.iter().position(|cell| cell.contains((x, y).into())).map(|index| first + index)
}

/// What is drawn as a graph around a cell, where that can fill the screen. The explorer's graph does so already.
pub fn graph_at(model: &Model, x: u16, y: u16) -> Option<Subject> {
    let areas = areas(model);
    let panel = |index: usize| {
        let panel = model.panels.all.get(index)?;
        panel.plan.kind.has_course().then(|| Subject::Panel(Arc::clone(&panel.plan.name)))
    };
    match (&model.ui.screen, &model.ui.list().selected) {
        (Screen::Zoom(subject), _) => Some(subject.clone()),
        (Screen::Panels, _) => match model.keys().get(panel_at(model, areas.body, x, y)?) {
            Some(RowKey::Panel(index)) => panel(*index),
            _ => None,
        },
        (Screen::Service(name), _) => {
            let figure = areas.figures.iter().position(|area| area.contains((x, y).into()));
            if let Some((signal, ..)) = figure.and_then(|figure| FIGURES.get(figure)) {
                return Some(Subject::Figure(Arc::clone(name), *signal));
            }
            let places: Vec<usize> = model.panels.of_service(Some(name)).map(|(index, _)| index).collect();
            let cells = grid(areas.panels, places.len());
            let place = cells.iter().position(|cell| cell.contains((x, y).into()))?;
            panel(*places.get(place)?)
        }
        (Screen::Latency, Some(RowKey::Service(name))) => Some(Subject::Latency(Arc::clone(name))),
        (Screen::Flow, Some(RowKey::Flow(key))) => Some(Subject::Flow(key.clone())),
        _ => None,
    }
}

/// What is inside of a box, where boxes have borders.
fn inner(area: Rect, size: (u16, u16)) -> Rect {
    let border = u16::from(bordered(size));
    Rect {
        x: area.x + border.min(area.width),
        y: area.y + border.min(area.height),
        width: area.width.saturating_sub(2 * border),
        height: area.height.saturating_sub(2 * border),
    }
}
