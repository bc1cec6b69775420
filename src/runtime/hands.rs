//! Keys and mouse as the terminal's library tells them, in our own words.

use crate::event::Press;
use crate::keymap::{Chord, Key};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// How tests/pty.rs sees what a panic leaves of the terminal: control, alt and `p` panics in the loop, `t` in a thread.
/// Only in builds with debug assertions; no released binary can be told to panic.
#[cfg(debug_assertions)]
pub(super) fn panic_if_told(key: KeyEvent) {
    if key.modifiers.contains(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        match key.code {
            KeyCode::Char('p') => panic!("panic of the loop"),
            KeyCode::Char('t') => drop(std::thread::spawn(|| panic!("panic of a thread"))),
            _ => {}
        }
    }
}

/// The chord of a key, if it is one that we know.
pub(super) fn chord(key: KeyEvent) -> Option<Chord> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let key = match key.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(n) => Key::F(n),
        _ => return None,
    };
    Some(Chord { key, ctrl, alt })
}

/// What the mouse did, if it is something that we know.
pub(super) fn pressed(mouse: MouseEvent) -> Option<Press> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Press::Down),
        MouseEventKind::Drag(MouseButton::Left) => Some(Press::Drag),
        MouseEventKind::Up(MouseButton::Left) => Some(Press::Up),
        MouseEventKind::ScrollDown => Some(Press::Wheel(3)),
        MouseEventKind::ScrollUp => Some(Press::Wheel(-3)),
        _ => None,
    }
}
