//! What is true of a service when something is proposed, and again when it is to be sent.

use crate::target::BreakerState;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;

/// What is true of a service. The shell fills it from the same model that the screen shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// When it was put together.
    pub seen_at: Timestamp,
    /// The plan's generation: a reload may have changed what the action does.
    pub generation: u32,
    /// The service's state.
    pub health: State,
    /// How many of its instances are up, and how many there are.
    pub instances: (u32, u32),
    /// Its version.
    pub version: Option<Clean>,
    /// Breakers that are not closed.
    pub breakers: Vec<(Clean, BreakerState)>,
    /// Its figures.
    pub figures: Figures,
    /// Error budget that is left, as a ratio of the whole; negative: overspent.
    pub budget_left: Option<f64>,
    /// The action's pre-checks.
    pub checks: Vec<Checked>,
}

/// The figures of a service by which an action is judged. None: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Latency in seconds (the quantile that the service's signals give).
    pub p95: Option<f64>,
    /// Ratio of failed requests, 0..=1.
    pub errors: Option<f64>,
    /// Burn rate of the error budget: 1 spends all of it in its window.
    pub burn: Option<f64>,
    /// Messages in its queues.
    pub queue: Option<f64>,
    /// Requests a second.
    pub requests: Option<f64>,
}

/// A pre-check and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its name in the configuration.
    pub name: String,
    /// How it came out.
    pub passed: Passed,
}

/// How a pre-check came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It holds.
    Yes,
    /// It does not, and this was seen.
    No(Clean),
    /// It could not be made.
    Unknown(Clean),
}

impl Facts {
    /// What is different now, so that whoever confirmed would have to know; none if nothing is. Figures drift, so they
    /// do not count; states do.
    pub fn changed(&self, now: &Self) -> Option<String> {
        let version = |facts: &Self| facts.version.clone().unwrap_or_else(|| Clean::new("unknown"));
        if self.generation != now.generation {
            return Some("the configuration was read anew".to_owned());
        }
        if self.health != now.health {
            return Some(format!("the service was {} and is {} now", self.health.word(), now.health.word()));
        }
        if self.version != now.version {
            return Some(format!("the version was {} and is {} now", version(self), version(now)));
        }
        if self.instances != now.instances {
            let (was, is) = (self.instances, now.instances);
            return Some(format!("{} of {} instances were up, {} of {} are now", was.0, was.1, is.0, is.1));
        }
        if self.breakers != now.breakers {
            return Some("breakers have changed their state".to_owned());
        }
        None
    }
}
