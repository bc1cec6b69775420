//! A state folder with hours of many series, written by warroom's own writer.

use std::path::Path;
use std::time::Duration;
use warroom::io::history::{Load, Pen, Place};
use warroom::labels::Labels;
use warroom::target::Sample;
use warroom::units::Timestamp;

const STEP: u64 = 15;

/// Fills the usual history of a state folder with so many hours up to `now`, every 15 s.
pub(crate) fn fill(folder: &Path, now: Timestamp, hours: u64, series: usize) -> Place {
    let place = Place::usual(folder);
    let mut pen = Pen::open(&place).expect("a history can be made");
    let labels: Vec<Labels> = (0..series).map(labels).collect();
    let begin = now - Duration::from_secs(hours * 3_600);
    let mut noise = 1;
    for step in 0..hours * 3_600 / STEP {
        let at = begin + Duration::from_secs(step * STEP);
        let samples = labels.iter().enumerate().map(|(number, labels)| Sample {
            labels: labels.clone(),
            at,
            value: lifelike(number, step, &mut noise),
        });
        let load = Load { samples: samples.collect(), ..Load::default() };
        pen.write(&load).expect("it can be written");
        if step % 240 == 239 {
            let block = (at - Duration::from_secs(60)).millis().div_euclid(3_600_000);
            while pen.pack_before(block).expect("it can be packed") {}
        }
    }
    place
}

fn labels(number: usize) -> Labels {
    let (service, metric) = (number / 100, number % 100);
    Labels::metric(
        &format!("metric_{metric}_total"),
        [
            ("job", format!("service-{service:02}").as_str()),
            ("instance", format!("10.0.0.{service}:8080").as_str()),
        ],
    )
}

/// What a fleet's metrics look like: counters that run, counters that rest, gauges, sums of seconds.
fn lifelike(number: usize, step: u64, noise: &mut u64) -> f64 {
    *noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let random = (*noise >> 40) as f64 / (1_u64 << 24) as f64;
    match number % 10 {
        0..=3 => (step as f64 * (number % 37) as f64 + random * 5.0).floor(),
        4..=6 => number as f64,
        7 | 8 => (random * 1e4).round() / 100.0,
        _ => step as f64 * 0.37 + random / 7.0,
    }
}
