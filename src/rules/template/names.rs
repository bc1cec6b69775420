//! What a template names: for checks of a rule without running it.

use super::ast::{Command, Node, Pipe, Word, WordKind};
use super::{Error, parsed};
use std::collections::BTreeSet;

/// What a template uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Labels of the alert: `$labels.x`, `.Labels.x`, `index $labels "x"`.
    pub labels: BTreeSet<String>,
    /// It uses the value.
    pub value: bool,
    /// Expressions that it asks with `query`, where they are written out.
    pub queries: Vec<String>,
    /// It compares the value, a float, with an integer (`gt $value 1`): Go refuses that when it runs.
    pub float_with_integer: Option<Error>,
}

/// Parses `text` and says what it uses.
///
/// # Errors
/// The template is wrong: where, and why.
pub fn check(text: &str) -> Result<Names, Error> {
    let tree = parsed(text)?;
    let mut walk = Walk { text, names: Names::default() };
    // `.` is something else within `define`, `range` and `with`; `$labels` is the same everywhere it is in reach.
    walk.nodes(&tree.body, true);
    Ok(walk.names)
}

struct Walk<'t> {
    text: &'t str,
    names: Names,
}

impl Walk<'_> {
    /// `top`: the dot is still what the template was given.
    fn nodes(&mut self, nodes: &[Node], top: bool) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Print(pipe) => self.pipe(pipe, top),
                Node::If(branches) => {
                    for (pipe, body) in &branches.arms {
                        self.pipe(pipe, top);
                        self.nodes(body, top);
                    }
                    self.nodes(&branches.otherwise, top);
                }
                Node::With(branches) => {
                    for (pipe, body) in &branches.arms {
                        self.pipe(pipe, top);
                        self.nodes(body, false);
                    }
                    self.nodes(&branches.otherwise, top);
                }
                Node::Range { pipe, body, otherwise } => {
                    self.pipe(pipe, top);
                    self.nodes(body, false);
                    self.nodes(otherwise, top);
                }
                Node::Template { pipe, .. } => pipe.iter().for_each(|pipe| self.pipe(pipe, top)),
            }
        }
    }

    fn pipe(&mut self, pipe: &Pipe, top: bool) {
        for command in &pipe.commands {
            self.command(command, top);
        }
    }

    fn command(&mut self, command: &Command, top: bool) {
        for word in &command.words {
            self.word(word, top);
        }
        let [first, rest @ ..] = command.words.as_slice() else { return };
        let WordKind::Function(function) = &first.kind else { return };
        match (function.name, rest) {
            ("query", [Word { kind: WordKind::Text(text), .. }]) => {
                self.names.queries.push((**text).to_owned());
            }
            ("index", [of, Word { kind: WordKind::Text(label), .. }]) if is_labels(of, top) => {
                self.names.labels.insert((**label).to_owned());
            }
            ("eq" | "ne" | "lt" | "le" | "gt" | "ge", [a, b]) => {
                let clash = (is_value(a, top) && is_integer(b)) || (is_integer(a) && is_value(b, top));
                if clash && self.names.float_with_integer.is_none() {
                    let reason =
                        format!("error calling {}: incompatible types for comparison", function.name);
                    let error = Error::executing(self.text, command.span, None, reason);
                    self.names.float_with_integer = Some(error);
                }
            }
            _ => {}
        }
    }

    fn word(&mut self, word: &Word, top: bool) {
        match &word.kind {
            WordKind::Variable(name, path) => match (&**name, path.as_slice()) {
                ("$labels", [label]) => self.label(label),
                ("$", [what, label]) if &**what == "Labels" => self.label(label),
                ("$", [what]) if &**what == "Value" => self.names.value = true,
                ("$value", _) => self.names.value = true,
                _ => {}
            },
            WordKind::Field(path) if top => match path.as_slice() {
                [what, label] if &**what == "Labels" => self.label(label),
                [what] if &**what == "Value" => self.names.value = true,
                _ => {}
            },
            WordKind::Pipe(pipe) => self.pipe(pipe, top),
            WordKind::Chain(inner, _) => self.word(inner, top),
            _ => {}
        }
    }

    fn label(&mut self, label: &str) {
        self.names.labels.insert(label.to_owned());
    }
}

fn path_is(word: &Word, variable: &str, field: &str, top: bool) -> bool {
    match &word.kind {
        WordKind::Variable(name, path) if path.is_empty() => &**name == variable,
        WordKind::Variable(name, path) => {
            &**name == "$" && matches!(path.as_slice(), [only] if &**only == field)
        }
        WordKind::Field(path) => top && matches!(path.as_slice(), [only] if &**only == field),
        _ => false,
    }
}

fn is_labels(word: &Word, top: bool) -> bool {
    path_is(word, "$labels", "Labels", top)
}

fn is_value(word: &Word, top: bool) -> bool {
    path_is(word, "$value", "Value", top)
}

fn is_integer(word: &Word) -> bool {
    matches!(&word.kind, WordKind::Number(number) if !number.is_float)
}
