//! A real Alertmanager on loopback: alerts are posted to it as Prometheus does.

#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a test stops where its server does"
)]

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// The running server; it ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `inhibit`: a firing alert `Cause` holds `Effect` back. Groups are by name.
const CONFIG: &str = r#"
route: { receiver: nobody, group_by: [alertname], group_wait: 1s, group_interval: 1s }
receivers: [{ name: nobody }]
inhibit_rules: [{ source_matchers: ['alertname="Cause"'], target_matchers: ['alertname="Effect"'] }]
"#;

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    /// Starts one. Nothing if none is installed.
    pub fn start() -> Option<Self> {
        Self::start_in_cluster(None).map(|(server, _)| server)
    }

    /// Starts a member of the cluster that another member, at this gossip port, is in; with its own gossip port.
    pub fn start_in_cluster(other: Option<u16>) -> Option<(Self, u16)> {
        let program = ["prometheus-alertmanager", "alertmanager"]
            .into_iter()
            .find(|program| Command::new(program).arg("--version").output().is_ok())?;
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("am.yml");
        std::fs::write(&config, CONFIG).unwrap();
        let (port, gossip) = (free(), free());
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--cluster.listen-address=127.0.0.1:{gossip}"))
            .arg(format!("--cluster.advertise-address=127.0.0.1:{gossip}"))
            .arg("--cluster.settle-timeout=1s");
        if let Some(other) = other {
            command.arg(format!("--cluster.peer=127.0.0.1:{other}"));
        }
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().ok()?;
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let (mut line, mut seen) = (String::new(), String::new());
        while !line.contains("Listening on") && !line.contains("address=") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "alertmanager ended: {seen}");
            seen.push_str(&line);
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some((Self { child, port, _folder: folder }, gossip))
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Posts alerts that began a minute ago: their labels. `firing` or over.
    pub fn post(&self, alerts: &[Value], firing: bool) {
        let now = jiff::Timestamp::now();
        let ends = if firing { now + jiff::SignedDuration::from_mins(5) } else { now };
        let body: Vec<Value> = alerts
            .iter()
            .map(|labels| {
                json!({
                    "labels": labels,
                    "annotations": { "summary": "made by a test" },
                    "startsAt": (now - jiff::SignedDuration::from_mins(1)).to_string(),
                    "endsAt": ends.to_string(),
                })
            })
            .collect();
        let answer = self.request("POST", "/api/v2/alerts", &Value::from(body).to_string());
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    /// A plain exchange: head and body of the answer.
    pub fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// A JSON document.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.request("GET", path, "");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}
