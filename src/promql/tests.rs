//! Tests of what the scripts do not reach: errors, printing, sharing, stepping, completion, hostile input.

use super::*;
use crate::labels::{Labels, MatchOp, Matcher};
use crate::store::Store;
use crate::units::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

fn store() -> Store {
    Store::new(crate::store::Limits { retention: Duration::from_secs(1 << 30), max_bytes: 1 << 30 })
}

fn filled() -> Store {
    let mut store = store();
    for (i, job) in ["api", "web"].iter().enumerate() {
        for le in ["0.1", "1", "+Inf"] {
            let labels = Labels::metric("latency_bucket", [("job", *job), ("le", le)]);
            scrape(&mut store, &labels, |t| t as f64 * (i as f64 + 1.0));
        }
        scrape(&mut store, &Labels::metric("requests_total", [("job", *job)]), |t| (t * 3 % 500) as f64);
        scrape(&mut store, &Labels::metric("up", [("job", *job)]), |t| f64::from(u8::from(t % 7 != 0)));
    }
    store
}

fn scrape(store: &mut Store, labels: &Labels, value: impl Fn(i64) -> f64) {
    for t in 0..240 {
        store.append(labels, Timestamp::from_millis(t * 15_000), value(t));
    }
}

fn expr(text: &str) -> Expr {
    parse(text).unwrap_or_else(|e| panic!("{}", e.pointing(text)))
}

fn seconds(s: i64) -> Timestamp {
    Timestamp::from_millis(s * 1000)
}

#[test]
fn a_mistake_is_named_and_pointed_at() {
    for (text, message, place) in [
        ("", "the expression is empty", None),
        ("sum(", "\"(\" is not closed", Some(3..4)),
        ("sum(up))", "\")\" closes nothing that is open", Some(7..8)),
        ("up{job=\"a}", "the string is not closed", Some(7..10)),
        ("rat(up[5m])", "unknown function \"rat\"; did you mean rate?", Some(0..3)),
        ("up down", "unexpected \"down\" after \"up\"", Some(3..7)),
        ("up + ", "the expression ends after \"+\"", Some(3..4)),
        ("up * * 2", "\"*\" has nothing at its left", Some(5..6)),
        ("up[5x]", "\"5x\" is not a duration; write it as 250ms, 15s, 5m, 1h30m or 30d", Some(3..5)),
        ("up[0s]", "a range or step must be longer than 0", Some(3..5)),
        ("up[1e300]", "the duration is out of range", Some(3..8)),
        ("up offset 1e300", "the duration is out of range", Some(10..15)),
        ("rate(up)", "expected type matrix in call to function 'rate', got vector", Some(0..4)),
        ("up[5m] anchored", "not supported: the modifier anchored", Some(7..15)),
        ("up >/ 3", "not supported: the operator >/ of native histograms", Some(3..5)),
        (
            "histogram_count(up)",
            "not supported: the function histogram_count of native histograms",
            Some(0..15),
        ),
        ("info(up)", "not supported: the experimental function info", Some(0..4)),
        ("a + fill(1) b", "not supported: the modifier fill", None),
        ("{a=\"b\" or c=\"d\"}", "not supported: \"or\" between matchers", None),
        ("label_replace(up, \"\", \"\", \"\", \"\")", "invalid label name \"\"", None),
        ("ln(0)", "expected an instant vector in the call of 'ln', got a scalar", Some(0..2)),
        ("topk(up, up)", "expected type scalar in aggregation expression, got vector", None),
        ("limitk(up, up)", "the parameter of 'limitk' must be a scalar", Some(0..6)),
        ("1 > 2", "comparisons between scalars must use BOOL modifier", None),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert_eq!(error.at, place, "{text}");
    }
    let text = "sum(\n  rat(up[5m])\n)";
    let shown = parse(text).expect_err(text).pointing(text);
    assert_eq!(shown, "unknown function \"rat\"; did you mean rate?\n    rat(up[5m])\n    ^^^");
}

#[test]
fn the_canonical_text_reads_back() {
    for (text, canonical) in [
        ("sum by(job)(rate(x_total[5m]))", "sum by (job) (rate(x_total[5m]))"),
        ("sum(x)by(b,a)", "sum by (b, a) (x)"),
        ("a+on(x)group_left()b", "a + on (x) group_left () b"),
        ("a and ignoring(x) b", "a and ignoring (x) b"),
        ("a > bool 1e6", "a > bool 1e+06"),
        ("x{a='b',c=~\"d|e\"}[90s]offset 5m", "x{a=\"b\",c=~\"d|e\"}[1m30s] offset 5m"),
        ("x @ 1.5 offset -1h", "x @ 1.500 offset -1h"),
        ("max_over_time(x[1h:])", "max_over_time(x[1h:])"),
        ("-x^2", "-x ^ 2"),
        ("{\"with.dots\", a!=\"\"}", "{\"with.dots\",a!=\"\"}"),
        ("count_values without()(\"v\", x)", "count_values without () (\"v\", x)"),
        ("holt_winters(x[5m], 0.1, 0.2)", "double_exponential_smoothing(x[5m], 0.1, 0.2)"),
        ("x{a=\"\\xc3\\xa9\"}", "x{a=\"é\"}"),
        ("x # a comment", "x"),
    ] {
        let read = expr(text);
        assert_eq!(read.text(), canonical);
        assert_eq!(expr(canonical), read, "{text}");
    }
}

#[test]
fn an_expression_knows_what_it_mentions() {
    let read = expr("sum(rate(a_total[5m] offset 10m)) / {__name__=~\"b|c\"} + max_over_time(d[1h:1m])");
    let names = ["a_total", "b", "c", "d"].iter().map(|n| (*n).into()).collect();
    assert_eq!(read.names(), Names::Only(names));
    assert_eq!(read.window(), Some(Duration::from_secs(3600)));
    assert_eq!(expr("up").window(), None);
    assert_eq!(expr("{job=\"a\"}").names(), Names::All);
    assert_eq!(expr("max_over_time(rate(x[5m])[1h:] offset 1h)").window(), Some(Duration::from_secs(7500)));
    let job = [Matcher::new("job", MatchOp::Regex, "a.*").unwrap()];
    let enforced = expr("up{job=\"x\"} == 0 or absent(down{dc=\"eu\"})").enforce(&job);
    assert_eq!(enforced.text(), "up{job=\"x\",job=~\"a.*\"} == 0 or absent(down{dc=\"eu\",job=~\"a.*\"})");
    assert_eq!(enforced.enforce(&job), enforced, "added once");
}

#[test]
fn hostile_expressions_are_errors_and_nothing_worse() {
    let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    for text in [
        nested("(", ")", 100_000),
        nested("-", "", 100_000),
        nested("sum(", ")", 30_000),
        nested("1+", "", 30_000),
        nested("1^", "", 20_000),
        nested("a or ", "", 10_000),
        nested("max_over_time((", ")[1m:])", 40),
        "[".repeat(50_000),
        format!("x{}", "[5m:1m]".repeat(200)),
        format!("up{{job=~\"{}\"}}", "(a{1000}){1000}"),
        "x[9999999999999999y]".to_owned(),
        "x @ 1e308".to_owned(),
        "x[5m:-1]".to_owned(),
        "x offset 0x7fffffffffffffff".to_owned(),
        "x[NaN]".to_owned(),
        "x offset Inf".to_owned(),
        "\u{0}\u{feff}".to_owned(),
        "up{".to_owned() + &"a=\"b\",".repeat(30_000) + "}",
    ] {
        assert!(parse(&text).is_err(), "{text:.60}");
    }
    let deep = expr(&nested("(", ")", 200));
    assert_eq!(eval(&store(), &deep, seconds(0), &Options::default()).unwrap().value, Value::Scalar(1.0));
    let long = format!("up{}", " or up".repeat(200));
    assert!(eval(&filled(), &expr(&long), seconds(600), &Options::default()).is_ok());
}

#[test]
fn a_limit_is_an_error() {
    let store = filled();
    let limits =
        |samples, series, steps| Options { limits: Limits { samples, series, steps }, ..Options::default() };
    let range = Range { start: seconds(0), end: seconds(3600), step: Duration::from_secs(15) };
    for (text, options, what) in [
        ("rate(requests_total[10m])", limits(10, 100, 1000), "samples"),
        ("{__name__=~\".+\"}", limits(10_000, 3, 1000), "series"),
        ("count_values(\"v\", requests_total)", limits(100_000, 20, 1000), "series"),
        ("up", limits(10_000, 100, 100), "steps"),
        ("max_over_time(up[1y:1ms])", limits(100_000, 100, 1000), "subquery steps"),
        ("max_over_time(vector(1)[100d:1s])", limits(100_000, 100, 1_000_000), "samples"),
    ] {
        let error = eval_range(&store, &expr(text), range, &options).expect_err(text);
        assert!(matches!(&error, EvalError::Limit { what: w, .. } if *w == what), "{text}: {error}");
    }
}

#[test]
fn the_json_is_that_of_the_api() {
    let mut store = store();
    let labels = |job| Labels::metric("m", [("job", job)]);
    store.append(&labels("b"), seconds(10), 0.1);
    store.append(&labels("a"), seconds(10), f64::INFINITY);
    for (text, json) in [
        (
            "m",
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"m","job":"a"},"value":[10.5,"+Inf"]},{"metric":{"__name__":"m","job":"b"},"value":[10.5,"0.1"]}]}"#,
        ),
        (
            "sort(m)",
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"m","job":"b"},"value":[10.5,"0.1"]},{"metric":{"__name__":"m","job":"a"},"value":[10.5,"+Inf"]}]}"#,
        ),
        ("1e21", r#"{"resultType":"scalar","result":[10.5,"1000000000000000000000"]}"#),
        ("\"text\"", r#"{"resultType":"string","result":[10.5,"text"]}"#),
        (
            "m{job=\"b\"}[1m]",
            r#"{"resultType":"matrix","result":[{"metric":{"__name__":"m","job":"b"},"values":[[10,"0.1"]]}]}"#,
        ),
    ] {
        let answer = eval(&store, &expr(text), Timestamp::from_millis(10_500), &Options::default()).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(render_json(&answer), wanted, "{text}");
    }
}

#[test]
fn completion_knows_where_it_is() {
    let store = filled();
    for (text, first, kind) in [
        ("req", "requests_total", CompletionKind::Metric),
        ("sum(rate(lat", "latency_bucket", CompletionKind::Metric),
        ("sum by (j", "job", CompletionKind::Label),
        ("up{", "job", CompletionKind::Label),
        ("latency_bucket{l", "le", CompletionKind::Label),
        ("up{job=\"", "api", CompletionKind::LabelValue),
        ("up{job=\"w", "web", CompletionKind::LabelValue),
        ("histogram_q", "histogram_quantile", CompletionKind::Function),
        ("bott", "bottomk", CompletionKind::Aggregation),
        ("up unl", "unless", CompletionKind::Keyword),
    ] {
        let found = completions(text, text.len(), &store);
        let best = found.first().unwrap_or_else(|| panic!("nothing for {text}"));
        assert_eq!((best.text.as_str(), best.kind), (first, kind), "{text}");
        assert_eq!(best.replace.end, text.len());
    }
    assert!(completions("up[5", 4, &store).is_empty());
    assert!(completions("naïve", 3, &store).len() < 200, "a cursor inside a letter is no panic");
}

const EXPRESSIONS: [&str; 14] = [
    "up",
    "up == 0",
    "sum by (job) (rate(requests_total[5m]))",
    "rate(requests_total[5m])",
    "rate(requests_total[5m]) / ignoring (le) group_right () rate(latency_bucket[5m])",
    "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))",
    "histogram_quantile(0.9, sum by (le, job) (rate(latency_bucket[5m])))",
    "max_over_time(sum by (job) (rate(requests_total[2m]))[10m:1m])",
    "avg_over_time(up[7m30s])",
    "topk(1, requests_total)",
    "absent(up{job=\"none\"})",
    "time() - timestamp(up)",
    "vector(step())",
    "requests_total @ end() - requests_total @ start()",
];

#[test]
fn a_batch_gives_what_each_expression_gives_alone() {
    let mut store = store();
    let exprs: Vec<Expr> = EXPRESSIONS.iter().map(|t| expr(t)).collect();
    let mut batch = Batch::new(exprs.clone());
    let options = Options::default();
    for t in 0..120 {
        // At times nothing comes, at times only some series.
        for (i, job) in ["api", "web"].iter().enumerate() {
            if t % 9 < 6 + i64::try_from(i).unwrap() {
                let at = Timestamp::from_millis(t * 15_000);
                store.append(&Labels::metric("up", [("job", *job)]), at, f64::from(u8::from(t % 5 != 0)));
                store.append(&Labels::metric("requests_total", [("job", *job)]), at, (t * 7 % 400) as f64);
                for le in ["0.1", "+Inf"] {
                    let labels = Labels::metric("latency_bucket", [("job", *job), ("le", le)]);
                    store.append(&labels, at, t as f64 * (i as f64 + 1.0));
                }
            }
        }
        for shift in [0, 1_000, 700_000] {
            let at = Timestamp::from_millis(t * 15_000 + shift);
            for (i, e) in exprs.iter().enumerate() {
                let alone = eval(&store, e, at, &options);
                let together = batch.eval_one(i, &store, at, &options).unwrap();
                match (&alone, together) {
                    (Ok(a), Ok(b)) => assert_eq!(render_json(a), render_json(b), "{e} at {at}"),
                    (a, b) => assert_eq!(a, b, "{e} at {at}"),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn stepping_equals_the_full_range_query(
        which in 0..EXPRESSIONS.len(),
        step in 1_u64..90,
        columns in 1_usize..40,
        ticks in proptest::collection::vec((1_i64..120, any::<bool>(), 0_u8..4), 1..25),
    ) {
        let mut store = store();
        let mut stepper = Stepper::new(expr(EXPRESSIONS[which]), Duration::from_secs(step), columns);
        let mut now = 0;
        for (wait, scraped, job) in ticks {
            now += wait * 1000;
            if scraped {
                let job = ["a", "b", "c", "d"][job as usize];
                for name in ["up", "requests_total"] {
                    store.append(&Labels::metric(name, [("job", job)]), Timestamp::from_millis(now), (now % 977) as f64);
                }
            }
            let at = Timestamp::from_millis(now);
            let stepped = stepper.advance(&store, at, &Options::default());
            let whole = eval_range(&store, stepper.expr(), stepper.range(at), &Options::default());
            match whole {
                Ok(answer) => prop_assert_eq!(Value::Matrix(stepper.matrix()), answer.value),
                Err(error) => prop_assert_eq!(stepped, Err(error)),
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}", cut in 0_usize..60) {
        let _ = parse(&text);
        let _ = completions(&text, cut, &store());
    }

    #[test]
    fn no_mutation_of_an_expression_panics(
        which in 0..EXPRESSIONS.len(),
        at in 0_usize..80,
        insert in prop::sample::select(vec!["(", ")", "[", "]", "{", "}", "\"", "5m", " or ", "-", "1e999", "@", "offset ", ":", "\\", "é", "0x", "by", ","]),
        cut in 0_usize..8,
    ) {
        let text = EXPRESSIONS[which];
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        let mutated = format!("{}{insert}{}", &text[..at], &text[end..]);
        match parse(&mutated) {
            Ok(read) => {
                let again = parse(read.text());
                prop_assert_eq!(again.as_ref(), Ok(&read));
                let _ = eval(&filled(), &read, seconds(900), &Options::default());
            }
            Err(error) => prop_assert!(!error.pointing(&mutated).is_empty()),
        }
    }
}
