//! `rules.NAME`: Prometheus rule files; `builtin_rules`: the rules that come with warroom. The files' texts are read
//! by `io::config` and compiled by `plan`.

use super::place::{Place, Problem, Source, Spanned};
use super::tree::{Item, Tree};
use crate::severity::Severity;
use std::time::Duration;

/// One `rules.NAME` table.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFiles {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// Paths and patterns, relative to the file that names them.
    pub files: Vec<Spanned<String>>,
    /// The selector whose matchers restrict all expressions.
    pub enforce: Option<Spanned<String>>,
    /// Who answers their expressions, if not as `engine.default` says.
    pub engine: Option<Spanned<String>>,
    /// The interval of groups that have none.
    pub interval: Duration,
    /// What words of the label `severity` mean, over the usual table.
    pub severity: Vec<(String, Severity)>,
    /// `$externalLabels`
    pub external_labels: Vec<(String, String)>,
    /// `$externalURL`
    pub external_url: String,
    /// The files' texts, in order; filled by `io::config`.
    pub sources: Vec<Source>,
    /// Files that could not be read; filled by `io::config`.
    pub unread: Vec<Problem>,
}

/// `builtin_rules`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuiltinRules {
    /// Names of those that do not run.
    pub off: Vec<Spanned<String>>,
    /// How long something must be down.
    pub wait: Duration,
    /// How often they are evaluated.
    pub interval: Duration,
    /// How long a queue must be above its band.
    pub queue_wait: Duration,
    /// The time left to a certificate that is worth a warning.
    pub certificate_warning: Duration,
    /// The time left to a certificate that is grave.
    pub certificate_critical: Duration,
}

pub(super) fn read(name: &str, tree: &Tree) -> RuleFiles {
    let slots = tree.table("severity").map_or(&[][..], |table| &table.slots);
    let severity = slots.iter().filter_map(|slot| match slot.item.value {
        Item::Word(word) => Some((slot.key.clone(), word.parse().ok()?)),
        _ => None,
    });
    RuleFiles {
        name: name.to_owned(),
        place: tree.at.clone(),
        files: tree.texts("files"),
        enforce: tree.spanned("enforce"),
        engine: tree.spanned("engine"),
        interval: tree.duration("interval").unwrap_or_default(),
        severity: severity.collect(),
        external_labels: tree.pairs("external_labels").into_iter().map(|(n, v)| (n, v.value)).collect(),
        external_url: tree.text("external_url").unwrap_or_default(),
        sources: Vec::new(),
        unread: Vec::new(),
    }
}

pub(super) fn builtin(tree: Option<&Tree>) -> BuiltinRules {
    let Some(tree) = tree else { return BuiltinRules::default() };
    BuiltinRules {
        off: tree.texts("off"),
        interval: tree.duration("interval").unwrap_or_default(),
        wait: tree.duration("wait").unwrap_or_default(),
        queue_wait: tree.duration("queue_wait").unwrap_or_default(),
        certificate_warning: tree.duration("certificate_warning").unwrap_or_default(),
        certificate_critical: tree.duration("certificate_critical").unwrap_or_default(),
    }
}
