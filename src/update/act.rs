//! The menu of actions, their parameters, and commands such as `:restart checkout`. It makes proposals; only `action`
//! makes an `Authorized` of one.

mod ask;
mod runs;
mod two;

pub(super) use ask::{checked, tick as disarm};
pub(super) use runs::{recorded, remembered, repeat, stepped, tick as judge};
pub(super) use two::{proposed, slips};

use super::{keys, say};
use crate::action::spec::ParamKind;
use crate::action::{Action, ActionKind, Draft, Press, Proposal, Refused};
use crate::event::{Effect, Listed};
use crate::keymap::{Chord, Key};
use crate::model::act::{Fill, Menu, Over};
use crate::model::ui::{RowKey, Screen};
use crate::model::{Changed, Model};
use crate::text::clean;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most characters of a value that is typed.
const LONGEST: usize = 200;

/// Opens the menu for what is selected.
pub(super) fn open(model: &mut Model) {
    if model.plan.actions.is_empty() {
        return say(model, true, "no action is configured".to_owned());
    }
    let Some((service, incident)) = selected(model) else {
        return say(model, true, "no service is selected".to_owned());
    };
    let offered = model.plan.actions.iter().filter(|action| action.offer(&service).is_some());
    let items: Vec<(Arc<Action>, Option<String>)> =
        offered.map(|action| (Arc::clone(action), model.stands_against(action, &service))).collect();
    if items.is_empty() {
        return say(model, true, format!("no action is configured for {service}"));
    }
    model.ui.explain = None;
    model.acts.over = Some(Over::Menu(Menu { service, incident, items, index: 0 }));
    model.changed = Changed::Now;
}

/// Opens what asks before an action of this kind is done to what is selected: its box, or the menu where there are
/// several. Nothing is skipped: it is the menu with one item chosen.
pub(super) fn open_kind(model: &mut Model, kind: ActionKind, effects: &mut Vec<Effect>) {
    let Some((service, incident)) = selected(model) else {
        return say(model, true, "no service is selected".to_owned());
    };
    let offered = model.plan.actions.iter().filter(|it| it.kind == kind && it.offer(&service).is_some());
    let offered: Vec<Arc<Action>> = offered.cloned().collect();
    match offered.as_slice() {
        [] => say(model, true, format!("no {} is configured for {service}", kind.word())),
        [only] => {
            // Held down, the key that opened the box must not type into it.
            let opener = model.ui.pressed.map(ask::press);
            start(model, new_fill(Arc::clone(only), service, incident), opener, effects);
        }
        several => {
            let item = |action: &Arc<Action>| (Arc::clone(action), model.stands_against(action, &service));
            let items = several.iter().map(item).collect();
            model.ui.explain = None;
            model.acts.over = Some(Over::Menu(Menu { service, incident, items, index: 0 }));
            model.changed = Changed::Now;
        }
    }
}

/// The service that the operator means, and the incident that it is for.
fn selected(model: &Model) -> Option<(Arc<str>, Option<String>)> {
    let of_incident = |id: &str| {
        let incident = model.incidents.get(id)?;
        Some((Arc::clone(incident.services.first()?), Some(incident.id.to_string())))
    };
    let chosen = model.ui.list().selected.as_ref();
    let found = match (&model.ui.screen, chosen) {
        (Screen::Service(name), _) | (_, Some(RowKey::Service(name))) => (Arc::clone(name), None::<String>),
        (Screen::Incident(id), _) | (_, Some(RowKey::Incident(id))) => return of_incident(id),
        (_, Some(RowKey::Target(id))) => (Arc::clone(&model.target(*id)?.target.service), None),
        (_, Some(RowKey::Flow(key))) => (Arc::clone(&key.service), None),
        (Screen::Zoom(subject), _) => (subject.service(model)?, None),
        (_, Some(RowKey::Slo(name))) => {
            (Arc::clone(&model.slos.rows.iter().find(|row| row.name == *name)?.service), None)
        }
        (_, Some(RowKey::Run(id))) => (Arc::from(model.acts.ledger.act(id)?.service.as_str()), None),
        _ => (Arc::clone(model.ui.overview.selected.as_ref().and_then(service_of)?), None),
    };
    let incident = model.incidents.open().into_iter().find(|it| it.services.contains(&found.0));
    Some((found.0, incident.map(|it| it.id.to_string())))
}

fn service_of(key: &RowKey) -> Option<&Arc<str>> {
    if let RowKey::Service(name) = key { Some(name) } else { None }
}

/// What stands over the screen, if anything, takes the key.
pub(super) fn key(model: &mut Model, chord: Chord, effects: &mut Vec<Effect>) {
    let Some(over) = model.acts.over.take() else { return };
    match over {
        Over::Menu(menu) => in_menu(model, menu, chord, effects),
        Over::Fill(fill) => in_fill(model, fill, chord, effects),
        Over::Ask(ask) => ask::key(model, ask, chord, effects),
        Over::Run(id) => runs::key(model, id, chord, effects),
    }
}

/// A paste is text for a field, and never a key.
pub(super) fn pasted(model: &mut Model, text: &str) {
    model.changed = Changed::Now;
    let heard_at = model.acts.heard_at;
    match &mut model.acts.over {
        Some(Over::Fill(fill)) if takes_text(fill) => {
            let room = LONGEST.saturating_sub(fill.text.chars().count());
            fill.text.extend(clean(text).chars().take(room));
        }
        Some(Over::Ask(ask)) => ask::pasted(ask, text, heard_at),
        _ => {}
    }
}

/// The wheel scrolls what stands over the screen.
pub(super) fn wheel(model: &mut Model, rows: isize) {
    model.changed = Changed::Now;
    let step =
        |index: usize, len: usize| index.saturating_add_signed(rows.signum()).min(len.saturating_sub(1));
    match &mut model.acts.over {
        Some(Over::Ask(ask)) => ask.scroll = ask.scroll.saturating_add_signed(rows).min(ask::SCROLL),
        Some(Over::Menu(menu)) => menu.index = step(menu.index, menu.items.len()),
        Some(Over::Fill(fill)) => {
            let choices = fill.param.map_or(0, |param| fill.choices(param).len());
            fill.index = step(fill.index, choices);
        }
        _ => {}
    }
}

/// A click in the menu or on a choice selects, a second one goes on, as enter does: to the box, which is answered with
/// keys only.
pub(super) fn clicked(model: &mut Model, index: usize, effects: &mut Vec<Effect>) {
    let place = match &mut model.acts.over {
        Some(Over::Menu(menu)) => &mut menu.index,
        Some(Over::Fill(fill)) => &mut fill.index,
        _ => return,
    };
    if std::mem::replace(place, index) == index {
        key(model, Chord::plain(Key::Enter), effects);
    }
}

/// The configuration was read anew: what was about to be asked may not be what it was. Nothing stays armed.
pub(super) fn reloaded(model: &mut Model) {
    if !matches!(model.acts.over, None | Some(Over::Run(_))) {
        model.acts.over = None;
    }
}

fn in_menu(model: &mut Model, mut menu: Menu, chord: Chord, effects: &mut Vec<Effect>) {
    let last = menu.items.len().saturating_sub(1);
    if let Some(by) = keys::step(model, chord) {
        menu.index = menu.index.saturating_add_signed(by).min(last);
        model.acts.over = Some(Over::Menu(menu));
        return;
    }
    match (chord.key, chord.ctrl || chord.alt) {
        (Key::Esc | Key::Char('q'), false) => return,
        (Key::Enter, false) => {
            if let Some((action, _)) = menu.items.get(menu.index) {
                let action = Arc::clone(action);
                if let Some(why) = model.stands_against(&action, &menu.service) {
                    say(model, true, why);
                } else {
                    let fill = new_fill(action, menu.service, menu.incident);
                    return advance(model, fill, Some(Press::Enter), effects);
                }
            }
        }
        _ => {}
    }
    model.acts.over = Some(Over::Menu(menu));
}

fn new_fill(action: Arc<Action>, service: Arc<str>, incident: Option<String>) -> Box<Fill> {
    Box::new(Fill {
        action,
        service,
        incident,
        values: BTreeMap::new(),
        lists: BTreeMap::new(),
        asked: Vec::new(),
        param: None,
        text: String::new(),
        index: 0,
        reason: String::new(),
        said: None,
    })
}

/// Is the parameter that is being chosen one that is typed?
fn takes_text(fill: &Fill) -> bool {
    let param = fill.param.and_then(|index| fill.action.params.get(index));
    param.is_some_and(|param| matches!(param.kind, ParamKind::Free { .. }))
}

fn in_fill(model: &mut Model, mut fill: Box<Fill>, chord: Chord, effects: &mut Vec<Effect>) {
    let typed = takes_text(&fill);
    let plain = !chord.ctrl && !chord.alt;
    let param = fill.param.and_then(|index| fill.action.params.get(index)).map(|param| param.name.clone());
    let choices = fill.param.map(|index| fill.choices(index)).unwrap_or_default();
    match chord.key {
        Key::Esc => return,
        Key::Enter => {
            let value = if typed {
                Some(fill.text.clone())
            } else {
                choices.get(fill.index).map(|it| it.value.clone())
            };
            if let (Some(name), Some(value)) = (param, value) {
                fill.said = None;
                fill.values.insert(name, value);
                return advance(model, fill, Some(Press::Enter), effects);
            }
        }
        Key::Backspace if typed => drop(fill.text.pop()),
        Key::Char('u') if typed && chord.ctrl => fill.text.clear(),
        Key::Char(c) if typed && plain => {
            let full = fill.text.chars().count() >= LONGEST;
            let text = clean(c.encode_utf8(&mut [0; 4])).into_owned();
            fill.text.push_str(if full { "" } else { &text });
        }
        Key::Char('q') if plain => return,
        Key::Char('r') if plain => {
            // What could not be read is asked for once more.
            let failed: Vec<String> =
                fill.lists.iter().filter(|(_, list)| list.is_err()).map(|(name, _)| name.clone()).collect();
            fill.asked.retain(|name| !failed.contains(name));
            fill.lists.retain(|_, list| list.is_ok());
            return advance(model, fill, None, effects);
        }
        _ => {
            if let Some(by) = keys::step(model, chord).filter(|_| !typed) {
                fill.index = fill.index.saturating_add_signed(by).min(choices.len().saturating_sub(1));
            }
        }
    }
    model.acts.over = Some(Over::Fill(fill));
}

/// Asks for what is still missing; if nothing is, opens the box.
fn advance(model: &mut Model, mut fill: Box<Fill>, opener: Option<Press>, effects: &mut Vec<Effect>) {
    let action = Arc::clone(&fill.action);
    let mut waits = false;
    for param in action.params.iter().filter(|param| matches!(param.kind, ParamKind::Listed(_))) {
        waits |= !matches!(fill.lists.get(&param.name), Some(Ok(_)));
        if !fill.asked.contains(&param.name) {
            fill.asked.push(param.name.clone());
            let (action, service) = (Arc::clone(&action.name), Arc::clone(&fill.service));
            effects.push(Effect::Choices(action, service, param.name.clone()));
        }
    }
    let missing = action.params.iter().position(|param| !fill.values.contains_key(&param.name));
    if missing.is_some() || waits {
        if missing != fill.param {
            choose(&mut fill, missing);
        }
        model.acts.over = Some(Over::Fill(fill));
        return;
    }
    propose(model, fill, opener, effects);
}

/// Turns to a parameter: the default first, or the first value that is not what runs now.
fn choose(fill: &mut Fill, index: Option<usize>) {
    fill.param = index;
    fill.text.clear();
    fill.index = 0;
    let Some(param) = index.and_then(|index| fill.action.params.get(index)) else { return };
    let default = param.default.clone();
    if matches!(param.kind, ParamKind::Free { .. }) {
        fill.text = default.unwrap_or_default();
        return;
    }
    let choices = index.map(|index| fill.choices(index)).unwrap_or_default();
    let wanted = choices.iter().position(|it| default.as_ref() == Some(&it.value));
    fill.index = wanted.or_else(|| choices.iter().position(|it| !it.current)).unwrap_or(0);
}

fn propose(model: &mut Model, mut fill: Box<Fill>, opener: Option<Press>, effects: &mut Vec<Effect>) {
    let lists = fill.lists.iter().filter_map(|(name, list)| Some((name.clone(), list.clone().ok()?)));
    let draft = Draft {
        action: Arc::clone(&fill.action),
        service: Arc::clone(&fill.service),
        instances: Vec::new(),
        values: fill.values.clone(),
        choices: lists.collect(),
        who: model.who.clone(),
        incident: fill.incident.clone(),
        facts: model.facts(&fill.service).unwrap_or_default(),
        nonce: model.acts.nonce(),
        at: model.now,
    };
    match Proposal::new(draft) {
        Ok(proposal) => ask::open(model, proposal, opener, &fill.reason, None, effects),
        Err(Refused::ParamInvalid { name, why }) => {
            let index = fill.action.params.iter().position(|param| param.name == name.as_str());
            fill.values.remove(name.as_str());
            choose(&mut fill, index);
            fill.said = Some(format!("{name} {why}"));
            if index.is_none() {
                return say(model, true, format!("{name}: {why}"));
            }
            model.acts.over = Some(Over::Fill(fill));
        }
        Err(why) => say(model, true, why.to_string()),
    }
}

/// An endpoint lists the values of a parameter, or does not.
pub(super) fn listed(model: &mut Model, listed: Listed, effects: &mut Vec<Effect>) {
    // Only what is still being filled in wants to know.
    let fits = |fill: &Fill| fill.action.name == listed.action && fill.service == listed.service;
    match model.acts.over.take() {
        Some(Over::Fill(mut fill)) if fits(&fill) => {
            model.changed = Changed::Now;
            let waited = fill.param;
            fill.lists.insert(listed.param, listed.outcome);
            choose(&mut fill, waited);
            advance(model, fill, Some(Press::Enter), effects);
        }
        other => model.acts.over = other,
    }
}

/// Opens the box for an action that stands in no configuration: a silence, a page. `opener`: the key that asked for it.
pub(super) fn offer(
    model: &mut Model,
    action: Action,
    incident: &str,
    opener: Option<Press>,
    effects: &mut Vec<Effect>,
) {
    let Some(service) = action.offers.first().map(|offer| Arc::clone(&offer.service)) else { return };
    if let Some(why) = model.stands_against(&action, &service) {
        return say(model, true, why);
    }
    let instance = action.offers.first().and_then(|offer| offer.instances.first());
    let draft = Draft {
        instances: instance.map(|instance| Arc::clone(&instance.name)).into_iter().collect(),
        action: Arc::new(action),
        service,
        values: BTreeMap::new(),
        choices: BTreeMap::new(),
        who: model.who.clone(),
        incident: Some(incident.to_owned()),
        facts: crate::action::Facts::default(),
        nonce: model.acts.nonce(),
        at: model.now,
    };
    model.ui.explain = None;
    match Proposal::new(draft) {
        Ok(proposal) => ask::open(model, proposal, opener, "", None, effects),
        Err(why) => say(model, true, why.to_string()),
    }
}

/// Is there an action of that name?
pub(super) fn knows(model: &Model, name: &str) -> bool {
    model.plan.actions.iter().any(|action| &*action.name == name)
}

/// Lines that can be completed.
pub(super) fn candidates(model: &Model) -> impl Iterator<Item = String> {
    model.plan.actions.iter().flat_map(|action| {
        action.offers.iter().flat_map(move |offer| {
            let line = format!("{} {}", action.name, offer.service);
            let words = action.params.first().map(|param| &param.kind);
            let words = if let Some(ParamKind::OneOf(words)) = words { words.as_slice() } else { &[] };
            let more: Vec<String> = words.iter().map(|word| format!("{line} {word}")).collect();
            std::iter::once(line).chain(more)
        })
    })
}

/// `:rollback checkout v41 5xx since 13:49`: the service, values in the order of the parameters or as `name=value`, and
/// what is left is the reason.
pub(super) fn command(model: &mut Model, name: &str, rest: &str, effects: &mut Vec<Effect>) {
    let Some(action) = model.plan.actions.iter().find(|action| &*action.name == name).cloned() else {
        return;
    };
    let mut words = rest.split_whitespace();
    let service: Arc<str> = match words.next() {
        Some(word) => word.into(),
        None => match selected(model) {
            Some((service, _)) => service,
            None => return say(model, true, format!("of which service? :{name} SERVICE")),
        },
    };
    if action.offer(&service).is_none() {
        let known: Vec<&str> = action.offers.iter().map(|offer| &*offer.service).collect();
        let text = format!("{name} is not offered for {service}; it is for {}", known.join(", "));
        return say(model, true, clean(&text).into_owned());
    }
    let incident = model.incidents.open().into_iter().find(|it| it.services.contains(&service));
    let mut fill = new_fill(Arc::clone(&action), service, incident.map(|it| it.id.to_string()));
    let mut left: Vec<&str> = Vec::new();
    for word in words {
        let named = word.split_once('=').filter(|(name, _)| action.param(name).is_some());
        let free = action.params.iter().find(|param| !fill.values.contains_key(&param.name));
        match (named, free) {
            (Some((name, value)), _) => drop(fill.values.insert(name.to_owned(), value.to_owned())),
            (None, Some(param)) if left.is_empty() => {
                drop(fill.values.insert(param.name.clone(), word.to_owned()));
            }
            _ => left.push(word),
        }
    }
    left.join(" ").trim_matches('"').clone_into(&mut fill.reason);
    for param in &action.params {
        if let (false, Some(default)) = (fill.values.contains_key(&param.name), &param.default) {
            fill.values.insert(param.name.clone(), default.clone());
        }
    }
    start(model, fill, Some(Press::Enter), effects);
}

/// Begins with what is known, if nothing stands against it.
fn start(model: &mut Model, fill: Box<Fill>, opener: Option<Press>, effects: &mut Vec<Effect>) {
    if let Some(why) = model.stands_against(&fill.action, &fill.service) {
        return say(model, true, why);
    }
    model.ui.explain = None;
    model.changed = Changed::Now;
    advance(model, fill, opener, effects);
}
