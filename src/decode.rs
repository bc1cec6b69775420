//! What an HTTP answer means: health, breakers, queues and any JSON become samples and one observation.
//!
//! Pure: bytes in, values out. Nothing here knows the network, the clock or the store, and no bytes from outside can make
//! it panic, recurse without end or grow without bound. A decoder keeps what it can read and warns about the rest.
//!
//! # Series
//! Every `warroom_*` sample carries `service` *and* `instance`, since two instances of a service each have their own view of
//! a dependency, a breaker or a queue: `max by (service, breaker) (warroom_breaker_state)` brings them together again.
//! Series of a `json` poll are the service's own numbers: they carry the target's labels, as scraped samples do, and no
//! `service`. Beside those of the design's table there is
//! `warroom_redis_ttlless_keys{service, instance, pattern}`, the keys that would never expire.

mod breakers;
pub mod detect;
mod direct;
mod errors;
mod generic;
mod health;
pub mod json;
mod kubernetes;
mod number;
pub mod preset;
pub mod prometheus_yml;
mod queues;
mod words;

pub use direct::{GrpcServing, RedisView, TtllessKeys, from_grpc, from_redis, from_tcp};
pub use errors::error_message;
pub use number::{Number, Unit, number, parse_number};
pub use words::judge as judge_word;

use crate::config::poll::PollKind;
use crate::labels::Labels;
use crate::target::{Failure, Observation, Sample};
use crate::text::Clean;
use crate::units::Timestamp;

/// The most components, breakers, queues or series that one answer may bring; the rest is dropped with a warning.
pub const MOST: usize = 500;

/// The most warnings that one answer may bring.
const MOST_WARNINGS: usize = 20;

/// An HTTP answer, read to its end.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// HTTP status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The body, after decompression; capped by the poller.
    pub body: &'a [u8],
}

/// Who answered, and when.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The service: the `service` label of `warroom_*` series.
    pub service: &'a str,
    /// `host:port`: their `instance` label.
    pub instance: &'a str,
    /// The poll's name: the name of a queue that has none of its own.
    pub poll: &'a str,
    /// The target's labels (`job`, `instance`, the configured ones), put on the series of a `json` poll.
    pub labels: &'a Labels,
    /// The moment that the samples get.
    pub at: Timestamp,
}

impl Source<'_> {
    /// A `warroom_*` sample with `service`, `instance` and one label more.
    fn sample(&self, name: &str, label: (&str, &str), value: f64) -> Sample {
        let pairs = [("service", self.service), ("instance", self.instance), label];
        Sample { labels: Labels::metric(name, pairs), at: self.at, value }
    }
}

/// What an answer brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Samples for the store, all at the source's moment.
    pub samples: Vec<Sample>,
    /// What is not a number.
    pub observation: Observation,
    /// What could not be read, or was left out.
    pub warnings: Vec<Clean>,
}

impl Decoded {
    fn warn(&mut self, text: &str) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(Clean::new(text));
        }
    }

    /// Notes once that a list was cut.
    fn warn_cut(&mut self, what: &str) {
        self.warn(&format!("more than {MOST} {what}: the rest is left out"));
    }
}

/// Decodes the answer to a poll of this kind.
///
/// A health answer is read on any status (a 503 that says which dependency is gone is worth more than the number); other
/// answers must come with a 2xx, or with a 5xx whose body is of the expected shape. `metrics` bodies belong to the
/// exposition room, and `redis`, `tcp` and `grpc` have functions of their own.
///
/// # Errors
/// [`Failure::Status`] for a status that tells nothing but failure (the body's error code and message beside it),
/// [`Failure::Decode`] for a body that is not what the poll expects.
pub fn decode(kind: &PollKind, source: &Source<'_>, reply: &Reply<'_>) -> Result<Decoded, Failure> {
    match kind {
        PollKind::Health(shape) => health::decode(*shape, source, reply),
        PollKind::Breakers(shape) => breakers::decode(shape, source, reply),
        PollKind::Queues(shape) => queues::decode(shape, source, reply),
        PollKind::Json { series } => generic::decode(series, source, reply),
        other => Err(Failure::Decode(Clean::new(&format!(
            "a {} poll is not decoded from an HTTP body here",
            other.word()
        )))),
    }
}

/// The JSON of an answer that must be a success, with what was mended noted in `decoded`.
fn expect_json(reply: &Reply<'_>, decoded: &mut Decoded) -> Result<json::Node, Failure> {
    let success = (200..300).contains(&reply.status);
    let parsed = match json::parse(reply.body) {
        Ok(parsed) if success || reply.status >= 500 => parsed,
        Ok(_) => return Err(errors::status_failure(reply)),
        Err(_) if !success => return Err(errors::status_failure(reply)),
        Err(message) => return Err(Failure::Decode(Clean::new(&errors::not_json(reply, &message)))),
    };
    if let Some(mended) = parsed.mended {
        decoded.warn(mended);
    }
    if !success {
        decoded.warn(&format!("HTTP {} with a body that could be read all the same", reply.status));
    }
    Ok(parsed.node)
}
