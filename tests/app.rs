//! The whole application without a terminal: events in, pictures out, in simulated time.

#[path = "support/sim.rs"]
mod sim;

use sim::{Sim, dark, mono, plan_of, text_of};
use std::sync::Arc;
use warroom::config::Problem;
use warroom::demo::Scenario;
use warroom::event::{Effect, Event, What};
use warroom::model::Model;
use warroom::model::ui::{RowKey, Screen, Ui};
use warroom::target::health::State;
use warroom::update::update;
use warroom::view;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

#[test]
fn every_screen_at_every_size() {
    let mut sim = Sim::new(Scenario::Story);
    for (name, second, keys) in [
        ("start", 0, ""),
        ("overview", 40, ""),
        ("service", 40, "enter"),
        ("targets", 40, "esc 2"),
        ("help", 40, "esc ?"),
    ] {
        sim.run_to(second).press(keys);
        for (width, height) in SIZES {
            let screen = sim.screen(width, height, &dark());
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        }
    }
}

#[test]
fn without_colour_and_without_unicode_the_same_is_said() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40);
    insta::assert_snapshot!("overview_ascii_120x40", sim.screen(120, 40, &mono(true)));
    let plain = sim.screen(120, 40, &mono(false));
    assert_eq!(plain, sim.screen(120, 40, &dark()), "a theme changes colours only");
    for keys in ["", "enter", "esc 2", "?"] {
        sim.press(keys);
        let ascii = sim.screen(200, 60, &mono(true));
        assert!(ascii.is_ascii(), "{keys}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
    }
}

#[test]
fn no_size_panics_or_draws_outside_its_cells() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(20);
    for keys in ["", "enter", "esc 2", "?", "esc :che"] {
        sim.press(keys);
        for (width, height) in
            [(0, 0), (1, 1), (2, 1), (1, 50), (9, 3), (20, 5), (39, 7), (40, 8), (79, 23), (500, 3)]
        {
            sim.buffer(width, height, &dark());
        }
    }
}

/// What an operator does, and what must be true then.
#[test]
fn keys() {
    let overview = Screen::Overview;
    let service = |name: &str| Screen::Service(name.into());
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40);
    for (keys, screen, selected) in [
        ("", overview.clone(), Some("checkout")),
        ("j j", overview.clone(), Some("catalog")),
        ("G", overview.clone(), Some("search")),
        ("G g", overview.clone(), Some("checkout")),
        ("k k k", overview.clone(), Some("checkout")),
        ("ctrl-d ctrl-d ctrl-d", overview.clone(), Some("search")),
        ("enter", service("checkout"), None),
        ("enter l", service("gateway"), None),
        ("enter h", service("search"), None),
        ("enter esc", overview.clone(), Some("checkout")),
        ("esc esc esc", overview.clone(), Some("checkout")),
        ("2", Screen::Targets, None),
        ("tab", Screen::Targets, None),
        ("2 1", overview.clone(), Some("checkout")),
        ("?", Screen::Help, None),
        ("? ?", overview.clone(), Some("checkout")),
        ("? esc", overview.clone(), Some("checkout")),
        (":service_search enter", service("search"), None),
        (":pay enter", service("payments"), None),
        (":nonsense enter", overview.clone(), Some("checkout")),
        (":quit esc", overview.clone(), Some("checkout")),
        (":tar tab enter", Screen::Targets, None),
        ("/pay enter", overview.clone(), Some("payments")),
        ("/pay esc", overview.clone(), Some("checkout")),
        ("/!checkout enter", overview.clone(), Some("gateway")),
        ("/pay enter esc", overview.clone(), Some("payments")),
        ("/pay backspace backspace backspace enter", overview.clone(), Some("checkout")),
        ("s", overview.clone(), Some("accounts")),
        ("S", overview.clone(), Some("search")),
    ] {
        sim.model.ui = Ui::new(&sim.plan);
        sim.model.ui.settle(&sim.model.fleet);
        let effects = sim.press(keys);
        assert!(!effects.contains(&Effect::Quit), "{keys}");
        assert_eq!(sim.model.ui.screen, screen, "{keys}");
        if let Some(name) = selected {
            assert_eq!(sim.model.ui.overview.selected, Some(RowKey::Service(name.into())), "{keys}");
        }
    }
}

#[test]
fn effects_of_keys() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(2);
    for (keys, wanted) in [
        ("q", vec![Effect::Quit]),
        ("ctrl-c", vec![Effect::Quit]),
        (":quit enter", vec![Effect::Quit]),
        ("/filter ctrl-c", vec![Effect::Quit]),
        ("%", vec![Effect::Mouse(false)]),
        ("t", vec![Effect::Theme("light".to_owned())]),
        (":theme_mono enter", vec![Effect::Theme("mono".to_owned())]),
        (":theme_pink enter", vec![]),
        ("ctrl-l", vec![Effect::Redraw]),
        ("ctrl-z", vec![Effect::Suspend]),
        (":reload enter", vec![Effect::Reload]),
        ("x X a A r_", vec![]),
    ] {
        sim.model.ui = Ui::new(&sim.plan);
        sim.model.ui.settle(&sim.model.fleet);
        let keys = keys.replace("r_", "");
        let mut effects = sim.press(&keys);
        // Whatever is typed after the colon is remembered as well.
        effects.retain(|effect| !matches!(effect, Effect::Typed(_)));
        assert_eq!(effects, wanted, "{keys}");
    }
}

#[test]
fn a_paste_is_never_a_key() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(2);
    assert_eq!(sim.happen(What::Paste("q\n:quit\n".to_owned())), vec![]);
    assert_eq!(sim.model.ui.screen, Screen::Overview);
    sim.press("/");
    sim.happen(What::Paste("pay\u{1b}[2J".to_owned()));
    assert_eq!(sim.model.ui.overview.filter, "pay[2J");
}

#[test]
fn the_selection_follows_the_service_and_a_frozen_picture_stays() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(5).press("/search enter esc");
    sim.press("G k");
    let chosen = sim.model.ui.overview.selected.clone();
    sim.run_to(60);
    assert_eq!(sim.model.ui.overview.selected, chosen);
    sim.press("space");
    let frozen = sim.screen(120, 40, &dark());
    assert!(frozen.contains("FROZEN"), "{frozen}");
    sim.run_to(75);
    let body = |screen: &str| screen.lines().skip(1).collect::<Vec<_>>().join("\n");
    assert_eq!(body(&sim.screen(120, 40, &dark())), body(&frozen));
    sim.press("space");
    assert_ne!(body(&sim.screen(120, 40, &dark())), body(&frozen));
}

#[test]
fn the_story_is_told() {
    let mut sim = Sim::new(Scenario::Story);
    let state = |sim: &Sim, name: &str| sim.model.service(name).unwrap().state;
    sim.run_to(8);
    assert_eq!(state(&sim, "checkout"), State::Up);
    sim.run_to(45);
    assert_eq!(state(&sim, "checkout"), State::Degraded, "the bad deploy shows");
    let row = sim.model.service("checkout").unwrap();
    assert!(row.reasons.iter().any(|reason| reason.text.starts_with("errors ")), "{:?}", row.reasons);
    let mut opened = false;
    let mut backed_up = false;
    for second in 46..420 {
        sim.run_to(second);
        opened |= sim
            .model
            .fleet
            .services
            .iter()
            .any(|row| row.reasons.iter().any(|reason| reason.text.ends_with("breaker OPEN")));
        backed_up |= sim
            .model
            .fleet
            .services
            .iter()
            .any(|row| row.reasons.iter().any(|reason| reason.text.starts_with("queue ")));
    }
    assert!(opened && backed_up, "a breaker opened: {opened}; a queue backed up: {backed_up}");
}

#[test]
fn a_reload_keeps_what_is_known_and_a_bad_one_keeps_everything() {
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(30);
    let before = sim.model.service("checkout").unwrap().readings.clone();
    let problem = Problem { message: "unknown key".to_owned(), ..Problem::default() };
    assert_eq!(sim.happen(What::Reloaded(Err(vec![problem]))), vec![]);
    assert!(
        sim.screen(120, 40, &dark()).contains("reload refused, the old configuration stays: unknown key")
    );
    let mut plan = (*sim.plan).clone();
    plan.generation = 2;
    assert_eq!(sim.happen(What::Reloaded(Ok(Arc::new(plan)))), vec![Effect::Configure]);
    let row = sim.model.service("checkout").unwrap();
    assert_eq!(row.readings, before);
    // Reports of the old plan are late guests: their samples count, their targets do not.
    assert!(sim.model.target(row.targets[0]).unwrap().answered.is_some());
}

#[test]
fn nothing_configured_teaches() {
    let plan = plan_of("schema = 1\n");
    let mut model = Model::new(plan, sim::BEGAN, true);
    update(&mut model, Event { at: sim::BEGAN, what: What::Resize(80, 24) });
    let area = ratatui::layout::Rect::new(0, 0, 80, 24);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    view::paint(&model, &dark(), area, &mut buffer);
    let text = text_of(&buffer);
    assert!(text.contains("no service is configured") && text.contains("warroom init"), "{text}");
}

/// The README's table of keys is the live keymap's. `WARROOM_WRITE_README=1` writes it.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test that reads, and when asked writes, the README")]
fn the_readme_shows_the_live_keymap() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (head, rest) = text.split_once("<!-- keys -->\n").unwrap();
    let (table, tail) = rest.split_once("<!-- /keys -->").unwrap();
    let live = warroom::keymap::Keymap::default().markdown();
    if std::env::var_os("WARROOM_WRITE_README").is_some() {
        std::fs::write(path, format!("{head}<!-- keys -->\n{live}<!-- /keys -->{tail}")).unwrap();
    } else {
        assert_eq!(table, live, "run the tests with WARROOM_WRITE_README=1");
    }
}
