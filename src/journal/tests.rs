//! Lines there and back.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn entry(details: Value) -> Entry {
    let Value::Object(details) = details else { panic!("details are an object") };
    Entry {
        at: Timestamp::from_millis(1_759_910_400_123),
        event_id: "INC-20251008-7f3a/opened".to_owned(),
        level: Level::Critical,
        category: Category::Incident,
        action: "incident.opened".to_owned(),
        who: Who {
            user: "ana".into(),
            host: "ops1".into(),
            address: Some("192.0.2.7".into()),
            sudo: Some("bo".into()),
        },
        status: "ok".to_owned(),
        details,
    }
}

#[test]
fn a_line_is_an_audit_line() {
    assert_eq!(
        entry(json!({"service": "checkout"})).to_line(),
        r#"{"v":1,"timestamp":"2025-10-08T08:00:00.123Z","event_id":"INC-20251008-7f3a/opened","level":"critical","category":"incident","action":"incident.opened","user_id":"ana","user_email":null,"user_role":null,"ip_address":"192.0.2.7","host":"ops1","sudo_user":"bo","status":"ok","details":{"service":"checkout"}}"#
    );
}

#[test]
fn what_a_newer_warroom_writes_is_read_and_what_is_torn_is_refused_in_words() {
    let newer = r#"{"v":7,"timestamp":"2025-10-08T10:00:00+02:00","event_id":"e","level":"dire","category":"weather","action":"rained","user_id":7,"shape":{"of":"things"},"status":null,"details":[1]}"#;
    let read = Entry::parse(newer).unwrap();
    assert_eq!(read.at, Timestamp::from_millis(1_759_910_400_000));
    assert_eq!((read.level, read.category.word()), (Level::Warning, "weather"));
    assert_eq!((read.who, read.status.as_str()), (Who::default(), ""));
    for (line, told) in [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        ("{\"v\":1,\"timest", "not JSON: EOF while parsing a string at line 1 column 14"),
        ("[]", "not a JSON object"),
        ("{}", "no version (v)"),
        (r#"{"v":0}"#, "no version (v)"),
        (r#"{"v":1}"#, "no timestamp"),
        (r#"{"v":1,"timestamp":"yesterday"}"#, "no timestamp that is RFC 3339"),
        (r#"{"v":1,"timestamp":"2025-10-08T08:00:00Z","event_id":""}"#, "no event_id"),
        (r#"{"v":1,"timestamp":"2025-10-08T08:00:00Z","event_id":"a"}"#, "no category"),
        (&"[".repeat(100_000), "not JSON: recursion limit exceeded at line 1 column 128"),
        (&" ".repeat(Entry::READ_CAP + 1), "1048577 bytes are too long for a line"),
    ] {
        assert_eq!(Entry::parse(line).unwrap_err().to_string(), told);
    }
}

#[test]
fn nothing_in_a_line_moves_a_cursor_and_nothing_of_it_is_lost() {
    let text = "\u{1b}[2J\u{7f}\u{9b}31m\u{202e}\u{200b}\u{e0041}\nnext\u{0}";
    let line = entry(json!({ "body": text, text: 1 })).to_line();
    assert!(!line.chars().any(crate::text::is_harmful), "{line}");
    let read = Entry::parse(&line).unwrap();
    assert_eq!(read.details["body"], json!(text));
    assert_eq!(read.details[text], json!(1));
}

#[test]
fn what_is_too_long_is_cut_with_a_mark() {
    let deep = (0..1000).fold(json!(1), |inner, _| json!([inner]));
    let wide: Map<String, Value> = (0..5000).map(|n| (format!("key {n}"), json!("x".repeat(50)))).collect();
    let escapes = "\u{1b}".repeat(60_000);
    for (details, parts) in [
        (json!({ "head": "y".repeat(200_000), "id": 7 }), vec!["\"id\":7", "yyy…(cut: 183616 bytes, "]),
        (json!({ "list": vec![1; 100_000] }), vec!["…cut 83616"]),
        (json!({ "deep": deep }), vec!["…(cut: nested too deeply)"]),
        (json!({ "tree": wide.clone() }), vec!["\"…cut\":4744", "\"key 0\":\"xxx"]),
        (Value::Object(wide), vec!["\"…cut\":4"]),
        (json!({ "escapes": escapes, "id": 7 }), vec!["\"id\":7", "(cut: "]),
        (json!({ "z".repeat(100_000): "z".repeat(100_000) }), vec!["zzz…(cut: "]),
    ] {
        let mut entry = entry(details);
        entry.event_id = "i".repeat(1000);
        entry.who.user = Clean::new(&"u".repeat(1000));
        let line = entry.to_line();
        assert!(line.len() <= Entry::LINE_CAP, "{}", line.len());
        for part in parts {
            assert!(line.contains(part), "{part} in {} bytes: {:.300}", line.len(), line);
        }
        Entry::parse(&line).unwrap();
    }
    // Two long ids stay two.
    let line = |end: &str| {
        let mut entry = entry(json!({}));
        entry.event_id = "i".repeat(1000) + end;
        Entry::parse(&entry.to_line()).unwrap().event_id
    };
    assert!(line("a") != line("b") && line("a") == line("a"));
}

#[test]
fn moments_that_no_calendar_has_still_make_a_line() {
    for ms in [i64::MIN, i64::MAX, -1, 0, 253_402_207_200_000] {
        let at = Timestamp::from_millis(ms);
        Entry::parse(&Entry { at, ..entry(json!({})) }.to_line()).unwrap();
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let word = "[ -~]{1,40}";
    let details = prop::collection::btree_map(any::<String>(), any_value(), 0..5);
    let who = (any::<String>(), any::<String>(), any::<Option<String>>(), any::<Option<String>>());
    let times = -62_135_596_800_000_i64..253_402_207_200_000;
    let kinds = prop_oneof![
        Just(Category::Incident),
        Just(Category::Action),
        Just(Category::Notification),
        "[a-z]{20}".prop_map(|word| Category::from_word(&word)),
    ];
    (times, word, 0..4_usize, kinds, word, who, word, details).prop_map(
        |(ms, event_id, level, category, action, who, status, details)| {
            let some =
                |text: Option<String>| text.map(|text| Clean::new(&text)).filter(|text| !text.is_empty());
            Entry {
                at: Timestamp::from_millis(ms),
                event_id,
                level: Level::ALL[level],
                category,
                action,
                who: Who {
                    user: Clean::new(&who.0),
                    host: Clean::new(&who.1),
                    address: some(who.2),
                    sudo: some(who.3),
                },
                status,
                details: details.into_iter().collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn an_entry_comes_back_as_it_was(entry in any_entry()) {
        let line = entry.to_line();
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(Entry::parse(&line).unwrap(), entry);
    }

    #[test]
    fn no_line_panics(line in ".*", cut in 0..300_usize) {
        let _ = Entry::parse(&line);
        let whole = entry(json!({ "a": line })).to_line();
        let head: String = whole.chars().take(cut).collect();
        prop_assert!(head == whole || Entry::parse(&head).is_err());
    }
}
