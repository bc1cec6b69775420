//! Acts beside the loop: what the door let through is sent from here, once, on a thread of its own; what an endpoint lists
//! and what pre-checks say comes back as events.
//!
//! It decides nothing. It takes each `Authorized` out of the model's queue by value and hands it to the sender.

use super::now;
use crate::action::spec::ParamKind;
use crate::action::{Authorized, How, Ledger, Proposal};
use crate::event::{Finished, Listed, Made, Step, What};
use crate::io::act::{self, OnDisk, Progress, Ran, Records, Seen, Settled, Stop, World};
use crate::io::http::Http;
use crate::io::two_key::Slips;
use crate::journal::Entry;
use crate::model::Model;
use crate::model::act::Over;
use crate::text::Clean;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How long a list of values may take.
const LIST: Duration = Duration::from_secs(10);

/// How long between two looks at what two people lay down: a little less than the model wakes for it.
const LISTEN: Duration = Duration::from_millis(1_900);

/// Acts under way.
pub(super) struct Acts {
    http: Arc<Http>,
    folder: Result<PathBuf, String>,
    tell: mpsc::UnboundedSender<What>,
    running: Vec<Running>,
    /// When what two people lay down was looked at last, and why that could not be done.
    listened: Option<Instant>,
    listening: Arc<AtomicBool>,
    deaf: Arc<Mutex<Option<String>>>,
}

struct Running {
    proposal: Proposal,
    stop: Stop,
    sees: watch::Sender<Seen>,
}

impl Acts {
    /// None yet; with what they will tell. `folder`: where the journal is, or why it is nowhere.
    pub(super) fn new(folder: Result<PathBuf, String>) -> (Self, mpsc::UnboundedReceiver<What>) {
        let (tell, told) = mpsc::unbounded_channel();
        let acts = Self {
            http: Arc::default(),
            folder,
            tell,
            running: Vec::new(),
            listened: None,
            listening: Arc::default(),
            deaf: Arc::default(),
        };
        (acts, told)
    }

    /// Sends everything that the door let through.
    pub(super) fn send(&mut self, authorized: Vec<Authorized>) {
        for one in authorized {
            self.send_one(one);
        }
    }

    fn send_one(&mut self, authorized: Authorized) {
        let proposal = authorized.proposal().clone();
        let id = proposal.id().to_owned();
        let (sees, seen) = watch::channel(Seen::default());
        let stop = Stop::default();
        let records = Told { folder: self.folder.clone(), open: None, tell: self.tell.clone() };
        let world =
            World { http: Arc::clone(&self.http), records: Box::new(records), seen, stop: stop.clone(), now };
        let (steps, mut heard) = mpsc::unbounded_channel();
        let tell = self.tell.clone();
        match act::start(authorized, world, steps) {
            Err(error) => {
                let text = Clean::new(&format!("nothing was sent: there is no thread to be had: {error}"));
                let _ = tell.send(What::Acted(id, Step::Over(nothing(text))));
            }
            Ok(handle) => {
                self.running.push(Running { proposal, stop, sees });
                tokio::spawn(async move {
                    while let Some(progress) = heard.recv().await {
                        let _ = tell.send(What::Acted(id.clone(), step(progress)));
                    }
                    let ran = tokio::task::spawn_blocking(move || handle.join()).await.ok().flatten();
                    let _ = tell.send(What::Acted(id, Step::Over(finished(ran))));
                });
            }
        }
    }

    /// Tells the acts under way what is seen of their services, and what may be done to them.
    pub(super) fn look(&mut self, model: &Model) {
        // Whoever has ended does not listen any more.
        self.running.retain(|run| !run.sees.is_closed());
        for run in &self.running {
            let proposal = &run.proposal;
            let (at, held) = model.settled(proposal.action(), proposal.service(), proposal.instances());
            let why = held.as_ref().err().cloned().unwrap_or_default();
            let (policy, checks) = (model.policy_of(proposal), model.checked_again(proposal));
            run.sees.send_replace(Seen { at, settled: held.is_ok(), why, policy, checks });
        }
    }

    /// While a proposal waits for a second person: looks whether there is an approval.
    pub(super) fn listen(&mut self, model: &Model) {
        if self.listened.is_none_or(|last| last.elapsed() >= LISTEN) {
            self.listened = Some(Instant::now());
            self.two_key(model.two_key_folders());
        }
    }

    /// Looks, beside the loop, what two people have laid down. Why it cannot is said once.
    pub(super) fn two_key(&self, folders: BTreeSet<PathBuf>) {
        if folders.is_empty() || self.listening.swap(true, Ordering::AcqRel) {
            return;
        }
        let (tell, busy, deaf) = (self.tell.clone(), Arc::clone(&self.listening), Arc::clone(&self.deaf));
        tokio::task::spawn_blocking(move || {
            let mut trouble = None;
            for folder in folders {
                match Slips::open(&folder).and_then(|slips| slips.read()) {
                    Ok(slips) => drop(tell.send(What::Slips(slips))),
                    Err(error) => trouble = Some(error.to_string()),
                }
            }
            let mut deaf = deaf.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(why) = trouble.as_ref().filter(|_| *deaf != trouble) {
                let _ = tell.send(What::Notice(Clean::new(&format!("no approval can be seen: {why}"))));
            }
            *deaf = trouble;
            busy.store(false, Ordering::Release);
        });
    }

    /// Nobody waits for this one any longer.
    pub(super) fn stop_waiting(&self, id: &str) {
        for run in self.running.iter().filter(|run| run.proposal.id() == id) {
            run.stop.now();
        }
    }

    /// Asks for the values of a parameter.
    pub(super) fn choices(&self, model: &Model, action: &str, service: &Arc<str>, param: String) {
        let Some(action) = model.plan.actions.iter().find(|known| *known.name == *action) else { return };
        let instance = action.offer(service).and_then(|offer| offer.instances.first()).cloned();
        let kind = action.param(&param).map(|param| param.kind.clone());
        let (Some(instance), Some(ParamKind::Listed(listing))) = (instance, kind) else { return };
        let fields = action.fields(service, &instance);
        let (http, tell) = (Arc::clone(&self.http), self.tell.clone());
        let (action, service) = (Arc::clone(&action.name), Arc::clone(service));
        tokio::spawn(async move {
            let outcome = act::choices(&http, &instance, &listing, &fields, LIST, now).await;
            let _ = tell.send(What::Listed(Listed { action, service, param, outcome }));
        });
    }

    /// Makes the pre-checks of the proposal that stands in the box.
    pub(super) fn check(&self, model: &Model, id: String) {
        let Some(Over::Ask(ask)) = &model.acts.over else { return };
        let Some(instance) = ask.proposal.instances().first().cloned() else { return };
        if ask.proposal.id() != id {
            return;
        }
        let reason = Clean::new(ask.confirm.reason());
        let fields = ask.proposal.fields(&instance, 0, &reason, now());
        let (http, tell) = (Arc::clone(&self.http), self.tell.clone());
        let action = Arc::clone(ask.proposal.action());
        tokio::spawn(async move {
            let checks = act::checks(&http, &action, &instance, &fields, now).await;
            let _ = tell.send(What::Checked(Made { id, checks }));
        });
    }
}

/// The journal, opened where it is first needed: on the act's own thread. What is written is told to the model.
struct Told {
    folder: Result<PathBuf, String>,
    open: Option<OnDisk>,
    tell: mpsc::UnboundedSender<What>,
}

impl Told {
    fn open(&mut self) -> io::Result<&mut OnDisk> {
        let open = match self.open.take() {
            Some(open) => open,
            None => OnDisk::open(self.folder.as_ref().map_err(|why| io::Error::other(why.clone()))?)?.0,
        };
        Ok(self.open.insert(open))
    }
}

impl Records for Told {
    fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        self.open()?.append(entries)?;
        let _ = self.tell.send(What::Recorded(entries.to_vec()));
        Ok(())
    }

    fn ledger(&mut self) -> io::Result<Ledger> {
        self.open()?.ledger()
    }
}

/// A word of the sender, as the model knows it.
fn step(progress: Progress) -> Step {
    match progress {
        Progress::Sending { turn, of, instance } => Step::Sending { turn, of, instance },
        Progress::Sent(sent) => {
            let sent = *sent;
            Step::Sent { how: sent.how, text: sent.text, advice: sent.advice, took: sent.took }
        }
        Progress::Accepted(job) => Step::Following(job),
        Progress::Job { state, log } => Step::Job(state, log),
        Progress::Waiting(why) => Step::Waiting(why),
        Progress::Settling { limit } => Step::Settling(limit),
        Progress::Settled(Settled::Yes) => Step::Settled,
        Progress::Settled(Settled::No(why)) => Step::Unsettled(why),
        Progress::Settled(Settled::Stopped) => Step::Unsettled(Clean::new("not waited for")),
        Progress::Stopped(why) => Step::Unsettled(Clean::new(&format!("stopped: {why}"))),
    }
}

fn nothing(text: Clean) -> Finished {
    Finished {
        how: How::NotSent,
        settled: false,
        text,
        advice: None,
        not_begun: 0,
        stopped: false,
        unrecorded: None,
    }
}

fn finished(ran: Option<Ran>) -> Finished {
    let Some(ran) = ran else {
        let text = Clean::new("warroom's sender broke off: the outcome is unknown");
        return Finished { how: How::Unknown, ..nothing(text) };
    };
    let how = ran.how();
    // The one that says most: the first that ended as the whole did.
    let told = ran.shots.iter().find(|shot| shot.how == how).or(ran.shots.last());
    let text = told.map_or_else(
        || Clean::new("nothing was sent"),
        |shot| match &shot.settled {
            Some(Settled::No(why)) => Clean::new(&format!("{}; {why}", shot.text)),
            Some(Settled::Yes) => Clean::new(&format!("{}; settled", shot.text)),
            _ => shot.text.clone(),
        },
    );
    let text = match &ran.stopped {
        Some(why) => Clean::new(&format!("after {} of {}: {why}", ran.shots.len(), ran.of)),
        None => text,
    };
    Finished {
        how,
        settled: ran.is_settled(),
        text,
        advice: ran.advice().cloned(),
        not_begun: ran.of.saturating_sub(ran.shots.len()),
        stopped: ran.stopped.is_some(),
        unrecorded: ran.unrecorded.clone(),
    }
}
