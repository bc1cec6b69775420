//! The screen of breakers and queues: what breakers did before is read from the store, one service a unit of work, and
//! only while somebody looks.

use crate::model::flow::{FlowKey, FlowKind};
use crate::model::ui::Screen;
use crate::model::{Changed, Model};
use std::sync::Arc;
use std::time::Duration;

/// It is read at most this often.
const EVERY: Duration = Duration::from_secs(1);

/// Puts the services with breakers into the queue if polls have come back since they were looked at.
pub(super) fn queue(model: &mut Model) {
    if model.ui.screen != Screen::Flow || model.ui.frozen.is_some() {
        return model.flow.due.clear();
    }
    let heard = model.heard;
    if !model.flow.due.is_empty() || model.flow.at.is_some_and(|at| heard.since(at) < EVERY) {
        return;
    }
    let services = model.fleet.services.iter().enumerate();
    let with = services.filter(|(_, row)| !row.breakers.is_empty()).map(|(index, _)| index);
    model.flow.due = with.collect();
    model.flow.at = Some(heard);
    // What does not exist any more is forgotten.
    let fleet = &model.fleet;
    model.flow.past.retain(|key, _| {
        let row = fleet.services.iter().find(|row| row.name == key.service);
        row.is_some_and(|row| row.breakers.iter().any(|breaker| breaker.seen.name == key.name))
    });
}

/// One unit of work: the breakers of one service. False if none waits.
pub(super) fn work(model: &mut Model) -> bool {
    let Some(index) = model.flow.due.pop_front() else { return false };
    let at = model.heard;
    let Some(row) = model.fleet.services.get(index) else { return true };
    let bucket = row.reading(crate::plan::Signal::Requests).bucket;
    for breaker in &row.breakers {
        let key = FlowKey {
            service: Arc::clone(&row.name),
            kind: FlowKind::Breaker,
            name: breaker.seen.name.clone(),
        };
        let past = model.flow.past.entry(key.clone()).or_default();
        if past.at != Some(at) {
            past.look(&model.store, &key, at, bucket);
        }
    }
    model.changed = model.changed.max(Changed::Data);
    true
}
