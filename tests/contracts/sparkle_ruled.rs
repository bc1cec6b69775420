//! sparkle's alert rules, as they are, beside a stock-ai that exports metrics of the same name.

use crate::driven::{Driven, START};
use crate::grpc::grpc_health;
use crate::kit::example;
use crate::support::{Act, Fake, http, json, metrics, redis, serve};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use warroom::rules::AlertState;
use warroom::severity::Severity;

const MINUTE: u64 = 60;

/// How sparkle's backend does.
#[derive(Default)]
struct Mood {
    breaker: AtomicU64,
    backlog: AtomicU64,
}

impl Mood {
    fn set(&self, breaker: u64, backlog: u64) {
        self.breaker.store(breaker, Ordering::SeqCst);
        self.backlog.store(backlog, Ordering::SeqCst);
    }
}

/// sparkle's two HTTP services, and stock-ai, half of whose requests fail.
struct Servers {
    backend: Fake,
    gateway: Fake,
    stock: Fake,
    mood: Arc<Mood>,
}

impl Servers {
    fn start() -> Self {
        let mood = Arc::new(Mood::default());
        let (state, scrapes) = (Arc::clone(&mood), AtomicU64::new(0));
        let backend = serve(move |request| {
            Act::Send(match request.path() {
                "/metrics" => metrics(
                    format!(
                        "http_requests_total{{status=\"200\"}} {}\nchat_orchestrator_circuit_breaker {}\n\
                         redis_queue_length {}\nprocess_resident_memory_bytes 1.5e+09\n",
                        100 * scrapes.fetch_add(1, Ordering::SeqCst),
                        state.breaker.load(Ordering::SeqCst),
                        state.backlog.load(Ordering::SeqCst)
                    )
                    .as_bytes(),
                ),
                path if path.starts_with("/api/v1/health") => json(r#"{"status":"healthy"}"#),
                _ => http("404 Not Found", "", b""),
            })
        });
        let gateway = serve(|request| {
            Act::Send(match request.path() {
                "/metrics" => metrics(b"http_requests_total{status=\"200\"} 10\n"),
                _ => json(r#"{"status":"healthy"}"#),
            })
        });
        let scrapes = AtomicU64::new(0);
        let stock = serve(move |request| {
            let count = 100 * scrapes.fetch_add(1, Ordering::SeqCst);
            Act::Send(match request.path() {
                "/metrics" => metrics(
                    format!("http_requests_total{{status=\"200\"}} {count}\nhttp_requests_total{{status=\"500\"}} {count}\n")
                        .as_bytes(),
                ),
                _ => http("404 Not Found", "", b""),
            })
        });
        Self { backend, gateway, stock, mood }
    }

    /// The shipped example, and stock-ai's metrics beside it.
    fn config(&self) -> String {
        let (grpc, postgres) = (grpc_health(1), serve(|_| Act::Hang(Vec::new())));
        let redis = redis(&[("PING", "+PONG\r\n")]);
        let text = example(
            "sparkle",
            &[
                ("http://127.0.0.1:8080", self.gateway.url("")),
                ("http://127.0.0.1:8000", self.backend.url("")),
                ("port = 50051", format!("port = {}", grpc.address.port())),
                ("tcp://127.0.0.1:5432", format!("tcp://{}", postgres.address)),
                ("redis://127.0.0.1:6379/0", format!("redis://{redis}/0")),
            ],
        );
        format!(
            "{text}\n[service.stock-ai]\ninstances = [\"{}\"]\nlabels = {{ job = \"stock-ai\" }}\n\
             select = '{{job=\"stock-ai\"}}'\npoll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }}\n",
            self.stock.url("")
        )
    }
}

#[test]
fn its_rules_fire_and_resolve_at_their_time() {
    let servers = Servers::start();
    let mut driven = Driven::start(&servers.config(), START);
    driven.run(5 * MINUTE);
    assert!(driven.model.rules.alerts().next().is_none(), "{}", driven.told());

    servers.mood.set(1, 700);
    for (alert, severity, wait) in
        [("CircuitBreakerOpen", Severity::P1, MINUTE), ("QueueBacklog", Severity::P3, 10 * MINUTE)]
    {
        let since = 5 * MINUTE;
        driven.until(12 * MINUTE, alert, |it| !it.alerts(alert, AlertState::Firing).is_empty());
        // Groups of a file without an interval are evaluated every 15 s here.
        let took = driven.second - since;
        assert!((wait..=wait + MINUTE).contains(&took), "{alert}: {took}\n{}", driven.told());
        let fires = driven.alerts(alert, AlertState::Firing);
        let services: Vec<(Severity, Option<&str>)> =
            fires.iter().map(|(severity, it)| (*severity, it.labels.get("job"))).collect();
        assert_eq!(services, [(severity, Some("sparkle-backend"))], "{}", driven.told());
    }
    let incident = driven.incident().unwrap_or_else(|| panic!("{}", driven.told()));
    assert_eq!((incident.severity, &*incident.service()), (Severity::P1, "sparkle-backend"));
    let moves = driven.model.incidents.moves(incident);
    assert!(moves.iter().any(|it| it.text.contains("look downstream")), "{moves:?}");

    servers.mood.set(0, 3);
    driven.until(15 * MINUTE, "it ends", |it| it.incident().is_none());
    assert!(driven.alerts("CircuitBreakerOpen", AlertState::Firing).is_empty());
}

/// Without the matcher the same file fires for a service that is not sparkle's.
#[test]
fn enforce_keeps_others_of_the_same_name_out() {
    let servers = Servers::start();
    let enforced = servers.config();
    let free = enforced.replace("enforce = '{job=~\"sparkle-.*\"}'\n", "");
    assert_ne!(enforced, free);
    for (config, expected) in [(enforced, &[][..]), (free, &[Some("stock-ai")][..])] {
        let mut driven = Driven::start(&config, START);
        driven.run(8 * MINUTE);
        let errors = crate::kit::points(&driven.model, "rate(http_requests_total{status=\"500\"}[5m]) > 0.1");
        assert_eq!(errors.len(), 1, "stock-ai's errors are seen: {errors:?}");
        let fires = driven.alerts("HighErrorRate", AlertState::Firing);
        let jobs: Vec<Option<&str>> = fires.iter().map(|(_, it)| it.labels.get("job")).collect();
        assert_eq!(jobs, expected, "{}", driven.told());
    }
}
