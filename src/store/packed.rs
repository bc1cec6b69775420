//! Samples in compressed form, outside of a store: as they lie on disk, and as a store takes them over whole.
//!
//! The bytes are those of a chunk (see `chunk`), or of several, each behind its length. Reading is total and checks
//! everything: bytes that no store wrote are refused, never shown.

use super::bits::{put_varint, take_varint};
use super::chunk::{self, Chunk};
use crate::units::Timestamp;
use std::fmt;

/// The most samples that the chunks of one piece of bytes may hold: a day at one a second.
const MOST: usize = 1 << 17;

/// Samples of one series, compressed, oldest first; times rise. At least one sample, at most 240.
#[derive(Clone, PartialEq)]
pub struct Packed(Chunk);

impl Packed {
    /// Packs samples, whose times must rise, into pieces of up to 240.
    pub fn pack(samples: &[(Timestamp, f64)]) -> Vec<Self> {
        samples.chunks(chunk::MOST).map(|piece| Self(Chunk::new(piece))).collect()
    }

    pub(super) fn chunk(self) -> Chunk {
        self.0
    }

    /// The time of its oldest sample.
    pub fn oldest(&self) -> Timestamp {
        Timestamp::from_millis(self.0.oldest())
    }

    /// The time of its newest sample.
    pub fn newest(&self) -> Timestamp {
        Timestamp::from_millis(self.0.newest())
    }

    /// How many samples it holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never so: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Appends its samples of `[from, to]` to `out`, oldest first, bit for bit as they were packed.
    pub fn pour(&self, from: Timestamp, to: Timestamp, out: &mut Vec<(Timestamp, f64)>) {
        self.0.pour(from.millis(), to.millis(), out);
    }

    /// All its samples, oldest first, bit for bit as they were packed.
    pub fn samples(&self) -> Vec<(Timestamp, f64)> {
        let mut out = Vec::with_capacity(self.len());
        self.0.pour(i64::MIN, i64::MAX, &mut out);
        out
    }

    /// Appends the bytes of several pieces to `out`: each behind its length as a varint (LEB128).
    pub fn write(pieces: &[Self], out: &mut Vec<u8>) {
        for piece in pieces {
            let bytes = piece.0.bytes();
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
    }

    /// Reads what [`Self::write`] wrote; nothing if the bytes are not such, or times do not rise from piece to piece.
    pub fn read(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let (mut out, mut total, mut newest) = (Vec::new(), 0, i64::MIN);
        let mut samples = Vec::with_capacity(chunk::MOST);
        while !bytes.is_empty() {
            let length = usize::try_from(take_varint(&mut bytes)).ok()?;
            let (piece, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            let piece = Chunk::from_bytes(piece);
            samples.clear();
            piece.pour(i64::MIN, i64::MAX, &mut samples);
            total += samples.len();
            if samples.is_empty() || samples.len() != piece.len() || total > MOST {
                return None;
            }
            let (oldest, last) = (piece.oldest(), piece.newest());
            let ends = samples.first().map(|s| s.0.millis()) == Some(oldest)
                && samples.last().map(|s| s.0.millis()) == Some(last);
            let rise = samples.iter().zip(samples.iter().skip(1)).all(|(a, b)| a.0 < b.0);
            if !ends || !rise || (newest != i64::MIN && oldest <= newest) {
                return None;
            }
            newest = last;
            out.push(Self(piece));
        }
        (!out.is_empty()).then_some(out)
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples of {}..{}", self.len(), self.oldest(), self.newest())
    }
}
