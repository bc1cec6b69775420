//! History on disk: what objectives counted by the minute, in one `SQLite` file of the state folder.
//!
//! Written in the background, in batches, by one warroom at a time: whoever holds `history.lock`. The others only read,
//! and take over when that one has gone. Nothing here can end the dashboard: what fails is told in a line, and tried again.

use crate::slo::{Mark, Saved, SavedMinute};
use crate::units::Timestamp;
use rusqlite::{Connection, OpenFlags, params};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// The file.
pub const FILE: &str = "history.sqlite";

/// How long minutes are kept.
pub const KEPT: Duration = Duration::from_secs(35 * 86_400);

/// The version of the tables.
const VERSION: i64 = 1;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(2);

/// Batches that may wait; beyond, the newest is handed back.
const WAITING: usize = 8;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS slo_minute (
        slo TEXT NOT NULL, definition TEXT NOT NULL, minute INTEGER NOT NULL,
        total INTEGER NOT NULL, bad INTEGER NOT NULL, covered INTEGER NOT NULL, bridged INTEGER NOT NULL,
        PRIMARY KEY (slo, definition, minute)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS slo_mark (
        slo TEXT NOT NULL, definition TEXT NOT NULL, term INTEGER NOT NULL, labels TEXT NOT NULL,
        at INTEGER NOT NULL, value REAL NOT NULL, start TEXT NOT NULL,
        PRIMARY KEY (slo, definition, term, labels)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS slo_covered (
        slo TEXT NOT NULL, definition TEXT NOT NULL, until INTEGER NOT NULL,
        PRIMARY KEY (slo, definition)) WITHOUT ROWID;
";

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

/// Everything that is kept of objectives, oldest first. No file: nothing.
///
/// # Errors
/// The file cannot be read, or is none of ours.
pub fn load(folder: &Path) -> Result<Vec<Saved>, HistoryError> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let connection = open(&path)?;
    read(&connection).map_err(|error| HistoryError::Sqlite { path, error })
}

fn open(path: &Path) -> Result<Connection, HistoryError> {
    let failed = |error| HistoryError::Sqlite { path: path.to_owned(), error };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // SQLite makes files as the umask says; ours are for their owner alone.
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map_err(|error| HistoryError::Io { path: path.to_owned(), error })?;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    // A power cut may lose the last batch; it cannot damage the file.
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if found > VERSION {
        return Err(HistoryError::Newer { path: path.to_owned(), found });
    }
    connection.execute_batch(TABLES).map_err(failed)?;
    connection.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    Ok(connection)
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<Saved>> {
    let mut out: Vec<Saved> = Vec::new();
    let mut heads =
        connection.prepare("SELECT slo, definition, until FROM slo_covered ORDER BY slo, definition")?;
    let found = heads.query_map([], |row| {
        Ok(Saved {
            slo: row.get(0)?,
            definition: row.get(1)?,
            covered_until: row.get(2)?,
            ..Saved::default()
        })
    })?;
    for saved in found {
        out.push(saved?);
    }
    let mut minutes = connection.prepare(
        "SELECT minute, total, bad, covered, bridged FROM slo_minute WHERE slo = ?1 AND definition = ?2 ORDER BY minute",
    )?;
    let mut marks = connection
        .prepare("SELECT term, labels, at, value, start FROM slo_mark WHERE slo = ?1 AND definition = ?2")?;
    for saved in &mut out {
        let rows = minutes.query_map(params![saved.slo, saved.definition], |row| {
            Ok(SavedMinute {
                minute: row.get(0)?,
                total: row.get::<_, i64>(1)?.cast_unsigned(),
                bad: row.get::<_, i64>(2)?.cast_unsigned(),
                covered: row.get(3)?,
                bridged: row.get(4)?,
            })
        })?;
        saved.minutes = rows.collect::<rusqlite::Result<_>>()?;
        let rows = marks.query_map(params![saved.slo, saved.definition], |row| {
            let (labels, start): (String, String) = (row.get(1)?, row.get(4)?);
            Ok((row.get(0)?, labels, row.get(2)?, row.get(3)?, start))
        })?;
        for row in rows {
            let (term, labels, at, value, start) = row?;
            // A mark that cannot be read is one counter that begins anew.
            if let (Ok(labels), Ok(start)) = (serde_json::from_str(&labels), serde_json::from_str(&start)) {
                saved.marks.push(Mark { term, labels, at, value, start });
            }
        }
    }
    Ok(out)
}

fn write(connection: &mut Connection, batch: &[Saved], now: Timestamp) -> rusqlite::Result<()> {
    let change = connection.transaction()?;
    {
        let mut minute =
            change.prepare_cached("INSERT OR REPLACE INTO slo_minute VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        let mut mark =
            change.prepare_cached("INSERT OR REPLACE INTO slo_mark VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        let mut covered = change.prepare_cached("INSERT OR REPLACE INTO slo_covered VALUES (?1, ?2, ?3)")?;
        for saved in batch {
            covered.execute(params![saved.slo, saved.definition, saved.covered_until])?;
            for one in &saved.minutes {
                minute.execute(params![
                    saved.slo,
                    saved.definition,
                    one.minute,
                    one.total.cast_signed(),
                    one.bad.cast_signed(),
                    one.covered,
                    one.bridged
                ])?;
            }
            for one in &saved.marks {
                let labels = serde_json::to_string(&one.labels).unwrap_or_default();
                let start = serde_json::to_string(&one.start).unwrap_or_default();
                mark.execute(params![
                    saved.slo,
                    saved.definition,
                    one.term,
                    labels,
                    one.at,
                    one.value,
                    start
                ])?;
            }
        }
        let oldest = (now - KEPT).millis();
        change.execute("DELETE FROM slo_minute WHERE minute < ?1", params![oldest / 60_000])?;
        change.execute("DELETE FROM slo_mark WHERE at < ?1", params![oldest])?;
    }
    change.commit()
}

/// Writes in a thread of its own; ends when it is dropped, after the last batch.
#[derive(Debug)]
pub struct Writer {
    batches: Option<SyncSender<(Vec<Saved>, Timestamp)>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts it. `complain` is called with a line when writing begins to fail, and with nothing when it works again.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(folder: &Path, complain: impl Fn(Option<String>) + Send + 'static) -> io::Result<Self> {
        let (batches, inbox) = sync_channel(WAITING);
        let folder = folder.to_owned();
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || serve(&folder, &inbox, &complain))?;
        Ok(Self { batches: Some(batches), thread: Some(thread) })
    }

    /// Hands over a batch, to be written soon. False: too many wait; it is to be handed over again later, grown.
    pub fn save(&self, batch: Vec<Saved>, now: Timestamp) -> bool {
        let Some(batches) = &self.batches else { return false };
        !matches!(batches.try_send((batch, now)), Err(TrySendError::Full(_)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(folder: &Path, inbox: &Receiver<(Vec<Saved>, Timestamp)>, complain: &impl Fn(Option<String>)) {
    let mut duty: Option<(File, Connection)> = None;
    let mut failing = false;
    // What could not be written yet: a later record of a minute stands over an earlier one, so that the order holds.
    let mut waiting: Vec<Saved> = Vec::new();
    while let Ok((batch, now)) = inbox.recv() {
        waiting.extend(batch);
        if duty.is_none() {
            match take_duty(folder) {
                Ok(taken) => duty = taken,
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        complain(Some(error.to_string()));
                    }
                }
            }
        }
        let Some((_, connection)) = &mut duty else {
            // Somebody else writes what they see, which is what we see.
            if !failing || waiting.len() > MOST_WAITING {
                waiting.clear();
            }
            continue;
        };
        match write(connection, &waiting, now) {
            Ok(()) => {
                waiting.clear();
                if std::mem::take(&mut failing) {
                    complain(None);
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    complain(Some(format!(
                        "history cannot be written: {error}; it is tried again each minute"
                    )));
                }
                if waiting.len() > MOST_WAITING {
                    waiting.clear();
                }
                duty = None;
            }
        }
    }
}

/// Batches that are kept while the disk is full.
const MOST_WAITING: usize = 2_000;

/// The lock and the file, unless another warroom has them.
fn take_duty(folder: &Path) -> Result<Option<(File, Connection)>, HistoryError> {
    let path = folder.join("history.lock");
    let failed = |error| HistoryError::Io { path: path.clone(), error };
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some((lock, open(&folder.join(FILE))?))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(failed(error.into())),
    }
}
