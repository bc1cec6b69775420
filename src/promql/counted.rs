//! Expressions that only add up how much counters grew: which counters, and with which sign.
//!
//! Whoever keeps the counts itself (objectives over weeks) reads the counters and needs no evaluation. It only looks at
//! the shape of an expression; what it does not know for certain, it does not know.

use super::ast::{Agg, Bin, Func, Node, Op, Over, Selector, Time};
use super::expr::Expr;
use crate::labels::Labels;

/// Counters of which an expression adds up the growth.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// Which counters.
    pub selector: Selector,
    /// What their growth is multiplied by.
    pub weight: f64,
    /// Counters that one of these selects count elsewhere already (`or`).
    pub unless: Vec<Selector>,
}

impl Counter {
    /// Is a series that the selector accepts counted here, and not elsewhere?
    pub fn takes(&self, labels: &Labels) -> bool {
        !self.unless.iter().any(|other| other.matchers.iter().all(|matcher| matcher.accepts(labels)))
    }
}

/// What an expression counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Counted {
    /// A sum of `rate()` or `increase()`.
    Sum(Vec<Counter>),
    /// One such sum divided by another.
    Ratio {
        /// Above the line.
        part: Vec<Counter>,
        /// Below it.
        whole: Vec<Counter>,
    },
}

/// What is known of a node.
#[derive(Clone)]
enum Shape {
    Number(f64),
    /// No more than a zero that fills a gap: `vector(0)`, `0 * x`.
    Zero,
    /// Growth of counters; `single`: added up to one element without labels.
    Sum {
        terms: Vec<Counter>,
        single: bool,
    },
    Ratio {
        part: Vec<Counter>,
        whole: Vec<Counter>,
    },
}

impl Expr {
    /// The counters whose growth this expression adds up, or divides; nothing if it does anything else.
    ///
    /// The lengths of the windows are left out of account: what is asked for is what is counted, not over how long.
    pub fn counted(&self) -> Option<Counted> {
        let nodes = self.nodes();
        let mut shapes: Vec<Option<Shape>> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let shape = shape(node, nodes, &shapes);
            shapes.push(shape);
        }
        match shapes.pop()?? {
            Shape::Sum { terms, .. } => Some(Counted::Sum(terms)),
            Shape::Ratio { part, whole } => Some(Counted::Ratio { part, whole }),
            Shape::Number(_) | Shape::Zero => None,
        }
    }
}

fn shape(node: &Node, nodes: &[Node], below: &[Option<Shape>]) -> Option<Shape> {
    let of = |id: u32| below.get(id as usize)?.clone();
    match &node.op {
        Op::Number(value) => Some(Shape::Number(*value)),
        Op::Paren(child) => of(*child),
        Op::Call { func: Func::Over(Over::Rate | Over::Increase), args } => {
            let [arg] = args[..] else { return None };
            match &nodes.get(arg as usize)?.op {
                Op::Window { selector, .. } if selector.time == Time::default() => Some(Shape::Sum {
                    terms: vec![Counter {
                        selector: Selector::clone(selector),
                        weight: 1.0,
                        unless: Vec::new(),
                    }],
                    single: false,
                }),
                _ => None,
            }
        }
        Op::Call { func: Func::Vector, args } => match of(*args.first()?)? {
            Shape::Number(0.0) => Some(Shape::Zero),
            _ => None,
        },
        Op::Aggregate { op: Agg::Sum, child, param: None, grouping, .. } => match of(*child)? {
            Shape::Sum { terms, .. } => {
                let single = grouping.as_ref().is_none_or(|g| g.by && g.names.is_empty());
                Some(Shape::Sum { terms, single })
            }
            Shape::Zero => Some(Shape::Zero),
            _ => None,
        },
        Op::Binary { op, lhs, rhs, bool: false, .. } => binary(*op, of(*lhs)?, of(*rhs)?),
        _ => None,
    }
}

fn binary(op: Bin, lhs: Shape, rhs: Shape) -> Option<Shape> {
    use Shape::{Number, Ratio, Sum, Zero};
    match (op, lhs, rhs) {
        (Bin::Or, left @ (Sum { .. } | Ratio { .. }), Zero) => Some(left),
        // Of one metric, what the left side does not select: `a{code=~"5.."} or a{status=~"5.."}`.
        (Bin::Or, Sum { mut terms, single: false }, Sum { terms: mut more, single: false }) => {
            let name = terms.first()?.selector.name()?.to_owned();
            let same = |term: &Counter| term.selector.name() == Some(&name) && term.weight == 1.0;
            if !terms.iter().chain(&more).all(same) {
                return None;
            }
            for term in &mut more {
                term.unless.extend(terms.iter().map(|term| term.selector.clone()));
            }
            terms.extend(more);
            Some(Sum { terms, single: false })
        }
        (Bin::Mul, Number(0.0), _) | (Bin::Mul, _, Number(0.0)) | (Bin::Mul | Bin::Div, Zero, _) => {
            Some(Zero)
        }
        (Bin::Mul, Number(k), Sum { terms, single }) | (Bin::Mul, Sum { terms, single }, Number(k)) => {
            Some(Sum { terms: scaled(terms, k)?, single })
        }
        (Bin::Div, Sum { terms, single }, Number(k)) => Some(Sum { terms: scaled(terms, 1.0 / k)?, single }),
        (Bin::Add | Bin::Sub, left @ Sum { .. }, Zero) => Some(left),
        // Elements with labels meet only their like, and are lost where they have none: no plain sum.
        (Bin::Add | Bin::Sub, Sum { mut terms, single: true }, Sum { terms: more, single: true }) => {
            terms.extend(if op == Bin::Sub { scaled(more, -1.0)? } else { more });
            Some(Sum { terms, single: true })
        }
        (Bin::Div, Sum { terms: part, single: true }, Sum { terms: whole, single: true }) => {
            Some(Ratio { part, whole })
        }
        (Bin::Sub, Number(1.0), Ratio { part, whole }) => {
            let mut rest = whole.clone();
            rest.extend(scaled(part, -1.0)?);
            Some(Ratio { part: rest, whole })
        }
        _ => None,
    }
}

fn scaled(mut terms: Vec<Counter>, k: f64) -> Option<Vec<Counter>> {
    for term in &mut terms {
        term.weight *= k;
    }
    k.is_finite().then_some(terms)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn shown(terms: &[Counter]) -> String {
        let one = |t: &Counter| format!("{:+}*{}", t.weight, t.selector.name().unwrap_or("?"));
        terms.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sums_of_growth_are_told_from_everything_else() {
        for (text, expected) in [
            ("rate(a[5m])", "+1*a"),
            ("sum(rate(a{status=~\"5..\"}[5m]))", "+1*a"),
            ("sum by (x) (increase(a[1h]))", "+1*a"),
            ("(sum(rate(a[5m])) or 0 * sum(rate(b[5m])))", "+1*a"),
            ("sum(rate(a[5m])) or vector(0)", "+1*a"),
            ("sum(rate(a[5m])) - sum(rate(b[5m]))", "+1*a -1*b"),
            ("sum(rate(a[5m])) * 60 + sum(rate(b[5m])) / 2", "+60*a +0.5*b"),
            ("sum(rate(a[5m])) / sum(rate(b[5m]))", "+1*a / +1*b"),
            ("1 - sum(rate(a[5m])) / sum(rate(b[5m]))", "+1*b -1*a / +1*b"),
            ("(sum(rate(a[5m])) or 0 * sum(rate(b[5m]))) / sum(rate(b[5m]))", "+1*a / +1*b"),
            ("sum(rate(a{x=\"1\"}[5m]) or rate(a{y=\"1\"}[5m]))", "+1*a +1*a"),
            ("sum(rate(a[5m]) or rate(b[5m]))", "none"),
            ("sum(rate(a[5m])) or sum(rate(a[5m]))", "none"),
            ("rate(a[5m]) / rate(b[5m])", "none"),
            ("rate(a[5m]) + rate(b[5m])", "none"),
            ("sum(rate(a[5m] offset 1h))", "none"),
            ("sum(rate(a[5m])) > 1", "none"),
            ("avg(rate(a[5m]))", "none"),
            ("sum(irate(a[5m]))", "none"),
            ("sum(a)", "none"),
            ("vector(0)", "none"),
            ("sum_over_time(rate(a[5m])[1h:])", "none"),
        ] {
            let told = match parse(text).unwrap().counted() {
                None => "none".to_owned(),
                Some(Counted::Sum(terms)) => shown(&terms),
                Some(Counted::Ratio { part, whole }) => format!("{} / {}", shown(&part), shown(&whole)),
            };
            assert_eq!(told, expected, "{text}");
        }
    }
}
