//! Which polls are done, of which instance, with which labels, and which metric names are worth keeping.

use super::{Found, PanelPlan, RulesPlan, ServicePlan, key, signals};
use crate::config::poll::{Poll, PollKind};
use crate::config::{Config, Place, Problem, Service};
use crate::labels::Labels;
use crate::promql::{Expr, Names};
use crate::rules::RuleSet;
use crate::slo::Slo;
use crate::target::{Keep, Route, Target, TargetId};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Names that are kept even if no expression asks for them: they tell a restart from an outage, and one worker
/// process from another.
const ALWAYS_KEPT: &[&str] = &["process_start_time_seconds"];

/// The polls of a service: its own, or its preset's where it has none. Of one that a server answers for, `remote`,
/// metrics are not scraped: the server does.
pub(super) fn polls(service: &Service, remote: bool, problems: &mut Found) -> Vec<Poll> {
    let keep = |poll: &&Poll| !(remote && matches!(poll.kind, PollKind::Metrics { .. }));
    if !service.polls.is_empty() {
        return service.polls.iter().filter(keep).cloned().collect();
    }
    if let Some(preset) = signals::preset_of(service) {
        return preset.polls.iter().filter(keep).cloned().collect();
    }
    if remote {
        return Vec::new();
    }
    if service.derived.is_empty() {
        problems.push((
            false,
            Problem::new(
                &service.place,
                format!("service.{}", service.name),
                "has neither polls nor a preset",
            )
            .with_remedy("add poll.health = { kind = \"health\", path = \"/health\" }"),
        ));
    }
    Vec::new()
}

/// The targets of a service, and the shortest of their intervals.
pub(super) fn build(
    config: &Config,
    service: &Service,
    polls: &[Poll],
    problems: &mut Found,
) -> (Vec<Target>, Duration) {
    let route = Arc::new(Route {
        proxy: service.proxy.as_ref().map(|proxy| proxy.value.clone()),
        resolve: service.resolve.clone(),
        body_limit: service.body_limit,
    });
    let mut targets = Vec::new();
    for poll in polls {
        let pace = config.poll_pace(service, poll);
        let auth_name = poll.auth.as_ref().or(service.auth.as_ref());
        let auth = auth_name.and_then(|name| config.auth.get(name)).cloned().map(Arc::new);
        let own_url = poll.path.contains("://");
        let bases: Vec<(&str, &Place)> = if own_url {
            vec![(poll.path.as_str(), &service.place)]
        } else {
            service.instances.iter().map(|base| (base.value.as_str(), &base.at)).collect()
        };
        for (base, place) in bases {
            let url = match url_of(base, if own_url { "" } else { &poll.path }, poll) {
                Ok(url) => url,
                Err(message) => {
                    let path = key(service, &format!("poll.{}", poll.name));
                    problems.push((true, Problem::new(place, path, message)));
                    continue;
                }
            };
            let instance = instance_of(&url);
            targets.push(Target {
                id: TargetId(0),
                service: service.name.as_str().into(),
                poll: poll.name.as_str().into(),
                labels: labels_of(service, &instance),
                instance: instance.into(),
                url,
                kind: poll.kind.clone(),
                interval: pace.interval,
                timeout: pace.timeout,
                auth: auth.clone(),
                headers: poll.headers.clone(),
                route: Arc::clone(&route),
                keep: Arc::new(Keep::All),
            });
        }
    }
    let shortest = targets.iter().map(|t| t.interval).min();
    (targets, shortest.unwrap_or(config.pace(service).interval))
}

fn url_of(base: &str, path: &str, poll: &Poll) -> Result<Url, String> {
    let wrong = |e: &str| format!("\"{base}\" with path \"{path}\" is no URL: {e}");
    let mut url = Url::parse(base).map_err(|e| wrong(&e.to_string()))?;
    if !path.is_empty() {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        // A prefix of the instance (`http://proxy/team-a`) stays in front.
        let prefix = url.path().trim_end_matches('/').to_owned();
        let slash = if path.starts_with('/') { "" } else { "/" };
        url.set_path(&format!("{prefix}{slash}{path}"));
        url.set_query(query);
    }
    if let Some(port) = poll.port {
        url.set_port(Some(port)).map_err(|()| wrong("it cannot have a port"))?;
    }
    let scheme = match poll.kind {
        PollKind::Tcp => Some("tcp"),
        PollKind::Grpc { .. } if url.scheme() == "http" => Some("grpc"),
        PollKind::Redis { .. } if url.scheme() == "http" => Some("redis"),
        _ => None,
    };
    if let Some(scheme) = scheme.filter(|scheme| *scheme != url.scheme()) {
        // `Url::set_scheme` refuses to leave the web's own schemes, so the text is rewritten.
        let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
        let port = url.port_or_known_default();
        url = Url::parse(&format!("{scheme}://{rest}")).map_err(|e| wrong(&e.to_string()))?;
        if url.port().is_none() && port.is_some() && scheme != "redis" {
            url.set_port(port).map_err(|()| wrong("it cannot have a port"))?;
        }
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    Ok(url)
}

/// `host:port`, as Prometheus writes `instance`.
fn instance_of(url: &Url) -> String {
    let default = match url.scheme() {
        "redis" | "rediss" => Some(6379),
        _ => None,
    };
    let host = url.host_str().unwrap_or("");
    match url.port_or_known_default().or(default) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn labels_of(service: &Service, instance: &str) -> Labels {
    let mut pairs: BTreeMap<&str, &str> = BTreeMap::new();
    pairs.insert("job", service.job());
    pairs.insert("instance", instance);
    pairs.extend(service.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Labels::from_pairs(pairs)
}

/// Numbers the targets and tells each what is worth keeping.
///
/// An expression of one service may ask for another's metrics, so the names of all of them are kept of every target;
/// a selector without a name keeps everything.
pub(super) fn finish(
    mut drafts: Vec<Target>,
    services: &[ServicePlan],
    panels: &[PanelPlan],
    slos: &[Arc<Slo>],
    rules: &RulesPlan,
) -> Vec<Arc<Target>> {
    let mut names: FxHashSet<Box<str>> = ALWAYS_KEPT.iter().map(|name| (*name).into()).collect();
    let mut everything = false;
    let signals = services.iter().flat_map(|s| &s.signals).flat_map(|set| set.exprs.iter().flatten());
    let derived = services.iter().flat_map(|s| &s.derived).map(|derived| &derived.expr);
    let ruled: Vec<Expr> = rules.sets.iter().flat_map(RuleSet::exprs).collect();
    let shown = panels.iter().map(|panel| &panel.expr);
    for expr in signals.chain(derived).chain(shown).chain(&ruled) {
        match expr.names() {
            Names::All => everything = true,
            Names::Only(asked) => names.extend(asked),
        }
    }
    for slo in slos {
        match slo.names() {
            None => everything = true,
            Some(asked) => names.extend(asked.into_iter().map(String::into_boxed_str)),
        }
    }
    let keep = Arc::new(if everything { Keep::All } else { Keep::Names(names) });
    for (index, target) in drafts.iter_mut().enumerate() {
        target.id = TargetId(index as u32);
        target.keep = Arc::clone(&keep);
    }
    drafts.into_iter().map(Arc::new).collect()
}

/// `connectivity.reference`: `tcp://ip:port`.
pub(super) fn references(config: &Config, problems: &mut Found) -> Vec<SocketAddr> {
    let mut out = Vec::new();
    for reference in &config.reference {
        match reference.value.strip_prefix("tcp://").and_then(|rest| rest.parse().ok()) {
            Some(address) => out.push(address),
            None => problems.push((
                true,
                Problem::new(
                    &reference.at,
                    "connectivity.reference",
                    format!("\"{}\" is not an address that tells whether the link works", reference.value),
                )
                .with_remedy(
                    "write it as tcp://10.0.0.1:53: an IP address, so that no name has to be resolved",
                ),
            )),
        }
    }
    out
}
