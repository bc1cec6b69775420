//! Replaying an hour of 50 services and 5,000 series at speed 60: what one picture costs, of which there are to be 30 a second. At that
//! speed two seconds pass from one picture to the next.
//!
//! `cargo bench --bench replay`
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot be set up should stop, and it reads the clock"
)]

#[path = "support/fleet.rs"]
mod fleet;

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use warroom::capture::{self, Head, Limits};
use warroom::event::{Event, What};
use warroom::model::Model;
use warroom::model::recorded::{Recorder, plan_of};
use warroom::theme::{Depth, Theme};
use warroom::update::{settle, show_past, update};
use warroom::view;

const AREA: Rect = Rect::new(0, 0, fleet::SIZE.0, fleet::SIZE.1);
const SPEED: f64 = 60.0;
const FRAME: Duration = Duration::from_millis(33);

fn replays(c: &mut Criterion) {
    let living = fleet::model(1, 71);
    let (to, from) = (living.now, living.now - Duration::from_secs(3_600));
    let head = Head { from, to, made: to, by: "bench".to_owned(), ..Head::default() };
    let mut body = Vec::new();
    capture::write(&Recorder::of(&living).capture(head), u64::MAX, &mut body).unwrap();
    let began = Instant::now();
    let read = capture::read(body.as_slice(), Limits::default()).unwrap();
    eprintln!(
        "{} series, {} samples, {} KiB of lines, read in {:?}",
        read.series.len(),
        read.samples(),
        body.len() >> 10,
        began.elapsed()
    );
    let mut group = c.benchmark_group("replay, 50 services, speed 60");
    group.bench_function("reading an hour", |b| {
        b.iter(|| black_box(capture::read(body.as_slice(), Limits::default()).unwrap().samples()));
    });
    let plan = plan_of(&read.portable, None).unwrap();
    let theme = Theme::built_in("dark", Depth::TrueColor, false).unwrap();
    let mut buffer = Buffer::empty(AREA);
    let mut model = Model::of_capture(Arc::clone(&plan), read, "bench", to + Duration::from_secs(60));
    let now = model.now;
    update(&mut model, Event { at: now, what: What::Resize(AREA.width, AREA.height) });
    let (mut longest, mut frames) = (Duration::ZERO, 0_u32);
    let mut clock = now;
    show_past(&mut model, from, Some(SPEED));
    group.bench_function("a picture and all figures of its moment", |b| {
        b.iter(|| {
            if model.time.past.as_ref().is_some_and(|past| past.runs.is_none()) {
                show_past(&mut model, from, Some(SPEED)); // at its end it begins anew
            }
            let began = Instant::now();
            clock = clock + FRAME;
            update(&mut model, Event { at: clock, what: What::Tick });
            while model.has_work() {
                update(&mut model, Event { at: clock, what: What::Work });
            }
            settle(&mut model);
            view::paint(&model, &theme, AREA, &mut buffer);
            black_box(&buffer);
            longest = longest.max(began.elapsed());
            frames += 1;
        });
    });
    group.finish();
    eprintln!("{frames} pictures, the longest {longest:?}; at 30 a second each has 33 ms");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = replays
}
criterion_main!(benches);
