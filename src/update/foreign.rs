//! What Alertmanager and PagerDuty tell becomes alarms; acknowledging what they tell becomes a proposal for the door.
//! Nothing here sends anything, or decides whether it may be sent.

use super::{act, incidents, say};
use crate::action::{Action, How, Press, Proposal};
use crate::event::{Effect, Finished};
use crate::foreign::alertmanager::Silence;
use crate::foreign::pagerduty::{Wish, wish};
use crate::foreign::{Backend, Book, Change, Draft, Foreign, Kind, Picture, Say, Step};
use crate::incident::{Act, Alarm, Incident};
use crate::model::{Changed, Model};
use crate::plan::Plan;
use crate::rules::{AlertState, Standing};
use crate::units::parse_duration;
use std::sync::Arc;
use std::time::Duration;

/// A backend tells something new.
pub(super) fn taken(model: &mut Model, generation: u32, picture: Arc<Picture>, effects: &mut Vec<Effect>) {
    // What was asked for an older plan may be of a backend that is no more.
    if generation != model.plan.generation {
        return;
    }
    let backend = Arc::clone(&picture.backend);
    model.foreign.take(picture);
    model.changed = model.changed.max(Changed::Data);
    model.unsettled = true;
    // The journal comes first: otherwise what it knows would be opened once more.
    model.judging.fresh |= !model.judging.remembering;
    for (step, done) in model.foreign.found_out(&backend) {
        let title = title(model, &backend);
        if done {
            incidents::quietly(model, &step.incident, Act::Acknowledge, effects);
            let text = format!("{title} has it after all: the answer was lost, the change was made");
            incidents::quietly(model, &step.incident, Act::Note(text.clone()), effects);
            say(model, false, text);
        } else {
            let text = format!("{title} does not know of it: the request was lost, nothing was changed");
            incidents::quietly(model, &step.incident, Act::Note(text.clone()), effects);
            say(model, true, text);
        }
    }
}

fn title(model: &Model, backend: &str) -> String {
    find(model, backend).map_or_else(|| backend.to_owned(), |found| found.title())
}

fn find(model: &Model, backend: &str) -> Option<Arc<Backend>> {
    model.plan.foreign.iter().find(|known| *known.name == *backend).cloned()
}

/// Another plan: backends that are gone are forgotten.
pub(super) fn reloaded(model: &mut Model) {
    let names: Vec<Arc<str>> = model.plan.foreign.iter().map(|backend| Arc::clone(&backend.name)).collect();
    model.foreign.keep(&names);
}

/// What is known of all backends, matched against our own alerts. Who does not answer is told to the incidents.
pub(super) fn hear(model: &mut Model) -> Vec<Arc<Picture>> {
    let names: Vec<Arc<str>> = model.plan.foreign.iter().map(|backend| Arc::clone(&backend.name)).collect();
    model.incidents.deaf(model.foreign.deaf(&names));
    if names.is_empty() {
        return Vec::new();
    }
    let own = model.rules.standing().filter(|standing| standing.alert.state == AlertState::Firing);
    let own = own.map(|standing| {
        let alert = &standing.alert;
        (&alert.labels, crate::incident::fingerprints(&standing.services, &alert.name, &alert.labels))
    });
    model.foreign.match_own(own);
    model.foreign.pictures().cloned().collect()
}

/// Does another system hold this alert of ours back?
pub(super) fn holds_back(book: &Book, standing: &Standing, service: Option<&Arc<str>>) -> bool {
    if !book.has_twins() {
        return false;
    }
    let services: &[Arc<str>] = service.map_or(&[], std::slice::from_ref);
    let alert = &standing.alert;
    let notes = crate::incident::fingerprints(services, &alert.name, &alert.labels);
    notes.first().is_some_and(|note| book.holds_back(note))
}

/// The alarms of other systems that are not ours as well.
pub(super) fn alarms<'a>(
    plan: &'a Plan,
    book: &'a Book,
    heard: &'a [Arc<Picture>],
    is_incident: impl Fn(&str) -> bool + Copy + 'a,
) -> impl Iterator<Item = Alarm<'a>> {
    heard.iter().flat_map(move |picture| {
        let environment = plan
            .foreign
            .iter()
            .find(|backend| backend.name == picture.backend)
            .and_then(|it| it.environment.clone());
        book.news(picture, is_incident).flat_map(move |alert| of_services(plan, alert, environment.as_ref()))
    })
}

fn of_services<'a>(plan: &'a Plan, foreign: &'a Foreign, otherwise: Option<&Arc<str>>) -> Vec<Alarm<'a>> {
    let own = foreign.alert.annotation("runbook_url").map(str::to_owned);
    let alarm = |service: Option<&Arc<str>>| {
        let found = service.and_then(|name| plan.services.iter().find(|known| known.name == *name));
        let link = found.and_then(|found| found.links.iter().find(|(name, _)| name == "runbook"));
        Alarm {
            alert: &foreign.alert,
            service: service.cloned(),
            environment: found.and_then(|found| found.environment.clone()).or_else(|| otherwise.cloned()),
            severity: foreign.severity,
            runbook: own.clone().or_else(|| link.map(|(_, url)| url.clone())),
            suppressed: foreign.suppressed,
            group: &foreign.group,
        }
    };
    match &foreign.services[..] {
        [] => vec![alarm(None)],
        services => services.iter().map(|service| alarm(Some(service))).collect(),
    }
}

fn environment(model: &Model, incident: &Incident) -> Option<Arc<str>> {
    let service = incident.service();
    model.plan.services.iter().find(|plan| plan.name == service).and_then(|plan| plan.environment.clone())
}

/// Acknowledging an incident that another system tells of opens the box for what has to be done there; `false`: there is
/// nothing to be done there, or it may not be done from here, and the acknowledgement is ours alone.
pub(super) fn acknowledge(
    model: &mut Model,
    id: &str,
    why: &str,
    span: Option<Duration>,
    opener: Option<Press>,
    effects: &mut Vec<Effect>,
) -> bool {
    let Some(incident) = model.incidents.get(id).cloned() else { return false };
    let Some(todo) = model.foreign.todo(&incident) else { return false };
    let Some(backend) = find(model, todo.backend()) else { return false };
    let say = Say { environment: environment(model, &incident), why, span, at: model.now };
    let made = todo.action(&backend, &incident, say);
    offered(model, made, id, opener, effects)
}

/// Opens the box, or says why that cannot be.
fn offered(
    model: &mut Model,
    made: Result<Action, String>,
    id: &str,
    opener: Option<Press>,
    effects: &mut Vec<Effect>,
) -> bool {
    let stands = match &made {
        Ok(action) => action.offers.first().and_then(|offer| model.stands_against(action, &offer.service)),
        Err(why) => Some(why.clone()),
    };
    match (made, stands) {
        (Ok(action), None) => {
            act::offer(model, action, id, opener, effects);
            true
        }
        (_, why) => {
            let why = why.unwrap_or_default();
            say(model, true, format!("here only, others are still told: {why}"));
            false
        }
    }
}

fn draft<'a>(
    model: &Model,
    backend: &'a Backend,
    picture: &'a Picture,
    change: Change<'a>,
    incident: &'a Incident,
    why: &'a str,
) -> Draft<'a> {
    Draft {
        backend,
        picture,
        change,
        incident: Some(&incident.id),
        environment: environment(model, incident),
        why,
        at: model.now,
    }
}

/// Giving an acknowledged incident back ends the silence that was made for it. `false`: there is none.
pub(super) fn give_back(
    model: &mut Model,
    id: &str,
    opener: Option<Press>,
    effects: &mut Vec<Effect>,
) -> bool {
    let Some(incident) = model.incidents.get(id).cloned() else { return false };
    let Some((picture, silence)) = model.foreign.ours(&incident).into_iter().next() else { return false };
    let Some(backend) = find(model, &picture.backend) else { return false };
    let made = draft(model, &backend, &picture, Change::Expire(&silence), &incident, "").action();
    offered(model, made, id, opener, effects)
}

/// `:silence 1h looking at it`, `:extend 30m`, `:unsilence`, `:page ack|resolve|note TEXT`; `false`: something else.
pub(super) fn command(
    model: &mut Model,
    id: &str,
    word: &str,
    rest: &str,
    effects: &mut Vec<Effect>,
) -> bool {
    let opener = Some(Press::Enter);
    model.ui.message = None;
    let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
    let done = match word {
        "silence" => {
            let (span, why) = match parse_duration(first) {
                Ok(span) => (Some(span), more),
                Err(_) => (None, rest),
            };
            acknowledge(model, id, why, span, opener, effects)
        }
        "extend" => return extend(model, id, first, effects),
        "unsilence" => give_back(model, id, opener, effects),
        "page" => return page(model, id, first, more, effects),
        _ => return false,
    };
    if !done && model.ui.message.is_none() {
        say(model, true, "no alert of another system stands behind this incident".to_owned());
    }
    true
}

/// Lets the silence of an incident last longer: from now, or from its end on, whichever is later.
fn extend(model: &mut Model, id: &str, text: &str, effects: &mut Vec<Effect>) -> bool {
    let Some(incident) = model.incidents.get(id).cloned() else { return true };
    let known: Vec<(Arc<Picture>, Silence)> = model.foreign.ours(&incident);
    let Some((picture, silence)) = known.into_iter().next() else {
        say(model, true, "no silence of a warroom holds its alerts back: :silence makes one".to_owned());
        return true;
    };
    let Some(backend) = find(model, &picture.backend) else { return true };
    let Kind::Alertmanager { extend, .. } = &backend.kind else { return true };
    let span = if text.is_empty() { Ok(*extend) } else { parse_duration(text) };
    match span {
        Ok(span) => {
            let until = silence.ends_at.max(model.now) + span;
            let change = Change::Extend { silence: &silence, until };
            let made = draft(model, &backend, &picture, change, &incident, "").action();
            offered(model, made, id, Some(Press::Enter), effects);
        }
        Err(why) => say(model, true, why),
    }
    true
}

fn page(model: &mut Model, id: &str, word: &str, text: &str, effects: &mut Vec<Effect>) -> bool {
    let Some(incident) = model.incidents.get(id).cloned() else { return true };
    let Some((backend, page)) = model
        .foreign
        .pages(&incident)
        .into_iter()
        .next()
        .and_then(|(picture, page)| Some((find(model, &picture.backend)?, page.clone())))
    else {
        say(model, true, "PagerDuty has no open incident for this one".to_owned());
        return true;
    };
    let wanted = match word {
        "ack" => Wish::Acknowledge,
        "resolve" => Wish::Resolve,
        "note" => Wish::Note(text),
        _ => {
            say(model, true, "write :page ack, :page resolve or :page note TEXT".to_owned());
            return true;
        }
    };
    let made = wish(&backend, &page, wanted, environment(model, &incident));
    offered(model, made, id, Some(Press::Enter), effects);
    true
}

/// An act on another system is over: what it means for the incident.
pub(super) fn ended(model: &mut Model, proposal: &Proposal, end: &Finished, effects: &mut Vec<Effect>) {
    let action = proposal.action();
    if action.kind.changes_service() {
        return;
    }
    let subject = proposal.service();
    let Some(backend) = model.plan.foreign.iter().find(|known| known.subject() == *subject).cloned() else {
        return;
    };
    let Some(id) = proposal.incident().map(Arc::<str>::from) else { return };
    effects.push(Effect::AskForeign(Arc::clone(&backend.name)));
    if end.how == How::Unknown {
        let page = model.incidents.get(&id).and_then(|incident| {
            let mut pages = model.foreign.pages(incident).into_iter();
            pages.find(|(picture, _)| picture.backend == backend.name).map(|(_, page)| page.id.clone())
        });
        let (key, since) = (proposal.id().to_owned(), model.now);
        model.foreign.wait_for(Step { key, backend: Arc::clone(&backend.name), incident: id, page, since });
        return;
    }
    if end.how != How::Done {
        return;
    }
    match &*action.name {
        "silence" | "pager-ack" => incidents::quietly(model, &id, Act::Acknowledge, effects),
        "silence-end" => incidents::quietly(model, &id, Act::Unacknowledge, effects),
        _ => {}
    }
    incidents::quietly(model, &id, Act::Note(action.title.clone()), effects);
    // Alertmanager is quiet; if PagerDuty still rings, that is asked for next.
    if &*action.name == "silence"
        && let Some(incident) = model.incidents.get(&id).cloned()
        && let Some(page) = model.foreign.page(&incident)
        && let Some(pager) = find(model, page.backend())
    {
        let environment = environment(model, &incident);
        let say = Say { environment, at: model.now, ..Say::default() };
        let made = page.action(&pager, &incident, say);
        offered(model, made, &id, Some(Press::Enter), effects);
    }
}
