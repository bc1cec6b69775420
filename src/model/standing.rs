//! What promises and incidents add to a service's row: its worst budget, and whether somebody is being called for it.
//! Steps and not figures decide the order of rows, so that they do not dance.

use super::Model;
use super::slos::{BurnRow, SloRow};
use crate::incident::Incident;
use crate::severity::Severity;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Promises and incidents of one service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Somebody is being called: an incident or a burning budget of P0 or P1.
    pub paging: bool,
    /// Its worst objective, if it has one.
    pub budget: Option<Budget>,
}

/// An objective in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// The objective's name.
    pub name: Arc<str>,
    /// What is promised, 0 to 1.
    pub objective: f64,
    /// What is kept, 0 to 1.
    pub sli: Option<f64>,
    /// Share of the budget that is left; below 0: over.
    pub left: Option<f64>,
    /// The burn rate over an hour, or the window nearest to it.
    pub burn: Option<BurnRow>,
    /// When it ends, in words.
    pub exhaustion: String,
    /// In how many seconds it ends; infinite: not on track.
    pub ends: Option<f64>,
    /// How many objectives the service has.
    pub count: usize,
}

const HOUR: f64 = 3600.0;

impl Standing {
    /// Time to exhaustion in coarse steps, the soonest first. What is far away or unknown is one step.
    pub fn ends_step(&self) -> u8 {
        match self.budget.as_ref().and_then(|budget| budget.ends) {
            Some(seconds) if seconds <= 0.0 => 0,
            Some(seconds) if seconds < HOUR => 1,
            Some(seconds) if seconds < 6.0 * HOUR => 2,
            Some(seconds) if seconds < 24.0 * HOUR => 3,
            Some(seconds) if seconds < 72.0 * HOUR => 4,
            _ => 5,
        }
    }

    /// Budget left in tenths, the least first; without an objective it counts as whole.
    pub fn left_step(&self) -> u8 {
        match self.budget.as_ref().and_then(|budget| budget.left) {
            Some(left) => (left.clamp(0.0, 1.0) * 10.0).ceil() as u8,
            None => 10,
        }
    }
}

impl Budget {
    fn of(row: &SloRow, count: usize) -> Self {
        Self {
            name: Arc::clone(&row.name),
            objective: row.objective,
            sli: row.sli,
            left: row.left,
            burn: row.burn(Duration::from_secs(3600)).cloned(),
            exhaustion: row.exhaustion.clone(),
            ends: row.exhaustion_seconds,
            count,
        }
    }
}

impl Model {
    /// The standing of each service, in the order of the fleet's rows.
    pub fn standings(&self) -> Vec<Standing> {
        let mut rows: BTreeMap<&str, (&SloRow, usize)> = BTreeMap::new();
        for row in &self.slos.rows {
            let (worst, count) = rows.entry(&row.service).or_insert((row, 0));
            *count += 1;
            if super::slos::worst(row, worst).is_lt() {
                *worst = row;
            }
        }
        let open = self.incidents.open();
        let calls = |severity: Severity| severity >= Severity::P1;
        let called: std::collections::BTreeSet<&str> = open
            .iter()
            .filter(|it| calls(it.severity) && !it.snoozed(self.now))
            .flat_map(|it| it.services.iter().map(|name| &**name))
            .collect();
        let standing = |name: &str| Standing {
            paging: called.contains(name)
                || rows.get(name).is_some_and(|(row, _)| row.firing.is_some_and(calls)),
            budget: rows.get(name).map(|(row, count)| Budget::of(row, *count)),
        };
        self.fleet.services.iter().map(|row| standing(&row.name)).collect()
    }

    /// The worst open incident that a service is part of.
    pub fn worst_incident(&self, service: &str) -> Option<&Incident> {
        self.shown_incidents().open().into_iter().find(|it| it.services.iter().any(|name| &**name == service))
    }
}
