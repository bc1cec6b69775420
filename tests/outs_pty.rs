//! The wall and the lines in a real terminal.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test starts programs and reads the clock")]

#[path = "support/pty.rs"]
mod pty;

use pty::Session;

#[test]
fn the_wall_is_locked_and_left_by_esc_twice() {
    let mut session = Session::warroom(&["demo", "--wall", "--scenario", "steady"]);
    session.sees("WALL, LOCKED");
    session.sees("10 up");
    session.send(b"a");
    session.sees("the wall is locked");
    session.send(b" ");
    session.sees("this screen stays");
    session.send(b"\x1b");
    session.sees("once more leaves the wall");
    session.send(b"\x1b");
    session.loses("WALL, LOCKED");
    // Whoever leaves a wall that was hung at the start cannot change anything from there.
    session.sees("READ-ONLY");
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
    let mut session = Session::warroom(&["demo", "--wall", "--scenario", "steady"]);
    session.sees("WALL, LOCKED");
    session.send(b"\x03");
    assert_eq!(session.end(), 0, "nobody is locked in");
    session.assert_restored("ctrl-c");
}

#[test]
fn a_first_screen_can_be_named_and_a_picture_taken_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seen.svg");
    let mut session = Session::warroom(&["demo", "--scenario", "steady", "--screen", "targets"]);
    session.sees("┌ targets");
    session.send(format!(":snapshot {}\r", path.display()).as_bytes());
    session.sees("written to");
    let written = std::fs::read_to_string(&path).expect("the picture");
    assert!(written.starts_with("<svg ") && written.contains("targets"));
    session.send(format!(":snapshot {}\r", path.display()).as_bytes());
    session.sees("no picture was written");
    session.send(b"q");
    assert_eq!(session.end(), 0);
}

#[test]
fn lines_need_no_terminal_that_knows_anything() {
    let script = "TERM=dumb exec \"$WARROOM\" demo --plain --scenario steady";
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut session = Session::start("sh", &["-c", script], &[]);
        session.sees("changes follow, a line each");
        assert!(
            !session.raw.contains(&0x1b),
            "no control sequence: {:?}",
            String::from_utf8_lossy(&session.raw)
        );
        session.signal(signal);
        assert_eq!(session.end(), code, "{signal}");
        session.assert_restored(signal);
    }
}
