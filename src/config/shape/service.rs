//! `service.NAME`.

use super::super::checks;
use super::{DAY, Field, Kind, SECOND, Sample, poll, root};

pub(super) const INTERVAL: Kind = Kind::Duration { min: 100, max: root::LONGEST };
pub(super) const TIMEOUT: Kind = Kind::Duration { min: 10, max: 600 * SECOND };
pub(super) const WARMUP: Kind = Kind::Duration { min: 0, max: root::LONGEST };
pub(super) const COUNT: Kind = Kind::Whole { min: 1, max: 100 };

pub(super) const SERVICE: &[Field] = &[
    Field::new("environment", Kind::Text(checks::NAME), "Name of an environment table.").like("\"prod\""),
    Field::new(
        "instances",
        Kind::List(&Kind::Text(checks::INSTANCE)),
        "Base URLs. Every poll that has no URL of its own is done for each of them.",
    )
    .or("[]")
    .like("[\"http://127.0.0.1:8080\", \"http://127.0.0.1:8081\"]"),
    Field::new(
        "labels",
        Kind::Map { name: checks::LABEL, of: &Kind::Text(checks::ANY), samples: &[] },
        "With instance, all that is put on scraped samples. job is the service's name unless it is given here.",
    )
    .or("{}")
    .like("{ job = \"checkout\" }"),
    Field::new(
        "select",
        Kind::Text(checks::EXPR),
        "Which series and alerts are this service's: a PromQL selector. Without it: {job=\"...\"}.",
    )
    .like("'{job=\"checkout\"}'"),
    Field::new("auth", Kind::Text(checks::NAME), "Name of an auth table.").like("\"by-bearer\""),
    Field::new(
        "engine",
        Kind::Text(checks::ENGINE),
        "Who answers its expressions, if not as engine.default says: \"embedded\", or the name of a backend; its \
         metrics are not scraped then.",
    )
    .like("\"embedded\""),
    Field::new(
        "preset",
        Kind::Text(checks::WORDS),
        "Name of a preset: polls and signals of a well-known stack; what is written here goes before it.",
    )
    .like("\"actuator\""),
    Field::new(
        "depends_on",
        Kind::List(&Kind::Text(checks::WORDS)),
        "Services, or components beside them, that this one needs.",
    )
    .or("[]")
    .like("[\"postgres\"]"),
    Field::new(
        "links",
        Kind::Map { name: checks::WORDS, of: &Kind::Text(checks::LINK), samples: &[] },
        "Pages about it; {from} and {to} become the time range on screen.",
    )
    .or("{}")
    .like("{ runbook = \"https://wiki.example/checkout\", logs = \"https://logs.example/?from={from}&to={to}\" }"),
    Field::new("proxy", Kind::Text(checks::PROXY), "Proxy on the way there: http://, https:// or socks5://.")
        .like("\"http://127.0.0.1:3128\""),
    Field::new(
        "resolve",
        Kind::Map { name: checks::WORDS, of: &Kind::Text(checks::ADDRESS), samples: &[] },
        "Addresses of hosts, beside DNS.",
    )
    .or("{}")
    .like("{ \"checkout.internal\" = \"10.0.0.7\" }"),
    Field::new("body_limit", Kind::Size { min: 1024 }, "The most bytes of a body, after decompression.")
        .or("\"16MiB\""),
    Field::new(
        "signals",
        Kind::Table(&[SIGNALS]),
        "Where requests, errors and latency come from: PromQL; {{.window}} becomes the window.",
    ),
    Field::new("bands", Kind::Table(&[BANDS]), "Limits: [warning, critical]."),
    Field::new(
        "poll",
        Kind::Map { name: checks::NAME, of: &Kind::Tagged(poll::KINDS), samples: POLL_SAMPLES },
        "What is asked of each instance.",
    ),
];

/// A service's own pace; the defaults stand in `defaults.poll`.
pub(super) const PACE: &[Field] = &[
    Field::new("interval", INTERVAL, "How often its polls are done, if not as defaults.poll says.")
        .like("\"10s\""),
    Field::new("timeout", TIMEOUT, "How long a whole exchange may take, if not as defaults.poll says.")
        .like("\"3s\""),
    Field::new("fails", COUNT, "Failures in a row before it counts as down, if not as defaults.poll says.")
        .like("3"),
    Field::new("passes", COUNT, "Successes in a row before it counts as up, if not as defaults.poll says.")
        .like("2"),
    Field::new(
        "warmup",
        WARMUP,
        "How long after a restart it counts as warming up, if not as defaults.poll says.",
    )
    .like("\"2m\""),
];

const SIGNALS: &[Field] = &[
    Field::new("requests", Kind::Text(checks::EXPR), "Requests a second.")
        .like("'sum(rate(http_requests_total{job=\"checkout\"}[{{.window}}]))'"),
    Field::new("errors", Kind::Text(checks::EXPR), "Ratio of failed requests, 0 to 1.").like(
        "'sum(rate(http_requests_total{job=\"checkout\",status=~\"5..\"}[{{.window}}])) / \
         sum(rate(http_requests_total{job=\"checkout\"}[{{.window}}]))'",
    ),
    Field::new("latency", Kind::Text(checks::EXPR), "Latency in seconds.").like(
        "'histogram_quantile(0.95, sum by (le) \
         (rate(http_request_duration_seconds_bucket{job=\"checkout\"}[{{.window}}])))'",
    ),
    Field::new(
        "window",
        Kind::Duration { min: 10 * SECOND, max: DAY },
        "What {{.window}} stands for, if not defaults.window.",
    )
    .like("\"5m\""),
];

const BANDS: &[Field] = &[
    Field::new("latency", Kind::Pair(&Kind::Duration { min: 0, max: DAY }), "Of signals.latency.")
        .like("[\"200ms\", \"300ms\"]"),
    Field::new("errors", Kind::Pair(&Kind::Ratio), "Of signals.errors: \"0.5%\" or 0.005.")
        .like("[\"0.5%\", \"1%\"]"),
    Field::new("queue", Kind::Pair(&Kind::Number), "Of the depth of any of its queues.").like("[500, 1000]"),
];

const POLL_SAMPLES: &[Sample] = &[
    Sample {
        name: "health",
        word: "health",
        keys: &["path", "format", "port", "interval", "timeout", "auth", "headers"],
    },
    Sample { name: "metrics", word: "metrics", keys: &["path", "workers"] },
    Sample { name: "breakers", word: "breakers", keys: &["path", "format"] },
    Sample { name: "breakers-by-pointers", word: "breakers", keys: &["path", "items", "name", "state"] },
    Sample { name: "breakers-by-expr", word: "breakers", keys: &["expr", "label", "states"] },
    Sample { name: "queues", word: "queues", keys: &["url", "format"] },
    Sample { name: "queues-by-pointers", word: "queues", keys: &["path", "items", "name", "depth"] },
    Sample { name: "queues-by-expr", word: "queues", keys: &["expr", "label"] },
    Sample { name: "cache", word: "json", keys: &["path", "series"] },
    Sample { name: "broker", word: "redis", keys: &["url", "llen", "ttlless", "password"] },
    Sample { name: "database", word: "tcp", keys: &["port"] },
    Sample { name: "rpc", word: "grpc", keys: &["port", "service"] },
];
