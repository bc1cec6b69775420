//! The exposition room from outside: what a real server accepts and refuses, caching, staleness, workers, and
//! generated bodies.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use warroom::config::poll::Workers;
use warroom::exposition::{Cache, Format, Line, Scrape, families, format_of, parse};
use warroom::labels::Labels;
use warroom::target::{Keep, Sample, is_stale};
use warroom::units::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn later(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn keep(names: &[&str]) -> Keep {
    Keep::Names(names.iter().map(|name| Box::from(*name)).collect())
}

fn fresh(body: &[u8], format: Format) -> Scrape {
    Cache::new(Labels::empty()).scrape(body, format, &Keep::All, NOW)
}

/// Samples as lines: `series value`, with `@ms` where the time is not the scrape's, `stale` for a marker.
fn shown(samples: &[Sample], at: Timestamp) -> Vec<String> {
    let line = |sample: &Sample| {
        let value = if is_stale(sample.value) { "stale".to_owned() } else { sample.value.to_string() };
        let own = if sample.at == at { String::new() } else { format!(" @{}", sample.at.millis()) };
        format!("{} {value}{own}", sample.labels)
    };
    samples.iter().map(line).collect()
}

#[test]
fn what_a_real_server_accepts() {
    use Format::{OpenMetrics, Text};
    let check = |format: Format, body: &str, expected: &[&str]| {
        let scrape = fresh(body.as_bytes(), format);
        assert_eq!(scrape.bad_lines, 0, "{body:?}: {:?}", scrape.first_bad_line);
        assert_eq!(shown(&scrape.samples, NOW), expected, "{body:?}");
        assert_eq!(scrape.scraped, expected.len() as u64, "{body:?}");
    };
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("\n\n", &[]),
        (
            "r{handler=\"/api/tasks/{task_id}\",method=\"GET\"} 3",
            &[r#"r{handler="/api/tasks/{task_id}", method="GET"} 3"#],
        ),
        ("m{v=\"a} 5\"} 1\n", &[r#"m{v="a} 5"} 1"#]),
        ("m{a=\"x,y\"} 1\n", &[r#"m{a="x,y"} 1"#]),
        (
            "m{ua=\"Mozilla/5.0 (X11; Linux), like Gecko\"} 1\n",
            &[r#"m{ua="Mozilla/5.0 (X11; Linux), like Gecko"} 1"#],
        ),
        ("m{q=\"a=b\"} 1\n", &[r#"m{q="a=b"} 1"#]),
        ("m{q=\"\\\"\\\\\\n\\d\"} 1\n", &[r#"m{q="\"\\\n\\d"} 1"#]),
        (
            "job:http_requests:rate5m{a=\"b\"} 1\n:lead 1\n",
            &[r#"job:http_requests:rate5m{a="b"} 1"#, ":lead 1"],
        ),
        ("m{} 1\n", &["m 1"]),
        ("m { a = \"b\" } 1\n", &[r#"m{a="b"} 1"#]),
        ("m{a=\"b\"}1\n", &[r#"m{a="b"} 1"#]),
        ("m{a=\"b\",} 1\n", &[r#"m{a="b"} 1"#]),
        ("m{a=\"b\" c=\"d\"} 1\n", &[r#"m{a="b", c="d"} 1"#]),
        ("m{a=\"\",b=\"c\"} 1\n", &[r#"m{b="c"} 1"#]),
        ("m 1", &["m 1"]),
        ("m\t 1 \t 1234 \n", &["m 1 @1234"]),
        ("m 1 0\n", &["m 1 @0"]),
        ("a nan\nb NaN\nc inf\nd -INF\ne +Inf\n", &["a NaN", "b NaN", "c inf", "d -inf", "e inf"]),
        ("a +1.5e-3\nb .5\nc 5.\nd -0\ne 1E3\n", &["a 0.0015", "b 0.5", "c 5", "d -0", "e 1000"]),
        ("a 1e-999\nb 9007199254740993\nc 0.1\n", &["a 0", "b 9007199254740992", "c 0.1"]),
        ("x 1\n# TYPE x counter\n# TYPE x gauge\n", &["x 1"]),
        ("#comment\n# a comment\n#\n# HELP\n# TYPE\n# HELP x\n  # HELP x y\n \t\nx 1\n", &["x 1"]),
        ("{\"my.metric\",\"http.status\"=\"200\"} 1\n", &[r#"my.metric{http.status="200"} 1"#]),
        ("{\"m\"} 1\nm2{\"a.b\"=\"c\"} 2\n", &["m 1", r#"m2{a.b="c"} 2"#]),
        ("m{a=\"\u{6771}\u{4eac}\"} 1\n", &["m{a=\"\u{6771}\u{4eac}\"} 1"]),
        ("# EOF\nm 1\n", &["m 1"]),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1e+06\"} 2\nh_bucket{le=\"0.50\"} 1\n",
            &[r#"h_bucket{le="1.0"} 1"#, r#"h_bucket{le="1e+06"} 2"#, r#"h_bucket{le="0.5"} 1"#],
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 3\nh_count 1\n",
            &[r#"h_bucket{le="+Inf"} 1"#, "h_sum 3", "h_count 1"],
        ),
        ("# TYPE s summary\ns{quantile=\"1\"} 1\n", &[r#"s{quantile="1.0"} 1"#]),
        ("# TYPE g gauge\ng{le=\"1\",quantile=\"1\"} 1\n", &[r#"g{le="1", quantile="1"} 1"#]),
        ("a{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\n", &[r#"a{x="1"} 1"#, "b 2", r#"a{x="2"} 3"#]),
    ];
    for (body, expected) in rows {
        check(Text, body, expected);
    }
    let rows: &[(&str, &[&str])] = &[
        ("# EOF", &[]),
        ("# EOF\n", &[]),
        ("# TYPE c counter\n# UNIT c_seconds seconds\n# HELP c x \\\" y\nc_total 1\n# EOF\n", &["c_total 1"]),
        ("c_total 1 # {trace_id=\"a} b\"} 0.5\n# EOF\n", &["c_total 1"]),
        ("c_total 1 12.5 # {trace_id=\"a\",b=\"c\"} 0.5 1.25\n# EOF\n", &["c_total 1 @12500"]),
        ("c_total 1 # {} 1\n# EOF\n", &["c_total 1"]),
        ("a 1 1.001\nb 1 -1\nc 1 0\n# EOF\n", &["a 1 @1000", "b 1 @-1000", "c 1 @0"]),
        ("a 1 1\na 2 2\n# EOF\n", &["a 1 @1000", "a 2 @2000"]),
        (
            "# TYPE s stateset\ns{s=\"a\"} 1\n# TYPE i info\ni_info{v=\"1\"} 1\nx_created 1.5\nh_gcount 2\n# EOF\n",
            &[r#"s{s="a"} 1"#, r#"i_info{v="1"} 1"#, "x_created 1.5", "h_gcount 2"],
        ),
        ("# TYPE \"my.m\" gauge\n{\"my.m\",a=\"b\"} 1\n# EOF\n", &[r#"my.m{a="b"} 1"#]),
    ];
    for (body, expected) in rows {
        check(OpenMetrics, body, expected);
    }
}

#[test]
fn what_a_real_server_refuses_is_one_bad_line_among_good_ones() {
    use Format::{OpenMetrics, Text};
    let rows: &[(Format, &[u8], &str)] = &[
        (Text, b" m 1", "blank before"),
        (Text, b"m 1\r", "CR LF"),
        (Text, b"# TYPE m counter\r", "CR LF"),
        (Text, b"# TYPE x foo", "invalid metric type \"foo\""),
        (Text, b"# TYPE x  counter", "invalid metric type"),
        (Text, b"# TYPE x stateset", "invalid metric type"),
        (Text, b"# TYPE x unknown", "invalid metric type"),
        (Text, b"# TYPE x", "invalid metric type \"\""),
        (Text, b"# TYPE 1 counter", "expected a metric name, got '1'"),
        (Text, b"m 1 # {trace_id=\"a\"} 1", "exemplar"),
        (Text, b"m 1 12 # {trace_id=\"a\"} 1", "exemplar"),
        (Text, b"m 0x1p3", "not a number"),
        (Text, b"m 0x10", "not a number"),
        (Text, b"m 1_000", "not a number"),
        (Text, b"m -nan", "not a number"),
        (Text, b"m 1e", "not a number"),
        (Text, b"m .", "not a number"),
        (Text, b"m 1e999", "out of range"),
        (Text, b"m one", "\"one\" is not a number"),
        (Text, b"m", "expected a value, got the end"),
        (Text, b"m ", "expected a value"),
        (Text, b"m{a=\"b\"}", "expected a value"),
        (Text, b"m{a=\"b\"}{c=\"d\"} 1", "expected a value"),
        (Text, b"m 1 -5", "\"-5\" is not a timestamp"),
        (Text, b"m 1 1.5", "not a timestamp"),
        (Text, b"m 1 99999999999999999999", "not a timestamp"),
        (Text, b"m 1 12 3", "unexpected text"),
        (Text, b"m{a=\"\xff\"} 1", "invalid UTF-8"),
        (Text, b"# HELP m \xff", "invalid UTF-8"),
        (Text, b"m\xff 1", "invalid UTF-8"),
        (Text, b"1m 1", "expected a metric name, got '1'"),
        (Text, b"m-n 1", "not a number"),
        (Text, b"{} 1", "name missing"),
        (Text, b"{\"\"} 1", "name missing"),
        (Text, b"{a=\"b\"} 1", "name missing"),
        (Text, b"m{\"n\"} 1", "name given twice"),
        (Text, b"m{a=\"b\",a=\"c\"} 1", "label \"a\" given twice"),
        (Text, b"m{__name__=\"n\"} 1", "label \"__name__\" given twice"),
        (Text, b"m{\"\"=\"b\"} 1", "expected a label name"),
        (Text, b"m{,} 1", "expected a label name, got ','"),
        (Text, b"m{a:b=\"c\"} 1", "expected '='"),
        (Text, b"m{a} 1", "expected '='"),
        (Text, b"m{a=b} 1", "expected a quoted label value"),
        (Text, b"m{a=\"b} 1", "not closed"),
        (Text, b"m{a=\"b\\\"} 1", "not closed"),
        (Text, b"m{a=\"b\" 1", "expected a label name, got '1'"),
        (Text, b"m\x00 1", "not a number"),
        (OpenMetrics, b"", "empty line"),
        (OpenMetrics, b"#x", "comment"),
        (OpenMetrics, b"# x", "comment"),
        (OpenMetrics, b"# TYPE x", "expected text"),
        (OpenMetrics, b"# TYPE x untyped", "invalid metric type"),
        (OpenMetrics, b"# UNIT x_seconds bytes", "unit"),
        (OpenMetrics, b"m  1", "expected a value"),
        (OpenMetrics, b"m\t1", "expected a value"),
        (OpenMetrics, b"m{a=\"b\"}1", "expected a value"),
        (OpenMetrics, b"m{a=\"b\" c=\"d\"} 1", "expected ','"),
        (OpenMetrics, b"m{ a=\"b\"} 1", "expected a label name"),
        (OpenMetrics, b"m 1 ", "unexpected text"),
        (OpenMetrics, b"m 1 nan", "not a timestamp"),
        (OpenMetrics, b"m 1 1 1", "unexpected text"),
        (OpenMetrics, b"m 1 # {a=\"b\"}", "expected a value"),
        (OpenMetrics, b"m 1 # {\"a\"} 1", "expected '='"),
        (OpenMetrics, b"m 1 # {a=\"b\"} 1 1 1", "unexpected text"),
    ];
    for (format, line, reason) in rows {
        let (before, after): (&[u8], &[u8]) = match format {
            Text => (b"before 1\n\n", b"\nafter 2\n"),
            OpenMetrics => (b"before 1\n# HELP a b\n", b"\nafter 2\n# EOF\n"),
        };
        let body = [before, line, after].concat();
        let shown_line = String::from_utf8_lossy(line).into_owned();
        let mut cache = Cache::new(Labels::empty());
        for round in 0..3 {
            let scrape = cache.scrape(&body, *format, &Keep::All, NOW);
            assert_eq!(scrape.bad_lines, 1, "{shown_line} {round}");
            let (number, told) = scrape.first_bad_line.unwrap();
            assert_eq!(number, 3, "{shown_line}");
            assert!(told.as_str().contains(reason), "{shown_line}: {told}");
            assert_eq!(shown(&scrape.samples, NOW), ["before 1", "after 2"], "{shown_line}");
        }
        let bad: Vec<_> = parse(&body, *format).filter_map(Result::err).collect();
        assert_eq!(bad.len(), 1, "{shown_line}");
        assert_eq!(bad[0].number, 3, "{shown_line}");
    }
}

#[test]
fn open_metrics_has_to_end() {
    for (body, line, reason, eof) in [
        ("a 1\n", 1, "no # EOF", false),
        ("a 1\nb 2", 2, "no # EOF", false),
        ("", 1, "no # EOF", false),
        ("a 1\n# EOF\nb 2\nc 3\n", 3, "data after # EOF", true),
        ("a 1\n# EOF\n\n", 3, "data after # EOF", true),
    ] {
        let scrape = fresh(body.as_bytes(), Format::OpenMetrics);
        assert_eq!((scrape.bad_lines, scrape.saw_eof), (1, eof), "{body:?}");
        let (number, told) = scrape.first_bad_line.unwrap();
        assert_eq!(number, line, "{body:?}");
        assert!(told.as_str().contains(reason), "{body:?}: {told}");
        let bad: Vec<_> = parse(body.as_bytes(), Format::OpenMetrics).filter_map(Result::err).collect();
        assert_eq!(bad.len(), 1, "{body:?}");
        assert_eq!(bad[0].number, line, "{body:?}");
    }
}

#[test]
fn a_body_that_is_something_else_gives_one_reason() {
    for (body, what) in [
        ("<!DOCTYPE html>\n<html>\n<body>\n", "HTML"),
        ("\n  <html></html>", "HTML"),
        ("{\"status\": \"ok\",\n\"a\": 1}", "JSON"),
        ("{}", "JSON"),
        ("[1,\n2]", "JSON"),
        ("\u{feff}{\n  \"a\" : 1 }", "JSON"),
    ] {
        let mut cache = Cache::new(Labels::empty());
        cache.scrape(b"up_before 1\n", Format::Text, &Keep::All, NOW);
        let scrape = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, later(15));
        assert_eq!((scrape.bad_lines, scrape.not_metrics), (1, true), "{body:?}");
        assert!(scrape.first_bad_line.unwrap().1.as_str().contains(what), "{body:?}");
        assert_eq!(shown(&scrape.samples, later(15)), ["up_before stale"], "{body:?}");
        assert_eq!(parse(body.as_bytes(), Format::Text).count(), 1, "{body:?}");
    }
}

#[test]
fn the_content_type_names_the_format() {
    for (given, format, warns) in [
        (Some("text/plain; version=0.0.4; charset=utf-8"), Format::Text, false),
        (Some("TEXT/PLAIN"), Format::Text, false),
        (Some("application/openmetrics-text; version=1.0.0"), Format::OpenMetrics, false),
        (Some("application/openmetrics-text;version=0.0.1;charset=utf-8"), Format::OpenMetrics, false),
        (None, Format::Text, true),
        (Some(" "), Format::Text, true),
        (Some("text/html"), Format::Text, true),
        (Some("application/vnd.google.protobuf\u{1b}[2J"), Format::Text, true),
    ] {
        let (found, warning) = format_of(given);
        assert_eq!((found, warning.is_some()), (format, warns), "{given:?}");
        assert!(!warning.unwrap_or_default().contains('\u{1b}'));
    }
}

#[test]
fn labels_of_the_target_win_and_the_scraped_ones_are_renamed() {
    let extra = Labels::from_pairs([("job", "api"), ("instance", "h:1"), ("a", "t")]);
    for (body, expected) in [
        ("m 1", r#"m{a="t", instance="h:1", job="api"} 1"#),
        ("m{job=\"x\"} 1", r#"m{a="t", exported_job="x", instance="h:1", job="api"} 1"#),
        ("m{job=\"\"} 1", r#"m{a="t", instance="h:1", job="api"} 1"#),
        (
            "m{job=\"x\",exported_job=\"y\"} 1",
            r#"m{a="t", exported_exported_job="x", exported_job="y", instance="h:1", job="api"} 1"#,
        ),
    ] {
        let scrape = Cache::new(extra.clone()).scrape(body.as_bytes(), Format::Text, &Keep::All, NOW);
        assert_eq!(shown(&scrape.samples, NOW), [expected], "{body}");
    }
}

#[test]
fn series_that_end_get_one_stale_marker() {
    // Each step: a body (`None`: the scrape failed) and what is passed on.
    let steps: &[(Option<&str>, &[&str])] = &[
        (Some("a 1\nb{x=\"1\"} 2\nc 3 1234\n"), &["a 1", r#"b{x="1"} 2"#, "c 3 @1234"]),
        (Some("a 1\n"), &["a 1", r#"b{x="1"} stale"#]),
        (Some("a 1\n"), &["a 1"]),
        (Some("z 9\na 1\nb{x=\"1\"} 2\n"), &["z 9", "a 1", r#"b{x="1"} 2"#]),
        (None, &["a stale", r#"b{x="1"} stale"#, "z stale"]),
        (None, &[]),
        (Some("a 5\n"), &["a 5"]),
        // A sample that gets a timestamp of its own ends as a series without.
        (Some("a 5 99\n"), &["a 5 @99", "a stale"]),
        (Some(""), &[]),
        // Other bytes, the same labels: nothing has ended.
        (Some("m{a=\"1\",b=\"2\"} 1\n"), &[r#"m{a="1", b="2"} 1"#]),
        (Some("m{b=\"2\",a=\"1\"} 2\n"), &[r#"m{a="1", b="2"} 2"#]),
        // Another type, other labels.
        (Some("q{le=\"1\"} 1\n"), &[r#"q{le="1"} 1"#, r#"m{a="1", b="2"} stale"#]),
        (Some("# TYPE q histogram\nq{le=\"1\"} 1\n"), &[r#"q{le="1"} stale"#, r#"q{le="1.0"} 1"#]),
        (Some("# TYPE q histogram\nq{le=\"1\"} 1\n"), &[r#"q{le="1.0"} 1"#]),
    ];
    let mut cache = Cache::new(Labels::empty());
    for (number, (body, expected)) in steps.iter().enumerate() {
        let at = later(number as u64 * 15);
        let mut samples = match body {
            Some(body) => cache.scrape(body.as_bytes(), Format::Text, &Keep::All, at).samples,
            None => cache.failed(at),
        };
        if body.is_none() {
            samples.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        assert_eq!(shown(&samples, at), *expected, "step {number}");
    }
}

#[test]
fn a_format_that_changes_is_judged_anew() {
    let mut cache = Cache::new(Labels::empty());
    let body = b"# a comment\nm { a = \"b\" } 1\nn 2\n# EOF\n";
    assert_eq!(cache.scrape(body, Format::Text, &Keep::All, NOW).bad_lines, 0);
    let open = cache.scrape(body, Format::OpenMetrics, &Keep::All, later(15));
    assert_eq!(open.bad_lines, 2);
    assert_eq!(shown(&open.samples, later(15)), ["n 2", r#"m{a="b"} stale"#]);
    let text = cache.scrape(body, Format::Text, &Keep::All, later(30));
    assert_eq!(text.bad_lines, 0);
    assert_eq!(shown(&text.samples, later(30)), [r#"m{a="b"} 1"#, "n 2"]);
}

#[test]
fn comments_that_move_or_change_are_noticed() {
    let mut cache = Cache::new(Labels::empty());
    for (body, bad, le) in [
        ("# HELP x a\n# TYPE x histogram\nx{le=\"1\"} 1\n", 0, "1.0"),
        ("# HELP x a\n# TYPE x histogram\nx{le=\"1\"} 1\n", 0, "1.0"),
        ("# new\n# HELP x a\n# TYPE x gauge\nx{le=\"1\"} 1\n", 0, "1"),
        ("# TYPE x gaugf\n# HELP x a\nx{le=\"1\"} 1\n", 1, "1"),
        ("# TYPE x gaugf\n# TYPE x histogram\nx{le=\"1\"} 1\n", 1, "1.0"),
        ("# TYPE x gaugf\n# TYPE x histogram\nx{le=\"1\"} 1\n", 1, "1.0"),
        ("x{le=\"1\"} 1\n", 0, "1"),
    ] {
        let scrape = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, NOW);
        assert_eq!(scrape.bad_lines, bad, "{body}");
        let alive: Vec<_> = scrape.samples.iter().filter(|s| !is_stale(s.value)).collect();
        assert_eq!(alive.len(), 1, "{body}");
        assert_eq!(alive[0].labels.get("le"), Some(le), "{body}");
    }
}

#[test]
fn a_second_sample_of_a_series_is_left_out_and_told() {
    let mut cache = Cache::new(Labels::empty());
    for round in 0..3 {
        let scrape = cache.scrape(b"a 1\na 2\nb 1\n", Format::Text, &Keep::All, NOW);
        assert_eq!(shown(&scrape.samples, NOW), ["a 1", "b 1"], "{round}");
        assert_eq!((scrape.duplicates, scrape.warnings.len(), scrape.scraped), (1, 1, 3), "{round}");
    }
}

#[test]
fn only_the_names_asked_for_are_read() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\nskip{a=\"b\"} oops\nskip 2\nskipped 3\n\
                process_start_time_seconds 1.5e9\n{\"h.x\"} 4\nlast 5\n";
    let mut cache = Cache::new(Labels::empty());
    let steps: &[(Keep, &[&str])] = &[
        (keep(&["h_bucket"]), &[r#"h_bucket{le="1.0"} 1"#, "process_start_time_seconds 1500000000"]),
        (keep(&["h_bucket"]), &[r#"h_bucket{le="1.0"} 1"#, "process_start_time_seconds 1500000000"]),
        (keep(&["h.x"]), &["process_start_time_seconds 1500000000", "h.x 4", r#"h_bucket{le="1.0"} stale"#]),
        (keep(&["last"]), &["process_start_time_seconds 1500000000", "last 5", "h.x stale"]),
    ];
    for (number, (keep, expected)) in steps.iter().enumerate() {
        let scrape = cache.scrape(body.as_bytes(), Format::Text, keep, NOW);
        assert_eq!(shown(&scrape.samples, NOW), *expected, "{number}");
        assert_eq!((scrape.scraped, scrape.bad_lines), (9, 0), "{number}");
    }
    let all = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, NOW);
    assert_eq!((all.samples.len(), all.scraped, all.bad_lines), (8, 8, 1));
}

#[test]
fn a_cache_forgets_what_has_not_been_seen_for_a_while() {
    let mut cache = Cache::new(Labels::empty());
    for round in 0..200 {
        let lines: Vec<_> = (0..200).map(|i| format!("m{{path=\"/{round}/{i}\"}} 1\n")).collect();
        let body = lines.concat();
        let scrape = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, later(round));
        assert_eq!(scrape.samples.iter().filter(|sample| !is_stale(sample.value)).count(), 200);
        assert!(cache.series() <= 200 * 6, "{} series after {round}", cache.series());
    }
    for round in 200..220 {
        cache.scrape(b"a 1\n", Format::Text, &Keep::All, later(round));
    }
    assert_eq!(cache.series(), 1);
}

/// Scrapes `(start, counter, gauge)` in turn, 15 s apart; gives what was passed on and the last warnings.
fn worker_story(answers: &[(f64, f64, f64)]) -> (Vec<(f64, f64, f64)>, Vec<String>) {
    let mut cache = Cache::new(Labels::empty());
    let mut warnings = Vec::new();
    let mut passed = Vec::new();
    for (number, (start, counter, gauge)) in answers.iter().enumerate() {
        let body = format!(
            "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {start}\n\
             # TYPE c counter\nc_total {counter}\n# TYPE g gauge\ng {gauge}\n"
        );
        let scrape = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, later(number as u64 * 15));
        warnings = scrape.warnings.iter().map(ToString::to_string).collect();
        let of = |name: &str| {
            scrape.samples.iter().find(|s| s.labels.name() == Some(name)).map_or(f64::NAN, |s| s.value)
        };
        passed.push((of("process_start_time_seconds"), of("c_total"), of("g")));
    }
    (passed, warnings)
}

#[test]
fn workers_are_told_apart_and_a_restart_is_none() {
    // One genuine restart: the counter drops once and stays plain.
    let plain =
        [(100.0, 10.0, 1.0), (100.0, 20.0, 1.0), (200.0, 1.0, 1.0), (200.0, 5.0, 1.0), (200.0, 9.0, 1.0)];
    assert_eq!(worker_story(&plain), (plain.to_vec(), vec![]));
    // A start time that jitters by a second (boot time is re-read) while counters only grow is one process.
    let jitter = [(100.0, 10.0, 1.0), (101.0, 20.0, 1.0), (100.0, 30.0, 1.0), (101.0, 31.0, 1.0)];
    assert_eq!(worker_story(&jitter), (jitter.to_vec(), vec![]));
    // The same after a restart: its drop does not count against the jitter.
    let both =
        [(50.0, 99.0, 1.0), (100.0, 10.0, 1.0), (101.0, 20.0, 1.0), (100.0, 30.0, 1.0), (101.0, 31.0, 1.0)];
    assert_eq!(worker_story(&both), (both.to_vec(), vec![]));

    // Two workers: recognised when the first comes back; from then on what each grows by is added.
    let (passed, warnings) = worker_story(&[
        (100.0, 1000.0, 1.0),
        (101.0, 40.0, 2.0),
        (100.0, 1010.0, 3.0),
        (101.0, 45.0, 4.0),
        (100.0, 1013.0, 5.0),
        (101.0, 46.0, 6.0),
        // A worker that was there all along answers for the first time: no jump by what it counted before.
        (99.0, 700.0, 7.0),
        (99.0, 702.0, 8.0),
        // A recycled worker begins from 0 under our eyes: all of it is new.
        (NOW.seconds() + 100.0, 6.0, 9.0),
        (NOW.seconds() + 100.0, 8.0, 9.0),
        (101.0, 47.0, 9.0),
    ]);
    let counters: Vec<f64> = passed.iter().map(|row| row.1).collect();
    assert_eq!(counters, [1000.0, 40.0, 40.0, 40.0, 43.0, 44.0, 44.0, 46.0, 52.0, 54.0, 55.0]);
    assert_eq!(
        passed.iter().map(|row| row.2).collect::<Vec<_>>(),
        [1., 2., 3., 4., 5., 6., 7., 8., 9., 9., 9.]
    );
    assert_eq!(
        passed[10].0.to_bits(),
        99_f64.to_bits(),
        "the eldest worker tells how long the service has run"
    );
    assert_eq!(warnings, ["4 worker processes answer in turn; their counters are added"]);
}

/// Scrapes without a start time: each answer is the number that all six counters are made of. Gives the first
/// counter as it was passed on.
fn counters_alone(answers: &[u32]) -> Vec<f64> {
    let mut cache = Cache::new(Labels::empty());
    let mut passed = Vec::new();
    for (number, answer) in answers.iter().enumerate() {
        let lines: Vec<_> = (1..=6).map(|i| format!("c_total{{i=\"{i}\"}} {}\n", answer * i)).collect();
        let at = later(number as u64 * 15);
        passed.push(cache.scrape(lines.concat().as_bytes(), Format::Text, &Keep::All, at).samples[0].value);
    }
    passed
}

#[test]
fn workers_without_a_start_time_are_told_apart_by_their_counters() {
    // A restart, and a second one much later, are left as they are.
    let plain: Vec<u32> =
        [100, 110, 120, 3, 13, 23].into_iter().chain((30..50).map(|n| n * 10)).chain([1, 5, 9]).collect();
    assert_eq!(counters_alone(&plain), plain.iter().map(|n| f64::from(*n)).collect::<Vec<_>>());
    // Two workers in turn: in the end every step is what one of them grew by.
    let answers: Vec<u32> = (0..20).map(|n| if n % 2 == 0 { 1000 + n } else { 10 + n }).collect();
    let passed = counters_alone(&answers);
    assert_eq!(passed[..2], [1000.0, 11.0]);
    let steps: Vec<f64> = passed[12..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps, [2.0; 7]);
}

#[test]
fn a_counter_that_only_one_worker_has_does_not_come_and_go() {
    let mut cache = Cache::new(Labels::empty());
    let mut seen = Vec::new();
    for round in 0..8_u32 {
        let body = if round % 2 == 0 {
            format!("process_start_time_seconds 100\nc_total {}\nerrors_total {}\n", 500 + round, 7 + round)
        } else {
            format!("process_start_time_seconds 101\nc_total {round}\n")
        };
        let at = later(u64::from(round) * 15);
        let scrape = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, at);
        let errors = scrape.samples.iter().filter(|s| s.labels.name() == Some("errors_total"));
        seen.push(errors.map(|s| if is_stale(s.value) { -1.0 } else { s.value }).collect::<Vec<_>>());
    }
    assert_eq!(seen[..3], [vec![7.0], vec![-1.0], vec![7.0]]);
    assert_eq!(seen[3..], [vec![7.0], vec![9.0], vec![9.0], vec![11.0], vec![11.0]]);
}

#[test]
fn one_worker_means_every_answer_is_taken_as_it_is() {
    let mut cache = Cache::new(Labels::empty()).with_workers(Workers::One);
    for round in 0..6_u32 {
        let body =
            format!("process_start_time_seconds {}\nc_total {}\n", round % 2, (round % 2) * 100 + round);
        let scrape = cache.scrape(body.as_bytes(), Format::Text, &Keep::All, NOW);
        assert_eq!(shown(&scrape.samples[1..], NOW), [format!("c_total {}", (round % 2) * 100 + round)]);
        assert!(scrape.warnings.is_empty());
    }
}

#[test]
fn families_are_listed_for_the_explorer() {
    let body = b"# HELP h how\\nlong\n# TYPE h histogram\n# UNIT h \nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\nfree 1\n\
                 # TYPE c counter\nc_total 1\nc_created 1\nfree_count 2\n# EOF\n";
    let list = families(body, Format::OpenMetrics);
    let rows: Vec<_> =
        list.iter().map(|f| (f.name.as_str(), f.help.as_str(), f.kind.word(), f.series)).collect();
    assert_eq!(
        rows,
        [
            ("h", "how long", "histogram", 3),
            ("free", "", "unknown", 1),
            ("c", "", "counter", 2),
            ("free_count", "", "unknown", 1)
        ]
    );
}

/// A body of random families, and the series that it holds.
fn family_bodies() -> impl Strategy<Value = (String, BTreeMap<String, u64>)> {
    let value = prop_oneof![
        any::<f64>().prop_filter("stale markers cannot be written", |v| !v.is_nan()),
        (-1_000_000_i64..1_000_000).prop_map(|n| n as f64),
        Just(f64::NAN),
    ];
    let labels =
        prop::collection::btree_map("[a-zA-Z][a-zA-Z0-9_]{0,6}", "\\PC{1,12}|[\"\\\\\n{},= a]{1,8}", 0..5);
    let sample = ("[a-zA-Z_:][a-zA-Z0-9_:]{0,8}|[a-z]\\.\\PC{0,5}", labels, value, any::<bool>());
    prop::collection::vec(sample, 0..40).prop_map(|rows| {
        let (mut body, mut truth) = (String::new(), BTreeMap::new());
        for (name, labels, value, quoted) in rows {
            let set = Labels::metric(&name, labels.iter());
            if truth.contains_key(&set.to_string()) {
                continue;
            }
            truth.insert(set.to_string(), value.to_bits());
            let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let pairs: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
            if quoted || !plain {
                let inside =
                    std::iter::once(format!("\"{}\"", escaped(&name))).chain(pairs).collect::<Vec<_>>();
                body.push_str(&["{", &inside.join(","), "} ", &format!("{value:?}\n")].concat());
            } else {
                body.push_str(&[&name, "{", &pairs.join(","), "} ", &format!("{value:?}\n")].concat());
            }
        }
        (body, truth)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_and_a_cache_changes_nothing(
        (body, truth) in family_bodies(), open in any::<bool>()
    ) {
        let (format, body) = if open { (Format::OpenMetrics, body + "# EOF\n") } else { (Format::Text, body) };
        let first = fresh(body.as_bytes(), format);
        prop_assert_eq!(first.bad_lines, 0, "{:?}", first.first_bad_line);
        prop_assert_eq!(first.samples.len(), truth.len());
        for sample in &first.samples {
            let expected = truth.get(&sample.labels.to_string()).copied();
            if sample.value.is_nan() {
                prop_assert!(!is_stale(sample.value));
                prop_assert!(expected.is_some_and(|bits| f64::from_bits(bits).is_nan()));
            } else {
                prop_assert_eq!(expected, Some(sample.value.to_bits()), "{}", sample.labels);
            }
        }
        let mut cache = Cache::new(Labels::empty());
        for _ in 0..3 {
            let again = cache.scrape(body.as_bytes(), format, &Keep::All, NOW);
            prop_assert_eq!(shown(&again.samples, NOW), shown(&first.samples, NOW));
        }
        // Half of the lines, in another order: the same as without a cache, but for stale markers.
        let half: Vec<_> = body.lines().rev().skip(usize::from(open)).step_by(2).flat_map(|line| [line, "\n"]).collect();
        let half = half.concat();
        let half = if open { half + "# EOF\n" } else { half };
        let cached = cache.scrape(half.as_bytes(), format, &Keep::All, NOW);
        let plain = fresh(half.as_bytes(), format);
        let alive: Vec<_> = cached.samples.iter().filter(|s| !is_stale(s.value)).cloned().collect();
        prop_assert_eq!(shown(&alive, NOW), shown(&plain.samples, NOW));
        prop_assert_eq!(cached.samples.len() - alive.len(), truth.len() - plain.samples.len());
    }

    #[test]
    fn values_are_read_as_the_standard_library_reads_them(value in any::<f64>(), digits in 0_usize..20) {
        for text in [format!("{value:?}"), format!("{value:e}"), format!("{value:.digits$}")] {
            let scrape = fresh(format!("m {text}\n").as_bytes(), Format::Text);
            let expected: f64 = text.parse().unwrap_or(f64::NAN);
            let same = scrape.samples.first().is_some_and(|s| s.value.to_bits() == expected.to_bits());
            prop_assert!(same || expected.is_nan(), "{} {:?}", text, scrape);
        }
    }

    #[test]
    fn no_bytes_panic_and_both_readers_agree(
        bytes in prop::collection::vec(any::<u8>(), 0..300), more in "[a-c{}\"\\\\=,.#  \t\n0-9TYPEHL_le+-]{0,200}"
    ) {
        for body in [bytes, more.into_bytes()] {
            for format in [Format::Text, Format::OpenMetrics] {
                agree(&body, format);
            }
        }
    }
}

/// The cached reader, warm and cold, and the plain one see the same lines.
fn agree(body: &[u8], format: Format) {
    let good = parse(body, format).filter(|line| matches!(line, Ok(Line::Sample(_)))).count() as u64;
    let bad = parse(body, format).filter(Result::is_err).count() as u64;
    let mut cache = Cache::new(Labels::from_pairs([("job", "j")]));
    for round in 0..3 {
        let scrape = cache.scrape(body, format, &Keep::All, NOW);
        assert_eq!((scrape.scraped, scrape.bad_lines), (good, bad), "{round} {:?}", scrape.first_bad_line);
        assert_eq!(scrape.first_bad_line.is_some(), bad > 0);
    }
    cache.scrape(body, format, &keep(&["a"]), NOW);
    cache.failed(NOW);
    families(body, format);
}

#[test]
fn the_fuzzing_corpus_stays_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/exposition");
    let mut files = 0;
    #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
    for entry in std::fs::read_dir(&folder).unwrap() {
        let body = std::fs::read(entry.unwrap().path()).unwrap();
        for format in [Format::Text, Format::OpenMetrics] {
            agree(&body, format);
        }
        files += 1;
    }
    assert!(files >= 10, "{files} files in the corpus");
}

#[test]
fn prometheus_parse_agrees_where_it_is_right() {
    let body = "# HELP a things\n# TYPE a counter\na{x=\"1\",y=\"two\"} 5\na{x=\"2\",y=\"two\"} 6.25\n\
                # TYPE g gauge\ng -3.5e-3\ng2{z=\"\u{e9}t\u{e9}\"} NaN\nplain 12 1395066363000\ninf +Inf\n";
    let theirs = prometheus_parse::Scrape::parse(body.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let theirs: BTreeMap<String, (String, i64)> = theirs
        .samples
        .iter()
        .map(|sample| {
            use prometheus_parse::Value::{Counter, Gauge, Untyped};
            let (Counter(value) | Gauge(value) | Untyped(value)) = sample.value else { panic!("{sample:?}") };
            let labels = Labels::metric(&sample.metric, sample.labels.iter());
            (labels.to_string(), (value.to_string(), sample.timestamp.timestamp_millis()))
        })
        .collect();
    let ours: BTreeMap<String, (String, i64)> = fresh(body.as_bytes(), Format::Text)
        .samples
        .iter()
        .map(|s| (s.labels.to_string(), (s.value.to_string(), s.at.millis())))
        .collect();
    assert_eq!(ours.len(), 6);
    for (series, (value, at)) in &ours {
        let (their_value, their_at) = &theirs[series];
        assert_eq!(value, their_value, "{series}");
        // Without a timestamp of its own theirs is the clock's.
        assert!(*at == NOW.millis() || at == their_at, "{series}");
    }
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
}
