//! The past of a store that outlives it: what was appended is recorded for whoever keeps it elsewhere, and what was kept
//! comes back in front of what is there, newest first, without unpacking it.

use super::Store;
use super::index::Found;
use super::packed::Packed;
use crate::labels::Labels;
use crate::target::Sample;
use crate::units::Timestamp;
use std::sync::Arc;

/// What became of samples that were put in front of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepended {
    /// Stored: all of them, or those that are older than what the series has.
    Stored,
    /// Dropped: the series has samples of all that time.
    Known,
    /// Dropped: older than the retention allows.
    TooOld,
    /// Dropped: there is no room, and what is oldest goes first.
    Full,
    /// Dropped: more series have the hash of these labels than chance can bring about.
    Refused,
}

/// The most samples that are recorded without anybody taking them; beyond, the oldest go: some 12 MiB.
const MOST_RECORDED: usize = 1 << 19;

/// Samples as they were appended, if somebody asked for it.
#[derive(Default)]
pub(super) struct Record {
    on: bool,
    samples: Vec<Sample>,
}

impl Record {
    pub(super) fn push(&mut self, labels: &Labels, at: Timestamp, value: f64) {
        if self.on {
            if self.samples.len() >= MOST_RECORDED {
                self.samples.drain(..MOST_RECORDED / 2);
            }
            self.samples.push(Sample { labels: labels.clone(), at, value });
        }
    }
}

impl Store {
    /// From now on what is appended can be taken with [`Self::take_recorded`].
    pub fn record(&mut self) {
        self.record.on = true;
    }

    /// How many samples were recorded and not taken.
    pub fn recorded(&self) -> usize {
        self.record.samples.len()
    }

    /// What was appended since the last call, in the order in which it came; nothing unless [`Self::record`] was called.
    pub fn take_recorded(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.record.samples)
    }

    /// Puts samples in front of a series, or begins one with them. Costs a look-up: they are taken over as they are, where
    /// they do not overlap with what is there. They are not recorded.
    pub fn prepend(&mut self, labels: &Labels, packed: Packed) -> Prepended {
        if packed.newest().millis() < self.floor {
            return Prepended::TooOld;
        }
        let id = match self.shelf.find(labels) {
            Found::Id(id) => id,
            Found::Absent => return self.begin_with(labels, &packed),
            Found::Crowded => return Prepended::Refused,
        };
        let Some(oldest) = self.shelf.series(id).and_then(super::Series::oldest) else {
            return Prepended::Refused;
        };
        let pieces = if packed.newest() < oldest {
            vec![packed]
        } else if packed.oldest() < oldest {
            let mut older = Vec::new();
            packed.pour(packed.oldest(), Timestamp::from_millis(oldest.millis() - 1), &mut older);
            Packed::pack(&older)
        } else {
            return Prepended::Known;
        };
        for piece in pieces.into_iter().rev() {
            let chunk = piece.chunk();
            if self.stats.bytes + chunk.heap_bytes() > self.limits.max_bytes {
                return Prepended::Full;
            }
            let Some(series) = self.shelf.slots.get_mut(id as usize).and_then(Option::as_mut) else {
                return Prepended::Refused;
            };
            self.stats.samples += chunk.len();
            self.earliest_end = self.earliest_end.min(chunk.newest());
            let from = Timestamp::from_millis(chunk.oldest());
            self.stats.oldest = Some(self.stats.oldest.map_or(from, |oldest| oldest.min(from)));
            let grown = Arc::make_mut(series).put_before(chunk);
            let name = series.name;
            self.series_bytes = self.series_bytes.saturating_add_signed(grown);
            self.shelf.version += 1;
            if let Some(version) = self.shelf.names.get_mut(name as usize) {
                *version = self.shelf.version;
            }
        }
        self.count_bytes();
        Prepended::Stored
    }

    /// A series of which nothing is known begins with the samples; they are not recorded.
    fn begin_with(&mut self, labels: &Labels, packed: &Packed) -> Prepended {
        // Labels, index and samples: what a series of one chunk takes, roughly and rather too much.
        if self.stats.bytes + labels.heap_bytes() * 2 + packed.len() * 16 + 512 > self.limits.max_bytes {
            return Prepended::Full;
        }
        let mut samples = packed.samples();
        let Some((at, value)) = samples.pop() else { return Prepended::Known };
        let on = std::mem::replace(&mut self.record.on, false);
        self.append(labels, at, value);
        self.record.on = on;
        // The newest one begins the series, the others go in front of it as they are: appended one by one they would be
        // packed over and over again.
        let mut done = Prepended::Stored;
        for piece in Packed::pack(&samples) {
            done = self.prepend(labels, piece);
        }
        done
    }
}
