//! What was not in order when the journal was read, for people.

use crate::text::Clean;
use std::fmt;
use std::path::PathBuf;

/// What was found and mended. Nothing of it keeps warroom from starting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// The last line was torn: whoever wrote it died before it was acknowledged.
    pub torn: Option<Torn>,
    /// Lines that are no entries, and were skipped.
    pub broken: u64,
    /// The first of them.
    pub first_broken: Option<Broken>,
    /// Entries that are there more than once (several warrooms saw the same), and count once.
    pub duplicates: u64,
    /// Bytes of older lines that were not read.
    pub left_out: u64,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<Clean>,
    /// Another warroom was writing all the time: nothing was repaired, and the newest line may be missing.
    pub busy: bool,
}

/// A torn line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// How long the piece is.
    pub bytes: u64,
    /// Where it was put; none: it stays in the journal, as a line that is skipped.
    pub kept: Option<PathBuf>,
}

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The file's name, in the state folder.
    pub file: String,
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// Why it is no entry.
    pub reason: Clean,
}

/// The most files that are named.
const MOST_NAMED: usize = 5;

impl Repairs {
    /// Is there anything that a person should know? Duplicates and old lines are as it should be.
    pub fn is_worth_telling(&self) -> bool {
        self.torn.is_some() || self.broken > 0 || self.busy || !self.unreadable.is_empty()
    }

    pub(super) fn broken(&mut self, file: &str, offset: u64, reason: &str) {
        self.broken += 1;
        self.first_broken.get_or_insert_with(|| Broken {
            file: file.to_owned(),
            offset,
            reason: Clean::new(reason),
        });
    }

    pub(super) fn unreadable(&mut self, error: &std::io::Error) {
        if self.unreadable.len() < MOST_NAMED {
            self.unreadable.push(Clean::new(&error.to_string()));
        }
    }
}

impl fmt::Display for Repairs {
    /// One sentence after the other, joined by semicolons; `in order` if there is nothing to tell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = Vec::new();
        if let Some(torn) = &self.torn {
            let what = format!("a torn last line of {} bytes", torn.bytes);
            told.push(match &torn.kept {
                Some(path) => format!("{what} was moved to {}", path.display()),
                None => format!("{what} was closed and is skipped"),
            });
        }
        if let Some(first) = &self.first_broken {
            let lines = if self.broken == 1 { "line that is" } else { "lines that are" };
            told.push(format!(
                "skipped {} {lines} no entry, the first in {} at byte {}: {}",
                self.broken, first.file, first.offset, first.reason
            ));
        }
        told.extend(self.unreadable.iter().map(ToString::to_string));
        if self.busy {
            told.push("another warroom was writing, so nothing was repaired".to_owned());
        }
        if told.is_empty() { f.write_str("in order") } else { f.write_str(&told.join("; ")) }
    }
}
