//! The journal's file: appended to, flushed, repaired, rotated, read back.
//!
//! `journal.jsonl` is written to; when it is full it becomes `journal.1.jsonl`, the next one `journal.2.jsonl` and so on:
//! the highest number is the newest. Nothing is ever deleted. `journal.lock` is what several warrooms of one user lock
//! while they write; `journal.torn` keeps what a crash left of a line. No line's meaning is known here.
//!
//! The promise of [`Journal::append`], on which the door of actions relies: when it returns `Ok`, the lines are on disk,
//! whole. When it returns an error, they are not in the file, or were cut off it again. A crash before it returns may
//! leave the first lines of several, and a piece of the next, which the next start or append puts aside.

mod files;
mod read;
mod repairs;
mod seen;
mod tail;
mod write;

pub use repairs::{Broken, Repairs, Torn};
pub use tail::Tail;

use crate::journal::Entry;
use files::Folder;
use read::Cursor;
use seen::Seen;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Sizes and patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A file that would grow over so many bytes is put aside first, and a new one begun.
    pub rotate_at: u64,
    /// How many bytes are read back on start, the newest first.
    pub read_back: u64,
    /// How long to wait for another warroom that is writing, before giving up with an error.
    pub lock_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { rotate_at: 8 << 20, read_back: 16 << 20, lock_wait: Duration::from_secs(5) }
    }
}

/// How long a start waits for a writer before it reads without repairing: the next append repairs.
const START_WAIT: Duration = Duration::from_secs(1);

/// The journal, open for appending. Blocking: its calls belong on a thread that may wait for a disk.
#[derive(Debug)]
pub struct Journal {
    folder: Folder,
    options: Options,
    /// `journal.jsonl`, as far as we know; checked under the lock.
    active: File,
    cursor: Cursor,
    seen: Seen,
}

impl Journal {
    /// Opens the journal in the state folder, makes it if need be, repairs a torn last line, and reads it back.
    ///
    /// # Errors
    /// As [`Journal::open_with`].
    pub fn open(folder: &Path) -> io::Result<(Self, Vec<Entry>, Repairs)> {
        Self::open_with(folder, Options::default())
    }

    /// As [`Journal::open`]. The entries are in the order of the file, each `event_id` once.
    ///
    /// Lines that cannot be read are skipped and counted, never an error.
    ///
    /// # Errors
    /// The folder or the file cannot be made, opened or locked, belongs to someone else, may be written by others, or is
    /// no regular file. The message names it. Reading alone may still be possible: [`read`].
    pub fn open_with(folder: &Path, options: Options) -> io::Result<(Self, Vec<Entry>, Repairs)> {
        let folder = Folder::prepare(folder)?;
        let lock = folder.lock_within(START_WAIT.min(options.lock_wait))?;
        let active = folder.active()?;
        let mut repairs = Repairs { busy: lock.is_none(), ..Repairs::default() };
        if lock.is_some() {
            // What cannot be mended now is mended by the next append, or is that one's error.
            match write::mend(&folder, &active) {
                Ok((_, torn)) => repairs.torn = torn,
                Err(error) => tracing::warn!("repairing the journal: {error}"),
            }
        }
        let mut seen = Seen::default();
        let (entries, cursor) = read::back(&folder, options.read_back, &mut seen, &mut repairs)?;
        drop(lock);
        Ok((Self { folder, options, active, cursor, seen }, entries, repairs))
    }

    /// Appends the entries, all or none: one write of whole lines, and a flush to the disk before it returns.
    ///
    /// # Errors
    /// Nothing was kept: the disk is full, the folder is read-only, another warroom has held the lock for
    /// `Options::lock_wait`, ... The message names the file.
    pub fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for entry in entries {
            text.push_str(&entry.to_line());
            text.push('\n');
        }
        let _lock = self.folder.lock(self.options.lock_wait)?;
        if !self.folder.is_active(&self.active)? {
            self.active = self.folder.active()?;
        }
        let (mut length, _) = write::mend(&self.folder, &self.active)?;
        if length > 0 && length.saturating_add(text.len() as u64) > self.options.rotate_at {
            self.active = write::rotate(&self.folder)?;
            length = 0;
        }
        write::append(&self.folder, &self.active, length, text.as_bytes())?;
        // As they will be read: a long id is cut in the line.
        for line in text.lines() {
            if let Ok(entry) = Entry::parse(line) {
                self.seen.insert(&entry.event_id);
            }
        }
        self.cursor.wrote(&self.active, length, text.len() as u64);
        Ok(())
    }

    /// Was a line of this id read or written already?
    pub fn knows(&self, event_id: &str) -> bool {
        self.seen.knows(event_id)
    }

    /// What other warrooms have appended since the last call (or since the start), each `event_id` once; at most about
    /// 1 MiB of lines a call. Costs one look at the file's length where there is nothing new, and never waits: while
    /// somebody is writing it answers nothing, and the next call has it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn follow(&mut self) -> io::Result<Vec<Entry>> {
        if self.cursor.is_current(&self.folder)? {
            return Ok(Vec::new());
        }
        let Some(_lock) = self.folder.try_share()? else { return Ok(Vec::new()) };
        read::on(&self.folder, &mut self.cursor, &mut self.seen)
    }
}

/// Reads the journal without opening it for writing: nothing is made, repaired or changed. No folder, no file: no
/// entries. At most `most` bytes, the newest.
///
/// # Errors
/// It is there and cannot be read, or must not be trusted.
pub fn read(folder: &Path, most: u64) -> io::Result<(Vec<Entry>, Repairs)> {
    let Some(folder) = Folder::existing(folder)? else { return Ok(Default::default()) };
    // Without the lock (a medium that is read-only has none) a line may be half there: it is left out, then.
    let lock = folder.share_within(START_WAIT);
    let mut repairs = Repairs { busy: lock.is_none(), ..Repairs::default() };
    let (entries, _) = read::back(&folder, most, &mut Seen::default(), &mut repairs)?;
    Ok((entries, repairs))
}

/// Names the operation and the file in an error.
fn named(operation: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{operation} {}: {error}", path.display()))
}
