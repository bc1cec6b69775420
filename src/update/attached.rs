//! What comes from a warroom that polls in our place: its state, its polls, its journal. And what of ours goes to it.
//!
//! What comes in is judged by the same code as what we poll ourselves. Only people's deeds go out.

use super::{act, reports, retro, ruling, say};
use crate::capture::{Capture, Strand};
use crate::event::{Effect, Fed, FeedLink};
use crate::feed::{Beat, Hello, Line, Report, is_deed};
use crate::journal::Entry;
use crate::labels::Labels;
use crate::model::attached::FeedState;
use crate::model::{Changed, Model};
use crate::plan::Reach;
use crate::target::health::State;
use crate::target::{Failure, Sample, TargetId};
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// Takes in what came from the server of that name.
pub(super) fn taken(model: &mut Model, name: &str, fed: Fed, effects: &mut Vec<Effect>) {
    // A reload may have taken the server away.
    let Some(place) = model.plan.feeds.place(name) else { return };
    match fed {
        Fed::Link(link) => linked(model, place, link),
        Fed::Hello(hello) => greeted(model, place, &hello),
        Fed::State(state) => remembered(model, place, *state, effects),
        Fed::Samples(strands) => samples(model, place, strands),
        Fed::Complete => complete(model, place),
        Fed::Lines(lines, bytes) => {
            let now = model.now;
            if let Some(feed) = model.attached.feeds.get_mut(place) {
                feed.heard = Some(now);
                feed.bytes.0 += bytes;
            }
            for line in lines {
                heard(model, place, line, effects);
            }
        }
        Fed::LeftOut(count, why) => {
            if let Some(feed) = model.attached.feeds.get_mut(place) {
                feed.left_out = (feed.left_out.0 + count, why);
            }
        }
        Fed::Unsent(count, why) => unsent(model, place, count, why),
    }
}

fn linked(model: &mut Model, place: usize, link: FeedLink) {
    let now = model.now;
    let Some(feed) = model.attached.feeds.get_mut(place) else { return };
    let (before, host) = (std::mem::replace(&mut feed.link, link), feed.host.to_string());
    let changes = std::mem::discriminant(&before) != std::mem::discriminant(&feed.link);
    if changes {
        feed.since = now;
    }
    let text = match &feed.link {
        FeedLink::Lost(why) if changes || matches!(&before, FeedLink::Lost(was) if was != why) => {
            Some((true, format!("{host}: {why}; trying again")))
        }
        FeedLink::Live if matches!(before, FeedLink::Lost(_)) => Some((false, format!("{host} is back"))),
        _ => None,
    };
    if let Some((bad, text)) = text {
        say(model, bad, text);
    }
    model.changed = Changed::Now;
}

fn clock(model: &mut Model, place: usize, at: Timestamp) {
    let now = model.now;
    if let Some(feed) = model.attached.feeds.get_mut(place) {
        feed.heard = Some(now);
        feed.skew = (at.millis() > 0).then(|| at.millis() - now.millis());
    }
}

fn greeted(model: &mut Model, place: usize, hello: &Hello) {
    clock(model, place, hello.at);
    let Some(feed) = model.attached.feeds.get_mut(place) else { return };
    feed.by.clone_from(&hello.by);
    feed.run.clone_from(&hello.run);
    let (missing, host) = (feed.missing(&hello.polls), Arc::clone(&feed.host));
    let text = Clean::new(&format!("the server {host} does not poll it"));
    let mut touched = Vec::new();
    let fleet = Arc::make_mut(&mut model.fleet);
    for id in missing {
        if let Some(row) = fleet.targets.get_mut(id.0 as usize) {
            row.failure = Some(Failure::Ours(text.clone()));
            row.state = State::Unknown;
        }
        touched.extend(model.plan.service_of(id));
    }
    touched.sort_unstable();
    touched.dedup();
    for service in touched {
        reports::judge_service(model, service);
    }
    model.changed = Changed::Now;
    model.unsettled = true;
}

/// The state, without its samples: the first time all that is known, later what was missed.
fn remembered(model: &mut Model, place: usize, state: Capture, effects: &mut Vec<Effect>) {
    let Some(feed) = model.attached.feeds.get(place) else { return };
    let (first, whole) = (!feed.loaded, model.plan.feeds.whole().is_some());
    said(model, place, &state, first);
    let to = state.head.to;
    let entries = theirs(model, place, state.entries);
    if first && whole {
        for entry in &entries {
            model.attached.note(&entry.event_id);
        }
        model.time.log.write(&entries);
        ruling::remembered(model, &entries, &state.slos);
        act::remembered(model, &entries);
        // Alerts look into the past since when they are active.
        model.rules.restore();
        // Nothing is judged before the samples are there.
        model.judging.remembering = true;
    } else {
        journal(model, entries, effects);
        model.slos.book.restore(&state.slos);
    }
    for happening in state.happenings {
        model.incidents.recall(happening);
    }
    if let Some(feed) = model.attached.feeds.get_mut(place) {
        feed.told_to = Some(to);
    }
}

/// What targets said, and how services stood.
fn said(model: &mut Model, place: usize, state: &Capture, first: bool) {
    let Some(feed) = model.attached.feeds.get(place) else { return };
    let log = &mut model.time.log;
    for told in &state.told {
        let (service, poll) = (Arc::clone(&told.service), Arc::clone(&told.poll));
        let names = crate::feed::Place { service, poll, instance: Arc::clone(&told.instance) };
        let Some(runs) = feed.target(&names).and_then(|id| log.targets.get_mut(id.0 as usize)) else {
            continue;
        };
        // What is known already is known better: it was heard poll by poll.
        let known = runs.back().map(|run| run.until);
        runs.extend(told.runs.iter().filter(|run| known.is_none_or(|known| run.at > known)).cloned());
        // A run that goes on from what is known.
        let goes_on =
            known.and_then(|known| told.runs.iter().find(|run| run.at <= known && run.until > known));
        if let (Some(on), Some(known)) = (goes_on, known)
            && let Some(run) = runs.iter_mut().find(|run| run.until == known)
        {
            run.until = on.until;
        }
        let most = crate::model::told::MOST_RUNS;
        let over = runs.len().saturating_sub(most);
        runs.drain(..over);
    }
    if !first {
        return;
    }
    for (name, states) in &state.states {
        let service = model.plan.services.iter().position(|service| service.name == *name);
        if let Some(slot) = service.and_then(|index| log.states.get_mut(index)) {
            *slot = states.iter().copied().collect::<VecDeque<_>>();
        }
    }
}

/// The lines that are this terminal's business: where only some services come from the server, those about them.
fn theirs(model: &Model, place: usize, entries: Vec<Entry>) -> Vec<Entry> {
    if model.plan.feeds.whole().is_some() {
        return entries;
    }
    let fed = |name: &str| {
        let service = model.plan.services.iter().find(|service| *service.name == *name);
        service
            .is_some_and(|service| service.targets.iter().any(|id| model.plan.feeds.of(*id) == Some(place)))
    };
    let about = |entry: &Entry| entry.details.get("service").and_then(|name| name.as_str()).is_some_and(fed);
    entries.into_iter().filter(about).collect()
}

fn samples(model: &mut Model, place: usize, strands: Vec<Strand>) {
    let whole = model.plan.feeds.whole().is_some();
    // Where only some services come from the server, the samples of others are nobody's business here.
    let instances = model.attached.feeds.get(place).filter(|_| !whole).map(FeedState::instances);
    let ours = |labels: &Labels| {
        let of =
            |instances: &FxHashSet<Arc<str>>| labels.get("instance").is_some_and(|it| instances.contains(it));
        instances.as_ref().is_none_or(of)
    };
    for strand in strands {
        if strand.labels.name().is_some() && ours(&strand.labels) {
            for (at, value) in strand.samples {
                model.store.append(&strand.labels, at, value);
            }
        }
    }
    model.changed = model.changed.max(Changed::Data);
}

/// Everything that was missed is there: the fleet is brought to how it stands.
fn complete(model: &mut Model, place: usize) {
    let now = model.now;
    let Some(feed) = model.attached.feeds.get_mut(place) else { return };
    let before = feed.known_to.filter(|_| feed.loaded);
    feed.known_to = feed.known_to.max(feed.told_to);
    feed.loaded = true;
    feed.heard = Some(now);
    let log = std::mem::take(&mut model.time.log);
    retro::fed(model, &log, before, now);
    let states = std::mem::take(&mut model.time.log.states);
    model.time.log = log;
    model.time.log.states = states;
    for (index, row) in Arc::make_mut(&mut model.fleet).services.iter_mut().enumerate() {
        row.since = model.time.log.since(index, now, row.state).or(row.since);
    }
    if model.plan.feeds.whole().is_some() {
        model.judging.remembering = false;
        model.judging.recalling = false;
    }
    model.judging.fresh = true;
    linked(model, place, FeedLink::Live);
    ruling::begin(model);
    model.changed = Changed::Now;
    model.unsettled = true;
}

/// One line.
fn heard(model: &mut Model, place: usize, line: Line, effects: &mut Vec<Effect>) {
    let now = model.now;
    match line {
        Line::Hello(hello) => greeted(model, place, &hello),
        Line::Beat(Beat { at, clients }) => {
            clock(model, place, at);
            if let Some(feed) = model.attached.feeds.get_mut(place) {
                feed.clients = clients;
                feed.known_to = feed.known_to.max(Some(at));
            }
            model.changed = model.changed.max(Changed::Data);
        }
        Line::Reports(all) => {
            if let Some(feed) = model.attached.feeds.get_mut(place) {
                feed.known_to = feed.known_to.max(all.iter().map(|report| report.at).max());
            }
            let all = ours(model, place, all);
            model.heard = now;
            reports::taken(model, all, effects);
            ruling::begin(model);
            super::recall::keep(model, effects);
        }
        Line::Ended(samples) => reports::ended(model, &samples),
        Line::Link(link) if model.plan.feeds.whole().is_some() => {
            model.incidents.link(link.is_some(), now);
            model.link = link;
            model.changed = Changed::Now;
        }
        // Whether the server reaches others says nothing of what is polled from here.
        Line::Link(_) => {}
        Line::Journal(entries) => {
            let entries = theirs(model, place, entries);
            journal(model, entries, effects);
        }
    }
}

/// The reports of polls that are ours as well, with our numbers. What is known already is not told twice; of polls that are
/// not in our plan the samples stay, where all of the store is the server's.
fn ours(model: &mut Model, place: usize, all: Vec<Report>) -> Vec<crate::target::ScrapeReport> {
    let whole = model.plan.feeds.whole().is_some();
    let generation = model.plan.generation;
    let mut out = Vec::new();
    for report in all {
        let id: Option<TargetId> =
            model.attached.feeds.get(place).and_then(|feed| feed.target(&report.place));
        let asked = id.and_then(|id| model.fleet.targets.get(id.0 as usize)).and_then(|row| row.asked);
        match id {
            Some(id) if asked.is_none_or(|asked| asked < report.at) => {
                out.push(report.numbered(id, generation));
            }
            Some(_) => append(model, &report.samples),
            None if whole => append(model, &report.samples),
            None => {}
        }
    }
    out
}

fn append(model: &mut Model, samples: &[Sample]) {
    for sample in samples {
        model.store.append(&sample.labels, sample.at, sample.value);
    }
}

/// Lines of the server's journal: our own come back as well.
fn journal(model: &mut Model, mut entries: Vec<Entry>, effects: &mut Vec<Effect>) {
    entries.retain(|entry| model.attached.note(&entry.event_id));
    if entries.is_empty() {
        return;
    }
    model.time.log.write(&entries);
    if model.plan.feeds.borrows_plan() {
        // The server judges: what it has seen is what has happened.
        ruling::follow(model, &entries, effects);
    } else {
        ruling::absorb(model, &entries, effects);
    }
    act::recorded(model, &entries, effects);
}

fn unsent(model: &mut Model, place: usize, count: usize, why: Option<Clean>) {
    let Some(feed) = model.attached.feeds.get_mut(place) else { return };
    let (before, host) = (feed.unsent.0, Arc::clone(&feed.host));
    let news = why.is_some() && feed.unsent.1 != why;
    feed.unsent = (count, why.clone());
    let lines = if count == 1 { "note or act is" } else { "notes and acts are" };
    match why {
        Some(why) if news && count > 0 => {
            say(model, true, format!("{count} {lines} not with {host} yet ({why}); it is tried again"));
        }
        Some(why) if news => say(model, true, format!("{host} did not take it: {why}")),
        None if before > 0 && count == 0 => say(model, false, format!("{host} has everything")),
        _ => {}
    }
    model.changed = Changed::Now;
}

/// What of our own goes to a server: what its person did. What warroom saw by itself, the server sees; and what it keeps on
/// disk is kept there.
pub(super) fn deliver(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.plan.feeds.all.is_empty() || model.time.recording.is_some() {
        return;
    }
    let mut out = Vec::new();
    for effect in effects.iter() {
        if let Effect::Journal(entries) = effect {
            out.extend(entries.iter().filter(|entry| is_deed(entry)).cloned());
        }
    }
    send(model, &out, effects);
    if model.plan.feeds.whole().is_some() {
        effects.retain(|effect| !matches!(effect, Effect::Journal(_) | Effect::Save(_) | Effect::Keep(_)));
    }
}

/// Lines that an act of ours wrote into the journal here go to the server as well.
pub(super) fn recorded(model: &mut Model, entries: &[Entry], effects: &mut Vec<Effect>) {
    if !model.plan.feeds.all.is_empty() {
        let deeds: Vec<Entry> = entries.iter().filter(|entry| is_deed(entry)).cloned().collect();
        send(model, &deeds, effects);
    }
}

fn send(model: &mut Model, entries: &[Entry], effects: &mut Vec<Effect>) {
    for place in 0..model.plan.feeds.all.len() {
        let of_feed = theirs(model, place, entries.to_vec());
        let fresh: Vec<Entry> =
            of_feed.into_iter().filter(|entry| model.attached.note(&entry.event_id)).collect();
        if let Some(feed) = model.plan.feeds.all.get(place).filter(|_| !fresh.is_empty()) {
            effects.push(Effect::Deliver(Arc::clone(&feed.name), fresh));
        }
    }
}

/// Why this target cannot be asked from here, if another warroom polls it.
pub(super) fn polled_elsewhere(model: &Model, target: TargetId) -> Option<String> {
    let feed = model.plan.feeds.all.get(model.plan.feeds.of(target)?)?;
    let word = if feed.reach == Reach::Some { "warroom" } else { "attached:" };
    Some(format!("{word} {} polls it; nothing is asked from here", feed.host))
}
