//! The store against a naive one, and its limits.

use super::*;
use crate::labels::{MatchOp, NAME, accepts_all};
use crate::target::STALE_NAN;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn bits(samples: impl IntoIterator<Item = (Timestamp, f64)>) -> Vec<(i64, u64)> {
    samples.into_iter().map(|s| (s.0.millis(), s.1.to_bits())).collect()
}

fn series(i: usize) -> Labels {
    Labels::metric(&format!("m{}", i % 3), [("i", i.to_string()), ("job", "api".to_owned())])
}

#[test]
fn each_sample_is_judged_and_counted() {
    let mut store = Store::new(Limits { retention: Duration::from_secs(10), max_bytes: usize::MAX });
    let a = Labels::metric("a", [("x", "1")]);
    store.retain_since(at(20_000));
    for (labels, ms, value, expected) in [
        (&a, 9_999, 1.0, Appended::TooOld),
        (&a, 10_000, 1.0, Appended::New),
        (&a, 11_000, STALE_NAN, Appended::Stored),
        (&a, 11_000, STALE_NAN, Appended::Duplicate),
        (&a, 11_000, 2.0, Appended::Duplicate),
        (&a, 10_500, 2.0, Appended::OutOfOrder),
        (&Labels::empty(), 10_000, 2.0, Appended::New),
        (&a, 12_000, 3.0, Appended::Stored),
    ] {
        assert_eq!(store.append(labels, at(ms), value), expected, "{labels} at {ms}");
    }
    let stats = store.stats();
    assert_eq!((stats.series, stats.samples), (2, 4));
    assert_eq!((stats.out_of_order, stats.duplicates, stats.too_old), (1, 2, 1));
    assert_eq!(stats.oldest, Some(at(10_000)));
    let found = store.get(&a).unwrap();
    let stale = found.at(at(11_500), Duration::from_secs(1), Bounds::LeftOpen).unwrap();
    assert_eq!(bits([stale]), [(11_000, STALE_NAN.to_bits())]);
    assert_eq!(found.last(), Some((at(12_000), 3.0)));
}

/// A series whose windows are read keeps more of its samples unpacked: what is read stays the same, at any pace.
#[test]
fn windows_that_are_read_again_and_again_are_right() {
    for (window, jitter) in [(5_000_i64, 0), (30_000, 0), (30_000, 7), (60_000, 3), (200_000, 7)] {
        let (mut store, mut all, labels) = (Store::default(), Vec::new(), series(1));
        let mut now = 0;
        for step in 0..600_i64 {
            now += 1_000 + step * jitter % 13;
            all.push((at(now), (step * step) as f64));
            store.append(&labels, at(now), (step * step) as f64);
            // For a while nobody reads; and now and then somebody reads everything.
            if !(200..300).contains(&step) {
                let from = at(if step % 97 == 0 { 0 } else { now - window });
                let mut read = Vec::new();
                let one = store.get(&labels).unwrap();
                one.range(from, at(now), &mut read);
                let expected: Vec<_> = all.iter().copied().filter(|sample| sample.0 >= from).collect();
                assert_eq!(bits(read), bits(expected), "{window} {jitter} {step}");
                assert_eq!(one.last(), all.last().copied());
            }
        }
        assert_eq!(store.get(&labels).unwrap().len(), all.len());
        assert_eq!(store.get(&labels).unwrap().oldest(), all.first().map(|sample| sample.0));
    }
}

#[test]
fn windows_are_open_or_closed_on_the_left() {
    let mut store = Store::default();
    store.append(&series(0), at(1_000), 1.0);
    let one = store.get(&series(0)).unwrap();
    for (t, bounds, seen) in [
        (1_000, Bounds::LeftOpen, true),
        (5_999, Bounds::LeftOpen, true),
        (6_000, Bounds::LeftOpen, false),
        (6_000, Bounds::LeftClosed, true),
        (6_001, Bounds::LeftClosed, false),
        (999, Bounds::LeftClosed, false),
        (i64::MIN, Bounds::LeftClosed, false),
        (i64::MAX, Bounds::LeftOpen, false),
    ] {
        assert_eq!(one.at(at(t), Duration::from_secs(5), bounds).is_some(), seen, "{t} {bounds:?}");
    }
}

/// Every way to read a series says the same as a plain list.
fn check_series(one: &Series, expected: &[(Timestamp, f64)], from: i64, to: i64) {
    let mut out = vec![(at(7), 7.0)];
    one.range(at(from), at(to), &mut out);
    let inside = expected.iter().copied().filter(|s| s.0.millis() >= from && s.0.millis() <= to);
    assert_eq!(bits(out[1..].iter().copied()), bits(inside), "[{from}, {to}]");
    let rest = expected.iter().copied().filter(|s| s.0.millis() >= from);
    assert_eq!(bits(one.cursor(at(from))), bits(rest), "from {from}");
    let newest = expected.iter().copied().rfind(|s| s.0.millis() <= to);
    let seen = one.at(at(to), Duration::MAX, Bounds::LeftClosed);
    let reach = newest.filter(|s| s.0 >= at(to) - Duration::MAX);
    assert_eq!(bits(seen), bits(reach), "at {to}");
    assert_eq!(bits(one.last()), bits(expected.last().copied()));
    assert_eq!(one.len(), expected.len());
}

fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![30 => Just(15_000_i64), 2 => 1_i64..90_000, 1 => 1_i64..i64::MAX / 4]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => (0_i64..100_000).prop_map(|n| n as f64 / 100.0),
        1 => any::<u64>().prop_map(f64::from_bits),
        1 => Just(STALE_NAN),
    ]
}

/// A place in a list, and how far beside it.
type Pick = (prop::sample::Index, i64);

proptest! {
    #[test]
    fn a_series_reads_as_a_plain_list(
        gaps in proptest::collection::vec(gap(), 1..900),
        start in any::<i64>(),
        values in proptest::collection::vec(value(), 900),
        picks in proptest::collection::vec(
            ((any::<prop::sample::Index>(), -1_i64..=1), (any::<prop::sample::Index>(), -1_i64..=1)), 8),
    ) {
        let mut store = Store::default();
        let mut expected = Vec::new();
        let mut now = start;
        for (gap, value) in gaps.iter().zip(values) {
            prop_assert!(matches!(store.append(&series(0), at(now), value), Appended::New | Appended::Stored));
            expected.push((at(now), value));
            match now.checked_add(*gap) {
                Some(next) => now = next,
                None => break,
            }
        }
        let one = store.get(&series(0)).unwrap();
        check_series(one, &expected, i64::MIN, i64::MAX);
        for (from, to) in picks {
            let pick = |(i, beside): Pick| i.get(&expected).0.millis().saturating_add(beside);
            check_series(one, &expected, pick(from), pick(to));
        }
    }
}

/// A store and what it should hold.
fn filled(rows: &[(u8, u8, u8)]) -> (Store, BTreeMap<String, Labels>) {
    let mut store = Store::default();
    let mut all = BTreeMap::new();
    for (name, a, b) in rows {
        let text = |prefix: &str, n: &u8| if *n == 0 { String::new() } else { format!("{prefix}{n}") };
        let labels = Labels::from_pairs([(NAME, text("m", name)), ("a", text("v", a)), ("b", text("w", b))]);
        store.append(&labels, at(i64::from(*b)), 1.0);
        all.insert(labels.to_string(), labels);
    }
    (store, all)
}

/// What the index finds is what a look at every series finds.
fn check_select(store: &Store, all: &BTreeMap<String, Labels>, matchers: &[Matcher]) {
    let mut found: Vec<String> = store.select(matchers).iter().map(|s| s.labels().to_string()).collect();
    found.sort();
    let expected: Vec<&String> =
        all.iter().filter(|(_, l)| accepts_all(matchers, l)).map(|(text, _)| text).collect();
    assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{matchers:?}");
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let names = vec![NAME, "a", "b", "c"];
    let texts = vec!["", "m1", "m2", "v1", "v3", "w2", "nothing"];
    let patterns = vec!["", ".*", ".+", "v1|v2", "m.", "v[13]?", "w.*|", "x", "v3|v1|v3", "(v1|nothing)"];
    let ops = vec![MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];
    let pick = |list: Vec<&'static str>| prop::sample::select(list);
    (pick(names), prop::sample::select(ops), pick(texts), pick(patterns)).prop_map(
        |(name, op, text, pattern)| {
            let regex = matches!(op, MatchOp::Regex | MatchOp::NotRegex);
            Matcher::new(name, op, if regex { pattern } else { text }).unwrap()
        },
    )
}

proptest! {
    #[test]
    fn select_finds_what_a_scan_finds(
        rows in proptest::collection::vec((0_u8..4, 0_u8..12, 0_u8..4), 0..80),
        queries in proptest::collection::vec(proptest::collection::vec(matcher(), 0..4), 1..12),
    ) {
        let (mut store, mut all) = filled(&rows);
        for matchers in &queries {
            check_select(&store, &all, matchers);
        }
        // The same once more, with dead numbers and, later, with new ones.
        store.limits.retention = Duration::ZERO;
        for now in [1, 3] {
            store.retain_since(at(now));
            let kept = |labels: &Labels| {
                let b = labels.get("b").map_or(0, |b| b[1..].parse::<i64>().unwrap());
                b >= now
            };
            all.retain(|_, labels| kept(labels));
            for matchers in &queries {
                check_select(&store, &all, matchers);
            }
            let mut names: Vec<&str> = all.values().filter_map(Labels::name).collect();
            names.sort_unstable();
            names.dedup();
            prop_assert_eq!(store.metric_names(), names);
            prop_assert_eq!(store.stats().series, all.len());
            for labels in all.values() {
                prop_assert_eq!(store.get(labels).map(Series::labels), Some(labels));
            }
        }
    }

    #[test]
    fn the_cap_holds_after_every_sample_and_the_newest_stay(
        max_bytes in 20_000_usize..200_000, count in 1_usize..60, rounds in 1_i64..400,
    ) {
        let mut store = Store::new(Limits { max_bytes, ..Limits::NONE });
        let all: Vec<Labels> = (0..count).map(series).collect();
        let mut appended = 0_u64;
        for round in 0..rounds {
            for (i, labels) in all.iter().enumerate() {
                // Values that no encoding makes small.
                let value = ((round as u64 * 61 + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)) as f64 / 3.0;
                store.append(labels, at(round * 15_000), value);
                appended += 1;
                prop_assert!(store.stats().bytes <= max_bytes);
            }
        }
        check_figures(&store);
        let stats = store.stats();
        prop_assert_eq!(stats.samples as u64 + stats.dropped_by_cap, appended);
        let newest = store.select(&[]).iter().filter_map(|s| s.last()).map(|s| s.0).max();
        prop_assert_eq!(newest, Some(at((rounds - 1) * 15_000)));
    }

    #[test]
    fn retention_drops_whole_chunks_and_nothing_that_is_young(
        rounds in 1_i64..1500, keep in 1_i64..600, late in 0_i64..1500,
    ) {
        let retention = Duration::from_millis(keep as u64 * 1000);
        let mut store = Store::new(Limits { retention, max_bytes: usize::MAX });
        for round in 0..rounds {
            store.append(&series(0), at(round * 1000), round as f64);
            if round < 50 {
                store.append(&series(1), at(round * 1000), 0.0);
            }
        }
        let now = at((rounds + late) * 1000);
        store.retain_since(now);
        check_figures(&store);
        let floor = now - retention;
        let mut kept = Vec::new();
        if let Some(one) = store.get(&series(0)) {
            one.range(at(i64::MIN), at(i64::MAX), &mut kept);
        }
        let young: Vec<i64> = (0..rounds).map(|r| r * 1000).filter(|ms| *ms >= floor.millis()).collect();
        let too_many = kept.len() - young.len();
        prop_assert!(too_many <= chunk::MOST, "{too_many} samples are past retention");
        let ends: Vec<i64> = kept.iter().skip(too_many).map(|s| s.0.millis()).collect();
        prop_assert_eq!(ends, young);
        let old = (rounds.min(50) - 1) * 1000 < floor.millis();
        prop_assert_eq!(store.get(&series(1)).is_none(), old);
    }
}

/// What is counted while samples come and go is what a recount finds.
fn check_figures(store: &Store) {
    let stats = store.stats();
    let all = store.select(&[]);
    assert_eq!(stats.series, all.len());
    assert_eq!(stats.samples, all.iter().map(|s| s.len()).sum::<usize>());
    assert_eq!(stats.oldest, all.iter().filter_map(|s| s.oldest()).min());
    assert_eq!(store.series_bytes, all.iter().map(|s| s.heap_bytes()).sum::<usize>());
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let mut store = Store::default();
    for i in 0..500 {
        store.append(&series(0), at(i * 1000), i as f64);
    }
    let before = store.snapshot();
    for i in 500..1000 {
        store.append(&series(0), at(i * 1000), i as f64);
        store.append(&series(1), at(i * 1000), i as f64);
    }
    store.limits.retention = Duration::ZERO;
    store.retain_since(at(i64::MAX));
    assert_eq!(store.stats().series, 0);
    let samples: Vec<(Timestamp, f64)> = (0..500).map(|i| (at(i * 1000), i as f64)).collect();
    check_series(before.get(&series(0)).unwrap(), &samples, 100_000, 400_000);
    assert_eq!(before.select(&[]).len(), 1);
    assert!(before.get(&series(1)).is_none());
    assert_eq!(before.version(), 500);
}

#[test]
fn a_name_has_the_version_of_its_last_change() {
    let mut store = Store::new(Limits { retention: Duration::from_secs(5), max_bytes: usize::MAX });
    let (a, b) = (Labels::metric("a", [("x", "1")]), Labels::metric("b", [("x", "1")]));
    store.append(&a, at(0), 1.0);
    store.append(&b, at(9_000), 1.0);
    assert_eq!((store.version(), store.name_version("a"), store.name_version("b")), (2, 1, 2));
    store.append(&b, at(9_000), 1.0);
    assert_eq!(store.version(), 2, "a duplicate changes nothing");
    store.retain_since(at(4_000));
    assert_eq!(store.version(), 2, "nothing was dropped");
    store.retain_since(at(10_000));
    assert_eq!((store.version(), store.name_version("b")), (3, 2));
    assert_eq!(store.name_version("a"), 3, "a name that is gone has changed");
    assert_eq!(store.label_values("x"), ["1"]);
    assert_eq!(store.metric_names(), ["b"]);
}
