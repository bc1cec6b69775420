//! What was done about it: the journal's lines about actions, with the figures before and after.

use super::super::record::Incident;
use super::text::{escape, moment};
use crate::journal::{Category, Entry};
use crate::units::Timestamp;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;

/// The most actions of a table.
const MOST: usize = 200;
/// How long after the end an action still belongs to it.
const AFTER: Duration = Duration::from_secs(3_600);

/// One action: all that the journal says under one id.
struct Act<'e> {
    id: &'e str,
    at: Timestamp,
    name: &'e str,
    service: &'e str,
    who: String,
    reason: String,
    outcome: Option<&'e str>,
    verdict: Option<&'e str>,
    figures: Vec<String>,
}

/// The table of actions; nothing was done, and that is said.
pub(super) fn table(out: &mut String, incident: &Incident, entries: &[Entry], look_back: Duration) {
    out.push_str("## Actions\n\n");
    let acts = collect(incident, entries, look_back);
    if acts.is_empty() {
        out.push_str("None through warroom.\n\n");
        return;
    }
    out.push_str("| Time | Action | By | Outcome | Before and after |\n| --- | --- | --- | --- | --- |\n");
    for act in acts {
        let reason =
            if act.reason.is_empty() { String::new() } else { format!(" ({})", escape(&act.reason)) };
        let outcome =
            [act.outcome, act.verdict].into_iter().flatten().map(escape).collect::<Vec<_>>().join(", ");
        let outcome = if outcome.is_empty() { "unknown".to_owned() } else { outcome };
        let figures = act.figures.iter().map(|line| escape(line)).collect::<Vec<_>>().join("; ");
        let _ = writeln!(
            out,
            "| {} | {} {}{reason} | {} | {outcome} | {figures} |",
            moment(act.at),
            escape(act.service),
            escape(act.name),
            escape(&act.who),
        );
    }
    out.push('\n');
}

fn collect<'e>(incident: &Incident, entries: &'e [Entry], look_back: Duration) -> Vec<Act<'e>> {
    let mut acts: Vec<Act<'e>> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.category == Category::Action) {
        let text = |key: &str| entry.details.get(key).and_then(Value::as_str).unwrap_or_default();
        let id = if text("id").is_empty() { &entry.event_id } else { text("id") };
        let known = acts.iter().position(|act| act.id == id);
        let act = match known {
            Some(at) => acts.get_mut(at),
            // Only what was really sent was done.
            None if entry.action == "action.sent"
                && belongs(incident, entry, look_back)
                && acts.len() < MOST =>
            {
                acts.push(Act {
                    id,
                    at: entry.at,
                    name: text("action"),
                    service: text("service"),
                    who: entry.who.user.as_str().to_owned(),
                    reason: text("reason").to_owned(),
                    outcome: None,
                    verdict: None,
                    figures: Vec::new(),
                });
                acts.last_mut()
            }
            None => None,
        };
        let Some(act) = act else { continue };
        match entry.action.as_str() {
            "action.outcome" => act.outcome = Some(&entry.status),
            "action.verdict" => {
                act.verdict = Some(text("verdict")).filter(|word| !word.is_empty());
                let lines = entry.details.get("figures").and_then(Value::as_array);
                let lines = lines.into_iter().flatten().filter_map(Value::as_str);
                act.figures = lines.take(12).map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    acts
}

/// It names the incident, or was done to one of its services while it lasted.
fn belongs(incident: &Incident, entry: &Entry, look_back: Duration) -> bool {
    let text = |key: &str| entry.details.get(key).and_then(Value::as_str);
    if let Some(named) = text("incident") {
        return *named == *incident.id;
    }
    let ours = text("service").is_some_and(|service| incident.services.iter().any(|own| **own == *service));
    let ended = incident.resolved.as_ref().map(|(ended, _)| *ended + AFTER);
    ours && entry.at + look_back >= incident.began && ended.is_none_or(|ended| entry.at <= ended)
}
