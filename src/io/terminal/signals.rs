//! Signals as values. It decides nothing: the loop does.

use std::io;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

/// A signal that reached the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: end.
    Term,
    /// SIGHUP: the terminal or its connection went away.
    Hup,
    /// SIGINT: from outside, since raw mode delivers Ctrl-C as a key.
    Int,
    /// SIGQUIT: end.
    Quit,
    /// SIGTSTP: suspend.
    Stop,
    /// SIGCONT: resumed; the terminal's modes may have been changed meanwhile.
    Cont,
    /// SIGWINCH, with the columns and rows that the terminal has now.
    Resize(u16, u16),
}

impl Signal {
    /// The exit code of a process that this signal ends, 128 + its number; `None` for those that end nothing.
    pub fn exit_code(self) -> Option<u8> {
        match self {
            Self::Hup => Some(129),
            Self::Int => Some(130),
            Self::Quit => Some(131),
            Self::Term => Some(143),
            Self::Stop | Self::Cont | Self::Resize(..) => None,
        }
    }
}

/// Listens to the signals; made by [`signals`].
#[derive(Debug)]
pub struct Signals {
    term: Listener,
    hup: Listener,
    int: Listener,
    quit: Listener,
    stop: Listener,
    cont: Listener,
    resize: Listener,
}

/// Starts to listen. From now on none of these signals has its default effect, and an inherited "ignore" (nohup) is off.
/// Must be called in a tokio runtime with its I/O driver.
///
/// # Errors
/// The kernel refuses a handler.
pub fn signals() -> io::Result<Signals> {
    Ok(Signals {
        term: signal(SignalKind::terminate())?,
        hup: signal(SignalKind::hangup())?,
        int: signal(SignalKind::interrupt())?,
        quit: signal(SignalKind::quit())?,
        stop: signal(kind(rustix::process::Signal::TSTP))?,
        cont: signal(kind(rustix::process::Signal::CONT))?,
        resize: signal(SignalKind::window_change())?,
    })
}

fn kind(signal: rustix::process::Signal) -> SignalKind {
    SignalKind::from_raw(signal.as_raw())
}

impl Signals {
    /// The next signal, those that end the program first. Cancel-safe. `None` only when the runtime ends.
    pub async fn recv(&mut self) -> Option<Signal> {
        tokio::select! {
            biased;
            got = self.term.recv() => got.map(|()| Signal::Term),
            got = self.hup.recv() => got.map(|()| Signal::Hup),
            got = self.int.recv() => got.map(|()| Signal::Int),
            got = self.quit.recv() => got.map(|()| Signal::Quit),
            got = self.stop.recv() => got.map(|()| Signal::Stop),
            got = self.cont.recv() => got.map(|()| Signal::Cont),
            got = self.resize.recv() => got.map(|()| {
                let (width, height) = super::window_size();
                Signal::Resize(width, height)
            }),
        }
    }
}
