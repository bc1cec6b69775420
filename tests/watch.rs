//! `warroom watch` with the real binary: a service that turns bad and well again, and a sink that counts what it is told.
//!
//! Nothing sleeps: a step waits for a poll to arrive at the service, or for a message to arrive at the sink.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files and start the binary"
)]

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Act, Fake, Request, http, metrics, serve};

/// Longer than any step takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A service, a sink, and a home of their own.
struct Scene {
    home: tempfile::TempDir,
    bad: Arc<AtomicBool>,
    polls: Receiver<bool>,
    told: Receiver<serde_json::Value>,
    _fakes: [Fake; 2],
}

/// Requests of a fake, handed on as they come; a fake's threads share the sender.
fn passing<T: Send + 'static>() -> (Mutex<Sender<T>>, Receiver<T>) {
    let (sender, receiver) = channel();
    (Mutex::new(sender), receiver)
}

impl Scene {
    fn new() -> Self {
        let (polled, polls) = passing();
        let (telling, told) = passing();
        let bad = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&bad);
        let service = serve(move |_: &Request| {
            let now = state.load(Ordering::SeqCst);
            let _ = polled.lock().unwrap().send(now);
            Act::Send(metrics(format!("# TYPE shop_bad gauge\nshop_bad {}\n", i32::from(now)).as_bytes()))
        });
        let sink = serve(move |request: &Request| {
            let _ = telling.lock().unwrap().send(serde_json::from_str(&request.body).unwrap());
            Act::Send(http(if request.path() == "/gone" { "404 Not Found" } else { "200 OK" }, "", b""))
        });
        let home = tempfile::tempdir().unwrap();
        let rules = "groups: [{name: shop, interval: 1s, rules: [{alert: ShopIsBad, expr: shop_bad == 1, labels: {severity: critical}, annotations: {summary: the shop is bad}}]}]\n";
        std::fs::write(home.path().join("rules.yml"), rules).unwrap();
        let all = warroom::rules::builtin::NAMES.map(|name| format!("{name:?}")).join(", ");
        let toml = format!(
            r#"
defaults.poll = {{ interval = "1s", timeout = "900ms" }}
builtin_rules.off = [{all}]
incident.settle = "0s"
rules.shop = {{ files = ["rules.yml"] }}
service.shop = {{ instances = ["{}"], poll.metrics = {{ kind = "metrics", path = "/metrics" }} }}
notify.sink = {{ kind = "webhook", url = "{}" }}
notify.gone = {{ kind = "webhook", url = "{}", services = ["shop"], floor = "P0" }}
"#,
            service.url(""),
            sink.url("/hook"),
            sink.url("/gone"),
        );
        std::fs::write(home.path().join("config.toml"), toml).unwrap();
        Self { home, bad, polls, told, _fakes: [service, sink] }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
        command.args(["watch", "-c", "config.toml", "--state"]).arg(self.state()).args(arguments);
        command.env_clear().env("HOME", self.home.path()).current_dir(self.home.path()).stdin(Stdio::null());
        command
    }

    /// The state folder must be one's own, so it is a folder in the home.
    fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    fn start(&self, arguments: &[&str]) -> Watching {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Watching { child, lines }
    }

    /// Waits for so many polls that are answered from now on with the service's present state.
    fn polled(&self, count: usize) {
        let now = self.bad.load(Ordering::SeqCst);
        while self.polls.try_recv().is_ok() {}
        let mut seen = 0;
        while seen < count {
            let bad = self.polls.recv_timeout(PATIENCE).expect("the service is polled");
            seen += usize::from(bad == now);
        }
    }

    fn turn(&self, bad: bool) {
        self.bad.store(bad, Ordering::SeqCst);
    }

    /// The next message of the sink: what changed, how grave, the incident.
    fn hears(&self) -> (String, String, String) {
        let body = self.told.recv_timeout(PATIENCE).expect("the sink is told");
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        if body["change"] != "test" {
            assert_eq!(
                (text("kind"), text("service"), text("title")),
                ("change".to_owned(), "shop".to_owned(), "the shop is bad".to_owned())
            );
        }
        (text("change"), text("severity"), text("incident"))
    }

    fn has_heard_no_more(&self) {
        assert_eq!(self.told.try_recv().ok(), None);
    }

    /// Has the journal a line about this?
    fn journal_says(&self, what: &str) -> bool {
        std::fs::read_to_string(self.state().join("journal.jsonl")).is_ok_and(|text| text.contains(what))
    }
}

/// A running `warroom watch`, which does not outlive its test.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    /// The next line that contains `what`.
    fn says(&self, what: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line says {what:?}"));
            if line.contains(what) {
                return line;
            }
        }
    }

    /// Sends a signal and waits for the end; the exit code, none if the signal was the end.
    fn ends(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_trouble_is_told_once_and_resolved_once_whatever_happens_to_the_watch() {
    for (signal, code) in [("-TERM", Some(143)), ("-KILL", None)] {
        let scene = Scene::new();
        let watch = scene.start(&[]);
        scene.polled(2);
        scene.has_heard_no_more();

        scene.turn(true);
        let (change, severity, incident) = scene.hears();
        assert_eq!((change.as_str(), severity.as_str()), ("opened", "P1"), "{signal}");
        watch.says("P1 shop: opened - the shop is bad");
        // It stays bad for a while: that is no news.
        scene.polled(3);
        while !scene.journal_says("notification.sent") {
            scene.polled(1);
        }
        scene.has_heard_no_more();
        assert_eq!(watch.ends(signal), code, "{signal}");

        // The next one finds it as it was, and nobody is paged again: the next message is the end of it.
        let watch = scene.start(&[]);
        scene.polled(5);
        scene.turn(false);
        assert_eq!(scene.hears(), ("resolved".to_owned(), "P1".to_owned(), incident.clone()), "{signal}");
        watch.says("resolved");
        scene.polled(3);
        assert_eq!(watch.ends("-TERM"), Some(143));
        scene.has_heard_no_more();

        // Nor does a third one tell what is over.
        let watch = scene.start(&["--for", "3s"]);
        scene.polled(2);
        drop(watch);
        scene.has_heard_no_more();
    }
}

/// Our own fault is told once, at the start, and pages nobody.
#[test]
fn a_secret_that_cannot_be_read_is_told_once_and_is_no_outage() {
    let scene = Scene::new();
    let toml = scene.home.path().join("config.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let text = text.lines().filter(|line| !line.starts_with("builtin_rules")).collect::<Vec<_>>().join("\n");
    let locked = r#"
auth.key = { bearer = "env:WARROOM_TEST_UNSET_VARIABLE" }
service.locked = { instances = ["http://127.0.0.1:9"], auth = "key", poll.health = { kind = "health", path = "/h" }, poll.m = { kind = "metrics", path = "/m" } }
"#;
    std::fs::write(&toml, text + locked).unwrap();
    let watch = scene.start(&["--for", "6s"]);
    let lines: Vec<String> = watch.lines.iter().collect();
    let told =
        lines.iter().filter(|line| line.contains("env:WARROOM_TEST_UNSET_VARIABLE: the variable is not set"));
    assert_eq!(told.count(), 1, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("opened")), "{lines:#?}");
    scene.has_heard_no_more();
}

#[test]
fn a_dry_run_tells_what_it_would_send_and_sends_and_writes_nothing() {
    let scene = Scene::new();
    scene.turn(true);
    let watch = scene.start(&["--dry-run"]);
    watch.says("nothing is sent");
    watch.says("would send to sink");
    scene.turn(false);
    watch.says("resolved");
    watch.says("would send to sink");
    assert_eq!(watch.ends("-TERM"), Some(143));
    scene.has_heard_no_more();
    assert!(!scene.state().join("journal.jsonl").exists());
}

#[test]
fn a_channel_can_be_tried_by_hand() {
    let scene = Scene::new();
    for (arguments, code, out, err) in [
        (["--test", "sink"], 0, "sink: sent and taken", ""),
        (["--test", "gone"], 69, "", "gone: "),
        (["--test", "nobody"], 64, "", "the channels are: gone, sink"),
    ] {
        let output = scene.command(&arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}\n{complained}");
        assert!(said.contains(out) && complained.contains(err), "{arguments:?}\n{said}\n{complained}");
    }
    assert_eq!(scene.hears().0, "test");
    assert_eq!(scene.hears().0, "test");
    scene.has_heard_no_more();

    let toml = scene.home.path().join("config.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let silent: Vec<&str> = text.lines().filter(|line| !line.starts_with("notify.")).collect();
    std::fs::write(&toml, silent.join("\n")).unwrap();
    let output = scene.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("[notify.NAME]"));
}
