//! What expressions cost: 1,000 series over 6 hours at 15 seconds, as a dashboard asks for them.
//!
//! Prints the time of a real Prometheus's API beside each query where one is installed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a benchmark prints and stops where it cannot measure"
)]

#[path = "../tests/support/prometheus.rs"]
mod prometheus;
#[path = "../tests/support/store.rs"]
mod support_store;

use criterion::{Criterion, criterion_group, criterion_main};
use prometheus::Server;
use std::hint::black_box;
use std::time::{Duration, Instant};
use warroom::labels::Labels;
use warroom::promql::{self, Batch, Expr, Options, Range, Stepper};
use warroom::units::Timestamp;

const START: i64 = 1_699_992_000_000;
const SCRAPES: i64 = 6 * 240;
const END: i64 = START + (SCRAPES - 1) * 15_000;

type Data = Vec<(Labels, Vec<(i64, f64)>)>;

/// 1,000 counters: 10 services, 10 handlers, 10 instances; and 1,000 buckets: 10 services, 10 instances, 10 bounds.
fn data() -> Data {
    let mut seed = 0x1234_5678_9abc_def1_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut out: Data = Vec::new();
    let bounds = ["0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"];
    for n in 0..1000_usize {
        let (service, instance) = (format!("service-{}", n / 100), format!("10.0.0.{}:9090", n / 10 % 10));
        let handler = format!("/api/v1/handler-{}", n % 10);
        let base = [("job", "app"), ("service", &*service), ("instance", &*instance)];
        let counter = base.iter().copied().chain([("handler", &*handler), ("code", "200")]);
        let bucket = base.iter().copied().chain([("le", bounds[n % 10])]);
        for labels in
            [Labels::metric("requests_total", counter), Labels::metric("latency_seconds_bucket", bucket)]
        {
            let mut total = 0;
            let points = (0..SCRAPES).map(|i| {
                total += random() % 40 * (n % 10 + 1) as u64;
                (START + i * 15_000, total as f64)
            });
            out.push((labels, points.collect()));
        }
    }
    out
}

const INSTANT: [(&str, &str); 3] = [
    ("sum_rate", "sum by (handler) (rate(requests_total[5m]))"),
    (
        "histogram_quantile",
        "histogram_quantile(0.95, sum by (le, service) (rate(latency_seconds_bucket[5m])))",
    ),
    ("selector", "requests_total{service=\"service-3\"} > 100"),
];

/// 300 expressions as dashboards and rules have them, a third of which repeat parts of others.
fn typical() -> Vec<Expr> {
    let mut texts = Vec::new();
    for s in 0..10 {
        let one = format!("service=\"service-{s}\"");
        for window in ["1m", "5m"] {
            let rate = format!("sum by (service) (rate(requests_total{{{one}}}[{window}]))");
            let errors =
                format!("sum by (service) (rate(requests_total{{{one},handler=~\".*-[12]\"}}[{window}]))");
            texts.push(rate.clone());
            texts.push(errors.clone());
            texts.push(format!("{errors} / {rate}"));
            texts.push(format!("{errors} / {rate} > 0.05"));
            for q in ["0.5", "0.95", "0.99"] {
                texts.push(format!(
                    "histogram_quantile({q}, sum by (le) (rate(latency_seconds_bucket{{{one}}}[{window}])))"
                ));
            }
            texts.push(format!("topk(3, rate(requests_total{{{one}}}[{window}]))"));
            texts.push(format!("increase(requests_total{{{one},instance=\"10.0.0.1:9090\"}}[{window}])"));
            texts.push(format!("max by (instance) (irate(requests_total{{{one}}}[{window}]))"));
        }
        for instance in 0..10 {
            texts.push(format!("requests_total{{{one},instance=\"10.0.0.{instance}:9090\"}} == 0"));
        }
    }
    texts.iter().map(|t| promql::parse(t).unwrap()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn of_server(server: Option<&Server>, route: &str, form: &[(&str, &str)]) -> String {
    let Some(server) = server else { return "not installed".to_owned() };
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        let answer = server.ask(route, form);
        best = best.min(begun.elapsed());
        assert_eq!(answer["status"], "success", "{answer}");
    }
    format!("{best:?} (best of 10)")
}

fn bench(c: &mut Criterion) {
    let data = data();
    let server = Server::start(&data);
    let store = support_store::fill(data.iter().flat_map(|(l, p)| p.iter().map(move |(t, v)| (l, *t, *v))));
    let options = Options::default();
    let at = Timestamp::from_millis(END);
    let seconds = |ms: i64| format!("{}", ms / 1000);
    for (name, text) in INSTANT {
        let expr = promql::parse(text).unwrap();
        let real = of_server(server.as_ref(), "query", &[("query", text), ("time", &seconds(END))]);
        eprintln!("instant/{name}: the server's API takes {real}");
        c.bench_function(&format!("instant/{name}"), |b| {
            b.iter(|| black_box(promql::eval(&store, &expr, at, &options).unwrap()));
        });
    }
    let range = Range { start: Timestamp::from_millis(START), end: at, step: Duration::from_secs(60) };
    for (name, text) in &INSTANT[..2] {
        let expr = promql::parse(text).unwrap();
        let form = [("query", *text), ("start", &seconds(START)), ("end", &seconds(END)), ("step", "60")];
        let real = of_server(server.as_ref(), "query_range", &form);
        eprintln!("range/{name}: the server's API takes {real}");
        c.bench_function(&format!("range_6h_60s/{name}"), |b| {
            b.iter(|| black_box(promql::eval_range(&store, &expr, range, &options).unwrap()));
        });
    }
    let exprs = typical();
    assert_eq!(exprs.len(), 300);
    let mut shift = 0;
    c.bench_function("tick/300_expressions", |b| {
        let mut batch = Batch::new(exprs.clone());
        b.iter(|| {
            shift += 1;
            let at = Timestamp::from_millis(END + shift % 15_000);
            black_box(batch.eval(&store, at, &options).filter(|r| r.is_ok()).count())
        });
    });
    let expr = promql::parse(INSTANT[0].1).unwrap();
    c.bench_function("step/sparkline", |b| {
        let mut stepper = Stepper::new(expr.clone(), Duration::from_secs(60), 60);
        // Among the newest samples, as a dashboard's present is.
        let mut now = END - 600_000;
        b.iter(|| {
            now = if now > END { END - 600_000 } else { now + 60_000 };
            stepper.advance(&store, Timestamp::from_millis(now), &options).unwrap();
            black_box(stepper.newest())
        });
    });
    c.bench_function("parse", |b| b.iter(|| black_box(promql::parse(INSTANT[1].1).unwrap())));
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1)).sample_size(20);
    targets = bench
}
criterion_main!(benches);
