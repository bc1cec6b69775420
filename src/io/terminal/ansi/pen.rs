//! The style that the terminal writes with, and the shortest SGR sequence to another one.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// Modifiers that show on a blank.
const ON_BLANK: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK)
    .union(Modifier::CROSSED_OUT);

/// SGR parameter that sets, and the one that takes back; 22 and 25 take back two.
const SWITCHES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    /// How a cell looks.
    pub(super) fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

const PLAIN: Look = Look { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

/// What the terminal writes with; `None` where somebody else may have changed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen(Option<Look>);

/// A blank that EL and ECH may draw: on the default background (terminals differ on erasing to a colour), with
/// nothing that shows on a blank. Its foreground and weight cannot be seen.
pub(super) fn erasable(cell: &Cell) -> bool {
    cell.bg == Color::Reset && !cell.modifier.intersects(ON_BLANK)
}

impl Pen {
    pub(super) fn unknown() -> Self {
        Self(None)
    }

    /// What it writes with, where that is known.
    pub(super) fn look(self) -> Option<Look> {
        self.0
    }

    /// Back to the default style.
    pub(super) fn reset(&mut self, out: &mut Vec<u8>) {
        self.set(out, PLAIN);
    }

    /// Turns to the style of `cell`; on a blank only what shows on one.
    pub(super) fn turn(&mut self, out: &mut Vec<u8>, cell: &Cell, blank: bool) {
        let mut look = Look::of(cell);
        if blank && let Some(now) = self.0 {
            let unseen = Modifier::all() - ON_BLANK;
            look.modifier = (look.modifier & ON_BLANK) | (now.modifier & unseen);
            if !look.modifier.intersects(ON_BLANK) {
                look.fg = now.fg;
            }
        }
        self.set(out, look);
    }

    /// Turns to a style in which a blank looks like an erased cell.
    pub(super) fn turn_for_blank(&mut self, out: &mut Vec<u8>) {
        let look = match self.0 {
            Some(now) => Look { fg: now.fg, bg: Color::Reset, modifier: now.modifier - ON_BLANK },
            None => PLAIN,
        };
        self.set(out, look);
    }

    fn set(&mut self, out: &mut Vec<u8>, want: Look) {
        let fresh = from_plain(want);
        let shortest = match self.0 {
            Some(now) if now == want => return,
            Some(now) => Some(between(now, want)).filter(|step| step.len <= fresh.len).unwrap_or(fresh),
            None => fresh,
        };
        out.extend_from_slice(shortest.bytes());
        self.0 = Some(want);
    }
}

/// From whatever to `want`: everything off first, in the same sequence, so that no modifier is lost by it.
fn from_plain(want: Look) -> Sgr {
    let mut sgr = Sgr::new();
    if want != PLAIN {
        sgr.number(0);
    }
    for (modifier, on, _) in SWITCHES {
        if want.modifier.contains(modifier) {
            sgr.number(on);
        }
    }
    if want.fg != Color::Reset {
        sgr.colour(want.fg, false);
    }
    if want.bg != Color::Reset {
        sgr.colour(want.bg, true);
    }
    sgr.finish()
}

/// Only what differs.
fn between(now: Look, want: Look) -> Sgr {
    let mut sgr = Sgr::new();
    let mut have = now.modifier;
    for (modifier, _, off) in SWITCHES {
        if have.contains(modifier) && !want.modifier.contains(modifier) {
            sgr.number(off);
            for (partner, _, same) in SWITCHES {
                if same == off {
                    have.remove(partner);
                }
            }
        }
    }
    for (modifier, on, _) in SWITCHES {
        if want.modifier.contains(modifier) && !have.contains(modifier) {
            sgr.number(on);
        }
    }
    if now.fg != want.fg {
        sgr.colour(want.fg, false);
    }
    if now.bg != want.bg {
        sgr.colour(want.bg, true);
    }
    sgr.finish()
}

/// A sequence on its way. Two are made for each change of style, thousands a frame: they need no memory of their own.
struct Sgr {
    text: [u8; LONGEST],
    len: usize,
}

/// Room for nine switches and two colours of three numbers each: 66 bytes.
const LONGEST: usize = 96;

impl Sgr {
    fn new() -> Self {
        let mut sgr = Self { text: [0; LONGEST], len: 0 };
        sgr.push(0x1b);
        sgr.push(b'[');
        sgr
    }

    fn bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or(&[])
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.text.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn number(&mut self, number: u8) {
        if self.len > 2 {
            self.push(b';');
        }
        let (hundreds, tens, ones) = (number / 100, number / 10 % 10, number % 10);
        if hundreds > 0 {
            self.push(b'0' + hundreds);
        }
        if number >= 10 {
            self.push(b'0' + tens);
        }
        self.push(b'0' + ones);
    }

    fn colour(&mut self, colour: Color, background: bool) {
        let base = if background { 40 } else { 30 };
        match colour {
            Color::Reset => self.number(base + 9),
            Color::Black => self.number(base),
            Color::Red => self.number(base + 1),
            Color::Green => self.number(base + 2),
            Color::Yellow => self.number(base + 3),
            Color::Blue => self.number(base + 4),
            Color::Magenta => self.number(base + 5),
            Color::Cyan => self.number(base + 6),
            Color::Gray => self.number(base + 7),
            Color::DarkGray => self.number(base + 60),
            Color::LightRed => self.number(base + 61),
            Color::LightGreen => self.number(base + 62),
            Color::LightYellow => self.number(base + 63),
            Color::LightBlue => self.number(base + 64),
            Color::LightMagenta => self.number(base + 65),
            Color::LightCyan => self.number(base + 66),
            Color::White => self.number(base + 67),
            Color::Indexed(index) => {
                for number in [base + 8, 5, index] {
                    self.number(number);
                }
            }
            Color::Rgb(red, green, blue) => {
                for number in [base + 8, 2, red, green, blue] {
                    self.number(number);
                }
            }
        }
    }

    fn finish(mut self) -> Self {
        self.push(b'm');
        self
    }
}
