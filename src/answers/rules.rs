//! `/api/v1/rules`: what the server records, and which alerts of its own stand.

use super::envelope::{self, Unread};
use super::number::Number;
use super::reply::Metric;
use crate::target::spoken::{ServerAlert, ServerRules};
use crate::units::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most alerts of one server that are kept.
const MOST_ALERTS: usize = 5_000;
/// The most recording rules.
const MOST_RECORDS: usize = 20_000;
/// The most characters of an annotation.
const MOST_TEXT: usize = 2_000;

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    alerts: Option<Vec<RawAlert>>,
    #[serde(rename = "lastError", default)]
    error: String,
}

#[derive(Deserialize)]
struct RawAlert {
    labels: Metric,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    state: String,
    #[serde(rename = "activeAt", default)]
    active_at: Option<String>,
    #[serde(default)]
    value: Option<Number>,
}

/// Reads the answer.
///
/// # Errors
/// As the envelope.
pub fn rules(body: &[u8]) -> Result<ServerRules, Unread> {
    let (data, _) = envelope::open::<Data>(body)?;
    let mut out = ServerRules::default();
    for group in data.groups {
        for rule in group.rules {
            if !rule.error.is_empty() {
                let error = rule.error.chars().take(MOST_TEXT).collect();
                out.failing.get_or_insert((0, error)).0 += 1;
            }
            if rule.kind == "recording" {
                out.counts.1 += 1;
                let plain = rule.labels.as_ref().is_none_or(BTreeMap::is_empty);
                if plain && out.records.len() < MOST_RECORDS {
                    out.records.push((rule.name, rule.query));
                }
                continue;
            }
            out.counts.0 += 1;
            for alert in rule.alerts.unwrap_or_default() {
                if out.alerts.len() >= MOST_ALERTS {
                    out.left_out += 1;
                    continue;
                }
                out.alerts.extend(read(alert, &rule.name, &group.name));
            }
        }
    }
    Ok(out)
}

fn read(alert: RawAlert, rule: &str, group: &str) -> Option<ServerAlert> {
    let firing = match alert.state.as_str() {
        "firing" => true,
        "pending" => false,
        // "inactive", and whatever else may come.
        _ => return None,
    };
    let moment = |text: &String| {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_millis(moment.as_millisecond()))
    };
    let annotations = alert.annotations.unwrap_or_default().into_iter();
    Some(ServerAlert {
        name: alert.labels.0.get("alertname").unwrap_or(rule).to_owned(),
        group: group.to_owned(),
        annotations: annotations.map(|(name, text)| (name, text.chars().take(MOST_TEXT).collect())).collect(),
        firing,
        active_at: alert.active_at.as_ref().and_then(moment),
        value: alert.value.map(|Number(value)| value),
        labels: alert.labels.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_and_records_of_a_server_are_read() {
        let body = r#"{"status":"success","data":{"groups":[{"name":"g","file":"f","interval":15,"rules":[
            {"state":"firing","name":"Slow","query":"x > 1","duration":60,"labels":{"severity":"page"},
             "annotations":{"summary":"s"},"alerts":[
               {"labels":{"alertname":"Slow","job":"a"},"annotations":{"summary":"job a"},"state":"firing","activeAt":"2024-05-01T10:00:00.5Z","value":"2e+00"},
               {"labels":{"alertname":"Slow","job":"b"},"annotations":{},"state":"pending","activeAt":"2024-05-01T10:00:00Z","value":"3e+00"},
               {"labels":{"alertname":"Slow","job":"c"},"annotations":{},"state":"inactive","activeAt":"","value":"0"}],
             "health":"ok","type":"alerting"},
            {"name":"job:x:rate5m","query":"sum by (job) (rate(x[5m]))","health":"ok","type":"recording"},
            {"name":"labelled","query":"x","labels":{"a":"b"},"health":"err","lastError":"boom","type":"recording"}]}]}}"#;
        let rules = rules(body.as_bytes()).unwrap();
        let alerts: Vec<(String, bool, Option<i64>, Option<f64>)> = rules
            .alerts
            .iter()
            .map(|alert| {
                (alert.labels.to_string(), alert.firing, alert.active_at.map(Timestamp::millis), alert.value)
            })
            .collect();
        assert_eq!(
            alerts,
            [
                ("{alertname=\"Slow\", job=\"a\"}".to_owned(), true, Some(1_714_557_600_500), Some(2.0)),
                ("{alertname=\"Slow\", job=\"b\"}".to_owned(), false, Some(1_714_557_600_000), Some(3.0)),
            ]
        );
        assert_eq!(rules.alerts[0].annotations, [("summary".to_owned(), "job a".to_owned())]);
        assert_eq!(rules.records, [("job:x:rate5m".to_owned(), "sum by (job) (rate(x[5m]))".to_owned())]);
        assert_eq!(rules.counts, (1, 2));
        assert_eq!(rules.failing, Some((1, "boom".to_owned())));
    }
}
