//! `service.NAME`: what is watched. Expressions, selectors and preset names are kept as written, with their
//! places: the rooms that compile them report problems there.

use super::place::{Place, Spanned};
use super::poll::Poll;
use super::settings::Pace;
use std::net::IpAddr;
use std::time::Duration;

/// One `service.NAME` table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// Name of an `environment` table.
    pub environment: Option<String>,
    /// Base URLs; every poll that has no URL of its own is done for each of them.
    pub instances: Vec<Spanned<String>>,
    /// Labels put on scraped samples beside `instance`, as written and in that order.
    pub labels: Vec<(String, String)>,
    /// Which series and alerts are this service's; see [`Service::selector`].
    pub select: Option<Spanned<String>>,
    /// Name of an `auth` table; it exists.
    pub auth: Option<String>,
    /// Who answers its expressions, if not as `engine.default` says; see [`super::Config::backend_of`].
    pub engine: Option<Spanned<String>>,
    /// Name of a preset.
    pub preset: Option<Spanned<String>>,
    /// Services or components that this one needs.
    pub depends_on: Vec<Spanned<String>>,
    /// Name and URL; the URL may hold `{from}` and `{to}`.
    pub links: Vec<(String, Spanned<String>)>,
    /// What is asked of each instance, in the order of the file.
    pub polls: Vec<Poll>,
    /// Breakers and queues that come from an expression, in the order of the file.
    pub derived: Vec<Derived>,
    /// Where requests, errors and latency come from, if not from a preset.
    pub signals: Signals,
    /// From which figure on something is worth a warning, or critical.
    pub bands: Bands,
    /// `http://`, `https://` or `socks5://` proxy.
    pub proxy: Option<Spanned<String>>,
    /// Host name -> address, beside DNS.
    pub resolve: Vec<(String, IpAddr)>,
    /// The most bytes of a body, after decompression.
    pub body_limit: u64,
    /// Its own pace; see [`super::Config::pace`].
    pub pace: Pace,
}

impl Service {
    /// The `job` label: as configured, or the service's name.
    pub fn job(&self) -> &str {
        self.labels.iter().find(|(name, _)| name == "job").map_or(&self.name, |(_, value)| value)
    }

    /// Which series and alerts are this service's: `select`, or `{job="..."}`.
    pub fn selector(&self) -> Spanned<String> {
        self.select.clone().unwrap_or_else(|| {
            let job = self.job().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            Spanned { value: format!("{{job=\"{job}\"}}"), at: self.place.clone() }
        })
    }
}

/// Breakers or queues that come from an expression instead of a poll: `poll.NAME` with `expr`.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The table's name.
    pub name: String,
    /// What the expression's series are.
    pub kind: DerivedKind,
    /// The PromQL expression; each series of its result is one breaker or queue.
    pub expr: Spanned<String>,
    /// The label that holds the breaker's or queue's name; none: whatever labels tell the series apart.
    pub label: Option<String>,
}

/// What an expression's series are.
#[derive(Clone, Debug, PartialEq)]
pub enum DerivedKind {
    /// Circuit breakers: which value of the expression stands for which state.
    Breakers(BreakerStates),
    /// Queues; the value is the depth.
    Queues,
}

/// Which value of an expression stands for which state of a breaker. A value not named here is unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerStates {
    /// Calls go through.
    pub closed: f64,
    /// Calls are refused.
    pub open: f64,
    /// A few calls are tried; none: the expression has no such state.
    pub half_open: Option<f64>,
}

/// Where requests, errors and latency come from. The texts may hold `{{.window}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// PromQL: requests a second.
    pub requests: Option<Spanned<String>>,
    /// PromQL: the ratio of failed requests, 0 to 1.
    pub errors: Option<Spanned<String>>,
    /// PromQL: latency in seconds (a quantile).
    pub latency: Option<Spanned<String>>,
    /// What `{{.window}}` stands for: the service's own, or `defaults.window`.
    pub window: Duration,
}

/// From which figure on something is worth a warning, or critical.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bands {
    /// Of `signals.latency`.
    pub latency: Option<Band<Duration>>,
    /// Of `signals.errors`, 0 to 1.
    pub errors: Option<Band<f64>>,
    /// Of any queue's depth.
    pub queue: Option<Band<f64>>,
}

/// Two limits; the first is not above the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band<T> {
    /// Above this: a warning.
    pub warning: T,
    /// Above this: critical.
    pub critical: T,
}
