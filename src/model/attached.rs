//! What is known of the servers that poll in our place: how the connections stand, and what came through them. Plain data.

use crate::event::FeedLink;
use crate::feed::Place;
use crate::plan::Plan;
use crate::target::TargetId;
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Clocks that differ by more are told.
const SKEW: Duration = Duration::from_secs(2);

/// The most ids of lines that are remembered.
const MOST_IDS: usize = 40_000;

/// All servers that poll in our place, in the order of the plan.
#[derive(Clone, Debug, Default)]
pub struct Attached {
    /// They.
    pub feeds: Vec<FeedState>,
    /// Ids of lines of the journal that are known, and their order.
    known: FxHashSet<Box<str>>,
    order: VecDeque<Box<str>>,
}

/// One server.
#[derive(Clone, Debug, Default)]
pub struct FeedState {
    /// The backend's name.
    pub name: Arc<str>,
    /// `host:port`.
    pub host: Arc<str>,
    /// How the connection stands.
    pub link: FeedLink,
    /// Since when.
    pub since: Timestamp,
    /// When something was heard last.
    pub heard: Option<Timestamp>,
    /// The whole state was taken in once: from then on only what was missed is.
    pub loaded: bool,
    /// Up to when everything is known, by the server's clock.
    pub known_to: Option<Timestamp>,
    /// Up to when the state speaks that is being taken in.
    pub told_to: Option<Timestamp>,
    /// The warroom that speaks.
    pub by: Clean,
    /// Which run of it.
    pub run: Clean,
    /// How far its clock is ahead of ours, in ms.
    pub skew: Option<i64>,
    /// Terminals that are attached to it.
    pub clients: u64,
    /// Bytes that came since when.
    pub bytes: (u64, Timestamp),
    /// Lines that were left out, and why the last of them was.
    pub left_out: (u64, Clean),
    /// Lines of the journal that it has not taken yet, and why not.
    pub unsent: (usize, Option<Clean>),
    /// Our targets, by the names that it has for them.
    places: FxHashMap<Place, TargetId>,
}

impl Attached {
    /// Nothing is known yet.
    pub fn of(plan: &Plan, now: Timestamp) -> Self {
        let state = |(index, feed): (usize, &Arc<crate::plan::FeedPlan>)| {
            let targets = plan.targets.iter().filter(|target| plan.feeds.of(target.id) == Some(index));
            let place = |target: &Arc<crate::target::Target>| {
                let names =
                    (Arc::clone(&target.service), Arc::clone(&target.poll), Arc::clone(&target.instance));
                (Place { service: names.0, poll: names.1, instance: names.2 }, target.id)
            };
            FeedState {
                name: Arc::clone(&feed.name),
                host: Arc::clone(&feed.host),
                since: now,
                bytes: (0, now),
                places: targets.map(place).collect(),
                ..FeedState::default()
            }
        };
        Self { feeds: plan.feeds.all.iter().enumerate().map(state).collect(), ..Self::default() }
    }

    /// Takes over another plan: what is known of servers that stay is kept.
    pub fn reload(&mut self, plan: &Plan, now: Timestamp) {
        let new = Self::of(plan, now);
        let old = std::mem::replace(&mut self.feeds, new.feeds);
        for state in &mut self.feeds {
            let places = std::mem::take(&mut state.places);
            if let Some(known) = old.iter().find(|known| known.name == state.name && known.host == state.host)
            {
                *state = known.clone();
            }
            state.places = places;
        }
    }

    /// Is what is seen not there yet? Until then nothing is judged: rules that ask for absence would find it.
    pub fn waits(&self, plan: &Plan) -> bool {
        plan.feeds.whole().is_some() && self.feeds.iter().any(|feed| !feed.loaded)
    }

    /// The server that stands for all of it, if one does.
    pub fn whole(&self, plan: &Plan) -> Option<&FeedState> {
        plan.feeds.whole().and_then(|_| self.feeds.first())
    }

    /// When what is said of a lost server changes by itself.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let lost = self.feeds.iter().any(|feed| matches!(feed.link, FeedLink::Lost(_)));
        let second = Duration::from_secs(1);
        lost.then(|| now.floor_to(second) + second)
    }

    /// Is this line of the journal known?
    pub fn knows(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    /// Notes a line of the journal; false: it is known.
    pub fn note(&mut self, id: &str) -> bool {
        if !self.known.insert(id.into()) {
            return false;
        }
        self.order.push_back(id.into());
        if self.order.len() > MOST_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

impl FeedState {
    /// Our number for a poll of the server's.
    pub fn target(&self, place: &Place) -> Option<TargetId> {
        self.places.get(place).copied()
    }

    /// The instances that it polls for us.
    pub fn instances(&self) -> FxHashSet<Arc<str>> {
        self.places.keys().map(|place| Arc::clone(&place.instance)).collect()
    }

    /// The targets that this server does not poll, of those that it should.
    pub fn missing(&self, polls: &[Place]) -> Vec<TargetId> {
        let theirs: FxHashSet<&Place> = polls.iter().collect();
        self.places.iter().filter(|(place, _)| !theirs.contains(place)).map(|(_, id)| *id).collect()
    }

    /// Do the clocks differ by so much that ages are wrong? In ms; positive: the server's is ahead.
    pub fn skewed(&self) -> Option<i64> {
        self.skew.filter(|skew| skew.unsigned_abs() > SKEW.as_millis() as u64)
    }

    /// Bytes a second so far.
    pub fn rate(&self, now: Timestamp) -> Option<f64> {
        let seconds = now.since(self.bytes.1).as_secs_f64();
        (seconds >= 1.0).then(|| self.bytes.0 as f64 / seconds)
    }

    /// For how long nothing could be heard, if that is so.
    pub fn lost_for(&self, now: Timestamp) -> Option<Duration> {
        matches!(self.link, FeedLink::Lost(_)).then(|| now.since(self.heard.unwrap_or(self.since)))
    }
}
