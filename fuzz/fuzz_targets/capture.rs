//! Any bytes as a capture: no panic, no endless work, and what is read can be shown and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warroom::capture::{self, Limits};
use warroom::model::Model;
use warroom::model::recorded::plan_of;
use warroom::update::show_past;

fuzz_target!(|body: &[u8]| {
    let limits = Limits { bytes: 1 << 20, line: 1 << 18, lines: 2_000, samples: 100_000 };
    let Ok(read) = capture::read(body, limits) else { return };
    let mut again = Vec::new();
    capture::write(&read, u64::MAX, &mut again).expect("memory takes everything");
    let twice = capture::read(again.as_slice(), Limits::default()).expect("what was written can be read");
    assert_eq!((twice.series.len(), twice.samples()), (read.series.len(), read.samples()));
    if let Ok(plan) = plan_of(&read.portable, None) {
        let (at, to) = (read.head.from, read.head.to);
        let mut model = Model::of_capture(plan, read, "fuzz", to);
        show_past(&mut model, at, Some(60.0));
    }
});
