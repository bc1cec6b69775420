//! [`Expr`]: a parsed expression, what it mentions, and its text.
//!
//! It neither parses nor evaluates.

use super::ast::{At, Func, Node, Op, Over, Selector};
use super::parse::absent_labels;
use super::print;
use super::value::ValueKind;
use crate::labels::{MatchOp, Matcher, NAME};
use crate::units::Timestamp;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A parsed and checked expression. Cheap to clone; equal if the canonical texts are.
#[derive(Clone)]
pub struct Expr(Arc<Inner>);

struct Inner {
    nodes: Vec<Node>,
    /// Written when it is first asked for: most expressions are only evaluated.
    text: OnceLock<String>,
}

/// The metric names that an expression can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// Any: some selector does not fix the name.
    All,
    /// These only.
    Only(BTreeSet<Box<str>>),
}

impl Expr {
    pub(super) fn new(mut nodes: Vec<Node>) -> Self {
        for i in 0..nodes.len() {
            let labels = match nodes.get(i).map(|n| &n.op) {
                Some(Op::Call { func: Func::Absent(_) | Func::AbsentOverTime(_), args }) => {
                    args.first().map(|a| absent_labels(&nodes, *a))
                }
                _ => None,
            };
            if let (Some(labels), Some(Node { op: Op::Call { func, .. }, .. })) = (labels, nodes.get_mut(i)) {
                *func = match func {
                    Func::Absent(_) => Func::Absent(labels),
                    _ => Func::AbsentOverTime(labels),
                };
            }
        }
        Self(Arc::new(Inner { nodes, text: OnceLock::new() }))
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.0.nodes
    }

    /// The canonical text: what Prometheus's formatter makes of it, on one line.
    pub fn text(&self) -> &str {
        self.0.text.get_or_init(|| print::texts(&self.0.nodes).pop().unwrap_or_default())
    }

    /// Is it a selector of series, and nothing else?
    pub fn is_selector(&self) -> bool {
        matches!(self.nodes(), [Node { op: Op::Select(_), .. }])
    }

    /// The kind of value that it gives.
    pub fn kind(&self) -> ValueKind {
        self.0.nodes.last().map_or(ValueKind::Scalar, |n| n.kind)
    }

    /// The same expression with `matchers` added to every selector.
    #[must_use]
    pub fn enforce(&self, matchers: &[Matcher]) -> Self {
        self.enforce_where(matchers, |_| true)
    }

    /// The same expression with `matchers` added to the selectors that `applies` accepts.
    #[must_use]
    pub fn enforce_where(&self, matchers: &[Matcher], applies: impl Fn(&Selector) -> bool) -> Self {
        let mut nodes = self.0.nodes.clone();
        for node in &mut nodes {
            if let Op::Select(selector) | Op::Window { selector, .. } = &mut node.op
                && applies(selector)
            {
                let mut changed = Selector::clone(selector);
                let new: Vec<Matcher> =
                    matchers.iter().filter(|m| !changed.matchers.contains(m)).cloned().collect();
                changed.matchers.extend(new);
                *selector = Arc::new(changed);
            }
        }
        Self::new(nodes)
    }

    /// The same expression, where every matcher `label="from"` says `to`: texts that differ in a name are parsed once.
    #[must_use]
    pub fn renamed(&self, label: &str, from: &str, to: &str) -> Self {
        let mut nodes = self.0.nodes.clone();
        for node in &mut nodes {
            if let Op::Select(selector) | Op::Window { selector, .. } = &mut node.op {
                let named = |m: &Matcher| m.op == MatchOp::Equal && &*m.name == label && &*m.value == from;
                let mut changed = Selector::clone(selector);
                for matcher in changed.matchers.iter_mut().filter(|m| named(m)) {
                    *matcher = Matcher::equal(label, to);
                }
                *selector = Arc::new(changed);
            }
        }
        Self::new(nodes)
    }

    /// The same expression with `@ at` on every selector and subquery that has no `@`, so that it gives the same at
    /// any moment. Nothing if it depends on the moment of evaluation in another way (`time()`, `predict_linear`).
    pub fn pinned(&self, at: Timestamp) -> Option<Self> {
        let mut nodes = self.0.nodes.clone();
        for node in &mut nodes {
            match &mut node.op {
                Op::Select(selector) | Op::Window { selector, .. } if node.owner.is_none() => {
                    let mut changed = Selector::clone(selector);
                    changed.time.at.get_or_insert(At::Millis(at.millis()));
                    *selector = Arc::new(changed);
                }
                Op::Subquery { time, .. } if node.owner.is_none() => {
                    time.at.get_or_insert(At::Millis(at.millis()));
                }
                Op::Call { func, args } => match func {
                    Func::Time
                    | Func::Timestamp
                    | Func::Over(Over::PredictLinear)
                    | Func::Start
                    | Func::End
                    | Func::Range
                    | Func::Step => return None,
                    Func::Date(_) if args.is_empty() => return None,
                    _ => {}
                },
                _ => {}
            }
        }
        Some(Self::new(nodes))
    }

    /// All selectors, in the order of the text.
    pub fn selectors(&self) -> Vec<Selector> {
        self.selecting().map(|(_, selector, _)| selector.clone()).collect()
    }

    fn selecting(&self) -> impl Iterator<Item = (usize, &Selector, i64)> {
        self.0.nodes.iter().enumerate().filter_map(|(i, n)| match &n.op {
            Op::Select(s) => Some((i, &**s, 0)),
            Op::Window { selector, range } => Some((i, &**selector, *range)),
            _ => None,
        })
    }

    /// The metric names that it mentions.
    pub fn names(&self) -> Names {
        let mut names = BTreeSet::new();
        for (_, selector, _) in self.selecting() {
            match fixed_names(selector) {
                Some(fixed) => names.extend(fixed),
                None => return Names::All,
            }
        }
        Names::Only(names)
    }

    /// The longest way back from the moment of evaluation that it looks: ranges, offsets and subqueries added up.
    /// Nothing if it only looks at newest samples. A moment fixed by `@` is not counted.
    pub fn window(&self) -> Option<Duration> {
        let mut longest = 0_i64;
        for (i, selector, range) in self.selecting() {
            let mut back = range.saturating_add(selector.time.offset_ms);
            let mut owner = self.0.nodes.get(i).and_then(|n| n.owner);
            while let Some(node) = owner.and_then(|o| self.0.nodes.get(o as usize)) {
                if let Op::Subquery { range, time, .. } = &node.op {
                    back = back.saturating_add(*range).saturating_add(time.offset_ms);
                }
                owner = node.owner;
            }
            longest = longest.max(back);
        }
        (longest > 0).then(|| Duration::from_millis(longest.unsigned_abs()))
    }
}

/// The names that a selector can see, if they are few and known: `=`, or `=~` with plain words.
fn fixed_names(selector: &Selector) -> Option<Vec<Box<str>>> {
    if let Some(name) = selector.name() {
        return Some(vec![name.into()]);
    }
    let pattern = selector.matchers.iter().find(|m| m.op == MatchOp::Regex && &*m.name == NAME)?;
    let plain =
        |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
    pattern.value.split('|').map(|w| plain(w).then(|| w.into())).collect()
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({})", self.text())
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.text() == other.text()
    }
}

impl Eq for Expr {}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}
