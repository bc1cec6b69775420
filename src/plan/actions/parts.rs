//! Parts of an action, compiled: parameters, following, settling and pre-checks.

use super::{Draft, HOLES};
use crate::action::Method;
use crate::action::listing::{Condition, Listing};
use crate::action::request::{BodySpec, RequestSpec};
use crate::action::spec::{Check, CheckKind, Job, JobUrl, Param, ParamKind, Settle};
use crate::config::Spanned;
use crate::config::action as written;
use crate::promql::{self, Expr, Names};
use std::time::Duration;

impl Draft<'_> {
    pub(super) fn param(&mut self, param: &written::Param, holes: &[String]) -> Param {
        let key = format!("params.{}", param.name);
        let given = [!param.choices.is_empty(), param.from.is_some(), param.pattern.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            self.wrong(&param.place, &key, "choices, from and pattern exclude each other", "keep one");
        }
        if HOLES.contains(&param.name.as_str()) {
            self.wrong(&param.place, &key, "is a hole that warroom fills itself", "give it another name");
        }
        let kind = if let Some(from) = &param.from {
            ParamKind::Listed(Listing {
                from: self.path(from, &format!("{key}.from"), holes),
                items: param.items.clone().unwrap_or_default(),
                value: param.value.clone().unwrap_or_default(),
                label: param.label.clone(),
                current: param.current.clone(),
                age: param.age.clone(),
                only: self.conditions(&param.only, &format!("{key}.only")),
                carry: param.carry.clone(),
                drop: param.drop.clone(),
            })
        } else if param.choices.is_empty() {
            let pattern = param.pattern.as_ref().and_then(|text| {
                let anchored = format!("^(?:{})$", text.value);
                let regex = regex::RegexBuilder::new(&anchored).size_limit(1 << 20).build().ok();
                if regex.is_none() {
                    self.wrong(&text.at, &format!("{key}.pattern"), "is no regular expression", "");
                }
                regex
            });
            ParamKind::Free { pattern, max: param.max.unwrap_or(200) as usize }
        } else {
            ParamKind::OneOf(param.choices.clone())
        };
        Param {
            name: param.name.clone(),
            title: param.title.clone().unwrap_or_else(|| param.name.clone()),
            kind,
            default: param.default.clone(),
        }
    }

    fn conditions(&mut self, texts: &[Spanned<String>], key: &str) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for text in texts {
            match Condition::parse(&text.value) {
                Ok(condition) => conditions.push(condition),
                Err(message) => self.wrong(&text.at, key, message, ""),
            }
        }
        conditions
    }

    pub(super) fn job(&mut self, job: &written::Job, holes: &[String]) -> Job {
        let mut with_job = holes.to_vec();
        with_job.push("job".to_owned());
        let url = match (job.url.value.split_once(':'), &job.id) {
            (Some(("header", name)), _) => JobUrl::Header(name.to_owned()),
            (Some(("json", pointer)), _) => JobUrl::Pointer { pointer: pointer.to_owned(), path: None },
            _ if !job.url.value.starts_with('/') => {
                let remedy = "write header:Location, json:/job/url, or a path";
                self.wrong(&job.url.at, "job.url", "says no place of a job", remedy);
                JobUrl::Header(String::new())
            }
            (_, Some(id)) => {
                let path = self.path(&job.url, "job.url", &with_job);
                JobUrl::Pointer { pointer: id.clone(), path: Some(path) }
            }
            (_, None) => JobUrl::Path(self.path(&job.url, "job.url", holes)),
        };
        let or =
            |list: &[String], word: &str| if list.is_empty() { vec![word.to_owned()] } else { list.to_vec() };
        Job {
            url,
            state: job.state.clone().unwrap_or_else(|| "/state".to_owned()),
            done: or(&job.done, "done"),
            failed: or(&job.failed, "failed"),
            error: job.error.clone(),
            log: job.log.clone(),
            interval: job.interval.unwrap_or(Duration::from_secs(2)),
            limit: job.limit.unwrap_or(Duration::from_secs(600)),
        }
    }

    pub(super) fn settle(&mut self, settle: Option<&written::Settle>, holes: &[String]) -> Settle {
        let Some(settle) = settle else { return Settle::Health };
        if settle.limit == Some(Duration::ZERO) {
            return Settle::Nothing;
        }
        if let Some(expr) = &settle.expr {
            return self.expr(expr, "settle.expr").map_or(Settle::Health, Settle::Expr);
        }
        let Some(path) = &settle.path else {
            if !settle.when.is_empty() {
                self.wrong(&settle.place, "settle.when", "says nothing without path", "add path = \"/...\"");
            }
            return Settle::Health;
        };
        Settle::Get {
            path: self.path(path, "settle.path", holes),
            when: self.conditions(&settle.when, "settle.when"),
        }
    }

    pub(super) fn check(&mut self, check: &written::Check, holes: &[String]) -> Option<Check> {
        let key = format!("checks.{}", check.name);
        let kind = if let Some(expr) = &check.expr {
            CheckKind::Expr(self.expr(expr, &format!("{key}.expr"))?)
        } else {
            let body = match &check.json {
                Some(value) => BodySpec::Json(
                    self.json(value, &format!("{key}.json"), holes)?,
                    check.content_type.clone().unwrap_or_else(|| "application/json".to_owned()),
                ),
                None => BodySpec::None,
            };
            CheckKind::Ask {
                request: RequestSpec {
                    method: check.method.as_deref().and_then(Method::from_word).unwrap_or(Method::Get),
                    path: self.path(check.path.as_ref()?, &format!("{key}.path"), holes),
                    headers: Vec::new(),
                    body,
                    timeout: Duration::from_secs(10),
                },
                status: check.status.clone(),
                when: self.conditions(&check.when, &format!("{key}.when")),
            }
        };
        Some(Check { name: check.name.clone(), otherwise: check.otherwise.clone().unwrap_or_default(), kind })
    }

    fn expr(&mut self, text: &Spanned<String>, key: &str) -> Option<Expr> {
        match promql::parse(&crate::plan::signals::fill_window(&text.value, self.config.window)) {
            Ok(expr) if matches!(expr.names(), Names::All) => {
                self.wrong(&text.at, key, "has a selector without a metric's name", "name the metric");
                None
            }
            Ok(expr) => Some(expr),
            Err(error) => {
                self.wrong(&text.at, key, error.to_string(), "");
                None
            }
        }
    }
}
