//! The only writer: `update(&mut Model, Event) -> Vec<Effect>`.
//!
//! It is pure: the time comes with the event, and what is wanted of the world is returned. Work that may take long is
//! cut into units (`What::Work`), so that a key never waits for more than one.

mod browse;
mod explore;
mod figures;
mod keys;
mod panels;
mod prompt;
mod reports;

use crate::event::{Effect, Event, What};
use crate::model::desk::Desk;
use crate::model::rows::Fleet;
use crate::model::ui::Message;
use crate::model::{Changed, Model};
use crate::plan::Plan;
use crate::target::health::TargetHealth;
use std::sync::Arc;
use std::time::Duration;

/// How long a message stays.
const MESSAGE_FOR: Duration = Duration::from_secs(6);

/// How often samples are dropped by age.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Takes in what happened.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    // The wall clock may be set back; what is shown never goes back with it.
    model.now = model.now.max(event.at);
    let mut effects = Vec::new();
    if matches!(event.what, What::Key(_) | What::Click(..) | What::Wheel(_) | What::Paste(_)) {
        settle(model); // the operator means what is on the screen
    }
    match event.what {
        What::Key(chord) => keys::pressed(model, chord, &mut effects),
        What::Paste(text) => prompt::pasted(model, &text),
        What::Click(x, y) => keys::clicked(model, x, y, &mut effects),
        What::Wheel(rows) => keys::moved(model, isize::from(rows)),
        What::Resize(width, height) => {
            model.ui.size = (width, height);
            model.unsettled = true;
            model.changed = Changed::Now;
        }
        What::Reports(reports) => {
            model.heard = model.now;
            reports::taken(model, reports);
        }
        What::Ended(samples) => reports::ended(model, &samples),
        What::Link(link) => {
            model.link = link;
            model.changed = Changed::Now;
        }
        What::Browsed { target, generation, outcome } => browse::taken(model, target, generation, outcome),
        What::Work => figures::work(model),
        What::Tick => tick(model),
        What::Reloaded(Ok(plan)) => {
            reload(model, &plan);
            effects.push(Effect::Configure);
        }
        What::Reloaded(Err(problems)) => {
            model.ui.reload_problems = problems.iter().map(ToString::to_string).collect();
            let more = match problems.len() {
                0 | 1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            say(model, true, format!("reload refused, the old configuration stays: {first}{more}"));
        }
        What::Notice(text) => say(model, false, text.to_string()),
    }
    panels::queue(model);
    explore::queue(model);
    effects
}

/// Brings the lists in order if rows have come, gone or moved: selections follow their names. To be called before a
/// frame is drawn: answers come far more often than frames, and sorting for each of them is what a large fleet would
/// spend its time on.
pub fn settle(model: &mut Model) {
    if std::mem::take(&mut model.unsettled) {
        keys::settle(model);
    }
}

/// Shows a line for a while.
fn say(model: &mut Model, bad: bool, text: String) {
    model.ui.message = Some(Message { text, bad, until: model.now + MESSAGE_FOR });
    model.changed = Changed::Now;
}

fn tick(model: &mut Model) {
    if model.ui.message.as_ref().is_some_and(|message| message.until <= model.now) {
        model.ui.message = None;
    }
    reports::refresh_states(model);
    if model.now.since(model.pruned) >= PRUNE_EVERY {
        model.pruned = model.now;
        model.store.retain_since(model.now);
    }
    model.changed = model.changed.max(Changed::Data);
}

/// Takes over a new plan. What is known of services and targets that stay is kept; nothing is ever armed by it.
fn reload(model: &mut Model, plan: &Arc<Plan>) {
    // What was asked for in this session is kept on.
    let mut plan = Arc::clone(plan);
    Arc::make_mut(&mut plan).keep_also(model.explore.extra.iter().cloned());
    let plan = &plan;
    let old = std::mem::replace(&mut model.plan, Arc::clone(plan));
    let old_fleet = std::mem::take(&mut model.fleet);
    let mut fleet = Fleet::of(plan);
    let mut health = vec![TargetHealth::default(); plan.targets.len()];
    for row in &mut fleet.targets {
        let same = |other: &&Arc<crate::target::Target>| {
            other.service == row.target.service
                && other.poll == row.target.poll
                && other.instance == row.target.instance
                && other.url == row.target.url
                && other.kind == row.target.kind
        };
        let Some(before) = old.targets.iter().find(same) else { continue };
        let (from, to) = (before.id.0 as usize, row.target.id.0 as usize);
        if let (Some(known), Some(slot)) = (model.health.get(from), health.get_mut(to)) {
            *slot = known.clone();
        }
        if let Some(known) = old_fleet.targets.get(from) {
            *row = crate::model::rows::TargetRow { target: Arc::clone(&row.target), ..known.clone() };
        }
    }
    for row in &mut fleet.services {
        if let Some(known) = old_fleet.services.iter().find(|known| known.name == row.name) {
            row.readings.clone_from(&known.readings);
            row.state = known.state;
            row.since = known.since;
        }
    }
    model.fleet = Arc::new(fleet);
    model.health = health;
    model.ui.frozen = None;
    model.ui.reload_problems.clear();
    model.work = (0..plan.services.len()).collect();
    model.desk = Desk::new(plan);
    model.panels.reload(plan);
    reports::refresh_states(model);
    model.ui.settle(&model.fleet);
    say(
        model,
        false,
        format!("configuration read: {} services, {} polls", plan.services.len(), plan.targets.len()),
    );
}
