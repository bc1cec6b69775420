//! A key with its modifiers: how it is written, and which ones a terminal cannot tell apart.

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

/// Other names that are understood; [`NAMED`] is how keys are written.
const ALSO: &[(&str, Key)] = &[
    ("plus", Key::Char('+')),
    ("minus", Key::Char('-')),
    ("comma", Key::Char(',')),
    ("return", Key::Enter),
    ("escape", Key::Esc),
    ("backtab", Key::BackTab),
    ("delete", Key::Delete),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
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
            _ => match NAMED.iter().chain(ALSO).find(|(name, _)| *name == rest) {
                Some((_, key)) => *key,
                None => match rest.strip_prefix('f').and_then(|n| n.parse().ok()) {
                    Some(n @ 1..=24) => Key::F(n),
                    _ => return Err(wrong()),
                },
            },
        };
        if ctrl && let Key::Char(c) = key {
            // Control takes the case away; and some letters with it are the bytes of other keys.
            let same = match c.to_ascii_lowercase() {
                'i' => Some("tab"),
                'm' | 'j' => Some("enter"),
                '[' => Some("esc"),
                _ => None,
            };
            if let Some(same) = same {
                return Err(format!("terminals send \"{text}\" and {same} alike: use another key"));
            }
            return Ok(Self { key: Key::Char(c.to_ascii_lowercase()), ctrl, alt });
        }
        Ok(Self { key, ctrl, alt })
    }
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
            "-",
            "ctrl-left",
            "ctrl--",
        ] {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
        for (text, written) in
            [("ctrl-D", "ctrl-d"), ("plus", "+"), ("minus", "-"), ("escape", "esc"), (" ", "space")]
        {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), written);
        }
        for bad in ["", "ctrl-", "meta-x", "f99", "qq", "\u{1b}", "ctrl-i", "ctrl-M", "ctrl-[", "shift-x"] {
            assert!(bad.parse::<Chord>().is_err(), "{bad:?}");
        }
    }
}
