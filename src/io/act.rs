//! The sender behind the door: what was authorized leaves here, once, and nowhere else.
//!
//! It takes an [`Authorized`](crate::action::Authorized) by value. The journal's line is on disk before a request leaves; if it cannot be written, or if
//! another warroom's line stands before it, nothing is sent. There is one attempt: no retry, no kept connection, no
//! redirect. What cannot be known afterwards is called unknown, and never failed.

mod checks;
mod job;
mod records;
mod reply;
mod run;
mod settle;
mod shot;
mod wire;

pub use checks::{checks, choices};
pub use job::{Followed, Job};
pub use records::OnDisk;
pub use reply::Sent;
pub use run::{Handle, Ran, ShotRan, run, start};
pub use settle::{Seen, Settled};

use crate::action::Ledger;
use crate::io::http::Http;
use crate::journal::Entry;
use crate::text::Clean;
use crate::units::Timestamp;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The journal, as far as an act needs it.
pub trait Records: Send {
    /// Appends entries; they are on disk when it returns.
    ///
    /// # Errors
    /// They are not on disk: nothing that depends on them may be done.
    fn append(&mut self, entries: &[Entry]) -> io::Result<()>;

    /// All acts of the journal as it is on disk now, what other warrooms have written included, in the order of the lines.
    ///
    /// # Errors
    /// It cannot be read.
    fn ledger(&mut self) -> io::Result<Ledger>;
}

/// What an act needs beside what was authorized.
pub struct World {
    /// Clients, secrets and tokens; kept from one act to the next, so that a token is asked for once.
    pub http: Arc<Http>,
    /// The journal.
    pub records: Box<dyn Records>,
    /// What is seen of the service, and may be done to it, meanwhile: judged where the numbers are, told here.
    pub seen: watch::Receiver<Seen>,
    /// Says that nobody wants to wait any longer.
    pub stop: Stop,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What is told on the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The journal's line is on disk; the request leaves now.
    Sending {
        /// Which request, from 1.
        turn: usize,
        /// Of how many.
        of: usize,
        /// Which instance is asked.
        instance: Arc<str>,
    },
    /// It was answered, or the answer is lost, or it never left.
    Sent(Box<Sent>),
    /// A job is being followed; its name.
    Accepted(Clean),
    /// What the job says of itself.
    Job {
        /// Its state.
        state: Clean,
        /// New lines of its log.
        log: Vec<Clean>,
    },
    /// The job cannot be asked for just now; why. It is asked again.
    Waiting(Clean),
    /// It was done; now the service has to settle.
    Settling {
        /// How long it may take.
        limit: Duration,
    },
    /// It has settled, or has not.
    Settled(Settled),
    /// The rest is left alone; why.
    Stopped(Clean),
}

/// Ends the waiting. What was sent is not taken back.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Nobody wants to wait any longer.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Was it said?
    pub fn is_said(&self) -> bool {
        *self.0.borrow()
    }

    async fn said(&self) {
        let mut said = self.0.subscribe();
        // The sender is ours, so it cannot be gone.
        let _ = said.wait_for(|said| *said).await;
    }
}
