//! One rule at one moment: evaluates it, moves its alerts on, stores what it gives and marks what has vanished.
//!
//! It knows neither groups' clocks nor other rules.

use super::active::{self, Active, Moved, Standing};
use super::alert::{Alert, AlertState, Origin};
use super::engine::Settings;
use super::file::{Rule, RuleKind};
use super::fill::Fill;
use super::set::{Owners, RuleSet};
use crate::answers;
use crate::labels::{Labels, NAME};
use crate::promql::{self, Answer, Value};
use crate::store::{Appended, Read, Store};
use crate::target::STALE_NAN;
use crate::units::Timestamp;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use std::time::Duration;

/// How a rule fares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleStatus {
    /// What went wrong the last time; none: it is well. Not cleaned for a screen.
    pub error: Option<String>,
    /// The moment of the last evaluation.
    pub at: Option<Timestamp>,
    /// How long it took, as far as the caller has measured it.
    pub took: Duration,
    /// Series that it gave: recorded ones, or those of its pending and firing alerts.
    pub series: usize,
    /// Samples that it read.
    pub touched: u64,
    /// Evaluations since the start, and how many of them failed.
    pub evaluations: u64,
    /// Of those, how many failed.
    pub failures: u64,
}

/// A rule and its state.
pub(super) struct Running {
    pub(super) rule: Rule,
    /// The series that it gave the last time.
    pub(super) outputs: FxHashSet<Labels>,
    pub(super) active: Active,
    /// Until the state of an earlier run is found, alerts are not written.
    pub(super) restored: bool,
    pub(super) status: RuleStatus,
}

/// Where and when a rule is evaluated.
pub(super) struct Scene<'s> {
    pub(super) settings: &'s Settings,
    pub(super) owners: &'s Owners,
    pub(super) set: &'s RuleSet,
    pub(super) origin: &'s Origin,
    pub(super) group: &'s Arc<str>,
    pub(super) limit: usize,
    pub(super) offset: Duration,
    pub(super) at: Timestamp,
}

type Samples = Vec<(Labels, f64)>;

/// What an evaluation gives.
struct Outcome {
    samples: Samples,
    moved: Moved,
    touched: u64,
}

impl Running {
    /// Takes a rule into service. A group's labels go under the rule's own.
    pub(super) fn new(mut rule: Rule, group_labels: &[(String, String)], restored: bool) -> Self {
        for (name, text) in group_labels {
            if !rule.labels.iter().any(|(known, _)| known == name) {
                rule.labels.push((name.clone(), text.clone()));
            }
        }
        rule.labels.sort();
        let (outputs, active) = (FxHashSet::default(), Active::default());
        Self { rule, outputs, active, restored, status: RuleStatus::default() }
    }

    /// Evaluates the rule and stores what it gives. Says whether any alert has changed its state.
    pub(super) fn run(&mut self, store: &mut Store, scene: &Scene<'_>) -> bool {
        self.status.at = Some(scene.at);
        self.status.evaluations += 1;
        let outcome = match &self.rule.kind {
            RuleKind::Record(name) => record(&self.rule, name, store, scene),
            RuleKind::Alert { .. } => self.alerts(store, scene),
        };
        match outcome {
            Ok(outcome) => {
                self.status.series = outcome.samples.len();
                self.status.touched = outcome.touched;
                self.status.error = self.write(outcome.samples, store, scene.at - scene.offset);
                self.status.failures += u64::from(self.status.error.is_some());
                outcome.moved.changed
            }
            Err(message) => {
                self.status.failures += 1;
                // Nothing vanished: nobody knows what would have been there.
                self.status.error = Some(message);
                false
            }
        }
    }

    /// Appends the samples, and stale markers for series that were there the last time and are not now.
    fn write(&mut self, samples: Samples, store: &mut Store, at: Timestamp) -> Option<String> {
        let (mut given, mut refused, mut why) = (FxHashSet::default(), 0_usize, Appended::Stored);
        given.reserve(samples.len());
        let all = samples.len();
        for (labels, value) in samples {
            match store.append(&labels, at, value) {
                Appended::New | Appended::Stored => {
                    given.insert(labels);
                }
                other => (refused, why) = (refused + 1, other),
            }
        }
        for gone in self.outputs.iter().filter(|labels| !given.contains(*labels)) {
            let _ = store.append(gone, at, STALE_NAN);
        }
        self.outputs = given;
        let reason = match why {
            Appended::Duplicate => "another rule has written the same series",
            Appended::OutOfOrder => "there are newer ones",
            Appended::TooOld => "they are older than what is kept",
            _ => "the store refuses their labels",
        };
        (refused > 0).then(|| format!("{refused} of {all} samples were not stored: {reason}"))
    }

    fn alerts(&mut self, store: &Store, scene: &Scene<'_>) -> Result<Outcome, String> {
        let (found, touched) = found(&self.rule, store, scene)?;
        let moved = active::step(&mut self.active, found, &self.rule, scene.at);
        if scene.limit > 0 && moved.live > scene.limit {
            self.active.clear();
            return Err(format!("exceeded limit of {} with {} alerts", scene.limit, moved.live));
        }
        let mut samples = Vec::new();
        if self.restored {
            let live = self.active.values().filter(|s| s.alert.state != AlertState::Resolved);
            for Standing { alert, .. } in live {
                samples.push((active::series(alert, &self.rule.labels), 1.0));
                // Whole seconds, as Prometheus stores them.
                let since = alert.active_at.millis().div_euclid(1000) as f64;
                samples.push((active::for_state(alert, &self.rule.labels), since));
            }
        }
        Ok(Outcome { samples, moved, touched })
    }
}

fn record(rule: &Rule, name: &str, store: &Store, scene: &Scene<'_>) -> Result<Outcome, String> {
    let (elements, touched) = elements(rule, store, scene)?;
    let mut seen = FxHashSet::default();
    let mut samples = Vec::with_capacity(elements.len());
    for (element, value) in elements {
        let own = rule.labels.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let labels = Labels::from_pairs(element.iter().chain([(NAME, name)]).chain(own));
        if !seen.insert(labels.clone()) {
            return Err(
                "vector contains metrics with the same labelset after applying rule labels".to_owned()
            );
        }
        samples.push((labels, value));
    }
    if scene.limit > 0 && samples.len() > scene.limit {
        return Err(format!("exceeded limit of {} with {} series", scene.limit, samples.len()));
    }
    Ok(Outcome { samples, moved: Moved::default(), touched })
}

/// The elements that are true now, each as the alert that it would begin.
fn found(rule: &Rule, store: &Store, scene: &Scene<'_>) -> Result<(Vec<Standing>, u64), String> {
    let RuleKind::Alert { name, annotations, .. } = &rule.kind else { return Ok((Vec::new(), 0)) };
    let (elements, touched) = elements(rule, store, scene)?;
    let fill = Fill::new(store, scene);
    let mut seen = FxHashSet::default();
    let mut out = Vec::with_capacity(elements.len());
    for (element, value) in elements {
        let mut pairs: Vec<(&str, String)> =
            element.iter().filter(|(name, _)| *name != NAME).map(|(n, v)| (n, v.to_owned())).collect();
        for (name, text) in &rule.labels {
            pairs.push((name, fill.expand(text, &element, value)));
        }
        pairs.push(("alertname", name.to_string()));
        let labels = Labels::from_pairs(pairs);
        let annotations =
            annotations.iter().map(|(name, text)| (name.clone(), fill.expand(text, &element, value)));
        let annotations = annotations.collect();
        if !seen.insert(labels.clone()) {
            return Err(
                "vector contains metrics with the same labelset after applying alert labels".to_owned()
            );
        }
        let (severity, services) = (scene.set.severities.of(&labels), scene.owners.of(&labels));
        let alert = Alert {
            origin: scene.origin.clone(),
            group: scene.group.clone(),
            name: name.clone(),
            labels,
            annotations,
            state: AlertState::Pending,
            value,
            active_at: scene.at,
            fired_at: None,
            resolved_at: None,
            keep_firing_since: None,
        };
        out.push(Standing { alert, severity, services });
    }
    Ok((out, touched))
}

fn elements(rule: &Rule, store: &Store, scene: &Scene<'_>) -> Result<(Samples, u64), String> {
    let at = scene.at - scene.offset;
    if let Some(key) = answers::key_of(&rule.expr) {
        told(store, &key, at)?;
    }
    let answer = promql::eval(store, &rule.expr, at, &scene.settings.options).map_err(|e| e.to_string())?;
    let touched = answer.touched;
    vector(answer).map(|samples| (samples, touched))
}

/// How old the answer of a server may be that a rule is judged by.
const FRESH: Duration = Duration::from_secs(180);

/// A server that is silent has not said that nothing is wrong.
fn told(store: &Store, key: &str, at: Timestamp) -> Result<(), String> {
    let backend = answers::backend_of(key);
    match answers::answered_at(store, key, at) {
        Some(when) if at.since(when) <= FRESH => Ok(()),
        Some(when) => {
            let age = crate::units::format_duration(Duration::from_secs(at.since(when).as_secs()));
            Err(format!("backend {backend} has not answered this for {age}"))
        }
        None => Err(format!("backend {backend} has not answered this yet")),
    }
}

/// A vector as it is, a number as one element without labels.
fn vector(answer: Answer) -> Result<Samples, String> {
    match answer.value {
        Value::Vector(points) => Ok(points.into_iter().map(|point| (point.labels, point.value)).collect()),
        Value::Scalar(value) => Ok(vec![(Labels::empty(), value)]),
        Value::String(_) | Value::Matrix(_) => Err("rule result is not a vector or scalar".to_owned()),
    }
}

/// Evaluates the text of a query in a template, with what the set may see.
pub(super) fn query(text: &str, store: &impl Read, scene: &Scene<'_>) -> Result<Samples, String> {
    let expr = promql::parse(text).map_err(|error| error.to_string())?;
    let expr = scene.set.enforce.expr(&expr);
    promql::eval(store, &expr, scene.at, &scene.settings.options).map_err(|e| e.to_string()).and_then(vector)
}
