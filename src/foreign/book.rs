//! Everything that other systems tell, and how it belongs to our incidents.

use super::alertmanager::Silence;
use super::cluster::{Foreign, Picture};
use super::pagerduty::{OnCall, PagerIncident};
use super::silence::{is_ours, mark, shown};
use crate::incident::{AlertNote, Incident};
use crate::labels::Labels;
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An alert of theirs: backend, name there.
type There = (Arc<str>, Box<str>);

/// What is known of all backends.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pictures: BTreeMap<Arc<str>, Arc<Picture>>,
    /// Alerts of ours that another system has as well: the name within incidents of ours -> backend, name there.
    twins: FxHashMap<Box<str>, Vec<There>>,
    /// Those alerts of theirs: backend, name there.
    ours: FxHashSet<There>,
    /// Acts whose outcome nobody knows: the pictures will tell.
    waiting: Vec<Step>,
}

/// An act on another system, as far as it concerns an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The proposal's id: what a silence's comment is marked with.
    pub key: String,
    /// The backend.
    pub backend: Arc<str>,
    /// The incident.
    pub incident: Arc<str>,
    /// PagerDuty's incident, if it is about one.
    pub page: Option<Box<str>>,
    /// Since when nobody knows.
    pub since: Timestamp,
}

/// Why nobody is told of an alert where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// `SILENCED`, `INHIBITED` or `MUTED`.
    pub word: &'static str,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
    /// By whom or by what.
    pub by: Clean,
    /// What was said about it; may be empty.
    pub comment: String,
}

impl Book {
    /// Takes in what a backend tells.
    pub fn take(&mut self, picture: Arc<Picture>) {
        self.pictures.insert(Arc::clone(&picture.backend), picture);
    }

    /// Forgets backends that are not among these.
    pub fn keep(&mut self, names: &[Arc<str>]) {
        self.pictures.retain(|name, _| names.contains(name));
        self.waiting.retain(|step| names.contains(&step.backend));
    }

    /// What each backend told last, in order of name.
    pub fn pictures(&self) -> impl Iterator<Item = &Arc<Picture>> {
        self.pictures.values()
    }

    /// What a backend told last.
    pub fn picture(&self, backend: &str) -> Option<&Arc<Picture>> {
        self.pictures.get(backend)
    }

    /// Backends that do not answer, of these; one that was never heard does not answer either.
    pub fn deaf(&self, names: &[Arc<str>]) -> Vec<String> {
        let silent = |name: &&Arc<str>| self.pictures.get(*name).is_none_or(|picture| picture.deaf);
        names.iter().filter(silent).map(ToString::to_string).collect()
    }

    /// Finds the alerts that are ours as well. `own`: name, labels and names within incidents of our own that fire.
    pub fn match_own<'a>(&mut self, own: impl Iterator<Item = (&'a Labels, Vec<Box<str>>)>) {
        self.twins.clear();
        self.ours.clear();
        let mut theirs: FxHashMap<&Labels, Vec<(&Arc<str>, &Foreign)>> = FxHashMap::default();
        for picture in self.pictures.values().filter(|picture| picture.pager.is_none()) {
            for alert in &picture.alerts {
                theirs.entry(&alert.bare).or_default().push((&picture.backend, alert));
            }
        }
        if theirs.is_empty() {
            return;
        }
        for (labels, notes) in own {
            let Some(same) = theirs.get(labels) else { continue };
            for note in notes {
                let known = self.twins.entry(note).or_default();
                self.ours.extend(
                    same.iter().map(|(backend, alert)| (Arc::clone(backend), alert.fingerprint.clone())),
                );
                known.extend(
                    same.iter().map(|(backend, alert)| (Arc::clone(backend), alert.fingerprint.clone())),
                );
            }
        }
    }

    /// Are any of our own alerts known elsewhere as well?
    pub fn has_twins(&self) -> bool {
        !self.twins.is_empty()
    }

    /// Does another system hold this alert of ours back? Not while that system does not answer.
    pub fn holds_back(&self, note: &str) -> bool {
        let mut found = self.twins.get(note).into_iter().flatten().filter_map(|(backend, fingerprint)| {
            let picture = self.pictures.get(backend).filter(|picture| !picture.deaf)?;
            picture.alerts.iter().find(|alert| alert.fingerprint == *fingerprint)
        });
        found.next().is_some_and(|first| first.suppressed && found.all(|alert| alert.suppressed))
    }

    /// The alerts of other systems that an alert within an incident stands for.
    pub fn of_note(&self, note: &AlertNote) -> Vec<(&Arc<Picture>, &Foreign)> {
        let mut out = Vec::new();
        for picture in self.pictures.values() {
            let at = picture.by_note.get(note.fingerprint.as_str());
            out.extend(at.and_then(|at| picture.alerts.get(*at)).map(|alert| (picture, alert)));
        }
        for (backend, fingerprint) in self.twins.get(note.fingerprint.as_str()).into_iter().flatten() {
            let Some(picture) = self.pictures.get(backend) else { continue };
            let found = picture.alerts.iter().find(|alert| alert.fingerprint == *fingerprint);
            out.extend(found.map(|alert| (picture, alert)));
        }
        out
    }

    /// The alerts of other systems behind an incident that fire, each once; those of PagerDuty are not among them.
    pub fn of_incident(&self, incident: &Incident) -> Vec<(&Arc<Picture>, &Foreign)> {
        let mut out: Vec<(&Arc<Picture>, &Foreign)> = Vec::new();
        // What we sent there about it: whoever silences the incident means that as well.
        let sent = self.pictures.values().flat_map(|picture| {
            let own = picture.alerts.iter().filter(|alert| {
                is_own(&alert.alert.labels) && alert.alert.labels.get("incident") == Some(&*incident.id)
            });
            own.map(move |alert| (picture, alert))
        });
        for (picture, alert) in incident.firing().flat_map(|note| self.of_note(note)).chain(sent) {
            let known = |(other, one): &(&Arc<Picture>, &Foreign)| {
                other.backend == picture.backend && one.fingerprint == alert.fingerprint
            };
            if picture.pager.is_none() && !out.iter().any(known) {
                out.push((picture, alert));
            }
        }
        out
    }

    /// Why nobody is told of an alert.
    pub fn why(&self, picture: &Picture, alert: &Foreign) -> Option<Suppressed> {
        if !alert.suppressed {
            return None;
        }
        // Of several silences the one that ends last tells when it is heard again.
        let silences = alert.silenced_by.iter().filter_map(|id| picture.silences.get(id));
        if let Some(silence) = silences.max_by_key(|silence| silence.ends_at) {
            return Some(Suppressed {
                word: "SILENCED",
                until: Some(silence.ends_at),
                by: silence.created_by.clone(),
                comment: shown(&silence.comment),
            });
        }
        let made = |word, by: &str| {
            Some(Suppressed { word, until: None, by: Clean::new(by), comment: String::new() })
        };
        if let Some(id) = alert.silenced_by.first() {
            return made("SILENCED", &format!("silence {id}"));
        }
        if let Some(by) = alert.inhibited_by.first() {
            let source = picture.alerts.iter().find(|other| other.fingerprint == *by);
            return made("INHIBITED", source.map_or(&**by, |source| &*source.alert.name));
        }
        made("MUTED", alert.muted_by.first().map_or("a time interval", |name| &**name))
    }

    /// Why nobody is told of an incident: all of its alerts that fire are held back where they come from. Of several
    /// reasons the one that ends first.
    pub fn silenced(&self, incident: &Incident) -> Option<Suppressed> {
        let mut found: Option<Suppressed> = None;
        for note in incident.firing() {
            let behind = self.of_note(note);
            let why = behind.iter().map(|(picture, alert)| self.why(picture, alert));
            let why: Option<Vec<Suppressed>> = why.collect();
            for one in why.filter(|all| !all.is_empty())? {
                let sooner = |known: &Suppressed| match (one.until, known.until) {
                    (Some(one), Some(known)) => one < known,
                    (Some(_), None) => true,
                    _ => false,
                };
                if found.as_ref().is_none_or(sooner) {
                    found = Some(one);
                }
            }
        }
        found
    }

    /// Alerts that nobody is told of, and that none of these incidents has: what ends being held back first comes first,
    /// what has no end last.
    pub fn held_alone(&self, open: &[&Incident]) -> Vec<(&Picture, &Foreign, Suppressed)> {
        let behind: FxHashSet<(&str, &str)> = open
            .iter()
            .flat_map(|incident| self.of_incident(incident))
            .map(|(picture, alert)| (&*picture.backend, &*alert.fingerprint))
            .collect();
        let mut out: Vec<(&Picture, &Foreign, Suppressed)> = Vec::new();
        for picture in self.pictures.values() {
            let held = picture.alerts.iter().filter(|alert| alert.suppressed);
            for alert in held.filter(|it| !behind.contains(&(&*picture.backend, &*it.fingerprint))) {
                out.extend(self.why(picture, alert).map(|why| (&**picture, alert, why)));
            }
        }
        out.sort_by(|(_, a, one), (_, b, other)| {
            let end = |why: &Suppressed| (why.until.is_none(), why.until);
            (end(one), &a.alert.name, &a.fingerprint).cmp(&(end(other), &b.alert.name, &b.fingerprint))
        });
        out
    }

    /// Silences that a warroom made for an incident: those that hold back its alerts.
    pub fn ours(&self, incident: &Incident) -> Vec<(Arc<Picture>, Silence)> {
        let mut out: Vec<(Arc<Picture>, Silence)> = Vec::new();
        for (picture, alert) in self.of_incident(incident) {
            let silences = alert.silenced_by.iter().filter_map(|id| picture.silences.get(id));
            for silence in silences.filter(|silence| is_ours(silence)) {
                if !out.iter().any(|(_, known)| known.id == silence.id) {
                    out.push((Arc::clone(picture), silence.clone()));
                }
            }
        }
        out
    }

    /// PagerDuty's incidents that are this one: opened under its id, by an alert of it, or by itself.
    pub fn pages<'b>(&'b self, incident: &Incident) -> Vec<(&'b Arc<Picture>, &'b PagerIncident)> {
        let id = crate::notification::dedup_key(&incident.id);
        let theirs: Vec<&Labels> =
            self.of_incident(incident).into_iter().map(|(_, alert)| &alert.alert.labels).collect();
        let mut out = Vec::new();
        for picture in self.pictures.values() {
            for (at, page) in picture.pager.iter().flat_map(|pager| &pager.incidents).enumerate() {
                let own = picture.alerts.get(at).is_some_and(|alert| {
                    incident.firing().any(|note| alert.notes.iter().any(|known| **known == *note.fingerprint))
                });
                let same = page.alerts.iter().any(|labels| theirs.contains(&labels));
                if own || same || page.key == id {
                    out.push((picture, page));
                }
            }
        }
        out
    }

    /// The alerts of a picture that are incidents of their own: not those that we evaluate ourselves, nor those that we
    /// sent there, nor incidents of PagerDuty that we, or Alertmanager, opened there. `is_incident`: is that the id of
    /// an incident of ours?
    pub fn news<'b>(
        &'b self,
        picture: &'b Picture,
        is_incident: impl Fn(&str) -> bool + 'b,
    ) -> impl Iterator<Item = &'b Foreign> {
        let told: FxHashSet<&Labels> = if picture.pager.is_some() {
            let others = self.pictures.values().filter(|picture| picture.pager.is_none());
            others.flat_map(|picture| &picture.alerts).map(|alert| &alert.alert.labels).collect()
        } else {
            FxHashSet::default()
        };
        picture.alerts.iter().enumerate().filter_map(move |(at, alert)| {
            let known = match picture.pager.as_ref().and_then(|pager| pager.incidents.get(at)) {
                Some(page) => {
                    is_incident(&page.key) || page.alerts.iter().any(|labels| told.contains(labels))
                }
                None => {
                    is_own(&alert.alert.labels)
                        || self.ours.contains(&(Arc::clone(&picture.backend), alert.fingerprint.clone()))
                }
            };
            (!known).then_some(alert)
        })
    }

    /// Does another system say anything of it?
    pub fn tells_of(&self, incident: &Incident) -> bool {
        !self.of_incident(incident).is_empty()
            || !self.pages(incident).is_empty()
            || !self.on_call(incident).is_empty()
    }

    /// Who is on call for an incident: by the escalation policies of its pages; without any, all that were asked for.
    pub fn on_call(&self, incident: &Incident) -> Vec<&OnCall> {
        let pages = self.pages(incident);
        let pagers = self.pictures.values().filter_map(|picture| picture.pager.as_deref());
        let mut out: Vec<&OnCall> = pagers
            .flat_map(|pager| &pager.on_call)
            .filter(|one| pages.is_empty() || pages.iter().any(|(_, page)| page.policy == one.policy.0))
            .collect();
        out.sort_by(|a, b| (a.level, &a.policy.1, &a.who).cmp(&(b.level, &b.policy.1, &b.who)));
        out.dedup_by(|a, b| a.who == b.who && a.level == b.level);
        out
    }

    /// Alerts that nobody is told of, by the word for why: how many.
    pub fn held_back(&self) -> [(&'static str, usize); 3] {
        let count = |of: fn(&Foreign) -> bool| {
            self.pictures
                .values()
                .flat_map(|picture| &picture.alerts)
                .filter(|it| it.suppressed && of(it))
                .count()
        };
        [
            ("silenced", count(|it| !it.silenced_by.is_empty())),
            ("inhibited", count(|it| it.silenced_by.is_empty() && !it.inhibited_by.is_empty())),
            ("muted", count(|it| it.silenced_by.is_empty() && it.inhibited_by.is_empty())),
        ]
    }

    /// Nobody knows whether this was done: the next pictures will tell.
    pub fn wait_for(&mut self, step: Step) {
        self.waiting.push(step);
    }

    /// Acts of which a picture now tells whether they were done: those that were, and those that were not. A picture
    /// that is older than the act says nothing.
    pub fn found_out(&mut self, backend: &str) -> Vec<(Step, bool)> {
        let Some(picture) = self.pictures.get(backend).filter(|picture| !picture.deaf).cloned() else {
            return Vec::new();
        };
        let (told, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|step: &Step| *step.backend == *backend && picture.at > step.since);
        self.waiting = waiting;
        let told: Vec<Step> = told;
        let find = |step: Step| {
            let done = if let (Some(id), Some(pager)) = (&step.page, &picture.pager) {
                // What is not open any more was not left alone.
                pager.incidents.iter().find(|page| page.id == *id).is_none_or(|page| page.acknowledged)
            } else {
                let mark = mark(&step.key);
                picture.silences.values().any(|silence| silence.comment.contains(&mark))
            };
            (step, done)
        };
        told.into_iter().map(find).collect()
    }
}

/// Is it an alert that `notify.NAME` of a warroom sent there?
fn is_own(labels: &Labels) -> bool {
    labels.get("alertname") == Some("WarroomIncident") && labels.get("incident").is_some()
}
