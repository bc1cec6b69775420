//! The `:` line and the finder: what they offer, what was typed before. Plain data; what is offered is decided in
//! `update`.

use super::names::{Names, Sort};
use super::typing::EditLine;

/// The most lines that are remembered.
pub const MOST_HISTORY: usize = 200;
/// The longest line that is remembered, in bytes.
const LONGEST_REMEMBERED: usize = 1_000;
/// The most offers that tab goes through.
pub const MOST_OFFERS: usize = 64;

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// `:`
    Command,
    /// `/`
    Filter,
    /// A note for an incident.
    Note,
    /// The finder.
    Find,
}

/// A line that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// What has been typed.
    pub line: EditLine,
    /// The filter before, so that escape brings it back; of a note, the incident's id.
    pub before: String,
}

impl Prompt {
    /// A line that is opened with this text.
    pub fn new(kind: PromptKind, text: &str, before: String) -> Self {
        let mut line = EditLine::default();
        line.set(text);
        Self { kind, line, before }
    }
}

/// Something that could be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The whole line that it stands for.
    pub line: String,
    /// How it is called.
    pub label: String,
    /// What it is.
    pub sort: Sort,
    /// More about it, in a few words.
    pub note: String,
    /// It shows something and changes nothing: a guess may be followed at once.
    pub goes: bool,
}

/// What stands around the line that is typed.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What could be meant, the likeliest first.
    pub offers: Vec<Offer>,
    /// How many things fit.
    pub total: usize,
    /// The one that tab has put in.
    pub chosen: Option<usize>,
    /// The lines of this session and of earlier ones, the newest last.
    pub history: Vec<String>,
    /// Which of them is shown, and what was typed before.
    pub recalled: Option<(usize, String)>,
    /// The theme that is shown on trial.
    pub preview: Option<String>,
    /// Everything that has a name, while a line is open.
    pub names: Option<Box<Names>>,
}

impl Line {
    /// Forgets what belongs to one line.
    pub fn close(&mut self) {
        let history = std::mem::take(&mut self.history);
        *self = Self { history, ..Self::default() };
    }

    /// Remembers a line; the same twice counts once. False: it is not worth it.
    pub fn remember(&mut self, text: &str) -> bool {
        if text.is_empty() || text.len() > LONGEST_REMEMBERED {
            return false;
        }
        self.history.retain(|known| known != text);
        if self.history.len() >= MOST_HISTORY {
            self.history.remove(0);
        }
        self.history.push(text.to_owned());
        true
    }

    /// An older (`by` < 0) or newer line than what is shown; past the newest, what was typed before. Only lines that
    /// begin like what was typed.
    pub fn recall(&mut self, by: isize, shown: &str) -> Option<String> {
        let (at, typed) = self.recalled.take().unwrap_or((self.history.len(), shown.to_owned()));
        let fits = |index: &usize| self.history.get(*index).is_some_and(|line| line.starts_with(&typed));
        let next = if by < 0 { (0..at).rev().find(fits) } else { (at + 1..self.history.len()).find(fits) };
        let next = match next {
            Some(next) => next,
            None if by < 0 => at,
            None => self.history.len(),
        };
        let text = self.history.get(next).unwrap_or(&typed).clone();
        self.recalled = (next < self.history.len()).then_some((next, typed));
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_by_their_beginning() {
        let mut line = Line::default();
        for text in ["service a", "theme dark", "service b", "service a"] {
            assert!(line.remember(text));
        }
        assert!(!line.remember("") && !line.remember(&"x".repeat(5_000)));
        for (shown, steps) in [
            (
                "",
                &[
                    (-1, "service a"),
                    (-1, "service b"),
                    (-1, "theme dark"),
                    (-1, "theme dark"),
                    (1, "service b"),
                ][..],
            ),
            (
                "ser",
                &[
                    (-1, "service a"),
                    (-1, "service b"),
                    (-1, "service b"),
                    (1, "service a"),
                    (1, "ser"),
                    (1, "ser"),
                ],
            ),
            ("zzz", &[(-1, "zzz"), (1, "zzz")]),
        ] {
            line.recalled = None;
            let mut text = shown.to_owned();
            for (by, wanted) in steps {
                text = line.recall(*by, &text).unwrap();
                assert_eq!(text, *wanted, "{shown:?} {by}");
            }
        }
        for n in 0..1_000 {
            line.remember(&n.to_string());
        }
        assert_eq!(line.history.len(), MOST_HISTORY);
    }
}
