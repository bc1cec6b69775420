//! Health answers of every known shape: one observation, and `warroom_component_up` for each dependency.
//!
//! The shape is told by the content, since services mix them; a configured shape only says what must be there.
//! The verdict is the worst that is told: the status code (a 5xx is down, whatever the body says), the service's own
//! word, and its dependencies (one that does not work makes the service degraded, never down).

mod components;
mod facts;

pub(super) use facts::{clock, clock_of};

use super::json::{self, Node};
use super::{Decoded, MOST, Reply, Source, errors, kubernetes, words};
use crate::config::poll::HealthShape;
use crate::target::{Failure, Observation, Verdict};
use crate::text::Clean;

/// Keys that hold the service's own word, the most telling first.
const STATUS_KEYS: [&str; 14] = [
    "status",
    "overall_status",
    "overallStatus",
    "overall",
    "health",
    "health_status",
    "state",
    "result",
    "ok",
    "healthy",
    "ready",
    "alive",
    "up",
    "success",
];

/// Keys of an envelope around the answer.
const ENVELOPES: [&str; 5] = ["data", "result", "health", "response", "payload"];

/// Decodes a health answer; see [`super::decode`].
pub(super) fn decode(shape: HealthShape, source: &Source<'_>, reply: &Reply<'_>) -> Result<Decoded, Failure> {
    let mut decoded = Decoded::default();
    let success = (200..300).contains(&reply.status);
    // These tell of the request and not of the service's health, whatever the body says.
    let refused =
        reply.status < 200 || matches!(reply.status, 300..=399 | 401 | 403 | 404 | 405 | 407 | 410 | 429);
    if refused || (!success && shape == HealthShape::Status) {
        return Err(errors::status_failure(reply));
    }
    if shape == HealthShape::Status {
        by_status(reply, &mut decoded.observation);
        return Ok(decoded);
    }
    let read = match json::parse(reply.body) {
        Ok(parsed) => {
            if let Some(mended) = parsed.mended {
                decoded.warn(mended);
            }
            from_json(shape, reply, &parsed.node, &mut decoded)
        }
        Err(message) => from_text(shape, reply, &message, &mut decoded),
    };
    match read {
        Read::Health => {}
        Read::StatusOnly if success => by_status(reply, &mut decoded.observation),
        Read::Not(message) if success => return Err(Failure::Decode(Clean::new(&message))),
        Read::StatusOnly | Read::Not(_) => return Err(errors::status_failure(reply)),
    }
    settle(reply, &mut decoded);
    for component in &decoded.observation.components {
        let value = match component.verdict {
            Verdict::Up => 1.0,
            Verdict::Degraded => 0.5,
            Verdict::Down => 0.0,
            Verdict::Unknown => continue, // Absent, not zero.
        };
        let label = ("component", component.name.as_str());
        decoded.samples.push(source.sample("warroom_component_up", label, value));
    }
    Ok(decoded)
}

/// How far a body could be read.
enum Read {
    /// It tells of health.
    Health,
    /// It does not, and nothing asks it to.
    StatusOnly,
    /// It is not the configured shape.
    Not(String),
}

/// Lets the status code alone decide.
fn by_status(reply: &Reply<'_>, observation: &mut Observation) {
    observation.verdict = Verdict::Up;
    if observation.word.is_empty() {
        observation.word = Clean::new(&format!("HTTP {}", reply.status));
    }
}

fn from_text(shape: HealthShape, reply: &Reply<'_>, message: &str, decoded: &mut Decoded) -> Read {
    let html = errors::is_html(reply);
    if matches!(shape, HealthShape::Actuator | HealthShape::HealthJson | HealthShape::Flat) {
        return Read::Not(errors::not_json(reply, message));
    }
    if html {
        decoded.warn("answers with an HTML page: only the status code was judged");
        return Read::StatusOnly;
    }
    let head = reply.body.get(..256 << 10).unwrap_or(reply.body);
    let text = String::from_utf8_lossy(head);
    if let Some(cut) = kubernetes::verbose(&text, MOST, &mut decoded.observation) {
        if cut {
            decoded.warn_cut("components");
        }
        decoded.observation.verdict = Verdict::Up;
        return Read::Health;
    }
    let (word, verdict) = kubernetes::plain(&text);
    if text.trim_start().starts_with(['{', '[']) {
        // Meant to be JSON and broken: half an answer is no proof of health.
        return Read::Not(errors::not_json(reply, message));
    }
    decoded.observation.word = word;
    match verdict {
        Some(verdict) => {
            decoded.observation.verdict = verdict;
            Read::Health
        }
        None => Read::StatusOnly,
    }
}

fn from_json(shape: HealthShape, reply: &Reply<'_>, node: &Node, decoded: &mut Decoded) -> Read {
    let body = unwrap_envelope(node);
    if !fits(shape, body) {
        return Read::Not(format!("expected {}, found {}", expectation(shape), describe(body)));
    }
    let own = own_word(body);
    if let Some((word, verdict)) = &own {
        decoded.observation.word = word.clone();
        decoded.observation.verdict = verdict.unwrap_or_default();
        if verdict.is_none() {
            decoded.warn(&format!("unknown state \"{word}\": neither good nor bad"));
        }
    }
    let unreadable = body.get("status").filter(|status| own.is_none() && !matches!(status, Node::Null));
    if let Some(status) = unreadable {
        decoded.warn(&format!("status is {}: neither good nor bad", status.kind()));
    }
    components::collect(body, decoded);
    facts::collect(node, body, &mut decoded.observation);
    let judged = decoded.observation.components.iter().any(|c| c.verdict != Verdict::Unknown);
    if own.is_none() && judged {
        decoded.observation.verdict = of_components(&decoded.observation);
    }
    if own.is_some() || judged || unreadable.is_some() {
        return Read::Health;
    }
    // `{"message": "hello"}`: it answers, and that is all that is known.
    let empty = matches!(reply.status, 200..=299) && shape == HealthShape::Auto;
    if empty { Read::StatusOnly } else { Read::Not(format!("no state in {}", describe(body))) }
}

/// `{"success": true, "data": {"status": ...}}` -> the inner object.
fn unwrap_envelope(node: &Node) -> &Node {
    let telling =
        |node: &Node| STATUS_KEYS[..7].iter().any(|key| matches!(node.get(key), Some(Node::Text(_))));
    let enveloped = |node: &&Node| telling(node) || components::has_container(node);
    let wraps = !telling(node) || matches!(node.get("status").and_then(Node::text), Some("success" | "ok"));
    if !wraps || components::has_container(node) {
        return node;
    }
    ENVELOPES.iter().filter_map(|key| node.get(key)).find(enveloped).unwrap_or(node)
}

/// The service's own word, and what it means if it is known.
fn own_word(body: &Node) -> Option<(Clean, Option<Verdict>)> {
    match body {
        Node::Text(_) => body.text().map(|text| (Clean::new(text), words::judge(text))),
        Node::Bool(value) => Some((Clean::new(&value.to_string()), Some(truth(*value)))),
        _ => STATUS_KEYS.iter().find_map(|key| state_of(body.get(key)?)),
    }
}

/// Reads a value that stands under a status key: a word, a truth value or an HTTP status.
fn state_of(node: &Node) -> Option<(Clean, Option<Verdict>)> {
    match node {
        Node::Text(_) => node.text().map(|text| (Clean::new(text), words::judge(text))),
        Node::Bool(value) => Some((Clean::new(&value.to_string()), Some(truth(*value)))),
        Node::Number(code) if (100.0..600.0).contains(code) => {
            Some((Clean::new(&format!("HTTP {code}")), Some(truth(*code < 400.0))))
        }
        Node::Map(_) => {
            let inner = node.first(&["status", "state", "code"])?;
            matches!(inner, Node::Text(_)).then(|| state_of(inner)).flatten()
        }
        _ => None,
    }
}

fn truth(good: bool) -> Verdict {
    if good { Verdict::Up } else { Verdict::Down }
}

fn fits(shape: HealthShape, body: &Node) -> bool {
    let word = body.get("status").and_then(Node::text).unwrap_or_default().to_ascii_lowercase();
    match shape {
        HealthShape::Auto | HealthShape::Status => true,
        HealthShape::Actuator => {
            let own = words::judge(&word).is_some()
                || body.get("status").is_some_and(|s| matches!(s, Node::Map(_)));
            own || components::has_container(body)
        }
        HealthShape::HealthJson => {
            matches!(word.as_str(), "pass" | "ok" | "up" | "warn" | "fail" | "error" | "down")
        }
        HealthShape::Flat => matches!(body, Node::Map(_)) && own_word(body).is_some(),
        HealthShape::Kubernetes => false,
    }
}

fn expectation(shape: HealthShape) -> &'static str {
    match shape {
        HealthShape::Actuator => "Actuator's JSON with status and components",
        HealthShape::HealthJson => "health+json with status pass, warn or fail",
        HealthShape::Kubernetes => "the lines of Kubernetes' verbose text",
        HealthShape::Flat => "a JSON object with status",
        HealthShape::Auto | HealthShape::Status => "any answer",
    }
}

fn describe(body: &Node) -> String {
    match body.get("status") {
        Some(status) => format!(
            "{} with status {}",
            body.kind(),
            status.scalar().unwrap_or_else(|| status.kind().to_owned())
        ),
        None => format!("{} without status", body.kind()),
    }
}

/// The state of a service that gives no word of its own.
fn of_components(observation: &Observation) -> Verdict {
    let mut judged = observation.components.iter().map(|c| c.verdict).filter(|v| *v != Verdict::Unknown);
    let Some(first) = judged.next() else { return Verdict::Unknown };
    // All up or all down is that; anything between is degraded.
    if judged.all(|verdict| verdict == first) { first } else { Verdict::Degraded }
}

/// Brings the status code and the dependencies into the verdict, and says why it was lowered.
fn settle(reply: &Reply<'_>, decoded: &mut Decoded) {
    let observation = &mut decoded.observation;
    let told = observation.verdict;
    if reply.status >= 400 && told != Verdict::Down {
        observation.verdict = Verdict::Down;
        let word = if observation.word.is_empty() { "nothing" } else { observation.word.as_str() };
        let reason = format!("HTTP {} although the body says {word}", reply.status);
        observation.message.get_or_insert_with(|| Clean::new(&reason));
        return;
    }
    let bad: Vec<&str> = observation
        .components
        .iter()
        .filter(|component| matches!(component.verdict, Verdict::Down | Verdict::Degraded))
        .map(|component| component.name.as_str())
        .collect();
    if bad.is_empty() {
        return;
    }
    let more = if bad.len() > 3 { format!(" and {} more", bad.len() - 3) } else { String::new() };
    let names = bad.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let lowered = matches!(told, Verdict::Up | Verdict::Unknown);
    let reason = Clean::new(&format!("{}{names}{more}", if lowered { "degraded by " } else { "not well: " }));
    if lowered {
        observation.verdict = Verdict::Degraded;
    }
    observation.message.get_or_insert(reason);
}
