//! The shape of a rule file. Reading one is `read`'s work.

use crate::promql::Expr;
use std::sync::Arc;
use std::time::Duration;

/// A group: its rules are evaluated one after the other, all at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name, unique in its file.
    pub name: Arc<str>,
    /// How often; none: the default.
    pub interval: Option<Duration>,
    /// Evaluated for a moment so long ago (`query_offset`).
    pub offset: Duration,
    /// The most series or alerts a rule may give; 0: no limit.
    pub limit: usize,
    /// Labels that all of its rules add (Prometheus 3).
    pub labels: Vec<(String, String)>,
    /// Its rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// Where it stands: line from 1.
    pub line: usize,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What it makes.
    pub kind: RuleKind,
    /// The expression as it is written.
    pub text: String,
    /// The same, parsed; where the set has an `enforce` matcher, restricted by it.
    pub expr: Expr,
    /// Labels; of alerting rules they are templates.
    pub labels: Vec<(String, String)>,
    /// Where it stands: line from 1.
    pub line: usize,
    /// Where its expression stands: line from 1.
    pub expr_line: usize,
}

/// What a rule makes.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleKind {
    /// `record`: a series of this name.
    Record(Arc<str>),
    /// `alert`: alerts of this name.
    Alert {
        /// The name.
        name: Arc<str>,
        /// `for`: how long it must be true before it fires.
        wait: Duration,
        /// `keep_firing_for`: how long it fires on.
        keep: Duration,
        /// Annotations, templates.
        annotations: Vec<(Arc<str>, String)>,
    },
}

impl Rule {
    /// The name of what it makes.
    pub fn name(&self) -> &Arc<str> {
        match &self.kind {
            RuleKind::Record(name) | RuleKind::Alert { name, .. } => name,
        }
    }
}
