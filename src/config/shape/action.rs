//! `action.NAME`. Nothing here has a default: what is absent comes from the preset, then from the action's kind.

use super::super::checks;
use super::{DAY, Field, HOUR, Kind, MINUTE, SECOND, Sample};

pub(super) const NAMED: Kind =
    Kind::Map { name: checks::NAME, of: &Kind::Table(&[ACTION]), samples: SAMPLES };

const SAMPLES: &[Sample] = &[
    Sample { name: "restart", word: "", keys: &["preset", "services"] },
    Sample {
        name: "rollback",
        word: "",
        keys: &[
            "title",
            "kind",
            "services",
            "instances",
            "hazard",
            "base",
            "auth",
            "vars",
            "request",
            "params",
            "job",
            "settle",
            "cool_down",
            "checks",
            "reason",
            "idempotency_header",
            "reason_header",
            "errors",
            "note",
        ],
    },
];

const PARAMS: &[Sample] = &[
    Sample {
        name: "version",
        word: "",
        keys: &["title", "from", "items", "value", "label", "current", "age", "only", "carry", "drop"],
    },
    Sample { name: "colour", word: "", keys: &["choices", "default"] },
    Sample { name: "ticket", word: "", keys: &["pattern", "max"] },
];

const CHECKS: &[Sample] = &[
    Sample { name: "database", word: "", keys: &["expr", "otherwise"] },
    Sample {
        name: "versions",
        word: "",
        keys: &["method", "path", "json", "content_type", "status", "when"],
    },
];

const TEXT: Kind = Kind::Text(checks::ANY);
const WORDS: Kind = Kind::Text(checks::WORDS);
const CONDITIONS: Kind = Kind::List(&WORDS);
const STATUS: Kind = Kind::Whole { min: 100, max: 599 };

const ACTION: &[Field] = &[
    Field::new("preset", WORDS, "Name of a preset (warroom action list names them); what is written here goes before it.")
        .like("\"admin-api.restart\""),
    Field::new("title", WORDS, "What it does, for people; without it, the preset's or the name.")
        .like("\"Run another version\""),
    Field::new("kind", Kind::Word(KINDS), "What sort of thing it does (default: custom).").like("\"rollback\""),
    Field::new("services", Kind::List(&Kind::Text(checks::NAME)), "The services that it is for.")
        .like("[\"checkout\"]"),
    Field::new("instances", Kind::Word(REACH), "Of which instances it is asked (default: any).").like("\"any\""),
    Field::new("hazard", Kind::Word(HAZARDS), "How much harm it could do (default: production).")
        .like("\"production\""),
    Field::new("base", Kind::Text(checks::LINK), "Base URL of all its requests, instead of the service's instances.")
        .like("\"https://deploy.example\""),
    Field::new("auth", Kind::Text(checks::NAME), "Name of an auth table, instead of the service's.")
        .like("\"by-bearer\""),
    Field::new(
        "vars",
        Kind::Map { name: checks::NAME, of: &WORDS, samples: &[] },
        "Further holes with fixed values; a value may hold {service} and {environment}.",
    )
    .like("{ namespace = \"shop\" }"),
    Field::new(
        "request",
        Kind::Table(&[REQUEST]),
        "What is sent. Holes: {service} {instance} {environment} {reason} {user} {at} {id}, vars and params.",
    ),
    Field::new(
        "params",
        Kind::Map { name: checks::NAME, of: &Kind::Table(&[PARAM]), samples: PARAMS },
        "What must be chosen or given: free text, choices, or what an endpoint lists.",
    ),
    Field::new("job", Kind::Table(&[JOB]), "How an accepted one is followed to its end."),
    Field::new(
        "settle",
        Kind::Table(&[SETTLE]),
        "When it has settled: when expr gives something that is not zero, or when what path answers fits the \
         conditions of when; with neither, when the service is up. limit is how long it may take (default: 5m).",
    )
    .like("{ expr = 'min(up{job=\"checkout\"}) == 1', limit = \"5m\" }"),
    Field::new(
        "cool_down",
        Kind::Duration { min: 0, max: 7 * DAY },
        "How long after it the same action on the same service is refused (default: 60s).",
    )
    .like("\"5m\""),
    Field::new(
        "checks",
        Kind::Map { name: checks::NAME, of: &Kind::Table(&[CHECK]), samples: CHECKS },
        "What must hold before it is sent: an expr that gives something, or a request whose answer fits.",
    ),
    Field::new("reason", Kind::Bool, "Must a reason be given, whatever the hazard?").like("true"),
    Field::new(
        "idempotency_header",
        TEXT,
        "Header that carries the idempotency key; \"\" for none (default: Idempotency-Key).",
    )
    .like("\"Idempotency-Key\""),
    Field::new("reason_header", TEXT, "Header that carries the reason; \"\" for none (default: X-Reason).")
        .like("\"X-Reason\""),
    Field::new(
        "errors",
        Kind::Map { name: checks::WORDS, of: &WORDS, samples: &[] },
        "Error codes in answers, and what they mean.",
    )
    .like("{ DB_001 = \"the database does not answer\" }"),
    Field::new("note", WORDS, "Something to know before one does it.").like("\"sessions are lost\""),
];

pub(super) const KINDS: &[(&str, &str)] = &[
    ("restart", "processes are started anew"),
    ("flush-cache", "a cache is emptied"),
    ("rollback", "another version is run"),
    ("custom", "anything else"),
];

/// What an environment may allow: also what is changed of other systems' alerts.
pub(super) const ALLOWED: &[(&str, &str)] = &[
    ("restart", "processes are started anew"),
    ("flush-cache", "a cache is emptied"),
    ("rollback", "another version is run"),
    ("silence", "alerts are silenced in Alertmanager, or heard again"),
    ("page", "incidents of PagerDuty are acknowledged, resolved, written upon"),
    ("custom", "anything else"),
];

const REACH: &[(&str, &str)] = &[
    ("any", "any one: it speaks for the service"),
    ("all", "each, one right after the other"),
    ("rolling", "each, one at a time, waiting for it to settle, stopping at the first that does not"),
];

const HAZARDS: &[(&str, &str)] = &[
    ("reversible", "it mends itself: asks for y"),
    ("service", "the whole service feels it: asks for its name"),
    ("production", "what users get changes: asks for its name and a reason"),
];

const METHODS: &[(&str, &str)] = &[
    ("POST", "the usual one"),
    ("PUT", "puts something"),
    ("PATCH", "changes a part"),
    ("DELETE", "removes"),
    ("GET", "only reads"),
];

const REQUEST: &[Field] = &[
    Field::new("method", Kind::Word(METHODS), "How it is asked (default: POST).").like("\"POST\""),
    Field::new("path", Kind::Text(checks::PATH_TEMPLATE), "Path on the instance, with its query.")
        .like("\"/admin/rollback\""),
    Field::new(
        "headers",
        Kind::Map { name: checks::PLAIN_HEADER, of: &Kind::Text(checks::HEADER_VALUE), samples: &[] },
        "Headers.",
    )
    .like("{ Accept = \"application/json\" }"),
    Field::new("json", Kind::Json, "The body as JSON; a text that is one hole becomes its value as it is.")
        .like("{ version = \"{version}\" }"),
    Field::new("text", TEXT, "The body as text; json, text and form exclude each other."),
    Field::new("form", Kind::Map { name: checks::WORDS, of: &TEXT, samples: &[] }, "The body as a form.")
        .like("{}"),
    Field::new(
        "content_type",
        Kind::Text(checks::HEADER_VALUE),
        "What the body is, if not application/json or text/plain.",
    )
    .like("\"application/json\""),
    Field::new(
        "accept",
        Kind::List(&STATUS),
        "Statuses that mean that it was accepted (default: 200 to 204).",
    )
    .like("[202]"),
    Field::new(
        "timeout",
        Kind::Duration { min: 100, max: 10 * MINUTE },
        "How long the whole exchange may take (default: 30s).",
    )
    .like("\"30s\""),
];

const PARAM: &[Field] = &[
    Field::new("title", WORDS, "For people.").like("\"Version\""),
    Field::new("default", TEXT, "What it is if nobody says anything.").like("\"blue\""),
    Field::new("pattern", WORDS, "A regular expression that the whole of it must match.")
        .like("'OPS-[0-9]+'"),
    Field::new("max", Kind::Whole { min: 1, max: 4096 }, "The most characters (default: 200).").like("40"),
    Field::new("choices", Kind::List(&WORDS), "The only ones that are allowed.")
        .like("[\"blue\", \"green\"]"),
    Field::new("from", Kind::Text(checks::PATH_TEMPLATE), "Path of the endpoint that lists them.")
        .like("\"/admin/versions\""),
    Field::new("items", Kind::Text(checks::POINTER), "JSON pointer to the list (default: the whole answer).")
        .like("\"\""),
    Field::new("value", Kind::Text(checks::POINTER), "JSON pointer within an item to its value.")
        .like("\"/id\""),
    Field::new("label", Kind::Text(checks::POINTER), "JSON pointer within an item to a label.")
        .like("\"/id\""),
    Field::new(
        "current",
        Kind::Text(checks::POINTER),
        "JSON pointer within an item to whether it is what runs now.",
    )
    .like("\"/current\""),
    Field::new("age", Kind::Text(checks::POINTER), "JSON pointer within an item to when it came.")
        .like("\"/deployed_at\""),
    Field::new("only", CONDITIONS, "What must hold of an item.").like("[\"/id present\"]"),
    Field::new(
        "carry",
        Kind::Map { name: checks::NAME, of: &Kind::Text(checks::POINTER), samples: &[] },
        "Further values of the chosen item, as the holes {param.name}.",
    )
    .like("{ since = \"/deployed_at\" }"),
    Field::new(
        "drop",
        Kind::List(&Kind::Text(checks::POINTER)),
        "JSON pointers removed from what is carried.",
    )
    .like("[]"),
];

const JOB: &[Field] = &[
    Field::new(
        "url",
        WORDS,
        "Where it is asked for: header:NAME, json:POINTER, or a path, with {job} for what id points at.",
    )
    .like("\"header:Location\""),
    Field::new("id", Kind::Text(checks::POINTER), "JSON pointer in the answer to what fills {job}.")
        .like("\"/id\""),
    Field::new("state", Kind::Text(checks::POINTER), "JSON pointer to its state (default: /state).")
        .like("\"/state\""),
    Field::new("done", Kind::List(&WORDS), "States that mean that it was done (default: done).")
        .like("[\"done\"]"),
    Field::new("failed", Kind::List(&WORDS), "States that mean that it failed (default: failed).")
        .like("[\"failed\"]"),
    Field::new("error", Kind::Text(checks::POINTER), "JSON pointer to what went wrong.").like("\"/error\""),
    Field::new("log", Kind::Text(checks::POINTER), "JSON pointer to its log.").like("\"/log\""),
    Field::new("interval", Kind::Duration { min: 200, max: MINUTE }, "How often it is asked (default: 2s).")
        .like("\"2s\""),
    Field::new(
        "limit",
        Kind::Duration { min: SECOND, max: 6 * HOUR },
        "How long it is followed (default: 10m).",
    )
    .like("\"10m\""),
];

const SETTLE: &[Field] = &[
    Field::new("expr", Kind::Text(checks::EXPR), "When this PromQL gives something that is not zero.")
        .like("'min(up{job=\"checkout\"}) == 1'"),
    Field::new("path", Kind::Text(checks::PATH_TEMPLATE), "When what this path answers fits; excludes expr.")
        .like("\"/health\""),
    Field::new("when", CONDITIONS, "What must hold of the answer of path; \"A or B\": one of two.")
        .like("['/status == \"healthy\"']"),
    Field::new(
        "limit",
        Kind::Duration { min: 0, max: 6 * HOUR },
        "How long it may take (default: 5m); 0s: there is nothing to wait for.",
    )
    .like("\"5m\""),
];

const CHECK: &[Field] = &[
    Field::new("expr", Kind::Text(checks::EXPR), "PromQL that must give something that is not zero.")
        .like("'up{job=\"postgres\"} == 1'"),
    Field::new(
        "method",
        Kind::Word(METHODS),
        "How path is asked (default: GET); others by services' dry runs only.",
    )
    .like("\"GET\""),
    Field::new("path", Kind::Text(checks::PATH_TEMPLATE), "Path whose answer must fit; excludes expr.")
        .like("\"/admin/versions\""),
    Field::new("json", Kind::Json, "The body of path.").like("{}"),
    Field::new(
        "content_type",
        Kind::Text(checks::HEADER_VALUE),
        "What the body is, if not application/json.",
    )
    .like("\"application/json\""),
    Field::new("status", Kind::List(&STATUS), "Statuses that will do (default: 200 to 299).").like("[200]"),
    Field::new("when", CONDITIONS, "What must hold of the answer; \"A or B\": one of two.")
        .like("[\"/0/id present\"]"),
    Field::new("otherwise", WORDS, "What to say if it does not hold.")
        .like("\"the database is down: mend that first\""),
];
