//! The tables, and how a file becomes a connection. Nothing here knows what stands in the blobs.

use super::{HistoryError, Place};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

/// The version of the tables and of what stands in them.
pub(super) const VERSION: i64 = 2;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(2);

/// A log that grew is cut to this many bytes.
const LOG_KEPT: i64 = 8 << 20;

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
    CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS series (
        id INTEGER PRIMARY KEY, labels TEXT NOT NULL, last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS chunk (
        block INTEGER NOT NULL, series INTEGER NOT NULL, samples INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (block, series)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS fresh (
        id INTEGER PRIMARY KEY, block INTEGER NOT NULL, stripe INTEGER NOT NULL, until INTEGER NOT NULL,
        samples INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS fresh_of_block ON fresh (block, stripe);
    CREATE TABLE IF NOT EXISTS mark (
        id TEXT PRIMARY KEY, at INTEGER NOT NULL, category TEXT NOT NULL, action TEXT NOT NULL, status TEXT NOT NULL,
        about TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS mark_at ON mark (at);
";

/// Opens a file to write to, and makes it if need be. Only who has the lock may.
pub(super) fn open(place: &Place) -> Result<Connection, HistoryError> {
    let path = place.file();
    let failed = |error| HistoryError::sqlite(&path, error);
    // SQLite makes files as the umask says; ours are for their owner alone.
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    made.map_err(|error| HistoryError::Io { path: path.clone(), error })?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    let found = version(&connection, &path)?;
    shape(&connection, found).map_err(failed)?;
    let about = "INSERT OR REPLACE INTO about VALUES ('owner', ?1)";
    connection.execute(about, [&place.owner]).map_err(failed)?;
    Ok(connection)
}

fn version(connection: &Connection, path: &Path) -> Result<i64, HistoryError> {
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    let found = found.map_err(|error| HistoryError::sqlite(path, error))?;
    if found > VERSION {
        return Err(HistoryError::Newer { path: path.to_owned(), found });
    }
    Ok(found)
}

fn shape(connection: &Connection, found: i64) -> rusqlite::Result<()> {
    if found < VERSION {
        // Pages that become free can be given back; a file of version 1 is small and is written anew for it.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        if found > 0 {
            connection.execute_batch("VACUUM")?;
        }
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may lose the last batches; it cannot damage the file.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
    if found < VERSION {
        connection.execute_batch(&format!("BEGIN;{TABLES}PRAGMA user_version = {VERSION};COMMIT"))?;
    }
    Ok(())
}

/// Opens a file to read from, whoever writes to it; nothing where there is none. In a folder that cannot be written to,
/// what stands in the log of a writer that was killed is not seen.
pub(super) fn look(place: &Place) -> Result<Option<Connection>, HistoryError> {
    let path = place.file();
    if !path.exists() {
        return Ok(None);
    }
    let failed = |error| HistoryError::sqlite(&path, error);
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let attempt = |flags: OpenFlags, path: &Path| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))?;
        Ok(connection)
    };
    let connection = attempt(flags | OpenFlags::SQLITE_OPEN_READ_WRITE, &path)
        .or_else(|_| attempt(flags | OpenFlags::SQLITE_OPEN_READ_ONLY, &path))
        .or_else(|error| match immutable(&path) {
            Some(uri) => attempt(flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI, &uri),
            None => Err(error),
        })
        .map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    let found = version(&connection, &path)?;
    // A file that nobody has filled yet holds nothing.
    Ok((found > 0).then_some(connection))
}

/// The file as one that does not change, for a folder that takes no locks.
fn immutable(path: &Path) -> Option<std::path::PathBuf> {
    let text = path.to_str()?;
    let quoted = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{quoted}?immutable=1").into())
}

/// Does a file of this connection hold samples?
pub(super) fn holds_samples(connection: &Connection) -> rusqlite::Result<bool> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found >= 2)
}
