//! The real `warroom serve` over a fake service, and a small HTTP client that says exactly what it sends.
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a helper of tests may fail, write files and start the binary"
)]

use crate::support::{Act, Fake, Request, metrics, serve};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than any step takes, on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A service with counters and a histogram, a home, and a configuration.
pub struct Home {
    /// Where everything lies.
    pub folder: tempfile::TempDir,
    service: Fake,
}

/// What the fake service tells after so many requests.
fn page(nth: usize) -> String {
    let count = nth * 10;
    format!(
        "# TYPE shop_requests_total counter\n\
         shop_requests_total{{status=\"200\",path=\"/a \\\"b\\\" <c>\"}} {count}\n\
         shop_requests_total{{status=\"500\"}} {nth}\n\
         # TYPE shop_seconds histogram\n\
         shop_seconds_bucket{{le=\"0.1\"}} {nth}\nshop_seconds_bucket{{le=\"1\"}} {}\nshop_seconds_bucket{{le=\"+Inf\"}} {count}\n\
         shop_seconds_sum {nth}\nshop_seconds_count {count}\n\
         # TYPE shop_odd gauge\nshop_odd{{kind=\"nan\"}} NaN\nshop_odd{{kind=\"inf\"}} +Inf\nshop_odd{{kind=\"small\"}} 1e-9\n\
         unasked_for 1\n",
        nth * 8
    )
}

const RULES: &str = r"groups:
- name: shop
  interval: 1s
  rules:
  - {record: 'shop:rate', expr: 'sum(rate(shop_requests_total[30s]))', labels: {team: core}}
  - {alert: ShopIsThere, expr: 'shop_requests_total >= 0', for: 0s, labels: {severity: warning}, annotations: {summary: 'the shop {{ $labels.status }}'}}
  - {alert: ShopIsGone, expr: 'absent(shop_requests_total)', for: 1h, labels: {severity: critical}}
  - {record: 'shop:odd', expr: 'shop_odd + on(kind) shop_seconds_sum'}
  - {record: 'shop:p50', expr: 'histogram_quantile(0.5, sum by (le) (rate(shop_seconds_bucket[30s])))'}
";

impl Home {
    /// With these lines more in the configuration.
    pub fn new(more: &str) -> Self {
        let service = serve(move |request: &Request| Act::Send(metrics(page(request.nth + 1).as_bytes())));
        let folder = tempfile::Builder::new().prefix("serve").tempdir().unwrap();
        let home = Self { folder, service };
        home.write("rules.yml", RULES);
        home.write("config.toml", &home.config(more));
        home
    }

    /// The configuration with these lines more.
    pub fn config(&self, more: &str) -> String {
        let url = self.service.url("");
        format!(
            r#"defaults.poll = {{ interval = "1s", timeout = "1s" }}
serve.listen = "127.0.0.1:0"
rules.shop = {{ files = ["rules.yml"] }}
service.shop = {{ instances = ["{url}"], poll.metrics = {{ kind = "metrics", path = "/metrics" }} }}
{more}
"#
        )
    }

    /// Writes a file that nobody else can read.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.folder.path().join(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The binary with these arguments, in this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(arguments).args(["-c", "config.toml", "--state"]).arg(self.state());
        command.env_clear().env("HOME", self.folder.path()).env("PATH", "/usr/bin:/bin");
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Exit code, standard output, standard error.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// A server that listens.
    pub fn serve(&self, arguments: &[&str]) -> Served {
        self.serve_with(arguments, &[])
    }

    /// The same, with these variables.
    pub fn serve_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Served {
        let arguments: Vec<&str> = ["serve"].iter().chain(arguments).copied().collect();
        let mut child = self
            .command(&arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for reader in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(reader).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        let address = ([127, 0, 0, 1], 0).into();
        let mut served = Served { child, lines, url: String::new(), address, token: None };
        let line = served.says("listening on ");
        line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().clone_into(&mut served.url);
        served.address = served.url.split("://").nth(1).unwrap().parse().unwrap();
        served
    }
}

/// A running server, which does not outlive its test.
pub struct Served {
    child: Child,
    lines: Receiver<String>,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What is sent as a bearer.
    pub token: Option<String>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body; chunks put together.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends these bytes and reads the answers' bytes until the other side closes or is silent.
pub fn raw(address: SocketAddr, bytes: &[u8], silence: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(silence)).unwrap();
    let _ = stream.write_all(bytes);
    let mut out = Vec::new();
    let _ = stream.read_to_end(&mut out);
    out
}

/// Takes an answer apart that was read to the end of its connection.
pub fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[end + 4..].to_vec() }
}

impl Served {
    /// The next line that contains `what`.
    pub fn says(&self, what: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(what) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line says {what:?} ({error}): {seen:#?}"),
            }
        }
    }

    /// One request with these headers, each ended by CR and LF; the connection is closed behind it.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let token = self.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}{headers}{length}\r\n",
            self.address,
            token.unwrap_or_default()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        parse(&raw(self.address, &bytes, PATIENCE))
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", b"")
    }

    /// POST of a form.
    pub fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.request("POST", path, "content-type: application/x-www-form-urlencoded\r\n", body.as_bytes())
    }

    /// Waits until an instant query has a result; its `result`.
    pub fn waits_for(&self, expr: &str) -> serde_json::Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.form("/api/v1/query", &[("query", expr)]).json();
            let result = &answer["data"]["result"];
            if result.as_array().is_some_and(|all| !all.is_empty()) {
                return result.clone();
            }
            assert!(Instant::now() < until, "{expr}: {answer}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits for the end; the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
