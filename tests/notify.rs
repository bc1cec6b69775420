//! Notifications against real sockets: what arrives is counted at the server.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]

mod support;

use std::sync::Arc;
use std::time::Duration;
use support::{Act, Fake, Request, http, serve};
use tokio::sync::mpsc;
use warroom::config::auth::{Auth, Credential, SecretRef};
use warroom::io::notify::{Notifier, Sent};
use warroom::io::secrets::provide;
use warroom::journal::Who;
use warroom::notification::{Address, Change, Channel, Delivery, Notice, Outcome, Router, Via};
use warroom::severity::Severity;
use warroom::units::Timestamp;

fn channel(via: Via) -> Channel {
    Channel {
        name: "ch".into(),
        via,
        timeout: Duration::from_millis(700),
        retry_for: Duration::from_secs(3600),
        ..Channel::terminal(Severity::P4, Vec::new())
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_750_000_000_000 + second * 1000)
}

fn notice(key: &str, change: Change) -> Notice {
    Notice {
        key: key.to_owned(),
        incident: "INC-1".to_owned(),
        change,
        severity: Severity::P1,
        title: "errors".to_owned(),
        service: Some("checkout".into()),
        ..Notice::test(at(0), "")
    }
}

/// A router, a sender, and a clock of their own: waits cost no time.
struct Post {
    router: Router,
    notifier: Notifier,
    sent: mpsc::Receiver<Sent>,
    now: Timestamp,
    outcomes: Vec<Outcome>,
}

impl Post {
    fn new(channel: Channel) -> Self {
        let (sender, sent) = mpsc::channel(16);
        let router = Router::new(vec![channel], Who::default());
        Self { router, notifier: Notifier::start(sender).unwrap(), sent, now: at(0), outcomes: Vec::new() }
    }

    /// Hands a notice in and lets time go on until nothing is due any more.
    fn tell(&mut self, notice: &Notice) {
        let deliveries = self.router.route(notice, self.now);
        self.settle(deliveries);
    }

    fn settle(&mut self, mut deliveries: Vec<Delivery>) {
        for _ in 0..100 {
            while let Some(delivery) = deliveries.pop() {
                assert!(self.notifier.send(delivery));
                let ended = self.sent.blocking_recv().expect("the sender lives");
                self.outcomes.push(ended.outcome.clone());
                deliveries.extend(self.router.taken(ended.id, &ended.outcome, self.now));
            }
            let Some(due) = self.router.next_due(self.now) else { return };
            self.now = due;
            deliveries = self.router.due(due);
        }
        panic!("it never settles");
    }

    fn errors(&self) -> Vec<String> {
        let error = |outcome: &Outcome| match outcome {
            Outcome::Delivered => "ok".to_owned(),
            Outcome::Failed { error, .. } => error.to_string(),
        };
        self.outcomes.iter().map(error).collect()
    }

    fn ended(&mut self) -> Vec<String> {
        self.router.entries().into_iter().map(|entry| entry.action).collect()
    }
}

fn webhook(fake: &Fake) -> Via {
    Via::Webhook(Address::Plain(url::Url::parse(&fake.url("/hook")).unwrap()))
}

fn status(code: &str, headers: &str, body: &str) -> Act {
    Act::Send(http(code, headers, body.as_bytes()))
}

/// A server that answers as the script says, the last answer for ever; how the attempts ended, and what was kept.
fn check(script: &'static [fn() -> Act], outcomes: &[&str], kept: &[&str]) -> (Fake, Post) {
    let fake = serve(move |request: &Request| script[request.nth.min(script.len() - 1)]());
    let mut post = Post::new(channel(webhook(&fake)));
    post.tell(&notice("k1", Change::Opened));
    let errors = post.errors();
    assert_eq!(errors.len(), outcomes.len(), "{errors:?}");
    for (error, part) in errors.iter().zip(outcomes) {
        assert!(error.contains(part), "{error:?} should say {part:?}");
    }
    assert_eq!(post.ended(), kept);
    assert_eq!(fake.requests().len(), outcomes.len(), "counted at the server");
    (fake, post)
}

#[test]
fn a_change_arrives_once_whatever_the_server_says_first() {
    check(&[|| status("202 Accepted", "", "{}")], &["ok"], &["notification.sent"]);
    check(
        &[|| status("500 Oops", "", "boom"), || status("202 Accepted", "", "")],
        &["500", "ok"],
        &["notification.sent"],
    );
    let (_, post) = check(
        &[|| status("429 Slow", "retry-after: 600\r\n", ""), || status("200 OK", "", "")],
        &["slow down", "ok"],
        &["notification.sent"],
    );
    assert!(post.now >= at(600), "{}", post.now);
    check(&[|| status("400 Bad", "", "no such field")], &["no such field"], &["notification.failed"]);
    check(&[|| status("410 Gone", "", "")], &["410"], &["notification.failed"]);
    // A server that hangs, one that hangs up, and one that never stops talking.
    check(
        &[|| Act::Hang(Vec::new()), || status("200 OK", "", "")],
        &["no answer within", "ok"],
        &["notification.sent"],
    );
    check(&[|| Act::Close(Vec::new()), || status("200 OK", "", "")], &["lost", "ok"], &["notification.sent"]);
    check(
        &[
            || {
                Act::Forever(
                    b"HTTP/1.1 503 No\r\ncontent-type: text/plain\r\n\r\n".to_vec(),
                    vec![b'x'; 4096],
                )
            },
            || status("200 OK", "", ""),
        ],
        &["503", "ok"],
        &["notification.sent"],
    );
}

#[test]
fn the_same_change_is_not_sent_again_and_its_end_is() {
    let fake = serve(|_: &Request| status("200 OK", "", ""));
    let mut post = Post::new(channel(webhook(&fake)));
    let opened = notice("k1", Change::Opened);
    for _ in 0..3 {
        post.tell(&opened);
    }
    post.tell(&notice("k2", Change::Resolved));
    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests[0].starts_with("POST /hook") && requests[0].contains("idempotency-key: ch/k1"),
        "{}",
        requests[0]
    );
    assert!(requests[1].contains("\"change\":\"resolved\""), "{}", requests[1]);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = serve(|_: &Request| status("200 OK", "", ""));
    let target = elsewhere.url("/take");
    let fake = serve(move |_: &Request| status("307 Moved", &format!("location: {target}\r\n"), ""));
    let mut post = Post::new(channel(webhook(&fake)));
    post.tell(&notice("k1", Change::Opened));
    assert_eq!(post.errors(), ["the channel is redirected, which is not followed (307)"]);
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn secrets_reach_the_server_and_no_error() {
    // The whole URL is the secret; the server echoes all that it was sent.
    let fake = serve(|request: &Request| {
        let path = request.path().to_owned();
        status("404 No", "content-type: text/plain\r\n", &format!("no hook {path}"))
    });
    let secret = fake.url("/services/T000AAAA1/B000BBBB2/hunter2hunter2");
    provide(&[
        ("WARROOM_T_SLACK", &secret),
        ("WARROOM_T_OLD", "old-key-old-key"),
        ("WARROOM_T_NEW", "new-key-new-key"),
    ]);
    let slack = Via::Slack(Address::Secret(SecretRef::Env("WARROOM_T_SLACK".to_owned())));
    let mut post = Post::new(channel(slack));
    post.tell(&notice("k1", Change::Opened));
    let errors = post.errors().join(" ");
    assert!(errors.contains("404") && errors.contains("[REDACTED]"), "{errors}");
    for piece in ["hunter2", "T000AAAA1", "127.0.0.1"] {
        assert!(!errors.contains(piece), "{errors}");
    }
    // Keys rotate: the second is taken where the first is refused, within one attempt.
    let pager = serve(|request: &Request| {
        if request.body.contains("new-key-new-key") {
            status("202 Accepted", "", "")
        } else {
            status(
                "400 Bad",
                "content-type: application/json\r\n",
                r#"{"message":"Invalid key old-key-old-key"}"#,
            )
        }
    });
    let key = |names: &[&str]| names.iter().map(|name| SecretRef::Env((*name).to_owned())).collect();
    let url = || Address::Plain(url::Url::parse(&pager.url("/v2/enqueue")).unwrap());
    let mut post =
        Post::new(channel(Via::PagerDuty { url: url(), key: key(&["WARROOM_T_OLD", "WARROOM_T_NEW"]) }));
    post.tell(&notice("k1", Change::Opened));
    assert_eq!(post.errors(), ["ok"]);
    assert_eq!(pager.requests().len(), 2);
    let mut post = Post::new(channel(Via::PagerDuty { url: url(), key: key(&["WARROOM_T_OLD"]) }));
    post.tell(&notice("k1", Change::Opened));
    assert_eq!(post.errors(), ["the channel refuses it (400): Invalid key [REDACTED]"]);
    let mut post = Post::new(channel(Via::PagerDuty { url: url(), key: key(&["WARROOM_T_UNSET"]) }));
    let deliveries = post.router.route(&notice("k1", Change::Opened), at(0));
    post.notifier.send(deliveries.into_iter().next().unwrap());
    let Outcome::Failed { error, again, .. } = post.sent.blocking_recv().unwrap().outcome else {
        panic!("sent")
    };
    assert!(again && error.as_str().contains("env:WARROOM_T_UNSET"), "{error}");
}

#[test]
fn headers_and_credentials_are_put_on() {
    let fake = serve(|_: &Request| status("200 OK", "", ""));
    provide(&[("WARROOM_T_BEARER", "token-token-token")]);
    let auth = Auth {
        name: "a".to_owned(),
        credential: Credential::Bearer(vec![SecretRef::Env("WARROOM_T_BEARER".to_owned())]),
        ..Auth::default()
    };
    let base = Address::Plain(url::Url::parse(&fake.url("/am/")).unwrap());
    let mut post = Post::new(Channel {
        auth: Some(Arc::new(auth)),
        headers: vec![("X-Team".to_owned(), "checkout".to_owned())],
        ..channel(Via::Alertmanager { url: base, resend: Duration::from_secs(60) })
    });
    let deliveries = post.router.route(&notice("k1", Change::Opened), at(0));
    post.notifier.send(deliveries.into_iter().next().unwrap());
    assert_eq!(post.sent.blocking_recv().unwrap().outcome, Outcome::Delivered);
    let request = &fake.requests()[0];
    for part in [
        "POST /am/api/v2/alerts ",
        "authorization: Bearer token-token-token",
        "x-team: checkout",
        "\"alertname\"",
    ] {
        assert!(request.contains(part), "{part}: {request}");
    }
}
