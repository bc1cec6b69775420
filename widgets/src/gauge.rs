//! How much is left, and how fast it goes: bars that show also what lies beyond their ends.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// A bar for what is left of a budget, to an eighth of a cell: `██████▍░░░ 64%`.
///
/// A ratio below zero is overspent: the bar fills from the other side, led by `◀`, so that it cannot be taken for what is
/// left (`░░░░░░◀███`). Above one it is full and ends in `▶`. NaN is unknown and drawn as dots, neither full nor empty.
///
/// # Setter methods
/// - [`label`](Self::label), [`label_width`](Self::label_width), [`label_style`](Self::label_style): text at the right,
///   which outlives the bar when it is narrow
/// - [`style`](Self::style), [`track_style`](Self::track_style), [`overspent_style`](Self::overspent_style)
/// - [`mark`](Self::mark): a tick on the bar, such as the share of the window that is over
/// - [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::BudgetBar;
///
/// let mut buf = Buffer::empty(Rect::new(0, 0, 10, 2));
/// BudgetBar::new(0.65).render(Rect::new(0, 0, 10, 1), &mut buf);
/// BudgetBar::new(-0.4).render(Rect::new(0, 1, 10, 1), &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["██████▌░░░", "░░░░░░◀███"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetBar<'a> {
    ratio: f64,
    label: Cow<'a, str>,
    label_width: u16,
    label_style: Style,
    style: Style,
    track_style: Style,
    overspent_style: Style,
    mark: Option<f64>,
    glyphs: GlyphSet,
}

impl<'a> BudgetBar<'a> {
    /// A bar for this ratio: 1 is untouched, 0 is spent, below 0 is overspent, NaN is unknown.
    pub fn new(ratio: f64) -> Self {
        Self {
            ratio,
            label: Cow::Borrowed(""),
            label_width: 0,
            label_style: Style::new(),
            style: Style::new(),
            track_style: Style::new(),
            overspent_style: Style::new(),
            mark: None,
            glyphs: GlyphSet::default(),
        }
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

    /// The style of what is left.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The style of the empty part.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn track_style(mut self, style: impl Into<Style>) -> Self {
        self.track_style = style.into();
        self
    }

    /// The style of what is overspent.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn overspent_style(mut self, style: impl Into<Style>) -> Self {
        self.overspent_style = style.into();
        self
    }

    /// A tick on the bar at this ratio; outside 0..=1 there is none.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn mark(mut self, ratio: f64) -> Self {
        self.mark = Some(ratio);
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    fn bar(&self, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        if self.ratio.is_nan() {
            for x in area.left()..area.right() {
                paint::put(buf, x, area.y, glyphs.bullet, self.track_style);
            }
            return;
        }
        if self.ratio < 0.0 {
            let wide = f64::from(area.width);
            let over = ((-self.ratio).min(1.0) * wide).round().clamp(1.0, wide) as u16;
            let start = area.right() - over;
            for x in area.left()..area.right() {
                let (glyph, style) = match x {
                    x if x < start => (glyphs.track, self.track_style),
                    x if x == start => (glyphs.under, self.overspent_style),
                    _ => (glyphs.full, self.overspent_style),
                };
                paint::put(buf, x, area.y, glyph, style);
            }
        } else {
            paint::bar(buf, area, self.ratio.min(1.0), glyphs, self.style, self.track_style);
            if self.ratio > 1.0 {
                paint::put(buf, area.right() - 1, area.y, glyphs.over, self.style);
            }
        }
        if let Some(mark) = self.mark.filter(|mark| (0.0..=1.0).contains(mark)) {
            let at = area.x + ((mark * f64::from(area.width)) as u16).min(area.width - 1);
            paint::put(buf, at, area.y, glyphs.threshold, self.label_style);
        }
    }
}

/// Divides a row into a bar and a label at its right; the bar goes when fewer than `least` cells are left for it.
fn divide(area: Rect, label: &str, label_width: u16, least: u16) -> (Rect, Rect) {
    let wide = (text::width(label).min(usize::from(u16::MAX)) as u16).max(label_width).min(area.width);
    let bar = if wide == 0 { area.width } else { area.width.saturating_sub(wide.saturating_add(1)) };
    let bar = if bar < least && wide > 0 { 0 } else { bar };
    let start = area.right() - wide;
    (Rect { width: bar, height: 1, ..area }, Rect { x: start, width: wide, height: 1, ..area })
}

impl Widget for &BudgetBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let (bar, label) = divide(area, &self.label, self.label_width, 3);
        if !bar.is_empty() {
            self.bar(bar, buf);
        }
        let right = ratatui_core::layout::Alignment::Right;
        let ellipsis = self.glyphs.glyphs().ellipsis;
        paint::text_aligned(buf, label, &self.label, self.label_style, right, ellipsis);
    }
}

by_value!(BudgetBar);

/// A bar for a rate that matters over orders of magnitude, on a logarithmic scale with ticks at its limits:
/// `█████│█▋░│░░░ 8.1x`.
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
/// assert_eq!(buf[(9, 0)].symbol(), "░");
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
                paint::put(
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
            paint::put(buf, area.right() - 1, area.y, glyphs.over, style);
        }
    }
}

impl Widget for &BurnBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() {
            return;
        }
        let (bar, label) = divide(area, &self.label, self.label_width, 3);
        if !bar.is_empty() {
            self.bar(bar, buf);
        }
        let right = ratatui_core::layout::Alignment::Right;
        let ellipsis = self.glyphs.glyphs().ellipsis;
        paint::text_aligned(buf, label, &self.label, self.label_style, right, ellipsis);
    }
}

by_value!(BurnBar);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn budgets_between_and_beyond() {
        for (ratio, expected) in [
            (1.0, "██████████"),
            (0.999, "█████████▉"),
            (0.65, "██████▌░░░"),
            (0.001, "▏░░░░░░░░░"),
            (0.0, "░░░░░░░░░░"),
            (-0.001, "░░░░░░░░░◀"),
            (-0.4, "░░░░░░◀███"),
            (-1.0, "◀█████████"),
            (-4.2, "◀█████████"),
            (f64::NEG_INFINITY, "◀█████████"),
            (1.37, "█████████▶"),
            (f64::INFINITY, "█████████▶"),
            (f64::NAN, "··········"),
        ] {
            assert_eq!(rows(&draw(&BudgetBar::new(ratio), 10, 1)), [expected], "{ratio}");
        }
        assert_eq!(rows(&draw(&BudgetBar::new(0.5).mark(0.75), 8, 1)), ["████░░│░"]);
        assert_eq!(rows(&draw(&BudgetBar::new(-0.5).glyphs(GlyphSet::Ascii), 8, 1)), ["....<###"]);
    }

    #[test]
    fn the_label_outlives_the_bar() {
        let bar = BudgetBar::new(0.5).label("13m");
        for (width, text) in [(10, "███░░░ 13m"), (7, "█▌░ 13m"), (6, "   13m"), (3, "13m"), (2, "1…")]
        {
            assert_eq!(rows(&draw(&bar, width, 1)), [text], "{width}");
        }
        assert_eq!(rows(&draw(&BudgetBar::new(1.0).label("1m").label_width(4), 9, 1)), ["████   1m"]);
    }

    #[test]
    fn burn_is_logarithmic() {
        for (value, expected) in [
            (0.0, "░░░░░░░░░░░░"),
            (-3.0, "░░░░░░░░░░░░"),
            (0.1, "░░░░░░░░░░░░"),
            (1.0, "████░░░░░░░░"),
            (10.0, "████████░░░░"),
            (100.0, "████████████"),
            (720.0, "███████████▶"),
            (f64::INFINITY, "███████████▶"),
            (f64::NAN, "············"),
        ] {
            assert_eq!(rows(&draw(&BurnBar::new(value), 12, 1)), [expected], "{value}");
        }
        let limits = [(f64::NAN, Style::new()), (1.0, Style::new()), (1e9, Style::new())];
        assert_eq!(
            rows(&draw(&BurnBar::new(10.0).limits(&limits).label("10x"), 16, 1)),
            ["████│███░░░░ 10x"]
        );
        assert_eq!(BurnBar::new(1.0).range(5.0, 1.0), BurnBar::new(1.0));
    }

    #[test]
    fn any_size() {
        for value in [-4.2, 0.3, 1.37, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            survives(&BudgetBar::new(value).label("日本語").mark(1.0));
            survives(&BudgetBar::new(value).label_width(u16::MAX));
            survives(&BurnBar::new(value).limits(&[(1.0, Style::new())]).label("日本語"));
        }
    }
}
