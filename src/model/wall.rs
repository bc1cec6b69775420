//! The war-room wall: which screen hangs there at a moment. A function of the moment and of what has happened; it draws
//! nothing and decides nothing about services.
//!
//! Screens take turns; each is seen once a round, the worst first, whatever comes, goes and moves meanwhile. What has just
//! gone wrong takes the wall at once and keeps it a while; something worse takes it from that.

use super::ui::{Screen, Ui};
use crate::config::Wall as Settings;
use crate::units::Timestamp;
use ratatui::layout::Rect;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// So long an alarm keeps the wall at least, even if what was wrong is over at once.
const LEAST: Duration = Duration::from_secs(10);
/// The most alarms that wait for their turn.
const MOST_WAITING: usize = 8;
/// The most screens that can be gone back to.
const MOST_TRAIL: usize = 16;
/// So long after the first `esc` a second one leaves.
const LEAVING: Duration = Duration::from_secs(5);

/// What takes the wall: something that cannot wait for its turn. The order is from the worst on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// A new incident that calls somebody: how many grades below P0, and its id.
    Incident(u8, Arc<str>),
    /// A service went down.
    Down(Arc<str>),
}

impl Alarm {
    /// The screen that says most about it.
    pub fn screen(&self) -> Screen {
        match self {
            Self::Incident(_, id) => Screen::Incident(Arc::clone(id)),
            Self::Down(service) => Screen::Service(Arc::clone(service)),
        }
    }

    /// Are they about the same thing? An incident may become graver: then it is the same, and news.
    fn is_about(&self, other: &Self) -> bool {
        self.screen() == other.screen()
    }

    /// How bad, 0 the worst.
    fn rank(&self) -> u8 {
        match self {
            Self::Incident(grade, _) => *grade,
            Self::Down(_) => u8::MAX,
        }
    }
}

/// The wall.
#[derive(Clone, Debug)]
pub struct Wall {
    /// What was looked at before it was hung: leaving brings it back.
    pub back: Ui,
    settings: Settings,
    shown: Screen,
    since: Timestamp,
    alarm: Option<(Alarm, Timestamp)>,
    waiting: Vec<Alarm>,
    known: BTreeSet<Alarm>,
    seen: Vec<Screen>,
    trail: VecDeque<Screen>,
    round: usize,
    held: bool,
    leaving: Option<Timestamp>,
}

impl Wall {
    /// Hangs it at `at`. Of what is wrong already, only the worst takes the wall: the rest has its turn.
    pub fn new(back: Ui, settings: Settings, at: Timestamp, pages: &[Screen], alarms: &[Alarm]) -> Self {
        let mut wall = Self {
            back,
            settings,
            shown: pages.first().cloned().unwrap_or(Screen::Overview),
            since: at,
            alarm: None,
            waiting: Vec::new(),
            known: alarms.iter().cloned().collect(),
            seen: Vec::new(),
            trail: VecDeque::new(),
            round: 0,
            held: false,
            leaving: None,
        };
        wall.seen.push(wall.shown.clone());
        if let Some(worst) = alarms.iter().min() {
            wall.take(worst.clone(), at);
        }
        wall
    }

    /// Other settings from now on.
    pub fn set(&mut self, settings: &Settings) {
        if self.settings != *settings {
            self.settings = settings.clone();
        }
    }

    /// How long a screen stays; never nothing, whatever a configuration says.
    pub fn every(&self) -> Duration {
        self.settings.every.max(Duration::from_secs(1))
    }

    /// Brings the wall up to `at`: `pages` are what has its turn, the worst first, and `alarms` all that is gravely wrong
    /// now. Answers the screen that hangs there.
    pub fn step(&mut self, at: Timestamp, pages: &[Screen], alarms: &[Alarm]) -> &Screen {
        if self.leaving.is_some_and(|since| at.since(since) >= LEAVING) {
            self.leaving = None;
        }
        // What is less grave than it was is no news.
        let known =
            |alarm: &Alarm| self.known.iter().any(|it| it.is_about(alarm) && it.rank() <= alarm.rank());
        let new: Vec<Alarm> = alarms.iter().filter(|alarm| !known(alarm)).cloned().collect();
        self.known = alarms.iter().cloned().collect();
        for alarm in new {
            self.waiting.retain(|known| !known.is_about(&alarm));
            self.waiting.push(alarm);
        }
        self.waiting.retain(|waiting| alarms.iter().any(|alarm| alarm.is_about(waiting)));
        self.waiting.sort();
        self.waiting.truncate(MOST_WAITING);
        if let Some((alarm, until)) = &self.alarm {
            let lasts = alarms.iter().any(|known| known.is_about(alarm));
            let over = at >= *until || (!lasts && at.since(self.since) >= LEAST);
            let worse = self.waiting.first().is_some_and(|next| next.rank() < alarm.rank());
            let graver = self.waiting.first().is_some_and(|next| next.is_about(alarm));
            if over || worse || graver {
                self.alarm = None;
                if self.waiting.is_empty() {
                    self.turn(at, pages);
                }
            }
        }
        if self.alarm.is_none() && !self.waiting.is_empty() {
            let worst = self.waiting.remove(0);
            self.take(worst, at);
        }
        if self.alarm.is_none() {
            let gone = !pages.contains(&self.shown) && !pages.is_empty();
            if gone || (!self.held && at.since(self.since) >= self.every()) {
                self.turn(at, pages);
            }
        }
        &self.shown
    }

    fn take(&mut self, alarm: Alarm, at: Timestamp) {
        self.show(alarm.screen(), at);
        let hold = self.settings.hold.max(LEAST);
        self.alarm = Some((alarm, at + hold));
    }

    fn show(&mut self, screen: Screen, at: Timestamp) {
        if self.shown != screen {
            let before = std::mem::replace(&mut self.shown, screen);
            self.trail.push_back(before);
            if self.trail.len() > MOST_TRAIL {
                self.trail.pop_front();
            }
        }
        self.since = at;
    }

    /// The next screen that was not seen in this round; after the last one a new round begins.
    fn turn(&mut self, at: Timestamp, pages: &[Screen]) {
        let fresh = |seen: &[Screen]| pages.iter().find(|page| !seen.contains(page)).cloned();
        let next = fresh(&self.seen).or_else(|| {
            self.seen.clear();
            self.round = self.round.wrapping_add(1);
            // Not the same one again, if there is another.
            pages.iter().find(|page| **page != self.shown).or(pages.first()).cloned()
        });
        let Some(next) = next else { return };
        self.seen.push(next.clone());
        self.show(next, at);
    }

    /// By hand: the next screen, or the one before.
    pub fn by_hand(&mut self, forward: bool, at: Timestamp, pages: &[Screen]) {
        self.alarm = None;
        if forward {
            self.turn(at, pages);
        } else if let Some(before) = self.trail.pop_back() {
            self.shown = before;
            self.since = at;
        }
    }

    /// By hand: this screen stays, or goes on. What goes wrong takes the wall all the same.
    pub fn hold(&mut self, at: Timestamp) -> bool {
        self.held = !self.held;
        self.since = at;
        self.held
    }

    /// `esc`: the second one soon after the first leaves.
    pub fn leave(&mut self, at: Timestamp) -> bool {
        let twice = self.leaving.is_some_and(|since| at.since(since) < LEAVING);
        self.leaving = Some(at);
        twice
    }

    /// The next moment at which the wall changes by itself; `ticking`: something on it counts seconds.
    pub fn due(&self, now: Timestamp, ticking: bool) -> Timestamp {
        let second = Duration::from_secs(1);
        let shift = self.shift();
        let mut due = now.floor_to(shift) + shift;
        if ticking {
            due = due.min(now.floor_to(second) + second);
        }
        match &self.alarm {
            Some((_, until)) => {
                due = due.min(*until).min(if self.since + LEAST > now { self.since + LEAST } else { due });
            }
            None if !self.held => due = due.min(self.since + self.every()),
            None => {}
        }
        due.max(now + Duration::from_millis(1))
    }

    fn shift(&self) -> Duration {
        self.settings.shift.max(Duration::from_secs(1))
    }

    /// Where the picture stands at `at` on a screen of that size: it moves round a square of two by two cells, so that
    /// no cell shows the same for good.
    pub fn frame(&self, size: (u16, u16), at: Timestamp) -> Rect {
        let (width, height) = size;
        if width < 20 || height < 8 {
            return Rect::new(0, 0, width, height); // every cell counts
        }
        let turn = at.millis().div_euclid(self.shift().as_millis() as i64).rem_euclid(4);
        let (x, y) = [(0, 0), (1, 0), (1, 1), (0, 1)].get(turn as usize).copied().unwrap_or_default();
        Rect::new(x, y, width - 1, height - 1)
    }

    /// What took the wall, if it was taken.
    pub fn alarm(&self) -> Option<&Alarm> {
        self.alarm.as_ref().map(|(alarm, _)| alarm)
    }

    /// The screen that hangs there.
    pub fn shown(&self) -> &Screen {
        &self.shown
    }

    /// How many rounds there were: of what is well, another one is shown each round.
    pub fn round(&self) -> usize {
        self.round
    }

    /// Does the screen stay by hand?
    pub fn is_held(&self) -> bool {
        self.held
    }
}

#[cfg(test)]
mod tests;
