//! What the operator is looking at: screen, selection, filter, order, prompt. Selections follow names, never row
//! numbers.

mod order;

pub(in crate::model) use order::passes;
pub use order::{services, targets};

use super::flow::FlowKey;
use super::hands::{CopyMenu, GraphCursor};
use super::line::Line;
pub use super::line::{Prompt, PromptKind};
use super::rows::Fleet;
use super::slos::SloRow;
use super::wall::Wall;
use super::zoom::Subject;
use crate::incident::Incidents;
use crate::keymap::{Chord, Context};
use crate::labels::Labels;
use crate::plan::Plan;
use crate::target::TargetId;
use crate::units::Timestamp;
use std::sync::Arc;

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Screen {
    /// One row a service.
    Overview,
    /// Everything about one service.
    Service(Arc<str>),
    /// Each poll of each instance.
    Targets,
    /// Objectives and budgets.
    Slos,
    /// What is going wrong, and what went wrong.
    Incidents,
    /// Everything about one incident, by its id.
    Incident(Arc<str>),
    /// What was done, by whom, and whether it helped.
    Actions,
    /// PromQL, typed.
    Explore,
    /// Quantiles by service, and the histogram of the selected one.
    Latency,
    /// Every breaker and queue.
    Flow,
    /// One graph over the whole screen.
    Zoom(Subject),
    /// The panels of the configuration.
    Panels,
    /// All that a target exports.
    Body(TargetId),
    /// Keys and words.
    Help,
}

impl Screen {
    /// Its name in the head line and in `:` lines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Service(_) => "service",
            Self::Targets => "targets",
            Self::Slos => "slos",
            Self::Incidents => "incidents",
            Self::Incident(_) => "incident",
            Self::Actions => "actions",
            Self::Explore => "explore",
            Self::Latency => "latency",
            Self::Flow => "breakers",
            Self::Zoom(_) => "zoom",
            Self::Panels => "panels",
            Self::Body(_) => "body",
            Self::Help => "help",
        }
    }

    /// Where a key is pressed on it.
    pub fn context(&self) -> Context {
        match self {
            Self::Overview => Context::Overview,
            Self::Service(_) => Context::Service,
            Self::Targets => Context::Targets,
            Self::Slos => Context::Slos,
            Self::Incidents => Context::Incidents,
            Self::Incident(_) => Context::Incident,
            Self::Actions => Context::Actions,
            Self::Latency => Context::Latency,
            Self::Flow => Context::Breakers,
            Self::Zoom(_) => Context::Zoom,
            Self::Explore => Context::Explore,
            Self::Panels => Context::Panels,
            Self::Body(_) => Context::Body,
            Self::Help => Context::Help,
        }
    }
}

/// What a row of a list stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A service.
    Service(Arc<str>),
    /// A target.
    Target(TargetId),
    /// An objective.
    Slo(Arc<str>),
    /// An incident, by its id.
    Incident(Arc<str>),
    /// An action that was run, by its key.
    Run(Arc<str>),
    /// A breaker or a queue.
    Flow(FlowKey),
    /// A panel, by its place.
    Panel(usize),
    /// A series of the explorer's answer.
    Series(Labels),
    /// A metric family, by its place in the body.
    Family(usize),
    /// A line of the help.
    Line(usize),
}

/// Selection, order and filter of one list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListState {
    /// The row that is selected.
    pub selected: Option<RowKey>,
    /// The operator has chosen a row; until then the selection is the first one, the worst.
    pub chosen: bool,
    /// Where it stood last: the selection falls back to this place when its row goes.
    pub index: usize,
    /// The first row that is shown.
    pub offset: usize,
    /// Index of the order in use.
    pub order: usize,
    /// Turned round.
    pub reversed: bool,
    /// Only rows that hold this text; with `!` in front, those that do not.
    pub filter: String,
}

/// A line that tells something for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What.
    pub text: String,
    /// It is bad news.
    pub bad: bool,
    /// Until when.
    pub until: Timestamp,
}

/// Where a number comes from, as it is shown: a name and a text a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explain {
    /// What is explained.
    pub title: String,
    /// Lines: what, and what there is to say of it.
    pub lines: Vec<(String, String)>,
    /// Lines that are scrolled away, where it is longer than the screen.
    pub offset: usize,
}

/// What the screen showed when it was told to hold still. The header lives on.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The fleet as it stood.
    pub fleet: Arc<Fleet>,
    /// The incidents as they stood.
    pub incidents: Incidents,
    /// The objectives as they stood.
    pub slos: Vec<SloRow>,
    /// When.
    pub at: Timestamp,
}

/// What the operator is looking at.
#[derive(Clone, Debug)]
pub struct Ui {
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    /// The screen.
    pub screen: Screen,
    /// The screens that `back` returns to.
    pub trail: Vec<Screen>,
    /// The overview's list.
    pub overview: ListState,
    /// The targets' list.
    pub targets: ListState,
    /// The service screen's list of targets.
    pub service: ListState,
    /// The objectives.
    pub slos: ListState,
    /// The incidents.
    pub incidents: ListState,
    /// The timeline of an incident.
    pub incident: ListState,
    /// The actions that were run.
    pub actions: ListState,
    /// The explorer's table.
    pub explore: ListState,
    /// The latencies.
    pub latency: ListState,
    /// The breakers and queues.
    pub flow: ListState,
    /// The lines of the graph that fills the screen.
    pub zoom: ListState,
    /// The page of panels.
    pub panels: ListState,
    /// The families of a body.
    pub body: ListState,
    /// The help's scroll.
    pub help: ListState,
    /// The pane of the service screen that has the focus.
    pub pane: usize,
    /// The line that is being typed.
    pub prompt: Option<Prompt>,
    /// What is offered for it, and its history.
    pub line: Line,
    /// The key that was pressed last.
    pub pressed: Option<Chord>,
    /// A choice of what to copy.
    pub copying: Option<CopyMenu>,
    /// A cursor on the graphs.
    pub cursor: Option<GraphCursor>,
    /// A line that tells something.
    pub message: Option<Message>,
    /// The explanation that stands over the screen.
    pub explain: Option<Explain>,
    /// Everything that is wrong with the configuration that was read last.
    pub reload_problems: Vec<String>,
    /// The picture that is held.
    pub frozen: Option<Box<Picture>>,
    /// The theme in use.
    pub theme: String,
    /// Listening to the mouse?
    pub mouse: bool,
    /// The war-room wall, while it hangs.
    pub wall: Option<Box<Wall>>,
}

/// The orders of the overview; the first is the default.
pub const OVERVIEW_ORDERS: &[&str] = &["worst", "service", "latency", "errors", "requests", "queue"];
/// The orders of the targets.
pub const TARGET_ORDERS: &[&str] = &["worst", "service", "took", "size"];

impl Ui {
    /// The overview of a plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            size: (80, 24),
            screen: Screen::Overview,
            trail: Vec::new(),
            overview: ListState::default(),
            targets: ListState::default(),
            service: ListState::default(),
            slos: ListState::default(),
            incidents: ListState::default(),
            incident: ListState::default(),
            actions: ListState::default(),
            explore: ListState::default(),
            latency: ListState::default(),
            flow: ListState::default(),
            zoom: ListState::default(),
            panels: ListState::default(),
            body: ListState::default(),
            help: ListState::default(),
            pane: 0,
            prompt: None,
            line: Line::default(),
            pressed: None,
            copying: None,
            message: None,
            explain: None,
            reload_problems: Vec::new(),
            frozen: None,
            cursor: None,
            theme: plan.ui.theme.clone(),
            mouse: plan.ui.mouse,
            wall: None,
        }
    }

    /// The list of the screen that is shown.
    pub fn list(&self) -> &ListState {
        match self.screen {
            Screen::Overview => &self.overview,
            Screen::Targets => &self.targets,
            Screen::Service(_) => &self.service,
            Screen::Slos => &self.slos,
            Screen::Incidents => &self.incidents,
            Screen::Incident(_) => &self.incident,
            Screen::Actions => &self.actions,
            Screen::Explore => &self.explore,
            Screen::Latency => &self.latency,
            Screen::Flow => &self.flow,
            Screen::Zoom(_) => &self.zoom,
            Screen::Panels => &self.panels,
            Screen::Body(_) => &self.body,
            Screen::Help => &self.help,
        }
    }

    /// The same, to change it.
    pub fn list_mut(&mut self) -> &mut ListState {
        match self.screen {
            Screen::Overview => &mut self.overview,
            Screen::Targets => &mut self.targets,
            Screen::Service(_) => &mut self.service,
            Screen::Slos => &mut self.slos,
            Screen::Incidents => &mut self.incidents,
            Screen::Incident(_) => &mut self.incident,
            Screen::Actions => &mut self.actions,
            Screen::Explore => &mut self.explore,
            Screen::Latency => &mut self.latency,
            Screen::Flow => &mut self.flow,
            Screen::Zoom(_) => &mut self.zoom,
            Screen::Panels => &mut self.panels,
            Screen::Body(_) => &mut self.body,
            Screen::Help => &mut self.help,
        }
    }

    /// The rows of the list that is shown, filtered and in order.
    pub fn keys(&self, fleet: &Fleet) -> Vec<RowKey> {
        match &self.screen {
            Screen::Overview => {
                services(fleet, &self.overview).map(|row| RowKey::Service(Arc::clone(&row.name))).collect()
            }
            Screen::Targets => {
                targets(fleet, &self.targets, None).map(|row| RowKey::Target(row.target.id)).collect()
            }
            Screen::Service(name) => {
                targets(fleet, &self.service, Some(name)).map(|row| RowKey::Target(row.target.id)).collect()
            }
            // These lists are not of the fleet: see `Model::keys`.
            Screen::Slos
            | Screen::Incidents
            | Screen::Incident(_)
            | Screen::Actions
            | Screen::Explore
            | Screen::Panels
            | Screen::Latency
            | Screen::Flow
            | Screen::Zoom(_)
            | Screen::Body(_)
            | Screen::Help => Vec::new(),
        }
    }

    /// Brings the selection back to a row that exists: the same one, or the one in its place.
    pub fn settle(&mut self, fleet: &Fleet) {
        self.settle_on(&self.keys(fleet));
    }

    /// The same, where the rows are known.
    pub fn settle_on(&mut self, keys: &[RowKey]) {
        if self.screen == Screen::Help {
            return;
        }
        let list = self.list_mut();
        if !list.chosen {
            list.index = 0;
            list.selected = keys.first().cloned();
            return;
        }
        let found = list.selected.as_ref().and_then(|selected| keys.iter().position(|key| key == selected));
        list.index = found.unwrap_or_else(|| list.index.min(keys.len().saturating_sub(1)));
        if found.is_none() {
            list.selected = keys.get(list.index).cloned();
        }
    }
}
