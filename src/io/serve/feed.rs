//! What attached terminals are told: `/api/v1/warroom/...`.
//!
//! `feed` is a line an event, without end; `state` is a capture of what is known; `journal` takes what people did. A line is
//! made once for all who listen, and only if anybody does. Whoever reads too slowly is cut off, and comes back.

use super::{Ask, Reply, Shared, now, reply};
use crate::capture::{self, Head};
use crate::event::What;
use crate::feed::{BEAT, Beat, Hello, Place, Writer, deeds};
use crate::journal::Entry;
use crate::model::recorded::Recorder;
use crate::plan::Plan;
use crate::text::Clean;
use crate::units::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::{Body as HttpBody, Bytes, Frame};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use std::convert::Infallible;
use std::io::{BufWriter, Write as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Lines that are kept for whoever reads slowly; who needs more than these is cut off.
const LINES: usize = 256;
/// Pieces that wait for one connection.
const PIECES: usize = 8;
/// Requests that may wait for the loop.
const ORDERS: usize = 64;
/// So long the loop may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of a state before it is packed.
const MOST_STATE: u64 = 512 << 20;

/// What the loop is asked for.
#[derive(Debug)]
pub enum Order {
    /// What is known, and since when.
    State(oneshot::Sender<(Recorder, Option<Timestamp>)>),
    /// People did this: it is to be kept, and then seen by everybody.
    Deeds(Vec<Entry>, oneshot::Sender<Result<(), String>>),
}

/// Who listens, and what they are told.
#[derive(Debug)]
pub struct Feed {
    inner: Mutex<Inner>,
    attached: AtomicUsize,
    orders: mpsc::Sender<Order>,
    taken: Mutex<Option<mpsc::Receiver<Order>>>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    lines: broadcast::Sender<Bytes>,
    hello: Hello,
}

impl Default for Feed {
    fn default() -> Self {
        let (orders, taken) = mpsc::channel(ORDERS);
        let inner = Inner {
            writer: Writer::default(),
            lines: broadcast::Sender::new(LINES),
            hello: Hello {
                by: Clean::new(concat!("warroom ", env!("CARGO_PKG_VERSION"))),
                run: Clean::new(&format!("{:x}-{:x}", std::process::id(), now().millis())),
                ..Hello::default()
            },
        };
        Self {
            inner: Mutex::new(inner),
            attached: AtomicUsize::new(0),
            orders,
            taken: Mutex::new(Some(taken)),
        }
    }
}

impl Feed {
    /// How many terminals are attached.
    pub fn attached(&self) -> usize {
        self.attached.load(Ordering::Relaxed)
    }

    /// What the loop is asked for; once.
    pub fn orders(&self) -> Option<mpsc::Receiver<Order>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This is polled from now on.
    pub fn plan(&self, plan: &Plan) {
        let place = |target: &Arc<crate::target::Target>| Place {
            service: Arc::clone(&target.service),
            poll: Arc::clone(&target.poll),
            instance: Arc::clone(&target.instance),
        };
        let mut inner = self.inner();
        inner.hello.generation = plan.generation;
        inner.hello.polls = plan.targets.iter().map(place).collect();
        inner.hello.at = now();
        let line = Writer::hello(&inner.hello);
        inner.say(line);
    }

    /// The loop takes this in: whoever is attached sees it as well. Costs nothing while nobody is.
    pub fn tell(&self, plan: &Plan, what: &What) {
        let mut inner = self.inner();
        if inner.lines.receiver_count() == 0 {
            return;
        }
        let line = match what {
            What::Reports(reports) => inner.writer.reports(reports, |report| {
                let target = plan.target(report.target).filter(|_| report.generation == plan.generation)?;
                Some(Place {
                    service: Arc::clone(&target.service),
                    poll: Arc::clone(&target.poll),
                    instance: Arc::clone(&target.instance),
                })
            }),
            What::Ended(samples) => inner.writer.ended(samples),
            What::Link(link) => Writer::link(link.as_ref()),
            _ => return,
        };
        inner.say(line);
    }

    /// The journal took these lines.
    pub fn journal(&self, entries: &[Entry]) {
        let inner = self.inner();
        if inner.lines.receiver_count() > 0 {
            inner.say(Writer::journal(entries));
        }
    }
}

impl Inner {
    fn say(&self, line: String) {
        if !line.is_empty() {
            // Nobody listens: nobody misses it.
            let _ = self.lines.send(Bytes::from(line));
        }
    }
}

/// Answers what begins with `/api/v1/warroom/`.
pub(super) async fn answer(ask: &Ask, shared: &Arc<Shared>) -> Reply {
    let get = matches!(ask.method.as_str(), "GET" | "HEAD");
    match ask.path.strip_prefix("/api/v1/warroom/").unwrap_or_default() {
        "feed" if get => feed(ask, shared),
        "state" if get => match state(ask, shared).await {
            Ok(reply) => reply,
            Err((status, kind, text)) => reply::error(status, kind, &text),
        },
        "journal" if ask.method == "POST" => match journal(ask, shared).await {
            Ok(count) => reply::bytes(200, "application/json", format!("{{\"taken\":{count}}}\n")),
            Err((status, kind, text)) => reply::error(status, kind, &text),
        },
        "feed" | "state" | "journal" => {
            let mut refused = reply::text(405, "Method Not Allowed");
            let allowed = if ask.path.ends_with("journal") { "POST" } else { "GET, HEAD" };
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            refused
        }
        _ => reply::text(404, "page not found"),
    }
}

type Refused = (u16, &'static str, String);

/// A terminal is attached as long as this lives.
struct Guest(Arc<Shared>);

impl Guest {
    fn enter(shared: &Arc<Shared>) -> Self {
        shared.feed.attached.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.feed.attached.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lines as the body of an answer.
struct Lines(mpsc::Receiver<Bytes>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

fn feed(ask: &Ask, shared: &Arc<Shared>) -> Reply {
    let (pieces, body) = mpsc::channel(PIECES);
    let mut answer = Response::new(Lines(body).boxed_unsync());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if ask.method == "HEAD" {
        return answer;
    }
    // Whoever begins to listen knows all numbers that were given before, and misses none that comes after.
    let (first, lines) = {
        let mut inner = shared.feed.inner();
        inner.hello.at = now();
        let mut first = Writer::hello(&inner.hello);
        first.push_str(&inner.writer.known());
        (first, inner.lines.subscribe())
    };
    let guest = Guest::enter(shared);
    let stop = shared.stop.subscribe();
    tokio::spawn(async move {
        let beat = || Writer::beat(Beat { at: now(), clients: guest.0.feed.attached() as u64 });
        pour(Bytes::from(first), lines, &pieces, stop, beat).await;
    });
    answer
}

/// Hands lines on until one of both ends is gone, or the reader is too slow.
async fn pour(
    first: Bytes,
    mut lines: broadcast::Receiver<Bytes>,
    pieces: &mpsc::Sender<Bytes>,
    mut stop: watch::Receiver<bool>,
    beat: impl Fn() -> String,
) {
    if pieces.send(first).await.is_err() {
        return;
    }
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let piece = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = pieces.closed() => return,
            line = lines.recv() => match line {
                Ok(line) => line,
                // It lags: what it has missed it fetches when it comes back.
                Err(_) => return,
            },
            _ = beats.tick() => Bytes::from(beat()),
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            sent = pieces.send(piece) => if sent.is_err() {
                return;
            },
        }
    }
}

/// What was asked of the state.
struct Wanted {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    span: Option<Duration>,
    samples_only: bool,
}

fn wanted(query: &str) -> Result<Wanted, Refused> {
    let mut wanted = Wanted { from: None, to: None, span: None, samples_only: false };
    let bad = |name: &str| (400, "bad_data", format!("{name} makes no sense"));
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "from" | "to" => {
                let at = value.parse().map(Timestamp::from_millis).map_err(|_| bad(&name))?;
                *(if name == "from" { &mut wanted.from } else { &mut wanted.to }) = Some(at);
            }
            "span" => wanted.span = Some(Duration::from_secs(value.parse().map_err(|_| bad("span"))?)),
            "only" if value == "samples" => wanted.samples_only = true,
            _ => return Err((400, "bad_data", "there are from, to, span and only=samples".to_owned())),
        }
    }
    Ok(wanted)
}

async fn order<T>(shared: &Shared, make: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Refused> {
    let silent =
        || (503, "unavailable", "the loop does not answer: warroom begins, ends or hangs".to_owned());
    let (done, wait) = oneshot::channel();
    shared.feed.orders.try_send(make(done)).map_err(|_| silent())?;
    tokio::time::timeout(PATIENCE, wait).await.ok().and_then(Result::ok).ok_or_else(silent)
}

async fn state(ask: &Ask, shared: &Arc<Shared>) -> Result<Reply, Refused> {
    let wanted = wanted(&ask.query)?;
    let turn = shared.turn().await;
    let (recorder, oldest) = order(shared, Order::State).await?;
    let at = now();
    let to = wanted.to.map_or(at, |to| to.min(at));
    let from = wanted.from.or_else(|| wanted.span.map(|span| to - span));
    let from = from.into_iter().chain(oldest).max().unwrap_or(to).min(to);
    let head = Head {
        from,
        to,
        made: at,
        by: concat!("warroom ", env!("CARGO_PKG_VERSION")).to_owned(),
        why: None,
        redacted: Vec::new(),
    };
    let made = tokio::task::spawn_blocking(move || {
        // Held while it works: so many and no more.
        let _turn = turn;
        let mut capture = recorder.capture(head);
        if wanted.samples_only {
            capture = capture::Capture {
                head: capture.head,
                series: capture.series,
                portable: capture.portable,
                ..capture::Capture::default()
            };
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        {
            let mut lines = BufWriter::with_capacity(1 << 16, &mut packed);
            capture::write(&capture, MOST_STATE, &mut lines)?;
            lines.flush()?;
        }
        packed.finish()
    });
    let body = made
        .await
        .map_err(|_| (500, "internal", "the state could not be made".to_owned()))?
        .map_err(|error| (500, "internal", error.to_string()))?;
    let mut reply = reply::bytes(200, "application/gzip", body);
    let name = HeaderValue::from_static("attachment; filename=\"state.warroom.gz\"");
    reply.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(reply)
}

async fn journal(ask: &Ask, shared: &Arc<Shared>) -> Result<usize, Refused> {
    let peer = ask.peer.ip().to_string();
    let entries = deeds(&ask.body, &peer, now()).map_err(|why| (422, "bad_data", why.to_string()))?;
    let count = entries.len();
    if count == 0 {
        return Ok(0);
    }
    match order(shared, |done| Order::Deeds(entries, done)).await? {
        Ok(()) => Ok(count),
        Err(why) => Err((503, "unavailable", Clean::new(&why).to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn who_reads_too_slowly_is_cut_off_and_holds_nobody_up() {
        run(async {
            let sender = broadcast::Sender::new(4);
            let (slow, quick) = (sender.subscribe(), sender.subscribe());
            let (_keep, stop) = watch::channel(false);
            let (pieces, mut taken) = mpsc::channel(1);
            let (fast_pieces, mut fast) = mpsc::channel(64);
            let (a, b) = (stop.clone(), stop);
            let cut = tokio::spawn(async move {
                pour(Bytes::from_static(b"first"), slow, &pieces, a, || "beat".to_owned()).await;
            });
            let goes_on = tokio::spawn(async move {
                pour(Bytes::from_static(b"first"), quick, &fast_pieces, b, || "beat".to_owned()).await;
            });
            assert_eq!(fast.recv().await.unwrap(), "first");
            for _ in 0..50 {
                sender.send(Bytes::from_static(b"line")).unwrap();
                // The quick one keeps up; nobody takes anything from the slow one.
                while fast.recv().await.unwrap() != "line" {}
            }
            assert_eq!(taken.recv().await.unwrap(), "first");
            while taken.recv().await.is_some() {}
            cut.await.unwrap();
            assert!(!goes_on.is_finished(), "the quick one is still told");
        });
    }

    #[test]
    fn what_may_be_asked_of_the_state() {
        for (query, read) in [
            ("", Ok((None, None, None, false))),
            ("from=5&to=9", Ok((Some(5), Some(9), None, false))),
            ("span=60&only=samples", Ok((None, None, Some(60), true))),
            ("from=x", Err("from makes no sense")),
            ("span=-1", Err("span makes no sense")),
            ("only=all", Err("there are from")),
            ("what=1", Err("there are from")),
        ] {
            let got = wanted(query).map(|it| {
                let ms = |at: Option<Timestamp>| at.map(Timestamp::millis);
                (ms(it.from), ms(it.to), it.span.map(|span| span.as_secs()), it.samples_only)
            });
            match (got, read) {
                (Ok(got), Ok(read)) => assert_eq!(got, read, "{query}"),
                (Err((400, _, text)), Err(part)) => assert!(text.contains(part), "{query}: {text}"),
                (got, _) => panic!("{query}: {got:?}"),
            }
        }
    }
}
