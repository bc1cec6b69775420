//! Runs conformance scripts in the language of Prometheus's `promqltest`.
//!
//! Each `eval instant` is repeated as a range query around its time and with `@` on every selector at other times.
//! Native histograms are not known: an eval that can see one is counted as unsupported, by name, and never as passed.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test: what does not fit its script stops it")]

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;
use warroom::labels::{Labels, accepts_all};
use warroom::promql::{self, Compat, Options, Range, Value, ValueKind};
use warroom::target::STALE_NAN;
use warroom::units::{Timestamp, parse_duration};

/// What a script came to.
#[derive(Default)]
pub(crate) struct Report {
    /// Evals that gave what was expected, in all repetitions.
    pub(crate) passed: usize,
    /// How many evaluations that were.
    pub(crate) evaluations: usize,
    /// Evals that need what is not supported, with the reason.
    pub(crate) unsupported: Vec<String>,
    /// Evals that gave something else.
    pub(crate) failed: Vec<String>,
}

type Points = BTreeMap<i64, f64>;

#[derive(Default)]
struct World {
    series: BTreeMap<Labels, Points>,
    store: std::cell::OnceCell<super::support_store::Filled>,
    histograms: BTreeSet<Labels>,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that a script may say or not")]
struct Expect {
    ordered: bool,
    fail: Option<String>,
    warn: Vec<String>,
    info: Vec<String>,
    no_warn: bool,
    no_info: bool,
    string: Option<String>,
    scalar: Option<f64>,
    rows: Vec<(Labels, Vec<Option<f64>>)>,
    native: bool,
}

/// Runs the script `text`; `name` is said in messages.
pub(crate) fn run(name: &str, text: &str) -> Report {
    let lines: Vec<&str> =
        text.lines().map(str::trim).map(|l| if l.starts_with('#') { "" } else { l }).collect();
    let (mut report, mut world, mut at) = (Report::default(), World::default(), 0);
    let mut options = Options::default();
    while at < lines.len() {
        let line = lines[at];
        let start = at + 1;
        let end = start + lines[start..].iter().take_while(|l| !l.is_empty()).count();
        let block = &lines[start..end];
        let head = line.split_whitespace().next().unwrap_or("");
        at = match head {
            "" => at + 1,
            "clear" => {
                world = World::default();
                at + 1
            }
            // Our own: the rest of the script is evaluated as that version does.
            "compat" => {
                options.compat = if line.ends_with("2.42") { Compat::V2_42 } else { Compat::V3 };
                at + 1
            }
            "load" | "load_with_nhcb" => {
                let step = line.split_whitespace().nth(1).unwrap_or("");
                world.load(seconds(step), block, head == "load_with_nhcb");
                end
            }
            _ if head.starts_with("eval") => {
                let place = format!("{name}:{start}: {line}");
                match eval(&world, line, block, &options) {
                    Ok(evaluations) => {
                        report.passed += 1;
                        report.evaluations += evaluations;
                    }
                    Err(Miss::Unsupported(why)) => report.unsupported.push(format!("{place}: {why}")),
                    Err(Miss::Failed(why)) => report.failed.push(format!("{place}\n    {why}")),
                }
                end
            }
            _ => panic!("{name}:{start}: not a command: {line}"),
        };
    }
    report
}

enum Miss {
    Unsupported(String),
    Failed(String),
}

fn seconds(text: &str) -> Duration {
    match text.parse::<f64>() {
        Ok(seconds) => Duration::from_secs_f64(seconds),
        Err(_) => parse_duration(text).unwrap_or_else(|e| panic!("{e}")),
    }
}

impl World {
    fn load(&mut self, step: Duration, block: &[&str], custom_buckets: bool) {
        self.store.take();
        let step = i64::try_from(step.as_millis()).unwrap();
        let mut loaded: BTreeMap<Labels, Points> = BTreeMap::new();
        for line in block {
            let (labels, rest) = series(line);
            let (points, native) = points(rest);
            if native {
                self.histograms.insert(labels.clone());
            }
            if custom_buckets && let Some(base) = labels.name().and_then(|n| n.strip_suffix("_bucket")) {
                self.histograms.insert(labels.with("__name__", base).with("le", ""));
            }
            let kept = points
                .iter()
                .enumerate()
                .filter_map(|(i, v)| v.map(|v| (i64::try_from(i).unwrap() * step, v)))
                .collect();
            loaded.insert(labels, kept);
        }
        for (labels, points) in loaded {
            self.series.entry(labels).or_default().extend(points);
        }
    }

    fn store(&self) -> &super::support_store::Filled {
        self.store.get_or_init(|| {
            let samples = self.series.iter().flat_map(|(l, p)| p.iter().map(move |(t, v)| (l, *t, *v)));
            super::support_store::fill(samples)
        })
    }
}

/// The labels of a line and what follows them.
fn series(line: &str) -> (Labels, &str) {
    let open = line.find('{');
    let blank = line.find(char::is_whitespace).unwrap_or(line.len());
    match open {
        Some(open) if open < blank || open == 0 => {
            let mut quoted: Option<char> = None;
            let mut escaped = false;
            let close = line[open..]
                .char_indices()
                .find(|(_, c)| {
                    match (quoted, escaped) {
                        (_, true) => escaped = false,
                        (Some(_), _) if *c == '\\' => escaped = true,
                        (Some(q), _) if *c == q => quoted = None,
                        (None, _) if matches!(c, '"' | '\'') => quoted = Some(*c),
                        (None, _) => return *c == '}',
                        _ => {}
                    }
                    false
                })
                .map_or(line.len(), |(i, _)| open + i + 1);
            (selector_labels(&line[..close]), line[close..].trim())
        }
        _ => (selector_labels(&line[..blank]), line[blank..].trim()),
    }
}

/// Labels written as a selector.
fn selector_labels(text: &str) -> Labels {
    if text.chars().all(|c| matches!(c, '{' | '}' | ' ')) {
        return Labels::empty();
    }
    let expr = promql::parse(text).or_else(|_| promql::parse(&text.replacen('{', "{__name__=~\".+\",", 1)));
    let selectors = expr.unwrap_or_else(|e| panic!("{text}: {e}")).selectors();
    Labels::from_pairs(
        selectors[0]
            .matchers
            .iter()
            .filter(|m| m.op == warroom::labels::MatchOp::Equal)
            .map(|m| (m.name.clone(), m.value.clone())),
    )
}

/// Points of a series; the flag says that some were native histograms, which are left out.
fn points(text: &str) -> (Vec<Option<f64>>, bool) {
    let histogram = Regex::new(r"\{\{[^}]*\}\}([+-]\{\{[^}]*\}\})?(x(\d+))?").unwrap();
    let native = histogram.is_match(text);
    let plain = histogram.replace_all(text, |c: &regex::Captures<'_>| {
        let times = c.get(3).map_or(0, |n| n.as_str().parse::<usize>().unwrap());
        "_ ".repeat(times + 1)
    });
    let number = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|nan)";
    let point =
        Regex::new(&format!(r"(?i)^(_|stale|{number})([+-](?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)?(?:x(\d+))?$"))
            .unwrap();
    let mut out = Vec::new();
    for word in plain.split_whitespace() {
        let parts = point.captures(word).unwrap_or_else(|| panic!("not a point: {word}"));
        let times = parts.get(3).map(|n| n.as_str().parse::<usize>().unwrap());
        let first = match &parts[1] {
            "_" => {
                out.extend(std::iter::repeat_n(None, times.unwrap_or(1)));
                continue;
            }
            "stale" => STALE_NAN,
            value => value.parse().unwrap(),
        };
        let delta: f64 = parts.get(2).map_or(0.0, |d| d.as_str().parse().unwrap());
        let mut value = first;
        for i in 0..=times.unwrap_or(0) {
            if i > 0 && parts.get(2).is_some() {
                value += delta;
            }
            out.push(Some(value));
        }
    }
    (out, native)
}

fn expectations(head: &str, block: &[&str]) -> Expect {
    let mut expect = Expect { ordered: head == "eval_ordered", ..Expect::default() };
    if head == "eval_fail" {
        expect.fail = Some(String::new());
    }
    for line in block {
        if let Some(rest) = line.strip_prefix("expect ") {
            let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let message =
                rest.trim().trim_start_matches("msg:").trim_start_matches("regex:").trim().to_owned();
            match word {
                "ordered" => expect.ordered = true,
                "fail" => expect.fail = Some(message),
                "warn" => expect.warn.push(message),
                "info" => expect.info.push(message),
                "no_warn" => expect.no_warn = true,
                "no_info" => expect.no_info = true,
                "string" => {
                    let quoted = rest.trim();
                    expect.string = Some(quoted[1..quoted.len() - 1].to_owned());
                }
                other => panic!("not an expectation: {other}"),
            }
        } else if let Some(message) = line.strip_prefix("expected_fail_message ") {
            expect.fail = Some(message.trim().to_owned());
        } else if line.contains("{{") {
            expect.native = true;
        } else if let Ok(value) = line.parse::<f64>() {
            expect.scalar = Some(value);
        } else {
            let (labels, rest) = series(line);
            expect.rows.push((labels, points(rest).0));
        }
    }
    expect
}

fn eval(world: &World, line: &str, block: &[&str], options: &Options) -> Result<usize, Miss> {
    let head = line.split_whitespace().next().unwrap();
    let expect = expectations(head, block);
    let instant = Regex::new(r"^\w+\s+instant\s+at\s+(\S+)\s+(.*)$").unwrap();
    let range = Regex::new(r"^\w+\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.*)$").unwrap();
    let (text, times) = if let Some(c) = instant.captures(line) {
        (c[2].to_owned(), (seconds(&c[1]), None))
    } else {
        let c = range.captures(line).unwrap_or_else(|| panic!("not an eval: {line}"));
        (c[4].to_owned(), (seconds(&c[1]), Some((seconds(&c[2]), seconds(&c[3])))))
    };
    let moment = |d: Duration| Timestamp::from_millis(i64::try_from(d.as_millis()).unwrap());
    let failed = |text: String| Err(Miss::Failed(text));
    let expr = match promql::parse(&text) {
        Ok(expr) => expr,
        Err(error) if error.message.contains("not supported") => {
            return Err(Miss::Unsupported(error.message));
        }
        Err(error) => {
            return match &expect.fail {
                Some(message) if error.to_string().contains(message.as_str()) => Ok(1),
                _ => failed(format!("does not parse: {error}")),
            };
        }
    };
    let sees = |labels: &&Labels| expr.selectors().iter().any(|s| accepts_all(&s.matchers, labels));
    if let Some(labels) = world.histograms.iter().find(sees) {
        return Err(Miss::Unsupported(format!("native histogram {labels}")));
    }
    if expect.native {
        return Err(Miss::Unsupported("native histogram in the result".to_owned()));
    }
    let again = promql::parse(expr.text());
    if again.as_ref() != Ok(&expr) {
        return failed(format!("prints as {} which reads as {again:?}", expr.text()));
    }
    let store = world.store();
    if let Some((end, step)) = times.1 {
        let range = Range { start: moment(times.0), end: moment(end), step };
        return check(&expect, promql::eval_range(store, &expr, range, options), Some(range))
            .map_or_else(failed, |()| Ok(1));
    }
    let at = moment(times.0);
    if let Err(why) = check(&expect, promql::eval(store, &expr, at, options), None) {
        return failed(why);
    }
    let mut evaluations = 1;
    let minute = Duration::from_secs(60);
    let depends = ["start()", "end()", "range()", "step()"].iter().any(|f| expr.text().contains(f));
    if !expect.ordered && !depends && matches!(expr.kind(), ValueKind::Vector | ValueKind::Scalar) {
        let range = Range { start: at - minute, end: at + minute, step: minute };
        let answer = promql::eval_range(store, &expr, range, options);
        if let Err(why) = check_at(&expect, answer, at) {
            return failed(format!("as a range query: {why}"));
        }
        evaluations += 1;
    }
    if let Some(pinned) = expr.pinned(at) {
        for shift in [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(7200)] {
            if let Err(why) = check(&expect, promql::eval(store, &pinned, at + shift, options), None) {
                return failed(format!("as {pinned} {shift:?} later: {why}"));
            }
            evaluations += 1;
        }
    }
    Ok(evaluations)
}

type Outcome = Result<promql::Answer, promql::EvalError>;

/// Compares the one moment `at` of a range query with what an instant query should have given.
fn check_at(expect: &Expect, outcome: Outcome, at: Timestamp) -> Result<(), String> {
    let outcome = outcome.map(|mut answer| {
        if let Value::Matrix(rows) = &answer.value {
            let points = rows.iter().filter_map(|r| {
                let (_, value) = r.points.iter().find(|p| p.0 == at)?;
                Some(promql::Point { labels: r.labels.clone(), at, value: *value })
            });
            let points: Vec<_> = points.collect();
            answer.value = match (expect.scalar, points.as_slice()) {
                (Some(_), [only]) => Value::Scalar(only.value),
                _ => Value::Vector(points),
            };
        }
        // Other moments may have given cause for remarks.
        if expect.no_warn {
            answer.warnings.clear();
        }
        if expect.no_info {
            answer.infos.clear();
        }
        answer
    });
    check(expect, outcome, None)
}

fn check(expect: &Expect, outcome: Outcome, range: Option<Range>) -> Result<(), String> {
    let answer = match (&expect.fail, outcome) {
        (Some(message), Err(error)) if error.to_string().contains(message.as_str()) => return Ok(()),
        (_, Err(error)) => return Err(format!("error: {error}")),
        (Some(_), Ok(answer)) => return Err(format!("should fail, gives {:?}", answer.value)),
        (None, Ok(answer)) => answer,
    };
    remarks("warning", &expect.warn, expect.no_warn, &answer.warnings)?;
    remarks("info", &expect.info, expect.no_info, &answer.infos)?;
    match (&answer.value, &expect.string, expect.scalar) {
        (Value::String(text), Some(wanted), _) if **text == **wanted => Ok(()),
        (Value::Scalar(v), _, Some(wanted)) if near(*v, wanted) => Ok(()),
        (_, Some(wanted), _) => Err(format!("expected {wanted:?}, got {:?}", answer.value)),
        (_, _, Some(wanted)) => Err(format!("expected {wanted}, got {:?}", answer.value)),
        (Value::Vector(points), ..) => {
            let got = points.iter().map(|p| (p.labels.clone(), vec![Some(p.value)])).collect();
            rows(expect, got)
        }
        (Value::Matrix(rows_), ..) => {
            let range = range.ok_or("a matrix where a vector was asked for")?;
            let at = |i: usize| range.start + range.step * u32::try_from(i).unwrap();
            let width = usize::try_from(range.end.since(range.start).as_millis() / range.step.as_millis())
                .unwrap()
                + 1;
            let got = rows_.iter().map(|r| {
                let value = |i| r.points.iter().find(|p| p.0 == at(i)).map(|p| p.1);
                (r.labels.clone(), (0..width).map(value).collect())
            });
            rows(expect, got.collect())
        }
        (other, ..) => Err(format!("got {other:?}")),
    }
}

fn remarks(kind: &str, wanted: &[String], none: bool, got: &[String]) -> Result<(), String> {
    if none && !got.is_empty() {
        return Err(format!("unexpected {kind}: {got:?}"));
    }
    for message in wanted {
        if !got.iter().any(|g| g.contains(message.as_str())) {
            return Err(format!("expected the {kind} {message:?}, got {got:?}"));
        }
    }
    Ok(())
}

type Rows = Vec<(Labels, Vec<Option<f64>>)>;

fn rows(expect: &Expect, mut got: Rows) -> Result<(), String> {
    let mut wanted: Rows =
        expect.rows.iter().filter(|(_, p)| p.iter().any(Option::is_some)).cloned().collect();
    if !expect.ordered {
        wanted.sort_by(|a, b| a.0.cmp(&b.0));
        got.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let longest = got.iter().chain(&wanted).map(|(_, p)| p.len()).max().unwrap_or(0);
    wanted.iter_mut().chain(&mut got).for_each(|(_, p)| p.resize(longest, None));
    let same = wanted.len() == got.len()
        && wanted.iter().zip(&got).all(|((a, x), (b, y))| {
            a == b
                && x.iter().zip(y).all(|(x, y)| match (x, y) {
                    (Some(x), Some(y)) => near(*x, *y),
                    (x, y) => x.is_none() && y.is_none(),
                })
        });
    if same {
        return Ok(());
    }
    let mut why = String::from("expected");
    for (title, rows) in [("", &wanted), ("\n    got", &got)] {
        why.push_str(title);
        for (labels, points) in rows {
            let _ = write!(why, "\n      {labels} {points:?}");
        }
    }
    Err(why)
}

/// Equal to 1e-6, as the suite has it.
fn near(a: f64, b: f64) -> bool {
    if a.is_nan() || b.is_nan() {
        return a.is_nan() && b.is_nan();
    }
    a == b || (a - b).abs() <= 1e-6 * a.abs().max(b.abs()) || (a - b).abs() < 1e-12
}
