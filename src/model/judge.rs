//! From what the polls of a service say to one state and its reasons. Pure: rows in, verdict out.

use super::rows::{BreakerRow, QueueRow, Reading, Reason, TargetRow, breaker_word};
use crate::config::poll::PollKind;
use crate::config::{Band, Bands};
use crate::plan::Signal;
use crate::target::health::{Signal as Heard, State};
use crate::target::{BreakerState, Failure, ScrapeReport, Verdict};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use warroom_widgets::number::{Unit, human};

/// What a report says to the state machine of its target.
pub fn heard(report: &ScrapeReport, link_down: bool) -> Heard {
    match &report.outcome {
        Ok(_) => Heard::Answered(report.observation.as_ref().map_or(Verdict::Up, |seen| seen.verdict)),
        Err(failure) if failure.is_ours() || link_down && failure.may_be_our_link() => Heard::OurFault,
        Err(failure) => Heard::Failed {
            process_gone: matches!(
                failure,
                Failure::Refused | Failure::Lost(_) | Failure::Status(502..=504, _)
            ),
        },
    }
}

/// How much a poll says about the instance itself: only those of the lowest rank that a service has are vital, the
/// failure of others takes a part of the picture away.
///
/// A Redis beside a health poll holds the service's queue; it is the service only where nothing else is asked.
fn rank(kind: &PollKind) -> u8 {
    match kind {
        PollKind::Health(_) | PollKind::Tcp | PollKind::Grpc { .. } => 0,
        PollKind::Redis { .. } => 1,
        _ => 2,
    }
}

/// What [`service`] found.
pub struct Judgement {
    /// The state.
    pub state: State,
    /// Why it is not up, the worst first.
    pub reasons: Vec<Reason>,
    /// Instances that answer, and all of them.
    pub instances: (usize, usize),
}

/// What is known of a service.
pub struct Facts<'a> {
    /// Its targets.
    pub targets: Vec<&'a TargetRow>,
    /// What the server says that answers for it.
    pub remote: Option<&'a RemoteFacts>,
    /// Its breakers.
    pub breakers: &'a [BreakerRow],
    /// Its queues.
    pub queues: &'a [QueueRow],
    /// Its figures.
    pub readings: &'a [Reading; 3],
    /// Its limits.
    pub bands: &'a Bands,
    /// Our own link is down.
    pub link_down: bool,
    /// The moment.
    pub now: Timestamp,
}

/// What is known of a service through a server.
#[derive(Clone, Debug)]
pub struct RemoteFacts {
    /// The backend's name.
    pub backend: Arc<str>,
    /// The state of the server itself.
    pub state: State,
    /// Why it did not answer the last time.
    pub failure: Option<String>,
    /// When it last answered.
    pub answered: Option<Timestamp>,
    /// Its answers lack some of the data.
    pub partial: Option<Clean>,
    /// Instances that it reaches, all of them, and the names of those that it does not.
    pub instances: Option<(usize, usize, Vec<String>)>,
    /// Why it would not answer one of the service's expressions.
    pub refused: Option<String>,
}

/// The most instances that are named in a reason.
const MOST_NAMED: usize = 3;

/// Judges what a server says. A server that is silent makes its services' values old, it does not make them down.
fn judge_remote(
    remote: &RemoteFacts,
    facts: &Facts<'_>,
    reasons: &mut Vec<Reason>,
) -> (State, (usize, usize)) {
    let name = &remote.backend;
    let mut push = |state, text: String| reasons.push(Reason { state, text: format!("{name}: {text}") });
    let (answering, all, down) = remote.instances.clone().unwrap_or_default();
    let instances = (answering, all);
    if let Some(partial) = &remote.partial {
        push(State::Unknown, format!("PARTIAL answer: {partial}"));
    }
    if let Some(refused) = &remote.refused {
        push(State::Unknown, refused.clone());
    }
    let silent = matches!(remote.state, State::Down | State::Stale) || remote.answered.is_none();
    if silent && (remote.failure.is_some() || remote.answered.is_some()) {
        let why = remote.failure.clone().unwrap_or_else(|| "does not answer".to_owned());
        let Some(at) = remote.answered else {
            push(State::Unknown, why);
            return (State::Unknown, instances);
        };
        let age = human(facts.now.since(at).as_secs_f64().floor(), Unit::Seconds);
        push(State::Stale, format!("{why}; values are {age} old"));
        return (State::Stale, instances);
    }
    if remote.answered.is_none() {
        return (State::Unknown, instances);
    }
    if let Some(failure) = &remote.failure {
        // One lost answer is told, and changes nothing.
        push(State::Unknown, failure.clone());
    }
    let has_figures = facts.readings.iter().any(|reading| reading.value.is_some());
    match (answering, all) {
        // Not every server scrapes: what is pushed to it has no `up`.
        (_, 0) if has_figures => (State::Up, instances),
        (_, 0) => {
            if remote.refused.is_none() {
                push(State::Unknown, "knows no series of this service".to_owned());
            }
            (State::Unknown, instances)
        }
        (0, _) => {
            push(State::Down, format!("reaches none of {all} instances"));
            (State::Down, instances)
        }
        (some, _) if some < all => {
            let mut named = down.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
            if down.len() > MOST_NAMED {
                named.push_str(", ...");
            }
            push(State::Degraded, format!("does not reach {} of {all}: {named}", all - some));
            (State::Degraded, instances)
        }
        _ => (State::Up, instances),
    }
}

/// Judges a service.
pub fn service(facts: &Facts<'_>) -> Judgement {
    let mut reasons = Vec::new();
    let (mut base, mut instances) = judge_instances(facts, &mut reasons);
    if let Some(remote) = facts.remote {
        let (state, reached) = judge_remote(remote, facts, &mut reasons);
        if facts.targets.is_empty() {
            (base, instances) = (state, reached);
        } else {
            // Polls of our own tell of the instances; the server takes a part of the picture away.
            let state = match state {
                State::Down => State::Degraded,
                State::Unknown if remote.state == State::Down => State::Stale,
                state => state,
            };
            if base == State::Unknown || base == State::Up && state >= State::Stale {
                base = state;
            }
        }
    }
    judge_breakers(facts.breakers, &mut reasons);
    judge_bands(facts, &mut reasons);
    let partial = reasons.iter().any(|reason| reason.state == State::Degraded);
    let state = match base {
        State::Up if partial => State::Degraded,
        base => base,
    };
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.state));
    Judgement { state, reasons, instances }
}

fn judge_instances(facts: &Facts<'_>, reasons: &mut Vec<Reason>) -> (State, (usize, usize)) {
    let lowest = facts.targets.iter().map(|row| rank(&row.target.kind)).min();
    let vital = |row: &TargetRow| Some(rank(&row.target.kind)) == lowest;
    // One state an instance: the worst of its vital polls.
    let mut states: Vec<(&str, State)> = Vec::new();
    for row in facts.targets.iter().filter(|row| vital(row)) {
        match states.iter_mut().find(|(instance, _)| *instance == &*row.target.instance) {
            Some((_, state)) => *state = (*state).max(row.state),
            None => states.push((&row.target.instance, row.state)),
        }
    }
    for row in &facts.targets {
        if let Some(reason) = target_reason(row, facts, !vital(row), states.len() > 1) {
            reasons.push(reason);
        }
    }
    let answering =
        states.iter().filter(|(_, s)| matches!(s, State::Up | State::Degraded | State::Warming)).count();
    let all = states.len();
    let worst = states.iter().map(|(_, s)| *s).max().unwrap_or(State::Unknown);
    let best = states.iter().map(|(_, s)| *s).min().unwrap_or(State::Unknown);
    let state = if all == 0 {
        State::Unknown
    } else if best == worst {
        worst
    } else if worst == State::Down {
        // Some instances are gone and others are not: it works in part. If none is well, the worst counts.
        if matches!(best, State::Up | State::Degraded | State::Warming) {
            State::Degraded
        } else {
            State::Down
        }
    } else if best == State::Up && matches!(worst, State::Unknown | State::Warming) {
        State::Up
    } else {
        worst
    };
    (state, (answering, all))
}

fn target_reason(row: &TargetRow, facts: &Facts<'_>, minor: bool, several: bool) -> Option<Reason> {
    let at = |text: String| {
        let place = if several {
            format!("{} {}", row.target.instance, row.target.poll)
        } else {
            row.target.poll.to_string()
        };
        format!("{place}: {text}")
    };
    let failure = row.failure.as_ref().map(ToString::to_string);
    let (state, text) = match row.state {
        State::Up => {
            let (so_far, needed) = row.doubt?;
            let failure = failure.unwrap_or_else(|| "says it is down".to_owned());
            let text = held(row, facts, format!("{failure} ({so_far} of {needed})"));
            return Some(Reason { state: State::Unknown, text: at(text) });
        }
        State::Unknown if row.failure.as_ref().is_some_and(Failure::is_ours) => {
            (State::Unknown, failure.unwrap_or_default())
        }
        State::Unknown if facts.link_down => (State::Unknown, "your own link is down".to_owned()),
        State::Unknown => return None,
        State::Stale => {
            let age = row.asked.map_or_else(String::new, |asked| {
                format!(" {}", human(facts.now.since(asked).as_secs_f64(), Unit::Seconds))
            });
            (State::Stale, format!("no poll for{age}"))
        }
        State::Down => (State::Down, failure.unwrap_or_else(|| said(row))),
        State::Warming => {
            (State::Warming, format!("restarted, warming up: {}", failure.unwrap_or_else(|| said(row))))
        }
        State::Degraded => (State::Degraded, failure.unwrap_or_else(|| said(row))),
    };
    let text = held(row, facts, text);
    let state = if minor && state == State::Down { State::Degraded } else { state };
    Some(Reason { state, text: at(text) })
}

/// Adds that the service asked to be left alone, while it lasts.
fn held(row: &TargetRow, facts: &Facts<'_>, text: String) -> String {
    let asked = row.retry_after.filter(|_| row.held_until.is_some_and(|until| until > facts.now));
    match asked {
        Some(wait) => format!("{text}, asked to wait {}", format_duration(wait)),
        None => text,
    }
}

/// What the service says of itself: its broken components, or its own word.
fn said(row: &TargetRow) -> String {
    let Some(seen) = &row.observation else { return row.state.word().to_owned() };
    let broken: Vec<String> = seen
        .components
        .iter()
        .filter(|component| matches!(component.verdict, Verdict::Down | Verdict::Degraded))
        .map(|component| {
            if component.detail.is_empty() {
                component.name.to_string()
            } else {
                format!("{} {}", component.name, component.detail)
            }
        })
        .collect();
    if !broken.is_empty() {
        return broken.join(", ");
    }
    let message = seen.message.as_ref().map_or("", Clean::as_str);
    match (seen.word.as_str(), message) {
        ("", "") => row.state.word().to_owned(),
        ("", message) => message.to_owned(),
        (word, "") => format!("says {word}"),
        (word, message) => format!("says {word}: {message}"),
    }
}

fn judge_breakers(breakers: &[BreakerRow], reasons: &mut Vec<Reason>) {
    for row in breakers.iter().filter(|row| row.seen.state != BreakerState::Closed) {
        reasons.push(Reason {
            state: State::Degraded,
            text: format!("{} breaker {}", row.seen.name, breaker_word(row.seen.state)),
        });
    }
}

/// The limits of a figure, in its own unit.
pub fn limits(plan: &crate::plan::ServicePlan, signal: Signal) -> Option<(f64, f64)> {
    match signal {
        Signal::Errors => plan.bands.errors.map(|band| (band.warning, band.critical)),
        Signal::Latency => {
            plan.bands.latency.map(|band| (band.warning.as_secs_f64(), band.critical.as_secs_f64()))
        }
        Signal::Requests => None,
    }
}

/// How a value stands to its band: `None` is within it.
pub fn over<T: PartialOrd + Copy>(value: T, band: Option<Band<T>>) -> Option<State> {
    let band = band?;
    if value > band.critical {
        Some(State::Down)
    } else if value > band.warning {
        Some(State::Degraded)
    } else {
        None
    }
}

fn judge_bands(facts: &Facts<'_>, reasons: &mut Vec<Reason>) {
    let mut push = |text: String| reasons.push(Reason { state: State::Degraded, text });
    let value = |signal: Signal| facts.readings[signal as usize].value;
    if let (Some(errors), Some(band)) = (value(Signal::Errors), facts.bands.errors)
        && let Some(state) = over(errors, Some(band))
    {
        let limit = if state == State::Down { band.critical } else { band.warning };
        push(format!("errors {} (> {})", human(errors, Unit::Ratio), human(limit, Unit::Ratio)));
    }
    if let (Some(latency), Some(band)) = (value(Signal::Latency), facts.bands.latency) {
        let limits = Band { warning: band.warning.as_secs_f64(), critical: band.critical.as_secs_f64() };
        if let Some(state) = over(latency, Some(limits)) {
            let limit = if state == State::Down { limits.critical } else { limits.warning };
            push(format!("p95 {} (> {})", human(latency, Unit::Seconds), human(limit, Unit::Seconds)));
        }
    }
    for (index, queue) in facts.queues.iter().enumerate() {
        // The deepest view of a queue comes first; a second view of it is no second queue.
        let told = facts.queues.iter().take(index).any(|other| other.seen.name == queue.seen.name);
        if told {
            continue;
        }
        if let Some(band) = facts.bands.queue
            && let Some(state) = over(queue.seen.depth, Some(band))
        {
            let limit = if state == State::Down { band.critical } else { band.warning };
            push(format!(
                "queue {} {} (> {})",
                queue.seen.name,
                human(queue.seen.depth, Unit::Count),
                human(limit, Unit::Count)
            ));
        }
    }
}
