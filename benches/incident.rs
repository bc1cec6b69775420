//! What a round of the incident engine costs: 200 alerts over 100 services, in the weather that matters.
//!
//! Rounds come every few seconds, between key presses: one must stay well below what a person can feel.

#![expect(clippy::unwrap_used, reason = "a benchmark stops where it cannot measure")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::Config;
use warroom::incident::{Alarm, Incidents, ServiceFacts, Settings};
use warroom::labels::Labels;
use warroom::plan::Plan;
use warroom::rules::{Alert, AlertState, Origin};
use warroom::severity::Severity;
use warroom::target::health::State;
use warroom::units::Timestamp;

const SERVICES: usize = 100;
const ALERTS: usize = 200;
/// Services in a group: each needs the next, so that a group shares an incident.
const GROUP: usize = 10;

fn settings() -> Arc<Settings> {
    Arc::clone(&Plan::compile(&Config::default(), 1).unwrap().incidents)
}

fn name(number: usize) -> Arc<str> {
    format!("service-{number}").into()
}

fn alerts(since: Timestamp) -> Vec<(Alert, Arc<str>)> {
    let one = |n: usize| {
        let (service, rule) = (name(n % SERVICES), format!("Rule{}", n / SERVICES));
        let pairs =
            [("alertname", &*rule), ("job", &*service), ("instance", "10.0.0.1:80"), ("severity", "error")];
        let alert = Alert {
            origin: Origin::BuiltIn,
            group: "g".into(),
            name: rule.as_str().into(),
            labels: Labels::from_pairs(pairs),
            annotations: vec![("summary".into(), format!("{rule} on {service}"))],
            state: AlertState::Firing,
            value: 0.0621,
            active_at: since,
            fired_at: Some(since),
            resolved_at: None,
            keep_firing_since: None,
        };
        (alert, service)
    };
    (0..ALERTS).map(one).collect()
}

fn facts(errors: f64) -> Vec<ServiceFacts> {
    let one = |n: usize| ServiceFacts {
        service: name(n),
        environment: Some("prod".into()),
        state: State::Degraded,
        instances: (2, 2),
        errors_ratio: Some(errors),
        latency: Some(0.4),
        requests: Some(100.0),
        depends_on: if (n + 1).is_multiple_of(GROUP) { Vec::new() } else { vec![name(n + 1)] },
        ..ServiceFacts::default()
    };
    (0..SERVICES).map(one).collect()
}

fn round(
    incidents: &mut Incidents,
    at: Timestamp,
    firing: &[(Alert, Arc<str>)],
    known: &[ServiceFacts],
) -> usize {
    let alarms = firing.iter().map(|(alert, service)| Alarm {
        alert,
        service: Some(Arc::clone(service)),
        environment: Some("prod".into()),
        severity: Severity::P2,
        runbook: None,
        suppressed: false,
        group: "",
    });
    incidents.observe(at, alarms, known).len()
}

fn bench(c: &mut Criterion) {
    let start = Timestamp::from_millis(1_767_225_600_000);
    let (firing, known) = (alerts(start), facts(0.02));
    let settings = settings();
    let at = |seconds: u64| start + Duration::from_secs(seconds);

    let mut open = Incidents::new(Arc::clone(&settings));
    let changes = round(&mut open, at(0), &firing, &known);
    let count = open.open().len();
    assert!(changes >= ALERTS && count == SERVICES / GROUP, "{changes} changes, {count} incidents");

    c.bench_function("incident/observe_200x100_all_open_at_once", |b| {
        b.iter_batched_ref(
            || Incidents::new(Arc::clone(&settings)),
            |incidents| black_box(round(incidents, at(0), &firing, &known)),
            BatchSize::SmallInput,
        );
    });
    let mut second = 1;
    c.bench_function("incident/observe_200x100_nothing_new", |b| {
        b.iter(|| {
            second += 1;
            // Below a timer and within a minute: the round of every few seconds, in which nothing changes.
            black_box(round(&mut open, at(second % 50), &firing, &known))
        });
    });
    c.bench_function("incident/observe_200x100_all_gone", |b| {
        b.iter_batched_ref(
            || open.clone(),
            |incidents| black_box(round(incidents, at(55), &[], &known)),
            BatchSize::SmallInput,
        );
    });
    let quiet = facts(0.0);
    let mut calm = Incidents::new(Arc::clone(&settings));
    c.bench_function("incident/observe_0x100_calm", |b| {
        b.iter(|| black_box(round(&mut calm, at(0), &[], &quiet)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = bench
}
criterion_main!(benches);
