//! What vt100 shows after our bytes is what the buffer holds.

use super::*;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::num::NonZeroU16;

struct Rig {
    terminal: Terminal<Ansi>,
    shown: vt100::Parser,
}

impl Rig {
    fn new(width: u16, height: u16) -> Self {
        let cells = |count| NonZeroU16::new(count).expect("not 0");
        Self {
            terminal: Terminal::new(Ansi::new(width, height)).expect("memory"),
            shown: vt100::Parser::new(cells(height), cells(width), 0),
        }
    }

    fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> Vec<u8> {
        self.terminal.draw(paint).expect("memory");
        let bytes = self.terminal.backend_mut().take_frame(&mut Vec::new());
        self.shown.process(&bytes);
        bytes
    }
}

use ratatui::Frame;

fn colour(colour: Color) -> vt100::Color {
    match colour {
        Color::Red => vt100::Color::Idx(1),
        Color::White => vt100::Color::Idx(15),
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        _ => vt100::Color::Default,
    }
}

/// Compares what can be seen.
fn same(buffer: &Buffer, shown: &vt100::Screen) -> Result<(), String> {
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let want = &buffer[(x, y)];
            let got = shown.cell(y, x).ok_or("no such cell")?;
            let symbol = if got.contents().is_empty() { " " } else { got.contents() };
            let at = format!("at {x},{y}: {want:?} is shown as {got:?}");
            if symbol != want.symbol() || got.bgcolor() != colour(want.bg) {
                return Err(at);
            }
            let modifier = want.modifier;
            let blank = symbol == " ";
            let lit = modifier.contains(Modifier::REVERSED) == got.inverse()
                && modifier.contains(Modifier::UNDERLINED) == got.underline();
            // vt100 knows one intensity, so it cannot show bold and dim at once.
            let intensity = match modifier & (Modifier::BOLD | Modifier::DIM) {
                Modifier::BOLD => got.bold(),
                Modifier::DIM => got.dim(),
                both if both.is_empty() => !got.bold() && !got.dim(),
                _ => got.bold() || got.dim(),
            };
            let inked = intensity && modifier.contains(Modifier::ITALIC) == got.italic();
            let fg_seen = !blank || modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED);
            if !lit || !(blank || inked) || (fg_seen && got.fgcolor() != colour(want.fg)) {
                return Err(at);
            }
            x += want.cell_width().max(1);
        }
    }
    Ok(())
}

type Piece = (u16, u16, String, Style);

fn style() -> impl Strategy<Value = Style> {
    let colours = prop_oneof![
        3 => Just(Color::Reset), 1 => Just(Color::Red), 1 => Just(Color::White),
        1 => any::<u8>().prop_map(Color::Indexed), 1 => Just(Color::Rgb(1, 2, 3)),
    ];
    let modifiers = proptest::sample::subsequence(
        vec![Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED],
        0..3,
    );
    (colours.clone(), colours, modifiers).prop_map(|(fg, bg, modifiers)| {
        let all = modifiers.into_iter().fold(Modifier::empty(), |all, one| all | one);
        Style::new().fg(fg).bg(bg).add_modifier(all)
    })
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let text = prop_oneof!["[a-c ]{1,12}", " {1,24}", "[東京a ]{1,8}", "[⣀⣤│█]{1,10}"];
    proptest::collection::vec((0u16..24, 0u16..8, text, style()), 0..12)
}

fn paint(frame: &mut Frame<'_>, pieces: &[Piece]) {
    let area = frame.area();
    for (x, y, text, style) in pieces {
        if *x < area.width && *y < area.height {
            frame.buffer_mut().set_stringn(*x, *y, text, usize::from(area.width - x), *style);
        }
    }
}

/// The buffer as drawn: a glyph that was overwritten in its second half by a later piece is no well-formed buffer.
fn painted(width: u16, height: u16, pieces: &[Piece]) -> Buffer {
    let mut terminal = Terminal::new(ratatui::backend::TestBackend::new(width, height)).expect("memory");
    terminal.draw(|frame| paint(frame, pieces)).expect("memory").buffer.clone()
}

fn well_formed(buffer: &Buffer) -> bool {
    buffer.content.chunks(usize::from(buffer.area.width)).all(|row| {
        row.iter().enumerate().all(|(at, cell)| {
            cell.cell_width() < 2 || row.get(at + 1).is_some_and(|next| next.symbol() == " ")
        })
    })
}

proptest! {
    #[test]
    fn any_pair_of_frames_is_shown_as_drawn(width in 1u16..30, height in 1u16..10, first in pieces(), second in pieces()) {
        let (one, two) = (painted(width, height, &first), painted(width, height, &second));
        prop_assume!(well_formed(&one) && well_formed(&two));
        let mut rig = Rig::new(width, height);
        for (pieces, buffer) in [(&first, &one), (&second, &two), (&first, &one)] {
            rig.draw(|frame| paint(frame, pieces));
            if let Err(difference) = same(buffer, rig.shown.screen()) {
                return Err(TestCaseError::fail(difference));
            }
            let again = rig.draw(|frame| paint(frame, pieces));
            prop_assert!(again.is_empty(), "nothing changed: {:?}", again);
        }
    }
}

#[test]
fn a_changed_cell_of_text_costs_few_bytes() {
    let mut rig = Rig::new(120, 40);
    let table = |frame: &mut Frame<'_>, tick: u32| {
        for row in 0..30u16 {
            let text = format!(
                "service-{row:<3} {:>6} ms {:>5.1} %",
                (tick * 37 + u32::from(row) * 11) % 900,
                f64::from(tick % 7)
            );
            frame.buffer_mut().set_stringn(2, row + 2, text, 60, Style::new().fg(Color::Rgb(90, 200, 120)));
        }
    };
    rig.draw(|frame| table(frame, 1));
    let (mut bytes, mut cells) = (0, 0);
    for tick in 2..50 {
        let before = rig.terminal.current_buffer_mut().area;
        let old = rig.shown.screen().contents();
        bytes += rig.draw(|frame| table(frame, tick)).len();
        assert_eq!(before, Rect::new(0, 0, 120, 40));
        let new = rig.shown.screen().contents();
        cells += old.chars().zip(new.chars()).filter(|(old, new)| old != new).count();
    }
    println!("{bytes} bytes for {cells} changed cells");
    assert!(bytes <= cells * 6, "{bytes} bytes for {cells} changed cells");
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let mut rig = Rig::new(10, 1);
    let bytes = rig.draw(|frame| {
        frame.buffer_mut()[(0, 0)].set_symbol("\u{1b}]0;x\u{7}");
        frame.buffer_mut()[(1, 0)].set_symbol("\u{9b}");
        frame.buffer_mut()[(8, 0)].set_symbol("z");
    });
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!text.contains("]0;") && !text.contains('\u{9b}') && text.contains('z'), "{text:?}");
}
