//! The demo's fleet on paper: the story at its own pace, without sockets, clock or waiting. What it answers is read as
//! the poller reads answers, and judged by `update`; so the same seed gives the same picture, to the byte.
//!
//! Nothing leaves from here: an action can be proposed and is never sent.

use crate::action::Request;
use crate::action::request::{Method, RequestSpec};
use crate::action::spec::ParamKind;
use crate::demo::{self, Ask, PASSWORD, Scenario, TOKEN, USER, World};
use crate::event::{Effect, Event, Listed, Made, What};
use crate::io::http::Fetched;
use crate::io::poll::Reader;
use crate::journal::Who;
use crate::model::Model;
use crate::plan::Plan;
use crate::target::{Failure, ScrapeReport, Target};
use crate::text::Clean;
use crate::units::Timestamp;
use crate::update::{command_line, update};
use base64::Engine as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// When the story begins, on every day: 2025-11-21 10:13:20 UTC.
pub const BEGAN: Timestamp = Timestamp::from_millis(1_763_720_000_000);

/// The longest story that is gone through.
pub const LONGEST: Duration = Duration::from_secs(3_600);

/// The fleet: what it would answer is read as the poller reads it.
pub struct Fleet {
    world: World,
    readers: Vec<Reader>,
    token: Option<String>,
}

/// The fleet and a model that looks at it.
pub struct Rehearsal {
    /// What is known.
    pub model: Model,
    fleet: Fleet,
    second: u64,
}

impl Fleet {
    /// The fleet at its first moment; `plan` is that of [`Rehearsal::config`].
    pub fn new(plan: &Plan, options: demo::Options) -> Self {
        let world = World::new(options.seed, options.scenario, BEGAN, options.speed);
        let mut fleet = Self { world, readers: Vec::new(), token: None };
        fleet.configure(plan);
        fleet
    }

    /// From now on it is read as this plan asks.
    pub fn configure(&mut self, plan: &Plan) {
        let reader = |target: &Arc<Target>| Reader::new(Arc::clone(target), plan.generation);
        self.readers = plan.targets.iter().map(reader).collect();
    }

    /// It is so long after the beginning.
    pub fn advance(&mut self, elapsed: Duration) {
        self.world.advance(elapsed);
    }

    /// What the poller would report of this target at `at`; none: no such process belongs to the fleet.
    pub fn poll(&mut self, target: &Target, at: Timestamp) -> Option<ScrapeReport> {
        let node = node_of(&target.url)?;
        let (took, answer) = if self.world.listens(node) {
            let authorization = self.authorization(&target.service, node);
            let ask = Ask {
                method: "GET",
                path: target.url.path(),
                query: target.url.query(),
                authorization: Some(&authorization),
                ..Ask::default()
            };
            let answer = self.world.answer(node, &ask);
            // Even a quick answer takes its time; the same for the same target.
            let took = answer.delay + Duration::from_micros(700 + 130 * u64::from(target.id.0 % 7));
            if took > target.timeout {
                (target.timeout, Err(Failure::Timeout(target.timeout)))
            } else {
                (took, Ok(fetched(answer)))
            }
        } else {
            (Duration::from_millis(1), Err(Failure::Refused))
        };
        let reader = self.readers.get_mut(target.id.0 as usize)?;
        Some(reader.read(at, took, answer))
    }

    /// What the real poller would send, with a login for the one service that wants it.
    fn authorization(&mut self, service: &str, node: usize) -> String {
        match service {
            "broker" => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
                format!("Basic {pair}")
            }
            "accounts" => {
                let token = self.token.take().unwrap_or_else(|| self.login(node));
                format!("Bearer {}", self.token.insert(token))
            }
            _ => format!("Bearer {TOKEN}"),
        }
    }

    fn login(&mut self, node: usize) -> String {
        let body = serde_json::json!({ "user": USER, "password": PASSWORD }).to_string();
        let ask = Ask { method: "POST", path: "/login", body: body.as_bytes(), ..Ask::default() };
        let answer = self.world.answer(node, &ask);
        let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        answer.get("access_token").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }

    /// What it answers to an action's request; none: no such process belongs to the fleet.
    pub fn send(&mut self, service: &str, request: &Request) -> Option<demo::Answer> {
        let node = node_of(&request.url)?;
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
        Some(self.world.answer(node, &ask))
    }
}

impl Rehearsal {
    /// The configuration of the fleet, at addresses that nobody has.
    pub fn config() -> String {
        // How many processes there are does not depend on what they go through.
        let nodes = World::new(1, Scenario::Steady, BEGAN, 1.0).nodes();
        let urls: Vec<String> = (1..=nodes).map(|node| format!("http://10.0.0.{node}:8080")).collect();
        demo::config::write(&urls)
    }

    /// The first moment; `plan` is that of [`Rehearsal::config`].
    pub fn new(plan: &Arc<Plan>, options: demo::Options, read_only: bool) -> Self {
        let mut model = Model::new(Arc::clone(plan), BEGAN, read_only);
        model.who = Who { user: Clean::new("anna"), host: Clean::new("bastion"), address: None, sudo: None };
        Self { model, fleet: Fleet::new(plan, options), second: 0 }
    }

    fn now(&self) -> Timestamp {
        BEGAN + Duration::from_secs(self.second)
    }

    /// Goes on to so long after the beginning, at most [`LONGEST`]: each second, what is due is polled and judged.
    pub fn run_to(&mut self, elapsed: Duration) {
        while self.second < elapsed.min(LONGEST).as_secs() {
            self.second += 1;
            let at = self.now();
            self.fleet.advance(Duration::from_secs(self.second));
            let targets = self.model.plan.targets.clone();
            let due = |target: &&Arc<Target>| self.second.is_multiple_of(target.interval.as_secs().max(1));
            let due: Vec<&Arc<Target>> = targets.iter().filter(due).collect();
            let reports: Vec<ScrapeReport> =
                due.into_iter().filter_map(|target| self.fleet.poll(target, at)).collect();
            self.happen(What::Reports(reports));
            self.happen(What::Tick);
        }
    }

    /// Does what the `:` line would do.
    ///
    /// # Errors
    /// What is said against it.
    pub fn line(&mut self, line: &str) -> Result<(), String> {
        let at = self.now();
        for effect in command_line(&mut self.model, line, at)? {
            self.answer(&effect);
        }
        self.work();
        Ok(())
    }

    /// Something happens, and the work that it makes is done.
    pub fn happen(&mut self, what: What) {
        let at = self.now();
        for effect in update(&mut self.model, Event { at, what }) {
            self.answer(&effect);
        }
        self.work();
    }

    fn work(&mut self) {
        let at = self.now();
        while self.model.has_work() {
            update(&mut self.model, Event { at, what: What::Work });
        }
    }

    /// What is wanted of the world, as far as it can be had here: only what reads.
    fn answer(&mut self, effect: &Effect) {
        match effect {
            Effect::Choices(action, service, param) => {
                if let Some(listed) = self.choices(action, service, param) {
                    self.happen(What::Listed(listed));
                }
            }
            // The demo's actions have no pre-checks that ask an endpoint.
            Effect::Check(id) => {
                self.happen(What::Checked(Made { id: id.clone(), checks: Vec::new() }));
            }
            Effect::Configure => self.fleet.configure(&self.model.plan),
            _ => {}
        }
    }

    fn choices(&mut self, action: &str, service: &Arc<str>, param: &str) -> Option<Listed> {
        let action = self.model.plan.actions.iter().find(|known| *known.name == *action)?.clone();
        let instance = action.offer(service)?.instances.first()?.clone();
        let ParamKind::Listed(listing) = action.param(param)?.kind.clone() else { return None };
        let spec = RequestSpec { method: Method::Get, path: listing.from.clone(), ..RequestSpec::default() };
        let request = spec.fill(&instance, &action.fields(service, &instance)).ok()?;
        let answer = self.fleet.send(service, &request)?;
        let body: serde_json::Value = serde_json::from_str(&answer.body).ok()?;
        let outcome = listing.choices(&body).map_err(|why| Clean::new(&why));
        Some(Listed {
            action: Arc::clone(&action.name),
            service: Arc::clone(service),
            param: param.to_owned(),
            outcome,
        })
    }

    /// What the fleet is doing, for the title of a picture: `the demo after 1m 10s`.
    pub fn moment(&self) -> String {
        let mut out = "the demo after ".to_owned();
        let _ = write!(out, "{}", crate::units::format_duration(Duration::from_secs(self.second)));
        out
    }
}

fn fetched(answer: demo::Answer) -> Fetched {
    Fetched {
        status: answer.status,
        content_type: Some(answer.content_type.to_owned()),
        body: answer.body.into_bytes(),
        ..Fetched::default()
    }
}

/// The process at an address of [`Rehearsal::config`].
fn node_of(url: &url::Url) -> Option<usize> {
    url.host_str()?.rsplit('.').next()?.parse::<usize>().ok()?.checked_sub(1)
}
