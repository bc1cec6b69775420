//! The explorer: typing, completing, evaluating a little later, and pinning.

use super::{keys, say};
use crate::answers;
use crate::config::PanelKind;
use crate::event::Effect;
use crate::keymap::{Chord, Key};
use crate::labels::{Labels, Matcher, NAME};
use crate::model::chart::Chart;
use crate::model::explore::{MOST_EXTRA, Popup, RANGES, Stage, Wrong};
use crate::model::panels::{MOST_PINNED, PanelState};
use crate::model::typing::LONGEST;
use crate::model::ui::{ListState, RowKey, Screen};
use crate::model::{Changed, Model};
use crate::plan::PanelPlan;
use crate::promql::{self, CompletionKind, Expr, Names};
use crate::text::clean;
use crate::units::format_duration;
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::Unit;

/// How long after the last key what is typed is evaluated.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// An expression on the screen is evaluated at most this often.
const EVERY: Duration = Duration::from_secs(1);

/// Shows the explorer, with an expression if one is given.
pub(super) fn open(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    keys::go(model, Screen::Explore);
    model.explore.typing = true;
    if let Some(place) = model.plan.default_backend {
        // Its names are asked for once somebody is about to type one.
        model.explore.ask |= Arc::make_mut(&mut model.plan).ask_names(place);
    }
    if !text.is_empty() {
        model.explore.line.set(&clean(text));
        enter(model, effects);
    }
}

/// A key while the line has the focus. Keys that edit nothing are left to the keymap: false.
pub(super) fn typed(model: &mut Model, chord: Chord, effects: &mut Vec<Effect>) -> bool {
    let explore = &mut model.explore;
    match (chord.key, chord.ctrl, chord.alt) {
        (Key::Esc, ..) => {
            if explore.popup.take().is_none() {
                explore.typing = false;
            }
            return true;
        }
        (Key::Tab, ..) => {
            complete(model, 1);
            return true;
        }
        (Key::BackTab, ..) => {
            if model.explore.popup.as_ref().is_some_and(|popup| popup.chosen.is_some()) {
                complete(model, -1);
            } else {
                leave(model);
            }
            return true;
        }
        (Key::Enter, ..) => {
            enter(model, effects);
            return true;
        }
        (Key::Up | Key::Down, ..) => {
            let by = if chord.key == Key::Up { -1 } else { 1 };
            if explore.popup.as_ref().is_some_and(|popup| popup.chosen.is_some()) {
                complete(model, by);
                return true;
            }
            explore.recall(by);
        }
        (Key::Char('p'), true, _) => explore.recall(-1),
        (Key::Char('n'), true, _) => explore.recall(1),
        _ if explore.line.edit(chord, LONGEST) => {}
        _ => return false,
    }
    edited(
        model,
        matches!(
            chord,
            Chord { key: Key::Char(_), ctrl: false, alt: false } | Chord { key: Key::Backspace, .. }
        ),
    );
    true
}

/// Pasted text goes into the line; it is never a key.
pub(super) fn pasted(model: &mut Model, text: &str) {
    model.explore.line.insert(&clean(text));
    edited(model, false);
    model.changed = Changed::Now;
}

/// The line has changed: it is evaluated a little later, and what could come next is looked up.
fn edited(model: &mut Model, propose: bool) {
    model.explore.due = Some(model.now + DEBOUNCE);
    model.explore.popup = None;
    if propose {
        let (before, _) = model.explore.line.split();
        // Proposals that nobody has begun to type would only cover the graph.
        let begun =
            before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '"' | '\'' | '`'));
        model.explore.popup = begun.then(|| proposals(model)).flatten();
    }
}

fn proposals(model: &Model) -> Option<Popup> {
    let line = &model.explore.line;
    let items = promql::completions_with(line.text(), line.cursor(), &model.store, elsewhere(model));
    (!items.is_empty()).then_some(Popup { items, chosen: None })
}

/// Names that only the server has that is asked here.
pub(super) fn elsewhere(model: &Model) -> &[Box<str>] {
    let state = model.plan.default_backend.and_then(|place| model.remote.backends.get(place));
    state.map_or(&[], |state| &state.names)
}

/// Tab: as far as all proposals agree, then one after the other. With nothing to propose, to the table.
fn complete(model: &mut Model, by: isize) {
    let Some(mut popup) = model.explore.popup.take().or_else(|| proposals(model)) else {
        return leave(model);
    };
    let line = &mut model.explore.line;
    let Some(first) = popup.items.first().cloned() else { return };
    let typed = line.text().get(first.replace.clone()).unwrap_or("").to_owned();
    if popup.chosen.is_none() && popup.items.len() > 1 {
        let agreed = agreed(popup.items.iter().map(|item| item.text.as_str()));
        if agreed.len() > typed.len() && agreed.starts_with(&typed) {
            line.replace(first.replace, &agreed);
            model.explore.due = Some(model.now + DEBOUNCE);
            model.explore.popup = proposals(model);
            return;
        }
    }
    let count = popup.items.len().cast_signed();
    let next = popup.chosen.map_or(0, |at| (at.cast_signed() + by).rem_euclid(count)) as usize;
    let Some(item) = popup.items.get(next).cloned() else { return };
    let written = match item.kind {
        CompletionKind::Function | CompletionKind::Aggregation if count == 1 => format!("{}(", item.text),
        _ => item.text.clone(),
    };
    line.replace(item.replace.clone(), &written);
    model.explore.due = Some(model.now + DEBOUNCE);
    // The next one takes the place of this one.
    for other in &mut popup.items {
        other.replace = item.replace.start..item.replace.start + written.len();
    }
    popup.chosen = Some(next);
    model.explore.popup = (count > 1).then_some(popup);
}

/// How far all texts agree.
fn agreed<'a>(mut texts: impl Iterator<Item = &'a str>) -> String {
    let Some(first) = texts.next() else { return String::new() };
    let len = texts.fold(first.len(), |len, text| {
        let same = first.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        len.min(same)
    });
    let len = (0..=len).rev().find(|len| first.is_char_boundary(*len)).unwrap_or(0);
    first.get(..len).unwrap_or("").to_owned()
}

/// The keys go to the table.
pub(super) fn leave(model: &mut Model) {
    model.explore.popup = None;
    model.explore.typing = false;
}

/// Enter: a proposal that was put in is taken; else the expression is evaluated now, remembered, and what it mentions
/// is kept from now on.
fn enter(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.explore.popup.take().is_some_and(|popup| popup.chosen.is_some()) {
        return;
    }
    read(model);
    let text = model.explore.line.text().trim().to_owned();
    if text.is_empty() || model.explore.wrong.is_some() {
        return;
    }
    model.explore.remember(&text);
    let unkept = std::mem::take(&mut model.explore.unkept);
    if unkept.is_empty() {
        return;
    }
    let room = MOST_EXTRA.saturating_sub(model.explore.extra.len());
    let asked: Vec<Box<str>> = unkept.iter().take(room).map(|name| name.as_str().into()).collect();
    if asked.is_empty() {
        return say(model, true, format!("{MOST_EXTRA} names are kept for this session already"));
    }
    model.explore.extra.extend(asked.iter().cloned());
    Arc::make_mut(&mut model.plan).keep_also(asked);
    effects.push(Effect::Configure);
    effects.push(Effect::PollNow(None));
    say(model, false, format!("kept from now on: {}; the graph fills up with each poll", listed(&unkept)));
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| clean(name).into_owned()).collect();
    let more = names.len().saturating_sub(shown.len());
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// Reads what is typed. Evaluation follows as work, in two units.
fn read(model: &mut Model) {
    let retention = model.plan.limits.retention;
    let explore = &mut model.explore;
    explore.due = None;
    explore.wrong = None;
    explore.unkept.clear();
    let text = explore.line.text().trim_end();
    if text.trim().is_empty() {
        explore.chart = None;
        explore.stage = Stage::Done;
        return;
    }
    match promql::parse(text) {
        Err(error) => explore.wrong = Some(Wrong { text: text.to_owned(), error }),
        Ok(expr) => {
            let backend = model.plan.default_backend.filter(|_| !answers::is_own(&expr));
            if let Some(place) = backend {
                return ask(model, place, &expr);
            }
            explore.asked = None;
            if let Names::Only(names) = expr.names() {
                let plan = &model.plan;
                let unknown = |name: &&str| {
                    !plan.keeps(name) && model.store.select(&[Matcher::equal(NAME, name)]).is_empty()
                };
                explore.unkept =
                    names.iter().map(|name| &**name).filter(unknown).map(ToOwned::to_owned).collect();
            }
            if explore.chart.as_ref().is_none_or(|chart| chart.expr != expr) {
                explore.chart = Some(Chart::new(expr, explore.looks_back(retention)));
                explore.picked = None;
                model.ui.explore = ListState::default();
            }
            explore.stage = Stage::Values;
        }
    }
    model.changed = Changed::Now;
}

/// Asks a server; its answers are looked at as soon as they are there.
fn ask(model: &mut Model, place: usize, expr: &Expr) {
    let range = model.explore.looks_back(model.plan.limits.retention);
    let before = model.explore.asked.take();
    let plan = Arc::make_mut(&mut model.plan);
    let reference = plan.ask_also(place, expr, range);
    let name = plan.backends.get(place).map(|backend| Arc::clone(&backend.name)).unwrap_or_default();
    model.explore.asked = reference.clone().map(|reference| (reference, name));
    let Some(reference) = reference else { return };
    if before.as_ref().is_none_or(|(known, _)| *known != reference) {
        model.explore.ask = true;
        let pinned = |known: &Expr| model.panels.all.iter().any(|panel| panel.plan.expr == *known);
        if let Some((known, _)) = before.filter(|(known, _)| !pinned(known)) {
            Arc::make_mut(&mut model.plan).ask_no_more(&known);
        }
    }
    if model.explore.chart.as_ref().is_none_or(|chart| chart.expr != reference) {
        model.explore.chart = Some(Chart::new(reference, range));
        model.explore.picked = None;
        model.ui.explore = ListState::default();
    }
    model.explore.stage = Stage::Values;
    model.changed = Changed::Now;
}

/// What is wanted of the world because something else is asked now.
fn send(model: &mut Model, effects: &mut Vec<Effect>) {
    if !std::mem::take(&mut model.explore.ask) {
        return;
    }
    let backends = &model.plan.backends;
    let asked = model.explore.asked.as_ref();
    let asked = asked.and_then(|(_, name)| backends.iter().find(|backend| backend.name == *name));
    let usual = model.plan.default_backend.and_then(|place| backends.get(place));
    let target = asked.or(usual).map(|backend| backend.target);
    if let Some(target) = target {
        effects.push(Effect::Configure);
        effects.push(Effect::PollNow(Some(target)));
    }
}

/// Is it time to evaluate what is typed, or to evaluate it again?
pub(super) fn queue(model: &mut Model, effects: &mut Vec<Effect>) {
    send(model, effects);
    if model.ui.screen != Screen::Explore {
        return;
    }
    if model.explore.due.is_some_and(|due| due <= model.now) {
        read(model);
        send(model, effects);
    }
    let heard = model.heard;
    let old = |chart: &Chart| chart.at.is_some_and(|at| heard.since(at) >= EVERY);
    if model.explore.stage == Stage::Done
        && model.ui.frozen.is_none()
        && model.explore.chart.as_ref().is_some_and(old)
    {
        model.explore.stage = Stage::Values;
    }
}

/// One unit of work: the newest values, or the course.
pub(super) fn work(model: &mut Model) {
    let at = model.heard;
    let Some(chart) = &mut model.explore.chart else { return model.explore.stage = Stage::Done };
    match model.explore.stage {
        Stage::Done => {}
        Stage::Values => {
            chart.look(&model.store, at);
            model.explore.stage = Stage::Course;
        }
        Stage::Course => {
            let first = chart.span.is_none();
            chart.advance(&model.store, model.explore.picked.map_or(at, |picked| picked.1));
            model.explore.stage = Stage::Done;
            model.changed = model.changed.max(if first { Changed::Now } else { Changed::Data });
            model.unsettled = true;
        }
    }
}

/// Looks further back, or less far.
pub(super) fn zoom(model: &mut Model, by: isize) {
    let retention = model.plan.limits.retention;
    let explore = &mut model.explore;
    let next = explore.range.saturating_add_signed(by).min(RANGES.len() - 1);
    let before = explore.looks_back(retention);
    if by > 0 && before >= retention {
        let text = format!("samples are kept for {} (engine.retention)", format_duration(retention));
        return say(model, false, text);
    }
    explore.range = next;
    let range = explore.looks_back(retention);
    if explore.asked.is_some() {
        // Another range is another question: its course is fetched.
        return read(model);
    }
    if let Some(chart) = &mut explore.chart {
        chart.set_range(range);
        explore.stage = Stage::Course;
    }
    model.changed = Changed::Now;
}

/// Draws one series alone, or all of them again.
pub(super) fn isolate(model: &mut Model, labels: Labels) {
    let Some(chart) = &mut model.explore.chart else { return };
    chart.only = if chart.only.as_ref() == Some(&labels) { None } else { Some(labels) };
    model.explore.stage = Stage::Course;
}

/// Pins the expression to a service: named, or the one that it speaks of, or the one that was looked at last.
pub(super) fn pin(model: &mut Model, named: &str) {
    let Some(chart) = model.explore.chart.as_ref().filter(|_| model.explore.wrong.is_none()) else {
        return say(model, true, "there is no expression to pin: type one in explore (3)".to_owned());
    };
    let Some(service) = pin_to(model, named) else {
        let text = if named.is_empty() {
            "which service? :pin SERVICE".to_owned()
        } else {
            format!("there is no service \"{named}\"")
        };
        return say(model, true, text);
    };
    if model.panels.all.iter().filter(|panel| panel.pinned).count() >= MOST_PINNED {
        return say(model, true, format!("{MOST_PINNED} panels are pinned already; :unpin takes one away"));
    }
    let plan = PanelPlan {
        name: format!("pinned-{}", model.panels.all.len()).into(),
        title: model.plan.written(&chart.expr).0,
        expr: chart.expr.clone(),
        unit: Unit::Count,
        kind: PanelKind::Graph,
        service: Some(Arc::clone(&service)),
        thresholds: None,
        range: chart.range,
    };
    model.panels.all.push(PanelState::new(plan, true));
    say(model, false, format!("pinned to {service} for this session; :unpin takes it away"));
}

fn pin_to(model: &Model, named: &str) -> Option<Arc<str>> {
    let services = &model.plan.services;
    if !named.is_empty() {
        return services.iter().find(|service| &*service.name == named).map(|s| Arc::clone(&s.name));
    }
    let selectors = model.explore.chart.as_ref()?.expr.selectors();
    let speaks_of = |select: &[Matcher]| {
        !select.is_empty() && selectors.iter().any(|s| select.iter().all(|m| s.matchers.contains(m)))
    };
    let spoken = services.iter().find(|service| speaks_of(&service.select)).map(|s| Arc::clone(&s.name));
    let visited = model.ui.trail.iter().rev().find_map(|screen| match screen {
        Screen::Service(name) => Some(Arc::clone(name)),
        _ => None,
    });
    let selected = match &model.ui.overview.selected {
        Some(RowKey::Service(name)) => Some(Arc::clone(name)),
        _ => None,
    };
    spoken.or(visited).or(selected)
}

/// Takes the newest pinned panel away: of the service that is shown, or of any.
pub(super) fn unpin(model: &mut Model) {
    let here = match &model.ui.screen {
        Screen::Service(name) => Some(Arc::clone(name)),
        _ => None,
    };
    let fits = |panel: &PanelState| panel.pinned && (here.is_none() || panel.plan.service == here);
    match model.panels.all.iter().rposition(fits) {
        Some(index) => {
            let panel = model.panels.all.remove(index);
            model.panels.due.clear();
            let service = panel.plan.service.unwrap_or_default();
            say(model, false, format!("unpinned from {service}: {}", clean(&panel.plan.title)));
        }
        None => say(model, true, "nothing is pinned here".to_owned()),
    }
}
