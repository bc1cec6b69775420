//! Answers as bytes, what is read of them, and what several members together say.

use crate::{CONFIG, alert, backend, plan};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use warroom::action::{Body, Proposal};
use warroom::foreign::alertmanager::{self, Snapshot};
use warroom::foreign::silence::{self, Change, Draft};
use warroom::foreign::{Answer, Cluster, Foreign, Picture};
use warroom::severity::Severity;
use warroom::target::Failure;
use warroom::units::Timestamp;

/// 2025-11-21 10:13:20 UTC.
pub const AT: Timestamp = Timestamp::from_millis(1_763_720_000_000);

fn snapshot(alerts: &Value) -> Snapshot {
    let alerts = alertmanager::alerts(alerts.to_string().as_bytes()).unwrap();
    Snapshot { alerts, ..Snapshot::default() }
}

/// What the two members of the cluster say, one round after the other; `None`: no answer.
pub fn picture(rounds: &[[Option<Value>; 2]], at: Timestamp) -> Picture {
    let plan = plan(CONFIG);
    let backend = backend(&plan);
    let mut cluster = Cluster::new(2);
    for round in rounds {
        for (peer, told) in round.iter().enumerate() {
            let outcome = told.as_ref().map(snapshot).ok_or(Failure::Refused);
            cluster.hear(Answer { peer, at, took: Duration::from_millis(3), outcome });
        }
    }
    cluster.picture(&backend, &plan.rules.owners, at)
}

#[test]
fn answers_that_are_no_list_are_told_as_what_they_are() {
    for (body, part) in [
        ("<html><body>502 Bad Gateway", "a page of HTML"),
        ("", "empty"),
        ("  \n", "empty"),
        ("{\"status\":\"success\"}", "no list"),
        ("[{\"labels\":", "not JSON"),
        ("\"silence not found\"", "no list"),
    ] {
        let told = alertmanager::alerts(body.as_bytes()).unwrap_err();
        assert!(told.as_str().contains(part), "{body}: {told}");
        assert!(alertmanager::silences(body.as_bytes()).is_err(), "{body}");
    }
    for (body, said) in [
        ("\"silence not found\"", "silence not found"),
        (r#"{"code":602,"message":"comment in body is required"}"#, "comment in body is required"),
        ("Unauthorized\n", "Unauthorized"),
        ("<html>nginx", ""),
        ("", ""),
    ] {
        assert_eq!(alertmanager::said(body.as_bytes()).as_str(), said, "{body}");
    }
}

#[test]
fn a_bad_member_of_a_list_is_counted_and_the_others_stay() {
    let good = alert("aa", &json!({ "alertname": "X" }), None);
    let mut late = alert("bb", &json!({ "alertname": "X" }), None);
    late["startsAt"] = "yesterday".into();
    let body = json!([good, late, 7, { "labels": {} }]).to_string();
    let read = alertmanager::alerts(body.as_bytes()).unwrap();
    assert_eq!((read.good.len(), read.bad.as_ref().map(|(count, _)| *count)), (1, Some(3)));
    assert!(read.bad.unwrap().1.as_str().contains("no beginning"));
    // What an old server does not say may be missing.
    let bare =
        json!([{ "fingerprint": "aa", "labels": { "alertname": "X" }, "startsAt": "2025-11-21T10:00:00Z" }]);
    assert_eq!(alertmanager::alerts(bare.to_string().as_bytes()).unwrap().good.len(), 1);
}

#[test]
fn an_alert_has_ended_when_all_that_answer_lack_it() {
    type Row = (&'static str, Vec<[Option<Value>; 2]>, Timestamp, usize, bool, bool, bool);
    let a = || alert("aa", &json!({ "alertname": "A", "job": "checkout" }), None);
    let held = || alert("aa", &json!({ "alertname": "A", "job": "checkout" }), Some("s1"));
    let (one, none) = (|| Some(json!([a()])), || Some(json!([])));
    let quiet = || Some(json!([held()]));
    // Before its own end at 10:30 and after it.
    let (early, late) = (AT, AT + Duration::from_secs(3600));
    let rows: Vec<Row> = vec![
        // what, rounds, at -> alerts, suppressed, believed only, deaf
        ("both tell", vec![[one(), one()]], early, 1, false, false, false),
        ("one tells", vec![[one(), none()]], early, 1, false, false, false),
        ("the other tells", vec![[none(), one()]], early, 1, false, false, false),
        ("nobody tells", vec![[one(), one()], [none(), none()]], early, 0, false, false, false),
        ("one fails", vec![[one(), one()], [one(), None]], early, 1, false, false, false),
        ("the one that told fails", vec![[none(), one()], [none(), None]], early, 1, false, true, false),
        ("its own end is over", vec![[none(), one()], [none(), None]], late, 0, false, false, false),
        ("both fail", vec![[one(), one()], [None, None]], early, 1, false, true, true),
        ("both fail, however long", vec![[one(), one()], [None, None]], late, 1, false, true, true),
        ("never heard", vec![[None, None]], early, 0, false, false, true),
        ("held back by both", vec![[quiet(), quiet()]], early, 1, true, false, false),
        ("one of them still tells people", vec![[quiet(), one()]], early, 1, false, false, false),
        ("comes back", vec![[None, None], [one(), None]], early, 1, false, false, false),
    ];
    for (what, rounds, at, alerts, suppressed, held, deaf) in rows {
        let picture = picture(&rounds, at);
        assert_eq!((picture.alerts.len(), picture.deaf), (alerts, deaf), "{what}");
        if let Some(alert) = picture.alerts.first() {
            assert_eq!((alert.suppressed, alert.held), (suppressed, held), "{what}");
        }
    }
}

#[test]
fn severity_service_and_group_follow_the_configuration() {
    let rows = [
        (
            json!({ "alertname": "A", "job": "checkout", "severity": "blocker" }),
            Severity::P0,
            vec!["checkout"],
        ),
        (json!({ "alertname": "A", "job": "search", "severity": "critical" }), Severity::P1, vec!["search"]),
        (json!({ "alertname": "A", "service": "search" }), Severity::P3, vec!["search"]),
        (json!({ "alertname": "A", "severity": "P2" }), Severity::P2, vec![]),
    ];
    for (labels, severity, services) in rows {
        let picture = picture(&[[Some(json!([alert("aa", &labels, None)])), None]], AT);
        let found = &picture.alerts[0];
        let names: Vec<&str> = found.services.iter().map(|name| &**name).collect();
        assert_eq!((found.severity, names), (severity, services), "{labels}");
        assert_eq!(&*found.group, "alertname=A");
    }
    // What only tells copies apart does not tell them apart from ours.
    let labels = json!({ "alertname": "A", "job": "checkout", "replica": "b", "cluster": "eu" });
    let bare = &picture(&[[Some(json!([alert("aa", &labels, None)])), None]], AT).alerts[0].bare.to_string();
    assert_eq!(bare, r#"{alertname="A", job="checkout"}"#);
    // Another cluster is another alert.
    let labels = json!({ "alertname": "A", "cluster": "us" });
    let bare = &picture(&[[Some(json!([alert("aa", &labels, None)])), None]], AT).alerts[0].bare.to_string();
    assert!(bare.contains("us"), "{bare}");
}

/// What would be sent for these alerts, out of all that fire: the body, the note of the box, the line of amtool.
pub fn made(all: &[Value], meant: &[&str], why: &str) -> Result<(Value, String, String), String> {
    let plan = plan(CONFIG);
    let backend = backend(&plan);
    let picture = picture(&[[Some(Value::from(all.to_vec())), None]], AT);
    let alerts: Vec<&Foreign> =
        picture.alerts.iter().filter(|alert| meant.contains(&&*alert.fingerprint)).collect();
    let change = Change::Make { alerts: &alerts, span: Duration::from_secs(900) };
    let draft = Draft {
        backend: &backend,
        picture: &picture,
        change,
        incident: Some("INC-1"),
        environment: Some("prod".into()),
        why,
        at: AT,
    };
    let action = draft.action()?;
    let note = action.note.clone();
    let request = requests(action);
    let line = silence::amtool(&request).unwrap();
    let Body::Json(body, _) = request.body else { panic!("no body") };
    assert_eq!(request.url.as_str(), "http://one:9093/prefix/api/v2/silences");
    Ok((body, note, line))
}

fn requests(action: warroom::action::Action) -> warroom::action::Request {
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
        at: AT,
    })
    .unwrap();
    proposal.requests(&"".into(), AT).unwrap().remove(0)
}

#[test]
fn a_silence_matches_what_is_meant_and_says_what_it_hits_besides() {
    let one = |id: &str, labels: Value| alert(id, &labels, None);
    let all = [
        one("aa", json!({ "alertname": "A", "job": "checkout", "instance": "a:1" })),
        one("bb", json!({ "alertname": "A", "job": "checkout", "instance": "b:2" })),
        one("cc", json!({ "alertname": "A", "job": "checkout", "instance": "c:3" })),
        one("dd", json!({ "alertname": "B", "job": "checkout", "path": "/api/{id}?x=\"1\"\n" })),
    ];
    let matchers = |body: &Value| -> Vec<String> {
        let list: Vec<alertmanager::SilenceMatcher> =
            serde_json::from_value(body["matchers"].clone()).unwrap();
        list.iter().map(alertmanager::SilenceMatcher::text).collect()
    };
    for (meant, expected, note) in [
        // One alert: its exact labels.
        (&["aa"][..], vec![r#"alertname="A""#, r#"instance="a:1""#, r#"job="checkout""#], "no other alert"),
        // Several: what they share, and the values that were seen of the rest.
        (&["aa", "bb"], vec![r#"alertname="A""#, r#"instance=~"a:1|b:2""#, r#"job="checkout""#], "no other"),
        // Braces, quotes and line ends are values, never holes.
        (&["dd"], vec![r#"alertname="B""#, r#"job="checkout""#, r#"path="/api/{id}?x=\"1\"\n""#], "no other"),
        // A label that only some have may be missing.
        (
            &["aa", "dd"],
            vec![
                r#"alertname=~"A|B""#,
                r#"instance=~"|a:1""#,
                r#"job="checkout""#,
                r#"path=~"|/api/\\{id\\}\\?x=\"1\"\n""#,
            ],
            "no other",
        ),
    ] {
        let (body, said, _) = made(&all, meant, "").unwrap();
        assert_eq!(matchers(&body), expected, "{meant:?}");
        assert!(said.contains(note), "{meant:?}: {said}");
    }
    // So many values that a label has to be left out: what that lets in is counted.
    let many: Vec<Value> = (0..60)
        .map(|n| {
            one(&format!("f{n}"), json!({ "alertname": "A", "job": "checkout", "instance": format!("{n}") }))
        })
        .collect();
    let names: Vec<String> = (0..58).map(|n| format!("f{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (body, said, _) = made(&many, &names, "").unwrap();
    assert_eq!(matchers(&body), [r#"alertname="A""#, r#"job="checkout""#]);
    assert!(said.contains("AND 2 OTHERS"), "{said}");
    // Nothing in common: nothing is made that would silence the world.
    let strangers: Vec<Value> =
        (0..60).map(|n| one(&format!("f{n}"), json!({ "instance": format!("{n}") }))).collect();
    let all: Vec<String> = (0..60).map(|n| format!("f{n}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert!(made(&strangers, &all, "").unwrap_err().contains("share no label"));
    assert!(made(&strangers, &[], "").is_err());
}

#[test]
fn the_exact_request_can_be_read_copied_and_found_again() {
    let all = [alert("aa", &json!({ "alertname": "A", "job": "it's" }), None)];
    let (body, _, line) = made(&all, &["aa"], "looking {at} \u{1b}[2Jit").unwrap();
    assert_eq!(
        (body["startsAt"].as_str(), body["endsAt"].as_str()),
        (Some("2025-11-21T10:13:20Z"), Some("2025-11-21T10:28:20Z"))
    );
    assert_eq!(body["createdBy"], "anna");
    let comment = body["comment"].as_str().unwrap();
    let key = "alertmanager:am-silence-19aa5e77200-00000001";
    assert_eq!(comment, format!("INC-1: acknowledged by anna: looking {{at}} [2Jit [warroom {key}]"));
    assert!(comment.contains(&silence::mark(key)));
    assert_eq!(silence::shown(comment), "INC-1: acknowledged by anna: looking {at} [2Jit");
    assert_eq!(
        line,
        format!(
            "amtool --alertmanager.url='http://one:9093/prefix' silence add --author='anna' \
             --start='2025-11-21T10:13:20Z' --end='2025-11-21T10:28:20Z' --comment='{comment}' \
             'alertname=\"A\"' 'job=\"it'\\''s\"'"
        )
    );
}

#[test]
fn extending_and_ending_keep_the_id() {
    let stored = json!([{
        "id": "5f1a-77", "status": { "state": "active" }, "createdBy": "ben", "updatedAt": "2025-11-21T10:00:00Z",
        "comment": "INC-1: acknowledged by ben [warroom k1]", "startsAt": "2025-11-21T10:00:00.123456789Z",
        "endsAt": "2025-11-21T10:15:00.000Z",
        "matchers": [{ "name": "path", "value": "/{id}", "isRegex": false, "isEqual": true }],
    }, {
        "id": "over", "status": { "state": "expired" }, "startsAt": "2025-11-21T10:00:00Z", "matchers": [],
        "endsAt": "2025-11-21T10:15:00.000Z",
    }]);
    let read = alertmanager::silences(stored.to_string().as_bytes()).unwrap();
    assert_eq!(read.good.len(), 1, "what is over is left out");
    let known = &read.good[0];
    assert!(silence::is_ours(known));
    let plan = plan(CONFIG);
    let (backend, picture) = (backend(&plan), picture(&[[None, None]], AT));
    let draft = |change| Draft {
        backend: &backend,
        picture: &picture,
        change,
        incident: Some("INC-1"),
        environment: None,
        why: "",
        at: AT,
    };
    let request = requests(
        draft(Change::Extend { silence: known, until: AT + Duration::from_secs(60) }).action().unwrap(),
    );
    let Body::Json(body, _) = &request.body else { panic!("no body") };
    assert_eq!(body["id"], "5f1a-77");
    // To the letter: another spelling would make another silence.
    assert_eq!(body["startsAt"], "2025-11-21T10:00:00.123456789Z");
    assert_eq!(body["matchers"], stored[0]["matchers"]);
    assert_eq!(body["endsAt"], "2025-11-21T10:14:20Z");
    assert!(
        body["comment"]
            .as_str()
            .unwrap()
            .starts_with("INC-1: acknowledged by ben; extended by anna [warroom ")
    );
    assert!(silence::amtool(&request).unwrap().contains("silence update --end='2025-11-21T10:14:20Z'"));
    let request = requests(draft(Change::Expire(known)).action().unwrap());
    assert_eq!((request.method.word(), request.url.path()), ("DELETE", "/prefix/api/v2/silence/5f1a-77"));
    let line = "amtool --alertmanager.url='http://one:9093/prefix' silence expire 5f1a-77";
    assert_eq!(silence::amtool(&request).as_deref(), Some(line));
}

#[test]
fn a_channel_that_names_a_cluster_tells_each_member() {
    let plan =
        plan(&format!("{CONFIG}\n[notify.up]\nkind = \"alertmanager\"\nbackend = \"am\"\nfloor = \"P1\"\n"));
    let told: Vec<String> =
        plan.channels.iter().map(|channel| format!("{} {:?}", channel.name, channel.via)).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("up Alertmanager") && told[0].contains("/prefix"), "{}", told[0]);
    assert!(told[1].starts_with("up@two:9093 Alertmanager"), "{}", told[1]);
    assert!(plan.channels.iter().all(|channel| channel.floor == Severity::P1));
}
