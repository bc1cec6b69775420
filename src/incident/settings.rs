//! What the configuration says about incidents, compiled: nothing in here can fail any more.

use super::calendar::Calendar;
use super::facts::ServiceFacts;
use super::moves::MoveRule;
use super::notice::Template;
use crate::config::incident::Wait;
pub use crate::config::incident::{Limits, Timing};
use crate::severity::Severity;
use crate::target::health::State;

/// All of it. Made by the plan; the defaults are those of the configuration's shape.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Labels that split a service's alerts.
    pub group_by: Vec<Box<str>>,
    /// How long things take.
    pub timing: Timing,
    /// Where people talk.
    pub channel: String,
    /// What each severity means and obliges to, in the order of [`Severity::ALL`].
    pub grades: [Grade; 5],
    /// When people work.
    pub calendar: Calendar,
    /// The text of the first notice.
    pub opened: Template,
    /// The text of those on the way.
    pub progress: Template,
    /// The text of the last one.
    pub resolved: Template,
    /// First moves of the operator's own.
    pub moves: Vec<MoveRule>,
}

/// What a severity means and obliges to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grade {
    /// How soon somebody must acknowledge.
    pub answer: Wait,
    /// How soon it must be mitigated.
    pub escalate: Wait,
    /// What must be seen of a service for this severity.
    pub limits: Limits,
}

impl Settings {
    /// What a severity obliges to.
    pub fn grade(&self, severity: Severity) -> &Grade {
        // The enum's number is its place in `Severity::ALL`.
        let [p0, p1, p2, p3, p4] = &self.grades;
        match severity {
            Severity::P0 => p0,
            Severity::P1 => p1,
            Severity::P2 => p2,
            Severity::P3 => p3,
            Severity::P4 => p4,
        }
    }

    /// The gravest severity whose limits a service exceeds, and in words by what.
    pub fn seen(&self, facts: &ServiceFacts) -> Option<(Severity, String)> {
        Severity::ALL
            .into_iter()
            .find_map(|severity| self.grade(severity).limits.exceeded(facts).map(|why| (severity, why)))
    }

    /// The lowest limits of errors and latency (seconds): below both, a service is well again.
    pub fn well_below(&self) -> (Option<f64>, Option<f64>) {
        let lowest = |of: fn(&Limits) -> Option<f64>| {
            self.grades.iter().filter_map(|grade| of(&grade.limits)).min_by(f64::total_cmp)
        };
        (lowest(|limits| limits.errors), lowest(|limits| limits.latency))
    }
}

impl Limits {
    /// Which limit is exceeded, in words: `errors 6.2% (> 5%)`.
    pub fn exceeded(&self, facts: &ServiceFacts) -> Option<String> {
        self.down(facts)
            .or_else(|| over(facts.errors_ratio, self.errors, |n| format!("errors {}", percent(n)), percent))
            .or_else(|| over(facts.latency, self.latency, |n| format!("latency {}", seconds(n)), seconds))
            .or_else(|| {
                let (open, limit) = (facts.open_breakers.len() as u64, self.breakers?);
                (open >= limit).then(|| match &facts.open_breakers[..] {
                    [only] => format!("breaker {only} open"),
                    _ => format!("{open} breakers open"),
                })
            })
            .or_else(|| over(facts.queue, self.queue, |n| format!("queue {}", number(n)), number))
            .or_else(|| {
                let (burn, limit) = (facts.burn.filter(|n| n.is_finite())?, self.burn?);
                (burn >= limit).then(|| format!("budget burns {}x (>= {}x)", number(burn), number(limit)))
            })
    }

    fn down(&self, facts: &ServiceFacts) -> Option<String> {
        let limit = self.instances_down?;
        let (answering, all) = facts.instances;
        let gone = all.saturating_sub(answering);
        match facts.state {
            // Where nobody counts instances, the service is one.
            State::Down if answering == 0 => Some("all instances down".to_owned()),
            State::Degraded if answering == 0 && all > 0 => Some("all instances down".to_owned()),
            State::Down | State::Degraded if gone > 0 && f64::from(gone) / f64::from(all) >= limit => {
                Some(format!("{gone} of {all} instances down"))
            }
            // What is warming, stale or unknown is not known to be down; and what is up is not, whatever the limit.
            _ => None,
        }
    }
}

fn over(
    value: Option<f64>,
    limit: Option<f64>,
    words: impl Fn(f64) -> String,
    bare: impl Fn(f64) -> String,
) -> Option<String> {
    let (value, limit) = (value.filter(|n| n.is_finite())?, limit?);
    (value > limit).then(|| format!("{} (> {})", words(value), bare(limit)))
}

pub(super) fn percent(ratio: f64) -> String {
    format!("{}%", number(ratio * 100.0))
}

pub(super) fn seconds(seconds: f64) -> String {
    if seconds.abs() < 1.0 {
        format!("{}ms", number(seconds * 1000.0))
    } else {
        format!("{}s", number(seconds))
    }
}

/// Three digits that count, without an exponent where people would not write one.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let digits = match value.abs() {
        n if n >= 100.0 || n == 0.0 => 0,
        n if n >= 10.0 => 1,
        n if n >= 0.1 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
