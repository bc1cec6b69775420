//! A queue: how deep, how that compares, and where it is going.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::number::{Unit, human, human_or};
use crate::paint::{self, by_value};
use crate::{GlyphSet, Glyphs, text};

/// Where a number is going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trend {
    /// Growing.
    Up,
    /// Shrinking.
    Down,
    /// Neither, within the tolerance.
    Flat,
    /// Not known; drawn as nothing.
    #[default]
    Unknown,
}

impl Trend {
    /// Compares two values: a change within `tolerance` of the larger of them (a ratio, such as 0.05) is flat. NaN is
    /// unknown, as is a change between equal infinities.
    ///
    /// ```
    /// use warroom_widgets::Trend;
    /// assert_eq!(Trend::between(100.0, 120.0, 0.05), Trend::Up);
    /// assert_eq!(Trend::between(100.0, 104.0, 0.05), Trend::Flat);
    /// ```
    pub fn between(before: f64, now: f64, tolerance: f64) -> Self {
        let change = now - before;
        if change.is_nan() {
            return Self::Unknown;
        }
        let slack = before.abs().max(now.abs()) * tolerance.max(0.0);
        if slack.is_finite() && change.abs() <= slack {
            Self::Flat
        } else if change > 0.0 {
            Self::Up
        } else if change < 0.0 {
            Self::Down
        } else {
            Self::Flat
        }
    }

    /// The arrow, a space where the trend is not known.
    pub const fn glyph(self, glyphs: &Glyphs) -> &'static str {
        match self {
            Self::Up => glyphs.up,
            Self::Down => glyphs.down,
            Self::Flat => glyphs.flat,
            Self::Unknown => " ",
        }
    }
}

/// A bar, a number and an arrow: `■■■■▪□□□ 1.2k ▲`. The bar gives way first, then the arrow; the number stays.
///
/// The bar is `depth / capacity`; a depth beyond the capacity fills it and ends in a marker. Without a capacity, or with an
/// unknown depth, there is an empty bar and no claim. An unknown depth is `–`, never 0.
///
/// # Setter methods
/// - [`capacity`](Self::capacity): what a full bar stands for
/// - [`trend`](Self::trend): the arrow
/// - [`unit`](Self::unit): how the number is written; [`label`](Self::label) replaces it
/// - [`style`](Self::style), [`bar_style`](Self::bar_style), [`track_style`](Self::track_style),
///   [`trend_style`](Self::trend_style)
/// - [`number_width`](Self::number_width): so that bars in a column line up
/// - [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::{QueueBar, Trend};
///
/// let mut buf = Buffer::empty(Rect::new(0, 0, 15, 1));
/// QueueBar::new(Some(600.0)).capacity(1_200.0).trend(Trend::Up).render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["■■■■□□□□  600 ▲"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QueueBar<'a> {
    depth: Option<f64>,
    capacity: Option<f64>,
    trend: Trend,
    unit: Unit,
    label: Option<Cow<'a, str>>,
    style: Style,
    bar_style: Style,
    track_style: Style,
    trend_style: Style,
    number_width: u16,
    glyphs: GlyphSet,
}

impl<'a> QueueBar<'a> {
    /// A queue this deep; `None` or NaN is unknown.
    pub fn new(depth: Option<f64>) -> Self {
        Self {
            depth: depth.filter(|depth| !depth.is_nan()),
            capacity: None,
            trend: Trend::Unknown,
            unit: Unit::Count,
            label: None,
            style: Style::new(),
            bar_style: Style::new(),
            track_style: Style::new(),
            trend_style: Style::new(),
            number_width: 4,
            glyphs: GlyphSet::default(),
        }
    }

    /// What a full bar stands for.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn capacity(mut self, capacity: f64) -> Self {
        self.capacity = Some(capacity);
        self
    }

    /// Where it is going.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn trend(mut self, trend: Trend) -> Self {
        self.trend = trend;
        self
    }

    /// How the number is written.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// Text in place of the number.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label(mut self, label: impl Into<Cow<'a, str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The style of the number.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The style of the filled part.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn bar_style(mut self, style: impl Into<Style>) -> Self {
        self.bar_style = style.into();
        self
    }

    /// The style of the empty part.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn track_style(mut self, style: impl Into<Style>) -> Self {
        self.track_style = style.into();
        self
    }

    /// The style of the arrow.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn trend_style(mut self, style: impl Into<Style>) -> Self {
        self.trend_style = style.into();
        self
    }

    /// Cells that the number takes at least (4), so that bars in a column line up.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn number_width(mut self, width: u16) -> Self {
        self.number_width = width;
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    fn number(&self) -> Cow<'_, str> {
        match (&self.label, self.depth) {
            (Some(label), _) => Cow::Borrowed(label),
            (None, Some(depth)) => Cow::Owned(human(depth, self.unit)),
            (None, None) => Cow::Owned(human_or(None, self.unit, self.glyphs.glyphs().unknown)),
        }
    }

    fn bar(&self, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let ratio = match (self.depth, self.capacity) {
            (Some(depth), Some(capacity)) if capacity > 0.0 => depth / capacity,
            _ => 0.0,
        };
        let ratio = if ratio.is_nan() { 0.0 } else { ratio };
        paint::bar(buf, area, ratio.clamp(0.0, 1.0), glyphs, self.bar_style, self.track_style);
        if ratio > 1.0 && area.width > 0 {
            paint::ink(buf, area.right() - 1, area.y, glyphs.over, self.bar_style);
        }
    }
}

impl Widget for &QueueBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let glyphs = self.glyphs.glyphs();
        let number = self.number();
        let digits =
            text::width(&number).max(usize::from(self.number_width)).min(usize::from(area.width)) as u16;
        // The place of the arrow is kept where the trend is unknown too, so that numbers in a column line up.
        let arrow = if area.width >= digits + 2 { 2 } else { 0 };
        let bar = area.width.saturating_sub(digits + arrow + 1);
        let bar = if bar < 2 { 0 } else { bar };
        if bar > 0 {
            self.bar(Rect { width: bar, height: 1, ..area }, buf);
        }
        let x = area.right() - arrow - digits;
        let place = Rect { x, width: digits, height: 1, ..area };
        let align = ratatui_core::layout::Alignment::Right;
        paint::text_aligned(buf, place, &number, self.style, align, glyphs.ellipsis);
        if arrow == 2 {
            paint::put(buf, area.right() - 1, area.y, self.trend.glyph(glyphs), self.trend_style);
        }
    }
}

by_value!(QueueBar);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn trends() {
        for (before, now, trend) in [
            (0.0, 0.0, Trend::Flat),
            (0.0, 1.0, Trend::Up),
            (100.0, 80.0, Trend::Down),
            (100.0, 96.0, Trend::Flat),
            (-100.0, -104.0, Trend::Flat),
            (f64::NAN, 1.0, Trend::Unknown),
            (1.0, f64::INFINITY, Trend::Up),
            (f64::INFINITY, f64::INFINITY, Trend::Unknown),
            (1.0, f64::NEG_INFINITY, Trend::Down),
        ] {
            assert_eq!(Trend::between(before, now, 0.05), trend, "{before} {now}");
        }
        assert_eq!(Trend::between(1.0, 1.1, f64::NAN), Trend::Up);
        assert_eq!(Trend::between(1.0, 1.1, f64::INFINITY), Trend::Up);
    }

    #[test]
    fn the_number_outlives_bar_and_arrow() {
        let queue = QueueBar::new(Some(1_234.0)).capacity(2_000.0).trend(Trend::Up);
        for (width, text) in [
            (17, "■■■■■■▪□□□ 1.2k ▲"),
            (9, "■▪ 1.2k ▲"),
            (8, "  1.2k ▲"),
            (6, "1.2k ▲"),
            (5, " 1.2k"),
            (4, "1.2k"),
            (3, "1.…"),
        ] {
            let drawn = rows(&draw(&queue, width, 1)).remove(0);
            assert_eq!(drawn.trim_start(), text.trim_start(), "{width}");
        }
    }

    #[test]
    fn unknown_full_and_hostile() {
        for (depth, capacity, text) in [
            (None, 10.0, "□□□□□    –  "),
            (Some(f64::NAN), 10.0, "□□□□□    –  "),
            (Some(0.0), 10.0, "□□□□□    0  "),
            (Some(10.0), 10.0, "■■■■■   10  "),
            (Some(30.0), 10.0, "■■■■▶   30  "),
            (Some(-3.0), 10.0, "□□□□□   -3  "),
            (Some(3.0), 0.0, "□□□□□    3  "),
            (Some(3.0), f64::NAN, "□□□□□    3  "),
            (Some(f64::INFINITY), 10.0, "■■■■▶  inf  "),
            (Some(f64::INFINITY), f64::INFINITY, "□□□□□  inf  "),
        ] {
            let queue = QueueBar::new(depth).capacity(capacity);
            assert_eq!(rows(&draw(&queue, 12, 1)), [text], "{depth:?} of {capacity}");
        }
        let ascii = QueueBar::new(Some(6.0)).capacity(10.0).trend(Trend::Down).glyphs(GlyphSet::Ascii);
        assert_eq!(rows(&draw(&ascii, 12, 1)), ["###..    6 v"]);
    }

    #[test]
    fn any_size() {
        survives(&QueueBar::new(Some(f64::INFINITY)).capacity(1.0).trend(Trend::Up));
        survives(&QueueBar::new(None).label("日本語日本語").number_width(u16::MAX));
    }
}
