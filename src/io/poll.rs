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

use crate::target::TargetId;
use std::sync::Arc;
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
        let thread = std::thread::Builder::new().name("io".to_owned()).spawn(move || {
            runtime.block_on(engine::Engine::new(events, most_in_flight).run(setups, inbox));
            // Not waited for: a name that is being looked up may take many seconds more.
            runtime.shutdown_background();
        })?;
        Ok(Self { setup, orders: Some(orders), thread: Some(thread) })
    }

    /// Polls these targets from now on.
    ///
    /// Also at a reload: clients, connections, caches and back-off of targets that stay (same service, poll, instance
    /// and URL) are kept; those that vanish leave stale markers ([`Message::Ended`]). Never blocks; the last one wins.
    pub fn configure(&self, setup: Setup) {
        self.setup.send_replace(Some(Arc::new(setup)));
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
