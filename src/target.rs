//! A target is one poll of one instance; a report is what one poll brought.
//!
//! Pure data, shared by the side that polls and the side that judges.

pub mod health;
pub mod spoken;
mod told;

pub use told::Told;

use crate::config::auth::Auth;
use crate::config::poll::PollKind;
use crate::labels::Labels;
use crate::text::Clean;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Index of a target in the plan; stable until the next reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// One poll of one instance, with everything that is needed to do it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its index.
    pub id: TargetId,
    /// The service it belongs to.
    pub service: Arc<str>,
    /// The poll's name in the configuration.
    pub poll: Arc<str>,
    /// `host:port`, the `instance` label.
    pub instance: Arc<str>,
    /// The whole URL: `http`, `https`, `redis`, `rediss`, `tcp` or `grpc`.
    pub url: url::Url,
    /// What is asked, and how the answer is read.
    pub kind: PollKind,
    /// How often.
    pub interval: Duration,
    /// How long the whole exchange may take; at most the interval.
    pub timeout: Duration,
    /// Labels put on what is scraped (`job`, `instance` and the configured ones).
    pub labels: Labels,
    /// Who we say we are.
    pub auth: Option<Arc<Auth>>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// How to get there.
    pub route: Arc<Route>,
    /// The metric names that some expression asks for; others are skipped before they are parsed.
    pub keep: Arc<Keep>,
}

impl Target {
    /// The series of this name that warroom makes for each scrape: with the labels of what is scraped.
    pub fn scraped(&self, name: &str) -> Labels {
        self.labels.with(crate::labels::NAME, name)
    }

    /// The series of this name that warroom makes for each poll that is no scrape.
    pub fn probed(&self, name: &str) -> Labels {
        let pairs = [("service", &*self.service), ("instance", &*self.instance), ("probe", &*self.poll)];
        Labels::metric(name, pairs)
    }
}

/// How to get to an instance, and how much of it to take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// `http://`, `https://` or `socks5://` proxy.
    pub proxy: Option<String>,
    /// Host name -> address, beside DNS: (`host`, `ip`).
    pub resolve: Vec<(String, std::net::IpAddr)>,
    /// The most bytes of a body, after decompression.
    pub body_limit: u64,
}

impl Default for Route {
    fn default() -> Self {
        Self { proxy: None, resolve: Vec::new(), body_limit: 16 << 20 }
    }
}

/// How the names of series end that tell which build runs: `checkout_build_info{version="2.1"} 1`.
pub const BUILD_INFO: &str = "_build_info";

/// Which metric names are kept.
#[derive(Clone, Debug, Default)]
pub enum Keep {
    /// All of them: the explorer, `query --metrics`, a selector without a name.
    #[default]
    All,
    /// These only, and those that tell which build runs.
    Names(rustc_hash::FxHashSet<Box<str>>),
}

impl Keep {
    /// Is this name asked for?
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => names.contains(name) || name.ends_with(BUILD_INFO),
        }
    }
}

/// One sample on its way into the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The series.
    pub labels: Labels,
    /// When it was taken.
    pub at: Timestamp,
    /// Its value; a stale marker where the series has ended.
    pub value: f64,
}

/// The NaN that marks the end of a series (Prometheus, `value.StaleNaN`).
pub const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Is this value the stale marker (and not any other NaN)?
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN.to_bits()
}

/// What one poll brought.
#[derive(Clone, Debug)]
pub struct ScrapeReport {
    /// Whose it is.
    pub target: TargetId,
    /// Which plan the target belongs to: a report of an older plan is dropped.
    pub generation: u32,
    /// When the request was sent.
    pub at: Timestamp,
    /// How long the whole exchange took.
    pub took: Duration,
    /// The answer, or why there is none.
    pub outcome: Result<Answer, Failure>,
    /// Samples for the store, stale markers of vanished series included.
    pub samples: Vec<Sample>,
    /// What is not a number.
    pub observation: Option<Observation>,
    /// The next poll is not before this moment (back-off, `Retry-After`).
    pub not_before: Option<Timestamp>,
    /// `Retry-After` of the answer, as it was asked for.
    pub retry_after: Option<Duration>,
}

/// Figures of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status, where there is one.
    pub status: Option<u16>,
    /// Bytes of the body, after decompression.
    pub bytes: u64,
    /// Samples that the body holds, those that nobody asked for included.
    pub samples_scraped: u64,
    /// Lines that could not be read.
    pub bad_lines: u64,
    /// The first of them: line number from 1, reason.
    pub first_bad_line: Option<(u64, Clean)>,
    /// Anything else the operator should know (a missing content type, workers told apart, ...).
    pub warnings: Vec<Clean>,
}

/// Why a poll brought nothing. Each needs a different hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Failure {
    /// No answer within the time-out.
    #[error("no answer within {}", crate::units::format_duration(*.0))]
    Timeout(Duration),
    /// The port refused the connection: the link works, the process does not listen.
    #[error("connection refused")]
    Refused,
    /// The connection broke in the middle.
    #[error("connection lost: {0}")]
    Lost(Clean),
    /// The name could not be resolved: perhaps our own fault.
    #[error("cannot resolve the name: {0}")]
    Dns(Clean),
    /// No route: perhaps our own fault.
    #[error("no route: {0}")]
    NoRoute(Clean),
    /// TLS failed: the link works.
    #[error("TLS: {0}")]
    Tls(Clean),
    /// An HTTP status that tells nothing but failure.
    #[error("HTTP {0}{sep}{1}", sep = colon(.1))]
    Status(u16, Clean),
    /// A redirect, which is not followed.
    #[error("redirects to {0}, which is not followed: configure that URL instead")]
    Redirect(Clean),
    /// The body went over the limit.
    #[error("body over {0} bytes")]
    TooLarge(u64),
    /// All credentials were refused.
    #[error("HTTP {0}: credentials refused{sep}{1}", sep = colon(.1))]
    Credentials(u16, Clean),
    /// The server wants a password, or refuses all that there are, in a protocol without status codes.
    #[error("{0}")]
    Denied(Clean),
    /// A secret could not be read; says which reference, never the value. Nothing was sent.
    #[error("{0}")]
    Secret(Clean),
    /// This machine could not ask: a certificate that cannot be read, no free file descriptor. Nothing was sent.
    #[error("{0}")]
    Ours(Clean),
    /// The answer is not what the poll expects.
    #[error("{0}")]
    Decode(Clean),
}

fn colon(text: &Clean) -> &'static str {
    if text.is_empty() { "" } else { ": " }
}

impl Failure {
    /// Could the fault lie with our own link (no route, no name)? Anything else proves that the link works.
    pub fn may_be_our_link(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::NoRoute(_))
    }

    /// Did it fail here, before anything was sent? Then it says nothing about the target.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Ours(_))
    }
}

/// What a poll saw that is not a number. All strings are clean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What the service says of itself.
    pub verdict: Verdict,
    /// In its own word: `healthy`, `UP`, `pass`.
    pub word: Clean,
    /// Its version.
    pub version: Option<Clean>,
    /// Whatever it adds.
    pub message: Option<Clean>,
    /// Its dependencies.
    pub components: Vec<Component>,
    /// Its breakers.
    pub breakers: Vec<Breaker>,
    /// Its queues.
    pub queues: Vec<Queue>,
    /// The clock in its answer, to find skew.
    pub clock: Option<Timestamp>,
    /// What a backend tells. It is of its moment only.
    #[serde(skip)]
    pub spoken: Option<Arc<spoken::Spoken>>,
}

/// What a service or a component says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Works.
    Up,
    /// Nothing known.
    #[default]
    Unknown,
    /// Works in part.
    Degraded,
    /// Does not work.
    Down,
}

/// A dependency that a health answer names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name, nested ones joined by `/`.
    pub name: Clean,
    /// Its state.
    pub verdict: Verdict,
    /// In its own words.
    pub detail: Clean,
}

/// A breaker as it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    /// Its name.
    pub name: Clean,
    /// Its state.
    pub state: BreakerState,
    /// Failures counted, if told.
    pub failures: Option<f64>,
    /// Calls counted, if told.
    pub calls: Option<f64>,
    /// Share of good calls, 0..=1, if told.
    pub success_ratio: Option<f64>,
}

/// State of a breaker; the numbers are those of `warroom_breaker_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BreakerState {
    /// 0: calls go through.
    Closed,
    /// 1: calls are refused.
    Open,
    /// 2: a few calls are tried.
    HalfOpen,
}

impl BreakerState {
    /// The value of `warroom_breaker_state`.
    pub fn value(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::Open => 1.0,
            Self::HalfOpen => 2.0,
        }
    }

    /// The state that a value of `warroom_breaker_state` stands for.
    pub fn from_value(value: f64) -> Option<Self> {
        [Self::Closed, Self::Open, Self::HalfOpen].into_iter().find(|s| (s.value() - value).abs() < 0.25)
    }
}

/// A queue as it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: Clean,
    /// Messages waiting.
    pub depth: f64,
    /// Age of the oldest in seconds, if told.
    pub oldest_age_seconds: Option<f64>,
    /// Consumers, if told.
    pub consumers: Option<f64>,
}
