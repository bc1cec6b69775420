//! Several series over time with axes, limits, events and a cursor.

mod axes;
mod plot;
mod scale;

use std::borrow::Cow;
use std::fmt;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use self::axes::Frame;
use self::plot::Plot;
use self::scale::Scale;
use crate::number::{Unit, human};
use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// A line of a [`Graph`].
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    name: Cow<'a, str>,
    points: &'a [(f64, f64)],
    style: Style,
    max_gap: f64,
}

impl<'a> Series<'a> {
    /// A line through `(x, y)` points in the order of x. A y of NaN breaks the line: a gap stays a gap. So does a y of
    /// infinity, which has no place on the paper.
    pub fn new(name: impl Into<Cow<'a, str>>, points: &'a [(f64, f64)]) -> Self {
        Self { name: name.into(), points, style: Style::new(), max_gap: f64::INFINITY }
    }

    /// The style of the line and of its name.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// Breaks the line between points that are further apart in x than this.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max_gap(mut self, gap: f64) -> Self {
        self.max_gap = gap;
        self
    }

    /// The value of the last point at or before `x`, unless it is a gap or further away than [`max_gap`](Self::max_gap).
    pub fn value_at(&self, x: f64) -> Option<f64> {
        let end = self.points.partition_point(|point| point.0 <= x);
        let (at, value) = *self.points.get(end.checked_sub(1)?)?;
        (x - at <= self.max_gap && !value.is_nan()).then_some(value)
    }
}

/// A horizontal line at a value, such as an objective or an alert's limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold<'a> {
    value: f64,
    label: Cow<'a, str>,
    style: Style,
}

impl<'a> Threshold<'a> {
    /// A line at this value.
    pub const fn new(value: f64) -> Self {
        Self { value, label: Cow::Borrowed(""), style: Style::new() }
    }

    /// What stands at its right end.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label(mut self, label: impl Into<Cow<'a, str>>) -> Self {
        self.label = label.into();
        self
    }

    /// The style of line and label.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }
}

/// A vertical line at a moment, such as a deployment or an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark<'a> {
    x: f64,
    label: Cow<'a, str>,
    style: Style,
}

impl<'a> Mark<'a> {
    /// A mark at this moment, with a label at its top; a label that would cover another is left out.
    pub fn new(x: f64, label: impl Into<Cow<'a, str>>) -> Self {
        Self { x, label: label.into(), style: Style::new() }
    }

    /// The style of line and label.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }
}

/// Glyphs of the series in ASCII, in turn.
const ASCII_POINTS: [&str; 6] = ["*", "o", "x", "+", "@", "%"];

/// Lines in braille with axes, limits, marks, a legend and a cursor.
///
/// Braille has one style a cell: where lines cross, the later series shows. In ASCII each series has its own letter.
/// When it is small, labels, axes and legend give way to the plot.
///
/// # Setter methods
/// - [`x_bounds`](Self::x_bounds), [`y_bounds`](Self::y_bounds): the ranges; without them those of the points, from zero
///   to a round number
/// - [`x_format`](Self::x_format), [`y_format`](Self::y_format), [`time`](Self::time): how ticks are chosen and written
/// - [`thresholds`](Self::thresholds), [`marks`](Self::marks), [`cursor`](Self::cursor)
/// - [`legend`](Self::legend): with the values at the cursor, or the last ones
/// - [`axis_style`](Self::axis_style), [`label_style`](Self::label_style), [`cursor_style`](Self::cursor_style)
/// - [`empty`](Self::empty): what is said where there is nothing to draw; [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::{Graph, Series};
///
/// let points = [(0.0, 0.0), (1.0, 40.0), (2.0, f64::NAN), (3.0, 80.0), (4.0, 80.0)];
/// let series = [Series::new("p95", &points)];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 40, 8));
/// Graph::new(&series).render(buf.area, &mut buf);
/// assert_eq!(buf[(39, 1)].symbol(), "⠉");
/// ```
pub struct Graph<'a> {
    series: &'a [Series<'a>],
    thresholds: &'a [Threshold<'a>],
    marks: &'a [Mark<'a>],
    x_bounds: Option<(f64, f64)>,
    y_bounds: Option<(f64, f64)>,
    x_format: &'a dyn Fn(f64) -> String,
    y_format: &'a dyn Fn(f64) -> String,
    time: bool,
    cursor: Option<f64>,
    cursor_style: Style,
    legend: bool,
    axis_style: Style,
    label_style: Style,
    empty: Cow<'a, str>,
    glyphs: GlyphSet,
}

fn plain(value: f64) -> String {
    human(value, Unit::Count)
}

impl<'a> Graph<'a> {
    /// A graph of these series.
    pub fn new(series: &'a [Series<'a>]) -> Self {
        Self {
            series,
            thresholds: &[],
            marks: &[],
            x_bounds: None,
            y_bounds: None,
            x_format: &plain,
            y_format: &plain,
            time: false,
            cursor: None,
            cursor_style: Style::new(),
            legend: true,
            axis_style: Style::new(),
            label_style: Style::new(),
            empty: Cow::Borrowed("no data"),
            glyphs: GlyphSet::default(),
        }
    }

    /// Horizontal lines.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn thresholds(mut self, thresholds: &'a [Threshold<'a>]) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Vertical lines, in the order in which their labels matter.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn marks(mut self, marks: &'a [Mark<'a>]) -> Self {
        self.marks = marks;
        self
    }

    /// The range of x.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn x_bounds(mut self, min: f64, max: f64) -> Self {
        self.x_bounds = Some((min, max));
        self
    }

    /// The range of y.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn y_bounds(mut self, min: f64, max: f64) -> Self {
        self.y_bounds = Some((min, max));
        self
    }

    /// How a value of x is written.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn x_format(mut self, format: &'a dyn Fn(f64) -> String) -> Self {
        self.x_format = format;
        self
    }

    /// How a value of y is written.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn y_format(mut self, format: &'a dyn Fn(f64) -> String) -> Self {
        self.y_format = format;
        self
    }

    /// x counts seconds: its ticks are those of a clock.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn time(mut self, time: bool) -> Self {
        self.time = time;
        self
    }

    /// A vertical line at a moment; the legend shows the values there.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn cursor(mut self, x: Option<f64>) -> Self {
        self.cursor = x;
        self
    }

    /// The style of the cursor.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn cursor_style(mut self, style: impl Into<Style>) -> Self {
        self.cursor_style = style.into();
        self
    }

    /// Whether a legend stands above the plot (yes).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn legend(mut self, legend: bool) -> Self {
        self.legend = legend;
        self
    }

    /// The style of the axes.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn axis_style(mut self, style: impl Into<Style>) -> Self {
        self.axis_style = style.into();
        self
    }

    /// The style of the labels at the axes.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label_style(mut self, style: impl Into<Style>) -> Self {
        self.label_style = style.into();
        self
    }

    /// What is said where no point is in sight (`no data`).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn empty(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.empty = text.into();
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// The value of x under the cell `x` of `area`, for clicks and drags; `None` beside the plot.
    pub fn x_at(&self, area: Rect, x: u16) -> Option<f64> {
        let (range, y) = self.scales();
        let plot = axes::frame(self, area, y).plot;
        let inside = x >= plot.left() && x < plot.right();
        inside.then(|| range.value((f64::from(x - plot.left()) + 0.5) / f64::from(plot.width)))
    }

    fn scales(&self) -> (Scale, Scale) {
        let x = scale::of_x(self.series, self.x_bounds);
        (x, scale::of_y(self.series, self.thresholds, x, self.y_bounds))
    }

    fn plot(&self, area: Rect, x: Scale, y: Scale) -> (Plot, bool) {
        let mut plot = Plot::new(area.width, area.height, !self.glyphs.is_ascii());
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
                if self.glyphs.is_ascii() {
                    paint::put(buf, x, y, ascii_point(index), style);
                } else {
                    paint::put_char(buf, x, y, paint::braille(dots), style);
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
                paint::put(buf, at, line, glyphs.dashed_horizontal, limit.style);
            }
        }
        for mark in self.marks {
            let Some(at) = axes::column(area, x, mark.x) else { continue };
            for line in area.top()..area.bottom() {
                paint::put(buf, at, line, glyphs.dashed_vertical, mark.style);
            }
        }
        if let Some(at) = self.cursor.and_then(|moment| axes::column(area, x, moment)) {
            for line in area.top()..area.bottom() {
                paint::put(buf, at, line, glyphs.vertical, self.cursor_style);
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
            paint::text(buf, place, &mark.label, mark.style, ellipsis);
        }
    }

    fn draw_legend(&self, frame: &Frame, x: Scale, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let mut left = frame.legend;
        for (index, series) in self.series.iter().enumerate() {
            if left.is_empty() {
                return;
            }
            let point = if self.glyphs.is_ascii() { ascii_point(index) } else { "⠒⠒" };
            let value = series.value_at(self.cursor.unwrap_or(x.max));
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

impl fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("series", &self.series)
            .field("thresholds", &self.thresholds)
            .field("marks", &self.marks)
            .finish_non_exhaustive()
    }
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
        self.draw_legend(&frame, x, buf);
    }
}

by_value!(Graph);

#[cfg(test)]
mod tests;
