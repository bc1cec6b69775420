//! The polling loop: one timer for all targets, tasks in flight, reports on their way.

use super::Order;
use super::exchange::{self, Polled};
use super::kit::Kit;
use super::lanes::{Lanes, Next};
use super::link::{self, Guard};
use super::message::{FullBody, LinkState, Message, Setup};
use super::schedule::slot_of;
use crate::io::http::Http;
use crate::target::{Failure, ScrapeReport, TargetId};
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

/// Reports of one slot wait this long for the slowest of them.
const GATHER: Duration = Duration::from_millis(20);
/// The timer is never set further than this, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// A clock that differs this much from what it should read was set (or the machine slept).
const CLOCK_SET: Duration = Duration::from_millis(500);
/// While this many messages wait for the loop, no poll is started.
const MOST_WAITING: usize = 64;

/// Wall time that does not jump while a slot is worked on.
#[derive(Debug)]
struct Clock {
    base: Instant,
    wall: Timestamp,
}

impl Clock {
    fn new() -> Self {
        Self { base: Instant::now(), wall: system_time() }
    }

    fn now(&self) -> Timestamp {
        self.wall + self.base.elapsed()
    }

    /// Follows a clock that was set; true if it was.
    fn follow(&mut self) -> bool {
        let (real, ours) = (system_time(), self.now());
        let jumped = real.since(ours).max(ours.since(real)) > CLOCK_SET;
        if jumped {
            *self = Self::new();
        }
        jumped
    }

    fn instant(&self, moment: Timestamp) -> tokio::time::Instant {
        (self.base + moment.since(self.wall)).into()
    }
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What a task ends with.
#[derive(Debug)]
enum Done {
    Poll(Box<Polled>),
    Full { target: TargetId, generation: u32, outcome: Result<FullBody, Failure> },
    Link(Result<(), Clean>),
}

/// The loop's state.
#[derive(Debug)]
pub(super) struct Engine {
    http: Arc<Http>,
    clock: Clock,
    lanes: Lanes,
    guard: Guard,
    tasks: JoinSet<Done>,
    /// Which lane a task polls, should it end without an outcome.
    polling: FxHashMap<tokio::task::Id, u64>,
    reports: Vec<ScrapeReport>,
    /// When the reports go, complete or not.
    send_at: Option<tokio::time::Instant>,
    outbox: VecDeque<Message>,
    events: mpsc::Sender<Message>,
}

impl Engine {
    pub(super) fn new(events: mpsc::Sender<Message>, most_in_flight: usize) -> Self {
        Self {
            http: Arc::new(Http::default()),
            clock: Clock::new(),
            lanes: Lanes::new(most_in_flight),
            guard: Guard::default(),
            tasks: JoinSet::new(),
            polling: FxHashMap::default(),
            reports: Vec::new(),
            send_at: None,
            outbox: VecDeque::new(),
            events,
        }
    }

    /// Runs until the handle is dropped or nobody listens any more.
    pub(super) async fn run(
        mut self,
        mut setups: watch::Receiver<Option<Arc<Setup>>>,
        mut orders: mpsc::Receiver<Order>,
    ) {
        let timer = tokio::time::sleep(LONGEST_SLEEP);
        tokio::pin!(timer);
        let events = self.events.clone();
        loop {
            let wake = self.next_wake();
            if timer.deadline() != wake {
                timer.as_mut().reset(wake);
            }
            tokio::select! {
                biased;
                // First, since an order is meant for the targets that were given before it.
                changed = setups.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let setup = setups.borrow_and_update().clone();
                    if let Some(setup) = setup {
                        self.configure(&setup);
                    }
                }
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                permit = events.reserve(), if !self.outbox.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(message) = self.outbox.pop_front() {
                            permit.send(message);
                        }
                    }
                    Err(_) => return,
                },
                Some(done) = self.tasks.join_next_with_id() => {
                    self.take(done);
                    while let Some(done) = self.tasks.try_join_next_with_id() {
                        self.take(done);
                    }
                }
                () = &mut timer => {}
            }
            self.turn();
            if self.flush().is_err() {
                return;
            }
        }
    }

    fn next_wake(&self) -> tokio::time::Instant {
        let now = self.clock.now();
        let turn = if self.held_back() { None } else { self.lanes.next_due().map(slot_of) };
        let question = self.guard.next_question(now);
        let furthest = now + LONGEST_SLEEP;
        let moment = turn.into_iter().chain(question).fold(furthest, Timestamp::min);
        let wake = self.clock.instant(moment);
        self.send_at.map_or(wake, |send| send.min(wake))
    }

    /// Nobody takes the reports: polling on would only pile them up.
    fn held_back(&self) -> bool {
        self.outbox.len() >= MOST_WAITING
    }

    /// Starts what is due.
    fn turn(&mut self) {
        if self.clock.follow() {
            self.lanes.reschedule(self.clock.now());
        }
        let now = self.clock.now();
        self.lanes.wake(now);
        if !self.held_back() {
            while let Some(errand) = self.lanes.start(now) {
                let lane = errand.lane;
                let http = Arc::clone(&self.http);
                let task =
                    self.tasks.spawn(async move { Done::Poll(Box::new(exchange::poll(http, errand).await)) });
                self.polling.insert(task.id(), lane);
            }
        }
        if self.guard.next_question(now).is_some_and(|moment| moment <= now) {
            self.guard.ask(now);
            let references = self.guard.references();
            self.tasks.spawn(async move { Done::Link(link::ask(references).await) });
        }
    }

    fn configure(&mut self, setup: &Setup) {
        let now = self.clock.now();
        self.flush_reports(); // they belong to the old plan, and are dropped there
        let ended = self.lanes.configure(setup, now);
        if !ended.is_empty() {
            self.outbox.push_back(Message::Ended(ended));
        }
        let state = self.guard.configure(&setup.references);
        self.tell(state);
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Now(which) => self.lanes.poll_now(which, self.clock.now()),
            Order::Full(id) => {
                let Some(target) = self.lanes.target(id) else { return };
                let (http, generation, now) =
                    (Arc::clone(&self.http), self.lanes.generation(), self.clock.now());
                self.tasks.spawn(async move {
                    let outcome = exchange::full(&http, &target, now).await;
                    Done::Full { target: id, generation, outcome }
                });
            }
        }
    }

    fn take(&mut self, done: Result<(tokio::task::Id, Done), JoinError>) {
        match done {
            Ok((id, Done::Poll(polled))) => {
                self.polling.remove(&id);
                self.report(*polled);
            }
            Ok((_, Done::Full { target, generation, outcome })) => {
                self.outbox.push_back(Message::FullBody { target, generation, outcome });
            }
            Ok((_, Done::Link(answer))) => {
                let state = self.guard.answered(self.clock.now(), answer);
                self.tell(state);
            }
            Err(error) => {
                tracing::error!(%error, "a poll's task broke off");
                if let Some(lane) = self.polling.remove(&error.id()) {
                    self.broke_off(lane);
                }
            }
        }
    }

    /// A task died (a fault of ours): the target says so and starts afresh.
    fn broke_off(&mut self, lane: u64) {
        let Some(target) = self.lanes.target_of(lane) else {
            self.lanes.lost(lane);
            return;
        };
        let now = self.clock.now();
        let mut kit = Kit::new(&target);
        let failure =
            Failure::Decode(Clean::new("warroom failed to read the answer: please report this fault"));
        let outcome = kit.settle(&target, now, Duration::ZERO, Err(failure.into()));
        self.report(Polled { lane, kit, sent: now, took: Duration::ZERO, outcome });
    }

    fn report(&mut self, polled: Polled) {
        let now = self.clock.now();
        let Polled { lane, kit, sent, took, outcome } = polled;
        let Some(Next { target, not_before, loopback }) = self.lanes.finish(lane, now, &outcome, kit) else {
            let ended = self.lanes.take_ended();
            if !ended.is_empty() {
                self.outbox.push_back(Message::Ended(ended));
            }
            return;
        };
        let state = self.guard.saw(now, loopback, outcome.answer.as_ref().err());
        self.tell(state);
        self.reports.push(ScrapeReport {
            target,
            generation: self.lanes.generation(),
            at: sent,
            took,
            outcome: outcome.answer,
            samples: outcome.samples,
            observation: outcome.observation,
            not_before,
            retry_after: outcome.retry_after,
        });
        self.send_at.get_or_insert_with(|| tokio::time::Instant::now() + GATHER);
    }

    fn tell(&mut self, state: Option<LinkState>) {
        self.outbox.extend(state.map(Message::Link));
    }

    fn flush_reports(&mut self) {
        self.send_at = None;
        if !self.reports.is_empty() {
            self.outbox.push_back(Message::Reports(std::mem::take(&mut self.reports)));
        }
    }

    /// Sends what is complete. Fails when nobody listens any more.
    fn flush(&mut self) -> Result<(), ()> {
        let late = self.send_at.is_some_and(|moment| moment <= tokio::time::Instant::now());
        if late || self.lanes.slot_is_complete() {
            self.flush_reports();
        }
        while let Some(message) = self.outbox.pop_front() {
            match self.events.try_send(message) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(message)) => {
                    self.outbox.push_front(message);
                    break;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(()),
            }
        }
        Ok(())
    }
}
