//! What was heard and written, for looking back: what each target said, and since when; the journal's lines of this
//! session; how services stood. Plain data, capped; numbers are not in here, they are in the store.
//!
//! What a target says is kept as runs: the same answer again and again is one entry with a first and a last time. So a
//! quiet fleet costs nothing, and what is kept is what changed.

use super::rows::TargetRow;
use crate::incident::Change;
use crate::journal::Entry;
use crate::plan::Plan;
use crate::target::Told;
use crate::target::health::State;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;

/// The most runs of one target; the oldest go.
pub const MOST_RUNS: usize = 400;
/// The most journal lines that are kept; the oldest go.
pub const MOST_ENTRIES: usize = 20_000;
/// The most changes of state of one service that are kept.
const MOST_STATES: usize = 400;

/// What the targets said, and what was written, as far back as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// By target id: its runs, the oldest first.
    pub targets: Vec<VecDeque<Told>>,
    /// The journal's lines, in the order of the journal; with what each one changes, if it is about an incident.
    pub entries: VecDeque<(Entry, Option<Change>)>,
    /// By the index of the service: when it began to be in which state, the oldest first.
    pub states: Vec<VecDeque<(Timestamp, State)>>,
}

impl Log {
    /// A log for the targets and services of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            targets: vec![VecDeque::new(); plan.targets.len()],
            entries: VecDeque::new(),
            states: vec![VecDeque::new(); plan.services.len()],
        }
    }

    /// Other targets and services, from now on: those that stay keep what is known of them. `targets` and `services` say
    /// which index the new ones had before.
    pub fn reload(&mut self, targets: &[Option<usize>], services: &[Option<usize>]) {
        fn moved<T: Default>(old: &mut [T], places: &[Option<usize>]) -> Vec<T> {
            places
                .iter()
                .map(|place| place.and_then(|at| old.get_mut(at)).map(std::mem::take).unwrap_or_default())
                .collect()
        }
        self.targets = moved(&mut self.targets, targets);
        self.states = moved(&mut self.states, services);
    }

    /// Takes in what a target's row says after a poll.
    pub fn hear(&mut self, target: usize, row: &TargetRow) {
        let (Some(runs), Some(at)) = (self.targets.get_mut(target), row.asked) else { return };
        let outcome = match (&row.failure, &row.answer) {
            (Some(failure), _) => Err(failure),
            (None, Some(answer)) => Ok(answer),
            (None, None) => return,
        };
        let observation = outcome.is_ok().then_some(row.observation.as_ref()).flatten();
        let took = row.took.unwrap_or_default();
        if let Some(last) = runs.back_mut().filter(|last| last.says(outcome, observation, row.build.as_ref()))
        {
            last.until = last.until.max(at);
            last.took = took;
            return;
        }
        if runs.len() >= MOST_RUNS {
            runs.pop_front();
        }
        runs.push_back(Told {
            at,
            until: at,
            took,
            outcome: outcome.cloned().map_err(Clone::clone),
            observation: observation.cloned().map(Arc::new),
            build: row.build.clone(),
        });
    }

    /// Takes in lines of the journal.
    pub fn write(&mut self, entries: &[Entry]) {
        for entry in entries {
            if self.entries.len() >= MOST_ENTRIES {
                self.entries.pop_front();
            }
            self.entries.push_back((entry.clone(), Change::parse(entry)));
        }
    }

    /// A service is in this state from now on.
    pub fn stands(&mut self, service: usize, at: Timestamp, state: State) {
        let Some(states) = self.states.get_mut(service) else { return };
        if states.back().is_some_and(|(_, known)| *known == state) {
            return;
        }
        if states.len() >= MOST_STATES {
            states.pop_front();
        }
        states.push_back((at, state));
    }

    /// Since when a service was in the state in which it was at `at`, if that is known.
    pub fn since(&self, service: usize, at: Timestamp, state: State) -> Option<Timestamp> {
        let states = self.states.get(service)?;
        let (since, known) = states.iter().rev().find(|(since, _)| *since <= at)?;
        (*known == state).then_some(*since)
    }

    /// The runs of a target.
    pub fn runs(&self, target: usize) -> impl DoubleEndedIterator<Item = &Told> {
        self.targets.get(target).into_iter().flatten()
    }

    /// The lines up to `at`, in the order of the journal.
    pub fn until(&self, at: Timestamp) -> impl Iterator<Item = &(Entry, Option<Change>)> {
        self.entries.iter().filter(move |(entry, _)| entry.at <= at)
    }

    /// The oldest moment of which a target said anything.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.targets.iter().filter_map(|runs| runs.front().map(|told| told.at)).min()
    }

    /// Forgets what ended before `at`; lines of the journal stay, they are few.
    pub fn forget_before(&mut self, at: Timestamp) {
        for runs in &mut self.targets {
            while runs.front().is_some_and(|told| told.until < at) {
                runs.pop_front();
            }
        }
    }
}
