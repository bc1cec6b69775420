//! The explanation of a number, over the middle of the screen.

use super::draw;
use crate::layout::{EXPLAIN_NAMES, explain_area, explain_lines};
use crate::model::Model;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

pub(super) fn draw(model: &Model, theme: &Theme, body: Rect, buf: &mut Buffer) {
    let Some(explain) = &model.ui.explain else { return };
    let lines = explain_lines(explain, body.width);
    let area = explain_area(body, lines.len());
    if area.is_empty() {
        return;
    }
    Clear.render(area, buf);
    buf.set_style(area, theme.style(Role::Text));
    let room = usize::from(area.height.saturating_sub(2));
    let below = lines.len().saturating_sub(explain.offset + room);
    let more = match (explain.offset, below) {
        (0, 0) => String::new(),
        (_, 0) => "the end".to_owned(),
        (_, below) => format!("{below} more below"),
    };
    let mut title = draw::title(&format!("explain {}", explain.title), &more, theme);
    if title.width() + 2 > usize::from(area.width) {
        title = draw::title(&explain.title, &more, theme);
    }
    let inner = draw::pane(title, theme, area, buf);
    // A name without text of its own goes on with the style of what it continues.
    let mut formula = false;
    let shown: Vec<Line<'static>> = lines
        .iter()
        .map(|(name, text)| {
            formula = if name.is_empty() { formula } else { matches!(*name, "formula" | "measures") };
            let style = theme.style(if formula { Role::Graph } else { Role::Text });
            let wide = usize::from(EXPLAIN_NAMES) - 2;
            Line::from(vec![
                Span::styled(format!(" {name:<wide$} "), theme.style(Role::Muted)),
                Span::styled(text.clone(), style),
            ])
        })
        .skip(explain.offset)
        .take(room)
        .collect();
    draw::lines(&shown, inner, theme, buf);
}
