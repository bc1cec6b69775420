//! The journal in the hands of the keeper: what cannot be written now waits, and is tried again. It decides nothing
//! about what is worth writing.

use super::{Kept, LOOK_EVERY, READ_BACK};
use crate::io::journal::{self, Journal};
use crate::journal::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The most lines that wait for a disk with room; beyond, the oldest go.
const MOST: usize = 5_000;

/// The journal, or why there is none.
pub(super) struct Diary {
    folder: PathBuf,
    journal: Option<Journal>,
    waiting: Vec<Entry>,
    /// Lines that had to go, because too many waited.
    lost: usize,
    failing: bool,
    /// When it was last tried in vain.
    tried: Option<Instant>,
}

impl Diary {
    /// Opens it; with what stands in it, and what is to be told about it.
    pub(super) fn open(folder: &Path) -> (Self, Vec<Entry>, Option<String>) {
        let (journal, entries, notice) = match Journal::open(folder) {
            Ok((journal, entries, repairs)) => {
                (Some(journal), entries, repairs.is_worth_telling().then(|| repairs.to_string()))
            }
            Err(error) => {
                let read = journal::read(folder, READ_BACK).map(|(entries, _)| entries);
                (None, read.unwrap_or_default(), Some(format!("the journal is not written: {error}")))
            }
        };
        let failing = journal.is_none();
        let diary =
            Self { folder: folder.to_owned(), journal, waiting: Vec::new(), lost: 0, failing, tried: None };
        (diary, entries, notice)
    }

    /// Writes these lines, behind those that wait.
    pub(super) fn append(&mut self, entries: Vec<Entry>, tell: &impl Fn(Kept)) {
        self.waiting.extend(entries);
        let excess = self.waiting.len().saturating_sub(MOST);
        self.waiting.drain(..excess);
        self.lost += excess;
        self.retry(tell);
    }

    /// Tries what waits once more, however short a time ago it failed: there is no later.
    pub(super) fn finish(&mut self, tell: &impl Fn(Kept)) {
        self.tried = None;
        self.retry(tell);
    }

    /// Tries what waits once more, but not more often than every two seconds: all that waits is written anew each time,
    /// and a disk without room does not get any by being asked. When it begins to fail and when it works again is told,
    /// each once.
    pub(super) fn retry(&mut self, tell: &impl Fn(Kept)) {
        let just_now = self.tried.is_some_and(|tried| tried.elapsed() < LOOK_EVERY);
        if self.waiting.is_empty() || just_now {
            return;
        }
        match self.write() {
            Ok(()) => {
                self.waiting.clear();
                self.tried = None;
                if std::mem::take(&mut self.failing) {
                    let lost = match std::mem::take(&mut self.lost) {
                        0 => String::new(),
                        lost => format!("; {lost} lines were too many to wait for it and are lost"),
                    };
                    tell(Kept::Notice(format!("the journal is written again{lost}")));
                }
            }
            Err(error) => {
                tracing::error!("{error}");
                self.tried = Some(Instant::now());
                if !std::mem::replace(&mut self.failing, true) {
                    let text = format!("the journal cannot be written: {error}; its lines wait for room");
                    tell(Kept::Notice(text));
                }
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let written = self.ready().and_then(|journal| journal.append(&waiting));
        self.waiting = waiting;
        written
    }

    /// The journal; the folder may be usable by now.
    fn ready(&mut self) -> io::Result<&mut Journal> {
        let open = match self.journal.take() {
            Some(open) => open,
            None => Journal::open(&self.folder)?.0,
        };
        Ok(self.journal.insert(open))
    }

    /// Writes this line now, or says why not: nobody may believe that it is kept if it is not.
    pub(super) fn append_now(&mut self, entry: &Entry) -> io::Result<()> {
        self.ready()?.append(std::slice::from_ref(entry))
    }

    /// Writes now those of these lines that are not there yet, and gives them back; or says why not.
    pub(super) fn append_fresh(&mut self, mut entries: Vec<Entry>) -> io::Result<Vec<Entry>> {
        let journal = self.ready()?;
        entries.retain(|entry| !journal.knows(&entry.event_id));
        journal.append(&entries)?;
        Ok(entries)
    }

    /// What other warrooms wrote since the last time.
    pub(super) fn follow(&mut self) -> Vec<Entry> {
        self.journal.as_mut().map_or(Ok(Vec::new()), Journal::follow).unwrap_or_default()
    }
}
