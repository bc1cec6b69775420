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
                    offer(leftwards(column, x));
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
                    } else {
                        offer([down.as_slice(), &leftwards(column, x)].concat());
                    }
                }
            }
        }
        out.extend_from_slice(&best);
    }

    /// How many bytes [`Self::travel`] takes from a known cell to another one.
    pub(super) fn cost((column, row): (u16, u16), (x, y): (u16, u16)) -> usize {
        let absolute = match (x, y) {
            (0, 0) => 3,
            (0, _) => 3 + digits(y + 1),
            _ => 4 + digits(y + 1) + digits(x + 1),
        };
        let count = |n: u16| if n == 1 { 3 } else { 3 + digits(n) };
        let right = |from: u16| if x > from { count(x - from) } else { 0 };
        let sideways =
            if x >= column { right(column) } else { count(column - x).min(usize::from(column - x)) };
        if row == y {
            return sideways.min(1 + right(0)).min(if x == column { 0 } else { count(x + 1) }).min(absolute);
        }
        let down = y.checked_sub(row).filter(|rows| (1..=MOST_FEEDS).contains(rows)).map(usize::from);
        let by_feeds = down.map(|down| down + sideways.min(1 + right(0)));
        let straight = (x == column).then(|| count(y + 1));
        by_feeds.into_iter().chain(straight).fold(absolute, usize::min)
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

/// Backspaces while they are shorter.
fn leftwards(from: u16, to: u16) -> Vec<u8> {
    let way = sequence(from - to, b'D');
    let steps = usize::from(from - to);
    if steps <= way.len() { vec![8; steps] } else { way }
}

fn digits(number: u16) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// More line feeds than this are longer than an address.
const MOST_FEEDS: u16 = 6;

/// Line feeds keep the column in raw mode and scroll only below the last row, which no target is.
fn downwards(from: u16, to: u16) -> Option<Vec<u8>> {
    let rows = to.checked_sub(from).filter(|rows| (1..=MOST_FEEDS).contains(rows))?;
    Some(vec![b'\n'; usize::from(rows)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_way_is_its_length() {
        let places = || (0u16..130).step_by(3).flat_map(|x| (0u16..14).map(move |y| (x, y)));
        for from in places() {
            for to in places().chain([(from.0.saturating_sub(1), from.1 + 1), (from.0 + 1, from.1)]) {
                let mut out = Vec::new();
                Spot::At(from.0, from.1).travel(&mut out, to.0, to.1);
                assert_eq!(Spot::cost(from, to), out.len(), "{from:?} -> {to:?}: {out:?}");
            }
        }
    }
}
