//! `rules.NAME` and `builtin_rules`.

use super::super::checks;
use super::{DAY, Field, HOUR, Kind, MINUTE, SECOND};

pub(super) const RULES: &[Field] = &[
    Field::new(
        "files",
        Kind::List(&Kind::Text(checks::PATH)),
        "Prometheus rule files, read as they are; relative to this file's folder, * and ? stand for parts of names. \
         A group with a fault is reported and does not run; the others do.",
    )
    .must()
    .like("[\"alert_rules.yml\", \"rules.d/*.yml\"]"),
    Field::new(
        "enforce",
        Kind::Text(checks::EXPR),
        "What these files may see: a PromQL selector, put on each selector of their expressions. What the files \
         record themselves is exempt.",
    )
    .like("'{job=~\"checkout-.*\"}'"),
    Field::new(
        "engine",
        Kind::Text(checks::ENGINE),
        "Who answers their expressions, if not as engine.default says: \"embedded\", or the name of a backend. The alerts \
         are warroom's own in either case.",
    )
    .like("\"embedded\""),
    Field::new(
        "interval",
        Kind::Duration { min: SECOND, max: DAY },
        "How often groups are evaluated that say nothing themselves. Prometheus's own default is 1m.",
    )
    .or("\"15s\""),
    Field::new(
        "severity",
        Kind::Map { name: checks::WORDS, of: &Kind::Word(SEVERITIES), samples: &[] },
        "What the label severity means. Put over: critical = P1, error = P2, warning = P3, info = P4, page = P1, \
         ticket = P3. Any other word, or none, is P3; P0 to P4 mean themselves.",
    )
    .like("{ blocker = \"P0\", warning = \"P2\" }"),
    Field::new(
        "external_labels",
        Kind::Map { name: checks::WORDS, of: &Kind::Text(checks::ANY), samples: &[] },
        "What $externalLabels gives in annotations; as global.external_labels of a prometheus.yml.",
    )
    .like("{ cluster = \"eu-1\" }"),
    Field::new("external_url", Kind::Text(checks::LINK), "What $externalURL gives in annotations.")
        .like("\"https://prometheus.example.com\""),
];

const SEVERITIES: &[(&str, &str)] = &[
    ("P0", "everything is down"),
    ("P1", "a core function is degraded"),
    ("P2", "a part of a function"),
    ("P3", "slow but usable"),
    ("P4", "cosmetic"),
];

pub(super) const BUILTIN: &[Field] = &[
    Field::new(
        "off",
        Kind::List(&Kind::Text(checks::NAME)),
        "Those that do not run: target-down, probe-failed, service-down, component-down, breaker-open, \
         queue-backlog, queue-without-consumers, certificate-expiry, slo-burn.",
    )
    .or("[]"),
    Field::new("interval", Kind::Duration { min: SECOND, max: HOUR }, "How often they are evaluated.")
        .or("\"15s\""),
    Field::new(
        "wait",
        Kind::Duration { min: 0, max: HOUR },
        "How long something must be down, or a breaker open, before it alerts.",
    )
    .or("\"1m\""),
    Field::new(
        "queue_wait",
        Kind::Duration { min: 0, max: DAY },
        "How long a queue must be above its band (bands.queue of its service) before it alerts.",
    )
    .or("\"5m\""),
    Field::new(
        "certificate_warning",
        Kind::Duration { min: MINUTE, max: 366 * DAY },
        "A certificate that ends sooner than this is worth a warning (P3).",
    )
    .or("\"21d\""),
    Field::new(
        "certificate_critical",
        Kind::Duration { min: MINUTE, max: 366 * DAY },
        "A certificate that ends sooner than this is grave (P2).",
    )
    .or("\"3d\""),
];
