//! From bytes to keys, pastes and mouse events: total, bounded, and never waiting. It reads nothing itself.
//!
//! Understood: UTF-8, C0 controls, CSI and SS3 keys of xterm, rxvt and the Linux console, modifiers as xterm encodes
//! them, CSI u, SGR and X10 mouse reports, bracketed paste, focus. Whatever else is well-formed (late answers to queries
//! that somebody else sent) is swallowed whole and never becomes keys.

mod csi;

use super::input::Input;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// The most of a paste that is kept.
const PASTE_CAP: usize = 64 * 1024;
/// The longest control sequence that is a key; strings (OSC, DCS) are swallowed up to [`STRING_CAP`].
const SEQUENCE_CAP: usize = 64;
const STRING_CAP: usize = 16 * 1024;
const PASTE_END: &[u8] = b"\x1b[201~";
/// Escape alone, or the begin of a sequence whose rest is still on the way: links that split it farther are rare.
const ESCAPE_PATIENCE: Duration = Duration::from_millis(30);
/// A paste that was begun and never ended must not swallow keys for ever.
const PASTE_PATIENCE: Duration = Duration::from_millis(1500);

/// What the first bytes of a buffer are.
pub(super) enum Step {
    /// This many bytes are this, or nothing that concerns us.
    Took(usize, Option<Input>),
    /// A paste begins after this many bytes.
    Paste(usize),
    /// The begin of something.
    More,
}

/// Turns a stream of bytes, cut anywhere, into inputs.
#[derive(Debug, Default)]
pub(super) struct Parser {
    buffer: Vec<u8>,
    pasting: Option<Vec<u8>>,
}

impl Parser {
    /// How long to wait for more before [`Parser::give_up`]; `None` where nothing is half-received.
    pub(super) fn patience(&self) -> Option<Duration> {
        match (&self.pasting, self.buffer.is_empty()) {
            (Some(_), _) => Some(PASTE_PATIENCE),
            (None, false) => Some(ESCAPE_PATIENCE),
            (None, true) => None,
        }
    }

    /// Takes bytes as they come.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.buffer.len() {
            let rest = self.buffer.get(at..).unwrap_or_default();
            if let Some(pasted) = &mut self.pasting {
                let (taken, ended) = take_pasted(rest, pasted);
                at += taken;
                if !ended {
                    break;
                }
                out.push(paste(self.pasting.take()));
                continue;
            }
            match step(rest) {
                Step::Took(count, input) => {
                    at += count.max(1);
                    out.extend(input);
                }
                Step::Paste(count) => {
                    at += count;
                    self.pasting = Some(Vec::new());
                }
                Step::More => break,
            }
        }
        self.buffer.drain(..at.min(self.buffer.len()));
    }

    /// Nothing more came: a begun sequence was meant as it stands, or is broken.
    pub(super) fn give_up(&mut self, out: &mut Vec<Input>) {
        let buffer = std::mem::take(&mut self.buffer);
        if let Some(mut pasted) = self.pasting.take() {
            keep(&mut pasted, &buffer);
            out.push(paste(Some(pasted)));
            return;
        }
        match buffer.as_slice() {
            [0x1b] => out.push(key(KeyCode::Esc, KeyModifiers::NONE)),
            // Alt with a letter that also begins a sequence.
            [0x1b, letter] if letter.is_ascii_graphic() => {
                out.push(character(char::from(*letter), KeyModifiers::ALT));
            }
            // The rest of an answer that was cut must not become keys.
            _ => {}
        }
    }
}

fn paste(bytes: Option<Vec<u8>>) -> Input {
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).replace("\r\n", "\n").replace('\r', "\n");
    Input::Paste(text)
}

fn keep(pasted: &mut Vec<u8>, bytes: &[u8]) {
    let room = PASTE_CAP.saturating_sub(pasted.len());
    pasted.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
}

/// Moves pasted bytes over; answers how many were taken and whether the paste ended with them. What could be the begin
/// of its end stays.
fn take_pasted(rest: &[u8], pasted: &mut Vec<u8>) -> (usize, bool) {
    if let Some(end) = memchr::memmem::find(rest, PASTE_END) {
        keep(pasted, rest.get(..end).unwrap_or_default());
        return (end + PASTE_END.len(), true);
    }
    let tail = (1..PASTE_END.len()).rev().find(|&length| {
        rest.len() >= length && PASTE_END.starts_with(rest.get(rest.len() - length..).unwrap_or_default())
    });
    let taken = rest.len() - tail.unwrap_or(0);
    keep(pasted, rest.get(..taken).unwrap_or_default());
    (taken, false)
}

/// A pressed key.
pub(super) fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

/// A character; an upper-case one carries SHIFT, as crossterm has it.
pub(super) fn character(c: char, modifiers: KeyModifiers) -> Input {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    key(KeyCode::Char(c), modifiers | shift)
}

/// Judges the first thing in a buffer that is not empty.
fn step(bytes: &[u8]) -> Step {
    match bytes {
        [] => Step::More,
        [0x1b, rest @ ..] => escape(rest),
        _ => plain(bytes, KeyModifiers::NONE, 0),
    }
}

fn escape(rest: &[u8]) -> Step {
    match rest {
        [] => Step::More,
        [b'[', sequence @ ..] => csi::control(sequence, SEQUENCE_CAP),
        [b'O', rest @ ..] => match rest {
            [] => Step::More,
            [letter, ..] => match csi::ss3(*letter) {
                Some(input) => Step::Took(3, Some(input)),
                // Alt-O, and something else after it.
                None => Step::Took(2, Some(character('O', KeyModifiers::ALT))),
            },
        },
        [b']' | b'P' | b'_' | b'^' | b'X', string @ ..] => control_string(string),
        // Two Escapes: the second may begin a sequence of its own.
        [0x1b, ..] => Step::Took(1, Some(key(KeyCode::Esc, KeyModifiers::NONE))),
        _ => plain(rest, KeyModifiers::ALT, 1),
    }
}

/// OSC, DCS, APC, PM, SOS: up to BEL or ST.
fn control_string(string: &[u8]) -> Step {
    let bell = memchr::memchr(0x07, string).map(|at| at + 1);
    let terminator = memchr::memmem::find(string, b"\x1b\\").map(|at| at + 2);
    match (bell, terminator) {
        (Some(a), Some(b)) => Step::Took(2 + a.min(b), None),
        (Some(end), None) | (None, Some(end)) => Step::Took(2 + end, None),
        (None, None) if string.len() > STRING_CAP => Step::Took(2 + string.len(), None),
        (None, None) => Step::More,
    }
}

/// A control byte or a UTF-8 character, `before` bytes into the buffer.
fn plain(bytes: &[u8], modifiers: KeyModifiers, before: usize) -> Step {
    let took = |count: usize, input: Input| Step::Took(before + count, Some(input));
    let control = |c: char| key(KeyCode::Char(c), modifiers | KeyModifiers::CONTROL);
    match bytes {
        [] => Step::More,
        [b'\r', ..] => took(1, key(KeyCode::Enter, modifiers)),
        [b'\t', ..] => took(1, key(KeyCode::Tab, modifiers)),
        [0x7f, ..] => took(1, key(KeyCode::Backspace, modifiers)),
        [0, ..] => took(1, control(' ')),
        [byte @ 0x01..=0x1a, ..] => took(1, control(char::from(byte - 1 + b'a'))),
        [byte @ 0x1c..=0x1f, ..] => took(1, control(char::from(byte - 0x1c + b'4'))),
        [byte, ..] if byte.is_ascii() => took(1, character(char::from(*byte), modifiers)),
        _ => {
            let head = bytes.get(..bytes.len().min(4)).unwrap_or_default();
            match head.utf8_chunks().next() {
                Some(chunk) => match chunk.valid().chars().next() {
                    Some(c) => took(c.len_utf8(), character(c, modifiers)),
                    None if is_begun(head) => Step::More,
                    // Not UTF-8: a key of another encoding, which we cannot name.
                    None => Step::Took(before + chunk.invalid().len().max(1), None),
                },
                None => Step::More,
            }
        }
    }
}

/// All of `head` is the begin of one character.
fn is_begun(head: &[u8]) -> bool {
    std::str::from_utf8(head).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
}

#[cfg(test)]
mod tests;
