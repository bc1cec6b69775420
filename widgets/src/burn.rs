//! How fast it goes: a bar over orders of magnitude, with its limits marked.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::GlyphSet;
use crate::paint::{self, by_value};

/// A bar for a rate that matters over orders of magnitude, on a logarithmic scale with ticks at its limits:
/// `■■■■■│■▪□│□□□ 8.1x`.
///
/// Values at or below the low end draw nothing but the track; above the high end the bar ends in `▶`. NaN is unknown.
///
/// # Setter methods
/// - [`range`](Self::range): both ends (0.1 to 100)
/// - [`limits`](Self::limits): ticks, and the style of the bar beyond each
/// - [`label`](Self::label), [`label_width`](Self::label_width), [`label_style`](Self::label_style)
/// - [`style`](Self::style), [`track_style`](Self::track_style), [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, style::{Color, Style}, widgets::Widget};
/// use warroom_widgets::BurnBar;
///
/// let limits = [(1.0, Style::new().fg(Color::Yellow)), (10.0, Style::new().fg(Color::Red))];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
/// BurnBar::new(10.0).limits(&limits).render(buf.area, &mut buf);
/// assert_eq!(buf[(0, 0)].fg, Color::Yellow);
/// assert_eq!(buf[(4, 0)].symbol(), "│");
/// assert_eq!(buf[(9, 0)].symbol(), "□");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BurnBar<'a> {
    value: f64,
    low: f64,
    high: f64,
    limits: &'a [(f64, Style)],
    label: Cow<'a, str>,
    label_width: u16,
    label_style: Style,
    style: Style,
    track_style: Style,
    glyphs: GlyphSet,
}

impl<'a> BurnBar<'a> {
    /// A bar for this rate.
    pub fn new(value: f64) -> Self {
        Self {
            value,
            low: 0.1,
            high: 100.0,
            limits: &[],
            label: Cow::Borrowed(""),
            label_width: 0,
            label_style: Style::new(),
            style: Style::new(),
            track_style: Style::new(),
            glyphs: GlyphSet::default(),
        }
    }

    /// Both ends of the scale. If they are not positive and in order, 0.1 to 100 stands.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        if low.is_normal() && high.is_normal() && low > 0.0 && high > low {
            (self.low, self.high) = (low, high);
        }
        self
    }

    /// Ticks, lowest first; a value above a limit gives the bar its style.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn limits(mut self, limits: &'a [(f64, Style)]) -> Self {
        self.limits = limits;
        self
    }

    /// Text at the right of the bar.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label(mut self, label: impl Into<Cow<'a, str>>) -> Self {
        self.label = label.into();
        self
    }

    /// Cells that the label takes at least, so that bars in a column line up.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn label_width(mut self, width: u16) -> Self {
        self.label_width = width;
        self
    }

    /// The style of the label.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label_style(mut self, style: impl Into<Style>) -> Self {
        self.label_style = style.into();
        self
    }

    /// The style of the bar below every limit.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The style of the empty part and of the ticks.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn track_style(mut self, style: impl Into<Style>) -> Self {
        self.track_style = style.into();
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// Where a value lies on the scale; NaN and what is not positive lie at its low end.
    fn place(&self, value: f64) -> f64 {
        if value > 0.0 { (value / self.low).ln() / (self.high / self.low).ln() } else { 0.0 }
    }

    fn bar(&self, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        if self.value.is_nan() {
            for x in area.left()..area.right() {
                paint::put(buf, x, area.y, glyphs.bullet, self.track_style);
            }
            return;
        }
        let style = self
            .limits
            .iter()
            .rev()
            .find(|(limit, _)| self.value > *limit)
            .map_or(self.style, |(_, style)| self.style.patch(*style));
        let place = self.place(self.value);
        paint::bar(buf, area, place.clamp(0.0, 1.0), glyphs, style, self.track_style);
        for (limit, _) in self.limits {
            let at = self.place(*limit);
            if at > 0.0 && at < 1.0 {
                let x = area.x + ((at * f64::from(area.width)).round() as u16).min(area.width - 1);
                paint::ink(
                    buf,
                    x,
                    area.y,
                    glyphs.threshold,
                    // Inside the bar a tick is cut out of it.
                    if place > at { style.reversed() } else { self.track_style },
                );
            }
        }
        if place > 1.0 {
            paint::ink(buf, area.right() - 1, area.y, glyphs.over, style);
        }
    }
}

impl Widget for &BurnBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let (bar, label) = paint::divide(area, &self.label, self.label_width, 3);
        if !bar.is_empty() {
            self.bar(bar, buf);
        }
        let ellipsis = self.glyphs.glyphs().ellipsis;
        paint::text_aligned(buf, label, &self.label, self.label_style, Alignment::Right, ellipsis);
    }
}

by_value!(BurnBar);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};
    use ratatui_core::style::Color;

    #[test]
    fn burn_is_logarithmic() {
        for (value, expected) in [
            (0.0, "□□□□□□□□□□□□"),
            (-3.0, "□□□□□□□□□□□□"),
            (0.1, "□□□□□□□□□□□□"),
            (1.0, "■■■■□□□□□□□□"),
            (10.0, "■■■■■■■■□□□□"),
            (100.0, "■■■■■■■■■■■■"),
            (720.0, "■■■■■■■■■■■▶"),
            (f64::INFINITY, "■■■■■■■■■■■▶"),
            (f64::NAN, "············"),
        ] {
            assert_eq!(rows(&draw(&BurnBar::new(value), 12, 1)), [expected], "{value}");
        }
        let limits = [(f64::NAN, Style::new()), (1.0, Style::new()), (1e9, Style::new())];
        assert_eq!(
            rows(&draw(&BurnBar::new(10.0).limits(&limits).label("10x"), 16, 1)),
            ["■■■■│■■■□□□□ 10x"]
        );
        assert_eq!(BurnBar::new(1.0).range(5.0, 1.0), BurnBar::new(1.0));
    }

    #[test]
    fn limits_are_marked_and_what_is_beyond_has_their_style() {
        let style = |colour: Color| Style::new().fg(colour);
        let limits = [(1.0, style(Color::Blue)), (6.0, style(Color::Yellow)), (14.4, style(Color::Red))];
        for (value, expected, colour) in [
            (0.5, "■■■■■■■□□□│□□□□□□□│□□□│□□□□□□□", Color::Reset),
            (3.0, "■■■■■■■■■■│■■■▪□□□│□□□│□□□□□□□", Color::Blue),
            (10.0, "■■■■■■■■■■│■■■■■■■│■□□│□□□□□□□", Color::Yellow),
            (21.4, "■■■■■■■■■■│■■■■■■■│■■■│▪□□□□□□", Color::Red),
        ] {
            let buf = draw(&BurnBar::new(value).limits(&limits), 30, 1);
            assert_eq!(rows(&buf), [expected], "{value}");
            assert_eq!(buf[(0, 0)].fg, colour, "{value}");
        }
    }

    #[test]
    fn any_size() {
        for value in [-4.2, 0.3, 21.4, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            survives(&BurnBar::new(value).limits(&[(1.0, Style::new())]).label("日本語"));
            survives(&BurnBar::new(value).range(5e-324, f64::MAX).label_width(u16::MAX));
        }
    }
}
