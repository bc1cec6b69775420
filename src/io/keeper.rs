//! Who keeps what must outlive warroom: the journal and the history, in a thread that may wait for a disk.
//!
//! The loop hands things over and goes on. What other warrooms write into the journal comes back to it. Nothing here
//! ends the dashboard: what fails is told once, in a line.

mod diary;

use super::history::{self, Load, MarkRow, Place, Recaller, Writer};
use super::lines;
use super::two_key::Slips;
use crate::event::{Purpose, Recalled};
use crate::journal::Entry;
use crate::plan::HistoryPlan;
use crate::slo::Saved;
use crate::target::Sample;
use crate::units::Timestamp;
use diary::Diary;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// What comes back.
#[derive(Debug)]
pub enum Kept {
    /// What earlier runs left behind; comes first, and once.
    Remembered {
        /// The journal's lines.
        entries: Vec<Entry>,
        /// What objectives counted.
        saved: Vec<Saved>,
    },
    /// Lines that other warrooms wrote.
    Written(Vec<Entry>),
    /// A proposal was kept and laid down for a second person, or why it was not.
    Proposed(Entry, Result<(), String>),
    /// Lines that were typed after `:` in earlier sessions.
    Typed(Vec<String>),
    /// A batch of samples that were asked for.
    Recalled(Recalled),
    /// Something that the operator should know.
    Notice(String),
}

/// Whoever waits until something is on disk.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

enum Order {
    Append(Vec<Entry>),
    AppendFor(Vec<Entry>, Answer),
    Propose(PathBuf, Entry),
    History(Load, Timestamp),
    Plan(HistoryPlan),
    Typed(String),
}

/// How often to look whether other warrooms have written.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How much of a journal that cannot be written to is read.
const READ_BACK: u64 = 16 << 20;

/// The thread, as the loop sees it. Dropped, it finishes what was handed over.
#[derive(Debug)]
pub struct Keeper {
    orders: Option<Sender<Order>>,
    thread: Option<std::thread::JoinHandle<()>>,
    recaller: Option<Recaller>,
}

impl Keeper {
    /// Starts it over the state folder; `tell` is called from its thread. Without a folder it keeps nothing, and says so.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(
        folder: Result<PathBuf, String>,
        plan: HistoryPlan,
        tell: impl Fn(Kept) + Send + Sync + Clone + 'static,
    ) -> io::Result<Self> {
        let (orders, inbox) = channel();
        let damaged = Arc::new(AtomicBool::new(false));
        let recaller = match &folder {
            Ok(folder) => {
                let tell = tell.clone();
                let recalled = move |recalled| tell(Kept::Recalled(recalled));
                Some(Recaller::start(Place::of(folder, &plan), Arc::clone(&damaged), recalled)?)
            }
            Err(_) => None,
        };
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || match folder {
            Ok(folder) => serve(&folder, plan, damaged, &inbox, &tell),
            Err(why) => {
                tell(Kept::Remembered { entries: Vec::new(), saved: Vec::new() });
                tell(Kept::Notice(format!("nothing is kept: {why}")));
                // Whoever proposes something is told that nobody will see it.
                for order in inbox {
                    match order {
                        Order::Propose(_, entry) => tell(Kept::Proposed(entry, Err(why.clone()))),
                        Order::AppendFor(_, answer) => answer(Err(format!("nothing is kept: {why}"))),
                        _ => {}
                    }
                }
            }
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread), recaller })
    }

    /// Keeps these lines.
    pub fn append(&self, entries: Vec<Entry>) {
        self.order(Order::Append(entries));
    }

    /// Keeps lines that come from an attached terminal, those that are not there yet, and answers once they are on disk.
    /// They come back as [`Kept::Written`].
    pub fn append_for(&self, entries: Vec<Entry>, answer: impl FnOnce(Result<(), String>) + Send + 'static) {
        self.order(Order::AppendFor(entries, Box::new(answer)));
    }

    /// Keeps a proposal, and lays it down in that folder for a second person; what came of it comes back.
    pub fn propose(&self, two: PathBuf, entry: Entry) {
        self.order(Order::Propose(two, entry));
    }

    /// Keeps what objectives counted.
    pub fn save(&self, saved: Vec<Saved>, now: Timestamp) {
        self.order(Order::History(Load { saved, ..Load::default() }, now));
    }

    /// Keeps samples.
    pub fn keep(&self, samples: Vec<Sample>, now: Timestamp) {
        self.order(Order::History(Load { samples, ..Load::default() }, now));
    }

    /// From now on history is kept so long.
    pub fn configure(&self, plan: HistoryPlan) {
        self.order(Order::Plan(plan));
    }

    /// Reads samples of `[from, to]`; they come back as [`Kept::Recalled`], in batches. False: there is nobody who could.
    pub fn recall(&self, purpose: Purpose, from: Timestamp, to: Timestamp) -> bool {
        self.recaller.as_ref().is_some_and(|recaller| {
            recaller.ask(purpose, from, to);
            true
        })
    }

    /// Keeps a line that was typed after `:`.
    pub fn typed(&self, line: String) {
        self.order(Order::Typed(line));
    }

    fn order(&self, order: Order) {
        // The thread lives as long as this does.
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.recaller = None;
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    folder: &Path,
    plan: HistoryPlan,
    damaged: Arc<AtomicBool>,
    inbox: &Receiver<Order>,
    tell: &(impl Fn(Kept) + Send + Sync + Clone + 'static),
) {
    let (mut diary, entries, notice) = Diary::open(folder);
    let mut notices: Vec<String> = notice.into_iter().collect();
    let place = Place::of(folder, &plan);
    let mut told = None;
    let saved = history::load(&place).unwrap_or_else(|error| {
        // A damaged file is set aside by who writes, which is told then.
        if !error.is_damage() {
            notices.push(error.to_string());
            told = Some(error.to_string());
        }
        Vec::new()
    });
    tell(Kept::Remembered { entries, saved });
    tell(Kept::Typed(lines::load(folder)));
    for notice in notices {
        tracing::warn!("{notice}");
        tell(Kept::Notice(notice));
    }
    let notice = {
        let tell = tell.clone();
        move |text: String| tell(Kept::Notice(text))
    };
    let history = Writer::start(place, plan, told, damaged, notice).ok();
    let mut held = Load::default();
    let mut at = Timestamp::default();
    loop {
        match inbox.recv_timeout(LOOK_EVERY) {
            Ok(Order::Append(entries)) => {
                held.marks.extend(MarkRow::of(&entries));
                diary.append(entries, tell);
            }
            Ok(Order::AppendFor(entries, answer)) => {
                let kept = diary.append_fresh(entries);
                // The loop first: whoever asks afterwards what is known finds it.
                if let Ok(fresh) = &kept
                    && !fresh.is_empty()
                {
                    held.marks.extend(MarkRow::of(fresh));
                    tell(Kept::Written(fresh.clone()));
                }
                answer(kept.map(drop).map_err(|error| format!("the journal cannot be written: {error}")));
            }
            Ok(Order::Propose(two, entry)) => {
                let outcome = propose(&mut diary, &two, &entry);
                tell(Kept::Proposed(entry, outcome.map_err(|error| error.to_string())));
            }
            Ok(Order::History(load, now)) => {
                at = now;
                // What could not be taken goes first; later records stand over earlier ones.
                let mut all = std::mem::take(&mut held);
                all.extend(load);
                held = history.as_ref().and_then(|history| history.save(all, now)).unwrap_or_default();
                held.limit();
            }
            Ok(Order::Plan(plan)) => {
                if let Some(history) = &history {
                    history.configure(plan);
                }
            }
            Ok(Order::Typed(line)) => {
                if let Err(error) = lines::keep(folder, &line) {
                    tracing::debug!("keeping a line that was typed: {error}");
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                diary.retry(tell);
                let found = diary.follow();
                if !found.is_empty() {
                    held.marks.extend(MarkRow::of(&found));
                    tell(Kept::Written(found));
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                diary.finish(tell);
                // Marks that came after the last batch.
                if let Some(history) = history.filter(|_| !held.is_empty()) {
                    history.save(held, at);
                }
                return;
            }
        }
    }
}

/// The folder first: what nobody else can see does not stand in the journal as proposed.
fn propose(diary: &mut Diary, two: &Path, entry: &Entry) -> io::Result<()> {
    let slips = Slips::open(two)?;
    diary.append_now(entry)?;
    slips.lay(entry)
}
