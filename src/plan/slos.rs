//! Objectives, compiled from `slo.NAME` and from the files of sloth and `OpenSLO`.
//!
//! What can be counted exactly is told from what is an estimate; a row of alerts that could never fire is refused.

mod rows;

use super::signals::{self, Signal, fill_window};
use super::{Found, ServicePlan};
use crate::config::slo::{self as written, ClientErrors, Preset};
use crate::config::{Config, Place, Problem, Service, Spanned};
use crate::labels::{MatchOp, Matcher, NAME};
use crate::promql::{self, Counted, Counter, Expr, ValueKind};
use crate::slo::{Maintenance, Period, Sli, Slo, Term, Window};
use crate::units::{format_duration, parse_duration};
use std::sync::Arc;
use std::time::Duration;

/// What an expression is parsed with where only its shape counts.
const ANY_WINDOW: Duration = Duration::from_secs(300);

/// What one objective is compiled with.
struct Draft<'a> {
    spec: &'a written::Slo,
    service: Option<(&'a Service, &'a ServicePlan)>,
    interval: Duration,
    problems: &'a mut Found,
    notes: Vec<String>,
    texts: Vec<(&'static str, String)>,
}

/// Compiles all objectives, in order of name.
pub(super) fn compile(config: &Config, services: &[ServicePlan], problems: &mut Found) -> Vec<Arc<Slo>> {
    let mut specs: Vec<written::Slo> = config.slos.values().cloned().collect();
    for source in &config.slo_sources {
        let (found, more) = crate::slo::read::file(source);
        problems.extend(more);
        for spec in found {
            if let Some(twin) = specs.iter().find(|known| known.name == spec.name) {
                let problem = Problem::new(&spec.place, key(&spec, ""), "is there twice");
                problems
                    .push((true, problem.with_remedy(format!("rename it, or the one at {}", twin.place))));
            } else {
                specs.push(spec);
            }
        }
    }
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    specs.iter().filter_map(|spec| one(config, services, spec, problems)).map(Arc::new).collect()
}

fn key(spec: &written::Slo, rest: &str) -> String {
    if rest.is_empty() { format!("slo.{}", spec.name) } else { format!("slo.{}.{rest}", spec.name) }
}

fn one(config: &Config, services: &[ServicePlan], spec: &written::Slo, problems: &mut Found) -> Option<Slo> {
    let name = spec.service.as_ref().map(|name| name.value.as_str());
    let service = name.and_then(|name| {
        let plan = services.iter().find(|service| &*service.name == name)?;
        Some((config.services.get(name)?, plan))
    });
    let interval = service.map_or(config.poll.interval, |(_, plan)| plan.interval);
    let mut draft = Draft { spec, service, interval, problems, notes: Vec::new(), texts: Vec::new() };
    if let Some(origin) = spec.origin {
        draft.notes.push(format!("from {origin}: {}", spec.place.file));
    }
    if name.is_some() && service.is_none() {
        draft.notes.push("its service is not one of this configuration: nothing is restricted".to_owned());
    }
    let percent = spec.objective.value;
    if !(percent > 0.0 && percent < 100.0 && percent.is_finite()) {
        let message = format!("{percent} is no objective");
        draft.refuse(&spec.objective.at, "objective", message, "write a number above 0 and below 100: 99.95");
        return None;
    }
    let objective = ((percent / 100.0) * 1e12).round() / 1e12;
    let window = draft.window(config)?;
    let sli = draft.sli()?;
    let rows = draft.rows(&window, objective);
    let maintenance = draft.maintenance();
    let reported = draft.reported();
    let note = draft.notes;
    Some(Slo {
        name: spec.name.as_str().into(),
        service: name.map(Into::into),
        title: spec.title.clone().unwrap_or_else(|| spec.name.clone()),
        description: spec.description.clone(),
        objective,
        window,
        sli,
        rows,
        min_events: spec.min_events.map(|events| events as f64),
        asked: None,
        maintenance,
        interval,
        reported,
        notes: note,
        texts: draft.texts,
    })
}

impl Draft<'_> {
    fn refuse(&mut self, at: &Place, rest: &str, message: impl Into<String>, remedy: &str) {
        let at = if at.line == 0 { &self.spec.place } else { at };
        self.problems.push((true, Problem::new(at, key(self.spec, rest), message).with_remedy(remedy)));
    }

    fn window(&mut self, config: &Config) -> Option<Window> {
        let text = &self.spec.window;
        let Some((period, _)) = Period::ALL.into_iter().find(|(_, word)| *word == text.value) else {
            return match parse_duration(&text.value) {
                Ok(length) if length >= Duration::from_secs(3600) => Some(Window::Rolling(length)),
                _ => {
                    let message = format!("\"{}\" is no window", crate::text::clean(&text.value));
                    self.refuse(&text.at, "window", message, "write it as 30d, or week, month, quarter");
                    None
                }
            };
        };
        let zone = self.spec.zone.as_ref().unwrap_or(&config.ui.zone);
        if let Ok(zone) = super::time_zone(&zone.value) {
            return Some(Window::Calendar { period, zone });
        }
        let message = format!("there is no time zone \"{}\"", crate::text::clean(&zone.value));
        self.refuse(&zone.at, "zone", message, "write an IANA name such as UTC or Europe/Berlin");
        None
    }

    fn parse(&mut self, text: &Spanned<String>, rest: &str, window: Duration) -> Option<Expr> {
        match promql::parse(&fill_window(&text.value, window)) {
            Ok(expr) if matches!(expr.kind(), ValueKind::Scalar | ValueKind::Vector) => {
                Some(self.restrict(&expr))
            }
            Ok(_) => {
                let message = "gives neither a number nor an instant vector";
                self.refuse(
                    &text.at,
                    rest,
                    message,
                    "put a function such as rate(...) around a range vector",
                );
                None
            }
            Err(error) => {
                let message = error.to_string();
                self.refuse(&text.at, rest, message, "write a PromQL expression");
                None
            }
        }
    }

    /// Restricts an expression to the service, unless it already says itself which series are meant.
    fn restrict(&self, expr: &Expr) -> Expr {
        let Some((_, plan)) = self.service else { return expr.clone() };
        let says = |label: &str| {
            let selectors = expr.selectors();
            selectors.iter().any(|selector| selector.matchers.iter().any(|m| &*m.name == label))
        };
        if plan.select.iter().any(|matcher| says(&matcher.name)) {
            return expr.clone();
        }
        signals::restrict(expr, &[Matcher::equal("service", &plan.name)], &plan.select)
    }

    fn sli(&mut self) -> Option<Sli> {
        match &self.spec.sli {
            written::Sli::Unsaid => self.availability(&self.spec.place),
            written::Sli::Preset(preset) => match preset.value {
                Preset::Availability => self.availability(&preset.at),
                Preset::Latency => self.latency(None, None, None, &preset.at),
            },
            written::Sli::Errors(error, total) => self.events(("error", error), total, false),
            written::Sli::Good(good, total) => self.events(("good", good), total, true),
            written::Sli::Ratio(ratio) => {
                self.texts.push(("error ratio", ratio.value.clone()));
                let expr = self.parse(ratio, "error_ratio", ANY_WINDOW)?;
                if let Some(Counted::Ratio { part, whole }) = expr.counted() {
                    return Some(counts(&part, &whole, false));
                }
                let bad = self.parse(ratio, "error_ratio", self.sample_window())?;
                Some(Sli::Rates { bad, inverted: false, total: None, per_minute: 1.0 })
            }
            written::Sli::Latency { metric, select, threshold, at } => {
                self.latency(metric.as_ref(), select.as_ref(), *threshold, at)
            }
            written::Sli::Probe { expr, poll, slice, at } => {
                self.probe(expr.as_ref(), poll.as_ref(), *slice, at)
            }
        }
    }

    /// An expression that is sampled each minute looks back so far: a minute, or four polls.
    fn sample_window(&self) -> Duration {
        let polls = (self.interval * 4).as_secs().div_ceil(60) * 60;
        Duration::from_secs(polls.max(60))
    }

    fn events(
        &mut self,
        (word, part): (&'static str, &Spanned<String>),
        total: &Spanned<String>,
        good: bool,
    ) -> Option<Sli> {
        self.texts.push((if good { "good" } else { "bad" }, part.value.clone()));
        self.texts.push(("total", total.value.clone()));
        let (part_expr, total_expr) =
            (self.parse(part, word, ANY_WINDOW), self.parse(total, "total", ANY_WINDOW));
        if let (Some(Counted::Sum(part)), Some(Counted::Sum(whole))) =
            (part_expr?.counted(), total_expr?.counted())
        {
            return Some(counts(&part, &whole, good));
        }
        let window = self.sample_window();
        let bad = self.parse(part, word, window)?;
        let whole = self.parse(total, "total", window)?;
        // What is no rate a second is taken for a number of events within the window.
        let rates = total.value.contains("rate(");
        let per_minute = if rates { 60.0 } else { 60.0 / window.as_secs_f64() };
        Some(Sli::Rates { bad, inverted: good, total: Some(whole), per_minute })
    }

    /// The text of a signal, and where it comes from.
    fn signal(&self, signal: Signal) -> Option<(String, String)> {
        let (service, _) = self.service?;
        let sets = signals::resolve(service, true, &mut Vec::new());
        sets.into_iter().find_map(|(origin, texts)| {
            let at = Signal::ALL.iter().position(|known| *known == signal)?;
            Some((texts.get(at)?.as_ref()?.value.clone(), origin))
        })
    }

    fn availability(&mut self, at: &Place) -> Option<Sli> {
        let Some((text, origin)) = self.signal(Signal::Errors) else {
            self.refuse(
                at,
                "",
                "says not what is counted, and its service has no signals",
                "add error and total",
            );
            return None;
        };
        let expr = self.parse(&Spanned { value: text.clone(), at: at.clone() }, "", ANY_WINDOW)?;
        self.texts.push(("error ratio", text.clone()));
        let Some(Counted::Ratio { mut part, whole }) = expr.counted() else {
            self.notes.push(format!("the service's own signal ({origin})"));
            let bad = self.parse(&Spanned { value: text, at: at.clone() }, "", self.sample_window())?;
            return Some(Sli::Rates { bad, inverted: false, total: None, per_minute: 1.0 });
        };
        let policy = self.spec.client_errors;
        let mut changed = 0;
        for counter in &mut part {
            changed += usize::from(widen(&mut counter.selector.matchers, policy));
            for other in &mut counter.unless {
                widen(&mut other.matchers, policy);
            }
        }
        self.notes.push(format!("availability from {origin}: {}", policy.sentence()));
        if policy != ClientErrors::Good && changed == 0 {
            let message = "4xx cannot be told apart in these metrics";
            self.refuse(at, "client_errors", message, "remove it, or write error and total");
            return None;
        }
        Some(counts(&part, &whole, false))
    }

    /// The buckets of the service's latency signal.
    fn histogram(&mut self) -> Option<Vec<Matcher>> {
        let (text, origin) = self.signal(Signal::Latency)?;
        let expr = promql::parse(&fill_window(&text, ANY_WINDOW)).ok()?;
        let bucket = |s: &promql::Selector| s.name().is_some_and(|name| name.ends_with("_bucket"));
        let buckets = expr.selectors().into_iter().find(bucket)?;
        self.notes.push(format!("histogram from {origin}"));
        Some(buckets.matchers)
    }

    fn latency(
        &mut self,
        metric: Option<&Spanned<String>>,
        select: Option<&Spanned<String>>,
        threshold: Option<Duration>,
        at: &Place,
    ) -> Option<Sli> {
        let preset = self.service.and_then(|(service, _)| signals::preset_of(service));
        let promised = preset.and_then(|preset| preset.slo.threshold.as_deref());
        let Some(threshold) = threshold.or_else(|| parse_duration(promised?).ok()) else {
            self.refuse(
                at,
                "latency.threshold",
                "is missing",
                "say from when on an answer is slow: \"250ms\"",
            );
            return None;
        };
        let named = metric.map(|metric| {
            let name = metric.value.trim_end_matches("_bucket");
            vec![Matcher::equal(NAME, &format!("{name}_bucket"))]
        });
        let Some(mut matchers) = named.or_else(|| self.histogram()) else {
            let message = "is missing, and its service has no histogram";
            self.refuse(at, "latency.metric", message, "name the histogram");
            return None;
        };
        if let Some(select) = select {
            let expr = self.parse(select, "latency.select", ANY_WINDOW)?;
            let [only] = &expr.selectors()[..] else {
                let remedy = "write it as '{method=\"GET\"}'";
                self.refuse(&select.at, "latency.select", "is not a single selector", remedy);
                return None;
            };
            matchers.extend(only.matchers.iter().filter(|m| &*m.name != NAME).cloned());
        }
        matchers.retain(|matcher| &*matcher.name != "le");
        if let Some((_, plan)) = self.service {
            let new: Vec<Matcher> = plan.select.iter().filter(|m| !matchers.contains(m)).cloned().collect();
            matchers.extend(new);
        }
        // Histograms of milliseconds say so in their names.
        let name = matchers.iter().find(|m| &*m.name == NAME).map_or("", |m| &*m.value);
        let millis = name.contains("_milliseconds") || name.contains("_ms_") || name.starts_with("envoy_");
        let unit = if millis { 1000.0 } else { 1.0 };
        let shown: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        self.texts.push(("slow", format!("{{{}}} above {}", shown.join(", "), format_duration(threshold))));
        Some(Sli::Latency { buckets: matchers, threshold: threshold.as_secs_f64() * unit })
    }

    fn probe(
        &mut self,
        expr: Option<&Spanned<String>>,
        poll: Option<&Spanned<String>>,
        slice: Duration,
        at: &Place,
    ) -> Option<Sli> {
        let minutes = slice.as_secs().div_ceil(60).max(1);
        let length = Duration::from_secs(minutes * 60);
        let text = match (expr, poll, self.service) {
            (Some(_), Some(_), _) => {
                self.refuse(at, "probe", "expr and poll exclude each other", "keep one");
                return None;
            }
            (Some(expr), None, _) => expr.clone(),
            (None, poll, Some((service, plan))) => {
                let known = |name: &str| service.polls.iter().any(|known| known.name == name);
                if let Some(poll) = poll.filter(|poll| !service.polls.is_empty() && !known(&poll.value)) {
                    let message = format!("there is no poll \"{}\"", crate::text::clean(&poll.value));
                    self.refuse(
                        &poll.at,
                        "probe.poll",
                        message,
                        "write the name of one of the service's polls",
                    );
                    return None;
                }
                let probe = poll.map(|poll| format!(",probe={:?}", poll.value)).unwrap_or_default();
                let text = format!(
                    "min_over_time(probe_success{{service={:?}{probe}}}[{{{{.window}}}}])",
                    &*plan.name
                );
                Spanned { value: text, at: at.clone() }
            }
            (None, _, None) => {
                self.refuse(at, "probe", "has neither expr nor a service", "add expr");
                return None;
            }
        };
        self.texts.push(("good slice", text.value.clone()));
        let expr = self.parse(&text, "probe.expr", length)?;
        Some(Sli::Slices { expr, length })
    }

    fn maintenance(&mut self) -> Vec<Maintenance> {
        let mut out = Vec::new();
        for text in &self.spec.maintenance {
            match Maintenance::parse(&text.value) {
                Ok(maintenance) => out.push(maintenance),
                Err(message) => self.refuse(&text.at, "maintenance", message, "write a time span"),
            }
        }
        out
    }

    fn reported(&mut self) -> Vec<Expr> {
        let spec = self.spec;
        let own = spec.reported.iter().filter_map(|text| self.parse(text, "reported", ANY_WINDOW)).collect();
        let preset = self.service.and_then(|(service, _)| signals::preset_of(service));
        let known = preset.map_or(&[][..], |preset| &preset.slo.reported);
        if !spec.reported.is_empty() || known.is_empty() {
            return own;
        }
        known.iter().filter_map(|text| Some(self.restrict(&promql::parse(text).ok()?))).collect()
    }
}

/// Bad (or good) events and all of them, as terms; a counter that is in both is counted once.
fn counts(part: &[Counter], whole: &[Counter], good: bool) -> Sli {
    let mut terms: Vec<Term> = Vec::new();
    let mut add = |counter: &Counter, total: f64, bad: f64| {
        let known = terms
            .iter_mut()
            .find(|term| term.counter.selector == counter.selector && term.counter.unless == counter.unless);
        if let Some(term) = known {
            term.counter.weight += total;
            term.bad += bad;
        } else {
            let counter = Counter { weight: total, ..counter.clone() };
            terms.push(Term { counter, bad });
        }
    };
    for counter in whole {
        add(counter, counter.weight, if good { counter.weight } else { 0.0 });
    }
    for counter in part {
        add(counter, 0.0, if good { -counter.weight } else { counter.weight });
    }
    Sli::Counts(terms)
}

/// Lets a matcher of 5xx match some or all 4xx too; false if there is none.
fn widen(matchers: &mut [Matcher], policy: ClientErrors) -> bool {
    let mut changed = false;
    for matcher in matchers {
        let wider = match (matcher.op, &*matcher.value, policy) {
            (MatchOp::Regex, "5.." | "5.*" | "5..|5xx", ClientErrors::Throttled) => "5..|429",
            (MatchOp::Regex, "5.." | "5.*" | "5..|5xx", ClientErrors::Bad) => "[45]..",
            _ => continue,
        };
        if let Ok(new) = Matcher::new(&matcher.name, MatchOp::Regex, wider) {
            *matcher = new;
            changed = true;
        }
    }
    changed
}
