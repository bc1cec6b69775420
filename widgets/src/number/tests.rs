//! Tests of numbers.

use super::*;

#[test]
fn numbers_are_short_and_carry_their_unit() {
    for (value, unit, text) in [
        (0.0, Unit::Count, "0"),
        (-0.0, Unit::Count, "0"),
        (4.0, Unit::Count, "4"),
        (4.25, Unit::Count, "4.2"),
        (42.0, Unit::Count, "42"),
        (0.042, Unit::Count, "0.04"),
        (0.0042, Unit::Count, "0.004"),
        (0.000_042, Unit::Count, "4e-5"),
        (999.4, Unit::Count, "999"),
        (999.6, Unit::Count, "1.0k"),
        (1_234.0, Unit::Count, "1.2k"),
        (12_345.0, Unit::Count, "12k"),
        (999_499.0, Unit::Count, "999k"),
        (999_999.0, Unit::Count, "1.0M"),
        (-1_234.0, Unit::Count, "-1.2k"),
        (1e300, Unit::Count, "1e300"),
        (f64::MAX, Unit::Bytes, "2e308B"),
        (f64::NAN, Unit::Count, "–"),
        (f64::INFINITY, Unit::Seconds, "inf"),
        (f64::NEG_INFINITY, Unit::Ratio, "-inf"),
        (350.0, Unit::PerSecond, "350/s"),
        (0.0, Unit::Seconds, "0s"),
        (812.0, Unit::Milliseconds, "812ms"),
        (4.2, Unit::Milliseconds, "4.2ms"),
        (0.24, Unit::Milliseconds, "240us"),
        (2e-7, Unit::Seconds, "200ns"),
        (999.7, Unit::Milliseconds, "1.0s"),
        (1.25, Unit::Seconds, "1.2s"),
        (59.4, Unit::Seconds, "59s"),
        (59.7, Unit::Seconds, "1m"),
        (90.0, Unit::Seconds, "1m30s"),
        (720.0, Unit::Seconds, "12m"),
        (-780.0, Unit::Seconds, "-13m"),
        (3_900.0, Unit::Seconds, "1h05m"),
        (50_400.0, Unit::Seconds, "14h"),
        (200_000.0, Unit::Seconds, "2d07h"),
        (2_592_000.0, Unit::Seconds, "30d"),
        (1e9, Unit::Seconds, "32y"),
        (512.0, Unit::Bytes, "512B"),
        (1_536.0, Unit::Bytes, "1.5KiB"),
        (1_572_864.0, Unit::Bytes, "1.5MiB"),
        (1_048_000.0, Unit::Bytes, "1.0MiB"),
        (2048.0, Unit::BytesPerSecond, "2.0KiB/s"),
        (0.042, Unit::Ratio, "4.2%"),
        (0.0, Unit::Ratio, "0.0%"),
        (1.0, Unit::Ratio, "100%"),
        (0.999_99, Unit::Ratio, "99.9%"),
        (0.9995, Unit::Ratio, "99.9%"),
        (1.37, Unit::Ratio, "137%"),
        (-0.0001, Unit::Ratio, "0.0%"),
        (50.0, Unit::Percent, "50.0%"),
        (21.44, Unit::Times, "21.4x"),
        (0.0, Unit::Times, "0.0x"),
        (720.0, Unit::Times, "720x"),
        (14_400.0, Unit::Times, "14kx"),
    ] {
        assert_eq!(human(value, unit), text, "{value} {unit:?}");
    }
}

#[test]
fn no_number_is_long() {
    let units = [
        Unit::Count,
        Unit::PerSecond,
        Unit::Seconds,
        Unit::Milliseconds,
        Unit::Bytes,
        Unit::BytesPerSecond,
        Unit::Percent,
        Unit::Ratio,
        Unit::Times,
    ];
    for unit in units {
        let mut value = 1e-9;
        while value < 1e18 {
            let text = human(value, unit);
            let most = match unit {
                Unit::BytesPerSecond => 8,
                Unit::PerSecond => 7,
                _ => 6,
            };
            assert!(text.len() <= most, "{value} {unit:?} is {text}");
            value *= 1.7;
        }
    }
}

#[test]
fn objectives_are_never_rounded_up() {
    for (ratio, text) in [
        (0.9995, "99.95"),
        (0.999, "99.9"),
        (0.95, "95"),
        (0.0, "0"),
        (0.123_456, "12.345"),
        (0.999_999, "99.999"),
        (f64::NAN, "–"),
        (-0.5, "-50"),
    ] {
        assert_eq!(objective(ratio, 3), text, "{ratio}");
    }
}

#[test]
fn round_numbers() {
    for (value, nice) in [
        (812.0, 1000.0),
        (1000.0, 1000.0),
        (1001.0, 1250.0),
        (0.3, 0.3),
        (0.31, 0.4),
        (7.0, 8.0),
        (9.5, 10.0),
        (0.0, 0.0),
        (-3.0, -3.0),
        (f64::INFINITY, f64::INFINITY),
        (f64::MAX, f64::MAX),
    ] {
        let got = nice_ceil(value);
        assert!(got.total_cmp(&nice).is_eq() || (got - nice).abs() <= nice.abs() * 1e-9, "{value}: {got}");
    }
    assert!(nice_ceil(f64::NAN).is_nan());
    for exponent in -300..300 {
        let value = 1.37 * 10_f64.powi(exponent);
        let nice = nice_ceil(value);
        assert!(nice >= value && nice <= value * 1.5, "{value} {nice}");
    }
}

#[test]
fn ticks_are_round_few_and_inside() {
    for (min, max, count, expected) in [
        (0.0, 1.0, 5, vec![0.0, 0.5, 1.0]),
        (0.0, 1.0, 6, vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 812.0, 5, vec![0.0, 200.0, 400.0, 600.0, 800.0]),
        (-10.0, 10.0, 5, vec![-10.0, -5.0, 0.0, 5.0, 10.0]),
        (3.0, 3.0, 5, vec![]),
        (5.0, 1.0, 5, vec![]),
        (0.0, f64::INFINITY, 5, vec![]),
        (f64::NAN, 1.0, 5, vec![]),
        (0.0, 1.0, 0, vec![]),
    ] {
        let got = ticks(min, max, count);
        assert_eq!(got.len(), expected.len(), "{min} {max} {count}: {got:?}");
        for (one, other) in got.iter().zip(&expected) {
            assert!((one - other).abs() < 1e-9, "{got:?}");
        }
    }
    for (min, max) in
        [(0.0, 1.0), (1e-9, 3e-9), (1e15, 1e15 + 7.0), (-5.0, 1e6), (f64::MIN / 4.0, f64::MAX / 4.0)]
    {
        for count in [1, 2, 3, 5, 10, 1000] {
            for tick in ticks(min, max, count).iter().chain(&time_ticks(min, max, count)) {
                let slack = (max - min) * 1e-6;
                assert!(*tick >= min - slack && *tick <= max + slack, "{tick} in {min}..{max}");
            }
            assert!(ticks(min, max, count).len() <= count.min(MAX_TICKS));
            assert!(time_ticks(min, max, count).len() <= count.min(MAX_TICKS));
        }
    }
}

#[test]
fn moments_are_those_of_a_clock() {
    for (min, max, count, expected) in [
        (70.0, 3_600.0, 4, vec![900.0, 1800.0, 2700.0, 3600.0]),
        (0.0, 60.0, 4, vec![0.0, 30.0, 60.0]),
        (0.0, 30.0 * DAY, 3, vec![0.0, 14.0 * DAY, 28.0 * DAY]),
        (0.0, 0.5, 2, vec![0.0, 0.5]),
    ] {
        assert_eq!(time_ticks(min, max, count), expected);
    }
    assert!(!time_ticks(0.0, 400.0 * YEAR, 5).is_empty());
}
