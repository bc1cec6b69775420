//! The judgement of one objective at one moment: from sums of events to budget, burn and time left. It measures nothing.

use super::budget::{self, Exhaustion};
use super::count::Edges;
use super::minutes::Sum;
use super::policy::Row;
use super::spec::{Sli, Slo};
use super::track::{Lifetime, Track};
use super::window::{MINUTE_MS, Window};
use crate::severity::Severity;
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use std::time::Duration;

/// Below this share of the window, figures are called partial.
pub const PARTIAL_BELOW: f64 = 0.9;

/// Events of some time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Valid ones.
    pub total: f64,
    /// Bad ones among them.
    pub bad: f64,
}

/// For how much of a time anybody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Looked at, or bridged.
    pub observed: Duration,
    /// Of this, bridged by counters while nobody looked.
    pub bridged: Duration,
    /// The time that counts: without maintenance, and of a calendar's window what has passed.
    pub window: Duration,
    /// The oldest minute that is known.
    pub since: Option<Timestamp>,
}

impl Coverage {
    /// Observed over window, 0..=1.
    pub fn ratio(&self) -> f64 {
        let window = self.window.as_secs_f64();
        if window > 0.0 { (self.observed.as_secs_f64() / window).min(1.0) } else { 0.0 }
    }

    /// Are the figures partial?
    pub fn is_partial(&self) -> bool {
        self.ratio() < PARTIAL_BELOW
    }

    /// `14m of 30d`.
    pub fn text(&self) -> String {
        let coarse = |duration: Duration| {
            let seconds = duration.as_secs();
            let step = if seconds >= 172_800 {
                3600
            } else if seconds >= 120 {
                60
            } else {
                1
            };
            format_duration(Duration::from_secs(seconds / step * step))
        };
        format!("{} of {}", coarse(self.observed), coarse(self.window))
    }
}

/// How fast the budget is spent in one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// The window.
    pub window: Duration,
    /// Its events.
    pub counts: Counts,
    /// How much of it is known.
    pub coverage: Coverage,
    /// How many times as fast as allowed; none: no traffic.
    pub rate: Option<f64>,
    /// The fewest events with which the figure means something.
    pub fewest: f64,
}

impl Burn {
    /// Are there too few events to trust the figure?
    pub fn is_insufficient(&self) -> bool {
        self.counts.total < self.fewest
    }
}

/// How a row stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RowState {
    /// The row.
    pub row: Row,
    /// Over the long window.
    pub long: Option<f64>,
    /// Over the short one.
    pub short: Option<f64>,
    /// Since when both are above the factor. (An alert waits `row.wait` longer.)
    pub since: Option<Timestamp>,
    /// Are there too few events in the long window?
    pub insufficient: bool,
}

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Bad events that are allowed; of a calendar's window, at the traffic so far.
    pub events: f64,
    /// Of these left; negative: overspent.
    pub events_left: f64,
    /// Seconds of full outage that are allowed.
    pub seconds: f64,
    /// Of these left; negative: overspent.
    pub seconds_left: f64,
    /// Left over allowed; negative: overspent.
    pub remaining: f64,
}

/// What there is to say at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was seen yet.
    Unknown,
    /// It was looked at, and there were no valid events.
    NoTraffic,
    /// Within budget.
    Met,
    /// A row of this severity fires.
    Burning(Severity),
    /// The budget is gone.
    Exhausted,
}

/// An objective at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The objective.
    pub slo: Arc<Slo>,
    /// The moment.
    pub at: Timestamp,
    /// The window: from, to (of a calendar's window its end, which lies ahead).
    pub window: (Timestamp, Timestamp),
    /// Its events.
    pub counts: Counts,
    /// Good over valid; none: no traffic.
    pub sli: Option<f64>,
    /// What is left; none: no traffic.
    pub budget: Option<Budget>,
    /// By window of the policy, shortest first.
    pub burns: Vec<Burn>,
    /// The rows of the policy, in its order.
    pub rows: Vec<RowState>,
    /// When the budget will be gone.
    pub exhaustion: Exhaustion,
    /// How much of the window is known.
    pub coverage: Coverage,
    /// Since the processes began: a figure of its own, never part of the others.
    pub lifetime: Option<Lifetime>,
    /// Why figures are estimates, if they are.
    pub estimated: Option<String>,
    /// What kept it from being measured, if anything did; not cleaned.
    pub trouble: Option<String>,
    /// What there is to say at first sight.
    pub verdict: Verdict,
}

impl Assessment {
    /// An objective of which nothing is known yet.
    pub fn unknown(slo: Arc<Slo>, at: Timestamp) -> Self {
        Track::new(slo).assess(at)
    }

    /// The rows that fire.
    pub fn firing(&self) -> impl Iterator<Item = &RowState> {
        self.rows.iter().filter(|row| row.since.is_some())
    }

    /// The burn rate over this window of the policy.
    pub fn burn(&self, window: Duration) -> Option<&Burn> {
        self.burns.iter().find(|burn| burn.window == window)
    }

    /// How much of the budget is left, in the steps of a budget policy: 75, 50, 25, 0 %.
    pub fn budget_stage(&self) -> Option<u8> {
        let remaining = self.budget?.remaining;
        [0.0, 0.25, 0.5, 0.75]
            .into_iter()
            .find(|stage| remaining <= *stage)
            .map(|stage| (stage * 100.0) as u8)
    }
}

impl Track {
    /// How the objective stands at `at`.
    pub(super) fn assess(&mut self, at: Timestamp) -> Assessment {
        let slo = Arc::clone(&self.slo);
        let bounds = slo.window.bounds(at);
        let (sum, length) = self.sum(bounds.0, at);
        let counts = Counts { total: sum.total, bad: sum.bad };
        let (first, end) = (bounds.0.millis().div_euclid(MINUTE_MS), at.millis().div_euclid(MINUTE_MS) + 1);
        let since = self.minutes.first_covered(first, end.max(first));
        let coverage = Coverage {
            since: since.map(|minute| Timestamp::from_millis(minute * MINUTE_MS)),
            ..coverage(&sum, length)
        };
        let sli = (counts.total > 0.0).then(|| 1.0 - counts.bad / counts.total);
        let passed = match slo.window {
            Window::Rolling(_) => 1.0,
            Window::Calendar { .. } => share(at.since(bounds.0), bounds.1.since(bounds.0)),
        };
        let budget = budget_of(&slo, counts, passed, slo.window.length(at));
        let burns = self.burns(at);
        let rows = self.rows(&burns, at);
        let trusted = burns.iter().filter(|burn| burn.window >= Duration::from_secs(1800));
        let mut trusted = trusted;
        let pace = trusted.find(|burn| !burn.is_insufficient()).or_else(|| burns.last());
        let exhaustion = match budget {
            Some(budget) => {
                let rate =
                    pace.and_then(|burn| burn.rate).or(budget::burn(counts.bad, counts.total, slo.objective));
                budget::exhaustion(budget.remaining, rate, slo.objective, slo.window.length(at))
            }
            None => Exhaustion::Unknown,
        };
        let verdict = verdict(&counts, coverage, budget, &rows);
        Assessment {
            at,
            window: bounds,
            counts,
            sli,
            budget,
            burns,
            rows,
            exhaustion,
            coverage,
            lifetime: self.lifetime,
            estimated: estimated(&slo.sli, self.edges),
            trouble: self.trouble.clone(),
            verdict,
            slo,
        }
    }

    fn burns(&self, at: Timestamp) -> Vec<Burn> {
        let slo = &self.slo;
        let mut windows: Vec<Duration> = slo.rows.iter().flat_map(|row| [row.short, row.long]).collect();
        if windows.is_empty() {
            // Without alerts the figures are of use all the same.
            windows = [300, 3600, 21_600, 86_400].map(Duration::from_secs).to_vec();
        }
        windows.sort_unstable();
        windows.dedup();
        let burn = |window: Duration| {
            let (sum, length) = self.sum(at - window, at);
            let factors = slo.rows.iter().filter(|row| row.long == window || row.short == window);
            let least = factors.map(|row| row.factor).fold(f64::INFINITY, f64::min);
            let factor = if least.is_finite() { least } else { 1.0 };
            Burn {
                window,
                counts: Counts { total: sum.total, bad: sum.bad },
                coverage: coverage(&sum, length),
                rate: budget::burn(sum.bad, sum.total, slo.objective),
                fewest: slo.min_events.unwrap_or_else(|| budget::fewest_events(factor, slo.objective)),
            }
        };
        windows.into_iter().map(burn).collect()
    }

    fn rows(&mut self, burns: &[Burn], at: Timestamp) -> Vec<RowState> {
        let of = |window: Duration| burns.iter().find(|burn| burn.window == window);
        self.fires.resize(self.slo.rows.len(), None);
        let rows = self.slo.rows.iter().zip(&mut self.fires);
        rows.map(|(row, fires)| {
            let (long, short) = (of(row.long), of(row.short));
            let above = |burn: Option<&Burn>| burn.and_then(|b| b.rate).is_some_and(|rate| rate > row.factor);
            let enough = long.is_some_and(|burn| burn.counts.bad >= self.slo.fewest_bad());
            if above(long) && above(short) && enough {
                fires.get_or_insert(at);
            } else {
                *fires = None;
            }
            RowState {
                row: row.clone(),
                long: long.and_then(|burn| burn.rate),
                short: short.and_then(|burn| burn.rate),
                since: *fires,
                insufficient: long.is_some_and(|burn| {
                    let fewest = budget::fewest_events(row.factor, self.slo.objective);
                    burn.counts.total < self.slo.min_events.unwrap_or(fewest)
                }),
            }
        })
        .collect()
    }

    /// How much of the budget was left at up to `points` moments of what was seen of the window: what a burn-down shows.
    /// It begins with the first minute that anybody looked at.
    pub(super) fn course(&self, at: Timestamp, points: usize) -> Vec<(Timestamp, f64)> {
        let (from, to) = self.slo.window.bounds(at);
        let length = at.since(from);
        let whole = match self.slo.window {
            Window::Rolling(_) => 1.0,
            Window::Calendar { .. } => share(length, to.since(from)),
        };
        let (all, _) = self.sum(from, at);
        let allowed = all.total * self.slo.budget_ratio() / whole.max(f64::MIN_POSITIVE);
        let minute = |at: Timestamp| at.millis().div_euclid(MINUTE_MS);
        let Some(first) = self.minutes.first_covered(minute(from), minute(at) + 1).filter(|_| allowed > 0.0)
        else {
            return Vec::new();
        };
        let first = from.max(Timestamp::from_millis(first * MINUTE_MS));
        let points = points.clamp(2, 2000) as u64;
        let step = at.since(first).as_millis() as u64 / (points - 1);
        let mut out: Vec<(Timestamp, f64)> = Vec::new();
        let (mut bad, mut last) = (0.0, from);
        for i in 0..points {
            let moment = (first + Duration::from_millis(step * i)).floor_to(Duration::from_secs(60));
            let moment = if i + 1 == points { at } else { moment.max(last) };
            // There is no figure between two minutes.
            if moment <= last && !out.is_empty() {
                continue;
            }
            bad += self.sum(last, moment).0.bad;
            last = moment;
            out.push((moment, 1.0 - bad / allowed));
        }
        out
    }
}

fn share(part: Duration, whole: Duration) -> f64 {
    let whole = whole.as_secs_f64();
    if whole > 0.0 { (part.as_secs_f64() / whole).clamp(0.0, 1.0) } else { 1.0 }
}

fn coverage(sum: &Sum, length: f64) -> Coverage {
    let seconds = |seconds: f64| Duration::from_secs_f64(seconds.max(0.0));
    Coverage {
        observed: seconds(sum.covered.min(length)),
        bridged: seconds(sum.bridged.min(length)),
        window: seconds(length),
        since: None,
    }
}

/// A rolling window's budget is that of its events. A calendar's is that of the whole period, at the traffic so far: early
/// in the month a bad hour costs little of it.
fn budget_of(slo: &Slo, counts: Counts, passed: f64, length: Duration) -> Option<Budget> {
    if counts.total <= 0.0 || passed <= 0.0 {
        return None;
    }
    let events = counts.total / passed * slo.budget_ratio();
    let remaining = 1.0 - counts.bad / events;
    let seconds = length.as_secs_f64() * slo.budget_ratio();
    Some(Budget {
        events,
        events_left: events - counts.bad,
        seconds,
        seconds_left: seconds * remaining,
        remaining,
    })
}

fn verdict(counts: &Counts, coverage: Coverage, budget: Option<Budget>, rows: &[RowState]) -> Verdict {
    if coverage.observed.is_zero() && counts.total <= 0.0 {
        return Verdict::Unknown;
    }
    let worst = rows.iter().filter(|row| row.since.is_some()).map(|row| row.row.severity).max();
    match (worst, budget) {
        (Some(severity), _) => Verdict::Burning(severity),
        (None, Some(budget)) if budget.remaining < 0.0 => Verdict::Exhausted,
        (None, Some(_)) => Verdict::Met,
        (None, None) => Verdict::NoTraffic,
    }
}

fn estimated(sli: &Sli, edges: Option<Edges>) -> Option<String> {
    match sli {
        Sli::Counts(_) => None,
        Sli::Latency { threshold, .. } => {
            let edges =
                edges.filter(|edges| !edges.exact() && (edges.lower > 0.0 || edges.upper.is_finite()))?;
            Some(if edges.upper.is_finite() {
                format!(
                    "no bucket ends at {threshold}: interpolated between {} and {}",
                    edges.lower, edges.upper
                )
            } else {
                format!("no bucket ends at {threshold} or above: all over {} count as bad", edges.lower)
            })
        }
        Sli::Rates { total: None, .. } => {
            Some("a ratio by the minute: weighted by time, not by events".to_owned())
        }
        Sli::Rates { .. } => {
            Some("the expressions are no plain sums of counters: rates by the minute".to_owned())
        }
        Sli::Slices { length, .. } => Some(format!("slices of {}, not requests", format_duration(*length))),
    }
}
