//! What can go wrong with a target, over real sockets: each fault is told for what it is and costs its own target only.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, and write files"
)]

mod support;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Act, Fake, Watch, health, http, json, metrics, scrape, serve, target, value};
use warroom::config::auth::{Auth, Credential, SecretRef, Tls, UserName};
use warroom::config::poll::PollKind;
use warroom::io::poll::{Message, Setup};
use warroom::target::{Failure, Route, Target, TargetId, Verdict, is_stale};

const HEALTHY: &str = r#"{"status":"healthy"}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "it is put where a target has it")]
fn auth(credential: Credential) -> Option<Arc<Auth>> {
    Some(Arc::new(Auth { name: "test".into(), credential, ..Auth::default() }))
}

fn secret(folder: &tempfile::TempDir, name: &str, value: &str) -> SecretRef {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder.path().join(name);
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    file.unwrap().write_all(value.as_bytes()).unwrap();
    SecretRef::File(path)
}

/// A fault: its name, what the server does, and what must be told of it.
type Row = (&'static str, Box<dyn Fn() -> Act + Send + Sync>, &'static str);

/// The failure of the first poll, as it is told.
fn failure(target: Target) -> String {
    let id = target.id.0;
    let report = Watch::start(vec![target]).report(id);
    report.outcome.expect_err("a failure").to_string()
}

#[test]
fn each_fault_is_told_for_what_it_is() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    let endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let bomb = gzip(&vec![b'0'; 50 << 20]);
    let rows: Vec<Row> = vec![
        ("hang", Box::new(|| Act::Hang(Vec::new())), "no answer within 800ms"),
        (
            "hang in the body",
            Box::new({
                let ok = ok.clone();
                move || Act::Hang(ok.clone())
            }),
            "no answer within 800ms",
        ),
        (
            "drip",
            Box::new({
                let ok = ok.clone();
                move || Act::Drip(ok.clone(), vec![b'x'; 1000], Duration::from_millis(50))
            }),
            "no answer within 800ms",
        ),
        ("closed in the middle", Box::new(move || Act::Close(ok.clone())), "connection lost"),
        ("closed at once", Box::new(|| Act::Close(Vec::new())), "connection lost"),
        (
            "50 MB without a length",
            Box::new(move || Act::Forever(endless.clone(), vec![b'x'; 1 << 16])),
            "body over 16777216 bytes",
        ),
        (
            "50 MB announced",
            Box::new(|| Act::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 52428800\r\n\r\n".to_vec())),
            "body over 16777216 bytes",
        ),
        (
            "gzip bomb",
            Box::new(move || Act::Send(http("200 OK", "content-encoding: gzip\r\n", &bomb))),
            "body over 16777216 bytes",
        ),
        (
            "damaged gzip",
            Box::new(|| Act::Send(http("200 OK", "content-encoding: gzip\r\n", b"no gzip at all"))),
            "compression is damaged",
        ),
        (
            "redirect loop",
            Box::new(|| Act::Send(http("302 Found", "location: /health?token=hush\r\n", b""))),
            "/health, which is not followed",
        ),
        ("no HTTP", Box::new(|| Act::Close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())), "is not HTTP"),
        ("not found", Box::new(|| Act::Send(http("404 Not Found", "", b"no such page"))), "HTTP 404"),
        (
            "invalid UTF-8",
            Box::new(|| Act::Send(http("200 OK", "content-type: application/json\r\n", b"{\"\xff"))),
            "",
        ),
        (
            "401 without auth",
            Box::new(|| Act::Send(http("401 Unauthorized", "", b""))),
            "no auth is configured",
        ),
    ];
    let mut told = vec![(
        "refused".to_owned(),
        failure(health(1, &format!("http://{closed}/"))),
        "connection refused".to_owned(),
    )];
    // All at once beside a healthy one, which must not notice.
    let good = serve(|_| Act::Send(json(HEALTHY)));
    let mut targets = vec![health(1000, &good.url("/health"))];
    let mut servers: Vec<Fake> = Vec::new();
    let mut expected = Vec::new();
    for (id, (name, act, part)) in rows.into_iter().enumerate() {
        let fake = serve(move |_| act());
        let mut target = health(id as u32, &fake.url("/health"));
        if !part.starts_with("no answer") {
            // What is told must not hang on how busy the machine is.
            target.timeout = Duration::from_secs(60);
        }
        targets.push(target);
        servers.push(fake);
        expected.push((name, part));
    }
    let mut watch = Watch::start(targets);
    let healthy = watch.report(1000);
    assert!(healthy.took < Duration::from_millis(700), "the healthy one waited: {:?}", healthy.took);
    assert_eq!(value(&healthy, "probe_success"), Some(1.0));
    for (id, (name, part)) in expected.into_iter().enumerate() {
        let report = watch.report(id as u32);
        assert_eq!(value(&report, "probe_success"), Some(0.0), "{name}");
        told.push((name.to_owned(), report.outcome.expect_err(name).to_string(), part.to_owned()));
    }
    for (name, text, part) in told {
        assert!(text.contains(&part), "{name}: {text}");
        assert!(!text.contains("hush"), "{name}: {text}");
    }
    for _ in 0..2 {
        assert!(watch.report(1000).outcome.is_ok(), "it keeps its pace");
    }
}

#[test]
fn credentials_never_follow_a_redirect() {
    let folder = tempfile::tempdir().unwrap();
    let thief = serve(|_| Act::Send(json(HEALTHY)));
    let place = thief.url("/take");
    let fake =
        serve(move |_| Act::Send(http("307 Temporary Redirect", &format!("location: {place}\r\n"), b"")));
    let mut target = health(1, &fake.url("/health"));
    target.auth = auth(Credential::Bearer(vec![secret(&folder, "key", "hush-hush")]));
    let text = failure(target);
    assert!(text.contains("/take, which is not followed"), "{text}");
    assert_eq!(fake.requests().len(), 1);
    assert!(fake.requests()[0].contains("authorization: Bearer hush-hush"));
    assert_eq!(thief.requests(), Vec::<String>::new());
}

#[test]
fn a_503_with_a_body_is_an_answer_and_escape_sequences_do_not_survive() {
    let fake = serve(|request| match request.path() {
        "/down" => Act::Send(http("503 Service Unavailable", "", br#"{"status":"unhealthy","db":false}"#)),
        _ => Act::Send(json(
            "{\"status\":\"\\u001b[2Jhealthy\",\"version\":\"\\u001b]0;owned\\u0007\\u202e2.0\",\"timestamp\":\"1999-01-01T00:00:00Z\"}",
        )),
    });
    let mut watch = Watch::start(vec![health(1, &fake.url("/down")), health(2, &fake.url("/evil"))]);
    let down = watch.report(1);
    assert_eq!(down.outcome.as_ref().unwrap().status, Some(503));
    assert_eq!(down.observation.as_ref().unwrap().verdict, Verdict::Down);
    assert_eq!(value(&down, "probe_success"), Some(0.0));
    assert_eq!(value(&down, "probe_http_status_code"), Some(503.0));
    let evil = watch.report(2).observation.unwrap();
    for text in [Some(&evil.word), evil.version.as_ref()].into_iter().flatten() {
        assert!(text.as_str().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text:?}");
    }
    let clock = evil.clock.expect("the clock of the answer, to find skew");
    assert_eq!(clock.to_string(), "1999-01-01T00:00:00Z");
}

#[test]
fn metrics_keep_what_is_good_and_end_what_vanishes() {
    let fake = serve(|request| {
        Act::Send(match request.nth {
            0 => metrics(b"total 100\nbad line here\nother 1\n"),
            1 => metrics(b"total 3\n"),
            2 => http("500 Oops", "", b"broken"),
            _ => http("200 OK", "content-type: text/html\r\n", b"<html><body>login</body></html>\n"),
        })
    });
    let mut watch = Watch::start(vec![scrape(1, &fake.url("/metrics"))]);
    let first = watch.report(1);
    let answer = first.outcome.as_ref().unwrap();
    assert_eq!((answer.bad_lines, answer.samples_scraped), (1, 2), "{answer:?}");
    assert_eq!(answer.first_bad_line.as_ref().unwrap().0, 2);
    assert_eq!(value(&first, "up"), Some(1.0));
    assert_eq!(value(&first, "scrape_samples_scraped"), Some(2.0));
    let labels = &first.samples.iter().find(|s| s.labels.name() == Some("up")).unwrap().labels;
    assert_eq!(labels.to_string(), format!("up{{instance=\"{}\", job=\"svc\"}}", fake.address));
    let second = watch.report(1);
    assert_eq!(value(&second, "total"), Some(3.0), "a counter reset is passed on as it is");
    assert!(is_stale(value(&second, "other").unwrap()), "the vanished series ends");
    let third = watch.report(1);
    assert_eq!(value(&third, "up"), Some(0.0));
    assert!(is_stale(value(&third, "total").unwrap()));
    assert!(value(&third, "other").is_none(), "an end is marked once");
    let fourth = watch.report(1);
    assert!(matches!(fourth.outcome, Err(Failure::Decode(_))), "{:?}", fourth.outcome);
    let times: Vec<_> = [&first, &second, &third, &fourth].map(|r| r.samples[0].at).to_vec();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert_eq!(times[3].millis() % 100, 0, "samples lie on the grid");
}

#[test]
fn credentials_are_tried_in_turn_and_read_again_when_they_rotate() {
    let folder = tempfile::tempdir().unwrap();
    let list = vec![
        SecretRef::Env("WARROOM_TEST_UNSET_VARIABLE".into()),
        secret(&folder, "old", "old-key"),
        secret(&folder, "new", "new-key"),
    ];
    let rotated = Arc::new(AtomicBool::new(false));
    let fake = serve({
        let rotated = Arc::clone(&rotated);
        move |request| {
            let good = if rotated.load(Ordering::SeqCst) { "Bearer rotated-key" } else { "Bearer new-key" };
            let given = request.header("authorization").unwrap_or("");
            if given == good {
                Act::Send(json(HEALTHY))
            } else {
                let body = format!(r#"{{"error":{{"code":"AUTH_001","message":"bad key {given}"}}}}"#);
                Act::Send(http("401 Unauthorized", "content-type: application/json\r\n", body.as_bytes()))
            }
        }
    });
    let mut target = health(1, &fake.url("/health"));
    target.auth = auth(Credential::Bearer(list));
    let mut watch = Watch::start(vec![target]);
    assert!(watch.report(1).outcome.is_ok());
    assert_eq!(fake.requests().len(), 2, "the old key, then the new one");
    assert!(watch.report(1).outcome.is_ok());
    assert_eq!(fake.requests().len(), 3, "the one that worked is remembered");
    rotated.store(true, Ordering::SeqCst);
    let refused = watch.report(1).outcome.unwrap_err();
    assert_eq!(refused.to_string(), "HTTP 401: credentials refused: AUTH_001: bad key Bearer [REDACTED]");
    secret(&folder, "old", "rotated-key\n");
    watch.poller.poll_now(Some(TargetId(1)));
    while watch.report(1).outcome.is_err() {
        watch.poller.poll_now(Some(TargetId(1)));
    }
}

#[test]
fn the_other_kinds_of_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let key = secret(&folder, "key", "hush-hush");
    for (credential, header) in [
        (
            Credential::Basic { user: UserName::Plain("ops".into()), password: vec![key.clone()] },
            "authorization: Basic b3BzOmh1c2gtaHVzaA==",
        ),
        (Credential::Header { name: "X-Api-Key".into(), value: vec![key.clone()] }, "x-api-key: hush-hush"),
        (Credential::Bearer(vec![key]), "authorization: Bearer hush-hush"),
    ] {
        let fake = serve(|_| Act::Send(json(HEALTHY)));
        let mut target = health(1, &fake.url("/health"));
        target.auth = auth(credential);
        assert!(Watch::start(vec![target]).report(1).outcome.is_ok());
        assert!(fake.requests()[0].contains(header), "{:?}", fake.requests());
    }
    let fake = serve(|_| Act::Send(json(HEALTHY)));
    let mut target = health(1, &fake.url("/health"));
    target.auth = auth(Credential::Bearer(vec![SecretRef::Env("WARROOM_TEST_UNSET_VARIABLE".into())]));
    let text = failure(target);
    assert_eq!(text, "cannot read the secret env:WARROOM_TEST_UNSET_VARIABLE: the variable is not set");
    assert!(fake.requests().is_empty(), "nothing is sent without it");
}

/// A fault: its name, the target, who it says it is, what must be told of it, whether it is this machine's.
type Own<'r> = (&'r str, fn(u32, &str) -> Target, &'r dyn Fn() -> Option<Arc<Auth>>, &'r str, bool);

/// What cannot be asked by a fault of ours is neither up nor down: no sample says that it is down.
#[test]
fn a_fault_of_this_machine_is_no_outage() {
    let unset = || auth(Credential::Bearer(vec![SecretRef::Env("WARROOM_TEST_UNSET_VARIABLE".into())]));
    let missing = || {
        let tls = Tls { ca: Some("/nonexistent/ca.pem".into()), ..Tls::default() };
        Some(Arc::new(Auth { name: "test".into(), tls, ..Auth::default() }))
    };
    let fake = serve(|_| Act::Send(json(HEALTHY)));
    let rows: [Own<'_>; 5] = [
        ("health", health, &unset, "cannot read the secret", true),
        ("metrics", scrape, &unset, "cannot read the secret", true),
        ("certificates", health, &missing, "cannot read tls.ca", true),
        // Who refuses what we send speaks for himself.
        ("nothing wrong with us", health, &|| None, "HTTP 404", false),
        ("nor with its metrics", scrape, &|| None, "HTTP 404", false),
    ];
    for (name, make, auth, why, ours) in rows {
        let gone = serve(|_| Act::Send(http("404 Not Found", "", b"")));
        let fake = if ours { &fake } else { &gone };
        // Certificates are read for TLS only.
        let scheme = if name == "certificates" { "https" } else { "http" };
        let mut target = make(1, &fake.url("/x").replacen("http", scheme, 1));
        target.auth = auth();
        let report = Watch::start(vec![target]).report(1);
        let failure = report.outcome.clone().expect_err(name);
        assert!(failure.to_string().contains(why), "{name}: {failure}");
        assert_eq!(failure.is_ours(), ours, "{name}: {failure:?}");
        let told = ["up", "probe_success"].iter().find_map(|series| value(&report, series));
        assert_eq!(told, (!ours).then_some(0.0), "{name}");
        assert_eq!(fake.requests().is_empty(), ours, "{name}");
    }
}

#[test]
fn an_expired_token_costs_one_login_whatever_the_number_of_polls() {
    let folder = tempfile::tempdir().unwrap();
    let expired = Arc::new(AtomicBool::new(false));
    let fake = serve({
        let expired = Arc::clone(&expired);
        move |request| match (request.path(), request.header("authorization")) {
            ("/login", _) if request.body.contains(r#""password":"hush-hush""#) => {
                let token = if expired.load(Ordering::SeqCst) { "second" } else { "first" };
                Act::Send(json(&format!(r#"{{"access_token":"{token}"}}"#)))
            }
            (_, Some("Bearer second")) => Act::Send(json(HEALTHY)),
            (_, Some("Bearer first")) if !expired.load(Ordering::SeqCst) => Act::Send(json(HEALTHY)),
            _ => {
                let body = br#"{"detail":"Invalid authentication credentials"}"#;
                Act::Send(http("401 Unauthorized", "", body))
            }
        }
    });
    let login = auth(Credential::Login {
        path: "/login".into(),
        json: vec![
            ("user".into(), secret(&folder, "user", "ops")),
            ("password".into(), secret(&folder, "password", "hush-hush")),
        ],
        token: "/access_token".into(),
    });
    let targets = (1..=3).map(|id| {
        let mut target = health(id, &fake.url(&format!("/health/{id}")));
        target.auth.clone_from(&login);
        target
    });
    let mut watch = Watch::start(targets.collect());
    let logins = || fake.requests().iter().filter(|request| request.starts_with("POST /login")).count();
    for id in 1..=3 {
        assert!(watch.report(id).outcome.is_ok());
    }
    assert_eq!(logins(), 1);
    expired.store(true, Ordering::SeqCst);
    for id in [1, 2, 3, 1, 2, 3] {
        let report = watch.report(id);
        assert!(report.outcome.is_ok(), "{:?}", report.outcome);
    }
    assert_eq!(logins(), 2);
}

#[test]
fn retry_after_is_told_and_honoured_also_when_asked_for() {
    let fake = serve(|_| Act::Send(http("429 Too Many Requests", "retry-after: 1800\r\n", b"")));
    let good = serve(|_| Act::Send(json(HEALTHY)));
    let mut watch = Watch::start(vec![health(1, &fake.url("/health")), health(2, &good.url("/health"))]);
    let report = watch.report(1);
    assert_eq!(report.retry_after, Some(Duration::from_secs(1800)));
    let wait = report.not_before.unwrap().since(report.at).as_secs();
    assert!((1800..=1802).contains(&wait), "{wait}");
    watch.poller.poll_now(Some(TargetId(1)));
    for _ in 0..3 {
        watch.report(2);
    }
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn connections_are_kept_and_a_closed_one_is_no_failure() {
    let kept = serve(|_| Act::Send(json(HEALTHY)));
    // Answers as if it kept the connection, but closes it: what a worker that is recycled does.
    let closing = serve(|_| Act::Close(json(HEALTHY)));
    let old = serve(|_| Act::Close(b"HTTP/1.0 200 OK\r\n\r\n{\"status\":\"healthy\"}".to_vec()));
    let mut watch =
        Watch::start(vec![health(1, &kept.url("/")), health(2, &closing.url("/")), health(3, &old.url("/"))]);
    for _ in 0..3 {
        for id in 1..=3 {
            let report = watch.report(id);
            assert!(report.outcome.is_ok(), "{id}: {:?}", report.outcome);
        }
    }
    assert_eq!(kept.connections.load(Ordering::SeqCst), 1);
    assert!(closing.connections.load(Ordering::SeqCst) >= 3);
}

#[test]
fn a_reload_keeps_what_stays_and_ends_what_goes() {
    let fake = serve(|request| {
        Act::Send(if request.path() == "/metrics" { metrics(b"total 1\n") } else { json(HEALTHY) })
    });
    let targets = vec![scrape(1, &fake.url("/metrics")), health(2, &fake.url("/health"))];
    let mut watch = Watch::start(targets.clone());
    watch.report(1);
    watch.report(2);
    // The health poll stays under another id, the scrape goes.
    let stays = Target { id: TargetId(7), ..targets[1].clone() };
    watch.poller.configure(Setup {
        targets: vec![stays],
        generation: 2,
        references: Vec::new(),
        ..Setup::default()
    });
    let ended = loop {
        if let Message::Ended(samples) = watch.message() {
            break samples;
        }
    };
    let mut names: Vec<_> = ended.iter().map(|sample| sample.labels.name().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        ["scrape_body_size_bytes", "scrape_duration_seconds", "scrape_samples_scraped", "total", "up"]
    );
    assert!(ended.iter().all(|sample| is_stale(sample.value)));
    let report = watch.report(7);
    assert_eq!(report.generation, 2);
    assert!(fake.connections.load(Ordering::SeqCst) <= 2, "the connection stays");
}

#[test]
fn the_explorer_gets_the_whole_body() {
    let fake = serve(|_| Act::Send(metrics(b"total 1\nother 2\n")));
    let mut watch = Watch::start(vec![scrape(1, &fake.url("/metrics"))]);
    watch.report(1);
    assert!(watch.poller.fetch_full(TargetId(1)));
    let body = loop {
        if let Message::FullBody { target, outcome, .. } = watch.message() {
            assert_eq!(target, TargetId(1));
            break outcome.unwrap();
        }
    };
    assert_eq!(body.body, b"total 1\nother 2\n");
    assert_eq!(body.status, 200);
}

#[test]
fn sockets_without_http() {
    let fake = serve(|_| Act::Send(json(HEALTHY)));
    let redis = support::redis(&[
        ("PING", "+PONG\r\n"),
        ("LLEN celery", ":42\r\n"),
        ("LLEN wrong", "-WRONGTYPE no list\r\n"),
        ("SCAN 0 MATCH cache:* COUNT 500", "*2\r\n$1\r\n0\r\n*2\r\n$7\r\ncache:a\r\n$7\r\ncache:b\r\n"),
        ("TTL cache:a", ":-1\r\n"),
        ("TTL cache:b", ":30\r\n"),
    ]);
    let kind = PollKind::Redis {
        llen: vec!["celery".into(), "wrong".into()],
        ttlless: vec!["cache:*".into()],
        password: Vec::new(),
    };
    let mut watch = Watch::start(vec![
        target(1, &format!("tcp://{}", fake.address), PollKind::Tcp),
        target(2, "tcp://127.0.0.1:1", PollKind::Tcp),
        target(3, &format!("redis://{redis}/0"), kind.clone()),
        target(4, &format!("redis://{}/0", fake.address), kind),
    ]);
    assert_eq!(value(&watch.report(1), "probe_success"), Some(1.0));
    assert_eq!(watch.report(2).outcome, Err(Failure::Refused));
    let report = watch.report(3);
    assert!(report.outcome.is_ok(), "{:?}", report.outcome);
    assert_eq!(value(&report, "warroom_queue_depth"), Some(42.0));
    assert_eq!(value(&report, "warroom_redis_ttlless_keys"), Some(1.0));
    assert!(watch.report(4).outcome.is_err(), "an HTTP server is no Redis");
}

#[test]
fn a_name_that_does_not_resolve_and_one_that_is_overridden() {
    let fake = serve(|_| Act::Send(json(HEALTHY)));
    let lost = health(1, "http://no-such-host.invalid:1/");
    let mut found = health(2, &format!("http://shop.invalid:{}/", fake.address.port()));
    found.route =
        Arc::new(Route { resolve: vec![("shop.invalid".into(), fake.address.ip())], ..Route::default() });
    let mut watch = Watch::start(vec![lost, found]);
    assert!(watch.report(2).outcome.is_ok());
    let report = watch.report(1);
    let failure = report.outcome.unwrap_err();
    // A machine without any resolver answers late rather than never.
    assert!(matches!(failure, Failure::Dns(_) | Failure::Timeout(_)), "{failure}");
}

#[test]
fn dropping_the_poller_does_not_wait_for_what_hangs() {
    let fake = serve(|_| Act::Hang(Vec::new()));
    let good = serve(|_| Act::Send(json(HEALTHY)));
    let mut slow = health(1, &fake.url("/"));
    slow.timeout = Duration::from_secs(60);
    let mut watch = Watch::start(vec![slow, health(2, &good.url("/"))]);
    watch.report(2);
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            drop(watch);
            sender.send(()).unwrap();
        });
        done.recv_timeout(Duration::from_secs(5)).expect("stopped at once");
    });
}
