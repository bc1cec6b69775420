//! The configuration, compiled: targets, expressions, keys. Every problem is reported, all at once.
//!
//! What stands in a plan has been checked: nothing in it can fail at 3 a.m. because of how it was written.

mod actions;
mod backends;
mod feeds;
mod foreign;
mod history;
mod incidents;
mod keys;
mod notify;
mod panels;
mod rules;
mod serve;
mod signals;
mod slos;
mod targets;
mod ui;

use self::notify::{compile as channels, terminal};
use crate::action::{Action, Policy};
use crate::config::poll::PollKind;
use crate::config::{Actions, Band, Bands, Config, DerivedKind, Problem, Service, Wall};
use crate::foreign::Backend;
use crate::labels::Matcher;
use crate::notification::Channel;
use crate::promql::{self, Expr};
use crate::slo::Slo;
use crate::store::Limits;
use crate::target::health::Policy as HealthPolicy;
use crate::target::{Keep, Target, TargetId};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use backends::{BackendPlan, COURSE_POINTS};
pub use feeds::{ATTACHED, FeedPlan, Feeds, Reach};
pub use history::HistoryPlan;
pub use panels::PanelPlan;
pub use rules::RulesPlan;
pub use serve::{REMEDY as EXPOSED_REMEDY, ServePlan, exposed};
pub use signals::{Signal, SignalSet};
pub use ui::UiPlan;

/// The configuration, compiled.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Grows with each reload: reports carry it, so that those of an older plan can be told.
    pub generation: u32,
    /// The main file of the configuration, as it is named to people; none where there is none.
    pub file: Option<Arc<str>>,
    /// Services in order of name.
    pub services: Vec<ServicePlan>,
    /// Every poll of every instance; a target's id is its index.
    pub targets: Vec<Arc<Target>>,
    /// Servers that answer expressions, in order of name.
    pub backends: Vec<BackendPlan>,
    /// Other warrooms that poll in our place.
    pub feeds: Feeds,
    /// The one that answers where nobody says anything else.
    pub default_backend: Option<usize>,
    /// Panels of the operator's own, in order of name.
    pub panels: Vec<PanelPlan>,
    /// Severities, timers and texts of incidents.
    pub incidents: Arc<crate::incident::Settings>,
    /// Where notifications go, in order of name.
    pub channels: Vec<Channel>,
    /// How a dashboard tells its operator.
    pub terminal: Channel,
    /// What can be changed, in order of name.
    pub actions: Vec<Arc<Action>>,
    /// What `{{.window}}` stands for: how far back the rates of figures look.
    pub window: Duration,
    /// What each environment allows.
    pub policies: BTreeMap<Arc<str>, Policy>,
    /// Objectives, in order of name.
    pub slos: Vec<Arc<Slo>>,
    /// Rules, and whose their alerts are.
    pub rules: RulesPlan,
    /// Systems that know incidents, in order of name.
    pub foreign: Vec<Arc<Backend>>,
    /// Where to look whether our own link works.
    pub references: Vec<SocketAddr>,
    /// What the store may hold.
    pub limits: Limits,
    /// What is kept on disk.
    pub history: HistoryPlan,
    /// The screen.
    pub ui: UiPlan,
    /// Recordings.
    pub capture: crate::config::capture::Captures,
    /// What the configuration is made of as it may leave this machine.
    pub portable: Arc<crate::config::portable::Later>,
    /// `warroom serve`.
    pub serve: ServePlan,
    /// The war-room wall.
    pub wall: Wall,
    /// Things worth saying that keep nobody from starting.
    pub warnings: Vec<Problem>,
}

/// One service, compiled.
#[derive(Clone, Debug)]
pub struct ServicePlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its environment.
    pub environment: Option<Arc<str>>,
    /// May anything be changed there from here?
    pub actions: Actions,
    /// Which series are its own.
    pub select: Vec<Matcher>,
    /// Flap control, warming and staleness.
    pub policy: HealthPolicy,
    /// The shortest interval of its polls.
    pub interval: Duration,
    /// The server that answers its expressions; none: warroom's own engine.
    pub backend: Option<usize>,
    /// Which of its instances that server reaches.
    pub up: Option<Expr>,
    /// Its targets.
    pub targets: Vec<TargetId>,
    /// Where requests, errors and latency come from: the first set that has data is used.
    pub signals: Vec<SignalSet>,
    /// Breakers and queues that come from expressions.
    pub derived: Vec<DerivedPlan>,
    /// From which figure on something is worth a warning, or critical.
    pub bands: Bands,
    /// What it needs.
    pub depends_on: Vec<String>,
    /// Name and URL.
    pub links: Vec<(String, String)>,
}

/// Breakers or queues that come from an expression.
#[derive(Clone, Debug)]
pub struct DerivedPlan {
    /// The poll's name.
    pub name: String,
    /// What the series are.
    pub kind: DerivedKind,
    /// The expression, restricted to the service.
    pub expr: Expr,
    /// The label that holds the name.
    pub label: Option<String>,
}

impl Plan {
    /// Compiles `config`.
    ///
    /// # Errors
    /// Every problem, in order of file and line.
    pub fn compile(config: &Config, generation: u32) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let ui = ui::compile(config, &mut problems);
        let mut services = Vec::new();
        let mut drafts = Vec::new();
        let mut desk = backends::Desk::new(config);
        for service in config.services.values() {
            let select = selector(service, &mut problems);
            let derived = derive(service, &select, config.window, &mut problems);
            // Another warroom answers nothing: it polls what we would poll.
            let backend = config.backend_of(service).filter(|table| !feeds::is_feed(table));
            let polls = targets::polls(service, backend.is_some(), &mut problems);
            let scraped =
                backend.is_some() || polls.iter().any(|poll| matches!(poll.kind, PollKind::Metrics { .. }));
            let set = signals::resolve(service, scraped, &mut problems);
            let signal_sets = signals::compile(service, &set, &select, &mut problems);
            let (of_service, interval) = targets::build(config, service, &polls, &mut problems);
            let first = drafts.len();
            drafts.extend(of_service);
            let pace = config.pace(service);
            let environment = service.environment.as_deref();
            let mut plan = ServicePlan {
                name: service.name.as_str().into(),
                environment: environment.map(Into::into),
                actions: environment
                    .and_then(|name| config.environments.get(name))
                    .map_or(Actions::Off, |environment| environment.actions),
                select,
                policy: HealthPolicy {
                    fails: pace.fails,
                    passes: pace.passes,
                    warmup: pace.warmup,
                    stale_after: interval * 3 + pace.timeout,
                },
                interval,
                backend: None,
                up: None,
                targets: (first..drafts.len()).map(|i| TargetId(i as u32)).collect(),
                signals: signal_sets,
                derived,
                bands: bands(service),
                depends_on: service.depends_on.iter().map(|name| name.value.clone()).collect(),
                links: service.links.iter().map(|(name, url)| (name.clone(), url.value.clone())).collect(),
            };
            if let Some(place) = desk.place(backend) {
                desk.service(place, &mut plan, config);
            }
            services.push(plan);
        }
        let references = targets::references(config, &mut problems);
        let mut panels = panels::compile(config, &mut problems);
        let incidents = incidents::compile(config, &mut problems);
        let channels = channels(config, &mut problems);
        let terminal = terminal(config, &mut problems);
        let policies = actions::policies(config, &mut problems);
        let actions = actions::compile(config, &mut problems);
        let foreign = foreign::compile(config, &mut problems);
        let serve = serve::compile(config, &mut problems);
        let mut slos = slos::compile(config, &services, &mut problems);
        let mut rules = rules::compile(config, &services, &slos, &mut problems);
        let default_backend = desk.place(config.backends.get(&config.engine.default.value));
        let of_service = |name: Option<&Arc<str>>| match name {
            Some(name) => services.iter().find(|service| service.name == *name).and_then(|s| s.backend),
            None => default_backend,
        };
        for panel in &mut panels {
            if let Some(place) = of_service(panel.service.as_ref()) {
                desk.panel(place, panel, config);
            }
        }
        for slo in &mut slos {
            if let Some(place) = of_service(slo.service.as_ref()) {
                desk.slo(place, Arc::make_mut(slo));
            }
        }
        for set in &mut rules.sets {
            let files = config.rules.get(&*set.name);
            if let Some(place) = files.and_then(|files| desk.place(config.backend_of_rules(files))) {
                desk.rules(place, set, config, &mut problems);
            }
        }
        let feeds = feeds::compile(config, &services, drafts.len(), &mut problems);
        let (servers, backends) = desk.finish(config, drafts.len(), &mut problems);
        let mut targets = targets::finish(drafts, &services, &panels, &slos, &rules);
        targets.extend(servers.into_iter().map(Arc::new));
        let (warnings, errors): (Vec<_>, Vec<_>) = problems.into_iter().partition(|(fatal, _)| !fatal);
        if !errors.is_empty() {
            let mut errors: Vec<Problem> = errors.into_iter().map(|(_, problem)| problem).collect();
            errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            return Err(errors);
        }
        let mut plan = Self {
            generation,
            file: config.files.first().cloned(),
            services,
            history: history::compile(config, &targets),
            targets,
            backends,
            feeds,
            default_backend,
            panels,
            incidents,
            channels,
            terminal,
            actions,
            window: config.window,
            policies,
            slos,
            rules,
            foreign,
            references,
            limits: Limits { retention: config.engine.retention, max_bytes: config.engine.memory as usize },
            ui,
            capture: config.capture.clone(),
            portable: Arc::new(config.portable()),
            serve,
            wall: config.wall.clone(),
            warnings: warnings.into_iter().map(|(_, problem)| problem).collect(),
        };
        plan.keep_also(actions::names(&plan.actions));
        if let Some(attach) = &config.attach {
            let own = !config.files.is_empty();
            let feed = FeedPlan::attach(&attach.url, attach.token.clone(), attach.ca.as_deref(), own);
            let feed = feed.map_err(|why| {
                vec![Problem { key: "--attach".to_owned(), message: why, ..Problem::default() }]
            })?;
            plan.attach(&Arc::new(feed));
        }
        Ok(plan)
    }

    /// Is a metric of this name kept by every scrape?
    pub fn keeps(&self, name: &str) -> bool {
        self.targets.iter().all(|target| target.keep.wants(name))
    }

    /// Keeps metrics of these names as well, from the next scrape on. Targets and their numbers stay as they are, so
    /// that it is no new generation: reports that are under way still fit.
    pub fn keep_also(&mut self, more: impl IntoIterator<Item = Box<str>>) {
        let more: Vec<Box<str>> = more.into_iter().filter(|name| !self.keeps(name)).collect();
        if more.is_empty() {
            return;
        }
        // All targets share one set; each distinct one is extended once.
        let mut done: Vec<(Arc<Keep>, Arc<Keep>)> = Vec::new();
        for target in &mut self.targets {
            let known = done.iter().find(|(old, _)| Arc::ptr_eq(old, &target.keep)).map(|(_, new)| new);
            let new = if let Some(new) = known {
                Arc::clone(new)
            } else {
                let mut keep = target.keep.as_ref().clone();
                if let Keep::Names(names) = &mut keep {
                    names.extend(more.iter().cloned());
                }
                let new = Arc::new(keep);
                done.push((Arc::clone(&target.keep), Arc::clone(&new)));
                new
            };
            Arc::make_mut(target).keep = new;
        }
    }

    /// What may be changed of a service: its environment's policy, or one that lets nothing through.
    pub fn action_policy(&self, service: &str) -> Policy {
        let environment =
            self.services.iter().find(|s| *s.name == *service).and_then(|s| s.environment.as_ref());
        environment.and_then(|name| self.policies.get(name)).cloned().unwrap_or_default()
    }

    /// The target with that id.
    pub fn target(&self, id: TargetId) -> Option<&Arc<Target>> {
        self.targets.get(id.0 as usize)
    }

    /// The index of the service that a target belongs to.
    pub fn service_of(&self, id: TargetId) -> Option<usize> {
        let index = self.services.partition_point(|s| s.targets.last().is_none_or(|last| *last < id));
        // A service without targets has no place in the order: look on.
        (index..self.services.len()).find(|i| self.services[*i].targets.contains(&id))
    }
}

/// Problems on the way: the flag says that warroom cannot start with it.
type Found = Vec<(bool, Problem)>;

/// The zone of that name; `local`: this machine's.
///
/// # Errors
/// There is none.
fn time_zone(name: &str) -> Result<jiff::tz::TimeZone, jiff::Error> {
    if name == "local" { Ok(jiff::tz::TimeZone::system()) } else { named_zone(name) }
}

/// The zone of that IANA name.
///
/// # Errors
/// There is none.
fn named_zone(name: &str) -> Result<jiff::tz::TimeZone, jiff::Error> {
    // The default needs no walk through the machine's folder of zones.
    if name == "UTC" { Ok(jiff::tz::TimeZone::UTC) } else { jiff::tz::TimeZone::get(name) }
}

/// The limits of a service: its own, and its preset's where it has none.
fn bands(service: &Service) -> Bands {
    let mut bands = service.bands;
    let Some(preset) = signals::preset_of(service).map(|preset| &preset.bands) else { return bands };
    let band = |(warning, critical): (f64, f64)| Band { warning, critical };
    let seconds = |(warning, critical): (f64, f64)| Band {
        warning: Duration::from_secs_f64(warning),
        critical: Duration::from_secs_f64(critical),
    };
    bands.latency = bands.latency.or(preset.latency.map(seconds));
    bands.errors = bands.errors.or(preset.errors.map(band));
    bands.queue = bands.queue.or(preset.queue.map(band));
    bands
}

fn key(service: &Service, rest: &str) -> String {
    format!("service.{}.{rest}", service.name)
}

fn selector(service: &Service, problems: &mut Found) -> Vec<Matcher> {
    let text = service.selector();
    match promql::parse(&text.value) {
        Ok(expr) => {
            if let [only] = expr.selectors().as_slice() {
                only.matchers.clone()
            } else {
                problems.push((
                    true,
                    Problem::new(&text.at, key(service, "select"), "is not a single selector")
                        .with_remedy("write it as '{job=\"checkout\"}'"),
                ));
                Vec::new()
            }
        }
        Err(error) => {
            problems.push((
                true,
                Problem::new(&text.at, key(service, "select"), error.to_string())
                    .with_remedy("write it as '{job=\"checkout\"}'"),
            ));
            Vec::new()
        }
    }
}

fn derive(service: &Service, select: &[Matcher], window: Duration, problems: &mut Found) -> Vec<DerivedPlan> {
    let mut out = Vec::new();
    for derived in &service.derived {
        let text = signals::fill_window(&derived.expr.value, window);
        match promql::parse(&text) {
            Ok(expr) => out.push(DerivedPlan {
                name: derived.name.clone(),
                kind: derived.kind.clone(),
                expr: expr.enforce(select),
                label: derived.label.clone(),
            }),
            Err(error) => problems.push((
                true,
                Problem::new(
                    &derived.expr.at,
                    key(service, &format!("poll.{}.expr", derived.name)),
                    error.to_string(),
                ),
            )),
        }
    }
    out
}
