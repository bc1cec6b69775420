//! The latency screen: which services are due, and one unit of work on one of them. Only while somebody looks.

use crate::layout;
use crate::model::ui::Screen;
use crate::model::zoom::Subject;
use crate::model::{Changed, Model};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A latency that is in sight is brought up to date at most this often.
const EVERY: Duration = Duration::from_secs(1);
/// One that is not, but whose place in the list depends on it, this often.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Puts the services into the queue whose latencies are looked at and older than what came back.
pub(super) fn queue(model: &mut Model) {
    let wanted: BTreeSet<Arc<str>> = match &model.ui.screen {
        _ if model.ui.frozen.is_some() => BTreeSet::new(),
        Screen::Zoom(Subject::Latency(name)) => BTreeSet::from([Arc::clone(name)]),
        Screen::Latency => {
            let list = &model.ui.latency;
            let page = layout::list_rows(layout::areas(model).list, model.ui.size).max(1);
            let rows = model.latency_rows();
            let shown = rows.iter().skip(list.offset).take(page).chain(rows.get(list.index));
            shown.map(|row| Arc::clone(row.name)).collect()
        }
        _ => BTreeSet::new(),
    };
    if wanted.is_empty() {
        return model.latencies.due.clear();
    }
    let everyone = model.ui.screen == Screen::Latency;
    let heard = model.heard;
    for (index, plan) in model.plan.services.iter().enumerate() {
        let set = model.fleet.services.get(index).and_then(|row| row.signal_set);
        let Some(latency) = model.latencies.all.get_mut(index) else { continue };
        latency.choose(plan, set);
        let patience = match (wanted.contains(&plan.name), everyone) {
            (true, _) => EVERY,
            (false, true) => ELSEWHERE,
            (false, false) => continue,
        };
        let old = latency.at.is_none_or(|at| heard.since(at) >= patience);
        if old && latency.spread.is_some() && !model.latencies.due.contains(&index) {
            model.latencies.due.push_back(index);
        }
    }
}

/// One unit of work: a few steps of the service that has waited longest. False if none waits.
pub(super) fn work(model: &mut Model) -> bool {
    let Some(index) = model.latencies.due.pop_front() else { return false };
    let (at, range) = (model.heard, model.latencies.range);
    let Some(latency) = model.latencies.all.get_mut(index) else { return true };
    let first = latency.at.is_none();
    if latency.advance(&model.store, at, range) {
        model.changed = model.changed.max(if first { Changed::Now } else { Changed::Data });
        model.unsettled = true;
    } else {
        // The others have a turn first: all rows fill up together.
        model.latencies.due.push_back(index);
        model.changed = model.changed.max(Changed::Data);
    }
    true
}
