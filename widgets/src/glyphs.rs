//! The glyphs that widgets draw with, each with an ASCII twin of the same width.
//!
//! Braille is safe everywhere; box drawing, block elements and `● ▲ → …` are two cells wide in CJK set-ups (East Asian
//! Ambiguous), so a caller there, or in a locale that is not UTF-8, chooses [`GlyphSet::Ascii`].

use ratatui_core::symbols::border;

/// Which alphabet a widget draws with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GlyphSet {
    /// Block elements, braille and box drawing.
    #[default]
    Unicode,
    /// Nothing above U+007E.
    Ascii,
}

impl GlyphSet {
    /// The glyphs of this set.
    ///
    /// ```
    /// use warroom_widgets::GlyphSet;
    /// assert_eq!(GlyphSet::Unicode.glyphs().ellipsis, "…");
    /// assert_eq!(GlyphSet::Ascii.glyphs().ellipsis, "~");
    /// ```
    pub const fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }

    /// True for [`GlyphSet::Ascii`].
    pub const fn is_ascii(self) -> bool {
        matches!(self, Self::Ascii)
    }
}

/// A complete set of glyphs, each one cell wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Stands for text that did not fit.
    pub ellipsis: &'static str,
    /// An unknown value.
    pub unknown: &'static str,
    /// A state that is fine.
    pub good: &'static str,
    /// A state that needs an eye.
    pub warning: &'static str,
    /// A state that needs a hand.
    pub bad: &'static str,
    /// A state between two others, such as half-open.
    pub partial: &'static str,
    /// A state that nobody knows.
    pub unclear: &'static str,
    /// Switched off or not used.
    pub off: &'static str,
    /// Rising, or sorted upwards.
    pub up: &'static str,
    /// Falling, or sorted downwards.
    pub down: &'static str,
    /// Neither rising nor falling.
    pub flat: &'static str,
    /// Points to the right, as from an old value to a new one.
    pub arrow: &'static str,
    /// Marks the selected row.
    pub marker: &'static str,
    /// Between two items of a line.
    pub bullet: &'static str,
    /// A vertical rule.
    pub vertical: &'static str,
    /// A horizontal rule.
    pub horizontal: &'static str,
    /// A vertical rule with a tick to the left, as on an axis.
    pub tick_left: &'static str,
    /// A horizontal rule with a tick below, as on an axis.
    pub tick_below: &'static str,
    /// The corner where two axes meet.
    pub origin: &'static str,
    /// A dashed horizontal line, for limits.
    pub dashed_horizontal: &'static str,
    /// A dashed vertical line, for marks in time.
    pub dashed_vertical: &'static str,
    /// The empty part of a bar.
    pub track: &'static str,
    /// A full cell.
    pub full: &'static str,
    /// The end of a bar that goes beyond its right edge.
    pub over: &'static str,
    /// The end of a bar that goes beyond its left edge.
    pub under: &'static str,
    /// A tick that a bar is measured against.
    pub threshold: &'static str,
    /// Bars from the bottom: index 0 is empty, 8 is full.
    pub levels: &'static [&'static str; 9],
    /// Bars from the left: index 0 is empty, 8 is full.
    pub eighths: &'static [&'static str; 9],
    /// Shades: index 0 is empty, 4 is full.
    pub shades: &'static [&'static str; 5],
    /// A border for `ratatui_widgets::block::Block::border_set`.
    pub border: border::Set<'static>,
}

static UNICODE: Glyphs = Glyphs {
    ellipsis: "…",
    unknown: "–",
    good: "●",
    warning: "▲",
    bad: "✖",
    partial: "◐",
    unclear: "?",
    off: "○",
    up: "▲",
    down: "▼",
    flat: "→",
    arrow: "→",
    marker: "▌",
    bullet: "·",
    vertical: "│",
    horizontal: "─",
    tick_left: "┤",
    tick_below: "┬",
    origin: "└",
    dashed_horizontal: "╌",
    dashed_vertical: "┊",
    track: "░",
    full: "█",
    over: "▶",
    under: "◀",
    threshold: "│",
    levels: &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    eighths: &[" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    shades: &[" ", "░", "▒", "▓", "█"],
    border: border::PLAIN,
};

static ASCII: Glyphs = Glyphs {
    ellipsis: "~",
    unknown: "-",
    good: "o",
    warning: "!",
    bad: "X",
    partial: "%",
    unclear: "?",
    off: "_",
    up: "^",
    down: "v",
    flat: "=",
    arrow: ">",
    marker: ">",
    bullet: "-",
    vertical: "|",
    horizontal: "-",
    tick_left: "+",
    tick_below: "+",
    origin: "+",
    dashed_horizontal: "-",
    dashed_vertical: ":",
    track: ".",
    full: "#",
    over: ">",
    under: "<",
    threshold: "|",
    levels: &[" ", "_", ".", ":", "-", "=", "+", "*", "#"],
    eighths: &[" ", "-", "-", "-", "-", "=", "=", "=", "#"],
    shades: &[" ", ".", ":", "*", "#"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui_core::buffer::CellWidth as _;

    fn all(glyphs: &Glyphs) -> Vec<&'static str> {
        let g = *glyphs;
        let b = g.border;
        let mut all = vec![
            g.ellipsis,
            g.unknown,
            g.good,
            g.warning,
            g.bad,
            g.partial,
            g.unclear,
            g.off,
            g.up,
            g.down,
            g.flat,
            g.arrow,
            g.marker,
            g.bullet,
            g.vertical,
            g.horizontal,
            g.tick_left,
            g.tick_below,
            g.origin,
            g.dashed_horizontal,
            g.dashed_vertical,
            g.track,
            g.full,
            g.over,
            g.under,
            g.threshold,
        ];
        all.extend(g.levels.iter().chain(g.eighths).chain(g.shades));
        all.extend([b.top_left, b.top_right, b.bottom_left, b.bottom_right]);
        all.extend([b.vertical_left, b.vertical_right, b.horizontal_top, b.horizontal_bottom]);
        all
    }

    #[test]
    fn every_glyph_is_one_cell_and_has_an_ascii_twin() {
        let (unicode, ascii) = (all(GlyphSet::Unicode.glyphs()), all(GlyphSet::Ascii.glyphs()));
        assert_eq!(unicode.len(), ascii.len());
        for (one, twin) in unicode.iter().zip(&ascii) {
            assert_eq!(one.cell_width(), 1, "{one}");
            assert_eq!(twin.cell_width(), 1, "{twin} for {one}");
            assert!(twin.is_ascii(), "{twin} for {one}");
        }
    }

    #[test]
    fn the_states_differ_without_colour() {
        for glyphs in [GlyphSet::Unicode.glyphs(), GlyphSet::Ascii.glyphs()] {
            let mut states =
                [glyphs.good, glyphs.warning, glyphs.bad, glyphs.partial, glyphs.unclear, glyphs.off];
            states.sort_unstable();
            assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{states:?}");
        }
    }
}
