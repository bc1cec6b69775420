//! Another warroom polls in our place: what it tells is listened to, and what people do here is told to it.
//!
//! A thread of its own. A server that is gone, hangs, floods or tells nonsense costs itself: connections are tried again,
//! later and later; what is read is capped; the loop is handed small pieces. The first thing that is asked is the feed,
//! then the state: so nothing falls between the two.

#![expect(
    clippy::disallowed_methods,
    reason = "it reads the clock and one name of the environment, and starts tasks"
)]

mod feed;
mod post;
mod state;

use super::http::Http;
use super::poll::Message;
use crate::event::{Fed, FeedLink, Purpose};
use crate::journal::Entry;
use crate::plan::FeedPlan;
use crate::text::Clean;
use crate::units::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;

/// The variable that holds the token of the server, where no other reference is named.
pub const TOKEN: &str = "WARROOM_ATTACH_TOKEN";

/// Is there a token in the environment?
pub fn token_given() -> bool {
    std::env::var_os(TOKEN).is_some_and(|token| !token.is_empty())
}

/// What the thread is asked to do.
#[derive(Debug)]
enum Order {
    /// Listen to these, and to no others.
    Feeds(Vec<Arc<FeedPlan>>),
    /// Tell that server what people did.
    Deliver(Arc<str>, Vec<Entry>),
    /// Ask what that time was like.
    Recall(Purpose, Timestamp, Timestamp),
}

/// A handle on the thread; dropping it ends it, after what is on its way had a moment.
#[derive(Debug)]
pub(super) struct Attacher {
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Attacher {
    /// Starts it; what it hears goes to `tell`. While that is full, it reads no further.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn start(tell: mpsc::Sender<Message>) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("attach".to_owned()).spawn(move || {
            runtime.block_on(work(inbox, tell));
            // Not waited for: a name that is being looked up may take many seconds more.
            runtime.shutdown_background();
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Listens to these from now on; those that stay as they are go on undisturbed.
    pub(super) fn configure(&self, feeds: Vec<Arc<FeedPlan>>) {
        self.order(Order::Feeds(feeds));
    }

    /// Tells that server what people did here; again and again until it has it.
    pub(super) fn deliver(&self, name: Arc<str>, entries: Vec<Entry>) {
        self.order(Order::Deliver(name, entries));
    }

    /// Asks the server what a time was like.
    pub(super) fn recall(&self, purpose: Purpose, from: Timestamp, to: Timestamp) {
        self.order(Order::Recall(purpose, from, to));
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }
}

impl Drop for Attacher {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What may still be told when the terminal is left.
const FAREWELL: Duration = Duration::from_secs(2);

/// One server that is listened to.
struct Following {
    plan: Arc<FeedPlan>,
    listening: JoinHandle<()>,
    outbox: mpsc::UnboundedSender<Vec<Entry>>,
    telling: JoinHandle<()>,
}

async fn work(mut inbox: mpsc::UnboundedReceiver<Order>, tell: mpsc::Sender<Message>) {
    let http = Arc::new(Http::default());
    let mut following: HashMap<Arc<str>, Following> = HashMap::new();
    let mut recalling: Option<JoinHandle<()>> = None;
    while let Some(order) = inbox.recv().await {
        match order {
            Order::Feeds(feeds) => {
                following.retain(|name, it| {
                    let stays = feeds.iter().any(|feed| feed.name == *name && same(feed, &it.plan));
                    if !stays {
                        it.listening.abort();
                        it.telling.abort();
                    }
                    stays
                });
                for feed in feeds {
                    following.entry(Arc::clone(&feed.name)).or_insert_with(|| follow(&http, &feed, &tell));
                }
            }
            Order::Deliver(name, entries) => {
                if let Some(it) = following.get(&name) {
                    let _ = it.outbox.send(entries);
                }
            }
            Order::Recall(purpose, from, to) => {
                // A new question takes the place of an older one.
                if let Some(older) = recalling.take() {
                    older.abort();
                }
                if let Some(it) = following.values().next() {
                    let (http, plan, tell) = (Arc::clone(&http), Arc::clone(&it.plan), tell.clone());
                    recalling = Some(tokio::spawn(async move {
                        state::recall(&http, &plan, &tell, purpose, from, to).await;
                    }));
                }
            }
        }
    }
    // Nothing more comes: what people did last is still to be told.
    let mut last = Vec::new();
    for (_, it) in following {
        it.listening.abort();
        drop(it.outbox);
        last.push(it.telling);
    }
    let all = async {
        for telling in last {
            let _ = telling.await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, all).await;
}

/// Is it the same server, asked in the same way?
fn same(one: &FeedPlan, other: &FeedPlan) -> bool {
    one == other
}

fn follow(http: &Arc<Http>, plan: &Arc<FeedPlan>, tell: &mpsc::Sender<Message>) -> Following {
    let (outbox, waiting) = mpsc::unbounded_channel();
    let (a, b, c) = (Arc::clone(http), Arc::clone(plan), tell.clone());
    let listening = tokio::spawn(async move { feed::listen(&a, &b, &c).await });
    let (a, b, c) = (Arc::clone(http), Arc::clone(plan), tell.clone());
    let telling = tokio::spawn(async move { post::work(&a, &b, waiting, &c).await });
    Following { plan: Arc::clone(plan), listening, outbox, telling }
}

/// Tells the loop; false: it is gone.
async fn say(tell: &mpsc::Sender<Message>, plan: &FeedPlan, fed: Fed) -> bool {
    tell.send(Message::Fed(Arc::clone(&plan.name), fed)).await.is_ok()
}

/// The connection is gone.
async fn lost(tell: &mpsc::Sender<Message>, plan: &FeedPlan, why: Clean) -> bool {
    say(tell, plan, Fed::Link(FeedLink::Lost(why))).await
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A route below the base URL, whose prefix stays.
fn route(base: &Url, path: &str, query: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/api/v1/warroom/{path}", base.path().trim_end_matches('/')));
    url.set_query((!query.is_empty()).then_some(query));
    url.set_fragment(None);
    url
}

/// The shortest and the longest wait before something is tried again.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// Waits that grow, each a little off, so that twenty terminals do not come back in the same moment.
struct Waits {
    next: Duration,
    salt: u64,
}

impl Waits {
    fn new(plan: &FeedPlan) -> Self {
        let mut salt = u64::from(std::process::id()) ^ wall().millis().cast_unsigned();
        for byte in plan.name.bytes() {
            salt = salt.wrapping_mul(31).wrapping_add(u64::from(byte));
        }
        Self { next: WAITS.0, salt }
    }

    fn reset(&mut self) {
        self.next = WAITS.0;
    }

    fn take(&mut self) -> Duration {
        // SplitMix64, <https://prng.di.unimi.it/splitmix64.c>: good enough to be apart.
        self.salt = self.salt.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.salt;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        let wait = self.next;
        self.next = (self.next * 2).min(WAITS.1);
        wait.mul_f64(0.5 + share)
    }
}
