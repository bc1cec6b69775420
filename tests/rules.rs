//! Rules in simulated time: the teams' own rule files fire and resolve at the right second, groups keep their clocks,
//! reloads and restarts keep what is known.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]

use std::sync::Arc;
use std::time::Duration;
use warroom::labels::{Labels, MatchOp, Matcher};
use warroom::promql::{self, Options, Value};
use warroom::rules::{Alert, AlertState, Engine, Owners, RuleSet, SEVERITIES, Settings, Severities};
use warroom::severity::Severity;
use warroom::store::Store;
use warroom::target::is_stale;
use warroom::units::Timestamp;

const SPARKLE: &str = include_str!("../examples/rules/sparkle.yml");
const HASHINSIGHT: &str = include_str!("../examples/rules/hashinsight.yml");

/// The second from which the seconds of a test count.
const START: i64 = 1_700_000_100_000;

fn second(s: i64) -> Timestamp {
    Timestamp::from_millis(START + s * 1000)
}

fn set(name: &str, text: &str, enforce: &[Matcher]) -> RuleSet {
    let set = RuleSet::read(name, [("rules.yml", text)], enforce, Severities::default());
    assert_eq!(set.problems, []);
    set
}

fn engine(text: &str) -> Engine {
    Engine::new(vec![set("team", text, &[])], Owners::default(), Settings::default())
}

/// Evaluates all groups at one second.
fn tick(engine: &mut Engine, store: &mut Store, s: i64) {
    engine.begin_all(second(s));
    while engine.has_work() {
        engine.work(store);
    }
}

fn add(store: &mut Store, series: &str, s: i64, value: f64) {
    let selector = &promql::parse(series).unwrap().selectors()[0];
    let pairs = selector.matchers.iter().map(|m| (&*m.name, &*m.value));
    let name = selector.name().map(|name| ("__name__", name));
    store.append(&Labels::from_pairs(name.into_iter().chain(pairs)), second(s), value);
}

/// The state of the alert of that name; none where there is none.
fn state(engine: &Engine, name: &str) -> Option<AlertState> {
    let mut found: Vec<&Alert> = engine.alerts().filter(|alert| &*alert.name == name).collect();
    assert!(found.len() < 2, "{found:?}");
    found.pop().map(|alert| alert.state)
}

/// The value of an expression over the store, as texts.
fn ask(store: &Store, text: &str, s: i64) -> Vec<String> {
    let answer = promql::eval(store, &promql::parse(text).unwrap(), second(s), &Options::default()).unwrap();
    let Value::Vector(points) = answer.value else { panic!("{text}") };
    let mut out: Vec<String> = points.iter().map(|p| format!("{} {}", p.labels, p.value)).collect();
    out.sort();
    out
}

use AlertState::{Firing, Pending, Resolved};

/// The value of a series from that second on.
type Feed = fn(i64) -> f64;

/// One alert: its series with the value at each second, and the second at which each new state is there.
struct Course {
    file: &'static str,
    alert: &'static str,
    /// Each series, and what is scraped of it.
    series: &'static [(&'static str, Feed)],
    states: &'static [(i64, Option<AlertState>)],
}

/// The rules of both contracts, each through a whole life. Samples come every 15 s, as do evaluations.
const COURSES: &[Course] = &[
    Course {
        // 5 errors every 15 s, from 0: 30 in the window are exactly 0.1/s, so that the 35th passes it (nothing is
        // extrapolated below a counter's 0). After the last one, at 1500, the window (1395, 1695] still holds a rise of
        // 30 in 285 s, which counts as 31.6 in 300 s; 15 s later it is 26.3.
        file: SPARKLE,
        alert: "HighErrorRate",
        series: &[(r#"http_requests_total{job="sparkle-gateway", instance="g:8080", status="500"}"#, |s| {
            if s <= 600 { 0.0 } else { ((s.min(1500) - 600) / 15 * 5) as f64 }
        })],
        states: &[
            (0, None),
            (705, Some(Pending)),
            (1005, Some(Firing)),
            (1710, Some(Resolved)),
            (2625, None),
        ],
    },
    Course {
        file: SPARKLE,
        alert: "CircuitBreakerOpen",
        series: &[(r#"chat_orchestrator_circuit_breaker{job="sparkle-backend"}"#, |s| {
            f64::from(u8::from((300..420).contains(&s)))
        })],
        states: &[(0, None), (300, Some(Pending)), (360, Some(Firing)), (420, Some(Resolved)), (1335, None)],
    },
    Course {
        // Not for long enough: pending is all that it comes to.
        file: SPARKLE,
        alert: "CircuitBreakerOpen",
        series: &[(r#"chat_orchestrator_circuit_breaker{job="sparkle-backend"}"#, |s| {
            f64::from(u8::from((300..360).contains(&s)))
        })],
        states: &[(0, None), (300, Some(Pending)), (360, None)],
    },
    Course {
        // Exactly the limit is not above it.
        file: SPARKLE,
        alert: "HighMemoryUsage",
        series: &[(r#"process_resident_memory_bytes{job="sparkle-backend"}"#, |s| {
            2_147_483_648.0 + if (600..1200).contains(&s) { 1.0 } else { 0.0 }
        })],
        states: &[(0, None), (600, Some(Pending)), (900, Some(Firing)), (1200, Some(Resolved)), (2115, None)],
    },
    Course {
        file: SPARKLE,
        alert: "QueueBacklog",
        series: &[(r#"redis_queue_length{queue="chat"}"#, |s| {
            if (60..900).contains(&s) { 501.0 } else { 500.0 }
        })],
        states: &[(0, None), (60, Some(Pending)), (660, Some(Firing)), (900, Some(Resolved)), (1815, None)],
    },
    Course {
        // The division is series by series: one 5xx in the window makes it 1. It stays so for as long as the window
        // holds the rise.
        file: HASHINSIGHT,
        alert: "HighErrorRate",
        series: &[
            (r#"hashinsight_requests_total{method="GET", status="503"}"#, |s| {
                if s < 600 { 0.0 } else { ((s.min(1200) - 585) / 15) as f64 }
            }),
            (r#"hashinsight_requests_total{method="GET", status="200"}"#, |s| (s * 1000) as f64),
        ],
        states: &[(0, None), (600, Some(Pending)), (900, Some(Firing)), (1485, Some(Resolved)), (2400, None)],
    },
    Course {
        // All requests between 0.25 s and 0.5 s from second 300 on; over half of the window must be so for p95 to
        // pass: 95 of 100 under 0.25 are no longer enough once 6 of 100 are above.
        file: HASHINSIGHT,
        alert: "HighLatency",
        series: &[
            (r#"hashinsight_request_latency_seconds_bucket{le="0.25"}"#, |s| {
                (s.min(600) * 10 + (s - 1500).max(0) * 10) as f64
            }),
            (r#"hashinsight_request_latency_seconds_bucket{le="0.5"}"#, |s| (s * 10) as f64),
            (r#"hashinsight_request_latency_seconds_bucket{le="+Inf"}"#, |s| (s * 10) as f64),
        ],
        states: &[
            (0, None),
            (615, Some(Pending)),
            (1215, Some(Firing)),
            (1785, Some(Resolved)),
            (2700, None),
        ],
    },
    Course {
        file: HASHINSIGHT,
        alert: "ErrorBudgetExhausted",
        series: &[(
            r#"hashinsight_slo_error_budget_remaining{job="h"}"#,
            |s| if s < 300 { 0.1 } else { 0.099 },
        )],
        states: &[(0, None), (300, Some(Pending)), (600, Some(Firing))],
    },
    Course {
        file: HASHINSIGHT,
        alert: "DatabaseConnectionFailure",
        series: &[(r#"hashinsight_db_connection_status{instance="10.0.0.7:9090"}"#, |s| {
            f64::from(u8::from(!(300..500).contains(&s)))
        })],
        states: &[
            (0, None),
            (300, Some(Pending)),
            (420, Some(Firing)),
            // The sample of second 510 is the first one that says so.
            (510, Some(Resolved)),
            (1425, None),
        ],
    },
    Course {
        // No exporter makes the metric: the rule can never fire, however long one waits.
        file: HASHINSIGHT,
        alert: "DatabaseConnectionFailure",
        series: &[(r#"hashinsight_db_connection_pool_size{instance="10.0.0.7:9090"}"#, |_| 0.0)],
        states: &[(0, None)],
    },
    Course {
        file: HASHINSIGHT,
        alert: "LowCacheHitRate",
        series: &[("hashinsight_cache_hit_rate", |s| if s < 30 { 50.0 } else { 49.9 })],
        states: &[(0, None), (30, Some(Pending)), (930, Some(Firing))],
    },
];

#[test]
fn the_contracts_rules_fire_and_resolve_at_the_right_second() {
    for course in COURSES {
        let mut store = Store::default();
        let mut engine = engine(course.file);
        let mut seen: Vec<(i64, Option<AlertState>)> = Vec::new();
        for s in (0..=3000).step_by(15) {
            for (series, value) in course.series {
                add(&mut store, series, s, value(s));
            }
            tick(&mut engine, &mut store, s);
            let now = state(&engine, course.alert);
            if seen.last().is_none_or(|(_, last)| *last != now) {
                seen.push((s, now));
            }
        }
        assert_eq!(seen, course.states, "{}", course.alert);
        let others: Vec<&Alert> = engine.alerts().filter(|alert| &*alert.name != course.alert).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

#[test]
fn rules_of_a_group_run_in_order_at_one_moment_and_what_vanishes_is_marked() {
    let text = "groups:\n- name: g\n  labels: {team: a, tier: x}\n  rules:\n  - {record: 'a:sum', expr: sum by (job) (a), labels: {tier: y}}\n  - {record: b, expr: 'a:sum * 2'}\n  - {record: limited, expr: a}\n  - {record: twice, expr: a, labels: {i: same}}\n  limit: 1\n";
    let (mut store, mut engine) = (Store::default(), engine(text));
    add(&mut store, r#"a{job="j", i="1"}"#, 0, 1.0);
    add(&mut store, r#"a{job="j", i="2"}"#, 0, 2.0);
    tick(&mut engine, &mut store, 0);
    assert_eq!(ask(&store, "b", 0), [r#"b{job="j", team="a", tier="x"} 6"#]);
    assert_eq!(ask(&store, "a:sum", 0), [r#"a:sum{job="j", team="a", tier="y"} 3"#]);
    let group = engine.groups().next().unwrap();
    let errors: Vec<Option<String>> = group.rules().map(|(_, status, _)| status.error.clone()).collect();
    assert_eq!(errors[2].as_deref(), Some("exceeded limit of 1 with 2 series"));
    assert_eq!(
        errors[3].as_deref(),
        Some("vector contains metrics with the same labelset after applying rule labels")
    );
    assert_eq!((&errors[0], &errors[1]), (&None, &None));
    // The series of `a` end: so do those that are made of them, at the very next evaluation.
    add(&mut store, r#"a{job="j", i="1"}"#, 15, warroom::target::STALE_NAN);
    add(&mut store, r#"a{job="j", i="2"}"#, 15, warroom::target::STALE_NAN);
    tick(&mut engine, &mut store, 15);
    for name in ["a:sum", "b"] {
        assert!(ask(&store, name, 15).is_empty(), "{name}");
        let matcher = Matcher::new("__name__", MatchOp::Equal, name).unwrap();
        let (at, value) = store.select(&[matcher])[0].last().unwrap();
        assert!(is_stale(value) && at == second(15), "{name}");
    }
}

const KEEP: &str = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: a > 0\n    for: 30s\n    keep_firing_for: 1m\n    labels: {severity: critical, job: '{{ $labels.job }}', empty: '{{ $labels.none }}'}\n    annotations: {is: 'it is {{ $value }}', wrong: '{{ $value | nonsense }}'}\n";

#[test]
fn alerts_are_kept_firing_and_written_as_prometheus_writes_them() {
    let (mut store, mut engine) = (Store::default(), engine(KEEP));
    // Value, state, and what ALERTS holds.
    for (s, value, wanted, written) in [
        (0, 1.0, Some(Pending), Some("pending")),
        (15, 2.0, Some(Pending), Some("pending")),
        (30, 3.0, Some(Firing), Some("firing")),
        (45, 0.0, Some(Firing), Some("firing")),
        (60, 4.0, Some(Firing), Some("firing")),
        (75, 0.0, Some(Firing), Some("firing")),
        (120, 0.0, Some(Firing), Some("firing")),
        (135, 0.0, Some(Resolved), None),
        // It is true again: a new alert, which waits again.
        (150, 5.0, Some(Pending), Some("pending")),
    ] {
        add(&mut store, r#"a{job="j"}"#, s, value);
        tick(&mut engine, &mut store, s);
        assert_eq!(state(&engine, "A"), wanted, "{s}");
        let alerts = written.map(|word| {
            format!(
                "ALERTS{{alertname=\"A\", alertstate=\"{word}\", empty=\"{{{{ $labels.none }}}}\", job=\"j\", severity=\"critical\"}} 1"
            )
        });
        assert_eq!(ask(&store, "ALERTS", s), Vec::from_iter(alerts), "{s}");
    }
    let alert = engine.alerts().next().unwrap();
    assert_eq!(alert.annotation("is"), Some("it is 5"));
    let wrong = alert.annotation("wrong").unwrap();
    assert!(wrong.starts_with("<error expanding template: ") && wrong.contains("nonsense"), "{wrong}");
    assert_eq!(alert.active_at, second(150));
    assert_eq!(ask(&store, "max(ALERTS_FOR_STATE)", 150), [format!("{{}} {}", (START + 150_000) / 1000)]);
}

#[test]
fn files_see_only_what_their_set_may_and_alerts_find_their_services() {
    let text = "groups:\n- name: g\n  rules:\n  - {record: 'all:sum', expr: sum(x)}\n  - {alert: Own, expr: 'all:sum > 0', labels: {severity: Blocker}}\n  - {alert: X, expr: x > 0, annotations: {n: '{{ with query \"count(x)\" }}{{ . | first | value }}{{ end }}'}}\n";
    let enforce = [Matcher::new("job", MatchOp::Regex, "sparkle-.*").unwrap()];
    let words = [("blocker", Severity::P0)];
    let set = RuleSet::read("s", [("f.yml", text)], &enforce, Severities::new(words));
    assert_eq!(set.problems, []);
    let select = |job: &str| vec![Matcher::new("job", MatchOp::Equal, job).unwrap()];
    let services = ["sparkle-a", "sparkle-b"].map(|name| (Arc::from(name), select(name)));
    let mut engine = Engine::new(vec![set], Owners::new(services), Settings::default());
    let mut store = Store::default();
    for (job, value) in [("sparkle-a", 1.0), ("sparkle-c", 2.0), ("news", 4.0)] {
        add(&mut store, &format!("x{{job=\"{job}\"}}"), 0, value);
    }
    tick(&mut engine, &mut store, 0);
    let mut found: Vec<String> = engine
        .standing()
        .map(|s| {
            format!(
                "{} {} {:?} {} {:?}",
                s.alert.name,
                s.alert.value,
                s.services,
                s.severity,
                s.alert.annotation("n")
            )
        })
        .collect();
    found.sort();
    let wanted = ["Own 3 [] P0 None", r#"X 1 ["sparkle-a"] P3 Some("2")"#, r#"X 2 [] P3 Some("2")"#];
    assert_eq!(found, wanted);
    for (word, _) in SEVERITIES {
        let of = |word: &str| Severities::default().of(&Labels::from_pairs([("severity", word)]));
        assert_eq!(of(word), of(&word.to_uppercase()));
        assert_eq!((of("P0"), of("p4"), of("whatever")), (Severity::P0, Severity::P4, Severity::P3));
    }
}

#[test]
fn a_reload_keeps_the_alerts_of_rules_that_stay_and_ends_the_series_of_those_that_go() {
    let text = |names: &[&str]| {
        let rules = names.iter().map(|n| format!("  - {{alert: {n}, expr: a > 0, for: 30s}}\n"));
        format!("groups:\n- name: g\n  rules:\n{}", rules.collect::<String>())
    };
    let (mut store, mut engine) = (Store::default(), engine(&text(&["A", "B"])));
    add(&mut store, "a", 0, 1.0);
    tick(&mut engine, &mut store, 0);
    // Another order, one gone, one new.
    engine.reload(vec![set("team", &text(&["C", "B"]), &[])], Owners::default());
    assert_eq!((state(&engine, "A"), state(&engine, "B")), (None, Some(Pending)));
    tick(&mut engine, &mut store, 30);
    assert_eq!((state(&engine, "B"), state(&engine, "C")), (Some(Firing), Some(Pending)));
    assert_eq!(
        ask(&store, "ALERTS", 30),
        [
            r#"ALERTS{alertname="B", alertstate="firing"} 1"#,
            r#"ALERTS{alertname="C", alertstate="pending"} 1"#,
        ]
    );
    engine.reload(Vec::new(), Owners::default());
    assert!(engine.next_due(second(31)).is_none() && !engine.has_work());
}

#[test]
fn since_when_an_alert_is_active_survives_a_restart() {
    let text = "groups:\n- name: g\n  rules: [{alert: A, expr: a > 0, for: 30m}, {alert: Short, expr: a > 0, for: 5m}]\n";
    // Ran from 0 to 900 s, was off until 1200 s.
    let (mut store, mut first) = (Store::default(), engine(text));
    for s in (0..=900).step_by(60) {
        add(&mut store, "a", s, 1.0);
        tick(&mut first, &mut store, s);
    }
    let mut second_run = engine(text);
    second_run.restore();
    let active = |engine: &Engine, name: &str| engine.alerts().find(|a| &*a.name == name).unwrap().active_at;
    for (s, a, short) in [(1200, 1200, 1200), (1260, 360, 1200), (1320, 360, 1200)] {
        add(&mut store, "a", s, 1.0);
        tick(&mut second_run, &mut store, s);
        // 15 of 30 minutes are left, so the time off is added: 0 + (1260 - 900).
        assert_eq!(
            (active(&second_run, "A"), active(&second_run, "Short")),
            (second(a), second(short)),
            "{s}"
        );
    }
    assert_eq!(state(&second_run, "A"), Some(Pending));
    assert_eq!(
        ask(&store, "ALERTS_FOR_STATE{alertname=\"A\"} - 360", 1320),
        [format!("{{alertname=\"A\"}} {}", START / 1000)]
    );
}

#[test]
fn groups_keep_their_own_clocks() {
    let text = "groups:\n- {name: fast, interval: 10s, rules: [{record: f, expr: vector(time())}]}\n- {name: slow, rules: [{record: s, expr: vector(time())}]}\n";
    let (mut store, mut engine) = (Store::default(), engine(text));
    let mut now = second(0);
    let mut runs = [0, 0];
    while now < second(600) {
        now = engine.next_due(now).unwrap();
        assert!(engine.begin(now) > 0);
        while engine.has_work() {
            if let Some(done) = engine.work(&mut store) {
                engine.took(Duration::from_micros(30));
                assert_eq!(done.at, now);
                runs[usize::from(&*done.group == "slow")] += 1;
            }
        }
    }
    assert!((59..=61).contains(&runs[0]) && (9..=11).contains(&runs[1]), "{runs:?}");
    let status = engine.groups().next().unwrap().status().clone();
    assert_eq!((status.missed, status.took), (0, Duration::from_micros(30)));
    // Nobody came for a minute: one evaluation, for the newest moment.
    engine.begin(now + Duration::from_secs(65));
    while engine.has_work() {
        engine.work(&mut store);
    }
    assert_eq!(engine.groups().next().unwrap().status().missed, 5);
}
