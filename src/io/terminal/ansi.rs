//! A ratatui backend that writes as few bytes as it can into memory. It owns no file and asks the terminal nothing.
//!
//! Sequences are those of ECMA-48 (CUP, CUF, CUB, CHA, VPA, SGR, ED, EL, ECH) and DEC private modes (cursor,
//! synchronized output 2026) that xterm, VTE, kitty, tmux, screen and the Linux console share. REP is not used: several
//! terminals lack it. Colours are written as they are given: mapping them to what the terminal can do is the theme's.

mod group;
mod pen;
mod travel;

use pen::Pen;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Cell, CellWidth as _};
use ratatui::layout::{Position, Size};
use std::io;
use std::io::Write as _;
use travel::Spot;

const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";
/// Blanks are erased instead of printed from this many on: ECH takes four bytes, and a step over them four more.
const ERASE_FROM: u16 = 9;

/// A run of changed blanks that has not been written yet: it may end at the margin, or be long enough to erase.
#[derive(Clone, Copy)]
struct Blanks {
    x: u16,
    y: u16,
    count: u16,
}

/// The backend: what the terminal shows and where its cursor and pen are, as far as we know.
pub struct Ansi {
    out: Vec<u8>,
    /// Mode changes that belong in front of the next frame.
    prologue: Vec<u8>,
    size: Size,
    spot: Spot,
    pen: Pen,
    cursor_shown: bool,
    blanks: Option<Blanks>,
    /// For each cell: the first half of a wide glyph is shown there.
    wide: Vec<bool>,
}

impl Ansi {
    /// A backend for a terminal of `width` x `height` cells whose cursor is hidden.
    pub fn new(width: u16, height: u16) -> Self {
        Self {
            out: Vec::new(),
            prologue: Vec::new(),
            size: Size { width, height },
            spot: Spot::default(),
            pen: Pen::unknown(),
            cursor_shown: false,
            blanks: None,
            wide: Vec::new(),
        }
    }

    /// Tells the size; ratatui asks for it at each frame and gets it from memory.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = Size { width, height };
        self.spot = Spot::default();
        self.wide.clear();
    }

    /// Forgets what is waiting and all that we knew of the terminal's state: somebody else had it.
    pub(super) fn forget(&mut self) {
        self.out.clear();
        self.prologue.clear();
        self.spot = Spot::default();
        self.pen = Pen::unknown();
        self.cursor_shown = false;
        self.blanks = None;
    }

    /// Puts mode changes in front of the next frame, outside synchronized output.
    pub(super) fn prologue(&mut self, bytes: &[u8]) {
        self.prologue.extend_from_slice(bytes);
    }

    /// The bytes of the frame since the last call, with `after` (emptied) behind them. Empty where nothing changed.
    pub fn take_frame(&mut self, after: &mut Vec<u8>) -> Vec<u8> {
        self.settle_blanks();
        let mut frame = std::mem::take(&mut self.out);
        if !frame.is_empty() {
            frame.extend_from_slice(SYNC_END);
        }
        if !self.prologue.is_empty() {
            frame.splice(0..0, self.prologue.drain(..));
        }
        frame.append(after);
        frame
    }

    /// Takes back the buffer of a frame that was written, so that the next one need not allocate.
    pub(super) fn recycle(&mut self, spare: Vec<u8>) {
        if self.out.is_empty() {
            self.out = spare;
        }
    }

    fn begin(&mut self) {
        if self.out.is_empty() {
            self.out.extend_from_slice(SYNC_BEGIN);
        }
    }

    fn put_all(&mut self, cells: &[(u16, u16, &Cell)]) {
        for (x, y, cell) in cells {
            self.put(*x, *y, cell);
        }
        self.settle_blanks();
    }

    fn put(&mut self, x: u16, y: u16, cell: &Cell) {
        let symbol = printable(cell.symbol());
        if symbol == " " && pen::erasable(cell) {
            match &mut self.blanks {
                Some(run) if run.y == y && run.x + run.count == x => {
                    run.count += 1;
                    return;
                }
                _ => {}
            }
            self.settle_blanks();
            self.blanks = Some(Blanks { x, y, count: 1 });
            return;
        }
        self.settle_blanks();
        self.begin();
        let width = if symbol == " " { 1 } else { cell.cell_width().max(1) };
        self.part(x, y, width);
        self.spot.travel(&mut self.out, x, y);
        self.pen.turn(&mut self.out, cell, symbol == " ");
        self.out.extend_from_slice(symbol.as_bytes());
        self.spot.printed(symbol, width, self.size.width);
        self.note(x, y, width, width > 1);
    }

    /// Before `width` cells at `x` are written: where they end in the first half of a wide glyph, terminals differ on
    /// the style that its second half is left with, and ratatui takes it for a plain blank. So it is made one.
    fn part(&mut self, x: u16, y: u16, width: u16) {
        let last = x.saturating_add(width - 1);
        let head = self.index(last, y).and_then(|at| self.wide.get(at)).copied().unwrap_or_default();
        if head {
            self.spot.travel(&mut self.out, last, y);
            self.pen.turn_for_blank(&mut self.out);
            self.out.extend_from_slice(b"  ");
            self.spot.printed(" ", 2, self.size.width);
        }
    }

    /// Remembers what is shown in `width` cells: one wide glyph, or narrow ones.
    fn note(&mut self, x: u16, y: u16, width: u16, wide: bool) {
        if self.wide.is_empty() && !wide {
            return;
        }
        self.wide.resize(usize::from(self.size.width) * usize::from(self.size.height), false);
        if let Some(from) = self.index(x, y) {
            let to = self.wide.len().min(from + usize::from(width));
            if let Some(cells) = self.wide.get_mut(from..to) {
                cells.fill(false);
            }
            if let Some(first) = self.wide.get_mut(from) {
                *first = wide;
            }
        }
    }

    fn index(&self, x: u16, y: u16) -> Option<usize> {
        (x < self.size.width).then(|| usize::from(y) * usize::from(self.size.width) + usize::from(x))
    }

    /// Writes the run of blanks in the cheapest way: to the margin by EL, a long one by ECH, a short one as blanks.
    fn settle_blanks(&mut self) {
        let Some(run) = self.blanks.take() else { return };
        self.begin();
        self.spot.travel(&mut self.out, run.x, run.y);
        self.pen.turn_for_blank(&mut self.out);
        let to_margin = run.x.saturating_add(run.count) >= self.size.width;
        if to_margin && run.count > 3 {
            // Writing to memory cannot fail.
            let _ = self.out.write_all(b"\x1b[K");
        } else if run.count >= ERASE_FROM {
            let _ = write!(self.out, "\x1b[{}X", run.count);
        } else {
            self.out.resize(self.out.len() + usize::from(run.count), b' ');
            self.spot.printed(" ", run.count, self.size.width);
        }
        self.note(run.x, run.y, run.count, false);
    }
}

/// A symbol that prints: control characters, which no widget should let through, become a blank.
fn printable(symbol: &str) -> &str {
    if symbol.is_empty() || symbol.chars().any(char::is_control) { " " } else { symbol }
}

impl Backend for Ansi {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let size = self.size;
        let mut cells: Vec<_> = content.filter(|(x, y, _)| *x < size.width && *y < size.height).collect();
        let before = (self.out.len(), self.spot, self.pen);
        self.put_all(&cells);
        // A wide glyph leaves its neighbours in a state that depends on the order; such frames keep the one of rows.
        if self.wide.is_empty() && group::by_look(&mut cells, before.2, before.1) {
            let by_rows = (self.out.split_off(before.0), self.spot, self.pen);
            (self.spot, self.pen) = (before.1, before.2);
            self.put_all(&cells);
            if self.out.len() - before.0 >= by_rows.0.len() {
                self.out.truncate(before.0);
                self.out.extend_from_slice(&by_rows.0);
                (self.spot, self.pen) = (by_rows.1, by_rows.2);
            }
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown {
            self.begin();
            self.out.extend_from_slice(b"\x1b[?25l");
            self.cursor_shown = false;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !self.cursor_shown {
            self.begin();
            self.out.extend_from_slice(b"\x1b[?25h");
            self.cursor_shown = true;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // From memory: a query would wait for terminals that never answer.
        Ok(self.spot.position())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        // Only a cursor that is seen has to be somewhere.
        if self.cursor_shown {
            let (x, y) =
                (x.min(self.size.width.saturating_sub(1)), y.min(self.size.height.saturating_sub(1)));
            let before = self.out.len();
            self.begin();
            let begun = self.out.len();
            self.spot.travel(&mut self.out, x, y);
            if self.out.len() == begun {
                self.out.truncate(before);
            }
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.settle_blanks();
        if region == ClearType::All {
            // What was going to be drawn is wiped with the rest, so it need not be sent.
            self.out.clear();
            self.spot = Spot::default();
            self.pen = Pen::unknown();
            self.wide.clear();
        }
        self.begin();
        if region == ClearType::All && self.cursor_shown {
            self.out.extend_from_slice(b"\x1b[?25h");
        }
        self.pen.reset(&mut self.out);
        self.out.extend_from_slice(match region {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
