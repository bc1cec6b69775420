//! (context, chord) -> command. The footer, the help and the README's table are made from the live map.
//!
//! No chord changes the outside world: commands cannot.

use crate::command::Command;
use std::fmt;
use std::str::FromStr;

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A character as typed (shift is in the character).
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// A key with its modifiers; shift counts only where the key has no character of its own for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    /// The key.
    pub key: Key,
    /// With control.
    pub ctrl: bool,
    /// With alt.
    pub alt: bool,
}

impl Chord {
    /// The key alone.
    pub const fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false }
    }

    /// The key with control.
    pub const fn ctrl(letter: char) -> Self {
        Self { key: Key::Char(letter), ctrl: true, alt: false }
    }
}

const NAMED: &[(&str, Key)] = &[
    ("space", Key::Char(' ')),
    ("minus", Key::Char('-')),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("shift-tab", Key::BackTab),
    ("backspace", Key::Backspace),
    ("del", Key::Delete),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
];

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match (NAMED.iter().find(|(_, key)| *key == self.key), self.key) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Key::Char(c)) => write!(f, "{c}"),
            (None, Key::F(n)) => write!(f, "f{n}"),
            (None, _) => Ok(()),
        }
    }
}

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("\"{text}\" is not a key: write it as q, G, ctrl-d, space, enter, esc, pgdn or f5");
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-") {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let key = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => Key::Char(c),
            _ => match NAMED.iter().find(|(name, _)| *name == rest) {
                Some((_, key)) => *key,
                None => match rest.strip_prefix('f').and_then(|n| n.parse().ok()) {
                    Some(n @ 1..=24) => Key::F(n),
                    _ => return Err(wrong()),
                },
            },
        };
        Ok(Self { key, ctrl, alt })
    }
}

/// Where a chord is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// On every screen.
    Anywhere,
    /// Where there are rows.
    Rows,
}

impl Context {
    fn word(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Rows => "in lists",
        }
    }
}

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
    (Context::Anywhere, Command::Longer, &["+", "="]),
    (Context::Anywhere, Command::Shorter, &["minus"]),
    (Context::Rows, Command::Pin, &["p"]),
    (Context::Anywhere, Command::Overview, &["1"]),
    (Context::Anywhere, Command::Targets, &["2"]),
    (Context::Anywhere, Command::Explore, &["3"]),
    (Context::Anywhere, Command::Panels, &["4"]),
    (Context::Anywhere, Command::Slos, &["5"]),
    (Context::Anywhere, Command::Incidents, &["6"]),
    (Context::Anywhere, Command::Actions, &["7"]),
    (Context::Rows, Command::Act, &["a"]),
    (Context::Rows, Command::Acknowledge, &["A"]),
    (Context::Rows, Command::Note, &["m"]),
    (Context::Rows, Command::Explain, &["x"]),
];

impl Default for Keymap {
    fn default() -> Self {
        let mut bindings = Vec::new();
        for (context, command, chords) in DEFAULT {
            for chord in chords.iter().filter_map(|text| text.parse().ok()) {
                bindings.push(Binding { context: *context, chord, command: *command });
            }
        }
        Self { bindings }
    }
}

impl Keymap {
    /// The names of the maps that come with warroom.
    pub const PRESETS: &'static [&'static str] = &["default"];

    /// What `chord` means in `context` (a narrower context wins).
    pub fn command(&self, context: Context, chord: Chord) -> Option<Command> {
        // Control and C always leaves, whatever the map says: nobody may be locked in.
        if chord == Chord::ctrl('c') {
            return Some(Command::Quit);
        }
        let find = |wanted: Context| {
            self.bindings.iter().find(|b| b.chord == chord && b.context == wanted).map(|b| b.command)
        };
        find(context).or_else(|| find(Context::Anywhere))
    }

    /// The chord that a hint shows for `command`.
    pub fn hint(&self, command: Command) -> Option<String> {
        self.bindings.iter().find(|b| b.command == command).map(|b| b.chord.to_string())
    }

    /// The rows of the help: (keys, where, what), in the order of [`Command::ALL`].
    pub fn rows(&self) -> Vec<(String, &'static str, &'static str)> {
        Command::ALL
            .iter()
            .filter_map(|(command, _, doc)| {
                let of_it: Vec<&Binding> = self.bindings.iter().filter(|b| b.command == *command).collect();
                let keys: Vec<String> = of_it.iter().map(|b| b.chord.to_string()).collect();
                of_it.first().map(|first| (keys.join("  "), first.context.word(), *doc))
            })
            .collect()
    }

    /// The map as a Markdown table, for the README.
    pub fn markdown(&self) -> String {
        let mut out = String::from("| keys | what |\n| --- | --- |\n");
        for (keys, _, doc) in self.rows() {
            let keys: Vec<String> = keys.split("  ").map(|key| format!("`{key}`")).collect();
            out.push_str(&format_row(&keys.join(" "), doc));
        }
        out
    }
}

fn format_row(keys: &str, doc: &str) -> String {
    format!("| {keys} | {doc} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_written_as_they_are_read() {
        for text in [
            "q",
            "G",
            "ctrl-d",
            "space",
            "enter",
            "esc",
            "shift-tab",
            "pgdn",
            "f5",
            "alt-x",
            "%",
            "?",
            "minus",
        ] {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
        for bad in ["", "ctrl-", "meta-x", "f99", "qq", "\u{1b}"] {
            assert!(bad.parse::<Chord>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_default_map_has_every_chord_once_and_every_line_is_readable() {
        let map = Keymap::default();
        assert_eq!(map.bindings.len(), DEFAULT.iter().map(|(_, _, chords)| chords.len()).sum::<usize>());
        for binding in &map.bindings {
            let same = map.bindings.iter().filter(|b| b.chord == binding.chord).count();
            assert_eq!(same, 1, "{} is bound {same} times", binding.chord);
        }
    }

    #[test]
    fn control_c_always_leaves() {
        assert_eq!(Keymap::default().command(Context::Rows, Chord::ctrl('c')), Some(Command::Quit));
        assert_eq!(Keymap::default().command(Context::Rows, Chord::ctrl('k')), None);
    }
}
