//! Those who ask `warroom serve`: warroom's own client of the Prometheus API, `status` and `check`, TLS; and a real
//! Prometheus beside it, which is asked the same.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "support/served.rs"]
mod served;
#[path = "support/skip.rs"]
mod skip;
mod support;

use serde_json::Value;
use served::{Home, parse};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use warroom::labels::Labels;
use warroom::promql::{self, Options};
use warroom::store::Store;
use warroom::units::Timestamp;

/// Expressions whose values are compared.
const EXPRS: [&str; 12] = [
    "up",
    "shop_requests_total",
    "rate(shop_requests_total[30s])",
    "sum by (job) (increase(shop_requests_total[1m]))",
    "histogram_quantile(0.9, sum by (le) (rate(shop_seconds_bucket[30s])))",
    "shop_odd",
    "shop_requests_total / on(instance) group_left shop_seconds_sum",
    "max_over_time(shop_seconds_sum[20s:2s])",
    "topk(1, shop_requests_total)",
    "1 + 1",
    "label_replace(up, \"a\", \"$1\", \"job\", \"(.*)\")",
    "absent(no_such_metric)",
];

#[test]
fn our_own_client_gets_what_the_engine_within_would_say() {
    let home = Home::new("");
    let served = home.serve(&[]);
    served.waits_for("shop:rate");
    served.waits_for("count_over_time(up[1m]) >= 5");
    // A moment whose samples are all there.
    let at = served.form("/api/v1/query", &[("query", "timestamp(up) - 2")]).json();
    let at: f64 = at["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap();
    let at = format!("{at:.3}");
    // The samples themselves, as the server hands them out, make a store of our own.
    let raw = served.form("/api/v1/query", &[("query", "{__name__=~\".+\"}[5m]"), ("time", &at)]).json();
    let mut store = Store::default();
    for row in raw["data"]["result"].as_array().unwrap() {
        let pairs = row["metric"].as_object().unwrap().iter().map(|(n, v)| (n.as_str(), v.as_str().unwrap()));
        let labels = Labels::from_pairs(pairs);
        for pair in row["values"].as_array().unwrap() {
            let value = match pair[1].as_str().unwrap() {
                "NaN" => f64::NAN,
                "+Inf" => f64::INFINITY,
                text => text.parse().unwrap(),
            };
            store.append(&labels, Timestamp::from_seconds(pair[0].as_f64().unwrap()), value);
        }
    }
    assert!(store.stats().series > 10, "{:?}", store.stats());
    home.write(
        "config.toml",
        &home.config(&format!("backend.there = {{ kind = \"prometheus\", url = \"{}\" }}", served.url)),
    );
    let moment = Timestamp::from_seconds(at.parse().unwrap());
    for expr in EXPRS {
        let body = served.form("/api/v1/query", &[("query", expr), ("time", &at)]).json();
        assert_eq!(body["status"], "success", "{expr}: {body}");
        let parsed = promql::parse(expr).unwrap();
        let answer = promql::eval(&store, &parsed, moment, &Options::default()).unwrap();
        let mut here = Vec::new();
        warroom::query::write_json(&answer, promql::Compat::V3, false, &mut here).unwrap();
        let here: Value = serde_json::from_slice(&here).unwrap();
        assert_eq!(body["data"], here, "{expr}: the server, and the engine over the same samples");
        let (code, out, err) = home.run(&["query", expr, "--backend", "there", "--time", &at, "-o", "json"]);
        assert_eq!(code, Some(0), "{expr}: {err}");
        let client: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(sorted(client["result"].clone()), sorted(here["result"].clone()), "{expr}: the client");
    }
    let (code, _, err) = home.run(&["query", "rate(up)", "--backend", "there"]);
    assert!(code != Some(0), "{err}");
}

fn sorted(mut result: Value) -> Value {
    if let Some(rows) = result.as_array_mut().filter(|rows| rows.iter().all(Value::is_object)) {
        rows.sort_by_key(|row| row["metric"].to_string());
    }
    result
}

/// What an answer is made of: keys and types, down to a depth; of a list its first element.
fn shape(value: &Value, depth: usize) -> String {
    match value {
        Value::Object(map) if depth > 0 => {
            let parts: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", shape(value, depth - 1))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Object(_) => "{}".to_owned(),
        Value::Array(all) => format!("[{}]", all.first().map_or(String::new(), |one| shape(one, depth))),
        Value::String(_) => "text".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::Bool(_) => "flag".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

#[test]
fn a_real_prometheus_answers_in_the_same_shapes() {
    let home = Home::new("");
    let served = home.serve(&[]);
    served.waits_for("ALERTS");
    let at = Timestamp::from_seconds(1_700_000_000.0).millis();
    let samples = [
        (Labels::metric("up", [("job", "shop"), ("instance", "a:1")]), vec![(at, 1.0), (at + 10_000, 1.0)]),
        (Labels::metric("down", [("job", "shop")]), vec![(at, 0.5)]),
    ];
    let rules = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - {alert: A, expr: vector(1), labels: {a: b}, annotations: {s: t}}\n  - {record: r, expr: vector(1), labels: {a: b}}\n";
    let Some(real) = prometheus::Server::start_with_rules(&samples, rules) else {
        skip::skipped("prometheus");
        return;
    };
    let until = Instant::now() + Duration::from_secs(60);
    while !real.get("/api/v1/alerts").contains("\"firing\"") && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(200));
    }
    let ask = |port: u16, method: &str, path: &str, form: &str| {
        let head = if form.is_empty() {
            String::new()
        } else {
            format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n", form.len())
        };
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let bytes =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n{form}");
        stream.write_all(bytes.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        parse(&answer)
    };
    for (method, path, form, depth) in [
        ("GET", "/api/v1/query?query=1%2B1", "", 4),
        ("GET", "/api/v1/query?query=%22a%22", "", 4),
        ("GET", "/api/v1/query?query=vector(1)", "", 4),
        ("POST", "/api/v1/query", "query=vector(1)&time=1700000000", 4),
        ("POST", "/api/v1/query_range", "query=vector(1)&start=1700000000&end=1700000010&step=5s", 4),
        ("GET", "/api/v1/query_range?query=1&start=0&end=10&step=1", "", 4),
        ("GET", "/api/v1/query?query=no_such_metric", "", 4),
        ("GET", "/api/v1/query", "", 2),
        ("GET", "/api/v1/query?query=up%7B", "", 2),
        ("GET", "/api/v1/query?query=up&time=x", "", 2),
        ("GET", "/api/v1/query?query=vector(1)&timeout=x", "", 2),
        ("GET", "/api/v1/query_range?query=up&start=1&end=0&step=1", "", 2),
        ("GET", "/api/v1/query_range?query=up&start=0&end=1&step=0", "", 2),
        ("GET", "/api/v1/query_range?query=up&start=0&end=1&step=-5", "", 2),
        ("GET", "/api/v1/query_range?query=up&start=0&end=11001&step=1", "", 2),
        (
            "GET",
            "/api/v1/query?query=vector(1)%20%2B%20on()%20(vector(1)%20or%20label_replace(vector(2),%22a%22,%22b%22,%22%22,%22%22))",
            "",
            2,
        ),
        ("GET", "/api/v1/series", "", 2),
        ("GET", "/api/v1/series?match[]=rate(up[1m])", "", 2),
        ("GET", "/api/v1/series?match[]=%7B%7D", "", 2),
        ("GET", "/api/v1/series?match[]=no_such_metric", "", 3),
        ("GET", "/api/v1/labels", "", 2),
        ("POST", "/api/v1/labels", "match[]=up", 2),
        ("GET", "/api/v1/labels?start=x", "", 2),
        ("GET", "/api/v1/label/job/values", "", 2),
        ("GET", "/api/v1/label/no_such_label/values", "", 2),
        ("GET", "/api/v1/rules?type=x", "", 2),
        ("GET", "/api/v1/rules?type=record", "", 3),
        ("GET", "/api/v1/alerts", "", 3),
        ("GET", "/api/v1/alertmanagers", "", 3),
        ("GET", "/api/v1/format_query?query=up", "", 3),
        ("GET", "/api/v1/format_query?query=up%7B", "", 3),
        ("GET", "/nowhere", "", 2),
        ("GET", "/api/v1/nowhere", "", 2),
    ] {
        let (theirs, ours) =
            (ask(real.port(), method, path, form), ask(served.address.port(), method, path, form));
        assert_eq!(ours.status, theirs.status, "{path}: {} and {}", ours.text(), theirs.text());
        let (Ok(theirs), Ok(ours)) =
            (serde_json::from_slice::<Value>(&theirs.body), serde_json::from_slice::<Value>(&ours.body))
        else {
            assert_eq!(ours.status, 404, "{path}");
            continue;
        };
        assert_eq!(ours["errorType"], theirs["errorType"], "{path}: {ours} and {theirs}");
        if ours["status"] == "success" && path.contains("/rules") {
            // Later versions have more; what 2.42 has is there.
            let first = |it: &Value| it["data"]["groups"][0]["rules"][0].as_object().unwrap().clone();
            let keys = first(&ours);
            assert!(first(&theirs).keys().all(|key| keys.contains_key(key)), "{ours} and {theirs}");
        } else if path.contains("/alerts") {
            let first = |it: &Value| shape(&it["data"]["alerts"][0], 1);
            assert_eq!(first(&ours), first(&theirs));
        } else {
            assert_eq!(shape(&ours, depth), shape(&theirs, depth), "{path}: {ours} and {theirs}");
        }
    }
}

#[test]
fn status_and_check_read_a_running_server_first_then_what_was_kept() {
    let home = Home::new("serve.token = \"env:WARROOM_TEST_TOKEN\"\nengine.memory = \"8MiB\"");
    let run = |arguments: &[&str]| {
        let output = home.command(arguments).env("WARROOM_TEST_TOKEN", "hush-hush-hush").output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    // Nobody serves, nothing is kept: two polls, and nothing is said about where it comes from.
    let (code, line, err) = run(&["check", "shop"]);
    assert!(code == Some(0) && !line.contains("(from "), "{line}{err}");
    let mut served = home.serve_with(&[], &[("WARROOM_TEST_TOKEN", "hush-hush-hush")]);
    served.token = Some("hush-hush-hush".to_owned());
    served.waits_for("shop:rate");
    let (code, out, err) = run(&["status", "-o", "json"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.starts_with(&format!("from serve at {}", served.url)), "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let direct = served.get("/api/v1/status").json();
    let still = |json: &Value| (json["counts"].clone(), shape(json, 9));
    assert_eq!(still(&json), still(&direct));
    let (_, text, err) = run(&["status"]);
    assert!(
        text.starts_with("STATE ") && text.contains("shop") && err.contains("from serve at"),
        "{text}{err}"
    );
    let (code, line, _) = run(&["check", "shop"]);
    assert!(code == Some(0) && line.starts_with("SHOP OK - ") && line.contains("(from serve at"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    let (_, line, _) = run(&["check"]);
    assert!(line.starts_with("WARROOM ") && line.contains("(from serve at"), "{line}");
    let (_, line, _) = run(&["check", "shop", "--poll"]);
    assert!(!line.contains("(from "), "{line}");
    // By URL, from anywhere; the wrong token is told as such and never shown.
    let (code, _, err) = run(&["status", "--from", &served.url]);
    assert_eq!(code, Some(0), "{err}");
    let (code, _, err) = run(&["status", "--from", &served.url, "--token", "cmd:echo not-the-right-one"]);
    assert!(code == Some(69) && err.contains("401") && !err.contains("not-the-right-one"), "{code:?} {err}");
    let (code, line, _) = run(&["check", "--from", "http://127.0.0.1:9"]);
    assert!(code == Some(3) && line.starts_with("WARROOM UNKNOWN - serve at http://127.0.0.1:9: "), "{line}");
    // When it has ended, what it kept is gone on from.
    served.signal("-TERM");
    assert_eq!(served.ended(), Some(143));
    let (code, line, err) = run(&["check", "shop"]);
    assert!(code == Some(0) && line.contains("(from kept samples up to "), "{line}{err}");
    // What a dead server left behind counts for nothing.
    let place = serde_json::json!({ "url": "http://127.0.0.1:9", "pid": 1_999_999_999, "config": home.folder.path().join("config.toml") });
    home.write("state/serve-1999999999.json", &place.to_string());
    let (code, line, err) = run(&["check", "shop"]);
    assert!(code == Some(0) && !err.contains("serve at"), "{line}{err}");
}

#[test]
fn tls_is_spoken_and_a_new_certificate_is_taken() {
    let authority = authority::Authority::new("ours");
    let home = Home::new(
        "serve.tls = { cert = \"file:cert.pem\", key = \"file:key.pem\" }\nserve.token = \"file:token\"",
    );
    let issue = || {
        let (cert, key) = authority.issue("localhost", 2040);
        home.write("key.pem", &key.serialize_pem());
        home.write("cert.pem", &cert.pem());
        cert.der().to_vec()
    };
    let first = issue();
    home.write("token", "hush-hush-hush\n");
    let served = home.serve(&[]);
    assert!(served.url.starts_with("https://"), "{}", served.url);
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = tokio_rustls::rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let ask = || {
        let name = "localhost".try_into().unwrap();
        let connection = tokio_rustls::rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
        let stream = TcpStream::connect(served.address).unwrap();
        let mut stream = tokio_rustls::rustls::StreamOwned::new(connection, stream);
        stream
            .write_all(b"GET /api/v1/query?query=1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer hush-hush-hush\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let cert = stream.conn.peer_certificates().unwrap()[0].to_vec();
        (parse(&answer).status, cert)
    };
    assert_eq!(ask(), (200, first.clone()));
    // Plain HTTP to a TLS port, and half a handshake, cost nobody anything.
    let mut plain = TcpStream::connect(served.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut half = TcpStream::connect(served.address).unwrap();
    half.write_all(&[0x16, 3, 1]).unwrap();
    assert_eq!(ask().0, 200);
    let second = issue();
    let until = Instant::now() + served::PATIENCE;
    while ask().1 != second {
        assert!(Instant::now() < until, "the new certificate is not taken");
        std::thread::sleep(Duration::from_millis(100));
    }
    // One that cannot be read leaves the old one where it is.
    home.write("cert.pem", "nonsense");
    served.says("the old certificate stays");
    assert_eq!(ask(), (200, second));
    // Our own client trusts what it is told to.
    home.write("ca.pem", &authority.issuer.pem());
    let url = served.url.replace("127.0.0.1", "localhost");
    let more = format!(
        "auth.there = {{ bearer = \"file:token\", tls = {{ ca = \"ca.pem\" }} }}\nbackend.there = {{ kind = \"prometheus\", url = \"{url}\", auth = \"there\" }}"
    );
    home.write("config.toml", &home.config(&more));
    let (code, out, err) = home.run(&["query", "1 + 1", "--backend", "there", "-o", "json"]);
    assert!(code == Some(0) && out.contains("\"2\""), "{out}{err}");
}
