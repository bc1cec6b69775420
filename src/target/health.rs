//! From single answers to a state: flap control, warming and staleness.
//!
//! A state is what the operator is told; one lost packet must not change it, and a value whose source died must
//! never look healthy.

use super::Verdict;
use crate::units::Timestamp;
use std::time::Duration;

/// What the operator is told about a target or a service; the order is "worst last" within what needs a hand.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Works.
    Up,
    /// Not asked yet, or our own fault: the link is down, a secret cannot be read.
    #[default]
    Unknown,
    /// Restarted a short while ago and not healthy yet.
    Warming,
    /// Nothing new for several intervals.
    Stale,
    /// Works in part.
    Degraded,
    /// Does not work.
    Down,
}

impl State {
    /// All states, the best first.
    pub const ALL: [Self; 6] =
        [Self::Up, Self::Unknown, Self::Warming, Self::Stale, Self::Degraded, Self::Down];

    /// The word that stands beside the glyph: differs between all states, so that colour carries nothing alone.
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Unknown => "unknown",
            Self::Warming => "warming",
            Self::Stale => "stale",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

/// How many answers it takes to believe a change, and how long a restarted process may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Failures in a row before a working target is called down.
    pub fails: u32,
    /// Good answers in a row before a broken one is called up.
    pub passes: u32,
    /// How long after a restart a bad answer is called warming.
    pub warmup: Duration,
    /// After how long without an answer a target is stale.
    pub stale_after: Duration,
}

/// What one poll says about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// There was an answer, and this is what it says.
    Answered(Verdict),
    /// There was no answer. The flag says that the process itself was not there (refused, lost, 502..504), so that
    /// the next answer comes from a new or newly reachable process.
    Failed {
        /// The process was not there.
        process_gone: bool,
    },
    /// There was no answer, and the fault is ours: our link is down, or a secret cannot be read.
    OurFault,
}

/// The state of one target, fed with one signal a poll.
#[derive(Clone, Debug, Default)]
pub struct TargetHealth {
    settled: State,
    bad: u32,
    good: u32,
    last_report: Option<Timestamp>,
    since: Option<Timestamp>,
    gone: bool,
    warm_from: Option<Timestamp>,
    our_fault: bool,
    held_until: Option<Timestamp>,
}

impl TargetHealth {
    /// The poller backs off on its own account: until then silence is no news. (`Retry-After` is another matter: there
    /// the numbers do grow old.)
    pub fn hold(&mut self, until: Option<Timestamp>) {
        self.held_until = until;
    }

    fn stale_from(&self, policy: &Policy) -> Option<Timestamp> {
        let last = self.last_report?;
        Some(self.held_until.map_or(last, |until| until.max(last)) + policy.stale_after)
    }

    /// Takes in what one poll at `at` said.
    pub fn observe(&mut self, signal: Signal, policy: &Policy, at: Timestamp) {
        self.last_report = Some(at);
        self.our_fault = signal == Signal::OurFault;
        let next = match signal {
            Signal::OurFault => return,
            Signal::Failed { process_gone } => {
                self.gone |= process_gone;
                self.good = 0;
                self.bad = self.bad.saturating_add(1);
                let believed = self.settled == State::Unknown || self.bad >= policy.fails;
                if believed { State::Down } else { self.settled }
            }
            Signal::Answered(verdict) => {
                let was_warming = self.warm_from.is_some();
                if std::mem::take(&mut self.gone) {
                    self.warm_from = Some(at);
                }
                self.answered(verdict, was_warming, policy)
            }
        };
        if next != self.settled {
            self.settled = next;
            self.since = Some(at);
        }
    }

    fn answered(&mut self, verdict: Verdict, was_warming: bool, policy: &Policy) -> State {
        match verdict {
            Verdict::Up | Verdict::Unknown => {
                self.bad = 0;
                self.good = self.good.saturating_add(1);
                // The first healthy answer ends a warm-up that was seen; otherwise it takes several to be believed.
                let fresh = matches!(self.settled, State::Unknown | State::Up);
                if fresh || was_warming || self.good >= policy.passes {
                    self.warm_from = None;
                    return State::Up;
                }
                self.settled
            }
            // The service says so itself: no packet was lost, so there is nothing to wait for.
            Verdict::Degraded => {
                self.bad = 0;
                self.good = 0;
                State::Degraded
            }
            Verdict::Down => {
                self.good = 0;
                self.bad = self.bad.saturating_add(1);
                let believed = self.settled == State::Unknown || self.bad >= policy.fails;
                if believed { State::Down } else { self.settled }
            }
        }
    }

    /// A restart that is known from elsewhere (a young process, an action of ours). Trouble is called warming once: where
    /// workers are recycled all the time there is always a young one, and it must not hide what goes on for long.
    pub fn restarted(&mut self, at: Timestamp) {
        if self.settled != State::Up {
            self.warm_from.get_or_insert(at);
        }
    }

    /// The state at `now`.
    pub fn state(&self, policy: &Policy, now: Timestamp) -> State {
        let Some(stale_from) = self.stale_from(policy) else { return State::Unknown };
        if self.our_fault {
            return State::Unknown;
        }
        if now > stale_from {
            return State::Stale;
        }
        let warming = self.warm_from.is_some_and(|from| now.since(from) <= policy.warmup);
        match self.settled {
            // A process that is not there cannot be warming.
            State::Down | State::Degraded if warming && !self.gone => State::Warming,
            settled => settled,
        }
    }

    /// Since when the settled state holds.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Failures in a row that have not changed the state yet: (so far, needed).
    pub fn doubt(&self, policy: &Policy) -> Option<(u32, u32)> {
        (self.bad > 0 && self.settled != State::Down).then_some((self.bad, policy.fails))
    }

    /// The newest report, good or bad.
    pub fn last_report(&self) -> Option<Timestamp> {
        self.last_report
    }

    /// When `state` can next change without a report: used to wake up exactly then.
    pub fn next_change(&self, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
        let stale = self.stale_from(policy).map(|from| from + Duration::from_millis(1));
        let warm = self.warm_from.map(|from| from + policy.warmup + Duration::from_millis(1));
        [stale, warm].into_iter().flatten().filter(|moment| *moment > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy =
        Policy { fails: 3, passes: 2, warmup: Duration::from_secs(60), stale_after: Duration::from_secs(30) };

    /// One letter a poll, a second apart: `.` up, `d` degraded, `D` says down, `x` time-out, `r` refused, `l` our link,
    /// a digit = that many times ten seconds without a poll. Expected: the state's letter after each.
    fn check(polls: &str, expected: &str) {
        let mut health = TargetHealth::default();
        let mut now = Timestamp::from_millis(1_000_000);
        let mut seen = String::new();
        for poll in polls.chars() {
            now = now + Duration::from_secs(1);
            match poll {
                '.' => health.observe(Signal::Answered(Verdict::Up), &POLICY, now),
                'd' => health.observe(Signal::Answered(Verdict::Degraded), &POLICY, now),
                'D' => health.observe(Signal::Answered(Verdict::Down), &POLICY, now),
                'x' => health.observe(Signal::Failed { process_gone: false }, &POLICY, now),
                'r' => health.observe(Signal::Failed { process_gone: true }, &POLICY, now),
                'l' => health.observe(Signal::OurFault, &POLICY, now),
                digit => now = now + Duration::from_secs(10 * u64::from(digit.to_digit(10).unwrap())),
            }
            seen.push(match health.state(&POLICY, now) {
                State::Up => 'U',
                State::Unknown => '?',
                State::Warming => 'W',
                State::Stale => 'S',
                State::Degraded => 'd',
                State::Down => 'D',
            });
        }
        assert_eq!(seen, expected, "{polls}");
    }

    #[test]
    fn states_follow_the_polls() {
        for (polls, expected) in [
            ("....", "UUUU"),
            // The first answer is believed at once; later it takes three failures, then two good answers.
            ("xx..", "DDDU"),
            (".xx.xx.", "UUUUUUU"),
            (".xxx.x..", "UUUDDDDU"),
            // What the service says of itself needs no second opinion, except that it is down.
            (".d..", "UddU"),
            (".DD.DDD", "UUUUUUD"),
            // A process that went and came back unhealthy is warming until it is healthy, ...
            (".rrrdd..", "UUUDWWUU"),
            (".rrrDD..", "UUUDWWUU"),
            (".rrr..", "UUUDWU"),
            // ... or until the warm-up is over; a young process that answers well never was.
            (".rrrd6d", "UUUDWSd"),
            (".rd", "UUW"),
            ("r..", "DWU"),
            // Nothing new for a while is stale, whatever it was.
            (".4", "US"),
            ("xxx4x", "DDDSD"),
            // Our own fault is nobody's outage, and changes nothing of what was known.
            (".ll.", "U??U"),
            ("l.", "?U"),
            (".xxlxl.", "UUU?D?D"),
        ] {
            check(polls, expected);
        }
    }

    #[test]
    fn a_known_restart_turns_trouble_into_warming_but_never_touches_what_is_up() {
        let mut health = TargetHealth::default();
        let start = Timestamp::from_millis(0);
        health.observe(Signal::Answered(Verdict::Degraded), &POLICY, start);
        health.restarted(start);
        assert_eq!(health.state(&POLICY, start), State::Warming);
        assert_eq!(health.next_change(&POLICY, start).map(Timestamp::millis), Some(30_001));
        health.observe(Signal::Answered(Verdict::Up), &POLICY, start);
        health.observe(Signal::Answered(Verdict::Up), &POLICY, start);
        health.restarted(start);
        assert_eq!(health.state(&POLICY, start), State::Up);
    }

    #[test]
    fn words_differ() {
        let mut words: Vec<_> = State::ALL.iter().map(|state| state.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), State::ALL.len());
    }
}
