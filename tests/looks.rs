//! How it looks: every screen in every alphabet and without colours, what a tick changes, and themes of one's own.

#[path = "support/sim.rs"]
mod sim;

use ratatui::buffer::Buffer;
use ratatui::style::Color;
use sim::{Sim, dark, mono, text_of};
use std::fs;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr as _;
use warroom::command::Command;
use warroom::config::{Overrides, Source};
use warroom::demo::Scenario;
use warroom::event::{Effect, What};
use warroom::io::config as files;
use warroom::model::Model;
use warroom::model::ui::Screen;
use warroom::plan::Plan;
use warroom::target::health::State;
use warroom::theme::{BUILT_IN, Depth, Role, Theme, Themes};
use warroom_widgets::GlyphSet;

/// Ways from the overview to what can be drawn: each command that has a key, and what lies one step behind some.
fn ways(sim: &Sim) -> Vec<String> {
    let never = [Command::Quit, Command::Suspend, Command::Freeze];
    let bound = Command::ALL.iter().map(|(command, ..)| *command).filter(|command| !never.contains(command));
    let mut ways: Vec<String> = bound.filter_map(|command| sim.plan.ui.keys.hint(command)).collect();
    ways.extend(
        ["6 enter", "6 enter x", "5 x", "2 x", "2 b", "a enter", ": t h", "/ p", "/ z z z", "m x"]
            .map(str::to_owned),
    );
    ways.push(String::new());
    ways
}

/// The story while its first trouble is at its worst, with actions allowed.
fn burning() -> Sim {
    let mut sim = Sim::new(Scenario::Story);
    sim.model = Model::new(Arc::clone(&sim.plan), sim.now(), false);
    sim.happen(What::Resize(120, 40));
    sim.run_to(50);
    sim
}

/// Draws each screen at three sizes, and says which it was.
fn every_screen<const N: usize>(sim: &mut Sim, themes: &[Theme; N], mut look: impl FnMut(&str, [Buffer; N])) {
    let mut screens: Vec<&str> = Vec::new();
    for way in ways(sim) {
        sim.press("esc esc esc esc 1");
        sim.press(&way);
        screens.push(sim.model.ui.screen.word());
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            let drawn = themes.each_ref().map(|theme| sim.buffer(width, height, theme));
            look(&format!("{} after \"{way}\" at {width}x{height}", sim.model.ui.screen.word()), drawn);
        }
        if let Some(prompt) = sim.model.ui.prompt.as_mut() {
            prompt.line.set("");
            sim.press("esc");
        }
    }
    for seen in [
        "overview",
        "service",
        "targets",
        "slos",
        "incidents",
        "incident",
        "actions",
        "explore",
        "panels",
        "body",
        "help",
    ] {
        assert!(screens.contains(&seen), "{seen} was not drawn");
    }
}

#[test]
fn every_screen_in_every_alphabet() {
    let mut sim = burning();
    // Box drawing, halves and shades: what every text console has.
    let console = "·─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓";
    for set in [GlyphSet::Ascii, GlyphSet::Neutral, GlyphSet::Console] {
        let mut wrong = Vec::new();
        every_screen(&mut sim, &[dark().with_glyphs(set)], |name, [buffer]| {
            for cell in &buffer.content {
                let symbol = cell.symbol();
                let fits = match set {
                    GlyphSet::Ascii => symbol.is_ascii(),
                    GlyphSet::Neutral => symbol.width_cjk() == 1,
                    _ => symbol.is_ascii() || console.contains(symbol),
                };
                if !fits {
                    wrong.push(format!("{symbol} in {name}"));
                }
            }
        });
        wrong.dedup();
        assert!(
            wrong.is_empty(),
            "{set:?}: {} such as {:?}",
            wrong.len(),
            wrong.iter().take(8).collect::<Vec<_>>()
        );
    }
}

#[test]
fn no_screen_needs_a_colour() {
    let mut sim = burning();
    every_screen(&mut sim, &[mono(false), dark()], |name, [plain, coloured]| {
        let colour = plain.content.iter().find(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
        assert_eq!(colour.map(|cell| cell.symbol().to_owned()), None, "{name} in mono has a colour");
        assert_eq!(text_of(&plain), text_of(&coloured), "{name}: a theme changes colours only");
    });
}

/// The colours of states that a row has, cell by cell.
fn judged(buffer: &Buffer, theme: &Theme, y: u16) -> Vec<Option<Color>> {
    let states = [Role::Up, Role::Degraded, Role::Down, Role::Warming].map(|role| theme.style(role).fg);
    (0..buffer.area.width).map(|x| Some(buffer[(x, y)].fg).filter(|fg| states.contains(&Some(*fg)))).collect()
}

#[test]
fn a_row_whose_judgement_changes_changes_its_words() {
    let theme = dark();
    let mut seen = 0;
    let mut sim = Sim::new(Scenario::Story);
    let mut before: Vec<Buffer> = Vec::new();
    for second in (0..66).step_by(6) {
        sim.run_to(second);
        let mut drawn = Vec::new();
        for way in ["", "enter", "2", "5", "6"] {
            sim.press("esc esc esc 1 g");
            sim.press(way);
            drawn.push(sim.buffer(160, 50, &theme));
        }
        for (at, (before, after)) in before.iter().zip(&drawn).enumerate() {
            let (old, new) = (text_of(before), text_of(after));
            for (y, (old, new)) in old.lines().zip(new.lines()).enumerate() {
                let colours = [before, after].map(|buffer| judged(buffer, &theme, y as u16));
                if colours[0] != colours[1] {
                    seen += 1;
                    assert_ne!(
                        old, new,
                        "screen {at} after {second}s: only the colour of row {y} has changed"
                    );
                }
            }
        }
        before = drawn;
    }
    assert!(seen > 50, "the test has seen {seen} judgements change");
}

#[test]
fn each_state_has_a_word_and_a_glyph_of_its_own() {
    let mut words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), State::ALL.len());
    // And they are what is drawn, without a colour, in the row of the service.
    let mut sim = Sim::new(Scenario::Story);
    sim.run_to(40);
    let drawn = sim.screen(160, 50, &mono(true));
    for row in &sim.model.fleet.services {
        let line = drawn.lines().find(|line| line.contains(&*row.name) && line.contains(row.state.word()));
        assert!(line.is_some(), "{} {}: {drawn}", row.name, row.state.word());
    }
}

#[test]
fn a_tick_changes_the_last_cell_of_a_sparkline_and_not_all() {
    let theme = dark();
    let mut sim = Sim::new(Scenario::Steady).only("gateway");
    // Five minutes fill every bucket.
    sim.run_to(330);
    // Braille, and no graph in these rows.
    let bars = |symbol: &str| symbol.chars().all(|dot| ('\u{2801}'..='\u{28ff}').contains(&dot));
    let mut before = sim.buffer(120, 40, &theme);
    let (mut most, mut total, mut drawn) = (0, 0, 0);
    for second in 331..391 {
        sim.run_to(second);
        let after = sim.buffer(120, 40, &theme);
        let is_bar = |buffer: &Buffer, x, y| bars(buffer[(x, y)].symbol());
        for y in 3..14 {
            let spark: Vec<u16> =
                (0..120).filter(|x| is_bar(&before, *x, y) || is_bar(&after, *x, y)).collect();
            drawn += spark.len();
            let changed = spark.into_iter().filter(|x| before[(*x, y)] != after[(*x, y)]).count();
            most = most.max(changed);
        }
        total += before.diff(&after).len();
        before = after;
    }
    assert!(drawn > 300, "there are sparklines to look at: {drawn}");
    assert!(most <= 2, "a tick changed {most} cells of one sparkline");
    // Graphs and figures included; a scrolling graph alone would be hundreds a tick.
    assert!(total / 60 <= 60, "{} cells a tick", total / 60);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it lays out the folder that is read")]
fn a_theme_of_ones_own_by_path_and_from_the_folder_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("config.toml");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let service = "[service.shop]\ninstances = [\"http://10.0.0.1:8080\"]\npoll.health = { kind = \"health\", path = \"/h\" }\n";
    let load = |theme: &str| -> Result<Arc<Plan>, String> {
        write("config.toml", &format!("schema = 1\n[ui]\ntheme = \"{theme}\"\n{service}"));
        let tell = |problems: Vec<warroom::config::Problem>| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let (config, _) = files::load(Some(&main), &Overrides::default()).map_err(tell)?;
        Plan::compile(&config, 1).map(Arc::new).map_err(tell)
    };
    let up = |plan: &Plan, name: &str| {
        let theme = plan.ui.themes.get(name, Depth::TrueColor, GlyphSet::Unicode).unwrap();
        theme.style(Role::Up).fg
    };
    write("looks/sea.toml", "inherits = \"dark\"\n[palette]\ngreen = \"#00ffcc\"\n");
    write("themes/moss.toml", "inherits = \"light\"\n[palette]\ngreen = \"#0a8f3c\"\n");
    write("themes/broken.toml", "[roles]\nup = { fg = \"grene\" }\n");
    let plan = load("looks/sea.toml").unwrap();
    assert_eq!(up(&plan, "looks/sea.toml"), Some(Color::Rgb(0, 255, 0xcc)));
    assert_eq!(up(&plan, "moss"), Some(Color::Rgb(0x0a, 0x8f, 0x3c)));
    let warned: Vec<String> = plan.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warned.iter().any(|text| text.contains("broken.toml:2:13: roles.up.fg: \"grene\"")),
        "{warned:?}"
    );
    // Chosen by name, what is wrong with it is an error.
    assert_eq!(up(&load("moss").unwrap(), "moss"), Some(Color::Rgb(0x0a, 0x8f, 0x3c)));
    for (theme, said) in [
        ("broken", "broken.toml:2:13: roles.up.fg: \"grene\" is no colour and not in the palette; write"),
        ("looks/sun.toml", "config.toml:3:9: ui.theme: cannot read the theme file"),
        ("drak", "config.toml:3:9: ui.theme: there is no theme \"drak\"; the themes are dark, light"),
        ("looks", "ui.theme: there is no theme \"looks\""),
        ("looks/", "ui.theme: cannot read the theme file"),
    ] {
        let error = load(theme).unwrap_err();
        assert!(error.contains(said), "{theme}: {error}");
    }
    // It is watched, and a change of the file dresses the dashboard anew.
    load("looks/sea.toml").unwrap();
    let (config, _) = files::load(Some(&main), &Overrides::default()).unwrap();
    for file in ["looks/sea.toml", "themes/moss.toml", "themes/broken.toml"] {
        let path = folder.path().join(file).display().to_string();
        assert!(config.files.iter().any(|known| **known == path), "{file} is watched");
    }
    let plan = load("looks/sea.toml").unwrap();
    let mut sim = Sim::new(Scenario::Steady);
    sim.model = Model::new(Arc::clone(&plan), sim.now(), true);
    assert_eq!(sim.happen(What::Reloaded(Ok(load("looks/sea.toml").unwrap()))), [Effect::Configure]);
    write("looks/sea.toml", "inherits = \"dark\"\n[palette]\ngreen = \"#00ccff\"\n");
    let sea = Effect::Theme("looks/sea.toml".to_owned());
    let effects = sim.happen(What::Reloaded(Ok(load("looks/sea.toml").unwrap())));
    assert_eq!(effects, [Effect::Configure, sea.clone()]);
    // What was chosen by key stays until the file wants something else.
    sim.press(":theme_mono enter");
    write("looks/sea.toml", "inherits = \"dark\"\n");
    let effects = sim.happen(What::Reloaded(Ok(load("looks/sea.toml").unwrap())));
    assert_eq!(effects, [Effect::Configure, Effect::Theme("mono".to_owned())]);
    let effects = sim.happen(What::Reloaded(Ok(load("moss").unwrap())));
    assert_eq!(effects, [Effect::Configure, Effect::Theme("moss".to_owned())]);
    assert_eq!(sim.model.ui.screen, Screen::Overview);
    sim.press(":theme_moss enter");
    assert_eq!(sim.model.ui.theme, "moss");
}

#[test]
fn the_page_about_themes_is_true() {
    let page = include_str!("../docs/themes.md");
    for (_, role) in Role::ALL {
        assert!(page.contains(&format!("`{role}`")), "the page does not tell the role {role}");
    }
    for (name, _) in BUILT_IN {
        assert!(page.contains(&format!("| `{name}` |")), "the page does not tell the theme {name}");
    }
    let example = page.split("# themes/sea.toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file = ("sea".to_owned(), Source { name: "sea.toml".to_owned(), text: example.to_owned() });
    let (themes, problems) = Themes::new(&[file]);
    assert_eq!((problems, themes.problems("sea")), (vec![], vec![]));
    let sea = themes.get("sea", Depth::TrueColor, GlyphSet::Unicode).unwrap();
    assert_eq!(sea.style(Role::Up).fg, Some(Color::Rgb(0, 0xd7, 0xaf)));
}
