//! What a full screen of widgets costs to draw: `cargo bench -p warroom-widgets`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::{Block, Paragraph, Widget};
use warroom_widgets::{
    BudgetBar, Cell, Column, Graph, QueueBar, Row, Series, SparkMode, Sparkline, StatusLight, Table, Trend,
    Unit, human,
};

const SCREEN: Rect = Rect { x: 0, y: 0, width: 200, height: 60 };

fn values(seed: u32) -> Vec<Option<f64>> {
    (0..200_u32)
        .map(|n| (n % 37 != 5).then(|| f64::from((n + seed).wrapping_mul(2_654_435_761) >> 22)))
        .collect()
}

/// The baseline: twelve bordered panels of text.
fn panels(buf: &mut Buffer, text: &str) {
    for at in 0..12_u16 {
        let area = Rect { x: at % 4 * 50, y: at / 4 * 20, width: 50, height: 20 };
        Paragraph::new(text).block(Block::bordered().title("panel")).render(area, buf);
    }
}

/// Fifty services with state, budget bar, sparkline, numbers and queue.
fn table(buf: &mut Buffer, series: &[Vec<Option<f64>>]) {
    let columns = [
        Column::new("", 10),
        Column::new("service", 12).flex(1),
        Column::new("budget", 20),
        Column::new("p95", 6),
        Column::new("latency", 60).flex(1),
        Column::new("queue", 20),
    ];
    let rows: Vec<Row<'_>> = series
        .iter()
        .map(|series| {
            Row::new([
                Cell::widget(StatusLight::new("●", "up")),
                Cell::from("checkout"),
                Cell::widget(BudgetBar::new(0.64).label("13m")),
                Cell::from(human(812.0, Unit::Milliseconds)),
                Cell::widget(
                    Sparkline::new(series).mode(SparkMode::Braille).above(700.0, Style::new().fg(Color::Red)),
                ),
                Cell::widget(QueueBar::new(Some(640.0)).capacity(1_000.0).trend(Trend::Up)),
            ])
        })
        .collect();
    Table::new(&columns, &rows).selected(Some(7)).total(rows.len()).render(SCREEN, buf);
}

fn benches(criterion: &mut Criterion) {
    let mut buf = Buffer::empty(SCREEN);
    let text = "checkout burns its error budget 21 times too fast\n".repeat(18);
    criterion.bench_function("twelve text panels 200x60 (baseline)", |bench| {
        bench.iter(|| panels(black_box(&mut buf), &text));
    });
    let series: Vec<_> = (0..50).map(values).collect();
    criterion.bench_function("table of 50 rows with sparklines 200x60", |bench| {
        bench.iter(|| table(black_box(&mut buf), &series));
    });
    let points: Vec<Vec<(f64, f64)>> = series
        .iter()
        .take(4)
        .map(|series| {
            (0..).map(f64::from).zip(series.iter().map(|value| value.unwrap_or(f64::NAN))).collect()
        })
        .collect();
    let lines: Vec<Series<'_>> = points.iter().map(|points| Series::new("p95", points)).collect();
    criterion.bench_function("graph of four noisy series 200x60", |bench| {
        bench.iter(|| Graph::new(&lines).render(SCREEN, black_box(&mut buf)));
    });
}

criterion_group!(render, benches);
criterion_main!(render);
