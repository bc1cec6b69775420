//! Text by display width: measuring and cutting, never by bytes and never inside a grapheme.

use std::borrow::Cow;

use ratatui_core::buffer::CellWidth as _;
use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span, StyledGrapheme};

/// Cells that `text` takes. Control characters take none: they are never drawn.
///
/// ```
/// use warroom_widgets::text::width;
/// assert_eq!(width("日本"), 4);
/// assert_eq!(width("a\u{1b}[0m"), 4);
/// ```
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    Span::raw(text).styled_graphemes(Style::new()).map(|g| usize::from(g.symbol.cell_width())).sum()
}

/// Cells that `line` takes, counted like [`width`].
pub fn line_width(line: &Line<'_>) -> usize {
    line.spans.iter().map(|span| width(&span.content)).sum()
}

/// Cuts `text` to at most `max` cells; what is cut ends in `ellipsis` if that has room.
///
/// ```
/// use warroom_widgets::text::truncate;
/// assert_eq!(truncate("checkout", 8, "…"), "checkout");
/// assert_eq!(truncate("checkout", 5, "…"), "chec…");
/// assert_eq!(truncate("日本語", 4, "…"), "日…");
/// assert_eq!(truncate("日本語", 0, "…"), "");
/// ```
pub fn truncate<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let mark = width(ellipsis);
    let (room, mark) = if mark <= max { (max - mark, ellipsis) } else { (max, "") };
    let mut cut = String::with_capacity(max + mark.len());
    let mut used = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        used += usize::from(grapheme.symbol.cell_width());
        if used > room {
            break;
        }
        cut.push_str(grapheme.symbol);
    }
    cut.push_str(mark);
    Cow::Owned(cut)
}

/// Printable ASCII only: one byte is one cell.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

/// The drawn graphemes of a span, with their widths; control characters are left out.
pub(crate) fn graphemes<'a>(
    span: &'a Span<'a>,
    base: Style,
) -> impl Iterator<Item = (StyledGrapheme<'a>, u16)> {
    span.styled_graphemes(base).map(|grapheme| {
        let cells = grapheme.symbol.cell_width();
        (grapheme, cells)
    })
}

/// Breaks `text` at spaces into lines of at most `max` cells, at most `lines` of them; a word that is too long is cut
/// hard, and the last line ends in `ellipsis` if something is left over. Line feeds count as spaces.
///
/// ```
/// use warroom_widgets::text::wrap;
/// assert_eq!(wrap("error budget burning fast", 12, 2, "…"), ["error budget", "burning fast"]);
/// assert_eq!(wrap("error budget burning fast", 12, 1, "…"), ["error budge…"]);
/// ```
pub fn wrap(text: &str, max: usize, lines: usize, ellipsis: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if max == 0 || lines == 0 {
        return out;
    }
    let mut words = text.split_whitespace().peekable();
    let mut line = String::new();
    let mut used = 0;
    while let Some(word) = words.next() {
        let cells = width(word);
        let gap = usize::from(used > 0);
        if used + gap + cells <= max {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + cells;
            continue;
        }
        if out.len() + 1 == lines {
            // The last line takes what it can of this word; the rest is the ellipsis.
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            let room = max.saturating_sub(width(ellipsis));
            let cut = truncate(&line, room, "");
            out.push(format!("{}{}", cut.trim_end(), if width(ellipsis) <= max { ellipsis } else { "" }));
            return out;
        }
        if used > 0 {
            out.push(std::mem::take(&mut line));
        }
        let (rest, left) = break_word(word, max, lines, &mut out);
        if out.len() == lines {
            if let (true, Some(last)) = (left || words.peek().is_some(), out.last_mut()) {
                let marked = format!("{last}{ellipsis}");
                *last = cut_before_mark(&marked, max, ellipsis);
            }
            return out;
        }
        used = width(&rest);
        line = rest;
    }
    if used > 0 {
        out.push(line);
    }
    out
}

/// Pushes whole lines of a word that is too long; returns what is left of it and whether anything is.
fn break_word(word: &str, max: usize, lines: usize, out: &mut Vec<String>) -> (String, bool) {
    let mut line = String::new();
    let mut used = 0;
    for grapheme in Span::raw(word).styled_graphemes(Style::new()) {
        let cells = usize::from(grapheme.symbol.cell_width());
        if cells > max {
            continue;
        }
        if used + cells > max {
            out.push(std::mem::take(&mut line));
            used = 0;
            if out.len() == lines {
                return (String::new(), true);
            }
        }
        line.push_str(grapheme.symbol);
        used += cells;
    }
    let left = used > 0;
    (line, left)
}

fn cut_before_mark(marked: &str, max: usize, ellipsis: &str) -> String {
    if width(marked) <= max { marked.to_owned() } else { truncate(marked, max, ellipsis).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        for (text, cells) in [
            ("", 0),
            ("abc", 3),
            ("日本", 4),
            ("e\u{301}", 1),
            ("\u{200b}", 0),
            ("a\nb\u{7}", 2),
            ("👩‍🚒", 2),
            ("…", 1),
        ] {
            assert_eq!(width(text), cells, "{text:?}");
        }
        assert_eq!(line_width(&Line::from(vec![Span::raw("ab"), Span::raw("日")])), 4);
    }

    #[test]
    fn cutting_never_splits_a_grapheme_and_never_exceeds() {
        for text in ["checkout", "日本語テスト", "e\u{301}e\u{301}e\u{301}", "👩‍🚒👩‍🚒", "a\u{1b}b", "", "→→→"]
        {
            for max in 0..10 {
                for ellipsis in ["…", "...", ""] {
                    let cut = truncate(text, max, ellipsis);
                    assert!(width(&cut) <= max, "{text:?} {max} {cut:?}");
                    if width(text) <= max {
                        assert_eq!(cut, text);
                    }
                }
            }
        }
    }

    #[test]
    fn wrapping() {
        for (text, max, lines, expected) in [
            ("", 5, 3, vec![]),
            ("a b c", 0, 3, vec![]),
            ("a b c", 5, 0, vec![]),
            ("a b c", 3, 3, vec!["a b", "c"]),
            ("abcdefgh", 3, 9, vec!["abc", "def", "gh"]),
            ("abcdefgh", 3, 2, vec!["abc", "de…"]),
            ("ab cdefgh", 3, 9, vec!["ab", "cde", "fgh"]),
            ("日本語 x", 4, 9, vec!["日本", "語 x"]),
            ("日本", 1, 9, vec![]),
            ("one two three four", 7, 2, vec!["one two", "three…"]),
            ("one\ntwo", 9, 2, vec!["one two"]),
        ] {
            assert_eq!(wrap(text, max, lines, "…"), expected, "{text:?} {max} {lines}");
        }
    }
}
