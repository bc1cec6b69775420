//! A frame as lines with colours, for a terminal, a pager or a chat that knows them. SGR of ECMA-48 and its usual
//! extensions for 256 and 16 million colours; each line ends with the look reset, and no cursor is moved.

use super::run::{self, Run};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::fmt::Write as _;

/// The frame, one line a row.
pub(super) fn write(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in run::rows(buffer) {
        let mut now = String::new();
        for run in trimmed(&row) {
            let codes = codes(run.style);
            if codes != now {
                let _ = write!(out, "\x1b[0{codes}m");
                now = codes;
            }
            out.push_str(&run.text);
        }
        out.push_str(if now.is_empty() { "\n" } else { "\x1b[0m\n" });
    }
    out
}

/// A row without the blanks at its end that nobody would see.
fn trimmed(row: &[Run]) -> Vec<Run> {
    let mut row = row.to_vec();
    while let Some(last) = row.last_mut() {
        let seen = last.style.bg.is_some_and(|bg| bg != Color::Reset)
            || last
                .style
                .add_modifier
                .intersects(Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT));
        if seen {
            break;
        }
        let kept = last.text.trim_end_matches(' ').len();
        last.text.truncate(kept);
        if kept > 0 {
            break;
        }
        row.pop();
    }
    row
}

/// Parameters of SGR behind the reset: `;1;31`.
fn codes(style: Style) -> String {
    let mut out = String::new();
    for (modifier, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::SLOW_BLINK, 5),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if style.add_modifier.contains(modifier) {
            let _ = write!(out, ";{code}");
        }
    }
    out.push_str(&style.fg.map(|colour| code(colour, 30)).unwrap_or_default());
    out.push_str(&style.bg.map(|colour| code(colour, 40)).unwrap_or_default());
    out
}

/// A colour from `base` (30: ink, 40: paper) on.
fn code(colour: Color, base: u8) -> String {
    let offset = match colour {
        Color::Reset => return String::new(),
        Color::Rgb(r, g, b) => return format!(";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index) => return format!(";{};5;{index}", base + 8),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
    };
    format!(";{}", base + offset)
}
