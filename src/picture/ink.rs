//! Colours as a page knows them: a style on a ground gives what is really seen.

use ratatui::style::{Color, Modifier, Style};
use std::fmt;

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// What a frame stands on: a terminal has colours of its own, a page must be given some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    pub(super) ink: Rgb,
    pub(super) paper: Rgb,
}

/// The ground of themes that leave it to the terminal: dark, and light.
const DARK: Ground = Ground { ink: Rgb(0xc9, 0xd1, 0xd9), paper: Rgb(0x10, 0x14, 0x1a) };
const LIGHT: Ground = Ground { ink: Rgb(0x24, 0x29, 0x2f), paper: Rgb(0xff, 0xff, 0xff) };

impl Ground {
    /// The ground under ordinary text of this style: its own, or one on which it can be read.
    pub fn of(text: Style) -> Self {
        let (ink, paper) = (text.fg.and_then(rgb), text.bg.and_then(rgb));
        let dark = match (paper, ink) {
            (Some(paper), _) => light(paper) < 128,
            (None, Some(ink)) => light(ink) >= 128,
            (None, None) => true,
        };
        let usual = if dark { DARK } else { LIGHT };
        Self { ink: ink.unwrap_or(usual.ink), paper: paper.unwrap_or(usual.paper) }
    }

    /// Is the paper the darker of the two?
    pub(super) fn is_dark(self) -> bool {
        light(self.paper) < light(self.ink)
    }
}

/// Brightness, 0 to 255: the weights of ITU-R BT.601.
fn light(Rgb(r, g, b): Rgb) -> u32 {
    (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) / 1000
}

/// How a run really looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "each is a look of its own")]
pub(super) struct Ink {
    pub(super) fg: Rgb,
    /// None: that of the ground.
    pub(super) bg: Option<Rgb>,
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underlined: bool,
    pub(super) struck: bool,
}

impl Ink {
    /// A style on a ground.
    pub(super) fn of(style: Style, ground: Ground) -> Self {
        let has = |modifier| style.add_modifier.contains(modifier);
        let mut fg = style.fg.and_then(rgb).unwrap_or(ground.ink);
        let mut bg = style.bg.and_then(rgb).filter(|bg| *bg != ground.paper);
        if has(Modifier::REVERSED) {
            (fg, bg) = (bg.unwrap_or(ground.paper), Some(fg));
        }
        if has(Modifier::DIM) {
            fg = between(fg, bg.unwrap_or(ground.paper));
        }
        if has(Modifier::HIDDEN) {
            fg = bg.unwrap_or(ground.paper);
        }
        Self {
            fg,
            bg: bg.filter(|bg| *bg != ground.paper),
            bold: has(Modifier::BOLD),
            italic: has(Modifier::ITALIC),
            underlined: has(Modifier::UNDERLINED),
            struck: has(Modifier::CROSSED_OUT),
        }
    }

    /// The declarations of CSS for it; `fill` is the property of the ink: `color`, or `fill` in SVG.
    pub(super) fn css(&self, fill: &str, ground: Ground) -> String {
        let mut out = String::new();
        if self.fg != ground.ink {
            out = format!("{fill}:{};", self.fg);
        }
        for (set, text) in [
            (self.bold, "font-weight:bold;"),
            (self.italic, "font-style:italic;"),
            (self.underlined && !self.struck, "text-decoration:underline;"),
            (self.struck && !self.underlined, "text-decoration:line-through;"),
            (self.struck && self.underlined, "text-decoration:underline line-through;"),
        ] {
            if set {
                out.push_str(text);
            }
        }
        out
    }
}

/// Two thirds of the one, a third of the other.
fn between(a: Rgb, b: Rgb) -> Rgb {
    let mix = |a: u8, b: u8| ((u16::from(a) * 2 + u16::from(b)) / 3) as u8;
    Rgb(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// The sixteen as they can be read on both grounds; what a terminal makes of them is its user's choice.
fn sixteen(index: u8) -> Rgb {
    match index {
        0 => Rgb(0x1b, 0x1f, 0x24),
        1 => Rgb(0xd1, 0x3a, 0x3a),
        2 => Rgb(0x2f, 0x9e, 0x4f),
        3 => Rgb(0xb0, 0x85, 0x1a),
        4 => Rgb(0x3a, 0x78, 0xd6),
        5 => Rgb(0xa0, 0x55, 0xc4),
        6 => Rgb(0x1f, 0x95, 0x9c),
        7 => Rgb(0xb4, 0xbc, 0xc4),
        8 => Rgb(0x76, 0x7e, 0x87),
        9 => Rgb(0xff, 0x6b, 0x66),
        10 => Rgb(0x57, 0xd0, 0x72),
        11 => Rgb(0xe5, 0xbb, 0x47),
        12 => Rgb(0x74, 0xac, 0xff),
        13 => Rgb(0xcf, 0x8e, 0xf0),
        14 => Rgb(0x50, 0xcc, 0xd2),
        _ => Rgb(0xf2, 0xf6, 0xfa),
    }
}

/// The value of a colour; none: the ground's.
fn rgb(colour: Color) -> Option<Rgb> {
    Some(match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => Rgb(r, g, b),
        Color::Indexed(index @ 0..=15) => sixteen(index),
        // xterm's cube of six levels a colour, and its ramp of greys.
        Color::Indexed(index @ 16..=231) => {
            let level = |at: u8| if at == 0 { 0 } else { 55 + 40 * at };
            let at = index - 16;
            Rgb(level(at / 36), level(at / 6 % 6), level(at % 6))
        }
        Color::Indexed(index) => {
            let grey = 8 + 10 * (index - 232);
            Rgb(grey, grey, grey)
        }
        Color::Black => sixteen(0),
        Color::Red => sixteen(1),
        Color::Green => sixteen(2),
        Color::Yellow => sixteen(3),
        Color::Blue => sixteen(4),
        Color::Magenta => sixteen(5),
        Color::Cyan => sixteen(6),
        Color::Gray => sixteen(7),
        Color::DarkGray => sixteen(8),
        Color::LightRed => sixteen(9),
        Color::LightGreen => sixteen(10),
        Color::LightYellow => sixteen(11),
        Color::LightBlue => sixteen(12),
        Color::LightMagenta => sixteen(13),
        Color::LightCyan => sixteen(14),
        Color::White => sixteen(15),
    })
}
