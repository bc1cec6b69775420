//! What is drawn of an expression: lines with axes, rows of values. Used by panels and the explorer alike.

use super::draw;
use crate::labels::{Labels, NAME};
use crate::model::Model;
use crate::model::chart::{Chart, ChartRow};
use crate::theme::{Role, Theme};
use crate::units::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::{Graph, Mark, Series, Threshold, Unit, human};

/// Roles of the lines of a graph, in turn.
const LINES: [Role; 6] = [Role::Graph, Role::Graph2, Role::Graph3, Role::Graph4, Role::GraphDim, Role::Muted];

/// The style of the line at place `index`.
pub(super) fn line_style(theme: &Theme, index: usize) -> Style {
    theme.style(LINES.get(index % LINES.len()).copied().unwrap_or(Role::Graph))
}

/// The labels that tell the series of an answer apart: those that all share go without saying.
pub(super) fn short_names<'a>(all: impl Iterator<Item = &'a Labels> + Clone) -> impl Fn(&Labels) -> String {
    let mut shared: Vec<(String, String)> = Vec::new();
    let mut several = false;
    for (index, labels) in all.enumerate() {
        if index == 0 {
            shared = labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        } else {
            several = true;
            shared.retain(|(name, value)| labels.get(name) == Some(value));
        }
    }
    move |labels| {
        let name = labels.name().unwrap_or("");
        let is_shared = |n: &str| several && shared.iter().any(|(known, _)| known == n);
        let rest: Vec<(&str, &str)> = labels.iter().filter(|(n, _)| *n != NAME && !is_shared(n)).collect();
        let text = match (name, rest.as_slice()) {
            ("", []) => {
                if several {
                    "{}".to_owned()
                } else {
                    "value".to_owned()
                }
            }
            (name, []) => name.to_owned(),
            // One label that differs: its value says it all.
            (_, [(_, value)]) if several && !value.is_empty() => (*value).to_owned(),
            (name, rest) => {
                let pairs: Vec<String> = rest.iter().map(|(n, v)| format!("{n}={v}")).collect();
                let name = if is_shared(NAME) { "" } else { name };
                format!("{name} {}", pairs.join(" ")).trim_start().to_owned()
            }
        };
        crate::text::clean(&text).into_owned()
    }
}

/// The style of a value by its thresholds.
pub(super) fn value_style(value: f64, limits: Option<(f64, f64)>, theme: &Theme) -> Style {
    match limits {
        _ if value.is_nan() => theme.style(Role::Faint),
        Some((_, critical)) if value > critical => theme.style(Role::Down),
        Some((warning, _)) if value > warning => theme.style(Role::Degraded),
        _ => theme.style(Role::Text),
    }
}

/// What a graph is made of, beside its course.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// The unit of its values.
    pub(super) unit: Unit,
    /// From where on a value is worth a warning, or critical.
    pub(super) limits: Option<(f64, f64)>,
    /// Where it stands.
    pub(super) area: Rect,
}

/// The moment under a column of a graph that would be drawn there.
pub(super) fn moment(
    model: &Model,
    theme: &Theme,
    chart: &Chart,
    frame: Frame,
    (x, y): (u16, u16),
) -> Option<f64> {
    if chart.course_error.is_some() || !frame.area.contains((x, y).into()) {
        return None;
    }
    built(model, theme, chart, frame, |graph| graph.x_at(frame.area, x))
}

/// Draws the course.
pub(super) fn graph(
    model: &Model,
    theme: &Theme,
    chart: &Chart,
    unit: Unit,
    limits: Option<(f64, f64)>,
    area: Rect,
    buf: &mut Buffer,
) {
    if let Some(error) = &chart.course_error {
        return trouble(theme, error, area, buf);
    }
    built(model, theme, chart, Frame { unit, limits, area }, |graph| graph.render(area, buf));
}

/// Makes the graph and hands it on.
fn built<R>(
    model: &Model,
    theme: &Theme,
    chart: &Chart,
    frame: Frame,
    then: impl FnOnce(&Graph<'_>) -> R,
) -> R {
    let Frame { unit, limits, area } = frame;
    let name = short_names(chart.lines.iter().map(|line| &line.labels));
    let step = chart.step().as_secs_f64();
    let series: Vec<Series<'_>> = chart
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let name = crate::text::truncate(&name(&line.labels), 40, theme.ascii).into_owned();
            Series::new(name, &line.points).style(line_style(theme, index)).max_gap(step * 1.5)
        })
        .collect();
    let zone = &model.plan.ui.zone;
    let short = chart.range.as_secs() <= 300;
    let x_format = |x: f64| {
        let at = Timestamp::from_seconds(x);
        if short { draw::clock_seconds(at, zone) } else { draw::clock(at, zone) }
    };
    let y_format = |y: f64| human(y, unit);
    let highest = chart
        .lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|p| p.1)
        .filter(|y| y.is_finite())
        .fold(0.0, f64::max);
    let thresholds: Vec<Threshold<'_>> = limits.map_or_else(Vec::new, |(warning, critical)| {
        vec![
            Threshold::new(warning).style(theme.style(Role::Degraded)),
            Threshold::new(critical).style(theme.style(Role::Down)),
        ]
    });
    let empty = match chart.course_at {
        None => "evaluating",
        Some(_) => "no data in this range",
    };
    let mut graph = Graph::new(&series)
        .time(true)
        .x_format(&x_format)
        .y_format(&y_format)
        .legend(area.height >= 5)
        .pages(draw::PAGES)
        .axis_style(theme.style(Role::Border))
        .label_style(theme.style(Role::Muted))
        .empty(empty)
        .glyphs(theme.glyph_set());
    // A limit far above the course would flatten it.
    if limits.is_some_and(|(warning, _)| highest > warning * 0.5) {
        graph = graph.thresholds(&thresholds);
    }
    if let Some((start, end)) = chart.span {
        graph = graph.x_bounds(start.seconds(), end.seconds());
    }
    let marks = ends(model, theme);
    if let Some(cursor) = model.ui.cursor {
        graph = graph.cursor(Some(cursor.at.seconds())).cursor_style(theme.style(Role::Key)).marks(&marks);
    }
    then(&graph)
}

/// Both ends of the range that is drawn with the mouse, as marks of a graph.
pub(super) fn ends(model: &Model, theme: &Theme) -> Vec<Mark<'static>> {
    let zone = &model.plan.ui.zone;
    match model.ui.cursor.map(|cursor| cursor.range()) {
        Some((from, to)) if from < to => [from, to]
            .map(|at| Mark::new(at.seconds(), draw::clock_seconds(at, zone)).style(theme.style(Role::Key)))
            .into(),
        _ => Vec::new(),
    }
}

/// What the cursor says beside a graph's title: the moment, or the range and how long it is.
pub(super) fn cursor(model: &Model) -> Option<String> {
    let cursor = model.ui.cursor?;
    let zone = &model.plan.ui.zone;
    let (from, to) = cursor.range();
    let at = draw::clock_seconds(cursor.at, zone);
    if from == to {
        return Some(format!("at {at}"));
    }
    let span = std::time::Duration::from_secs(to.since(from).as_secs());
    let [from, to] = [from, to].map(|at| draw::clock_seconds(at, zone));
    Some(format!("{from} to {to}: {}, values at {at}", crate::units::format_duration(span)))
}

/// A part of a graph that was picked out of it: `10:13:20 to 10:13:50`.
pub(super) fn picked(model: &Model, (from, to): (Timestamp, Timestamp)) -> String {
    let [from, to] = [from, to].map(|at| draw::clock_seconds(at, &model.plan.ui.zone));
    format!("{from} to {to}")
}

/// What the cursor says, to be put behind a title.
pub(super) fn cursor_span(model: &Model, theme: &Theme) -> Option<Span<'static>> {
    cursor(model).map(|text| Span::styled(format!("{text} "), theme.style(Role::Key)))
}

/// What is wrong, over as many lines as it takes.
pub(super) fn trouble(theme: &Theme, error: &str, area: Rect, buf: &mut Buffer) {
    let text = crate::text::clean(error);
    let ellipsis = theme.glyphs().ellipsis;
    let width = usize::from(area.width.saturating_sub(1));
    let lines = warroom_widgets::text::wrap(&text, width, usize::from(area.height), ellipsis);
    let lines: Vec<Line<'static>> =
        lines.into_iter().map(|line| Line::styled(format!(" {line}"), theme.style(Role::Degraded))).collect();
    draw::lines(&lines, area, theme, buf);
}

/// The place of a row's line among those that are drawn.
pub(super) fn line_of(chart: &Chart, row: &ChartRow) -> Option<usize> {
    chart.lines.iter().position(|line| line.labels == row.labels)
}

/// The course of a row as buckets for a sparkline: one a step, the newest last.
pub(super) fn buckets(chart: &Chart, points: &[(f64, f64)]) -> (Vec<Option<f64>>, u64) {
    let step = chart.step().as_secs_f64().max(1.0);
    let Some((start, end)) = chart.span else { return (Vec::new(), 0) };
    let number = |seconds: f64| (seconds / step).round().max(0.0) as u64;
    let (first, last) = (number(start.seconds()), number(end.seconds()));
    let mut out = vec![None; (last.saturating_sub(first) as usize + 1).min(4_096)];
    for (at, value) in points {
        let place = number(*at).checked_sub(first).map(|place| place as usize);
        if let Some(slot) = place.and_then(|place| out.get_mut(place)) {
            *slot = value.is_finite().then_some(*value);
        }
    }
    (out, last)
}
