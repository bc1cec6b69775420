//! Between two requests of one act: may the rest still be sent?
//!
//! What was authorized may take an hour, one instance after the other. Meanwhile a freeze may have begun, a reload may
//! have taken the permission back, and a pre-check may no longer hold. It only ever stops; it lets nothing through that
//! [`super::authorize`] has not.

use super::door::{Refused, checked};
use super::facts::{Checked, Facts};
use super::ledger::{Act, Ledger};
use super::policy::Policy;
use super::proposal::Proposal;
use super::spec::Reach;
use crate::text::Clean;
use crate::units::Timestamp;

/// Looks once more at what stands against `proposal`, of which some requests have been sent. `policy` is that of its
/// environment as it is now, `ledger` holds the journal as it is now, and `checks` were made just now, on the instance
/// that is next. Pre-checks count for a rolling act alone: the other kinds do not wait for what they have begun.
///
/// # Errors
/// The first rule that stands against it.
pub fn goes_on(
    policy: &Policy,
    ledger: &Ledger,
    proposal: &Proposal,
    checks: Vec<Checked>,
    at: Timestamp,
) -> Result<(), Refused> {
    let action = &proposal.action;
    if policy.environment.is_some() && policy.environment != proposal.environment {
        return Err(Refused::EnvironmentOff { environment: proposal.environment.clone() });
    }
    policy.allows(action, &proposal.who.user, at)?;
    let others = || {
        let same = |act: &&Act| act.id.as_str() != proposal.id && act.service.as_str() == &*proposal.service;
        ledger.acts().iter().rev().filter(same)
    };
    if let Some(other) = others().find(|act| act.in_flight(at)) {
        return Err(Refused::InFlight { what: Clean::new(&other.title()) });
    }
    let same = others().filter(|act| act.action.as_str() == &*action.name);
    match same.filter_map(Act::last_sent).map(|sent| sent + action.cool_down).max() {
        Some(until) if at < until => return Err(Refused::CoolingDown { until }),
        _ => {}
    }
    if action.reach == Reach::Rolling {
        checked(proposal, &Facts { checks, ..Facts::default() })?;
    }
    Ok(())
}
