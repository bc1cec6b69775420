//! What `warroom serve` adds to the loop of `warroom watch`: it counts, lays out what is asked for, and lets attached
//! terminals see what the loop takes in. It decides nothing, and answers nobody itself.

use super::now;
use crate::api::{Checks, Figures, Rules, Samples, Status};
use crate::event::What;
use crate::io::serve::feed::Order;
use crate::io::serve::{Mark, Server, Shared, Wish};
use crate::journal::Entry;
use crate::model::Model;
use crate::plan::{Plan, ServePlan};
use crate::severity::Severity;
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The loop wakes at least this often, so that whoever asks for its health hears the truth.
pub(super) const BEAT: Duration = Duration::from_secs(5);

/// Lines that may wait.
const LINES: usize = 16;

/// The server's half of the loop.
pub(super) struct Half {
    server: Server,
    wishes: mpsc::Receiver<Wish>,
    /// What attached terminals ask of the loop.
    orders: mpsc::Receiver<Order>,
    said: (mpsc::Sender<String>, mpsc::Receiver<String>),
    /// Polls by service: answered, failed.
    polls: BTreeMap<Arc<str>, (u64, u64)>,
    figures: Figures,
    /// When a poll came back last; the start, before one did.
    heard: Timestamp,
    mark: Option<Mark>,
}

/// What the loop has for the server.
pub(super) enum Asked {
    /// Something is to be laid out.
    Wish(Wish),
    /// A line for whoever reads them.
    Line(String),
    /// An attached terminal asks for something.
    Order(Order),
}

impl Half {
    /// Listens.
    ///
    /// # Errors
    /// What keeps it from listening, in words that say what to do.
    pub(super) async fn start(plan: &Plan, serve: ServePlan, state: Option<&Path>) -> std::io::Result<Self> {
        let (server, wishes) = Server::start(serve).await.map_err(std::io::Error::other)?;
        let at = now();
        server.shared.feed.plan(plan);
        // It was made a moment ago: nobody else can have taken them.
        let orders = server.shared.feed.orders().unwrap_or_else(|| mpsc::channel(1).1);
        let mark = state.and_then(|folder| {
            let config = plan.file.as_deref().map(Path::new);
            Mark::lay(folder, server.url(), config)
                .inspect_err(|error| tracing::warn!("the server's file in the state folder: {error}"))
                .ok()
        });
        let figures = Figures { started: at, configured: (true, at), ..Figures::default() };
        let polls = BTreeMap::new();
        Ok(Self { server, wishes, orders, said: mpsc::channel(LINES), polls, figures, heard: at, mark })
    }

    /// `listening on http://127.0.0.1:7090`.
    pub(super) fn greeting(&self) -> String {
        let shared = &self.server.shared;
        let who = if shared.is_open() { "nobody is asked for a token" } else { "with a token" };
        let found =
            if self.mark.is_some() { "" } else { "; check and status will not find it by themselves" };
        format!("listening on {} ({who}){found}", self.server.url())
    }

    /// The next thing that the loop is to do for the server.
    pub(super) async fn asked(&mut self) -> Asked {
        tokio::select! {
            Some(wish) = self.wishes.recv() => Asked::Wish(wish),
            Some(order) = self.orders.recv() => Asked::Order(order),
            Some(line) = self.said.1.recv() => Asked::Line(line),
            // Both ends live as long as this does.
            else => std::future::pending().await,
        }
    }

    /// Lays out what is asked for.
    pub(super) fn lay(&mut self, wish: Wish, model: &Model) {
        let slots = &self.server.shared.slots;
        match wish {
            Wish::Samples => {
                self.look(model);
                self.server.shared.slots.samples.lay(Samples::of(model, self.figures.clone()));
            }
            Wish::Rules => slots.rules.lay(Rules::of(model)),
            Wish::Status => slots.status.lay(Status::of(model)),
            Wish::Checks => slots.checks.lay(Checks::of(model)),
        }
    }

    /// Reads off the model what is told of warroom itself.
    fn look(&mut self, model: &Model) {
        let figures = &mut self.figures;
        figures.polls =
            self.polls.iter().map(|(name, (well, ill))| (name.to_string(), *well, *ill)).collect();
        figures.memory_limit = model.plan.limits.max_bytes as u64;
        figures.retention = model.plan.limits.retention;
        figures.watched = (model.plan.services.len(), model.plan.targets.len());
        figures.alerts = model.rules.counts();
        let rules = model.rules.groups().flat_map(|group| group.rules().map(|(_, status, _)| status));
        figures.evaluations = rules
            .fold((0, 0), |(done, failed), status| (done + status.evaluations, failed + status.failures));
        figures.incidents = [0; 5];
        for incident in model.incidents.open() {
            let place = match incident.severity {
                Severity::P0 => 0,
                Severity::P1 => 1,
                Severity::P2 => 2,
                Severity::P3 => 3,
                Severity::P4 => 4,
            };
            if let Some(count) = figures.incidents.get_mut(place) {
                *count += 1;
            }
        }
    }

    /// Something happened: it is counted, and told to whoever is attached.
    pub(super) fn sees(&mut self, model: &Model, what: &What) {
        self.server.shared.feed.tell(&model.plan, what);
        match what {
            What::Reports(reports) => {
                self.heard = now();
                for report in reports.iter().filter(|report| report.generation == model.plan.generation) {
                    let Some(target) = model.plan.target(report.target) else { continue };
                    let (answered, failed) = self.polls.entry(Arc::clone(&target.service)).or_default();
                    match &report.outcome {
                        Ok(answer) => {
                            *answered += 1;
                            self.figures.bytes += answer.bytes;
                        }
                        Err(_) => *failed += 1,
                    }
                    self.figures.samples += report.samples.len() as u64;
                }
            }
            // Other warrooms over the same state folder, and attached terminals.
            What::Written(entries) => self.server.shared.feed.journal(entries),
            What::Tick => self.server.shared.slots.forget(),
            _ => {}
        }
        self.beat(model);
    }

    /// These lines went to the journal.
    pub(super) fn writes(&mut self, entries: &[Entry]) {
        self.server.shared.feed.journal(entries);
    }

    /// A delivery was taken, or an attempt failed; so many channels fail now.
    pub(super) fn delivered(&mut self, taken: bool, failing: usize) {
        let (well, ill) = &mut self.figures.deliveries;
        *if taken { well } else { ill } += 1;
        self.figures.failing = failing;
    }

    /// The loop lives.
    fn beat(&self, model: &Model) {
        let paces = model.plan.targets.iter().map(|target| target.interval + target.timeout);
        // Who watches nothing has nothing to wait for.
        let every = paces.min().map_or(Duration::MAX, |pace| (pace * 3).max(PATIENCE));
        self.server.shared.beat(now(), self.heard, every);
    }

    /// The configuration was read again, or was refused.
    pub(super) fn reloaded(&mut self, plan: Option<&Plan>) {
        let (read, refused) = &mut self.figures.reloads;
        let Some(plan) = plan else {
            *refused += 1;
            self.figures.configured.0 = false;
            return;
        };
        *read += 1;
        self.server.shared.feed.plan(plan);
        self.figures.configured = (true, now());
        let (shared, serve, said) =
            (Arc::clone(&self.server.shared), plan.serve.clone(), self.said.0.clone());
        tokio::spawn(async move {
            renew(&shared, &serve, &said).await;
        });
    }
}

/// No poll may come back for so long before that is told, however often they are done.
const PATIENCE: Duration = Duration::from_secs(30);

async fn renew(shared: &Shared, serve: &ServePlan, said: &mpsc::Sender<String>) {
    for line in Server::renew(shared, serve).await.err().unwrap_or_default() {
        // The loop is gone if nobody takes it.
        let _ = said.send(Clean::new(&line).to_string()).await;
    }
}
