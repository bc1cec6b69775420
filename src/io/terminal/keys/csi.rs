//! Control sequences that are keys or mouse reports.

use super::{Step, character, key};
use crate::io::terminal::input::Input;
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// What follows `ESC [`: parameters, intermediates, a final byte; at most `cap` bytes.
pub(super) fn control(sequence: &[u8], cap: usize) -> Step {
    // The Linux console writes F1 to F5 as `ESC [ [ A`.
    if let [b'[', rest @ ..] = sequence {
        return match rest {
            [] => Step::More,
            [letter @ b'A'..=b'E', ..] => {
                took(2, Some(key(KeyCode::F(letter - b'A' + 1), KeyModifiers::NONE)))
            }
            _ => took(1, None),
        };
    }
    let Some(end) = sequence.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return if sequence.len() > cap { took(sequence.len(), None) } else { Step::More };
    };
    let (parameters, rest) = sequence.split_at(end);
    match rest {
        // rxvt ends a shifted key with `$`, which is no final byte; it is handled as an intermediate below.
        [last @ 0x40..=0x7e, after @ ..] => finished(parameters, *last, after, end + 1),
        // A control byte in the middle: the sequence is broken, the byte is judged on its own.
        _ => took(end, None),
    }
}

/// `count` bytes after `ESC [`.
fn took(count: usize, input: Option<Input>) -> Step {
    Step::Took(2 + count, input)
}

fn finished(parameters: &[u8], last: u8, after: &[u8], count: usize) -> Step {
    match (parameters, last) {
        (b"200", b'~') => Step::Paste(2 + count),
        ([], b'M') => match after {
            [button, x, y, ..] => {
                let [button, x, y] = [button, x, y].map(|byte| u16::from(byte.saturating_sub(32)));
                took(count + 3, mouse(button, x, y, button & 3 == 3 && button < 64))
            }
            _ => Step::More,
        },
        ([b'<', report @ ..], b'M' | b'm') => {
            let numbers = numbers(report);
            let input = match numbers {
                [Some(button), Some(x), Some(y)] => mouse(button, x, y, last == b'm'),
                _ => None,
            };
            took(count, input)
        }
        ([], b'I') => took(count, Some(Input::Focus(true))),
        ([], b'O') => took(count, Some(Input::Focus(false))),
        // Private parameters are answers to queries.
        ([b'<'..=b'?', ..], _) => took(count, None),
        _ => took(count, named(numbers(parameters), last)),
    }
}

/// The first three parameters; what is no number is none. Sub-parameters after a colon are left out.
fn numbers(parameters: &[u8]) -> [Option<u16>; 3] {
    let mut fields = parameters.split(|byte| *byte == b';').map(|field| {
        let digits = field.split(|byte| *byte == b':').next().unwrap_or_default();
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok())
    });
    std::array::from_fn(|_| fields.next().flatten())
}

/// xterm: 1 + a bit set of Shift, Alt, Control, Meta.
fn modifiers(parameter: Option<u16>) -> KeyModifiers {
    let bits = parameter.unwrap_or(1).saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in
        [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL), (8, KeyModifiers::ALT)]
    {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    modifiers
}

fn named([first, second, third]: [Option<u16>; 3], last: u8) -> Option<Input> {
    let held = modifiers(second);
    let code = match last {
        b'~' if first == Some(27) => return coded(third?, held),
        b'u' => return coded(first?, held),
        b'~' => tilde(first?)?,
        // rxvt: `^` for Control.
        b'^' => return Some(key(tilde(first?)?, KeyModifiers::CONTROL)),
        b'@' => return Some(key(tilde(first?)?, KeyModifiers::CONTROL | KeyModifiers::SHIFT)),
        b'Z' => return Some(key(KeyCode::BackTab, held | KeyModifiers::SHIFT)),
        b'a'..=b'd' => return Some(key(arrow(last.to_ascii_uppercase())?, KeyModifiers::SHIFT)),
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => arrow(last)?,
    };
    Some(key(code, held))
}

/// What follows `ESC O`.
pub(super) fn ss3(letter: u8) -> Option<Input> {
    let plain = |code| Some(key(code, KeyModifiers::NONE));
    match letter {
        b'P'..=b'S' => plain(KeyCode::F(letter - b'P' + 1)),
        b'M' => plain(KeyCode::Enter),
        b'a'..=b'd' => Some(key(arrow(letter.to_ascii_uppercase())?, KeyModifiers::CONTROL)),
        // The keypad in application mode.
        b'j'..=b'y' => plain(KeyCode::Char(char::from(letter - 0x40))),
        _ => plain(arrow(letter)?),
    }
}

fn arrow(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        _ => return None,
    })
}

fn tilde(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F((number - 10) as u8),
        17..=21 => KeyCode::F((number - 11) as u8),
        23..=26 => KeyCode::F((number - 12) as u8),
        28..=29 => KeyCode::F((number - 13) as u8),
        31..=34 => KeyCode::F((number - 14) as u8),
        _ => return None,
    })
}

/// CSI u and modifyOtherKeys: a key by its code point.
fn coded(code: u16, held: KeyModifiers) -> Option<Input> {
    let code = match char::from_u32(u32::from(code))? {
        '\r' => KeyCode::Enter,
        '\t' if held.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        '\t' => KeyCode::Tab,
        '\u{1b}' => KeyCode::Esc,
        '\u{7f}' | '\u{8}' => KeyCode::Backspace,
        c if c.is_control() => return None,
        c => return Some(character(c, held)),
    };
    Some(key(code, held))
}

/// A report: buttons and modifiers in one number, the cell counted from 1.
fn mouse(button: u16, x: u16, y: u16, released: bool) -> Option<Input> {
    let (low, drag, wheel) = (button & 3, button & 32 != 0, button & 64 != 0);
    if button & 128 != 0 {
        return None;
    }
    let which = match low {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        // X10 reports cannot say which button was released.
        _ if low == 3 => MouseButton::Left,
        _ => MouseButton::Right,
    };
    let kind = match (wheel, low, drag, released) {
        (true, 0, ..) => MouseEventKind::ScrollUp,
        (true, 1, ..) => MouseEventKind::ScrollDown,
        (true, 2, ..) => MouseEventKind::ScrollLeft,
        (true, ..) => MouseEventKind::ScrollRight,
        (false, 3, true, _) => MouseEventKind::Moved,
        (false, _, _, true) => MouseEventKind::Up(which),
        (false, 3, ..) => return None,
        (false, _, true, _) => MouseEventKind::Drag(which),
        (false, ..) => MouseEventKind::Down(which),
    };
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)] {
        if button & bit != 0 {
            held |= modifier;
        }
    }
    Some(Input::Mouse(MouseEvent {
        kind,
        column: x.saturating_sub(1),
        row: y.saturating_sub(1),
        modifiers: held,
    }))
}
