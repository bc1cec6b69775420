//! What was asked of the server, and how that went: for `/metrics`.

use crate::api::{Asked, Served};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Route and status -> how many, and how long they took together.
type Routes = BTreeMap<(&'static str, u16), (u64, Duration)>;

/// Counters of the server. Routes are those of the table, so that nobody can make up more of them.
#[derive(Debug, Default)]
pub struct Counters {
    connections: AtomicU64,
    refused: AtomicU64,
    running: AtomicU64,
    asked: Mutex<Routes>,
}

impl Counters {
    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A question is worked on until the guard is dropped.
    pub(super) fn works(&self) -> Working<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Working(self)
    }

    pub(super) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, time) = asked.entry((route, status)).or_default();
        *count += 1;
        *time += took;
    }

    /// All of them.
    pub(super) fn served(&self) -> Served {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        Served {
            connections: self.connections.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            running: self.running.load(Ordering::Relaxed),
            asked: asked
                .iter()
                .map(|((route, status), (count, took))| Asked {
                    route,
                    status: *status,
                    count: *count,
                    took: *took,
                })
                .collect(),
        }
    }
}

/// See [`Counters::works`].
pub(super) struct Working<'c>(&'c Counters);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
