//! Looking back in simulated time: keys and lines in; pictures, states and sentences out.

#[path = "support/sim.rs"]
mod sim;

use sim::{BEGAN, Sim, dark};
use std::time::Duration;
use warroom::demo::Scenario;
use warroom::event::{Effect, Recalled, What};
use warroom::model::Model;
use warroom::target::health::State;

/// Does all the work that is due.
fn settle(sim: &mut Sim) {
    while sim.model.has_work() {
        sim.happen(What::Work);
    }
}

fn press(sim: &mut Sim, keys: &str) -> Vec<Effect> {
    let effects = sim.press(keys);
    settle(sim);
    effects
}

/// What the screen says, without what cannot be the same: the head line, what was said, and the keys that work.
fn body(sim: &mut Sim) -> String {
    let screen = sim.screen(160, 48, &dark());
    let lines: Vec<&str> = screen.lines().skip(1).collect();
    lines.get(..lines.len().saturating_sub(1)).unwrap_or_default().join("\n")
}

fn states(model: &Model) -> Vec<(String, State)> {
    model.shown().services.iter().map(|row| (row.name.to_string(), row.state)).collect()
}

fn said(sim: &Sim) -> String {
    let message = sim.model.on_screen().ui.message.as_ref();
    message.map(|message| message.text.clone()).unwrap_or_default()
}

/// Lines that differ, for a message that helps.
fn differing(one: &str, other: &str) -> String {
    let pairs = one.lines().zip(other.lines()).filter(|(a, b)| a != b);
    pairs.fold(String::new(), |all, (a, b)| all + "- " + a + "\n+ " + b + "\n")
}

/// What is known to differ: budgets of the minute that is shown are a share of it; the text of an alert that lasts is the one
/// with which it fired; courses of times need series that the simulated poller does not make; and what runs on how many
/// instances was never kept.
fn may_differ(line: &str) -> bool {
    ["→", "burns", "10.0.0.", "seen", "◐"].iter().any(|part| line.contains(part))
}

/// The screens whose past is compared with what they showed while it was the present.
const SCREENS: [&str; 3] = ["1", "2", "6"];

#[test]
fn what_is_shown_of_the_past_is_what_was_shown_then() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    let mut seen = Vec::new();
    for at in [40, 75, 110] {
        sim.run_to(at);
        let shown: Vec<String> = SCREENS
            .iter()
            .map(|keys| {
                press(&mut sim, keys);
                sim.model.ui.message = None;
                body(&mut sim)
            })
            .collect();
        seen.push((at, shown, states(&sim.model)));
    }
    sim.run_to(150);
    for (at, then, states_then) in &seen {
        press(&mut sim, &format!(":at_-{}s enter", 150 - at));
        assert_eq!(sim.model.on_screen().now, BEGAN + Duration::from_secs(*at));
        assert_eq!(&states(sim.model.on_screen()), states_then, "{at}");
        for (keys, then) in SCREENS.iter().zip(then) {
            press(&mut sim, keys);
            let now = body(&mut sim);
            let known = differing(then, &now).lines().filter(|line| !may_differ(line)).count();
            assert_eq!(known, 0, "{keys:?} at {at}\n{}", differing(then, &now));
        }
    }
    press(&mut sim, "0");
    assert!(sim.model.time.past.is_none());
}

#[test]
fn keys_and_lines_move_the_moment() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(150);
    let past = |sim: &Sim| {
        let past = sim.model.time.past.as_ref();
        past.map(|past| past.model.now.since(BEGAN).as_secs())
    };
    for (keys, at, words) in [
        ("[", Some(90), ""),
        ("[", Some(30), ""),
        ("]", Some(90), ""),
        ("} ", None, ""),
        ("]", None, "this is the present"),
        ("0", None, "this is the present"),
        (":at_-30s enter", Some(120), ""),
        (":at_10:14:00 enter", Some(40), ""),
        (":at_2025-11-21T10:14:20Z enter", Some(60), ""),
        (":at_2025-11-22T10:14:20Z enter", Some(60), "has not come yet"),
        (":at_tomorrow enter", Some(60), "is not a moment"),
        (":at_cursor enter", Some(60), "there is no cursor"),
        (":speed_0 enter", Some(60), "is not a speed"),
        ("0", None, ""),
        ("space", None, ""),
        ("[", Some(90), ""),
        ("0 space", None, ""),
    ] {
        sim.model.ui.message = None;
        if let Some(past) = &mut sim.model.time.past {
            past.model.ui.message = None;
        }
        press(&mut sim, keys);
        assert_eq!(past(&sim), at, "{keys}");
        assert!(
            said(&sim).contains(words) && words.is_empty() == said(&sim).is_empty(),
            "{keys}: {:?}",
            said(&sim)
        );
    }
}

#[test]
fn nothing_can_be_changed_while_the_past_is_shown_and_what_is_live_goes_on() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(100);
    press(&mut sim, "[");
    for keys in [
        "a",
        "A",
        "m",
        "r",
        "b",
        "6 A",
        "6 m",
        ":ack enter",
        ":note_hello enter",
        ":resolve_x enter",
        ":snooze_1h enter",
        ":restart_checkout enter",
        ":reload enter",
        ":assign_me enter",
        ":refresh enter",
        ":mitigated_x enter",
    ] {
        sim.model.time.past.as_mut().unwrap().model.ui.message = None;
        let mut effects = press(&mut sim, keys);
        // That a line was typed may be kept.
        effects.retain(|effect| !matches!(effect, Effect::Typed(_)));
        assert_eq!(effects, [], "{keys}");
        assert!(said(&sim).contains("locked while rewound: 0 goes back"), "{keys}: {}", said(&sim));
        assert!(sim.model.on_screen().acts.over.is_none());
    }
    // Incidents are told and kept while something else is looked at.
    let before = (sim.model.store.stats().samples, sim.model.time.log.entries.len());
    let shown = body(&mut sim);
    sim.run_to(140);
    assert!(sim.model.store.stats().samples > before.0 && sim.model.time.log.entries.len() > before.1);
    sim.model.time.past.as_mut().unwrap().model.ui.message = None;
    let now = body(&mut sim);
    assert_eq!(shown.lines().take(14).collect::<Vec<_>>(), now.lines().take(14).collect::<Vec<_>>());
    press(&mut sim, "0");
    assert_eq!(sim.model.on_screen().now, sim.now());
}

#[test]
fn the_past_runs_is_held_and_catches_up_with_the_present() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(60);
    press(&mut sim, ":at_-40s enter space :speed_10 enter");
    let at = |sim: &Sim| sim.model.on_screen().now.since(BEGAN).as_secs();
    assert_eq!(at(&sim), 20);
    sim.run_to(62);
    assert_eq!(at(&sim), 40);
    let head = sim.screen(160, 48, &dark()).lines().next().unwrap_or_default().to_owned();
    assert!(head.contains("REWOUND 22s x10 to 10:14:00"), "{head}");
    press(&mut sim, "space");
    sim.run_to(64);
    assert_eq!(at(&sim), 40);
    press(&mut sim, "space");
    sim.run_to(67);
    assert!(sim.model.time.past.is_none(), "it has caught up");
}

#[test]
fn an_incident_is_gone_to_by_enter_and_was_not_there_before() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(100);
    let began = sim.model.incidents.open()[0].began;
    press(&mut sim, "6 enter enter");
    assert_eq!(sim.model.on_screen().now, began);
    press(&mut sim, ":at_10:13:25 enter 6");
    assert!(sim.model.on_screen().incidents.open().is_empty());
    press(&mut sim, "0");
    assert!(!sim.model.incidents.open().is_empty());
}

#[test]
fn the_explorers_graph_has_a_cursor() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(90);
    for word in ["3", "u", "p", "enter", "esc"] {
        press(&mut sim, word);
    }
    press(&mut sim, "[ [ [");
    let cursor = sim.model.ui.cursor.unwrap().at;
    assert!(sim.model.time.past.is_none() && cursor < sim.now());
    press(&mut sim, "0");
    assert_eq!(sim.model.ui.cursor, None);
    press(&mut sim, "[ [ :at_cursor enter");
    let shown = sim.model.on_screen();
    assert!(sim.model.time.past.is_some() && shown.now < sim.now());
    assert!(shown.explore.chart.as_ref().is_some_and(|chart| !chart.rows.is_empty()));
}

#[test]
fn what_lies_on_disk_is_said_to_be_read_until_it_is_there() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(60);
    let head = |sim: &mut Sim| sim.screen(160, 48, &dark()).lines().next().unwrap_or_default().to_owned();
    let effects = press(&mut sim, ":at_-3h enter");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Recall { purpose, from, to } => Some((*purpose, *from, *to)),
        _ => None,
    });
    let (purpose, from, to) = asked.expect("the disk is asked");
    let line = head(&mut sim);
    assert!(line.contains("REWOUND 3h") && line.contains(", reading"), "{line}");
    sim.happen(What::Recalled(Recalled::none(purpose, from, to)));
    settle(&mut sim);
    let line = head(&mut sim);
    assert!(line.contains("REWOUND 3h") && !line.contains("reading"), "{line}");
    assert!(said(&sim).contains("no samples of"), "{}", said(&sim));
}

/// Pictures come at even times from where it began to run, however late each of them is: 30 a second stay 30.
#[test]
fn what_waits_are_too_long_does_not_add_up() {
    use warroom::model::past::FRAME;
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(160, 48));
    sim.run_to(60);
    press(&mut sim, "[ space");
    press(&mut sim, ":speed_60 enter");
    let past = sim.model.time.past.as_ref().expect("the past is shown");
    let (since, _) = past.runs.expect("it runs");
    for late in [0_u32, 1, 5, 32] {
        let clock = since + FRAME * 10 + Duration::from_millis(u64::from(late));
        assert_eq!(past.next_tick(clock), Some(since + FRAME * 11), "{late} ms late");
    }
}
