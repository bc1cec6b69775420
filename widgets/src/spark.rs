//! A series in very little room: one slot is one fixed bucket of time, a gap is a gap.

mod draw;

use ratatui_core::layout::Alignment;
use ratatui_core::style::Style;

use crate::number::nice_ceil;
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
        glyphs.levels.get(draw::level(value, (min, max), 8)).copied().unwrap_or(" ")
    }
}

#[cfg(test)]
mod tests;
