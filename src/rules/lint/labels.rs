//! Which labels the result of an expression can have.

use crate::labels::{MatchOp, NAME};
use crate::promql::{Match, Piece, ValueKind, What};
use std::collections::BTreeSet;

/// The labels of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// At most these.
    Only(BTreeSet<String>),
    /// Any but these.
    AllBut(BTreeSet<String>),
}

impl Shape {
    fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Can it have the label?
    pub(super) fn can_have(&self, label: &str) -> bool {
        match self {
            Self::Only(labels) => labels.contains(label),
            Self::AllBut(labels) => !labels.contains(label),
        }
    }

    fn without(mut self, label: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.remove(label);
            }
            Self::AllBut(labels) => {
                labels.insert(label.to_owned());
            }
        }
        self
    }

    fn with(mut self, label: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.insert(label.to_owned());
            }
            Self::AllBut(labels) => {
                labels.remove(label);
            }
        }
        self
    }

    /// What either can have.
    fn or(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a.union(b).cloned().collect()),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(a.intersection(b).cloned().collect()),
            (Self::AllBut(a), Self::Only(b)) => Self::AllBut(a.difference(b).cloned().collect()),
            (Self::Only(a), Self::AllBut(b)) => Self::AllBut(b.difference(&a).cloned().collect()),
        }
    }

    /// Those of `labels` that it can have.
    fn kept<'l>(&self, labels: impl Iterator<Item = &'l str>) -> Self {
        Self::Only(labels.filter(|label| self.can_have(label)).map(str::to_owned).collect())
    }
}

/// The shape of each piece, in their order.
pub(super) fn shapes(pieces: &[Piece<'_>]) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let shape = shape(piece, pieces, &shapes);
        shapes.push(shape);
    }
    shapes
}

fn shape(piece: &Piece<'_>, pieces: &[Piece<'_>], shapes: &[Shape]) -> Shape {
    let of = |at: usize| shapes.get(at).cloned().unwrap_or_else(Shape::none);
    match &piece.what {
        What::Number(_) | What::Text(_) => Shape::none(),
        What::Select(selector) | What::Window(selector, _) => {
            // A matcher `job=""` says that there is no such label.
            let empty = |m: &&crate::labels::Matcher| m.op == MatchOp::Equal && m.value.is_empty();
            let labels = selector.matchers.iter().filter(empty).map(|m| m.name.to_string());
            Shape::AllBut(labels.collect())
        }
        What::Wrap(child) | What::Subquery(child, _) => of(*child),
        What::Call(name, args) => call(name, args, pieces, shapes),
        What::Aggregate { name, child, by, labels } => {
            let labels = labels.iter().map(|label| &**label);
            match (*name, *by) {
                ("topk" | "bottomk" | "limitk" | "limit_ratio", _) => of(*child),
                (name, true) => {
                    let kept = of(*child).kept(labels);
                    // `count_values` makes a label whose name is its first parameter.
                    if name == "count_values" { Shape::AllBut(BTreeSet::new()) } else { kept }
                }
                (_, false) => labels.fold(of(*child).without(NAME), Shape::without),
            }
        }
        What::Binary { lhs, rhs, set, name, matching, .. } => {
            let kind = |at: usize| pieces.get(at).map(|piece| piece.kind);
            match (*name, kind(*lhs), kind(*rhs)) {
                ("or", ..) => of(*lhs).or(&of(*rhs)),
                _ if *set => of(*lhs),
                (_, Some(ValueKind::Scalar), _) => of(*rhs),
                (_, _, Some(ValueKind::Scalar)) => of(*lhs),
                _ => matching
                    .as_ref()
                    .map_or_else(|| of(*lhs), |matching| matched(&of(*lhs), &of(*rhs), matching)),
            }
        }
    }
}

fn matched(lhs: &Shape, rhs: &Shape, matching: &Match<'_>) -> Shape {
    let labels = || matching.labels.iter().map(|label| &**label);
    let many = if matching.many > 0 { rhs } else { lhs };
    if matching.many != 0 {
        return matching.include.iter().fold(many.clone(), |shape, label| shape.with(label));
    }
    if matching.on { lhs.kept(labels()) } else { labels().fold(lhs.clone(), Shape::without) }
}

fn call(name: &str, args: &[usize], pieces: &[Piece<'_>], shapes: &[Shape]) -> Shape {
    let of = |at: Option<&usize>| at.and_then(|at| shapes.get(*at)).cloned().unwrap_or_else(Shape::none);
    let text = |at: usize| match args.get(at).and_then(|at| pieces.get(*at)).map(|piece| &piece.what) {
        Some(What::Text(text)) => (*text).to_owned(),
        _ => String::new(),
    };
    match name {
        "vector" | "time" | "scalar" | "pi" => Shape::none(),
        "absent" | "absent_over_time" => {
            let selector = args.first().and_then(|at| pieces.get(*at)).map(|piece| &piece.what);
            let Some(What::Select(selector) | What::Window(selector, _)) = selector else {
                return Shape::none();
            };
            let fixed = |m: &&crate::labels::Matcher| m.op == MatchOp::Equal && &*m.name != NAME;
            Shape::Only(selector.matchers.iter().filter(fixed).map(|m| m.name.to_string()).collect())
        }
        "histogram_quantile" => of(args.get(1)).without("le"),
        "quantile_over_time" => of(args.get(1)),
        "label_replace" | "label_join" => of(args.first()).with(&text(1)),
        // Dates without an argument are about now.
        _ if args.is_empty() => Shape::none(),
        _ => of(args.first()),
    }
}
