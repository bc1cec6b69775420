//! A line that is typed: text, a cursor, and what a shell's keys do to them. Knows nothing of what the line is for.

use crate::keymap::{Chord, Key};

/// The longest line that can be typed, in bytes: an expression.
pub const LONGEST: usize = 4_096;

/// A line of text with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditLine {
    text: String,
    /// In bytes, always between two characters.
    cursor: usize,
}

impl EditLine {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor stands, in bytes.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Text before and after the cursor.
    pub fn split(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    /// Another text, the cursor at its end.
    pub fn set(&mut self, text: &str) {
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.get(..end).unwrap_or("").clone_into(&mut self.text);
        self.cursor = self.text.len();
    }

    /// Puts text in at the cursor; what is too long is left out.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars() {
            if self.text.len() + c.len_utf8() > LONGEST {
                return;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Puts `text` in place of the bytes `range`, the cursor behind it.
    pub fn replace(&mut self, range: std::ops::Range<usize>, text: &str) {
        if self.text.get(range.clone()).is_some() && self.text.len() - range.len() + text.len() <= LONGEST {
            self.text.replace_range(range.clone(), text);
            self.cursor = range.start + text.len();
        }
    }

    fn before(&self) -> usize {
        self.split().0.char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.cursor + self.split().1.chars().next().map_or(0, char::len_utf8)
    }

    /// One character to the left.
    pub fn left(&mut self) {
        self.cursor = self.before();
    }

    /// One character to the right.
    pub fn right(&mut self) {
        self.cursor = self.after();
    }

    /// To the beginning.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// To the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Where the word before the cursor begins.
    fn word_before(&self) -> usize {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
        let before = self.split().0;
        let trimmed = before.trim_end_matches(|c| !word(c));
        trimmed
            .rfind(|c| !word(c))
            .map_or(0, |at| at + before.get(at..).and_then(|r| r.chars().next()).map_or(1, char::len_utf8))
    }

    /// To the beginning of the word before the cursor.
    pub fn word_left(&mut self) {
        self.cursor = self.word_before();
    }

    /// Behind the word after the cursor.
    pub fn word_right(&mut self) {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
        let after = self.split().1;
        let start = after.find(word).unwrap_or(after.len());
        let rest = after.get(start..).unwrap_or("");
        self.cursor += start + rest.find(|c| !word(c)).unwrap_or(rest.len());
    }

    /// Deletes the character before the cursor.
    pub fn backspace(&mut self) {
        let from = self.before();
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    /// Deletes the character at the cursor.
    pub fn delete(&mut self) {
        self.text.replace_range(self.cursor..self.after(), "");
    }

    /// Deletes the word before the cursor.
    pub fn delete_word(&mut self) {
        let from = self.word_before();
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
    }

    /// Deletes all before the cursor.
    pub fn delete_to_start(&mut self) {
        self.text.replace_range(..self.cursor, "");
        self.cursor = 0;
    }

    /// Deletes all behind the cursor.
    pub fn delete_to_end(&mut self) {
        self.text.truncate(self.cursor);
    }

    /// Edits the line as a shell does; nothing makes it longer than `longest` bytes. False: the chord edits nothing.
    pub fn edit(&mut self, chord: Chord, longest: usize) -> bool {
        match (chord.key, chord.ctrl, chord.alt) {
            (Key::Left, true, _) | (Key::Left, _, true) | (Key::Char('b'), false, true) => self.word_left(),
            (Key::Right, true, _) | (Key::Right, _, true) | (Key::Char('f'), false, true) => {
                self.word_right();
            }
            (Key::Left, ..) | (Key::Char('b'), true, _) => self.left(),
            (Key::Right, ..) | (Key::Char('f'), true, _) => self.right(),
            (Key::Home, ..) | (Key::Char('a'), true, _) => self.home(),
            (Key::End, ..) | (Key::Char('e'), true, _) => self.end(),
            (Key::Char('w'), true, _) | (Key::Backspace, _, true) => self.delete_word(),
            (Key::Char('u'), true, _) => self.delete_to_start(),
            (Key::Char('k'), true, _) => self.delete_to_end(),
            (Key::Backspace, ..) => self.backspace(),
            (Key::Delete, ..) => self.delete(),
            (Key::Char(c), false, false) => {
                if self.text.len() + c.len_utf8() <= longest {
                    self.insert(c.encode_utf8(&mut [0; 4]));
                }
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_edited_as_in_a_shell() {
        type Act = fn(&mut EditLine);
        let cases: &[(&str, &[Act], &str, usize)] = &[
            ("rate(x)", &[EditLine::backspace], "rate(x", 6),
            ("rate(x)", &[EditLine::left, EditLine::left, EditLine::delete], "rate()", 5),
            ("sum by (le) (x", &[EditLine::delete_word], "sum by (le) (", 13),
            ("sum by (le) (x", &[EditLine::delete_word, EditLine::delete_word], "sum by (", 8),
            ("a + b", &[EditLine::word_left, EditLine::delete_to_start], "b", 0),
            ("a + b", &[EditLine::home, EditLine::word_right, EditLine::delete_to_end], "a", 1),
            ("é東", &[EditLine::left, EditLine::backspace], "東", 0),
            ("é東", &[EditLine::home, EditLine::right, EditLine::delete], "é", 2),
            ("é+", &[EditLine::delete_word], "", 0),
            (
                "",
                &[
                    EditLine::backspace,
                    EditLine::delete,
                    EditLine::delete_word,
                    EditLine::left,
                    EditLine::right,
                ],
                "",
                0,
            ),
        ];
        for (text, acts, after, cursor) in cases {
            let mut line = EditLine::default();
            line.set(text);
            for act in *acts {
                act(&mut line);
            }
            assert_eq!((line.text(), line.cursor()), (*after, *cursor), "{text}");
        }
        let mut line = EditLine::default();
        line.insert(&"é".repeat(LONGEST));
        assert_eq!(line.text().len(), LONGEST);
    }
}
