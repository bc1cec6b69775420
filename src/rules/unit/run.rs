//! Runs the tests of a file: fills a store, evaluates the groups step by step, compares.

use super::Failure;
use super::compare;
use super::read::{AlertTest, ExprTest, Test, UnitFile};
use crate::labels::Labels;
use crate::promql::{self, Options, Value};
use crate::rules::{AlertState, Engine, Group, Origin, Owners, Placed, RuleKind, RuleSet, Settings};
use crate::store::{Limits, Store};
use crate::units::{Timestamp, format_duration};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The most evaluations of one test.
const MOST_STEPS: u128 = 1_000_000;

/// Runs all tests of `file` with the groups of its rule files: name of the file and its groups.
pub fn run(file: &UnitFile, groups: &[(String, Vec<Group>)]) -> Vec<Failure> {
    file.tests.iter().flat_map(|test| one(file, test, groups)).collect()
}

fn set(file: &UnitFile, groups: &[(String, Vec<Group>)]) -> RuleSet {
    let mut out = RuleSet::empty("test");
    let name = Arc::clone(&out.name);
    let mut placed: Vec<Placed> = groups
        .iter()
        .flat_map(|(path, groups)| {
            let origin = Origin::File { set: name.clone(), file: path.as_str().into() };
            groups.iter().map(move |group| Placed { origin: origin.clone(), group: group.clone() })
        })
        .collect();
    let order = |placed: &Placed| {
        let known = file.group_eval_order.iter().position(|known| **known == *placed.group.name);
        known.unwrap_or(usize::MAX)
    };
    placed.sort_by_key(order);
    out.groups = placed;
    out
}

fn one(file: &UnitFile, test: &Test, groups: &[(String, Vec<Group>)]) -> Vec<Failure> {
    let mut store = Store::new(Limits::NONE);
    for (labels, points) in &test.input {
        for (at, value) in points.iter().enumerate() {
            let Some(value) = value else { continue };
            let moment = test.start + test.interval.saturating_mul(at as u32);
            let _ = store.append(labels, moment, *value);
        }
    }
    let step = file.evaluation_interval;
    let end = test.alerts.iter().map(|alert| alert.at).chain(test.exprs.iter().map(|expr| expr.at)).max();
    let Some(end) = end else { return Vec::new() };
    if end.as_millis() / step.as_millis().max(1) > MOST_STEPS {
        let what = format!("{} of evaluations every {}", format_duration(end), format_duration(step));
        let details = vec![format!("more than {MOST_STEPS} steps")];
        return vec![Failure { test: test.name.clone(), what, details }];
    }
    let settings = Settings { options: Options::default(), interval: step, restore: false };
    let mut rules = set(file, groups);
    rules.external_labels.clone_from(&test.external_labels);
    rules.external_url.clone_from(&test.external_url);
    let mut engine = Engine::new(vec![rules], Owners::default(), settings);
    let mut failures = Vec::new();
    let mut now = Duration::ZERO;
    while now <= end {
        engine.begin_all(test.start + now);
        while engine.has_work() {
            engine.work(&mut store);
        }
        // As in promtool, a time between two evaluations is answered by the first of them.
        for alert in test.alerts.iter().filter(|alert| alert.at >= now && alert.at < now + step) {
            failures.extend(check_alert(test, alert, &engine, groups));
        }
        now += step;
    }
    for expr in &test.exprs {
        failures.extend(check_expr(file, test, expr, &store));
    }
    failures
}

fn check_alert(
    test: &Test,
    wanted: &AlertTest,
    engine: &Engine,
    groups: &[(String, Vec<Group>)],
) -> Option<Failure> {
    let firing =
        engine.alerts().filter(|alert| alert.state == AlertState::Firing && *alert.name == *wanted.name);
    let mut got: Vec<(Labels, Labels)> = firing
        .map(|alert| {
            let annotations = alert.annotations.iter().map(|(name, text)| (&**name, text.as_str()));
            (alert.labels.clone(), Labels::from_pairs(annotations))
        })
        .collect();
    let mut expected = wanted.expected.clone();
    got.sort();
    expected.sort();
    if got == expected {
        return None;
    }
    let what = format!("alert {} at {}", wanted.name, format_duration(wanted.at));
    let mut details = compare::alerts(&expected, &got);
    if got.is_empty() {
        details.extend(why_silent(test, wanted, engine, groups));
    }
    Some(Failure { test: test.name.clone(), what, details })
}

/// The most lines about why nothing fires.
const MOST_REASONS: usize = 5;

/// Why an alert does not fire that should: nobody is called so, or it waits for its `for`.
fn why_silent(
    test: &Test,
    wanted: &AlertTest,
    engine: &Engine,
    groups: &[(String, Vec<Group>)],
) -> Vec<String> {
    let rules = groups.iter().flat_map(|(_, groups)| groups).flat_map(|group| &group.rules);
    let alerts = rules.filter(|rule| matches!(rule.kind, RuleKind::Alert { .. }));
    let names: BTreeSet<&str> = alerts.map(|rule| &**rule.name()).collect();
    if !names.contains(wanted.name.as_str()) {
        let known: Vec<&str> = names.into_iter().take(20).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return vec![format!("no alert of the rule files is called {}: they are {known}", wanted.name)];
    }
    let now = test.start + wanted.at;
    let waiting =
        engine.alerts().filter(|alert| alert.state == AlertState::Pending && *alert.name == *wanted.name);
    let told = waiting.map(|alert| {
        format!("pending for {} so far: {}", format_duration(now.since(alert.active_at)), alert.labels)
    });
    told.take(MOST_REASONS).collect()
}

fn check_expr(file: &UnitFile, test: &Test, wanted: &ExprTest, store: &Store) -> Option<Failure> {
    let at: Timestamp = test.start + wanted.at;
    let what = format!("{} at {}", wanted.text.trim(), format_duration(wanted.at));
    let fail = |details| Some(Failure { test: test.name.clone(), what: what.clone(), details });
    let answer = match promql::eval(store, &wanted.expr, at, &Options::default()) {
        Ok(answer) => answer,
        Err(error) => return fail(vec![format!("+ error: {error}")]),
    };
    let mut got: Vec<(Labels, f64)> = match answer.value {
        Value::Scalar(value) => vec![(Labels::empty(), value)],
        Value::Vector(points) => points.into_iter().map(|point| (point.labels, point.value)).collect(),
        _ => return fail(vec!["+ the expression gives neither a number nor a vector".to_owned()]),
    };
    let mut expected = wanted.expected.clone();
    got.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let same = |a: f64, b: f64| compare::equal(a, b, file.fuzzy_compare);
    let equal = got.len() == expected.len()
        && got.iter().zip(&expected).all(|(got, expected)| got.0 == expected.0 && same(got.1, expected.1));
    if equal { None } else { fail(compare::samples(&expected, &got, file.fuzzy_compare)) }
}
