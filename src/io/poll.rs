//! The poller: one thread, one timer, every target's polls; reports go to the loop in batches.
//!
//! It judges nothing: what a report means (up, degraded, stale, paging) is decided on the pure side. It never sends
//! anything but reads (see `io::http`) and token requests (see `io::login`).

mod engine;
mod exchange;
mod kit;
mod lanes;
mod link;
mod message;
mod reader;
mod schedule;

pub use message::{FullBody, LinkState, Message, Setup};
pub use reader::Reader;

use super::attach::Attacher;
use crate::event::{Fed, FeedLink, Purpose};
use crate::journal::Entry;
use crate::target::TargetId;
use crate::text::Clean;
use crate::units::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// How many orders (`poll_now`, `fetch_full`) may wait; further ones are refused.
const ORDERS: usize = 64;

/// The most polls in flight at a time.
const MOST_IN_FLIGHT: usize = 256;

/// What the poller can be asked for between two configurations.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Poll this target (or all) now.
    Now(Option<TargetId>),
    /// Fetch a whole body.
    Full(TargetId),
}

/// A handle on the polling thread; dropping it stops and joins the thread.
#[derive(Debug)]
pub struct Poller {
    setup: watch::Sender<Option<Arc<Setup>>>,
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Who listens to warrooms that poll in our place; started when there are any.
    attacher: Mutex<Option<Attacher>>,
    /// Where messages go; weak, so that the end of the thread is seen at the other end.
    events: mpsc::WeakSender<Message>,
}

impl Poller {
    /// Starts the thread; it idles until [`Poller::configure`] is called.
    ///
    /// Messages go to `events`. While that channel is full they wait, and polls are held back before they pile up.
    ///
    /// # Errors
    /// The thread or its runtime could not be made.
    pub fn start(events: mpsc::Sender<Message>) -> std::io::Result<Self> {
        let (setup, setups) = watch::channel(None);
        let (orders, inbox) = mpsc::channel(ORDERS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let most_in_flight = raise_file_limit();
        let weak = events.downgrade();
        let thread = std::thread::Builder::new().name("io".to_owned()).spawn(move || {
            // As a task: each wake-up of the future that a runtime blocks on is a write to its own event descriptor and
            // one more turn through the kernel, one of a task is not.
            let engine = engine::Engine::new(events, most_in_flight).run(setups, inbox);
            runtime.block_on(async move { drop(tokio::spawn(engine).await) });
            // Not waited for: a name that is being looked up may take many seconds more.
            runtime.shutdown_background();
        })?;
        let attacher = Mutex::new(None);
        Ok(Self { setup, orders: Some(orders), thread: Some(thread), attacher, events: weak })
    }

    /// Polls these targets from now on.
    ///
    /// Also at a reload: clients, connections, caches and back-off of targets that stay (same service, poll, instance
    /// and URL) are kept; those that vanish leave stale markers ([`Message::Ended`]). Never blocks; the last one wins.
    pub fn configure(&self, setup: Setup) {
        self.listen(&setup);
        self.setup.send_replace(Some(Arc::new(setup)));
    }

    /// Listens to the warrooms that poll in our place.
    fn listen(&self, setup: &Setup) {
        let mut attacher = self.attacher();
        if attacher.is_none() && !setup.feeds.is_empty() {
            let Some(events) = self.events.upgrade() else { return };
            match Attacher::start(events.clone()) {
                Ok(started) => *attacher = Some(started),
                Err(error) => {
                    tracing::error!(%error, "no thread for the feed");
                    for feed in &setup.feeds {
                        let why = Clean::new(&format!("there is no thread to be had: {error}"));
                        let lost = Fed::Link(FeedLink::Lost(why));
                        let _ = events.try_send(Message::Fed(Arc::clone(&feed.name), lost));
                    }
                }
            }
        }
        if let Some(attacher) = &*attacher {
            attacher.configure(setup.feeds.clone());
        }
    }

    fn attacher(&self) -> MutexGuard<'_, Option<Attacher>> {
        self.attacher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the warroom of that name, which polls in our place, what people did here. Never blocks.
    pub fn deliver(&self, name: &Arc<str>, entries: Vec<Entry>) {
        if let Some(attacher) = &*self.attacher() {
            attacher.deliver(Arc::clone(name), entries);
        }
    }

    /// Asks the warroom that is attached to for the samples of some time; they come as [`Message::Recalled`]. Never blocks.
    pub fn recall(&self, purpose: Purpose, from: Timestamp, to: Timestamp) {
        if let Some(attacher) = &*self.attacher() {
            attacher.recall(purpose, from, to);
        }
    }

    /// Polls a target (`None`: all) without waiting for its turn; back-off is ignored, `Retry-After` is not.
    ///
    /// Returns false if too many orders wait already.
    pub fn poll_now(&self, target: Option<TargetId>) -> bool {
        self.order(Order::Now(target))
    }

    /// Fetches the whole body of a target for the explorer; it comes as [`Message::FullBody`].
    ///
    /// Returns false if too many orders wait already.
    pub fn fetch_full(&self, target: TargetId) -> bool {
        self.order(Order::Full(target))
    }

    fn order(&self, order: Order) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok())
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        drop(self.attacher().take());
        self.orders = None; // the thread ends when its inbox closes
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes room for one connection a target (the soft limit of open files is often 1024), and returns how many polls may
/// be in flight at a time.
fn raise_file_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    const WANTED: u64 = 16_384;
    let mut limit = getrlimit(Resource::Nofile);
    let (soft, hard) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    if soft < WANTED && soft < hard {
        limit.current = Some(WANTED.min(hard));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "cannot raise the limit of open files");
        }
    }
    let soft = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(soft / 4).unwrap_or(MOST_IN_FLIGHT).clamp(16, MOST_IN_FLIGHT)
}
