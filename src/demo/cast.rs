//! The ten services: who they are, what stack they are built on, how much they have to do. Data only.

/// What a service is built on: it decides the shapes of its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stack {
    /// Go gateway, as Sparkle's.
    Gateway,
    /// Spring Boot with Actuator, Micrometer and resilience4j.
    Spring,
    /// health+json, OpenTelemetry names, OpenMetrics.
    HealthJson,
    /// Flask as hashinsight.
    HashInsight,
    /// `FastAPI` with prometheus-fastapi-instrumentator and a JWT login.
    Instrumentator,
    /// `FastAPI` and Celery as stock-ai, with Flower's queue list.
    StockAi,
    /// Flask as prophet-sentinel.
    Prophet,
    /// Node in Kubernetes, with bull-board.
    Node,
    /// `RabbitMQ` with its management API.
    Rabbit,
    /// Ruby with Sidekiq.
    Sidekiq,
}

/// One service.
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) stack: Stack,
    pub(super) instances: usize,
    /// Requests a second, all instances together.
    pub(super) rate: f64,
    /// Median latency in seconds when all is well.
    pub(super) median: f64,
    /// Share of 4xx.
    pub(super) refused: f64,
    /// Method, route, share of the traffic.
    pub(super) routes: &'static [(&'static str, &'static str, f64)],
    /// Upper bounds of its histograms, in seconds.
    pub(super) bounds: &'static [f64],
    /// What it runs, then what it could go back to: the newest first. The last one cannot be returned to.
    pub(super) versions: [&'static str; 4],
    pub(super) depends_on: &'static [&'static str],
}

pub(super) const GATEWAY: usize = 0;
pub(super) const CHECKOUT: usize = 1;
pub(super) const PAYMENTS: usize = 2;
pub(super) const SEARCH: usize = 3;
pub(super) const ACCOUNTS: usize = 4;
pub(super) const CATALOG: usize = 5;
pub(super) const RECOMMENDATIONS: usize = 6;
pub(super) const INVENTORY: usize = 7;
pub(super) const WORKER: usize = 9;

/// The version whose deployment is the story's first trouble.
pub(super) const BAD_VERSION: &str = "2.14.0";

const GO: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const CONTRACT: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
const MICROMETER: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0];
const HIGHR: &[f64] = &[
    0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0,
    30.0, 60.0,
];

/// The fleet, in the order of its ports.
pub(super) const CAST: [Spec; 10] = [
    Spec {
        name: "gateway",
        stack: Stack::Gateway,
        instances: 2,
        rate: 180.0,
        median: 0.018,
        refused: 0.004,
        routes: &[("GET", "/shop", 0.55), ("GET", "/api", 0.35), ("POST", "/api", 0.1)],
        bounds: GO,
        versions: ["1.31.2", "1.31.1", "1.31.0", "1.29.4"],
        depends_on: &["checkout", "search", "accounts", "catalog"],
    },
    Spec {
        name: "checkout",
        stack: Stack::Spring,
        instances: 2,
        rate: 46.0,
        median: 0.085,
        refused: 0.006,
        routes: &[("POST", "/orders", 0.6), ("GET", "/orders/{id}", 0.4)],
        bounds: MICROMETER,
        versions: [BAD_VERSION, "2.13.2", "2.13.1", "2.12.0"],
        depends_on: &["payments", "inventory", "broker"],
    },
    Spec {
        name: "payments",
        stack: Stack::HealthJson,
        instances: 1,
        rate: 24.0,
        median: 0.11,
        refused: 0.01,
        routes: &[("POST", "/charges", 0.8), ("GET", "/charges/{id}", 0.2)],
        bounds: GO,
        versions: ["5.7.0", "5.6.3", "5.6.2", "5.4.0"],
        depends_on: &["card-network"],
    },
    Spec {
        name: "search",
        stack: Stack::HashInsight,
        instances: 1,
        rate: 70.0,
        median: 0.034,
        refused: 0.002,
        routes: &[("GET", "/search", 0.85), ("GET", "/suggest", 0.15)],
        bounds: CONTRACT,
        versions: ["2.0.0", "1.9.8", "1.9.7", "1.8.0"],
        depends_on: &["catalog"],
    },
    Spec {
        name: "accounts",
        stack: Stack::Instrumentator,
        instances: 1,
        rate: 32.0,
        median: 0.021,
        refused: 0.02,
        routes: &[("POST", "/sessions", 0.5), ("GET", "/users/{user_id}", 0.5)],
        bounds: HIGHR,
        versions: ["0.42.1", "0.42.0", "0.41.9", "0.38.0"],
        depends_on: &[],
    },
    Spec {
        name: "catalog",
        stack: Stack::StockAi,
        instances: 1,
        rate: 95.0,
        median: 0.026,
        refused: 0.003,
        routes: &[("GET", "/api/v1/products/18231", 0.3), ("GET", "/api/v1/products", 0.7)],
        bounds: CONTRACT,
        versions: ["3.3.0", "3.2.9", "3.2.8", "3.0.1"],
        depends_on: &[],
    },
    Spec {
        name: "recommendations",
        stack: Stack::Prophet,
        instances: 1,
        rate: 40.0,
        median: 0.05,
        refused: 0.001,
        routes: &[("POST", "/api/recommend", 1.0)],
        bounds: CONTRACT,
        versions: ["1.6.4", "1.6.3", "1.6.2", "1.4.0"],
        depends_on: &["catalog"],
    },
    Spec {
        name: "inventory",
        stack: Stack::Node,
        instances: 1,
        rate: 55.0,
        median: 0.012,
        refused: 0.002,
        routes: &[("GET", "/stock/:sku", 0.8), ("POST", "/reservations", 0.2)],
        bounds: CONTRACT,
        versions: ["8.2.5", "8.2.4", "8.2.3", "7.9.0"],
        depends_on: &[],
    },
    Spec {
        name: "broker",
        stack: Stack::Rabbit,
        instances: 1,
        rate: 60.0,
        median: 0.002,
        refused: 0.0,
        routes: &[("PUBLISH", "orders", 1.0)],
        bounds: &[],
        versions: ["3.13.7", "3.13.6", "3.13.5", "3.12.1"],
        depends_on: &[],
    },
    Spec {
        name: "worker",
        stack: Stack::Sidekiq,
        instances: 1,
        rate: 38.0,
        median: 0.14,
        refused: 0.0,
        routes: &[("JOB", "orders", 0.8), ("JOB", "mail", 0.2)],
        bounds: CONTRACT,
        versions: ["4.1.0", "4.0.9", "4.0.8", "3.8.2"],
        depends_on: &["broker"],
    },
];
