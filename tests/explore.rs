//! The explorer, browsing and panels, in simulated time: keys in, pictures out.

#[path = "support/sim.rs"]
mod sim;

use sim::{Sim, dark, mono, plan_of};
use std::sync::Arc;
use std::time::Duration;
use warroom::demo::Scenario;
use warroom::event::{Browsed, Content, Effect, Event, What};
use warroom::keymap::Chord;
use warroom::model::Model;
use warroom::model::ui::Screen;
use warroom::target::{Failure, Keep, TargetId};
use warroom::update::update;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

#[expect(clippy::unwrap_used, reason = "a test's helper may fail as the test does")]
fn chord(text: &str) -> Chord {
    text.parse().unwrap()
}

/// Types a text letter by letter, then does the work that is due.
fn typed(sim: &mut Sim, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for letter in text.chars() {
        let key = if letter == ' ' { "space".to_owned() } else { letter.to_string() };
        effects.extend(sim.happen(What::Key(chord(&key))));
    }
    effects
}

fn settle(sim: &mut Sim) {
    sim.happen(What::Tick);
    while sim.model.has_work() {
        sim.happen(What::Work);
    }
}

fn explored(second: u64, text: &str) -> Sim {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(second).press("3");
    typed(&mut sim, text);
    sim.press("enter");
    settle(&mut sim);
    sim
}

#[test]
fn the_explorer_and_the_panels_at_every_size() {
    let mut sim = explored(100, "sum by (job) (rate(http_requests_total[30s]))");
    for (name, keys) in [("explore", ""), ("explore_alone", "esc j enter"), ("panels", "4")] {
        sim.press(keys);
        settle(&mut sim);
        for (width, height) in SIZES {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), sim.screen(width, height, &dark()));
        }
    }
    sim.press(":gateway enter");
    settle(&mut sim);
    for (width, height) in SIZES {
        insta::assert_snapshot!(
            format!("service_panel_{width}x{height}"),
            sim.screen(width, height, &dark())
        );
    }
}

#[test]
fn everything_is_said_in_ascii_too_and_no_size_panics() {
    let mut sim = explored(40, "rate(http_requests_total[30s])");
    let sizes = [(0, 0), (1, 1), (2, 1), (1, 50), (9, 3), (20, 5), (39, 7), (40, 8), (79, 23), (500, 3)];
    for keys in ["", "tab", "esc", "4", ":gateway enter", "3 ctrl-u s u", "tab"] {
        sim.press(keys);
        settle(&mut sim);
        let ascii = sim.screen(200, 60, &mono(true));
        assert!(ascii.is_ascii(), "{keys}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
        for (width, height) in sizes {
            sim.buffer(width, height, &dark());
        }
    }
    insta::assert_snapshot!("explore_ascii_120x40", explored(40, "up").screen(120, 40, &mono(true)));
}

/// What stands on the screen after keys.
#[test]
fn typing() {
    for (text, keys, wanted) in [
        ("", "", &["type PromQL", "rate(http_requests_total[1m])"][..]),
        ("up", "enter", &["values 1", "up{instance="]),
        ("sum(up)", "enter", &["values 1 series", "{}"]),
        ("rate(up)", "enter", &["^^^^", "expected type matrix"]),
        ("sum(", "enter", &["^"]),
        ("up[5m]", "enter", &["is a range vector: put rate(...)"]),
        ("nonsuch_total", "", &["nonsuch_total is not kept: enter keeps it from now on"]),
        ("nonsuch_total", "enter", &["kept from now on: nonsuch_total"]),
        ("histogram_q", "tab", &["histogram_quantile("]),
        ("warroom_service_l", "tab", &["warroom_service_latency_seconds"]),
        ("up{jo", "tab", &["> up{job"]),
        ("up{job=\"check", "tab", &["up{job=\"checkout"]),
        ("rate(http_", "", &["http_requests_total", "metric"]),
        ("1 + 1", "enter ctrl-u up", &["> 1 + 1"]),
        ("up", "ctrl-a 1 minus enter", &["> 1-up"]),
    ] {
        let mut sim = Sim::new(Scenario::Steady);
        sim.run_to(5).press("3");
        typed(&mut sim, text);
        sim.press(keys);
        sim.run_to(6);
        let screen = sim.screen(120, 40, &dark());
        for wanted in wanted {
            assert!(screen.contains(wanted), "{text} {keys}: no {wanted:?} in\n{screen}");
        }
        assert_eq!(sim.model.ui.screen, Screen::Explore, "{text} {keys}");
    }
}

#[test]
fn what_is_typed_is_evaluated_after_a_moment_and_never_at_once() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(5).press("3");
    typed(&mut sim, "up");
    assert!(sim.model.explore.chart.is_none(), "nothing is evaluated while keys are pressed");
    let due = sim.model.explore.due.unwrap();
    assert_eq!(due, sim.now() + Duration::from_millis(300));
    assert!(sim.model.next_tick() <= due, "the loop wakes for it");
    sim.run_to(6);
    let chart = sim.model.explore.chart.as_ref().unwrap();
    assert!(chart.rows.len() > 10 && !chart.lines.is_empty());
    // And again, as polls come back.
    let before = chart.at;
    sim.run_to(8);
    assert!(sim.model.explore.chart.as_ref().unwrap().at > before);
}

#[test]
fn names_that_are_asked_for_are_kept_from_then_on_and_through_a_reload() {
    let name = "process_resident_memory_bytes";
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(5);
    assert!(!sim.plan.keeps(name), "the test needs a name that nothing asks for");
    sim.press("3");
    typed(&mut sim, name);
    let effects = sim.press("enter");
    assert_eq!(effects, vec![Effect::Configure, Effect::PollNow(None)]);
    let generation = sim.plan.generation;
    assert!(sim.model.plan.keeps(name));
    assert_eq!(sim.model.plan.generation, generation, "reports that are under way still fit");
    sim.configure();
    sim.run_to(12);
    let chart = sim.model.explore.chart.as_ref().unwrap();
    assert!(!chart.rows.is_empty(), "the graph fills up");
    let mut plan = (*plan_of("schema = 1\n[service.a]\ninstances = [\"http://h:1\"]\npoll.m = { kind = \"metrics\", path = \"/m\" }\n")).clone();
    plan.generation = generation + 1;
    sim.happen(What::Reloaded(Ok(Arc::new(plan))));
    assert!(sim.model.plan.keeps(name), "a reload forgets nothing that was asked for");
    let Keep::Names(names) = sim.model.plan.targets[0].keep.as_ref() else { panic!() };
    assert!(names.contains(name));
}

#[test]
fn an_expression_is_pinned_to_a_service_and_stays_through_a_reload() {
    let mut sim = explored(20, "sum(rate(http_requests_total{job=\"gateway\"}[30s]))");
    sim.press("esc p");
    assert!(sim.screen(120, 40, &dark()).contains("pinned to gateway for this session"));
    sim.press(":gateway enter");
    settle(&mut sim);
    assert!(sim.screen(120, 40, &dark()).contains("pinned"));
    let mut plan = (*sim.plan).clone();
    plan.generation = 2;
    sim.happen(What::Reloaded(Ok(Arc::new(plan))));
    let pinned = |model: &Model| model.panels.all.iter().filter(|panel| panel.pinned).count();
    assert_eq!(pinned(&sim.model), 1);
    sim.press(":unpin enter");
    assert_eq!(pinned(&sim.model), 0);
    sim.press("3 esc :pin_search enter");
    assert_eq!(sim.model.panels.all.last().unwrap().plan.service.as_deref(), Some("search"));
}

#[test]
fn the_graph_looks_further_back_and_never_beyond_what_is_kept() {
    let mut sim = explored(20, "up");
    sim.press("esc");
    let range = |sim: &Sim| sim.model.explore.chart.as_ref().unwrap().range.as_secs();
    assert_eq!(range(&sim), 300);
    for (keys, seconds) in [("+", 900), ("minus minus minus minus", 60), ("+ + + + + + + +", 21_600)] {
        sim.press(keys);
        settle(&mut sim);
        assert_eq!(range(&sim), seconds, "{keys}");
    }
    let text = "schema = 1\nengine = { retention = \"10m\" }\n";
    let mut plan = (*plan_of(text)).clone();
    plan.generation = 2;
    sim.happen(What::Reloaded(Ok(Arc::new(plan))));
    sim.press("+");
    assert!(sim.screen(120, 40, &dark()).contains("samples are kept for 10m"));
}

#[test]
fn a_body_is_browsed_and_a_family_is_explored() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(5);
    sim.press("2 /metrics enter");
    let effects = sim.press("b");
    let [Effect::FetchFull(id)] = effects[..] else { panic!("{effects:?}") };
    assert!(sim.screen(120, 40, &dark()).contains("asking for the whole body"));
    let body = b"# HELP x_bytes Memory \x1b[2Jin use.\n# TYPE x_bytes gauge\nx_bytes 1\n# HELP y_total Things done.\n# TYPE y_total counter\ny_total{a=\"1\"} 1\ny_total{a=\"2\"} 1\n";
    let read = Browsed::read(200, Some("text/plain; version=0.0.4"), body, Duration::from_millis(3));
    let generation = sim.plan.generation;
    let late = |outcome| What::Browsed { target: TargetId(9_999), generation, outcome };
    sim.happen(late(Ok(read.clone())));
    assert!(sim.screen(120, 40, &dark()).contains("asking"), "somebody else's body");
    sim.happen(What::Browsed { target: id, generation, outcome: Ok(read) });
    insta::assert_snapshot!("body_120x40", sim.screen(120, 40, &dark()));
    insta::assert_snapshot!("body_80x24", sim.screen(80, 24, &dark()));
    sim.press("/done enter");
    let screen = sim.screen(120, 40, &dark());
    assert!(screen.contains("y_total") && !screen.contains("x_bytes"), "{screen}");
    sim.press("enter");
    assert_eq!(sim.model.ui.screen, Screen::Explore);
    assert_eq!(sim.model.explore.line.text(), "rate(y_total[1m])");
    assert!(sim.model.plan.keeps("y_total"));
    sim.press("esc esc");
    sim.press("b");
    sim.happen(What::Browsed { target: id, generation, outcome: Err(Failure::Refused) });
    assert!(sim.screen(120, 40, &dark()).contains("there is no body to browse"));
    let html = Browsed::read(200, Some("text/html"), b"<h1>\x1b]0;hi\x07</h1>", Duration::ZERO);
    assert!(matches!(html.content, Content::Text(..)));
    sim.happen(What::Browsed { target: id, generation, outcome: Ok(html) });
    assert!(sim.screen(120, 40, &dark()).contains("<h1>]0;hi</h1>"));
}

#[test]
fn an_error_of_a_panel_shows_in_that_panel_only() {
    let mut model = Model::new(
        plan_of(
            "schema = 1\n[panel.good]\nexpr = 'vector(41) + 1'\nkind = 'stat'\n\
             [panel.bad]\nexpr = 'sum_over_time(vector(1)[31d:1s])'\nkind = 'table'\n",
        ),
        sim::BEGAN,
        true,
    );
    let happen = |model: &mut Model, what| update(model, Event { at: sim::BEGAN, what });
    happen(&mut model, What::Resize(120, 40));
    happen(&mut model, What::Key("4".parse().unwrap()));
    while model.has_work() {
        happen(&mut model, What::Work);
    }
    let errors: Vec<bool> = model.panels.all.iter().map(|panel| panel.error().is_some()).collect();
    assert_eq!(errors, [true, false], "in order of name: bad, good");
}

#[test]
fn panels_that_nobody_looks_at_cost_nothing() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(10);
    assert!(sim.model.panels.all.iter().all(|panel| panel.at().is_none()));
    sim.press("4");
    settle(&mut sim);
    let (page, elsewhere): (Vec<_>, Vec<_>) =
        sim.model.panels.all.iter().partition(|panel| panel.plan.service.is_none());
    assert!(page.len() >= 6 && page.iter().all(|panel| panel.at().is_some()));
    assert!(elsewhere.iter().all(|panel| panel.at().is_none()));
    for panel in page {
        assert_eq!(panel.error(), None, "{}", panel.plan.name);
        let has = !panel.chart.rows.is_empty() || !panel.chart.lines.is_empty();
        assert!(has, "{} has no data", panel.plan.name);
    }
}
