//! The model as text, JSON and a Nagios line: `status`, `check`, and the dashboard where there is no terminal.
//!
//! The JSON is versioned (`"schema": 1`): keys may be added, none is renamed or removed without a new number.

use crate::model::Model;
use crate::model::remote::BackendState;
use crate::model::rows::{ServiceRow, TargetRow, breaker_word};
use crate::model::ui::{ListState, services};
use crate::plan::{ServicePlan, Signal};
use crate::target::health::State;
use serde_json::{Value, json};
use std::fmt::Write as _;
use warroom_widgets::{Unit, human};

/// The fleet as text: one line a service, the worst first; below it why.
pub fn text(model: &Model) -> String {
    let mut out = String::new();
    let rows: Vec<&ServiceRow> = services(model.shown(), &ListState::default()).collect();
    let name_width = rows.iter().map(|row| crate::text::width(&row.name)).max().unwrap_or(7).max(7);
    let _ = writeln!(
        out,
        "{:<9} {:<name_width$} {:>7} {:>7} {:>8} {:>7}  breakers",
        "STATE", "SERVICE", "P95", "ERRORS", "REQUESTS", "QUEUE"
    );
    let number = |value: Option<f64>, unit| value.map_or_else(|| "-".to_owned(), |value| human(value, unit));
    for row in &rows {
        let breakers = match row.worst_breaker() {
            None => "-".to_owned(),
            Some(worst) => format!("{} {}", worst.seen.name, breaker_word(worst.seen.state)),
        };
        let _ = writeln!(
            out,
            "{:<9} {:<name_width$} {:>7} {:>7} {:>8} {:>7}  {breakers}",
            row.state.word(),
            row.name,
            number(row.reading(Signal::Latency).value, Unit::Seconds),
            number(row.reading(Signal::Errors).value, Unit::Ratio),
            number(row.reading(Signal::Requests).value, Unit::PerSecond),
            number(row.queued(), Unit::Count),
        );
        for reason in &row.reasons {
            let _ = writeln!(out, "{:<9}   {}", "", crate::text::clean(&reason.text));
        }
    }
    let unjudged = unjudged(model);
    if !unjudged.is_empty() {
        let _ = writeln!(out, "not judged: {}", unjudged.join("; "));
    }
    out
}

/// What could not be judged, and why: nothing is passed over in silence.
pub fn unjudged(model: &Model) -> Vec<String> {
    let mut out = Vec::new();
    for row in &model.shown().services {
        let Some(plan) = model.plan.services.iter().find(|plan| plan.name == row.name) else { continue };
        let wants = |signal: Signal| plan.signals.iter().any(|set| set.exprs[signal as usize].is_some());
        let scraped = row
            .targets
            .iter()
            .filter_map(|id| model.target(*id))
            .any(|target| matches!(target.target.kind, crate::config::poll::PollKind::Metrics { .. }))
            || plan.backend.is_some();
        let missing: Vec<&str> = Signal::ALL
            .into_iter()
            .filter(|signal| scraped && wants(*signal) && row.reading(*signal).value.is_none())
            .map(Signal::word)
            .collect();
        if !missing.is_empty() {
            out.push(format!("{} of {} (no samples yet, or no traffic)", missing.join(", "), row.name));
        }
    }
    out
}

/// All of it in a line: `3 degraded, 7 up; P1 checkout for 1m; checkout degraded: errors 3.7% (> 3.0%)`.
pub fn headline(model: &Model) -> String {
    let counts = model.counts();
    let counted = State::ALL.into_iter().rev().filter(|state| counts.of(*state) > 0);
    let counted: Vec<String> =
        counted.map(|state| format!("{} {}", counts.of(state), state.word())).collect();
    let mut parts = vec![if counted.is_empty() { "no services".to_owned() } else { counted.join(", ") }];
    parts.extend(model.shown_incidents().open().iter().take(3).map(|it| {
        let minutes = model.seen_at().since(it.began).as_secs() / 60;
        format!("{} {} for {minutes}m: {}", it.severity, it.service(), it.title())
    }));
    let rows = services(model.shown(), &ListState::default()).filter(|row| row.state != State::Up);
    parts.extend(rows.take(5).map(|row| {
        let why = row.reasons.first().map(|reason| format!(": {}", reason.text)).unwrap_or_default();
        format!("{} {}{why}", row.name, row.state.word())
    }));
    crate::text::clean(&parts.join("; ")).into_owned()
}

/// The fleet as JSON, schema 1.
pub fn json(model: &Model) -> Value {
    let rows: Vec<&ServiceRow> = services(model.shown(), &ListState::default()).collect();
    let counts = model.counts();
    let counts: serde_json::Map<String, Value> =
        State::ALL.into_iter().map(|state| (state.word().to_owned(), json!(counts.of(state)))).collect();
    json!({
        "schema": 1,
        "at": model.now.to_string(),
        "link": if model.link.is_some() { "down" } else { "up" },
        "counts": counts,
        "services": rows.iter().map(|row| service_json(model, row)).collect::<Vec<_>>(),
        "not_judged": unjudged(model),
        "backends": model.remote.backends.iter().enumerate().map(|(at, state)| backend_json(model, at, state)).collect::<Vec<_>>(),
    })
}

fn backend_json(model: &Model, place: usize, state: &BackendState) -> Value {
    let plan = model.plan.backends.get(place);
    let row = plan.and_then(|plan| model.target(plan.target));
    json!({
        "backend": &*state.name,
        "kind": plan.map(|plan| plan.flavour.word()),
        "version": state.build.as_ref().map(|build| &build.version),
        "mismatch": state.mismatch,
        "partial": state.partial,
        "refused": state.wrong.len(),
        "answered": state.answered.0,
        "recorded": state.answered.1,
        "alerts": state.alerts.len(),
        "target": row.map(target_json),
    })
}

/// JSON has no NaN: what is no number is null.
fn number(value: Option<f64>) -> Value {
    value.filter(|value| value.is_finite()).map_or(Value::Null, |value| json!(value))
}

fn service_json(model: &Model, row: &ServiceRow) -> Value {
    json!({
        "service": &*row.name,
        "environment": row.environment.as_deref(),
        "state": row.state,
        "since": row.since.map(|since| since.to_string()),
        "version": row.version,
        "reasons": row.reasons.iter().map(|reason| json!({
            "state": reason.state,
            "text": crate::text::clean(&reason.text),
        })).collect::<Vec<_>>(),
        "requests_per_second": number(row.reading(Signal::Requests).value),
        "error_ratio": number(row.reading(Signal::Errors).value),
        "latency_seconds": number(row.reading(Signal::Latency).value),
        "engine": model
            .plan
            .services
            .iter()
            .find(|plan| plan.name == row.name)
            .and_then(|plan| model.plan.backends.get(plan.backend?))
            .map_or("embedded", |backend| &*backend.name),
        "instances": { "answering": row.instances.0, "all": row.instances.1 },
        "components": row.components.iter().map(|component| json!({
            "component": component.seen.name,
            "instance": &*component.origin,
            "up": match component.seen.verdict {
                crate::target::Verdict::Up => json!(1.0),
                crate::target::Verdict::Degraded => json!(0.5),
                crate::target::Verdict::Down => json!(0.0),
                crate::target::Verdict::Unknown => Value::Null,
            },
            "detail": component.seen.detail,
        })).collect::<Vec<_>>(),
        "breakers": row.breakers.iter().map(|breaker| json!({
            "breaker": breaker.seen.name,
            "instance": &*breaker.origin,
            "state": breaker_word(breaker.seen.state).to_lowercase(),
            "failures": number(breaker.seen.failures),
            "calls": number(breaker.seen.calls),
            "success_ratio": number(breaker.seen.success_ratio),
        })).collect::<Vec<_>>(),
        "queues": row.queues.iter().map(|queue| json!({
            "queue": queue.seen.name,
            "instance": &*queue.origin,
            "depth": number(Some(queue.seen.depth)),
            "oldest_age_seconds": number(queue.seen.oldest_age_seconds),
            "consumers": number(queue.seen.consumers),
        })).collect::<Vec<_>>(),
        "targets": row.targets.iter().filter_map(|id| model.target(*id)).map(target_json).collect::<Vec<_>>(),
    })
}

fn target_json(row: &TargetRow) -> Value {
    let answer = row.answer.as_ref();
    json!({
        "poll": &*row.target.poll,
        "kind": row.target.kind.word(),
        "instance": &*row.target.instance,
        "state": row.state,
        "asked": row.asked.map(|at| at.to_string()),
        "answered": row.answered.map(|at| at.to_string()),
        "took_seconds": number(row.took.map(|took| took.as_secs_f64())),
        "http_status": answer.and_then(|answer| answer.status),
        "bytes": answer.map(|answer| answer.bytes),
        "samples_scraped": answer.map(|answer| answer.samples_scraped),
        "bad_lines": answer.map(|answer| answer.bad_lines),
        "error": row.failure.as_ref().map(ToString::to_string),
    })
}

/// A verdict as Nagios knows them; the numbers are exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// 0
    Ok,
    /// 1
    Warning,
    /// 3, between a warning and critical: what is not known may be bad.
    Unknown,
    /// 2
    Critical,
}

impl Verdict {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    fn of(state: State) -> Self {
        match state {
            State::Up => Self::Ok,
            State::Degraded | State::Warming => Self::Warning,
            State::Down => Self::Critical,
            State::Stale | State::Unknown => Self::Unknown,
        }
    }
}

/// The Nagios line of a service, or of all: `SERVICE CRITICAL - text | 'p95'=0.812s;0.2;0.3;0;`.
///
/// Source of the format: the Monitoring Plugins development guidelines, sections on output and performance data.
pub fn check(model: &Model, only: Option<&str>) -> (Verdict, String) {
    check_knowing(model, only, &unjudged(model))
}

/// As [`check`], for those who ask for many: `unjudged` is looked up once for all of them.
pub fn check_knowing(model: &Model, only: Option<&str>, unjudged: &[String]) -> (Verdict, String) {
    let rows: Vec<&ServiceRow> = services(model.shown(), &ListState::default())
        .filter(|row| only.is_none_or(|name| &*row.name == name))
        .collect();
    if rows.is_empty() {
        let why = match model.attached.feeds.first().map(|feed| (&feed.host, &feed.link)) {
            Some((host, crate::event::FeedLink::Lost(why))) => format!("{host}: {why}"),
            Some((host, crate::event::FeedLink::Connecting | crate::event::FeedLink::Loading)) => {
                format!("{host} did not tell its state in time")
            }
            _ => "no service is configured".to_owned(),
        };
        let why = crate::text::clean(&why).replace('|', "/");
        return (Verdict::Unknown, format!("WARROOM UNKNOWN - {why}"));
    }
    let verdict = rows.iter().map(|row| Verdict::of(row.state)).max().unwrap_or(Verdict::Unknown);
    let head = only.map_or_else(|| "WARROOM".to_owned(), str::to_uppercase);
    let mut parts: Vec<String> = rows
        .iter()
        .filter(|row| row.state != State::Up)
        .map(|row| {
            let why = row.reasons.first().map(|reason| format!(" ({})", reason.text)).unwrap_or_default();
            format!("{} {}{why}", row.name, row.state.word())
        })
        .collect();
    if parts.is_empty() {
        parts.push(format!(
            "{} up",
            if rows.len() == 1 { "service".to_owned() } else { format!("{} services", rows.len()) }
        ));
    }
    if !unjudged.is_empty() {
        parts.push(format!("not judged: {}", unjudged.join("; ")));
    }
    // A pipe would begin the performance data.
    let text = crate::text::clean(&parts.join(", ")).replace('|', "/");
    let perf: Vec<String> = rows.iter().flat_map(|row| perfdata(model, row, only.is_none())).collect();
    let perf = if perf.is_empty() { String::new() } else { format!(" | {}", perf.join(" ")) };
    (verdict, format!("{head} {} - {text}{perf}", verdict.word()))
}

fn perfdata(model: &Model, row: &ServiceRow, named: bool) -> Vec<String> {
    let plan: Option<&ServicePlan> = model.plan.services.iter().find(|plan| plan.name == row.name);
    let label = |what: &str| {
        let label = if named { format!("{}_{what}", row.name) } else { what.to_owned() };
        // A quote is doubled; an equals sign may not occur.
        format!("'{}'", label.replace('\'', "''").replace('=', "_"))
    };
    let mut out = Vec::new();
    let mut push = |what: &str, value: Option<f64>, unit: &str, limits: Option<(f64, f64)>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            let (warning, critical) = limits.map_or_else(Default::default, |(warning, critical)| {
                (warning.to_string(), critical.to_string())
            });
            out.push(format!("{}={value}{unit};{warning};{critical};0;", label(what)));
        }
    };
    let latency =
        plan.and_then(|p| p.bands.latency).map(|b| (b.warning.as_secs_f64(), b.critical.as_secs_f64()));
    let errors = plan.and_then(|p| p.bands.errors).map(|b| (b.warning * 100.0, b.critical * 100.0));
    let queue = plan.and_then(|p| p.bands.queue).map(|b| (b.warning, b.critical));
    let round = |value: f64, digits: i32| (value * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
    push("p95", row.reading(Signal::Latency).value.map(|v| round(v, 6)), "s", latency);
    push("errors", row.reading(Signal::Errors).value.map(|v| round(v * 100.0, 4)), "%", errors);
    push("requests", row.reading(Signal::Requests).value.map(|v| round(v, 3)), "", None);
    push("queue", row.queued(), "", queue);
    out
}
