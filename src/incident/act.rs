//! What people do with an incident. Nothing here changes the outside world: that is the action room's.

use super::change::{Change, What};
use super::engine::Incidents;
use super::record::Phase;
use super::spell::{self, NAME, TEXT};
use crate::journal::Who;
use crate::severity::Severity;
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use std::time::Duration;

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// I take care: the time to answer stops.
    Acknowledge,
    /// I do not: it runs again.
    Unacknowledge,
    /// It is this person's; empty: nobody's.
    Assign(String),
    /// A note for the timeline.
    Note(String),
    /// It is graver, or less grave, than warroom thinks; and why.
    Severity(Severity, String),
    /// The harm is stopped; how, or empty.
    Mitigated(String),
    /// It is over; why. Alerts that still fire do not open it again before they have gone.
    Resolve(String),
    /// Do not ring here before then.
    Snooze(Timestamp),
    /// Ring again.
    Unsnooze,
}

/// Why an act is refused; each is a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No incident has that id.
    #[error("there is no incident \"{id}\"{}", near(nearest))]
    Unknown {
        /// What was asked for.
        id: String,
        /// The ids that are written most like it.
        nearest: Vec<String>,
    },
    /// Several have ids that begin so.
    #[error("\"{id}\" could be {}: write more of it", ids.join(", "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// Some of them.
        ids: Vec<String>,
    },
    /// It has been acknowledged.
    #[error("{id} is acknowledged already, by {by}")]
    Acknowledged {
        /// The incident.
        id: Arc<str>,
        /// Who did.
        by: String,
    },
    /// It has not been acknowledged.
    #[error("{id} is not acknowledged")]
    NotAcknowledged {
        /// The incident.
        id: Arc<str>,
    },
    /// It is over.
    #[error("{id} is over since {}: only notes can be added", at.clock())]
    Over {
        /// The incident.
        id: Arc<str>,
        /// Since when.
        at: Timestamp,
    },
    /// It has been mitigated.
    #[error("{id} is mitigated since {}", at.clock())]
    Mitigated {
        /// The incident.
        id: Arc<str>,
        /// Since when.
        at: Timestamp,
    },
    /// It has that severity.
    #[error("{id} is {severity} already")]
    SameSeverity {
        /// The incident.
        id: Arc<str>,
        /// The severity.
        severity: Severity,
    },
    /// Nothing was written.
    #[error("{what} must not be empty")]
    Empty {
        /// What is missing: `a note`, `the reason`.
        what: &'static str,
    },
    /// The end of the snooze is in the past, or too far away.
    #[error("a snooze ends later than now and within {}", format_duration(LONGEST_SNOOZE))]
    SnoozeEnd,
    /// It is not snoozed.
    #[error("{id} is not snoozed")]
    NotSnoozed {
        /// The incident.
        id: Arc<str>,
    },
}

/// What is silenced for longer is forgotten.
const LONGEST_SNOOZE: Duration = Duration::from_secs(7 * 86_400);

fn near(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!("; nearest: {}", ids.join(", ")) }
}

impl Incidents {
    /// A person acts. `id` may be abbreviated (see [`Incidents::find`]); `nonce` is random, so that each act has an event
    /// id of its own.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub fn act(
        &mut self,
        id: &str,
        act: Act,
        who: &Who,
        at: Timestamp,
        nonce: &str,
    ) -> Result<Vec<Change>, Refusal> {
        let id = self.host_of(&self.find(id)?);
        let what = self.judge_act(&id, act, at)?;
        let mut out = Vec::new();
        let event_id = format!("{id}:{}:{}", what.word(), spell::tidy(nonce, 64));
        self.emit_as(&id, at, Some(who.clone()), &event_id, what, &mut out);
        Ok(out)
    }

    fn judge_act(&self, id: &Arc<str>, act: Act, at: Timestamp) -> Result<What, Refusal> {
        let Some(incident) = self.all.get(id) else {
            return Err(Refusal::Unknown { id: id.to_string(), nearest: Vec::new() });
        };
        let id = || Arc::clone(id);
        if let (Phase::Resolved, Some((ended, _))) = (&incident.phase, &incident.resolved)
            && !matches!(act, Act::Note(_))
        {
            return Err(Refusal::Over { id: id(), at: *ended });
        }
        let text = |raw: &str, what: &'static str| {
            let text = spell::tidy(raw, TEXT);
            if text.is_empty() { Err(Refusal::Empty { what }) } else { Ok(text) }
        };
        Ok(match act {
            Act::Acknowledge => match &incident.acknowledged {
                Some(mark) => return Err(Refusal::Acknowledged { id: id(), by: mark.user.clone() }),
                None => What::Acknowledged,
            },
            Act::Unacknowledge if incident.acknowledged.is_none() => {
                return Err(Refusal::NotAcknowledged { id: id() });
            }
            Act::Unacknowledge => {
                // Somebody else needs the full time to answer.
                let answer_by = self.settings.due(incident.severity, at).answer_by;
                What::Unacknowledged { due: super::change::Due { answer_by, ..incident.due } }
            }
            Act::Assign(to) => What::Assigned { to: spell::tidy(&to, NAME) },
            Act::Note(note) => What::Noted { text: text(&note, "a note")? },
            Act::Severity(to, _) if to == incident.severity && incident.judged.is_some() => {
                return Err(Refusal::SameSeverity { id: id(), severity: to });
            }
            // The same severity as warroom's is a word too: it holds it there.
            Act::Severity(to, reason) => What::Graded {
                from: incident.severity,
                to,
                why: text(&reason, "the reason")?,
                seen: Some(self.seen_now(incident).word().to_owned()),
                due: self.regraded_due(&incident.id, incident.severity, to, at),
            },
            Act::Mitigated(how) => {
                if let Some((since, _)) = &incident.mitigated {
                    return Err(Refusal::Mitigated { id: id(), at: *since });
                }
                let how = spell::tidy(&how, TEXT);
                What::Mitigated { how: if how.is_empty() { "declared by hand".to_owned() } else { how } }
            }
            Act::Resolve(reason) => What::Resolved { reason: text(&reason, "the reason")? },
            Act::Snooze(until) if until <= at || at + LONGEST_SNOOZE < until => {
                return Err(Refusal::SnoozeEnd);
            }
            Act::Snooze(until) => What::Snoozed { until },
            Act::Unsnooze if !incident.snoozed(at) => return Err(Refusal::NotSnoozed { id: id() }),
            Act::Unsnooze => What::Unsnoozed,
        })
    }

    /// What warroom itself would say of an incident now, going by its alerts and by what is seen.
    fn seen_now(&self, incident: &super::Incident) -> Severity {
        let labels =
            incident.firing().map(|alert| alert.severity).max().map(|severity| (severity, String::new()));
        self.judge(labels, &incident.services).0
    }
}
