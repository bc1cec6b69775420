//! The box that explains a number: where it stands, how its texts are cut into lines, and how far it scrolls.

use crate::model::ui::Explain;
use ratatui::layout::Rect;

/// Cells that the names at the left take.
pub const NAMES: u16 = 12;

/// The lines of an explanation in a body of that width: name (of the first line of each text) and text.
pub fn explain_lines(explain: &Explain, body_width: u16) -> Vec<(&str, String)> {
    let room = usize::from(width(body_width).saturating_sub(NAMES + 4)).max(1);
    let mut lines = Vec::new();
    for (name, text) in &explain.lines {
        for (index, part) in wrapped(text, room).into_iter().enumerate() {
            lines.push((if index == 0 { name.as_str() } else { "" }, part));
        }
    }
    lines
}

/// Where the box stands over a body, for so many lines.
pub fn explain_area(body: Rect, lines: usize) -> Rect {
    let width = width(body.width);
    let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).min(body.height);
    Rect {
        x: body.x + body.width.saturating_sub(width) / 2,
        y: body.y + body.height.saturating_sub(height) / 2,
        width,
        height,
    }
}

/// How many lines can be scrolled away.
pub fn explain_scroll(explain: &Explain, body: Rect) -> usize {
    let lines = explain_lines(explain, body.width).len();
    lines.saturating_sub(usize::from(explain_area(body, lines).height.saturating_sub(2)))
}

fn width(body: u16) -> u16 {
    body.saturating_sub(2).min(110)
}

/// Cuts a text into lines of at most `width` cells, at blanks where there are any.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split(' ') {
        let mut rest = word;
        loop {
            let Some(line) = out.last_mut() else { return out };
            let used = crate::text::width(line);
            let gap = usize::from(!line.is_empty());
            if used + gap + crate::text::width(rest) <= width {
                if gap > 0 {
                    line.push(' ');
                }
                line.push_str(rest);
                break;
            }
            if line.is_empty() {
                // Longer than a whole line: cut where it is full.
                let mut end = rest.len();
                let mut cells = 0;
                for (at, c) in rest.char_indices() {
                    cells += crate::text::width(c.encode_utf8(&mut [0; 4])).max(1);
                    if cells > width && at > 0 {
                        end = at;
                        break;
                    }
                }
                line.push_str(&rest[..end]);
                rest = &rest[end..];
                if rest.is_empty() {
                    break;
                }
            }
            out.push(String::new());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_at_blanks_and_cut_where_there_are_none() {
        for (text, width, wanted) in [
            ("", 5, vec![""]),
            ("a b c", 3, vec!["a b", "c"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("ab cdefgh i", 4, vec!["ab", "cdef", "gh i"]),
            ("日本語", 4, vec!["日本", "語"]),
            ("日", 1, vec!["日"]),
        ] {
            assert_eq!(wrapped(text, width), wanted, "{text} {width}");
        }
    }
}
