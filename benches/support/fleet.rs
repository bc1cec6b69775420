//! Fifty services with two polls and an objective each, watched for some hours: what several benchmarks stand on.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::{self, Source};
use warroom::event::{Event, What};
use warroom::labels::Labels;
use warroom::model::Model;
use warroom::plan::Plan;
use warroom::store::Limits;
use warroom::target::{Answer, Sample, ScrapeReport};
use warroom::units::Timestamp;
use warroom::update::update;

/// The size of the screen, in cells.
pub(crate) const SIZE: (u16, u16) = (200, 60);
const STEP: u64 = 15;

/// The fleet, watched for so many hours. Each service exports `more` series beside those that are shown.
pub(crate) fn model(hours: u64, more: usize) -> Model {
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
    update(&mut model, Event { at: begin, what: What::Resize(SIZE.0, SIZE.1) });
    let steps = hours * 3_600 / STEP;
    let scraped = |target: &warroom::target::Target| -> Vec<Labels> {
        let names = if is_metrics(target) { 0..more } else { 0..0 };
        names.map(|number| target.scraped(&format!("other_{number}_total"))).collect()
    };
    let others: Vec<Vec<Labels>> = plan.targets.iter().map(|target| scraped(target)).collect();
    for step in 0..steps {
        let at = begin + Duration::from_secs(STEP * step);
        let reports = plan.targets.iter().zip(&others);
        let reports = reports.map(|(target, others)| report(target, others, at, step)).collect();
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

fn is_metrics(target: &warroom::target::Target) -> bool {
    matches!(target.kind, warroom::config::poll::PollKind::Metrics { .. })
}

fn report(target: &warroom::target::Target, others: &[Labels], at: Timestamp, step: u64) -> ScrapeReport {
    let wave = ((step + u64::from(target.id.0)) % 17) as f64;
    let sample = |labels: Labels, value: f64| Sample { labels, at, value };
    let samples = if is_metrics(target) {
        let named = |name: &str, value: f64| sample(target.scraped(name), value);
        let mut samples = vec![
            named("up", 1.0),
            named("scrape_duration_seconds", 0.003),
            named("latency_seconds", 0.05 + wave / 40.0),
            named("requests_total", (step * 1_500) as f64),
            named("failed_total", (step * 2) as f64),
            named("errors", wave / 1000.0),
        ];
        let other = |(number, labels): (usize, &Labels)| {
            sample(labels.clone(), (step * (number as u64 % 13) * 3 + number as u64 % 7) as f64)
        };
        samples.extend(others.iter().enumerate().map(other));
        samples
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
