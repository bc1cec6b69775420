//! The targets and their turns: who is due, who waits, who is in flight, what a reload keeps. Pure; it is told the time.

use super::exchange::Errand;
use super::kit::{Kit, Outcome};
use super::message::Setup;
use super::schedule::{Schedule, slot_of};
use crate::target::{Failure, Sample, Target, TargetId};
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The most polls in flight to one host and port.
const MOST_PER_HOST: usize = 4;
/// `Retry-After` silences a target for this long at most.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// One target and its turns.
#[derive(Debug)]
struct Lane {
    target: Arc<Target>,
    schedule: Schedule,
    host: Arc<str>,
    loopback: bool,
    due: Timestamp,
    failures: u32,
    /// `Retry-After`: not before this, whoever asks.
    held: Option<Timestamp>,
    /// Absent while the target is being polled.
    kit: Option<Kit>,
    /// In the queue of those that may start.
    queued: bool,
    /// Out of turn: the first poll, or one asked for.
    extra: bool,
    /// The moment of the last samples; the next must be later.
    last: Timestamp,
}

/// A poll in flight.
#[derive(Debug)]
struct Flight {
    host: Arc<str>,
    batch: u64,
}

/// What a report needs to know of its lane.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) target: TargetId,
    pub(super) not_before: Option<Timestamp>,
    pub(super) loopback: bool,
}

/// All targets.
#[derive(Debug)]
pub(super) struct Lanes {
    all: FxHashMap<u64, Lane>,
    ids: FxHashMap<TargetId, u64>,
    generation: u32,
    serial: u64,
    turns: BinaryHeap<Reverse<(Timestamp, u64)>>,
    ready: VecDeque<u64>,
    flights: FxHashMap<u64, Flight>,
    hosts: FxHashMap<Arc<str>, usize>,
    most_in_flight: usize,
    /// Counts the slots in which something started, and what of the last is still in flight.
    batch: u64,
    open: usize,
    ended: Vec<Sample>,
}

impl Lanes {
    pub(super) fn new(most_in_flight: usize) -> Self {
        Self {
            all: FxHashMap::default(),
            ids: FxHashMap::default(),
            generation: 0,
            serial: 0,
            turns: BinaryHeap::new(),
            ready: VecDeque::new(),
            flights: FxHashMap::default(),
            hosts: FxHashMap::default(),
            most_in_flight,
            batch: 0,
            open: 0,
            ended: Vec::new(),
        }
    }

    /// Number of the plan.
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// The target of this id.
    pub(super) fn target(&self, id: TargetId) -> Option<Arc<Target>> {
        self.target_of(*self.ids.get(&id)?)
    }

    /// The target of this lane, unless a reload took it away.
    pub(super) fn target_of(&self, lane: u64) -> Option<Arc<Target>> {
        self.all.get(&lane).map(|lane| Arc::clone(&lane.target))
    }

    /// Takes a new plan. Lanes of the same service, poll, instance and URL keep their turns, their back-off and (if what
    /// is asked and the labels are the same) their memory. Returns stale markers of those that end.
    pub(super) fn configure(&mut self, setup: &Setup, now: Timestamp) -> Vec<Sample> {
        type Place = (Arc<str>, Arc<str>, Arc<str>, url::Url);
        let place = |target: &Target| -> Place {
            let (service, poll) = (Arc::clone(&target.service), Arc::clone(&target.poll));
            (service, poll, Arc::clone(&target.instance), target.url.clone())
        };
        let mut old: FxHashMap<Place, Vec<(u64, Lane)>> = FxHashMap::default();
        for (serial, lane) in self.all.drain() {
            old.entry(place(&lane.target)).or_default().push((serial, lane));
        }
        self.ids.clear();
        self.ready.clear();
        self.turns.clear();
        self.generation = setup.generation;
        for target in &setup.targets {
            let known = old.get_mut(&place(target)).and_then(Vec::pop);
            let (serial, lane) = self.succeed(known, target, now);
            self.ids.insert(target.id, serial);
            self.all.insert(serial, lane);
        }
        for (_, lane) in old.into_values().flatten() {
            if let Some(kit) = lane.kit {
                self.ended.extend(kit.end(now.max(lane.last + Duration::from_millis(1))));
            }
        }
        self.queue_all();
        self.take_ended()
    }

    /// The lane of a target, made of the one that it had before, if any.
    fn succeed(&mut self, known: Option<(u64, Lane)>, target: &Target, now: Timestamp) -> (u64, Lane) {
        let schedule = Schedule::new(target.interval, &target.service, &target.instance, &target.poll);
        let fresh = |kit, last| Lane {
            target: Arc::new(target.clone()),
            schedule,
            host: host_of(target).into(),
            loopback: is_loopback(target),
            due: now,
            failures: 0,
            held: None,
            kit,
            queued: false,
            extra: true,
            last,
        };
        let Some((serial, mut lane)) = known else {
            self.serial += 1;
            return (self.serial, fresh(Some(Kit::new(target)), Timestamp::from_millis(i64::MIN)));
        };
        let same = lane.target.kind.asks_the_same(&target.kind) && lane.target.labels == target.labels;
        if !same {
            // Another question, or other series: the old ones end. One in flight ends when it comes back.
            self.serial += 1;
            let last = lane.last;
            if let Some(kit) = lane.kit {
                self.ended.extend(kit.end(now.max(last + Duration::from_millis(1))));
            }
            return (self.serial, fresh(Some(Kit::new(target)), last));
        }
        if lane.target.interval != target.interval {
            lane.due = schedule.at_or_after(now);
        }
        // Credentials may be what was changed: the next turn tries them without back-off.
        if lane.target.auth != target.auth || lane.target.headers != target.headers {
            lane.failures = 0;
            lane.due = now;
        }
        lane.schedule = schedule;
        lane.target = Arc::new(target.clone());
        lane.queued = false;
        (serial, lane)
    }

    /// Puts all lanes that are not in flight on the list of turns.
    fn queue_all(&mut self) {
        let waiting = self.all.iter().filter(|(_, lane)| lane.kit.is_some());
        self.turns.extend(waiting.map(|(serial, lane)| Reverse((lane.due, *serial))));
    }

    /// Stale markers of lanes that ended since.
    pub(super) fn take_ended(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.ended)
    }

    /// The clock was set: turns are counted from the new time.
    pub(super) fn reschedule(&mut self, now: Timestamp) {
        for lane in self.all.values_mut() {
            lane.due = lane.schedule.at_or_after(now);
            lane.held = None;
            lane.last = lane.last.min(now);
        }
        self.turns.clear();
        self.queue_all();
    }

    /// Polls out of turn. Those that must wait (`Retry-After`), are in flight or are about to start are left alone.
    pub(super) fn poll_now(&mut self, which: Option<TargetId>, now: Timestamp) {
        let one = which.map(|id| self.ids.get(&id).copied());
        for (serial, lane) in &mut self.all {
            let meant = one.is_none_or(|one| one == Some(*serial));
            let held = lane.held.is_some_and(|held| held > now);
            if meant && !held && !lane.queued && lane.kit.is_some() {
                lane.extra = true;
                lane.due = now;
                self.turns.push(Reverse((now, *serial)));
            }
        }
    }

    /// The next turn.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.turns.peek().map(|Reverse((due, _))| *due)
    }

    /// Those whose slot has come may start.
    pub(super) fn wake(&mut self, now: Timestamp) {
        let mut first = true;
        while let Some(Reverse((due, serial))) = self.turns.peek().copied() {
            let ready = slot_of(due) <= now || due <= now && self.all.get(&serial).is_some_and(|l| l.extra);
            if !ready {
                break;
            }
            self.turns.pop();
            // A lane that was put off, or polled meanwhile, has left an old entry behind.
            let Some(lane) = self.all.get_mut(&serial) else { continue };
            if lane.due != due || lane.queued || lane.kit.is_none() {
                continue;
            }
            lane.queued = true;
            self.ready.push_back(serial);
            if first {
                self.batch += 1;
                self.open = 0;
                first = false;
            }
        }
    }

    /// The next poll that may start now, within the limits of its host and of all.
    pub(super) fn start(&mut self, now: Timestamp) -> Option<Errand> {
        if self.flights.len() >= self.most_in_flight {
            return None;
        }
        let free = |serial: &u64| {
            let lane = self.all.get(serial);
            lane.is_none_or(|lane| self.hosts.get(&lane.host).is_none_or(|count| *count < MOST_PER_HOST))
        };
        let position = self.ready.iter().position(free)?;
        let serial = self.ready.remove(position)?;
        let lane = self.all.get_mut(&serial)?;
        let kit = lane.kit.take()?;
        lane.queued = false;
        // On the grid, unless it had to wait; always after the last.
        let planned = if now.since(lane.due) < lane.schedule.interval() / 4 { lane.due } else { now };
        let at = planned.max(lane.last + Duration::from_millis(1));
        lane.last = at;
        *self.hosts.entry(Arc::clone(&lane.host)).or_default() += 1;
        self.flights.insert(serial, Flight { host: Arc::clone(&lane.host), batch: self.batch });
        self.open += 1;
        Some(Errand { lane: serial, target: Arc::clone(&lane.target), kit, sent: now, at })
    }

    /// Has everything come back that the last slot sent?
    pub(super) fn slot_is_complete(&self) -> bool {
        self.open == 0
    }

    /// A poll in flight will never come back.
    pub(super) fn lost(&mut self, serial: u64) {
        let Some(flight) = self.flights.remove(&serial) else { return };
        if flight.batch == self.batch {
            self.open = self.open.saturating_sub(1);
        }
        if let Some(count) = self.hosts.get_mut(&flight.host) {
            *count -= 1;
            if *count == 0 {
                self.hosts.remove(&flight.host);
            }
        }
    }

    /// A poll has come back: when is the next? `None` if a reload took the target away meanwhile; its stale markers are
    /// then to be had from [`Lanes::take_ended`].
    pub(super) fn finish(
        &mut self,
        serial: u64,
        now: Timestamp,
        outcome: &Outcome,
        kit: Kit,
    ) -> Option<Next> {
        self.lost(serial);
        let Some(lane) = self.all.get_mut(&serial) else {
            self.ended.extend(kit.end(now));
            return None;
        };
        lane.kit = Some(kit);
        let extra = std::mem::take(&mut lane.extra);
        let past = now.max(lane.last) + Duration::from_millis(1);
        let usual = if extra { lane.schedule.after_extra(past) } else { lane.schedule.at_or_after(past) };
        let mut due = usual;
        match &outcome.answer {
            Ok(_) => lane.failures = 0,
            Err(failure) => {
                lane.failures = lane.failures.saturating_add(1);
                let stubborn =
                    failure.is_ours() || matches!(failure, Failure::Credentials(..) | Failure::Denied(_));
                due = usual.max(lane.schedule.after_failures(lane.last, lane.failures, stubborn));
            }
        }
        lane.held = outcome.wait.map(|wait| now + wait.min(LONGEST_WAIT));
        if let Some(held) = lane.held {
            due = due.max(lane.schedule.at_or_after(held));
        }
        lane.due = due;
        self.turns.push(Reverse((due, serial)));
        let not_before = (due > usual).then_some(due);
        Some(Next { target: lane.target.id, not_before, loopback: lane.loopback })
    }
}

fn host_of(target: &Target) -> String {
    let port = target.url.port_or_known_default().unwrap_or(0);
    format!("{}:{port}", target.url.host_str().unwrap_or(""))
}

fn is_loopback(target: &Target) -> bool {
    match target.url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}
