//! What is told of a fleet that is made up, and what is not told again.

use super::*;
use crate::config::{self, Source};
use crate::event::{Event, What};
use crate::model::rows::{BreakerRow, Reason};
use crate::plan::Plan;
use crate::target::{Breaker, BreakerState};
use crate::text::Clean;
use crate::update::update;

const CONFIG: &str = "schema = 1\n[service.alpha]\ninstances = [\"http://10.0.0.1\"]\npreset = \"health-json\"\n\
                      [service.beta]\ninstances = [\"http://10.0.0.2\"]\npreset = \"health-json\"\n";

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_763_720_000_000) + Duration::from_secs(second)
}

fn model() -> Model {
    let source = Source { name: "test.toml".to_owned(), text: CONFIG.to_owned() };
    let config = config::load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let plan = Plan::compile(&config, 1).unwrap_or_else(|problems| panic!("{problems:?}"));
    Model::new(Arc::new(plan), at(0), true)
}

/// Puts a service into a state at a second.
fn put(model: &mut Model, second: u64, name: &str, state: State, reason: &str) {
    model.now = at(second);
    let fleet = Arc::make_mut(&mut model.fleet);
    let row = fleet.services.iter_mut().find(|row| *row.name == *name).unwrap();
    row.state = state;
    row.since = Some(at(second));
    row.reasons.clear();
    if !reason.is_empty() {
        row.reasons.push(Reason { state, text: reason.to_owned() });
    }
}

fn breaker(model: &mut Model, state: BreakerState) {
    let fleet = Arc::make_mut(&mut model.fleet);
    let seen = Breaker { name: Clean::new("cards"), state, failures: None, calls: None, success_ratio: None };
    fleet.services[0].breakers = vec![BreakerRow { seen, origin: "a:1".into(), at: model.now }];
}

#[test]
fn a_summary_first_and_then_each_change_once() {
    let (mut model, mut narrator) = (model(), Narrator::default());
    put(&mut model, 1, "alpha", State::Up, "");
    put(&mut model, 1, "beta", State::Down, "HTTP 503");
    assert_eq!(
        narrator.begin(&model),
        [
            "10:13:21 warroom, 2025-11-21, times in UTC: 1 down, 1 up; no incident is open",
            "10:13:21 beta DOWN since 10:13:21: HTTP 503",
            "10:13:21 changes follow, a line each",
        ]
    );
    let none: [&str; 0] = [];
    assert_eq!(narrator.changes(&model), none, "nothing has changed");
    put(&mut model, 66, "beta", State::Up, "");
    put(&mut model, 66, "alpha", State::Degraded, "p95 2s (> 1s)");
    assert_eq!(
        narrator.changes(&model),
        ["10:14:26 alpha DEGRADED: p95 2s (> 1s) (was up for 1m5s)", "10:14:26 beta UP (was down for 1m5s)"]
    );
    // Figures within a reason move all the time: that is no change of state.
    put(&mut model, 67, "alpha", State::Degraded, "p95 3s (> 1s)");
    assert_eq!(narrator.changes(&model), none);
    breaker(&mut model, BreakerState::Closed);
    assert_eq!(narrator.changes(&model), none, "closed when first seen is no news");
    breaker(&mut model, BreakerState::Open);
    assert_eq!(narrator.changes(&model), ["10:14:27 alpha breaker cards OPEN (was closed)"]);
    breaker(&mut model, BreakerState::Open);
    assert_eq!(narrator.changes(&model), none);
    let link = What::Link(Some((at(68), Clean::new("no route to host"))));
    update(&mut model, Event { at: at(68), what: link });
    assert_eq!(narrator.changes(&model), ["10:14:28 YOUR LINK IS DOWN: no route to host"]);
    update(&mut model, Event { at: at(70), what: What::Link(None) });
    assert_eq!(narrator.changes(&model), ["10:14:30 your link works again"]);
}

#[test]
fn a_flood_is_told_slowly_and_what_has_changed_back_is_not_told() {
    let (mut model, mut narrator) = (model(), Narrator::default());
    put(&mut model, 0, "alpha", State::Up, "");
    put(&mut model, 0, "beta", State::Up, "");
    narrator.begin(&model);
    let mut told = 0;
    for turn in 0..100 {
        let state = if turn % 2 == 0 { State::Down } else { State::Up };
        put(&mut model, 1, "alpha", state, "");
        told += narrator.changes(&model).len();
    }
    assert!((20..=22).contains(&told), "a burst, and no more: {told}");
    assert!(narrator.due(at(1)).is_some_and(|due| due > at(1) && due <= at(2)));
    put(&mut model, 1, "alpha", State::Down, "");
    assert_eq!(narrator.changes(&model).len(), 0, "it waits");
    put(&mut model, 3, "alpha", State::Down, "");
    let later = narrator.changes(&model);
    let now = State::Down.word().to_uppercase();
    // Whatever was said last: it is told at most once, and only if it differs from that.
    assert!(later.len() <= 1 && later.iter().all(|line| line.contains(&now)), "{later:?}");
}

#[test]
fn budgets_are_told_at_their_limits_and_not_at_each_turn() {
    let (mut model, mut narrator) = (model(), Narrator::default());
    let row = |left: f64| crate::model::slos::SloRow {
        name: "orders".into(),
        left: Some(left),
        exhaustion: "3h".to_owned(),
        ..Default::default()
    };
    model.slos.rows = vec![row(0.9)];
    narrator.begin(&model);
    for (left, expected) in [
        (0.51, None),
        (0.49, Some("10:13:20 orders budget BELOW 50%: 49% left, ends in 3h")),
        (0.505, None),
        (0.53, Some("10:13:20 orders budget above 50% again: 53% left, ends in 3h")),
        (0.09, Some("10:13:20 orders budget BELOW 10%: 9% left, ends in 3h")),
        (-0.5, Some("10:13:20 orders budget OVER: 3h")),
        (-3.0, None),
        (f64::NAN, None),
    ] {
        model.slos.rows = vec![row(left)];
        let told = narrator.changes(&model);
        assert_eq!(told.first().map(String::as_str), expected, "{left}");
        assert!(told.len() <= 1, "{told:?}");
    }
}

#[test]
fn lines_from_outside_are_harmless_and_not_endless() {
    let (mut model, mut narrator) = (model(), Narrator::default());
    put(&mut model, 1, "alpha", State::Down, &format!("\u{1b}[2J\n\u{202e}{}", "x".repeat(5_000)));
    for line in narrator.begin(&model) {
        assert!(!line.chars().any(char::is_control) && line.chars().count() <= LONGEST + 3, "{line:?}");
    }
}
