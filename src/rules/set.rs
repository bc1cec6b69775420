//! A set of rule files as `rules.NAME` describes it: its groups, and what its severities mean here.
//!
//! Compiled; nothing here reads, evaluates or knows the time.

use super::alert::Origin;
use super::enforce::Enforce;
use super::file::{Group, RuleKind};
use super::read::{self, Read, RuleProblem};
use super::template;
use crate::labels::{Labels, Matcher, accepts_all};
use crate::promql::{self, Expr};
use crate::severity::Severity;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A set of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet {
    /// The table's name; of the rules that come with warroom, `builtin`.
    pub name: Arc<str>,
    /// The files that it was read from.
    pub files: Vec<Arc<str>>,
    /// The groups that run, each with where it comes from.
    pub groups: Vec<Placed>,
    /// What the label `severity` means.
    pub severities: Severities,
    /// What its expressions, and the queries of its templates, may see.
    pub enforce: Enforce,
    /// `$externalLabels` of templates.
    pub external_labels: Labels,
    /// `$externalURL` of templates.
    pub external_url: String,
    /// What keeps other groups from running.
    pub problems: Vec<RuleProblem>,
}

/// A group and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Where it comes from.
    pub origin: Origin,
    /// The group.
    pub group: Group,
}

impl RuleSet {
    /// A set without any rule.
    pub fn empty(name: &str) -> Self {
        Self {
            name: name.into(),
            files: Vec::new(),
            groups: Vec::new(),
            severities: Severities::default(),
            enforce: Enforce::default(),
            external_labels: Labels::empty(),
            external_url: String::new(),
            problems: Vec::new(),
        }
    }

    /// Reads the files of the set `name`: name and text of each. `matchers` restrict all of them; what one of them
    /// records, all of them see.
    pub fn read<'f>(
        name: &str,
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
        matchers: &[Matcher],
        severities: Severities,
    ) -> Self {
        let mut set = Self { severities, ..Self::empty(name) };
        for (file, text) in files {
            let file: Arc<str> = file.into();
            let Read { groups, problems } = read::parse(&file, text, &[]);
            let origin = Origin::File { set: set.name.clone(), file: file.clone() };
            set.groups.extend(groups.into_iter().map(|group| Placed { origin: origin.clone(), group }));
            set.problems.extend(problems);
            set.files.push(file);
        }
        if !matchers.is_empty() {
            let own =
                set.groups.iter().flat_map(|placed| read::recorded(std::slice::from_ref(&placed.group)));
            set.enforce = Enforce::new(matchers.to_vec(), own.collect());
            for placed in &mut set.groups {
                set.enforce.apply(std::slice::from_mut(&mut placed.group));
            }
        }
        set
    }
}

impl RuleSet {
    /// All expressions: those of the rules, and those that templates of labels and annotations write out to ask with
    /// `query`.
    pub fn exprs(&self) -> Vec<Expr> {
        let mut out = Vec::new();
        // All objectives' alerts ask for the same series of warroom's own: those of one of them stand for all.
        let mut objectives = 0;
        let asks = self.groups.iter().filter(|placed| {
            let slo = matches!(placed.origin, Origin::Slo(_));
            objectives += usize::from(slo);
            !slo || objectives == 1
        });
        for rule in asks.flat_map(|placed| &placed.group.rules) {
            out.push(rule.expr.clone());
            let annotations = match &rule.kind {
                RuleKind::Alert { annotations, .. } => annotations.as_slice(),
                RuleKind::Record(_) => continue,
            };
            let texts =
                rule.labels.iter().map(|(_, text)| text).chain(annotations.iter().map(|(_, text)| text));
            for text in texts.filter(|text| text.contains("query")) {
                let queries = template::check(text).map(|names| names.queries).unwrap_or_default();
                out.extend(queries.iter().filter_map(|query| promql::parse(query).ok()));
            }
        }
        out
    }
}

/// What the label `severity` of an alert means: a table of words, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Severities(BTreeMap<Box<str>, Severity>);

/// The table that holds where a set has none.
pub const SEVERITIES: [(&str, Severity); 6] = [
    ("critical", Severity::P1),
    ("error", Severity::P2),
    ("warning", Severity::P3),
    ("info", Severity::P4),
    ("page", Severity::P1),
    ("ticket", Severity::P3),
];

/// What an alert counts as whose label `severity` is missing or not in the table.
pub const OTHERWISE: Severity = Severity::P3;

impl Default for Severities {
    fn default() -> Self {
        Self::new([])
    }
}

impl Severities {
    /// The usual table with `words` put over it.
    pub fn new<'w>(words: impl IntoIterator<Item = (&'w str, Severity)>) -> Self {
        let all = SEVERITIES.into_iter().chain(words);
        Self(all.map(|(word, severity)| (word.to_lowercase().into(), severity)).collect())
    }

    /// The severity of an alert with these labels: by the table; `P0` to `P4` mean themselves.
    pub fn of(&self, labels: &Labels) -> Severity {
        let Some(word) = labels.get("severity") else { return OTHERWISE };
        let known = self.0.get(word.trim().to_lowercase().as_str()).copied();
        known.or_else(|| word.trim().parse().ok()).unwrap_or(OTHERWISE)
    }
}

/// Whose an alert is: name and `select` of each service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owners(Vec<(Arc<str>, Vec<Matcher>)>);

impl Owners {
    /// The services: name and matchers. One without matchers owns only what names it.
    pub fn new(services: impl IntoIterator<Item = (Arc<str>, Vec<Matcher>)>) -> Self {
        Self(services.into_iter().collect())
    }

    /// The services that an alert with these labels belongs to, in their order: those whose `select` matches it, and
    /// the one that its label `service` names. None: it is unassigned.
    pub fn of(&self, labels: &Labels) -> Arc<[Arc<str>]> {
        let named = labels.get("service");
        let mine = |(name, select): &&(Arc<str>, Vec<Matcher>)| {
            named == Some(&**name) || (!select.is_empty() && accepts_all(select, labels))
        };
        self.0.iter().filter(mine).map(|(name, _)| name.clone()).collect()
    }
}
