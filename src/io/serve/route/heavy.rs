//! What takes a while is done beside the server's thread, so many at a time, and no longer than somebody waits.

use super::super::{Ask, Reply, Shared, now, reply};
use super::{JSON, samples};
use crate::api::{self, Fault, Found, Kind, Limits, Params, Process, Question, Samples};
use crate::promql::Stop;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Ticks a second, as Linux tells processor time to programs on every machine.
const USER_HZ: f64 = 100.0;

/// The longest answer, in bytes.
const LONGEST: usize = 64 << 20;

fn limits(shared: &Shared) -> Limits {
    Limits { samples: shared.plan.samples, bytes: LONGEST, timeout: shared.plan.timeout }
}

/// A question that is not waited for any longer: when this is dropped, it ends.
struct Waited(Stop);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// Does it in its turn, within the time.
async fn beside<T: Send + 'static>(
    shared: &Arc<Shared>,
    timeout: Duration,
    stop: Stop,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let until = Instant::now() + timeout;
    let waited = Waited(stop);
    let turn = tokio::time::timeout_at(until, shared.turn()).await;
    let turn = turn.map_err(|_| Fault::new(Kind::Timeout, "query timed out in query queue"))?;
    let mine = Arc::clone(shared);
    let task = tokio::task::spawn_blocking(move || {
        // The turn is over when the work is, whether anybody still waits or not.
        let _turn = turn;
        let _working = mine.counters.works();
        work()
    });
    let done = tokio::time::timeout_at(until, task).await;
    drop(waited);
    match done {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Fault::new(Kind::Internal, "the evaluation broke off; please report this fault")),
        Err(_) => Err(Fault::new(Kind::Timeout, "query timed out in expression evaluation")),
    }
}

pub(super) async fn query(
    shared: &Arc<Shared>,
    ask: &Ask,
    params: &Params,
    range: bool,
) -> Result<Reply, Fault> {
    let limits = limits(shared);
    let question = Question::read(params, range, now(), &limits)?;
    let samples = samples(shared).await?;
    let (stop, timeout) = (Stop::default(), question.timeout);
    let wish = stop.clone();
    let body = beside(shared, timeout, stop, move || question.answer(&samples, &limits, &wish)).await?;
    Ok(reply::packed(ask, 200, JSON, body))
}

/// Looks something up in the store.
pub(super) async fn found(
    shared: &Arc<Shared>,
    params: Params,
    look: impl FnOnce(&Samples, &Params) -> Result<Found, Fault> + Send + 'static,
) -> Result<Found, Fault> {
    let samples = samples(shared).await?;
    beside(shared, shared.plan.timeout, Stop::default(), move || look(&samples, &params)).await
}

pub(super) async fn metrics(shared: &Arc<Shared>, ask: &Ask) -> Result<Reply, Fault> {
    let samples = samples(shared).await?;
    let accept = ask.header("accept").unwrap_or_default().to_owned();
    let mine = Arc::clone(shared);
    let work = move || {
        let process = process(&mine);
        Ok(api::metrics(&samples, &mine.counters.served(), &process, &accept))
    };
    let page = beside(shared, shared.plan.timeout, Stop::default(), work).await?;
    Ok(reply::packed(ask, 200, page.kind, page.text.into_bytes()))
}

pub(super) async fn federate(shared: &Arc<Shared>, ask: &Ask, params: Params) -> Result<Reply, Fault> {
    let samples = samples(shared).await?;
    let work = move || api::federate(&samples, &params, now());
    let page = beside(shared, shared.plan.timeout, Stop::default(), work).await?;
    Ok(reply::packed(ask, 200, page.kind, page.text.into_bytes()))
}

/// What the system knows of this process: `/proc/self`, where there is one.
fn process(shared: &Shared) -> Process {
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let resident = status.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    let open = std::fs::read_dir("/proc/self/fd").ok().map(|all| all.count() as u64);
    let usage = std::fs::read_to_string("/proc/self/stat").ok();
    // After the name in brackets: fields 14 and 15 are ticks in user and in kernel mode.
    let ticks = usage.and_then(|text| {
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(11);
        Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
    });
    Process {
        cpu_seconds: ticks.map(|ticks| ticks as f64 / USER_HZ),
        resident_bytes: resident.map(|kilobytes| kilobytes.saturating_mul(1_024)),
        open_files: open,
        attached: shared.feed.attached(),
        beat: shared.beaten(),
    }
}
