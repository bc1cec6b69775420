//! Cells put together to runs of one look. A run of wide glyphs is one glyph long, so that each starts at its column.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Style;

/// Neighbours of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The column of its first cell.
    pub(super) x: u16,
    /// Columns that it takes.
    pub(super) width: u16,
    /// What stands there.
    pub(super) text: String,
    /// How.
    pub(super) style: Style,
    /// One character a cell, all of ASCII.
    pub(super) plain: bool,
}

/// What stands in a cell: what would not print is a blank.
fn symbol(cell: &Cell) -> &str {
    let symbol = cell.symbol();
    if symbol.is_empty() || symbol.chars().any(crate::text::is_harmful) { " " } else { symbol }
}

/// The rows of a buffer, each as runs from left to right that cover it.
pub(super) fn rows(buffer: &Buffer) -> impl Iterator<Item = Vec<Run>> + '_ {
    let area = buffer.area;
    (area.top()..area.bottom()).map(move |y| {
        let mut row: Vec<Run> = Vec::new();
        let mut x = area.left();
        while x < area.right() {
            let Some(cell) = buffer.cell((x, y)) else { break };
            let symbol = symbol(cell);
            let width = u16::try_from(crate::text::width(symbol).max(1)).unwrap_or(1).min(area.right() - x);
            let (style, plain) = (cell.style(), symbol.is_ascii());
            match row.last_mut() {
                Some(run) if run.style == style && run.plain && plain => {
                    run.text.push_str(symbol);
                    run.width += width;
                }
                _ => row.push(Run { x: x - area.left(), width, text: symbol.to_owned(), style, plain }),
            }
            x += width;
        }
        row
    })
}
