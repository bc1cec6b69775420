//! A grid of dots: lines are drawn into it, cells are read off. Knows no axes and no text.

use crate::paint;

/// Dots of a plot area: 2x4 to a cell in braille, one to a cell in ASCII.
pub(super) struct Plot {
    width: usize,
    height: usize,
    /// Dots of each cell, and which series drew last.
    cells: Vec<(u8, u8)>,
    fine: bool,
}

impl Plot {
    /// A grid for an area of this many cells. Cells are at most what a screen has, so the memory is bounded.
    pub(super) fn new(width: u16, height: u16, fine: bool) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self { width, height, cells: vec![(0, 0); width * height], fine }
    }

    /// Dots in a row and in a column.
    pub(super) fn dots(&self) -> (f64, f64) {
        let (across, down) = if self.fine { (2, 4) } else { (1, 1) };
        ((self.width * across) as f64, (self.height * down) as f64)
    }

    /// The dots of a cell and the series that drew them last; no dots outside.
    pub(super) fn cell(&self, x: usize, y: usize) -> (u8, u8) {
        if x >= self.width {
            return (0, 0);
        }
        self.cells.get(y * self.width + x).copied().unwrap_or((0, 0))
    }

    /// Sets the dot at a place counted from the top left; outside, or not a number, is nothing.
    pub(super) fn dot(&mut self, x: f64, y: f64, series: u8) {
        let (across, down) = self.dots();
        // Written so that NaN fails the test.
        if !(x >= 0.0 && x < across && y >= 0.0 && y < down) {
            return;
        }
        let (x, y) = (x as usize, y as usize);
        let (column, row, bit) = if self.fine { (x / 2, y / 4, paint::dot(x % 2, y % 4)) } else { (x, y, 1) };
        if let Some(cell) = self.cells.get_mut(row * self.width + column) {
            cell.0 |= bit;
            cell.1 = series;
        }
    }

    /// Draws a line between two places; what lies outside is cut off first, so the work is bounded by the grid.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), series: u8) {
        // Beyond this the ends of a line drown its slope in rounding.
        let near = |(x, y): (f64, f64)| (x.clamp(-1e9, 1e9), y.clamp(-1e9, 1e9));
        if from.0.is_infinite() || to.0.is_infinite() {
            return;
        }
        let Some((from, to)) = clip(near(from), near(to), self.dots()) else { return };
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let steps = across.abs().max(down.abs()).ceil().max(1.0);
        let mut step = 0.0;
        while step <= steps {
            let part = step / steps;
            self.dot(from.0 + across * part, from.1 + down * part, series);
            step += 1.0;
        }
    }
}

/// The part of a line that lies within the grid (Liang-Barsky); `None` where none does or an end is not finite.
fn clip(from: (f64, f64), to: (f64, f64), (width, height): (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    if !(across.is_finite() && down.is_finite() && from.0.is_finite() && from.1.is_finite()) {
        return None;
    }
    // Just inside the far edges: a dot on the edge itself would belong to the next cell.
    let (right, bottom) = (width - 1e-6, height - 1e-6);
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    let edges = [(-across, from.0), (across, right - from.0), (-down, from.1), (down, bottom - from.1)];
    for (toward, distance) in edges {
        if toward == 0.0 {
            if distance < 0.0 {
                return None;
            }
            continue;
        }
        let part = distance / toward;
        if toward < 0.0 {
            start = start.max(part);
        } else {
            end = end.min(part);
        }
    }
    let at = |part: f64| (from.0 + across * part, from.1 + down * part);
    let inside = |(x, y): (f64, f64)| (x.clamp(0.0, right.max(0.0)), y.clamp(0.0, bottom.max(0.0)));
    (start <= end).then(|| (inside(at(start)), inside(at(end))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(plot: &Plot) -> Vec<String> {
        (0..plot.height)
            .map(|y| (0..plot.width).map(|x| paint::braille(plot.cell(x, y).0)).collect())
            .collect()
    }

    #[test]
    fn lines_are_cut_at_the_edges() {
        for (from, to, expected) in [
            ((0.0, 0.0), (5.0, 0.0), "⠉⠉⠉"),
            ((0.0, 3.0), (5.0, 3.0), "⣀⣀⣀"),
            ((-1e9, 3.0), (1e9, 3.0), "⣀⣀⣀"),
            ((0.0, 0.0), (3.0, 3.0), "⠑⢄⠀"),
            ((2.0, -1e300), (2.0, 1e300), "⠀⡇⠀"),
            ((9.0, 0.0), (12.0, 3.0), "⠀⠀⠀"),
            ((f64::NAN, 0.0), (3.0, 3.0), "⠀⠀⠀"),
            ((f64::NEG_INFINITY, 0.0), (3.0, 3.0), "⠀⠀⠀"),
            ((4.0, 1.0), (4.0, 1.0), "⠀⠀⠂"),
        ] {
            let mut plot = Plot::new(3, 1, true);
            plot.line(from, to, 0);
            assert_eq!(picture(&plot), [expected], "{from:?} {to:?}");
        }
    }

    #[test]
    fn no_grid_no_dots() {
        let mut plot = Plot::new(0, 0, true);
        plot.line((0.0, 0.0), (1.0, 1.0), 0);
        plot.dot(0.0, 0.0, 0);
        assert_eq!(plot.cell(0, 0), (0, 0));
    }
}
