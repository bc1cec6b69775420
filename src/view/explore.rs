//! The explorer: the line, what is said of it, the graph, the table, and proposals over all of them.

use super::{chart, draw};
use crate::layout::{self, Areas};
use crate::model::Model;
use crate::model::chart::{Chart, MOST_LINES, MOST_ROWS};
use crate::model::ui::RowKey;
use crate::promql::CompletionKind;
use crate::theme::{Role, Theme};
use crate::units::format_duration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};
use warroom_widgets::{Cell, Column, Row, Table, Unit};

/// Cells of the mark before the line.
const PROMPT: u16 = 2;
/// The most proposals that are shown at once.
const SHOWN: usize = 8;

pub(super) fn draw(model: &Model, theme: &Theme, areas: &Areas, buf: &mut Buffer) {
    let cursor = line(model, theme, areas.summary, buf);
    match &model.explore.chart {
        Some(chart) => {
            graph(model, theme, chart, areas.detail, buf);
            table(model, theme, chart, areas.list, buf);
        }
        None => teach(model, theme, areas.detail.union(areas.list), buf),
    }
    if model.explore.typing {
        popup(model, theme, cursor, areas.body, buf);
    }
}

/// What stands in the line, in characters that a terminal may have, and how far it is scrolled.
struct Shown {
    /// Cells left out at the left.
    skipped: usize,
    text: String,
    cursor: usize,
}

fn shown(model: &Model, width: usize) -> Shown {
    let (before, after) = model.explore.line.split();
    let (before, after) = (crate::text::clean(before), crate::text::clean(after));
    let cursor = crate::text::width(&before);
    let skipped = (cursor + 1).saturating_sub(width);
    let whole = format!("{before}{after}");
    // Cut at whole characters: a wide one at the edge is left out.
    let (mut cells, mut text) = (0, String::new());
    for c in whole.chars() {
        let wide = crate::text::width(c.encode_utf8(&mut [0; 4]));
        if cells >= skipped && cells + wide <= skipped + width {
            text.push(c);
        }
        cells += wide;
    }
    Shown { skipped, text, cursor: cursor - skipped }
}

/// Draws the line and what is said of it; returns where the cursor stands.
fn line(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> (u16, u16) {
    let explore = &model.explore;
    let mut more = format!("graph {}", format_duration(explore.looks_back(model.plan.limits.retention)));
    if let Some((_, backend)) = &explore.asked {
        more = format!("{more}, answered by {backend}");
    }
    let inner = if layout::bordered(model.ui.size) {
        draw::pane(draw::title("explore", &more, theme), theme, area, buf)
    } else {
        area
    };
    if inner.is_empty() {
        return (area.x, area.y);
    }
    let width = usize::from(inner.width.saturating_sub(PROMPT + 1)).max(1);
    let shown = shown(model, width);
    buf.set_stringn(inner.x, inner.y, "> ", usize::from(inner.width), theme.style(Role::Key));
    let at = inner.x + PROMPT.min(inner.width);
    let room = usize::from(inner.right().saturating_sub(at));
    if explore.line.text().is_empty() {
        let hint = " type PromQL: a metric's name, tab completes, enter evaluates";
        buf.set_stringn(at, inner.y, hint, room, theme.style(Role::Faint));
    } else {
        let style = theme.style(if explore.typing { Role::Text } else { Role::Muted });
        buf.set_stringn(at, inner.y, &shown.text, room, style);
    }
    let x = at + u16::try_from(shown.cursor).unwrap_or(u16::MAX).min(inner.width);
    if explore.typing && x < inner.right() {
        // The cell under the cursor, or a cell of its own at the end.
        let reversed = Style::new().add_modifier(ratatui::style::Modifier::REVERSED);
        if shown.cursor >= crate::text::width(&shown.text) {
            buf.set_stringn(x, inner.y, theme.glyphs().caret, 1, theme.style(Role::Key));
        } else {
            buf.set_style(Rect::new(x, inner.y, 1, 1), reversed);
        }
    }
    let below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    remarks(model, theme, &shown, below, buf);
    (x, inner.y)
}

/// Two lines: the error with its caret; else what is not kept, or what the evaluation remarked.
fn remarks(model: &Model, theme: &Theme, shown: &Shown, area: Rect, buf: &mut Buffer) {
    let explore = &model.explore;
    let mut lines: Vec<Line<'static>> = Vec::new();
    let muted = theme.style(Role::Muted);
    if let Some(wrong) = &explore.wrong {
        if let Some(at) = wrong.error.at.as_ref().filter(|_| wrong.text == explore.line.text().trim_end()) {
            let cells = |end: usize| {
                crate::text::width(&crate::text::clean(wrong.text.get(..end).unwrap_or(&wrong.text)))
            };
            let (from, to) = (cells(at.start), cells(at.end));
            let indent = 2 + from.saturating_sub(shown.skipped);
            let carets = "^".repeat(to.saturating_sub(from.max(shown.skipped)).clamp(1, 200));
            lines.push(Line::styled(format!("{}{carets}", " ".repeat(indent)), theme.style(Role::Degraded)));
        }
        let text = crate::text::clean(&wrong.error.to_string()).into_owned();
        let text = crate::text::truncate(&text, usize::from(area.width), theme.ascii).into_owned();
        lines.push(Line::styled(text, theme.style(Role::Degraded)));
    } else if !explore.unkept.is_empty() {
        let names = crate::text::clean(&explore.unkept.join(", ")).into_owned();
        let word = if explore.unkept.len() == 1 { "is" } else { "are" };
        lines.push(Line::styled(
            format!("{names} {word} not kept: enter keeps it from now on"),
            theme.style(Role::Notice),
        ));
    } else if let Some(chart) = &explore.chart {
        if let Some(error) = &chart.error {
            lines.push(Line::styled(crate::text::clean(error).into_owned(), theme.style(Role::Degraded)));
        }
        let waiting: Vec<&str> = match chart.expr.names() {
            crate::promql::Names::Only(names) if chart.rows.is_empty() => {
                explore.extra.iter().filter(|name| names.contains(*name)).map(|name| &**name).collect()
            }
            _ => Vec::new(),
        };
        if !waiting.is_empty() {
            let text = format!("kept since you asked, nothing seen yet: {}", waiting.join(", "));
            lines.push(Line::styled(crate::text::clean(&text).into_owned(), muted));
        }
        lines.extend(answered(model, theme));
        lines.extend(
            chart.notes.iter().map(|note| Line::styled(crate::text::clean(note).into_owned(), muted)),
        );
    }
    draw::lines(&lines, area, theme, buf);
}

/// What the server says that is asked: that it will not, that it is not all, that it has not yet.
fn answered(model: &Model, theme: &Theme) -> Option<Line<'static>> {
    let (reference, backend) = model.explore.asked.as_ref()?;
    let key = crate::answers::key_of(reference)?;
    let state = model.remote.backends.iter().find(|state| state.name == *backend)?;
    let row = model.plan.backends.iter().find(|plan| plan.name == *backend);
    let failure = row.and_then(|plan| model.target(plan.target)).and_then(|row| row.failure.as_ref());
    let (text, role) = if let Some(wrong) = state.wrong.get(&*key) {
        (format!("{backend}: {wrong}"), Role::Degraded)
    } else if let Some(failure) = failure {
        (format!("{backend}: {failure}"), Role::Degraded)
    } else if crate::answers::answered_at(&model.store, &key, model.now).is_none() {
        (format!("{backend} has not answered yet"), Role::Muted)
    } else {
        let partial = state.partial.as_ref()?;
        (format!("PARTIAL: {partial}"), Role::Degraded)
    };
    Some(Line::styled(crate::text::clean(&text).into_owned(), theme.style(role)))
}

fn graph(model: &Model, theme: &Theme, chart: &Chart, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let more = match (&chart.only, chart.lines_total) {
        _ if model.ui.cursor.is_some() => chart::cursor(model).unwrap_or_default(),
        _ if model.explore.picked.is_some() => {
            model.explore.picked.map_or_else(String::new, |picked| chart::picked(model, picked))
        }
        (Some(_), _) => "one series; enter on its row brings the others back".to_owned(),
        (None, total) if total > MOST_LINES => {
            format!("{MOST_LINES} of {total} series; enter on a row shows it alone")
        }
        _ => String::new(),
    };
    let inner = draw::pane(draw::title("graph", &more, theme), theme, area, buf);
    chart::graph(model, theme, chart, Unit::Count, None, inner, buf);
}

/// The moment under a cell of the graph.
pub(super) fn moment(model: &Model, theme: &Theme, area: Rect, x: u16, y: u16) -> Option<f64> {
    let chart = model.explore.chart.as_ref()?;
    let frame = chart::Frame { unit: Unit::Count, limits: None, area: draw::within(area) };
    chart::moment(model, theme, chart, frame, (x, y))
}

fn table(model: &Model, theme: &Theme, chart: &Chart, area: Rect, buf: &mut Buffer) {
    let state = &model.ui.explore;
    let mut more = match chart.total {
        0 => String::new(),
        1 => "1 series".to_owned(),
        n if n > MOST_ROWS => format!("{MOST_ROWS} of {n} series"),
        n => format!("{n} series"),
    };
    if !state.filter.is_empty() {
        more = format!("{more} /{}", state.filter);
    }
    let inner = if layout::bordered(model.ui.size) {
        draw::pane(draw::title("values", &more, theme), theme, area, buf)
    } else {
        area
    };
    let keys = model.keys();
    let height = layout::list_rows(area, model.ui.size);
    let first = state.offset.min(keys.len().saturating_sub(1));
    let columns = [
        Column::new("", 1).priority(240),
        Column::new("labels", 20).min(10).flex(1).priority(250),
        Column::new("value", 22).min(8).alignment(Alignment::Right).priority(245),
        Column::new("age", 6).alignment(Alignment::Right).priority(200),
    ];
    let cells: Vec<Row<'_>> = keys
        .iter()
        .skip(first)
        .take(height)
        .filter_map(|key| {
            let RowKey::Series(labels) = key else { return None };
            let row = chart.rows.iter().find(|row| row.labels == *labels)?;
            let line = chart::line_of(chart, row);
            let mark = line.map_or(Cell::Empty, |index| {
                Cell::text(theme.glyphs().sample, chart::line_style(theme, index))
            });
            let name = crate::text::clean(&labels.to_string()).into_owned();
            let age = row.newest.map_or_else(
                || theme.glyphs().unknown.to_owned(),
                |newest| draw::age(model.seen_at().since(newest)),
            );
            let value = short(row.value);
            let style = chart::value_style(row.value, None, theme);
            Some(Row::new([
                mark,
                Cell::text(name, theme.style(Role::Text)),
                Cell::text(value, style),
                Cell::text(age, theme.style(Role::Muted)),
            ]))
        })
        .collect();
    let empty = if chart.at.is_none() {
        "evaluating"
    } else if chart.error.is_some() {
        "no values"
    } else if state.filter.is_empty() {
        "no series now: nothing matches, or it is too old"
    } else {
        "no series matches the filter"
    };
    let focused = !model.explore.typing && !keys.is_empty();
    Table::new(&columns, &cells)
        .header_style(theme.style(Role::Muted))
        .selected(focused.then_some(state.index))
        .selected_style(theme.style(Role::Selection))
        .marker_style(theme.style(Role::Key))
        .offset(first)
        .first(first)
        .total(keys.len())
        .scroll_style(theme.style(Role::Faint))
        .empty(Line::styled(empty, theme.style(Role::Muted)))
        .glyphs(theme.glyph_set())
        .render(inner, buf);
}

/// A value in at most six significant digits, written as Prometheus writes numbers.
fn short(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse().unwrap_or(value);
    crate::promql::format_value(rounded)
}

/// Nothing has been typed: what could be.
fn teach(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut lines = vec![
        "PromQL over what warroom polls, as Prometheus 3 answers it".to_owned(),
        String::new(),
        "rate(http_requests_total[1m])".to_owned(),
        "sum by (job) (rate(http_requests_total{status=~\"5..\"}[1m]))".to_owned(),
        "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[1m])))".to_owned(),
        String::new(),
        format!(
            "{} metric names are kept; others are kept once you ask for them",
            model.store.metric_names().len()
        ),
        "b on a target (2) lists all that it exports".to_owned(),
    ];
    if let Some(last) = model.explore.history.last() {
        lines.push(format!("up brings back: {}", crate::text::clean(last)));
    }
    let width = usize::from(area.width);
    let lines: Vec<String> =
        lines.iter().map(|line| crate::text::truncate(line, width, theme.ascii).into_owned()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    draw::centred(&lines, theme.style(Role::Muted), area, buf);
}

/// Proposals below the cursor.
fn popup(model: &Model, theme: &Theme, cursor: (u16, u16), body: Rect, buf: &mut Buffer) {
    let Some(popup) = &model.explore.popup else { return };
    let count = popup.items.len();
    let chosen = popup.chosen.unwrap_or(0);
    let room = usize::from(body.bottom().saturating_sub(cursor.1 + 1)).min(SHOWN + 2);
    if room < 3 || body.width < 20 {
        return;
    }
    let fits = count.min(room - 2);
    let first = chosen.saturating_sub(fits / 2).min(count - fits);
    let items = popup.items.get(first..first + fits).unwrap_or(&[]);
    let texts: Vec<(String, &str)> =
        items.iter().map(|item| (crate::text::clean(&item.text).into_owned(), word(item.kind))).collect();
    let longest = texts.iter().map(|(text, _)| crate::text::width(text)).max().unwrap_or(0);
    let width = u16::try_from(longest + 16).unwrap_or(u16::MAX).clamp(20, body.width);
    let x = cursor.0.min(body.right().saturating_sub(width)).max(body.x);
    let area = Rect { x, y: cursor.1 + 1, width, height: fits as u16 + 2 }.intersection(body);
    Clear.render(area, buf);
    buf.set_style(area, theme.style(Role::Text));
    let more = if count > fits { format!("{} of {count}", chosen + 1) } else { String::new() };
    let inner = draw::pane(draw::title("tab", &more, theme), theme, area, buf);
    let inside = usize::from(inner.width);
    for (index, (text, kind)) in texts.iter().enumerate() {
        let y = inner.y + index as u16;
        if y >= inner.bottom() {
            break;
        }
        let name = crate::text::truncate(text, inside.saturating_sub(13), theme.ascii);
        let pad = inside.saturating_sub(crate::text::width(&name) + kind.len() + 2);
        let line = Line::from(vec![
            Span::styled(format!(" {name}{}", " ".repeat(pad)), theme.style(Role::Text)),
            Span::styled(format!("{kind} "), theme.style(Role::Muted)),
        ]);
        buf.set_line(inner.x, y, &line, inner.width);
        if popup.chosen == Some(first + index) {
            buf.set_style(Rect { y, height: 1, ..inner }, theme.style(Role::Selection));
        }
    }
}

fn word(kind: CompletionKind) -> &'static str {
    match kind {
        CompletionKind::Metric => "metric",
        CompletionKind::Label => "label",
        CompletionKind::LabelValue => "value",
        CompletionKind::Function => "function",
        CompletionKind::Aggregation => "aggregation",
        CompletionKind::Keyword => "keyword",
    }
}
