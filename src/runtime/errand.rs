//! One action without a screen: looks, makes the checks, sends what the door let through, and goes on looking meanwhile.
//!
//! It decides nothing: the door says what may be sent, the model says what is true.

use super::headless::{BETWEEN, finish, listen, take_in};
use super::{now, setup};
use crate::action::listing::Listing;
use crate::action::template::Fields;
use crate::action::{Action, Authorized, Choice, Facts, Instance, Policy};
use crate::io::act::{self, Progress, Ran, Records, Seen, Stop, World};
use crate::io::http::Http;
use crate::io::poll::{Message, Poller};
use crate::model::Model;
use crate::plan::Plan;
use crate::text::Clean;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How long a list of values may take.
const LIST: Duration = Duration::from_secs(10);

/// What is needed for one action.
#[derive(Debug)]
pub struct Errand {
    runtime: tokio::runtime::Runtime,
    poller: Poller,
    messages: mpsc::Receiver<Message>,
    model: Model,
    http: Arc<Http>,
}

impl Errand {
    /// Starts to poll, and looks twice, so that there are rates. `whole`: all services; else `service` alone.
    ///
    /// # Errors
    /// The poller's thread could not be started.
    pub fn begin(plan: &Arc<Plan>, service: &str, whole: bool) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, messages) = mpsc::channel(256);
        let poller = Poller::start(sender)?;
        let mut setup = setup(plan);
        if !whole {
            setup.targets.retain(|target| &*target.service == service);
        }
        let ids: Vec<_> = setup.targets.iter().map(|target| target.id).collect();
        let longest = setup.targets.iter().map(|target| target.timeout).max().unwrap_or_default();
        poller.configure(setup);
        let model = Model::new(Arc::clone(plan), now(), true);
        let mut errand = Self { runtime, poller, messages, model, http: Arc::default() };
        let round = longest + Duration::from_millis(500);
        let (runtime, model, messages) = (&errand.runtime, &mut errand.model, &mut errand.messages);
        runtime.block_on(async {
            let mut waiting = Some(ids.iter().copied().collect());
            listen(model, messages, Instant::now() + round, &mut waiting).await;
            listen(model, messages, Instant::now() + BETWEEN, &mut None).await;
            errand.poller.poll_now(None);
            let mut waiting = Some(ids.iter().copied().collect());
            listen(model, messages, Instant::now() + round, &mut waiting).await;
        });
        Ok(errand)
    }

    /// Asks an instance for the values of a parameter.
    ///
    /// # Errors
    /// A sentence.
    pub fn choices(
        &self,
        instance: &Instance,
        listing: &Listing,
        fields: &Fields,
    ) -> Result<Vec<Choice>, Clean> {
        self.runtime.block_on(act::choices(&self.http, instance, listing, fields, LIST, now))
    }

    /// What is true of the service now; with the action's pre-checks, made just now.
    pub fn facts(&mut self, service: &str, action: &Action, on: Option<(&Instance, &Fields)>) -> Facts {
        let mut facts = self.model.facts(service).unwrap_or_default();
        facts.checks = self.model.checked(action);
        if let Some((instance, fields)) = on {
            let asked = act::checks(&self.http, action, instance, fields, now);
            facts.checks.extend(self.runtime.block_on(asked));
        }
        facts
    }

    /// Looks for so long.
    pub fn look(&mut self, span: Duration) {
        let until = Instant::now() + span;
        self.runtime.block_on(listen(&mut self.model, &mut self.messages, until, &mut None));
    }

    /// Sends what was authorized and follows it to its end, looking all the while. An interrupt ends the waiting, not the
    /// act. `policy` is looked at again before each further request. Gives back the journal too.
    pub fn perform(
        &mut self,
        authorized: Authorized,
        policy: &Policy,
        records: Box<dyn Records>,
        stop: &Stop,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> (Ran, Box<dyn Records>) {
        let proposal = authorized.proposal().clone();
        let first =
            Seen { policy: policy.clone(), checks: self.model.checked_again(&proposal), ..Seen::default() };
        let (sees, seen) = watch::channel(first);
        let mut world = World { http: Arc::clone(&self.http), records, seen, stop: stop.clone(), now };
        let (model, messages) = (&mut self.model, &mut self.messages);
        let ran = self.runtime.block_on(async {
            let mut signals = crate::io::terminal::signals().ok();
            let mut act = std::pin::pin!(act::run(authorized, &mut world, tell));
            loop {
                let interrupted = async {
                    match &mut signals {
                        Some(signals) => {
                            signals.recv().await.and_then(crate::io::terminal::Signal::exit_code)
                        }
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    ran = &mut act => return ran,
                    code = interrupted => if code.is_some() { stop.now() },
                    Some(message) = messages.recv() => {
                        take_in(model, message);
                        finish(model);
                        let (at, held) =
                            model.settled(proposal.action(), proposal.service(), proposal.instances());
                        let why = held.as_ref().err().cloned().unwrap_or_default();
                        let checks = model.checked_again(&proposal);
                        let policy = policy.clone();
                        sees.send_replace(Seen { at, settled: held.is_ok(), why, policy, checks });
                    }
                }
            }
        });
        (ran, world.records)
    }

    /// Polls everything once more.
    pub fn poll_now(&self) {
        self.poller.poll_now(None);
    }
}
