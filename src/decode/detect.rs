//! What stands behind a URL: which paths to try, and what the answers mean. Used by `warroom URL...` and `warroom init`.
//!
//! Pure: the caller asks each of [`candidates`] once, with GET, and hands the answers to [`judge`].

use super::json::{self, Node};
use super::preset::{self, Hint, Preset, Signals};
use super::{Reply, Source, decode, errors};
use crate::config::poll::{BreakerShape, HealthShape, Poll, PollKind, QueueShape, Workers};
use crate::labels::Labels;
use crate::target::Verdict;
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::FxHashSet;

/// Paths with what they usually are; the first of a kind that answers well is taken, so the most telling stand first.
const USUAL: [(&str, Kind); 21] = [
    ("/actuator/health", Kind::Health),
    ("/health/detailed", Kind::Health),
    ("/api/v1/health/detailed", Kind::Health),
    ("/health", Kind::Health),
    ("/api/health", Kind::Health),
    ("/api/v1/health", Kind::Health),
    ("/healthz", Kind::Health),
    ("/readyz?verbose", Kind::Health),
    ("/healthcheck", Kind::Health),
    ("/ready", Kind::Health),
    ("/metrics", Kind::Metrics),
    ("/actuator/prometheus", Kind::Metrics),
    ("/stats/prometheus", Kind::Metrics),
    ("/api/circuit-breakers", Kind::Breakers),
    ("/actuator/circuitbreakers", Kind::Breakers),
    ("/api/v1/health/queue/status", Kind::Queues),
    ("/api/queues", Kind::Queues),
    ("/api/queues/length", Kind::Queues),
    ("/sidekiq/stats", Kind::Queues),
    ("/admin/queues/api/queues", Kind::Queues),
    ("/", Kind::Health),
];

/// The most metric names that are looked at.
const MOST_NAMES: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Health,
    Metrics,
    Breakers,
    Queues,
}

/// What was found behind a URL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detected {
    /// The preset that fits best, if one does.
    pub preset: Option<&'static Preset>,
    /// The polls that answered, at most one of a kind; the paths are those that were tried.
    pub polls: Vec<Poll>,
    /// PromQL that suits the metrics that were found.
    pub signals: Option<&'static Signals>,
    /// One line for each path that told something, and for what was concluded from it.
    pub findings: Vec<Clean>,
}

/// The paths to try, each once. Never one that changes anything, and never more than 25.
pub fn candidates() -> Vec<&'static str> {
    USUAL.iter().map(|(path, _)| *path).collect()
}

/// Judges the answers to [`candidates`]; paths that gave no answer at all are simply not in the list.
pub fn judge(answers: &[(&str, Reply<'_>)]) -> Detected {
    let mut detected = Detected::default();
    let mut names: FxHashSet<&str> = FxHashSet::default();
    let catch_all = answers_everything_with_one_page(answers);
    if catch_all {
        detected.note("every path answers with the same page: only other answers were judged");
    }
    for (path, kind) in USUAL {
        let Some((_, reply)) = answers.iter().find(|(asked, _)| *asked == path) else { continue };
        if catch_all && errors::is_html(reply) {
            continue;
        }
        if matches!(reply.status, 401 | 403) {
            detected.note(&format!("{path}: HTTP {}, wants credentials", reply.status));
            continue;
        }
        match kind {
            Kind::Metrics => names.extend(detected.metrics(path, reply)),
            other => detected.try_decode(path, other, reply),
        }
    }
    let best = best_preset(answers);
    if let Some(preset) = best {
        detected.note(&format!("looks like {}: {}", preset.name, preset.doc));
    }
    detected.preset = best;
    if let Some((preset, signals)) = preset::signals_for(&names) {
        detected.signals = Some(signals);
        detected.note(&format!("requests, errors and p95 by the names of {}", preset.name));
    }
    detected
}

/// Does a web application answer each path with its start page?
fn answers_everything_with_one_page(answers: &[(&str, Reply<'_>)]) -> bool {
    let page =
        answers.iter().find(|(path, reply)| *path == "/" && reply.status == 200 && errors::is_html(reply));
    let Some((_, page)) = page else { return false };
    answers
        .iter()
        .filter(|(path, reply)| *path != "/" && reply.status == 200 && reply.body == page.body)
        .count()
        >= 2
}

/// The preset whose hints prove most; an answer that merely could be anything's proves nothing.
fn best_preset(answers: &[(&str, Reply<'_>)]) -> Option<&'static Preset> {
    // A body of metrics is read once, and not once for every hint.
    let is_metrics = |path: &str| USUAL.iter().any(|(usual, kind)| *usual == path && *kind == Kind::Metrics);
    let names: Vec<(&str, FxHashSet<&str>)> = answers
        .iter()
        .filter(|(path, _)| is_metrics(path))
        .map(|(path, reply)| (*path, metric_names(reply)))
        .collect();
    let score = |preset: &Preset| -> u32 {
        preset.hints.iter().filter(|hint| holds(hint, answers, &names)).map(|h| h.weight).sum()
    };
    let scored = preset::presets().enumerate().map(|(i, preset)| (score(preset), usize::MAX - i, preset));
    let best = scored.filter(|(score, _, _)| *score > 0).max_by_key(|(score, order, _)| (*score, *order));
    best.map(|(_, _, preset)| preset)
}

fn holds(hint: &Hint, answers: &[(&str, Reply<'_>)], names: &[(&str, FxHashSet<&str>)]) -> bool {
    let Some((_, reply)) = answers.iter().find(|(path, _)| *path == hint.path) else { return false };
    let status =
        if hint.status.is_empty() { reply.status == 200 } else { hint.status.contains(&reply.status) };
    if !status {
        return false;
    }
    if let Some(wanted) = &hint.content_type
        && !reply
            .content_type
            .is_some_and(|found| found.trim_start().to_ascii_lowercase().starts_with(wanted.as_str()))
    {
        return false;
    }
    if !hint.json.is_empty() {
        let Ok(parsed) = json::parse(reply.body) else { return false };
        let there = |pointer: &String| parsed.node.pointer(pointer).is_some_and(|node| *node != Node::Null);
        if !hint.json.iter().all(there) {
            return false;
        }
    }
    if !hint.contains.iter().all(|text| memchr::memmem::find(reply.body, text.as_bytes()).is_some()) {
        return false;
    }
    let there = |family: &String| {
        names.iter().any(|(path, names)| *path == hint.path && preset::has_family(names, family))
    };
    hint.metrics.iter().all(there)
}

/// The names of the metrics in a body, if it is one of metrics.
fn metric_names<'a>(reply: &Reply<'a>) -> FxHashSet<&'a str> {
    let mut names = FxHashSet::default();
    if errors::is_html(reply) || reply.body.trim_ascii_start().starts_with(b"{") {
        return names;
    }
    for line in reply.body.split(|byte| *byte == b'\n') {
        let end = line.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')));
        // A sample is a name, then labels or a blank and a value; a word in a sentence is followed by no number.
        let Some((name, rest)) = end.and_then(|end| line.split_at_checked(end)) else { continue };
        let value = rest.rsplit(|byte| *byte == b' ').find(|part| !part.is_empty()).unwrap_or_default();
        let number = std::str::from_utf8(value.trim_ascii()).is_ok_and(|text| text.parse::<f64>().is_ok());
        if number && !name.is_empty() && matches!(rest.first(), Some(b' ' | b'{')) {
            names.extend(std::str::from_utf8(name));
        }
        if names.len() >= MOST_NAMES {
            break;
        }
    }
    names
}

impl Detected {
    fn note(&mut self, text: &str) {
        self.findings.push(Clean::new(text));
    }

    fn has(&self, word: &str) -> bool {
        self.polls.iter().any(|poll| poll.name == word)
    }

    fn add(&mut self, kind: PollKind, path: &str) {
        let name = kind.word().to_owned();
        let path = path.to_owned();
        let poll = Poll {
            name,
            kind,
            path,
            port: None,
            interval: None,
            timeout: None,
            auth: None,
            headers: Vec::new(),
        };
        self.polls.push(poll);
    }

    fn metrics<'a>(&mut self, path: &str, reply: &Reply<'a>) -> FxHashSet<&'a str> {
        let names = if reply.status == 200 { metric_names(reply) } else { FxHashSet::default() };
        if names.is_empty() {
            if reply.status == 200 {
                self.note(&format!("{path}: answers, but not with metrics"));
            }
            return names;
        }
        self.note(&format!("{path}: {} metric names", names.len()));
        if self.has("metrics") {
            return FxHashSet::default();
        }
        self.add(PollKind::Metrics { workers: Workers::Auto }, path);
        names
    }

    fn try_decode(&mut self, path: &str, kind: Kind, reply: &Reply<'_>) {
        let poll = match kind {
            Kind::Health => PollKind::Health(HealthShape::Auto),
            Kind::Breakers => PollKind::Breakers(BreakerShape::Auto),
            Kind::Queues => PollKind::Queues(QueueShape::Auto),
            Kind::Metrics => return,
        };
        let labels = Labels::empty();
        let source =
            Source { service: "", instance: "", poll: "", labels: &labels, at: Timestamp::default() };
        let Ok(decoded) = decode(&poll, &source, reply) else { return };
        let seen = &decoded.observation;
        let summary = match kind {
            Kind::Breakers => format!("{} breakers", seen.breakers.len()),
            Kind::Queues => format!("{} queues", seen.queues.len()),
            _ if seen.components.is_empty() => seen.word.to_string(),
            _ => format!("{}, {} components", seen.word, seen.components.len()),
        };
        self.note(&format!("{path}: {}", summary.trim_start_matches(", ")));
        // A page or a bare 200 on the root proves that something listens, which the better paths say better.
        let weak = seen.verdict == Verdict::Unknown || errors::is_html(reply);
        let good_enough = kind != Kind::Health || !weak || path == "/";
        if good_enough && !self.has(poll.word()) {
            self.add(poll, path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answers: &[(&str, u16, &str)], preset: Option<&str>, polls: &str) {
        let replies: Vec<(&str, Reply<'_>)> = answers
            .iter()
            .map(|(path, status, body)| {
                (*path, Reply { status: *status, content_type: None, body: body.as_bytes() })
            })
            .collect();
        let detected = judge(&replies);
        let found: Vec<String> =
            detected.polls.iter().map(|p| format!("{}={}", p.kind.word(), p.path)).collect();
        assert_eq!(detected.preset.map(|p| p.name), preset, "{:?}", detected.findings);
        assert_eq!(found.join(" "), polls, "{:?}", detected.findings);
    }

    #[test]
    fn stacks_are_recognised_by_their_answers() {
        let prophet = r#"{"status":"healthy","model_loaded":true,"solana_connected":true}"#;
        check(&[("/api/health", 200, prophet)], Some("prophet-sentinel"), "health=/api/health");
        let breakers = r#"{"database_queries":{"state":"closed"}}"#;
        let detailed = r#"{"status":"healthy","database":"connected","cache":"available"}"#;
        check(
            &[
                ("/api/circuit-breakers", 200, breakers),
                ("/health/detailed", 200, detailed),
                ("/health", 200, "OK"),
            ],
            Some("hashinsight"),
            "health=/health/detailed breakers=/api/circuit-breakers",
        );
        check(
            &[("/actuator/health", 503, r#"{"status":"DOWN"}"#), ("/metrics", 404, "")],
            Some("actuator"),
            "health=/actuator/health",
        );
        check(
            &[("/metrics", 200, "# TYPE a counter\nhttp_requests_total{code=\"200\"} 5\n")],
            Some("prometheus"),
            "metrics=/metrics",
        );
        check(
            &[("/api/queues", 200, r#"[{"name":"a","vhost":"/","messages":1}]"#)],
            Some("rabbitmq"),
            "queues=/api/queues",
        );
        check(
            &[("/readyz?verbose", 200, "[+]ping ok\nreadyz check passed")],
            Some("kubernetes"),
            "health=/readyz?verbose",
        );
        check(&[("/", 200, "hello")], None, "health=/");
        check(&[("/health", 404, ""), ("/metrics", 500, "boom")], None, "");
        check(&[], None, "");
    }

    #[test]
    fn a_web_application_that_answers_everything_is_not_taken_for_healthy() {
        let page = "<!doctype html><title>shop</title>";
        check(&[("/", 200, page), ("/health", 200, page), ("/metrics", 200, page)], None, "");
    }

    #[test]
    fn credentials_are_asked_for_and_paths_stay_few() {
        let reply = Reply { status: 401, content_type: None, body: b"" };
        let detected = judge(&[("/health", reply)]);
        assert_eq!(
            detected.findings.first().map(Clean::as_str),
            Some("/health: HTTP 401, wants credentials")
        );
        assert!(candidates().len() <= 25);
        let asked: FxHashSet<&str> = candidates().into_iter().collect();
        for preset in preset::presets() {
            for hint in &preset.hints {
                assert!(asked.contains(hint.path.as_str()), "{}: nobody asks {}", preset.name, hint.path);
            }
        }
    }
}
