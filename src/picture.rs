//! One frame on paper: what stands in a buffer's cells, as text, ANSI, SVG or HTML. Pure; it knows cells and colours, and
//! nothing of what they mean.
//!
//! The same buffer gives the same bytes, so that pictures can be kept and compared. What is written needs nothing else:
//! no script, no font, no address.

mod ansi;
mod html;
mod ink;
mod run;
mod shape;
mod svg;

pub use ink::Ground;

use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;

/// How a frame is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Characters only.
    #[default]
    Text,
    /// Characters and ECMA-48 SGR sequences; no cursor is moved.
    Ansi,
    /// A vector picture: SVG 1.1, with its text as text.
    Svg,
    /// A page of its own: HTML 5.
    Html,
}

impl Format {
    /// All of them with the ending that a file of theirs has.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Text, "txt"), (Self::Ansi, "ansi"), (Self::Svg, "svg"), (Self::Html, "html")];

    /// The format of a file's ending.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(ending)).map(|(format, _)| *format)
    }
}

/// A frame, and what is said of it to those who do not see it.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// The cells.
    pub buffer: &'a Buffer,
    /// What they stand on.
    pub ground: Ground,
    /// What it is: the title of the page, or of the picture.
    pub title: &'a str,
    /// What it shows, in words.
    pub about: &'a str,
}

impl<'a> Picture<'a> {
    /// The frame as `theme` draws it.
    pub fn new(buffer: &'a Buffer, theme: &Theme, title: &'a str, about: &'a str) -> Self {
        Self { buffer, ground: Ground::of(theme.style(Role::Text)), title, about }
    }

    /// Writes it.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text => self.text(),
            Format::Ansi => ansi::write(self.buffer),
            Format::Svg => svg::write(self),
            Format::Html => html::write(self),
        }
    }

    /// Line by line, without what is blank at the end of a line.
    fn text(&self) -> String {
        let mut out = String::new();
        for row in run::rows(self.buffer) {
            let line: String = row.iter().map(|run| run.text.as_str()).collect();
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// A text as XML and HTML take it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no place for these at all, not even escaped.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
