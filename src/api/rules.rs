//! `/api/v1/rules` and `/api/v1/alerts`: what the engine knows, in Prometheus's shapes.
//!
//! Source: `web/api/v1/api.go` (`RuleGroup`, `AlertingRule`, `RecordingRule`, `Alert`). A rule's file is the one that it
//! was read from; rules that come with warroom are of the file `builtin`, those of objectives of `slo.NAME`.

use super::laid::Rules;
use super::{Fault, Kind, Params};
use crate::labels::Labels;
use crate::model::Model;
use crate::promql;
use crate::rules::{AlertState, GroupView, Origin, Rule, RuleKind, RuleStatus, Standing};
use crate::units::Timestamp;
use serde_json::{Map, Value, json};

impl Rules {
    /// As the model knows them.
    pub fn of(model: &Model) -> Self {
        let groups: Vec<Value> = model.rules.groups().map(group).collect();
        Self { at: model.now, groups: json!({ "groups": groups }) }
    }

    /// The `data` of `/api/v1/rules`.
    ///
    /// # Errors
    /// A parameter is wrong.
    pub fn rules(&self, params: &Params) -> Result<Value, Fault> {
        let wanted = Wanted::read(params)?;
        let groups = self.list().filter(|group| wanted.group(group));
        let kept = groups.filter_map(|group| {
            let mut group = group.clone();
            let rules = group.get_mut("rules")?.as_array_mut()?;
            let before = rules.len();
            rules.retain_mut(|rule| wanted.rule(rule));
            (before == 0 || !rules.is_empty()).then_some(group)
        });
        Ok(json!({ "groups": kept.collect::<Vec<Value>>() }))
    }

    /// The `data` of `/api/v1/alerts`: those that are pending or fire.
    pub fn alerts(&self) -> Value {
        let rules = self.list().filter_map(|group| group.get("rules")?.as_array()).flatten();
        let alerts = rules.filter_map(|rule| rule.get("alerts")?.as_array()).flatten();
        json!({ "alerts": alerts.collect::<Vec<&Value>>() })
    }

    fn list(&self) -> impl Iterator<Item = &Value> {
        self.groups.get("groups").and_then(Value::as_array).into_iter().flatten()
    }
}

/// What is asked for of all rules.
struct Wanted<'p> {
    kind: Option<&'static str>,
    names: Vec<&'p str>,
    groups: Vec<&'p str>,
    files: Vec<&'p str>,
    selectors: Vec<promql::Selector>,
    without_alerts: bool,
}

impl<'p> Wanted<'p> {
    fn read(params: &'p Params) -> Result<Self, Fault> {
        let kind = match params.get("type") {
            None => None,
            Some("alert") => Some("alerting"),
            Some("record") => Some("recording"),
            Some(other) => {
                return Err(Fault::parameter("type", format!("not supported value \"{other}\"")));
            }
        };
        let without_alerts = match params.get("exclude_alerts") {
            None => false,
            Some("true" | "1" | "t" | "T" | "TRUE" | "True") => true,
            Some("false" | "0" | "f" | "F" | "FALSE" | "False") => false,
            Some(other) => {
                return Err(Fault::new(Kind::BadData, format!("\"{other}\" is neither true nor false")));
            }
        };
        Ok(Self {
            kind,
            names: params.all("rule_name[]").collect(),
            groups: params.all("rule_group[]").collect(),
            files: params.all("file[]").collect(),
            selectors: super::find::selectors(params)?,
            without_alerts,
        })
    }

    fn group(&self, group: &Value) -> bool {
        one_of(&self.groups, group.get("name")) && one_of(&self.files, group.get("file"))
    }

    fn rule(&self, rule: &mut Value) -> bool {
        let word = rule.get("type").and_then(Value::as_str);
        if self.kind.is_some_and(|kind| word != Some(kind)) || !one_of(&self.names, rule.get("name")) {
            return false;
        }
        if !self.selectors.is_empty() {
            let labels = rule.get("labels").and_then(Value::as_object);
            let pairs =
                labels.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
            let labels = Labels::from_pairs(pairs);
            if !self.selectors.iter().any(|one| crate::labels::accepts_all(&one.matchers, &labels)) {
                return false;
            }
        }
        if self.without_alerts
            && let Some(rule) = rule.as_object_mut()
        {
            rule.remove("alerts");
        }
        true
    }
}

fn one_of(wanted: &[&str], value: Option<&Value>) -> bool {
    wanted.is_empty() || value.and_then(Value::as_str).is_some_and(|value| wanted.contains(&value))
}

fn group(group: GroupView<'_>) -> Value {
    let file = match group.origin() {
        Origin::File { file, .. } => file.to_string(),
        Origin::BuiltIn => "builtin".to_owned(),
        Origin::Slo(name) => format!("slo.{name}"),
        Origin::Backend(name) => format!("backend.{name}"),
    };
    let status = group.status();
    let rules = group.rules().map(|(rule, status, standing)| match &rule.kind {
        RuleKind::Record(_) => recording(rule, status),
        RuleKind::Alert { .. } => alerting(rule, status, &standing),
    });
    json!({
        "name": &**group.name(),
        "file": file,
        "rules": rules.collect::<Vec<Value>>(),
        "interval": group.interval().as_secs_f64(),
        "limit": 0,
        "evaluationTime": status.took.as_secs_f64(),
        "lastEvaluation": moment(status.at),
    })
}

fn common(rule: &Rule, status: &RuleStatus, kind: &str) -> Map<String, Value> {
    let labels: Map<String, Value> =
        rule.labels.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
    let health = match (&status.error, status.at) {
        (Some(_), _) => "err",
        (None, Some(_)) => "ok",
        (None, None) => "unknown",
    };
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(&**rule.name()));
    out.insert("query".to_owned(), json!(rule.text));
    out.insert("labels".to_owned(), Value::Object(labels));
    out.insert("health".to_owned(), json!(health));
    if let Some(error) = &status.error {
        out.insert("lastError".to_owned(), json!(error));
    }
    out.insert("evaluationTime".to_owned(), json!(status.took.as_secs_f64()));
    out.insert("lastEvaluation".to_owned(), json!(moment(status.at)));
    out.insert("type".to_owned(), json!(kind));
    out
}

fn recording(rule: &Rule, status: &RuleStatus) -> Value {
    Value::Object(common(rule, status, "recording"))
}

fn alerting(rule: &Rule, status: &RuleStatus, standing: &[&Standing]) -> Value {
    let mut out = common(rule, status, "alerting");
    let live = |state| standing.iter().any(|one| one.alert.state == state);
    let state = match () {
        () if live(AlertState::Firing) => "firing",
        () if live(AlertState::Pending) => "pending",
        () if status.at.is_none() => "unknown",
        () => "inactive",
    };
    if let RuleKind::Alert { wait, keep, annotations, .. } = &rule.kind {
        let texts: Map<String, Value> =
            annotations.iter().map(|(name, text)| (name.to_string(), json!(text))).collect();
        out.insert("duration".to_owned(), json!(wait.as_secs_f64()));
        out.insert("keepFiringFor".to_owned(), json!(keep.as_secs_f64()));
        out.insert("annotations".to_owned(), Value::Object(texts));
    }
    let alerts = standing.iter().filter(|one| one.alert.state != AlertState::Resolved).map(|one| alert(one));
    out.insert("state".to_owned(), json!(state));
    out.insert("alerts".to_owned(), alerts.collect());
    Value::Object(out)
}

fn alert(standing: &Standing) -> Value {
    let alert = &standing.alert;
    let labels: Map<String, Value> =
        alert.labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let annotations: Map<String, Value> =
        alert.annotations.iter().map(|(name, text)| (name.to_string(), json!(text))).collect();
    let mut out = json!({
        "labels": labels,
        "annotations": annotations,
        "state": if alert.state == AlertState::Firing { "firing" } else { "pending" },
        "activeAt": moment(Some(alert.active_at)),
        "value": exponent(alert.value),
    });
    if let (Some(out), Some(since)) = (out.as_object_mut(), alert.keep_firing_since) {
        out.insert("keepFiringSince".to_owned(), json!(moment(Some(since))));
    }
    out
}

/// RFC 3339; Go's zero time where there is none.
pub(super) fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |at| at.to_string())
}

/// A number as `strconv.FormatFloat(value, 'e', -1, 64)` writes it: `1e+00`, `2.5e-07`.
fn exponent(value: f64) -> String {
    if !value.is_finite() {
        return promql::format_value(value);
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, power)) => match power.strip_prefix('-') {
            Some(power) => format!("{digits}e-{power:0>2}"),
            None => format!("{digits}e+{power:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_alerts_always_have_an_exponent() {
        for (value, text) in [
            (1.0, "1e+00"),
            (0.0, "0e+00"),
            (-0.25, "-2.5e-01"),
            (12345.678, "1.2345678e+04"),
            (1e100, "1e+100"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(exponent(value), text);
        }
        assert_eq!(moment(None), "0001-01-01T00:00:00Z");
    }
}
