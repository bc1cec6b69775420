//! A course that a server gave becomes samples, with markers where a series had no value, so that nothing is taken for
//! present only because it was there a while ago; or events by the minute, for objectives.

use super::reply::Element;
use super::{answered, series};
use crate::target::spoken::Minute;
use crate::target::{STALE_NAN, Sample};
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// The samples of a course from `from` to `to` in steps of `step`, in order of time for each series.
pub fn samples(
    key: &str,
    elements: &[Element],
    (from, to): (Timestamp, Timestamp),
    step: Duration,
) -> Vec<Sample> {
    let mut out = Vec::new();
    let longest = step + step / 2;
    for element in elements {
        let labels = series(key, &element.labels);
        let mut before: Option<Timestamp> = None;
        for (at, value) in element.points.iter().copied().filter(|(at, _)| (from..=to).contains(at)) {
            if let Some(before) = before.filter(|before| at.since(*before) > longest) {
                out.push(Sample { labels: labels.clone(), at: before + step, value: STALE_NAN });
            }
            out.push(Sample { labels: labels.clone(), at, value });
            before = Some(at);
        }
        if let Some(before) = before.filter(|before| to.since(*before) >= step) {
            out.push(Sample { labels, at: before + step, value: STALE_NAN });
        }
    }
    let steps = to.since(from).as_millis() / step.as_millis().max(1);
    let said = answered(key);
    let said = (0..=steps.min(MOST_STEPS)).map(|index| {
        let back = u32::try_from(index).unwrap_or(u32::MAX);
        Sample { labels: said.clone(), at: from + step.saturating_mul(back), value: 1.0 }
    });
    out.extend(said.filter(|sample| sample.at <= to));
    out
}

/// The most steps of one course.
const MOST_STEPS: u128 = 11_000;

/// The sums of all elements by the minute that each point ends (a point at 10:01:00 speaks of the minute from 10:00 on),
/// and by bucket where they have one.
pub fn minutes(elements: &[Element]) -> Vec<Minute> {
    let mut sums: BTreeMap<(i64, u64), (f64, f64)> = BTreeMap::new();
    for element in elements {
        let edge = element.labels.get("le").and_then(|le| le.parse().ok()).unwrap_or(f64::INFINITY);
        for (at, value) in element.points.iter().filter(|(_, value)| value.is_finite()) {
            let minute = (at.millis() - 1).div_euclid(60_000);
            sums.entry((minute, edge.to_bits())).or_insert((edge, 0.0)).1 += value;
        }
    }
    sums.into_iter().map(|((minute, _), (edge, value))| Minute { minute, edge, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::target::is_stale;

    #[test]
    fn a_gap_in_a_course_is_marked_and_its_end_too() {
        let second = |s: i64| Timestamp::from_millis(s * 1000);
        let step = Duration::from_secs(15);
        for (points, wanted) in [
            (&[0, 15, 30, 45, 60][..], "0 15 30 45 60"),
            (&[0, 15, 60], "0 15 30! 60"),
            (&[0, 15], "0 15 30!"),
            (&[30], "30 45!"),
            (&[], ""),
            (&[-15, 0, 75], "0 15!"),
        ] {
            let element = Element {
                labels: Labels::empty(),
                points: points.iter().map(|at| (second(*at), 1.0)).collect(),
            };
            let samples = samples("p:1", &[element], (second(0), second(60)), step);
            let (said, own): (Vec<_>, Vec<_>) =
                samples.into_iter().partition(|sample| sample.labels == answered("p:1"));
            let text: Vec<String> = own
                .iter()
                .map(|s| format!("{}{}", s.at.millis() / 1000, if is_stale(s.value) { "!" } else { "" }))
                .collect();
            assert_eq!(text.join(" "), wanted);
            assert_eq!(said.len(), 5);
        }
    }

    #[test]
    fn a_point_speaks_of_the_minute_that_it_ends() {
        let element = |points: &[(i64, f64)]| Element {
            labels: Labels::empty(),
            points: points.iter().map(|(at, value)| (Timestamp::from_millis(*at), *value)).collect(),
        };
        let sums = minutes(&[element(&[(60_000, 2.0), (120_000, f64::NAN)]), element(&[(60_000, 3.0)])]);
        assert_eq!(sums, [Minute { minute: 0, edge: f64::INFINITY, value: 5.0 }]);
    }
}
