//! What `incident` says, compiled.

use super::Found;
use crate::config::incident::{self as raw, Wait};
use crate::config::{Config, Problem, Spanned};
use crate::incident::notice::Template;
use crate::incident::{Calendar, Grade, Limits, MoveRule, Settings};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Compiles `incident`; what makes no sense is a problem of the configuration.
pub(super) fn compile(config: &Config, problems: &mut Found) -> Arc<Settings> {
    let incident = &config.incident;
    let grades = std::array::from_fn(|i| grade(incident.grades.get(i), problems));
    ordered(&incident.grades, problems);
    let notice = |text: &Spanned<String>, key: &str, problems: &mut Found| {
        Template::parse(&text.value).unwrap_or_else(|message| {
            problems.push((true, Problem::new(&text.at, format!("incident.notice.{key}"), message)));
            Template::default()
        })
    };
    Arc::new(Settings {
        group_by: incident.group_by.iter().map(|label| label.value.as_str().into()).collect(),
        timing: incident.timing,
        channel: crate::text::clean(&incident.channel).into_owned(),
        grades,
        calendar: calendar(&incident.calendar, problems),
        opened: notice(&incident.notices.opened, "opened", problems),
        progress: notice(&incident.notices.progress, "progress", problems),
        resolved: notice(&incident.notices.resolved, "resolved", problems),
        moves: incident.moves.iter().map(moves).collect(),
    })
}

fn grade(grade: Option<&raw::Grade>, problems: &mut Found) -> Grade {
    let mut wait = |key: &str, text: Option<&Spanned<String>>| {
        let Some((grade, text)) = grade.zip(text) else { return Wait::WorkingDays(1) };
        Wait::parse(&text.value).unwrap_or_else(|message| {
            let key = format!("incident.severity.{}.{key}", grade.severity);
            problems.push((true, Problem::new(&text.at, key, message)));
            Wait::WorkingDays(1)
        })
    };
    let answer = wait("answer", grade.map(|grade| &grade.answer));
    let escalate = wait("escalate", grade.map(|grade| &grade.escalate));
    Grade { answer, escalate, limits: grade.map_or_else(Limits::default, |grade| grade.limits) }
}

/// A graver severity with a lower limit than a lesser one would swallow it: worth a warning.
fn ordered(grades: &[raw::Grade], problems: &mut Found) {
    type Of = fn(&Limits) -> Option<f64>;
    let limits: [(&str, Of); 6] = [
        ("instances_down", |limits| limits.instances_down),
        ("errors", |limits| limits.errors),
        ("latency", |limits| limits.latency),
        ("breakers", |limits| limits.breakers.map(|count| count as f64)),
        ("queue", |limits| limits.queue),
        ("burn", |limits| limits.burn),
    ];
    for (name, of) in limits {
        let mut graver: Option<(&raw::Grade, f64)> = None;
        for grade in grades {
            let Some(limit) = of(&grade.limits) else { continue };
            if let Some((other, higher)) = graver
                && limit > higher
            {
                let key = format!("incident.severity.{}.{name}", grade.severity);
                let message = format!("is never reached: that of {} is lower", other.severity);
                let problem = Problem::new(&grade.answer.at, key, message);
                problems.push((false, problem.with_remedy("give the graver severity the higher limit")));
            }
            graver = Some((grade, limit));
        }
    }
}

fn calendar(calendar: &raw::Calendar, problems: &mut Found) -> Calendar {
    let default = Calendar::default();
    let zone = super::named_zone(&calendar.zone.value).unwrap_or_else(|_| {
        let message = format!("there is no time zone \"{}\"", crate::text::clean(&calendar.zone.value));
        let problem = Problem::new(&calendar.zone.at, "incident.calendar.zone", message);
        problems.push((true, problem.with_remedy("write an IANA name such as UTC or Europe/Berlin")));
        jiff::tz::TimeZone::UTC
    });
    let (from, to) = raw::parse_hours(&calendar.hours.value).unwrap_or_else(|message| {
        problems.push((true, Problem::new(&calendar.hours.at, "incident.calendar.hours", message)));
        (default.from, default.to)
    });
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let days = names.map(|name| calendar.days.iter().any(|day| day == name));
    if days == [false; 7] {
        let problem = Problem::new(&calendar.hours.at, "incident.calendar.days", "nobody ever works");
        problems.push((true, problem.with_remedy("name at least one day")));
    }
    let mut holidays = BTreeSet::new();
    for holiday in &calendar.holidays {
        match holiday.value.parse() {
            Ok(date) => {
                holidays.insert(date);
            }
            Err(_) => problems.push((
                true,
                Problem::new(&holiday.at, "incident.calendar.holidays", "is no date: write it as 2025-12-25"),
            )),
        }
    }
    Calendar { zone, days, from, to, holidays }
}

fn moves(moves: &raw::Moves) -> MoveRule {
    MoveRule {
        name: moves.name.as_str().into(),
        alerts: moves.alerts.iter().map(|pattern| pattern.value.to_lowercase()).collect(),
        service: moves.service.as_ref().map(|service| service.value.as_str().into()),
        steps: moves.steps.clone(),
        runbook: moves.runbook.clone(),
    }
}
