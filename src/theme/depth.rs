//! How many colours a terminal has, and how a colour is mapped to the nearest one that it has.

use ratatui::style::Color;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None; bold, reverse and underline remain.
    Mono,
    /// The sixteen of ECMA-48, whose look the user has chosen.
    #[default]
    Ansi16,
    /// xterm's 256.
    Ansi256,
    /// 24 bits.
    TrueColor,
}

/// xterm's default values of the sixteen colours, for finding the nearest.
const ANSI: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

impl Depth {
    /// The nearest colour that the terminal has; none where it has no colours.
    pub fn map(self, colour: Color) -> Option<Color> {
        match (self, colour) {
            (Self::Mono, _) => None,
            (Self::Ansi256, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_256(r, g, b))),
            (Self::Ansi16, Color::Rgb(r, g, b)) => Some(nearest_16([r, g, b])),
            (Self::Ansi16, Color::Indexed(index)) => Some(nearest_16(xterm_rgb(index))),
            (_, colour) => Some(colour),
        }
    }
}

/// What xterm shows for a colour; none for what the user has chosen (`Reset`).
#[cfg(test)]
pub(super) fn rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index) => Some(xterm_rgb(index)),
        named => ANSI.iter().find(|(known, _)| *known == named).map(|(_, rgb)| *rgb),
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
}

fn nearest_16(rgb: [u8; 3]) -> Color {
    ANSI.iter().min_by_key(|(_, known)| distance(*known, rgb)).map_or(Color::White, |(colour, _)| *colour)
}

const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    let level = |v: u8| (0..6_u8).min_by_key(|i| CUBE[*i as usize].abs_diff(v)).unwrap_or(0);
    let cube = 16 + 36 * level(r) + 6 * level(g) + level(b);
    let average = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = 232 + (average.saturating_sub(8) / 10).min(23) as u8;
    let rgb = [r, g, b];
    if distance(xterm_rgb(grey), rgb) < distance(xterm_rgb(cube), rgb) { grey } else { cube }
}

/// The colour that xterm shows for an index of its palette of 256.
fn xterm_rgb(index: u8) -> [u8; 3] {
    match index {
        0..=15 => ANSI[index as usize].1,
        16..=231 => {
            let i = index - 16;
            [CUBE[(i / 36) as usize], CUBE[(i / 6 % 6) as usize], CUBE[(i % 6) as usize]]
        }
        232..=255 => [8 + (index - 232) * 10; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_map_down_to_the_nearest() {
        for (depth, from, to) in [
            (Depth::TrueColor, Color::Rgb(1, 2, 3), Some(Color::Rgb(1, 2, 3))),
            (Depth::Ansi256, Color::Rgb(255, 0, 0), Some(Color::Indexed(196))),
            (Depth::Ansi256, Color::Rgb(118, 118, 118), Some(Color::Indexed(243))),
            (Depth::Ansi16, Color::Rgb(250, 5, 5), Some(Color::LightRed)),
            (Depth::Ansi16, Color::Indexed(46), Some(Color::LightGreen)),
            (Depth::Ansi16, Color::Green, Some(Color::Green)),
            (Depth::Mono, Color::Green, None),
        ] {
            assert_eq!(depth.map(from), to, "{depth:?} {from:?}");
        }
        for index in 16..=255 {
            let [r, g, b] = xterm_rgb(index);
            let back = nearest_256(r, g, b);
            assert_eq!(xterm_rgb(back), [r, g, b], "{index}");
        }
    }
}
