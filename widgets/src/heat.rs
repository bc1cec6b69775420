//! A distribution over time: a row for each bucket, a column for each step of time.

use std::borrow::Cow;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::{Alignment, Rect};
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;

use crate::paint::{self, by_value};
use crate::{GlyphSet, text};

/// A bucket of a [`HeatMap`]: its label and how much fell into it at each step.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatRow<'a> {
    label: Cow<'a, str>,
    values: &'a [Option<f64>],
}

impl<'a> HeatRow<'a> {
    /// A row; values are oldest first, `None` and NaN are gaps.
    pub fn new(label: impl Into<Cow<'a, str>>, values: &'a [Option<f64>]) -> Self {
        Self { label: label.into(), values }
    }
}

/// A heat map in five shades. An empty bucket is blank, a step without data is a dot: a gap is not a zero.
///
/// The newest step is at the right edge. Where there are more rows than lines, neighbours share a line and show the
/// larger value, so that no hot bucket is lost.
///
/// # Setter methods
/// - [`max`](Self::max): the value of the darkest shade; without it the largest in sight
/// - [`logarithmic`](Self::logarithmic): shades by orders of magnitude, for counts
/// - [`ramp`](Self::ramp): a style for each level, from cold to hot
/// - [`label_style`](Self::label_style), [`gap_style`](Self::gap_style), [`glyphs`](Self::glyphs)
///
/// ```
/// use ratatui_core::{buffer::Buffer, layout::Rect, widgets::Widget};
/// use warroom_widgets::{HeatMap, HeatRow};
///
/// let (slow, fast) = ([Some(0.0), None, Some(1.0)], [Some(4.0), None, Some(2.0)]);
/// let rows = [HeatRow::new("1s", &slow), HeatRow::new("100ms", &fast)];
/// let mut buf = Buffer::empty(Rect::new(0, 0, 9, 2));
/// HeatMap::new(&rows).render(buf.area, &mut buf);
/// assert_eq!(buf, Buffer::with_lines(["   1s  ·░", "100ms █·▒"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap<'a> {
    rows: &'a [HeatRow<'a>],
    max: Option<f64>,
    logarithmic: bool,
    ramp: &'a [Style],
    label_style: Style,
    gap_style: Style,
    glyphs: GlyphSet,
}

impl<'a> HeatMap<'a> {
    /// A heat map of these rows, from top to bottom.
    pub fn new(rows: &'a [HeatRow<'a>]) -> Self {
        Self {
            rows,
            max: None,
            logarithmic: false,
            ramp: &[],
            label_style: Style::new(),
            gap_style: Style::new(),
            glyphs: GlyphSet::default(),
        }
    }

    /// The value of the darkest shade; not positive and finite: as without it.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// Shades by orders of magnitude.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn logarithmic(mut self, logarithmic: bool) -> Self {
        self.logarithmic = logarithmic;
        self
    }

    /// Styles from cold to hot, spread over the range; as many as you like.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn ramp(mut self, styles: &'a [Style]) -> Self {
        self.ramp = styles;
        self
    }

    /// The style of the labels.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn label_style(mut self, style: impl Into<Style>) -> Self {
        self.label_style = style.into();
        self
    }

    /// The style of the dots where there is no data.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub fn gap_style(mut self, style: impl Into<Style>) -> Self {
        self.gap_style = style.into();
        self
    }

    /// The alphabet.
    #[must_use = "method moves the value of self and returns the modified value"]
    pub const fn glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self
    }

    /// Cells that the labels take, with the space after them.
    fn lead(&self, width: u16) -> u16 {
        let widest = self.rows.iter().map(|row| text::width(&row.label)).max().unwrap_or(0).min(12) as u16;
        if widest > 0 && width >= widest + 4 { widest + 1 } else { 0 }
    }

    fn top(&self, steps: usize) -> f64 {
        if let Some(max) = self.max.filter(|max| max.is_finite() && *max > 0.0) {
            return max;
        }
        let shown = self.rows.iter().flat_map(|row| {
            row.values.get(row.values.len().saturating_sub(steps)..).unwrap_or_default().iter().flatten()
        });
        let top = shown.copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
        if top > 0.0 { top } else { 1.0 }
    }

    /// From 0 (nothing) to 1 (the darkest).
    fn heat(&self, value: f64, top: f64) -> f64 {
        let value = value.max(0.0);
        if value >= top {
            return 1.0;
        }
        if self.logarithmic { value.ln_1p() / top.ln_1p() } else { value / top }
    }

    /// The larger value of a group of rows, `age` steps back.
    fn value(group: &[HeatRow<'_>], age: usize) -> Option<f64> {
        group
            .iter()
            .filter_map(|row| row.values.get(row.values.len().checked_sub(age + 1)?).copied().flatten())
            .filter(|value| !value.is_nan())
            .reduce(f64::max)
    }

    fn draw_cell(&self, value: Option<f64>, top: f64, x: u16, y: u16, buf: &mut Buffer) {
        let glyphs = self.glyphs.glyphs();
        let Some(value) = value else {
            paint::put(buf, x, y, glyphs.bullet, self.gap_style);
            return;
        };
        let heat = self.heat(value, top);
        // What is not nothing is seen.
        let shade = (heat * 4.0).ceil().clamp(0.0, 4.0) as usize;
        let hottest = self.ramp.len().saturating_sub(1);
        let style = self.ramp.get((heat * hottest as f64).round() as usize).copied().unwrap_or_default();
        paint::ink(buf, x, y, glyphs.shades.get(shade).copied().unwrap_or(" "), style);
    }
}

impl Widget for &HeatMap<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = paint::clip(area, buf);
        if area.is_empty() || self.rows.is_empty() {
            return;
        }
        let ellipsis = self.glyphs.glyphs().ellipsis;
        let lead = self.lead(area.width);
        let steps = usize::from(area.width - lead);
        let top = self.top(steps);
        let longest = self.rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
        let lines = self.rows.len().min(usize::from(area.height));
        for (line, y) in (0..lines).zip(area.top()..) {
            let (from, to) = (line * self.rows.len() / lines, (line + 1) * self.rows.len() / lines);
            let group = self.rows.get(from..to).unwrap_or_default();
            if let Some(row) = group.first() {
                let place = Rect { y, width: lead.saturating_sub(1), height: 1, ..area };
                paint::text_aligned(buf, place, &row.label, self.label_style, Alignment::Right, ellipsis);
            }
            for age in 0..steps.min(longest) {
                let x = area.right() - 1 - age as u16;
                self.draw_cell(HeatMap::value(group, age), top, x, y, buf);
            }
        }
    }
}

by_value!(HeatMap);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::testing::{draw, rows, survives};
    use ratatui_core::style::Color;

    #[test]
    fn shades_gaps_and_labels() {
        let slow = [Some(0.0), Some(1.0), None, Some(f64::NAN), Some(8.0)];
        let fast = [Some(8.0), Some(6.0), None, Some(2.0), Some(f64::INFINITY)];
        let given = [HeatRow::new("1s", &slow), HeatRow::new("10ms", &fast)];
        let map = HeatMap::new(&given);
        for (width, height, expected) in [
            (10, 2, vec!["  1s  ░··█", "10ms █▓·░█"]),
            (12, 3, vec!["  1s    ░··█", "10ms   █▓·░█", "            "]),
            (7, 2, vec!["  ░··█", "  █▓·░█"]),
            (3, 1, vec!["·░█"]),
        ] {
            let drawn = rows(&draw(&map, width, height));
            let trimmed: Vec<&str> = drawn.iter().map(|row| row.trim_start()).collect();
            let expected: Vec<&str> = expected.iter().map(|row| row.trim_start()).collect();
            assert_eq!(trimmed, expected, "{width}x{height}");
        }
        let log = HeatMap::new(&given).logarithmic(true).glyphs(GlyphSet::Ascii).max(1000.0);
        assert_eq!(rows(&draw(&log, 10, 2)), ["  1s  .--:", "10ms ::-.#"]);
    }

    #[test]
    fn the_ramp_spans_the_range() {
        let values = [Some(0.1), Some(5.0), Some(10.0)];
        let given = [HeatRow::new("", &values)];
        let ramp = [Color::Blue, Color::Yellow, Color::Red].map(Style::from);
        let buf = draw(&HeatMap::new(&given).ramp(&ramp), 3, 1);
        let colours: Vec<Color> = (0..3).map(|x| buf[(x, 0)].fg).collect();
        assert_eq!(colours, [Color::Blue, Color::Yellow, Color::Red]);
    }

    #[test]
    fn any_size() {
        let wild =
            [Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::NAN), None, Some(f64::MAX), Some(-1.0)];
        let given: Vec<HeatRow<'_>> = (0..40).map(|_| HeatRow::new("日本語", &wild)).collect();
        let ramp = [Style::new(); 3];
        survives(&HeatMap::new(&given).ramp(&ramp));
        survives(&HeatMap::new(&given).logarithmic(true).max(f64::NAN));
        survives(&HeatMap::new(&[]));
        survives(&HeatMap::new(&[HeatRow::new("", &[])]));
    }
}
