//! Numbers and short words that can be read across a room.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// Rows of a letter.
const HEIGHT: usize = 5;

/// Digits, letters and `: . % - + / ! < > ?` five dots high, in the largest size that fits.
///
/// A dot is `k` rows by `2k` columns, so that it is about square; if not even `k = 1` fits, dots are half cells (three rows
/// in all), and below that it is plain text. Letters are drawn in capitals; what the font does not have is `?`.
///
/// # Setter methods
/// - [`style`](Self::style)
/// - [`alignment`](Self::alignment): across the area; it always stands in the middle of its height
/// - [`height`](Self::height): the most rows, such as 3, 5 or 10; [`max_scale`](Self::max_scale): the largest `k`
/// - [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::BigDigits;
///
/// let mut buf = Buffer::empty(Rect::new(0, 0, 7, 3));
/// BigDigits::new("P1").render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["█▀█ ▄█ ", "█▀▀  █ ", "▀   ▀▀▀"]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigDigits<'a> {
    text: Cow<'a, str>,
    style: Style,
    alignment: Alignment,
    max_scale: u16,
    glyphs: GlyphSet,
}

/// The short name of [`BigDigits`].
pub type Digits<'a> = BigDigits<'a>;

impl<'a> BigDigits<'a> {
    /// The most characters that are drawn large; longer text is drawn plain.
    pub const MAX_CHARS: usize = 32;

    /// This text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            text: text.into(),
            style: Style::new(),
            alignment: Alignment::Left,
            max_scale: 4,
            glyphs: GlyphSet::default(),
        }
    }

    /// The style of the dots.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// Where it stands across the area.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn alignment(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }

    /// The most rows that it takes: 3 (half cells) below 5, then the multiples of 5 (20 if this is not called). What is not
    /// wide enough for its area still becomes smaller.
    ///
    /// ```
    /// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
    /// use warroom_widgets::Digits;
    ///
    /// let mut buf = Buffer::empty(Rect::new(0, 0, 40, 5));
    /// Digits::new("21:14").height(5).render(buf.area, &mut buf);
    /// assert_eq!(buf[(0, 0)].symbol(), "█");
    /// assert_eq!(Digits::new("21:14").height(5), Digits::new("21:14").max_scale(1));
    /// ```
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn height(self, rows: u16) -> Self {
        self.max_scale(rows / HEIGHT as u16)
    }

    /// The largest size: rows of a dot (4); 0 keeps to half cells.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max_scale(mut self, scale: u16) -> Self {
        self.max_scale = scale;
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// Columns and rows that it takes at a scale; 0 is half cells.
    ///
    /// ```
    /// use warroom_widgets::BigDigits;
    /// assert_eq!(BigDigits::new("42").size(1), (14, 5));
    /// assert_eq!(BigDigits::new("42").size(0), (7, 3));
    /// ```
    pub fn size(&self, scale: u16) -> (usize, usize) {
        let dots = self.dots();
        let scale = usize::from(scale);
        if scale == 0 { (dots, HEIGHT.div_ceil(2)) } else { (dots * scale * 2, HEIGHT * scale) }
    }

    /// Dots across.
    fn dots(&self) -> usize {
        let letters = self.text.chars().map(|letter| font(letter)[0].len() + 1);
        letters.sum::<usize>().saturating_sub(1)
    }

    /// One row of dots of the whole text.
    fn row(&self, row: usize) -> impl Iterator<Item = bool> + '_ {
        self.text.chars().enumerate().flat_map(move |(at, letter)| {
            let dots = font(letter).get(row).copied().unwrap_or("");
            let gap = (at > 0).then_some(false);
            gap.into_iter().chain(dots.bytes().map(|dot| dot == b'#'))
        })
    }

    fn draw_large(&self, area: Rect, scale: u16, buf: &mut Buffer) {
        let full = self.glyphs.glyphs().full;
        for row in 0..HEIGHT {
            for (at, _) in self.row(row).enumerate().filter(|(_, on)| *on) {
                let (x, y) = (area.x + at as u16 * scale * 2, area.y + row as u16 * scale);
                for (dx, dy) in (0..scale).flat_map(|dy| (0..scale * 2).map(move |dx| (dx, dy))) {
                    paint::ink(buf, x + dx, y + dy, full, self.style);
                }
            }
        }
    }

    fn draw_half(&self, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        for (y, row) in (0..HEIGHT).step_by(2).enumerate() {
            let lower = self.row(row + 1).chain(std::iter::repeat(false));
            for (x, (upper, lower)) in self.row(row).zip(lower).enumerate() {
                let glyph = match (upper, lower) {
                    (true, true) => glyphs.full,
                    (true, false) => glyphs.upper_half,
                    (false, true) => glyphs.lower_half,
                    (false, false) => continue,
                };
                paint::ink(buf, area.x + x as u16, area.y + y as u16, glyph, self.style);
            }
        }
    }
}

impl Widget for &BigDigits<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        // Long text would be measured for nothing: no screen holds it.
        let short = self.text.chars().nth(BigDigits::MAX_CHARS).is_none();
        let fits = |scale: u16| {
            let (width, height) = self.size(scale);
            width <= usize::from(area.width) && height <= usize::from(area.height)
        };
        let scale = (0..=self.max_scale.min(64)).rev().find(|scale| short && fits(*scale));
        let (width, height) = match scale {
            Some(scale) => self.size(scale),
            None => (text::width(&self.text).min(usize::from(area.width)), 1),
        };
        let free = area.width - width as u16;
        let indent = match self.alignment {
            Alignment::Left => 0,
            Alignment::Center => free / 2,
            Alignment::Right => free,
        };
        let above = (area.height - height as u16) / 2;
        let place =
            Rect { x: area.x + indent, y: area.y + above, width: width as u16, height: height as u16 };
        match scale {
            Some(0) => self.draw_half(place, buf),
            Some(scale) => self.draw_large(place, scale, buf),
            None => {
                paint::text(buf, place, &self.text, self.style, self.glyphs.glyphs().ellipsis);
            }
        }
    }
}

by_value!(BigDigits);

/// The dots of a letter, from top to bottom; every row is as long as the first.
#[rustfmt::skip]
fn font(letter: char) -> [&'static str; HEIGHT] {
    match letter.to_ascii_uppercase() {
        '0' | 'O' => ["###", "#.#", "#.#", "#.#", "###"],
        '1' => [".#.", "##.", ".#.", ".#.", "###"],
        '2' => ["###", "..#", "###", "#..", "###"],
        '3' => ["###", "..#", ".##", "..#", "###"],
        '4' => ["#.#", "#.#", "###", "..#", "..#"],
        '5' | 'S' => ["###", "#..", "###", "..#", "###"],
        '6' => ["###", "#..", "###", "#.#", "###"],
        '7' => ["###", "..#", "..#", ".#.", ".#."],
        '8' => ["###", "#.#", "###", "#.#", "###"],
        '9' => ["###", "#.#", "###", "..#", "###"],
        'A' => ["###", "#.#", "###", "#.#", "#.#"],
        'B' => ["##.", "#.#", "##.", "#.#", "##."],
        'C' => ["###", "#..", "#..", "#..", "###"],
        'D' => ["##.", "#.#", "#.#", "#.#", "##."],
        'E' => ["###", "#..", "##.", "#..", "###"],
        'F' => ["###", "#..", "##.", "#..", "#.."],
        'G' => ["###", "#..", "#.#", "#.#", "###"],
        'H' => ["#.#", "#.#", "###", "#.#", "#.#"],
        'I' => ["###", ".#.", ".#.", ".#.", "###"],
        'J' => ["..#", "..#", "..#", "#.#", "###"],
        'K' => ["#.#", "#.#", "##.", "#.#", "#.#"],
        'L' => ["#..", "#..", "#..", "#..", "###"],
        'M' => ["#...#", "##.##", "#.#.#", "#...#", "#...#"],
        'N' => ["#..#", "##.#", "#.##", "#..#", "#..#"],
        'P' => ["###", "#.#", "###", "#..", "#.."],
        'Q' => ["###.", "#.#.", "#.#.", "#.##", "####"],
        'R' => ["##.", "#.#", "##.", "#.#", "#.#"],
        'T' => ["###", ".#.", ".#.", ".#.", ".#."],
        'U' => ["#.#", "#.#", "#.#", "#.#", "###"],
        'V' => ["#.#", "#.#", "#.#", "#.#", ".#."],
        'W' => ["#...#", "#...#", "#.#.#", "##.##", "#...#"],
        'X' => ["#.#", "#.#", ".#.", "#.#", "#.#"],
        'Y' => ["#.#", "#.#", ".#.", ".#.", ".#."],
        'Z' => ["###", "..#", ".#.", "#..", "###"],
        ':' => [".", "#", ".", "#", "."],
        '.' => [".", ".", ".", ".", "#"],
        '%' => ["#.#", "..#", ".#.", "#..", "#.#"],
        '-' | '–' => ["...", "...", "###", "...", "..."],
        '+' => ["...", ".#.", "###", ".#.", "..."],
        '/' => ["..#", "..#", ".#.", "#..", "#.."],
        ' ' => ["..", "..", "..", "..", ".."],
        '!' => ["#", "#", "#", ".", "#"],
        '<' => ["..#", ".#.", "#..", ".#.", "..#"],
        '>' => ["#..", ".#.", "..#", ".#.", "#.."],
        '?' => ["###", "..#", ".##", "...", ".#."],
        _ => font('?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn every_letter_is_a_rectangle_and_looks_like_no_other() {
        let all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ:.%-+/!<>? ";
        for letter in all.chars() {
            let dots = font(letter);
            assert!(dots.iter().all(|row| row.len() == dots[0].len()), "{letter}");
            // These pairs are read from what stands around them.
            let same = |other: char| other != letter && font(other) == dots && !"0O5S".contains(letter);
            assert!(!all.chars().any(same), "{letter}");
        }
        assert_eq!(font('日'), font('?'));
        assert_eq!(font('p'), font('P'));
    }

    #[test]
    fn the_largest_size_that_fits() {
        for (width, height, expected) in [
            (3, 1, vec!["42 "]),
            (1, 1, vec!["…"]),
            (7, 3, vec!["█ █ ▀▀█", "▀▀█ █▀▀", "  ▀ ▀▀▀"]),
            (
                14,
                5,
                vec![
                    "██  ██  ██████",
                    "██  ██      ██",
                    "██████  ██████",
                    "    ██  ██    ",
                    "    ██  ██████",
                ],
            ),
        ] {
            assert_eq!(rows(&draw(&BigDigits::new("42"), width, height)), expected, "{width}x{height}");
        }
        let large = draw(&BigDigits::new("1"), 12, 10);
        assert_eq!(rows(&large)[0], "    ████    ");
        let ascii = BigDigits::new("1").glyphs(GlyphSet::Ascii).alignment(Alignment::Right);
        assert_eq!(rows(&draw(&ascii, 7, 5)), ["   ##  ", " ####  ", "   ##  ", "   ##  ", " ######"]);
        assert_eq!(rows(&draw(&ascii, 3, 3)), [".# ", " # ", "'''"]);
        assert_eq!(rows(&draw(&ascii, 3, 2)), ["  1", "   "]);
        let neutral = BigDigits::new("2").glyphs(GlyphSet::Neutral);
        assert_eq!(rows(&draw(&neutral, 3, 3)), ["⠛⠛⣿", "⣿⠛⠛", "⠛⠛⠛"]);
        for (rows_wanted, tall) in [(0, 3), (3, 3), (4, 3), (5, 5), (9, 5), (10, 10), (u16::MAX, 30)] {
            let drawn = rows(&draw(&Digits::new("8").height(rows_wanted), 60, 30));
            assert_eq!(drawn.iter().filter(|row| row.contains(['█', '▀'])).count(), tall, "{rows_wanted}");
        }
    }

    #[test]
    fn any_size() {
        survives(&BigDigits::new("99.95% DOWN").alignment(Alignment::Center));
        survives(&BigDigits::new("日本語").max_scale(u16::MAX));
        survives(&BigDigits::new(""));
        survives(&BigDigits::new("x".repeat(100_000)));
    }
}
