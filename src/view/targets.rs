//! The targets: each poll of each instance, its last answer and its error.

use super::draw;
use crate::layout;
use crate::model::Model;
use crate::model::rows::TargetRow;
use crate::model::ui::{ListState, RowKey, TARGET_ORDERS, targets};
use crate::theme::{Role, Theme};
use crate::units::format_duration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::{Cell, Column, Row, Sort, Sparkline, Table, Unit};

pub(super) fn draw(model: &Model, theme: &Theme, list: Rect, detail: Rect, buf: &mut Buffer) {
    let filter = &model.ui.targets.filter;
    let more = if filter.is_empty() { String::new() } else { format!("/{filter}") };
    table(model, theme, &model.ui.targets, None, ("targets", &more), list, buf);
    super::elsewhere::border(model, theme, list, buf);
    super::attached::border(model, theme, list, buf);
    if let Some(RowKey::Target(id)) = &model.ui.targets.selected
        && let Some(row) = model.target(*id)
        && detail.height >= 3
    {
        let more = format!("{} {}", row.target.poll, row.target.instance);
        let name = if row.target.service.is_empty() { "backend" } else { &row.target.service };
        let inner = draw::pane(draw::title(name, &more, theme), theme, detail, buf);
        draw::lines(&facts(model, theme, row), inner, theme, buf);
    }
}

const COLUMNS: [(&str, u16, u8, bool); 10] = [
    ("state", 11, 250, false),
    ("service", 14, 240, false),
    ("poll", 10, 230, false),
    ("instance", 21, 150, false),
    ("took", 6, 220, true),
    ("", 10, 90, false),
    ("last", 9, 140, true),
    ("size", 7, 130, true),
    ("series", 6, 120, true),
    ("error", 30, 200, false),
];

/// The table of targets: of all, or of one service.
pub(super) fn table(
    model: &Model,
    theme: &Theme,
    state: &ListState,
    service: Option<&str>,
    title: (&str, &str),
    area: Rect,
    buf: &mut Buffer,
) {
    let inner = if layout::bordered(model.ui.size) {
        draw::pane(draw::title(title.0, title.1, theme), theme, area, buf)
    } else {
        area
    };
    let rows: Vec<&TargetRow> = targets(model.shown(), state, service).collect();
    let height = layout::list_rows(area, model.ui.size);
    let first = state.offset.min(rows.len().saturating_sub(1));
    let shown = |name: &str| service.is_none() || name != "service";
    let longest = model.plan.services.iter().map(|plan| crate::text::width(&plan.name)).max().unwrap_or(0);
    let columns: Vec<Column<'static>> = COLUMNS
        .iter()
        .filter(|(name, ..)| shown(name))
        .map(|(name, width, priority, right)| {
            let column = Column::new(*name, *width).priority(*priority);
            let column = if *name == "error" { column.min(16).flex(1) } else { column };
            let column = if *name == "instance" { column.min(14) } else { column };
            let column = if *name == "service" {
                Column::new(*name, (longest as u16).clamp(8, 24)).priority(*priority).min(8)
            } else {
                column
            };
            if *right { column.alignment(Alignment::Right) } else { column }
        })
        .collect();
    let cells: Vec<Row<'_>> = rows
        .iter()
        .skip(first)
        .take(height)
        .map(|row| {
            let mut cells = vec![state_cell(theme, row)];
            if service.is_none() {
                // A backend answers for several services, and is none of them.
                let (name, role) = match &*row.target.service {
                    "" => ("(backend)", Role::Muted),
                    name => (name, Role::Text),
                };
                cells.push(Cell::text(name.to_owned(), theme.style(role)));
            }
            cells.extend(rest(model, theme, row));
            Row::new(cells)
        })
        .collect();
    let order = TARGET_ORDERS.get(state.order).map(|order| if *order == "worst" { "state" } else { *order });
    let sort = order.and_then(|head| {
        COLUMNS.iter().filter(|(name, ..)| shown(name)).position(|(name, ..)| *name == head)
    });
    let empty =
        if model.plan.targets.is_empty() { "no polls are configured" } else { "no poll matches the filter" };
    Table::new(&columns, &cells)
        .header_style(theme.style(Role::Muted))
        .sort(sort.map(|column| Sort { column, descending: !state.reversed }))
        .selected((!rows.is_empty()).then_some(state.index))
        .selected_style(theme.style(Role::Selection))
        .marker_style(theme.style(Role::Key))
        .offset(first)
        .first(first)
        .total(rows.len())
        .scroll_style(theme.style(Role::Faint))
        .empty(Line::styled(empty, theme.style(Role::Muted)))
        .glyphs(theme.glyph_set())
        .render(inner, buf);
}

fn state_cell(theme: &Theme, row: &TargetRow) -> Cell<'static> {
    let word = match row.doubt {
        Some((so_far, needed)) => format!("{} {so_far}/{needed}", row.state.word()),
        None => row.state.word().to_owned(),
    };
    Cell::Line(Line::from(draw::state_spans(row.state, &word, theme).to_vec()))
}

fn rest(model: &Model, theme: &Theme, row: &TargetRow) -> Vec<Cell<'static>> {
    let muted = theme.style(Role::Muted);
    let unknown = theme.glyphs().unknown;
    let last =
        row.answered.map_or_else(|| unknown.to_owned(), |at| draw::clock_seconds(at, &model.plan.ui.zone));
    let answer = row.answer.as_ref();
    let course = row.course.clone();
    let (graph, glyphs) = (theme.style(Role::GraphDim), theme.glyph_set());
    let latency = row.took.map(|took| took.as_secs_f64());
    let text = |value: Option<f64>, unit| Cell::text(draw::number(value, unit, theme), muted);
    vec![
        Cell::text(row.target.poll.to_string(), theme.style(Role::Text)),
        Cell::text(row.target.instance.to_string(), muted),
        text(latency, Unit::Seconds),
        Cell::Draw(Box::new(move |area, buf| {
            (&Sparkline::new(&course).style(graph).glyphs(glyphs)).render(area, buf);
        })),
        Cell::text(last, muted),
        text(answer.map(|a| a.bytes as f64), Unit::Bytes),
        text(answer.map(|a| a.samples_scraped as f64).filter(|n| *n > 0.0), Unit::Count),
        error_cell(model, theme, row),
    ]
}

fn error_cell(model: &Model, theme: &Theme, row: &TargetRow) -> Cell<'static> {
    let held = row.held_until.filter(|until| *until > model.seen_at()).map(|until| {
        let wait = draw::age(until.since(model.seen_at()));
        if row.retry_after.is_some() {
            format!(", asked to wait {wait}")
        } else {
            format!(", next in {wait}")
        }
    });
    let trouble = row.failure.as_ref().map(ToString::to_string).or_else(|| {
        let answer = row.answer.as_ref()?;
        if let Some((line, reason)) = &answer.first_bad_line {
            return Some(format!("{} bad lines; line {line}: {reason}", answer.bad_lines));
        }
        answer.warnings.first().map(ToString::to_string)
    });
    match trouble {
        Some(text) => {
            let role = if row.failure.is_some() { Role::Down } else { Role::Degraded };
            let text = crate::text::clean(&format!("{text}{}", held.unwrap_or_default())).into_owned();
            Cell::text(text, theme.style(role))
        }
        None => Cell::Empty,
    }
}

/// Who a backend is, and what it answered: name and text of each fact.
fn backend(model: &Model, place: usize) -> Vec<(&'static str, String)> {
    let Some(state) = model.remote.backends.get(place) else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(build) = &state.build {
        let product = build.product.map_or("", crate::config::Flavour::name);
        out.push(("product", format!("{product} {}", build.version).trim().to_owned()));
    }
    if let Some(mismatch) = &state.mismatch {
        out.push(("kind", mismatch.to_string()));
    }
    let questions = model.plan.asking(place).map_or(0, |asking| asking.questions.len());
    let (answered, recorded) = state.answered;
    let mut text = format!("{questions} questions, {answered} answered the last time");
    if recorded > 0 {
        text = format!("{text}, {recorded} of them from series that it records");
    }
    out.push(("asked", text));
    for (key, why) in state.wrong.iter().take(3) {
        let written = model.plan.questions().get(key).map_or_else(String::new, |text| format!(" ({text})"));
        out.push(("refused", format!("{why}{written}")));
    }
    if let Some(rules) = &state.rules {
        let firing = rules.alerts.iter().filter(|alert| alert.firing).count();
        let (alerting, recording) = rules.counts;
        out.push(("rules", format!("{alerting} alerting, {recording} recording; {firing} alerts fire")));
        if let Some((count, error)) = &rules.failing {
            out.push(("failing", format!("{count} of its rules: {error}")));
        }
    }
    let resting = model.plan.services.iter().filter(|service| service.backend == Some(place));
    let names: Vec<&str> = resting.map(|service| &*service.name).take(6).collect();
    if !names.is_empty() {
        out.push(("services", names.join(", ")));
    }
    out
}

/// Everything about one target, a fact a line.
fn facts(model: &Model, theme: &Theme, row: &TargetRow) -> Vec<Line<'static>> {
    let fact = |name: &str, value: String| {
        Line::from(vec![
            Span::styled(format!(" {name:<10}"), theme.style(Role::Muted)),
            Span::styled(crate::text::clean(&value).into_owned(), theme.style(Role::Text)),
        ])
    };
    let target = &row.target;
    let mut url = target.url.clone();
    // What may be a secret in a URL is nobody's business on a wall.
    let _ = url.set_password(None);
    let mut out = vec![
        fact("url", url.to_string()),
        fact(
            "poll",
            format!(
                "{} every {}, time-out {}",
                target.kind.word(),
                format_duration(target.interval),
                format_duration(target.timeout)
            ),
        ),
    ];
    if let Some(place) = model.plan.backend_of(row.target.id) {
        out.extend(backend(model, place).into_iter().map(|(name, text)| fact(name, text)));
    }
    if let Some(failure) = &row.failure {
        let since =
            row.answered.map(|at| format!("; last answer {} ago", draw::age(model.seen_at().since(at))));
        out.push(fact("error", format!("{failure}{}", since.unwrap_or_default())));
        out.extend(super::remedy::of(failure, target).map(|remedy| fact("do", remedy)));
    }
    if let Some(wait) = row.retry_after {
        out.push(fact("held", format!("asked to wait {} (Retry-After)", format_duration(wait))));
    }
    if let Some(answer) = &row.answer {
        let status = answer.status.map_or_else(String::new, |status| format!("HTTP {status}, "));
        out.push(fact(
            "answer",
            format!(
                "{status}{}, {} series, {} bad lines",
                draw::number(Some(answer.bytes as f64), Unit::Bytes, theme),
                answer.samples_scraped,
                answer.bad_lines
            ),
        ));
        if let Some((line, reason)) = &answer.first_bad_line {
            out.push(fact("bad line", format!("{line}: {reason}")));
        }
        out.extend(answer.warnings.iter().map(|warning| fact("note", warning.to_string())));
    }
    if let Some(clock) = row.observation.as_ref().and_then(|seen| seen.clock)
        && let Some(asked) = row.asked
    {
        let skew = (clock.millis() - asked.millis()) as f64 / 1000.0;
        if skew.abs() > 5.0 {
            out.push(fact(
                "clock",
                format!("differs from ours by {}", draw::number(Some(skew), Unit::Seconds, theme)),
            ));
        }
    }
    out
}
