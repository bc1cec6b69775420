//! The glyphs that widgets draw with, and their twins for terminals that cannot show them.
//!
//! Braille is safe everywhere; box drawing, block elements and `● ▲ → …` are two cells wide in CJK set-ups (East Asian
//! Ambiguous, Unicode Standard Annex 11). So there are four alphabets; which one fits is the caller's to know.

use ratatui_core::symbols::border;

/// Which alphabet a widget draws with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GlyphSet {
    /// Block elements, braille and box drawing.
    #[default]
    Unicode,
    /// Nothing of ambiguous width: ASCII and braille. For CJK locales, in which `█` or `─` may take two cells.
    Neutral,
    /// What the font of a text console has (`TERM=linux`): ASCII, box drawing, halves and shades; no braille.
    Console,
    /// Nothing above U+007E.
    Ascii,
}

impl GlyphSet {
    /// Every alphabet, the richest first.
    pub const ALL: [Self; 4] = [Self::Unicode, Self::Neutral, Self::Console, Self::Ascii];

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
            Self::Neutral => &NEUTRAL,
            Self::Console => &CONSOLE,
            Self::Ascii => &ASCII,
        }
    }

    /// True for [`GlyphSet::Ascii`].
    pub const fn is_ascii(self) -> bool {
        matches!(self, Self::Ascii)
    }

    /// Lines can be drawn in braille, two dots by four to a cell.
    pub const fn has_braille(self) -> bool {
        matches!(self, Self::Unicode | Self::Neutral)
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
    /// The upper half of a cell.
    pub upper_half: &'static str,
    /// The lower half of a cell.
    pub lower_half: &'static str,
    /// A piece of a line in a legend.
    pub sample: &'static str,
    /// Where the next letter goes in a line that is being typed.
    pub caret: &'static str,
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
    track: "□",
    full: "█",
    over: "▶",
    under: "◀",
    threshold: "│",
    upper_half: "▀",
    lower_half: "▄",
    sample: "━",
    caret: "█",
    levels: &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    // Squares and not blocks: bars of neighbouring rows must not run into one another.
    eighths: &[" ", "▪", "▪", "▪", "▪", "▪", "▪", "▪", "■"],
    shades: &[" ", "░", "▒", "▓", "█"],
    border: border::PLAIN,
};

static NEUTRAL: Glyphs = Glyphs {
    good: "✓",
    bad: "✖",
    marker: "⡇",
    bullet: "⠂",
    track: "⠒",
    full: "⣿",
    upper_half: "⠛",
    lower_half: "⣤",
    sample: "⠒",
    levels: &[" ", "⣀", "⣀", "⣤", "⣤", "⣶", "⣶", "⣿", "⣿"],
    // Half a cell is not nothing, and a full cell is full.
    eighths: &[" ", "⡇", "⡇", "⡇", "⡇", "⡇", "⡇", "⡇", "⣿"],
    shades: &[" ", "⠂", "⠔", "⠶", "⣿"],
    border: border::Set {
        top_left: "⡏",
        top_right: "⢹",
        bottom_left: "⣇",
        bottom_right: "⣸",
        vertical_left: "⡇",
        vertical_right: "⢸",
        horizontal_top: "⠉",
        horizontal_bottom: "⣀",
    },
    ..ASCII
};

static CONSOLE: Glyphs = Glyphs {
    marker: "▌",
    bullet: "·",
    vertical: "│",
    horizontal: "─",
    tick_left: "┤",
    tick_below: "┬",
    origin: "└",
    track: "░",
    full: "█",
    threshold: "│",
    upper_half: "▀",
    lower_half: "▄",
    sample: "─",
    caret: "█",
    levels: &[" ", "_", "_", "▄", "▄", "▄", "▄", "▄", "█"],
    eighths: &[" ", "▌", "▌", "▌", "▌", "▌", "▌", "▌", "█"],
    shades: &[" ", "░", "▒", "▓", "█"],
    border: border::PLAIN,
    ..ASCII
};

const ASCII: Glyphs = Glyphs {
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
    upper_half: "'",
    lower_half: ".",
    sample: "=",
    caret: "_",
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
    use unicode_width::UnicodeWidthStr as _;

    /// Every glyph with its name. Without `..`, so that one that is new is not forgotten.
    fn all(glyphs: &Glyphs) -> Vec<(&'static str, &'static str)> {
        macro_rules! named {
            ($($name:ident)*) => {{
                let Glyphs { $($name,)* levels, eighths, shades, border } = *glyphs;
                let mut all = vec![$((stringify!($name), $name)),*];
                all.extend(levels.iter().map(|glyph| ("levels", *glyph)));
                all.extend(eighths.iter().map(|glyph| ("eighths", *glyph)));
                all.extend(shades.iter().map(|glyph| ("shades", *glyph)));
                let b = border;
                let edges = [b.top_left, b.top_right, b.bottom_left, b.bottom_right];
                let sides = [b.vertical_left, b.vertical_right, b.horizontal_top, b.horizontal_bottom];
                all.extend(edges.into_iter().chain(sides).map(|glyph| ("border", glyph)));
                all
            }};
        }
        named!(ellipsis unknown good warning bad partial unclear off up down flat arrow marker bullet vertical
            horizontal tick_left tick_below origin dashed_horizontal dashed_vertical track full over under
            threshold upper_half lower_half sample caret)
    }

    #[test]
    fn every_glyph_is_one_cell_and_has_a_twin_in_each_alphabet() {
        for set in GlyphSet::ALL {
            for (name, glyph) in all(set.glyphs()) {
                assert_eq!(glyph.cell_width(), 1, "{set:?} {name} {glyph:?}");
                assert_eq!(glyph.chars().count(), 1, "{set:?} {name} {glyph:?}");
            }
            assert_eq!(all(set.glyphs()).len(), all(GlyphSet::Unicode.glyphs()).len());
        }
    }

    #[test]
    fn each_alphabet_keeps_its_promise() {
        for (name, glyph) in all(GlyphSet::Ascii.glyphs()) {
            assert!(glyph.is_ascii(), "{name} {glyph:?}");
        }
        for (name, glyph) in all(GlyphSet::Neutral.glyphs()) {
            assert_eq!(glyph.width_cjk(), 1, "{name} {glyph:?} is wide in a CJK set-up");
        }
        // Code page 437, which text consoles have had since the first PC.
        let console = "·─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓";
        for (name, glyph) in all(GlyphSet::Console.glyphs()) {
            assert!(glyph.is_ascii() || console.contains(glyph), "{name} {glyph:?} is not in every console");
        }
        let ambiguous = all(GlyphSet::Unicode.glyphs()).iter().filter(|(_, g)| g.width_cjk() == 2).count();
        assert!(ambiguous > 20, "the test can see what is ambiguous");
    }

    #[test]
    fn the_states_differ_without_colour() {
        for glyphs in GlyphSet::ALL.map(GlyphSet::glyphs) {
            let mut states =
                [glyphs.good, glyphs.warning, glyphs.bad, glyphs.partial, glyphs.unclear, glyphs.off];
            states.sort_unstable();
            assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{states:?}");
            let trend = [glyphs.up, glyphs.down, glyphs.flat];
            assert!(trend[0] != trend[1] && trend[1] != trend[2] && trend[0] != trend[2], "{trend:?}");
        }
    }
}
