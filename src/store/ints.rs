//! A column of integers: each kept as its distance from a base, or from the one before it, in as few bits as
//! nearly all of them need; the few that do not fit are patched.
//!
//! The idea is that of PFOR and PFOR-DELTA (Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", 2006). Bytes:
//! order and width, patches, base, start (order 1 only), then the packed distances.

use super::bits::{BitReader, BitWriter, Patches, put_varint, take_byte, take_varint, unzigzag, zigzag};

/// Set in the first byte if the distances are from the one before.
const DELTAS: u8 = 0x80;

/// At most this many distances are patched on either side of the packed range.
const MOST_PATCHES: usize = 8;

/// A packed range: distances in `base ..= base + (2^width - 1)` need no patch.
#[derive(Clone, Copy)]
struct Fit {
    base: i64,
    width: u32,
    bits: usize,
}

/// Appends `ints`, at most 256 of them, in the order in which they will be read.
pub(super) fn encode(ints: &[i64], out: &mut Vec<u8>) {
    let mut deltas = Vec::with_capacity(ints.len());
    let mut before = None;
    for int in ints {
        // The first distance is made up below so that it costs no patch.
        deltas.push(before.map_or(0, |b: i64| int.wrapping_sub(b)));
        before = Some(*int);
    }
    let plain = fit(ints);
    let delta = fit(deltas.get(1..).unwrap_or(&[]));
    let first = ints.first().copied().unwrap_or(0);
    // A start costs up to ten bytes; a base close to the values costs about as much.
    if plain.bits <= delta.bits {
        write(ints, plain, 0, None, out);
    } else {
        if let Some(d) = deltas.first_mut() {
            *d = delta.base;
        }
        write(&deltas, delta, DELTAS, Some(first.wrapping_sub(delta.base)), out);
    }
}

fn write(distances: &[i64], fit: Fit, order: u8, start: Option<i64>, out: &mut Vec<u8>) {
    let mut packed = BitWriter::default();
    let mut patches = Vec::new();
    for (place, distance) in distances.iter().enumerate() {
        let above = distance.wrapping_sub(fit.base) as u64;
        let fits = above <= super::bits::mask(fit.width);
        packed.put(if fits { above } else { 0 }, fit.width);
        if !fits {
            patches.push((place as u8, zigzag(*distance)));
        }
    }
    out.push(order | fit.width as u8);
    Patches::put(out, &patches);
    put_varint(out, zigzag(fit.base));
    if let Some(start) = start {
        put_varint(out, zigzag(start));
    }
    out.extend_from_slice(&packed.finish());
}

/// The cheapest range: a few of the smallest and of the largest may be left out of it.
fn fit(distances: &[i64]) -> Fit {
    let (Some(least), Some(most)) = (distances.iter().min(), distances.iter().max()) else {
        return Fit { base: 0, width: 0, bits: 0 };
    };
    let all = span(*least, *most);
    let mut best = Fit { base: *least, width: all, bits: distances.len() * all as usize };
    let patch = 8 + 8 * (all as usize / 7 + 1);
    let room = MOST_PATCHES.min(distances.len() / 4);
    if best.bits <= patch || room == 0 {
        return best;
    }
    let mut sorted = distances.to_vec();
    let end = sorted.len() - 1;
    sorted.select_nth_unstable(room);
    let (low, rest) = sorted.split_at_mut(room + 1);
    low.sort_unstable();
    let tail = rest.len().saturating_sub(room + 1);
    rest.select_nth_unstable(tail);
    if let Some(high) = rest.get_mut(tail..) {
        high.sort_unstable();
    }
    for left_out in 1..=room {
        for below in 0..=left_out {
            let (Some(from), Some(to)) = (sorted.get(below), sorted.get(end - (left_out - below))) else {
                continue;
            };
            let width = span(*from, *to);
            let bits = distances.len() * width as usize + left_out * patch;
            if bits < best.bits {
                best = Fit { base: *from, width, bits };
            }
        }
    }
    best
}

/// Bits that tell `least ..= most` apart.
fn span(least: i64, most: i64) -> u32 {
    64 - (most.wrapping_sub(least) as u64).leading_zeros()
}

/// Reads a column.
#[derive(Clone)]
pub(super) struct Ints<'a> {
    packed: BitReader<'a>,
    width: u32,
    base: i64,
    patches: Patches<'a>,
    /// All ones where distances add up, else zero.
    keep: i64,
    value: i64,
    place: usize,
}

impl<'a> Ints<'a> {
    /// Takes a column of `count` integers off the front of `bytes`.
    pub(super) fn take(bytes: &mut &'a [u8], count: usize) -> Self {
        let head = take_byte(bytes);
        let patches = Patches::take(bytes);
        let base = unzigzag(take_varint(bytes));
        let deltas = head & DELTAS != 0;
        let start = if deltas { unzigzag(take_varint(bytes)) } else { 0 };
        let width = u32::from(head & !DELTAS).min(64);
        let (packed, rest) = bytes.split_at((count * width as usize).div_ceil(8).min(bytes.len()));
        *bytes = rest;
        Self {
            packed: BitReader::new(packed),
            width,
            base,
            patches,
            keep: -i64::from(deltas),
            value: start,
            place: 0,
        }
    }

    /// The next integer. The caller knows how many there are.
    #[inline]
    pub(super) fn next(&mut self) -> i64 {
        let packed = self.base.wrapping_add(self.packed.take(self.width).cast_signed());
        let distance = self.patches.at(self.place).map_or(packed, unzigzag);
        self.place += 1;
        self.value = (self.value & self.keep).wrapping_add(distance);
        self.value
    }

    /// The distance of any two neighbours, if it is always the same.
    pub(super) fn step(&self) -> Option<i64> {
        (self.width == 0 && self.patches.is_empty()).then_some(self.base & self.keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ints: &[i64]) -> usize {
        let mut bytes = Vec::new();
        encode(ints, &mut bytes);
        let mut rest = &bytes[..];
        let mut reader = Ints::take(&mut rest, ints.len());
        assert!(rest.is_empty(), "all bytes belong to the column: {ints:?}");
        let read: Vec<i64> = ints.iter().map(|_| reader.next()).collect();
        assert_eq!(read, ints);
        bytes.len()
    }

    #[test]
    fn columns_come_back_and_are_small() {
        let regular: Vec<i64> = (0..240).map(|i| i * 15_000).collect();
        let mut reset: Vec<i64> = (0..240).map(|i| 1_000_000 + i * 100 + i % 7).collect();
        for value in &mut reset[120..] {
            *value -= 1_010_000;
        }
        for (name, ints, most) in [
            ("empty", vec![], 3),
            ("one", vec![42], 4),
            ("regular", regular, 8),
            ("constant", vec![7; 240], 4),
            ("one reset", reset, 125),
            ("extremes", vec![i64::MIN, i64::MAX, 0, -1, i64::MIN], 60),
            ("one outlier", (0..240).map(|i| if i == 9 { i64::MAX } else { i % 4 }).collect(), 75),
        ] {
            let bytes = check(&ints);
            assert!(bytes <= most, "{name}: {bytes} bytes");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_integers_come_back(ints in proptest::collection::vec(proptest::num::i64::ANY, 0..=256)) {
            check(&ints);
        }

        #[test]
        fn near_and_far_integers_come_back(ints in proptest::collection::vec(
            proptest::prop_oneof![9 => -50_i64..50, 1 => proptest::num::i64::ANY], 0..=256))
        {
            check(&ints);
        }
    }
}
