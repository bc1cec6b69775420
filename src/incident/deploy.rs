//! Deploys: seen in the versions that instances say they run, or in the colour that takes the traffic.

use super::facts::{ServiceFacts, VersionSource};
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// When it was first seen.
    pub at: Timestamp,
    /// What ran before.
    pub from: String,
    /// What runs now.
    pub to: String,
}

/// What a service runs, and the deploy that brought it there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// Version -> instances that say they run it. More than one: a canary, or a deploy on its way.
    pub versions: BTreeMap<String, usize>,
    /// The colour that takes the traffic, where there is one.
    pub colour: Option<String>,
    /// The newest deploy.
    pub last: Option<Deploy>,
    /// Until when it is watched more closely.
    pub watch_until: Option<Timestamp>,
    /// What ran everywhere before.
    base: Option<String>,
    /// Instance -> the version that it said last.
    known: BTreeMap<Arc<str>, String>,
    /// Where they said so.
    source: VersionSource,
}

/// The most instances that are remembered of one service.
const MOST_INSTANCES: usize = 2_000;

impl Rollout {
    /// A deploy of which only its end is known: how far it had got is not.
    pub(super) fn known(last: Deploy, watch_until: Option<Timestamp>) -> Self {
        Self { last: Some(last), watch_until, ..Self::default() }
    }

    /// Watched more closely at that moment?
    pub fn watched(&self, at: Timestamp) -> bool {
        self.watch_until.is_some_and(|until| until > at) || self.is_mixed()
    }

    /// Do instances run different versions?
    pub fn is_mixed(&self) -> bool {
        self.versions.len() > 1
    }

    /// The newest version and how many of all instances run it, while they differ: a canary.
    pub fn canary(&self) -> Option<(&str, usize, usize)> {
        let to = &self.last.as_ref()?.to;
        let on = *self.versions.get(to).filter(|_| self.is_mixed())?;
        Some((to, on, self.versions.values().sum()))
    }

    /// Takes in what is seen now. Returns a deploy that begins; what is seen first is no deploy.
    pub(super) fn observe(&mut self, facts: &ServiceFacts, at: Timestamp, watch: Duration) -> Option<Deploy> {
        // Another source may write the same version differently: what it says first is no deploy either.
        if self.source != facts.versions_from && !facts.versions.is_empty() {
            self.source = facts.versions_from;
            self.known.clear();
            self.versions.clear();
            self.base = None;
        }
        for (instance, version) in facts.versions.iter().take(MOST_INSTANCES) {
            let version = super::spell::tidy(version.as_str(), 80);
            if !version.is_empty() && (self.known.len() < MOST_INSTANCES || self.known.contains_key(instance))
            {
                self.known.insert(Arc::clone(instance), version);
            }
        }
        // Who says nothing for a moment (it restarts, just now) still counts as what it was; who is not there any more
        // (its name is not among the instances) does not, once anybody speaks.
        if facts.versions.len() as u32 >= facts.instances.1 && !facts.versions.is_empty() {
            self.known.retain(|instance, _| facts.versions.iter().any(|(present, _)| present == instance));
        }
        let mut versions = BTreeMap::new();
        for version in self.known.values() {
            *versions.entry(version.clone()).or_insert(0) += 1;
        }
        let brought = self.version_changed(&versions).or_else(|| self.colour_changed(facts));
        self.versions = versions;
        if let Some(colour) = &facts.colour {
            self.colour = Some(super::spell::tidy(colour.as_str(), 80));
        }
        if self.versions.len() == 1 {
            self.base = self.versions.keys().next().cloned();
        }
        let (from, to) = brought?;
        let deploy = Deploy { at, from, to };
        self.last = Some(deploy.clone());
        self.watch_until = Some(at + watch);
        Some(deploy)
    }

    /// A version that no instance ran a moment ago.
    fn version_changed(&self, now: &BTreeMap<String, usize>) -> Option<(String, String)> {
        if self.versions.is_empty() {
            return None;
        }
        let new = now.keys().find(|version| !self.versions.contains_key(*version))?;
        let most = self.versions.iter().max_by_key(|(_, count)| **count).map(|(version, _)| version);
        let from = self.base.as_ref().filter(|base| *base != new).or(most)?;
        Some((from.clone(), new.clone()))
    }

    fn colour_changed(&self, facts: &ServiceFacts) -> Option<(String, String)> {
        let (old, new) = (self.colour.as_ref()?, facts.colour.as_ref()?);
        let new = super::spell::tidy(new.as_str(), 80);
        (*old != new && !new.is_empty()).then(|| (old.clone(), new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Clean;

    #[test]
    fn another_source_is_no_deploy() {
        use VersionSource::{BuildInfo, Health};
        let mut rollout = Rollout::default();
        let rows = [
            (BuildInfo, "2.1", None),
            (Health, "v2.1", None),
            (Health, "v2.2", Some("v2.2")),
            (BuildInfo, "2.2", None),
            (BuildInfo, "2.1", Some("2.1")),
        ];
        for (minute, (versions_from, version, deploy)) in rows.into_iter().enumerate() {
            let facts = ServiceFacts {
                instances: (1, 1),
                versions: vec![("a".into(), Clean::new(version))],
                versions_from,
                ..ServiceFacts::default()
            };
            let at = Timestamp::from_millis(minute as i64 * 60_000);
            let found = rollout.observe(&facts, at, Duration::from_secs(900));
            assert_eq!(found.map(|deploy| deploy.to).as_deref(), deploy, "minute {minute}");
        }
        assert_eq!(rollout.last.map(|deploy| deploy.to).as_deref(), Some("2.1"));
    }

    /// Minute, versions of a, b, c ("" says nothing), colour -> deploy, canary.
    type Row =
        (i64, [&'static str; 3], &'static str, Option<(&'static str, &'static str)>, Option<(usize, usize)>);

    #[test]
    fn versions_and_colours_tell_of_deploys() {
        let mut rollout = Rollout::default();
        let watch = Duration::from_secs(900);
        let rows: [Row; 8] = [
            (0, ["v1", "v1", "v1"], "", None, None),
            (1, ["v1", "v1", "v1"], "", None, None),
            // A canary, which is silent for a moment and comes back: one deploy.
            (2, ["v2", "v1", "v1"], "", Some(("v1", "v2")), Some((1, 3))),
            (3, ["", "v1", "v1"], "", None, Some((1, 3))),
            (4, ["v2", "v2", "v1"], "", None, Some((2, 3))),
            (5, ["v2", "v2", "v2"], "blue", None, None),
            // Traffic goes to the other colour, and the version goes back.
            (30, ["v2", "v2", "v2"], "green", Some(("blue", "green")), None),
            (60, ["v1", "v1", "v1"], "green", Some(("v2", "v1")), None),
        ];
        for (minute, versions, colour, deploy, canary) in rows {
            let at = Timestamp::from_millis(minute * 60_000);
            let said = ["a", "b", "c"].into_iter().zip(versions).filter(|(_, version)| !version.is_empty());
            let facts = ServiceFacts {
                instances: (3, 3),
                versions: said.map(|(name, version)| (name.into(), Clean::new(version))).collect(),
                colour: (!colour.is_empty()).then(|| Clean::new(colour)),
                ..ServiceFacts::default()
            };
            let found = rollout.observe(&facts, at, watch).map(|deploy| (deploy.from, deploy.to));
            assert_eq!(found, deploy.map(|(from, to)| (from.to_owned(), to.to_owned())), "minute {minute}");
            assert_eq!(rollout.canary().map(|(_, on, all)| (on, all)), canary, "minute {minute}");
        }
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        assert!(rollout.watched(at(74)) && !rollout.watched(at(75)));
    }
}
