//! Servers over real sockets that misbehave: each costs itself, says why, and resolves nothing.

use crate::support::{Act, Fake, http, json as answer, serve};
use crate::{alert, plan};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use warroom::foreign::Picture;
use warroom::io::foreign::{Heard, Listener, Setup, once};
use warroom::io::http::Http;
use warroom::plan::Plan;

fn config(urls: &[&str]) -> Arc<Plan> {
    let peers: Vec<String> = urls.iter().skip(1).map(|url| format!("\"{url}\"")).collect();
    plan(&format!(
        "environment.prod = {{ actions = \"confirm\" }}\n[service.checkout]\nenvironment = \"prod\"\n\
         instances = [\"http://127.0.0.1:9\"]\n[backend.am]\nkind = \"alertmanager\"\nurl = \"{}\"\npeers = [{}]\n\
         interval = \"1s\"\ntimeout = \"700ms\"\nbody_limit = \"8MiB\"\n",
        urls[0],
        peers.join(", ")
    ))
}

fn look(plan: &Plan) -> Picture {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = Arc::<Http>::default();
    runtime.block_on(once(&http, &plan.foreign[0], &plan.rules.owners, &[]))
}

/// A server that has these alerts, and otherwise nothing to say.
fn server(alerts: &Value) -> Fake {
    let alerts = alerts.to_string();
    serve(move |request| {
        Act::Send(answer(match request.path().split('?').next().unwrap() {
            "/api/v2/alerts" => &alerts,
            "/api/v2/status" => {
                r#"{"cluster":{"status":"ready","peers":[{},{}]},"versionInfo":{"version":"0.25.0"}}"#
            }
            _ => "[]",
        }))
    })
}

#[test]
fn each_fault_is_told_in_the_servers_own_words() {
    type Row = (&'static str, fn() -> Act, &'static str);
    let rows: &[Row] = &[
        ("401", || Act::Send(http("401 Unauthorized", "", b"Unauthorized\n")), "HTTP 401"),
        ("no tenant", || Act::Send(http("401 Unauthorized", "", b"no org id\n")), "no org id"),
        (
            "429",
            || Act::Send(http("429 Too Many Requests", "retry-after: 9\r\n", b"slow down")),
            "HTTP 429: slow down",
        ),
        ("503", || Act::Send(http("503 Service Unavailable", "", b"")), "HTTP 503"),
        ("v1 only", || Act::Send(http("410 Gone", "", b"\"gone\"")), "HTTP 410: gone"),
        (
            "bad filter",
            || Act::Send(http("400 Bad Request", "", b"\"bad matcher format: x\"")),
            "bad matcher format",
        ),
        (
            "HTML",
            || Act::Send(http("200 OK", "content-type: text/html\r\n", b"<html>login")),
            "a page of HTML",
        ),
        ("HTML error", || Act::Send(http("502 Bad Gateway", "", b"<html>nginx \x1b[2J")), "HTTP 502"),
        ("not JSON", || Act::Send(answer("[{]")), "not JSON"),
        ("no list", || Act::Send(answer("{}")), "no list"),
        ("empty", || Act::Send(answer("")), "empty"),
        ("slow", || Act::Hang(Vec::new()), "no answer within 700ms"),
        ("closed", || Act::Close(Vec::new()), "connection"),
        ("elsewhere", || Act::Send(http("302 Found", "location: http://evil/\r\n", b"")), "not followed"),
        (
            "endless",
            || {
                Act::Forever(
                    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
                    b"8000\r\n".iter().copied().chain(vec![b' '; 0x8000]).chain(*b"\r\n").collect(),
                )
            },
            "body over 8388608 bytes",
        ),
        ("deep", || Act::Send(answer(&"[".repeat(100_000))), "not JSON"),
    ];
    for (what, act, part) in rows {
        let act = *act;
        let fake = serve(move |_| act());
        let picture = look(&config(&[&fake.url("")]));
        let told = picture.peers[0].failure.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(told.contains(part), "{what}: {told}");
        assert!(picture.deaf && picture.alerts.is_empty(), "{what}");
        assert!(fake.requests().iter().all(|request| request.starts_with("GET ")), "{what}: only reads");
    }
}

#[test]
fn members_that_differ_make_one_picture_and_what_one_will_not_say_is_noted() {
    let labels = |name: &str| json!({ "alertname": name, "service": "checkout" });
    let one = server(&json!([alert("aa", &labels("A"), None), alert("bb", &labels("B"), Some("s1"))]));
    let two = server(&json!([alert("bb", &labels("B"), Some("s1")), alert("cc", &labels("C"), None)]));
    let plan = config(&[&one.url(""), &two.url(""), "http://127.0.0.1:9"]);
    let picture = look(&plan);
    let found: Vec<(&str, bool)> =
        picture.alerts.iter().map(|alert| (&*alert.fingerprint, alert.suppressed)).collect();
    assert_eq!(found, [("aa", false), ("bb", true), ("cc", false)]);
    assert!(!picture.deaf);
    assert_eq!(picture.peers[2].failure.as_ref().unwrap().to_string(), "connection refused");
    assert!(picture.peers[0].about.as_str().contains("version 0.25.0, cluster ready, sees 2 members"));
    // The alerts are what counts.
    let alerts = json!([alert("aa", &labels("A"), None)]).to_string();
    let shy = serve(move |request| {
        Act::Send(match request.path() {
            "/api/v2/alerts" => answer(&alerts),
            _ => http("404 Not Found", "", b"404 page not found\n"),
        })
    });
    let picture = look(&config(&[&shy.url("")]));
    assert_eq!((picture.alerts.len(), picture.peers[0].notes.len()), (1, 3), "{:?}", picture.peers[0].notes);
    assert_eq!(&*picture.alerts[0].group, "alertname=A");
}

#[test]
fn five_thousand_alerts_are_a_fraction_of_a_second() {
    let alerts: Vec<Value> = (0..5_000)
        .map(|n| {
            let labels = json!({
                "alertname": format!("Alert{}", n % 40), "service": if n % 2 == 0 { "checkout" } else { "other" },
                "instance": format!("10.0.{}.{}:8080", n / 250, n % 250), "severity": "warning",
            });
            alert(&format!("{n:016x}"), &labels, (n % 3 == 0).then_some("s1"))
        })
        .collect();
    let fake = server(&Value::from(alerts));
    let plan = config(&[&fake.url("")]);
    let started = Instant::now();
    let picture = look(&plan);
    let took = started.elapsed();
    assert_eq!(picture.alerts.len(), 5_000);
    assert_eq!(picture.by_note.len(), 5_000);
    // Unoptimised, on a busy machine: a bound against something quadratic, and no measurement.
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn the_listener_asks_again_and_holds_off_when_it_is_told_to() {
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let fake = serve(move |request| {
        if request.path() == "/api/v2/alerts" && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            return Act::Send(http("429 Too Many Requests", "retry-after: 3600\r\n", b""));
        }
        Act::Send(answer("[]"))
    });
    let plan = config(&[&fake.url("")]);
    let (tell, mut heard) = tokio::sync::mpsc::channel(4);
    let listener = Listener::start(tell).unwrap();
    let setup = |generation| Setup {
        generation,
        backends: plan.foreign.clone(),
        owners: plan.rules.owners.clone(),
        services: Vec::new(),
    };
    listener.configure(setup(1));
    let mut next = || -> Heard { heard.blocking_recv().unwrap() };
    assert!(!next().picture.deaf);
    listener.ask_now(&plan.foreign[0].name);
    let held = next();
    assert_eq!(held.picture.peers[0].failure.as_ref().unwrap().to_string(), "HTTP 429");
    // It is left alone, whoever wants to know, and what is known of it stays.
    listener.ask_now(&plan.foreign[0].name);
    assert!(next().picture.deaf);
    listener.configure(setup(2));
    let after = loop {
        let heard = next();
        if heard.generation == 2 {
            break heard;
        }
    };
    assert!(after.picture.deaf && after.picture.peers[0].answered.is_some());
    assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[test]
fn pagerduty_is_read_page_by_page_with_its_key() {
    let fake = serve(|request| {
        let path = request.path();
        if request.header("authorization") != Some("Token token=pd-test-key") {
            return Act::Send(http("401 Unauthorized", "", br#"{"error":{"message":"Invalid token"}}"#));
        }
        let second = path.contains("offset=100");
        let body = if path.starts_with("/oncalls") {
            json!({ "oncalls": [{ "user": { "summary": "Ben" }, "escalation_level": 1 }], "more": false })
        } else {
            let id = if second { "PT2" } else { "PT1" };
            json!({ "incidents": [super::pager::incident(id, "checkout", &json!({}))], "more": !second })
        };
        Act::Send(answer(&body.to_string()))
    });
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    std::fs::write(&secret, "pd-test-key").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = |path: &str| {
        format!(
            "[backend.pager]\nkind = \"pagerduty\"\nurl = \"{}\"\nkey = \"file:{path}\"\ntimeout = \"2s\"\n",
            fake.url("")
        )
    };
    let picture = look(&plan(&text(&secret.display().to_string())));
    let pager = picture.pager.as_ref().unwrap();
    assert_eq!(
        (pager.incidents.len(), pager.on_call.len(), picture.deaf),
        (2, 1, false),
        "{:?}",
        picture.peers
    );
    let first = &fake.requests()[0];
    assert!(
        first.contains("statuses%5B%5D=triggered")
            && first.contains("accept: application/vnd.pagerduty+json;version=2"),
        "{first}"
    );
    // A key that cannot be read is our own fault, told without it.
    let picture = look(&plan(&text("/nowhere/key")));
    assert!(picture.deaf && picture.peers[0].failure.as_ref().unwrap().to_string().contains("/nowhere/key"));
}
