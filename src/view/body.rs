//! All that a target exports: families with type and help, or the text of an answer that is no metrics.

use super::draw;
use crate::event::{Browsed, Content};
use crate::exposition::Family;
use crate::layout;
use crate::model::Model;
use crate::model::ui::RowKey;
use crate::target::TargetId;
use crate::text::Clean;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use warroom_widgets::{Cell, Column, Row, Table, Unit};

pub(super) fn draw(model: &Model, theme: &Theme, id: TargetId, area: Rect, buf: &mut Buffer) {
    let state = &model.ui.body;
    let browse = model.browse.as_ref().filter(|browse| browse.target == id);
    let outcome = browse.and_then(|browse| browse.outcome.as_ref());
    let whose = model.target(id).map_or_else(String::new, |row| {
        format!("{} {} {}", row.target.service, row.target.poll, row.target.instance)
    });
    let mut more = whose;
    if let Some(Ok(browsed)) = outcome {
        more = format!("{more}   {}", facts(theme, browsed));
    }
    if !state.filter.is_empty() {
        more = format!("{more}   /{}", state.filter);
    }
    let inner = if layout::bordered(model.ui.size) {
        draw::pane(draw::title("body", &more, theme), theme, area, buf)
    } else {
        area
    };
    match outcome {
        None => draw::centred(
            &["asking for the whole body", "", "esc goes back"],
            theme.style(Role::Muted),
            inner,
            buf,
        ),
        Some(Err(failure)) => {
            let text = crate::text::clean(&failure.to_string()).into_owned();
            let lines = ["there is no body to browse", text.as_str(), "", "b asks again, esc goes back"];
            draw::centred(&lines, theme.style(Role::Degraded), inner, buf);
        }
        Some(Ok(browsed)) => match &browsed.content {
            Content::Families(families) => self::families(model, theme, families, area, inner, buf),
            Content::Text(lines, _) => text(model, theme, lines, area, inner, buf),
        },
    }
}

fn facts(theme: &Theme, browsed: &Browsed) -> String {
    let content = match &browsed.content {
        Content::Families(families) => {
            let series: u64 = families.iter().map(|family| family.series).sum();
            format!("{} families, {series} series", families.len())
        }
        Content::Text(lines, false) => format!("no metrics, {} lines", lines.len()),
        Content::Text(lines, true) => format!("no metrics, the first {} lines", lines.len()),
    };
    format!(
        "HTTP {}, {}, {content}, took {}",
        browsed.status,
        draw::number(Some(browsed.bytes as f64), Unit::Bytes, theme),
        draw::number(Some(browsed.took.as_secs_f64()), Unit::Seconds, theme)
    )
}

fn families(model: &Model, theme: &Theme, families: &[Family], list: Rect, inner: Rect, buf: &mut Buffer) {
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let (keys, first, height) = window(model, list);
    let longest = families.iter().map(|family| crate::text::width(family.name.as_str())).max().unwrap_or(0);
    let columns = [
        Column::new("name", (longest as u16).clamp(16, 56)).min(16).priority(250),
        Column::new("type", 9).priority(200),
        Column::new("series", 6).alignment(Alignment::Right).priority(220),
        Column::new("kept", 4).priority(150),
        Column::new("help", 20).min(12).flex(1).priority(180),
    ];
    let cells: Vec<Row<'_>> = keys
        .iter()
        .skip(first)
        .take(height)
        .filter_map(|key| {
            let RowKey::Family(index) = key else { return None };
            let family = families.get(*index)?;
            let kept = kept(model, family);
            Some(Row::new([
                Cell::text(family.name.to_string(), text),
                Cell::text(family.kind.word(), muted),
                Cell::text(draw::number(Some(family.series as f64), Unit::Count, theme), text),
                Cell::text(if kept { "yes" } else { "" }, theme.style(Role::Up)),
                Cell::text(help(family), muted),
            ]))
        })
        .collect();
    draw_table(model, theme, &columns, &cells, (first, keys.len()), inner, buf);
}

fn help(family: &Family) -> String {
    if family.unit.is_empty() {
        family.help.to_string()
    } else {
        format!("[{}] {}", family.unit, family.help)
    }
}

/// Is any sample of the family kept by the scrapes?
fn kept(model: &Model, family: &Family) -> bool {
    let name = family.name.as_str();
    ["", "_total", "_bucket", "_count", "_sum"]
        .iter()
        .any(|suffix| model.plan.keeps(&format!("{name}{suffix}")))
}

fn text(model: &Model, theme: &Theme, lines: &[Clean], list: Rect, inner: Rect, buf: &mut Buffer) {
    let (keys, first, height) = window(model, list);
    let columns = [
        Column::new("line", 6).alignment(Alignment::Right).priority(100),
        Column::new("no metrics: the answer as text", 40).min(10).flex(1).priority(250),
    ];
    let cells: Vec<Row<'_>> = keys
        .iter()
        .skip(first)
        .take(height)
        .filter_map(|key| {
            let RowKey::Family(index) = key else { return None };
            let line = lines.get(*index)?;
            Some(Row::new([
                Cell::text((index + 1).to_string(), theme.style(Role::Faint)),
                Cell::text(line.to_string(), theme.style(Role::Text)),
            ]))
        })
        .collect();
    draw_table(model, theme, &columns, &cells, (first, keys.len()), inner, buf);
}

/// The rows, the first that is shown, and how many there is room for.
fn window(model: &Model, list: Rect) -> (Vec<RowKey>, usize, usize) {
    let keys = model.keys();
    let first = model.ui.body.offset.min(keys.len().saturating_sub(1));
    (keys, first, layout::list_rows(list, model.ui.size))
}

fn draw_table(
    model: &Model,
    theme: &Theme,
    columns: &[Column<'_>],
    cells: &[Row<'_>],
    (first, total): (usize, usize),
    inner: Rect,
    buf: &mut Buffer,
) {
    let empty =
        if model.ui.body.filter.is_empty() { "the body is empty" } else { "nothing matches the filter" };
    Table::new(columns, cells)
        .header_style(theme.style(Role::Muted))
        .selected((total > 0).then_some(model.ui.body.index))
        .selected_style(theme.style(Role::Selection))
        .marker_style(theme.style(Role::Key))
        .offset(first)
        .first(first)
        .total(total)
        .scroll_style(theme.style(Role::Faint))
        .empty(Line::styled(empty, theme.style(Role::Muted)))
        .glyphs(theme.glyph_set())
        .render(inner, buf);
}
