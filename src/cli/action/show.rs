//! What `warroom action run` prints: what would be sent and what is true, then each step, then what came of it.

use crate::action::entry::How;
use crate::action::ledger::{Act, Ledger};
use crate::action::verdict::Verdict;
use crate::action::{Facts, Passed, Proposal};
use crate::io::act::{Followed, Progress, Ran, Settled};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

/// Says on standard error that there is none of that name, with the nearest.
pub(super) fn unknown<'n>(what: &str, wanted: &str, known: impl Iterator<Item = &'n str>) {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    let near = known.iter().min_by_key(|name| strsim::damerau_levenshtein(name, wanted));
    let near = near.filter(|name| strsim::damerau_levenshtein(name, wanted) <= 3);
    let hint = match (near, known.is_empty()) {
        (Some(name), _) => format!("did you mean {name}?"),
        (None, true) => "there are none in the configuration".to_owned(),
        (None, false) => format!("there are {}", known.join(", ")),
    };
    say(&format!("there is no {what} \"{}\"; {hint}", Clean::new(wanted)));
}

/// One line on standard error.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "warroom: {text}");
}

/// Acts of the last day of which nobody knows how they ended: a crash, a lost connection. Told, because the next act may
/// meet them.
pub(super) fn unknown_acts(ledger: &Ledger, service: Option<&str>, at: Timestamp) {
    let day = Duration::from_secs(24 * 3600);
    let here = |act: &&Act| service.is_none_or(|name| act.service.as_str() == name) && at.since(act.at) < day;
    for act in ledger.unknown(at).filter(here) {
        say(&format!("nobody knows how this ended: {}", act.title()));
    }
}

/// The box, as text: target, before -> after, the exact requests, what is true now, what it asks for.
pub(super) fn proposal(proposal: &Proposal, facts: &Facts, reason: &Clean, at: Timestamp) -> String {
    let mut out = String::new();
    let action = proposal.action();
    let environment = proposal.environment().map_or("no environment", |name| &**name);
    let _ = writeln!(
        out,
        "{} on {} ({environment}): {}",
        action.name,
        proposal.service(),
        Clean::new(&action.title)
    );
    for chosen in proposal.params() {
        let ages = |since: Option<Timestamp>| {
            since.map_or_else(String::new, |since| {
                let age = Duration::from_secs(at.since(since).as_secs() / 60 * 60);
                format!(" (since {})", format_duration(age))
            })
        };
        let before = chosen.current.as_ref().map_or_else(String::new, |current| {
            format!("{}{} -> ", Clean::new(&current.value), ages(current.since))
        });
        let (value, age) = (Clean::new(&chosen.choice.value), ages(chosen.choice.since));
        let _ = writeln!(out, "  {}: {before}{value}{age}", chosen.name);
    }
    let _ = writeln!(out, "  now: {}", standing(facts));
    for check in &facts.checks {
        let said = match &check.passed {
            Passed::Yes => "holds".to_owned(),
            Passed::No(why) => format!("DOES NOT HOLD: {why}"),
            Passed::Unknown(why) => format!("could not be made: {why}"),
        };
        let _ = writeln!(out, "  check {}: {said}", check.name);
    }
    if !action.note.is_empty() {
        let _ = writeln!(out, "  note: {}", Clean::new(&action.note));
    }
    match proposal.requests(reason, at) {
        Ok(requests) => {
            for request in requests {
                let _ = writeln!(out, "  {}", request.curl());
            }
        }
        Err(why) => drop(writeln!(out, "  {why}")),
    }
    let wants = if action.asks_reason() { "--reason TEXT " } else { "" };
    let _ = writeln!(out, "  to do it: the same command with {wants}--confirm {}", proposal.phrase());
    out
}

fn standing(facts: &Facts) -> String {
    let (up, all) = facts.instances;
    let mut out = format!("{}, {up} of {all} instances up", facts.health.word());
    let figures = &facts.figures;
    if let Some(version) = &facts.version {
        let _ = write!(out, ", version {version}");
    }
    if let Some(errors) = figures.errors {
        let _ = write!(out, ", errors {:.2}%", errors * 100.0);
    }
    if let Some(p95) = figures.p95 {
        let _ = write!(out, ", p95 {:.0}ms", p95 * 1000.0);
    }
    if let Some(queue) = figures.queue {
        let _ = write!(out, ", queue {queue:.0}");
    }
    for (name, state) in &facts.breakers {
        let _ = write!(out, ", breaker {name} {}", crate::model::rows::breaker_word(*state));
    }
    out
}

/// A step, in a line; none if it is not worth one. `last`: the state that was told last.
pub(super) fn step(progress: &Progress, last: &mut String) -> Option<String> {
    let text = match progress {
        Progress::Sending { turn, of, instance } if *of > 1 => format!("sent to {instance} ({turn} of {of})"),
        Progress::Sending { instance, .. } => format!("sent to {instance}"),
        Progress::Sent(sent) => format!("{}, after {}", sent.text, took(sent.took)),
        Progress::Accepted(job) => format!("following job {job}"),
        Progress::Job { state, log } => {
            let lines: String = log.iter().fold(String::new(), |text, line| format!("{text}\n  | {line}"));
            let told = format!("job is {state}");
            if lines.is_empty() && *last == told {
                return None;
            }
            last.clone_from(&told);
            return Some(format!("{told}{lines}"));
        }
        Progress::Waiting(why) => format!("the job cannot be asked for: {why}"),
        Progress::Settling { limit } => {
            format!("waiting until it has settled, at most {}", format_duration(*limit))
        }
        Progress::Settled(Settled::Yes) => "settled".to_owned(),
        Progress::Settled(Settled::No(why)) => why.to_string(),
        Progress::Settled(Settled::Stopped) => "not waited for".to_owned(),
        Progress::Stopped(why) => format!("stopped: {why}"),
    };
    if text == *last {
        return None;
    }
    last.clone_from(&text);
    Some(text)
}

fn took(time: Duration) -> String {
    format_duration(Duration::from_millis(time.as_millis() as u64))
}

/// What came of it, as text.
pub(super) fn outcome(ran: &Ran, verdict: Option<&Verdict>) -> String {
    let mut out = String::new();
    for shot in &ran.shots {
        let word = match shot.how {
            How::Done => "done",
            How::Failed => "FAILED",
            How::Unknown => "OUTCOME UNKNOWN",
            How::NotSent => "NOT SENT",
            How::Withdrawn => "WITHDRAWN",
        };
        let _ = writeln!(out, "{word} ({}): {}", shot.instance, shot.text);
        if let Some(Settled::No(why)) = &shot.settled {
            let _ = writeln!(out, "  {why}");
        }
        if let Some(advice) = &shot.sent.advice
            && shot.how != How::Done
        {
            let _ = writeln!(out, "  {advice}");
        }
    }
    if let Some(why) = &ran.stopped {
        let _ = writeln!(out, "STOPPED after {} of {}: {why}", ran.shots.len(), ran.of);
    }
    if ran.shots.len() < ran.of {
        let _ = writeln!(out, "{} of {} requests were not begun", ran.of - ran.shots.len(), ran.of);
    }
    if let Some(why) = &ran.unrecorded {
        let _ = writeln!(out, "{why}");
    }
    if let Some(verdict) = verdict {
        let note = if verdict.note.is_empty() { String::new() } else { format!(" ({})", verdict.note) };
        let _ = writeln!(out, "verdict: {}{note}", verdict.effect.word());
        for change in &verdict.changes {
            let _ = writeln!(out, "  {change}");
        }
    }
    out
}

/// What came of it, for programs.
pub(super) fn outcome_json(proposal: &Proposal, ran: &Ran, verdict: Option<&Verdict>, code: u8) -> Value {
    let shots: Vec<Value> = ran
        .shots
        .iter()
        .map(|shot| {
            json!({
                "instance": &*shot.instance,
                "how": shot.how.word(),
                "status": shot.sent.status,
                "text": shot.text,
                "body": shot.sent.body,
                "took_ms": shot.sent.took.as_millis() as u64,
                "retry_after_seconds": shot.sent.retry_after.map(|wait| wait.as_secs()),
                "advice": shot.sent.advice,
                "job": shot.followed.as_ref().map(Followed::word),
                "settled": shot.settled.as_ref().map(|settled| *settled == Settled::Yes),
            })
        })
        .collect();
    json!({
        "schema": 1,
        "id": proposal.id(),
        "service": &**proposal.service(),
        "action": &*proposal.action().name,
        "how": ran.how().word(),
        "requests": shots,
        "not_begun": ran.of - ran.shots.len(),
        "stopped": ran.stopped,
        "verdict": verdict.map(|verdict| verdict.effect.word()),
        "figures": verdict.map(|verdict| verdict.changes.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "exit": code,
    })
}
