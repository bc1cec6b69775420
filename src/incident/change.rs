//! What can happen to an incident. An incident is the sum of its changes, and each change is one line of the journal.

use super::facts::{Figures, HappeningKind};
use super::record::AlertNote;
use super::spell::{self, fnv};
use crate::journal::Who;
use crate::severity::Severity;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing that happened to one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The incident's id.
    pub incident: Arc<str>,
    /// How the incident stands after it, in short: for those who know nothing else of it.
    pub brief: Brief,
    /// Tells changes apart. What several warrooms see alike has the same one in all of them.
    pub event_id: String,
    /// The person who did it; none: warroom saw it by itself.
    pub by: Option<Who>,
    /// What.
    pub what: What,
}

/// An incident in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief {
    /// The service that is the cause, as far as known.
    pub service: Arc<str>,
    /// Its environment; empty where there is none.
    pub environment: Arc<str>,
    /// Its severity.
    pub severity: Severity,
    /// What it is about, in a line.
    pub title: String,
    /// Since when.
    pub began: Timestamp,
    /// Where to look first.
    pub runbook: Option<String>,
    /// Silenced here for a while: nobody is to be rung.
    pub snoozed: bool,
    /// All of its alerts come from other systems: whoever is told by those need not be told through them by us.
    pub elsewhere: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// It began.
    Opened {
        /// The group key.
        key: String,
        /// The service.
        service: Arc<str>,
        /// Its environment; empty where there is none.
        environment: Arc<str>,
        /// The severity at the start.
        #[serde(with = "spell::severity")]
        severity: Severity,
        /// Why it has that severity.
        why: String,
        /// Since when.
        #[serde(with = "spell::moment")]
        began: Timestamp,
        /// Its timers.
        #[serde(flatten)]
        due: Due,
    },
    /// An alert fires.
    AlertFired {
        /// The alert.
        #[serde(flatten)]
        alert: AlertNote,
    },
    /// An alert does not fire any more.
    AlertGone {
        /// Which one.
        fingerprint: String,
        /// Its name.
        name: String,
        /// Its service.
        service: Arc<str>,
    },
    /// Another group of alerts has the same cause.
    Joined {
        /// Its key.
        key: String,
        /// Its service.
        service: Arc<str>,
    },
    /// Another service turned out to be the cause.
    Cause {
        /// It.
        service: Arc<str>,
    },
    /// It has become part of another one.
    Merged {
        /// The id of the other one.
        into: Arc<str>,
    },
    /// Its severity changed.
    Graded {
        /// From.
        #[serde(with = "spell::severity")]
        from: Severity,
        /// To.
        #[serde(with = "spell::severity")]
        to: Severity,
        /// Why.
        why: String,
        /// What warroom would have said at that moment, if a person said otherwise.
        seen: Option<String>,
        /// Its timers.
        #[serde(flatten)]
        due: Due,
    },
    /// Somebody takes care.
    Acknowledged,
    /// Nobody does any more; the time to answer runs again.
    Unacknowledged {
        /// Its timers.
        #[serde(flatten)]
        due: Due,
    },
    /// It is somebody's.
    Assigned {
        /// Whose; empty: nobody's.
        to: String,
    },
    /// A note.
    Noted {
        /// The text.
        text: String,
    },
    /// The harm is stopped, if not the cause.
    Mitigated {
        /// How.
        how: String,
    },
    /// The harm is back.
    Relapsed {
        /// How.
        how: String,
    },
    /// It is over.
    Resolved {
        /// Why.
        reason: String,
    },
    /// The same trouble came back within the flap window.
    Reopened {
        /// How often so far.
        flaps: u32,
        /// Its timers.
        #[serde(flatten)]
        due: Due,
    },
    /// A timer ran out.
    Overdue {
        /// `answer` or `escalate`.
        timer: String,
        /// When it ran out.
        #[serde(with = "spell::moment")]
        due: Timestamp,
    },
    /// Silenced here until a moment.
    Snoozed {
        /// Until then.
        #[serde(with = "spell::moment")]
        until: Timestamp,
    },
    /// Not silenced any more.
    Unsnoozed,
    /// Something that may have to do with it.
    Signal {
        /// To which service it happened.
        service: Arc<str>,
        /// When it happened: perhaps before the incident.
        #[serde(with = "spell::moment")]
        seen: Timestamp,
        /// More about it.
        text: String,
        /// What.
        #[serde(flatten)]
        kind: HappeningKind,
    },
    /// Its figures, each minute.
    Figures {
        /// They.
        #[serde(flatten)]
        figures: Figures,
    },
}

/// Until when somebody must have answered, and until when it must be mitigated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// Acknowledged until then.
    #[serde(with = "spell::moment")]
    pub answer_by: Timestamp,
    /// Mitigated until then, or one level up.
    #[serde(with = "spell::moment")]
    pub escalate_at: Timestamp,
}

impl What {
    /// As the journal's `action` says it, without `incident.`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::AlertFired { .. } => "alert_fired",
            Self::AlertGone { .. } => "alert_gone",
            Self::Joined { .. } => "joined",
            Self::Cause { .. } => "cause",
            Self::Merged { .. } => "merged",
            Self::Graded { .. } => "graded",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged { .. } => "unacknowledged",
            Self::Assigned { .. } => "assigned",
            Self::Noted { .. } => "noted",
            Self::Mitigated { .. } => "mitigated",
            Self::Relapsed { .. } => "relapsed",
            Self::Resolved { .. } => "resolved",
            Self::Reopened { .. } => "reopened",
            Self::Overdue { .. } => "overdue",
            Self::Snoozed { .. } => "snoozed",
            Self::Unsnoozed => "unsnoozed",
            Self::Signal { .. } => "signal",
            Self::Figures { .. } => "figures",
        }
    }

    /// What it is in the language of people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Opened { severity, why, .. } => format!("opened as {severity}: {why}"),
            Self::AlertFired { alert } => match (&*alert.summary, alert.value) {
                ("", Some(value)) => {
                    format!("{} fires, value {}", alert.name, super::settings::number(value))
                }
                ("", None) => format!("{} fires", alert.name),
                (summary, _) => format!("{} fires: {summary}", alert.name),
            },
            Self::AlertGone { name, .. } => format!("{name} does not fire any more"),
            Self::Joined { service, .. } => format!("{service} is part of it"),
            Self::Cause { service } => format!("the cause seems to be {service}"),
            Self::Merged { into } => format!("is part of {into}"),
            Self::Graded { from, to, why, .. } => format!("{from} -> {to}: {why}"),
            Self::Acknowledged => "acknowledged".to_owned(),
            Self::Unacknowledged { .. } => "not acknowledged any more".to_owned(),
            Self::Assigned { to } if to.is_empty() => "assigned to nobody".to_owned(),
            Self::Assigned { to } => format!("assigned to {to}"),
            Self::Noted { text } => text.clone(),
            Self::Mitigated { how } => format!("mitigated: {how}"),
            Self::Relapsed { how } => format!("harm is back: {how}"),
            Self::Resolved { reason } => format!("resolved: {reason}"),
            Self::Reopened { flaps, .. } => format!("came back (time {flaps})"),
            Self::Overdue { timer, .. } if timer == "answer" => {
                "nobody has acknowledged it in time".to_owned()
            }
            Self::Overdue { .. } => "not mitigated in time: escalate".to_owned(),
            Self::Snoozed { until } => format!("snoozed until {}", until.clock()),
            Self::Unsnoozed => "not snoozed any more".to_owned(),
            Self::Signal { service, text, kind, .. } => {
                let kind = kind.sentence();
                if text.is_empty() {
                    format!("{service}: {kind}")
                } else {
                    format!("{service}: {kind}; {text}")
                }
            }
            Self::Figures { .. } => "figures".to_owned(),
        }
    }

    /// Is it worth a line on a screen or a message (or only for the record)?
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::Figures { .. })
    }

    /// What makes the event's id: the same in all warrooms that see the same thing. What has no moment of its own takes
    /// the minute.
    pub(super) fn mark(&self, at: Timestamp) -> String {
        let minute = at.millis().div_euclid(60_000);
        let word = self.word();
        match self {
            Self::Opened { .. } => word.to_owned(),
            Self::AlertFired { alert } => {
                format!("{word}:{}:{}", alert.fingerprint, alert.active_at.millis())
            }
            Self::AlertGone { fingerprint, .. } => format!("{word}:{fingerprint}:{minute}"),
            Self::Joined { key, .. } => format!("{word}:{:016x}:{minute}", fnv(&[key])),
            Self::Cause { service } => format!("{word}:{service}:{minute}"),
            Self::Merged { into } => format!("{word}:{into}"),
            Self::Graded { to, .. } => format!("{word}:{to}:{minute}"),
            Self::Reopened { flaps, .. } => format!("{word}:{flaps}"),
            Self::Overdue { timer, due } => format!("{word}:{timer}:{}", due.millis()),
            Self::Signal { kind: HappeningKind::ActionDone { event_id, .. }, .. } => {
                format!("{word}:{event_id}")
            }
            Self::Signal { service, seen, text, kind } => {
                let what = fnv(&[service, &kind.sentence(), text]);
                format!("{word}:{what:016x}:{}", seen.millis().div_euclid(60_000))
            }
            _ => format!("{word}:{minute}"),
        }
    }
}
