//! The fleet's sockets: one listener a process, HTTP/1.1, one thread for all of them.
//!
//! A process that is gone really does not listen: a second socket, bound and deaf, keeps its port meanwhile.

use super::answer::{Answer, Ask};
use super::world::World;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

/// The most connections of the whole fleet at a time.
const CONNECTIONS: usize = 256;
/// The longest body that is read, in bytes.
const BODY_CAP: usize = 16 << 10;
/// A connection on which nothing comes is closed after this.
const IDLE: Duration = Duration::from_secs(60);

/// A process's port: held for good, listened on now.
pub(super) struct Port {
    keeper: TcpSocket,
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Port {
    /// A free port on loopback. Must be called within a runtime.
    pub(super) fn open() -> io::Result<Self> {
        let keeper = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = keeper.local_addr()?;
        Ok(Self { keeper, listener: bind(address)?.listen(128)?, address })
    }
}

/// What all processes share.
struct Shared {
    world: RefCell<World>,
    began: Instant,
    /// An admin request may have changed when a process goes or comes.
    changed: Notify,
    connections: Semaphore,
}

/// Serves until `stop` says so, or is dropped.
pub(super) async fn serve(world: World, began: Instant, ports: Vec<Port>, mut stop: watch::Receiver<bool>) {
    let shared = Rc::new(Shared {
        world: RefCell::new(world),
        began,
        changed: Notify::new(),
        connections: Semaphore::new(CONNECTIONS),
    });
    let local = LocalSet::new();
    for (node, port) in ports.into_iter().enumerate() {
        local.spawn_local(process(Rc::clone(&shared), node, port));
    }
    // Dropping the set drops every listener and connection with it.
    let stopped = async move { stop.wait_for(|stop| *stop).await.map(|_| ()) };
    let _ = local.run_until(stopped).await;
}

/// One process: listens while the world says so.
async fn process(shared: Rc<Shared>, node: usize, port: Port) {
    let Port { keeper, listener, address } = port;
    let mut listener = Some(listener);
    let mut open = JoinSet::new();
    loop {
        let (listens, change) = shared.look(node);
        if !listens {
            // What was connected is cut off, as when a process dies.
            listener = None;
            open.abort_all();
        } else if listener.is_none() {
            listener = bind(address).and_then(|socket| socket.listen(128)).ok();
        }
        // A port that could not be had again is tried for once a second; else nothing wakes us but a change.
        let retry = (listens && listener.is_none()).then(|| Instant::now() + Duration::from_secs(1));
        let wake = change.into_iter().chain(retry).min();
        tokio::select! {
            accepted = accept(listener.as_ref()) => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    open.spawn_local(connection(Rc::clone(&shared), node, stream));
                }
                // Out of file descriptors, most likely: not a reason to spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            () = until(wake) => {}
            () = shared.changed.notified() => {}
            Some(_) = open.join_next() => {}
        }
        // `keeper` lives as long as this loop, so that nobody else gets the port.
        let _ = &keeper;
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

impl Shared {
    /// Does the process listen now, and when will that change?
    fn look(&self, node: usize) -> (bool, Option<Instant>) {
        let mut world = self.world.borrow_mut();
        world.advance(self.began.elapsed());
        // A millisecond later than the change, so that it has come for certain.
        let change =
            world.next_change(node).and_then(|at| self.began.checked_add(at + Duration::from_millis(1)));
        (world.listens(node), change)
    }
}

async fn connection(shared: Rc<Shared>, node: usize, stream: TcpStream) {
    let Ok(_permit) = shared.connections.try_acquire() else { return };
    let service = service_fn(|request| respond(&shared, node, request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(32 << 10);
    // A broken connection is its client's affair.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(
    shared: &Shared,
    node: usize,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(Duration::from_secs(5), Limited::new(body, BODY_CAP).collect()).await;
    let Ok(Ok(body)) = read else {
        return Ok(render(Answer::error(413, "the body is too long or too slow")));
    };
    let body = body.to_bytes();
    let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let ask = Ask {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query(),
        authorization: header(AUTHORIZATION),
        accept: header(ACCEPT),
        idempotency_key: header(HeaderName::from_static("idempotency-key")),
        reason: header(HeaderName::from_static("x-reason")),
        body: &body,
    };
    let answer = {
        let mut world = shared.world.borrow_mut();
        world.advance(shared.began.elapsed());
        world.answer(node, &ask)
    };
    if answer.status == 202 {
        shared.changed.notify_waiters();
    }
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    Ok(render(answer))
}

fn render(answer: Answer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("server", "demo");
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::from(answer.body)).unwrap_or_default()
}
