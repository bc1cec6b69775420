//! Latencies: three quantiles by service, the worst first; below, the histogram of the selected one over time.

use super::teach::{nothing_matches, teach};
use super::{chart, draw, list, zoom};
use crate::layout;
use crate::model::Model;
use crate::model::latency::{Latency, LatencyRow, ORDERS, QUANTILES};
use crate::model::ui::RowKey;
use crate::model::zoom::Subject;
use crate::plan::Signal;
use crate::target::health::State;
use crate::theme::{Role, Theme};
use crate::units::format_duration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use std::sync::Arc;
use warroom_widgets::number::nice_ceil;
use warroom_widgets::{Cell, Column, HeatMap, HeatRow, Row, Sort, SparkMode, Sparkline, Unit, human};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    let state = &model.ui.latency;
    let inner = list::frame(model, theme, "latency", state, list, buf);
    let rows = model.latency_rows();
    if rows.is_empty() && !model.plan.services.is_empty() {
        return nothing_matches(theme, "service", &state.filter, inner, buf);
    }
    let known = |row: &LatencyRow<'_>| row.latency.spread.is_some() || row.values.iter().any(Option::is_some);
    if !rows.iter().any(known) {
        return empty(model, theme, inner, buf);
    }
    table(model, theme, &rows, list, inner, buf);
    if let Some(RowKey::Service(name)) = &state.selected
        && let Some(row) = rows.iter().find(|row| row.name == name)
    {
        self::detail(model, theme, row, detail, buf);
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    teach(
        model,
        theme,
        "no service tells how long its answers take: a histogram does, and three lines show it",
        &[
            "[service.checkout]",
            "poll.metrics = { kind = \"metrics\", path = \"/metrics\" }",
            "signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[{{.window}}])))'",
        ],
        "b on the targets screen (2) browses what a service exports",
        area,
        buf,
    );
}

fn table(model: &Model, theme: &Theme, rows: &[LatencyRow<'_>], area: Rect, inner: Rect, buf: &mut Buffer) {
    let state = &model.ui.latency;
    let height = layout::list_rows(area, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let longest = rows.iter().map(|row| crate::text::width(row.name)).max().unwrap_or(0);
    let longest = u16::try_from(longest).unwrap_or(u16::MAX).clamp(8, 24);
    let right = |name: &'static str, width| Column::new(name, width).alignment(Alignment::Right);
    let columns = [
        Column::new("state", 11).priority(250),
        Column::new("service", longest).min(8).priority(251),
        right("p50", 7).priority(220),
        Column::new("", 10).min(8).flex(1).priority(90),
        right("p95", 7).priority(245),
        Column::new("", 14).min(8).flex(2).priority(210),
        right("p99", 7).priority(230),
        Column::new("", 10).min(8).flex(1).priority(100),
        right("req", 7).priority(120),
        Column::new("limits", 13).min(13).priority(150),
    ];
    let cells: Vec<Row<'_>> = rows.iter().skip(first).take(height).map(|row| cells(theme, row)).collect();
    let sort = ORDERS.get(state.order).map(|order| match *order {
        "service" => 1,
        "p50" => 2,
        "p95" => 4,
        "p99" => 6,
        _ => 0,
    });
    list::table(theme, &columns, &cells, state, first, rows.len())
        .sort(sort.map(|column| Sort { column, descending: !state.reversed }))
        .render(inner, buf);
}

/// How a latency stands: state and word.
fn standing(row: &LatencyRow<'_>) -> (State, &'static str) {
    match row.over {
        Some(state) => (state, if state == State::Down { "too slow" } else { "slow" }),
        None if row.latency.error.is_some() => (State::Unknown, "error"),
        None if row.values.iter().any(Option::is_some) => {
            if row.service.state == State::Stale {
                (State::Stale, "stale")
            } else {
                (State::Up, "in limits")
            }
        }
        None if row.latency.spread.is_some() => (State::Unknown, "no traffic"),
        None => (State::Unknown, "not told"),
    }
}

fn cells(theme: &Theme, row: &LatencyRow<'_>) -> Row<'static> {
    let (state, word) = standing(row);
    let word = if row.limits.is_none() && word == "in limits" { "no limits" } else { word };
    let role = if row.limits.is_none() && state == State::Up { Role::Muted } else { draw::role(state) };
    let light = Span::styled(format!("{} {word}", draw::glyph(state, theme.glyphs())), theme.style(role));
    let number = |index: usize| {
        let value = row.values.get(index).copied().flatten();
        let style = chart::value_style(value.unwrap_or(f64::NAN), row.limits_of(index), theme);
        Cell::text(draw::number(value, Unit::Seconds, theme), style)
    };
    let (muted, faint) = (theme.style(Role::Muted), theme.style(Role::Faint));
    let limits = match row.limits {
        None => Cell::text(theme.glyphs().unknown, faint),
        Some((warning, critical)) => {
            Cell::text(format!("{} {}", human(warning, Unit::Seconds), human(critical, Unit::Seconds)), muted)
        }
    };
    let requests = row.service.reading(Signal::Requests).value;
    Row::new([
        Cell::Line(Line::from(light)),
        Cell::text(
            row.name.to_string(),
            theme.style(if row.over.is_some() { Role::Title } else { Role::Text }),
        ),
        number(0),
        spark(theme, row, 0),
        number(1),
        spark(theme, row, 1),
        number(2),
        spark(theme, row, 2),
        Cell::text(draw::number(requests, Unit::PerSecond, theme), muted),
        limits,
    ])
}

/// The course of a quantile over the whole range, however narrow the cell; of a service without a histogram, that of
/// its one figure.
fn spark(theme: &Theme, row: &LatencyRow<'_>, index: usize) -> Cell<'static> {
    let reading = row.service.reading(Signal::Latency);
    let (values, last): (Vec<Option<f64>>, u64) = if row.latency.spread.is_some() {
        let step = row.latency.step.as_secs_f64().max(1.0);
        let moments = row.latency.shown();
        let newest = row.latency.moments.back().map_or(0.0, |moment| moment.at.seconds());
        let value = |moment: &crate::model::latency::Moment| moment.quantiles.get(index).copied().flatten();
        (moments.map(value).collect(), (newest / step).max(0.0) as u64)
    } else if QUANTILES.get(index).is_some_and(|known| known.1 == "p95") {
        (reading.course.clone(), reading.last_bucket)
    } else {
        return Cell::Empty;
    };
    let (style, glyphs) =
        (theme.style(if index == 1 { Role::Graph } else { Role::GraphDim }), theme.glyph_set());
    let (warning, critical, limits) =
        (theme.style(Role::Degraded), theme.style(Role::Down), row.limits_of(index));
    Cell::Draw(Box::new(move |area, buf| {
        let (values, last) = squeeze(&values, last, SparkMode::default().slots(area.width));
        let mut spark = Sparkline::new(&values).style(style).glyphs(glyphs).sweep(last);
        if let Some((warn, crit)) = limits {
            spark = spark.above(warn, warning).above(crit, critical);
        }
        (&spark).render(area, buf);
    }))
}

/// Joins neighbouring buckets of time until they fit into so many slots; the largest value counts. Joined buckets lie at
/// multiples of their length, so that a new value changes the last one only.
pub(super) fn squeeze(values: &[Option<f64>], last: u64, slots: usize) -> (Vec<Option<f64>>, u64) {
    let each = values.len().div_ceil(slots.max(1)).max(1) as u64;
    if each == 1 {
        return (values.to_vec(), last);
    }
    let newest = last / each;
    let mut out: Vec<Option<f64>> = vec![None; slots];
    for (index, value) in values.iter().enumerate() {
        let number = last.saturating_sub((values.len() - 1 - index) as u64) / each;
        let back = newest.saturating_sub(number) as usize;
        if let (Some(value), Some(slot)) = (value, slots.checked_sub(back + 1).and_then(|at| out.get_mut(at)))
        {
            *slot = Some(slot.map_or(*value, |known| known.max(*value)));
        }
    }
    (out, newest)
}

fn detail(model: &Model, theme: &Theme, row: &LatencyRow<'_>, area: Rect, buf: &mut Buffer) {
    if area.height < 4 {
        return;
    }
    if row.latency.spread.is_none() {
        return without(model, theme, row, area, buf);
    }
    let (heat, lines) = halves(area);
    heat_pane(model, theme, row, heat, buf);
    if let (Some(it), false) = (model.latency_closeup(row.name), lines.is_empty()) {
        let mut head = draw::title(row.name, &format!("quantiles, {}", zoom::span_text(&it)), theme);
        head.spans.extend(chart::cursor_span(model, theme));
        let inner = draw::pane(head, theme, lines, buf);
        match &it.error {
            Some(error) => chart::trouble(theme, error, inner, buf),
            None => zoom::graph(model, theme, &it, &Subject::Latency(Arc::clone(row.name)), inner, buf),
        }
    }
}

/// Where the heat map and the quantiles stand; the latter only where there is room.
fn halves(area: Rect) -> (Rect, Rect) {
    if area.width >= 100 {
        let [lines, heat] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
        (heat, lines)
    } else if area.height >= 22 {
        let [lines, heat] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(area);
        (heat, lines)
    } else {
        (area, Rect::default())
    }
}

/// The moment under a cell of the quantiles' graph, in Unix seconds.
pub(super) fn moment(model: &Model, theme: &Theme, area: Rect, x: u16, y: u16) -> Option<f64> {
    let Some(RowKey::Service(name)) = &model.ui.latency.selected else { return None };
    let it = model.latency_closeup(name).filter(|it| it.span.is_some())?;
    let inner = draw::within(halves(area).1);
    zoom::moment_in(model, theme, &it, &Subject::Latency(Arc::clone(name)), inner, (x, y))
}

/// The selected service has no histogram: what it has, and what a histogram would need.
fn without(model: &Model, theme: &Theme, row: &LatencyRow<'_>, area: Rect, buf: &mut Buffer) {
    let inner = draw::pane(draw::title(row.name, "no histogram", theme), theme, area, buf);
    let service = format!("[service.{}]", row.name);
    let lines = [
        service.as_str(),
        "signals.latency = 'histogram_quantile(0.95, sum by (le) (rate(NAME_bucket[{{.window}}])))'",
    ];
    let missing = if row.values.iter().any(Option::is_some) {
        "its latency is one figure and no histogram: other quantiles cannot be known from it"
    } else {
        "it does not tell how long its answers take; a histogram does"
    };
    teach(model, theme, missing, &lines, "b on the targets screen (2) browses what it exports", inner, buf);
}

/// Cells at the right of a heat map for the quantiles of now.
const GUTTER: u16 = 5;

/// The heat map with its buckets at the left, the time below, the quantiles of now at the right.
pub(super) fn heat_pane(model: &Model, theme: &Theme, row: &LatencyRow<'_>, area: Rect, buf: &mut Buffer) {
    let latency = row.latency;
    let range = format!("requests by duration, {}", format_duration(model.latencies.range));
    let inner = draw::pane(draw::title(row.name, &range, theme), theme, area, buf);
    if let Some(error) = &latency.error {
        return chart::trouble(theme, error, inner, buf);
    }
    let shown = shown_buckets(latency);
    if shown.is_empty() || inner.height < 3 || inner.width < 24 {
        let text = if latency.at.is_none() { "evaluating" } else { "no traffic in this range" };
        return draw::centred(&[text], theme.style(Role::Muted), inner, buf);
    }
    let map = Rect { width: inner.width - GUTTER, height: inner.height - 2, ..inner };
    let label = |index: usize| bucket_label(&latency.bounds, index);
    let lead =
        shown.iter().map(|index| crate::text::width(&label(*index))).max().unwrap_or(0).min(12) as u16 + 1;
    let columns = usize::from(map.width.saturating_sub(lead));
    let rates: Vec<(String, Vec<Option<f64>>)> =
        shown.iter().rev().map(|index| (label(*index), columns_of(latency, *index, columns))).collect();
    let top = rates.iter().flat_map(|row| &row.1).flatten().copied().fold(0.0, f64::max);
    let top = nice_ceil(top.max(f64::MIN_POSITIVE));
    // Where there is room, a bucket is some lines high.
    let high = (usize::from(map.height) / shown.len().max(1)).clamp(1, 3);
    let map = Rect { height: map.height.min((high * shown.len()) as u16), ..map };
    let rows = rates.iter().flat_map(|(label, values)| {
        (0..high).map(move |line| HeatRow::new(if line == high / 2 { label.as_str() } else { "" }, values))
    });
    let heat: Vec<HeatRow<'_>> = rows.collect();
    let ramp = [Role::GraphDim, Role::Graph, Role::Title].map(|role| theme.style(role));
    HeatMap::new(&heat)
        .max(top)
        .logarithmic(true)
        .ramp(&ramp)
        .label_style(theme.style(Role::Muted))
        .gap_style(theme.style(Role::Faint))
        .glyphs(theme.glyph_set())
        .render(map, buf);
    quantile_marks(theme, row, &shown, map, buf);
    let drawn = columns.min(rates.first().map_or(0, |row| row.1.len()));
    times(
        model,
        theme,
        latency,
        Rect { x: map.right() - drawn as u16, y: map.bottom(), width: drawn as u16, height: 1 },
        buf,
    );
    scale(theme, top, Rect { y: map.bottom() + 1, height: 1, ..inner }, buf);
}

/// The buckets from the first to the last that anything fell into.
fn shown_buckets(latency: &Latency) -> Vec<usize> {
    let used = |index: &usize| {
        latency.moments.iter().any(|moment| moment.rates.get(*index).is_some_and(|rate| *rate > 0.0))
    };
    let all = 0..latency.bounds.len();
    let (first, last) = (all.clone().find(used), all.rev().find(used));
    first.zip(last).map_or_else(Vec::new, |(first, last)| (first..=last).collect())
}

/// `100ms`, and `> 5s` for what no bucket bounds.
fn bucket_label(bounds: &[f64], index: usize) -> String {
    match bounds.get(index) {
        Some(bound) if bound.is_finite() => human(*bound, Unit::Seconds),
        _ => {
            let below = index.checked_sub(1).and_then(|below| bounds.get(below)).copied();
            format!("> {}", human(below.unwrap_or(0.0), Unit::Seconds))
        }
    }
}

/// A bucket over time in so many columns: neighbours are joined (their mean), or widened where there is room.
fn columns_of(latency: &Latency, index: usize, columns: usize) -> Vec<Option<f64>> {
    let rate = |moment: &crate::model::latency::Moment| {
        moment.rates.get(index).filter(|rate| rate.is_finite()).map(|rate| f64::from(*rate))
    };
    let values: Vec<Option<f64>> = latency.shown().map(rate).collect();
    let columns = columns.max(1);
    if values.len() <= columns {
        let each = (columns / values.len().max(1)).max(1);
        return values.iter().flat_map(|value| std::iter::repeat_n(*value, each)).collect();
    }
    let each = values.len().div_ceil(columns) as i64;
    let step = latency.step.as_millis().max(1) as i64;
    // Joined at multiples of their length since the epoch, so that a column does not change once it is past.
    let number = |at: crate::units::Timestamp| at.millis().div_euclid(step).div_euclid(each);
    let mut out: Vec<(i64, f64, u32)> = Vec::new();
    for (moment, value) in latency.shown().zip(&values) {
        let place = number(moment.at);
        if out.last().is_none_or(|last| last.0 != place) {
            out.push((place, 0.0, 0));
        }
        if let (Some(value), Some(last)) = (value, out.last_mut()) {
            (last.1, last.2) = (last.1 + value, last.2 + 1);
        }
    }
    out.into_iter().map(|(_, sum, count)| (count > 0).then(|| sum / f64::from(count))).collect()
}

/// Names of the quantiles beside the buckets that they fall into now.
fn quantile_marks(theme: &Theme, row: &LatencyRow<'_>, shown: &[usize], map: Rect, buf: &mut Buffer) {
    let high = (usize::from(map.height) / shown.len().max(1)).max(1);
    let lines = shown.len().min(usize::from(map.height)).max(1);
    let mut taken: Vec<usize> = Vec::new();
    for (index, (value, (_, name))) in row.values.iter().zip(QUANTILES).enumerate().rev() {
        let Some(value) = value else { continue };
        let bucket = row.latency.bounds.iter().position(|bound| value <= bound);
        let Some(place) = bucket.and_then(|bucket| shown.iter().rev().position(|index| *index == bucket))
        else {
            continue;
        };
        // As the map joins rows: line n holds rows n * all / lines and on.
        let line = (0..lines).rev().find(|line| line * shown.len() / lines <= place).unwrap_or(0);
        if taken.contains(&line) {
            continue; // the higher quantile stands there
        }
        taken.push(line);
        let style = chart::value_style(*value, row.limits_of(index), theme);
        let text = format!("{}{name}", theme.glyph("◂", "<"));
        buf.set_stringn(map.right(), map.y + (line * high + high / 2) as u16, text, 5, style);
    }
}

/// The times of the first and the last column.
fn times(model: &Model, theme: &Theme, latency: &Latency, area: Rect, buf: &mut Buffer) {
    let Some((_, end)) = latency.span() else { return };
    let start = latency.shown().next().map_or(end, |moment| moment.at);
    let (style, zone) = (theme.style(Role::Muted), &model.plan.ui.zone);
    let short = end.since(start).as_secs() <= 300;
    let clock = |at| if short { draw::clock_seconds(at, zone) } else { draw::clock(at, zone) };
    let (left, right) = (clock(start), clock(end));
    let wide = right.len() as u16;
    if area.width < wide * 2 + 3 {
        return;
    }
    buf.set_stringn(area.x, area.y, &left, usize::from(area.width), style);
    let middle = crate::units::Timestamp::from_millis(i64::midpoint(start.millis(), end.millis()));
    if area.width >= wide * 5 {
        buf.set_stringn(area.x + area.width / 2 - wide / 2, area.y, clock(middle), usize::from(wide), style);
    }
    buf.set_stringn(area.right() - wide, area.y, &right, usize::from(wide), style);
}

/// What the shades stand for.
fn scale(theme: &Theme, top: f64, area: Rect, buf: &mut Buffer) {
    let muted = theme.style(Role::Muted);
    let mut groups = vec![vec![Span::styled(" a second: ", muted)]];
    let roles = [Role::GraphDim, Role::Graph, Role::Graph, Role::Title];
    for (shade, role) in (1_u8..=4).zip(roles) {
        let most = (f64::from(shade) / 4.0 * top.ln_1p()).exp_m1();
        let glyph = theme.glyphs().shades.get(usize::from(shade)).copied().unwrap_or(" ");
        let upto = theme.glyph("≤", "<=");
        groups.push(vec![
            Span::styled(format!("{glyph}{glyph}"), theme.style(role)),
            Span::styled(format!(" {upto} {}   ", human(most, Unit::Count)), muted),
        ]);
    }
    groups.push(vec![Span::styled(format!("{} nothing known", theme.glyphs().bullet), muted)]);
    draw::line(draw::fitting(groups, usize::from(area.width)), area, buf);
}
