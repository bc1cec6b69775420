//! One incident: how it stands, its alerts with value and since when, figures, first moves, and what happened.

use super::incidents::{phase_spans, severity_spans, timer_text};
use super::overview::figure;
use super::{draw, elsewhere};
use crate::incident::{Incident, Item};
use crate::layout::{incident_areas, wrapped};
use crate::model::Model;
use crate::plan::Signal;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::{Moment, Sparkline, Timeline, Unit};

pub(super) fn draw(model: &Model, theme: &Theme, id: &str, area: Rect, buf: &mut Buffer) {
    let Some(it) = model.shown_incidents().get(id) else {
        let inner = draw::pane(draw::title("incident", "", theme), theme, area, buf);
        let lines = [
            "this incident is not kept in view any more",
            "",
            "warroom incident show ID reads it from the journal",
        ];
        return draw::centred(&lines, theme.style(Role::Muted), inner, buf);
    };
    let areas = incident_areas(model, it, area);
    summary(model, theme, it, areas.summary, buf);
    alerts(model, theme, it, areas.alerts, buf);
    figures(theme, it, areas.figures, buf);
    graphs(model, theme, it, areas.graphs, buf);
    moves(model, theme, it, areas.moves, buf);
    timeline(model, theme, it, areas.timeline, buf);
}

/// The same in short, below the list.
pub(super) fn brief(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    if area.height < 3 || area.width < 20 {
        return;
    }
    let head = title(it, theme);
    let inner = draw::pane(head, theme, area, buf);
    let mut lines = summary_lines(model, theme, it);
    lines.truncate(usize::from(inner.height));
    let used = lines.len() as u16;
    draw::lines(&lines, inner, theme, buf);
    let rest = Rect { y: inner.y + used, height: inner.height.saturating_sub(used), ..inner };
    events(model, theme, it, 0, rest, buf);
}

fn title(it: &Incident, theme: &Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    spans.extend(severity_spans(it.severity, it.is_open(), theme));
    let names: Vec<&str> = it.services.iter().map(|name| &**name).collect();
    let names = crate::text::clean(&names.join(", ")).into_owned();
    spans.push(Span::styled(format!(" {names} "), theme.style(Role::Title)));
    spans.push(Span::styled(format!("{} ", it.id), theme.style(Role::Muted)));
    Line::from(spans)
}

fn summary(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    let inner = draw::pane(title(it, theme), theme, area, buf);
    draw::lines(&summary_lines(model, theme, it), inner, theme, buf);
}

/// What it is, how it stands, what it obliges to.
fn summary_lines(model: &Model, theme: &Theme, it: &Incident) -> Vec<Line<'static>> {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let clean = |text: &str| crate::text::clean(text).into_owned();
    let mut lines = vec![Line::styled(format!(" {}", clean(&it.title())), theme.style(Role::Title))];
    let zone = &model.plan.ui.zone;
    let until = it.resolved.as_ref().map_or(model.seen_at(), |(at, _)| *at);
    let mut stand = vec![Span::raw(" ")];
    stand.extend(phase_spans(model, it, theme));
    stand.push(Span::styled(
        format!("   began {}   lasts {}", draw::clock(it.began, zone), draw::age(until.since(it.began))),
        muted,
    ));
    if it.flaps > 0 {
        stand.push(Span::styled(format!("   came back {} times", it.flaps), theme.style(Role::Degraded)));
    }
    if let Some(name) = &it.assignee {
        stand.push(Span::styled(format!("   assigned to {}", clean(name)), text));
    }
    lines.push(Line::from(stand));
    let timers = it.timers(model.seen_at());
    let mut clocks = vec![Span::raw(" ")];
    for (word, timer) in [("answer", timers.answer), ("escalate", timers.escalate)] {
        if let Some((left, late)) = timer_text(model, timer) {
            let role = if late { Role::Down } else { Role::Text };
            clocks.push(Span::styled(format!("{word} "), muted));
            clocks.push(Span::styled(format!("{left}   "), theme.style(role)));
        }
    }
    clocks.push(Span::styled(format!("why {}: ", it.severity), muted));
    clocks.push(Span::styled(clean(&it.why), text));
    lines.push(Line::from(clocks));
    lines.extend(elsewhere::line(model, theme, it));
    if let Some(runbook) = it.runbook() {
        lines.push(Line::from(vec![Span::styled(" runbook ", muted), Span::styled(clean(runbook), text)]));
    }
    lines
}

fn alerts(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let firing = it.firing().count();
    let more = format!("{firing} of {} firing", it.alerts.len());
    let inner = draw::pane(draw::title("alerts", &more, theme), theme, area, buf);
    let zone = &model.plan.ui.zone;
    let notes = it.distinct();
    let wide = notes.iter().map(|(note, _)| crate::text::width(&note.name)).max().unwrap_or(0).min(28);
    let lines: Vec<Line<'static>> = notes
        .into_iter()
        .map(|(note, more)| {
            let [glyph, word] = severity_spans(note.severity, note.firing, theme);
            let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
            let style = if note.firing { text } else { muted };
            let name = crate::text::clean(&note.name).into_owned();
            let name = crate::text::truncate(&name, wide, theme.ascii).into_owned();
            let pad = " ".repeat(wide.saturating_sub(crate::text::width(&name)));
            let value = draw::number(note.value, Unit::Count, theme);
            let more = if more > 0 { format!(" (+{more} like it)") } else { String::new() };
            Line::from(vec![
                Span::raw(" "),
                glyph,
                word,
                Span::styled(format!(" {name}{pad}"), style),
                Span::styled(format!(" {value:>6}"), style),
                Span::styled(format!("  since {}  ", draw::clock(note.active_at, zone)), muted),
                Span::styled(crate::text::clean(&note.summary).into_owned(), style),
                Span::styled(more, muted),
                Span::styled(elsewhere::origin(model, note), muted),
            ])
        })
        .collect();
    draw::lines(&lines, inner, theme, buf);
}

/// The courses since it began, each in a line.
fn figures(theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let inner = draw::pane(draw::title("figures", "one a minute", theme), theme, area, buf);
    let kept = it.course.figures();
    let rows: [(&str, Unit, Vec<Option<f64>>); 5] = [
        ("p95", Unit::Seconds, kept.iter().map(|f| f.latency).collect()),
        ("errors", Unit::Ratio, kept.iter().map(|f| f.errors).collect()),
        ("requests", Unit::PerSecond, kept.iter().map(|f| f.requests).collect()),
        ("queue", Unit::Count, kept.iter().map(|f| f.queue).collect()),
        ("burn", Unit::Times, kept.iter().map(|f| f.burn).collect()),
    ];
    let known = rows.into_iter().filter(|(_, _, course)| course.iter().any(Option::is_some));
    let mut y = inner.y;
    for (name, unit, course) in known {
        if y >= inner.bottom() {
            return;
        }
        let last = course.iter().rev().flatten().next().copied();
        let head = Line::from(vec![
            Span::styled(format!(" {name:<9}"), theme.style(Role::Muted)),
            Span::styled(format!("{:>8}  ", draw::number(last, unit, theme)), theme.style(Role::Text)),
        ]);
        buf.set_line(inner.x, y, &head, inner.width);
        let used = (head.width() as u16).min(inner.width);
        // It grows from the left: what is new is small.
        let room =
            (inner.width - used).saturating_sub(1).min(u16::try_from(course.len()).unwrap_or(u16::MAX));
        let rest = Rect { x: inner.x + used, y, width: room, height: 1 };
        (&Sparkline::new(&course).style(theme.style(Role::Graph)).glyphs(theme.glyph_set()))
            .render(rest, buf);
        y += 1;
    }
    if y == inner.y {
        let line = "none yet: the first come within a minute";
        draw::line(Line::styled(format!(" {line}"), theme.style(Role::Muted)), inner, buf);
    }
}

/// The three figures of the service that is the cause, as they are now, with its deploys.
fn graphs(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    let service = it.service();
    let Some(row) = model.service(&service).filter(|_| area.height >= 5) else { return };
    let plan = model.plan.services.iter().find(|plan| plan.name == row.name);
    let parts = Layout::horizontal([Constraint::Fill(1); 3]).split(area);
    for (signal, part) in [Signal::Latency, Signal::Errors, Signal::Requests].into_iter().zip(parts.iter()) {
        figure(model, row, plan, signal).draw(theme, *part, buf);
    }
}

fn moves(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let inner = draw::pane(draw::title("first moves", "", theme), theme, area, buf);
    let lines: Vec<Line<'static>> = model
        .incidents
        .moves(it)
        .into_iter()
        .map(|step| {
            Line::from(vec![
                Span::styled(format!(" {} ", theme.glyphs().arrow), theme.style(Role::Key)),
                Span::styled(crate::text::clean(&step.text).into_owned(), theme.style(Role::Text)),
            ])
        })
        .collect();
    draw::lines(&lines, inner, theme, buf);
}

fn timeline(model: &Model, theme: &Theme, it: &Incident, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let newer = model.ui.incident.offset.min(it.timeline.len());
    let below = if newer > 0 { format!(", {newer} newer below") } else { String::new() };
    let more = format!("{} entries{below}", it.timeline.len());
    let inner = draw::pane(draw::title("timeline", &more, theme), theme, area, buf);
    events(model, theme, it, newer, inner, buf);
}

/// Lines that one event takes at most.
const LINES: usize = 2;

/// Cells before an event's text: the time, the mark, and blanks.
const BEFORE: usize = 8;

/// What happened, the newest last; `newer` of them are scrolled away below.
fn events(model: &Model, theme: &Theme, it: &Incident, newer: usize, area: Rect, buf: &mut Buffer) {
    let zone = &model.plan.ui.zone;
    let inner = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area };
    let (rows, room) = (usize::from(inner.height), usize::from(inner.width).saturating_sub(BEFORE).max(1));
    let end = it.timeline.len().saturating_sub(newer);
    // The last one must be whole: as many before it as there is room for.
    let mut used = 0;
    let mut shown = Vec::new();
    for item in it.timeline.get(..end).unwrap_or_default().iter().rev() {
        let text = happened(item);
        used += wrapped(&text, room).len().min(LINES);
        if used > rows && !shown.is_empty() {
            break;
        }
        let (glyph, role) = mark(item.kind, theme);
        shown.push((draw::clock(item.at, zone), glyph, role, text));
    }
    // Where the beginning is in sight, what came after it fills the rest.
    if used <= rows {
        for item in it.timeline.get(end..).unwrap_or_default() {
            let text = happened(item);
            used += wrapped(&text, room).len().min(LINES);
            if used > rows {
                break;
            }
            let (glyph, role) = mark(item.kind, theme);
            shown.insert(0, (draw::clock(item.at, zone), glyph, role, text));
        }
    }
    shown.reverse();
    let moments: Vec<Moment<'_>> = shown
        .iter()
        .map(|(at, glyph, role, text)| {
            Moment::new(at.as_str(), *glyph, text.as_str())
                .style(theme.style(*role))
                .text_style(theme.style(told(*role)))
        })
        .collect();
    (&Timeline::new(&moments)
        .time_style(theme.style(Role::Muted))
        .lines(LINES as u16)
        .glyphs(theme.glyph_set()))
        .render(inner, buf);
}

/// What happened, and who did it.
pub(super) fn happened(item: &Item) -> String {
    let by = item
        .by
        .as_ref()
        .filter(|by| !by.is_empty())
        .map_or_else(String::new, |by| format!("  ({})", crate::text::clean(by)));
    format!("{}{by}", crate::text::clean(&item.text))
}

/// The role of an event's text: the glyph bears the colour, the text is to be read.
pub(super) fn told(role: Role) -> Role {
    match role {
        Role::Muted => Role::Muted,
        _ => Role::Text,
    }
}

/// Glyph and role of a kind of event.
pub(super) fn mark(kind: &str, theme: &Theme) -> (&'static str, Role) {
    let glyphs = theme.glyphs();
    match kind {
        "opened" | "reopened" | "overdue" | "relapsed" => (glyphs.bad, Role::Down),
        "alert_fired" => (glyphs.warning, Role::Degraded),
        "alert_gone" | "mitigated" | "resolved" => (glyphs.good, Role::Up),
        "noted" | "acknowledged" | "assigned" => (glyphs.arrow, Role::Text),
        _ => (glyphs.bullet, Role::Muted),
    }
}
