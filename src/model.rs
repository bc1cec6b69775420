//! All that is known: the plan, the store, the fleet as it stands, and what the operator is looking at.
//!
//! Only `update` writes here; `view` and `report` read. Nothing here asks for the time: `now` was brought by an event.

pub mod act;
pub mod attached;
pub mod browse;
pub mod chart;
pub mod desk;
pub mod explore;
mod facts;
pub mod flow;
pub mod hands;
pub mod judge;
pub mod latency;
pub mod moment;
pub mod line;
pub mod names;
pub mod panels;
pub mod past;
pub mod recorded;
pub mod remote;
pub mod rows;
pub mod slos;
pub mod standing;
pub mod told;
pub mod typing;
pub mod ui;
pub mod versions;
pub mod wall;
pub mod zoom;

use crate::foreign::Book;
use crate::incident::{Incident, Incidents};
use crate::journal::Who;
use crate::plan::Plan;
use crate::rules::{self, Engine, RuleKind};
use crate::store::Store;
use crate::target::TargetId;
use crate::target::health::TargetHealth;
use crate::text::Clean;
use crate::units::Timestamp;
use browse::Browse;
use desk::Desk;
use explore::Explore;
use flow::Flow;
use latency::Latencies;
use panels::Panels;
use remote::Remote;
use rows::{Counts, Fleet, ServiceRow, TargetRow};
use slos::{SloRow, Slos};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use ui::{RowKey, Screen, Ui};
use zoom::Zoom;

/// How much of what is on the screen may have changed since the last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// Nothing.
    #[default]
    No,
    /// Numbers: a frame may wait a little, so that many polls share one.
    Data,
    /// What the operator asked for: a frame is due at once.
    Now,
}

/// How far rules, objectives and incidents are.
#[derive(Debug)]
pub struct Judging {
    /// What earlier runs left behind is still being read: rules and objectives wait for it.
    pub remembering: bool,
    /// Samples of earlier runs are to be asked for, or are on their way.
    pub recalling: bool,
    /// A group has been evaluated: its alerts are to be looked at.
    pub fresh: bool,
    /// When alerts were last looked at.
    pub observed: Timestamp,
    /// A group has been evaluated since whose alerts stand as they stood: when they are to be looked at.
    pub owed: Option<Timestamp>,
    /// When a rule, an objective or a timer is due next.
    pub due: Timestamp,
    /// When what objectives counted was last handed to the disk.
    pub saved: Timestamp,
    /// When samples were last handed to the disk.
    pub kept: Timestamp,
}

impl Judging {
    /// Nothing is remembered, nothing is due.
    fn new(now: Timestamp) -> Self {
        let due = Timestamp::from_millis(i64::MAX);
        let observed = Timestamp::from_millis(0);
        Self {
            remembering: false,
            recalling: false,
            fresh: false,
            observed,
            owed: None,
            due,
            saved: now,
            kept: now,
        }
    }
}

/// All that is known.
#[derive(Debug)]
pub struct Model {
    /// The configuration, compiled.
    pub plan: Arc<Plan>,
    /// Every series.
    pub store: Store,
    /// The fleet as it stands; shared with a frozen picture.
    pub fleet: Arc<Fleet>,
    /// State machines of the targets, by target id.
    pub health: Vec<TargetHealth>,
    /// What the operator is looking at.
    pub ui: Ui,
    /// The moment of the newest event.
    pub now: Timestamp,
    /// When warroom was started.
    pub started: Timestamp,
    /// Our own link is down: since when, and what was seen.
    pub link: Option<(Timestamp, Clean)>,
    /// `--read-only`, or the configuration says so.
    pub read_only: bool,
    /// Services whose figures are to be computed anew, the longest waiting first.
    pub work: VecDeque<usize>,
    /// The expressions of the plan, and the service that is being worked on.
    pub desk: Desk,
    /// Rule groups and their alerts.
    pub rules: Engine,
    /// Objectives.
    pub slos: Slos,
    /// What is going wrong, and what went wrong a short while ago.
    pub incidents: Incidents,
    /// What Alertmanager and PagerDuty tell.
    pub foreign: Book,
    /// What is done to services: menu, box, acts under way, ledger.
    pub acts: act::Acts,
    /// Who sits here: stands in the journal.
    pub who: Who,
    /// Acts of people in this process so far: makes each one's event id its own.
    pub deeds: u64,
    /// How far rules, objectives and incidents are.
    pub judging: Judging,
    /// The panels.
    pub panels: Panels,
    /// What is known of backends.
    pub remote: Remote,
    /// What is known of the servers that poll in our place.
    pub attached: attached::Attached,
    /// The latency screen.
    pub latencies: Latencies,
    /// The screen of breakers and queues.
    pub flow: Flow,
    /// The graph that fills the screen.
    pub zoom: Option<Zoom>,
    /// The explorer.
    pub explore: Explore,
    /// The body that is browsed.
    pub browse: Option<Browse>,
    /// When polls came back last: the moment that panels are evaluated for.
    pub heard: Timestamp,
    /// What may have changed on the screen.
    pub changed: Changed,
    /// No target's state runs out before this moment. It may be too early, never too late: answers put it off.
    pub runs_out: Timestamp,
    /// Rows may have come, gone or moved since the lists were last brought in order.
    pub unsettled: bool,
    /// Faults of this machine that have been told and last.
    pub own_faults: Vec<Clean>,
    /// When samples were last dropped by age.
    pub pruned: Timestamp,
    /// Looking back.
    pub time: past::Times,
}

impl Model {
    /// A model that knows the plan and nothing else: the first frame is drawn from it.
    pub fn new(plan: Arc<Plan>, now: Timestamp, read_only: bool) -> Self {
        let mut model = Self {
            store: Store::new(plan.limits),
            fleet: Arc::new(Fleet::of(&plan)),
            health: vec![TargetHealth::default(); plan.targets.len()],
            ui: Ui::new(&plan),
            now,
            started: now,
            link: None,
            read_only,
            work: VecDeque::new(),
            desk: Desk::new(&plan),
            rules: Engine::new(
                plan.rules.sets.clone(),
                plan.rules.owners.clone(),
                rules::Settings::default(),
            ),
            slos: Slos::of(&plan.slos),
            incidents: Incidents::new(Arc::clone(&plan.incidents)),
            foreign: Book::default(),
            acts: act::Acts::new(&plan.policies),
            who: Who::default(),
            deeds: 0,
            judging: Judging::new(now),
            panels: Panels::of(&plan),
            remote: Remote::of(&plan),
            attached: attached::Attached::of(&plan, now),
            latencies: Latencies::of(plan.services.len(), latency::RANGE.min(plan.limits.retention)),
            flow: Flow::default(),
            zoom: None,
            explore: Explore::default(),
            browse: None,
            heard: now,
            changed: Changed::Now,
            runs_out: Timestamp::from_millis(i64::MAX),
            unsettled: false,
            own_faults: Vec::new(),
            pruned: now,
            time: past::Times { log: told::Log::of(&plan), ..past::Times::default() },
            plan,
        };
        model.ui.settle(&model.fleet);
        model
    }

    /// The picture that is shown: the living one, or the frozen one.
    pub fn shown(&self) -> &Fleet {
        self.ui.frozen.as_ref().map_or(&self.fleet, |picture| &picture.fleet)
    }

    /// The incidents of the picture that is shown.
    pub fn shown_incidents(&self) -> &Incidents {
        self.ui.frozen.as_ref().map_or(&self.incidents, |picture| &picture.incidents)
    }

    /// The objectives of the picture that is shown.
    pub fn shown_slos(&self) -> &[SloRow] {
        self.ui.frozen.as_ref().map_or(&self.slos.rows, |picture| &picture.slos)
    }

    /// The moment of the picture that is shown: now, or when it was frozen.
    pub fn seen_at(&self) -> Timestamp {
        self.ui.frozen.as_ref().map_or(self.now, |picture| picture.at)
    }

    /// The rows of the list that is shown, filtered and in order.
    pub fn keys(&self) -> Vec<RowKey> {
        let filter = &self.ui.list().filter;
        match self.ui.screen {
            Screen::Explore => {
                let rows = self.explore.chart.iter().flat_map(|chart| &chart.rows);
                let found = rows.filter(|row| {
                    let texts = row.labels.iter().flat_map(|(name, value)| [name, value]);
                    ui::passes(filter, texts)
                });
                found.map(|row| RowKey::Series(row.labels.clone())).collect()
            }
            Screen::Panels => self
                .panels
                .of_service(None)
                .filter(|(_, panel)| ui::passes(filter, std::iter::once(panel.plan.title.as_str())))
                .map(|(index, _)| RowKey::Panel(index))
                .collect(),
            Screen::Body(_) => self
                .browse
                .as_ref()
                .map_or_else(Vec::new, |browse| browse.found(filter).map(RowKey::Family).collect()),
            Screen::Latency => {
                self.latency_rows().iter().map(|row| RowKey::Service(Arc::clone(row.name))).collect()
            }
            Screen::Flow => self.flow_rows().into_iter().map(|row| RowKey::Flow(row.key)).collect(),
            Screen::Zoom(_) => {
                let lines = self.closeup().map(|it| it.lines).unwrap_or_default();
                (0..lines.len()).map(RowKey::Line).collect()
            }
            Screen::Slos => self.slo_rows().iter().map(|row| RowKey::Slo(Arc::clone(&row.name))).collect(),
            Screen::Incidents => {
                self.incident_rows().iter().map(|it| RowKey::Incident(Arc::clone(&it.id))).collect()
            }
            Screen::Actions => {
                self.act_rows().iter().map(|act| RowKey::Run(Arc::from(act.id.as_str()))).collect()
            }
            _ => self.ui.keys(self.shown()),
        }
    }

    /// The objectives of the list: filtered, the worst first.
    pub fn slo_rows(&self) -> Vec<&SloRow> {
        let list = &self.ui.slos;
        let mut rows: Vec<&SloRow> = self
            .shown_slos()
            .iter()
            .filter(|row| ui::passes(&list.filter, [&*row.name, &*row.service, &*row.title].into_iter()))
            .collect();
        rows.sort_by(|a, b| slos::worst(a, b));
        if list.reversed {
            rows.reverse();
        }
        rows
    }

    /// The incidents of the list: filtered; the open ones, the worst first, then those that are over.
    pub fn incident_rows(&self) -> Vec<&Incident> {
        let list = &self.ui.incidents;
        let mut rows = self.shown_incidents().open();
        rows.extend(self.shown_incidents().recent());
        rows.retain(|it| {
            let title = it.title();
            let texts = [&*it.id, it.severity.word(), title.as_str()];
            ui::passes(&list.filter, texts.into_iter().chain(it.services.iter().map(|name| &**name)))
        });
        if list.reversed {
            rows.reverse();
        }
        rows
    }

    /// How many alerting rules are evaluated.
    pub fn alerting_rules(&self) -> usize {
        let rules = self.rules.groups().flat_map(|group| group.rules().map(|(rule, _, _)| rule));
        rules.filter(|rule| matches!(rule.kind, RuleKind::Alert { .. })).count()
    }

    /// The row of a service.
    pub fn service(&self, name: &str) -> Option<&ServiceRow> {
        self.shown().services.iter().find(|row| &*row.name == name)
    }

    /// The row of a target.
    pub fn target(&self, id: TargetId) -> Option<&TargetRow> {
        self.shown().targets.get(id.0 as usize)
    }

    /// How many services are in which state.
    pub fn counts(&self) -> Counts {
        self.shown().counts()
    }

    /// Is there work that [`crate::event::What::Work`] would do?
    pub fn has_work(&self) -> bool {
        self.ui.line.names.as_ref().is_some_and(|names| names.stage != names::Stage::Done)
            || self.rules.has_work()
            || self.judging.fresh
            || self.slos.book.has_work()
            || self.slos.judged.is_some()
            || !self.work.is_empty()
            || self.desk.progress.is_some()
            || !self.panels.due.is_empty()
            || !self.latencies.due.is_empty()
            || !self.flow.due.is_empty()
            || self.zoom.as_ref().is_some_and(|zoom| zoom.due)
            || self.explore.has_work()
            || self.time.past.as_ref().is_some_and(|past| past.has_work())
    }

    /// The next moment at which the screen changes without any event: the clock's minute, an age that is shown, a
    /// state that runs out, a message that goes.
    pub fn next_tick(&self) -> Timestamp {
        let minute = self.now.floor_to(Duration::from_secs(60)) + Duration::from_secs(60);
        let ages = self.shown().shows_an_age().then(|| self.now.floor_to(AGE_STEP) + AGE_STEP);
        let message = self.ui.message.as_ref().map(|message| message.until);
        ages.into_iter()
            .chain(message)
            .chain([self.runs_out, self.judging.due])
            .chain(self.explore.due)
            .chain(self.attached.due(self.now))
            .chain(self.acts.due(self.now))
            .chain(self.time.past.as_ref().and_then(|past| past.next_tick(self.now)))
            .chain(self.ui.wall.as_ref().map(|wall| wall.due(self.now, !self.incidents.open().is_empty())))
            .filter(|at| *at > self.now)
            .fold(minute, Timestamp::min)
    }
}

/// Ages on the screen move in steps of this length, all at the same moment.
const AGE_STEP: Duration = Duration::from_secs(1);
