//! Answers that are here already, read as the poller reads those that it fetches: same samples, same judgement.

use super::kit::{Kit, Raw};
use crate::io::http::{Fetched, Trouble};
use crate::target::{Failure, ScrapeReport, Target};
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A target's memory between two of its answers.
#[derive(Debug)]
pub struct Reader {
    target: Arc<Target>,
    generation: u32,
    kit: Kit,
}

impl Reader {
    /// Nothing was read yet.
    pub fn new(target: Arc<Target>, generation: u32) -> Self {
        let kit = Kit::new(&target);
        Self { target, generation, kit }
    }

    /// What the poller would report of this answer, asked for at `at`, after `took`.
    pub fn read(&mut self, at: Timestamp, took: Duration, answer: Result<Fetched, Failure>) -> ScrapeReport {
        let raw = answer.map(Raw::Http).map_err(Trouble::from);
        let outcome = self.kit.settle(&self.target, at, took, raw);
        ScrapeReport {
            target: self.target.id,
            generation: self.generation,
            at,
            took,
            outcome: outcome.answer,
            samples: outcome.samples,
            observation: outcome.observation,
            not_before: None,
            retry_after: outcome.retry_after,
        }
    }
}
