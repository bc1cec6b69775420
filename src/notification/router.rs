//! The router: every notice is offered to every channel; what comes out is sent by `io::notify`.

use super::lane::{Content, Ended, Lane, Parcel};
use super::payload::Message;
use super::{Change, Channel, Notice};
use crate::journal::{Category, Entry, Level, Who};
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Something to be sent, once; its outcome is handed back with [`Router::taken`].
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Tells deliveries of this run apart.
    pub id: u64,
    /// Where to.
    pub channel: Arc<Channel>,
    /// The same for each attempt, and in each warroom that sends the same.
    pub key: String,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// What to send.
    pub message: Message,
    /// What it is about, in a line.
    pub about: Clean,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has taken it.
    Delivered,
    /// It has not, or it is not known.
    Failed {
        /// What is wrong; holds no secret.
        error: Clean,
        /// Could another attempt end better?
        again: bool,
        /// The other side asks to wait so long.
        after: Option<Duration>,
    },
}

impl Outcome {
    /// What an answer means. A 2xx is taken; 408, 425, 429 and 5xx pass; so do 401 and 403, since keys rotate. Whatever
    /// else is refused would be refused again.
    pub fn of_status(status: u16, said: &str, after: Option<Duration>) -> Self {
        if (200..300).contains(&status) {
            return Self::Delivered;
        }
        let again = matches!(status, 401 | 403 | 408 | 425 | 429) || status >= 500;
        let colon = if said.is_empty() { "" } else { ": " };
        let what = match status {
            300..=399 => "is redirected, which is not followed",
            401 | 403 => "refuses the credentials",
            429 => "asks to slow down",
            _ => "refuses it",
        };
        Self::Failed {
            error: Clean::new(&format!("the channel {what} ({status}){colon}{said}")),
            again,
            after,
        }
    }
}

/// A channel that does not take what it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its name.
    pub channel: Arc<str>,
    /// Since when.
    pub since: Timestamp,
    /// Attempts that failed since.
    pub attempts: u32,
    /// The last error.
    pub error: Clean,
    /// When the next attempt is made.
    pub retry_at: Option<Timestamp>,
    /// How many messages wait.
    pub waiting: usize,
    /// How many were given up.
    pub given_up: u64,
}

/// What is known of all channels.
#[derive(Debug, Default)]
pub struct Router {
    lanes: Vec<Lane>,
    ids: u64,
    who: Who,
    entries: Vec<Entry>,
}

impl Router {
    /// A router for these channels. `who` runs warroom; the journal names them.
    pub fn new(channels: Vec<Channel>, who: Who) -> Self {
        Self { lanes: channels.into_iter().map(Lane::new).collect(), who, ..Self::default() }
    }

    /// Takes over the channels of a new configuration; what waits for those that stay is kept, by name.
    pub fn reload(&mut self, channels: Vec<Channel>) {
        let mut old = std::mem::take(&mut self.lanes);
        for channel in channels {
            let same = |lane: &Lane| {
                lane.channel.name == channel.name && lane.channel.via.word() == channel.via.word()
            };
            self.lanes.push(match old.iter().position(same) {
                Some(found) => {
                    let mut lane = old.swap_remove(found);
                    lane.reconfigure(channel);
                    lane
                }
                None => Lane::new(channel),
            });
        }
    }

    /// Remembers what the journal says was sent, by an earlier run or by another warroom: it is not sent again.
    pub fn restore<'e>(&mut self, entries: impl IntoIterator<Item = &'e Entry>) {
        for entry in entries {
            if entry.category != Category::Notification || entry.action != SENT {
                continue;
            }
            let name = entry.details.get("channel").and_then(Value::as_str).unwrap_or_default();
            let Some(lane) = self.lanes.iter_mut().find(|lane| *lane.channel.name == *name) else { continue };
            let notices = entry.details.get("notices").and_then(Value::as_array);
            for notice in notices.into_iter().flatten() {
                let text = |key: &str| notice.get(key).and_then(Value::as_str);
                let (Some(key), Some(incident)) = (text("key"), text("incident")) else { continue };
                lane.memory.add(key);
                if let Some(change) = text("change").and_then(Change::from_word) {
                    lane.told.tell(incident, change);
                }
            }
        }
    }

    /// Takes the incidents in that are open at a start, after [`Router::restore`]: those that were told are not told
    /// again; those that were not, because warroom was down, are told now.
    pub fn resume(&mut self, open: &[Notice], at: Timestamp) -> Vec<Delivery> {
        for notice in open {
            for lane in &mut self.lanes {
                lane.resume(notice, at);
                lane.offer(notice, &mut self.ids, at);
            }
        }
        self.due(at)
    }

    /// Takes a change in; returns what may be sent at once.
    pub fn route(&mut self, notice: &Notice, at: Timestamp) -> Vec<Delivery> {
        for lane in &mut self.lanes {
            lane.offer(notice, &mut self.ids, at);
        }
        self.due(at)
    }

    /// What may be sent now: retries, what is not held back any more, what Alertmanager is to hear again.
    pub fn due(&mut self, at: Timestamp) -> Vec<Delivery> {
        let mut out = Vec::new();
        for lane in &mut self.lanes {
            loop {
                let (delivery, ended) = lane.next(&mut self.ids, at);
                let name = Arc::clone(&lane.channel.name);
                self.entries.extend(ended.into_iter().filter_map(|end| entry(&name, end, &self.who, at)));
                let Some(delivery) = delivery else { break };
                // A terminal takes all at once; any other channel one after the other.
                let more = matches!(delivery.message, Message::Ring { .. });
                out.push(delivery);
                if !more {
                    break;
                }
            }
        }
        out
    }

    /// An attempt has ended; returns what may be sent next. Outcomes of deliveries that nobody waits for are ignored.
    pub fn taken(&mut self, id: u64, outcome: &Outcome, at: Timestamp) -> Vec<Delivery> {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.flies(id)) {
            let ended = lane.taken(outcome, at);
            let name = Arc::clone(&lane.channel.name);
            self.entries.extend(ended.and_then(|end| entry(&name, end, &self.who, at)));
        }
        self.due(at)
    }

    /// What is to be written into the journal since this was last asked.
    pub fn entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// When [`Router::due`] is to be asked again; none: not before something happens.
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.lanes.iter().filter_map(|lane| lane.next_due(now)).min()
    }

    /// The channels that fail, those that fail longest first.
    pub fn failing(&self) -> Vec<Failing> {
        let mut out: Vec<Failing> = self.lanes.iter().filter_map(Lane::failing).collect();
        out.sort_by_key(|failing| failing.since);
        out
    }

    /// How many deliveries are on their way.
    pub fn on_the_way(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.busy()).count()
    }

    /// How many notices are held back, by quiet hours, a rate or flapping: (channel, count).
    pub fn held(&self) -> impl Iterator<Item = (&str, usize)> {
        self.lanes.iter().map(|lane| (&*lane.channel.name, lane.held())).filter(|(_, count)| *count > 0)
    }

    /// The channels.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.lanes.iter().map(|lane| &*lane.channel)
    }
}

/// What the journal calls a delivery that was taken.
const SENT: &str = "notification.sent";

fn entry(channel: &str, end: Ended, who: &Who, at: Timestamp) -> Option<Entry> {
    let (parcel, error) = match end {
        Ended::Sent(parcel) => (parcel, None),
        Ended::Failed(parcel, error) => (parcel, Some(error)),
    };
    let Parcel { key, content, attempts, .. } = parcel;
    // That something still fires is no news.
    if matches!(content, Content::Resend(_)) {
        return None;
    }
    let action = if error.is_some() { "notification.failed" } else { SENT };
    let told = |notice: &Notice| {
        json!({ "key": notice.key, "incident": notice.incident, "change": notice.change.word(),
            "severity": notice.severity.word() })
    };
    let mut details = Map::new();
    details.insert("channel".to_owned(), json!(channel));
    details.insert("notices".to_owned(), content.notices().iter().map(told).collect());
    details.insert("attempts".to_owned(), json!(attempts));
    if let Some(error) = &error {
        details.insert("error".to_owned(), json!(error));
    }
    Some(Entry {
        at,
        event_id: format!("{action}/{key}"),
        level: if error.is_some() { Level::Error } else { Level::Info },
        category: Category::Notification,
        action: action.to_owned(),
        who: who.clone(),
        status: if error.is_some() { "failed" } else { "ok" }.to_owned(),
        details,
    })
}
