//! Queues from JSON: RabbitMQ, Flower, Sidekiq, bull-board, Sparkle's queue status and its like, or own fields by pointer.
//!
//! Each becomes `warroom_queue_depth` (messages that wait; those in work do not count where they are told apart) and, where told,
//! `_oldest_age_seconds` and `_consumers`, with `service`, `instance` and `queue`.

use super::health::clock;
use super::json::Node;
use super::number::number;
use super::{Decoded, MOST, Reply, Source, expect_json};
use crate::config::poll::QueueShape;
use crate::target::{Failure, Queue};
use crate::text::Clean;

const DEPTH_KEYS: [&str; 24] = [
    "depth",
    "queue_depth",
    "queueDepth",
    "queue_length",
    "queueLength",
    "queue_size",
    "queueSize",
    "length",
    "messages",
    "messages_ready",
    "pending",
    "waiting",
    "enqueued",
    "queued",
    "backlog",
    "size",
    "pending_tasks",
    "pending_jobs",
    "pendingJobs",
    "tasks_pending",
    "jobs",
    "count",
    "llen",
    "lag",
];
const AGE_KEYS: [&str; 9] = [
    "oldest_age_seconds",
    "oldest_message_age_seconds",
    "oldest_message_age",
    "oldest_job_age_seconds",
    "oldest_age",
    "oldestAge",
    "oldest_age_ms",
    "wait_seconds",
    "latency",
];
const CONSUMER_KEYS: [&str; 7] = [
    "consumers",
    "consumer_count",
    "consumerCount",
    "workers",
    "active_workers",
    "worker_count",
    "processes",
];
const NAME_KEYS: [&str; 5] = ["name", "queue", "queue_name", "queueName", "id"];
const ENDINGS: [&str; 5] = ["_queue_length", "_queue_depth", "_queue_size", "_depth", "_backlog"];
const CONTAINERS: [&str; 6] = ["queues", "active_queues", "queue", "items", "data", "result"];

/// Decodes a queue list; see [`super::decode`].
pub(super) fn decode(shape: &QueueShape, source: &Source<'_>, reply: &Reply<'_>) -> Result<Decoded, Failure> {
    let mut decoded = Decoded::default();
    let body = expect_json(reply, &mut decoded)?;
    let mut reader = Reader { source, decoded: &mut decoded };
    let answered = match shape {
        QueueShape::Auto => reader.auto(&body),
        QueueShape::Status => reader.status(&body),
        QueueShape::RabbitMq => reader.rabbitmq(&body),
        QueueShape::Flower => reader.flower(&body),
        QueueShape::Sidekiq => reader.sidekiq(&body),
        QueueShape::BullMq => reader.bullmq(&body),
        QueueShape::Pointers { items, name, depth } => reader.pointers(&body, items, name, depth),
    };
    if decoded.observation.queues.is_empty() {
        if !(200..300).contains(&reply.status) {
            return Err(super::errors::status_failure(reply));
        }
        if !answered {
            let reason = decoded.warnings.first().map_or("no queue in the JSON", Clean::as_str);
            return Err(Failure::Decode(Clean::new(reason)));
        }
    }
    emit(source, &mut decoded);
    Ok(decoded)
}

/// Reads queues into what was decoded. Each shape tells whether the body was of that shape: an empty list is an answer.
struct Reader<'a> {
    source: &'a Source<'a>,
    decoded: &'a mut Decoded,
}

impl Reader<'_> {
    fn auto(&mut self, body: &Node) -> bool {
        let first = |node: &Node, key: &str| node.items().first().is_some_and(|item| item.get(key).is_some());
        let list = body.get("items").unwrap_or(body);
        if first(list, "messages") || first(list, "messages_ready") || first(list, "vhost") {
            return self.rabbitmq(body);
        }
        if body.get("active_queues").is_some() {
            return self.flower(body);
        }
        if body.get("sidekiq").is_some() {
            return self.sidekiq(body);
        }
        if body.get("queues").is_some_and(|queues| first(queues, "counts")) {
            return self.bullmq(body);
        }
        self.status(body)
    }

    /// `GET /api/queues`, whole or page by page.
    fn rabbitmq(&mut self, body: &Node) -> bool {
        let list = body.get("items").unwrap_or(body);
        if !matches!(list, Node::List(_)) {
            return false;
        }
        if let Some(Node::Number(pages)) = body.get("page_count")
            && *pages > 1.0
        {
            self.decoded.warn(&format!("page 1 of {pages}: ask for more with page_size"));
        }
        for item in list.items() {
            let Some(name) = item.get("name").and_then(Node::scalar) else { continue };
            let vhost = item.get("vhost").and_then(Node::text).filter(|vhost| *vhost != "/");
            let name = vhost.map_or(name.clone(), |vhost| format!("{vhost}/{name}"));
            // `messages` counts the unacknowledged as well; the ready ones are what waits.
            let depth = item.first(&["messages_ready", "messages"]).and_then(value);
            let age = item.get("head_message_timestamp").and_then(clock);
            let age = age.map(|moment| self.source.at.since(moment).as_secs_f64());
            if !self.push(&name, depth, age, item.get("consumers").and_then(value)) {
                break;
            }
        }
        true
    }

    /// `GET /api/queues/length`
    fn flower(&mut self, body: &Node) -> bool {
        let Some(list @ Node::List(_)) = body.get("active_queues") else { return false };
        for item in list.items() {
            let Some(name) = item.get("name").and_then(Node::scalar) else { continue };
            if !self.push(&name, item.get("messages").and_then(value), None, None) {
                break;
            }
        }
        true
    }

    /// `GET /stats` (the three sets beside the queues) and `/stats/queues` (name -> size).
    fn sidekiq(&mut self, body: &Node) -> bool {
        let Some(stats) = body.get("sidekiq") else { return self.sizes(body) };
        let figure = |key: &str| stats.get(key).and_then(value);
        let (age, processes) = (figure("default_latency"), figure("processes"));
        self.push("enqueued", figure("enqueued"), age, processes);
        for (name, key) in [("scheduled", "scheduled"), ("retry", "retries"), ("dead", "dead")] {
            if let Some(depth) = figure(key) {
                self.push(name, Some(depth), None, None);
            }
        }
        matches!(stats, Node::Map(_))
    }

    /// bull-board's `GET /api/queues`; delayed jobs are not due yet, and those with children wait for these.
    fn bullmq(&mut self, body: &Node) -> bool {
        let Some(list @ Node::List(_)) = body.get("queues") else { return false };
        for item in list.items() {
            let Some(name) = item.get("name").and_then(Node::scalar) else { continue };
            let counts = item.get("counts").unwrap_or(&Node::Null);
            let due: Vec<f64> = ["waiting", "wait", "prioritized", "paused"]
                .iter()
                .filter_map(|key| counts.get(key).and_then(value))
                .collect();
            let depth = (!due.is_empty()).then(|| due.iter().sum());
            // It tells only that there is no worker, never how many there are.
            let idle = item.get("hasWorkers") == Some(&Node::Bool(false));
            if !self.push(&name, depth, None, idle.then_some(0.0)) {
                break;
            }
        }
        true
    }

    fn pointers(&mut self, body: &Node, items: &str, name: &str, depth: &str) -> bool {
        let Some(found) = body.pointer(items) else {
            self.decoded.warn(&format!("no value at \"{items}\" in the JSON of the queues"));
            return false;
        };
        let named = found.entries().iter().map(|(key, entry)| (Some(key.to_string()), entry));
        let listed = found.items().iter().map(|entry| (entry.pointer(name).and_then(Node::scalar), entry));
        for (i, (own, entry)) in named.chain(listed).enumerate() {
            let own = own.unwrap_or_else(|| i.to_string());
            let waiting = entry.pointer(depth).and_then(value);
            if !self.push(&own, waiting, age_of(entry), consumers_of(entry)) {
                break;
            }
        }
        matches!(found, Node::Map(_) | Node::List(_))
    }

    /// Sparkle's queue status and its like: one queue, a map or list of them, or lengths with the name in the key.
    fn status(&mut self, body: &Node) -> bool {
        let mut node = body;
        for _ in 0..4 {
            let inner = CONTAINERS
                .iter()
                .find_map(|key| node.get(key).filter(|inner| matches!(inner, Node::Map(_) | Node::List(_))));
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        let contained = !std::ptr::eq(node, body);
        if let Node::List(items) = node {
            for (i, item) in items.iter().enumerate() {
                let name = item.first(&NAME_KEYS).and_then(Node::scalar).unwrap_or_else(|| i.to_string());
                if !self.push(&name, depth_of(item), age_of(item), consumers_of(item)) {
                    break;
                }
            }
            return items.is_empty() || !self.decoded.observation.queues.is_empty();
        }
        if let Some(depth) = depth_of(node).filter(|_| !matches!(node, Node::Number(_))) {
            let name = node.first(&NAME_KEYS).and_then(Node::text).unwrap_or(self.source.poll).to_owned();
            let around = |told: Option<f64>, of: fn(&Node) -> Option<f64>| told.or_else(|| of(body));
            self.push(
                &name,
                Some(depth),
                around(age_of(node), age_of),
                around(consumers_of(node), consumers_of),
            );
            return true;
        }
        let mut found = false;
        for (key, entry) in node.entries() {
            let suffix = ENDINGS.iter().find_map(|end| key.strip_suffix(end)).filter(|name| !name.is_empty());
            let depth = match (entry, suffix) {
                (Node::Map(_), _) => depth_of(entry),
                (_, Some(_)) => value(entry),
                // Within `queues` a bare number is a depth; elsewhere it may be anything.
                (Node::Number(_), None) if contained => value(entry),
                _ => None,
            };
            if let Some(depth) = depth {
                found = true;
                if !self.push(suffix.unwrap_or(key), Some(depth), age_of(entry), consumers_of(entry)) {
                    break;
                }
            }
        }
        found || (contained && node.entries().is_empty()) || (!contained && self.sizes(node))
    }

    /// `{"default": 3, "mailers": 0}`: nothing but numbers.
    fn sizes(&mut self, body: &Node) -> bool {
        let entries = body.entries();
        if !matches!(body, Node::Map(_))
            || entries.iter().any(|(_, node)| !matches!(node, Node::Number(size) if *size >= 0.0))
        {
            return false;
        }
        for (name, node) in entries {
            if !self.push(name, value(node), None, None) {
                break;
            }
        }
        true
    }

    /// Adds one queue; false once the list is full.
    fn push(&mut self, name: &str, depth: Option<f64>, age: Option<f64>, consumers: Option<f64>) -> bool {
        let name = Clean::new(name);
        if self.decoded.observation.queues.len() >= MOST {
            self.decoded.warn_cut("queues");
            return false;
        }
        match depth {
            Some(depth) => {
                let queue = Queue { name, depth, oldest_age_seconds: age, consumers };
                self.decoded.observation.queues.push(queue);
            }
            None => self.decoded.warn(&format!("queue {name}: no depth")),
        }
        true
    }
}

/// A count: a number that is not negative.
fn value(node: &Node) -> Option<f64> {
    number(node).map(|number| number.value).filter(|value| *value >= 0.0)
}

fn depth_of(node: &Node) -> Option<f64> {
    match node {
        Node::Number(_) => value(node),
        _ => DEPTH_KEYS.iter().find_map(|key| match node.get(key)? {
            Node::List(items) => Some(items.len() as f64),
            other => value(other),
        }),
    }
}

fn age_of(node: &Node) -> Option<f64> {
    AGE_KEYS.iter().find_map(|key| {
        let number = number(node.get(key)?)?;
        Some(number.for_series("age_seconds", key)).filter(|age| *age >= 0.0)
    })
}

fn consumers_of(node: &Node) -> Option<f64> {
    CONSUMER_KEYS.iter().find_map(|key| match node.get(key)? {
        Node::List(items) => Some(items.len() as f64),
        Node::Map(entries) => Some(entries.len() as f64),
        other => value(other),
    })
}

fn emit(source: &Source<'_>, decoded: &mut Decoded) {
    for queue in &decoded.observation.queues {
        let values = [
            ("warroom_queue_depth", Some(queue.depth)),
            ("warroom_queue_oldest_age_seconds", queue.oldest_age_seconds),
            ("warroom_queue_consumers", queue.consumers),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                decoded.samples.push(source.sample(name, ("queue", queue.name.as_str()), value));
            }
        }
    }
}
