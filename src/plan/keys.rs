//! The live map of keys: a preset, and what the configuration binds instead. All that is wrong is told, with its place.

use super::Found;
use crate::command::Command;
use crate::config::{Config, Place, Problem, Spanned, nearest};
use crate::keymap::{Change, Chord, Clash, Context, Holder, Keymap};
use crate::text::clean;

type Bound = (String, Spanned<Vec<Spanned<String>>>);

/// The map that the configuration asks for; the default one where it asks for what there is not.
pub(super) fn compile(config: &Config, problems: &mut Found) -> Keymap {
    let preset = &config.ui.keys;
    let known = Keymap::preset(&preset.value);
    let is_known = known.is_some();
    if !is_known {
        let message = format!("there is no set of keys \"{}\"", clean(&preset.value));
        let remedy = match nearest(&preset.value, Keymap::PRESETS.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the sets are {}", Keymap::PRESETS.join(", ")),
        };
        problems.push((true, Problem::new(&preset.at, "ui.keys", message).with_remedy(remedy)));
    }
    let mut map = known.unwrap_or_default();
    let mut changes = Vec::new();
    let mut from: Vec<&Bound> = Vec::new();
    for bound in &config.ui.bind {
        if let Some(change) = change(bound, problems) {
            changes.push(change);
            from.push(bound);
        }
    }
    let clashes = map.bind(&changes);
    // What would clash with a set that is not there cannot be said.
    for clash in clashes.into_iter().filter(|_| is_known) {
        problems.push((true, told(&clash, &changes, &from, preset)));
    }
    map
}

fn key(name: &str) -> String {
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { format!("ui.bind.{name}") } else { format!("ui.bind.\"{}\"", clean(name)) }
}

/// One entry of the table; what cannot be read in it is told, and the rest of it dropped.
fn change((name, chords): &Bound, problems: &mut Found) -> Option<Change> {
    let before = problems.len();
    let mut wrong = |at: &Place, message: String, remedy: String| {
        problems.push((true, Problem::new(at, key(name), message).with_remedy(remedy)));
    };
    let (place, word) = match name.split_once('.') {
        Some((place, word)) => (Some(place), word),
        None => (None, name.as_str()),
    };
    let context = place.map(|place| (place, Context::named(place)));
    if let Some((place, None)) = context {
        let names = Context::ALL.iter().map(|(_, name, _)| *name);
        let remedy = nearest(place, names.clone()).map_or_else(
            || format!("the screens are {}", names.collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean \"{near}.{}\"?", clean(word)),
        );
        wrong(&chords.at, format!("there is no screen \"{}\"", clean(place)), remedy);
    }
    let command = Command::named(word);
    if command.is_none() {
        let near = nearest(word, Command::ALL.iter().map(|(_, name, _)| *name));
        let remedy = near.map_or_else(
            || "`warroom config keys` lists the commands".to_owned(),
            |near| format!("did you mean \"{near}\"?"),
        );
        wrong(&chords.at, format!("there is no command \"{}\"", clean(word)), remedy);
    }
    let mut read = Vec::new();
    for chord in &chords.value {
        match clean(&chord.value).parse::<Chord>() {
            Ok(found) => read.push(found),
            Err(why) => {
                let names =
                    ["space", "enter", "esc", "tab", "shift-tab", "backspace", "minus", "pgup", "pgdn"];
                let (why, remedy) = match why.split_once(": ") {
                    Some((why, remedy)) => (why.to_owned(), remedy.to_owned()),
                    None => (why.clone(), String::new()),
                };
                let remedy = nearest(&chord.value, names.into_iter())
                    .map_or(remedy, |near| format!("did you mean \"{near}\"?"));
                wrong(&chord.at, why, remedy);
            }
        }
    }
    if problems.len() > before {
        return None;
    }
    Some(Change { context: context.and_then(|(_, context)| context), command: command?, chords: read })
}

/// A clash, with both places.
fn told(clash: &Clash, changes: &[Change], from: &[&Bound], preset: &Spanned<String>) -> Problem {
    // The chord's own place where it can be found, else that of the entry.
    let place = |index: usize, chord: Option<&Chord>| -> (Place, String) {
        let Some((name, chords)) = from.get(index) else { return (Place::default(), String::new()) };
        let own =
            chords.value.iter().find(|text| chord.is_some_and(|chord| text.value.parse() == Ok(*chord)));
        (own.map_or_else(|| chords.at.clone(), |text| text.at.clone()), key(name))
    };
    match clash {
        Clash::Twice { chord, change, other, context, holder } => {
            let (at, key) = place(*change, Some(chord));
            let by = match holder {
                Holder::Preset => format!("by the set \"{}\"", clean(&preset.value)),
                Holder::Change(index) => format!("at {}", place(*index, Some(chord)).0),
            };
            let message = format!("{chord} is bound to {} {} ({by})", other.name(), context.word());
            let command = changes.get(*change).map_or("", |change| change.command.name());
            let remedy = match holder {
                Holder::Preset => {
                    format!("give {} another key or an empty list, or {command} another key", other.name())
                }
                Holder::Change(_) => "keep one of them".to_owned(),
            };
            Problem::new(&at, key, message).with_remedy(remedy)
        }
        Clash::Taken(index) => {
            let (at, key) = place(*index, Some(&Chord::ctrl('c')));
            Problem::new(&at, key, "ctrl-c always leaves warroom").with_remedy("use another key")
        }
        Clash::Locked(command) => {
            let index = changes.iter().position(|change| change.command == *command).unwrap_or(usize::MAX);
            let (at, key) = place(index, None);
            Problem::new(&at, key, format!("no key is left for {}", command.name()))
                .with_remedy("nobody may be locked in: give it one")
        }
    }
}
