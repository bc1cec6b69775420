//! (context, chord) -> command. The footer, the help and the README's table are made from the live map.
//!
//! No chord changes the outside world: commands cannot.

mod bind;
mod chord;
mod context;
mod preset;

pub use bind::{Change, Clash, Holder};
pub use chord::{Chord, Key};
pub use context::Context;

use crate::command::Command;
use std::fmt::Write as _;

/// One line of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub context: Context,
    /// What is pressed.
    pub chord: Chord,
    /// What it means.
    pub command: Command,
}

/// The live map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

/// The default map: one line a command, the first chord is the one that hints show.
const DEFAULT: &[(Context, Command, &[&str])] = &[
    (Context::Anywhere, Command::Quit, &["q"]),
    (Context::Anywhere, Command::Help, &["?", "f1"]),
    (Context::Anywhere, Command::CommandLine, &[":"]),
    (Context::Anywhere, Command::Find, &["ctrl-p"]),
    (Context::Rows, Command::Filter, &["/"]),
    (Context::Anywhere, Command::Back, &["esc"]),
    (Context::Rows, Command::Open, &["enter"]),
    (Context::Anywhere, Command::NextPane, &["tab"]),
    (Context::Anywhere, Command::PreviousPane, &["shift-tab"]),
    (Context::Rows, Command::Down, &["j", "down"]),
    (Context::Rows, Command::Up, &["k", "up"]),
    (Context::Anywhere, Command::Left, &["h", "left"]),
    (Context::Anywhere, Command::Right, &["l", "right"]),
    (Context::Rows, Command::Top, &["g", "home"]),
    (Context::Rows, Command::Bottom, &["G", "end"]),
    (Context::Rows, Command::HalfDown, &["ctrl-d"]),
    (Context::Rows, Command::HalfUp, &["ctrl-u"]),
    (Context::Rows, Command::PageDown, &["ctrl-f", "pgdn"]),
    (Context::Rows, Command::PageUp, &["ctrl-b", "pgup"]),
    (Context::Rows, Command::NextMatch, &["n"]),
    (Context::Rows, Command::PreviousMatch, &["N"]),
    (Context::Anywhere, Command::Freeze, &["space"]),
    (Context::Rows, Command::Sort, &["s"]),
    (Context::Rows, Command::SortReverse, &["S"]),
    (Context::Anywhere, Command::Refresh, &["r", "ctrl-r"]),
    (Context::Anywhere, Command::Theme, &["t"]),
    (Context::Anywhere, Command::Mouse, &["%"]),
    (Context::Anywhere, Command::Redraw, &["ctrl-l"]),
    (Context::Rows, Command::Copy, &["y", "c"]),
    (Context::Anywhere, Command::Suspend, &["ctrl-z"]),
    (Context::Rows, Command::Browse, &["b"]),
    (Context::Anywhere, Command::Earlier, &["["]),
    (Context::Anywhere, Command::Later, &["]"]),
    (Context::Anywhere, Command::MuchEarlier, &["{"]),
    (Context::Anywhere, Command::MuchLater, &["}"]),
    (Context::Anywhere, Command::Live, &["0"]),
    (Context::Rows, Command::Longer, &["+", "="]),
    (Context::Rows, Command::Shorter, &["-"]),
    (Context::Graph, Command::CursorBack, &["<"]),
    (Context::Graph, Command::CursorOn, &[">"]),
    (Context::Explore, Command::Pin, &["p"]),
    (Context::Anywhere, Command::Overview, &["1"]),
    (Context::Anywhere, Command::Targets, &["2"]),
    (Context::Anywhere, Command::Explore, &["3"]),
    (Context::Anywhere, Command::Panels, &["4"]),
    (Context::Anywhere, Command::Slos, &["5"]),
    (Context::Anywhere, Command::Incidents, &["6"]),
    (Context::Anywhere, Command::Actions, &["7"]),
    (Context::Anywhere, Command::Latency, &["8"]),
    (Context::Anywhere, Command::Breakers, &["9"]),
    (Context::Rows, Command::Zoom, &["z"]),
    (Context::Rows, Command::Act, &["a"]),
    (Context::Rows, Command::Acknowledge, &["A"]),
    (Context::Rows, Command::Note, &["m"]),
    (Context::Rows, Command::Explain, &["x"]),
];

impl Default for Keymap {
    fn default() -> Self {
        let mut map = Self { bindings: Vec::new() };
        for (context, command, chords) in DEFAULT {
            map.put(*context, *command, chords);
        }
        map
    }
}

impl Keymap {
    /// The names of the maps that come with warroom.
    pub const PRESETS: &'static [&'static str] = &["default", "k9s", "arrows-only"];

    /// The map of that name, if there is one.
    pub fn preset(name: &str) -> Option<Self> {
        if !Self::PRESETS.contains(&name) {
            return None;
        }
        let mut map = Self::default();
        let rows = preset::rows(name);
        // Everything that the preset speaks of is its own; the rest is as in the default map.
        map.bindings.retain(|b| rows.iter().all(|(_, command, _)| *command != b.command));
        for (context, command, chords) in rows {
            map.put(*context, *command, chords);
        }
        Some(map)
    }

    fn put(&mut self, context: Context, command: Command, chords: &[&str]) {
        let chords = chords.iter().filter_map(|text| text.parse().ok());
        self.bindings.extend(chords.map(|chord| Binding { context, chord, command }));
    }

    /// Every line of the map.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What `chord` means in `context`: the narrowest context that knows it wins.
    pub fn command(&self, context: Context, chord: Chord) -> Option<Command> {
        // Control and C always leaves, whatever the map says: nobody may be locked in.
        if chord == Chord::ctrl('c') {
            return Some(Command::Quit);
        }
        let find = |wanted: &Context| {
            self.bindings.iter().find(|b| b.chord == chord && b.context == *wanted).map(|b| b.command)
        };
        context.chain().iter().find_map(find)
    }

    /// The chord that a hint shows for `command`.
    pub fn hint(&self, command: Command) -> Option<String> {
        self.bindings.iter().find(|b| b.command == command).map(|b| b.chord.to_string())
    }

    /// The rows of the help: (keys, where, what), in the order of [`Command::ALL`]; a row a context.
    pub fn rows(&self) -> Vec<(String, &'static str, &'static str)> {
        self.listed().into_iter().map(|(context, _, keys, doc)| (keys, context.word(), doc)).collect()
    }

    /// The whole map: (where, command, keys, what), in the order of [`Command::ALL`].
    pub fn listed(&self) -> Vec<(Context, Command, String, &'static str)> {
        let mut out: Vec<(Context, Command, String, &'static str)> = Vec::new();
        for (command, _, doc) in Command::ALL {
            let first = out.len();
            for binding in self.bindings.iter().filter(|b| b.command == *command) {
                let same = out.iter_mut().skip(first).find(|(context, ..)| *context == binding.context);
                match same {
                    Some((.., keys, _)) => *keys = format!("{keys}  {}", binding.chord),
                    None => out.push((binding.context, *command, binding.chord.to_string(), doc)),
                }
            }
        }
        out
    }

    /// The map as a Markdown table, for the README.
    pub fn markdown(&self) -> String {
        let mut out = String::from("| keys | what |\n| --- | --- |\n");
        for (keys, _, doc) in self.rows() {
            let keys: Vec<String> = keys.split("  ").map(|key| format!("`{key}`")).collect();
            let _ = writeln!(out, "| {} | {doc} |", keys.join(" "));
        }
        out
    }
}

#[cfg(test)]
mod tests;
