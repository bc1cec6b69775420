//! An act of this session: how long it takes, what it does, what its job says, and whether it helped.

use super::draw;
use super::over::{Page, popup};
use crate::action::facts::Figures;
use crate::action::verdict::judge;
use crate::action::{Effect, How};
use crate::model::Model;
use crate::model::act::Run;
use crate::theme::{Role, Theme};
use crate::units::format_duration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;
use warroom_widgets::{Unit, human};

/// The figures by which an act is judged, in a line; what is not known is not zero.
pub(super) fn figures(figures: &Figures) -> String {
    let show = |value: Option<f64>, text: &dyn Fn(f64) -> String| {
        value.filter(|value| value.is_finite()).map_or_else(|| "not known".to_owned(), text)
    };
    let parts = [
        Some(format!("errors {}", show(figures.errors, &|it| format!("{:.2}%", it * 100.0)))),
        Some(format!("p95 {}", show(figures.p95, &|it| human(it, Unit::Seconds)))),
        Some(format!("burn {}", show(figures.burn, &|it| format!("{it:.1}x")))),
        figures.queue.map(|queue| format!("queue {queue:.0}")),
        figures.requests.map(|rate| format!("{rate:.1} requests/s")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The colour of a verdict.
pub(super) fn effect_role(effect: Effect) -> Role {
    match effect {
        Effect::Helped => Role::Up,
        Effect::Worse => Role::Down,
        Effect::NoEffect | Effect::TooEarly => Role::Muted,
    }
}

pub(super) fn draw(model: &Model, theme: &Theme, run: &Run, body: Rect, buf: &mut Buffer) {
    let mut head = Page::new(theme, body);
    let until = run.finished.as_ref().map_or(model.now, |(_, at)| *at);
    let elapsed = draw::age(until.since(run.began));
    match &run.finished {
        None => {
            head.put("doing", run.doing.as_str(), Role::Text);
            let waiting = if run.stopped { ", nobody waits for its end" } else { "" };
            head.put("elapsed", &format!("{elapsed}{waiting}"), Role::Text);
        }
        Some((finished, _)) => {
            let (word, role) = match (finished.how, finished.settled) {
                (How::Done, true) => ("done, and settled", Role::Up),
                (How::Done, false) if finished.stopped => ("stopped", Role::Degraded),
                (How::Done, false) => ("done, not settled", Role::Degraded),
                (How::Failed, _) => ("FAILED", Role::Down),
                (How::Unknown, _) => ("OUTCOME UNKNOWN", Role::Down),
                (How::NotSent, _) => ("NOT SENT", Role::Degraded),
                (How::Withdrawn, _) => ("WITHDRAWN", Role::Degraded),
            };
            head.put("outcome", &format!("{word} after {elapsed}"), role);
            head.put("", finished.text.as_str(), Role::Text);
            if let (Some(advice), true) = (&finished.advice, finished.how != How::Done) {
                head.put("advice", advice.as_str(), Role::Text);
            }
            if finished.not_begun > 0 {
                head.put("", &format!("{} requests were not begun", finished.not_begun), Role::Degraded);
            }
            if let Some(why) = &finished.unrecorded {
                head.put("journal", why.as_str(), Role::Down);
            }
        }
    }
    verdict(model, run, &mut head);
    let mut log = Page::new(theme, body);
    log.gap();
    for (at, text) in &run.lines {
        log.put(&draw::clock_seconds(*at, &model.plan.ui.zone), text.as_str(), Role::Text);
    }
    let rows = head.lines.len() + log.lines.len();
    let title = format!("{} on {}", run.proposal.action().name, run.proposal.service());
    let inner = popup(draw::title(&title, "", theme), rows, theme, body, buf);
    // The newest lines of the log stay in view.
    let room = usize::from(inner.height).saturating_sub(head.lines.len());
    let skip = log.lines.len().saturating_sub(room);
    let mut lines = head.lines;
    lines.extend(log.lines.into_iter().skip(skip));
    draw::lines(&lines, inner, theme, buf);
}

/// Whether it helped: what was found, or how the figures stand until it can be said.
fn verdict(model: &Model, run: &Run, page: &mut Page<'_>) {
    let Some((finished, at)) = &run.finished else { return };
    let window = model.plan.window;
    let verdict = match &run.verdict {
        Some(verdict) => verdict.clone(),
        None if finished.how == How::Done => {
            let after = model.facts(run.proposal.service()).unwrap_or_default();
            judge(run.proposal.facts(), &after, model.now.since(*at).min(window / 2), window)
        }
        None => return,
    };
    page.gap();
    if run.verdict.is_some() {
        page.put("verdict", verdict.effect.word(), effect_role(verdict.effect));
        page.put("", &verdict.note, Role::Muted);
    } else if let Some(due) = run.judge_at {
        let left = Duration::from_secs(due.since(model.now).as_secs() + 1);
        page.put("verdict", &format!("too early: in {}", format_duration(left)), Role::Muted);
    }
    for change in &verdict.changes {
        let role = match change.sign {
            1 => Role::Up,
            -1 => Role::Down,
            _ => Role::Text,
        };
        page.put("", &change.to_string(), role);
    }
}
