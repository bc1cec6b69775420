//! Captures that somebody has changed: real ones with bytes, numbers and lines put elsewhere. Whatever is read can be
//! shown, judged and written again; the rest is refused. How many are tried is said by `WARROOM_TEST_MUTATIONS`; the
//! fuzz target `capture` does the same with a guided search.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that fails, and is told how much to do"
)]

#[path = "support/sim.rs"]
mod sim;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sim::{BEGAN, Sim, dark};
use std::time::{Duration, Instant};
use warroom::capture::{self, Capture, CaptureError, Head, Limits};
use warroom::demo::Scenario;
use warroom::event::{Event, What};
use warroom::model::Model;
use warroom::model::recorded::{Recorder, plan_of};
use warroom::update::{settle, show_past, update};

const AREA: Rect = Rect::new(0, 0, 100, 30);

/// Lines of a real capture, that of the demo's first minutes.
fn real() -> Vec<String> {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(AREA.width, AREA.height));
    sim.run_to(60);
    let head = Head { from: BEGAN, to: sim.now(), made: sim.now(), by: "test".to_owned(), ..Head::default() };
    let capture = Recorder::of(&sim.model).capture(head);
    let mut out = Vec::new();
    capture::write(&capture, u64::MAX, &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(|line| format!("{line}\n")).collect()
}

/// A generator of the same numbers in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

/// What stands in the place of a number or a text.
const ODD: [&str; 16] = [
    "-1",
    "0",
    "1e308",
    "-9223372036854775808",
    "18446744073709551615",
    "null",
    "\"\"",
    "[]",
    "{}",
    "\"stale\"",
    "\"\\u001b[2J\"",
    "\"\\ud800\"",
    "253402207199999",
    "1e-7",
    "true",
    "\"{{ range }}\"",
];

/// Changes one thing, or some.
fn mutated(lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into_bytes()).collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(lines.len());
        let line = &mut lines[at];
        match dice.below(6) {
            0 => {
                let place = dice.below(line.len().max(2) - 1);
                line[place] = dice.below(256) as u8;
            }
            1 => {
                let place = dice.below(line.len().max(2) - 1);
                line.remove(place);
            }
            // Something else in the place of a number, or of what a text begins with.
            2 | 3 => {
                let marks: Vec<usize> =
                    (1..line.len()).filter(|i| matches!(line[i - 1], b':' | b',' | b'[')).collect();
                if let Some(from) = marks.get(dice.below(marks.len())).copied() {
                    let end = line[from..].iter().position(|c| matches!(c, b',' | b']' | b'}')).unwrap_or(0);
                    line.splice(from..from + end, ODD[dice.below(ODD.len())].bytes());
                }
            }
            4 => {
                let other = dice.below(lines.len());
                lines.swap(at, other);
            }
            _ => {
                let twin = lines[at].clone();
                let place = dice.below(lines.len());
                lines.insert(place, twin);
            }
        }
    }
    // The count at the end is right as often as not: else hardly anything would ever be read.
    if dice.below(2) == 0 {
        let count = lines.len() - 1;
        if let Some(last) = lines.last_mut() {
            *last = format!("{{\"end\":{count}}}\n").into_bytes();
        }
    }
    lines.concat()
}

/// Shows a capture as a dashboard would, for some pictures.
fn show(capture: Capture) {
    let Ok(plan) = plan_of(&capture.portable, None) else { return };
    let (from, to) = (capture.head.from, capture.head.to);
    let mut model = Model::of_capture(plan, capture, "attack", BEGAN + Duration::from_secs(600));
    let now = model.now;
    update(&mut model, Event { at: now, what: What::Resize(AREA.width, AREA.height) });
    let mut buffer = Buffer::empty(AREA);
    for at in [from, from + Duration::from_secs(30), to] {
        show_past(&mut model, at, None);
        for _ in 0..2_000 {
            if !model.has_work() {
                break;
            }
            update(&mut model, Event { at: now, what: What::Work });
        }
        settle(&mut model);
        warroom::view::paint(&model, &dark(), AREA, &mut buffer);
        let clean = buffer.content.iter().all(|cell| !cell.symbol().chars().any(char::is_control));
        assert!(clean, "nothing of it reaches the terminal as a command");
    }
}

#[test]
fn a_changed_capture_is_refused_or_shown_and_never_more() {
    let tries: usize =
        std::env::var("WARROOM_TEST_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let lines = real();
    let mut dice = Dice(7);
    let (mut shown, mut refused) = (0, 0);
    for round in 0..tries {
        let body = mutated(&lines, &mut dice);
        let began = Instant::now();
        match capture::read(body.as_slice(), Limits::default()) {
            Ok(capture) => {
                let mut again = Vec::new();
                capture::write(&capture, u64::MAX, &mut again).unwrap();
                let twice = capture::read(again.as_slice(), Limits::default()).unwrap();
                let mut third = Vec::new();
                capture::write(&twice, u64::MAX, &mut third).unwrap();
                assert!(third == again, "round {round}: what was written once is written again to the byte");
                assert_eq!((twice.left_out.0, twice.samples()), (0, capture.samples()), "round {round}");
                show(capture);
                shown += 1;
            }
            Err(CaptureError::Io(error)) => panic!("round {round}: {error}"),
            Err(_) => refused += 1,
        }
        assert!(began.elapsed() < Duration::from_secs(60), "round {round} goes on for ever");
    }
    assert!(shown * 5 > tries && refused * 10 > tries, "both happen: {shown} shown, {refused} refused");
}

/// A line of a series is read in one go; the same line that begins in another way is read as a tree. Both give the same.
#[test]
fn the_quick_way_reads_what_the_slow_one_reads() {
    const HEAD: &str = r#"{"warroom_capture":1,"from":1000,"to":2000,"made":2000,"by":"x"}"#;
    let read = |line: &str| {
        let text = format!("{HEAD}\n{line}\n{{\"end\":2}}\n");
        let capture = capture::read(text.as_bytes(), Limits::default()).unwrap();
        let bits = |samples: &[(warroom::units::Timestamp, f64)]| -> Vec<(i64, u64)> {
            samples.iter().map(|(at, value)| (at.millis(), value.to_bits())).collect()
        };
        let series: Vec<_> =
            capture.series.iter().map(|strand| (strand.labels.clone(), bits(&strand.samples))).collect();
        (series, capture.left_out)
    };
    for line in [
        r#"{"series":{"__name__":"a","b":"c"},"t":[1000,5,5],"v":[1,-2,3.5]}"#,
        r#"{"series":{"__name__":"a","b":"\u00e4\n\"x"},"t":[0],"v":["stale"]}"#,
        r#"{"series":{"a":"b"},"t":[1,2,3,4],"v":["NaN","+Inf","-Inf",-0.0]}"#,
        r#"{"series":{"a":"b"},"t":[1,2,3],"v":[-0,18446744073709551615,0.1]}"#,
        r#"{"series":{"a":"b"},"t":[1],"v":[1e400]}"#,
        r#"{"series":{"a":"b"},"t":[1],"v":["inf"]}"#,
        r#"{"series":{"a":"b"},"t":[1,0],"v":[1,1]}"#,
        r#"{"series":{"a":"b"},"t":[1.0],"v":[1]}"#,
        r#"{"series":{"a":"b","c":5},"t":[1],"v":[1]}"#,
        r#"{"series":{"a":"b","a":"c"},"t":[1],"v":[1]}"#,
        r#"{"series":{"a":"b"},"t":[1],"t":[2],"v":[1]}"#,
        r#"{"series":{"a":"b"},"t":[1],"v":[1],"more":{"x":[1]}}"#,
        r#"{"series":{},"t":[1],"v":[1]}"#,
        r#"{"series":{"a":"b"},"v":[1]}"#,
        r#"{"series":[],"t":[1],"v":[1]}"#,
        r#"{"series":{"a":"b"},"t":[9223372036854775807],"v":[1]}"#,
    ] {
        assert_eq!(read(line), read(&format!(" {line}")), "{line}");
    }
}
