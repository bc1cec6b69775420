//! A group in service: its rules, its clock, and how far the evaluation under way has come.

use super::alert::Origin;
use super::clock::Clock;
use super::file::{Group, Rule};
use super::run::{RuleStatus, Running};
use super::set::Placed;
use crate::labels::Labels;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How a group fares, for a screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupStatus {
    /// The moment of the last evaluation.
    pub at: Option<Timestamp>,
    /// How long it took, as far as the caller has measured it.
    pub took: Duration,
    /// Evaluations that were done.
    pub evaluations: u64,
    /// Evaluations that were due while nobody came.
    pub missed: u64,
}

/// A group in service.
pub(super) struct Serving {
    /// The index of its set.
    pub(super) set: usize,
    pub(super) origin: Origin,
    /// What was read; its rules have moved to `rules`.
    pub(super) group: Group,
    pub(super) clock: Clock,
    pub(super) rules: Vec<Running>,
    pub(super) under_way: Option<UnderWay>,
    pub(super) status: GroupStatus,
    /// The state of an earlier run is still to be found.
    pub(super) restores: bool,
}

/// An evaluation that is not complete.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    pub(super) at: Timestamp,
    pub(super) next: usize,
    pub(super) stage: Stage,
    pub(super) changed: bool,
    pub(super) took: Duration,
}

/// What is done with the next rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Evaluate,
    Restore,
}

impl Serving {
    /// Takes a group into service.
    pub(super) fn new(placed: Placed, set: usize, set_name: &str, usual: Duration, restores: bool) -> Self {
        let Placed { origin, mut group } = placed;
        let file = match &origin {
            Origin::File { file, .. } => file,
            Origin::BuiltIn => "builtin",
            Origin::Slo(name) | Origin::Backend(name) => name,
        };
        let clock = Clock::new(group.interval.unwrap_or(usual), set_name, file, &group.name);
        let rules = std::mem::take(&mut group.rules);
        let rules = rules.into_iter().map(|rule| Running::new(rule, &group.labels, !restores)).collect();
        let status = GroupStatus::default();
        Self { set, origin, group, clock, rules, under_way: None, status, restores }
    }

    /// Begins an evaluation, unless one is under way.
    pub(super) fn begin(&mut self, at: Timestamp) -> bool {
        if self.under_way.is_some() {
            return false;
        }
        let stage = Stage::Evaluate;
        self.under_way = Some(UnderWay { at, next: 0, stage, changed: false, took: Duration::ZERO });
        true
    }

    /// Is this the same group as the one that `other` serves, wherever its file has moved to?
    pub(super) fn is(&self, other: &Self) -> bool {
        self.origin == other.origin && self.group.name == other.group.name
    }

    /// Takes over what the same group knew before a reload. What nobody takes over is returned: its series end.
    ///
    /// Rules are known by name and labels, as in Prometheus; of equal ones the first takes from the first.
    pub(super) fn inherit(&mut self, old: Self) -> Vec<Labels> {
        self.clock.follow(old.clock);
        self.status = old.status;
        self.restores = old.restores;
        let mut left: VecDeque<Option<Running>> = old.rules.into_iter().map(Some).collect();
        for running in &mut self.rules {
            let same = |old: &&mut Option<Running>| {
                old.as_ref().is_some_and(|old| is_same(&old.rule, &running.rule))
            };
            let Some(old) = left.iter_mut().find(same).and_then(Option::take) else { continue };
            running.outputs = old.outputs;
            running.active = old.active;
            running.restored = old.restored;
            running.status =
                RuleStatus { error: old.status.error.filter(|_| old.rule == running.rule), ..old.status };
        }
        left.into_iter().flatten().flat_map(|old| old.outputs).collect()
    }

    /// Its name.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.group.name
    }
}

fn is_same(one: &Rule, other: &Rule) -> bool {
    std::mem::discriminant(&one.kind) == std::mem::discriminant(&other.kind)
        && one.name() == other.name()
        && one.labels == other.labels
}
