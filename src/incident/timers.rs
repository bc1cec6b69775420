//! Timers: by when somebody must have answered, and by when it must be mitigated.

use super::change::{Change, Due, What};
use super::engine::{Incidents, is_ours};
use super::record::{Incident, Phase};
use super::settings::Settings;
use crate::severity::Severity;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A timer that counts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Still running, until then.
    Running(Timestamp),
    /// Ran out then, and nobody has done it yet.
    Overdue(Timestamp),
    /// Done, or not needed any more.
    Stopped,
}

/// Both timers of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Until somebody must acknowledge.
    pub answer: Timer,
    /// Until it must be mitigated.
    pub escalate: Timer,
}

impl Timer {
    fn of(due: Timestamp, stopped: bool, at: Timestamp) -> Self {
        match () {
            () if stopped => Self::Stopped,
            () if due > at => Self::Running(due),
            () => Self::Overdue(due),
        }
    }

    /// Milliseconds left; below zero: overdue by so much.
    pub fn left_ms(self, at: Timestamp) -> Option<i64> {
        match self {
            Self::Running(due) | Self::Overdue(due) => Some(due.millis().saturating_sub(at.millis())),
            Self::Stopped => None,
        }
    }
}

impl Incident {
    /// Its timers at that moment.
    pub fn timers(&self, at: Timestamp) -> Timers {
        let over = !self.is_open();
        Timers {
            answer: Timer::of(self.due.answer_by, over || self.acknowledged.is_some(), at),
            escalate: Timer::of(self.due.escalate_at, over || self.mitigated.is_some(), at),
        }
    }
}

impl Settings {
    /// The timers of an incident of that severity that begins at `at`.
    pub fn due(&self, severity: Severity, at: Timestamp) -> Due {
        let grade = self.grade(severity);
        Due {
            answer_by: self.calendar.after(at, grade.answer),
            escalate_at: self.calendar.after(at, grade.escalate),
        }
    }
}

impl Incidents {
    /// The timers after a change of severity: a graver one never gives more time than was left, a lesser one counts from
    /// the start.
    pub(super) fn regraded_due(&self, id: &str, from: Severity, to: Severity, at: Timestamp) -> Due {
        let Some(incident) = self.all.get(id) else { return self.settings.due(to, at) };
        if to < from {
            return self.settings.due(to, incident.opened_at);
        }
        let (old, new) = (incident.due, self.settings.due(to, at));
        // What has run out already begins anew with the graver severity: there is somebody else to call.
        let sooner = |old: Timestamp, new: Timestamp| if old <= at { new } else { old.min(new) };
        Due {
            answer_by: sooner(old.answer_by, new.answer_by),
            escalate_at: sooner(old.escalate_at, new.escalate_at),
        }
    }

    /// Timers that have run out are told once.
    pub(super) fn tick_into(&mut self, at: Timestamp, out: &mut Vec<Change>) {
        let mut over = Vec::new();
        for incident in self.all.values().filter(|it| it.is_open() && is_ours(it, &self.facts)) {
            let due = incident.due;
            if incident.acknowledged.is_none() && !incident.answer_overdue && due.answer_by <= at {
                over.push((Arc::clone(&incident.id), "answer", due.answer_by));
            }
            if incident.mitigated.is_none() && !incident.escalate_overdue && due.escalate_at <= at {
                over.push((Arc::clone(&incident.id), "escalate", due.escalate_at));
            }
        }
        for (id, timer, due) in over {
            self.emit(&id, at, What::Overdue { timer: timer.to_owned(), due }, out);
        }
    }

    /// The next moment at which something changes by the passing of time alone; none: nothing is open or kept.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        let mut at = |moment: Timestamp| {
            if moment > now {
                next = Some(next.map_or(moment, |known| known.min(moment)));
            }
        };
        for incident in self.all.values() {
            match &incident.phase {
                Phase::Open => {
                    at(incident.due.answer_by);
                    at(incident.due.escalate_at);
                    if let Some(quiet) = incident.quiet_since {
                        at(quiet + self.settings.timing.settle);
                    }
                    if let Some(until) = incident.snoozed_until {
                        at(until);
                    }
                    at(now.floor_to(MINUTE) + MINUTE);
                }
                Phase::Resolved => {
                    if let Some((ended, _)) = &incident.resolved {
                        at(*ended + self.settings.timing.keep);
                    }
                }
                Phase::Merged(_) => {}
            }
        }
        for end in self.signs.ends() {
            at(end);
        }
        next
    }
}

/// Countdowns and figures have this grain.
const MINUTE: Duration = Duration::from_secs(60);
