//! What stands in a table: rows of cells. Draws nothing.

use std::borrow::Cow;
use std::fmt;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::text::Line;
use ratatui_core::widgets::Widget;

/// What draws itself into the area of a cell.
pub type Draw<'a> = Box<dyn Fn(Rect, &mut Buffer) + 'a>;

/// What stands in one cell.
#[derive(Default)]
pub enum Cell<'a> {
    /// Nothing.
    #[default]
    Empty,
    /// Text in one style: the cheapest.
    Text(Cow<'a, str>, Style),
    /// Spans. An alignment of the line goes before that of the column.
    Line(Line<'a>),
    /// Anything that can draw itself into the cell's area.
    Draw(Draw<'a>),
}

impl<'a> Cell<'a> {
    /// Text in one style.
    pub fn text(text: impl Into<Cow<'a, str>>, style: impl Into<Style>) -> Self {
        Self::Text(text.into(), style.into())
    }

    /// A widget, such as a [`Sparkline`](crate::Sparkline), drawn into the cell's area.
    pub fn widget<W>(widget: W) -> Self
    where
        W: 'a,
        for<'w> &'w W: Widget,
    {
        Self::Draw(Box::new(move |area, buf| (&widget).render(area, buf)))
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Text(text, style) => f.debug_tuple("Text").field(text).field(style).finish(),
            Self::Line(line) => f.debug_tuple("Line").field(line).finish(),
            Self::Draw(_) => f.write_str("Draw(..)"),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::text(text, Style::new())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::text(text, Style::new())
    }
}

impl<'a> From<Line<'a>> for Cell<'a> {
    fn from(line: Line<'a>) -> Self {
        Self::Line(line)
    }
}

/// A row: one cell a column, in the order of the columns. Missing cells are empty.
#[derive(Debug, Default)]
pub struct Row<'a> {
    pub(super) cells: Vec<Cell<'a>>,
    pub(super) style: Style,
}

impl<'a> Row<'a> {
    /// A row of these cells.
    pub fn new(cells: impl IntoIterator<Item = impl Into<Cell<'a>>>) -> Self {
        Self { cells: cells.into_iter().map(Into::into).collect(), style: Style::new() }
    }

    /// The style under every cell of the row.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }
}
