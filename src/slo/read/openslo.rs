//! `OpenSLO` v1: documents of kind `SLO`, with their indicator inside or in a document of kind `SLI`.
//!
//! Format: the specification of `openslo/v1`. A counter that the file names bare is counted by its growth.

use super::Problems;
use super::yaml::{Document, at, name, number, text};
use crate::config::slo::{Sli, Slo};
use crate::config::{Place, Problem, Spanned};
use crate::promql;
use crate::units::parse_duration;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A document that may be needed by another one.
pub(super) struct Kept {
    kind: String,
    name: String,
    root: Value,
    at: Place,
}

/// Keeps a document until all of the file are known.
pub(super) fn collect(document: &Document, file: &Arc<str>, kept: &mut Vec<Kept>, problems: &mut Problems) {
    let root = &document.root;
    let version = text(root, &["apiVersion"]).unwrap_or_default();
    let at = document.place(file, &[("apiVersion", "")]);
    if version != "openslo/v1" {
        let problem =
            Problem::new(&at, "apiVersion", format!("\"{}\" is not read", crate::text::clean(&version)));
        problems.push((true, problem.with_remedy("write openslo/v1")));
        return;
    }
    let kind = text(root, &["kind"]).unwrap_or_default();
    let name = text(root, &["metadata", "name"]).unwrap_or_default();
    kept.push(Kept { kind, name, root: root.clone(), at });
}

/// Makes objectives of the documents that are some.
pub(super) fn resolve(kept: &[Kept], file: &Arc<str>, problems: &mut Problems) -> Vec<Slo> {
    let mut out = Vec::new();
    let indicators: Vec<&Kept> = kept.iter().filter(|document| document.kind == "SLI").collect();
    for document in kept.iter().filter(|document| document.kind == "SLO") {
        let reader = Reader { document, file, indicators: &indicators };
        match reader.read() {
            Ok(found) => out.extend(found),
            Err((message, remedy)) => {
                let problem = Problem::new(&document.at, format!("SLO {}", document.name), message);
                problems.push((true, problem.with_remedy(remedy)));
            }
        }
        if at(&document.root, &["spec", "alertPolicies"]).is_some() {
            let problem = Problem::new(
                &document.at,
                format!("SLO {}", document.name),
                "alertPolicies are not taken over",
            );
            problems.push((false, problem.with_remedy("the workbook's table of alerts is used")));
        }
    }
    out
}

type Refused = (String, &'static str);

struct Reader<'a> {
    document: &'a Kept,
    file: &'a Arc<str>,
    indicators: &'a [&'a Kept],
}

impl Reader<'_> {
    fn spanned<T>(&self, value: T) -> Spanned<T> {
        let _ = self.file;
        Spanned { value, at: self.document.at.clone() }
    }

    fn read(&self) -> Result<Vec<Slo>, Refused> {
        let spec = at(&self.document.root, &["spec"]).ok_or(("has no spec".to_owned(), "add one"))?;
        let indicator = self.indicator(spec)?;
        let (window, zone) = window(spec)?;
        let method = text(spec, &["budgetingMethod"]).unwrap_or_else(|| "Occurrences".to_owned());
        let list = at(spec, &["objectives"]).and_then(Value::as_array).filter(|list| !list.is_empty());
        let list = list.ok_or(("has no objectives".to_owned(), "add one with a target"))?;
        let mut out = Vec::new();
        for (index, objective) in list.iter().enumerate() {
            let target = number(objective, &["targetPercent"])
                .or_else(|| number(objective, &["target"]).map(|ratio| (ratio * 1e12).round() / 1e10))
                .ok_or(("has an objective without a target".to_owned(), "add target: 0.999"))?;
            let suffix = match (list.len(), text(objective, &["displayName"])) {
                (1, _) => String::new(),
                (_, Some(shown)) => format!("-{shown}"),
                (_, None) => format!("-{}", index + 1),
            };
            let title = text(&self.document.root, &["metadata", "displayName"]);
            out.push(Slo {
                name: name(&format!("{}{suffix}", self.document.name)),
                place: self.document.at.clone(),
                service: text(spec, &["service"]).map(|service| self.spanned(service)),
                title,
                description: text(spec, &["description"]).unwrap_or_default(),
                objective: self.spanned(target),
                window: self.spanned(window.clone()),
                zone: zone.clone().map(|zone| self.spanned(zone)),
                sli: self.sli(indicator, objective, &method)?,
                origin: Some("OpenSLO"),
                ..Slo::default()
            });
        }
        Ok(out)
    }

    fn indicator<'v>(&'v self, spec: &'v Value) -> Result<&'v Value, Refused> {
        if let Some(inside) = at(spec, &["indicator", "spec"]) {
            return Ok(inside);
        }
        let wanted = text(spec, &["indicatorRef"])
            .ok_or(("has no indicator".to_owned(), "add indicator or indicatorRef"))?;
        let found = self.indicators.iter().find(|document| document.name == wanted);
        found.and_then(|document| at(&document.root, &["spec"])).ok_or((
            format!("refers to the indicator \"{}\", which is not in this file", crate::text::clean(&wanted)),
            "put it into the same file",
        ))
    }

    fn sli(&self, indicator: &Value, objective: &Value, method: &str) -> Result<Sli, Refused> {
        let slice = text(objective, &["timeSliceWindow"]).and_then(|text| parse_duration(&text).ok());
        let slice = slice.unwrap_or(Duration::from_secs(60));
        if let Some(threshold) = at(indicator, &["thresholdMetric"]) {
            let query = query(threshold)
                .ok_or(("has a thresholdMetric without a query".to_owned(), "add metricSource.spec.query"))?;
            let sign = match text(objective, &["op"]).as_deref() {
                Some("lte") | None => "<=",
                Some("lt") => "<",
                Some("gte") => ">=",
                Some("gt") => ">",
                Some(_) => return Err(("has an unknown op".to_owned(), "write lte, lt, gte or gt")),
            };
            let value = number(objective, &["value"])
                .ok_or(("has a threshold without a value".to_owned(), "add value to the objective"))?;
            return Ok(self.slices(format!("({query}) {sign} bool {value}"), slice));
        }
        let ratio = at(indicator, &["ratioMetric"]).ok_or((
            "has an indicator of an unknown kind".to_owned(),
            "write ratioMetric or thresholdMetric",
        ))?;
        if let Some(raw) = at(ratio, &["raw"]) {
            let query = query(raw)
                .ok_or(("has a raw metric without a query".to_owned(), "add metricSource.spec.query"))?;
            let failure = text(ratio, &["rawType"]).as_deref() == Some("failure");
            let text = if failure { query } else { format!("1 - ({query})") };
            return Ok(Sli::Ratio(self.spanned(text)));
        }
        let counter = at(ratio, &["counter"]).and_then(Value::as_bool).unwrap_or(true);
        let part = |key: &str| {
            at(ratio, &[key]).and_then(query).map(|text| if counter { grown(&text) } else { text })
        };
        let total = part("total").ok_or((
            "has a ratioMetric without total".to_owned(),
            "add total with metricSource.spec.query",
        ))?;
        let (good, bad) = (part("good"), part("bad"));
        if method == "Occurrences" {
            return match (good, bad) {
                (_, Some(bad)) => Ok(Sli::Errors(self.spanned(bad), self.spanned(total))),
                (Some(good), None) => Ok(Sli::Good(self.spanned(good), self.spanned(total))),
                (None, None) => Err(("has a ratioMetric without good and bad".to_owned(), "add one of them")),
            };
        }
        let share = match (good, bad) {
            (Some(good), _) => format!("({good}) / ({total})"),
            (None, Some(bad)) => format!("1 - ({bad}) / ({total})"),
            (None, None) => {
                return Err(("has a ratioMetric without good and bad".to_owned(), "add one of them"));
            }
        };
        match method {
            "Timeslices" => {
                let target = number(objective, &["timeSliceTarget"]).ok_or((
                    "has Timeslices without timeSliceTarget".to_owned(),
                    "add it to the objective",
                ))?;
                Ok(self.slices(format!("({share}) >= bool {target}"), slice))
            }
            "RatioTimeslices" => Ok(Sli::Ratio(self.spanned(format!("1 - ({share})")))),
            _ => Err((
                "has an unknown budgetingMethod".to_owned(),
                "write Occurrences, Timeslices or RatioTimeslices",
            )),
        }
    }

    fn slices(&self, expr: String, slice: Duration) -> Sli {
        Sli::Probe { expr: Some(self.spanned(expr)), poll: None, slice, at: self.document.at.clone() }
    }
}

fn query(metric: &Value) -> Option<String> {
    let spec = at(metric, &["metricSource", "spec"])?;
    text(spec, &["query"]).or_else(|| text(spec, &["promql"])).or_else(|| text(metric, &["query"]))
}

/// A counter, or a plain sum of one, as its growth; anything else stays as it is.
fn grown(query: &str) -> String {
    let Ok(expr) = promql::parse(query) else { return query.to_owned() };
    let text = expr.text();
    let inner = text.strip_prefix("sum(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    match promql::parse(inner).map(|inner| (inner.kind(), inner.selectors().len())) {
        Ok((promql::ValueKind::Vector, 1))
            if !inner.contains(['(', '[', '@']) && !inner.contains(" offset ") =>
        {
            format!("sum(rate({inner}[{{{{.window}}}}]))")
        }
        _ => query.to_owned(),
    }
}

/// The window, and the zone of a calendar's.
fn window(spec: &Value) -> Result<(String, Option<String>), Refused> {
    let Some(first) = at(spec, &["timeWindow"]).and_then(Value::as_array).and_then(|list| list.first())
    else {
        return Ok(("30d".to_owned(), None));
    };
    let length = text(first, &["duration"])
        .ok_or(("has a timeWindow without a duration".to_owned(), "add duration: 30d"))?;
    let calendar = at(first, &["calendar"]).is_some()
        || at(first, &["isRolling"]).and_then(Value::as_bool) == Some(false);
    if !calendar {
        let rolling = match length.as_str() {
            "1M" => "30d",
            "1Q" => "90d",
            other => other,
        };
        return Ok((rolling.to_owned(), None));
    }
    let word = match length.as_str() {
        "1w" | "7d" => "week",
        "1M" => "month",
        "1Q" | "3M" => "quarter",
        _ => {
            return Err((format!("has a calendar of {}", crate::text::clean(&length)), "write 1w, 1M or 1Q"));
        }
    };
    Ok((word.to_owned(), Some(text(first, &["calendar", "timeZone"]).unwrap_or_else(|| "UTC".to_owned()))))
}
