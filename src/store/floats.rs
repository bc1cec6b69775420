//! A column of values: decimal numbers as integers, constants once, all else as XOR of neighbours.
//!
//! Metrics are decimal text: most values are a short integer over a power of ten, and dividing one by the other gives
//! back the very same bits, since both are exact and division rounds correctly (the idea is that of ALP: Afroozeh et al.,
//! "ALP: Adaptive Lossless floating-Point Compression", 2023). XOR is that of Gorilla (Pelkonen et al., 2015).

use super::bits::{BitReader, BitWriter, Patches, take_byte};
use super::ints::{self, Ints};

/// Powers of ten that a double holds exactly and that are of use here.
const POWERS: [f64; 17] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];

/// First byte of a decimal column: its power of ten, with this bit if the integers are shifted.
const SHIFTED: u8 = 0x20;
/// First byte of a column of equal values.
const CONSTANT: u8 = 0x40;
/// First byte of a column of XORs.
const XOR: u8 = 0x41;

/// Integers up to here are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends `values`, at most 256 of them, in the order in which they will be read.
pub(super) fn encode(values: &[f64], out: &mut Vec<u8>) {
    let start = out.len();
    if decimal(values, out) {
        // What is decimal by accident, or so wide that XOR does as well, is not worth a comparison below half.
        if out.len() - start <= values.len() * 4 {
            return;
        }
        let mut other = Vec::new();
        bitwise(values, &mut other);
        if other.len() < out.len() - start {
            out.truncate(start);
            out.extend_from_slice(&other);
        }
        return;
    }
    out.truncate(start);
    bitwise(values, out);
}

fn bitwise(values: &[f64], out: &mut Vec<u8>) {
    let first = values.first().copied().unwrap_or(0.0).to_bits();
    if values.iter().all(|v| v.to_bits() == first) {
        out.push(CONSTANT);
        out.extend_from_slice(&first.to_le_bytes());
    } else {
        out.push(XOR);
        xor(values, out);
    }
}

/// The integer that `value` is at a power of ten, if dividing brings back the same bits.
#[inline]
fn at_power(value: f64, power: usize) -> Option<i64> {
    let by = *POWERS.get(power)?;
    let scaled = (value * by).round();
    // By way of the integer, which knows no negative zero.
    let int = scaled as i64;
    (scaled.abs() < EXACT && (int as f64 / by).to_bits() == value.to_bits()).then_some(int)
}

/// Appends a decimal column, unless too many values are no decimals of one power.
fn decimal(values: &[f64], out: &mut Vec<u8>) -> bool {
    let room = values.len() / 16 + 1;
    let mut power = 0;
    let mut missed = 0;
    for value in values {
        match (power..POWERS.len()).find(|p| at_power(*value, *p).is_some()) {
            Some(found) => power = found,
            None => missed += 1,
        }
        if missed > room {
            return false;
        }
    }
    let mut patches: Vec<(u8, u64)> = Vec::new();
    let mut column: Vec<i64> = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        if let Some(int) = at_power(*value, power) {
            // Places before the first decimal take its value: they are patched, and so they cost no width.
            if patches.len() == place {
                column.fill(int);
            }
            column.push(int);
        } else {
            patches.push((place as u8, value.to_bits()));
            column.push(column.last().copied().unwrap_or(0));
        }
    }
    if patches.len() > room || patches.len() == values.len() {
        return false;
    }
    let shift = column.iter().fold(0, |all, int| all | int).trailing_zeros() % 64;
    if shift > 1 {
        for int in &mut column {
            *int >>= shift;
        }
        out.extend_from_slice(&[power as u8 | SHIFTED, shift as u8]);
    } else {
        out.push(power as u8);
    }
    Patches::put(out, &patches);
    ints::encode(&column, out);
    true
}

/// Appends each value as its XOR with the one before: `0` for none, `10` in the window of the last, `11` and a window.
fn xor(values: &[f64], out: &mut Vec<u8>) {
    let mut bits = BitWriter::default();
    let mut before = 0_u64;
    let (mut window, mut trailing) = (0_u32, 0_u32);
    for (place, value) in values.iter().enumerate() {
        let now = value.to_bits();
        if place == 0 {
            bits.put(now, 64);
            before = now;
            continue;
        }
        let xor = now ^ before;
        before = now;
        if xor == 0 {
            bits.put(0b0, 1);
            continue;
        }
        let (leads, trails) = (xor.leading_zeros(), xor.trailing_zeros());
        let needed = 64 - leads - trails;
        let inside = window > 0 && trails >= trailing && 64 - leads <= trailing + window;
        // A window of its own costs twelve bits more: worth it where the old one is much too wide.
        if inside && window <= needed + 12 {
            bits.put(0b01, 2);
        } else {
            (window, trailing) = (needed, trails);
            bits.put(0b11, 2);
            bits.put(u64::from(trailing), 6);
            bits.put(u64::from(window - 1), 6);
        }
        bits.put(xor >> trailing, window);
    }
    out.extend_from_slice(&bits.finish());
}

/// Reads a column of values.
#[derive(Clone)]
pub(super) enum Floats<'a> {
    /// Always the same.
    Constant(f64),
    /// Integers over a power of ten.
    Decimal(Decimal<'a>),
    /// XORs of neighbours.
    Xor(Xor<'a>),
}

/// Reads integers over a power of ten.
#[derive(Clone)]
pub(super) struct Decimal<'a> {
    ints: Ints<'a>,
    patches: Patches<'a>,
    by: f64,
    shift: u32,
    place: usize,
}

/// Reads XORs of neighbours.
#[derive(Clone)]
pub(super) struct Xor<'a> {
    bits: BitReader<'a>,
    value: u64,
    window: u32,
    trailing: u32,
    started: bool,
}

impl<'a> Floats<'a> {
    /// Reads the column of `count` values that `bytes` is.
    pub(super) fn new(mut bytes: &'a [u8], count: usize) -> Self {
        let head = take_byte(&mut bytes);
        match head {
            CONSTANT => Self::Constant(f64::from_bits(BitReader::new(bytes).take(64))),
            XOR => Self::Xor(Xor {
                bits: BitReader::new(bytes),
                value: 0,
                window: 0,
                trailing: 0,
                started: false,
            }),
            _ => {
                let shift = if head & SHIFTED != 0 { u32::from(take_byte(&mut bytes)) % 64 } else { 0 };
                let by = POWERS.get((head & !SHIFTED) as usize).copied().unwrap_or(1.0);
                let patches = Patches::take(&mut bytes);
                Self::Decimal(Decimal { ints: Ints::take(&mut bytes, count), patches, by, shift, place: 0 })
            }
        }
    }
}

impl Decimal<'_> {
    /// The next value. The caller knows how many there are.
    #[inline]
    pub(super) fn next(&mut self) -> f64 {
        let value = (self.ints.next() << self.shift) as f64 / self.by;
        let place = self.place;
        self.place += 1;
        self.patches.at(place).map_or(value, f64::from_bits)
    }
}

impl Xor<'_> {
    /// The next value. The caller knows how many there are.
    #[inline]
    pub(super) fn next(&mut self) -> f64 {
        if !self.started {
            self.started = true;
            self.value = self.bits.take(64);
        } else if self.bits.take(1) == 1 {
            if self.bits.take(1) == 1 {
                self.trailing = self.bits.take(6) as u32;
                self.window = self.bits.take(6) as u32 + 1;
            }
            self.value ^= self.bits.take(self.window) << self.trailing;
        }
        f64::from_bits(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::STALE_NAN;

    fn check(values: &[f64]) -> usize {
        let mut bytes = Vec::new();
        encode(values, &mut bytes);
        let mut reader = Floats::new(&bytes, values.len());
        for (place, value) in values.iter().enumerate() {
            let read = match &mut reader {
                Floats::Constant(value) => *value,
                Floats::Decimal(decimal) => decimal.next(),
                Floats::Xor(xor) => xor.next(),
            };
            assert_eq!(read.to_bits(), value.to_bits(), "place {place} of {values:?}");
        }
        bytes.len()
    }

    fn column(f: impl Fn(u64) -> f64) -> Vec<f64> {
        (0..240).map(f).collect()
    }

    #[test]
    fn values_come_back_and_are_small() {
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        for (name, values, most) in [
            ("one", vec![1.0], 6),
            ("constant", column(|_| 17.0), 8),
            ("constant fraction", column(|_| 1.0 / 3.0), 12),
            ("constant stale", column(|_| STALE_NAN), 9),
            ("counter", column(|i| (i * 150 + noise(i) % 64) as f64), 220),
            ("seconds", column(|i| (i * 1500 + noise(i) % 1000) as f64 / 1000.0), 360),
            ("pages", column(|i| (50_000 + noise(i) % 256) as f64 * 4096.0), 250),
            ("one stale", column(|i| if i == 100 { STALE_NAN } else { (i % 8) as f64 }), 130),
            ("first stale", column(|i| if i < 2 { STALE_NAN } else { 1e9 + (i % 8) as f64 }), 130),
            ("odd bits", vec![-0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, f64::MAX], 64),
            ("negative", column(|i| -((i * 3 + 1) as f64)), 10),
            ("all bits", column(|i| f64::from_bits(noise(i) << 40 | noise(i + 1) << 16)), 240 * 9),
        ] {
            let bytes = check(&values);
            assert!(bytes <= most, "{name}: {bytes} bytes");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bits_come_back(bits in proptest::collection::vec(proptest::num::u64::ANY, 1..=256)) {
            check(&bits.into_iter().map(f64::from_bits).collect::<Vec<_>>());
        }

        #[test]
        fn mixed_values_come_back(values in proptest::collection::vec(
            proptest::prop_oneof![
                20 => (-1000_i64..1000, 0_usize..6).prop_map(|(n, p)| n as f64 / POWERS[p]),
                1 => proptest::num::u64::ANY.prop_map(f64::from_bits),
                1 => proptest::sample::select(vec![STALE_NAN, -0.0, f64::INFINITY, EXACT, 1e22]),
            ], 1..=256))
        {
            check(&values);
        }
    }

    use proptest::strategy::Strategy as _;
}
