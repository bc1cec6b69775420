//! The head line: who, where, what may be done, how it stands, and the clock.

use super::draw;
use super::incidents::{lasts, severity_spans};
use crate::model::Model;
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

fn left(model: &Model, theme: &Theme, room: usize) -> Line<'static> {
    let mut spans = vec![Span::styled(" warroom ", theme.style(Role::Brand))];
    let counts = counts(model, theme);
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    // The counts and the worst incident are what the line is for: the rest gives way to them, the environments first.
    let least = width(&spans) + width(&counts) + width(&chips(model, theme, 1));
    let mut left = room.saturating_sub(least);
    let may = may(model, theme);
    let may = (width(&may) <= left).then_some(may);
    left -= may.as_ref().map_or(0, |spans| width(spans));
    let environments = environments(model);
    if !environments.is_empty() && crate::text::width(&environments) < left {
        spans.push(Span::styled(format!(" {environments}"), theme.style(Role::Text)));
    }
    spans.extend(may.into_iter().flatten());
    spans.extend(counts);
    // As many incidents as there is room for, the worst first.
    for most in [4, 2, 1] {
        let chips = chips(model, theme, most);
        if width(&spans) + width(&chips) <= room {
            spans.extend(chips);
            break;
        }
    }
    Line::from(spans)
}

/// Can anything be changed from here?
fn may(model: &Model, theme: &Theme) -> [Span<'static>; 2] {
    let word = if model.armed() {
        Span::styled(" ARMED(confirm) ", theme.style(Role::Armed))
    } else {
        Span::styled(" READ-ONLY ", theme.style(Role::Muted))
    };
    [Span::raw(" "), word]
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
        let role = if it.acknowledged.is_some() { Role::Muted } else { Role::Text };
        spans.push(Span::styled(format!(" {age}"), theme.style(role)));
    }
    if open.len() > most {
        spans.push(Span::styled(format!("  +{}", open.len() - most), theme.style(Role::Muted)));
    }
    spans
}

fn right(model: &Model, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
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
    if let Some(picture) = &model.ui.frozen {
        let text = format!(" FROZEN at {} ", draw::clock_seconds(picture.at, zone));
        spans.push(Span::styled(text, theme.style(Role::Notice)));
    }
    let clock = format!("  {} {} ", draw::clock(model.now, zone), draw::zone_name(model.now, zone));
    spans.push(Span::styled(clock, theme.style(Role::Header)));
    Line::from(spans)
}
