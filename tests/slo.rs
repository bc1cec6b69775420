//! Objectives from the outside: configuration to plan to counts to judgement, against independent arithmetic.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as the test does")]
#![expect(clippy::float_cmp, reason = "counts are whole numbers, which floats hold exactly")]

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::{Config, Source, load};
use warroom::labels::Labels;
use warroom::plan::Plan;
use warroom::slo::{Assessment, Book, Exhaustion, Sli, Slo, Verdict, alerts};
use warroom::store::Store;
use warroom::units::Timestamp;

const BASE: &str = r#"
[service.shop]
instances = ["http://10.0.0.1:80"]
select = '{job="shop"}'
preset = "prometheus"
"#;

fn config(text: &str) -> Config {
    let source = Source { name: "t.toml".to_owned(), text: format!("{text}\n{BASE}") };
    load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn plan(text: &str) -> Plan {
    Plan::compile(&config(text), 1).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn told(text: &str) -> Vec<String> {
    let problems = match Plan::compile(&config(text), 1) {
        Ok(plan) => plan.warnings,
        Err(problems) => problems,
    };
    problems.iter().map(ToString::to_string).collect()
}

fn slo(text: &str) -> Arc<Slo> {
    Arc::clone(plan(text).slos.first().unwrap())
}

const SIMPLE: &str = "slo.s = { service = \"shop\", objective = 99.95, ";

/// An objective over `bad_total` and `all_total`, both with `job="shop"`.
fn simple(rest: &str) -> Arc<Slo> {
    slo(&format!(
        "{SIMPLE}error = 'sum(rate(bad_total[{{{{.window}}}}]))', total = 'sum(rate(all_total[{{{{.window}}}}]))', {rest} }}"
    ))
}

fn series(name: &str, instance: &str) -> Labels {
    Labels::metric(name, [("job", "shop"), ("instance", instance)])
}

fn at(seconds: i64) -> Timestamp {
    // A whole hour, so that minutes and windows begin where the test says.
    Timestamp::from_millis(1_767_225_600_000 + seconds * 1000)
}

fn round(book: &mut Book, store: &mut Store, now: Timestamp) {
    book.begin(now);
    while book.has_work() {
        book.work(store);
    }
}

fn assess(slo: &Arc<Slo>, store: &mut Store, now: Timestamp) -> (Book, Assessment) {
    let mut book = Book::new([Arc::clone(slo)]);
    round(&mut book, store, now);
    let assessment = book.assessments().first().unwrap().clone();
    (book, assessment)
}

#[test]
fn budget_and_burn_are_those_of_the_worked_examples() {
    // Of 2,000 requests a minute over an hour, so many bad ones in each of the last minutes.
    for (bad_minutes, bad_each, sli, remaining, hour, five, verdict) in [
        (0, 0.0, 1.0, 1.0, 0.0, 0.0, Verdict::Met),
        (60, 1.0, 0.9995, 0.0, 1.0, 1.0, Verdict::Met),
        (60, 15.0, 0.9925, -14.0, 15.0, 15.0, Verdict::Burning(warroom::severity::Severity::P1)),
        (60, 2000.0, 0.0, -1999.0, 2000.0, 2000.0, Verdict::Burning(warroom::severity::Severity::P1)),
        (1, 1.0, 0.999_991_666, 0.983_33, 0.016_67, 0.2, Verdict::Met),
    ] {
        let mut store = Store::default();
        let (mut all, mut bad) = (0.0, 0.0);
        for step in 0..=240 {
            if step > 0 {
                all += 500.0;
                bad += if step > 240 - bad_minutes * 4 { bad_each / 4.0 } else { 0.0 };
            }
            store.append(&series("all_total", "a"), at(step * 15), all);
            store.append(&series("bad_total", "a"), at(step * 15), bad);
        }
        let (_, told) = assess(&simple(""), &mut store, at(3600));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-4 * b.abs().max(1.0);
        assert_eq!(told.counts.total, 120_000.0);
        assert!(near(told.sli.unwrap(), sli), "{:?}", told.sli);
        assert!(near(told.budget.unwrap().remaining, remaining), "{:?}", told.budget);
        assert!(near(told.budget.unwrap().seconds, 1296.0), "21.6 min");
        let burn = |secs| told.burn(Duration::from_secs(secs)).unwrap().rate.unwrap();
        assert!(near(burn(3600), hour), "{}", burn(3600));
        assert!(near(burn(300), five), "{}", burn(300));
        assert_eq!(told.verdict, verdict, "{bad_minutes} {bad_each}");
        assert!(told.coverage.is_partial());
        assert_eq!(told.coverage.text(), "1h of 30d");
        assert_eq!(told.estimated, None);
    }
}

#[test]
fn no_traffic_unknown_and_absent_are_three_things() {
    let slo = simple("");
    let mut store = Store::default();
    let (_, told) = assess(&slo, &mut store, at(0));
    assert_eq!((told.verdict, told.sli, told.exhaustion), (Verdict::Unknown, None, Exhaustion::Unknown));
    for step in 0..=20 {
        store.append(&series("all_total", "a"), at(step * 15), 7.0);
    }
    let (_, told) = assess(&slo, &mut store, at(300));
    assert_eq!((told.verdict, told.sli, told.budget), (Verdict::NoTraffic, None, None));
    assert_eq!(told.coverage.observed, Duration::from_secs(300));
    assert_eq!(told.lifetime.unwrap().total, 7.0, "what was counted before is a figure of its own");
}

#[test]
fn series_and_alerts_speak_of_the_same_windows() {
    let slo = simple("");
    let mut store = Store::default();
    for step in 0..=240 {
        store.append(&series("all_total", "a"), at(step * 15), step as f64 * 100.0);
        store.append(&series("bad_total", "a"), at(step * 15), step as f64 * 2.0);
    }
    let (mut book, _) = assess(&slo, &mut store, at(3600));
    let specs = alerts(&slo);
    assert_eq!(specs.len(), 5, "four rows and the budget");
    let fires = |store: &Store, now| -> Vec<bool> {
        let eval = |text: &str| {
            let expr = warroom::promql::parse(text).unwrap();
            warroom::promql::eval(store, &expr, now, &warroom::promql::Options::default()).unwrap().value
        };
        let hit = |value: &warroom::promql::Value| matches!(value, warroom::promql::Value::Vector(points) if !points.is_empty());
        specs.iter().map(|spec| hit(&eval(&spec.expr))).collect()
    };
    assert_eq!(fires(&store, at(3600)), [true, true, true, true, true], "2 % is a burn of 40");
    let rows = book.assessments()[0].firing().count();
    assert_eq!(rows, 4);
    // An hour without any poll: the figures of short windows end, and do not linger.
    round(&mut book, &mut store, at(7200 + 600));
    assert_eq!(fires(&store, at(7200 + 600)), [false, false, true, true, true]);
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(
        names,
        ["SloBudgetBurn", "SloBudgetBurn", "SloBudgetBurn", "SloBudgetBurn", "SloBudgetExhausted"]
    );
}

#[test]
fn a_counter_that_is_reset_born_or_restarted_is_counted_exactly() {
    let start = |value: f64| (value, "process_start_time_seconds");
    let t0 = at(0).seconds();
    // Samples of bad_total every 15 s (NaN: none), start times, expected bad events.
    for (what, bad, starts, expected) in [
        ("plain", vec![5.0, 7.0, 9.0], vec![], 4.0),
        ("reset", vec![5.0, 7.0, 2.0], vec![], 4.0),
        ("to zero", vec![5.0, 0.0, 0.0], vec![], 0.0),
        ("gap", vec![5.0, f64::NAN, 9.0], vec![], 4.0),
        ("born", vec![f64::NAN, 3.0, 4.0], vec![], 4.0),
        ("there from the start", vec![3.0, 3.0, 4.0], vec![], 1.0),
        (
            "restart that overtakes",
            vec![1.0, 1.0, 3.0],
            vec![start(t0 - 900.0), start(t0 - 900.0), start(t0 + 20.0)],
            3.0,
        ),
        ("start as before", vec![1.0, 1.0, 3.0], vec![start(t0 - 900.0); 3], 2.0),
        (
            "workers in turn",
            vec![1.0, 2.0, 3.0],
            vec![start(t0 - 900.0), start(t0 - 950.0), start(t0 - 900.0)],
            2.0,
        ),
    ] {
        let mut store = Store::default();
        let kin = Labels::metric("bad_total", [("job", "shop"), ("instance", "a"), ("route", "/other")]);
        for (step, value) in bad.iter().enumerate() {
            let now = at(step as i64 * 15);
            store.append(&series("all_total", "a"), now, 1000.0 * step as f64);
            store.append(&kin, now, 0.0);
            if let Some((value, name)) = starts.get(step) {
                store.append(&series(name, "a"), now, *value);
            }
            if !value.is_nan() {
                store.append(&series("bad_total", "a"), now, *value);
            }
        }
        let (_, told) = assess(&simple(""), &mut store, at(30));
        assert_eq!(told.counts.bad, expected, "{what}");
        // Its other counter was restarted as well, and overtook too.
        let total = if what == "restart that overtakes" { 3000.0 } else { 2000.0 };
        assert_eq!(told.counts.total, total, "{what}");
    }
}

/// What happens between two scrapes of one of two instances.
#[derive(Clone, Debug)]
enum Happening {
    Traffic { good: u16, bad: u8 },
    Restart { good: u16, bad: u8 },
    NoAnswer,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        8 => (0_u16..500, 0_u8..5).prop_map(|(good, bad)| Happening::Traffic { good, bad }),
        1 => (0_u16..500, 0_u8..5).prop_map(|(good, bad)| Happening::Restart { good, bad }),
        2 => Just(Happening::NoAnswer),
    ];
    prop::collection::vec(one, 10..300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A plain list of events against the account: with resets, gaps, several instances, rounds at odd moments, and
    /// a restart of warroom in the middle.
    #[test]
    fn counts_are_those_of_a_plain_list(
        instances in prop::collection::vec(happenings(), 1..3),
        every in 1_usize..9,
        restart in 0_usize..300,
    ) {
        let slo = simple("window = \"1h\"");
        let mut book = Book::new([Arc::clone(&slo)]);
        let mut store = Store::default();
        let mut saved = Vec::new();
        // (moment of the scrape that shows them, all, bad): what an omniscient clerk would write down.
        let mut events: Vec<(i64, f64, f64)> = Vec::new();
        let mut state = vec![(0.0, 0.0, 0.0, 0.0, false); instances.len()];
        let steps = instances.iter().map(Vec::len).max().unwrap_or(0);
        for step in 0..steps {
            let now = (step as i64 + 1) * 15;
            for (index, list) in instances.iter().enumerate() {
                let Some(happening) = list.get(step) else { continue };
                let (all, bad, pending_all, pending_bad, seen) = &mut state[index];
                match happening {
                    Happening::NoAnswer => continue,
                    Happening::Traffic { good, bad: more } => {
                        *all += f64::from(*good) + f64::from(*more);
                        *bad += f64::from(*more);
                        *pending_all += f64::from(*good) + f64::from(*more);
                        *pending_bad += f64::from(*more);
                    }
                    Happening::Restart { good, bad: more } => {
                        // A reset shows only where the counter falls: begin below what it was.
                        let (new, new_bad) = (f64::from(*good) + f64::from(*more), f64::from(*more));
                        if new < *all && (new_bad < *bad || *bad == 0.0 && new_bad == 0.0) {
                            *pending_all += new;
                            *pending_bad += new_bad;
                            (*all, *bad) = (new, new_bad);
                        }
                    }
                }
                let name = if index == 0 { "a" } else { "b" };
                store.append(&series("all_total", name), at(now), *all);
                store.append(&series("bad_total", name), at(now), *bad);
                if *seen {
                    events.push((now, *pending_all, *pending_bad));
                }
                (*pending_all, *pending_bad, *seen) = (0.0, 0.0, true);
            }
            if step % every == 0 {
                round(&mut book, &mut store, at(now));
                saved.extend(book.unsaved(usize::MAX));
            }
            if step == restart && step % every == 0 {
                // Off and on again: minutes that were not over are lost with the process, so it waits for the end of one.
                if now % 60 == 0 {
                    round(&mut book, &mut store, at(now + 1));
                    saved.extend(book.unsaved(usize::MAX));
                    book = Book::new([Arc::clone(&slo)]);
                    let json = serde_json::to_string(&saved).unwrap();
                    let read: Vec<warroom::slo::Saved> = serde_json::from_str(&json).unwrap();
                    prop_assert_eq!(book.restore(&read), read.len());
                }
            }
        }
        let end = (steps as i64 + 1) * 15;
        round(&mut book, &mut store, at(end));
        let told = &book.assessments()[0];
        // The window begins on a whole minute; growth belongs to the scrape that shows it. Gaps are spread, so the naive
        // list is only asked where the whole of it lies inside the window.
        let from = (end - 3600).div_euclid(60) * 60;
        if from <= 0 {
            let all: f64 = events.iter().map(|event| event.1).sum();
            let bad: f64 = events.iter().map(|event| event.2).sum();
            prop_assert!((told.counts.total - all).abs() <= 1.0, "{} {}", told.counts.total, all);
            prop_assert!((told.counts.bad - bad).abs() <= 1.0, "{} {}", told.counts.bad, bad);
        }
        prop_assert!(told.coverage.observed <= told.coverage.window);
        let seconds: f64 = told.coverage.observed.as_secs_f64();
        let most = instances.iter().map(|list| list.len() as f64 * 15.0).fold(0.0, f64::max);
        prop_assert!(seconds <= most);
    }
}

#[test]
fn counters_bridge_the_time_that_warroom_was_off() {
    let slo = simple("");
    let mut store = Store::default();
    for step in 0..=8 {
        store.append(&series("all_total", "a"), at(step * 15), 1000.0 + step as f64 * 100.0);
        store.append(&series("bad_total", "a"), at(step * 15), 10.0);
    }
    let (mut book, before) = assess(&slo, &mut store, at(121));
    assert_eq!((before.counts.total, before.coverage.observed.as_secs()), (800.0, 120));
    let saved = book.unsaved(usize::MAX);
    assert!(book.unsaved(usize::MAX).is_empty(), "only what is new");
    for (what, all, bad, total_then, bad_then, bridged) in
        [("went on", 61_800.0, 70.0, 60_800.0, 60.0, 3480), ("was restarted", 300.0, 3.0, 1_100.0, 3.0, 0)]
    {
        let mut store = Store::default();
        let mut book = Book::new([Arc::clone(&slo)]);
        assert_eq!(book.restore(&saved), 1);
        store.append(&series("all_total", "a"), at(3600), all);
        store.append(&series("bad_total", "a"), at(3600), bad);
        round(&mut book, &mut store, at(3600));
        let told = &book.assessments()[0];
        assert_eq!((told.counts.total.round(), told.counts.bad.round()), (total_then, bad_then), "{what}");
        assert_eq!(told.coverage.bridged.as_secs(), bridged, "{what}");
        if bridged > 0 {
            let half = book.counts("s", at(120), at(120 + 1740)).unwrap();
            assert!((half.total - 30_000.0).abs() < 2.0, "spread evenly: {half:?}");
        } else {
            assert!(told.coverage.observed.as_secs() <= 180, "the gap stays a gap");
        }
    }
    let other = simple("min_events = 5");
    assert_eq!(Book::new([other]).restore(&saved), 1, "settings that count the same events keep the account");
    let other = slo_of("error_ratio = 'x'");
    assert_eq!(Book::new([other]).restore(&saved), 0, "another definition");
}

fn slo_of(sli: &str) -> Arc<Slo> {
    slo(&format!("{SIMPLE}{sli} }}"))
}

#[test]
fn three_lines_are_enough_and_the_policy_on_4xx_is_said() {
    for (rest, expected_bad, note) in [
        ("", "status=~\"5..\"", "4xx count as good, 429 included"),
        (", client_errors = \"429\"", "status=~\"5..|429\"", "but 429 as bad"),
        (", client_errors = \"bad\"", "status=~\"[45]..\"", "4xx count as bad"),
    ] {
        let slo = slo(&format!("slo.s = {{ service = \"shop\", objective = 99.95{rest} }}"));
        let Sli::Counts(terms) = &slo.sli else { panic!("{:?}", slo.sli) };
        let bad: Vec<String> = terms
            .iter()
            .filter(|term| term.bad > 0.0)
            .flat_map(|term| term.counter.selector.matchers.iter().map(ToString::to_string))
            .collect();
        assert!(bad.contains(&expected_bad.to_owned()), "{bad:?}");
        assert!(bad.contains(&"job=\"shop\"".to_owned()), "restricted to the service: {bad:?}");
        assert!(slo.notes.iter().any(|told| told.contains(note)), "{:?}", slo.notes);
    }
    let plan = plan("slo.s = { service = \"shop\", objective = 99 , latency = { threshold = \"250ms\" } }");
    assert!(matches!(&plan.slos[0].sli, Sli::Latency { threshold, .. } if *threshold == 0.25));
    assert!(plan.keeps("http_request_duration_seconds_bucket") && plan.keeps("http_requests_total"));
}

#[test]
fn latency_is_counted_where_a_bucket_ends_and_estimated_elsewhere() {
    for (threshold, bad, estimate) in [
        ("250ms", 100.0, None),
        ("300ms", 84.0, Some("interpolated between 0.25 and 0.5")),
        ("2s", 20.0, Some("all over 0.5 count as bad")),
    ] {
        let slo =
            slo(&format!("{SIMPLE}latency = {{ metric = \"lat_seconds\", threshold = \"{threshold}\" }} }}"));
        let mut store = Store::default();
        for (step, scale) in [(0, 0.0), (1, 1.0)] {
            for (le, count) in [("0.1", 600.0), ("0.25", 900.0), ("0.50", 980.0), ("+Inf", 1000.0)] {
                let labels = series("lat_seconds_bucket", "a").with("le", le);
                store.append(&labels, at(step * 15), count * scale);
            }
        }
        let (_, told) = assess(&slo, &mut store, at(15));
        assert_eq!((told.counts.total, told.counts.bad), (1000.0, bad), "{threshold}");
        match estimate {
            None => assert_eq!(told.estimated, None),
            Some(text) => assert!(
                told.estimated.as_ref().is_some_and(|told| told.contains(text)),
                "{:?}",
                told.estimated
            ),
        }
    }
}

#[test]
fn slices_and_ratios_are_sampled_and_called_estimates() {
    let slices = slo_of("probe = { poll = \"health\", slice = \"1m\" }");
    let ratio = slo_of("error_ratio = 'max(my_ratio)'");
    let rates =
        slo_of("error = 'sum(irate(bad_total[{{.window}}]))', total = 'sum(irate(all_total[{{.window}}]))'");
    let mut store = Store::default();
    for step in 0..=40 {
        let now = at(step * 15);
        let probe =
            Labels::metric("probe_success", [("service", "shop"), ("instance", "a"), ("probe", "health")]);
        store.append(&probe, now, if step == 6 { 0.0 } else { 1.0 });
        store.append(&series("my_ratio", "a"), now, 0.25);
        store.append(&series("all_total", "a"), now, step as f64 * 150.0);
        store.append(&series("bad_total", "a"), now, step as f64 * 15.0);
    }
    let mut told = |slo: &Arc<Slo>| {
        let (_, told) = assess(slo, &mut store, at(600));
        assert!(told.estimated.is_some(), "{}", slo.name);
        (told.counts.total.round(), (told.counts.bad * 1000.0).round() / 1000.0)
    };
    assert_eq!(told(&slices), (11.0, 1.0));
    assert_eq!(told(&ratio), (11.0, 2.75));
    assert_eq!(told(&rates), (6000.0, 600.0));
}

#[test]
fn what_was_sampled_before_a_restart_is_not_counted_once_more() {
    let mut store = Store::default();
    for step in 0..=44 {
        let now = at(step * 15);
        let probe =
            Labels::metric("probe_success", [("service", "shop"), ("instance", "a"), ("probe", "health")]);
        store.append(&probe, now, if step == 6 { 0.0 } else { 1.0 });
        store.append(&series("my_ratio", "a"), now, 0.25);
    }
    for sli in ["probe = { poll = \"health\", slice = \"1m\" }", "error_ratio = 'max(my_ratio)'"] {
        let slo = slo_of(sli);
        let (mut book, before) = assess(&slo, &mut store, at(615));
        let mut again = Book::new([Arc::clone(&slo)]);
        assert_eq!(again.restore(&book.unsaved(usize::MAX)), 1);
        // The samples of the time before are known again: history gave them back.
        round(&mut again, &mut store, at(630));
        assert_eq!(again.assessments()[0].counts, before.counts, "{sli}");
        round(&mut again, &mut store, at(660));
        let grown = again.assessments()[0].counts.total - before.counts.total;
        assert!((grown - 1.0).abs() < 1e-9, "{sli}: the next minute counts: {grown}");
    }
}

#[test]
fn maintenance_does_not_count() {
    let slo = simple("maintenance = [\"2026-01-01T00:10:00Z - 2026-01-01T00:20:00Z\"]");
    let mut store = Store::default();
    for step in 0..=120 {
        let bad = (step - 40_i64).clamp(0, 40) as f64 * 10.0;
        store.append(&series("all_total", "a"), at(step * 15), step as f64 * 100.0);
        store.append(&series("bad_total", "a"), at(step * 15), bad);
    }
    let (_, told) = assess(&slo, &mut store, at(1800));
    assert_eq!((told.counts.total, told.counts.bad), (8000.0, 0.0));
    assert_eq!(told.coverage.observed, Duration::from_secs(1200));
}

#[test]
fn a_calendars_budget_is_that_of_the_whole_period() {
    let slo = simple("window = \"week\", zone = \"UTC\"");
    let mut store = Store::default();
    // 1 January 2026 is a Thursday: 3 days of 7 have passed.
    for step in 0..=240 {
        store.append(&series("all_total", "a"), at(step * 15), step as f64 * 500.0);
        store.append(&series("bad_total", "a"), at(step * 15), step as f64 * 0.25);
    }
    let (book, told) = assess(&slo, &mut store, at(3600));
    let passed = (3.0 * 24.0 + 1.0) / 168.0;
    let budget = told.budget.unwrap();
    assert!(
        (budget.remaining - (1.0 - passed)).abs() < 1e-9,
        "a burn of 1 spends what has passed: {budget:?}"
    );
    assert!((budget.seconds - 7.0 * 86_400.0 * 0.0005).abs() < 1e-6);
    let course = book.course("s", 20);
    assert!((course.last().unwrap().1 - budget.remaining).abs() < 1e-9);
    assert!(course.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1));
}

#[test]
fn rows_that_cannot_fire_are_refused_with_a_remedy() {
    let own = |row: &str| told(&format!("{SIMPLE}rows = {{ r = {{ {row} }} }} }}"));
    for (row, expected) in [
        ("long = \"1h\", short = \"5m\", factor = 2000", "can never fire"),
        ("long = \"1h\", short = \"1h\", factor = 2", "short < long"),
        ("long = \"90s\", short = \"1m\", factor = 2", "whole minutes"),
        ("long = \"1h\", short = \"5m\", factor = 0", "not above 0"),
    ] {
        let problems = own(row);
        assert!(
            problems.iter().any(|told| told.contains(expected) && told.contains("; ")),
            "{row}: {problems:?}"
        );
    }
    let problems =
        told("slo.s = { service = \"shop\", objective = 90, latency = { threshold = \"250ms\" } }");
    assert!(problems.iter().any(|told| told.contains("can never fire: 14.4 times")), "{problems:?}");
    let kept = slo("slo.s = { service = \"shop\", objective = 90, latency = { threshold = \"250ms\" } }");
    assert_eq!(kept.rows.len(), 3, "the others stand");
}

const SLOTH: &str = r#"
version: "prometheus/v1"
service: "shop"
slos:
  - name: "requests"
    objective: 99.9
    description: "Answers that are no server errors."
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="shop",code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="shop"}[{{.window}}]))
    alerting:
      page_alert: { disable: true }
  - name: ratio
    objective: 99
    sli:
      raw:
        error_ratio_query: 1 - sum(rate(good_total[{{.window}}])) / sum(rate(all_total[{{.window}}]))
    alerting: { page_alert: { disable: true }, ticket_alert: { disable: true } }
"#;

const OPENSLO: &str = r#"
apiVersion: openslo/v1
kind: SLI
metadata: { name: answered }
spec:
  ratioMetric:
    counter: true
    good: { metricSource: { type: Prometheus, spec: { query: 'sum(http_requests_total{code!~"5.."})' } } }
    total: { metricSource: { type: Prometheus, spec: { query: 'sum(http_requests_total)' } } }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: shop-answers, displayName: The shop answers }
spec:
  service: shop
  indicatorRef: answered
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar: { startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin }
  budgetingMethod: Occurrences
  objectives:
    - target: 0.995
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: queue }
spec:
  service: shop
  indicator:
    metadata: { name: depth }
    spec:
      thresholdMetric: { metricSource: { type: Prometheus, spec: { query: 'max(queue_depth)' } } }
  timeWindow: [{ duration: 28d, isRolling: true }]
  budgetingMethod: Timeslices
  objectives:
    - { displayName: calm, op: lte, value: 100, targetPercent: 99, timeSliceWindow: 5m }
    - { displayName: sane, op: lt, value: 1000, targetPercent: 99.9, timeSliceWindow: 5m }
"#;

fn with_files(texts: &[(&str, &str)]) -> Result<Plan, Vec<String>> {
    let mut config = config("");
    config.slo_sources = texts
        .iter()
        .map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect();
    Plan::compile(&config, 1).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn files_of_sloth_and_openslo_are_read() {
    let plan = with_files(&[("a.yml", SLOTH), ("b.yml", OPENSLO)]).unwrap();
    let told: Vec<String> = plan
        .slos
        .iter()
        .map(|slo| {
            let kind = match &slo.sli {
                Sli::Counts(terms) => format!("counts of {}", terms.len()),
                Sli::Latency { .. } => "latency".to_owned(),
                Sli::Rates { .. } => "rates".to_owned(),
                Sli::Slices { expr, .. } => format!("slices {}", expr.text()),
            };
            format!("{} {} {} {kind}, {} rows", slo.name, slo.objective, slo.window.text(), slo.rows.len())
        })
        .collect();
    assert_eq!(
        told,
        [
            "queue-calm 0.99 28d slices (max(queue_depth{job=\"shop\"})) <= bool 100, 4 rows",
            "queue-sane 0.999 28d slices (max(queue_depth{job=\"shop\"})) < bool 1000, 4 rows",
            "shop-answers 0.995 month (Europe/Berlin) counts of 2, 4 rows",
            "shop-ratio 0.99 30d counts of 2, 0 rows",
            "shop-requests 0.999 30d counts of 2, 2 rows",
        ]
    );
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line() {
    for (text, expected) in [
        ("a: [", "x.yml:1"),
        ("version: prometheus/v1\nservice: s\nslos: []\n", "slos: is missing or empty"),
        ("foo: bar\n", "neither sloth's prometheus/v1 nor OpenSLO"),
        (
            "version: prometheus/v1\nservice: s\nslos:\n  - name: a\n    objective: 99\n    sli: { plugin: { id: x } }\n",
            "x.yml:6",
        ),
        (
            "version: prometheus/v1\nservice: s\nslos:\n  - name: a\n    objective: 101\n    sli:\n      raw:\n        error_ratio_query: x\n",
            "x.yml:5",
        ),
        (
            "version: prometheus/v1\nservice: s\nslos:\n  - name: a\n    objective: 99\n    sli:\n      raw:\n        error_ratio_query: sum(\n",
            "x.yml:8",
        ),
        ("apiVersion: openslo/v2\nkind: SLO\n", "is not read"),
        (
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: { name: a }\nspec: { indicatorRef: b }\n",
            "not in this file",
        ),
    ] {
        let problems = with_files(&[("x.yml", text)]).map(|_| ()).unwrap_err();
        assert!(problems.iter().any(|told| told.contains(expected)), "{text}: {problems:?}");
    }
    let twice = with_files(&[("a.yml", SLOTH), ("b.yml", SLOTH)]).map(|_| ()).unwrap_err();
    assert!(twice.iter().all(|told| told.contains("is there twice")), "{twice:?}");
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(text in "(version: prometheus/v1\n|slos:\n|  - name: [a-z]{0,3}\n|apiVersion: openslo/v1\n|kind: SLO\n|spec: .{0,20}\n|---\n|[ -~]{0,30}\n){0,12}") {
        let _ = warroom::slo::read::sloth(&text);
        let _ = warroom::slo::read::openslo(&text);
    }
}
