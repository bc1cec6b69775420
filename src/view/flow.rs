//! Every breaker and every queue of the fleet, the worst first; below, the selected one's course and what is known of it.

use super::incidents::lasts;
use super::latency::squeeze;
use super::teach::{nothing_matches, teach};
use super::{chart, draw, list, zoom};
use crate::labels::Labels;
use crate::layout;
use crate::model::Model;
use crate::model::flow::{FlowKind, FlowRow, HEIGHTS, ORDERS};
use crate::model::ui::RowKey;
use crate::model::zoom::{Closeup, Subject, ZoomLine};
use crate::plan::Signal;
use crate::target::BreakerState;
use crate::target::health::State;
use crate::theme::{Role, Theme};
use crate::units::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::time::Duration;
use warroom_widgets::{Cell, Column, Row, Sort, SparkMode, Sparkline, Trend, Unit, human};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    let state = &model.ui.flow;
    let inner = list::frame(model, theme, "breakers and queues", state, list, buf);
    let rows = model.flow_rows();
    if rows.is_empty() {
        return match state.filter.as_str() {
            "" => empty(model, theme, inner, buf),
            filter => nothing_matches(theme, "breaker or queue", filter, inner, buf),
        };
    }
    let height = layout::list_rows(list, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let longest = |of: &dyn Fn(&FlowRow) -> usize| rows.iter().map(of).max().unwrap_or(0).clamp(7, 24) as u16;
    let service = longest(&|row| crate::text::width(&row.key.service));
    let name = longest(&|row| crate::text::width(row.key.name.as_str()));
    let right = |name: &'static str, width| Column::new(name, width).alignment(Alignment::Right);
    let columns = [
        Column::new("state", 14).min(11).priority(250),
        Column::new("", 7).priority(130),
        Column::new("service", service).min(service.min(16)).priority(245),
        Column::new("name", name).min(name.min(16)).priority(251),
        right("waiting", 8).priority(240),
        right("change", 8).priority(220),
        Column::new("", 12).min(8).flex(2).priority(180),
        right("oldest", 7).priority(170),
        right("consumers", 9).priority(110),
        right("failed", 7).priority(150),
        Column::new("since", 11).priority(200),
        right("opened", 6).priority(90),
        Column::new("told by", 16).min(8).flex(1).priority(40),
    ];
    let cells: Vec<Row<'_>> =
        rows.iter().skip(first).take(height).map(|row| cells(model, theme, row)).collect();
    let sort = ORDERS.get(state.order).map(|order| match *order {
        "service" => 2,
        "name" => 3,
        "depth" => 4,
        "change" => 5,
        _ => 0,
    });
    list::table(theme, &columns, &cells, state, first, rows.len())
        .sort(sort.map(|column| Sort { column, descending: !state.reversed }))
        .render(inner, buf);
    if let Some(RowKey::Flow(key)) = &state.selected
        && let Some(row) = rows.iter().find(|row| row.key == *key)
    {
        self::detail(model, theme, row, detail, buf);
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    teach(
        model,
        theme,
        "no service tells of breakers or queues: three lines ask one",
        &[
            "[service.checkout]",
            "poll.breakers = { kind = \"breakers\", path = \"/actuator/circuitbreakers\" }",
            "poll.jobs = { kind = \"queues\", expr = 'sum by (queue) (redis_queue_length)', label = \"queue\" }",
        ],
        "kinds breakers, queues and redis ask the service; with expr = they come from its metrics",
        area,
        buf,
    );
}

/// The role of a row: a breaker that is closed and a queue that is quiet need no colour.
fn role(row: &FlowRow) -> Role {
    match (row.state, row.trend) {
        (State::Up, Trend::Up) => Role::Title,
        (State::Up, _) => Role::Muted,
        (state, _) => draw::role(state),
    }
}

fn light(theme: &Theme, row: &FlowRow) -> [Span<'static>; 2] {
    let style = theme.style(role(row));
    let glyph = match row.state {
        State::Up => theme.glyphs().good,
        state => draw::glyph(state, theme.glyphs()),
    };
    let (here, all) = row.views;
    // A breaker is one thing on each instance: on how many of them it is so.
    let word = match row.breaker {
        Some(state) if state != BreakerState::Closed && all > 1 && row.state != State::Stale => {
            format!("{} {here}/{all}", row.word)
        }
        _ => row.word.clone(),
    };
    [Span::styled(format!("{glyph} "), style), Span::styled(word, style)]
}

fn cells(model: &Model, theme: &Theme, row: &FlowRow) -> Row<'static> {
    let (muted, text, faint) = (theme.style(Role::Muted), theme.style(Role::Text), theme.style(Role::Faint));
    let is_queue = row.key.kind == FlowKind::Queue;
    let old = row.state == State::Stale;
    let style = if old { theme.style(Role::Stale) } else { text };
    let name = if row.state == State::Up { style } else { theme.style(Role::Title) };
    // What a breaker does not have is left empty; what a queue does not tell is a dash.
    let of_queue = |value: Option<f64>, unit: Unit, style: Style| match value {
        _ if !is_queue => Cell::Empty,
        None => Cell::text(theme.glyphs().unknown, faint),
        Some(_) => Cell::text(draw::number(value, unit, theme), style),
    };
    let consumers = match row.consumers {
        Some(0.0) if row.depth.is_some_and(|depth| depth > 0.0) => theme.style(Role::Degraded),
        _ => muted,
    };
    let failed = match (row.calls, is_queue) {
        (_, true) | ((None, _, None), _) => Cell::Empty,
        ((_, _, Some(good)), _) => Cell::text(draw::number(Some(1.0 - good), Unit::Ratio, theme), style),
        ((failed, ..), _) => Cell::text(draw::number(failed, Unit::Count, theme), style),
    };
    let opened = if row.opened > 0 { Cell::text(format!("{}x", row.opened), muted) } else { Cell::Empty };
    let origins: Vec<&str> = row.origins.iter().map(|origin| &**origin).collect();
    Row::new([
        Cell::Line(Line::from(light(theme, row).to_vec())),
        Cell::text(row.key.kind.word(), muted),
        Cell::text(crate::text::clean(&row.key.service).into_owned(), if old { style } else { text }),
        Cell::text(row.key.name.to_string(), name),
        of_queue(
            row.depth,
            Unit::Count,
            chart::value_style(row.depth.unwrap_or(f64::NAN), row.limits, theme),
        ),
        change_cell(theme, row),
        spark(theme, row),
        of_queue(row.oldest, Unit::Seconds, muted),
        of_queue(row.consumers, Unit::Count, consumers),
        failed,
        since_cell(model, theme, row),
        opened,
        Cell::text(crate::text::clean(&origins.join(", ")).into_owned(), faint),
    ])
}

/// `+120/m ▲`: messages a minute.
fn change_cell(theme: &Theme, row: &FlowRow) -> Cell<'static> {
    let Some(change) = row.change else {
        return if row.depth.is_some() {
            Cell::text(theme.glyphs().unknown, theme.style(Role::Faint))
        } else {
            Cell::Empty
        };
    };
    let (glyph, role) = match row.trend {
        Trend::Up => (theme.glyphs().up, Role::Title),
        Trend::Down => (theme.glyphs().down, Role::Muted),
        // What is empty and stays so needs no words.
        _ if row.depth == Some(0.0) => return Cell::Empty,
        _ => return Cell::text("steady", theme.style(Role::Faint)),
    };
    Cell::text(format!("{}{glyph}", per_minute(change)), theme.style(role))
}

/// `+120/m`.
fn per_minute(change: f64) -> String {
    let sign = if change < 0.0 { "-" } else { "+" };
    format!("{sign}{}/m", human(change.abs().round(), Unit::Count))
}

/// Since when a breaker is in its state: the time, and how long that is.
fn since_cell(model: &Model, theme: &Theme, row: &FlowRow) -> Cell<'static> {
    let Some((since, exact)) = row.since else { return Cell::Empty };
    let lasted = lasts(model.seen_at().since(since));
    let clock = draw::clock(since, &model.plan.ui.zone);
    let open = row.breaker != Some(BreakerState::Closed);
    let style = theme.style(if open { Role::Text } else { Role::Muted });
    // Without a change that was seen, it has been so for at least that long.
    let text =
        if exact { format!("{clock} {lasted}") } else { format!("{} {lasted}", theme.glyph("≥", ">=")) };
    Cell::text(text, style)
}

fn spark(theme: &Theme, row: &FlowRow) -> Cell<'static> {
    let (values, last, glyphs) = (row.course.clone(), row.last_bucket, theme.glyph_set());
    let old = row.state == State::Stale;
    let style = theme.style(if old { Role::Stale } else { Role::Graph });
    let (warning, critical) = (theme.style(Role::Degraded), theme.style(Role::Down));
    let limits = if row.breaker.is_some() { Some((0.5, 1.5)) } else { row.limits };
    let height = row.breaker.is_some().then_some(2.0);
    Cell::Draw(Box::new(move |area, buf| {
        let (values, last) = squeeze(&values, last, SparkMode::default().slots(area.width));
        let mut spark = Sparkline::new(&values).style(style).glyphs(glyphs).sweep(last);
        if let Some(height) = height {
            spark = spark.min(0.0).max(height);
        }
        if let Some((warn, crit)) = limits {
            spark = spark.above(warn, warning).above(crit, critical);
        }
        (&spark).render(area, buf);
    }))
}

fn detail(model: &Model, theme: &Theme, row: &FlowRow, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let lines = facts(model, theme, row);
    let (words, graph) = halves(lines.len(), area);
    let head = draw::title(row.key.name.as_str(), &crate::text::clean(&row.key.service), theme);
    let inner = draw::pane(head, theme, words, buf);
    draw::lines(&lines, inner, theme, buf);
    if graph.height < 5 {
        // No room for axes: the course alone, below the words.
        let used = (lines.len() as u16 + 1).min(inner.height);
        let height = inner.height.saturating_sub(used).min(1);
        let place = Rect {
            x: inner.x + 11.min(inner.width),
            y: inner.y + used,
            width: inner.width.saturating_sub(12),
            height,
        };
        if let (Cell::Draw(course), false) = (spark(theme, row), place.is_empty()) {
            buf.set_stringn(inner.x, place.y, " course", 11, theme.style(Role::Muted));
            course(place, buf);
        }
        return;
    }
    let word = if row.key.kind == FlowKind::Queue { "waiting" } else { "state" };
    let it = closeup(model, row);
    let span = it.span.map_or_else(String::new, |(start, end)| {
        crate::units::format_duration(Duration::from_secs(end.since(start).as_secs()))
    });
    let mut head = draw::title(word, &span, theme);
    head.spans.extend(chart::cursor_span(model, theme));
    let inner = draw::pane(head, theme, graph, buf);
    zoom::graph(model, theme, &it, &Subject::Flow(row.key.clone()), inner, buf);
}

/// Where so many lines of words and the graph stand; the latter only where there is room.
fn halves(lines: usize, area: Rect) -> (Rect, Rect) {
    let [words, graph] = if area.width >= 100 {
        Layout::horizontal([Constraint::Fill(2), Constraint::Fill(3)]).areas(area)
    } else {
        let height = (lines as u16 + 2).min(area.height);
        let height = if area.height >= height + 6 { height } else { area.height };
        Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area)
    };
    (words, graph)
}

/// The moment under a cell of the graph, in Unix seconds.
pub(super) fn moment(model: &Model, theme: &Theme, area: Rect, x: u16, y: u16) -> Option<f64> {
    let Some(RowKey::Flow(key)) = &model.ui.flow.selected else { return None };
    let row = model.flow_rows().into_iter().find(|row| row.key == *key)?;
    let (_, graph) = halves(facts(model, theme, &row).len(), area);
    let it = closeup(model, &row);
    let drawn = graph.height >= 5 && it.span.is_some();
    drawn
        .then(|| zoom::moment_in(model, theme, &it, &Subject::Flow(key.clone()), draw::within(graph), (x, y)))
        .flatten()
}

/// The course of a row as a graph.
fn closeup(model: &Model, row: &FlowRow) -> Closeup {
    let service = model.service(&row.key.service);
    let bucket = service.map_or(Duration::from_secs(5), |service| service.reading(Signal::Requests).bucket);
    let seconds = bucket.as_secs_f64().max(1.0);
    let newest = row.last_bucket as f64 * seconds;
    let count = row.course.len();
    let at = |index: usize| newest - (count - 1 - index) as f64 * seconds;
    let points: Vec<(f64, f64)> =
        row.course.iter().enumerate().map(|(index, value)| (at(index), value.unwrap_or(f64::NAN))).collect();
    let is_breaker = row.key.kind == FlowKind::Breaker;
    // Of a few messages there are no halves.
    let most = row.course.iter().flatten().copied().fold(0.0, f64::max);
    let bounds = if is_breaker { Some((0.0, 2.0)) } else { (most < 4.0).then_some((0.0, 4.0)) };
    let span = (count > 1 && newest > 0.0)
        .then(|| (Timestamp::from_seconds(at(0)), Timestamp::from_seconds(newest)));
    Closeup {
        limits: row.limits,
        lines: vec![ZoomLine { name: String::new(), labels: Labels::empty(), points }],
        span,
        gap: seconds * 1.5,
        bounds,
        words: if is_breaker { HEIGHTS } else { &[] },
        waiting: row.course.is_empty(),
        ..Closeup::default()
    }
}

/// What is known of it, in words.
fn facts(model: &Model, theme: &Theme, row: &FlowRow) -> Vec<Line<'static>> {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let pair = |name: &str, value: String, style: Style| {
        Line::from(vec![Span::styled(format!(" {name:<10}"), muted), Span::styled(value, style)])
    };
    let zone = &model.plan.ui.zone;
    let mut lines = Vec::new();
    let mut first = vec![Span::styled(format!(" {:<10}", row.key.kind.word()), muted)];
    first.extend(light(theme, row));
    lines.push(Line::from(first));
    if let Some((since, exact)) = row.since {
        let word = if exact { "since" } else { "at least" };
        let lasted = lasts(model.seen_at().since(since));
        lines.push(pair(word, format!("{}, {lasted}", draw::clock_seconds(since, zone)), text));
    }
    if row.opened > 0 {
        lines.push(pair("opened", format!("{} times in what was seen", row.opened), text));
    }
    let count = |value: f64| human(value, Unit::Count);
    match row.calls {
        (None, None, None) => {}
        (failed, calls, good) => {
            let told = [
                good.map(|good| format!("{} succeed", human(good, Unit::Ratio))),
                failed.map(|failed| format!("{} failed", count(failed))),
                calls.map(|calls| format!("of {}", count(calls))),
            ];
            let told: Vec<String> = told.into_iter().flatten().collect();
            lines.push(pair("calls", told.join(", "), text));
        }
    }
    if let Some(depth) = row.depth {
        let style = chart::value_style(depth, row.limits, theme);
        let change = row.change.filter(|_| row.trend != Trend::Flat).map(per_minute);
        let change = change.map_or_else(String::new, |change| format!(", {change}"));
        lines.push(pair("waiting", format!("{}{change}", count(depth)), style));
        let limits =
            row.limits.map(|(warning, critical)| format!("{} and {}", count(warning), count(critical)));
        let limits = limits.unwrap_or_else(|| "none: bands = { queue = [200, 500] } sets them".to_owned());
        lines.push(pair("limits", limits, muted));
        if let Some(full) = row.full_in() {
            lines.push(pair(
                "critical",
                format!("in {} at this pace", lasts(full)),
                theme.style(Role::Degraded),
            ));
        }
        if let Some(oldest) = row.oldest {
            lines.push(pair("oldest", human(oldest, Unit::Seconds), text));
        }
        if let Some(consumers) = row.consumers {
            lines.push(pair("consumers", count(consumers), text));
        }
    }
    let told: Vec<&str> = row.origins.iter().map(|origin| &**origin).collect();
    let told = crate::text::clean(&told.join(", ")).into_owned();
    lines.push(pair("told by", format!("{told} at {}", draw::clock(row.at, zone)), muted));
    lines
}
