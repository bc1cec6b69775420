//! Seeded noise: the same seed, stream and second give the same number, in whatever order they are asked for.

/// A number in 0..1 that depends on nothing but its arguments (the finaliser of `SplitMix64`, Steele et al. 2014).
pub(super) fn unit(seed: u64, stream: u64, second: u64) -> f64 {
    let mut x =
        seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03) ^ second.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A factor around 1 that drifts over a minute or two and trembles from second to second.
pub(super) fn breathe(seed: u64, stream: u64, second: u64) -> f64 {
    let phase = unit(seed, stream, u64::MAX) * std::f64::consts::TAU;
    let period = 70.0 + 60.0 * unit(seed, stream, u64::MAX - 1);
    let drift = (phase + second as f64 * std::f64::consts::TAU / period).sin();
    1.0 + 0.12 * drift + 0.16 * (unit(seed, stream, second) - 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_stays_in_its_bounds_and_depends_on_every_argument() {
        let mut sum = 0.0;
        for second in 0..10_000 {
            let value = unit(7, 3, second);
            assert!((0.0..1.0).contains(&value));
            assert!((0.79..=1.21).contains(&breathe(7, 3, second)));
            sum += value;
        }
        assert!((sum / 10_000.0 - 0.5).abs() < 0.02, "mean {}", sum / 10_000.0);
        let base = unit(1, 2, 3).to_bits();
        for other in [unit(2, 2, 3), unit(1, 3, 3), unit(1, 2, 4)] {
            assert_ne!(base, other.to_bits());
        }
    }
}
