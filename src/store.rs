//! Series in memory: samples in compressed chunks, found by their labels, limited in age and in bytes.
//!
//! Pure: time is an argument. Knows nothing of PromQL, targets or where samples come from.

mod bits;
mod chunk;
mod floats;
mod index;
mod ints;
mod packed;
mod past;
mod series;
mod shelf;
mod sweep;
mod tail;
#[cfg(test)]
mod tests;

pub use packed::Packed;
pub use past::Prepended;
pub use series::{Cursor, Series};

use crate::labels::{Labels, Matcher};
use crate::units::Timestamp;
use index::Found;
use shelf::Shelf;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Which ends belong to a look-back window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// `(t - lookback, t]`, as Prometheus 3.
    LeftOpen,
    /// `[t - lookback, t]`, as Prometheus 2.
    LeftClosed,
}

/// What a store may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long samples are kept, counted back from the time given to [`Store::retain_since`].
    pub retention: Duration,
    /// The most bytes of memory, labels and index included: reached, the oldest samples go.
    pub max_bytes: usize,
}

impl Limits {
    /// No limit at all: for data that is loaded once and asked.
    pub const NONE: Self = Self { retention: Duration::MAX, max_bytes: usize::MAX };
}

impl Default for Limits {
    fn default() -> Self {
        Self::NONE
    }
}

/// What became of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Stored; it began a series.
    New,
    /// Stored.
    Stored,
    /// Dropped: its series has a sample of that time, which stays, whatever its value.
    Duplicate,
    /// Dropped: its series has a newer sample.
    OutOfOrder,
    /// Dropped: older than the retention allows.
    TooOld,
    /// Dropped: more series have the hash of these labels than chance can bring about.
    Refused,
}

/// Figures of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Series held.
    pub series: usize,
    /// Samples held.
    pub samples: usize,
    /// Bytes of memory: samples and labels counted, index tables estimated. What a snapshot keeps alive is not in it.
    pub bytes: usize,
    /// Samples dropped because their series had a newer one.
    pub out_of_order: u64,
    /// Samples dropped because their series had one of that time.
    pub duplicates: u64,
    /// Samples dropped on arrival because they were past retention.
    pub too_old: u64,
    /// Samples dropped because their labels collide with too many others.
    pub refused: u64,
    /// Samples dropped to stay below the cap on memory.
    pub dropped_by_cap: u64,
    /// Samples dropped because they grew too old.
    pub dropped_by_retention: u64,
    /// The time of the oldest sample held.
    pub oldest: Option<Timestamp>,
}

/// What can be asked of a [`Store`] and of a [`Snapshot`] alike.
pub trait Read {
    /// The series that all `matchers` accept, in the order in which they began. A label that is not there counts as
    /// `""`.
    fn select(&self, matchers: &[Matcher]) -> Vec<&Series>;
    /// The series of exactly these labels.
    fn get(&self, labels: &Labels) -> Option<&Series>;
    /// All label names, sorted.
    fn label_names(&self) -> Vec<String>;
    /// All values of one label, sorted.
    fn label_values(&self, name: &str) -> Vec<String>;
    /// All metric names, sorted.
    fn metric_names(&self) -> Vec<String>;
    /// Grows whenever what can be read has changed.
    fn version(&self) -> u64;
    /// The last version at which a series of this name changed; at least as high for names that are not known, where
    /// some were forgotten.
    fn name_version(&self, metric_name: &str) -> u64;
}

/// Hands [`Read`] on to the field `shelf`, and offers the same without the trait in scope.
macro_rules! read_shelf {
    ($owner:ty) => {
        impl $owner {
            /// As [`Read::select`].
            pub fn select(&self, matchers: &[Matcher]) -> Vec<&Series> {
                self.shelf.select(matchers)
            }

            /// As [`Read::get`].
            pub fn get(&self, labels: &Labels) -> Option<&Series> {
                self.shelf.get(labels)
            }

            /// All series, in the order in which they began.
            pub fn all(&self) -> Vec<&Series> {
                self.shelf.select(&[])
            }

            /// As [`Read::label_names`].
            pub fn label_names(&self) -> Vec<String> {
                self.shelf.label_names()
            }

            /// As [`Read::label_values`].
            pub fn label_values(&self, name: &str) -> Vec<String> {
                self.shelf.label_values(name)
            }

            /// As [`Read::metric_names`].
            pub fn metric_names(&self) -> Vec<String> {
                self.shelf.metric_names()
            }

            /// As [`Read::version`].
            pub fn version(&self) -> u64 {
                self.shelf.version()
            }

            /// As [`Read::name_version`].
            pub fn name_version(&self, metric_name: &str) -> u64 {
                self.shelf.name_version(metric_name)
            }
        }

        impl Read for $owner {
            fn select(&self, matchers: &[Matcher]) -> Vec<&Series> {
                self.shelf.select(matchers)
            }

            fn get(&self, labels: &Labels) -> Option<&Series> {
                self.shelf.get(labels)
            }

            fn label_names(&self) -> Vec<String> {
                self.shelf.label_names()
            }

            fn label_values(&self, name: &str) -> Vec<String> {
                self.shelf.label_values(name)
            }

            fn metric_names(&self) -> Vec<String> {
                self.shelf.metric_names()
            }

            fn version(&self) -> u64 {
                self.shelf.version()
            }

            fn name_version(&self, metric_name: &str) -> u64 {
                self.shelf.name_version(metric_name)
            }
        }
    };
}

/// All series, and the one who writes to them.
pub struct Store {
    shelf: Shelf,
    limits: Limits,
    stats: Stats,
    /// Bytes of all series, without what is common to them.
    series_bytes: usize,
    /// Samples before this time (in ms) are too old.
    floor: i64,
    /// No unit that could be dropped ends before this time (in ms).
    earliest_end: i64,
    /// What was appended since somebody took it, for whoever keeps samples elsewhere.
    record: past::Record,
}

read_shelf!(Store);

/// A store as it was at one moment: shares its chunks, and never changes.
#[derive(Clone)]
pub struct Snapshot {
    shelf: Shelf,
}

read_shelf!(Snapshot);

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            shelf: Shelf::default(),
            limits,
            stats: Stats::default(),
            series_bytes: 0,
            floor: i64::MIN,
            earliest_end: i64::MAX,
            record: past::Record::default(),
        }
    }

    /// Adds one sample, and makes room for it if need be. The value's bits are kept as they are.
    pub fn append(&mut self, labels: &Labels, at: Timestamp, value: f64) -> Appended {
        let ms = at.millis();
        if ms < self.floor {
            self.stats.too_old += 1;
            return Appended::TooOld;
        }
        let (id, outcome) = match self.shelf.find(labels) {
            Found::Id(id) => (id, Appended::Stored),
            Found::Absent => (self.begin(labels, ms), Appended::New),
            Found::Crowded => {
                self.stats.refused += 1;
                return Appended::Refused;
            }
        };
        let Some(series) = self.shelf.slots.get_mut(id as usize).and_then(Option::as_mut) else {
            return Appended::Refused;
        };
        match series.last() {
            Some(last) if last.0 == at => {
                self.stats.duplicates += 1;
                return Appended::Duplicate;
            }
            Some(last) if last.0 > at => {
                self.stats.out_of_order += 1;
                return Appended::OutOfOrder;
            }
            _ => {}
        }
        let grown = Arc::make_mut(series).push(ms, value);
        self.series_bytes = self.series_bytes.saturating_add_signed(grown);
        self.shelf.version += 1;
        if let Some(version) = self.shelf.names.get_mut(series.name as usize) {
            *version = self.shelf.version;
        }
        self.stats.samples += 1;
        self.record.push(labels, at, value);
        self.count_bytes();
        self.relieve();
        outcome
    }

    /// Enters a series that has no sample yet.
    fn begin(&mut self, labels: &Labels, at: i64) -> u32 {
        let id = self.shelf.slots.len() as u32;
        let index = Arc::make_mut(&mut self.shelf.index);
        let name = index.name_id(labels.name().unwrap_or(""));
        if self.shelf.names.len() <= name as usize {
            self.shelf.names.resize(name as usize + 1, 0);
        }
        let slots = &self.shelf.slots;
        index.insert(id, labels, |id| slots.get(id as usize)?.as_deref().map(Series::labels));
        let series = Series::new(labels.clone(), name, id);
        self.series_bytes += series.heap_bytes();
        self.shelf.slots.push(Some(Arc::new(series)));
        self.stats.series += 1;
        self.earliest_end = self.earliest_end.min(at);
        let at = Timestamp::from_millis(at);
        self.stats.oldest = Some(self.stats.oldest.map_or(at, |oldest| oldest.min(at)));
        id
    }

    fn count_bytes(&mut self) {
        self.stats.bytes = self.series_bytes + self.shelf.index.bytes() + self.shelf.names.len() * 8;
    }

    /// How much there is, and how much was dropped.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// A store of its own that begins as this one is now. Chunks are shared until one of the two appends to a series.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            shelf: self.shelf.clone(),
            limits: self.limits,
            stats: self.stats,
            series_bytes: self.series_bytes,
            floor: self.floor,
            earliest_end: self.earliest_end,
            record: past::Record::default(),
        }
    }

    /// The store as it is now. Costs a counter a series; afterwards whoever appends copies what is still shared.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { shelf: self.shelf.clone() }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new(Limits::NONE)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("limits", &self.limits)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.shelf.version).finish_non_exhaustive()
    }
}
