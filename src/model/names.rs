//! Everything that has a name, ready to be searched: collected in small units while a line is open. Plain data; it is
//! filled by `update`.

use crate::find::{Found, Index};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// A command.
    Command,
    /// A whole line of a command that takes something.
    Line,
    /// A service.
    Service,
    /// An incident.
    Incident,
    /// An objective.
    Slo,
    /// An action on a service: asks before it does anything.
    Action,
    /// A panel.
    Panel,
    /// A poll of an instance.
    Target,
    /// A metric.
    Metric,
    /// A piece of an expression.
    Piece,
}

impl Sort {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Command | Self::Line => "command",
            Self::Service => "service",
            Self::Incident => "incident",
            Self::Slo => "SLO",
            Self::Action => "action",
            Self::Panel => "panel",
            Self::Target => "target",
            Self::Metric => "metric",
            Self::Piece => "PromQL",
        }
    }

    /// Among equally good ones the lower comes first.
    const fn weight(self) -> u8 {
        match self {
            Self::Command | Self::Service => 0,
            Self::Incident | Self::Slo => 1,
            Self::Action | Self::Panel => 2,
            Self::Line | Self::Target => 3,
            Self::Metric | Self::Piece => 4,
        }
    }

    /// The word that begins the line for it; empty where the name is the line.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Command | Self::Line | Self::Action | Self::Piece => "",
            Self::Service => "service",
            Self::Incident => "incident",
            Self::Slo => "slo",
            Self::Panel => "panel",
            Self::Target => "target",
            Self::Metric => "explore",
        }
    }
}

/// A name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What it stands for.
    pub sort: Sort,
    /// What stands in the line.
    pub key: Box<str>,
    /// How it is called, where that is something else.
    pub label: Option<Box<str>>,
}

impl Name {
    /// How it is called.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.key)
    }

    /// The line that it stands for, begun with `verb` or with its own.
    pub fn line(&self, verb: Option<&str>) -> String {
        match verb.unwrap_or(self.sort.verb()) {
            "" => self.key.to_string(),
            verb => format!("{verb} {}", self.key),
        }
    }
}

/// What is still to be collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Commands and lines.
    #[default]
    Lines,
    /// Services, from this one on.
    Services(usize),
    /// Incidents, objectives, panels.
    Things,
    /// Targets, from this one on.
    Targets(usize),
    /// Metrics are to be listed.
    Names,
    /// These metrics.
    Metrics(Vec<String>),
    /// Nothing.
    Done,
}

/// All names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    all: Vec<Name>,
    index: Index,
    /// What is still to be collected.
    pub stage: Stage,
}

impl Names {
    /// Adds one.
    pub fn push(&mut self, sort: Sort, key: impl Into<Box<str>>, label: Option<String>) {
        let name = Name { sort, key: key.into(), label: label.map(Into::into) };
        self.index.push(name.label(), sort.weight());
        self.all.push(name);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The names that fit `pattern`, of those that `may` lets through.
    pub fn find(&self, pattern: &str, most: usize, may: impl Fn(&Name) -> bool) -> Found {
        self.index.find(pattern, most, |at| self.all.get(at).is_some_and(&may))
    }

    /// One of them.
    pub fn get(&self, at: usize) -> Option<&Name> {
        self.all.get(at)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Name> {
        self.all.iter()
    }
}
