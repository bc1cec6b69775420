//! `/metrics` and `/federate`: what warroom judges, and how it fares itself, as text 0.0.4 or OpenMetrics 1.0.0.
//!
//! Sources: Prometheus's exposition formats and the OpenMetrics specification. Each family has HELP and TYPE and stands
//! in one piece; names and labels that the formats do not know are written with `_` for what is wrong in them.

mod own;
mod write;

pub use write::Page;

use super::laid::{Process, Samples, Served};
use super::names::{about, is_own};
use super::{Fault, Kind, Params};
use crate::labels::{Labels, Matcher, NAME};
use crate::store::{Bounds, Series};
use crate::target::is_stale;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use write::{Family, Row};

/// How old a sample may be that still counts, as Prometheus has it.
const LOOKBACK: Duration = Duration::from_secs(300);

/// The page of `/metrics`: OpenMetrics, if `accept` prefers it.
pub fn metrics(samples: &Samples, served: &Served, process: &Process, accept: &str) -> Page {
    let mut families = own::families(samples, served, process);
    for name in samples.store.metric_names().into_iter().filter(|name| is_own(name)) {
        let matcher = Matcher::equal(NAME, &name);
        let rows = samples.store.select(&[matcher]).into_iter().filter_map(|series| {
            let (_, value) = newest(series, samples.at)?;
            Some(Row { suffix: "", labels: pairs(series.labels()), value, at: None })
        });
        let about = about(&name);
        let family = Family {
            kind: about.map_or("untyped", |about| about.kind),
            help: about.map_or("What a rule of the configuration records.", |about| about.help),
            rows: rows.collect(),
        };
        if !family.rows.is_empty() {
            families.entry(name).or_insert(family);
        }
    }
    write::page(&families, write::prefers_openmetrics(accept))
}

/// The page of `/federate`: the newest samples of the series that `match[]` takes, each with its time.
///
/// # Errors
/// A selector is none.
pub fn federate(samples: &Samples, params: &Params, now: Timestamp) -> Result<Page, Fault> {
    let selectors = super::find::selectors(params)?;
    if selectors.is_empty() {
        return Err(Fault::new(Kind::BadData, "no match[] parameter provided"));
    }
    let mut found: BTreeMap<&Labels, &Series> = BTreeMap::new();
    for selector in &selectors {
        let all = samples.store.select(&selector.matchers);
        found.extend(all.into_iter().map(|series| (series.labels(), series)));
    }
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for (labels, series) in found {
        let (Some(name), Some((at, value))) = (labels.name(), newest(series, now)) else { continue };
        let family = families.entry(name.to_owned()).or_insert_with(|| Family {
            kind: "untyped",
            help: "",
            rows: Vec::new(),
        });
        family.rows.push(Row { suffix: "", labels: pairs(labels), value, at: Some(at) });
    }
    Ok(write::page(&families, false))
}

fn newest(series: &Series, at: Timestamp) -> Option<(Timestamp, f64)> {
    series.at(at, LOOKBACK, Bounds::LeftOpen).filter(|(_, value)| !is_stale(*value))
}

fn pairs(labels: &Labels) -> Vec<(String, String)> {
    let rest = labels.iter().filter(|(name, _)| *name != NAME);
    rest.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
