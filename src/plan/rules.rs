//! Rule sets, compiled from `rules.NAME`, and the rules that come with warroom.

use super::{Found, ServicePlan};
use crate::config::{Config, Problem, RuleFiles};
use crate::labels::{Labels, Matcher};
use crate::promql;
use crate::rules::builtin::{self, Burn, Facts};
use crate::rules::{Owners, Placed, RuleProblem, RuleSet, Severities};
use crate::slo::{self, Slo};
use std::sync::Arc;
use std::time::Duration;

/// The rules, compiled: what an engine is made of.
#[derive(Clone, Debug)]
pub struct RulesPlan {
    /// The sets of the configuration in order of name, and last the one that comes with warroom.
    pub sets: Vec<RuleSet>,
    /// Whose an alert is.
    pub owners: Owners,
}

/// Compiles the rules. What is wrong with a rule file keeps nobody from starting; what is wrong with its table does.
pub(super) fn compile(
    config: &Config,
    services: &[ServicePlan],
    slos: &[Arc<Slo>],
    problems: &mut Found,
) -> RulesPlan {
    let mut sets: Vec<RuleSet> = config.rules.values().map(|files| set(files, problems)).collect();
    let off: Vec<&str> = config.builtin_rules.off.iter().map(|name| name.value.as_str()).collect();
    for name in config.builtin_rules.off.iter().filter(|name| !builtin::NAMES.contains(&name.value.as_str()))
    {
        let message = format!("there is no built-in rule \"{}\"", name.value);
        let problem = Problem::new(&name.at, "builtin_rules.off", message);
        problems.push((true, problem.with_remedy(format!("they are {}", builtin::NAMES.join(", ")))));
    }
    let mut own = RuleSet::empty("builtin");
    let queues = services.iter().filter_map(|service| {
        let band = service.bands.queue?;
        Some((&*service.name, band.warning, band.critical))
    });
    let facts = Facts {
        interval: config.builtin_rules.interval,
        wait: config.builtin_rules.wait,
        queue_wait: config.builtin_rules.queue_wait,
        queues: queues.collect(),
        certificate: (config.builtin_rules.certificate_warning, config.builtin_rules.certificate_critical),
    };
    own.groups = builtin::groups(&facts, &off);
    if !off.contains(&builtin::SLO_BURN) {
        own.groups.extend(slos.iter().filter_map(|slo| burns(slo)));
    }
    sets.push(own);
    let owners = services.iter().map(|service| (service.name.clone(), service.select.clone()));
    RulesPlan { sets, owners: Owners::new(owners) }
}

/// The alerts of an objective, as a group of rules. Its expressions are warroom's own: they can be read.
fn burns(slo: &Slo) -> Option<Placed> {
    let alerts = slo::alerts(slo).into_iter().map(|alert| Burn {
        name: alert.name,
        expr: alert.expr,
        wait: alert.wait,
        labels: alert.labels,
        annotations: alert.annotations,
    });
    let alerts: Vec<Burn> = alerts.collect();
    if alerts.is_empty() {
        return None;
    }
    builtin::burn_group(&slo.name, alerts, slo.interval.max(LEAST)).ok()
}

/// Alerts of objectives are looked at no more often than this.
const LEAST: Duration = Duration::from_secs(5);

fn set(files: &RuleFiles, problems: &mut Found) -> RuleSet {
    let matchers = enforced(files, problems);
    let severities = files.severity.iter().map(|(word, severity)| (word.as_str(), *severity));
    let sources = files.sources.iter().map(|source| (source.name.as_str(), source.text.as_str()));
    let mut set = RuleSet::read(&files.name, sources, &matchers, Severities::new(severities));
    set.external_labels = Labels::from_pairs(files.external_labels.iter().map(|(n, v)| (n, v)));
    set.external_url.clone_from(&files.external_url);
    for placed in &mut set.groups {
        placed.group.interval.get_or_insert(files.interval);
    }
    problems.extend(files.unread.iter().map(|problem| (false, problem.clone())));
    problems.extend(set.problems.iter().map(|problem| (false, told(files, problem))));
    set
}

fn enforced(files: &RuleFiles, problems: &mut Found) -> Vec<Matcher> {
    let Some(text) = &files.enforce else { return Vec::new() };
    let wrong = |message: String| {
        let problem = Problem::new(&text.at, format!("rules.{}.enforce", files.name), message);
        (true, problem.with_remedy("write it as '{job=~\"checkout-.*\"}'"))
    };
    match promql::parse(&text.value).map(|expr| expr.selectors()) {
        Ok(selectors) if selectors.len() == 1 => selectors.into_iter().flat_map(|one| one.matchers).collect(),
        Ok(_) => {
            problems.push(wrong("is not a single selector".to_owned()));
            Vec::new()
        }
        Err(error) => {
            problems.push(wrong(error.to_string()));
            Vec::new()
        }
    }
}

fn told(files: &RuleFiles, problem: &RuleProblem) -> Problem {
    let short = RuleProblem { file: String::new(), line: 0, ..problem.clone() };
    let message = short.to_string();
    Problem {
        file: problem.file.clone(),
        line: u32::try_from(problem.line).unwrap_or(0),
        column: u32::try_from(problem.column).unwrap_or(0),
        key: format!("rules.{}", files.name),
        message: message.trim_start_matches([':', ',', ' ']).to_owned(),
        remedy: None,
    }
}
