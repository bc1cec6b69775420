//! Calls the operator through the terminal: BEL, or a desktop notification by OSC 9, 777 or 99, which work over SSH.
//!
//! How often is decided by `notification::Router` (a channel of kind terminal). Terminals differ in what they take, and
//! those that do not know a sequence may print it, so that only terminals that are known get one without being told to
//! (`ui.notify`).

use super::terminal::detect::{Multiplexer, TerminalEnv};
use crate::config::Ring;
use crate::text::{clean, truncate};

/// The most cells of a title and of a body.
const TITLE: usize = 120;
const BODY: usize = 240;

/// Which sequence suits this terminal. `auto` is never the answer.
///
/// OSC 99: kitty. OSC 777: foot, urxvt, Ghostty, `WezTerm`. OSC 9: iTerm2, Windows Terminal does not count (its OSC 9;4 is
/// another thing). Everything else: the bell. Multiplexers hide the terminal's name, so that within them it is the bell
/// unless the terminal's own variables came through.
pub fn way(choice: Ring, env: &TerminalEnv) -> Ring {
    if choice != Ring::Auto {
        return choice;
    }
    let term = env.get("TERM").unwrap_or_default();
    let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
    match env.get("TERM_PROGRAM") {
        _ if begins(&["xterm-kitty"]) => Ring::Osc99,
        _ if begins(&["foot", "rxvt-unicode", "xterm-ghostty", "wezterm"]) => Ring::Osc777,
        Some("ghostty" | "WezTerm") => Ring::Osc777,
        Some("iTerm.app") => Ring::Osc9,
        _ => Ring::Bell,
    }
}

/// The bytes that call the operator in this way; nothing for `off`. A desktop notification comes with the bell.
///
/// tmux and screen keep sequences for themselves unless they are wrapped (tmux wants `allow-passthrough on` as well);
/// the bell is theirs to pass on.
pub fn ring(way: Ring, title: &str, body: &str, multiplexer: Option<Multiplexer>) -> Vec<u8> {
    let text = |raw: &str, most| truncate(&clean(raw), most, false).into_owned();
    let (title, body) = (text(title, TITLE), text(body, BODY));
    let joined = if body.is_empty() { title.clone() } else { format!("{title}: {body}") };
    let sequence = match way {
        Ring::Off => return Vec::new(),
        Ring::Auto | Ring::Bell => return b"\x07".to_vec(),
        // "4;" at the beginning would be a progress bar in some terminals.
        Ring::Osc9 => {
            format!("\x1b]9;{}\x1b\\", joined.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'))
        }
        // A semicolon ends a part of it.
        Ring::Osc777 => {
            format!("\x1b]777;notify;{};{}\x1b\\", title.replace(';', ","), body.replace(';', ","))
        }
        // `d=0`: more follows; `p=body`: the second part. kitty puts them together by `i`.
        Ring::Osc99 if body.is_empty() => format!("\x1b]99;i=warroom:d=1;{title}\x1b\\"),
        Ring::Osc99 => {
            format!("\x1b]99;i=warroom:d=0;{title}\x1b\\\x1b]99;i=warroom:d=1:p=body;{body}\x1b\\")
        }
    };
    let mut out = match multiplexer {
        None => sequence.into_bytes(),
        Some(Multiplexer::Tmux) => {
            format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")).into_bytes()
        }
        // screen ends its wrapping at the first ST: BEL ends the sequence within.
        Some(Multiplexer::Screen) => {
            let parts = sequence.split_inclusive("\x1b\\").map(|part| part.replace("\x1b\\", "\x07"));
            parts.flat_map(|part| ["\x1bP", &part, "\x1b\\"].concat().into_bytes()).collect()
        }
    };
    out.push(0x07);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_the_terminal_unless_it_is_chosen() {
        for (vars, choice, want) in [
            (&[("TERM", "xterm-kitty")][..], Ring::Auto, Ring::Osc99),
            (&[("TERM", "foot")], Ring::Auto, Ring::Osc777),
            (&[("TERM", "rxvt-unicode-256color")], Ring::Auto, Ring::Osc777),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], Ring::Auto, Ring::Osc777),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], Ring::Auto, Ring::Osc9),
            (&[("TERM", "xterm-256color")], Ring::Auto, Ring::Bell),
            (&[], Ring::Auto, Ring::Bell),
            (&[("TERM", "xterm-kitty")], Ring::Off, Ring::Off),
            (&[("TERM", "linux")], Ring::Osc9, Ring::Osc9),
        ] {
            assert_eq!(way(choice, &TerminalEnv::of(vars)), want, "{vars:?} {choice:?}");
        }
    }

    #[test]
    fn sequences_are_as_each_terminal_wants_them() {
        use Multiplexer::{Screen, Tmux};
        for (way, title, body, multiplexer, bytes) in [
            (Ring::Off, "t", "b", None, ""),
            (Ring::Bell, "t", "b", None, "\x07"),
            (Ring::Bell, "t", "b", Some(Tmux), "\x07"),
            (Ring::Osc9, "P1 checkout", "down", None, "\x1b]9;P1 checkout: down\x1b\\\x07"),
            (Ring::Osc9, "4;1;50", "", None, "\x1b]9;\x1b\\\x07"),
            (Ring::Osc777, "a;b", "c;d", None, "\x1b]777;notify;a,b;c,d\x1b\\\x07"),
            (Ring::Osc99, "t", "", None, "\x1b]99;i=warroom:d=1;t\x1b\\\x07"),
            (
                Ring::Osc99,
                "t",
                "b",
                None,
                "\x1b]99;i=warroom:d=0;t\x1b\\\x1b]99;i=warroom:d=1:p=body;b\x1b\\\x07",
            ),
            (Ring::Osc9, "t", "", Some(Tmux), "\x1bPtmux;\x1b\x1b]9;t\x1b\x1b\\\x1b\\\x07"),
            (Ring::Osc9, "t", "", Some(Screen), "\x1bP\x1b]9;t\x07\x1b\\\x07"),
            // Nothing from outside ends a sequence or begins one.
            (Ring::Osc777, "a\x1b\\\x07b", "c\u{9c}d", None, "\x1b]777;notify;a\\b;cd\x1b\\\x07"),
        ] {
            assert_eq!(ring(way, title, body, multiplexer), bytes.as_bytes(), "{way:?} {title:?} {body:?}");
        }
        assert!(ring(Ring::Osc99, &"x".repeat(100_000), &"y".repeat(100_000), None).len() < 1000);
    }
}
