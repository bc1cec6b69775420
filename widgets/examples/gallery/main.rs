//! Every widget: a page of all of them, and a page for each. `tab` and the arrow keys turn pages, `a` changes the alphabet,
//! `q` quits.
//!
//! `--print [PAGE] [COLUMNS [ROWS]]` writes one frame as text instead, `--ascii` starts in ASCII.

use std::io::{self, Write as _};

use crossterm::event::{self, Event, KeyCode};
use ratatui::Frame;
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::Widget;
use warroom_widgets::{Badge, Corner, GlyphSet, KeyHint, KeyHints, StatusLight, Toast};

mod pages;

use pages::{
    BAD, CALM, DIM, GOOD, STRONG, WARN, bars, digits, graph, heat, services, sparks, states, timeline,
};

/// A page: its name, and what draws it.
type Page = (&'static str, fn(Rect, &mut Buffer, GlyphSet));

const PAGES: [Page; 9] = [
    ("all", gallery),
    ("states", states),
    ("bars", bars),
    ("sparklines", sparks),
    ("graph", graph),
    ("heat", heat),
    ("table", services),
    ("timeline", timeline),
    ("digits", digits),
];

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut alphabet = if args.iter().any(|arg| arg == "--ascii") { GlyphSet::ALL.len() - 1 } else { 0 };
    let mut page = PAGES.iter().position(|(name, _)| args.iter().any(|arg| arg == name)).unwrap_or(0);
    let glyphs = |alphabet: usize| GlyphSet::ALL.get(alphabet).copied().unwrap_or_default();
    if args.iter().any(|arg| arg == "--print") {
        let mut numbers = args.iter().filter_map(|arg| arg.parse::<u16>().ok());
        let size = (numbers.next().unwrap_or(120), numbers.next().unwrap_or(40));
        return print(page, size.0.min(1000), size.1.min(1000), glyphs(alphabet));
    }
    let mut terminal = ratatui::try_init()?;
    let outcome = loop {
        let draw = |frame: &mut Frame| screen(page, frame.area(), frame.buffer_mut(), glyphs(alphabet));
        if let Err(error) = terminal.draw(draw) {
            break Err(error);
        }
        let key = match event::read() {
            Ok(Event::Key(key)) => key.code,
            Ok(_) => continue,
            Err(error) => break Err(error),
        };
        match key {
            KeyCode::Char('q') | KeyCode::Esc => break Ok(()),
            KeyCode::Char('a') => alphabet = (alphabet + 1) % GlyphSet::ALL.len(),
            KeyCode::Tab | KeyCode::Right | KeyCode::Down | KeyCode::Char('l' | 'j') => {
                page = (page + 1) % PAGES.len();
            }
            KeyCode::BackTab | KeyCode::Left | KeyCode::Up | KeyCode::Char('h' | 'k') => {
                page = (page + PAGES.len() - 1) % PAGES.len();
            }
            KeyCode::Char(digit @ '1'..='9') => page = (digit as usize - '1' as usize).min(PAGES.len() - 1),
            _ => {}
        }
    };
    ratatui::try_restore()?;
    outcome
}

/// A page under the names of all pages, above the keys.
fn screen(page: usize, area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(area);
    let mut x = head.x;
    for (at, (name, _)) in PAGES.iter().enumerate() {
        let style = if at == page { CALM.add_modifier(Modifier::REVERSED) } else { DIM };
        let badge = Badge::new(*name).style(style).brackets(at == page && glyphs.is_ascii());
        (&badge).render(Rect { x, width: head.right().saturating_sub(x), ..head }, buf);
        x = x.saturating_add(badge.width() as u16);
    }
    if let Some((_, draw)) = PAGES.get(page) {
        draw(body, buf, glyphs);
    }
    footer(foot, buf);
}

/// One frame as text, without colours.
fn print(page: usize, width: u16, height: u16, glyphs: GlyphSet) -> io::Result<()> {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    screen(page, buf.area, &mut buf, glyphs);
    let mut out = io::stdout().lock();
    for y in 0..height {
        let mut x = 0;
        while let Some(cell) = buf.cell((x, y)).filter(|_| x < width) {
            write!(out, "{}", cell.symbol())?;
            x += cell.symbol().cell_width().max(1);
        }
        writeln!(out)?;
    }
    Ok(())
}

fn gallery(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    header(head, buf, glyphs);
    if body.width < 100 {
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Length(9), Constraint::Fill(1), Constraint::Length(5)]).areas(body);
        services(top, buf, glyphs);
        graph(middle, buf, glyphs);
        timeline(bottom, buf, glyphs);
        return;
    }
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(9), Constraint::Fill(3), Constraint::Fill(2)]).areas(body);
    services(top, buf, glyphs);
    let [left, right] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(middle);
    graph(left, buf, glyphs);
    let [bars_area, sparks_area] =
        Layout::vertical([Constraint::Length(10), Constraint::Fill(1)]).areas(right);
    bars(bars_area, buf, glyphs);
    sparks(sparks_area, buf, glyphs);
    let [left, centre, right] =
        Layout::horizontal([Constraint::Fill(2), Constraint::Fill(2), Constraint::Length(46)]).areas(bottom);
    timeline(left, buf, glyphs);
    heat(centre, buf, glyphs);
    digits(right, buf, glyphs);
    Toast::new("request copied: paste it into a shell")
        .title("sent to the clipboard")
        .style(Style::new().bg(Color::Black))
        .border_style(CALM)
        .corner(Corner::BottomRight)
        .max_width(30)
        .glyphs(glyphs)
        .render(
            Rect { height: body.height.saturating_sub(1), width: body.width.saturating_sub(1), ..body },
            buf,
        );
}

fn header(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let g = glyphs.glyphs();
    let mut x = area.x;
    for (glyph, word, style) in [
        (g.bad, "1 down", BAD),
        (g.warning, "2 degraded", WARN),
        (g.good, "9 up", GOOD),
        (g.off, "1 off", DIM),
    ] {
        let light = StatusLight::new(glyph, word).style(style).glyphs(glyphs);
        let place = Rect { x, width: area.right().saturating_sub(x), ..area };
        (&light).render(place, buf);
        x += light.width() as u16 + 3;
    }
    let place = Rect { x, width: area.right().saturating_sub(x), ..area };
    Badge::new("READ-ONLY").label("prod").style(CALM.add_modifier(Modifier::REVERSED)).render(place, buf);
}

fn footer(area: Rect, buf: &mut Buffer) {
    let hints = [
        KeyHint::new("tab", "next page"),
        KeyHint::new("1-9", "page").priority(50),
        KeyHint::new("a", "next alphabet").priority(150),
        KeyHint::new("q", "quit").priority(200),
    ];
    KeyHints::new(&hints).key_style(STRONG).label_style(DIM).render(area, buf);
}
