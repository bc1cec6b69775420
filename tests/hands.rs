//! What hands do: the `:` line with its offers and history, the finder, copying, the mouse, keys of one's own.

#[path = "support/sim.rs"]
mod sim;

use sim::{Sim, dark};
use std::sync::Arc;
use std::time::Duration;
use warroom::command::Command;
use warroom::config::{self, Source};
use warroom::demo::Scenario;
use warroom::event::{Effect, Mouse, Press, Under, What};
use warroom::keymap::Keymap;
use warroom::layout;
use warroom::model::Model;
use warroom::model::act::Over;
use warroom::model::hands::GraphCursor;
use warroom::model::ui::{RowKey, Screen, Ui};
use warroom::plan::Plan;
use warroom::view;

fn fresh(sim: &mut Sim) {
    let history = std::mem::take(&mut sim.model.ui.line.history);
    sim.model.ui = Ui::new(&sim.plan);
    sim.model.ui.size = (120, 40);
    sim.model.ui.line.history = history;
    sim.model.ui.settle(&sim.model.fleet);
    sim.model.acts.over = None;
}

/// What a line leads to: the screen, and what stands in the line if it is still open.
#[test]
fn lines_are_guessed_and_only_what_shows_something_is_followed() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(20);
    let service = |name: &str| Screen::Service(name.into());
    for (keys, screen, open) in [
        (":chk enter", service("checkout"), None),
        (":pay enter", service("payments"), None),
        (":gatew enter", service("gateway"), None),
        (":service_srch enter", service("search"), None),
        (":tgt enter", Screen::Targets, None),
        (":targ tab enter", Screen::Targets, None),
        (":q", Screen::Overview, Some("q")),
        // A guess that would do something is put into the line first.
        (":qui enter", Screen::Overview, Some("quit")),
        (":acknow enter", Screen::Overview, Some("acknowledge")),
        (":restart_chk enter", Screen::Overview, None),
        (":nothing-like-this enter", Screen::Overview, None),
        (":theme_m tab", Screen::Overview, Some("theme mono")),
        (":theme_ tab tab tab shift-tab", Screen::Overview, Some("theme light")),
        (":abc ctrl-u", Screen::Overview, Some("")),
        (":slos left left backspace", Screen::Overview, Some("sos")),
        (":service_pay home del end ctrl-w", Screen::Overview, Some("ervice ")),
        (": backspace", Screen::Overview, None),
        ("ctrl-p c h k enter", service("checkout"), None),
        ("ctrl-p p a y down up enter", service("payments"), None),
        ("ctrl-p r e l o a d enter", Screen::Overview, Some("reload")),
        ("ctrl-p z z z z enter", Screen::Overview, None),
        ("ctrl-p esc", Screen::Overview, None),
    ] {
        fresh(&mut sim);
        let effects = sim.press(keys);
        assert_eq!(sim.model.ui.screen, screen, "{keys}");
        assert_eq!(sim.model.ui.prompt.as_ref().map(|prompt| prompt.line.text()), open, "{keys}");
        assert!(!effects.contains(&Effect::Quit) && !effects.contains(&Effect::Reload), "{keys}");
        let closed = sim.model.ui.line.names.is_none() && sim.model.ui.line.offers.is_empty();
        assert_eq!(closed, open.is_none(), "{keys}: nothing is kept for a line that is closed");
    }
}

#[test]
fn everything_with_a_name_can_be_found() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(60);
    for (keys, word, label) in [
        (":checkout", "service", "checkout"),
        (":http_requests_total", "metric", "http_requests_total"),
        (":explore_histog", "PromQL", "histogram_fraction"),
        (":theme_hc", "command", "theme high-contrast"),
        (":pin_inv", "service", "inventory"),
        (":rest_chk", "action", "restart checkout"),
        (":targets", "command", "targets"),
        (":target_pay_met", "target", "payments metrics 10.0.0.5:8080"),
    ] {
        fresh(&mut sim);
        sim.press("esc");
        sim.press(keys);
        while sim.model.has_work() {
            sim.happen(What::Work);
        }
        let first = sim.model.ui.line.offers.first().unwrap_or_else(|| panic!("{keys}: nothing"));
        let shown = if word == "action" || word == "command" { &first.line } else { &first.label };
        let is_target = word == "target" && shown.starts_with("payments metrics");
        assert!(first.sort.word() == word && (shown == label || is_target), "{keys}: {first:?}");
    }
    fresh(&mut sim);
    sim.press(":explore_rate(htt");
    let metrics: Vec<&str> = sim.model.ui.line.offers.iter().map(|offer| offer.line.as_str()).collect();
    let all = metrics.iter().all(|line| line.starts_with("explore rate(") && line.contains("http"));
    assert!(all && !metrics.is_empty(), "{metrics:?}");
    for (keys, sorts) in [(":incident_", "incident"), (":slo_", "SLO")] {
        fresh(&mut sim);
        sim.press(keys);
        let offers = &sim.model.ui.line.offers;
        assert!(
            !offers.is_empty() && offers.iter().all(|offer| offer.sort.word() == sorts),
            "{keys}: {offers:?}"
        );
    }
    // An incident is opened, an objective is selected.
    fresh(&mut sim);
    sim.press(":incident_ tab enter");
    assert!(matches!(sim.model.ui.screen, Screen::Incident(_)), "{:?}", sim.model.ui.screen);
    fresh(&mut sim);
    sim.press(":slo_ tab enter");
    assert_eq!(sim.model.ui.screen, Screen::Slos);
    assert!(matches!(sim.model.ui.slos.selected, Some(RowKey::Slo(_))));
}

#[test]
fn the_list_stands_above_the_line() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40).press(":chk");
    insta::assert_snapshot!("offers_120x40", sim.screen(120, 40, &dark()));
    sim.press("esc ctrl-p p a y down");
    insta::assert_snapshot!("finder_80x24", sim.screen(80, 24, &dark()));
    sim.press("esc y");
    insta::assert_snapshot!("copy_80x24", sim.screen(80, 24, &dark()));
    for (width, height) in [(0, 0), (1, 1), (9, 3), (20, 4), (20, 5), (39, 7), (40, 8), (500, 3)] {
        for keys in ["esc :c", "tab", "esc y", "esc ctrl-p a"] {
            sim.press(keys);
            sim.buffer(width, height, &dark());
        }
        sim.press("esc");
    }
}

#[test]
fn a_theme_is_tried_on_while_its_name_stands_in_the_line() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(2);
    let theme = |name: &str| Effect::Theme(name.to_owned());
    let typed = |line: &str| Effect::Typed(line.to_owned());
    for (keys, wanted) in [
        (":theme_l", vec![theme("light")]),
        (":theme_light esc", vec![theme("light"), theme("dark")]),
        (":theme_light enter", vec![theme("light"), typed("theme light")]),
        (":theme_li enter", vec![theme("light"), typed("theme light")]),
        (":theme_li backspace backspace", vec![theme("light"), theme("dark")]),
        (":theme_ tab tab", vec![theme("light")]),
        (":theme_ tab tab tab esc", vec![theme("light"), theme("high-contrast"), theme("dark")]),
        (":theme_dark enter", vec![typed("theme dark")]),
        (":theme_mono ctrl-u enter", vec![theme("mono"), theme("dark")]),
    ] {
        fresh(&mut sim);
        sim.model.ui.line.history.clear();
        let effects = sim.press(keys);
        assert_eq!(effects, wanted, "{keys}");
        let kept = keys.ends_with("enter") && keys.contains(":theme_li");
        assert_eq!(sim.model.ui.theme, if kept { "light" } else { "dark" }, "{keys}");
    }
}

#[test]
fn lines_are_remembered_in_this_session_and_from_earlier_ones() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(2);
    sim.happen(What::Typed(vec!["service search".to_owned(), "theme\u{1b}[2J".to_owned()]));
    sim.press(":service_payments enter esc :nonsense-here enter");
    for (keys, text) in [
        (": up", "nonsense-here"),
        (": up up", "service payments"),
        (": up up up", "theme[2J"),
        (": up up up up", "service search"),
        (": up up up up up", "service search"),
        (": up down", ""),
        (":se up", "service payments"),
        (":se up up", "service search"),
        (":se up up down down", "se"),
    ] {
        sim.press("esc");
        sim.press(keys);
        let line = sim.model.ui.prompt.as_ref().map(|prompt| prompt.line.text().to_owned());
        assert_eq!(line.as_deref(), Some(text), "{keys}");
    }
}

#[test]
fn rows_are_reached_by_their_number() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(20);
    fresh(&mut sim);
    sim.press("esc");
    let rows = sim.model.keys();
    for (keys, index) in [(":1 enter", 0), (":3 enter", 2), (":10 enter", 9)] {
        fresh(&mut sim);
        sim.press(keys);
        assert_eq!(sim.model.ui.overview.selected.as_ref(), rows.get(index), "{keys}");
    }
    fresh(&mut sim);
    sim.press(":3 enter :0 enter :99999999999999999999999 enter");
    assert_eq!(sim.model.ui.overview.selected.as_ref(), rows.get(2));
    let said = sim.model.ui.message.as_ref().map(|message| message.text.clone());
    assert_eq!(said.as_deref(), Some("there are 10 rows here"));
    fresh(&mut sim);
    sim.press("? :9 enter :999999999999 enter");
    sim.screen(80, 24, &dark());
}

fn copied(effects: &[Effect]) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    };
    effects.iter().filter_map(text).collect()
}

#[test]
fn what_is_selected_is_copied_as_what_is_asked_for() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(45);
    for (keys, begins, holds) in [
        ("y v", "checkout: ", "errors "),
        ("y y", "| service | state | ", "| checkout | "),
        ("y m", "| service | state | ", "| --- | --- |"),
        ("c m", "| service | state | ", "| checkout | "),
        ("y p", "histogram_quantile(0.95", "_bucket{job=\"checkout\"}"),
        ("y e", "", "job=\"checkout\""),
        ("y c", "curl -sS -X GET", "http://10.0.0."),
        ("y enter", "checkout: ", ""),
        ("y down enter", "| service |", ""),
        ("y j k enter", "checkout: ", ""),
        ("enter y v", "checkout: ", ""),
        ("enter j y v", "http://", ""),
        ("2 y v", "http://", ""),
        ("2 y c", "curl -sS -X GET", "$"),
        ("2 y p", "up{", "instance="),
        ("5 y p", "", "rate("),
        ("5 y y", "| objective |", ""),
    ] {
        fresh(&mut sim);
        let texts = copied(&sim.press(keys));
        let [text] = texts.as_slice() else { panic!("{keys}: {texts:?}") };
        assert!(text.starts_with(begins) && text.contains(holds), "{keys}: {text}");
        assert!(!text.contains(warroom::demo::TOKEN) && !text.contains(warroom::demo::PASSWORD), "{keys}");
        assert!(sim.model.ui.copying.is_none(), "{keys}");
        let said = sim.model.ui.message.as_ref().map_or("", |message| message.text.as_str());
        assert!(said.starts_with("sent to the terminal's clipboard"), "{keys}: {said}");
    }
    for keys in ["y esc", "y z", "y f5", "? y"] {
        fresh(&mut sim);
        assert_eq!(copied(&sim.press(keys)), Vec::<String>::new(), "{keys}");
        assert!(sim.model.ui.copying.is_none(), "{keys}");
    }
}

fn mouse(sim: &mut Sim, x: u16, y: u16, press: Press) -> Vec<Effect> {
    // As the shell does it: what lies there is asked of the picture.
    warroom::update::settle(&mut sim.model);
    let under = view::under(&sim.model, &dark(), x, y);
    sim.happen(What::Mouse(Mouse { x, y, press, under }))
}

fn settle(sim: &mut Sim) {
    sim.happen(What::Tick);
    while sim.model.has_work() {
        sim.happen(What::Work);
    }
}

/// The cell at which a text begins.
fn cell(sim: &mut Sim, text: &str) -> (u16, u16) {
    let screen = sim.screen(120, 40, &dark());
    let found = screen.lines().enumerate().find_map(|(y, line)| {
        let (before, _) = line.split_once(text)?;
        Some((warroom::text::width(before) as u16, y as u16))
    });
    found.unwrap_or_else(|| panic!("{text} is not on the screen:\n{screen}"))
}

#[test]
fn a_click_does_what_the_key_does() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40);
    for (text, screen) in [
        ("? help", Screen::Help),
        ("5 SLOs", Screen::Slos),
        ("2 targets", Screen::Targets),
        (" P", Screen::Incidents),
        ("1 degraded", Screen::Overview),
    ] {
        fresh(&mut sim);
        if text == "1 degraded" {
            sim.press("2");
        }
        let screen_text = sim.screen(120, 40, &dark());
        if text == "1 degraded" && !screen_text.contains(text) {
            continue;
        }
        let (x, y) = cell(&mut sim, text);
        mouse(&mut sim, x + 1, y, Press::Down);
        assert_eq!(sim.model.ui.screen, screen, "{text}");
    }
    // A row is selected by the first click and opened by the second.
    fresh(&mut sim);
    let (x, y) = cell(&mut sim, "search");
    mouse(&mut sim, x, y, Press::Down);
    assert_eq!(sim.model.ui.overview.selected, Some(RowKey::Service("search".into())));
    assert_eq!(sim.model.ui.screen, Screen::Overview);
    mouse(&mut sim, x, y, Press::Down);
    assert_eq!(sim.model.ui.screen, Screen::Service("search".into()));
    // Offers and what is to be copied can be clicked as well.
    fresh(&mut sim);
    sim.press(":pay");
    let (area, ..) = warroom::layout::offers(&sim.model).unwrap();
    mouse(&mut sim, area.x + 5, area.y + 1, Press::Down);
    assert_eq!(sim.model.ui.screen, Screen::Service("payments".into()));
    assert!(sim.model.ui.prompt.is_none());
    fresh(&mut sim);
    sim.press("y");
    let (x, y) = cell(&mut sim, "row as Markdown");
    let texts = copied(&mouse(&mut sim, x, y, Press::Down));
    assert!(texts.first().is_some_and(|text| text.starts_with("| service |")), "{texts:?}");
    // Anywhere else it closes the choice.
    sim.press("y");
    mouse(&mut sim, 1, 1, Press::Down);
    assert!(sim.model.ui.copying.is_none());
}

/// The way to the box may be clicked: an item, a choice. The box itself is answered with keys.
#[test]
fn the_menu_of_actions_can_be_clicked_and_the_box_cannot() {
    let mut sim = Sim::new(Scenario::Story);
    sim.model = Model::new(Arc::clone(&sim.plan), sim::BEGAN, false);
    sim.run_to(20);
    fresh(&mut sim);
    sim.press("/checkout enter a");
    let index = |sim: &Sim| match &sim.model.acts.over {
        Some(Over::Menu(menu)) => menu.index,
        other => panic!("no menu: {other:?}"),
    };
    assert_eq!(index(&sim), 0);
    // Both lines of an item are the item.
    let (x, y) = cell(&mut sim, "rollback ");
    for y in [y, y + 1] {
        sim.press("g");
        mouse(&mut sim, x, y, Press::Down);
        assert!(index(&sim) > 0);
    }
    mouse(&mut sim, x, 0, Press::Down);
    mouse(&mut sim, x, y, Press::Down);
    assert!(matches!(sim.model.acts.over, Some(Over::Fill(_))), "{:?}", sim.model.acts.over);
    sim.press("esc a g");
    mouse(&mut sim, x, y, Press::Wheel(3));
    assert_eq!(index(&sim), 1);
    sim.press("esc");
    sim.press(":restart_checkout enter");
    let before = format!("{:?}", sim.model.acts.over);
    for y in 0..40 {
        assert!(mouse(&mut sim, 60, y, Press::Down).is_empty());
    }
    assert_eq!(before, format!("{:?}", sim.model.acts.over));
}

/// Wherever a graph has a time axis, values are read off by a click, and a drag fills the screen with that range.
#[test]
fn graphs_are_read_off_and_dragged_on_every_screen() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(90);
    for (name, keys, back) in [
        ("service", "/checkout enter enter", "service"),
        ("latency", "8 /search enter", "latency"),
        ("breakers", "9", "breakers"),
        ("panels", "4", "panels"),
        ("zoom", "8 /search enter z", "zoom"),
        ("zoom of a budget", "5 z", "zoom"),
    ] {
        fresh(&mut sim);
        for key in keys.split(' ') {
            sim.press(key);
            settle(&mut sim);
        }
        sim.screen(120, 40, &dark());
        let at = |sim: &Sim, x: u16, y: u16| match view::under(&sim.model, &dark(), x, y) {
            Under::Graph(at) => Some(at),
            _ => None,
        };
        // Two cells of one graph, far enough from each other.
        let found = (1..39).flat_map(|y| (1..110).map(move |x| (x, y))).find_map(|(x, y)| {
            let (from, to) = (at(&sim, x, y)?, at(&sim, x + 9, y)?);
            let same = layout::graph_at(&sim.model, x, y) == layout::graph_at(&sim.model, x + 9, y);
            (same && to.since(from) >= Duration::from_secs(5)).then_some((x, y, from, to))
        });
        let Some((x, y, from, to)) = found else {
            panic!("{name}: no graph in\n{}", sim.screen(120, 40, &dark()))
        };
        mouse(&mut sim, x, y, Press::Down);
        let screen = sim.screen(120, 40, &dark());
        assert!(screen.contains(" at ") || screen.contains("at 10:1"), "{name}: no moment in\n{screen}");
        sim.press(">");
        assert!(sim.model.ui.cursor.is_some_and(|cursor| cursor.grip.is_none()), "{name}");
        mouse(&mut sim, x, y, Press::Down);
        mouse(&mut sim, x + 9, y, Press::Drag);
        mouse(&mut sim, x + 9, y, Press::Up);
        settle(&mut sim);
        assert_eq!(sim.model.ui.screen.word(), "zoom", "{name}");
        assert_eq!(sim.model.zoom.as_ref().unwrap().picked, Some((from, to)), "{name}");
        let screen = sim.screen(120, 40, &dark());
        assert!(screen.contains("to what is now"), "{name}: no way back in\n{screen}");
        assert!(screen.contains(" to 10:1"), "{name}: no range in\n{screen}");
        // One step back at a time: to what is now, then to where it was.
        sim.press("0");
        assert_eq!(sim.model.zoom.as_ref().unwrap().picked, None, "{name}");
        if back != "zoom" {
            sim.press("esc");
            assert_eq!(sim.model.ui.screen.word(), back);
        }
    }
}

#[test]
fn every_cell_can_be_clicked_on_every_screen() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40);
    for keys in ["", "2", "3 u p enter", "4", "5", "6", "7", "?", "enter", "6 enter", ":c", "y", "a", "x"] {
        for (width, height) in [(120, 40), (40, 8), (9, 3)] {
            for y in (0..height).step_by(if width > 100 { 3 } else { 1 }) {
                for x in (0..width).step_by(if width > 100 { 17 } else { 3 }) {
                    if x == 0 {
                        fresh(&mut sim);
                        sim.model.ui.size = (width, height);
                        sim.press(keys);
                    }
                    let effects = mouse(&mut sim, x, y, Press::Down);
                    assert!(!effects.contains(&Effect::Act), "{keys} {x} {y}");
                    mouse(&mut sim, x, y, Press::Drag);
                    mouse(&mut sim, x, y, Press::Wheel(3));
                    mouse(&mut sim, x, y, Press::Up);
                }
            }
        }
    }
}

#[test]
fn a_drag_over_a_graph_shows_that_range() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(90);
    sim.press("3");
    for letter in "up".chars() {
        sim.press(&letter.to_string());
    }
    sim.press("enter");
    while sim.model.has_work() {
        sim.happen(What::Work);
    }
    sim.screen(120, 40, &dark());
    let graph = |sim: &Sim, x: u16| view::under(&sim.model, &dark(), x, 15);
    let (Under::Graph(from), Under::Graph(to)) = (graph(&sim, 50), graph(&sim, 100)) else {
        panic!("no graph at the middle of the explorer");
    };
    assert!(from < to);
    mouse(&mut sim, 50, 15, Press::Down);
    assert_eq!(sim.model.ui.cursor.map(|cursor| (cursor.at, cursor.from)), Some((from, None)));
    mouse(&mut sim, 70, 15, Press::Drag);
    mouse(&mut sim, 100, 15, Press::Drag);
    assert_eq!(sim.model.ui.cursor.map(|cursor| cursor.range()), Some((from, to)));
    let screen = sim.screen(120, 40, &dark());
    assert!(screen.contains(" to ") && screen.contains("values at"), "{screen}");
    // Let go, it fills the graph; 0 and esc go back to what is now.
    let whole = |sim: &Sim| sim.model.explore.chart.as_ref().unwrap().span.unwrap();
    for back in ["0", "esc"] {
        sim.model.ui.cursor = Some(GraphCursor { at: to, from: Some(from), grip: Some((50, 15)) });
        let before = whole(&sim);
        mouse(&mut sim, 100, 15, Press::Up);
        settle(&mut sim);
        assert!(sim.model.ui.cursor.is_none());
        let (start, end) = whole(&sim);
        assert!(start >= from - Duration::from_secs(2) && end <= to, "{start} {end}");
        sim.happen(What::Resize(120, 40));
        settle(&mut sim);
        assert_eq!(whole(&sim), (start, end), "it stands still");
        sim.press(back);
        settle(&mut sim);
        assert_eq!(whole(&sim), before, "{back}");
    }
    // Keys move a cursor by a step; esc takes it away.
    mouse(&mut sim, 50, 15, Press::Down);
    sim.press("<");
    let cursor = sim.model.ui.cursor.unwrap();
    assert!(cursor.from.is_none() && cursor.at < to);
    sim.press("esc");
    assert!(sim.model.ui.cursor.is_none() && sim.model.ui.screen == Screen::Explore);
    sim.press("< < >");
    assert!(sim.model.ui.cursor.is_some());
    sim.press("1");
    assert!(sim.model.ui.cursor.is_none(), "a cursor belongs to the graphs of one screen");
}

fn plan(ui: &str) -> Result<Plan, Vec<String>> {
    let source = Source { name: "t.toml".to_owned(), text: format!("ui.zone = \"UTC\"\n{ui}") };
    config::load(&[source])
        .and_then(|config| Plan::compile(&config, 1))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn keys_of_ones_own_are_taken_or_refused_with_both_places() {
    for good in [
        "",
        "ui.keys = \"k9s\"",
        "ui.bind = { freeze = [\"space\", \"f\"], sort = [], \"explore.longer\" = \"L\" }",
        "ui.keys = \"arrows-only\"\nui.bind.down = [\"j\", \"down\"]",
    ] {
        assert!(plan(good).is_ok(), "{good}: {:?}", plan(good).err());
    }
    for (bad, wanted) in [
        (
            "ui.keys = \"k9\"",
            &["t.toml:2:11: ui.keys: there is no set of keys \"k9\"; did you mean \"k9s\"?"][..],
        ),
        (
            "ui.keys = \"vim\"\nui.bind.freeze = [\"q\", \"hyper-q\"]",
            &[
                "t.toml:2:11: ui.keys: there is no set of keys \"vim\"; the sets are default, k9s, arrows-only",
                "t.toml:3:24: ui.bind.freeze: \"hyper-q\" is not a key; write it as q, G, ctrl-d, space, enter, esc, \
                 pgdn or f5",
            ],
        ),
        (
            "ui.bind.freze = \"f\"",
            &["t.toml:2:17: ui.bind.freze: there is no command \"freze\"; did you mean \"freeze\"?"],
        ),
        (
            "ui.bind.\"explor.longer\" = \"L\"",
            &[
                "t.toml:2:27: ui.bind.\"explor.longer\": there is no screen \"explor\"; did you mean \"explore.longer\"?",
            ],
        ),
        (
            "ui.bind.freeze = [\"f\", \"spce\"]",
            &["t.toml:2:24: ui.bind.freeze: \"spce\" is not a key; did you mean \"space\"?"],
        ),
        (
            "ui.bind.freeze = \"ctrl-i\"",
            &["t.toml:2:18: ui.bind.freeze: terminals send \"ctrl-i\" and tab alike; use another key"],
        ),
        (
            "ui.bind.freeze = \"q\"",
            &[
                "t.toml:2:18: ui.bind.freeze: q is bound to quit anywhere (by the set \"default\"); give quit another key or \
               an empty list, or freeze another key",
            ],
        ),
        (
            "ui.bind.freeze = \"f\"\nui.bind.help = [\"?\", \"f\"]",
            &["t.toml:3:22: ui.bind.help: f is bound to freeze anywhere (at t.toml:2:18); keep one of them"],
        ),
        (
            "ui.bind.back = []\nui.bind.freeze = \"ctrl-c\"",
            &[
                "t.toml:2:16: ui.bind.back: no key is left for back; nobody may be locked in: give it one",
                "t.toml:3:18: ui.bind.freeze: ctrl-c always leaves warroom; use another key",
            ],
        ),
        ("ui.bind.freeze = 7", &["t.toml:2:18: ui.bind.freeze: must be a string, not a whole number"]),
    ] {
        assert_eq!(plan(bad).err().unwrap_or_default(), wanted, "{bad}");
    }
}

/// Footer and help say what the live map says.
#[test]
fn hints_and_help_follow_the_map() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(10);
    for (preset, hint, not) in [
        ("default", "q quit", "ctrl-c quit"),
        ("k9s", "ctrl-c quit", " q quit"),
        ("arrows-only", "f10 quit", " q quit"),
    ] {
        fresh(&mut sim);
        Arc::make_mut(&mut sim.model.plan).ui.keys = Keymap::preset(preset).unwrap();
        let screen = sim.screen(200, 60, &dark());
        let foot = screen.lines().last().unwrap_or_default();
        assert!(foot.contains(hint) && !foot.contains(not), "{preset}: {foot}");
        sim.press("f1 ?");
    }
    let mut plan = (*sim.plan).clone();
    plan.ui.keys = Keymap::preset("k9s").unwrap();
    sim.model.plan = Arc::new(plan);
    fresh(&mut sim);
    sim.model.ui.screen = Screen::Help;
    let screen = sim.screen(120, 60, &dark());
    assert!(screen.contains("r  the box that asks before the selected service is restarted"), "{screen}");
    // Its keys do it: the box, and never the thing itself.
    fresh(&mut sim);
    let effects = sim.press("r");
    assert!(!effects.contains(&Effect::Act));
    sim.press("esc");
    assert_eq!(Command::named("act-restart"), Some(Command::ActRestart));
}
