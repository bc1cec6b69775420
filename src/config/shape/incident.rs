//! `incident`.

use super::super::checks;
use super::{DAY, Field, HOUR, Kind, MINUTE, Sample};

pub(super) const INCIDENT: &[Field] = &[
    Field::new(
        "group_by",
        Kind::List(&Kind::Text(checks::LABEL)),
        "Alerts of one service share an incident; those that differ in one of these labels do not.",
    )
    .or("[]")
    .like("[\"tenant\"]"),
    Field::new(
        "settle",
        Kind::Duration { min: 0, max: DAY },
        "For how long all of its alerts must be gone before an incident is resolved.",
    )
    .or("\"5m\""),
    Field::new(
        "flap",
        Kind::Duration { min: MINUTE, max: DAY },
        "An alert that comes back so soon after the end reopens the same incident.",
    )
    .or("\"30m\""),
    Field::new(
        "keep",
        Kind::Duration { min: MINUTE, max: 31 * DAY },
        "How long a resolved incident stays in view; the journal keeps it for good.",
    )
    .or("\"1d\""),
    Field::new(
        "lower_after",
        Kind::Duration { min: MINUTE, max: DAY },
        "For how long things must look better before a severity falls by itself.",
    )
    .or("\"15m\""),
    Field::new(
        "look_back",
        Kind::Duration { min: 0, max: DAY },
        "From how long before its start deploys, breakers, queues and dependencies belong to an incident.",
    )
    .or("\"15m\""),
    Field::new(
        "watch_deploy",
        Kind::Duration { min: 0, max: DAY },
        "How long a service is watched more closely after a deploy.",
    )
    .or("\"15m\""),
    Field::new(
        "update_every",
        Kind::Duration { min: MINUTE, max: DAY },
        "How long after a notice the next one is promised.",
    )
    .or("\"30m\""),
    Field::new("channel", Kind::Text(checks::WORDS), "Where people talk about incidents.").or("\"#incidents\""),
    Field::new("severity", Kind::Table(&[SEVERITY]), "What each severity means and obliges to.").or("{}"),
    Field::new("calendar", Kind::Table(&[CALENDAR]), "When people work: for times in working days.").or("{}"),
    Field::new(
        "notice",
        Kind::Table(&[NOTICE]),
        "Texts of notices. Fields: {id} {severity} {service} {services} {environment} {title} {impact} {cause} \
         {mitigation} {state} {next_update} {channel} {engineer} {began} {duration} {fix} {runbook}; a brace is \
         written twice.",
    )
    .or("{}"),
    Field::new(
        "moves",
        Kind::Map {
            name: checks::NAME,
            of: &Kind::Table(&[MOVES]),
            samples: &[Sample { name: "breaker", word: "", keys: &[] }],
        },
        "What to do first; they go before the moves that warroom knows itself.",
    ),
];

const SEVERITY: &[Field] = &[
    Field::new("P0", Kind::Table(&[P0, LIMITS_P0]), "Everything is down.").or("{}"),
    Field::new("P1", Kind::Table(&[P1, LIMITS_P1]), "A core function is degraded.").or("{}"),
    Field::new("P2", Kind::Table(&[P2, LIMITS_P2]), "A part of a function.").or("{}"),
    Field::new("P3", Kind::Table(&[P3, LIMITS_P3]), "Slow but usable.").or("{}"),
    Field::new("P4", Kind::Table(&[P4, LIMITS_P4]), "Cosmetic.").or("{}"),
];

const fn answer(default: &'static str) -> Field {
    Field::new(
        "answer",
        Kind::Text(checks::WAIT),
        "How soon somebody must acknowledge it: 15m, or 2 working days.",
    )
    .or(default)
}

const fn escalate(default: &'static str) -> Field {
    Field::new("escalate", Kind::Text(checks::WAIT), "How soon it must be mitigated, or goes one level up.")
        .or(default)
}

const DOWN: Field = Field::new(
    "instances_down",
    Kind::Ratio,
    "From this share of the instances down on; \"100%\" means all of them.",
);
const ERRORS: Field = Field::new("errors", Kind::Ratio, "Above this ratio of failed requests.");
const LATENCY: Field = Field::new(
    "latency",
    Kind::Duration { min: 1, max: HOUR },
    "Above this latency (the service's signals.latency, p95 as a rule).",
);
const BREAKERS: Field =
    Field::new("breakers", Kind::Whole { min: 1, max: 1000 }, "From so many open breakers on.");
const QUEUE: Field =
    Field::new("queue", Kind::Number, "Above this depth of its queues together.").like("100000");
const BURN: Field =
    Field::new("burn", Kind::Number, "From this burn rate of an error budget on.").like("14.4");

const P0: &[Field] = &[answer("\"15m\""), escalate("\"30m\"")];
const P1: &[Field] = &[answer("\"30m\""), escalate("\"1h\"")];
const P2: &[Field] = &[answer("\"2h\""), escalate("\"4h\"")];
const P3: &[Field] = &[answer("\"4h\""), escalate("\"8h\"")];
const P4: &[Field] = &[answer("\"1 working day\""), escalate("\"2 working days\"")];

const LIMITS_P0: &[Field] =
    &[DOWN.or("\"100%\""), ERRORS.like("\"50%\""), LATENCY.like("\"30s\""), BREAKERS.like("20"), QUEUE, BURN];
const LIMITS_P1: &[Field] =
    &[DOWN.like("\"75%\""), ERRORS.or("\"5%\""), LATENCY.or("\"5s\""), BREAKERS.like("10"), QUEUE, BURN];
const LIMITS_P2: &[Field] =
    &[DOWN.or("\"50%\""), ERRORS.like("\"2%\""), LATENCY.like("\"2s\""), BREAKERS.or("1"), QUEUE, BURN];
const LIMITS_P3: &[Field] =
    &[DOWN.like("\"10%\""), ERRORS.or("\"1%\""), LATENCY.or("\"1s\""), BREAKERS.like("1"), QUEUE, BURN];
const LIMITS_P4: &[Field] = &[
    DOWN.like("\"1%\""),
    ERRORS.like("\"0.5%\""),
    LATENCY.like("\"500ms\""),
    BREAKERS.like("1"),
    QUEUE,
    BURN,
];

const CALENDAR: &[Field] = &[
    Field::new("zone", Kind::Text(checks::WORDS), "The zone of these hours, as IANA names it.").or("\"UTC\""),
    Field::new("days", Kind::List(&Kind::Word(DAYS)), "Days on which people work.")
        .or("[\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\"]"),
    Field::new("hours", Kind::Text(checks::HOURS), "Hours at which people work.").or("\"09:00 - 17:00\""),
    Field::new("holidays", Kind::List(&Kind::Text(checks::DATE)), "Days on which nobody works.")
        .or("[]")
        .like("[\"2025-12-25\", \"2025-12-26\"]"),
];

const DAYS: &[(&str, &str)] = &[
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];

const NOTICE: &[Field] = &[
    Field::new("opened", Kind::Text(checks::WORDS), "When an incident begins.").or(
        r#""[{severity}] {service}: {title}\nImpact: {impact}\nBegan: {began}\nNext update: {next_update}\nChannel: {channel}\nEngineer: {engineer}""#,
    ),
    Field::new("progress", Kind::Text(checks::WORDS), "While it lasts.").or(
        r#""[{severity}] {service}: {title}\nCause: {cause}\nMitigation: {mitigation}\nState: {state}\nNext update: {next_update}""#,
    ),
    Field::new("resolved", Kind::Text(checks::WORDS), "When it is over.")
        .or(r#""[RESOLVED] {service}: {title}\nDuration: {duration}\nCause: {cause}\nFix: {fix}""#),
];

const MOVES: &[Field] = &[
    Field::new(
        "alerts",
        Kind::List(&Kind::Text(checks::WORDS)),
        "Names of the alerts that they are for; * stands for any letters. Without it: any alert.",
    )
    .or("[]")
    .like("[\"CircuitBreakerOpen\", \"*Breaker*\"]"),
    Field::new("service", Kind::Text(checks::NAME), "The service that they are for. Without it: any.")
        .like("\"checkout\""),
    Field::new("steps", Kind::List(&Kind::Text(checks::WORDS)), "What to do, in order.")
        .must()
        .like("[\"look at the service behind the breaker\", \"wait 60 s: it tries again by itself\"]"),
    Field::new("runbook", Kind::Text(checks::LINK), "Where it is written at length.")
        .like("\"https://wiki.example/breakers\""),
];
