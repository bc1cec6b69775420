//! Answers in the words of Prometheus's HTTP API.
//!
//! Only renders: no HTTP, no store.

use super::number::format_value;
use super::value::{Answer, Point, Value};
use crate::labels::Labels;
use crate::units::Timestamp;
use serde_json::{Map, Value as Json, json};

/// The `data` object of `/api/v1/query` or `/api/v1/query_range`: `{"resultType": ..., "result": ...}`.
///
/// A vector keeps the order that `sort` or `topk` gave it; where Prometheus leaves the order open, it is sorted by
/// labels.
pub fn render_json(answer: &Answer) -> Json {
    let (kind, result) = match &answer.value {
        Value::Scalar(v) => ("scalar", pair(answer.at, *v)),
        Value::String(text) => ("string", json!([time(answer.at), &**text])),
        Value::Vector(points) => (
            "vector",
            in_order(points, answer.ordered)
                .into_iter()
                .map(|p| json!({ "metric": metric(&p.labels), "value": pair(p.at, p.value) }))
                .collect(),
        ),
        Value::Matrix(rows) => (
            "matrix",
            rows.iter()
                .map(|r| {
                    let values: Vec<Json> = r.points.iter().map(|(at, v)| pair(*at, *v)).collect();
                    json!({ "metric": metric(&r.labels), "values": values })
                })
                .collect(),
        ),
    };
    json!({ "resultType": kind, "result": result })
}

fn in_order(points: &[Point], ordered: bool) -> Vec<&Point> {
    let mut points: Vec<&Point> = points.iter().collect();
    if !ordered {
        points.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    points
}

fn pair(at: Timestamp, value: f64) -> Json {
    json!([time(at), format_value(value)])
}

/// Seconds, with a fraction only where there is one.
fn time(at: Timestamp) -> Json {
    let ms = at.millis();
    if ms % 1000 == 0 { json!(ms / 1000) } else { json!(at.seconds()) }
}

fn metric(labels: &Labels) -> Map<String, Json> {
    labels.iter().map(|(n, v)| (n.to_owned(), Json::from(v))).collect()
}
