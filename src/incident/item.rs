//! The items of an incident's timeline. An objective has several alerts that say the same of different windows: on
//! the timeline they are one item with a number. The journal keeps each of them.

use super::change::{Change, What};
use crate::units::Timestamp;
use std::time::Duration;

/// An item of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// When it happened.
    pub at: Timestamp,
    /// What kind of thing, as [`What::word`] says it.
    pub kind: &'static str,
    /// What, in the language of people.
    pub text: String,
    /// The person who did it; none: warroom saw it.
    pub by: Option<String>,
    /// So many more of the same kind came soon after it, and have no item of their own; the text says so.
    pub more: u32,
    /// What it is about, where that is less than its text says: the objective of an alert about one.
    subject: Option<String>,
}

/// An item within this time after one like it has no line of its own.
const LIKE_FOR: Duration = Duration::from_secs(600);

impl Item {
    pub(super) fn of(at: Timestamp, kind: &'static str, text: String, by: Option<String>) -> Self {
        Self { at, kind, text, by, more: 0, subject: None }
    }

    /// An objective's alerts differ in their windows only.
    pub(super) fn of_change(change: &Change, at: Timestamp, by: Option<String>) -> Self {
        let subject = match &change.what {
            What::AlertFired { alert } => objective(&alert.labels).map(|slo| format!("{} {slo}", alert.name)),
            _ => None,
        };
        Self { subject, ..Self::of(at, change.what.word(), change.what.sentence(), by) }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind
            && match (&self.subject, &other.subject) {
                (None, None) => self.said() == other.said(),
                (mine, theirs) => mine == theirs,
            }
    }

    /// The text without the number of those like it.
    fn said(&self) -> &str {
        self.text.strip_suffix(like(self.more).as_str()).unwrap_or(&self.text)
    }

    pub(super) fn count_one_more(&mut self) {
        let more = self.more.saturating_add(1);
        self.text = format!("{}{}", self.said(), like(more));
        self.more = more;
    }
}

fn like(more: u32) -> String {
    if more == 0 { String::new() } else { format!(" (+{more} like it)") }
}

/// The label `slo` of labels as text.
pub(super) fn objective(labels: &str) -> Option<&str> {
    let (_, rest) = labels.split_once("slo=\"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// An item of a short while ago that says the same of an alert; not across a turn of things.
pub(super) fn known_like<'t>(timeline: &'t mut [Item], item: &Item) -> Option<&'t mut Item> {
    let turns: &[&str] = match item.kind {
        "alert_fired" => &["alert_gone", "reopened", "resolved"],
        "alert_gone" => &["alert_fired", "reopened", "resolved"],
        _ => return None,
    };
    timeline
        .iter_mut()
        .rev()
        .take_while(|known| !turns.contains(&known.kind) && item.at.since(known.at) <= LIKE_FOR)
        .find(|known| known.is_like(item))
}
