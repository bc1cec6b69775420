//! Circuit breakers from JSON: a map, resilience4j's list, an array, or own fields by pointer.
//!
//! Each becomes `warroom_breaker_state` (0 closed, 1 open, 2 half-open) and, where told, `_failures`, `_calls` and
//! `_success_ratio`, with `service`, `instance` and `breaker`.

use super::json::Node;
use super::number::{Number, Unit, number};
use super::{Decoded, MOST, Reply, Source, expect_json, words};
use crate::config::poll::BreakerShape;
use crate::target::{Breaker, BreakerState, Failure};
use crate::text::Clean;

const STATE_KEYS: [&str; 7] =
    ["state", "status", "current_state", "currentState", "circuit_state", "circuitState", "is_open"];
const FAILURE_KEYS: [&str; 8] = [
    "failure_count",
    "failureCount",
    "failedCalls",
    "failures",
    "failed_calls",
    "fail_counter",
    "consecutive_failures",
    "error_count",
];
const CALL_KEYS: [&str; 8] = [
    "total_calls",
    "totalCalls",
    "bufferedCalls",
    "calls",
    "total_requests",
    "total",
    "requests",
    "request_count",
];
const SUCCESS_KEYS: [&str; 4] = ["success_rate", "successRate", "success_ratio", "success_percentage"];
const FAILURE_RATE_KEYS: [&str; 5] =
    ["failure_rate", "failureRate", "error_rate", "errorRate", "failure_ratio"];
const CONTAINERS: [&str; 8] = [
    "circuitBreakers",
    "circuit_breakers",
    "circuit-breakers",
    "breakers",
    "circuits",
    "items",
    "data",
    "result",
];

/// Where the state of a breaker is looked for.
struct Fields<'a> {
    name: Option<&'a str>,
    state: Option<&'a str>,
}

/// Decodes a breaker list; see [`super::decode`].
pub(super) fn decode(
    shape: &BreakerShape,
    source: &Source<'_>,
    reply: &Reply<'_>,
) -> Result<Decoded, Failure> {
    let mut decoded = Decoded::default();
    let body = expect_json(reply, &mut decoded)?;
    let missing = |what: &str| Failure::Decode(Clean::new(&format!("no {what} in the JSON of the breakers")));
    let (items, fields) = match shape {
        BreakerShape::Pointers { items, name, state } => {
            let found = body.pointer(items).ok_or_else(|| missing(&format!("value at \"{items}\"")))?;
            (found, Fields { name: Some(name), state: Some(state) })
        }
        BreakerShape::Resilience4j => {
            let found = body.get("circuitBreakers").ok_or_else(|| missing("\"circuitBreakers\""))?;
            (found, Fields { name: None, state: None })
        }
        BreakerShape::Map => (&body, Fields { name: None, state: None }),
        BreakerShape::Auto => (unwrap(&body), Fields { name: None, state: None }),
    };
    collect(items, &fields, source, &mut decoded);
    // An empty list is an answer; a body without anything like a breaker is not, nor is a 5xx without one.
    let nothing = decoded.observation.breakers.is_empty();
    let empty = match items {
        Node::Map(entries) => entries.is_empty(),
        Node::List(list) => list.is_empty(),
        _ => false,
    };
    if nothing && !(200..300).contains(&reply.status) {
        return Err(super::errors::status_failure(reply));
    }
    if nothing && !empty {
        let reason = decoded.warnings.first().map_or("no breaker in the JSON", Clean::as_str);
        return Err(Failure::Decode(Clean::new(reason)));
    }
    emit(source, &mut decoded);
    Ok(decoded)
}

/// Steps into `{"circuitBreakers": ...}`, `{"success": true, "data": {"breakers": [...]}}` and the like.
fn unwrap(body: &Node) -> &Node {
    let mut node = body;
    for _ in 0..4 {
        let inner = CONTAINERS.iter().find_map(|key| {
            let inner = node.get(key)?;
            let itself_a_breaker =
                inner.first(&STATE_KEYS).is_some_and(|state| !matches!(state, Node::Map(_)));
            (matches!(inner, Node::Map(_) | Node::List(_)) && !itself_a_breaker).then_some(inner)
        });
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}

fn collect(items: &Node, fields: &Fields<'_>, source: &Source<'_>, decoded: &mut Decoded) {
    // `{"state": "open", "failure_count": 5}`: a service with one breaker that does not name it.
    if fields.state.is_none() && single(items) {
        push(source.poll, items, fields, decoded);
        return;
    }
    for (key, entry) in items.entries() {
        if !push(key, entry, fields, decoded) {
            return;
        }
    }
    for (i, entry) in items.items().iter().enumerate() {
        let named = match fields.name {
            Some(pointer) => entry.pointer(pointer),
            None => entry.first(&["name", "circuitBreakerName", "breaker", "id", "key", "service"]),
        };
        let name = named.and_then(Node::scalar).unwrap_or_else(|| i.to_string());
        if !push(&name, entry, fields, decoded) {
            return;
        }
    }
}

fn single(items: &Node) -> bool {
    let told = items.first(&STATE_KEYS[..6]).and_then(Node::text);
    let entries = items.entries();
    told.and_then(words::breaker_state).is_some()
        && !entries.iter().any(|(_, e)| state_of(e).is_some() && matches!(e, Node::Map(_)))
}

/// Adds one breaker; false once the list is full.
fn push(name: &str, entry: &Node, fields: &Fields<'_>, decoded: &mut Decoded) -> bool {
    if decoded.observation.breakers.len() >= MOST {
        decoded.warn_cut("breakers");
        return false;
    }
    let told = match fields.state {
        Some(pointer) => entry.pointer(pointer).and_then(scalar_state),
        None => state_of(entry),
    };
    let name = Clean::new(name);
    match told {
        Some(word) => match words::breaker_state(&word) {
            Some(state) => {
                note_special(&name, &word, decoded);
                decoded.observation.breakers.push(breaker(name, state, entry));
            }
            None => decoded.warn(&format!("breaker {name}: unknown state \"{}\"", Clean::new(&word))),
        },
        // Beside the breakers stand totals, timestamps and the like; only an object ought to have been one.
        None if matches!(entry, Node::Map(_)) => decoded.warn(&format!("breaker {name}: no state")),
        None => {}
    }
    true
}

fn note_special(name: &Clean, word: &str, decoded: &mut Decoded) {
    let upper = word.to_ascii_uppercase();
    let note = match upper.as_str() {
        "DISABLED" | "METRICS_ONLY" => "lets every call through, shown as closed",
        "FORCED_OPEN" => "was opened by hand",
        _ => return,
    };
    decoded.warn(&format!("breaker {name} is {upper}: {note}"));
}

/// The state of a breaker: a field of an object, or the value itself (`{"payments": "open"}`).
fn state_of(entry: &Node) -> Option<String> {
    match entry {
        Node::Map(_) => {
            STATE_KEYS.iter().find_map(|key| scalar_state(entry.get(key)?)).or_else(|| open_flag(entry))
        }
        Node::Text(text) => words::breaker_state(text).map(|_| text.to_string()),
        Node::Bool(_) | Node::Number(_) | Node::Null | Node::List(_) => None,
    }
}

fn scalar_state(node: &Node) -> Option<String> {
    match node {
        Node::Bool(open) => Some(if *open { "open" } else { "closed" }.to_owned()),
        other => other.scalar(),
    }
}

fn open_flag(entry: &Node) -> Option<String> {
    entry
        .first(&["open", "isOpen", "tripped"])
        .filter(|node| matches!(node, Node::Bool(_)))
        .and_then(scalar_state)
}

fn breaker(name: Clean, state: BreakerState, entry: &Node) -> Breaker {
    let count = |keys: &[&str]| entry.first(keys).and_then(number).map(|n| n.value).filter(|v| *v >= 0.0);
    // resilience4j says -1 % while it has seen too few calls.
    let share = |keys: &[&str]| {
        let key = keys.iter().find(|key| entry.get(key).is_some())?;
        let number = number(entry.get(key)?).filter(|n| n.value >= 0.0)?;
        let percent = key.ends_with("percentage") && number.unit == Unit::Plain;
        let ratio = if percent { Number { unit: Unit::Percent, ..number } } else { number }.ratio();
        (0.0..=1.0).contains(&ratio).then_some(ratio)
    };
    Breaker {
        name,
        state,
        failures: count(&FAILURE_KEYS),
        calls: count(&CALL_KEYS),
        success_ratio: share(&SUCCESS_KEYS).or_else(|| share(&FAILURE_RATE_KEYS).map(|ratio| 1.0 - ratio)),
    }
}

fn emit(source: &Source<'_>, decoded: &mut Decoded) {
    for breaker in &decoded.observation.breakers {
        let values = [
            ("warroom_breaker_state", Some(breaker.state.value())),
            ("warroom_breaker_failures", breaker.failures),
            ("warroom_breaker_calls", breaker.calls),
            ("warroom_breaker_success_ratio", breaker.success_ratio),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                decoded.samples.push(source.sample(name, ("breaker", breaker.name.as_str()), value));
            }
        }
    }
}
