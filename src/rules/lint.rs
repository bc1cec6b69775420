//! Rules that cannot do what they say: each series divided by itself, labels that an aggregation lost, metrics that
//! nobody exports, windows of less than two scrapes.
//!
//! It reads rules that are valid; what is wrong with the others, `read` says. Nothing here evaluates.

mod expression;
mod labels;
mod place;
mod rule;

use super::file::{Group, RuleKind};
use crate::text::clean;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// It works, but not as well as it could, or it may be meant.
    Warning,
    /// It cannot do what it says.
    Bug,
}

impl Gravity {
    /// `warning` or `bug`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Bug => "bug",
        }
    }
}

/// Something that a rule cannot do, or does badly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name: `divided-by-itself`.
    pub code: &'static str,
    /// How bad it is.
    pub gravity: Gravity,
    /// The file.
    pub file: String,
    /// The group.
    pub group: String,
    /// The rule.
    pub rule: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1; 0 where only the line is known.
    pub column: usize,
    /// How many characters it is about; 0 as `column`.
    pub width: usize,
    /// What is wrong, as a sentence without its full stop.
    pub message: String,
    /// What would mend it.
    pub remedy: String,
}

impl fmt::Display for Finding {
    /// `alerts.yml:12:9: bug: group "api", rule "HighErrorRate": message [code]; remedy`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", clean(&self.file), self.line)?;
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        let (group, rule, message, remedy) =
            (clean(&self.group), clean(&self.rule), clean(&self.message), clean(&self.remedy));
        let (word, code) = (self.gravity.word(), self.code);
        write!(f, ": {word}: group \"{group}\", rule \"{rule}\": {message} [{code}]; {remedy}")
    }
}

/// What is known of the world that the rules are for.
#[derive(Clone, Debug)]
pub struct Known {
    /// How often the targets are scraped.
    pub scrape_interval: Duration,
    /// How often a group is evaluated that does not say.
    pub evaluation_interval: Duration,
    /// The names of all metrics that the targets export; nothing: not known.
    pub metrics: Option<BTreeSet<String>>,
    /// The type of a metric as its target declares it: `counter`, `gauge`.
    pub types: BTreeMap<String, String>,
    /// Names that rules of other files record.
    pub recorded: BTreeSet<String>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            scrape_interval: Duration::from_secs(15),
            evaluation_interval: Duration::from_secs(60),
            metrics: None,
            types: BTreeMap::new(),
            recorded: BTreeSet::new(),
        }
    }
}

/// Looks at the groups of `file`, whose text is `text`; findings come in the order of the file.
pub fn lint(file: &str, text: &str, groups: &[Group], known: &Known) -> Vec<Finding> {
    let lines: Vec<&str> = text.lines().collect();
    let recorded: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter_map(|rule| match &rule.kind {
            RuleKind::Record(name) => Some(&**name),
            RuleKind::Alert { .. } => None,
        })
        .chain(known.recorded.iter().map(String::as_str))
        .collect();
    let mut findings = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for group in groups {
        for (at, rule) in group.rules.iter().enumerate() {
            let end = group.rules.get(at + 1).map_or(rule.line + 60, |next| next.line);
            let mut about = About { file, group, rule, lines: &lines, end, known, findings: Vec::new() };
            rule::look(&mut about, &mut seen);
            expression::look(&mut about, &recorded);
            findings.append(&mut about.findings);
        }
    }
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

/// The rule that is looked at, and where findings go.
struct About<'a> {
    file: &'a str,
    group: &'a Group,
    rule: &'a super::file::Rule,
    lines: &'a [&'a str],
    /// The line of the next rule.
    end: usize,
    known: &'a Known,
    findings: Vec<Finding>,
}

impl About<'_> {
    /// Adds a finding about the place where `needle` first stands in the rule, from its expression on.
    fn find(
        &mut self,
        code: &'static str,
        gravity: Gravity,
        needle: &str,
        message: String,
        remedy: impl Into<String>,
    ) {
        let from = if needle.starts_with("{{") || needle.starts_with('$') {
            self.rule.line
        } else {
            self.rule.expr_line
        };
        let place = place::find(self.lines, from, self.end, needle);
        let (line, column, width) = place.unwrap_or((from, 0, 0));
        let same = |known: &Finding| known.code == code && known.message == message;
        if self.findings.iter().any(same) {
            return;
        }
        self.findings.push(Finding {
            code,
            gravity,
            file: self.file.to_owned(),
            group: self.group.name.to_string(),
            rule: self.rule.name().to_string(),
            line,
            column,
            width,
            message,
            remedy: remedy.into(),
        });
    }
}
