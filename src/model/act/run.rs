//! An act of this session: what was proposed, each step, and what came of it.

use crate::action::{Proposal, Verdict};
use crate::event::{Finished, Step};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::collections::VecDeque;
use std::time::Duration;

/// The most lines that are kept of an act.
pub const KEPT_LINES: usize = 200;

/// An act of this session.
#[derive(Clone, Debug)]
pub struct Run {
    /// What was proposed, with what was true then.
    pub proposal: Proposal,
    /// When it was authorized.
    pub began: Timestamp,
    /// What was told, and when.
    pub lines: VecDeque<(Timestamp, Clean)>,
    /// What it is doing, in a line.
    pub doing: Clean,
    /// Nobody waits for it any longer.
    pub stopped: bool,
    /// How it ended, and when.
    pub finished: Option<(Finished, Timestamp)>,
    /// When it is to be judged.
    pub judge_at: Option<Timestamp>,
    /// Whether it helped.
    pub verdict: Option<Verdict>,
}

impl Run {
    /// It begins.
    pub(super) fn new(proposal: Proposal, at: Timestamp) -> Self {
        Self {
            proposal,
            began: at,
            lines: VecDeque::new(),
            doing: Clean::new("writing the journal's line"),
            stopped: false,
            finished: None,
            judge_at: None,
            verdict: None,
        }
    }

    /// Is it under way?
    pub fn is_live(&self) -> bool {
        self.finished.is_none()
    }

    /// Takes in a step.
    pub fn step(&mut self, step: &Step, at: Timestamp) {
        let (doing, more): (Option<String>, &[Clean]) = match step {
            Step::Sending { turn, of, instance } if *of > 1 => {
                (Some(format!("sent to {instance} ({turn} of {of})")), &[])
            }
            Step::Sending { instance, .. } => (Some(format!("sent to {instance}")), &[]),
            Step::Sent { text, advice, took, .. } => {
                let took = format_duration(Duration::from_millis(took.as_millis() as u64));
                let advice = advice.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
                (Some(format!("{text}, after {took}{advice}")), &[])
            }
            Step::Following(job) => (Some(format!("following job {job}")), &[]),
            Step::Job(state, log) => (Some(format!("job is {state}")), log),
            Step::Waiting(why) => (Some(format!("the job cannot be asked for: {why}")), &[]),
            Step::Settling(limit) => {
                (Some(format!("waiting until it has settled, at most {}", format_duration(*limit))), &[])
            }
            Step::Settled => (Some("settled".to_owned()), &[]),
            Step::Unsettled(why) => (Some(why.to_string()), &[]),
            Step::Over(finished) => {
                self.finished = Some((finished.clone(), at));
                (None, &[])
            }
        };
        for line in more {
            self.line(at, Clean::new(&format!("| {line}")));
        }
        if let Some(text) = doing.map(|text| Clean::new(&text))
            && text != self.doing
        {
            self.line(at, text.clone());
            self.doing = text;
        }
    }

    fn line(&mut self, at: Timestamp, text: Clean) {
        if self.lines.len() >= KEPT_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back((at, text));
    }
}
