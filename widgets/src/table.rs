//! Rows that can be chosen and sorted, with columns that give way when it is narrow.
//!
//! The table neither sorts, filters nor remembers: rows come in the order in which they are shown, selection and offset are
//! arguments. [`visible_range`] keeps the selection in sight.

mod cell;
mod draw;
mod fit;

use std::fmt;
use std::ops::Range;

use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::text::Line;

pub use self::cell::{Cell, Draw, Row};
pub use self::fit::{Column, Placed, fit};
use crate::{GlyphSet, text};

/// How the rows are sorted, for the mark in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column sorted by.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// What is to be seen at once in the texts of a table, such as what a filter has found.
#[derive(Clone, Copy)]
pub struct Highlight<'a> {
    find: Find<'a>,
    style: Style,
}

#[derive(Clone, Copy)]
enum Find<'a> {
    By(&'a dyn Fn(&str) -> Option<Range<usize>>),
    Word(&'a str),
}

impl<'a> Highlight<'a> {
    /// `find` says which bytes of a text stand out (the first match); they get `style` on top of their own. A range that
    /// does not fit the text is no match.
    pub fn new(find: &'a dyn Fn(&str) -> Option<Range<usize>>, style: impl Into<Style>) -> Self {
        Self { find: Find::By(find), style: style.into() }
    }

    /// The first place where a text holds `word` stands out, whether letters are large or small. An empty word is
    /// nowhere.
    pub fn word(word: &'a str, style: impl Into<Style>) -> Self {
        Self { find: Find::Word(word), style: style.into() }
    }

    /// The cells of a text that stand out: from where, and how many.
    fn cells(&self, text: &str) -> Option<(usize, usize)> {
        let found = match self.find {
            Find::By(find) => find(text)?,
            Find::Word(word) => find_word(text, word)?,
        };
        let (before, within) = (text.get(..found.start)?, text.get(found)?);
        Some((text::width(before), text::width(within))).filter(|(_, wide)| *wide > 0)
    }
}

/// The bytes of `text` in which `word` stands, letter by letter in lower case.
fn find_word(text: &str, word: &str) -> Option<Range<usize>> {
    if word.is_empty() {
        return None;
    }
    text.char_indices().find_map(|(at, _)| {
        let rest = text.get(at..)?.char_indices();
        let mut have =
            rest.flat_map(|(from, c)| c.to_lowercase().map(move |small| (at + from + c.len_utf8(), small)));
        let mut end = at;
        let mut wanted = word.chars().flat_map(char::to_lowercase);
        let same = wanted.all(|want| {
            have.next().is_some_and(|(to, small)| {
                end = to;
                small == want
            })
        });
        same.then_some(at..end)
    })
}

impl fmt::Debug for Highlight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Highlight").field("style", &self.style).finish_non_exhaustive()
    }
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
/// - [`highlight`](Self::highlight): what a filter has found
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
    highlight: Option<Highlight<'a>>,
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
            highlight: None,
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

    /// What stands out in cells of text.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn highlight(mut self, highlight: Option<Highlight<'a>>) -> Self {
        self.highlight = highlight;
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
}

#[cfg(test)]
mod tests;
