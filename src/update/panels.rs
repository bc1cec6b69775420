//! Panels: which are due, and one unit of work on one of them.
//!
//! Only what is on the screen is evaluated: a course catches up with the steps that it missed when it is looked at
//! again.

use crate::model::chart::options;
use crate::model::ui::Screen;
use crate::model::{Changed, Model};
use std::time::Duration;

/// A panel is evaluated at most this often.
const EVERY: Duration = Duration::from_secs(1);

/// Puts the panels on the screen into the queue if polls have come back since they were evaluated.
pub(super) fn queue(model: &mut Model) {
    if model.ui.frozen.is_some() {
        return model.panels.due.clear();
    }
    let service = match &model.ui.screen {
        Screen::Service(name) => Some(name.clone()),
        Screen::Panels => None,
        _ => return model.panels.due.clear(),
    };
    let heard = model.heard;
    let old = |at: crate::units::Timestamp| heard.since(at) >= EVERY;
    let due: Vec<usize> = model
        .panels
        .of_service(service.as_deref())
        .filter(|(_, panel)| panel.at().is_none_or(old))
        .map(|(index, _)| index)
        .filter(|index| !model.panels.due.contains(index))
        .collect();
    model.panels.due.extend(due);
}

/// Evaluates the panel that has waited longest.
pub(super) fn work(model: &mut Model) {
    let Some(index) = model.panels.due.pop_front() else { return super::explore::work(model) };
    let at = model.heard;
    let Some(panel) = model.panels.all.get_mut(index) else { return };
    let first = panel.at().is_none();
    match model.desk.panels.get(index).copied().flatten().filter(|_| !panel.pinned) {
        Some(place) => {
            if let Some(answer) = model.desk.batch.eval_one(place, &model.store, at, &options()) {
                panel.chart.take(&model.store, answer, at);
            }
        }
        None if panel.plan.kind.has_course() => panel.chart.advance(&model.store, at),
        None => panel.chart.look(&model.store, at),
    }
    // What was never seen before is waited for; the rest may share a frame.
    model.changed = model.changed.max(if first { Changed::Now } else { Changed::Data });
}
