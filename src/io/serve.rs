//! `warroom serve`'s HTTP: one thread of its own that listens, asks who is there, and answers from what the loop has laid
//! out.
//!
//! It polls nothing and judges nothing. A slow or hostile client costs its own connection: what waits, waits here, and
//! never the loop.

mod accept;
mod ask;
mod client;
mod counters;
pub mod feed;
mod gate;
mod patient;
mod place;
mod reply;
mod route;
mod slot;
mod tls;

pub use ask::Ask;
pub use client::read;
pub use counters::Counters;
pub use gate::Gate;
pub use place::{Mark, running};
pub use reply::{Body, Reply};
pub use slot::{Slot, Slots, Wish};

use crate::plan::ServePlan;
use crate::units::Timestamp;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};

/// Why it does not listen. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("cannot listen on {0}: the port is taken; choose another one with serve.listen or --listen")]
    Taken(SocketAddr),
    /// The address is not ours, or may not be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// A token cannot be read.
    #[error("serve.token: {0}")]
    Token(String),
    /// Certificate or key cannot be read.
    #[error("serve.tls: {0}")]
    Tls(String),
    /// There is no thread to be had.
    #[error("cannot start the server's thread: {0}")]
    Thread(io::Error),
}

/// The wall clock.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    /// What may be asked for, and how much of it.
    pub plan: ServePlan,
    /// Whose questions are answered.
    gate: Mutex<Arc<Gate>>,
    /// Certificate and key; none: plain HTTP.
    tls: Mutex<Option<Arc<tokio_rustls::rustls::ServerConfig>>>,
    /// What the loop has laid out.
    pub slots: Slots,
    /// Who is attached, and what they are told.
    pub feed: feed::Feed,
    /// What was asked, and how that went.
    pub counters: Counters,
    /// Questions that are worked on.
    turns: Arc<Semaphore>,
    /// When the loop was last seen alive, and when a poll came back last, in milliseconds since the epoch.
    beat: AtomicI64,
    heard: AtomicI64,
    /// How old these may be before something is wrong, in milliseconds.
    patience: AtomicU64,
    /// The server's end.
    stop: watch::Sender<bool>,
}

impl Shared {
    /// The gate as it stands now.
    fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Is nobody asked for a token?
    pub fn is_open(&self) -> bool {
        self.gate().is_open()
    }

    /// Waits until one more question may be worked on.
    async fn turn(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// When the loop was last seen alive.
    fn beaten(&self) -> Timestamp {
        Timestamp::from_millis(self.beat.load(Ordering::Relaxed))
    }

    fn acceptor(&self) -> Option<tokio_rustls::TlsAcceptor> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner).clone().map(Into::into)
    }

    /// The loop is alive at `now`; polls came back last at `heard`, and are to be expected every so often.
    pub fn beat(&self, now: Timestamp, heard: Timestamp, every: Duration) {
        self.beat.store(now.millis(), Ordering::Relaxed);
        self.heard.store(heard.millis(), Ordering::Relaxed);
        self.patience.store(u64::try_from(every.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Is anything wrong with the loop or its polls? In words.
    ///
    /// # Errors
    /// What is wrong.
    pub fn lives(&self, now: Timestamp) -> Result<(), String> {
        let since = |cell: &AtomicI64| now.since(Timestamp::from_millis(cell.load(Ordering::Relaxed)));
        let (loop_age, poll_age) = (since(&self.beat), since(&self.heard));
        if loop_age > LOOP_AGE {
            return Err(format!("the loop was last seen {} ago", told(loop_age)));
        }
        let patience = Duration::from_millis(self.patience.load(Ordering::Relaxed));
        if poll_age > patience {
            return Err(format!("no poll has come back for {}", told(poll_age)));
        }
        Ok(())
    }
}

fn told(age: Duration) -> String {
    crate::units::format_duration(Duration::from_secs(age.as_secs()))
}

/// The loop wakes at least every few seconds; if it was not seen for so long, it hangs.
const LOOP_AGE: Duration = Duration::from_secs(30);

/// The server, as the loop sees it. Dropped, it ends within [`PARTING`], whoever hangs on it.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its connections share.
    pub shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// How long answers may take that are on their way when the server ends.
pub const PARTING: Duration = Duration::from_secs(2);

/// Wishes that may wait.
const WISHES: usize = 16;

impl Server {
    /// Reads tokens and certificate, binds, and begins to answer. What is wished for comes out of the channel.
    ///
    /// # Errors
    /// What keeps it from listening, in words that say what to do.
    pub async fn start(plan: ServePlan) -> Result<(Self, mpsc::Receiver<Wish>), ServeError> {
        let gate = Gate::read(&plan.tokens).await.map_err(ServeError::Token)?;
        let tls = tls::read(plan.tls.as_ref()).map_err(ServeError::Tls)?;
        let listen = plan.listen;
        let listener = accept::bind(listen).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ServeError::Taken(listen),
            _ => ServeError::Listen(listen, error),
        })?;
        let address = listener.local_addr().map_err(|error| ServeError::Listen(listen, error))?;
        let (wishes, wished) = mpsc::channel(WISHES);
        let shared = Arc::new(Shared {
            turns: Arc::new(Semaphore::new(plan.parallel)),
            plan,
            gate: Mutex::new(Arc::new(gate)),
            tls: Mutex::new(tls),
            slots: Slots::new(wishes),
            feed: feed::Feed::default(),
            counters: Counters::default(),
            beat: AtomicI64::new(0),
            heard: AtomicI64::new(0),
            patience: AtomicU64::new(u64::MAX),
            stop: watch::Sender::new(false),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // Questions that are worked on, and what reads files.
            .max_blocking_threads(shared.plan.parallel + 2)
            .thread_name("warroom-query")
            .build()
            .map_err(ServeError::Thread)?;
        let mine = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("warroom-serve".to_owned())
            .spawn(move || {
                runtime.block_on(accept::run(&mine, listener));
                // Whoever still works on a question has been told to stop.
                runtime.shutdown_background();
            })
            .map_err(ServeError::Thread)?;
        Ok((Self { address, shared, thread: Some(thread) }, wished))
    }

    /// Takes over tokens and certificate of a configuration that was read again. What cannot be read stays as it was.
    ///
    /// # Errors
    /// What stays as it was, and why; one line each.
    pub async fn renew(shared: &Shared, plan: &ServePlan) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        match Gate::read(&plan.tokens).await {
            // Nobody can open by a reload what needs a token where it listens.
            Ok(gate) if crate::plan::exposed(shared.plan.listen, gate.is_open()).is_ok() => {
                *shared.gate.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(gate);
            }
            Ok(_) => problems.push("serve.token is gone: the old tokens stay valid".to_owned()),
            Err(why) => problems.push(format!("serve.token: {why}; the old tokens stay valid")),
        }
        match tls::read(plan.tls.as_ref()) {
            Ok(tls) if tls.is_some() == shared.acceptor().is_some() => {
                *shared.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
            }
            Ok(_) => problems.push("serve.tls: TLS comes and goes with a new start only".to_owned()),
            Err(why) => problems.push(format!("serve.tls: {why}; the old certificate stays")),
        }
        let old = &shared.plan;
        if (plan.listen, plan.parallel, plan.timeout, plan.samples, plan.connections)
            != (old.listen, old.parallel, old.timeout, old.samples, old.connections)
        {
            problems.push("serve: the address and the limits change with a new start only".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// `http://ADDRESS`, or `https://`.
    pub fn url(&self) -> String {
        let scheme = if self.shared.acceptor().is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
        let until = Instant::now() + PARTING + Duration::from_millis(500);
        let Some(thread) = self.thread.take() else { return };
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}
