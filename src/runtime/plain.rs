//! The loop of `--plain`: the dashboard's without a screen. It polls and judges, and prints what changes, a line each.
//!
//! Lines are written by a thread of their own, so that a reader that is slow holds up neither polls nor the end: while
//! it is busy, changes gather, and what has changed back meanwhile is never printed.

use super::dashboard::Loader;
use super::{happened, now, setup};
use crate::config::Problem;
use crate::event::{Effect, Event, Recalled, What};
use crate::io::identity;
use crate::io::keeper::{Keeper, Kept};
use crate::io::outlet::when_unread;
use crate::io::poll::{Message, Poller};
use crate::io::terminal::signals;
use crate::io::watch::Watch;
use crate::model::Model;
use crate::narrator::{Narrator, line};
use crate::plan::Plan;
use crate::target::TargetId;
use crate::update::{settle, update};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What it needs to start.
pub struct Plain {
    /// The plan to begin with.
    pub plan: Arc<Plan>,
    /// How to read it again; none where there is no file.
    pub loader: Option<Loader>,
    /// Files whose change means that it should be read again.
    pub watched: Vec<PathBuf>,
    /// The state folder, or why there is none.
    pub state: Result<PathBuf, String>,
}

/// Messages of the poller that may wait; beyond, polls are held back.
const MESSAGES: usize = 256;
/// However much work there is, changes are looked for so often.
const LOOK: Duration = Duration::from_secs(1);
/// So long a warroom that is attached to may take before the summary is given without it.
const ATTACHING: Duration = Duration::from_secs(15);
/// Beyond the longest time-out, so long the first round may take before the summary.
const GRACE: Duration = Duration::from_millis(500);

/// Prints until a signal; returns the exit code.
///
/// # Errors
/// A thread could not be started; or nobody reads any more, which is a broken pipe.
pub fn plain(
    plain: Plain,
    write: impl FnMut(&[String]) -> io::Result<()> + Send + 'static,
) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(go(plain, write));
    runtime.shutdown_background();
    code
}

/// The thread that writes: one batch at a time.
struct Out {
    lines: SyncSender<Vec<String>>,
    busy: bool,
}

impl Out {
    fn start(
        mut write: impl FnMut(&[String]) -> io::Result<()> + Send + 'static,
    ) -> io::Result<(Self, mpsc::Receiver<io::Result<()>>)> {
        let (lines, batches) = sync_channel::<Vec<String>>(1);
        let (done, written) = mpsc::channel(1);
        std::thread::Builder::new().name("out".to_owned()).spawn(move || {
            for batch in batches {
                if done.blocking_send(write(&batch)).is_err() {
                    return;
                }
            }
        })?;
        Ok((Self { lines, busy: false }, written))
    }

    fn write(&mut self, batch: Vec<String>) {
        if !batch.is_empty() {
            self.busy = self.lines.try_send(batch).is_ok();
        }
    }
}

struct Telling {
    model: Model,
    narrator: Narrator,
    /// Targets that were not heard yet, until the summary was given.
    waiting: Option<BTreeSet<TargetId>>,
    deadline: Instant,
    looked: Instant,
    poller: Poller,
    keeper: Keeper,
    out: Out,
    loader: Option<Loader>,
    reloads: mpsc::Sender<Result<Arc<Plan>, Vec<Problem>>>,
    /// Lines that are not about the model: a reload, a fault of the keeper.
    notices: Vec<String>,
    exit: Option<u8>,
}

async fn go(plain: Plain, write: impl FnMut(&[String]) -> io::Result<()> + Send + 'static) -> io::Result<u8> {
    let mut signals = signals()?;
    let (sender, mut messages) = mpsc::channel(MESSAGES);
    let (reloads, mut reloaded) = mpsc::channel(4);
    let (keeping, mut kept) = mpsc::channel(16);
    let poller = Poller::start(sender)?;
    poller.configure(setup(&plain.plan));
    let records = plain.state.is_ok();
    let keeper = Keeper::start(plain.state, plain.plan.history.clone(), move |what| {
        drop(keeping.blocking_send(what));
    })?;
    let (out, mut written) = Out::start(write)?;
    let longest = plain.plan.targets.iter().map(|target| target.timeout).max().unwrap_or_default();
    let mut model = Model::new(plain.plan, now(), true);
    model.who = identity::who();
    model.judging.remembering = true;
    let whole = model.plan.feeds.whole().is_some();
    if records && !whole {
        // What comes is kept, and what was kept comes back.
        model.store.record();
        model.judging.recalling = true;
    }
    let mut telling = Telling {
        waiting: Some(super::asked(&model.plan)),
        model,
        narrator: Narrator::default(),
        deadline: Instant::now() + if whole { ATTACHING } else { longest + GRACE },
        looked: Instant::now(),
        poller,
        keeper,
        out,
        loader: plain.loader,
        reloads,
        notices: Vec::new(),
        exit: None,
    };
    let (changes, mut changed) = mpsc::channel(1);
    let files = Watch::new(&plain.watched, move || {
        let _ = changes.try_send(());
    });
    // Nobody reads any more: that is known before the next line would be written.
    let (leave, mut left) = mpsc::channel(1);
    when_unread(move || {
        let _ = leave.blocking_send(());
    })?;
    while telling.exit.is_none() {
        telling.tell();
        let tick = telling.next();
        tokio::select! {
            biased;
            Some(signal) = signals.recv() => telling.exit = signal.exit_code(),
            Some(()) = left.recv() => return Err(io::ErrorKind::BrokenPipe.into()),
            Some(done) = written.recv() => {
                done?;
                telling.out.busy = false;
            }
            Some(plan) = reloaded.recv() => telling.happen(What::Reloaded(plan)),
            Some(()) = changed.recv(), if files.is_ok() => telling.reload(),
            Some(what) = kept.recv() => telling.kept(what),
            message = messages.recv() => match message {
                Some(message) => telling.heard(message),
                None => return Err(io::Error::other("polling: its thread has ended; please report this fault")),
            },
            () = std::future::ready(()), if telling.model.has_work() => telling.happen(What::Work),
            () = tokio::time::sleep(tick) => telling.happen(What::Tick),
        }
    }
    if !whole {
        let rest = telling.model.slos.book.unsaved(usize::MAX);
        telling.keeper.save(rest, now());
    }
    telling.keeper.keep(telling.model.store.take_recorded(), now());
    // A keeper that waits for the loop must not keep the loop waiting for it.
    kept.close();
    Ok(telling.exit.unwrap_or(0))
}

impl Telling {
    /// Prints what there is to print, if the last of it is out.
    fn tell(&mut self) {
        let idle = !self.model.has_work() || self.looked.elapsed() >= LOOK;
        if self.out.busy || !idle {
            return;
        }
        let there = self.waiting.as_ref().is_none_or(BTreeSet::is_empty)
            && !self.model.attached.waits(&self.model.plan);
        let heard = there || Instant::now() >= self.deadline;
        if !heard || self.model.judging.remembering && there {
            return;
        }
        self.looked = Instant::now();
        settle(&mut self.model);
        let mut lines = if self.waiting.take().is_some() {
            self.narrator.begin(&self.model)
        } else {
            self.narrator.changes(&self.model)
        };
        lines.append(&mut self.notices);
        self.out.write(lines);
    }

    /// How long nothing happens by itself.
    fn next(&self) -> Duration {
        let due = [Some(self.model.next_tick()), self.narrator.due(now())];
        let tick = due.into_iter().flatten().min().unwrap_or_else(now).since(now());
        match self.waiting {
            Some(_) => tick.min(self.deadline.saturating_duration_since(Instant::now())),
            None => tick,
        }
        .max(Duration::from_millis(10))
    }

    fn heard(&mut self, message: Message) {
        if let (Message::Reports(reports), Some(waiting)) = (&message, self.waiting.as_mut()) {
            for report in reports {
                waiting.remove(&report.target);
            }
        }
        if let Some(what) = happened(&self.model, message) {
            self.happen(what);
        }
    }

    fn kept(&mut self, kept: Kept) {
        match kept {
            Kept::Remembered { entries, saved } => self.happen(What::Remembered { entries, saved }),
            Kept::Recalled(recalled) => self.happen(What::Recalled(recalled)),
            Kept::Written(entries) => self.happen(What::Written(entries)),
            Kept::Notice(text) => self.notice(&text),
            // Nothing is proposed from here, and nothing typed.
            Kept::Proposed(..) | Kept::Typed(_) => {}
        }
    }

    fn notice(&mut self, text: &str) {
        self.notices.push(line(&self.model, &format!("warroom: {text}")));
    }

    fn happen(&mut self, what: What) {
        match &what {
            What::Reloaded(Ok(plan)) => {
                let text = format!(
                    "configuration read: {} services, {} polls",
                    plan.services.len(),
                    plan.targets.len()
                );
                self.notice(&text);
            }
            What::Reloaded(Err(problems)) => {
                self.notice("configuration refused, the old one stays");
                for problem in problems.iter().take(20) {
                    self.notice(&problem.to_string());
                }
            }
            _ => {}
        }
        let mut nothing = None;
        for effect in update(&mut self.model, Event { at: now(), what }) {
            match effect {
                Effect::Journal(entries) => self.keeper.append(entries),
                Effect::Keep(samples) => self.keeper.keep(samples, self.model.now),
                Effect::Recall { purpose, from, to } if !self.keeper.recall(purpose, from, to) => {
                    nothing = Some(What::Recalled(Recalled::none(purpose, from, to)));
                }
                Effect::Save(batch) => self.keeper.save(batch, self.model.now),
                Effect::Configure => {
                    self.poller.configure(setup(&self.model.plan));
                    self.keeper.configure(self.model.plan.history.clone());
                }
                Effect::Warn(text) => self.notice(text.as_str()),
                // Whatever else is wanted of a terminal there is none for.
                _ => {}
            }
        }
        if let Some(what) = nothing {
            self.happen(what);
        }
    }

    fn reload(&mut self) {
        let Some(loader) = self.loader.clone() else { return };
        let (generation, done) = (self.model.plan.generation + 1, self.reloads.clone());
        tokio::task::spawn_blocking(move || {
            let _ = done.blocking_send(loader(generation));
        });
    }
}
