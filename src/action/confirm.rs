//! The confirm box: from keys to a [`Typed`], the proof that a person typed what the hazard asks for.
//!
//! Pure: keys, pastes and ticks in, each with its moment. It knows no terminal. What does not count: keys within 400 ms
//! of opening and the repeats of a key that is still held from before, a pasted phrase, a phrase that came faster
//! than hands type. It disarms after 15 s without a key, and gives at most one `Typed`.

use super::proposal::{Proposal, REASON_MOST};
use super::spec::Hazard;
use crate::text::Clean;
use crate::units::Timestamp;
use std::time::Duration;

/// Keys this soon after opening, or after such a key, do not count: they were meant for something else.
pub const GUARD: Duration = Duration::from_millis(400);
/// The box disarms after this long without a key, and a confirmation is good for as long.
pub const DISARM: Duration = Duration::from_secs(15);
/// The key that opened the box counts again after this long without it: a held key repeats sooner.
const HELD: Duration = Duration::from_secs(1);
/// Hands need at least this long from one letter to the next, on average; a terminal that cannot tell a paste from
/// keys hands it over at once.
const HAND: Duration = Duration::from_millis(20);
/// The most characters of a phrase.
const PHRASE_MOST: usize = 128;

/// A key, as far as the box cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// Empties the field: ctrl-u.
    Clear,
    /// Tab, or down: the next field.
    Next,
    /// Shift-tab, or up: the field before.
    Previous,
    /// Anything else: it only shows that somebody is there.
    Other,
}

/// Where keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// Cancel: where it begins.
    #[default]
    Cancel,
    /// The phrase.
    Phrase,
    /// The reason.
    Reason,
    /// Do it.
    Go,
}

/// What a key, a paste or a tick came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The box is still open; the text, if any, says why what was done did not count.
    Open(Option<&'static str>),
    /// Cancelled.
    Cancelled,
    /// Nothing was done for 15 s.
    Disarmed,
    /// Confirmed; this is the proof for the door.
    Confirmed(Typed),
}

/// What a person typed for one proposal. Made by [`Confirm`], and by [`Typed::headless`] for the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    proposal: String,
    phrase: String,
    reason: Clean,
    opened_at: Option<Timestamp>,
    at: Timestamp,
    /// When the first and the last letter came, and how many.
    letters: Option<(Timestamp, Timestamp, u32)>,
}

impl Typed {
    /// What `--confirm PHRASE --reason TEXT` of the command line stand for: nobody was asked, so there is no box that could
    /// have been opened too early.
    pub fn headless(proposal: &Proposal, phrase: &str, reason: &str, at: Timestamp) -> Self {
        Self {
            proposal: proposal.id().to_owned(),
            phrase: phrase.to_owned(),
            reason: Clean::new(reason.trim()),
            opened_at: None,
            at,
            letters: None,
        }
    }

    /// The proposal that it is for.
    pub fn proposal(&self) -> &str {
        &self.proposal
    }

    /// What was typed.
    pub fn phrase(&self) -> &str {
        &self.phrase
    }

    /// Why it is done.
    pub fn reason(&self) -> &Clean {
        &self.reason
    }

    /// When it was confirmed.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Did the phrase come faster than hands type? The box has asked already; the door asks again.
    pub fn was_pasted(&self) -> bool {
        self.letters
            .is_some_and(|(first, last, letters)| last.since(first) < HAND * letters.saturating_sub(1))
    }

    /// Was it confirmed before anybody can have read what it says?
    pub fn is_early(&self) -> bool {
        self.opened_at.is_some_and(|opened| self.at.since(opened) < GUARD)
    }
}

/// The confirm box.
#[derive(Clone, Debug)]
pub struct Confirm {
    proposal: String,
    wanted: String,
    hazard: Hazard,
    asks_reason: bool,
    opened_at: Timestamp,
    guard_until: Timestamp,
    held: Option<(Press, Timestamp)>,
    last_key: Timestamp,
    focus: Focus,
    phrase: String,
    /// When the first and the last letter of the phrase came.
    typing: Option<(Timestamp, Timestamp)>,
    letters: u32,
    reason: String,
    closed: bool,
}

impl Confirm {
    /// Opens the box for `proposal`. `opener` is the key that opened it.
    pub fn open(proposal: &Proposal, opener: Option<Press>, at: Timestamp) -> Self {
        Self {
            proposal: proposal.id().to_owned(),
            wanted: proposal.phrase().to_owned(),
            hazard: proposal.action().hazard,
            asks_reason: proposal.action().asks_reason(),
            opened_at: at,
            guard_until: at + GUARD,
            held: opener.map(|press| (press, at)),
            last_key: at,
            focus: Focus::Cancel,
            phrase: String::new(),
            typing: None,
            letters: 0,
            reason: String::new(),
            closed: false,
        }
    }

    /// The same box with a reason that was given before (`:rollback checkout v41 "5xx since 13:49"`, or asked anew).
    #[must_use]
    pub fn with_reason(mut self, reason: &str) -> Self {
        self.take_reason(reason);
        self
    }

    /// Where keys go.
    pub fn focus(&self) -> Focus {
        self.focus
    }

    /// What must be typed.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// What has been typed of it.
    pub fn phrase(&self) -> &str {
        &self.phrase
    }

    /// The reason so far.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Must there be a reason?
    pub fn asks_reason(&self) -> bool {
        self.asks_reason
    }

    /// How long until it disarms.
    pub fn left(&self, at: Timestamp) -> Duration {
        (self.last_key + DISARM).since(at)
    }

    /// When it disarms if no key comes: the moment of the next [`Confirm::tick`].
    pub fn disarms_at(&self) -> Timestamp {
        self.last_key + DISARM
    }

    /// Time has passed.
    pub fn tick(&mut self, at: Timestamp) -> Outcome {
        if self.closed {
            return Outcome::Cancelled;
        }
        if at.since(self.last_key) >= DISARM {
            self.closed = true;
            return Outcome::Disarmed;
        }
        Outcome::Open(None)
    }

    /// A key was pressed.
    pub fn key(&mut self, press: Press, at: Timestamp) -> Outcome {
        match self.tick(at) {
            Outcome::Open(_) => {}
            over => return over,
        }
        // A clock that goes back makes no key early or late.
        let at = at.max(self.last_key);
        self.last_key = at;
        if press == Press::Escape {
            self.closed = true;
            return Outcome::Cancelled;
        }
        if at < self.guard_until {
            self.guard_until = at + GUARD;
            return Outcome::Open(Some("too soon after opening: that key did not count"));
        }
        if let Some((held, since)) = self.held {
            if held == press && at.since(since) < HELD {
                self.held = Some((held, at));
                return Outcome::Open(Some("that key is still held down: it does not count"));
            }
            self.held = None;
        }
        match press {
            Press::Char('y' | 'Y') if self.hazard == Hazard::Reversible && self.focus != Focus::Reason => {
                "y".clone_into(&mut self.phrase);
                self.confirm(at)
            }
            Press::Char('n' | 'N') if self.hazard == Hazard::Reversible && self.focus != Focus::Reason => {
                self.closed = true;
                Outcome::Cancelled
            }
            Press::Char(c) => self.letter(c, at),
            Press::Backspace | Press::Clear => self.delete(press == Press::Clear),
            Press::Next => self.step(1),
            Press::Previous => self.step(-1),
            Press::Enter => self.enter(at),
            Press::Escape | Press::Other => Outcome::Open(None),
        }
    }

    /// Something was pasted: a reason may be, the phrase may not.
    pub fn paste(&mut self, text: &str, at: Timestamp) -> Outcome {
        match self.tick(at) {
            Outcome::Open(_) => {}
            over => return over,
        }
        if at < self.guard_until {
            self.guard_until = at + GUARD;
            return Outcome::Open(Some("too soon after opening: that did not count"));
        }
        if self.focus != Focus::Reason {
            return Outcome::Open(Some("the phrase cannot be pasted: type it"));
        }
        self.last_key = at.max(self.last_key);
        self.take_reason(text);
        Outcome::Open(None)
    }

    fn take_reason(&mut self, text: &str) {
        let room = REASON_MOST.saturating_sub(self.reason.chars().count());
        // Capped before it is cleaned: a paste can be of any size.
        let head: String = text.chars().take(REASON_MOST * 4).collect();
        self.reason.extend(crate::text::clean(&head).chars().take(room));
    }

    fn letter(&mut self, c: char, at: Timestamp) -> Outcome {
        if crate::text::clean(c.encode_utf8(&mut [0; 4])).is_empty() {
            return Outcome::Open(None);
        }
        if self.focus == Focus::Reason {
            self.take_reason(c.encode_utf8(&mut [0; 4]));
            return Outcome::Open(None);
        }
        if self.hazard == Hazard::Reversible {
            return Outcome::Open(Some("y does it, n or esc does not"));
        }
        self.focus = Focus::Phrase;
        if self.phrase.chars().count() < PHRASE_MOST {
            self.phrase.push(c);
            self.letters += 1;
            self.typing = Some((self.typing.map_or(at, |(first, _)| first), at));
        }
        Outcome::Open(None)
    }

    fn delete(&mut self, all: bool) -> Outcome {
        match self.focus {
            Focus::Reason if all => self.reason.clear(),
            Focus::Reason => drop(self.reason.pop()),
            Focus::Phrase if all => self.forget_phrase(),
            Focus::Phrase => {
                self.phrase.pop();
                if self.phrase.is_empty() {
                    self.forget_phrase();
                }
            }
            Focus::Cancel | Focus::Go => {}
        }
        Outcome::Open(None)
    }

    fn forget_phrase(&mut self) {
        self.phrase.clear();
        self.typing = None;
        self.letters = 0;
    }

    /// The fields that there are, in order.
    fn fields(&self) -> &'static [Focus] {
        match (self.hazard == Hazard::Reversible, self.asks_reason) {
            (true, true) => &[Focus::Cancel, Focus::Reason],
            (true, false) => &[Focus::Cancel],
            // A reason can always be given.
            (false, _) => &[Focus::Cancel, Focus::Phrase, Focus::Reason, Focus::Go],
        }
    }

    fn step(&mut self, by: isize) -> Outcome {
        let fields = self.fields();
        let here = fields.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let next = (here as isize + by).rem_euclid(fields.len() as isize);
        self.focus = fields.get(next as usize).copied().unwrap_or_default();
        Outcome::Open(None)
    }

    fn enter(&mut self, at: Timestamp) -> Outcome {
        match self.focus {
            Focus::Cancel => {
                self.closed = true;
                Outcome::Cancelled
            }
            Focus::Phrase if self.phrase != self.wanted => Outcome::Open(Some("the phrase does not fit yet")),
            Focus::Phrase if self.asks_reason && self.reason.trim().is_empty() => {
                self.focus = Focus::Reason;
                Outcome::Open(None)
            }
            Focus::Phrase => {
                self.focus = Focus::Go;
                Outcome::Open(None)
            }
            Focus::Reason if self.hazard == Hazard::Reversible => {
                self.focus = Focus::Cancel;
                Outcome::Open(Some("y does it"))
            }
            Focus::Reason => {
                self.focus = Focus::Go;
                Outcome::Open(None)
            }
            Focus::Go => self.confirm(at),
        }
    }

    fn confirm(&mut self, at: Timestamp) -> Outcome {
        if self.phrase != self.wanted {
            self.focus = if self.hazard == Hazard::Reversible { Focus::Cancel } else { Focus::Phrase };
            return Outcome::Open(Some("the phrase does not fit yet"));
        }
        if self.asks_reason && self.reason.trim().is_empty() {
            if self.hazard == Hazard::Reversible {
                self.phrase.clear();
            }
            self.focus = Focus::Reason;
            return Outcome::Open(Some("give a reason"));
        }
        let typed = Typed {
            proposal: self.proposal.clone(),
            phrase: self.phrase.clone(),
            reason: Clean::new(self.reason.trim()),
            opened_at: Some(self.opened_at),
            at,
            letters: self.typing.map(|(first, last)| (first, last, self.letters)),
        };
        if typed.was_pasted() {
            self.forget_phrase();
            self.focus = Focus::Phrase;
            return Outcome::Open(Some("faster than hands type, as a paste is: type it again"));
        }
        self.closed = true;
        Outcome::Confirmed(typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The box never gives such a `Typed`; the door would not take it either.
    #[test]
    fn a_proof_tells_itself_what_is_wrong_with_it() {
        let ms = Timestamp::from_millis;
        let proof = |opened: i64, at: i64, first: i64, last: i64| Typed {
            proposal: "p".to_owned(),
            phrase: "checkout".to_owned(),
            reason: Clean::default(),
            opened_at: Some(ms(opened)),
            at: ms(at),
            letters: Some((ms(first), ms(last), 8)),
        };
        for (proof, early, pasted) in [
            (proof(0, 400, 100, 300), false, false),
            (proof(0, 399, 100, 300), true, false),
            (proof(0, 1_000, 100, 239), false, true),
            (proof(0, 1_000, 100, 240), false, false),
            (proof(1_000, 0, 0, 0), true, true),
        ] {
            assert_eq!((proof.is_early(), proof.was_pasted()), (early, pasted), "{proof:?}");
        }
    }
}
