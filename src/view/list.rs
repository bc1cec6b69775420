//! What all lists look like: the frame with the filter in its title, the table with its selection.

use super::draw;
use crate::layout;
use crate::model::Model;
use crate::model::ui::ListState;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use warroom_widgets::{Column, Highlight, Row, Table};

/// Draws the frame, where there is room for one; the area within.
pub(super) fn frame(
    model: &Model,
    theme: &Theme,
    name: &str,
    state: &ListState,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    if !layout::bordered(model.ui.size) {
        return area;
    }
    let filter = if state.filter.is_empty() { String::new() } else { format!("/{}", state.filter) };
    draw::pane(draw::title(name, &filter, theme), theme, area, buf)
}

/// The table of a list: `cells` are its rows from `first` on, of `total`.
pub(super) fn table<'a>(
    theme: &Theme,
    columns: &'a [Column<'a>],
    cells: &'a [Row<'a>],
    state: &'a ListState,
    first: usize,
    total: usize,
) -> Table<'a> {
    Table::new(columns, cells)
        .header_style(theme.style(Role::Muted))
        .selected(Some(state.index))
        .selected_style(theme.style(Role::Selection))
        .marker_style(theme.style(Role::Key))
        .offset(first)
        .first(first)
        .total(total)
        .highlight(found(state, theme))
        .scroll_style(theme.style(Role::Faint))
        .glyphs(theme.glyph_set())
}

/// What the filter has found stands out; a filter for what is not there has nothing to show.
fn found<'a>(state: &'a ListState, theme: &Theme) -> Option<Highlight<'a>> {
    let word = state.filter.as_str();
    (!word.is_empty() && !word.starts_with('!')).then(|| Highlight::word(word, theme.style(Role::Match)))
}
