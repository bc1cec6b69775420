//! The demo's fleet: its answers have the shapes they claim, its counters behave, its story can be mended.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use warroom::demo::{Answer, Ask, Fleet, Options, PASSWORD, Scenario, TOKEN, USER, World};
use warroom::units::Timestamp;

const BEGAN: Timestamp = Timestamp::from_millis(1_763_720_000_000);
const BEARER: &str = "Bearer warroom-demo";

fn world(scenario: Scenario) -> World {
    World::new(7, scenario, BEGAN, 1.0)
}

fn at(world: &mut World, second: u64) {
    world.advance(Duration::from_secs(second));
}

fn node(world: &World, name: &str, number: usize) -> usize {
    (0..world.nodes()).find(|n| world.node_name(*n) == Some((name, number))).expect("a process of that name")
}

fn get(world: &mut World, name: &str, path: &str) -> Answer {
    let node = node(world, name, 0);
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    world.answer(node, &Ask { method: "GET", path, query, ..Ask::default() })
}

fn post(world: &mut World, name: &str, path: &str, body: &str, key: Option<&str>) -> Answer {
    let node = node(world, name, 0);
    let ask = Ask {
        method: "POST",
        path,
        authorization: Some(BEARER),
        idempotency_key: key,
        reason: Some("test"),
        body: body.as_bytes(),
        ..Ask::default()
    };
    world.answer(node, &ask)
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.body))
}

/// Series (as written) and value of a metrics page; panics on a line that is neither.
fn series(body: &str) -> BTreeMap<String, f64> {
    body.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
            (series.to_owned(), value.parse().unwrap_or_else(|e| panic!("{e}: {line}")))
        })
        .collect()
}

fn metrics_path(name: &str) -> &'static str {
    if name == "checkout" { "/actuator/prometheus" } else { "/metrics" }
}

/// Share of a service's requests that failed between two pages.
fn failed_share(before: &str, after: &str, marker: &str) -> f64 {
    let grown = |filter: &dyn Fn(&str) -> bool| -> f64 {
        let (old, new) = (series(before), series(after));
        new.iter().filter(|(s, _)| filter(s)).map(|(s, v)| v - old.get(s).copied().unwrap_or(0.0)).sum()
    };
    grown(&|s| s.contains("_count{") && s.contains(marker)) / grown(&|s| s.contains("_count{")).max(1.0)
}

const PAGES: &[(&str, &str, &str)] = &[
    ("gateway", "/api/v1/health", "/status"),
    ("gateway", "/api/v1/health/detailed", "/services/redis/status"),
    ("gateway", "/api/v1/health/ready", "/status"),
    ("gateway", "/api/v1/health/live", "/status"),
    ("gateway", "/api/v1/health/queue/status", "/queue_length"),
    ("checkout", "/actuator/health", "/components/db/status"),
    ("checkout", "/actuator/info", "/build/version"),
    ("checkout", "/actuator/circuitbreakers", "/circuitBreakers/payments/state"),
    ("payments", "/health", "/checks/card-network:responseTime/0/status"),
    ("search", "/health", "/status"),
    ("search", "/health/detailed", "/cache"),
    ("search", "/api/circuit-breakers", "/database_queries/success_rate"),
    ("search", "/api/cache/stats", "/hit_rate"),
    ("search", "/api/performance/coalescing-stats", "/performance_improvement"),
    ("accounts", "/health", "/status"),
    ("catalog", "/api/v1/health", "/services/influxdb"),
    ("catalog", "/api/queues/length", "/active_queues/0/messages"),
    ("recommendations", "/api/health", "/model_loaded"),
    ("inventory", "/queues/api/queues", "/queues/0/counts/waiting"),
    ("worker", "/sidekiq/stats", "/sidekiq/enqueued"),
    ("worker", "/sidekiq/stats/queues", "/orders"),
];

#[test]
fn every_page_has_its_shape_at_every_stage_of_the_story() {
    for second in [0, 20, 90, 130, 200, 230, 300, 400] {
        let mut world = world(Scenario::Story);
        at(&mut world, second);
        for (name, path, pointer) in PAGES {
            let answer = get(&mut world, name, path);
            assert_eq!(answer.status, 200, "{second} {name} {path}: {}", answer.body);
            assert!(
                json(&answer).pointer(pointer).is_some(),
                "{second} {name} {path} {pointer}: {}",
                answer.body
            );
        }
        let ready = get(&mut world, "inventory", "/readyz?verbose");
        assert!(ready.status == 200 && ready.body.contains("[+]"));
        assert_eq!(get(&mut world, "worker", "/up").body, "OK");
        assert_eq!(get(&mut world, "gateway", "/nowhere").status, 404);
    }
}

#[test]
fn buckets_are_cumulative_and_counters_never_fall_unless_the_process_is_new() {
    for (scenario, steps) in [(Scenario::Story, 60), (Scenario::Steady, 10)] {
        let mut world = world(scenario);
        let mut before: BTreeMap<(usize, String), f64> = BTreeMap::new();
        for step in 0..steps {
            at(&mut world, step * 7);
            for node in 0..world.nodes() {
                let (name, _) = world.node_name(node).expect("a name");
                let ask = Ask { method: "GET", path: metrics_path(name), ..Ask::default() };
                let page = world.answer(node, &ask);
                assert_eq!(page.status, 200);
                let now = series(&page.body);
                check_buckets(&page.body);
                let started = now["process_start_time_seconds"];
                let reborn =
                    before.insert((node, "process_start_time_seconds".into()), started) != Some(started);
                for (series, value) in now {
                    let name = series.split('{').next().unwrap_or_default();
                    if ["_total", "_bucket", "_count", "_sum"].iter().any(|s| name.ends_with(s))
                        && !name.ends_with("waiting_count")
                    {
                        let old = before.insert((node, series.clone()), value).unwrap_or(0.0);
                        assert!(reborn || value >= old, "{series} fell from {old} to {value} at step {step}");
                    }
                }
            }
        }
    }
}

/// Within a histogram buckets follow each other: each is at least its predecessor, the last equals the count.
fn check_buckets(body: &str) {
    let mut last: Option<(String, f64)> = None;
    let mut seen = 0;
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value: f64 = value.parse().expect("a number");
        if let Some((head, _)) = series.split_once("le=\"") {
            if let Some((previous, least)) = last.take().filter(|(previous, _)| previous == head) {
                assert!(value >= least, "{previous} {line}");
            }
            last = (!series.contains("+Inf")).then(|| (head.to_owned(), value));
            if series.contains("+Inf") {
                seen += 1;
                let count = head.replace("_bucket", "_count").replace("{,", "{");
                let count = count.trim_end_matches(['{', ',']).to_owned();
                let count = if count.contains('{') { format!("{count}}}") } else { count };
                let counted = format!("\n{count} {value}\n");
                assert!(body.contains(&counted), "no {counted:?}");
            }
        }
    }
    assert!(seen > 0 || body.contains("rabbitmq"), "no histogram in {body}");
}

#[test]
fn the_same_seed_gives_the_same_answers_however_often_it_is_asked() {
    let everything = |seed: u64, stops: &[u64]| -> String {
        let mut world = World::new(seed, Scenario::Story, BEGAN, 1.0);
        for second in stops {
            at(&mut world, *second);
        }
        let pages: Vec<String> = (0..world.nodes())
            .map(|node| {
                let path = metrics_path(world.node_name(node).expect("a name").0);
                world.answer(node, &Ask { method: "GET", path, ..Ask::default() }).body
            })
            .collect();
        pages.concat()
    };
    let once = everything(7, &[333]);
    assert_eq!(once, everything(7, &[1, 2, 50, 51, 200, 333]));
    assert_eq!(once, everything(7, &[333, 12]), "time does not go back");
    assert_ne!(once, everything(8, &[333]));
}

#[test]
fn speed_and_gaps_are_bounded() {
    let mut fast = World::new(7, Scenario::Story, BEGAN, 10.0);
    fast.advance(Duration::from_secs(2));
    let version = json(&get(&mut fast, "checkout", "/actuator/info"))["build"]["version"].clone();
    assert_eq!(version, "2.14.0", "two seconds at ten times the speed are twenty");
    for speed in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        let mut odd = World::new(7, Scenario::Story, BEGAN, speed);
        odd.advance(Duration::MAX);
        assert_eq!(get(&mut odd, "search", "/health").status, 200, "{speed}");
        assert!(
            (0..odd.nodes()).all(|n| odd.next_change(n).is_none_or(|at| at < Duration::from_secs(1 << 50)))
        );
    }
}

#[test]
fn the_bad_version_fails_four_percent_and_a_rollback_mends_it() {
    let mut world = world(Scenario::BadDeploy);
    at(&mut world, 20);
    let before = get(&mut world, "checkout", "/actuator/prometheus").body;
    at(&mut world, 80);
    let after = get(&mut world, "checkout", "/actuator/prometheus").body;
    let bad = failed_share(&before, &after, "status=\"503\"");
    assert!((0.03..0.06).contains(&bad), "{bad}");

    let taken = post(&mut world, "checkout", "/admin/rollback", r#"{"version":"2.13.2"}"#, None);
    assert_eq!(taken.status, 202, "{}", taken.body);
    at(&mut world, 100);
    let before = get(&mut world, "checkout", "/actuator/prometheus").body;
    at(&mut world, 200);
    let after = get(&mut world, "checkout", "/actuator/prometheus").body;
    let good = failed_share(&before, &after, "status=\"503\"");
    assert!(good < 0.005, "{good}");
    assert_eq!(json(&get(&mut world, "checkout", "/actuator/info"))["build"]["version"], "2.13.2");
}

#[test]
fn the_wrong_remedy_does_not_mend_and_costs_an_outage() {
    let mut world = world(Scenario::BadDeploy);
    at(&mut world, 30);
    assert_eq!(post(&mut world, "checkout", "/admin/restart", "", None).status, 202);
    at(&mut world, 32);
    assert!(!world.listens(node(&world, "checkout", 0)));
    assert!(world.listens(node(&world, "checkout", 1)), "one after the other");
    at(&mut world, 100);
    let before = get(&mut world, "checkout", "/actuator/prometheus").body;
    at(&mut world, 160);
    let after = get(&mut world, "checkout", "/actuator/prometheus").body;
    assert!(failed_share(&before, &after, "status=\"503\"") > 0.03, "a restart does not mend a bad version");

    // Back to a version whose schema is gone: the job fails, and one process was restarted for nothing.
    let taken = post(&mut world, "checkout", "/admin/rollback", r#"{"version":"2.12.0"}"#, None);
    let job = json(&taken)["id"].as_str().expect("an id").to_owned();
    at(&mut world, 180);
    let node = node(&world, "checkout", 0);
    let path = format!("/admin/jobs/{job}");
    let ask = Ask { method: "GET", path: &path, authorization: Some(BEARER), ..Ask::default() };
    let job = json(&world.answer(node, &ask));
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(job["reason"], "test");
    assert_eq!(json(&get(&mut world, "checkout", "/actuator/info"))["build"]["version"], "2.14.0");
}

#[test]
fn a_flush_mends_the_poisoned_cache_and_harms_a_good_one() {
    let hit_rate = |world: &mut World| {
        json(&get(world, "search", "/api/cache/stats"))["hit_rate"].as_f64().expect("a rate")
    };
    let mut ill = world(Scenario::CacheLost);
    at(&mut ill, 40);
    assert!(hit_rate(&mut ill) < 10.0);
    assert_eq!(post(&mut ill, "search", "/admin/cache/flush", "", None).status, 202);
    at(&mut ill, 120);
    assert!(hit_rate(&mut ill) > 85.0);

    let mut well = world(Scenario::Steady);
    at(&mut well, 40);
    assert!(hit_rate(&mut well) > 85.0);
    post(&mut well, "search", "/admin/cache/flush", "", None);
    at(&mut well, 43);
    assert!(hit_rate(&mut well) < 40.0);
    assert_eq!(post(&mut well, "payments", "/admin/cache/flush", "", None).status, 404);
}

#[test]
fn a_restart_frees_the_stuck_worker_and_shows_its_stages() {
    let depth = |world: &mut World| {
        json(&get(world, "worker", "/sidekiq/stats"))["sidekiq"]["enqueued"].as_f64().expect("a depth")
    };
    let mut world = world(Scenario::QueueBacksUp);
    at(&mut world, 60);
    let stuck = depth(&mut world);
    assert!(stuck > 1000.0, "{stuck}");
    let worker = node(&world, "worker", 0);
    assert_eq!(post(&mut world, "worker", "/admin/restart", "", None).status, 202);
    for (second, listens, status) in
        [(60, true, 200), (61, false, 0), (63, false, 0), (64, true, 503), (65, true, 503), (66, true, 200)]
    {
        at(&mut world, second);
        assert_eq!(world.listens(worker), listens, "{second}");
        if listens {
            assert_eq!(get(&mut world, "worker", "/up").status, status, "{second}");
        }
    }
    at(&mut world, 120);
    assert!(depth(&mut world) < 50.0, "worked off");
}

#[test]
fn the_breaker_opens_tries_again_and_closes() {
    let mut world = world(Scenario::BreakerOpens);
    let mut seen = Vec::new();
    for second in 0..180 {
        at(&mut world, second);
        let breakers = json(&get(&mut world, "checkout", "/actuator/circuitbreakers"));
        let state = breakers["circuitBreakers"]["payments"]["state"].as_str().expect("a state").to_owned();
        let gauge = series(&get(&mut world, "gateway", "/metrics").body)["chat_orchestrator_circuit_breaker"];
        assert_eq!(gauge > 0.5, state == "OPEN", "the gateway's gauge says the same");
        if seen.last() != Some(&state) {
            seen.push(state);
        }
    }
    assert_eq!(seen.first().map(String::as_str), Some("CLOSED"));
    assert!(seen.windows(2).any(|w| w == ["OPEN", "HALF_OPEN"]), "{seen:?}");
    assert!(seen.windows(2).any(|w| w == ["HALF_OPEN", "OPEN"]), "{seen:?}");
    assert!(seen.ends_with(&["HALF_OPEN".to_owned(), "CLOSED".to_owned()]), "{seen:?}");
}

#[test]
fn the_story_shows_trouble_early_and_comes_round() {
    let mut world = world(Scenario::Story);
    at(&mut world, 2);
    assert_eq!(json(&get(&mut world, "recommendations", "/api/health"))["model_loaded"], false);
    assert_eq!(json(&get(&mut world, "catalog", "/api/v1/health"))["status"], "degraded");
    at(&mut world, 14);
    assert_eq!(json(&get(&mut world, "checkout", "/actuator/info"))["build"]["version"], "2.14.0");
    at(&mut world, 410);
    for (name, path) in
        [("payments", "/health"), ("catalog", "/api/v1/health"), ("search", "/health/detailed")]
    {
        let status = json(&get(&mut world, name, path))["status"].clone();
        assert!(status == "healthy" || status == "pass", "{name} {status}");
    }
    at(&mut world, 420 + 14);
    assert_eq!(json(&get(&mut world, "checkout", "/actuator/info"))["build"]["version"], "2.14.0");
}

#[test]
fn admin_routes_keep_to_the_convention() {
    let mut world = world(Scenario::Steady);
    at(&mut world, 5);
    for (method, path, body, authorization, status) in [
        ("GET", "/admin/versions", "", None, 401),
        ("POST", "/admin/restart", "", Some("Bearer wrong"), 401),
        ("POST", "/admin/restart", "", Some("Basic warroom-demo"), 401),
        ("GET", "/admin/versions", "", Some(BEARER), 200),
        ("GET", "/admin/restart", "", Some(BEARER), 405),
        ("POST", "/admin/nothing", "", Some(BEARER), 404),
        ("GET", "/admin/jobs/99", "", Some(BEARER), 404),
        ("GET", "/admin/jobs/18446744073709551616", "", Some(BEARER), 404),
        ("POST", "/admin/rollback", "", Some(BEARER), 422),
        ("POST", "/admin/rollback", "{}", Some(BEARER), 422),
        ("POST", "/admin/rollback", r#"{"version":"9.9.9"}"#, Some(BEARER), 422),
        ("POST", "/api/v1/health", "", None, 405),
    ] {
        let ask = Ask { method, path, authorization, body: body.as_bytes(), ..Ask::default() };
        let answer = world.answer(0, &ask);
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.body);
        assert_eq!(status == 401, answer.headers.iter().any(|(name, _)| *name == "www-authenticate"));
    }
    let first = post(&mut world, "gateway", "/admin/restart", "", Some("key-1"));
    let again = post(&mut world, "gateway", "/admin/restart", "", Some("key-1"));
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(json(&first)["id"], json(&again)["id"]);
    let location =
        |answer: &Answer| answer.headers.iter().find(|(name, _)| *name == "location").map(|(_, v)| v.clone());
    assert_eq!(
        location(&first),
        Some(format!("/admin/jobs/{}", json(&first)["id"].as_str().expect("an id")))
    );
    let misused = post(&mut world, "gateway", "/admin/rollback", r#"{"version":"1.31.1"}"#, Some("key-1"));
    assert_eq!(misused.status, 422);
    let busy = post(&mut world, "gateway", "/admin/restart", "", Some("key-2"));
    assert_eq!((busy.status, location(&busy)), (409, location(&first)));
    at(&mut world, 60);
    assert_eq!(post(&mut world, "gateway", "/admin/restart", "", Some("key-2")).status, 202);
}

#[test]
fn logins_and_basic_credentials_open_what_they_should() {
    let mut world = world(Scenario::Steady);
    let accounts = node(&world, "accounts", 0);
    let refused = get(&mut world, "accounts", "/api/sessions");
    assert_eq!(
        (refused.status, json(&refused)["detail"].as_str()),
        (401, Some("Invalid authentication credentials"))
    );
    assert_eq!(
        post(&mut world, "accounts", "/login", r#"{"user":"demo","password":"no"}"#, None).status,
        401
    );
    assert_eq!(post(&mut world, "accounts", "/login", "not json", None).status, 401);
    let body = format!("{{\"user\":\"{USER}\",\"password\":\"{PASSWORD}\"}}");
    let token = json(&post(&mut world, "accounts", "/login", &body, None))["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    let ask = Ask { method: "GET", path: "/api/sessions", authorization: Some(&bearer), ..Ask::default() };
    assert_eq!(world.answer(accounts, &ask).status, 200);

    let broker = node(&world, "broker", 0);
    let ask = Ask { method: "GET", path: "/api/queues", ..Ask::default() };
    assert_eq!(world.answer(broker, &ask).status, 401);
    // demo:warroom
    let ask = Ask { authorization: Some("Basic ZGVtbzp3YXJyb29t"), ..ask };
    let queues = world.answer(broker, &ask);
    assert!(json(&queues)[0]["messages_ready"].is_number(), "{}", queues.body);
}

#[test]
fn openmetrics_is_spoken_where_it_is_asked_for() {
    let mut world = world(Scenario::Steady);
    let payments = node(&world, "payments", 0);
    let accept = Some("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3");
    let open = world.answer(payments, &Ask { method: "GET", path: "/metrics", accept, ..Ask::default() });
    assert!(open.content_type.starts_with("application/openmetrics-text") && open.body.ends_with("# EOF\n"));
    assert!(open.body.contains("# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total "));
    let plain = get(&mut world, "payments", "/metrics");
    assert!(plain.content_type.starts_with("text/plain") && !plain.body.contains("# EOF"));
    assert!(plain.body.contains("# TYPE process_cpu_seconds_total counter\n"));
}

#[test]
fn warroom_reads_every_answer_without_a_complaint() {
    use warroom::decode::{Reply, Source, decode};
    use warroom::exposition::{Cache, Format};
    use warroom::labels::Labels;
    use warroom::target::{Keep, Verdict};

    let fleet = Fleet::start(Options::default()).expect("a fleet");
    let source = warroom::config::Source { name: "demo.toml".to_owned(), text: fleet.config_toml() };
    let config = warroom::config::load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut world = world(Scenario::Steady);
    at(&mut world, 30);
    let none = Labels::empty();
    for (name, service) in &config.services {
        for poll in &service.polls {
            let process = node(&world, name, 0);
            let path = poll.path.split('?').next().unwrap_or_default();
            let answer = world.answer(process, &Ask { method: "GET", path, ..Ask::default() });
            if answer.status == 401 {
                continue;
            }
            let body = answer.body.as_bytes();
            if poll.kind.word() == "metrics" {
                let mut cache = Cache::new(none.clone());
                let scrape = cache.scrape(body, Format::Text, &Keep::All, BEGAN);
                assert!(scrape.samples.len() > 8, "{name}: {}", scrape.samples.len());
                assert_eq!(scrape.bad_lines, 0, "{name}");
                continue;
            }
            let source = Source { service: name, instance: "i", poll: &poll.name, labels: &none, at: BEGAN };
            let reply = Reply { status: answer.status, content_type: Some(answer.content_type), body };
            let decoded =
                decode(&poll.kind, &source, &reply).unwrap_or_else(|e| panic!("{name} {}: {e}", poll.name));
            assert!(decoded.warnings.is_empty(), "{name} {}: {:?}", poll.name, decoded.warnings);
            match poll.kind.word() {
                "health" => assert_eq!(decoded.observation.verdict, Verdict::Up, "{name}: {}", answer.body),
                "queues" => assert!(!decoded.observation.queues.is_empty(), "{name} {}", poll.name),
                "breakers" => assert!(!decoded.observation.breakers.is_empty(), "{name} {}", poll.name),
                _ => assert!(!decoded.samples.is_empty(), "{name} {}", poll.name),
            }
        }
    }
}

/// A request over a real socket: status and everything after the head.
fn request(url: &str, text: &str) -> std::io::Result<(u16, String)> {
    let address: SocketAddr = url.strip_prefix("http://").expect("http").parse().expect("an address");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(text.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok((status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

fn http_get(url: &str, path: &str) -> std::io::Result<(u16, String)> {
    request(url, &format!("GET {path} HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n"))
}

#[test]
fn the_fleet_answers_over_real_sockets_and_is_gone_when_dropped() {
    let fleet = Fleet::start(Options::default()).expect("a fleet");
    assert_eq!(fleet.services().len(), 12);
    for service in fleet.services() {
        let (status, body) = http_get(&service.url, metrics_path(&service.name)).expect("an answer");
        assert_eq!(status, 200, "{}", service.name);
        assert!(series(&body).contains_key("process_start_time_seconds"), "{}", service.name);
    }
    let huge = "x".repeat(100_000);
    let head = format!(
        "POST /admin/restart HTTP/1.1\r\nhost: demo\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        huge.len()
    );
    let first = fleet.services()[0].url.clone();
    // The server may answer 413 and close before all of it is sent.
    if let Ok((status, _)) = request(&first, &(head + &huge)) {
        assert_eq!(status, 413);
    }
    assert!(request(&first, "nonsense\r\n\r\n").is_ok_and(|(status, _)| status == 400));
    assert_eq!(http_get(&first, "/api/v1/health").expect("still there").0, 200);
    drop(fleet);
    assert!(http_get(&first, "/api/v1/health").is_err());
}

#[test]
fn a_restarting_process_really_refuses_connections_and_comes_back_on_its_port() {
    let fleet = Fleet::start(Options { speed: 20.0, scenario: Scenario::Steady, ..Options::default() })
        .expect("a fleet");
    let worker = fleet.services().iter().find(|s| s.name == "worker").expect("a worker").url.clone();
    let restart = format!(
        "POST /admin/restart HTTP/1.1\r\nhost: demo\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    assert_eq!(request(&worker, &restart).expect("an answer").0, 202);
    let mut outcomes = Vec::new();
    // Each try is an event of its own; the restart takes a quarter of a second at this speed.
    for _ in 0..2_000_000 {
        let outcome = match http_get(&worker, "/up") {
            Ok((status, _)) => status,
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => 1,
            Err(_) => 2,
        };
        if outcomes.last() != Some(&outcome) {
            outcomes.push(outcome);
        }
        if outcomes.contains(&1) && outcome == 200 {
            break;
        }
    }
    assert!(outcomes.contains(&1), "refused at some time: {outcomes:?}");
    assert!(outcomes.contains(&503), "starting at some time: {outcomes:?}");
    assert_eq!(outcomes.last(), Some(&200), "{outcomes:?}");
}

#[test]
fn the_configuration_is_toml_that_names_every_process_once() {
    let fleet = Fleet::start(Options::default()).expect("a fleet");
    let text = fleet.config_toml();
    let config: toml::Table = text.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(config["schema"].as_integer(), Some(1));
    let services = config["service"].as_table().expect("services");
    assert_eq!(services.len(), 10);
    for service in fleet.services() {
        let instances = services[&service.name]["instances"].as_array().expect("instances");
        assert!(instances.iter().any(|i| i.as_str() == Some(&service.url)), "{}", service.name);
        assert_eq!(text.matches(&format!("\"{}\"", service.url)).count(), 1);
    }
    let source = warroom::config::Source { name: "demo.toml".to_owned(), text: text.clone() };
    if let Err(problems) = warroom::config::load(&[source]) {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"));
    }
    // Every path that is polled answers.
    let mut world = world(Scenario::Steady);
    for (name, service) in services {
        for (poll, table) in service["poll"].as_table().expect("polls") {
            let Some(path) = table.get("path").and_then(toml::Value::as_str) else { continue };
            let status = get(&mut world, name, path).status;
            assert!(status == 200 || status == 401, "{name} {poll} {path}: {status}");
        }
    }
    for (name, value) in Fleet::secrets() {
        assert!(text.contains(&format!("env:{name}")), "{name}");
        assert!(
            !text.contains(&format!("\"{value}\"")) || name == "WARROOM_DEMO_USER",
            "{name} is written out"
        );
    }
}
