//! What the `:` line and the finder offer, and the choice of what to copy: lists right above the line.

use super::draw;
use crate::layout;
use crate::model::Model;
use crate::model::line::Offer;
use crate::model::names::Sort;
use crate::text::{clean, truncate, width};
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

/// Cells of the word that says what an offer is.
const WORD: usize = 9;

pub(super) fn draw(model: &Model, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    offers(model, theme, screen, buf);
    copying(model, theme, screen, buf);
}

fn cleared(title: Line<'static>, theme: &Theme, area: Rect, bordered: bool, buf: &mut Buffer) -> Rect {
    Clear.render(area, buf);
    buf.set_style(area, theme.style(Role::Text));
    if bordered { draw::pane(title, theme, area, buf) } else { area }
}

fn offers(model: &Model, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    let Some((area, first, rows)) = layout::offers(model) else { return };
    let line = &model.ui.line;
    let more = match line.total {
        total if total > rows => format!("{total} fit"),
        _ => String::new(),
    };
    let title = draw::title("tab", &more, theme);
    let inner = cleared(title, theme, area.intersection(screen), layout::bordered(model.ui.size), buf);
    let shown = line.offers.get(first..first + rows).unwrap_or_default();
    let marked = line.chosen.unwrap_or(0);
    let longest = shown.iter().map(|offer| width(&label(offer))).max().unwrap_or(0);
    for (index, offer) in shown.iter().enumerate() {
        let y = inner.y + index as u16;
        if y >= inner.bottom() {
            break;
        }
        let here = first + index == marked;
        // The state is that of now, and not that of the moment of typing.
        let state = model.service(&offer.label).filter(|_| offer.sort == Sort::Service);
        let note = state.map_or(offer.note.as_str(), |row| row.state.word());
        let row = Rect { y, height: 1, ..inner };
        buf.set_line(
            row.x,
            row.y,
            &offer_line(theme, (offer, note), here, usize::from(row.width), longest),
            row.width,
        );
        if line.chosen == Some(first + index) {
            buf.set_style(row, theme.style(Role::Selection));
        }
    }
}

/// How an offer is called: where its name is only a part of what it does, the whole line.
fn label(offer: &Offer) -> String {
    let whole = matches!(offer.sort, Sort::Line | Sort::Action);
    clean(if whole { &offer.line } else { &offer.label }).into_owned()
}

/// `> checkout  service  DOWN`: the mark says which one enter means.
fn offer_line(
    theme: &Theme,
    (offer, note): (&Offer, &str),
    here: bool,
    room: usize,
    longest: usize,
) -> Line<'static> {
    let mark = if here { theme.glyphs().marker } else { " " };
    let label = label(offer);
    let left = room.saturating_sub(WORD + 4);
    // What it is called and what it is come before what else there is to say.
    let wide = longest.min(left * 7 / 10).max(left * 2 / 5);
    let label = truncate(&label, wide, theme.ascii).into_owned();
    let pad = " ".repeat(wide.saturating_sub(width(&label)));
    let note = truncate(&clean(note), left.saturating_sub(wide), theme.ascii).into_owned();
    Line::from(vec![
        Span::styled(format!("{mark} "), theme.style(Role::Key)),
        Span::styled(format!("{label}{pad} "), theme.style(Role::Text)),
        Span::styled(format!("{:<WORD$}", offer.sort.word()), theme.style(Role::Muted)),
        Span::styled(format!(" {note}"), theme.style(Role::Faint)),
    ])
}

fn copying(model: &Model, theme: &Theme, screen: Rect, buf: &mut Buffer) {
    let (Some(menu), Some(area)) = (&model.ui.copying, layout::copy_area(model)) else { return };
    let title =
        truncate(&clean(&menu.title), usize::from(area.width.saturating_sub(12)), theme.ascii).into_owned();
    let title = draw::title("copy", &title, theme);
    let inner = cleared(title, theme, area.intersection(screen), layout::bordered(model.ui.size), buf);
    for (index, item) in menu.items.iter().enumerate() {
        let y = inner.y + index as u16;
        if y >= inner.bottom() {
            break;
        }
        let here = index == menu.index;
        let mark = if here { theme.glyphs().marker } else { " " };
        let text = clean(item.text.lines().last().unwrap_or("")).into_owned();
        let room = usize::from(inner.width).saturating_sub(35);
        let line = Line::from(vec![
            Span::styled(format!("{mark} "), theme.style(Role::Key)),
            Span::styled(item.key.to_string(), theme.style(Role::Key)),
            Span::styled(format!(" {:<30}", item.label), theme.style(Role::Text)),
            Span::styled(truncate(&text, room, theme.ascii).into_owned(), theme.style(Role::Muted)),
        ]);
        let row = Rect { y, height: 1, ..inner };
        buf.set_line(row.x, row.y, &line, row.width);
        if here {
            buf.set_style(row, theme.style(Role::Selection));
        }
    }
}
