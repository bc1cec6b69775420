//! One rule of a rule file.

use super::super::file::{Rule, RuleKind};
use super::super::yaml::Node;
use super::{Keys, Reader, is_metric};
use crate::promql::{self, Expr, ValueKind};
use crate::text::clean;

const RULE: &[&str] = &["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];

impl Reader<'_> {
    /// Reads the rule at place `index` of its group; nothing if it cannot be run.
    pub(super) fn rule(&mut self, node: &Node, index: usize) -> Option<Rule> {
        self.rule = (index + 1).to_string();
        let before = self.faults;
        let keys = self.keys(node, "a rule", RULE)?;
        let (record, alert) = (self.text(&keys, "record"), self.text(&keys, "alert"));
        match (record.is_empty(), alert.is_empty()) {
            (true, true) => self.tell(node.at, "the rule has neither record nor alert", "add one of them"),
            (false, false) => self.tell(node.at, "the rule has record and alert", "make two rules of it"),
            _ => self.rule = format!("{record}{alert}"),
        }
        let (text, expr) = self.expr(&keys, node);
        let wait = self.duration(&keys, "for");
        let keep = self.duration(&keys, "keep_firing_for");
        let labels = self.pairs(&keys, "labels");
        let annotations = self.pairs(&keys, "annotations");
        let kind = if record.is_empty() {
            let annotations = annotations.into_iter().map(|(name, text)| (name.as_str().into(), text));
            RuleKind::Alert {
                name: alert.as_str().into(),
                wait: wait.unwrap_or_default(),
                keep: keep.unwrap_or_default(),
                annotations: annotations.collect(),
            }
        } else {
            self.recording(&keys, &record);
            RuleKind::Record(record.as_str().into())
        };
        let expr_line = keys.get("expr").map_or(node.at.line, |expr| expr.place_within(0).line);
        let rule = expr.map(|expr| Rule { kind, text, expr, labels, line: node.at.line, expr_line });
        rule.filter(|_| self.faults == before)
    }

    /// What only an alert may have, and the name of a series.
    fn recording(&mut self, keys: &Keys<'_>, record: &str) {
        for key in ["for", "keep_firing_for", "annotations"] {
            if let Some(node) = keys.given(key) {
                self.tell(
                    node.at,
                    format!("a recording rule has no {key}"),
                    "remove it, or make it an alert",
                );
            }
        }
        if !is_metric(record) {
            let at = keys.get("record").map(|node| node.at).unwrap_or_default();
            let remedy = "letters, digits, _ and : make a name; labels go to labels";
            self.tell(at, format!("\"{}\" is no name of a series", clean(record)), remedy);
        }
    }

    fn expr(&mut self, keys: &Keys<'_>, rule: &Node) -> (String, Option<Expr>) {
        let text = self.text(keys, "expr");
        let Some(node) = keys.given("expr") else {
            self.tell(rule.at, "the rule has no expr", "add expr: ...");
            return (text, None);
        };
        match promql::parse(&text) {
            Ok(expr) if matches!(expr.kind(), ValueKind::Scalar | ValueKind::Vector) => (text, Some(expr)),
            Ok(_) => {
                let remedy = "put a function such as rate(...) around a range vector";
                self.tell(node.at, "the expression gives neither a number nor an instant vector", remedy);
                (text, None)
            }
            Err(error) => {
                let at = node.place_within(error.at.as_ref().map_or(0, |at| at.start));
                let message = format!("cannot read the expression: {}", clean(&error.message));
                self.tell(at, message, error.hint.unwrap_or_default());
                (text, None)
            }
        }
    }
}
