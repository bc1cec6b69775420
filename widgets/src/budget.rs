//! How much is left: a bar that shows also what lies beyond its ends.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::GlyphSet;
use crate::paint::{self, by_value};

/// A bar for what is left of a budget, to a part of a cell: `■■■■■■▪□□□ 64%`.
///
/// A ratio below zero is overspent: the bar fills from the other side, led by `◀`, so that it cannot be taken for what is
/// left (`□□□□□□◀■■■`). Above one it is full and ends in `▶`. NaN is unknown and drawn as dots, neither full nor empty.
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
/// assert_eq!(buf, Buffer::with_lines(["■■■■■■▪□□□", "□□□□□□◀■■■"]));
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
                    _ => (glyphs.eighths[8], self.overspent_style),
                };
                paint::ink(buf, x, area.y, glyph, style);
            }
        } else {
            paint::bar(buf, area, self.ratio.min(1.0), glyphs, self.style, self.track_style);
            if self.ratio > 1.0 {
                paint::ink(buf, area.right() - 1, area.y, glyphs.over, self.style);
            }
        }
        if let Some(mark) = self.mark.filter(|mark| (0.0..=1.0).contains(mark)) {
            let at = area.x + ((mark * f64::from(area.width)) as u16).min(area.width - 1);
            paint::put(buf, at, area.y, glyphs.threshold, self.label_style);
        }
    }
}

impl Widget for &BudgetBar<'_> {
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

by_value!(BudgetBar);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};

    #[test]
    fn budgets_between_and_beyond() {
        for (ratio, expected) in [
            (1.0, "■■■■■■■■■■"),
            (0.999, "■■■■■■■■■▪"),
            (0.65, "■■■■■■▪□□□"),
            (0.001, "▪□□□□□□□□□"),
            (0.0, "□□□□□□□□□□"),
            (-0.001, "□□□□□□□□□◀"),
            (-0.4, "□□□□□□◀■■■"),
            (-1.0, "◀■■■■■■■■■"),
            (-4.2, "◀■■■■■■■■■"),
            (f64::NEG_INFINITY, "◀■■■■■■■■■"),
            (1.37, "■■■■■■■■■▶"),
            (f64::INFINITY, "■■■■■■■■■▶"),
            (f64::NAN, "··········"),
        ] {
            assert_eq!(rows(&draw(&BudgetBar::new(ratio), 10, 1)), [expected], "{ratio}");
        }
        assert_eq!(rows(&draw(&BudgetBar::new(0.5).mark(0.75), 8, 1)), ["■■■■□□│□"]);
        assert_eq!(rows(&draw(&BudgetBar::new(-0.5).glyphs(GlyphSet::Ascii), 8, 1)), ["....<###"]);
    }

    #[test]
    fn the_label_outlives_the_bar() {
        let bar = BudgetBar::new(0.5).label("13m");
        for (width, text) in [(10, "■■■□□□ 13m"), (7, "■▪□ 13m"), (6, "   13m"), (3, "13m"), (2, "1…")]
        {
            assert_eq!(rows(&draw(&bar, width, 1)), [text], "{width}");
        }
        assert_eq!(rows(&draw(&BudgetBar::new(1.0).label("1m").label_width(4), 9, 1)), ["■■■■   1m"]);
    }

    #[test]
    fn any_size() {
        for value in [-4.2, 0.3, 1.37, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            survives(&BudgetBar::new(value).label("日本語").mark(1.0));
            survives(&BudgetBar::new(value).label_width(u16::MAX));
        }
    }
}
