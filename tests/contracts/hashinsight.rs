//! hashinsight: keys that rotate, breakers, numbers in three spellings, and its own SLO page.

use crate::kit::{
    Live, Simulated, check, check_series, check_signals, example, plan, points, strange_labels,
};
use crate::support::{Act, Fake, http, json, metrics, serve};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use warroom::plan::Signal;
use warroom::runtime::{Rounds, observe};

pub const HEALTH: &str = r#"{"status":"healthy","timestamp":"2025-10-03T08:00:00Z","database":"connected","cache":"available","version":"2.0.0"}"#;
pub const BREAKERS: &str = r#"{"database_queries":{"state":"closed","failure_count":0,"total_calls":1234,"success_rate":"99.8%"},"external_api":{"state":"half_open","failure_count":3,"total_calls":456,"success_rate":"95.2%"}}"#;
const CACHE: &str =
    r#"{"cache_type":"redis","hit_rate":75.5,"total_requests":10000,"hits":7550,"misses":2450}"#;
const CACHE_MEMORY: &str =
    r#"{"cache_type":"memory","size_mb":124.5,"entries":5432,"hit_rate":82.3,"evictions":234}"#;
const COALESCING: &str = r#"{"enabled":true,"total_requests":98234,"deduplicated_requests":85432,"performance_improvement":"9.8x","cache_size":12}"#;
const SLO: &str = r#"{"availability":{"target":"99.95%","current":"99.97%"},"error_budget_remaining":0.42,"compliant":true}"#;

/// /metrics after `scrapes` scrapes: 1000 requests each, two of them a 500; 95 % within 175 ms.
pub fn exposition(scrapes: u64) -> String {
    exposition_with(scrapes, Some(30 + 2 * scrapes))
}

/// The same with so many errors since the start; none: there was never one, and so no series of them.
pub fn exposition_with(n: u64, errors: Option<u64>) -> String {
    let good = 90_030 + 1000 * n - errors.unwrap_or(0);
    let errors = errors.map_or_else(String::new, |errors| {
        format!(
            "hashinsight_requests_total{{method=\"GET\",endpoint=\"/api/risk\",status=\"500\"}} {errors}\n"
        )
    });
    let mut body = format!(
        "# HELP hashinsight_requests_total Total requests\n# TYPE hashinsight_requests_total counter\n\
         hashinsight_requests_total{{method=\"GET\",endpoint=\"/api/risk\",status=\"200\"}} {good}\n{errors}\
         # TYPE hashinsight_request_latency_seconds histogram\n"
    );
    for (le, share) in [
        ("0.01", 100),
        ("0.05", 600),
        ("0.1", 900),
        ("0.25", 1000),
        ("0.5", 1000),
        ("1.0", 1000),
        ("2.5", 1000),
        ("5.0", 1000),
        ("+Inf", 1000),
    ] {
        let _ = writeln!(
            body,
            "hashinsight_request_latency_seconds_bucket{{method=\"GET\",endpoint=\"/api/risk\",le=\"{le}\"}} {}",
            share * (90 + n)
        );
    }
    body + &format!(
        "hashinsight_request_latency_seconds_count{{method=\"GET\",endpoint=\"/api/risk\"}} {}\n\
         hashinsight_request_latency_seconds_sum{{method=\"GET\",endpoint=\"/api/risk\"}} {}\n\
         # TYPE hashinsight_error_rate gauge\nhashinsight_error_rate 0.002\n\
         hashinsight_cache_hit_rate 75.5\nhashinsight_db_connection_pool_size 20\n\
         hashinsight_db_connection_pool_active 3\nhashinsight_slo_error_budget_remaining 0.42\n\
         hashinsight_slo_compliance{{slo_type=\"availability\"}} 1\nhashinsight_circuit_breaker_state 0\n",
        1000 * (90 + n),
        70 * (90 + n)
    )
}

/// How the service does.
#[derive(Default)]
pub struct Mood {
    /// So many of each scrape's thousand requests are a 500.
    pub errors: AtomicU64,
    /// Neither the API nor the metrics answer.
    pub gone: AtomicBool,
}

impl Mood {
    pub fn err(&self, of_a_thousand: u64) {
        self.errors.store(of_a_thousand, Ordering::SeqCst);
    }

    pub fn go(&self, gone: bool) {
        self.gone.store(gone, Ordering::SeqCst);
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }
}

/// The API with the key that is valid now, and the metrics.
pub struct Service {
    pub api: Fake,
    pub metrics: Fake,
    pub key: Arc<Mutex<String>>,
    folder: tempfile::TempDir,
}

impl Service {
    pub fn start() -> Self {
        Self::of(&Arc::default(), |n, _| exposition(n))
    }

    /// Fine at first, without an error ever, and then as the mood says.
    pub fn moody(mood: &Arc<Mood>) -> Self {
        Self::of(mood, |n, errors| exposition_with(n, (errors > 0).then_some(errors)))
    }

    fn of(mood: &Arc<Mood>, exposition: fn(u64, u64) -> String) -> Self {
        let key = Arc::new(Mutex::new("hsi_prod_key_two".to_owned()));
        let valid = Arc::clone(&key);
        let state = Arc::clone(mood);
        let api = serve(move |request| {
            if state.is_gone() {
                return Act::Close(Vec::new());
            }
            let wanted = format!("Bearer {}", valid.lock().unwrap());
            if request.header("authorization") != Some(wanted.as_str()) {
                let body = br#"{"error":{"code":"AUTH_001","message":"Invalid API key"}}"#;
                return Act::Send(http("401 Unauthorized", "content-type: application/json\r\n", body));
            }
            Act::Send(match request.path() {
                "/health/detailed" => json(HEALTH),
                "/api/circuit-breakers" => json(BREAKERS),
                "/api/cache/stats" => json(CACHE),
                "/api/cache/memory-stats" => json(CACHE_MEMORY),
                "/api/performance/coalescing-stats" => json(COALESCING),
                "/api/slo/status" => json(SLO),
                _ => http("404 Not Found", "", b""),
            })
        });
        let (scrapes, errors, state) = (AtomicU64::new(0), AtomicU64::new(0), Arc::clone(mood));
        let metrics = serve(move |_| {
            if state.is_gone() {
                return Act::Close(Vec::new());
            }
            let more = state.errors.load(Ordering::SeqCst);
            let errors = errors.fetch_add(more, Ordering::SeqCst) + more;
            Act::Send(metrics(exposition(scrapes.fetch_add(1, Ordering::SeqCst), errors).as_bytes()))
        });
        let service = Self { api, metrics, key, folder: tempfile::tempdir().unwrap() };
        service.write_key("one", "hsi_prod_key_one");
        service.write_key("two", "hsi_prod_key_two");
        service
    }

    /// Writes a key where the configuration reads it.
    pub fn write_key(&self, name: &str, value: &str) {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.folder.path().join(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
        file.write_all(value.as_bytes()).unwrap();
    }

    /// The shipped example for this service.
    pub fn config(&self) -> String {
        let file = |name: &str| format!("\"file:{}\"", self.folder.path().join(name).display());
        example(
            "hashinsight",
            &[
                ("http://127.0.0.1:5000", self.api.url("")),
                ("port = 9090", format!("port = {}", self.metrics.address.port())),
                ("\"env:HSI_KEY\"", file("one")),
                ("\"env:HSI_KEY_NEXT\"", file("two")),
            ],
        )
    }
}

#[test]
fn the_example_shows_what_the_service_says() {
    let service = Service::start();
    let model = observe(&plan(&service.config()), Rounds::Two).unwrap();
    check(
        &model,
        "hashinsight",
        &[
            "degraded 1/1",
            "version 2.0.0",
            "degraded: external_api breaker HALF-OPEN",
            "component cache Up available",
            "component database Up connected",
            "breaker external_api HALF-OPEN 3 of 456, 0.952",
            "breaker database_queries closed 0 of 1234, 0.998",
            "number hashinsight_cache_hit_ratio 0.755",
            "number hashinsight_cache_requests 10000",
            "number hashinsight_cache_size_bytes 130547712",
            "number hashinsight_cache_evictions 234",
            "number hashinsight_coalesced_requests 85432",
            "number hashinsight_coalescing_gain 9.8",
        ],
    );
    check_signals(&model, "hashinsight", &[(Signal::Errors, Some(0.002)), (Signal::Latency, Some(0.175))]);
    let metrics = service.metrics.address.to_string();
    check_series(
        &model,
        r#"{__name__=~"up|scrape_samples_scraped|hashinsight_requests_total"}"#,
        &metrics,
        &[
            (
                r#"hashinsight_requests_total{endpoint="/api/risk", instance="HOST", job="hashinsight", method="GET", status="200"}"#,
                None,
            ),
            (
                r#"hashinsight_requests_total{endpoint="/api/risk", instance="HOST", job="hashinsight", method="GET", status="500"}"#,
                None,
            ),
            (r#"scrape_samples_scraped{instance="HOST", job="hashinsight"}"#, Some(20.0)),
            (r#"up{instance="HOST", job="hashinsight"}"#, Some(1.0)),
        ],
    );
    let api = service.api.address.to_string();
    check_series(
        &model,
        r#"{__name__=~"warroom_breaker_state|warroom_component_up|probe_http_status_code", probe=~"health|"}"#,
        &api,
        &[
            (
                r#"probe_http_status_code{instance="HOST", probe="health", service="hashinsight"}"#,
                Some(200.0),
            ),
            (
                r#"warroom_breaker_state{breaker="database_queries", instance="HOST", service="hashinsight"}"#,
                Some(0.0),
            ),
            (
                r#"warroom_breaker_state{breaker="external_api", instance="HOST", service="hashinsight"}"#,
                Some(2.0),
            ),
            (r#"warroom_component_up{component="cache", instance="HOST", service="hashinsight"}"#, Some(1.0)),
            (
                r#"warroom_component_up{component="database", instance="HOST", service="hashinsight"}"#,
                Some(1.0),
            ),
        ],
    );
    let own = ["method", "endpoint", "status", "le", "slo_type"];
    assert_eq!(strange_labels(&model, r#"{job="hashinsight"}"#, &own), Vec::<String>::new());
    assert!(points(&model, "hashinsight_db_connection_pool_size").is_empty(), "nobody asked for it");
    // The metrics have a port of their own; the key is for the API only.
    let leaked = service.metrics.requests().into_iter().filter(|request| request.contains("hsi_prod_key"));
    assert_eq!(leaked.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn keys_rotate_while_it_runs() {
    let service = Service::start();
    let mut live = Live::start(&plan(&service.config()));
    assert!(
        live.hear("hashinsight", "health").outcome.is_ok(),
        "the first key is refused, the second accepted"
    );
    // Neither is good any more, and the operator has not put the new one there yet.
    "hsi_prod_key_three".clone_into(&mut service.key.lock().unwrap());
    live.ask("hashinsight", "health");
    live.hear("hashinsight", "health");
    let reasons: Vec<String> = crate::kit::said(&live.model, "hashinsight");
    let told = "unknown: health: HTTP 401: credentials refused: AUTH_001: Invalid API key (1 of 3)";
    assert!(reasons.iter().any(|line| line == told), "{reasons:#?}");
    service.write_key("one", "hsi_prod_key_three\n");
    // What was read is kept for a moment, so that a refusing server does not make warroom read files all day.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::time::Instant::now() < until {
        live.ask("hashinsight", "health");
        if live.hear("hashinsight", "health").outcome.is_ok() {
            return;
        }
    }
    panic!("the new key was never read: {:#?}", crate::kit::said(&live.model, "hashinsight"));
}

#[test]
fn error_codes_of_bodies_are_told() {
    let plan = plan(&example("hashinsight", &[]));
    for (status, body, expected) in [
        (403, r#"{"error":{"code":"AUTH_002","message":"Forbidden"}}"#, "HTTP 403: AUTH_002: Forbidden"),
        (
            500,
            r#"{"error_code":"DB_001","message":"Connection failed"}"#,
            "HTTP 500: DB_001: Connection failed",
        ),
        (500, r#"{"code":"DB_002","error":"Query timeout"}"#, "HTTP 500: DB_002: Query timeout"),
        (503, r#"{"error":"Cache down","code":"CACHE_001"}"#, "HTTP 503: CACHE_001: Cache down"),
        (429, r#"{"error":{"code":"API_001","message":"Rate limit"}}"#, "HTTP 429: API_001: Rate limit"),
    ] {
        let mut simulated = Simulated::start(&plan);
        simulated.poll(0.0, "hashinsight", "health", Ok((200, HEALTH)));
        simulated.poll(1.0, "hashinsight", "cache", Ok((status, body)));
        let said = crate::kit::said(&simulated.model, "hashinsight");
        let expected = format!("degraded: cache: {expected}");
        assert!(said.contains(&expected), "{said:#?} without {expected}");
    }
}

#[test]
fn its_own_slo_page_can_be_asked_for_numbers() {
    let service = Service::start();
    let text = service.config()
        + r#"
[service.hashinsight.poll.slo]
kind = "json"
path = "/api/slo/status"
series = { hashinsight_own_budget_left_30m_ratio = "/error_budget_remaining", hashinsight_own_availability_ratio = "/availability/current" }
"#;
    let mut live = Live::start(&plan(&text));
    live.hear("hashinsight", "slo");
    let said = crate::kit::said(&live.model, "hashinsight");
    for line in [
        "number hashinsight_own_budget_left_30m_ratio 0.42",
        "number hashinsight_own_availability_ratio 0.9997",
    ] {
        assert!(said.iter().any(|said| said == line), "{said:#?}");
    }
}

#[test]
fn figures_are_those_of_the_counters_from_the_second_scrape_on() {
    let mut simulated = Simulated::start(&plan(&example("hashinsight", &[])));
    for scrape in 0..=40_u64 {
        let body = exposition(scrape);
        simulated.poll(scrape as f64 * 15.0, "hashinsight", "metrics", Ok((200, &body)));
        // From the second scrape on: a window that is not covered yet must not thin the rate out.
        if scrape > 0 {
            check_signals(
                &simulated.model,
                "hashinsight",
                &[
                    (Signal::Requests, Some(1000.0 / 15.0)),
                    (Signal::Errors, Some(0.002)),
                    (Signal::Latency, Some(0.175)),
                ],
            );
        }
    }
}

/// Two gunicorn workers that share no metrics: each has its own counters and start time.
#[test]
fn workers_without_shared_metrics_are_told_apart() {
    let mut simulated = Simulated::start(&plan(&example("hashinsight", &[])));
    let born = simulated.at(-3600.0).seconds() as u64;
    for scrape in 0..=60_u64 {
        let worker = scrape % 2;
        // Each serves 500 requests in 15 s; the second has counted for longer.
        let total = 500 * scrape + worker * 70_000;
        let body = format!(
            "hashinsight_requests_total{{method=\"GET\",endpoint=\"/\",status=\"200\"}} {total}\n\
             process_start_time_seconds {}\n",
            born + worker * 7
        );
        simulated.poll(scrape as f64 * 15.0, "hashinsight", "metrics", Ok((200, &body)));
    }
    check_signals(
        &simulated.model,
        "hashinsight",
        // No 5xx series at all means no errors, and not that nothing is known.
        &[(Signal::Requests, Some(1000.0 / 15.0)), (Signal::Errors, Some(0.0))],
    );
    let said = crate::kit::said(&simulated.model, "hashinsight");
    assert!(said.iter().any(|line| line.starts_with("warning metrics: ")), "{said:#?}");
    assert!(!said.iter().any(|line| line.contains("warming")), "{said:#?}");
}
