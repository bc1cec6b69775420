//! What happened when: events with their time, a glyph and a text.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// An event of a [`Timeline`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment<'a> {
    time: Cow<'a, str>,
    glyph: Cow<'a, str>,
    text: Cow<'a, str>,
    style: Style,
    text_style: Option<Style>,
}

impl<'a> Moment<'a> {
    /// An event at a time, written as it is to be shown (`13:49`).
    pub fn new(
        time: impl Into<Cow<'a, str>>,
        glyph: impl Into<Cow<'a, str>>,
        text: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            time: time.into(),
            glyph: glyph.into(),
            text: text.into(),
            style: Style::new(),
            text_style: None,
        }
    }

    /// The style of glyph and text.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The style of the text alone, where it is not that of the glyph.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn text_style(mut self, style: impl Into<Style>) -> Self {
        self.text_style = Some(style.into());
        self
    }

    fn said(&self) -> Style {
        self.text_style.unwrap_or(self.style)
    }
}

/// Events in the order given: one below the other with wrapped text, or, in a single row, one after the other.
///
/// ```text
/// 13:49 ▲ HighErrorRate firing 4.2%        13:49 ▲ HighErrorRate firing   13:51 ✖ payments breaker OP…
///         (limit 1%)
/// 13:51 ✖ payments breaker OPEN
/// ```
///
/// # Setter methods
/// - [`time_style`](Self::time_style)
/// - [`lines`](Self::lines): lines that one event takes at most (3)
/// - [`skip`](Self::skip): events left out at the start, for scrolling
/// - [`glyphs`](Self::glyphs): for the ellipsis
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::{Moment, Timeline};
///
/// let events = [Moment::new("13:49", "▲", "error rate high"), Moment::new("13:51", "✖", "breaker open")];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 20, 3));
/// Timeline::new(&events).render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["13:49 ▲ error rate  ", "        high        ", "13:51 ✖ breaker open"]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline<'a> {
    events: &'a [Moment<'a>],
    time_style: Style,
    lines: u16,
    skip: usize,
    glyphs: GlyphSet,
}

impl<'a> Timeline<'a> {
    /// These events, in this order.
    pub fn new(events: &'a [Moment<'a>]) -> Self {
        Self { events, time_style: Style::new(), lines: 3, skip: 0, glyphs: GlyphSet::default() }
    }

    /// The style of the times.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn time_style(mut self, style: impl Into<Style>) -> Self {
        self.time_style = style.into();
        self
    }

    /// Lines that one event takes at most; at least one.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn lines(mut self, lines: u16) -> Self {
        self.lines = lines.max(1);
        self
    }

    /// Events left out at the start.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn skip(mut self, events: usize) -> Self {
        self.skip = events;
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    fn shown(&self) -> &'a [Moment<'a>] {
        self.events.get(self.skip..).unwrap_or_default()
    }

    fn draw_row(&self, area: Rect, buf: &mut Buffer) {
        let ellipsis = self.glyphs.glyphs().ellipsis;
        let mut left = Rect { height: 1, ..area };
        for event in self.shown() {
            let parts =
                [(&event.time, self.time_style), (&event.glyph, event.style), (&event.text, event.said())];
            for (part, style) in parts {
                let used = paint::text(buf, left, part, style, ellipsis);
                let used = if used > 0 { used.saturating_add(1).min(left.width) } else { 0 };
                left = Rect { x: left.x + used, width: left.width - used, ..left };
            }
            let gap = left.width.min(2);
            left = Rect { x: left.x + gap, width: left.width - gap, ..left };
            if left.is_empty() {
                return;
            }
        }
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer) {
        let ellipsis = self.glyphs.glyphs().ellipsis;
        // Only what can be in sight is measured: the list may be long.
        let seen = self.shown().iter().take(usize::from(area.height));
        let (mut times, mut marks) = (0, 0);
        for event in seen {
            times = times.max(text::width(&event.time));
            marks = marks.max(text::width(&event.glyph));
        }
        let wide = |cells: usize, most: u16| (cells as u16).min(most);
        let marks = wide(marks.min(8), area.width);
        // The time is the first to go when it is narrow.
        let times = if usize::from(area.width) >= times + usize::from(marks) + 12 {
            wide(times, area.width)
        } else {
            0
        };
        let column = |cells: u16| if cells > 0 { cells + 1 } else { 0 };
        let indent = (column(times) + column(marks)).min(area.width);
        let mut y = area.y;
        for event in self.shown() {
            if y >= area.bottom() {
                return;
            }
            let time = Rect { y, width: times, height: 1, ..area };
            paint::text_aligned(buf, time, &event.time, self.time_style, Alignment::Right, ellipsis);
            let mark = Rect { x: area.x + column(times), y, width: marks, height: 1 };
            paint::text(buf, mark, &event.glyph, event.style, ellipsis);
            let most = self.lines.min(area.bottom() - y);
            let room = usize::from(area.width - indent);
            let lines = text::wrap(&event.text, room, usize::from(most), ellipsis);
            for line in &lines {
                let place = Rect { x: area.x + indent, y, width: area.width - indent, height: 1 };
                paint::text(buf, place, line, event.said(), ellipsis);
                y += 1;
            }
            if lines.is_empty() {
                y += 1;
            }
        }
    }
}

impl Widget for &Timeline<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        match area.height {
            0 => {}
            1 => self.draw_row(area, buf),
            _ => self.draw_list(area, buf),
        }
    }
}

by_value!(Timeline);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    fn events() -> Vec<Moment<'static>> {
        vec![
            Moment::new("13:49", "▲", "HighErrorRate firing 4.2%"),
            Moment::new("9:51", "✖", "日本語 breaker"),
            Moment::new("13:58", "·", "acknowledged"),
        ]
    }

    #[test]
    fn lists_and_rows() {
        let events = events();
        let timeline = Timeline::new(&events);
        for (width, height, expected) in [
            (
                22,
                4,
                vec![
                    "13:49 ▲ HighErrorRate ",
                    "        firing 4.2%   ",
                    " 9:51 ✖ 日本語 breaker",
                    "13:58 · acknowledged  ",
                ],
            ),
            (16, 2, vec!["▲ HighErrorRate ", "  firing 4.2%   "]),
            (30, 1, vec!["13:49 ▲ HighErrorRate firing …"]),
            (50, 1, vec!["13:49 ▲ HighErrorRate firing 4.2%   9:51 ✖ 日本語…"]),
        ] {
            assert_eq!(rows(&draw(&timeline, width, height)), expected, "{width}x{height}");
        }
        let short = Timeline::new(&events).lines(1).skip(1);
        assert_eq!(rows(&draw(&short, 18, 2)), [" 9:51 ✖ 日本語 br…", "13:58 · acknowled…"]);
    }

    #[test]
    fn any_size() {
        let events = events();
        survives(&Timeline::new(&events));
        survives(&Timeline::new(&events).skip(usize::MAX).lines(0));
        survives(&Timeline::new(&[Moment::new("日本日本日本日本", "日本", "\u{1b}[2J\n")]));
        survives(&Timeline::new(&[Moment::new("", "", "")]));
    }
}
