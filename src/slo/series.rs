//! What an objective leaves in the store, and the alerts that are made from it.
//!
//! `warroom_slo_*` series with `{slo, service}`; alerts are plain data: the room of rules makes rules of them.

use super::assess::Assessment;
use super::budget;
use super::spec::Slo;
use crate::labels::Labels;
use crate::severity::Severity;
use crate::store::Store;
use crate::target::{STALE_NAN, is_stale};
use crate::text::clean;
use crate::units::{Timestamp, format_duration};
use std::fmt::Write as _;
use std::time::Duration;

/// Good over valid events of the window.
pub const SLI: &str = "warroom_slo_sli_ratio";
/// What it should be.
pub const OBJECTIVE: &str = "warroom_slo_objective_ratio";
/// What is left of the budget; negative: overspent.
pub const REMAINING: &str = "warroom_slo_budget_remaining_ratio";
/// How many times as fast as allowed the budget is spent, by `window`.
pub const BURN: &str = "warroom_slo_burn_rate";
/// Valid events, by `window`.
pub const EVENTS: &str = "warroom_slo_events";
/// How much of the window is known, 0..=1.
pub const COVERAGE: &str = "warroom_slo_coverage_ratio";

/// An alert, as text that a rule can be made from.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertSpec {
    /// The label `alertname`.
    pub name: String,
    /// PromQL.
    pub expr: String,
    /// `for`.
    pub wait: Duration,
    /// How grave it is.
    pub severity: Severity,
    /// Labels beside the name: `slo`, `service`, `severity`, `long`, `short`.
    pub labels: Vec<(String, String)>,
    /// `summary` and `description`, templates as rule files have them.
    pub annotations: Vec<(String, String)>,
}

fn labels(slo: &Slo, name: &str, window: Option<Duration>) -> Labels {
    let window = window.map(format_duration).unwrap_or_default();
    let service = slo.service.as_deref().unwrap_or("");
    Labels::metric(name, [("slo", &*slo.name), ("service", service), ("window", &window)])
}

/// Appends the figures of `assessment`; a figure that is not known any more is marked as ended.
pub(super) fn append(assessment: &Assessment, store: &mut Store) {
    let slo = &assessment.slo;
    let at = assessment.at;
    let known = !assessment.coverage.observed.is_zero();
    put(store, &labels(slo, OBJECTIVE, None), at, Some(slo.objective));
    put(store, &labels(slo, SLI, None), at, assessment.sli);
    put(store, &labels(slo, REMAINING, None), at, assessment.budget.map(|budget| budget.remaining));
    put(store, &labels(slo, COVERAGE, None), at, known.then(|| assessment.coverage.ratio()));
    for burn in &assessment.burns {
        put(store, &labels(slo, BURN, Some(burn.window)), at, burn.rate);
        let seen = !burn.coverage.observed.is_zero();
        put(store, &labels(slo, EVENTS, Some(burn.window)), at, seen.then_some(burn.counts.total));
    }
}

fn put(store: &mut Store, labels: &Labels, at: Timestamp, value: Option<f64>) {
    let ended =
        || store.get(labels).and_then(crate::store::Series::last).is_none_or(|(_, last)| is_stale(last));
    match value {
        Some(value) => {
            store.append(labels, at, value);
        }
        None if ended() => {}
        None => {
            store.append(labels, at, STALE_NAN);
        }
    }
}

/// The alerts of an objective: one for each row of its policy, and one for a budget that is gone.
pub fn alerts(slo: &Slo) -> Vec<AlertSpec> {
    let service = slo.service.as_deref().unwrap_or("");
    let mut out: Vec<AlertSpec> = slo.rows.iter().map(|row| alert_of(slo, service, row)).collect();
    if slo.rows.is_empty() {
        return out;
    }
    let (window, name) = (slo.window.text(), escaped(&slo.name));
    out.push(AlertSpec {
        name: "SloBudgetExhausted".to_owned(),
        expr: format!("{REMAINING}{{slo=\"{name}\"}} <= 0"),
        wait: Duration::from_secs(300),
        severity: Severity::P3,
        labels: pairs(&[("slo", &slo.name), ("service", service), ("severity", Severity::P3.word())]),
        annotations: pairs(&[
            ("summary", &format!("error budget of {window} is gone: {}", shown(slo))),
            (
                "description",
                "{{ $value | humanizePercentage }} of it is left. Changes that are not repairs can wait.",
            ),
        ]),
    });
    out
}

fn alert_of(slo: &Slo, service: &str, row: &super::policy::Row) -> AlertSpec {
    let (long, short, name) = (format_duration(row.long), format_duration(row.short), escaped(&slo.name));
    let factor = (row.factor * 1e6).round() / 1e6;
    let spent = budget::spent_when_fired(row.factor, row.long, slo.window.longest()) * 100.0;
    let fewest = slo.min_events.unwrap_or_else(|| budget::fewest_events(row.factor, slo.objective));
    let mut expr = format!(
        "{BURN}{{slo=\"{name}\",window=\"{long}\"}} > {factor} and ignoring (window) \
         {BURN}{{slo=\"{name}\",window=\"{short}\"}} > {factor}"
    );
    if slo.fewest_bad() > 0.0 {
        // Burn rate times events is bad events over the share that may be bad; half an event is left for rounding.
        let least = ((slo.fewest_bad() - 0.5) / slo.budget_ratio() * 1e6).round() / 1e6;
        let _ = write!(
            expr,
            " and {BURN}{{slo=\"{name}\",window=\"{long}\"}} * {EVENTS}{{slo=\"{name}\",window=\"{long}\"}} > {least}"
        );
    }
    let description = format!(
        "Over {long} the budget is spent {{{{ $value | humanize }}}} times as fast as allowed (more than {factor:.1}, \
         also over {short}): about {spent:.0}% of it is gone when this fires. \
         {{{{ with query \"{EVENTS}{{slo='{name}',window='{long}'}} < {fewest}\" }}}}Only \
         {{{{ . | first | value | humanize }}}} events: an insufficient sample, {fewest} would be enough.{{{{ end }}}}"
    );
    let window = slo.window.text();
    AlertSpec {
        name: "SloBudgetBurn".to_owned(),
        expr,
        wait: row.wait,
        severity: row.severity,
        labels: pairs(&[
            ("slo", &slo.name),
            ("service", service),
            ("severity", row.severity.word()),
            ("long", &long),
            ("short", &short),
        ]),
        annotations: pairs(&[
            (
                "summary",
                // What is wrong comes first: where there is little room the end is cut.
                &format!("error budget of {window} burns {{{{ printf \"%.1f\" $value }}}}x: {}", shown(slo)),
            ),
            ("description", &description),
        ]),
    }
}

/// A title as plain text of a template.
fn shown(slo: &Slo) -> String {
    clean(&slo.title).replace("{{", "{ {")
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let some = pairs.iter().filter(|(_, value)| !value.is_empty());
    some.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
