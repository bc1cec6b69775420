//! What PagerDuty answers, whose it is, and what would be sent to it.

use crate::{backend, plan};
use serde_json::{Value, json};
use std::sync::Arc;
use warroom::action::{Action, Proposal, Request};
use warroom::foreign::pagerduty::{self, Wish, wish};
use warroom::foreign::{Pager, PeerHealth, Picture};
use warroom::severity::Severity;

const CONFIG: &str = r#"
environment.prod = { actions = "confirm" }
[service.checkout]
environment = "prod"
instances = ["http://127.0.0.1:9"]
[service.search]
instances = ["http://127.0.0.1:9"]
[backend.pager]
kind = "pagerduty"
key = "env:WARROOM_TEST_PD"
from = "anna@example.org"
environment = "prod"
map = { "Checkout API" = "checkout" }
"#;

pub fn incident(id: &str, service: &str, more: &Value) -> Value {
    let mut out = json!({
        "id": id, "type": "incident", "incident_number": 1234, "title": "checkout is \u{1b}[2Jdown",
        "status": "triggered", "urgency": "high", "created_at": "2025-11-21T10:00:00Z",
        "html_url": "https://acme.pagerduty.com/incidents/PT4KHLK", "incident_key": "k",
        "service": { "id": "PIJ90N7", "summary": service },
        "escalation_policy": { "id": "PESC1", "summary": "Payments" },
        "assignments": [{ "at": "2025-11-21T10:00:00Z", "assignee": { "id": "PU1", "summary": "Anna Lee" } }],
    });
    for (name, value) in more.as_object().unwrap() {
        out[name] = value.clone();
    }
    out
}

fn picture(incidents: &[Value]) -> (Arc<warroom::plan::Plan>, Picture) {
    let body = json!({ "incidents": incidents, "limit": 100, "offset": 0, "more": false }).to_string();
    let (read, more) = pagerduty::incidents(body.as_bytes()).unwrap();
    assert!(!more && read.bad.is_none(), "{:?}", read.bad);
    let plan = plan(CONFIG);
    let names: Vec<Arc<str>> = plan.services.iter().map(|service| Arc::clone(&service.name)).collect();
    let health = PeerHealth {
        name: "api".into(),
        asked: None,
        answered: None,
        took: None,
        failure: None,
        about: "".into(),
        count: 0,
        notes: Vec::new(),
    };
    let pager = Pager { incidents: read.good, on_call: Vec::new() };
    let picture = pager.picture(&backend(&plan), &names, health, false, super::mapping::AT);
    (plan, picture)
}

#[test]
fn incidents_are_ours_by_name_or_by_the_table() {
    for (service, more, owner, severity) in [
        ("Checkout API", json!({}), Some("checkout"), Severity::P1),
        ("Search", json!({ "urgency": "low" }), Some("search"), Severity::P3),
        ("Mail", json!({ "priority": { "id": "x", "summary": "P2" } }), None, Severity::P2),
    ] {
        let (_, picture) = picture(&[incident("PT1", service, &more)]);
        let alert = &picture.alerts[0];
        assert_eq!(
            (alert.services.first().map(|name| &**name), alert.severity),
            (owner, severity),
            "{service}"
        );
    }
}

#[test]
fn the_alerts_that_alertmanager_wrote_into_it_are_read_back() {
    let firing = "Labels:\n - alertname = A\n - job = checkout = x\nAnnotations:\n - summary = s\nSource: http://x\n\
                  Labels:\n - alertname = B\nAnnotations:\nSource: http://y\n";
    let details = json!({ "first_trigger_log_entry": { "channel": { "details": { "firing": firing } } } });
    let (_, found) = picture(&[incident("PT1", "x", &details)]);
    let labels: Vec<String> =
        found.pager.unwrap().incidents[0].alerts.iter().map(ToString::to_string).collect();
    assert_eq!(labels, [r#"{alertname="A", job="checkout = x"}"#, r#"{alertname="B"}"#]);
    // What is no text of it is nothing.
    let odd = json!({ "first_trigger_log_entry": { "channel": { "details": "down" } } });
    assert!(picture(&[incident("PT1", "x", &odd)]).1.pager.unwrap().incidents[0].alerts.is_empty());
}

#[test]
fn odd_answers_are_told_and_odd_members_left_out() {
    for (body, part) in [
        ("<html>", "HTML"),
        ("{}", "no list of incidents"),
        ("[]", "no list of incidents"),
        (r#"{"incidents":{}}"#, "no list"),
    ] {
        let told = pagerduty::incidents(body.as_bytes()).unwrap_err();
        assert!(told.as_str().contains(part), "{body}: {told}");
    }
    // An id becomes part of a path.
    let body = json!({ "incidents": [incident("../x", "a", &json!({})), incident("PT2", "a", &json!({}))] });
    let (read, _) = pagerduty::incidents(body.to_string().as_bytes()).unwrap();
    assert_eq!((read.good.len(), read.bad.map(|(count, _)| count)), (1, Some(1)));
    let calls = json!({ "oncalls": [
        { "user": { "summary": "Ben" }, "escalation_level": 1, "escalation_policy": { "id": "PESC1", "summary": "Payments" },
          "schedule": { "summary": "Primary" }, "end": "2025-11-22T08:00:00Z" },
        { "user": {} },
    ], "more": true });
    let (read, more) = pagerduty::on_calls(calls.to_string().as_bytes()).unwrap();
    assert!(more);
    assert_eq!((read.good.len(), read.bad.is_some(), read.good[0].who.as_str()), (1, true, "Ben"));
}

fn request(action: Action) -> Request {
    let proposal = Proposal::new(warroom::action::Draft {
        service: Arc::clone(&action.offers[0].service),
        action: Arc::new(action),
        instances: Vec::new(),
        values: std::collections::BTreeMap::new(),
        choices: std::collections::BTreeMap::new(),
        who: warroom::journal::Who { user: "anna".into(), ..Default::default() },
        incident: None,
        facts: warroom::action::Facts::default(),
        nonce: 1,
        at: super::mapping::AT,
    })
    .unwrap();
    proposal.requests(&"".into(), super::mapping::AT).unwrap().remove(0)
}

#[test]
fn each_wish_is_one_request_in_somebodys_name() {
    let (plan, picture) = picture(&[incident("PT1", "x", &json!({}))]);
    let page = &picture.pager.unwrap().incidents[0];
    let backend = backend(&plan);
    for (wanted, method, path, body) in [
        (
            Wish::Acknowledge,
            "PUT",
            "/incidents",
            json!({ "incidents": [{ "id": "PT1", "type": "incident_reference", "status": "acknowledged" }] }),
        ),
        (
            Wish::Resolve,
            "PUT",
            "/incidents",
            json!({ "incidents": [{ "id": "PT1", "type": "incident_reference", "status": "resolved" }] }),
        ),
        (
            Wish::Note("rolled {back} to v41"),
            "POST",
            "/incidents/PT1/notes",
            json!({ "note": { "content": "rolled {back} to v41 (anna, warroom)" } }),
        ),
    ] {
        let request = request(wish(&backend, page, wanted, None).unwrap());
        assert_eq!((request.method.word(), request.url.path()), (method, path));
        assert_eq!(request.to_json()["body"], body);
        let header = |name: &str| {
            request.headers.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
        };
        assert_eq!(header("From"), Some("anna@example.org"));
        assert_eq!(header("Accept"), Some(pagerduty::ACCEPT));
        assert!(request.curl().contains("Token token=$WARROOM_TEST_PD"), "{}", request.curl());
    }
    assert!(wish(&backend, page, Wish::Note("  "), None).is_err());
    let nameless = CONFIG.replace("from = \"anna@example.org\"\n", "");
    let told = wish(&super::backend(&super::plan(&nameless)), page, Wish::Resolve, None).unwrap_err();
    assert!(told.contains("add from ="), "{told}");
}

/// Both systems at once.
const BOTH: &str = r#"
environment.prod = { actions = "confirm" }
[service.checkout]
environment = "prod"
instances = ["http://127.0.0.1:9"]
select = '{job="checkout"}'
[backend.am]
kind = "alertmanager"
url = "http://one:9093/prefix"
peers = ["http://two:9093"]
[backend.pager]
kind = "pagerduty"
key = "env:WARROOM_TEST_PD"
from = "anna@example.org"
"#;

/// What PagerDuty tells at this moment.
fn told(plan: &warroom::plan::Plan, incidents: &[Value], at: warroom::units::Timestamp) -> Picture {
    let body = json!({ "incidents": incidents, "more": false }).to_string();
    let read = pagerduty::incidents(body.as_bytes()).unwrap().0;
    let calls = json!({ "oncalls": [
        { "user": { "summary": "Ben" }, "escalation_level": 2, "escalation_policy": { "id": "PESC1" } },
        { "user": { "summary": "Anna" }, "escalation_level": 1, "escalation_policy": { "id": "PESC1" } },
        { "user": { "summary": "Carl" }, "escalation_level": 1, "escalation_policy": { "id": "PESC2" } },
    ] });
    let on_call = pagerduty::on_calls(calls.to_string().as_bytes()).unwrap().0.good;
    let health = PeerHealth {
        name: "api".into(),
        asked: Some(at),
        answered: Some(at),
        took: None,
        failure: None,
        about: "".into(),
        count: incidents.len(),
        notes: Vec::new(),
    };
    let names: Vec<Arc<str>> = plan.services.iter().map(|service| Arc::clone(&service.name)).collect();
    let backend = plan.foreign.iter().find(|backend| &*backend.name == "pager").unwrap();
    Pager { incidents: read.good, on_call }.picture(backend, &names, health, false, at)
}

#[test]
fn a_page_that_we_or_alertmanager_opened_is_the_same_incident_and_is_acknowledged_after_the_silence() {
    use crate::desk::{Desk, errors};
    use warroom::action::How;
    let firing = "Labels:\n - alertname = Errors\n - job = checkout\n - severity = critical\nAnnotations:\n";
    let details = json!({ "first_trigger_log_entry": { "channel": { "details": { "firing": firing } } } });
    for way in ["key", "labels"] {
        let mut desk = Desk::new(BOTH, false);
        desk.hear(&[[Some(json!([errors(None)])), None]]);
        let id = desk.open()[0].id.to_string();
        let more = if way == "key" { json!({ "incident_key": id }) } else { details.clone() };
        let plan = Arc::clone(&desk.model.plan);
        let picture = told(&plan, &[incident("PT1", "checkout", &more)], desk.at);
        desk.hear_picture(picture);
        assert_eq!(desk.open().len(), 1, "{way}: it is the same");
        let calls: Vec<&str> =
            desk.model.foreign.on_call(desk.open()[0]).into_iter().map(|one| one.who.as_str()).collect();
        assert_eq!(calls, ["Anna", "Ben"], "{way}: of its escalation policy, the first to be called first");
        // Alertmanager first, then the page: each asks for itself.
        desk.look().keys("A").keys("y");
        let (request, key) = desk.sent().remove(0);
        assert_eq!(request.method.word(), "POST");
        desk.ended(&key, How::Done);
        assert!(desk.asks(), "{way}: {}", desk.said());
        assert!(desk.sent().is_empty(), "{way}: nothing leaves without the box");
        desk.pass(1).keys("y");
        let (request, key) = desk.sent().remove(0);
        assert_eq!(
            (request.method.word(), request.url.as_str()),
            ("PUT", "https://api.pagerduty.com/incidents")
        );
        desk.ended(&key, How::Done);
        assert!(desk.open()[0].acknowledged.is_some());
        // What is acknowledged there is not asked for again.
        let mut more = more.clone();
        more["status"] = "acknowledged".into();
        let picture = told(&plan, &[incident("PT1", "checkout", &more)], desk.at);
        desk.hear_picture(picture);
        assert!(desk.model.foreign.page(desk.open()[0]).is_none(), "{way}");
        desk.keys("esc").look().line("page note rolled back to v41");
        assert!(desk.asks(), "{way}: {}", desk.said());
    }
}

#[test]
fn a_page_of_its_own_is_an_incident_of_its_own_and_ends_with_it() {
    use crate::desk::Desk;
    let mut desk = Desk::new(BOTH, false);
    let plan = Arc::clone(&desk.model.plan);
    let picture = told(&plan, &[incident("PT1", "Checkout", &json!({}))], desk.at);
    desk.hear_picture(picture);
    let found = desk.open()[0];
    assert_eq!(
        (&*found.service(), &*found.alerts[0].origin, found.title().as_str()),
        ("checkout", "pager", "checkout is [2Jdown")
    );
    assert_eq!(found.runbook(), Some("https://acme.pagerduty.com/incidents/PT4KHLK"));
    desk.look().keys("A");
    assert!(desk.asks(), "{}", desk.said());
    desk.keys("esc");
    desk.pass(5);
    let picture = told(&plan, &[], desk.at);
    desk.hear_picture(picture);
    desk.pass(301);
    let picture = told(&plan, &[], desk.at);
    desk.hear_picture(picture);
    assert!(desk.open().is_empty());
}
