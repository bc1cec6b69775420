//! The operator's clipboard, through the terminal: OSC 52, which works over SSH and needs no X11.

use super::terminal::detect::Multiplexer;
use crate::event::MOST_COPIED;
use base64::Engine as _;

/// The control sequence that puts `text` on the clipboard; a text that is too long is cut at a character.
///
/// tmux and screen keep sequences for themselves unless they are wrapped (`ESC P tmux; ... ESC \`, each ESC doubled).
pub fn osc52(text: &str, multiplexer: Option<Multiplexer>) -> Vec<u8> {
    let cut = (0..=text.len().min(MOST_COPIED)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let encoded = base64::engine::general_purpose::STANDARD.encode(&text[..cut]);
    let plain = format!("\x1b]52;c;{encoded}\x07");
    match multiplexer {
        None => plain.into_bytes(),
        Some(Multiplexer::Tmux) => {
            format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes()
        }
        Some(Multiplexer::Screen) => format!("\x1bP{plain}\x1b\\").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_wrapped_and_capped() {
        assert_eq!(osc52("hi", None), b"\x1b]52;c;aGk=\x07");
        assert_eq!(osc52("hi", Some(Multiplexer::Tmux)), b"\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        assert_eq!(osc52("hi", Some(Multiplexer::Screen)), b"\x1bP\x1b]52;c;aGk=\x07\x1b\\");
        assert!(osc52(&"ä".repeat(100_000), None).len() <= 74_994 + 20);
    }
}
