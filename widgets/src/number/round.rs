//! Round numbers: ends of scales and ticks of axes.

use super::{DAY, HOUR, MINUTE, YEAR};

/// The smallest round number that is not below `value`: 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8 or 10 times a power of ten.
///
/// A scale that is rounded in this way uses at least three quarters of its height and seldom changes, so that a picture
/// drawn with it stands still. What is not positive and finite is returned as it is.
///
/// ```
/// use warroom_widgets::number::nice_ceil;
/// assert_eq!(nice_ceil(812.0), 1000.0);
/// assert_eq!(nice_ceil(0.023), 0.025);
/// ```
pub fn nice_ceil(value: f64) -> f64 {
    if !value.is_normal() || value < 0.0 {
        return value;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.5]
        .into_iter()
        .map(|step| step * power)
        // A value that is round itself must not be pushed to the next step by a lost bit.
        .find(|nice| *nice >= value * (1.0 - 1e-12) && nice.is_finite())
        .unwrap_or(value)
}

/// The most ticks that [`ticks`] and [`time_ticks`] return.
pub const MAX_TICKS: usize = 64;

/// Round numbers within `min..=max`, at most `count` of them: multiples of 1, 2 or 5 times a power of ten.
///
/// Empty when there is no span, or when an end is not finite.
///
/// ```
/// use warroom_widgets::number::ticks;
/// assert_eq!(ticks(0.0, 812.0, 5), [0.0, 200.0, 400.0, 600.0, 800.0]);
/// ```
pub fn ticks(min: f64, max: f64, count: usize) -> Vec<f64> {
    let span = max - min;
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return Vec::new();
    }
    let raw = span / count as f64;
    let power = 10_f64.powf(raw.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    multiples(min, max, count, steps.into_iter().map(|step| step * power))
}

/// Round moments within `min..=max` (seconds), at most `count`: multiples of steps that a clock knows (1, 2, 5, 10, 15, 30 s
/// and min; 1, 2, 3, 6, 12 h; 1, 2, 7, 14, 30, 90, 365 d), or of [`ticks`] below a second.
///
/// ```
/// use warroom_widgets::number::time_ticks;
/// assert_eq!(time_ticks(70.0, 3_600.0, 4), [900.0, 1800.0, 2700.0, 3600.0]);
/// ```
pub fn time_ticks(min: f64, max: f64, count: usize) -> Vec<f64> {
    let span = max - min;
    if !span.is_finite() || span <= 0.0 || count == 0 {
        return Vec::new();
    }
    if span / (count as f64) < 1.0 {
        return ticks(min, max, count);
    }
    let clock = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0].map(|step| [step, step * MINUTE]);
    let seconds = clock.iter().map(|pair| pair[0]);
    let minutes = clock.iter().map(|pair| pair[1]);
    let hours = [1.0, 2.0, 3.0, 6.0, 12.0].into_iter().map(|step| step * HOUR);
    let days = [1.0, 2.0, 7.0, 14.0, 30.0, 90.0, 365.0].into_iter().map(|step| step * DAY);
    let found = multiples(min, max, count, seconds.chain(minutes).chain(hours).chain(days));
    if found.is_empty() && span > YEAR { ticks(min, max, count) } else { found }
}

/// The multiples of the first step of which no more than `count` lie within the range.
fn multiples(min: f64, max: f64, count: usize, steps: impl Iterator<Item = f64>) -> Vec<f64> {
    let count = count.min(MAX_TICKS);
    for step in steps {
        if !step.is_normal() {
            continue;
        }
        let slack = 1e-9;
        let first = (min / step - slack).ceil();
        let last = (max / step + slack).floor();
        let many = last - first + 1.0;
        if many.is_finite() && many >= 1.0 && many <= count as f64 {
            return (0..many as usize)
                .map(|at| {
                    let tick = (first + at as f64) * step;
                    // No minus zero: it would be written with its sign.
                    if tick == 0.0 { 0.0 } else { tick }
                })
                .collect();
        }
    }
    Vec::new()
}
