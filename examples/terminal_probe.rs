//! A small program in the terminal, for `tests/terminal_pty.rs` and for measuring the terminal alone.
//!
//! Keys are echoed; `q` quits, `p` panics while drawing, `t` panics in a thread, `s` draws new frames as fast as the
//! terminal takes them, `m` toggles the mouse, Ctrl-Z suspends. `terminal_probe empty` draws one frame and leaves.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Style};
use std::process::ExitCode;
use std::time::Instant;
use warroom::io::terminal::{Input, Inputs, Screen, ScreenOptions, Signal, signals};

struct Probe {
    frames: u64,
    last: String,
    mouse: bool,
    spinning: bool,
    panics: bool,
}

fn main() -> std::io::Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some("empty") {
        return empty();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(run())?;
    Ok(ExitCode::from(code))
}

/// Enter, one frame, leave: what the terminal costs at start.
#[expect(clippy::disallowed_methods, reason = "this measures")]
#[expect(clippy::print_stdout, reason = "after the terminal was given back")]
fn empty() -> std::io::Result<ExitCode> {
    let begin = Instant::now();
    let mut screen = Screen::enter(ScreenOptions::default())?;
    let drawn = screen.draw(|_| {})?;
    let entered = begin.elapsed();
    screen.leave()?;
    println!(
        "entered {} us, {} bytes, left after {} us",
        entered.as_micros(),
        drawn.bytes,
        begin.elapsed().as_micros()
    );
    Ok(ExitCode::SUCCESS)
}

async fn run() -> std::io::Result<u8> {
    let mut signals = signals()?;
    let mut screen = Screen::enter(ScreenOptions::default())?;
    let (_inputs, mut input) = Inputs::start(warroom::runtime::now)?;
    let mut probe = Probe { frames: 0, last: "none".into(), mouse: false, spinning: false, panics: false };
    let mut dirty = true;
    let code = loop {
        if (dirty || probe.spinning) && screen.ready() {
            probe.frames += 1;
            if screen.draw(|frame| paint(frame, &probe)).is_err() {
                break 74;
            }
            dirty = false;
        }
        tokio::select! {
            biased;
            Some(signal) = signals.recv() => {
                dirty = true;
                match signal {
                    Signal::Resize(width, height) => screen.resize(width, height),
                    Signal::Cont => screen.resume()?,
                    Signal::Stop => {
                        screen.suspend()?;
                    }
                    other => break other.exit_code().unwrap_or(70),
                }
            }
            got = input.recv() => {
                dirty = true;
                match got.map(|(_, input)| input) {
                    None | Some(Input::Hangup) => break 129,
                    Some(Input::Key(KeyEvent { code: KeyCode::Char('q'), .. })) => break 0,
                    Some(Input::Key(KeyEvent { code: KeyCode::Char('z'), modifiers: KeyModifiers::CONTROL, .. })) => {
                        if !screen.suspend()? {
                            probe.last = "nobody to resume".into();
                        }
                    }
                    Some(other) => probe.take(other, &mut screen),
                }
            }
            () = screen.writable(), if !screen.ready() => {}
            () = tokio::task::yield_now(), if probe.spinning && screen.ready() => {}
        }
    };
    // A lost terminal cannot be restored, and that is no news.
    let _ = screen.leave();
    Ok(code)
}

impl Probe {
    #[expect(clippy::disallowed_methods, reason = "a thread that panics is what is tested")]
    fn take(&mut self, input: Input, screen: &mut Screen) {
        self.last = match input {
            Input::Key(key) => {
                match key.code {
                    KeyCode::Char('p') => self.panics = true,
                    KeyCode::Char('t') => {
                        // The loop goes on and finds out when it draws.
                        let _ = std::thread::spawn(|| panic!("probe: panic in a thread")).join();
                    }
                    KeyCode::Char('s') => self.spinning = true,
                    KeyCode::Char('m') => {
                        self.mouse = !self.mouse;
                        screen.set_mouse(self.mouse);
                    }
                    _ => {}
                }
                format!("key {:?}", key.code)
            }
            Input::Paste(text) => {
                format!("paste {} {}", text.len(), text.chars().take(20).collect::<String>())
            }
            other => format!("{other:?}"),
        };
    }
}

fn paint(frame: &mut ratatui::Frame<'_>, probe: &Probe) {
    assert!(!probe.panics, "probe: panic while drawing");
    let area = frame.area();
    let style = Style::new().fg(Color::Green);
    let buffer = frame.buffer_mut();
    let size = format!("size {}x{}", area.width, area.height);
    let lines = [format!("frame {}", probe.frames), size, format!("last {}", probe.last), "東京 wide".into()];
    for (row, line) in (0..area.height).zip(lines) {
        buffer.set_stringn(0, row, line, usize::from(area.width), style);
    }
    if probe.spinning {
        for row in 4..area.height {
            for column in 0..area.width {
                let letter = b'a' + ((probe.frames + u64::from(row) + u64::from(column)) % 26) as u8;
                buffer[(column, row)].set_char(char::from(letter));
            }
        }
    }
}
