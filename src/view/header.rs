//! The head line: who, where, what may be done, how it stands, and the clock.

use super::draw;
use super::incidents::{lasts, severity_spans};
use crate::command::Command;
use crate::model::Model;
use crate::model::past::Shown;
use crate::target::health::State;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    buf.set_style(area, theme.style(Role::Header));
    let right = right(model, theme);
    let right_width = (right.width() as u16).min(area.width);
    let left = left(model, theme, usize::from(area.width.saturating_sub(right_width + 1)));
    buf.set_line(area.x, area.y, &left, area.width);
    if left.width() + usize::from(right_width) < usize::from(area.width) {
        buf.set_line(area.right() - right_width, area.y, &right, right_width);
    }
}

/// The command that a chip of the head line stands for.
pub(super) fn at(model: &Model, theme: &Theme, area: Rect, x: u16) -> Option<Command> {
    let right = right(model, theme);
    let right_width = (right.width() as u16).min(area.width);
    let room = usize::from(area.width.saturating_sub(right_width + 1));
    let mut parts: Vec<(Vec<Span<'static>>, Option<Command>)> = left_parts(model, theme, room);
    let used: usize = parts.iter().flat_map(|(spans, _)| spans).map(Span::width).sum();
    if used + usize::from(right_width) < usize::from(area.width) {
        let gap = usize::from(area.width) - used - usize::from(right_width);
        parts.push((vec![Span::raw(" ".repeat(gap))], None));
        for span in right.spans {
            // What is frozen is let go; what is under way is looked at.
            let frozen = span.content.starts_with(" FROZEN");
            let feeds = [" YOUR LINK", " ATTACHED", " LOST", " CONNECTING", " LOADING"];
            let link = feeds.iter().any(|start| span.content.starts_with(start));
            let clock = span.content.starts_with("  ");
            let command = match (frozen, link || clock) {
                (true, _) => Some(Command::Freeze),
                (_, true) => None,
                _ => Some(Command::Actions),
            };
            parts.push((vec![span], command));
        }
    }
    let mut end = usize::from(area.x);
    parts.into_iter().find_map(|(spans, command)| {
        end += spans.iter().map(Span::width).sum::<usize>();
        (usize::from(x) < end).then_some(command)
    })?
}

fn left(model: &Model, theme: &Theme, room: usize) -> Line<'static> {
    Line::from(left_parts(model, theme, room).into_iter().flat_map(|(spans, _)| spans).collect::<Vec<_>>())
}

/// The parts at the left, each with the command that a click on it means.
fn left_parts(model: &Model, theme: &Theme, room: usize) -> Vec<(Vec<Span<'static>>, Option<Command>)> {
    let mut spans = vec![Span::styled(" warroom ", theme.style(Role::Brand))];
    let counts = counts(model, theme);
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    // The counts and the worst incident are what the line is for: the rest gives way to them, the environments first.
    let least = width(&spans) + width(&counts) + width(&chips(model, theme, 1));
    let mut left = room.saturating_sub(least);
    // Whether anything can be changed from here is said before which incidents are open.
    let most = room.saturating_sub(width(&spans) + width(&counts));
    let may = [(false, left), (true, left), (true, most)]
        .into_iter()
        .map(|(short, room)| (may(model, theme, short), room))
        .find_map(|(may, room)| (width(&may) <= room).then_some(may));
    left = left.saturating_sub(may.as_ref().map_or(0, |spans| width(spans)));
    let environments = environments(model);
    if !environments.is_empty() && crate::text::width(&environments) < left {
        spans.push(Span::styled(format!(" {environments}"), theme.style(Role::Header)));
    }
    let brand = spans.len();
    spans.extend(may.into_iter().flatten());
    let rights = spans.split_off(brand);
    let mut parts = vec![
        (spans, Some(Command::Help)),
        (rights, Some(Command::Actions)),
        (counts, Some(Command::Overview)),
    ];
    let used: usize = parts.iter().map(|(spans, _)| width(spans)).sum();
    // As many incidents as there is room for, the worst first.
    for most in [4, 2, 1] {
        let chips = chips(model, theme, most);
        if used + width(&chips) <= room {
            parts.push((chips, Some(Command::Incidents)));
            break;
        }
    }
    parts
}

/// Can anything be changed from here?
fn may(model: &Model, theme: &Theme, short: bool) -> [Span<'static>; 2] {
    let (word, role) = match (model.ui.wall.is_some(), model.armed(), short) {
        (true, _, false) => (" WALL, LOCKED ", Role::Notice),
        (true, _, true) => (" WALL ", Role::Notice),
        (_, true, false) => (" ARMED(confirm) ", Role::Armed),
        (_, true, true) => (" ARMED ", Role::Armed),
        (_, false, _) => (" READ-ONLY ", Role::Muted),
    };
    [Span::raw(" "), Span::styled(word, theme.style(role))]
}

fn environments(model: &Model) -> String {
    let mut names: Vec<&str> = model.plan.services.iter().filter_map(|s| s.environment.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ")
}

fn counts(model: &Model, theme: &Theme) -> Vec<Span<'static>> {
    let counts = model.counts();
    let mut spans = Vec::new();
    for state in State::ALL.into_iter().rev() {
        let count = counts.of(state);
        if count > 0 {
            spans.push(Span::raw("  "));
            spans.extend(draw::state_spans(state, &format!("{count} {}", state.word()), theme));
        }
    }
    spans
}

/// Open incidents: severity and age, the worst first, at most `most` of them.
fn chips(model: &Model, theme: &Theme, most: usize) -> Vec<Span<'static>> {
    let open = model.incidents.open();
    let mut spans = Vec::new();
    for (index, it) in open.iter().take(most).enumerate() {
        spans.push(Span::raw(if index == 0 { "     " } else { "  " }));
        let [_, word] = severity_spans(it.severity, true, theme);
        spans.push(word);
        let age = lasts(model.now.since(it.began));
        let role = if it.acknowledged.is_some() { Role::Muted } else { Role::Header };
        spans.push(Span::styled(format!(" {age}"), theme.style(role)));
    }
    if open.len() > most {
        spans.push(Span::styled(format!("  +{}", open.len() - most), theme.style(Role::Muted)));
    }
    spans
}

fn right(model: &Model, theme: &Theme) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = super::attached::chip(model, theme).into_iter().collect();
    let zone = &model.plan.ui.zone;
    if let Some((since, _)) = &model.link {
        let text = format!(" YOUR LINK IS DOWN since {} ", draw::clock(*since, zone));
        spans.push(Span::styled(text, theme.style(Role::Armed)));
    }
    if let Some(run) = model.acts.live() {
        let (name, since) = (&run.proposal.action().name, draw::age(model.now.since(run.began)));
        let text = format!(" {name} {since} ");
        spans.push(Span::styled(crate::text::clean(&text).into_owned(), theme.style(Role::Notice)));
    }
    if let Some(shown) = model.time.shown {
        let text = format!(" {} ", rewound(model, &shown));
        spans.push(Span::styled(text, theme.style(Role::Armed)));
    }
    if let Some(picture) = &model.ui.frozen {
        let text = format!(" FROZEN at {} ", draw::clock_seconds(picture.at, zone));
        spans.push(Span::styled(text, theme.style(Role::Notice)));
    }
    let name = draw::zone_name(model.now, zone);
    // On a wall in a room both are wanted: the one of the logs, and the one of the people.
    if model.ui.wall.is_some() && name != "UTC" {
        let utc = format!("  {} UTC", draw::clock(model.now, &jiff::tz::TimeZone::UTC));
        spans.push(Span::styled(utc, theme.style(Role::Header)));
    }
    let clock = format!("  {} {name} ", draw::clock(model.now, zone));
    spans.push(Span::styled(clock, theme.style(Role::Header)));
    Line::from(spans)
}

/// That this is not the present, which moment it is, and whether it moves.
fn rewound(model: &Model, shown: &Shown) -> String {
    let at = crate::model::moment::clock(model.now, shown.live, &model.plan.ui.zone);
    let speed = if shown.playing { format!(" x{}", shown.speed) } else { String::new() };
    match (shown.recording, shown.playing) {
        (true, true) => format!("REPLAY{speed} {at}"),
        (true, false) if model.now >= shown.live => format!("REPLAY ended {at}"),
        (true, false) => format!("REPLAY held {at}"),
        (false, _) => {
            let reading = if shown.reading { ", reading" } else { "" };
            format!("REWOUND {}{speed} to {at}{reading}", draw::age(shown.live.since(model.now)))
        }
    }
}
