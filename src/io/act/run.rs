//! A whole act: one request after the other, each followed and settled before the next, and the journal told of each.

use super::checks::checks;
use super::job::{Asker, Followed, follow};
use super::reply::Sent;
use super::settle::{self, Settled};
use super::shot::{self, Order};
use super::{Progress, Stop, World};
use crate::action::entry::{self, How};
use crate::action::spec::Reach;
use crate::action::template::Fields;
use crate::action::{Authorized, Instance, Proposal, ShotEnd, goes_on};
use crate::text::Clean;
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// How an act went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// Its requests, in order; those that were never begun are not among them.
    pub shots: Vec<ShotRan>,
    /// How many requests were to be sent.
    pub of: usize,
    /// Why the rest was left alone, if something stood against it meanwhile.
    pub stopped: Option<Clean>,
    /// What the journal would not take after the fact.
    pub unrecorded: Option<Clean>,
}

/// How one request went.
#[derive(Clone, Debug, PartialEq)]
pub struct ShotRan {
    /// The instance that was asked.
    pub instance: Arc<str>,
    /// What became of the request.
    pub sent: Sent,
    /// What became of its job, if it named one.
    pub followed: Option<Followed>,
    /// Whether the service settled; none: it never came to that.
    pub settled: Option<Settled>,
    /// Job included.
    pub how: How,
    /// A sentence for people: how it ended.
    pub text: Clean,
}

impl Ran {
    /// The worst of all requests: unknown before failed before done.
    pub fn how(&self) -> How {
        let worst = |how: How| match how {
            How::Unknown => 4,
            How::Failed => 3,
            How::Withdrawn => 2,
            How::NotSent => 1,
            How::Done => 0,
        };
        self.shots.iter().map(|shot| shot.how).max_by_key(|how| worst(*how)).unwrap_or(How::NotSent)
    }

    /// Has everything that was to be done been done, and settled?
    pub fn is_settled(&self) -> bool {
        let settled = |shot: &ShotRan| shot.how == How::Done && shot.settled == Some(Settled::Yes);
        self.shots.len() == self.of && self.shots.iter().all(settled)
    }

    /// When nobody knows, or nothing was done: what to do now.
    pub fn advice(&self) -> Option<&Clean> {
        self.shots.iter().find_map(|shot| shot.sent.advice.as_ref())
    }
}

/// An act under way on a thread of its own.
#[derive(Debug)]
pub struct Handle {
    stop: Stop,
    thread: std::thread::JoinHandle<Option<Ran>>,
}

impl Handle {
    /// Ends the waiting, not the act: what was sent stays sent, what was not is not sent.
    pub fn stop_waiting(&self) {
        self.stop.now();
    }

    /// Is it over? What it came to is what [`Handle::join`] gives then.
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end. `None`: it broke off.
    pub fn join(self) -> Option<Ran> {
        self.thread.join().ok().flatten()
    }
}

/// Runs an act on a thread of its own: the journal's flush and a service that hangs keep nobody else waiting. What happens
/// is told to `tell`; after its last word the channel closes.
///
/// # Errors
/// There is no thread to be had; nothing was sent.
pub fn start(
    authorized: Authorized,
    mut world: World,
    tell: mpsc::UnboundedSender<Progress>,
) -> io::Result<Handle> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = world.stop.clone();
    let work = move || {
        let mut tell = move |progress| drop(tell.send(progress));
        Some(runtime.block_on(run(authorized, &mut world, &mut tell)))
    };
    let thread = std::thread::Builder::new().name("act".to_owned()).spawn(work)?;
    Ok(Handle { stop, thread })
}

/// Sends what was authorized, one request after the other, and follows each to its end.
pub async fn run(authorized: Authorized, world: &mut World, tell: &mut (dyn FnMut(Progress) + Send)) -> Ran {
    let mut run = authorized.into_run();
    let proposal = run.proposal().clone();
    let mut ran = Ran { of: run.left(), ..Ran::default() };
    let mut turn = 0;
    while let Some(next) = run.next_shot() {
        let Some(instance) = proposal.instances().get(turn) else { break };
        // Between two requests, "stop waiting" means that the rest is left alone.
        if turn > 0 && world.stop.is_said() {
            break;
        }
        let fields = proposal.fields(instance, turn, &Clean::default(), (world.now)());
        if turn > 0
            && let Err(why) = again(&proposal, instance, &fields, world).await
        {
            tell(Progress::Stopped(why.clone()));
            ran.stopped = Some(why);
            break;
        }
        let order = Order { action: proposal.action(), instance, turn, of: ran.of, fields: &fields };
        let started = Instant::now();
        let (sent, receipt) = shot::send(next, &order, world, tell).await;
        tell(Progress::Sent(Box::new(sent.clone())));
        let (how, followed, text) = finish(&sent, &order, world, tell).await;
        let state = followed.as_ref().map(|followed| Clean::new(followed.word()));
        let note = match &sent.advice {
            Some(advice) if how != How::Done => Clean::new(&format!("{text} ({advice})")),
            _ => text.clone(),
        };
        let entry = receipt.ended(&shot::ended(&sent, &note, how, state, started.elapsed()), (world.now)());
        if let Err(error) = world.records.append(&[entry]) {
            ran.unrecorded = Some(Clean::new(&format!("the journal does not have the outcome: {error}")));
        }
        let settled = if how == How::Done {
            tell(Progress::Settling { limit: order.action.settle_limit });
            let since = (world.now)();
            let settled = settle::wait(order.action, instance, &fields, since, world).await;
            tell(Progress::Settled(settled.clone()));
            Some(settled)
        } else {
            None
        };
        run.report(match (how, &settled) {
            (How::Done, Some(Settled::Yes)) => ShotEnd::Settled,
            (How::Done, _) => ShotEnd::NotSettled,
            (How::Unknown, _) => ShotEnd::Unknown,
            _ => ShotEnd::Failed,
        });
        ran.shots.push(shot_ran(instance, sent, followed, settled, how, text));
        turn += 1;
    }
    left_alone(&proposal, world, &mut ran);
    ran
}

/// What was true when it was authorized may no longer be: policy, freezes, other acts and pre-checks are looked at again.
async fn again(
    proposal: &Proposal,
    instance: &Instance,
    fields: &Fields,
    world: &mut World,
) -> Result<(), Clean> {
    let made = if proposal.action().reach == Reach::Rolling {
        checks(&world.http, proposal.action(), instance, fields, world.now).await
    } else {
        Vec::new()
    };
    let ledger = world.records.ledger();
    let ledger = ledger.map_err(|error| Clean::new(&format!("the journal cannot be read: {error}")))?;
    let (policy, mut all) = {
        let seen = world.seen.borrow();
        (seen.policy.clone(), seen.checks.clone())
    };
    all.extend(made);
    let found = goes_on(&policy, &ledger, proposal, all, (world.now)());
    found.map_err(|why| Clean::new(&why.to_string()))
}

/// Writes down that the rest was left alone: the act is no longer under way.
fn left_alone(proposal: &Proposal, world: &mut World, ran: &mut Ran) {
    // Of one that failed, or of which nobody knows, the outcome says it.
    let done = ran.shots.last().is_some_and(|last| last.how == How::Done);
    if ran.shots.len() >= ran.of || !done {
        return;
    }
    let why = ran.stopped.clone().unwrap_or_else(|| {
        let asked = world.stop.is_said();
        Clean::new(if asked { "nobody wanted to wait any longer" } else { "the last one did not settle" })
    });
    let line = entry::stopped(proposal, ran.shots.len(), ran.of, &why, (world.now)());
    if let Err(error) = world.records.append(&[line]) {
        ran.unrecorded = Some(Clean::new(&format!("the journal does not have that it stopped: {error}")));
    }
}

fn shot_ran(
    instance: &Instance,
    sent: Sent,
    followed: Option<Followed>,
    settled: Option<Settled>,
    how: How,
    text: Clean,
) -> ShotRan {
    ShotRan { instance: Arc::clone(&instance.name), sent, followed, settled, how, text }
}

/// Follows the job, if there is one.
async fn finish(
    sent: &Sent,
    order: &Order<'_>,
    world: &World,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> (How, Option<Followed>, Clean) {
    let (Some(job), Some(following)) = (&sent.job, &order.action.job) else {
        return (sent.how, None, sent.text.clone());
    };
    tell(Progress::Accepted(job.name()));
    let instance = order.instance;
    let asker =
        Asker { http: &world.http, auth: instance.auth.as_deref(), route: &instance.route, now: world.now };
    let followed = follow(&asker, job, following, &world.stop, tell).await;
    let (how, text) = match &followed {
        Followed::Done => (How::Done, Clean::new(&format!("job {} is done", job.name()))),
        Followed::Failed(why) => (How::Failed, Clean::new(&format!("job {} failed: {why}", job.name()))),
        Followed::Unknown(why) => (How::Unknown, why.clone()),
        Followed::Stopped => {
            let text = format!("nobody waited for job {}: GET {}", job.name(), job.url.path());
            (How::Unknown, Clean::new(&text))
        }
    };
    (how, Some(followed), text)
}
