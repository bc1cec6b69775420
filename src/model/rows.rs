//! The fleet as it stands: one row a service, one row a target. Plain data, computed by `update`.

use super::standing::Standing;
use crate::labels::Labels;
use crate::plan::{Plan, Signal};
use crate::target::health::State;
use crate::target::{
    Answer, Breaker, BreakerState, Component, Failure, Observation, Queue, Target, TargetId,
};
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many buckets of time a row's sparkline has.
pub const BUCKETS: usize = crate::plan::COURSE_POINTS;

/// Everything that the screens show of the services.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// In order of name.
    pub services: Vec<ServiceRow>,
    /// By target id.
    pub targets: Vec<TargetRow>,
}

/// One service.
#[derive(Clone, Debug)]
pub struct ServiceRow {
    /// Its name.
    pub name: Arc<str>,
    /// Its environment.
    pub environment: Option<Arc<str>>,
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why it is not up, the worst first.
    pub reasons: Vec<Reason>,
    /// The version that it tells.
    pub version: Option<Clean>,
    /// Its figures, in the order of [`Signal::ALL`].
    pub readings: [Reading; 3],
    /// Which signal set is in use: an index into the plan's.
    pub signal_set: Option<usize>,
    /// Its breakers, the worst first.
    pub breakers: Vec<BreakerRow>,
    /// Its queues, the deepest first.
    pub queues: Vec<QueueRow>,
    /// Its dependencies, the worst first.
    pub components: Vec<ComponentRow>,
    /// Its targets.
    pub targets: Vec<TargetId>,
    /// Instances that answer, and all of them.
    pub instances: (usize, usize),
    /// The newest answer of any poll.
    pub last_answer: Option<Timestamp>,
    /// The shortest interval of its polls.
    pub interval: Duration,
    /// Its promises and incidents.
    pub standing: Standing,
}

/// Why something is not well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How bad: only `Down`, `Degraded`, `Stale`, `Warming` and `Unknown` occur.
    pub state: State,
    /// One short sentence: `payments breaker OPEN`.
    pub text: String,
}

/// A figure, its age, and its course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The value; none is unknown and never zero.
    pub value: Option<f64>,
    /// When it was computed from new samples.
    pub at: Option<Timestamp>,
    /// Why it could not be computed.
    pub error: Option<String>,
    /// Its course: one value a bucket of [`Reading::bucket`], the newest last.
    pub course: Vec<Option<f64>>,
    /// Number of the newest bucket since the epoch.
    pub last_bucket: u64,
    /// Length of a bucket.
    pub bucket: Duration,
}

impl Reading {
    /// First and last moment of the course; none where it has no length.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let bucket = self.bucket.as_secs_f64();
        let newest = self.last_bucket as f64 * bucket;
        let first = newest - self.course.len().saturating_sub(1) as f64 * bucket;
        let known = self.course.len() > 1 && newest > 0.0;
        known.then(|| (Timestamp::from_seconds(first), Timestamp::from_seconds(newest)))
    }

    /// The value of the course at a moment: that of the bucket it lies in.
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        let number = (at.seconds() / self.bucket.as_secs_f64().max(f64::MIN_POSITIVE)).round() as u64;
        let back = usize::try_from(self.last_bucket.checked_sub(number)?).ok()?;
        let place = self.course.len().checked_sub(back.checked_add(1)?)?;
        self.course.get(place).copied().flatten()
    }
}

/// A breaker of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerRow {
    /// As it was seen.
    pub seen: Breaker,
    /// Where: an instance, or the expression's name.
    pub origin: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// A queue of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueRow {
    /// As it was seen.
    pub seen: Queue,
    /// Where: an instance, or the expression's name.
    pub origin: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// Its course, as in [`Reading::course`].
    pub course: Vec<Option<f64>>,
}

/// A dependency of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentRow {
    /// As it was seen.
    pub seen: Component,
    /// The instance that says so.
    pub origin: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// One poll of one instance.
#[derive(Clone, Debug)]
pub struct TargetRow {
    /// What is polled.
    pub target: Arc<Target>,
    /// Its state.
    pub state: State,
    /// Failures in a row that have not changed the state yet: (so far, needed).
    pub doubt: Option<(u32, u32)>,
    /// When it was last asked.
    pub asked: Option<Timestamp>,
    /// When it last answered.
    pub answered: Option<Timestamp>,
    /// The moment of its first samples: how far back its series can reach.
    pub first: Option<Timestamp>,
    /// How long the last exchange took.
    pub took: Option<Duration>,
    /// The last answer's figures; kept while it fails.
    pub answer: Option<Answer>,
    /// Why there was none, if the last poll failed.
    pub failure: Option<Failure>,
    /// What it saw that is not a number; kept while it fails.
    pub observation: Option<Observation>,
    /// The version that its `*_build_info` names; kept while it fails.
    pub build: Option<Clean>,
    /// Numbers of a `json` poll: series and value.
    pub numbers: Vec<(Labels, f64)>,
    /// It is not asked before this moment, and why.
    pub held_until: Option<Timestamp>,
    /// `Retry-After`, as it was asked for.
    pub retry_after: Option<Duration>,
    /// How long the exchanges took, in seconds; the newest last.
    pub course: Vec<Option<f64>>,
}

/// How many services are in which state, in the order of [`State::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; 6]);

impl Counts {
    /// How many are in `state`.
    pub fn of(&self, state: State) -> usize {
        self.0[state as usize]
    }
}

impl Fleet {
    /// The rows of a plan before anything is known.
    pub fn of(plan: &Plan) -> Self {
        Self {
            services: plan.services.iter().map(ServiceRow::unknown).collect(),
            targets: plan.targets.iter().map(TargetRow::unknown).collect(),
        }
    }

    /// How many services are in which state.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.services {
            counts.0[row.state as usize] += 1;
        }
        counts
    }

    /// Is an age on the screen that moves by itself?
    pub fn shows_an_age(&self) -> bool {
        self.services.iter().any(|row| row.state == State::Stale)
            || self.targets.iter().any(|row| row.state == State::Stale || row.held_until.is_some())
    }
}

impl ServiceRow {
    fn unknown(plan: &crate::plan::ServicePlan) -> Self {
        Self {
            name: Arc::clone(&plan.name),
            environment: plan.environment.clone(),
            state: State::Unknown,
            since: None,
            reasons: Vec::new(),
            version: None,
            readings: Default::default(),
            signal_set: None,
            breakers: Vec::new(),
            queues: Vec::new(),
            components: Vec::new(),
            targets: plan.targets.clone(),
            instances: (0, 0),
            last_answer: None,
            interval: plan.interval,
            standing: Standing::default(),
        }
    }

    /// A figure.
    pub fn reading(&self, signal: Signal) -> &Reading {
        &self.readings[signal as usize]
    }

    /// How old the newest answer is, once that is longer than one interval: an age worth a place on the screen.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let age = now.since(self.last_answer?);
        (age > self.interval * 2).then_some(age)
    }

    /// The worst breaker, if any is known.
    pub fn worst_breaker(&self) -> Option<&BreakerRow> {
        self.breakers.first()
    }

    /// Messages waiting in all queues. Those of one name are one queue, seen from several sides (two instances, a broker
    /// and its monitor): the deepest view counts.
    pub fn queued(&self) -> Option<f64> {
        let mut deepest: BTreeMap<&str, f64> = BTreeMap::new();
        for queue in &self.queues {
            let depth = deepest.entry(queue.seen.name.as_str()).or_insert(queue.seen.depth);
            *depth = depth.max(queue.seen.depth);
        }
        (!deepest.is_empty()).then(|| deepest.values().sum())
    }
}

impl TargetRow {
    pub(super) fn unknown(target: &Arc<Target>) -> Self {
        Self {
            target: Arc::clone(target),
            state: State::Unknown,
            doubt: None,
            asked: None,
            answered: None,
            first: None,
            took: None,
            answer: None,
            failure: None,
            observation: None,
            build: None,
            numbers: Vec::new(),
            held_until: None,
            retry_after: None,
            course: Vec::new(),
        }
    }
}

/// Order of breakers: open before half-open before closed.
pub fn breaker_rank(state: BreakerState) -> u8 {
    match state {
        BreakerState::Open => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Closed => 2,
    }
}

/// The word that stands for a breaker's state.
pub fn breaker_word(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Open => "OPEN",
        BreakerState::HalfOpen => "HALF-OPEN",
        BreakerState::Closed => "closed",
    }
}
