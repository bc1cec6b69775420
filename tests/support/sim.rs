//! The demo's fleet in simulated time, without sockets or clock: what the poller would report, handed to `update`.

use base64::Engine as _;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use warroom::config::poll::PollKind;
use warroom::config::{self, Source};
use warroom::decode::{self, Reply};
use warroom::demo::{Ask, PASSWORD, Scenario, TOKEN, USER, World};
use warroom::event::{Effect, Event, What};
use warroom::exposition::{Cache, format_of};
use warroom::keymap::Chord;
use warroom::model::Model;
use warroom::plan::Plan;
use warroom::target::health::State;
use warroom::target::{Answer, Failure, Sample, ScrapeReport, Target, TargetId};
use warroom::text::Clean;
use warroom::theme::{Depth, Theme};
use warroom::units::Timestamp;
use warroom::update::{settle, update};
use warroom::view;

/// When the simulation begins: 2025-11-21 10:13:20 UTC.
pub const BEGAN: Timestamp = Timestamp::from_millis(1_763_720_000_000);

/// The fleet, and a dashboard that looks at it.
pub struct Sim {
    pub model: Model,
    pub plan: Arc<Plan>,
    world: World,
    caches: BTreeMap<TargetId, Cache>,
    token: Option<String>,
    second: u64,
    pub only: Option<&'static str>,
}

impl Sim {
    pub fn new(scenario: Scenario) -> Self {
        let world = World::new(7, scenario, BEGAN, 1.0);
        let urls: Vec<String> =
            (0..world.nodes()).map(|node| format!("http://10.0.0.{}:8080", node + 1)).collect();
        let plan = plan_of(&warroom::demo::config::write(&urls));
        Self {
            model: Model::new(Arc::clone(&plan), BEGAN, true),
            plan,
            world,
            caches: BTreeMap::new(),
            token: None,
            second: 0,
            only: None,
        }
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
            self.second += 1;
            self.world.advance(Duration::from_secs(self.second));
            let targets = self.plan.targets.clone();
            let polled =
                targets.iter().filter(|target| self.only.is_none_or(|name| *target.service == *name));
            let polled: Vec<_> = polled.collect();
            let reports = polled.into_iter().map(|target| self.poll(target)).collect();
            self.happen(What::Reports(reports));
            while self.model.has_work() {
                self.happen(What::Work);
            }
            self.happen(What::Tick);
        }
        self
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

    fn poll(&mut self, target: &Target) -> ScrapeReport {
        let at = self.now();
        let node =
            target.url.host_str().and_then(|host| host.rsplit('.').next()?.parse::<usize>().ok()).unwrap()
                - 1;
        let answered = if self.world.listens(node) {
            let authorization = self.authorization(&target.service, node);
            let ask = Ask {
                method: "GET",
                path: target.url.path(),
                query: target.url.query(),
                authorization: Some(&authorization),
                ..Ask::default()
            };
            Ok(self.world.answer(node, &ask))
        } else {
            Err(Failure::Refused)
        };
        let mut report = ScrapeReport {
            target: target.id,
            generation: self.plan.generation,
            at,
            took: answered.as_ref().map_or(Duration::from_millis(1), |answer| answer.delay),
            outcome: Err(Failure::Refused),
            samples: Vec::new(),
            observation: None,
            not_before: None,
            retry_after: None,
        };
        match answered.and_then(|answer| self.read(target, at, &answer, &mut report)) {
            Ok(answer) => report.outcome = Ok(answer),
            Err(failure) => {
                report
                    .samples
                    .extend(self.caches.get_mut(&target.id).map(|c| c.failed(at)).unwrap_or_default());
                report.outcome = Err(failure);
            }
        }
        report
    }

    /// What the real poller would send, with a login for the one service that wants it.
    fn authorization(&mut self, service: &str, node: usize) -> String {
        match service {
            "broker" => format!(
                "Basic {}",
                base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"))
            ),
            "accounts" => {
                let token = self.token.clone().unwrap_or_else(|| {
                    let body = serde_json::json!({ "user": USER, "password": PASSWORD }).to_string();
                    let ask = Ask { method: "POST", path: "/login", body: body.as_bytes(), ..Ask::default() };
                    let answer: serde_json::Value =
                        serde_json::from_str(&self.world.answer(node, &ask).body).unwrap();
                    answer["access_token"].as_str().unwrap_or_default().to_owned()
                });
                self.token = Some(token.clone());
                format!("Bearer {token}")
            }
            _ => format!("Bearer {TOKEN}"),
        }
    }

    /// Sends an action's request to the process that it is for.
    pub fn send(&mut self, service: &str, request: &warroom::action::Request) -> warroom::demo::Answer {
        let host = request.url.host_str().unwrap();
        let node = host.rsplit('.').next().unwrap().parse::<usize>().unwrap() - 1;
        let authorization = self.authorization(service, node);
        let header = |wanted: &str| {
            let found = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.as_str())
        };
        let body = request.body.bytes();
        let ask = Ask {
            method: request.method.word(),
            path: request.url.path(),
            query: request.url.query(),
            authorization: Some(&authorization),
            accept: None,
            idempotency_key: header("idempotency-key"),
            reason: header("x-reason"),
            body: &body,
        };
        self.world.answer(node, &ask)
    }

    fn read(
        &mut self,
        target: &Target,
        at: Timestamp,
        answer: &warroom::demo::Answer,
        report: &mut ScrapeReport,
    ) -> Result<Answer, Failure> {
        if answer.status == 401 {
            return Err(Failure::Credentials(401, Clean::new("")));
        }
        let body = answer.body.as_bytes();
        let mut figures =
            Answer { status: Some(answer.status), bytes: body.len() as u64, ..Answer::default() };
        if matches!(target.kind, PollKind::Metrics { .. }) {
            if answer.status != 200 {
                return Err(Failure::Status(answer.status, Clean::new("")));
            }
            let cache = self.caches.entry(target.id).or_insert_with(|| Cache::new(target.labels.clone()));
            let scrape = cache.scrape(body, format_of(Some(answer.content_type)).0, &target.keep, at);
            figures.samples_scraped = scrape.scraped;
            report.samples = scrape.samples;
            report.samples.push(Sample { labels: target.labels.with("__name__", "up"), at, value: 1.0 });
            return Ok(figures);
        }
        let source = decode::Source {
            service: &target.service,
            instance: &target.instance,
            poll: &target.poll,
            labels: &target.labels,
            at,
        };
        let reply = Reply { status: answer.status, content_type: Some(answer.content_type), body };
        let decoded = decode::decode(&target.kind, &source, &reply)?;
        figures.samples_scraped = decoded.samples.len() as u64;
        report.samples = decoded.samples;
        report.observation = Some(decoded.observation);
        Ok(figures)
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
