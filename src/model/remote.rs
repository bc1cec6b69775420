//! What is known of each backend beside its numbers: who it is, what it would not answer, its own alerts. Plain data.

use crate::plan::{BackendPlan, Plan};
use crate::rules::Standing;
use crate::target::spoken::{Build, ServerRules};
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of a backend.
#[derive(Clone, Debug, Default)]
pub struct BackendState {
    /// Its name.
    pub name: Arc<str>,
    /// Which product answers.
    pub build: Option<Build>,
    /// Is it another product than the configuration says?
    pub mismatch: Option<Clean>,
    /// The newest answer was partial: the server's words.
    pub partial: Option<Clean>,
    /// Questions that it would not answer, by key, with the reason.
    pub wrong: BTreeMap<Arc<str>, Clean>,
    /// How many questions it answered the last time, and how many of them from what it records.
    pub answered: (usize, usize),
    /// The names of its metrics, in order; empty until somebody has wanted to type one.
    pub names: Arc<[Box<str>]>,
    /// Its rules.
    pub rules: Option<Arc<ServerRules>>,
    /// When it was asked for them.
    pub ruled: Option<Timestamp>,
    /// Its alerts, as alerts of ours.
    pub alerts: Vec<Standing>,
}

/// All backends, in the order of the plan.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    /// They.
    pub backends: Vec<BackendState>,
}

impl Remote {
    /// Nothing is known yet.
    pub fn of(plan: &Plan) -> Self {
        let state =
            |backend: &BackendPlan| BackendState { name: Arc::clone(&backend.name), ..Default::default() };
        Self { backends: plan.backends.iter().map(state).collect() }
    }

    /// Takes over another plan: what is known of backends that stay is kept.
    pub fn reload(&mut self, plan: &Plan) {
        let old = std::mem::replace(self, Self::of(plan));
        for state in &mut self.backends {
            if let Some(known) = old.backends.iter().find(|known| known.name == state.name) {
                *state = known.clone();
            }
        }
    }

    /// Why a question was not answered.
    pub fn wrong(&self, key: &str) -> Option<&Clean> {
        self.backends.iter().find_map(|backend| backend.wrong.get(key))
    }
}
