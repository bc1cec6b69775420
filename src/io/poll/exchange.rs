//! One poll, from the request to the report: what runs in a task of its own.

use super::kit::{Kit, Outcome, Raw};
use super::message::FullBody;
use crate::config::poll::PollKind;
use crate::exposition;
use crate::io::http::{Ask, Http, Trouble};
use crate::io::{grpc, redis, tcp};
use crate::target::{Failure, Target};
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is asked of endpoints that speak JSON or plain text.
const ACCEPT_JSON: &str =
    "application/json, application/health+json, application/*+json;q=0.9, text/plain;q=0.5, */*;q=0.1";

/// A poll that has ended.
#[derive(Debug)]
pub(super) struct Polled {
    pub(super) lane: u64,
    pub(super) kit: Kit,
    pub(super) sent: Timestamp,
    pub(super) took: Duration,
    pub(super) outcome: Outcome,
}

/// A poll that is to be made.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) lane: u64,
    pub(super) target: Arc<Target>,
    pub(super) kit: Kit,
    /// When it is made.
    pub(super) sent: Timestamp,
    /// The moment that its samples get.
    pub(super) at: Timestamp,
}

/// Makes a poll. Everything that can go wrong is part of the outcome.
pub(super) async fn poll(http: Arc<Http>, errand: Errand) -> Polled {
    let Errand { lane, target, mut kit, sent, at } = errand;
    let started = Instant::now();
    if let PollKind::Query(asking) = &target.kind {
        let outcome = kit.ask(&http, &target, asking, at).await;
        return Polled { lane, kit, sent, took: started.elapsed(), outcome };
    }
    let raw = ask(&http, &target, &kit, sent).await;
    let took = started.elapsed();
    let outcome = kit.settle(&target, at, took, raw);
    Polled { lane, kit, sent, took, outcome }
}

async fn ask(http: &Http, target: &Target, kit: &Kit, sent: Timestamp) -> Result<Raw, Trouble> {
    match &target.kind {
        PollKind::Redis { llen, ttlless, password } => {
            Ok(Raw::Redis(redis::poll(target, &http.vault, llen, ttlless, password).await?))
        }
        PollKind::Tcp => {
            tcp::connect(&target.url, None, &target.route, target.timeout).await?;
            Ok(Raw::Tcp)
        }
        PollKind::Query(_) => Err(Failure::Ours(Clean::new("a backend is asked in rounds")).into()),
        PollKind::Grpc { service } => Ok(Raw::Grpc(grpc::poll(http, target, service).await?)),
        PollKind::Health(_)
        | PollKind::Metrics { .. }
        | PollKind::Breakers(_)
        | PollKind::Queues(_)
        | PollKind::Json { .. } => {
            Ok(Raw::Http(http.fetch(&request(target, sent, kit.answered, kit.size_hint)).await?))
        }
    }
}

fn request(target: &Target, now: Timestamp, reused: bool, size_hint: usize) -> Ask<'_> {
    let metrics = matches!(target.kind, PollKind::Metrics { .. });
    Ask {
        url: &target.url,
        form: None,
        accept: if metrics { exposition::ACCEPT } else { ACCEPT_JSON },
        headers: &target.headers,
        auth: target.auth.as_deref(),
        route: &target.route,
        timeout: target.timeout,
        reused,
        release: is_better_closed(target, size_hint),
        size_hint,
        now,
        sink: None,
    }
}

/// From this interval on, a large body's connection is not kept.
const SELDOM: Duration = Duration::from_secs(10);
/// A body that is large enough to matter.
const LARGE: usize = 16 << 10;

/// A kept connection keeps its read buffer, which has grown to the size of the body: 65 KB of idle memory for each target
/// of a large fleet. Where large bodies are read seldom and without TLS, a new connection is cheaper than that. Before
/// the first answer, metrics are taken to be large.
fn is_better_closed(target: &Target, size_hint: usize) -> bool {
    let large = size_hint > LARGE || (size_hint == 0 && matches!(target.kind, PollKind::Metrics { .. }));
    large && target.interval >= SELDOM && target.url.scheme() == "http"
}

/// Reads a target's whole body, for the explorer.
pub(super) async fn full(http: &Http, target: &Target, now: Timestamp) -> Result<FullBody, Failure> {
    if !matches!(target.url.scheme(), "http" | "https") {
        let text = format!("a {} poll has no body to show", target.kind.word());
        return Err(Failure::Decode(Clean::new(&text)));
    }
    if matches!(target.kind, PollKind::Query(_)) {
        return Err(Failure::Decode(Clean::new("a backend has no body to show: ask it in the explorer")));
    }
    let started = Instant::now();
    let fetched = http.fetch(&request(target, now, true, 0)).await.map_err(|trouble| trouble.failure)?;
    Ok(FullBody {
        status: fetched.status,
        content_type: fetched.content_type,
        body: fetched.body,
        took: started.elapsed(),
    })
}
