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
        let thread =
            std::thread::Builder::new().name("history".to_owned()).spawn(move || serve(desk, &inbox, &tell))?;
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
        let done = self.write(tell).and_then(|written| {
            if written {
                self.keep_house(now)?;
            }
            Ok(written)
        });
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

    /// Writes what waits; false while somebody else writes.
    fn write(&mut self, tell: &impl Fn(String)) -> Result<bool, HistoryError> {
        if self.damaged.swap(false, Ordering::Relaxed) && self.duty.take().is_some() {
            // Whoever read it found it so: it is looked at anew, as a whole.
            self.check(tell)?;
        }
        if !self.take_duty(tell)? {
            return Ok(false);
        }
        let Some(duty) = &mut self.duty else { return Ok(false) };
        if let Err(error) = duty.pen.write(&self.waiting) {
            if !error.is_damage() {
                return Err(error);
            }
            self.duty = None;
            let Some(lock) = self.place.lock()? else { return Ok(false) };
            let mut pen = self.begin_anew(&error, tell)?;
            pen.write(&self.waiting)?;
            self.duty = Some(Duty { _lock: lock, pen });
        }
        self.waiting = Load::default();
        Ok(true)
    }

    /// The lock and the file, unless another warroom has them.
    fn take_duty(&mut self, tell: &impl Fn(String)) -> Result<bool, HistoryError> {
        if self.duty.is_some() {
            return Ok(true);
        }
        let Some(lock) = self.place.lock()? else {
            self.stood_by = true;
            return Ok(false);
        };
        let pen = match Pen::open(&self.place) {
            Err(error) if error.is_damage() => self.begin_anew(&error, tell)?,
            pen => pen?,
        };
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

    /// Looks through the whole file, and begins anew if it is damaged. Only for who has no pen at the moment.
    fn check(&self, tell: &impl Fn(String)) -> Result<(), HistoryError> {
        let Some(_lock) = self.place.lock()? else { return Ok(()) };
        let path = self.place.file();
        let sound = tables::look(&self.place).and_then(|connection| match connection {
            Some(connection) => connection
                .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
                .map_err(|error| HistoryError::sqlite(&path, error)),
            None => Ok("ok".to_owned()),
        });
        match sound {
            Ok(word) if word == "ok" => Ok(()),
            Ok(what) => {
                let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(11), Some(what));
                self.begin_anew(&HistoryError::sqlite(&path, error), tell).map(drop)
            }
            Err(error) if error.is_damage() => self.begin_anew(&error, tell).map(drop),
            Err(error) => Err(error),
        }
    }

    /// Puts the damaged file aside and begins a new one, with what can still be read of objectives' minutes.
    fn begin_anew(&self, error: &HistoryError, tell: &impl Fn(String)) -> Result<Pen, HistoryError> {
        let saved = rescue(&self.place);
        let aside = self.place.set_aside()?;
        let mut pen = Pen::open(&self.place)?;
        let rescued = !saved.is_empty();
        pen.write(&Load { saved, ..Load::default() })?;
        let kept = if rescued { "; the minutes of objectives could be saved" } else { "" };
        let text = format!("{error}; it was set aside as {} and begun anew{kept}", aside.display());
        tracing::error!("{text}");
        tell(text);
        Ok(pen)
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
                tracing::info!("history: {} samples dropped to stay below engine.history_size", dropped.samples);
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

/// What can still be read of a damaged file.
fn rescue(place: &Place) -> Vec<Saved> {
    let connection = tables::look(place).ok().flatten();
    connection.and_then(|connection| minutes::read(&connection).ok()).unwrap_or_default()
}
