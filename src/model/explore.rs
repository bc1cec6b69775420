//! The explorer: the line that is typed, its history, proposals, and what the expression gives. Plain data; when
//! something is evaluated is decided in `update`.

use super::chart::Chart;
use super::typing::EditLine;
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

/// The most expressions that are remembered.
const MOST_HISTORY: usize = 100;
/// The most names that are kept because somebody asked for them here.
pub const MOST_EXTRA: usize = 200;

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
    /// The part of the graph that was picked with the mouse and is shown instead; none: it ends now.
    pub picked: Option<(Timestamp, Timestamp)>,
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
            picked: None,
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
