//! Actions and policies, compiled: each `action.NAME` over its preset, each `environment.NAME` as a policy.

mod parts;

use super::Found;
use crate::action::freeze::Freeze;
use crate::action::presets;
use crate::action::request::{BodySpec, RequestSpec};
use crate::action::spec::{CheckKind, Reach, Settle};
use crate::action::template::{JsonTemplate, Template};
use crate::action::{Action, ActionKind, Hazard, Instance, Method, Offer, Policy};
use crate::config::action as written;
use crate::config::{Config, Place, Problem, Service, Spanned};
use crate::promql::Names;
use crate::target::Route;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Holes that every request of an action can have.
const HOLES: [&str; 7] = ["service", "environment", "instance", "reason", "user", "at", "id"];

/// Compiles the environments.
pub(super) fn policies(config: &Config, problems: &mut Found) -> BTreeMap<Arc<str>, Policy> {
    let mut policies = BTreeMap::new();
    for environment in config.environments.values() {
        let name: Arc<str> = environment.name.as_str().into();
        let mut freezes = Vec::new();
        for text in &environment.freeze {
            match Freeze::parse(&text.value) {
                Ok(freeze) => freezes.push(freeze),
                Err(message) => {
                    let key = format!("environment.{name}.freeze");
                    problems.push((true, Problem::new(&text.at, key, message)));
                }
            }
        }
        let policy = Policy {
            environment: Some(Arc::clone(&name)),
            read_only: config.ui.read_only,
            actions: environment.actions,
            users: environment.users.clone(),
            kinds: environment.kinds.iter().filter_map(|word| ActionKind::from_word(word)).collect(),
            two_key: Hazard::from_word(&environment.two_key),
            two_key_folder: environment.two_key_folder.clone(),
            freezes,
        };
        policies.insert(name, policy);
    }
    policies
}

/// Compiles the actions.
pub(super) fn compile(config: &Config, problems: &mut Found) -> Vec<Arc<Action>> {
    let mut actions = Vec::new();
    for action in config.actions.values() {
        let mut draft = Draft { config, key: format!("action.{}", action.name), found: Vec::new() };
        let compiled = draft.action(action);
        let sound = draft.found.is_empty();
        problems.extend(draft.found.into_iter().map(|problem| (true, problem)));
        if let Some(compiled) = compiled.filter(|_| sound) {
            actions.push(Arc::new(compiled));
        }
    }
    actions
}

/// The metric names that settling and pre-checks ask for.
pub(super) fn names(actions: &[Arc<Action>]) -> Vec<Box<str>> {
    let mut out = Vec::new();
    for action in actions {
        let checks = action.checks.iter().filter_map(|check| match &check.kind {
            CheckKind::Expr(expr) => Some(expr),
            CheckKind::Ask { .. } => None,
        });
        let settle = match &action.settle {
            Settle::Expr(expr) => Some(expr),
            _ => None,
        };
        for expr in checks.chain(settle) {
            if let Names::Only(names) = expr.names() {
                out.extend(names);
            }
        }
    }
    out
}

/// One action on its way.
struct Draft<'c> {
    config: &'c Config,
    key: String,
    found: Vec<Problem>,
}

impl Draft<'_> {
    fn wrong(&mut self, at: &Place, key: &str, message: impl Into<String>, remedy: &str) {
        let problem = Problem::new(at, format!("{}.{key}", self.key), message);
        self.found.push(if remedy.is_empty() { problem } else { problem.with_remedy(remedy) });
    }

    fn action(&mut self, action: &written::Action) -> Option<Action> {
        let action = match &action.preset {
            None => action.clone(),
            Some(name) => {
                let Some(preset) = presets::preset(&name.value) else {
                    let known = presets::all().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
                    let message = format!("there is no preset \"{}\"", crate::text::Clean::new(&name.value));
                    self.wrong(&name.at, "preset", message, &format!("the presets are {known}"));
                    return None;
                };
                action.clone().over(preset)
            }
        };
        let holes = holes(&action);
        let request = self.request(&action, &holes);
        let kind = action.kind.as_deref().and_then(ActionKind::from_word).unwrap_or_default();
        let word = action.instances.as_deref().and_then(Reach::from_word);
        let vars =
            action.vars.iter().map(|(name, text)| (name.clone(), self.template(text, "vars", &HOLES[..2])));
        let vars: Vec<(String, Template)> = vars.collect();
        if vars.iter().any(|(name, _)| HOLES.contains(&name.as_str())) {
            self.wrong(
                &action.place,
                "vars",
                "names a hole that warroom fills itself",
                "give it another name",
            );
        }
        let compiled = Action {
            name: action.name.as_str().into(),
            kind,
            title: action.title.clone().unwrap_or_else(|| action.name.clone()),
            hazard: action.hazard.as_deref().and_then(Hazard::from_word).unwrap_or_default(),
            offers: self.offers(&action),
            reach: word.unwrap_or_default(),
            accept: if action.request.accept.is_empty() {
                vec![200, 201, 202, 203, 204]
            } else {
                action.request.accept.clone()
            },
            request,
            vars,
            params: action.params.iter().map(|param| self.param(param, &holes)).collect(),
            job: action.job.as_ref().map(|job| self.job(job, &holes)),
            settle: self.settle(action.settle.as_ref(), &holes),
            settle_limit: action
                .settle
                .as_ref()
                .and_then(|settle| settle.limit)
                .unwrap_or(Duration::from_secs(300)),
            cool_down: action.cool_down.unwrap_or(Duration::from_secs(60)),
            checks: action.checks.iter().filter_map(|check| self.check(check, &holes)).collect(),
            needs_reason: action.reason.unwrap_or(false),
            idempotency_header: self.header(&action, "idempotency_header", "Idempotency-Key"),
            reason_header: self.header(&action, "reason_header", "X-Reason"),
            errors: action.errors.clone(),
            note: action.note.clone().unwrap_or_default(),
        };
        Some(compiled)
    }

    /// The name of a header; `""`: none.
    fn header(&mut self, action: &written::Action, key: &str, default: &str) -> String {
        let own = if key == "reason_header" { &action.reason_header } else { &action.idempotency_header };
        let name = own.as_deref().unwrap_or(default);
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if !name.chars().all(token) {
            self.wrong(
                &action.place,
                key,
                "is no header name",
                "write a name such as X-Reason, or \"\" for none",
            );
        }
        name.to_owned()
    }

    fn template(&mut self, text: &Spanned<String>, key: &str, holes: &[&str]) -> Template {
        let template = match Template::parse(&text.value) {
            Ok(template) => template,
            Err(message) => {
                self.wrong(&text.at, key, message, "");
                return Template::default();
            }
        };
        self.known(template.holes().collect(), &text.at, key, holes);
        template
    }

    fn known(&mut self, found: Vec<&str>, at: &Place, key: &str, holes: &[&str]) {
        for hole in found {
            if !holes.contains(&hole) {
                let remedy = format!("known here: {}", holes.join(", "));
                self.wrong(at, key, format!("nothing fills {{{hole}}}"), &remedy);
            }
        }
    }

    fn path(&mut self, text: &Spanned<String>, key: &str, holes: &[String]) -> Template {
        let holes: Vec<&str> = holes.iter().map(String::as_str).collect();
        self.template(text, key, &holes)
    }

    fn json(
        &mut self,
        value: &Spanned<serde_json::Value>,
        key: &str,
        holes: &[String],
    ) -> Option<JsonTemplate> {
        match JsonTemplate::parse(&value.value) {
            Ok(json) => {
                let holes: Vec<&str> = holes.iter().map(String::as_str).collect();
                self.known(json.holes(), &value.at, key, &holes);
                Some(json)
            }
            Err(message) => {
                self.wrong(&value.at, key, message, "");
                None
            }
        }
    }

    fn request(&mut self, action: &written::Action, holes: &[String]) -> RequestSpec {
        let request = &action.request;
        let method = request.method.as_deref().and_then(Method::from_word).unwrap_or_default();
        let path = if let Some(path) = &request.path {
            self.path(path, "request.path", holes)
        } else {
            self.wrong(
                &action.place,
                "request",
                "\"path\" is missing",
                "add path = \"/admin/...\", or a preset",
            );
            Template::default()
        };
        let kind = |default: &str| request.content_type.clone().unwrap_or_else(|| default.to_owned());
        let body = match &request.body {
            None => BodySpec::None,
            Some(written::Body::Json(value)) => match self.json(value, "request.json", holes) {
                Some(json) => BodySpec::Json(json, kind("application/json")),
                None => BodySpec::None,
            },
            Some(written::Body::Text(text)) => {
                BodySpec::Text(self.path(text, "request.text", holes), kind("text/plain; charset=utf-8"))
            }
            Some(written::Body::Form(pairs)) => BodySpec::Form(
                pairs
                    .iter()
                    .map(|(name, text)| (name.clone(), self.path(text, "request.form", holes)))
                    .collect(),
            ),
        };
        let headers = request.headers.iter();
        RequestSpec {
            method,
            path,
            headers: headers
                .map(|(name, text)| {
                    (name.clone(), self.path(text, &format!("request.headers.{name}"), holes))
                })
                .collect(),
            body,
            timeout: request.timeout.unwrap_or(Duration::from_secs(30)),
        }
    }

    fn offers(&mut self, action: &written::Action) -> Vec<Offer> {
        if action.services.is_empty() {
            self.wrong(&action.place, "services", "is for no service", "add services = [\"...\"]");
        }
        let mut offers: Vec<Offer> = Vec::new();
        for name in &action.services {
            let Some(service) = self.config.services.get(&name.value) else { continue };
            if offers.iter().any(|offer| *offer.service == *name.value) {
                self.wrong(&name.at, "services", "names a service twice", "remove one");
                continue;
            }
            offers.push(Offer {
                service: service.name.as_str().into(),
                environment: service.environment.as_deref().map(Into::into),
                instances: self.instances(action, service, &name.at),
            });
        }
        offers
    }

    fn instances(&mut self, action: &written::Action, service: &Service, at: &Place) -> Vec<Instance> {
        let auth = action.auth.as_ref().or(service.auth.as_ref());
        let auth = auth.and_then(|name| self.config.auth.get(name)).cloned().map(Arc::new);
        let route = Arc::new(Route {
            proxy: service.proxy.as_ref().map(|proxy| proxy.value.clone()),
            resolve: service.resolve.clone(),
            body_limit: service.body_limit,
        });
        let bases: Vec<&Spanned<String>> = match &action.base {
            Some(base) => vec![base],
            None => service.instances.iter().collect(),
        };
        let mut instances = Vec::new();
        for base in bases {
            let url = Url::parse(&base.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let Some(url) = url.filter(|url| url.query().is_none() && url.fragment().is_none()) else {
                continue;
            };
            let host = url.host_str().unwrap_or("").to_owned();
            let name = url.port_or_known_default().map_or(host.clone(), |port| format!("{host}:{port}"));
            instances.push(Instance {
                name: name.into(),
                base: url,
                auth: auth.clone(),
                route: Arc::clone(&route),
            });
        }
        if instances.is_empty() {
            let message = format!("service {} has no instance that speaks HTTP", service.name);
            self.wrong(at, "services", message, "add base = \"https://HOST\" to the action");
        }
        instances
    }
}

/// Every hole that the action's templates may have.
fn holes(action: &written::Action) -> Vec<String> {
    let mut holes: Vec<String> = HOLES.iter().map(|hole| (*hole).to_owned()).collect();
    holes.extend(action.vars.iter().map(|(name, _)| name.clone()));
    for param in &action.params {
        holes.push(param.name.clone());
        holes.extend(param.carry.iter().map(|(name, _)| format!("{}.{name}", param.name)));
    }
    holes
}
