//! The explorer: the line that is typed, its history, proposals, and what the expression gives. Plain data and the
//! line's editing; when something is evaluated is decided in `update`.

use super::chart::Chart;
use crate::promql::{Completion, Expr, ParseError};
use crate::units::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How far back the graph can look; never further than samples are kept.
pub const RANGES: &[Duration] = &[
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3_600),
    Duration::from_secs(3 * 3_600),
    Duration::from_secs(6 * 3_600),
];

/// The longest expression that can be typed, in bytes.
pub const LONGEST: usize = 4_096;
/// The most expressions that are remembered.
const MOST_HISTORY: usize = 100;
/// The most names that are kept because somebody asked for them here.
pub const MOST_EXTRA: usize = 200;

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
}

/// Proposals for what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popup {
    /// The best first; never empty.
    pub items: Vec<Completion>,
    /// The one that tab has put in, if any.
    pub chosen: Option<usize>,
}

/// What is left to be evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing.
    #[default]
    Done,
    /// The newest values, then the course.
    Values,
    /// The course.
    Course,
}

/// A text that is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The text.
    pub text: String,
    /// What is wrong with it, and where.
    pub error: ParseError,
}

/// The explorer.
#[derive(Debug)]
pub struct Explore {
    /// The line that is typed.
    pub line: EditLine,
    /// Keys go to the line (else to the table).
    pub typing: bool,
    /// What was evaluated with enter, the newest last.
    pub history: Vec<String>,
    /// Which of them is shown, and what was typed before.
    pub recalled: Option<(usize, String)>,
    /// What could be typed next.
    pub popup: Option<Popup>,
    /// How far back the graph looks: an index into [`RANGES`].
    pub range: usize,
    /// When what was typed is to be evaluated.
    pub due: Option<Timestamp>,
    /// The expression that was evaluated last.
    pub chart: Option<Chart>,
    /// What is typed is no expression.
    pub wrong: Option<Wrong>,
    /// What is left to be evaluated.
    pub stage: Stage,
    /// Names that the expression mentions and no scrape keeps.
    pub unkept: Vec<String>,
    /// What stands for the expression where a server answers it, and that server's name.
    pub asked: Option<(Expr, Arc<str>)>,
    /// The server is to be asked something else than before.
    pub ask: bool,
    /// Names that are kept because somebody asked for them here, in this session.
    pub extra: BTreeSet<Box<str>>,
}

impl Default for Explore {
    fn default() -> Self {
        Self {
            line: EditLine::default(),
            typing: true,
            history: Vec::new(),
            recalled: None,
            popup: None,
            range: 1,
            due: None,
            chart: None,
            wrong: None,
            stage: Stage::Done,
            unkept: Vec::new(),
            asked: None,
            ask: false,
            extra: BTreeSet::new(),
        }
    }
}

impl Explore {
    /// Is there something to evaluate?
    pub fn has_work(&self) -> bool {
        self.stage != Stage::Done
    }

    /// How far back the graph looks.
    pub fn looks_back(&self, retention: Duration) -> Duration {
        RANGES.get(self.range).or(RANGES.last()).copied().unwrap_or(Duration::from_secs(900)).min(retention)
    }

    /// Remembers an expression; the same twice counts once.
    pub fn remember(&mut self, text: &str) {
        self.history.retain(|known| known != text);
        if self.history.len() >= MOST_HISTORY {
            self.history.remove(0);
        }
        self.history.push(text.to_owned());
        self.recalled = None;
    }

    /// Shows an older (`by` < 0) or newer expression; past the newest, what was typed before.
    pub fn recall(&mut self, by: isize) {
        let (at, typed) = self.recalled.take().unwrap_or((self.history.len(), self.line.text().to_owned()));
        let next = at.saturating_add_signed(by).min(self.history.len());
        match self.history.get(next) {
            Some(text) => {
                self.line.set(text);
                self.recalled = Some((next, typed));
            }
            None => self.line.set(&typed),
        }
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

    #[test]
    fn history_comes_back_and_what_was_typed_is_not_lost() {
        let mut explore = Explore::default();
        for text in ["a", "b", "a"] {
            explore.remember(text);
        }
        explore.line.set("typed");
        for (by, shown) in [(-1, "a"), (-1, "b"), (-1, "b"), (1, "a"), (1, "typed"), (1, "typed")] {
            explore.recall(by);
            assert_eq!(explore.line.text(), shown);
        }
        for n in 0..300 {
            explore.remember(&n.to_string());
        }
        assert_eq!(explore.history.len(), MOST_HISTORY);
    }
}
