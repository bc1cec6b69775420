//! What stands between an operator and the door: the menu, what is being filled in, the box that asks, acts under way,
//! and the ledger of what was done.
//!
//! Nothing here decides whether anything may be sent: [`crate::action::authorize`] does. What it let through waits in a
//! queue that only the loop empties; it is used up by sending and cannot be copied.

mod cost;
mod run;
mod trace;

pub use run::{KEPT_LINES, Run};

use super::Model;
use crate::action::confirm::Confirm;
use crate::action::ledger::Act;
use crate::action::spec::CheckKind;
use crate::action::{Action, Authorized, Checked, Choice, Facts, Ledger, Policy, Proposal, Typed};
use crate::journal::{Category, Entry};
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The most acts of this session that are kept with their steps.
const RUNS: usize = 32;

/// How often a box that counts down, or an act under way, is drawn anew.
const STEP: Duration = Duration::from_secs(1);

/// How often to look whether a second person has approved what waits.
pub const LOOK: Duration = Duration::from_secs(2);

/// Everything about actions that is not of one service's figures.
#[derive(Debug)]
pub struct Acts {
    /// What the journal tells.
    pub ledger: Ledger,
    /// What stands over the screen and takes the keys.
    pub over: Option<Over>,
    /// Acts of this session, the oldest first.
    pub runs: Vec<Run>,
    /// Until when leaving is meant although an act is under way.
    pub leaving: Timestamp,
    /// When what happens now happened: for a key or a paste, when it was read from the terminal, which the loop may be late
    /// for. What arrived before the box was opened, or all at once, is told by it.
    pub heard_at: Timestamp,
    /// Bits that differ from start to start: two proposals of one millisecond must not share an id.
    pub salt: u64,
    made: u64,
    /// What the environments allowed at the start: a reload may only lower it.
    started: BTreeMap<Arc<str>, Policy>,
    outbox: Vec<Authorized>,
}

/// What stands over the screen.
#[derive(Debug)]
pub enum Over {
    /// What can be done to a service.
    Menu(Menu),
    /// The parameters of an action.
    Fill(Box<Fill>),
    /// The box that asks.
    Ask(Box<Ask>),
    /// An act under way or over, by its proposal's id.
    Run(String),
}

/// What can be done to a service.
#[derive(Clone, Debug)]
pub struct Menu {
    /// The service.
    pub service: Arc<str>,
    /// The incident that it is for.
    pub incident: Option<String>,
    /// The actions, and why one is not let through now.
    pub items: Vec<(Arc<Action>, Option<String>)>,
    /// The one that is selected.
    pub index: usize,
}

/// The parameters of an action, one after the other.
#[derive(Clone, Debug)]
pub struct Fill {
    /// What is to be done.
    pub action: Arc<Action>,
    /// To which service.
    pub service: Arc<str>,
    /// The incident that it is for.
    pub incident: Option<String>,
    /// What was given.
    pub values: BTreeMap<String, String>,
    /// What the endpoints list, or why they do not; those not in here were not asked or have not answered.
    pub lists: BTreeMap<String, Result<Vec<Choice>, Clean>>,
    /// Endpoints that were asked.
    pub asked: Vec<String>,
    /// The parameter that is being chosen: its place in the action.
    pub param: Option<usize>,
    /// What is typed of it.
    pub text: String,
    /// The row that is selected of a list.
    pub index: usize,
    /// The reason, where one was given with the command.
    pub reason: String,
    /// Why what was given will not do.
    pub said: Option<String>,
}

impl Fill {
    /// The values that can be chosen of parameter `index`, with those that hold what is typed only.
    pub fn choices(&self, index: usize) -> Vec<Choice> {
        use crate::action::spec::ParamKind;
        let Some(param) = self.action.params.get(index) else { return Vec::new() };
        let plain = |word: &String| Choice {
            value: word.clone(),
            json: Value::from(word.as_str()),
            label: Clean::new(word),
            current: false,
            since: None,
            carried: serde_json::Map::new(),
        };
        let all = match &param.kind {
            ParamKind::Free { .. } => Vec::new(),
            ParamKind::OneOf(words) => words.iter().map(plain).collect(),
            ParamKind::Listed(_) => {
                self.lists.get(&param.name).and_then(|it| it.clone().ok()).unwrap_or_default()
            }
        };
        all.into_iter().filter(|choice| choice.value.contains(&self.text)).collect()
    }
}

/// The box that asks.
#[derive(Debug)]
pub struct Ask {
    /// What is proposed.
    pub proposal: Proposal,
    /// Where keys go.
    pub confirm: Confirm,
    /// Pre-checks that ask an endpoint, as they came out last.
    pub checks: Vec<Checked>,
    /// How often they have been asked for and are not here yet.
    pub pending: u32,
    /// Confirmed; the pre-checks are made once more before it is sent.
    pub typed: Option<Typed>,
    /// Why what was done did not count, or why the door did not open.
    pub said: Option<String>,
    /// Lines that are scrolled out at the top.
    pub scroll: usize,
}

impl Ask {
    /// Does a pre-check ask an endpoint?
    pub fn asks_endpoints(&self) -> bool {
        self.proposal.action().checks.iter().any(|check| matches!(check.kind, CheckKind::Ask { .. }))
    }
}

impl Acts {
    /// Nothing was done yet. `policies`: what the environments allow now, and at most from now on.
    pub fn new(policies: &BTreeMap<Arc<str>, Policy>) -> Self {
        Self {
            ledger: Ledger::default(),
            over: None,
            runs: Vec::new(),
            leaving: Timestamp::default(),
            heard_at: Timestamp::default(),
            salt: 0,
            made: 0,
            started: policies.clone(),
            outbox: Vec::new(),
        }
    }

    /// Bits for the next proposal.
    pub fn nonce(&mut self) -> u64 {
        // SplitMix64 (Steele et al., 2014): numbers that follow each other become unlike.
        self.made += 1;
        let mut z = self.salt.wrapping_add(self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) & 0xffff_ffff
    }

    /// Puts what the door let through where the loop takes it from.
    pub fn put(&mut self, authorized: Authorized, at: Timestamp) {
        if self.runs.len() >= RUNS {
            // One that is over, if there is any.
            let old = self.runs.iter().position(|run| !run.is_live()).unwrap_or(0);
            self.runs.remove(old);
        }
        self.runs.push(Run::new(authorized.proposal().clone(), at));
        self.outbox.push(authorized);
    }

    /// Everything that may be sent: each is given out once.
    pub fn take(&mut self) -> Vec<Authorized> {
        std::mem::take(&mut self.outbox)
    }

    /// How much waits to be sent.
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// The act with that proposal's id, of this session.
    pub fn run(&self, id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.proposal.id() == id)
    }

    /// The same, to change it.
    pub fn run_mut(&mut self, id: &str) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.proposal.id() == id)
    }

    /// Was anything else sent to its service since?
    pub fn disturbed(&self, proposal: &Proposal, since: Timestamp) -> bool {
        self.ledger.acts().iter().rev().any(|act| {
            act.id.as_str() != proposal.id()
                && act.service.as_str() == &**proposal.service()
                && act.last_sent().is_some_and(|at| at >= since)
        })
    }

    /// The act that is under way, the newest.
    pub fn live(&self) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.is_live())
    }

    /// Takes in a line of the journal; false: it says nothing new about an action. Our own lines come twice, from the
    /// act and from the file.
    pub fn record(&mut self, entry: &Entry) -> bool {
        if entry.category != Category::Action {
            return false;
        }
        let text = |name: &str| entry.details.get(name).and_then(Value::as_str).unwrap_or("");
        let known = self.ledger.act(text("id")).is_some_and(|act| {
            let line = act
                .shots
                .iter()
                .find(|line| line.key.as_str() == Clean::new(text("idempotency_key")).as_str());
            match entry.action.as_str() {
                "action.sent" => line.is_some(),
                "action.outcome" => line.is_some_and(|line| line.ended.is_some()),
                "action.verdict" => act.verdict.is_some(),
                "action.refused" => act.refused.is_some(),
                "action.stopped" => act.stopped.is_some(),
                "action.proposed" => act.proposed_at.is_some(),
                "action.approved" => act.approved.is_some(),
                _ => true,
            }
        });
        if !known {
            self.ledger.take(entry);
        }
        !known
    }

    /// When the screen has to be drawn anew because of this, if ever.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let counts = matches!(self.over, Some(Over::Ask(_))) || self.runs.iter().any(Run::is_live);
        let second = counts.then(|| now.floor_to(STEP) + STEP);
        let disarms = match &self.over {
            Some(Over::Ask(ask)) => Some(ask.confirm.disarms_at()),
            _ => None,
        };
        let judged = self.runs.iter().filter_map(|run| run.judge_at).min();
        let waits = self.ledger.open_proposals(now).next().is_some();
        let looks = waits.then(|| now.floor_to(LOOK) + LOOK);
        second.into_iter().chain(looks).chain(disarms).chain(judged).filter(|at| *at > now).min()
    }
}

impl Model {
    /// What may be changed of a service from here, now: its environment's policy, never more generous than it was at the
    /// start; read-only wins.
    pub fn policy(&self, service: &str) -> Policy {
        self.lowered(self.plan.action_policy(service))
    }

    /// The same for a proposal: its environment's policy. That of a silence is the backend's, or that of the service
    /// that its incident is about.
    pub fn policy_of(&self, proposal: &Proposal) -> Policy {
        self.policy_in(proposal.environment().map(|name| &**name))
    }

    /// What may be changed in an environment from here, now; in none: nothing.
    pub fn policy_in(&self, environment: Option<&str>) -> Policy {
        let policy = environment.and_then(|name| self.plan.policies.get(name)).cloned();
        self.lowered(policy.unwrap_or_default())
    }

    fn lowered(&self, mut policy: Policy) -> Policy {
        policy.read_only |= self.read_only;
        let started = policy.environment.as_ref().and_then(|name| self.acts.started.get(name));
        match started {
            Some(started) => policy.lowered_to(started),
            // An environment that a reload brought was not asked for at the start: nothing may be changed there.
            None => Policy::default(),
        }
    }

    /// Where a second person may have approved what waits for one.
    pub fn two_key_folders(&self) -> BTreeSet<PathBuf> {
        let mine = self.acts.ledger.open_proposals(self.now).filter(|act| act.who.user == self.who.user);
        let policies = mine.map(|act| self.policy(act.service.as_str()));
        policies.filter(|policy| policy.two_key.is_some()).map(|policy| policy.two_key_folder).collect()
    }

    /// Can anything be changed from here, after a confirmation?
    pub fn armed(&self) -> bool {
        self.plan.services.iter().any(|service| {
            let policy = self.policy(&service.name);
            !policy.read_only && policy.environment.is_some() && policy.actions != crate::config::Actions::Off
        })
    }

    /// What is true of a service now, with those pre-checks of the action that are expressions, and `asked`, those that
    /// asked an endpoint.
    pub fn facts_for(&self, proposal: &Proposal, asked: &[Checked]) -> Facts {
        let mut facts = self.facts(proposal.service()).unwrap_or_default();
        facts.checks = self.checked(proposal.action());
        facts.checks.extend_from_slice(asked);
        facts
    }

    /// Why an action would not be let through now, as far as that can be said before it is proposed.
    pub fn stands_against(&self, action: &Action, service: &str) -> Option<String> {
        if self.judging.remembering {
            return Some("the journal is still being read".to_owned());
        }
        let environment = action.offer(service).and_then(|offer| offer.environment.as_deref());
        if let Err(why) = self.policy_in(environment).allows(action, &self.who.user, self.now) {
            return Some(why.to_string());
        }
        if let Some(act) = self.acts.ledger.in_flight(service, self.now) {
            return Some(format!("{} is under way", act.title()));
        }
        let last = self.acts.ledger.last_sent(service, &action.name)?;
        let until = last + action.cool_down;
        (self.now < until).then(|| {
            let left = Duration::from_secs(until.since(self.now).as_secs() + 1);
            format!("done a short while ago: cooling down for {}", crate::units::format_duration(left))
        })
    }

    /// The acts of the list: filtered, the newest first.
    pub fn act_rows(&self) -> Vec<&Act> {
        let list = &self.ui.actions;
        let mut rows: Vec<&Act> = self.acts.ledger.acts().iter().rev().collect();
        rows.retain(|act| {
            let texts = [&act.service, &act.action, &act.who.user, &act.reason, &act.environment];
            let verdict = act.verdict.as_ref().map_or("", |(word, _)| word.as_str());
            let outcome = outcome(act, self.now);
            super::ui::passes(&list.filter, texts.into_iter().map(Clean::as_str).chain([verdict, outcome]))
        });
        if list.reversed {
            rows.reverse();
        }
        rows
    }
}

/// How an act stands, in a word.
pub fn outcome(act: &Act, now: Timestamp) -> &'static str {
    use crate::action::How;
    let ended = |how: How| act.shots.iter().any(|line| line.ended.is_some_and(|(it, _)| it == how));
    if act.is_unknown(now) {
        "UNKNOWN"
    } else if act.in_flight(now) {
        "under way"
    } else if ended(How::Failed) {
        "failed"
    } else if ended(How::NotSent) {
        "not sent"
    } else if ended(How::Withdrawn) {
        "withdrawn"
    } else if act.stopped.is_some() {
        "stopped"
    } else if !act.shots.is_empty() {
        "done"
    } else if act.refused.is_some() {
        "refused"
    } else if act.approved.is_some() {
        "approved"
    } else {
        "proposed"
    }
}
