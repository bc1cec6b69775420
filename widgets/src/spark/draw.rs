//! How a sparkline is drawn: from values to levels, from levels to cells.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use super::{SparkMode, Sparkline};
use crate::paint::{self, by_value};

/// Of `steps` levels, the one for `value`: 1 is the lowest.
pub(super) fn level(value: f64, (low, high): (f64, f64), steps: usize) -> usize {
    // Halved first: the span of two huge numbers of opposite sign is not finite.
    let ratio = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    let ratio = if ratio.is_nan() { 0.0 } else { ratio.clamp(0.0, 1.0) };
    1 + (ratio * (steps.saturating_sub(1)) as f64).round() as usize
}

impl Sparkline<'_> {
    fn block_cell(&self, value: Option<f64>, scale: (f64, f64), x: u16, area: Rect, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let Some(value) = value else {
            self.gap_cell(x, area, buf);
            return;
        };
        let style = self.step_style(value);
        let mut left = level(value, scale, usize::from(area.height) * 8);
        for y in (area.top()..area.bottom()).rev() {
            let glyph = glyphs.levels.get(left.min(8)).copied().unwrap_or(glyphs.full);
            paint::ink(buf, x, y, glyph, style);
            left = left.saturating_sub(8);
        }
    }

    fn braille_cell(&self, pair: [Option<f64>; 2], scale: (f64, f64), x: u16, area: Rect, buf: &mut Buffer) {
        if pair == [None, None] {
            self.gap_cell(x, area, buf);
            return;
        }
        let dots = usize::from(area.height) * 4;
        let levels = pair.map(|value| value.map_or(0, |value| level(value, scale, dots)));
        // A cell has one style: that of the worse of its two slots.
        let worst = pair.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max);
        let style = self.step_style(worst);
        for (row, y) in (area.top()..area.bottom()).rev().enumerate() {
            let mut bits = 0;
            for (column, level) in levels.into_iter().enumerate() {
                for up in 0..level.saturating_sub(row * 4).min(4) {
                    bits |= paint::dot(column, 3 - up);
                }
            }
            if bits == 0 {
                paint::put(buf, x, y, " ", style);
            } else {
                paint::ink_char(buf, x, y, paint::braille(bits), style);
            }
        }
    }

    fn gap_cell(&self, x: u16, area: Rect, buf: &mut Buffer) {
        for y in area.top()..area.bottom() {
            paint::put(buf, x, y, " ", Style::new());
        }
        if let Some(gap) = self.gap {
            paint::put(buf, x, area.bottom() - 1, gap, self.gap_style);
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer) {
        let slots = self.mode.slots(area.width);
        let shown = self.values.get(self.values.len().saturating_sub(slots)..).unwrap_or_default();
        let scale = Self::scale(shown, self.min, self.max);
        for (at, x) in (area.left()..area.right()).enumerate() {
            match self.mode {
                SparkMode::Block => self.block_cell(self.at(at, slots), scale, x, area, buf),
                SparkMode::Braille => {
                    let pair = [self.at(at * 2, slots), self.at(at * 2 + 1, slots)];
                    if self.glyphs.has_braille() {
                        self.braille_cell(pair, scale, x, area, buf);
                    } else {
                        let larger = pair.into_iter().flatten().reduce(f64::max);
                        self.block_cell(larger, scale, x, area, buf);
                    }
                }
            }
        }
    }
}

impl Widget for &Sparkline<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if !area.is_empty() {
            self.draw(area, buf);
        }
    }
}

by_value!(Sparkline);
