//! The door of the real binary, in a real terminal, against the demo's real services.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test starts programs and reads files")]

#[path = "support/pty.rs"]
mod pty;

use pty::{Session, WARROOM};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The lines of the journal in a state folder.
fn journal(folder: &Path) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "jsonl") {
                let text = std::fs::read_to_string(path).expect("text");
                lines.extend(text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()));
            }
        }
    }
    lines
}

fn count(lines: &[Value], action: &str) -> usize {
    lines.iter().filter(|line| line.to_string().contains(&format!("\"{action}\""))).count()
}

/// Opens the box by a command and waits until keys count.
fn ask(session: &mut Session, command: &str) {
    session.send(format!(":{command}\r").as_bytes());
    session.sees("asks for");
    // A second of the countdown has passed: keys count.
    session.sees("disarms in 14s");
}

#[test]
fn what_is_confirmed_by_hand_is_done_once_and_what_is_pasted_never() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().to_str().expect("UTF-8");
    let mut session =
        Session::start(WARROOM, &["demo", "--scenario", "steady", "--state", state], &[("USER", "anna")]);
    session.sees("ARMED(confirm)");
    session.until("search is up", |session| {
        session.line("search").is_some_and(|(_, line)| line.contains("● up"))
    });

    // Nothing of this is meant.
    session.send(b":flush-cache search\ry");
    session.sees("too soon");
    session.send(b"\x1b");
    session.loses("asks for");
    ask(&mut session, "restart inventory");
    session.send(b"\x1b[200~inventory\x1b[201~");
    session.sees("cannot be pasted");
    session.send(b"inventory\r\r");
    session.sees("faster than hands");
    session.send(b"\x1b");
    session.loses("asks for");
    assert_eq!(count(&journal(folder.path()), "action.sent"), 0, "nothing was sent");

    // This is.
    ask(&mut session, "flush-cache search");
    session.send(b"yyyy");
    session.sees("done, and settled");
    session.send(b"\x1b");
    session.loses("done, and settled");
    let lines = journal(folder.path());
    assert_eq!(count(&lines, "action.sent"), 1, "{lines:#?}");
    assert_eq!(count(&lines, "action.outcome"), 1, "{lines:#?}");

    // Another service: whose state changes between the box and the keys is asked about anew, and a flush makes search
    // slow for a while. A name is typed letter by letter, as hands do: each is seen before the next is sent.
    ask(&mut session, "restart inventory");
    let name = "inventory";
    for end in 1..=name.len() {
        session.send(&name.as_bytes()[end - 1..end]);
        session.sees(&format!("phrase     {}", &name[..end]));
        // Nothing to await: this is how fast hands are.
        std::thread::sleep(Duration::from_millis(40));
    }
    session.send(b"\r\r");
    session.sees("following job");
    session.sees("done, and settled");
    // An escape and a 7 in one write would be alt-7.
    session.send(b"\x1b");
    session.loses("done, and settled");
    session.send(b"7");
    session.sees("helped?");
    session.until("both acts stand in the ledger", |session| {
        session.line("restart").is_some() && session.line("flush-cache").is_some()
    });
    assert_eq!(count(&journal(folder.path()), "action.sent"), 2);
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("after acting");
}

/// Where the journal cannot be written, nothing is sent, however well it was confirmed.
#[test]
fn without_a_journal_nothing_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    // A file stands where the folder should be: not even root can write into it.
    let file = folder.path().join("state");
    std::fs::write(&file, "").expect("a file");
    let state = file.to_str().expect("UTF-8");
    let mut session = Session::start(WARROOM, &["demo", "--scenario", "steady", "--state", state], &[]);
    session.sees("ARMED(confirm)");
    session.until("search is up", |session| {
        session.line("search").is_some_and(|(_, line)| line.contains("● up"))
    });
    ask(&mut session, "flush-cache search");
    session.send(b"y");
    session.sees("NOT SENT");
    assert!(session.contents().contains("journal"), "it says why:\n{}", session.contents());
    session.send(b"\x1b");
    session.loses("NOT SENT");
    session.send(b"q");
    assert_eq!(session.end(), 0);
}
