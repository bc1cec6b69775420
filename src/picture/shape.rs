//! Blocks, lines and braille as shapes: drawn, they meet exactly at the edges of their cells, in whatever font the rest
//! stands. Units are the picture's.

use std::fmt::Write as _;

/// A cell is so many units wide.
pub(super) const CELL_WIDTH: u32 = 9;
/// And so many high.
pub(super) const CELL_HEIGHT: u32 = 18;

const W: f64 = CELL_WIDTH as f64;
const H: f64 = CELL_HEIGHT as f64;
/// Half the width of a line.
const THIN: f64 = 0.5;

/// A part of a cell: left, top, width and height in shares of it.
type Part = (f64, f64, f64, f64);

/// What a glyph is made of.
#[derive(Debug, PartialEq)]
pub(super) struct Shape {
    /// Path data of SVG for what is filled.
    pub(super) path: String,
    /// How much of it is ink, in percent: a shade lets the ground through.
    pub(super) percent: u8,
}

/// The shape of `count` glyphs alike, from a cell (column, row) to the right; none: it is a letter, for a font.
pub(super) fn of(glyph: &str, x: u16, y: u16, count: u16) -> Option<Shape> {
    let mut letters = glyph.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    let mut shape = Shape { path: String::new(), percent: 100 };
    // What reaches from edge to edge is one shape, however long.
    if matches!(letter, '─' | '━' | '▀'..='█' | '░'..='▔') {
        one(&mut shape, letter, f64::from(x) * W, f64::from(y) * H, f64::from(count) * W)?;
    } else {
        for at in 0..count {
            one(&mut shape, letter, f64::from(x.saturating_add(at)) * W, f64::from(y) * H, W)?;
        }
    }
    Some(shape)
}

/// Adds one glyph that is `width` units wide.
fn one(shape: &mut Shape, letter: char, left: f64, top: f64, width: f64) -> Option<()> {
    let path = &mut shape.path;
    match letter {
        '\u{2580}'..='\u{259f}' => {
            shape.percent = match letter {
                '░' => 25,
                '▒' => 50,
                '▓' => 75,
                _ => 100,
            };
            for part in block(letter) {
                rectangle(path, left + part.0 * width, top + part.1 * H, part.2 * width, part.3 * H);
            }
        }
        '\u{2800}'..='\u{28ff}' => braille(path, letter, left, top),
        '─' => rectangle(path, left, top + H / 2.0 - THIN, width, 2.0 * THIN),
        '━' => rectangle(path, left, top + H / 2.0 - 2.0 * THIN, width, 4.0 * THIN),
        '╌' => dashed(path, left, top, 2, true),
        '┄' => dashed(path, left, top, 3, true),
        '┈' => dashed(path, left, top, 4, true),
        '╎' => dashed(path, left, top, 2, false),
        '┆' => dashed(path, left, top, 3, false),
        '┊' => dashed(path, left, top, 4, false),
        _ => line(path, letter, left, top)?,
    }
    Some(())
}

/// Numbers without what is not needed: `4.5`, `9`.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn rectangle(path: &mut String, x: f64, y: f64, width: f64, height: f64) {
    let (x, y, w, h) = (number(x), number(y), number(width), number(height));
    let _ = write!(path, "M{x} {y}h{w}v{h}h-{w}z");
}

/// Block elements: Unicode 16, U+2580 to U+259F.
fn block(letter: char) -> Vec<Part> {
    let at = letter as u32;
    let eighths = |n: u32| f64::from(n) / 8.0;
    match letter {
        '▀' => vec![(0.0, 0.0, 1.0, 0.5)],
        '\u{2581}'..='█' => {
            let height = eighths(at - 0x2580);
            vec![(0.0, 1.0 - height, 1.0, height)]
        }
        '▉'..='▏' => vec![(0.0, 0.0, eighths(0x2590 - at), 1.0)],
        '▐' => vec![(0.5, 0.0, 0.5, 1.0)],
        '░' | '▒' | '▓' => vec![(0.0, 0.0, 1.0, 1.0)],
        '▔' => vec![(0.0, 0.0, 1.0, 0.125)],
        '▕' => vec![(0.875, 0.0, 0.125, 1.0)],
        // Quadrants: upper left, upper right, lower left, lower right as bits.
        _ => {
            let bits = match letter {
                '▖' => 0b0010,
                '▗' => 0b0001,
                '▘' => 0b1000,
                '▙' => 0b1011,
                '▚' => 0b1001,
                '▛' => 0b1110,
                '▜' => 0b1101,
                '▝' => 0b0100,
                '▞' => 0b0110,
                _ => 0b0111,
            };
            let corners = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)];
            let set = corners.iter().enumerate().filter(|(at, _)| bits & (0b1000 >> at) != 0);
            set.map(|(_, (x, y))| (*x, *y, 0.5, 0.5)).collect()
        }
    }
}

/// Braille: Unicode 16, U+2800 on; bit to dot as the standard has it.
fn braille(path: &mut String, letter: char, left: f64, top: f64) {
    let bits = letter as u32 - 0x2800;
    for (bit, column, row) in
        [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 1, 0), (4, 1, 1), (5, 1, 2), (6, 0, 3), (7, 1, 3)]
    {
        if bits & (1 << bit) != 0 {
            let x = left + (f64::from(column) + 0.5) * W / 2.0 - 1.0;
            let y = top + (f64::from(row) + 0.5) * H / 4.0 - 1.0;
            rectangle(path, x, y, 2.0, 2.0);
        }
    }
}

/// Lines of box drawing: what is there of up, right, down, left.
fn line(path: &mut String, letter: char, left: f64, top: f64) -> Option<()> {
    let ways = match letter {
        '│' | '┃' => "ud",
        '┌' | '╭' => "rd",
        '┐' | '╮' => "dl",
        '└' | '╰' => "ur",
        '┘' | '╯' => "ul",
        '├' => "urd",
        '┤' => "udl",
        '┬' => "rdl",
        '┴' => "url",
        '┼' => "urdl",
        '╴' => "l",
        '╵' => "u",
        '╶' => "r",
        '╷' => "d",
        _ => return None,
    };
    let half = if letter == '┃' { 2.0 * THIN } else { THIN };
    let (middle_x, middle_y) = (left + W / 2.0, top + H / 2.0);
    for way in ways.chars() {
        match way {
            'u' => rectangle(path, middle_x - half, top, 2.0 * half, H / 2.0 + half),
            'd' => rectangle(path, middle_x - half, middle_y - half, 2.0 * half, H / 2.0 + half),
            'l' => rectangle(path, left, middle_y - half, W / 2.0 + half, 2.0 * half),
            _ => rectangle(path, middle_x - half, middle_y - half, W / 2.0 + half, 2.0 * half),
        }
    }
    Some(())
}

fn dashed(path: &mut String, left: f64, top: f64, count: u32, across: bool) {
    let step = (if across { W } else { H }) / f64::from(count);
    for at in 0..count {
        let from = f64::from(at) * step + step * 0.2;
        if across {
            rectangle(path, left + from, top + H / 2.0 - THIN, step * 0.6, 2.0 * THIN);
        } else {
            rectangle(path, left + W / 2.0 - THIN, top + from, 2.0 * THIN, step * 0.6);
        }
    }
}
