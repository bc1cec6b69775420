//! PagerDuty, Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2-overview>): `trigger`, `acknowledge` and
//! `resolve` of one `dedup_key`, the incident's id. The routing key is put in where it is sent.

use super::{ANNOTATION, ANNOTATIONS, LABELS, TEXT, TITLE, VALUE, link, pairs, tidy, tidy_lines};
use crate::notification::lane::Content;
use crate::notification::{Change, Notice, fnv};
use crate::severity::Severity;
use serde_json::{Value, json};

/// The most characters of a summary and of a `dedup_key`.
const SUMMARY: usize = 1_023;
const KEY: usize = 255;

/// P0 and P1 wake somebody; P3 and P4 do not, where the service's urgency follows the severity.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::P0 | Severity::P1 => "critical",
        Severity::P2 => "error",
        Severity::P3 => "warning",
        Severity::P4 => "info",
    }
}

/// The key under which PagerDuty knows an incident: its id, or what stands for one that is too long.
pub fn dedup_key(id: &str) -> String {
    let tidied = tidy(id, KEY);
    if tidied.chars().count() > KEY { format!("warroom-{:016x}", fnv(&[id.as_bytes()])) } else { tidied }
}

pub(super) fn body(content: &Content) -> Value {
    // It keeps a state for each incident, so that nothing is summed up for it.
    let Content::One { notice, more } = content else { return Value::Null };
    event(notice, *more)
}

fn event(notice: &Notice, more: usize) -> Value {
    let action = match notice.change {
        Change::Acknowledged => "acknowledge",
        Change::Resolved => "resolve",
        _ => "trigger",
    };
    let source = notice.service.as_deref().unwrap_or("unassigned");
    let mut body = json!({
        "event_action": action,
        "dedup_key": dedup_key(&notice.incident),
        "client": "warroom",
    });
    if action != "trigger" {
        return body;
    }
    if let Some(url) = link(notice) {
        body["links"] = json!([{ "href": url, "text": "Runbook" }]);
    }
    body["payload"] = json!({
        "summary": tidy(&notice.line(), SUMMARY),
        "source": tidy(source, TITLE),
        "severity": severity(notice.severity),
        "timestamp": notice.at.to_string(),
        "component": tidy(source, TITLE),
        "group": notice.environment.as_deref().map(|name| tidy(name, TITLE)),
        "class": notice.change.word(),
        "custom_details": {
            "severity": notice.severity.word(),
            "incident": tidy(&notice.incident, TITLE),
            "started": notice.started.to_string(),
            "text": tidy_lines(&notice.text, TEXT),
            "held_before": more,
            "labels": pairs(&notice.labels, LABELS, VALUE),
            "annotations": pairs(&notice.annotations, ANNOTATIONS, ANNOTATION),
        },
    });
    body
}
