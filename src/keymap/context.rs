//! Where a chord is pressed. Contexts lie within one another: what the narrow one does not know, the wider one may.

/// Where a chord is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// On every screen.
    Anywhere,
    /// Where there are rows, were it only those of a text: on every screen that has no line to type in.
    Rows,
    /// Where a graph can have a cursor.
    Graph,
    /// In menus and boxes of choices that stand over the screen.
    Menu,
    /// The overview.
    Overview,
    /// The screen of one service.
    Service,
    /// The polls.
    Targets,
    /// The objectives.
    Slos,
    /// The incidents.
    Incidents,
    /// The screen of one incident.
    Incident,
    /// The actions that were run.
    Actions,
    /// The latencies.
    Latency,
    /// The breakers and queues.
    Breakers,
    /// A graph that fills the screen.
    Zoom,
    /// The explorer, while the table has the keys.
    Explore,
    /// The page of panels.
    Panels,
    /// All that a target exports.
    Body,
    /// The help.
    Help,
}

use Context::{
    Actions, Anywhere, Body, Breakers, Explore, Graph, Help, Incident, Incidents, Latency, Menu, Overview,
    Panels, Rows, Service, Slos, Targets, Zoom,
};

impl Context {
    /// Every context with its name in configurations and the words that help has for it.
    pub const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Anywhere, "anywhere", "anywhere"),
        (Rows, "rows", "in lists"),
        (Graph, "graph", "at graphs"),
        (Menu, "menu", "in menus"),
        (Overview, "overview", "on the overview"),
        (Service, "service", "on a service"),
        (Targets, "targets", "on targets"),
        (Slos, "slos", "on objectives"),
        (Incidents, "incidents", "on incidents"),
        (Incident, "incident", "on an incident"),
        (Actions, "actions", "on actions"),
        (Latency, "latency", "on latencies"),
        (Breakers, "breakers", "on breakers and queues"),
        (Zoom, "zoom", "at a graph that fills the screen"),
        (Explore, "explore", "in the explorer"),
        (Panels, "panels", "on panels"),
        (Body, "body", "on a body"),
        (Help, "help", "in the help"),
    ];

    /// The context and those around it, the narrowest first.
    pub const fn chain(self) -> &'static [Self] {
        match self {
            Anywhere => &[Anywhere],
            Rows => &[Rows, Anywhere],
            Graph => &[Graph, Rows, Anywhere],
            Menu => &[Menu, Rows, Anywhere],
            Overview => &[Overview, Rows, Anywhere],
            Service => &[Service, Graph, Rows, Anywhere],
            Targets => &[Targets, Rows, Anywhere],
            Slos => &[Slos, Rows, Anywhere],
            Incidents => &[Incidents, Rows, Anywhere],
            Incident => &[Incident, Graph, Rows, Anywhere],
            Actions => &[Actions, Rows, Anywhere],
            Latency => &[Latency, Graph, Rows, Anywhere],
            Breakers => &[Breakers, Graph, Rows, Anywhere],
            Zoom => &[Zoom, Graph, Rows, Anywhere],
            Explore => &[Explore, Graph, Rows, Anywhere],
            Panels => &[Panels, Graph, Rows, Anywhere],
            Body => &[Body, Rows, Anywhere],
            Help => &[Help, Rows, Anywhere],
        }
    }

    /// Can a key be pressed in both at once: does one lie within the other?
    pub fn meets(self, other: Self) -> bool {
        self.chain().contains(&other) || other.chain().contains(&self)
    }

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(context, ..)| *context == self).map_or("", |entry| entry.1)
    }

    /// How help calls it.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(context, ..)| *context == self).map_or("", |entry| entry.2)
    }

    /// The context of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|entry| entry.0)
    }
}
