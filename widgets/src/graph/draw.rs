//! How a graph is drawn: guides under the lines, labels over them.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use super::Graph;
use super::axes::{self, Frame};
use super::plot::Plot;
use super::scale::{self, Scale};
use crate::paint::{self, by_value};
use crate::text;

/// Glyphs of the series in ASCII, in turn.
const ASCII_POINTS: [&str; 6] = ["*", "o", "x", "+", "@", "%"];

impl Graph<'_> {
    fn plot(&self, area: Rect, x: Scale, y: Scale) -> (Plot, bool) {
        let mut plot = Plot::new(area.width, area.height, self.glyphs.has_braille());
        let (across, down) = plot.dots();
        let mut any = false;
        for (index, series) in self.series.iter().enumerate() {
            let index = index.min(255) as u8;
            let mut last: Option<((f64, f64), f64)> = None;
            for point in series.points {
                if !(point.0.is_finite() && point.1.is_finite()) {
                    last = None;
                    continue;
                }
                // Dot centres, so that both ends of the range lie on the paper.
                let to =
                    (x.ratio(point.0) * (across - 1.0) + 0.5, (1.0 - y.ratio(point.1)) * (down - 1.0) + 0.5);
                any |= (0.0..across).contains(&to.0);
                match last {
                    Some((from, moment)) if point.0 - moment <= series.max_gap => plot.line(from, to, index),
                    _ => plot.dot(to.0, to.1, index),
                }
                last = Some((to, point.0));
            }
        }
        (plot, any)
    }

    fn draw_lines(&self, plot: &Plot, area: Rect, buf: &mut Buffer) {
        for (row, y) in (area.top()..area.bottom()).enumerate() {
            for (column, x) in (area.left()..area.right()).enumerate() {
                let (dots, index) = plot.cell(column, row);
                if dots == 0 {
                    continue;
                }
                let index = usize::from(index);
                let style = self.series.get(index).map_or(Style::new(), |series| series.style);
                if self.glyphs.has_braille() {
                    paint::ink_char(buf, x, y, paint::braille(dots), style);
                } else {
                    paint::ink(buf, x, y, ascii_point(index), style);
                }
            }
        }
    }

    /// Limits and marks lie under the lines.
    fn draw_guides(&self, area: Rect, x: Scale, y: Scale, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        for limit in self.thresholds {
            let Some(line) = axes::row(area, y, limit.value) else { continue };
            for at in area.left()..area.right() {
                paint::ink(buf, at, line, glyphs.dashed_horizontal, limit.style);
            }
        }
        for mark in self.marks {
            let Some(at) = axes::column(area, x, mark.x) else { continue };
            for line in area.top()..area.bottom() {
                paint::ink(buf, at, line, glyphs.dashed_vertical, mark.style);
            }
        }
        if let Some(at) = self.cursor.and_then(|moment| axes::column(area, x, moment)) {
            for line in area.top()..area.bottom() {
                paint::ink(buf, at, line, glyphs.vertical, self.cursor_style);
            }
        }
    }

    /// Labels lie over the lines, but never over one another.
    fn draw_labels(&self, area: Rect, x: Scale, y: Scale, buf: &mut Buffer) {
        let ellipsis = self.glyphs.glyphs().ellipsis;
        if area.width < 20 || area.height < 3 {
            return;
        }
        for limit in self.thresholds {
            let Some(line) = axes::row(area, y, limit.value) else { continue };
            let wide = (text::width(&limit.label) as u16).min(area.width / 2);
            let place = Rect { x: area.right() - wide, y: line, width: wide, height: 1 };
            paint::text(buf, place, &limit.label, limit.style, ellipsis);
        }
        let mut taken: Vec<(u16, u16)> = Vec::new();
        for mark in self.marks {
            let Some(at) = axes::column(area, x, mark.x) else { continue };
            let wide = (text::width(&mark.label) as u16).min(area.width / 2);
            // To the right of its line, or to the left of it where there is no room.
            let start = if area.right() - at > wide { at + 1 } else { at.saturating_sub(wide).max(area.x) };
            if wide == 0 || taken.iter().any(|(from, to)| start <= *to && start + wide >= *from) {
                continue;
            }
            taken.push((start, start + wide));
            let place = Rect { x: start, y: area.y, width: wide, height: 1 };
            paint::text(buf, place, &mark.label, mark.label_style.unwrap_or(mark.style), ellipsis);
        }
    }

    fn draw_legend(&self, frame: &Frame, buf: &mut Buffer) {
        // Not the end of the paper: in a graph that stands still there is free room behind the newest point.
        let moment = self.cursor.unwrap_or_else(|| scale::of_x(self.series, self.x_bounds).max);
        let glyphs = self.glyphs.glyphs();
        let mut left = frame.legend;
        for (index, series) in self.series.iter().enumerate() {
            if left.is_empty() {
                return;
            }
            let point = if self.glyphs.has_braille() { "⠒⠒" } else { ascii_point(index) };
            let value = series.value_at(moment);
            let value = value.map_or_else(|| glyphs.unknown.to_owned(), self.y_format);
            let item = [point, " ", &series.name, " ", &value];
            let wide: usize = item.iter().map(|part| text::width(part)).sum();
            if wide > usize::from(left.width) {
                // A name that does not fit is said to be missing.
                paint::text(buf, left, glyphs.ellipsis, self.label_style, "");
                return;
            }
            for (at, part) in item.into_iter().enumerate() {
                let style = if at < 3 { series.style } else { self.label_style };
                let used = paint::text(buf, left, part, style, "");
                left = Rect { x: left.x + used, width: left.width - used, ..left };
            }
            let gap = left.width.min(3);
            left = Rect { x: left.x + gap, width: left.width - gap, ..left };
        }
    }
}

fn ascii_point(index: usize) -> &'static str {
    ASCII_POINTS.get(index % ASCII_POINTS.len()).copied().unwrap_or("*")
}

impl Widget for &Graph<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let (x, y) = self.scales();
        let frame = axes::frame(self, area, y);
        let (plot, any) = self.plot(frame.plot, x, y);
        axes::draw(self, &frame, area, x, y, buf);
        self.draw_guides(frame.plot, x, y, buf);
        if any {
            self.draw_lines(&plot, frame.plot, buf);
        } else {
            let middle = Rect {
                y: frame.plot.y + frame.plot.height / 2,
                height: frame.plot.height.min(1),
                ..frame.plot
            };
            let ellipsis = self.glyphs.glyphs().ellipsis;
            paint::text_aligned(buf, middle, &self.empty, self.label_style, Alignment::Center, ellipsis);
        }
        self.draw_labels(frame.plot, x, y, buf);
        self.draw_legend(&frame, buf);
    }
}

by_value!(Graph);
