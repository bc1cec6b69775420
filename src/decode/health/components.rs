//! The dependencies that a health answer names, at any depth.
//!
//! A work list and not recursion: the depth is the outside's choice.

use super::{STATUS_KEYS, state_of};
use crate::decode::json::Node;
use crate::decode::words::{self, Flag};
use crate::decode::{Decoded, MOST};
use crate::target::{Component, Verdict};
use crate::text::Clean;
use std::collections::VecDeque;

/// Keys whose entries are dependencies, whatever these look like.
const CONTAINERS: [&str; 11] = [
    "components",
    "checks",
    "services",
    "dependencies",
    "entries",
    "subsystems",
    "indicators",
    "connections",
    "systems",
    "results",
    "details",
];

/// The most levels that are followed; deeper ones say nothing to a person.
const MOST_LEVELS: usize = 16;

/// Has this object a container of dependencies?
pub(super) fn has_container(body: &Node) -> bool {
    CONTAINERS.iter().any(|key| body.get(key).is_some_and(|node| is_container(key, node)))
}

/// `details` are facts more often than dependencies (Actuator has both): they count only if every entry has a state.
fn is_container(key: &str, node: &Node) -> bool {
    match node {
        Node::Map(entries) if key == "details" => {
            !entries.is_empty() && entries.iter().all(|(_, entry)| entry.get("status").is_some())
        }
        Node::Map(entries) => !entries.is_empty(),
        Node::List(items) => items.iter().any(|item| matches!(item, Node::Map(_))),
        _ => false,
    }
}

/// One object whose dependencies are to be looked for.
struct Job<'a> {
    prefix: String,
    node: &'a Node,
    level: usize,
    /// Inside a container every entry is a dependency; beside a status only what judges is.
    inside: bool,
}

/// Collects the dependencies of a health answer into its observation.
pub(super) fn collect(body: &Node, decoded: &mut Decoded) {
    let mut jobs = VecDeque::from([Job { prefix: String::new(), node: body, level: 0, inside: false }]);
    while let Some(job) = jobs.pop_front() {
        for (name, entry) in named_entries(job.node) {
            if decoded.observation.components.len() >= MOST {
                decoded.warn_cut("components");
                return;
            }
            if !job.inside && CONTAINERS.iter().any(|key| name.eq_ignore_ascii_case(key)) {
                if is_container(&name.to_ascii_lowercase(), entry) && job.level < MOST_LEVELS {
                    let prefix = job.prefix.clone();
                    jobs.push_back(Job { prefix, node: entry, level: job.level + 1, inside: true });
                }
                continue;
            }
            let own_state = !job.inside && STATUS_KEYS.iter().any(|key| name.eq_ignore_ascii_case(key));
            if own_state || (!job.inside && job.level > 0) {
                continue;
            }
            let name = join(&job.prefix, &name);
            push(&name, entry, job.inside, decoded);
            if job.level < MOST_LEVELS && has_container(entry) {
                jobs.push_back(Job { prefix: name, node: entry, level: job.level + 1, inside: false });
            } else if let Node::List(items) = entry
                && job.inside
            {
                push_checks(&name, items, decoded);
            }
        }
    }
}

/// The entries of an object under their keys, or of an array under the names that its items carry.
fn named_entries(node: &Node) -> Vec<(String, &Node)> {
    match node {
        Node::Map(entries) => entries.iter().map(|(key, node)| (short(key), node)).collect(),
        Node::List(items) => items
            .iter()
            .enumerate()
            .filter(|(_, item)| matches!(item, Node::Map(_)))
            .map(|(i, item)| {
                let name = item
                    .first(&["name", "component", "service", "id", "key", "check"])
                    .and_then(Node::scalar);
                (name.map_or_else(|| i.to_string(), |name| short(&name)), item)
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn short(name: &str) -> String {
    name.chars().take(100).collect()
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}").chars().take(300).collect() }
}

/// Adds the dependency if it is one.
fn push(name: &str, entry: &Node, inside: bool, decoded: &mut Decoded) {
    let last = name.rsplit('/').next().unwrap_or(name);
    let judged = match entry {
        Node::Bool(_) | Node::Text(_) if !inside && words::describes(last) => None,
        Node::Bool(value) => flag(last, *value, inside),
        Node::Text(text) => match words::judge(text) {
            Some(verdict) => Some((verdict, text.to_string())),
            None if inside => Some((Verdict::Unknown, text.to_string())),
            None => None,
        },
        Node::Map(_) if !inside && words::describes(last) && entry.get("status").is_none() => None,
        Node::Map(_) => object(entry, inside),
        Node::Null | Node::Number(_) | Node::List(_) => None,
    };
    if let Some((verdict, detail)) = judged {
        let component = Component { name: Clean::new(name), verdict, detail: Clean::new(&detail) };
        decoded.observation.components.push(component);
    }
}

fn flag(name: &str, value: bool, inside: bool) -> Option<(Verdict, String)> {
    let verdict = match words::flag(name) {
        Flag::Trouble if value => Verdict::Degraded,
        Flag::Trouble => return None,
        Flag::Setting if !inside => return None,
        Flag::Setting | Flag::Dependency if value => Verdict::Up,
        Flag::Setting | Flag::Dependency => Verdict::Down,
    };
    Some((verdict, value.to_string()))
}

/// Judges an object: its own state, else the truth values in it (`{"connected": true, "latency_ms": 3}`).
fn object(entry: &Node, inside: bool) -> Option<(Verdict, String)> {
    const JUDGING: [&str; 9] =
        ["connected", "healthy", "ok", "available", "ready", "up", "alive", "reachable", "success"];
    let own = ["status", "state", "health"].iter().find_map(|key| state_of(entry.get(key)?));
    if let Some((word, verdict)) = own {
        let detail = detail_of(entry).map_or_else(|| word.to_string(), |detail| format!("{word}: {detail}"));
        return Some((verdict.unwrap_or_default(), detail));
    }
    for key in JUDGING {
        if let Some(Node::Bool(value)) = entry.get(key) {
            let verdict = if *value { Verdict::Up } else { Verdict::Down };
            let detail = detail_of(entry).unwrap_or_default();
            return Some((
                verdict,
                format!("{key} {value}{}{detail}", if detail.is_empty() { "" } else { ": " }),
            ));
        }
    }
    (inside && !has_container(entry)).then(|| (Verdict::Unknown, String::new()))
}

/// Why it is so: an error, a message, or the measured value.
fn detail_of(entry: &Node) -> Option<String> {
    const KEYS: [&str; 8] =
        ["error", "message", "output", "exception", "description", "detail", "reason", "error_message"];
    let place = [Some(entry), entry.get("details"), entry.get("data")];
    for node in place.into_iter().flatten() {
        if let Some(text) = KEYS.iter().find_map(|key| node.get(key)?.text()) {
            return Some(text.to_owned());
        }
    }
    let value = entry.get("observedValue").and_then(Node::scalar)?;
    let unit = entry.get("observedUnit").and_then(Node::scalar).unwrap_or_default();
    Some(format!("{value} {unit}").trim_end().to_owned())
}

/// health+json: each check is a list of measurements, told apart by `componentId` where there are several.
fn push_checks(name: &str, items: &[Node], decoded: &mut Decoded) {
    for (i, item) in items.iter().enumerate() {
        if decoded.observation.components.len() >= MOST {
            return;
        }
        let Node::Map(_) = item else { continue };
        let id = item.first(&["componentId", "node"]).and_then(Node::scalar);
        let id = id.unwrap_or_else(|| i.to_string());
        let name = if items.len() == 1 { name.to_owned() } else { join(name, &short(&id)) };
        push(&name, item, true, decoded);
    }
}
