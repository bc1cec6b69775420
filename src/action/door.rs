//! The door itself. [`authorize`] is the one place where an [`Authorized`] is made.
//!
//! An `Authorized` cannot be copied, made or read from anywhere else; these do not compile:
//!
//! ```compile_fail,E0451
//! fn forge(proposal: warroom::action::Proposal) -> warroom::action::Authorized {
//!     warroom::action::Authorized { proposal, shots: Default::default() }
//! }
//! ```
//! ```compile_fail,E0277
//! fn needs_clone<T: Clone>() {}
//! needs_clone::<warroom::action::Authorized>();
//! ```
//! ```compile_fail,E0277
//! fn needs_clone<T: Clone>() {}
//! needs_clone::<warroom::action::Shot>();
//! ```
//! ```compile_fail,E0277
//! fn needs_default<T: Default>() {}
//! needs_default::<warroom::action::Authorized>();
//! ```
//! ```compile_fail,E0277
//! fn needs_deserialize<T: serde::de::DeserializeOwned>() {}
//! needs_deserialize::<warroom::action::Authorized>();
//! ```
//! A run is consumed: it cannot be started twice.
//! ```compile_fail,E0382
//! fn twice(authorized: warroom::action::Authorized) {
//!     let first = authorized.into_run();
//!     let second = authorized.into_run();
//! }
//! ```

use super::confirm::{DISARM, GUARD, Typed};
use super::entry::Receipt;
use super::facts::{Facts, Passed};
use super::ledger::Ledger;
use super::policy::Policy;
use super::proposal::{Proposal, REASON_MOST};
use super::request::Request;
use super::spec::{ActionKind, Reach};
use crate::journal::Who;
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Why the door did not open; each a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// `--read-only`.
    #[error("warroom is read-only here: nothing is changed")]
    ReadOnlyFlag,
    /// The environment does not let anything be changed, or the service has none.
    #[error("{}", off(environment.as_deref()))]
    EnvironmentOff {
        /// The environment.
        environment: Option<Arc<str>>,
    },
    /// The environment does not allow this kind.
    #[error("the environment does not allow actions of kind {}", kind.word())]
    KindNotAllowed {
        /// The kind.
        kind: ActionKind,
    },
    /// The environment does not allow this user.
    #[error("{user} is not among the users who may change this environment")]
    NotThisUser {
        /// The user.
        user: Clean,
    },
    /// Nothing may be changed now.
    #[error("frozen until {}", until.clock())]
    Frozen {
        /// When it ends.
        until: Timestamp,
    },
    /// What was typed is not the phrase.
    #[error("the phrase does not fit: type {phrase}")]
    WrongPhrase {
        /// What would fit.
        phrase: Clean,
    },
    /// The phrase was pasted.
    #[error("the phrase was pasted: type it")]
    Pasted,
    /// Confirmed too early to have been meant.
    #[error("confirmed within {} of asking: such keys do not count", format_duration(GUARD))]
    TooEarly,
    /// The confirmation is too old.
    #[error("nothing was done for {}: ask again", format_duration(DISARM))]
    Expired,
    /// The confirmation is another proposal's.
    #[error("the confirmation belongs to another proposal")]
    OtherProposal,
    /// The proposal has been sent before.
    #[error("this proposal was sent before: make a new one")]
    Replayed,
    /// The same action was done a short while ago.
    #[error("done a short while ago: cooling down until {}", until.clock())]
    CoolingDown {
        /// When it may be done again.
        until: Timestamp,
    },
    /// Something else is under way.
    #[error("{what} is under way on this service")]
    InFlight {
        /// What.
        what: Clean,
    },
    /// What is true has changed since it was proposed.
    #[error("{what}: look again, then confirm again")]
    StateChanged {
        /// What has changed.
        what: String,
    },
    /// A reason is wanted.
    #[error("give a reason")]
    NeedsReason,
    /// A second person has to approve.
    #[error("a second person has to approve this: warroom action approve {id}")]
    NeedsSecondPerson {
        /// The proposal.
        id: String,
    },
    /// Whoever proposed it cannot approve it.
    #[error("whoever proposed it cannot approve it")]
    SamePerson,
    /// There is no such proposal to approve, or it is too old.
    #[error("there is no open proposal {id}")]
    NoSuchProposal {
        /// The id that was asked for.
        id: Clean,
    },
    /// A pre-check does not hold.
    #[error("pre-check {name}: {why}")]
    PrecheckFailed {
        /// Its name.
        name: Clean,
        /// What was seen.
        why: Clean,
    },
    /// A value does not fit.
    #[error("{name}: {why}")]
    ParamInvalid {
        /// The parameter.
        name: Clean,
        /// What is wrong.
        why: Clean,
    },
    /// The action is not for that service.
    #[error("{action} is not offered for {service}")]
    NotOffered {
        /// The action.
        action: Arc<str>,
        /// The service.
        service: Arc<str>,
    },
    /// The instance is not the service's.
    #[error("there is no instance {instance}")]
    NoSuchInstance {
        /// Its name.
        instance: Clean,
    },
}

fn off(environment: Option<&str>) -> String {
    match environment {
        Some(name) => format!("actions are off: environment {name} does not say actions = \"confirm\""),
        None => "actions are off: the service has no environment".to_owned(),
    }
}

impl Refused {
    /// A word for the journal and for JSON: `read-only`, `cooling-down`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::ReadOnlyFlag => "read-only",
            Self::EnvironmentOff { .. } => "off",
            Self::KindNotAllowed { .. } => "kind-not-allowed",
            Self::NotThisUser { .. } => "not-this-user",
            Self::Frozen { .. } => "frozen",
            Self::WrongPhrase { .. } => "wrong-phrase",
            Self::Pasted => "pasted",
            Self::TooEarly => "too-early",
            Self::Expired => "expired",
            Self::OtherProposal => "other-proposal",
            Self::Replayed => "replayed",
            Self::CoolingDown { .. } => "cooling-down",
            Self::InFlight { .. } => "in-flight",
            Self::StateChanged { .. } => "state-changed",
            Self::NeedsReason => "needs-reason",
            Self::NeedsSecondPerson { .. } => "needs-second-person",
            Self::SamePerson => "same-person",
            Self::NoSuchProposal { .. } => "no-such-proposal",
            Self::PrecheckFailed { .. } => "pre-check-failed",
            Self::ParamInvalid { .. } => "param-invalid",
            Self::NotOffered { .. } => "not-offered",
            Self::NoSuchInstance { .. } => "no-such-instance",
        }
    }
}

/// Decides whether `proposal` may be sent, and is the only one who can say yes.
///
/// `policy` is that of the proposal's environment. `ledger` holds the journal as it is now, other warrooms' entries
/// included. `facts` is what is true now, pre-checks made just now included.
///
/// # Errors
/// The first rule that stands against it, as a sentence for people.
pub fn authorize(
    policy: &Policy,
    ledger: &Ledger,
    proposal: Proposal,
    typed: &Typed,
    facts: &Facts,
    at: Timestamp,
) -> Result<Authorized, Refused> {
    let action = Arc::clone(&proposal.action);
    // A policy of another environment would be no policy at all.
    if policy.environment.is_some() && policy.environment != proposal.environment {
        return Err(Refused::EnvironmentOff { environment: proposal.environment });
    }
    policy.allows(&action, &proposal.who.user, at)?;
    confirmed(&proposal, typed, at)?;
    if ledger.was_sent(&proposal.id) {
        return Err(Refused::Replayed);
    }
    if let Some(what) = ledger.in_flight(&proposal.service, at) {
        return Err(Refused::InFlight { what: Clean::new(&what.title()) });
    }
    if let Some(last) = ledger.last_sent(&proposal.service, &action.name) {
        let until = last + action.cool_down;
        if at < until {
            return Err(Refused::CoolingDown { until });
        }
    }
    if let Some(what) = proposal.facts.changed(facts) {
        return Err(Refused::StateChanged { what });
    }
    checked(&proposal, facts)?;
    let approval = if policy.needs_second(&action) {
        let found = ledger.approval(&proposal.what(), &proposal.who, at);
        // Whoever may not change the environment lets nobody else change it, whatever their own configuration says.
        let found = found.filter(|approval| policy.knows(&approval.by.user).is_ok());
        Some(found.ok_or_else(|| Refused::NeedsSecondPerson { id: proposal.id.clone() })?)
    } else {
        None
    };
    let reason = typed.reason().clone();
    let shots = proposal.requests(&reason, at)?;
    let of = shots.len();
    let shots = shots.into_iter().enumerate().map(|(turn, request)| Shot {
        receipt: Receipt::new(&proposal, &request, turn, of, &reason, approval.as_ref()),
        request,
    });
    let shots = shots.collect();
    Ok(Authorized { proposal, shots })
}

/// Was this proposal confirmed, by hand, in time?
fn confirmed(proposal: &Proposal, typed: &Typed, at: Timestamp) -> Result<(), Refused> {
    if typed.proposal() != proposal.id {
        return Err(Refused::OtherProposal);
    }
    if typed.was_pasted() {
        return Err(Refused::Pasted);
    }
    if typed.is_early() {
        return Err(Refused::TooEarly);
    }
    // A clock that was set back makes nothing young again.
    if at.since(typed.at()) > DISARM || typed.at().since(at) > Duration::ZERO {
        return Err(Refused::Expired);
    }
    if typed.phrase() != proposal.phrase() {
        return Err(Refused::WrongPhrase { phrase: Clean::new(proposal.phrase()) });
    }
    let reason = typed.reason().as_str().trim();
    if proposal.action.asks_reason() && reason.is_empty() {
        return Err(Refused::NeedsReason);
    }
    if reason.chars().count() > REASON_MOST {
        let why = format!("is longer than {REASON_MOST} characters");
        return Err(Refused::ParamInvalid { name: Clean::new("reason"), why: Clean::new(&why) });
    }
    Ok(())
}

/// Was every pre-check made, and does it hold?
pub(super) fn checked(proposal: &Proposal, facts: &Facts) -> Result<(), Refused> {
    for check in &proposal.action.checks {
        let failed =
            |why: &str| Refused::PrecheckFailed { name: Clean::new(&check.name), why: Clean::new(why) };
        let made = facts.checks.iter().find(|made| made.name == check.name);
        match made.map(|made| &made.passed) {
            Some(Passed::Yes) => {}
            Some(Passed::No(seen)) if check.otherwise.is_empty() => return Err(failed(seen.as_str())),
            Some(Passed::No(seen)) => return Err(failed(&format!("{} ({seen})", check.otherwise))),
            Some(Passed::Unknown(why)) => return Err(failed(&format!("could not be made: {why}"))),
            None => return Err(failed("was not made")),
        }
    }
    Ok(())
}

/// A change that may be sent, once. Only [`authorize`] makes one; it is used up by [`Authorized::into_run`].
#[derive(Debug)]
#[must_use = "what was authorized is to be sent, or dropped on purpose"]
pub struct Authorized {
    proposal: Proposal,
    shots: VecDeque<Shot>,
}

impl Authorized {
    /// What was proposed.
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// The requests, in the order in which they will be sent.
    pub fn requests(&self) -> impl ExactSizeIterator<Item = &Request> {
        self.shots.iter().map(Shot::request)
    }

    /// Begins it.
    pub fn into_run(self) -> Run {
        Run { proposal: self.proposal, shots: self.shots, waiting: false }
    }
}

/// An authorized change under way: gives out its requests one at a time.
#[derive(Debug)]
pub struct Run {
    proposal: Proposal,
    shots: VecDeque<Shot>,
    waiting: bool,
}

/// How one request of a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShotEnd {
    /// Done, and settled.
    Settled,
    /// Accepted and done, but not settled within its limit.
    NotSettled,
    /// Refused by the service, or failed.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Run {
    /// What was proposed.
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// How many requests are left.
    pub fn left(&self) -> usize {
        self.shots.len()
    }

    /// The next request; none when there is no more, when the last one has not been reported, or when it ended so that
    /// the run stops.
    pub fn next_shot(&mut self) -> Option<Shot> {
        if self.waiting {
            return None;
        }
        let shot = self.shots.pop_front()?;
        self.waiting = true;
        Some(shot)
    }

    /// Tells how the last request ended. A rolling run stops unless it settled; an unknown outcome stops any.
    pub fn report(&mut self, end: ShotEnd) {
        self.waiting = false;
        let goes_on = match self.proposal.action.reach {
            Reach::Any => false,
            Reach::All => end != ShotEnd::Unknown,
            Reach::Rolling => end == ShotEnd::Settled,
        };
        if !goes_on {
            self.shots.clear();
        }
    }
}

/// One request that may be sent, once. It is used up by sending ([`Shot::into_parts`]).
#[derive(Debug)]
#[must_use = "what was authorized is to be sent, or dropped on purpose"]
pub struct Shot {
    receipt: Receipt,
    request: Request,
}

impl Shot {
    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What makes its journal entries.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Takes it apart, for sending.
    pub fn into_parts(self) -> (Request, Receipt) {
        (self.request, self.receipt)
    }
}

/// What `who` writes to let somebody else's proposal through: the entry to append to the journal. `policy` is that of the
/// environment in which it is to be done, as the approver's own configuration has it.
///
/// # Errors
/// `NoSuchProposal`, `SamePerson`, `ReadOnlyFlag`, `NotThisUser`.
pub fn approve(
    policy: &Policy,
    ledger: &Ledger,
    id: &str,
    who: &Who,
    at: Timestamp,
) -> Result<crate::journal::Entry, Refused> {
    let no_such = || Refused::NoSuchProposal { id: Clean::new(id) };
    let open = ledger.open_proposal(id, at).ok_or_else(no_such)?;
    if super::ledger::same_person(&open.who, who) {
        return Err(Refused::SamePerson);
    }
    if policy.read_only {
        return Err(Refused::ReadOnlyFlag);
    }
    policy.knows(&who.user)?;
    Ok(super::entry::approved(open, who, at))
}
