//! What the operator does with an incident: acknowledge, note, assign, grade, end, snooze, tell others. It makes
//! changes of incidents and texts for the clipboard; nothing here changes a service.

use super::{foreign, ruling, say};
use crate::action::Press;
use crate::event::Effect;
use crate::incident::{Act, Incident, notice};
use crate::model::Model;
use crate::model::ui::{Prompt, PromptKind, RowKey, Screen};
use crate::severity::Severity;
use crate::units::parse_duration;
use std::sync::Arc;

/// Words of the `:` line that belong here, as completion offers them; a blank at the end asks for more.
const WORDS: &[&str] = &[
    "ack",
    "ack here",
    "unack",
    "unack here",
    "silence 15m ",
    "silence 1h ",
    "extend 1h",
    "unsilence",
    "page ack",
    "page resolve",
    "page note ",
    "assign ",
    "assign me",
    "assign nobody",
    "mitigated",
    "resolve ",
    "snooze 15m",
    "snooze 1h",
    "snooze 4h",
    "unsnooze",
    "notice",
    "notice opened",
    "notice progress",
    "notice resolved",
];

/// What can be typed after `:` about incidents, beside the incidents themselves.
pub(super) fn candidates() -> impl Iterator<Item = String> {
    let words = WORDS.iter().map(|word| (*word).to_owned());
    words.chain(Severity::ALL.iter().map(|severity| format!("severity {} ", severity.word())))
}

/// The incident that is meant: the one that is shown or selected, or the worst open one of the service.
fn meant(model: &Model) -> Result<Arc<str>, String> {
    let worst_of = |service: &str| {
        model.worst_incident(service).map(|it| Arc::clone(&it.id)).ok_or_else(|| {
            format!("{} has no open incident; :incidents lists them all", crate::text::clean(service))
        })
    };
    match (&model.ui.screen, &model.ui.list().selected) {
        (Screen::Incident(id), _) | (_, Some(RowKey::Incident(id))) => Ok(Arc::clone(id)),
        (Screen::Service(service), _) | (_, Some(RowKey::Service(service))) => worst_of(service),
        (_, Some(RowKey::Flow(key))) => worst_of(&key.service),
        (_, Some(RowKey::Slo(name))) => match model.slos.rows.iter().find(|row| row.name == *name) {
            Some(row) => worst_of(&row.service),
            None => Err("no incident is selected".to_owned()),
        },
        (_, Some(RowKey::Target(id))) => match model.target(*id) {
            Some(row) => worst_of(&row.target.service),
            None => Err("no incident is selected".to_owned()),
        },
        _ => Err("no incident is selected; :incidents lists them".to_owned()),
    }
}

/// `A`: takes it on; again: gives it back.
pub(super) fn acknowledge(model: &mut Model, effects: &mut Vec<Effect>) {
    match meant(model) {
        Ok(id) => {
            let taken = model.incidents.get(&id).is_some_and(|it| it.acknowledged.is_some());
            let opener = Some(Press::Char('A'));
            take(model, &id, !taken, opener, effects);
        }
        Err(why) => say(model, true, why),
    }
}

/// Takes an incident on, or gives it back. Where another system tells of it, that is asked for first: the incident is
/// acknowledged once its alerts are silenced there, and given back once they are heard again.
fn take(model: &mut Model, id: &str, on: bool, opener: Option<Press>, effects: &mut Vec<Effect>) {
    let id = model.incidents.find(id).map_or_else(|_| id.to_owned(), |found| found.to_string());
    model.ui.message = None;
    let elsewhere = if on {
        foreign::acknowledge(model, &id, "", None, opener, effects)
    } else {
        foreign::give_back(model, &id, opener, effects)
    };
    if !elsewhere {
        let said = model.ui.message.clone().filter(|message| message.bad);
        act(model, &id, if on { Act::Acknowledge } else { Act::Unacknowledge }, effects);
        // Why it was not done elsewhere as well matters more than that it was done here.
        if let (Some(said), Some(now)) = (said.filter(|said| said.until > model.now), &mut model.ui.message)
            && said.text.starts_with("here only")
            && !now.bad
        {
            now.text = format!("{}; {}", now.text, said.text);
            now.bad = true;
        }
    }
}

/// Somebody acts on an incident, by way of another system: a refusal (it is acknowledged already) is none of their
/// business.
pub(super) fn quietly(model: &mut Model, id: &str, act: Act, effects: &mut Vec<Effect>) {
    let (nonce, who) = (nonce(model), model.who.clone());
    if let Ok(changes) = model.incidents.act(id, act, &who, model.now, &nonce) {
        ruling::changed(model, &changes, effects);
    }
}

/// `m`: opens the line for a note. It is for the incident that is meant now, wherever the selection goes meanwhile.
pub(super) fn note(model: &mut Model) {
    match meant(model) {
        Ok(id) => {
            let before = id.to_string();
            model.ui.prompt = Some(Prompt::new(PromptKind::Note, "", before));
        }
        Err(why) => say(model, true, why),
    }
}

/// The note is written.
pub(super) fn noted(model: &mut Model, id: &str, text: &str, effects: &mut Vec<Effect>) {
    act(model, id, Act::Note(text.to_owned()), effects);
}

/// A line after `:`; false: it is about something else.
pub(super) fn command(model: &mut Model, word: &str, rest: &str, effects: &mut Vec<Effect>) -> bool {
    let wanted = match (word, rest) {
        ("incident", id) if !id.is_empty() => {
            open(model, id);
            return true;
        }
        // Without an id: the one that is meant, as for all that follows.
        ("incident", "") => {
            match meant(model) {
                Ok(id) => open(model, &id),
                Err(why) => say(model, true, why),
            }
            return true;
        }
        ("notice", which) => {
            tell(model, which, effects);
            return true;
        }
        ("ack" | "unack", "here") => {
            let wanted = if word == "ack" { Act::Acknowledge } else { Act::Unacknowledge };
            match meant(model) {
                Ok(id) => act(model, &id, wanted, effects),
                Err(why) => say(model, true, why),
            }
            return true;
        }
        ("ack" | "acknowledge" | "unack", id) => {
            let found = if id.is_empty() { meant(model) } else { Ok(Arc::from(id)) };
            match found {
                Ok(id) => take(model, &id, word != "unack", Some(Press::Enter), effects),
                Err(why) => say(model, true, why),
            }
            return true;
        }
        ("silence" | "extend" | "unsilence" | "page", _) => {
            match meant(model) {
                Ok(id) => drop(foreign::command(model, &id, word, rest, effects)),
                Err(why) => say(model, true, why),
            }
            return true;
        }
        ("note", "") => {
            note(model);
            return true;
        }
        ("note", text) => Ok(Act::Note(text.to_owned())),
        ("assign", "") => {
            Err("assign it to whom? write :assign NAME, :assign me or :assign nobody".to_owned())
        }
        ("assign", "me") => Ok(Act::Assign(model.who.user.as_str().to_owned())),
        ("assign", "nobody") => Ok(Act::Assign(String::new())),
        ("assign", name) => Ok(Act::Assign(name.to_owned())),
        ("severity", text) => severity(text),
        ("mitigated", how) => Ok(Act::Mitigated(how.to_owned())),
        ("resolve", reason) => Ok(Act::Resolve(reason.to_owned())),
        ("snooze", "") => Err("snooze it for how long? write :snooze 1h".to_owned()),
        ("snooze", text) => parse_duration(text).map(|wait| Act::Snooze(model.now + wait)),
        ("unsnooze", "") => Ok(Act::Unsnooze),
        _ => return false,
    };
    match wanted.and_then(|wanted| meant(model).map(|id| (id, wanted))) {
        Ok((id, wanted)) => act(model, &id, wanted, effects),
        Err(why) => say(model, true, why),
    }
    true
}

/// `P2 only the batch customers`.
fn severity(text: &str) -> Result<Act, String> {
    let (word, reason) = text.split_once(' ').unwrap_or((text, ""));
    if word.is_empty() {
        return Err("which severity, and why? write :severity P2 REASON".to_owned());
    }
    Ok(Act::Severity(word.parse()?, reason.trim().to_owned()))
}

/// Somebody acts on an incident: what comes of it goes to the journal and to whoever is to be told.
fn act(model: &mut Model, id: &str, act: Act, effects: &mut Vec<Effect>) {
    let nonce = nonce(model);
    let who = model.who.clone();
    match model.incidents.act(id, act, &who, model.now, &nonce) {
        Ok(changes) => {
            let said = changes.first().map(|change| {
                let what = crate::text::clean(&change.what.sentence()).into_owned();
                format!("{} {}: {what}", change.brief.severity, crate::text::clean(&change.brief.service))
            });
            ruling::changed(model, &changes, effects);
            say(model, false, said.unwrap_or_default());
        }
        Err(refusal) => say(model, true, refusal.to_string()),
    }
}

/// Tells acts apart. Nothing pure asks for randomness: who (account and host), when this process began, when the key
/// was pressed and how many acts came before it are never the same twice.
fn nonce(model: &mut Model) -> String {
    model.deeds += 1;
    let (user, host) = (model.who.user.as_str(), model.who.host.as_str());
    // The numbers come first: what is too long is cut at its end.
    format!("{:x}-{:x}-{}-{user}@{host}", model.started.millis(), model.now.millis(), model.deeds)
}

/// Shows one incident by its id, or by the beginning of it.
fn open(model: &mut Model, id: &str) {
    match model.incidents.find(id) {
        Ok(id) => super::keys::go(model, Screen::Incident(id)),
        Err(refusal) => say(model, true, refusal.to_string()),
    }
}

/// Puts a notice on the clipboard: the one that is asked for, or the one that fits.
fn tell(model: &mut Model, which: &str, effects: &mut Vec<Effect>) {
    let write: fn(&crate::incident::Incidents, &Incident, &notice::Words, _) -> String = match which {
        "" => notice::fitting,
        "opened" => notice::opened,
        "progress" => notice::progress,
        "resolved" => notice::resolved,
        _ => return say(model, true, "there are the notices opened, progress and resolved".to_owned()),
    };
    let found = meant(model).and_then(|id| {
        let it = model.incidents.get(&id).ok_or("this incident is not kept in view any more")?;
        Ok(write(&model.incidents, it, &notice::Words::default(), model.now))
    });
    match found {
        Ok(text) => {
            super::copy::send(model, &text, effects);
        }
        Err(why) => say(model, true, why),
    }
}

/// The notice that fits an incident.
pub(super) fn fitting(model: &Model, id: &str) -> Option<String> {
    let it = model.incidents.get(id)?;
    Some(notice::fitting(&model.incidents, it, &notice::Words::default(), model.now))
}
