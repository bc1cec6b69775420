//! Why an answer is empty: what an operator would otherwise have to guess.
//!
//! Looks at the selectors and the store; changes nothing.

use super::times::Window;
use crate::promql::{Expr, Selector};
use crate::store::{Read, Series};
use crate::text::Clean;
use crate::units::Timestamp;
use std::time::Duration;
use warroom_widgets::{Unit, human};

/// The most hints that are given.
const MOST: usize = 3;
/// The most metric names that are compared with a misspelt one.
const MOST_NAMES: usize = 20_000;

/// Sentences that say why `expr` found nothing in `store` over `window`; none where nothing is clear.
pub fn hints(store: &impl Read, expr: &Expr, window: Window, lookback: Duration) -> Vec<String> {
    let mut out = Vec::new();
    let back = expr.window().unwrap_or_default().max(lookback);
    for selector in expr.selectors() {
        let found = store.select(&selector.matchers);
        let said = if found.is_empty() {
            Some(unknown(store, &selector))
        } else if selector.time.at.is_none() {
            elsewhen(&found, window, back)
        } else {
            None
        };
        if let Some(said) = said.or_else(|| single(&found, expr))
            && !out.contains(&said)
        {
            out.push(said);
        }
        if out.len() == MOST {
            break;
        }
    }
    out
}

/// No series matches at all.
fn unknown(store: &impl Read, selector: &Selector) -> String {
    let names = store.metric_names();
    let Some(name) = selector.name() else {
        return "no series matches the selector".to_owned();
    };
    let shown = Clean::new(name);
    if names.iter().any(|known| known == name) {
        return format!("there are series of {shown}, but none has these labels");
    }
    let near = names
        .iter()
        .take(MOST_NAMES)
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, near)) => format!("there is no series {shown}; did you mean {}?", Clean::new(near)),
        None => format!("there is no series {shown} among {} metric names", names.len()),
    }
}

/// The samples lie outside of what the query looks at.
fn elsewhen(found: &[&Series], window: Window, back: Duration) -> Option<String> {
    let newest = found.iter().filter_map(|series| series.last()).map(|(at, _)| at).max()?;
    let oldest = found.iter().filter_map(|series| series.oldest()).min()?;
    let (first, last) = (window.first(), window.last());
    let rounded = |span: Duration| human(span.as_secs_f64(), Unit::Seconds);
    if newest < first - back {
        let age = rounded(first.since(newest));
        return Some(format!(
            "the newest sample is of {newest}, {age} earlier: ask for it with {}",
            near(window, newest)
        ));
    }
    (oldest > last).then(|| {
        let ahead = rounded(oldest.since(last));
        format!("the oldest sample is of {oldest}, {ahead} later: ask for it with {}", near(window, newest))
    })
}

fn near(window: Window, at: Timestamp) -> String {
    match window {
        Window::At(_) => format!("--time {at}"),
        Window::Over(range) => {
            let span = range.end.since(range.start);
            format!("--start {} --end {at}", at - span)
        }
    }
}

/// A window function that needs two samples meets series of one.
fn single(found: &[&Series], expr: &Expr) -> Option<String> {
    (expr.window().is_some() && found.iter().all(|series| series.len() < 2)).then(|| {
        "every series has a single sample, and a rate needs two: give several with timestamps, or look at a URL for \
         a while with --for 10s"
            .to_owned()
    })
}
