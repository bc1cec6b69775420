//! `warroom incidents`, `incident` and `postmortem`, asked as a user asks them, over a journal that an engine wrote.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, read the clock and start the binary"
)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use warroom::config::Config;
use warroom::incident::{Alarm, Incidents, ServiceFacts, entries};
use warroom::io::identity;
use warroom::io::journal::{Journal, read};
use warroom::labels::Labels;
use warroom::plan::Plan;
use warroom::rules::{Alert, AlertState, Origin};
use warroom::severity::Severity;
use warroom::units::Timestamp;

const SUMMARY: &str = "errors | 21% \u{1b}[31mred\u{1b}[0m <b>";

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

fn alert(name: &str, service: &str, since: Timestamp) -> Alert {
    Alert {
        origin: Origin::BuiltIn,
        group: "g".into(),
        name: name.into(),
        labels: Labels::from_pairs([("alertname", name), ("job", service)]),
        annotations: vec![("summary".into(), SUMMARY.to_owned())],
        state: AlertState::Firing,
        value: 0.21,
        active_at: since,
        fired_at: Some(since),
        resolved_at: None,
        keep_firing_since: None,
    }
}

/// A state folder whose journal knows an incident of `search` that is over, and one of `checkout` that lasts.
struct State {
    folder: TempDir,
    open: String,
    over: String,
}

impl State {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Arc::clone(&Plan::compile(&Config::default(), 1).unwrap().incidents);
        let mut incidents = Incidents::new(settings);
        let hours = |count: u64| now() - Duration::from_secs(count * 3600);
        let (first, second) =
            (alert("SlowSearch", "search", hours(60)), alert("HighErrorRate", "checkout", hours(1)));
        let alarm = |alert: &'static str, of: &'static Alert| Alarm {
            alert: of,
            service: Some(alert.into()),
            environment: Some("prod".into()),
            severity: if alert == "checkout" { Severity::P1 } else { Severity::P3 },
            runbook: Some("https://wiki/run".to_owned()),
            suppressed: false,
            group: "",
        };
        // For the length of the test: what an alarm borrows.
        let [first, second]: [&'static Alert; 2] = [Box::leak(Box::new(first)), Box::leak(Box::new(second))];
        let facts = ["search", "checkout"]
            .map(|name| ServiceFacts { service: name.into(), ..ServiceFacts::default() });
        let mut changes = incidents.observe(hours(60), [alarm("search", first)].into_iter(), &facts);
        for hour in [59, 58, 57, 50] {
            changes.extend(incidents.observe(hours(hour), std::iter::empty(), &facts));
        }
        changes.extend(incidents.observe(hours(1), [alarm("checkout", second)].into_iter(), &facts));
        let (mut journal, ..) = Journal::open(folder.path()).unwrap();
        journal.append(&entries(&changes, &identity::who())).unwrap();
        let of = |service: &str| {
            let change = changes.iter().find(|change| &*change.brief.service == service).unwrap();
            change.incident.to_string()
        };
        let (open, over) = (of("checkout"), of("search"));
        Self { folder, open, over }
    }

    fn run(&self, arguments: &[&str], code: i32) -> (String, String) {
        run(self.folder.path(), arguments, code)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments, 0).0).unwrap()
    }
}

fn run(state: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command.args(arguments).env_clear().current_dir(home.path()).stdin(Stdio::null());
    command
        .env("HOME", home.path())
        .env("WARROOM_STATE", state)
        .env("SSH_CONNECTION", "192.0.2.7 5 192.0.2.1 22");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n--\n{err}");
    for text in [&out, &err] {
        assert!(
            !text.contains('\u{1b}'),
            "{arguments:?}: an escape sequence from outside came through\n{text}"
        );
    }
    (out, err)
}

#[test]
fn incidents_are_listed_the_open_ones_first() {
    let state = State::new();
    let listed = |arguments: &[&str]| -> Vec<(String, String)> {
        let list = state.json(&[&["incidents", "-o", "json"], arguments].concat());
        let word = |incident: &Value, name: &str| incident[name].as_str().unwrap().to_owned();
        let list = list["incidents"].as_array().unwrap();
        list.iter().map(|incident| (word(incident, "id"), word(incident, "state"))).collect()
    };
    let open = (state.open.clone(), "open".to_owned());
    let over = (state.over.clone(), "resolved".to_owned());
    for (arguments, expected) in [
        (&[][..], vec![&open, &over]),
        (&["--all"], vec![&open, &over]),
        (&["--open"], vec![&open]),
        (&["--since", "24h"], vec![&open]),
        (&["--service", "search"], vec![&over]),
        (&["--service", "nobody"], vec![]),
    ] {
        assert_eq!(listed(arguments).iter().collect::<Vec<_>>(), expected, "{arguments:?}");
    }
    let (text, _) = state.run(&["incidents"], 0);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines[0].ends_with("WHAT"), "{text}");
    assert!(lines[1].starts_with(&state.open) && lines[1].contains("  P1   open  "), "{text}");
    assert!(lines[1].contains("answer overdue for ") && lines[2].starts_with(&state.over), "{text}");
    let (text, _) = state.run(&["incidents", "-o", "markdown"], 0);
    assert!(text.contains("| errors \\| 21% \\[31mred\\[0m &lt;b&gt; (answer overdue"), "{text}");
    let (text, told) = state.run(&["incidents", "--service", "nobody"], 0);
    assert_eq!(text, "no incidents\n");
    assert!(told.contains("knows others"), "{told}");
}

#[test]
fn people_act_and_what_they_do_is_in_the_journal() {
    let state = State::new();
    let short = &state.open[..state.open.len() - 1];
    let (out, _) = state.run(&["incident", "ack", short, "on", "it"], 0);
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(out.lines().all(|line| line.starts_with(&state.open)), "{out}");
    for (arguments, code) in [
        (&["note", short, "breaker of payments is open\u{1b}[2J"][..], 0),
        (&["assign", short, "bo"], 0),
        (&["severity", short, "P0", "everybody is hit"], 0),
        (&["snooze", short, "2h"], 0),
        (&["unsnooze", short], 0),
        (&["mitigate", short, "rolled back"], 0),
        (&["ack", short], 65),
        (&["unack", short, "handed over"], 0),
        (&["unack", short], 65),
        (&["note", short, " "], 64),
        (&["severity", short, "P9", "why"], 64),
        (&["snooze", short, "soon"], 64),
        (&["resolve", short], 64),
        (&["resolve", short, "the old version serves"], 0),
        (&["ack", short], 65),
        (&["note", short, "afterthought"], 0),
        (&["note", "INC-19990101-0000", "who?"], 66),
        (&["note", "INC-", "which?"], 64),
    ] {
        let (out, err) = state.run(&[&["incident"], arguments].concat(), code);
        assert_eq!(out.is_empty(), code != 0, "{arguments:?}: {out}");
        assert_eq!(err.is_empty(), code == 0, "{arguments:?}: {err}");
    }
    let (_, told) = state.run(&["incident", "show", "INC-19990101-0000"], 66);
    assert!(told.contains("nearest: ") && told.contains(&state.open), "{told}");

    let shown = state.json(&["incident", "show", &state.open, "-o", "json"]);
    assert_eq!(
        (&shown["severity"], &shown["state"], &shown["assignee"]),
        (&"P0".into(), &"resolved".into(), &"bo".into())
    );
    let (text, _) = state.run(&["incident", "show", &state.open], 0);
    for part in [
        "breaker of payments is open",
        "rolled back",
        "the old version serves",
        "afterthought",
        "firing HighErrorRate",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    state.run(&["incident", "show", &state.over, "-o", "markdown"], 0);

    // Who, and from where; each act with an id of its own.
    let (entries, repairs) = read(state.folder.path(), u64::MAX).unwrap();
    assert!(!repairs.is_worth_telling() && repairs.duplicates == 0, "{repairs}");
    let acts: Vec<_> = entries.iter().filter(|entry| entry.who.address.is_some()).collect();
    assert_eq!(acts.len(), 12, "{acts:#?}");
    assert!(acts.iter().all(|entry| entry.who.user == identity::who().user));
}

#[test]
fn an_open_dashboard_follows_what_the_command_line_does() {
    let state = State::new();
    let (mut dashboard, before, _) = Journal::open(state.folder.path()).unwrap();
    assert_eq!(dashboard.follow().unwrap(), []);
    state.run(&["incident", "ack", &state.open], 0);
    let news = dashboard.follow().unwrap();
    assert_eq!(news.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["incident.acknowledged"]);
    let settings = Arc::clone(&Plan::compile(&Config::default(), 1).unwrap().incidents);
    let mut incidents = Incidents::restore(settings, &before, now());
    assert_eq!(incidents.absorb(&news).len(), 1);
    assert!(incidents.open()[0].acknowledged.is_some());
}

#[test]
fn where_nothing_is_known_it_teaches_and_makes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("none");
    let (out, told) = run(&state, &["incidents"], 0);
    assert_eq!(out, "no incidents\n");
    assert!(told.contains("warroom demo") && told.contains("--state"), "{told}");
    let (out, _) = run(&state, &["incidents", "-o", "json"], 0);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["incidents"], Value::Array(Vec::new()));
    run(&state, &["incident", "show", "INC-1"], 66);
    assert!(!state.exists());
    run(&state, &["incident", "ack", "INC-1", "--read-only"], 77);
    run(Path::new("relative"), &["incidents"], 64);
    run(&state, &["incidents", "--state", "/proc/version"], 74);
    run(&state, &["incidents", "--open", "--all"], 64);
}

#[test]
fn a_configuration_with_problems_does_not_stand_between_people_and_their_notes() {
    let state = State::new();
    let config = state.folder.path().join("config.toml");
    std::fs::write(&config, "nonsense = 1\n").unwrap();
    let config = config.display().to_string();
    let (_, told) = state.run(&["incident", "ack", &state.open, "--config", &config], 0);
    assert!(told.contains("is not used (see warroom validate)") && told.contains("nonsense"), "{told}");
}

#[test]
fn a_notice_says_what_is_known_and_what_a_person_adds() {
    let state = State::new();
    let (fits, _) = state.run(&["incident", "notice", &state.open], 0);
    assert_eq!(fits, state.run(&["incident", "notice", &state.open, "opened"], 0).0, "nobody is at it yet");
    state.run(&["incident", "ack", &state.open, "on it"], 0);
    let said = ["incident", "notice", &state.open, "--cause", "a bad deploy", "--engineer", "anna"];
    let (progress, _) = state.run(&said, 0);
    assert!(progress.contains("a bad deploy") && progress != fits, "{progress}");
    let (over, _) = state.run(&["incident", "notice", &state.over, "--fix", "rolled back"], 0);
    assert!(over.contains("rolled back"), "{over}");
    let path = state.folder.path().join("notice.txt").display().to_string();
    let (out, _) =
        state.run(&["incident", "notice", &state.over, "--fix", "rolled back", "--write", &path], 0);
    assert_eq!((out.as_str(), std::fs::read_to_string(&path).unwrap()), ("", over));
    state.run(&["incident", "notice", &state.open, "--write", &path], 73);
    state.run(&["incident", "notice", "INC-1999"], 66);
    state.run(&["incident", "notice", &state.open, "loud"], 64);
}

#[test]
fn a_post_mortem_is_written_once_and_never_over_another() {
    let state = State::new();
    state.run(&["incident", "ack", &state.open, "on it"], 0);
    let (page, _) = state.run(&["postmortem", &state.open], 0);
    for part in ["# INC-", "P1", "HighErrorRate", "on it", "Root cause", "\\|"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let file = state.folder.path().join("page.md");
    let path = file.display().to_string();
    let (out, told) = state.run(&["postmortem", &state.open, "--write", &path], 0);
    assert_eq!((out.as_str(), told), ("", format!("wrote {path}\n")));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), page);
    let (_, told) = state.run(&["postmortem", &state.over, "--write", &path], 73);
    assert!(told.contains("is there already; nothing was written"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), page);
    state.run(&["postmortem", "INC-1999"], 66);
}
