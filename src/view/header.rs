//! The head line: who, where, what may be done, how it stands, and the clock.

use super::draw;
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
    let mut optional = Vec::new();
    let environments = environments(model);
    if !environments.is_empty() {
        optional.push(Span::styled(format!(" {environments}"), theme.style(Role::Text)));
    }
    optional.push(Span::styled("  READ-ONLY", theme.style(Role::Muted)));
    let counts = counts(model, theme);
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    // The counts are what the line is for: the rest gives way to them.
    if width(&spans) + width(&optional) + width(&counts) <= room {
        spans.extend(optional);
    }
    spans.extend(counts);
    Line::from(spans)
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

fn right(model: &Model, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    let zone = &model.plan.ui.zone;
    if let Some((since, _)) = &model.link {
        let text = format!(" YOUR LINK IS DOWN since {} ", draw::clock(*since, zone));
        spans.push(Span::styled(text, theme.style(Role::Armed)));
    }
    if model.ui.frozen.is_some() {
        let text = format!(" FROZEN at {} ", draw::clock_seconds(model.ui.frozen_at, zone));
        spans.push(Span::styled(text, theme.style(Role::Notice)));
    }
    let clock = format!("  {} {} ", draw::clock(model.now, zone), draw::zone_name(model.now, zone));
    spans.push(Span::styled(clock, theme.style(Role::Header)));
    Line::from(spans)
}
