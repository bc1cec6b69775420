//! The configuration as it may leave this machine: what is needed to show what was recorded, and nothing that opens a
//! door. It is made by leaving out, and nothing else gives these texts away. It is made when a recording is written:
//! most sessions never write one, and it means to read the whole configuration once more.

use super::{Config, Source};
use std::fmt;
use std::sync::Arc;
use toml::{Table, Value};

/// The texts of a configuration's files as they were read. They may say things that must not leave this machine, so
/// that only [`Later::make`] gives anything of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Texts(Arc<[Source]>);

impl Texts {
    pub(super) fn new(sources: &[Source]) -> Self {
        Self(sources.into())
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({} files)", self.0.len())
    }
}

/// What a [`Portable`] can be made of.
#[derive(Clone, Debug, Default)]
pub struct Later {
    texts: Texts,
    rules: Vec<(String, Source)>,
    slos: Vec<Source>,
}

impl Later {
    /// Makes it: some milliseconds for a large configuration.
    pub fn make(&self) -> Portable {
        Portable { config: of(&self.texts.0), rules: self.rules.clone(), slos: self.slos.clone() }
    }
}

/// A configuration without secrets, and the files that it refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portable {
    /// Its files, the main one first.
    pub config: Vec<Source>,
    /// Rule files, each with the name of its set.
    pub rules: Vec<(String, Source)>,
    /// Files of objectives.
    pub slos: Vec<Source>,
}

impl Portable {
    /// The same, whoever made it: what opens a door is left out once more. For what comes from another machine.
    #[must_use]
    pub fn distrusted(&self) -> Self {
        Self { config: of(&self.config), ..self.clone() }
    }
}

/// The tables that are kept; all others say where to send something, or as whom.
const KEPT: [&str; 11] = [
    "schema",
    "defaults",
    "environment",
    "service",
    "panel",
    "slo",
    "rules",
    "builtin_rules",
    "incident",
    "ui",
    "engine",
];

/// Keys that are left out wherever they stand.
const LEFT_OUT: [&str; 22] = [
    "auth",
    "headers",
    "header",
    "password",
    "passwords",
    "token",
    "secret",
    "key",
    "tls",
    "proxy",
    "resolve",
    "login",
    "basic",
    "bearer",
    "cookie",
    "backend",
    "history",
    "memory",
    "channel",
    "two_key_folder",
    "users",
    "theme",
];

/// Beginnings of references to secrets.
const REFERENCES: [&str; 3] = ["env:", "file:", "cmd:"];

/// What is kept of a configuration's files.
fn of(sources: &[Source]) -> Vec<Source> {
    sources
        .iter()
        .filter_map(|source| {
            let mut table: Table = source.text.parse().ok()?;
            let backends = backends(&table);
            table.retain(|key, _| KEPT.contains(&key));
            if let Some(Value::Table(environments)) = table.get_mut("environment") {
                for (_, environment) in environments.iter_mut() {
                    // Nothing can be done to a recording.
                    *environment = Value::Table(Table::new());
                }
            }
            if let Some(Value::Table(engine)) = table.get_mut("engine") {
                engine.retain(|key, _| matches!(key, "retention" | "default"));
            }
            clear(&mut table, 0);
            if let Some(mut backends) = backends {
                clear(&mut backends, 1);
                table.insert("backend".to_owned(), Value::Table(backends));
            }
            let name = base(&source.name);
            Some(Source { name, text: toml::to_string(&table).ok()? })
        })
        .collect()
}

/// What is kept of a server that answers expressions: without it the names of what it answered mean nothing.
const OF_BACKEND: [&str; 8] = ["kind", "url", "labels", "alerts", "records", "interval", "dedup", "partial"];

/// The servers that answer expressions, if there are any; those that are told something are not among them.
fn backends(table: &Table) -> Option<Table> {
    let Some(Value::Table(all)) = table.get("backend") else { return None };
    let mut out = Table::new();
    for (name, backend) in all {
        let Value::Table(backend) = backend else { continue };
        let kind = backend.get("kind").and_then(Value::as_str).unwrap_or_default();
        if matches!(kind, "alertmanager" | "pagerduty") {
            continue;
        }
        let kept = backend.iter().filter(|(key, _)| OF_BACKEND.contains(&key.as_str()));
        let kept = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
        out.insert(name.clone(), Value::Table(kept));
    }
    (!out.is_empty()).then_some(out)
}

impl Config {
    /// What the configuration is made of as it may leave this machine.
    pub fn portable(&self) -> Later {
        let plain = |source: &Source| Source { name: base(&source.name), text: source.text.clone() };
        let rules = self
            .rules
            .iter()
            .flat_map(|(set, files)| files.sources.iter().map(move |source| (set.clone(), plain(source))));
        Later {
            texts: self.texts.clone(),
            rules: rules.collect(),
            slos: self.slo_sources.iter().map(plain).collect(),
        }
    }
}

/// The deepest table that is looked into; deeper ones are dropped.
const DEEPEST: usize = 32;

fn clear(table: &mut Table, depth: usize) {
    table.retain(|key, value| !LEFT_OUT.contains(&key) && keep(value, depth));
}

fn keep(value: &mut Value, depth: usize) -> bool {
    if depth >= DEEPEST {
        return false;
    }
    match value {
        Value::String(text) => {
            if REFERENCES.iter().any(|start| text.starts_with(start)) {
                return false;
            }
            if let Some(plain) = without_credentials(text) {
                *text = plain;
            }
            true
        }
        Value::Array(items) => {
            items.retain_mut(|item| keep(item, depth + 1));
            true
        }
        Value::Table(table) => {
            clear(table, depth + 1);
            true
        }
        _ => true,
    }
}

/// A URL without user, password, query and fragment; none: it is no URL that has any.
pub fn without_credentials(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') {
        return None;
    }
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let kept = rest.get(..end)?;
    let (authority, path) = match kept.find('/') {
        Some(at) => kept.split_at_checked(at)?,
        None => (kept, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(format!("{scheme}://{host}{path}"))
}

/// A path's last part: where files lie on this machine is nobody's business.
fn base(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_what_opens_a_door() {
        for (url, plain) in [
            ("http://me:hunter2@h:1/p?token=x#y", Some("http://h:1/p")),
            ("redis://:hunter2@h/0", Some("redis://h/0")),
            ("http://h:1", Some("http://h:1")),
            ("http://h?k=1@2", Some("http://h")),
            ("rate(x[5m])", None),
        ] {
            assert_eq!(without_credentials(url).as_deref(), plain, "{url}");
        }
    }

    #[test]
    fn what_is_kept_is_a_configuration_that_can_be_read() {
        let text = r#"
schema = 1
auth.a = { bearer = ["env:HUNTER2"] }
notify.pager = { kind = "webhook", url = "env:HUNTER2" }
action.restart = { preset = "admin-api.restart", services = ["a"] }
environment.prod = { actions = "confirm", users = ["hunter2"] }
connectivity.reference = ["tcp://hunter2:1"]
engine.default = "prom"
backend.prom = { kind = "prometheus", url = "http://me:hunter2@p:9090?token=hunter2", auth = "a", tenant = "hunter2", headers = { X = "hunter2" }, params = { x = "hunter2" } }
backend.am = { kind = "alertmanager", url = "http://hunter2" }
[service.a]
environment = "prod"
auth = "a"
instances = ["http://me:hunter2@h:1?hunter2"]
links = { logs = "https://l/?token=hunter2" }
poll.health = { kind = "health", path = "/health" }
poll.redis = { kind = "redis", url = "redis://:hunter2@h/0", password = "env:HUNTER2" }
"#;
        let source = Source { name: "/home/hunter2/c.toml".to_owned(), text: text.to_owned() };
        let kept = of(&[source]);
        let told = format!("{kept:?}").to_ascii_lowercase();
        assert!(!told.contains("hunter2"), "{told}");
        let config = super::super::load(&kept).unwrap();
        assert_eq!(config.services.len(), 1);
        assert_eq!(config.backends.keys().collect::<Vec<_>>(), ["prom"]);
        assert_eq!(config.backends["prom"].url.value, "http://p:9090");
        assert!(config.actions.is_empty() && config.auth.is_empty() && config.notify.is_empty());
    }
}
