//! The thread that writes: batches as they come, and what has to be done once an hour. It holds the lock, or waits for
//! it.

use super::pen::packable;
use super::{HistoryError, Load, Pen, Place, minutes, tables};
use crate::plan::HistoryPlan;
use crate::slo::Saved;
use crate::units::Timestamp;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Batches that may wait; beyond, the newest is handed back.
const WAITING: usize = 16;

/// So much is kept at hand while another warroom writes, for the moment in which it is gone.
const AT_HAND: Duration = Duration::from_secs(120);

/// The most samples that are written at once.
const AT_ONCE: usize = 50_000;

/// How often it is looked whether the file has grown too large.
const LOOK_EVERY: Duration = Duration::from_secs(300);

enum Order {
    Load(Load, Timestamp),
    Plan(HistoryPlan),
    Settle(SyncSender<()>),
}

/// Writes in a thread of its own; ends when it is dropped, after the last batch.
#[derive(Debug)]
pub struct Writer {
    orders: Option<SyncSender<Order>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts it. `tell` is called with a line when writing begins to fail, when it works again, and when a damaged file
    /// was set aside. What `told` says has been told already. `damaged` is set by whoever finds the file to be.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(
        place: Place,
        plan: HistoryPlan,
        told: Option<String>,
        damaged: Arc<AtomicBool>,
        tell: impl Fn(String) + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, inbox) = sync_channel(WAITING);
        let desk = Desk {
            place,
            plan,
            duty: None,
            stood_by: false,
            waiting: Load::default(),
            trouble: told,
            damaged,
            packed: i64::MIN,
            looked: Timestamp::default(),
        };
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || serve(desk, &inbox, &tell))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Hands over a batch, to be written soon. What comes back could not be taken, for too many wait: it is to be handed
    /// over again later.
    pub fn save(&self, load: Load, now: Timestamp) -> Option<Load> {
        match self.orders.as_ref()?.try_send(Order::Load(load, now)) {
            Err(TrySendError::Full(Order::Load(load, _))) => Some(load),
            _ => None,
        }
    }

    /// From now on this is kept, and so long.
    pub fn configure(&self, plan: HistoryPlan) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Plan(plan));
        }
    }

    /// Waits until everything that was handed over has been tried.
    pub fn settle(&self) {
        let (done, wait) = sync_channel(1);
        if let Some(orders) = &self.orders
            && orders.send(Order::Settle(done)).is_ok()
        {
            let _ = wait.recv();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut desk: Desk, inbox: &Receiver<Order>, tell: &impl Fn(String)) {
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Load(load, now) => desk.take(load, now, tell),
            Order::Plan(plan) => {
                desk.plan = plan;
                desk.looked = Timestamp::default();
            }
            Order::Settle(done) => {
                let _ = done.send(());
            }
        }
    }
}

/// The lock, and who writes under it.
struct Duty {
    _lock: File,
    pen: Pen,
}

struct Desk {
    place: Place,
    plan: HistoryPlan,
    duty: Option<Duty>,
    /// Another warroom had the lock when we last looked.
    stood_by: bool,
    /// What could not be written yet: a later record stands over an earlier one, so that the order holds.
    waiting: Load,
    /// What was told last, and has not ended.
    trouble: Option<String>,
    damaged: Arc<AtomicBool>,
    /// Blocks before this one are packed.
    packed: i64,
    /// When it was last looked at age and size.
    looked: Timestamp,
}

impl Desk {
    fn take(&mut self, mut load: Load, now: Timestamp, tell: &impl Fn(String)) {
        if self.plan.full.is_zero() {
            load.samples.clear();
        }
        self.waiting.extend(load);
        let mut done = self.work(now);
        if let Err(error) = &done
            && error.is_damage()
        {
            let anew = self.begin_anew(error, tell);
            done = anew.and_then(|()| self.work(now));
        }
        match done {
            Ok(written) => {
                if written && self.trouble.take().is_some() {
                    tell("history is written again".to_owned());
                }
            }
            Err(error) => {
                self.duty = None;
                let text = match &error {
                    HistoryError::Newer { .. } => error.to_string(),
                    _ => format!("{error}; it is not written: {}", error.remedy()),
                };
                if self.trouble.as_ref() != Some(&text) {
                    tracing::error!("{text}");
                    tell(text.clone());
                    self.trouble = Some(text);
                }
            }
        }
        self.limit(now);
    }

    /// Writes what waits, and does what is due; false while somebody else writes.
    fn work(&mut self, now: Timestamp) -> Result<bool, HistoryError> {
        if !self.take_duty()? {
            return Ok(false);
        }
        let Some(duty) = &mut self.duty else { return Ok(false) };
        while !self.waiting.is_empty() {
            // What has piled up is written in pieces, so that a disk that stays full is not tried with all of it.
            let rest = self.waiting.samples.split_off(self.waiting.samples.len().min(AT_ONCE));
            let written = duty.pen.write(&self.waiting);
            if written.is_ok() {
                self.waiting = Load { samples: rest, ..Load::default() };
            } else {
                self.waiting.samples.extend(rest);
            }
            written?;
        }
        self.keep_house(now).map(|()| true)
    }

    /// The lock and the file, unless another warroom has them.
    fn take_duty(&mut self) -> Result<bool, HistoryError> {
        let suspected = self.damaged.swap(false, Ordering::Relaxed);
        if suspected {
            self.duty = None;
        }
        if self.duty.is_some() {
            return Ok(true);
        }
        let Some(lock) = self.place.lock()? else {
            self.stood_by = true;
            return Ok(false);
        };
        if suspected {
            // Whoever read it found it damaged: it is looked through as a whole.
            check(&self.place)?;
        }
        let pen = Pen::open(&self.place)?;
        Place::sign(&lock);
        if std::mem::take(&mut self.stood_by) {
            // What the other one saw, we saw as well.
            let newest = pen.newest()?;
            self.waiting.samples.retain(|sample| newest.is_none_or(|newest| sample.at > newest));
        }
        self.packed = i64::MIN;
        self.looked = Timestamp::default();
        self.duty = Some(Duty { _lock: lock, pen });
        Ok(true)
    }

    /// Puts the damaged file aside and begins a new one, with what can still be read of objectives' minutes.
    fn begin_anew(&mut self, error: &HistoryError, tell: &impl Fn(String)) -> Result<(), HistoryError> {
        self.duty = None;
        let Some(_lock) = self.place.lock()? else { return Ok(()) };
        let saved = rescue(&self.place);
        let aside = self.place.set_aside()?;
        let kept = if saved.is_empty() { "" } else { "; the minutes of objectives could be saved" };
        Pen::open(&self.place)?.write(&Load { saved, ..Load::default() })?;
        let text = format!("{error}; it was set aside as {} and begun anew{kept}", aside.display());
        tracing::error!("{text}");
        tell(text);
        Ok(())
    }

    /// Packs what is over, and drops what is too old or too much.
    fn keep_house(&mut self, now: Timestamp) -> Result<(), HistoryError> {
        let Some(duty) = &mut self.duty else { return Ok(()) };
        let block = packable(now);
        let turned = block > self.packed;
        if turned {
            while duty.pen.pack_before(block)? {}
            self.packed = block;
        }
        if turned || now.since(self.looked) >= LOOK_EVERY {
            self.looked = now;
            // A clock that was set far ahead must not cost the past: at most what is kept anyway is dropped.
            duty.pen.forget(now - self.plan.full, now - self.plan.kept)?;
            let dropped = duty.pen.shrink(self.plan.size)?;
            if dropped.samples > 0 {
                tracing::info!(
                    "history: {} samples dropped to stay below engine.history_size",
                    dropped.samples
                );
            }
        }
        if turned {
            self.place.forget_others(self.plan.kept);
        }
        Ok(())
    }

    /// What waits must not grow without end.
    fn limit(&mut self, now: Timestamp) {
        let load = &mut self.waiting;
        if self.duty.is_none() && self.stood_by {
            // Somebody else writes what they see, which is what we see.
            load.samples.retain(|sample| now.since(sample.at) <= AT_HAND);
            load.saved.clear();
            load.marks.clear();
        }
        load.limit();
    }
}

/// Looks through the whole file.
fn check(place: &Place) -> Result<(), HistoryError> {
    let path = place.file();
    let Some(connection) = tables::look(place)? else { return Ok(()) };
    let word = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let word = word.map_err(|error| HistoryError::sqlite(&path, error))?;
    if word == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(HistoryError::sqlite(&path, rusqlite::Error::SqliteFailure(code, Some(word))))
}

/// What can still be read of a damaged file.
fn rescue(place: &Place) -> Vec<Saved> {
    let connection = tables::look(place).ok().flatten();
    connection.and_then(|connection| minutes::read(&connection).ok()).unwrap_or_default()
}
