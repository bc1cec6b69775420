//! The loop that ties the pure side to the world: select (keys first) -> update -> effects -> draw if something changed.
//!
//! It decides nothing about what things mean; it stamps events, carries out effects, and paces the drawing.

#![expect(clippy::disallowed_methods, reason = "the loop reads the clock and starts tasks")]

mod acts;
mod beside;
mod dashboard;
mod elsewhere;
mod errand;
mod exported;
mod hands;
mod headless;
mod pace;
mod plain;
mod reel;
mod rerun;
mod serve;
mod slow;
mod snapshot;
mod tape;
mod watch;

pub use crate::io::serve::ServeError as ServeFailed;
pub use dashboard::{Dashboard, Loader, run};
pub use elsewhere::Elsewhere;
pub use errand::Errand;
pub use exported::{Exported, exported};
pub use headless::{Rounds, observe, observe_after, observe_on};
pub use plain::{Plain, plain};
pub use reel::{Progress, Reel, Refused, Stage};
pub use rerun::{Mismatch, Outcome, rerun};
pub use watch::{Say, Watcher, try_out, watch};

use crate::event::What;
use crate::io::foreign::{self, Heard, Listener};
use crate::io::poll::{LinkState, Message, Setup};
use crate::model::Model;
use crate::plan::Plan;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What the poller is to do for a plan.
fn setup(plan: &Plan) -> Setup {
    Setup {
        // What another warroom polls is not asked from here.
        targets: plan
            .targets
            .iter()
            .filter(|target| plan.feeds.of(target.id).is_none())
            .map(|target| target.as_ref().clone())
            .collect(),
        generation: plan.generation,
        references: plan.references.clone(),
        feeds: plan.feeds.all.clone(),
    }
}

/// The targets that are asked from here: those whose first answer is waited for.
fn asked(plan: &Plan) -> std::collections::BTreeSet<crate::target::TargetId> {
    plan.targets.iter().map(|target| target.id).filter(|id| plan.feeds.of(*id).is_none()).collect()
}

/// Pictures of other systems that may wait.
const HEARD: usize = 8;

/// What listens to Alertmanager and PagerDuty; it asks nobody before it is told whom.
///
/// # Errors
/// There is no thread to be had.
fn listen() -> std::io::Result<(Listener, tokio::sync::mpsc::Receiver<Heard>)> {
    let (hearing, heard) = tokio::sync::mpsc::channel(HEARD);
    Ok((Listener::start(hearing)?, heard))
}

/// What is listened to for a plan.
fn listening(plan: &Plan) -> foreign::Setup {
    foreign::Setup {
        generation: plan.generation,
        backends: plan.foreign.clone(),
        owners: plan.rules.owners.clone(),
        services: plan.services.iter().map(|service| std::sync::Arc::clone(&service.name)).collect(),
    }
}

/// What a message of the poller means to the model.
fn happened(model: &Model, message: Message) -> Option<What> {
    match message {
        Message::Reports(reports) => Some(What::Reports(reports)),
        Message::Ended(samples) => Some(What::Ended(samples)),
        Message::Link(LinkState::Works) => model.link.is_some().then_some(What::Link(None)),
        Message::Link(LinkState::Down { since, detail }) => Some(What::Link(Some((since, detail)))),
        Message::Fed(name, fed) => Some(What::Fed(name, fed)),
        Message::Plan(plan) => Some(What::Reloaded(Ok(borrowed(model, &plan)))),
        Message::Recalled(recalled) => Some(What::Recalled(recalled)),
        // Only the dashboard asks for whole bodies, and it reads them beside the loop.
        Message::FullBody { .. } => None,
    }
}

/// The plan of the warroom that is attached to, as it is shown here: how it is drawn and how much memory it may take is the
/// operator's business.
fn borrowed(model: &Model, plan: &Arc<Plan>) -> Arc<Plan> {
    let (mut plan, own) = (Arc::clone(plan), &model.plan);
    let made = Arc::make_mut(&mut plan);
    made.generation = own.generation + 1;
    made.limits = own.limits;
    let zone = made.ui.zone.clone();
    made.ui = own.ui.clone();
    made.ui.zone = zone;
    made.terminal = own.terminal.clone();
    made.file.clone_from(&own.file);
    plan
}

/// Waits until a signal ends the process; returns its exit code.
///
/// # Errors
/// The kernel refuses a handler.
pub fn wait_for_end() -> std::io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = crate::io::terminal::signals()?;
        loop {
            match signals.recv().await.map(crate::io::terminal::Signal::exit_code) {
                Some(None) => {}
                Some(Some(code)) => return Ok(code),
                None => return Ok(0),
            }
        }
    })
}
