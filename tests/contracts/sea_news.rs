//! sea-news: a token that expires costs one login, a rate limit is honoured and told, and label values hold braces.

use crate::kit::{Live, check, check_series, check_signals, example, plan, said};
use crate::support::{Act, Fake, http, json, metrics, redis, serve};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use warroom::plan::Signal;
use warroom::runtime::{Rounds, observe};

/// As prometheus-fastapi-instrumentator writes it; 200 requests a scrape, one of them a 5xx.
fn exposition(n: u64) -> String {
    format!(
        "# HELP http_requests_total Total number of requests by method, status and handler.\n\
         # TYPE http_requests_total counter\n\
         http_requests_total{{handler=\"/api/tasks/{{task_id}}\",method=\"GET\",status=\"2xx\"}} {:.1}\n\
         http_requests_total{{handler=\"/api/tasks/{{task_id}}\",method=\"GET\",status=\"5xx\"}} {:.1}\n\
         http_requests_total{{handler=\"none\",method=\"GET\",status=\"4xx\"}} 3.0\n\
         # TYPE http_requests_created gauge\n\
         http_requests_created{{handler=\"/api/tasks/{{task_id}}\",method=\"GET\",status=\"2xx\"}} 1.7e+09\n\
         # TYPE http_request_duration_highr_seconds histogram\n\
         http_request_duration_highr_seconds_bucket{{le=\"0.05\"}} {:.1}\n\
         http_request_duration_highr_seconds_bucket{{le=\"0.1\"}} {:.1}\n\
         http_request_duration_highr_seconds_bucket{{le=\"+Inf\"}} {:.1}\n\
         http_request_duration_highr_seconds_count {:.1}\n\
         http_request_duration_seconds_bucket{{handler=\"/api/tasks/{{task_id}}\",le=\"0.1\",method=\"GET\"}} {:.1}\n",
        199 * (n + 2),
        n + 1,
        180 * n,
        200 * n,
        200 * n,
        200 * n,
        200 * n,
    )
}

struct System {
    api: Fake,
    expired: Arc<AtomicBool>,
    limited: Arc<AtomicBool>,
    config: String,
}

impl System {
    fn start() -> Self {
        let (expired, limited) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let scrapes = AtomicU64::new(0);
        let (is_expired, is_limited) = (Arc::clone(&expired), Arc::clone(&limited));
        let api = serve(move |request| {
            let second = is_expired.load(Ordering::SeqCst);
            let token = if second { "Bearer second" } else { "Bearer first" };
            Act::Send(match request.path() {
                "/login" if request.body == r#"{"password":"hush-hush","username":"ops"}"# => json(&format!(
                    r#"{{"access_token":"{}","token_type":"bearer"}}"#,
                    if second { "second" } else { "first" }
                )),
                "/metrics" if is_limited.load(Ordering::SeqCst) => {
                    let body = br#"{"error":"Rate limit exceeded: 10 per 1 hour"}"#;
                    http(
                        "429 Too Many Requests",
                        "retry-after: 1800\r\ncontent-type: application/json\r\n",
                        body,
                    )
                }
                "/metrics" if request.header("authorization") == Some(token) => {
                    metrics(exposition(scrapes.fetch_add(1, Ordering::SeqCst)).as_bytes())
                }
                _ => http(
                    "401 Unauthorized",
                    "content-type: application/json\r\nwww-authenticate: Bearer\r\n",
                    br#"{"detail":"Invalid authentication credentials"}"#,
                ),
            })
        });
        let redis = redis(&[
            ("PING", "+PONG\r\n"),
            ("LLEN celery", ":42\r\n"),
            (
                "SCAN 0 MATCH celery-task-meta-* COUNT 500",
                "*2\r\n$1\r\n0\r\n*2\r\n$18\r\ncelery-task-meta-a\r\n$18\r\ncelery-task-meta-b\r\n",
            ),
            ("TTL celery-task-meta-a", ":86000\r\n"),
            ("TTL celery-task-meta-b", ":-1\r\n"),
        ]);
        warroom::io::secrets::provide(&[("SEA_USER", "ops"), ("SEA_PASSWORD", "hush-hush")]);
        let config = example(
            "sea-news",
            &[
                ("http://127.0.0.1:8000", api.url("")),
                ("redis://127.0.0.1:6379/0", format!("redis://{redis}/0")),
            ],
        );
        Self { api, expired, limited, config }
    }

    fn requests(&self, to: &str) -> usize {
        self.api.requests().iter().filter(|request| request.starts_with(to)).count()
    }
}

#[test]
fn the_example_shows_what_the_service_says() {
    let system = System::start();
    let model = observe(&plan(&system.config), Rounds::Two).unwrap();
    check(&model, "sea-news", &["up 1/1", "queue celery 42"]);
    // One of 200 was a 5xx; 90 % took up to 50 ms, the rest up to 100 ms.
    check_signals(&model, "sea-news", &[(Signal::Errors, Some(0.005)), (Signal::Latency, Some(0.075))]);
    check_series(
        &model,
        "http_requests_total",
        &system.api.address.to_string(),
        &[
            (
                r#"http_requests_total{handler="/api/tasks/{task_id}", instance="HOST", job="sea-news", method="GET", status="2xx"}"#,
                Some(199.0 * 3.0),
            ),
            (
                r#"http_requests_total{handler="/api/tasks/{task_id}", instance="HOST", job="sea-news", method="GET", status="5xx"}"#,
                Some(2.0),
            ),
            (
                r#"http_requests_total{handler="none", instance="HOST", job="sea-news", method="GET", status="4xx"}"#,
                Some(3.0),
            ),
        ],
    );
    check_series(
        &model,
        "warroom_queue_depth or warroom_redis_ttlless_keys",
        &redis_of(&system.config),
        &[
            (r#"warroom_queue_depth{instance="HOST", queue="celery", service="sea-news"}"#, Some(42.0)),
            (
                r#"warroom_redis_ttlless_keys{instance="HOST", pattern="celery-task-meta-*", service="sea-news"}"#,
                Some(1.0),
            ),
        ],
    );
    assert_eq!(system.requests("POST /login"), 1);
}

/// The address of the Redis in a configuration.
fn redis_of(config: &str) -> String {
    let rest = config.split_once("redis://").unwrap().1;
    rest.split_once('/').unwrap().0.to_owned()
}

#[test]
fn an_expired_token_costs_one_login() {
    let system = System::start();
    let mut live = Live::start(&plan(&system.config));
    assert!(live.hear("sea-news", "metrics").outcome.is_ok());
    system.expired.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        live.ask("sea-news", "metrics");
        let report = live.hear("sea-news", "metrics");
        assert!(report.outcome.is_ok(), "{:?}", report.outcome);
    }
    assert_eq!(system.requests("POST /login"), 2);
    assert_eq!(system.requests("GET /metrics"), 5, "one refused, four answered");
}

#[test]
fn wrong_credentials_are_told_and_do_not_hammer_the_login() {
    let system = System::start();
    let text = system.config.replace("env:SEA_PASSWORD", "env:SEA_USER");
    let mut live = Live::start(&plan(&text));
    for _ in 0..3 {
        live.ask("sea-news", "metrics");
        live.hear("sea-news", "metrics");
    }
    let said = said(&live.model, "sea-news");
    assert!(said.iter().any(|line| line.contains("401") && line.contains("login")), "{said:#?}");
    assert!(system.requests("POST /login") <= 3, "{:?}", system.api.requests());
    assert_eq!(system.requests("GET /metrics"), 0, "without a token there is nothing to ask");
}

#[test]
fn a_rate_limit_is_honoured_and_told() {
    let system = System::start();
    let mut live = Live::start(&plan(&system.config));
    live.hear("sea-news", "port");
    live.hear("sea-news", "celery");
    assert!(live.hear("sea-news", "metrics").outcome.is_ok());
    system.limited.store(true, Ordering::SeqCst);
    live.ask("sea-news", "metrics");
    live.hear("sea-news", "metrics");
    check(
        &live.model,
        "sea-news",
        &[
            "up 1/1",
            "unknown: metrics: HTTP 429: Rate limit exceeded: 10 per 1 hour (1 of 3), asked to wait 30m",
            "queue celery 42",
        ],
    );
    // Whatever the operator presses: the server is left alone.
    for _ in 0..3 {
        live.ask("sea-news", "metrics");
        live.ask("sea-news", "port");
        live.hear("sea-news", "port");
    }
    assert_eq!(system.requests("GET /metrics"), 2);
}
