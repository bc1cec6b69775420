//! The tty's modes: taken once, given back once, from whichever thread is the first to need it. It draws nothing.

#![expect(clippy::disallowed_methods, reason = "the terminal is opened and its deadline kept here")]

use nix::unistd::{getpgrp, getppid, getsid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{
    OptionalActions, QueueSelector, SpecialCodeIndex, Termios, isatty, tcflush, tcgetattr, tcgetwinsize,
    tcsetattr,
};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// Alternate screen, then [`MODES`]. Terminals that have no alternate screen are at least cleared by the first frame.
pub(super) const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";
/// Hidden cursor and bracketed paste.
pub(super) const MODES: &[u8] = b"\x1b[?25l\x1b[?2004h";
/// Buttons, drags, SGR coordinates.
pub(super) const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// The opposite of [`MOUSE_ON`].
pub(super) const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// Ends a sequence or a string that was cut in the middle (CAN, then ST).
const CANCEL: &[u8] = b"\x18\x1b\\";
/// Synchronized output off, mouse off, paste off, plain style, main screen, visible cursor.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[m\x1b[?1049l\x1b[?25h";
/// How long the terminal may take to accept [`LEAVE`].
const LEAVE_WITHIN: Duration = Duration::from_millis(80);
/// Drawn where the kernel does not know the size (a serial line).
const DEFAULT_SIZE: (u16, u16) = (80, 24);

/// What has to be put back.
struct Held {
    fd: Arc<OwnedFd>,
    modes: Termios,
    in_flight: Arc<AtomicBool>,
    /// The flags of a description that we could not open afresh and had to make non-blocking for everybody.
    flags: Option<OFlags>,
}

static HELD: Mutex<Option<Held>> = Mutex::new(None);
static IS_HELD: AtomicBool = AtomicBool::new(false);
static IS_DRAWN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

fn held() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody has taken the terminal and nobody has given it back.
pub(super) fn is_held() -> bool {
    IS_HELD.load(Ordering::Acquire)
}

/// The alternate screen is on its way to the terminal, or there.
pub(super) fn is_drawn() -> bool {
    IS_DRAWN.load(Ordering::Acquire)
}

/// From now on there is an alternate screen to leave.
pub(super) fn mark_drawn() {
    IS_DRAWN.store(true, Ordering::Release);
}

/// The terminal behind standard output, on a file description of our own.
pub(super) struct Tty {
    fd: Arc<OwnedFd>,
    flags: Option<OFlags>,
}

impl Tty {
    /// Opens the terminal afresh, so that `O_NONBLOCK` stays ours and does not leak to the shell that shares our
    /// standard output. Where that is forbidden (another user's tty), the shared description is set and put back.
    pub(super) fn open() -> io::Result<Self> {
        let stdout = rustix::stdio::stdout();
        if !isatty(stdout) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "taking the terminal: standard output is none",
            ));
        }
        let name = rustix::termios::ttyname(stdout, Vec::new())
            .map(|name| PathBuf::from(OsStr::from_bytes(name.to_bytes())));
        let mut paths: Vec<PathBuf> = name.into_iter().collect();
        paths.push(PathBuf::from("/proc/self/fd/1"));
        paths.push(PathBuf::from("/dev/tty"));
        for path in paths {
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
            let opened =
                std::fs::OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path);
            if let Ok(file) = opened
                && isatty(&file)
            {
                return Ok(Self { fd: Arc::new(file.into()), flags: None });
            }
        }
        let shared = rustix::io::dup(stdout)?;
        let flags = rustix::fs::fcntl_getfl(&shared)?;
        Ok(Self { fd: Arc::new(shared), flags: Some(flags) })
    }

    pub(super) fn fd(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.fd)
    }

    pub(super) fn size(&self) -> (u16, u16) {
        size_of(&*self.fd)
    }

    /// Raw mode, remembered so that any thread can put it back; the panic hook is set with the first.
    pub(super) fn take(&self, in_flight: Arc<AtomicBool>) -> io::Result<()> {
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // First the screen, so that the message is read on the one that stays.
                let _ = give_back();
                previous(panic);
            }));
        });
        let mut held = held();
        if held.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "taking the terminal: it is taken already",
            ));
        }
        let modes = tcgetattr(&*self.fd).map_err(|error| named("reading the terminal's modes", error))?;
        self.set_raw()?;
        if let Some(flags) = self.flags {
            rustix::fs::fcntl_setfl(&*self.fd, flags | OFlags::NONBLOCK)?;
        }
        in_flight.store(false, Ordering::Relaxed);
        *held = Some(Held { fd: Arc::clone(&self.fd), modes, in_flight, flags: self.flags });
        IS_DRAWN.store(false, Ordering::Release);
        IS_HELD.store(true, Ordering::Release);
        Ok(())
    }

    /// Sets raw mode, remembering nothing.
    pub(super) fn set_raw(&self) -> io::Result<()> {
        let mut modes = tcgetattr(&*self.fd).map_err(|error| named("reading the terminal's modes", error))?;
        modes.make_raw();
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&*self.fd, OptionalActions::Now, &modes)
            .map_err(|error| named("setting the terminal's modes", error))
    }
}

fn named(operation: &str, error: rustix::io::Errno) -> io::Error {
    io::Error::new(error.kind(), format!("{operation}: {error}"))
}

/// Columns and rows of the terminal behind standard output, 80x24 where nobody knows.
pub fn window_size() -> (u16, u16) {
    size_of(rustix::stdio::stdout())
}

fn size_of(fd: impl AsFd) -> (u16, u16) {
    match tcgetwinsize(fd) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => DEFAULT_SIZE,
    }
}

/// Puts back what [`Tty::take`] changed; does nothing where nothing is held. The modes are put back even where the
/// terminal does not take the bytes.
pub(super) fn give_back() -> io::Result<()> {
    let Some(held) = held().take() else { return Ok(()) };
    IS_HELD.store(false, Ordering::Release);
    let said = say_goodbye(&held);
    // TCSANOW: to wait for the output to drain is to wait for a slow link.
    let set = tcsetattr(&*held.fd, OptionalActions::Now, &held.modes)
        .map_err(|error| named("restoring the terminal's modes", error));
    if let Some(flags) = held.flags {
        let _ = rustix::fs::fcntl_setfl(&*held.fd, flags);
    }
    said.and(set)
}

fn say_goodbye(held: &Held) -> io::Result<()> {
    if !IS_DRAWN.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    let whole = [CANCEL, LEAVE].concat();
    let in_flight = held.in_flight.load(Ordering::Relaxed);
    if in_flight {
        // The kernel still holds a part of the frame that nobody needs any more.
        let _ = tcflush(&*held.fd, QueueSelector::OFlush);
    }
    // A terminal that took everything is in the middle of nothing: no need to cancel.
    let skip = if in_flight { 0 } else { CANCEL.len() };
    write_within(&held.fd, &whole, skip, LEAVE_WITHIN)
}

/// Writes `whole` from `skip` on, or gives up at the deadline. Where the terminal takes nothing, what it has not read
/// yet is thrown away, once, and `whole` is written from its start.
fn write_within(fd: &OwnedFd, whole: &[u8], skip: usize, within: Duration) -> io::Result<()> {
    let deadline = Instant::now() + within;
    let (mut written, mut flushed) = (skip, false);
    while written < whole.len() {
        match rustix::io::write(fd, whole.get(written..).unwrap_or_default()) {
            Ok(taken) => written += taken,
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) if !flushed => {
                (written, flushed) = (0, true);
                let _ = tcflush(fd, QueueSelector::OFlush);
            }
            Err(rustix::io::Errno::AGAIN) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "restoring the terminal: it takes no bytes",
                    ));
                }
                let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
                let _ = poll(&mut [PollFd::new(fd, PollFlags::OUT)], Some(&timeout));
            }
            Err(error) => return Err(named("restoring the terminal", error)),
        }
    }
    Ok(())
}

/// A shell is there that sees us stop and can resume us. The group of a session leader is orphaned, as is one whose
/// parent lives in another session (POSIX, "orphaned process group"): stopped, it would stay so for ever. In a container
/// the parent or the leader may live outside of our PID namespace; its number is then 0, and nobody in here is a shell.
pub(super) fn can_be_resumed() -> bool {
    let (Ok(session), Ok(parent_session)) = (getsid(None), getsid(Some(getppid()))) else { return false };
    session.as_raw() > 0 && getppid().as_raw() > 0 && getpgrp() != session && parent_session == session
}

/// Stops the whole group, as the kernel does on Ctrl-Z, and returns when it is resumed. SIGSTOP, because SIGTSTP has
/// become a message to ourselves.
pub(super) fn stop_process_group() -> io::Result<()> {
    kill_current_process_group(Signal::STOP)?;
    // The signal may reach another of our threads first: give it the time to stop this one too.
    let _ = poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 5_000_000 }));
    Ok(())
}
