//! Incidents for people: columns for a terminal, Markdown for a chat. What came from outside is cleaned here.

use super::{shown, state_word};
use crate::incident::{Incident, Timer};
use crate::text::{clean, width};
use crate::units::{Timestamp, format_duration};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const HEADINGS: [&str; 8] = ["ID", "SEV", "STATE", "SERVICE", "SINCE (UTC)", "LASTS", "WHO", "WHAT"];

/// A list in columns.
pub(super) fn list(incidents: &[&Incident], at: Timestamp) -> String {
    if incidents.is_empty() {
        return "no incidents\n".to_owned();
    }
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(incidents.iter().map(|incident| cells(incident, at)));
    let wide: [usize; 8] = std::array::from_fn(|column| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
    });
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, wide) in row.iter().zip(wide) {
            let _ = write!(line, "{cell}{}", " ".repeat(wide - width(cell) + 2));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// A list as a Markdown table.
pub(super) fn markdown(incidents: &[&Incident], at: Timestamp) -> String {
    if incidents.is_empty() {
        return "No incidents.\n".to_owned();
    }
    let mut out = format!("| {} |\n|{}\n", HEADINGS.join(" | "), " --- |".repeat(HEADINGS.len()));
    for incident in incidents {
        let row = cells(incident, at).map(|cell| escaped(&cell));
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

fn cells(incident: &Incident, at: Timestamp) -> [String; 8] {
    let end = incident.resolved.as_ref().map_or(at, |(ended, _)| *ended);
    let who = incident.assignee.as_deref().or(incident.acknowledged.as_ref().map(|mark| mark.user.as_str()));
    let mut what = clean(&incident.title()).into_owned();
    if let Some(timer) = timer(incident, at) {
        let _ = write!(what, " ({timer})");
    }
    [
        incident.id.to_string(),
        incident.severity.word().to_owned(),
        state_word(incident).to_owned(),
        services(incident),
        minute(incident.began),
        rough(end.since(incident.began)),
        who.map_or(Cow::Borrowed("-"), clean).into_owned(),
        what,
    ]
}

/// Everything about one incident.
pub(super) fn show(incident: &Incident, at: Timestamp) -> String {
    let mut out = format!("{} {}: {}\n\n", incident.id, incident.severity, clean(&incident.title()));
    for (name, value) in facts(incident, at) {
        let _ = writeln!(out, "  {name:<13} {value}");
    }
    if !incident.alerts.is_empty() {
        out.push_str("\nalerts\n");
        for (state, name, rest) in alerts(incident) {
            let _ = writeln!(out, "  {state:<6} {name}  {rest}");
        }
    }
    out.push_str("\ntimeline (UTC)\n");
    for item in &incident.timeline {
        let _ = writeln!(out, "  {}  {}", second(item.at), line_of(item));
    }
    out
}

/// The same in Markdown.
pub(super) fn show_markdown(incident: &Incident, at: Timestamp) -> String {
    let mut out = format!("## {} {}: {}\n\n", incident.id, incident.severity, escaped(&incident.title()));
    for (name, value) in facts(incident, at) {
        let _ = writeln!(out, "- **{name}**: {}", escaped(&value));
    }
    if !incident.alerts.is_empty() {
        out.push_str("\n### Alerts\n\n");
        for (state, name, rest) in alerts(incident) {
            let _ = writeln!(out, "- {state} **{}** {}", escaped(&name), escaped(&rest));
        }
    }
    out.push_str("\n### Timeline (UTC)\n\n");
    for item in &incident.timeline {
        let _ = writeln!(out, "- {} {}", second(item.at), escaped(&line_of(item)));
    }
    out
}

fn line_of(item: &crate::incident::Item) -> String {
    let by = item.by.as_deref().map(|by| format!("{}: ", clean(by))).unwrap_or_default();
    format!("{by}{}", clean(&item.text))
}

fn alerts(incident: &Incident) -> impl Iterator<Item = (&'static str, String, String)> {
    incident.alerts.iter().map(|alert| {
        let state = if alert.firing { "firing" } else { "gone" };
        let since = second(alert.active_at);
        let rest = format!("{} since {since} {}", clean(&alert.service), clean(&alert.summary));
        (state, clean(&alert.name).into_owned(), rest.trim_end().to_owned())
    })
}

/// What is known of it, as (name, value).
fn facts(incident: &Incident, at: Timestamp) -> Vec<(&'static str, String)> {
    let end = incident.resolved.as_ref().map_or(at, |(ended, _)| *ended);
    let mut facts = vec![
        ("state", state_word(incident).to_owned()),
        ("severity", format!("{}: {}", incident.severity, clean(&incident.why))),
        ("services", services(incident)),
    ];
    if !incident.environment.is_empty() {
        facts.push(("environment", clean(&incident.environment).into_owned()));
    }
    let lasts = if incident.resolved.is_some() { "lasted" } else { "lasts" };
    let length = rough(end.since(incident.began));
    facts.push(("began", format!("{}, {lasts} {length}", second(incident.began))));
    facts.push(("opened", second(incident.opened_at)));
    if let Some(mark) = &incident.acknowledged {
        facts.push(("acknowledged", format!("{} by {}", second(mark.at), clean(&mark.user))));
    }
    if let Some(assignee) = &incident.assignee {
        facts.push(("assigned to", clean(assignee).into_owned()));
    }
    if let Some(timer) = timer(incident, at) {
        facts.push(("timer", timer));
    }
    if let Some((since, how)) = &incident.mitigated {
        facts.push(("mitigated", format!("{}: {}", second(*since), clean(how))));
    }
    if let Some((ended, why)) = &incident.resolved {
        facts.push(("resolved", format!("{}: {}", second(*ended), clean(why))));
    }
    if incident.flaps > 0 {
        facts.push(("came back", format!("{} times", incident.flaps)));
    }
    if let Some(until) = incident.snoozed_until.filter(|until| *until > at) {
        facts.push(("snoozed until", second(until)));
    }
    if let Some(runbook) = incident.runbook() {
        facts.push(("runbook", clean(runbook).into_owned()));
    }
    facts
}

/// The timer that matters most: an answer first, then the escalation.
fn timer(incident: &Incident, at: Timestamp) -> Option<String> {
    let timers = incident.timers(at);
    let told = |timer: Timer, what: &str| match timer {
        Timer::Running(due) => Some(format!("{what} within {}", rough(due.since(at)))),
        Timer::Overdue(due) => Some(format!("{what} overdue for {}", rough(at.since(due)))),
        Timer::Stopped => None,
    };
    told(timers.answer, "answer").or_else(|| told(timers.escalate, "escalate"))
}

/// What to tell where nothing is listed.
pub(super) fn nothing(folder: &Path, others: bool) -> String {
    if others {
        return format!(
            "the journal in {} knows others: see --all, and leave --open, --since or --service out",
            shown(folder)
        );
    }
    format!(
        "the journal in {} knows no incident yet. The dashboard and `warroom watch` open one when an alert fires; \
         try it with `warroom demo`. Another folder: --state or WARROOM_STATE",
        shown(folder)
    )
}

/// Services, the cause first; at most three are named.
fn services(incident: &Incident) -> String {
    let named: Vec<Cow<'_, str>> = incident.services.iter().take(3).map(|service| clean(service)).collect();
    let more = incident.services.len().saturating_sub(named.len());
    let rest = if more > 0 { format!(" +{more}") } else { String::new() };
    format!("{}{rest}", named.join(","))
}

/// A duration in its largest two units.
fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let step = match seconds {
        0..600 => 1,
        600..86_400 => 60,
        _ => 3600,
    };
    format_duration(Duration::from_secs(seconds / step * step))
}

/// `2025-10-08 08:00`, UTC.
fn minute(at: Timestamp) -> String {
    civil(at, "%Y-%m-%d %H:%M")
}

/// `2025-10-08 08:00:07`, UTC.
fn second(at: Timestamp) -> String {
    civil(at, "%Y-%m-%d %H:%M:%S")
}

fn civil(at: Timestamp, format: &str) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| at.to_string(), |moment| moment.strftime(format).to_string())
}

/// Text that means nothing to Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
