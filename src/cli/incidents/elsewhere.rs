//! `incident ack` of an incident that Alertmanager or PagerDuty tells of: the silence, or the acknowledgement there, goes
//! through the same door as on the screen. Without `--confirm y` it is only shown.

use super::exit;
use crate::action::{Action, Draft, Facts, How, Proposal, Typed, authorize, entry};
use crate::cli::args::Flags;
use crate::cli::run;
use crate::foreign::{Book, Say, Todo, silence};
use crate::incident::Incident;
use crate::io::act::{OnDisk, Records as _};
use crate::io::identity;
use crate::labels::{Labels, MatchOp};
use crate::plan::Plan;
use crate::promql;
use crate::runtime::{Elsewhere, now};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the command line says about it.
pub(super) struct Wanted<'a> {
    /// What was typed after `--confirm`.
    pub(super) confirm: Option<&'a str>,
    /// For how long.
    pub(super) span: Option<Duration>,
    /// Why.
    pub(super) why: String,
}

/// How it went.
pub(super) enum Went {
    /// There was nothing to be done elsewhere, or it was only shown: the acknowledgement is ours.
    OnlyHere,
    /// It was done elsewhere as well.
    Done,
    /// It was not; the exit code. Nothing is acknowledged.
    Failed(u8),
}

/// Does elsewhere what acknowledging `incident` means.
pub(super) fn acknowledge(
    flags: &Flags,
    folder: &Path,
    incident: &Incident,
    wanted: &Wanted<'_>,
) -> io::Result<Went> {
    let loaded = crate::io::config::load(flags.config.as_deref(), &run::overrides(flags));
    // Without a configuration nobody is known who could tell of it.
    let Ok(plan) = loaded.and_then(|(config, _)| Plan::compile(&config, 1)) else {
        return Ok(Went::OnlyHere);
    };
    if plan.foreign.is_empty() {
        return Ok(Went::OnlyHere);
    }
    let room = Room { flags, folder, plan: &plan, incident, wanted, elsewhere: Elsewhere::begin()? };
    let book = room.look()?;
    let Some(todo) = book.todo(incident) else { return Ok(Went::OnlyHere) };
    let went = room.one(&todo)?;
    // Alertmanager is quiet; what PagerDuty knows of it is next.
    match (&todo, &went, book.page(incident)) {
        (Todo::Silence(..), Went::Done, Some(page)) => room.one(&page),
        _ => Ok(went),
    }
}

/// What one acknowledgement needs.
struct Room<'a> {
    flags: &'a Flags,
    folder: &'a Path,
    plan: &'a Plan,
    incident: &'a Incident,
    wanted: &'a Wanted<'a>,
    elsewhere: Elsewhere,
}

/// Labels from their text: `{a="b"}` is a selector as well.
fn labels(text: &str) -> Option<Labels> {
    let selectors = promql::parse(text).ok()?.selectors();
    let [only] = selectors.as_slice() else { return None };
    let equal = only.matchers.iter().all(|matcher| matcher.op == MatchOp::Equal);
    equal.then(|| Labels::from_pairs(only.matchers.iter().map(|matcher| (&*matcher.name, &*matcher.value))))
}

impl Room<'_> {
    /// Asks every backend once. Who does not answer is said.
    fn look(&self) -> io::Result<Book> {
        let mut book = Book::default();
        for picture in self.elsewhere.look(self.plan) {
            let failure = picture.peers.iter().find_map(|peer| peer.failure.as_ref());
            if let Some(failure) = failure.filter(|_| picture.deaf) {
                told(&format!("{} does not answer: {failure}", picture.backend))?;
            }
            book.take(Arc::new(picture));
        }
        // Alerts of our own rules that are known there as well: their labels stand in the journal.
        let own = self.incident.firing().filter(|note| note.origin.is_empty());
        let own: Vec<(Labels, Box<str>)> =
            own.filter_map(|note| Some((labels(&note.labels)?, note.fingerprint.as_str().into()))).collect();
        book.match_own(own.iter().map(|(labels, note)| (labels, vec![note.clone()])));
        Ok(book)
    }

    /// One thing to be done, through the door.
    fn one(&self, todo: &Todo) -> io::Result<Went> {
        let Some(backend) = self.plan.foreign.iter().find(|known| known.name == *todo.backend()) else {
            return Ok(Went::OnlyHere);
        };
        let service = self.incident.service();
        let found = self.plan.services.iter().find(|known| known.name == service);
        let say = Say {
            environment: found.and_then(|found| found.environment.clone()),
            why: &self.wanted.why,
            span: self.wanted.span,
            at: now(),
        };
        match todo.action(backend, self.incident, say) {
            Ok(action) => self.propose(action),
            Err(why) => told(&why).map(|()| Went::OnlyHere),
        }
    }

    fn propose(&self, action: Action) -> io::Result<Went> {
        let Some(offer) = action.offers.first() else { return Ok(Went::OnlyHere) };
        let environment = offer.environment.as_ref();
        let mut policy =
            environment.and_then(|name| self.plan.policies.get(name)).cloned().unwrap_or_default();
        policy.read_only |= self.flags.read_only;
        let who = identity::who();
        if let Err(why) = policy.allows(&action, &who.user, now()) {
            told(&format!("acknowledged here only, others are still told: {why}"))?;
            return Ok(Went::OnlyHere);
        }
        let proposal = Proposal::new(Draft {
            service: Arc::clone(&offer.service),
            instances: offer.instances.first().map(|one| Arc::clone(&one.name)).into_iter().collect(),
            action: Arc::new(action),
            values: std::collections::BTreeMap::new(),
            choices: std::collections::BTreeMap::new(),
            who,
            incident: Some(self.incident.id.to_string()),
            facts: Facts::default(),
            nonce: identity::nonce().get(..8).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0),
            at: now(),
        });
        match (proposal, self.wanted.confirm) {
            (Err(why), _) => told(&why.to_string()).map(|()| Went::Failed(exit::USAGE)),
            (Ok(proposal), None) => show(&proposal).map(|()| Went::OnlyHere),
            (Ok(proposal), Some(confirm)) => self.send(policy, &proposal, confirm),
        }
    }

    fn send(&self, policy: crate::action::Policy, proposal: &Proposal, confirm: &str) -> io::Result<Went> {
        let typed = Typed::headless(proposal, confirm, "", now());
        let mut records = match OnDisk::open(self.folder) {
            Ok((records, _, _)) => records,
            Err(error) => {
                told(&format!("nothing was sent: without the journal nothing is: {error}"))?;
                return Ok(Went::Failed(exit::IO));
            }
        };
        let (ledger, title) = (records.ledger()?, proposal.action().title.clone());
        let authorized = match authorize(&policy, &ledger, proposal.clone(), &typed, &Facts::default(), now())
        {
            Ok(authorized) => authorized,
            Err(why) => {
                told(&format!("nothing was sent: {why}"))?;
                if let Err(error) = records.append(&[entry::refused(proposal, &why, now())]) {
                    told(&format!("the journal does not have it: {error}"))?;
                }
                return Ok(Went::Failed(exit::NOT_PERMITTED));
            }
        };
        let ran = self.elsewhere.send(authorized, policy, Box::new(records));
        let text = ran.shots.first().map(|shot| shot.text.to_string()).unwrap_or_default();
        told(&format!("{title}: {text}"))?;
        if let Some(advice) = ran.advice() {
            told(advice.as_str())?;
        }
        Ok(match ran.how() {
            How::Done => Went::Done,
            How::Unknown => Went::Failed(exit::TEMPORARY),
            How::Withdrawn => Went::Failed(exit::NOT_PERMITTED),
            How::Failed | How::NotSent => Went::Failed(1),
        })
    }
}

/// What would be done, with the lines that do it.
fn show(proposal: &Proposal) -> io::Result<()> {
    let action = proposal.action();
    told(&format!("acknowledged here only. {}: --confirm {} does it:", action.title, proposal.phrase()))?;
    for request in proposal.requests(&"".into(), now()).unwrap_or_default() {
        told(&request.curl())?;
        if let Some(line) = silence::amtool(&request) {
            told(&line)?;
        }
    }
    told(&action.note)
}

/// A line on standard error, without what a terminal must not see.
fn told(line: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{}", crate::text::clean(line))
}
