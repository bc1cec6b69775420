//! Which trouble comes when: the scripts of the scenarios, in virtual seconds. Data only; the world plays it.

use std::fmt;
use std::str::FromStr;

/// What the demo's fleet goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// The whole tour, again and again.
    #[default]
    Story,
    /// Nothing happens.
    Steady,
    /// A bad version of checkout stays until it is rolled back.
    BadDeploy,
    /// Search loses its cache until it is flushed.
    CacheLost,
    /// The card network behind payments is slow every now and then.
    DependencySlow,
    /// Payments fail so often that checkout's breaker opens.
    BreakerOpens,
    /// The worker is stuck until it is restarted.
    QueueBacksUp,
    /// Inventory and one gateway refuse connections; the gateway until it is restarted through the other one.
    Outage,
    /// Recommendations crash and come back, again and again.
    CrashLoop,
}

/// Something that is wrong with one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// checkout runs a bad version: 4 % of its answers are 5xx, and it is slow.
    BadVersion,
    /// search answers from a poisoned cache.
    CacheLost,
    /// recommendations run without their model.
    NoModel,
    /// catalog's time series store answers late.
    SlowStore,
    /// The card network answers late.
    CardsSlow,
    /// The card network hardly answers.
    CardsFail,
    /// The worker takes no jobs.
    WorkerStuck,
    /// inventory's process is gone.
    InventoryGone,
    /// The second gateway's process is gone.
    GatewayGone,
    /// recommendations' process is gone.
    RecommendationsGone,
}

impl Trouble {
    /// How many there are.
    pub(super) const COUNT: usize = 10;
}

/// One trouble, from `start` up to `end` (seconds within a round; `NEVER`: until somebody mends it).
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub(super) trouble: Trouble,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// An `end` that is not reached.
pub(super) const NEVER: u64 = u64::MAX;

const fn cue(trouble: Trouble, start: u64, end: u64) -> Cue {
    Cue { trouble, start, end }
}

/// A script: what happens, and after how many seconds it begins again.
pub(super) struct Script {
    pub(super) cues: &'static [Cue],
    pub(super) round: u64,
}

const STORY: &[Cue] = &[
    cue(Trouble::NoModel, 0, 150),
    cue(Trouble::SlowStore, 0, 60),
    cue(Trouble::BadVersion, 12, 85),
    cue(Trouble::CacheLost, 100, 165),
    cue(Trouble::CardsSlow, 180, 210),
    cue(Trouble::CardsFail, 210, 262),
    cue(Trouble::WorkerStuck, 285, 350),
];

impl Scenario {
    /// All of them, in the order in which help shows them.
    pub const ALL: [Self; 9] = [
        Self::Story,
        Self::Steady,
        Self::BadDeploy,
        Self::CacheLost,
        Self::DependencySlow,
        Self::BreakerOpens,
        Self::QueueBacksUp,
        Self::Outage,
        Self::CrashLoop,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Steady => "steady",
            Self::BadDeploy => "bad-deploy",
            Self::CacheLost => "cache-lost",
            Self::DependencySlow => "dependency-slow",
            Self::BreakerOpens => "breaker-opens",
            Self::QueueBacksUp => "queue-backs-up",
            Self::Outage => "outage",
            Self::CrashLoop => "crash-loop",
        }
    }

    /// What it shows, in one line.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Story => "the whole tour in seven minutes, again and again",
            Self::Steady => "ten healthy services, nothing happens",
            Self::BadDeploy => "checkout 2.14.0 answers 4 % of its requests with 5xx; a rollback mends it",
            Self::CacheLost => "search answers from a poisoned cache; a cache flush mends it",
            Self::DependencySlow => {
                "the card network behind payments is slow every now and then; only patience helps"
            }
            Self::BreakerOpens => "payments fail, and checkout's breaker opens, tries again and closes",
            Self::QueueBacksUp => "the worker is stuck and its queue grows; a restart mends it",
            Self::Outage => {
                "inventory is gone for a while, one gateway until it is restarted through the other one"
            }
            Self::CrashLoop => "recommendations crash and come back every few seconds",
        }
    }

    pub(super) fn script(self) -> Script {
        const LONG: u64 = NEVER;
        let (cues, round): (&[Cue], u64) = match self {
            Self::Story => (STORY, 420),
            Self::Steady => (&[], LONG),
            Self::BadDeploy => (const { &[cue(Trouble::BadVersion, 12, NEVER)] }, LONG),
            Self::CacheLost => (const { &[cue(Trouble::CacheLost, 12, NEVER)] }, LONG),
            Self::DependencySlow => (const { &[cue(Trouble::CardsSlow, 12, 100)] }, 150),
            Self::BreakerOpens => (const { &[cue(Trouble::CardsFail, 12, 110)] }, 180),
            Self::QueueBacksUp => (const { &[cue(Trouble::WorkerStuck, 12, NEVER)] }, LONG),
            Self::Outage => (
                const { &[cue(Trouble::InventoryGone, 12, 100), cue(Trouble::GatewayGone, 20, NEVER)] },
                LONG,
            ),
            Self::CrashLoop => (const { &[cue(Trouble::RecommendationsGone, 12, 16)] }, 24),
        };
        Script { cues, round }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|s| s.name()).collect();
            format!("unknown scenario \"{text}\": choose one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_cues_lie_within_their_round() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.name().parse(), Ok(scenario));
            let script = scenario.script();
            for cue in script.cues {
                assert!(cue.start < cue.end && cue.start < script.round, "{scenario} {cue:?}");
                assert!(cue.end == NEVER || cue.end < script.round, "{scenario} {cue:?}");
                assert!((cue.trouble as usize) < Trouble::COUNT);
            }
        }
        assert!("stroy".parse::<Scenario>().is_err_and(|e| e.contains("story")));
    }
}
