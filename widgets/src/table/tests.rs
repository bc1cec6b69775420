//! Tests of the table, apart from those of fitting columns.

use super::*;
use crate::paint::testing::{draw, rows, survives};
use crate::{Badge, SparkMode, Sparkline};
use ratatui_core::layout::Alignment;
use ratatui_core::style::{Color, Modifier};

fn columns() -> Vec<Column<'static>> {
    vec![
        Column::new("service", 6).preferred(8).flex(1).priority(200),
        Column::new("p95", 5).alignment(Alignment::Right).priority(150),
        Column::new("err", 4).priority(50),
    ]
}

fn body() -> Vec<Row<'static>> {
    const SERIES: [Option<f64>; 4] = [Some(0.0), Some(1.0), Some(2.0), Some(3.0)];
    vec![
        Row::new([
            Cell::from("checkout"),
            Cell::from("812ms".to_owned()),
            Cell::widget(Sparkline::new(&SERIES).max(3.0)),
        ]),
        Row::new([
            Cell::from("日本語サービス"),
            Cell::from(Line::from("31ms")),
            Cell::widget(Badge::new("OPEN")),
        ]),
        Row::new([Cell::from("short")]),
    ]
}

#[test]
fn columns_give_way_and_text_is_cut_by_width() {
    let (columns, rows_given) = (columns(), body());
    let table = Table::new(&columns, &rows_given);
    for (width, expected) in [
        (
            24,
            [
                "  service       p95 err ",
                "  checkout    812ms ▁▃▆█",
                "  日本語サー…  31ms OPEN",
                "  short                 ",
            ],
        ),
        (
            22,
            [
                "  service     p95 err ",
                "  checkout  812ms ▁▃▆█",
                "  日本語サ…  31ms OPEN",
                "  short               ",
            ],
        ),
        (14, ["  servi…   p95", "  check… 812ms", "  日本…   31ms", "  short       "]),
        (9, ["  service", "  checko…", "  日本語…", "  short  "]),
        (4, ["  s…", "  c…", "  … ", "  s…"]),
        (2, ["  ", "  ", "  ", "  "]),
    ] {
        let drawn = rows(&draw(&table, width, 4));
        assert_eq!(drawn, expected, "{width}");
    }
}

#[test]
fn selection_sort_and_scroll_bar() {
    let (columns, rows_given) = (columns(), body());
    let table = Table::new(&columns, &rows_given)
        .selected(Some(1))
        .offset(1)
        .total(3)
        .sort(Some(Sort { column: 1, descending: true }));
    assert_eq!(rows(&draw(&table, 16, 3)), ["  servi…  p95▼  ", "▌ 日本…   31ms │", "  short        █"]);
    let ascii = Table::new(&columns, &rows_given)
        .selected(Some(0))
        .glyphs(GlyphSet::Ascii)
        .sort(Some(Sort { column: 0, descending: false }));
    assert_eq!(rows(&draw(&ascii, 12, 2)), ["  service^  ", "> checkout  "]);
    let styled = Table::new(&columns, &rows_given)
        .selected(Some(0))
        .selected_style(Style::new().bg(Color::Blue).add_modifier(Modifier::BOLD));
    let buf = draw(&styled, 12, 3);
    assert!((0..12).all(|x| buf[(x, 1)].bg == Color::Blue && buf[(x, 2)].bg == Color::Reset));
}

#[test]
fn only_the_rows_in_sight_need_to_exist() {
    let columns = [Column::new("n", 4)];
    let names: Vec<String> = (40..43).map(|n| n.to_string()).collect();
    let window: Vec<Row<'_>> = names.iter().map(|name| Row::new([name.as_str()])).collect();
    let table = Table::new(&columns, &window).header(false).first(40).total(100).selected(Some(41));
    for (offset, expected) in [
        (40, ["  40  ", "▌ 41  ", "  42  "]),
        (41, ["▌ 41  ", "  42  ", "      "]),
        (39, ["      ", "  40  ", "▌ 41  "]),
        (0, ["      ", "      ", "      "]),
        (usize::MAX, ["      ", "      ", "      "]),
    ] {
        let table = Table { offset, glyphs: table.glyphs, empty: Line::default(), ..table };
        assert_eq!(rows(&draw(&table, 6, 3)), expected, "{offset}");
    }
}

#[test]
fn an_empty_table_says_so() {
    let columns = columns();
    let table = Table::new(&columns, &[]).empty("nothing matches");
    assert_eq!(rows(&draw(&table, 20, 2)), ["  service   p95 err ", "  nothing matches   "]);
    assert_eq!(rows(&draw(&table, 9, 2)), ["  service", "  nothin…"]);
}

#[test]
fn the_selection_stays_in_sight() {
    for (selected, offset, height, len, range) in [
        (None, 0, 10, 0, 0..0),
        (None, 0, 10, 5, 0..5),
        (Some(3), 9, 10, 5, 0..5),
        (Some(49), 0, 10, 50, 40..50),
        (Some(99), 0, 10, 50, 40..50),
        (Some(0), 30, 10, 50, 0..10),
        (Some(35), 30, 10, 50, 30..40),
        (Some(5), 3, 0, 50, 3..3),
        (Some(usize::MAX), usize::MAX, usize::MAX, usize::MAX, 0..usize::MAX),
        (Some(0), 0, 5, 0, 0..0),
    ] {
        assert_eq!(
            visible_range(selected, offset, height, len),
            range,
            "{selected:?} {offset} {height} {len}"
        );
    }
}

#[test]
fn clicks_are_understood() {
    let (columns, rows_given) = (columns(), body());
    let table = Table::new(&columns, &rows_given).offset(1);
    let area = Rect::new(5, 5, 22, 4);
    for (y, row) in [(0, None), (1, Some(1)), (2, Some(2)), (3, None), (4, None)] {
        assert_eq!(table.row_at(area, y), row, "{y}");
    }
    assert_eq!(table.placed(area).first().map(|placed| placed.x), Some(2));
}

#[test]
fn any_size() {
    let (columns, rows_given) = (columns(), body());
    survives(&Table::new(&columns, &rows_given));
    survives(
        &Table::new(&columns, &rows_given).total(usize::MAX).offset(usize::MAX).selected(Some(usize::MAX)),
    );
    survives(
        &Table::new(&columns, &rows_given).first(usize::MAX).sort(Some(Sort { column: 0, descending: true })),
    );
    survives(&Table::new(&[], &rows_given).gap(u16::MAX));
    let series = [Some(f64::NAN), Some(f64::INFINITY)];
    let odd =
        [Row::new([Cell::widget(Sparkline::new(&series).mode(SparkMode::Braille)), Cell::from("\u{1b}[2J")])];
    survives(&Table::new(&columns, &odd).header(false).marker(false));
}

#[test]
fn what_was_found_stands_out_where_it_stands() {
    let columns = [Column::new("name", 8), Column::new("right", 8).alignment(Alignment::Right)];
    let find = |text: &str| text.find("pay").map(|at| at..at + 3);
    let wild = |_: &str| Some(1..usize::MAX);
    let backwards = |_: &str| Some(Range { start: 3, end: 1 });
    for (text, style_at) in [
        ("pay", vec![0, 1, 2, 14, 15, 16]),
        ("日pay", vec![2, 3, 4, 14, 15, 16]),
        ("long payments", vec![5, 6, 7, 14, 15, 16]),
        ("a very long pay", vec![]),
        ("nothing", vec![]),
    ] {
        let rows = [Row::new([text, text])];
        let table = Table::new(&columns, &rows).header(false).marker(false);
        let buf = draw(&table.highlight(Some(Highlight::new(&find, Style::new().reversed()))), 17, 1);
        let reversed = (0..17).filter(|x| buf[(*x, 0)].modifier.contains(Modifier::REVERSED));
        assert_eq!(reversed.collect::<Vec<u16>>(), style_at, "{text}");
    }
    let rows = [Row::new(["日本語 pay", ""])];
    for find in [&wild as &dyn Fn(&str) -> Option<Range<usize>>, &backwards] {
        survives(&Table::new(&columns, &rows).highlight(Some(Highlight::new(find, Style::new().bold()))));
    }
}

#[test]
fn words_are_found_large_or_small_and_in_lines() {
    for (text, word, found) in [
        ("Payments", "PAY", Some(0..3)),
        ("checkout", "ou", Some(5..7)),
        ("日本Straße", "straße", Some(6..13)),
        ("İstanbul", "i", Some(0..2)),
        ("aab", "ab", Some(1..3)),
        ("abc", "", None),
        ("", "a", None),
        ("ab", "abc", None),
    ] {
        assert_eq!(find_word(text, word), found, "{word} in {text}");
    }
    let columns = [Column::new("state", 10)];
    let rows = [Row::new([Line::from(vec!["x ".into(), "degraded".into()])])];
    let table = Table::new(&columns, &rows).header(false).marker(false);
    let buf = draw(&table.highlight(Some(Highlight::word("GRA", Style::new().reversed()))), 10, 1);
    let reversed = (0..10).filter(|x| buf[(*x, 0)].modifier.contains(Modifier::REVERSED));
    assert_eq!(reversed.collect::<Vec<u16>>(), [4, 5, 6]);
    let chosen = Style::new().bg(Color::Blue);
    let found = Highlight::word("gra", Style::new().fg(Color::Black).bg(Color::Yellow));
    let table = Table::new(&columns, &rows).header(false).marker(false).highlight(Some(found));
    let buf = draw(&table.selected(Some(0)).selected_style(chosen), 10, 1);
    assert_eq!([buf[(3, 0)].bg, buf[(4, 0)].bg], [Color::Blue, Color::Yellow], "also in the selected row");
}
