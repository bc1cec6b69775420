//! What other systems say, in a line: who holds an incident back and until when, whose it is there, who is on call, and
//! whether the backends answer.

use super::draw;
use super::incidents::lasts;
use crate::foreign::{PeerHealth, Suppressed};
use crate::incident::{AlertNote, Incident};
use crate::layout;
use crate::model::Model;
use crate::text::clean;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// `SILENCED 41m`: in minutes, so that it is redrawn once a minute.
pub(super) fn held(model: &Model, why: &Suppressed) -> String {
    let left = why.until.map_or_else(String::new, |until| format!(" {}", lasts(until.since(model.now))));
    format!("{}{left}", why.word)
}

/// Why nobody is told of an incident.
pub(super) fn silenced(model: &Model, it: &Incident) -> Option<String> {
    it.is_open().then(|| model.foreign.silenced(it)).flatten().map(|why| held(model, &why))
}

/// Where an alert comes from, and what holds it back there: ` (am: SILENCED 41m by anna)`. Empty: our own rules alone.
pub(super) fn origin(model: &Model, note: &AlertNote) -> String {
    let behind = model.foreign.of_note(note);
    let mut said: Vec<String> = Vec::new();
    if behind.is_empty() && !note.origin.is_empty() {
        said.push(note.origin.clone());
    }
    for (picture, alert) in behind {
        let name = &picture.backend;
        said.push(match model.foreign.why(picture, alert) {
            Some(why) => format!("{name}: {} by {}", held(model, &why), why.by),
            None if alert.held => format!("{name}: by a member that does not answer"),
            None => name.to_string(),
        });
    }
    if said.is_empty() { String::new() } else { format!(" ({})", clean(&said.join(", "))) }
}

/// What is known elsewhere of an incident; none: nothing.
pub(super) fn line(model: &Model, theme: &Theme, it: &Incident) -> Option<Line<'static>> {
    let (muted, text) = (theme.style(Role::Muted), theme.style(Role::Text));
    let mut spans = Vec::new();
    let mut put = |name: &str, value: String, style| {
        spans.push(Span::styled(format!(" {name} "), muted));
        spans.push(Span::styled(format!("{} ", clean(&value)), style));
    };
    let mut from: Vec<String> = Vec::new();
    for (picture, _) in model.foreign.of_incident(it) {
        let backend = model.plan.foreign.iter().find(|known| known.name == picture.backend);
        let title = backend.map_or_else(|| picture.backend.to_string(), |backend| backend.title());
        if !from.contains(&title) {
            from.push(title);
        }
    }
    if !from.is_empty() {
        put("from", from.join(", "), text);
    }
    if let Some(why) = model.foreign.silenced(it).filter(|_| it.is_open()) {
        let colon = if why.comment.is_empty() { "" } else { ": " };
        let until = why
            .until
            .map_or_else(String::new, |until| format!(" until {}", draw::clock(until, &model.plan.ui.zone)));
        let comment: String = why.comment.chars().take(60).collect();
        put(
            why.word,
            format!("{until} by {}{colon}{comment}", why.by).trim().to_owned(),
            theme.style(Role::Degraded),
        );
    }
    for (_, page) in model.foreign.pages(it).into_iter().take(2) {
        let names = |list: &[crate::text::Clean]| {
            list.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let (word, style) = match (page.acknowledged, page.acknowledged_by.is_empty()) {
            (true, false) => (format!("ack {}", names(&page.acknowledged_by)), text),
            (true, true) => ("ack".to_owned(), text),
            (false, _) if page.assigned.is_empty() => ("rings".to_owned(), theme.style(Role::Down)),
            (false, _) => (format!("rings {}", names(&page.assigned)), theme.style(Role::Down)),
        };
        put(&format!("PagerDuty {}", page.number), word, style);
    }
    let calls: Vec<String> = model
        .foreign
        .on_call(it)
        .into_iter()
        .take(3)
        .map(|one| format!("{} ({})", one.who, one.level))
        .collect();
    if !calls.is_empty() {
        put("on call", calls.join(", "), text);
    }
    (!spans.is_empty()).then(|| Line::from(spans))
}

/// On the lower border of a list: whether the backends answer, and what they hold back. What does not answer is said with
/// its error.
pub(super) fn border(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if !layout::bordered(model.ui.size) || area.height < 2 || area.width < 12 || model.plan.foreign.is_empty()
    {
        return;
    }
    let (mut parts, mut role) = (Vec::new(), Role::Muted);
    for backend in &model.plan.foreign {
        let Some(picture) = model.foreign.picture(&backend.name) else {
            parts.push(format!("{}: not heard yet", backend.title()));
            continue;
        };
        let all = picture.peers.len();
        let good =
            picture.peers.iter().filter(|peer| peer.failure.is_none() && peer.answered.is_some()).count();
        let what = if picture.pager.is_some() { "incidents" } else { "alerts" };
        let told = format!("{} {what}", picture.alerts.len());
        if good == all && !picture.deaf {
            parts.push(format!("{}: {told}", backend.title()));
            continue;
        }
        role = if picture.deaf { Role::Down } else { Role::Degraded };
        let first = picture.peers.iter().find(|peer| peer.failure.is_some());
        let why = first.map_or_else(|| "does not answer".to_owned(), |peer| trouble(model, peer));
        let word = if picture.deaf { "STALE" } else { "ok" };
        parts.push(format!("{}: {word}, {good} of {all} answer, {told}; {why}", backend.title()));
    }
    let held: Vec<String> = model
        .foreign
        .held_back()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if !held.is_empty() {
        parts.push(held.join(", "));
    }
    let text = format!(" {} ", clean(&parts.join("   ")));
    let room = usize::from(area.width.saturating_sub(4));
    let text = crate::text::truncate(&text, room, theme.ascii).into_owned();
    buf.set_string(area.x + 2, area.bottom() - 1, text, theme.style(role));
}

fn trouble(model: &Model, peer: &PeerHealth) -> String {
    let failure = peer.failure.as_ref().map(ToString::to_string).unwrap_or_default();
    let last = peer.answered.map_or_else(
        || ", never answered".to_owned(),
        |at| format!(", last answer {} ago", draw::age(model.now.since(at))),
    );
    format!("{} {failure}{last}", peer.name)
}
