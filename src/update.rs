//! The only writer: `update(&mut Model, Event) -> Vec<Effect>`.
//!
//! It is pure: the time comes with the event, and what is wanted of the world is returned. Work that may take long is
//! cut into units (`What::Work`), so that a key never waits for more than one.

mod act;
mod attached;
mod browse;
mod copy;
mod explain;
mod explore;
mod figures;
mod foreign;
mod flow;
mod incidents;
mod keys;
mod latency;
mod mouse;
mod offers;
mod panels;
mod past;
mod play;
mod prompt;
mod remote;
mod recall;
mod reports;
mod retro;
mod ruling;
mod travel;
mod wall;
mod zoom;

pub use play::{polls_between, show_past};

use crate::event::{Effect, Event, Purpose, What};
use crate::model::desk::Desk;
use crate::model::latency::Latencies;
use crate::model::rows::Fleet;
use crate::model::ui::Message;
use crate::model::{Changed, Model};
use crate::plan::Plan;
use crate::target::health::TargetHealth;
use crate::units::Timestamp;
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
    model.acts.heard_at = event.at;
    if model.time.past.is_some() && past::takes(&event.what) {
        return past::happened(model, event.what);
    }
    let mut effects = Vec::new();
    if matches!(event.what, What::Key(_) | What::Mouse(_) | What::Paste(_)) {
        settle(model); // the operator means what is on the screen
    }
    match event.what {
        What::Key(chord) => keys::pressed(model, chord, &mut effects),
        What::Paste(_) | What::Mouse(_) if model.ui.wall.is_some() => {}
        What::Paste(text) if model.acts.over.is_some() => act::pasted(model, &text),
        What::Paste(text) => prompt::pasted(model, &text, &mut effects),
        What::Mouse(mouse) => mouse::used(model, mouse, &mut effects),
        What::Typed(lines) => prompt::remembered(model, lines),
        What::Resize(width, height) => {
            model.ui.size = (width, height);
            if let Some(past) = &mut model.time.past {
                past.model.ui.size = (width, height);
                past.model.unsettled = true;
            }
            model.unsettled = true;
            model.changed = Changed::Now;
        }
        What::Reports(reports) => {
            model.heard = model.now;
            reports::taken(model, reports, &mut effects);
            ruling::begin(model);
            recall::keep(model, &mut effects);
        }
        What::Ended(samples) => reports::ended(model, &samples),
        What::Link(link) => {
            model.incidents.link(link.is_some(), model.now);
            model.link = link;
            model.changed = Changed::Now;
        }
        What::Browsed { target, generation, outcome } => browse::taken(model, target, generation, outcome),
        What::Work => {
            if !past::work(model) && !offers::work(model) && !ruling::work(model, &mut effects) {
                figures::work(model);
            }
        }
        What::Tick if model.time.recording.is_some() => past::tick(model, &mut effects),
        What::Tick => {
            tick(model);
            past::tick(model, &mut effects);
            ruling::tick(model, &mut effects);
            act::disarm(model);
            wall::step(model);
            act::judge(model, &mut effects);
            recall::keep(model, &mut effects);
        }
        // What is seen is the server's to remember; of our own, what was done from here counts.
        What::Remembered { entries, .. } if model.plan.feeds.whole().is_some() => {
            act::remembered(model, &entries);
        }
        What::Written(entries) if model.plan.feeds.whole().is_some() => {
            act::recorded(model, &entries, &mut effects);
        }
        // A recording has its own memory.
        What::Remembered { .. } | What::Written(_) if model.time.recording.is_some() => {}
        What::Remembered { entries, saved } => {
            model.time.log.write(&entries);
            ruling::remembered(model, &entries, &saved);
            act::remembered(model, &entries);
            recall::begin(model, &mut effects);
        }
        What::Recalled(recalled) if recalled.purpose != Purpose::Start => travel::recalled(model, recalled),
        What::Recalled(recalled) => recall::taken(model, recalled),
        What::Written(entries) => {
            model.time.log.write(&entries);
            ruling::absorb(model, &entries, &mut effects);
            act::recorded(model, &entries, &mut effects);
        }
        What::Recorded(entries) => {
            model.time.log.write(&entries);
            act::recorded(model, &entries, &mut effects);
            attached::recorded(model, &entries, &mut effects);
        }
        What::Proposed(entry, outcome) => act::proposed(model, &entry, outcome),
        What::Slips(entries) => act::slips(model, &entries),
        What::Listed(listed) => act::listed(model, listed, &mut effects),
        What::Checked(made) => act::checked(model, made, &mut effects),
        What::Acted(id, step) => act::stepped(model, &id, &step, &mut effects),
        What::Reloaded(Ok(plan)) => {
            let themes = Arc::clone(&model.plan.ui.themes);
            let wanted = model.plan.ui.theme.clone();
            reload(model, &plan, &mut effects);
            effects.push(Effect::Configure);
            effects.extend(dress(model, &themes, &wanted));
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
        What::Foreign(generation, picture) => foreign::taken(model, generation, picture, &mut effects),
        What::Fed(name, fed) => attached::taken(model, &name, fed, &mut effects),
        What::Notice(text) => say(model, false, text.to_string()),
    }
    // Of the past that is shown, whoever holds both models takes the wish.
    if !model.is_past()
        && let Some(wish) = model.time.wish.take()
    {
        travel::grant(model, wish, &mut effects);
    }
    remember(model, &effects);
    attached::deliver(model, &mut effects);
    past::record(model, &mut effects);
    travel::hand_over(model);
    queue(model, &mut effects);
    ruling::plan_ahead(model);
    effects
}

/// Lays out what is to be evaluated for what is looked at.
fn queue(model: &mut Model, effects: &mut Vec<Effect>) {
    panels::queue(model);
    latency::queue(model);
    flow::queue(model);
    zoom::queue(model);
    explore::queue(model, effects);
}

/// What goes to the journal is known here as well, for looking back.
fn remember(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Journal(entries) = effect {
            model.time.log.write(entries);
        }
    }
}

/// Does what `line` would do after `:`, at `at`, and answers what is wanted of the world: the caller decides whether it
/// is carried out.
///
/// # Errors
/// What is said against it, as the foot line would say it.
pub fn command_line(model: &mut Model, line: &str, at: Timestamp) -> Result<Vec<Effect>, String> {
    model.now = model.now.max(at);
    settle(model);
    let mut effects = Vec::new();
    prompt::run_line(model, line.trim(), &mut effects)?;
    if let Some(wish) = model.time.wish.take() {
        travel::grant(model, wish, &mut effects);
    }
    queue(model, &mut effects);
    match model.ui.message.take() {
        Some(message) if message.bad => Err(message.text),
        _ => Ok(effects),
    }
}

/// Brings the lists in order if rows have come, gone or moved: selections follow their names. To be called before a
/// frame is drawn: answers come far more often than frames, and sorting for each of them is what a large fleet would
/// spend its time on.
pub fn settle(model: &mut Model) {
    if let Some(past) = &mut model.time.past {
        settle(&mut past.model);
    }
    if std::mem::take(&mut model.unsettled) {
        stand(model);
        wall::step(model);
        keys::settle(model);
    }
}

/// Brings what promises and incidents add to the services' rows up to date.
fn stand(model: &mut Model) {
    let standings = model.standings();
    let moved = model.fleet.services.iter().zip(&standings).any(|(row, standing)| row.standing != *standing);
    if moved {
        for (row, standing) in Arc::make_mut(&mut model.fleet).services.iter_mut().zip(standings) {
            row.standing = standing;
        }
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
        model.time.log.forget_before(model.now - model.plan.limits.retention);
    }
    model.changed = model.changed.max(Changed::Data);
}

/// What a reload means for the theme: the one that the file wants now if it has changed its mind, else the one that was
/// chosen here; drawn anew if a theme file has changed.
fn dress(model: &mut Model, themes: &crate::theme::Themes, wanted: &str) -> Option<Effect> {
    let ui = &model.plan.ui;
    if ui.theme != wanted || !ui.themes.has(&model.ui.theme) {
        model.ui.theme.clone_from(&ui.theme);
    } else if *ui.themes == *themes {
        return None;
    }
    Some(Effect::Theme(model.ui.theme.clone()))
}

/// Takes over a new plan. What is known of services and targets that stay is kept; nothing is ever armed by it.
fn reload(model: &mut Model, plan: &Arc<Plan>, effects: &mut Vec<Effect>) {
    let shown = travel::suspend(model);
    // What was asked for in this session is kept on.
    let mut plan = Arc::clone(plan);
    Arc::make_mut(&mut plan).keep_also(model.explore.extra.iter().cloned());
    // What a server is asked here is asked again when it is typed again.
    model.explore.asked = None;
    let plan = &plan;
    let old = std::mem::replace(&mut model.plan, Arc::clone(plan));
    let old_fleet = std::mem::take(&mut model.fleet);
    let mut fleet = Fleet::of(plan);
    let mut health = vec![TargetHealth::default(); plan.targets.len()];
    let mut places = vec![None; plan.targets.len()];
    for row in &mut fleet.targets {
        let same = |other: &&Arc<crate::target::Target>| {
            other.service == row.target.service
                && other.poll == row.target.poll
                && other.instance == row.target.instance
                && other.url == row.target.url
                && other.kind.asks_the_same(&row.target.kind)
        };
        let Some(before) = old.targets.iter().find(same) else { continue };
        let (from, to) = (before.id.0 as usize, row.target.id.0 as usize);
        if let (Some(known), Some(slot)) = (model.health.get(from), health.get_mut(to)) {
            *slot = known.clone();
        }
        if let Some(place) = places.get_mut(to) {
            *place = Some(from);
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
    let before = |name: &str| old_fleet.services.iter().position(|row| *row.name == *name);
    let services: Vec<Option<usize>> = fleet.services.iter().map(|row| before(&row.name)).collect();
    model.time.log.reload(&places, &services);
    model.fleet = Arc::new(fleet);
    model.health = health;
    model.ui.frozen = None;
    act::reloaded(model);
    model.ui.reload_problems.clear();
    model.work = (0..plan.services.len()).collect();
    model.desk = Desk::new(plan);
    model.panels.reload(plan);
    model.remote.reload(plan);
    model.attached.reload(plan, model.now);
    model.latencies = Latencies::of(plan.services.len(), model.latencies.range);
    model.zoom = None;
    model.rules.reload(plan.rules.sets.clone(), plan.rules.owners.clone());
    model.slos.reload(&plan.slos);
    model.incidents.reload(Arc::clone(&plan.incidents));
    foreign::reloaded(model);
    reports::refresh_states(model);
    model.ui.settle(&model.fleet);
    if let Some(at) = shown {
        travel::go(model, at, effects);
    }
    say(
        model,
        false,
        format!("configuration read: {} services, {} polls", plan.services.len(), plan.targets.len()),
    );
}
