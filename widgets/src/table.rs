//! Rows that can be chosen and sorted, with columns that give way when it is narrow.
//!
//! The table neither sorts, filters nor remembers: rows come in the order in which they are shown, selection and offset are
//! arguments. [`visible_range`] keeps the selection in sight.

mod fit;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::text::Line;
use ratatui_core::widgets::Widget;

pub use self::fit::{Column, Placed, fit};
use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

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
    cells: Vec<Cell<'a>>,
    style: Style,
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

/// How the rows are sorted, for the mark in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column sorted by.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// The rows to show so that `selected` is in sight: `offset` moves no further than it must.
///
/// ```
/// use warroom_widgets::table::visible_range;
/// assert_eq!(visible_range(Some(12), 0, 10, 50), 3..13);
/// assert_eq!(visible_range(Some(1), 3, 10, 50), 1..11);
/// assert_eq!(visible_range(None, 45, 10, 50), 40..50);
/// ```
pub fn visible_range(selected: Option<usize>, offset: usize, height: usize, len: usize) -> Range<usize> {
    let last = len.saturating_sub(height);
    let mut first = offset.min(last);
    if let Some(selected) = selected.map(|selected| selected.min(len.saturating_sub(1))) {
        first = first.min(selected);
        if height > 0 {
            first = first.max(selected.saturating_sub(height - 1));
        }
    }
    first..first.saturating_add(height).min(len)
}

/// A table of [`Row`]s.
///
/// To draw a thousand rows at the cost of those in sight, build only the rows of [`visible_range`] and say with
/// [`first`](Self::first) which the first of them is.
///
/// # Setter methods
/// - [`header`](Self::header), [`header_style`](Self::header_style), [`sort`](Self::sort)
/// - [`selected`](Self::selected), [`selected_style`](Self::selected_style), [`marker`](Self::marker)
/// - [`offset`](Self::offset): the first row in sight; [`first`](Self::first): which row is the first of those given;
///   [`total`](Self::total): how many there are, for the scroll bar
/// - [`gap`](Self::gap), [`empty`](Self::empty), [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::{Cell, Column, Row, Sparkline, Table};
///
/// let series = [Some(0.0), Some(1.0), Some(2.0)];
/// let columns = [Column::new("service", 8).flex(1), Column::new("err", 5)];
/// let rows = [
///     Row::new([Cell::from("checkout"), Cell::widget(Sparkline::new(&series))]),
///     Row::new([Cell::from("search"), Cell::Empty]),
/// ];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 16, 3));
/// Table::new(&columns, &rows).selected(Some(0)).render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["  service  err  ", "▌ checkout   ▁▅█", "  search        "]));
/// ```
#[derive(Debug)]
pub struct Table<'a> {
    columns: &'a [Column<'a>],
    rows: &'a [Row<'a>],
    header: bool,
    header_style: Style,
    sort: Option<Sort>,
    selected: Option<usize>,
    selected_style: Style,
    marker: bool,
    marker_style: Style,
    offset: usize,
    first: usize,
    total: Option<usize>,
    scroll_style: Style,
    gap: u16,
    empty: Line<'a>,
    glyphs: GlyphSet,
}

impl<'a> Table<'a> {
    /// These rows under these columns, with a header and room for the marker of the selected row.
    pub fn new(columns: &'a [Column<'a>], rows: &'a [Row<'a>]) -> Self {
        Self {
            columns,
            rows,
            header: true,
            header_style: Style::new(),
            sort: None,
            selected: None,
            selected_style: Style::new(),
            marker: true,
            marker_style: Style::new(),
            offset: 0,
            first: 0,
            total: None,
            scroll_style: Style::new(),
            gap: 1,
            empty: Line::default(),
            glyphs: GlyphSet::default(),
        }
    }

    /// Whether there is a header (yes).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// The style of the header row.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn header_style(mut self, style: impl Into<Style>) -> Self {
        self.header_style = style.into();
        self
    }

    /// Marks the header of the column that the rows are sorted by.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn sort(mut self, sort: Option<Sort>) -> Self {
        self.sort = sort;
        self
    }

    /// The selected row, counted over all rows and not from the offset.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn selected(mut self, selected: Option<usize>) -> Self {
        self.selected = selected;
        self
    }

    /// What the selected row has on top of its own styles.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn selected_style(mut self, style: impl Into<Style>) -> Self {
        self.selected_style = style.into();
        self
    }

    /// Whether two cells at the left are kept for the marker of the selected row (yes).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn marker(mut self, marker: bool) -> Self {
        self.marker = marker;
        self
    }

    /// The style of the marker.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn marker_style(mut self, style: impl Into<Style>) -> Self {
        self.marker_style = style.into();
        self
    }

    /// The first row in sight, counted over all rows: the start of [`visible_range`].
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// The number, among all rows, of the first row given (0).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn first(mut self, first: usize) -> Self {
        self.first = first;
        self
    }

    /// How many rows there are in all. Where they exceed the height, a scroll bar takes the last cell of the width.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn total(mut self, total: usize) -> Self {
        self.total = Some(total);
        self
    }

    /// The style of the scroll bar.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn scroll_style(mut self, style: impl Into<Style>) -> Self {
        self.scroll_style = style.into();
        self
    }

    /// Cells between two columns (1).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn gap(mut self, gap: u16) -> Self {
        self.gap = gap;
        self
    }

    /// What is said where there is no row.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn empty(mut self, line: impl Into<Line<'a>>) -> Self {
        self.empty = line.into();
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// Rows in sight in an area of this height.
    pub fn body_height(&self, area: Rect) -> usize {
        usize::from(area.height.saturating_sub(u16::from(self.header)))
    }

    /// Where the columns stand in `area`; `x` is counted from the left edge of `area`.
    pub fn placed(&self, area: Rect) -> Vec<Placed> {
        let lead = self.lead();
        let taken = lead + if self.scrolls(area) { 2 } else { 0 };
        let mut placed = fit(self.columns, area.width.saturating_sub(taken), self.gap);
        for column in &mut placed {
            column.x = column.x.saturating_add(lead);
        }
        placed
    }

    /// The row, counted over all rows, at line `y` of `area` (0 is the first line of the area); for clicks.
    pub fn row_at(&self, area: Rect, y: u16) -> Option<usize> {
        let down = usize::from(y.checked_sub(u16::from(self.header))?);
        let row = self.offset.saturating_add(down);
        (down < self.body_height(area) && row < self.len()).then_some(row)
    }

    fn lead(&self) -> u16 {
        if self.marker { 2 } else { 0 }
    }

    fn len(&self) -> usize {
        self.total.unwrap_or_else(|| self.first.saturating_add(self.rows.len()))
    }

    fn scrolls(&self, area: Rect) -> bool {
        self.total.is_some() && self.len() > self.body_height(area) && area.width > 8
    }

    fn draw_header(&self, placed: &[Placed], area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let row = Rect { height: 1, ..area };
        buf.set_style(row, self.header_style);
        for place in placed {
            let Some(column) = self.columns.get(place.column) else { continue };
            let cell = Rect { x: area.x + place.x, width: place.width, ..row };
            let sorted = self.sort.filter(|sort| sort.column == place.column);
            let Some(sort) = sorted else {
                paint::text_aligned(
                    buf,
                    cell,
                    &column.header,
                    self.header_style,
                    column.alignment,
                    glyphs.ellipsis,
                );
                continue;
            };
            // The mark outlives the name.
            let mark = if sort.descending { glyphs.down } else { glyphs.up };
            let name = text::truncate(&column.header, usize::from(cell.width) - 1, glyphs.ellipsis);
            let wide = text::width(&name) as u16;
            let indent = match column.alignment {
                Alignment::Left => 0,
                Alignment::Center => (cell.width - wide - 1) / 2,
                Alignment::Right => cell.width - wide - 1,
            };
            let at = Rect { x: cell.x + indent, width: cell.width - indent, ..cell };
            let used = paint::text(buf, at, &name, self.header_style, "");
            paint::put(buf, at.x + used, at.y, mark, self.header_style);
        }
    }

    fn draw_row(&self, row: &Row<'_>, placed: &[Placed], line: Rect, buf: &mut Buffer) {
        let ellipsis = self.glyphs.glyphs().ellipsis;
        if row.style != Style::new() {
            buf.set_style(line, row.style);
        }
        for place in placed {
            let area = Rect { x: line.x + place.x, width: place.width, ..line };
            let alignment = self.columns.get(place.column).map_or(Alignment::Left, |column| column.alignment);
            match row.cells.get(place.column) {
                None | Some(Cell::Empty) => {}
                Some(Cell::Text(text, style)) => {
                    paint::text_aligned(buf, area, text, row.style.patch(*style), alignment, ellipsis);
                }
                Some(Cell::Line(spans)) => {
                    paint::line(buf, area, spans, row.style, alignment, ellipsis);
                }
                Some(Cell::Draw(draw)) => draw(area, buf),
            }
        }
    }

    fn draw_scroll(&self, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let (height, len) = (usize::from(area.height), self.len().max(1));
        let thumb = (height * height / len).clamp(1, height.max(1));
        let hidden = len.saturating_sub(height).max(1);
        // At the very top and bottom only when the first and the last row are in sight.
        let start = self.offset.min(hidden).saturating_mul(height - thumb).div_ceil(hidden);
        for (at, y) in (area.top()..area.bottom()).enumerate() {
            let on = at >= start && at < start + thumb;
            paint::put(
                buf,
                area.right() - 1,
                y,
                if on { glyphs.full } else { glyphs.vertical },
                self.scroll_style,
            );
        }
    }
}

impl Widget for &Table<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let glyphs = self.glyphs.glyphs();
        let placed = self.placed(area);
        if self.header {
            self.draw_header(&placed, area, buf);
        }
        let head = u16::from(self.header);
        let body = Rect { y: area.y + head, height: area.height - head, ..area };
        if body.is_empty() {
            return;
        }
        if self.len() == 0 {
            let lead = self.lead().min(body.width);
            let place = Rect { x: body.x + lead, width: body.width - lead, ..body };
            paint::line(buf, place, &self.empty, Style::new(), Alignment::Left, glyphs.ellipsis);
            return;
        }
        let scrolls = self.scrolls(area);
        let width = if scrolls { body.width - 2 } else { body.width };
        let skip = self.offset.saturating_sub(self.first);
        // An offset before the rows given leaves the lines above them empty rather than showing the wrong rows.
        let blank = self.first.saturating_sub(self.offset).min(usize::from(body.height)) as u16;
        let lines = body.top() + blank..body.bottom();
        for (at, (y, row)) in lines.zip(self.rows.iter().skip(skip)).enumerate() {
            let line = Rect { y, height: 1, width, ..body };
            self.draw_row(row, &placed, line, buf);
            if self.selected == Some(self.first.saturating_add(skip).saturating_add(at)) {
                buf.set_style(line, self.selected_style);
                if self.marker {
                    paint::put(buf, line.x, y, glyphs.marker, self.selected_style.patch(self.marker_style));
                }
            }
        }
        if scrolls {
            self.draw_scroll(body, buf);
        }
    }
}

by_value!(Table);

#[cfg(test)]
mod tests;
