//! Rewinding to any of 24 hours: what a key costs until the rows in view are there, with 50 services at a poll every 15 s.
//!
//! `cargo bench --bench rewind`
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a benchmark that cannot be set up should stop"
)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::{self, Source};
use warroom::event::{Event, What};
use warroom::labels::Labels;
use warroom::model::Model;
use warroom::plan::Plan;
use warroom::store::Limits;
use warroom::target::{Answer, Sample, ScrapeReport};
use warroom::theme::{Depth, Theme};
use warroom::units::Timestamp;
use warroom::update::{settle, show_past, update};
use warroom::view;

const AREA: Rect = Rect::new(0, 0, 200, 60);
const HOURS: u64 = 24;
const STEP: u64 = 15;

/// Fifty services with two polls and an objective each, watched for a day.
fn model() -> Model {
    let mut text = String::from("schema = 1\nengine = { memory = \"1GiB\" }\n");
    for n in 0..50 {
        let _ = write!(
            text,
            "[service.service-{n:02}]\ninstances = [\"http://10.0.0.{n}:8080\"]\nbands = {{ latency = [\"200ms\", \"400ms\"] }}\n\
             poll.health = {{ kind = \"health\", path = \"/health\" }}\npoll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }}\n\
             signals = {{ latency = \"latency_seconds\", requests = \"rate(requests_total[5m])\", errors = \"errors\" }}\n\
             [slo.availability-{n:02}]\nservice = \"service-{n:02}\"\nobjective = 99.9\n\
             error = 'sum(rate(failed_total{{instance=\"10.0.0.{n}:8080\"}}[{{{{.window}}}}]))'\n\
             total = 'sum(rate(requests_total{{instance=\"10.0.0.{n}:8080\"}}[{{{{.window}}}}]))'\n"
        );
    }
    let source = Source { name: "bench".to_owned(), text };
    let mut plan = Plan::compile(&config::load(&[source]).unwrap(), 1).unwrap();
    plan.limits = Limits::NONE;
    let plan = Arc::new(plan);
    let begin = Timestamp::from_millis(1_763_720_000_000);
    let mut model = Model::new(Arc::clone(&plan), begin, true);
    update(&mut model, Event { at: begin, what: What::Resize(AREA.width, AREA.height) });
    let steps = HOURS * 3_600 / STEP;
    for step in 0..steps {
        let at = begin + Duration::from_secs(STEP * step);
        let reports = plan.targets.iter().map(|target| report(target, at, step)).collect();
        update(&mut model, Event { at, what: What::Reports(reports) });
        // Figures are worked out now and then: a day of all of them is not what is measured.
        if step % 40 == 0 || step + 1 == steps {
            while model.has_work() {
                update(&mut model, Event { at, what: What::Work });
            }
        }
    }
    model
}

fn report(target: &warroom::target::Target, at: Timestamp, step: u64) -> ScrapeReport {
    let wave = ((step + u64::from(target.id.0)) % 17) as f64;
    let sample = |labels: Labels, value: f64| Sample { labels, at, value };
    let metrics = matches!(target.kind, warroom::config::poll::PollKind::Metrics { .. });
    let samples = if metrics {
        let named = |name: &str, value: f64| sample(target.scraped(name), value);
        vec![
            named("up", 1.0),
            named("scrape_duration_seconds", 0.003),
            named("latency_seconds", 0.05 + wave / 40.0),
            named("requests_total", (step * 1_500) as f64),
            named("failed_total", (step * 2) as f64),
            named("errors", wave / 1000.0),
        ]
    } else {
        vec![
            sample(target.probed("probe_success"), 1.0),
            sample(target.probed("probe_duration_seconds"), 0.003),
        ]
    };
    ScrapeReport {
        target: target.id,
        generation: 1,
        at,
        took: Duration::from_millis(3 + step % 5),
        outcome: Ok(Answer { status: Some(200), bytes: 58_000, samples_scraped: 700, ..Answer::default() }),
        samples,
        observation: None,
        not_before: None,
        retry_after: None,
    }
}

/// Goes to a moment, works until there is nothing left to do, and draws.
fn rewind(model: &mut Model, at: Timestamp, theme: &Theme, buffer: &mut Buffer, all: bool) {
    show_past(model, at, None);
    let now = model.now;
    while all && model.time.past.as_ref().is_some_and(|past| past.has_work()) {
        update(model, Event { at: now, what: What::Work });
    }
    settle(model);
    view::paint(model, theme, AREA, buffer);
}

fn rewinds(c: &mut Criterion) {
    let mut model = model();
    let theme = Theme::built_in("dark", Depth::TrueColor, false).unwrap();
    let mut buffer = Buffer::empty(AREA);
    let stats = model.store.stats();
    eprintln!("{} series, {} samples, {} MiB", stats.series, stats.samples, stats.bytes >> 20);
    let now = model.now;
    let mut group = c.benchmark_group("rewind, 50 services, 24 h");
    let mut hour = 0_u64;
    let mut next = || {
        hour = (hour + 7) % (HOURS - 1);
        now - Duration::from_secs(hour * 3_600 + 1_000)
    };
    for (name, all) in [("first picture", false), ("everything worked out", true)] {
        group.bench_function(name, |b| {
            b.iter_batched(
                &mut next,
                |at| {
                    rewind(&mut model, at, &theme, &mut buffer, all);
                    black_box(&buffer);
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = rewinds
}
criterion_main!(benches);
