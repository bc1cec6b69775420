//! Which series carry which label: from name and value to numbers of series, in rising order.
//!
//! Numbers only grow; those of series that are gone stay listed until [`Index::renumber`]. Strings come from outside:
//! all tables are seeded.

use crate::labels::{Labels, NAME};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher as _;

/// Bytes that one entry of a table takes beside its heap parts, with the table's usual share of empty slots.
const SLOT: usize = 64;

/// At most this many different label sets with one and the same hash are kept: more are no accident.
const MOST_OF_ONE_HASH: usize = 16;

/// Numbers of series in rising order; most values of most labels belong to few.
#[derive(Clone)]
pub(super) enum Ids {
    One(u32),
    Many(Vec<u32>),
}

impl Ids {
    pub(super) fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    fn push(&mut self, id: u32) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, id]),
            Self::Many(ids) => ids.push(id),
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Many(ids) => 16 + ids.capacity() * 4,
        }
    }
}

/// The values of one label.
pub(super) type Values = HashMap<Box<str>, Ids>;

/// What [`Index::find`] knows of a label set.
pub(super) enum Found {
    /// The number of its series.
    Id(u32),
    /// Not there.
    Absent,
    /// Not there, and too many others have its hash.
    Crowded,
}

/// The index over all series of a store.
#[derive(Clone, Default)]
pub(super) struct Index {
    labels: HashMap<Box<str>, Values>,
    sets: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Numbers of metric names, for their versions.
    names: HashMap<Box<str>, u32>,
    bytes: usize,
}

impl Index {
    /// Bytes of memory, tables estimated.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The series of a label set; `get` tells the labels of a number that is not gone.
    pub(super) fn find<'a>(&self, labels: &Labels, get: impl Fn(u32) -> Option<&'a Labels>) -> Found {
        let mut crowd = 0;
        let same = |id: &u32| {
            let Some(other) = get(*id) else { return false };
            if other == labels {
                return true;
            }
            crowd += usize::from(other.hash64() == labels.hash64());
            false
        };
        match self.sets.find(self.hasher.hash_one(labels.hash64()), same) {
            Some(id) => Found::Id(*id),
            None if crowd >= MOST_OF_ONE_HASH => Found::Crowded,
            None => Found::Absent,
        }
    }

    /// The number of a metric's name, new if it has none yet.
    pub(super) fn name_id(&mut self, name: &str) -> u32 {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = self.names.len() as u32;
        self.bytes += SLOT + name.len();
        self.names.insert(name.into(), id);
        id
    }

    /// The number of a metric's name.
    pub(super) fn name(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    /// Enters a series: its number must be above all others.
    pub(super) fn insert<'a>(&mut self, id: u32, labels: &Labels, get: impl Fn(u32) -> Option<&'a Labels>) {
        let hasher = &self.hasher;
        let hash = |id: &u32| get(*id).map_or(0, |labels| hasher.hash_one(labels.hash64()));
        self.sets.insert_unique(hasher.hash_one(labels.hash64()), id, hash);
        self.bytes += 8;
        for (name, value) in labels.iter() {
            if !self.labels.contains_key(name) {
                self.bytes += SLOT + name.len();
                self.labels.insert(name.into(), Values::default());
            }
            let Some(values) = self.labels.get_mut(name) else { continue };
            if let Some(ids) = values.get_mut(value) {
                let before = ids.heap_bytes();
                ids.push(id);
                self.bytes += ids.heap_bytes() - before;
            } else {
                self.bytes += SLOT + value.len();
                values.insert(value.into(), Ids::One(id));
            }
        }
    }

    /// Takes a series out of what [`Self::find`] finds; the lists of its labels are cleaned by [`Self::renumber`].
    pub(super) fn remove(&mut self, id: u32, labels: &Labels) {
        if let Ok(entry) = self.sets.find_entry(self.hasher.hash_one(labels.hash64()), |other| *other == id) {
            entry.remove();
            self.bytes = self.bytes.saturating_sub(8);
        }
    }

    /// Gives every series its new number, `None` for those that are gone. New numbers must rise with the old.
    pub(super) fn renumber<'a>(&mut self, new: &[Option<u32>], get: impl Fn(u32) -> Option<&'a Labels>) {
        let number = |id: u32| new.get(id as usize).copied().flatten();
        let mut bytes = 0;
        self.labels.retain(|label, values| {
            values.retain(|value, ids| {
                let kept: Vec<u32> = ids.as_slice().iter().filter_map(|id| number(*id)).collect();
                let none = kept.is_empty();
                *ids = match kept[..] {
                    [one] => Ids::One(one),
                    _ => Ids::Many(kept),
                };
                bytes += if none { 0 } else { SLOT + value.len() + ids.heap_bytes() };
                !none
            });
            values.shrink_to_fit();
            bytes += if values.is_empty() { 0 } else { SLOT + label.len() };
            !values.is_empty()
        });
        let mut sets = HashTable::new();
        let hash = |id: &u32| get(*id).map_or(0, |labels| self.hasher.hash_one(labels.hash64()));
        for id in self.sets.iter().filter_map(|id| number(*id)) {
            sets.insert_unique(hash(&id), id, hash);
        }
        bytes += sets.len() * 8;
        self.sets = sets;
        self.bytes = bytes + self.names.keys().map(|name| SLOT + name.len()).sum::<usize>();
    }

    /// Forgets the metric names that no series has; returns for each new number the old one.
    pub(super) fn renumber_names(&mut self) -> Vec<(u32, u32)> {
        let live = self.labels.get(NAME);
        self.names.retain(|name, _| name.is_empty() || live.is_some_and(|values| values.contains_key(name)));
        let mut moved: Vec<(u32, u32)> = Vec::with_capacity(self.names.len());
        for id in self.names.values_mut() {
            let new = moved.len() as u32;
            moved.push((new, *id));
            *id = new;
        }
        moved
    }

    /// The values of one label.
    pub(super) fn values(&self, name: &str) -> Option<&Values> {
        self.labels.get(name)
    }

    /// All labels and their values.
    pub(super) fn labels(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.labels.iter().map(|(name, values)| (&**name, values))
    }
}
