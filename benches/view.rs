//! What a frame costs: fifty services at 200x60, beside twelve bordered panels of text as a baseline.
//!
//! `cargo bench --bench view`
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up should stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::widgets::{Block, Paragraph, Widget};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::{self, Source};
use warroom::event::{Event, What};
use warroom::labels::Labels;
use warroom::model::Model;
use warroom::plan::Plan;
use warroom::target::{Answer, Sample, ScrapeReport};
use warroom::theme::{Depth, Theme};
use warroom::units::Timestamp;
use warroom::update::update;
use warroom::view;

const AREA: Rect = Rect::new(0, 0, 200, 60);

/// Fifty services with a health and a metrics poll, and five minutes of figures each.
fn model() -> Model {
    let mut text = String::from("schema = 1\n");
    for n in 0..50 {
        let _ = write!(
            text,
            "[service.service-{n:02}]\ninstances = [\"http://10.0.0.{n}:8080\"]\nbands = {{ latency = [\"200ms\", \"400ms\"] }}\n\
             poll.health = {{ kind = \"health\", path = \"/health\" }}\npoll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }}\n\
             signals = {{ latency = \"latency_seconds\", requests = \"requests\", errors = \"errors\" }}\n"
        );
    }
    let source = Source { name: "bench".to_owned(), text };
    let plan = Arc::new(Plan::compile(&config::load(&[source]).unwrap(), 1).unwrap());
    let begin = Timestamp::from_millis(1_763_720_000_000);
    let mut model = Model::new(Arc::clone(&plan), begin, true);
    update(&mut model, Event { at: begin, what: What::Resize(AREA.width, AREA.height) });
    for step in 0..60_u64 {
        let at = begin + Duration::from_secs(5 * step);
        let reports = plan.targets.iter().map(|target| report(target.id, &target.labels, at, step)).collect();
        update(&mut model, Event { at, what: What::Reports(reports) });
        while model.has_work() {
            update(&mut model, Event { at, what: What::Work });
        }
    }
    model
}

fn report(target: warroom::target::TargetId, labels: &Labels, at: Timestamp, step: u64) -> ScrapeReport {
    let wave = ((step + u64::from(target.0)) % 17) as f64;
    let sample = |name: &str, value: f64| Sample { labels: labels.with("__name__", name), at, value };
    ScrapeReport {
        target,
        generation: 1,
        at,
        took: Duration::from_millis(3 + step % 5),
        outcome: Ok(Answer { status: Some(200), bytes: 58_000, samples_scraped: 700, ..Answer::default() }),
        samples: vec![
            sample("latency_seconds", 0.05 + wave / 40.0),
            sample("requests", 100.0 * wave),
            sample("errors", wave / 1000.0),
        ],
        observation: None,
        not_before: None,
        retry_after: None,
    }
}

fn frames(c: &mut Criterion) {
    let model = model();
    let theme = Theme::built_in("dark", Depth::TrueColor, false).unwrap();
    let mut group = c.benchmark_group("frame 200x60");
    group.bench_function("overview of 50 services", |b| {
        let mut buffer = Buffer::empty(AREA);
        b.iter(|| {
            buffer.reset();
            view::paint(black_box(&model), &theme, AREA, &mut buffer);
        });
    });
    group.bench_function("baseline: 12 panels of text", |b| {
        let mut buffer = Buffer::empty(AREA);
        let words = "figures of a service, as text that fills a panel from edge to edge and wraps nowhere\n"
            .repeat(20);
        b.iter(|| {
            buffer.reset();
            for row in Layout::vertical([Constraint::Ratio(1, 4); 4]).areas::<4>(AREA) {
                for cell in Layout::horizontal([Constraint::Ratio(1, 3); 3]).areas::<3>(row) {
                    Paragraph::new(black_box(words.as_str()))
                        .block(Block::bordered().title("panel"))
                        .render(cell, &mut buffer);
                }
            }
        });
    });
    group.finish();
}

fn one_slot(c: &mut Criterion) {
    let mut model = model();
    let plan = Arc::clone(&model.plan);
    let mut at = model.now;
    c.bench_function("update: reports of 50 targets and their figures", |b| {
        b.iter(|| {
            at = at + Duration::from_secs(1);
            let reports = plan.targets.iter().take(50).map(|t| report(t.id, &t.labels, at, 3)).collect();
            update(&mut model, Event { at, what: What::Reports(reports) });
            while model.has_work() {
                update(&mut model, Event { at, what: What::Work });
            }
        });
    });
}

criterion_group!(benches, frames, one_slot);
criterion_main!(benches);
