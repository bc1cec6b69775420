//! A state as a glyph and a word, so that it survives without colour.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// A glyph and a word in one style, such as `✖ down`. The word goes first when it is narrow: the glyph always stays.
///
/// # Setter methods
/// - [`style`](Self::style): of glyph and word
/// - [`word_style`](Self::word_style): of the word alone
/// - [`glyphs`](Self::glyphs): the alphabet, for the ellipsis
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, style::{Color, Style}, widgets::Widget};
/// use warroom_widgets::{GlyphSet, StatusLight};
///
/// let glyphs = GlyphSet::Unicode.glyphs();
/// let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
/// StatusLight::new(glyphs.bad, "down").style(Style::new().fg(Color::Red)).render(buf.area, &mut buf);
/// assert_eq!(buf[(0, 0)].symbol(), "✖");
/// assert_eq!(buf[(2, 0)].symbol(), "d");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLight<'a> {
    glyph: Cow<'a, str>,
    word: Cow<'a, str>,
    style: Style,
    word_style: Style,
    glyphs: GlyphSet,
}

impl<'a> StatusLight<'a> {
    /// A light with this glyph and word.
    pub fn new(glyph: impl Into<Cow<'a, str>>, word: impl Into<Cow<'a, str>>) -> Self {
        Self {
            glyph: glyph.into(),
            word: word.into(),
            style: Style::new(),
            word_style: Style::new(),
            glyphs: GlyphSet::default(),
        }
    }

    /// The style of glyph and word.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// What the word has on top of [`style`](Self::style).
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn word_style(mut self, style: impl Into<Style>) -> Self {
        self.word_style = style.into();
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
        let word = text::width(&self.word);
        text::width(&self.glyph) + if word > 0 { 1 + word } else { 0 }
    }
}

impl Widget for &StatusLight<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        let ellipsis = self.glyphs.glyphs().ellipsis;
        let used = paint::text(buf, area, &self.glyph, self.style, ellipsis).saturating_add(1);
        // A word of which only the ellipsis would be left says nothing.
        if area.width > used.saturating_add(1) || (area.width > used && text::width(&self.word) == 1) {
            let rest = Rect { x: area.x + used, width: area.width - used, ..area };
            paint::text(buf, rest, &self.word, self.style.patch(self.word_style), ellipsis);
        }
    }
}

by_value!(StatusLight);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn the_glyph_stays_when_the_word_is_cut() {
        let light = StatusLight::new("✖", "down");
        assert_eq!(light.width(), 6);
        for (width, text) in
            [(8, "✖ down  "), (6, "✖ down"), (5, "✖ do…"), (4, "✖ d…"), (3, "✖  "), (2, "✖ "), (1, "✖")]
        {
            assert_eq!(rows(&draw(&light, width, 1)), [text], "{width}");
        }
        assert_eq!(rows(&draw(&StatusLight::new("日", "本語"), 5, 1)), ["日 … "]);
        assert_eq!(rows(&draw(&StatusLight::new("", ""), 3, 1)), ["   "]);
    }

    #[test]
    fn any_size() {
        survives(&StatusLight::new("✖", "down and out 日本"));
        survives(&StatusLight::new("日", "\u{1b}"));
    }
}
