//! The notation of series: `up{job="a"}` and `1+2x3 _ _x2 stale -4`.

use crate::labels::{Labels, MatchOp};
use crate::promql;
use crate::target::STALE_NAN;

/// The most points of one series.
const MOST: usize = 1 << 20;

/// One point: nothing, or a value (which may be the mark of a stale series).
pub type Point = Option<f64>;

/// The labels of a series as they are written: a selector with `=` only. `{}` has none.
///
/// # Errors
/// It is no such selector.
pub fn series(text: &str) -> Result<Labels, String> {
    let trimmed = text.trim();
    if trimmed.chars().all(|c| matches!(c, '{' | '}') || c.is_whitespace()) {
        return Ok(Labels::empty());
    }
    let wrong = |why: &str| Err(format!("\"{trimmed}\" is no series: {why}"));
    let parsed = match promql::parse(trimmed) {
        Ok(parsed) => parsed,
        Err(error) => return wrong(&error.to_string()),
    };
    let selectors = parsed.selectors();
    let [selector] = selectors.as_slice() else { return wrong("write it as name{label=\"value\"}") };
    let alone =
        matches!(parsed.pieces().as_slice(), [piece] if matches!(piece.what, promql::What::Select(_)));
    if !alone || selector.time != promql::Time::default() {
        return wrong("write it as name{label=\"value\"}");
    }
    if selector.matchers.iter().any(|matcher| matcher.op != MatchOp::Equal) {
        return wrong("only `=` may stand in it");
    }
    Ok(Labels::from_pairs(selector.matchers.iter().map(|matcher| (&*matcher.name, &*matcher.value))))
}

/// The points of `values`: `1`, `1x3` (1 four times), `1+2x3` (1 3 5 7), `1-2x3`, `_`, `_x3`, `stale`.
///
/// # Errors
/// A word that is no point, or more points than make sense.
pub fn points(values: &str) -> Result<Vec<Point>, String> {
    let mut out = Vec::new();
    if values.contains("{{") {
        return Err("native histograms are not supported".to_owned());
    }
    for word in values.split_whitespace() {
        let (point, delta, times) = split(word)
            .ok_or_else(|| format!("\"{word}\" is no point: write 1, 1x3, 1+2x3, _, _x3 or stale"))?;
        if out.len() + times.unwrap_or(0) >= MOST {
            return Err(format!("more than {MOST} points"));
        }
        let Some(mut value) = point else {
            out.extend(std::iter::repeat_n(None, times.unwrap_or(1)));
            continue;
        };
        out.push(Some(value));
        for _ in 0..times.unwrap_or(0) {
            value += delta;
            out.push(Some(value));
        }
    }
    Ok(out)
}

type Parts = (Point, f64, Option<usize>);

fn split(word: &str) -> Option<Parts> {
    let (body, times) = match word.rsplit_once('x') {
        Some((body, times)) if !times.is_empty() && times.bytes().all(|b| b.is_ascii_digit()) => {
            (body, Some(times.parse().ok()?))
        }
        _ => (word, None),
    };
    match body {
        "_" => return Some((None, 0.0, times)),
        "stale" => return Some((Some(STALE_NAN), 0.0, times)),
        _ => {}
    }
    if let Some(value) = number(body) {
        return Some((Some(value), 0.0, times));
    }
    // The sign of the step: neither the first one nor that of an exponent.
    let steps = body
        .char_indices()
        .skip(1)
        .filter(|(at, c)| matches!(c, '+' | '-') && !body.get(..*at).unwrap_or("").ends_with(['e', 'E']));
    let (at, _) = steps.last()?;
    times?;
    Some((Some(number(body.get(..at)?)?), number(body.get(at..)?)?, times))
}

fn number(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let special = matches!(unsigned.to_ascii_lowercase().as_str(), "inf" | "nan");
    let plain = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if special || plain { text.parse().ok() } else { None }
}
