//! Cost of the store: appending, finding, reading, and bytes a sample for the usual kinds of series.
//!
//! All data is generated, the same at every run.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use warroom::labels::{Labels, MatchOp, Matcher, NAME};
use warroom::store::{Limits, Store};
use warroom::units::Timestamp;

/// Start of all series: a multiple of the interval, as the poller aligns its slots.
const START: i64 = 1_700_000_010_000;
/// Between two samples, in ms.
const INTERVAL: i64 = 15_000;
/// Samples in six hours.
const SIX_HOURS: i64 = 6 * 3600 * 1000 / INTERVAL;

/// A small generator of numbers (Steele and Vigna, `SplitMix64`), by place instead of by state.
fn noise(seed: u64, place: i64) -> u64 {
    let mut z = place
        .cast_unsigned()
        .wrapping_add(seed.wrapping_mul(0x0001_0001))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One kind of series: its name and its value at a place.
type Kind = (&'static str, fn(u64, i64) -> f64);

const KINDS: [Kind; 9] = [
    ("constant", |_, _| 1.0),
    ("gauge of small numbers", |s, i| (noise(s, i) % 16) as f64),
    ("gauge in percent, two decimals", |s, i| (4000 + noise(s, i) % 500) as f64 / 100.0),
    ("gauge in bytes, by pages", |s, i| (60_000 + noise(s, i) % 256) as f64 * 4096.0),
    ("counter, 10/s +- 2", |s, i| (i * 150 + (noise(s, i) % 60).cast_signed()) as f64),
    ("counter, 1000/s +- 100", |s, i| (i * 15_000 + (noise(s, i) % 3000).cast_signed()) as f64),
    ("counter, mostly at rest", |s, i| (i / 40 + i64::from(noise(s, i / 40).is_multiple_of(2))) as f64),
    ("counter of seconds, three decimals", |s, i| {
        (i * 1500 + (noise(s, i) % 400).cast_signed()) as f64 / 1000.0
    }),
    ("gauge of all digits", |s, i| noise(s, i) as f64 / u64::MAX as f64),
];

fn labels(i: usize) -> Labels {
    Labels::metric(
        "http_requests_total",
        [
            ("instance", format!("10.0.{}.{}:8080", i / 100, i % 100)),
            ("job", "api".to_owned()),
            ("handler", format!("/v1/things/{}", i % 20)),
            ("code", ["200", "404", "500", "503"][i % 4].to_owned()),
        ],
    )
}

/// `series` series of one kind with `count` samples each.
fn filled(series: usize, count: i64, value: fn(u64, i64) -> f64) -> (Store, Vec<Labels>) {
    let mut store = Store::new(Limits::NONE);
    let all: Vec<Labels> = (0..series).map(labels).collect();
    for place in 0..count {
        let at = Timestamp::from_millis(START + place * INTERVAL);
        for (i, labels) in all.iter().enumerate() {
            store.append(labels, at, value(i as u64, place));
        }
    }
    (store, all)
}

#[expect(clippy::print_stdout, reason = "a benchmark tells its figures")]
fn sizes() {
    println!("bytes a sample, 50 series of six hours at 15 s (whole store / samples alone):");
    let empty = filled(50, 1, |_, _| 0.0).0.stats().bytes;
    for (name, value) in KINDS {
        let stats = filled(50, SIX_HOURS, value).0.stats();
        let a_sample = |bytes: usize| bytes as f64 / stats.samples as f64;
        println!("  {name:36} {:6.2} {:6.2}", a_sample(stats.bytes), a_sample(stats.bytes - empty));
    }
    for count in [1, 4, 20] {
        let stats = filled(100_000, count, KINDS[4].1).0.stats();
        println!("  100,000 series of {count} samples: {:.1} MiB", stats.bytes as f64 / f64::from(1 << 20));
    }
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append 1,000 series");
    group.throughput(Throughput::Elements(1000));
    for (name, value) in [KINDS[4], KINDS[8]] {
        let (mut store, all) = filled(1000, 240, value);
        let mut place = 240;
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                let at = Timestamp::from_millis(START + place * INTERVAL);
                for (i, labels) in all.iter().enumerate() {
                    black_box(store.append(labels, at, value(i as u64, place)));
                }
                place += 1;
                // Six hours at most: what is older goes, as it does in life.
                if place % 240 == 0 {
                    store.retain_since(at);
                }
            });
        });
    }
    group.finish();
}

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("read 1,000 series");
    for (name, value) in [KINDS[4], KINDS[7], KINDS[8]] {
        let (store, _) = filled(1000, SIX_HOURS, value);
        let end = START + (SIX_HOURS - 1) * INTERVAL;
        for (span, ms) in [("20 samples", 20 * INTERVAL - 1), ("six hours", SIX_HOURS * INTERVAL)] {
            let all = store.select(&[]);
            let mut out = Vec::new();
            group.bench_function(BenchmarkId::new(span, name), |b| {
                b.iter(|| {
                    for one in &all {
                        out.clear();
                        one.range(Timestamp::from_millis(end - ms), Timestamp::from_millis(end), &mut out);
                        black_box(&out);
                    }
                });
            });
        }
    }
    group.finish();
}

fn select(c: &mut Criterion) {
    let (store, all) = filled(100_000, 1, |_, _| 0.0);
    let mut group = c.benchmark_group("select of 100,000 series");
    let of = |name: &str, op, value: &str| Matcher::new(name, op, value).expect("a good matcher");
    let cases = [
        (
            "by instance",
            vec![Matcher::equal(NAME, "http_requests_total"), Matcher::equal("instance", "10.0.7.7:8080")],
        ),
        (
            "by code and handler",
            vec![Matcher::equal("code", "500"), Matcher::equal("handler", "/v1/things/2")],
        ),
        (
            "by expression",
            vec![Matcher::equal(NAME, "http_requests_total"), of("code", MatchOp::Regex, "5..")],
        ),
        (
            "without a code",
            vec![Matcher::equal("handler", "/v1/things/2"), of("code", MatchOp::NotEqual, "500")],
        ),
    ];
    for (name, matchers) in cases {
        group.bench_function(format!("{name}, {} found", store.select(&matchers).len()), |b| {
            b.iter(|| black_box(store.select(&matchers)));
        });
    }
    group.bench_function("get", |b| b.iter(|| black_box(store.get(&all[5_000]))));
    group.bench_function("snapshot", |b| b.iter(|| black_box(store.snapshot())));
    group.finish();
}

fn all(c: &mut Criterion) {
    sizes();
    append(c);
    read(c);
    select(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
