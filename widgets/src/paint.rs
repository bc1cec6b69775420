//! The only code that writes to a buffer: every write is checked, so no widget can reach outside.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::{Modifier, Style};
use ratatui_core::text::{Line, Span};

use crate::{Glyphs, text};

/// The part of `area` that the buffer has.
pub(crate) fn clip(area: Rect, buf: &Buffer) -> Rect {
    area.intersection(buf.area)
}

/// Writes one glyph.
pub(crate) fn put(buf: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// Writes one glyph of a line or a bar: without the underline of its style, which would be a second line below it.
pub(crate) fn ink(buf: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    put(buf, x, y, symbol, plain(style));
}

/// The same with a character.
pub(crate) fn ink_char(buf: &mut Buffer, x: u16, y: u16, symbol: char, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_char(symbol).set_style(plain(style));
    }
}

fn plain(style: Style) -> Style {
    Style { add_modifier: style.add_modifier.difference(Modifier::UNDERLINED), ..style }
}

/// Draws a bar from the left of the first row, to an eighth of a cell where the alphabet has eighths; `ratio` must be within 0..=1.
///
/// What is not nothing shows at least one eighth, and what is not everything leaves at least one.
pub(crate) fn bar(buf: &mut Buffer, area: Rect, ratio: f64, glyphs: &Glyphs, style: Style, track: Style) {
    let whole = usize::from(area.width) * 8;
    let mut eighths = (ratio * whole as f64).round() as usize;
    if ratio > 0.0 && whole > 1 {
        eighths = eighths.max(1);
    }
    if ratio < 1.0 {
        eighths = eighths.min(whole.saturating_sub(1));
    }
    for (at, x) in (area.left()..area.right()).enumerate() {
        match eighths.saturating_sub(at * 8).min(8) {
            0 => put(buf, x, area.y, glyphs.track, track),
            part => {
                let glyph = glyphs.eighths.get(part).copied().unwrap_or(glyphs.full);
                ink(buf, x, area.y, glyph, style);
            }
        }
    }
}

/// Writes `content` into the first row of `area`, cut with `ellipsis`; returns the cells used.
pub(crate) fn text(buf: &mut Buffer, area: Rect, content: &str, style: Style, ellipsis: &str) -> u16 {
    if area.is_empty() {
        return 0;
    }
    let mut pen = Pen::new(buf, area, text::width(content) > usize::from(area.width), ellipsis);
    pen.write(content, style);
    pen.finish(style)
}

/// As [`text`], aligned within the row.
pub(crate) fn text_aligned(
    buf: &mut Buffer,
    area: Rect,
    content: &str,
    style: Style,
    alignment: Alignment,
    ellipsis: &str,
) {
    let area = align(area, text::width(content), alignment);
    text(buf, area, content, style, ellipsis);
}

/// Writes a line of spans into the first row of `area`, cut with `ellipsis`.
pub(crate) fn line(
    buf: &mut Buffer,
    area: Rect,
    line: &Line<'_>,
    base: Style,
    alignment: Alignment,
    ellipsis: &str,
) -> u16 {
    let width = text::line_width(line);
    let area = align(area, width, line.alignment.unwrap_or(alignment));
    if area.is_empty() {
        return 0;
    }
    let base = base.patch(line.style);
    let mut pen = Pen::new(buf, area, width > usize::from(area.width), ellipsis);
    let mut last = base;
    for span in &line.spans {
        let style = base.patch(span.style);
        if !pen.write(&span.content, style) {
            last = style;
            break;
        }
        last = style;
    }
    pen.finish(last)
}

/// The part of `area` that text `width` cells wide takes when aligned.
fn align(area: Rect, width: usize, alignment: Alignment) -> Rect {
    let free = usize::from(area.width).saturating_sub(width) as u16;
    let indent = match alignment {
        Alignment::Left => 0,
        Alignment::Center => free / 2,
        Alignment::Right => free,
    };
    Rect { x: area.x.saturating_add(indent), width: area.width.saturating_sub(indent), ..area }
}

/// Writes graphemes one after the other until the row is full.
struct Pen<'b> {
    buf: &'b mut Buffer,
    x: u16,
    y: u16,
    left: u16,
    end: u16,
    cut: bool,
    ellipsis: &'b str,
}

impl<'b> Pen<'b> {
    fn new(buf: &'b mut Buffer, area: Rect, cut: bool, ellipsis: &'b str) -> Self {
        let mark = if cut { text::width(ellipsis).min(usize::from(area.width)) as u16 } else { 0 };
        Self {
            buf,
            x: area.x,
            y: area.y,
            left: area.x,
            end: area.right().saturating_sub(mark),
            cut,
            ellipsis,
        }
    }

    /// False when there was no room for all of it.
    fn write(&mut self, content: &str, style: Style) -> bool {
        if text::is_plain(content) {
            for at in 0..content.len() {
                if self.x >= self.end {
                    return false;
                }
                put(self.buf, self.x, self.y, content.get(at..=at).unwrap_or(" "), style);
                self.x += 1;
            }
            return true;
        }
        let span = Span::raw(content);
        for (grapheme, cells) in text::graphemes(&span, style) {
            if cells == 0 {
                continue;
            }
            let next = self.x.saturating_add(cells);
            if next > self.end {
                return false;
            }
            put(self.buf, self.x, self.y, grapheme.symbol, style);
            // The cells that a wide grapheme covers are emptied, or the next diff would send what lies under it.
            for x in self.x + 1..next {
                if let Some(cell) = self.buf.cell_mut((x, self.y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
            self.x = next;
        }
        true
    }

    fn finish(self, style: Style) -> u16 {
        let mut x = self.x;
        if self.cut {
            for at in self.ellipsis.chars() {
                put(self.buf, x, self.y, at.encode_utf8(&mut [0; 4]), style);
                x = x.saturating_add(1);
            }
        }
        x.saturating_sub(self.left)
    }
}

/// Divides a row into a bar and a label at its right; the bar goes when fewer than `least` cells are left for it.
pub(crate) fn divide(area: Rect, label: &str, label_width: u16, least: u16) -> (Rect, Rect) {
    let wide = (text::width(label).min(usize::from(u16::MAX)) as u16).max(label_width).min(area.width);
    let bar = if wide == 0 { area.width } else { area.width.saturating_sub(wide.saturating_add(1)) };
    let bar = if bar < least && wide > 0 { 0 } else { bar };
    let start = area.right() - wide;
    (Rect { width: bar, height: 1, ..area }, Rect { x: start, width: wide, height: 1, ..area })
}

/// The dots of a braille cell: bit of (column, row), row 0 at the top (Unicode block U+2800).
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The bit of one dot; columns 0..2 and rows 0..4, anything else is no dot.
pub(crate) fn dot(column: usize, row: usize) -> u8 {
    DOTS.get(column).and_then(|rows| rows.get(row)).copied().unwrap_or(0)
}

/// The braille character with these dots.
pub(crate) fn braille(bits: u8) -> char {
    char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ')
}

/// By-value twin of a by-reference widget.
macro_rules! by_value {
    ($name:ident) => {
        impl ratatui_core::widgets::Widget for $name<'_> {
            fn render(self, area: ratatui_core::layout::Rect, buf: &mut ratatui_core::buffer::Buffer) {
                ratatui_core::widgets::Widget::render(&self, area, buf);
            }
        }
    };
}
pub(crate) use by_value;

#[cfg(test)]
pub(crate) mod testing {
    //! What the tests of every widget share.

    use ratatui_core::buffer::Buffer;
    use ratatui_core::layout::Rect;
    use ratatui_core::widgets::Widget;

    /// Draws into a buffer of this size.
    pub(crate) fn draw<W>(widget: &W, width: u16, height: u16) -> Buffer
    where
        for<'a> &'a W: Widget,
    {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        widget.render(buf.area, &mut buf);
        buf
    }

    /// The drawn text, one string a row.
    pub(crate) fn rows(buf: &Buffer) -> Vec<String> {
        use ratatui_core::buffer::CellWidth as _;
        (buf.area.top()..buf.area.bottom())
            .map(|y| {
                let mut row = String::new();
                let mut x = buf.area.left();
                while let Some(cell) = buf.cell((x, y)).filter(|_| x < buf.area.right()) {
                    row.push_str(cell.symbol());
                    x += cell.symbol().cell_width().max(1);
                }
                row
            })
            .collect()
    }

    /// Draws the widget at hostile sizes and places: none may panic, and nothing may be written outside the area.
    pub(crate) fn survives<W>(widget: &W)
    where
        for<'a> &'a W: Widget,
    {
        for (width, height) in
            [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (1, 5), (3, 2), (7, 1), (13, 3), (90, 30)]
        {
            draw(widget, width, height);
            let outer = Rect::new(3, 2, width + 4, height + 4);
            let mut buf = Buffer::filled(outer, ratatui_core::buffer::Cell::new("x"));
            let inner = Rect::new(5, 4, width, height);
            widget.render(inner, &mut buf);
            for y in outer.top()..outer.bottom() {
                for x in outer.left()..outer.right() {
                    if !inner.contains((x, y).into()) {
                        assert_eq!(buf[(x, y)].symbol(), "x", "written outside at {x},{y} of {inner:?}");
                    }
                }
            }
            for hostile in [
                Rect::new(0, 0, 400, 200),
                Rect::new(u16::MAX, u16::MAX, 1, 1),
                Rect { x: u16::MAX - 1, y: 0, width: 9, height: 9 },
                Rect { x: 100, y: 100, width: u16::MAX, height: u16::MAX },
                Rect::new(4, 0, 5, 60),
            ] {
                widget.render(hostile, &mut buf);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(content: &str, width: u16, alignment: Alignment) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        let area = buf.area;
        text_aligned(&mut buf, area, content, Style::new(), alignment, "…");
        testing::rows(&buf).remove(0)
    }

    #[test]
    fn text_is_cut_and_aligned_by_width() {
        for (content, width, alignment, expected) in [
            ("abc", 5, Alignment::Left, "abc  "),
            ("abc", 5, Alignment::Right, "  abc"),
            ("abc", 5, Alignment::Center, " abc "),
            ("abcdef", 5, Alignment::Right, "abcd…"),
            ("日本語", 5, Alignment::Left, "日本…"),
            ("日本語", 4, Alignment::Left, "日… "),
            ("ab", 1, Alignment::Left, "…"),
            ("a\u{1b}b", 3, Alignment::Left, "ab "),
            ("e\u{301}x", 2, Alignment::Left, "e\u{301}x"),
        ] {
            assert_eq!(drawn(content, width, alignment), expected, "{content:?} in {width}");
        }
    }

    #[test]
    fn braille_bits_are_those_of_unicode() {
        assert_eq!(braille(dot(0, 0)), '⠁');
        assert_eq!(braille(dot(1, 3)), '⢀');
        assert_eq!(braille(0xff), '⣿');
        assert_eq!(dot(2, 0) | dot(0, 4), 0);
    }
}
