//! The maps beside the default one, each as what differs from it: a command that stands here has these keys and no others.
//!
//! What a key does elsewhere may change the world there. Here it opens the menu or the box for it, and never skips it.

use super::Context;
use crate::command::Command;

type Row = (Context, Command, &'static [&'static str]);

/// What differs from the default map.
pub(super) fn rows(name: &str) -> &'static [Row] {
    match name {
        "k9s" => K9S,
        "arrows-only" => ARROWS_ONLY,
        _ => &[],
    }
}

/// The habits of k9s: `:q` or control and c leaves, `q` goes back, `d` describes, `r` restarts, control and l rolls back,
/// control and d or k takes away (here: the menu of actions).
const K9S: &[Row] = &[
    (Context::Anywhere, Command::Quit, &["ctrl-c"]),
    (Context::Anywhere, Command::Back, &["esc", "q"]),
    (Context::Anywhere, Command::Find, &["ctrl-a", "ctrl-p"]),
    (Context::Rows, Command::Explain, &["d", "x"]),
    (Context::Rows, Command::ActRestart, &["r"]),
    (Context::Rows, Command::ActRollback, &["ctrl-l"]),
    (Context::Rows, Command::Act, &["a", "ctrl-d", "ctrl-k"]),
    (Context::Anywhere, Command::Refresh, &["ctrl-r"]),
    (Context::Anywhere, Command::Redraw, &["f5"]),
    (Context::Rows, Command::Copy, &["c", "y"]),
    (Context::Rows, Command::Sort, &["s", "O"]),
    (Context::Rows, Command::HalfDown, &[]),
    (Context::Rows, Command::HalfUp, &[]),
];

/// For hands that know the arrows and the function keys: no letter moves.
const ARROWS_ONLY: &[Row] = &[
    (Context::Rows, Command::Down, &["down"]),
    (Context::Rows, Command::Up, &["up"]),
    (Context::Anywhere, Command::Left, &["left"]),
    (Context::Anywhere, Command::Right, &["right"]),
    (Context::Rows, Command::Top, &["home"]),
    (Context::Rows, Command::Bottom, &["end"]),
    (Context::Rows, Command::PageDown, &["pgdn"]),
    (Context::Rows, Command::PageUp, &["pgup"]),
    (Context::Rows, Command::HalfDown, &[]),
    (Context::Rows, Command::HalfUp, &[]),
    (Context::Rows, Command::NextMatch, &["f3"]),
    (Context::Rows, Command::PreviousMatch, &["f2"]),
    (Context::Anywhere, Command::Help, &["f1", "?"]),
    (Context::Anywhere, Command::Refresh, &["f5", "ctrl-r"]),
    (Context::Anywhere, Command::Find, &["f4", "ctrl-p"]),
    (Context::Anywhere, Command::Quit, &["f10", "q"]),
    (Context::Graph, Command::CursorBack, &["ctrl-left"]),
    (Context::Graph, Command::CursorOn, &["ctrl-right"]),
];
