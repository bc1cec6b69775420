//! Health, breakers, queues and caches as JSON or text, each in the shape of its stack.

use super::admin::stamp;
use super::answer::{Answer, Ask};
use super::cast::{PAYMENTS, Spec, Stack};
use super::scenario::Trouble;
use super::world::{Breaker, Node, Phase, World};
use serde_json::{Value, json};

impl World {
    pub(super) fn page(&self, node: &Node, spec: &Spec, phase: Phase, ask: &Ask) -> Answer {
        let version = self.running(node.service);
        let page = match (spec.stack, ask.path) {
            (Stack::Gateway, path) => self.gateway(path, version),
            (Stack::Spring, path) => self.spring(path, version),
            (Stack::HealthJson, "/health") => Some(self.health_json(version)),
            (Stack::HashInsight, path) => self.hashinsight(path, version),
            (Stack::Instrumentator, "/health") => {
                Some(json!({ "status": "ok", "database": "ok", "redis": "ok", "version": version }))
            }
            (Stack::Instrumentator, "/api/sessions") => {
                Some(json!({ "active": (self.weather[node.service].requests * 41.0).round(), "limit": 5000 }))
            }
            (Stack::StockAi, path) => self.stock_ai(path, version),
            (Stack::Prophet, "/api/health") => {
                let loaded = !self.has(Trouble::NoModel) && phase != Phase::Warming;
                Some(json!({
                    "status": "healthy", "timestamp": stamp(self.now()),
                    "model_loaded": loaded, "feature_store_connected": true, "version": version,
                }))
            }
            (Stack::Node, path) => return self.node(path),
            (Stack::Rabbit, path) => self.rabbit(path),
            (Stack::Sidekiq, "/up") => return Answer::text(200, "text/plain; charset=utf-8", "OK"),
            (Stack::Sidekiq, path) => self.sidekiq(path),
            _ => None,
        };
        let Some(page) = page else { return Answer::error(404, "no such route") };
        let down = matches!(page["status"].as_str(), Some("fail" | "DOWN" | "unhealthy"));
        let mut answer = Answer::json(if down { 503 } else { 200 }, &page);
        if spec.stack == Stack::HealthJson {
            answer.content_type = "application/health+json";
        }
        if spec.stack == Stack::Spring {
            answer.content_type = "application/vnd.spring-boot.actuator.v3+json";
        }
        answer
    }

    /// The version that a service runs.
    pub(super) fn running(&self, service: usize) -> &'static str {
        let version = self.version.get(service).copied().unwrap_or_default();
        super::cast::CAST
            .get(service)
            .and_then(|spec| spec.versions.get(version))
            .copied()
            .unwrap_or_default()
    }

    /// State, calls and failures of checkout's breaker for payments.
    pub(super) fn breaker_word(&self) -> &'static str {
        match self.breaker {
            Breaker::Closed(_) => "closed",
            Breaker::Open(_) => "open",
            Breaker::HalfOpen(_) => "half_open",
        }
    }

    /// Jobs that wait at the gateway: a few, more while the worker is behind.
    pub(super) fn gateway_depth(&self) -> f64 {
        (3.0 + 3.0 * super::noise::unit(self.seed, 51, self.second) + self.depth * 0.05).floor()
    }

    fn gateway(&self, path: &str, version: &str) -> Option<Value> {
        let open = matches!(self.breaker, Breaker::Open(_));
        match path {
            "/api/v1/health" | "/api/v1/health/ready" | "/api/v1/health/live" => {
                Some(json!({ "status": "healthy", "timestamp": stamp(self.now()) }))
            }
            "/api/v1/health/detailed" => Some(json!({
                "status": if open { "degraded" } else { "healthy" },
                "timestamp": stamp(self.now()),
                "version": version,
                "services": {
                    "database": { "status": "healthy", "latency_ms": 2 },
                    "redis": { "status": "healthy", "latency_ms": 1 },
                    "orders": { "status": if open { "degraded" } else { "healthy" }, "circuit_breaker": self.breaker_word() },
                },
            })),
            "/api/v1/health/queue/status" => Some(json!({
                "status": "healthy", "queue_length": self.gateway_depth(), "active_workers": 4,
                "processed_total": self.processed.floor(),
            })),
            _ => None,
        }
    }

    fn spring(&self, path: &str, version: &str) -> Option<Value> {
        let state = self.breaker_word().to_uppercase();
        let failing = self.weather[PAYMENTS].failed;
        match path {
            "/actuator/health" => Some(json!({
                "status": "UP",
                "components": {
                    "circuitBreakers": { "status": if state == "CLOSED" { "UP" } else { "UNKNOWN" }, "details": {
                        "payments": { "status": if state == "CLOSED" { "UP".to_owned() } else { format!("CIRCUIT_{state}") },
                            "details": { "failureRate": format!("{:.1}%", failing * 100.0), "state": state } } } },
                    "db": { "status": "UP", "details": { "database": "PostgreSQL", "validationQuery": "isValid()" } },
                    "diskSpace": { "status": "UP", "details": { "total": 62_671_097_856_u64, "free": 41_030_840_320_u64, "exists": true } },
                    "ping": { "status": "UP" },
                    "rabbit": { "status": "UP", "details": { "version": "3.13.7" } },
                },
                "groups": ["liveness", "readiness"],
            })),
            "/actuator/health/liveness" | "/actuator/health/readiness" => Some(json!({ "status": "UP" })),
            "/actuator/info" => Some(json!({
                "app": { "name": "checkout" }, "build": { "artifact": "checkout", "version": version },
            })),
            "/actuator/circuitbreakers" => {
                let breaker = |state: &str, rate: f64, calls: f64| {
                    json!({
                        "failureRate": format!("{:.1}%", rate * 100.0), "slowCallRate": "0.0%",
                        "failureRateThreshold": "50.0%", "slowCallRateThreshold": "100.0%",
                        "bufferedCalls": 100, "failedCalls": (rate * 100.0).round(), "slowCalls": 0,
                        "slowFailedCalls": 0, "notPermittedCalls": calls, "state": state,
                    })
                };
                let refused = if state == "OPEN" { self.retry_depth.floor() } else { 0.0 };
                Some(json!({ "circuitBreakers": {
                    "payments": breaker(&state, failing.min(1.0), refused),
                    "inventory": breaker("CLOSED", 0.0, 0.0),
                } }))
            }
            _ => None,
        }
    }

    fn health_json(&self, version: &str) -> Value {
        let weather = self.weather[PAYMENTS];
        let status = match weather.failed {
            failed if failed > 0.5 => "fail",
            failed if failed > 0.02 => "warn",
            _ => "pass",
        };
        let time = stamp(self.now());
        json!({
            // A failing card network is a warning: payments itself works and still refunds.
            "status": if status == "fail" { "warn" } else { status },
            "version": version.split('.').next().unwrap_or_default(),
            "releaseId": version,
            "serviceId": "payments",
            "description": "takes and returns money",
            "notes": if status == "pass" { json!([]) } else { json!(["card network answers late"]) },
            "checks": {
                "card-network:responseTime": [{
                    "componentType": "system", "observedValue": (weather.median * 1000.0).round(), "observedUnit": "ms",
                    "status": status, "time": time,
                    "output": if status == "pass" { "" } else { "timeouts over 2 s" },
                }],
                "ledger:connections": [{ "componentType": "datastore", "observedValue": 12, "status": "pass", "time": time }],
            },
        })
    }

    fn hashinsight(&self, path: &str, version: &str) -> Option<Value> {
        let cache = &self.search_cache;
        let total = cache.hits + cache.misses;
        match path {
            "/health" => Some(json!({ "status": "healthy" })),
            "/health/detailed" => Some(json!({
                "status": if cache.warmth < 0.3 { "degraded" } else { "healthy" },
                "timestamp": stamp(self.now()), "database": "connected",
                "cache": if cache.warmth < 0.3 { "degraded" } else { "available" }, "version": version,
            })),
            "/api/circuit-breakers" => Some(json!({
                "database_queries": { "state": "closed", "failure_count": 0, "total_calls": total.floor(), "success_rate": "99.9%" },
                "catalog_api": { "state": "closed", "failure_count": 1, "total_calls": (total / 9.0).floor(), "success_rate": "99.7%" },
            })),
            "/api/cache/stats" => Some(json!({
                "cache_type": "redis", "hit_rate": (cache.warmth * 1000.0).round() / 10.0,
                "total_requests": total.floor(), "hits": cache.hits.floor(), "misses": total.floor() - cache.hits.floor(),
            })),
            "/api/performance/coalescing-stats" => Some(json!({
                "enabled": true, "total_requests": total.floor(), "deduplicated_requests": (total * 0.87).floor(),
                "performance_improvement": "7.7x",
            })),
            _ => None,
        }
    }

    fn stock_ai(&self, path: &str, version: &str) -> Option<Value> {
        let slow = self.has(Trouble::SlowStore);
        match path {
            "/api/v1/health" => Some(json!({
                "status": if slow { "degraded" } else { "healthy" }, "version": version, "timestamp": stamp(self.now()),
                "services": { "postgres": "healthy", "redis": "healthy", "influxdb": if slow { "degraded" } else { "healthy" } },
            })),
            "/api/queues/length" => Some(json!({ "active_queues": [
                { "name": "celery", "messages": (2.0 + 4.0 * super::noise::unit(self.seed, 52, self.second)).floor() },
                { "name": "thumbnails", "messages": if slow { 37 } else { 0 } },
            ] })),
            _ => None,
        }
    }

    fn node(&self, path: &str) -> Answer {
        match path {
            "/readyz" | "/livez" => {
                let body = "[+]ping ok\n[+]postgres ok\n[+]redis ok\n[+]replica ok\nreadyz check passed\n";
                Answer::text(200, "text/plain; charset=utf-8", body)
            }
            "/queues/api/queues" => {
                let waiting = (1.0 + 5.0 * super::noise::unit(self.seed, 53, self.second)).floor();
                let queue = |name: &str, waiting: f64| {
                    json!({
                        "name": name, "isPaused": false, "readOnlyMode": true, "hasWorkers": true,
                        "counts": { "active": 2, "waiting": waiting, "waiting-children": 0, "prioritized": 0,
                            "completed": 1000, "failed": 3, "delayed": 1, "paused": 0 },
                    })
                };
                Answer::json(200, &json!({ "queues": [queue("stock-sync", waiting), queue("reindex", 0.0)] }))
            }
            _ => Answer::error(404, "no such route"),
        }
    }

    /// Queues of the broker: name, messages ready, messages unacknowledged, consumers.
    pub(super) fn broker_queues(&self) -> [(&'static str, f64, f64, u32); 3] {
        let ready = self.depth.floor();
        [
            ("orders", ready, (self.depth.min(25.0)).floor(), 5),
            ("payments.retry", self.retry_depth.floor(), 0.0, 1),
            ("mail", (2.0 * super::noise::unit(self.seed, 54, self.second)).floor(), 1.0, 2),
        ]
    }

    fn rabbit(&self, path: &str) -> Option<Value> {
        let rate = self.weather[super::cast::WORKER].requests;
        match path {
            "/api/queues" | "/api/queues/%2F" => Some(Value::Array(
                self.broker_queues()
                    .iter()
                    .map(|(name, ready, unacknowledged, consumers)| {
                        json!({
                            "name": name, "vhost": "/", "state": "running", "type": "quorum", "consumers": consumers,
                            "messages": ready + unacknowledged, "messages_ready": ready,
                            "messages_unacknowledged": unacknowledged,
                            "message_stats": { "publish_details": { "rate": 38.0 }, "deliver_get_details": { "rate": rate } },
                        })
                    })
                    .collect(),
            )),
            "/api/health/checks/alarms" | "/api/health/checks/local-alarms" => Some(json!({ "status": "ok" })),
            _ => None,
        }
    }

    fn sidekiq(&self, path: &str) -> Option<Value> {
        let depth = self.depth.floor();
        let latency = if depth < 50.0 { 0.0 } else { (depth / 38.0).round() };
        match path {
            "/sidekiq/stats" => Some(json!({
                "sidekiq": {
                    "processed": self.processed.floor(), "failed": 4182, "busy": if self.has(Trouble::WorkerStuck) { 25 } else { 9 },
                    "processes": 1, "enqueued": depth, "scheduled": 14, "retries": 3, "dead": 0, "default_latency": latency,
                },
                "redis": { "redis_version": "7.2.5", "uptime_in_days": "41", "connected_clients": "28" },
                "server_utc_time": stamp(self.now()),
            })),
            "/sidekiq/stats/queues" => Some(json!({ "orders": depth, "mail": 0 })),
            _ => None,
        }
    }
}
