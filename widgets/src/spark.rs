//! A series in very little room: one slot is one fixed bucket of time, a gap is a gap.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::number::nice_ceil;
use crate::paint::{self, by_value};
use crate::{GlyphSet, Glyphs};

/// How many limits a sparkline can have; a number and not a list, so that it stays `Copy`.
const MAX_STEPS: usize = 3;

/// What a [`Sparkline`] is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SparkMode {
    /// Block elements: one slot and eight levels a cell; `_.:-=+*#` in ASCII.
    #[default]
    Block,
    /// Braille columns: two slots and four levels a cell, safe width everywhere. In ASCII it is drawn as
    /// [`SparkMode::Block`], each cell with the larger of its two slots.
    Braille,
}

impl SparkMode {
    /// Slots that a cell has.
    pub const fn slots_per_cell(self) -> usize {
        match self {
            Self::Block => 1,
            Self::Braille => 2,
        }
    }

    /// Slots that a row of `width` cells has: as many buckets of time as can be shown.
    ///
    /// ```
    /// use warroom_widgets::SparkMode;
    /// assert_eq!(SparkMode::Braille.slots(8), 16);
    /// ```
    pub const fn slots(self, width: u16) -> usize {
        width as usize * self.slots_per_cell()
    }
}

/// A sparkline over values of equal distance in time, oldest first.
///
/// `None` and NaN are gaps and leave their cell empty; the lowest value is the lowest level, never an empty cell. The
/// caller aligns buckets to the clock, so that a new value changes the last cell and not all of them. Where even
/// scrolling is too much, [`sweep`](Self::sweep) lets the picture stand still and the write position move.
///
/// # Setter methods
/// - [`mode`](Self::mode), [`glyphs`](Self::glyphs), [`style`](Self::style)
/// - [`min`](Self::min), [`max`](Self::max): the scale; without them it starts at zero (or at the lowest value below
///   it) and ends at a round number, so that it seldom changes
/// - [`above`](Self::above): values above a limit have another style
/// - [`alignment`](Self::alignment): where fewer values than slots go (right)
/// - [`gap`](Self::gap), [`gap_style`](Self::gap_style): a glyph for gaps between values
/// - [`sweep`](Self::sweep): the picture stays, the write position moves
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::Sparkline;
///
/// let values = [Some(0.0), Some(2.0), None, Some(6.0), Some(8.0)];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
/// Sparkline::new(&values).render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines([" ▁▃ ▆█"]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparkline<'a> {
    values: &'a [Option<f64>],
    mode: SparkMode,
    glyphs: GlyphSet,
    style: Style,
    min: Option<f64>,
    max: Option<f64>,
    steps: [Option<(f64, Style)>; MAX_STEPS],
    alignment: Alignment,
    gap: Option<&'a str>,
    gap_style: Style,
    sweep: Option<u64>,
}

impl<'a> Sparkline<'a> {
    /// How many limits [`above`](Self::above) can set.
    pub const MAX_STEPS: usize = MAX_STEPS;

    /// These values, oldest first; `None` and NaN are gaps. If there are more than slots, the newest are shown.
    pub const fn new(values: &'a [Option<f64>]) -> Self {
        Self {
            values,
            mode: SparkMode::Block,
            glyphs: GlyphSet::Unicode,
            style: Style::new(),
            min: None,
            max: None,
            steps: [None; Self::MAX_STEPS],
            alignment: Alignment::Right,
            gap: None,
            gap_style: Style::new(),
            sweep: None,
        }
    }

    /// Block elements or braille.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn mode(mut self, mode: SparkMode) -> Self {
        self.mode = mode;
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// The style of values that are above no limit.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn style(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }

    /// The value that the lowest level stands for. Not finite: as without it.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn min(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }

    /// The value that the highest level stands for. Not finite: as without it.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// Values above `limit` have this style; of several limits, give the lowest first. At most
    /// [`MAX_STEPS`](Self::MAX_STEPS) are kept.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn above(mut self, limit: f64, style: impl Into<Style>) -> Self {
        if let Some(free) = self.steps.iter_mut().find(|step| step.is_none()) {
            *free = Some((limit, style.into()));
        }
        self
    }

    /// Where fewer values than slots go: the newest at the right edge (the default), or the oldest at the left.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn alignment(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }

    /// A glyph, one cell wide, for cells in which every value is a gap.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn gap(mut self, glyph: &'a str) -> Self {
        self.gap = Some(glyph);
        self
    }

    /// The style of the gap glyph.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn gap_style(mut self, style: impl Into<Style>) -> Self {
        self.gap_style = style.into();
        self
    }

    /// Draws as a sweep: `last` is the number of the bucket that the last value belongs to (time divided by bucket
    /// length). Bucket `n` always stands in slot `n % slots`, the cell after the newest one is empty and marks the head.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn sweep(mut self, last: u64) -> Self {
        self.sweep = Some(last);
        self
    }

    /// The lowest and highest value of the scale for these values, as it is drawn.
    pub fn scale(values: &[Option<f64>], min: Option<f64>, max: Option<f64>) -> (f64, f64) {
        let finite = |value: &f64| value.is_finite();
        let (min, max) = (min.filter(finite), max.filter(finite));
        let (mut low, mut high) = (0.0_f64, f64::NEG_INFINITY);
        if min.is_none() || max.is_none() {
            for value in values.iter().copied().flatten().filter(finite) {
                low = low.min(value);
                high = high.max(value);
            }
        }
        // Below zero the scale is rounded outwards too, for the same quiet.
        let low = min.unwrap_or_else(|| -nice_ceil(-low));
        let high = max.unwrap_or_else(|| nice_ceil(high.max(0.0)));
        if high > low { (low, high) } else { (low, low + 1.0) }
    }

    fn step_style(&self, value: f64) -> Style {
        self.steps
            .iter()
            .flatten()
            .rev()
            .find(|(limit, _)| value > *limit)
            .map_or(self.style, |(_, style)| self.style.patch(*style))
    }

    /// The value of a slot of this many.
    fn at(&self, slot: usize, slots: usize) -> Option<f64> {
        let count = self.values.len();
        let index = match self.sweep {
            Some(last) => {
                let newest = (last % slots.max(1) as u64) as usize;
                let age = (newest + slots - slot) % slots.max(1);
                // The slots after the newest would show the oldest: they are the head.
                if age + self.mode.slots_per_cell() >= slots && slots > self.mode.slots_per_cell() {
                    return None;
                }
                count.checked_sub(age + 1)?
            }
            None if count >= slots => count - slots + slot,
            None => match self.alignment {
                Alignment::Left => slot,
                Alignment::Center => slot.checked_sub((slots - count) / 2)?,
                Alignment::Right => slot.checked_sub(slots - count)?,
            },
        };
        self.values.get(index).copied().flatten().filter(|value| !value.is_nan())
    }
}

/// Of `steps` levels, the one for `value`: 1 is the lowest.
fn level(value: f64, (low, high): (f64, f64), steps: usize) -> usize {
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
            paint::put(buf, x, y, glyph, style);
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
                paint::put_char(buf, x, y, paint::braille(bits), style);
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
                    if self.glyphs.is_ascii() {
                        let larger = pair.into_iter().flatten().reduce(f64::max);
                        self.block_cell(larger, scale, x, area, buf);
                    } else {
                        self.braille_cell(pair, scale, x, area, buf);
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

impl Sparkline<'_> {
    /// The block glyph of `value` on a scale from `min` to `max`, for a series of one cell; NaN is a space.
    ///
    /// ```
    /// use warroom_widgets::{GlyphSet, Sparkline};
    /// assert_eq!(Sparkline::glyph(0.5, 0.0, 1.0, GlyphSet::Unicode.glyphs()), "▅");
    /// ```
    pub fn glyph(value: f64, min: f64, max: f64, glyphs: &Glyphs) -> &'static str {
        if value.is_nan() {
            return " ";
        }
        glyphs.levels.get(level(value, (min, max), 8)).copied().unwrap_or(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};
    use ratatui_core::style::Color;

    fn values(numbers: &[f64]) -> Vec<Option<f64>> {
        numbers.iter().map(|number| Some(*number)).collect()
    }

    #[test]
    fn pictures() {
        let ramp = values(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let spark = Sparkline::new(&ramp).max(7.0);
        for (name, spark, width, height, expected) in [
            ("block", spark, 8, 1, vec!["▁▂▃▄▅▆▇█"]),
            ("newest of many", spark, 3, 1, vec!["▆▇█"]),
            ("right", spark, 10, 1, vec!["  ▁▂▃▄▅▆▇█"]),
            ("left", spark.alignment(Alignment::Left), 10, 1, vec!["▁▂▃▄▅▆▇█  "]),
            ("two rows", spark, 8, 2, vec!["    ▂▄▆█", "▁▃▅▇████"]),
            ("braille", spark.mode(SparkMode::Braille), 4, 1, vec!["⣀⣤⣶⣿"]),
            ("braille rows", spark.mode(SparkMode::Braille), 4, 2, vec!["  ⣠⣾", "⣠⣾⣿⣿"]),
            ("ascii", spark.glyphs(GlyphSet::Ascii), 8, 1, vec!["_.:-=+*#"]),
            ("ascii braille", spark.mode(SparkMode::Braille).glyphs(GlyphSet::Ascii), 4, 1, vec![".-+#"]),
            ("clamped", spark.min(2.0).max(5.0), 8, 1, vec!["▁▁▁▃▆███"]),
            ("inverted scale", spark.min(9.0).max(2.0), 8, 1, vec!["▁▁▁▁▁▁▁▁"]),
            ("scale without a span", spark.min(3.0).max(3.0), 8, 1, vec!["▁▁▁▁████"]),
            ("NaN scale", spark.min(f64::NAN).max(f64::INFINITY), 8, 1, vec!["▁▂▃▄▅▅▆▇"]),
        ] {
            assert_eq!(rows(&draw(&spark, width, height)), expected, "{name}");
        }
    }

    #[test]
    fn a_gap_is_not_a_zero() {
        let gaps = [Some(0.0), None, Some(f64::NAN), Some(4.0), Some(f64::INFINITY), Some(f64::NEG_INFINITY)];
        assert_eq!(rows(&draw(&Sparkline::new(&gaps), 6, 1)), ["▁  ██▁"]);
        assert_eq!(rows(&draw(&Sparkline::new(&gaps).gap("·"), 6, 1)), ["▁··██▁"]);
        assert_eq!(rows(&draw(&Sparkline::new(&gaps).mode(SparkMode::Braille), 3, 1)), ["⡀⢸⣇"]);
        assert_eq!(rows(&draw(&Sparkline::new(&[None; 3]), 3, 1)), ["   "]);
        let quiet = values(&[0.0, 0.0]);
        assert_eq!(rows(&draw(&Sparkline::new(&quiet), 2, 1)), ["▁▁"]);
        let below = values(&[-4.0, 0.0, 4.0]);
        assert_eq!(rows(&draw(&Sparkline::new(&below), 3, 1)), ["▁▅█"]);
        let huge = values(&[f64::MIN, 0.0, f64::MAX]);
        assert_eq!(rows(&draw(&Sparkline::new(&huge), 3, 1)), ["▁▅█"]);
    }

    #[test]
    fn values_above_a_limit_have_their_own_style() {
        let series = values(&[1.0, 2.0, 3.0]);
        let spark = Sparkline::new(&series).above(1.0, Color::Yellow).above(2.5, Color::Red);
        let buf = draw(&spark, 3, 1);
        let colours: Vec<Color> = (0..3).map(|x| buf[(x, 0)].fg).collect();
        assert_eq!(colours, [Color::Reset, Color::Yellow, Color::Red]);
        let crowded = spark.above(9.0, Color::Blue).above(0.0, Color::Green);
        assert_eq!(draw(&crowded, 3, 1), buf, "a fourth limit is not kept");
    }

    #[test]
    fn a_sweep_changes_the_new_cell_and_the_head_only() {
        let numbers: Vec<f64> = (0..100_u32).map(|n| f64::from(n * 7 % 11)).collect();
        for (mode, width) in [(SparkMode::Block, 10), (SparkMode::Braille, 10), (SparkMode::Block, 2)] {
            for newest in 20..60_usize {
                let frame = |newest: usize| {
                    let series = values(&numbers[..=newest]);
                    draw(&Sparkline::new(&series).mode(mode).max(10.0).sweep(newest as u64), width, 1)
                };
                let (before, after) = (frame(newest), frame(newest + 1));
                assert!(before.diff(&after).len() <= 2, "{mode:?} {newest}");
            }
        }
        let series = values(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(rows(&draw(&Sparkline::new(&series).max(7.0).sweep(7), 5, 1)), ["▆▇█ ▅"]);
        assert_eq!(rows(&draw(&Sparkline::new(&series).max(7.0).sweep(u64::MAX), 1, 1)), ["█"]);
        let few = values(&[7.0]);
        assert_eq!(rows(&draw(&Sparkline::new(&few).max(7.0).sweep(3), 5, 1)), ["   █ "]);
    }

    #[test]
    fn the_scale_seldom_moves() {
        for (numbers, scale) in [
            (vec![], (0.0, 1.0)),
            (vec![0.0], (0.0, 1.0)),
            (vec![812.0], (0.0, 1000.0)),
            (vec![830.0, 990.0], (0.0, 1000.0)),
            (vec![-812.0], (-1000.0, 0.0)),
        ] {
            assert_eq!(Sparkline::scale(&values(&numbers), None, None), scale, "{numbers:?}");
        }
    }

    #[test]
    fn any_size() {
        let hostile = values(&[
            1.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            5e-324,
            -0.0,
            137.0,
        ]);
        for mode in [SparkMode::Block, SparkMode::Braille] {
            for glyphs in [GlyphSet::Unicode, GlyphSet::Ascii] {
                let spark = Sparkline::new(&hostile).mode(mode).glyphs(glyphs);
                survives(&spark);
                survives(&spark.sweep(u64::MAX));
                survives(&spark.max(f64::MAX).min(f64::MIN));
                survives(&Sparkline::new(&[]).mode(mode).glyphs(glyphs).sweep(0));
            }
        }
    }
}
