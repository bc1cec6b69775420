//! Who is told what, when and how often: notices in, deliveries out.
//!
//! Pure: the time is an argument, and `io::notify` sends what comes out. Nothing here knows an incident's inner state;
//! it sees changes as [`Notice`]s and keeps, for each channel, what was told, what waits and what failed.

mod backoff;
mod channel;
mod lane;
mod heard;
mod limit;
mod memory;
mod payload;
mod quiet;
mod router;
mod told;
#[cfg(test)]
mod tests;

pub use backoff::backoff;
pub use channel::{Address, Channel, Via};
pub use limit::{Bucket, Rate};
pub use payload::{LARGEST, Message, dedup_key};
pub use quiet::Quiet;
pub use router::{Delivery, Failing, Outcome, Router};

use crate::severity::Severity;
use crate::units::Timestamp;
use std::fmt::Write as _;
use std::sync::Arc;

/// One change of one incident, as somebody is to be told of it. Its texts may come from outside: they are cleaned and
/// cut where a payload is made of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Tells changes apart: the incident's id and what changed. Deterministic, so that a change is told once, whoever
    /// sees it and however often.
    pub key: String,
    /// The incident's id.
    pub incident: String,
    /// What changed.
    pub change: Change,
    /// How grave the incident is now.
    pub severity: Severity,
    /// The service that it is about; none: unassigned.
    pub service: Option<Arc<str>>,
    /// That service's environment.
    pub environment: Option<Arc<str>>,
    /// What it is, in a few words, as the incident is called on the screen.
    pub title: String,
    /// More about it; may have several lines.
    pub text: String,
    /// A page about it: the runbook.
    pub url: Option<String>,
    /// When it changed.
    pub at: Timestamp,
    /// When the incident began.
    pub started: Timestamp,
    /// All of its alerts come from other systems.
    pub elsewhere: bool,
    /// Labels that all of its alerts share.
    pub labels: Vec<(String, String)>,
    /// Annotations of its gravest alert.
    pub annotations: Vec<(String, String)>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It has begun.
    Opened,
    /// Somebody has taken it.
    Acknowledged,
    /// Nobody has it any more.
    Unacknowledged,
    /// It is graver than before.
    SeverityRaised,
    /// It is less grave than before.
    SeverityLowered,
    /// Nobody has answered in time.
    Overdue,
    /// The time to escalate has come.
    Escalated,
    /// It is over.
    Resolved,
    /// It has begun again.
    Reopened,
    /// No incident: somebody tries whether the channel works.
    Test,
}

impl Change {
    /// All of them with their words in payloads and in the journal.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Opened, "opened"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Unacknowledged, "unacknowledged"),
        (Self::SeverityRaised, "severity_raised"),
        (Self::SeverityLowered, "severity_lowered"),
        (Self::Overdue, "overdue"),
        (Self::Escalated, "escalated"),
        (Self::Resolved, "resolved"),
        (Self::Reopened, "reopened"),
        (Self::Test, "test"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }

    /// The change of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(change, _)| *change)
    }

    /// Does the incident begin or end with it? Such changes are what flaps.
    fn flips(self) -> bool {
        matches!(self, Self::Opened | Self::Reopened | Self::Resolved)
    }
}

impl Notice {
    /// A notice that tries a channel out.
    pub fn test(at: Timestamp, text: &str) -> Self {
        let id = format!("TEST-{}", at.millis());
        Self {
            key: id.clone(),
            incident: id,
            change: Change::Test,
            severity: Severity::P4,
            service: None,
            environment: None,
            title: "a test: nothing is wrong".to_owned(),
            text: text.to_owned(),
            url: None,
            at,
            started: at,
            elsewhere: false,
            labels: Vec::new(),
            annotations: Vec::new(),
        }
    }

    /// What changed, in words.
    fn phrase(&self) -> String {
        match self.change {
            Change::Opened => "opened".to_owned(),
            Change::Acknowledged => "acknowledged".to_owned(),
            Change::Unacknowledged => "nobody has it any more".to_owned(),
            Change::SeverityRaised => format!("raised to {}", self.severity),
            Change::SeverityLowered => format!("lowered to {}", self.severity),
            Change::Overdue => "not answered in time".to_owned(),
            Change::Escalated => "time to escalate".to_owned(),
            Change::Resolved => "resolved".to_owned(),
            Change::Reopened => "open again".to_owned(),
            Change::Test => "test".to_owned(),
        }
    }

    /// All of it in one line: `P1 checkout (prod): opened - error budget burns 21x`. Not cleaned.
    pub fn line(&self) -> String {
        let mut line = format!("{} {}", self.severity, self.service.as_deref().unwrap_or("unassigned"));
        if let Some(environment) = &self.environment {
            let _ = write!(line, " ({environment})");
        }
        let _ = write!(line, ": {} - {}", self.phrase(), self.title);
        line
    }
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same in each process and each version, as
/// std's hashes are not.
fn fnv(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.iter().chain(&[0xff])) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
