//! What can be said of a rule without looking into its expression: times, duplicates, templates.

use super::{About, Gravity};
use crate::promql;
use crate::rules::file::RuleKind;
use crate::rules::template;
use crate::units::format_duration;
use std::collections::BTreeMap;

/// Looks at one rule; `seen` holds what came before, with its line.
pub(super) fn look(about: &mut About<'_>, seen: &mut BTreeMap<String, usize>) {
    duplicate(about, seen);
    if let RuleKind::Alert { wait, .. } = &about.rule.kind {
        let interval = about.group.interval.unwrap_or(about.known.evaluation_interval);
        if !wait.is_zero() && *wait < interval {
            let message = format!(
                "`for: {}` is shorter than the {} between two evaluations: it waits for one evaluation anyway",
                format_duration(*wait),
                format_duration(interval)
            );
            about.find(
                "for-below-interval",
                Gravity::Warning,
                "for",
                message,
                "leave `for` out, or make it longer",
            );
        }
    }
    templates(about);
}

fn duplicate(about: &mut About<'_>, seen: &mut BTreeMap<String, usize>) {
    let rule = about.rule;
    let mut labels = rule.labels.clone();
    labels.sort();
    let record = matches!(rule.kind, RuleKind::Record(_));
    let expr = if record { "" } else { rule.expr.text() };
    let key = format!("{record} {} {labels:?} {expr}", rule.name());
    match seen.get(&key) {
        None => {
            seen.insert(key, rule.line);
        }
        Some(line) if record => {
            let message =
                format!("line {line} records the same series `{}`: each overwrites the other", rule.name());
            about.find(
                "recorded-twice",
                Gravity::Bug,
                "",
                message,
                "give one of them another name, or other labels",
            );
        }
        Some(line) => {
            let message = format!("line {line} has the same alert with the same expression");
            about.find("duplicate-rule", Gravity::Warning, "", message, "remove one of them");
        }
    }
}

/// Texts of the rule that are templates.
pub(super) fn texts<'r>(about: &About<'r>) -> Vec<&'r str> {
    let RuleKind::Alert { annotations, .. } = &about.rule.kind else { return Vec::new() };
    let labels = about.rule.labels.iter().map(|(_, text)| text.as_str());
    labels.chain(annotations.iter().map(|(_, text)| text.as_str())).collect()
}

fn templates(about: &mut About<'_>) {
    for text in texts(about) {
        let names = match template::check(text) {
            Ok(names) => names,
            // Prometheus refuses the file; warroom lets the rule run, and shows the error where the text would be.
            Err(error) => {
                let message = format!("a template cannot be read: {error}");
                let line = text.lines().find_map(|line| line.get(line.find("{{")?..)).unwrap_or("{{");
                let needle = line.trim_end();
                about.find(
                    "bad-template",
                    Gravity::Bug,
                    needle,
                    message,
                    "mend it: until then it says only that",
                );
                continue;
            }
        };
        if let Some(error) = names.float_with_integer {
            let message = format!("a template compares the value, a float, with an integer ({error})");
            about.find(
                "float-with-integer",
                Gravity::Bug,
                "{{",
                message,
                "write the number with a point: `gt $value 1.0`",
            );
        }
        for query in names.queries {
            if let Err(error) = promql::parse(&query) {
                let message = format!("a template asks \"{query}\", which is no expression: {error}");
                about.find("template-query", Gravity::Bug, "{{", message, "mend the expression in `query`");
            }
        }
    }
}
