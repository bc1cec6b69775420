//! Bytes in, inputs out; every row also cut at each byte.

use super::*;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

fn inputs(chunks: &[&[u8]]) -> Vec<Input> {
    let (mut parser, mut out) = (Parser::default(), Vec::new());
    for chunk in chunks {
        parser.feed(chunk, &mut out);
    }
    while parser.patience().is_some() {
        parser.give_up(&mut out);
    }
    out
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn letter(c: char) -> Input {
    key(KeyCode::Char(c), NONE)
}

fn mouse(kind: MouseEventKind, column: u16, row: u16, modifiers: KeyModifiers) -> Input {
    Input::Mouse(MouseEvent { kind, column, row, modifiers })
}

#[test]
fn bytes_become_inputs_however_they_are_cut() {
    let rows: Vec<(&[u8], Vec<Input>)> = vec![
        (b"q", vec![letter('q')]),
        (b"jk", vec![letter('j'), letter('k')]),
        (b"G", vec![key(KeyCode::Char('G'), SHIFT)]),
        ("é".as_bytes(), vec![letter('é')]),
        ("東".as_bytes(), vec![letter('東')]),
        ("🦀".as_bytes(), vec![letter('🦀')]),
        (b"\xffq", vec![letter('q')]),
        (b"\x1b", vec![key(KeyCode::Esc, NONE)]),
        (b"\x1bq", vec![key(KeyCode::Char('q'), ALT)]),
        (b"\x1b\x1b[A", vec![key(KeyCode::Esc, NONE), key(KeyCode::Up, NONE)]),
        (b"\x1b[", vec![key(KeyCode::Char('['), ALT)]),
        (b"\x1bO", vec![key(KeyCode::Char('O'), ALT | SHIFT)]),
        (
            b"\r\t\x7f",
            vec![key(KeyCode::Enter, NONE), key(KeyCode::Tab, NONE), key(KeyCode::Backspace, NONE)],
        ),
        (b"\x03\x1a", vec![key(KeyCode::Char('c'), CONTROL), key(KeyCode::Char('z'), CONTROL)]),
        (b"\0\x1c", vec![key(KeyCode::Char(' '), CONTROL), key(KeyCode::Char('4'), CONTROL)]),
        (b"\x1b[A\x1bOB", vec![key(KeyCode::Up, NONE), key(KeyCode::Down, NONE)]),
        (b"\x1b[1;5C", vec![key(KeyCode::Right, CONTROL)]),
        (b"\x1b[1;2D", vec![key(KeyCode::Left, SHIFT)]),
        (b"\x1b[H\x1b[4~", vec![key(KeyCode::Home, NONE), key(KeyCode::End, NONE)]),
        (b"\x1b[5~\x1b[6;3~", vec![key(KeyCode::PageUp, NONE), key(KeyCode::PageDown, ALT)]),
        (b"\x1b[Z", vec![key(KeyCode::BackTab, SHIFT)]),
        (
            b"\x1bOP\x1b[15~\x1b[24~",
            vec![key(KeyCode::F(1), NONE), key(KeyCode::F(5), NONE), key(KeyCode::F(12), NONE)],
        ),
        (b"\x1b[[A\x1b[[E", vec![key(KeyCode::F(1), NONE), key(KeyCode::F(5), NONE)]),
        (b"\x1b[3^\x1b[a", vec![key(KeyCode::Delete, CONTROL), key(KeyCode::Up, SHIFT)]),
        (
            b"\x1b[113;5u\x1b[27;5;105~",
            vec![key(KeyCode::Char('q'), CONTROL), key(KeyCode::Char('i'), CONTROL)],
        ),
        (b"\x1b[I\x1b[O", vec![Input::Focus(true), Input::Focus(false)]),
        // Late answers of a terminal are swallowed whole.
        (b"\x1b[?62;4cq", vec![letter('q')]),
        (b"\x1b[?2026;2$yq", vec![letter('q')]),
        (b"\x1b]11;rgb:0000/0000/0000\x1b\\q", vec![letter('q')]),
        (b"\x1b]11;rgb:0000/0000/0000\x07q", vec![letter('q')]),
        (b"\x1bP>|kitty(0.35)\x1b\\q", vec![letter('q')]),
        (b"\x1b]11;rgb:cut", vec![]),
        (b"\x1b[999999999999~q", vec![letter('q')]),
        (b"\x1b[1\x18q", vec![key(KeyCode::Char('x'), CONTROL), letter('q')]),
        (b"\x1b[<0;10;5M", vec![mouse(MouseEventKind::Down(MouseButton::Left), 9, 4, NONE)]),
        (b"\x1b[<2;1;1m", vec![mouse(MouseEventKind::Up(MouseButton::Right), 0, 0, NONE)]),
        (b"\x1b[<32;300;2M", vec![mouse(MouseEventKind::Drag(MouseButton::Left), 299, 1, NONE)]),
        (
            b"\x1b[<64;1;1M\x1b[<81;1;1M",
            vec![
                mouse(MouseEventKind::ScrollUp, 0, 0, NONE),
                mouse(MouseEventKind::ScrollDown, 0, 0, CONTROL),
            ],
        ),
        (b"\x1b[<35;7;7M", vec![mouse(MouseEventKind::Moved, 6, 6, NONE)]),
        (b"\x1b[<0;0;0M", vec![mouse(MouseEventKind::Down(MouseButton::Left), 0, 0, NONE)]),
        (
            b"\x1b[M !!\x1b[M#!!",
            vec![
                mouse(MouseEventKind::Down(MouseButton::Left), 0, 0, NONE),
                mouse(MouseEventKind::Up(MouseButton::Left), 0, 0, NONE),
            ],
        ),
        (b"\x1b[200~a\r\nb\x1b[A\x1b[201~q", vec![Input::Paste("a\nb\u{1b}[A".into()), letter('q')]),
        (b"\x1b[200~no end", vec![Input::Paste("no end".into())]),
        (b"\x1b[200~\x1b[201~", vec![Input::Paste(String::new())]),
    ];
    for (bytes, want) in rows {
        assert_eq!(inputs(&[bytes]), want, "{:?}", String::from_utf8_lossy(bytes));
        for cut in 1..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(inputs(&[head, tail]), want, "{:?} cut at {cut}", String::from_utf8_lossy(bytes));
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(inputs(&single), want, "{:?} byte by byte", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_large_paste_is_one_input_and_capped() {
    let mut parser = Parser::default();
    let mut out = Vec::new();
    parser.feed(b"\x1b[200~", &mut out);
    for _ in 0..1000 {
        parser.feed(&[b'x'; 4096], &mut out);
        assert!(parser.buffer.len() < 16, "pasted bytes are moved on");
    }
    assert!(out.is_empty());
    parser.feed(b"\x1b[201~", &mut out);
    assert!(matches!(out.as_slice(), [Input::Paste(text)] if text.len() == PASTE_CAP));
    assert_eq!(parser.patience(), None);
}

#[test]
fn what_never_ends_is_let_go() {
    for begin in [b"\x1b]".as_slice(), b"\x1bP", b"\x1b["] {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        parser.feed(begin, &mut out);
        for _ in 0..100 {
            parser.feed(&[b'0'; 1024], &mut out);
            assert!(parser.buffer.len() <= STRING_CAP + 1024);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken_and_cuts_do_not_matter_to_keys(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
        let cut = cut.min(bytes.len());
        let (head, tail) = bytes.split_at(cut);
        prop_assert_eq!(inputs(&[&bytes]), inputs(&[head, tail]));
    }
}
