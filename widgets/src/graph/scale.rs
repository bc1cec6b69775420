//! From values to dots: the ranges of both axes. Draws nothing.

use crate::number::nice_ceil;

use super::{Series, Threshold};

/// A range of values; always finite and never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Scale {
    /// The range between two ends, made sound: swapped, empty or endless ranges become something that can be drawn.
    pub(super) fn new(min: f64, max: f64) -> Self {
        let finite = |value: f64| value.is_finite() && value.abs() < f64::MAX / 4.0;
        let (min, max) = (if finite(min) { min } else { 0.0 }, if finite(max) { max } else { 1.0 });
        if max > min {
            // A span that is lost in the rounding of its ends cannot be drawn.
            let slack = (min.abs().max(max.abs())) * 1e-12;
            return if max - min > slack { Self { min, max } } else { Self { min, max: min + slack * 4.0 } };
        }
        if min > max { Self { min: max, max: min } } else { Self { min, max: min + min.abs().max(1.0) } }
    }

    /// The range of the same length whose end is the next multiple of a part of it.
    pub(super) fn paged(self, pages: u16) -> Self {
        let step = (self.max - self.min) / f64::from(pages.max(1));
        let end = (self.max / step - 1e-9).ceil() * step;
        if pages < 2 || !end.is_finite() {
            return self;
        }
        Self::new(end - (self.max - self.min), end)
    }

    /// Where a value lies: 0 at the low end, 1 at the high end, beyond them outside.
    pub(super) fn ratio(self, value: f64) -> f64 {
        (value - self.min) / (self.max - self.min)
    }

    /// The value at a place: the inverse of [`Self::ratio`].
    pub(super) fn value(self, ratio: f64) -> f64 {
        self.min + (self.max - self.min) * ratio
    }
}

/// The range of moments: as asked for, else that of the points.
pub(super) fn of_x(series: &[Series<'_>], asked: Option<(f64, f64)>) -> Scale {
    if let Some((min, max)) = asked {
        return Scale::new(min, max);
    }
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for x in series.iter().flat_map(|series| series.points).map(|point| point.0).filter(|x| x.is_finite()) {
        min = min.min(x);
        max = max.max(x);
    }
    Scale::new(min, max)
}

/// The range of values within `x`: as asked for, else from zero (or below) to a round number above the points and above
/// the limits that are not out of all proportion.
pub(super) fn of_y(
    series: &[Series<'_>],
    limits: &[Threshold<'_>],
    x: Scale,
    asked: Option<(f64, f64)>,
) -> Scale {
    if let Some((min, max)) = asked {
        return Scale::new(min, max);
    }
    let (mut min, mut max) = (0.0_f64, 0.0_f64);
    for point in series.iter().flat_map(|series| series.points) {
        if point.1.is_finite() && point.0 >= x.min && point.0 <= x.max {
            min = min.min(point.1);
            max = max.max(point.1);
        }
    }
    for limit in limits {
        // A limit far above the points would press them flat.
        if limit.value > max && limit.value <= max * 3.0 {
            max = limit.value * 1.05;
        }
    }
    Scale::new(-nice_ceil(-min), nice_ceil(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_can_be_drawn() {
        for (min, max) in [
            (0.0, 1.0),
            (1.0, 0.0),
            (3.0, 3.0),
            (f64::NAN, f64::NAN),
            (f64::NEG_INFINITY, f64::INFINITY),
            (f64::MIN, f64::MAX),
            (1e15, 1e15 + 1e-9),
            (5e-324, 5e-324),
        ] {
            let scale = Scale::new(min, max);
            assert!((scale.max - scale.min).is_finite() && scale.max > scale.min, "{scale:?}");
            assert!(scale.ratio(scale.min).abs() < 1e-9 && (scale.ratio(scale.max) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_paged_range_keeps_its_length_and_holds_the_newest() {
        for (min, max, pages, expected) in [
            (0.0, 80.0, 8, (0.0, 80.0)),
            (1.0, 81.0, 8, (10.0, 90.0)),
            (9.0, 89.0, 8, (10.0, 90.0)),
            (11.0, 91.0, 8, (20.0, 100.0)),
            (1.0, 81.0, 1, (1.0, 81.0)),
            (1.0, 81.0, 0, (1.0, 81.0)),
        ] {
            let scale = Scale::new(min, max).paged(pages);
            assert!((scale.min - expected.0).abs() < 1e-6, "{min} {max} {pages}: {scale:?}");
            assert!((scale.max - expected.1).abs() < 1e-6, "{min} {max} {pages}: {scale:?}");
        }
        for (min, max) in [(f64::MIN, f64::MAX), (1e15, 1e15 + 1e-9), (5e-324, 5e-324), (-3.0, 1.763e9)] {
            let scale = Scale::new(min, max).paged(8);
            assert!((scale.max - scale.min).is_finite() && scale.max > scale.min, "{scale:?}");
        }
    }

    #[test]
    fn the_scale_shows_the_points_and_a_near_limit() {
        let points = [(0.0, 10.0), (1.0, 90.0), (2.0, f64::NAN), (3.0, f64::INFINITY), (99.0, 1e6)];
        let series = [Series::new("p95", &points)];
        let x = Scale::new(0.0, 4.0);
        for (limit, top) in [(100.0, 125.0), (250.0, 300.0), (1e9, 100.0), (f64::NAN, 100.0)] {
            let limits = [Threshold::new(limit)];
            let y = of_y(&series, &limits, x, None);
            assert!((y.max - top).abs() < 1e-6 && y.min.abs() < 1e-9, "{limit}: {y:?}");
        }
        assert_eq!(of_x(&series, None), Scale { min: 0.0, max: 99.0 });
        assert_eq!(of_x(&[], None), Scale { min: 0.0, max: 1.0 });
    }
}
