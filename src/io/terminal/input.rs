//! What the user does, from bytes to [`Input`], on a thread of its own that sleeps in poll(2).
//!
//! Not crossterm's reader: at end of file it spins, a half-received paste blocks it, and it cannot be stopped. The event
//! types are crossterm's.

#![expect(clippy::disallowed_methods, reason = "the input thread and the terminal's device are opened here")]

use super::keys::Parser;
use crate::units::Timestamp;
use crossterm::event::{KeyEvent, MouseEvent};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;
use tokio::sync::mpsc;

/// Inputs that wait for the loop. Beyond, the kernel's own buffer holds back the sender.
const WAITING: usize = 256;

/// What the user, or the terminal for them, did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed. Only presses: release events are never asked for.
    Key(KeyEvent),
    /// A text was pasted, as one; at most 64 KiB of it.
    Paste(String),
    /// A button, the wheel, or a drag.
    Mouse(MouseEvent),
    /// The window got (`true`) or lost the focus, where a terminal says so.
    Focus(bool),
    /// The terminal went away: nothing more will come.
    Hangup,
}

/// The thread that reads; it ends when this is dropped.
#[derive(Debug)]
pub struct Inputs {
    stop: PipeWriter,
}

enum Source {
    Stdin,
    Device(File),
}

impl Source {
    /// Standard input, or the terminal itself where something is piped in.
    fn open() -> io::Result<Self> {
        if rustix::termios::isatty(rustix::stdio::stdin()) {
            return Ok(Self::Stdin);
        }
        let device = File::open("/dev/tty");
        device
            .map(Self::Device)
            .map_err(|error| io::Error::new(error.kind(), format!("opening /dev/tty: {error}")))
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdin => rustix::stdio::stdin(),
            Self::Device(file) => file.as_fd(),
        }
    }
}

impl Inputs {
    /// Starts to read. Each input comes with the moment by `clock` at which its bytes were read: what arrived at once has one
    /// moment, however late the loop gets to it. A hang-up is reported at once, without a byte having to arrive, as the last input.
    ///
    /// # Errors
    /// Neither standard input nor `/dev/tty` is a terminal, or the thread cannot be started.
    pub fn start(clock: fn() -> Timestamp) -> io::Result<(Self, mpsc::Receiver<(Timestamp, Input)>)> {
        let source = Source::open()?;
        let (stopped, stop) = io::pipe()?;
        let (sender, receiver) = mpsc::channel(WAITING);
        std::thread::Builder::new().name("input".into()).spawn(move || {
            run(&source, &stopped, &sender, clock);
        })?;
        Ok((Self { stop }, receiver))
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        // The reader wakes by the byte, or by the pipe's end.
        let _ = self.stop.write(b"!");
    }
}

fn run(
    source: &Source,
    stopped: &PipeReader,
    sender: &mpsc::Sender<(Timestamp, Input)>,
    clock: fn() -> Timestamp,
) {
    let mut parser = Parser::default();
    let mut inputs = Vec::new();
    loop {
        let event = wait(source.fd(), stopped.as_fd(), parser.patience());
        match event {
            Event::Stopped => return,
            Event::Silence => parser.give_up(&mut inputs),
            Event::Bytes => {
                let mut bytes = [0; 4096];
                match rustix::io::read(source.fd(), &mut bytes) {
                    Ok(0) => inputs.push(Input::Hangup),
                    Ok(count) => parser.feed(bytes.get(..count).unwrap_or_default(), &mut inputs),
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Err(_) => inputs.push(Input::Hangup),
                }
            }
            Event::Gone => inputs.push(Input::Hangup),
        }
        let at = clock();
        for input in inputs.drain(..) {
            let last = input == Input::Hangup;
            if sender.blocking_send((at, input)).is_err() || last {
                return;
            }
        }
    }
}

enum Event {
    Bytes,
    Silence,
    Gone,
    Stopped,
}

/// Sleeps until something happens, at most for `patience`.
fn wait(tty: BorrowedFd<'_>, stopped: BorrowedFd<'_>, patience: Option<Duration>) -> Event {
    let timeout = patience.map(|time| Timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    });
    loop {
        let mut fds =
            [PollFd::from_borrowed_fd(tty, PollFlags::IN), PollFd::from_borrowed_fd(stopped, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Event::Silence,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Event::Gone,
            Ok(_) => {}
        }
        let [tty, stopped] = fds.map(|fd| fd.revents());
        if !stopped.is_empty() {
            return Event::Stopped;
        }
        // Before the bytes: what a lost terminal still holds is nobody's wish any more.
        if tty.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Event::Gone;
        }
        if tty.contains(PollFlags::IN) {
            return Event::Bytes;
        }
    }
}
