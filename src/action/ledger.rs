//! What has been done and what is under way, read off the journal: so two warrooms that share one agree.

use super::entry::How;
use super::policy::Policy;
use crate::journal::{Category, Entry, Who};
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// How long a proposal waits for a second person, and how long an approval is good.
pub const APPROVAL: Duration = Duration::from_secs(30 * 60);
/// The most acts that are kept; the oldest that have ended go first.
const MOST: usize = 2_000;

/// All acts that the journal tells of, in the order of their first entries.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    acts: Vec<Act>,
    seen: u64,
}

/// One proposal and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Act {
    /// Its id.
    pub id: Clean,
    /// The service.
    pub service: Clean,
    /// The action.
    pub action: Clean,
    /// The environment.
    pub environment: Clean,
    /// Why.
    pub reason: Clean,
    /// Who.
    pub who: Who,
    /// The moment of its first entry.
    pub at: Timestamp,
    /// The incident that it was for.
    pub incident: Option<Clean>,
    /// Values of its parameters.
    pub params: Vec<(Clean, Clean)>,
    /// Was it proposed to a second person, and when?
    pub proposed_at: Option<Timestamp>,
    /// Who approved it, and when.
    pub approved: Option<(Who, Timestamp)>,
    /// What exactly was proposed; see [`super::Proposal::what`].
    pub what: Value,
    /// Why the door did not open.
    pub refused: Option<Clean>,
    /// Its requests, in order.
    pub shots: Vec<Line>,
    /// Why the rest of its requests was left alone, if it was.
    pub stopped: Option<Clean>,
    /// `helped`, `no effect`, `worse`, `too early`, with the figures.
    pub verdict: Option<(Clean, Vec<Clean>)>,
    all: bool,
    settle: Duration,
}

/// Do two accounts belong to one person, as far as can be told? Whoever became another account through sudo is still
/// who they were: `SUDO_USER` proves nothing, but here it only ever forbids.
pub(super) fn same_person(one: &Who, other: &Who) -> bool {
    let names = |who: &Who| [Some(who.user.clone()), who.sudo.clone()];
    names(one).iter().flatten().any(|name| names(other).iter().flatten().any(|known| known == name))
}

/// A second person's yes.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// The proposal that was approved.
    pub proposal: Clean,
    /// Who approved it.
    pub by: Who,
}

/// One request of an act.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Its idempotency key.
    pub key: Clean,
    /// Its number, from 1.
    pub turn: u64,
    /// Of how many.
    pub of: u64,
    /// Which instance was asked.
    pub instance: Clean,
    /// The request as curl, without secrets.
    pub curl: Clean,
    /// When it was to be sent.
    pub sent_at: Timestamp,
    /// How long it may be under way.
    pub patience: Duration,
    /// How it ended, and when.
    pub ended: Option<(How, Timestamp)>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// What is to be known about it.
    pub note: Clean,
    /// Head of the answer's body.
    pub body: Clean,
    /// How long it took.
    pub took: Option<Duration>,
    /// The approved proposal that let it through.
    pub approval: Option<Clean>,
    order: u64,
}

impl Act {
    /// `rollback on checkout (anna, since 2026-01-09T15:00:00Z)`
    pub fn title(&self) -> String {
        format!("{} on {} ({}, since {})", self.action, self.service, self.who.user, self.at)
    }

    /// Is it under way at `at`? Nobody waits longer than its patience: then it is unknown, not under way.
    pub fn in_flight(&self, at: Timestamp) -> bool {
        let Some(last) = self.shots.last() else { return false };
        match last.ended {
            None => at < last.sent_at + last.patience,
            // Between two requests of one run.
            Some((how, ended)) => {
                let goes_on = how == How::Done || (self.all && how == How::Failed);
                goes_on && self.stopped.is_none() && last.turn < last.of && at < ended + self.settle
            }
        }
    }

    /// Does nobody know what came of one of its requests? Either its outcome says so, or it has none and its time is up:
    /// warroom died between the journal and the answer.
    pub fn is_unknown(&self, at: Timestamp) -> bool {
        self.shots.iter().any(|line| match line.ended {
            Some((how, _)) => how == How::Unknown,
            None => at >= line.sent_at + line.patience,
        })
    }

    /// Does it wait for a second person?
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.shots.is_empty()
            && self.approved.is_none()
            && self.proposed_at.is_some_and(|proposed| at.since(proposed) <= APPROVAL)
    }

    /// The moment of its last request that may have left.
    pub fn last_sent(&self) -> Option<Timestamp> {
        self.shots.iter().filter(|line| line.left()).map(|line| line.sent_at).max()
    }
}

impl Ledger {
    /// What `entries` tell, in their order.
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.take(entry);
        }
        ledger
    }

    /// Takes in one more entry. Entries of other categories, and those that say nothing sensible, are passed over.
    pub fn take(&mut self, entry: &Entry) {
        if entry.category != Category::Action {
            return;
        }
        self.seen += 1;
        let order = self.seen;
        let text = |key: &str| entry.details.get(key).and_then(Value::as_str).map(Clean::new);
        let number = |key: &str| entry.details.get(key).and_then(Value::as_u64);
        let (Some(id), Some(service), Some(action)) = (text("id"), text("service"), text("action")) else {
            return;
        };
        let at = self.find_or_add(&id, entry, service, action);
        let Some(act) = self.acts.get_mut(at) else { return };
        match entry.action.as_str() {
            "action.proposed" if act.proposed_at.is_none() && act.shots.is_empty() => {
                act.proposed_at = Some(entry.at);
                act.what = entry.details.get("what").cloned().unwrap_or_default();
                act.reason = text("reason").unwrap_or_default();
            }
            // An approval of something else than what was proposed, or by whoever proposed it, is none.
            "action.approved"
                if act.approved.is_none()
                    && act.proposed_at.is_some()
                    && !same_person(&entry.who, &act.who)
                    && entry.details.get("what") == Some(&act.what) =>
            {
                act.approved = Some((entry.who.clone(), entry.at));
            }
            "action.refused" => act.refused = text("why"),
            "action.stopped" => act.stopped = text("note"),
            "action.sent" => {
                act.reason = text("reason").unwrap_or_default();
                act.all = text("reach").is_some_and(|reach| reach.as_str() == "all");
                act.settle = Duration::from_millis(number("settle_ms").unwrap_or(0));
                act.shots.push(Line {
                    key: text("idempotency_key").unwrap_or_default(),
                    turn: number("turn").unwrap_or(1),
                    of: number("of").unwrap_or(1),
                    instance: text("instance").unwrap_or_default(),
                    curl: text("curl").unwrap_or_default(),
                    sent_at: entry.at,
                    patience: Duration::from_millis(number("patience_ms").unwrap_or(0)),
                    approval: text("approval"),
                    order,
                    ..Line::default()
                });
            }
            "action.outcome" => {
                let key = text("idempotency_key").unwrap_or_default();
                if let Some(line) = act.shots.iter_mut().find(|line| line.key == key) {
                    line.ended = How::from_word(&entry.status).map(|how| (how, entry.at));
                    line.status = number("status").and_then(|status| u16::try_from(status).ok());
                    line.note = text("note").unwrap_or_default();
                    line.body = text("body").unwrap_or_default();
                    line.took = number("took_ms").map(Duration::from_millis);
                }
            }
            "action.verdict" => {
                let lines = entry.details.get("figures").and_then(Value::as_array);
                let lines = lines.into_iter().flatten().filter_map(Value::as_str).map(Clean::new).collect();
                act.verdict = text("verdict").map(|word| (word, lines));
            }
            _ => {}
        }
    }

    /// Takes in what was laid down for two people, as far as it is `who`'s concern: own proposals, and what somebody whom
    /// the policy of the act's service knows approved of them. Nobody can fill the ledger, or take the place of an
    /// approval, with anything else. True: it was approved by this.
    pub fn take_slip(&mut self, slip: &Entry, who: &Who, policy: impl FnOnce(&Act) -> Policy) -> bool {
        let id = slip.details.get("id").and_then(Value::as_str).map(Clean::new).unwrap_or_default();
        let known = self.act(id.as_str());
        match (slip.action.as_str(), known) {
            ("action.proposed", None) if slip.who.user == who.user => self.take(slip),
            ("action.approved", Some(act))
                if act.who.user == who.user
                    && act.approved.is_none()
                    && policy(act).knows(&slip.who.user).is_ok() =>
            {
                self.take(slip);
                return self.act(id.as_str()).is_some_and(|act| act.approved.is_some());
            }
            _ => {}
        }
        false
    }

    fn find_or_add(&mut self, id: &Clean, entry: &Entry, service: Clean, action: Clean) -> usize {
        if let Some(at) = self.acts.iter().rposition(|act| act.id == *id) {
            return at;
        }
        if self.acts.len() >= MOST {
            self.acts.remove(self.least_missed());
        }
        let text = |key: &str| entry.details.get(key).and_then(Value::as_str).map(Clean::new);
        let params = entry.details.get("params").and_then(Value::as_object);
        let params = params.into_iter().flatten();
        self.acts.push(Act {
            id: id.clone(),
            service,
            action,
            environment: text("environment").unwrap_or_default(),
            incident: text("incident"),
            params: params
                .filter_map(|(name, value)| Some((Clean::new(name), Clean::new(value.as_str()?))))
                .collect(),
            who: entry.who.clone(),
            at: entry.at,
            ..Act::default()
        });
        self.acts.len() - 1
    }

    /// Which act goes when there are too many: the oldest that was never sent (whoever is refused again and again must not
    /// make the ledger forget what is under way or cooling down), else the oldest that has ended, else the oldest.
    fn least_missed(&self) -> usize {
        let never_sent = |act: &Act| act.shots.is_empty() && act.proposed_at.is_none();
        let over = |act: &Act| act.shots.iter().all(|line| line.ended.is_some());
        let first = |fits: &dyn Fn(&Act) -> bool| self.acts.iter().position(fits);
        first(&never_sent).or_else(|| first(&over)).unwrap_or(0)
    }

    /// All acts, the oldest first.
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// The act of that id.
    pub fn act(&self, id: &str) -> Option<&Act> {
        self.acts.iter().rev().find(|act| act.id.as_str() == id)
    }

    /// What is under way on a service.
    pub fn in_flight(&self, service: &str, at: Timestamp) -> Option<&Act> {
        self.acts.iter().rev().find(|act| act.service.as_str() == service && act.in_flight(at))
    }

    /// When an action was last sent to a service; what never left does not count.
    pub fn last_sent(&self, service: &str, action: &str) -> Option<Timestamp> {
        let same = |act: &&Act| act.service.as_str() == service && act.action.as_str() == action;
        self.acts.iter().filter(same).filter_map(Act::last_sent).max()
    }

    /// Was anything of this proposal sent?
    pub fn was_sent(&self, id: &str) -> bool {
        self.act(id).is_some_and(|act| !act.shots.is_empty())
    }

    /// Acts of which nobody knows how they ended, the newest first.
    pub fn unknown(&self, at: Timestamp) -> impl Iterator<Item = &Act> {
        self.acts.iter().rev().filter(move |act| act.is_unknown(at))
    }

    /// The proposal of that id, if it waits for a second person.
    pub fn open_proposal(&self, id: &str, at: Timestamp) -> Option<&Act> {
        self.act(id).filter(|act| act.is_open(at))
    }

    /// Proposals that wait for a second person, the newest first.
    pub fn open_proposals(&self, at: Timestamp) -> impl Iterator<Item = &Act> {
        self.acts.iter().rev().filter(move |act| act.is_open(at))
    }

    /// Who has approved exactly `what`, proposed by `who`: an approval not used yet and not older than half an hour.
    pub fn approval(&self, what: &Value, who: &Who, at: Timestamp) -> Option<Approval> {
        let used = |id: &Clean| {
            let by_it = |line: &Line| line.approval.as_ref() == Some(id);
            self.acts.iter().any(|act| act.shots.iter().any(by_it))
        };
        self.acts.iter().rev().find_map(|act| {
            let (by, approved_at) = act.approved.as_ref()?;
            let fits = act.what == *what && act.who.user == who.user && !same_person(by, who);
            let fresh = at >= *approved_at && at.since(*approved_at) <= APPROVAL;
            (fits && fresh && !used(&act.id)).then(|| Approval { proposal: act.id.clone(), by: by.clone() })
        })
    }

    /// Asked after the entry `action.sent` of the request with `key` is in the journal and the journal has been read again:
    /// is it the first on its service, and was nothing of the kind sent within `cool_down`? If not, it must not leave:
    /// somebody else's entry stands before it, and whoever judged it had not seen that.
    ///
    /// # Errors
    /// What came first.
    pub fn claim(
        &self,
        service: &str,
        key: &str,
        cool_down: Duration,
        at: Timestamp,
    ) -> Result<(), super::Refused> {
        let lines = || self.acts.iter().flat_map(|act| act.shots.iter().map(move |line| (act, line)));
        let mut mine = lines().filter(|(_, line)| line.key.as_str() == key);
        let Some((ours, line)) = mine.next() else {
            // Our own entry is not there: the journal that was read is not the one that was written.
            return Err(super::Refused::InFlight {
                what: Clean::new("something that the journal does not tell"),
            });
        };
        if mine.next().is_some() {
            return Err(super::Refused::Replayed);
        }
        let others = || self.acts.iter().filter(|act| act.id != ours.id && act.service.as_str() == service);
        let order = line.order;
        let before = |act: &&Act| act.shots.last().is_some_and(|line| line.order < order);
        if let Some(first) = others().filter(before).find(|act| act.in_flight(at)) {
            return Err(super::Refused::InFlight { what: Clean::new(&first.title()) });
        }
        let same = others().filter(|act| act.action == ours.action);
        let last = same.flat_map(|act| &act.shots).filter(|line| line.order < order && line.left());
        match last.map(|line| line.sent_at + cool_down).max() {
            Some(until) if at < until => Err(super::Refused::CoolingDown { until }),
            _ => Ok(()),
        }
    }
}

impl Line {
    /// May it have left?
    fn left(&self) -> bool {
        !matches!(self.ended, Some((How::NotSent | How::Withdrawn, _)))
    }
}
