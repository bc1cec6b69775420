//! Throughput of a scrape, in bytes of the body, beside `prometheus-parse`.
//!
//! Both bodies are generated, the same at every run: one in the style of `node_exporter` (58 KB), one of request
//! histograms with path labels (10 MB). Values change between scrapes, as they do in life.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use warroom::exposition::{Cache, Format, parse};
use warroom::labels::Labels;
use warroom::target::Keep;
use warroom::units::Timestamp;

/// A small generator of numbers (Steele and Vigna, `SplitMix64`), so that the bodies need no crate and no clock.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

const PARTS: [&str; 12] = [
    "cpu",
    "memory",
    "disk",
    "network",
    "filesystem",
    "socket",
    "timer",
    "thermal",
    "pressure",
    "kernel",
    "nfs",
    "arp",
];

/// About 58 KB: gauges and counters with few labels, HELP and TYPE for each family, values of every length.
fn node_body(scrape: u64) -> String {
    let mut body = String::new();
    let mut numbers = Numbers(7);
    let mut family = 0;
    while body.len() < 57_500 {
        let part = PARTS[family % PARTS.len()];
        let counter = family % 2 == 0;
        let (suffix, kind) = if counter { ("seconds_total", "counter") } else { ("bytes", "gauge") };
        let name =
            format!("host_{part}_{}_{suffix}", ["read", "written", "busy", "free", "idle"][family % 5]);
        let name = format!("{name}_{family}");
        let _ =
            write!(body, "# HELP {name} What {part} did, as the kernel counts it.\n# TYPE {name} {kind}\n");
        let rows = [1, 1, 1, 2, 4, 8][numbers.below(6) as usize];
        for row in 0..rows {
            let base = numbers.next() >> (12 + numbers.below(44));
            let value = match numbers.below(4) {
                0 => "0".to_owned(),
                1 => (base % 1_000_000 + scrape).to_string(),
                2 => format!("{:.2}", (base % 100_000_000) as f64 / 100.0 + scrape as f64),
                _ => format!("{:e}", (base + scrape) as f64).replacen('e', "e+", 1),
            };
            match rows {
                1 => writeln!(body, "{name} {value}"),
                2 => writeln!(body, "{name}{{device=\"eth{row}\"}} {value}"),
                _ => writeln!(
                    body,
                    "{name}{{cpu=\"{}\",mode=\"{}\"}} {value}",
                    row / 4,
                    ["user", "idle"][row % 2]
                ),
            }
            .unwrap_or_default();
        }
        family += 1;
    }
    body
}

/// About 10 MB: latency histograms by method, path template and status.
fn histogram_body(scrape: u64) -> String {
    let bounds =
        ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"];
    let mut body = String::from(
        "# HELP http_request_duration_seconds Latency by handler.\n# TYPE http_request_duration_seconds histogram\n",
    );
    let mut numbers = Numbers(11);
    let mut handler = 0;
    while body.len() < 10_000_000 {
        let method = ["GET", "POST", "PUT", "DELETE"][handler % 4];
        let part = PARTS[handler % PARTS.len()];
        let path = format!("/api/v1/tenants/{{tenant_id}}/{part}/{}/items/{{item_id}}", handler / 4);
        let labels = format!("handler=\"{path}\",method=\"{method}\",status=\"2xx\"");
        let mut total = 0;
        for bound in bounds {
            total += numbers.below(5_000) + scrape;
            let _ = writeln!(body, "http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {total}");
        }
        let sum = total as f64 * 0.037_125;
        let _ = write!(
            body,
            "http_request_duration_seconds_sum{{{labels}}} {sum}\nhttp_request_duration_seconds_count{{{labels}}} {total}\n"
        );
        handler += 1;
    }
    body
}

fn cache() -> Cache {
    Cache::new(Labels::from_pairs([("job", "bench"), ("instance", "host:9100")]))
}

/// Every `n`th of the names in the body, 20 at most.
fn twenty_names(body: &str) -> Keep {
    let names: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let step = (names.len() / 20).max(1);
    Keep::Names(names.into_iter().step_by(step).take(20).map(Box::from).collect())
}

fn scrapes(c: &mut Criterion) {
    let node = [node_body(1), node_body(2)];
    let histograms = [histogram_body(1), histogram_body(2)];
    for (name, bodies) in [("node-58KB", &node), ("histograms-10MB", &histograms)] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(bodies[0].len() as u64));
        group.sample_size(20);
        let mut rows = vec![("cached", Keep::All)];
        if name == "node-58KB" {
            rows.push(("cached, 20 names asked for", twenty_names(&bodies[0])));
        }
        for (row, keep) in &rows {
            let mut cache = cache();
            let mut round = 0_u32;
            for body in bodies {
                cache.scrape(body.as_bytes(), Format::Text, keep, Timestamp::from_millis(0));
            }
            group.bench_function(BenchmarkId::from_parameter(row), |b| {
                b.iter(|| {
                    round += 1;
                    let at = Timestamp::from_millis(i64::from(round) * 15_000);
                    cache.scrape(black_box(bodies[round as usize % 2].as_bytes()), Format::Text, keep, at)
                });
            });
        }
        group.bench_function("first scrape", |b| {
            b.iter(|| {
                let body = black_box(bodies[0].as_bytes());
                cache().scrape(body, Format::Text, &Keep::All, Timestamp::from_millis(0))
            });
        });
        group.bench_function("parse, nothing remembered", |b| {
            b.iter(|| parse(black_box(bodies[0].as_bytes()), Format::Text).flatten().count());
        });
        group.sample_size(10);
        group.bench_function("prometheus-parse 0.2.5", |b| {
            b.iter(|| {
                let lines = black_box(&bodies[0]).lines().map(|line| Ok(line.to_owned()));
                prometheus_parse::Scrape::parse(lines).map(|scrape| scrape.samples.len())
            });
        });
        group.finish();
    }
}

criterion_group!(benches, scrapes);
criterion_main!(benches);
