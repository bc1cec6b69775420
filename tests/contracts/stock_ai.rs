//! stock-ai: Flower and Redis tell of the same queue; raw paths make ten thousand series.

use crate::kit::{check, check_signals, example, plan, points, strange_labels};
use crate::support::{Act, Fake, http, json, metrics, redis, serve};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use warroom::plan::Signal;
use warroom::runtime::{Rounds, observe};

const HEALTH: &str = r#"{"status":"healthy","timestamp":"2025-10-31T08:00:00.123456","version":"1.0.0","services":{"database":"healthy","redis":"healthy","influxdb":"healthy"}}"#;
const FLOWER: &str = r#"{"active_queues":[{"name":"celery","messages":7},{"name":"reports","messages":2}]}"#;
const PATHS: u64 = 1000;

/// A thousand raw paths; in each scrape every path got 10 requests, and one of the first path's was a 500.
fn exposition(n: u64) -> String {
    let mut body = String::from("# TYPE http_requests_total counter\n");
    for path in 0..PATHS {
        let labels = format!("method=\"GET\",endpoint=\"/api/v1/stocks/{path}/quote\"");
        let _ = writeln!(body, "http_requests_total{{{labels},status=\"200\"}} {}", 50 + 10 * n);
        for (le, share) in [("0.1", 8), ("0.5", 10), ("+Inf", 10)] {
            let _ = writeln!(
                body,
                "http_request_duration_seconds_bucket{{{labels},le=\"{le}\"}} {}",
                share * (5 + n)
            );
        }
        // Names that nobody asks for make up the rest.
        for (name, count) in
            [("http_request_duration_seconds_sum", n), ("http_request_duration_seconds_count", n)]
        {
            let _ = writeln!(body, "{name}{{{labels}}} {count}");
        }
        for query in ["select", "insert", "update", "delete"] {
            let _ = writeln!(
                body,
                "db_query_duration_seconds_count{{query_type=\"{query}\",shard=\"{path}\"}} {n}"
            );
        }
    }
    let _ = writeln!(
        body,
        "http_requests_total{{method=\"GET\",endpoint=\"/api/v1/stocks/0/quote\",status=\"500\"}} {}\n\
         active_connections 12\ncache_hits_total{{cache_type=\"quotes\"}} 7\n\
         celery_task_total{{task_name=\"predict\",status=\"SUCCESS\"}} 9",
        500 + 100 * n
    );
    body
}

struct System {
    api: Fake,
    _flower: Fake,
    config: String,
}

fn system(celery: &str) -> System {
    let scrapes = AtomicU64::new(0);
    let api = serve(move |request| {
        Act::Send(match request.path() {
            "/api/v1/health" => json(HEALTH),
            "/metrics" => metrics(exposition(scrapes.fetch_add(1, Ordering::SeqCst)).as_bytes()),
            _ => http("404 Not Found", "", b""),
        })
    });
    let flower = serve(|request| {
        assert_eq!(request.path(), "/api/queues/length");
        Act::Send(json(FLOWER))
    });
    let redis = redis(&[("PING", "+PONG\r\n"), ("LLEN celery", celery)]);
    let config = example(
        "stock-ai",
        &[
            ("http://127.0.0.1:8000", api.url("")),
            ("http://127.0.0.1:5555", flower.url("")),
            ("redis://127.0.0.1:6379/0", format!("redis://{redis}/0")),
        ],
    );
    System { api, _flower: flower, config }
}

#[test]
fn the_example_shows_what_the_service_says() {
    let system = system(":7\r\n");
    let model = observe(&plan(&system.config), Rounds::Two).unwrap();
    check(
        &model,
        "stock-ai",
        &[
            "up 1/1",
            "version 1.0.0",
            "component database Up healthy",
            "component influxdb Up healthy",
            "component redis Up healthy",
            "queue celery 7",
            "queue celery 7",
            "queue reports 2",
        ],
    );
    let row = model.service("stock-ai").unwrap();
    assert_eq!(row.queued(), Some(9.0), "Flower and Redis tell of the same seven");
    // 100 of 10,100 requests were a 500; 80 % took up to 100 ms, the rest up to 500 ms.
    check_signals(
        &model,
        "stock-ai",
        &[(Signal::Errors, Some(100.0 / 10_100.0)), (Signal::Latency, Some(0.4))],
    );
    let scraped = points(&model, "scrape_samples_scraped");
    assert_eq!(scraped.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [10_004.0]);
    // What nobody asks for was never kept.
    for (query, series) in [
        ("count(http_requests_total)", Some(1001.0)),
        ("count(http_request_duration_seconds_bucket)", Some(3000.0)),
        (
            "count({__name__=~\"db_query.*|.*_sum|.*_duration_seconds_count|celery.*|active.*|cache.*\"})",
            None,
        ),
    ] {
        assert_eq!(points(&model, query).first().map(|(_, value)| *value), series, "{query}");
    }
    let own = ["method", "endpoint", "status", "le"];
    assert_eq!(strange_labels(&model, "{job=\"stock-ai\"}", &own), Vec::<String>::new());
    assert!(system.api.requests().len() <= 4, "two polls, twice");
}

#[test]
fn a_redis_that_wants_a_password_is_a_fault_of_that_poll_only() {
    let system = system("-NOAUTH Authentication required.\r\n");
    let model = observe(&plan(&system.config), Rounds::One).unwrap();
    let row = model.service("stock-ai").unwrap();
    assert_eq!(row.queued(), Some(9.0), "Flower still tells");
    let said = crate::kit::said(&model, "stock-ai");
    assert!(said.iter().any(|line| line.contains("NOAUTH")), "{said:#?}");
}
