//! Many targets on loopback, for measuring what the dashboard costs: `load_fleet json 100 1s` or
//! `load_fleet metrics 1000 15s`. It binds a port for each target, prints a configuration for them, and serves until
//! it is ended. Run it apart from the dashboard, so that only the dashboard is measured:
//!
//! ```text
//! load_fleet metrics 1000 15s > load.toml &
//! warroom --config load.toml
//! ```
//!
//! `json`: each target answers 300 bytes of health with numbers. `metrics`: each answers 58 KB in the manner of a
//! node exporter; the configuration's expressions ask for 20 of its metric names.

#![expect(clippy::disallowed_methods, reason = "a server to measure against starts tasks")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How many targets make one service.
const INSTANCES: usize = 5;
/// The size of a node exporter's answer.
const BODY: usize = 58 * 1024;
/// The metric names that the configuration's expressions ask for.
const ASKED: usize = 20;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Json,
    Metrics,
}

#[expect(clippy::print_stderr, reason = "a command says how it is used on standard error")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match args.as_slice() {
        [kind, count, interval] => match (kind.as_str(), count.parse::<usize>()) {
            ("json", Ok(count)) => Some((Kind::Json, count, interval)),
            ("metrics", Ok(count)) => Some((Kind::Metrics, count, interval)),
            _ => None,
        },
        _ => None,
    };
    let Some((kind, count, interval)) = parsed else {
        eprintln!("usage: load_fleet json|metrics COUNT INTERVAL");
        return ExitCode::from(64);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve(kind, count, interval))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load_fleet: {error} (is the limit of open files above {}?)", 2 * count + 20);
            ExitCode::FAILURE
        }
    }
}

async fn serve(kind: Kind, count: usize, interval: &str) -> std::io::Result<()> {
    let mut ports = Vec::new();
    let answered = Arc::new(AtomicU64::new(0));
    for _ in 0..count {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port());
        tokio::spawn(accept(listener, kind, Arc::clone(&answered)));
    }
    let mut out = std::io::stdout().lock();
    out.write_all(config(kind, &ports, interval).as_bytes())?;
    out.flush()?;
    drop(out);
    std::future::pending().await
}

async fn accept(listener: TcpListener, kind: Kind, answered: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(talk(stream, kind, Arc::clone(&answered)));
    }
}

/// Requests have no body and one answer each: a blank line is an end.
async fn talk(mut stream: TcpStream, kind: Kind, answered: Arc<AtomicU64>) {
    let _ = stream.set_nodelay(true);
    let mut head = Vec::new();
    loop {
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await {
            Ok(read @ 1..) => head.extend_from_slice(&chunk[..read]),
            _ => return,
        }
        if !head.ends_with(b"\r\n\r\n") {
            if head.len() > 64 * 1024 {
                return;
            }
            continue;
        }
        head.clear();
        let nth = answered.fetch_add(1, Ordering::Relaxed);
        let (kind, body) = match kind {
            Kind::Json => ("application/json", health(nth)),
            Kind::Metrics => ("text/plain; version=0.0.4", metrics(nth)),
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn health(nth: u64) -> String {
    format!(
        "{{\"status\":\"healthy\",\"version\":\"1.42.0\",\"uptime_seconds\":{nth},\"components\":{{\"database\":\
         {{\"status\":\"healthy\",\"latency_ms\":{}}},\"cache\":{{\"status\":\"healthy\",\"latency_ms\":{}}},\
         \"broker\":{{\"status\":\"healthy\"}}}},\"requests\":{{\"total\":{nth},\"active\":{},\"failed\":0}}}}",
        nth % 17,
        nth % 5,
        nth % 29
    )
}

/// Counters that grow, most of them never asked for: `load_0_total` to `load_19_total` are.
fn metrics(nth: u64) -> String {
    let mut body = String::with_capacity(BODY + 256);
    let mut family = 0;
    while body.len() < BODY {
        let _ = write!(
            body,
            "# HELP load_{family}_total Something that is counted, number {family}.\n# TYPE load_{family}_total counter\n"
        );
        for (device, mode) in [("sda", "read"), ("sda", "write"), ("sdb", "read"), ("sdb", "write")] {
            let value = nth * 3 + family;
            let _ = writeln!(body, "load_{family}_total{{device=\"{device}\",mode=\"{mode}\"}} {value}");
        }
        family += 1;
    }
    body
}

fn config(kind: Kind, ports: &[u16], interval: &str) -> String {
    let mut out =
        format!("schema = 1\ndefaults.poll = {{ interval = \"{interval}\", timeout = \"900ms\" }}\n");
    if kind == Kind::Metrics {
        out.push_str("defaults.window = \"1m\"\n");
    }
    let instances = if kind == Kind::Json { 1 } else { INSTANCES };
    for (service, ports) in ports.chunks(instances).enumerate() {
        let urls: Vec<String> = ports.iter().map(|port| format!("\"http://127.0.0.1:{port}\"")).collect();
        let _ = write!(out, "\n[service.load{service:04}]\ninstances = [{}]\n", urls.join(", "));
        match kind {
            Kind::Json => out.push_str("poll.health = { kind = \"health\", path = \"/health\" }\n"),
            Kind::Metrics => {
                let sum = |metrics: std::ops::Range<usize>| {
                    let terms: Vec<String> = metrics
                        .map(|metric| format!("sum(rate(load_{metric}_total[{{{{.window}}}}]))"))
                        .collect();
                    terms.join(" + ")
                };
                let (third, two) = (ASKED / 3, 2 * ASKED / 3);
                let _ = write!(
                    out,
                    "poll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }}\nsignals.requests = '{}'\n\
                     signals.errors = '({}) / 1000000'\nsignals.latency = '({}) / 1000'\n",
                    sum(0..third),
                    sum(third..two),
                    sum(two..ASKED)
                );
            }
        }
    }
    out
}
