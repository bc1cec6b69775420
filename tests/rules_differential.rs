//! The state machine beside a real Prometheus: `promtool test rules` says which alerts a rule file has at each step,
//! with which annotations, and what `ALERTS` holds; ours must say the same.
//!
//! Asked of the real one by tests that expect nothing: what it prints is what it got.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test starts the program that it compares with"
)]

#[path = "support/skip.rs"]
mod skip;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use warroom::labels::Labels;
use warroom::promql::{self, Compat, Options, Value};
use warroom::rules::{AlertState, Engine, Owners, RuleSet, Settings, Severities};
use warroom::store::Store;
use warroom::units::Timestamp;

const RULES: &str = include_str!("data/rules/differential.yml");
const STEPS: i64 = 120;
const STEP: i64 = 60;

/// A small generator: the same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// Series with gaps, ends, resets and values that stay for a while.
fn data() -> Vec<(Labels, Vec<Option<f64>>)> {
    let mut random = Random(0x5eed_1234_5678_9abc);
    let mut out = Vec::new();
    for (name, jobs) in [("level", 4), ("errors_total", 3), ("requests_total", 3), ("up", 2)] {
        for job in 0..jobs {
            let labels = [("job", format!("job-{job}")), ("instance", format!("10.0.0.{job}:9090"))];
            let mut value = 0.0;
            let mut stay = 0;
            let points = (0..=STEPS).map(|_| {
                if stay == 0 {
                    stay = 1 + random.below(9);
                    value = match name {
                        "up" => random.below(2) as f64,
                        "level" => random.below(100) as f64,
                        _ => value,
                    };
                }
                stay -= 1;
                match name {
                    "errors_total" => value += (random.below(3) == 0) as u64 as f64 * random.below(20) as f64,
                    "requests_total" => value += 50.0 + random.below(50) as f64,
                    _ => {}
                }
                (random.below(12) > 0).then_some(value)
            });
            out.push((Labels::metric(name, labels.iter().map(|(n, v)| (*n, v.as_str()))), points.collect()));
        }
    }
    out
}

/// A test file for promtool that expects no alert and no series anywhere, so that all that there is gets printed.
///
/// Without `group_eval_order` promtool takes the groups in any order, another one each time.
fn test_file(data: &[(Labels, Vec<Option<f64>>)], alerts: &[&str]) -> String {
    let mut text = "rule_files: [rules.yml]\nevaluation_interval: 1m\ngroup_eval_order: [first, second]\ntests:\n- interval: 1m\n  external_labels: {cluster: eu}\n  input_series:\n".to_owned();
    for (labels, points) in data {
        let values: Vec<String> =
            points.iter().map(|p| p.map_or("_".to_owned(), promql::format_value)).collect();
        let _ = writeln!(text, "  - series: '{labels}'\n    values: '{}'", values.join(" "));
    }
    text.push_str("  promql_expr_test:\n");
    for step in 0..=STEPS {
        for expr in ["ALERTS", "ALERTS_FOR_STATE", "{__name__=~\".+:.+\"}"] {
            let _ = writeln!(
                text,
                "  - {{expr: '{expr}', eval_time: {step}m, exp_samples: [{{labels: 'nothing', value: 1}}]}}"
            );
        }
    }
    text.push_str("  alert_rule_test:\n");
    for step in 0..=STEPS {
        for name in alerts {
            let _ = writeln!(
                text,
                "  - {{alertname: {name}, eval_time: {step}m, exp_alerts: [{{exp_labels: {{nothing: x}}}}]}}"
            );
        }
    }
    text
}

/// The lines that promtool would print of our side: `expr, step, what`.
fn ours(data: &[(Labels, Vec<Option<f64>>)], alerts: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut set = RuleSet::read("team", [("rules.yml", RULES)], &[], Severities::default());
    assert_eq!(set.problems, []);
    set.external_labels = Labels::from_pairs([("cluster", "eu")]);
    let options = Options { compat: Compat::V2_42, ..Options::default() };
    let settings = Settings { options: options.clone(), ..Settings::default() };
    let mut engine = Engine::new(vec![set], Owners::default(), settings);
    let mut store = Store::default();
    let (mut series, mut firing) = (Vec::new(), Vec::new());
    for step in 0..=STEPS {
        let at = Timestamp::from_millis(step * STEP * 1000);
        for (labels, points) in data {
            if let Some(value) = points[step as usize] {
                store.append(labels, at, value);
            }
        }
        engine.begin_all(at);
        while engine.has_work() {
            engine.work(&mut store);
        }
        for name in ["ALERTS", "ALERTS_FOR_STATE", "{__name__=~\".+:.+\"}"] {
            let answer = promql::eval(&store, &promql::parse(name).unwrap(), at, &options).unwrap();
            let Value::Vector(points) = answer.value else { panic!() };
            let mut points: Vec<String> =
                points.iter().map(|p| format!("{} {:e}", p.labels, p.value)).collect();
            points.sort();
            series.push(format!("{name} {step}m {}", points.join(" | ")));
        }
        for name in alerts {
            let live = engine.alerts().filter(|a| &*a.name == *name && a.state == AlertState::Firing);
            let mut live: Vec<String> = live
                .map(|a| {
                    let annotations =
                        Labels::from_pairs(a.annotations.iter().map(|(n, v)| (&**n, v.as_str())));
                    let labels = a.labels.to_string();
                    format!("Labels:{labels} Annotations:{annotations}")
                })
                .collect();
            live.sort();
            firing.push(format!("{name} {step}m {}", live.join(" | ")));
        }
    }
    (series, firing)
}

/// Reads what promtool prints. Of each failure: `expr: "ALERTS", time: 3m,` ... `got:` and the samples; or
/// `alertname: A, time: 3m,` ... `got:[` and the alerts. A time without a failure of that kind had nothing.
fn theirs(printed: &str, alerts: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut series = std::collections::BTreeMap::new();
    let mut firing = std::collections::BTreeMap::new();
    let mut head: Option<(bool, String, i64)> = None;
    let mut got = String::new();
    let mut in_got = false;
    let mut flush = |head: &mut Option<(bool, String, i64)>, got: &mut String| {
        let Some((alert, name, step)) = head.take() else { return };
        let text = std::mem::take(got);
        if alert {
            firing.insert((step, name), fired(&text));
        } else {
            series.insert((step, name), samples(&text));
        }
    };
    for line in printed.lines() {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix("expr: \"") {
            flush(&mut head, &mut got);
            let (name, rest) = rest.rsplit_once("\", time: ").unwrap();
            head = Some((false, name.replace("\\\"", "\""), minutes(rest)));
            in_got = false;
        } else if let Some(rest) = trimmed.strip_prefix("alertname: ") {
            flush(&mut head, &mut got);
            let (name, rest) = rest.split_once(", time: ").unwrap();
            head = Some((true, name.to_owned(), minutes(rest)));
            in_got = false;
        } else if let Some(rest) = trimmed.strip_prefix("got:") {
            in_got = true;
            got.push_str(rest);
            got.push('\n');
        } else if in_got {
            got.push_str(trimmed);
            got.push('\n');
        }
    }
    flush(&mut head, &mut got);
    let (mut all_series, mut all_firing) = (Vec::new(), Vec::new());
    for step in 0..=STEPS {
        for name in ["ALERTS", "ALERTS_FOR_STATE", "{__name__=~\".+:.+\"}"] {
            let found = series.get(&(step, name.to_owned())).cloned().unwrap_or_default();
            all_series.push(format!("{name} {step}m {found}"));
        }
        for name in alerts {
            let found = firing.get(&(step, (*name).to_owned())).cloned().unwrap_or_default();
            all_firing.push(format!("{name} {step}m {found}"));
        }
    }
    (all_series, all_firing)
}

/// `1h2m,` or `3m,` or `0s` as minutes.
fn minutes(text: &str) -> i64 {
    let text = text.trim().trim_end_matches(',');
    (warroom::units::parse_duration(text).unwrap().as_secs() / 60) as i64
}

/// `{__name__="ALERTS", a="b"} 1E+00, {...} 2E+00`, sorted and written as ours are.
fn samples(text: &str) -> String {
    let text = text.trim();
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let mut end = start;
        let (mut quoted, mut escaped) = (false, false);
        for (i, c) in rest[start..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '}' if !quoted => {
                    end = start + i;
                    break;
                }
                _ => {}
            }
        }
        // The name may stand before the brace.
        let name = rest[..start].trim().trim_start_matches(',').trim();
        let inner = &rest[start..=end];
        let labels = if name.is_empty() { labels(inner) } else { labels(&format!("{name}{inner}")) };
        let after = &rest[end + 1..];
        let value = after.split([',', '\n']).next().unwrap_or("").trim();
        out.push(format!("{labels} {:e}", value.parse::<f64>().unwrap_or_else(|_| panic!("{text}"))));
        rest = after.split_once([',', '\n']).map_or("", |(_, rest)| rest);
    }
    out.sort();
    out.join(" | ")
}

fn labels(text: &str) -> Labels {
    let expr = promql::parse(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let selector = expr.selectors().remove(0);
    Labels::from_pairs(selector.matchers.iter().map(|m| (&*m.name, &*m.value)))
}

/// `[0:Labels:{...} Annotations:{...}]`, one a line or all in one.
fn fired(text: &str) -> String {
    let mut out = Vec::new();
    for piece in text.split("Labels:").skip(1) {
        let (labels_text, annotations) = piece.split_once("Annotations:").unwrap();
        let end = annotations.rfind('}').unwrap();
        out.push(format!(
            "Labels:{} Annotations:{}",
            labels(labels_text.trim()),
            labels(&annotations[..=end])
        ));
    }
    out.sort();
    out.join(" | ")
}

#[test]
fn alerts_and_series_are_those_of_prometheus_at_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let data = data();
    let read = warroom::rules::parse("rules.yml", RULES, &[]);
    let mut alerts: Vec<&str> = Vec::new();
    for rule in read.groups.iter().flat_map(|g| &g.rules) {
        let name: &str = rule.name();
        if !name.contains(':') && !alerts.contains(&name) {
            alerts.push(name);
        }
    }
    std::fs::write(folder.path().join("rules.yml"), RULES).unwrap();
    std::fs::write(folder.path().join("test.yml"), test_file(&data, &alerts)).unwrap();
    let run =
        Command::new("promtool").args(["test", "rules", "test.yml"]).current_dir(folder.path()).output();
    let Ok(run) = run else {
        skip::skipped("promtool");
        return;
    };
    let printed = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if let Some(path) = std::env::var_os("WARROOM_SHOW_REAL") {
        std::fs::write(path, &printed).unwrap();
    }
    let (their_series, their_alerts) = theirs(&printed, &alerts);
    let (our_series, our_alerts) = ours(&data, &alerts);
    let mut wrong = Vec::new();
    for (theirs, ours) in their_series.iter().zip(&our_series).chain(their_alerts.iter().zip(&our_alerts)) {
        if theirs != ours {
            wrong.push(format!("server {theirs}\nours   {ours}"));
        }
    }
    let told = |lines: &[String]| {
        lines.iter().map(|l| l.matches(" | ").count() + usize::from(l.contains('}'))).sum::<usize>()
    };
    let (series, alerts) = (told(&their_series), told(&their_alerts));
    let _ = writeln!(
        std::io::stderr(),
        "{series} samples and {alerts} firing alerts with their annotations compared, {} lines differ",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(series > 500 && alerts > 200, "too little to mean anything: {series} {alerts}");
}
