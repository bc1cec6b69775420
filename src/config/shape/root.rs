//! The tables at the top of the file, services excepted.

use super::super::checks;
use super::{
    DAY, Field, HOUR, Kind, MINUTE, SECOND, Sample, action, backend, capture, incident, notify as channel,
    panel, rules, serve, service, slo, wall,
};

/// The whole file.
pub const ROOT: &[Field] = &[
    Field::new("schema", Kind::Whole { min: 1, max: 1 }, "Version of this file's shape.").or("1"),
    Field::new(
        "include",
        Kind::List(&Kind::Text(checks::PATH)),
        "More files, relative to this one's folder; * and ? stand for parts of names. Named tables merge; the same \
         name in two files is an error. Only the main file may include.",
    )
    .or("[]"),
    Field::new("defaults", Kind::Table(&[DEFAULTS]), "What holds where a service says nothing else.").or("{}"),
    Field::new("connectivity", Kind::Table(&[CONNECTIVITY]), "How to tell our own link from theirs.").or("{}"),
    Field::new("engine", Kind::Table(&[ENGINE]), "Who answers the expressions, and from how much of the past.")
        .or("{}"),
    Field::new("ui", Kind::Table(&[UI]), "The screen.").or("{}"),
    Field::new("wall", Kind::Table(&[wall::WALL]), "The war-room wall: `warroom --wall`, or :wall.").or("{}"),
    Field::new(
        "environment",
        Kind::Map {
            name: checks::NAME,
            of: &Kind::Table(&[ENVIRONMENT]),
            samples: &[Sample { name: "prod", word: "", keys: &[] }],
        },
        "Environments, each with what may be done in it.",
    ),
    Field::new(
        "auth",
        Kind::Map { name: checks::NAME, of: &Kind::Table(&[AUTH]), samples: AUTH_SAMPLES },
        "Who we say we are. At most one of basic, bearer, header and login. Secrets are references, never values: \
         env:NAME, file:PATH (refused if others can read it) or cmd:COMMAND; a list is tried in turn.",
    ),
    Field::new(
        "service",
        Kind::Map {
            name: checks::NAME,
            of: &Kind::Table(&[service::SERVICE, service::PACE]),
            samples: &[Sample { name: "checkout", word: "", keys: &[] }],
        },
        "What is watched.",
    ),
    Field::new(
        "panel",
        Kind::Map {
            name: checks::NAME,
            of: &Kind::Table(&[panel::PANEL]),
            samples: &[Sample { name: "requests-by-status", word: "", keys: &[] }],
        },
        "Panels of one's own. What is wrong with one shows in that one only.",
    ),
    Field::new(
        "backend",
        Kind::Map { name: checks::NAME, of: &Kind::Tagged(backend::KINDS), samples: backend::SAMPLES },
        "Servers that answer in warroom's place: Prometheus and its like (a service picks one with engine, or all do \
         with engine.default), Alertmanager, PagerDuty.",
    ),
    Field::new(
        "slo_files",
        Kind::List(&Kind::Text(checks::PATH)),
        "Objectives as sloth (prometheus/v1) or OpenSLO (v1) write them; paths are relative to this file's folder, * \
         and ? stand for parts of names.",
    )
    .or("[]"),
    Field::new(
        "slo",
        Kind::Map { name: checks::NAME, of: &Kind::Table(&[slo::SLO]), samples: slo::SAMPLES },
        "Service level objectives. With a service whose signals are known, service and objective are enough.",
    ),
    Field::new(
        "rules",
        Kind::Map {
            name: checks::NAME,
            of: &Kind::Table(&[rules::RULES]),
            samples: &[Sample { name: "checkout", word: "", keys: &[] }],
        },
        "Prometheus rule files. Alerts that match no service's select go to the row \"unassigned\".",
    ),
    Field::new(
        "builtin_rules",
        Kind::Table(&[rules::BUILTIN]),
        "The rules that come with warroom, about what it polls itself; each can be turned off.",
    )
    .or("{}"),
    Field::new("incident", Kind::Table(&[incident::INCIDENT]), "Severities, timers and notices of incidents.")
        .or("{}"),
    Field::new(
        "capture",
        Kind::Table(&[capture::CAPTURE]),
        "Recordings of what was known: `warroom replay FILE` shows them.",
    )
    .or("{}"),
    Field::new(
        "notify",
        Kind::Map { name: checks::NAME, of: &Kind::Tagged(channel::KINDS), samples: channel::SAMPLES },
        "Where notifications go. `warroom watch` sends them; a dashboard only rings (ui.notify). `warroom watch --test \
         NAME` tries one.",
    ),
    Field::new(
        "serve",
        Kind::Table(&[serve::SERVE]),
        "`warroom serve`: one that polls for many screens, and answers over HTTP what it knows.",
    )
    .or("{}"),
    Field::new(
        "action",
        action::NAMED,
        "Guarded changes through the services' admin APIs; what an environment does not allow is not done.",
    ),
];

const DEFAULTS: &[Field] = &[
    Field::new("poll", Kind::Table(&[POLL]), "The pace of polling.").or("{}"),
    Field::new(
        "window",
        Kind::Duration { min: 10 * SECOND, max: DAY },
        "What {{.window}} stands for in a service's signals.",
    )
    .or("\"5m\""),
];

const POLL: &[Field] = &[
    Field::new("interval", service::INTERVAL, "How often a poll is done.").or("\"15s\""),
    Field::new(
        "timeout",
        service::TIMEOUT,
        "How long the whole exchange may take; never above the interval.",
    )
    .or("\"5s\""),
    Field::new("fails", service::COUNT, "Failures in a row before something counts as down.").or("3"),
    Field::new("passes", service::COUNT, "Successes in a row before it counts as up again.").or("2"),
    Field::new(
        "warmup",
        service::WARMUP,
        "How long after a restart slow or missing answers count as warming up.",
    )
    .or("\"60s\""),
];

const CONNECTIVITY: &[Field] = &[Field::new(
    "reference",
    Kind::List(&Kind::Text(checks::REFERENCE)),
    "Addresses beside the services (tcp://HOST:PORT, http:// or https://): \"your link\" is said only if these \
     fail too.",
)
.or("[]")];

const ENGINE: &[Field] = &[
    Field::new(
        "default",
        Kind::Text(checks::ENGINE),
        "Which engine answers: \"embedded\" is warroom's own, else the name of a backend.",
    )
    .or("\"embedded\""),
    Field::new("memory", Kind::Size { min: 1 << 20 }, "The most memory that samples may take.")
        .or("\"64MiB\""),
    Field::new(
        "retention",
        Kind::Duration { min: MINUTE, max: 31 * DAY },
        "How long samples are kept in memory.",
    )
    .or("\"6h\""),
    Field::new(
        "history",
        Kind::Duration { min: HOUR, max: 400 * DAY },
        "How long objectives' counts by the minute, and marks of incidents and actions, are kept on disk. Longer than \
         the longest window of an objective, or its budget forgets.",
    )
    .or("\"35d\""),
    Field::new(
        "history_full",
        Kind::Duration { min: 0, max: 31 * DAY },
        "How long samples are kept on disk, each of them: what the dashboard goes on from after a restart, and what \
         it can go back to. 0 keeps none.",
    )
    .or("\"24h\""),
    Field::new(
        "history_size",
        Kind::Size { min: 16 << 20 },
        "The most that the history of one configuration may take on disk; the oldest samples go first.",
    )
    .or("\"512MiB\""),
];

const UI: &[Field] = &[
    Field::new("theme", Kind::Text(checks::WORDS), "Name of a theme (one that comes with warroom, or of a file in the folder themes beside this one), or path of a theme file.")
        .or("\"dark\""),
    Field::new(
        "keys",
        Kind::Text(checks::WORDS),
        "Name of a set of keys: default, k9s or arrows-only (no letter moves). `warroom config keys` shows it.",
    )
    .or("\"default\""),
    Field::new(
        "bind",
        Kind::Map { name: checks::WORDS, of: &Kind::OneOrMore(&Kind::Text(checks::WORDS)), samples: &[] },
        "Keys by the name of the command, instead of those of the set: { freeze = [\"space\", \"f\"], sort = [], \
         \"explore.longer\" = \"L\" }. No key: an empty list. With a screen before the name the keys hold there only, \
         whatever they mean elsewhere. A key that would mean two things is refused.",
    )
    .or("{}"),
    Field::new("zone", Kind::Text(checks::WORDS), "Time zone of the times shown, as IANA names it.")
        .or("\"UTC\""),
    Field::new(
        "color",
        Kind::Word(&[
            ("auto", "as far as the terminal can and NO_COLOR lets"),
            ("always", "always"),
            ("never", "never"),
        ]),
        "When colours are used.",
    )
    .or("\"auto\""),
    Field::new(
        "ascii",
        Kind::Word(&[
            ("auto", "only where the locale is not UTF-8"),
            ("always", "always"),
            ("never", "never"),
        ]),
        "Draw with ASCII characters only.",
    )
    .or("\"auto\""),
    Field::new("mouse", Kind::Bool, "Listen to the mouse.").or("true"),
    Field::new("notify", Kind::Word(channel::RINGS), "How a dashboard calls its operator.").or("\"auto\""),
    Field::new("notify_floor", Kind::Word(channel::SEVERITIES), "Incidents below it do not ring.")
        .or("\"P2\""),
    Field::new("notify_quiet", Kind::List(&Kind::Text(checks::WORDS)), channel::QUIET_DOC).or("[]"),
    Field::new("read_only", Kind::Bool, "Nothing may be changed from here, whatever the environment says.")
        .or("false"),
];

const ENVIRONMENT: &[Field] = &[
    Field::new(
        "actions",
        Kind::Word(&[("off", "read-only"), ("confirm", "after a confirmation in proportion to the hazard")]),
        "May anything be changed? A reload can only lower it.",
    )
    .or("\"off\""),
    Field::new(
        "freeze",
        Kind::List(&Kind::Text(checks::FREEZE)),
        "When nothing may be changed: \"Fri 16:00 - Mon 08:00 Europe/Berlin\".",
    )
    .or("[]"),
    Field::new(
        "users",
        Kind::List(&Kind::Text(checks::WORDS)),
        "Accounts that may change something; none: all.",
    )
    .or("[]")
    .like("[\"anna\", \"ben\"]"),
    Field::new(
        "kinds",
        Kind::List(&Kind::Word(action::ALLOWED)),
        "What sort of action may be done; none: all.",
    )
    .or("[]")
    .like("[\"restart\", \"flush-cache\"]"),
    Field::new(
        "two_key",
        Kind::Word(&[
            ("never", "one person is enough"),
            ("production", "for what changes what users get"),
            ("service", "also for what the whole service feels"),
            ("reversible", "for everything"),
        ]),
        "From which hazard on a second person, from another account, must approve.",
    )
    .or("\"never\""),
    Field::new(
        "two_key_folder",
        Kind::Text(checks::FOLDER),
        "Where proposals and approvals are laid down: a folder of root's that both accounts may write, sticky (chmod 1770).",
    )
    .or("\"/var/lib/warroom/two-key\""),
];

const AUTH: &[Field] = &[
    Field::new("basic", Kind::Table(&[BASIC]), "Authorization: Basic."),
    Field::new("bearer", Kind::Secrets, "Authorization: Bearer; one reference or several, tried in turn.")
        .like("[\"env:CHECKOUT_KEY\", \"file:/run/secrets/checkout_next\"]"),
    Field::new("header", Kind::Table(&[HEADER]), "A header of its own."),
    Field::new("login", Kind::Table(&[LOGIN]), "A POST of JSON that answers with a token, used as a bearer."),
    Field::new(
        "tls",
        Kind::Table(&[TLS]),
        "Client certificate and further authorities; goes with any of the others.",
    ),
];

const AUTH_SAMPLES: &[Sample] = &[
    Sample { name: "by-bearer", word: "", keys: &["bearer", "tls"] },
    Sample { name: "by-password", word: "", keys: &["basic"] },
    Sample { name: "by-header", word: "", keys: &["header"] },
    Sample { name: "by-login", word: "", keys: &["login"] },
];

const BASIC: &[Field] = &[
    Field::new("user", Kind::Name, "The user's name, or a reference to it.").must().like("\"oncall\""),
    Field::new("password", Kind::Secrets, "Reference to the password; a list is tried in turn.")
        .must()
        .like("\"env:CHECKOUT_PASSWORD\""),
];

const HEADER: &[Field] = &[
    Field::new("name", Kind::Text(checks::HEADER), "The header's name.").must().like("\"X-API-Key\""),
    Field::new("value", Kind::Secrets, "Reference to its value; a list is tried in turn.")
        .must()
        .like("\"file:/run/secrets/api_key\""),
];

const LOGIN: &[Field] = &[
    Field::new("path", Kind::Text(checks::PATH_OR_URL), "Path on the instance, or a whole URL.")
        .must()
        .like("\"/login\""),
    Field::new(
        "json",
        Kind::Map { name: checks::WORDS, of: &Kind::Secret, samples: &[] },
        "Fields of the body, each a reference.",
    )
    .must()
    .like("{ user = \"env:NEWS_USER\", password = \"env:NEWS_PASSWORD\" }"),
    Field::new("token", Kind::Text(checks::POINTER), "JSON pointer to the token in the answer.")
        .or("\"/access_token\""),
];

const TLS: &[Field] = &[
    Field::new("cert", Kind::Text(checks::PATH), "The client's certificate chain (PEM).")
        .like("\"client.pem\""),
    Field::new("key", Kind::Text(checks::PATH), "Its private key (PEM).").like("\"client.key\""),
    Field::new("ca", Kind::Text(checks::PATH), "Authorities to trust beside the system's (PEM).")
        .like("\"ca.pem\""),
];

/// The longest that anything here waits.
pub(super) const LONGEST: u64 = 24 * HOUR;
