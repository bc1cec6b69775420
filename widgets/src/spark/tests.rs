//! Tests of the sparkline.

use super::*;
use crate::paint::testing::{draw, rows, survives};
use ratatui_core::style::Color;

fn values(numbers: &[f64]) -> Vec<Option<f64>> {
    numbers.iter().map(|number| Some(*number)).collect()
}

#[test]
fn pictures() {
    let ramp = values(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    let spark = Sparkline::new(&ramp).max(7.0);
    for (name, spark, width, height, expected) in [
        ("block", spark, 8, 1, vec!["▁▂▃▄▅▆▇█"]),
        ("newest of many", spark, 3, 1, vec!["▆▇█"]),
        ("right", spark, 10, 1, vec!["  ▁▂▃▄▅▆▇█"]),
        ("left", spark.alignment(Alignment::Left), 10, 1, vec!["▁▂▃▄▅▆▇█  "]),
        ("two rows", spark, 8, 2, vec!["    ▂▄▆█", "▁▃▅▇████"]),
        ("braille", spark.mode(SparkMode::Braille), 4, 1, vec!["⣀⣤⣶⣿"]),
        ("braille rows", spark.mode(SparkMode::Braille), 4, 2, vec!["  ⣠⣾", "⣠⣾⣿⣿"]),
        ("ascii", spark.glyphs(GlyphSet::Ascii), 8, 1, vec!["_.:-=+*#"]),
        ("ascii braille", spark.mode(SparkMode::Braille).glyphs(GlyphSet::Ascii), 4, 1, vec![".-+#"]),
        ("clamped", spark.min(2.0).max(5.0), 8, 1, vec!["▁▁▁▃▆███"]),
        ("inverted scale", spark.min(9.0).max(2.0), 8, 1, vec!["▁▁▁▁▁▁▁▁"]),
        ("scale without a span", spark.min(3.0).max(3.0), 8, 1, vec!["▁▁▁▁████"]),
        ("NaN scale", spark.min(f64::NAN).max(f64::INFINITY), 8, 1, vec!["▁▂▃▄▅▅▆▇"]),
    ] {
        assert_eq!(rows(&draw(&spark, width, height)), expected, "{name}");
    }
}

#[test]
fn a_gap_is_not_a_zero() {
    let gaps = [Some(0.0), None, Some(f64::NAN), Some(4.0), Some(f64::INFINITY), Some(f64::NEG_INFINITY)];
    assert_eq!(rows(&draw(&Sparkline::new(&gaps), 6, 1)), ["▁  ██▁"]);
    assert_eq!(rows(&draw(&Sparkline::new(&gaps).gap("·"), 6, 1)), ["▁··██▁"]);
    assert_eq!(rows(&draw(&Sparkline::new(&gaps).mode(SparkMode::Braille), 3, 1)), ["⡀⢸⣇"]);
    assert_eq!(rows(&draw(&Sparkline::new(&[None; 3]), 3, 1)), ["   "]);
    let quiet = values(&[0.0, 0.0]);
    assert_eq!(rows(&draw(&Sparkline::new(&quiet), 2, 1)), ["▁▁"]);
    let below = values(&[-4.0, 0.0, 4.0]);
    assert_eq!(rows(&draw(&Sparkline::new(&below), 3, 1)), ["▁▅█"]);
    let huge = values(&[f64::MIN, 0.0, f64::MAX]);
    assert_eq!(rows(&draw(&Sparkline::new(&huge), 3, 1)), ["▁▅█"]);
}

#[test]
fn values_above_a_limit_have_their_own_style() {
    let series = values(&[1.0, 2.0, 3.0]);
    let spark = Sparkline::new(&series).above(1.0, Color::Yellow).above(2.5, Color::Red);
    let buf = draw(&spark, 3, 1);
    let colours: Vec<Color> = (0..3).map(|x| buf[(x, 0)].fg).collect();
    assert_eq!(colours, [Color::Reset, Color::Yellow, Color::Red]);
    let crowded = spark.above(9.0, Color::Blue).above(0.0, Color::Green);
    assert_eq!(draw(&crowded, 3, 1), buf, "a fourth limit is not kept");
}

#[test]
fn a_sweep_changes_the_new_cell_and_the_head_only() {
    let numbers: Vec<f64> = (0..100_u32).map(|n| f64::from(n * 7 % 11)).collect();
    for (mode, width) in [(SparkMode::Block, 10), (SparkMode::Braille, 10), (SparkMode::Block, 2)] {
        for newest in 20..60_usize {
            let frame = |newest: usize| {
                let series = values(&numbers[..=newest]);
                draw(&Sparkline::new(&series).mode(mode).max(10.0).sweep(newest as u64), width, 1)
            };
            let (before, after) = (frame(newest), frame(newest + 1));
            assert!(before.diff(&after).len() <= 2, "{mode:?} {newest}");
        }
    }
    let series = values(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(rows(&draw(&Sparkline::new(&series).max(7.0).sweep(7), 5, 1)), ["▆▇█ ▅"]);
    assert_eq!(rows(&draw(&Sparkline::new(&series).max(7.0).sweep(u64::MAX), 1, 1)), ["█"]);
    let few = values(&[7.0]);
    assert_eq!(rows(&draw(&Sparkline::new(&few).max(7.0).sweep(3), 5, 1)), ["   █ "]);
}

#[test]
fn the_scale_seldom_moves() {
    for (numbers, scale) in [
        (vec![], (0.0, 1.0)),
        (vec![0.0], (0.0, 1.0)),
        (vec![812.0], (0.0, 1000.0)),
        (vec![830.0, 990.0], (0.0, 1000.0)),
        (vec![-812.0], (-1000.0, 0.0)),
    ] {
        assert_eq!(Sparkline::scale(&values(&numbers), None, None), scale, "{numbers:?}");
    }
}

#[test]
fn any_size() {
    let hostile =
        values(&[1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, -0.0, 137.0]);
    for mode in [SparkMode::Block, SparkMode::Braille] {
        for glyphs in [GlyphSet::Unicode, GlyphSet::Ascii] {
            let spark = Sparkline::new(&hostile).mode(mode).glyphs(glyphs);
            survives(&spark);
            survives(&spark.sweep(u64::MAX));
            survives(&spark.max(f64::MAX).min(f64::MIN));
            survives(&Sparkline::new(&[]).mode(mode).glyphs(glyphs).sweep(0));
        }
    }
}
