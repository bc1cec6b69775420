//! `notify.NAME` and `ui.notify*` become channels.

use super::Found;
use crate::config::auth::Credential;
use crate::config::{Config, Destination, Notify, NotifyKind, Problem, Spanned};
use crate::notification::{Address, Channel, Quiet, Rate, Via};
use crate::target::Route;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The channels that `warroom watch` sends to, in order of name.
pub(super) fn compile(config: &Config, problems: &mut Found) -> Vec<Channel> {
    config.notify.values().flat_map(|notify| channels(config, notify, problems)).collect()
}

/// How a dashboard tells its operator.
pub(super) fn terminal(config: &Config, problems: &mut Found) -> Channel {
    Channel::terminal(config.ui.notify_floor, quiet("ui.notify_quiet", &config.ui.notify_quiet, problems))
}

/// A channel a table; of one that names a cluster of Alertmanagers, one a member: each has to be told, as Prometheus does
/// it, and each is told again by itself when it did not answer.
fn channels(config: &Config, notify: &Notify, problems: &mut Found) -> Vec<Channel> {
    let NotifyKind::Alertmanager { backend: Some(named), resend, .. } = &notify.kind else {
        return channel(config, notify, problems).into_iter().collect();
    };
    let Some(table) = config.backends.get(&named.value) else { return Vec::new() };
    // What is wrong with the backend's own table is told where it is compiled.
    let Some(backend) = super::foreign::compile_one(config, table, &mut Found::new()) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for (index, peer) in backend.peers.iter().enumerate() {
        let at = Spanned { value: Destination::Plain(peer.base.to_string()), at: named.at.clone() };
        let kind = NotifyKind::Alertmanager { url: at, backend: None, resend: *resend };
        let one = Notify { kind, ..notify.clone() };
        // What is wrong with the table is told once.
        let mut more = Found::new();
        let found = channel(config, &one, if index == 0 { problems } else { &mut more });
        out.extend(found.map(|channel| Channel {
            name: if index == 0 { channel.name } else { format!("{}@{}", notify.name, peer.name).into() },
            auth: channel.auth.or_else(|| backend.auth.clone()),
            headers: backend.headers.iter().cloned().chain(channel.headers).collect(),
            route: if notify.proxy.is_some() { channel.route } else { Arc::clone(&backend.route) },
            ..channel
        }));
    }
    out
}

fn channel(config: &Config, notify: &Notify, problems: &mut Found) -> Option<Channel> {
    let key = |rest: &str| format!("notify.{}.{rest}", notify.name);
    let auth = notify.auth.as_ref().and_then(|name| Some((name, config.auth.get(&name.value)?)));
    if let Some((name, auth)) = auth
        && matches!(auth.credential, Credential::Login { .. })
    {
        let problem = Problem::new(&name.at, key("auth"), "logs in, which a notification does not wait for");
        problems.push((true, problem.with_remedy("use an auth table with basic, bearer or header")));
    }
    let rate: Rate = notify.rate.value.parse().unwrap_or_else(|message| {
        problems.push((true, Problem::new(&notify.rate.at, key("rate"), message)));
        Rate { count: 10, per: Duration::from_secs(300) }
    });
    let texts = |list: &[Spanned<String>]| list.iter().map(|text| text.value.clone()).collect();
    let quiet = quiet(&key("quiet"), &notify.quiet, problems);
    Some(Channel {
        name: notify.name.as_str().into(),
        via: via(notify, problems)?,
        floor: notify.floor,
        urgent: notify.urgent,
        quiet,
        rate,
        services: texts(&notify.services),
        environments: texts(&notify.environments),
        auth: auth.map(|(_, auth)| Arc::new(auth.clone())),
        headers: notify.headers.clone(),
        route: Arc::new(Route { proxy: notify.proxy.clone(), ..Route::default() }),
        timeout: notify.timeout,
        retry_for: notify.retry_for,
    })
}

fn quiet(key: &str, texts: &[Spanned<String>], problems: &mut Found) -> Vec<Quiet> {
    let mut out = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match Quiet::parse(&text.value) {
            Ok(quiet) => out.push(quiet),
            Err(message) => problems.push((true, Problem::new(&text.at, format!("{key}[{index}]"), message))),
        }
    }
    out
}

fn via(notify: &Notify, problems: &mut Found) -> Option<Via> {
    let mut address = |to: &Spanned<Destination>| match &to.value {
        Destination::Secret(reference) => Some(Address::Secret(reference.clone())),
        Destination::Plain(text) => match plain(text) {
            Ok(url) => Some(Address::Plain(url)),
            Err(message) => {
                let problem = Problem::new(&to.at, format!("notify.{}.url", notify.name), message);
                problems.push((
                    true,
                    problem.with_remedy("write http://HOST/PATH, or a reference such as env:NAME"),
                ));
                None
            }
        },
    };
    Some(match &notify.kind {
        NotifyKind::Slack(url) => Via::Slack(address(url)?),
        NotifyKind::Chat(url) => Via::Chat(address(url)?),
        NotifyKind::Webhook(url) => Via::Webhook(address(url)?),
        NotifyKind::PagerDuty { url, key } => Via::PagerDuty { url: address(url)?, key: key.clone() },
        NotifyKind::Alertmanager { url, resend, .. } => {
            Via::Alertmanager { url: address(url)?, resend: *resend }
        }
    })
}

/// A URL as it is written; what is wrong with it is told without repeating it, since it may hold a secret.
fn plain(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is no URL".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("is no http or https URL".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds credentials".to_owned());
    }
    if url.host_str() == Some("hooks.slack.com") {
        return Err("holds a secret: who knows a Slack webhook's URL can post".to_owned());
    }
    Ok(url)
}
