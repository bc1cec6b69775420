//! Every payload as a table: what a notice becomes, and that nothing hostile gets through or grows.

use super::*;
use crate::config::auth::SecretRef;
use crate::notification::{Address, Change};
use crate::severity::Severity;
use serde_json::json;
use std::time::Duration;

fn notice(change: Change) -> Notice {
    Notice {
        key: "INC-1:x".to_owned(),
        incident: "INC-1".to_owned(),
        change,
        severity: Severity::P1,
        service: Some("checkout".into()),
        environment: Some("prod".into()),
        title: "error budget burns 21x".to_owned(),
        text: "4.2% of requests fail".to_owned(),
        url: Some("https://wiki/checkout".to_owned()),
        at: Timestamp::from_millis(1_750_000_060_000),
        started: Timestamp::from_millis(1_750_000_000_000),
        elsewhere: false,
        labels: vec![("job".to_owned(), "checkout".to_owned())],
        annotations: vec![("summary".to_owned(), "errors".to_owned())],
    }
}

fn vias() -> Vec<Via> {
    let address = || Address::Secret(SecretRef::Env("U".to_owned()));
    vec![
        Via::Webhook(address()),
        Via::Chat(address()),
        Via::Slack(address()),
        Via::PagerDuty { url: address(), key: Vec::new() },
        Via::Alertmanager { url: address(), resend: Duration::from_secs(60) },
    ]
}

fn body(via: Via, content: &Content) -> Value {
    let channel = Channel { via, ..Channel::terminal(Severity::P4, Vec::new()) };
    match build(&channel, content, None, Timestamp::from_millis(1_750_000_070_000)).0 {
        Message::Post { body, .. } => body,
        Message::Ring { .. } => Value::Null,
    }
}

fn one(notice: Notice) -> Content {
    Content::One { notice: Box::new(notice), more: 0 }
}

#[test]
fn a_change_as_each_channel_is_told_it() {
    let wanted = [
        json!({
            "version": 1, "kind": "change", "key": "INC-1:x", "incident": "INC-1", "change": "opened",
            "severity": "P1", "service": "checkout", "environment": "prod", "title": "error budget burns 21x",
            "headline": "P1 checkout (prod): opened - error budget burns 21x", "text": "4.2% of requests fail",
            "url": "https://wiki/checkout", "at": "2025-06-15T15:07:40Z", "started": "2025-06-15T15:06:40Z",
            "labels": { "job": "checkout" }, "annotations": { "summary": "errors" }, "held_before": 0,
        }),
        json!({ "text": "P1 checkout (prod): opened - error budget burns 21x\n4.2% of requests fail\nhttps://wiki/checkout" }),
        json!({
            "text": "P1 checkout (prod): opened - error budget burns 21x",
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "emoji": false,
                    "text": "P1 checkout (prod): opened - error budget burns 21x" } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "4.2% of requests fail" } },
                { "type": "section", "fields": [
                    { "type": "mrkdwn", "text": "Severity: P1" },
                    { "type": "mrkdwn", "text": "Incident: INC-1" },
                    { "type": "mrkdwn", "text": "Began: 2025-06-15T15:06:40Z" },
                    { "type": "mrkdwn", "text": "job: checkout" },
                ] },
                { "type": "context", "elements": [
                    { "type": "mrkdwn", "text": "<https://wiki/checkout|Runbook>" },
                ] },
            ],
        }),
        json!({
            "event_action": "trigger", "dedup_key": "INC-1", "client": "warroom",
            "links": [{ "href": "https://wiki/checkout", "text": "Runbook" }],
            "payload": {
                "summary": "P1 checkout (prod): opened - error budget burns 21x", "source": "checkout",
                "severity": "critical", "timestamp": "2025-06-15T15:07:40Z", "component": "checkout",
                "group": "prod", "class": "opened",
                "custom_details": {
                    "severity": "P1", "incident": "INC-1", "started": "2025-06-15T15:06:40Z",
                    "text": "4.2% of requests fail", "held_before": 0,
                    "labels": { "job": "checkout" }, "annotations": { "summary": "errors" },
                },
            },
        }),
        json!([{
            "labels": { "alertname": "WarroomIncident", "incident": "INC-1", "severity": "critical",
                "priority": "P1", "service": "checkout", "environment": "prod", "job": "checkout" },
            "annotations": { "summary": "error budget burns 21x", "description": "4.2% of requests fail" },
            "startsAt": "2025-06-15T15:06:40Z", "endsAt": "2025-06-15T15:11:50Z",
            "generatorURL": "https://wiki/checkout",
        }]),
    ];
    for (via, want) in vias().into_iter().zip(wanted) {
        let word = via.word();
        assert_eq!(body(via, &one(notice(Change::Opened))), want, "{word}");
    }
}

#[test]
fn a_pager_is_told_by_three_actions_and_four_severities() {
    let pager = || vias().remove(3);
    for (change, action) in Change::ALL.map(|(change, word)| {
        (
            change,
            match word {
                "acknowledged" => "acknowledge",
                "resolved" => "resolve",
                _ => "trigger",
            },
        )
    }) {
        let event = body(pager(), &one(notice(change)));
        assert_eq!(event["event_action"], action, "{change:?}");
        assert_eq!(event.get("payload").is_some(), action == "trigger", "{change:?}");
    }
    for (severity, word) in
        Severity::ALL.into_iter().zip(["critical", "critical", "error", "warning", "info"])
    {
        let event = body(pager(), &one(Notice { severity, ..notice(Change::Opened) }));
        assert_eq!(event["payload"]["severity"], word);
    }
    let long = body(pager(), &one(Notice { incident: "x".repeat(300), ..notice(Change::Opened) }));
    assert!(long["dedup_key"].as_str().unwrap().len() <= 255);
    assert_ne!(
        long["dedup_key"],
        body(pager(), &one(Notice { incident: "x".repeat(299), ..notice(Change::Opened) }))["dedup_key"]
    );
}

#[test]
fn hostile_texts_are_cleaned_escaped_and_cut() {
    let nasty = "<!channel> & \u{1b}[2J\u{202e}\"\\|";
    for url in ["javascript:alert(1)", "not a url", "file:///etc/passwd"] {
        let notice = Notice {
            title: nasty.to_owned(),
            text: format!("{nasty}\n{nasty}"),
            url: Some(url.to_owned()),
            labels: vec![(nasty.to_owned(), nasty.to_owned())],
            annotations: vec![(nasty.to_owned(), nasty.to_owned())],
            ..notice(Change::Opened)
        };
        for via in vias() {
            let word = via.word();
            let text = body(via, &one(notice.clone())).to_string();
            assert!(!text.contains("\\u001b") && !text.contains('\u{202e}'), "{word}: {text}");
            assert!(!text.contains(url), "{word}: {text}");
            assert!(word != "slack" || !text.contains("<!channel>"), "{text}");
        }
    }
}

#[test]
fn no_body_is_larger_than_what_is_taken() {
    // Four bytes a character, and a character that JSON doubles.
    for filler in ["\u{1f525}", "\"", "\\", "&", "é", "a\n"] {
        let huge = filler.repeat(6_000);
        let big = Notice {
            key: huge.clone(),
            incident: huge.clone(),
            service: Some(huge.as_str().into()),
            environment: Some(huge.as_str().into()),
            title: huge.clone(),
            text: huge.clone(),
            url: Some(format!("https://h/{huge}")),
            labels: (0..70).map(|n| (format!("{n}{huge}"), huge.clone())).collect(),
            annotations: (0..70).map(|n| (format!("{n}{huge}"), huge.clone())).collect(),
            ..notice(Change::Opened)
        };
        let several = Content::Several {
            notices: vec![Notice { labels: Vec::new(), annotations: Vec::new(), ..big.clone() }; 500],
            lost: 7,
        };
        let resend = Content::Resend(vec![big.clone(); 2]);
        for (content, to) in [(&one(big.clone()), 0..5), (&several, 0..3), (&resend, 4..5)] {
            for via in vias().drain(to) {
                let word = via.word();
                let size = body(via, content).to_string().len();
                assert!(size <= LARGEST, "{word} {filler:?}: {size}");
            }
        }
        let slack = body(vias().remove(2), &one(big));
        assert!(slack["text"].as_str().unwrap().chars().count() <= 3000);
        assert!(slack["blocks"][0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
    }
}

#[test]
fn what_was_held_back_is_summed_up() {
    let several =
        Content::Several { notices: vec![notice(Change::Opened), notice(Change::Resolved)], lost: 3 };
    let text = body(vias().remove(1), &several)["text"].as_str().unwrap().to_owned();
    assert_eq!(
        text,
        "5 more changes, P1 the gravest\n\
         15:07Z P1 checkout (prod): opened - error budget burns 21x\n\
         15:07Z P1 checkout (prod): resolved - error budget burns 21x\n\
         and 3 before"
    );
    let generic = body(vias().remove(0), &several);
    assert_eq!((&generic["kind"], &generic["count"]), (&json!("summary"), &json!(5)));
    assert_eq!(generic["changes"][1]["change"], "resolved");
}
