//! The same polls, the same model, no screen: for `status`, `check` and `doctor`.

use super::watch::{recall, saved};
use super::{happened, now, setup};
use crate::event::{Event, Purpose, Recalled, What};
use crate::io::history;
use crate::io::poll::Poller;
use crate::model::Model;
use crate::plan::Plan;
use crate::target::TargetId;
use crate::units::Timestamp;
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

/// The same, with the samples of the last minutes that a warroom of this configuration has kept: where they reach up to
/// now, one poll is enough for rates. Says how old the newest of them was; none: there were none to go on from, and it was
/// polled twice.
///
/// # Errors
/// The poller's thread could not be started.
pub fn observe_on(
    plan: &Arc<Plan>,
    state: &Result<PathBuf, String>,
) -> io::Result<(Model, Option<Duration>)> {
    let began = now();
    // A scratch model tells how far the samples reach, before it is known how often to poll.
    let age = newest(plan, state, began).map(|newest| began.since(newest)).filter(|age| *age < plan.window);
    if age.is_none() {
        return Ok((observe(plan, Rounds::Two)?, None));
    }
    let model = look(plan, Rounds::One, |model| {
        model.judging.recalling = true;
        let what = What::Remembered { entries: recall(state), saved: saved(state, &model.plan.history) };
        update(model, Event { at: now(), what });
        for_samples(plan, state, began, &mut |recalled| {
            update(model, Event { at: now(), what: What::Recalled(recalled) });
            true
        });
    })?;
    Ok((model, age))
}

/// How much of the past is read: what the windows of figures look back on.
fn reach(plan: &Plan) -> Duration {
    (plan.window * 2).max(LEAST).min(plan.limits.retention)
}

/// Windows of figures are seldom longer.
const LEAST: Duration = Duration::from_secs(900);

/// Hands on what was kept of the last minutes, and at last that this was all; ends early once `take` says so.
fn for_samples(
    plan: &Plan,
    state: &Result<PathBuf, String>,
    at: Timestamp,
    take: &mut dyn FnMut(Recalled) -> bool,
) {
    let (purpose, from) = (Purpose::Start, at - reach(plan));
    let place = state.as_ref().ok().map(|folder| history::Place::of(folder, &plan.history));
    if let Some(Ok(Some(reader))) = place.map(|place| history::Reader::open(&place)) {
        // What cannot be read is not known, as at a first start.
        let _ = reader.read(from, at, &[], &mut |samples| {
            take(Recalled { purpose, from, to: at, samples, complete: false, trouble: None })
        });
    }
    take(Recalled::none(purpose, from, at));
}

/// The newest sample that was kept of the last minutes.
fn newest(plan: &Plan, state: &Result<PathBuf, String>, at: Timestamp) -> Option<Timestamp> {
    let mut newest = None;
    for_samples(plan, state, at, &mut |recalled| {
        let ends = recalled.samples.iter().filter_map(|strand| strand.packed.samples().last().map(|s| s.0));
        newest = newest.into_iter().chain(ends).max();
        // Time runs backwards: the first batch holds the newest.
        newest.is_none()
    });
    newest
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
        // Another warroom that polls in our place has all rounds behind it.
        attach(&mut model, &mut messages, plan.feeds.all.iter().map(|feed| feed.timeout).max()).await;
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

/// Waits for what other warrooms know, but no longer than a state may take.
async fn attach(
    model: &mut Model,
    messages: &mut mpsc::Receiver<crate::io::poll::Message>,
    longest: Option<Duration>,
) {
    let Some(longest) = longest else { return };
    let until = Instant::now() + longest;
    while model.attached.feeds.iter().any(|feed| !feed.loaded) {
        let Ok(Some(message)) = tokio::time::timeout_at(until.into(), messages.recv()).await else { break };
        take_in(model, message);
    }
    finish(model);
}

async fn one_round(
    model: &mut Model,
    messages: &mut mpsc::Receiver<crate::io::poll::Message>,
    longest: Duration,
) {
    let mut waiting = Some(super::asked(&model.plan));
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
