//! What could be typed next: metric names, labels, values, functions, aggregations.
//!
//! Looks at the tokens before the cursor only; works for text that is not an expression yet.

use super::ast::AGGREGATIONS;
use super::functions;
use super::lex::{self, Kind, Token};
use crate::labels::Matcher;
use crate::store::Read;
use std::collections::BTreeSet;
use std::ops::Range;

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What to write.
    pub text: String,
    /// In place of these bytes.
    pub replace: Range<usize>,
    /// What it is.
    pub kind: CompletionKind,
}

/// What a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompletionKind {
    /// A metric's name.
    Metric,
    /// A label's name.
    Label,
    /// A label's value.
    LabelValue,
    /// A function.
    Function,
    /// An aggregation.
    Aggregation,
    /// A word of the language.
    Keyword,
}

/// The most proposals.
const CAP: usize = 200;

/// Proposals for the text before `cursor` (a byte offset), best first: those that begin with what is typed, then
/// those that contain it.
pub fn completions(text: &str, cursor: usize, store: &impl Read) -> Vec<Completion> {
    completions_with(text, cursor, store, &[])
}

/// The same, with names of metrics that only somebody else has, in order.
pub fn completions_with(
    text: &str,
    cursor: usize,
    store: &impl Read,
    elsewhere: &[Box<str>],
) -> Vec<Completion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = text.get(..cursor).unwrap_or("");
    let tokens = lex::tokens(before);
    let (place, typed) = place(before, &tokens);
    let replace = cursor - typed.len()..cursor;
    let mut found: Vec<(String, CompletionKind)> = Vec::new();
    match place {
        Place::Nothing => {}
        Place::Value { label, metric } => {
            let values = values(store, &label, metric.as_deref());
            found.extend(values.into_iter().map(|v| (v, CompletionKind::LabelValue)));
        }
        Place::Label { metric } => {
            let names = labels(store, metric.as_deref());
            found.extend(names.into_iter().map(|n| (n, CompletionKind::Label)));
        }
        Place::Expression => {
            let own = store.metric_names();
            let mut more = fitting(elsewhere, typed);
            more.retain(|name| own.binary_search(name).is_err());
            found.extend(own.into_iter().chain(more).map(|n| (n, CompletionKind::Metric)));
            found.extend(functions::names().into_iter().map(|n| (n.to_owned(), CompletionKind::Function)));
            found.extend(AGGREGATIONS.iter().map(|(n, _)| ((*n).to_owned(), CompletionKind::Aggregation)));
        }
        Place::AfterOperand => {
            let words = ["and", "or", "unless", "atan2", "by", "without", "offset", "bool", "on", "ignoring"];
            found.extend(words.map(|n| (n.to_owned(), CompletionKind::Keyword)));
        }
    }
    let needle = typed.to_ascii_lowercase();
    let mut ranked: Vec<(bool, String, CompletionKind)> = found
        .into_iter()
        .filter_map(|(text, kind)| {
            let at = text.to_ascii_lowercase().find(&needle)?;
            (text != typed).then_some((at != 0, text, kind))
        })
        .collect();
    ranked.sort();
    ranked.truncate(CAP);
    ranked.into_iter().map(|(_, text, kind)| Completion { text, replace: replace.clone(), kind }).collect()
}

/// Names that begin with what is typed, and then those that contain it, no more than are proposed. A server may have tens
/// of thousands: most are never copied.
fn fitting(names: &[Box<str>], typed: &str) -> Vec<String> {
    let needle = typed.to_ascii_lowercase();
    let begins = |name: &str| {
        let head = name.as_bytes().get(..needle.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(needle.as_bytes()))
    };
    let first = names.iter().filter(|name| begins(name));
    let then = names.iter().filter(|name| !begins(name) && name.to_ascii_lowercase().contains(&needle));
    first.chain(then).take(CAP).map(ToString::to_string).collect()
}

enum Place {
    Nothing,
    Expression,
    AfterOperand,
    Label { metric: Option<String> },
    Value { label: String, metric: Option<String> },
}

/// Where the cursor is, and the part of a word that stands before it.
fn place<'a>(text: &'a str, tokens: &[Token]) -> (Place, &'a str) {
    let (typed, rest) = match tokens.split_last() {
        Some((last, rest)) if last.span.end == text.len() && last.kind == Kind::OpenText => {
            (text.get(last.span.start + 1..).unwrap_or(""), rest)
        }
        Some((last, rest)) if last.span.end == text.len() && last.kind == Kind::Identifier => {
            (last.text(text), rest)
        }
        _ => ("", tokens),
    };
    let open_text = tokens.last().is_some_and(|t| t.kind == Kind::OpenText);
    let mut open: Vec<usize> = Vec::new();
    for (i, token) in rest.iter().enumerate() {
        match token.kind {
            Kind::Open => open.push(i),
            Kind::Close => {
                open.pop();
            }
            _ => {}
        }
    }
    let word = |i: Option<usize>| i.and_then(|i| rest.get(i)).map_or("", |t| t.text(text));
    let last = rest.len().checked_sub(1);
    let inner = open.last().copied();
    match word(inner) {
        "{" => {
            let named = inner.and_then(|i| i.checked_sub(1)).and_then(|i| rest.get(i));
            let metric = named.filter(|t| t.kind == Kind::Identifier).map(|t| t.text(text).to_owned());
            if open_text {
                let label = word(last.and_then(|l| l.checked_sub(1))).to_owned();
                return (Place::Value { label, metric }, typed);
            }
            let place =
                if matches!(word(last), "{" | ",") { Place::Label { metric } } else { Place::Nothing };
            (place, typed)
        }
        "(" if is_label_list(word(inner.and_then(|i| i.checked_sub(1)))) => {
            (Place::Label { metric: None }, typed)
        }
        "[" => (Place::Nothing, typed),
        _ if open_text => (Place::Nothing, typed),
        _ => {
            let operand = last.and_then(|l| rest.get(l)).is_some_and(|t| match t.kind {
                Kind::Close | Kind::Number | Kind::Duration | Kind::Text => true,
                Kind::Identifier => !lex::KEYWORDS.iter().any(|k| t.text(text).eq_ignore_ascii_case(k)),
                _ => false,
            });
            (if operand { Place::AfterOperand } else { Place::Expression }, typed)
        }
    }
}

fn is_label_list(word: &str) -> bool {
    ["by", "without", "on", "ignoring", "group_left", "group_right"]
        .iter()
        .any(|w| word.eq_ignore_ascii_case(w))
}

/// The label names of one metric, or of all.
fn labels(store: &impl Read, metric: Option<&str>) -> Vec<String> {
    match metric {
        None => {
            store.label_names().iter().map(ToString::to_string).filter(|n| n != crate::labels::NAME).collect()
        }
        Some(metric) => {
            let mut names = BTreeSet::new();
            for series in store.select(&[Matcher::equal(crate::labels::NAME, metric)]) {
                names.extend(series.labels().iter().map(|(n, _)| n.to_owned()));
            }
            names.remove(crate::labels::NAME);
            names.into_iter().collect()
        }
    }
}

/// The values of a label of one metric, or of all.
fn values(store: &impl Read, label: &str, metric: Option<&str>) -> Vec<String> {
    match metric {
        None => store.label_values(label).iter().map(ToString::to_string).collect(),
        Some(metric) => {
            let mut values = BTreeSet::new();
            for series in store.select(&[Matcher::equal(crate::labels::NAME, metric)]) {
                values.extend(series.labels().get(label).map(str::to_owned));
            }
            values.into_iter().collect()
        }
    }
}
