//! One graph over the whole screen: a panel, a figure of a service, an objective's budget, latencies, a queue.
//!
//! Lines come from a chart of its own, or from what is computed for another screen anyway. Nothing is drawn here.

use super::Model;
use super::chart::Chart;
use super::flow::{FlowKey, FlowKind, HEIGHTS, quote};
use super::judge::limits;
use super::latency::QUANTILES;
use crate::incident::HappeningKind;
use crate::labels::{Labels, Matcher, NAME};
use crate::plan::Signal;
use crate::promql::{self, Expr};
use crate::text::clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::Unit;

/// What is looked at closely.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A panel, by its name.
    Panel(Arc<str>),
    /// A figure of a service.
    Figure(Arc<str>, Signal),
    /// The budget of an objective.
    Slo(Arc<str>),
    /// The quantiles of a service's latency.
    Latency(Arc<str>),
    /// A breaker's state, or a queue's depth.
    Flow(FlowKey),
}

impl Subject {
    /// The service that it speaks of, if it is one.
    pub fn service(&self, model: &Model) -> Option<Arc<str>> {
        match self {
            Self::Panel(name) => model.panels.named(name).and_then(|panel| panel.plan.service.clone()),
            Self::Slo(name) => {
                model.shown_slos().iter().find(|row| row.name == *name).map(|row| Arc::clone(&row.service))
            }
            Self::Figure(service, _) | Self::Latency(service) => Some(Arc::clone(service)),
            Self::Flow(key) => Some(Arc::clone(&key.service)),
        }
    }

    /// The expression whose course is drawn, if it is one.
    pub fn expr(&self, model: &Model) -> Option<Expr> {
        match self {
            Self::Panel(name) => model.panels.named(name).map(|panel| panel.plan.expr.clone()),
            // What was computed for the service's row: exactly what its sparkline shows.
            Self::Figure(service, signal) => {
                promql::parse(&format!("{}{{service={}}}", signal.series(), quote(service))).ok()
            }
            Self::Flow(key) => promql::parse(&key.course()).ok(),
            Self::Slo(_) | Self::Latency(_) => None,
        }
    }

    /// What is looked at beside it: `tab` goes through them.
    pub fn kin(&self, model: &Model) -> Vec<Self> {
        let service = match self {
            Self::Panel(name) => match model.panels.named(name).map(|panel| &panel.plan.service) {
                Some(Some(service)) => Arc::clone(service),
                _ => {
                    return model
                        .panels
                        .of_service(None)
                        .map(|(_, panel)| Self::Panel(Arc::clone(&panel.plan.name)))
                        .collect();
                }
            },
            Self::Slo(_) => {
                return model.slo_rows().iter().map(|row| Self::Slo(Arc::clone(&row.name))).collect();
            }
            Self::Latency(_) => {
                return model.latency_rows().iter().map(|row| Self::Latency(Arc::clone(row.name))).collect();
            }
            Self::Flow(_) => return model.flow_rows().into_iter().map(|row| Self::Flow(row.key)).collect(),
            Self::Figure(service, _) => Arc::clone(service),
        };
        let figures = FIGURES.map(|(signal, ..)| Self::Figure(Arc::clone(&service), signal));
        let panels = model.panels.of_service(Some(&service));
        figures
            .into_iter()
            .chain(panels.map(|(_, panel)| Self::Panel(Arc::clone(&panel.plan.name))))
            .collect()
    }
}

/// The figures of a service in the order in which screens show them, with name and unit.
pub const FIGURES: [(Signal, &str, Unit); 3] = [
    (Signal::Latency, "p95", Unit::Seconds),
    (Signal::Errors, "errors", Unit::Ratio),
    (Signal::Requests, "requests", Unit::PerSecond),
];

/// What is looked at, with the chart that it needs.
#[derive(Debug)]
pub struct Zoom {
    /// What.
    pub subject: Subject,
    /// Its course, where that is an expression's.
    pub chart: Option<Chart>,
    /// How far back; none: all there is.
    pub range: Option<Duration>,
    /// The part of it that was picked with the mouse and is shown instead; none: it ends now.
    pub picked: Option<(Timestamp, Timestamp)>,
    /// Its chart is to be brought up to date.
    pub due: bool,
}

/// A line of the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoomLine {
    /// Its name.
    pub name: String,
    /// Its labels; none for what is no series.
    pub labels: Labels,
    /// (Unix seconds, value), the oldest first; not-a-number is a gap.
    pub points: Vec<(f64, f64)>,
}

/// The newest, least, largest and mean value of a line; gaps do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    /// The newest.
    pub last: Option<f64>,
    /// The least.
    pub least: Option<f64>,
    /// The largest.
    pub most: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
}

impl ZoomLine {
    /// Its extent between two moments, in Unix seconds.
    pub fn extent(&self, span: Option<(f64, f64)>) -> Extent {
        let inside = |x: f64| span.is_none_or(|(start, end)| (start..=end).contains(&x));
        let known: Vec<f64> =
            self.points.iter().filter(|p| inside(p.0) && p.1.is_finite()).map(|p| p.1).collect();
        Extent {
            last: self.points.last().map(|point| point.1).filter(|value| value.is_finite()),
            least: known.iter().copied().reduce(f64::min),
            most: known.iter().copied().reduce(f64::max),
            mean: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
        }
    }
}

/// Everything that is drawn of a subject.
#[derive(Clone, Debug, Default)]
pub struct Closeup {
    /// What it is.
    pub title: String,
    /// What its numbers count.
    pub unit: Unit,
    /// Warning and critical.
    pub limits: Option<(f64, f64)>,
    /// The line that they are meant for; none: all of them.
    pub judged: Option<usize>,
    /// The lines.
    pub lines: Vec<ZoomLine>,
    /// First and last moment that are drawn.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The first moment that was asked for, where less was seen.
    pub asked: Option<Timestamp>,
    /// Two points further apart than this are not joined; in seconds.
    pub gap: f64,
    /// The least and largest value of the axis, where they are fixed.
    pub bounds: Option<(f64, f64)>,
    /// Words for the values 0, 1, 2 ..., where they are no numbers.
    pub words: &'static [&'static str],
    /// Why there is nothing.
    pub error: Option<String>,
    /// It is still being computed.
    pub waiting: bool,
    /// What is computed, in PromQL or in words.
    pub formula: String,
    /// When its newest values were computed.
    pub at: Option<Timestamp>,
}

/// A budget is drawn over at least so long: right after the start it has one point a minute.
pub const LEAST_BUDGET: Duration = Duration::from_secs(120);

/// The most annotations of a graph.
const MOST_MARKS: usize = 12;

impl Closeup {
    /// Leaves out what lies before the first value: shortly after the start most of a range is empty.
    fn tighten(&mut self) {
        let Some((start, end)) = self.span else { return };
        let known =
            |line: &ZoomLine| line.points.iter().find(|point| point.1.is_finite()).map(|point| point.0);
        let Some(first) = self.lines.iter().filter_map(known).reduce(f64::min) else { return };
        let begin = begin(first, start, end);
        if begin > start {
            (self.asked, self.span) = (Some(start), Some((begin, end)));
        }
    }
}

/// Where a graph from `start` to `end` begins whose first value is at `first`, in Unix seconds: in steps of a tenth, so
/// that the axis stands still for a while, and never less than two of them.
pub fn begin(first: f64, start: Timestamp, end: Timestamp) -> Timestamp {
    let tenth = end.since(start).as_secs_f64() / 10.0;
    let tenths = ((first - start.seconds()) / tenth).floor();
    if tenths >= 1.0 { start + Duration::from_secs_f64(tenths.min(8.0) * tenth) } else { start }
}

impl Model {
    /// What is drawn of the subject on the screen. None: it does not exist any more.
    pub fn closeup(&self) -> Option<Closeup> {
        let zoom = self.zoom.as_ref()?;
        let plan = |name: &str| self.plan.services.iter().find(|plan| &*plan.name == name);
        let mut out = match &zoom.subject {
            Subject::Panel(name) => {
                let panel = self.panels.named(name)?;
                Closeup {
                    title: clean(&panel.plan.title).into_owned(),
                    unit: panel.plan.unit,
                    limits: panel.plan.thresholds.map(|band| (band.warning, band.critical)),
                    formula: self.plan.written(&panel.plan.expr).0,
                    ..Closeup::default()
                }
            }
            Subject::Figure(service, signal) => {
                let row = self.service(service)?;
                let (_, name, unit) = FIGURES.iter().find(|(known, ..)| known == signal)?;
                let set = row.signal_set.and_then(|set| plan(service)?.signals.get(set));
                let expr = set.and_then(|set| set.exprs.get(*signal as usize)?.as_ref());
                Closeup {
                    title: format!("{service} {name}"),
                    unit: *unit,
                    limits: plan(service).and_then(|plan| limits(plan, *signal)),
                    formula: expr.map(|expr| self.plan.written(expr).0).unwrap_or_default(),
                    error: row.reading(*signal).error.clone(),
                    ..Closeup::default()
                }
            }
            Subject::Flow(key) => {
                let row = self.flow_rows().into_iter().find(|row| row.key == *key)?;
                Closeup {
                    title: format!("{} {} {}", key.service, key.kind.word(), key.name),
                    limits: row.limits,
                    bounds: (key.kind == FlowKind::Breaker).then_some((0.0, 2.0)),
                    words: if key.kind == FlowKind::Breaker { HEIGHTS } else { &[] },
                    formula: key.course(),
                    ..Closeup::default()
                }
            }
            Subject::Slo(name) => return self.slo_closeup(name, zoom),
            Subject::Latency(name) => {
                let mut out = self.latency_closeup(name)?;
                if let Some(picked) = zoom.picked {
                    (out.span, out.asked) = (Some(picked), None);
                }
                return Some(out);
            }
        };
        if let Some(chart) = &zoom.chart {
            out.error = out.error.or_else(|| chart.course_error.clone());
            out.waiting = chart.course_at.is_none();
            out.at = chart.course_at;
            out.span = chart.span;
            out.gap = chart.step().as_secs_f64() * 1.5;
            let line = |line: &super::chart::ChartLine| ZoomLine {
                name: String::new(),
                labels: line.labels.clone(),
                points: line.points.clone(),
            };
            out.lines = chart.lines.iter().map(line).collect();
            if let (Subject::Figure(_, signal), [only]) = (&zoom.subject, out.lines.as_mut_slice()) {
                let figure = FIGURES.iter().find(|(known, ..)| known == signal);
                figure.map_or("", |figure| figure.1).clone_into(&mut only.name);
            }
            if zoom.picked.is_none() {
                out.tighten();
            }
        }
        Some(out)
    }

    fn slo_closeup(&self, name: &str, zoom: &Zoom) -> Option<Closeup> {
        let row = self.shown_slos().iter().find(|row| &*row.name == name)?;
        let points: Vec<(f64, f64)> = row.course.iter().map(|(at, left)| (at.seconds(), *left)).collect();
        let end = row.course.last().map(|last| last.0);
        let first = row.course.first().map(|first| first.0);
        let start = first.zip(end).map(|(first, end)| {
            let start = zoom.range.map_or(first, |range| (end - range).max(first));
            // Never so little that the axis has no room for two times.
            start.min(end - LEAST_BUDGET)
        });
        let low = points.iter().map(|point| point.1).filter(|left| left.is_finite()).fold(0.0, f64::min);
        Some(Closeup {
            title: format!("{name} budget left of {}", row.window),
            unit: Unit::Ratio,
            limits: None,
            judged: None,
            lines: vec![ZoomLine { name: "budget left".to_owned(), labels: Labels::empty(), points }],
            span: zoom.picked.or(start.zip(end)),
            asked: None,
            gap: f64::INFINITY,
            bounds: Some((low, 1.0)),
            words: &[],
            error: row.error.clone(),
            waiting: false,
            formula: row.formula.join("; "),
            at: row.at,
        })
    }

    /// The quantiles of a service.
    pub fn latency_closeup(&self, name: &str) -> Option<Closeup> {
        let place = self.plan.services.iter().position(|plan| &*plan.name == name)?;
        let (plan, latency) = (self.plan.services.get(place)?, self.latencies.all.get(place)?);
        let line = |index: usize| ZoomLine {
            name: QUANTILES.get(index).map_or("", |known| known.1).to_owned(),
            labels: Labels::empty(),
            points: latency.course(index),
        };
        let mut out = Closeup {
            title: format!("{name} latency"),
            unit: Unit::Seconds,
            limits: limits(plan, Signal::Latency),
            judged: latency.judged(),
            lines: (0..QUANTILES.len()).map(line).collect(),
            span: latency.span(),
            asked: None,
            gap: latency.step.as_secs_f64() * 1.5,
            bounds: None,
            words: &[],
            error: latency.error.clone(),
            waiting: latency.spread.is_some() && latency.at.is_none() && latency.error.is_none(),
            formula: latency.spread.as_ref().map(|spread| spread.buckets.to_string()).unwrap_or_default(),
            at: latency.at,
        };
        out.tighten();
        Some(out)
    }

    /// The services that a close-up speaks of: its own, or those that its lines name.
    fn spoken_of(&self, subject: &Subject, lines: &[ZoomLine]) -> Vec<Arc<str>> {
        if let Some(service) = subject.service(self) {
            return vec![service];
        }
        let names = |plan: &&crate::plan::ServicePlan| {
            let own =
                |labels: &Labels| labels.get("service") == Some(&*plan.name) || selects(&plan.select, labels);
            lines.iter().any(|line| own(&line.labels))
        };
        self.plan.services.iter().filter(names).map(|plan| Arc::clone(&plan.name)).collect()
    }

    /// Deploys and actions since `from` of the services that a close-up speaks of, as marks of a graph: Unix seconds and
    /// what it was. The newest ones, where there are more than a graph can bear.
    pub fn marks(&self, subject: &Subject, lines: &[ZoomLine], from: Timestamp) -> Vec<(f64, String)> {
        let services = self.spoken_of(subject, lines);
        let several = services.len() > 1;
        let mut out = Vec::new();
        for service in &services {
            let head = if several { format!("{} ", clean(service)) } else { String::new() };
            for happening in self.shown_incidents().happenings(service, from) {
                if let HappeningKind::Deploy { to, .. } = &happening.kind {
                    out.push((happening.at.seconds(), format!("{head}{}", clean(to))));
                }
            }
            let acts = self.act_marks(service, from);
            out.extend(acts.into_iter().map(|(at, what)| (at, format!("{head}{}", clean(&what)))));
        }
        out.sort_by(|a, b| b.0.total_cmp(&a.0));
        out.truncate(MOST_MARKS);
        out
    }
}

/// Would series with these labels be selected? What an expression dropped cannot tell, and does not.
fn selects(select: &[Matcher], labels: &Labels) -> bool {
    let mut named = select.iter().filter(|matcher| &*matcher.name != NAME).peekable();
    named.peek().is_some()
        && named.all(|matcher| labels.get(&matcher.name).is_some_and(|value| matcher.matches(value)))
}
