//! The terminal: set up, drawn to, restored.
//!
//! [`Screen`] owns the tty: raw mode, alternate screen, one diffed frame per write inside synchronized output, never
//! more than one frame in flight, so that nothing here ever waits for a slow link. [`Inputs`] turns bytes into keys,
//! [`signals`] turns signals into values, [`detect()`] judges the environment. It knows nothing of what is drawn.

pub mod detect;
mod ansi;
mod input;
mod keys;
mod signals;
mod tty;
mod writer;

pub use ansi::Ansi;
pub use detect::{ColorChoice, Depth, Detected, Multiplexer, TerminalEnv, detect, is_interactive};
pub use input::{Input, Inputs};
pub use signals::{Signal, Signals, signals};
pub use tty::window_size;

use ratatui::backend::Backend as _;
use ratatui::{Frame, Terminal};
use std::io;
use tty::Tty;
use writer::Writer;

/// The most bytes that wait for the next frame by [`Screen::raw`]: a clipboard text, not a film.
const RAW_CAP: usize = 128 * 1024;

/// How to open the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenOptions {
    /// Ask the terminal for mouse events (clicks, wheel, drags; SGR coordinates).
    pub mouse: bool,
    /// Columns and rows to draw instead of what the kernel says.
    pub size: Option<(u16, u16)>,
}

/// What a call of [`Screen::draw`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Bytes handed to the terminal; 0 where nothing visible changed.
    pub bytes: usize,
    /// The frame before is still in flight: nothing was rendered, ask again after [`Screen::writable`].
    pub skipped: bool,
}

/// The terminal in the hands of the dashboard. Given back on [`Screen::leave`], on drop and by a panic in any thread.
pub struct Screen {
    tty: Tty,
    terminal: Terminal<Ansi>,
    writer: Writer,
    raw: Vec<u8>,
    mouse: bool,
    /// A suspension that we made ourselves ends with a SIGCONT that needs no second redraw.
    expect_cont: bool,
}

impl Screen {
    /// Takes the terminal: raw mode now, the alternate screen with the first frame. Sends no query and waits for nothing.
    ///
    /// # Errors
    /// Where standard output is no terminal, it cannot be set, or another `Screen` holds it.
    pub fn enter(options: ScreenOptions) -> io::Result<Self> {
        let tty = Tty::open()?;
        let (width, height) = options.size.unwrap_or_else(|| tty.size());
        let writer = Writer::new(tty.fd());
        tty.take(writer.in_flight())?;
        let mut backend = Ansi::new(width.max(1), height.max(1));
        backend.prologue(tty::ENTER);
        if options.mouse {
            backend.prologue(tty::MOUSE_ON);
        }
        let terminal = Terminal::new(backend)?;
        Ok(Self { tty, terminal, writer, raw: Vec::new(), mouse: options.mouse, expect_cont: false })
    }

    /// Renders a frame and hands what differs from the last one to the terminal in one write. Never blocks: while a
    /// frame is in flight nothing is rendered ([`Drawn::skipped`]).
    ///
    /// # Errors
    /// The terminal is gone, or was given back by a panic elsewhere: the loop should end.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<Drawn> {
        self.writer.take_error()?;
        if !tty::is_held() {
            return Err(io::Error::other("drawing: the terminal was given back after a panic"));
        }
        if !self.writer.is_idle() {
            return Ok(Drawn { bytes: 0, skipped: true });
        }
        self.terminal.draw(render)?;
        let frame = self.terminal.backend_mut().take_frame(&mut self.raw);
        let bytes = frame.len();
        if bytes > 0 {
            tty::mark_drawn();
            let spare = self.writer.send(frame)?;
            self.terminal.backend_mut().recycle(spare);
        }
        Ok(Drawn { bytes, skipped: false })
    }

    /// Nothing is in flight: the next [`Screen::draw`] will reach the terminal.
    pub fn ready(&self) -> bool {
        self.writer.is_idle()
    }

    /// Resolves when the frame in flight is gone, at once where there is none. Cancel-safe. An error is kept for the
    /// next [`Screen::draw`]. Needs a tokio runtime with its I/O and time drivers.
    pub async fn writable(&self) {
        self.writer.drained().await;
    }

    /// Tells the size of the terminal (from [`Signal::Resize`]); the next frame is drawn whole.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.terminal.backend_mut().resize(width.max(1), height.max(1));
        self.redraw_all();
    }

    /// Columns and rows that frames are drawn for.
    pub fn size(&self) -> (u16, u16) {
        let size = self.terminal.backend().size().unwrap_or_default();
        (size.width, size.height)
    }

    /// The next frame is drawn whole, whatever the screen holds now.
    pub fn redraw_all(&mut self) {
        // Our backend cannot fail to clear: it writes to memory.
        let _ = self.terminal.clear();
    }

    /// Turns mouse events on or off with the next frame, so that text can be selected by hand.
    pub fn set_mouse(&mut self, on: bool) {
        if on != self.mouse {
            self.mouse = on;
            self.raw(if on { tty::MOUSE_ON } else { tty::MOUSE_OFF });
        }
    }

    /// Rings the bell: at once where nothing is in flight, else with the next frame.
    pub fn bell(&mut self) {
        self.raw(b"\x07");
    }

    /// Sends a whole control sequence (OSC 52, a title) that prints nothing: at once where nothing is in flight, else
    /// after the next frame. Beyond 128 KiB in waiting it is dropped: answers whether it was taken.
    pub fn raw(&mut self, bytes: &[u8]) -> bool {
        if self.raw.len() + bytes.len() > RAW_CAP {
            return false;
        }
        self.raw.extend_from_slice(bytes);
        // Before the first frame the alternate screen is not there yet, so the bytes wait for it.
        if self.writer.is_idle() && tty::is_drawn() {
            let waiting = std::mem::take(&mut self.raw);
            // An error is kept for the next draw by the writer.
            let _ = self.writer.send(waiting);
        }
        true
    }

    /// Gives the terminal back, stops the process group as Ctrl-Z does everywhere else, and takes the terminal again
    /// when somebody says `fg`; the next frame is drawn whole. Answers `false`, and does nothing, where no shell is
    /// there that could resume us (a session leader, `ssh -t host warroom`).
    ///
    /// # Errors
    /// The terminal could not be given back or taken again.
    pub fn suspend(&mut self) -> io::Result<bool> {
        if !tty::can_be_resumed() {
            return Ok(false);
        }
        self.writer.abandon();
        // The bytes may not arrive; to stop is what was asked for.
        let _ = tty::give_back();
        let stopped = tty::stop_process_group();
        self.tty.take(self.writer.in_flight())?;
        stopped?;
        self.expect_cont = true;
        self.repaint(tty::ENTER);
        Ok(true)
    }

    /// To be called on [`Signal::Cont`]: whoever stopped us may have changed the terminal's modes and its screen.
    /// After [`Screen::suspend`] it does nothing.
    ///
    /// # Errors
    /// The terminal's modes cannot be set.
    pub fn resume(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.expect_cont) {
            return Ok(());
        }
        self.tty.set_raw()?;
        self.repaint(tty::MODES);
        Ok(())
    }

    fn repaint(&mut self, modes: &[u8]) {
        let (width, height) = self.tty.size();
        let mouse = self.mouse;
        let backend = self.terminal.backend_mut();
        backend.forget();
        backend.prologue(modes);
        if mouse {
            backend.prologue(tty::MOUSE_ON);
        }
        self.resize(width, height);
    }

    /// Gives the terminal back: what is left of a frame is abandoned, modes and screen are restored. Takes at most
    /// about 80 ms, however slow the link.
    ///
    /// # Errors
    /// The terminal is gone or would not take the bytes in time.
    pub fn leave(self) -> io::Result<()> {
        self.writer.abandon();
        tty::give_back()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nobody is left to hear of an error.
        let _ = tty::give_back();
    }
}
