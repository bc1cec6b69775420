//! Backends: the same configuration with warroom's own engine and with a real Prometheus 2.42 gives the same numbers and
//! the same alerts; and servers that are down, slow, partial or hostile.
//!
//! `WARROOM_REQUIRE_REAL=1` makes it an error that no Prometheus is installed.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_wrap,
    reason = "a test: what does not fit stops it, and it reads the clock"
)]

#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/mod.rs"]
mod support;

use prometheus::Server;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Act, Fake, serve};
use tokio::sync::mpsc;
use warroom::config::{Source, load};
use warroom::event::{Effect, Event, What};
use warroom::io::poll::{Message, Poller, Setup};
use warroom::labels::Labels;
use warroom::model::Model;
use warroom::plan::{Plan, Signal};
use warroom::promql::{self, Compat, Options, Value};
use warroom::rules::{AlertState, Engine, Settings};
use warroom::runtime::{Rounds, now, observe};
use warroom::slo::Book;
use warroom::store::Store;
use warroom::target::health::State;
use warroom::units::Timestamp;
use warroom::update::update;

type Data = Vec<(Labels, Vec<(i64, f64)>)>;
type Make = Box<dyn Fn() -> Act + Send + Sync>;

const RULES: &str = r#"groups:
- name: shop
  interval: 1s
  rules:
  - record: job:shop_requests:rate5m
    expr: sum by (job) (rate(shop_requests_total[5m]))
  - alert: ShopErrors
    expr: sum by (job) (rate(shop_requests_total{status=~"5.."}[5m])) / job:shop_requests:rate5m > 0.01
    labels: { severity: critical }
    annotations: { summary: "errors of {{ $labels.job }}: {{ $value | humanizePercentage }}" }
  - alert: ShopQuiet
    expr: sum by (job) (rate(shop_requests_total[5m])) < 0.001
  - alert: ShopInstances
    expr: up{job="shop"} == 0
    for: 1s
"#;

/// Forty minutes of a shop of three instances until now: counters that restart, a histogram, one instance that is down.
fn shop() -> Data {
    let end = now().millis() - 500;
    let mut out: Data = Vec::new();
    for (number, instance) in ["a:1", "b:1", "c:1"].into_iter().enumerate() {
        let steps = 160;
        let at = |step: i64| end - (steps - step) * 15_000 + number as i64 * 1_311;
        let series = |name: &str, more: &[(&str, &str)], value: &dyn Fn(i64) -> f64| {
            let own = [("job", "shop"), ("instance", instance)];
            let labels = Labels::metric(name, own.iter().chain(more).copied());
            // The restart of one of them in the middle.
            let reset = if number == 1 { value(90) } else { f64::INFINITY };
            let course = |step: i64| {
                let value = value(step);
                if value > reset { value - reset } else { value }
            };
            (
                labels,
                (0..=steps).filter(|step| at(*step) < end).map(|step| (at(step), course(step))).collect(),
            )
        };
        let rate = (number + 3) as f64;
        out.push(series("shop_requests_total", &[("status", "200")], &|step| {
            (step as f64 * 15.0 * rate).floor()
        }));
        out.push(series("shop_requests_total", &[("status", "500")], &|step| (step as f64 * rate).floor()));
        for (le, share) in [("0.1", 0.6), ("0.25", 0.9), ("1", 0.97), ("+Inf", 1.0)] {
            out.push(series("shop_seconds_bucket", &[("le", le)], &|step| {
                (step as f64 * 15.0 * rate * share).floor()
            }));
        }
        let (labels, points): (Labels, Vec<(i64, f64)>) = series("up", &[], &|_| 1.0);
        let down = |(at, _): (i64, f64)| (at, f64::from(number != 2));
        out.push((labels, points.into_iter().map(down).collect()));
    }
    out
}

fn plan(text: &str) -> Arc<Plan> {
    let source = Source { name: "t.toml".to_owned(), text: text.to_owned() };
    let mut config = load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}"));
    for files in config.rules.values_mut() {
        files.sources = vec![Source { name: "rules.yml".to_owned(), text: RULES.to_owned() }];
    }
    Arc::new(Plan::compile(&config, 1).unwrap_or_else(|problems| panic!("{problems:?}")))
}

/// The configuration, with `engine` in front of it.
fn config(engine: &str) -> String {
    format!(
        r#"schema = 1
{engine}
defaults.poll = {{ interval = "1s", timeout = "1s" }}
builtin_rules.off = ["service-down", "target-down"]
[service.shop]
select = '{{job="shop"}}'
signals.requests = 'sum(rate(shop_requests_total[{{{{.window}}}}]))'
signals.errors = 'sum(rate(shop_requests_total{{status=~"5.."}}[{{{{.window}}}}])) / sum(rate(shop_requests_total[{{{{.window}}}}]))'
signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(shop_seconds_bucket[{{{{.window}}}}])))'
poll.answers = {{ kind = "queues", expr = 'sum by (status) (shop_requests_total)', label = "status" }}
[slo.answers]
service = "shop"
objective = 99.9
error = 'sum(rate(shop_requests_total{{status=~"5.."}}[{{{{.window}}}}]))'
total = 'sum(rate(shop_requests_total[{{{{.window}}}}]))'
[slo.fast]
service = "shop"
objective = 95
latency = {{ metric = "shop_seconds", threshold = "250ms" }}
[panel.by-status]
expr = 'sum by (status) (rate(shop_requests_total[{{{{.window}}}}]))'
kind = "table"
[panel.by-job]
expr = 'sum by (job) (rate(shop_requests_total[5m]))'
kind = "table"
[rules.shop]
files = ["rules.yml"]
enforce = '{{job="shop"}}'
interval = "1s"
"#
    )
}

fn remote(port: u16) -> String {
    config(&format!(
        "backend.prom = {{ kind = \"prometheus\", url = \"http://127.0.0.1:{port}\" }}\nengine.default = \"prom\""
    ))
}

fn real(data: &Data) -> Option<Server> {
    let server = Server::start_with_rules(data, RULES);
    if server.is_none() {
        skip::skipped("prometheus");
    }
    server
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-6)
}

fn firing<'a>(alerts: impl Iterator<Item = &'a warroom::rules::Alert>) -> Vec<String> {
    let firing = alerts
        .filter(|alert| alert.state == AlertState::Firing && !alert.labels.to_string().contains("slo="));
    let mut out: Vec<String> = firing.map(|alert| alert.labels.to_string()).collect();
    out.sort();
    out
}

#[test]
fn a_server_gives_the_same_numbers_and_alerts_as_our_own_engine() {
    let data = shop();
    let Some(server) = real(&data) else { return };
    let asked = plan(&remote(server.port()));
    assert_eq!(asked.targets.len(), 1, "nothing is scraped");
    let mut live = Live::new(&asked);
    // Until the rule fires that must be true for a second, and the server has judged its own.
    live.until("two alerts, here and there", |model| {
        let told = &model.remote.backends[0];
        let theirs = told.alerts.iter().filter(|standing| standing.alert.state == AlertState::Firing);
        firing(model.rules.alerts()).len() == 2 && theirs.count() >= 2 && told.answered.1 > 0
    });
    let model = &live.model;
    let row = model.service("shop").unwrap();
    let own = plan(&config(""));
    let mut store = Store::default();
    for (labels, points) in &data {
        for (at, value) in points {
            store.append(labels, Timestamp::from_millis(*at), *value);
        }
    }
    let options = Options { compat: Compat::V2_42, ..Options::default() };
    let exprs = own.services[0].signals[0].exprs.clone();
    for (signal, expr) in Signal::ALL.into_iter().zip(exprs) {
        let reading = row.reading(signal);
        let at = reading.at.unwrap_or_else(|| panic!("{signal:?}: {:?}", model.fleet.targets));
        let Value::Vector(points) = promql::eval(&store, &expr.unwrap(), at, &options).unwrap().value else {
            panic!("a vector")
        };
        let (ours, theirs) = (points[0].value, reading.value.unwrap());
        assert!(near(ours, theirs), "{signal:?}: {ours} here, {theirs} there");
        let known = reading.course.iter().flatten().count();
        assert!(known >= 50, "{signal:?}: the course of an hour was fetched: {known} points");
    }
    assert_eq!(row.instances, (2, 3));
    assert_eq!(row.state, State::Degraded, "{:?}", row.reasons);
    assert!(
        row.reasons.iter().any(|reason| reason.text == "prom: does not reach 1 of 3: c:1"),
        "{:?}",
        row.reasons
    );
    assert_eq!(row.queues.len(), 2);

    // Objectives: whole minutes of the past, which both have counted.
    let mut book = Book::new(own.slos.iter().cloned());
    book.begin(model.now);
    while book.has_work() {
        let _ = book.work(&mut store);
    }
    let minute = Duration::from_secs(60);
    // After the restart: what a counter grew in that minute before it fell is known here only.
    let (from, to) = (model.now.floor_to(minute) - minute * 15, model.now.floor_to(minute) - minute * 3);
    for slo in ["answers", "fast"] {
        let (ours, theirs) =
            (book.counts(slo, from, to).unwrap(), model.slos.book.counts(slo, from, to).unwrap());
        let whole = |book: &Book| book.counts(slo, from - minute * 15, to).unwrap();
        let (all, asked) = (whole(&book), whole(&model.slos.book));
        assert!(
            asked.total <= all.total && all.total - asked.total < all.total / 20.0,
            "{slo}: {all:?} {asked:?}"
        );
        assert!(ours.total > 1000.0 && ours.bad > 10.0, "{slo}: {ours:?}");
        assert!(
            near(ours.total, theirs.total) && near(ours.bad, theirs.bad),
            "{slo}: {ours:?} here, {theirs:?} there"
        );
    }
    let told = model.slos.rows.iter().find(|row| &*row.name == "answers").unwrap();
    assert!(told.coverage.starts_with('3') && told.coverage.ends_with("of 30d"), "{}", told.coverage);

    // Alerts: by the same rules, from the answers of the server.
    let settings = Settings { options, ..Settings::default() };
    let mut engine = Engine::new(own.rules.sets.clone(), own.rules.owners.clone(), settings);
    for seconds in [4, 2, 0] {
        engine.begin_all(model.now - Duration::from_secs(seconds));
        while engine.has_work() {
            let _ = engine.work(&mut store);
        }
    }
    let theirs = firing(model.rules.alerts());
    assert_eq!(firing(engine.alerts()), theirs);
    assert_eq!(theirs.len(), 2, "{theirs:?}");

    // The server's own alerts are the same ones: each makes one incident only.
    let known = &model.remote.backends[0];
    let alerts: Vec<&str> = known.alerts.iter().map(|standing| &*standing.alert.name).collect();
    assert!(alerts.contains(&"ShopErrors") && alerts.contains(&"ShopInstances"), "{alerts:?}");
    let incidents: Vec<String> = model
        .incidents
        .open()
        .iter()
        .flat_map(|it| it.alerts.iter().map(|alert| format!("{}{}", alert.name, alert.labels)))
        .filter(|text| text.contains("ShopErrors"))
        .collect();
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    // What it records is asked for instead of what it is recorded from.
    assert!(known.answered.1 >= 1, "{:?}", known.answered);
    let build = known.build.as_ref().unwrap();
    assert!(build.version.as_str().starts_with("2.42"), "{build:?}");
    assert_eq!(known.mismatch, None);
}

/// A model that lives: polls come in, work is done, effects that ask for polls are carried out.
struct Live {
    model: Model,
    poller: Poller,
    messages: mpsc::Receiver<Message>,
    runtime: tokio::runtime::Runtime,
}

impl Live {
    fn new(plan: &Arc<Plan>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (sender, messages) = mpsc::channel(64);
        let poller = Poller::start(sender).unwrap();
        let mut live = Self { model: Model::new(Arc::clone(plan), now(), true), poller, messages, runtime };
        live.configure();
        live
    }

    fn configure(&mut self) {
        let plan = &self.model.plan;
        self.poller.configure(Setup {
            targets: plan.targets.iter().map(|target| target.as_ref().clone()).collect(),
            generation: plan.generation,
            references: Vec::new(),
            ..Setup::default()
        });
    }

    fn happen(&mut self, what: What) {
        let mut queue = vec![what];
        while let Some(what) = queue.pop() {
            for effect in update(&mut self.model, Event { at: now(), what }) {
                match effect {
                    Effect::Configure => self.configure(),
                    Effect::PollNow(target) => drop(self.poller.poll_now(target)),
                    _ => {}
                }
            }
            if self.model.has_work() && queue.is_empty() {
                queue.push(What::Work);
            }
        }
    }

    /// Goes on until `done`; what it is waited for is told if it does not come.
    fn until(&mut self, what: &str, done: impl Fn(&Model) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !done(&self.model) {
            assert!(Instant::now() < end, "{what}: {:#?}", self.model.fleet.targets);
            let message = self.runtime.block_on(async {
                tokio::time::timeout(Duration::from_millis(200), self.messages.recv()).await
            });
            match message {
                Ok(Some(Message::Reports(reports))) => self.happen(What::Reports(reports)),
                Ok(Some(Message::Ended(samples))) => self.happen(What::Ended(samples)),
                Ok(Some(_)) => {}
                Ok(None) => panic!("the poller has ended"),
                Err(_) => self.happen(What::Tick),
            }
        }
    }
}

fn reasons(model: &Model) -> String {
    let row = model.service("shop").unwrap();
    row.reasons.iter().map(|reason| reason.text.clone()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_server_that_is_killed_leaves_old_values_and_comes_back() {
    let data = shop();
    let Some(mut server) = real(&data) else { return };
    let mut live = Live::new(&plan(&remote(server.port())));
    let value = |model: &Model| model.service("shop").unwrap().reading(Signal::Requests).value;
    live.until("a first answer", |model| value(model).is_some());
    let state = |model: &Model| model.service("shop").unwrap().state;
    live.until("a state", |model| state(model) == State::Degraded);
    live.until("two alerts", |model| firing(model.rules.alerts()).len() == 2);
    server.kill();
    live.until("it is told", |model| state(model) == State::Stale);
    assert!(value(&live.model).is_some(), "values grow old, they do not vanish");
    let said = reasons(&live.model);
    assert!(said.contains("prom: connection refused; values are ") && said.contains("s old"), "{said}");
    let fired = firing(live.model.rules.alerts());
    server.revive();
    live.until("it is back", |model| state(model) == State::Degraded);
    assert_eq!(firing(live.model.rules.alerts()), fired, "no alert ended because nobody answered");
}

/// A server that answers queries with `body`, and everything else as little as a server may.
fn fake(answer: impl Fn(&support::Request) -> Act + Send + Sync + 'static) -> Fake {
    serve(move |request| {
        if request.path().ends_with("/status/buildinfo") || request.path().ends_with("/rules") {
            return Act::Send(http(404, "text/plain", "", "404 page not found"));
        }
        answer(request)
    })
}

fn http(status: u16, kind: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{more}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// The figure 42 for every question, with `more` beside it.
fn figure(more: &str) -> String {
    format!(
        r#"{{"status":"success",{more}"data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[{},"42"]}}]}}}}"#,
        now().seconds()
    )
}

fn of_kind(kind: &str, address: std::net::SocketAddr, more: &str) -> Arc<Plan> {
    plan(&format!(
        "schema = 1\nengine.default = \"b\"\nbackend.b = {{ kind = \"{kind}\", url = \"http://{address}/base\", timeout = \"1s\", interval = \"1s\"{more} }}\n\
         defaults.poll = {{ interval = \"1s\", timeout = \"1s\", fails = 1 }}\n[service.shop]\nselect = '{{job=\"shop\"}}'\nsignals.requests = 'sum(rate(x_total[5m]))'\n"
    ))
}

#[test]
fn each_product_is_asked_and_understood_in_its_own_way() {
    type Case<'c> = (&'c str, &'c str, &'c str, &'c str, &'c [&'c str], &'c str);
    let cases: &[Case<'_>] = &[
        ("prometheus", "", "", "POST /base/api/v1/query", &["timeout=0."], ""),
        (
            "thanos",
            ", tenant = \"t\"",
            "\"warnings\":[\"store eu: no answer\"],",
            "thanos-tenant: t",
            &["dedup=true", "partial_response=true"],
            "b: PARTIAL answer: store eu: no answer",
        ),
        ("mimir", ", tenant = \"t1|t2\"", "", "x-scope-orgid: t1|t2", &[], ""),
        (
            "victoriametrics",
            ", tenant = \"7:1\"",
            "\"isPartial\":true,",
            "POST /base/select/7:1/prometheus/api/v1/query",
            &["nocache=1"],
            "b: PARTIAL answer: some of the data was not there",
        ),
    ];
    for (kind, tenant, more, head, form, said) in cases {
        let more = (*more).to_owned();
        let server = fake(move |_| Act::Send(http(200, "application/json", "", &figure(&more))));
        let model = observe(&of_kind(kind, server.address, tenant), Rounds::One).unwrap();
        let row = model.service("shop").unwrap();
        assert_eq!(row.reading(Signal::Requests).value, Some(42.0), "{kind}: {:?}", model.fleet.targets);
        let requests = server.requests();
        let queries: Vec<&String> = requests.iter().filter(|request| request.contains("query=")).collect();
        assert!(queries.iter().all(|query| query.contains(head)), "{kind}: {queries:?}");
        assert!(queries.iter().all(|query| query.contains("accept-encoding: gzip")), "{kind}: {queries:?}");
        for part in *form {
            assert!(queries.iter().all(|query| query.contains(part)), "{kind} {part}: {queries:?}");
        }
        assert_eq!(reasons(&model), *said, "{kind}");
    }
}

#[test]
fn what_a_server_cannot_answer_is_told_in_its_own_words() {
    let json = "application/json";
    let cases: [(u16, &str, &str, &str, &str); 7] = [
        (
            401,
            "text/plain",
            "",
            "no org id",
            "b: HTTP 401: credentials refused: no org id: it tells tenants apart, set tenant",
        ),
        (
            429,
            json,
            "Retry-After: 60\r\n",
            r#"{"status":"error","errorType":"too_many_requests","error":"slow down"}"#,
            "b: HTTP 429: too_many_requests: slow down",
        ),
        (503, "text/plain", "", "Service Unavailable", "b: HTTP 503: Service Unavailable"),
        (502, "text/html", "", "<html><title>502 Bad Gateway</title>", "b: HTTP 502: 502 Bad Gateway"),
        (
            200,
            "text/html",
            "",
            "<html>please sign in",
            "b: the answer is a web page: is the URL the server's own, with its prefix?",
        ),
        (
            404,
            "text/plain",
            "",
            "404 page not found",
            "b: HTTP 404: 404 page not found: is the URL the server's own, with its prefix?",
        ),
        (307, "text/plain", "Location: /login?secret=1\r\n", "", "b: redirects to"),
    ];
    for (status, kind, headers, body, said) in cases {
        let server = fake(move |_| Act::Send(http(status, kind, headers, body)));
        let model = observe(&of_kind("mimir", server.address, ""), Rounds::One).unwrap();
        let told = reasons(&model);
        assert!(told.starts_with(said) && !told.contains("secret"), "{status}: {told}");
        let row = model.service("shop").unwrap();
        assert_eq!((row.state, row.reading(Signal::Requests).value), (State::Unknown, None), "{status}");
        let held = model.fleet.targets[0].retry_after;
        assert_eq!(held, headers.starts_with("Retry").then_some(Duration::from_secs(60)), "{status}");
    }
    // A question that is refused costs itself only.
    let server = fake(|request| {
        if request.body.contains("x_total") {
            return Act::Send(http(
                422,
                json,
                "",
                r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples"}"#,
            ));
        }
        Act::Send(http(200, json, "", &figure("")))
    });
    let model = observe(&of_kind("prometheus", server.address, ""), Rounds::One).unwrap();
    let reading = model.service("shop").unwrap().reading(Signal::Requests);
    assert_eq!(reading.error.as_deref(), Some("execution: query processing would load too many samples"));
    assert_eq!(model.fleet.targets[0].failure, None);
}

#[test]
fn slow_and_endless_answers_cost_their_time_out_and_no_more() {
    let endless = b"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[".to_vec();
    let piece = br#"{"metric":{"a":"b"},"value":[1,"1"]},"#.repeat(4_000);
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec();
    let cases: [(Make, &str); 3] = [
        (Box::new(|| Act::Hang(Vec::new())), "b: no answer within 1s"),
        (
            Box::new(|| Act::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec())),
            "b: no answer within 1s",
        ),
        (Box::new(move || Act::Forever([head.clone(), endless.clone()].concat(), piece.clone())), ""),
    ];
    for (make, said) in cases {
        let server = fake(move |_| make());
        let started = Instant::now();
        let model =
            observe(&of_kind("prometheus", server.address, ", body_limit = \"1MiB\""), Rounds::One).unwrap();
        assert!(started.elapsed() < Duration::from_secs(4), "{said}: {:?}", started.elapsed());
        let told = reasons(&model);
        if said.is_empty() {
            let error =
                model.service("shop").unwrap().reading(Signal::Requests).error.clone().unwrap_or_default();
            assert!(error.starts_with("the answer is over 1048576 bytes"), "{error} {told}");
        } else {
            assert!(told.starts_with(said), "{told}");
        }
    }
}

#[test]
fn several_servers_and_polls_of_our_own_stand_side_by_side() {
    let good = fake(|_| Act::Send(http(200, "application/json", "", &figure(""))));
    let scraped = serve(|request| {
        let body = if request.path() == "/metrics" { "up_total 5\n" } else { "ok" };
        Act::Send(http(200, "text/plain", "", body))
    });
    let plan = plan(&format!(
        r#"schema = 1
backend.good = {{ kind = "prometheus", url = "http://{}" }}
backend.dead = {{ kind = "prometheus", url = "http://127.0.0.1:1", timeout = "300ms" }}
defaults.poll = {{ interval = "1s", timeout = "900ms", fails = 1 }}
[service.alive]
engine = "good"
select = '{{job="a"}}'
signals.requests = 'sum(a_total)'
[service.blind]
engine = "dead"
select = '{{job="b"}}'
signals.requests = 'sum(b_total)'
[service.mixed]
engine = "good"
instances = ["http://{}"]
signals.requests = 'sum(c_total)'
poll.health = {{ kind = "health", path = "/health" }}
poll.metrics = {{ kind = "metrics", path = "/metrics" }}
[service.own]
instances = ["http://{}"]
signals.requests = 'sum(up_total)'
poll.metrics = {{ kind = "metrics", path = "/metrics" }}
"#,
        good.address, scraped.address, scraped.address
    ));
    let model = observe(&plan, Rounds::Two).unwrap();
    let said = |name: &str| {
        let row = model.service(name).unwrap();
        (row.state, row.reading(Signal::Requests).value)
    };
    assert_eq!(said("alive"), (State::Up, Some(42.0)));
    assert_eq!(said("blind"), (State::Unknown, None));
    assert_eq!(said("mixed"), (State::Up, Some(42.0)));
    assert_eq!(said("own"), (State::Up, Some(5.0)));
    let metrics = |request: &String| request.starts_with("GET /metrics");
    assert_eq!(
        plan.targets.iter().filter(|target| &*target.poll == "metrics").count(),
        1,
        "only one is scraped"
    );
    assert!(scraped.requests().iter().any(metrics));
    let posted = good.requests().iter().filter(|request| request.contains("a_total")).count();
    assert!(posted >= 2, "each round asks");
}

#[test]
fn identical_expressions_are_asked_once_and_what_is_warrooms_own_stays_here() {
    let plan = plan(&format!(
        "{}
[panel.requests]
expr = 'sum(rate(shop_requests_total[5m]))'
kind = \"graph\"
[panel.breakers]
expr = 'warroom_breaker_state'
[service.other]
signals.requests = 'sum(rate(shop_requests_total{{job=\"shop\"}}[5m]))'
select = '{{job=\"shop\"}}'
",
        remote(1)
    ));
    let asking = plan.asking(0).unwrap();
    let mut texts: Vec<&str> = asking.questions.iter().map(|question| &*question.text).collect();
    let requests =
        texts.iter().filter(|text| **text == "sum(rate(shop_requests_total{job=\"shop\"}[5m]))").count();
    assert_eq!(requests, 1, "{texts:#?}");
    assert!(!texts.iter().any(|text| text.contains("warroom_")), "{texts:#?}");
    let all = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), all, "nothing is asked twice");
    let breakers = plan.panels.iter().find(|panel| &*panel.name == "breakers").unwrap();
    assert_eq!(plan.written(&breakers.expr), ("warroom_breaker_state".to_owned(), None));
    let shown = plan.panels.iter().find(|panel| &*panel.name == "requests").unwrap();
    let (text, backend) = plan.written(&shown.expr);
    assert_eq!((text.as_str(), backend.as_deref()), ("sum(rate(shop_requests_total[5m]))", Some("prom")));
    // A rule over what its own set records is judged here.
    let rules = plan.rules.sets.iter().find(|set| &*set.name == "shop").unwrap();
    let asked = rules.groups.iter().flat_map(|placed| &placed.group.rules);
    assert!(asked.clone().all(|rule| warroom::answers::key_of(&rule.expr).is_some()), "{rules:#?}");
}

#[test]
fn what_is_typed_in_the_explorer_is_asked_of_the_server_with_its_course() {
    let server = fake(|request| {
        let at = now().seconds().floor();
        let body = if request.path().ends_with("query_range") {
            format!(
                r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"a":"b"}},"values":[[{},"1"],[{},"2"]]}}]}}}}"#,
                at - 120.0,
                at - 60.0
            )
        } else {
            format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"a":"b"}},"value":[{at},"3"]}}]}}}}"#
            )
        };
        Act::Send(http(200, "application/json", "", &body))
    });
    let mut live = Live::new(&of_kind("prometheus", server.address, ""));
    live.until("the first round", |model| model.service("shop").is_some_and(|row| row.last_answer.is_some()));
    let press = |live: &mut Live, keys: &[&str]| {
        for key in keys {
            live.happen(What::Key(key.parse().unwrap()));
        }
    };
    press(&mut live, &["3", "t", "y", "p", "e", "d", "enter"]);
    live.until("an answer and its past", |model| {
        let chart = model.explore.chart.as_ref();
        chart.is_some_and(|chart| {
            !chart.rows.is_empty() && chart.lines.iter().any(|line| line.points.len() > 2)
        })
    });
    let chart = live.model.explore.chart.as_ref().unwrap();
    assert_eq!((chart.rows[0].labels.to_string().as_str(), chart.rows[0].value), ("{a=\"b\"}", 3.0));
    assert!(chart.rows[0].newest.is_some(), "it has an age");
    let asked = |text: &str| server.requests().iter().filter(|request| request.contains(text)).count();
    assert!(asked("query=typed") >= 2, "a course and a value");
    // Something else is typed: the first is asked no longer.
    press(&mut live, &["x", "enter"]);
    live.until("another answer", |model| {
        model
            .plan
            .asking(0)
            .is_some_and(|asking| !asking.questions.iter().any(|question| &*question.text == "typed"))
    });
    let questions = live.model.plan.asking(0).unwrap().questions.len();
    press(&mut live, &["esc", "+"]);
    assert_eq!(
        live.model.plan.asking(0).unwrap().questions.len(),
        questions,
        "a longer range takes its place"
    );
}

#[test]
fn names_that_only_the_server_has_complete_what_is_typed() {
    let server = fake(|request| {
        let body = if request.path().ends_with("/label/__name__/values") {
            r#"{"status":"success","data":["zebra_total","zebra\u001b[2J","up","zebras"]}"#.to_owned()
        } else {
            figure("")
        };
        Act::Send(http(200, "application/json", "", &body))
    });
    let mut live = Live::new(&of_kind("prometheus", server.address, ""));
    live.until("the first round", |model| model.service("shop").is_some_and(|row| row.last_answer.is_some()));
    let asked = || server.requests().iter().filter(|request| request.contains("__name__")).count();
    assert_eq!(asked(), 0, "nobody has wanted to type a name yet");
    live.happen(What::Key("3".parse().unwrap()));
    live.until("names", |model| !model.remote.backends[0].names.is_empty());
    for key in ["z", "e"] {
        live.happen(What::Key(key.parse().unwrap()));
    }
    let popup = live.model.explore.popup.as_ref().expect("something is proposed");
    let texts: Vec<&str> = popup.items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!(texts, ["zebra_total", "zebras"]);
    live.happen(What::Key("tab".parse().unwrap()));
    assert_eq!(live.model.explore.line.text(), "zebra", "as far as all agree");
    // Opened once more, nothing is asked again for a while.
    for key in ["esc", "esc", "1", "3"] {
        live.happen(What::Key(key.parse().unwrap()));
    }
    let round = live.model.remote.backends[0].answered;
    live.until("a later round", |model| model.heard > now() - Duration::from_secs(1));
    assert_eq!((asked(), round.0 > 0), (1, true));
}

#[test]
fn a_server_without_such_a_page_answers_everything_else() {
    let server = fake(|request| {
        if request.path().ends_with("/label/__name__/values") {
            return Act::Send(http(404, "text/plain", "", "404 page not found"));
        }
        Act::Send(http(200, "application/json", "", &figure("")))
    });
    let mut live = Live::new(&of_kind("prometheus", server.address, ""));
    live.happen(What::Key("3".parse().unwrap()));
    live.until("a round after it was asked", |model| {
        let asked = server.requests().iter().any(|request| request.contains("__name__"));
        asked && model.service("shop").is_some_and(|row| row.last_answer.is_some())
    });
    let row = &live.model.fleet.targets[0];
    assert!(row.failure.is_none(), "{:?}", row.failure);
    assert!(live.model.remote.backends[0].names.is_empty());
}

#[test]
fn a_real_server_lists_its_metrics() {
    let data = shop();
    let Some(server) = real(&data) else { return };
    let mut live = Live::new(&plan(&remote(server.port())));
    live.happen(What::Key("3".parse().unwrap()));
    live.until("names", |model| !model.remote.backends[0].names.is_empty());
    let names = &live.model.remote.backends[0].names;
    assert!(names.iter().any(|name| &**name == "shop_requests_total"), "{names:?}");
}
