//! Changes to journal lines and back. What stands in a journal may have been written by anybody: it is cleaned, cut and
//! checked on the way in, and what makes no sense is left out.

use super::change::{Brief, Change, What};
use super::record::Incident;
use super::spell::{self, NAME, TEXT};
use crate::journal::{Category, Entry, Level, Who};
use crate::severity::Severity;
use crate::units::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What the journal's `action` begins with.
const PREFIX: &str = "incident.";

impl Change {
    /// The journal's line. `who` runs this warroom; what a person did is that person's.
    pub fn entry(&self, who: &Who) -> Entry {
        let brief = &self.brief;
        let mut details = Map::new();
        let mut put = |key: &str, value: Value| {
            details.insert(key.to_owned(), value);
        };
        put("incident", Value::from(&*self.incident));
        put("service", Value::from(&*brief.service));
        put("environment", Value::from(&*brief.environment));
        put("severity", Value::from(brief.severity.word()));
        put("title", Value::from(brief.title.as_str()));
        put("began", Value::from(brief.began.to_string()));
        if let Some(runbook) = &brief.runbook {
            put("runbook", Value::from(runbook.as_str()));
        }
        for (name, _) in [("snoozed", brief.snoozed), ("elsewhere", brief.elsewhere)].iter().filter(|it| it.1)
        {
            put(name, Value::from(true));
        }
        put("person", Value::from(self.by.is_some()));
        let mut change = match serde_json::to_value(&self.what) {
            Ok(Value::Object(change)) => change,
            // Maps with text keys and finite numbers always go; a change without its content would not be read back.
            _ => Map::new(),
        };
        change.remove("what");
        put("change", Value::Object(change));
        Entry {
            at: self.at,
            event_id: self.event_id.clone(),
            level: self.level(),
            category: Category::Incident,
            action: format!("{PREFIX}{}", self.what.word()),
            who: self.by.clone().unwrap_or_else(|| who.clone()),
            status: "ok".to_owned(),
            details,
        }
    }

    /// The journal's lines: one a change.
    pub fn entries(&self, who: &Who) -> Vec<Entry> {
        vec![self.entry(who)]
    }

    fn level(&self) -> Level {
        let grave = match self.brief.severity {
            Severity::P0 => Level::Critical,
            Severity::P1 => Level::Error,
            Severity::P2 | Severity::P3 => Level::Warning,
            Severity::P4 => Level::Info,
        };
        match &self.what {
            What::Opened { .. } | What::Reopened { .. } | What::Relapsed { .. } | What::AlertFired { .. } => {
                grave
            }
            What::Graded { from, to, .. } if to > from => grave,
            What::Overdue { .. } => grave.max(Level::Warning),
            _ => Level::Info,
        }
    }

    /// The change that a line tells of; none: it tells of something else, or makes no sense.
    pub fn parse(entry: &Entry) -> Option<Self> {
        if entry.category != Category::Incident {
            return None;
        }
        let word = entry.action.strip_prefix(PREFIX)?;
        let text = |key: &str| entry.details.get(key).and_then(Value::as_str).unwrap_or_default();
        let incident = spell::tidy(text("incident"), 64);
        if incident.is_empty() || incident != text("incident") {
            return None;
        }
        let mut change = Map::new();
        if let Some(Value::Object(members)) = entry.details.get("change") {
            for (key, value) in members.iter().take(64) {
                change.insert(key.clone(), cleaned(value));
            }
        }
        change.insert("what".to_owned(), Value::from(word));
        let what: What = serde_json::from_value(Value::Object(change)).ok()?;
        let person = entry.details.get("person").and_then(Value::as_bool).unwrap_or(false);
        let flag = |key: &str| entry.details.get(key).and_then(Value::as_bool).unwrap_or(false);
        let runbook = entry.details.get("runbook").and_then(Value::as_str);
        let brief = Brief {
            service: spell::tidy(text("service"), NAME).into(),
            environment: spell::tidy(text("environment"), NAME).into(),
            severity: text("severity").parse().unwrap_or(Severity::P4),
            title: spell::tidy(text("title"), NAME),
            began: spell::moment::parse(text("began")).unwrap_or(entry.at),
            runbook: runbook.map(|url| spell::tidy(url, TEXT)),
            snoozed: flag("snoozed"),
            elsewhere: flag("elsewhere"),
        };
        Some(Self {
            at: entry.at,
            incident: incident.into(),
            brief,
            event_id: entry.event_id.clone(),
            by: person.then(|| entry.who.clone()),
            what,
        })
    }
}

/// A value with its texts cleaned and cut; lists and tables, of which a change has none, are left out.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(spell::tidy(text, TEXT)),
        Value::Array(_) | Value::Object(_) => Value::Null,
        other => other.clone(),
    }
}

/// The lines of several changes.
pub fn entries<'c>(changes: impl IntoIterator<Item = &'c Change>, who: &Who) -> Vec<Entry> {
    changes.into_iter().map(|change| change.entry(who)).collect()
}

impl Incident {
    /// The incident in short.
    pub fn brief(&self, at: Timestamp) -> Brief {
        Brief {
            service: self.service(),
            environment: Arc::clone(&self.environment),
            severity: self.severity,
            title: self.title(),
            began: self.began,
            runbook: self.runbook().map(str::to_owned),
            snoozed: self.snoozed(at),
            elsewhere: self.is_elsewhere(),
        }
    }
}
