//! The pages of the gallery: each widget in the room it needs and in less, over figures that are the same on every
//! machine.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};
use warroom_widgets::number::human_or;
use warroom_widgets::table::visible_range;
use warroom_widgets::{
    Badge, BudgetBar, BurnBar, Cell, Column, Digits, GlyphSet, Graph, HeatMap, HeatRow, Highlight, Mark,
    Moment, QueueBar, Row, Series, Sort, SparkMode, Sparkline, StatusLight, Table, Threshold, Timeline,
    Trend, Unit,
};

pub(crate) const DIM: Style = Style::new().fg(Color::DarkGray);
pub(crate) const GOOD: Style = Style::new().fg(Color::Green);
pub(crate) const WARN: Style = Style::new().fg(Color::Yellow);
pub(crate) const BAD: Style = Style::new().fg(Color::Red);
pub(crate) const CALM: Style = Style::new().fg(Color::Cyan);
pub(crate) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
/// A number, with the alphabet's own glyph for what is not known.
fn short(glyphs: GlyphSet, value: f64, unit: Unit) -> String {
    human_or(Some(value), unit, glyphs.glyphs().unknown)
}

pub(crate) fn panel(title: &str, area: Rect, buf: &mut Buffer, glyphs: GlyphSet) -> Rect {
    let block = Block::bordered()
        .border_set(glyphs.glyphs().border)
        .border_style(DIM)
        .title(Line::from(vec![Span::raw(" "), Span::styled(title, STRONG), Span::raw(" ")]));
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

/// Status lights, breaker badges and queues, each in the room it needs and in less.
pub(crate) fn states(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("status lights, badges, queues", area, buf, glyphs);
    let g = glyphs.glyphs();
    let mut lines = (inner.top()..inner.bottom()).map(|y| Rect { y, height: 1, ..inner });
    let widths = [24, 12, 9, 6, 3, 1];
    let mut row = |draw: &dyn Fn(Rect, &mut Buffer)| {
        let Some(line) = lines.next() else { return };
        let mut x = line.x;
        for width in widths {
            draw(Rect { x, width, ..line }.intersection(line), buf);
            x = x.saturating_add(width + 2);
        }
    };
    for (glyph, word, style) in [
        (g.good, "up", GOOD),
        (g.warning, "degraded", WARN),
        (g.bad, "down", BAD),
        (g.partial, "warming up", CALM),
        (g.unclear, "unknown", DIM),
        (g.off, "stale 43s", DIM),
    ] {
        row(&|place, buf| StatusLight::new(glyph, word).style(style).glyphs(glyphs).render(place, buf));
    }
    row(&|_, _| {});
    for (word, style) in [("OPEN", BAD), ("HALF-OPEN", WARN), ("closed", GOOD)] {
        row(&|place, buf| {
            let style = style.add_modifier(Modifier::REVERSED);
            Badge::new(word).label("payments").style(style).brackets(glyphs.is_ascii()).render(place, buf);
        });
    }
    row(&|_, _| {});
    for (depth, trend) in [
        (Some(640.0), Trend::Up),
        (Some(3_000.0), Trend::Down),
        (Some(0.0), Trend::Flat),
        (None, Trend::Unknown),
    ] {
        row(&|place, buf| {
            QueueBar::new(depth)
                .capacity(1_000.0)
                .trend(trend)
                .bar_style(CALM)
                .track_style(DIM)
                .glyphs(glyphs)
                .render(place, buf);
        });
    }
}

/// A wave that looks like a latency: the same on every machine.
fn wave(count: u32, phase: f64, height: f64) -> Vec<Option<f64>> {
    (0..count)
        .map(|n| {
            let t = f64::from(n);
            let jitter = f64::from(n.wrapping_mul(2_654_435_761) >> 24) / 255.0;
            let value = height * (0.35 + 0.2 * (t / 9.0 + phase).sin() + 0.15 * jitter)
                + if n % 61 > 50 { height * 0.4 } else { 0.0 };
            (n % 47 != 13).then_some(value)
        })
        .collect()
}

pub(crate) fn services(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("table", area, buf, glyphs);
    let g = glyphs.glyphs();
    let columns = [
        Column::new("", 1).priority(250),
        Column::new("service", 8).preferred(12).flex(2).priority(240),
        Column::new("budget left", 8).preferred(17).flex(1).priority(200),
        Column::new("burn 1h", 6).preferred(16).priority(90),
        Column::new("p95", 5).alignment(Alignment::Right).priority(180),
        Column::new("latency", 6).preferred(12).flex(2).priority(100),
        Column::new("err", 5).alignment(Alignment::Right).priority(170),
        Column::new("queue", 8).preferred(14).priority(80),
        Column::new("breaker", 6).preferred(16).priority(110),
    ];
    let data = [
        ("checkout", -0.3, 21.4, 812.0, 0.042, 1_234.0, Trend::Up, "OPEN", BAD, g.bad),
        ("search", 0.3, 3.1, 240.0, 0.003, 12.0, Trend::Flat, "HALF", WARN, g.warning),
        ("accounts", 0.8, 0.2, 31.0, 0.0, 0.0, Trend::Down, "closed", GOOD, g.good),
        ("日本語サービス", 1.0, 0.0, 12.0, 0.0001, 3.0, Trend::Unknown, "closed", GOOD, g.good),
        ("payments", f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, Trend::Unknown, "?", DIM, g.unclear),
        ("images", 0.97, 0.4, 88.0, 0.001, 640.0, Trend::Up, "closed", GOOD, g.good),
    ];
    let series: Vec<Vec<Option<f64>>> =
        (0..data.len()).map(|at| wave(120, at as f64, data.get(at).map_or(1.0, |row| row.3))).collect();
    let limits = [(1.0, WARN), (14.4, BAD)];
    let rows: Vec<Row<'_>> = data
        .iter()
        .zip(&series)
        .map(|(&(name, budget, burn, p95, err, queue, trend, breaker, style, glyph), series)| {
            Row::new([
                Cell::text(glyph, style),
                Cell::text(name, STRONG),
                Cell::widget(
                    BudgetBar::new(budget)
                        .label(short(glyphs, budget * 43.2 * 60.0, Unit::Seconds))
                        .label_width(5)
                        .style(style)
                        .track_style(DIM)
                        .overspent_style(BAD)
                        .glyphs(glyphs),
                ),
                Cell::widget(
                    BurnBar::new(burn)
                        .limits(&limits)
                        .label(short(glyphs, burn, Unit::Times))
                        .label_width(5)
                        .style(GOOD)
                        .track_style(DIM)
                        .glyphs(glyphs),
                ),
                Cell::text(short(glyphs, p95, Unit::Milliseconds), Style::new()),
                Cell::widget(
                    Sparkline::new(series)
                        .mode(SparkMode::Braille)
                        .style(CALM)
                        .above(p95 * 0.8, BAD)
                        .glyphs(glyphs),
                ),
                Cell::text(short(glyphs, err, Unit::Ratio), Style::new()),
                Cell::widget(
                    QueueBar::new(Some(queue)).capacity(1_000.0).trend(trend).track_style(DIM).glyphs(glyphs),
                ),
                Cell::widget(Badge::new(breaker).label("db").style(style.add_modifier(Modifier::REVERSED))),
            ])
        })
        .collect();
    let height = usize::from(inner.height.saturating_sub(1));
    let shown = visible_range(Some(1), 0, height, rows.len());
    let find = |text: &str| text.find("pay").map(|at| at..at + 3);
    Table::new(&columns, &rows)
        .highlight(Some(Highlight::new(&find, STRONG.add_modifier(Modifier::UNDERLINED))))
        .header_style(DIM)
        .sort(Some(Sort { column: 2, descending: false }))
        .selected(Some(1))
        .selected_style(Style::new().bg(Color::Indexed(236)))
        .marker_style(CALM)
        .offset(shown.start)
        .total(rows.len())
        .glyphs(glyphs)
        .render(inner, buf);
}

pub(crate) fn graph(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("graph", area, buf, glyphs);
    let points = |phase: f64, height: f64| -> Vec<(f64, f64)> {
        let values = wave(360, phase, height);
        values.iter().enumerate().map(|(at, value)| (at as f64 * 10.0, value.unwrap_or(f64::NAN))).collect()
    };
    let (p50, p95) = (points(0.5, 260.0), points(2.0, 800.0));
    let series = [
        Series::new("p50", &p50).style(GOOD),
        Series::new("p95", &p95).style(Style::new().fg(Color::Magenta)),
    ];
    let limits = [Threshold::new(700.0).label(" limit 700ms").style(BAD)];
    let marks = [Mark::new(900.0, "deploy v41").style(CALM), Mark::new(2_400.0, "incident P1").style(WARN)];
    let clock = |x: f64| format!("13:{:02.0}", (x / 60.0).floor() % 60.0);
    let millis = |y: f64| short(glyphs, y, Unit::Milliseconds);
    Graph::new(&series)
        .thresholds(&limits)
        .marks(&marks)
        .x_format(&clock)
        .y_format(&millis)
        .time(true)
        .cursor(Some(3_000.0))
        .cursor_style(DIM)
        .axis_style(DIM)
        .label_style(Style::new().fg(Color::Gray))
        .glyphs(glyphs)
        .render(inner, buf);
}

pub(crate) fn bars(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("budget and burn bars", area, buf, glyphs);
    let limits = [(1.0, WARN), (14.4, BAD)];
    let mut lines = (inner.top()..inner.bottom()).map(|y| Rect { y, height: 1, ..inner });
    for ratio in [0.64, 1.37, -0.25, f64::NAN] {
        let Some(place) = lines.next() else { return };
        BudgetBar::new(ratio)
            .label(short(glyphs, ratio, Unit::Ratio))
            .label_width(5)
            .style(GOOD)
            .track_style(DIM)
            .overspent_style(BAD)
            .mark(0.5)
            .glyphs(glyphs)
            .render(place, buf);
    }
    for burn in [0.4, 6.0, 21.4, 720.0] {
        let Some(place) = lines.next() else { return };
        BurnBar::new(burn)
            .limits(&limits)
            .label(short(glyphs, burn, Unit::Times))
            .label_width(5)
            .style(GOOD)
            .track_style(DIM)
            .glyphs(glyphs)
            .render(place, buf);
    }
}

pub(crate) fn sparks(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("sparklines: block, sweep, braille", area, buf, glyphs);
    let values = wave(400, 1.0, 100.0);
    let [one, two, rest] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(2), Constraint::Fill(1)]).areas(inner);
    let spark = Sparkline::new(&values).style(CALM).above(70.0, WARN).above(85.0, BAD).glyphs(glyphs);
    spark.gap(glyphs.glyphs().bullet).gap_style(DIM).render(one, buf);
    spark.sweep(417).render(two, buf);
    spark.mode(SparkMode::Braille).render(rest, buf);
}

pub(crate) fn timeline(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("timeline", area, buf, glyphs);
    let g = glyphs.glyphs();
    let events = [
        Moment::new("14:03", g.bullet, "rollback to v40 was sent"),
        Moment::new("13:58", g.good, "acknowledged by ada: \"on it, looks like the new client\"").style(GOOD),
        Moment::new("13:51", g.bad, "payments breaker OPEN").style(BAD),
        Moment::new("13:49", g.warning, "HighErrorRate firing 4.2% (> 1%) on 日本語サービス").style(WARN),
        Moment::new("13:42", g.bullet, "deploy v41").style(DIM),
    ];
    Timeline::new(&events).time_style(DIM).glyphs(glyphs).render(inner, buf);
}

pub(crate) fn heat(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("heat map", area, buf, glyphs);
    let names = ["+Inf", "2.5s", "1s", "500ms", "250ms", "100ms", "50ms", "25ms"];
    let ramp = [Color::Blue, Color::Cyan, Color::Green, Color::Yellow, Color::Red].map(Style::from);
    let values: Vec<Vec<Option<f64>>> = (0..names.len())
        .map(|row| {
            let middle = 5.0 - row as f64;
            wave(120, 0.0, 10.0)
                .into_iter()
                .map(|value| {
                    value.map(|value| (240.0 * (-(value - 2.5 - middle).powi(2) / 2.0).exp()).floor())
                })
                .collect()
        })
        .collect();
    let rows: Vec<HeatRow<'_>> =
        names.iter().zip(&values).map(|(name, values)| HeatRow::new(*name, values)).collect();
    HeatMap::new(&rows).ramp(&ramp).label_style(DIM).gap_style(DIM).glyphs(glyphs).render(inner, buf);
}

pub(crate) fn digits(area: Rect, buf: &mut Buffer, glyphs: GlyphSet) {
    let inner = panel("big digits", area, buf, glyphs);
    let mut y = inner.y;
    for (text, rows, style) in [("99.92%", 5, WARN), ("21:14 UTC", 3, CALM), ("P1 0:47", 10, BAD)] {
        let place = Rect { y, height: rows, ..inner }.intersection(inner);
        Digits::new(text)
            .height(rows)
            .style(style)
            .alignment(Alignment::Center)
            .glyphs(glyphs)
            .render(place, buf);
        y = y.saturating_add(rows + 1);
    }
}
