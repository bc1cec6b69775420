//! `warroom rules test` and `check`: the binary itself, and the notation of series; promtool agrees where installed.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: what does not fit stops it")]

#[path = "support/skip.rs"]
mod skip;

use std::process::Command;
use warroom::rules::unit::{parse, points, series};

fn warroom(args: &[&str]) -> (i32, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rules_test");
    let answer = Command::new(env!("CARGO_BIN_EXE_warroom")).args(args).current_dir(folder).output().unwrap();
    (answer.status.code().unwrap(), String::from_utf8(answer.stdout).unwrap())
}

#[test]
fn tests_pass_and_fail_as_they_do_in_promtool() {
    let (code, text) = warroom(&["rules", "test", "passes.yml"]);
    assert_eq!((code, text.as_str()), (0, "passes.yml: SUCCESS, 1 test\n"));
    let (code, text) = warroom(&["rules", "test", "fails.yml"]);
    assert_eq!(code, 1);
    for part in [
        "alert InstanceDown at 1m",
        "nothing fires",
        "pending for 1m so far: {",
        "- label severity = \"page\"",
        "- annotation summary = \"c is down\"",
        "+ annotation summary = \"b is down\"",
        "- expected {instance=\"b:1\", job=\"hi\"} 2",
        "+ got      {instance=\"b:1\", job=\"hi\"} 1",
        "fails.yml: FAILED, 1 test, 3 differences",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    for (file, code) in [("passes.yml", 0), ("fails.yml", 1)] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rules_test");
        let real = Command::new("promtool").args(["test", "rules", file]).current_dir(folder).output();
        if let Ok(answer) = real {
            assert_eq!(answer.status.code(), Some(code), "{answer:?}");
        } else {
            skip::skipped("promtool");
        }
    }
}

#[test]
fn files_that_are_not_there_and_rules_that_are_fine() {
    assert_eq!(
        warroom(&["rules", "check", "hashinsight.yml"]),
        (0, "hashinsight.yml: 3 rules, nothing wrong\n".to_owned())
    );
    assert_eq!(warroom(&["rules", "check", "nope.yml"]).0, 1);
    assert_eq!(warroom(&["rules", "test", "nope.yml"]).0, 1);
    // Without files, the configuration names them.
    assert_eq!(warroom(&["-c", "nope.toml", "rules", "check"]).0, 78);
}

/// In a folder of its own: standard input, arguments; the exit code and what was printed.
fn within(folder: &std::path::Path, program: &str, args: &[&str], input: &str) -> Option<(i32, String)> {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    // Whoever does not read it closes it: that is no fault.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let answer = child.wait_with_output().unwrap();
    Some((answer.status.code().unwrap(), String::from_utf8_lossy(&answer.stdout).into_owned()))
}

const RULES: &str = "groups:\n- name: g\n  rules:\n  - {alert: Down, expr: up == 0, for: 5m}\n";

/// What is wrong with a file decides on the exit code, and promtool gives the same.
#[test]
fn exit_codes_are_those_of_promtool() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yml"), RULES).unwrap();
    let own = env!("CARGO_BIN_EXE_warroom");
    let rule = |rest: &str| format!("groups:\n- name: g\n  rules:\n  - {rest}\n");
    let test = |rest: &str| {
        format!("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  {rest}\n")
    };
    let fires = |name: &str| {
        test(&format!("alert_rule_test:\n  - {{eval_time: 1m, alertname: {name}, exp_alerts: [{{}}]}}"))
    };
    for (what, text, code, says) in [
        ("check", RULES.to_owned(), 0, "1 rule, nothing wrong"),
        ("check", String::new(), 0, "0 rules, nothing wrong"),
        ("check", rule("{alert: A, expr: 'up =='}"), 1, "cannot read the expression"),
        ("check", rule("{alert: A, expr: up == 0, for: 5x}"), 1, "is not a duration"),
        ("check", rule("{record: a-b, expr: up}"), 1, "is no name of a series"),
        ("check", rule("{record: a, expr: up, for: 1m}"), 1, ""),
        ("check", rule("{alert: A, expr: up == 0, labels: {a-b: c}}"), 1, ""),
        ("check", rule("{alrt: A, expr: up == 0}"), 1, "did you mean \"alert\"?"),
        ("check", rule("{alert: A, expr: up == 0, annotations: {s: '{{ $labels.x'}}"), 1, "[bad-template]"),
        ("check", "groups: [{name: g, rules: []}, {name: g, rules: []}]".to_owned(), 1, ""),
        ("test", fires("Down"), 1, "nothing fires"),
        ("test", fires("Dwn"), 1, "no alert of the rule files is called Dwn: they are Down"),
        ("test", test("alert_rule_test:\n  - {eval_time: 1m, alertname: Down}"), 0, "SUCCESS, 1 test"),
        ("test", test("alert_rule_test:\n  - {eval_time: 1m}"), 1, "`alertname` is missing"),
        ("test", test("promql_expr_test:\n  - {expr: 'up{', eval_time: 1m}"), 1, "is not closed"),
        ("test", test("input_series:\n  - {series: 'up{', values: '0'}"), 1, "is not closed"),
        (
            "test",
            "rule_files: [rules.yml]\ngroup_eval_order: [g, g]\ntests: []\n".to_owned(),
            1,
            "there twice",
        ),
        ("test", String::new(), 0, "SUCCESS, 0 tests"),
        ("test", RULES.to_owned(), 1, "see warroom rules check"),
    ] {
        std::fs::write(folder.path().join("given.yml"), &text).unwrap();
        let (ours, said) = within(folder.path(), own, &["rules", what, "given.yml"], "").unwrap();
        assert!(ours == code && said.contains(says), "{what} {text}\n{ours}, not {code}\n{said}");
        match within(folder.path(), "promtool", &[what, "rules", "given.yml"], "") {
            Some((real, said)) => assert_eq!(real, code, "{what} {text}\n{said}"),
            None => skip::skipped("promtool"),
        }
    }
}

#[test]
fn rules_come_from_anywhere_and_are_held_against_what_targets_export() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    let metric = RULES.replace("up == 0", "'rate(shop_queue[5m]) > 1'");
    std::fs::write(folder.path().join("d/a.yml"), RULES).unwrap();
    std::fs::write(folder.path().join("d/b.yml"), metric).unwrap();
    std::fs::write(folder.path().join("m.prom"), "# TYPE shop_queue gauge\nshop_queue 1\n").unwrap();
    std::fs::write(folder.path().join("n.prom"), "shop_other 1\n").unwrap();
    for (args, input, code, says) in [
        (&["check", "-"][..], RULES, 0, "-: 1 rule, nothing wrong"),
        (&["check", "d/*.yml"], "", 0, "d/b.yml: 1 valid rule, 0 errors, 0 bugs, 1 warning"),
        (&["check", "d/*.yaml"], "", 1, "d/*.yaml: cannot read it"),
        (&["check", "d"], "", 1, "it is a folder"),
        (&["check", "d/b.yml", "--metrics", "m.prom"], "", 1, "[rate-of-gauge]"),
        (&["check", "d/b.yml", "--metrics", "n.prom"], "", 1, "[unknown-metric]"),
        (&["check", "d/a.yml", "--metrics", "n.prom"], "", 0, "nothing wrong"),
        (&["check", "d/b.yml", "--metrics", "-"], "shop_queue_total 1\n", 1, "[unknown-metric]"),
        (&["check", "d/b.yml", "--metrics", "none.prom"], "", 1, "cannot read"),
    ] {
        let args: Vec<&str> = ["rules"].iter().chain(args).copied().collect();
        let (ours, said) = within(folder.path(), env!("CARGO_BIN_EXE_warroom"), &args, input).unwrap();
        assert!(ours == code && said.contains(says), "{args:?}\n{ours}, not {code}\n{said}");
    }
}

#[test]
fn series_and_points_are_read() {
    let stale = warroom::target::STALE_NAN;
    for (text, expected) in [
        ("1 2 3", vec![Some(1.0), Some(2.0), Some(3.0)]),
        ("1x2", vec![Some(1.0); 3]),
        ("0x0", vec![Some(0.0)]),
        ("1+2x3", vec![Some(1.0), Some(3.0), Some(5.0), Some(7.0)]),
        ("5-2x2", vec![Some(5.0), Some(3.0), Some(1.0)]),
        ("-1-1x1 _ _x2", vec![Some(-1.0), Some(-2.0), None, None, None]),
        ("1e2+1e1x1 .5", vec![Some(100.0), Some(110.0), Some(0.5)]),
        ("", vec![]),
    ] {
        assert_eq!(points(text).unwrap(), expected, "{text}");
    }
    let marked = points("1 stale").unwrap();
    assert_eq!(marked[1].map(f64::to_bits), Some(stale.to_bits()));
    for wrong in ["x", "1y", "1+2", "{{schema:0}}", "0x99999999999", "_x", "1x-1", "0x9999999"] {
        assert!(points(wrong).is_err(), "{wrong}");
    }
    for (text, shown) in
        [("up", "up"), ("up{a=\"b\"}", "up{a=\"b\"}"), ("{a='b'}", "{a=\"b\"}"), ("{}", "{}")]
    {
        assert_eq!(series(text).unwrap().to_string(), shown);
    }
    for wrong in ["up{a=~\"b\"}", "up > 1", "up[5m]", "up offset 1m", "1"] {
        assert!(series(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_wrong_in_a_test_file_is_told_with_its_place() {
    for (text, expected) in [
        ("rule_file: []", "1:1: unknown key \"rule_file\""),
        ("tests:\n- input_series:\n  - values: '1'", "3:5: `series` is missing"),
        ("tests:\n- interval: 0s", "2:13: the interval must be longer than 0"),
        ("tests:\n- promql_expr_test:\n  - expr: 'up +'", "3:11:"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}
