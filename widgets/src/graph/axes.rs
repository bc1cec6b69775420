//! The frame of a graph: where the axes stand, which ticks they have, and how they are drawn.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};

use super::Graph;
use super::scale::Scale;
use crate::number::{ticks, time_ticks};
use crate::{paint, text};

/// Where the parts of a graph stand.
pub(super) struct Frame {
    /// The dots.
    pub(super) plot: Rect,
    /// The legend; empty where there is no room.
    pub(super) legend: Rect,
    /// Ticks of the vertical axis, with their labels.
    y_ticks: Vec<(f64, String)>,
    /// Whether the axes are drawn.
    y_axis: bool,
    x_axis: bool,
}

/// Divides `area`; what is there for explanation gives way before the plot does.
pub(super) fn frame(graph: &Graph<'_>, area: Rect, y: Scale) -> Frame {
    let legend = u16::from(graph.legend && area.height >= 5 && !graph.series.is_empty());
    let x_axis = area.height >= 6 && area.width >= 12;
    let below = if x_axis { 2 } else { 0 };
    let height = area.height.saturating_sub(legend + below);
    let y_ticks = y_ticks(graph, y, height);
    let widest = y_ticks.iter().map(|(_, label)| text::width(label)).max().unwrap_or(0).min(12) as u16;
    let y_axis = area.width >= widest + 14 && height >= 2;
    let lead = if y_axis { widest + 1 } else { 0 };
    let plot = Rect { x: area.x + lead, y: area.y + legend, width: area.width - lead, height };
    let legend = Rect { x: area.x + lead, y: area.y, width: area.width - lead, height: legend };
    Frame { plot, legend, y_ticks, y_axis, x_axis }
}

/// A tick every third row or so, each with a label of its own.
fn y_ticks(graph: &Graph<'_>, y: Scale, height: u16) -> Vec<(f64, String)> {
    let count = (usize::from(height) / 3 + 1).clamp(2, 9);
    let mut found: Vec<(f64, String)> =
        ticks(y.min, y.max, count).into_iter().map(|tick| (tick, (graph.y_format)(tick))).collect();
    if found.is_empty() {
        found = [y.min, y.max].into_iter().map(|tick| (tick, (graph.y_format)(tick))).collect();
    }
    found
}

/// The row of the plot that a value lies in: that of the dot which the value would be.
pub(super) fn row(plot: Rect, y: Scale, value: f64) -> Option<u16> {
    cell(1.0 - y.ratio(value), plot.height, 4.0).map(|row| plot.y + row)
}

/// The column of the plot that a moment lies in, likewise.
pub(super) fn column(plot: Rect, x: Scale, moment: f64) -> Option<u16> {
    cell(x.ratio(moment), plot.width, 2.0).map(|column| plot.x + column)
}

/// The cell at a ratio of a length, where each cell has this many dots.
fn cell(ratio: f64, cells: u16, dots: f64) -> Option<u16> {
    let inside = (-1e-9..=1.0 + 1e-9).contains(&ratio) && cells > 0;
    let dot = ratio * (f64::from(cells) * dots - 1.0) + 0.5;
    inside.then(|| ((dot / dots) as u16).min(cells - 1))
}

/// Draws both axes with their labels.
pub(super) fn draw(graph: &Graph<'_>, frame: &Frame, area: Rect, x: Scale, y: Scale, buf: &mut Buffer) {
    if frame.y_axis {
        draw_y(graph, frame, area, y, buf);
    }
    if frame.x_axis {
        draw_x(graph, frame, area, x, buf);
    }
}

fn draw_y(graph: &Graph<'_>, frame: &Frame, area: Rect, y: Scale, buf: &mut Buffer) {
    let glyphs = graph.glyphs.glyphs();
    let axis = frame.plot.x - 1;
    for line in frame.plot.top()..frame.plot.bottom() {
        paint::put(buf, axis, line, glyphs.vertical, graph.axis_style);
    }
    let mut last = None;
    for (tick, label) in &frame.y_ticks {
        let Some(line) = row(frame.plot, y, *tick).filter(|line| last != Some(*line)) else { continue };
        last = Some(line);
        paint::put(buf, axis, line, glyphs.tick_left, graph.axis_style);
        let place = Rect { x: area.x, y: line, width: axis - area.x, height: 1 };
        paint::text_aligned(buf, place, label, graph.label_style, Alignment::Right, glyphs.ellipsis);
    }
}

fn draw_x(graph: &Graph<'_>, frame: &Frame, area: Rect, x: Scale, buf: &mut Buffer) {
    let glyphs = graph.glyphs.glyphs();
    let line = frame.plot.bottom();
    if frame.y_axis {
        paint::put(buf, frame.plot.x - 1, line, glyphs.origin, graph.axis_style);
    }
    for at in frame.plot.left()..frame.plot.right() {
        paint::put(buf, at, line, glyphs.horizontal, graph.axis_style);
    }
    let count = (usize::from(frame.plot.width) / 12).clamp(1, 12);
    let found = if graph.time { time_ticks(x.min, x.max, count) } else { ticks(x.min, x.max, count) };
    // Labels stand under their tick, pushed inwards at the edges; one that would touch the last is left out.
    let mut free = area.x;
    for tick in found {
        let Some(at) = column(frame.plot, x, tick) else { continue };
        let label = (graph.x_format)(tick);
        let wide = text::width(&label).min(usize::from(area.width)) as u16;
        let start = at.saturating_sub(wide / 2).min(area.right() - wide).max(area.x);
        paint::put(buf, at, line, glyphs.tick_below, graph.axis_style);
        if start >= free {
            let place = Rect { x: start, y: line + 1, width: wide, height: 1 };
            paint::text(buf, place, &label, graph.label_style, "");
            free = start + wide + 2;
        }
    }
}
