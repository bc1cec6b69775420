//! What the loop lays out for those who ask. Laid out when somebody wants it, and at most every [`YOUNG`]: however many
//! ask, the loop does the work once.

use crate::api::{Checks, Rules, Samples, Status};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// What is younger is not laid out anew.
const YOUNG: Duration = Duration::from_millis(200);
/// What nobody asked for so long is forgotten: it would keep samples alive that the store has dropped.
const FORGOTTEN: Duration = Duration::from_secs(5);
/// How long somebody waits for the loop.
const LONGEST: Duration = Duration::from_secs(5);

/// What the loop is to lay out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The store and the figures of warroom itself.
    Samples,
    /// Rules and alerts.
    Rules,
    /// The `status` JSON, and the targets.
    Status,
    /// What `warroom check` says.
    Checks,
}

/// A place for one thing that is laid out.
pub struct Slot<T> {
    wish: Wish,
    laid: watch::Sender<Option<(Instant, Arc<T>)>>,
    wanted: AtomicBool,
    wishes: mpsc::Sender<Wish>,
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("wish", &self.wish).finish_non_exhaustive()
    }
}

impl<T> Slot<T> {
    fn new(wish: Wish, wishes: mpsc::Sender<Wish>) -> Self {
        Self { wish, laid: watch::Sender::new(None), wanted: AtomicBool::new(false), wishes }
    }

    /// What is there, once it is young enough; none: the loop does not lay it out in time.
    pub async fn fresh(&self) -> Option<Arc<T>> {
        let mut laid = self.laid.subscribe();
        let young = laid
            .borrow_and_update()
            .as_ref()
            .and_then(|(at, it)| (at.elapsed() < YOUNG).then(|| Arc::clone(it)));
        if young.is_some() {
            return young;
        }
        let asked = Instant::now();
        if !self.wanted.swap(true, Ordering::AcqRel) && self.wishes.try_send(self.wish).is_err() {
            // The loop has ended, or takes nothing in.
            self.wanted.store(false, Ordering::Release);
            return None;
        }
        let wait = async {
            let laid = laid.wait_for(|laid| laid.as_ref().is_some_and(|(at, _)| *at >= asked)).await.ok()?;
            laid.as_ref().map(|(_, it)| Arc::clone(it))
        };
        let found = tokio::time::timeout(LONGEST, wait).await.ok().flatten();
        if found.is_none() {
            // Whoever comes next asks again.
            self.wanted.store(false, Ordering::Release);
        }
        found
    }

    /// Lays it out: whoever waits gets it.
    pub fn lay(&self, it: T) {
        self.wanted.store(false, Ordering::Release);
        self.laid.send_replace(Some((Instant::now(), Arc::new(it))));
    }

    fn forget(&self) {
        self.laid.send_if_modified(|laid| {
            let old = laid.as_ref().is_some_and(|(at, _)| at.elapsed() > FORGOTTEN);
            if old {
                *laid = None;
            }
            old
        });
    }
}

/// Everything that is laid out.
#[derive(Debug)]
pub struct Slots {
    /// See [`Wish::Samples`].
    pub samples: Slot<Samples>,
    /// See [`Wish::Rules`].
    pub rules: Slot<Rules>,
    /// See [`Wish::Status`].
    pub status: Slot<Status>,
    /// See [`Wish::Checks`].
    pub checks: Slot<Checks>,
}

impl Slots {
    pub(super) fn new(wishes: mpsc::Sender<Wish>) -> Self {
        Self {
            samples: Slot::new(Wish::Samples, wishes.clone()),
            rules: Slot::new(Wish::Rules, wishes.clone()),
            status: Slot::new(Wish::Status, wishes.clone()),
            checks: Slot::new(Wish::Checks, wishes),
        }
    }

    /// Forgets what nobody has asked for lately.
    pub fn forget(&self) {
        self.samples.forget();
        self.rules.forget();
        self.status.forget();
        self.checks.forget();
    }
}
