//! The wall's own parts: the band of big digits that can be read across a room, and its foot line. The screen below the
//! band is the one that everybody knows.

use super::draw;
use super::incidents::severity_spans;
use crate::incident::Incident;
use crate::model::Model;
use crate::model::slos::{self, SloRow};
use crate::model::wall::Alarm;
use crate::severity::Severity;
use crate::target::health::State;
use crate::text::{clean, truncate, width};
use crate::theme::{Role, Theme};
use crate::units::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::time::Duration;
use warroom_widgets::BigDigits;

/// One number of the band: the digits, and below them what it is.
struct Tile {
    digits: String,
    label: Vec<Span<'static>>,
    role: Role,
}

impl Tile {
    /// With a glyph in front of its words, so that no colour says anything alone.
    fn new(digits: impl Into<String>, words: &str, state: State, theme: &Theme) -> Self {
        let role = if state == State::Up { Role::Text } else { draw::role(state) };
        let glyph =
            Span::styled(format!("{} ", draw::glyph(state, theme.glyphs())), theme.style(draw::role(state)));
        let words = Span::styled(draw::words(words, theme), theme.style(Role::Text));
        Self { digits: digits.into(), label: vec![glyph, words], role }
    }

    fn label_width(&self) -> usize {
        self.label.iter().map(Span::width).sum()
    }
}

/// Columns between the words below two numbers.
const APART: usize = 3;

/// Columns between two numbers at that scale: more than between two digits of one, or they run together.
fn gap(scale: u16) -> usize {
    5 + 6 * usize::from(scale)
}

/// A label gets at least so many columns, however many numbers there are.
const LEAST_LABEL: usize = 15;

/// Draws the band of big digits.
pub(super) fn band(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.height < 2 || area.width < 8 {
        return;
    }
    let mut tiles = tiles(model, theme);
    let rows = usize::from(area.height - 1);
    let (count, scale) = largest(&tiles, rows, area.width);
    tiles.truncate(count);
    let widths = widths(&tiles, scale, usize::from(area.width));
    let taken: usize = widths.iter().sum();
    let free = usize::from(area.width).saturating_sub(taken);
    let between = free / tiles.len().max(1);
    let mut x = area.x + (between / 2) as u16;
    for (tile, width) in tiles.iter().zip(widths) {
        let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.right().saturating_sub(x));
        let column = Rect { x, width, ..area };
        draw_tile(tile, scale, theme, column, buf);
        x = x.saturating_add(width + between as u16).min(area.right());
    }
}

/// How many of the tiles are shown, and at which scale: what fills the rows, if three of them fit across; else smaller,
/// and in the end as few as there is room for. What stands last says least.
fn largest(tiles: &[Tile], rows: usize, width: u16) -> (usize, u16) {
    let filling = match rows {
        0..=4 => 0,
        5..=9 => 1,
        10..=14 => 2,
        _ => 3,
    };
    for scale in (0..=filling).rev() {
        let least = if scale == 0 { 1 } else { tiles.len().min(3) };
        for count in (least..=tiles.len()).rev() {
            if tiles.get(..count).is_some_and(|tiles| fits(tiles, scale, rows, width)) {
                return (count, scale);
            }
        }
    }
    (1, 0)
}

/// Columns that a tile needs at that scale.
fn least_width(tile: &Tile, scale: u16) -> usize {
    let digits = BigDigits::new(tile.digits.as_str()).size(scale).0 + gap(scale) - APART;
    digits.max(tile.label_width().min(LEAST_LABEL))
}

/// What each tile gets: what is left over goes to those whose words would be cut, the first ones first.
fn widths(tiles: &[Tile], scale: u16, width: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = tiles.iter().map(|tile| least_width(tile, scale)).collect();
    let mut free = width.saturating_sub(widths.iter().map(|width| width + APART).sum());
    for (tile, width) in tiles.iter().zip(&mut widths) {
        let more = tile.label_width().saturating_sub(*width).min(free);
        *width += more;
        free -= more;
    }
    widths
}

fn fits(tiles: &[Tile], scale: u16, rows: usize, width: u16) -> bool {
    let high = tiles.iter().all(|tile| BigDigits::new(tile.digits.as_str()).size(scale).1 <= rows);
    let wide: usize = tiles.iter().map(|tile| least_width(tile, scale) + APART).sum();
    high && wide <= usize::from(width) + APART
}

fn draw_tile(tile: &Tile, scale: u16, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let digits = Rect { height: area.height - 1, ..area };
    BigDigits::new(tile.digits.as_str())
        .style(theme.style(tile.role))
        .alignment(Alignment::Center)
        .max_scale(scale)
        .glyphs(theme.glyph_set())
        .render(digits, buf);
    let mut spans = tile.label.clone();
    let room = usize::from(area.width);
    // The words give way, the glyph stays.
    if let Some(last) = spans.last_mut()
        && tile.label_width() > room
    {
        let before = tile.label_width() - width(&last.content);
        let cut = truncate(&last.content, room.saturating_sub(before), theme.ascii).into_owned();
        last.content = cut.into();
    }
    let label = Line::from(spans);
    let indent = (room.saturating_sub(label.width()) / 2) as u16;
    buf.set_line(area.x + indent, area.bottom() - 1, &label, area.width - indent);
}

/// The numbers, what says most first.
fn tiles(model: &Model, theme: &Theme) -> Vec<Tile> {
    let mut tiles = Vec::new();
    tiles.extend(old(model, theme));
    tiles.push(wrong(model, theme));
    if let Some(worst) = model.incidents.open().first() {
        tiles.push(elapsed(model, worst, theme));
    }
    let worst = model.slos.rows.iter().filter(|row| row.left.is_some()).min_by(|a, b| slos::worst(a, b));
    if let Some(row) = worst {
        tiles.push(budget(row, theme));
        tiles.extend(burn(row, theme));
    }
    tiles.push(clocks(model, theme));
    tiles
}

/// The newest answer of any service, once it is older than two intervals: then nothing else on the wall is true.
fn old(model: &Model, theme: &Theme) -> Option<Tile> {
    let answers = model.shown().services.iter();
    let (newest, interval) =
        answers.filter_map(|row| Some((row.last_answer?, row.interval))).max_by_key(|(at, _)| *at)?;
    let age = model.now.since(newest);
    (age > (interval * 2).max(Duration::from_secs(3)))
        .then(|| Tile::new(draw::age(age), "old: nothing answers any more", State::Stale, theme))
}

/// What took the wall; else how many incidents are open, and how many services are not well.
fn wrong(model: &Model, theme: &Theme) -> Tile {
    match model.ui.wall.as_ref().and_then(|wall| wall.alarm()) {
        Some(Alarm::Incident(_, id)) => {
            if let Some(it) = model.incidents.get(id) {
                let words = format!("{}: {}", it.service(), it.title());
                let [glyph, _] = severity_spans(it.severity, it.is_open(), theme);
                let role = if it.is_open() { Role::Down } else { Role::Text };
                let words = Span::styled(draw::words(&words, theme), theme.style(Role::Text));
                return Tile { digits: it.severity.word().to_owned(), label: vec![glyph, words], role };
            }
        }
        Some(Alarm::Down(name)) => {
            let row = model.service(name);
            let state = row.map_or(State::Unknown, |row| row.state);
            let why = row.and_then(|row| row.reasons.first()).map_or("", |reason| reason.text.as_str());
            let words = format!("{name} {}", if why.is_empty() { state.word() } else { why });
            return Tile::new(state.word(), &words, state, theme);
        }
        None => {}
    }
    let open = model.incidents.open();
    if let Some(worst) = open.first() {
        let [glyph, _] = severity_spans(worst.severity, true, theme);
        let words = format!("{} open, worst {}", plural(open.len(), "incident"), worst.severity);
        let mut tile = Tile::new(open.len().to_string(), &words, State::Down, theme);
        tile.label = vec![glyph, Span::styled(words, theme.style(Role::Text))];
        tile.role = match worst.severity {
            Severity::P0 | Severity::P1 => Role::Down,
            Severity::P2 | Severity::P3 => Role::Degraded,
            Severity::P4 => Role::Unknown,
        };
        return tile;
    }
    let counts = model.counts();
    let all = model.shown().services.len();
    let worst = State::ALL.into_iter().rev().find(|state| counts.of(*state) > 0).unwrap_or(State::Unknown);
    let mut tile =
        Tile::new(format!("{}/{all}", counts.of(State::Up)), "services up, no incident", worst, theme);
    if worst == State::Up {
        tile.role = Role::Up;
    }
    tile
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// How long the worst incident lasts: seconds tick, for it runs.
fn elapsed(model: &Model, it: &Incident, theme: &Theme) -> Tile {
    let seconds = model.now.since(it.began).as_secs();
    let digits = match seconds {
        0..=5_999 => format!("{}:{:02}", seconds / 60, seconds % 60),
        6_000..=359_999 => format!("{}h{:02}", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    };
    let since = draw::clock(it.began, &model.plan.ui.zone);
    let words = format!("{} {} since {since}", it.severity, clean(&it.service()));
    let [glyph, _] = severity_spans(it.severity, true, theme);
    let role = if it.acknowledged.is_some() { Role::Text } else { Role::Down };
    Tile { digits, label: vec![glyph, Span::styled(words, theme.style(Role::Text))], role }
}

/// The budget of the worst objective.
fn budget(row: &SloRow, theme: &Theme) -> Tile {
    let left = row.left.unwrap_or(f64::NAN);
    let state = match left {
        left if left <= 0.0 => State::Down,
        left if left < 0.25 => State::Degraded,
        left if left.is_nan() => State::Unknown,
        _ => State::Up,
    };
    let word = if left <= 0.0 { "over budget," } else { "budget left," };
    Tile::new(share(left), &format!("{word} {}", row.name), state, theme)
}

/// `30%`, `-45%`, and `-25x` where percent would be too long to be read.
fn share(left: f64) -> String {
    match left {
        left if !left.is_finite() => "?".to_owned(),
        left if left > -10.0 => format!("{:.0}%", (left * 100.0).round() + 0.0),
        left => format!("{:.0}x", left.max(-9_999.0)),
    }
}

/// How fast it burns.
fn burn(row: &SloRow, theme: &Theme) -> Option<Tile> {
    let burn = row.burn(Duration::from_secs(3600))?;
    let rate = burn.rate.filter(|rate| rate.is_finite())?;
    let state = match burn.factor {
        Some(factor) if rate > factor => State::Down,
        _ if rate > 1.0 => State::Degraded,
        _ => State::Up,
    };
    let digits = if rate < 9.95 { format!("{rate:.1}x") } else { format!("{:.0}x", rate.min(9_999.0)) };
    let span = crate::units::format_duration(burn.window);
    Some(Tile::new(digits, &format!("burn {span}, {}", row.name), state, theme))
}

/// UTC large, the zone of the configuration below it.
fn clocks(model: &Model, theme: &Theme) -> Tile {
    let utc = draw::clock(model.now, &jiff::tz::TimeZone::UTC);
    let words = match local(model, model.now) {
        Some(local) => format!("UTC {} {local}", theme.glyphs().bullet),
        None => "UTC".to_owned(),
    };
    let label = vec![Span::styled(words, theme.style(Role::Muted))];
    Tile { digits: utc, label, role: Role::Text }
}

/// The clock of the configured zone, where that is another one.
fn local(model: &Model, at: Timestamp) -> Option<String> {
    let zone = &model.plan.ui.zone;
    let name = draw::zone_name(at, zone);
    (name != "UTC").then(|| format!("{} {name}", draw::clock(at, zone)))
}

/// The foot line: what hangs here, how it goes on, how it is left, and how old it is.
pub(super) fn foot(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(wall) = &model.ui.wall else { return };
    let muted = theme.style(Role::Muted);
    let mut spans = vec![Span::styled(" WALL ", theme.style(Role::Key))];
    let place = match (wall.alarm(), wall.shown()) {
        (Some(_), _) => "what has just gone wrong".to_owned(),
        (None, crate::model::ui::Screen::Service(name)) => clean(name).into_owned(),
        (None, screen) => screen.word().to_owned(),
    };
    spans.push(Span::styled(place, theme.style(Role::Text)));
    let pace = if wall.is_held() {
        "stays".to_owned()
    } else {
        format!("turns every {}", crate::units::format_duration(wall.every()))
    };
    let current = old(model, theme).is_none() && model.heard > model.started;
    let (text, role) = if current {
        ("data current ", Role::Muted)
    } else if model.heard > model.started {
        ("DATA OLD ", Role::Stale)
    } else {
        ("no data yet ", Role::Unknown)
    };
    // As many hints as there is room for, the way out first.
    for (key, label) in [("esc esc", "leave"), ("", pace.as_str()), ("space", "stay"), ("left right", "turn")]
    {
        let mut hint = vec![Span::styled(format!("  {} ", theme.glyphs().bullet), muted)];
        if !key.is_empty() {
            hint.push(Span::styled(format!("{key} "), theme.style(Role::Key)));
        }
        hint.push(Span::styled(label.to_owned(), muted));
        let wide: usize = spans.iter().chain(&hint).map(Span::width).sum();
        if wide + text.len() < usize::from(area.width) {
            spans.extend(hint);
        }
    }
    let left = Line::from(spans);
    let right = Line::styled(text, theme.style(role));
    buf.set_line(area.x, area.y, &left, area.width);
    if left.width() + right.width() < usize::from(area.width) {
        let at = area.right() - right.width() as u16;
        buf.set_line(at, area.y, &right, right.width() as u16);
    }
}
