//! Incidents, objectives and explanations on the screen, in simulated time: keys in; pictures, journal lines and
//! sentences out.

#[path = "support/sim.rs"]
mod sim;

use sim::{Sim, dark, mono};
use std::sync::Arc;
use std::time::Duration;
use warroom::demo::Scenario;
use warroom::event::{Effect, What};
use warroom::incident::{Alarm, ServiceFacts};
use warroom::journal::Who;
use warroom::labels::Labels;
use warroom::model::ui::Screen;
use warroom::rules::{Alert, AlertState, Origin};
use warroom::severity::Severity;
use warroom::target::Failure;
use warroom::target::health::State;
use warroom::text::Clean;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// What each screen is called, and the keys that lead there from the overview.
const SCREENS: [(&str, &str); 6] = [
    ("strip", ""),
    ("promises", "enter"),
    ("slos", "5"),
    ("explain", "5 x"),
    ("incidents", "6"),
    ("incident", "6 enter"),
];

/// The story while its first trouble is at its worst: checkout burns its budget.
fn burning() -> Sim {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(120, 40));
    sim.model.who = Who { user: Clean::new("ada"), host: Clean::new("desk"), ..Who::default() };
    sim.run_to(50);
    sim
}

fn overview(sim: &mut Sim) {
    sim.press("esc esc esc esc 1");
    sim.model.ui.message = None;
}

/// Presses keys; what follows a `=` is typed as it stands.
fn press(sim: &mut Sim, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for part in keys.split('|') {
        match part.strip_prefix('=') {
            Some(text) => {
                for letter in text.chars() {
                    let key = if letter == ' ' { "space".to_owned() } else { letter.to_string() };
                    effects.extend(sim.press(&key));
                }
            }
            None => effects.extend(sim.press(part)),
        }
    }
    effects
}

/// What the operator is told.
fn said(sim: &Sim) -> String {
    sim.model.ui.message.as_ref().map(|message| message.text.clone()).unwrap_or_default()
}

/// What goes to the journal, and that the same is told to whoever is to be told.
fn journal(effects: &[Effect]) -> Vec<String> {
    let mut written = Vec::new();
    let mut told = Vec::new();
    for effect in effects {
        match effect {
            Effect::Journal(entries) => written.extend(entries.iter().map(|entry| entry.action.clone())),
            Effect::Tell(changes) => {
                told.extend(changes.iter().map(|change| format!("incident.{}", change.what.word())));
            }
            _ => {}
        }
    }
    assert_eq!(written, told, "what is written is told, and the reverse");
    written
}

#[test]
fn every_screen_at_every_size() {
    let mut sim = burning();
    for (name, keys) in SCREENS {
        overview(&mut sim);
        sim.press(keys);
        for (width, height) in SIZES {
            let screen = sim.screen(width, height, &dark());
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        }
    }
}

#[test]
fn without_colour_and_without_unicode_the_same_is_said() {
    let mut sim = burning();
    for (name, keys) in SCREENS {
        overview(&mut sim);
        sim.press(keys);
        for (width, height) in SIZES {
            let plain = sim.screen(width, height, &mono(false));
            assert_eq!(plain, sim.screen(width, height, &dark()), "{name}: a theme changes colours only");
            let ascii = sim.screen(width, height, &mono(true));
            assert!(ascii.is_ascii(), "{name}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
        }
    }
}

#[test]
fn no_size_panics_or_draws_outside_its_cells() {
    let mut sim = burning();
    for (_, keys) in SCREENS {
        overview(&mut sim);
        sim.press(keys);
        for width in [0, 1, 2, 9, 20, 39, 40, 79, 99, 149, 150, 500] {
            for height in [0, 1, 2, 3, 4, 7, 8, 13, 24, 60] {
                sim.buffer(width, height, &dark());
                // Paging asks for the same areas.
                sim.press("ctrl-d ctrl-u");
            }
        }
    }
}

/// What a person does: (keys from the overview, what is written, words of what is said).
#[test]
fn acts() {
    let mut sim = burning();
    let id = sim.model.worst_incident("checkout").map(|it| it.id.to_string()).unwrap_or_default();
    assert!(!id.is_empty(), "checkout has an open incident");
    for (keys, written, words) in [
        ("A", "acknowledged", "P1 checkout: acknowledged"),
        ("A", "unacknowledged", "not acknowledged any more"),
        ("6 A", "acknowledged", "acknowledged"),
        (":ack enter", "", "acknowledged"),
        ("6 enter A", "unacknowledged", "not acknowledged"),
        (":unack enter", "", "not acknowledged"),
        ("enter|A", "acknowledged", "acknowledged"),
        ("5 A", "unacknowledged", "not acknowledged"),
        ("2|/checkout enter A", "acknowledged", "acknowledged"),
        ("m|=payments is slow|enter", "noted", "payments is slow"),
        ("m|=half a note|esc", "", ""),
        ("m enter", "", "must not be empty"),
        ("|=:note by the line|enter", "noted", "by the line"),
        ("|=:assign me|enter", "assigned", "assigned to"),
        ("|=:assign nobody|enter", "assigned", "nobody"),
        ("|=:assign|enter", "", "to whom"),
        ("|=:severity P0 payments are lost|enter", "graded", "P1 -> P0: payments are lost"),
        ("|=:severity P0|enter", "", "P0"),
        ("|=:severity|enter", "", "which severity"),
        ("|=:severity P9 why|enter", "", "P9"),
        ("|=:mitigated rolled back|enter", "mitigated", "mitigated: rolled back"),
        ("|=:mitigated|enter", "", "mitigated"),
        ("|=:snooze 1h|enter", "snoozed", "snoozed until"),
        ("|=:snooze|enter", "", "how long"),
        ("|=:snooze 9d|enter", "", "within"),
        ("|=:snooze soon|enter", "", "soon"),
        ("|=:unsnooze|enter", "unsnoozed", "not snoozed"),
        ("|=:unsnooze|enter", "", "not snoozed"),
        ("|=:resolve|enter", "", "must not be empty"),
        ("|=:ack INC-nonsense|enter", "", "no incident"),
        ("|=:incident INC-nonsense|enter", "", "no incident"),
        ("|/accounts enter A", "", "accounts has no open incident"),
        ("3 esc A", "", "no incident is selected"),
        ("|=:resolve it was the cache|enter", "resolved", "resolved: it was the cache"),
        ("A", "", "checkout has no open incident"),
    ] {
        overview(&mut sim);
        sim.press("g");
        let effects = press(&mut sim, keys);
        let wanted: Vec<String> = written.split_whitespace().map(|word| format!("incident.{word}")).collect();
        assert_eq!(journal(&effects), wanted, "{keys}: {}", said(&sim));
        assert!(said(&sim).contains(words), "{keys}: {}", said(&sim));
        sim.press("esc");
        sim.model.ui.overview.filter.clear();
        sim.model.ui.targets.filter.clear();
    }
}

#[test]
fn every_act_has_an_id_of_its_own() {
    let mut sim = burning();
    let effects = press(&mut sim, "A|A|A|m|=one|enter|m|=one|enter");
    let mut ids: Vec<&str> = Vec::new();
    for effect in &effects {
        if let Effect::Journal(entries) = effect {
            ids.extend(entries.iter().map(|entry| entry.event_id.as_str()));
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((count, ids.len()), (5, 5), "in one second: {ids:?}");
}

#[test]
fn a_note_is_for_the_incident_it_was_begun_for() {
    let mut sim = burning();
    assert!(sim.model.incidents.open().len() > 1, "two are open");
    let first = Arc::clone(&sim.model.incidents.open()[0].id);
    press(&mut sim, "6|m|=for the first");
    // The selection goes elsewhere while the line is open.
    let other = Arc::clone(&sim.model.incidents.open()[1].id);
    sim.model.ui.incidents.selected = Some(warroom::model::ui::RowKey::Incident(other));
    sim.press("enter");
    let it = sim.model.incidents.get(&first).map(|it| it.timeline.last().map(|item| item.text.clone()));
    assert_eq!(it, Some(Some("for the first".to_owned())));
}

/// Notices: (keys, words of the text).
#[test]
fn notices_go_to_the_clipboard() {
    let mut sim = burning();
    for (keys, words) in [
        ("|=:notice|enter", "checkout"),
        ("|=:notice opened|enter", "P1"),
        ("|=:notice progress|enter", "checkout"),
        ("|=:notice resolved|enter", "checkout"),
        ("6 y n", "checkout"),
        ("6 enter y n", "checkout"),
    ] {
        overview(&mut sim);
        sim.press("g");
        let effects = press(&mut sim, keys);
        let copied = effects.iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text.as_str()),
            _ => None,
        });
        assert!(copied.is_some_and(|text| text.contains(words)), "{keys}: {copied:?}");
        assert!(said(&sim).starts_with("sent to the terminal's clipboard: "), "{keys}: {}", said(&sim));
    }
    overview(&mut sim);
    assert!(press(&mut sim, "|=:notice bogus|enter").iter().all(|effect| !matches!(effect, Effect::Copy(_))));
    assert!(said(&sim).contains("opened, progress and resolved"), "{}", said(&sim));
}

/// Where keys lead: (keys from the overview, screen, is an explanation open).
#[test]
fn screens() {
    let mut sim = burning();
    let worst = Arc::clone(&sim.model.incidents.open()[0].id);
    let checkout = Screen::Service("checkout".into());
    for (keys, screen, explained) in [
        ("5", Screen::Slos, false),
        ("5 enter", checkout.clone(), false),
        ("5 enter esc", Screen::Slos, false),
        ("6", Screen::Incidents, false),
        ("6 enter", Screen::Incident(Arc::clone(&worst)), false),
        ("6 enter j k ctrl-d G g", Screen::Incident(Arc::clone(&worst)), false),
        ("6 enter esc", Screen::Incidents, false),
        ("x", Screen::Overview, true),
        ("x x", Screen::Overview, false),
        ("x esc", Screen::Overview, false),
        ("x j k", Screen::Overview, true),
        ("x q", Screen::Overview, false),
        ("5 x", Screen::Slos, true),
        ("5 x esc", Screen::Slos, false),
        ("5 x 6", Screen::Slos, false),
        ("2 x", Screen::Targets, true),
        ("6 x", Screen::Incidents, true),
        ("6 enter x", Screen::Incident(Arc::clone(&worst)), true),
        ("6 enter x esc", Screen::Incident(Arc::clone(&worst)), false),
        ("enter x", checkout.clone(), true),
        ("4 x", Screen::Panels, true),
    ] {
        overview(&mut sim);
        sim.press("g");
        let effects = sim.press(keys);
        assert!(!effects.contains(&Effect::Quit), "{keys}: the key that closes does nothing else");
        assert_eq!(sim.model.ui.screen, screen, "{keys}");
        assert_eq!(sim.model.ui.explain.is_some(), explained, "{keys}");
    }
    let id = worst.to_string();
    overview(&mut sim);
    press(&mut sim, &format!("|=:incident {id}|enter"));
    assert_eq!(sim.model.ui.screen, Screen::Incident(worst));
    overview(&mut sim);
    press(&mut sim, "|=:snoo|tab|tab|enter");
    assert!(said(&sim).contains("snooze"), "tab completes the words of incidents: {}", said(&sim));
}

/// What an explanation must name: (keys, names of its lines).
#[test]
fn explanations_say_where_numbers_come_from() {
    let mut sim = burning();
    for (keys, title, names) in [
        ("x", "service", &["latency", "errors", "requests", "formula", "inputs", "window", "source"][..]),
        ("5 x", "slo", &["measures", "window", "SLI", "budget", "left", "burn 1h", "age", "source"]),
        ("2 x", "target", &["asks", "every", "answered", "took", "brought", "kept", "state"]),
        ("6 x", "incident", &["severity", "group", "alert", "value", "formula"]),
        ("4 x", "panel", &["formula", "inputs", "range"]),
    ] {
        overview(&mut sim);
        sim.press("g");
        sim.press(keys);
        let explain = sim.model.ui.explain.clone().unwrap_or_default();
        for name in names {
            let found = explain.lines.iter().find(|(known, _)| known == name);
            assert!(found.is_some_and(|(_, text)| !text.is_empty()), "{keys}: {name} in {explain:?}");
        }
        if title == "incident" {
            // Rules of one name are told apart: each alert has the formula of its own.
            let texts = explain.lines.iter().map(|(name, text)| (name.as_str(), text.as_str()));
            let mut slo = None;
            for (name, text) in texts {
                let named =
                    text.split_once("slo=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(slo, _)| slo);
                match name {
                    "alert" => slo = named,
                    "formula" => assert_eq!(named, slo, "{text}"),
                    _ => {}
                }
            }
            assert!(slo.is_some(), "an objective's alert fires");
        }
        insta::assert_snapshot!(format!("explain_{title}_80x24"), sim.screen(80, 24, &dark()));
    }
}

#[test]
fn down_goes_towards_the_newest() {
    let mut sim = burning();
    for number in 0..60 {
        press(&mut sim, &format!("m|=note {number}|enter"));
    }
    sim.press("6 enter");
    let shows = |sim: &mut Sim, text: &str| sim.screen(80, 24, &dark()).contains(text);
    assert!(shows(&mut sim, "note 59 (ada)"), "it opens at the newest");
    sim.press("k k k");
    let screen = sim.screen(80, 24, &dark());
    assert!(!screen.contains("note 59 (ada)") && screen.contains("3 newer below"), "{screen}");
    sim.press("g");
    assert!(shows(&mut sim, "opened as"), "{}", sim.screen(80, 24, &dark()));
    sim.press("G");
    assert!(shows(&mut sim, "note 59 (ada)"));
}

#[test]
fn an_objective_has_one_line_however_many_windows_fire() {
    let mut sim = burning();
    sim.press("6 enter");
    let it = sim.model.incidents.open()[0].clone();
    let alike = it.alerts.iter().filter(|note| note.labels.contains("slo=\"checkout-availability\"")).count();
    assert!(alike > 1, "several windows of one objective fire: {alike}");
    let lines = it.timeline.iter().filter(|item| item.text.contains("99.9% of orders")).count();
    assert_eq!(lines, 1, "{:#?}", it.timeline);
    let distinct = it.distinct();
    let named = |name: &str| distinct.iter().filter(|(note, _)| note.labels.contains(name)).count();
    assert_eq!(named("slo=\"checkout-availability\""), 1);
    let all: usize = distinct.iter().map(|(_, more)| 1 + more).sum();
    assert_eq!(all, it.alerts.len(), "none is lost");
}

#[test]
fn what_has_no_service_is_seen_all_the_same() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(20);
    let now = sim.now();
    let alert = Alert {
        origin: Origin::BuiltIn,
        group: "g".into(),
        name: "Lost".into(),
        labels: Labels::from_pairs([("alertname", "Lost")]),
        annotations: vec![("summary".into(), "nobody knows whose this is".into())],
        state: AlertState::Firing,
        value: 1.0,
        active_at: now,
        fired_at: Some(now),
        resolved_at: None,
        keep_firing_since: None,
    };
    let alarm = Alarm {
        alert: &alert,
        service: None,
        environment: None,
        severity: Severity::P2,
        runbook: None,
        suppressed: false,
        group: "",
    };
    sim.model.incidents.observe(now, std::iter::once(alarm), &[]);
    for keys in ["", "6"] {
        sim.press(keys);
        for (width, height) in SIZES {
            let screen = sim.screen(width, height, &dark());
            assert!(screen.contains("unassigned"), "{keys} {width}x{height}\n{screen}");
        }
    }
}

/// A deploy is told in its column, marked while it is watched, and drawn on the graphs.
#[test]
fn deploys_are_seen() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.happen(What::Resize(200, 60));
    sim.run_to(20);
    let facts = |version: &str| ServiceFacts {
        service: "search".into(),
        versions: vec![("a".into(), Clean::new(version))],
        ..ServiceFacts::default()
    };
    let now = sim.now();
    for (version, second) in [("2.0.0", 12), ("2.0.1", 6)] {
        sim.model.incidents.observe(now - Duration::from_secs(second), std::iter::empty(), &[facts(version)]);
    }
    let row = |sim: &mut Sim| -> String {
        let screen = sim.screen(200, 60, &mono(false));
        screen.lines().find(|line| line.contains(" search ")).unwrap_or_default().to_owned()
    };
    assert!(row(&mut sim).contains("◐ <1m 2.0.1"), "{}", row(&mut sim));
    press(&mut sim, "/search enter enter");
    let service = sim.screen(200, 60, &mono(false));
    assert_eq!(service.matches("2.0.1").count(), 3, "a mark on each figure\n{service}");
    sim.press("esc esc");
    sim.model.now = now + Duration::from_secs(20 * 60);
    assert!(row(&mut sim).contains("  20m 2.0.1"), "{}", row(&mut sim));
}

/// The demo's checkout tells its version in `checkout_build_info` only: its bad deploy stands in the column, on the
/// graphs and in the timeline of the incident that it brought, and is watched for a quarter of an hour.
#[test]
fn a_deploy_is_read_from_metrics() {
    let mut sim = Sim::new(Scenario::BadDeploy).only("checkout");
    sim.happen(What::Resize(200, 60));
    sim.run_to(8);
    assert!(sim.model.incidents.rollout("checkout").is_some_and(|rollout| rollout.last.is_none()));
    sim.run_to(50);
    let deploy = sim.model.incidents.rollout("checkout").and_then(|rollout| rollout.last.clone()).unwrap();
    assert_eq!((deploy.from.as_str(), deploy.to.as_str()), ("2.13.2", "2.14.0"));
    let told = |moment| (moment - sim::BEGAN.millis()) / 1000;
    assert!((12..=16).contains(&told(deploy.at.millis())), "{deploy:?}");
    let screen = sim.screen(200, 60, &mono(false));
    let row = screen.lines().find(|line| line.contains(" checkout ")).unwrap_or_default();
    assert!(row.contains("◐ <1m 2.14.0"), "{row}");
    press(&mut sim, "/checkout enter enter");
    let service = sim.screen(200, 60, &mono(false));
    assert!(service.matches("2.14.0").count() >= 3, "a mark on each figure\n{service}");
    let incident = sim.model.worst_incident("checkout").expect("the bad version opens an incident").clone();
    let timeline: Vec<&str> = incident.timeline.iter().map(|item| item.text.as_str()).collect();
    assert!(timeline.iter().any(|text| text.contains("deploy 2.13.2 -> 2.14.0")), "{timeline:#?}");
    let rollout = sim.model.incidents.rollout("checkout").unwrap();
    let minutes = |n: u64| deploy.at + Duration::from_secs(n * 60);
    assert!(rollout.watched(minutes(14)) && !rollout.watched(minutes(15)));
}

/// A secret that this machine cannot read says nothing about a service: nobody is paged, and it is said once.
#[test]
fn our_own_faults_are_nobodys_outage() {
    const WHY: &str = "cannot read the secret env:SHOP_KEY: the variable is not set";
    let mut sim = Sim::new(Scenario::Steady);
    sim.happen(What::Resize(120, 40));
    sim.run_to(20);
    assert_eq!(sim.state("checkout"), State::Up);
    let mut warned = Vec::new();
    for second in 21..90 {
        let failure = Failure::Secret(Clean::new(WHY));
        for effect in sim.fail("checkout", &failure) {
            warned.extend(if let Effect::Warn(text) = effect { Some(text.to_string()) } else { None });
        }
        assert_eq!(sim.state("checkout"), State::Unknown, "second {second}");
        sim.only = Some("search");
        sim.run_to(second);
    }
    assert_eq!(warned, [WHY], "once, whatever the number of polls");
    assert!(sim.model.worst_incident("checkout").is_none(), "{:?}", sim.model.worst_incident("checkout"));
    press(&mut sim, "/checkout enter enter");
    let service = sim.screen(120, 40, &mono(false));
    assert!(service.contains(WHY), "the reason stands on its screen\n{service}");
    // Once it could be asked, the next time is news.
    sim.only = None;
    sim.run_to(91);
    assert_ne!(sim.state("checkout"), State::Unknown);
    sim.fail("checkout", &Failure::Secret(Clean::new(WHY)));
    assert!(said(&sim).contains(WHY), "{}", said(&sim));
}

/// Moments do not make rows change places: only what a person would call a change does.
#[test]
fn rows_do_not_dance() {
    let mut sim = burning();
    let order = |sim: &mut Sim| -> Vec<String> {
        warroom::model::ui::services(sim.model.shown(), &sim.model.ui.overview)
            .map(|row| row.name.to_string())
            .collect()
    };
    let mut before = order(&mut sim);
    let mut moves = 0;
    for second in 51..101 {
        sim.run_to(second);
        let now = order(&mut sim);
        moves += usize::from(now != before);
        before = now;
    }
    assert_eq!(before.len(), sim.plan.services.len());
    assert!(moves <= 10, "rows changed places {moves} times within 50 seconds");
}
