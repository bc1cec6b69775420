//! Bits, variable-length integers and patches: the bottom of the chunk format.
//!
//! Reading is total: past the end come zeros, never a panic.

/// Writes bits, the lowest first.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u128,
    filled: u32,
}

impl BitWriter {
    /// Appends the lowest `width` bits of `value` (at most 64).
    pub(super) fn put(&mut self, value: u64, width: u32) {
        self.pending |= u128::from(value & mask(width)) << self.filled;
        self.filled += width;
        while self.filled >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.filled -= 8;
        }
    }

    /// The bytes; the last one is filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes
    }
}

/// Reads what [`BitWriter`] wrote.
#[derive(Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `width` bits (at most 64).
    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u64 {
        if width == 0 {
            return 0;
        }
        let (byte, shift) = (self.at / 8, (self.at % 8) as u32);
        self.at += width as usize;
        let low = match self.bytes.get(byte..byte + 8).and_then(|bytes| bytes.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word) >> shift,
            None => self.last_word(byte) >> shift,
        };
        let high = if shift + width > 64 { self.ninth(byte) << (64 - shift) } else { 0 };
        (low | high) & mask(width)
    }

    /// Fewer than eight bytes are left: seldom enough to stay out of the loops.
    #[cold]
    fn last_word(&self, byte: usize) -> u64 {
        let rest = self.bytes.get(byte..).unwrap_or(&[]);
        rest.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b))
    }

    #[cold]
    fn ninth(&self, byte: usize) -> u64 {
        u64::from(self.bytes.get(byte + 8).copied().unwrap_or(0))
    }
}

/// The lowest `width` bits set.
#[inline]
pub(super) fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

/// Appends `value`, seven bits a byte, the lowest first (LEB128).
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes what [`put_varint`] wrote off the front of `bytes`.
#[inline]
pub(super) fn take_varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0_u64, 0_u32);
    while let Some((first, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

/// Takes one byte off the front of `bytes`, zero past the end.
#[inline]
pub(super) fn take_byte(bytes: &mut &[u8]) -> u8 {
    let Some((first, rest)) = bytes.split_first() else { return 0 };
    *bytes = rest;
    *first
}

/// Small negative numbers become small numbers.
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// The opposite of [`zigzag`].
#[inline]
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Places of a column that its rule does not cover, each with what stands there instead.
#[derive(Clone)]
pub(super) struct Patches<'a> {
    rest: &'a [u8],
    left: u8,
    next: usize,
}

impl<'a> Patches<'a> {
    /// Appends `patches` (place, content), in order of place; at most 255.
    pub(super) fn put(out: &mut Vec<u8>, patches: &[(u8, u64)]) {
        out.push(patches.len() as u8);
        for (place, content) in patches {
            out.push(*place);
            put_varint(out, *content);
        }
    }

    /// Takes what [`Self::put`] wrote off the front of `bytes`.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Self {
        let left = take_byte(bytes);
        let mut patches = Self { rest: bytes, left, next: usize::MAX };
        for _ in 0..left {
            take_byte(bytes);
            take_varint(bytes);
        }
        patches.step();
        patches
    }

    fn step(&mut self) {
        self.next = if self.left > 0 { take_byte(&mut self.rest) as usize } else { usize::MAX };
        self.left = self.left.saturating_sub(1);
    }

    /// What stands at `place` instead; places must be asked for in order.
    #[inline]
    pub(super) fn at(&mut self, place: usize) -> Option<u64> {
        if place != self.next {
            return None;
        }
        Some(self.content())
    }

    #[cold]
    fn content(&mut self) -> u64 {
        let content = take_varint(&mut self.rest);
        self.step();
        content
    }

    /// Is there nothing left to patch?
    pub(super) fn is_empty(&self) -> bool {
        self.next == usize::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_any_width_come_back() {
        let widths = [1, 64, 3, 57, 0, 63, 7, 8, 64, 33];
        let mut writer = BitWriter::default();
        for (i, width) in widths.iter().enumerate() {
            writer.put(0x9e37_79b9_7f4a_7c15_u64.rotate_left(i as u32 * 7), *width);
        }
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        for (i, width) in widths.iter().enumerate() {
            let expected = 0x9e37_79b9_7f4a_7c15_u64.rotate_left(i as u32 * 7) & mask(*width);
            assert_eq!(reader.take(*width), expected, "number {i}");
        }
        assert_eq!(BitReader::new(&[]).take(64), 0, "past the end come zeros");
    }

    #[test]
    fn integers_come_back() {
        for value in [0, 1, -1, 63, -64, 64, 15_000, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, zigzag(value));
            let mut rest = &bytes[..];
            assert_eq!(unzigzag(take_varint(&mut rest)), value);
            assert!(rest.is_empty(), "{value}");
        }
        assert_eq!(take_varint(&mut &[0xff; 20][..]), u64::MAX, "too long a number ends somewhere");
    }
}
