//! Rules that cannot do what they say: one expression a row, and what is found.

#![expect(clippy::unwrap_used, reason = "a test: what does not fit stops it")]

use std::collections::BTreeSet;
use warroom::rules::lint::{Finding, Known, lint};
use warroom::rules::parse;

fn find(text: &str, known: &Known) -> Vec<Finding> {
    let read = parse("rules.yml", text, &[]);
    assert!(read.problems.is_empty(), "{text}\n{:?}", read.problems);
    lint("rules.yml", text, &read.groups, known)
}

fn codes(text: &str, known: &Known) -> Vec<&'static str> {
    find(text, known).into_iter().map(|finding| finding.code).collect()
}

fn alert(expr: &str, more: &str) -> String {
    format!(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: {}\n{more}",
        serde_json::to_string(expr).unwrap()
    )
}

#[test]
fn expressions_that_cannot_do_what_they_say() {
    for (expr, expected) in [
        ("rate(r_total{status=~\"5..\"}[5m]) / rate(r_total[5m]) > 0.01", "divided-by-itself"),
        ("sum(rate(r_total{status=~\"5..\"}[5m])) / sum(rate(r_total[5m])) > 0.01", ""),
        ("sum by (job) (rate(r_total{status=~\"5..\"}[5m])) / sum by (job) (rate(r_total[5m])) > 0.01", ""),
        ("rate(r_total{status=~\"5..\"}[5m]) / ignoring (status) group_left () rate(r_total[5m]) > 0.01", ""),
        ("rate(r_total{a=\"1\"}[5m]) / rate(r_total{a=\"2\"}[5m]) > 0.01", ""),
        ("rate(a_total[5m]) / rate(b_total[5m]) > 0.01", ""),
        ("rate(r_total[5m]) / rate(r_total[5m] offset 1d) > 2", ""),
        ("rate(r_total[10s]) > 1", "window-too-short"),
        ("irate(r_total[30s]) > 1", ""),
        ("increase(r_total[29s]) > 1", "window-too-short"),
        ("rate(memory_bytes[5m]) > 1", "rate-of-gauge"),
        ("deriv(memory_bytes[5m]) > 1", ""),
        ("rate(job:r:sum[5m]) > 1", ""),
        ("rate(l_seconds_bucket[5m]) > 1", ""),
        ("up", "no-comparison"),
        ("up == bool 0", "no-comparison"),
        ("rate(r_total[5m])", "no-comparison"),
        ("absent(up)", ""),
        ("up unless on (job) r_total", ""),
        ("vector(1)", "constant-alert"),
        ("vector(1) or vector(2)", "constant-alert"),
        ("hour() > 5", ""),
        ("histogram_quantile(0.9, sum by (job) (rate(l_bucket[5m]))) > 1", "quantile-without-le"),
        ("histogram_quantile(0.9, sum by (job, le) (rate(l_bucket[5m]))) > 1", ""),
        ("histogram_quantile(0.9, sum without (le) (rate(l_bucket[5m]))) > 1", "quantile-without-le"),
        ("histogram_quantile(0.9, l_bucket) > 1", "quantile-without-rate"),
        ("up{job=~\"api\"} == 0", "useless-regex"),
        ("up{job=~\".*\"} == 0", "useless-regex"),
        ("up{job!~\".*\"} == 0", "useless-regex"),
        ("up{job=~\"^api.*\"} == 0", "anchored-regex"),
        ("up{job=~\"api|web\"} == 0", ""),
        ("up{job=~\".+\"} == 0", ""),
        ("sum by (a) (x) / sum by (b) (y) > 1", "never-matches"),
        ("sum by (a) (x) / sum by (a) (y) > 1", ""),
        ("sum by (a, b) (x) / ignoring (b) group_left () sum by (a) (y) > 1", ""),
        ("sum by (a, b) (x) / ignoring (b) sum by (a) (y) > 1", ""),
        ("sum by (a) (x) / on (b) sum by (b) (y) > 1", "never-matches"),
        ("x / sum(x) > 1", "never-matches"),
        ("x / scalar(sum(x)) > 1", ""),
        ("x / on () group_left () sum(x) > 1", ""),
        ("x > on (job) group_left (owner) y", ""),
    ] {
        assert_eq!(codes(&alert(expr, ""), &Known::default()).join(" "), expected, "{expr}");
    }
}

#[test]
fn labels_that_a_template_shows_and_the_expression_lost() {
    for (expr, text, expected) in [
        ("sum(x) > 1", "{{ $labels.job }}", "lost-label"),
        ("sum by (job) (x) > 1", "{{ $labels.job }}", ""),
        ("sum by (job) (x) > 1", "{{ $labels.job }} {{ .Labels.instance }}", "lost-label"),
        ("sum without (instance) (x) > 1", "{{ $labels.job }}", ""),
        ("sum without (instance) (x) > 1", "{{ index $labels \"instance\" }}", "lost-label"),
        ("absent(up{job=\"api\"})", "{{ $labels.job }}", ""),
        ("absent(up{job=~\"api|web\"})", "{{ $labels.job }}", "lost-label"),
        ("absent(up{job=\"api\"})", "{{ $labels.instance }}", "lost-label"),
        ("topk(3, x) > 1", "{{ $labels.job }}", ""),
        ("count_values(\"version\", x) > 1", "{{ $labels.version }}", ""),
        ("label_replace(sum(x), \"a\", \"b\", \"\", \"\") > 1", "{{ $labels.a }}", ""),
        ("sum by (a) (x) * on (a) group_left (b) y > 1", "{{ $labels.b }} {{ $labels.a }}", ""),
        ("sum by (a) (x) * on (a) y > 1", "{{ $labels.b }}", "lost-label"),
        ("sum(x) > 1 or y > 1", "{{ $labels.b }}", ""),
        (
            "histogram_quantile(0.9, sum by (le, job) (rate(l_bucket[5m]))) > 1",
            "{{ $labels.le }}",
            "lost-label",
        ),
        ("x > 1", "{{ if gt $value 1 }}x{{ end }}", "float-with-integer"),
        ("x > 1", "{{ query \"up +\" | first | value }}", "template-query"),
        ("x > 1", "{{ $labels.job", "bad-template"),
        ("x > 1", "{{ humanise $value }}", "bad-template"),
        ("x > 1", "{{ if $value }} yes", "bad-template"),
        ("sum(x) > 1", "{{ range query \"up\" }}{{ .Labels.job }}{{ end }}", ""),
    ] {
        let more = format!("    annotations:\n      summary: {}\n", serde_json::to_string(text).unwrap());
        assert_eq!(codes(&alert(expr, &more), &Known::default()).join(" "), expected, "{expr} {text}");
    }
}

#[test]
fn times_duplicates_and_metrics_that_nobody_has() {
    assert_eq!(codes(&alert("x > 1", "    for: 30s\n"), &Known::default()), ["for-below-interval"]);
    assert_eq!(codes(&alert("x > 1", "    for: 1m\n"), &Known::default()), Vec::<&str>::new());
    let twice = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: x > 1}\n  - {alert: A, expr: x > 1.0}\n  - {alert: A, expr: x > 2}\n  - {record: a, expr: b}\n  - {record: a, expr: c}\n  - {record: a, expr: c, labels: {l: m}}\n";
    assert_eq!(codes(twice, &Known::default()), ["duplicate-rule", "recorded-twice"]);
    let metrics = BTreeSet::from(["x".to_owned()]);
    let known = Known { metrics: Some(metrics), ..Known::default() };
    let text = "groups:\n- name: g\n  rules:\n  - {record: r, expr: x}\n  - {alert: A, expr: 'r > 1 and up == 1 and x > 1'}\n  - {alert: Gone, expr: 'absent(nowhere) or absent_over_time(nowhere[5m])'}\n  - {alert: DatabaseConnectionFailure, expr: hashinsight_db_connection_status == 0, for: 2m}\n";
    let found = find(text, &known);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].to_string(),
        "rules.yml:7:46: bug: group \"g\", rule \"DatabaseConnectionFailure\": no target exports `hashinsight_db_connection_status` and no rule records it: this can never be true [unknown-metric]; export the metric, or remove the rule"
    );
    assert_eq!(found[0].width, 32);
    let mut known = Known::default();
    known.types.insert("odd".to_owned(), "counter".to_owned());
    known.types.insert("fall_total".to_owned(), "gauge".to_owned());
    assert_eq!(codes(&alert("rate(odd[5m]) > 1", ""), &known), Vec::<&str>::new());
    assert_eq!(codes(&alert("rate(fall_total[5m]) > 1", ""), &known), ["rate-of-gauge"]);
}
