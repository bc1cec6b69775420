//! Roles -> styles. A theme is a TOML file of a palette and roles; it may inherit from another.
//!
//! Colour means state and nothing else. Colours are mapped down here (truecolor -> 256 -> 16 -> none), so that nothing
//! behind this room asks what the terminal can do. Files are read elsewhere: this room takes texts.

mod depth;
mod file;
mod shelf;

pub use depth::Depth;
pub use shelf::{BUILT_IN, Themes};

use ratatui::style::Style;
use warroom_widgets::{GlyphSet, Glyphs};

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident $name:literal),* $(,)?) => {
        /// What a thing on the screen means; a theme says how that looks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* $variant),* }
        impl Role {
            /// Every role with the name it has in theme files.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $name)),*];
        }
    };
}

roles! {
    /// Ordinary text.
    Text "text",
    /// What matters less: units, ages, labels.
    Muted "muted",
    /// What is hardly there: borders of empty cells, absent values.
    Faint "faint",
    /// Lines around panes.
    Border "border",
    /// Titles of panes, heads of columns.
    Title "title",
    /// The head line.
    Header "header",
    /// The product's name in the head line.
    Brand "brand",
    /// A key in the footer and the help.
    Key "key",
    /// The selected row.
    Selection "selection",
    /// What matches the filter.
    Match "match",
    /// Works.
    Up "up",
    /// Works in part; a warning.
    Degraded "degraded",
    /// Does not work; critical.
    Down "down",
    /// Nothing known.
    Unknown "unknown",
    /// Old.
    Stale "stale",
    /// Restarted a short while ago.
    Warming "warming",
    /// Lines and bars of numbers without a judgement.
    Graph "graph",
    /// The same, less important.
    GraphDim "graph-dim",
    /// The second of several lines in one graph.
    Graph2 "graph-2",
    /// The third.
    Graph3 "graph-3",
    /// The fourth.
    Graph4 "graph-4",
    /// The line of something that happened: a deploy, an action, a moment that was picked.
    Mark "mark",
    /// Something to read now: a message.
    Notice "notice",
    /// Armed: something can be changed from here.
    Armed "armed",
}

/// A theme, mapped to what the terminal can show.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Beside the theme's glyphs only ASCII may be drawn.
    pub ascii: bool,
    glyphs: GlyphSet,
    styles: Vec<Style>,
}

impl Theme {
    /// The built-in theme `name`, for a terminal of that `depth`; `ascii` is the choice between two of the alphabets, see
    /// [`with_glyphs`](Self::with_glyphs) for all of them.
    ///
    /// # Errors
    /// The name is unknown; the message lists the known ones.
    pub fn built_in(name: &str, depth: Depth, ascii: bool) -> Result<Self, String> {
        let glyphs = if ascii { GlyphSet::Ascii } else { GlyphSet::Unicode };
        Themes::default().get(name, depth, glyphs)
    }

    /// The same theme in another alphabet.
    #[must_use]
    pub fn with_glyphs(mut self, glyphs: GlyphSet) -> Self {
        self.glyphs = glyphs;
        self.ascii = glyphs != GlyphSet::Unicode;
        self
    }

    /// How `role` looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The alphabet that widgets draw with.
    pub fn glyph_set(&self) -> GlyphSet {
        self.glyphs
    }

    /// The glyphs of that alphabet.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.glyphs.glyphs()
    }

    /// Picks one of two glyphs.
    pub fn glyph<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.ascii { ascii } else { unicode }
    }
}

#[cfg(test)]
mod tests;
