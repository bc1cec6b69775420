//! Where the menu of actions and the choice of a parameter stand over the screen, and what lies at a cell of them.

use super::{areas, wrapped};
use crate::action::spec::ParamKind;
use crate::model::Model;
use crate::model::act::{Fill, Menu, Over};
use ratatui::layout::{Margin, Rect};

/// Cells that the names in front of the lines take.
pub const HEAD: usize = 11;
/// Lines of one item of the menu.
const ITEM: usize = 2;

/// The width of what stands over the screen, border included.
pub fn over_width(body: Rect) -> u16 {
    body.width.saturating_sub(4).min(112)
}

/// The area of what stands over the screen with so many lines, border included: the middle of `body`.
pub fn over_area(body: Rect, rows: usize) -> Rect {
    let width = over_width(body);
    let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2).min(body.height);
    Rect {
        x: body.x + body.width.saturating_sub(width) / 2,
        y: body.y + body.height.saturating_sub(height) / 2,
        width,
        height,
    }
}

/// The lines that are scrolled out at the top, so that the one after `chosen` is in view as well.
pub fn over_skip(chosen: usize, height: u16) -> usize {
    (chosen + 2).saturating_sub(usize::from(height))
}

/// The first line of an item of the menu.
pub fn menu_line(index: usize) -> usize {
    index * ITEM
}

/// What stands above the choices of a parameter: names and texts.
pub fn fill_head(fill: &Fill) -> Vec<(&str, &str)> {
    let mut out = vec![("action", fill.action.title.as_str())];
    out.extend(fill.values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if let Some(param) = fill.param.and_then(|index| fill.action.params.get(index)) {
        out.push((&param.name, &param.title));
    }
    out
}

/// The item of the menu, or the choice of the parameter, at a cell.
pub fn over_item(model: &Model, x: u16, y: u16) -> Option<usize> {
    let body = areas(model).body;
    match model.acts.over.as_ref()? {
        Over::Menu(menu) => menu_item(menu, body, x, y),
        Over::Fill(fill) => fill_item(fill, body, x, y),
        Over::Ask(_) | Over::Run(_) => None,
    }
}

fn menu_item(menu: &Menu, body: Rect, x: u16, y: u16) -> Option<usize> {
    let line = line_at(body, menu_line(menu.items.len()), menu_line(menu.index), x, y)?;
    let index = line / ITEM;
    (index < menu.items.len()).then_some(index)
}

fn fill_item(fill: &Fill, body: Rect, x: u16, y: u16) -> Option<usize> {
    let param = fill.action.params.get(fill.param?)?;
    let listed = match &param.kind {
        ParamKind::Free { .. } => false,
        ParamKind::OneOf(_) => true,
        ParamKind::Listed(_) => matches!(fill.lists.get(&param.name), Some(Ok(_))),
    };
    let choices = if listed { fill.choices(fill.param?).len() } else { 0 };
    let room = usize::from(over_width(body)).saturating_sub(2 + HEAD + 2).max(1);
    let lines = |text: &str| wrapped(&crate::text::clean(text), room).len();
    let above: usize = fill_head(fill).iter().map(|(_, text)| lines(text)).sum();
    let said = fill.said.as_deref().map_or(0, lines);
    let line = line_at(body, above + choices + said, above + fill.index, x, y)?;
    line.checked_sub(above).filter(|index| *index < choices)
}

/// The line at a cell of a box of so many lines, of which `chosen` is in view.
fn line_at(body: Rect, lines: usize, chosen: usize, x: u16, y: u16) -> Option<usize> {
    let inner = over_area(body, lines).inner(Margin::new(1, 1));
    if !inner.contains((x, y).into()) {
        return None;
    }
    let skip = over_skip(chosen, inner.height);
    let row = usize::from(y - inner.y);
    // The last row says how many more there are.
    let full = lines.saturating_sub(skip) > usize::from(inner.height);
    (!full || row + 1 < usize::from(inner.height)).then_some(skip + row)
}
