//! Other ways to look: the wall, one frame, changes as lines.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, write files, read the clock and start the binary"
)]

#[path = "support/sim.rs"]
mod sim;
mod support;

use sim::{Sim, dark, mono};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use warroom::demo::Scenario;
use warroom::event::What;
use warroom::model::ui::Screen;

const WARROOM: &str = env!("CARGO_BIN_EXE_warroom");

#[test]
fn the_wall_at_three_sizes() {
    for (name, scenario, second) in
        [("wall_quiet", Scenario::Steady, 75), ("wall_alarm", Scenario::Story, 40)]
    {
        let mut sim = Sim::new(scenario);
        sim.run_to(second).press(":wall enter");
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), sim.screen(width, height, &dark()));
        }
        assert_eq!(sim.screen(120, 40, &dark()), sim.screen(120, 40, &mono(false)), "{name}: colours only");
        let ascii = sim.screen(120, 40, &mono(true));
        assert!(ascii.is_ascii(), "{name}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
        for (width, height) in [(0, 0), (1, 1), (9, 3), (20, 8), (39, 16), (40, 50), (500, 3), (300, 100)] {
            sim.buffer(width, height, &dark());
        }
    }
}

#[test]
fn at_the_wall_no_key_opens_types_or_changes_anything() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40).press("5");
    assert_eq!(sim.model.ui.screen, Screen::Slos);
    sim.press(":wall enter");
    let hung = sim.model.ui.screen.clone();
    assert!(matches!(&hung, Screen::Incident(_)), "the P1 comes first: {hung:?}");
    let effects = sim.press("a : / ? enter x j k A m y t % r s b ctrl-l ctrl-z ctrl-d 1 2 3 4 5 6 7");
    assert_eq!(effects, []);
    assert_eq!(sim.model.ui.screen, hung);
    assert!(sim.model.acts.over.is_none() && sim.model.ui.prompt.is_none() && sim.model.ui.explain.is_none());
    // Once is an accident; twice leaves the wall, and not warroom.
    assert_eq!(sim.press("esc"), []);
    assert!(sim.model.ui.wall.is_some());
    assert_eq!(sim.press("esc"), []);
    assert!(sim.model.ui.wall.is_none());
    assert_eq!(sim.model.ui.screen, Screen::Slos, "what was looked at before");
    sim.press(":wall enter");
    assert_eq!(sim.press("q q"), []);
    assert!(sim.model.ui.wall.is_none());
    sim.press(":wall enter");
    assert_eq!(sim.press("ctrl-c"), [warroom::event::Effect::Quit], "nobody is locked in");
}

#[test]
fn the_wall_turns_by_itself_and_is_interrupted() {
    let mut sim = Sim::new(Scenario::Story);
    sim.press(":wall enter");
    let mut seen: Vec<Screen> = Vec::new();
    for second in 1..=130 {
        sim.run_to(second);
        warroom::update::settle(&mut sim.model);
        if seen.last() != Some(&sim.model.ui.screen) {
            seen.push(sim.model.ui.screen.clone());
        }
    }
    let at = |wanted: fn(&Screen) -> bool| seen.iter().position(wanted);
    let alarm = at(|screen| matches!(screen, Screen::Incident(_))).unwrap();
    let turned = seen.iter().skip(alarm).any(|screen| !matches!(screen, Screen::Incident(_)));
    assert!(seen.first() == Some(&Screen::Overview) && turned, "{seen:?}");
}

#[test]
fn the_wall_shows_latencies_and_breakers_where_there_are_any() {
    let mut sim = Sim::new(Scenario::Steady);
    Arc::make_mut(&mut sim.model.plan).wall.screens = vec!["latency", "breakers", "actions"];
    sim.run_to(20).press(":wall enter");
    for (key, screen, words) in [
        (None, Screen::Latency, ["p95", "requests by duration"]),
        (Some("right"), Screen::Flow, ["breakers and queues", "told by"]),
        (Some("right"), Screen::Latency, ["p99", "quantiles"]),
    ] {
        key.map(|key| sim.press(key));
        sim.happen(What::Tick);
        while sim.model.has_work() {
            sim.happen(What::Work);
        }
        let text = sim.screen(120, 40, &dark());
        assert_eq!(sim.model.ui.screen, screen, "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{words:?} in\n{text}");
    }
}

// One frame.

fn run(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(WARROOM).args(arguments).env_clear().env("HOME", home.path()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn one_frame_of_the_demo_in_each_format_is_the_same_each_time() {
    let frame = |output: &str| {
        let done =
            run(&["demo", "--once", "--at", "12s", "--size", "80x24", "-o", output, "--color", "always"]);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let plain = frame("text");
    assert_eq!(plain, frame("text"), "the same bytes");
    assert_eq!(plain.lines().count(), 24);
    assert!(plain.is_ascii(), "no UTF-8 locale: ASCII");
    assert!(plain.contains("checkout") && !plain.contains('\u{1b}'), "{plain}");
    let ansi = frame("ansi");
    assert!(ansi.contains("\u{1b}[0;") && !ansi.contains("\u{1b}[H") && ansi.contains("checkout"));
    for (output, begins) in [("svg", "<svg xmlns="), ("html", "<!DOCTYPE html>\n<html lang=\"en\">")] {
        let page = frame(output);
        assert!(page.starts_with(begins) && page.contains("checkout"), "{page}");
        assert!(page.contains("<title") && page.contains("the demo after 12s"), "{page}");
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        for word in ["://", "<script", "javascript:", "url(", "src=", "href", "@import"] {
            assert!(!outside.contains(word), "{output}: {word}");
        }
    }
}

#[test]
fn every_screen_can_be_asked_for_and_a_wrong_one_is_said() {
    let frame = |screen: &str| run(&["demo", "--once", "--at", "8s", "--size", "100x30", "--screen", screen]);
    for (screen, shown) in [
        ("slos", "SLOs"),
        ("incidents", "incidents"),
        ("targets", "targets"),
        ("service checkout", "checkout"),
        ("checkout", "checkout"),
        ("panels", "Queues"),
        // What is evaluated only while somebody looks at it is there as well.
        ("latency", "quantiles"),
        ("breakers", "payments"),
        ("help", "help"),
        ("wall", "WALL, LOCKED"),
        ("restart checkout", "asks for"),
    ] {
        let done = frame(screen);
        assert_eq!(done.status.code(), Some(0), "{screen}: {}", text(&done.stderr));
        assert!(text(&done.stdout).contains(shown), "{screen}:\n{}", text(&done.stdout));
    }
    for (arguments, said) in [
        (vec!["demo", "--once", "--at", "1s", "--screen", "nonsense"], "nonsense"),
        (vec!["demo", "--once", "--at", "2h"], "an hour at most"),
        (vec!["demo", "--once", "--size", "0x10"], "120x40"),
        (vec!["demo", "--at", "5s"], "--once"),
        (vec!["demo", "--once", "--plain"], "cannot be used with"),
        (vec!["--once", "status"], "belong behind the command"),
        (vec!["demo", "--wall"], "needs a terminal"),
        (vec!["--size", "80x24"], "--once"),
    ] {
        let done = run(&arguments);
        assert_eq!(done.status.code(), Some(64), "{arguments:?}: {}", text(&done.stderr));
        assert!(text(&done.stderr).contains(said), "{arguments:?}: {}", text(&done.stderr));
        assert!(done.stdout.is_empty(), "{arguments:?}");
    }
}

/// A folder with a configuration of one service at this URL.
fn configured(url: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "schema = 1\ndefaults.poll = {{ interval = \"1s\", timeout = \"900ms\", fails = 1, passes = 1 }}\n\
         [service.shop]\ninstances = [\"{url}\"]\npoll.health = {{ kind = \"health\", path = \"/health\" }}\n"
    );
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    folder
}

#[test]
fn one_frame_of_what_is_configured_needs_no_terminal() {
    let shop =
        support::serve(|_| support::Act::Send(support::json(r#"{"status":"degraded","message":"<b>&"}"#)));
    let folder = configured(&shop.url(""));
    let config = folder.path().join("config.toml");
    let config = config.to_str().unwrap();
    let done = run(&["-c", config, "--once", "--size", "90x20"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("1 degraded"), "{}", text(&done.stdout));
    let done = run(&["-c", config, "--once", "-o", "html", "--screen", "shop"]);
    let page = text(&done.stdout);
    assert!(page.contains("&lt;b&gt;&amp;") && !page.contains("<b>"), "{page}");
    // Nothing is done by looking.
    let done = run(&["-c", config, "--once", "--screen", "quit"]);
    assert_eq!(done.status.code(), Some(64), "{}", text(&done.stdout));
    assert!(shop.requests().iter().all(|request| request.starts_with("GET ")));
}

// Changes as lines.

struct Plain {
    child: Child,
    lines: BufReader<ChildStdout>,
    _home: tempfile::TempDir,
}

impl Plain {
    fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(WARROOM)
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .env("TERM", "dumb")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, _home: home }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// Reads on until a line holds `text`; all that came.
    fn until(&mut self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "it ended before {text:?}: {lines:?}");
            lines.push(line);
            if lines.last().unwrap().contains(text) {
                return lines;
            }
        }
    }

    fn kill(&mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn changes_come_as_lines_each_once_and_signals_end_it() {
    let well = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&well);
    let shop = support::serve(move |_| {
        let status = if seen.load(Ordering::SeqCst) { "200 OK" } else { "503 Service Unavailable" };
        support::Act::Send(support::http(status, "content-type: application/json\r\n", b"{}"))
    });
    let folder = configured(&shop.url(""));
    let config = folder.path().join("config.toml");
    let config = config.to_str().unwrap();
    let mut plain = Plain::start(&["-c", config, "--plain"]);
    let first = plain.until("changes follow");
    assert!(first[0].contains("1 up; no incident is open"), "{first:?}");
    well.store(false, Ordering::SeqCst);
    let told = plain.until("shop DOWN");
    assert!(told.last().unwrap().contains("(was up for"), "{told:?}");
    well.store(true, Ordering::SeqCst);
    let told = plain.until("shop UP");
    assert_eq!(told.iter().filter(|line| line.contains("shop UP")).count(), 1, "{told:?}");
    assert!(told.iter().all(|line| !line.contains('\u{1b}') && line.ends_with('\n')), "{told:?}");
    assert_eq!(plain.kill("INT"), Some(130));
    let mut rest = String::new();
    plain.lines.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("shop"), "nothing is said twice: {rest}");
    let mut plain = Plain::start(&["-c", config, "--plain"]);
    plain.until("changes follow");
    assert_eq!(plain.kill("TERM"), Some(143));
}

#[test]
fn when_nobody_reads_any_more_it_ends_quietly() {
    let mut plain = Plain::start(&["demo", "--plain", "--scenario", "steady"]);
    plain.until("changes follow");
    // Nothing changes in a steady fleet: it must not take a line to find out.
    let stdout = std::mem::replace(&mut plain.lines, BufReader::new(empty()));
    drop(stdout);
    assert_eq!(plain.child.wait().unwrap().code(), Some(0));
}

/// A pipe at whose end nothing comes.
fn empty() -> ChildStdout {
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    child.wait().unwrap();
    stdout
}
