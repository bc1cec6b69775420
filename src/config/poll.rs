//! `service.NAME.poll.NAME`: what is asked of an instance, and how the answer is to be read.

use super::auth::SecretList;
use super::backend::Asking;
use std::sync::Arc;
use std::time::Duration;

/// One poll of a service; it is done once for each of the service's instances.
#[derive(Clone, Debug, PartialEq)]
pub struct Poll {
    /// The table's name.
    pub name: String,
    /// What is asked, and how the answer is read.
    pub kind: PollKind,
    /// Path on the instance, or a whole URL (`redis://`, `tcp://`, `http://` ...) that stands for itself.
    pub path: String,
    /// Another port of the same host.
    pub port: Option<u16>,
    /// How often, where it differs from `defaults.poll`.
    pub interval: Option<Duration>,
    /// How long the whole exchange may take, where it differs.
    pub timeout: Option<Duration>,
    /// Name of an `auth` table, where it differs from the service's.
    pub auth: Option<String>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
}

/// What is asked, and how the answer is read.
#[derive(Clone, Debug, PartialEq)]
pub enum PollKind {
    /// Is it well? Any of the known shapes, or the status code alone.
    Health(HealthShape),
    /// Prometheus text or OpenMetrics.
    Metrics {
        /// How worker processes without shared metrics are told apart.
        workers: Workers,
    },
    /// Circuit breakers from JSON.
    Breakers(BreakerShape),
    /// Queues from JSON.
    Queues(QueueShape),
    /// Numbers out of any JSON: (metric name, JSON pointer).
    Json {
        /// Metric name and JSON pointer of each number.
        series: Vec<(String, String)>,
    },
    /// Redis: PING, list lengths, keys that would never expire.
    Redis {
        /// Lists whose length is a queue's depth.
        llen: Vec<String>,
        /// Patterns whose keys ought to have a time to live; those without are counted (bounded scan).
        ttlless: Vec<String>,
        /// Passwords, tried in turn.
        password: SecretList,
    },
    /// Can a connection be made?
    Tcp,
    /// `grpc.health.v1.Health/Check`.
    Grpc {
        /// The service asked for; `""` is the whole server.
        service: String,
    },
    /// Expressions, asked of a backend. No table says it: the plan makes it.
    Query(Arc<Asking>),
}

impl PollKind {
    /// Would what is known of the one fit the other? A backend's questions are known one by one.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Query(one), Self::Query(other)) => {
                one.backend == other.backend && one.querying == other.querying
            }
            _ => self == other,
        }
    }

    /// The word that stands for it in `kind = "..."`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Health(_) => "health",
            Self::Metrics { .. } => "metrics",
            Self::Breakers(_) => "breakers",
            Self::Queues(_) => "queues",
            Self::Json { .. } => "json",
            Self::Redis { .. } => "redis",
            Self::Tcp => "tcp",
            Self::Grpc { .. } => "grpc",
            Self::Query(asking) => asking.querying.flavour.word(),
        }
    }
}

/// The known shapes of a health answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthShape {
    /// Told by the content.
    #[default]
    Auto,
    /// Only the status code counts.
    Status,
    /// Spring Boot Actuator.
    Actuator,
    /// `application/health+json`.
    HealthJson,
    /// Kubernetes' verbose text.
    Kubernetes,
    /// A flat JSON object with `status` and dependencies beside it (the five contracts).
    Flat,
}

/// Worker processes behind one port that do not share their metrics make counters zig-zag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Workers {
    /// Recognise it and keep them apart.
    #[default]
    Auto,
    /// There is only one: take every answer as it is.
    One,
}

/// The known shapes of a breaker list.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum BreakerShape {
    /// Told by the content.
    #[default]
    Auto,
    /// `{"name": {"state": ..., "failure_count": ..., "total_calls": ..., "success_rate": ...}}`
    Map,
    /// resilience4j's `{"circuitBreakers": {...}}`
    Resilience4j,
    /// Own fields: JSON pointers.
    Pointers {
        /// Pointer to the object (name -> breaker) or array of breakers.
        items: String,
        /// Pointer to the name within an array's item.
        name: String,
        /// Pointer to the state within an item.
        state: String,
    },
}

/// The known shapes of a queue list.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum QueueShape {
    /// Told by the content.
    #[default]
    Auto,
    /// Sparkle's `/api/v1/health/queue/status` and its like.
    Status,
    /// RabbitMQ's `/api/queues`.
    RabbitMq,
    /// Flower's `/api/queues/length`.
    Flower,
    /// Sidekiq's `/stats` and `/stats/queues`.
    Sidekiq,
    /// bull-board's `/api/queues`.
    BullMq,
    /// Own fields: JSON pointers.
    Pointers {
        /// Pointer to the object (name -> queue or number) or array of queues.
        items: String,
        /// Pointer to the name within an array's item.
        name: String,
        /// Pointer to the depth within an item.
        depth: String,
    },
}
