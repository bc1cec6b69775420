//! The expressions that are evaluated again and again, put together so that what they share is evaluated once, and the
//! service whose figures are being computed.

use crate::config::PanelKind;
use crate::plan::{Plan, ServicePlan};
use crate::promql::{Batch, Expr, Names};
use crate::target::ScrapeReport;
use crate::units::Timestamp;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// Where a service's expressions stand in the batch.
#[derive(Clone, Debug)]
pub struct Places {
    /// For each signal set its three expressions.
    pub sets: Vec<[Option<usize>; 3]>,
    /// Breakers and queues that come from expressions.
    pub derived: Vec<usize>,
    /// What its figures are made of: a poll that brings nothing of it changes none of them.
    pub names: Names,
    /// When they were last begun.
    pub begun: Option<Timestamp>,
}

impl Places {
    /// Can this poll have changed a figure? Series of other services, which an expression may read too, come at their
    /// own pace: so figures are never older than `interval`.
    pub fn are_due(&self, report: &ScrapeReport, interval: Duration) -> bool {
        let Names::Only(names) = &self.names else { return true };
        self.begun.is_none_or(|begun| report.at.since(begun) >= interval)
            || report
                .samples
                .iter()
                .any(|sample| sample.labels.name().is_some_and(|name| names.contains(name)))
    }
}

/// A service whose figures are being computed, one expression a unit of work.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Its index in the plan.
    pub service: usize,
    /// The moment that all of its expressions are evaluated for.
    pub at: Timestamp,
    /// How much of the past was seen, if that is known.
    pub covered: Option<Duration>,
    /// What is still to be evaluated.
    pub todo: VecDeque<Step>,
    /// The signal set that is being tried.
    pub set: usize,
    /// Its expressions over the part of their window that was seen, where that is shorter.
    pub short: Option<[Option<Expr>; 3]>,
    /// Sets to try if that one has no data.
    pub others: VecDeque<usize>,
    /// What that set gave so far.
    pub results: [Result<Option<f64>, String>; 3],
    /// What the first set that failed gave.
    pub failed: Option<[Result<Option<f64>, String>; 3]>,
}

/// One expression of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One of the three of the signal set that is being tried.
    Signal(usize),
    /// Breakers or queues.
    Derived(usize),
}

/// All expressions of a plan.
pub struct Desk {
    /// They, known by their places.
    pub batch: Batch,
    /// By the index of the service.
    pub services: Vec<Places>,
    /// By the index of the panel; none: it is drawn from its course.
    pub panels: Vec<Option<usize>>,
    /// The service that is being worked on.
    pub progress: Option<Progress>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("expressions", &self.batch.len())
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// Puts together what a plan asks.
    pub fn new(plan: &Plan) -> Self {
        let mut exprs: Vec<Expr> = Vec::new();
        let mut place = |expr: &Expr| {
            exprs.push(expr.clone());
            exprs.len() - 1
        };
        let mut services = Vec::new();
        for service in &plan.services {
            let sets = service.signals.iter();
            services.push(Places {
                sets: sets.map(|set| [0, 1, 2].map(|i| set.exprs[i].as_ref().map(&mut place))).collect(),
                derived: service.derived.iter().map(|derived| place(&derived.expr)).collect(),
                names: names(service),
                begun: None,
            });
        }
        let newest = |kind: PanelKind| !kind.has_course();
        let panels = plan.panels.iter().map(|panel| newest(panel.kind).then(|| place(&panel.expr))).collect();
        Self { batch: Batch::new(exprs), services, panels, progress: None }
    }
}

/// The names of all series that a service's figures are made of; the course of a queue is one of them.
fn names(service: &ServicePlan) -> Names {
    let signals = service.signals.iter().flat_map(|set| set.exprs.iter().flatten());
    let mut all = BTreeSet::from([Box::from("warroom_queue_depth")]);
    for expr in signals.chain(service.derived.iter().map(|derived| &derived.expr)) {
        match expr.names() {
            Names::All => return Names::All,
            Names::Only(names) => all.extend(names),
        }
    }
    Names::Only(all)
}
