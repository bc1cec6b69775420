//! The series of a target by their raw bytes, in the order in which the last body had them.
//!
//! The order of lines hardly ever changes between scrapes: each entry knows which one came after it last time, and a
//! line that begins with that entry's bytes is found without being tokenised or hashed.

use super::Kind;
use crate::labels::Labels;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// One series.
#[derive(Clone)]
pub(super) struct Entry {
    /// Its bytes within the arena.
    start: u32,
    end: u32,
    /// The entry that came after it last time.
    pub(super) next: u32,
    /// The last scrape that had it.
    pub(super) seen: u32,
    /// The last scrape that had it without a timestamp of its own: only then is its end marked.
    pub(super) lived: u32,
    /// The type in force when its labels were made.
    pub(super) kind: Kind,
    pub(super) role: Role,
    pub(super) labels: Labels,
    /// Its last value as scraped; NaN before the first.
    pub(super) last: f64,
    /// The one before that.
    pub(super) before: f64,
}

/// What a series is good for beside being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Goes up and down.
    Gauge,
    /// Only grows: its drops tell a restart or another worker.
    Counter,
    /// `process_start_time_seconds`.
    Start,
}

/// All entries.
#[derive(Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    arena: Vec<u8>,
    index: HashTable<u32>,
    /// Seeded: a hostile body must not be able to make all its series collide.
    hasher: DefaultHashBuilder,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, at: u32) -> Option<&Entry> {
        self.entries.get(at as usize)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Entry> {
        self.entries.get_mut(at as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.entries.iter().enumerate().map(|(at, entry)| (at as u32, entry))
    }

    /// If the line begins with the bytes of entry `at`: the entry, and how many bytes it takes.
    #[inline]
    pub(super) fn predicted(&mut self, at: u32, line: &[u8]) -> Option<(&mut Entry, usize)> {
        let entry = self.entries.get_mut(at as usize)?;
        let raw = self.arena.get(entry.start as usize..entry.end as usize)?;
        let after = line.strip_prefix(raw)?;
        // A name may go on, or its labels may follow: only a blank ends it. A brace ends the series itself.
        let ended = raw.last() == Some(&b'}') || matches!(after.first(), Some(b' ' | b'\t'));
        ended.then_some((entry, raw.len()))
    }

    /// A hash that nobody outside can foresee.
    #[inline]
    pub(super) fn hash(&self, bytes: &[u8]) -> u64 {
        self.hasher.hash_one(bytes)
    }

    pub(super) fn find(&self, raw: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(raw);
        self.index.find(hash, |at| raw_of(&self.entries, &self.arena, *at) == raw).copied()
    }

    /// Adds a series that [`Table::find`] does not know; `None` if there is no room for its bytes.
    pub(super) fn insert(&mut self, raw: &[u8], kind: Kind, role: Role, labels: Labels) -> Option<u32> {
        let start = u32::try_from(self.arena.len()).ok()?;
        let end = u32::try_from(self.arena.len() + raw.len()).ok()?;
        let at = u32::try_from(self.entries.len()).ok().filter(|at| *at < NONE - 1)?;
        self.arena.extend_from_slice(raw);
        self.entries.push(Entry {
            start,
            end,
            next: at + 1,
            seen: 0,
            lived: 0,
            kind,
            role,
            labels,
            last: f64::NAN,
            before: f64::NAN,
        });
        self.enter(at);
        Some(at)
    }

    fn enter(&mut self, at: u32) {
        let Self { entries, arena, index, hasher } = self;
        let hash = hasher.hash_one(raw_of(entries, arena, at));
        index.insert_unique(hash, at, |other| hasher.hash_one(raw_of(entries, arena, *other)));
    }

    /// Keeps the entries that `keep` names. Gives, for each old index, the new one or [`NONE`].
    pub(super) fn retain(&mut self, keep: impl Fn(&Entry) -> bool) -> Vec<u32> {
        let mut moved = vec![NONE; self.entries.len()];
        let old = std::mem::take(self);
        self.hasher = old.hasher;
        let kept = old.entries.iter().filter(|entry| keep(entry)).count();
        self.entries.reserve_exact(kept);
        self.index.reserve(kept, |_| 0);
        for (from, entry) in old.entries.iter().enumerate().filter(|(_, entry)| keep(entry)) {
            let raw = old.arena.get(entry.start as usize..entry.end as usize).unwrap_or_default();
            let start = self.arena.len() as u32;
            self.arena.extend_from_slice(raw);
            let at = self.entries.len() as u32;
            moved[from] = at;
            self.entries.push(Entry { start, end: self.arena.len() as u32, ..entry.clone() });
            self.enter(at);
        }
        for entry in &mut self.entries {
            entry.next = moved.get(entry.next as usize).copied().unwrap_or(NONE);
        }
        moved
    }

    /// Bytes of memory that the table takes, label sets included.
    pub(super) fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.arena.capacity()
            + self.index.capacity() * 5
            + self.entries.iter().map(|entry| entry.labels.heap_bytes()).sum::<usize>()
    }
}

fn raw_of<'a>(entries: &[Entry], arena: &'a [u8], at: u32) -> &'a [u8] {
    entries
        .get(at as usize)
        .and_then(|entry| arena.get(entry.start as usize..entry.end as usize))
        .unwrap_or_default()
}
