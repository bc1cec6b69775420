//! Backends: which server answers what. Expressions of services, panels, rules and objectives that a server answers are
//! put among its questions, and a reference to the answers is put in their place.
//!
//! What speaks of warroom's own series stays here; identical expressions are asked once.

use super::{DerivedPlan, Found, PanelPlan, ServicePlan};
use crate::answers;
use crate::config::poll::PollKind;
use crate::config::{Asking, Backend, Config, Flavour, Problem, Question, Want};
use crate::labels::{Labels, Matcher};
use crate::promql::{Expr, Names, Spread};
use crate::rules::{RuleKind, RuleSet, Severities};
use crate::slo::{Asked, Part, Sli, Slo};
use crate::target::health::Policy;
use crate::target::{Keep, Route, Target, TargetId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A server that answers in warroom's place.
#[derive(Clone, Debug)]
pub struct BackendPlan {
    /// Its name.
    pub name: Arc<str>,
    /// Whose product it is, as the configuration says.
    pub flavour: Flavour,
    /// Its target: questions, answers and failures of the server.
    pub target: TargetId,
    /// When it counts as down, or its answers as stale.
    pub policy: Policy,
    /// How often it is asked.
    pub interval: Duration,
    /// Put on its alerts.
    pub labels: Vec<(String, String)>,
    /// Are its alerts shown?
    pub alerts: bool,
    /// What the label `severity` of its alerts means.
    pub severities: Severities,
}

/// The backends while a plan is made.
pub(super) struct Desk<'c> {
    backends: Vec<(&'c Backend, Vec<Question>)>,
    known: BTreeSet<String>,
    ways: u32,
}

/// How often a server is asked for the minutes that are over: a page must not wait much longer than the minute itself.
const MINUTES_EVERY: Duration = Duration::from_secs(15);

/// Expressions of rules are asked this often at least.
const RULES_EVERY: Duration = Duration::from_secs(60);

/// So far back slices are looked at when a plan begins.
const SLICES_BACK: Duration = Duration::from_secs(1_800);

/// How many points the course of a row has: the width of the widest sparkline.
pub const COURSE_POINTS: usize = 60;

/// A course of a row's sparkline has so many steps of this length at least.
const LEAST_STEP: Duration = Duration::from_secs(5);

impl<'c> Desk<'c> {
    pub(super) fn new(config: &'c Config) -> Self {
        let answering = config
            .backends
            .values()
            .filter(|backend| backend.querying().is_some() && !super::feeds::is_feed(backend));
        let backends = answering.map(|backend| (backend, Vec::new())).collect();
        Self { backends, known: BTreeSet::new(), ways: 0 }
    }

    /// The place of a backend.
    pub(super) fn place(&self, backend: Option<&Backend>) -> Option<usize> {
        let name = &backend?.name;
        self.backends.iter().position(|(known, _)| known.name == *name)
    }

    fn interval(&self, place: usize, config: &Config) -> Duration {
        let own = self.backends.get(place).and_then(|(backend, _)| backend.interval);
        own.unwrap_or(config.poll.interval)
    }

    /// Puts an expression among the questions of a backend; gives what stands in its place.
    fn ask(
        &mut self,
        place: usize,
        expr: &Expr,
        want: Want,
        every: Duration,
        way: Option<(u32, u32)>,
    ) -> Option<Expr> {
        if answers::is_own(expr) || answers::key_of(expr).is_some() {
            return None;
        }
        let (backend, questions) = self.backends.get_mut(place)?;
        let key = match want {
            Want::Course { .. } => answers::key(&backend.name, expr.text()),
            // The same expression, but its answers go elsewhere.
            Want::Minutes { .. } => answers::key(&backend.name, &format!("minutes of {expr}")),
        };
        let reference = answers::reference(&key)?;
        if self.known.insert(key.clone()) {
            let text = expr.text().into();
            questions.push(Question { key: key.into(), text, want, every, way });
        } else if let Some(known) = questions.iter_mut().find(|question| *question.key == key) {
            // Asked twice: as often and as far back as either needs, and whichever way the others go.
            known.every = known.every.min(every);
            known.way = known.way.filter(|_| way.is_some());
            if let (Want::Course { history: a, step }, Want::Course { history: b, step: other }) =
                (known.want, want)
            {
                known.want = Want::Course { history: a.max(b), step: step.max(other) };
            }
        }
        Some(reference)
    }

    /// The expressions of a service.
    pub(super) fn service(&mut self, place: usize, service: &mut ServicePlan, config: &Config) {
        let every = self.interval(place, config);
        let step = every.max(LEAST_STEP);
        let want = Want::Course { history: step * COURSE_POINTS as u32, step };
        service.backend = Some(place);
        if service.targets.is_empty() {
            service.interval = every;
            let timeout = self.backends.get(place).map_or(every, |(backend, _)| backend.timeout);
            service.policy.stale_after = every * 3 + timeout;
        }
        let several = service.signals.len() > 1;
        let group = self.ways;
        self.ways += u32::from(several);
        for (index, set) in service.signals.iter_mut().enumerate() {
            let way = several.then_some((group, index as u32));
            let spread = set.exprs.get(2).and_then(Option::as_ref).and_then(Expr::spread);
            set.spread = spread.and_then(|spread| {
                let buckets = self.ask(place, &spread.buckets, want, every, way)?;
                Some(Spread { buckets, ..spread })
            });
            for expr in set.exprs.iter_mut().flatten() {
                if let Some(reference) = self.ask(place, expr, want, every, way) {
                    *expr = reference;
                }
            }
        }
        for DerivedPlan { expr, .. } in &mut service.derived {
            if let Some(reference) = self.ask(place, expr, want, every, None) {
                *expr = reference;
            }
        }
        let asked = up(&service.select, service.policy.fails, every);
        let now = Want::Course { history: Duration::ZERO, step };
        service.up = asked.and_then(|expr| self.ask(place, &expr, now, every, None));
    }

    /// The expression of a panel.
    pub(super) fn panel(&mut self, place: usize, panel: &mut PanelPlan, config: &Config) {
        let every = self.interval(place, config);
        let step = step_for(panel.range, every);
        let want = Want::Course { history: panel.range, step };
        if let Some(reference) = self.ask(place, &panel.expr, want, every, None) {
            panel.expr = reference;
        }
    }

    /// The expressions of a set of rules. What the set records itself is recorded here, and asked here.
    pub(super) fn rules(&mut self, place: usize, set: &mut RuleSet, config: &Config, problems: &mut Found) {
        let recorded: BTreeSet<Box<str>> = set
            .groups
            .iter()
            .flat_map(|placed| &placed.group.rules)
            .filter_map(|rule| match &rule.kind {
                RuleKind::Record(name) => Some((&**name).into()),
                RuleKind::Alert { .. } => None,
            })
            .collect();
        let at_least = self.interval(place, config);
        let name = Arc::clone(&set.name);
        for placed in &mut set.groups {
            // No seldomer than an answer counts as fresh.
            let every = placed.group.interval.unwrap_or(at_least).clamp(Duration::from_secs(1), RULES_EVERY);
            for rule in &mut placed.group.rules {
                let (ours, all) = match rule.expr.names() {
                    Names::All => (0, 1),
                    Names::Only(names) => {
                        let own = |name: &&str| {
                            recorded.contains(*name)
                                || name.starts_with("warroom_")
                                || name.starts_with("probe_")
                        };
                        (names.iter().map(|name| &**name).filter(own).count(), names.len())
                    }
                };
                if ours > 0 && ours == all {
                    continue;
                }
                if ours > 0 && answers::speaks_of_own(&rule.expr) {
                    let text = format!(
                        "{} puts series of a server and of warroom together: the server knows its own only",
                        crate::text::clean(rule.name())
                    );
                    let place = config.rules.get(&*name).map(|files| files.place.clone()).unwrap_or_default();
                    let problem = Problem::new(&place, format!("rules.{name}"), text);
                    problems
                        .push((false, problem.with_remedy("move it into a set with engine = \"embedded\"")));
                }
                let want = Want::Course { history: Duration::ZERO, step: every };
                if let Some(reference) = self.ask(place, &rule.expr, want, every, None) {
                    rule.expr = reference;
                }
            }
        }
    }

    /// Minutes of an expression, for an objective; gives the key of the question.
    fn minutes(&mut self, place: usize, expr: &Expr, history: Duration, each: u32) -> Option<Arc<str>> {
        let want = Want::Minutes { history, each };
        self.ask(place, expr, want, MINUTES_EVERY, None)
            .and_then(|expr| answers::key_of(&expr))
            .map(Into::into)
    }

    /// What an objective counts.
    pub(super) fn slo(&mut self, place: usize, slo: &mut Slo) {
        // Whole minutes of the longest window, and a day more, as the account keeps them.
        let history = slo.window.longest();
        let Some(backend) = self.backends.get(place).map(|(backend, _)| Arc::from(backend.name.as_str()))
        else {
            return;
        };
        let own = |expr: &Expr| answers::is_own(expr);
        match crate::slo::questions(&slo.sli) {
            Some(questions) if !questions.iter().any(|(expr, _)| own(expr)) => {
                let parts = questions.iter().filter_map(|(expr, role)| {
                    Some(Part { key: self.minutes(place, expr, history, 1)?, role: *role })
                });
                let parts: Vec<Part> = parts.collect();
                slo.asked = (parts.len() == questions.len()).then_some(Asked { backend, parts });
            }
            _ => {
                // Slices of time are measured here, from what the server answers at their ends.
                if let Sli::Slices { expr, length } = &mut slo.sli {
                    let step = (*length).max(Duration::from_secs(60));
                    let want = Want::Course { history: SLICES_BACK, step };
                    if let Some(reference) = self.ask(place, expr, want, step, None) {
                        *expr = reference;
                    }
                }
            }
        }
        for expr in &mut slo.reported {
            let want = Want::Course { history: Duration::ZERO, step: slo.interval };
            if let Some(reference) = self.ask(place, expr, want, slo.interval, None) {
                *expr = reference;
            }
        }
    }

    /// The targets, which come after those of services, and the plans.
    pub(super) fn finish(
        self,
        config: &Config,
        first: usize,
        problems: &mut Found,
    ) -> (Vec<Target>, Vec<BackendPlan>) {
        let (mut targets, mut plans) = (Vec::new(), Vec::new());
        for (index, (backend, questions)) in self.backends.into_iter().enumerate() {
            let Some(querying) = backend.querying() else { continue };
            let url = match base(backend) {
                Ok(url) => url,
                Err(message) => {
                    let key = format!("backend.{}.url", backend.name);
                    problems.push((true, Problem::new(&backend.url.at, key, message)));
                    continue;
                }
            };
            let interval = backend.interval.unwrap_or(config.poll.interval);
            let name: Arc<str> = backend.name.as_str().into();
            let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
            let instance = format!("{}{port}", url.host_str().unwrap_or(""));
            let mut headers = backend.headers.clone();
            headers.extend(tenant_header(querying.flavour, &querying.tenant));
            let asking =
                Asking { backend: Arc::clone(&name), querying: querying.clone(), questions, names: false };
            targets.push(Target {
                id: TargetId((first + index) as u32),
                service: "".into(),
                poll: Arc::clone(&name),
                instance: instance.into(),
                url,
                kind: PollKind::Query(Arc::new(asking)),
                interval,
                timeout: backend.timeout.min(interval.max(Duration::from_secs(1))),
                labels: Labels::empty(),
                auth: backend.auth.as_ref().and_then(|name| config.auth.get(name)).cloned().map(Arc::new),
                headers,
                route: Arc::new(Route {
                    proxy: backend.proxy.as_ref().map(|proxy| proxy.value.clone()),
                    resolve: Vec::new(),
                    body_limit: backend.body_limit,
                }),
                keep: Arc::new(Keep::All),
            });
            plans.push(BackendPlan {
                name,
                flavour: querying.flavour,
                target: TargetId((first + index) as u32),
                policy: Policy {
                    fails: config.poll.fails,
                    passes: config.poll.passes,
                    warmup: Duration::ZERO,
                    stale_after: interval * 3 + backend.timeout,
                },
                interval,
                labels: querying.labels.clone(),
                alerts: querying.alerts,
                severities: Severities::default(),
            });
        }
        (targets, plans)
    }
}

/// The distance of two points of a course: some two hundred of them, and no closer than the server is asked.
pub(super) fn step_for(range: Duration, every: Duration) -> Duration {
    let least = Duration::from_secs(range.as_secs().div_ceil(200).max(1));
    least.max(every)
}

/// Which instances the server reaches: one failed scrape is no outage, as with polls of our own.
fn up(select: &[Matcher], fails: u32, every: Duration) -> Option<Expr> {
    let window = crate::units::format_duration(every * fails.max(1));
    // A server that scrapes more seldom has no sample within the window.
    let expr = crate::promql::parse(&format!("max_over_time(up[{window}]) or up")).ok()?;
    (!select.is_empty()).then(|| expr.enforce(select))
}

/// The base URL: with the tenant, where it stands in the path.
fn base(backend: &Backend) -> Result<Url, String> {
    let mut url = Url::parse(&backend.url.value).map_err(|error| format!("is no URL: {error}"))?;
    let Some(querying) = backend.querying() else { return Ok(url) };
    if querying.flavour == Flavour::VictoriaMetrics && !querying.tenant.is_empty() {
        let numbers = |text: &str| text.split(':').all(|part| part.parse::<u32>().is_ok());
        if !numbers(&querying.tenant) || querying.tenant.split(':').count() > 2 {
            return Err(
                "has a tenant that is none: write ACCOUNT or ACCOUNT:PROJECT, numbers both".to_owned()
            );
        }
        let path = format!("{}/select/{}/prometheus", url.path().trim_end_matches('/'), querying.tenant);
        url.set_path(&path);
    }
    Ok(url)
}

/// The header that names the tenant.
fn tenant_header(flavour: Flavour, tenant: &str) -> Option<(String, String)> {
    let name = match flavour {
        Flavour::Thanos => "THANOS-TENANT",
        Flavour::Prometheus | Flavour::Mimir | Flavour::Warroom => "X-Scope-OrgID",
        Flavour::VictoriaMetrics => return None,
    };
    (!tenant.is_empty()).then(|| (name.to_owned(), tenant.to_owned()))
}

impl super::Plan {
    /// The backend that a target stands for.
    pub fn backend_of(&self, target: TargetId) -> Option<usize> {
        self.backends.iter().position(|backend| backend.target == target)
    }

    /// What a backend is asked.
    pub fn asking(&self, backend: usize) -> Option<&Arc<Asking>> {
        match &self.target(self.backends.get(backend)?.target)?.kind {
            PollKind::Query(asking) => Some(asking),
            _ => None,
        }
    }

    /// An expression as it was written: of a reference, what the server is asked, and the server's name.
    pub fn written(&self, expr: &Expr) -> (String, Option<Arc<str>>) {
        let question = answers::key_of(expr).and_then(|key| {
            let name = answers::backend_of(&key);
            let place = self.backends.iter().position(|backend| *backend.name == *name)?;
            let asking = self.asking(place)?;
            let question = asking.questions.iter().find(|question| *question.key == *key)?;
            Some((question.text.to_string(), Some(Arc::clone(&asking.backend))))
        });
        question.unwrap_or_else(|| (expr.to_string(), None))
    }

    /// Asks a backend this as well, from its next turn on; gives what stands for it. The target stays the same, so that it
    /// is no new generation. Nothing where only warroom itself knows the answer.
    pub fn ask_also(&mut self, backend: usize, expr: &Expr, range: Duration) -> Option<Expr> {
        if answers::is_own(expr) {
            return None;
        }
        let plan = self.backends.get(backend)?;
        let (name, interval, id) = (Arc::clone(&plan.name), plan.interval, plan.target);
        let step = step_for(range, interval);
        // Another range has another step, and so a course of its own.
        let key = answers::key(&name, &format!("{expr} every {}", crate::units::format_duration(step)));
        let reference = answers::reference(&key)?;
        let target = Arc::make_mut(self.targets.get_mut(id.0 as usize)?);
        let PollKind::Query(asking) = &mut target.kind else { return None };
        let asking = Arc::make_mut(asking);
        if !asking.questions.iter().any(|question| *question.key == *key) {
            let want = Want::Course { history: range, step };
            let text = expr.text().into();
            asking.questions.push(Question { key: key.into(), text, want, every: interval, way: None });
        }
        Some(reference)
    }

    /// Asks a backend which metrics it has, from now on; false: it is asked already, or there is none.
    pub fn ask_names(&mut self, backend: usize) -> bool {
        let Some(id) = self.backends.get(backend).map(|plan| plan.target) else { return false };
        match self.targets.get(id.0 as usize).map(|target| &target.kind) {
            Some(PollKind::Query(asking)) if !asking.names => {}
            _ => return false,
        }
        let Some(target) = self.targets.get_mut(id.0 as usize) else { return false };
        if let PollKind::Query(asking) = &mut Arc::make_mut(target).kind {
            Arc::make_mut(asking).names = true;
        }
        true
    }

    /// Asks for this no longer.
    pub fn ask_no_more(&mut self, reference: &Expr) {
        let Some(key) = answers::key_of(reference) else { return };
        let name = answers::backend_of(&key).to_owned();
        let Some(id) = self.backends.iter().find(|backend| *backend.name == *name).map(|b| b.target) else {
            return;
        };
        let Some(target) = self.targets.get_mut(id.0 as usize) else { return };
        if let PollKind::Query(asking) = &mut Arc::make_mut(target).kind {
            Arc::make_mut(asking).questions.retain(|question| *question.key != *key);
        }
    }

    /// The questions of all backends, by key.
    pub fn questions(&self) -> BTreeMap<Arc<str>, Arc<str>> {
        let all = (0..self.backends.len()).filter_map(|place| self.asking(place));
        let questions = all.flat_map(|asking| &asking.questions);
        questions.map(|question| (Arc::clone(&question.key), Arc::clone(&question.text))).collect()
    }
}
