//! The real binary in a real pty: what it shows is what vt100 makes of its bytes. Everything is awaited, with a
//! deadline; nothing sleeps and hopes.
#![expect(clippy::disallowed_methods, reason = "a test starts programs and reads the clock")]
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(clippy::missing_panics_doc, reason = "a pty that cannot be had fails its test")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The program under test.
pub const WARROOM: &str = env!("CARGO_BIN_EXE_warroom");

/// How long anything may take on a busy machine before it counts as not happening.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A program in a pty of its own, and the terminal around it.
pub struct Session {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<Vec<u8>>,
    /// What the terminal shows.
    pub screen: vt100::Parser,
    /// Every byte so far.
    pub raw: Vec<u8>,
    /// The terminal's modes before the program was started.
    before: String,
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("not 0")
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Session {
    /// Starts `program` in a terminal of 120 x 40 cells, with an environment that no user's settings reach.
    pub fn start(program: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(120, 40)).expect("a pty");
        let before = modes(&*pair.master);
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd("/");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let fixed = [
            ("HOME", "/nonexistent"),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm-256color"),
            // A backtrace would scroll the message away.
            ("RUST_BACKTRACE", "0"),
            ("WARROOM", WARROOM),
        ];
        for (name, value) in fixed.into_iter().chain(env.iter().copied()) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                if sender.send(chunk[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            master: Some(pair.master),
            writer: Some(writer),
            child,
            bytes,
            screen: vt100::Parser::new(cells(40), cells(120), 0),
            raw: Vec::new(),
            before,
        }
    }

    /// The dashboard, with these arguments.
    pub fn warroom(args: &[&str]) -> Self {
        Self::start(WARROOM, args, &[])
    }

    /// The process id of the program.
    pub fn pid(&self) -> String {
        self.child.process_id().expect("a process id").to_string()
    }

    /// Types `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("not dropped");
        writer.write_all(bytes).and_then(|()| writer.flush()).expect("the pty takes input");
    }

    /// What the screen shows, one line a row.
    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// The line that holds `text`, if there is one: (row from 0, the line).
    pub fn line(&self, text: &str) -> Option<(u16, String)> {
        let contents = self.contents();
        let found = contents.lines().enumerate().find(|(_, line)| line.contains(text));
        found.map(|(row, line)| (row as u16, line.to_owned()))
    }

    /// Takes output until the screen is as wanted; answers how long that took.
    pub fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !is(self) {
            match self.bytes.recv_timeout(DEADLINE.saturating_sub(began.elapsed())) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("{what}: {error:?}; the screen:\n{}", self.contents()),
            }
        }
        began.elapsed()
    }

    /// Takes output until the screen holds `text`.
    pub fn sees(&mut self, text: &str) -> Duration {
        self.until(&format!("\"{text}\" should appear"), |session| session.contents().contains(text))
    }

    /// Takes output until the screen does not hold `text` any more.
    pub fn loses(&mut self, text: &str) -> Duration {
        self.until(&format!("\"{text}\" should go"), |session| !session.contents().contains(text))
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.screen.screen_mut().set_size(cells(rows), cells(cols));
        self.master.as_ref().expect("not dropped").resize(size(cols, rows)).expect("a resize");
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    /// Waits for the end and takes the rest of the output; answers the exit code.
    pub fn end(&mut self) -> u32 {
        let began = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                break status.exit_code();
            }
            assert!(began.elapsed() < DEADLINE, "it did not end; the screen:\n{}", self.contents());
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

    /// Takes the terminal away as a lost connection does; answers how long the program lived on.
    pub fn drop_terminal(mut self) -> Duration {
        drop(self.writer.take());
        let (_, nobody) = channel();
        drop(std::mem::replace(&mut self.bytes, nobody));
        // The reader holds the last end of the master while it waits for bytes: a resize lets some come, it finds
        // nobody to give them to, and goes.
        let master = self.master.take().expect("not dropped");
        master.resize(size(100, 30)).expect("a resize");
        drop(master);
        let began = Instant::now();
        self.child.wait().expect("the child can be waited for");
        began.elapsed()
    }

    /// Sends a signal, by the name that kill(1) knows.
    pub fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &self.pid()])
            .status()
            .expect("kill");
        assert!(status.success(), "kill -{name} {}", self.pid());
    }

    /// The terminal is as it was before the program was started.
    pub fn assert_restored(&self, case: &str) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "{case}: the alternate screen is left");
        assert!(!screen.hide_cursor(), "{case}: the cursor is shown");
        assert!(!screen.bracketed_paste(), "{case}: bracketed paste is off");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{case}: mouse");
        assert_eq!(modes(&**self.master.as_ref().expect("not dropped")), self.before, "{case}: termios");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A test that fails must not leave its program behind.
        let _ = self.child.kill();
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has modes"))
}
