//! What objectives cost: a round of 50 of them, each over 200 counters, and the longest unit of work in it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures time, and stops where it cannot"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};
use warroom::config::{Source, load};
use warroom::labels::Labels;
use warroom::plan::Plan;
use warroom::slo::Book;
use warroom::store::Store;
use warroom::units::Timestamp;

const OBJECTIVES: usize = 50;
/// Counters of a service: 10 instances, 10 routes, 2 statuses.
const SERIES: usize = 200;
const STEP: i64 = 15_000;
/// How far the store reaches back at first.
const HISTORY: i64 = 3_600_000;

fn config() -> String {
    let mut text = String::new();
    for n in 0..OBJECTIVES {
        let _ = writeln!(
            text,
            "service.s{n} = {{ instances = [\"http://10.0.0.{n}:80\"], select = '{{job=\"s{n}\"}}', poll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }} }}\n\
             slo.s{n} = {{ service = \"s{n}\", objective = 99.9, \
             error = 'sum(rate(http_requests_total{{status=\"500\"}}[{{{{.window}}}}]))', \
             total = 'sum(rate(http_requests_total[{{{{.window}}}}]))' }}"
        );
    }
    text
}

fn series() -> Vec<Labels> {
    let one = |n: usize| {
        let (job, number) = (format!("s{}", n / SERIES), n % SERIES);
        let (instance, path) = (format!("10.0.0.{}:80", number % 10), format!("/r{}", number / 10 % 10));
        let status = if number < SERIES / 2 { "200" } else { "500" };
        let pairs = [("job", &*job), ("instance", &*instance), ("path", &*path), ("status", status)];
        Labels::metric("http_requests_total", pairs)
    };
    (0..OBJECTIVES * SERIES).map(one).collect()
}

/// One scrape of everything: good ones grow by ten, bad ones by one in fifty scrapes.
fn scrape(store: &mut Store, all: &[Labels], at: i64) {
    let n = at / STEP;
    for (number, labels) in all.iter().enumerate() {
        let value = if number % SERIES < SERIES / 2 { n * 10 } else { n / 50 };
        store.append(labels, Timestamp::from_millis(at), value as f64);
    }
}

/// One round; the longest unit of work in it.
fn round(book: &mut Book, store: &mut Store, at: i64) -> Duration {
    let mut longest = Duration::ZERO;
    book.begin(Timestamp::from_millis(at));
    while book.has_work() {
        let begun = Instant::now();
        black_box(book.work(store));
        longest = longest.max(begun.elapsed());
    }
    longest
}

fn bench(c: &mut Criterion) {
    let source = Source { name: "bench.toml".to_owned(), text: config() };
    let plan = Plan::compile(&load(&[source]).unwrap(), 1).unwrap();
    assert_eq!(plan.slos.len(), OBJECTIVES);
    let (all, mut store) = (series(), Store::default());
    let mut at = 1_767_225_600_000;
    for _ in 0..HISTORY / STEP {
        scrape(&mut store, &all, at);
        at += STEP;
    }
    let mut book = Book::new(plan.slos.clone());
    let begun = Instant::now();
    let longest = round(&mut book, &mut store, at - STEP);
    eprintln!("slo/first_round over an hour of samples: {:?}, longest unit {longest:?}", begun.elapsed());
    let seen = book.assessments().iter().filter(|one| one.budget.is_some()).count();
    assert_eq!(seen, OBJECTIVES, "every objective has counted something");

    let mut longest = Duration::ZERO;
    c.bench_function("slo/round_50x200", |b| {
        b.iter_custom(|rounds| {
            let mut took = Duration::ZERO;
            for _ in 0..rounds {
                scrape(&mut store, &all, at);
                let begun = Instant::now();
                longest = longest.max(round(&mut book, &mut store, at));
                took += begun.elapsed();
                at += STEP;
            }
            took
        });
    });
    eprintln!("slo/round_50x200: the longest unit of work took {longest:?}");
    c.bench_function("slo/course_of_100_points", |b| b.iter(|| black_box(book.course("s0", 100))));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = bench
}
criterion_main!(benches);
