//! The fleet's configuration for warroom, as a person would write it.

use super::cast::{CAST, Spec, Stack};
use std::fmt::Write as _;

/// Writes the configuration; `urls` holds the processes' base URLs in the order of [`super::World::nodes`].
pub fn write(urls: &[String]) -> String {
    let mut out = String::from(HEAD);
    out.push_str(PANELS);
    out.push_str(PROMISES);
    out.push_str(ACTIONS);
    let mut urls = urls.iter();
    for spec in &CAST {
        let instances: Vec<String> =
            urls.by_ref().take(spec.instances).map(|url| format!("\"{url}\"")).collect();
        let _ = write!(
            out,
            "\n[service.{}]\nenvironment = \"demo\"\ninstances = [{}]\n{}",
            spec.name,
            instances.join(", "),
            about(spec)
        );
        if let Some((_, bands)) = BANDS.iter().find(|(name, _)| *name == spec.name) {
            let _ = writeln!(out, "bands = {{ {bands} }}");
        }
        if !spec.depends_on.is_empty() {
            let needed: Vec<String> = spec.depends_on.iter().map(|name| format!("\"{name}\"")).collect();
            let _ = writeln!(out, "depends_on = [{}]", needed.join(", "));
        }
        if let Some(url) = instances.first() {
            let link = url.trim_end_matches('"');
            let _ = writeln!(
                out,
                "links = {{ versions = {link}/admin/versions\", runbook = \"https://wiki.example/{}\" }}",
                spec.name
            );
        }
    }
    out
}

const HEAD: &str = r#"# The demo's fleet: ten services on loopback, with scripted trouble. Ports change from start to start.
schema = 1
defaults.poll = { interval = "1s", timeout = "900ms", fails = 3, passes = 2, warmup = "10s" }
defaults.window = "30s"
environment.demo = { actions = "confirm" }
auth.demo = { bearer = ["env:WARROOM_DEMO_TOKEN"] }
auth.broker = { basic = { user = "demo", password = "env:WARROOM_DEMO_PASSWORD" } }
auth.accounts = { login = { path = "/login", json = { user = "env:WARROOM_DEMO_USER", password = "env:WARROOM_DEMO_PASSWORD" }, token = "/access_token" } }
"#;

/// Panels, as a person would add them: some on a page of their own, one on a service's screen.
const PANELS: &str = r#"
panel.traffic = { title = "Requests by service", expr = 'sum by (job) (rate(http_requests_total[{{.window}}]))', unit = "per-second", range = "5m" }
panel.queues = { title = "Queues", expr = 'sum by (queue) (warroom_queue_depth)', kind = "gauge", thresholds = [200, 500] }
panel.slowest = { title = "Slowest p95", expr = 'max(warroom_service_latency_seconds)', unit = "seconds", kind = "stat", thresholds = [0.5, 1] }
panel.errors = { title = "Error ratio", expr = 'warroom_service_error_ratio', unit = "ratio", kind = "sparkline", thresholds = [0.01, 0.03], range = "5m" }
panel.spread = { title = "Latency of the gateway", expr = 'sum by (le) (rate(http_request_duration_seconds_bucket{job="gateway"}[{{.window}}]))', unit = "seconds", kind = "heatmap", range = "5m" }
panel.busiest = { title = "Busiest", expr = 'topk(8, sum by (job, status) (rate(http_requests_total[{{.window}}])))', unit = "per-second", kind = "table" }
panel.gateway-status = { title = "Gateway by status", expr = 'sum by (status) (rate(http_requests_total{job="gateway"}[{{.window}}]))', unit = "per-second", range = "5m", service = "gateway" }
"#;

/// Objectives, and rules and incidents at the demo's pace: its troubles last a minute or two.
const PROMISES: &str = r##"
slo.checkout-availability = { service = "checkout", objective = 99.9, title = "99.9% of orders are answered" }
slo.checkout-speed = { service = "checkout", objective = 95, latency = { threshold = "500ms" }, title = "95% of orders within 500 ms" }
slo.payments-availability = { service = "payments", objective = 99.5, title = "99.5% of payments are answered" }
slo.search-speed = { service = "search", objective = 95, latency = { threshold = "250ms" }, title = "95% of searches within 250 ms" }
slo.gateway-availability = { service = "gateway", objective = 99.9, window = "7d", title = "99.9% of requests are answered" }
slo.accounts-availability = { service = "accounts", objective = 99.95, title = "99.95% of requests are answered" }
slo.worker-success = { service = "worker", objective = 99, title = "99% of jobs succeed", error = 'sum(rate(sidekiq_jobs_failed_total[{{.window}}]))', total = 'sum(rate(sidekiq_jobs_executed_total[{{.window}}]))' }
slo.inventory-uptime = { service = "inventory", objective = 99.5, title = "inventory answers its health check", probe = { poll = "health" } }
builtin_rules = { interval = "1s", wait = "5s", queue_wait = "10s" }
incident.settle = "20s"
incident.flap = "2m"
incident.lower_after = "1m"
incident.keep = "30m"
incident.update_every = "5m"
incident.channel = "#demo-incidents"
incident.moves.checkout = { service = "checkout", steps = ["was there a deploy? :rollback checkout", "if not: look at payments and its breaker"] }
"##;

/// What can be done: the small convention of docs/admin-api.md, which the fleet serves, and
/// RabbitMQ's own.
const ACTIONS: &str = r#"
action.restart = { preset = "admin-api.restart", services = ["gateway", "checkout", "payments", "search", "accounts", "catalog", "recommendations", "inventory", "worker"], settle = { limit = "60s" }, cool_down = "15s" }
action.flush-cache = { preset = "admin-api.flush-cache", services = ["search", "catalog"], settle = { limit = "60s" }, cool_down = "15s" }
action.rollback = { preset = "admin-api.rollback", services = ["checkout"], settle = { limit = "60s" }, cool_down = "15s" }
action.purge = { preset = "rabbitmq.purge", services = ["broker"], cool_down = "15s" }
"#;

/// The lines of a service that depend on its stack.
fn about(spec: &Spec) -> &'static str {
    match spec.stack {
        Stack::Gateway => {
            r#"auth = "demo"
preset = "sparkle"
poll.health = { kind = "health", path = "/api/v1/health/detailed" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.queue = { kind = "queues", path = "/api/v1/health/queue/status" }
poll.orchestrator = { kind = "breakers", expr = "chat_orchestrator_circuit_breaker", states = { closed = 0, open = 1 } }
signals.requests = 'sum(rate(http_requests_total[{{.window}}]))'
signals.errors = 'sum(rate(http_requests_total{status=~"5.."}[{{.window}}])) / sum(rate(http_requests_total[{{.window}}]))'
signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[{{.window}}])))'
"#
        }
        Stack::Spring => {
            r#"auth = "demo"
preset = "actuator"
poll.health = { kind = "health", path = "/actuator/health" }
poll.metrics = { kind = "metrics", path = "/actuator/prometheus" }
poll.breakers = { kind = "breakers", path = "/actuator/circuitbreakers" }
"#
        }
        Stack::HealthJson => {
            r#"auth = "demo"
preset = "health-json"
poll.health = { kind = "health", path = "/health" }
poll.metrics = { kind = "metrics", path = "/metrics" }
signals.requests = 'sum(rate(http_server_request_duration_seconds_count[{{.window}}]))'
signals.errors = 'sum(rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[{{.window}}])) / sum(rate(http_server_request_duration_seconds_count[{{.window}}]))'
signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket[{{.window}}])))'
"#
        }
        Stack::HashInsight => {
            r#"auth = "demo"
preset = "hashinsight"
poll.health = { kind = "health", path = "/health/detailed" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.breakers = { kind = "breakers", path = "/api/circuit-breakers" }
poll.cache = { kind = "json", path = "/api/cache/stats", series = { cache_hit_ratio = "/hit_rate | percent" } }
"#
        }
        Stack::Instrumentator => {
            r#"auth = "accounts"
preset = "fastapi-instrumentator"
poll.health = { kind = "health", path = "/health" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.sessions = { kind = "json", path = "/api/sessions", series = { sessions_active = "/active" } }
"#
        }
        Stack::StockAi => {
            r#"auth = "demo"
preset = "stock-ai"
poll.health = { kind = "health", path = "/api/v1/health" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.celery = { kind = "queues", path = "/api/queues/length" }
"#
        }
        Stack::Prophet => {
            r#"auth = "demo"
preset = "prophet-sentinel"
poll.health = { kind = "health", path = "/api/health" }
poll.metrics = { kind = "metrics", path = "/metrics" }
signals.requests = 'sum(rate(flask_http_request_total[{{.window}}]))'
signals.errors = 'sum(rate(flask_http_request_total{status=~"5.."}[{{.window}}])) / sum(rate(flask_http_request_total[{{.window}}]))'
signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(flask_http_request_duration_seconds_bucket[{{.window}}])))'
"#
        }
        Stack::Node => {
            r#"auth = "demo"
preset = "kubernetes"
poll.health = { kind = "health", path = "/readyz?verbose" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.jobs = { kind = "queues", path = "/queues/api/queues" }
signals.requests = 'sum(rate(http_request_duration_seconds_count[{{.window}}]))'
signals.errors = 'sum(rate(http_request_duration_seconds_count{status_code=~"5.."}[{{.window}}])) / sum(rate(http_request_duration_seconds_count[{{.window}}]))'
signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[{{.window}}])))'
"#
        }
        Stack::Rabbit => {
            r#"auth = "broker"
preset = "rabbitmq"
poll.health = { kind = "health", path = "/api/health/checks/local-alarms" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.queues = { kind = "queues", path = "/api/queues" }
signals.requests = 'sum(rate(rabbitmq_global_messages_received_total[{{.window}}]))'
"#
        }
        Stack::Sidekiq => {
            r#"auth = "demo"
preset = "sidekiq"
poll.health = { kind = "health", path = "/up" }
poll.metrics = { kind = "metrics", path = "/metrics" }
poll.queues = { kind = "queues", path = "/sidekiq/stats/queues" }
signals.requests = 'sum(rate(sidekiq_jobs_executed_total[{{.window}}]))'
signals.errors = 'sum(rate(sidekiq_jobs_failed_total[{{.window}}])) / sum(rate(sidekiq_jobs_executed_total[{{.window}}]))'
signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(sidekiq_job_runtime_seconds_bucket[{{.window}}])))'
"#
        }
    }
}

/// What each service may cost its users before somebody should look: (name, `bands`). The two that are slightly off
/// from the start are within theirs.
const BANDS: &[(&str, &str)] = &[
    ("gateway", r#"latency = ["500ms", "1s"], errors = ["1%", "3%"], queue = [200, 500]"#),
    ("checkout", r#"latency = ["400ms", "1s"], errors = ["1%", "3%"]"#),
    ("payments", r#"latency = ["600ms", "1500ms"], errors = ["1%", "3%"]"#),
    ("search", r#"latency = ["250ms", "500ms"], errors = ["1%", "3%"]"#),
    ("accounts", r#"latency = ["250ms", "500ms"], errors = ["1%", "3%"]"#),
    ("catalog", r#"latency = ["400ms", "1s"], errors = ["1%", "3%"], queue = [200, 500]"#),
    ("recommendations", r#"latency = ["800ms", "2s"], errors = ["1%", "3%"]"#),
    ("inventory", r#"latency = ["200ms", "500ms"], errors = ["1%", "3%"], queue = [200, 500]"#),
    ("broker", "queue = [200, 500]"),
    ("worker", r#"latency = ["2s", "5s"], errors = ["2%", "5%"], queue = [200, 500]"#),
];
