//! `capture`: recordings that warroom writes by itself, and what is taken out of every one.

use super::tree::Tree;
use crate::severity::Severity;
use std::path::PathBuf;
use std::time::Duration;

/// The table `capture`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    /// Write one when an incident opens and when it is resolved?
    pub on_incident: bool,
    /// Incidents below it are not captured by themselves.
    pub floor: Severity,
    /// How much of the time before an incident's beginning is taken along.
    pub before: Duration,
    /// How many that were written by themselves are kept.
    pub keep: usize,
    /// Where they go; none: a folder in the state folder.
    pub folder: Option<PathBuf>,
    /// Labels whose values are replaced.
    pub redact: Vec<String>,
}

pub(super) fn read(tree: Option<&Tree>) -> Captures {
    let text = |key| tree.and_then(|tree| tree.text(key));
    let redact = tree.map(|tree| tree.texts("redact")).unwrap_or_default();
    Captures {
        on_incident: tree.is_some_and(|tree| tree.flag("on_incident")),
        floor: tree.map_or("", |tree| tree.word("floor")).parse().unwrap_or(Severity::P2),
        before: tree.and_then(|tree| tree.duration("before")).unwrap_or_default(),
        keep: tree.and_then(|tree| tree.whole("keep")).unwrap_or_default() as usize,
        folder: text("folder").map(PathBuf::from),
        redact: redact.into_iter().map(|label| label.value).collect(),
    }
}
