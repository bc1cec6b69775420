//! The metrics that warroom makes, each with its type and what it says: for `/metrics` and `/api/v1/metadata`.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// `gauge`, `counter`, `summary`.
    pub kind: &'static str,
    /// In a line.
    pub help: &'static str,
}

/// What is known of a metric of this name; nothing of those that others make.
pub fn about(name: &str) -> Option<About> {
    let at = KNOWN.binary_search_by(|(known, _, _)| (*known).cmp(name)).ok()?;
    KNOWN.get(at).map(|(_, kind, help)| About { kind, help })
}

/// Does warroom make metrics of this name, and nobody else?
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with("warroom_") || name.starts_with("probe_") || about(name).is_some()
}

/// Sorted by name.
const KNOWN: &[(&str, &str, &str)] = &[
    ("ALERTS", "gauge", "Alerts that are pending or fire; the value is 1."),
    ("ALERTS_FOR_STATE", "gauge", "Since when an alert is active, as Unix seconds."),
    ("probe_duration_seconds", "gauge", "How long a probe's exchange took."),
    ("probe_http_status_code", "gauge", "HTTP status of a probe's answer; 0 without one."),
    (
        "probe_ssl_earliest_cert_expiry",
        "gauge",
        "When the first certificate of the chain ends, as Unix seconds.",
    ),
    ("probe_success", "gauge", "Did the probe succeed?"),
    ("scrape_body_size_bytes", "gauge", "Size of a scrape's body, unpacked."),
    ("scrape_duration_seconds", "gauge", "How long a scrape took."),
    ("scrape_samples_scraped", "gauge", "Samples that a scrape's body held."),
    ("up", "gauge", "Did the last scrape of an instance succeed?"),
    ("warroom_action_total", "counter", "Actions that were sent, by their outcome."),
    ("warroom_backend_duration_seconds", "gauge", "How long a round of questions to a backend took."),
    ("warroom_backend_up", "gauge", "Does a backend answer?"),
    ("warroom_breaker_calls", "gauge", "Calls that a circuit breaker has counted."),
    ("warroom_breaker_failures", "gauge", "Failures that a circuit breaker has counted."),
    ("warroom_breaker_state", "gauge", "State of a circuit breaker: 0 closed, 1 open, 2 half-open."),
    ("warroom_breaker_success_ratio", "gauge", "Share of calls through a circuit breaker that succeeded."),
    (
        "warroom_component_up",
        "gauge",
        "State of a dependency, as a service tells it: 1 up, 0.5 degraded, 0 down.",
    ),
    ("warroom_queue_consumers", "gauge", "Who takes from a queue."),
    ("warroom_queue_depth", "gauge", "Messages that wait in a queue."),
    ("warroom_queue_oldest_age_seconds", "gauge", "Age of the oldest message of a queue."),
    ("warroom_redis_ttlless_keys", "gauge", "Keys of a Redis database that never expire."),
    ("warroom_service_error_ratio", "gauge", "Share of a service's requests that fail."),
    ("warroom_service_latency_seconds", "gauge", "Latency of a service at its percentile."),
    ("warroom_service_requests_per_second", "gauge", "Requests of a service."),
    ("warroom_slo_budget_remaining_ratio", "gauge", "Share of an objective's error budget that is left."),
    (
        "warroom_slo_burn_rate",
        "gauge",
        "How fast an objective's error budget is used up: 1 uses up exactly all of it.",
    ),
    ("warroom_slo_coverage_ratio", "gauge", "Share of an objective's window that was seen."),
    ("warroom_slo_events", "gauge", "Events of an objective's window."),
    ("warroom_slo_objective_ratio", "gauge", "What an objective promises."),
    ("warroom_slo_sli_ratio", "gauge", "Share of an objective's events that were good."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_sentences_end() {
        assert!(KNOWN.is_sorted_by(|a, b| a.0 < b.0));
        for (name, kind, help) in KNOWN {
            assert!(help.ends_with(['.', '?']) && !help.contains('\n'), "{name}");
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{name}");
        }
    }
}
