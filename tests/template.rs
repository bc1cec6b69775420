//! Templates of annotations: rows of text and result, and the same rows through a real `promtool` where one is installed.
//!
//! `WARROOM_REQUIRE_REAL=1` makes it an error that none is installed.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: what does not fit stops it")]

#[path = "support/skip.rs"]
mod skip;

use std::fmt::Write as _;
use std::process::Command;
use warroom::labels::Labels;
use warroom::rules::template::{self, Context};
use warroom::units::Timestamp;

/// The values that each template is expanded with.
const VALUES: [f64; 9] =
    [1.5, 0.0, -3.25, 1_234_567.0, 0.000_012_34, 1e17, f64::NAN, f64::INFINITY, 86_461.5];

fn labels() -> Labels {
    Labels::metric(
        "m",
        [("job", "api"), ("instance", "web-1.example.com:9100"), ("path", "/a b?x=<1>&\"q\"")],
    )
}

/// What `query` finds: `up` twice, `none` nothing, else an error.
fn query(expr: &str) -> Result<Vec<(Labels, f64)>, String> {
    match expr {
        "up" => Ok(vec![
            (Labels::metric("up", [("instance", "a")]), 1.0),
            (Labels::metric("up", [("instance", "b")]), 0.0),
        ]),
        "up{instance='a'}" => Ok(vec![(Labels::metric("up", [("instance", "a")]), 1.0)]),
        "none" => Ok(Vec::new()),
        other => Err(format!("no series for {other}")),
    }
}

fn expand(text: &str, value: f64) -> String {
    let (labels, external) = (labels(), Labels::from_pairs([("region", "eu")]));
    let mut ask = |expr: &str| query(expr);
    let mut context = Context {
        labels: &labels,
        value,
        external_labels: &external,
        external_url: "http://prom:9090/base",
        at: Timestamp::from_millis(300_000),
        query: &mut ask,
    };
    template::expand(text, &mut context)
        .unwrap_or_else(|error| format!("<error expanding template: {}>", error.as_prometheus("__alert_A")))
}

/// One template a line in the file; `\N` is a line end.
fn templates() -> Vec<String> {
    include_str!("data/template/templates.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace("\\N", "\n"))
        .collect()
}

/// A Go string literal, from its opening quote on: its text, and what follows it.
fn unquote(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            '\\' => match chars.next().unwrap().1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'a' => out.push('\u{7}'),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'v' => out.push('\u{b}'),
                kind @ ('x' | 'u' | 'U') => {
                    let count = match kind {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let digits: String = (0..count).map(|_| chars.next().unwrap().1).collect();
                    out.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                }
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
    panic!("no end of a string: {text}");
}

/// What the real promtool gives for each template, in their order; nothing if it is not installed.
fn oracle(templates: &[String], value: f64) -> Option<Vec<String>> {
    Command::new("promtool").arg("--version").output().ok()?;
    let folder = tempfile::tempdir().unwrap();
    let mut rules = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: m\n    annotations:\n".to_owned();
    for (at, text) in templates.iter().enumerate() {
        let _ = writeln!(rules, "      a{at:03}: {}", serde_json::to_string(&format!("x{text}")).unwrap());
    }
    let shown = match value {
        v if v.is_nan() => "NaN".to_owned(),
        v if v.is_infinite() => "Inf".to_owned(),
        v => format!("{v:e}"),
    };
    let series = labels().to_string();
    let test = format!(
        "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  external_labels: {{region: eu}}\n  external_url: http://prom:9090/base\n  input_series:\n  - {{series: {series}, values: '{shown}'}}\n  - {{series: 'up{{instance=\"a\"}}', values: '1'}}\n  - {{series: 'up{{instance=\"b\"}}', values: '0'}}\n  alert_rule_test:\n  - {{eval_time: 0m, alertname: A, exp_alerts: [{{}}]}}\n",
        series = serde_json::to_string(&series).unwrap(),
    );
    std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
    std::fs::write(folder.path().join("test.yml"), test).unwrap();
    let answer = Command::new("promtool")
        .args(["test", "rules", "test.yml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&answer.stderr).into_owned();
    let (_, got) = text.split_once("got:[").unwrap_or_else(|| panic!("{text}"));
    let (_, mut rest) = got.split_once("Annotations:{").unwrap_or_else(|| panic!("{text}"));
    let mut out = Vec::new();
    while let Some((_, after)) = rest.split_once('=').filter(|_| !rest.starts_with('}')) {
        let (value, after) = unquote(after);
        out.push(value.strip_prefix('x').unwrap_or(&value).to_owned());
        rest = after;
    }
    assert_eq!(out.len(), templates.len(), "{text}");
    Some(out)
}

/// What promtool 2.42 gave: for each of [`VALUES`] a list with the result of each template.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/template/promtool-2.42.json");

fn kept() -> Vec<Vec<String>> {
    serde_json::from_str(&std::fs::read_to_string(KEPT).unwrap()).unwrap()
}

/// `WARROOM_WRITE_EXAMPLE=1` writes the file anew.
#[test]
fn promtool_still_gives_what_is_kept() {
    let templates = templates();
    let mut results = Vec::new();
    for value in VALUES {
        let Some(result) = oracle(&templates, value) else {
            skip::skipped("promtool");
            return;
        };
        results.push(result);
    }
    if std::env::var_os("WARROOM_WRITE_EXAMPLE").is_some() {
        std::fs::write(KEPT, serde_json::to_string_pretty(&results).unwrap() + "\n").unwrap();
    }
    assert_eq!(results, kept());
}

#[test]
fn templates_expand_as_promtool_expands_them() {
    let templates = templates();
    let kept = kept();
    assert_eq!(kept.len(), VALUES.len());
    let mut wrong = Vec::new();
    for (value, expected) in VALUES.iter().zip(kept) {
        assert_eq!(expected.len(), templates.len());
        for (text, expected) in templates.iter().zip(expected) {
            let got = expand(&format!("x{text}"), *value);
            let got = got.strip_prefix('x').unwrap_or(&got).to_owned();
            if got != expected {
                wrong.push(format!("{text}\n  value    {value}\n  expected {expected}\n  got      {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Templates that Prometheus refuses, with its reason (2.42); "3" marks what version 3 says.
const REFUSED: &[(&str, &str)] = &[
    ("{{", "unclosed action"),
    ("{{ $x }}", "undefined variable \"$x\""),
    ("{{ nope 1 }}", "function \"nope\" not defined"),
    ("{{ tmpl \"x\" . }}", "function \"tmpl\" not defined"),
    ("{{ \"abc }}", "unterminated quoted string"),
    ("{{ `abc }}", "unterminated raw quoted string"),
    ("{{ 'a }}", "unterminated character constant"),
    ("{{ (print 1 }}", "unclosed left paren"),
    ("{{ print 1) }}", "unexpected \")\" in command"),
    ("{{ if }}x{{ end }}", "missing value for if"),
    ("{{ if true }}x", "unexpected EOF"),
    ("{{ end }}", "unexpected {{end}}"),
    ("{{ else }}", "unexpected {{else}}"),
    ("{{ if true }}a{{ else }}b{{ else }}c{{ end }}", "expected end; found {{else}}"),
    ("{{ break }}", "{{break}} outside {{range}}"),
    ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
    ("{{ $value | \"x\" }}", "non executable command in pipeline stage 2"),
    ("{{ | print }}", "unexpected \"|\" in command"),
    ("{{ }}", "missing value for command"),
    ("{{ 1x }}", "bad number syntax: \"1x\""),
    ("{{ $labels.a-b }}", "bad character U+002D '-'"),
    ("{{ $labels.job# }}", "bad character U+0023 '#'"),
    ("{{ # }}", "unexpected \"#\" in command"),
    ("{{\u{a0}}}", "unrecognized character in action: U+00A0"),
    ("{{/* x }}", "unclosed comment"),
    ("{{/* x */ }}", "comment ends before closing delimiter"),
    ("{{ 1.a }}", "bad number syntax: \"1.a\""),
    ("{{ true.x }}", "unexpected . after term \"true\""),
    ("{{ $a, $b := 1 }}", "too many declarations in command"),
    ("{{ range $a, $b, $c := $labels }}{{ end }}", "too many declarations in range"),
    ("{{ template }}", "unexpected \"}}\" in template clause"),
    ("{{ template x }}", "unexpected \"x\" in template clause"),
    ("{{ if true }}{{ define \"x\" }}{{ end }}{{ end }}", "unexpected <define> in command"),
    ("{{ $value := }}", "missing value for command"),
    ("{{ print \"a\"\"b\" }}", "unexpected \"\\\"b\\\"\" in operand"),
    ("{{ define \"x\" }}{{ $labels.job }}{{ end }}", "undefined variable \"$labels\""),
    ("{{ : }}", "expected :="),
    ("{{ \"\\q\" }}", "invalid syntax"),
    ("{{ 'ab' }}", "malformed character constant: 'ab'"),
];

#[test]
fn templates_that_prometheus_refuses_are_refused_with_its_reason() {
    for (text, reason) in REFUSED {
        let error = template::check(text).expect_err(text);
        assert_eq!(error.reason, *reason, "{text}");
        assert_eq!(expand(text, 1.0).split_once("__alert_A:1: ").unwrap().1, format!("{reason}>"), "{text}");
    }
}

#[test]
fn promtool_refuses_the_same_templates_with_the_same_reasons() {
    if Command::new("promtool").arg("--version").output().is_err() {
        skip::skipped("promtool");
        return;
    }
    let mut rules = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: m\n    annotations:\n".to_owned();
    for (at, (text, _)) in REFUSED.iter().enumerate() {
        let _ = writeln!(rules, "      a{at:03}: {}", serde_json::to_string(text).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
    let answer = Command::new("promtool")
        .args(["check", "rules", "rules.yml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    for (at, (text, reason)) in REFUSED.iter().enumerate() {
        let mark = format!("annotation \"a{at:03}\": template: __alert_A:1: ");
        let line = said.lines().find_map(|line| Some(line.split_once(&mark)?.1));
        assert_eq!(line, Some(*reason), "{text}\n{said}");
    }
}

/// What must come to an end, quickly and with a reason.
#[test]
fn hostile_templates_end() {
    let deep = |count: usize| format!("{}{}", "{{ if true }}".repeat(count), "{{ end }}".repeat(count));
    for (text, part) in [
        (deep(2_000), "nested more than"),
        (format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000)), "nested more than"),
        (
            "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}".to_owned(),
            "maximum template depth",
        ),
        ("{{ range 1000000000 }}{{ end }}".to_owned(), "steps"),
        ("{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}x{{ end }}{{ end }}{{ end }}".to_owned(), "steps"),
        ("{{ printf \"%999999d\" 1 }}".to_owned(), "longer than"),
        ("{{ printf \"%.999999f\" 1.0 }}".to_owned(), "longer than"),
        (
            "{{ $x := \"aaaaaaaaaa\" }}{{ range 1000 }}{{ $x = print $x $x }}{{ end }}".to_owned(),
            "longer than",
        ),
        (
            "{{ $x := 1 }}{{ range 1000 }}{{ $x = args $x $x }}{{ end }}{{ $x }}".to_owned(),
            "nested more than",
        ),
        ("{{ range 200 }}{{ match \"(a{1,20}){1,20}\" \"aaa\" }}{{ end }}".to_owned(), "steps"),
        ("{{ match \"((a{1,500}){1,500}){1,500}\" \"aaa\" }}".to_owned(), "too large"),
        ("{{ range 200 }}{{ query \"up\" }}{{ end }}".to_owned(), "steps"),
        ("x".repeat(70_000), "longer than"),
        ("{{ true }}".repeat(6_000), ""),
    ] {
        let start = std::time::Instant::now();
        let result = expand(&text, 1.0);
        let took = start.elapsed();
        assert!(
            result.contains(part),
            "{}: {}",
            &text[..text.len().min(60)],
            &result[..result.len().min(200)]
        );
        assert!(took.as_secs_f64() < 5.0, "{took:?} for {}", &text[..text.len().min(60)]);
    }
    assert_eq!(expand("{{ range 3 }}x{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}", 1.0), "xxx01");
    assert_eq!(
        expand("{{ now }} {{ urlQueryEscape \"a b\" }} {{ toDuration 90 }} {{ pathPrefix }}", 1.0),
        "300 a+b 1m30s /base"
    );
}

#[test]
fn a_template_tells_what_it_names() {
    for (text, labels, value, queries, clash) in [
        (
            "{{ $labels.a }} {{ .Labels.b }} {{ index $labels \"c\" }} {{ $.Labels.d }}",
            "a b c d",
            false,
            0,
            false,
        ),
        ("{{ range query \"up\" }}{{ .Labels.x }}{{ $labels.y }}{{ end }}", "y", false, 1, false),
        ("{{ if gt $value 1 }}{{ end }}", "", true, 0, true),
        ("{{ if gt .Value 1.0 }}{{ end }}{{ with $labels.z }}{{ .Labels.q }}{{ end }}", "z", true, 0, false),
        ("plain", "", false, 0, false),
    ] {
        let names = template::check(text).unwrap();
        let expected: Vec<&str> = labels.split_whitespace().collect();
        assert_eq!(names.labels.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(
            (names.value, names.queries.len(), names.float_with_integer.is_some()),
            (value, queries, clash),
            "{text}"
        );
    }
}
