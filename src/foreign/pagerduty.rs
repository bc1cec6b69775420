//! PagerDuty's REST API v2 as it answers (<https://developer.pagerduty.com/api-reference/>): open incidents, who is on
//! call; and what may be asked of it, as proposals for the door.

use super::backend::{Backend, Kind, Peer};
use super::parts::{self, Read, members, moment};
use super::silence::{action, headers, literal, spec};
use crate::action::request::RequestSpec;
use crate::action::template::Template;
use crate::action::{Action, ActionKind, Method};
use crate::labels::Labels;
use crate::text::Clean;
use crate::units::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// Members of a page; more it does not give.
pub const PAGE: usize = 100;
/// The most incidents that are taken.
pub const MOST: usize = 1_000;
/// The version that is spoken.
pub const ACCEPT: &str = "application/vnd.pagerduty+json;version=2";
/// The most characters of a note.
const NOTE: usize = 2_000;

/// An open incident.
#[derive(Clone, Debug, PartialEq)]
pub struct PagerIncident {
    /// Its id: letters and digits.
    pub id: Box<str>,
    /// Its number, as people call it.
    pub number: u64,
    /// What it is about.
    pub title: Clean,
    /// Has somebody acknowledged it?
    pub acknowledged: bool,
    /// `high` or `low`.
    pub urgency: Clean,
    /// `P1`, where its account has priorities.
    pub priority: Option<Clean>,
    /// Id and name of its service there.
    pub service: (Box<str>, Clean),
    /// The key under which it was opened: warroom's is the id of its incident.
    pub key: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Its page.
    pub url: Option<String>,
    /// Whose it is now.
    pub assigned: Vec<Clean>,
    /// Who has acknowledged it.
    pub acknowledged_by: Vec<Clean>,
    /// Id of its escalation policy.
    pub policy: Box<str>,
    /// Labels of the alerts that it tells of, where Alertmanager opened it.
    pub alerts: Vec<Labels>,
}

/// Somebody on call.
#[derive(Clone, Debug, PartialEq)]
pub struct OnCall {
    /// Who.
    pub who: Clean,
    /// Who is called first has level 1.
    pub level: u64,
    /// Id and name of the escalation policy.
    pub policy: (Box<str>, Clean),
    /// The schedule; empty: always.
    pub schedule: Clean,
    /// Until when.
    pub until: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Box<str>,
    summary: String,
}

#[derive(Deserialize)]
struct RawIncident {
    id: Box<str>,
    #[serde(default)]
    incident_number: u64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    urgency: String,
    #[serde(default)]
    priority: Option<Reference>,
    #[serde(default)]
    service: Reference,
    #[serde(default)]
    incident_key: Option<String>,
    created_at: String,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    assignments: Vec<Assignment>,
    #[serde(default)]
    acknowledgements: Vec<Acknowledgement>,
    #[serde(default)]
    escalation_policy: Option<Reference>,
    #[serde(default)]
    first_trigger_log_entry: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Assignment {
    assignee: Reference,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Acknowledgement {
    acknowledger: Reference,
}

/// What a page of incidents says: its members, and whether there are more.
///
/// # Errors
/// It is no page of incidents.
pub fn incidents(body: &[u8]) -> Result<(Read<PagerIncident>, bool), Clean> {
    let (list, more) = page(body, "incidents")?;
    Ok((members(list, PAGE, incident), more))
}

/// What a page of people on call says.
///
/// # Errors
/// It is no page of people on call.
pub fn on_calls(body: &[u8]) -> Result<(Read<OnCall>, bool), Clean> {
    let (list, more) = page(body, "oncalls")?;
    Ok((members(list, PAGE, on_call), more))
}

fn page(body: &[u8], name: &str) -> Result<(Vec<Value>, bool), Clean> {
    let mut value: Value = serde_json::from_slice(body).map_err(|error| parts::not_json(body, &error))?;
    let more = value.get("more").and_then(Value::as_bool).unwrap_or(false);
    match value.get_mut(name).map(Value::take) {
        Some(Value::Array(list)) => Ok((list, more)),
        _ => Err(Clean::new(&format!("the answer holds no list of {name}"))),
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn incident(raw: RawIncident) -> Result<PagerIncident, String> {
    if !is_id(&raw.id) {
        return Err("an incident has no id".to_owned());
    }
    let names = |list: Vec<Reference>| list.into_iter().take(8).map(|one| Clean::new(&one.summary)).collect();
    let details = raw.first_trigger_log_entry.pointer("/channel/details");
    Ok(PagerIncident {
        number: raw.incident_number,
        title: Clean::new(&raw.title),
        acknowledged: raw.status == "acknowledged",
        urgency: Clean::new(&raw.urgency),
        priority: raw.priority.map(|priority| Clean::new(&priority.summary)).filter(|word| !word.is_empty()),
        service: (raw.service.id, Clean::new(&raw.service.summary)),
        key: raw.incident_key.unwrap_or_default().chars().take(255).collect(),
        created_at: moment(&raw.created_at).ok_or("an incident has no beginning")?,
        url: raw.html_url.filter(|url| url.starts_with("https://")),
        assigned: names(raw.assignments.into_iter().map(|one| one.assignee).collect()),
        acknowledged_by: names(raw.acknowledgements.into_iter().map(|one| one.acknowledger).collect()),
        policy: raw.escalation_policy.map(|policy| policy.id).unwrap_or_default(),
        alerts: details
            .and_then(|it| it.get("firing"))
            .and_then(Value::as_str)
            .map(firing)
            .unwrap_or_default(),
        id: raw.id,
    })
}

/// Labels of the alerts in what Alertmanager's default template writes (`pagerduty.default.instances`): a line
/// `Labels:`, then ` - name = value` each, then `Annotations:`.
fn firing(text: &str) -> Vec<Labels> {
    let mut out: Vec<Labels> = Vec::new();
    let mut pairs: Option<Vec<(&str, &str)>> = None;
    for line in text.lines().take(2_000).chain(["Labels:"]) {
        let line = line.trim();
        match (line, &mut pairs) {
            ("Labels:", _) => {
                let done = pairs.replace(Vec::new()).filter(|pairs| !pairs.is_empty());
                out.extend(done.map(Labels::from_pairs));
            }
            ("Annotations:" | "Source:", _) => {
                out.extend(pairs.take().filter(|pairs| !pairs.is_empty()).map(Labels::from_pairs));
            }
            (line, Some(pairs)) => {
                pairs.extend(line.strip_prefix("- ").and_then(|line| line.split_once(" = ")));
            }
            _ => {}
        }
    }
    out.truncate(200);
    out
}

#[derive(Deserialize)]
struct RawOnCall {
    #[serde(default)]
    user: Reference,
    #[serde(default)]
    escalation_level: u64,
    #[serde(default)]
    escalation_policy: Reference,
    #[serde(default)]
    schedule: Option<Reference>,
    #[serde(default)]
    end: Option<String>,
}

fn on_call(raw: RawOnCall) -> Result<OnCall, String> {
    if raw.user.summary.is_empty() {
        return Err("somebody on call has no name".to_owned());
    }
    Ok(OnCall {
        who: Clean::new(&raw.user.summary),
        level: raw.escalation_level,
        policy: (raw.escalation_policy.id, Clean::new(&raw.escalation_policy.summary)),
        schedule: raw.schedule.map(|schedule| Clean::new(&schedule.summary)).unwrap_or_default(),
        until: raw.end.as_deref().and_then(moment),
    })
}

/// Where page `page` of the open incidents is read.
pub fn incidents_url(backend: &Backend, peer: &Peer, page: usize) -> Url {
    let (limit, offset) = (PAGE.to_string(), (page * PAGE).to_string());
    let mut query = vec![
        ("statuses[]", "triggered"),
        ("statuses[]", "acknowledged"),
        ("include[]", "first_trigger_log_entries"),
        ("sort_by", "created_at:asc"),
        ("limit", &*limit),
        ("offset", &*offset),
    ];
    if let Kind::PagerDuty { teams, services, .. } = &backend.kind {
        query.extend(teams.iter().map(|id| ("team_ids[]", id.as_str())));
        query.extend(services.iter().map(|id| ("service_ids[]", id.as_str())));
    }
    backend.url(peer, "/incidents", &query)
}

/// Where it is read who is on call.
pub fn on_calls_url(backend: &Backend, peer: &Peer, page: usize) -> Url {
    let (limit, offset) = (PAGE.to_string(), (page * PAGE).to_string());
    let mut query = vec![("limit", &*limit), ("offset", &*offset), ("earliest", "true")];
    if let Kind::PagerDuty { schedules, .. } = &backend.kind {
        query.extend(schedules.iter().map(|id| ("schedule_ids[]", id.as_str())));
    }
    backend.url(peer, "/oncalls", &query)
}

impl PagerIncident {
    /// Its labels, as an alert of ours has them.
    pub fn labels(&self) -> Labels {
        let number = self.number.to_string();
        let severity = self.priority.as_ref().map_or(self.urgency.as_str(), Clean::as_str);
        Labels::from_pairs([
            ("alertname", "PagerDutyIncident"),
            ("number", &*number),
            ("pagerduty_service", self.service.1.as_str()),
            ("severity", severity),
        ])
    }
}

/// What is to be done with an incident there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish<'a> {
    /// It is acknowledged.
    Acknowledge,
    /// It is resolved.
    Resolve,
    /// A note is added.
    Note(&'a str),
}

/// The action that the door is to judge.
///
/// # Errors
/// A sentence: the backend does not say in whose name it is to be done; the note is empty.
pub fn wish(
    backend: &Backend,
    incident: &PagerIncident,
    wish: Wish<'_>,
    environment: Option<Arc<str>>,
) -> Result<Action, String> {
    let Kind::PagerDuty { from, .. } = &backend.kind else { return Err("that is no PagerDuty".to_owned()) };
    let from = from.as_deref().ok_or_else(|| {
        format!(
            "PagerDuty wants to know who writes: add from = \"you@example.org\" to backend.{}",
            backend.name
        )
    })?;
    let number = incident.number;
    let status = |word: &str| json!({ "incidents": [{ "id": &*incident.id, "type": "incident_reference", "status": word }] });
    let (name, title, request) = match wish {
        Wish::Acknowledge => (
            "pager-ack",
            format!("Acknowledge PagerDuty's incident {number}"),
            spec(Method::Put, "/incidents", Some(&status("acknowledged")))?,
        ),
        Wish::Resolve => (
            "pager-resolve",
            format!("Resolve PagerDuty's incident {number}"),
            spec(Method::Put, "/incidents", Some(&status("resolved")))?,
        ),
        Wish::Note(text) => {
            let text: String = crate::text::clean(text.trim()).chars().take(NOTE).collect();
            if text.is_empty() {
                return Err("a note that says nothing is none".to_owned());
            }
            let body = json!({ "note": { "content": format!("{} ({{user}}, warroom)", literal(&text)) } });
            let path = format!("/incidents/{}/notes", incident.id);
            (
                "pager-note",
                format!("Add a note to PagerDuty's incident {number}"),
                spec(Method::Post, &path, Some(&body))?,
            )
        }
    };
    let mut sent = vec![
        ("Accept".to_owned(), Template::parse(ACCEPT)?),
        ("From".to_owned(), Template::parse(&literal(from))?),
    ];
    sent.extend(headers(backend));
    let request = RequestSpec { headers: sent, ..request };
    let note = format!("{}: {}", incident.service.1, incident.title);
    Ok(action(backend, name, ActionKind::Page, title, request, note, backend.instances(None), environment))
}
