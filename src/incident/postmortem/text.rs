//! Markdown's small pieces: escaping, links, moments, sparklines.

use crate::units::Timestamp;

/// The most columns of a sparkline.
const COLUMNS: usize = 60;

/// Text as Markdown that reads as the text: no emphasis, no link, no HTML, no cell of a table.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::text::clean(text).chars() {
        if "\\`*_{}[]<>#!|~&$@".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    // Many renderers make a link of whatever looks like an address.
    out.replace("://", "&#58;//")
}

/// A link, if it is one; else the text.
pub(super) fn link(url: &str) -> String {
    let plain = url.chars().all(|c| c.is_ascii_graphic() && !"<>\\`|\"".contains(c));
    let web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    if plain && web { format!("<{url}>") } else { escape(url) }
}

/// `2025-10-03 10:04:05`, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => text,
    }
}

/// Values as a line of bars, several to a column where there are many: the highest of them, since that is what hurt.
pub(super) fn spark(values: &[Option<f64>], min: f64, max: f64) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let each = values.len().div_ceil(COLUMNS).max(1);
    let bar = |values: &[Option<f64>]| {
        let Some(value) = values.iter().flatten().copied().reduce(f64::max) else { return '·' };
        // All alike: a low line says so.
        let share = if max > min { (value - min) / (max - min) } else { 0.0 };
        let index = (share * 7.0).round().clamp(0.0, 7.0) as usize;
        BARS.get(index).copied().unwrap_or('·')
    };
    values.chunks(each).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_stay_texts() {
        for (text, markdown) in [
            ("plain text, 4.2%", "plain text, 4.2%"),
            ("a|b", "a\\|b"),
            ("*x* _y_ `z`", "\\*x\\* \\_y\\_ \\`z\\`"),
            ("<script>", "\\<script\\>"),
            ("[a](http://e)", "\\[a\\](http&#58;//e)"),
            ("# head\n| row", "\\# head \\| row"),
            ("a\u{1b}[31m\u{202e}b", "a\\[31mb"),
        ] {
            assert_eq!(escape(text), markdown);
        }
        assert_eq!(link("https://wiki/x?a=b&c=d"), "<https://wiki/x?a=b&c=d>");
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(link("https://x> <b"), "https&#58;//x\\> \\<b");
    }

    #[test]
    fn a_course_fits_into_a_line() {
        let line = |values: &[Option<f64>]| {
            let known = || values.iter().flatten().copied();
            spark(values, known().reduce(f64::min).unwrap_or(0.0), known().reduce(f64::max).unwrap_or(0.0))
        };
        assert_eq!(line(&[Some(0.0), Some(1.0), None, Some(0.5)]), "▁█·▅");
        assert_eq!(line(&[Some(3.0), Some(3.0)]), "▁▁");
        assert_eq!(line(&[]), "");
        let long: Vec<Option<f64>> = (0..1000).map(|i| Some(f64::from(i % 7))).collect();
        assert!(line(&long).chars().count() <= COLUMNS);
    }
}
