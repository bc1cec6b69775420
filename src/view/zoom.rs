//! One graph over the whole screen: axes, limits, deploys and actions; below it last, least, largest and mean of each
//! line.

use super::{chart, draw, latency, list};
use crate::model::Model;
use crate::model::ui::Screen;
use crate::model::zoom::{Closeup, Subject};
use crate::theme::{Role, Theme};
use crate::units::{Timestamp, format_duration};
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Layout, Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::time::Duration;
use warroom_widgets::{Cell, Column, Graph, Mark, Row, Series, Threshold, Unit, human};

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, table: Rect, buf: &mut Buffer) {
    let (Some(it), Screen::Zoom(subject)) = (model.closeup(), &model.ui.screen) else {
        let inner = draw::pane(draw::title("zoom", "", theme), theme, area, buf);
        let lines = ["there is nothing of that name any more", "esc goes back"];
        return draw::centred(&lines, theme.style(Role::Muted), inner, buf);
    };
    let (area, heat) = parts(model, subject, area);
    let row = match subject {
        Subject::Latency(name) if !heat.is_empty() => {
            model.latency_rows().into_iter().find(|row| row.name == name)
        }
        _ => None,
    };
    let inner = draw::pane(title(model, theme, &it, subject), theme, area, buf);
    match (&it.error, it.lines.iter().any(|line| !line.points.is_empty())) {
        (Some(error), _) => chart::trouble(theme, error, inner, buf),
        (None, false) => {
            let text = if it.waiting { "evaluating" } else { "no data in this range" };
            draw::centred(
                &[text, "", "+ looks further back, x says where it comes from"],
                theme.style(Role::Muted),
                inner,
                buf,
            );
        }
        (None, true) => graph(model, theme, &it, subject, inner, buf),
    }
    if let (Some(row), false) = (&row, heat.is_empty()) {
        latency::heat_pane(model, theme, row, heat, buf);
    }
    legend(model, theme, &it, table, buf);
}

/// The graph, and below it what more there is to see of a latency, where there is room.
fn parts(model: &Model, subject: &Subject, area: Rect) -> (Rect, Rect) {
    let known = |name: &str| model.latency_rows().iter().any(|row| &**row.name == name);
    match subject {
        Subject::Latency(name) if area.height >= 26 && known(name) => {
            let [area, heat] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(area);
            (area, heat)
        }
        _ => (area, Rect::default()),
    }
}

fn title(model: &Model, theme: &Theme, it: &Closeup, subject: &Subject) -> Line<'static> {
    let mut spans =
        vec![Span::styled(format!(" {} ", crate::text::clean(&it.title)), theme.style(Role::Title))];
    let muted = theme.style(Role::Muted);
    spans.push(Span::styled(format!("{} ", span_text(it)), theme.style(Role::Key)));
    let picked = model.zoom.as_ref().and_then(|zoom| zoom.picked);
    if let Some(picked) = picked {
        spans.push(Span::styled(format!("{} ", chart::picked(model, picked)), muted));
    } else if let Some(at) = it.at {
        let zone = &model.plan.ui.zone;
        spans.push(Span::styled(
            format!("to {} {} ", draw::clock(at, zone), draw::zone_name(at, zone)),
            muted,
        ));
    }
    spans.extend(chart::cursor_span(model, theme));
    let kin = subject.kin(model);
    if let Some(place) = kin.iter().position(|known| known == subject).filter(|_| kin.len() > 1) {
        spans.push(Span::styled(format!("{} of {} ", place + 1, kin.len()), muted));
    }
    Line::from(spans)
}

/// How far back it looks: `15m`, or `3m seen of 15m`.
pub(super) fn span_text(it: &Closeup) -> String {
    let Some((start, end)) = it.span else { return String::new() };
    let seconds = |from: Timestamp| format_duration(Duration::from_secs(end.since(from).as_secs()));
    match it.asked.filter(|asked| *asked < start) {
        Some(asked) => format!("{} seen of {}", seconds(start), seconds(asked)),
        None => seconds(start),
    }
}

/// A share of a budget on an axis down to `low`: `30%`, `-450%`; where it was spent many times over, `-25x`.
pub(super) fn share(left: f64, low: f64) -> String {
    if low < -9.995 && left <= -0.5 {
        human(left.round(), Unit::Times)
    } else {
        format!("{:.0}%", left * 100.0)
    }
}

/// Words or numbers of the axis.
fn value(it: &Closeup, value: f64) -> String {
    if it.words.is_empty() {
        // A budget that was spent many times over, as the list of objectives writes it.
        if it.unit == Unit::Ratio && value < -9.995 {
            return human(value.round(), Unit::Times);
        }
        return human(value, it.unit);
    }
    let whole = (value - value.round()).abs() < 1e-9 && value >= 0.0;
    let word = whole.then(|| it.words.get(value.round() as usize)).flatten();
    word.map_or_else(String::new, |word| (*word).to_owned())
}

/// Names of the lines: their own, or what tells their labels apart.
fn names(it: &Closeup) -> Vec<String> {
    let short = chart::short_names(it.lines.iter().map(|line| &line.labels));
    let name = |line: &crate::model::zoom::ZoomLine| {
        if line.name.is_empty() { short(&line.labels) } else { line.name.clone() }
    };
    it.lines.iter().map(name).collect()
}

/// The lines with axes, limits and marks.
pub(super) fn graph(
    model: &Model,
    theme: &Theme,
    it: &Closeup,
    subject: &Subject,
    area: Rect,
    buf: &mut Buffer,
) {
    with_graph(model, theme, it, subject, area, |graph| graph.render(area, buf));
}

/// The moment under a cell of the screen, in Unix seconds: for the mouse.
pub(super) fn moment(model: &Model, theme: &Theme, area: Rect, x: u16, y: u16) -> Option<f64> {
    let (Some(it), Screen::Zoom(subject)) = (model.closeup(), &model.ui.screen) else { return None };
    let inner = parts(model, subject, area).0.inner(Margin::new(1, 1));
    moment_in(model, theme, &it, subject, inner, (x, y))
}

/// The moment under a cell of a graph that stands in `inner`, in Unix seconds.
pub(super) fn moment_in(
    model: &Model,
    theme: &Theme,
    it: &Closeup,
    subject: &Subject,
    inner: Rect,
    (x, y): (u16, u16),
) -> Option<f64> {
    let inside = inner.contains((x, y).into()) && it.error.is_none();
    inside.then(|| with_graph(model, theme, it, subject, inner, |graph| graph.x_at(inner, x))).flatten()
}

/// Makes the graph and hands it over.
fn with_graph<T>(
    model: &Model,
    theme: &Theme,
    it: &Closeup,
    subject: &Subject,
    area: Rect,
    f: impl FnOnce(&Graph<'_>) -> T,
) -> T {
    let names = names(it);
    let series: Vec<Series<'_>> = it
        .lines
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(index, (line, name))| {
            let name = crate::text::truncate(name, 32, theme.ascii).into_owned();
            Series::new(name, &line.points).style(chart::line_style(theme, index)).max_gap(it.gap)
        })
        .collect();
    let zone = &model.plan.ui.zone;
    let (start, end) = it.span.unwrap_or_default();
    let x_format = draw::axis_clock(end.since(start), zone);
    let highest = it.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let highest = highest.filter(|y| y.is_finite()).fold(0.0, f64::max);
    // Ticks of a small ratio need a decimal more to differ.
    let fine = it.unit == Unit::Ratio && it.bounds.is_none() && highest < 0.01;
    let y_format = |y: f64| match it.bounds {
        Some((low, _)) if it.unit == Unit::Ratio => share(y, low),
        _ if fine => format!("{:.2}%", y * 100.0),
        _ => value(it, y),
    };
    let limit =
        |limit: f64, role: Role| Threshold::new(limit).label(human(limit, it.unit)).style(theme.style(role));
    let limits: Vec<Threshold<'_>> = match it.limits {
        Some((warning, critical)) => vec![limit(warning, Role::Degraded), limit(critical, Role::Down)],
        None if it.bounds.is_some_and(|(low, _)| low < 0.0) => {
            vec![Threshold::new(0.0).style(theme.style(Role::Down))]
        }
        None => Vec::new(),
    };
    let found = model.marks(subject, &it.lines, start);
    let happened = found.iter().map(|(at, what)| {
        Mark::new(*at, what.as_str()).style(theme.style(Role::Mark)).label_style(theme.style(Role::Title))
    });
    let marks: Vec<Mark<'_>> = chart::ends(model, theme).into_iter().chain(happened).collect();
    let mut graph = Graph::new(&series)
        .time(true)
        .x_format(&x_format)
        .y_format(&y_format)
        .marks(&marks)
        .pages(draw::PAGES)
        .legend(series.len() > 1 && area.height >= 6)
        .axis_style(theme.style(Role::Border))
        .label_style(theme.style(Role::Muted))
        .empty(if it.waiting { "evaluating" } else { "no data in this range" })
        .glyphs(theme.glyph_set());
    // A limit far above the course would flatten it.
    if it.limits.is_none_or(|(warning, _)| highest > warning * 0.5) {
        graph = graph.thresholds(&limits);
    }
    if let Some((low, high)) = it.bounds {
        graph = graph.y_bounds(low, high);
    } else if highest <= 0.0 && it.unit == Unit::Ratio {
        // Nothing but zeros would otherwise be drawn on a scale up to 100 %.
        graph = graph.y_bounds(0.0, 0.01);
    }
    if it.span.is_some() {
        graph = graph.x_bounds(start.seconds(), end.seconds());
    }
    if let Some(at) = model.ui.cursor.map(|cursor| cursor.at) {
        graph = graph.cursor(Some(at.seconds())).cursor_style(theme.style(Role::Key));
    }
    f(&graph)
}

/// Last, least, largest and mean of each line.
fn legend(model: &Model, theme: &Theme, it: &Closeup, area: Rect, buf: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let state = &model.ui.zoom;
    let inner = list::frame(model, theme, "in this range", state, area, buf);
    let height = crate::layout::list_rows(area, model.ui.size);
    let first = state.offset.min(it.lines.len().saturating_sub(1));
    let span = it.span.map(|(start, end)| (start.seconds(), end.seconds()));
    let names = names(it);
    let right = |name: &'static str| Column::new(name, 9).alignment(Alignment::Right);
    let columns = [
        Column::new("", 2).priority(250),
        Column::new("line", 24).min(8).flex(1).priority(240),
        right("last").priority(250),
        right("min").priority(150),
        right("max").priority(200),
        right("mean").priority(140),
        Column::new("", 16).min(4).priority(20),
    ];
    let number = |found: Option<f64>, mean: bool, index: usize| match found {
        None => Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)),
        Some(_) if mean && !it.words.is_empty() => Cell::Empty,
        Some(found) => {
            let limits = it.limits.filter(|_| it.judged.is_none_or(|judged| judged == index));
            Cell::text(value(it, found), chart::value_style(found, limits, theme))
        }
    };
    let rows: Vec<Row<'_>> = it
        .lines
        .iter()
        .zip(&names)
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(index, (line, name))| {
            let extent = line.extent(span);
            Row::new([
                Cell::text(theme.glyph("━━", "--"), chart::line_style(theme, index)),
                Cell::text(name.clone(), theme.style(Role::Text)),
                number(extent.last, false, index),
                number(extent.least, false, index),
                number(extent.most, false, index),
                number(extent.mean, true, index),
                Cell::Empty,
            ])
        })
        .collect();
    list::table(theme, &columns, &rows, state, first, it.lines.len()).render(inner, buf);
}
