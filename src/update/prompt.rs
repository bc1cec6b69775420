//! The lines that are typed: `:` commands, `/` filters, notes, and the finder.

use super::{act, explore, incidents, keys, offers, past, say};
use crate::command::Command;
use crate::event::Effect;
use crate::keymap::{Chord, Key};
use crate::model::line::MOST_HISTORY;
use crate::model::typing::LONGEST;
use crate::model::ui::{Prompt, PromptKind, RowKey, Screen};
use crate::model::{Changed, Model};
use crate::text::clean;
use std::sync::Arc;

/// The longest line that can be typed, in bytes: expressions are long, and notes are sentences.
const fn longest(kind: PromptKind) -> usize {
    match kind {
        PromptKind::Command => LONGEST,
        PromptKind::Note => 1_000,
        PromptKind::Filter | PromptKind::Find => 200,
    }
}

pub(super) fn typed(model: &mut Model, chord: Chord, effects: &mut Vec<Effect>) {
    let Some(mut prompt) = model.ui.prompt.take() else { return };
    let kind = prompt.kind;
    let offered = matches!(kind, PromptKind::Command | PromptKind::Find);
    match chord {
        Chord { key: Key::Esc, .. } => return leave(model, &prompt, effects),
        Chord { key: Key::Enter, .. } => return enter(model, prompt, effects),
        // Backspace on an empty line leaves it, as in vi.
        Chord { key: Key::Backspace, .. } if prompt.line.text().is_empty() => {
            return leave(model, &prompt, effects);
        }
        _ => {}
    }
    let by = match chord {
        Chord { key: Key::Tab, .. } | Chord { key: Key::Char('n'), ctrl: true, .. } => Some(1),
        Chord { key: Key::BackTab, .. } | Chord { key: Key::Char('p'), ctrl: true, .. } => Some(-1),
        Chord { key: Key::Down, .. } if kind == PromptKind::Find => Some(1),
        Chord { key: Key::Up, .. } if kind == PromptKind::Find => Some(-1),
        _ => None,
    };
    if let Some(by) = by.filter(|_| offered) {
        model.ui.prompt = Some(prompt);
        offers::step(model, by);
        return preview(model, effects);
    }
    if kind == PromptKind::Command && matches!(chord.key, Key::Up | Key::Down) {
        let by = if chord.key == Key::Up { -1 } else { 1 };
        if let Some(text) = model.ui.line.recall(by, prompt.line.text()) {
            prompt.line.set(&text);
        }
    } else if prompt.line.edit(chord, longest(kind)) {
        model.ui.line.recalled = None;
    } else {
        // It edits nothing: what is offered stays.
        model.ui.prompt = Some(prompt);
        return;
    }
    changed(model, prompt, effects);
}

/// The text is another one.
fn changed(model: &mut Model, prompt: Prompt, effects: &mut Vec<Effect>) {
    if prompt.kind == PromptKind::Filter {
        filter(model, prompt.line.text());
    }
    model.ui.prompt = Some(prompt);
    offers::refresh(model);
    preview(model, effects);
}

/// Pasted text goes into a line that is open, and nowhere else: it is never a key.
pub(super) fn pasted(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let Some(mut prompt) = model.ui.prompt.take() else {
        if model.ui.screen == Screen::Explore && model.explore.typing {
            explore::pasted(model, text);
        }
        return;
    };
    let room = longest(prompt.kind).saturating_sub(prompt.line.text().len());
    let mut text = clean(text).into_owned();
    let cut = (0..=room.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(cut);
    prompt.line.insert(&text);
    model.changed = Changed::Now;
    changed(model, prompt, effects);
}

/// The line is left, and everything is as it was before.
fn leave(model: &mut Model, prompt: &Prompt, effects: &mut Vec<Effect>) {
    if prompt.kind == PromptKind::Filter {
        filter(model, &prompt.before);
    }
    close(model, effects);
}

fn close(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.ui.line.preview.take().is_some_and(|shown| shown != model.ui.theme) {
        effects.push(Effect::Theme(model.ui.theme.clone()));
    }
    model.ui.line.close();
}

/// An offer was clicked: it is what is meant.
pub(super) fn clicked(model: &mut Model, index: usize, effects: &mut Vec<Effect>) {
    let Some(offer) = model.ui.line.offers.get(index).cloned() else { return };
    model.ui.prompt = None;
    if offer.goes {
        follow(model, &offer.line, effects);
    } else {
        stand(model, &offer.line, effects);
    }
}

/// While a theme's name stands in the line, that theme is on the screen.
pub(super) fn preview(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(prompt) = &model.ui.prompt else { return };
    let named = prompt.line.text().trim_start().strip_prefix("theme ").map(str::trim);
    let line = &model.ui.line;
    let offered = || {
        let offer = line.offers.get(line.chosen.unwrap_or(0))?;
        Some(offer.line.strip_prefix("theme ")?.to_owned())
    };
    let wanted =
        named.filter(|name| !name.is_empty() && prompt.kind == PromptKind::Command).and_then(|_| offered());
    if wanted != line.preview {
        let before = line.preview.as_ref().unwrap_or(&model.ui.theme).clone();
        let now = wanted.clone().unwrap_or_else(|| model.ui.theme.clone());
        if now != before {
            effects.push(Effect::Theme(now));
        }
        model.ui.line.preview = wanted;
    }
}

fn enter(model: &mut Model, prompt: Prompt, effects: &mut Vec<Effect>) {
    match prompt.kind {
        // Whoever confirms a filter means the row that it found.
        PromptKind::Filter => model.ui.list_mut().chosen = true,
        PromptKind::Note => incidents::noted(model, &prompt.before, prompt.line.text(), effects),
        PromptKind::Command => command(model, prompt, effects),
        PromptKind::Find => {
            model.ui.prompt = Some(prompt);
            let offer = offers::meant(model);
            model.ui.prompt = None;
            match offer {
                Some(offer) if offer.goes => follow(model, &offer.line, effects),
                Some(offer) => stand(model, &offer.line, effects),
                None => {
                    say(model, true, "nothing has that name".to_owned());
                    close(model, effects);
                }
            }
        }
    }
}

/// A line that is understood is carried out. A guess is followed if it only shows something; else it is put into the
/// line, and enter carries it out.
fn command(model: &mut Model, prompt: Prompt, effects: &mut Vec<Effect>) {
    let text = prompt.line.text().trim().to_owned();
    if text.is_empty() {
        return close(model, effects);
    }
    let guess = if model.ui.line.chosen.is_some() {
        None
    } else {
        model.ui.prompt = Some(prompt);
        let guess = offers::meant(model);
        model.ui.prompt = None;
        guess
    };
    match (run_line(model, &text, effects), guess) {
        (Ok(()), _) => done(model, &text, effects),
        (Err(_), Some(offer)) if offer.goes => follow(model, &offer.line, effects),
        (Err(_), Some(offer)) => stand(model, &offer.line, effects),
        (Err(why), None) => {
            say(model, true, why);
            done(model, &text, effects);
        }
    }
}

fn follow(model: &mut Model, line: &str, effects: &mut Vec<Effect>) {
    if let Err(why) = run_line(model, line, effects) {
        say(model, true, why);
    }
    done(model, line, effects);
}

/// Puts a guess that would do something into the `:` line: it is seen before it is done.
fn stand(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let mut prompt = Prompt::new(PromptKind::Command, text, String::new());
    // What ends with a blank wants more.
    prompt.line.end();
    if !text.ends_with(' ') {
        say(model, false, "enter does it, esc does not".to_owned());
    }
    changed(model, prompt, effects);
}

/// The line was carried out, or refused for a reason: it is remembered, and what stood around it goes.
fn done(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    if model.ui.line.remember(text) {
        effects.push(Effect::Typed(text.to_owned()));
    }
    // A command may have opened another line.
    if model.ui.prompt.is_none() {
        close(model, effects);
    }
}

/// Lines of earlier sessions.
pub(super) fn remembered(model: &mut Model, lines: Vec<String>) {
    let mut own = std::mem::take(&mut model.ui.line.history);
    let from = lines.len().saturating_sub(MOST_HISTORY);
    for line in lines.into_iter().skip(from).chain(own.drain(..)) {
        model.ui.line.remember(&clean(&line));
    }
}

fn filter(model: &mut Model, text: &str) {
    let list = model.ui.list_mut();
    text.clone_into(&mut list.filter);
    keys::settle(model);
}

/// Carries a line out; an error says that it was not understood, and nothing has happened then.
pub(super) fn run_line(model: &mut Model, line: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let (word, rest) = line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
    if past::locks_line(model, word) {
        return Ok(());
    }
    if known_incident(model, word, rest) && incidents::command(model, word, rest, effects) {
        return Ok(());
    }
    match (word, rest) {
        ("", _) => {}
        ("incident", id) => return model.incidents.find(id).map(drop).map_err(|refusal| refusal.to_string()),
        ("q!", "") => effects.push(Effect::Quit),
        ("q" | "quit" | "exit", "") => keys::run(model, Command::Quit, effects),
        ("theme", name) if !name.is_empty() => {
            if !model.plan.ui.themes.has(name) {
                let known = model.plan.ui.themes.names().join(", ");
                return Err(format!("there is no theme \"{name}\": {known}"));
            }
            keys::set_theme(model, name, effects);
        }
        ("service", name) if !name.is_empty() => open_service(model, name)?,
        ("slo", name) if !name.is_empty() => {
            let found = model.slos.rows.iter().find(|row| *row.name == *name);
            let key = found.map(|row| RowKey::Slo(Arc::clone(&row.name)));
            show(model, Screen::Slos, key.ok_or_else(|| format!("there is no SLO \"{name}\""))?);
        }
        ("panel", name) if !name.is_empty() => open_panel(model, name, effects)?,
        ("target", name) if !name.is_empty() => {
            let found = model.fleet.targets.iter().find(|row| {
                let target = &row.target;
                [&*target.service, &*target.poll, &*target.instance].into_iter().eq(name.split(' '))
            });
            let key = found.map(|row| RowKey::Target(row.target.id));
            show(model, Screen::Targets, key.ok_or_else(|| format!("there is no target \"{name}\""))?);
        }
        ("at", text) if !text.is_empty() => past::at(model, text),
        ("speed", text) if !text.is_empty() => past::speed(model, text),
        ("capture", text) => past::capture(model, text, effects),
        ("explore", text) if !text.is_empty() => explore::open(model, text, effects),
        ("pin", name) if !name.is_empty() => explore::pin(model, name),
        ("unpin", "") => explore::unpin(model),
        ("queues", "") => keys::go(model, Screen::Flow),
        ("filter", text) => filter(model, text),
        (number, "") if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            keys::jump(model, number.parse().unwrap_or(usize::MAX));
        }
        ("snapshot", "") => {
            say(model, true, "into which file? :snapshot FILE.svg, .html, .ansi or .txt".to_owned());
        }
        ("snapshot", file) => effects.push(Effect::Snapshot(file.into())),
        (name, rest) if Command::named(name).is_none() && act::knows(model, name) => {
            act::command(model, name, rest, effects);
        }
        (name, "") => match Command::named(name) {
            Some(command) => keys::run(model, command, effects),
            None => open_service(model, name)
                .map_err(|_| format!("neither a command nor a service: \"{name}\"; tab completes"))?,
        },
        (name, _) => return Err(format!("there is no command \"{name}\"; tab completes, ? lists them")),
    }
    Ok(())
}

/// `:incident` and `:ack` with a name that is none: the guess is better than the refusal.
fn known_incident(model: &Model, word: &str, rest: &str) -> bool {
    !matches!(word, "incident") || rest.is_empty() || model.incidents.find(rest).is_ok()
}

/// Shows a screen with this row selected, whatever filter hid it.
fn show(model: &mut Model, screen: Screen, key: RowKey) {
    keys::go(model, screen);
    model.ui.list_mut().filter.clear();
    let index = model.keys().iter().position(|known| *known == key).unwrap_or(0);
    keys::select(model, key, index);
    keys::settle(model);
}

fn open_service(model: &mut Model, name: &str) -> Result<(), String> {
    let found = model.fleet.services.iter().find(|row| &*row.name == name).map(|row| Arc::clone(&row.name));
    let found = found.ok_or_else(|| format!("there is no service \"{name}\""))?;
    keys::go(model, Screen::Service(found));
    Ok(())
}

/// A panel of a service stands on that service's screen.
fn open_panel(model: &mut Model, name: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let found = model.panels.all.iter().enumerate().find(|(_, panel)| &*panel.plan.name == name);
    let Some((index, panel)) = found else { return Err(format!("there is no panel \"{name}\"")) };
    match panel.plan.service.clone() {
        None => show(model, Screen::Panels, RowKey::Panel(index)),
        Some(service) if model.service(&service).is_some() => keys::go(model, Screen::Service(service)),
        Some(_) => {
            let text = panel.plan.expr.text().to_owned();
            explore::open(model, &text, effects);
        }
    }
    Ok(())
}
