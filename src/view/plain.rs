//! What a terminal without Unicode gets of texts that have letters it does not know. It only looks at cells that are
//! drawn already: glyphs of our own have their twin in the theme's alphabet.

use crate::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use warroom_widgets::GlyphSet;

/// Signs within texts that may take two cells in a Chinese, Japanese or Korean set-up, and what stands for them.
const SIGNS: [(&str, &str); 14] = [
    ("…", "~"),
    ("–", "-"),
    ("—", "-"),
    ("→", ">"),
    ("←", "<"),
    ("·", "."),
    ("•", "*"),
    ("×", "x"),
    ("≤", "<"),
    ("≥", ">"),
    ("“", "\""),
    ("”", "\""),
    ("‘", "'"),
    ("’", "'"),
];
/// What stands for a letter that ASCII does not have.
const UNKNOWN: &str = "?";

/// Replaces what the alphabet of the theme does not allow: in ASCII everything above U+007E, in the alphabets between
/// signs of unsure width only.
pub(super) fn cells(theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !theme.ascii {
        return;
    }
    let all = theme.glyph_set() == GlyphSet::Ascii;
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            let symbol = cell.symbol();
            if symbol.is_ascii() || symbol == theme.glyphs().bullet {
                continue;
            }
            match SIGNS.iter().find(|(sign, _)| *sign == symbol) {
                Some((_, twin)) => {
                    cell.set_symbol(twin);
                }
                None if all => {
                    cell.set_symbol(UNKNOWN);
                }
                None => {}
            }
        }
    }
}
