//! Presets: what is known of a stack, as data. One TOML file each in `presets/`, embedded and read when it is asked for.
//!
//! A preset suggests polls, PromQL for the three signals, warning and critical bands, and hints by which a stack is
//! recognised. The PromQL stands here as plain text; `{{.window}}` is replaced and the service's matchers are added above.
//!
//! The error ratios count a missing 5xx series as zero errors while there is traffic (`or 0 * total`): client libraries make
//! such a series at the first error only.

use crate::config::poll::{BreakerShape, HealthShape, Poll, PollKind, QueueShape, Workers};
use crate::units::parse_duration;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;
use std::sync::OnceLock;

/// What is known of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Its name in `preset = "..."`.
    pub name: &'static str,
    /// One line on what it is for.
    pub doc: String,
    /// Suggested polls, by name.
    pub polls: Vec<Poll>,
    /// PromQL of its signals.
    pub signals: Signals,
    /// Warning and critical bands.
    pub bands: Bands,
    /// How it is recognised.
    pub hints: Vec<Hint>,
    /// What is known of its objectives beyond the signals.
    pub slo: Objectives,
}

/// What is known of a stack's objectives. What is counted follows from the signals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objectives {
    /// The latency that its people promise: `250ms`.
    pub threshold: Option<String>,
    /// Expressions of figures that it reports about its own objectives.
    pub reported: Vec<String>,
}

/// PromQL of the three signals; `{{.window}}` stands for the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signals {
    /// Requests a second.
    pub requests: Option<String>,
    /// Share of failed requests, 0..=1.
    pub errors: Option<String>,
    /// p95 in seconds.
    pub latency: Option<String>,
    /// Names of metric families that must all be there for these expressions to make sense.
    pub needs: Vec<String>,
}

/// Bands: the first value warns, the second is critical.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bands {
    /// p95 in seconds.
    pub latency: Option<(f64, f64)>,
    /// Share of failed requests, 0..=1.
    pub errors: Option<(f64, f64)>,
    /// Messages that wait.
    pub queue: Option<(f64, f64)>,
}

/// An answer that gives a stack away; all of its conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// The path that is asked.
    pub path: String,
    /// Statuses that count; 200 if none is named.
    #[serde(default)]
    pub status: Vec<u16>,
    /// JSON pointers that must lead to something.
    #[serde(default)]
    pub json: Vec<String>,
    /// Texts that the body must hold.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Metric families that the body must hold.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// What the content type must begin with.
    #[serde(default)]
    pub content_type: Option<String>,
    /// How much it proves.
    pub weight: u32,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        [$(Embedded { name: $name, text: include_str!(concat!("presets/", $name, ".toml")), read: OnceLock::new() }),*]
    };
}

struct Embedded {
    name: &'static str,
    text: &'static str,
    read: OnceLock<Option<Preset>>,
}

/// The more particular ones first: of two that fit equally well, the first is taken.
static EMBEDDED: [Embedded; 21] = embedded![
    "prophet-sentinel",
    "sparkle",
    "hashinsight",
    "stock-ai",
    "fastapi-instrumentator",
    "sea-news",
    "actuator",
    "health-json",
    "kubernetes",
    "rabbitmq",
    "flower",
    "sidekiq",
    "bullmq",
    "envoy",
    "flask-exporter",
    "opentelemetry",
    "grpc",
    "node-exporter",
    "redis",
    "postgres",
    "prometheus",
];

/// The names of all presets.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    EMBEDDED.iter().map(|embedded| embedded.name)
}

/// The preset of this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    let embedded = EMBEDDED.iter().find(|embedded| embedded.name == name)?;
    // A test reads every one of them, so a failure here cannot reach a user.
    embedded.read.get_or_init(|| read(embedded.name, embedded.text).ok()).as_ref()
}

/// All presets.
pub fn presets() -> impl Iterator<Item = &'static Preset> {
    names().filter_map(preset)
}

/// The signals that suit a set of metric families best: those of which most families are there.
///
/// A family counts as there if its own name is, or that of its `_total`, `_count`, `_bucket`.
pub fn signals_for<S: BuildHasher>(
    metric_names: &HashSet<&str, S>,
) -> Option<(&'static Preset, &'static Signals)> {
    let fits = |preset: &&Preset| {
        let needs = &preset.signals.needs;
        !needs.is_empty() && needs.iter().all(|name| has_family(metric_names, name))
    };
    let all = presets().filter(fits);
    // `max_by_key` keeps the last of equals and the first is wanted, so the position counts too.
    let best = all.enumerate().max_by_key(|(i, preset)| (preset.signals.needs.len(), usize::MAX - i));
    best.map(|(_, preset)| (preset, &preset.signals))
}

/// Is this family among the names, be it a counter, a histogram or a summary?
pub(super) fn has_family<S: BuildHasher>(names: &HashSet<&str, S>, family: &str) -> bool {
    names.contains(family)
        || ["_total", "_count", "_bucket", "_seconds_total"]
            .iter()
            .any(|end| names.contains(format!("{family}{end}").as_str()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPreset {
    name: String,
    doc: String,
    #[serde(default)]
    poll: BTreeMap<String, RawPoll>,
    #[serde(default)]
    signals: Signals,
    #[serde(default)]
    bands: RawBands,
    #[serde(default)]
    hint: Vec<Hint>,
    #[serde(default)]
    slo: Objectives,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawBands {
    latency: Option<(String, String)>,
    errors: Option<(String, String)>,
    queue: Option<(f64, f64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPoll {
    kind: String,
    path: String,
    port: Option<u16>,
    shape: Option<String>,
    #[serde(default)]
    series: BTreeMap<String, String>,
    #[serde(default)]
    llen: Vec<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

fn read(name: &'static str, text: &str) -> Result<Preset, String> {
    let raw: RawPreset = toml::from_str(text).map_err(|e| e.to_string())?;
    if raw.name != name {
        return Err(format!("the file calls itself \"{}\"", raw.name));
    }
    let polls = raw.poll.into_iter().map(|(name, poll)| read_poll(name, poll)).collect::<Result<_, _>>()?;
    let bands = Bands {
        latency: raw.bands.latency.map(seconds).transpose()?,
        errors: raw.bands.errors.map(ratios).transpose()?,
        queue: raw.bands.queue,
    };
    if let Some(threshold) = &raw.slo.threshold {
        parse_duration(threshold)?;
    }
    Ok(Preset { name, doc: raw.doc, polls, signals: raw.signals, bands, hints: raw.hint, slo: raw.slo })
}

fn seconds((warning, critical): (String, String)) -> Result<(f64, f64), String> {
    Ok((parse_duration(&warning)?.as_secs_f64(), parse_duration(&critical)?.as_secs_f64()))
}

fn ratios((warning, critical): (String, String)) -> Result<(f64, f64), String> {
    let read =
        |text: &str| super::parse_number(text).map(super::Number::ratio).ok_or(format!("no ratio: {text}"));
    Ok((read(&warning)?, read(&critical)?))
}

fn read_poll(name: String, raw: RawPoll) -> Result<Poll, String> {
    let kind = match raw.kind.as_str() {
        "health" => PollKind::Health(health_shape(raw.shape.as_deref())?),
        "metrics" => PollKind::Metrics { workers: Workers::Auto },
        "breakers" => PollKind::Breakers(breaker_shape(raw.shape.as_deref())?),
        "queues" => PollKind::Queues(queue_shape(raw.shape.as_deref())?),
        "json" => PollKind::Json { series: raw.series.into_iter().collect() },
        "redis" => PollKind::Redis { llen: raw.llen, ttlless: Vec::new(), password: Vec::new() },
        "tcp" => PollKind::Tcp,
        "grpc" => PollKind::Grpc { service: String::new() },
        other => return Err(format!("poll {name}: unknown kind \"{other}\"")),
    };
    let headers = raw.headers.into_iter().collect();
    Ok(Poll {
        name,
        kind,
        path: raw.path,
        port: raw.port,
        interval: None,
        timeout: None,
        auth: None,
        headers,
    })
}

fn health_shape(word: Option<&str>) -> Result<HealthShape, String> {
    Ok(match word.unwrap_or("auto") {
        "auto" => HealthShape::Auto,
        "status" => HealthShape::Status,
        "actuator" => HealthShape::Actuator,
        "health-json" => HealthShape::HealthJson,
        "kubernetes" => HealthShape::Kubernetes,
        "flat" => HealthShape::Flat,
        other => return Err(format!("unknown health shape \"{other}\"")),
    })
}

fn breaker_shape(word: Option<&str>) -> Result<BreakerShape, String> {
    Ok(match word.unwrap_or("auto") {
        "auto" => BreakerShape::Auto,
        "map" => BreakerShape::Map,
        "resilience4j" => BreakerShape::Resilience4j,
        other => return Err(format!("unknown breaker shape \"{other}\"")),
    })
}

fn queue_shape(word: Option<&str>) -> Result<QueueShape, String> {
    Ok(match word.unwrap_or("auto") {
        "auto" => QueueShape::Auto,
        "status" => QueueShape::Status,
        "rabbitmq" => QueueShape::RabbitMq,
        "flower" => QueueShape::Flower,
        "sidekiq" => QueueShape::Sidekiq,
        "bullmq" => QueueShape::BullMq,
        other => return Err(format!("unknown queue shape \"{other}\"")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustc_hash::FxHashSet;

    #[test]
    fn every_embedded_preset_is_read_and_sound() {
        for embedded in &EMBEDDED {
            let preset =
                read(embedded.name, embedded.text).unwrap_or_else(|e| panic!("{}: {e}", embedded.name));
            assert!(!preset.doc.is_empty() && !preset.doc.ends_with('.'), "{}", preset.name);
            assert!(!preset.polls.is_empty(), "{} polls nothing", preset.name);
            for poll in &preset.polls {
                assert!(poll.path.is_empty() || poll.path.starts_with('/'), "{} {}", preset.name, poll.path);
            }
            let signals = &preset.signals;
            for text in [&signals.requests, &signals.errors, &signals.latency].into_iter().flatten() {
                assert!(text.contains("[{{.window}}]"), "{}: {text}", preset.name);
                assert_eq!(text.matches('(').count(), text.matches(')').count(), "{}: {text}", preset.name);
                assert!(
                    signals.needs.iter().any(|need| text.contains(need.as_str())) || text.contains("_bucket")
                );
            }
            let none = signals.requests.is_none() && signals.errors.is_none() && signals.latency.is_none();
            assert_eq!(none, signals.needs.is_empty(), "{}", preset.name);
            for bands in [preset.bands.latency, preset.bands.errors, preset.bands.queue].into_iter().flatten()
            {
                assert!(0.0 < bands.0 && bands.0 < bands.1, "{}", preset.name);
            }
        }
        assert_eq!(presets().count(), EMBEDDED.len());
        assert!(preset("nothing").is_none());
        let bands = preset("hashinsight").unwrap().bands;
        assert_eq!((bands.latency, bands.errors), (Some((0.2, 0.3)), Some((0.005, 0.01))));
    }

    #[test]
    fn signals_follow_the_metric_names() {
        for (names, expected) in [
            (vec!["http_requests_total"], Some("prometheus")),
            (
                vec!["http_requests_total", "http_request_duration_highr_seconds_bucket"],
                Some("fastapi-instrumentator"),
            ),
            (vec!["http_requests_total", "celery_task_total"], Some("stock-ai")),
            (vec!["http_requests_total", "chat_orchestrator_circuit_breaker"], Some("sparkle")),
            (vec!["hashinsight_requests_total", "process_cpu_seconds_total"], Some("hashinsight")),
            (vec!["http_server_requests_seconds_count"], Some("actuator")),
            (vec!["flask_http_request_total"], Some("flask-exporter")),
            (vec!["node_cpu_seconds_total"], None),
            (vec![], None),
        ] {
            let names: FxHashSet<&str> = names.into_iter().collect();
            assert_eq!(signals_for(&names).map(|(preset, _)| preset.name), expected, "{names:?}");
        }
    }
}
