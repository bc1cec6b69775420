//! `warroom action list | run | approve`: the same door and the same journal as the dashboard's, without a screen.
//!
//! It decides nothing: the door does. Exit codes: 0 done and settled, 1 refused by the service, failed, not settled or
//! worse, 75 outcome unknown, 77 not authorised.

mod approve;
pub(super) mod args;
mod list;
mod perform;
mod show;

use super::args::Flags;
use super::run::{compile, with_config};
use crate::action::Policy;
use crate::plan::Plan;
use args::ActionCommand;
use std::io;
use std::path::PathBuf;

/// The outcome is unknown (`EX_TEMPFAIL`).
const UNKNOWN: u8 = 75;

/// Answers.
///
/// # Errors
/// Standard output cannot be written, or there is no thread to be had.
pub(super) fn action(flags: &Flags, what: &ActionCommand) -> io::Result<u8> {
    with_config(flags, |config, _| {
        let plan = match compile(&config) {
            Ok(plan) => plan,
            Err(code) => return Ok(code),
        };
        match what {
            ActionCommand::List { service, output } => list::list(flags, &plan, service.as_deref(), *output),
            ActionCommand::Run(args) => perform::perform(flags, &plan, config.window, args),
            ActionCommand::Approve(args) => approve::approve(flags, &plan, args),
        }
    })
}

/// What may be changed of a service from here: `--read-only` wins.
fn policy(flags: &Flags, plan: &Plan, service: &str) -> Policy {
    let mut policy = plan.action_policy(service);
    policy.read_only |= flags.read_only;
    policy
}

/// Where the journal is: the dashboard's own, so that both agree on what is under way.
fn state_folder(flags: &Flags) -> io::Result<PathBuf> {
    crate::io::state::locate(flags.state.as_deref()).map_err(io::Error::other)
}
