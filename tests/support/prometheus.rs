//! A real Prometheus on loopback, filled with samples, asked over its HTTP API.

#![expect(clippy::unwrap_used, reason = "a test stops where its server does")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use warroom::labels::Labels;

/// The running server; it ends with this value.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server with these samples: labels, milliseconds, value. Nothing if it is not installed.
    #[allow(dead_code, reason = "the benchmark of rules shares this file and starts one with rules")]
    pub(crate) fn start(samples: &[(Labels, Vec<(i64, f64)>)]) -> Option<Self> {
        Self::start_with_rules(samples, "groups: []\n")
    }

    /// The same server with a rule file.
    #[expect(clippy::disallowed_methods, reason = "a test may start the program that it compares with")]
    pub(crate) fn start_with_rules(samples: &[(Labels, Vec<(i64, f64)>)], rules: &str) -> Option<Self> {
        Command::new("promtool").arg("--version").output().ok()?;
        let folder = tempfile::tempdir().unwrap();
        let (text, data, config) =
            (folder.path().join("data.om"), folder.path().join("tsdb"), folder.path().join("prometheus.yml"));
        std::fs::write(&text, open_metrics(samples)).unwrap();
        std::fs::write(&config, "rule_files: [rules.yml]\n").unwrap();
        std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&text, &data])
            .output()
            .unwrap();
        assert!(made.status.success(), "promtool: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = run(folder.path(), port)?;
        Some(Self { child, port, folder })
    }

    /// Starts an empty server that scrapes these jobs (name, port on loopback) each second.
    #[allow(dead_code, reason = "one test has something to be scraped")]
    #[expect(clippy::disallowed_methods, reason = "a test may start the program that it compares with")]
    pub(crate) fn scraping(jobs: &[(&str, u16)]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut config =
            String::from("global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n");
        for (job, port) in jobs {
            let _ = writeln!(
                config,
                "- {{ job_name: {job}, static_configs: [{{ targets: ['127.0.0.1:{port}'] }}] }}"
            );
        }
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = run(folder.path(), port)?;
        Some(Self { child, port, folder })
    }

    /// Where it listens.
    #[allow(dead_code, reason = "most tests ask through this file")]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it, as a crash would.
    #[allow(dead_code, reason = "few tests kill it")]
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, on the same port and with the same data.
    #[allow(dead_code, reason = "few tests kill it")]
    pub(crate) fn revive(&mut self) {
        self.child = run(self.folder.path(), self.port).unwrap();
    }

    /// The file that the server was filled from, OpenMetrics.
    #[allow(dead_code, reason = "the benchmark shares this file and reads its own samples")]
    pub(crate) fn source(&self) -> std::path::PathBuf {
        self.folder.path().join("data.om")
    }

    /// The body of a page of the server.
    #[allow(dead_code, reason = "only the benchmark of rules reads a page")]
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap()
    }

    /// Posts a form to a route; the answer's JSON.
    #[allow(dead_code, reason = "the benchmark of rules asks nothing")]
    pub(crate) fn ask(&self, route: &str, form: &[(&str, &str)]) -> serde_json::Value {
        let body = self.ask_raw(route, form);
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"))
    }

    /// Posts a form to a route; the answer's body as it came.
    #[allow(dead_code, reason = "the benchmark of rules asks nothing")]
    pub(crate) fn ask_raw(&self, route: &str, form: &[(&str, &str)]) -> String {
        let mut body = String::new();
        for (name, value) in form {
            let _ = write!(body, "{}{name}=", if body.is_empty() { "" } else { "&" });
            for byte in value.bytes() {
                let _ = match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => write!(body, "{}", byte as char),
                    _ => write!(body, "%{byte:02X}"),
                };
            }
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST /api/v1/{route} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        body.to_owned()
    }
}

/// Starts the program in a folder that was made ready; returns once it answers.
#[expect(clippy::disallowed_methods, reason = "a test may start the program that it compares with")]
fn run(folder: &std::path::Path, port: u16) -> Option<Child> {
    let mut child = Command::new("prometheus")
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()))
        .arg("--storage.tsdb.retention.time=100y")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let (mut line, mut seen) = (String::new(), String::new());
    while !line.contains("Server is ready") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "prometheus ended: {seen}");
        seen.push_str(&line);
    }
    // What it says later must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Some(child)
}

fn open_metrics(samples: &[(Labels, Vec<(i64, f64)>)]) -> String {
    let mut sorted: Vec<_> = samples.iter().collect();
    sorted.sort_by(|a, b| a.0.name().cmp(&b.0.name()));
    let mut text = String::new();
    for (labels, points) in sorted {
        let name = labels.name().unwrap_or("");
        let pairs: Vec<String> =
            labels.iter().filter(|(n, _)| *n != "__name__").map(|(n, v)| format!("{n}={v:?}")).collect();
        for (at, v) in points {
            let value = warroom::promql::format_value(*v);
            let _ = writeln!(text, "{name}{{{}}} {value} {}.{:03}", pairs.join(","), at / 1000, at % 1000);
        }
    }
    text.push_str("# EOF\n");
    text
}
