//! The rules that come with warroom, as rule YAML (`builtin.yml`), and the burn-rate alerts of objectives as
//! ordinary rules. What is off is left out here; nothing is evaluated.

use super::alert::Origin;
use super::file::{Group, Rule, RuleKind};
use super::read;
use super::set::Placed;
use crate::labels::Labels;
use crate::promql::{self, Expr};
use crate::units::format_duration;
use std::sync::Arc;
use std::time::Duration;

const TEXT: &str = include_str!("builtin.yml");

/// The names under which they can be turned off.
pub const NAMES: [&str; 9] = [
    "target-down",
    "probe-failed",
    "service-down",
    "component-down",
    "breaker-open",
    "queue-backlog",
    "queue-without-consumers",
    "certificate-expiry",
    SLO_BURN,
];

/// The name under which the burn-rate alerts of objectives can be turned off.
pub const SLO_BURN: &str = "slo-burn";

/// What the built-in rules need to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts<'f> {
    /// How often they are evaluated.
    pub interval: Duration,
    /// How long something must be down, or a breaker open.
    pub wait: Duration,
    /// How long a queue must be above its band.
    pub queue_wait: Duration,
    /// Services whose queues have a band: name, the depth that is worth a warning, the depth that is critical. Names
    /// hold letters, digits, `-`, `_` and `.` only, as the configuration keeps it.
    pub queues: Vec<(&'f str, f64, f64)>,
    /// The time left to a certificate that is worth a warning, and that is grave.
    pub certificate: (Duration, Duration),
}

/// The groups, without the rules named in `off` (see [`NAMES`]): one about polls, and one for each band of queues.
pub fn groups(facts: &Facts<'_>, off: &[&str]) -> Vec<Placed> {
    let mut bands: Vec<(f64, f64, String)> = Vec::new();
    for (service, warning, critical) in &facts.queues {
        // A dot in a name is no wildcard.
        let service = service.replace('.', "[.]");
        let known =
            bands.iter_mut().find(|(w, c, _)| w.total_cmp(warning).is_eq() && c.total_cmp(critical).is_eq());
        match known {
            Some((_, _, services)) => services.extend(["|", &service]),
            None => bands.push((*warning, *critical, service)),
        }
    }
    let (mut groups, queues): (Vec<Group>, Vec<Group>) =
        filled(facts, (0.0, 0.0, "")).into_iter().partition(|group| &*group.name != "queues");
    drop(queues);
    for (number, (warning, critical, services)) in bands.iter().enumerate() {
        for mut group in filled(facts, (*warning, *critical, services)) {
            if &*group.name == "queues" {
                group.name = format!("queues {}", number + 1).into();
                groups.push(group);
            }
        }
    }
    for group in &mut groups {
        group.rules.retain(|rule| !off.contains(&kebab(rule.name()).as_str()));
    }
    groups.retain(|group| !group.rules.is_empty());
    groups.into_iter().map(|group| Placed { origin: Origin::BuiltIn, group }).collect()
}

/// The text's groups with everything filled in. That nothing is wrong with it is a test's to find out.
fn filled(facts: &Facts<'_>, (warning, critical, services): (f64, f64, &str)) -> Vec<Group> {
    let mut text = TEXT.to_owned();
    for (name, value) in [
        ("<interval>", format_duration(facts.interval.max(Duration::from_secs(1)))),
        ("<wait>", format_duration(facts.wait)),
        ("<queue_wait>", format_duration(facts.queue_wait)),
        ("<queue_warning>", promql::format_value(warning)),
        ("<queue_critical>", promql::format_value(critical)),
        ("<services>", services.to_owned()),
        ("<certificate_warning>", facts.certificate.0.as_secs().to_string()),
        ("<certificate_critical>", facts.certificate.1.as_secs().to_string()),
    ] {
        text = text.replace(name, &value);
    }
    read::parse("builtin.yml", &text, &[]).groups
}

/// One alert as plain data: what an objective's policy makes of a burn rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Burn {
    /// The alert's name.
    pub name: String,
    /// The expression, over `warroom_slo_*`.
    pub expr: String,
    /// How long it must be true.
    pub wait: Duration,
    /// Labels, `severity` among them.
    pub labels: Vec<(String, String)>,
    /// Annotations, templates.
    pub annotations: Vec<(String, String)>,
}

/// The group of the objective `slo`, made of its alerts.
///
/// # Errors
/// An expression cannot be read: which, and why.
pub fn burn_group(slo: &str, burns: Vec<Burn>, interval: Duration) -> Result<Placed, String> {
    let mut rules = Vec::with_capacity(burns.len());
    for Burn { name, expr: text, wait, mut labels, mut annotations } in burns {
        let expr = read_burn(slo, &text).map_err(|error| format!("cannot read {text}: {error}"))?;
        labels.sort();
        annotations.sort();
        let annotations = annotations.into_iter().map(|(name, text)| (Arc::from(name), text)).collect();
        let kind = RuleKind::Alert { name: name.into(), wait, keep: Duration::ZERO, annotations };
        rules.push(Rule { kind, text, expr, labels, line: 0, expr_line: 0 });
    }
    let group = Group {
        name: slo.into(),
        interval: Some(interval),
        offset: Duration::ZERO,
        limit: 0,
        labels: Vec::new(),
        rules,
        line: 0,
    };
    Ok(Placed { origin: Origin::Slo(slo.into()), group })
}

/// Alerts of objectives differ in little but the objective's name: each text is parsed for one of them, and renamed.
fn read_burn(slo: &str, text: &str) -> Result<Expr, promql::ParseError> {
    const ANY: &str = "objective";
    let (own, any) = (format!("slo={slo:?}"), format!("slo=\"{ANY}\""));
    // What another objective's name or an escape could make of it is read as it is.
    let plain = slo.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain || text.matches("slo=").count() != text.matches(&own).count() {
        return promql::parse(text);
    }
    Ok(promql::parse(&text.replace(&own, &any))?.renamed("slo", ANY, slo))
}

/// `TargetDown` -> `target-down`
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The alert's name under which it can be turned off, if it comes with warroom.
pub fn name_of(origin: &Origin, labels: &Labels) -> Option<String> {
    match origin {
        Origin::File { .. } | Origin::Backend(_) => None,
        Origin::BuiltIn => labels.get("alertname").map(kebab),
        Origin::Slo(_) => Some(SLO_BURN.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_read_and_has_a_name_that_turns_it_off() {
        let facts = Facts {
            interval: Duration::from_secs(15),
            wait: Duration::from_secs(60),
            queue_wait: Duration::from_secs(300),
            queues: vec![("a", 500.0, 1000.5), ("b", 1.0, 2.0), ("c_2.0", 500.0, 1000.5)],
            certificate: (Duration::from_secs(21 * 86_400), Duration::from_secs(3 * 86_400)),
        };
        let count =
            |off: &[&str]| groups(&facts, off).iter().map(|placed| placed.group.rules.len()).sum::<usize>();
        let all = groups(&facts, &[]);
        let shape: Vec<(&str, usize)> = all.iter().map(|p| (&*p.group.name, p.group.rules.len())).collect();
        assert_eq!(shape, [("polls", 8), ("queues 1", 2), ("queues 2", 2)]);
        let rules = || all.iter().flat_map(|placed| &placed.group.rules);
        let mut names: Vec<String> =
            rules().map(|rule| kebab(rule.name())).chain([SLO_BURN.to_owned()]).collect();
        names.dedup();
        let mut known = NAMES.map(str::to_owned).to_vec();
        names.sort();
        known.sort();
        assert_eq!(names, known);
        let backlog: Vec<&str> =
            rules().map(|r| r.text.as_str()).filter(|text| text.contains("=~")).collect();
        let depth = |services: &str, limit: &str| {
            format!("max by (service, queue) (warroom_queue_depth{{service=~\"{services}\"}}) > {limit}")
        };
        let first = "a|c_2[.]0";
        assert_eq!(backlog, [depth(first, "500"), depth(first, "1000.5"), depth("b", "1"), depth("b", "2")]);
        assert!(rules().any(|rule| rule.text.ends_with("< 1814400")));
        for name in NAMES.iter().filter(|name| **name != SLO_BURN) {
            assert!(count(&[name]) < 12, "{name}");
        }
        assert_eq!((count(&NAMES), count(&[])), (0, 12));
    }

    #[test]
    fn an_objectives_alerts_become_a_group() {
        let burn = |expr: &str| Burn { name: "Burn".to_owned(), expr: expr.to_owned(), ..Burn::default() };
        let interval = Duration::from_secs(30);
        let placed = burn_group("avail", vec![burn("warroom_slo_burn_rate > 14.4")], interval).unwrap();
        assert_eq!(placed.origin, Origin::Slo("avail".into()));
        assert_eq!(placed.group.rules[0].text, "warroom_slo_burn_rate > 14.4");
        assert!(
            burn_group("avail", vec![burn("a >")], interval).unwrap_err().starts_with("cannot read a >: ")
        );
    }
}
