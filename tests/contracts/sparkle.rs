//! sparkle: two HTTP services, gRPC, a breaker and a queue that are metrics, and two stores that export none.

use crate::grpc::grpc_health;
use crate::kit::{Simulated, check, check_series, check_signals, example, plan, said};
use crate::support::{Act, Fake, http, json, metrics, redis, serve};
use std::sync::atomic::{AtomicU64, Ordering};
use warroom::plan::Signal;
use warroom::runtime::{Rounds, observe};

const DETAILED: &str = r#"{"status":"healthy","timestamp":"2025-10-31T08:00:00Z","version":"1.4.2","components":{"database":{"status":"healthy","latency_ms":3},"redis":{"status":"healthy"},"grpc":{"status":"healthy"}}}"#;
const QUEUE: &str = r#"{"status":"healthy","queue_length":12,"processing":3,"max_concurrent":100}"#;

fn backend_metrics(n: u64, breaker: u8, backlog: u64) -> String {
    format!(
        "# TYPE http_requests_total counter\n\
         http_requests_total{{method=\"POST\",path=\"/api/v1/chat\",status=\"200\"}} {}\n\
         http_requests_total{{method=\"POST\",path=\"/api/v1/chat\",status=\"503\"}} {}\n\
         # TYPE chat_orchestrator_circuit_breaker gauge\nchat_orchestrator_circuit_breaker {breaker}\n\
         # TYPE redis_queue_length gauge\nredis_queue_length {backlog}\n\
         process_resident_memory_bytes 1.5e+09\n",
        900 + 99 * n,
        9 + n
    )
}

struct System {
    _servers: Vec<Fake>,
    backend: Fake,
    gateway: Fake,
    config: String,
}

fn system(breaker: u8, serving: u8) -> System {
    let scrapes = AtomicU64::new(0);
    let backend = serve(move |request| {
        Act::Send(match request.path() {
            "/api/v1/health/detailed" => json(DETAILED),
            "/api/v1/health/ready" => json(r#"{"status":"ready"}"#),
            "/api/v1/health/live" => json(r#"{"status":"alive"}"#),
            "/api/v1/health/queue/status" => json(QUEUE),
            "/metrics" => {
                metrics(backend_metrics(scrapes.fetch_add(1, Ordering::SeqCst), breaker, 12).as_bytes())
            }
            _ => http("404 Not Found", "", b""),
        })
    });
    let gateway = serve(|request| {
        Act::Send(match request.path() {
            "/api/v1/health" => json(r#"{"status":"healthy"}"#),
            "/metrics" => metrics(
                format!("http_requests_total{{code=\"200\",status=\"200\"}} {}\n", 10 * request.nth)
                    .as_bytes(),
            ),
            _ => http("404 Not Found", "", b""),
        })
    });
    let (grpc, postgres) = (grpc_health(serving), serve(|_| Act::Hang(Vec::new())));
    let redis = redis(&[("PING", "+PONG\r\n")]);
    let config = example(
        "sparkle",
        &[
            ("http://127.0.0.1:8080", gateway.url("")),
            ("http://127.0.0.1:8000", backend.url("")),
            ("port = 50051", format!("port = {}", grpc.address.port())),
            ("tcp://127.0.0.1:5432", format!("tcp://{}", postgres.address)),
            ("redis://127.0.0.1:6379/0", format!("redis://{redis}/0")),
        ],
    );
    System { _servers: vec![grpc, postgres], backend, gateway, config }
}

#[test]
fn the_example_shows_what_the_services_say() {
    let system = system(0, 1);
    let model = observe(&plan(&system.config), Rounds::Two).unwrap();
    check(
        &model,
        "sparkle-backend",
        &[
            "up 2/2",
            "version 1.4.2",
            "component database Up healthy",
            "component grpc Up healthy",
            "component redis Up healthy",
            "breaker chat_orchestrator closed - of -, -",
            "queue redis_queue_length 12",
        ],
    );
    check(&model, "sparkle-gateway", &["up 1/1"]);
    check(&model, "sparkle-postgres", &["up 1/1"]);
    check(&model, "sparkle-redis", &["up 1/1"]);
    check_signals(&model, "sparkle-backend", &[(Signal::Errors, Some(0.01))]);
    check_signals(&model, "sparkle-gateway", &[(Signal::Errors, Some(0.0))]);
    // Both services export the same name; each row counts its own.
    let (backend, gateway) = (system.backend.address.to_string(), system.gateway.address.to_string());
    check_series(
        &model,
        "http_requests_total{status=\"200\", job=\"sparkle-backend\"}",
        &backend,
        &[(
            r#"http_requests_total{instance="HOST", job="sparkle-backend", method="POST", path="/api/v1/chat", status="200"}"#,
            None,
        )],
    );
    check_series(
        &model,
        "{__name__=~\"up|http_requests_total\", job=\"sparkle-gateway\"}",
        &gateway,
        &[
            (
                r#"http_requests_total{code="200", instance="HOST", job="sparkle-gateway", status="200"}"#,
                None,
            ),
            (r#"up{instance="HOST", job="sparkle-gateway"}"#, Some(1.0)),
        ],
    );
    check_series(
        &model,
        "warroom_breaker_state or warroom_queue_depth",
        &backend,
        &[
            (
                r#"warroom_breaker_state{breaker="chat_orchestrator", instance="chat_orchestrator", service="sparkle-backend"}"#,
                Some(0.0),
            ),
            (
                r#"warroom_queue_depth{instance="redis_queue_length", queue="redis_queue_length", service="sparkle-backend"}"#,
                Some(12.0),
            ),
        ],
    );
}

#[test]
fn an_open_breaker_and_a_grpc_server_that_does_not_serve() {
    let system = system(1, 2);
    let model = observe(&plan(&system.config), Rounds::Two).unwrap();
    let said = said(&model, "sparkle-backend");
    for line in [
        "degraded 1/2",
        "degraded: chat_orchestrator breaker OPEN",
        "breaker chat_orchestrator OPEN - of -, -",
    ] {
        assert!(said.iter().any(|said| said == line), "{said:#?} without {line}");
    }
    assert!(said.iter().any(|line| line.starts_with("down: ") && line.contains("NOT_SERVING")), "{said:#?}");
}

#[test]
fn a_backlog_is_told_and_a_breaker_closes_by_itself() {
    let mut simulated = Simulated::start(&plan(&example("sparkle", &[])));
    for (turn, (breaker, backlog, state)) in
        [(0, 12, "up"), (1, 12, "degraded"), (1, 700, "degraded"), (0, 700, "degraded"), (0, 3, "up")]
            .into_iter()
            .enumerate()
    {
        let at = turn as f64 * 10.0;
        for (poll, body) in [
            ("health", DETAILED),
            ("ready", "{}"),
            ("live", "{}"),
            ("metrics", &backend_metrics(turn as u64, breaker, backlog)),
        ] {
            simulated.poll(at, "sparkle-backend", poll, Ok((200, body)));
        }
        let row = simulated.model.service("sparkle-backend").unwrap();
        let said = said(&simulated.model, "sparkle-backend");
        assert_eq!(row.state.word(), state, "{turn}: {said:#?}");
        assert_eq!(row.queued(), Some(backlog as f64));
        let told = row.reasons.iter().filter(|reason| reason.text.contains("queue")).count();
        assert_eq!(told, usize::from(backlog > 500), "{said:#?}");
        assert_eq!(row.reasons.iter().any(|reason| reason.text.contains("breaker OPEN")), breaker == 1);
    }
}

/// The part of the example that stands in comments: the queue from JSON instead of the metric.
#[test]
fn the_queue_status_can_be_read_instead() {
    let text = example("sparkle", &[]);
    let (before, rest) = text.split_once("[service.sparkle-backend.poll.redis_queue_length]\n").unwrap();
    let rest = rest.split_once("# [service").unwrap().1;
    let (commented, rest) = rest.split_once("\n\n").unwrap();
    let text = format!("{before}[service{}\n\n{rest}", commented.replace("\n# ", "\n"));
    for (body, expected) in [
        (QUEUE, "queue queue 12"),
        (r#"{"queues":{"chat":{"depth":3,"workers":2},"embed":{"depth":0}}}"#, "queue chat 3"),
        (r#"{"queue":{"name":"chat","pending":4,"oldest_age_seconds":1.5}}"#, "queue chat 4"),
    ] {
        let mut simulated = Simulated::start(&plan(&text));
        simulated.poll(0.0, "sparkle-backend", "queue", Ok((200, body)));
        let said = said(&simulated.model, "sparkle-backend");
        assert!(said.iter().any(|line| line == expected), "{said:#?} without {expected}");
    }
}
