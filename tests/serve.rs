//! `warroom serve` with the real binary over real sockets: who may ask, what is answered, and what hostile clients can do.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

#[path = "support/served.rs"]
mod served;
#[path = "support/skip.rs"]
mod skip;
mod support;

use served::{Home, PATIENCE, Served, parse, raw};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn questions_are_answered_in_prometheus_s_shapes() {
    let home = Home::new("");
    let served = home.serve(&[]);
    served.waits_for("shop:rate");
    let ok = |path: &str| {
        let answer = served.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        let json = answer.json();
        assert_eq!(json["status"], "success", "{path}");
        json["data"].clone()
    };
    // GET and POST say the same.
    let form = served.form("/api/v1/query", &[("query", "1+1"), ("time", "1700000000.5")]).json();
    assert_eq!(form["data"], ok("/api/v1/query?query=1%2B1&time=1700000000.5"));
    assert_eq!(form["data"]["result"], serde_json::json!([1_700_000_000.5, "2"]));
    assert_eq!(ok("/api/v1/query?query=%22a%22&time=0")["result"], serde_json::json!([0, "a"]));
    assert_eq!(ok("/api/v1/query?query=up")["result"][0]["metric"]["job"], "shop");
    assert_eq!(ok("/api/v1/query?query=up[1m]")["resultType"], "matrix");
    let odd = ok("/api/v1/query?query=shop_odd")["result"].as_array().unwrap().clone();
    let values: Vec<&str> = odd.iter().map(|row| row["value"][1].as_str().unwrap()).collect();
    assert_eq!(values, ["+Inf", "NaN", "1e-09"], "sorted by labels");
    let range = ok("/api/v1/query_range?query=vector(1)&start=1700000000&end=1700000010&step=5");
    assert_eq!(range["result"][0]["values"].as_array().unwrap().len(), 3);
    assert_eq!(range["resultType"], "matrix");
    let rfc =
        ok("/api/v1/query_range?query=1&start=2023-11-14T22:13:20Z&end=2023-11-14T22:13:21.5Z&step=500ms");
    assert_eq!(rfc["result"][0]["values"].as_array().unwrap().len(), 4);
    // What only this file's expressions mention is kept.
    assert_eq!(ok("/api/v1/series?match[]=unasked_for"), serde_json::json!([]));
    assert_eq!(ok("/api/v1/series?match[]=shop_requests_total").as_array().unwrap().len(), 2);
    assert_eq!(ok("/api/v1/series?match[]=up&start=0&end=1"), serde_json::json!([]));
    let names = ok("/api/v1/labels?match[]=shop_requests_total");
    assert_eq!(names, serde_json::json!(["__name__", "instance", "job", "path", "status"]));
    assert_eq!(ok("/api/v1/label/status/values"), serde_json::json!(["200", "500"]));
    assert_eq!(ok("/api/v1/label/no_such/values"), serde_json::json!([]));
    assert_eq!(ok("/api/v1/metadata?metric=up")["up"][0]["type"], "gauge");
    let rules = ok("/api/v1/rules?file[]=rules.yml");
    let rules = if rules["groups"].as_array().unwrap().is_empty() {
        ok("/api/v1/rules?rule_group[]=shop")
    } else {
        rules
    };
    let shop = &rules["groups"][0];
    assert_eq!((&shop["name"], &shop["interval"]), (&"shop".into(), &1.0.into()));
    let kinds: Vec<&str> =
        shop["rules"].as_array().unwrap().iter().map(|rule| rule["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["recording", "alerting", "alerting", "recording", "recording"]);
    assert_eq!(shop["rules"][1]["state"], "firing");
    assert_eq!(shop["rules"][1]["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(shop["rules"][2]["state"], "inactive");
    assert_eq!((&shop["rules"][2]["duration"], &shop["rules"][0]["health"]), (&3600.0.into(), &"ok".into()));
    let only = ok("/api/v1/rules?type=alert&rule_name[]=ShopIsGone");
    assert_eq!(only["groups"][0]["rules"].as_array().unwrap().len(), 1);
    let alerts = ok("/api/v1/alerts");
    let alert = alerts["alerts"].as_array().unwrap().iter().find(|a| a["labels"]["status"] == "500").unwrap();
    assert_eq!(alert["annotations"]["summary"], "the shop 500");
    assert!(alert["value"].as_str().unwrap().contains("e+"), "{alert}");
    let target = &ok("/api/v1/targets")["activeTargets"][0];
    assert_eq!((&target["health"], &target["scrapePool"]), (&"up".into(), &"shop".into()));
    assert_eq!(ok("/api/v1/format_query?query=sum(rate(a[5m]))by(b)"), "sum by (b) (rate(a[5m]))");
    assert!(ok("/api/v1/status/buildinfo")["version"].as_str().unwrap().starts_with("3."));
    for path in ["/api/v1/status/runtimeinfo", "/api/v1/status/tsdb", "/api/v1/alertmanagers"] {
        assert!(ok(path).is_object(), "{path}");
    }
    assert_eq!(ok("/api/v1/query_exemplars?query=up"), serde_json::json!([]));
    let status = served.get("/api/v1/status").json();
    assert_eq!((&status["schema"], &status["services"][0]["service"]), (&1.into(), &"shop".into()));
    // HEAD has no body; a client that can unpack is sent gzip.
    let head = served.request("HEAD", "/api/v1/labels", "", b"");
    assert!(head.status == 200 && head.body.is_empty());
    let packed = served.request("GET", "/metrics", "accept-encoding: gzip\r\n", b"");
    assert_eq!((packed.header("content-encoding"), &packed.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
    let plain = served.request("GET", "/metrics", "accept-encoding: gzip;q=0\r\n", b"");
    assert_eq!(plain.header("content-encoding"), None);
    let limited = served.get("/api/v1/series?match[]=shop_odd&limit=1").json();
    assert_eq!(limited["data"].as_array().unwrap().len(), 1);
    assert_eq!(limited["warnings"], serde_json::json!(["results truncated due to limit"]));
}

#[test]
fn what_is_wrong_with_a_question_is_told_in_prometheus_s_words() {
    let home = Home::new("serve.samples = 20000");
    let served = home.serve(&[]);
    served.waits_for("up");
    let huge = format!("query={}", "a".repeat(2 << 20));
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (method, path, headers, body, status, part) in [
        ("GET", "/api/v1/query", "", "", 400, r#""errorType":"bad_data""#),
        ("GET", "/api/v1/query?query=up%7B", "", "", 400, "parse error"),
        ("GET", "/api/v1/query?query=rate(up)", "", "", 400, "bad_data"),
        ("GET", "/api/v1/query?query=up&time=soon", "", "", 400, "cannot parse"),
        ("GET", "/api/v1/query?query=up&timeout=never", "", "", 400, "timeout"),
        ("GET", "/api/v1/query?query=up&limit=-1", "", "", 400, "limit"),
        ("GET", "/api/v1/query_range?query=up&start=0&end=1", "", "", 400, "step"),
        (
            "GET",
            "/api/v1/query_range?query=up&start=1&end=0&step=1",
            "",
            "",
            400,
            "end timestamp must not be before",
        ),
        ("GET", "/api/v1/query_range?query=up&start=0&end=1&step=0", "", "", 400, "zero or negative"),
        ("GET", "/api/v1/query_range?query=up&start=0&end=11001&step=1", "", "", 400, "11,000 points"),
        ("GET", "/api/v1/query_range?query=up&start=0&end=11000&step=1", "", "", 200, "matrix"),
        ("GET", "/api/v1/query_range?query=up[5m]&start=0&end=1&step=1", "", "", 422, "\"execution\""),
        (
            "GET",
            "/api/v1/query?query=label_replace(up,%22b%22,%22$1%22,%22a%22,%22(%22)",
            "",
            "",
            400,
            "bad_data",
        ),
        (
            "GET",
            "/api/v1/query?query=sum(sum_over_time(vector(1)[100000s:1s]))",
            "",
            "",
            422,
            "more than 20000 samples",
        ),
        ("GET", "/api/v1/series", "", "", 400, "no match[] parameter"),
        ("GET", "/api/v1/series?match[]=rate(up[1m])", "", "", 400, "bad_data"),
        ("GET", "/api/v1/series?match[]=%7B%7D", "", "", 400, "bad_data"),
        ("GET", "/api/v1/labels?start=x", "", "", 400, "start"),
        ("GET", "/api/v1/label/job", "", "", 404, "not_found"),
        ("GET", "/api/v1/rules?type=x", "", "", 400, "not supported value"),
        ("GET", "/api/v1/targets?state=x", "", "", 400, "state"),
        ("GET", "/federate", "", "", 400, "no match[]"),
        ("GET", "/nowhere", "", "", 404, "page not found"),
        ("GET", "/api/v2/query", "", "", 404, "page not found"),
        ("POST", "/metrics", "", "", 405, "Method Not Allowed"),
        ("DELETE", "/api/v1/query", "", "", 405, "Method Not Allowed"),
        ("PUT", "/", "", "x", 405, ""),
        ("POST", "/api/v1/query", "content-type: application/json\r\n", r#"{"query":"up"}"#, 400, "bad_data"),
        ("POST", "/api/v1/query", form, huge.as_str(), 413, "longer than"),
    ] {
        let answer = served.request(method, path, headers, body.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.text().contains(part), "{method} {path}: {}", answer.text());
        if path.starts_with("/api/v1/") && !matches!(status, 405) {
            assert_eq!(answer.json()["status"], if status == 200 { "success" } else { "error" }, "{path}");
        }
    }
    assert_eq!(served.request("POST", "/metrics", "", b"").header("allow"), Some("GET, HEAD"));
    // Nobody is asked for a token: then only names that nobody else can point here are answered.
    let bytes = b"GET /metrics HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(parse(&raw(served.address, bytes, PATIENCE)).status, 421);
    let origin = "origin: https://evil.example\r\ncontent-type: text/plain\r\n";
    assert_eq!(served.request("POST", "/api/v1/query", origin, b"query=up").status, 403);
}

#[test]
fn a_question_that_takes_too_long_ends_and_stops_no_other() {
    let home = Home::new("serve.parallel = 2\nserve.samples = 1000000000");
    let served = home.serve(&[]);
    served.waits_for("up");
    let heavy = "sum_over_time(sum_over_time(sum_over_time(vector(1)[1h:1s])[1d:1s])[1d:1s])";
    let (address, began) = (served.address, Instant::now());
    let body = format!("query={}&timeout=2s", heavy.replace('+', "%2B"));
    let ask = format!(
        "POST /api/v1/query HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let ask = ask.clone();
            std::thread::spawn(move || parse(&raw(address, ask.as_bytes(), PATIENCE)))
        })
        .collect();
    // The loop, its polls and the small answers go on meanwhile.
    assert_eq!(served.get("/healthz").status, 200);
    assert_eq!(served.get("/api/v1/status").status, 200);
    for thread in threads {
        let answer = thread.join().unwrap();
        assert!(matches!(answer.status, 503 | 422), "{}", answer.text());
        assert_eq!(answer.json()["status"], "error");
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    // What was given up is really over: there are turns again.
    assert_eq!(served.form("/api/v1/query", &[("query", "up")]).status, 200);
}

#[test]
fn without_a_token_nothing_is_told_but_health() {
    let home = Home::new("serve.token = [\"file:one\", \"file:two\"]");
    home.write("one", "first-token\n");
    home.write("two", "second-token\n");
    let served = home.serve(&[]);
    let basic = |pair: &str| {
        use base64::Engine as _;
        format!("authorization: Basic {}\r\n", base64::prelude::BASE64_STANDARD.encode(pair))
    };
    for (path, header, status) in [
        ("/metrics", String::new(), 401),
        ("/", String::new(), 401),
        ("/nowhere", String::new(), 401),
        ("/api/v1/query?query=up", "authorization: Bearer wrong-token\r\n".to_owned(), 401),
        ("/api/v1/query?query=1", "authorization: Bearer first-token\r\n".to_owned(), 200),
        ("/api/v1/query?query=1", "authorization: Bearer second-token\r\n".to_owned(), 200),
        ("/api/v1/query?query=1", basic("grafana:second-token"), 200),
        ("/api/v1/query?query=1", basic("second-token:"), 401),
        ("/healthz", String::new(), 200),
        ("/-/ready", String::new(), 200),
        ("/api/v1/warroom/state", String::new(), 401),
    ] {
        let answer = served.request("GET", path, &header, b"");
        assert_eq!(answer.status, status, "{path} {header}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{path}");
    }
    // With a token any name will do.
    let bytes = b"GET / HTTP/1.1\r\nhost: dash.example\r\nauthorization: Bearer first-token\r\nconnection: close\r\n\r\n";
    assert_eq!(parse(&raw(served.address, bytes, PATIENCE)).status, 200);
    // A token that changes on disk is read again; the old one stays where the new one cannot be read.
    home.write("one", "third-token\n");
    served.says("the configuration was read again");
    let with = |token: &str| {
        let header = format!("authorization: Bearer {token}\r\n");
        served.request("GET", "/", &header, b"").status
    };
    let until = Instant::now() + PATIENCE;
    while with("third-token") != 200 {
        assert!(Instant::now() < until, "the new token is not taken");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!((with("first-token"), with("second-token")), (401, 200));
    home.write("one", "");
    home.write("two", "x");
    served.says("the old tokens stay valid");
    assert_eq!((with("third-token"), with("second-token"), with("x")), (200, 200, 401));
    for name in std::fs::read_dir(home.state()).unwrap().flatten() {
        let text = std::fs::read(name.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("-token"), "{:?} holds a token", name.path());
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_the_remedy() {
    let home = Home::new("");
    let first = home.serve(&[]);
    let taken = first.address.to_string();
    for (more, arguments, code, parts) in [
        ("", vec!["--listen", taken.as_str()], 69, vec!["the port is taken", "--listen"]),
        (
            "",
            vec!["--listen", "0.0.0.0:0"],
            78,
            vec!["is not loopback, and no token is asked for", "serve.token"],
        ),
        ("", vec!["--listen", "nonsense"], 64, vec!["invalid value"]),
        ("serve.token = \"env:NO_SUCH_TOKEN\"", vec![], 69, vec!["serve.token", "env:NO_SUCH_TOKEN"]),
        ("serve.token = \"cmd:echo short\"", vec![], 69, vec!["shorter than 8 characters"]),
        ("serve.token = \"hunter2hunter2\"", vec![], 78, vec!["a secret is a reference"]),
        (
            "serve.tls = { cert = \"none.pem\", key = \"none.key\" }",
            vec![],
            69,
            vec!["serve.tls", "none.pem"],
        ),
        (
            "serve.tls = { cert = \"rules.yml\", key = \"rules.yml\" }",
            vec![],
            69,
            vec!["holds no certificate"],
        ),
        ("serve.tls = { cert = \"rules.yml\" }", vec![], 78, vec!["serve.tls", "\"key\" is missing"]),
        ("serve.parallel = 0", vec![], 78, vec!["serve.parallel"]),
        ("serve.listening = \"x\"", vec![], 78, vec!["serve.listening", "listen"]),
    ] {
        home.write("config.toml", &home.config(more));
        let arguments: Vec<&str> = ["serve", "--for", "1s"].into_iter().chain(arguments).collect();
        let (got, out, err) = home.run(&arguments);
        assert_eq!(got, Some(code), "{more} {arguments:?}: {out}{err}");
        for part in parts {
            assert!(err.contains(part), "{more} {arguments:?}: no {part:?} in {err}");
        }
        assert!(!err.contains("hunter2"), "{err}");
    }
    let config = home.config("").replace("127.0.0.1:0\"", "10.0.0.1:7090\"");
    home.write("config.toml", &config);
    let (code, _, err) = home.run(&["validate"]);
    assert_eq!(code, Some(78), "{err}");
    assert!(err.contains("config.toml:2") && err.contains("serve.listen"), "{err}");
}

/// A connection that has sent this and says nothing more.
fn hung(served: &Served, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(served.address).unwrap();
    let _ = stream.write_all(bytes);
    stream
}

#[test]
fn hung_connections_starve_nobody_and_do_not_keep_it_from_ending() {
    let home = Home::new("serve.connections = 64");
    let mut served = home.serve(&[]);
    served.waits_for("up");
    let mut crowd = Vec::new();
    for at in 0..1_000 {
        let bytes: &[u8] = match at % 4 {
            0 => b"",
            1 => b"GET /metr",
            2 => b"POST /api/v1/query HTTP/1.1\r\ncontent-length: 1000\r\n\r\nquery=",
            _ => b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
        };
        crowd.push(hung(&served, bytes));
        if at % 100 == 99 {
            assert_eq!(served.get("/healthz").status, 200, "after {at}");
        }
    }
    assert_eq!(served.form("/api/v1/query", &[("query", "up")]).status, 200);
    // Many requests at once on one connection are answered one after the other.
    let mut line = TcpStream::connect(served.address).unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    let one = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(500);
    line.write_all(&one).unwrap();
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while String::from_utf8_lossy(&seen).matches("HTTP/1.1 200").count() < 500 {
        let count = line.read(&mut buffer).unwrap();
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&seen).matches("HTTP/1.1 200").count());
        seen.extend_from_slice(&buffer[..count]);
    }
    let mark = || {
        std::fs::read_dir(home.state())
            .unwrap()
            .flatten()
            .any(|f| f.file_name().to_string_lossy().starts_with("serve-"))
    };
    assert!(mark());
    let began = Instant::now();
    served.signal("-TERM");
    assert_eq!(served.ended(), Some(143));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(!mark(), "the server's file is left behind");
    drop(crowd);
}

#[test]
fn no_bytes_of_a_client_break_it() {
    let home = Home::new("");
    let served = home.serve(&[]);
    served.waits_for("up");
    let good = b"POST /api/v1/query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 8\r\n\r\nquery=up";
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        // xorshift64: the same bytes each time.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..400 {
        let mut bytes = good.to_vec();
        for _ in 0..next() % 8 {
            let at = (next() % bytes.len() as u64) as usize;
            match next() % 3 {
                0 => bytes[at] = next() as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, next() as u8),
            }
        }
        let mut stream = TcpStream::connect(served.address).unwrap();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = stream.read(&mut [0; 256]);
    }
    for path in [
        "/%00",
        "/api/v1/label/%ff/values",
        "/api/v1/query?query=%ff%fe",
        "/api/v1/query?%00=%00&&&==",
        "//",
        "/../../etc/passwd",
        "/api/v1/label/../values",
    ] {
        let answer = served.get(path);
        assert!((200..500).contains(&answer.status), "{path}: {}", answer.head);
    }
    let long = format!("/api/v1/query?query=1{}", "%2B1".repeat(20_000));
    let status = served.get(&long).status;
    assert!(matches!(status, 400 | 414 | 431), "{status}");
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let status = served.form("/api/v1/query", &[("query", &deep)]).status;
    assert!(matches!(status, 200 | 400), "{status}");
    assert_eq!(served.get("/healthz").status, 200);
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

#[test]
fn its_metrics_are_clean_and_a_real_prometheus_scrapes_them() {
    let home = Home::new("");
    let served = home.serve(&[]);
    served.waits_for("ALERTS");
    let text = served.get("/metrics").text();
    for name in [
        "warroom_build_info{version=",
        "warroom_polls_total{service=\"shop\",outcome=\"answered\"}",
        "warroom_store_series ",
        "warroom_http_requests_total{route=\"/api/v1/query\",code=\"200\"}",
        "warroom_attached_terminals 0",
        "process_resident_memory_bytes ",
        "up{instance=",
        "ALERTS{alertname=\"ShopIsThere\"",
    ] {
        assert!(text.contains(name), "{name} in\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = name.trim_end_matches("_sum").trim_end_matches("_count");
        for what in ["HELP", "TYPE"] {
            assert!(text.contains(&format!("# {what} {family} ")), "{what} of {name}");
        }
    }
    let open = served.request("GET", "/metrics", "accept: application/openmetrics-text\r\n", b"");
    assert!(open.header("content-type").unwrap().starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(open.text().ends_with("\n# EOF\n"));
    if !installed("promtool") || !installed("prometheus") {
        skip::skipped("prometheus");
        return;
    }
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "promtool: {said}\n{text}");

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let jobs = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- {{job_name: warroom, honor_labels: true, static_configs: [{{targets: ['{0}']}}]}}\n- {{job_name: federate, honor_labels: true, metrics_path: /federate, params: {{'match[]': ['{{__name__=~\".+\"}}']}}, static_configs: [{{targets: ['{0}']}}]}}\n",
        served.address
    );
    let config = home.write("prometheus.yml", &jobs);
    let mut prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", home.folder.path().join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ask = |path: &str| {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = stream;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok()?;
        serde_json::from_slice::<serde_json::Value>(&parse(&bytes).body).ok()
    };
    let until = Instant::now() + PATIENCE;
    let found = loop {
        let expr = "count(shop_requests_total)%20and%20count(warroom_polls_total)%20and%20count(ALERTS)";
        let found = ask(&format!("/api/v1/query?query={expr}"));
        if found.as_ref().is_some_and(|json| json["data"]["result"][0]["value"][1] == "2") {
            break ask("/api/v1/targets?state=active").unwrap();
        }
        if Instant::now() > until {
            break found.unwrap_or_default();
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let _ = prometheus.kill();
    let _ = prometheus.wait();
    let targets = found["data"]["activeTargets"].as_array().expect("it was scraped").clone();
    assert_eq!(targets.len(), 2);
    for target in targets {
        assert_eq!((&target["health"], &target["lastError"]), (&"up".into(), &"".into()), "{target}");
    }
}
