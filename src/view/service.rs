//! The service screen: everything about one service.

use super::draw;
use super::overview::{figure, reason_lines};
use super::{incident, panels, promises, strip, targets};
use crate::layout::Areas;
use crate::model::Model;
use crate::model::rows::{BreakerRow, ComponentRow, ServiceRow, breaker_word};
use crate::plan::Signal;
use crate::target::BreakerState;
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use warroom_widgets::Unit;

pub(super) fn draw(model: &Model, theme: &Theme, name: &str, areas: &Areas, buf: &mut Buffer) {
    let Some(row) = model.service(name) else {
        let lines = [format!("there is no service \"{name}\" any more"), "esc goes back".to_owned()];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        return draw::centred(&lines, theme.style(Role::Muted), areas.body, buf);
    };
    summary(model, theme, row, areas.summary, buf);
    figures(model, theme, row, areas, buf);
    if let Some(it) = model.worst_incident(name) {
        incident::brief(model, theme, it, areas.detail, buf);
    }
    targets::table(model, theme, &model.ui.service, Some(name), ("polls", ""), areas.list, buf);
    let [components, breakers, queues, numbers] = areas.panes;
    self::components(theme, row, components, buf);
    self::breakers(theme, row, breakers, buf);
    self::queues(theme, row, queues, buf);
    self::numbers(model, theme, row, numbers, buf);
    panels::of_service(model, theme, name, areas.panels, buf);
}

fn summary(model: &Model, theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let since =
        row.since.map(|at| format!(" since {}", draw::clock(at, &model.plan.ui.zone))).unwrap_or_default();
    let mut spans = vec![Span::styled(format!(" {}  ", row.name), theme.style(Role::Title))];
    spans.extend(draw::state_spans(row.state, row.state.word(), theme));
    spans.push(Span::styled(since, theme.style(Role::Muted)));
    let (answering, all) = row.instances;
    let mut facts = vec![format!("{answering} of {all} instances")];
    facts.extend(row.environment.as_ref().map(ToString::to_string));
    facts.extend(row.version.as_ref().map(|version| format!("version {version}")));
    if let Some(plan) = model.plan.services.iter().find(|plan| plan.name == row.name) {
        if let Some(set) = row.signal_set.and_then(|index| plan.signals.get(index)) {
            facts.push(format!("figures: {}", set.origin));
        }
        if !plan.depends_on.is_empty() {
            facts.push(format!("needs {}", plan.depends_on.join(", ")));
        }
    }
    let mut groups = vec![spans];
    for fact in facts {
        groups.push(vec![Span::styled(format!("   {fact}"), theme.style(Role::Muted))]);
    }
    buf.set_line(area.x, area.y, &draw::fitting(groups, usize::from(area.width)), area.width);
    if area.height > 1
        && let Some(first) = reason_lines(model, theme, row).into_iter().next()
    {
        let mut line = first;
        if row.reasons.len() > 1 {
            line.push_span(Span::styled(
                format!("   +{} more", row.reasons.len() - 1),
                theme.style(Role::Muted),
            ));
        }
        if let Some(remedy) = super::remedy::of_service(model, row) {
            line.push_span(Span::styled(format!("   {} ", theme.glyphs().arrow), theme.style(Role::Key)));
            line.push_span(Span::styled(remedy, theme.style(Role::Muted)));
        }
        draw::cut(&line, theme, Rect { y: area.y + 1, height: 1, ..area }, buf);
    }
    let mut rest = Rect { y: area.y.saturating_add(2), height: area.height.saturating_sub(2), ..area };
    if row.standing.budget.is_some() && rest.height > 0 {
        promises::draw_line(theme, row, Rect { height: 1, ..rest }, buf);
        rest = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
    }
    if let Some(worst) = model.worst_incident(&row.name) {
        draw::line(strip::head(model, theme, worst, usize::from(rest.width)), rest, buf);
    }
}

fn figures(model: &Model, theme: &Theme, row: &ServiceRow, areas: &Areas, buf: &mut Buffer) {
    let plan = model.plan.services.iter().find(|plan| plan.name == row.name);
    for (signal, area) in [Signal::Latency, Signal::Errors, Signal::Requests].into_iter().zip(areas.figures) {
        let figure = figure(model, row, plan, signal);
        if area.height >= 5 {
            figure.draw(theme, area, buf);
        } else {
            figure.draw_line(theme, area, buf);
        }
    }
}

/// The moment under a cell of the three figures, in Unix seconds.
pub(super) fn moment(model: &Model, theme: &Theme, name: &str, areas: &Areas, x: u16, y: u16) -> Option<f64> {
    let row = model.service(name)?;
    let plan = model.plan.services.iter().find(|plan| plan.name == row.name);
    let place = areas.figures.iter().position(|area| area.height >= 5 && area.contains((x, y).into()))?;
    let signal = [Signal::Latency, Signal::Errors, Signal::Requests].get(place).copied()?;
    figure(model, row, plan, signal).moment(theme, areas.figures.get(place).copied()?, x, y)
}

/// The cells that names are given, so that what follows them stands in a column.
fn longest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(crate::text::width).max().unwrap_or(0).min(28)
}

fn padded(name: &str, width: usize) -> String {
    format!("{name}{}", " ".repeat(width.saturating_sub(crate::text::width(name))))
}

/// One line a dependency: where all instances see the same, it is said once.
fn components(theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let mut lines = Vec::new();
    let longest = longest(row.components.iter().map(|component| component.seen.name.as_str()));
    for (index, component) in row.components.iter().enumerate() {
        let same = |other: &ComponentRow| other.seen == component.seen;
        if row.components.iter().take(index).any(same) {
            continue;
        }
        let seen_by = row.components.iter().filter(|other| same(other)).count();
        let told_by = row.components.iter().filter(|other| other.seen.name == component.seen.name).count();
        let state = draw::state_of(component.seen.verdict);
        let mut spans = vec![Span::raw(" ")];
        let [glyph, mut name] = draw::state_spans(state, component.seen.name.as_str(), theme);
        if !component.seen.detail.is_empty() {
            name.content = padded(&name.content, longest).into();
        }
        spans.extend([glyph, name]);
        if !component.seen.detail.is_empty() {
            spans.push(Span::styled(format!("  {}", component.seen.detail), theme.style(Role::Muted)));
        }
        if seen_by < told_by {
            spans.push(Span::styled(format!("  {}", component.origin), theme.style(Role::Muted)));
        }
        lines.push(Line::from(spans));
    }
    pane(theme, "components", "its health answer names none", &lines, area, buf);
}

/// One line a breaker: where all instances see the same state, it is said once.
fn breakers(theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let mut lines = Vec::new();
    let longest = longest(row.breakers.iter().map(|breaker| breaker.seen.name.as_str()));
    for (index, breaker) in row.breakers.iter().enumerate() {
        let same = |other: &BreakerRow| {
            other.seen.name == breaker.seen.name && other.seen.state == breaker.seen.state
        };
        if row.breakers.iter().take(index).any(same) {
            continue;
        }
        let views: Vec<&BreakerRow> = row.breakers.iter().filter(|other| same(other)).collect();
        let all = row.breakers.iter().filter(|other| other.seen.name == breaker.seen.name).count();
        let state = draw::state_of_breaker(breaker.seen.state);
        let role = if breaker.seen.state == BreakerState::Closed { Role::Up } else { draw::role(state) };
        let glyph = draw::glyph(state, theme.glyphs());
        let mut spans = vec![
            Span::styled(format!(" {glyph} {:<9} ", breaker_word(breaker.seen.state)), theme.style(role)),
            Span::styled(padded(breaker.seen.name.as_str(), longest), theme.style(Role::Text)),
        ];
        let sum = |of: fn(&BreakerRow) -> Option<f64>| {
            views.iter().filter_map(|view| of(view)).reduce(|a, b| a + b)
        };
        // The least share of good calls counts: an instance that fails is not hidden behind one that does not.
        let good = views.iter().filter_map(|view| view.seen.success_ratio).reduce(f64::min);
        let facts = [
            good.map(|ratio| format!("{} ok", draw::number(Some(ratio), Unit::Ratio, theme))),
            sum(|view| view.seen.failures)
                .map(|n| format!("{} failed", draw::number(Some(n), Unit::Count, theme))),
            sum(|view| view.seen.calls).map(|n| format!("of {}", draw::number(Some(n), Unit::Count, theme))),
            (all > 1).then(|| format!("{} of {all} instances", views.len())),
        ];
        for fact in facts.into_iter().flatten() {
            spans.push(Span::styled(format!("  {fact}"), theme.style(Role::Muted)));
        }
        // On some instances only: on which.
        if views.len() < all {
            let origins: Vec<&str> = views.iter().map(|view| &*view.origin).collect();
            spans.push(Span::styled(format!("  {}", origins.join(", ")), theme.style(Role::Faint)));
        }
        lines.push(Line::from(spans));
    }
    pane(theme, "breakers", "no breakers are polled", &lines, area, buf);
}

fn queues(theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let lines = row.queues.iter().map(|queue| {
        let depth = draw::number(Some(queue.seen.depth), Unit::Count, theme);
        let mut spans = vec![
            Span::styled(format!(" {depth:>6}  "), theme.style(Role::Text)),
            Span::styled(queue.seen.name.to_string(), theme.style(Role::Text)),
        ];
        let facts = [
            queue
                .seen
                .oldest_age_seconds
                .map(|age| format!("oldest {}", draw::number(Some(age), Unit::Seconds, theme))),
            queue.seen.consumers.map(|n| format!("{} consumers", draw::number(Some(n), Unit::Count, theme))),
        ];
        for fact in facts.into_iter().flatten() {
            spans.push(Span::styled(format!("  {fact}"), theme.style(Role::Muted)));
        }
        Line::from(spans)
    });
    pane(theme, "queues", "no queues are polled", &lines.collect::<Vec<_>>(), area, buf);
}

fn numbers(model: &Model, theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let lines = row.targets.iter().filter_map(|id| model.target(*id)).flat_map(|target| {
        target.numbers.iter().map(|(labels, value)| {
            let shown = draw::number(Some(*value), Unit::Count, theme);
            Line::from(vec![
                Span::styled(format!(" {shown:>7}  "), theme.style(Role::Text)),
                Span::styled(draw::series_name(labels), theme.style(Role::Muted)),
            ])
        })
    });
    pane(theme, "numbers", "no json polls", &lines.collect::<Vec<_>>(), area, buf);
}

fn pane(theme: &Theme, word: &str, empty: &str, lines: &[Line<'static>], area: Rect, buf: &mut Buffer) {
    if area.height < 3 || area.width < 10 {
        return;
    }
    let inner = draw::pane(draw::title(word, "", theme), theme, area, buf);
    if lines.is_empty() {
        draw::line(Line::styled(format!(" {empty}"), theme.style(Role::Faint)), inner, buf);
    } else {
        draw::lines(lines, inner, theme, buf);
    }
}
