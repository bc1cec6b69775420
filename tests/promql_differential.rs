//! PromQL against a real Prometheus 2.42, where one is installed: the same samples, the same expressions.
//!
//! `WARROOM_REQUIRE_REAL=1` makes it an error that none is installed.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_possible_wrap,
    reason = "a test: what does not fit stops it"
)]

#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/store.rs"]
mod support_store;

use prometheus::Server;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;
use warroom::labels::Labels;
use warroom::promql::{self, Compat, Options, Range, render_json};
use warroom::units::Timestamp;

/// How many expressions are compared.
const EXPRESSIONS: usize = 800;
/// The first sample, in milliseconds; a multiple of two hours, so that the data are few blocks.
const START: i64 = 1_699_992_000_000;
/// Scrapes of 15 seconds.
const SCRAPES: i64 = 480;

/// A small generator of numbers (xorshift), so that every run compares the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

type Data = Vec<(Labels, Vec<(i64, f64)>)>;

/// Counters with resets, gauges, histograms; some with gaps, some that end or begin in the middle, none on the slot.
fn data() -> Data {
    let mut random = Random(0x5eed_1234_abcd_0001);
    let mut out: Data = Vec::new();
    for job in ["api", "web", "db"] {
        for instance in ["a:1", "b:2"] {
            for handler in ["/", "/x", "/y"] {
                let jitter = random.below(3_000) as i64;
                let (begin, end) = match random.below(6) {
                    0 => (0, SCRAPES / 2),
                    1 => (SCRAPES / 3, SCRAPES),
                    _ => (0, SCRAPES),
                };
                let labels = |name: &str, more: &[(&str, &str)]| {
                    let base = [("job", job), ("instance", instance), ("handler", handler)];
                    Labels::metric(name, base.iter().chain(more).copied())
                };
                let mut counter = random.below(50) as f64;
                let mut buckets = [0_u64; 5];
                let mut rows: Vec<Vec<(i64, f64)>> = vec![Vec::new(); 8];
                let mut down = 0;
                for i in begin..end {
                    let at = START + i * 15_000 + jitter;
                    if random.below(100) == 0 {
                        counter = 0.0;
                        buckets = [0; 5];
                    }
                    if random.below(60) == 0 {
                        down = random.below(40);
                    }
                    counter += random.below(20) as f64;
                    for (i, bucket) in buckets.iter_mut().enumerate() {
                        *bucket += random.below(5 - i as u64);
                    }
                    if down > 0 {
                        down -= 1;
                        continue;
                    }
                    rows[0].push((at, counter));
                    rows[1].push((at, random.below(100_000) as f64 / 1000.0 - 50.0));
                    let mut sum = 0;
                    for (i, bucket) in buckets.iter().enumerate() {
                        sum += bucket;
                        rows[2 + i].push((at, sum as f64));
                    }
                    rows[7].push((at, sum as f64 * 0.37));
                }
                let mut rows = rows.into_iter();
                let mut add = |labels: Labels| out.push((labels, rows.next().unwrap()));
                add(labels("requests_total", &[]));
                add(labels("temperature", &[]));
                for le in ["0.1", "0.5", "1", "5", "+Inf"] {
                    add(labels("latency_seconds_bucket", &[("le", le)]));
                }
                add(labels("latency_seconds_sum", &[]));
            }
            let one = (0..SCRAPES).map(|i| (START + i * 15_000, (i % 7) as f64)).collect();
            out.push((
                Labels::metric("info", [("job", job), ("instance", instance), ("version", "v1")]),
                one,
            ));
        }
    }
    out
}

/// Writes expressions.
struct Writer {
    random: Random,
}

impl Writer {
    fn selector(&mut self) -> String {
        let name = self.random.one(&["requests_total", "temperature", "latency_seconds_sum", "info"]);
        let matchers = self.random.one(&[
            "",
            "",
            r#"{job="api"}"#,
            r#"{job=~"a.*|w.*"}"#,
            r#"{handler!="/"}"#,
            r#"{instance!~"b.+"}"#,
        ]);
        format!("{name}{matchers}")
    }

    fn time(&mut self) -> String {
        match self.random.below(12) {
            0 => " offset 7m".to_owned(),
            1 => " offset -3m".to_owned(),
            2 => format!(" @ {}", START / 1000 + 3_000 + self.random.below(2_000) as i64),
            3 => " @ end()".to_owned(),
            4 => " @ start() offset 1m".to_owned(),
            _ => String::new(),
        }
    }

    fn windowed(&mut self, depth: u32) -> String {
        let range = self.random.one(&["1m", "2m", "5m", "7m30s", "20m"]);
        let time = self.time();
        let window = if depth > 0 && self.random.below(5) == 0 {
            let step = self.random.one(&["", "30s", "1m", "45s"]);
            format!("({})[{range}:{step}]{time}", self.vector(depth - 1))
        } else {
            format!("{}[{range}]{time}", self.selector())
        };
        let function = self.random.one(&[
            "rate",
            "rate",
            "rate",
            "increase",
            "increase",
            "delta",
            "irate",
            "idelta",
            "deriv",
            "resets",
            "changes",
            "avg_over_time",
            "sum_over_time",
            "min_over_time",
            "max_over_time",
            "count_over_time",
            "last_over_time",
            "present_over_time",
            "stddev_over_time",
            "stdvar_over_time",
            "quantile",
            "predict",
            "smooth",
            "absent_over_time",
        ]);
        // 2.42 moves the window that @ has fixed along with the steps (mended in 2.46).
        if function == "predict" {
            let seconds = self.random.one(&["60", "3600", "-300"]);
            return format!("predict_linear({}[{range}] offset 2m, {seconds})", self.selector());
        }
        match function {
            "quantile" => {
                format!("quantile_over_time({}, {window})", self.random.one(&["0", "0.3", "0.9", "1", "1.5"]))
            }
            "smooth" => format!("holt_winters({window}, 0.4, 0.2)"),
            function => format!("{function}({window})"),
        }
    }

    fn vector(&mut self, depth: u32) -> String {
        if depth == 0 {
            return if self.random.below(2) == 0 {
                let selector = self.selector();
                format!("{selector}{}", self.time())
            } else {
                self.windowed(0)
            };
        }
        let inner = depth - 1;
        match self.random.below(13) {
            0 | 1 => self.windowed(inner),
            2 => {
                let f = self.random.one(&[
                    "abs",
                    "ceil",
                    "floor",
                    "exp",
                    "sqrt",
                    "ln",
                    "log2",
                    "log10",
                    "sin",
                    "atan",
                    "sgn",
                    "deg",
                    "timestamp",
                    "sinh",
                    "sort",
                ]);
                format!("{f}({})", self.vector(inner))
            }
            3 | 4 => {
                let op = self.random.one(&["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"]);
                let by = self.grouping();
                format!("{op}{by}({})", self.vector(inner))
            }
            5 => {
                let (op, k) = (
                    self.random.one(&["topk", "bottomk", "quantile"]),
                    self.random.one(&["1", "2", "3", "0.5"]),
                );
                let by = self.grouping();
                // Which of two equal values is taken is open, so these have none.
                let time = self.time();
                let of = self.random.one(&[
                    "temperature",
                    "avg_over_time(latency_seconds_sum[7m])",
                    "abs(temperature)",
                ]);
                let of = if of == "temperature" { format!("{of}{time}") } else { of.to_owned() };
                format!("{op}{by}({k}, {of})")
            }
            6 => {
                let op = self
                    .random
                    .one(&["+", "-", "*", "/", "%", "^", "atan2", ">", "<=", "== bool", "!= ", "> bool"]);
                let number = self.random.one(&["2", "-3.5", "0", "1e3", "0.25"]);
                if self.random.below(2) == 0 {
                    format!("({}) {op} {number}", self.vector(inner))
                } else {
                    format!("{number} {op} ({})", self.vector(inner))
                }
            }
            7 | 8 => {
                let op = self.random.one(&["+", "-", "*", "/", ">", "<", "== bool", "and", "or", "unless"]);
                let set = matches!(op, "and" | "or" | "unless");
                let on = self.random.one(&["", "", "on (job, instance)", "on (job)", "ignoring (handler)"]);
                let card = if set || on.is_empty() {
                    ""
                } else {
                    self.random.one(&["", "group_left ()", "group_right ()", "group_left (version)"])
                };
                format!("({}) {op} {on} {card} ({})", self.vector(inner), self.vector(inner))
            }
            9 => {
                let q = self.random.one(&["0.5", "0.95", "0.01", "1", "-1"]);
                let time = self.time();
                format!("histogram_quantile({q}, sum by (le, job) (rate(latency_seconds_bucket[5m]{time})))")
            }
            10 => {
                let labels = self.random.one(&[
                    r#", "dst", "$1-x", "job", "(.*)""#,
                    r#", "job", "", "job", ".*""#,
                    r#", "dst", "${1}", "instance", "(.+):\\d""#,
                ]);
                format!("label_replace({}{labels})", self.vector(inner))
            }
            11 => format!(r#"label_join({}, "where", "/", "job", "instance")"#, self.vector(inner)),
            _ => match self.random.below(6) {
                4 => format!(
                    "{}({} * 1e6)",
                    self.random.one(&["minute", "hour", "day_of_week", "days_in_month", "year"]),
                    self.selector()
                ),
                5 => format!("count_values{}(\"v\", round({}, 10))", self.grouping(), self.selector()),
                0 => format!("clamp({}, -10, 20)", self.vector(inner)),
                1 => format!("round({}, 0.5)", self.vector(inner)),
                2 => format!("absent({})", self.vector(inner)),
                _ => format!("-({})", self.vector(inner)),
            },
        }
    }

    fn grouping(&mut self) -> &'static str {
        self.random.one(&[
            "",
            " by (job)",
            " by (job, instance)",
            " without (handler)",
            " without (instance, handler)",
        ])
    }
}

/// Labels -> moment -> value, whatever the order.
fn flat(data: &Json) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut out: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let number = |v: &Json| v.as_str().unwrap().replace("Inf", "inf").parse::<f64>().unwrap();
    let mut add = |metric: String, pair: &Json| {
        out.entry(metric).or_default().insert(pair[0].as_f64().unwrap().to_string(), number(&pair[1]));
    };
    if data["resultType"] == "scalar" {
        add(String::new(), &data["result"]);
        return out;
    }
    for row in data["result"].as_array().unwrap() {
        let metric: BTreeMap<String, String> = serde_json::from_value(row["metric"].clone()).unwrap();
        let pairs = row["values"].as_array().cloned().unwrap_or_else(|| vec![row["value"].clone()]);
        for pair in &pairs {
            add(format!("{metric:?}"), pair);
        }
    }
    out
}

/// Agreement to 1e-9; sums of opposite signs lose digits in the server's plain addition.
fn near(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan())
        || a == b
        || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        || (a - b).abs() < 1e-11
}

fn compare(real: &Json, ours: &Result<promql::Answer, promql::EvalError>) -> Result<(), String> {
    let ours = match (real["status"].as_str(), ours) {
        (Some("error"), Err(_)) => return Ok(()),
        (Some("success"), Ok(answer)) => flat(&render_json(answer)),
        (_, ours) => {
            return Err(format!(
                "server {}, ours {ours:?}",
                real.to_string().chars().take(300).collect::<String>()
            ));
        }
    };
    let real = flat(&real["data"]);
    for (labels, points) in &real {
        let Some(mine) = ours.get(labels) else { return Err(format!("missing {labels}")) };
        if points.keys().ne(mine.keys()) {
            return Err(format!("{labels}: moments differ: {points:?}, ours {mine:?}"));
        }
        for (at, v) in points {
            if !near(*v, mine[at]) {
                return Err(format!("{labels} at {at}: {v}, ours {}", mine[at]));
            }
        }
    }
    ours.keys().find(|l| !real.contains_key(*l)).map_or(Ok(()), |l| Err(format!("too many: {l}")))
}

/// The numbers and the labels that writers of JSON differ in.
fn awkward() -> Data {
    let values = [
        ("nan", f64::NAN),
        ("inf", f64::INFINITY),
        ("minus inf", f64::NEG_INFINITY),
        ("tiny", 1e-7),
        ("micro", 1e-6),
        ("least", 5e-324),
        ("large", 1e21),
        ("less large", 1e20),
        ("most", f64::MAX),
        ("negative", -1.5e-9),
        ("zero", -0.0),
        ("third", 1.0 / 3.0),
        ("digits", 123_456_789.123_456_79),
        ("<a> & \"b\" \\ c", 1e100),
        ("é 東京", 0.1),
    ];
    let mut data: Data = values
        .iter()
        .map(|(name, value)| {
            let points = (0..20).map(|i| (START + i * 15_000 + 7, *value)).collect();
            (
                Labels::metric(
                    "odd",
                    [("v", *name), ("half", if value.abs() < 1.0 { "low" } else { "high" })],
                ),
                points,
            )
        })
        .collect();
    let grows = (0..40).map(|i| (START + i * 15_000, (i * i % 97) as f64 * 1e-9)).collect();
    data.push((Labels::metric("grows_total", [("job", "a")]), grows));
    data
}

/// An answer in pieces: what stands before its series, and the series.
fn pieces(data: &str) -> (String, Vec<String>) {
    let Some((head, list)) = data.split_once("\"result\":[{") else { return (data.to_owned(), Vec::new()) };
    let (mut depth, mut quoted, mut escaped, mut out, mut one) =
        (1, false, false, Vec::new(), "{".to_owned());
    for c in list.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            break;
        }
        one.push(c);
        if depth == 0 && c == '}' {
            out.push(one.trim_start_matches(',').to_owned());
            one.clear();
        }
    }
    (head.to_owned(), out)
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test starts the binary and may be told what must be installed"
)]
fn the_query_command_prints_what_the_api_sends() {
    let Some(server) = Server::start(&awkward()) else {
        skip::skipped("prometheus");
        return;
    };
    let source = server.source();
    let at = |ms: i64| format!("{}.{:03}", (START + ms) / 1000, (START + ms) % 1000);
    let (early, whole, late) = (at(100_007), at(240_000), at(299_999));
    let expressions = [
        "odd",
        "odd{half=\"low\"}",
        "odd[30s]",
        "odd[1m] offset 30s",
        "-odd",
        "odd * 2",
        "odd / 0",
        "odd > 0",
        "odd == bool 0",
        "sort(odd{v!~\"nan|zero\"})",
        "sort_desc(odd{v!~\"nan|zero\"})",
        "topk(3, odd{v!=\"nan\"})",
        "bottomk(2, odd{v!=\"nan\"})",
        "sum by (half) (odd{v!~\"nan|.*inf|most\"})",
        "count(odd)",
        "max by (half) (odd)",
        "count_values(\"value\", odd)",
        "quantile(0.5, odd{v=~\"t.*\"})",
        "timestamp(odd)",
        "rate(grows_total[2m])",
        "increase(grows_total[97s])",
        "deriv(grows_total[2m])",
        "avg_over_time(odd{v!=\"most\"}[1m])",
        "max_over_time(grows_total[3m:20s])",
        "label_replace(odd, \"w\", \"<$1>\", \"v\", \"(.*)\")",
        "label_join(odd, \"w\", \"&\", \"half\", \"v\")",
        "absent(nothing{a=\"<b>\"})",
        "nothing",
        "vector(1e21)",
        "vector(time())",
        "scalar(odd{v=\"tiny\"})",
        "1e-7",
        "1e21",
        "time()",
        "NaN",
        "-Inf",
        "\"a <string> & more\"",
    ];
    let ask = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
            .args(["query", "-o", "json", "--left-closed", "--metrics"])
            .arg(&source)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let data = |route: &str, form: &[(&str, &str)]| {
        let body = server.ask_raw(route, form);
        let (_, rest) = body.split_once("\"data\":").unwrap_or_else(|| panic!("{form:?}: {body}"));
        rest.trim_end().strip_suffix('}').unwrap().to_owned()
    };
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut same = |what: String, real: &str, ours: &str, ordered: bool| {
        compared += 1;
        let equal = if ordered {
            real == ours
        } else {
            // Which order a vector has is open, so here is only asked for the series.
            let (mut real, mut ours) = (pieces(real), pieces(ours));
            real.1.sort();
            ours.1.sort();
            real == ours
        };
        if !equal {
            wrong.push(format!("{what}\n  server {real}\n  ours   {ours}"));
        }
    };
    for expression in expressions {
        let ordered = ["sort", "topk", "bottomk"].iter().any(|word| expression.starts_with(word));
        for time in [&early, &whole, &late] {
            let real = data("query", &[("query", expression), ("time", time)]);
            let ours = ask(&[expression, "--time", time]);
            same(format!("{expression} at {time}"), &real, ours.trim_end_matches('\n'), ordered);
        }
        if !expression.contains("[30s]")
            && !expression.contains("[1m] offset")
            && !expression.starts_with('"')
        {
            let real = data(
                "query_range",
                &[("query", expression), ("start", &early), ("end", &late), ("step", "33.3")],
            );
            let ours = ask(&[expression, "--start", &early, "--end", &late, "--step", "33.3"]);
            same(format!("{expression} over a range"), &real, ours.trim_end_matches('\n'), true);
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), wrong.join("\n"));
    let _ = writeln!(std::io::stderr(), "{compared} answers of the command are the server's, byte for byte");
}

#[test]
fn answers_equal_those_of_prometheus_2_42() {
    let data = data();
    let Some(server) = Server::start(&data) else {
        skip::skipped("prometheus");
        return;
    };
    let samples = data.iter().flat_map(|(l, p)| p.iter().map(move |(t, v)| (l, *t, *v)));
    let store = support_store::fill(samples);
    let options = Options { compat: Compat::V2_42, ..Options::default() };
    let mut writer = Writer { random: Random(0xfeed_beef_0bad_cafe) };
    let (mut failed, mut values, mut errors) = (Vec::new(), 0, 0);
    for _ in 0..EXPRESSIONS {
        let text = writer.vector(3);
        let expr = promql::parse(&text).unwrap_or_else(|e| panic!("{}\n{text}", e.pointing(&text)));
        let at = START + 1_000_000 + writer.random.below(6_000_000) as i64;
        let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let real = server.ask("query", &[("query", &text), ("time", &seconds(at))]);
        let ours = promql::eval(&store, &expr, Timestamp::from_millis(at), &options);
        errors += usize::from(ours.is_err());
        values += flat_len(&real);
        if let Err(why) = compare(&real, &ours) {
            failed.push(format!("{text} at {at}: {why}"));
        }
        let (start, end, step) = (at - 600_000, at + 600_000, 97_000);
        let form = [("query", &*text), ("start", &seconds(start)), ("end", &seconds(end)), ("step", "97")];
        let real = server.ask("query_range", &form);
        let (from, to) = (Timestamp::from_millis(start), Timestamp::from_millis(end));
        let range = Range { start: from, end: to, step: Duration::from_millis(step) };
        let ours = promql::eval_range(&store, &expr, range, &options);
        values += flat_len(&real);
        if let Err(why) = compare(&real, &ours) {
            failed.push(format!("{text} from {start}: {why}"));
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "{EXPRESSIONS} expressions, instant and range, against prometheus: {values} values compared, {errors} errors on both sides, {} differ",
        failed.len()
    );
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed[..failed.len().min(40)].join("\n"));
    assert!(values > 10_000, "too few values to mean anything: {values}");
}

fn flat_len(real: &Json) -> usize {
    if real["status"] == "success" { flat(&real["data"]).values().map(BTreeMap::len).sum() } else { 0 }
}
