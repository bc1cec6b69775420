//! The journal as it stands in the files, in their order, our own lines included; read on from where it was read to.

use super::files::Folder;
use super::read::{self, Cursor};
use super::repairs::Repairs;
use super::seen::Seen;
use super::{Options, named};
use crate::journal::Entry;
use std::io;
use std::path::Path;

/// A reader that misses nothing: where [`super::Journal::follow`] answers nothing while somebody writes, this waits.
#[derive(Debug)]
pub struct Tail {
    folder: Folder,
    options: Options,
    cursor: Cursor,
    seen: Seen,
}

impl Tail {
    /// Reads the newest part of the journal in the state folder; with what was found on the way.
    ///
    /// # Errors
    /// The folder is not there or must not be trusted, or the file cannot be read.
    pub fn open(path: &Path, options: Options) -> io::Result<(Self, Vec<Entry>, Repairs)> {
        let gone = || named("opening", path, &io::Error::from(io::ErrorKind::NotFound));
        let folder = Folder::existing(path)?.ok_or_else(gone)?;
        let (mut seen, mut repairs) = (Seen::default(), Repairs::default());
        let lock = folder.share_within(options.lock_wait);
        repairs.busy = lock.is_none();
        let (entries, cursor) = read::back(&folder, options.read_back, &mut seen, &mut repairs)?;
        drop(lock);
        Ok((Self { folder, options, cursor, seen }, entries, repairs))
    }

    /// Everything that was appended since the last call, by whomever, each `event_id` once. Costs one look at the file's
    /// length where there is nothing new.
    ///
    /// # Errors
    /// The file cannot be read, or somebody has held the lock for longer than `Options::lock_wait`: what they write
    /// would be missing.
    pub fn read_on(&mut self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        while !self.cursor.is_current(&self.folder)? {
            let lock = self.folder.share_within(self.options.lock_wait);
            let Some(_lock) = lock else {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "another warroom holds the journal's lock",
                ));
            };
            let before = self.cursor;
            entries.extend(read::on(&self.folder, &mut self.cursor, &mut self.seen)?);
            if self.cursor == before {
                break;
            }
        }
        Ok(entries)
    }
}
