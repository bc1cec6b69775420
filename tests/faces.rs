//! The faces of warroom: every screen at three sizes, in dark, mono and ASCII, over the demo's fleet at fixed moments.
//!
//! A snapshot holds the text, what each cell means in the dark theme (a letter a role, large where the row is
//! selected), and the ASCII twin. Mono must say the same as dark, letter by letter: a theme changes colours only.
//! `wall` and the rewound header have their own tests, where they are made.

#[path = "support/sim.rs"]
mod sim;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};
use sim::{Sim, dark, mono, plan_of, text_of};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use warroom::demo::Scenario;
use warroom::event::{Browsed, Effect, Event, What};
use warroom::model::Model;
use warroom::model::ui::Ui;
use warroom::target::Failure;
use warroom::text::Clean;
use warroom::theme::{Role, Theme};
use warroom::update::update;
use warroom::view;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// When the pictures are taken: the first trouble is on, a breaker may open, queues move.
const SECOND: u64 = 75;

/// Each screen with the keys that lead there from the overview.
const SCREENS: [(&str, &str); 18] = [
    ("overview", ""),
    ("service", "enter"),
    ("targets", "2"),
    ("body", "2 /metrics enter b"),
    ("explore", "3 'sum~by~(job)~(rate(http_requests_total[30s])) enter esc"),
    ("panels", "4"),
    ("slos", "5"),
    ("incidents", "6"),
    ("incident", "6 enter"),
    ("actions", "7"),
    ("latency", "8"),
    ("breakers", "9"),
    ("zoom_panel", "4 G z"),
    ("zoom_figure", "enter z"),
    ("zoom_budget", "5 z"),
    ("zoom_latency", "8 z"),
    ("explain", "x"),
    ("help", "?"),
];

/// A letter for each role, in their order; some more, so that a role can be added.
const LETTERS: &str = "tmfbTHBkSMudDnowgGhijsApqrvxyz";

fn letter(theme: &Theme, style: Style) -> char {
    let same = |role: Role| theme.style(role).fg == style.fg;
    let bold = |role: Role| theme.style(role).add_modifier == style.add_modifier;
    let exact = Role::ALL.iter().position(|(role, _)| same(*role) && bold(*role));
    let near = || Role::ALL.iter().position(|(role, _)| same(*role));
    let letter = exact.or_else(near).and_then(|at| LETTERS.chars().nth(at)).unwrap_or('?');
    if letter == 't' { ' ' } else { letter }
}

/// What the cells mean: a letter a cell, in the lines of the screen; `#` where the background is another one.
fn meaning(buffer: &Buffer, theme: &Theme) -> String {
    let plain = theme.style(Role::Text).bg.unwrap_or(Color::Reset);
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let mark = if cell.symbol() == " " { ' ' } else { letter(theme, cell.style()) };
            line.push(if cell.bg != plain && mark == ' ' { '#' } else { mark });
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn settle(sim: &mut Sim) {
    sim.happen(What::Tick);
    while sim.model.has_work() {
        sim.happen(What::Work);
    }
}

/// Goes to a screen and lets it do its work; a body that is asked for comes.
fn go(sim: &mut Sim, keys: &str) {
    sim.press("esc esc esc esc esc 1");
    sim.happen(What::Resize(120, 40));
    for key in keys.split(' ').filter(|key| !key.is_empty()) {
        // What stands behind ' is typed letter by letter, ~ as a blank.
        let typed: Vec<String> = match key.strip_prefix('\'') {
            Some(text) if !text.is_empty() => {
                text.chars().map(|c| if c == '~' { "space".to_owned() } else { c.to_string() }).collect()
            }
            _ => vec![key.to_owned()],
        };
        for effect in typed.iter().flat_map(|key| sim.press(key)).collect::<Vec<_>>() {
            if let Effect::FetchFull(target) = effect {
                let body = b"# HELP jobs_total Jobs that were done.\n# TYPE jobs_total counter\n\
                    jobs_total{kind=\"mail\"} 7\njobs_total{kind=\"bill\"} 41\n\
                    # HELP wide_seconds How long rows take.\n# TYPE wide_seconds gauge\nwide_seconds 1.5\n";
                let read =
                    Browsed::read(200, Some("text/plain; version=0.0.4"), body, Duration::from_millis(3));
                let generation = sim.plan.generation;
                sim.happen(What::Browsed { target, generation, outcome: Ok(read) });
            }
        }
        settle(sim);
    }
    sim.model.ui.message = None;
}

fn check(sim: &mut Sim, name: &str) {
    for (width, height) in SIZES {
        let buffer = sim.buffer(width, height, &dark());
        let text = text_of(&buffer);
        let plain = sim.screen(width, height, &mono(false));
        assert_eq!(text, plain, "{name}: a theme changes colours only");
        let ascii = sim.screen(width, height, &mono(true));
        assert!(ascii.is_ascii(), "{name}: {:?}", ascii.chars().find(|c| !c.is_ascii()));
        let meaning = meaning(&buffer, &dark());
        let face = format!("{text}\n-- dark --\n{meaning}\n-- ascii --\n{ascii}");
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), face);
    }
}

#[test]
fn every_screen_at_every_size() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(120, 40));
    sim.run_to(SECOND);
    for (name, keys) in SCREENS {
        go(&mut sim, keys);
        check(&mut sim, name);
    }
}

#[test]
fn a_quiet_fleet_looks_quiet() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.happen(What::Resize(120, 40));
    sim.run_to(60);
    for (name, keys) in
        [("quiet_overview", ""), ("quiet_incidents", "6"), ("quiet_latency", "8"), ("quiet_breakers", "9")]
    {
        go(&mut sim, keys);
        check(&mut sim, name);
    }
    let dark = dark();
    go(&mut sim, "");
    let buffer = sim.buffer(120, 40, &dark);
    let alarming = [Role::Down, Role::Degraded].map(|role| dark.style(role).fg);
    let is_loud = |cell: &ratatui::buffer::Cell| {
        alarming.contains(&Some(cell.fg)) && !matches!(cell.symbol(), " " | "\u{254c}")
    };
    // The rows of services begin below the heads; limits in graphs are drawn whether or not they are reached.
    let rows = buffer.content.chunks(120).skip(3).take(10);
    let loud: String =
        rows.flatten().filter(|cell| is_loud(cell)).map(ratatui::buffer::Cell::symbol).collect();
    assert!(loud.chars().count() <= 12, "nothing is wrong, and this is alarming: {loud}");
}

/// An open breaker and a queue that grows come first, with since when and where that leads.
#[test]
fn open_breakers_and_growing_queues_come_first() {
    for (name, scenario, second, keys, first, words) in [
        (
            "breaker_open",
            Scenario::BreakerOpens,
            60,
            "9",
            "OPEN",
            &["since", "opened", "half-open", "payments"][..],
        ),
        ("queue_grows", Scenario::QueueBacksUp, 75, "9 j j", "/m", &["critical", "at this pace", "limits"]),
    ] {
        let mut sim = Sim::new(scenario);
        sim.happen(What::Resize(120, 40));
        sim.run_to(second);
        go(&mut sim, keys);
        let text = sim.screen(120, 40, &dark());
        let row = text.lines().nth(3).unwrap_or_default();
        assert!(row.contains(first), "{name}: no {first:?} in the first row of\n{text}");
        for word in words {
            assert!(text.contains(word), "{name}: no {word:?} in\n{text}");
        }
        check(&mut sim, name);
    }
}

/// The menu, a parameter, the box that asks: what stands over a screen.
#[test]
fn what_stands_over_a_screen() {
    let mut sim = Sim::new(Scenario::Story);
    let plan = Arc::clone(&sim.plan);
    sim.model = Model::new(plan, sim::BEGAN, false);
    sim.happen(What::Resize(120, 40));
    sim.run_to(30);
    for (name, keys) in [("menu", "a"), ("box", ":restart_checkout enter")] {
        go(&mut sim, keys);
        check(&mut sim, name);
        sim.press("esc");
    }
}

/// A plan of which nothing is configured but one service that nobody answers for.
const BARE: &str = "schema = 1\n[service.api]\ninstances = [\"http://10.0.0.1:80\"]\npoll.health = { kind = \"health\", path = \"/health\" }\n";

#[test]
fn empty_screens_teach() {
    let mut model = Model::new(plan_of(BARE), sim::BEGAN, true);
    let happen = |model: &mut Model, what| update(model, Event { at: sim::BEGAN, what });
    happen(&mut model, What::Resize(80, 24));
    for (key, name, lines) in [
        ("4", "panels", &["panel.", "expr = ", "test.toml"][..]),
        ("5", "slos", &["[slo.", "objective = ", "test.toml"]),
        ("6", "incidents", &["no incident"]),
        ("7", "actions", &["action."]),
        ("8", "latency", &["[service.checkout]", "signals.latency", "test.toml"]),
        ("9", "breakers", &["poll.breakers", "poll.jobs", "test.toml"]),
    ] {
        happen(&mut model, What::Key(key.parse().unwrap()));
        for (width, height) in SIZES {
            happen(&mut model, What::Resize(width, height));
            let area = ratatui::layout::Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            view::paint(&model, &dark(), area, &mut buffer);
            let text = text_of(&buffer);
            for line in lines {
                assert!(text.contains(line), "{name} {width}x{height}: no {line:?} in\n{text}");
            }
            if width == 80 {
                insta::assert_snapshot!(format!("empty_{name}_{width}x{height}"), text);
            }
        }
    }
}

/// What is wrong says what to do: (what fails, what must stand on the overview, the service's screen and the targets).
#[test]
fn errors_say_what_to_do() {
    for (failure, words) in [
        (Failure::Refused, &["refused", "down"][..]),
        (Failure::Credentials(401, Clean::new("")), &["401", "auth"]),
        (Failure::Timeout(Duration::from_millis(900)), &["no answer within 900ms"]),
    ] {
        let mut sim = Sim::new(Scenario::Steady).only("checkout");
        sim.happen(What::Resize(120, 40));
        sim.run_to(5);
        for _ in 0..4 {
            sim.fail("checkout", &failure);
        }
        for keys in ["", "enter", "2 /checkout enter"] {
            go(&mut sim, keys);
            let text = sim.screen(120, 40, &dark());
            for word in words {
                assert!(text.to_lowercase().contains(word), "{failure:?} {keys}: no {word:?} in\n{text}");
            }
        }
    }
}

/// Mean names, many services, sizes without sense: nothing panics, nothing is drawn beyond its cells.
#[test]
fn good_manners() {
    let wide = "\u{65e5}\u{672c}\u{8a9e}\u{306e}".repeat(20);
    let mut text = format!("schema = 1\npanel.wide = {{ title = \"{wide}\", expr = \"vector(1)\" }}\n");
    for index in 0..200 {
        let name = match index {
            0 => "x".repeat(64),
            _ => format!("service-{index:03}"),
        };
        let _ = write!(
            text,
            "[service.\"{name}\"]\ninstances = [\"http://10.0.{}.{}:80\"]\n\
             poll.health = {{ kind = \"health\", path = \"/health\" }}\n\
             poll.metrics = {{ kind = \"metrics\", path = \"/metrics\" }}\n\
             signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(x_bucket[1m])))'\n",
            index / 250,
            index % 250 + 1
        );
    }
    let mut model = Model::new(plan_of(&text), sim::BEGAN, true);
    let happen = |model: &mut Model, what| update(model, Event { at: sim::BEGAN, what });
    let sizes =
        [(0, 0), (1, 1), (2, 1), (1, 50), (9, 3), (20, 5), (39, 7), (40, 8), (79, 23), (99, 30), (300, 90)];
    for keys in ["1", "8", "9", "1 enter z", "8 z", "2", "4", "4 z", "5", "6", "7"] {
        for key in keys.split(' ') {
            happen(&mut model, What::Key(key.parse().unwrap()));
            while model.has_work() {
                happen(&mut model, What::Work);
            }
        }
        for (width, height) in sizes {
            happen(&mut model, What::Resize(width, height));
            happen(&mut model, What::Key("G".parse().unwrap()));
            happen(&mut model, What::Key("g".parse().unwrap()));
            let area = ratatui::layout::Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            view::paint(&model, &dark(), area, &mut buffer);
            // The terminal may be another size than the one that was told last.
            let mut smaller = Buffer::empty(ratatui::layout::Rect::new(0, 0, width / 2, height / 2));
            let area = smaller.area;
            view::paint(&model, &mono(true), area, &mut smaller);
        }
    }
}

/// Without Unicode there is not one byte above U+007E on the screen, whatever the outside writes.
#[test]
fn in_ascii_there_is_nothing_else() {
    let foreign = "naïve 東京 → “überall” … – µ";
    let text = format!(
        "schema = 1\n\
         panel.one = {{ title = \"{foreign}\", expr = \"label_replace(vector(1), \\\"a\\\", \\\"{foreign}\\\", \\\"\\\", \\\"\\\")\" }}\n\
         slo.one = {{ service = \"api\", title = \"{foreign}\", objective = 99, window = \"30d\", error = \"vector(1)\", total = \"vector(2)\" }}\n\
         action.restart = {{ title = \"{foreign}\", services = [\"api\"], hazard = \"reversible\", request = {{ method = \"POST\", path = \"/x\" }} }}\n\
         [service.api]\ninstances = [\"http://10.0.0.1:80\"]\nlinks = {{ runbook = \"https://wiki/ä\" }}\n\
         poll.health = {{ kind = \"health\", path = \"/health\" }}\n"
    );
    let mut sim = Sim::new(Scenario::Steady);
    sim.plan = plan_of(&text);
    sim.model = Model::new(Arc::clone(&sim.plan), sim::BEGAN, false);
    sim.fail("api", &Failure::Status(500, Clean::new(foreign)));
    for keys in [
        "",
        "enter",
        "2",
        "3",
        "3 :explore_vector(1) enter",
        "4",
        "4 z",
        "5",
        "5 z",
        "6",
        "7",
        "8",
        "9",
        "?",
        "x",
        "a",
        "y",
        ":s",
        "/东",
        ":restart_api enter",
        ":nothing→ enter",
        "ctrl-p",
        "[",
        ":wall enter",
    ] {
        sim.model.ui = Ui::new(&sim.plan);
        sim.model.acts.over = None;
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            sim.press(key);
            settle(&mut sim);
        }
        for (width, height) in SIZES {
            let screen = sim.screen(width, height, &mono(true));
            assert!(screen.is_ascii(), "{keys}: {:?} in\n{screen}", screen.chars().find(|c| !c.is_ascii()));
        }
    }
}

/// What an operator does on the new screens, and where that leads: (keys, screen, words on it).
#[test]
fn keys_lead_there_and_back() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(120, 40));
    sim.run_to(60);
    for (keys, screen, words) in [
        (
            "8",
            "latency",
            &["p50", "p95", "p99", "checkout", "quantiles", "requests by duration", "not told"][..],
        ),
        ("8 /search enter", "latency", &["search requests by duration"]),
        ("8 /nobody enter", "latency", &["no service matches /nobody"]),
        ("8 s", "latency", &["sorted by service"]),
        ("8 G", "latency", &["no histogram", "signals.latency"]),
        ("8 +", "latency", &["30m"]),
        ("8 minus minus minus minus", "latency", &["1m"]),
        ("8 enter", "service", &["polls"]),
        ("8 x", "latency", &["formula", "histogram_quantile"]),
        ("9", "breakers", &["breaker", "queue", "payments", "waiting", "told by"]),
        ("9 /OPEN enter", "breakers", &["matches /OPEN"]),
        (":queues enter", "breakers", &["breakers and queues"]),
        ("9 s s s s", "breakers", &["sorted by change"]),
        ("9 x", "breakers", &["series", "warroom_queue_depth"]),
        ("9 enter", "service", &["polls"]),
        ("9 G z", "zoom", &["breaker", "closed", "in this range"]),
        ("z", "zoom", &["checkout p95", "1 of 3", "mean"]),
        ("z tab", "zoom", &["checkout errors", "2 of 3"]),
        ("z shift-tab", "zoom", &["checkout requests", "3 of 3"]),
        ("z z", "overview", &["services"]),
        ("z esc", "overview", &["services"]),
        ("z +", "zoom", &["of 30m"]),
        ("z enter", "explore", &["warroom_service_latency_seconds"]),
        ("z x", "zoom", &["formula", "range"]),
        ("z a", "zoom", &[]),
        ("5 z", "zoom", &["budget left of", "1 of 8"]),
        ("5 z enter", "zoom", &["x says from which"]),
        ("4 z", "zoom", &["in this range"]),
        ("4 enter enter", "explore", &[]),
        ("2 z", "zoom", &["p95"]),
        ("6 z", "zoom", &["p95"]),
        ("8 z", "zoom", &["latency", "p50", "p99", "requests by duration"]),
        ("7 z", "actions", &["nothing is selected that has a graph"]),
        ("7 +", "actions", &["this screen has no range"]),
        ("4 l l l l", "latency", &[]),
        ("h", "breakers", &[]),
    ] {
        sim.model.ui = Ui::new(&sim.plan);
        go(&mut sim, "");
        sim.model.latencies.set_range(Duration::from_secs(900));
        for key in keys.split(' ') {
            sim.press(key);
            settle(&mut sim);
        }
        let text = sim.screen(160, 44, &dark());
        assert_eq!(sim.model.ui.screen.word(), screen, "{keys}\n{text}");
        for word in words {
            assert!(text.contains(word), "{keys}: no {word:?} in\n{text}");
        }
    }
}

/// Freezing holds the whole picture below the header, wherever it is pressed; letting go lets it live on.
#[test]
fn a_frozen_picture_stays_on_every_screen() {
    let mut sim = Sim::new(Scenario::Story);
    sim.happen(What::Resize(120, 40));
    let mut second = 30;
    sim.run_to(second);
    for (name, keys) in SCREENS {
        if matches!(name, "explain" | "body") {
            continue; // what was asked for once does not live on anyway
        }
        go(&mut sim, keys);
        sim.press("space");
        settle(&mut sim);
        sim.model.ui.message = None;
        let body = |sim: &mut Sim| {
            let screen = sim.screen(120, 40, &dark());
            assert!(screen.contains("FROZEN"), "{name}\n{screen}");
            screen.lines().skip(1).map(str::to_owned).collect::<Vec<_>>().join("\n")
        };
        let before = body(&mut sim);
        second += 3;
        sim.run_to(second);
        sim.model.ui.message = None;
        assert_eq!(before, body(&mut sim), "{name}");
        sim.press("space");
    }
}

/// Nobody looks: nothing is computed.
#[test]
fn what_nobody_looks_at_costs_nothing() {
    let mut sim = Sim::new(Scenario::Steady);
    sim.run_to(5);
    assert!(sim.model.latencies.all.iter().all(|latency| latency.at.is_none()));
    assert!(sim.model.flow.past.is_empty() && sim.model.zoom.is_none());
    sim.press("8");
    settle(&mut sim);
    assert!(sim.model.latencies.all.iter().any(|latency| latency.at.is_some()));
    sim.press("z");
    assert!(sim.model.zoom.is_some());
    sim.press("esc 1");
    let known: Vec<_> = sim.model.latencies.all.iter().map(|latency| latency.at).collect();
    sim.run_to(10);
    assert_eq!(known, sim.model.latencies.all.iter().map(|latency| latency.at).collect::<Vec<_>>());
    assert!(sim.model.zoom.is_none());
}

/// The same seed gives the same picture, whatever was looked at before.
#[test]
fn the_same_moment_gives_the_same_picture() {
    let picture = |keys: &[&str]| {
        let mut sim = Sim::new(Scenario::Story);
        sim.happen(What::Resize(120, 40));
        sim.run_to(20);
        for keys in keys {
            go(&mut sim, keys);
        }
        go(&mut sim, "8");
        text_of(&sim.buffer(120, 40, &dark()))
    };
    assert_eq!(picture(&[]), picture(&["9", "5 z", "4"]));
}

/// Each role has a letter of its own, so that a picture can be read.
#[test]
fn letters_are_enough() {
    let letters: std::collections::BTreeSet<char> = LETTERS.chars().collect();
    assert_eq!(letters.len(), LETTERS.chars().count(), "two roles share a letter");
    assert!(letters.len() >= Role::ALL.len(), "there are more roles than letters");
}
