//! Strings from outside: the one place where they lose what could harm a terminal.
//!
//! Control characters, bidirectional overrides and zero-width characters are removed, so that no body, label or
//! error text can move the cursor, set a title, reverse a line or hide a letter.

use std::borrow::Cow;
use std::fmt;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A string from outside that has been cleaned and capped. It can be drawn, logged and put into a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clean(Box<str>);

impl Clean {
    /// The most characters that a cleaned string keeps.
    pub const CAP: usize = 400;

    /// Cleans `raw` and keeps at most [`Clean::CAP`] characters of it.
    pub fn new(raw: &str) -> Self {
        let cleaned = clean(raw);
        match cleaned.char_indices().nth(Self::CAP) {
            Some((cut, _)) => Self(format!("{}…", &cleaned[..cut]).into()),
            None => Self(cleaned.into()),
        }
    }

    /// Cleans bytes that should be UTF-8; what is not becomes U+FFFD.
    pub fn from_bytes(raw: &[u8]) -> Self {
        let head = &raw[..raw.len().min(Self::CAP * 4)];
        Self::new(&String::from_utf8_lossy(head))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Nothing left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Clean {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl serde::Serialize for Clean {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Clean {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Ok(Self::new(&raw))
    }
}

/// Removes what must never reach a terminal; tabs and line ends become one blank.
pub fn clean(raw: &str) -> Cow<'_, str> {
    // Nearly all texts are plain ASCII, and nothing of that is harmful but control characters.
    if raw.bytes().all(|byte| (b' '..0x7f).contains(&byte)) || raw.chars().all(|c| !is_harmful(c)) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '\n' | '\r' | '\t' if !out.ends_with(' ') => out.push(' '),
            c if is_harmful(c) => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Would it move a cursor, turn a line around, or hide a letter?
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// How many terminal cells `text` takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cuts `text` to at most `cells` cells, by grapheme, with `…` (or `~` where only ASCII may be drawn) in the last one.
pub fn truncate(text: &str, cells: usize, ascii: bool) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let (mut used, mut end) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = width(grapheme);
        if used + wide > cells - 1 {
            break;
        }
        used += wide;
        end = at + grapheme.len();
    }
    Cow::Owned(format!("{}{}", &text[..end], if ascii { '~' } else { '…' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_or_hides_a_letter_survives() {
        for (raw, cleaned) in [
            ("plain", "plain"),
            ("\u{1b}[2Jwipe", "[2Jwipe"),
            ("\u{1b}]0;title\u{7}", "]0;title"),
            ("\u{9b}31m", "31m"),
            ("a\u{202e}b\u{200b}c\u{feff}", "abc"),
            ("two\r\nlines\tand a tab", "two lines and a tab"),
            ("naïve 東京 é", "naïve 東京 é"),
            ("\u{0}\u{7f}", ""),
        ] {
            assert_eq!(clean(raw), cleaned, "{raw:?}");
            assert_eq!(Clean::new(raw).as_str(), cleaned);
        }
        assert_eq!(Clean::new(&"x".repeat(5000)).as_str().chars().count(), Clean::CAP + 1);
    }

    #[test]
    fn truncation_counts_cells_and_keeps_graphemes_whole() {
        for (text, cells, cut) in [
            ("checkout", 8, "checkout"),
            ("checkout", 5, "chec…"),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(truncate(text, cells, false), cut, "{text} {cells}");
            assert!(width(&truncate(text, cells, false)) <= cells);
        }
        assert_eq!(truncate("checkout", 5, true), "chec~");
    }
}
