//! Where the terminal's cursor is, and the shortest way to another cell.

use ratatui::layout::Position;
use std::io::Write as _;

/// The cursor's cell as far as we know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spot {
    /// Anywhere.
    #[default]
    Unknown,
    /// On this cell; the next glyph lands there.
    At(u16, u16),
    /// Somewhere in this row: past the last column (a wrap is pending), or behind a glyph whose width terminals dispute.
    Row(u16),
}

impl Spot {
    pub(super) fn position(self) -> Position {
        match self {
            Self::Unknown => Position::ORIGIN,
            Self::At(x, y) => Position { x, y },
            Self::Row(y) => Position { x: 0, y },
        }
    }

    /// A glyph of `width` cells was printed here, on a screen of `columns`.
    pub(super) fn printed(&mut self, symbol: &str, width: u16, columns: u16) {
        if let Self::At(x, y) = *self {
            let next = x.saturating_add(width);
            *self = if next >= columns || is_disputed(symbol) { Self::Row(y) } else { Self::At(next, y) };
        }
    }

    /// Moves to a cell by the shortest sequence that is safe from here.
    pub(super) fn travel(&mut self, out: &mut Vec<u8>, x: u16, y: u16) {
        if *self == Self::At(x, y) {
            return;
        }
        let from = std::mem::replace(self, Self::At(x, y));
        let mut best = absolute(x, y);
        let mut offer = |way: Vec<u8>| {
            if way.len() < best.len() {
                best = way;
            }
        };
        match from {
            Self::Unknown => {}
            Self::Row(row) if row == y => {
                offer(from_margin(x));
                offer(sequence(x + 1, b'G'));
            }
            Self::Row(row) => {
                if let Some(down) = downwards(row, y) {
                    // Return first: it ends a pending wrap in every terminal.
                    offer([b"\r".as_slice(), &down, &rightwards(0, x)].concat());
                }
            }
            Self::At(column, row) if row == y => {
                offer(from_margin(x));
                offer(sequence(x + 1, b'G'));
                if x > column {
                    offer(rightwards(column, x));
                } else {
                    offer(sequence(column - x, b'D'));
                    offer(
                        vec![8; usize::from(column - x).min(8)]
                            .into_iter()
                            .take(usize::from(column - x))
                            .collect(),
                    );
                }
            }
            Self::At(column, row) => {
                if column == x {
                    offer(sequence(y + 1, b'd'));
                }
                if let Some(down) = downwards(row, y) {
                    offer([b"\r".as_slice(), &down, &rightwards(0, x)].concat());
                    if x >= column {
                        offer([down.as_slice(), &rightwards(column, x)].concat());
                    }
                }
            }
        }
        out.extend_from_slice(&best);
    }
}

/// Widths on which terminals differ: clusters of several code points, and the planes of emoji.
fn is_disputed(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let first = chars.next().unwrap_or(' ');
    chars.next().is_some() || first >= '\u{1F000}'
}

fn absolute(x: u16, y: u16) -> Vec<u8> {
    match (x, y) {
        (0, 0) => b"\x1b[H".to_vec(),
        (0, _) => sequence(y + 1, b'H'),
        _ => format!("\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1).into_bytes(),
    }
}

/// CSI count final, with the count left out where it is the default, 1.
fn sequence(count: u16, last: u8) -> Vec<u8> {
    let mut way = Vec::with_capacity(8);
    way.extend_from_slice(b"\x1b[");
    if count != 1 {
        let _ = write!(way, "{count}");
    }
    way.push(last);
    way
}

fn from_margin(x: u16) -> Vec<u8> {
    [b"\r".as_slice(), &rightwards(0, x)].concat()
}

fn rightwards(from: u16, to: u16) -> Vec<u8> {
    if to > from { sequence(to - from, b'C') } else { Vec::new() }
}

/// Line feeds keep the column in raw mode and scroll only below the last row, which no target is.
fn downwards(from: u16, to: u16) -> Option<Vec<u8>> {
    let rows = to.checked_sub(from).filter(|rows| (1..=6).contains(rows))?;
    Some(vec![b'\n'; usize::from(rows)])
}
