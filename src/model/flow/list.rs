//! The rows of the list: several views of one breaker or queue are one of them; the worst come first.

use super::{Flow, FlowKey, FlowKind, FlowRow, ORDERS, Past};
use crate::model::judge::over;
use crate::model::rows::{BreakerRow, Fleet, QueueRow, ServiceRow, breaker_rank, breaker_word};
use crate::model::ui::{ListState, passes};
use crate::plan::{Plan, ServicePlan, Signal};
use crate::target::BreakerState;
use crate::target::health::State;
use crate::text::Clean;
use crate::units::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::{Trend, Unit, human};

/// Every breaker and queue of the fleet, in the order and with the filter of `list`.
pub fn rows(fleet: &Fleet, plan: &Plan, flow: &Flow, now: Timestamp, list: &ListState) -> Vec<FlowRow> {
    let mut out = Vec::new();
    for row in &fleet.services {
        let service = plan.services.iter().find(|service| service.name == row.name);
        let late = row.interval * 3;
        out.extend(breakers(row, flow, now, late));
        out.extend(queues(row, service, now, late));
    }
    out.retain(|row| {
        let texts = [&*row.key.service, row.key.name.as_str(), row.key.kind.word(), &*row.word];
        passes(&list.filter, texts.into_iter())
    });
    let most = |a: Option<f64>, b: Option<f64>| {
        b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY))
    };
    let by = ORDERS.get(list.order).copied().unwrap_or("worst");
    out.sort_by(|a, b| {
        let first = match by {
            "service" => Ordering::Equal,
            "name" => a.key.name.cmp(&b.key.name),
            "depth" => most(a.depth, b.depth),
            "change" => most(a.change, b.change),
            _ => a.rank.cmp(&b.rank),
        };
        // Depths move all the time: beyond their rank rows stand still.
        first.then_with(|| a.key.cmp(&b.key))
    });
    if list.reversed {
        out.reverse();
    }
    out
}

/// Things of one name, in the order of names.
fn by_name<'a, T>(all: &'a [T], name: impl Fn(&T) -> &Clean) -> BTreeMap<Clean, Vec<&'a T>> {
    let mut out: BTreeMap<Clean, Vec<&'a T>> = BTreeMap::new();
    for one in all {
        out.entry(name(one).clone()).or_default().push(one);
    }
    out
}

fn stale_word(age: Duration) -> String {
    format!("stale {}", human(age.as_secs() as f64, Unit::Seconds))
}

fn breakers(row: &ServiceRow, flow: &Flow, now: Timestamp, late: Duration) -> Vec<FlowRow> {
    let mut out = Vec::new();
    for (name, views) in by_name(&row.breakers, |breaker: &BreakerRow| &breaker.seen.name) {
        let fresh = views.iter().map(|view| view.at).max().unwrap_or_default();
        let Some(worst) = views.iter().min_by_key(|view| breaker_rank(view.seen.state)) else { continue };
        let state = worst.seen.state;
        let key = FlowKey { service: Arc::clone(&row.name), kind: FlowKind::Breaker, name };
        let past = flow.past.get(&key);
        let age = now.since(fresh);
        let (rank, shown, word) = match state {
            _ if age > late => (4, State::Stale, stale_word(age)),
            BreakerState::Open => (0, State::Down, breaker_word(state).to_owned()),
            BreakerState::HalfOpen => (2, State::Degraded, breaker_word(state).to_owned()),
            BreakerState::Closed => (7, State::Up, breaker_word(state).to_owned()),
        };
        out.push(FlowRow {
            key,
            rank,
            state: shown,
            word,
            breaker: Some(state),
            views: (views.iter().filter(|view| view.seen.state == state).count(), views.len()),
            depth: None,
            change: None,
            trend: Trend::Unknown,
            course: past.map(|past| past.course.clone()).unwrap_or_default(),
            last_bucket: past.map_or(0, |past| past.last_bucket),
            oldest: None,
            consumers: None,
            calls: (worst.seen.failures, worst.seen.calls, worst.seen.success_ratio),
            since: past.and_then(|past| past.since(state)),
            opened: past.map_or(0, Past::opened),
            limits: None,
            at: fresh,
            origins: views.iter().map(|view| Arc::clone(&view.origin)).collect(),
        });
    }
    out
}

fn queues(row: &ServiceRow, plan: Option<&ServicePlan>, now: Timestamp, late: Duration) -> Vec<FlowRow> {
    let band = plan.and_then(|plan| plan.bands.queue);
    let reading = row.reading(Signal::Requests);
    let mut out = Vec::new();
    for (name, views) in by_name(&row.queues, |queue: &QueueRow| &queue.seen.name) {
        let Some(deepest) = views.iter().max_by(|a, b| a.seen.depth.total_cmp(&b.seen.depth)) else {
            continue;
        };
        let depth = deepest.seen.depth;
        let fresh = views.iter().map(|view| view.at).max().unwrap_or_default();
        let most =
            |of: fn(&QueueRow) -> Option<f64>| views.iter().filter_map(|view| of(view)).reduce(f64::max);
        let consumers = most(|view| view.seen.consumers);
        let (change, trend) = trend(&deepest.course, reading.bucket);
        let age = now.since(fresh);
        let limit = |limit: f64| format!("over {}", human(limit, Unit::Count));
        let (rank, state, word) = match (over(depth, band), band) {
            _ if age > late => (4, State::Stale, stale_word(age)),
            (Some(State::Down), Some(band)) => (1, State::Down, limit(band.critical)),
            (Some(_), Some(band)) => (2, State::Degraded, limit(band.warning)),
            _ if consumers == Some(0.0) && depth > 0.0 => (2, State::Degraded, "no consumers".to_owned()),
            _ if trend == Trend::Up => (3, State::Up, "growing".to_owned()),
            _ if trend == Trend::Down => (5, State::Up, "draining".to_owned()),
            _ if depth > 0.0 => (5, State::Up, "waiting".to_owned()),
            _ => (6, State::Up, "empty".to_owned()),
        };
        out.push(FlowRow {
            key: FlowKey { service: Arc::clone(&row.name), kind: FlowKind::Queue, name },
            rank,
            state,
            word,
            breaker: None,
            views: (1, views.len()),
            depth: Some(depth),
            change,
            trend,
            course: deepest.course.clone(),
            last_bucket: reading.last_bucket,
            oldest: most(|view| view.seen.oldest_age_seconds),
            consumers,
            calls: (None, None, None),
            since: None,
            opened: 0,
            limits: band.map(|band| (band.warning, band.critical)),
            at: fresh,
            origins: views.iter().map(|view| Arc::clone(&view.origin)).collect(),
        });
    }
    out
}

/// Messages a minute, from the mean of the newest buckets and that of those about a minute before; a change that is
/// small against the depth is none.
pub fn trend(course: &[Option<f64>], bucket: Duration) -> (Option<f64>, Trend) {
    /// Buckets that a mean is taken of.
    const MEAN: usize = 3;
    /// A change of fewer messages than this is none, however small the queue.
    const LEAST: f64 = 3.0;
    let minute = (60.0 / bucket.as_secs_f64().max(1.0)).ceil() as usize;
    let known: Vec<(usize, f64)> =
        course.iter().rev().enumerate().filter_map(|(back, value)| Some((back, (*value)?))).collect();
    let mean = |part: &[(usize, f64)]| {
        let count = part.len() as f64;
        (
            part.iter().map(|(back, _)| *back as f64).sum::<f64>() / count,
            part.iter().map(|p| p.1).sum::<f64>() / count,
        )
    };
    let near: Vec<(usize, f64)> = known.iter().take_while(|(back, _)| *back < MEAN).copied().collect();
    let window = |(back, _): &&(usize, f64)| (MEAN..minute.max(MEAN) + MEAN).contains(back);
    let far: Vec<(usize, f64)> = known.iter().filter(window).copied().collect();
    let far = far.get(far.len().saturating_sub(MEAN)..).unwrap_or_default();
    if near.is_empty() || far.is_empty() {
        return (None, Trend::Unknown);
    }
    let ((now_back, now), (then_back, then)) = (mean(&near), mean(far));
    let minutes = (then_back - now_back) * bucket.as_secs_f64().max(1.0) / 60.0;
    let trend = if (now - then).abs() < LEAST { Trend::Flat } else { Trend::between(then, now, 0.1) };
    (Some((now - then) / minutes), trend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trends() {
        let five = Duration::from_secs(5);
        let course = |values: &[f64]| values.iter().map(|v| v.is_finite().then_some(*v)).collect::<Vec<_>>();
        let ramp: Vec<f64> = (0..20).map(|i| f64::from(i) * 10.0).collect();
        let gap = f64::NAN;
        for (name, values, change, trend) in [
            ("nothing", vec![], None, Trend::Unknown),
            ("one value", vec![5.0], None, Trend::Unknown),
            ("grows by ten a bucket", ramp.clone(), Some(120.0), Trend::Up),
            ("drains", ramp.iter().rev().copied().collect(), Some(-120.0), Trend::Down),
            ("steady", vec![40.0; 20], Some(0.0), Trend::Flat),
            ("a few more", vec![1.0, 1.0, 1.0, 2.0, 2.0, 2.0], Some(4.0), Trend::Flat),
            ("nothing new", vec![1.0, 1.0, 1.0, gap, gap, gap], None, Trend::Unknown),
        ] {
            let (found, way) = super::trend(&course(&values), five);
            assert_eq!(way, trend, "{name}");
            assert_eq!(found.map(f64::round), change, "{name}");
        }
    }
}
