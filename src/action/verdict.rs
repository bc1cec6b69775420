//! Did it help? Figures before and after, with thresholds that noise does not cross.

use super::facts::{Facts, Figures};
use crate::target::health::State;
use crate::units::format_duration;
use std::fmt;
use std::time::Duration;

/// What an action came to, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It is better than before.
    Helped,
    /// Nothing that noise would not explain.
    NoEffect,
    /// It is worse than before.
    Worse,
    /// The figures still hold too much of the time before.
    TooEarly,
}

impl Effect {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Helped => "helped",
            Self::NoEffect => "no effect",
            Self::Worse => "worse",
            Self::TooEarly => "too early",
        }
    }
}

/// What an action came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// In a word.
    pub effect: Effect,
    /// Each figure, the weightiest first.
    pub changes: Vec<Change>,
    /// What to know about it: how long to wait, what was missing.
    pub note: String,
}

/// One figure before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub figure: Figure,
    /// Before; none: not known.
    pub before: Option<f64>,
    /// After; none: not known.
    pub after: Option<f64>,
    /// Did it get better (-1: worse, 0: no more than noise, 1: better)?
    pub sign: i8,
}

/// Which figure. The order is that of weight: what users meet first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Is it up? 2 up, 1 degraded or warming, 0 down.
    Health,
    /// How many instances are up. More of as many is better, even if the service is no better yet.
    Instances,
    /// Ratio of failed requests.
    Errors,
    /// Burn rate of the budget.
    Burn,
    /// Latency in seconds.
    P95,
    /// Messages in queues.
    Queue,
    /// Requests a second. Traffic is nobody's merit: it is shown, and judged only if it vanishes.
    Requests,
}

/// Latency must move by a fifth and by 5 ms. Buckets of common histograms lie a factor of 2 to 2.5 apart and quantiles are
/// interpolated within one, so less than a fifth says little.
const P95: (f64, f64) = (0.2, 0.005);
/// Burn must move by a fifth and by a half: half of a budget that lasts exactly. It looks back an hour and more, so that it
/// still rises after all is mended: it is shown, and judged only if neither errors nor latency are known.
const BURN: (f64, f64) = (0.2, 0.5);
/// A queue must move by a fifth and by 10 messages.
const QUEUE: (f64, f64) = (0.2, 10.0);
/// Requests count as vanished below a fifth of what they were, if there was at least one every 5 s.
const VANISHED: (f64, f64) = (0.2, 0.2);
/// Errors: two ratios differ if they lie this many standard errors apart (two-proportion z test, pooled; 3 is one
/// in 370 by chance), and by a tenth of a percentage point.
const SIGMAS: f64 = 3.0;
const ERRORS: f64 = 0.001;

/// Compares.
///
/// `since` is how long ago the action settled, `window` how far back the rates of the figures look. Before `window` has
/// passed they still hold requests from before, so that only what is seen at once (health, a vanished service) is
/// judged.
pub fn judge(before: &Facts, after: &Facts, since: Duration, window: Duration) -> Verdict {
    let (b, a) = (&before.figures, &after.figures);
    let nearer = b.errors.and(a.errors).is_some() || b.p95.and(a.p95).is_some();
    let mut changes = vec![
        change(Figure::Health, level(before.health), level(after.health), |b, a| sign(a - b)),
        change(Figure::Instances, up(before, after), up(after, before), |b, a| sign(a - b)),
        change(Figure::Errors, b.errors, a.errors, |old, new| errors(b, a, old, new, window)),
        change(Figure::Burn, b.burn, a.burn, |b, a| if nearer { 0 } else { lower_is_better(b, a, BURN) }),
        change(Figure::P95, b.p95, a.p95, |b, a| lower_is_better(b, a, P95)),
        change(Figure::Queue, b.queue, a.queue, |b, a| lower_is_better(b, a, QUEUE)),
        change(Figure::Requests, b.requests, a.requests, |b, a| {
            if b >= VANISHED.1 && a < b * VANISHED.0 { -1 } else { 0 }
        }),
    ];
    let decisive = |change: &&Change| change.sign != 0;
    let early = since < window;
    let weighty = |change: &&Change| !early || change.figure <= Figure::Instances;
    let first = changes.iter().filter(decisive).find(weighty).copied();
    let known = changes.iter().filter(|change| change.before.is_some() && change.after.is_some()).count();
    let opposite = first.and_then(|first| changes.iter().find(|change| change.sign == -first.sign)).copied();
    let (effect, note) = match first {
        Some(first) if first.sign > 0 => (Effect::Helped, mixed(opposite)),
        Some(_) => (Effect::Worse, mixed(opposite)),
        None if early => {
            let left = format_duration(Duration::from_secs(window.saturating_sub(since).as_secs().max(1)));
            (Effect::TooEarly, format!("the figures look back {}: wait {left}", format_duration(window)))
        }
        None if known <= 1 => (Effect::NoEffect, "few figures are known: judged by what there is".to_owned()),
        None => (Effect::NoEffect, String::new()),
    };
    changes.retain(|change| change.before.is_some() || change.after.is_some());
    Verdict { effect, changes, note }
}

fn mixed(opposite: Option<Change>) -> String {
    opposite.map_or_else(String::new, |change| format!("but {change}"))
}

fn change(figure: Figure, before: Option<f64>, after: Option<f64>, judge: impl Fn(f64, f64) -> i8) -> Change {
    let (before, after) = (before.filter(|n| n.is_finite()), after.filter(|n| n.is_finite()));
    let sign = match (before, after) {
        (Some(before), Some(after)) => judge(before, after),
        _ => 0,
    };
    Change { figure, before, after, sign }
}

/// How many instances of `facts` are up; none where there are not as many as in `other`, or where nobody has looked: what is
/// stale is not down.
fn up(facts: &Facts, other: &Facts) -> Option<f64> {
    let (up, all) = facts.instances;
    let seen = level(facts.health).is_some() && level(other.health).is_some();
    (seen && all > 0 && all == other.instances.1 && up != other.instances.0).then(|| f64::from(up))
}

/// A state as a level: what is not known is no level.
fn level(state: State) -> Option<f64> {
    match state {
        State::Up => Some(2.0),
        State::Degraded | State::Warming => Some(1.0),
        State::Down => Some(0.0),
        State::Unknown | State::Stale => None,
    }
}

fn sign(difference: f64) -> i8 {
    if difference > 0.0 {
        1
    } else if difference < 0.0 {
        -1
    } else {
        0
    }
}

fn lower_is_better(before: f64, after: f64, (share, least): (f64, f64)) -> i8 {
    let moved = (after - before).abs();
    if moved < least || moved < share * before.abs() { 0 } else { sign(before - after) }
}

/// Two-proportion z test over the requests that the two windows held; without their number, a fifth must do.
fn errors(before: &Figures, after: &Figures, old: f64, new: f64, window: Duration) -> i8 {
    if (new - old).abs() < ERRORS {
        return 0;
    }
    let count = |figures: &Figures| figures.requests.map(|rate| rate * window.as_secs_f64());
    let (Some(n1), Some(n2)) = (count(before), count(after)) else {
        return lower_is_better(old, new, (0.2, ERRORS));
    };
    if n1 < 1.0 || n2 < 1.0 {
        return 0;
    }
    let pooled = ((old * n1 + new * n2) / (n1 + n2)).clamp(0.0, 1.0);
    let error = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    if (new - old).abs() < SIGMAS * error { 0 } else { sign(old - new) }
}

impl fmt::Display for Change {
    /// `errors 4.2% -> 0.1%`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| self.figure.show(value));
        write!(f, "{} {} -> {}", self.figure.word(), show(self.before), show(self.after))
    }
}

impl Figure {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Instances => "instances up",
            Self::Errors => "errors",
            Self::Burn => "burn",
            Self::P95 => "p95",
            Self::Queue => "queue",
            Self::Requests => "requests",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Health if value > 1.5 => "up".to_owned(),
            Self::Health if value > 0.5 => "degraded".to_owned(),
            Self::Health => "down".to_owned(),
            Self::Errors => format!("{:.2}%", value * 100.0),
            Self::Burn => format!("{value:.1}x"),
            Self::P95 if value < 1.0 => format!("{:.0}ms", value * 1000.0),
            Self::P95 => format!("{value:.2}s"),
            Self::Queue | Self::Instances => format!("{value:.0}"),
            Self::Requests => format!("{value:.1}/s"),
        }
    }
}

/// What a restart will cost of the error budget: from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// If every request finds another instance.
    pub least: Duration,
    /// If none does.
    pub most: Duration,
}

/// Estimates, in time of full outage, what restarting costs.
///
/// While one of `instances` is away for `away`, a share of 1/instances of the traffic meets nobody: restarting all of
/// them one after the other costs instances x away / instances = `away`, at the most. It costs nothing if a load
/// balancer takes each out in time, which one instance alone cannot have.
pub fn restart_cost(instances: usize, away: Duration) -> Cost {
    Cost { least: if instances > 1 { Duration::ZERO } else { away }, most: away }
}
