//! From what was seen behind a URL to a service of the configuration. Pure.

use super::draft::{Draft, Poll, Service, inline, quote, table_name, unused};
use crate::config::poll::{self, PollKind};
use crate::decode::preset::Signals;
use crate::io::probe::{Greeting, Page, Seen};
use crate::target::Failure;
use std::fmt::Write as _;
use std::net::IpAddr;
use url::Url;

/// What listens on a well-known port and speaks no HTTP: what it is, and the exporter that has its metrics.
const WELL_KNOWN: [(u16, &str, &str); 9] = [
    (6379, "Redis", "redis_exporter"),
    (5432, "PostgreSQL", "postgres_exporter"),
    (6432, "PgBouncer", "pgbouncer_exporter"),
    (3306, "MySQL", "mysqld_exporter"),
    (27017, "MongoDB", "mongodb_exporter"),
    (5672, "AMQP (RabbitMQ)", "RabbitMQ's own rabbitmq_prometheus on port 15692"),
    (9092, "Kafka", "kafka_exporter"),
    (11211, "memcached", "memcached_exporter"),
    (2181, "ZooKeeper", "ZooKeeper's own metrics provider"),
];

/// What this is if it is no HTTP: told by its answer, or else by its port.
pub(super) fn foreign(url: &Url, seen: Option<&Seen>) -> Option<(&'static str, &'static str)> {
    let port = match seen.and_then(|seen| seen.greeting) {
        Some(Greeting::Redis { .. }) => 6379,
        Some(Greeting::Postgres) => 5432,
        None if seen.is_some_and(|seen| seen.http) => return None,
        None => url.port().or((url.scheme() == "redis").then_some(6379))?,
    };
    WELL_KNOWN.iter().find(|(known, _, _)| *known == port).map(|(_, name, exporter)| (*name, *exporter))
}

/// Adds a service for `url` to the draft; answers what is worth a warning.
pub(super) fn add(draft: &mut Draft, url: &Url, seen: &Seen) -> Vec<String> {
    let mut warnings = Vec::new();
    let wanted = seen.name.as_ref().map_or_else(|| name_of(url), |name| table_name(name.as_str()));
    let taken = |name: &str| draft.services.iter().any(|service| service.name == name);
    let mut service = Service { instances: vec![base(url)], ..Service::default() };
    if taken(&wanted) {
        service.comments.push(format!(
            "If this is another instance of {wanted}, put its URL into the instances there and remove this table."
        ));
    }
    service.name = unused(&wanted, taken);
    if let Some(version) = &seen.version {
        service.comments.push(format!("Version {version} when it was looked at."));
    }
    if seen.http {
        describe(&mut service, seen, &mut warnings, url);
    } else {
        warnings.extend(without_http(&mut service, url, seen));
    }
    draft.services.push(service);
    warnings
}

/// What answers HTTP: its polls, preset and signals, and what else was seen.
fn describe(service: &mut Service, seen: &Seen, warnings: &mut Vec<String>, url: &Url) {
    let detected = &seen.detected;
    let told: Vec<&str> = detected.findings.iter().map(crate::text::Clean::as_str).collect();
    if let Some(preset) = detected.preset {
        service.comments.push(format!("Looks like {}: {}.", preset.name, preset.doc));
        service.preset = Some(preset.name.to_owned());
    }
    for poll in detected.polls.iter().chain(&seen.further) {
        let taken = |name: &str| service.polls.iter().any(|known| known.name == name);
        let name = unused(&poll.name, taken);
        service.polls.push(written(poll, &name).says(seen_at(&poll.path, poll.port, &seen.pages, &told)));
    }
    let used: Vec<&str> = detected.polls.iter().map(|poll| poll.path.as_str()).collect();
    let other = told
        .iter()
        .filter(|line| line.starts_with('/') && !used.contains(&line.split(": ").next().unwrap_or_default()));
    let other: Vec<String> = other.map(|line| (*line).to_owned()).collect();
    if !other.is_empty() {
        service.comments.push(format!("Also seen: {}.", other.join("; ")));
    }
    service.comments.extend(seen.notes.iter().map(ToString::to_string));
    let locked: Vec<&Page> = seen.pages.iter().filter(|page| matches!(page.status, 401 | 403)).collect();
    // Where some path does answer, one that wants credentials is worth the line above and no more.
    if let Some(first) = locked.first().filter(|_| service.polls.is_empty()) {
        service.comments.push(
            "It wants credentials: add an auth table such as auth.NAME = { bearer = [\"env:NAME\"] }, and auth = \
             \"NAME\" here; then run warroom init again."
                .to_owned(),
        );
        warnings.push(format!("{}{}: HTTP {}, wants credentials", base(url), first.path, first.status));
        service.polls.push(
            Poll::new("health", "health")
                .text("path", &first.path)
                .says(format!("{}: HTTP {}; counts as down until then.", first.path, first.status)),
        );
    }
    if service.polls.is_empty() {
        warnings.push(format!("{}: answers HTTP, but on none of the usual paths", base(url)));
        service.polls.push(
            Poll::new("port", "tcp")
                .says("Answers HTTP, but on none of the usual paths: only the port is watched."),
        );
    }
    signals(service, seen);
}

/// Signals are written down only where the preset's own would not be those of the metrics that were found.
fn signals(service: &mut Service, seen: &Seen) {
    let Some(fitting) = seen.detected.signals else { return };
    let own = seen.detected.preset.map(|preset| &preset.signals);
    let has_own = |own: &Signals| own.requests.is_some() || own.errors.is_some() || own.latency.is_some();
    if own.is_none_or(|own| !has_own(own) || own == fitting) {
        return;
    }
    let texts = [("requests", &fitting.requests), ("errors", &fitting.errors), ("latency", &fitting.latency)];
    for (name, text) in texts {
        service.signals.extend(text.clone().map(|text| (name, text)));
    }
}

/// One line on what a path answered.
fn seen_at(path: &str, port: Option<u16>, pages: &[Page], told: &[&str]) -> String {
    let mut out = port.map_or_else(|| path.to_owned(), |port| format!(":{port}{path}"));
    if let Some(page) = pages.iter().find(|page| page.path == path) {
        let _ = write!(out, ": HTTP {}, {} bytes", page.status, page.bytes);
        if let Some(series) = page.series {
            let _ = write!(out, ", {series} series");
        }
    }
    let says = told.iter().find_map(|line| line.strip_prefix(path)?.strip_prefix(": "));
    if let Some(says) = says.filter(|says| !says.is_empty()) {
        let _ = write!(out, "; {says}");
    }
    out
}

/// A poll as it stands in a file.
fn written(poll: &poll::Poll, name: &str) -> Poll {
    let mut out = Poll::new(name, poll.kind.word());
    if !poll.path.is_empty() {
        out = out.text("path", &poll.path);
    }
    if let Some(port) = poll.port {
        out = out.toml("port", port.to_string());
    }
    if let PollKind::Json { series } = &poll.kind {
        out = out.toml("series", inline(series.iter().map(|(metric, at)| (metric.as_str(), quote(at)))));
    }
    if !poll.headers.is_empty() {
        out = out
            .toml("headers", inline(poll.headers.iter().map(|(name, value)| (name.as_str(), quote(value)))));
    }
    out
}

/// What does not answer HTTP, now or at all; answers the warning.
fn without_http(service: &mut Service, url: &Url, seen: &Seen) -> Option<String> {
    let why = seen.failure.as_ref().map_or_else(|| "no HTTP".to_owned(), ToString::to_string);
    let scheme = url.scheme();
    if let Some((what, poll)) = foreign_poll(service, url, Some(seen)) {
        service.polls.push(poll);
        return matches!(scheme, "http" | "https").then(|| format!("{}: {what}, not HTTP", base(url)));
    }
    let grpc = scheme == "grpc" || (!seen.http && seen.connected && url.port() == Some(50051));
    let poll = if grpc {
        Poll::new("health", "grpc").says("Asked by grpc.health.v1.Health/Check.")
    } else if scheme == "tcp" {
        Poll::new("port", "tcp")
    } else if matches!(seen.failure, Some(Failure::Tls(_))) {
        Poll::new("health", "health")
            .text("path", "/")
            .says(format!("{why}: an auth table with tls = {{ ca = \"FILE\" }} may be what is missing."))
    } else {
        Poll::new("port", "tcp")
            .says("Counts as up as soon as something listens; then run warroom init again.")
    };
    service.polls.push(poll);
    if seen.connected && !matches!(scheme, "http" | "https") {
        return None;
    }
    let text = if seen.skipped { "not looked at: there was no time left".to_owned() } else { why };
    service.comments.push(format!("When it was looked at: {text}."));
    Some(format!("{}: {text}", base(url)))
}

/// The poll for something that speaks no HTTP, and what it is.
pub(super) fn foreign_poll(
    service: &mut Service,
    url: &Url,
    seen: Option<&Seen>,
) -> Option<(&'static str, Poll)> {
    let (what, exporter) = foreign(url, seen)?;
    let asked = seen.is_some_and(|seen| seen.greeting.is_some());
    let how = if asked { "told by its answer" } else { "told by its port" };
    if what == "Redis" {
        for instance in &mut service.instances {
            if let Some(rest) = instance.strip_prefix("http://") {
                *instance = format!("redis://{rest}");
            }
        }
        let mut poll = Poll::new("redis", "redis").says(format!(
            "{what} ({how}), no exporter: asked by PING; name queues with llen = [\"celery\"]. For its metrics run {exporter}."
        ));
        if matches!(seen.and_then(|seen| seen.greeting), Some(Greeting::Redis { password: true })) {
            poll = poll.toml("password", "[\"env:REDIS_PASSWORD\"]".to_owned());
            poll = poll.says("It wants a password: set REDIS_PASSWORD, or name another reference.");
        }
        return Some((what, poll));
    }
    let poll = Poll::new("port", "tcp").says(format!(
        "{what} ({how}), no exporter: only its port is watched. For its metrics run {exporter}."
    ));
    Some((what, poll))
}

/// The URL as an instance: no trailing slash.
pub(super) fn base(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// A name out of host and port: the host where it is a name of its own.
pub(super) fn name_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let local = host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    match url.port() {
        Some(port) if local => table_name(&format!("{host}-{port}")),
        _ => table_name(host),
    }
}
