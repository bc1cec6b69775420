//! `backend.NAME`: servers that answer in warroom's place, each kind with its keys.

use super::super::checks;
use super::notify::SEVERITIES;
use super::{DAY, Field, Kind, MINUTE, SECOND, Sample, Variant, root};

/// The kinds of server.
pub(super) const KINDS: &[Variant] = &[
    Variant { word: "prometheus", doc: "Prometheus, 2.x or 3.x.", groups: &[URL, AUTH, LINK, QUERY] },
    Variant {
        word: "thanos",
        doc: "Thanos Query. The tenant goes into the header THANOS-TENANT.",
        groups: &[URL, AUTH, LINK, QUERY, THANOS],
    },
    Variant {
        word: "mimir",
        doc: "Mimir or Cortex; the URL names the prefix, such as /prometheus. The tenant goes into X-Scope-OrgID.",
        groups: &[URL, AUTH, LINK, QUERY],
    },
    Variant {
        word: "victoriametrics",
        doc: "VictoriaMetrics. With a tenant (ACCOUNT or ACCOUNT:PROJECT) it is a cluster: /select/TENANT/prometheus.",
        groups: &[URL, AUTH, LINK, QUERY],
    },
    Variant {
        word: "alertmanager",
        doc: "Alertmanager, API v2: its alerts become incidents, an acknowledgement becomes a silence.",
        groups: &[URL, AUTH, LINK, ALERTMANAGER, JUDGED],
    },
    Variant {
        word: "pagerduty",
        doc: "PagerDuty, REST API v2: its open incidents, and who is on call.",
        groups: &[PAGERDUTY, LINK, JUDGED],
    },
    Variant {
        word: "warroom",
        doc: "Another warroom, as `warroom serve` offers it: it polls the services that name it, in our place (docs/attach.md).",
        groups: &[URL, AUTH, LINK, QUERY],
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample { name: "prom", word: "prometheus", keys: &[] },
    Sample { name: "global", word: "thanos", keys: &["url", "tenant", "dedup", "partial"] },
    Sample { name: "mimir", word: "mimir", keys: &["url", "tenant"] },
    Sample { name: "vm", word: "victoriametrics", keys: &["url", "tenant"] },
    Sample {
        name: "alerts",
        word: "alertmanager",
        keys: &[
            "url",
            "peers",
            "filter",
            "receiver",
            "silence",
            "extend",
            "ignore",
            "environment",
            "severity",
        ],
    },
    Sample {
        name: "pager",
        word: "pagerduty",
        keys: &["url", "key", "from", "teams", "services", "schedules", "map"],
    },
    Sample { name: "shared", word: "warroom", keys: &["url"] },
];

const URL: &[Field] =
    &[Field::new("url", Kind::Text(checks::BACKEND), "Its base URL, with the prefix if it has one.")
        .must()
        .like("\"http://127.0.0.1:9090\"")];

/// Who we say we are; PagerDuty has its own key.
const AUTH: &[Field] =
    &[Field::new("auth", Kind::Text(checks::NAME), "Name of an auth table.").like("\"by-bearer\"")];

/// How it is reached.
const LINK: &[Field] = &[
    Field::new(
        "headers",
        Kind::Map { name: checks::PLAIN_HEADER, of: &Kind::Text(checks::HEADER_VALUE), samples: &[] },
        "Headers to send. Secrets belong into an auth table.",
    )
    .or("{}")
    .like("{ X-Team = \"checkout\" }"),
    Field::new("proxy", Kind::Text(checks::PROXY), "Proxy on the way there: http://, https:// or socks5://.")
        .like("\"http://127.0.0.1:3128\""),
    Field::new(
        "timeout",
        Kind::Duration { min: 100, max: 10 * MINUTE },
        "How long one exchange may take; the server is told, and gives up a little earlier.",
    )
    .or("\"10s\""),
    Field::new(
        "interval",
        Kind::Duration { min: SECOND, max: root::LONGEST },
        "How often it is asked, if not as defaults.poll says.",
    )
    .like("\"15s\""),
    Field::new("body_limit", Kind::Size { min: 1024 }, "The most bytes of an answer, after decompression.")
        .or("\"32MiB\""),
];

/// What a server of the Prometheus API is asked, and how.
const QUERY: &[Field] = &[
    Field::new(
        "tenant",
        Kind::Text(checks::HEADER_VALUE),
        "Whose data is asked for, where the server tells tenants apart. Prometheus itself does not: X-Scope-OrgID then, \
         for what stands in front of it.",
    )
    .or("\"\""),
    Field::new(
        "params",
        Kind::Map { name: checks::WORDS, of: &Kind::Text(checks::ANY), samples: &[] },
        "Further parameters of each query; they go before our own.",
    )
    .or("{}")
    .like("{ extra_label = \"env=prod\" }"),
    Field::new(
        "labels",
        Kind::Map { name: checks::LABEL, of: &Kind::Text(checks::ANY), samples: &[] },
        "Put on its alerts, so that those of two servers can be told apart.",
    )
    .or("{}")
    .like("{ cluster = \"eu\" }"),
    Field::new("parallel", Kind::Whole { min: 1, max: 64 }, "How many queries may be under way at once.")
        .or("4"),
    Field::new("alerts", Kind::Bool, "Show its alerts and rules beside ours.").or("true"),
    Field::new(
        "records",
        Kind::Bool,
        "Ask for a series that the server records in place of the expression that it is recorded from.",
    )
    .or("true"),
];

const THANOS: &[Field] = &[
    Field::new("dedup", Kind::Bool, "Merge the series of replicas.").or("true"),
    Field::new(
        "partial",
        Kind::Bool,
        "Take answers without stores that do not answer. They are shown as partial; without it they are errors.",
    )
    .or("true"),
];

const ALERTMANAGER: &[Field] = &[
    Field::new(
        "peers",
        Kind::List(&Kind::Text(checks::BACKEND)),
        "Further members of its cluster. All are asked; an alert has ended when all that answer say so.",
    )
    .or("[]")
    .like("[\"http://127.0.0.1:9094\"]"),
    Field::new("filter", Kind::List(&Kind::Text(checks::WORDS)), "Only alerts that match all of these.")
        .or("[]")
        .like("['team=\"checkout\"']"),
    Field::new("receiver", Kind::Text(checks::WORDS), "Only alerts for receivers that match this regex.")
        .like("\"checkout-.*\""),
    Field::new(
        "silence",
        Kind::Duration { min: MINUTE, max: 31 * DAY },
        "How long a silence lasts that an acknowledgement makes.",
    )
    .or("\"15m\""),
    Field::new(
        "extend",
        Kind::Duration { min: MINUTE, max: 31 * DAY },
        "By how much a silence is extended at a time.",
    )
    .or("\"1h\""),
    Field::new(
        "ignore",
        Kind::List(&Kind::Text(checks::LABEL)),
        "Labels that do not tell its alerts apart from our own of the same rule. The external labels of our rule sets \
         never do.",
    )
    .or("[]")
    .like("[\"cluster\", \"replica\"]"),
];

/// What its alerts mean here, and whose rules hold for what is changed there.
const JUDGED: &[Field] = &[
    Field::new(
        "environment",
        Kind::Text(checks::NAME),
        "Whose rules hold for what is changed there, silences for one; without it those of the service's environment.",
    )
    .like("\"prod\""),
    Field::new(
        "severity",
        Kind::Map { name: checks::WORDS, of: &Kind::Word(SEVERITIES), samples: &[] },
        "What the label severity, or a priority or urgency, means. Put over: critical = P1, error = P2, warning = P3, \
         info = P4, page = P1, ticket = P3.",
    )
    .or("{}")
    .like("{ blocker = \"P0\" }"),
];

const PAGERDUTY: &[Field] = &[
    Field::new("url", Kind::Text(checks::BACKEND), "Where its API is; the EU has api.eu.pagerduty.com.")
        .or("\"https://api.pagerduty.com\""),
    Field::new("key", Kind::Secrets, "The REST API key; a list is tried in turn.")
        .must()
        .like("\"env:PD_API_KEY\""),
    Field::new("from", Kind::Text(checks::WORDS), "The e-mail address of the user in whose name is written.")
        .like("\"anna@example.org\""),
    Field::new("teams", Kind::List(&Kind::Text(checks::WORDS)), "Ids of teams; none: all.")
        .or("[]")
        .like("[\"PT4KHLK\"]"),
    Field::new("services", Kind::List(&Kind::Text(checks::WORDS)), "Ids of PagerDuty's services; none: all.")
        .or("[]")
        .like("[\"PIJ90N7\"]"),
    Field::new(
        "schedules",
        Kind::List(&Kind::Text(checks::WORDS)),
        "Ids of the schedules whose people on call are shown; none: all.",
    )
    .or("[]")
    .like("[\"PI7DH85\"]"),
    Field::new(
        "map",
        Kind::Map { name: checks::WORDS, of: &Kind::Text(checks::NAME), samples: &[] },
        "Its services, by name or id, and which of ours each is; one of the same name needs no line.",
    )
    .or("{}")
    .like("{ \"Checkout API\" = \"checkout\" }"),
];
