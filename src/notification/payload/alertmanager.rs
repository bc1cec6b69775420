//! Alertmanager, `POST /api/v2/alerts` (its `api/v2/openapi.yaml`): an array of alerts, told apart by their labels. One
//! that is not sent again before its `endsAt` counts as resolved, so that a warroom that dies leaves nothing firing.

use super::{ANNOTATION, ANNOTATIONS, LABELS, TEXT, TITLE, VALUE, link, tidy, tidy_lines};
use crate::notification::lane::Content;
use crate::notification::{Change, Notice};
use crate::severity::Severity;
use crate::units::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// So many intervals of repetition may be lost before an alert ends by itself; Prometheus's notifier does the same.
const LOST: u32 = 4;

pub(super) fn body(content: &Content, previous: Option<&Notice>, resend: Duration, at: Timestamp) -> Value {
    let until = at + resend * LOST;
    match content {
        Content::One { notice, .. } => match notice.change {
            // What ends is what was told, with the labels that it was told with.
            Change::Resolved => json!([alert(previous.unwrap_or(notice), notice.at)]),
            Change::Test => json!([alert(notice, at)]),
            _ => match previous.filter(|previous| labels(previous) != labels(notice)) {
                Some(previous) => json!([alert(previous, notice.at), alert(notice, until)]),
                None => json!([alert(notice, until)]),
            },
        },
        Content::Resend(notices) => notices.iter().map(|notice| alert(notice, until)).collect(),
        Content::Several { .. } => Value::Null,
    }
}

fn alert(notice: &Notice, ends: Timestamp) -> Value {
    // An alert that ends before it begins is refused.
    let starts = notice.started.min(ends);
    let mut alert = json!({
        "labels": labels(notice),
        "annotations": annotations(notice),
        "startsAt": starts.to_string(),
        "endsAt": ends.to_string(),
    });
    if let Some(url) = link(notice) {
        alert["generatorURL"] = json!(url);
    }
    alert
}

/// The names that Alertmanager has always taken; newer ones take any.
fn name(raw: &str) -> String {
    let good = |(at, c): (usize, char)| match c {
        'a'..='z' | 'A'..='Z' | '_' => c,
        '0'..='9' if at > 0 => c,
        _ => '_',
    };
    raw.chars().take(super::NAME).enumerate().map(good).collect()
}

fn labels(notice: &Notice) -> Map<String, Value> {
    let own = notice.labels.iter().take(LABELS);
    let mut labels: Map<String, Value> = own
        .map(|(key, value)| (name(key), tidy(value, VALUE)))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .map(|(key, value)| (key, value.into()))
        .collect();
    let severity = match notice.severity {
        Severity::P0 | Severity::P1 => "critical",
        Severity::P2 | Severity::P3 => "warning",
        Severity::P4 => "info",
    };
    let mut set = |key: &str, value: &str| {
        if !value.is_empty() {
            labels.insert(key.to_owned(), value.into());
        }
    };
    set("alertname", "WarroomIncident");
    set("incident", &tidy(&notice.incident, TITLE));
    set("severity", severity);
    set("priority", notice.severity.word());
    set("service", &tidy(notice.service.as_deref().unwrap_or("unassigned"), TITLE));
    set("environment", &tidy(notice.environment.as_deref().unwrap_or_default(), TITLE));
    labels
}

fn annotations(notice: &Notice) -> Map<String, Value> {
    let own = notice.annotations.iter().take(ANNOTATIONS);
    let mut out: Map<String, Value> =
        own.map(|(key, value)| (name(key), tidy_lines(value, ANNOTATION).into())).collect();
    out.remove("");
    out.insert("summary".to_owned(), tidy(&notice.title, TITLE).into());
    out.insert("description".to_owned(), tidy_lines(&notice.text, TEXT).into());
    out
}
