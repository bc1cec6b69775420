//! The panels: those of the configuration, then those that the explorer pinned for this session.

use super::chart::Chart;
use crate::plan::{PanelPlan, Plan};
use crate::units::Timestamp;
use std::collections::VecDeque;

/// A panel and what is known of it.
#[derive(Debug)]
pub struct PanelState {
    /// What it is.
    pub plan: PanelPlan,
    /// Its values.
    pub chart: Chart,
    /// Pinned from the explorer: it goes with this session.
    pub pinned: bool,
}

/// All panels.
#[derive(Debug, Default)]
pub struct Panels {
    /// Those of the plan in its order, then the pinned ones.
    pub all: Vec<PanelState>,
    /// Those that are to be evaluated, the longest waiting first.
    pub due: VecDeque<usize>,
}

/// The most panels that can be pinned.
pub const MOST_PINNED: usize = 24;

impl PanelState {
    /// A panel that knows nothing yet.
    pub fn new(plan: PanelPlan, pinned: bool) -> Self {
        Self { chart: Chart::new(plan.expr.clone(), plan.range), plan, pinned }
    }

    /// When it was last evaluated.
    pub fn at(&self) -> Option<Timestamp> {
        if self.plan.kind.has_course() { self.chart.course_at } else { self.chart.at }
    }

    /// What is wrong with it.
    pub fn error(&self) -> Option<&str> {
        self.chart.error.as_deref().or(self.chart.course_error.as_deref())
    }
}

impl Panels {
    /// The panels of a plan.
    pub fn of(plan: &Plan) -> Self {
        let all = plan.panels.iter().map(|panel| PanelState::new(panel.clone(), false)).collect();
        Self { all, due: VecDeque::new() }
    }

    /// Takes over another plan: panels that stay the same keep what is known of them, pinned ones stay as long as
    /// their service does.
    pub fn reload(&mut self, plan: &Plan) {
        let mut old = std::mem::replace(self, Self::of(plan));
        for panel in &mut self.all {
            if let Some(at) = old.all.iter().position(|known| !known.pinned && known.plan == panel.plan) {
                *panel = old.all.swap_remove(at);
            }
        }
        let stays = |panel: &PanelState| {
            panel.pinned
                && panel
                    .plan
                    .service
                    .as_ref()
                    .is_none_or(|name| plan.services.iter().any(|s| s.name == *name))
        };
        old.all.retain(stays);
        self.all.append(&mut old.all);
    }

    /// The panel of that name.
    pub fn named(&self, name: &str) -> Option<&PanelState> {
        self.all.iter().find(|panel| &*panel.plan.name == name)
    }

    /// The panels of a service's screen, or of the page of panels, with their places.
    pub fn of_service<'a>(
        &'a self,
        service: Option<&'a str>,
    ) -> impl Iterator<Item = (usize, &'a PanelState)> {
        self.all.iter().enumerate().filter(move |(_, panel)| panel.plan.service.as_deref() == service)
    }
}
