//! From text to [`Expr`]: the only place that touches `promql-parser`.
//!
//! The parser's tree is lowered into our own flat list and checked on the way, so that nothing after this file can
//! meet an expression that it does not know.

use super::ast::{
    AGGREGATIONS, Agg, At, Bin, Card, Func, Id, Matching, Node, OPERATORS, Op, Replace, Selector, Time,
};
use super::expr::Expr;
use super::frame::Grouping;
use super::functions;
use super::guard::{self, MARK, Patterns};
use super::value::ValueKind;
use crate::labels::{Labels, MatchOp, Matcher};
use promql_parser::label as pl;
use promql_parser::parser as pp;
use promql_parser::parser::value::ValueType;
use regex::Regex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::SystemTime;

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{sep}{tail}", sep = if hint.is_some() { "; " } else { "" }, tail = hint.as_deref().unwrap_or(""))]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where, as bytes of the text, if it can be known.
    pub at: Option<Range<usize>>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ParseError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, hint: None }
    }

    pub(super) fn at(message: impl Into<String>, token: &super::lex::Token) -> Self {
        Self { message: message.into(), at: Some(token.span.clone()), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message with the line of `text` that it is about and a caret below the place.
    pub fn pointing(&self, text: &str) -> String {
        let Some(at) = self.at.as_ref().filter(|at| text.is_char_boundary(at.start)) else {
            return self.to_string();
        };
        let (before, after) = text.split_at(at.start);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        let line_end = after.find('\n').map_or(text.len(), |n| at.start + n);
        let line = text.get(line_start..line_end).unwrap_or("").replace('\t', " ");
        let indent = crate::text::width(text.get(line_start..at.start).unwrap_or(""));
        let marked = text.get(at.start..at.end.min(line_end)).unwrap_or("");
        let carets = "^".repeat(crate::text::width(marked).clamp(1, 200));
        format!("{self}\n  {line}\n  {}{carets}", " ".repeat(indent))
    }
}

/// Reads an expression.
///
/// # Errors
/// What is wrong with it and, where it can be known, where.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    // A fleet of a thousand services asks the same few questions of each: their texts are parsed once.
    static KNOWN: Mutex<BTreeMap<Box<str>, Expr>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(expr) = known().get(text) {
        return Ok(expr.clone());
    }
    let expr = parse_new(text)?;
    let mut known = known();
    // Whoever types expressions by hand makes new ones with each key: old ones must go.
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    if text.len() <= LONGEST_KNOWN {
        known.insert(text.into(), expr.clone());
    }
    Ok(expr)
}

/// How many parsed texts are kept, and how long they may be.
const MOST_KNOWN: usize = 512;
const LONGEST_KNOWN: usize = 2048;

fn parse_new(text: &str) -> Result<Expr, ParseError> {
    static ALIASES: Once = Once::new();
    ALIASES.call_once(|| {
        let smooth = pp::Function::new(
            "holt_winters",
            vec![ValueType::Matrix, ValueType::Scalar, ValueType::Scalar],
            0,
            ValueType::Vector,
            false,
        );
        // It can only fail if the parser learns the name itself, and then the alias is not needed.
        let _ = pp::register_extra_functions(vec![smooth]);
    });
    // What is wrong is said of the text as it was written.
    if guard::has_patterns(text)
        && let Ok(expr) = read(text, Patterns::Marked)
    {
        return Ok(expr);
    }
    read(text, Patterns::Written)
}

fn read(text: &str, patterns: Patterns) -> Result<Expr, ParseError> {
    let checked = guard::check(text, patterns)?;
    let tree = pp::parse(&checked).map_err(|message| guard::explain(text, &message))?;
    let mut lower = Lower { nodes: Vec::new(), subqueries: 0 };
    lower.node(&tree).map_err(|message| guard::explain(text, &message))?;
    Ok(Expr::new(lower.nodes))
}

/// How deep subqueries may nest.
const MAX_SUBQUERIES: usize = 8;

struct Lower {
    nodes: Vec<Node>,
    subqueries: usize,
}

impl Lower {
    fn push(&mut self, op: Op, first: Id, kind: ValueKind) -> Id {
        self.nodes.push(Node { op, first, owner: None, kind });
        (self.nodes.len() - 1) as Id
    }

    fn kind(&self, id: Id) -> ValueKind {
        self.nodes.get(id as usize).map_or(ValueKind::Scalar, |n| n.kind)
    }

    fn node(&mut self, tree: &pp::Expr) -> Result<Id, String> {
        let first = self.nodes.len() as Id;
        match tree {
            pp::Expr::NumberLiteral(n) => Ok(self.push(Op::Number(n.val), first, ValueKind::Scalar)),
            pp::Expr::StringLiteral(s) => {
                Ok(self.push(Op::Text(s.val.as_str().into()), first, ValueKind::String))
            }
            pp::Expr::VectorSelector(v) => {
                let selector = Arc::new(selector(v)?);
                Ok(self.push(Op::Select(selector), first, ValueKind::Vector))
            }
            pp::Expr::MatrixSelector(m) => {
                let op =
                    Op::Window { selector: Arc::new(selector(&m.vs)?), range: m.range.as_millis() as i64 };
                Ok(self.push(op, first, ValueKind::Matrix))
            }
            pp::Expr::Paren(p) => {
                let child = self.node(&p.expr)?;
                Ok(self.push(Op::Paren(child), first, self.kind(child)))
            }
            pp::Expr::Unary(u) => {
                let child = self.node(&u.expr)?;
                Ok(self.push(Op::Negate(child), first, self.kind(child)))
            }
            pp::Expr::Subquery(s) => self.subquery(s, first),
            pp::Expr::Aggregate(a) => self.aggregate(a, first),
            pp::Expr::Binary(b) => self.binary(b, first),
            pp::Expr::Call(c) => self.call(c, first),
            pp::Expr::Extension(_) => Err("not supported: an extension of the parser".to_owned()),
        }
    }

    fn subquery(&mut self, s: &pp::SubqueryExpr, first: Id) -> Result<Id, String> {
        self.subqueries += 1;
        if self.subqueries > MAX_SUBQUERIES {
            return Err(format!("subqueries are nested deeper than {MAX_SUBQUERIES} levels"));
        }
        let child = self.node(&s.expr)?;
        self.subqueries -= 1;
        let op = Op::Subquery {
            child,
            range: s.range.as_millis() as i64,
            step: s.step.map(|d| (d.as_millis() as i64).max(1)),
            time: time(s.offset.as_ref(), s.at.as_ref()),
        };
        let id = self.push(op, first, ValueKind::Matrix);
        let inside = self.nodes.iter_mut().skip(first as usize).take((id - first) as usize);
        for node in inside.filter(|n| n.owner.is_none()) {
            node.owner = Some(id);
        }
        Ok(id)
    }

    fn aggregate(&mut self, a: &pp::AggregateExpr, first: Id) -> Result<Id, String> {
        let name = a.op.to_string();
        let op = AGGREGATIONS
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, op)| *op)
            .ok_or_else(|| format!("not supported: the aggregation {name}"))?;
        let param = a.param.as_ref().map(|p| self.node(p)).transpose()?;
        if let Some(param) = param {
            let wanted = if op == Agg::CountValues { ValueKind::String } else { ValueKind::Scalar };
            if self.kind(param) != wanted {
                return Err(format!("the parameter of '{name}' must be {}", word(wanted)));
            }
        }
        if op == Agg::CountValues {
            let label = param.and_then(|p| self.text(p)).unwrap_or_default();
            check_label(&label)?;
        }
        let child = self.node(&a.expr)?;
        let (grouping, shown) = match &a.modifier {
            None => (None, Box::default()),
            Some(pp::LabelModifier::Include(l)) => (Some(Grouping::new(true, &l.labels)), boxed(&l.labels)),
            Some(pp::LabelModifier::Exclude(l)) => (Some(Grouping::new(false, &l.labels)), boxed(&l.labels)),
        };
        Ok(self.push(Op::Aggregate { op, child, param, grouping, shown }, first, ValueKind::Vector))
    }

    fn binary(&mut self, b: &pp::BinaryExpr, first: Id) -> Result<Id, String> {
        let name = b.op.to_string();
        let op = OPERATORS
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, op)| *op)
            .ok_or_else(|| format!("not supported: the operator {name}"))?;
        let (lhs, rhs) = (self.node(&b.lhs)?, self.node(&b.rhs)?);
        let vectors = self.kind(lhs) == ValueKind::Vector && self.kind(rhs) == ValueKind::Vector;
        let mut bool = false;
        if let Some(modifier) = &b.modifier {
            bool = modifier.return_bool;
            if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
                return Err("not supported: the modifier fill".to_owned());
            }
        }
        let matching = vectors.then(|| matching(b.modifier.as_ref(), op));
        let kind = if self.kind(lhs) == ValueKind::Scalar && self.kind(rhs) == ValueKind::Scalar {
            ValueKind::Scalar
        } else {
            ValueKind::Vector
        };
        Ok(self.push(Op::Binary { op, lhs, rhs, bool, matching }, first, kind))
    }

    fn call(&mut self, c: &pp::Call, first: Id) -> Result<Id, String> {
        let name = c.func.name;
        let mut args = Vec::with_capacity(c.args.args.len());
        for (i, arg) in c.args.args.iter().enumerate() {
            let id = self.node(arg)?;
            let wanted = c.func.arg_types.get(i).or(c.func.arg_types.last()).map(|t| value_kind(*t));
            if wanted.is_some_and(|w| w != self.kind(id)) {
                let wanted = wanted.map_or("", word);
                return Err(format!(
                    "expected {wanted} in the call of '{name}', got {}",
                    word(self.kind(id))
                ));
            }
            args.push(id);
        }
        let func = match name {
            "label_replace" => self.label_replace(&args)?,
            _ => functions::find(name).ok_or_else(|| format!("not supported: the function {name}"))?,
        };
        if matches!(func, Func::LabelJoin) {
            check_label(&args.get(1).and_then(|a| self.text(*a)).unwrap_or_default())?;
        }
        Ok(self.push(Op::Call { func, args }, first, value_kind(c.func.return_type)))
    }

    fn label_replace(&self, args: &[Id]) -> Result<Func, String> {
        let text = |i: usize| args.get(i).and_then(|a| self.text(*a)).unwrap_or_default();
        let (target, template, source, pattern) = (text(1), text(2), text(3), text(4));
        check_label(&target)?;
        let regex = Regex::new(&format!("^(?s:{pattern})$"))
            .map_err(|_| format!("invalid regular expression in label_replace(): {pattern}"))?;
        Ok(Func::LabelReplace(Arc::new(Replace { target, template, source, regex })))
    }

    /// The text of a string node, brackets around it aside.
    fn text(&self, id: Id) -> Option<Box<str>> {
        let mut id = id;
        loop {
            match &self.nodes.get(id as usize)?.op {
                Op::Paren(child) => id = *child,
                Op::Text(text) => return Some(text.clone()),
                _ => return None,
            }
        }
    }
}

/// Prometheus 3 allows any UTF-8 as a label's name; only "nothing" is no name.
fn check_label(name: &str) -> Result<(), String> {
    if name.is_empty() { Err("invalid label name \"\"".to_owned()) } else { Ok(()) }
}

fn boxed(labels: &[String]) -> Box<[Box<str>]> {
    labels.iter().map(|l| l.as_str().into()).collect()
}

fn value_kind(kind: ValueType) -> ValueKind {
    match kind {
        ValueType::Vector => ValueKind::Vector,
        ValueType::Scalar => ValueKind::Scalar,
        ValueType::Matrix => ValueKind::Matrix,
        ValueType::String => ValueKind::String,
    }
}

fn word(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Scalar => "a scalar",
        ValueKind::String => "a string",
        ValueKind::Vector => "an instant vector",
        ValueKind::Matrix => "a range vector",
    }
}

fn matching(modifier: Option<&pp::BinModifier>, op: Bin) -> Matching {
    let (on, labels): (bool, &[String]) = match modifier.and_then(|m| m.matching.as_ref()) {
        Some(pp::LabelModifier::Include(l)) => (true, &l.labels),
        Some(pp::LabelModifier::Exclude(l)) => (false, &l.labels),
        None => (false, &[]),
    };
    let (card, include) = match modifier.map(|m| &m.card) {
        _ if op.is_set() => (Card::ManyToMany, Box::default()),
        Some(pp::VectorMatchCardinality::ManyToOne(l)) => (Card::ManyToOne, boxed(&l.labels)),
        Some(pp::VectorMatchCardinality::OneToMany(l)) => (Card::OneToMany, boxed(&l.labels)),
        _ => (Card::OneToOne, Box::default()),
    };
    Matching { grouping: Grouping::new(on, labels), shown: boxed(labels), card, include }
}

fn time(offset: Option<&pp::Offset>, at: Option<&pp::AtModifier>) -> Time {
    Time {
        offset_ms: match offset {
            None => 0,
            Some(pp::Offset::Pos(d)) => d.as_millis() as i64,
            Some(pp::Offset::Neg(d)) => -(d.as_millis() as i64),
        },
        at: at.map(|at| match at {
            pp::AtModifier::Start => At::Start,
            pp::AtModifier::End => At::End,
            pp::AtModifier::At(moment) => At::Millis(match moment.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX / 4),
                Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX / 4),
            }),
        }),
    }
}

fn selector(v: &pp::VectorSelector) -> Result<Selector, String> {
    if !v.matchers.or_matchers.is_empty() {
        return Err("not supported: \"or\" between matchers".to_owned());
    }
    let mut matchers: Vec<Matcher> = Vec::with_capacity(v.matchers.matchers.len() + 1);
    matchers.extend(v.name.as_deref().map(|name| Matcher::equal(crate::labels::NAME, name)));
    for m in &v.matchers.matchers {
        let (op, value) = match (&m.op, m.value.strip_prefix(MARK)) {
            (pl::MatchOp::Equal, Some(pattern)) => (MatchOp::Regex, pattern),
            (pl::MatchOp::NotEqual, Some(pattern)) => (MatchOp::NotRegex, pattern),
            (pl::MatchOp::Equal, None) => (MatchOp::Equal, &*m.value),
            (pl::MatchOp::NotEqual, None) => (MatchOp::NotEqual, &*m.value),
            (pl::MatchOp::Re(_), _) => (MatchOp::Regex, &*m.value),
            (pl::MatchOp::NotRe(_), _) => (MatchOp::NotRegex, &*m.value),
        };
        matchers.push(Matcher::new(&m.name, op, value)?);
    }
    // The grammar says the same, but cannot see it of marked patterns.
    if matchers.iter().all(|matcher| matcher.matches("")) {
        return Err("vector selector must contain at least one non-empty matcher".to_owned());
    }
    Ok(Selector { matchers, time: time(v.offset.as_ref(), v.at.as_ref()) })
}

/// The labels that `absent()` can give: those that the argument fixes with exactly one `=`.
pub(super) fn absent_labels(nodes: &[Node], arg: Id) -> Labels {
    let mut id = arg;
    let selector = loop {
        match nodes.get(id as usize).map(|n| &n.op) {
            Some(Op::Paren(child)) => id = *child,
            Some(Op::Select(selector) | Op::Window { selector, .. }) => break selector,
            _ => return Labels::empty(),
        }
    };
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for m in selector.matchers.iter().filter(|m| &*m.name != crate::labels::NAME) {
        if m.op == MatchOp::Equal && !seen.contains(&&*m.name) {
            pairs.push((&m.name, &m.value));
            seen.push(&m.name);
        } else {
            pairs.retain(|(n, _)| *n != &*m.name);
        }
    }
    Labels::from_pairs(pairs)
}
