//! What is written is read back; what nobody wrote is left out.

use super::*;
use crate::incident::Change;
use crate::journal::{Category, Level, Who};
use crate::labels::Labels;
use crate::target::spoken::{Fill, Minute, Spoken};
use crate::target::{STALE_NAN, Verdict, is_stale};
use proptest::prelude::*;
use serde_json::{Map, json};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn place(report: &ScrapeReport) -> Option<Place> {
    (report.target == TargetId(0)).then(|| Place {
        service: "shop".into(),
        poll: "health".into(),
        instance: "h:1".into(),
    })
}

fn report(ms: i64, outcome: Result<Answer, Failure>, samples: Vec<Sample>) -> ScrapeReport {
    ScrapeReport {
        target: TargetId(0),
        generation: 7,
        at: at(ms),
        took: Duration::from_micros(12_345),
        outcome,
        samples,
        observation: None,
        not_before: None,
        retry_after: None,
    }
}

fn lines(reader: &mut Reader, text: &str) -> Vec<Line> {
    text.lines().filter_map(|line| reader.line(line.as_bytes()).unwrap()).collect()
}

#[test]
fn what_is_written_is_read_back() {
    let sample = |name: &str, ms: i64, value: f64| Sample {
        labels: Labels::metric(name, [("job", "shop"), ("odd", "a\"b\\c\u{202e}")]),
        at: at(ms),
        value,
    };
    let values = [0.1 + 0.2, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, STALE_NAN, 1e300];
    let samples: Vec<Sample> =
        values.iter().enumerate().map(|(n, value)| sample("a", 1_000 + n as i64, *value)).collect();
    let spoken = Spoken {
        answered: 3,
        wrong: vec![("k".into(), Clean::new("no"))],
        fills: vec![Fill {
            key: "k".into(),
            asked: (1, 2),
            minutes: vec![Minute { minute: 1, edge: f64::INFINITY, value: 2.5 }],
        }],
        ..Spoken::default()
    };
    let mut good = report(1_000, Ok(Answer { status: Some(200), bytes: 12, ..Answer::default() }), samples);
    good.observation = Some(Observation {
        verdict: Verdict::Degraded,
        message: Some(Clean::new("slow")),
        spoken: Some(Arc::new(spoken)),
        ..Observation::default()
    });
    let mut bad =
        report(2_000, Err(Failure::Timeout(Duration::from_millis(500))), vec![sample("up", 2_000, 0.0)]);
    (bad.not_before, bad.retry_after) = (Some(at(9_000)), Some(Duration::from_secs(7)));
    let other = ScrapeReport { target: TargetId(9), ..report(1, Ok(Answer::default()), Vec::new()) };
    let (mut writer, mut reader) = (Writer::default(), Reader::default());
    let text = writer.reports(&[good.clone(), bad.clone(), other], place);
    let [Line::Reports(read)] = &lines(&mut reader, &text)[..] else { panic!("{text}") };
    let back: Vec<ScrapeReport> = read.iter().cloned().map(|it| it.numbered(TargetId(0), 7)).collect();
    assert_eq!(back.len(), 2, "what has no name is left out");
    for (was, is) in [good, bad].iter().zip(&back) {
        assert_eq!((was.at, &was.outcome, &was.observation), (is.at, &is.outcome, &is.observation));
        assert_eq!((was.took, was.not_before, was.retry_after), (is.took, is.not_before, is.retry_after));
        assert_eq!(was.samples.len(), is.samples.len());
        for (a, b) in was.samples.iter().zip(&is.samples) {
            assert_eq!((&a.labels, a.at), (&b.labels, b.at));
            let same = a.value.to_bits() == b.value.to_bits() || a.value.is_nan() && b.value.is_nan();
            assert!(same && is_stale(a.value) == is_stale(b.value), "{} {}", a.value, b.value);
        }
    }
    // The second time only numbers are told; whoever comes late learns them first.
    let again = report(3_000, Ok(Answer::default()), vec![sample("a", 3_000, 1.0)]);
    let text = writer.reports(&[again], place);
    assert!(!text.contains("job"), "{text}");
    let mut late = Reader::default();
    for line in writer.known().lines() {
        assert_eq!(late.line(line.as_bytes()), Ok(None));
    }
    assert_eq!(lines(&mut late, &text), lines(&mut reader, &text));
    assert_eq!(late.series(), 2);
}

#[test]
fn every_kind_of_line_is_read_back() {
    let hello = Hello {
        by: Clean::new("warroom 9"),
        run: Clean::new("1-2"),
        generation: 3,
        at: at(5),
        polls: vec![Place { service: "a".into(), poll: "b".into(), instance: "c:1".into() }],
    };
    let link = (at(7), Clean::new("no route"));
    let mut writer = Writer::default();
    let ended = vec![Sample { labels: Labels::metric("up", [("job", "a")]), at: at(9), value: 1.0 }];
    let note = deed("incident.noted", "note-1", 5);
    let text = [
        Writer::hello(&hello),
        Writer::beat(Beat { at: at(6), clients: 20 }),
        Writer::link(Some(&link)),
        Writer::link(None),
        writer.ended(&ended),
        Writer::journal(std::slice::from_ref(&note)),
    ]
    .concat();
    let read = lines(&mut Reader::default(), &text);
    let expected = [
        Line::Hello(hello),
        Line::Beat(Beat { at: at(6), clients: 20 }),
        Line::Link(Some(link)),
        Line::Link(None),
        Line::Ended(ended),
        Line::Journal(vec![note]),
    ];
    assert_eq!(read, expected);
}

#[test]
fn what_makes_no_sense_is_left_out_with_a_reason() {
    let mut reader = Reader::default();
    for (line, part) in [
        ("", None),
        ("  \r", None),
        ("<html>", Some("not JSON")),
        ("[1]", Some("not JSON")),
        ("{}", Some("not known")),
        (r#"{"news":1}"#, Some("not known")),
        (r#"{"warroom_feed":2}"#, Some("version 2")),
        (r#"{"warroom_feed":"x"}"#, Some("version 0")),
        (r#"{"beat":"x"}"#, Some("time")),
        (r#"{"beat":-5}"#, Some("time")),
        (r#"{"reports":5}"#, Some("no list")),
        (r#"{"series":5}"#, Some("no list")),
        (r#"{"series":[[1],[2,3],["x",{}]]}"#, None),
        (r#"{"journal":{"v":1}}"#, Some("a line")),
        (r#"{"ended":{}}"#, Some("no list")),
    ] {
        match (reader.line(line.as_bytes()), part) {
            (Ok(None), None) => {}
            (Err(why), Some(part)) => assert!(why.to_string().contains(part), "{line}: {why}"),
            (got, _) => panic!("{line}: {got:?}"),
        }
    }
    // One report that makes no sense costs itself; a series that was never told costs its samples.
    let text = r#"{"reports":[{"at":1},{"service":"a","poll":"b","instance":"c\u001b[2J","at":5,"answer":{"status":200,"bytes":0,"samples_scraped":0,"bad_lines":0,"first_bad_line":null,"warnings":[]},"samples":[[99,1]],"took":1e9}]}"#;
    let Ok(Some(Line::Reports(read))) = reader.line(text.as_bytes()) else { panic!("one is good") };
    assert_eq!((read.len(), read[0].samples.len(), read[0].took), (1, 0, Duration::ZERO));
    assert!(!read[0].place.instance.contains('\u{1b}'));
    let long = vec![b' '; MOST_LINE + 1];
    assert_eq!(reader.line(&long), Err(Skipped::TooLong));
}

fn deed(action: &str, id: &str, ms: i64) -> Entry {
    let mut details = Map::new();
    details.insert("incident".to_owned(), json!("INC-1"));
    details.insert("service".to_owned(), json!("shop"));
    details.insert("person".to_owned(), json!(true));
    details.insert("change".to_owned(), json!({ "text": "hello" }));
    Entry {
        at: at(ms),
        event_id: id.to_owned(),
        level: Level::Info,
        category: Category::Incident,
        action: action.to_owned(),
        who: Who { user: Clean::new("anna"), ..Who::default() },
        status: "ok".to_owned(),
        details,
    }
}

#[test]
fn only_what_people_did_is_taken() {
    let now = at(1_763_733_600_000);
    let good = deed("incident.noted", "n-1", now.millis());
    assert!(Change::parse(&good).is_some());
    let with = |change: &dyn Fn(&mut Entry)| {
        let mut entry = good.clone();
        change(&mut entry);
        entry
    };
    let machine = with(&|entry| drop(entry.details.insert("person".to_owned(), json!(false))));
    let opened = with(&|entry| entry.action = "incident.opened".to_owned());
    let fired = with(&|entry| entry.action = "incident.alert_fired".to_owned());
    let sent = with(&|entry| entry.category = Category::Notification);
    let old = with(&|entry| entry.at = at(now.millis() - 90_000_000));
    let ahead = with(&|entry| entry.at = at(now.millis() + 400_000));
    let nobody = with(&|entry| entry.who = Who::default());
    let nameless = with(&|entry| entry.event_id = String::new());
    let act = with(&|entry| {
        entry.category = Category::Action;
        entry.action = "action.sent".to_owned();
    });
    let line = |entry: &Entry| entry.to_line();
    for (name, body, taken) in [
        ("nothing", String::new(), Ok(0)),
        ("a note", line(&good), Ok(1)),
        ("an act", line(&act), Ok(1)),
        ("two, with empty lines", format!("\n{}\n\n{}\n", line(&good), line(&act)), Ok(2)),
        ("one bad line spoils all", format!("{}\n{{}}", line(&good)), Err("line 2")),
        ("not JSON", "hello".to_owned(), Err("no line of a journal")),
        ("made by a machine", line(&machine), Err("nothing that a person did")),
        ("an opening", line(&opened), Err("a person did")),
        ("an alert", line(&fired), Err("a person did")),
        ("a notification", line(&sent), Err("a person did")),
        ("by nobody", line(&nobody), Err("a person did")),
        ("too old", line(&old), Err("more than 1d ago")),
        ("ahead", line(&ahead), Err("5m ahead")),
        ("without an id", line(&nameless), Err("line 1")),
        ("too many", format!("{}\n", line(&good)).repeat(MOST_AT_ONCE + 1), Err("more than")),
        ("too long", " ".repeat(MOST_BODY + 1), Err("more than")),
    ] {
        match (deeds(body.as_bytes(), "10.0.0.9", now), taken) {
            (Ok(entries), Ok(count)) => {
                assert_eq!(entries.len(), count, "{name}");
                assert!(entries.iter().all(|entry| entry.details["attached_from"] == "10.0.0.9"), "{name}");
            }
            (Err(why), Err(part)) => assert!(why.to_string().contains(part), "{name}: {why}"),
            (got, _) => panic!("{name}: {got:?}"),
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Reader::default().line(&bytes);
        let _ = deeds(&bytes, "x", at(0));
    }

    #[test]
    fn no_json_makes_it_panic(
        kind in "(reports|series|ended|beat|link|journal|warroom_feed)",
        value in "[\\[\\]{}0-9a-z\":,.\\-]{0,60}",
    ) {
        let _ = Reader::default().line(format!("{{\"{kind}\":{value}}}").as_bytes());
    }
}
