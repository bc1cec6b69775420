//! Reads Prometheus rule files, unchanged: what Prometheus refuses is refused, with its place and what to do about it.
//!
//! A group with a fault does not run; the others do. Nothing here reads a file or evaluates.

mod group;
mod rule;

use super::enforce::Enforce;
use super::file::{Group, RuleKind};
use super::yaml::{self, Mark, Node, Value};
use crate::labels::Matcher;
use crate::text::clean;
use crate::units::parse_duration;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The groups without a fault, in the order of the file.
    pub groups: Vec<Group>,
    /// Everything that is wrong, in the order of the file.
    pub problems: Vec<RuleProblem>,
}

/// Something wrong in a rule file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleProblem {
    /// The file.
    pub file: String,
    /// The group's name; empty for the file as a whole.
    pub group: String,
    /// The rule's name (or its number from 1, where it has none); empty for the group as a whole.
    pub rule: String,
    /// Line, from 1; 0 where there is none.
    pub line: usize,
    /// Column in characters, from 1; 0 where there is none.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would mend it; may be empty.
    pub remedy: String,
}

impl fmt::Display for RuleProblem {
    /// `alerts.yml:12:9: group "api", rule "HighErrorRate": message; remedy`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if !self.group.is_empty() {
            write!(f, ": group \"{}\"", clean(&self.group))?;
        }
        if !self.rule.is_empty() {
            write!(f, ", rule \"{}\"", clean(&self.rule))?;
        }
        write!(f, ": {}", clean(&self.message))?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", clean(&self.remedy)) }
    }
}

/// The most problems that are told of one file.
const MOST_PROBLEMS: usize = 200;

/// Reads the text of the rule file `name`. Its expressions see only what the matchers `enforce` let through; what
/// the file itself records is exempt (see [`Enforce`]).
pub fn parse(name: &str, text: &str, enforce: &[Matcher]) -> Read {
    let mut reader = Reader::new(name);
    match yaml::parse(text) {
        Ok(root) => reader.file(root.as_ref()),
        Err((at, message)) => reader.tell(at, format!("cannot read it as YAML: {message}"), ""),
    }
    let more = reader.faults.saturating_sub(MOST_PROBLEMS);
    let mut read = Read { groups: reader.groups, problems: reader.problems };
    if more > 0 {
        let message = format!("{more} more problems follow");
        read.problems.push(RuleProblem { file: name.to_owned(), message, ..RuleProblem::default() });
    }
    if !enforce.is_empty() {
        Enforce::new(enforce.to_vec(), recorded(&read.groups)).apply(&mut read.groups);
    }
    read
}

/// The names of the series that these groups record.
pub fn recorded(groups: &[Group]) -> BTreeSet<Box<str>> {
    let rules = groups.iter().flat_map(|group| &group.rules);
    let names = rules.filter_map(|rule| match &rule.kind {
        RuleKind::Record(name) => Some(name.as_ref().into()),
        RuleKind::Alert { .. } => None,
    });
    names.collect()
}

/// The reader of one file: where it is, and what it has found.
struct Reader<'f> {
    file: &'f str,
    group: String,
    rule: String,
    groups: Vec<Group>,
    /// Names of these groups.
    names: FxHashSet<String>,
    /// The first problems, and how many there are in all.
    problems: Vec<RuleProblem>,
    faults: usize,
}

impl<'f> Reader<'f> {
    fn new(file: &'f str) -> Self {
        Self {
            file,
            group: String::new(),
            rule: String::new(),
            groups: Vec::new(),
            names: FxHashSet::default(),
            problems: Vec::new(),
            faults: 0,
        }
    }

    fn tell(&mut self, at: Mark, message: impl Into<String>, remedy: impl Into<String>) {
        self.faults += 1;
        if self.faults > MOST_PROBLEMS {
            return;
        }
        self.problems.push(RuleProblem {
            file: self.file.to_owned(),
            group: self.group.clone(),
            rule: self.rule.clone(),
            line: at.line,
            column: at.column,
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    /// An empty file has no groups, and nothing is wrong with it.
    fn file(&mut self, root: Option<&Node>) {
        let Some(root) = root.filter(|root| !matches!(root.value, Value::Null)) else { return };
        let Some(keys) = self.keys(root, "a rule file", &["groups"]) else { return };
        let Some(groups) = keys.get("groups") else { return };
        for group in self.list(groups, "groups") {
            self.group(group);
            self.group.clear();
        }
    }

    /// The keys of a map, each known and there once; nothing if it is no map. A fault is told, and the rest goes on.
    fn keys<'n>(&mut self, node: &'n Node, what: &str, known: &'static [&'static str]) -> Option<Keys<'n>> {
        let Value::Map(pairs) = &node.value else {
            self.tell(node.at, format!("{what} is a map, this is {}", node.word()), "");
            return None;
        };
        let mut keys = Keys::default();
        for (key, value) in pairs {
            let name = key.text().unwrap_or("");
            let Some(word) = known.iter().find(|word| **word == name) else {
                let short = name.len() <= 32;
                let near = known.iter().find(|word| short && strsim::damerau_levenshtein(word, name) <= 2);
                let remedy = match near {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("{what} has {}", known.join(", ")),
                };
                self.tell(key.at, format!("there is no field \"{}\" in {what}", clean(name)), remedy);
                continue;
            };
            if keys.get(word).is_some() {
                self.tell(key.at, format!("\"{word}\" is said twice"), "keep one of them");
                continue;
            }
            keys.0.push((*word, key, value));
        }
        Some(keys)
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => {
                self.tell(
                    node.at,
                    format!("{what} is a list, this is {}", node.word()),
                    "begin its lines with -",
                );
                &[]
            }
        }
    }

    fn text(&mut self, keys: &Keys<'_>, key: &'static str) -> String {
        let Some(node) = keys.get(key) else { return String::new() };
        if let Some(text) = node.text() {
            return text.to_owned();
        }
        self.tell(node.at, format!("{key} is a text, this is {}", node.word()), "");
        String::new()
    }

    /// A duration as Prometheus writes it; `None` where the key is absent or cannot be read.
    fn duration(&mut self, keys: &Keys<'_>, key: &'static str) -> Option<Duration> {
        let node = keys.get(key)?;
        match node.text() {
            Some(text) => match parse_duration(text) {
                Ok(duration) => return Some(duration),
                Err(message) => self.tell(node.at, format!("{key}: {}", clean(&message)), ""),
            },
            None => self.tell(node.at, format!("{key} is a duration, this is {}", node.word()), ""),
        }
        None
    }

    /// Names and texts; a name that is there twice or is no name for a label is told.
    fn pairs(&mut self, keys: &Keys<'_>, key: &'static str) -> Vec<(String, String)> {
        let Some(node) = keys.get(key) else { return Vec::new() };
        let pairs = match &node.value {
            Value::Map(pairs) => pairs.as_slice(),
            Value::Null => &[],
            _ => {
                self.tell(node.at, format!("{key} is a map, this is {}", node.word()), "");
                &[]
            }
        };
        let mut out: Vec<(String, String)> = Vec::new();
        let mut known = FxHashSet::default();
        for (name, value) in pairs {
            let (word, Some(text)) = (name.text().unwrap_or(""), value.text()) else {
                let what = clean(name.text().unwrap_or("")).into_owned();
                self.tell(value.at, format!("{key}.{what} is a text, this is {}", value.word()), "");
                continue;
            };
            if !is_name(word) || (key == "labels" && word == crate::labels::NAME) {
                let remedy = "letters, digits and _ make a name, and no digit begins it";
                self.tell(name.at, format!("\"{}\" is no name in {key}", clean(word)), remedy);
            } else if !known.insert(word) {
                self.tell(name.at, format!("{key}.{word} is said twice"), "keep one of them");
            } else {
                out.push((word.to_owned(), text.to_owned()));
            }
        }
        // The order in which Prometheus expands and keeps them.
        out.sort();
        out
    }
}

/// The keys of a map: name, the key, its value.
#[derive(Default)]
struct Keys<'n>(Vec<(&'static str, &'n Node, &'n Node)>);

impl<'n> Keys<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.0.iter().find(|(word, ..)| *word == key).map(|(_, _, value)| *value)
    }

    /// The value, unless it is nothing (`for:` without a value is as good as no `for`).
    fn given(&self, key: &str) -> Option<&'n Node> {
        self.get(key).filter(|node| node.text() != Some(""))
    }
}

/// Is this a name that a label may have?
fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Is this a name that a metric may have?
fn is_metric(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b':'))
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'))
}
