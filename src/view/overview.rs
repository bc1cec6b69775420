//! The overview: one row a service, the worst first; below it what is wrong with the selected one.

use super::draw::{self, Figure};
use super::promises::{deploy_cell, deploys, left_cell, promise_cell, rate_cell};
use super::teach::nothing_matches;
use super::{incident, list};
use crate::layout;
use crate::model::Model;
use crate::model::judge::{limits, over};
use crate::model::rows::{ServiceRow, breaker_word};
use crate::model::ui::{OVERVIEW_ORDERS, RowKey, Screen, services};
use crate::plan::{ServicePlan, Signal};
use crate::target::BreakerState;
use crate::target::health::State;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Direction, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::number::nice_ceil;
use warroom_widgets::{Cell, Column, Row, Sort, SparkMode, Sparkline, Trend, Unit};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    table(model, theme, list, buf);
    if let Some(RowKey::Service(name)) = &model.ui.overview.selected
        && let Some(row) = model.service(name)
    {
        self::detail(model, theme, row, detail, buf);
    }
}

/// The columns, with how long each stays when it is narrow.
const COLUMNS: [(&str, u8); 14] = [
    ("state", 250),
    ("service", 251),
    ("SLO", 135),
    ("budget left", 243),
    ("burn 1h", 235),
    ("p95", 240),
    ("", 150),
    ("err", 245),
    ("req", 130),
    ("queue", 200),
    ("breakers", 210),
    ("inst", 30),
    ("deploy", 160),
    ("why", 120),
];

/// From this width on there is room for everything.
const WIDE: u16 = 150;

/// Is there anything to say in a column?
fn told(model: &Model, name: &str, width: u16) -> bool {
    match name {
        "SLO" | "budget left" | "burn 1h" => !model.slos.rows.is_empty(),
        // Versions alone come where there is room for everything.
        "deploy" => {
            width >= WIDE
                || model.plan.services.iter().any(|plan| {
                    model.shown_incidents().rollout(&plan.name).is_some_and(|rollout| rollout.last.is_some())
                })
        }
        "inst" => width >= WIDE,
        _ => true,
    }
}

fn columns(shown: &[bool], longest_name: u16, width: u16) -> Vec<Column<'static>> {
    let wide = width >= WIDE;
    let narrow = width < 100
        || !wide && COLUMNS.iter().zip(shown).any(|((name, _), shown)| *name == "deploy" && *shown);
    COLUMNS
        .iter()
        .zip(shown)
        .filter(|(_, shown)| **shown)
        .map(|((name, priority), _)| {
            let column = match *name {
                "state" => Column::new(*name, 11),
                "service" => Column::new(*name, longest_name.clamp(8, 24)).min(longest_name.clamp(8, 16)),
                "" => Column::new("", if wide { 24 } else { 10 }).min(8),
                "why" => Column::new(*name, 30).min(24).flex(1),
                "breakers" => Column::new(*name, if wide { 16 } else { 14 }).min(12),
                "SLO" => Column::new(*name, 16).min(15),
                "budget left" => {
                    Column::new(if narrow { "budget" } else { *name }, if wide { 20 } else { 16 }).min(6)
                }
                "burn 1h" => Column::new(*name, 7).alignment(Alignment::Right),
                "deploy" => Column::new(*name, 14).min(9),
                "inst" => Column::new(*name, 4),
                _ => Column::new(*name, 6).alignment(Alignment::Right),
            };
            column.priority(*priority)
        })
        .collect()
}

fn table(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let state = &model.ui.overview;
    let inner = list::frame(model, theme, "services", state, area, buf);
    let rows: Vec<&ServiceRow> = services(model.shown(), state).collect();
    if rows.is_empty() {
        return empty(model, theme, inner, buf);
    }
    let height = layout::list_rows(area, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let shown = COLUMNS.map(|(name, _)| told(model, name, inner.width));
    let cells: Vec<Row<'_>> = rows
        .iter()
        .skip(first)
        .take(height)
        .map(|row| {
            let plan = model.plan.services.iter().find(|plan| plan.name == row.name);
            let cells = service_row(model, theme, row, plan, inner.width >= WIDE);
            Row::new(cells.into_iter().zip(&shown).filter(|(_, shown)| **shown).map(|(cell, _)| cell))
        })
        .collect();
    let longest = model.plan.services.iter().map(|plan| crate::text::width(&plan.name)).max().unwrap_or(0);
    let columns = columns(&shown, longest as u16, inner.width);
    let sort = OVERVIEW_ORDERS.get(state.order).and_then(|order| {
        let head = match *order {
            "worst" => "state",
            "latency" => "p95",
            "errors" => "err",
            "requests" => "req",
            other => other,
        };
        let told = COLUMNS.iter().zip(&shown).filter(|(_, shown)| **shown);
        told.map(|((name, _), _)| *name).position(|name| name == head)
    });
    list::table(theme, &columns, &cells, state, first, rows.len())
        .sort(sort.map(|column| Sort { column, descending: !state.reversed }))
        .render(inner, buf);
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if let Some(lines) = super::attached::waiting(model).filter(|_| model.plan.services.is_empty()) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        draw::centred(&lines, theme.style(Role::Muted), area, buf);
    } else if model.plan.services.is_empty() {
        let lines = [
            "no service is configured",
            "",
            "warroom http://host:port     looks what is there",
            "warroom init http://host:port > config.toml     writes it down",
        ];
        draw::centred(&lines, theme.style(Role::Muted), area, buf);
    } else {
        nothing_matches(theme, "service", &model.ui.overview.filter, area, buf);
    }
}

fn service_row(
    model: &Model,
    theme: &Theme,
    row: &ServiceRow,
    plan: Option<&ServicePlan>,
    wide: bool,
) -> [Cell<'static>; 14] {
    let old = matches!(row.state, State::Stale | State::Unknown) || row.age(model.seen_at()).is_some();
    let fresh = |style: Style| if old { theme.style(Role::Stale) } else { style };
    let text = theme.style(Role::Text);
    let banded = |signal: Signal, value: Option<f64>| {
        let state = plan.zip(value).and_then(|(plan, value)| match signal {
            Signal::Errors => over(value, plan.bands.errors),
            Signal::Latency => limits(plan, signal)
                .and_then(|(warning, critical)| over(value, Some(crate::config::Band { warning, critical }))),
            Signal::Requests => None,
        });
        fresh(state.map_or(text, |state| theme.style(draw::role(state))))
    };
    let figure = |signal: Signal, unit: Unit| {
        let value = row.reading(signal).value;
        let style = if value.is_none() { theme.style(Role::Faint) } else { banded(signal, value) };
        Cell::text(draw::number(value, unit, theme), style)
    };
    let word = match (row.state, row.age(model.seen_at())) {
        (State::Stale, Some(age)) => format!("stale {}", draw::age(age)),
        (state, _) => state.word().to_owned(),
    };
    let name_style = if row.state == State::Up { text } else { theme.style(Role::Title) };
    [
        Cell::Line(Line::from(draw::state_spans(row.state, &word, theme).to_vec())),
        Cell::text(row.name.to_string(), fresh(name_style)),
        promise_cell(theme, row),
        left_cell(theme, row),
        rate_cell(theme, row),
        figure(Signal::Latency, Unit::Seconds),
        spark(theme, row, plan, old),
        figure(Signal::Errors, Unit::Ratio),
        figure(Signal::Requests, Unit::PerSecond),
        queue_cell(theme, row, plan, fresh(text)),
        breaker_cell(theme, row),
        instances_cell(theme, row),
        deploy_cell(model, theme, row, wide),
        reason_cell(theme, row),
    ]
}

fn spark(theme: &Theme, row: &ServiceRow, plan: Option<&ServicePlan>, old: bool) -> Cell<'static> {
    let reading = row.reading(Signal::Latency).clone();
    let limits = plan.and_then(|plan| limits(plan, Signal::Latency));
    // A quiet fleet looks quiet: what is within its limits is drawn dim, with air above it.
    let style = theme.style(if old { Role::Stale } else { Role::GraphDim });
    let (warning, critical) = (theme.style(Role::Degraded), theme.style(Role::Down));
    let glyphs = theme.glyph_set();
    Cell::Draw(Box::new(move |area, buf| {
        let top = reading.course.iter().flatten().copied().fold(0.0, f64::max);
        let mut spark = Sparkline::new(&reading.course)
            .mode(SparkMode::Braille)
            .max(nice_ceil(top * 1.3))
            .style(style)
            .glyphs(glyphs)
            .sweep(reading.last_bucket);
        if let Some((warn, crit)) = limits {
            spark = spark.above(warn, warning).above(crit, critical);
        }
        (&spark).render(area, buf);
    }))
}

fn queue_cell(theme: &Theme, row: &ServiceRow, plan: Option<&ServicePlan>, style: Style) -> Cell<'static> {
    let Some(depth) = row.queued() else {
        return Cell::text(theme.glyphs().unknown, theme.style(Role::Faint));
    };
    let worst = row.queues.iter().filter_map(|queue| over(queue.seen.depth, plan?.bands.queue)).max();
    let style = worst.map_or(style, |state| theme.style(draw::role(state)));
    let before = row.queues.first().and_then(|queue| {
        queue
            .course
            .iter()
            .rev()
            .skip(1)
            .flatten()
            .nth(3)
            .copied()
            .zip(queue.course.last().copied().flatten())
    });
    let trend = match before.map(|(before, now)| Trend::between(before, now, 0.1)) {
        Some(Trend::Up) => theme.glyphs().up,
        Some(Trend::Down) => theme.glyphs().down,
        _ => "",
    };
    Cell::text(format!("{}{trend}", draw::number(Some(depth), Unit::Count, theme)), style)
}

fn breaker_cell(theme: &Theme, row: &ServiceRow) -> Cell<'static> {
    match row.worst_breaker() {
        None => Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)),
        Some(breaker) if breaker.seen.state == BreakerState::Closed => {
            Cell::text("all closed", theme.style(Role::Muted))
        }
        Some(breaker) => {
            let role = draw::role(draw::state_of_breaker(breaker.seen.state));
            let word = breaker_word(breaker.seen.state);
            Cell::text(format!("{word} {}", breaker.seen.name), theme.style(role))
        }
    }
}

fn instances_cell(theme: &Theme, row: &ServiceRow) -> Cell<'static> {
    let (answering, all) = row.instances;
    let role = match (answering, all) {
        (_, 0) => Role::Faint,
        (answering, all) if answering == all => Role::Muted,
        (0, _) => Role::Down,
        _ => Role::Degraded,
    };
    let text = if all == 0 { theme.glyphs().unknown.to_owned() } else { format!("{answering}/{all}") };
    Cell::text(text, theme.style(role))
}

fn reason_cell(theme: &Theme, row: &ServiceRow) -> Cell<'static> {
    let Some(reason) = row.reasons.first() else { return Cell::Empty };
    let more = if row.reasons.len() > 1 { format!("  +{}", row.reasons.len() - 1) } else { String::new() };
    let text = crate::text::clean(&reason.text).into_owned();
    Cell::Line(Line::from(vec![
        Span::styled(text, theme.style(Role::Text)),
        Span::styled(more, theme.style(Role::Muted)),
    ]))
}

/// What is wrong with the selected service, and its three figures where there is room.
fn detail(model: &Model, theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    // Where there is room for it, what happened stands beside the figures.
    let worst = model.worst_incident(&row.name).or_else(|| model.shown_incidents().open().into_iter().next());
    if let (Some(it), true) = (worst, area.width >= WIDE && area.height >= 14) {
        let [left, right] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(area);
        incident::brief(model, theme, it, right, buf);
        return figures(model, theme, row, left, buf);
    }
    figures(model, theme, row, area, buf);
}

/// Why the service is as it is, and its figures below.
fn figures(model: &Model, theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let plan = model.plan.services.iter().find(|plan| plan.name == row.name);
    let reasons_height = (reason_lines(model, theme, row).len() as u16 + 2).min(area.height);
    let left = area.height.saturating_sub(reasons_height);
    let (graphs, lines) = (left >= 7, left >= 3);
    let height = if graphs { reasons_height.min(area.height / 2) } else { area.height };
    let [top, bottom] = Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
    let inner = reasons(model, theme, row, top, buf);
    if !graphs {
        // No room for axes: three lines at the foot of the pane.
        for (index, signal) in [Signal::Latency, Signal::Errors, Signal::Requests].into_iter().enumerate() {
            let y = inner.bottom().saturating_sub(3) + index as u16;
            if lines {
                figure(model, row, plan, signal).draw_line(theme, Rect { y, height: 1, ..inner }, buf);
            }
        }
        return;
    }
    let shown: &[Signal] = if bottom.width >= 110 {
        &[Signal::Latency, Signal::Errors, Signal::Requests]
    } else if bottom.width >= 70 {
        &[Signal::Latency, Signal::Errors]
    } else {
        &[Signal::Latency]
    };
    // Time runs to the right: where it is high, graphs stand one above the other.
    let stacked = bottom.height >= 7 * shown.len() as u16 && bottom.height * 2 >= bottom.width / 3;
    let direction = if stacked { Direction::Vertical } else { Direction::Horizontal };
    let parts = Layout::new(direction, shown.iter().map(|_| Constraint::Fill(1))).split(bottom);
    for (signal, part) in shown.iter().zip(parts.iter()) {
        figure(model, row, plan, *signal).draw(theme, *part, buf);
    }
}

/// A figure of a service, ready to be drawn.
pub(super) fn figure<'a>(
    model: &'a Model,
    row: &'a ServiceRow,
    plan: Option<&ServicePlan>,
    signal: Signal,
) -> Figure<'a> {
    let (name, unit) = match signal {
        Signal::Latency => ("p95", Unit::Seconds),
        Signal::Errors => ("errors", Unit::Ratio),
        Signal::Requests => ("requests", Unit::PerSecond),
    };
    let limits = plan.and_then(|plan| limits(plan, signal));
    let reading = row.reading(signal);
    let span = reading.bucket * reading.course.len() as u32;
    let mut deploys = deploys(model, &row.name, model.seen_at() - span);
    deploys.extend(model.act_marks(&row.name, model.seen_at() - span));
    // On the overview nothing can be read off: its graphs are of whatever is selected.
    let cursor = model.ui.cursor.filter(|_| matches!(model.ui.screen, Screen::Service(_)));
    Figure { name, reading, unit, limits, zone: &model.plan.ui.zone, deploys, cursor }
}

fn reasons(model: &Model, theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) -> Rect {
    let since = row
        .since
        .map(|since| format!("{} since {}", row.state.word(), draw::clock(since, &model.plan.ui.zone)));
    let inner = draw::pane(draw::title(&row.name, &since.unwrap_or_default(), theme), theme, area, buf);
    let lines = reason_lines(model, theme, row);
    draw::lines(&lines, inner, theme, buf);
    inner
}

/// Why a service is as it is, one line a reason.
pub(super) fn reason_lines(model: &Model, theme: &Theme, row: &ServiceRow) -> Vec<Line<'static>> {
    if row.reasons.is_empty() {
        let text = match row.state {
            State::Up => "all polls answer, all breakers are closed, all figures are within their limits",
            _ if model.now.since(model.started).as_secs() < 5 => "asking ...",
            _ => "nothing is known yet",
        };
        return vec![Line::styled(format!(" {text}"), theme.style(Role::Muted))];
    }
    let remedy = super::remedy::of_service(model, row).map(|remedy| {
        let arrow = Span::styled(format!(" {} ", theme.glyphs().arrow), theme.style(Role::Key));
        Line::from(vec![arrow, Span::styled(remedy, theme.style(Role::Muted))])
    });
    row.reasons
        .iter()
        .map(|reason| {
            let glyph = draw::glyph(reason.state, theme.glyphs());
            let text = crate::text::clean(&reason.text).into_owned();
            Line::from(vec![
                Span::styled(format!(" {glyph} "), theme.style(draw::role(reason.state))),
                Span::styled(text, theme.style(Role::Text)),
            ])
        })
        .chain(remedy)
        .collect()
}
