//! What words mean: is "connected" good, is `demo_mode` a dependency? The lists are here, and nowhere else.
//!
//! A word that no list knows is not judged at all: a guess that shows green would be worse than none.

use crate::target::{BreakerState, Verdict};

/// Words for "works".
const UP: &str = "ok okay up healthy pass passed passing good green alive live ready running active available connected \
    reachable operational online success successful succeeded serving normal true yes fine started loaded initialized \
    synced idle pong accessible established";

/// Words for "works in part", the way there and the way out included.
const DEGRADED: &str = "degraded warn warning yellow partial partially_degraded partially_available impaired slow unstable \
    amber orange starting initializing warming warming_up loading pending recovering restarting limited throttled \
    maintenance draining read_only readonly reconnecting connecting circuit_half_open overloaded syncing stopping \
    shutting_down progressing fallback demo_mode";

/// Words for "does not work".
const DOWN: &str = "down unhealthy fail failed failing failure error errored critical fatal red dead offline unavailable \
    disconnected unreachable out_of_service stopped crashed timeout timed_out refused broken bad false no missing outage \
    panic major_outage circuit_open exception terminated lost closed unresponsive corrupt expired suspended inaccessible";

/// Words for "nothing is known", or "there is none".
const UNKNOWN: &str = "unknown n/a na none null disabled not_configured unconfigured skipped skip inactive unset not_set \
    not_enabled not_used not_applicable not_required not_checked unspecified optional";

/// Beginnings of sentences that tell of a failure: `failed to connect`, `cannot reach 10.0.0.1`.
const DOWN_OPENINGS: &str = "error failed failure cannot can't couldn't unable timeout unreachable refused exception not no could fail";

/// A truth value with such a word in its name is a setting or a fact, not a dependency.
const SETTINGS: &str = "debug demo mode dry test testing lazy lazily enabled disabled leader primary master replica secondary \
    standby cached cache_enabled verbose beta production prod dev development staging configured required is has \
    supports allow allowed public admin feature flag auto authenticated from version mock sandbox experimental";

/// A truth value with such a word in its name is bad news when it is true, and no news when it is false.
const BAD_IF_TRUE: &str = "error errors failed failing failure degraded maintenance draining overloaded stale fallback timed \
    timeout unhealthy down disconnected unavailable expired sealed stalled shutting shutdown paused deadlock deadlocked \
    throttled blocked stuck";

fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

/// Judges a state in a service's own word, in any case and with `-`, `_` or blanks: `connected`, `OUT_OF_SERVICE`,
/// `error: no route`, `not ready`. Nothing for a text that is no state (`2.0.0`, `eu-west-1`).
pub fn judge(text: &str) -> Option<Verdict> {
    let text = text.trim().trim_end_matches(['.', '!']);
    if let Some(verdict) = whole(text) {
        return Some(verdict);
    }
    // A word with an explanation behind it: `unhealthy: no route`, `ok (12 ms)`, `degraded - 2 of 3`.
    let cut = text.find([':', '(', ',', ';', '\n']).or_else(|| text.find(" - "));
    if let Some((head, _)) = cut.and_then(|at| text.split_at_checked(at))
        && let Some(verdict) = whole(head)
    {
        return Some(verdict);
    }
    let (first, _) = text.split_once(char::is_whitespace)?;
    listed(DOWN_OPENINGS, &first.to_ascii_lowercase()).then_some(Verdict::Down)
}

fn whole(text: &str) -> Option<Verdict> {
    let text = text.trim();
    if text.is_empty() || text.len() > 40 {
        return None;
    }
    let word = text.to_ascii_lowercase().replace([' ', '-'], "_");
    for (list, verdict) in
        [(UP, Verdict::Up), (DEGRADED, Verdict::Degraded), (DOWN, Verdict::Down), (UNKNOWN, Verdict::Unknown)]
    {
        if listed(list, &word) {
            return Some(verdict);
        }
    }
    // `not_connected`, `not_ready`, `NOT_SERVING`; `not_configured` was found above.
    let negated = word.strip_prefix("not_").or_else(|| word.strip_prefix("no_"))?;
    Some(if listed(UP, negated) { Verdict::Down } else { whole_negation(negated) })
}

fn whole_negation(word: &str) -> Verdict {
    if listed(DOWN, word) || listed(DEGRADED, word) { Verdict::Up } else { Verdict::Down }
}

/// What a truth value beside `status` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// A dependency: false means that it does not work.
    Dependency,
    /// Trouble: true means that something is wrong, false says nothing.
    Trouble,
    /// A setting: says nothing about health.
    Setting,
}

/// What a truth value of this name says. The rule, in this order:
///
/// 1. A name with a word of trouble in it (`maintenance`, `is_draining`, `timed_out`) is trouble.
/// 2. A name with a word of a setting in it (`debug`, `demo_mode`, `lazy_initialized`, `auth_enabled`) is a setting, unless
///    it ends in a word that judges (`is_connected`, `has_loaded`, `cache_enabled_ok`).
/// 3. Anything else is a dependency (`model_loaded`, `solana_connected`, `database`).
pub(super) fn flag(name: &str) -> Flag {
    let words = split_name(name);
    if words.iter().any(|word| listed(BAD_IF_TRUE, word)) {
        return Flag::Trouble;
    }
    let lazy = words.iter().any(|word| matches!(word.as_str(), "lazy" | "lazily"));
    let judges = words.last().is_some_and(|word| listed(UP, word)) && !lazy;
    if !judges && words.iter().any(|word| listed(SETTINGS, word)) { Flag::Setting } else { Flag::Dependency }
}

/// `solanaConnected`, `solana_connected`, `solana-connected` -> `solana`, `connected`; long names are cut.
fn split_name(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars().take(100) {
        let breaks = !c.is_alphanumeric() || (c.is_uppercase() && lower_before);
        if breaks && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Keys beside `status` whose strings describe the service and never judge a dependency.
pub(super) fn describes(key: &str) -> bool {
    const DESCRIBES: &str = "message msg description detail details note notes output service service_name name app \
        application app_name environment env host hostname server instance region zone version commit revision branch \
        build time timestamp date datetime now uptime id request_id requestid trace_id traceid title path url link links \
        docs documentation type kind mode level log_level reason error exception code release releaseid serviceid \
        cluster_name cluster node role info summary author language runtime platform framework started_at last_check \
        checked_at updated_at duration totalduration groups";
    listed(DESCRIBES, &key.to_ascii_lowercase())
}

/// Reads the state of a breaker in any spelling: `closed`, `HALF_OPEN`, `half-open`, `FORCED_OPEN`, `DISABLED`, `0`, `1`, `2`.
///
/// `DISABLED` and `METRICS_ONLY` let every call through, which is what closed means.
pub(super) fn breaker_state(word: &str) -> Option<BreakerState> {
    // Python prints its enums with their class: `CircuitState.OPEN`.
    let word = word.rsplit('.').next().unwrap_or_default();
    let folded: String =
        word.chars().take(40).filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let folded = folded.strip_prefix("circuit").or_else(|| folded.strip_prefix("state")).unwrap_or(&folded);
    Some(match folded {
        "closed" | "close" | "0" | "disabled" | "metricsonly" | "forcedclosed" => BreakerState::Closed,
        "open" | "opened" | "1" | "forcedopen" | "forceopen" | "tripped" | "isolated" => BreakerState::Open,
        "halfopen" | "halfopened" | "2" | "recovering" | "probing" => BreakerState::HalfOpen,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_in_a_services_own_words() {
        use Verdict::{Degraded, Down, Unknown, Up};
        for (text, verdict) in [
            ("healthy", Some(Up)),
            ("UP", Some(Up)),
            ("OK.", Some(Up)),
            ("ok (12 ms)", Some(Up)),
            ("connected", Some(Up)),
            ("Partially Degraded", Some(Degraded)),
            ("CIRCUIT_HALF_OPEN", Some(Degraded)),
            ("warn", Some(Degraded)),
            ("degraded - 2 of 3 nodes", Some(Degraded)),
            ("OUT_OF_SERVICE", Some(Down)),
            ("out-of-service", Some(Down)),
            ("not ready", Some(Down)),
            ("NOT_SERVING", Some(Down)),
            ("not_degraded", Some(Up)),
            ("error: connection refused", Some(Down)),
            ("unhealthy: (psycopg2.OperationalError)", Some(Down)),
            ("failed to connect to 10.0.0.1", Some(Down)),
            ("Cannot reach redis", Some(Down)),
            ("no route to host", Some(Down)),
            ("not configured", Some(Unknown)),
            ("disabled", Some(Unknown)),
            ("2.0.0", None),
            ("eu-west-1", None),
            ("redis", None),
            ("good morning", None),
            ("", None),
            ("正常", None),
        ] {
            assert_eq!(judge(text), verdict, "{text}");
        }
    }

    #[test]
    fn names_of_truth_values() {
        for (name, expected) in [
            ("model_loaded", Flag::Dependency),
            ("solana_connected", Flag::Dependency),
            ("solanaConnected", Flag::Dependency),
            ("database", Flag::Dependency),
            ("is_ready", Flag::Dependency),
            ("has_connected", Flag::Dependency),
            ("cache", Flag::Dependency),
            ("debug", Flag::Setting),
            ("demo_mode", Flag::Setting),
            ("lazy_initialized", Flag::Setting),
            ("auth_enabled", Flag::Setting),
            ("isLeader", Flag::Setting),
            ("maintenance", Flag::Trouble),
            ("timed_out", Flag::Trouble),
            ("isDraining", Flag::Trouble),
        ] {
            assert_eq!(flag(name), expected, "{name}");
        }
    }

    #[test]
    fn breaker_words() {
        for (word, expected) in [
            ("closed", Some(0.0)),
            ("CLOSED", Some(0.0)),
            ("METRICS_ONLY", Some(0.0)),
            ("Open", Some(1.0)),
            ("FORCED_OPEN", Some(1.0)),
            ("CircuitState.OPEN", Some(1.0)),
            ("CIRCUIT_OPEN", Some(1.0)),
            ("half_open", Some(2.0)),
            ("half-open", Some(2.0)),
            ("HALF_OPEN", Some(2.0)),
            ("HalfOpen", Some(2.0)),
            ("2", Some(2.0)),
            ("3", None),
            ("", None),
        ] {
            assert_eq!(breaker_state(word).map(BreakerState::value), expected, "{word}");
        }
    }
}
