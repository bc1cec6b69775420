//! One graph over the whole screen: opened from a panel, a figure, an objective, a latency, a queue; its range; what
//! stands beside it. And the range keys of all screens that look back.

use super::{explore, keys, say};
use crate::command::Command;
use crate::event::Effect;
use crate::model::chart::Chart;
use crate::model::explore::{RANGES, Stage};
use crate::model::ui::{ListState, RowKey, Screen};
use crate::model::zoom::{Subject, Zoom};
use crate::model::{Changed, Model};
use crate::plan::Signal;
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use std::time::Duration;

/// A graph is brought up to date at most this often.
const EVERY: Duration = Duration::from_secs(1);
/// Less than this is not picked out of a graph.
const SHORTEST: Duration = Duration::from_secs(5);
/// How far back a graph looks at first that has no range of its own.
const RANGE: Duration = Duration::from_secs(15 * 60);

/// What the selection, or the screen, is a graph of.
fn meant(model: &Model) -> Option<Subject> {
    match (&model.ui.screen, &model.ui.list().selected) {
        (Screen::Latency, Some(RowKey::Service(name))) => Some(Subject::Latency(Arc::clone(name))),
        (Screen::Service(name), _) => Some(Subject::Figure(Arc::clone(name), Signal::Latency)),
        (_, Some(RowKey::Service(name))) => Some(Subject::Figure(Arc::clone(name), Signal::Latency)),
        (_, Some(RowKey::Slo(name))) => Some(Subject::Slo(Arc::clone(name))),
        (_, Some(RowKey::Flow(key))) => Some(Subject::Flow(key.clone())),
        (_, Some(RowKey::Panel(index))) => {
            model.panels.all.get(*index).map(|panel| Subject::Panel(Arc::clone(&panel.plan.name)))
        }
        (Screen::Incident(id), _) | (_, Some(RowKey::Incident(id))) => {
            let service = model.shown_incidents().get(id)?.service();
            let known = model.service(&service).is_some();
            known.then_some(Subject::Figure(service, Signal::Latency))
        }
        (_, Some(RowKey::Target(id))) => {
            let service = Arc::clone(&model.target(*id)?.target.service);
            Some(Subject::Figure(service, Signal::Latency))
        }
        _ => None,
    }
}

/// `z`: fills the screen with what is selected; again: goes back.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    if matches!(model.ui.screen, Screen::Zoom(_)) {
        return keys::run(model, Command::Back, effects);
    }
    match meant(model) {
        Some(subject) => show(model, subject),
        None => say(model, true, "nothing is selected that has a graph".to_owned()),
    }
}

/// Fills the screen with that.
pub(super) fn show(model: &mut Model, subject: Subject) {
    model.ui.zoom = ListState::default();
    keys::go(model, Screen::Zoom(subject));
    renew(model);
}

/// `enter` on it: the expression in the explorer.
pub(super) fn explored(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(formula) = model.zoom.as_ref().and_then(|zoom| zoom.subject.expr(model)) else {
        return say(
            model,
            true,
            "this is computed from more than one expression: x says from which".to_owned(),
        );
    };
    let (formula, _) = model.plan.written(&formula);
    explore::open(model, &formula, effects);
}

/// `tab`: what stands beside it.
pub(super) fn turn(model: &mut Model, by: isize) {
    let Screen::Zoom(subject) = &model.ui.screen else { return };
    let kin = subject.kin(model);
    let at = kin.iter().position(|known| known == subject).unwrap_or(0);
    let next = (at as isize).saturating_add(by).rem_euclid(kin.len().max(1) as isize);
    if let Some(subject) = usize::try_from(next).ok().and_then(|next| kin.into_iter().nth(next)) {
        // `back` returns to where it was opened, not through all that was looked at.
        model.ui.screen = Screen::Zoom(subject);
        model.ui.zoom = ListState::default();
        renew(model);
        keys::settle(model);
    }
}

/// Makes the chart of the subject that the screen shows.
fn renew(model: &mut Model) {
    let Screen::Zoom(subject) = model.ui.screen.clone() else { return };
    if model.zoom.as_ref().is_some_and(|zoom| zoom.subject == subject) {
        return;
    }
    let retention = model.plan.limits.retention;
    let own = match &subject {
        Subject::Panel(name) => model.panels.named(name).map(|panel| panel.plan.range),
        Subject::Slo(_) => None,
        Subject::Latency(_) => Some(model.latencies.range),
        Subject::Figure(..) | Subject::Flow(_) => Some(RANGE),
    };
    let range = own.map(|range| range.min(retention));
    let chart = subject.expr(model).zip(range).map(|(expr, range)| Chart::new(expr, range));
    model.zoom = Some(Zoom { due: chart.is_some(), subject, chart, range, picked: None });
}

/// A drag over a graph ends: what lies between the two moments is shown over the whole of it. `subject`: what it is a
/// graph of; none in the explorer.
pub(super) fn pick(model: &mut Model, subject: Option<Subject>, from: Timestamp, to: Timestamp) {
    let length = to.since(from);
    if length < SHORTEST {
        return; // the hand shook: the values can be read off all the same
    }
    let chart = match subject {
        None => {
            model.explore.picked = Some((from, to));
            model.explore.stage = Stage::Course;
            model.explore.chart.as_mut()
        }
        Some(subject) => {
            if model.ui.screen != Screen::Zoom(subject.clone()) {
                show(model, subject);
            }
            let Some(zoom) = &mut model.zoom else { return };
            zoom.picked = Some((from, to));
            zoom.due = zoom.chart.is_some();
            zoom.chart.as_mut()
        }
    };
    if let Some(chart) = chart {
        chart.set_range(length);
    }
    model.ui.cursor = None;
    model.changed = Changed::Now;
    let key = model.plan.ui.keys.hint(Command::Live).unwrap_or_else(|| ":live".to_owned());
    say(model, false, format!("{} picked: {key} goes back to what is now", format_duration(whole(length))));
}

/// Goes back from what was picked to what is now; false: nothing was picked.
pub(super) fn unpick(model: &mut Model) -> bool {
    let (chart, range) = match &model.ui.screen {
        Screen::Explore if model.explore.picked.take().is_some() => {
            let range = model.explore.looks_back(model.plan.limits.retention);
            model.explore.stage = Stage::Course;
            (model.explore.chart.as_mut(), Some(range))
        }
        Screen::Zoom(_) => {
            let Some(zoom) = model.zoom.as_mut().filter(|zoom| zoom.picked.is_some()) else { return false };
            zoom.picked = None;
            zoom.due = zoom.chart.is_some();
            (zoom.chart.as_mut(), zoom.range)
        }
        _ => return false,
    };
    if let (Some(chart), Some(range)) = (chart, range) {
        chart.set_range(range);
    }
    model.changed = Changed::Now;
    true
}

/// In whole seconds, as people say it.
fn whole(length: Duration) -> Duration {
    Duration::from_secs(length.as_secs_f64().round() as u64)
}

/// Lays out what is to be done for the graph on the screen.
pub(super) fn queue(model: &mut Model) {
    if !matches!(model.ui.screen, Screen::Zoom(_)) {
        model.zoom = None;
        return;
    }
    renew(model);
    let (heard, frozen) = (model.heard, model.ui.frozen.is_some());
    let Some(zoom) = &mut model.zoom else { return };
    let Some(chart) = &zoom.chart else { return };
    // A picture that is held, or picked, is computed once, for its moment.
    zoom.due = match chart.course_at {
        None => true,
        Some(_) if zoom.picked.is_some() => false,
        Some(at) => !frozen && heard.since(at) >= EVERY,
    };
}

/// One unit of work: brings the graph up to date. False if there is nothing to do.
pub(super) fn work(model: &mut Model) -> bool {
    let at = if model.ui.frozen.is_some() { model.seen_at() } else { model.heard };
    let Some(zoom) = model.zoom.as_mut().filter(|zoom| zoom.due) else { return false };
    zoom.due = false;
    let at = zoom.picked.map_or(at, |picked| picked.1);
    let Some(chart) = &mut zoom.chart else { return true };
    let first = chart.span.is_none();
    chart.advance(&model.store, at);
    model.changed = model.changed.max(if first { Changed::Now } else { Changed::Data });
    model.unsettled = true;
    true
}

/// `+` and `-`: looks further back, or less far, on every screen that looks back.
pub(super) fn range(model: &mut Model, by: isize) {
    unpick(model);
    let now = match &model.ui.screen {
        Screen::Explore => return explore::zoom(model, by),
        Screen::Latency | Screen::Zoom(Subject::Latency(_)) => Some(model.latencies.range),
        Screen::Zoom(_) => model.zoom.as_ref().and_then(|zoom| zoom.range),
        Screen::Panels => match selected_panel(model) {
            Some(range) => Some(range),
            None => return say(model, true, "no panel with a course is selected".to_owned()),
        },
        _ => return say(model, false, "this screen has no range; z looks at a graph closely".to_owned()),
    };
    let Some(reach) = stepped(model, now, by) else { return };
    let next = match reach {
        Reach::Of(range) => Some(range),
        Reach::All => None,
    };
    match &model.ui.screen {
        Screen::Panels => {
            if let Some(RowKey::Panel(index)) = model.ui.panels.selected
                && let Some(panel) = model.panels.all.get_mut(index)
            {
                panel.chart.set_range(next.unwrap_or(RANGE));
            }
        }
        Screen::Latency | Screen::Zoom(Subject::Latency(_)) => {
            model.latencies.set_range(next.unwrap_or(RANGE));
        }
        _ => {
            if let Some(zoom) = &mut model.zoom {
                zoom.range = next;
                if let (Some(chart), Some(range)) = (&mut zoom.chart, next) {
                    chart.set_range(range);
                }
            }
        }
    }
    model.changed = Changed::Now;
    say(model, false, next.map_or_else(|| "all there is".to_owned(), format_duration));
}

/// The range of the panel that is selected, if it has one.
fn selected_panel(model: &Model) -> Option<Duration> {
    let Some(RowKey::Panel(index)) = model.ui.panels.selected else { return None };
    let panel = model.panels.all.get(index)?;
    panel.plan.kind.has_course().then_some(panel.chart.range)
}

/// How far back something looks.
#[derive(Clone, Copy)]
enum Reach {
    /// So far.
    Of(Duration),
    /// To the first value.
    All,
}

/// The next of the ranges; of what can look at all there is, that is the longest. None: there is no further one.
fn stepped(model: &mut Model, now: Option<Duration>, by: isize) -> Option<Reach> {
    let retention = model.plan.limits.retention;
    let endless = matches!(model.ui.screen, Screen::Zoom(Subject::Slo(_)));
    let longer = RANGES.iter().copied().find(|range| now.is_some_and(|now| *range > now));
    let shorter = RANGES.iter().copied().rfind(|range| now.is_none_or(|now| *range < now));
    match (by > 0, endless) {
        (true, true) => now.map(|_| longer.map_or(Reach::All, Reach::Of)),
        (true, false) if now.is_some_and(|now| now >= retention) || longer.is_none() => {
            let text = format!("samples are kept for {} (engine.retention)", format_duration(retention));
            say(model, false, text);
            None
        }
        (true, false) => longer.map(|range| Reach::Of(range.min(retention))),
        (false, _) => shorter.map(Reach::Of),
    }
}
