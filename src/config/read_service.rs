//! The reader's part for `service.NAME`.

use super::place::{Problem, Spanned};
use super::poll::{BreakerShape, HealthShape, Poll, PollKind, QueueShape, Workers};
use super::read::{secrets, timeout_fits};
use super::service::{Band, Bands, BreakerStates, Derived, DerivedKind, Service, Signals};
use super::settings::Pace;
use super::tree::{Item, Tree};
use std::time::Duration;

/// Reads one service.
pub(crate) fn service(name: &str, tree: &Tree, window: Duration, problems: &mut Vec<Problem>) -> Service {
    let mut service = Service {
        name: name.to_owned(),
        place: tree.at.clone(),
        environment: tree.text("environment"),
        instances: tree.texts("instances"),
        labels: plain(tree.pairs("labels")),
        select: tree.spanned("select"),
        auth: tree.text("auth"),
        engine: tree.spanned("engine"),
        preset: tree.spanned("preset"),
        depends_on: tree.texts("depends_on"),
        links: tree.pairs("links"),
        polls: Vec::new(),
        derived: Vec::new(),
        signals: signals(tree.table("signals"), window),
        bands: tree.table("bands").map(bands).unwrap_or_default(),
        proxy: tree.spanned("proxy"),
        resolve: plain(tree.pairs("resolve"))
            .into_iter()
            .filter_map(|(h, ip)| Some((h, ip.parse().ok()?)))
            .collect(),
        body_limit: tree.whole("body_limit").unwrap_or_default(),
        pace: Pace {
            interval: tree.duration("interval"),
            timeout: tree.duration("timeout"),
            fails: tree.count("fails"),
            passes: tree.count("passes"),
            warmup: tree.duration("warmup"),
        },
    };
    timeout_fits(tree, problems);
    for (name, tree) in tree.tables("poll") {
        timeout_fits(tree, problems);
        match expression(name, tree, problems) {
            Some(derived) => service.derived.push(derived),
            None => service.polls.push(poll(name, tree, problems)),
        }
    }
    reachable(&service, tree, problems);
    service
}

/// Is there anything to ask, and somewhere to ask it?
fn reachable(service: &Service, tree: &Tree, problems: &mut Vec<Problem>) {
    if !service.instances.is_empty() {
        let mut seen: Vec<&str> = Vec::new();
        for instance in &service.instances {
            let url = instance.value.trim_end_matches('/');
            if seen.contains(&url) {
                let path = format!("{}.instances", tree.path);
                problems.push(
                    Problem::new(&instance.at, path, "names an instance twice").with_remedy("remove one"),
                );
            }
            seen.push(url);
        }
        return;
    }
    if tree.unsound.contains(&"instances") {
        return;
    }
    for poll in service.polls.iter().filter(|poll| needs_instance(poll, tree)) {
        let at =
            tree.tables("poll").find(|(name, _)| *name == poll.name).map_or(&tree.at, |(_, tree)| &tree.at);
        let path = super::walk::join(&format!("{}.poll", tree.path), &poll.name);
        let problem = Problem::new(at, path, "has no URL, and the service has no instances");
        problems.push(problem.with_remedy("add instances = [\"http://HOST:PORT\"], or a url to the poll"));
    }
    let s = &service.signals;
    let signals = s.requests.is_some() || s.errors.is_some() || s.latency.is_some();
    // A key that was given and is unsound has been reported; it does not make the service empty as well.
    let tried = ["poll", "select", "signals", "engine"].iter().any(|key| tree.tried(key));
    if service.polls.is_empty() && service.derived.is_empty() && !signals && !tried {
        let problem = Problem::new(&tree.at, &tree.path, "has nothing that could be asked");
        problems.push(problem.with_remedy("add instances = [\"http://HOST:PORT\"]"));
    }
}

/// A poll without a URL of its own, unless the URL is there and unsound.
fn needs_instance(poll: &Poll, tree: &Tree) -> bool {
    let unsound = tree.tables("poll").any(|(name, tree)| {
        name == poll.name && (tree.unsound.contains(&"url") || tree.unsound.contains(&"path"))
    });
    !unsound && !poll.path.contains("://")
}

fn plain(pairs: Vec<(String, Spanned<String>)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, text)| (name, text.value)).collect()
}

fn signals(tree: Option<&Tree>, window: Duration) -> Signals {
    let Some(tree) = tree else { return Signals { window, ..Signals::default() } };
    Signals {
        requests: tree.spanned("requests"),
        errors: tree.spanned("errors"),
        latency: tree.spanned("latency"),
        window: tree.duration("window").unwrap_or(window),
    }
}

fn bands(tree: &Tree) -> Bands {
    let numbers = |key| match tree.list(key) {
        [Spanned { value: Item::Number(warning), .. }, Spanned { value: Item::Number(critical), .. }] => {
            Some(Band { warning: *warning, critical: *critical })
        }
        _ => None,
    };
    let latency = match tree.list("latency") {
        [Spanned { value: Item::Duration(warning), .. }, Spanned { value: Item::Duration(critical), .. }] => {
            Some(Band { warning: *warning, critical: *critical })
        }
        _ => None,
    };
    Bands { latency, errors: numbers("errors"), queue: numbers("queue") }
}

/// `poll.NAME` with `expr`: nothing is asked, so nothing may be said about how.
fn expression(name: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Option<Derived> {
    if !matches!(tree.word, "breakers" | "queues") {
        return None;
    }
    let (expr, label) = (tree.spanned("expr"), tree.text("label"));
    let states = if tree.word == "breakers" { tree.table("states") } else { None };
    let Some(expr) = expr else {
        for key in ["label", "states"] {
            if (key == "label" || tree.word == "breakers")
                && let Some(at) = tree.given(key)
            {
                let problem =
                    Problem::new(at, format!("{}.{key}", tree.path), "goes with expr, which is not there");
                problems.push(problem.with_remedy("add expr, or remove it"));
            }
        }
        return None;
    };
    let own = if tree.word == "breakers" { "state" } else { "depth" };
    for key in
        ["path", "url", "port", "auth", "headers", "interval", "timeout", "format", "items", "name", own]
    {
        if let Some(at) = tree.given(key) {
            let problem = Problem::new(at, format!("{}.{key}", tree.path), "an expression asks no instance");
            problems.push(problem.with_remedy(format!("remove {key}, or remove expr")));
        }
    }
    let kind = match tree.word {
        "queues" => DerivedKind::Queues,
        _ => DerivedKind::Breakers(breaker_states(states, problems)),
    };
    Some(Derived { name: name.to_owned(), kind, expr, label })
}

fn breaker_states(tree: Option<&Tree>, problems: &mut Vec<Problem>) -> BreakerStates {
    let Some(tree) = tree else { return BreakerStates { closed: 0.0, open: 1.0, half_open: Some(2.0) } };
    let closed = tree.number("closed").unwrap_or(0.0);
    let open = tree.number("open").unwrap_or(1.0);
    let half_open = tree.number("half_open");
    let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
    if same(closed, open) || half_open.is_some_and(|half| same(half, closed) || same(half, open)) {
        let problem = Problem::new(&tree.at, &tree.path, "two states have the same value");
        problems.push(problem.with_remedy("give each its own"));
    }
    let free = !same(closed, 2.0) && !same(open, 2.0);
    BreakerStates { closed, open, half_open: half_open.or(free.then_some(2.0)) }
}

fn poll(name: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Poll {
    let http = !matches!(tree.word, "redis" | "tcp");
    let pathed = http && tree.word != "grpc";
    let (path, url) = (if pathed { tree.spanned("path") } else { None }, tree.spanned("url"));
    if pathed
        && url.is_some()
        && let Some(at) = tree.given("path")
    {
        let problem = Problem::new(at, format!("{}.path", tree.path), "path and url exclude each other");
        problems.push(problem.with_remedy("keep one"));
    }
    let silent = pathed && !["path", "url"].iter().any(|key| tree.tried(key)) && path.is_none();
    if silent && !(matches!(tree.word, "breakers" | "queues") && tree.tried("expr")) {
        let expr = if matches!(tree.word, "breakers" | "queues") {
            ", url = \"...\" or expr = \"...\""
        } else {
            " or url = \"...\""
        };
        let problem = Problem::new(&tree.at, &tree.path, "does not say what to ask");
        problems.push(problem.with_remedy(format!("add path = \"/...\"{expr}")));
    }
    let whole = url.or(path).unwrap_or_default();
    let port = tree.whole("port").and_then(|port| u16::try_from(port).ok());
    scheme_fits(tree, &whole, problems);
    if whole.value.contains("://")
        && let Some(at) = tree.given("port")
    {
        let problem =
            Problem::new(at, format!("{}.port", tree.path), "goes with instances, not with a whole URL");
        problems.push(problem.with_remedy("write the port into the URL"));
    }
    Poll {
        name: name.to_owned(),
        kind: kind(tree, problems),
        path: whole.value,
        port,
        interval: tree.duration("interval"),
        timeout: tree.duration("timeout"),
        auth: if http { tree.text("auth") } else { None },
        headers: if http { plain(tree.pairs("headers")) } else { Vec::new() },
    }
}

/// A whole URL has a scheme that this kind of poll can ask.
fn scheme_fits(tree: &Tree, whole: &Spanned<String>, problems: &mut Vec<Problem>) {
    let Some((scheme, _)) = whole.value.split_once("://") else { return };
    let schemes: &[&str] = match tree.word {
        "redis" => &["redis", "rediss", "tcp"],
        "tcp" => &["tcp", "http", "https", "redis", "rediss", "grpc"],
        "grpc" => &["grpc", "http", "https"],
        _ => &["http", "https"],
    };
    if !whole.value.starts_with('/') && !schemes.contains(&scheme) {
        let message = format!("kind \"{}\" cannot ask a {scheme}:// URL", tree.word);
        let problem = Problem::new(&whole.at, &tree.path, message);
        problems.push(problem.with_remedy(format!("use {}", schemes.join(", "))));
    }
}

fn kind(tree: &Tree, problems: &mut Vec<Problem>) -> PollKind {
    match tree.word {
        "metrics" => PollKind::Metrics {
            workers: if tree.word("workers") == "one" { Workers::One } else { Workers::Auto },
        },
        "breakers" => PollKind::Breakers(breakers(tree, problems)),
        "queues" => PollKind::Queues(queues(tree, problems)),
        "json" => PollKind::Json { series: plain(tree.pairs("series")) },
        "redis" => PollKind::Redis {
            llen: tree.texts("llen").into_iter().map(|text| text.value).collect(),
            ttlless: tree.texts("ttlless").into_iter().map(|text| text.value).collect(),
            password: secrets(tree, "password"),
        },
        "tcp" => PollKind::Tcp,
        "grpc" => PollKind::Grpc { service: tree.text("service").unwrap_or_default() },
        _ => PollKind::Health(match tree.word("format") {
            "status" => HealthShape::Status,
            "actuator" => HealthShape::Actuator,
            "health+json" => HealthShape::HealthJson,
            "kubernetes" => HealthShape::Kubernetes,
            "flat" => HealthShape::Flat,
            _ => HealthShape::Auto,
        }),
    }
}

/// `items`, `name` and a third pointer, if any of them is there; they exclude `format`.
fn pointers(tree: &Tree, third: &str, problems: &mut Vec<Problem>) -> Option<[String; 3]> {
    let found = [tree.text("items"), tree.text("name"), tree.text(third)];
    if found.iter().all(Option::is_none) {
        return None;
    }
    if let Some(at) = tree.given("format") {
        let problem =
            Problem::new(at, format!("{}.format", tree.path), "a format and pointers exclude each other");
        problems.push(problem.with_remedy("keep one"));
    }
    let [items, name, value] = found;
    Some([
        items.unwrap_or_default(),
        name.unwrap_or_else(|| "/name".to_owned()),
        value.unwrap_or_else(|| format!("/{third}")),
    ])
}

fn breakers(tree: &Tree, problems: &mut Vec<Problem>) -> BreakerShape {
    if let Some([items, name, state]) = pointers(tree, "state", problems) {
        return BreakerShape::Pointers { items, name, state };
    }
    match tree.word("format") {
        "map" => BreakerShape::Map,
        "resilience4j" => BreakerShape::Resilience4j,
        _ => BreakerShape::Auto,
    }
}

fn queues(tree: &Tree, problems: &mut Vec<Problem>) -> QueueShape {
    if let Some([items, name, depth]) = pointers(tree, "depth", problems) {
        return QueueShape::Pointers { items, name, depth };
    }
    match tree.word("format") {
        "status" => QueueShape::Status,
        "rabbitmq" => QueueShape::RabbitMq,
        "flower" => QueueShape::Flower,
        "sidekiq" => QueueShape::Sidekiq,
        "bullmq" => QueueShape::BullMq,
        _ => QueueShape::Auto,
    }
}
