//! Notices: what is told to those who wait. Templates come from the configuration and are read once; the values are
//! texts from outside and are put in as they are, never read as templates.

use super::engine::Incidents;
use super::facts::{Figures, HappeningKind};
use super::record::{Incident, Phase};
use super::settings::{number, percent, seconds};
use super::spell;
use crate::units::{Timestamp, format_duration};
use std::fmt::Write as _;
use std::time::Duration;

/// A text with named fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

macro_rules! fields {
    ($($variant:ident = $word:literal,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Field { $($variant,)+ }

        /// The names that may stand in braces.
        pub const FIELDS: &[&str] = &[$($word,)+];

        impl Field {
            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

fields! {
    Id = "id",
    Severity = "severity",
    Service = "service",
    Services = "services",
    Environment = "environment",
    Title = "title",
    Impact = "impact",
    Cause = "cause",
    Mitigation = "mitigation",
    State = "state",
    NextUpdate = "next_update",
    Channel = "channel",
    Engineer = "engineer",
    Began = "began",
    Duration = "duration",
    Fix = "fix",
    Runbook = "runbook",
}

impl Template {
    /// Reads a template: `{name}` is a field, `{{` and `}}` are braces.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else if let Some((name, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) {
                let field = Field::from_word(name.trim()).ok_or_else(|| {
                    format!("has no field {{{}}}: there are {}", spell::tidy(name, 40), FIELDS.join(", "))
                })?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Field(field));
                rest = after;
            } else {
                return Err("has a brace that stands alone: write it twice".to_owned());
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    fn fill(&self, value: impl Fn(Field) -> String) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(field) => out.push_str(&value(*field)),
            }
        }
        out
    }
}

/// What a person adds to a notice; what is empty is taken from the incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Whom it hurts, and how.
    pub impact: String,
    /// Why it happens.
    pub cause: String,
    /// What was done.
    pub mitigation: String,
    /// What ended it.
    pub fix: String,
    /// Who is at it.
    pub engineer: String,
}

/// The first notice.
pub fn opened(incidents: &Incidents, incident: &Incident, words: &Words, at: Timestamp) -> String {
    fill(&incidents.settings.opened, incidents, incident, words, at)
}

/// A notice on the way.
pub fn progress(incidents: &Incidents, incident: &Incident, words: &Words, at: Timestamp) -> String {
    fill(&incidents.settings.progress, incidents, incident, words, at)
}

/// The last notice.
pub fn resolved(incidents: &Incidents, incident: &Incident, words: &Words, at: Timestamp) -> String {
    fill(&incidents.settings.resolved, incidents, incident, words, at)
}

/// The notice that fits how the incident stands: the first one until somebody has acknowledged it.
pub fn fitting(incidents: &Incidents, incident: &Incident, words: &Words, at: Timestamp) -> String {
    match (&incident.phase, &incident.acknowledged) {
        (Phase::Resolved, _) => resolved(incidents, incident, words, at),
        (_, None) => opened(incidents, incident, words, at),
        (_, Some(_)) => progress(incidents, incident, words, at),
    }
}

fn fill(
    template: &Template,
    incidents: &Incidents,
    incident: &Incident,
    words: &Words,
    at: Timestamp,
) -> String {
    let settings = &incidents.settings;
    let or = |said: &str, else_: String| {
        let said = spell::tidy(said, spell::TEXT);
        if said.is_empty() { else_ } else { said }
    };
    template.fill(|field| match field {
        Field::Id => incident.id.to_string(),
        Field::Severity => incident.severity.to_string(),
        Field::Service => incident.service().to_string(),
        Field::Services => incident.services.iter().map(|name| &**name).collect::<Vec<_>>().join(", "),
        Field::Environment => incident.environment.to_string(),
        Field::Title => incident.title(),
        Field::Impact => or(&words.impact, impact(incident)),
        Field::Cause => or(&words.cause, cause(incident)),
        Field::Mitigation => or(&words.mitigation, mitigation(incident)),
        Field::State => state(incident, at),
        Field::NextUpdate => clock(at + settings.timing.update_every, settings),
        Field::Channel => settings.channel.clone(),
        Field::Engineer => or(&words.engineer, engineer(incident)),
        Field::Began => clock(incident.began, settings),
        Field::Duration => lasted(incident, at),
        Field::Fix => or(&words.fix, fix(incident)),
        Field::Runbook => incident.runbook().unwrap_or("none").to_owned(),
    })
}

/// `14:03 UTC`, in the zone of the calendar: that of the people who read it.
fn clock(at: Timestamp, settings: &super::Settings) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(moment) => moment.to_zoned(settings.calendar.zone.clone()).strftime("%H:%M %Z").to_string(),
        Err(_) => at.to_string(),
    }
}

/// How long it lasted, or lasts so far, to the minute (to the second below one).
pub(super) fn lasted(incident: &Incident, at: Timestamp) -> String {
    let end = incident.resolved.as_ref().map_or(at, |(end, _)| *end);
    span(end.since(incident.began))
}

/// A duration as people say it: `1h4m`, `37s`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format_duration(Duration::from_secs(if seconds < 60 { seconds } else { seconds - seconds % 60 }))
}

fn impact(incident: &Incident) -> String {
    let mut out = incident.why.clone();
    if let Some(figures) = incident.course.last().filter(|_| incident.is_open()) {
        let said = worded(figures);
        if !said.is_empty() {
            let _ = write!(out, " ({said})");
        }
    }
    out
}

/// `errors 4.2%, latency 812ms, 30 requests/s`.
pub(super) fn worded(figures: &Figures) -> String {
    let parts = [
        figures.errors.map(|n| format!("errors {}", percent(n))),
        figures.latency.map(|n| format!("latency {}", seconds(n))),
        figures.requests.map(|n| format!("{} requests/s", number(n))),
        figures.queue.map(|n| format!("queue {}", number(n))),
        figures.budget_left.map(|n| format!("budget left {}", percent(n))),
        figures.burn.map(|n| format!("burn {}x", number(n))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What warroom can say of the cause: the dependency, or a deploy shortly before. It does not guess beyond that.
fn cause(incident: &Incident) -> String {
    let mut out = Vec::new();
    if let [cause, others @ ..] = &incident.services[..]
        && !others.is_empty()
    {
        out.push(format!("{cause} seems to be the cause (also hit: {})", others.join(", ")));
    }
    let signal =
        |kind: &str| incident.timeline.iter().find(|item| item.kind == "signal" && item.text.contains(kind));
    if let Some(deploy) = signal(": deploy ") {
        out.push(deploy.text.clone());
    }
    if out.is_empty() { "under investigation".to_owned() } else { out.join("; ") }
}

fn mitigation(incident: &Incident) -> String {
    if let Some((_, how)) = &incident.mitigated {
        return how.clone();
    }
    let action = incident.timeline.iter().rev().find(|item| item.text.contains(": action "));
    action.map_or_else(|| "under way".to_owned(), |item| item.text.clone())
}

fn fix(incident: &Incident) -> String {
    let how = incident.mitigated.as_ref().map(|(_, how)| how);
    let reason = incident.resolved.as_ref().map(|(_, reason)| reason);
    how.or(reason).cloned().unwrap_or_else(|| "under way".to_owned())
}

fn engineer(incident: &Incident) -> String {
    let acknowledged = incident.acknowledged.as_ref().map(|mark| mark.user.clone());
    incident
        .assignee
        .clone()
        .or(acknowledged)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "nobody yet".to_owned())
}

fn state(incident: &Incident, at: Timestamp) -> String {
    let word = match (&incident.phase, &incident.mitigated, &incident.acknowledged) {
        (Phase::Resolved, _, _) => "resolved",
        (Phase::Merged(_), _, _) => "part of another incident",
        (Phase::Open, Some(_), _) => "mitigated, not over yet",
        (Phase::Open, None, Some(_)) => "being worked on",
        (Phase::Open, None, None) => "not acknowledged",
    };
    let firing = incident.firing().count();
    format!("{word}, {firing} alert{} firing, {}", if firing == 1 { "" } else { "s" }, lasted(incident, at))
}

impl HappeningKind {
    /// Is it something that people did to the service: a deploy or an action?
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Deploy { .. } | Self::ActionDone { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_or_refused() {
        for (text, filled) in [
            ("", ""),
            ("plain", "plain"),
            ("{service}: {{x}} {title}!", "<service>: {x} <title>!"),
            ("{ id }{id}", "<id><id>"),
        ] {
            let template = Template::parse(text).unwrap();
            let value = |field| {
                let word = FIELDS.iter().find(|word| Field::from_word(word) == Some(field)).unwrap();
                format!("<{word}>")
            };
            assert_eq!(template.fill(value), filled);
        }
        for bad in ["{nope}", "{", "}", "a } b", "{service", "{}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
