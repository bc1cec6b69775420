//! What a rule file may see: only what its set's `enforce` matchers let through.
//!
//! Three services that export `http_requests_total` each have their own `HighErrorRate`; without a matcher each file
//! would alert about all three. It changes expressions and evaluates none.

use super::file::Group;
use crate::labels::Matcher;
use crate::promql::Expr;
use std::collections::BTreeSet;

/// The matchers of a set, and the names that they do not touch.
///
/// A series that the set records itself is exempt: what it was made of has passed the matchers, and an aggregation
/// may have taken the very label away that they ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Enforce {
    matchers: Vec<Matcher>,
    own: BTreeSet<Box<str>>,
}

impl Enforce {
    /// `matchers` for all selectors but those of the names `own`.
    pub fn new(matchers: Vec<Matcher>, own: BTreeSet<Box<str>>) -> Self {
        Self { matchers, own }
    }

    /// The expression, restricted.
    #[must_use]
    pub fn expr(&self, expr: &Expr) -> Expr {
        if self.matchers.is_empty() {
            return expr.clone();
        }
        expr.enforce_where(&self.matchers, |selector| {
            selector.name().is_none_or(|name| !self.own.contains(name))
        })
    }

    /// Restricts the expressions of `groups`.
    pub fn apply(&self, groups: &mut [Group]) {
        if self.matchers.is_empty() {
            return;
        }
        for rule in groups.iter_mut().flat_map(|group| &mut group.rules) {
            rule.expr = self.expr(&rule.expr);
        }
    }
}
