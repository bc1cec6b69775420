//! The `:` and `/` lines.

use super::{act, explore, incidents, keys, say};
use crate::command::Command;
use crate::event::Effect;
use crate::keymap::{Chord, Key};
use crate::model::ui::{Prompt, PromptKind, Screen};
use crate::model::{Changed, Model};
use crate::text::clean;
use std::sync::Arc;

/// The longest line that can be typed: notes are sentences.
const fn longest(kind: PromptKind) -> usize {
    match kind {
        PromptKind::Note => 1_000,
        PromptKind::Command | PromptKind::Filter => 200,
    }
}

pub(super) fn typed(model: &mut Model, chord: Chord, effects: &mut Vec<Effect>) {
    let Some(mut prompt) = model.ui.prompt.take() else { return };
    match chord {
        Chord { key: Key::Esc, .. } => {
            if prompt.kind == PromptKind::Filter {
                filter(model, &prompt.before);
            }
            return;
        }
        Chord { key: Key::Enter, .. } => {
            match prompt.kind {
                PromptKind::Command => run_line(model, prompt.text.trim(), effects),
                // Whoever confirms a filter means the row that it found.
                PromptKind::Filter => model.ui.list_mut().chosen = true,
                PromptKind::Note => incidents::noted(model, &prompt.before, &prompt.text, effects),
            }
            return;
        }
        // Backspace on an empty line leaves it, as in vi.
        Chord { key: Key::Backspace, .. } if prompt.text.is_empty() => return,
        Chord { key: Key::Backspace, .. } => {
            prompt.text.pop();
        }
        Chord { key: Key::Char('u'), ctrl: true, .. } => prompt.text.clear(),
        Chord { key: Key::Char('w'), ctrl: true, .. } => {
            let kept = prompt.text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            prompt.text.truncate(kept);
        }
        Chord { key: Key::Tab, .. } if prompt.kind == PromptKind::Command => complete(model, &mut prompt),
        Chord { key: Key::Char(c), ctrl: false, alt: false } if prompt.text.len() < longest(prompt.kind) => {
            prompt.text.push(c);
        }
        _ => {}
    }
    if prompt.kind == PromptKind::Filter {
        filter(model, &prompt.text);
    }
    model.ui.prompt = Some(prompt);
}

/// Pasted text goes into a line that is open, and nowhere else: it is never a key.
pub(super) fn pasted(model: &mut Model, text: &str) {
    let Some(mut prompt) = model.ui.prompt.take() else {
        if model.ui.screen == Screen::Explore && model.explore.typing {
            explore::pasted(model, text);
        }
        return;
    };
    let room = longest(prompt.kind).saturating_sub(prompt.text.len());
    prompt.text.extend(clean(text).chars().take(room));
    if prompt.kind == PromptKind::Filter {
        filter(model, &prompt.text);
    }
    model.ui.prompt = Some(prompt);
    model.changed = Changed::Now;
}

fn filter(model: &mut Model, text: &str) {
    let list = model.ui.list_mut();
    text.clone_into(&mut list.filter);
    keys::settle(model);
}

/// What can be typed after `:`, for completion: whole lines.
pub(super) fn candidates(model: &Model) -> Vec<String> {
    let commands = Command::ALL.iter().map(|(_, name, _)| (*name).to_owned());
    let themes = model.plan.ui.themes.names().into_iter().map(|name| format!("theme {name}"));
    let services = model.fleet.services.iter().map(|row| format!("service {}", row.name));
    let acts = act::candidates(model);
    commands.chain(services).chain(themes).chain(incidents::candidates(model)).chain(acts).collect()
}

/// Completes as far as all candidates agree; if they agree no further, says which there are.
fn complete(model: &mut Model, prompt: &mut Prompt) {
    let found: Vec<String> =
        candidates(model).into_iter().filter(|line| line.starts_with(prompt.text.as_str())).collect();
    let Some(first) = found.first() else { return };
    let agreed = found.iter().fold(first.len(), |len, line| {
        let same = first.bytes().zip(line.bytes()).take_while(|(a, b)| a == b).count();
        len.min(same)
    });
    let agreed = (0..=agreed).rev().find(|len| first.is_char_boundary(*len)).unwrap_or(0);
    if agreed > prompt.text.len() {
        first[..agreed].clone_into(&mut prompt.text);
    } else if found.len() > 1 {
        let words: Vec<&str> = found.iter().take(12).map(String::as_str).collect();
        say(model, false, words.join("  "));
    }
}

pub(super) fn run_line(model: &mut Model, line: &str, effects: &mut Vec<Effect>) {
    let (word, rest) = line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
    if incidents::command(model, word, rest, effects) {
        return;
    }
    match (word, rest) {
        ("", _) => {}
        ("q!", "") => effects.push(Effect::Quit),
        ("q" | "quit" | "exit", "") => keys::run(model, Command::Quit, effects),
        ("theme", name) if !name.is_empty() => {
            if model.plan.ui.themes.has(name) {
                keys::set_theme(model, name, effects);
            } else {
                let known = model.plan.ui.themes.names().join(", ");
                say(model, true, format!("there is no theme \"{name}\": {known}"));
            }
        }
        ("service", name) if !name.is_empty() => open_service(model, name),
        ("explore", text) if !text.is_empty() => explore::open(model, text, effects),
        ("pin", name) if !name.is_empty() => explore::pin(model, name),
        ("unpin", "") => explore::unpin(model),
        ("filter", text) => filter(model, text),
        (name, rest) if Command::named(name).is_none() && act::knows(model, name) => {
            act::command(model, name, rest, effects);
        }
        (name, "") => match Command::named(name) {
            Some(command) => keys::run(model, command, effects),
            None => open_service(model, name),
        },
        (name, _) => say(model, true, format!("there is no command \"{name}\"; tab completes, ? lists them")),
    }
}

/// Opens the service of that name, or the only one whose name holds it.
fn open_service(model: &mut Model, name: &str) {
    let names: Vec<Arc<str>> = model.fleet.services.iter().map(|row| Arc::clone(&row.name)).collect();
    let exact = names.iter().find(|known| &***known == name);
    let holding: Vec<&Arc<str>> = names.iter().filter(|known| known.contains(name)).collect();
    match (exact, holding.as_slice()) {
        (Some(found), _) => keys::go(model, Screen::Service(Arc::clone(found))),
        (None, [found]) => keys::go(model, Screen::Service(Arc::clone(found))),
        (None, []) => say(model, true, format!("neither a command nor a service: \"{name}\"; tab completes")),
        (None, several) => {
            let words: Vec<&str> = several.iter().map(|name| &***name).collect();
            say(model, true, format!("several services match \"{name}\": {}", words.join(", ")));
        }
    }
}
