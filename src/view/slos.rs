//! Objectives: SLI, budget left, burn per window, time to exhaustion, coverage; below, the selected one's burn-down.

use super::incidents::severity_spans;
use super::teach::{nothing_matches, teach};
use super::{draw, list, zoom};
use crate::layout::{self, wrapped};
use crate::model::Model;
use crate::model::slos::{BurnRow, SloRow};
use crate::model::ui::RowKey;
use crate::model::zoom::LEAST_BUDGET;
use crate::theme::{Role, Theme};
use crate::units::format_duration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::time::Duration;
use warroom_widgets::{BudgetBar, BurnBar, Cell, Column, Graph, Row, Series, Threshold, Unit};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    let state = &model.ui.slos;
    let inner = list::frame(model, theme, "SLOs", state, list, buf);
    let rows = model.slo_rows();
    if rows.is_empty() {
        return empty(model, theme, inner, buf);
    }
    let height = layout::list_rows(list, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let cells: Vec<Row<'_>> = rows.iter().skip(first).take(height).map(|slo| row(theme, slo)).collect();
    let longest = |of: fn(&SloRow) -> &str| {
        rows.iter().map(|slo| crate::text::width(of(slo))).max().unwrap_or(0).clamp(8, 24) as u16
    };
    let seen =
        rows.iter().map(|slo| crate::text::width(&slo.coverage)).max().unwrap_or(0).clamp(9, 16) as u16;
    let right = |name: &'static str, width| Column::new(name, width).alignment(Alignment::Right);
    let columns = [
        Column::new("", 4).priority(250),
        Column::new("SLO", longest(|slo| &slo.name)).priority(249),
        Column::new("service", longest(|slo| &slo.service)).priority(150),
        right("goal", 7).priority(200),
        right("SLI", 8).priority(240),
        Column::new("budget left", if inner.width >= 150 { 26 } else { 17 }).min(12).priority(245),
        right("burn 5m", 7).priority(120),
        right("burn 1h", 7).priority(235),
        right("burn 6h", 7).priority(180),
        right("burn 3d", 7).priority(110),
        Column::new("exhausted in", 16).priority(230),
        Column::new("seen", seen).priority(160),
        Column::new("", 24).flex(1).priority(60),
    ];
    list::table(theme, &columns, &cells, state, first, rows.len()).render(inner, buf);
    if let Some(RowKey::Slo(name)) = &state.selected
        && let Some(slo) = rows.iter().find(|slo| slo.name == *name)
    {
        self::detail(model, theme, slo, detail, buf);
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !model.ui.slos.filter.is_empty() {
        return nothing_matches(theme, "SLO", &model.ui.slos.filter, area, buf);
    }
    teach(
        model,
        theme,
        "no SLO is configured: three lines add one",
        &["[slo.checkout-availability]", "service = \"checkout\"", "objective = 99.9"],
        "warroom slo calc 99.9 says what that allows",
        area,
        buf,
    );
}

/// The role of a share of the budget.
pub(super) fn budget_role(left: Option<f64>) -> Role {
    match left {
        None => Role::Faint,
        Some(left) if left < 0.1 => Role::Down,
        Some(left) if left < 0.25 => Role::Degraded,
        Some(_) => Role::Up,
    }
}

/// The share of the budget that is left: `78.6%`, and `-33x` where it was spent many times over.
pub(super) fn left_text(theme: &Theme, left: Option<f64>) -> String {
    match left {
        Some(left) if left < -9.995 => draw::number(Some(left.round()), Unit::Times, theme),
        left => draw::number(left, Unit::Ratio, theme),
    }
}

/// The budget that is left, as a bar with its share.
pub(super) fn budget_cell(theme: &Theme, left: Option<f64>) -> Cell<'static> {
    let style = theme.style(budget_role(left));
    let label = left_text(theme, left);
    let (track, glyphs, over) = (theme.style(Role::Faint), theme.glyph_set(), theme.style(Role::Down));
    Cell::Draw(Box::new(move |area: Rect, buf: &mut Buffer| {
        BudgetBar::new(left.unwrap_or(f64::NAN))
            .style(style)
            .track_style(track)
            .overspent_style(over)
            .label(label.clone())
            .label_width(6)
            .label_style(style)
            .glyphs(glyphs)
            .render(area, buf);
    }))
}

/// The style of a burn rate: over the factor that asks for action, above 1, or calm.
pub(super) fn burn_style(burn: &BurnRow, theme: &Theme) -> Style {
    match (burn.rate, burn.factor) {
        (None, _) => theme.style(Role::Faint),
        (Some(_), _) if burn.thin => theme.style(Role::Muted),
        (Some(rate), Some(factor)) if rate > factor => theme.style(Role::Down),
        (Some(rate), _) if rate > 1.0 => theme.style(Role::Degraded),
        _ => theme.style(Role::Text),
    }
}

pub(super) fn burn_cell(theme: &Theme, burn: Option<&BurnRow>) -> Cell<'static> {
    let Some(burn) = burn else { return Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)) };
    let thin = if burn.thin && burn.rate.is_some() { "?" } else { "" };
    Cell::text(format!("{}{thin}", draw::number(burn.rate, Unit::Times, theme)), burn_style(burn, theme))
}

/// `99.95%`: as many digits as the objective needs.
pub(super) fn percent(ratio: f64) -> String {
    let text = format!("{:.4}", ratio * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

const MINUTE: Duration = Duration::from_secs(60);

fn row(theme: &Theme, slo: &SloRow) -> Row<'static> {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let light = match slo.firing {
        Some(severity) => Cell::Line(Line::from(severity_spans(severity, true, theme).to_vec())),
        None if slo.left.is_some_and(|left| left < 0.0) => {
            Cell::text(theme.glyphs().bad, theme.style(Role::Down))
        }
        None if slo.sli.is_none() => Cell::text(theme.glyphs().unclear, theme.style(Role::Unknown)),
        None => Cell::text(theme.glyphs().good, theme.style(Role::Up)),
    };
    let sli = match slo.sli {
        None => Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)),
        Some(sli) => {
            let role = if sli < slo.objective { Role::Down } else { Role::Text };
            Cell::text(percent(floor4(sli)), theme.style(role))
        }
    };
    let burn = |minutes: u32| burn_cell(theme, slo.burn(MINUTE * minutes));
    let remark = slo.error.as_ref().map_or_else(
        || Cell::text(crate::text::clean(&slo.remarks.join(", ")).into_owned(), muted),
        |error| Cell::text(crate::text::clean(error).into_owned(), theme.style(Role::Degraded)),
    );
    Row::new([
        light,
        Cell::text(slo.name.to_string(), text),
        Cell::text(slo.service.to_string(), muted),
        Cell::text(percent(slo.objective), muted),
        sli,
        budget_cell(theme, slo.left),
        burn(5),
        burn(60),
        burn(360),
        burn(3 * 1440),
        Cell::text(draw::words(&slo.exhaustion, theme), text),
        Cell::text(slo.coverage.clone(), if slo.covered < 0.9 { theme.style(Role::Stale) } else { muted }),
        remark,
    ])
}

/// Cut and not rounded: 99.9499 % is not 99.95 %.
pub(super) fn floor4(ratio: f64) -> f64 {
    (ratio * 1e5).floor() / 1e5
}

fn detail(model: &Model, theme: &Theme, slo: &SloRow, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let wide = area.width >= 100;
    let [left, right] = if wide {
        Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(area)
    } else {
        // A graph of a line or two says nothing: then the words and bars have it all.
        let words = words(theme, slo, area.width).len() as u16 + 2;
        let words = if area.height >= words + 6 { words } else { area.height };
        let [below, above] = Layout::vertical([Constraint::Min(0), Constraint::Length(words)]).areas(area);
        [below, above]
    };
    burn_down(model, theme, slo, left, buf);
    let inner = draw::pane(draw::title(&slo.name, &slo.window, theme), theme, right, buf);
    let lines = words(theme, slo, right.width);
    let used = (lines.len() as u16).min(inner.height);
    draw::lines(&lines, inner, theme, buf);
    bars(theme, slo, Rect { y: inner.y + used, height: inner.height - used, ..inner }, buf);
}

/// What there is to say of it in words.
fn words(theme: &Theme, slo: &SloRow, width: u16) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(14).max(1);
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let clean = |text: &str| crate::text::clean(text).into_owned();
    let pair = |name: &str, value: String, style: Style| {
        Line::from(vec![Span::styled(format!(" {name:<10}"), muted), Span::styled(value, style)])
    };
    let mut lines = vec![pair("promises", clean(&slo.title), text)];
    let mut left = Vec::new();
    if let Some(seconds) = slo.left_seconds {
        let sign = if seconds < 0.0 { "over by " } else { "" };
        left.push(format!("{sign}{}", draw::number(Some(seconds.abs()), Unit::Seconds, theme)));
    }
    if let Some(events) = slo.left_events {
        let sign = if events < 0.0 { "over by " } else { "" };
        left.push(format!("{sign}{} events", draw::number(Some(events.abs().floor()), Unit::Count, theme)));
    }
    if !left.is_empty() {
        lines.push(pair("left", left.join(", "), theme.style(budget_role(slo.left))));
    }
    if slo.left.is_none_or(|left| left >= 0.0) {
        lines.push(pair("exhausted", draw::words(&slo.exhaustion, theme), text));
    }
    lines.push(pair("seen", format!("{} ({:.0}%)", slo.coverage, slo.covered * 100.0), text));
    for remark in &slo.remarks {
        for (row, part) in wrapped(&clean(remark), room).into_iter().enumerate() {
            lines.push(pair(if row == 0 { "note" } else { "" }, part, theme.style(Role::Stale)));
        }
    }
    for reported in &slo.reported {
        lines.push(pair("it says", clean(reported), text));
    }
    if let Some(error) = &slo.error {
        lines.push(pair("error", clean(error), theme.style(Role::Degraded)));
    }
    lines
}

/// A bar for each window, against the factor that asks for action.
fn bars(theme: &Theme, slo: &SloRow, area: Rect, buf: &mut Buffer) {
    for (index, burn) in slo.burns.iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + index as u16;
        let label = format!(" burn {:<5}", format_duration(burn.window));
        buf.set_stringn(area.x, y, &label, usize::from(area.width), theme.style(Role::Muted));
        let used = (crate::text::width(&label) as u16).min(area.width);
        let rest = Rect { x: area.x + used, y, width: (area.width - used).saturating_sub(1), height: 1 };
        let mut limits = vec![(1.0, theme.style(Role::Degraded))];
        limits.extend(burn.factor.map(|factor| (factor, theme.style(Role::Down))));
        limits.sort_by(|a, b| a.0.total_cmp(&b.0));
        BurnBar::new(burn.rate.unwrap_or(f64::NAN))
            .limits(&limits)
            .label_width(14)
            .style(burn_style(burn, theme))
            .label(format!(
                "{} of {}",
                draw::number(burn.rate, Unit::Times, theme),
                draw::number(burn.factor, Unit::Times, theme)
            ))
            .label_style(burn_style(burn, theme))
            .track_style(theme.style(Role::Faint))
            .glyphs(theme.glyph_set())
            .render(rest, buf);
    }
}

/// The budget over the window.
fn burn_down(model: &Model, theme: &Theme, slo: &SloRow, area: Rect, buf: &mut Buffer) {
    let inner = draw::pane(draw::title("budget left", &slo.coverage, theme), theme, area, buf);
    let points: Vec<(f64, f64)> = slo.course.iter().map(|(at, left)| (at.seconds(), *left)).collect();
    let series = [Series::new("", &points).style(theme.style(budget_role(slo.left)))];
    let zero = [Threshold::new(0.0).style(theme.style(Role::Down))];
    let zone = &model.plan.ui.zone;
    // What was seen, and never so little that the axis has no room for two times.
    let end = points.last().map_or(0.0, |last| last.0);
    let start = points.first().map_or(end, |first| first.0).min(end - LEAST_BUDGET.as_secs_f64());
    let x_format = draw::axis_clock(Duration::from_secs_f64((end - start).max(0.0)), zone);
    let low = points.iter().map(|point| point.1).filter(|y| y.is_finite()).fold(0.0, f64::min);
    let y_format = |y: f64| zoom::share(y, low);
    (&Graph::new(&series)
        .time(true)
        .x_format(&x_format)
        .y_format(&y_format)
        .x_bounds(start, end)
        .y_bounds(low, 1.0)
        .legend(false)
        .thresholds(&zero)
        .axis_style(theme.style(Role::Border))
        .label_style(theme.style(Role::Muted))
        .empty("the first minute is being counted")
        .glyphs(theme.glyph_set()))
        .render(inner, buf);
}
