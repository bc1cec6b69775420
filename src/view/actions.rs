//! The ledger of actions: what was done, by whom, and whether it helped. Read off the journal, so that it tells of other
//! people's too.

use super::over::Page;
use super::teach::{nothing_matches, teach};
use super::{draw, list};
use crate::action::How;
use crate::action::ledger::Act;
use crate::layout;
use crate::model::Model;
use crate::model::act::outcome;
use crate::model::ui::RowKey;
use crate::theme::{Role, Theme};
use crate::units::{Timestamp, format_duration};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use std::time::Duration;
use warroom_widgets::{Cell, Column, Row};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    let state = &model.ui.actions;
    let inner = list::frame(model, theme, "actions", state, list, buf);
    let rows = model.act_rows();
    if rows.is_empty() {
        return empty(model, theme, inner, buf);
    }
    let height = layout::list_rows(list, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let cells: Vec<Row<'_>> =
        rows.iter().skip(first).take(height).map(|act| row(model, theme, act)).collect();
    let longest = |of: fn(&Act) -> &str| {
        rows.iter().map(|act| crate::text::width(of(act))).max().unwrap_or(0).clamp(7, 20) as u16
    };
    let columns = [
        Column::new("when", 14).min(8).priority(240),
        Column::new("outcome", 10).priority(250),
        Column::new("service", longest(|act| act.service.as_str())).min(8).priority(248),
        Column::new("action", longest(|act| act.action.as_str())).min(8).priority(249),
        Column::new("with", 14).min(6).priority(150),
        Column::new("who", longest(|act| act.who.user.as_str())).min(6).priority(220),
        Column::new("helped?", 10).priority(230),
        Column::new("why", 20).min(8).flex(1).priority(120),
    ];
    list::table(theme, &columns, &cells, state, first, rows.len()).render(inner, buf);
    if let Some(RowKey::Run(id)) = &state.selected
        && let Some(act) = rows.iter().find(|act| act.id.as_str() == &**id)
    {
        self::detail(model, theme, act, detail, buf);
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !model.ui.actions.filter.is_empty() {
        return nothing_matches(theme, "action", &model.ui.actions.filter, area, buf);
    }
    let offered = model.plan.actions.len();
    let lines = if model.judging.remembering {
        ["the journal is still being read", "", "", "", ""]
    } else if offered == 0 {
        return teach(
            model,
            theme,
            "no action is configured: three lines add one",
            &[
                "environment.prod = { actions = \"confirm\" }",
                "action.restart = { preset = \"admin-api.restart\", services = [\"checkout\"] }",
                "service.checkout.environment = \"prod\"",
            ],
            "docs/admin-api.md is what a service serves for it; nothing is ever sent before it is confirmed",
            area,
            buf,
        );
    } else if model.armed() {
        [
            "nothing was done yet",
            "",
            "a on a service opens its menu; nothing is sent before it is confirmed",
            "the same from a shell: warroom action list",
            "",
        ]
    } else {
        [
            "nothing was done yet, and nothing can be done from here",
            "",
            "warroom was started with --read-only, or no environment says",
            "actions = \"confirm\"",
            "",
        ]
    };
    draw::centred(&lines, theme.style(Role::Muted), area, buf);
}

/// The colour of an outcome's word.
fn outcome_role(word: &str) -> Role {
    match word {
        "done" => Role::Up,
        "UNKNOWN" | "failed" => Role::Down,
        "under way" | "approved" => Role::Warming,
        "not sent" | "withdrawn" | "proposed" | "stopped" => Role::Degraded,
        _ => Role::Muted,
    }
}

fn verdict_role(word: &str) -> Role {
    match word {
        "helped" => Role::Up,
        "worse" => Role::Down,
        _ => Role::Muted,
    }
}

/// `14:03:07` of today, else with its day.
fn moment(model: &Model, at: Timestamp) -> String {
    let zone = &model.plan.ui.zone;
    let (day, today) = (draw::day(at, zone), draw::day(model.now, zone));
    if day == today && model.now.since(at) < Duration::from_secs(24 * 3600) {
        draw::clock_seconds(at, zone)
    } else {
        format!("{day} {}", draw::clock(at, zone))
    }
}

fn params(act: &Act) -> String {
    act.params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn row(model: &Model, theme: &Theme, act: &Act) -> Row<'static> {
    let (text, muted) = (theme.style(Role::Text), theme.style(Role::Muted));
    let word = outcome(act, model.now);
    let verdict = act.verdict.as_ref().map_or("", |(word, _)| word.as_str());
    let why = act.refused.as_ref().filter(|_| act.shots.is_empty()).unwrap_or(&act.reason);
    Row::new([
        Cell::text(moment(model, act.at), muted),
        Cell::text(word, theme.style(outcome_role(word))),
        Cell::text(act.service.to_string(), theme.style(Role::Title)),
        Cell::text(act.action.to_string(), text),
        Cell::text(params(act), text),
        Cell::text(act.who.user.to_string(), text),
        Cell::text(verdict.to_owned(), theme.style(verdict_role(verdict))),
        Cell::text(why.to_string(), muted),
    ])
}

fn detail(model: &Model, theme: &Theme, act: &Act, area: Rect, buf: &mut Buffer) {
    let word = format!("{} on {}", act.action, act.service);
    let inner = draw::pane(draw::title(&word, act.environment.as_str(), theme), theme, area, buf);
    let mut page = Page::of_width(theme, inner.width);
    let state = outcome(act, model.now);
    page.put("outcome", &outcome_text(model, act, state), outcome_role(state));
    if state == "UNKNOWN" {
        let text = "nobody knows whether it was done. Do not repeat it blindly: look at the service's version, start \
                    time and log, or ask it with the key below; the same key must not be done twice by it";
        page.put("advice", text, Role::Degraded);
    }
    if state == "proposed" && model.acts.ledger.open_proposal(act.id.as_str(), model.now).is_some() {
        page.put(
            "waits",
            &format!("somebody else approves it: warroom action approve {}", act.id),
            Role::Degraded,
        );
    }
    if let Some((verdict, figures)) = &act.verdict {
        let figures: Vec<&str> = figures.iter().map(crate::text::Clean::as_str).collect();
        let text = format!("{verdict}: {}", figures.join(", "));
        page.put("verdict", &text, verdict_role(verdict.as_str()));
    }
    let host = if act.who.host.as_str().is_empty() { String::new() } else { format!(" at {}", act.who.host) };
    page.put("who", &format!("{}{host}, {}", act.who.user, moment(model, act.at)), Role::Text);
    if let Some((who, at)) = &act.approved {
        page.put("approved", &format!("by {}, {}", who.user, moment(model, *at)), Role::Text);
    }
    if !act.reason.as_str().is_empty() {
        page.put("why", act.reason.as_str(), Role::Text);
    }
    if let Some(why) = &act.refused {
        page.put("refused", why.as_str(), Role::Degraded);
    }
    if let Some(incident) = &act.incident {
        page.put("incident", incident.as_str(), Role::Text);
    }
    for line in act.shots.iter().rev() {
        shot(line, &mut page);
    }
    draw::lines(&page.lines, inner, theme, buf);
}

fn outcome_text(model: &Model, act: &Act, word: &str) -> String {
    let with = params(act);
    let with = if with.is_empty() { String::new() } else { format!(" ({with})") };
    let more = match act.shots.last() {
        Some(line) if line.of > 1 => format!(", {} of {} requests", act.shots.len(), line.of),
        _ => String::new(),
    };
    let lost = act.shots.iter().any(|line| line.ended.is_none() && act.is_unknown(model.now));
    let lost = if lost { ": the journal holds no outcome, warroom ended before the answer" } else { "" };
    format!("{word}{with}{more}{lost}")
}

/// One request: how it ended, what was sent, what came back.
fn shot(line: &crate::action::ledger::Line, page: &mut Page<'_>) {
    let status = line.status.map_or_else(String::new, |status| format!(", HTTP {status}"));
    let took = line.took.map_or_else(String::new, |took| format!(", after {}", format_duration(took)));
    let how = line.ended.map_or("no outcome", |(how, _)| how.word());
    let role = match line.ended {
        Some((How::Done, _)) => Role::Up,
        Some((How::Failed | How::Unknown, _)) => Role::Down,
        _ => Role::Degraded,
    };
    let note = if line.note.as_str().is_empty() { String::new() } else { format!(": {}", line.note) };
    page.put("asked", &format!("{}, {how}{status}{took}{note}", line.instance), role);
    page.put("request", line.curl.as_str(), Role::Text);
    if !line.body.as_str().is_empty() {
        page.put("answered", line.body.as_str(), Role::Muted);
    }
    page.put("key", line.key.as_str(), Role::Muted);
}
