//! A word in a styled cell, such as the state of a circuit breaker.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// A word with a cell of padding on both sides, all in one style: ` OPEN `. With [`brackets`](Self::brackets) it is
/// `[OPEN]`, which shows in a terminal without colours too. The padding is given up first when it is narrow.
///
/// # Setter methods
/// - [`label`](Self::label) and [`label_style`](Self::label_style): a name in front, as in `payments  OPEN `
/// - [`style`](Self::style): of the word and its padding
/// - [`brackets`](Self::brackets): brackets instead of padding
/// - [`alignment`](Self::alignment): within the area
/// - [`glyphs`](Self::glyphs): the alphabet, for the ellipsis
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, style::{Color, Style}, widgets::Widget};
/// use warroom_widgets::Badge;
///
/// let mut buf = Buffer::empty(Rect::new(0, 0, 15, 1));
/// Badge::new("OPEN").label("payments").style(Style::new().bg(Color::Red)).render(buf.area, &mut buf);
/// let mut expected = Buffer::with_lines(["payments  OPEN "]);
/// expected.set_style(Rect::new(9, 0, 6, 1), Style::new().bg(Color::Red));
/// assert_eq!(buf, expected);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge<'a> {
    word: Cow<'a, str>,
    label: Cow<'a, str>,
    style: Style,
    label_style: Style,
    brackets: bool,
    alignment: Alignment,
    glyphs: GlyphSet,
}

impl<'a> Badge<'a> {
    /// A badge with this word.
    pub fn new(word: impl Into<Cow<'a, str>>) -> Self {
        Self {
            word: word.into(),
            label: Cow::Borrowed(""),
            style: Style::new(),
            label_style: Style::new(),
            brackets: false,
            alignment: Alignment::Left,
            glyphs: GlyphSet::default(),
        }
    }

    /// A name in front of the badge; it is cut before the word is.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label(mut self, label: impl Into<Cow<'a, str>>) -> Self {
        self.label = label.into();
        self
    }

    /// The style of the word and its padding.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The style of the name in front.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label_style(mut self, style: impl Into<Style>) -> Self {
        self.label_style = style.into();
        self
    }

    /// Brackets instead of padding, for terminals without colours.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn brackets(mut self, brackets: bool) -> Self {
        self.brackets = brackets;
        self
    }

    /// Where it stands in its area.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn alignment(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// Cells that it takes when nothing is cut.
    pub fn width(&self) -> usize {
        let label = text::width(&self.label);
        text::width(&self.word) + 2 + if label > 0 { label + 1 } else { 0 }
    }
}

impl Widget for &Badge<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let ellipsis = self.glyphs.glyphs().ellipsis;
        let room = usize::from(area.width);
        let word = text::width(&self.word);
        let padding = usize::from(word + 2 <= room);
        let body = (word + 2 * padding).min(room);
        // The name keeps at least two cells, one of them perhaps the ellipsis, or it goes.
        let label = text::width(&self.label).min(room.saturating_sub(body + 1));
        let label = if label < 2 && text::width(&self.label) > label { 0 } else { label };
        let total = body + if label > 0 { label + 1 } else { 0 };
        let indent = match self.alignment {
            Alignment::Left => 0,
            Alignment::Center => (room - total) / 2,
            Alignment::Right => room - total,
        };
        let mut x = area.x + indent as u16;
        if label > 0 {
            let at = Rect { x, width: label as u16, height: 1, ..area };
            paint::text(buf, at, &self.label, self.label_style, ellipsis);
            x += label as u16 + 1;
        }
        let (open, close) = if self.brackets { ("[", "]") } else { (" ", " ") };
        if padding == 1 {
            paint::put(buf, x, area.y, open, self.style);
            paint::put(buf, x + body as u16 - 1, area.y, close, self.style);
        }
        let at = Rect { x: x + padding as u16, width: (body - 2 * padding) as u16, height: 1, ..area };
        paint::text(buf, at, &self.word, self.style, ellipsis);
    }
}

by_value!(Badge);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn the_word_outlives_padding_and_name() {
        let badge = Badge::new("OPEN").label("payments");
        assert_eq!(badge.width(), 15);
        for (width, text) in [
            (17, "payments  OPEN   "),
            (15, "payments  OPEN "),
            (12, "paym…  OPEN "),
            (9, "p…  OPEN "),
            (8, " OPEN   "),
            (6, " OPEN "),
            (5, "OPEN "),
            (4, "OPEN"),
            (3, "OP…"),
            (1, "…"),
        ] {
            assert_eq!(rows(&draw(&badge, width, 1)), [text], "{width}");
        }
        let plain = Badge::new("OPEN").brackets(true).alignment(Alignment::Right);
        assert_eq!(rows(&draw(&plain, 8, 1)), ["  [OPEN]"]);
        assert_eq!(rows(&draw(&Badge::new("日本").alignment(Alignment::Center), 8, 1)), ["  日本  "]);
    }

    #[test]
    fn any_size() {
        survives(&Badge::new("OPEN").label("payments"));
        survives(&Badge::new("日本語").label("日本").brackets(true).alignment(Alignment::Center));
        survives(&Badge::new(""));
    }
}
