//! The post-mortem: Markdown out of the journal alone. What can be known is filled in; what only people know is left to
//! them, marked. Texts from outside are escaped, so that they are read as they were written.

mod actions;
mod text;

use super::Refusal;
use super::engine::Incidents;
use super::facts::Figures;
use super::notice::span;
use super::record::{Incident, Phase};
use super::settings::{Settings, number, percent, seconds};
use crate::journal::Entry;
use crate::units::Timestamp;
use std::fmt::Write as _;
use std::sync::Arc;
use text::{escape, link, moment, spark};

/// What people are to fill in.
const TO_FILL: &str = "_to fill in_";

/// The post-mortem of the incident `id` (which may be abbreviated), from the journal's lines.
///
/// # Errors
/// The journal knows no such incident, or several.
pub fn markdown(settings: &Arc<Settings>, entries: &[Entry], id: &str) -> Result<String, Refusal> {
    let incidents = Incidents::all_of(Arc::clone(settings), entries);
    let id = incidents.host_of(&incidents.find(id)?);
    let Some(incident) = incidents.all.get(&id) else {
        return Err(Refusal::Unknown { id: id.to_string(), nearest: Vec::new() });
    };
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {}\n", number_of(&incidents, incident), escape(&incident.title()));
    summary(&mut out, incident);
    out.push('\n');
    course(&mut out, incident);
    timeline(&mut out, incident);
    actions::table(&mut out, incident, entries, settings.timing.look_back);
    questions(&mut out, incident);
    Ok(out)
}

/// `INC-2025-1003-001`: the day on which it was noticed (UTC), and the count of that day in the journal.
pub fn number_of(incidents: &Incidents, incident: &Incident) -> String {
    let day = |at: Timestamp| at.to_string().get(..10).unwrap_or_default().to_owned();
    let today = day(incident.opened_at);
    let mut same: Vec<(Timestamp, &Arc<str>)> = incidents
        .every()
        .filter(|other| day(other.opened_at) == today)
        .map(|other| (other.opened_at, &other.id))
        .collect();
    same.sort();
    let count = same.iter().position(|(_, id)| **id == incident.id).map_or(1, |before| before + 1);
    let (year, month_day) = today.split_once('-').unwrap_or((&today, ""));
    format!("INC-{year}-{}-{count:03}", month_day.replace('-', ""))
}

/// When the harm was stopped: as somebody or warroom said, but not later than the last alert went.
fn mitigated(incident: &Incident) -> Option<Timestamp> {
    let said = incident.mitigated.as_ref().map(|(at, _)| *at);
    said.into_iter().chain(recovered(incident)).min()
}

/// When it was over: the moment at which the last alert went, and not that at which enough time had passed to believe it.
fn recovered(incident: &Incident) -> Option<Timestamp> {
    let (ended, _) = incident.resolved.as_ref()?;
    Some(incident.quiet_since.map_or(*ended, |quiet| quiet.min(*ended)))
}

fn summary(out: &mut String, incident: &Incident) {
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "| {name} | {value} |");
    };
    row("What", "Value".to_owned());
    row("---", "---".to_owned());
    row("Incident", escape(&incident.id));
    row("Severity", format!("{}: {}", incident.severity, escape(&incident.why)));
    let names: Vec<String> = incident.services.iter().map(|name| escape(name)).collect();
    row("Services (the likely cause first)", names.join(", "));
    if !incident.environment.is_empty() {
        row("Environment", escape(&incident.environment));
    }
    let when = |at: Option<Timestamp>| at.map_or_else(|| "not yet".to_owned(), moment);
    row("Began", moment(incident.began));
    row("Detected", moment(incident.opened_at));
    row("Acknowledged", incident.first_acknowledged.map_or_else(|| "by nobody".to_owned(), moment));
    row("Mitigated", when(mitigated(incident)));
    row("Recovered", when(recovered(incident)));
    let took = |from: Timestamp, to: Option<Timestamp>| {
        to.map_or_else(|| "–".to_owned(), |to| if to < from { "–".to_owned() } else { span(to.since(from)) })
    };
    row("Duration", took(incident.began, recovered(incident)));
    row("Time to detect (began to detected)", took(incident.began, Some(incident.opened_at)));
    row(
        "Time to acknowledge (detected to acknowledged)",
        took(incident.opened_at, incident.first_acknowledged),
    );
    row("Time to mitigate (detected to mitigated)", took(incident.opened_at, mitigated(incident)));
    row("Time to recover (began to recovered)", took(incident.began, recovered(incident)));
    if incident.flaps > 0 {
        row("Came back", format!("{} times", incident.flaps));
    }
    row("Users hit", users(incident));
    row("Error budget spent", budget(incident.course.figures()));
    let engineer =
        incident.assignee.clone().or_else(|| incident.acknowledged.as_ref().map(|mark| mark.user.clone()));
    row("Engineer", engineer.map_or_else(|| TO_FILL.to_owned(), |name| escape(&name)));
    if let Some(url) = incident.runbook() {
        row("Runbook", link(url));
    }
    match &incident.phase {
        Phase::Open => row("State", "**still open: this is a draft**".to_owned()),
        Phase::Resolved => {}
        Phase::Merged(into) => row("State", format!("part of {}", escape(into))),
    }
}

/// Failed requests are what can be counted; how many people sent them is not known here.
fn users(incident: &Incident) -> String {
    match incident.course.hit() {
        Some((requests, failed)) => format!(
            "about {} of {} requests failed (counted from a figure a minute); users: {TO_FILL}",
            number(failed.round()),
            number(requests.round())
        ),
        None => format!("no figures of requests and errors; {TO_FILL}"),
    }
}

fn budget(figures: &[Figures]) -> String {
    let mut left = figures.iter().filter_map(|figures| figures.budget_left);
    let Some(first) = left.next() else { return format!("no SLO was measured; {TO_FILL}") };
    let last = left.next_back().unwrap_or(first);
    format!("{} of it (from {} left to {})", percent((first - last).max(0.0)), percent(first), percent(last))
}

/// A figure's name, how to get it and how to write it.
type Row = (&'static str, fn(&Figures) -> Option<f64>, fn(f64) -> String);

const ROWS: [Row; 6] = [
    ("errors", |figures| figures.errors, percent),
    ("latency", |figures| figures.latency, seconds),
    ("requests/s", |figures| figures.requests, number),
    ("queue", |figures| figures.queue, number),
    ("budget left", |figures| figures.budget_left, percent),
    ("burn", |figures| figures.burn, |n| format!("{}x", number(n))),
];

fn course(out: &mut String, incident: &Incident) {
    out.push_str("## Course\n\n");
    let figures = incident.course.figures();
    let (Some(first), Some(last)) = (figures.first(), figures.last()) else {
        out.push_str("No figures were recorded.\n\n");
        return;
    };
    let _ = writeln!(out, "From {} to {}; `·` is a gap.\n\n```text", moment(first.at), moment(last.at));
    for (name, of, write) in ROWS {
        let values: Vec<Option<f64>> = figures.iter().map(of).collect();
        let known = || values.iter().flatten().copied();
        let (Some(min), Some(max)) = (known().reduce(f64::min), known().reduce(f64::max)) else { continue };
        let _ =
            writeln!(out, "{name:<12} {}  min {}  max {}", spark(&values, min, max), write(min), write(max));
    }
    out.push_str("```\n\n");
}

fn timeline(out: &mut String, incident: &Incident) {
    out.push_str("## Timeline (UTC)\n\n| Time | What | Who |\n| --- | --- | --- |\n");
    let mut items: Vec<&super::Item> = incident.timeline.iter().collect();
    items.sort_by_key(|item| item.at);
    for item in items {
        let who = item.by.as_deref().map_or_else(|| "warroom".to_owned(), escape);
        let note = if item.kind == "noted" { "note: " } else { "" };
        let _ = writeln!(out, "| {} | {note}{} | {who} |", moment(item.at), escape(&item.text));
    }
    out.push('\n');
}

fn questions(out: &mut String, incident: &Incident) {
    let fix = incident.mitigated.as_ref().map(|(_, how)| how);
    let reason = incident.resolved.as_ref().map(|(_, reason)| reason);
    let fix =
        fix.or(reason).map_or_else(|| TO_FILL.to_owned(), |how| format!("{}\n\n{TO_FILL}", escape(how)));
    let _ = write!(
        out,
        "## Root cause\n\n{TO_FILL}\n\n## Fix\n\n{fix}\n\n## Prevention\n\n| Task | Owner | Due |\n| --- | --- | --- |\n\
         | {TO_FILL} | | |\n\n## Lessons\n\n- What went well: {TO_FILL}\n- What went badly: {TO_FILL}\n\
         - Where we were lucky: {TO_FILL}\n"
    );
}
