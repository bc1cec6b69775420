//! `notify.NAME`: where notifications go. Spans of time, rates and URLs are kept as written; the plan compiles them.

use super::auth::{SecretList, SecretRef, UserName};
use super::place::{Place, Problem, Spanned};
use super::tree::{Item, Tree};
use super::{Config, read};
use crate::severity::Severity;
use std::time::Duration;

/// One `notify.NAME` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Notify {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// What it is.
    pub kind: NotifyKind,
    /// Incidents below it are not told.
    pub floor: Severity,
    /// From this severity on quiet hours do not count.
    pub urgent: Severity,
    /// Quiet hours: `22:00 - 07:00 Europe/Berlin`.
    pub quiet: Vec<Spanned<String>>,
    /// The most messages in a time: `10/5m`.
    pub rate: Spanned<String>,
    /// Only these services; empty: all.
    pub services: Vec<Spanned<String>>,
    /// Only these environments; empty: all.
    pub environments: Vec<Spanned<String>>,
    /// Name of an `auth` table.
    pub auth: Option<Spanned<String>>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// Proxy on the way there.
    pub proxy: Option<String>,
    /// What one attempt may take.
    pub timeout: Duration,
    /// For how long a message that fails is tried again.
    pub retry_for: Duration,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq)]
pub enum NotifyKind {
    /// `pagerduty`
    PagerDuty {
        /// Where events go.
        url: Spanned<Destination>,
        /// Routing keys, tried in turn.
        key: SecretList,
    },
    /// `slack`
    Slack(Spanned<Destination>),
    /// `chat`
    Chat(Spanned<Destination>),
    /// `webhook`
    Webhook(Spanned<Destination>),
    /// `alertmanager`
    Alertmanager {
        /// The server; empty where a backend is named.
        url: Spanned<Destination>,
        /// The backend whose members are told; it exists and is of that kind.
        backend: Option<Spanned<String>>,
        /// How often alerts that fire are sent again.
        resend: Duration,
    },
}

/// A URL as written, or a reference to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// As written.
    Plain(String),
    /// From a reference.
    Secret(SecretRef),
}

/// How a dashboard calls its operator: `ui.notify`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ring {
    /// As the terminal is known to take it.
    #[default]
    Auto,
    /// BEL.
    Bell,
    /// OSC 9.
    Osc9,
    /// OSC 777.
    Osc777,
    /// OSC 99.
    Osc99,
    /// Not at all.
    Off,
}

impl Ring {
    /// Every way with its word.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Auto, "auto"),
        (Self::Bell, "bell"),
        (Self::Osc9, "osc9"),
        (Self::Osc777, "osc777"),
        (Self::Osc99, "osc99"),
        (Self::Off, "off"),
    ];

    /// The way of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(ring, _)| *ring)
    }
}

/// Reads one table.
pub(super) fn read(name: &str, tree: &Tree) -> Notify {
    let severity = |key| tree.word(key).parse().unwrap_or(Severity::P2);
    let url = destination(tree);
    let kind = match tree.word {
        "pagerduty" => NotifyKind::PagerDuty { url, key: read::secrets(tree, "key") },
        "slack" => NotifyKind::Slack(url),
        "chat" => NotifyKind::Chat(url),
        "alertmanager" => {
            let backend = tree.spanned("backend");
            NotifyKind::Alertmanager { url, backend, resend: tree.duration("resend").unwrap_or_default() }
        }
        _ => NotifyKind::Webhook(url),
    };
    let http = has_http(tree);
    let headers = if http { tree.pairs("headers") } else { Vec::new() };
    Notify {
        name: name.to_owned(),
        place: tree.at.clone(),
        kind,
        floor: severity("floor"),
        urgent: severity("urgent"),
        quiet: tree.texts("quiet"),
        rate: tree.spanned("rate").unwrap_or_default(),
        services: tree.texts("services"),
        environments: tree.texts("environments"),
        auth: if http { tree.spanned("auth") } else { None },
        headers: headers.into_iter().map(|(name, value)| (name, value.value)).collect(),
        proxy: tree.text("proxy"),
        timeout: tree.duration("timeout").unwrap_or_default(),
        retry_for: tree.duration("retry_for").unwrap_or_default(),
    }
}

/// Kinds whose requests may be dressed.
fn has_http(tree: &Tree) -> bool {
    !matches!(tree.word, "pagerduty" | "slack")
}

fn destination(tree: &Tree) -> Spanned<Destination> {
    let Some(item) = tree.item("url") else { return Spanned::unplaced(Destination::Plain(String::new())) };
    let value = match &item.value {
        Item::Secret(secret) | Item::User(UserName::Secret(secret)) => Destination::Secret(secret.clone()),
        Item::Text(text) | Item::User(UserName::Plain(text)) => Destination::Plain(text.clone()),
        _ => Destination::Plain(String::new()),
    };
    Spanned { value, at: item.at.clone() }
}

/// Either a URL or a backend that can take alerts.
fn alertmanager(tree: &Tree, config: &Config, problems: &mut Vec<Problem>) {
    let wrong = |message: &str, remedy: &str| {
        Problem::new(&tree.at, &tree.path, message.to_owned()).with_remedy(remedy)
    };
    match (tree.spanned("backend"), tree.tried("url")) {
        (None, true) => {}
        (None, false) => {
            problems.push(wrong("goes nowhere", "add url = \"http://HOST:9093\", or backend = \"NAME\""));
        }
        (Some(_), true) => problems.push(wrong("url and backend exclude each other", "keep one")),
        (Some(named), false) => {
            let takes =
                |backend: &super::Backend| matches!(backend.kind, super::BackendKind::Alertmanager { .. });
            if config.backends.get(&named.value).is_some_and(takes) {
                return;
            }
            let names = config
                .backends
                .values()
                .filter(|backend| takes(backend))
                .map(|backend| backend.name.as_str());
            let message =
                format!("there is no backend {} of kind alertmanager", super::walk::quote(&named.value));
            let problem = Problem::new(&named.at, format!("{}.backend", tree.path), message);
            problems.push(match super::walk::nearest(&named.value, names) {
                Some(near) => problem.with_remedy(format!("did you mean \"{near}\"?")),
                None => problem.with_remedy("add it, or write url = \"http://HOST:9093\""),
            });
        }
    }
}

/// Names that a table refers to must be there.
pub(super) fn refer(tree: &Tree, config: &Config, problems: &mut Vec<Problem>) {
    if has_http(tree) {
        read::refers(tree, "auth", config.auth.keys(), problems);
    }
    if tree.word == "alertmanager" {
        alertmanager(tree, config, problems);
    }
    let lists: [(&str, &str, Vec<&str>); 2] = [
        ("services", "service", config.services.keys().map(String::as_str).collect()),
        ("environments", "environment", config.environments.keys().map(String::as_str).collect()),
    ];
    for (key, what, known) in lists {
        for (index, name) in tree.texts(key).iter().enumerate() {
            if known.contains(&name.value.as_str()) {
                continue;
            }
            let path = format!("{}.{key}[{index}]", tree.path);
            let message = format!("there is no {what} {}", super::walk::quote(&name.value));
            let problem = Problem::new(&name.at, path, message);
            problems.push(match super::walk::nearest(&name.value, known.iter().copied()) {
                Some(near) => problem.with_remedy(format!("did you mean \"{near}\"?")),
                None => {
                    problem.with_remedy(format!("add a table [{what}.{}]", crate::text::clean(&name.value)))
                }
            });
        }
    }
}
