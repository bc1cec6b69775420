//! The real binary in a real terminal: what an operator, a shell, an editor and a lost connection do to it.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test starts programs, writes files and reads the clock")]

#[path = "support/pty.rs"]
mod pty;
mod support;

use pty::{Session, WARROOM};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const HEAD: &str = "schema = 1\ndefaults.poll = { interval = \"1s\", timeout = \"900ms\" }\n";

/// A folder with a configuration in it: each service is polled at its URL.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn of(services: &[(&str, &str)]) -> Self {
        let files = Self { folder: tempfile::tempdir().expect("a folder") };
        files.write(&config(services));
        files
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Replaces the file as editors do: a new one is renamed over it.
    fn write(&self, text: &str) {
        let new = self.folder.path().join("config.toml~");
        std::fs::write(&new, text).expect("a file");
        std::fs::rename(new, self.path()).expect("the new file takes the old one's place");
    }

    fn show(&self) -> Session {
        Session::warroom(&["--config", self.path().to_str().expect("UTF-8")])
    }
}

fn config(services: &[(&str, &str)]) -> String {
    let mut text = HEAD.to_owned();
    for (name, url) in services {
        let _ = write!(
            text,
            "[service.{name}]\ninstances = [\"{url}\"]\npoll.health = {{ kind = \"health\", path = \"/health\" }}\n"
        );
    }
    text
}

/// A port at which nobody listens.
fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// Two services that are down.
fn two_dead() -> Files {
    Files::of(&[("alpha", &dead()), ("beta", &dead())])
}

/// The demo's overview, in the order of names: accounts first, worker last.
fn demo_by_name() -> Session {
    let mut session = Session::warroom(&["demo", "--scenario", "steady"]);
    session.sees("10 up");
    session.send(b"s");
    session.sees("sorted by service");
    session
}

/// The row that is selected.
fn selected(session: &Session) -> String {
    session.line("▌").map(|(_, line)| line).unwrap_or_default()
}

/// How soon a changed configuration shows. Builds without optimization spend most of a second on reading alone.
const RELOAD: Duration = if cfg!(debug_assertions) { Duration::from_secs(5) } else { Duration::from_secs(1) };

/// Time limits hold on a machine that does nothing else; one attempt may be held up by other work, three are not.
fn best_of_three(limit: Duration, what: &str, mut attempt: impl FnMut() -> Duration) {
    let mut took = Vec::new();
    while took.len() < 3 {
        took.push(attempt());
        if took.last().is_some_and(|took| *took < limit) {
            return;
        }
    }
    panic!("{what} should take less than {limit:?}: {took:?}");
}

#[test]
fn the_first_frame_comes_before_any_answer_and_asks_the_terminal_nothing() {
    // It accepts, and never answers: whatever is on the screen was there before an answer.
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", mute.local_addr().expect("an address"));
    let files = Files::of(&[("alpha", &url), ("beta", &url)]);
    let mut session = files.show();
    session.sees("quit");
    let contents = session.contents();
    for part in
        ["warroom", "READ-ONLY", "alpha", "beta", "2 unknown", "asking ...", "UTC", "? help", "q quit"]
    {
        assert!(contents.contains(part), "{part} is missing in the first frame:\n{contents}");
    }
    assert!(
        session
            .raw
            .starts_with(b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?2026h"),
        "{:?}",
        session.raw.get(..80)
    );
    for query in [b"\x1b[6n".as_slice(), b"\x1b[c", b"\x1b[?u", b"$p", b"\x1b]10;?", b"\x1b]11;?"] {
        assert!(!session.raw.windows(query.len()).any(|bytes| bytes == query), "no query is sent");
    }
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

#[test]
fn answers_reach_the_screen_each_in_its_own_row() {
    let healthy = support::serve(|_| support::Act::Send(support::json(r#"{"status":"healthy"}"#)));
    let rude = support::serve(|_| {
        support::Act::Send(support::json(
            r#"{"status":"degraded","message":"\u001b[2J\u001b]0;owned\u0007 \u202e","version":"1\u001b[31m"}"#,
        ))
    });
    let files = Files::of(&[("alpha", &healthy.url("")), ("beta", &dead()), ("gamma", &rude.url(""))]);
    let mut session = files.show();
    for text in ["1 up", "1 down", "1 degraded", "connection refused"] {
        session.sees(text);
    }
    let contents = session.contents();
    for (service, state) in [("alpha", "● up"), ("beta", "✖ down"), ("gamma", "▲ degraded")] {
        let row = contents.lines().find(|line| line.starts_with('│') && line.contains(service));
        assert!(row.is_some_and(|row| row.contains(state)), "{service} is {state}:\n{contents}");
    }
    assert!(!session.raw.windows(3).any(|bytes| bytes == b"\x1b]0" || bytes == "\u{202e}".as_bytes()));
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

#[test]
fn every_key_does_what_the_footer_and_the_help_say() {
    let mut session = demo_by_name();
    // What is typed, what the selected row must then hold (if that matters), and what the screen must hold.
    for (typed, row, shown) in [
        ("g", "accounts", "1 overview"),
        ("j", "broker", ""),
        ("j", "catalog", ""),
        ("k", "broker", ""),
        ("\x1b[A", "accounts", ""),
        ("\x1bOB", "broker", ""),
        ("G", "worker", ""),
        ("j", "worker", ""),
        ("g", "accounts", ""),
        ("\r", "", "accounts  ● up"),
        ("l", "", "broker  ● up"),
        ("h", "", "accounts  ● up"),
        ("\x1b", "accounts", "┌ services"),
        ("\t", "", "┌ targets"),
        ("s", "", "sorted by"),
        ("1", "", "┌ services"),
        ("2", "", "┌ targets"),
        ("\x1b", "accounts", "┌ services"),
        ("?", "", "keys that work here, now"),
        ("?", "accounts", "┌ services"),
        (" ", "", "FROZEN at"),
        ("j", "broker", "FROZEN at"),
        (":", "", " :█"),
        ("serv", "", " :serv█"),
        ("\x1b", "broker", "? help"),
        ("t", "", "theme light"),
        ("t", "", "theme "),
        ("%", "", "mouse off"),
        ("r", "", "polling "),
        ("yy", "", "sent to the terminal's clipboard"),
        ("\x0c", "broker", ""),
    ] {
        if shown == "1 overview" {
            session.send(typed.as_bytes());
            session.until("g", |session| selected(session).contains(row));
            continue;
        }
        session.send(typed.as_bytes());
        session.until(&format!("{typed:?} -> row {row:?}, screen {shown:?}"), |session| {
            selected(session).contains(row) && session.contents().contains(shown)
        });
    }
    assert!(session.raw.windows(7).any(|bytes| bytes == b"\x1b]52;c;"), "y speaks OSC 52");
    session.send(b" ");
    session.loses("FROZEN");
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

#[test]
fn filters_and_commands_are_typed_pasted_and_cleared() {
    let mut session = demo_by_name();
    // What is sent, what must then be on the screen, and what must not.
    for (sent, shown, gone) in [
        ("/che", "/che█", "accounts"),
        ("\x7f\x7f\x7f", "accounts", "/che"),
        ("\x1b[200~payments\x1b[201~", "payments", "accounts"),
        ("\x15", "accounts", "payments█"),
        ("zzz", "no service matches", "accounts"),
        ("\x1b", "accounts", "no service matches"),
        ("/!a\r", "checkout", "accounts"),
        ("\x1b", "accounts", "/!a"),
        (":service checkout\r", "checkout  ● up", "┌ services"),
        ("\x1b", "┌ services", "checkout  ● up"),
        (":nonsense\r", "neither a command nor a service: \"nonsense\"", "┌ targets"),
        (":theme nonsense\r", "there is no theme \"nonsense\"", "┌ targets"),
        (":targets\r", "┌ targets", "┌ services"),
        (":over\t\r", "┌ services", "┌ targets"),
        // Pasted keys are no keys.
        ("\x1b[200~qqq\x1b[201~:reload\r", "there is no configuration file", "┌ targets"),
    ] {
        session.send(sent.as_bytes());
        session.until(&format!("{sent:?} -> {shown:?}, not {gone:?}"), |session| {
            let contents = session.contents();
            contents.contains(shown) && !contents.contains(gone)
        });
    }
    session.send(b":q\r");
    assert_eq!(session.end(), 0);
    session.assert_restored(":q");
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut session = demo_by_name();
    let row = |session: &Session, name: &str| {
        session.line(&format!(" {name} ")).unwrap_or_else(|| panic!("{name}:\n{}", session.contents())).0 + 1
    };
    let y = row(&session, "catalog");
    session.send(format!("\x1b[<0;10;{y}M\x1b[<0;10;{y}m").as_bytes());
    session.until("a click selects", |session| selected(session).contains("catalog"));
    session.send(b"\x1b[<65;10;5M");
    session.until("the wheel moves down", |session| selected(session).contains("inventory"));
    session.send(b"\x1b[<64;10;5M");
    session.until("the wheel moves up", |session| selected(session).contains("catalog"));
    session.send(format!("\x1b[<0;10;{y}M").as_bytes());
    session.sees("catalog  ");
    session.loses("┌ services");
    // Clicks on nothing, outside, and on coordinates that no terminal has.
    for click in ["\x1b[<0;1;1M", "\x1b[<0;120;40M", "\x1b[<0;0;0M", "\x1b[<0;65535;65535M", "\x1b[<99;1M"] {
        session.send(click.as_bytes());
    }
    session.send(b"\x1b");
    session.sees("┌ services");
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

#[test]
fn every_size_is_drawn_on_every_screen() {
    let mut session = demo_by_name();
    for (key, title) in
        [("1", "┌ services"), ("2", "┌ targets"), ("?", "┌ help"), (":service gateway\r", "gateway  ")]
    {
        session.resize(120, 40);
        session.send(key.as_bytes());
        session.sees(title);
        for (cols, rows) in
            [(200, 60), (80, 24), (20, 5), (3, 1), (1, 1), (500, 2), (2, 200), (80, 24), (120, 40)]
        {
            let drawn = session.raw.len();
            session.resize(cols, rows);
            session.until(&format!("{title} at {cols}x{rows}"), |session| {
                let small = cols < 40 || rows < 8;
                let fresh = session.raw.get(drawn..).unwrap_or_default();
                // A whole frame, from the clearing of the screen to the end of synchronized output.
                let cleared =
                    fresh.windows(4).any(|bytes| bytes == b"\x1b[2J") && fresh.ends_with(b"\x1b[?2026l");
                cleared && (small || session.contents().contains(title))
            });
        }
    }
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

#[test]
fn signals_and_keys_end_it_restored_with_their_exit_code() {
    let files = two_dead();
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let mut session = files.show();
        session.sees("2 down");
        session.signal(signal);
        assert_eq!(session.end(), code, "SIG{signal}");
        session.assert_restored(signal);
    }
    for keys in ["q", "\x03", ":quit\r", ":\x03", "/filter\x03", "?q"] {
        let mut session = files.show();
        session.sees("2 down");
        session.send(keys.as_bytes());
        assert_eq!(session.end(), 0, "{keys:?}");
        session.assert_restored(keys);
    }
}

#[test]
fn stopped_and_resumed_it_leaves_the_terminal_to_the_shell_and_takes_it_again() {
    let files = two_dead();
    let mut session = Session::start("bash", &["--norc", "--noprofile", "-i"], &[]);
    session.send(format!("PS1='shell> '; \"$WARROOM\" -c '{}'\n", files.path().display()).as_bytes());
    session.sees("2 down");
    let at_prompt = |session: &Session| session.contents().trim_end().ends_with("shell>");
    session.send(b"\x1a");
    session.until("ctrl-z", |session| session.contents().contains("Stopped") && at_prompt(session));
    let screen = session.screen.screen();
    // Bracketed paste is on again: the shell itself asks for it.
    assert!(!screen.alternate_screen() && !screen.hide_cursor());
    session.send(b"fg\n");
    session.until("fg", |session| {
        session.contents().contains("┌ services") && selected(session).contains("alpha")
    });
    assert!(session.screen.screen().alternate_screen() && session.screen.screen().hide_cursor());
    session.send(b"j");
    session.until("a key after fg", |session| selected(session).contains("beta"));
    session.send(b"q");
    session.until("the shell", at_prompt);
    session.send(b"exit\n");
    session.end();
}

#[test]
fn stopped_from_outside_it_draws_everything_again_when_it_goes_on() {
    let files = two_dead();
    let mut session = files.show();
    session.sees("2 down");
    session.signal("STOP");
    let drawn = session.raw.len();
    session.signal("CONT");
    session.until("SIGCONT", |session| {
        let fresh = session.raw.get(drawn..).unwrap_or_default();
        fresh.windows(4).any(|bytes| bytes == b"\x1b[2J") && session.contents().contains("2 down")
    });
    // Nobody is there who could resume it: it says so and goes on.
    session.send(b"\x1a");
    session.sees("no shell is there");
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

/// Debug builds only: released ones have no way to be told to panic.
#[cfg(debug_assertions)]
#[test]
fn a_panic_gives_the_terminal_back_and_is_read_on_the_main_screen() {
    let files = two_dead();
    for (keys, message) in [(b"\x1b\x10".as_slice(), "panic of the loop"), (b"\x1b\x14", "panic of a thread")]
    {
        let mut session = files.show();
        session.sees("2 down");
        session.send(keys);
        let code = session.end();
        assert!(code != 0 && code != 130, "{message}: {code}");
        session.assert_restored(message);
        assert!(session.contents().contains(message), "{}", session.contents());
    }
}

#[test]
fn a_dropped_terminal_ends_it_at_once_even_where_hangups_are_ignored() {
    let files = two_dead();
    let config = files.path();
    for ignored in ["", "trap '' HUP; "] {
        let script = format!("{ignored}exec \"$WARROOM\" -c '{}'", config.display());
        best_of_three(Duration::from_millis(300), "the end after a dropped terminal", || {
            let mut session = Session::start("sh", &["-c", &script], &[]);
            session.sees("2 down");
            // A paste that was cut in the middle must not hide the hang-up.
            session.send(b"\x1b[200~half");
            session.drop_terminal()
        });
    }
}

#[test]
fn without_a_terminal_it_prints_the_status_and_no_escapes() {
    let files = two_dead();
    let config = files.path();
    let config = config.to_str().expect("UTF-8");
    let piped = std::process::Command::new(WARROOM)
        .args(["--config", config])
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output()
        .expect("it runs");
    let mut dumb = Session::start(WARROOM, &["--config", config], &[("TERM", "dumb")]);
    assert_eq!((piped.status.code(), dumb.end()), (Some(0), 0));
    for (case, bytes) in [("piped", &piped.stdout), ("TERM=dumb", &dumb.raw)] {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains("alpha") && text.contains("connection refused"), "{case}: {text}");
        assert!(!bytes.contains(&0x1b), "{case} has escapes: {text:?}");
    }
    dumb.assert_restored("TERM=dumb");
    // What it prints to is a file, where it reads from is a terminal.
    let script = format!("exec \"$WARROOM\" -c '{config}' | cat");
    let mut session = Session::start("sh", &["-c", &script], &[]);
    assert_eq!(session.end(), 0);
    assert!(session.contents().contains("connection refused") && !session.raw.contains(&0x1b));
}

#[test]
fn keys_come_from_the_terminal_where_something_else_is_piped_in() {
    let files = two_dead();
    let script = format!("echo data | \"$WARROOM\" -c '{}'", files.path().display());
    let mut session = Session::start("sh", &["-c", &script], &[]);
    session.sees("2 down");
    session.send(b"j");
    session.until("a key", |session| selected(session).contains("beta"));
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}

#[test]
fn a_changed_configuration_shows_soon_and_a_bad_one_changes_nothing() {
    let files = two_dead();
    let mut session = files.show();
    session.sees("2 down");
    let url = dead();
    let mut services = vec![("alpha", url.as_str()), ("beta", url.as_str())];
    let mut names = ["gamma", "delta", "epsilon"].into_iter();
    best_of_three(RELOAD, "a new service on the screen", || {
        let name = names.next().expect("three attempts");
        services.push((name, url.as_str()));
        files.write(&config(&services));
        session.sees(&format!(" {name} "))
    });
    session.sees("configuration read");
    files.write(&format!("{}[service.broken]\ninstances = 7\n", config(&services[..1])));
    session.sees("reload refused, the old configuration stays");
    let contents = session.contents();
    assert!(
        contents.contains(" beta ") && contents.contains(" gamma ") && !contents.contains("broken  "),
        "{contents}"
    );
    // It goes on with the old one, and takes the next good one.
    let began = Instant::now();
    files.write(&config(&services[..2]));
    session.loses(" gamma ");
    assert!(began.elapsed() < pty::DEADLINE);
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored("q");
}
