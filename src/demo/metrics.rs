//! `/metrics` of each stack, with the names and labels that its usual client library gives.

use super::answer::Answer;
use super::cast::{Spec, Stack};
use super::traffic::Histogram;
use super::world::{Breaker, Node, World};
use std::fmt::Write as _;

/// A page in Prometheus text 0.0.4 or OpenMetrics 1.0.
struct Page {
    out: String,
    open: bool,
}

impl Page {
    /// Starts a family. `name` is without `_total`.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let suffix = if kind == "counter" && !self.open { "_total" } else { "" };
        let _ = write!(self.out, "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.out.push_str(name);
        self.labels(labels);
        let _ = writeln!(self.out, " {value}");
    }

    fn labels(&mut self, labels: &[(&str, &str)]) {
        for (i, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.out, "{}{label}=\"{value}\"", if i == 0 { '{' } else { ',' });
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], bounds: &[f64], histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        let counts: Vec<u64> = histogram.buckets().chain([histogram.count()]).collect();
        let edges = bounds.iter().map(|b| format!("{b:?}")).chain(["+Inf".to_owned()]);
        for (edge, count) in edges.zip(counts) {
            let with_le: Vec<_> = labels.iter().copied().chain([("le", edge.as_str())]).collect();
            self.sample(&bucket, &with_le, count as f64);
        }
        self.sample(&format!("{name}_sum"), labels, histogram.sum());
        self.sample(&format!("{name}_count"), labels, histogram.count() as f64);
    }
}

/// What a stack calls the labels of its requests.
struct Names {
    counter: Option<&'static str>,
    histogram: &'static str,
    method: &'static str,
    route: &'static str,
    status: &'static str,
    /// The words for 2xx, 4xx and 5xx.
    words: [&'static str; 3],
    /// The histogram has the status as well.
    by_status: bool,
}

const fn names(stack: Stack) -> Option<Names> {
    let usual = Names {
        counter: Some("http_requests"),
        histogram: "http_request_duration_seconds",
        method: "method",
        route: "path",
        status: "status",
        words: ["200", "404", "503"],
        by_status: false,
    };
    Some(match stack {
        Stack::Gateway => usual,
        Stack::Spring => Names {
            counter: None,
            histogram: "http_server_requests_seconds",
            route: "uri",
            by_status: true,
            ..usual
        },
        Stack::HealthJson => Names {
            counter: None,
            histogram: "http_server_request_duration_seconds",
            method: "http_request_method",
            route: "http_route",
            status: "http_response_status_code",
            words: ["200", "402", "504"],
            by_status: true,
        },
        Stack::HashInsight => Names {
            counter: Some("hashinsight_requests"),
            histogram: "hashinsight_request_latency_seconds",
            route: "endpoint",
            ..usual
        },
        Stack::Instrumentator => Names { route: "handler", words: ["2xx", "4xx", "5xx"], ..usual },
        Stack::StockAi => Names { route: "endpoint", ..usual },
        Stack::Prophet => Names {
            counter: Some("flask_http_request"),
            histogram: "flask_http_request_duration_seconds",
            by_status: true,
            ..usual
        },
        Stack::Node => {
            Names { counter: None, route: "route", status: "status_code", by_status: true, ..usual }
        }
        Stack::Rabbit | Stack::Sidekiq => return None,
    })
}

impl World {
    pub(super) fn metrics(&self, node: &Node, spec: &Spec, accept: Option<&str>) -> Answer {
        // Only the OpenTelemetry stack negotiates; the other libraries answer in the older format.
        let wants = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
        let open = spec.stack == Stack::HealthJson && wants;
        let mut page = Page { out: String::with_capacity(6 << 10), open };
        self.process(&mut page, node, spec);
        if let Some(names) = names(spec.stack) {
            requests(&mut page, node, spec, &names);
        }
        self.own(&mut page, node, spec);
        if open {
            page.out.push_str("# EOF\n");
            return Answer::text(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", page.out);
        }
        Answer::text(200, "text/plain; version=0.0.4; charset=utf-8", page.out)
    }

    fn process(&self, page: &mut Page, node: &Node, spec: &Spec) {
        let age = (self.second as i64 - node.started).max(0) as f64;
        let handled: u64 = node.routes.iter().map(|r| r.good.count() + r.failed.count()).sum();
        let memory = (90.0 + 12.0 * (node.service as f64) + (age / 7200.0).min(40.0)) * f64::from(1 << 20);
        page.gauge(
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            self.wall(node.started),
        );
        page.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", memory.floor());
        page.family("process_cpu_seconds", "counter", "Total user and system CPU time spent in seconds.");
        page.sample("process_cpu_seconds_total", &[], (handled as f64 * 0.8).floor() / 1000.0);
        let build = format!("{}_build_info", spec.name);
        page.family(&build, "gauge", "A metric with a constant '1' value labeled by version.");
        page.sample(&build, &[("version", self.running(node.service))], 1.0);
    }

    /// What only this stack exports.
    fn own(&self, page: &mut Page, node: &Node, spec: &Spec) {
        let requests = self.weather.get(node.service).map_or(0.0, |w| w.requests);
        match spec.stack {
            Stack::Gateway => {
                page.gauge(
                    "go_goroutines",
                    "Number of goroutines that currently exist.",
                    (40.0 + requests).floor(),
                );
                page.gauge("redis_queue_length", "Jobs waiting in Redis.", self.gateway_depth());
                let open = f64::from(u8::from(matches!(self.breaker, Breaker::Open(_))));
                page.gauge("chat_orchestrator_circuit_breaker", "1 while the breaker is open.", open);
                page.gauge("active_sessions", "Sessions now.", (requests * 0.3).floor());
            }
            Stack::Spring => {
                page.family(
                    "resilience4j_circuitbreaker_state",
                    "gauge",
                    "The states of the circuit breaker",
                );
                for state in ["closed", "open", "half_open"] {
                    let is = f64::from(u8::from(state == self.breaker_word()));
                    page.sample(
                        "resilience4j_circuitbreaker_state",
                        &[("name", "payments"), ("state", state)],
                        is,
                    );
                }
                page.family("resilience4j_circuitbreaker_calls", "counter", "Calls by outcome");
                let name = "resilience4j_circuitbreaker_calls_total";
                page.sample(name, &[("name", "payments"), ("kind", "failed")], self.failed_calls.floor());
                page.sample(
                    name,
                    &[("name", "payments"), ("kind", "successful")],
                    (self.calls - self.failed_calls).floor(),
                );
                page.family("jvm_memory_used_bytes", "gauge", "The amount of used memory");
                page.sample("jvm_memory_used_bytes", &[("area", "heap")], (2.1e8 + requests * 3e5).floor());
            }
            Stack::HashInsight => {
                page.gauge(
                    "hashinsight_cache_hit_rate",
                    "Cache hit rate in per cent.",
                    self.search_cache.warmth * 100.0,
                );
                page.gauge(
                    "hashinsight_error_rate",
                    "Share of failed requests.",
                    self.weather[node.service].failed,
                );
                page.gauge("hashinsight_db_connection_pool_size", "Connections in the pool.", 20.0);
                let busy = 4.0 + 14.0 * (1.0 - self.search_cache.warmth);
                page.gauge("hashinsight_db_connection_pool_active", "Connections in use.", busy.floor());
                page.gauge("hashinsight_circuit_breaker_state", "0 closed, 1 open, 2 half-open.", 0.0);
            }
            Stack::Instrumentator => {
                page.family("python_info", "gauge", "Python platform information");
                page.sample("python_info", &[("implementation", "CPython"), ("version", "3.12.4")], 1.0);
            }
            Stack::StockAi => {
                page.gauge("active_connections", "Open connections.", (requests * 0.4).floor());
                page.family("cache_hits", "counter", "Cache hits.");
                page.sample("cache_hits_total", &[("cache_type", "redis")], self.catalog_cache.hits.floor());
                page.family("cache_misses", "counter", "Cache misses.");
                page.sample(
                    "cache_misses_total",
                    &[("cache_type", "redis")],
                    self.catalog_cache.misses.floor(),
                );
            }
            Stack::Prophet => {
                page.family("python_info", "gauge", "Python platform information");
                page.sample("python_info", &[("implementation", "CPython"), ("version", "3.11.9")], 1.0);
            }
            Stack::Node => {
                page.gauge("nodejs_eventloop_lag_seconds", "Lag of event loop in seconds.", 0.0021);
            }
            Stack::Rabbit => self.rabbit_metrics(page, node),
            Stack::Sidekiq => self.sidekiq_metrics(page, node, spec),
            Stack::HealthJson => {}
        }
    }

    fn rabbit_metrics(&self, page: &mut Page, node: &Node) {
        for (name, help) in [
            ("rabbitmq_queue_messages_ready", "Messages ready to be delivered to consumers"),
            ("rabbitmq_queue_messages_unacked", "Messages delivered to consumers but not yet acknowledged"),
            ("rabbitmq_queue_messages", "Sum of ready and unacknowledged messages"),
            ("rabbitmq_queue_consumers", "Consumers on a queue"),
        ] {
            page.family(name, "gauge", help);
            for (queue, ready, unacked, consumers) in self.broker_queues() {
                let value = match name {
                    "rabbitmq_queue_messages_ready" => ready,
                    "rabbitmq_queue_messages_unacked" => unacked,
                    "rabbitmq_queue_messages" => ready + unacked,
                    _ => f64::from(consumers),
                };
                page.sample(name, &[("vhost", "/"), ("queue", queue)], value);
            }
        }
        let received: u64 = node.routes.iter().map(|r| r.good.count() + r.failed.count()).sum();
        page.family(
            "rabbitmq_global_messages_received",
            "counter",
            "Total number of messages received from publishers",
        );
        page.sample("rabbitmq_global_messages_received_total", &[("protocol", "amqp091")], received as f64);
    }

    fn sidekiq_metrics(&self, page: &mut Page, node: &Node, spec: &Spec) {
        page.family("sidekiq_jobs_executed", "counter", "Jobs executed.");
        for (route, (_, queue, _)) in node.routes.iter().zip(spec.routes) {
            let executed = (route.good.count() + route.failed.count()) as f64;
            page.sample("sidekiq_jobs_executed_total", &[("queue", queue)], executed);
        }
        page.family("sidekiq_jobs_failed", "counter", "Jobs failed.");
        for (route, (_, queue, _)) in node.routes.iter().zip(spec.routes) {
            page.sample("sidekiq_jobs_failed_total", &[("queue", queue)], route.failed.count() as f64);
        }
        page.family("sidekiq_job_runtime_seconds", "histogram", "How long jobs ran.");
        for (route, (_, queue, _)) in node.routes.iter().zip(spec.routes) {
            page.histogram("sidekiq_job_runtime_seconds", &[("queue", queue)], spec.bounds, &route.all());
        }
        page.family("sidekiq_jobs_waiting_count", "gauge", "Jobs waiting.");
        page.sample("sidekiq_jobs_waiting_count", &[("queue", "orders")], self.depth.floor());
    }
}

fn requests(page: &mut Page, node: &Node, spec: &Spec, names: &Names) {
    let kinds =
        |route: &super::traffic::Route| [route.good.clone(), route.refused.clone(), route.failed.clone()];
    if let Some(counter) = names.counter {
        let total = format!("{counter}_total");
        page.family(counter, "counter", "Requests.");
        for (route, (method, path, _)) in node.routes.iter().zip(spec.routes) {
            for (histogram, word) in kinds(route).iter().zip(names.words) {
                let labels = [(names.method, *method), (names.route, *path), (names.status, word)];
                page.sample(&total, &labels, histogram.count() as f64);
            }
        }
    }
    page.family(names.histogram, "histogram", "How long requests took, in seconds.");
    let mut fleet = Histogram::new(spec.bounds);
    for (route, (method, path, _)) in node.routes.iter().zip(spec.routes) {
        let base = [(names.method, *method), (names.route, *path)];
        if names.by_status {
            for (histogram, word) in kinds(route).iter().zip(names.words) {
                page.histogram(
                    names.histogram,
                    &[base[0], base[1], (names.status, word)],
                    spec.bounds,
                    histogram,
                );
            }
        } else if spec.stack == Stack::Instrumentator {
            // The instrumentator has three coarse buckets by handler, and many without labels.
            let all = route.all();
            let coarse = [4_usize, 6, 8].map(|i| all.buckets().nth(i).unwrap_or_default());
            for (edge, count) in
                ["0.1", "0.5", "1.0", "+Inf"].into_iter().zip(coarse.into_iter().chain([all.count()]))
            {
                page.sample(
                    "http_request_duration_seconds_bucket",
                    &[base[0], base[1], ("le", edge)],
                    count as f64,
                );
            }
            page.sample("http_request_duration_seconds_sum", &base, all.sum());
            page.sample("http_request_duration_seconds_count", &base, all.count() as f64);
            fleet.merge(&all);
        } else {
            page.histogram(names.histogram, &base, spec.bounds, &route.all());
        }
    }
    if spec.stack == Stack::Instrumentator {
        page.family(
            "http_request_duration_highr_seconds",
            "histogram",
            "Latency with many buckets but no API specific labels.",
        );
        page.histogram("http_request_duration_highr_seconds", &[], spec.bounds, &fleet);
    }
}
