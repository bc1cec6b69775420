//! What is kept on disk, for how long, and whose it is.

use crate::config::Config;
use crate::target::Target;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPlan {
    /// The main configuration file, or a word for what stands in no file.
    pub source: Arc<str>,
    /// What is watched, for configurations that stand in no file: instances, sorted.
    pub watched: Arc<str>,
    /// How long samples are kept at full resolution; zero: none are.
    pub full: Duration,
    /// How long the minutes of objectives and the marks of incidents and actions are kept.
    pub kept: Duration,
    /// The most bytes that the file may take.
    pub size: u64,
}

/// Compiles `engine.history*`.
pub(super) fn compile(config: &Config, targets: &[Arc<Target>]) -> HistoryPlan {
    let instances: BTreeSet<&str> = targets.iter().map(|target| &*target.instance).collect();
    HistoryPlan {
        source: config.files.first().cloned().unwrap_or_else(|| Arc::from("")),
        watched: Vec::from_iter(instances).join(" ").into(),
        full: config.engine.history_full.min(config.engine.history),
        kept: config.engine.history,
        size: config.engine.history_size,
    }
}
