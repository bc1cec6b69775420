//! Incidents for programs. The shape is versioned: fields are added, never changed.

use super::state_word;
use crate::incident::{Incident, Timer};
use crate::units::Timestamp;
use serde_json::{Value, json};

/// The version of the shape.
const VERSION: u64 = 1;

/// A list.
pub(super) fn list(incidents: &[&Incident], at: Timestamp) -> Value {
    let list: Vec<Value> = incidents.iter().map(|incident| brief(incident, at)).collect();
    json!({ "schema": VERSION, "at": at.to_string(), "incidents": list })
}

/// One, with its alerts and its timeline.
pub(super) fn show(incident: &Incident, at: Timestamp) -> Value {
    let mut value = brief(incident, at);
    let alerts: Vec<Value> = incident
        .alerts
        .iter()
        .map(|alert| {
            json!({
                "name": alert.name,
                "service": &*alert.service,
                "severity": alert.severity.word(),
                "firing": alert.firing,
                "active_at": alert.active_at.to_string(),
                "value": alert.value,
                "summary": alert.summary,
                "runbook": alert.runbook,
                "labels": alert.labels,
            })
        })
        .collect();
    let timeline: Vec<Value> = incident
        .timeline
        .iter()
        .map(|item| json!({ "at": item.at.to_string(), "kind": item.kind, "text": item.text, "by": item.by }))
        .collect();
    if let Value::Object(fields) = &mut value {
        fields.insert("schema".to_owned(), json!(VERSION));
        fields.insert("alerts".to_owned(), alerts.into());
        fields.insert("timeline".to_owned(), timeline.into());
    }
    value
}

fn brief(incident: &Incident, at: Timestamp) -> Value {
    let services: Vec<&str> = incident.services.iter().map(|service| &**service).collect();
    let timers = incident.timers(at);
    let moment = |at: Timestamp| at.to_string();
    json!({
        "id": &*incident.id,
        "severity": incident.severity.word(),
        "state": state_word(incident),
        "environment": &*incident.environment,
        "services": services,
        "title": incident.title(),
        "why": incident.why,
        "began": moment(incident.began),
        "opened": moment(incident.opened_at),
        "acknowledged": incident.acknowledged.as_ref().map(|mark| json!({ "at": moment(mark.at), "by": mark.user })),
        "assignee": incident.assignee,
        "mitigated": incident.mitigated.as_ref().map(|(at, how)| json!({ "at": moment(*at), "how": how })),
        "resolved": incident.resolved.as_ref().map(|(at, why)| json!({ "at": moment(*at), "reason": why })),
        "snoozed_until": incident.snoozed_until.filter(|until| *until > at).map(moment),
        "answer_by": due(timers.answer),
        "escalate_at": due(timers.escalate),
        "flaps": incident.flaps,
        "runbook": incident.runbook(),
        "firing": incident.firing().count(),
    })
}

fn due(timer: Timer) -> Option<String> {
    match timer {
        Timer::Running(due) | Timer::Overdue(due) => Some(due.to_string()),
        Timer::Stopped => None,
    }
}
