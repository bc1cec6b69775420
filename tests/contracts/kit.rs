//! A shipped example, loaded with other addresses; the model that it leads to, as lines that a test can compare.

use crate::support::Watch;
use std::collections::BTreeMap;
use std::sync::Arc;
use warroom::config::{self, Source};
use warroom::decode;
use warroom::event::{Event, What};
use warroom::exposition::{Cache, Format};
use warroom::model::Model;
use warroom::model::rows::breaker_word;
use warroom::plan::{Plan, Signal};
use warroom::promql::{self, Value};
use warroom::target::{Answer, Failure, ScrapeReport, Target, is_stale};
use warroom::units::Timestamp;
use warroom::update::update;

/// The text of `examples/NAME.toml` with addresses replaced; each must stand in it.
pub fn example(name: &str, replaced: &[(&str, String)]) -> String {
    let path = format!("{}/examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{path} does not name {from}");
        text = text.replace(from, to);
    }
    text
}

/// The plan of a configuration's text.
pub fn plan(text: &str) -> Arc<Plan> {
    let source = Source { name: "example.toml".to_owned(), text: text.to_owned() };
    let told = |problems: Vec<config::Problem>| -> String {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let config = config::load(&[source]).unwrap_or_else(|problems| panic!("{}", told(problems)));
    let plan = Plan::compile(&config, 1).unwrap_or_else(|problems| panic!("{}", told(problems)));
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    Arc::new(plan)
}

/// What the model says of a service, a line for each thing.
pub fn said(model: &Model, service: &str) -> Vec<String> {
    let row = model.service(service).unwrap_or_else(|| panic!("no service {service}"));
    let address = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let mut out = vec![format!("{} {}/{}", row.state.word(), row.instances.0, row.instances.1)];
    out.extend(row.version.iter().map(|version| format!("version {version}")));
    out.extend(row.reasons.iter().map(|reason| format!("{}: {}", reason.state.word(), reason.text)));
    out.extend(row.components.iter().map(|component| {
        let seen = &component.seen;
        format!("component {} {:?} {}", seen.name, seen.verdict, seen.detail)
    }));
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    out.extend(row.breakers.iter().map(|breaker| {
        let seen = &breaker.seen;
        let (failures, calls) = (figure(seen.failures), figure(seen.calls));
        let ratio = figure(seen.success_ratio.map(|ratio| (ratio * 1e9).round() / 1e9));
        format!("breaker {} {} {failures} of {calls}, {ratio}", seen.name, breaker_word(seen.state))
    }));
    out.extend(row.queues.iter().map(|queue| format!("queue {} {}", queue.seen.name, queue.seen.depth)));
    for id in &row.targets {
        let target = model.target(*id).unwrap();
        let numbers = target.numbers.iter();
        out.extend(numbers.map(|(labels, value)| format!("number {} {value}", labels.name().unwrap_or(""))));
        let warnings = target.answer.iter().flat_map(|answer| &answer.warnings);
        out.extend(warnings.map(|warning| format!("warning {}: {warning}", target.target.poll)));
    }
    out.iter().map(|line| address.replace_all(line, "HOST").into_owned()).collect()
}

/// Compares what the model says of a service with these lines: nothing may be missing, nothing may be added.
pub fn check(model: &Model, service: &str, expected: &[&str]) {
    let said = said(model, service);
    assert_eq!(said, expected, "{service}:\n{}", said.join("\n"));
}

/// Compares the figures of a service, within a part in a thousand.
pub fn check_signals(model: &Model, service: &str, expected: &[(Signal, Option<f64>)]) {
    let row = model.service(service).unwrap();
    for (signal, expected) in expected {
        let reading = row.reading(*signal);
        let close = match (reading.value, expected) {
            (Some(value), Some(expected)) => (value - expected).abs() <= expected.abs() * 1e-3 + 1e-12,
            (None, None) => true,
            _ => false,
        };
        assert!(close, "{service} {signal:?}: {:?} {:?}, not {expected:?}", reading.value, reading.error);
    }
}

/// The points of an instant query: labels and value.
pub fn points(model: &Model, query: &str) -> Vec<(String, f64)> {
    let expr = promql::parse(query).unwrap();
    let answer = promql::eval(&model.store, &expr, model.now, &promql::Options::default()).unwrap();
    let mut out = match answer.value {
        Value::Vector(points) => points.iter().map(|p| (p.labels.to_string(), p.value)).collect(),
        Value::Scalar(value) => vec![(String::new(), value)],
        other => panic!("{query}: {other:?}"),
    };
    out.sort_by(|a: &(String, f64), b| a.0.cmp(&b.0));
    out
}

/// Compares the label sets that a query finds, and their values where one is given. `HOST` stands for the address.
pub fn check_series(model: &Model, query: &str, host: &str, expected: &[(&str, Option<f64>)]) {
    let points = points(model, query);
    let found: Vec<String> = points.iter().map(|(labels, _)| labels.replace(host, "HOST")).collect();
    let wanted: Vec<&str> = expected.iter().map(|(labels, _)| *labels).collect();
    assert_eq!(found, wanted, "{query}");
    for ((labels, value), (_, expected)) in points.iter().zip(expected) {
        if let Some(expected) = expected {
            assert!((value - expected).abs() < 1e-9, "{labels}: {value}, not {expected}");
        }
    }
}

/// Takes an event in, and does the work that follows from it.
pub fn take(model: &mut Model, at: Timestamp, what: What) {
    update(model, Event { at, what });
    while model.has_work() {
        update(model, Event { at, what: What::Work });
    }
}

fn named<'a>(plan: &'a Plan, service: &str, poll: &str) -> &'a Arc<Target> {
    let mut found = plan.targets.iter().filter(|t| &*t.service == service && &*t.poll == poll);
    let target = found.next().unwrap_or_else(|| panic!("no poll {service}.{poll}"));
    assert!(found.next().is_none(), "{service}.{poll} has several instances");
    target
}

/// The plan's polls over real sockets, one answer at a time.
pub struct Live {
    pub model: Model,
    watch: Watch,
}

impl Live {
    /// Starts to poll; every target is asked at once.
    pub fn start(plan: &Arc<Plan>) -> Self {
        let targets = plan.targets.iter().map(|target| Target::clone(target)).collect();
        let model = Model::new(Arc::clone(plan), warroom::runtime::now(), true);
        Self { model, watch: Watch::start(targets) }
    }

    /// Waits for the next answer to a poll and takes it in.
    pub fn hear(&mut self, service: &str, poll: &str) -> ScrapeReport {
        let id = named(&self.model.plan, service, poll).id;
        let report = self.watch.report(id.0);
        take(&mut self.model, warroom::runtime::now(), What::Reports(vec![report.clone()]));
        report
    }

    /// Asks out of turn.
    pub fn ask(&self, service: &str, poll: &str) {
        self.watch.poller.poll_now(Some(named(&self.model.plan, service, poll).id));
    }
}

/// The plan's polls in a time that stands still until it is moved: answers go straight to the decoders.
pub struct Simulated {
    pub model: Model,
    start: Timestamp,
    caches: BTreeMap<u32, Cache>,
}

impl Simulated {
    pub fn start(plan: &Arc<Plan>) -> Self {
        let start = Timestamp::from_millis(1_800_000_000_000);
        Self { model: Model::new(Arc::clone(plan), start, true), start, caches: BTreeMap::new() }
    }

    /// The moment so many seconds after the start.
    pub fn at(&self, seconds: f64) -> Timestamp {
        Timestamp::from_millis(self.start.millis() + (seconds * 1e3) as i64)
    }

    /// A poll is answered with this status and body, or not at all.
    pub fn poll(&mut self, seconds: f64, service: &str, poll: &str, answer: Result<(u16, &str), Failure>) {
        let target = Arc::clone(named(&self.model.plan, service, poll));
        let at = self.at(seconds);
        let mut report = ScrapeReport {
            target: target.id,
            generation: 1,
            at,
            took: std::time::Duration::from_millis(20),
            outcome: Err(Failure::Refused),
            samples: Vec::new(),
            observation: None,
            not_before: None,
            retry_after: None,
        };
        match answer {
            Err(failure) => report.outcome = Err(failure),
            Ok((_, body)) if target.kind.word() == "metrics" => {
                let fresh = || Cache::new(target.labels.clone()).with_workers(config::poll::Workers::Auto);
                let cache = self.caches.entry(target.id.0).or_insert_with(fresh);
                let scrape = cache.scrape(body.as_bytes(), Format::Text, &target.keep, at);
                assert_eq!(scrape.bad_lines, 0, "{:?}", scrape.first_bad_line);
                report.outcome = Ok(Answer { warnings: scrape.warnings, ..Answer::default() });
                report.samples = scrape.samples;
            }
            Ok((status, body)) => {
                let source = decode::Source {
                    service: &target.service,
                    instance: &target.instance,
                    poll: &target.poll,
                    labels: &target.labels,
                    at,
                };
                let content_type = Some("application/json");
                let reply = decode::Reply { status, content_type, body: body.as_bytes() };
                match decode::decode(&target.kind, &source, &reply) {
                    Ok(decoded) => {
                        report.outcome = Ok(Answer { status: Some(status), ..Answer::default() });
                        report.samples = decoded.samples;
                        report.observation = Some(decoded.observation);
                    }
                    Err(failure) => report.outcome = Err(failure),
                }
            }
        }
        take(&mut self.model, at, What::Reports(vec![report]));
    }

    /// Nothing happens but that time goes on.
    pub fn tick(&mut self, seconds: f64) {
        let at = self.at(seconds);
        take(&mut self.model, at, What::Tick);
    }
}

/// How many label sets of scraped series hold something besides their own labels, `job`, `instance` and these.
pub fn strange_labels(model: &Model, query: &str, own: &[&str]) -> Vec<String> {
    let expr = promql::parse(query).unwrap();
    let answer = promql::eval(&model.store, &expr, model.now, &promql::Options::default()).unwrap();
    let Value::Vector(points) = answer.value else { panic!("{query}: no vector") };
    let known = |name: &str| matches!(name, "__name__" | "job" | "instance") || own.contains(&name);
    let strange =
        points.iter().filter(|p| !is_stale(p.value) && p.labels.iter().any(|(name, _)| !known(name)));
    strange.map(|point| point.labels.to_string()).collect()
}
