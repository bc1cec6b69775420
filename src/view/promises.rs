//! What promises and deploys look like on the rows of the overview and on a service's screen.

use super::draw;
use super::incidents::lasts;
use super::slos::{budget_cell, burn_cell, floor4, percent};
use crate::incident::HappeningKind;
use crate::model::Model;
use crate::model::rows::ServiceRow;
use crate::model::standing::Budget;
use crate::theme::{Role, Theme};
use crate::units::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use warroom_widgets::{BudgetBar, Cell, Unit};

/// `99.9% → 99.95%`: what is promised, and what is kept.
pub(super) fn promise_cell(theme: &Theme, row: &ServiceRow) -> Cell<'static> {
    row.standing.budget.as_ref().map_or_else(
        || Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)),
        |budget| Cell::Line(Line::from(promise(theme, budget).to_vec())),
    )
}

fn promise(theme: &Theme, budget: &Budget) -> [Span<'static>; 2] {
    let goal = format!("{} {} ", percent(budget.objective), theme.glyphs().arrow);
    let kept = match budget.sli {
        None => Span::styled(theme.glyphs().unknown, theme.style(Role::Faint)),
        Some(sli) => {
            let role = if sli < budget.objective { Role::Down } else { Role::Text };
            Span::styled(percent(floor4(sli)), theme.style(role))
        }
    };
    [Span::styled(goal, theme.style(Role::Muted)), kept]
}

/// The budget that is left of the worst objective.
pub(super) fn left_cell(theme: &Theme, row: &ServiceRow) -> Cell<'static> {
    if let Some(budget) = &row.standing.budget {
        return budget_cell(theme, budget.left);
    }
    // Where the number would stand.
    let (unknown, style) = (theme.glyphs().unknown, theme.style(Role::Faint));
    Cell::Draw(Box::new(move |area, buf| {
        if !area.is_empty() {
            buf.set_stringn(area.right() - 1, area.y, unknown, 1, style);
        }
    }))
}

/// How fast it burns.
pub(super) fn rate_cell(theme: &Theme, row: &ServiceRow) -> Cell<'static> {
    burn_cell(theme, row.standing.budget.as_ref().and_then(|budget| budget.burn.as_ref()))
}

/// The newest deploy: the version with its age, marked while it is watched; while it is under way, on how many
/// instances. Without one, the version that is told. Where there is little room, the mark stands for the age.
pub(super) fn deploy_cell(model: &Model, theme: &Theme, row: &ServiceRow, wide: bool) -> Cell<'static> {
    let muted = theme.style(Role::Muted);
    let rollout = model.shown_incidents().rollout(&row.name);
    let Some((rollout, deploy)) = rollout.and_then(|rollout| Some((rollout, rollout.last.as_ref()?))) else {
        return match &row.version {
            Some(version) => Cell::text(version.to_string(), muted),
            None => Cell::text(theme.glyphs().unknown, theme.style(Role::Faint)),
        };
    };
    let mut spans = Vec::new();
    let watched = rollout.watched(model.seen_at());
    if watched {
        spans.push(Span::styled(format!("{} ", theme.glyphs().partial), theme.style(Role::Title)));
    }
    if wide || !watched {
        let age = lasts(model.seen_at().since(deploy.at));
        spans.push(Span::styled(format!("{age} "), theme.style(Role::Text)));
    }
    if let Some((_, on, all)) = rollout.canary() {
        spans.push(Span::styled(format!("{on}/{all} "), theme.style(Role::Degraded)));
    }
    spans.push(Span::styled(crate::text::clean(&deploy.to).into_owned(), muted));
    Cell::Line(Line::from(spans))
}

/// Deploys of a service, as marks of a graph: seconds and version.
pub(super) fn deploys(model: &Model, service: &str, from: Timestamp) -> Vec<(f64, String)> {
    let found =
        model.shown_incidents().happenings(service, from).filter_map(|happening| match &happening.kind {
            HappeningKind::Deploy { to, .. } => {
                Some((happening.at.seconds(), crate::text::clean(to).into_owned()))
            }
            _ => None,
        });
    found.collect()
}

/// A service's worst objective in a line: promise, bar, burn, end.
pub(super) fn draw_line(theme: &Theme, row: &ServiceRow, area: Rect, buf: &mut Buffer) {
    let Some(budget) = &row.standing.budget else { return };
    if area.height == 0 {
        return;
    }
    let muted = theme.style(Role::Muted);
    // The service's name stands above: `checkout-speed` is its `speed`.
    let name = budget.name.strip_prefix(&*row.name).and_then(|rest| rest.strip_prefix('-'));
    let mut spans = vec![Span::styled(format!(" SLO {}  ", name.unwrap_or(&budget.name)), muted)];
    spans.extend(promise(theme, budget));
    spans.push(Span::styled("  left ", muted));
    let head = Line::from(spans);
    buf.set_line(area.x, area.y, &head, area.width);
    let used = (head.width() as u16).min(area.width);
    let bar = Rect { x: area.x + used, width: 18.min(area.width - used), height: 1, ..area };
    let style = theme.style(super::slos::budget_role(budget.left));
    if !bar.is_empty() {
        use ratatui::widgets::Widget as _;
        BudgetBar::new(budget.left.unwrap_or(f64::NAN))
            .style(style)
            .track_style(theme.style(Role::Faint))
            .overspent_style(theme.style(Role::Down))
            .label(super::slos::left_text(theme, budget.left))
            .label_width(6)
            .label_style(style)
            .glyphs(theme.glyph_set())
            .render(bar, buf);
    }
    let mut groups = Vec::new();
    if let Some(burn) = &budget.burn {
        let rate = draw::number(burn.rate, Unit::Times, theme);
        groups.push(vec![
            Span::styled("   burn 1h ", muted),
            Span::styled(rate, super::slos::burn_style(burn, theme)),
        ]);
    }
    // What is not exhausted at this rate needs no words; what is over says so.
    if let Some(seconds) = budget.ends.filter(|seconds| seconds.is_finite()) {
        groups.push(vec![
            Span::styled(if seconds < 0.0 { "   " } else { "   exhausted in " }, muted),
            Span::styled(draw::words(&budget.exhaustion, theme), theme.style(Role::Text)),
        ]);
    }
    if budget.count > 1 {
        groups.push(vec![Span::styled(format!("   +{} more", budget.count - 1), muted)]);
    }
    let x = bar.right();
    let room = area.right().saturating_sub(x);
    buf.set_line(x, area.y, &draw::fitting(groups, usize::from(room)), room);
}
