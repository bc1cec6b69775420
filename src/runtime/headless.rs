//! The same polls, the same model, no screen: for `status`, `check` and `doctor`.

use super::watch::{recall, saved};
use super::{happened, now, setup};
use crate::event::{Event, What};
use crate::io::poll::Poller;
use crate::model::Model;
use crate::plan::Plan;
use crate::target::TargetId;
use crate::update::update;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounds {
    /// Until every target has been heard once.
    One,
    /// Twice, so that there are rates.
    Two,
    /// For so long.
    For(Duration),
}

/// Time between the two rounds: long enough for counters to move.
pub(super) const BETWEEN: Duration = Duration::from_secs(1);

/// Polls the plan's targets without a screen and returns what is known then.
///
/// # Errors
/// The poller's thread could not be started.
pub fn observe(plan: &Arc<Plan>, rounds: Rounds) -> io::Result<Model> {
    look(plan, rounds, |_| {})
}

/// The same, with what earlier runs left in the state folder: open incidents, and budgets. What cannot be read there is
/// not known, as at a first start.
///
/// # Errors
/// The poller's thread could not be started.
pub fn observe_after(plan: &Arc<Plan>, rounds: Rounds, state: &Result<PathBuf, String>) -> io::Result<Model> {
    look(plan, rounds, |model| {
        let what = What::Remembered { entries: recall(state), saved: saved(state, &model.plan.history) };
        update(model, Event { at: now(), what });
    })
}

fn look(plan: &Arc<Plan>, rounds: Rounds, begin: impl FnOnce(&mut Model)) -> io::Result<Model> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let (sender, mut messages) = mpsc::channel(256);
        let poller = Poller::start(sender)?;
        poller.configure(setup(plan));
        let mut model = Model::new(Arc::clone(plan), now(), true);
        begin(&mut model);
        let longest = plan.targets.iter().map(|target| target.timeout).max().unwrap_or_default();
        let round = longest + Duration::from_millis(500);
        match rounds {
            Rounds::For(span) => listen(&mut model, &mut messages, Instant::now() + span, &mut None).await,
            Rounds::One => one_round(&mut model, &mut messages, round).await,
            Rounds::Two => {
                one_round(&mut model, &mut messages, round).await;
                listen(&mut model, &mut messages, Instant::now() + BETWEEN, &mut None).await;
                poller.poll_now(None);
                one_round(&mut model, &mut messages, round).await;
            }
        }
        Ok(model)
    })
}

async fn one_round(
    model: &mut Model,
    messages: &mut mpsc::Receiver<crate::io::poll::Message>,
    longest: Duration,
) {
    let mut waiting = Some(model.plan.targets.iter().map(|target| target.id).collect());
    listen(model, messages, Instant::now() + longest, &mut waiting).await;
}

/// Takes in what comes until `until`, or until every target in `waiting` has been heard.
pub(super) async fn listen(
    model: &mut Model,
    messages: &mut mpsc::Receiver<crate::io::poll::Message>,
    until: Instant,
    waiting: &mut Option<BTreeSet<TargetId>>,
) {
    while waiting.as_ref().is_none_or(|waiting| !waiting.is_empty()) {
        let Ok(Some(message)) = tokio::time::timeout_at(until.into(), messages.recv()).await else { break };
        if let (crate::io::poll::Message::Reports(reports), Some(waiting)) = (&message, waiting.as_mut()) {
            for report in reports {
                waiting.remove(&report.target);
            }
        }
        take_in(model, message);
    }
    finish(model);
}

/// Takes in one message.
pub(super) fn take_in(model: &mut Model, message: crate::io::poll::Message) {
    if let Some(what) = happened(model, message) {
        update(model, Event { at: now(), what });
    }
}

/// Does all work that is due.
pub(super) fn finish(model: &mut Model) {
    while model.has_work() {
        update(model, Event { at: now(), what: What::Work });
    }
}
