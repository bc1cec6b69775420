//! sloth: `prometheus/v1`, and the same as a Kubernetes resource (`sloth.slok.dev/v1`), whose keys are in camel case.
//!
//! Format: sloth's `pkg/prometheus/api/v1` and `pkg/kubernetes/api/sloth/v1`.

use super::Problems;
use super::yaml::{Document, at, name, number, text};
use crate::config::slo::{Alerting, Sli, Slo};
use crate::config::{Place, Problem, Spanned};
use serde_json::Value;
use std::sync::Arc;

/// Reads one document.
pub(super) fn read(document: &Document, file: &Arc<str>, problems: &mut Problems) -> Vec<Slo> {
    let root =
        at(&document.root, &["spec"]).filter(|spec| spec.get("slos").is_some()).unwrap_or(&document.root);
    let service =
        text(root, &["service"]).map(|value| Spanned { value, at: document.place(file, &[("service", "")]) });
    let Some(list) = at(root, &["slos"]).and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        let problem = Problem::new(&document.place(file, &[]), "slos", "is missing or empty");
        problems.push((true, problem.with_remedy("add an objective, or remove the file from slo_files")));
        return Vec::new();
    };
    let mut out = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let own = text(entry, &["name"]).unwrap_or_else(|| format!("slo-{index}"));
        let place = |rest: &[(&str, &str)]| {
            let chain: Vec<(&str, &str)> =
                [("slos", ""), ("name", own.as_str())].iter().chain(rest).copied().collect();
            document.place(file, &chain)
        };
        let full = match &service {
            Some(service) => name(&format!("{}-{own}", service.value)),
            None => name(&own),
        };
        if let Some(mut slo) = one(entry, &own, full, &place, problems) {
            slo.service.clone_from(&service);
            out.push(slo);
        }
    }
    out
}

/// Where a chain of keys of one objective stands.
type Places<'a> = dyn Fn(&[(&str, &str)]) -> Place + 'a;

/// The value under either spelling of a key.
fn either(value: &Value, path: [&str; 2], snake: &str, camel: &str) -> Option<String> {
    let parent = at(value, &path)?;
    text(parent, &[snake]).or_else(|| text(parent, &[camel]))
}

fn one(entry: &Value, own: &str, full: String, place: &Places<'_>, problems: &mut Problems) -> Option<Slo> {
    let mut say = |fatal: bool, at: Place, rest: &str, message: &str, remedy: &str| {
        problems.push((fatal, Problem::new(&at, format!("slos.{own}.{rest}"), message).with_remedy(remedy)));
    };
    let Some(objective) = number(entry, &["objective"]) else {
        say(true, place(&[]), "objective", "is missing", "write a per cent figure: 99.9");
        return None;
    };
    let spanned = |value: String, key: &str| Spanned { value, at: place(&[(key, "")]) };
    let events = |snake: &str, camel: &str| {
        either(entry, ["sli", "events"], snake, camel).map(|value| {
            let key = if at(entry, &["sli", "events", snake]).is_some() { snake } else { camel };
            spanned(value, key)
        })
    };
    let sli = if let (Some(error), Some(total)) =
        (events("error_query", "errorQuery"), events("total_query", "totalQuery"))
    {
        Sli::Errors(error, total)
    } else if let Some(ratio) = either(entry, ["sli", "raw"], "error_ratio_query", "errorRatioQuery") {
        let key = if at(entry, &["sli", "raw", "error_ratio_query"]).is_some() {
            "error_ratio_query"
        } else {
            "errorRatioQuery"
        };
        Sli::Ratio(spanned(ratio, key))
    } else {
        let plugin = at(entry, &["sli", "plugin"]).is_some();
        let message = if plugin { "is a plugin, which is a program" } else { "has neither events nor raw" };
        say(true, place(&[("sli", "")]), "sli", message, "write sli.events with error_query and total_query");
        return None;
    };
    let off = |snake: &str, camel: &str| {
        let alert = at(entry, &["alerting", snake]).or_else(|| at(entry, &["alerting", camel]));
        alert.and_then(|alert| alert.get("disable")).and_then(Value::as_bool) == Some(true)
    };
    let (no_pages, no_tickets) = (off("page_alert", "pageAlert"), off("ticket_alert", "ticketAlert"));
    Some(Slo {
        name: full,
        place: place(&[]),
        title: None,
        description: text(entry, &["description"]).unwrap_or_default(),
        objective: Spanned { value: objective, at: place(&[("objective", "")]) },
        window: Spanned::unplaced("30d".to_owned()),
        sli,
        alerting: if no_pages && no_tickets { Alerting::Off } else { Alerting::Google },
        no_pages,
        no_tickets,
        origin: Some("sloth"),
        ..Slo::default()
    })
}
