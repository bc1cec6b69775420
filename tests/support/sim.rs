//! The demo's fleet in simulated time, without sockets or clock: what the poller would report, handed to `update`.
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fleet that cannot answer fails its test"
)]

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::{self, Source};
use warroom::demo::{Options, Scenario};
use warroom::event::{Effect, Event, What};
use warroom::keymap::Chord;
use warroom::model::Model;
use warroom::plan::Plan;
pub use warroom::rehearsal::BEGAN;
use warroom::rehearsal::{Fleet, Rehearsal};
use warroom::target::health::State;
use warroom::target::{Failure, ScrapeReport};
use warroom::theme::{Depth, Theme};
use warroom::units::Timestamp;
use warroom::update::{settle, update};
use warroom::view;

/// The fleet, and a dashboard that looks at it.
pub struct Sim {
    pub model: Model,
    pub plan: Arc<Plan>,
    fleet: Fleet,
    second: u64,
    pub only: Option<&'static str>,
}

impl Sim {
    pub fn new(scenario: Scenario) -> Self {
        Self::of(plan_of(&Rehearsal::config()), scenario)
    }

    /// By another plan for the same fleet.
    pub fn of(plan: Arc<Plan>, scenario: Scenario) -> Self {
        let options = Options { seed: 7, scenario, ..Options::default() };
        Self {
            model: Model::new(Arc::clone(&plan), BEGAN, true),
            fleet: Fleet::new(&plan, options),
            plan,
            second: 0,
            only: None,
        }
    }

    /// Polls by the plan that the dashboard has now, as the poller does when it is told.
    pub fn configure(&mut self) {
        self.plan = Arc::clone(&self.model.plan);
        self.fleet.configure(&self.plan);
    }

    /// Polls one service only: quicker, where the others do not matter.
    pub fn only(mut self, service: &'static str) -> Self {
        self.only = Some(service);
        self
    }

    pub fn now(&self) -> Timestamp {
        BEGAN + Duration::from_secs(self.second)
    }

    /// Polls everything once a second until `second`.
    pub fn run_to(&mut self, second: u64) -> &mut Self {
        while self.second < second {
            self.step();
        }
        self
    }

    /// Polls everything once, a second later; gives what came back, and what came of it.
    pub fn step(&mut self) -> (Vec<ScrapeReport>, Vec<Effect>) {
        self.second += 1;
        let at = self.now();
        self.fleet.advance(Duration::from_secs(self.second));
        let targets = self.plan.targets.clone();
        let polled = targets.iter().filter(|target| self.only.is_none_or(|name| *target.service == *name));
        let polled: Vec<_> = polled.collect();
        let reports: Vec<ScrapeReport> =
            polled.into_iter().map(|target| self.fleet.poll(target, at).unwrap()).collect();
        let mut effects = self.happen(What::Reports(reports.clone()));
        while self.model.has_work() {
            effects.extend(self.happen(What::Work));
        }
        effects.extend(self.happen(What::Tick));
        (reports, effects)
    }

    /// Every poll of `service` fails now.
    pub fn fail(&mut self, service: &str, failure: &Failure) -> Vec<Effect> {
        let targets = self.plan.targets.iter().filter(|target| *target.service == *service);
        let reports = targets.map(|target| ScrapeReport {
            target: target.id,
            generation: self.plan.generation,
            at: self.now(),
            took: Duration::ZERO,
            outcome: Err(failure.clone()),
            samples: Vec::new(),
            observation: None,
            not_before: None,
            retry_after: None,
        });
        let reports = reports.collect();
        self.happen(What::Reports(reports))
    }

    /// How `service` stands.
    pub fn state(&self, service: &str) -> State {
        let row = self.model.fleet.services.iter().find(|row| *row.name == *service);
        row.map(|row| row.state).unwrap()
    }

    /// Sends an action's request to the process that it is for.
    pub fn send(&mut self, service: &str, request: &warroom::action::Request) -> warroom::demo::Answer {
        self.fleet.send(service, request).unwrap()
    }

    pub fn happen(&mut self, what: What) -> Vec<Effect> {
        let at = self.now();
        update(&mut self.model, Event { at, what })
    }

    /// Presses keys: chords separated by blanks, `:text` and `/text` typed letter by letter.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for word in keys.split_whitespace() {
            if word.len() > 1 && word.starts_with([':', '/']) {
                for letter in word.chars() {
                    let key = if letter == '_' { "space".to_owned() } else { letter.to_string() };
                    effects.extend(self.happen(What::Key(key.parse().unwrap())));
                }
            } else {
                let chord: Chord = word.parse().unwrap();
                effects.extend(self.happen(What::Key(chord)));
            }
        }
        effects
    }

    /// The screen as text.
    pub fn screen(&mut self, width: u16, height: u16, theme: &Theme) -> String {
        text_of(&self.buffer(width, height, theme))
    }

    pub fn buffer(&mut self, width: u16, height: u16, theme: &Theme) -> Buffer {
        self.happen(What::Resize(width, height));
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        settle(&mut self.model);
        view::paint(&self.model, theme, area, &mut buffer);
        buffer
    }
}

/// A plan of a configuration's text; panics with every problem.
pub fn plan_of(text: &str) -> Arc<Plan> {
    let source = Source { name: "test.toml".to_owned(), text: text.to_owned() };
    let loaded = config::load(&[source]).and_then(|config| Plan::compile(&config, 1));
    let problems = |problems: Vec<config::Problem>| -> String {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    Arc::new(loaded.map_err(problems).unwrap_or_else(|problems| panic!("{problems}")))
}

pub fn dark() -> Theme {
    Theme::built_in("dark", Depth::TrueColor, false).unwrap()
}

pub fn mono(ascii: bool) -> Theme {
    Theme::built_in("mono", Depth::Mono, ascii).unwrap()
}

/// What stands in the cells, line by line, without what is blank at the end of a line.
pub fn text_of(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut out = String::new();
    for y in 0..area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = warroom::text::width(symbol).saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
