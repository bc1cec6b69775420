//! `notify.NAME`: the kinds of channel, each with its keys; and how a dashboard rings.

use super::super::checks;
use super::{Field, HOUR, Kind, MINUTE, SECOND, Sample, Variant};

/// The kinds of channel.
pub(super) const KINDS: &[Variant] = &[
    Variant {
        word: "pagerduty",
        doc: "PagerDuty, Events API v2.",
        groups: &[PAGERDUTY, FILTER, SENDING, ROUTE],
    },
    Variant {
        word: "slack",
        doc: "A Slack incoming webhook.",
        groups: &[SECRET_URL, FILTER, SENDING, ROUTE],
    },
    Variant {
        word: "chat",
        doc: "A POST of {\"text\": ...}, which most chats take.",
        groups: &[CHAT_URL, FILTER, SENDING, HTTP, ROUTE],
    },
    Variant {
        word: "webhook",
        doc: "A POST of JSON: see docs/notifications.md.",
        groups: &[WEBHOOK_URL, FILTER, SENDING, HTTP, ROUTE],
    },
    Variant {
        word: "alertmanager",
        doc: "Alertmanager, API v2. Incidents become its alerts, sent again while they are open.",
        groups: &[ALERTMANAGER, FILTER, SENDING, HTTP, ROUTE],
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample { name: "pager", word: "pagerduty", keys: &["key", "url", "floor", "retry_for"] },
    Sample {
        name: "team",
        word: "slack",
        keys: &["url", "floor", "urgent", "quiet", "rate", "services", "environments"],
    },
    Sample { name: "room", word: "chat", keys: &["url", "floor"] },
    Sample { name: "bot", word: "webhook", keys: &["url", "auth", "headers", "timeout", "proxy"] },
    Sample { name: "alertmanager", word: "alertmanager", keys: &["url", "resend"] },
];

/// How a dashboard rings.
pub(super) const RINGS: &[(&str, &str)] = &[
    ("auto", "as the terminal is known to take it, else the bell"),
    ("bell", "BEL"),
    ("osc9", "OSC 9, as iTerm2 and most others take it"),
    ("osc777", "OSC 777, as foot, urxvt and Ghostty take it"),
    ("osc99", "OSC 99, as kitty takes it"),
    ("off", "not at all"),
];

/// The severities, the gravest first.
pub(super) const SEVERITIES: &[(&str, &str)] = &[
    ("P0", "everything is down"),
    ("P1", "a core function is degraded"),
    ("P2", "a part of a function"),
    ("P3", "slow but usable"),
    ("P4", "cosmetic"),
];

pub(super) const QUIET_DOC: &str = "When nothing but a P0 rings: \"22:00 - 07:00 Europe/Berlin\", \
    \"Sat,Sun 00:00 - 00:00 Europe/Berlin\".";

const PAGERDUTY: &[Field] = &[
    Field::new("key", Kind::Secrets, "The integration's routing key; a list is tried in turn.")
        .must()
        .like("\"env:PD_KEY\""),
    Field::new("url", Kind::Text(checks::LINK), "Where events go; the EU has events.eu.pagerduty.com.")
        .or("\"https://events.pagerduty.com/v2/enqueue\""),
];

const SECRET_URL: &[Field] = &[Field::new("url", Kind::Secret, "Its URL, which is a secret: a reference.")
    .must()
    .like("\"env:SLACK_URL\"")];

const URL_DOC: &str = "Its URL, or a reference to it where it is a secret.";

const CHAT_URL: &[Field] = &[Field::new("url", Kind::Name, URL_DOC).must().like("\"env:CHAT_URL\"")];

const WEBHOOK_URL: &[Field] =
    &[Field::new("url", Kind::Name, URL_DOC).must().like("\"https://bot.example/warroom\"")];

const ALERTMANAGER: &[Field] = &[
    Field::new("url", Kind::Name, "The server, without /api/v2/alerts; or name a backend.")
        .like("\"http://127.0.0.1:9093\""),
    Field::new(
        "backend",
        Kind::Text(checks::NAME),
        "Name of a backend of kind alertmanager in place of a URL: all of its members are told, with its auth and headers.",
    )
    .like("\"alerts\""),
    Field::new(
        "resend",
        Kind::Duration { min: 5 * SECOND, max: HOUR },
        "How often alerts are sent again while they fire; after four times as long without one they end.",
    )
    .or("\"1m\""),
];

const FILTER: &[Field] = &[
    Field::new("floor", Kind::Word(SEVERITIES), "Incidents below it are not told.").or("\"P2\""),
    Field::new(
        "urgent",
        Kind::Word(SEVERITIES),
        "From this severity on, quiet hours do not count, and a rate is doubled.",
    )
    .or("\"P1\""),
    Field::new(
        "quiet",
        Kind::List(&Kind::Text(checks::WORDS)),
        "When nothing but the urgent is told; the rest is summed up afterwards. DAYS are optional.",
    )
    .or("[]")
    .like("[\"22:00 - 07:00 Europe/Berlin\", \"Sat,Sun 00:00 - 00:00 Europe/Berlin\"]"),
    Field::new("services", Kind::List(&Kind::Text(checks::NAME)), "Only these services; without it: all.")
        .or("[]")
        .like("[\"checkout\"]"),
    Field::new(
        "environments",
        Kind::List(&Kind::Text(checks::NAME)),
        "Only these environments; without it: all.",
    )
    .or("[]")
    .like("[\"prod\"]"),
];

const SENDING: &[Field] = &[
    Field::new(
        "rate",
        Kind::Text(checks::WORDS),
        "The most messages in a time; what is held back is summed up in one.",
    )
    .or("\"10/5m\""),
    Field::new(
        "retry_for",
        Kind::Duration { min: 0, max: 24 * HOUR },
        "For how long a message that fails is tried again.",
    )
    .or("\"1h\""),
    Field::new("timeout", Kind::Duration { min: 100, max: MINUTE }, "What one attempt may take.")
        .or("\"10s\""),
];

const HTTP: &[Field] = &[
    Field::new("auth", Kind::Text(checks::NAME), "Name of an auth table: basic, bearer or header.")
        .like("\"by-bearer\""),
    Field::new(
        "headers",
        Kind::Map { name: checks::PLAIN_HEADER, of: &Kind::Text(checks::HEADER_VALUE), samples: &[] },
        "Headers to send. Secrets belong into an auth table.",
    )
    .or("{}")
    .like("{ X-Team = \"checkout\" }"),
];

const ROUTE: &[Field] = &[Field::new(
    "proxy",
    Kind::Text(checks::PROXY),
    "Proxy on the way there: http://, https:// or socks5://.",
)
.like("\"http://127.0.0.1:3128\"")];
