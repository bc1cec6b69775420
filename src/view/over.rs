//! What stands over the screen and takes the keys: the menu of actions, its parameters, the box that asks, an act.

use super::{confirm, draw, footer, menu, progress};
use crate::layout::{HEAD, over_area, over_width, wrapped};
use crate::model::Model;
use crate::model::act::Over;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

pub(super) fn draw(model: &Model, theme: &Theme, body: Rect, buf: &mut Buffer) {
    match &model.acts.over {
        None => {}
        Some(Over::Menu(menu)) => menu::draw(model, theme, menu, body, buf),
        Some(Over::Fill(fill)) => menu::fill(model, theme, fill, body, buf),
        Some(Over::Ask(ask)) => confirm::draw(model, theme, ask, body, buf),
        Some(Over::Run(id)) => {
            if let Some(run) = model.acts.run(id) {
                progress::draw(model, theme, run, body, buf);
            }
        }
    }
}

/// The keys that work in what stands over the screen: fixed, because they are not the screen's.
pub(super) fn hints(model: &Model, theme: &Theme, over: &Over, area: Rect, buf: &mut Buffer) {
    let running = |id: &str| model.acts.run(id).is_some_and(|run| run.is_live() && !run.stopped);
    let fixed: &[(&str, &str, u8)] = match over {
        Over::Menu(_) => &[
            ("enter", "look at it, nothing is sent yet", 200),
            ("j/k", "choose", 190),
            ("esc", "close", 195),
        ],
        Over::Fill(fill) if fill.lists.values().any(Result::is_err) => {
            &[("r", "ask again", 200), ("esc", "cancel", 195)]
        }
        Over::Fill(_) => &[
            ("enter", "go on, nothing is sent yet", 200),
            ("up/down", "choose", 190),
            ("esc", "cancel", 195),
        ],
        Over::Ask(_) => &[
            ("esc", "cancel", 200),
            ("tab", "next field", 190),
            ("ctrl-y", "copy as curl", 180),
            ("PgUp/PgDn", "scroll", 150),
        ],
        Over::Run(id) if running(id) => {
            &[("esc", "close, it goes on", 200), ("c", "do not wait for its end (it is not taken back)", 190)]
        }
        Over::Run(_) => &[("esc", "close", 200)],
    };
    let bound: Vec<(String, &str, u8)> =
        fixed.iter().map(|(key, label, priority)| ((*key).to_owned(), *label, *priority)).collect();
    footer::show(&bound, theme, area, buf);
}

/// Lines with names in front, wrapped to a width.
pub(super) struct Page<'t> {
    theme: &'t Theme,
    width: usize,
    /// The lines.
    pub(super) lines: Vec<Line<'static>>,
}

impl<'t> Page<'t> {
    /// For a box over `body`.
    pub(super) fn new(theme: &'t Theme, body: Rect) -> Self {
        Self::of_width(theme, over_width(body).saturating_sub(2))
    }

    /// For a place of that width.
    pub(super) fn of_width(theme: &'t Theme, width: u16) -> Self {
        Self { theme, width: usize::from(width), lines: Vec::new() }
    }

    /// A name and a text.
    pub(super) fn put(&mut self, name: &str, text: &str, role: Role) {
        let room = self.width.saturating_sub(HEAD + 2).max(1);
        let text = crate::text::clean(text).into_owned();
        for (index, part) in wrapped(&text, room).into_iter().enumerate() {
            let head = if index == 0 { name } else { "" };
            self.lines.push(Line::from(vec![
                Span::styled(format!(" {head:<HEAD$}"), self.theme.style(Role::Muted)),
                Span::styled(part, self.theme.style(role)),
            ]));
        }
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.lines.push(Line::default());
    }
}

/// A pane in the middle of `body` with room for `rows` lines; returns what is inside.
pub(super) fn popup(title: Line<'static>, rows: usize, theme: &Theme, body: Rect, buf: &mut Buffer) -> Rect {
    let area = over_area(body, rows);
    Clear.render(area, buf);
    buf.set_style(area, theme.style(Role::Text));
    draw::pane(title, theme, area, buf)
}
