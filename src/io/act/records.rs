//! The journal on disk, as the door's sender uses it.

use super::Records;
use crate::action::Ledger;
use crate::io::journal::{Journal, Options, Repairs, Tail};
use crate::journal::Entry;
use std::io;
use std::path::Path;

/// The journal in a state folder. Two of them, in one process or in several, may be open at once.
#[derive(Debug)]
pub struct OnDisk {
    journal: Journal,
    tail: Tail,
    ledger: Ledger,
}

impl OnDisk {
    /// Opens the journal; with what stands in it, and what had to be repaired.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(folder: &Path) -> io::Result<(Self, Vec<Entry>, Repairs)> {
        Self::open_with(folder, Options::default())
    }

    /// As [`OnDisk::open`].
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_with(folder: &Path, options: Options) -> io::Result<(Self, Vec<Entry>, Repairs)> {
        // The one writes; the other reads, in the order of the lines.
        let (journal, _, opened) = Journal::open_with(folder, Options { read_back: 0, ..options })?;
        let (tail, entries, read) = Tail::open(folder, options)?;
        let ledger = Ledger::of(&entries);
        Ok((Self { journal, tail, ledger }, entries, Repairs { torn: opened.torn, ..read }))
    }
}

impl Records for OnDisk {
    fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        self.journal.append(entries)
    }

    /// Read from the file, and not from what this process remembers: the order of the lines decides who was first. Only
    /// what is new is read.
    fn ledger(&mut self) -> io::Result<Ledger> {
        for entry in self.tail.read_on()? {
            self.ledger.take(&entry);
        }
        Ok(self.ledger.clone())
    }
}
