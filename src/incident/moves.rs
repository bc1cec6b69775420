//! Suggested first moves: from the configuration, then what is known of the usual failures. Only words; what can be done
//! from here is the action room's.

use super::engine::Incidents;
use super::record::Incident;
use std::sync::Arc;

/// Moves of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRule {
    /// The table's name.
    pub name: Arc<str>,
    /// Names of alerts, lower case; `*` stands for any letters. Empty: any alert.
    pub alerts: Vec<String>,
    /// The service; none: any.
    pub service: Option<Arc<str>>,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// Where it is written at length.
    pub runbook: Option<String>,
}

/// A suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What to do.
    pub text: String,
    /// Where it is written at length.
    pub runbook: Option<String>,
    /// `incident.moves.NAME`; none: warroom's own.
    pub from: Option<Arc<str>>,
    /// The service that it is about.
    pub service: Arc<str>,
}

/// What is known of the usual failures: words in an alert's name or summary (lower case, without `_`, `-` and blanks), and
/// what to do first. The first row that fits is taken.
const KNOWN: &[(&[&str], &[&str])] = &[
    (
        &["databaseconnection", "dbconnection", "postgresdown", "mysqldown", "databasedown"],
        &[
            "check the database's URL in the service's settings, and the network between the two",
            "look whether the database takes connections, and whether its connections are used up",
        ],
    ),
    (
        &["redisdown", "redisunavailable", "cachedown", "redisconnection"],
        &[
            "start Redis again, then look why it stopped (memory, disk)",
            "expect a cold cache: errors and latency settle late",
        ],
    ),
    (
        &["grpc", "deadlineexceeded"],
        &[
            "restart the service behind the gRPC call",
            "look at its latency: a time-out that is too short makes it worse",
        ],
    ),
    (
        &["breaker", "circuit"],
        &[
            "look at what lies behind the breaker: it is open because of that",
            "wait for it to try again by itself (60 s as a rule) once that is well",
        ],
    ),
    (
        &["memory", "oom", "rss"],
        &["restart the instances one by one", "look whether it began with a deploy, and roll back if so"],
    ),
    (
        &["targetdown", "instancedown", "probefailed", "hostdown", "endpointdown", "servicedown"],
        &[
            "look whether the process runs and listens; if so, at the network in between",
            "restart the instance if it hangs",
        ],
    ),
    (
        &["queue", "backlog", "lag"],
        &[
            "look whether the consumers run and what they fail at",
            "add consumers, or stop what fills the queue; purge only what may be lost",
        ],
    ),
    (
        &["certificate", "certexpir", "sslexpir", "tlsexpir"],
        &["renew the certificate and reload whoever serves it", "look why it was not renewed by itself"],
    ),
    (
        &["cachehit", "hitrate"],
        &[
            "look whether the cache was flushed or is full",
            "expect more load on the database until it is warm",
        ],
    ),
    (
        &["budget", "burn", "slo"],
        &[
            "see which requests fail, and since when: errors by status and route",
            "roll back if it began with a deploy",
        ],
    ),
    (
        &["latency", "slow", "p95", "p99"],
        &[
            "see which route is slow, and whether the database or a dependency is",
            "look for more load than usual",
        ],
    ),
    (
        &["errorrate", "errors", "5xx", "failure"],
        &[
            "see which requests fail, and since when: errors by status and route",
            "roll back if it began with a deploy",
        ],
    ),
];

/// The most suggestions at once: beyond these nobody reads.
const MOST: usize = 8;

impl Incidents {
    /// What to do first, the operator's own moves before warroom's.
    pub fn moves(&self, incident: &Incident) -> Vec<Move> {
        let mut out: Vec<Move> = Vec::new();
        for rule in &self.settings.moves {
            let fits = |alert: &&super::AlertNote| {
                rule.service.as_ref().is_none_or(|service| *service == alert.service)
                    && (rule.alerts.is_empty()
                        || rule.alerts.iter().any(|pattern| like(pattern, &alert.name.to_lowercase())))
            };
            let Some(alert) = incident.alerts.iter().find(fits) else { continue };
            out.extend(rule.steps.iter().map(|step| Move {
                text: super::spell::tidy(step, 400),
                runbook: rule.runbook.clone(),
                from: Some(Arc::clone(&rule.name)),
                service: Arc::clone(&alert.service),
            }));
        }
        self.after_deploy(incident, &mut out);
        let squeezed = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
        let mut alerts: Vec<&super::AlertNote> = incident.alerts.iter().collect();
        // The cause first, then as they came.
        alerts.sort_by_key(|alert| (Some(&alert.service) != incident.services.first(), !alert.firing));
        for alert in alerts.into_iter().take(20) {
            let (name, summary) = (squeezed(&alert.name), squeezed(&alert.summary));
            let row =
                |text: &str| KNOWN.iter().find(|(words, _)| words.iter().any(|word| text.contains(word)));
            let Some((_, steps)) = row(&name).or_else(|| row(&summary)) else { continue };
            out.extend(steps.iter().map(|step| Move {
                text: (*step).to_owned(),
                runbook: alert.runbook.clone(),
                from: None,
                service: Arc::clone(&alert.service),
            }));
        }
        let mut told: Vec<(String, Arc<str>)> = Vec::new();
        out.retain(|it| {
            let mark = (it.text.clone(), Arc::clone(&it.service));
            let new = !told.contains(&mark);
            told.push(mark);
            new
        });
        out.truncate(MOST);
        out
    }

    /// A deploy shortly before the start is the first thing to look at.
    fn after_deploy(&self, incident: &Incident, out: &mut Vec<Move>) {
        for service in &incident.services {
            let Some(deploy) = self.rollout(service).and_then(|rollout| rollout.last.as_ref()) else {
                continue;
            };
            let near = deploy.at + self.settings.timing.watch_deploy >= incident.began
                && deploy.at <= incident.opened_at;
            if near {
                out.push(Move {
                    text: format!(
                        "roll {service} back to {}: it went to {} shortly before",
                        deploy.from, deploy.to
                    ),
                    runbook: None,
                    from: None,
                    service: Arc::clone(service),
                });
            }
        }
    }
}

/// Does `text` fit `pattern`, in which `*` stands for any letters? Linear in the lengths' product, without recursion.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn stars_stand_for_letters() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*breaker*", "circuitbreakeropen", true),
            ("circuit*", "circuitbreakeropen", true),
            ("*open", "circuitbreakeropen", true),
            ("c*b*n", "circuitbreakeropen", true),
            ("ab*ba", "aba", false),
            ("**", "x", true),
            ("", "x", false),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }
}
