//! Alertmanager and PagerDuty are listened to: a thread of its own reads what they know, again and again.
//!
//! It only reads; what is changed there goes through the door (`io::act`). A server that hangs or floods costs itself: each
//! exchange has its time and its size, and answers are read and merged here, so that the loop only takes a picture.

mod ask;

use super::http::Http;
use crate::foreign::{Backend, Cluster, Kind, Pager, PeerHealth, Picture};
use crate::rules::Owners;
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

/// What is to be listened to, and whose what is heard is.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which plan it belongs to.
    pub generation: u32,
    /// The backends.
    pub backends: Vec<Arc<Backend>>,
    /// Whose an alert is.
    pub owners: Owners,
    /// The names of our services.
    pub services: Vec<Arc<str>>,
}

/// A round is over: what a backend tells now.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The plan that it was asked for.
    pub generation: u32,
    /// What it tells.
    pub picture: Arc<Picture>,
}

/// A handle on the listening thread; dropping it ends it.
#[derive(Debug)]
pub struct Listener {
    setup: watch::Sender<Option<Arc<Setup>>>,
    orders: Option<mpsc::Sender<Arc<str>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// A member that asks to be left alone is asked again after so long at the latest: somebody has to know of its incidents.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Orders that may wait.
const ORDERS: usize = 16;

impl Listener {
    /// Starts the thread; it idles until [`Listener::configure`] is called. What it hears goes to `tell`; while that is
    /// full, it asks no more.
    ///
    /// # Errors
    /// The thread or its runtime could not be made.
    pub fn start(tell: mpsc::Sender<Heard>) -> std::io::Result<Self> {
        let (setup, setups) = watch::channel(None);
        let (orders, inbox) = mpsc::channel(ORDERS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("foreign".to_owned()).spawn(move || {
            runtime.block_on(work(setups, inbox, tell));
            // Not waited for: a name that is being looked up may take many seconds more.
            runtime.shutdown_background();
        })?;
        Ok(Self { setup, orders: Some(orders), thread: Some(thread) })
    }

    /// Listens to these from now on. What is known of backends that stay is kept. Never blocks; the last one wins.
    pub fn configure(&self, setup: Setup) {
        self.setup.send_replace(Some(Arc::new(setup)));
    }

    /// Asks a backend without waiting for its turn. Never blocks.
    pub fn ask_now(&self, backend: &Arc<str>) {
        // If so many wait already, it is asked anyway.
        let _ = self.orders.as_ref().map(|orders| orders.try_send(Arc::clone(backend)));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What is kept of a backend from one configuration to the next.
#[derive(Debug)]
struct Known {
    backend: Arc<Backend>,
    memory: Arc<Mutex<Memory>>,
    now: Arc<Notify>,
}

/// What a backend has told.
#[derive(Debug, Default)]
struct Memory {
    cluster: Cluster,
    pager: Option<(Timestamp, Pager)>,
    /// Members that asked to be left alone for a while.
    held: HashMap<usize, Instant>,
}

async fn work(
    mut setups: watch::Receiver<Option<Arc<Setup>>>,
    mut inbox: mpsc::Receiver<Arc<str>>,
    tell: mpsc::Sender<Heard>,
) {
    let http = Arc::new(Http::default());
    let mut known: HashMap<Arc<str>, Known> = HashMap::new();
    let mut listening = JoinSet::new();
    loop {
        tokio::select! {
            order = inbox.recv() => match order {
                Some(name) => if let Some(known) = known.get(&name) { known.now.notify_one(); },
                None => return,
            },
            changed = setups.changed() => {
                if changed.is_err() {
                    return;
                }
                let Some(setup) = setups.borrow_and_update().clone() else { continue };
                listening.shutdown().await;
                known.retain(|name, old| {
                    let new = setup.backends.iter().find(|backend| backend.name == *name);
                    new.is_some_and(|new| new.peers == old.backend.peers)
                });
                for backend in &setup.backends {
                    let fresh = || Known {
                        backend: Arc::clone(backend),
                        memory: Arc::new(Mutex::new(Memory {
                            cluster: Cluster::new(backend.peers.len()),
                            ..Memory::default()
                        })),
                        now: Arc::default(),
                    };
                    let known = known.entry(Arc::clone(&backend.name)).or_insert_with(fresh);
                    let (memory, now) = (Arc::clone(&known.memory), Arc::clone(&known.now));
                    let (backend, setup) = (Arc::clone(backend), Arc::clone(&setup));
                    listening.spawn(listen(backend, setup, memory, now, Arc::clone(&http), tell.clone()));
                }
            }
        }
    }
}

/// Asks one backend until it is told to end.
async fn listen(
    backend: Arc<Backend>,
    setup: Arc<Setup>,
    memory: Arc<Mutex<Memory>>,
    now: Arc<Notify>,
    http: Arc<Http>,
    tell: mpsc::Sender<Heard>,
) {
    loop {
        let started = Instant::now();
        let picture = Arc::new(round(&backend, &setup, &memory, &http).await);
        if tell.send(Heard { generation: setup.generation, picture }).await.is_err() {
            return;
        }
        let rest = backend.interval.saturating_sub(started.elapsed());
        tokio::select! {
            () = now.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Asks a backend once, without a thread: for commands that look and end.
pub async fn once(
    http: &Arc<Http>,
    backend: &Arc<Backend>,
    owners: &Owners,
    services: &[Arc<str>],
) -> Picture {
    let setup = Setup {
        generation: 0,
        backends: vec![Arc::clone(backend)],
        owners: owners.clone(),
        services: services.to_vec(),
    };
    let memory = Memory { cluster: Cluster::new(backend.peers.len()), ..Memory::default() };
    round(backend, &setup, &Mutex::new(memory), http).await
}

fn lock(memory: &Mutex<Memory>) -> std::sync::MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn round(backend: &Arc<Backend>, setup: &Setup, memory: &Mutex<Memory>, http: &Arc<Http>) -> Picture {
    match backend.kind {
        Kind::Alertmanager { .. } => alertmanager(backend, setup, memory, http).await,
        Kind::PagerDuty { .. } => pagerduty(backend, setup, memory, http).await,
    }
}

async fn alertmanager(
    backend: &Arc<Backend>,
    setup: &Setup,
    memory: &Mutex<Memory>,
    http: &Arc<Http>,
) -> Picture {
    let mut asking = JoinSet::new();
    for peer in 0..backend.peers.len() {
        if lock(memory).held.get(&peer).is_some_and(|until| *until > Instant::now()) {
            continue;
        }
        let (backend, http) = (Arc::clone(backend), Arc::clone(http));
        asking.spawn(async move { ask::alertmanager(&backend, peer, &http).await });
    }
    while let Some(answer) = asking.join_next().await {
        // A task that broke off says nothing: what is known stays.
        let Ok((answer, wait)) = answer else { continue };
        let mut memory = lock(memory);
        hold(&mut memory.held, answer.peer, wait);
        memory.cluster.hear(answer);
    }
    lock(memory).cluster.picture(backend, &setup.owners, wall())
}

/// A member that asks to be left alone is.
fn hold(held: &mut HashMap<usize, Instant>, peer: usize, wait: Option<Duration>) {
    match wait {
        Some(wait) => drop(held.insert(peer, Instant::now() + wait.min(LONGEST_WAIT))),
        None => drop(held.remove(&peer)),
    }
}

async fn pagerduty(
    backend: &Arc<Backend>,
    setup: &Setup,
    memory: &Mutex<Memory>,
    http: &Arc<Http>,
) -> Picture {
    let (started, at) = (Instant::now(), wall());
    let name = backend.peers.first().map_or_else(Arc::default, |peer| Arc::clone(&peer.name));
    let (outcome, notes) = match lock(memory).held.get(&0).filter(|until| **until > Instant::now()) {
        Some(_) => (None, vec![Clean::new("asked to wait")]),
        None => (Some(()), Vec::new()),
    };
    let (mut failure, mut all_notes) = (None, notes);
    if outcome.is_some() {
        match ask::pagerduty(backend, http).await {
            Ok((pager, notes)) => {
                all_notes = notes;
                let mut memory = lock(memory);
                hold(&mut memory.held, 0, None);
                memory.pager = Some((at, pager));
            }
            Err(trouble) => {
                hold(&mut lock(memory).held, 0, trouble.retry_after);
                failure = Some(trouble.failure);
            }
        }
    }
    let known = lock(memory).pager.clone();
    let (answered, pager) = known.map_or((None, Pager::default()), |(at, pager)| (Some(at), pager));
    let deaf = outcome.is_none() || failure.is_some() || answered.is_none();
    let health = PeerHealth {
        name,
        asked: Some(at),
        answered,
        took: Some(started.elapsed()),
        failure,
        about: Clean::new(&format!("{} on call", pager.on_call.len())),
        count: pager.incidents.len(),
        notes: all_notes,
    };
    pager.picture(backend, &setup.services, health, deaf, at)
}
