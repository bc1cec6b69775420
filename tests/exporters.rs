//! Real exporters, scraped by warroom itself and by a real Prometheus: the same numbers either way.
//!
//! Needs `prometheus`, `prometheus-node-exporter`, `redis-server` and `prometheus-redis-exporter`; where one is missing the
//! test says so in a line. `WARROOM_REQUIRE_REAL=1` makes that an error.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and start programs")]

#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "support/skip.rs"]
mod skip;

use prometheus::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that ends with this value.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a program and waits until it says `ready`; nothing if it is not installed.
fn start(name: &str, arguments: &[String], ready: &str) -> Option<Program> {
    let child =
        Command::new(name).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let mut program = Program(child);
    // Some talk on one of both, some on the other.
    let (out, err) = (program.0.stdout.take().unwrap(), program.0.stderr.take().unwrap());
    let (said, hear) = std::sync::mpsc::channel();
    for stream in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
        let said = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
    }
    drop(said);
    let mut seen = Vec::new();
    loop {
        match hear.recv_timeout(Duration::from_secs(20)) {
            Ok(line) if line.contains(ready) => return Some(program),
            Ok(line) => seen.push(line),
            Err(error) => panic!("{name} is not ready ({error}): {seen:#?}"),
        }
    }
}

/// What both sides scrape, and the server that scrapes it.
struct Fleet {
    node: u16,
    redis: u16,
    server: Server,
    _programs: Vec<Program>,
}

fn fleet() -> Option<Fleet> {
    let (node, redis, store) = (free_port(), free_port(), free_port());
    let mut programs = vec![start(
        "prometheus-node-exporter",
        &[format!("--web.listen-address=127.0.0.1:{node}")],
        "Listening on",
    )?];
    let arguments = ["--port", &store.to_string(), "--save", "", "--bind", "127.0.0.1"].map(str::to_owned);
    programs.push(start("redis-server", &arguments, "Ready to accept")?);
    let mut stream = TcpStream::connect(("127.0.0.1", store)).unwrap();
    stream.write_all(b"MSET a 1 b 2 c 3\r\nLPUSH celery x y\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("+OK"), "{answer}");
    programs.push(start(
        "prometheus-redis-exporter",
        &[
            format!("--redis.addr=redis://127.0.0.1:{store}"),
            format!("--web.listen-address=127.0.0.1:{redis}"),
            "--check-single-keys=db0=celery".to_owned(),
        ],
        "Providing metrics at",
    )?);
    let server = Server::scraping(&[("node", node), ("redis", redis)])?;
    Some(Fleet { node, redis, server, _programs: programs })
}

/// The answer of `warroom query`: labels as JSON -> value.
fn query(config: &Path, expr: &str, backend: bool) -> BTreeMap<String, f64> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(["query", expr, "-o", "json", "--config"]).arg(config);
    command.env("WARROOM_STATE", config.parent().unwrap().join("state"));
    if backend {
        command.args(["--backend", "prom"]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{expr}: {said}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let element = |element: &Value| {
        let value: f64 = element["value"][1].as_str().unwrap().parse().unwrap();
        (element["metric"].to_string(), value)
    };
    answer["result"].as_array().unwrap_or_else(|| panic!("{expr}: {answer}")).iter().map(element).collect()
}

/// Figures that stand still while both sides look, and how many series they have at least.
const EXPRS: [(&str, usize); 7] = [
    ("up", 2),
    ("{__name__=~\"node_(boot_time_seconds|memory_MemTotal_bytes|uname_info|exporter_build_info)\"}", 4),
    ("count by (job, mode) (node_cpu_seconds_total)", 8),
    ("{__name__=~\"redis_(up|config_maxclients|db_keys|key_size|exporter_build_info)\"}", 5),
    ("sum by (instance) (redis_db_keys) / on () group_left () count(up == 1)", 1),
    ("redis_key_size{key=\"celery\"} > 1", 1),
    ("absent(redis_db_keys{db=\"db99\"})", 1),
];

#[test]
fn real_exporters_give_the_same_numbers_scraped_or_asked_for() {
    let Some(fleet) = fleet() else {
        skip::skipped("prometheus, prometheus-node-exporter, redis-server or prometheus-redis-exporter");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let service = |name: &str, port: u16| {
        format!(
            "[service.{name}]\ninstances = [\"http://127.0.0.1:{port}\"]\nlabels = {{ job = \"{name}\" }}\n\
             poll.metrics = {{ kind = \"metrics\", interval = \"1s\", timeout = \"1s\" }}\n"
        )
    };
    let text = format!(
        "schema = 1\nbackend.prom = {{ kind = \"prometheus\", url = \"http://127.0.0.1:{}\" }}\n{}{}",
        fleet.server.port(),
        service("node", fleet.node),
        service("redis", fleet.redis)
    );
    std::fs::write(&config, text).unwrap();
    // Its scrapes cannot be awaited from outside: it is asked until it has made one of each.
    let until = Instant::now() + Duration::from_secs(30);
    while fleet.server.ask("query", &[("query", "count(up == 1) == 2")])["data"]["result"]
        == Value::Array(vec![])
    {
        assert!(Instant::now() < until, "the server does not scrape");
        std::thread::sleep(Duration::from_millis(50));
    }
    for (expr, least) in EXPRS {
        let (embedded, asked) = (query(&config, expr, false), query(&config, expr, true));
        assert!(embedded.len() >= least, "{expr}: {embedded:#?}");
        assert_eq!(
            embedded.keys().collect::<Vec<_>>(),
            asked.keys().collect::<Vec<_>>(),
            "{expr}: the same series"
        );
        for (labels, value) in &embedded {
            let other = asked[labels];
            assert!((value - other).abs() <= 1e-6 * value.abs().max(1.0), "{expr} {labels}: {value} {other}");
        }
    }
}
