//! What a start waits for: the configuration read and compiled, and the model that the first frame is drawn from.
//!
//! `cargo bench --bench compile`, on a machine that does nothing else.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use warroom::config::{self, Config, Source};
use warroom::model::Model;
use warroom::plan::Plan;
use warroom::units::Timestamp;

/// A fleet of `services`, each with five instances, two polls and every other one with an objective.
fn fleet(services: usize) -> Source {
    let mut text = "schema = 1\n".to_owned();
    for service in 0..services {
        let instances: Vec<String> =
            (0..5).map(|instance| format!("\"http://10.0.{service}.{instance}:8080\"")).collect();
        let _ = writeln!(text, "[service.s{service}]\ninstances = [{}]", instances.join(", "));
        let _ =
            writeln!(text, "poll.health = {{ kind = \"health\" }}\npoll.metrics = {{ kind = \"metrics\" }}");
        if service % 2 == 0 {
            let _ = writeln!(text, "[slo.o{service}]\nservice = \"s{service}\"\nobjective = 99.9");
        }
    }
    Source { name: "bench.toml".to_owned(), text }
}

fn read(source: &Source) -> Config {
    config::load(std::slice::from_ref(source)).unwrap()
}

fn bench(c: &mut Criterion) {
    for services in [10, 100] {
        let source = fleet(services);
        c.bench_function(&format!("start: {services} services read"), |b| {
            b.iter(|| read(black_box(&source)));
        });
        let config = read(&source);
        // Texts that were parsed before are known: the first compilation of a process takes some milliseconds more.
        c.bench_function(&format!("start: {services} services compiled again"), |b| {
            b.iter(|| Plan::compile(black_box(&config), 1).unwrap());
        });
        let plan = Arc::new(Plan::compile(&config, 1).unwrap());
        c.bench_function(&format!("start: the model of {services} services"), |b| {
            b.iter(|| Model::new(Arc::clone(&plan), Timestamp::from_millis(0), true));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots();
    targets = bench
}
criterion_main!(benches);
