//! A short message over everything else.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// Where a [`Toast`] stands in its area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Corner {
    /// At the top, to the right.
    #[default]
    TopRight,
    /// At the bottom, to the right.
    BottomRight,
    /// At the top, to the left.
    TopLeft,
    /// At the bottom, to the left.
    BottomLeft,
    /// In the middle.
    Center,
}

/// A bordered box of wrapped text in a corner of its area; what lies under it is wiped. Where there is no room for a border
/// there is only the text.
///
/// # Setter methods
/// - [`title`](Self::title): in the upper border
/// - [`style`](Self::style): of the text; [`border_style`](Self::border_style): of border and title
/// - [`corner`](Self::corner), [`max_width`](Self::max_width), [`max_lines`](Self::max_lines)
/// - [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::Toast;
///
/// let mut buf = Buffer::with_lines(["~~~~~~~~~~~~~~~~"; 3]);
/// Toast::new("copied").title("ok").render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["~~~~~~┌ ok ────┐", "~~~~~~│ copied │", "~~~~~~└────────┘"]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast<'a> {
    text: Cow<'a, str>,
    title: Cow<'a, str>,
    style: Style,
    border_style: Style,
    corner: Corner,
    max_width: u16,
    max_lines: u16,
    glyphs: GlyphSet,
}

impl<'a> Toast<'a> {
    /// A toast with this text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            text: text.into(),
            title: Cow::Borrowed(""),
            style: Style::new(),
            border_style: Style::new(),
            corner: Corner::TopRight,
            max_width: 48,
            max_lines: 4,
            glyphs: GlyphSet::default(),
        }
    }

    /// A word or two in the upper border.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn title(mut self, title: impl Into<Cow<'a, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// The style of the text and of the box.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// What border and title have on top of [`style`](Self::style).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn border_style(mut self, style: impl Into<Style>) -> Self {
        self.border_style = style.into();
        self
    }

    /// Where it stands.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn corner(mut self, corner: Corner) -> Self {
        self.corner = corner;
        self
    }

    /// Cells across at most, border included (48).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max_width(mut self, width: u16) -> Self {
        self.max_width = width;
        self
    }

    /// Lines of text at most (4).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max_lines(mut self, lines: u16) -> Self {
        self.max_lines = lines;
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    fn draw_border(&self, area: Rect, buf: &mut Buffer) {
        let border = self.glyphs.glyphs().border;
        let style = self.style.patch(self.border_style);
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left()..area.right() {
            paint::put(buf, x, area.y, border.horizontal_top, style);
            paint::put(buf, x, bottom, border.horizontal_bottom, style);
        }
        for y in area.top()..area.bottom() {
            paint::put(buf, area.x, y, border.vertical_left, style);
            paint::put(buf, right, y, border.vertical_right, style);
        }
        for (x, y, glyph) in [
            (area.x, area.y, border.top_left),
            (right, area.y, border.top_right),
            (area.x, bottom, border.bottom_left),
            (right, bottom, border.bottom_right),
        ] {
            paint::put(buf, x, y, glyph, style);
        }
        if !self.title.is_empty() && area.width >= 6 {
            let title = format!(" {} ", text::truncate(&self.title, usize::from(area.width - 4), "~"));
            let place = Rect { x: area.x + 1, width: area.width - 2, height: 1, ..area };
            paint::text(buf, place, &title, style, "");
        }
    }
}

impl Widget for &Toast<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let framed = area.width >= 6 && area.height >= 3 && self.max_width >= 6;
        let (aside, above) = if framed { (4, 2) } else { (0, 0) };
        let room = area.width.min(self.max_width.max(1)) - aside;
        let most = (area.height - above).min(self.max_lines.max(1));
        let ellipsis = self.glyphs.glyphs().ellipsis;
        let lines = text::wrap(&self.text, usize::from(room), usize::from(most), ellipsis);
        let widest = lines.iter().map(|line| text::width(line)).max().unwrap_or(0);
        // The border is as wide as the title, with a space on both sides, needs.
        let widest = if framed { widest.max(text::width(&self.title)) } else { widest };
        let width = (widest.min(usize::from(room)) as u16).max(1) + aside;
        let height = (lines.len() as u16).max(1) + above;
        let (left, top) = (area.x, area.y);
        let (right, bottom) = (area.right() - width, area.bottom() - height);
        let (x, y) = match self.corner {
            Corner::TopRight => (right, top),
            Corner::BottomRight => (right, bottom),
            Corner::TopLeft => (left, top),
            Corner::BottomLeft => (left, bottom),
            Corner::Center => (left + (right - left) / 2, top + (bottom - top) / 2),
        };
        let place = Rect { x, y, width, height };
        for at in place.positions() {
            if let Some(cell) = buf.cell_mut(at) {
                cell.reset();
                cell.set_style(self.style);
            }
        }
        if framed {
            self.draw_border(place, buf);
        }
        for (line, y) in lines.iter().zip(place.y + above / 2..) {
            let at = Rect { x: place.x + aside / 2, y, width: width - aside, height: 1 };
            paint::text(buf, at, line, self.style, ellipsis);
        }
    }
}

by_value!(Toast);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn corners_wrapping_and_no_room() {
        for (corner, expected) in [
            (Corner::TopLeft, ["┌────┐  ", "│ ok │  ", "└────┘  ", "        "]),
            (Corner::BottomRight, ["        ", "  ┌────┐", "  │ ok │", "  └────┘"]),
            (Corner::Center, [" ┌────┐ ", " │ ok │ ", " └────┘ ", "        "]),
        ] {
            assert_eq!(rows(&draw(&Toast::new("ok").corner(corner), 8, 4)), expected, "{corner:?}");
        }
        let long = Toast::new("rollback of checkout was sent").title("action").glyphs(GlyphSet::Ascii);
        assert_eq!(
            rows(&draw(&long, 16, 5)),
            [
                "+ action ------+",
                "| rollback of  |",
                "| checkout was |",
                "| sent         |",
                "+--------------+"
            ]
        );
        assert_eq!(rows(&draw(&long, 16, 2)), ["rollback of     ", "checkout was se~"]);
    }

    #[test]
    fn any_size() {
        for corner in [Corner::TopRight, Corner::BottomLeft, Corner::Center] {
            survives(&Toast::new("日本語 long text that wraps").title("日本語 title").corner(corner));
            survives(&Toast::new("").max_width(0).max_lines(0).corner(corner));
            survives(&Toast::new("\u{1b}[2J").max_width(u16::MAX).max_lines(u16::MAX).corner(corner));
        }
    }
}
