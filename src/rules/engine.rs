//! The engine: which groups are due, and their rules one by one. Pure: time is an argument, work comes in units.
//!
//! `begin(now)` queues what is due, `work` does one rule. Groups stand side by side; rules of a group run in order,
//! all at one moment, so that a rule sees what the one before it has recorded.

use super::active::Standing;
use super::alert::{Alert, AlertState, Origin};
use super::file::Rule;
use super::group::{GroupStatus, Serving, Stage};
use super::restore;
use super::run::{RuleStatus, Scene};
use super::set::{Owners, RuleSet};
use crate::labels::Labels;
use crate::promql::Options;
use crate::store::Store;
use crate::target::STALE_NAN;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How all rules are evaluated.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How expressions are evaluated.
    pub options: Options,
    /// The interval of groups that have none.
    pub interval: Duration,
    /// The store has a past: look in it since when alerts are active.
    pub restore: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { options: Options::default(), interval: Duration::from_secs(60), restore: false }
    }
}

/// A group has been evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Where the group comes from.
    pub origin: Origin,
    /// Its name.
    pub group: Arc<str>,
    /// The moment of the evaluation.
    pub at: Timestamp,
    /// Has any of its alerts begun, ended or changed its state?
    pub changed: bool,
}

/// A group, for a screen.
#[derive(Clone, Copy)]
pub struct GroupView<'e> {
    serving: &'e Serving,
}

/// State of all rule groups.
pub struct Engine {
    settings: Settings,
    owners: Owners,
    /// The sets; their groups have moved to `groups`.
    sets: Vec<RuleSet>,
    groups: Vec<Serving>,
    queue: VecDeque<usize>,
    /// The group whose rule was worked on last, and which rule.
    last: Option<(usize, usize)>,
    /// Series of rules that a reload took away: they end with the next evaluation.
    orphans: Vec<Labels>,
    version: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine for these sets; `owners` says whose an alert is.
    pub fn new(sets: Vec<RuleSet>, owners: Owners, settings: Settings) -> Self {
        let mut engine = Self {
            settings,
            owners,
            sets: Vec::new(),
            groups: Vec::new(),
            queue: VecDeque::new(),
            last: None,
            orphans: Vec::new(),
            version: 0,
        };
        engine.groups = engine.serve(sets);
        engine
    }

    fn serve(&mut self, mut sets: Vec<RuleSet>) -> Vec<Serving> {
        let mut groups = Vec::new();
        for (index, set) in sets.iter_mut().enumerate() {
            for placed in std::mem::take(&mut set.groups) {
                let restores = self.settings.restore;
                groups.push(Serving::new(placed, index, &set.name, self.settings.interval, restores));
            }
        }
        self.sets = sets;
        groups
    }

    /// Puts other sets in the place of the present ones. Rules that stay (same set, file and group; same name and
    /// labels) keep their alerts, those that go have their series ended.
    ///
    /// An evaluation that is under way is dropped: the group comes at its next moment.
    pub fn reload(&mut self, sets: Vec<RuleSet>, owners: Owners) {
        let mut old: Vec<Option<Serving>> = std::mem::take(&mut self.groups).into_iter().map(Some).collect();
        self.owners = owners;
        let mut groups = self.serve(sets);
        for group in &mut groups {
            let same = old.iter_mut().find(|old| old.as_ref().is_some_and(|old| old.is(group)));
            if let Some(same) = same.and_then(Option::take) {
                self.orphans.extend(group.inherit(same));
            } else {
                // What begins now has no earlier run that could be found.
                group.restores = false;
                group.rules.iter_mut().for_each(|rule| rule.restored = true);
            }
            let set = self.sets.get(group.set);
            for standing in group.rules.iter_mut().flat_map(|rule| rule.active.values_mut()) {
                standing.services = self.owners.of(&standing.alert.labels);
                standing.severity =
                    set.map_or(standing.severity, |s| s.severities.of(&standing.alert.labels));
            }
        }
        let gone = old.into_iter().flatten().flat_map(|group| group.rules).flat_map(|rule| rule.outputs);
        self.orphans.extend(gone);
        self.groups = groups;
        self.queue.clear();
        self.last = None;
        self.version += 1;
    }

    /// The store has got a past (read from disk): alerts look in it since when they are active, after the second
    /// evaluation of their group, as in Prometheus. Until then they are not written as series.
    pub fn restore(&mut self) {
        for group in self.groups.iter_mut().filter(|group| group.status.evaluations == 0) {
            group.restores = true;
            group.rules.iter_mut().for_each(|rule| rule.restored = false);
        }
    }

    /// When the next group is due, counted from `now`; nothing without groups.
    pub fn next_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.groups
            .iter_mut()
            .filter(|group| group.under_way.is_none())
            .map(|group| group.clock.due(now))
            .min()
    }

    /// Queues the groups that are due at `now`, the one that is due the longest first. A group that missed moments is
    /// evaluated once, for the newest. Says how many were queued.
    pub fn begin(&mut self, now: Timestamp) -> usize {
        let mut due = Vec::new();
        for (index, group) in
            self.groups.iter_mut().enumerate().filter(|(_, group)| group.under_way.is_none())
        {
            let Some((at, missed)) = group.clock.take(now) else { continue };
            group.status.missed += missed;
            if group.begin(at) {
                due.push((at, index));
            }
        }
        due.sort();
        self.queue.extend(due.iter().map(|(_, index)| *index));
        due.len()
    }

    /// Queues all groups for exactly `at`, in their order, whatever their clocks say: for tests of rules and replays.
    pub fn begin_all(&mut self, at: Timestamp) -> usize {
        let mut begun = 0;
        for (index, group) in self.groups.iter_mut().enumerate() {
            if group.begin(at) {
                self.queue.push_back(index);
                begun += 1;
            }
        }
        begun
    }

    /// Is a rule waiting for its turn?
    pub fn has_work(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Evaluates one rule. Says so when that was the last one of its group.
    pub fn work(&mut self, store: &mut Store) -> Option<Finished> {
        let index = *self.queue.front()?;
        self.last = None;
        let Some(group) = self.groups.get_mut(index) else {
            self.queue.pop_front();
            return None;
        };
        let Some(mut under_way) = group.under_way else {
            self.queue.pop_front();
            return None;
        };
        for gone in self.orphans.drain(..) {
            let _ = store.append(&gone, under_way.at, STALE_NAN);
        }
        if let (Some(rule), Some(set)) = (group.rules.get_mut(under_way.next), self.sets.get(group.set)) {
            match under_way.stage {
                Stage::Evaluate => {
                    let scene = Scene {
                        settings: &self.settings,
                        owners: &self.owners,
                        set,
                        origin: &group.origin,
                        group: &group.group.name,
                        limit: group.group.limit,
                        offset: group.group.offset,
                        at: under_way.at,
                    };
                    under_way.changed |= rule.run(store, &scene);
                    self.last = Some((index, under_way.next));
                }
                Stage::Restore => restore::restore(rule, store, under_way.at),
            }
            under_way.next += 1;
        }
        if under_way.next < group.rules.len() {
            group.under_way = Some(under_way);
            return None;
        }
        if under_way.stage == Stage::Evaluate {
            group.status.evaluations += 1;
            // The first evaluation may come before there is anything to evaluate.
            if group.restores && group.status.evaluations >= 2 {
                group.restores = false;
                (under_way.stage, under_way.next) = (Stage::Restore, 0);
                group.under_way = Some(under_way);
                return None;
            }
        }
        group.under_way = None;
        (group.status.at, group.status.took) = (Some(under_way.at), under_way.took);
        self.queue.pop_front();
        self.version += u64::from(under_way.changed);
        let (origin, name) = (group.origin.clone(), group.name().clone());
        Some(Finished { origin, group: name, at: under_way.at, changed: under_way.changed })
    }

    /// How long the last call of [`Engine::work`] took: whoever has a clock tells.
    pub fn took(&mut self, took: Duration) {
        let Some((group, rule)) = self.last.take() else { return };
        let Some(group) = self.groups.get_mut(group) else { return };
        match &mut group.under_way {
            Some(under_way) => under_way.took += took,
            None => group.status.took += took,
        }
        if let Some(rule) = group.rules.get_mut(rule) {
            rule.status.took = took;
        }
    }

    /// All alerts with what they mean here: pending, firing, and resolved in the last quarter of an hour. In no
    /// particular order.
    pub fn standing(&self) -> impl Iterator<Item = &Standing> {
        self.groups.iter().flat_map(|group| &group.rules).flat_map(|rule| rule.active.values())
    }

    /// All alerts, as [`Engine::standing`].
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.standing().map(|standing| &standing.alert)
    }

    /// How many alerts are pending, and how many fire.
    pub fn counts(&self) -> (usize, usize) {
        let of = |state| self.alerts().filter(|alert| alert.state == state).count();
        (of(AlertState::Pending), of(AlertState::Firing))
    }

    /// All groups in their order.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = GroupView<'_>> {
        self.groups.iter().map(|serving| GroupView { serving })
    }

    /// The sets, for their files and problems; their groups are in [`Engine::groups`].
    pub fn sets(&self) -> &[RuleSet] {
        &self.sets
    }

    /// Grows whenever an alert begins, ends or changes its state, and with each reload.
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl<'e> GroupView<'e> {
    /// Its name.
    pub fn name(&self) -> &'e Arc<str> {
        self.serving.name()
    }

    /// Where it comes from.
    pub fn origin(&self) -> &'e Origin {
        &self.serving.origin
    }

    /// How often it is evaluated.
    pub fn interval(&self) -> Duration {
        self.serving.clock.interval
    }

    /// How it fares.
    pub fn status(&self) -> &'e GroupStatus {
        &self.serving.status
    }

    /// Its rules in order: what was read (a group's labels put under the rule's own), how it fares, its alerts.
    pub fn rules(
        &self,
    ) -> impl ExactSizeIterator<Item = (&'e Rule, &'e RuleStatus, Vec<&'e Standing>)> + use<'e> {
        self.serving.rules.iter().map(|running| {
            let mut alerts: Vec<&Standing> = running.active.values().collect();
            alerts.sort_by(|a, b| a.alert.labels.cmp(&b.alert.labels));
            (&running.rule, &running.status, alerts)
        })
    }
}
