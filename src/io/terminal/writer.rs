//! One frame in flight, at most. Writes what the kernel takes at once and keeps the rest until the terminal has room;
//! nothing is ever queued behind it, so memory stays flat and nobody waits.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::unix::AsyncFd;

/// How soon a write is tried again where the kernel cannot say when there is room.
const RETRY: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Rest {
    frame: Vec<u8>,
    written: usize,
    error: Option<io::Error>,
}

enum Progress {
    Done,
    Blocked,
}

/// Writes frames to a file description that is non-blocking.
pub(super) struct Writer {
    fd: Arc<OwnedFd>,
    rest: Mutex<Rest>,
    /// Shared with the panic hook: a frame is cut in the middle, so its last sequence has to be cancelled first.
    in_flight: Arc<AtomicBool>,
    readiness: OnceLock<Option<AsyncFd<Arc<OwnedFd>>>>,
}

impl Writer {
    pub(super) fn new(fd: Arc<OwnedFd>) -> Self {
        Self { fd, rest: Mutex::default(), in_flight: Arc::default(), readiness: OnceLock::new() }
    }

    pub(super) fn in_flight(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.in_flight)
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.in_flight.load(Ordering::Relaxed)
    }

    /// Writes `frame`, or what the kernel takes of it; only to be called when idle. Answers an empty buffer with
    /// capacity where there is one to spare.
    pub(super) fn send(&self, frame: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut rest = self.lock();
        rest.frame = frame;
        rest.written = 0;
        match self.advance(&mut rest) {
            Ok(Progress::Done) => {
                let mut spare = std::mem::take(&mut rest.frame);
                spare.clear();
                Ok(spare)
            }
            Ok(Progress::Blocked) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The error of a write that happened in the background, once.
    pub(super) fn take_error(&self) -> io::Result<()> {
        self.lock().error.take().map_or(Ok(()), Err)
    }

    /// Forgets the rest of the frame in flight. The flag stays set until the terminal was given back, because the
    /// terminal may be in the middle of a sequence.
    pub(super) fn abandon(&self) {
        let mut rest = self.lock();
        rest.frame = Vec::new();
        rest.written = 0;
    }

    /// Resolves when nothing is in flight any more.
    pub(super) async fn drained(&self) {
        while !self.is_idle() {
            let Some(readiness) = self.readiness() else {
                tokio::time::sleep(RETRY).await;
                self.advance_in_background();
                continue;
            };
            match readiness.writable().await {
                Ok(mut guard) => {
                    if self.advance_in_background() {
                        guard.clear_ready();
                    }
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// Registered on the first frame that the kernel refuses, since most sessions never see one.
    #[expect(
        deprecated,
        reason = "the successor is unsafe, for owners whose descriptor can change; an OwnedFd's cannot"
    )]
    fn readiness(&self) -> Option<&AsyncFd<Arc<OwnedFd>>> {
        let register = || AsyncFd::with_interest(Arc::clone(&self.fd), tokio::io::Interest::WRITABLE).ok();
        self.readiness.get_or_init(register).as_ref()
    }

    /// Answers whether the kernel had no more room.
    fn advance_in_background(&self) -> bool {
        let mut rest = self.lock();
        match self.advance(&mut rest) {
            Ok(Progress::Done) => false,
            Ok(Progress::Blocked) => true,
            Err(error) => {
                rest.error = Some(error);
                false
            }
        }
    }

    fn fail(&self, error: io::Error) {
        self.lock().error = Some(error);
        self.in_flight.store(false, Ordering::Relaxed);
    }

    fn advance(&self, rest: &mut Rest) -> io::Result<Progress> {
        loop {
            let left = rest.frame.get(rest.written..).unwrap_or_default();
            if left.is_empty() {
                self.in_flight.store(false, Ordering::Relaxed);
                return Ok(Progress::Done);
            }
            self.in_flight.store(true, Ordering::Relaxed);
            match rustix::io::write(&*self.fd, left) {
                Ok(taken) => rest.written += taken,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(Progress::Blocked),
                Err(error) => {
                    rest.frame = Vec::new();
                    self.in_flight.store(false, Ordering::Relaxed);
                    return Err(io::Error::new(error.kind(), format!("writing to the terminal: {error}")));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
