//! warroom's own JSON, version 1, as `docs/notifications.md` describes it.

use super::{ANNOTATION, ANNOTATIONS, LABELS, TEXT, TITLE, link, pairs, tidy, tidy_lines};
use crate::notification::Notice;
use crate::notification::lane::Content;
use serde_json::{Value, json};

pub(super) fn body(content: &Content) -> Value {
    match content {
        Content::One { notice, more } => {
            let mut body = json!({ "version": 1, "kind": "change" });
            merge(&mut body, whole(notice));
            body["held_before"] = json!(more);
            body
        }
        Content::Several { notices, lost } => {
            let skipped = notices.len().saturating_sub(MOST);
            let changes: Vec<Value> = notices.iter().skip(skipped).map(short).collect();
            json!({ "version": 1, "kind": "summary", "headline": super::headline(content),
                "count": notices.len() + lost, "changes": changes })
        }
        Content::Resend(_) => Value::Null,
    }
}

/// Changes of a summary.
const MOST: usize = 50;

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn short(notice: &Notice) -> Value {
    json!({
        "key": tidy(&notice.key, TITLE),
        "incident": tidy(&notice.incident, TITLE),
        "change": notice.change.word(),
        "severity": notice.severity.word(),
        "service": notice.service.as_deref().map(|name| tidy(name, TITLE)),
        "environment": notice.environment.as_deref().map(|name| tidy(name, TITLE)),
        "title": tidy(&notice.title, TITLE),
        "at": notice.at.to_string(),
        "started": notice.started.to_string(),
    })
}

fn whole(notice: &Notice) -> Value {
    let mut body = short(notice);
    merge(
        &mut body,
        json!({
            "headline": tidy(&notice.line(), TITLE),
            "text": tidy_lines(&notice.text, TEXT),
            "url": link(notice),
            "labels": pairs(&notice.labels, LABELS, super::VALUE),
            "annotations": pairs(&notice.annotations, ANNOTATIONS, ANNOTATION),
        }),
    );
    body
}
