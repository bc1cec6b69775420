//! The reader of `incident`.

use super::incident::{Calendar, Grade, Incident, Limits, Moves, Notices, Timing};
use super::place::Place;
use super::tree::{Item, Tree};
use crate::severity::Severity;

/// Reads `incident`; the walker has filled in the defaults.
pub(crate) fn incident(tree: Option<&Tree>) -> Incident {
    let empty = Tree::empty("incident", Place::default(), None);
    let tree = tree.unwrap_or(&empty);
    let duration = |key| tree.duration(key).unwrap_or_default();
    let severity = tree.table("severity");
    Incident {
        group_by: tree.texts("group_by"),
        timing: Timing {
            settle: duration("settle"),
            flap: duration("flap"),
            keep: duration("keep"),
            lower_after: duration("lower_after"),
            look_back: duration("look_back"),
            watch_deploy: duration("watch_deploy"),
            update_every: duration("update_every"),
        },
        channel: tree.text("channel").unwrap_or_default(),
        grades: Severity::ALL
            .into_iter()
            .filter_map(|which| severity?.table(which.word()).map(|tree| grade(which, tree)))
            .collect(),
        calendar: tree.table("calendar").map(calendar).unwrap_or_default(),
        notices: tree.table("notice").map(notices).unwrap_or_default(),
        moves: tree.tables("moves").map(|(name, tree)| moves(name, tree)).collect(),
    }
}

fn grade(severity: Severity, tree: &Tree) -> Grade {
    Grade {
        severity,
        answer: tree.spanned("answer").unwrap_or_default(),
        escalate: tree.spanned("escalate").unwrap_or_default(),
        limits: Limits {
            instances_down: tree.number("instances_down"),
            errors: tree.number("errors"),
            latency: tree.duration("latency").map(|latency| latency.as_secs_f64()),
            breakers: tree.whole("breakers"),
            queue: tree.number("queue"),
            burn: tree.number("burn"),
        },
    }
}

fn calendar(tree: &Tree) -> Calendar {
    let word = |item: &Item| match item {
        Item::Word(word) => Some((*word).to_owned()),
        _ => None,
    };
    Calendar {
        zone: tree.spanned("zone").unwrap_or_default(),
        days: tree.list("days").iter().filter_map(|item| word(&item.value)).collect(),
        hours: tree.spanned("hours").unwrap_or_default(),
        holidays: tree.texts("holidays"),
    }
}

fn notices(tree: &Tree) -> Notices {
    let text = |key| tree.spanned(key).unwrap_or_default();
    Notices { opened: text("opened"), progress: text("progress"), resolved: text("resolved") }
}

fn moves(name: &str, tree: &Tree) -> Moves {
    Moves {
        name: name.to_owned(),
        place: tree.at.clone(),
        alerts: tree.texts("alerts"),
        service: tree.spanned("service"),
        steps: tree.texts("steps").into_iter().map(|step| step.value).collect(),
        runbook: tree.text("runbook"),
    }
}
