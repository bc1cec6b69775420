//! From what happened to an incident to what somebody is told of it.

use super::{Change, Notice};
use crate::incident::{self, Brief, Incident, What};
use crate::journal::Entry;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Notice {
    /// What is told of changes that came together: nothing of an incident that began among them and became part of another
    /// one at once, since that one is told.
    pub fn all(changes: &[incident::Change]) -> Vec<Self> {
        let those = |wanted: fn(&What) -> bool| -> BTreeSet<&str> {
            changes.iter().filter(|change| wanted(&change.what)).map(|change| &*change.incident).collect()
        };
        let opened = those(|what| matches!(what, What::Opened { .. }));
        let merged = those(|what| matches!(what, What::Merged { .. }));
        let both = |change: &&incident::Change| {
            !(opened.contains(&*change.incident) && merged.contains(&*change.incident))
        };
        changes.iter().filter(both).filter_map(Self::of).collect()
    }

    /// What is told of a change; none: it is for the record only, or silenced here.
    pub fn of(change: &incident::Change) -> Option<Self> {
        let kind = match &change.what {
            What::Opened { .. } => Change::Opened,
            What::Reopened { .. } => Change::Reopened,
            What::Acknowledged => Change::Acknowledged,
            What::Unacknowledged { .. } => Change::Unacknowledged,
            What::Graded { from, to, .. } if to > from => Change::SeverityRaised,
            What::Graded { from, to, .. } if to < from => Change::SeverityLowered,
            What::Overdue { timer, .. } if timer == "answer" => Change::Overdue,
            What::Overdue { .. } => Change::Escalated,
            // Of one that is now a part of another, nobody is to hear again.
            What::Resolved { .. } | What::Merged { .. } => Change::Resolved,
            _ => return None,
        };
        // The end wakes nobody, and is told only to those who heard of the beginning: a page is not left open for good.
        if change.brief.snoozed && kind != Change::Resolved {
            return None;
        }
        let (brief, sentence) = (&change.brief, change.what.sentence());
        let mut notice =
            told(&change.incident, brief, kind, change.event_id.clone(), sentence.clone(), change.at);
        if matches!(change.what, What::Merged { .. }) {
            // It is not over: whoever hears that it is must hear why.
            notice.title = format!("{} (not over: it {sentence})", notice.title);
        }
        Some(notice)
    }

    /// What is told of an incident that is open when warroom starts. The key is that of its beginning: who was told of
    /// it is not told again.
    pub fn open(incident: &Incident, at: Timestamp) -> Option<Self> {
        let brief = incident.brief(at);
        let silent = !incident.is_open() || brief.snoozed;
        let key = format!("{}:opened", incident.id);
        (!silent).then(|| {
            told(&incident.id, &brief, Change::Opened, key, incident.why.clone(), incident.opened_at)
        })
    }

    /// Of each incident in the journal its end or its acknowledgement, if nothing came after it: whoever heard of the
    /// incident and not of this, since no warroom lived to tell it, is still to hear of it.
    pub fn calming(entries: &[Entry]) -> Vec<Self> {
        let mut newest = BTreeMap::new();
        for notice in entries.iter().filter_map(incident::Change::parse).filter_map(|it| Self::of(&it)) {
            if matches!(
                notice.change,
                Change::Opened
                    | Change::Reopened
                    | Change::Acknowledged
                    | Change::Unacknowledged
                    | Change::Resolved
            ) {
                newest.insert(notice.incident.clone(), notice);
            }
        }
        newest.retain(|_, notice| matches!(notice.change, Change::Acknowledged | Change::Resolved));
        newest.into_values().collect()
    }
}

fn told(id: &Arc<str>, brief: &Brief, change: Change, key: String, text: String, at: Timestamp) -> Notice {
    let given = |text: &Arc<str>| (!text.is_empty()).then(|| Arc::clone(text));
    Notice {
        key,
        incident: id.to_string(),
        change,
        severity: brief.severity,
        service: given(&brief.service),
        environment: given(&brief.environment),
        title: brief.title.clone(),
        text,
        url: brief.runbook.clone(),
        at,
        started: brief.began,
        elsewhere: brief.elsewhere,
        labels: Vec::new(),
        annotations: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Who;
    use crate::severity::Severity;

    fn brief(at: Timestamp, snoozed: bool) -> Brief {
        Brief {
            service: "s".into(),
            environment: "".into(),
            severity: Severity::P1,
            title: "t".to_owned(),
            began: at,
            runbook: None,
            snoozed,
            elsewhere: false,
        }
    }

    /// What is still to be told of a journal that tells of `A acknowledged`, `B resolved`, ...
    fn calming(told: &[&str]) -> Vec<String> {
        let change = |(n, line): (usize, &&str)| {
            let (incident, word) = line.split_once(' ').unwrap();
            let reason = "r".to_owned();
            let what = match word {
                "acknowledged" => What::Acknowledged,
                "resolved" => What::Resolved { reason },
                "noted" => What::Noted { text: reason },
                json => serde_json::from_str(json).unwrap(),
            };
            let at = Timestamp::from_millis(n as i64 * 1000);
            let event_id = format!("{incident}:{n}");
            incident::Change {
                at,
                incident: incident.into(),
                brief: brief(at, false),
                event_id,
                by: None,
                what,
            }
        };
        let changes: Vec<incident::Change> = told.iter().enumerate().map(change).collect();
        let notices = Notice::calming(&incident::entries(&changes, &Who::default()));
        notices.iter().map(|notice| format!("{} {}", notice.key, notice.change.word())).collect()
    }

    #[test]
    fn only_the_last_word_on_an_incident_is_still_to_be_told() {
        let reopened = r#"A {"what":"reopened","flaps":1,"answer_by":"1970-01-01T00:00:00Z","escalate_at":"1970-01-01T00:00:00Z"}"#;
        for (told, expected) in [
            (&[][..], &[][..]),
            (&["A noted"], &[]),
            (&["A acknowledged"], &["A:0 acknowledged"]),
            (&["A acknowledged", "A resolved", "A noted"], &["A:1 resolved"]),
            (&["B acknowledged", "A resolved"], &["A:1 resolved", "B:0 acknowledged"]),
            (&["A resolved", reopened], &[]),
            (&["A resolved", reopened, "A acknowledged"], &["A:2 acknowledged"]),
        ] {
            assert_eq!(calming(told), expected, "{told:?}");
        }
    }

    #[test]
    fn of_what_is_silenced_here_only_the_end_is_told() {
        let at = Timestamp::from_millis(0);
        for (what, told) in
            [(What::Acknowledged, None), (What::Resolved { reason: "r".to_owned() }, Some(Change::Resolved))]
        {
            let change = incident::Change {
                at,
                incident: "A".into(),
                brief: brief(at, true),
                event_id: "A:1".to_owned(),
                by: None,
                what,
            };
            assert_eq!(Notice::of(&change).map(|notice| notice.change), told);
        }
    }
}
