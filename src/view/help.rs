//! The help: made from the live keymap, so that it can never be wrong.

use super::draw;
use crate::layout::wrapped;
use crate::model::Model;
use crate::target::health::State;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Cells of the widest keys that the table of keys makes room for.
const KEYS: usize = 16;
/// A column of the help is at least so wide.
const COLUMN: u16 = 78;

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let inner = draw::pane(draw::title("help", "keys that work here, now", theme), theme, area, buf);
    let across = (inner.width / COLUMN).clamp(1, 3);
    let width = inner.width / across;
    let entries = entries(model, theme, usize::from(width.saturating_sub(1)));
    let offset = model.ui.help.offset.min(entries.len().saturating_sub(1));
    let mut lines: Vec<Line<'static>> = entries.into_iter().skip(offset).flatten().collect();
    let height = usize::from(inner.height);
    for column in 0..across {
        let here = Rect { x: inner.x + column * width, width, ..inner };
        // The last column says how many lines are left.
        let rest = if column + 1 < across { lines.split_off(height.min(lines.len())) } else { Vec::new() };
        draw::lines(&lines, here, theme, buf);
        lines = rest;
    }
}

/// What the help says: of each entry the lines that it takes at that width.
fn entries(model: &Model, theme: &Theme, width: usize) -> Vec<Vec<Line<'static>>> {
    let rows = model.plan.ui.keys.rows();
    let keys = rows.iter().map(|(keys, ..)| crate::text::width(keys)).max().unwrap_or(0).min(KEYS);
    let mut out: Vec<Vec<Line<'static>>> = Vec::new();
    for (keys_of, place, doc) in rows {
        let text = if place == "anywhere" { doc.to_owned() } else { format!("{doc} ({place})") };
        let head = Span::styled(format!(" {keys_of:>keys$}  "), theme.style(Role::Key));
        out.push(hanging(&head, &text, theme.style(Role::Text), width));
    }
    out.push(vec![Line::default()]);
    for (state, meaning) in [
        (State::Up, "answers, and says that it is well"),
        (State::Degraded, "works in part: a dependency, a breaker, a limit, one of several instances"),
        (State::Down, "does not answer, or says that it is down (after some failures in a row)"),
        (State::Warming, "was restarted a short while ago and is not healthy yet"),
        (State::Stale, "nothing new for three intervals: its numbers are old"),
        (State::Unknown, "not asked yet, or your own fault: no link, no secret"),
    ] {
        let word = format!("{} {}", draw::glyph(state, theme.glyphs()), state.word());
        let head = Span::styled(format!(" {word:>keys$}  "), theme.style(draw::role(state)));
        out.push(hanging(&head, meaning, theme.style(Role::Text), width));
    }
    out.push(vec![Line::default()]);
    for text in [
        "Numbers carry their unit; an unknown one is a dash and never zero.",
        "Command line: a few letters find anything, tab turns through it; service checkout or chk opens a service, theme light changes it.",
        "Mouse: a click selects, a second one opens; a drag over a graph shows that range.",
    ] {
        out.push(hanging(&Span::raw(" "), text, theme.style(Role::Muted), width));
    }
    out
}

/// A head and a text; where the text needs more lines, they stand below its beginning.
fn hanging(head: &Span<'static>, text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    let indent = head.width();
    let parts = wrapped(text, width.saturating_sub(indent).max(1));
    let line = |(index, part): (usize, String)| {
        let first = if index == 0 { head.clone() } else { Span::raw(" ".repeat(indent)) };
        Line::from(vec![first, Span::styled(part, style)])
    };
    parts.into_iter().enumerate().map(line).collect()
}
