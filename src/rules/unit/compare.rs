//! What was expected and what came instead, so that the difference is seen.

use crate::labels::Labels;
use crate::promql::format_value;
use std::collections::BTreeSet;

/// Equal, or nearly so where that is enough; all that are no number are equal. The last digits may always differ: they
/// depend on the order in which an engine adds up, which changed between versions of Prometheus.
pub(super) fn equal(a: f64, b: f64, fuzzy: bool) -> bool {
    if a.is_nan() || b.is_nan() {
        return a.is_nan() && b.is_nan();
    }
    #[expect(clippy::float_cmp, reason = "the format compares exactly unless it is told otherwise")]
    let same = a == b;
    same || (a - b).abs() <= if fuzzy { 1e-6 } else { 1e-14 } * a.abs().max(b.abs())
}

type Alerts = [(Labels, Labels)];

/// Alerts by their labels: one that is missing, one too many, and annotations that differ.
pub(super) fn alerts(expected: &Alerts, got: &Alerts) -> Vec<String> {
    let mut out = Vec::new();
    let mut unused: Vec<&(Labels, Labels)> = got.iter().collect();
    let mut missing = Vec::new();
    for alert in expected {
        match unused.iter().position(|other| *other == alert) {
            Some(at) => {
                unused.remove(at);
            }
            None => missing.push(alert),
        }
    }
    for alert in missing {
        let Some(at) = nearest(alert, &unused) else {
            out.push(format!("- expected {} {}", alert.0, alert.1));
            continue;
        };
        let other = unused.remove(at);
        out.push(format!("alert {}:", alert.0));
        pairs(&mut out, "label", &alert.0, &other.0);
        pairs(&mut out, "annotation", &alert.1, &other.1);
    }
    out.extend(unused.iter().map(|alert| format!("+ got      {} {}", alert.0, alert.1)));
    if got.is_empty() {
        out.push("nothing fires".to_owned());
    }
    out
}

/// The one that shares the most labels, if it shares more than its name.
fn nearest(alert: &(Labels, Labels), others: &[&(Labels, Labels)]) -> Option<usize> {
    let shared =
        |other: &Labels| alert.0.iter().filter(|(name, value)| other.get(name) == Some(value)).count();
    let best = others.iter().enumerate().max_by_key(|(_, other)| shared(&other.0))?;
    (shared(&best.1.0) > 1 || others.len() == 1).then_some(best.0)
}

fn pairs(out: &mut Vec<String>, what: &str, expected: &Labels, got: &Labels) {
    let names: BTreeSet<&str> = expected.iter().chain(got.iter()).map(|(name, _)| name).collect();
    for name in names {
        let (a, b) = (expected.get(name), got.get(name));
        if a == b {
            continue;
        }
        if let Some(text) = a {
            out.push(format!("  - {what} {name} = {text:?}"));
        }
        if let Some(text) = b {
            out.push(format!("  + {what} {name} = {text:?}"));
        }
    }
}

type Samples = [(Labels, f64)];

/// Samples by their labels.
pub(super) fn samples(expected: &Samples, got: &Samples, fuzzy: bool) -> Vec<String> {
    let within = |sample: &(Labels, f64), others: &Samples| {
        others.iter().any(|other| other.0 == sample.0 && equal(other.1, sample.1, fuzzy))
    };
    let line = |sign: char, word: &str, sample: &(Labels, f64)| {
        format!("{sign} {word} {} {}", sample.0, format_value(sample.1))
    };
    let missing =
        expected.iter().filter(|sample| !within(sample, got)).map(|sample| line('-', "expected", sample));
    let more =
        got.iter().filter(|sample| !within(sample, expected)).map(|sample| line('+', "got     ", sample));
    let mut out: Vec<String> = missing.chain(more).collect();
    if got.is_empty() {
        out.push("the expression gives nothing".to_owned());
    }
    out
}
