//! The loop of `warroom watch`: the dashboard's without a screen. It polls, and tells the channels and the journal what
//! changes; it shows nothing but a line a change.

mod trial;

pub use trial::try_out;

use super::dashboard::Loader;
use super::serve::{self, Asked, Half};
use super::{happened, listen, listening, now, setup};
use crate::config::Problem;
use crate::event::{Effect, Event, Recalled, What};
use crate::io::foreign::{Heard, Listener};
use crate::io::history;
use crate::io::journal;
use crate::io::keeper::{Keeper, Kept};
use crate::io::notify::{Notifier, Sent};
use crate::io::poll::Poller;
use crate::io::serve::feed::Order;
use crate::io::terminal::{Signal, signals};
use crate::io::watch::Watch;
use crate::journal::Who;
use crate::model::Model;
use crate::model::recorded::Recorder;
use crate::notification::{Delivery, Message, Notice, Outcome, Router};
use crate::plan::{HistoryPlan, Plan, ServePlan};
use crate::text::Clean;
use crate::update::update;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What the watch needs to start.
pub struct Watcher {
    /// The plan to begin with.
    pub plan: Arc<Plan>,
    /// How to read it again.
    pub loader: Loader,
    /// Files whose change means that it should be read again.
    pub watched: Vec<PathBuf>,
    /// Nothing is sent and nothing is written into the journal: what would be sent is told.
    pub dry_run: bool,
    /// What it answers over HTTP; none: it only watches.
    pub serve: Option<ServePlan>,
    /// Ends after so long; none: at a signal.
    pub span: Option<Duration>,
    /// The state folder, or why there is none.
    pub state: Result<PathBuf, String>,
    /// Who runs it.
    pub who: Who,
}

/// Where a line a change goes.
pub type Say<'s> = &'s mut dyn FnMut(&str) -> io::Result<()>;

/// Messages that may wait.
const MESSAGES: usize = 256;

/// How long deliveries may take that are on their way when the watch ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Watches until a signal or the end of its time; returns the exit code.
///
/// # Errors
/// A thread could not be started, or nobody takes the lines any more.
pub fn watch(watcher: Watcher, say: Say<'_>) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(go(watcher, say));
    runtime.shutdown_background();
    code
}

struct Watching<'s> {
    model: Model,
    router: Router,
    poller: Poller,
    listener: Listener,
    notifier: Notifier,
    keeper: Option<Keeper>,
    loader: Loader,
    reloads: mpsc::Sender<Result<Arc<Plan>, Vec<Problem>>>,
    dry_run: bool,
    half: Option<Half>,
    say: Say<'s>,
    exit: Option<u8>,
}

async fn go(watcher: Watcher, say: Say<'_>) -> io::Result<u8> {
    let mut signals = signals()?;
    let half = match watcher.serve {
        Some(serve) => Some(Half::start(&watcher.plan, serve, watcher.state.as_deref().ok()).await?),
        None => None,
    };
    let (sender, mut messages) = mpsc::channel(MESSAGES);
    let (outcomes, mut sent) = mpsc::channel(MESSAGES);
    let (reloads, mut reloaded) = mpsc::channel(4);
    let poller = Poller::start(sender)?;
    poller.configure(setup(&watcher.plan));
    let (listener, mut heard) = listen()?;
    listener.configure(listening(&watcher.plan));
    let router = Router::new(watcher.plan.channels.clone(), watcher.who.clone());
    let mut model = Model::new(watcher.plan, now(), true);
    model.who = watcher.who;
    model.judging.remembering = true;
    let (keeping, mut kept) = mpsc::channel(MESSAGES);
    if !watcher.dry_run && watcher.state.is_ok() {
        // What comes is kept, and what was kept comes back.
        model.store.record();
        model.judging.recalling = true;
    }
    let keeper = if watcher.dry_run {
        // Nothing is written: it is only read what earlier runs left behind.
        let _ = keeping
            .send(Kept::Remembered {
                entries: recall(&watcher.state),
                saved: saved(&watcher.state, &model.plan.history),
            })
            .await;
        None
    } else {
        let tell = move |what| drop(keeping.blocking_send(what));
        Some(Keeper::start(watcher.state, model.plan.history.clone(), tell)?)
    };
    let mut watching = Watching {
        model,
        router,
        poller,
        listener,
        notifier: Notifier::start(outcomes)?,
        keeper,
        loader: watcher.loader,
        reloads,
        dry_run: watcher.dry_run,
        half,
        say,
        exit: None,
    };
    watching.greet()?;
    let (changes, mut changed) = mpsc::channel(1);
    let files = Watch::new(&watcher.watched, move || {
        let _ = changes.try_send(());
    });
    if let Err(error) = &files {
        watching.tell(&format!("the configuration is not watched ({error}); SIGHUP reads it again"))?;
    }
    let until = watcher.span.map(|span| Instant::now() + span);
    while watching.exit.is_none() {
        let tick = watching.next_tick();
        tokio::select! {
            biased;
            Some(signal) = signals.recv() => match signal {
                Signal::Hup => watching.reload(),
                signal => watching.exit = signal.exit_code(),
            },
            () = at(until), if until.is_some() => watching.exit = Some(0),
            Some(what) = kept.recv() => watching.kept(what)?,
            Some(Sent { id, outcome }) = sent.recv() => watching.sent(id, &outcome)?,
            Some(plan) = reloaded.recv() => watching.reloaded(plan)?,
            Some(()) = changed.recv(), if files.is_ok() => watching.reload(),
            asked = asked(&mut watching.half) => watching.asked(asked)?,
            Some(Heard { generation, picture }) = heard.recv() => watching.happen(What::Foreign(generation, picture))?,
            message = messages.recv() => match message {
                Some(message) => if let Some(what) = happened(&watching.model, message) {
                    watching.happen(what)?;
                },
                None => return Err(io::Error::other("polling: its thread has ended; please report this fault")),
            },
            () = std::future::ready(()), if watching.model.has_work() => watching.happen(What::Work)?,
            () = tokio::time::sleep(tick) => watching.happen(What::Tick)?,
        }
    }
    watching.farewell(&mut sent).await?;
    watching.save_rest();
    // A keeper that waits for the loop must not keep the loop waiting for it.
    kept.close();
    Ok(watching.exit.unwrap_or(0))
}

/// How much of a journal is read for a dry run.
const READ_BACK: u64 = 16 << 20;

pub(super) fn recall(state: &Result<PathBuf, String>) -> Vec<crate::journal::Entry> {
    let read = state.as_ref().ok().and_then(|folder| journal::read(folder, READ_BACK).ok());
    read.map(|(entries, _)| entries).unwrap_or_default()
}

pub(super) fn saved(state: &Result<PathBuf, String>, plan: &HistoryPlan) -> Vec<crate::slo::Saved> {
    let load = |folder: &PathBuf| history::load(&history::Place::of(folder, plan)).ok();
    state.as_ref().ok().and_then(load).unwrap_or_default()
}

async fn at(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

/// What the server wants; for ever nothing where there is none.
async fn asked(half: &mut Option<Half>) -> Asked {
    match half {
        Some(half) => half.asked().await,
        None => std::future::pending().await,
    }
}

impl Watching<'_> {
    fn asked(&mut self, asked: Asked) -> io::Result<()> {
        match (asked, &mut self.half) {
            (Asked::Wish(wish), Some(half)) => half.lay(wish, &self.model),
            (Asked::Line(line), _) => self.tell(&line)?,
            (Asked::Order(order), _) => {
                // In the middle of a round counters stand further than what was counted.
                while matches!(order, Order::State(_)) && self.model.slos.book.has_work() {
                    self.happen(What::Work)?;
                }
                self.ordered(order);
            }
            (Asked::Wish(_), None) => {}
        }
        Ok(())
    }

    /// What an attached terminal asks for.
    fn ordered(&mut self, order: Order) {
        match order {
            Order::State(done) => {
                let _ = done.send((Recorder::to_go_on(&self.model), self.model.reaches_back()));
            }
            Order::Deeds(entries, done) => match &self.keeper {
                // It comes back as written once it is on disk, and is seen by everybody then.
                Some(keeper) => keeper.append_for(entries, move |kept| drop(done.send(kept))),
                None => drop(done.send(Err("nothing is kept: a dry run".to_owned()))),
            },
        }
    }

    fn tell(&mut self, line: &str) -> io::Result<()> {
        (self.say)(&format!("{} {}", now(), Clean::new(line)))
    }

    /// The first line: what is watched, and who is told.
    fn greet(&mut self) -> io::Result<()> {
        let plan = &self.model.plan;
        let names: Vec<&str> = plan.channels.iter().map(|channel| &*channel.name).collect();
        let told = match (self.dry_run, names.is_empty()) {
            (true, true) => "nothing is sent: a dry run, and no channel is configured".to_owned(),
            (true, false) => format!("nothing is sent: a dry run for {}", names.join(", ")),
            (false, true) => "nobody is told: no channel is configured".to_owned(),
            (false, false) => format!("changes go to {}", names.join(", ")),
        };
        self.tell(&format!(
            "watching {} polls of {} services; {told}",
            plan.targets.len(),
            plan.services.len()
        ))?;
        match self.half.as_ref().map(Half::greeting) {
            Some(greeting) => self.tell(&greeting),
            None => Ok(()),
        }
    }

    fn next_tick(&self) -> Duration {
        let due = self.router.next_due(now());
        let next = due.into_iter().chain([self.model.next_tick()]).min().unwrap_or_default().since(now());
        if self.half.is_some() { next.min(serve::BEAT) } else { next }
    }

    fn happen(&mut self, what: What) -> io::Result<()> {
        if let Some(half) = &mut self.half {
            half.sees(&self.model, &what);
        }
        let effects = update(&mut self.model, Event { at: now(), what });
        let mut notices = Vec::new();
        for effect in effects {
            match effect {
                Effect::Tell(changes) => notices.extend(Notice::all(&changes)),
                Effect::Journal(entries) => {
                    if let Some(half) = &mut self.half {
                        half.writes(&entries);
                    }
                    if let Some(keeper) = &self.keeper {
                        keeper.append(entries);
                    }
                }
                Effect::Save(batch) => {
                    if let Some(keeper) = &self.keeper {
                        keeper.save(batch, self.model.now);
                    }
                }
                Effect::Keep(samples) => {
                    if let Some(keeper) = &self.keeper {
                        keeper.keep(samples, self.model.now);
                    }
                }
                Effect::Recall { purpose, from, to } => {
                    let asked = self.keeper.as_ref().is_some_and(|keeper| keeper.recall(purpose, from, to));
                    if !asked {
                        self.happen(What::Recalled(Recalled::none(purpose, from, to)))?;
                    }
                }
                Effect::Warn(text) => self.tell(text.as_str())?,
                Effect::Configure => {
                    self.poller.configure(setup(&self.model.plan));
                    self.listener.configure(listening(&self.model.plan));
                    if let Some(keeper) = &self.keeper {
                        keeper.configure(self.model.plan.history.clone());
                    }
                }
                Effect::Reload => self.reload(),
                // Whatever else is wanted of a terminal there is none for.
                _ => {}
            }
        }
        self.route(&notices)
    }

    /// What comes back from the state folder.
    fn kept(&mut self, kept: Kept) -> io::Result<()> {
        match kept {
            Kept::Remembered { entries, saved } => {
                self.router.restore(&entries);
                let calming = Notice::calming(&entries);
                self.happen(What::Remembered { entries, saved })?;
                let open: Vec<Notice> = self
                    .model
                    .incidents
                    .open()
                    .into_iter()
                    .filter_map(|it| Notice::open(it, now()))
                    .collect();
                let mut deliveries = self.router.resume(&open, now());
                // What was killed between the journal and the channel, or ended while no watch ran.
                deliveries.extend(calming.iter().flat_map(|notice| self.router.route(notice, now())));
                self.deliver(deliveries)
            }
            Kept::Written(entries) => {
                // What another warroom has told need not be told again; what people do is told.
                self.router.restore(&entries);
                self.happen(What::Written(entries))
            }
            Kept::Recalled(recalled) => self.happen(What::Recalled(recalled)),
            Kept::Notice(text) => self.tell(&text),
            // Nothing is proposed from here.
            Kept::Proposed(..) | Kept::Typed(_) => Ok(()),
        }
    }

    fn save_rest(&mut self) {
        let rest = self.model.slos.book.unsaved(usize::MAX);
        if let Some(keeper) = &self.keeper {
            keeper.save(rest, now());
            keeper.keep(self.model.store.take_recorded(), now());
        }
    }

    /// Tells what changed, and hands it to the channels.
    fn route(&mut self, notices: &[Notice]) -> io::Result<()> {
        let mut deliveries = Vec::new();
        for notice in notices {
            self.tell(&notice.line())?;
            deliveries.extend(self.router.route(notice, now()));
        }
        deliveries.extend(self.router.due(now()));
        self.deliver(deliveries)
    }

    fn deliver(&mut self, deliveries: Vec<Delivery>) -> io::Result<()> {
        let mut queue = std::collections::VecDeque::from(deliveries);
        while let Some(delivery) = queue.pop_front() {
            let id = delivery.id;
            let outcome = if self.dry_run {
                self.tell(&format!("would send to {}: {}", delivery.channel.name, delivery.about))?;
                Some(Outcome::Delivered)
            } else if matches!(delivery.message, Message::Ring { .. }) || self.notifier.send(delivery) {
                None
            } else {
                let error = Clean::new("too many deliveries are on their way");
                Some(Outcome::Failed { error, again: true, after: None })
            };
            if let Some(outcome) = outcome {
                queue.extend(self.router.taken(id, &outcome, now()));
            }
        }
        self.keep();
        Ok(())
    }

    fn sent(&mut self, id: u64, outcome: &Outcome) -> io::Result<()> {
        let next = self.router.taken(id, outcome, now());
        if let Some(half) = &mut self.half {
            half.delivered(matches!(outcome, Outcome::Delivered), self.router.failing().len());
        }
        if let Outcome::Failed { error, .. } = outcome {
            let waiting = self.router.failing().len();
            self.tell(&format!("a delivery failed: {error} ({waiting} channels fail)"))?;
        }
        self.deliver(next)
    }

    /// Writes into the journal what was sent and what was given up.
    fn keep(&mut self) {
        let entries = self.router.entries();
        if let Some(keeper) = self.keeper.as_ref().filter(|_| !entries.is_empty()) {
            keeper.append(entries);
        }
    }

    fn reload(&mut self) {
        let (generation, done) = (self.model.plan.generation + 1, self.reloads.clone());
        let loader = Arc::clone(&self.loader);
        tokio::task::spawn_blocking(move || {
            let _ = done.blocking_send(loader(generation));
        });
    }

    fn reloaded(&mut self, plan: Result<Arc<Plan>, Vec<Problem>>) -> io::Result<()> {
        if let Some(half) = &mut self.half {
            half.reloaded(plan.as_deref().ok());
        }
        match &plan {
            Ok(plan) => {
                self.router.reload(plan.channels.clone());
                self.tell("the configuration was read again")?;
            }
            Err(problems) => {
                self.tell("the configuration was refused; the old one stays")?;
                for problem in problems {
                    self.tell(&problem.to_string())?;
                }
            }
        }
        self.happen(What::Reloaded(plan))
    }

    /// Waits a little for what is on its way, so that what was sent is remembered as sent.
    async fn farewell(&mut self, sent: &mut mpsc::Receiver<Sent>) -> io::Result<()> {
        let until = tokio::time::Instant::now() + FAREWELL;
        while self.router.on_the_way() > 0 {
            let Ok(Some(Sent { id, outcome })) = tokio::time::timeout_at(until, sent.recv()).await else {
                break;
            };
            self.sent(id, &outcome)?;
        }
        Ok(())
    }
}
