//! What somebody wants to do: an action, a service, values, and what was true when it was proposed.

use super::door::Refused;
use super::facts::Facts;
use super::listing::Choice;
use super::request::Request;
use super::spec::{Action, Instance, Offer, Param, ParamKind, Reach};
use super::template::Fields;
use crate::journal::Who;
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most characters of a reason.
pub const REASON_MOST: usize = 300;

/// What a proposal is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What is to be done.
    pub action: Arc<Action>,
    /// To which service.
    pub service: Arc<str>,
    /// Of which instances it is asked; empty: as the action's reach says (any: the first).
    pub instances: Vec<Arc<str>>,
    /// Values of the parameters, as given.
    pub values: BTreeMap<String, String>,
    /// What the endpoints of listed parameters answered.
    pub choices: BTreeMap<String, Vec<Choice>>,
    /// Who.
    pub who: Who,
    /// The incident that it is for.
    pub incident: Option<String>,
    /// What is true now.
    pub facts: Facts,
    /// Random bits: two proposals of one millisecond must not share an id.
    pub nonce: u64,
    /// Now.
    pub at: Timestamp,
}

/// What somebody wants to do. It is only a wish: the door makes an [`super::Authorized`] of it.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub(super) id: String,
    pub(super) action: Arc<Action>,
    pub(super) service: Arc<str>,
    pub(super) environment: Option<Arc<str>>,
    pub(super) instances: Vec<Instance>,
    pub(super) params: Vec<Chosen>,
    pub(super) who: Who,
    pub(super) incident: Option<String>,
    pub(super) facts: Facts,
    pub(super) made_at: Timestamp,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The parameter.
    pub name: String,
    /// What was chosen.
    pub choice: Choice,
    /// What is there now, where the endpoint says so: before -> after.
    pub current: Option<Choice>,
}

impl Proposal {
    /// Checks the values and puts a proposal together. Nothing is decided: the door does that.
    ///
    /// # Errors
    /// `NotOffered`, `ParamInvalid`.
    pub fn new(draft: Draft) -> Result<Self, Refused> {
        let Draft { action, service, instances, values, choices, who, incident, facts, nonce, at } = draft;
        let not_offered =
            || Refused::NotOffered { action: Arc::clone(&action.name), service: Arc::clone(&service) };
        let offer = action.offer(&service).ok_or_else(not_offered)?;
        let instances = pick(offer, action.reach, &instances)?;
        if let Some(name) = values.keys().find(|name| action.param(name).is_none()) {
            return Err(invalid(name, "is no parameter of this action"));
        }
        let mut params = Vec::new();
        for param in &action.params {
            let given = values.get(&param.name).or(param.default.as_ref());
            let given = given.ok_or_else(|| invalid(&param.name, "has no value"))?;
            params.push(choose(param, given, choices.get(&param.name))?);
        }
        let proposal = Self {
            id: format!("{service}-{}-{:x}-{nonce:08x}", action.name, at.millis()),
            environment: offer.environment.clone(),
            service,
            instances,
            params,
            who,
            incident,
            facts,
            made_at: at,
            action,
        };
        // A value that no request can hold is told now, not when the box has been filled in.
        proposal.requests(&Clean::new("reason"), at)?;
        Ok(proposal)
    }

    /// Its id: also the idempotency key of its request.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is to be done.
    pub fn action(&self) -> &Arc<Action> {
        &self.action
    }

    /// To which service.
    pub fn service(&self) -> &Arc<str> {
        &self.service
    }

    /// In which environment.
    pub fn environment(&self) -> Option<&Arc<str>> {
        self.environment.as_ref()
    }

    /// Which instances are asked, in order.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The values.
    pub fn params(&self) -> &[Chosen] {
        &self.params
    }

    /// Who proposes it.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// What was true then.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// When it was made.
    pub fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// The incident that it is for.
    pub fn incident(&self) -> Option<&str> {
        self.incident.as_deref()
    }

    /// What must be typed.
    pub fn phrase(&self) -> &str {
        self.action.phrase(&self.service)
    }

    /// The same proposal over what is true now: what a person confirms after something has changed.
    #[must_use]
    pub fn renewed(mut self, facts: Facts, nonce: u64, at: Timestamp) -> Self {
        self.id = format!("{}-{}-{:x}-{nonce:08x}", self.service, self.action.name, at.millis());
        self.facts = facts;
        self.made_at = at;
        self
    }

    /// The values of all holes.
    pub fn fields(&self, instance: &Instance, turn: usize, reason: &Clean, at: Timestamp) -> Fields {
        let mut fields = Fields::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("service", (&*self.service).into());
        put("environment", self.environment.as_deref().unwrap_or("").into());
        put("instance", (&*instance.name).into());
        put("reason", reason.as_str().into());
        put("user", self.who.user.as_str().into());
        put("at", at.to_string().into());
        put("id", self.key(turn).into());
        let (params, action) = (&self.params, &self.action);
        for chosen in params {
            put(&chosen.name, chosen.choice.json.clone());
            for (name, value) in &chosen.choice.carried {
                put(&format!("{}.{name}", chosen.name), value.clone());
            }
        }
        super::request::add_vars(action, &mut fields);
        fields
    }

    /// The idempotency key of the request of that turn.
    pub(super) fn key(&self, turn: usize) -> String {
        if self.instances.len() > 1 { format!("{}-{}", self.id, turn + 1) } else { self.id.clone() }
    }

    /// The requests, one an instance, in order: for the screen and, from the door, for sending.
    ///
    /// # Errors
    /// `ParamInvalid`.
    pub fn requests(&self, reason: &Clean, at: Timestamp) -> Result<Vec<Request>, Refused> {
        let mut requests = Vec::new();
        for (turn, instance) in self.instances.iter().enumerate() {
            let fields = self.fields(instance, turn, reason, at);
            let wrong = |error: super::request::Unbuildable| match error {
                super::request::Unbuildable::Hole(hole) => invalid(&hole.hole, hole.why),
                other @ super::request::Unbuildable::Path(_) => invalid("path", &other.to_string()),
            };
            let mut request = self.action.request.fill(instance, &fields).map_err(wrong)?;
            let mut header = |name: &str, value: String| {
                let taken = request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
                if !name.is_empty() && !value.is_empty() && !taken {
                    request.headers.push((name.to_owned(), value));
                }
            };
            header(&self.action.idempotency_header, header_text(&self.key(turn)));
            header(&self.action.reason_header, header_text(reason.as_str()));
            header("X-Actor", header_text(self.who.user.as_str()));
            requests.push(request);
        }
        Ok(requests)
    }

    /// What would be done, without what differs each time (moment, id, reason): what a second person approves. Two
    /// proposals that would do the same give equal values.
    pub fn what(&self) -> Value {
        let fixed = Self { id: "{id}".to_owned(), who: Who::default(), ..self.clone() };
        let requests = fixed.requests(&Clean::new("{reason}"), Timestamp::default()).unwrap_or_default();
        json!({
            "action": &*self.action.name,
            "service": &*self.service,
            "environment": self.environment.as_deref(),
            "reach": self.action.reach.word(),
            "requests": requests.iter().map(Request::to_json).collect::<Vec<_>>(),
        })
    }

    /// What is in every journal entry about it.
    pub(super) fn details(&self) -> Map<String, Value> {
        let params: Map<String, Value> =
            self.params.iter().map(|p| (p.name.clone(), p.choice.value.clone().into())).collect();
        let mut details = Map::new();
        let mut put = |name: &str, value: Value| drop(details.insert(name.to_owned(), value));
        put("id", self.id.as_str().into());
        put("service", (&*self.service).into());
        put("action", (&*self.action.name).into());
        put("kind", self.action.kind.word().into());
        put("hazard", self.action.hazard.word().into());
        put("reach", self.action.reach.word().into());
        put("environment", self.environment.as_deref().into());
        put("params", params.into());
        put("incident", self.incident.as_deref().into());
        details
    }
}

/// Text for a header: as it is if it is printable ASCII, else in the form of RFC 8187 (`UTF-8''sch%C3%B6n`).
fn header_text(text: &str) -> String {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return text.to_owned();
    }
    let mut out = "UTF-8''".to_owned();
    super::template::percent_encode(text, &mut out);
    out
}

fn invalid(name: &str, why: &str) -> Refused {
    Refused::ParamInvalid { name: Clean::new(name), why: Clean::new(why) }
}

/// The instances that are asked.
fn pick(offer: &Offer, reach: Reach, wanted: &[Arc<str>]) -> Result<Vec<Instance>, Refused> {
    let mut picked = Vec::new();
    for name in wanted {
        let found = offer.instances.iter().find(|instance| instance.name == *name);
        let instance = found.ok_or_else(|| Refused::NoSuchInstance { instance: Clean::new(name) })?;
        if picked.contains(instance) {
            return Err(Refused::NoSuchInstance { instance: Clean::new(&format!("{name} (named twice)")) });
        }
        picked.push(instance.clone());
    }
    if wanted.is_empty() {
        picked.clone_from(&offer.instances);
    }
    if reach == Reach::Any {
        picked.truncate(1);
    }
    if picked.is_empty() { Err(Refused::NoSuchInstance { instance: Clean::new("any") }) } else { Ok(picked) }
}

/// A parameter's value, checked against what it may be.
fn choose(param: &Param, given: &str, listed: Option<&Vec<Choice>>) -> Result<Chosen, Refused> {
    let wrong = |why: &str| Err(invalid(&param.name, why));
    if given.chars().any(char::is_control) {
        return wrong("holds a control character");
    }
    let plain = || Choice {
        value: given.to_owned(),
        json: given.into(),
        label: Clean::new(given),
        current: false,
        since: None,
        carried: Map::new(),
    };
    let (choice, current) = match &param.kind {
        ParamKind::Free { pattern, max } => {
            if given.is_empty() {
                return wrong("is empty");
            }
            if given.chars().count() > *max {
                return wrong(&format!("is longer than {max} characters"));
            }
            let whole = |pattern: &regex::Regex| {
                pattern.find(given).is_some_and(|found| found.start() == 0 && found.end() == given.len())
            };
            if pattern.as_ref().is_some_and(|pattern| !whole(pattern)) {
                return wrong("does not look as it must");
            }
            (plain(), None)
        }
        ParamKind::OneOf(words) if words.iter().any(|word| word == given) => (plain(), None),
        ParamKind::OneOf(words) => return wrong(&format!("must be one of {}", words.join(", "))),
        ParamKind::Listed(_) => {
            let Some(choices) = listed else { return wrong("cannot be checked: its list could not be read") };
            match choices.iter().find(|choice| choice.value == given) {
                Some(choice) if choice.current => return wrong("is what runs now"),
                Some(choice) => (choice.clone(), choices.iter().find(|choice| choice.current).cloned()),
                None => return wrong("is not in the list"),
            }
        }
    };
    Ok(Chosen { name: param.name.clone(), choice, current })
}
