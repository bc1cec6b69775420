//! Alerts of other systems that nobody is told of, and that therefore are no incident here: silenced by whom and until
//! when, inhibited by what, muted by which interval.

use super::draw;
use super::elsewhere;
use super::incidents::lasts;
use crate::foreign::{Foreign, Picture, Suppressed};
use crate::model::Model;
use crate::text::clean;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use warroom_widgets::{Cell, Column, Row, Table};

/// Rows of them at most, beside their frame.
const MOST: usize = 8;
/// What the incident above keeps at least.
const LEAST: u16 = 8;

/// Draws them at the foot of an area, if there are any and there is room; what is left above.
pub(super) fn below(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let open = model.shown_incidents().open();
    let held = model.foreign.held_alone(&open);
    // A frame and the heads of its columns.
    let room = usize::from(area.height.saturating_sub(LEAST + 3));
    if held.is_empty() || room == 0 || area.width < 40 {
        return area;
    }
    let rows = held.len().min(MOST).min(room);
    let height = rows as u16 + 3;
    let [above, foot] =
        [Rect { height: area.height - height, ..area }, Rect { y: area.bottom() - height, height, ..area }];
    let more = match held.len() - rows {
        0 => String::new(),
        more => format!(", {more} more"),
    };
    let count = held.len();
    let words = format!("{count} {}, nobody is told{more}", if count == 1 { "alert" } else { "alerts" });
    let title = draw::title("held back elsewhere", &words, theme);
    let inner = draw::pane(title, theme, foot, buf);
    let cells: Vec<Row<'_>> = held.iter().take(rows).map(|one| row(model, theme, one)).collect();
    let columns = [
        Column::new("held back", 16).min(10).priority(250),
        Column::new("alert", 24).min(12).priority(245),
        Column::new("of", 24).min(8).priority(240),
        Column::new("since", 6).priority(100),
        Column::new("at", 10).priority(90),
        Column::new("by", 40).min(16).flex(1).priority(230),
    ];
    Table::new(&columns, &cells)
        .header_style(theme.style(Role::Muted))
        .glyphs(theme.glyph_set())
        .render(inner, buf);
    above
}

fn row(
    model: &Model,
    theme: &Theme,
    (picture, alert, why): &(&Picture, &Foreign, Suppressed),
) -> Row<'static> {
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let shown = |text: &str| clean(text).into_owned();
    let of = if alert.services.is_empty() {
        alert
            .alert
            .labels
            .get("instance")
            .or_else(|| alert.alert.labels.get("job"))
            .map_or_else(|| "no service of ours".to_owned(), shown)
    } else {
        shown(&alert.services.join(", "))
    };
    let colon = if why.comment.is_empty() { "" } else { ": " };
    let by = format!("{}{colon}{}", why.by, why.comment);
    let word = format!("{} {}", theme.glyphs().off, elsewhere::held(model, why));
    Row::new([
        Cell::text(word, theme.style(Role::Degraded)),
        Cell::text(shown(&alert.alert.name), text),
        Cell::text(of, text),
        Cell::text(lasts(model.now.since(alert.alert.active_at)), muted),
        Cell::text(shown(&picture.backend), muted),
        Cell::text(shown(&by), text),
    ])
}
