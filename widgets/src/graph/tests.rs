//! Tests of the graph as a whole.

use super::*;
use crate::paint::testing::{draw, rows, survives};

const POINTS: [(f64, f64); 6] =
    [(0.0, 0.0), (1.0, 40.0), (2.0, f64::NAN), (3.0, 80.0), (4.0, 100.0), (5.0, 20.0)];

#[test]
fn a_picture_with_everything() {
    let series = [Series::new("p95", &POINTS)];
    let limits = [Threshold::new(90.0).label("limit")];
    let marks = [Mark::new(2.0, "v41"), Mark::new(2.1, "hidden")];
    let graph = Graph::new(&series).thresholds(&limits).marks(&marks);
    let drawn = rows(&draw(&graph, 40, 10));
    assert!(drawn[0].contains("⠒⠒ p95 20"), "{drawn:#?}");
    assert!(drawn[1].contains("100┤") && drawn[1].contains("v41"), "{drawn:#?}");
    assert!(drawn.iter().any(|row| row.ends_with("limit")), "{drawn:#?}");
    assert!(!drawn.iter().any(|row| row.contains("hidden")), "labels never cover one another: {drawn:#?}");
    assert!(drawn[8].contains('└') && drawn[8].contains('┬'), "{drawn:#?}");
}

#[test]
fn a_gap_breaks_the_line() {
    let points = [(0.0, 1.0), (1.0, 1.0), (2.0, f64::NAN), (4.0, 1.0), (5.0, 1.0)];
    for (series, expected) in
        [(Series::new("", &points), "⠉⠁⠀⠀⠈⠉"), (Series::new("", &points[3..]).max_gap(0.5), "⠁⠀⠀⠀⠀⠈")]
    {
        let series = [series];
        let graph = Graph::new(&series).legend(false);
        let drawn = rows(&draw(&graph, 6, 1)).remove(0).replace(' ', "⠀");
        assert_eq!(drawn, expected);
    }
}

#[test]
fn ascii_gives_each_series_its_letter() {
    let (low, high) = ([(0.0, 0.0), (9.0, 0.0)], [(0.0, 9.0), (9.0, 9.0)]);
    let series = [Series::new("low", &low), Series::new("high", &high)];
    let graph = Graph::new(&series).glyphs(GlyphSet::Ascii);
    let drawn = rows(&draw(&graph, 40, 8));
    assert!(drawn.iter().all(|row| row.is_ascii()), "{drawn:#?}");
    assert!(drawn[0].contains("* low 0   o high 9"), "{drawn:#?}");
    assert!(drawn.iter().any(|row| row.contains("****")) && drawn.iter().any(|row| row.contains("oooo")));
}

#[test]
fn the_cursor_reads_the_values() {
    let series = [Series::new("p95", &POINTS)];
    for (moment, value) in [(1.5, "40"), (2.5, "–"), (4.0, "100"), (-1.0, "–"), (f64::NAN, "–")] {
        let drawn = rows(&draw(&Graph::new(&series).cursor(Some(moment)), 40, 10));
        assert!(drawn[0].contains(&format!("p95 {value} ")), "{moment}: {drawn:#?}");
    }
    let graph = Graph::new(&series);
    let area = Rect::new(10, 0, 40, 10);
    assert_eq!(graph.x_at(area, 9), None);
    assert_eq!(graph.x_at(area, 50), None);
    assert!(graph.x_at(area, 49).is_some_and(|x| x > 4.8 && x < 5.0));
}

#[test]
fn nothing_to_draw_is_said() {
    for points in [&[][..], &[(f64::NAN, 1.0)], &[(1.0, f64::NAN)]] {
        let series = [Series::new("p95", points)];
        let drawn = rows(&draw(&Graph::new(&series).empty("no samples yet"), 40, 10));
        assert!(drawn.iter().any(|row| row.contains("no samples yet")), "{drawn:#?}");
    }
}

#[test]
fn any_size() {
    let wild = [
        (f64::NEG_INFINITY, f64::INFINITY),
        (f64::MIN, f64::MAX),
        (0.0, f64::MIN),
        (1.0, 137.0),
        (f64::MAX, f64::NAN),
    ];
    let series = [Series::new("日本語", &wild), Series::new("", &[]), Series::new("p95", &POINTS)];
    let limits =
        [Threshold::new(f64::NAN), Threshold::new(f64::INFINITY), Threshold::new(50.0).label("日本")];
    let marks = [Mark::new(f64::NAN, "x"), Mark::new(2.0, "日本語"), Mark::new(4.99, "edge")];
    for glyphs in [GlyphSet::Unicode, GlyphSet::Ascii] {
        let graph = Graph::new(&series).thresholds(&limits).marks(&marks).glyphs(glyphs).time(true);
        survives(&graph);
        survives(&graph.x_bounds(5.0, -5.0).y_bounds(f64::NAN, f64::INFINITY).cursor(Some(0.0)));
    }
    survives(&Graph::new(&[]));
}

#[test]
fn a_paged_graph_stands_still_between_two_steps() {
    let points: Vec<(f64, f64)> = (0..400_u32).map(|n| (f64::from(n), f64::from(20 + n * 7 % 13))).collect();
    let frame = |newest: usize| {
        let shown = &points[newest - 200..=newest];
        let series = [Series::new("", shown)];
        let newest = newest as f64;
        let graph = Graph::new(&series).legend(false).pages(8).x_bounds(newest - 200.0, newest);
        draw(&graph, 100, 12)
    };
    let changed: Vec<usize> = (201..399).map(|at| frame(at).diff(&frame(at + 1)).len()).collect();
    let steps = changed.iter().filter(|cells| **cells > 30).count();
    assert_eq!(steps, 7, "it moves once in 25 points: {changed:?}");
    assert!(
        changed.iter().filter(|cells| **cells <= 12).count() >= 190,
        "a new point is few cells: {changed:?}"
    );
}

#[test]
fn the_legend_of_a_paged_graph_shows_the_newest() {
    let points: Vec<(f64, f64)> = (0..=101_u32).map(|n| (f64::from(n), f64::from(n))).collect();
    let series = [Series::new("p95", &points).max_gap(1.5)];
    let drawn = rows(&draw(&Graph::new(&series).pages(8).x_bounds(1.0, 101.0), 40, 8));
    assert!(drawn[0].contains("p95 101"), "{drawn:#?}");
}
