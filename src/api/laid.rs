//! What the loop lays out for those who ask: copies that share memory with the model, and never change.

use super::{Fault, Kind, Params};
use crate::model::Model;
use crate::report;
use crate::store::{Snapshot, Stats};
use crate::units::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The store as it was, and warroom's own figures.
#[derive(Clone, Debug)]
pub struct Samples {
    /// When.
    pub at: Timestamp,
    /// Every series.
    pub store: Snapshot,
    /// How much of it there is.
    pub stats: Stats,
    /// Warroom's own figures.
    pub figures: Figures,
}

impl Samples {
    /// As the model knows them; `figures` of the loop.
    pub fn of(model: &Model, figures: Figures) -> Self {
        Self { at: model.now, store: model.store.snapshot(), stats: model.store.stats(), figures }
    }
}

/// Rules and alerts, ready to be told: the `data` of `/api/v1/rules`, with all alerts.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When.
    pub at: Timestamp,
    /// `{"groups": [...]}`.
    pub groups: Value,
}

/// The services, as `warroom status -o json` tells them.
#[derive(Clone, Debug)]
pub struct Status {
    /// When.
    pub at: Timestamp,
    /// Its JSON.
    pub status: Value,
    /// The same for people, as `warroom status` prints it.
    pub text: String,
    /// The `data` of `/api/v1/targets`.
    pub targets: Value,
}

/// What `warroom check` says: of all services together (the empty name) and of each.
#[derive(Clone, Debug)]
pub struct Checks {
    /// When.
    pub at: Timestamp,
    /// Name of the service -> exit code and line.
    pub lines: BTreeMap<String, (u8, String)>,
}

impl Checks {
    /// As the model knows them.
    pub fn of(model: &Model) -> Self {
        let unjudged = report::unjudged(model);
        let names = model.plan.services.iter().map(|service| Some(&*service.name)).chain([None]);
        let lines = names.map(|name| {
            let (verdict, line) = report::check_knowing(model, name, &unjudged);
            (name.unwrap_or_default().to_owned(), (verdict.code(), line))
        });
        Self { at: model.now, lines: lines.collect() }
    }

    /// `{"at": ..., "code": ..., "line": ...}` of one service, or of all where `service` names none.
    ///
    /// # Errors
    /// There is no such service.
    pub fn told(&self, params: &Params) -> Result<Value, Fault> {
        let name = params.get("service").unwrap_or_default();
        let (code, line) = self.lines.get(name).ok_or_else(|| {
            Fault::new(Kind::NotFound, format!("there is no service \"{name}\" in the configuration"))
        })?;
        Ok(json!({ "at": self.at.to_string(), "code": code, "line": line }))
    }
}

/// What the loop knows of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// When it was started.
    pub started: Timestamp,
    /// Polls that came back: service, how many were answered, how many failed.
    pub polls: Vec<(String, u64, u64)>,
    /// Samples that polls brought.
    pub samples: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// How long samples are kept in memory.
    pub retention: Duration,
    /// The most bytes that samples may take.
    pub memory_limit: u64,
    /// Services, polls.
    pub watched: (usize, usize),
    /// Did the last reading of the configuration succeed, and when was the last that did?
    pub configured: (bool, Timestamp),
    /// Readings of the configuration that succeeded, and that were refused.
    pub reloads: (u64, u64),
    /// Deliveries that were taken, and attempts that failed.
    pub deliveries: (u64, u64),
    /// Channels that fail now.
    pub failing: usize,
    /// Rules: evaluations, and how many of them failed.
    pub evaluations: (u64, u64),
    /// Alerts that are pending, and that fire.
    pub alerts: (usize, usize),
    /// Open incidents, by severity: P0 to P4.
    pub incidents: [usize; 5],
}

/// What the server knows of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    /// Connections that were taken.
    pub connections: u64,
    /// Connections that were refused, or broke off before the first question.
    pub refused: u64,
    /// Questions that are worked on.
    pub running: u64,
    /// What was asked.
    pub asked: Vec<Asked>,
}

/// Requests of one route that were answered with one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The route.
    pub route: &'static str,
    /// The status.
    pub status: u16,
    /// How many.
    pub count: u64,
    /// How long they took together.
    pub took: Duration,
}

/// What the system knows of this process; what it does not tell is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Seconds of processor time.
    pub cpu_seconds: Option<f64>,
    /// Memory that is held.
    pub resident_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
    /// Attached terminals.
    pub attached: usize,
    /// When the loop was last seen alive.
    pub beat: Timestamp,
}
