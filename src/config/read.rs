//! The reader: checked values -> typed structs, and the checks that need more than one value.

use super::action;
use super::auth::{Auth, Credential, SecretList, Tls, UserName};
use super::notify::{Ring, read as channel, refer as channel_refers};
use super::panel::{Panel, PanelKind, unit_from_word};
use super::place::{Problem, Spanned};
use super::read_service as service;
use super::service::Band;
use super::settings::{Actions, Ascii, Color, Engine, Environment, PollDefaults, Ui, Wall};
use super::tree::{Item, Tree};
use super::walk::{nearest, quote};
use super::{Config, Origin};
use crate::severity::Severity;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the whole tree.
pub(crate) fn config(tree: &Tree, files: Vec<Arc<str>>, problems: &mut Vec<Problem>) -> Config {
    // Nobody needs their values: the walker has checked the first, and `io::config` has followed the second.
    let _ = (tree.whole("schema"), tree.list("include"));
    let (poll, window) = tree
        .table("defaults")
        .map(|defaults| (defaults.table("poll").map(poll_defaults), defaults.duration("window")))
        .unwrap_or_default();
    let mut config = Config {
        files,
        texts: super::portable::Texts::default(),
        attach: None,
        poll: poll.unwrap_or_else(|| poll_defaults(&Tree::empty("", super::Place::default(), None))),
        window: window.unwrap_or_default(),
        reference: tree.table("connectivity").map(|link| link.texts("reference")).unwrap_or_default(),
        auth: tree.tables("auth").map(|(name, tree)| (name.to_owned(), auth(name, tree, problems))).collect(),
        environments: tree
            .tables("environment")
            .map(|(name, tree)| (name.to_owned(), environment(name, tree)))
            .collect(),
        services: BTreeMap::new(),
        notify: tree.tables("notify").map(|(name, tree)| (name.to_owned(), channel(name, tree))).collect(),
        panels: tree.tables("panel").map(|(name, tree)| (name.to_owned(), panel(name, tree))).collect(),
        incident: super::read_incident::incident(tree.table("incident")),
        capture: super::capture::read(tree.table("capture")),
        serve: super::serve::read(tree.table("serve")),
        actions: BTreeMap::new(),
        slos: tree
            .tables("slo")
            .map(|(name, tree)| (name.to_owned(), super::slo::read(name, tree, problems)))
            .collect(),
        slo_files: tree.texts("slo_files"),
        slo_sources: Vec::new(),
        themes: Vec::new(),
        rules: tree
            .tables("rules")
            .map(|(name, tree)| (name.to_owned(), super::rules::read(name, tree)))
            .collect(),
        builtin_rules: super::rules::builtin(tree.table("builtin_rules")),
        backends: tree
            .tables("backend")
            .map(|(name, tree)| (name.to_owned(), super::backend::read(name, tree)))
            .collect(),
        engine: engine(tree.table("engine")),
        ui: ui(tree.table("ui")),
        wall: tree.table("wall").map(wall).unwrap_or_default(),
        origins: BTreeMap::new(),
    };
    if let Some(poll) = tree.table("defaults").and_then(|defaults| defaults.table("poll")) {
        timeout_fits(poll, problems);
    }
    for (name, tree) in tree.tables("service") {
        let service = service::service(name, tree, config.window, problems);
        config.services.insert(name.to_owned(), service);
    }
    for (_, tree) in tree.tables("service") {
        refers(tree, "auth", config.auth.keys(), problems);
        refers(tree, "environment", config.environments.keys(), problems);
        for (_, poll) in tree.tables("poll") {
            if !matches!(poll.word, "redis" | "tcp") {
                refers(poll, "auth", config.auth.keys(), problems);
            }
        }
    }
    for (_, tree) in tree.tables("panel") {
        refers(tree, "service", config.services.keys(), problems);
    }
    for (_, tree) in tree.table("incident").into_iter().flat_map(|incident| incident.tables("moves")) {
        refers(tree, "service", config.services.keys(), problems);
    }
    super::backend::refer(tree, &config, problems);
    for (_, tree) in tree.tables("notify") {
        channel_refers(tree, &config, problems);
    }
    for (name, tree) in tree.tables("action") {
        config.actions.insert(name.to_owned(), action::read(name, tree, problems));
        refers(tree, "auth", config.auth.keys(), problems);
        for service in tree.texts("services").iter().filter(|s| !config.services.contains_key(&s.value)) {
            let key = format!("{}.services", tree.path);
            let problem =
                Problem::new(&service.at, key, format!("there is no service {}", quote(&service.value)));
            let near = nearest(&service.value, config.services.keys().map(String::as_str));
            problems.push(match near {
                Some(near) => problem.with_remedy(format!("did you mean \"{near}\"?")),
                None => problem.with_remedy("remove it, or add the service"),
            });
        }
    }
    for (_, tree) in tree.tables("slo") {
        refers(tree, "service", config.services.keys(), problems);
    }
    origins(tree, &mut config.origins);
    config
}

fn panel(name: &str, tree: &Tree) -> Panel {
    let thresholds = match tree.list("thresholds") {
        [Spanned { value: Item::Number(warning), .. }, Spanned { value: Item::Number(critical), .. }] => {
            Some(Band { warning: *warning, critical: *critical })
        }
        _ => None,
    };
    Panel {
        name: name.to_owned(),
        place: tree.at.clone(),
        title: tree.text("title"),
        expr: tree.spanned("expr").unwrap_or_default(),
        unit: unit_from_word(tree.word("unit")).unwrap_or_default(),
        kind: PanelKind::from_word(tree.word("kind")).unwrap_or_default(),
        service: tree.spanned("service"),
        thresholds,
        range: tree.duration("range").unwrap_or_default(),
    }
}

/// `key` names a table that must be there.
pub(crate) fn refers<'n>(
    tree: &Tree,
    key: &str,
    names: impl Iterator<Item = &'n String>,
    problems: &mut Vec<Problem>,
) {
    let Some(name) = tree.spanned(key) else { return };
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.contains(&name.value.as_str()) {
        return;
    }
    let path = format!("{}.{key}", tree.path);
    let problem = Problem::new(&name.at, path, format!("there is no {key} {}", quote(&name.value)));
    problems.push(match nearest(&name.value, names.into_iter()) {
        Some(near) => problem.with_remedy(format!("did you mean \"{near}\"?")),
        None => problem.with_remedy(format!("add a table [{key}.{}]", crate::text::clean(&name.value))),
    });
}

/// A time-out and an interval that are written side by side must fit together.
pub(crate) fn timeout_fits(tree: &Tree, problems: &mut Vec<Problem>) {
    let (Some(at), Some(_)) = (tree.given("timeout"), tree.given("interval")) else { return };
    if tree.duration("timeout") > tree.duration("interval") {
        let path = format!("{}.timeout", tree.path);
        let problem = Problem::new(at, path, "is longer than the interval beside it");
        problems.push(problem.with_remedy("make it at most as long"));
    }
}

fn poll_defaults(tree: &Tree) -> PollDefaults {
    PollDefaults {
        interval: tree.duration("interval").unwrap_or_default(),
        timeout: tree.duration("timeout").unwrap_or_default(),
        fails: tree.count("fails").unwrap_or_default(),
        passes: tree.count("passes").unwrap_or_default(),
        warmup: tree.duration("warmup").unwrap_or_default(),
    }
}

fn engine(tree: Option<&Tree>) -> Engine {
    let span = |key| tree.and_then(|tree| tree.duration(key)).unwrap_or_default();
    let size = |key| tree.and_then(|tree| tree.whole(key)).unwrap_or_default();
    Engine {
        default: tree.and_then(|tree| tree.spanned("default")).unwrap_or_default(),
        memory: size("memory"),
        retention: span("retention"),
        history: span("history"),
        history_full: span("history_full"),
        history_size: size("history_size"),
    }
}

fn ui(tree: Option<&Tree>) -> Ui {
    let text = |key| tree.and_then(|tree| tree.spanned(key)).unwrap_or_default();
    let word = |key| tree.map_or("", |tree| tree.word(key));
    let flag = |key| tree.is_some_and(|tree| tree.flag(key));
    Ui {
        theme: text("theme"),
        keys: text("keys"),
        bind: tree.map(|tree| tree.lists("bind")).unwrap_or_default(),
        zone: text("zone"),
        color: Color::from_word(word("color")).unwrap_or_default(),
        ascii: Ascii::from_word(word("ascii")).unwrap_or_default(),
        mouse: flag("mouse"),
        notify: Ring::from_word(word("notify")).unwrap_or_default(),
        notify_floor: word("notify_floor").parse().unwrap_or(Severity::P2),
        notify_quiet: tree.map(|tree| tree.texts("notify_quiet")).unwrap_or_default(),
        read_only: flag("read_only"),
    }
}

fn wall(tree: &Tree) -> Wall {
    let span = |key| tree.duration(key).unwrap_or_default();
    let word = |item: &Spanned<Item>| match item.value {
        Item::Word(word) => Some(word),
        _ => None,
    };
    Wall {
        every: span("every"),
        hold: span("hold"),
        shift: span("shift"),
        screens: tree.list("screens").iter().filter_map(word).collect(),
    }
}

fn environment(name: &str, tree: &Tree) -> Environment {
    let actions = if tree.word("actions") == "confirm" { Actions::Confirm } else { Actions::Off };
    let word = |item: &Spanned<Item>| match item.value {
        Item::Word(word) => Some(word.to_owned()),
        _ => None,
    };
    Environment {
        name: name.to_owned(),
        actions,
        freeze: tree.texts("freeze"),
        users: tree.texts("users").into_iter().map(|user| user.value).collect(),
        kinds: tree.list("kinds").iter().filter_map(word).collect(),
        two_key: tree.word("two_key").to_owned(),
        two_key_folder: tree.text("two_key_folder").unwrap_or_default().into(),
    }
}

fn auth(name: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Auth {
    let given: Vec<_> =
        ["basic", "bearer", "header", "login"].into_iter().filter(|key| tree.tried(key)).collect();
    if let [first, second, ..] = given[..] {
        let message = format!("{first} and {second} exclude each other");
        problems.push(
            Problem::new(&tree.at, &tree.path, message).with_remedy("keep one, or make two auth tables"),
        );
    }
    let tls = tree.table("tls").map(tls).unwrap_or_default();
    if tls.cert.is_some() != tls.key.is_some() {
        let problem = Problem::new(&tree.at, format!("{}.tls", tree.path), "cert and key go together");
        problems.push(problem.with_remedy("add the other one"));
    }
    Auth { name: name.to_owned(), credential: credential(tree), tls }
}

fn credential(tree: &Tree) -> Credential {
    let (basic, bearer) = (tree.table("basic"), secrets(tree, "bearer"));
    let (header, login) = (tree.table("header"), tree.table("login"));
    if let Some(basic) = basic {
        let user = match basic.item("user").map(|item| &item.value) {
            Some(Item::User(user)) => user.clone(),
            _ => UserName::Plain(String::new()),
        };
        return Credential::Basic { user, password: secrets(basic, "password") };
    }
    if !bearer.is_empty() {
        return Credential::Bearer(bearer);
    }
    if let Some(header) = header {
        return Credential::Header {
            name: header.text("name").unwrap_or_default(),
            value: secrets(header, "value"),
        };
    }
    let Some(login) = login else { return Credential::None };
    let slots = login.table("json").map_or(&[][..], |json| &json.slots);
    let json = slots.iter().filter_map(|slot| match &slot.item.value {
        Item::Secret(secret) => Some((slot.key.clone(), secret.clone())),
        _ => None,
    });
    Credential::Login {
        path: login.text("path").unwrap_or_default(),
        json: json.collect(),
        token: login.text("token").unwrap_or_default(),
    }
}

/// References to secrets, in their order.
pub(crate) fn secrets(tree: &Tree, key: &str) -> SecretList {
    let secret = |item: &Spanned<Item>| match &item.value {
        Item::Secret(secret) => Some(secret.clone()),
        _ => None,
    };
    tree.list(key).iter().filter_map(secret).collect()
}

fn tls(tree: &Tree) -> Tls {
    let path = |key| {
        let text = tree.spanned(key)?;
        let path = text.value.strip_prefix("file:").unwrap_or(&text.value);
        Some(beside(&text.at.file, Path::new(path)))
    };
    Tls { cert: path("cert"), key: path("key"), ca: path("ca") }
}

/// A path as the file `file` means it: relative to its folder.
pub fn beside(file: &str, path: &Path) -> PathBuf {
    match Path::new(file).parent() {
        Some(folder) if path.is_relative() && !file.is_empty() => folder.join(path),
        _ => path.to_owned(),
    }
}

/// Which source won, for every setting outside named tables.
fn origins(tree: &Tree, out: &mut BTreeMap<String, Origin>) {
    for slot in &tree.slots {
        match &slot.item.value {
            Item::Table(table) if table.groups.is_some() => origins(table, out),
            Item::Table(_) => {}
            _ => {
                let origin = if slot.given { Origin::File(slot.item.at.clone()) } else { Origin::Default };
                out.insert(super::walk::join(&tree.path, &slot.key), origin);
            }
        }
    }
}
