//! `slo.NAME`.

use super::super::checks;
use super::{DAY, Field, HOUR, Kind, MINUTE, Sample};

pub(super) const SLO: &[Field] = &[
    Field::new("service", Kind::Text(checks::NAME), "The service that it speaks of; expressions that name none of the labels of its select are restricted to it.")
        .like("\"checkout\""),
    Field::new("title", Kind::Text(checks::WORDS), "What stands above it; without it, the table's name.")
        .like("\"Checkout answers\""),
    Field::new("description", Kind::Text(checks::ANY), "What it is about, for whoever is woken by it.").or("\"\""),
    Field::new("objective", Kind::Number, "How much must be good, in per cent: above 0, below 100.")
        .must()
        .like("99.95"),
    Field::new(
        "window",
        Kind::Text(checks::SLO_WINDOW),
        "Over which time: a duration that ends now, or the running week (from Monday), month or quarter.",
    )
    .or("\"30d\""),
    Field::new("zone", Kind::Text(checks::WORDS), "Whose midnight counts for a week, month or quarter; without it, ui.zone.")
        .like("\"Europe/Berlin\""),
    Field::new(
        "preset",
        Kind::Word(&[
            ("availability", "answers that are no server errors, from the service's signals; the default"),
            ("latency", "answers within what the service's preset promises"),
        ]),
        "What is measured, where no expression says it. One of preset, error, good, error_ratio, latency, probe.",
    )
    .like("\"availability\""),
    Field::new(
        "error",
        Kind::Text(checks::EXPR),
        "Bad events; with total. {{.window}} stands for a window, as sloth writes it. Sums of rate() or increase() of \
         counters are counted exactly, anything else is an estimate by the minute, and called so.",
    )
    .like("'sum(rate(http_requests_total{status=~\"5..\"}[{{.window}}]))'"),
    Field::new("good", Kind::Text(checks::EXPR), "Good events, instead of error.")
        .like("'sum(rate(http_requests_total{status!~\"5..\"}[{{.window}}]))'"),
    Field::new("total", Kind::Text(checks::EXPR), "All valid events, for error or good.")
        .like("'sum(rate(http_requests_total[{{.window}}]))'"),
    Field::new("error_ratio", Kind::Text(checks::EXPR), "The share of bad events, 0 to 1, where it cannot be counted.")
        .like("'avg_over_time(checkout_error_ratio[{{.window}}])'"),
    Field::new("latency", Kind::Table(&[LATENCY]), "Events of a histogram that are slow are bad."),
    Field::new("probe", Kind::Table(&[PROBE]), "Slices of time in which a probe fails are bad."),
    Field::new(
        "client_errors",
        Kind::Word(&[
            ("good", "all 4xx are good: the caller's fault"),
            ("429", "429 is bad, the others are good"),
            ("bad", "all 4xx are bad"),
        ]),
        "How 4xx count under preset = \"availability\".",
    )
    .or("\"good\""),
    Field::new(
        "alerting",
        Kind::Word(&[
            ("google", "the workbook's table: 14.4, 6, 3 and 1 times at 30 days"),
            ("pyrra", "Pyrra's table: 14, 7, 2 and 1 times"),
            ("off", "no alerts"),
        ]),
        "When the spending of the budget is an alert: over a long and a short window.",
    )
    .or("\"google\""),
    Field::new(
        "rows",
        Kind::Map { name: checks::NAME, of: &Kind::Table(&[ROW]), samples: &[Sample { name: "fast", word: "", keys: &[] }] },
        "Rows of your own, instead of alerting's table.",
    ),
    Field::new(
        "min_events",
        Kind::Whole { min: 1, max: 1_000_000_000 },
        "With fewer valid events a window is called an insufficient sample; without it, as many as keep one bad event \
         from firing.",
    )
    .like("500"),
    Field::new(
        "maintenance",
        Kind::List(&Kind::Text(checks::WORDS)),
        "What does not count: \"Sun 02:00 - Sun 04:00 Europe/Berlin\" or \"2026-05-01T10:00:00Z - 2026-05-01T12:00:00Z\".",
    )
    .or("[]"),
    Field::new(
        "reported",
        Kind::List(&Kind::Text(checks::EXPR)),
        "Figures that the service reports about the same: shown beside ours, never mixed.",
    )
    .or("[]"),
];

/// Named objectives in the example file.
pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "checkout-availability",
        word: "",
        keys: &[
            "service",
            "title",
            "description",
            "objective",
            "window",
            "zone",
            "error",
            "total",
            "client_errors",
            "alerting",
            "rows",
            "min_events",
            "maintenance",
            "reported",
        ],
    },
    Sample { name: "checkout-good", word: "", keys: &["service", "objective", "good", "total"] },
    Sample { name: "checkout-speed", word: "", keys: &["service", "objective", "latency"] },
    Sample { name: "checkout-probe", word: "", keys: &["service", "objective", "probe"] },
    Sample { name: "checkout-ratio", word: "", keys: &["service", "objective", "error_ratio"] },
    Sample { name: "checkout-in-three-lines", word: "", keys: &["service", "objective", "preset"] },
];

const LATENCY: &[Field] = &[
    Field::new(
        "metric",
        Kind::Text(checks::METRIC),
        "The histogram, with or without _bucket; without it, that of the service's signals.",
    )
    .like("\"http_request_duration_seconds\""),
    Field::new("select", Kind::Text(checks::EXPR), "Which of its series.").like("'{method!=\"OPTIONS\"}'"),
    Field::new(
        "threshold",
        Kind::Duration { min: 1, max: 24 * HOUR },
        "Slower is bad. Where no bucket ends there, it is interpolated and called an estimate.",
    )
    .like("\"250ms\""),
];

const PROBE: &[Field] = &[
    Field::new("poll", Kind::Text(checks::NAME), "The name of one of the service's polls.")
        .like("\"health\""),
    Field::new(
        "expr",
        Kind::Text(checks::EXPR),
        "Or an expression: each element is a slice, good if it is 1 or more. {{.window}} stands for the slice.",
    )
    .like("'min_over_time(probe_success{service=\"checkout\"}[{{.window}}])'"),
    Field::new("slice", Kind::Duration { min: MINUTE, max: HOUR }, "How long a slice is: whole minutes. A single bad slice alerts nobody, two do.")
        .or("\"1m\""),
];

const ROW: &[Field] = &[
    Field::new("long", Kind::Duration { min: MINUTE, max: 31 * DAY }, "The window that gives it weight.")
        .must()
        .like("\"1h\""),
    Field::new(
        "short",
        Kind::Duration { min: MINUTE, max: 31 * DAY },
        "The window that lets it end soon; without it, a twelfth of long.",
    )
    .like("\"5m\""),
    Field::new("factor", Kind::Number, "How many times as fast as allowed the budget is spent.")
        .must()
        .like("14.4"),
    Field::new("for", Kind::Duration { min: 0, max: DAY }, "How long both must hold.").or("\"0\""),
    Field::new(
        "severity",
        Kind::Word(&[
            ("P0", "all down"),
            ("P1", "core degraded"),
            ("P2", "part of it"),
            ("P3", "slow but usable"),
            ("P4", "cosmetic"),
        ]),
        "How grave it is.",
    )
    .or("\"P3\""),
];
