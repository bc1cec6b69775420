//! The sender behind the door, against services over real sockets that count what arrives: each accepted action exactly
//! once, each refused one never.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, and write files"
)]

#[path = "support/admin.rs"]
mod admin;
#[path = "support/authority.rs"]
mod authority;
mod support;

use admin::{Memory, action, authorized, instance, job, perform};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Act, Fake, http, json, serve};
use warroom::action::entry::How;
use warroom::action::{Action, Ledger};
use warroom::config::auth::{Auth, Credential, SecretRef};
use warroom::io::act::{Followed, Progress, Stop};
use warroom::io::http::Http;
use warroom::runtime::now;
use warroom::target::Route;

/// Requests that are no reads.
fn writes(fake: &Fake) -> usize {
    fake.requests().iter().filter(|request| !request.starts_with("GET ")).count()
}

fn plain(fake: &Fake) -> Action {
    action(vec![instance(&fake.url("/"), None, Route::default())])
}

fn once(fake: &Fake, change: impl FnOnce(&mut Action)) -> (warroom::io::act::Ran, Vec<Progress>, Memory) {
    let mut action = plain(fake);
    change(&mut action);
    let memory = Memory::default();
    let (ran, told) = perform(
        authorized(action, "5xx since 13:49", &Ledger::default()),
        &memory,
        &Arc::default(),
        &Stop::default(),
    );
    (ran, told, memory)
}

/// What a service may answer, how it is judged, what is said, and that it was asked once.
#[test]
fn each_answer_is_judged_by_whether_the_service_can_have_acted() {
    type Row = (&'static str, fn() -> Act, How, &'static str, &'static str);
    let rows: &[Row] = &[
        ("done", || Act::Send(http("200 OK", "", b"{}")), How::Done, "HTTP 200", ""),
        ("no content", || Act::Send(http("204 No Content", "", b"")), How::Done, "HTTP 204", ""),
        (
            "another 2xx",
            || Act::Send(http("206 Partial Content", "", b"")),
            How::Unknown,
            "where 200 or 202 or 204 was expected",
            "something was done",
        ),
        (
            "busy",
            || {
                Act::Send(http(
                    "409 Conflict",
                    "location: /admin/jobs/9\r\n",
                    br#"{"error":"busy with restart (job 9)"}"#,
                ))
            },
            How::Failed,
            "busy with restart (job 9)",
            "/admin/jobs/9",
        ),
        (
            "too many",
            || Act::Send(http("429 Too Many Requests", "retry-after: 120\r\n", br#"{"code":"API_001"}"#)),
            How::Failed,
            "too many requests: API_001",
            "wait 2m",
        ),
        (
            "an error code of its own",
            || {
                Act::Send(http(
                    "500 Internal Server Error",
                    "",
                    br#"{"error":{"code":"DB_001","message":"pool \u001b[2Jexhausted"}}"#,
                ))
            },
            How::Failed,
            "DB_001: pool [2Jexhausted (the database cannot be reached)",
            "part of it",
        ),
        (
            "credentials",
            || Act::Send(http("401 Unauthorized", "", br#"{"code":"AUTH_001"}"#)),
            How::Failed,
            "credentials refused: AUTH_001 (no valid credential)",
            "",
        ),
        (
            "gateway",
            || Act::Send(http("504 Gateway Timeout", "", b"")),
            How::Unknown,
            "a gateway",
            "the request carried Idempotency-Key: shop-restart-",
        ),
        (
            "closed before the answer",
            || Act::Close(Vec::new()),
            How::Unknown,
            "the outcome is unknown",
            "look at the health",
        ),
        (
            "closed within the head",
            || Act::Close(b"HTTP/1.1 20".to_vec()),
            How::Unknown,
            "the outcome is unknown",
            "",
        ),
        ("no HTTP", || Act::Close(b"hello\r\n\r\n".to_vec()), How::Unknown, "the outcome is unknown", ""),
        (
            "silence",
            || Act::Hang(Vec::new()),
            How::Unknown,
            "no answer within 3s: the outcome is unknown",
            "look at the health",
        ),
        (
            "a body that never ends",
            || {
                Act::Forever(
                    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
                    b"400\r\n".iter().copied().chain([b'x'; 0x400]).chain(*b"\r\n").collect(),
                )
            },
            How::Done,
            "HTTP 200",
            "",
        ),
        (
            "a body that breaks off",
            || Act::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf".to_vec()),
            How::Done,
            "HTTP 200: half",
            "",
        ),
    ];
    for (name, act, how, text, advice) in rows {
        let fake = serve(move |_| act());
        let (ran, told, memory) = once(&fake, |_| {});
        assert_eq!(ran.how(), *how, "{name}: {ran:?}");
        let shot = &ran.shots[0];
        assert!(shot.text.as_str().contains(text), "{name}: {}", shot.text);
        let said = ran.advice().map_or("", |advice| advice.as_str());
        assert!(said.contains(advice), "{name}: {said}");
        assert!(shot.sent.body.len() <= 4100, "{name}: {} bytes", shot.sent.body.len());
        assert!(!shot.sent.body.contains('\u{1b}'), "{name}");
        assert_eq!(writes(&fake), 1, "{name}");
        assert_eq!(fake.connections.load(Ordering::SeqCst), 1, "{name}");
        let sent = ("action.sent".to_owned(), "sent".to_owned());
        assert_eq!(memory.told(), [sent, ("action.outcome".to_owned(), how.word().to_owned())], "{name}");
        assert!(matches!(told[0], Progress::Sending { turn: 1, of: 1, .. }), "{name}: {told:?}");
    }
}

#[test]
fn the_request_says_who_why_and_which() {
    let fake = serve(|_| Act::Send(http("200 OK", "", b"")));
    once(&fake, |_| {});
    let request = &fake.requests()[0];
    for part in [
        "POST /admin/restart HTTP/1.1\n",
        "idempotency-key: shop-restart-",
        "x-reason: 5xx since 13:49\n",
        "x-actor: anna\n",
        "user-agent: warroom/",
        "content-type: application/json\n",
        "\n{\"why\":\"5xx since 13:49\"}",
    ] {
        assert!(request.contains(part), "{part:?} is missing in {request}");
    }
    assert!(!request.to_lowercase().contains("authorization"), "{request}");
}

#[test]
fn a_redirect_is_not_followed_and_takes_no_credential_with_it() {
    let thief = serve(|_| Act::Send(http("200 OK", "", b"")));
    let place = thief.url("/take");
    for (status, how) in [("307 Temporary Redirect", How::Failed), ("302 Found", How::Unknown)] {
        let place = place.clone();
        let fake = serve(move |_| Act::Send(http(status, &format!("location: {place}?t=1\r\n"), b"")));
        let auth = bearer("redirect", &[("REDIRECT", "hsi_prod_key_1")]);
        let action = action(vec![instance(&fake.url("/"), Some(auth), Route::default())]);
        let memory = Memory::default();
        let (ran, _) =
            perform(authorized(action, "", &Ledger::default()), &memory, &Arc::default(), &Stop::default());
        assert_eq!(ran.how(), how, "{status}");
        let text = ran.shots[0].text.as_str();
        assert!(text.contains("which is not followed") && !text.contains("t=1"), "{text}");
        assert_eq!(writes(&fake), 1);
    }
    // Neither does a job on another host get our credentials.
    let fake = serve(move |_| Act::Send(http("202 Accepted", &format!("location: {place}\r\n"), b"")));
    let (ran, _, _) = once(&fake, |action| action.job = Some(job(Duration::from_secs(5))));
    assert_eq!(ran.how(), How::Unknown);
    assert!(ran.shots[0].text.as_str().contains("on another host (127.0.0.1)"), "{}", ran.shots[0].text);
    assert_eq!(thief.requests().len(), 0);
}

/// An auth of bearer tokens out of variables; `provide` puts them in place.
fn bearer(name: &str, tokens: &[(&str, &str)]) -> Auth {
    let names: Vec<(String, &str)> =
        tokens.iter().map(|(name, value)| (format!("ACT_TEST_{name}"), *value)).collect();
    let given: Vec<(&str, &str)> = names.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    warroom::io::secrets::provide(&given);
    let list = names.iter().map(|(name, _)| SecretRef::Env(name.clone())).collect();
    Auth { name: name.into(), credential: Credential::Bearer(list), ..Auth::default() }
}

#[test]
fn keys_that_rotate_are_tried_in_turn_after_a_refusal_only() {
    // (keys we hold, the key that counts, how it ends, writes): the second stands only behind a 401.
    for (keys, good, how, sent) in [
        (vec![("K1", "key-one")], "key-one", How::Done, 1),
        (vec![("K2", "key-old"), ("K3", "key-new")], "key-new", How::Done, 2),
        (vec![("K4", "key-new"), ("K5", "key-old")], "key-new", How::Done, 1),
        (vec![("K6", "same-key"), ("K7", "same-key")], "other", How::Failed, 1),
        (vec![("K8", "bad-one"), ("K9", "bad-two"), ("K10", "bad-three")], "other", How::Failed, 2),
    ] {
        let fake = serve(move |request| {
            let taken = request.header("authorization") == Some(&format!("Bearer {good}"));
            let refused = format!("not you: {}", request.header("authorization").unwrap_or(""));
            Act::Send(if taken {
                http("200 OK", "", b"")
            } else {
                http("401 Unauthorized", "", refused.as_bytes())
            })
        });
        let action =
            action(vec![instance(&fake.url("/"), Some(bearer("rotating", &keys)), Route::default())]);
        let (memory, http) = (Memory::default(), Arc::<Http>::default());
        let run = |memory: &Memory| {
            let ledger = Ledger::of(memory.lines.lock().unwrap().iter());
            perform(authorized(action.clone(), "", &ledger), memory, &http, &Stop::default()).0
        };
        let ran = run(&memory);
        assert_eq!((ran.how(), writes(&fake)), (how, sent), "{keys:?}");
        assert_eq!(usize::from(ran.shots[0].sent.attempts), sent, "{keys:?}");
        assert_eq!(
            memory.note().contains("refused with 401, so nothing was done"),
            sent == 2,
            "{}",
            memory.note()
        );
        let journal = format!("{:?}", memory.lines.lock().unwrap());
        assert!(keys.iter().all(|(_, key)| !journal.contains(key)), "a key is in the journal: {journal}");
        if how == How::Done {
            // The one that worked comes first from then on.
            run(&memory);
            assert_eq!(writes(&fake), sent + 1, "{keys:?}");
        }
    }
}

#[test]
fn a_login_whose_token_has_ended_is_made_once_more() {
    warroom::io::secrets::provide(&[("ACT_TEST_USER", "anna"), ("ACT_TEST_PASSWORD", "hush-hush")]);
    // (tokens that the login gives in turn, the one that counts, logins, writes, how)
    for (tokens, good, logins, sent, how) in [
        (vec!["fresh"], "fresh", 1, 1, How::Done),
        (vec!["ended", "fresh"], "fresh", 2, 2, How::Done),
        (vec!["ended", "ended-too", "fresh"], "fresh", 2, 2, How::Failed),
        // {"exp":1}: it says of itself that it is over, so nothing is sent with it.
        (vec!["e30.eyJleHAiOjF9.x", "fresh"], "fresh", 2, 1, How::Done),
    ] {
        let count = Arc::new(AtomicUsize::new(0));
        let given = Arc::clone(&count);
        let fake = serve(move |request| {
            if request.path() == "/login" {
                let token = tokens[given.fetch_add(1, Ordering::SeqCst).min(tokens.len() - 1)];
                return Act::Send(json(&format!(r#"{{"access_token":"{token}"}}"#)));
            }
            let taken = request.header("authorization") == Some(&format!("Bearer {good}"));
            let refused = br#"{"detail":"Invalid authentication credentials"}"#;
            Act::Send(if taken { http("200 OK", "", b"") } else { http("401 Unauthorized", "", refused) })
        });
        let field = |name: &str, variable: &str| (name.to_owned(), SecretRef::Env(variable.to_owned()));
        let login = Credential::Login {
            path: "/login".into(),
            json: vec![field("user", "ACT_TEST_USER"), field("password", "ACT_TEST_PASSWORD")],
            token: "/access_token".into(),
        };
        let auth = Auth { name: "login".into(), credential: login, ..Auth::default() };
        let action = action(vec![instance(&fake.url("/"), Some(auth), Route::default())]);
        let memory = Memory::default();
        let (ran, _) =
            perform(authorized(action, "", &Ledger::default()), &memory, &Arc::default(), &Stop::default());
        assert_eq!(ran.how(), how, "{good} {logins}: {}", ran.shots[0].text);
        assert_eq!(count.load(Ordering::SeqCst), logins);
        let acted = fake.requests().iter().filter(|request| request.starts_with("POST /admin")).count();
        assert_eq!(acted, sent);
    }
}

#[test]
fn what_cannot_leave_is_told_as_not_sent() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fake = serve(|_| Act::Send(http("200 OK", "", b"")));
    let folder = tempfile::tempdir().unwrap();
    let junk = folder.path().join("junk.pem");
    std::fs::write(&junk, "no PEM").unwrap();
    let secret = |name: &str| Auth {
        name: "a".into(),
        credential: Credential::Bearer(vec![SecretRef::Env(name.into())]),
        ..Auth::default()
    };
    let tls = Auth {
        name: "b".into(),
        tls: warroom::config::auth::Tls { ca: Some(junk), ..Default::default() },
        ..Auth::default()
    };
    warroom::io::secrets::provide(&[("ACT_TEST_SPLIT", "one\ntwo"), ("ACT_TEST_BELL", "ring\u{7}")]);
    let secure = fake.url("/").replace("http:", "https:");
    // (where, as whom, what is said, lines of the journal): what fails before the journal's line needs none of it.
    for (base, auth, part, lines) in [
        (format!("http://{closed}/"), None, "connection refused", 2),
        ("http://no-such-host.invalid/".to_owned(), None, "cannot resolve", 2),
        (secure.clone(), None, "plain HTTP?", 2),
        (fake.url("/"), Some(secret("ACT_TEST_UNSET")), "not set", 1),
        (fake.url("/"), Some(secret("ACT_TEST_BELL")), "holds what a header cannot", 1),
        (secure, Some(tls), "holds no certificate", 1),
    ] {
        let action = action(vec![instance(&base, auth, Route::default())]);
        let memory = Memory::default();
        let (ran, _) =
            perform(authorized(action, "", &Ledger::default()), &memory, &Arc::default(), &Stop::default());
        assert_eq!(ran.how(), How::NotSent, "{base}: {ran:?}");
        assert!(ran.shots[0].text.as_str().contains(part), "{base}: {}", ran.shots[0].text);
        assert_eq!(memory.told().len(), lines, "{base}: {:?}", memory.told());
        assert_eq!(memory.told().last().unwrap().1, "not-sent");
        // What never left does not cool anything down, and is not under way.
        let ledger = Ledger::of(memory.lines.lock().unwrap().iter());
        assert!(ledger.last_sent("shop", "restart").is_none() && ledger.in_flight("shop", now()).is_none());
    }
    assert_eq!(fake.requests().len(), 0);
}

#[test]
fn without_its_line_in_the_journal_nothing_leaves() {
    let fake = serve(|_| Act::Send(http("200 OK", "", b"")));
    let memory = Memory { room: Some(0), ..Memory::default() };
    let (ran, told) =
        perform(authorized(plain(&fake), "", &Ledger::default()), &memory, &Arc::default(), &Stop::default());
    assert_eq!(ran.how(), How::NotSent);
    assert!(ran.shots[0].text.as_str().contains("the journal cannot be written"), "{}", ran.shots[0].text);
    assert_eq!(fake.connections.load(Ordering::SeqCst), 0);
    assert!(!told.iter().any(|progress| matches!(progress, Progress::Sending { .. })));
    // The line fits, its outcome does not: it was done, and that the journal does not know is told.
    let memory = Memory { room: Some(1), ..Memory::default() };
    let (ran, _) =
        perform(authorized(plain(&fake), "", &Ledger::default()), &memory, &Arc::default(), &Stop::default());
    assert_eq!(ran.how(), How::Done);
    assert!(ran.unrecorded.unwrap().as_str().contains("does not have the outcome"));
    assert_eq!(writes(&fake), 1);
}

#[test]
fn of_two_warrooms_at_once_only_the_first_sends() {
    let fake = serve(|request| match request.nth {
        0 => Act::Hang(Vec::new()),
        _ => Act::Send(http("200 OK", "", b"")),
    });
    let memory = Memory::default();
    // Both doors opened before either line was there.
    let (first, second) =
        (authorized(plain(&fake), "", &Ledger::default()), authorized(plain(&fake), "", &Ledger::default()));
    let one = memory.clone();
    let slow = std::thread::spawn(move || perform(first, &one, &Arc::default(), &Stop::default()).0);
    while fake.requests().is_empty() {
        std::thread::yield_now();
    }
    let (ran, _) = perform(second, &memory, &Arc::default(), &Stop::default());
    assert_eq!(ran.how(), How::Withdrawn);
    assert!(ran.shots[0].text.as_str().contains("restart on shop (anna"), "{}", ran.shots[0].text);
    assert_eq!(slow.join().unwrap().how(), How::Unknown);
    assert_eq!(writes(&fake), 1);
}

#[test]
fn a_crash_between_the_journal_and_the_answer_is_found_as_unknown() {
    let fake = serve(|_| Act::Hang(Vec::new()));
    let memory = Memory::default();
    let act = authorized(plain(&fake), "", &Ledger::default());
    let dying = memory.clone();
    // The runtime is dropped in the middle of the exchange, as a process is that dies.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_keep, seen) = tokio::sync::watch::channel(warroom::io::act::Seen::default());
    let mut world = warroom::io::act::World {
        http: Arc::default(),
        records: Box::new(dying),
        seen,
        stop: Stop::default(),
        now,
    };
    let arrived = async {
        while fake.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let mut tell = |_| {};
    runtime.block_on(async {
        tokio::select! {
            _ = warroom::io::act::run(act, &mut world, &mut tell) => panic!("it cannot have ended"),
            () = arrived => {}
        }
    });
    drop(runtime);
    assert_eq!(memory.told(), [("action.sent".to_owned(), "sent".to_owned())]);
    let ledger = Ledger::of(memory.lines.lock().unwrap().iter());
    assert!(ledger.in_flight("shop", now()).is_some(), "until its patience is over it may be under way");
    let later = now() + Duration::from_secs(4);
    assert_eq!(ledger.unknown(later).count(), 1);
    assert!(ledger.in_flight("shop", later).is_none());
}

/// What the job says, question by question, and what it comes to.
#[test]
fn a_job_is_followed_to_its_end_through_whatever_happens_to_its_service() {
    type Row = (&'static str, &'static [&'static str], How, &'static str, usize);
    let rows: &[Row] = &[
        ("done", &[r#"{"state":"running"}"#, r#"{"state":"done"}"#], How::Done, "job 17 is done", 2),
        (
            "failed",
            &[r#"{"state":"running"}"#, r#"{"state":"failed","error":"migration 42 cannot be undone"}"#],
            How::Failed,
            "job 17 failed: migration 42 cannot be undone",
            2,
        ),
        (
            "failed without a word",
            &[r#"{"state":"failed"}"#],
            How::Failed,
            "job 17 failed: job 17 is failed",
            1,
        ),
        (
            "its service restarts",
            &[r#"{"state":"running"}"#, "CLOSE", "CLOSE", "503", "404", "404", r#"{"state":"done"}"#],
            How::Done,
            "job 17 is done",
            7,
        ),
        ("too many questions", &["429", r#"{"state":"done"}"#], How::Done, "job 17 is done", 2),
        ("forgotten", &["404", "404", "404", "404", "404"], How::Unknown, "job 17 is no longer known", 5),
        ("no state", &["{}"], How::Unknown, "has no state at /state", 1),
        ("no JSON", &["<html>", r#"{"state":"done"}"#], How::Done, "job 17 is done", 2),
        ("hanging", &[r#"{"state":"running"}"#], How::Unknown, "did not end within 600ms: it was running", 0),
    ];
    for (name, script, how, text, asked) in rows {
        let turn = AtomicUsize::new(0);
        let fake = serve(move |request| {
            if request.path() == "/admin/restart" {
                return Act::Send(http("202 Accepted", "location: /admin/jobs/17\r\n", b""));
            }
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            match script[turn.min(script.len() - 1)] {
                "CLOSE" => Act::Close(Vec::new()),
                "404" => Act::Send(http("404 Not Found", "", b"")),
                "429" => Act::Send(http("429 Too Many Requests", "retry-after: 1\r\n", b"")),
                "503" => Act::Send(http("503 Service Unavailable", "", b"")),
                body => Act::Send(json(body)),
            }
        });
        let limit = Duration::from_millis(if *asked == 0 { 600 } else { 30_000 });
        let (ran, told, memory) = once(&fake, |action| action.job = Some(job(limit)));
        assert_eq!(ran.how(), *how, "{name}: {ran:?}");
        assert!(ran.shots[0].text.as_str().contains(text), "{name}: {}", ran.shots[0].text);
        assert_eq!(writes(&fake), 1, "{name}");
        assert!(told.contains(&Progress::Accepted("17".into())), "{name}: {told:?}");
        assert_eq!(memory.told()[1].1, how.word(), "{name}");
        if *asked > 0 {
            // A read over a kept connection that was closed meanwhile is repeated: reads may be.
            assert!(fake.requests().len() > *asked, "{name}: {}", fake.requests().len());
        }
    }
}

#[test]
fn waiting_can_be_cancelled_and_the_act_cannot() {
    let fake = serve(|request| match request.path() {
        "/admin/restart" => Act::Send(http("202 Accepted", "location: /admin/jobs/17\r\n", b"")),
        _ => Act::Send(json(r#"{"state":"running"}"#)),
    });
    let mut action = plain(&fake);
    action.job = Some(job(Duration::from_secs(60)));
    let (memory, stop) = (Memory::default(), Stop::default());
    let act = authorized(action, "", &Ledger::default());
    let (_keep, seen) = tokio::sync::watch::channel(warroom::io::act::Seen::default());
    let world = warroom::io::act::World {
        http: Arc::default(),
        records: Box::new(memory.clone()),
        seen,
        stop: stop.clone(),
        now,
    };
    let (sender, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let handle = warroom::io::act::start(act, world, sender).unwrap();
    while let Some(progress) = progress.blocking_recv() {
        if matches!(progress, Progress::Job { .. }) {
            handle.stop_waiting();
        }
    }
    let ran = handle.join().unwrap();
    assert_eq!(ran.shots[0].followed, Some(Followed::Stopped));
    assert_eq!(memory.note(), "nobody waited for job 17: GET /admin/jobs/17");
    assert_eq!((ran.how(), writes(&fake)), (How::Unknown, 1));
}

#[test]
fn a_rolling_act_goes_on_only_when_the_last_instance_has_settled() {
    use warroom::action::spec::{Reach, Settle};
    // (reach, what each instance answers to the POST, whether it is ready afterwards, how many are asked, how it ends)
    type Row = (Reach, [u16; 3], [bool; 3], [usize; 3], How, bool);
    let rows: &[Row] = &[
        (Reach::Rolling, [202; 3], [true; 3], [1, 1, 1], How::Done, true),
        (Reach::Rolling, [202; 3], [true, false, true], [1, 1, 0], How::Done, false),
        (Reach::Rolling, [202, 500, 202], [true; 3], [1, 1, 0], How::Failed, false),
        (Reach::All, [202, 500, 202], [true; 3], [1, 1, 1], How::Failed, false),
        (Reach::All, [504, 202, 202], [true; 3], [1, 0, 0], How::Unknown, false),
        (Reach::Any, [202; 3], [true; 3], [1, 0, 0], How::Done, true),
    ];
    for (reach, answers, ready, asked, how, settled) in rows {
        let fakes: Vec<Fake> = answers
            .iter()
            .zip(ready)
            .map(|(status, ready)| {
                let (head, ready) = (format!("{status} Whatever"), *ready);
                serve(move |request| match request.path() {
                    "/ready" => Act::Send(json(&format!("{{\"ready\":{ready}}}"))),
                    _ => Act::Send(http(&head, "", b"")),
                })
            })
            .collect();
        let instances = fakes.iter().map(|fake| instance(&fake.url("/"), None, Route::default())).collect();
        let mut act = action(instances);
        act.reach = *reach;
        act.settle = Settle::Get {
            path: admin::template("/ready"),
            when: vec![warroom::action::listing::Condition::parse("/ready == true").unwrap()],
        };
        act.settle_limit = Duration::from_millis(500);
        let memory = Memory::default();
        let (ran, _) =
            perform(authorized(act, "", &Ledger::default()), &memory, &Arc::default(), &Stop::default());
        let counted: Vec<usize> = fakes.iter().map(writes).collect();
        assert_eq!(
            (&counted[..], ran.how(), ran.is_settled()),
            (&asked[..], *how, *settled),
            "{reach:?} {answers:?}"
        );
    }
}

#[test]
fn lists_and_pre_checks_are_asked_once_and_read_without_trust() {
    use warroom::action::listing::{Condition, Listing};
    use warroom::action::spec::{Check, CheckKind};
    use warroom::action::{Method, Passed};
    let fake = serve(|request| match request.path() {
        "/versions" => {
            Act::Send(json(r#"[{"id":"2.14.0","current":true},{"id":"2.13\u202e"},{"id":"2.13.2"}]"#))
        }
        "/allowed" if request.head.starts_with("POST") => Act::Send(json(r#"{"allowed":true}"#)),
        "/denied" => Act::Send(json(r#"{"allowed":false}"#)),
        "/broken" => Act::Close(Vec::new()),
        "/html" => Act::Send(http("200 OK", "", b"<html>")),
        _ => Act::Send(http("403 Forbidden", "", br#"{"message":"not for \u001b[2Jyou"}"#)),
    });
    let at = instance(&fake.url("/"), None, Route::default());
    let listing = Listing {
        from: admin::template("/versions"),
        value: "/id".into(),
        current: Some("/current".into()),
        ..Listing::default()
    };
    let http = Http::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fields = warroom::action::template::Fields::new();
    let limit = Duration::from_secs(3);
    let listed =
        runtime.block_on(warroom::io::act::choices(&http, &at, &listing, &fields, limit, now)).unwrap();
    let values: Vec<(&str, bool)> =
        listed.iter().map(|choice| (choice.value.as_str(), choice.current)).collect();
    assert_eq!(values, [("2.14.0", true), ("2.13.2", false)]);

    let mut act = action(vec![at.clone()]);
    for (method, path) in [
        (Method::Post, "/allowed"),
        (Method::Get, "/allowed"),
        (Method::Post, "/denied"),
        (Method::Post, "/broken"),
        (Method::Get, "/html"),
    ] {
        let request = warroom::action::request::RequestSpec {
            method,
            path: admin::template(path),
            timeout: limit,
            ..Default::default()
        };
        let when = vec![Condition::parse("/allowed == true").unwrap()];
        let kind = CheckKind::Ask { request, status: Vec::new(), when };
        act.checks.push(Check { name: format!("{} {path}", method.word()), otherwise: String::new(), kind });
    }
    let made = runtime.block_on(warroom::io::act::checks(&http, &act, &at, &fields, now));
    let told: Vec<String> = made
        .iter()
        .map(|check| match &check.passed {
            Passed::Yes => format!("{}: yes", check.name),
            Passed::No(why) => format!("{}: no: {why}", check.name),
            Passed::Unknown(why) => {
                format!("{}: unknown: {}", check.name, why.as_str().split(':').next().unwrap())
            }
        })
        .collect();
    assert_eq!(
        told,
        [
            "POST /allowed: yes",
            "GET /allowed: no: HTTP 403: not for [2Jyou",
            "POST /denied: no: /allowed == true does not hold",
            "POST /broken: unknown: connection lost",
            "GET /html: unknown: the answer is not JSON",
        ]
    );
    assert_eq!(writes(&fake), 3);
}

#[test]
fn an_admin_route_behind_client_certificates_sees_ours_or_nothing() {
    use warroom::config::auth::Tls;
    let folder = tempfile::tempdir().unwrap();
    let (ours, strangers) = (authority::Authority::new("ours"), authority::Authority::new("strangers"));
    let write = |name: &str, text: &str| authority::file(folder.path(), name, text);
    let ca = write("ca.pem", &ours.issuer.pem());
    let pair = |name: &str, from: &authority::Authority| {
        let (cert, key) = from.issue("warroom", 2040);
        Tls {
            ca: Some(ca.clone()),
            cert: Some(write(&format!("{name}.pem"), &cert.pem())),
            key: Some(write(&format!("{name}.key"), &key.serialize_pem())),
        }
    };
    let (me, stranger) = (pair("me", &ours), pair("stranger", &strangers));
    let nobody = Tls { ca: Some(ca.clone()), ..Tls::default() };
    let fake = authority::secure(&ours.issue("localhost", 2040), Some(&ours), |_| {
        Act::Send(http("200 OK", "", b""))
    });
    let expired =
        authority::secure(&ours.issue("localhost", 2001), None, |_| Act::Send(http("200 OK", "", b"")));
    // A refused certificate is told after our side takes the handshake for done: nothing was read, so nothing was sent.
    for (fake, tls, how, part, arrived) in [
        (&fake, me, How::Done, "HTTP 200", 1),
        (&fake, nobody.clone(), How::NotSent, "CertificateRequired", 1),
        (&fake, stranger, How::NotSent, "not sent: TLS: the server refused", 1),
        (&expired, nobody, How::NotSent, "the certificate has expired", 0),
    ] {
        let route = Route { resolve: vec![("localhost".into(), fake.address.ip())], ..Route::default() };
        let auth = Auth { name: "mtls".into(), tls, ..Auth::default() };
        let base = format!("https://localhost:{}/", fake.address.port());
        let act = action(vec![instance(&base, Some(auth), route)]);
        let (ran, _) = perform(
            authorized(act, "", &Ledger::default()),
            &Memory::default(),
            &Arc::default(),
            &Stop::default(),
        );
        assert_eq!(ran.how(), how, "{part}: {ran:?}");
        assert!(ran.shots[0].text.as_str().contains(part), "{part}: {}", ran.shots[0].text);
        assert_eq!(writes(fake), arrived, "{part}");
    }
}

#[test]
fn a_kept_connection_is_never_used_for_a_change() {
    // The service closes each connection after its answer without saying so: what a pool would trip over.
    let fake = serve(|_| Act::Close(json("{}")));
    let (memory, client) = (Memory::default(), Arc::<Http>::default());
    for turn in 1..=3 {
        let ledger = Ledger::of(memory.lines.lock().unwrap().iter());
        let (ran, _) = perform(authorized(plain(&fake), "", &ledger), &memory, &client, &Stop::default());
        assert_eq!(ran.how(), How::Done, "{ran:?}");
        assert_eq!((writes(&fake), fake.connections.load(Ordering::SeqCst)), (turn, turn));
    }
}
