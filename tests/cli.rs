//! The real binary, asked as a user asks it: what it prints, where, and its exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

mod support;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::{Act, Fake, Request, http, json, metrics, serve};
use warroom::config::{Source, load};

const METRICS: &[u8] =
    b"# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} 5\nup_time 1\n";

/// A home of its own, so that no configuration of the user's is found.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments).env_clear().current_dir(self.0.path()).stdin(Stdio::null());
        command.env("HOME", self.0.path()).env("TERM", "xterm").env("LANG", "C.UTF-8");
        command
    }

    /// Runs it to its end; says what it printed if the exit code is another.
    fn run(&self, arguments: &[&str], code: i32) -> (String, String) {
        self.ended(&self.command(arguments).output().unwrap(), arguments, code)
    }

    fn ended(&self, output: &Output, arguments: &[&str], code: i32) -> (String, String) {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let home = self.0.path().display();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} at {home}\n{out}\n--\n{err}");
        (out, err)
    }
}

/// A row: arguments, exit code, parts of standard output, parts of standard error.
type Row<'a> = (&'a [&'a str], i32, &'a [&'a str], &'a [&'a str]);

/// Every part is there; a stream of which nothing is said is empty.
fn check(home: &Home, (arguments, code, out, err): Row<'_>) {
    let printed = home.run(arguments, code);
    for (stream, parts) in [(&printed.0, out), (&printed.1, err)] {
        assert_eq!(stream.is_empty(), parts.is_empty(), "{arguments:?}\n{}\n--\n{}", printed.0, printed.1);
        for part in parts {
            assert!(stream.contains(part), "{arguments:?}: no {part:?} in\n{stream}");
        }
        assert!(!stream.contains('\u{1b}'), "{arguments:?} writes escape sequences into a pipe");
    }
}

/// A service of the hashinsight kind whose health is as told.
fn service(health: &'static str) -> Fake {
    serve(move |request: &Request| {
        Act::Send(match request.path() {
            "/health" | "/health/detailed" => json(health),
            "/metrics" => metrics(METRICS),
            "/api/circuit-breakers" => json(r#"{"database":{"state":"closed","failure_count":0}}"#),
            _ => http("404 Not Found", "", b"no such page"),
        })
    })
}

const WELL: &str = r#"{"status":"healthy","database":"connected","cache":"available","version":"2.0.0"}"#;
const AILING: &str = r#"{"status":"degraded","database":"slow"}"#;

/// An address where nobody listens.
fn closed() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A port whose one answer depends on the first bytes that come: no HTTP.
fn speaks(answer: fn(&[u8]) -> &'static [u8]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 1024];
            if let Ok(read) = stream.read(&mut asked) {
                let _ = stream.write_all(answer(&asked[..read]));
            }
        }
    });
    address
}

fn redis() -> String {
    speaks(|asked| if asked.starts_with(b"PING") { b"+PONG\r\n" } else { b"-ERR unknown command\r\n" })
}

fn postgres() -> String {
    speaks(|asked| if asked.starts_with(&[0, 0, 0, 8]) { b"N" } else { b"" })
}

fn configured(name: &str, url: &str) -> String {
    format!(
        "[service.{name}]\ninstances = [\"{url}\"]\npoll.health = {{ kind = \"health\", path = \"/health\" }}\n"
    )
}

#[test]
fn what_needs_no_network_is_answered() {
    let home = Home::new();
    let good = home.file("good.toml", &configured("shop", "http://127.0.0.1:1"));
    let bad =
        home.file("bad.toml", "[service.shop]\ninstances = [\"http://h\"]\npoll.x = { kind = \"helth\" }\n");
    let evil = home.file("evil.yml", "- no map");
    let rows: &[Row<'_>] = &[
        (&["-h"], 0, &["Usage: warroom", "--read-only", "doctor"], &[]),
        (&["--help"], 0, &["Exit codes", "never the current folder"], &[]),
        (&["--version"], 0, &[concat!("warroom ", env!("CARGO_PKG_VERSION"))], &[]),
        (&["init", "-h"], 0, &["--prometheus", "--write"], &[]),
        (&["completions", "bash"], 0, &["complete -F"], &[]),
        (&["completions", "zsh"], 0, &["#compdef warroom"], &[]),
        (&["completions", "fish"], 0, &["complete -c warroom"], &[]),
        (&["completions", "tcsh"], 64, &[], &["tcsh"]),
        (&["man"], 0, &[".TH warroom", "doctor"], &[]),
        (&["--frobnicate"], 64, &[], &["--frobnicate"]),
        (&["check", "a", "b"], 64, &[], &["unexpected argument"]),
        (&["statsu"], 64, &[], &["there is no command \"statsu\""]),
        (&["ftp://h"], 64, &[], &["write http://HOST:PORT"]),
        (&["http://me:hush@h"], 64, &[], &["auth table"]),
        (&["init"], 64, &[], &["URL"]),
        (&["init", "http://"], 64, &[], &["is no URL"]),
        (&["init", "--prometheus", "nowhere.yml"], 66, &[], &["cannot read nowhere.yml"]),
        (&["init", "--prometheus", &evil], 65, &[], &["map with scrape_configs"]),
        (&["validate", &good], 0, &["1 service, 1 poll, no problems"], &[]),
        (&["validate", &bad], 78, &[], &["bad.toml:3:", "helth", "did you mean \"health\"", "1 problem in"]),
        (&["validate", "nowhere.toml"], 78, &[], &["cannot find the configuration"]),
        (&["config", "path"], 66, &[], &["no configuration was found", "/etc/warroom/config.toml"]),
        (&["http://h", "status"], 64, &[], &["in front of a command"]),
        (&["-c", &good, "config", "path"], 0, &["good.toml"], &[]),
        (&["config", "print"], 0, &["#[service.", "schema = 1"], &[]),
        (&["config", "schema"], 0, &["\"$schema\""], &[]),
        (&[], 66, &[], &["no configuration was found", "warroom demo"]),
        (&["status"], 66, &[], &["no configuration was found"]),
        (&["check"], 3, &["WARROOM UNKNOWN - no configuration was found"], &[]),
        (&["check", "-c", &bad], 3, &["WARROOM UNKNOWN - 1 problem"], &[]),
        (&["check", "-c", &good, "till"], 3, &["there is no service \"till\""], &[]),
        (&["doctor", "-c", &bad], 78, &["helth", "configuration"], &[]),
    ];
    for row in rows {
        check(&home, *row);
    }
}

#[test]
fn what_services_say_becomes_states_and_exit_codes() {
    let home = Home::new();
    let (well, ailing) = (service(WELL), service(AILING));
    let file = |name: &str, url: &str| home.file(&format!("{name}.toml"), &configured(name, url));
    let (up, slow) = (file("up", &well.url("")), file("slow", &ailing.url("")));
    let gone = file("gone", &format!("http://{}", closed()));
    let rows: &[Row<'_>] = &[
        (&["check", "-c", &up], 0, &["WARROOM OK - "], &[]),
        (&["check", "-c", &slow], 1, &["WARROOM WARNING - "], &[]),
        (&["check", "-c", &gone], 2, &["WARROOM CRITICAL - ", "gone"], &[]),
        (&["status", "-c", &up], 0, &["up ", "SERVICE"], &[]),
        (&["status", "-c", &gone], 0, &["connection refused"], &[]),
        (&["-c", &up], 0, &["SERVICE"], &[]),
        (
            &["doctor", "-c", &up, "--theme", "light"],
            0,
            &["✓ up", "--theme", "--config", "state folder", "UTF-8"],
            &[],
        ),
        (
            &["doctor", "--ascii", "-c", &gone],
            69,
            &["x gone", "connection refused", "-> start the service"],
            &[],
        ),
    ];
    for row in rows {
        check(&home, *row);
    }
    for (arguments, code, pointer, expected) in [
        (&["status", "-o", "json", "-c", &up][..], 0, "/services/0/state", "\"up\""),
        (&["status", "-o", "json", "-c", &up], 0, "/schema", "1"),
        (&["status", "-o", "json", "-c", &gone], 0, "/counts/down", "1"),
        (&["doctor", "-o", "json", "-c", &gone], 69, "/targets/0/state", "\"down\""),
        (&["doctor", "-o", "json", "-c", &gone], 69, "/schema", "1"),
        (&["action", "list", "-o", "json", "-c", &up], 0, "/schema", "1"),
        (&["doctor", "-o", "json", "-c", &up], 0, "/configuration/candidates/0/used", "true"),
    ] {
        let (out, _) = home.run(arguments, code);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value.pointer(pointer).unwrap().to_string(), expected, "{arguments:?} {pointer}");
    }
}

#[test]
fn the_doctor_tells_of_secrets_without_telling_them_and_stays_within_the_page() {
    let home = Home::new();
    let fake = service(WELL);
    let text = format!(
        "auth.a = {{ bearer = [\"env:SET\", \"env:UNSET\", \"file:open\"] }}\n{}auth = \"a\"\n",
        configured("shop", &fake.url(""))
    );
    home.file("open", "hunter2");
    let file = home.file("c.toml", &text);
    let arguments = ["doctor", "-c", &file];
    let output =
        home.command(&arguments).env("SET", "hunter2").env("WARROOM_THEME", "mono").output().unwrap();
    let (out, _) = home.ended(&output, &arguments, 69);
    for part in ["✓ env:SET", "✗ env:UNSET", "is not set", "chmod 600", "auth.a", "WARROOM_THEME", "✓ shop"]
    {
        assert!(out.contains(part), "no {part} in\n{out}");
    }
    assert!(!out.contains("hunter2"), "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_is_behind_urls_is_shown_and_written_down() {
    let home = Home::new();
    let (fake, locked) = (service(WELL), serve(|_| Act::Send(http("401 Unauthorized", "", b""))));
    let bare = serve(|_| Act::Send(http("404 Not Found", "", b"")));
    let (url, shut, bare, gone) = (fake.url(""), locked.url(""), bare.url(""), closed());
    let (cache, database) = (redis(), postgres());
    let port = url.rsplit(':').next().unwrap().to_owned();
    check(
        &home,
        (
            &[url.as_str(), &gone],
            0,
            &["up ", &port, "down ", "connection refused"],
            &["warning: ", "connection refused"],
        ),
    );
    let written = home.0.path().join("new.toml").display().to_string();
    let arguments = ["init", &url, &shut, &bare, &gone, &cache, &database];
    let (out, err) = home.run(&arguments, 0);
    for part in [
        "preset = \"hashinsight\"",
        &format!("# /health/detailed: HTTP 200, {} bytes; healthy, 2 components", WELL.len()),
        "path = \"/metrics\" }",
        "# /metrics: HTTP 200, ",
        "2 series",
        "kind = \"breakers\"",
        "# Version 2.0.0 ",
        "wants credentials",
        "on none of the usual paths",
        "connection refused",
        "kind = \"redis\"",
        "PostgreSQL (told by its answer), no exporter",
    ] {
        assert!(out.contains(part), "no {part} in\n{out}");
    }
    assert!(err.contains("warning: ") && err.contains("next: "), "{err}");
    let config = load(&[Source { name: "written".to_owned(), text: out.clone() }]).unwrap();
    assert_eq!(config.services.len(), 6);
    // The file is the owner's alone, is what was printed, and is not written twice.
    let arguments = ["init", &url, "--write", &written];
    check(&home, (&arguments, 0, &[], &["wrote ", "warroom validate"]));
    check(&home, (&["validate", &written], 0, &["1 service, 3 polls, no problems"], &[]));
    check(&home, (&arguments, 73, &[], &["exists already"]));
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&written).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    check(&home, (&["init", &url, "--write", "none/new.toml"], 73, &[], &["cannot write none/new.toml"]));
    // Nothing but GET was sent.
    assert!(fake.requests().iter().all(|request| request.starts_with("GET ")));
}

/// The `prometheus.yml` of the contract, with the hosts that are given.
fn contract(hosts: [&str; 4]) -> String {
    let mut text =
        "global:\n  scrape_interval: 15s\nrule_files:\n  - alert_rules.yml\nscrape_configs:\n".to_owned();
    let jobs =
        [("sparkle-backend", "10s"), ("sparkle-gateway", "10s"), ("postgres", "30s"), ("redis", "15s")];
    for ((job, interval), host) in jobs.into_iter().zip(hosts) {
        let _ = write!(
            text,
            "  - job_name: {job}\n    scrape_interval: {interval}\n    static_configs:\n      - targets: ['{host}']\n"
        );
    }
    text
}

#[test]
fn a_prometheus_yml_is_imported_and_says_what_is_no_exporter() {
    let home = Home::new();
    let (backend, cache, database) = (service(WELL), redis(), postgres());
    let address = backend.address.to_string();
    let gone = closed();
    for (hosts, how) in [
        ([address.as_str(), &gone, &database, &cache], "told by its answer"),
        // Names that only the other side's network resolves.
        (
            ["backend.invalid:8000", "gateway.invalid:8080", "postgres.invalid:5432", "redis.invalid:6379"],
            "told by its port",
        ),
    ] {
        let file = home.file("prometheus.yml", &contract(hosts));
        let (out, err) = home.run(&["init", "--prometheus", &file], 0);
        let config = load(&[Source { name: "imported".to_owned(), text: out.clone() }]).unwrap();
        let polls: Vec<String> = config
            .services
            .values()
            .map(|service| {
                let last = service.polls.last().unwrap();
                let interval = config.poll_pace(service, last).interval.as_secs();
                format!("{} {} {interval}s", service.job(), last.kind.word())
            })
            .collect();
        let expected = [
            "postgres tcp 30s",
            "redis redis 15s",
            "sparkle-backend metrics 10s",
            "sparkle-gateway metrics 10s",
        ];
        assert_eq!(polls, expected, "{out}");
        for what in ["PostgreSQL", "Redis"] {
            assert!(out.contains(&format!("{what} ({how}), no exporter")), "{out}");
            assert!(err.contains(&format!("is {what}, no exporter")), "{err}");
        }
        assert!(out.contains("alert_rules.yml") && out.contains("could not be asked now: "), "{out}");
    }
}

#[test]
fn a_reader_that_goes_away_and_a_dumb_terminal_are_no_errors() {
    let home = Home::new();
    let mut child =
        home.command(&["config", "print"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    home.ended(&output, &["config", "print"], 0);
    assert!(output.stderr.is_empty(), "{output:?}");

    let fake = service(WELL);
    let file = home.file("c.toml", &configured("shop", &fake.url("")));
    let arguments = ["-c", &file];
    let output = home.command(&arguments).env("TERM", "dumb").output().unwrap();
    let (out, _) = home.ended(&output, &arguments, 0);
    assert!(out.contains("SERVICE") && !out.contains('\u{1b}'), "{out}");
    assert!(Path::new(&file).exists());
}
