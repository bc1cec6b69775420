//! What can be said of a rule's expression.

use super::labels::{Shape, shapes};
use super::{About, Gravity};
use crate::labels::{MatchOp, Matcher, NAME};
use crate::promql::{Match, Piece, Selector, What};
use crate::rules::file::RuleKind;
use crate::rules::template;
use crate::units::format_duration;
use std::collections::BTreeSet;

/// Looks at the expression of one rule; `recorded` are the names that rules make.
pub(super) fn look(about: &mut About<'_>, recorded: &BTreeSet<&str>) {
    let expr = about.rule.expr.clone();
    let pieces = expr.pieces();
    let shapes = shapes(&pieces);
    // Whoever asks whether a metric is there knows that it may not be.
    let asked: BTreeSet<usize> = pieces
        .iter()
        .filter_map(|piece| match &piece.what {
            What::Call("absent" | "absent_over_time", args) => Some(args),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    for (at, piece) in pieces.iter().enumerate() {
        match &piece.what {
            What::Select(selector) | What::Window(selector, _) => {
                select(about, selector, recorded, !asked.contains(&at));
            }
            What::Call(name, args) => call(about, name, args, &pieces, &shapes),
            What::Binary { name, lhs, rhs, set, matching: Some(matching), .. } => {
                by_itself(about, name, *lhs, *rhs, matching, &pieces);
                if !set {
                    never_matches(about, piece, (*lhs, *rhs), matching, &shapes);
                }
            }
            _ => {}
        }
    }
    if let RuleKind::Alert { .. } = &about.rule.kind {
        condition(about, &pieces);
        lost_labels(about, shapes.last(), &pieces);
    }
}

/// Metrics of Prometheus and warroom themselves.
const OWN: [&str; 6] = ["up", "ALERTS", "ALERTS_FOR_STATE", "scrape_", "probe_", "warroom_"];

fn select(about: &mut About<'_>, selector: &Selector, recorded: &BTreeSet<&str>, must: bool) {
    if let (true, Some(name), Some(metrics)) = (must, selector.name(), &about.known.metrics) {
        let own = OWN.iter().any(|own| name == *own || (own.ends_with('_') && name.starts_with(own)));
        if !own && !recorded.contains(name) && !metrics.contains(name) {
            let message =
                format!("no target exports `{name}` and no rule records it: this can never be true");
            about.find(
                "unknown-metric",
                Gravity::Bug,
                name,
                message,
                "export the metric, or remove the rule",
            );
        }
    }
    for matcher in &selector.matchers {
        regex(about, matcher);
    }
}

fn regex(about: &mut About<'_>, matcher: &Matcher) {
    let (name, value) = (&*matcher.name, &*matcher.value);
    let plain = !value.is_empty() && !value.contains(|c: char| "\\.+*?()|[]{}^$".contains(c));
    match matcher.op {
        MatchOp::Regex if value == ".*" => {
            let message = format!("`{name}=~\".*\"` matches every series, also those without the label");
            about.find("useless-regex", Gravity::Warning, name, message, "leave the matcher out");
        }
        MatchOp::NotRegex if value == ".*" => {
            let message = format!("`{name}!~\".*\"` matches nothing: this can never be true");
            about.find("useless-regex", Gravity::Bug, name, message, "leave the matcher out");
        }
        MatchOp::Regex | MatchOp::NotRegex if plain => {
            let sign = if matcher.op == MatchOp::Regex { "=" } else { "!=" };
            let message =
                format!("the regular expression of `{name}` is a plain word, and must match as a whole");
            let remedy =
                format!("write `{name}{sign}\"{value}\"`, or `.*{value}.*` if it is part of the value");
            about.find("useless-regex", Gravity::Warning, name, message, remedy);
        }
        MatchOp::Regex | MatchOp::NotRegex if value.starts_with('^') || value.ends_with('$') => {
            let message = format!(
                "the regular expression of `{name}` always matches as a whole: `^` and `$` say nothing"
            );
            about.find("anchored-regex", Gravity::Warning, name, message, "leave the anchors out");
        }
        _ => {}
    }
}

/// Does the name say that it counts?
fn counts(name: &str) -> bool {
    ["_total", "_count", "_sum", "_bucket", "_created"].iter().any(|end| name.ends_with(end))
        || name.contains(':')
}

/// Functions that need two samples of a window.
const PAIRS: [&str; 8] = ["rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets"];

fn call(about: &mut About<'_>, name: &str, args: &[usize], pieces: &[Piece<'_>], shapes: &[Shape]) {
    let arg = |at: usize| args.get(at).and_then(|at| pieces.get(*at));
    if let Some(What::Window(selector, range)) = arg(0).map(|piece| &piece.what) {
        let least = about.known.scrape_interval * 2;
        if PAIRS.contains(&name) && *range < least {
            let message = format!(
                "`{name}` needs two samples, and {} holds fewer at one scrape every {}",
                format_duration(*range),
                format_duration(about.known.scrape_interval)
            );
            let remedy =
                format!("make the window at least {}", format_duration(about.known.scrape_interval * 4));
            about.find("window-too-short", Gravity::Bug, name, message, remedy);
        }
        if matches!(name, "rate" | "irate" | "increase")
            && let Some(metric) = selector.name()
        {
            let declared = about.known.types.get(metric).map(String::as_str);
            let gauge = declared == Some("gauge");
            if gauge || (declared.is_none() && !counts(metric)) {
                let gravity = if gauge { Gravity::Bug } else { Gravity::Warning };
                let why = if gauge { "is a gauge" } else { "does not look like a counter" };
                let message =
                    format!("`{name}` is for counters, and `{metric}` {why}: each fall counts as a reset");
                about.find("rate-of-gauge", gravity, metric, message, "use `deriv` or `delta` for gauges");
            }
        }
    }
    if name == "histogram_quantile"
        && let Some(at) = args.get(1)
    {
        if shapes.get(*at).is_some_and(|shape| !shape.can_have("le")) {
            let message = "`histogram_quantile` needs the label `le`, which is gone before: it gives nothing";
            about.find(
                "quantile-without-le",
                Gravity::Bug,
                name,
                message.to_owned(),
                "aggregate with `by (le, ...)`",
            );
        }
        let rated = |piece: &Piece<'_>| match &piece.what {
            What::Call(name, _) => matches!(*name, "rate" | "irate" | "increase"),
            What::Select(selector) => selector.name().is_some_and(|name| name.contains(':')),
            _ => false,
        };
        if !below(pieces, *at).any(rated) {
            let message =
                "buckets without `rate` hold everything since the start of the process, not what happens now";
            about.find(
                "quantile-without-rate",
                Gravity::Warning,
                name,
                message.to_owned(),
                "put `rate(...[5m])` around the buckets",
            );
        }
    }
}

/// The pieces that the piece `at` is made of, itself included.
fn below<'p, 'e>(pieces: &'p [Piece<'e>], at: usize) -> impl Iterator<Item = &'p Piece<'e>> {
    let mut open = vec![at];
    std::iter::from_fn(move || {
        let piece = pieces.get(open.pop()?)?;
        match &piece.what {
            What::Wrap(child) | What::Subquery(child, _) | What::Aggregate { child, .. } => open.push(*child),
            What::Call(_, args) => open.extend(args),
            What::Binary { lhs, rhs, .. } => open.extend([*lhs, *rhs]),
            _ => {}
        }
        Some(piece)
    })
}

/// The selector and window under functions that keep one series one series.
fn bare<'p>(pieces: &'p [Piece<'_>], at: usize) -> Option<(&'p Selector, String)> {
    let mut around = String::new();
    let mut at = at;
    loop {
        match &pieces.get(at)?.what {
            What::Select(selector) => return Some((selector, around)),
            What::Window(selector, range) => return Some((selector, format!("{around}[{range:?}]"))),
            What::Wrap(child) => at = *child,
            What::Call(name, args) if args.len() == 1 => {
                around.push_str(name);
                at = *args.first()?;
            }
            _ => return None,
        }
    }
}

/// `rate(x{status=~"5.."}[5m]) / rate(x[5m])`: labels match one to one, so each series meets itself.
fn by_itself(
    about: &mut About<'_>,
    name: &str,
    lhs: usize,
    rhs: usize,
    matching: &Match<'_>,
    pieces: &[Piece<'_>],
) {
    let whole = !matching.on && matching.labels.is_empty() && matching.many == 0;
    if !whole || !matches!(name, "/" | "-" | "==" | ">" | "<" | "!=") {
        return;
    }
    let (Some((left, left_around)), Some((right, right_around))) = (bare(pieces, lhs), bare(pieces, rhs))
    else {
        return;
    };
    let within = |a: &Selector, b: &Selector| a.matchers.iter().all(|matcher| b.matchers.contains(matcher));
    let subset = within(left, right) || within(right, left);
    if left.name().is_none()
        || left.name() != right.name()
        || left_around != right_around
        || left.time != right.time
        || !subset
    {
        return;
    }
    let text = |at: usize| pieces.get(at).map_or("", |piece| piece.text.as_str()).to_owned();
    let (what, result) = match name {
        "/" => ("divided by itself", "the result is always 1"),
        "-" => ("subtracted from itself", "the result is always 0"),
        _ => ("compared with itself", "the answer is always the same"),
    };
    let message =
        format!("each series is {what}, because the two sides are matched by all their labels: {result}");
    let remedy = format!("sum both sides: `sum({}) {name} sum({})`", text(lhs), text(rhs));
    about.find("divided-by-itself", Gravity::Bug, left.name().unwrap_or(""), message, remedy);
}

/// Two vectors that have no label set in common.
fn never_matches(
    about: &mut About<'_>,
    piece: &Piece<'_>,
    sides: (usize, usize),
    matching: &Match<'_>,
    shapes: &[Shape],
) {
    let (Some(lhs), Some(rhs)) = (shapes.get(sides.0), shapes.get(sides.1)) else { return };
    let ignored = |label: &str| matching.labels.iter().any(|known| &**known == label);
    let missing = match (lhs, rhs) {
        _ if matching.on => matching
            .labels
            .iter()
            .find(|label| lhs.can_have(label) != rhs.can_have(label))
            .map(|label| format!("`on ({label})`: one side has lost the label `{label}`")),
        (Shape::Only(a), Shape::Only(b)) => a
            .symmetric_difference(b)
            .find(|label| !ignored(label))
            .map(|label| format!("one side has the label `{label}`, the other has lost it")),
        (Shape::Only(a), Shape::AllBut(_)) | (Shape::AllBut(_), Shape::Only(a))
            if a.is_empty() && matching.labels.is_empty() =>
        {
            Some("one side has no labels at all, the other has those of its series".to_owned())
        }
        _ => None,
    };
    if let Some(why) = missing {
        let message = format!("the two sides of `{}` can never match: {why}", short(&piece.text));
        let needle = about.rule.text.split_whitespace().next().unwrap_or("").to_owned();
        about.find(
            "never-matches",
            Gravity::Bug,
            &needle,
            message,
            "aggregate both sides by the same labels, or say `on (...)`",
        );
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}

/// An alert must be able not to fire.
fn condition(about: &mut About<'_>, pieces: &[Piece<'_>]) {
    let Some(root) = pieces.len().checked_sub(1) else { return };
    let selects = |piece: &Piece<'_>| matches!(piece.what, What::Select(_) | What::Window(..));
    let filters = |piece: &Piece<'_>| match &piece.what {
        What::Binary { filters, set, name, .. } => *filters || (*set && *name != "or"),
        What::Call(name, _) => matches!(*name, "absent" | "absent_over_time"),
        _ => false,
    };
    let needle = about.rule.text.split_whitespace().next().unwrap_or("").to_owned();
    if !below(pieces, root).any(selects)
        && !below(pieces, root).any(|p| {
            matches!(
                p.what,
                What::Call("time" | "hour" | "minute" | "day_of_week" | "day_of_month" | "month", _)
            )
        })
    {
        let message = "the expression names no metric: it is always true, or never".to_owned();
        about.find(
            "constant-alert",
            Gravity::Warning,
            &needle,
            message,
            "fine for a watchdog that must always fire",
        );
    } else if !below(pieces, root).any(filters) {
        let boolean = about.rule.text.contains(" bool");
        let message = if boolean {
            "a comparison with `bool` gives 0 or 1 and drops nothing: the alert fires for either"
        } else {
            "nothing is compared: the alert fires as long as the series exist, whatever their value"
        };
        let gravity = if boolean { Gravity::Bug } else { Gravity::Warning };
        about.find(
            "no-comparison",
            gravity,
            &needle,
            message.to_owned(),
            "compare with a threshold, without `bool`",
        );
    }
}

/// Labels that a template names and that the result cannot have.
fn lost_labels(about: &mut About<'_>, shape: Option<&Shape>, pieces: &[Piece<'_>]) {
    let Some(shape) = shape else { return };
    let absent =
        pieces.iter().any(|piece| matches!(piece.what, What::Call("absent" | "absent_over_time", _)));
    for text in super::rule::texts(about) {
        let Ok(names) = template::check(text) else { continue };
        for label in names.labels {
            if shape.can_have(&label) || label == NAME {
                continue;
            }
            let (message, remedy) = if absent {
                (
                    format!(
                        "`absent` has only labels that a matcher fixes with `=`, and `{label}` is none of them: it is empty"
                    ),
                    format!("leave `{label}` out of the text, or add a matcher `{label}=\"...\"`"),
                )
            } else {
                (
                    format!("the expression loses the label `{label}`, which a template shows: it is empty"),
                    format!("keep it with `by ({label})`, or leave it out of the text"),
                )
            };
            let needle = format!("$labels.{label}");
            about.find("lost-label", Gravity::Bug, &needle, message, remedy);
        }
    }
}
