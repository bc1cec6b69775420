//! One channel at work: what waits, what is held back, what is on its way, and what the channel was told.
//!
//! Only one delivery of a channel is on its way at a time, so that an end never overtakes its beginning.

use super::limit::Bucket;
use super::memory::Memory;
use super::payload::{self, Message};
use super::router::{Delivery, Failing, Outcome};
use super::told::{Flaps, Told};
use super::{Change, Channel, Notice, Via, backoff, fnv};
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The most deliveries that wait for a channel; the oldest go first, and are told as lost.
const MOST_WAITING: usize = 200;
/// The most notices that are held back; beyond, they are counted.
const MOST_HELD: usize = 500;
/// What flaps is told after this long at the latest.
const FLAPPING_AT_MOST: Duration = Duration::from_secs(15 * 60);
/// An outcome that has not come this long after an attempt's time-out never will.
const LOST_AFTER: Duration = Duration::from_secs(60);
/// Alerts of one request to Alertmanager.
const ALERTS: usize = 50;

/// What is to be said.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// One change; `more` earlier ones of the same incident were held back, and it stands for them.
    One { notice: Box<Notice>, more: usize },
    /// Changes that were held back, in one message; `lost` more were too many to keep.
    Several { notices: Vec<Notice>, lost: usize },
    /// Alertmanager is to know that these still fire.
    Resend(Vec<Notice>),
}

impl Content {
    pub(super) fn notices(&self) -> &[Notice] {
        match self {
            Self::One { notice, .. } => std::slice::from_ref(notice),
            Self::Several { notices, .. } => notices,
            Self::Resend(_) => &[],
        }
    }
}

/// A delivery that waits or is on its way.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) content: Content,
    pub(super) queued: Timestamp,
    pub(super) attempts: u32,
}

#[derive(Clone, Debug)]
struct Held {
    notice: Notice,
    since: Timestamp,
}

/// How a parcel ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It was taken.
    Sent(Parcel),
    /// It was given up, and why.
    Failed(Parcel, Clean),
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) channel: Arc<Channel>,
    bucket: Bucket,
    queue: VecDeque<Parcel>,
    held: VecDeque<Held>,
    held_lost: usize,
    /// The first of the queue is on its way, and when its outcome is overdue.
    flight: Option<Timestamp>,
    retry_at: Option<Timestamp>,
    pub(super) memory: Memory,
    pub(super) told: Told,
    flaps: Flaps,
    failing: Option<Failing>,
    /// Alertmanager's: what fires there, as it was told.
    firing: BTreeMap<String, Notice>,
    resend_at: Option<Timestamp>,
    /// Parcels that were pushed out, to be told as failed.
    lost: Vec<Parcel>,
}

impl Lane {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            bucket: Bucket::new(channel.rate),
            channel: Arc::new(channel),
            queue: VecDeque::new(),
            held: VecDeque::new(),
            held_lost: 0,
            flight: None,
            retry_at: None,
            memory: Memory::default(),
            told: Told::default(),
            flaps: Flaps::default(),
            failing: None,
            firing: BTreeMap::new(),
            resend_at: None,
            lost: Vec::new(),
        }
    }

    /// Takes over a channel's new settings; an attempt that failed because of the old ones is made again at once.
    pub(super) fn reconfigure(&mut self, channel: Channel) {
        if *self.channel != channel {
            self.bucket.set(channel.rate);
            self.channel = Arc::new(channel);
            self.retry_at = None;
        }
    }

    /// Takes a notice in: it is queued, held back, or no business of the channel's.
    pub(super) fn offer(&mut self, notice: &Notice, ids: &mut u64, at: Timestamp) {
        if !self.channel.concerns(notice) || self.memory.has(&notice.key) {
            return;
        }
        let (incident, change) = (notice.incident.as_str(), notice.change);
        let behind = self.held.iter().any(|held| held.notice.incident == incident);
        let known = behind || self.told.is_open(incident);
        let alarming = !matches!(change, Change::Resolved | Change::Acknowledged | Change::SeverityLowered);
        let grave = notice.severity >= self.channel.floor || change == Change::Test;
        if !(known || alarming && grave) {
            return;
        }
        self.memory.add(&notice.key);
        if change.flips() {
            self.flaps.note(incident, at);
        }
        let flapping = self.flaps.calm_at(incident).is_some_and(|calm| calm > at);
        // The end of what was told is told: it wakes nobody, and the other side's picture stays true.
        let closes = self.channel.via.keeps_state()
            && self.told.is_open(incident)
            && matches!(change, Change::Resolved | Change::Acknowledged);
        let passes = self.urgent(notice) || closes;
        let waits = flapping || (!passes && (behind || self.channel.quiet_until(at).is_some()));
        if waits || !self.bucket.take(at, passes) {
            self.hold(notice.clone(), at);
            return;
        }
        let before = self.held.len();
        self.held.retain(|held| held.notice.incident != incident);
        let more = before - self.held.len();
        self.queue_one(notice.clone(), more, ids, at);
    }

    fn urgent(&self, notice: &Notice) -> bool {
        notice.severity >= self.channel.urgent || notice.change == Change::Test
    }

    fn hold(&mut self, notice: Notice, at: Timestamp) {
        if self.held.len() >= MOST_HELD {
            self.held.pop_front();
            self.held_lost += 1;
        }
        self.held.push_back(Held { notice, since: at });
    }

    fn queue_one(&mut self, notice: Notice, more: usize, ids: &mut u64, at: Timestamp) {
        let key = format!("{}/{}", self.channel.name, notice.key);
        self.told.tell(&notice.incident, notice.change);
        self.push(Content::One { notice: Box::new(notice), more }, key, ids, at);
    }

    fn push(&mut self, content: Content, key: String, ids: &mut u64, at: Timestamp) {
        if self.queue.len() >= MOST_WAITING {
            // The first may be on its way.
            self.lost.extend(self.queue.remove(1));
        }
        *ids += 1;
        self.queue.push_back(Parcel { id: *ids, key, content, queued: at, attempts: 0 });
    }

    /// When what is held back may go: the earliest moment at which this notice is neither quiet nor flapping.
    fn free_at(&self, held: &Held, at: Timestamp) -> Timestamp {
        let calm = self.flaps.calm_at(&held.notice.incident).filter(|calm| *calm > at);
        let calm = calm.map(|calm| calm.min(held.since + FLAPPING_AT_MOST));
        let quiet = if self.urgent(&held.notice) { None } else { self.channel.quiet_until(at) };
        calm.into_iter().chain(quiet).fold(at, Timestamp::max)
    }

    /// Queues what need not be held back any more.
    fn release(&mut self, ids: &mut u64, at: Timestamp) {
        if self.held.is_empty() {
            return;
        }
        // The longest held of an incident decides for all of it.
        let mut free: BTreeMap<&str, bool> = BTreeMap::new();
        for held in &self.held {
            free.entry(&held.notice.incident).or_insert_with(|| self.free_at(held, at) <= at);
        }
        let free: Vec<String> =
            free.into_iter().filter(|(_, free)| *free).map(|(id, _)| id.to_owned()).collect();
        if free.is_empty() {
            return;
        }
        if self.channel.via.keeps_state() {
            self.release_states(&free, ids, at);
        } else {
            self.release_summary(&free, ids, at);
        }
    }

    fn take_held(&mut self, of: impl Fn(&Notice) -> bool) -> Vec<Notice> {
        let (out, kept) = std::mem::take(&mut self.held).into_iter().partition(|held| of(&held.notice));
        self.held = kept;
        let out: VecDeque<Held> = out;
        out.into_iter().map(|held| held.notice).collect()
    }

    /// For each incident its newest state; nothing of one that was over before it could be told.
    fn release_states(&mut self, free: &[String], ids: &mut u64, at: Timestamp) {
        for incident in free {
            let newest = self.held.iter().rev().find(|held| held.notice.incident == *incident);
            let Some(newest) = newest.map(|held| &held.notice) else { continue };
            let calming = matches!(newest.change, Change::Resolved | Change::Acknowledged);
            if calming && !self.told.is_open(incident) {
                self.take_held(|notice| notice.incident == *incident);
                continue;
            }
            if !self.bucket.take(at, self.urgent(newest)) {
                continue;
            }
            let mut notices = self.take_held(|notice| notice.incident == *incident);
            if let Some(newest) = notices.pop() {
                self.queue_one(newest, notices.len(), ids, at);
            }
        }
    }

    /// All of it in one message.
    fn release_summary(&mut self, free: &[String], ids: &mut u64, at: Timestamp) {
        let freed = |notice: &Notice| free.binary_search(&notice.incident).is_ok();
        let urgent = self.held.iter().any(|held| freed(&held.notice) && self.urgent(&held.notice));
        if !self.bucket.take(at, urgent) {
            return;
        }
        let mut notices = self.take_held(freed);
        let lost = std::mem::take(&mut self.held_lost);
        if lost == 0 && notices.len() == 1 {
            return notices.pop().into_iter().for_each(|notice| self.queue_one(notice, 0, ids, at));
        }
        for notice in &notices {
            self.told.tell(&notice.incident, notice.change);
        }
        let keys: Vec<&[u8]> = notices.iter().map(|notice| notice.key.as_bytes()).collect();
        let key = format!("{}/{:016x}", self.channel.name, fnv(&keys));
        self.push(Content::Several { notices, lost }, key, ids, at);
    }

    /// Tells Alertmanager again what still fires, which it would take for resolved otherwise.
    fn resend(&mut self, ids: &mut u64, at: Timestamp) {
        let Via::Alertmanager { resend, .. } = self.channel.via else { return };
        let due = self.resend_at.is_some_and(|due| due <= at);
        if !due || self.firing.is_empty() || !self.queue.is_empty() {
            return;
        }
        self.resend_at = Some(at + resend);
        let all: Vec<Notice> = self.firing.values().cloned().collect();
        for some in all.chunks(ALERTS) {
            let key = format!("{}/resend/{}", self.channel.name, at.millis());
            self.push(Content::Resend(some.to_vec()), key, ids, at);
        }
    }

    /// Alertmanager had been told of this one before warroom was started anew.
    pub(super) fn resume(&mut self, notice: &Notice, at: Timestamp) {
        if matches!(self.channel.via, Via::Alertmanager { .. })
            && self.told.is_open(&notice.incident)
            && !self.firing.contains_key(&notice.incident)
        {
            self.firing.insert(notice.incident.clone(), notice.clone());
            self.resend_at = Some(at);
        }
    }

    /// The next delivery, if one may leave now; and what ended meanwhile.
    pub(super) fn next(&mut self, ids: &mut u64, at: Timestamp) -> (Option<Delivery>, Vec<Ended>) {
        let mut ended: Vec<Ended> = std::mem::take(&mut self.lost)
            .into_iter()
            .map(|parcel| Ended::Failed(parcel, Clean::new("too many deliveries were waiting")))
            .collect();
        if self.flight.is_some_and(|overdue| overdue <= at) {
            let error = Clean::new("the outcome of the attempt never came");
            ended.extend(self.taken(&Outcome::Failed { error, again: true, after: None }, at));
        }
        if self.flight.is_some() {
            return (None, ended);
        }
        self.release(ids, at);
        self.resend(ids, at);
        if self.retry_at.is_some_and(|retry| retry > at) {
            return (None, ended);
        }
        let Some(parcel) = self.queue.front_mut() else { return (None, ended) };
        parcel.attempts = parcel.attempts.saturating_add(1);
        let previous = parcel.content.notices().first().and_then(|notice| self.firing.get(&notice.incident));
        let (message, about) = payload::build(&self.channel, &parcel.content, previous, at);
        let delivery = Delivery {
            id: parcel.id,
            channel: Arc::clone(&self.channel),
            key: parcel.key.clone(),
            attempt: parcel.attempts,
            message,
            about,
        };
        if matches!(delivery.message, Message::Ring { .. }) {
            self.queue.pop_front(); // a terminal takes what it is given
        } else {
            self.flight = Some(at + self.channel.timeout + LOST_AFTER);
        }
        (Some(delivery), ended)
    }

    /// Is anything on its way?
    pub(super) fn busy(&self) -> bool {
        self.flight.is_some()
    }

    /// Is that delivery on its way?
    pub(super) fn flies(&self, id: u64) -> bool {
        self.flight.is_some() && self.queue.front().is_some_and(|parcel| parcel.id == id)
    }

    /// The delivery on its way has ended so.
    pub(super) fn taken(&mut self, outcome: &Outcome, at: Timestamp) -> Option<Ended> {
        self.flight = None;
        self.retry_at = None;
        match outcome {
            Outcome::Delivered => {
                let parcel = self.queue.pop_front()?;
                self.failing = None;
                if let Content::One { notice, .. } = &parcel.content {
                    self.delivered(notice, at);
                }
                Some(Ended::Sent(parcel))
            }
            Outcome::Failed { error, again, after } => self.failed(error, *again, *after, at),
        }
    }

    fn delivered(&mut self, notice: &Notice, at: Timestamp) {
        let Via::Alertmanager { resend, .. } = self.channel.via else { return };
        match notice.change {
            Change::Resolved => {
                self.firing.remove(&notice.incident);
            }
            Change::Test => {}
            _ => {
                self.firing.insert(notice.incident.clone(), notice.clone());
                self.resend_at.get_or_insert(at + resend);
            }
        }
    }

    fn failed(
        &mut self,
        error: &Clean,
        again: bool,
        after: Option<Duration>,
        at: Timestamp,
    ) -> Option<Ended> {
        let parcel = self.queue.front()?;
        let wait = backoff(&parcel.key, parcel.attempts).max(after.unwrap_or_default());
        let resend = matches!(parcel.content, Content::Resend(_));
        // A repetition need not be repeated: the next one is due soon.
        let gives_up = !again || resend || at + wait > parcel.queued + self.channel.retry_for;
        let failing = self.failing.get_or_insert_with(|| Failing {
            channel: Arc::clone(&self.channel.name),
            since: at,
            attempts: 0,
            error: Clean::default(),
            retry_at: None,
            waiting: 0,
            given_up: 0,
        });
        failing.attempts += 1;
        failing.error = error.clone();
        // The next one waits as well: it goes to the same place.
        self.retry_at = (again || after.is_some()).then(|| at + wait);
        failing.retry_at = self.retry_at;
        if !gives_up {
            return None;
        }
        failing.given_up += u64::from(!resend);
        let parcel = self.queue.pop_front()?;
        for notice in parcel.content.notices() {
            // It was never told: what comes next of it is the first that the channel hears.
            if !self
                .queue
                .iter()
                .any(|other| other.content.notices().iter().any(|n| n.incident == notice.incident))
            {
                self.told.forget(&notice.incident);
            }
        }
        Some(Ended::Failed(parcel, error.clone()))
    }

    /// When [`Self::next`] is to be asked again; none: not before something happens.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.flight.is_some() {
            return self.flight;
        }
        if !self.queue.is_empty() || !self.lost.is_empty() {
            return Some(self.retry_at.unwrap_or(now).max(now));
        }
        let freed = self
            .held
            .iter()
            .map(|held| self.free_at(held, now).max(self.bucket.free_at(self.urgent(&held.notice))));
        let freed = freed.min();
        let resend = self.resend_at.filter(|_| !self.firing.is_empty());
        freed.into_iter().chain(resend).min().map(|due| due.max(self.retry_at.unwrap_or(now)).max(now))
    }

    /// How it fails, if it does.
    pub(super) fn failing(&self) -> Option<Failing> {
        let waiting = self.queue.len() + self.held.len();
        self.failing.clone().map(|failing| Failing { waiting, ..failing })
    }

    /// How many notices are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len() + self.held_lost
    }
}
