//! The incident strip of the overview: the worst one in a title, what happened last in a row, and the others.

use super::draw;
use super::incident::{happened, mark, told};
use super::incidents::{lasts, phase_spans, severity_spans};
use crate::incident::{Incident, Timer};
use crate::model::Model;
use crate::text::{clean, truncate, width};
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::{Moment, Timeline};

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let open = model.shown_incidents().open();
    let Some((worst, others)) = open.split_first() else { return };
    if area.height < 3 {
        let more = if others.is_empty() { String::new() } else { format!("  +{}", others.len()) };
        let room = usize::from(area.width).saturating_sub(width(&more));
        let mut line = head(model, theme, worst, room);
        line.push_span(Span::styled(more, theme.style(Role::Muted)));
        return draw::line(line, area, buf);
    }
    let inner =
        draw::pane(head(model, theme, worst, usize::from(area.width.saturating_sub(2))), theme, area, buf);
    recent(model, theme, worst, Rect { height: inner.height.min(1), ..inner }, buf);
    let second = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1).min(1), ..inner };
    draw::line(below(model, theme, worst, others), second, buf);
}

/// Severity, service, what it is, since when, and by when somebody must have done what. The title gives way first.
pub(super) fn head(model: &Model, theme: &Theme, it: &Incident, room: usize) -> Line<'static> {
    let zone = &model.plan.ui.zone;
    let (muted, bullet) = (theme.style(Role::Muted), theme.glyphs().bullet);
    let mut tail = vec![(format!(" {bullet} {}", lasts(model.seen_at().since(it.began))), muted)];
    let timers = it.timers(model.seen_at());
    for (timer, until, since) in
        [(timers.answer, "answer by", "no answer since"), (timers.escalate, "escalate at", "escalate since")]
    {
        match timer {
            Timer::Running(due) => {
                tail.push((format!(" {bullet} {until} {}", draw::clock(due, zone)), muted));
            }
            Timer::Overdue(due) => {
                let text = format!(" {bullet} {since} {}", draw::clock(due, zone));
                tail.push((text, theme.style(Role::Down)));
            }
            Timer::Stopped => {}
        }
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(severity_spans(it.severity, it.is_open(), theme));
    spans.push(Span::styled(format!(" {}", clean(&it.service())), theme.style(Role::Title)));
    let head: usize = spans.iter().map(Span::width).sum();
    // What is at the end matters less than some words of what it is about.
    let wide = |tail: &[(String, _)]| tail.iter().map(|(text, _)| width(text)).sum::<usize>();
    while tail.len() > 1 && head + wide(&tail) + 20 > room {
        tail.pop();
    }
    let left = room.saturating_sub(head + wide(&tail) + 3);
    if left >= 6 {
        let title = clean(&it.title()).into_owned();
        spans.push(Span::styled(
            format!(": {}", truncate(&title, left, theme.ascii)),
            theme.style(Role::Text),
        ));
    }
    spans.extend(tail.into_iter().map(|(text, style)| Span::styled(text, style)));
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// The longest that one event of the row may be: several are to be seen.
const LONGEST: usize = 48;

/// What happened last, in one row: as many events as there is room for, the newest at the right.
fn recent(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    let zone = &model.plan.ui.zone;
    let inner = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area };
    let mut left = usize::from(inner.width);
    let mut events: Vec<(String, &'static str, Role, String)> = Vec::new();
    for item in it.timeline.iter().rev() {
        let (glyph, role) = mark(item.kind, theme);
        // What an alert says is worth more room than its name.
        let text = happened(item);
        let text = text.split_once(" fires: ").map_or(text.as_str(), |(_, says)| says);
        let text = truncate(text, LONGEST, theme.ascii).into_owned();
        let time = draw::clock(item.at, zone);
        let wide = width(&time) + width(glyph) + width(&text) + 2;
        if wide > left && !events.is_empty() {
            break;
        }
        left = left.saturating_sub(wide + 3);
        events.push((time, glyph, role, text));
    }
    events.reverse();
    let moments: Vec<Moment<'_>> = events
        .iter()
        .map(|(time, glyph, role, text)| {
            Moment::new(time.as_str(), *glyph, text.as_str())
                .style(theme.style(*role))
                .text_style(theme.style(told(*role)))
        })
        .collect();
    (&Timeline::new(&moments).time_style(theme.style(Role::Muted)).glyphs(theme.glyph_set()))
        .render(inner, buf);
}

/// Who is at it, and the other incidents; alone, what to do first.
fn below(model: &Model, theme: &Theme, it: &Incident, others: &[&Incident]) -> Line<'static> {
    let muted = theme.style(Role::Muted);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(phase_spans(model, it, theme));
    if others.is_empty() {
        if let Some(step) = model.shown_incidents().moves(it).into_iter().next() {
            spans.push(Span::styled(format!("   {} ", theme.glyphs().arrow), theme.style(Role::Key)));
            spans.push(Span::styled(clean(&step.text).into_owned(), theme.style(Role::Text)));
        }
        return Line::from(spans);
    }
    spans.push(Span::styled(format!("   +{} more:", others.len()), muted));
    for other in others.iter().take(8) {
        spans.push(Span::raw("  "));
        spans.extend(severity_spans(other.severity, true, theme));
        spans.push(Span::styled(format!(" {}", clean(&other.service())), theme.style(Role::Text)));
        spans.push(Span::styled(format!(" {}", lasts(model.seen_at().since(other.began))), muted));
    }
    Line::from(spans)
}
