//! What rules cost: 1,000 rules over 10,000 series, as one group that is evaluated at one moment.
//!
//! Prints `prometheus_rule_group_last_duration_seconds` of a real Prometheus with the same rules over the same series
//! beside it, where one is installed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a benchmark prints and stops where it cannot measure"
)]

#[path = "../tests/support/prometheus.rs"]
mod prometheus;

use criterion::{Criterion, criterion_group, criterion_main};
use prometheus::Server;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};
use warroom::labels::Labels;
use warroom::rules::{Engine, Owners, RuleSet, Settings, Severities};
use warroom::store::Store;
use warroom::units::Timestamp;

const SERVICES: usize = 100;
const POINTS: i64 = 60;
const STEP: i64 = 15_000;

/// 100 services with 100 counters each, 15 minutes at 15 s that end at `end`.
fn data(end: i64) -> Vec<(Labels, Vec<(i64, f64)>)> {
    let mut out = Vec::new();
    for n in 0..SERVICES * 100 {
        let (job, instance) = (format!("service-{}", n / 100), format!("10.0.0.{}:9090", n % 10));
        let (handler, status) = (format!("/h{}", n / 10 % 5), if n / 50 % 2 == 0 { "200" } else { "500" });
        let pairs = [("job", &*job), ("instance", &*instance), ("handler", &*handler), ("status", status)];
        let points = (0..POINTS).map(|i| (end - (POINTS - 1 - i) * STEP, (i * (n as i64 % 97 + 1)) as f64));
        out.push((Labels::metric("http_requests_total", pairs), points.collect()));
    }
    out
}

/// 10 rules a service: 4 records and 6 alerts, of which some fire.
fn rules() -> String {
    let mut text = "groups:\n- name: all\n  interval: 5s\n  rules:\n".to_owned();
    for s in 0..SERVICES {
        let all = format!("http_requests_total{{job=\"service-{s}\"}}");
        let bad = format!("http_requests_total{{job=\"service-{s}\", status=~\"5..\"}}");
        for (name, expr) in [
            ("rate5m", format!("sum by (job) (rate({all}[5m]))")),
            ("errors5m", format!("sum by (job) (rate({bad}[5m]))")),
            ("rate_by_handler", format!("sum by (job, handler) (rate({all}[5m]))")),
            ("instances", format!("count by (job) (count by (job, instance) ({all}))")),
        ] {
            let _ = writeln!(text, "  - {{record: 'job:requests:{name}', expr: '{expr}'}}");
        }
        for (n, expr) in [
            format!("sum by (job) (rate({bad}[5m])) / sum by (job) (rate({all}[5m])) > 0.01"),
            format!("job:requests:errors5m{{job=\"service-{s}\"}} / job:requests:rate5m{{job=\"service-{s}\"}} > 0.9"),
            format!("rate({bad}[5m]) > 5"),
            format!("max by (job, instance) (increase({bad}[10m])) > 1e9"),
            format!("absent({all})"),
            format!("{all} == 0"),
        ]
        .iter()
        .enumerate()
        {
            let _ = writeln!(
                text,
                "  - {{alert: A{n}, expr: '{expr}', for: 1m, labels: {{severity: warning}}, annotations: {{summary: '{{{{ $labels.job }}}} is at {{{{ $value }}}}'}}}}"
            );
        }
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn of_server(samples: &[(Labels, Vec<(i64, f64)>)], text: &str) -> String {
    let Some(server) = Server::start_with_rules(samples, text) else { return "not installed".to_owned() };
    let begun = Instant::now();
    let mut best = f64::INFINITY;
    let mut last = 0.0;
    let mut seen = 0;
    // The first evaluation has cold caches: five that differ are enough to take the best of.
    while seen < 5 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(500));
        let metrics = server.get("/metrics");
        let line = metrics.lines().find(|l| l.starts_with("prometheus_rule_group_last_duration_seconds"));
        let took: f64 = line.and_then(|l| l.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0);
        if took > 0.0 && took.to_bits() != f64::to_bits(last) {
            (last, best, seen) = (took, best.min(took), seen + 1);
        }
    }
    format!("{:.1} ms (best of {seen})", best * 1000.0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server's rules are evaluated now, so the samples must be of now"
)]
fn bench(c: &mut Criterion) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64;
    let (samples, text) = (data(now), rules());
    eprintln!(
        "rules/1000x10000: prometheus_rule_group_last_duration_seconds is {}",
        of_server(&samples, &text)
    );
    let mut store = Store::default();
    for (labels, points) in &samples {
        for (at, value) in points {
            store.append(labels, Timestamp::from_millis(*at), *value);
        }
    }
    let set = RuleSet::read("bench", [("rules.yml", text.as_str())], &[], Severities::default());
    assert!(set.problems.is_empty(), "{:?}", set.problems);
    let mut engine = Engine::new(vec![set], Owners::default(), Settings::default());
    let mut longest = Duration::ZERO;
    let mut at = now;
    let mut round = |at: i64| {
        engine.begin_all(Timestamp::from_millis(at));
        while engine.has_work() {
            let begun = Instant::now();
            black_box(engine.work(&mut store));
            longest = longest.max(begun.elapsed());
        }
        engine.counts()
    };
    let (pending, firing) = round(at);
    assert!(pending + firing > 100, "{pending} pending, {firing} firing");
    c.bench_function("rules/1000x10000", |b| {
        b.iter(|| {
            at += 100;
            black_box(round(at))
        });
    });
    eprintln!("rules/1000x10000: the longest unit of work took {longest:?}");
    c.bench_function("rules/read_1000", |b| b.iter(|| black_box(warroom::rules::parse("r.yml", &text, &[]))));
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1)).sample_size(20);
    targets = bench
}
criterion_main!(benches);
