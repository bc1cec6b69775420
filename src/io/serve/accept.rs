//! Who comes: connections, how many of them, and how long each may be silent. When there is no room for another one, the
//! one that has been silent the longest goes; one that is being answered never does.

use super::patient::Patient;
use super::reply::Reply;
use super::{PARTING, Shared, route};
use hyper::Request;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

/// The head of a request must be there within this time; a connection on which nothing comes is closed after it.
const HEAD: Duration = Duration::from_secs(30);
/// So long may a handshake take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// So long may a write wait for whoever reads.
const WRITE: Duration = Duration::from_secs(30);
/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 64 << 10;
/// Connections that the kernel may hold for us.
const BACKLOG: u32 = 1_024;

/// Binds and listens; nothing is accepted yet. Must be called within a runtime; what comes out belongs to none.
pub(super) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    // What a server before this one left behind must not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Who is connected.
#[derive(Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Open>,
}

struct Open {
    /// Since when nothing is asked on it; none: it is being answered.
    silent: Option<Instant>,
    task: Option<AbortHandle>,
}

type Guests = Arc<Mutex<Table>>;

fn lock(guests: &Guests) -> std::sync::MutexGuard<'_, Table> {
    guests.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    /// Makes room for one more; false: all of them are being answered.
    fn make_room(&mut self, most: usize) -> bool {
        if self.open.len() < most {
            return true;
        }
        let silent = self.open.iter().filter_map(|(id, open)| Some((open.silent?, *id)));
        let Some((_, id)) = silent.min() else { return false };
        if let Some(task) = self.open.remove(&id).and_then(|open| open.task) {
            task.abort();
        }
        true
    }

    fn enter(&mut self) -> u64 {
        self.next += 1;
        self.open.insert(self.next, Open { silent: Some(Instant::now()), task: None });
        self.next
    }

    fn busy(&self) -> usize {
        self.open.values().filter(|open| open.silent.is_none()).count()
    }
}

/// A connection is being answered as long as this lives.
struct Busy {
    guests: Guests,
    id: u64,
}

impl Busy {
    fn begin(guests: &Guests, id: u64) -> Self {
        if let Some(open) = lock(guests).open.get_mut(&id) {
            open.silent = None;
        }
        Self { guests: Arc::clone(guests), id }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(open) = lock(&self.guests).open.get_mut(&self.id) {
            open.silent = Some(Instant::now());
        }
    }
}

/// A connection stands in the table as long as this lives.
struct Guest {
    guests: Guests,
    id: u64,
}

impl Drop for Guest {
    fn drop(&mut self) {
        lock(&self.guests).open.remove(&self.id);
    }
}

/// The body of an answer: while it is on its way, the connection is not silent.
struct Held {
    body: super::Body,
    _busy: Busy,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Accepts until the server ends; then waits a little for answers that are on their way.
pub(super) async fn run(shared: &Arc<Shared>, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let guests = Guests::default();
    let mut stop = shared.stop.subscribe();
    loop {
        let stream = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = stream else {
            // Out of file descriptors, most likely: not a reason to spin.
            shared.counters.refused();
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        admit(shared, &guests, stream, peer);
    }
    drop(listener);
    let until = Instant::now() + PARTING;
    while lock(&guests).busy() > 0 && Instant::now() < until {
        sleep(Duration::from_millis(10)).await;
    }
}

fn admit(shared: &Arc<Shared>, guests: &Guests, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let mut table = lock(guests);
    if !table.make_room(shared.plan.connections) {
        shared.counters.refused();
        // Whoever comes is told, as far as that costs nothing.
        let _ = stream
            .try_write(b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        return;
    }
    shared.counters.connected();
    let id = table.enter();
    let guest = Guest { guests: Arc::clone(guests), id };
    let shared = Arc::clone(shared);
    let task = tokio::spawn(async move {
        let stream = Patient::new(stream, WRITE);
        match shared.acceptor() {
            None => converse(&shared, &guest, stream, peer).await,
            Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => converse(&shared, &guest, stream, peer).await,
                // No TLS, or none that we know: its client's affair.
                Ok(Err(_)) | Err(_) => shared.counters.refused(),
            },
        }
    });
    if let Some(open) = table.open.get_mut(&id) {
        open.task = Some(task.abort_handle());
    }
}

async fn converse<S>(shared: &Arc<Shared>, guest: &Guest, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let busy = Busy::begin(&guest.guests, guest.id);
        let shared = Arc::clone(shared);
        async move {
            let reply: Reply = route::respond(&shared, request, peer).await;
            Ok::<_, Infallible>(reply.map(|body| Held { body, _busy: busy }))
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD).max_headers(64);
    // A broken connection is its client's affair.
    let _: Result<(), hyper::Error> = builder.serve_connection(TokioIo::new(stream), service).await;
}
