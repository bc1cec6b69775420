//! Several series over time with axes, limits, events and a cursor.

mod axes;
mod draw;
mod parts;
mod plot;
mod scale;

use std::borrow::Cow;
use std::fmt;

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

pub use self::parts::{Mark, Series, Threshold};
use self::scale::Scale;
use crate::GlyphSet;
use crate::number::{Unit, human};

/// Lines in braille with axes, limits, marks, a legend and a cursor.
///
/// Braille has one style a cell: where lines cross, the later series shows. In ASCII each series has its own letter.
/// When it is small, labels, axes and legend give way to the plot.
///
/// # Setter methods
/// - [`x_bounds`](Self::x_bounds), [`y_bounds`](Self::y_bounds): the ranges; without them those of the points, from zero
///   to a round number
/// - [`pages`](Self::pages): the picture stands still for a while, instead of scrolling with each point
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
    pages: u16,
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
            pages: 0,
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

    /// The range of x moves in steps of this part of its length (8: an eighth) and not with each point, so that between two
    /// steps a new point changes its own cells and all others stand still. Up to a step of the oldest points is left out,
    /// and as much room is free at the right. 0 or 1: it moves with each point.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn pages(mut self, pages: u16) -> Self {
        self.pages = pages;
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
        let x = scale::of_x(self.series, self.x_bounds).paged(self.pages);
        (x, scale::of_y(self.series, self.thresholds, x, self.y_bounds))
    }
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

#[cfg(test)]
mod tests;
