//! The answers of `/api/v1/query` and `/api/v1/query_range`, read by serde straight into labels and numbers.
//!
//! Source: Prometheus, `web/api/v1/json_codec.go`. The order of keys is the server's, so what stands under `result` is
//! read before it is known of which kind it is; what there may be too many of is capped, and counted.

use super::envelope::{Unread, open, words};
use super::number::Number;
use crate::labels::Labels;
use crate::text::Clean;
use crate::units::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The most series of one answer; further ones are counted and left out.
const MOST_SERIES: usize = 50_000;
/// The most labels of one series.
const MOST_LABELS: usize = 256;

/// What kind of result an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One number.
    Scalar,
    /// One text.
    Text,
    /// A number for each series.
    Vector,
    /// A course for each series.
    Matrix,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its labels, the name among them if it has one.
    pub labels: Labels,
    /// Its points, oldest first: of a vector one.
    pub points: Vec<(Timestamp, f64)>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What kind of result it is.
    pub shape: Shape,
    /// Its series; of a scalar one without labels.
    pub elements: Vec<Element>,
    /// Of a text, what it says. Not cleaned.
    pub text: Option<String>,
    /// What the server warns of. Thanos says here that stores did not answer.
    pub warnings: Vec<Clean>,
    /// What it remarks (Prometheus 3).
    pub infos: Vec<Clean>,
    /// Some of the data was not there.
    pub partial: bool,
    /// Series that hold native histograms, which are no numbers: left out.
    pub histograms: usize,
    /// Series that were left out because there are too many.
    pub left_out: usize,
}

/// Reads an answer. `warnings_are_partial`: this server warns (Thanos) where data is missing.
///
/// # Errors
/// The server refuses, or it is no answer.
pub fn read(body: &[u8], warnings_are_partial: bool) -> Result<Reply, Unread> {
    let (data, margin) = open::<Data>(body)?;
    // Remarks on the expression itself (Prometheus 3 and whoever shares its engine) are about no missing data.
    let missing = margin.warnings.iter().any(|warning| !warning.as_str().starts_with("PromQL "));
    let partial = margin.partial || warnings_are_partial && missing;
    let Found { elements, histograms, left_out, lone } = data.result;
    let shape = match data.kind.as_deref() {
        Some("scalar") => Shape::Scalar,
        Some("string") => Shape::Text,
        Some("vector") => Shape::Vector,
        Some("matrix") => Shape::Matrix,
        other => {
            let text = format!("the answer is of no known kind: {}", other.unwrap_or("none"));
            return Err(Unread::Alien(words(&text)));
        }
    };
    let mut text = None;
    let elements = match (shape, lone) {
        (Shape::Text, Some((_, said))) => {
            text = Some(said);
            Vec::new()
        }
        (Shape::Scalar, Some((at, value))) => {
            let value = value.parse().map_err(|_| Unread::Alien(Clean::new("the answer is no number")))?;
            vec![Element { labels: Labels::empty(), points: vec![(at, value)] }]
        }
        (Shape::Scalar, None) => return Err(Unread::Alien(Clean::new("the answer is no number"))),
        _ => elements,
    };
    Ok(Reply {
        shape,
        elements,
        text,
        warnings: margin.warnings,
        infos: margin.infos,
        partial,
        histograms,
        left_out,
    })
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: Option<String>,
    #[serde(default)]
    result: Found,
}

/// What stands under `result`, before it is known of which kind it is: the order of keys is the server's.
#[derive(Default)]
struct Found {
    elements: Vec<Element>,
    histograms: usize,
    left_out: usize,
    /// Moment and text of a scalar or string.
    lone: Option<(Timestamp, String)>,
}

struct FoundReads;

impl<'de> Visitor<'de> for FoundReads {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series, or a moment and a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        let mut moment = None;
        while let Some(item) = list.next_element::<Item>()? {
            match item {
                Item::Number(seconds) => moment = Some(Timestamp::from_seconds(seconds)),
                Item::Text(text) => found.lone = moment.map(|at| (at, text)),
                Item::Series { histogram: true, .. } => found.histograms += 1,
                Item::Series { .. } if found.elements.len() >= MOST_SERIES => found.left_out += 1,
                Item::Series { element, .. } => found.elements.push(element),
            }
        }
        Ok(found)
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FoundReads)
    }
}

/// A member of `result`.
enum Item {
    Number(f64),
    Text(String),
    Series { element: Element, histogram: bool },
}

struct ItemReads;

impl<'de> Visitor<'de> for ItemReads {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series, a moment or a value")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Item, E> {
        Ok(Item::Number(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Item, E> {
        Ok(Item::Number(value as f64))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Item, E> {
        Ok(Item::Number(value as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let (mut labels, mut points, mut histogram) = (None, Vec::new(), false);
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*key {
                "metric" => labels = Some(map.next_value::<Metric>()?.0),
                "value" => points.push(map.next_value::<(f64, Number)>()?),
                "values" => points = map.next_value::<Vec<(f64, Number)>>()?,
                "histogram" | "histograms" => {
                    map.next_value::<IgnoredAny>()?;
                    histogram = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // A series may hold both, numbers and histograms: the numbers count.
        let histogram = histogram && points.is_empty();
        let mut points: Vec<(Timestamp, f64)> =
            points.into_iter().map(|(at, Number(value))| (Timestamp::from_seconds(at), value)).collect();
        points.sort_by_key(|(at, _)| *at);
        points.dedup_by_key(|(at, _)| *at);
        Ok(Item::Series {
            element: Element { labels: labels.unwrap_or_else(Labels::empty), points },
            histogram,
        })
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemReads)
    }
}

/// Labels as an object of strings.
pub(super) struct Metric(pub(super) Labels);

struct MetricReads;

impl<'de> Visitor<'de> for MetricReads {
    type Value = Metric;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of labels")
    }

    fn visit_unit<E: Error>(self) -> Result<Metric, E> {
        Ok(Metric(Labels::empty()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metric, A::Error> {
        type Text<'de> = std::borrow::Cow<'de, str>;
        let mut pairs: Vec<(Text<'de>, Text<'de>)> = Vec::new();
        while let Some(pair) = map.next_entry::<Text<'de>, Text<'de>>()? {
            if pairs.len() < MOST_LABELS {
                pairs.push(pair);
            }
        }
        Ok(Metric(Labels::from_pairs(pairs)))
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetricReads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Said<'a> = (Shape, &'a [(&'a str, &'a [(i64, f64)])], &'a str);

    fn told(reply: &Reply) -> String {
        let mut out: Vec<String> =
            reply.warnings.iter().chain(&reply.infos).map(ToString::to_string).collect();
        if reply.partial {
            out.push("PARTIAL".to_owned());
        }
        if reply.histograms > 0 {
            out.push(format!("{} histograms", reply.histograms));
        }
        out.join("; ")
    }

    #[test]
    fn answers_of_every_kind_are_read() {
        let cases: &[(&str, bool, Said<'_>)] = &[
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1.5,"1"]}]}}"#,
                false,
                (Shape::Vector, &[("up{job=\"a\"}", &[(1500, 1.0)])], ""),
            ),
            // The order of keys is the server's, and numbers may be numbers.
            (
                r#"{"data":{"result":[{"value":[1,2.5],"metric":{}}],"resultType":"vector"},"status":"success"}"#,
                false,
                (Shape::Vector, &[("{}", &[(1000, 2.5)])], ""),
            ),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"1"],[2,"+Inf"],[3.001,"-1e-3"]]}]}}"#,
                false,
                (Shape::Matrix, &[("{a=\"b\"}", &[(1000, 1.0), (2000, f64::INFINITY), (3001, -0.001)])], ""),
            ),
            (
                r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000.123,"42"]}}"#,
                false,
                (Shape::Scalar, &[("{}", &[(1_700_000_000_123, 42.0)])], ""),
            ),
            (
                r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
                false,
                (Shape::Text, &[], ""),
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":null}}"#,
                false,
                (Shape::Vector, &[], ""),
            ),
            (
                r#"{"status":"success","warnings":["No StoreAPIs matched"],"infos":["PromQL info: x"],"data":{"resultType":"vector","result":[]}}"#,
                true,
                (Shape::Vector, &[], "No StoreAPIs matched; PromQL info: x; PARTIAL"),
            ),
            (
                r#"{"status":"success","warnings":["PromQL warning: y"],"data":{"resultType":"vector","result":[]}}"#,
                false,
                (Shape::Vector, &[], "PromQL warning: y"),
            ),
            (
                r#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]},"stats":{"seriesFetched":"0"}}"#,
                false,
                (Shape::Vector, &[], "PARTIAL"),
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"histogram":[1,{"count":"5","buckets":[[0,"1","2","3"]]}]},{"metric":{"a":"2"},"value":[1,"7"]}]}}"#,
                false,
                (Shape::Vector, &[("{a=\"2\"}", &[(1000, 7.0)])], "1 histograms"),
            ),
        ];
        for (body, thanos, (shape, elements, said)) in cases {
            let reply = read(body.as_bytes(), *thanos).unwrap_or_else(|error| panic!("{error}: {body}"));
            assert_eq!(reply.shape, *shape, "{body}");
            let got: Vec<(String, Vec<(i64, f64)>)> = reply
                .elements
                .iter()
                .map(|e| (e.labels.to_string(), e.points.iter().map(|(at, v)| (at.millis(), *v)).collect()))
                .collect();
            let wanted: Vec<(String, Vec<(i64, f64)>)> =
                elements.iter().map(|(labels, points)| ((*labels).to_owned(), points.to_vec())).collect();
            assert_eq!(got, wanted, "{body}");
            assert_eq!(told(&reply), *said, "{body}");
        }
        let nan = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}"#;
        assert!(read(nan.as_bytes(), false).unwrap().elements[0].points[0].1.is_nan());
    }

    #[test]
    fn what_is_no_answer_says_why_in_the_servers_words() {
        for (body, said) in [
            (
                r#"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:1: parse error: x"}"#,
                "bad_data: invalid parameter \"query\": 1:1: parse error: x",
            ),
            (
                r#"{"status":"error","errorType":"422","error":"unknown func \"holt\""}"#,
                "422: unknown func \"holt\"",
            ),
            (r#"{"status":"error","error":"x"}"#, "x"),
            (
                r#"{"status":"error","data":null,"errorType":"execution","error":"a\u001b[2Jb"}"#,
                "execution: a[2Jb",
            ),
            ("", "the answer is empty"),
            ("  \n", "the answer is empty"),
            (
                "<html><title>502 Bad Gateway</title>",
                "the answer is a web page: is the URL the server's own, with its prefix?",
            ),
            ("no org id", "the answer is no JSON: no org id"),
            (r#"{"status":"ok"}"#, "the answer holds no data: is this the API of Prometheus?"),
            (r#"{"status":"success","data":{"result":[]}}"#, "the answer is of no known kind: none"),
            (r#"{"status":"success","data":{"resultType":"scalar","result":[]}}"#, "the answer is no number"),
        ] {
            assert_eq!(read(body.as_bytes(), false).unwrap_err().to_string(), said, "{body}");
        }
        for body in [
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1"#,
            "{",
            "[1]",
        ] {
            let said = read(body.as_bytes(), false).unwrap_err().to_string();
            assert!(said.starts_with("the answer is no"), "{said}");
        }
        // Depth is the parser's own limit; it must not be the stack's.
        let deep = format!("{{\"data\":{}", "[".repeat(1 << 20));
        assert!(read(deep.as_bytes(), false).is_err());
    }
}
