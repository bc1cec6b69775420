//! Silences, as proposals for the door: made, extended, ended. Here is only said what would be sent.
//!
//! A silence matches the alerts of an incident and as little else as can be said with matchers: each label that they share
//! with its value, each that tells them apart with the values that were seen. What it would hit besides is counted
//! and shown. Its comment ends with `[warroom KEY]`: after a lost answer that is how it is found.

use super::alertmanager::{Silence, SilenceMatcher};
use super::backend::Backend;
use super::cluster::{Foreign, Picture};
use crate::action::request::{BodySpec, RequestSpec};
use crate::action::spec::{Reach, Settle};
use crate::action::template::{JsonTemplate, Template};
use crate::action::{Action, ActionKind, Body, Hazard, Method, Offer, Request};
use crate::labels::{Labels, Matcher, accepts_all};
use crate::units::{Timestamp, format_duration};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The most values of a label that a matcher names, and the most characters that they may have together.
const MOST_VALUES: usize = 50;
const LONGEST: usize = 4_000;
/// What an exchange may take: a silence that takes longer is better asked for again.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most characters of what a person says about it.
const COMMENT: usize = 400;

/// What is to be changed.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// These alerts are silenced.
    Make {
        /// The alerts.
        alerts: &'a [&'a Foreign],
        /// For how long.
        span: Duration,
    },
    /// This silence ends at another moment; its id stays.
    Extend {
        /// Which one.
        silence: &'a Silence,
        /// When it is to end.
        until: Timestamp,
    },
    /// This silence ends now.
    Expire(&'a Silence),
}

/// What a change is made of.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Where.
    pub backend: &'a Backend,
    /// What is known there.
    pub picture: &'a Picture,
    /// What.
    pub change: Change<'a>,
    /// The incident that it is for.
    pub incident: Option<&'a str>,
    /// That of the incident's service, for backends that have none of their own.
    pub environment: Option<Arc<str>>,
    /// What a person says about it; may be empty.
    pub why: &'a str,
    /// Now.
    pub at: Timestamp,
}

impl Draft<'_> {
    /// The action that the door is to judge. It asks one member of the cluster: one that answered the last time, if any;
    /// the others learn it from that one.
    ///
    /// # Errors
    /// A sentence: nothing can be said with matchers that would not silence more than meant.
    pub fn action(&self) -> Result<Action, String> {
        let backend = self.backend;
        let (name, title, request, note) = match self.change {
            Change::Make { alerts, span } => self.make(alerts, span)?,
            Change::Extend { silence, until } => self.extend(silence, until),
            Change::Expire(silence) => {
                let title = format!("End the silence {} in {}", silence.id, backend.title());
                let path = format!("/api/v2/silence/{}", silence.id);
                let note = format!("made by {}; its receivers are told again", silence.created_by);
                ("silence-end", title, spec(Method::Delete, &path, None)?, note)
            }
        };
        let answers =
            self.picture.peers.iter().find(|peer| peer.failure.is_none() && peer.answered.is_some());
        let instances = backend.instances(answers.map(|peer| &*peer.name));
        let request = RequestSpec { headers: headers(backend), ..request };
        Ok(action(
            backend,
            name,
            ActionKind::Silence,
            title,
            request,
            note,
            instances,
            self.environment.clone(),
        ))
    }

    fn make(
        &self,
        alerts: &[&Foreign],
        span: Duration,
    ) -> Result<(&'static str, String, RequestSpec, String), String> {
        let (matchers, others) = matchers(alerts, &self.picture.alerts)?;
        let (span_text, count) = (format_duration(span), alerts.len());
        let what = if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") };
        let title = format!("Silence {what} in {} for {span_text}", self.backend.title());
        let note = match others {
            0 => format!("it matches {what} of this incident and no other alert that fires now"),
            1 => format!("it matches {what} of this incident AND 1 OTHER that fires now"),
            more => format!("it matches {what} of this incident AND {more} OTHERS that fire now"),
        };
        let matchers: Vec<Value> = matchers.iter().map(|matcher| escaped(&json!(matcher))).collect();
        let body = json!({
            "matchers": matchers,
            "startsAt": self.at.to_string(),
            "endsAt": (self.at + span).to_string(),
            "createdBy": "{user}",
            "comment": self.comment("acknowledged"),
        });
        Ok(("silence", title, spec(Method::Post, "/api/v2/silences", Some(&body))?, note))
    }

    fn extend(&self, silence: &Silence, until: Timestamp) -> (&'static str, String, RequestSpec, String) {
        let title = format!(
            "Let the silence {} in {} last until {}",
            silence.id,
            self.backend.title(),
            until.clock()
        );
        // Its beginning and its matchers go back to the letter: otherwise this would be another silence.
        let body = json!({
            "id": literal(&silence.id),
            "matchers": escaped(&silence.raw_matchers),
            "startsAt": literal(&silence.starts_at),
            "endsAt": until.to_string(),
            "createdBy": literal(silence.created_by.as_str()),
            "comment": extended(&silence.comment),
        });
        let note = format!("it would end at {}; its id stays", silence.ends_at.clock());
        // Every text in it was written by this function, so that it can be read.
        let request = spec(Method::Post, "/api/v2/silences", Some(&body)).unwrap_or_default();
        ("silence-extend", title, request, note)
    }

    /// `INC-20261121-442ec9: acknowledged by anna: looking [warroom KEY]`, as a template.
    fn comment(&self, done: &str) -> String {
        let why: String = crate::text::clean(self.why.trim()).chars().take(COMMENT).collect();
        let colon = if why.is_empty() { "" } else { ": " };
        let incident = self.incident.map_or_else(String::new, |id| format!("{id}: "));
        format!("{}{done} by {{user}}{colon}{} [warroom {{id}}]", literal(&incident), literal(&why))
    }
}

/// What was said before stays in front: `...; extended by ben [warroom KEY]`.
fn extended(before: &str) -> String {
    let before: String = shown(before).chars().take(COMMENT).collect();
    let semicolon = if before.is_empty() { "" } else { "; " };
    format!("{}{semicolon}extended by {{user}} [warroom {{id}}]", literal(&before))
}

/// Matchers that accept these alerts and as little else as can be said, and how many others of `all` they accept.
fn matchers(alerts: &[&Foreign], all: &[Foreign]) -> Result<(Vec<SilenceMatcher>, usize), String> {
    let sets: Vec<&Labels> = alerts.iter().map(|alert| &alert.alert.labels).collect();
    let names: BTreeSet<&str> = sets.iter().flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
    let mut out = Vec::new();
    for name in names {
        let values: BTreeSet<&str> = sets.iter().map(|labels| labels.get(name).unwrap_or("")).collect();
        let length: usize = values.iter().map(|value| value.len() + 1).sum();
        let made = |value: String, is_regex| SilenceMatcher {
            name: name.to_owned(),
            value,
            is_regex,
            is_equal: true,
        };
        if let (1, Some(only)) = (values.len(), values.first()) {
            out.push(made((*only).to_owned(), false));
        } else if values.len() <= MOST_VALUES && length <= LONGEST {
            let escaped: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
            out.push(made(escaped.join("|"), true));
        }
        // With too many values it is left out; what that lets in is counted below.
    }
    let ours: Vec<Matcher> = out.iter().map(SilenceMatcher::matcher).collect::<Result<_, _>>()?;
    let bites = ours.iter().any(|matcher| !matcher.matches(""));
    if alerts.is_empty() || !bites {
        return Err("its alerts share no label: silence them one by one".to_owned());
    }
    let meant: BTreeSet<&str> = alerts.iter().map(|alert| &*alert.fingerprint).collect();
    let others = all
        .iter()
        .filter(|alert| !meant.contains(&*alert.fingerprint) && accepts_all(&ours, &alert.alert.labels));
    Ok((out, others.count()))
}

/// A request of ours: `path` and the strings of `body` are templates.
pub(super) fn spec(method: Method, path: &str, body: Option<&Value>) -> Result<RequestSpec, String> {
    let json = body.map(JsonTemplate::parse).transpose()?;
    Ok(RequestSpec {
        method,
        path: Template::parse(path)?,
        headers: Vec::new(),
        body: json.map_or(BodySpec::None, |json| BodySpec::Json(json, "application/json".to_owned())),
        timeout: TIMEOUT,
    })
}

/// The backend's own headers.
pub(super) fn headers(backend: &Backend) -> Vec<(String, Template)> {
    let made =
        |(name, value): &(String, String)| Some((name.clone(), Template::parse(&literal(value)).ok()?));
    backend.headers.iter().filter_map(made).collect()
}

/// An action on a backend: reversible, asked of one member, with nothing to wait for afterwards.
#[expect(clippy::too_many_arguments, reason = "each is a field of what is made")]
pub(super) fn action(
    backend: &Backend,
    name: &str,
    kind: ActionKind,
    title: String,
    request: RequestSpec,
    note: String,
    instances: Vec<crate::action::Instance>,
    environment: Option<Arc<str>>,
) -> Action {
    let environment = backend.environment.clone().or(environment);
    Action {
        name: name.into(),
        kind,
        title,
        hazard: Hazard::Reversible,
        offers: vec![Offer { service: backend.subject(), environment, instances }],
        reach: Reach::Any,
        request,
        accept: vec![200, 201],
        vars: Vec::new(),
        params: Vec::new(),
        job: None,
        settle: Settle::Nothing,
        settle_limit: Duration::ZERO,
        cool_down: Duration::ZERO,
        checks: Vec::new(),
        needs_reason: false,
        idempotency_header: String::new(),
        reason_header: String::new(),
        errors: Vec::new(),
        note,
    }
}

/// Text as a template that means itself.
pub(super) fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A value whose strings mean themselves. What a server sent is no deeper than JSON's reader allows.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(literal(text)),
        Value::Array(items) => items.iter().map(escaped).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(name, item)| (name.clone(), escaped(item)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// What a silence's comment ends with that was made with this key.
pub fn mark(key: &str) -> String {
    format!("[warroom {key}]")
}

/// Was it made or extended by a warroom?
pub fn is_ours(silence: &Silence) -> bool {
    silence.comment.trim_end().ends_with(']') && silence.comment.contains("[warroom ")
}

/// The comment as it is shown: without the mark.
pub fn shown(comment: &str) -> String {
    let text = comment.rsplit_once("[warroom ").map_or(comment, |(text, _)| text);
    crate::text::clean(text.trim()).into_owned()
}

/// The same as a line for `amtool`; none: it is no request for a silence.
pub fn amtool(request: &Request) -> Option<String> {
    let quoted = |text: &str| format!("'{}'", crate::text::clean(text).replace('\'', r"'\''"));
    let path = request.url.path();
    let (base, rest) = path.split_once("/api/v2/silence")?;
    let mut server = request.url.clone();
    server.set_path(base);
    let head = format!("amtool --alertmanager.url={}", quoted(server.as_str().trim_end_matches('/')));
    if request.method == Method::Delete {
        return Some(format!("{head} silence expire {}", rest.trim_start_matches('/')));
    }
    let Body::Json(body, _) = &request.body else { return None };
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("");
    let (end, comment) = (quoted(text("endsAt")), quoted(text("comment")));
    if let Some(id) = body.get("id").and_then(Value::as_str) {
        return Some(format!("{head} silence update --end={end} --comment={comment} {id}"));
    }
    let matchers: Vec<SilenceMatcher> = serde_json::from_value(body.get("matchers")?.clone()).ok()?;
    let matchers: Vec<String> = matchers.iter().map(|matcher| quoted(&matcher.text())).collect();
    let (start, author) = (quoted(text("startsAt")), quoted(text("createdBy")));
    let matchers = matchers.join(" ");
    Some(format!(
        "{head} silence add --author={author} --start={start} --end={end} --comment={comment} {matchers}"
    ))
}
