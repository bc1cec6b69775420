//! `service.NAME.poll.NAME`: the kinds of poll, each with its keys.

use super::super::checks;
use super::{Field, Kind, Variant, service};

/// The kinds of poll.
pub(super) const KINDS: &[Variant] = &[
    Variant { word: "health", doc: "Is it well?", groups: &[HEALTH, HTTP, URL, PORT, PACE] },
    Variant {
        word: "metrics",
        doc: "Prometheus text or OpenMetrics.",
        groups: &[METRICS, HTTP, URL, PORT, PACE],
    },
    Variant {
        word: "breakers",
        doc: "Circuit breakers, from JSON or from an expression.",
        groups: &[PATH, BREAKERS, EXPR, STATES, HTTP, URL, PORT, PACE],
    },
    Variant {
        word: "queues",
        doc: "Queues, from JSON or from an expression.",
        groups: &[PATH, QUEUES, EXPR, HTTP, URL, PORT, PACE],
    },
    Variant { word: "json", doc: "Numbers out of any JSON.", groups: &[PATH, JSON, HTTP, URL, PORT, PACE] },
    Variant {
        word: "redis",
        doc: "PING, lengths of lists, keys that never expire.",
        groups: &[REDIS, PORT, PACE],
    },
    Variant { word: "tcp", doc: "Can a connection be made?", groups: &[URL, PORT, PACE] },
    Variant { word: "grpc", doc: "grpc.health.v1.Health/Check.", groups: &[GRPC, HTTP, URL, PORT, PACE] },
];

const URL: &[Field] =
    &[Field::new("url", Kind::Text(checks::POLL_URL), URL_DOC).like("\"http://127.0.0.1:15672/api/queues\"")];

const URL_DOC: &str = "A whole URL that stands for itself: asked once, not on each instance.";

const PORT: &[Field] =
    &[Field::new("port", Kind::Whole { min: 1, max: 65_535 }, "Another port of the instance's host.")
        .like("9090")];

const PACE: &[Field] = &[
    Field::new("interval", service::INTERVAL, "How often, if not as the service says.").like("\"30s\""),
    Field::new(
        "timeout",
        service::TIMEOUT,
        "How long the whole exchange may take, if not as the service says.",
    )
    .like("\"10s\""),
];

const HTTP: &[Field] = &[
    Field::new("auth", Kind::Text(checks::NAME), "Name of an auth table, if not the service's.")
        .like("\"by-header\""),
    Field::new(
        "headers",
        Kind::Map { name: checks::PLAIN_HEADER, of: &Kind::Text(checks::HEADER_VALUE), samples: &[] },
        "Headers to send. Secrets belong into an auth table.",
    )
    .or("{}")
    .like("{ Accept = \"application/json\" }"),
];

const PATH: &[Field] =
    &[Field::new("path", Kind::Text(checks::PATH_OR_URL), "Path on the instance, or a whole URL.")
        .like("\"/api/state\"")];

const HEALTH: &[Field] = &[
    Field::new("path", Kind::Text(checks::PATH_OR_URL), "Path on the instance, or a whole URL.")
        .or("\"/health\""),
    Field::new(
        "format",
        Kind::Word(&[
            ("auto", "told by the content"),
            ("status", "only the status code counts"),
            ("actuator", "Spring Boot Actuator"),
            ("health+json", "application/health+json"),
            ("kubernetes", "Kubernetes' verbose text"),
            ("flat", "an object with \"status\" and dependencies beside it"),
        ]),
        "How the answer is to be read.",
    )
    .or("\"auto\""),
];

const METRICS: &[Field] = &[
    Field::new("path", Kind::Text(checks::PATH_OR_URL), "Path on the instance, or a whole URL.")
        .or("\"/metrics\""),
    Field::new(
        "workers",
        Kind::Word(&[
            ("auto", "recognise worker processes that share no metrics, and keep them apart"),
            ("one", "take every answer as it is"),
        ]),
        "Worker processes behind one port make counters jump back and forth.",
    )
    .or("\"auto\""),
];

const BREAKERS: &[Field] = &[
    Field::new(
        "format",
        Kind::Word(&[
            ("auto", "told by the content"),
            ("map", "name -> { state, failure_count, ... }"),
            ("resilience4j", "Actuator's { circuitBreakers: ... }"),
        ]),
        "How the answer is to be read.",
    )
    .or("\"auto\""),
    Field::new("items", Kind::Text(checks::POINTER), "JSON pointer to the object or array of breakers.")
        .like("\"/breakers\""),
    Field::new("name", Kind::Text(checks::POINTER), "JSON pointer to the name within an item of an array.")
        .like("\"/name\""),
    Field::new("state", Kind::Text(checks::POINTER), "JSON pointer to the state within an item.")
        .like("\"/state\""),
];

const QUEUES: &[Field] = &[
    Field::new(
        "format",
        Kind::Word(&[
            ("auto", "told by the content"),
            ("status", "an object of queues with their lengths"),
            ("rabbitmq", "RabbitMQ's /api/queues"),
            ("flower", "Flower's /api/queues/length"),
            ("sidekiq", "Sidekiq's /stats and /stats/queues"),
            ("bullmq", "bull-board's /api/queues"),
        ]),
        "How the answer is to be read.",
    )
    .or("\"auto\""),
    Field::new("items", Kind::Text(checks::POINTER), "JSON pointer to the object or array of queues.")
        .like("\"/queues\""),
    Field::new("name", Kind::Text(checks::POINTER), "JSON pointer to the name within an item of an array.")
        .like("\"/name\""),
    Field::new("depth", Kind::Text(checks::POINTER), "JSON pointer to the depth within an item.")
        .like("\"/depth\""),
];

const EXPR: &[Field] = &[
    Field::new(
        "expr",
        Kind::Text(checks::EXPR),
        "PromQL in place of a poll: each series of its result is one breaker or queue.",
    )
    .like("'redis_queue_length{job=\"checkout\"}'"),
    Field::new(
        "label",
        Kind::Text(checks::LABEL),
        "The label that holds its name; without it: whatever labels tell the series apart.",
    )
    .like("\"name\""),
];

const STATES: &[Field] =
    &[Field::new("states", Kind::Table(&[STATE]), "Which value of the expression stands for which state.")];

const STATE: &[Field] = &[
    Field::new("closed", Kind::Number, "Calls go through.").or("0"),
    Field::new("open", Kind::Number, "Calls are refused.").or("1"),
    Field::new("half_open", Kind::Number, "A few calls are tried; without it: 2, unless that is taken.")
        .like("2"),
];

const JSON: &[Field] = &[Field::new(
    "series",
    Kind::Map { name: checks::METRIC, of: &Kind::Text(checks::POINTER), samples: &[] },
    "Metric name -> JSON pointer to a number, \"99.8%\" or \"9.8x\".",
)
.must()
.like("{ cache_hit_ratio = \"/hit_rate\" }")];

const REDIS: &[Field] = &[
    Field::new("url", Kind::Text(checks::POLL_URL), URL_DOC).like("\"redis://127.0.0.1:6379/0\""),
    Field::new("llen", Kind::List(&Kind::Text(checks::WORDS)), "Lists whose length is a queue's depth.")
        .or("[]")
        .like("[\"celery\"]"),
    Field::new(
        "ttlless",
        Kind::List(&Kind::Text(checks::WORDS)),
        "Patterns whose keys ought to have a time to live: those without are counted.",
    )
    .or("[]")
    .like("[\"session:*\"]"),
    Field::new("password", Kind::Secrets, "Reference to the password; a list is tried in turn.")
        .or("[]")
        .like("\"env:REDIS_PASSWORD\""),
];

const GRPC: &[Field] =
    &[Field::new("service", Kind::Text(checks::ANY), "The service asked for; empty is the whole server.")
        .or("\"\"")];
