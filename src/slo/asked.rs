//! Objectives whose events a server counts: what it is asked, and how its answers become minutes of the account.
//!
//! A server is asked for growth between the ends of two minutes, series by series and then added up, as the counting from
//! raw samples does it: no extrapolation, a counter that fell was reset, a series that is new counts if its target was
//! reached a minute before. So the two ways give the same sums, and one history serves both.

use super::count::Edges;
use super::minutes::Minute;
use super::spec::{Sli, Slo, Term};
use super::track::Track;
use crate::labels::Matcher;
use crate::promql::{self, Expr};
use crate::target::spoken::Fill;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a server counts of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The backend's name.
    pub backend: Arc<str>,
    /// The questions; a minute is known once all of them are answered.
    pub parts: Vec<Part>,
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What stands for it.
    pub key: Arc<str>,
    /// What its numbers are.
    pub role: Role,
}

/// What the numbers of a question are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// Growth of counters: how it weighs in valid and in bad events.
    Growth {
        /// In valid ones.
        valid: f64,
        /// In bad ones.
        bad: f64,
    },
    /// Growth of the buckets of a histogram, by edge.
    Buckets,
    /// Bad events a minute, as an expression gives them; or good ones, or a ratio.
    Rate,
    /// All events a minute.
    Total,
}

/// The expressions that a server is asked for an objective. None: it is measured another way.
pub fn questions(sli: &Sli) -> Option<Vec<(Expr, Role)>> {
    let parse = |text: String| promql::parse(&text).ok();
    match sli {
        Sli::Counts(terms) => terms.iter().map(|term| Some((parse(growth(term))?, role(term)))).collect(),
        Sli::Latency { buckets, .. } => {
            let text = format!("sum by (le) ({})", grown(&selector(buckets)));
            Some(vec![(parse(text)?, Role::Buckets)])
        }
        Sli::Rates { bad, total, .. } => {
            let total = total.as_ref().map(|total| (total.clone(), Role::Total));
            Some(std::iter::once((bad.clone(), Role::Rate)).chain(total).collect())
        }
        Sli::Slices { .. } => None,
    }
}

fn role(term: &Term) -> Role {
    Role::Growth { valid: term.counter.weight, bad: term.bad }
}

fn selector(matchers: &[Matcher]) -> String {
    let mut out = String::from("{");
    for (index, matcher) in matchers.iter().enumerate() {
        let _ = write!(out, "{}{matcher}", if index > 0 { "," } else { "" });
    }
    out.push('}');
    out
}

fn growth(term: &Term) -> String {
    let mut counted = selector(&term.counter.selector.matchers);
    for other in &term.counter.unless {
        counted = format!("({counted} unless {})", selector(&other.matchers));
    }
    format!("sum({})", grown(&counted))
}

/// How much each series grew in the last minute.
fn grown(now: &str) -> String {
    // An offset belongs to each selector.
    let before = now.replace('}', "} offset 1m");
    format!(
        "({now} - {before}) >= 0 or ({now} and {before}) or \
         (({now} unless {before}) and on (job, instance) (up offset 1m == 1))"
    )
}

/// Minutes that are not complete yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    parts: Vec<Gathered>,
    /// Minutes that are entered: from the first, up to the second.
    entered: Option<(i64, i64)>,
}

#[derive(Clone, Debug, Default)]
struct Gathered {
    /// Minutes that were asked for.
    known: Option<(i64, i64)>,
    /// Minute -> edge (as bits) and value.
    found: BTreeMap<i64, Vec<(f64, f64)>>,
}

/// The most minutes that wait for their other parts.
const MOST_WAITING: usize = 60_000;

impl Track {
    /// Takes in minutes that a server counted; true if the account has grown.
    pub(super) fn fill(&mut self, fill: &Fill) -> bool {
        let slo = Arc::clone(&self.slo);
        let Some(asked) = &slo.asked else { return false };
        let Some(place) = asked.parts.iter().position(|part| part.key == fill.key) else { return false };
        self.trouble = None;
        self.pending.parts.resize_with(asked.parts.len(), Gathered::default);
        if let Some(part) = self.pending.parts.get_mut(place) {
            // Rounds bring neighbours; whatever else there is has been entered, or is given up.
            part.known = match part.known {
                Some((from, to)) if fill.asked.0 <= to && fill.asked.1 >= from => {
                    Some((from.min(fill.asked.0), to.max(fill.asked.1)))
                }
                _ => Some(fill.asked),
            };
            for minute in fill.minutes.iter().take(MOST_WAITING) {
                part.found.entry(minute.minute).or_default().push((minute.edge, minute.value));
            }
        }
        self.enter_filled(&slo)
    }

    /// Enters the minutes that all parts have told of.
    fn enter_filled(&mut self, slo: &Slo) -> bool {
        let Some(asked) = &slo.asked else { return false };
        let common = self.pending.parts.iter().try_fold((i64::MIN, i64::MAX), |(from, to), part| {
            part.known.map(|known| (from.max(known.0), to.min(known.1)))
        });
        let Some((from, to)) = common.filter(|(from, to)| from < to) else { return false };
        let entered = self.pending.entered.unwrap_or((from, from));
        let fresh = |minute: i64| !(entered.0..entered.1).contains(&minute);
        let each = slices(slo);
        let mut grown = false;
        for minute in (from..to).filter(|minute| fresh(*minute)) {
            let found: Vec<Vec<(f64, f64)>> = self
                .pending
                .parts
                .iter_mut()
                .map(|part| part.found.remove(&minute).unwrap_or_default())
                .collect();
            if let Some((total, bad)) = events(slo, asked, &found, &mut self.edges) {
                self.minutes.set_events(minute, total, bad, each);
                grown = true;
            }
        }
        self.pending.entered = Some((entered.0.min(from), entered.1.max(to)));
        for part in &mut self.pending.parts {
            part.found.retain(|minute, _| *minute >= to);
        }
        grown
    }

    /// Brings what a server counts up to date without looking at any series.
    pub(super) fn settle_asked(&mut self, at: Timestamp) {
        self.forget(at);
    }
}

/// Seconds that one value speaks of.
fn slices(slo: &Slo) -> u8 {
    debug_assert!(!matches!(slo.sli, Sli::Slices { .. }), "slices are measured here");
    60
}

/// Valid and bad events of one minute; none: nobody looked.
fn events(
    slo: &Slo,
    asked: &Asked,
    found: &[Vec<(f64, f64)>],
    edges: &mut Option<Edges>,
) -> Option<(f64, f64)> {
    let sum = |values: &[(f64, f64)]| values.iter().map(|(_, value)| value.max(0.0)).sum::<f64>();
    match &slo.sli {
        Sli::Counts(_) => {
            let (mut total, mut bad, mut looked) = (0.0, 0.0, false);
            for (part, values) in asked.parts.iter().zip(found) {
                let Role::Growth { valid, bad: weight } = part.role else { continue };
                let grown = sum(values);
                total += valid * grown;
                bad += weight * grown;
                // Only counters of valid events tell that anybody looked.
                looked |= valid > 0.0 && !values.is_empty();
            }
            looked.then_some((total.max(0.0), bad.clamp(0.0, total.max(0.0))))
        }
        Sli::Latency { threshold, .. } => {
            let values = found.first().filter(|values| !values.is_empty())?;
            let enclosing = Edges::enclosing(values.iter().map(|(edge, _)| *edge), *threshold);
            *edges = Some(enclosing);
            let (mut total, mut bad) = (0.0, 0.0);
            for (edge, value) in values {
                if let Some((valid, weight)) = enclosing.weights(*edge) {
                    total += valid * value;
                    bad += weight * value;
                }
            }
            Some((total.max(0.0), bad.clamp(0.0, total.max(0.0))))
        }
        Sli::Rates { inverted, total: whole, per_minute, .. } => {
            let part = found.first().filter(|values| !values.is_empty()).map(|values| sum(values));
            if whole.is_none() {
                let ratio = part?;
                return Some((1.0, if *inverted { 1.0 - ratio } else { ratio }.clamp(0.0, 1.0)));
            }
            let total = found.get(1).filter(|values| !values.is_empty()).map(|values| sum(values))?;
            let part = part.unwrap_or(0.0);
            let bad = if *inverted { (total - part).max(0.0) } else { part };
            Some((total * per_minute, bad * per_minute))
        }
        Sli::Slices { .. } => None,
    }
}

impl super::minutes::Minutes {
    /// Sets a minute that was counted elsewhere; fractions are rounded to whole units.
    pub(super) fn set_events(&mut self, minute: i64, total: f64, bad: f64, covered: u8) {
        let units = |events: f64| (events / self.unit()).round().max(0.0) as u64;
        let value = Minute { total: units(total), bad: units(bad), covered, bridged: false };
        self.set(minute, value);
        self.changed(minute);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::NAME;
    use crate::promql::{Counter, Selector, Time};
    use crate::slo::Window;
    use crate::target::spoken::Minute as Spoken;
    use std::time::Duration;

    fn slo(sli: Sli) -> Arc<Slo> {
        let questions = questions(&sli).unwrap();
        let part = |(index, (_, role)): (usize, (Expr, Role))| Part { key: index.to_string().into(), role };
        let parts = questions.into_iter().enumerate().map(part).collect();
        Arc::new(Slo {
            name: "s".into(),
            service: None,
            title: String::new(),
            description: String::new(),
            objective: 0.99,
            window: Window::Rolling(Duration::from_secs(86_400)),
            sli,
            rows: Vec::new(),
            min_events: None,
            asked: Some(Asked { backend: "b".into(), parts }),
            maintenance: Vec::new(),
            interval: Duration::from_secs(15),
            reported: Vec::new(),
            notes: Vec::new(),
            texts: Vec::new(),
        })
    }

    fn term(matchers: &[(&str, &str)], weight: f64, bad: f64) -> Term {
        let matchers = matchers.iter().map(|(name, value)| Matcher::equal(name, value)).collect();
        let selector = Selector { matchers, time: Time::default() };
        Term { counter: Counter { selector, weight, unless: Vec::new() }, bad }
    }

    fn counted() -> Sli {
        let bad = term(&[(NAME, "x_total"), ("status", "500")], 0.0, 1.0);
        Sli::Counts(vec![bad, term(&[(NAME, "x_total")], 1.0, 0.0)])
    }

    fn fill(key: &str, asked: (i64, i64), values: &[(i64, f64, f64)]) -> Fill {
        let minute =
            |(minute, edge, value): &(i64, f64, f64)| Spoken { minute: *minute, edge: *edge, value: *value };
        Fill { key: key.into(), asked, minutes: values.iter().map(minute).collect() }
    }

    const ALL: f64 = f64::INFINITY;

    #[test]
    fn a_minute_counts_once_all_parts_are_told_and_only_once() {
        let mut track = Track::new(slo(counted()));
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        let sum = |track: &Track| {
            let (sum, _) = track.sum(at(0), at(1_000));
            (sum.total, sum.bad, sum.covered)
        };
        for (key, asked, values, wanted) in [
            ("1", (100, 103), &[(100, ALL, 50.0), (101, ALL, 60.0)][..], (0.0, 0.0, 0.0)),
            ("0", (100, 102), &[(100, ALL, 1.0)], (110.0, 1.0, 120.0)),
            // The same again, and the rest.
            ("0", (100, 103), &[(100, ALL, 1.0), (102, ALL, 9.0)], (110.0, 1.0, 120.0)),
            // Further back, as the window fills.
            ("0", (90, 100), &[], (110.0, 1.0, 120.0)),
            ("1", (90, 100), &[(95, ALL, 10.0)], (120.0, 1.0, 180.0)),
            // More bad ones than there are events, and no number.
            ("1", (103, 104), &[(103, ALL, 5.0)], (120.0, 1.0, 180.0)),
            ("0", (103, 104), &[(103, ALL, 7.0)], (125.0, 6.0, 240.0)),
            ("nobody's", (0, 10), &[(1, ALL, 7.0)], (125.0, 6.0, 240.0)),
        ] {
            track.fill(&fill(key, asked, values));
            assert_eq!(sum(&track), wanted, "{key} {asked:?}");
        }
        let saved = track.unsaved(at(1_000), usize::MAX);
        assert_eq!(saved.minutes.len(), 4, "what a server counted outlives the process as well");
    }

    #[test]
    fn buckets_are_weighed_as_they_are_here() {
        let buckets = vec![Matcher::equal(NAME, "x_bucket")];
        let mut track = Track::new(slo(Sli::Latency { buckets, threshold: 0.25 }));
        track.fill(&fill("0", (5, 6), &[(5, 0.1, 60.0), (5, 0.25, 90.0), (5, ALL, 100.0)]));
        let (sum, _) = track.sum(Timestamp::from_millis(0), Timestamp::from_millis(600_000));
        assert_eq!((sum.total, sum.bad, sum.covered), (100.0, 10.0, 60.0));
        assert!(track.edges.is_some_and(|edges| edges.exact()));
    }

    #[test]
    fn the_questions_are_expressions_that_any_server_takes() {
        let texts: Vec<String> =
            questions(&counted()).unwrap().into_iter().map(|(expr, _)| expr.to_string()).collect();
        let selector = r#"x_total{status="500"}"#;
        assert_eq!(
            texts[0],
            format!(
                "sum(({selector} - {selector} offset 1m) >= 0 or ({selector} and {selector} offset 1m) or \
                 (({selector} unless {selector} offset 1m) and on (job, instance) (up offset 1m == 1)))"
            )
        );
        let slices = Sli::Slices { expr: promql::parse("x").unwrap(), length: Duration::from_secs(60) };
        assert!(questions(&slices).is_none());
    }
}
