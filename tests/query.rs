//! `warroom query` as a user asks it: the real binary, files, pipes, URLs, exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

mod support;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use support::{Act, Request, http, json, metrics, serve};

/// Samples from 1970 on, OpenMetrics.
const OPEN: &str = "\
# TYPE requests counter
requests_total{job=\"api\"} 0 0
requests_total{job=\"api\"} 30 60.5
requests_total{job=\"web\"} 5 0
# TYPE odd gauge
odd{v=\"nan\"} NaN 60
odd{v=\"inf\"} +Inf 60
odd{v=\"tiny\"} 1e-7 60
odd{v=\"large\"} 1e21 60
odd{v=\"<&>\"} -0 60
# EOF
";

/// Prometheus text: milliseconds, and samples without a timestamp.
const TEXT: &str = "\
# TYPE h histogram
h_bucket{le=\"1\"} 1
h_bucket{le=\"+Inf\"} 2
timed 4 1500
timed 5 61500
";

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        for (name, text) in [
            ("open.txt", OPEN),
            ("text.prom", TEXT),
            ("cut.txt", "a 1 1.5\na 2 2.5\n"),
            ("cut.om", "a 1 1\n"),
            ("strict.om", "a 1 1\nb\nb{ 1\n# EOF\n"),
            ("partly.prom", "a 1\nb\nc 3\n"),
            ("seconds.prom", "a 1 1700000000\n"),
            ("twice.prom", "a 1\na 2\n"),
            ("jumbled.om", "a 3 30\na 1 10\nb 9 5\na 2 20\n# EOF\n"),
            ("page.html", "<html><body>hi</body></html>"),
            ("empty", ""),
            ("hostile.prom", "a{x=\"\u{1b}[2J\u{202e}\"} 1\n"),
        ] {
            std::fs::write(home.0.path().join(name), text).unwrap();
        }
        home
    }

    fn start(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_warroom"))
            .arg("query")
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path())
            .env("LANG", "C.UTF-8")
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end before it has read anything.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// Exit code, standard output, standard error.
    fn ask(&self, arguments: &[&str]) -> (i32, String, String) {
        parts(&self.start(arguments, b""))
    }
}

fn parts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn answers_are_exactly_these() {
    let home = Home::new();
    let rows: &[(&[&str], &str)] = &[
        (
            &["requests_total", "--metrics", "open.txt", "--time", "60.5", "-o", "json"],
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"requests_total","job":"api"},"value":[60.500,"30"]},{"metric":{"__name__":"requests_total","job":"web"},"value":[60.500,"5"]}]}"#,
        ),
        (
            &["odd", "--metrics", "open.txt", "--time", "1970-01-01T00:01:00Z", "-o", "json"],
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"odd","v":"<&>"},"value":[60,"-0"]},{"metric":{"__name__":"odd","v":"inf"},"value":[60,"+Inf"]},{"metric":{"__name__":"odd","v":"large"},"value":[60,"1e+21"]},{"metric":{"__name__":"odd","v":"nan"},"value":[60,"NaN"]},{"metric":{"__name__":"odd","v":"tiny"},"value":[60,"1e-07"]}]}"#,
        ),
        (
            &["odd{v=\"<&>\"}", "--metrics", "open.txt", "--time", "60", "-o", "json", "--left-closed"],
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"odd","v":"\u003c\u0026\u003e"},"value":[60,"-0"]}]}"#,
        ),
        (
            &["requests_total[1m]", "--metrics", "open.txt", "--time", "60", "-o", "json"],
            r#"{"resultType":"matrix","result":[]}"#,
        ),
        (
            &["requests_total[1m]", "--metrics", "open.txt", "--time", "60", "-o", "json", "--left-closed"],
            r#"{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","job":"api"},"values":[[0,"0"]]},{"metric":{"__name__":"requests_total","job":"web"},"values":[[0,"5"]]}]}"#,
        ),
        (
            &[
                "sum(requests_total)",
                "-m",
                "open.txt",
                "--start",
                "0",
                "--end",
                "61",
                "--step",
                "30.5",
                "-o",
                "json",
            ],
            r#"{"resultType":"matrix","result":[{"metric":{},"values":[[0,"5"],[30.500,"5"],[61,"35"]]}]}"#,
        ),
        (
            &["1e21", "-m", "empty", "-t", "0.5", "-o", "json"],
            r#"{"resultType":"scalar","result":[0.5,"1000000000000000000000"]}"#,
        ),
        (
            &["\"a<b\"", "-m", "empty", "-t", "-1", "-o", "json"],
            r#"{"resultType":"string","result":[-1,"a\u003cb"]}"#,
        ),
        (&["-1", "-m", "empty", "-t", "0"], "-1"),
        (
            &["timed[2m]", "-m", "text.prom", "--time", "100", "-o", "csv"],
            "__name__,timestamp,value\ntimed,1.5,4\ntimed,61.5,5",
        ),
        (
            &["h_bucket", "-m", "text.prom", "--time", "100", "-o", "csv"],
            "__name__,le,timestamp,value\nh_bucket,+Inf,100,2\nh_bucket,1.0,100,1",
        ),
        (
            &["h_bucket{le=\"1\"}", "-m", "text.prom", "--time", "100", "-o", "csv", "--left-closed"],
            "__name__,le,timestamp,value\nh_bucket,1,100,1",
        ),
        // Samples without a timestamp stand at the last moment that is evaluated, here 90.
        (
            &[
                "h_bucket{le=\"1.0\"}",
                "-m",
                "text.prom",
                "--start",
                "0",
                "--end",
                "100",
                "--step",
                "45",
                "-o",
                "csv",
            ],
            "__name__,le,timestamp,value\nh_bucket,1.0,90,1",
        ),
        (
            &["requests_total", "-m", "open.txt", "-t", "70"],
            "METRIC          job  VALUE    AGE\nrequests_total  api     30   9.5s\nrequests_total  web      5  1m10s",
        ),
        (
            &["requests_total > 0", "-m", "open.txt", "--start", "0", "--end", "90", "--step", "30"],
            "METRIC          job  TREND  FIRST  LAST  MIN  MAX  POINTS\n\
             requests_total  api     _      30    30   30   30       1\n\
             requests_total  web  ____       5     5    5    5       4",
        ),
        (&["a", "-m", "jumbled.om", "-t", "25", "-o", "csv"], "__name__,timestamp,value\na,25,2"),
        (
            &[
                "count by (instance) ({__name__=~\".+\"})",
                "-m",
                "open.txt",
                "-m",
                "text.prom",
                "--instance",
                "-t",
                "62",
                "-o",
                "csv",
            ],
            "instance,timestamp,value\nopen.txt,62,7\ntext.prom,62,3",
        ),
    ];
    for (arguments, expected) in rows {
        let (code, out, err) = home.ask(arguments);
        assert_eq!((code, out.trim_end_matches('\n')), (0, *expected), "{arguments:?}\n{err}");
    }
}

#[test]
fn what_is_wrong_is_said_where_and_how() {
    let home = Home::new();
    let rows: &[(&[&str], i32, &[&str])] = &[
        (&["sum(a", "-m", "open.txt"], 65, &["\"(\" is not closed", "\n  sum(a\n     ^"]),
        (&["a +", "-m", "open.txt"], 65, &["warroom: "]),
        (&["vector(1) + on (x) group_left vector(1) + \"\"", "-m", "open.txt"], 65, &["warroom: "]),
        (&["a", "-m", "none.txt"], 66, &["cannot read none.txt", "No such file"]),
        (&["a", "-m", "."], 66, &["cannot read .: is a folder"]),
        (&["a"], 66, &["no configuration was found", "--metrics http://"]),
        (
            &["a", "-m", "http://127.0.0.1:1/metrics"],
            69,
            &["cannot read http://127.0.0.1:1/metrics", "connection refused"],
        ),
        (&["a", "-m", "ftp://h/"], 64, &["ftp cannot be read"]),
        (&["a", "-m", "http://me:hunter2@h/"], 64, &["holds credentials"]),
        (&["a", "-m", "-", "-m", "-"], 64, &["standard input can be read once"]),
        (&["a", "-m", "open.txt", "--for", "1s"], 64, &["a file stays as it is"]),
        (&[], 64, &["EXPR"]),
        (&["a", "-m", "open.txt", "-o", "yaml"], 64, &["yaml"]),
        (&["a", "-m", "open.txt", "-t", "noon"], 64, &["\"noon\" is not a moment", "RFC 3339"]),
        (&["a", "-m", "open.txt", "-t", "5", "--start", "5"], 64, &["--time"]),
        (&["a", "-m", "open.txt", "--step", "5"], 64, &["--step needs --start"]),
        (&["a", "-m", "open.txt", "--start", "9", "--end", "5"], 64, &["is before --start"]),
        (
            &["a", "-m", "open.txt", "--start", "0", "--end", "11001", "--step", "1"],
            64,
            &["11002 steps", "--step 1s1ms"],
        ),
        (
            &["\"text\"", "-m", "open.txt", "--start", "0", "--end", "10"],
            65,
            &["a scalar or an instant vector"],
        ),
        (
            &["a", "-m", "cut.txt"],
            65,
            &["cut.txt: line 1: \"1.5\" is not a timestamp", "\"# EOF\" is required"],
        ),
        (&["a", "-m", "cut.om"], 65, &["cut.om: line 1: no # EOF at the end"]),
        (&["a", "-m", "open.txt", "--format", "text"], 65, &["line 3", "\"60.5\" is not a timestamp"]),
        (&["a", "-m", "strict.om"], 65, &["strict.om: line 2: expected a value", "strict.om: line 3: "]),
        (&["a", "-m", "page.html"], 65, &["page.html is HTML or XML, not metrics"]),
        (
            &["requests_total + on () requests_total", "-m", "open.txt", "-t", "60"],
            65,
            &["found duplicate series"],
        ),
    ];
    for (arguments, code, said) in rows {
        let (got, out, err) = home.ask(arguments);
        assert_eq!((got, out.as_str()), (*code, ""), "{arguments:?}\n{err}");
        for part in *said {
            assert!(err.contains(part), "{arguments:?}: no {part:?} in\n{err}");
        }
        assert!(!err.contains("hunter2"), "{err}");
    }
}

#[test]
fn what_is_odd_is_said_beside_the_answer() {
    let home = Home::new();
    let rows: &[(&[&str], &[&str])] = &[
        (
            &["c", "-m", "partly.prom"],
            &["partly.prom: line 2: expected a value", "1 bad lines are left out, 2 good"],
        ),
        (&["a", "-m", "seconds.prom", "-t", "1700000"], &["look like seconds"]),
        (&["a", "-m", "twice.prom"], &["1 samples are left out, the first in line 2"]),
        (&["a", "-m", "twice.prom", "-m", "partly.prom"], &["1 samples are left out"]),
        (
            &["requests_total", "-m", "open.txt"],
            &["no series in the answer", "--time 1970-01-01T00:01:00.5Z"],
        ),
        (&["request_total", "-m", "open.txt"], &["did you mean requests_total?"]),
        (&["requests_total{job=\"x\"}", "-m", "open.txt"], &["none has these labels"]),
        (&["rate(a[1m])", "-m", "partly.prom"], &["a rate needs two", "--for"]),
        (
            &["requests_total", "-m", "open.txt", "--start", "now-1h"],
            &["--start 1969-12-31T23:01:00.5Z --end 1970-01-01T00:01:00.5Z"],
        ),
        (&["rate(odd[5m])", "-m", "open.txt", "-t", "70"], &["a rate needs two"]),
        (
            &["sum(requests_total)", "-m", "open.txt", "-t", "70", "--memory", "1"],
            &["oldest samples were dropped", "--memory"],
        ),
        (&["histogram_quantile(2, h_bucket)", "-m", "text.prom"], &["PromQL warning"]),
    ];
    for (arguments, said) in rows {
        let (code, _, err) = home.ask(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{err}");
        for part in *said {
            assert!(err.contains(part), "{arguments:?}: no {part:?} in\n{err}");
        }
    }
    let (_, _, err) = home.ask(&["timed", "-m", "text.prom", "-t", "62"]);
    assert_eq!(err, "", "nothing is odd");
}

#[test]
fn a_pipe_is_a_source_and_a_reader_may_leave() {
    let home = Home::new();
    let (code, out, _) = parts(&home.start(&["a", "-m", "-", "-t", "9", "-o", "csv"], b"a 1\n"));
    assert_eq!((code, out.as_str()), (0, "__name__,timestamp,value\na,9,1\n"));
    let (_, out, _) =
        parts(&home.start(&["a", "-m", "-", "-t", "9"], "a{x=\"\u{1b}[2J\u{9b}\"} 1\n".as_bytes()));
    assert!(out.contains("[2J") && !out.contains(['\u{1b}', '\u{9b}']), "{out:?}");
    let (_, out, _) = home.ask(&["a", "-m", "hostile.prom", "-t", "9", "-o", "json"]);
    assert!(out.contains(r"\u001b[2J"), "{out}");
}

#[test]
fn urls_are_read_once_or_for_a_while() {
    let home = Home::new();
    let served = AtomicU64::new(0);
    let service = serve(move |request: &Request| {
        let count = served.fetch_add(1, Ordering::Relaxed) + 1;
        Act::Send(match request.path() {
            "/metrics" => metrics(format!("hits_total {}\n", count * 10).as_bytes()),
            "/open" => http("200 OK", "content-type: application/openmetrics-text\r\n", b"a 1\n# EOF\n"),
            "/cut" => http("200 OK", "content-type: application/openmetrics-text\r\n", b"a 1\n"),
            "/health" => json(r#"{"status":"ok"}"#),
            _ => http("404 Not Found", "", b"no such page"),
        })
    });
    let url = |path: &str| service.url(path);
    let (code, out, err) = home.ask(&["hits_total", "-m", &url("/metrics"), "-o", "json"]);
    assert!(
        code == 0 && out.contains(r#""__name__":"hits_total"},"#) && out.contains(r#""10"]"#),
        "{out}{err}"
    );
    assert_eq!(home.ask(&["a", "-m", &url("/open"), "-o", "csv"]).0, 0);
    for (path, code, said) in
        [("/cut", 65, "no # EOF"), ("/none", 69, "HTTP 404: no such page"), ("/health", 65, "JSON")]
    {
        let (got, _, err) = home.ask(&["a", "-m", &url(path)]);
        assert!(got == code && err.contains(said), "{path}: {got} {err}");
    }
    let (code, out, err) = home.ask(&[
        "rate(hits_total[1m]) > bool 0",
        "-m",
        &url("/metrics"),
        "--for",
        "1s",
        "--instance",
        "-o",
        "csv",
    ]);
    assert!(code == 0 && out.starts_with("instance,timestamp,value\n127.0.0.1:"), "{out}{err}");
    assert!(out.ends_with(",1\n"), "{out}");
}

#[test]
fn without_metrics_the_configured_services_are_polled() {
    let home = Home::new();
    let served = AtomicU64::new(0);
    let service = serve(move |request: &Request| {
        Act::Send(match request.path() {
            "/metrics" => {
                let count = served.fetch_add(1, Ordering::Relaxed) + 1;
                metrics(format!("nobody_asks_for_this_total {count}\n").as_bytes())
            }
            _ => http("404 Not Found", "", b"no such page"),
        })
    });
    let config = home.0.path().join("c.toml");
    let text = |url: &str| {
        format!(
            "[service.shop]\ninstances = [\"{url}\"]\npoll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }}\n"
        )
    };
    std::fs::write(&config, text(&service.url(""))).unwrap();
    let ask = |expr: &str| home.ask(&["--config", config.to_str().unwrap(), expr, "-o", "csv"]);
    let (code, out, err) = ask("rate(nobody_asks_for_this_total[1m]) > bool 0");
    assert!(code == 0 && out.ends_with(",1\n"), "{code} {out}{err}");
    let (code, out, _) = ask("up");
    assert!(code == 0 && out.contains("127.0.0.1"), "{out}");
    std::fs::write(&config, text("http://127.0.0.1:1")).unwrap();
    let (code, _, err) = ask("up");
    assert!(
        code == 69 && err.contains("connection refused") && err.contains("none of the configured"),
        "{code} {err}"
    );
    std::fs::write(&config, "nonsense").unwrap();
    assert_eq!(ask("up").0, 78);
}

#[test]
fn help_teaches() {
    let home = Home::new();
    let (code, out, _) = home.ask(&["--help"]);
    for part in ["Examples:", "# EOF", "--for 10s", "Exit codes", "jq", "--left-closed"] {
        assert!(code == 0 && out.contains(part), "no {part:?} in\n{out}");
    }
}
