//! Panels of one's own: on their page, and on the screens of services. An error of one shows in that one only.

use super::teach::{nothing_matches, teach};
use super::{chart, draw};
use crate::config::PanelKind;
use crate::layout;
use crate::model::Model;
use crate::model::panels::PanelState;
use crate::model::ui::RowKey;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::number::nice_ceil;
use warroom_widgets::{
    BigDigits, BudgetBar, Cell, Column, HeatMap, HeatRow, Row, Sparkline, Table, Unit, human,
};

/// The page of panels.
pub(super) fn page(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let places: Vec<usize> = model
        .keys()
        .into_iter()
        .filter_map(|key| if let RowKey::Panel(index) = key { Some(index) } else { None })
        .collect();
    let inner = area;
    if places.is_empty() {
        let nothing = model.panels.of_service(None).next().is_none();
        if !nothing {
            return nothing_matches(theme, "panel", &model.ui.panels.filter, inner, buf);
        }
        return teach(
            model,
            theme,
            "no panel stands here: a question in PromQL makes one",
            &[
                "[panel.requests]",
                "expr = 'sum by (status) (rate(http_requests_total[5m]))'",
                "unit = \"per-second\"",
            ],
            "with service = \"...\" it stands on that service's screen; p in explore (3) pins one for now",
            inner,
            buf,
        );
    }
    // The page is turned so that the selected panel is on it.
    let fits = layout::grid(inner, places.len()).len().max(1);
    let selected = model.ui.panels.index.min(places.len() - 1);
    let first = selected / fits * fits;
    let shown: Vec<usize> = places.iter().skip(first).take(fits).copied().collect();
    let chosen = places.get(selected).copied();
    grid(model, theme, &shown, chosen, inner, buf);
}

/// The panels of a service, as many as there is room for.
pub(super) fn of_service(model: &Model, theme: &Theme, service: &str, area: Rect, buf: &mut Buffer) {
    let places: Vec<usize> = model.panels.of_service(Some(service)).map(|(index, _)| index).collect();
    if !places.is_empty() && area.height > 0 {
        grid(model, theme, &places, None, area, buf);
    }
}

fn grid(model: &Model, theme: &Theme, places: &[usize], chosen: Option<usize>, area: Rect, buf: &mut Buffer) {
    let cells = layout::grid(area, places.len());
    for (index, (place, cell)) in places.iter().zip(&cells).enumerate() {
        let Some(panel) = model.panels.all.get(*place) else { continue };
        let more = if index + 1 == cells.len() { places.len() - cells.len() } else { 0 };
        draw_panel(model, theme, panel, chosen == Some(*place), more, *cell, buf);
    }
}

/// The moment under a cell of a graph on the page.
pub(super) fn moment_on_page(model: &Model, theme: &Theme, body: Rect, x: u16, y: u16) -> Option<f64> {
    let (first, cells) = layout::panel_cells(model, body);
    let places = model.keys();
    let places = places.iter().skip(first).filter_map(|key| match key {
        RowKey::Panel(index) => Some(*index),
        _ => None,
    });
    places.zip(cells).find_map(|(place, cell)| moment(model, theme, place, cell, (x, y)))
}

/// The moment under a cell of a graph on a service's screen.
pub(super) fn moment_of_service(
    model: &Model,
    theme: &Theme,
    service: &str,
    area: Rect,
    x: u16,
    y: u16,
) -> Option<f64> {
    let places: Vec<usize> = model.panels.of_service(Some(service)).map(|(index, _)| index).collect();
    let cells = layout::grid(area, places.len());
    places.into_iter().zip(cells).find_map(|(place, cell)| moment(model, theme, place, cell, (x, y)))
}

fn moment(model: &Model, theme: &Theme, place: usize, cell: Rect, at: (u16, u16)) -> Option<f64> {
    let panel = model.panels.all.get(place).filter(|panel| panel.plan.kind == PanelKind::Graph)?;
    let limits = panel.plan.thresholds.map(|band| (band.warning, band.critical));
    let frame = chart::Frame { unit: panel.plan.unit, limits, area: draw::within(cell) };
    chart::moment(model, theme, &panel.chart, frame, at)
}

fn draw_panel(
    model: &Model,
    theme: &Theme,
    panel: &PanelState,
    chosen: bool,
    more: usize,
    area: Rect,
    buf: &mut Buffer,
) {
    let title = crate::text::clean(&panel.plan.title).into_owned();
    let room = usize::from(area.width.saturating_sub(16));
    let title = crate::text::truncate(&title, room.max(8), theme.ascii).into_owned();
    let mark = if chosen { theme.glyphs().marker } else { "" };
    let style = theme.style(if chosen { Role::Key } else { Role::Title });
    let mut spans = vec![Span::styled(format!(" {mark}{title} "), style)];
    if panel.pinned {
        spans.push(Span::styled("pinned ", theme.style(Role::Muted)));
    } else if let Some(text) = chart::cursor(model).filter(|_| panel.plan.kind == PanelKind::Graph) {
        spans.push(Span::styled(format!("{text} "), theme.style(Role::Key)));
    } else if panel.plan.kind.has_course() {
        let range = crate::units::format_duration(panel.plan.range);
        spans.push(Span::styled(format!("{range} "), theme.style(Role::Muted)));
    }
    if more > 0 {
        spans.push(Span::styled(format!("+{more} more "), theme.style(Role::Muted)));
    }
    let inner = draw::pane(Line::from(spans), theme, area, buf);
    let limits = panel.plan.thresholds.map(|band| (band.warning, band.critical));
    if let Some(error) = panel.error() {
        return chart::trouble(theme, error, inner, buf);
    }
    if panel.at().is_none() {
        return draw::centred(&["evaluating"], theme.style(Role::Faint), inner, buf);
    }
    let is_empty =
        if panel.plan.kind.has_course() { panel.chart.lines.is_empty() } else { panel.chart.rows.is_empty() };
    if is_empty {
        return draw::centred(&["no data"], theme.style(Role::Faint), inner, buf);
    }
    match panel.plan.kind {
        PanelKind::Stat => stat(theme, panel, limits, inner, buf),
        PanelKind::Gauge => gauge(theme, panel, limits, inner, buf),
        PanelKind::Sparkline => sparklines(theme, panel, limits, inner, buf),
        PanelKind::Graph => chart::graph(model, theme, &panel.chart, panel.plan.unit, limits, inner, buf),
        PanelKind::Heatmap => heatmap(theme, panel, inner, buf),
        PanelKind::Table => table(theme, panel, limits, inner, buf),
    }
}

type Limits = Option<(f64, f64)>;

/// The largest value in large digits; where there are several series, it says so.
fn stat(theme: &Theme, panel: &PanelState, limits: Limits, area: Rect, buf: &mut Buffer) {
    let Some(row) = panel.chart.rows.first() else { return };
    let text = human(row.value, panel.plan.unit);
    let text = if row.value.is_nan() { theme.glyphs().unknown.to_owned() } else { text };
    let style = chart::value_style(row.value, limits, theme);
    let several = panel.chart.total > 1;
    let foot = u16::from(several && area.height >= 4);
    let body = Rect { height: area.height - foot, ..area };
    BigDigits::new(text)
        .style(style)
        .alignment(Alignment::Center)
        .max_scale(1)
        .glyphs(theme.glyph_set())
        .render(body, buf);
    if foot > 0 {
        let name = chart::short_names(panel.chart.rows.iter().map(|row| &row.labels))(&row.labels);
        let text = format!("the largest of {}: {name}", panel.chart.total);
        let below = Rect { y: area.bottom() - 1, height: 1, ..area };
        draw::centred(&[&text], theme.style(Role::Muted), below, buf);
    }
}

/// A bar for each series, up to the critical limit and a quarter, or to the whole where the unit has one.
fn gauge(theme: &Theme, panel: &PanelState, limits: Limits, area: Rect, buf: &mut Buffer) {
    let rows = &panel.chart.rows;
    let largest = rows.iter().map(|row| row.value).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let full = match (limits, panel.plan.unit) {
        (Some((_, critical)), _) if critical > 0.0 => critical * 1.25,
        (_, Unit::Ratio) => 1.0,
        (_, Unit::Percent) => 100.0,
        _ => nice_ceil(largest.max(f64::MIN_POSITIVE)),
    };
    let name = chart::short_names(rows.iter().map(|row| &row.labels));
    each_row(theme, rows.len(), area, buf, |index, line, buf| {
        let Some(row) = rows.get(index) else { return };
        let style = chart::value_style(row.value, limits, theme);
        let bar = labelled(theme, &name(&row.labels), rows.len() > 1, line, buf);
        let ratio = if row.value.is_finite() { (row.value / full).max(0.0) } else { f64::NAN };
        let graph = if limits.is_some() { style } else { theme.style(Role::Graph) };
        let mut gauge = BudgetBar::new(ratio)
            .label(draw::number(Some(row.value), panel.plan.unit, theme))
            .label_width(8)
            .label_style(style)
            .style(graph)
            .track_style(theme.style(Role::Faint))
            .glyphs(theme.glyph_set());
        if let Some((warning, _)) = limits {
            gauge = gauge.mark(warning / full);
        }
        (&gauge).render(bar, buf);
    });
}

fn sparklines(theme: &Theme, panel: &PanelState, limits: Limits, area: Rect, buf: &mut Buffer) {
    let lines = &panel.chart.lines;
    let name = chart::short_names(lines.iter().map(|line| &line.labels));
    each_row(theme, lines.len(), area, buf, |index, line, buf| {
        let Some(course) = lines.get(index) else { return };
        let rest = labelled(theme, &name(&course.labels), lines.len() > 1, line, buf);
        let value = course.points.last().map(|point| point.1);
        let shown = draw::number(value, panel.plan.unit, theme);
        let style = chart::value_style(value.unwrap_or(f64::NAN), limits, theme);
        let wide = 9.min(rest.width);
        buf.set_stringn(rest.x, rest.y, format!("{shown:>8} "), usize::from(wide), style);
        let (values, last) = chart::buckets(&panel.chart, &course.points);
        let mut spark =
            Sparkline::new(&values).style(theme.style(Role::Graph)).glyphs(theme.glyph_set()).sweep(last);
        if let Some((warning, critical)) = limits {
            spark =
                spark.above(warning, theme.style(Role::Degraded)).above(critical, theme.style(Role::Down));
        }
        (&spark).render(Rect { x: rest.x + wide, width: rest.width - wide, ..rest }, buf);
    });
}

/// A row for each bucket, the largest at the top; cumulative buckets are shown as what falls into each.
fn heatmap(theme: &Theme, panel: &PanelState, area: Rect, buf: &mut Buffer) {
    let lines = &panel.chart.lines;
    let bound = |labels: &crate::labels::Labels| {
        labels
            .get("le")
            .and_then(|le| if le == "+Inf" { Some(f64::INFINITY) } else { le.parse::<f64>().ok() })
    };
    let mut rows: Vec<(Option<f64>, String, Vec<Option<f64>>)> = Vec::new();
    let name = chart::short_names(lines.iter().map(|line| &line.labels));
    for line in lines {
        let bound = bound(&line.labels);
        let label = bound.map_or_else(|| name(&line.labels), |le| human(le, panel.plan.unit));
        rows.push((bound, label, chart::buckets(&panel.chart, &line.points).0));
    }
    let cumulative = rows.iter().all(|row| row.0.is_some());
    if cumulative {
        rows.sort_by(|a, b| b.0.unwrap_or(0.0).total_cmp(&a.0.unwrap_or(0.0)));
        // What no bucket bounds is above the largest that does.
        if let [(Some(f64::INFINITY), open, _), (Some(below), ..), ..] = rows.as_mut_slice() {
            *open = format!("> {}", human(*below, panel.plan.unit));
        }
        for index in 0..rows.len() {
            let Some(below) = rows.get(index + 1).map(|row| row.2.clone()) else { break };
            if let Some(row) = rows.get_mut(index) {
                for (value, less) in row.2.iter_mut().zip(below) {
                    *value = value.zip(less).map(|(value, less)| (value - less).max(0.0));
                }
            }
        }
    }
    // Where there is room, a bucket is some lines high.
    let high = (usize::from(area.height) / rows.len().max(1)).clamp(1, 3);
    let lines = rows.iter().flat_map(|(_, label, values)| {
        (0..high).map(move |line| HeatRow::new(if line == high / 2 { label.as_str() } else { "" }, values))
    });
    let rows: Vec<HeatRow<'_>> = lines.collect();
    let ramp = [Role::GraphDim, Role::Graph, Role::Title].map(|role| theme.style(role));
    HeatMap::new(&rows)
        .ramp(&ramp)
        .logarithmic(cumulative)
        .label_style(theme.style(Role::Muted))
        .gap_style(theme.style(Role::Faint))
        .glyphs(theme.glyph_set())
        .render(area, buf);
}

fn table(theme: &Theme, panel: &PanelState, limits: Limits, area: Rect, buf: &mut Buffer) {
    let rows = &panel.chart.rows;
    let name = chart::short_names(rows.iter().map(|row| &row.labels));
    let columns = [
        Column::new("series", 20).min(8).flex(1).priority(200),
        Column::new("value", 8).alignment(Alignment::Right).priority(250),
    ];
    let cells: Vec<Row<'_>> = rows
        .iter()
        .take(usize::from(area.height))
        .map(|row| {
            Row::new([
                Cell::text(name(&row.labels), theme.style(Role::Text)),
                Cell::text(
                    draw::number(Some(row.value), panel.plan.unit, theme),
                    chart::value_style(row.value, limits, theme),
                ),
            ])
        })
        .collect();
    Table::new(&columns, &cells)
        .header_style(theme.style(Role::Muted))
        .total(panel.chart.total)
        .scroll_style(theme.style(Role::Faint))
        .glyphs(theme.glyph_set())
        .render(area, buf);
}

/// Calls `f` for each row that fits; the last line says how many do not.
fn each_row(theme: &Theme, count: usize, area: Rect, buf: &mut Buffer, f: impl Fn(usize, Rect, &mut Buffer)) {
    let room = usize::from(area.height);
    let fits = if count > room { room.saturating_sub(1) } else { count };
    for index in 0..fits {
        f(index, Rect { y: area.y + index as u16, height: 1, ..area }, buf);
    }
    if count > fits && room > 0 {
        let text = format!(" and {} more", count - fits);
        let below = Rect { y: area.y + fits as u16, height: 1, ..area };
        draw::line(Line::styled(text, theme.style(Role::Muted)), below, buf);
    }
}

/// Writes a name at the left of a line and returns what is left of it.
fn labelled(theme: &Theme, name: &str, several: bool, line: Rect, buf: &mut Buffer) -> Rect {
    if !several {
        return Rect { x: line.x + 1.min(line.width), width: line.width.saturating_sub(2), ..line };
    }
    let wide = (line.width / 3).min(24);
    let text = crate::text::truncate(name, usize::from(wide.saturating_sub(2)), theme.ascii).into_owned();
    buf.set_stringn(line.x, line.y, format!(" {text}"), usize::from(wide), theme.style(Role::Muted));
    Rect { x: line.x + wide, width: line.width.saturating_sub(wide + 1), ..line }
}
