//! `backend.NAME`: servers that answer in warroom's place. Nothing is asked here; secrets stay references.

use super::auth::SecretList;
use super::place::{Place, Problem, Spanned};
use super::tree::{Item, Slot, Tree};
use super::walk::{nearest, quote};
use super::{Config, read};
use crate::severity::Severity;
use std::sync::Arc;
use std::time::Duration;

/// The name that no backend may have: warroom's own engine.
pub const EMBEDDED: &str = "embedded";

/// One `backend.NAME` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// What it is, and the keys that go with it.
    pub kind: BackendKind,
    /// Its base URL.
    pub url: Spanned<String>,
    /// Name of an `auth` table; it exists.
    pub auth: Option<String>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// `http://`, `https://` or `socks5://` proxy.
    pub proxy: Option<Spanned<String>>,
    /// How long one exchange may take.
    pub timeout: Duration,
    /// How often it is asked; none: as `defaults.poll` says.
    pub interval: Option<Duration>,
    /// The most bytes of an answer, after decompression.
    pub body_limit: u64,
    /// Whose rules hold for what is changed there, where it has alerts; the environment exists.
    pub environment: Option<String>,
    /// What the words for severities of its alerts mean.
    pub severity: Vec<(String, Severity)>,
}

/// What a server is.
#[derive(Clone, Debug, PartialEq)]
pub enum BackendKind {
    /// It answers PromQL.
    Query(Querying),
    /// Alertmanager, API v2.
    Alertmanager {
        /// Further members of its cluster.
        peers: Vec<Spanned<String>>,
        /// Matchers of the alerts that are asked for.
        filter: Vec<Spanned<String>>,
        /// Regular expression of receivers.
        receiver: Option<Spanned<String>>,
        /// How long a silence lasts.
        silence: Duration,
        /// By how much one is extended.
        extend: Duration,
        /// Labels that only tell copies of alerts apart.
        ignore: Vec<String>,
    },
    /// PagerDuty, REST API v2.
    PagerDuty {
        /// Keys, tried in turn.
        key: SecretList,
        /// Who writes.
        from: Option<Spanned<String>>,
        /// Ids of teams; empty: all.
        teams: Vec<String>,
        /// Ids of services; empty: all.
        services: Vec<String>,
        /// Ids of schedules; empty: all.
        schedules: Vec<String>,
        /// Name or id of a service there -> name of one here, which exists.
        map: Vec<(String, Spanned<String>)>,
    },
}

/// What is particular about a server that answers PromQL.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the configuration")]
pub struct Querying {
    /// Whose product it is.
    pub flavour: Flavour,
    /// Whose data is asked for; empty: nobody's in particular.
    pub tenant: String,
    /// Further parameters of each query.
    pub params: Vec<(String, String)>,
    /// Labels put on its alerts.
    pub labels: Vec<(String, String)>,
    /// How many queries may be under way at once.
    pub parallel: usize,
    /// Show its alerts and rules?
    pub alerts: bool,
    /// Use what it records?
    pub records: bool,
    /// Thanos: merge the series of replicas?
    pub dedup: bool,
    /// Thanos: take partial answers?
    pub partial: bool,
}

/// Whose product a server of the Prometheus API is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Flavour {
    /// Prometheus.
    #[default]
    Prometheus,
    /// Thanos Query.
    Thanos,
    /// Mimir or Cortex.
    Mimir,
    /// `VictoriaMetrics`.
    VictoriaMetrics,
    /// Another warroom.
    Warroom,
}

impl Flavour {
    /// Every one with its word under `kind`, and its name for people.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Prometheus, "prometheus", "Prometheus"),
        (Self::Thanos, "thanos", "Thanos"),
        (Self::Mimir, "mimir", "Mimir"),
        (Self::VictoriaMetrics, "victoriametrics", "VictoriaMetrics"),
        (Self::Warroom, "warroom", "warroom"),
    ];

    /// The word under `kind`.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(flavour, ..)| *flavour == self).map_or("", |(_, word, _)| word)
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(flavour, ..)| *flavour == self).map_or("", |(.., name)| name)
    }
}

impl Backend {
    /// What is particular about it, if it answers PromQL.
    pub fn querying(&self) -> Option<&Querying> {
        match &self.kind {
            BackendKind::Query(querying) => Some(querying),
            BackendKind::Alertmanager { .. } | BackendKind::PagerDuty { .. } => None,
        }
    }
}

/// What one backend is asked. Made by the plan; it stands here since it is plain data, below everything that knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// The backend's name.
    pub backend: Arc<str>,
    /// What is particular about it.
    pub querying: Querying,
    /// The questions; identical ones stand here once.
    pub questions: Vec<Question>,
    /// Is it asked which metrics it has? Only once somebody wants to type their names.
    pub names: bool,
}

/// One expression that a backend is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What stands for it.
    pub key: Arc<str>,
    /// PromQL, in the canonical spelling.
    pub text: Arc<str>,
    /// What is wanted of it.
    pub want: Want,
    /// How often.
    pub every: Duration,
    /// One of several ways to learn the same: once one of a group has data, the others are asked seldom. The group, and
    /// which of its ways this is.
    pub way: Option<(u32, u32)>,
}

/// What is wanted of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Its value now; and, where it was not seen yet, its course.
    Course {
        /// How far back.
        history: Duration,
        /// The distance of two points.
        step: Duration,
    },
    /// Its value at the end of each minute.
    Minutes {
        /// How far back.
        history: Duration,
        /// How many minutes one value speaks of.
        each: u32,
    },
}

/// Reads one table.
pub(super) fn read(name: &str, tree: &Tree) -> Backend {
    let pagerduty = tree.word == "pagerduty";
    let plain = |key| tree.texts(key).into_iter().map(|text| text.value).collect();
    // Only these have alerts that somebody else has judged.
    let judges = matches!(tree.word, "alertmanager" | "pagerduty");
    let kind = match tree.word {
        "alertmanager" => BackendKind::Alertmanager {
            peers: tree.texts("peers"),
            filter: tree.texts("filter"),
            receiver: tree.spanned("receiver"),
            silence: tree.duration("silence").unwrap_or_default(),
            extend: tree.duration("extend").unwrap_or_default(),
            ignore: plain("ignore"),
        },
        "pagerduty" => BackendKind::PagerDuty {
            key: read::secrets(tree, "key"),
            from: tree.spanned("from"),
            teams: plain("teams"),
            services: plain("services"),
            schedules: plain("schedules"),
            map: tree.pairs("map"),
        },
        word => BackendKind::Query(querying(word, tree)),
    };
    Backend {
        name: name.to_owned(),
        place: tree.at.clone(),
        kind,
        url: tree.spanned("url").unwrap_or_default(),
        auth: if pagerduty { None } else { tree.text("auth") },
        headers: pairs(tree, "headers"),
        proxy: tree.spanned("proxy"),
        timeout: tree.duration("timeout").unwrap_or_default(),
        interval: tree.duration("interval"),
        body_limit: tree.whole("body_limit").unwrap_or_default(),
        environment: judges.then(|| tree.text("environment")).flatten(),
        severity: if judges { severities(tree) } else { Vec::new() },
    }
}

fn severities(tree: &Tree) -> Vec<(String, Severity)> {
    let slots = tree.table("severity").map_or(&[][..], |table| &table.slots);
    let word = |slot: &Slot| match slot.item.value {
        Item::Word(word) => Some((slot.key.clone(), word.parse().ok()?)),
        _ => None,
    };
    slots.iter().filter_map(word).collect()
}

fn querying(word: &str, tree: &Tree) -> Querying {
    let flavour = Flavour::ALL.iter().find(|(_, known, _)| *known == word).map(|(flavour, ..)| *flavour);
    let thanos = flavour == Some(Flavour::Thanos);
    Querying {
        flavour: flavour.unwrap_or_default(),
        tenant: tree.text("tenant").unwrap_or_default(),
        params: pairs(tree, "params"),
        labels: pairs(tree, "labels"),
        parallel: tree.whole("parallel").and_then(|n| usize::try_from(n).ok()).unwrap_or(1),
        alerts: tree.flag("alerts"),
        records: tree.flag("records"),
        dedup: !thanos || tree.flag("dedup"),
        partial: !thanos || tree.flag("partial"),
    }
}

fn pairs(tree: &Tree, key: &str) -> Vec<(String, String)> {
    tree.pairs(key).into_iter().map(|(name, text)| (name, text.value)).collect()
}

/// Names that backends refer to, and those of services that refer to backends.
pub(super) fn refer(root: &Tree, config: &Config, problems: &mut Vec<Problem>) {
    for (name, tree) in root.tables("backend") {
        if tree.word != "pagerduty" {
            read::refers(tree, "auth", config.auth.keys(), problems);
        }
        if matches!(tree.word, "alertmanager" | "pagerduty") {
            read::refers(tree, "environment", config.environments.keys(), problems);
        }
        if tree.word == "pagerduty" {
            mapped(tree, config, problems);
        }
        if name == EMBEDDED {
            let problem = Problem::new(&tree.at, &tree.path, "is the name of warroom's own engine");
            problems.push(problem.with_remedy("choose another name"));
        }
    }
    if let Some(engine) = root.table("engine") {
        answers(engine, "default", config, problems);
    }
    for (_, tree) in root.tables("service").chain(root.tables("rules")) {
        answers(tree, "engine", config, problems);
    }
}

/// The services that a table of PagerDuty's names must be there.
fn mapped(tree: &Tree, config: &Config, problems: &mut Vec<Problem>) {
    for (theirs, ours) in tree.pairs("map") {
        if config.services.contains_key(&ours.value) {
            continue;
        }
        let path = format!("{}.map.{theirs}", tree.path);
        let problem = Problem::new(&ours.at, path, format!("there is no service {}", quote(&ours.value)));
        problems.push(match nearest(&ours.value, config.services.keys().map(String::as_str)) {
            Some(near) => problem.with_remedy(format!("did you mean \"{near}\"?")),
            None => problem.with_remedy("remove it, or add the service"),
        });
    }
}

/// `key` names somebody who can answer PromQL.
fn answers(tree: &Tree, key: &str, config: &Config, problems: &mut Vec<Problem>) {
    let Some(named) = tree.spanned(key) else { return };
    if named.value == EMBEDDED {
        return;
    }
    let path = super::walk::join(&tree.path, key);
    let can = config.backends.values().filter(|backend| backend.querying().is_some());
    match config.backends.get(&named.value) {
        Some(backend) if backend.querying().is_some() => {}
        Some(_) => {
            let message = format!("{} is a backend that answers no PromQL", quote(&named.value));
            let problem = Problem::new(&named.at, path, message);
            problems
                .push(problem.with_remedy("name one of kind prometheus, thanos, mimir or victoriametrics"));
        }
        None => {
            let message = format!("there is no backend {}", quote(&named.value));
            let problem = Problem::new(&named.at, path, message);
            let names = can.map(|backend| backend.name.as_str()).chain([EMBEDDED]);
            let name = crate::text::clean(&named.value);
            problems.push(problem.with_remedy(nearest(&named.value, names).map_or_else(
                || format!("add a table [backend.{name}], or write \"{EMBEDDED}\""),
                |near| format!("did you mean \"{near}\"?"),
            )));
        }
    }
}
