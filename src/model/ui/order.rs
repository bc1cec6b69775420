//! Which rows a list has and in which order: filters, and what comes first. Nothing is drawn here.

use super::{ListState, OVERVIEW_ORDERS, TARGET_ORDERS};
use crate::model::rows::{Fleet, ServiceRow, TargetRow};
use crate::plan::Signal;
use crate::target::health::State;
use std::cmp::Ordering;

/// Does a row that holds `texts` pass the filter?
pub(in crate::model) fn passes<'a>(filter: &str, mut texts: impl Iterator<Item = &'a str>) -> bool {
    let (wanted, needle) = match filter.strip_prefix('!') {
        Some(rest) => (false, rest),
        None => (true, filter),
    };
    if needle.is_empty() {
        return true;
    }
    let needle = needle.to_lowercase();
    texts.any(|text| text.to_lowercase().contains(&needle)) == wanted
}

/// The services in the order and with the filter of `list`.
pub fn services<'a>(fleet: &'a Fleet, list: &ListState) -> impl Iterator<Item = &'a ServiceRow> + use<'a> {
    let mut rows: Vec<&ServiceRow> = fleet
        .services
        .iter()
        .filter(|row| {
            let texts = [&*row.name, row.state.word(), row.environment.as_deref().unwrap_or("")];
            passes(
                &list.filter,
                texts.into_iter().chain(row.reasons.iter().map(|reason| reason.text.as_str())),
            )
        })
        .collect();
    // Equal rows keep the order of names, so that nothing jumps about.
    let by = OVERVIEW_ORDERS.get(list.order).copied().unwrap_or("worst");
    rows.sort_by(|a, b| match by {
        "service" => a.name.cmp(&b.name),
        "latency" => most(a.reading(Signal::Latency).value, b.reading(Signal::Latency).value),
        "errors" => most(a.reading(Signal::Errors).value, b.reading(Signal::Errors).value),
        "requests" => most(a.reading(Signal::Requests).value, b.reading(Signal::Requests).value),
        "queue" => most(a.queued(), b.queued()),
        _ => worst(a, b),
    });
    if list.reversed {
        rows.reverse();
    }
    rows.into_iter()
}

/// The larger value first, the unknown last.
fn most(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Down or paging first, then whose budget ends soonest, then by state, then who has least budget left, then who has
/// more reasons, then by name. Budgets count in coarse steps, and numbers that move all the time not at all: rows must
/// not dance.
fn worst(a: &ServiceRow, b: &ServiceRow) -> Ordering {
    let grave =
        |row: &ServiceRow| row.reasons.iter().filter(|reason| reason.state >= State::Degraded).count();
    let urgent = |row: &ServiceRow| row.state == State::Down || row.standing.paging;
    urgent(b)
        .cmp(&urgent(a))
        .then_with(|| a.standing.ends_step().cmp(&b.standing.ends_step()))
        .then_with(|| b.state.cmp(&a.state))
        .then_with(|| a.standing.left_step().cmp(&b.standing.left_step()))
        .then_with(|| grave(b).cmp(&grave(a)))
        .then_with(|| a.name.cmp(&b.name))
}

/// The targets in the order and with the filter of `list`; of one service, or of all.
pub fn targets<'a>(
    fleet: &'a Fleet,
    list: &ListState,
    service: Option<&str>,
) -> impl Iterator<Item = &'a TargetRow> + use<'a> {
    let mut rows: Vec<&TargetRow> = fleet
        .targets
        .iter()
        .filter(|row| service.is_none_or(|name| &*row.target.service == name))
        .filter(|row| {
            let texts = [&*row.target.service, &*row.target.poll, &*row.target.instance, row.state.word()];
            passes(&list.filter, texts.into_iter())
        })
        .collect();
    let by = TARGET_ORDERS.get(list.order).copied().unwrap_or("worst");
    rows.sort_by(|a, b| match by {
        "service" => Ordering::Equal,
        "took" => b.took.cmp(&a.took),
        "size" => size(b).cmp(&size(a)),
        _ => b.state.cmp(&a.state),
    });
    if list.reversed {
        rows.reverse();
    }
    rows.into_iter()
}

fn size(row: &TargetRow) -> u64 {
    row.answer.as_ref().map_or(0, |answer| answer.bytes)
}
