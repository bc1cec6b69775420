//! `panel.NAME`: an expression that an operator wants on the screen. The expression is kept as written; the plan
//! compiles it.

use super::place::{Place, Spanned};
use super::service::Band;
use std::time::Duration;
use warroom_widgets::Unit;

/// One `panel.NAME` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// What stands above it; none: the name.
    pub title: Option<String>,
    /// The PromQL expression, evaluated as it is written; it may hold `{{.window}}`.
    pub expr: Spanned<String>,
    /// What its numbers count.
    pub unit: Unit,
    /// How it is drawn.
    pub kind: PanelKind,
    /// The service on whose screen it stands; none: the page of panels.
    pub service: Option<Spanned<String>>,
    /// From which value on it is worth a warning, or critical.
    pub thresholds: Option<Band<f64>>,
    /// How far back its course goes.
    pub range: Duration,
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PanelKind {
    /// One large number.
    Stat,
    /// A bar for each series.
    Gauge,
    /// A line of bars for each series.
    Sparkline,
    /// Lines with axes.
    #[default]
    Graph,
    /// A row for each series or bucket, shaded by value.
    Heatmap,
    /// Labels and values.
    Table,
}

impl PanelKind {
    /// Every kind with its word in the configuration.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Stat, "stat"),
        (Self::Gauge, "gauge"),
        (Self::Sparkline, "sparkline"),
        (Self::Graph, "graph"),
        (Self::Heatmap, "heatmap"),
        (Self::Table, "table"),
    ];

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }

    /// Does it show a course, or only the newest values?
    pub fn has_course(self) -> bool {
        matches!(self, Self::Sparkline | Self::Graph | Self::Heatmap)
    }
}

/// Every unit with its word in the configuration.
pub const UNITS: &[(Unit, &str)] = &[
    (Unit::Count, "count"),
    (Unit::PerSecond, "per-second"),
    (Unit::Seconds, "seconds"),
    (Unit::Milliseconds, "milliseconds"),
    (Unit::Bytes, "bytes"),
    (Unit::BytesPerSecond, "bytes-per-second"),
    (Unit::Percent, "percent"),
    (Unit::Ratio, "ratio"),
    (Unit::Times, "times"),
];

/// The unit of that word.
pub fn unit_from_word(word: &str) -> Option<Unit> {
    UNITS.iter().find(|(_, known)| *known == word).map(|(unit, _)| *unit)
}
