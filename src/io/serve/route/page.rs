//! The small answers: the list of routes, health, which version it is.

use super::super::{Reply, Shared, now, reply};
use super::ROUTES;
use crate::api::Samples;
use crate::units::format_duration;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The page of `/`.
pub(super) fn index() -> Reply {
    let mut text = format!("warroom {}\n\n", env!("CARGO_PKG_VERSION"));
    for route in ROUTES {
        let _ = writeln!(text, "{:<28} {}", route.path.replace('*', "..."), route.about);
    }
    reply::text(200, text.trim_end())
}

/// Does it live?
pub(super) fn health(shared: &Shared) -> Reply {
    match shared.lives(now()) {
        Ok(()) => reply::text(200, "warroom is healthy: it polls, and judges what comes"),
        Err(why) => reply::text(503, &format!("warroom is not healthy: {why}")),
    }
}

/// The `data` of `/api/v1/status/buildinfo`. The version is that of the language and of the API, which clients look at;
/// which program answers stands beside it.
pub(super) fn build() -> Value {
    json!({
        "version": "3.0.0",
        "revision": concat!("warroom-", env!("CARGO_PKG_VERSION")),
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
        "application": "warroom",
    })
}

/// The `data` of `/api/v1/status/runtimeinfo`.
pub(super) fn runtime(samples: &Samples) -> Value {
    let figures = &samples.figures;
    let (good, at) = figures.configured;
    json!({
        "startTime": figures.started.to_string(),
        "serverTime": samples.at.to_string(),
        "reloadConfigSuccess": good,
        "lastConfigTime": at.to_string(),
        "corruptionCount": 0,
        "storageRetention": format_duration(figures.retention),
    })
}

/// The `data` of `/api/v1/status/tsdb`, as far as there is anything like it.
pub(super) fn tsdb(samples: &Samples) -> Value {
    let stats = &samples.stats;
    json!({
        "headStats": {
            "numSeries": stats.series,
            "numLabelPairs": 0,
            "chunkCount": 0,
            "minTime": stats.oldest.map_or(0, crate::units::Timestamp::millis),
            "maxTime": samples.at.millis(),
        },
        "seriesCountByMetricName": [],
        "labelValueCountByLabelName": [],
        "memoryInBytesByLabelName": [],
        "seriesCountByLabelValuePair": [],
    })
}
