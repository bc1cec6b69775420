//! The help: made from the live keymap, so that it can never be wrong.

use super::draw;
use crate::model::Model;
use crate::target::health::State;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let inner = draw::pane(draw::title("help", "keys that work here, now", theme), theme, area, buf);
    let mut lines = Vec::new();
    for (keys, place, doc) in model.plan.ui.keys.rows() {
        lines.push(Line::from(vec![
            Span::styled(format!("{keys:>18}  "), theme.style(Role::Key)),
            Span::styled(doc.to_owned(), theme.style(Role::Text)),
            Span::styled(
                if place == "anywhere" { String::new() } else { format!("  {place}") },
                theme.style(Role::Faint),
            ),
        ]));
    }
    lines.push(Line::default());
    for (state, meaning) in [
        (State::Up, "answers, and says that it is well"),
        (State::Degraded, "works in part: a dependency, a breaker, a limit, one of several instances"),
        (State::Down, "does not answer, or says that it is down (after some failures in a row)"),
        (State::Warming, "was restarted a short while ago and is not healthy yet"),
        (State::Stale, "nothing new for three intervals: its numbers are old"),
        (State::Unknown, "not asked yet, or your own fault: no link, no secret"),
    ] {
        let mut spans = vec![Span::raw(" ".repeat(8))];
        let [glyph, word] = draw::state_spans(state, &format!("{:<10}", state.word()), theme);
        spans.extend([glyph, word, Span::styled(meaning, theme.style(Role::Text))]);
        lines.push(Line::from(spans));
    }
    lines.push(Line::default());
    for text in [
        "Numbers carry their unit; an unknown one is a dash and never zero.",
        "Command line: a few letters find anything, tab turns through it; `service checkout` or `chk` opens a service, `theme light` changes it.",
    ] {
        lines.push(Line::styled(format!("        {text}"), theme.style(Role::Muted)));
    }
    let offset = model.ui.help.offset.min(lines.len().saturating_sub(1));
    let shown: Vec<Line<'static>> = lines.into_iter().skip(offset).collect();
    draw::lines(&shown, inner, theme, buf);
}
