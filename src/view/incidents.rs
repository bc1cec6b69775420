//! Incidents: the worst first, those that are over below them; then what there is to say of the selected one.

use super::teach::{nothing_matches, teach};
use super::{elsewhere, held, incident, list};
use crate::incident::{Incident, Phase, Timer};
use crate::layout;
use crate::model::Model;
use crate::model::ui::RowKey;
use crate::severity::Severity;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::{Cell, Column, Row};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    let state = &model.ui.incidents;
    let inner = list::frame(model, theme, "incidents", state, list, buf);
    elsewhere::border(model, theme, list, buf);
    let rows = model.incident_rows();
    if rows.is_empty() {
        let inner = held::below(model, theme, inner, buf);
        return empty(model, theme, inner, buf);
    }
    let detail = held::below(model, theme, detail, buf);
    let height = layout::list_rows(list, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let cells: Vec<Row<'_>> =
        rows.iter().skip(first).take(height).map(|incident| row(model, theme, incident)).collect();
    let longest = rows.iter().map(|it| crate::text::width(&it.service())).max().unwrap_or(0) as u16;
    let columns = [
        Column::new("", 6).priority(250),
        Column::new("service", longest.clamp(8, 24)).min(8).priority(245),
        Column::new("what", 40).min(if inner.width < 100 { 24 } else { 40 }).flex(1).priority(240),
        Column::new("since", 6).priority(230),
        Column::new("state", 18).min(12).priority(220),
        Column::new("answer", 10).priority(210),
        Column::new("escalate", 10).priority(200),
        Column::new("alerts", 6).priority(100),
        Column::new("id", 20).priority(50),
    ];
    list::table(theme, &columns, &cells, state, first, rows.len()).render(inner, buf);
    if let Some(RowKey::Incident(id)) = &state.selected
        && let Some(chosen) = model.shown_incidents().get(id)
    {
        // Where there is room, all of it, as on its own screen.
        if detail.width >= 150 && detail.height >= 30 {
            incident::draw(model, theme, &chosen.id, detail, buf);
        } else {
            incident::brief(model, theme, chosen, detail, buf);
        }
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !model.ui.incidents.filter.is_empty() {
        return nothing_matches(theme, "incident", &model.ui.incidents.filter, area, buf);
    }
    let rules = model.alerting_rules();
    let watched = format!("no incident: nothing is wrong that one of {rules} alerting rules knows of");
    teach(
        model,
        theme,
        &watched,
        &["rules.team = { files = [\"alert_rules.yml\"] }"],
        "your own rules beside warroom's; earlier incidents: warroom incidents --all",
        area,
        buf,
    );
}

fn row(model: &Model, theme: &Theme, it: &Incident) -> Row<'static> {
    let open = it.is_open();
    let muted = theme.style(Role::Muted);
    let text = if open { theme.style(Role::Text) } else { muted };
    let firing = it.firing().count();
    let timers = it.timers(model.seen_at());
    let shown = |timer: Timer| timer_cell(model, theme, timer);
    Row::new([
        Cell::Line(Line::from(severity_spans(it.severity, open, theme).to_vec())),
        Cell::text(
            crate::text::clean(&it.service()).into_owned(),
            if open { theme.style(Role::Title) } else { muted },
        ),
        Cell::text(crate::text::clean(&it.title()).into_owned(), text),
        Cell::text(lasts(model.seen_at().since(it.began)), muted),
        Cell::Line(Line::from(phase_spans(model, it, theme))),
        shown(timers.answer),
        shown(timers.escalate),
        Cell::text(format!("{firing}/{}", it.alerts.len()), muted),
        Cell::text(it.id.to_string(), muted),
    ])
}

/// How long something lasts, to the minute, so that it is redrawn once a minute: `<1m`, `14m`, `2h05m`, `3d`.
pub(super) fn lasts(span: std::time::Duration) -> String {
    match span.as_secs() / 60 {
        0 => "<1m".to_owned(),
        minutes @ 1..=119 => format!("{minutes}m"),
        minutes @ 120..=2879 => format!("{}h{:02}m", minutes / 60, minutes % 60),
        minutes => format!("{}d", minutes / 1440),
    }
}

/// Glyph, word and colour of a severity.
pub(super) fn severity_spans(severity: Severity, open: bool, theme: &Theme) -> [Span<'static>; 2] {
    let (role, glyph) = match severity {
        _ if !open => (Role::Muted, theme.glyphs().good),
        Severity::P0 | Severity::P1 => (Role::Down, theme.glyphs().bad),
        Severity::P2 | Severity::P3 => (Role::Degraded, theme.glyphs().warning),
        Severity::P4 => (Role::Unknown, theme.glyphs().bullet),
    };
    let style = theme.style(role);
    [Span::styled(format!("{glyph} "), style), Span::styled(severity.word(), style)]
}

/// How an incident stands: open, acknowledged by whom, mitigated, over.
pub(super) fn phase_spans(model: &Model, it: &Incident, theme: &Theme) -> Vec<Span<'static>> {
    let say = |text: String, role: Role| vec![Span::styled(text, theme.style(role))];
    let who = |user: &str| crate::text::clean(user).into_owned();
    match (&it.phase, &it.resolved, &it.mitigated, &it.acknowledged) {
        (Phase::Merged(into), ..) => say(format!("in {into}"), Role::Muted),
        (Phase::Resolved, Some((at, _)), ..) => {
            say(format!("over {} ago", lasts(model.seen_at().since(*at))), Role::Muted)
        }
        (Phase::Resolved, None, ..) => say("over".to_owned(), Role::Muted),
        _ if let Some(held) = elsewhere::silenced(model, it) => say(held, Role::Muted),
        _ if it.snoozed(model.seen_at()) => say("snoozed".to_owned(), Role::Muted),
        (_, _, Some(_), _) => say("mitigated".to_owned(), Role::Up),
        (_, _, _, Some(mark)) => say(format!("ack {}", who(&mark.user)), Role::Text),
        _ => say("nobody yet".to_owned(), Role::Down),
    }
}

/// Time that is left, or by how much it is over: in minutes, so that it is redrawn once a minute.
pub(super) fn timer_text(model: &Model, timer: Timer) -> Option<(String, bool)> {
    let left = timer.left_ms(model.seen_at())?;
    let minutes = left.div_euclid(60_000);
    let word = |minutes: i64| match minutes {
        0..=119 => format!("{minutes}m"),
        _ => format!("{}h{:02}m", minutes / 60, minutes % 60),
    };
    Some(if left < 0 { (format!("late {}", word(-left / 60_000)), true) } else { (word(minutes), false) })
}

fn timer_cell(model: &Model, theme: &Theme, timer: Timer) -> Cell<'static> {
    let style: fn(bool) -> Role = |late| if late { Role::Down } else { Role::Text };
    match timer_text(model, timer) {
        None => Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)),
        Some((text, late)) => Cell::text(text, theme.style(style(late))),
    }
}
