//! `backend.NAME` of kind alertmanager or pagerduty becomes a [`Backend`].

use super::Found;
use crate::config::auth::{Auth, Credential};
use crate::config::{self, BackendKind, Config, Problem, Spanned};
use crate::foreign::{Backend, Kind, Peer};
use crate::labels::{MatchOp, Matcher};
use crate::rules::Severities;
use crate::target::Route;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The most often that one is asked, whatever the polls' pace is.
const LEAST: Duration = Duration::from_secs(1);

/// Compiles them, in order of name.
pub(super) fn compile(config: &Config, problems: &mut Found) -> Vec<Arc<Backend>> {
    config.backends.values().filter_map(|table| compile_one(config, table, problems)).map(Arc::new).collect()
}

/// Compiles one; none: it is of another kind.
pub(super) fn compile_one(config: &Config, table: &config::Backend, problems: &mut Found) -> Option<Backend> {
    let key = |rest: &str| format!("backend.{}.{rest}", table.name);
    let mut peers = vec![peer(&table.url, &key("url"), problems)];
    let mut auth = table.auth.as_ref().and_then(|name| config.auth.get(name)).cloned();
    let kind = match &table.kind {
        BackendKind::Query(_) => return None,
        BackendKind::Alertmanager { peers: more, filter, receiver, silence, extend, ignore } => {
            for (index, url) in more.iter().enumerate() {
                peers.push(peer(url, &key(&format!("peers[{index}]")), problems));
            }
            Kind::Alertmanager {
                filter: filter.iter().map(|text| text.value.clone()).collect(),
                receiver: receiver.as_ref().map(|text| regex(text, &key("receiver"), problems)),
                silence: *silence,
                extend: *extend,
                ignore: ignore.clone(),
                external: config.rules.values().flat_map(|set| set.external_labels.iter().cloned()).collect(),
            }
        }
        BackendKind::PagerDuty { key: secret, from, teams, services, schedules, map } => {
            // Certificates of an auth table hold; who we say we are is the key.
            let tls = auth.map(|auth| auth.tls).unwrap_or_default();
            let name = format!("backend.{}", table.name);
            auth = Some(Auth { name, credential: Credential::Token(secret.clone()), tls });
            Kind::PagerDuty {
                from: from.as_ref().map(|text| text.value.clone()),
                teams: teams.clone(),
                services: services.clone(),
                schedules: schedules.clone(),
                map: map.iter().map(|(theirs, ours)| (theirs.clone(), ours.value.as_str().into())).collect(),
            }
        }
    };
    let mut peers: Vec<Peer> = peers.into_iter().flatten().collect();
    let mut seen: Vec<Url> = Vec::new();
    peers.retain(|peer| {
        !seen.contains(&peer.base) && {
            seen.push(peer.base.clone());
            true
        }
    });
    let words = table.severity.iter().map(|(word, severity)| (word.as_str(), *severity));
    Some(Backend {
        name: table.name.as_str().into(),
        kind,
        peers,
        auth: auth.map(Arc::new),
        headers: table.headers.clone(),
        route: Arc::new(Route {
            proxy: table.proxy.as_ref().map(|proxy| proxy.value.clone()),
            resolve: Vec::new(),
            body_limit: table.body_limit,
        }),
        timeout: table.timeout,
        interval: table.interval.unwrap_or(config.poll.interval).max(LEAST),
        environment: table.environment.as_deref().map(Into::into),
        severities: Severities::new(words),
    })
}

fn peer(text: &Spanned<String>, key: &str, problems: &mut Found) -> Option<Peer> {
    let url = Url::parse(&text.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some((url, host)) = url.and_then(|url| Some((url.clone(), url.host_str()?.to_owned()))) else {
        problems.push((true, Problem::new(&text.at, key, "is no http or https URL")));
        return None;
    };
    let name = url.port_or_known_default().map_or(host.clone(), |port| format!("{host}:{port}"));
    Some(Peer { name: name.into(), base: url })
}

fn regex(text: &Spanned<String>, key: &str, problems: &mut Found) -> String {
    if let Err(message) = Matcher::new("receiver", MatchOp::Regex, &text.value) {
        problems.push((true, Problem::new(&text.at, key, message)));
    }
    text.value.clone()
}
