//! The terminal in a real pty: what a user, a shell and a lost connection do to it. The program is
//! `examples/terminal_probe.rs`; the screen is what vt100 makes of its bytes.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "a test of processes and deadlines")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);

struct Session {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

fn cells(count: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(count).expect("not 0")
}

fn probe() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let target = test.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps");
    let path = target.join("examples/terminal_probe");
    assert!(
        path.exists(),
        "{} is built with the tests: run cargo test without --test, or cargo build --examples first",
        path.display()
    );
    path
}

impl Session {
    fn start(program: &str, args: &[&str]) -> Self {
        Self::with_reader(program, args, |reader| {
            let (sender, bytes) = channel();
            let mut reader = reader;
            std::thread::spawn(move || {
                let mut chunk = [0; 4096];
                while let Ok(count @ 1..) = reader.read(&mut chunk) {
                    if sender.send(chunk[..count].to_vec()).is_err() {
                        return;
                    }
                }
            });
            bytes
        })
    }

    fn with_reader(
        program: &str,
        args: &[&str],
        read: impl FnOnce(Box<dyn Read + Send>) -> Receiver<Vec<u8>>,
    ) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("PROBE", probe());
        // A backtrace would scroll the message away.
        command.env("RUST_BACKTRACE", "0");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let bytes = read(pair.master.try_clone_reader().expect("a reader"));
        let writer = pair.master.take_writer().expect("a writer");
        Self {
            master: Some(pair.master),
            writer: Some(writer),
            child,
            bytes,
            screen: vt100::Parser::new(cells(24), cells(80), 0),
            raw: Vec::new(),
        }
    }

    fn probe() -> Self {
        let mut session = Self::start(probe().to_str().expect("a path in UTF-8"), &[]);
        session.until("frame 1", |screen| screen.contains("last none"));
        session
    }

    fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("not dropped");
        writer.write_all(bytes).and_then(|()| writer.flush()).expect("the pty takes input");
    }

    /// Takes output until the screen is as wanted.
    fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is(&self.screen.screen().contents()) {
            match self.bytes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.screen.process(&bytes);
                    self.raw.extend_from_slice(&bytes);
                }
                Err(error) => panic!("{what}: {error:?}; screen:\n{}", self.screen.screen().contents()),
            }
        }
    }

    /// Waits for the end and takes what is left of the output. Answers the exit code.
    fn end(&mut self) -> u32 {
        let begin = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                break status.exit_code();
            }
            assert!(begin.elapsed() < DEADLINE, "the program did not end");
            match self.bytes.recv_timeout(Duration::from_millis(2)) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => std::thread::yield_now(),
            }
        };
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
            self.take(&bytes);
        }
        code
    }

    /// Waits until the program has nothing to do: it draws without end, so it can only be waiting for the terminal.
    fn until_asleep(&self) {
        let path = format!("/proc/{}/stat", self.child.process_id().expect("a process id"));
        let begin = Instant::now();
        let mut asleep = 0;
        while asleep < 50 {
            assert!(begin.elapsed() < DEADLINE, "the program never waits");
            let stat = std::fs::read_to_string(&path).expect("the program is there");
            asleep = if stat.contains(") S ") { asleep + 1 } else { 0 };
            std::thread::yield_now();
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().expect("a process id").to_string();
        let status = std::process::Command::new("kill").args([name, &pid]).status().expect("kill runs");
        assert!(status.success(), "kill {name} {pid}");
    }

    fn assert_restored(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let modes = self.master.as_ref().and_then(|master| master.get_termios());
        let local = format!("{:?}", modes.map(|modes| modes.local_flags));
        assert!(local.contains("ECHO") && local.contains("ICANON"), "cooked mode is back: {local}");
    }
}

#[test]
fn it_starts_without_a_query_takes_keys_and_quits() {
    let mut session = Session::probe();
    assert!(session.raw.starts_with(b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?2026h"), "{:?}", session.raw);
    for query in [b"\x1b[6n".as_slice(), b"\x1b[c", b"\x1b[?u", b"$p"] {
        assert!(!session.raw.windows(query.len()).any(|bytes| bytes == query), "no query is sent");
    }
    for (bytes, seen) in [
        (b"x".as_slice(), "last key Char('x')"),
        (b"\x1b[A", "last key Up"),
        (b"\x1b", "last key Esc"),
        (b"\x1b[200~ab\rcd\x1b[201~", "last paste 5"),
    ] {
        session.send(bytes);
        session.until(seen, |screen| screen.contains(seen));
    }
    session.send(b"m");
    session.until("the mouse", |screen| screen.contains("Char('m')"));
    assert_eq!(session.screen.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::ButtonMotion);
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn every_size_is_drawn() {
    let mut session = Session::probe();
    for (cols, rows) in [(40, 10), (200, 60), (3, 1), (1, 1), (80, 24)] {
        session.screen.screen_mut().set_size(cells(rows), cells(cols));
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        session.master.as_ref().expect("not dropped").resize(size).expect("a resize");
        let size = format!("size {cols}x{rows}");
        session.until(&size, |screen| match rows {
            1 => screen.trim() == &"frame"[..usize::from(cols.min(5))],
            _ => screen.contains(&size),
        });
    }
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn signals_end_it_restored_with_their_exit_code() {
    for (name, code) in [("-TERM", 143), ("-HUP", 129), ("-INT", 130), ("-QUIT", 131)] {
        let mut session = Session::probe();
        session.signal(name);
        assert_eq!(session.end(), code, "{name}");
        session.assert_restored();
    }
}

#[test]
fn a_panic_restores_first_and_is_read_on_the_main_screen() {
    for (key, message) in [(b"p", "panic while drawing"), (b"t", "panic in a thread")] {
        let mut session = Session::probe();
        session.send(key);
        assert_ne!(session.end(), 0, "{message}");
        session.assert_restored();
        assert!(
            session.screen.screen().contents().contains(message),
            "{}",
            session.screen.screen().contents()
        );
    }
}

#[test]
fn a_dropped_pty_ends_it_at_once_even_where_hangups_are_ignored() {
    for ignored in ["", "trap '' HUP; "] {
        let script = format!("{ignored}exec \"$PROBE\"");
        let mut session = Session::start("sh", &["-c", &script]);
        session.until("frame 1", |screen| screen.contains("last none"));
        // A half-received paste must not hide the hang-up.
        session.send(b"\x1b[200~half");
        let begin = Instant::now();
        // The reader thread holds the last end of the master and goes when this receiver goes.
        let pid = session.child.process_id().expect("a process id");
        drop(session.writer.take());
        drop(session.master.take());
        let (_, nobody) = channel();
        drop(std::mem::replace(&mut session.bytes, nobody));
        // The reader waits for bytes; a resize signal makes the program draw them.
        session.signal("-WINCH");
        session.child.wait().expect("the child can be waited for");
        assert!(begin.elapsed() < Duration::from_millis(300), "{pid} lived on for {:?}", begin.elapsed());
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let mut session = Session::start("bash", &["--norc", "--noprofile", "-i"]);
    session.send(b"PS1='shell> '; \"$PROBE\"\n");
    session.until("frame 1", |screen| screen.contains("last none"));
    session.send(b"\x1a");
    session.until("the prompt", |screen| screen.contains("Stopped") && screen.trim_end().ends_with("shell>"));
    assert!(!session.screen.screen().alternate_screen() && !session.screen.screen().hide_cursor());
    session.send(b"fg\n");
    session.until("the dashboard", |screen| screen.starts_with("frame ") && !screen.contains("shell>"));
    assert!(session.screen.screen().alternate_screen() && session.screen.screen().hide_cursor());
    session.send(b"x");
    session.until("a key", |screen| screen.contains("Char('x')"));
    session.send(b"q");
    session.until("the prompt", |screen| screen.trim_end().ends_with("shell>"));
    session.send(b"exit\n");
    session.end();
}

#[test]
fn without_a_shell_ctrl_z_stops_nothing() {
    let mut session = Session::probe();
    session.send(b"\x1a");
    session.until("an answer", |screen| screen.contains("nobody to resume"));
    session.send(b"q");
    assert_eq!(session.end(), 0);
    session.assert_restored();
}

#[test]
fn a_terminal_that_reads_nothing_cannot_hold_up_the_quit() {
    let (go, wait) = channel::<()>();
    let (stall, stalls) = channel::<()>();
    let mut session = Session::with_reader(probe().to_str().expect("a path"), &[], move |mut reader| {
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            let mut stalled = false;
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                // After the first full chunk nobody reads until the program is gone.
                if count > 1000 && !stalled {
                    stalled = true;
                    let _ = stall.send(());
                    let _ = wait.recv();
                }
                if sender.send(chunk[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        bytes
    });
    session.until("frame 1", |screen| screen.contains("last none"));
    session.send(b"s");
    stalls.recv_timeout(DEADLINE).expect("the program fills the pty");
    session.until_asleep();
    let begin = Instant::now();
    session.send(b"q");
    let code = session.child.wait().expect("the child can be waited for").exit_code();
    let took = begin.elapsed();
    drop(go);
    assert_eq!(code, 0);
    assert!(took < Duration::from_millis(100), "quit took {took:?}");
    session.end();
    session.assert_restored();
}
