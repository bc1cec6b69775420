//! `kill -9` while an incident lasts that somebody has taken: whoever starts next knows it, and tells nobody twice.

use crate::driven::warroom;
use crate::pty::{DEADLINE, Session, WARROOM};
use crate::support::{Act, Fake, http, json, serve};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// A service that may be gone, the webhook that is told, and a configuration of both.
struct Scene {
    folder: tempfile::TempDir,
    gone: Arc<AtomicBool>,
    hook: Fake,
    asked: Receiver<()>,
    told: Receiver<()>,
    _service: Fake,
}

impl Scene {
    fn start() -> Self {
        let gone = Arc::new(AtomicBool::new(true));
        let (state, (sender, asked)) = (Arc::clone(&gone), channel());
        let service = serve(move |_| {
            let _ = sender.send(());
            if state.load(Ordering::SeqCst) {
                return Act::Close(Vec::new());
            }
            Act::Send(json(r#"{"status":"healthy"}"#))
        });
        let (sender, told) = channel();
        let hook = serve(move |_| {
            let _ = sender.send(());
            Act::Send(http("204 No Content", "", b""))
        });
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "schema = 1\n\
             [service.hashinsight]\ninstances = [\"{}\"]\ninterval = \"1s\"\ntimeout = \"900ms\"\n\
             poll.health = {{ kind = \"health\", path = \"/health\" }}\n\
             [builtin_rules]\ninterval = \"1s\"\nwait = \"2s\"\n\
             [incident]\nsettle = \"2s\"\n\
             [notify.bot]\nkind = \"webhook\"\nurl = \"{}\"\n",
            service.url(""),
            hook.url("/hook")
        );
        std::fs::write(folder.path().join("config.toml"), text).unwrap();
        Self { folder, gone, hook, asked, told, _service: service }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The one incident, as `warroom incidents` tells it.
    fn incident(&self) -> Option<Value> {
        let told = warroom(&self.state(), &["incidents", "-o", "json"], 0);
        let told: Value = serde_json::from_str(&told).unwrap();
        let list = told["incidents"].as_array().unwrap();
        assert!(list.len() < 2, "{told:#}");
        list.first().cloned()
    }

    /// Does the journal say that an incident was so treated?
    fn has_kept(&self, word: &str) -> bool {
        let read = warroom::io::journal::read(&self.state(), u64::MAX);
        let action = format!("incident.{word}");
        read.is_ok_and(|(entries, _)| entries.iter().any(|entry| entry.action == action))
    }

    /// Waits until the service has been asked so many times more.
    fn is_asked(&self, times: usize) {
        while self.asked.try_recv().is_ok() {}
        for _ in 0..times {
            self.asked.recv_timeout(DEADLINE).unwrap();
        }
    }

    /// Waits until the webhook has been told this.
    fn is_told(&self, word: &str) {
        while self.hooked(word) == 0 {
            self.told.recv_timeout(DEADLINE).unwrap();
        }
    }

    /// How many messages of this the webhook was told: what was sent again by the next life has the same key.
    fn hooked(&self, word: &str) -> usize {
        let told: BTreeSet<String> = self
            .hook
            .requests()
            .into_iter()
            .filter(|it| it.contains(&format!("\"change\":\"{word}\"")))
            .collect();
        let keys: BTreeSet<&str> =
            told.iter().filter_map(|it| it.split_once("\nidempotency-key: ")?.1.lines().next()).collect();
        keys.len()
    }
}

/// `warroom watch`, and its lines as they come.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Watcher {
    fn start(config: &Path, state: &Path) -> Self {
        let mut command = Command::new(WARROOM);
        command.arg("--config").arg(config).arg("watch").env_clear().current_dir("/");
        command.env("HOME", "/nonexistent").env("WARROOM_STATE", state);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, said: Vec::new() }
    }

    /// Waits for a line that holds this.
    fn says(&mut self, part: &str) {
        let began = Instant::now();
        while !self.said.iter().any(|line| line.contains(part)) {
            match self.lines.recv_timeout(DEADLINE.saturating_sub(began.elapsed())) {
                Ok(line) => self.said.push(line),
                Err(error) => panic!("\"{part}\" should be said: {error:?}\n{}", self.said.join("\n")),
            }
        }
    }

    /// `kill -9`.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said.extend(self.lines.iter());
        std::mem::take(&mut self.said)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // A test that fails must not leave its program behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_watch_that_was_killed_knows_who_took_the_incident() {
    let scene = Scene::start();
    let mut watcher = Watcher::start(&scene.config(), &scene.state());
    watcher.says("P0 hashinsight: opened");
    let opened = scene.incident().unwrap();
    assert_eq!((&opened["severity"], &opened["state"]), (&"P0".into(), &"open".into()), "{opened:#}");
    let id = opened["id"].as_str().unwrap();
    scene.is_told("opened");
    warroom(&scene.state(), &["incident", "ack", id], 0);
    watcher.says("P0 hashinsight: acknowledged");
    // It may die before or after the channel has heard of it: the channel hears it once.
    watcher.kill();

    let taken = scene.incident().unwrap();
    assert_eq!((&taken["id"], &taken["state"]), (&opened["id"], &"acknowledged".into()), "{taken:#}");
    assert_eq!(taken["answer_by"], Value::Null, "nobody need answer any more");

    let watcher = Watcher::start(&scene.config(), &scene.state());
    // Long enough that its rules have fired again.
    scene.is_asked(6);
    assert_eq!(scene.incident().unwrap()["state"], "acknowledged");
    let said = watcher.kill();
    assert!(!said.iter().any(|line| line.contains("open")), "{said:#?}");

    // While no watch runs, it is resolved from a shell: the next one tells that, too.
    scene.gone.store(false, Ordering::SeqCst);
    warroom(&scene.state(), &["incident", "resolve", id, "restarted"], 0);
    let watcher = Watcher::start(&scene.config(), &scene.state());
    scene.is_told("resolved");
    let said = watcher.kill();
    assert!(!said.iter().any(|line| line.contains("open")), "{said:#?}");
    let over = scene.incident().unwrap();
    assert_eq!((&over["id"], &over["state"]), (&opened["id"], &"resolved".into()), "{over:#}");
    assert_eq!(over["acknowledged"], taken["acknowledged"], "{over:#}");
    let counts = ["opened", "acknowledged", "resolved"].map(|word| scene.hooked(word));
    assert_eq!(counts, [1, 1, 1], "{:#?}", scene.hook.requests());
}

#[test]
fn a_dashboard_that_was_killed_knows_who_took_the_incident() {
    let scene = Scene::start();
    let (config, state) = (scene.config(), scene.state());
    let show = || {
        let arguments = ["--config", config.to_str().unwrap()];
        Session::start(WARROOM, &arguments, &[("WARROOM_STATE", state.to_str().unwrap())])
    };
    // Each change of the screen is a moment to look; the clock of a timer moves it each second.
    let until = |session: &mut Session, word: &str| -> Value {
        session.until(word, |_| scene.has_kept(word));
        scene.incident().unwrap()
    };
    let mut session = show();
    let opened = until(&mut session, "opened");
    let id = opened["id"].as_str().unwrap();
    warroom(&state, &["incident", "ack", id], 0);
    session.signal("KILL");
    session.end();

    let mut session = show();
    session.sees("hashinsight");
    scene.is_asked(6);
    let taken = until(&mut session, "acknowledged");
    assert_eq!((&taken["id"], &taken["state"]), (&opened["id"], &"acknowledged".into()), "{taken:#}");
    scene.gone.store(false, Ordering::SeqCst);
    let over = until(&mut session, "resolved");
    assert_eq!((&over["id"], &over["state"]), (&opened["id"], &"resolved".into()), "{over:#}");
    assert_eq!(over["acknowledged"], taken["acknowledged"], "{over:#}");
    session.signal("KILL");
    session.end();
}
