//! One series: its labels, chunks of older samples, and the newest ones as they came.
//!
//! Knows nothing of other series, limits or the index.

use super::Bounds;
use super::chunk::{self, Chunk};
use super::tail::{self, Tail};
use crate::labels::Labels;
use crate::units::Timestamp;
use std::fmt;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Bytes of a series beside its labels and samples: itself, the counters of its `Arc`, its slot, what an allocator adds.
const OVERHEAD: usize = size_of::<Series>() + 16 + 8 + 8;

/// One series and its samples.
#[derive(Clone)]
pub struct Series {
    labels: Labels,
    /// Number of the metric's name in the index.
    pub(super) name: u32,
    /// Room in the tail before it is packed for the first time: spreads the work of packing over time.
    room: u8,
    /// So many samples stay in the tail when it is packed.
    stays: u8,
    /// What was read since then.
    read: Longest,
    /// Oldest first; all but the last are full.
    chunks: Vec<Chunk>,
    /// Never empty once there is a sample.
    tail: Tail,
}

impl Series {
    /// A series without samples; `spread` tells series apart that begin at the same moment.
    pub(super) fn new(labels: Labels, name: u32, spread: u32) -> Self {
        let room = (spread as usize % tail::MOST + 1) as u8;
        Self {
            labels,
            name,
            room,
            stays: 0,
            read: Longest::default(),
            chunks: Vec::new(),
            tail: Tail::default(),
        }
    }

    /// Its labels, the metric's name included.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Its newest sample.
    pub fn last(&self) -> Option<(Timestamp, f64)> {
        self.tail.last()
    }

    /// Its oldest sample's time.
    pub fn oldest(&self) -> Option<Timestamp> {
        let first = self.chunks.first().map_or(self.tail.oldest(), Chunk::oldest);
        (self.tail.len() > 0).then_some(Timestamp::from_millis(first))
    }

    /// How many samples it holds.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(Chunk::len).sum::<usize>() + self.tail.len()
    }

    /// No sample at all (never so for a series that a store gives out).
    pub fn is_empty(&self) -> bool {
        self.tail.len() == 0
    }

    /// The newest sample of the look-back window that ends at `t`, even if it is the stale marker.
    pub fn at(&self, t: Timestamp, lookback: Duration, bounds: Bounds) -> Option<(Timestamp, f64)> {
        let to = t.millis();
        let sample = match self.tail.at(to) {
            Some(sample) => sample,
            None => self.chunks.iter().rev().find(|c| c.oldest() <= to)?.at(to)?,
        };
        let floor = t - lookback;
        let inside = match bounds {
            Bounds::LeftOpen => sample.0 > floor,
            Bounds::LeftClosed => sample.0 >= floor,
        };
        inside.then_some(sample)
    }

    /// Appends the samples of `[from, to]` to `out`, oldest first, stale markers included.
    pub fn range(&self, from: Timestamp, to: Timestamp, out: &mut Vec<(Timestamp, f64)>) {
        let (from, to) = (from.millis(), to.millis());
        if from > to {
            return;
        }
        let before = out.len();
        if self.tail.oldest() > from {
            for chunk in self.chunks_from(from) {
                chunk.pour(from, to, out);
            }
        }
        self.tail.pour(from, to, out);
        self.read.saw(out.len() - before);
    }

    /// The samples from `from` on, one by one, oldest first.
    pub fn cursor(&self, from: Timestamp) -> Cursor<'_> {
        let from = from.millis();
        Cursor { from, chunks: self.chunks_from(from), tail: Some(&self.tail), buffer: Vec::new(), next: 0 }
    }

    /// The chunks that may hold samples at `from` or later: newest ones are asked for most.
    fn chunks_from(&self, from: i64) -> &[Chunk] {
        let recent = self.chunks.iter().rev().take_while(|c| c.newest() >= from).count();
        self.chunks.get(self.chunks.len() - recent..).unwrap_or(&[])
    }

    /// Appends a sample that is newer than all others; returns by how many bytes the series has grown.
    pub(super) fn push(&mut self, at: i64, value: f64) -> isize {
        let before = self.tail.heap_bytes().cast_signed();
        let mut grown = 0;
        if self.tail.len() >= usize::from(self.room) + usize::from(self.stays) {
            // One more than the window holds, so that the tail is seen to reach back to its beginning.
            self.stays = match self.read.take() {
                0 => 0,
                longest => longest + 1,
            };
            grown = self.pack(self.tail.len().saturating_sub(usize::from(self.stays)));
            self.room = tail::MOST as u8;
        }
        self.tail.push(at, value);
        grown + self.tail.heap_bytes().cast_signed() - before
    }

    /// Puts a chunk before all others: it must be older than they are. Returns by how many bytes the series has grown.
    pub(super) fn put_before(&mut self, chunk: Chunk) -> isize {
        let before = (self.chunks.capacity() * size_of::<Chunk>()).cast_signed();
        let bytes = chunk.heap_bytes().cast_signed();
        self.chunks.insert(0, chunk);
        bytes + (self.chunks.capacity() * size_of::<Chunk>()).cast_signed() - before
    }

    /// Moves the oldest `count` samples of the tail into the last chunk, or into a new one if that is full; returns by
    /// how many bytes the chunks have grown.
    fn pack(&mut self, count: usize) -> isize {
        if count == 0 {
            return 0;
        }
        let mut samples = Vec::with_capacity(chunk::MOST);
        let mut grown = -(self.chunks.capacity() * size_of::<Chunk>()).cast_signed();
        if self.chunks.last().is_some_and(|c| c.len() + count <= chunk::MOST)
            && let Some(young) = self.chunks.pop()
        {
            young.pour(i64::MIN, i64::MAX, &mut samples);
            grown -= young.heap_bytes().cast_signed();
        }
        let full = samples.len() + count;
        self.tail.pour(i64::MIN, i64::MAX, &mut samples);
        samples.truncate(full);
        let chunk = Chunk::new(&samples);
        grown += chunk.heap_bytes().cast_signed();
        // Room for one: growing by itself begins with four, and many series live a short life.
        if self.chunks.is_empty() {
            self.chunks.reserve_exact(1);
        }
        self.chunks.push(chunk);
        self.tail.drop_front(count);
        grown + (self.chunks.capacity() * size_of::<Chunk>()).cast_signed()
    }

    /// Bytes of memory that come and go with this series; its labels in full, though others may share them.
    pub(super) fn heap_bytes(&self) -> usize {
        OVERHEAD
            + self.labels.heap_bytes()
            + self.chunks.capacity() * size_of::<Chunk>()
            + self.chunks.iter().map(Chunk::heap_bytes).sum::<usize>()
            + self.tail.heap_bytes()
    }

    /// How many chunks it has.
    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// What can be dropped on its own, oldest first: the time of its newest sample in ms, and its bytes. The last one is
    /// the series itself.
    pub(super) fn units(&self) -> impl Iterator<Item = (i64, usize)> {
        let last = self.last().map_or(i64::MIN, |s| s.0.millis());
        let rest = OVERHEAD + self.labels.heap_bytes() + self.tail.heap_bytes();
        self.chunks.iter().map(|c| (c.newest(), c.heap_bytes())).chain(std::iter::once((last, rest)))
    }

    /// How many of [`Self::units`] `is_past` holds for, and how many samples they hold; times rise from unit to unit.
    pub(super) fn past(&self, is_past: impl Fn(i64) -> bool) -> (usize, usize) {
        let chunks = self.chunks.iter().take_while(|c| is_past(c.newest())).count();
        let samples = self.chunks.iter().take(chunks).map(Chunk::len).sum();
        if chunks == self.chunks.len() && self.last().is_none_or(|s| is_past(s.0.millis())) {
            return (chunks + 1, samples + self.tail.len());
        }
        (chunks, samples)
    }

    /// Drops the oldest `count` chunks.
    pub(super) fn drop_chunks(&mut self, count: usize) {
        self.chunks.drain(..count.min(self.chunks.len()));
    }
}

/// The longest window that was read of a series, in samples, of those that are short enough to keep.
#[derive(Default)]
struct Longest(AtomicU8);

impl Longest {
    fn saw(&self, samples: usize) {
        let samples = u8::try_from(samples).unwrap_or(u8::MAX);
        // A lost update costs one window that is unpacked.
        if usize::from(samples) <= tail::LONGEST_WINDOW && samples > self.0.load(Relaxed) {
            self.0.store(samples, Relaxed);
        }
    }

    fn take(&mut self) -> u8 {
        std::mem::take(self.0.get_mut())
    }
}

impl Clone for Longest {
    fn clone(&self) -> Self {
        Self(AtomicU8::new(self.0.load(Relaxed)))
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({} samples)", self.labels, self.len())
    }
}

/// Goes through the samples of a series, oldest first, a chunk at a time.
#[derive(Debug)]
pub struct Cursor<'a> {
    from: i64,
    chunks: &'a [Chunk],
    /// Taken when it is read, which it is last.
    tail: Option<&'a Tail>,
    buffer: Vec<(Timestamp, f64)>,
    next: usize,
}

impl Iterator for Cursor<'_> {
    type Item = (Timestamp, f64);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(sample) = self.buffer.get(self.next) {
                self.next += 1;
                return Some(*sample);
            }
            self.buffer.clear();
            self.next = 0;
            if let Some((chunk, rest)) = self.chunks.split_first() {
                chunk.pour(self.from, i64::MAX, &mut self.buffer);
                self.chunks = rest;
            } else {
                self.tail.take()?.pour(self.from, i64::MAX, &mut self.buffer);
            }
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples", self.len())
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples", self.len())
    }
}
