//! Alertmanager's API v2 as it answers: alerts, groups, silences, status. The shapes are those of its
//! `api/v2/openapi.yaml`, versions 0.25 to 0.34; what a version does not know may be missing.
//!
//! Labels are kept to the letter: a silence is made of them. They are cleaned where they are shown.

use super::parts::{self, Read, members, moment};
use crate::labels::{Labels, MatchOp, Matcher};
use crate::text::Clean;
use crate::units::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most alerts of one answer that are taken.
pub const MOST_ALERTS: usize = 20_000;
/// The most silences.
pub const MOST_SILENCES: usize = 20_000;
/// The most labels of an alert; with more it cannot be what it says it is.
const MOST_LABELS: usize = 128;

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The server's own name for it: a hash of its labels, the same on every peer.
    pub fingerprint: Box<str>,
    /// Its labels, to the letter.
    pub labels: Labels,
    /// Its annotations, not cleaned.
    pub annotations: Vec<(Arc<str>, String)>,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// When it ends by itself, unless whoever sent it sends it again.
    pub ends_at: Timestamp,
    /// Where it comes from.
    pub generator: Option<String>,
    /// How it stands there.
    pub state: State,
    /// Ids of the silences that hold it back.
    pub silenced_by: Vec<Box<str>>,
    /// Fingerprints of the alerts that hold it back.
    pub inhibited_by: Vec<Box<str>>,
    /// Names of the time intervals that hold it back.
    pub muted_by: Vec<Box<str>>,
    /// Who is told of it.
    pub receivers: Vec<Box<str>>,
}

/// How an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nobody has looked at it yet.
    #[default]
    Unprocessed,
    /// Its receivers are told.
    Active,
    /// Its receivers are not told.
    Suppressed,
}

/// A silence.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Its id.
    pub id: Box<str>,
    /// `pending`, `active` or `expired`.
    pub state: Box<str>,
    /// What it matches.
    pub matchers: Vec<SilenceMatcher>,
    /// The same as it was written: to extend it they are sent back to the letter.
    pub raw_matchers: Value,
    /// When it begins, as the server wrote it: another spelling of it would make a new silence.
    pub starts_at: Box<str>,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Who made it.
    pub created_by: Clean,
    /// Why.
    pub comment: String,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// One matcher of a silence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SilenceMatcher {
    /// The label.
    pub name: String,
    /// What it is compared with.
    pub value: String,
    /// Is that a regular expression (RE2, anchored)?
    pub is_regex: bool,
    /// Must it match, or must it not?
    #[serde(default = "yes")]
    pub is_equal: bool,
}

fn yes() -> bool {
    true
}

impl SilenceMatcher {
    /// The same as ours: anchored, `.` matches line ends, a label that is missing counts as empty.
    ///
    /// # Errors
    /// The regular expression cannot be read.
    pub fn matcher(&self) -> Result<Matcher, String> {
        let op = match (self.is_equal, self.is_regex) {
            (true, false) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (false, true) => MatchOp::NotRegex,
        };
        Matcher::new(&self.name, op, &self.value)
    }

    /// As `amtool` and the configuration write it: `job=~"a|b"`.
    pub fn text(&self) -> String {
        let op = match (self.is_equal, self.is_regex) {
            (true, false) => "=",
            (true, true) => "=~",
            (false, false) => "!=",
            (false, true) => "!~",
        };
        let escaped = self.value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        format!("{}{op}\"{escaped}\"", self.name)
    }
}

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `ready`, `settling` or `disabled`.
    pub cluster: Clean,
    /// Members of the cluster that it sees, itself included.
    pub members: usize,
    /// Its version.
    pub version: Clean,
    /// Since when it runs.
    pub up_since: Option<Timestamp>,
}

/// What one peer answered, as far as it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Its alerts.
    pub alerts: Read<Alert>,
    /// Fingerprint -> labels of its group, as text. None: it does not say.
    pub groups: Option<BTreeMap<Box<str>, Box<str>>>,
    /// Its silences. None: it does not say; those that are known stay.
    pub silences: Option<Read<Silence>>,
    /// What it says of itself.
    pub status: Option<Status>,
    /// What it would not tell, and why.
    pub notes: Vec<Clean>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAlert {
    fingerprint: Box<str>,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: String,
    #[serde(default)]
    ends_at: String,
    #[serde(default, rename = "generatorURL")]
    generator: Option<String>,
    #[serde(default)]
    receivers: Vec<RawReceiver>,
    #[serde(default)]
    status: RawState,
}

#[derive(Deserialize)]
struct RawReceiver {
    #[serde(default)]
    name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawState {
    state: String,
    silenced_by: Vec<Box<str>>,
    inhibited_by: Vec<Box<str>>,
    muted_by: Vec<Box<str>>,
}

/// Reads `GET /api/v2/alerts`.
///
/// # Errors
/// It is no list.
pub fn alerts(body: &[u8]) -> Result<Read<Alert>, Clean> {
    Ok(members(parts::list(body)?, MOST_ALERTS, alert))
}

fn alert(raw: RawAlert) -> Result<Alert, String> {
    if raw.labels.len() > MOST_LABELS {
        return Err(format!("an alert has {} labels", raw.labels.len()));
    }
    if raw.fingerprint.is_empty() || raw.fingerprint.len() > 64 {
        return Err("an alert has no fingerprint".to_owned());
    }
    let starts_at = moment(&raw.starts_at).ok_or("an alert has no beginning")?;
    Ok(Alert {
        fingerprint: raw.fingerprint,
        labels: Labels::from_pairs(&raw.labels),
        annotations: raw.annotations.into_iter().map(|(name, text)| (name.into(), text)).collect(),
        starts_at,
        ends_at: moment(&raw.ends_at).unwrap_or(starts_at),
        generator: raw.generator.filter(|url| !url.is_empty()),
        state: match &*raw.status.state {
            "active" => State::Active,
            "suppressed" => State::Suppressed,
            _ => State::Unprocessed,
        },
        silenced_by: raw.status.silenced_by,
        inhibited_by: raw.status.inhibited_by,
        muted_by: raw.status.muted_by,
        receivers: raw.receivers.into_iter().map(|receiver| receiver.name).collect(),
    })
}

/// Reads `GET /api/v2/alerts/groups`: which group each alert is in. Of several, the first that has labels.
///
/// # Errors
/// It is no list.
pub fn groups(body: &[u8]) -> Result<BTreeMap<Box<str>, Box<str>>, Clean> {
    #[derive(Deserialize)]
    struct RawGroup {
        #[serde(default)]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        alerts: Vec<RawMember>,
    }
    #[derive(Deserialize)]
    struct RawMember {
        #[serde(default)]
        fingerprint: Box<str>,
    }
    let read = members(parts::list(body)?, MOST_ALERTS, |group: RawGroup| Ok(group));
    let mut out = BTreeMap::new();
    for group in read.good.into_iter().filter(|group| !group.labels.is_empty()) {
        let pairs: Vec<String> =
            group.labels.iter().take(16).map(|(name, value)| format!("{name}={value}")).collect();
        let text: Box<str> =
            crate::text::clean(&pairs.join(",")).chars().take(120).collect::<String>().into();
        for member in group.alerts.into_iter().take(MOST_ALERTS) {
            out.entry(member.fingerprint).or_insert_with(|| text.clone());
        }
    }
    Ok(out)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSilence {
    id: Box<str>,
    #[serde(default)]
    status: RawSilenceState,
    #[serde(default)]
    matchers: Value,
    starts_at: Box<str>,
    ends_at: String,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    updated_at: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSilenceState {
    state: Box<str>,
}

/// Reads `GET /api/v2/silences`; those that are over are left out.
///
/// # Errors
/// It is no list.
pub fn silences(body: &[u8]) -> Result<Read<Silence>, Clean> {
    // Servers keep what is over for days, often most of the list.
    let over = |silence: &Value| {
        silence.pointer("/status/state").and_then(Value::as_str).is_some_and(|state| state == "expired")
    };
    let list = parts::list(body)?.into_iter().filter(|silence| !over(silence)).collect();
    Ok(members(list, MOST_SILENCES, silence))
}

fn silence(raw: RawSilence) -> Result<Silence, String> {
    let matchers = serde_json::from_value(raw.matchers.clone()).map_err(|error| error.to_string())?;
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if raw.id.is_empty() || raw.id.len() > 64 || !raw.id.chars().all(safe) {
        return Err("a silence has no id".to_owned());
    }
    Ok(Silence {
        id: raw.id,
        state: raw.status.state,
        matchers,
        raw_matchers: raw.matchers,
        starts_at: raw.starts_at,
        ends_at: moment(&raw.ends_at).ok_or("a silence has no end")?,
        created_by: Clean::new(&raw.created_by),
        comment: raw.comment,
        updated_at: moment(&raw.updated_at).unwrap_or_default(),
    })
}

/// Reads `GET /api/v2/status`. The configuration that it holds is left alone: it may hold secrets.
///
/// # Errors
/// It is no object.
pub fn status(body: &[u8]) -> Result<Status, Clean> {
    let value: Value = serde_json::from_slice(body).map_err(|error| parts::not_json(body, &error))?;
    if !value.is_object() {
        return Err(Clean::new("the answer is no object"));
    }
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    Ok(Status {
        cluster: Clean::new(text("/cluster/status")),
        members: value.pointer("/cluster/peers").and_then(Value::as_array).map_or(0, Vec::len),
        version: Clean::new(text("/versionInfo/version")),
        up_since: moment(text("/uptime")),
    })
}

/// What an error says. There are three shapes: a JSON string (400, 404), `{"code", "message"}` (422), text (401).
pub fn said(body: &[u8]) -> Clean {
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.pointer("/message").and_then(Value::as_str).unwrap_or("").to_owned(),
        Err(_) if body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<') => String::new(),
        Err(_) => String::from_utf8_lossy(body).lines().next().unwrap_or("").to_owned(),
    };
    Clean::new(&said.chars().take(160).collect::<String>())
}
