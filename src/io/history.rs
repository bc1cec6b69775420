//! History on disk: samples at full resolution, what objectives counted by the minute, and marks of incidents and
//! actions, in one `SQLite` file a configuration, in the state folder.
//!
//! One warroom at a time writes: whoever holds the lock beside the file. The others only read, and take over when that
//! one has gone. It is written in batches, in a thread of its own; killed, it loses the batch that was not handed over
//! yet. Nothing here can end the dashboard: what fails is told in a line, and tried again.
//!
//! # Format, version 2 (`PRAGMA user_version`)
//! - `series`: number and labels (a JSON array of pairs, the name as `__name__`), and the last block it was seen in.
//! - `fresh`: batches, newest samples of many series, as in `batch`; a row a block (hour since the epoch) and stripe
//!   (1,024 series by number). They count in order of `id`, and go once their block is packed.
//! - `chunk`: a row a block and series: that hour's samples as [`crate::store::Packed::write`] writes them. Values come
//!   back bit for bit, stale markers included.
//! - `slo_minute`, `slo_mark`, `slo_covered`: as `crate::slo::Saved` says.
//! - `mark`: what happened to incidents and actions, as far as a graph shows it; the journal has the whole.
//! - `about`: `owner`, whose history it is, in words.

mod batch;
mod minutes;
mod pen;
mod place;
mod read;
mod recaller;
mod tables;
mod writer;

pub use pen::{Dropped, Pages, Pen};
pub use place::{FILE, Place};
pub use read::{Figures, Reader};
pub use recaller::Recaller;
pub use writer::Writer;

use crate::journal::{Category, Entry};
use crate::slo::Saved;
use crate::target::Sample;
use crate::units::Timestamp;
use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// A block is an hour.
const BLOCK_MS: i64 = 3_600_000;

/// So many series stand in one batch.
const STRIPE: u32 = 1024;

/// What went wrong, with the file.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// `SQLite` says so.
    #[error("history {path}: {error}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What.
        error: rusqlite::Error,
    },
    /// It is no history any more.
    #[error("history {path} is damaged: {error}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What.
        error: rusqlite::Error,
    },
    /// It was written by a newer warroom.
    #[error("history {path} was written by a newer warroom (version {found}); this one leaves it alone")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The lock or the file cannot be made.
    #[error("history {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl HistoryError {
    fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, error },
            _ => Self::Sqlite { path, error },
        }
    }

    /// Is the file itself no good?
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// What the operator can do about it, where it keeps us from writing.
    fn remedy(&self) -> &'static str {
        let full = "free some space on that disk, or lower engine.history_size";
        let closed = "make the state folder writable, or name another with --state";
        match self {
            Self::Sqlite { error, .. } => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => full,
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => closed,
                _ => "it is tried again with each batch",
            },
            Self::Io { error, .. } if error.kind() == io::ErrorKind::StorageFull => full,
            Self::Io { .. } => closed,
            Self::Damaged { .. } => "move it away, or free some space so that it can be set aside",
            Self::Newer { .. } => "start that warroom, or name another state folder with --state",
        }
    }
}

/// Something that happened to an incident or an action: what a graph shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkRow {
    /// The journal's event id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `incident` or `action`.
    pub category: String,
    /// What happened, as `incident.opened`.
    pub action: String,
    /// How it ended.
    pub status: String,
    /// What it is about: a JSON object with what the line says of incident, service, title and severity.
    pub about: String,
}

/// What of a line's details a mark keeps.
const ABOUT: [&str; 7] = ["incident", "service", "services", "title", "severity", "action", "outcome"];

/// The most bytes of a mark's `about`.
const MOST_ABOUT: usize = 2048;

impl MarkRow {
    /// The marks of lines of the journal.
    pub fn of(entries: &[Entry]) -> Vec<Self> {
        let shown = |entry: &&Entry| matches!(entry.category, Category::Incident | Category::Action);
        entries
            .iter()
            .filter(shown)
            .map(|entry| {
                let details = ABOUT.iter().filter_map(|key| Some((*key, entry.details.get(*key)?)));
                let about = serde_json::to_string(&details.collect::<std::collections::BTreeMap<_, _>>());
                Self {
                    id: entry.event_id.clone(),
                    at: entry.at,
                    category: entry.category.word().to_owned(),
                    action: entry.action.clone(),
                    status: entry.status.clone(),
                    about: about
                        .ok()
                        .filter(|text| text.len() <= MOST_ABOUT)
                        .unwrap_or_else(|| "{}".to_owned()),
                }
            })
            .collect()
    }
}

/// The most samples that are kept while they cannot be written.
const MOST_SAMPLES: usize = 1 << 19;

/// The most records of objectives, and marks, that are kept while they cannot be written.
const MOST_RECORDS: usize = 2_000;

/// What is to be written at once.
#[derive(Debug, Default)]
pub struct Load {
    /// Samples, in the order in which they came.
    pub samples: Vec<Sample>,
    /// What objectives counted.
    pub saved: Vec<Saved>,
    /// Marks.
    pub marks: Vec<MarkRow>,
}

impl Load {
    /// Nothing to write?
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.saved.is_empty() && self.marks.is_empty()
    }

    /// What waits must not grow without end: the oldest goes.
    pub fn limit(&mut self) {
        let excess = self.samples.len().saturating_sub(MOST_SAMPLES);
        self.samples.drain(..excess);
        let excess = self.saved.len().saturating_sub(MOST_RECORDS);
        self.saved.drain(..excess);
        let excess = self.marks.len().saturating_sub(MOST_RECORDS);
        self.marks.drain(..excess);
    }

    /// Adds what came later.
    pub fn extend(&mut self, more: Self) {
        self.samples.extend(more.samples);
        self.saved.extend(more.saved);
        self.marks.extend(more.marks);
    }
}

/// Everything that is kept of objectives, oldest first. No file: nothing.
///
/// # Errors
/// The file cannot be read, or is none of ours.
pub fn load(place: &Place) -> Result<Vec<Saved>, HistoryError> {
    let Some(connection) = tables::look(place)? else { return Ok(Vec::new()) };
    minutes::read(&connection).map_err(|error| HistoryError::sqlite(&place.file(), error))
}
