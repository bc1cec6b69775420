//! `/api/v1/targets` and the `status` JSON: the polls as Prometheus would list its scrapes.

use super::laid::Status;
use super::rules::moment;
use super::{Fault, Params};
use crate::config::portable::without_credentials;
use crate::labels::Labels;
use crate::model::Model;
use crate::model::rows::TargetRow;
use crate::report;
use crate::units::format_duration;
use serde_json::{Map, Value, json};

impl Status {
    /// As the model knows them.
    pub fn of(model: &Model) -> Self {
        let targets: Vec<Value> = model.fleet.targets.iter().map(target).collect();
        Self {
            at: model.now,
            status: report::json(model),
            text: report::text(model),
            targets: Value::Array(targets),
        }
    }

    /// The `data` of `/api/v1/targets`.
    ///
    /// # Errors
    /// A parameter is wrong.
    pub fn targets(&self, params: &Params) -> Result<Value, Fault> {
        let active = match params.get("state").unwrap_or("any") {
            "any" | "active" => true,
            "dropped" => false,
            other => return Err(Fault::parameter("state", format!("unknown state \"{other}\""))),
        };
        let pool = params.get("scrapePool");
        let all = self.targets.as_array().into_iter().flatten();
        let kept: Vec<&Value> = all
            .filter(|target| {
                active
                    && pool.is_none_or(|pool| target.get("scrapePool").and_then(Value::as_str) == Some(pool))
            })
            .collect();
        Ok(json!({ "activeTargets": kept, "droppedTargets": [], "droppedTargetCounts": {} }))
    }
}

fn target(row: &TargetRow) -> Value {
    let target = &row.target;
    let labels = target.labels.with("service", &target.service).with("probe", &target.poll);
    let health = match (&row.failure, row.asked) {
        (Some(_), _) => "down",
        (None, Some(_)) => "up",
        (None, None) => "unknown",
    };
    // A query may hold a key.
    let url = without_credentials(target.url.as_str()).unwrap_or_default();
    json!({
        "discoveredLabels": map(&labels),
        "labels": map(&target.labels),
        "scrapePool": &*target.service,
        "scrapeUrl": url,
        "globalUrl": url,
        "lastError": row.failure.as_ref().map(ToString::to_string).unwrap_or_default(),
        "lastScrape": moment(row.asked),
        "lastScrapeDuration": row.took.unwrap_or_default().as_secs_f64(),
        "health": health,
        "scrapeInterval": format_duration(target.interval),
        "scrapeTimeout": format_duration(target.timeout),
    })
}

/// Labels as a JSON object.
pub(super) fn map(labels: &Labels) -> Map<String, Value> {
    labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}
