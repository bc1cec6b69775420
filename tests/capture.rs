//! Captures: what is written is read back, what anybody may have made is refused in words, and no secret gets in.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that reads files, or fails")]

#[path = "support/sim.rs"]
mod sim;

use flate2::Compression;
use flate2::write::GzEncoder;
use sim::{BEGAN, Sim, dark, text_of};
use std::io::Write as _;
use std::time::Duration;
use warroom::capture::{self, Capture, CaptureError, Head, Limits, Strand};
use warroom::config::{self, Source};
use warroom::demo::Scenario;
use warroom::event::{Event, What};
use warroom::io::capture as files;
use warroom::labels::Labels;
use warroom::model::Model;
use warroom::model::recorded::{Recorder, plan_of};
use warroom::runtime::{Outcome, rerun};
use warroom::target::STALE_NAN;
use warroom::units::Timestamp;
use warroom::update::{show_past, update};

/// The story up to a second, captured from its beginning.
fn story(until: u64) -> (Sim, Capture) {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(until);
    let head = Head { from: BEGAN, to: sim.now(), made: sim.now(), by: "test".to_owned(), ..Head::default() };
    let capture = Recorder::of(&sim.model).capture(head);
    (sim, capture)
}

fn bytes(capture: &Capture) -> Vec<u8> {
    let mut out = Vec::new();
    capture::write(capture, u64::MAX, &mut out).unwrap();
    out
}

fn work(model: &mut Model) {
    while model.has_work() {
        let at = model.now;
        update(model, Event { at, what: What::Work });
    }
}

fn screen(model: &mut Model) -> String {
    let area = ratatui::layout::Rect::new(0, 0, 160, 48);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    warroom::update::settle(model);
    warroom::view::paint(model, &dark(), area, &mut buffer);
    text_of(&buffer)
}

#[test]
fn a_capture_is_read_back_as_it_was_and_shows_what_was_shown() {
    let (mut sim, written) = story(100);
    let read = capture::read(bytes(&written).as_slice(), Limits::default()).unwrap();
    assert_eq!(read.left_out, (0, String::new()));
    assert_eq!(
        (&read.head, &read.portable, &read.states),
        (&written.head, &written.portable, &written.states)
    );
    assert_eq!((&read.told, &read.entries, &read.slos), (&written.told, &written.entries, &written.slos));
    assert_eq!(read.samples(), written.samples());
    assert!(read.samples() > 10_000 && read.entries.len() > 5 && read.told.len() > 20);

    // The same moment, rewound in the living dashboard and in the recording: the same picture but for the head line.
    let at = BEGAN + Duration::from_secs(60);
    sim.press(":at_-40s enter");
    work(&mut sim.model);
    sim.model.time.past.as_mut().unwrap().model.ui.message = None;
    let living = screen(&mut sim.model);
    let plan = plan_of(&read.portable, None).unwrap();
    let mut replayed = Model::of_capture(plan, read, "test", sim.now() + Duration::from_secs(86_400));
    let now = replayed.now;
    update(&mut replayed, Event { at: now, what: What::Resize(160, 48) });
    show_past(&mut replayed, at, None);
    work(&mut replayed);
    let recorded = screen(&mut replayed);
    let body = |text: &str| -> Vec<String> {
        // Keys that cannot be used are no hints there.
        let lines: Vec<&str> = text.lines().skip(1).collect();
        lines.iter().take(lines.len().saturating_sub(1)).map(|line| (*line).to_owned()).collect()
    };
    let (living, recorded_body) = (body(&living), body(&recorded));
    for (one, other) in living.iter().zip(&recorded_body) {
        assert_eq!(one, other);
    }
    assert!(recorded.lines().next().unwrap().contains("REPLAY held 10:14:20"), "{recorded}");
}

#[test]
fn a_recording_judged_once_more_comes_to_the_same_incidents() {
    let (sim, capture) = story(150);
    let plan = plan_of(&capture.portable, None).unwrap();
    let (model, entries) = rerun(&plan, capture, &|_| {});
    let outcomes = |model: &Model| -> Vec<Outcome> {
        let all = model.incidents.every().filter(|it| it.is_open() || it.resolved.is_some());
        all.map(Outcome::of).collect()
    };
    let (was, is) = (outcomes(&sim.model), outcomes(&model));
    assert!(!was.is_empty() && !entries.is_empty());
    for wanted in &was {
        let near = model.incidents.every().any(|it| {
            *it.service() == *wanted.service
                && wanted.misses(it, Duration::from_secs(5)).is_ok_and(|misses| misses.is_empty())
        });
        assert!(near, "{wanted:?} is not among {is:?}");
    }
}

#[test]
fn numbers_come_back_bit_for_bit() {
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.1,
        1e300,
        5e-324,
        f64::MAX,
        9e15,
        9_007_199_254_740_993.0,
        STALE_NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e15,
        123_456_789.125,
    ];
    let samples: Vec<(Timestamp, f64)> = values
        .iter()
        .enumerate()
        .map(|(index, value)| (Timestamp::from_millis(1_763_720_000_000 + index as i64 * 7), *value))
        .collect();
    let labels = Labels::metric("x", [("a", "quote\" back\\ \u{7} é"), ("empty", "")]);
    let head = Head { from: samples[0].0, to: samples[0].0, ..Head::default() };
    let capture = Capture { head, series: vec![Strand { labels, samples }], ..Capture::default() };
    let read = capture::read(bytes(&capture).as_slice(), Limits::default()).unwrap();
    assert_eq!(read.series[0].labels, capture.series[0].labels);
    for (one, other) in read.series[0].samples.iter().zip(&capture.series[0].samples) {
        assert_eq!((one.0, one.1.to_bits()), (other.0, other.1.to_bits()));
    }
}

const HEAD: &str = r#"{"warroom_capture":1,"from":1000,"to":2000,"made":2000,"by":"x"}"#;

#[test]
fn what_anybody_may_have_made_is_refused_in_words_or_left_out() {
    let small = Limits { bytes: 4_000, line: 1_000, lines: 10, samples: 5 };
    let end = |count: usize| format!("{{\"end\":{count}}}\n");
    let long = "9".repeat(2_000);
    for (text, expected) in [
        (String::new(), "this is no capture"),
        ("hello\n".to_owned(), "this is no capture"),
        ("{}\n".to_owned(), "this is no capture"),
        (format!("{}{}", "[".repeat(900), "\n"), "this is no capture"),
        (HEAD.replace(":1,\"from", ":2,\"from") + "\n", "has version 2"),
        (HEAD.replace("2000,\"made", "10,\"made") + "\n", "ends before it begins"),
        (HEAD.replace("1000", "-5") + "\n", "ends before it begins"),
        (HEAD.replace("1000", "1e99") + "\n", "ends before it begins"),
        (format!("{HEAD}\n"), "cut off after line 1"),
        (format!("{HEAD}\n{{\"series\":{{\"a\":"), "cut off after line 1"),
        (format!("{HEAD}\n{}", end(7)), "cut off after line 1"),
        (format!("{HEAD}\n{}{{}}\n", end(1)), "cut off"),
        (format!("{HEAD}\n{{\"x\":{long}}}\n"), "more than 0 MiB in one line"),
        (format!("{HEAD}\n{}", "{\"x\":1}\n".repeat(40)), "more than 10 lines"),
        (
            format!("{HEAD}\n{{\"series\":{{}},\"t\":[1,1,1,1,1,1],\"v\":[1,1,1,1,1,1]}}\n"),
            "more than 5 samples",
        ),
        (format!("{HEAD}\n{}", "x".repeat(4_500)), "more than 0 MiB"),
    ] {
        let error = capture::read(text.as_bytes(), small).unwrap_err().to_string();
        assert!(error.contains(expected), "{}: {error}", &text[..text.len().min(80)]);
    }
    // A line that makes no sense costs itself only.
    for line in [
        r#"{"series":{"a":"b"},"t":[5,0],"v":[1,2]}"#,
        r#"{"series":{"a":"b"},"t":[5],"v":[1,2]}"#,
        r#"{"series":{"a":"b"},"t":[],"v":[]}"#,
        r#"{"series":{"a":"b"},"t":[5],"v":["x"]}"#,
        r#"{"series":{"a":"b"},"t":[9223372036854775807],"v":[1]}"#,
        r#"{"series":7,"t":[5],"v":[1]}"#,
        r#"{"said":[{"at":9}],"service":"a","poll":"b","instance":"c"}"#,
        r#"{"states":[["x","up"]],"service":"a"}"#,
        r#"{"journal":{"v":1}}"#,
        r#"{"slo":{"slo":7}}"#,
        r#"{"happening":[]}"#,
        r#"{"config":{"name":"x"}}"#,
        r#"{"of":"tomorrow"}"#,
        "nonsense",
    ] {
        let text = format!("{HEAD}\n{line}\n{}", end(2));
        let read = capture::read(text.as_bytes(), Limits::default()).unwrap();
        assert_eq!((read.left_out.0, read.series.len()), (1, 0), "{line}: {:?}", read.left_out);
        assert!(read.left_out.1.starts_with("line 2: "), "{:?}", read.left_out);
    }
}

#[test]
fn every_capture_that_is_cut_off_is_refused() {
    let (_, capture) = story(12);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&bytes(&capture)).unwrap();
    let packed = packed.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gz");
    for share in 1..20 {
        std::fs::write(&path, &packed[..packed.len() * share / 20]).unwrap();
        let error = files::load(&path).unwrap_err();
        assert!(
            matches!(error, CaptureError::CutOff(_) | CaptureError::NotOne | CaptureError::Io(_)),
            "{error}"
        );
    }
}

#[test]
fn a_bomb_costs_its_limit_and_no_more() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(format!("{HEAD}\n").as_bytes()).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..64 {
        packed.write_all(&zeros).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 200_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.gz");
    std::fs::write(&path, packed).unwrap();
    let error = files::load(&path).unwrap_err().to_string();
    assert_eq!(error, "the capture has more than 32 MiB in one line");
}

#[cfg(unix)]
#[test]
fn a_capture_is_its_owners_alone_and_never_takes_the_place_of_another_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_, capture) = story(5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.warroom.gz");
    let written = files::save(&path, &capture).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), written.bytes);
    let again = files::save(&path, &capture).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a.warroom.gz"], "no draft stays");
    assert_eq!(files::load(&path).unwrap().samples(), capture.samples());
}

/// Planted where secrets can stand; none of them may come out.
const PLANTED: &str = r#"
schema = 1
auth.a = { bearer = ["env:HUNTER2_TOKEN"] }
auth.b = { basic = { user = "hunter2", password = "file:/run/hunter2" } }
auth.c = { header = { name = "X-Key", value = "cmd:pass hunter2" } }
auth.d = { login = { path = "/hunter2", json = { user = "env:HUNTER2" }, token = "/hunter2" } }
notify.hook = { kind = "webhook", url = "env:HUNTER2_HOOK" }
connectivity.reference = ["tcp://10.0.0.1:53"]
environment.prod = { actions = "confirm", users = ["hunter2"] }
capture.redact = ["user"]
[service.shop]
environment = "prod"
auth = "a"
proxy = "http://hunter2:3128"
instances = ["http://10.0.0.1:8080"]
links = { logs = "https://logs/?token=hunter2" }
poll.health = { kind = "health", path = "/health" }
poll.redis = { kind = "redis", url = "redis://10.0.0.9/0", password = "env:HUNTER2" }
"#;

#[test]
fn no_secret_and_no_redacted_value_gets_into_a_capture() {
    let source = Source { name: "/home/hunter2/config.toml".to_owned(), text: PLANTED.to_owned() };
    let config = config::load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let plan = std::sync::Arc::new(warroom::plan::Plan::compile(&config, 1).unwrap());
    let mut model = Model::new(std::sync::Arc::clone(&plan), BEGAN, true);
    model.store.append(
        &Labels::metric("logins_total", [("user", "alice.hunter2"), ("job", "shop")]),
        BEGAN,
        1.0,
    );
    model.store.append(&Labels::metric("up", [("job", "shop")]), BEGAN, 1.0);
    let mut details = serde_json::Map::new();
    details.insert("labels".into(), "{user=\"bob.hunter2\"} and alice.hunter2 again".into());
    details.insert("user".into(), "carol.hunter2".into());
    let entry = warroom::journal::Entry {
        at: BEGAN,
        event_id: "e1".to_owned(),
        level: warroom::journal::Level::Info,
        category: warroom::journal::Category::Action,
        action: "action.sent".to_owned(),
        who: warroom::journal::Who::default(),
        status: "ok".to_owned(),
        details,
    };
    update(&mut model, Event { at: BEGAN, what: What::Written(vec![entry]) });
    let head = Head { from: BEGAN - Duration::from_secs(60), to: BEGAN, ..Head::default() };
    let capture = Recorder::of(&model).capture(head).redact(&plan.capture.redact);
    let text = String::from_utf8(bytes(&capture)).unwrap();
    assert!(!text.to_ascii_lowercase().contains("hunter2"), "{text}");
    assert!(text.contains("\"user\":\"user-1\""), "{text}");
    // What is left is a configuration that shows it.
    let read = capture::read(text.as_bytes(), Limits::default()).unwrap();
    assert_eq!(plan_of(&read.portable, None).unwrap().services.len(), 1);
}
