//! Scraped labels become the labels of the store: canonical bounds, then those of the target on top.

use super::line::{Head, Pairs};
use super::{Kind, number};
use crate::labels::{Labels, NAME};
use std::borrow::Cow;

/// The label set of a scraped series.
///
/// `le` under a histogram and `quantile` under a summary become canonical floats, as Prometheus 3.x does on
/// ingestion, so that `le="1"` and `le="1.0"` are one series. A scraped label that clashes with one of the target's
/// (`extra`) is renamed to `exported_<name>`, as with `honor_labels: false`.
pub(super) fn labels(head: Head<'_>, kind: Kind, extra: &Labels) -> Labels {
    let mut pairs: Pairs<'_> = head.labels;
    if let Some((at, value)) =
        pairs.iter().enumerate().find_map(|(at, (name, value))| Some((at, bound(kind, name, value)?.1)))
        && let Some(pair) = pairs.get_mut(at)
    {
        pair.1 = Cow::Owned(value);
    }
    pairs.retain(|(_, value)| !value.is_empty());
    let mut clashing = Vec::new();
    for (name, _) in extra.iter() {
        if let Some(at) = pairs.iter().position(|(scraped, _)| scraped == name) {
            clashing.push(pairs.swap_remove(at));
        }
    }
    pairs.extend(extra.iter().map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))));
    // Short names first, so that `a` takes `exported_a` before a scraped `exported_a` is moved on in its turn.
    clashing.sort_by_key(|(name, _)| name.len());
    for (name, value) in clashing {
        let mut renamed = format!("exported_{name}");
        while pairs.iter().any(|(taken, _)| *taken == renamed) {
            renamed.insert_str(0, "exported_");
        }
        pairs.push((Cow::Owned(renamed), value));
    }
    pairs.push((Cow::Borrowed(NAME), head.name));
    Labels::from_pairs(pairs)
}

/// The name and the canonical value of a label that is the bound of a histogram or the quantile of a summary.
pub(super) fn bound(kind: Kind, name: &str, value: &str) -> Option<(&'static str, String)> {
    let bound = match kind {
        Kind::Histogram => "le",
        Kind::Summary => "quantile",
        _ => return None,
    };
    let float = (name == bound).then(|| number::float(value).ok()).flatten()?;
    Some((bound, number::canonical(float)))
}

/// Does this series only ever grow, as far as its type (or, without one, its name) tells?
///
/// `family` and `kind` are those of the last TYPE line.
pub(super) fn is_counter(name: &str, family: &str, kind: Kind) -> bool {
    let suffix = ["_total", "_bucket", "_count", "_sum"].into_iter().find(|suffix| name.ends_with(suffix));
    let stem = suffix.map_or(name, |suffix| &name[..name.len() - suffix.len()]);
    if family.is_empty() || (name != family && stem != family) {
        return suffix.is_some();
    }
    match kind {
        Kind::Counter => true,
        Kind::Histogram => matches!(suffix, Some("_bucket" | "_count" | "_sum")),
        Kind::Summary => matches!(suffix, Some("_count" | "_sum")),
        Kind::Unknown => suffix.is_some(),
        Kind::Gauge | Kind::GaugeHistogram | Kind::Info | Kind::StateSet => false,
    }
}
