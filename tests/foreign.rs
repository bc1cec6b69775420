//! Alertmanager and PagerDuty: what they answer becomes incidents, what is asked of them goes through the door.
//!
//! `WARROOM_REQUIRE_REAL=1` makes it an error that no Alertmanager is installed.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    unreachable_pub,
    reason = "helpers of tests may fail"
)]

#[path = "support/admin.rs"]
mod admin;
#[path = "support/alertmanager.rs"]
mod alertmanager;
#[path = "support/skip.rs"]
mod skip;
mod support;

#[path = "foreign/desk.rs"]
mod desk;
#[path = "foreign/mapping.rs"]
mod mapping;
#[path = "foreign/pager.rs"]
mod pager;
#[path = "foreign/real.rs"]
mod real;
#[path = "foreign/sockets.rs"]
mod sockets;

use std::sync::Arc;
use warroom::config::{self, Source};
use warroom::foreign::Backend;
use warroom::plan::Plan;

/// Two services and an Alertmanager with two members.
pub const CONFIG: &str = r#"
environment.prod = { actions = "confirm" }
[service.checkout]
environment = "prod"
instances = ["http://127.0.0.1:9"]
select = '{job="checkout"}'
[service.search]
instances = ["http://127.0.0.1:9"]
select = '{job="search"}'
[rules.team]
files = []
external_labels = { cluster = "eu" }
[backend.am]
kind = "alertmanager"
url = "http://one:9093/prefix"
peers = ["http://two:9093"]
ignore = ["replica"]
severity = { blocker = "P0" }
interval = "1s"
timeout = "2s"
"#;

/// The plan of a configuration that is right.
pub fn plan(text: &str) -> Arc<Plan> {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    let loaded = config::load(&[source]).and_then(|config| Plan::compile(&config, 1));
    let problems = |problems: Vec<config::Problem>| -> String {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    Arc::new(loaded.map_err(problems).unwrap_or_else(|problems| panic!("{problems}")))
}

/// The only backend of a plan.
pub fn backend(plan: &Plan) -> Arc<Backend> {
    Arc::clone(&plan.foreign[0])
}

/// An alert as Alertmanager tells of it. `status`: `active`, or `suppressed` with the id of a silence.
pub fn alert(fingerprint: &str, labels: &serde_json::Value, silence: Option<&str>) -> serde_json::Value {
    serde_json::json!({
        "fingerprint": fingerprint,
        "labels": labels,
        "annotations": { "summary": "too \u{1b}[2Jmany errors" },
        "startsAt": "2025-11-21T10:00:00.000Z",
        "endsAt": "2025-11-21T10:30:00.000Z",
        "updatedAt": "2025-11-21T10:12:00.000Z",
        "generatorURL": "http://prom/graph",
        "receivers": [{ "name": "team" }],
        "status": {
            "state": if silence.is_some() { "suppressed" } else { "active" },
            "silencedBy": silence.into_iter().collect::<Vec<_>>(),
            "inhibitedBy": [],
        },
    })
}
