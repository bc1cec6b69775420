//! Journal entries of actions: made here, read back by [`super::Ledger`]. No secret is ever in one.
//!
//! `action.proposed`, `action.approved`, `action.refused`, `action.sent`, `action.outcome`, `action.stopped`,
//! `action.verdict`; the details always hold `id`, `service` and `action`.

use super::door::Refused;
use super::ledger::{Act, Approval};
use super::proposal::Proposal;
use super::request::Request;
use super::verdict::Verdict;
use crate::journal::{Category, Entry, Level, Who};
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The most bytes of a body that an entry keeps.
pub const BODY_HEAD: usize = 4096;

fn entry(
    action: &str,
    level: Level,
    who: &Who,
    status: &str,
    at: Timestamp,
    details: Map<String, Value>,
) -> Entry {
    let text = |key: &str| details.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let turn = details.get("turn").and_then(Value::as_u64).unwrap_or(0);
    Entry {
        at,
        event_id: format!("{}/{action}/{turn}/{:x}", text("id"), at.millis()),
        level,
        category: Category::Action,
        action: action.to_owned(),
        who: who.clone(),
        status: status.to_owned(),
        details,
    }
}

/// Somebody wants it, and a second person has to approve.
pub fn proposed(proposal: &Proposal, reason: &Clean, at: Timestamp) -> Entry {
    let mut details = proposal.details();
    details.insert("reason".to_owned(), reason.as_str().into());
    details.insert("what".to_owned(), proposal.what());
    entry("action.proposed", Level::Info, &proposal.who, "waiting", at, details)
}

/// The door did not open.
pub fn refused(proposal: &Proposal, why: &Refused, at: Timestamp) -> Entry {
    let mut details = proposal.details();
    details.insert("refused".to_owned(), why.word().into());
    details.insert("why".to_owned(), why.to_string().into());
    entry("action.refused", Level::Info, &proposal.who, "refused", at, details)
}

/// A second person approves.
pub(super) fn approved(act: &Act, who: &Who, at: Timestamp) -> Entry {
    let details = json!({
        "id": act.id, "service": act.service, "action": act.action, "environment": act.environment,
        "proposed_by": act.who.user, "what": act.what,
    });
    let details = if let Value::Object(details) = details { details } else { Map::new() };
    entry("action.approved", Level::Warning, who, "ok", at, details)
}

/// After `begun` of `of` requests the rest was left alone.
pub fn stopped(proposal: &Proposal, begun: usize, of: usize, why: &Clean, at: Timestamp) -> Entry {
    let mut details = proposal.details();
    details.insert("begun".to_owned(), (begun as u64).into());
    details.insert("of".to_owned(), (of as u64).into());
    details.insert("note".to_owned(), why.as_str().into());
    entry("action.stopped", Level::Warning, &proposal.who, "stopped", at, details)
}

/// What came of it.
pub fn verdict(proposal: &Proposal, verdict: &Verdict, at: Timestamp) -> Entry {
    let mut details = proposal.details();
    details.insert("verdict".to_owned(), verdict.effect.word().into());
    let lines: Vec<Value> = verdict.changes.iter().map(|change| change.to_string().into()).collect();
    details.insert("figures".to_owned(), lines.into());
    entry("action.verdict", Level::Info, &proposal.who, verdict.effect.word(), at, details)
}

/// Makes the entries of one request: kept by whoever sends it, after the request itself is used up.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    who: Who,
    details: Map<String, Value>,
    service: String,
    key: String,
    cool_down: Duration,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// In one word.
    pub how: How,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Head of the answer's body, cleaned.
    pub body: Clean,
    /// What to know about it: an error code explained, how to find out, the job's error.
    pub note: Clean,
    /// The job's state, if one was followed.
    pub job: Option<Clean>,
    /// From the first byte sent to the end that is told here.
    pub took: Duration,
}

/// How a request ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Accepted, and its job, if any, is done.
    Done,
    /// The service refused it, or its job failed.
    Failed,
    /// It may or may not have been done.
    Unknown,
    /// It never left.
    NotSent,
    /// Taken back before it left: another warroom was first.
    Withdrawn,
}

impl How {
    /// The entry's status.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotSent => "not-sent",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The end of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Done, Self::Failed, Self::Unknown, Self::NotSent, Self::Withdrawn]
            .into_iter()
            .find(|how| how.word() == word)
    }

    const fn level(self) -> Level {
        match self {
            Self::Done => Level::Info,
            Self::Failed => Level::Error,
            Self::Unknown | Self::NotSent | Self::Withdrawn => Level::Warning,
        }
    }
}

impl Receipt {
    pub(super) fn new(
        proposal: &Proposal,
        request: &Request,
        turn: usize,
        of: usize,
        reason: &Clean,
        approval: Option<&Approval>,
    ) -> Self {
        let action = &proposal.action;
        let mut details = proposal.details();
        let mut put = |name: &str, value: Value| drop(details.insert(name.to_owned(), value));
        let instance = proposal.instances.get(turn).map_or("", |instance| &*instance.name);
        put("turn", (turn as u64 + 1).into());
        put("of", (of as u64).into());
        put("instance", instance.into());
        put("reason", reason.as_str().into());
        put("request", request.to_json());
        put("curl", request.curl().into());
        put("idempotency_key", proposal.key(turn).into());
        put("patience_ms", (action.patience().as_millis() as u64).into());
        put("settle_ms", (action.settle_limit.as_millis() as u64).into());
        if let Some(approval) = approval {
            put("approved_by", approval.by.user.as_str().into());
            put("approval", approval.proposal.as_str().into());
        }
        Self {
            who: proposal.who.clone(),
            service: proposal.service.to_string(),
            key: proposal.key(turn),
            cool_down: action.cool_down,
            details,
        }
    }

    /// The service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The idempotency key: it tells this request from all others.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How long the same action rests on the service.
    pub fn cool_down(&self) -> Duration {
        self.cool_down
    }

    /// The entry that must be on disk before the request leaves.
    pub fn sent(&self, at: Timestamp) -> Entry {
        entry("action.sent", Level::Warning, &self.who, "sent", at, self.details.clone())
    }

    /// The entry that tells how it ended.
    pub fn ended(&self, ended: &Ended, at: Timestamp) -> Entry {
        let mut details = Map::new();
        for key in [
            "id",
            "service",
            "action",
            "environment",
            "turn",
            "of",
            "instance",
            "incident",
            "idempotency_key",
        ] {
            if let Some(value) = self.details.get(key) {
                details.insert(key.to_owned(), value.clone());
            }
        }
        let mut put = |name: &str, value: Value| drop(details.insert(name.to_owned(), value));
        put("status", ended.status.into());
        put("body", ended.body.as_str().into());
        put("note", ended.note.as_str().into());
        put("job", ended.job.as_ref().map(Clean::as_str).into());
        put("took_ms", (ended.took.as_millis() as u64).into());
        entry("action.outcome", ended.how.level(), &self.who, ended.how.word(), at, details)
    }
}
