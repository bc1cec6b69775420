//! Rewinding to any of 24 hours: what a key costs until the rows in view are there, with 50 services, 5,000 series and a poll every 15 s.
//! And what it costs where the time lies on disk only: reading two hours of 5,000 series, and taking them in.
//!
//! `cargo bench --bench rewind`
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot be set up should stop, and it reads the clock"
)]

#[path = "support/disk.rs"]
mod disk;
#[path = "support/fleet.rs"]
mod fleet;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::hint::black_box;
use std::time::{Duration, Instant};
use warroom::event::{Effect, Event, Purpose, Recalled, What};
use warroom::io::history::Reader;
use warroom::model::Model;
use warroom::theme::{Depth, Theme};
use warroom::units::Timestamp;
use warroom::update::{command_line, settle, show_past, update};
use warroom::view;

const AREA: Rect = Rect::new(0, 0, fleet::SIZE.0, fleet::SIZE.1);
const HOURS: u64 = 24;

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
    let mut model = fleet::model(HOURS, 71);
    let theme = Theme::built_in("dark", Depth::TrueColor, false).unwrap();
    let mut buffer = Buffer::empty(AREA);
    let stats = model.store.stats();
    eprintln!("{} series, {} samples, {} MiB", stats.series, stats.samples, stats.bytes >> 20);
    let now = model.now;
    let mut group = c.benchmark_group("rewind, 50 services, 5,000 series, 24 h");
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

/// The time lies on disk only: the first picture comes before anything is read; then batches come, as from the thread that
/// reads. Told are the whole, and the longest that a key waits.
fn from_disk(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::from_millis(1_763_720_000_000);
    let place = disk::fill(folder.path(), now, 3, 5_000);
    let theme = Theme::built_in("dark", Depth::TrueColor, false).unwrap();
    let mut buffer = Buffer::empty(AREA);
    let mut longest = Duration::ZERO;
    let mut group = c.benchmark_group("rewind from disk, 5,000 series");
    group.bench_function("two hours around the moment", |b| {
        b.iter_batched(
            || fleet::model(1, 0),
            |mut model| {
                let at = model.now;
                // The bench's clock is the fleet's; what lies on disk is of the hours around it.
                let effects = command_line(&mut model, "at -2h", at).unwrap();
                let asked = effects.iter().find_map(|effect| match effect {
                    Effect::Recall { purpose: Purpose::Rewind(n), .. } => Some(*n),
                    _ => None,
                });
                let purpose = Purpose::Rewind(asked.unwrap());
                let (from, to) = (now - Duration::from_secs(3 * 3_600), now);
                let mut step = |model: &mut Model, what: What| {
                    let began = Instant::now();
                    update(model, Event { at, what });
                    longest = longest.max(began.elapsed());
                };
                let reader = Reader::open(&place).unwrap().unwrap();
                let mut take = |samples| {
                    let recalled = Recalled { samples, complete: false, ..Recalled::none(purpose, from, to) };
                    step(&mut model, What::Recalled(recalled));
                    true
                };
                reader.read(from, now - Duration::from_secs(3_600), &[], &mut take).unwrap();
                step(&mut model, What::Recalled(Recalled::none(purpose, from, to)));
                settle(&mut model);
                view::paint(&model, &theme, AREA, &mut buffer);
                black_box(&buffer);
                model
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    eprintln!("the longest single step: {longest:?}");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = rewinds, from_disk
}
criterion_main!(benches);
