//! A recording in a real terminal: something is seen at once, keys work while it is read, and what is wrong with it is
//! said on the shell's own screen.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test starts programs and writes files")]

#[path = "support/pty.rs"]
mod pty;

use pty::Session;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FROM: i64 = 1_763_720_000_000;
const CONFIG: &str = "schema = 1\n[service.checkout]\ninstances = [\"http://10.0.0.1:8080\"]\npoll.health = { kind = \"health\", path = \"/health\" }\n";

/// An hour of so many series.
fn capture(folder: &Path, series: usize, end: bool) -> PathBuf {
    let to = FROM + 3_600_000;
    let config = serde_json::json!({ "config": { "name": "config.toml", "text": CONFIG } });
    let mut text = format!(
        "{{\"warroom_capture\":1,\"from\":{FROM},\"to\":{to},\"made\":{to},\"by\":\"test\",\"why\":null}}\n{config}\n"
    );
    let labels = r#""service":"checkout","instance":"10.0.0.1:8080""#;
    for (name, value) in [("probe_success", "1"), ("probe_duration_seconds", "0.003")] {
        let _ = writeln!(
            text,
            "{{\"series\":{{\"__name__\":\"{name}\",{labels}}},\"t\":[{FROM}{}],\"v\":[{value}{}]}}",
            ",15000".repeat(239),
            format!(",{value}").repeat(239)
        );
    }
    let values = (0..239).fold(String::new(), |mut all, n| {
        let _ = write!(all, ",{n}.125");
        all
    });
    for n in 0..series {
        let _ = writeln!(
            text,
            "{{\"series\":{{\"__name__\":\"noise\",\"n\":\"{n}\"}},\"t\":[{FROM}{}],\"v\":[1{values}]}}",
            ",15000".repeat(239)
        );
    }
    if end {
        let _ = writeln!(text, "{{\"end\":{}}}", series + 4);
    }
    let path = folder.join("hour.warroom");
    std::fs::write(&path, text).expect("a file");
    path
}

fn replay(path: &Path, more: &[&str]) -> Session {
    let mut args = vec!["replay", path.to_str().expect("UTF-8")];
    args.extend(more);
    Session::warroom(&args)
}

#[test]
fn a_large_one_shows_how_far_it_is_and_can_be_left_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = capture(folder.path(), 6_000, true);
    let mut session = replay(&path, &[]);
    session.sees("reading");
    let text = session.contents();
    assert!(text.contains("hour.warroom") && text.contains(" %") && text.contains("q quit"), "{text}");
    // A terminal that changes its size meanwhile is drawn anew.
    session.resize(60, 12);
    session.until("the smaller picture", |session| session.line("q quit").is_some_and(|(row, _)| row == 11));
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("left while it is read");
}

#[test]
fn a_signal_ends_it_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = capture(folder.path(), 6_000, true);
    let mut session = replay(&path, &[]);
    session.sees("reading");
    session.signal("TERM");
    assert_eq!(session.end(), 143);
    session.assert_restored("SIGTERM while it is read");
}

#[test]
fn it_is_shown_as_soon_as_it_is_there_and_keys_move_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = capture(folder.path(), 400, true);
    let mut session = replay(&path, &["--speed", "0", "--at", "+30m"]);
    session.sees("REPLAY held");
    session.sees("checkout");
    session.send(b" ");
    session.sees("REPLAY x1");
    session.send(b"0");
    session.sees("REPLAY ended");
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("a recording");
}

#[test]
fn what_is_wrong_with_it_is_said_on_the_shells_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = folder.path().join("nothing");
    let cut = capture(folder.path(), 3_000, false);
    for (path, more, code, text) in [
        (&cut, &[][..], 65, "the capture is cut off after line"),
        (&nothing, &[], 66, "No such file"),
        (&cut, &["--rules", "/nowhere"], 65, "the capture is cut off"),
    ] {
        let mut session = replay(path, more);
        assert_eq!(session.end(), code, "{text}: {}", session.contents());
        session.assert_restored(text);
        let seen = session.contents().replace('\n', " ");
        assert!(seen.contains(text), "{text}: {seen}");
    }
}
