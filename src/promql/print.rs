//! Expressions as text, the way Prometheus's own formatter writes them on one line.
//!
//! Works from the leaves up, without recursion.

use super::ast::{AGGREGATIONS, At, Card, Id, Matching, Node, OPERATORS, Op, Selector, Time};
use super::number::format_short;
use crate::labels::{MatchOp, NAME};
use crate::units::format_duration;
use std::fmt::Write as _;
use std::time::Duration;

/// The text of each node's subtree.
pub(super) fn texts(nodes: &[Node]) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let text = one(&node.op, &|id: Id| out.get(id as usize).map_or("", String::as_str));
        out.push(text);
    }
    out
}

fn one<'a>(op: &Op, child: &dyn Fn(Id) -> &'a str) -> String {
    match op {
        Op::Number(v) => format_short(*v),
        Op::Text(text) => quote(text),
        Op::Select(selector) => format!("{}{}", select(selector), time(&selector.time)),
        Op::Window { selector, range } => {
            format!("{}[{}]{}", select(selector), ms(*range), time(&selector.time))
        }
        Op::Subquery { child: c, range, step, time: t } => {
            let step = step.map_or_else(String::new, ms);
            format!("{}[{}:{step}]{}", child(*c), ms(*range), time(t))
        }
        Op::Paren(c) => format!("({})", child(*c)),
        Op::Negate(c) => format!("-{}", child(*c)),
        Op::Call { func, args } => {
            let args: Vec<&str> = args.iter().map(|a| child(*a)).collect();
            format!("{}({})", super::functions::name_of(func), args.join(", "))
        }
        Op::Aggregate { op, child: c, param, grouping, shown } => {
            let mut out = AGGREGATIONS.iter().find(|(_, o)| o == op).map_or("", |(n, _)| n).to_owned();
            match grouping {
                Some(g) if !g.by => {
                    let _ = write!(out, " without ({}) ", labels(shown));
                }
                Some(_) if !shown.is_empty() => {
                    let _ = write!(out, " by ({}) ", labels(shown));
                }
                _ => {}
            }
            let param = param.map_or_else(String::new, |p| format!("{}, ", child(p)));
            let _ = write!(out, "({param}{})", child(*c));
            out
        }
        Op::Binary { op, lhs, rhs, bool, matching } => {
            let sign = OPERATORS.iter().find(|(_, o)| o == op).map_or("", |(n, _)| n);
            let bool = if *bool { " bool" } else { "" };
            let matching = matching.as_ref().map_or_else(String::new, modifier);
            format!("{} {sign}{bool}{matching} {}", child(*lhs), child(*rhs))
        }
    }
}

fn modifier(matching: &Matching) -> String {
    let mut out = String::new();
    if matching.grouping.by || !matching.shown.is_empty() {
        let word = if matching.grouping.by { "on" } else { "ignoring" };
        let _ = write!(out, " {word} ({})", labels(&matching.shown));
    }
    match matching.card {
        Card::ManyToOne => {
            let _ = write!(out, " group_left ({})", labels(&matching.include));
        }
        Card::OneToMany => {
            let _ = write!(out, " group_right ({})", labels(&matching.include));
        }
        Card::OneToOne | Card::ManyToMany => {}
    }
    out
}

fn select(selector: &Selector) -> String {
    let mut out = String::new();
    let mut inner: Vec<String> = Vec::new();
    let mut named = false;
    for m in &selector.matchers {
        if &*m.name == NAME && m.op == MatchOp::Equal && !named {
            named = true;
            if is_metric_name(&m.value) {
                out.push_str(&m.value);
            } else {
                inner.push(quote(&m.value));
            }
            continue;
        }
        let op = match m.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        };
        inner.push(format!("{}{op}{}", label(&m.name), quote(&m.value)));
    }
    if !inner.is_empty() || out.is_empty() {
        let _ = write!(out, "{{{}}}", inner.join(","));
    }
    out
}

fn time(time: &Time) -> String {
    let mut out = String::new();
    match time.at {
        None => {}
        Some(At::Start) => out.push_str(" @ start()"),
        Some(At::End) => out.push_str(" @ end()"),
        Some(At::Millis(at)) => {
            let sign = if at < 0 { "-" } else { "" };
            let _ = write!(out, " @ {sign}{}.{:03}", at.unsigned_abs() / 1000, at.unsigned_abs() % 1000);
        }
    }
    if time.offset_ms != 0 {
        let sign = if time.offset_ms < 0 { "-" } else { "" };
        let _ = write!(out, " offset {sign}{}", ms(time.offset_ms.saturating_abs()));
    }
    out
}

fn ms(ms: i64) -> String {
    format_duration(Duration::from_millis(ms.unsigned_abs()))
}

/// A name that needs no quotes as a metric's name and is not taken for a number.
pub(super) fn is_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
        && !["inf", "nan", "bool", "on", "ignoring", "group_left", "group_right", "atan2"]
            .iter()
            .any(|w| name.eq_ignore_ascii_case(w))
}

fn label(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { name.to_owned() } else { quote(name) }
}

fn labels(names: &[Box<str>]) -> String {
    names.iter().map(|n| label(n)).collect::<Vec<_>>().join(", ")
}

/// A text in double quotes, with the escapes that the grammar reads back.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
