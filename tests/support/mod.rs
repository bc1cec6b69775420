//! Fake services over real sockets, and a poller to point at them.
#![expect(clippy::disallowed_methods, reason = "the servers of a test run on threads of their own")]
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fake service that cannot start fails its test"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use warroom::config::poll::{HealthShape, PollKind, Workers};
use warroom::io::poll::{Message, Poller, Setup};
use warroom::labels::Labels;
use warroom::target::{Keep, Route, ScrapeReport, Target, TargetId};

/// One request as a fake service sees it.
pub struct Request {
    /// Method, path and headers, lower-cased names.
    pub head: String,
    /// The body, if a length was given.
    pub body: String,
    /// How many requests came before, over all connections.
    pub nth: usize,
}

impl Request {
    /// The path.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("")
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What a fake service does.
pub enum Act {
    /// Sends and waits for the next request.
    Send(Vec<u8>),
    /// Sends and closes.
    Close(Vec<u8>),
    /// Sends and never again, but keeps the connection.
    Hang(Vec<u8>),
    /// Sends the same bytes again and again until the client has had enough.
    Forever(Vec<u8>, Vec<u8>),
    /// Sends the first, then one byte of the second at a time, slowly.
    Drip(Vec<u8>, Vec<u8>, Duration),
}

/// A fake service.
pub struct Fake {
    /// Where it listens.
    pub address: SocketAddr,
    /// Every request's head and body.
    pub seen: Arc<Mutex<Vec<String>>>,
    /// Connections accepted.
    pub connections: Arc<AtomicUsize>,
}

impl Fake {
    /// Its URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// A stream that may be wrapped in TLS.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Starts a plain service.
pub fn serve(answer: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Fake {
    serve_over(|stream| Some(Box::new(stream)), answer)
}

/// Starts a service whose connections go through `wrap` first.
pub fn serve_over(
    wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
    answer: impl Fn(&Request) -> Act + Send + Sync + 'static,
) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
    let fake = Fake { address, seen: Arc::clone(&seen), connections: Arc::clone(&connections) };
    let (wrap, answer) = (Arc::new(wrap), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            connections.fetch_add(1, Ordering::SeqCst);
            let (wrap, answer, seen) = (Arc::clone(&wrap), Arc::clone(&answer), Arc::clone(&seen));
            std::thread::spawn(move || {
                if let Some(stream) = wrap(stream) {
                    talk(stream, &*answer, &seen);
                }
            });
        }
    });
    fake
}

fn talk(stream: Box<dyn Stream>, answer: &dyn Fn(&Request) -> Act, seen: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = read_request(&mut stream) {
        let request = {
            let mut seen = seen.lock().unwrap();
            seen.push(format!("{head}\n{body}"));
            Request { head, body, nth: seen.len() - 1 }
        };
        let out = stream.get_mut();
        match answer(&request) {
            Act::Send(bytes) => {
                if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
            Act::Close(bytes) => {
                let _ = out.write_all(&bytes).and_then(|()| out.flush());
                return;
            }
            Act::Hang(bytes) => {
                let _ = out.write_all(&bytes).and_then(|()| out.flush());
                while matches!(out.read(&mut [0; 4096]), Ok(count) if count > 0) {} // until the client closes
                return;
            }
            Act::Forever(head, bytes) => {
                let _ = out.write_all(&head);
                while out.write_all(&bytes).is_ok() {}
                return;
            }
            Act::Drip(head, bytes, pause) => {
                let _ = out.write_all(&head).and_then(|()| out.flush());
                for byte in bytes {
                    if out.write_all(&[byte]).and_then(|()| out.flush()).is_err() {
                        return;
                    }
                    std::thread::sleep(pause); // the fault itself: a server that drips
                }
                return;
            }
        }
    }
}

fn read_request(stream: &mut impl BufRead) -> Option<(String, String)> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some((name, value)) if !head.is_empty() => {
                head.extend([&name.to_ascii_lowercase(), ": ", value, "\n"]);
            }
            _ => head.extend([line, "\n"]),
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}

/// An HTTP/1.1 answer with a length.
pub fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A 200 of JSON.
pub fn json(body: &str) -> Vec<u8> {
    http("200 OK", "content-type: application/json\r\n", body.as_bytes())
}

/// A 200 of Prometheus text.
pub fn metrics(body: &[u8]) -> Vec<u8> {
    http("200 OK", "content-type: text/plain; version=0.0.4\r\n", body)
}

/// A health poll of this URL.
pub fn health(id: u32, url: &str) -> Target {
    target(id, url, PollKind::Health(HealthShape::Auto))
}

/// A metrics poll of this URL.
pub fn scrape(id: u32, url: &str) -> Target {
    target(id, url, PollKind::Metrics { workers: Workers::Auto })
}

/// Any poll of this URL: each second, half a second at most.
pub fn target(id: u32, url: &str, kind: PollKind) -> Target {
    let url = url::Url::parse(url).unwrap();
    let instance = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap_or(0));
    Target {
        id: TargetId(id),
        service: "svc".into(),
        poll: format!("poll-{id}").into(),
        labels: Labels::from_pairs([("job", "svc"), ("instance", &instance)]),
        instance: instance.into(),
        url,
        kind,
        interval: Duration::from_secs(1),
        timeout: Duration::from_millis(800),
        auth: None,
        headers: Vec::new(),
        route: Arc::new(Route::default()),
        keep: Arc::new(Keep::All),
    }
}

/// A poller and what it says.
pub struct Watch {
    /// The poller.
    pub poller: Poller,
    messages: mpsc::Receiver<Message>,
    runtime: tokio::runtime::Runtime,
    waiting: Vec<ScrapeReport>,
}

impl Watch {
    /// Polls these targets.
    pub fn start(targets: Vec<Target>) -> Self {
        let (sender, messages) = mpsc::channel(64);
        let poller = Poller::start(sender).unwrap();
        poller.configure(Setup { targets, generation: 1, references: Vec::new(), ..Setup::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { poller, messages, runtime, waiting: Vec::new() }
    }

    /// The next message.
    pub fn message(&mut self) -> Message {
        let next = self.messages.recv();
        self.runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(30), next).await })
            .expect("a message within half a minute")
            .expect("the poller lives")
    }

    /// The next report of this target; those of others are kept.
    pub fn report(&mut self, id: u32) -> ScrapeReport {
        loop {
            if let Some(found) = self.waiting.iter().position(|report| report.target == TargetId(id)) {
                return self.waiting.remove(found);
            }
            if let Message::Reports(reports) = self.message() {
                self.waiting.extend(reports);
            }
        }
    }
}

/// The value of the first sample of this name.
pub fn value(report: &ScrapeReport, name: &str) -> Option<f64> {
    report.samples.iter().find(|sample| sample.labels.name() == Some(name)).map(|sample| sample.value)
}

/// A fake Redis: commands as text, and what is answered.
pub fn redis(script: &[(&str, &str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script: Vec<(String, String)> =
        script.iter().map(|(command, answer)| ((*command).to_owned(), (*answer).to_owned())).collect();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            while let Some(command) = read_command(&mut stream) {
                let found = script.iter().find(|(known, _)| *known == command);
                let answer = found.map_or("-ERR unknown\r\n", |(_, answer)| answer);
                if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    address
}

fn read_command(stream: &mut impl BufRead) -> Option<String> {
    let mut line = || {
        let mut line = String::new();
        (stream.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let count: usize = line()?.strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        line()?;
        words.push(line()?);
    }
    Some(words.join(" "))
}
