//! Polls that have no HTTP body: Redis, TCP and gRPC health become the same observation and series.

use super::{Decoded, MOST, Source};
use crate::target::{Queue, Verdict};
use crate::text::Clean;

/// What a Redis poll saw.
#[derive(Clone, Debug, PartialEq)]
pub struct RedisView {
    /// The answer to PING: `PONG`, or an error such as `LOADING ...`.
    pub ping: Result<String, String>,
    /// Each list that was asked for, with its LLEN or the error that came instead (`WRONGTYPE ...`).
    pub lengths: Vec<(String, Result<u64, String>)>,
    /// Keys without a time to live, by pattern.
    pub ttlless: Vec<TtllessKeys>,
}

impl Default for RedisView {
    /// A Redis that answered PING and was asked for nothing else.
    fn default() -> Self {
        Self { ping: Ok("PONG".to_owned()), lengths: Vec::new(), ttlless: Vec::new() }
    }
}

/// Keys of a pattern that would never expire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TtllessKeys {
    /// The pattern that was asked for.
    pub pattern: String,
    /// How many have no time to live.
    pub keys: u64,
    /// How many were looked at.
    pub seen: u64,
    /// Did the bounded scan reach the end?
    pub complete: bool,
}

/// `grpc.health.v1.HealthCheckResponse.ServingStatus`, or what the call ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrpcServing {
    /// 0
    Unknown,
    /// 1
    Serving,
    /// 2
    NotServing,
    /// 3 (only in `Watch`), or status `NOT_FOUND`: the server does not know the service asked for.
    ServiceUnknown,
    /// A value that the protocol does not have.
    Other(u64),
}

impl GrpcServing {
    /// The status that the number in the answer stands for.
    pub fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Unknown,
            1 => Self::Serving,
            2 => Self::NotServing,
            3 => Self::ServiceUnknown,
            other => Self::Other(other),
        }
    }
}

/// Redis: the verdict is PING's, list lengths become `warroom_queue_depth`, TTL-less keys `warroom_redis_ttlless_keys`.
pub fn from_redis(source: &Source<'_>, view: &RedisView) -> Decoded {
    let mut decoded = Decoded::default();
    match &view.ping {
        Ok(word) => {
            decoded.observation.verdict = Verdict::Up;
            decoded.observation.word = Clean::new(word);
        }
        Err(error) => {
            // A Redis that loads its data set or has lost its master answers, and serves in part or soon.
            let soon = ["LOADING", "BUSY", "MASTERDOWN"].iter().any(|code| error.starts_with(code));
            decoded.observation.verdict = if soon { Verdict::Degraded } else { Verdict::Down };
            decoded.observation.word = Clean::new(error.split_whitespace().next().unwrap_or("error"));
            decoded.observation.message = Some(Clean::new(error));
        }
    }
    if view.lengths.len() > MOST {
        decoded.warn_cut("queues");
    }
    for (list, length) in view.lengths.iter().take(MOST) {
        let name = Clean::new(list);
        match length {
            Ok(length) => {
                let depth = *length as f64;
                decoded.samples.push(source.sample("warroom_queue_depth", ("queue", name.as_str()), depth));
                let queue = Queue { name, depth, oldest_age_seconds: None, consumers: None };
                decoded.observation.queues.push(queue);
            }
            Err(error) => decoded.warn(&format!("LLEN {name}: {error}")),
        }
    }
    for keys in view.ttlless.iter().take(MOST) {
        let pattern = Clean::new(&keys.pattern);
        let label = ("pattern", pattern.as_str());
        decoded.samples.push(source.sample("warroom_redis_ttlless_keys", label, keys.keys as f64));
        if !keys.complete {
            decoded.warn(&format!(
                "{pattern}: only {} keys looked at, so the count is a lower bound",
                keys.seen
            ));
        }
    }
    decoded
}

/// TCP: a connection could be made.
pub fn from_tcp(_source: &Source<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    decoded.observation.verdict = Verdict::Up;
    decoded.observation.word = Clean::new("connected");
    decoded
}

/// gRPC: the serving status of the service asked for (`""`: the whole server).
pub fn from_grpc(_source: &Source<'_>, service: &str, serving: &GrpcServing) -> Decoded {
    let mut decoded = Decoded::default();
    let (verdict, word) = match serving {
        GrpcServing::Serving => (Verdict::Up, "SERVING".to_owned()),
        GrpcServing::NotServing => (Verdict::Down, "NOT_SERVING".to_owned()),
        GrpcServing::Unknown => (Verdict::Unknown, "UNKNOWN".to_owned()),
        GrpcServing::ServiceUnknown => (Verdict::Unknown, "SERVICE_UNKNOWN".to_owned()),
        GrpcServing::Other(number) => (Verdict::Unknown, format!("status {number}")),
    };
    decoded.observation.verdict = verdict;
    decoded.observation.word = Clean::new(&word);
    if *serving == GrpcServing::ServiceUnknown {
        let message = format!("the server does not know the service \"{service}\"");
        decoded.observation.message = Some(Clean::new(&message));
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::units::Timestamp;

    #[test]
    fn direct_polls() {
        let labels = Labels::empty();
        let source =
            Source { service: "s", instance: "h:1", poll: "p", labels: &labels, at: Timestamp::default() };
        let view = RedisView {
            ping: Ok("PONG".to_owned()),
            lengths: vec![("celery".to_owned(), Ok(7)), ("a\u{1b}b".to_owned(), Err("WRONGTYPE".to_owned()))],
            ttlless: vec![TtllessKeys { pattern: "s:*".to_owned(), keys: 3, seen: 100, complete: false }],
        };
        let decoded = from_redis(&source, &view);
        let lines: Vec<String> =
            decoded.samples.iter().map(|s| format!("{} {}", s.labels, s.value)).collect();
        assert_eq!(
            lines,
            [
                r#"warroom_queue_depth{instance="h:1", queue="celery", service="s"} 7"#,
                r#"warroom_redis_ttlless_keys{instance="h:1", pattern="s:*", service="s"} 3"#,
            ]
        );
        assert_eq!(decoded.warnings.len(), 2);
        assert_eq!(decoded.warnings.first().map(Clean::as_str), Some("LLEN ab: WRONGTYPE"));
        for (error, verdict) in [
            ("LOADING Redis is loading the dataset in memory", Verdict::Degraded),
            ("NOAUTH Authentication required.", Verdict::Down),
            ("", Verdict::Down),
        ] {
            let view = RedisView { ping: Err(error.to_owned()), ..RedisView::default() };
            assert_eq!(from_redis(&source, &view).observation.verdict, verdict, "{error}");
        }
        assert_eq!(from_tcp(&source).observation.verdict, Verdict::Up);
        for (number, verdict) in
            [(0, Verdict::Unknown), (1, Verdict::Up), (2, Verdict::Down), (9, Verdict::Unknown)]
        {
            let decoded = from_grpc(&source, "x", &GrpcServing::from_number(number));
            assert_eq!(decoded.observation.verdict, verdict, "{number}");
        }
    }
}
