//! Finding a name among 1,000 services and 20,000 metrics: what a key in the `:` line costs at most.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use warroom::find::Index;

fn index() -> Index {
    let parts =
        ["http", "grpc", "process", "go", "redis", "kafka", "node", "jvm", "queue", "db", "cache", "worker"];
    let things =
        ["requests", "request_duration_seconds", "errors", "connections", "memory_bytes", "latency", "lag"];
    let ends = ["total", "bucket", "sum", "count", "max", "created", "ratio"];
    let mut index = Index::default();
    for n in 0..1_000 {
        index.push(&format!("team{}-checkout-{n}", n % 37), 0);
    }
    let all = (0..).flat_map(|n| parts.map(|part| (n, part)));
    let all = all.flat_map(|(n, part)| things.map(|thing| (n, part, thing)));
    let names = all.flat_map(|(n, part, thing)| ends.map(|end| format!("{part}_{thing}_{n}_{end}")));
    for name in names.take(20_000) {
        index.push(&name, 4);
    }
    index
}

fn find(c: &mut Criterion) {
    let index = index();
    for pattern in ["c", "se", "chk", "requests", "http req tot", "ererer"] {
        c.bench_function(&format!("find {pattern} of 21,000"), |b| {
            b.iter(|| black_box(index.find(black_box(pattern), 64, |_| true)));
        });
    }
}

criterion_group!(benches, find);
criterion_main!(benches);
