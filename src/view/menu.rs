//! The menu of actions for a service, and the choice of their parameters. It only shows: nothing is changed by it.

use super::draw;
use super::over::{Page, popup};
use crate::action::spec::ParamKind;
use crate::action::{Action, Choice, Hazard};
use crate::layout::{fill_head, menu_line, over_skip};
use crate::model::Model;
use crate::model::act::{Fill, Menu};
use crate::theme::{Role, Theme};
use crate::units::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// What each hazard asks for.
pub(super) fn asks(action: &Action) -> &'static str {
    match (action.hazard, action.asks_reason()) {
        (Hazard::Reversible, false) => "asks for y",
        (Hazard::Reversible, true) => "asks for y and a reason",
        (_, false) => "asks for the service's name",
        (_, true) => "asks for the service's name and a reason",
    }
}

/// How much harm it could do, as a colour.
pub(super) fn hazard_role(hazard: Hazard) -> Role {
    match hazard {
        Hazard::Reversible => Role::Up,
        Hazard::Service => Role::Degraded,
        Hazard::Production => Role::Down,
    }
}

pub(super) fn draw(model: &Model, theme: &Theme, menu: &Menu, body: Rect, buf: &mut Buffer) {
    let mut lines = Vec::new();
    let longest =
        menu.items.iter().map(|(action, _)| crate::text::width(&action.name)).max().unwrap_or(0).min(24);
    for (index, (action, against)) in menu.items.iter().enumerate() {
        let here = index == menu.index;
        let mark = if here { theme.glyphs().marker } else { " " };
        let name = match (here, against) {
            (true, _) => theme.style(Role::Selection),
            (false, None) => theme.style(Role::Text),
            (false, Some(_)) => theme.style(Role::Muted),
        };
        let title = crate::text::clean(&action.title).into_owned();
        let params: Vec<&str> = action.params.iter().map(|param| param.name.as_str()).collect();
        let holes = if params.is_empty() { String::new() } else { format!(" ({})", params.join(", ")) };
        lines.push(Line::from(vec![
            Span::styled(format!("{mark} "), theme.style(Role::Key)),
            Span::styled(format!("{:<longest$}", &*action.name), name),
            Span::styled(format!("  {title}{holes}"), theme.style(Role::Text)),
        ]));
        let (text, role) = match against {
            None => (format!("{}: {}", action.hazard.word(), asks(action)), hazard_role(action.hazard)),
            Some(why) => (format!("not now: {why}"), Role::Muted),
        };
        let text = crate::text::clean(&text).into_owned();
        lines.push(Line::styled(format!("    {text}"), theme.style(role)));
    }
    let environment = model.service(&menu.service).and_then(|row| row.environment.clone());
    let more = environment.as_deref().unwrap_or("no environment");
    let title = draw::title(&format!("act on {}", menu.service), more, theme);
    let inner = popup(title, lines.len(), theme, body, buf);
    // The selected one is in view, whatever the height.
    let skip = over_skip(menu_line(menu.index), inner.height);
    draw::lines(lines.get(skip..).unwrap_or_default(), inner, theme, buf);
}

pub(super) fn fill(model: &Model, theme: &Theme, fill: &Fill, body: Rect, buf: &mut Buffer) {
    let mut page = Page::new(theme, body);
    let param = fill.param.and_then(|index| fill.action.params.get(index));
    for (index, (name, text)) in fill_head(fill).into_iter().enumerate() {
        page.put(name, text, if index > fill.values.len() { Role::Muted } else { Role::Text });
    }
    let mut chosen = 0;
    match param {
        None => page.put("", "asking what there is to choose", Role::Muted),
        Some(param) => match (&param.kind, fill.lists.get(&param.name)) {
            (ParamKind::Free { .. }, _) => {
                page.put("", &format!("{}{}", fill.text, theme.glyphs().caret), Role::Text);
            }
            (ParamKind::Listed(_), None) => {
                page.put("", "asking what there is to choose", Role::Muted);
            }
            (ParamKind::Listed(_), Some(Err(why))) => {
                let text = format!("its list cannot be read: {why}");
                page.put("", &text, Role::Degraded);
            }
            (ParamKind::OneOf(_) | ParamKind::Listed(_), _) => {
                for (index, choice) in fill.choices(fill.param.unwrap_or(0)).iter().enumerate() {
                    if index == fill.index {
                        chosen = page.lines.len();
                    }
                    page.lines.push(choice_line(model, theme, choice, index == fill.index));
                }
            }
        },
    }
    if let Some(said) = &fill.said {
        page.put("", said, Role::Degraded);
    }
    let title = draw::title(&format!("{} on {}", fill.action.name, fill.service), "", theme);
    let inner = popup(title, page.lines.len(), theme, body, buf);
    let skip = over_skip(chosen, inner.height);
    draw::lines(page.lines.get(skip..).unwrap_or_default(), inner, theme, buf);
}

fn choice_line(model: &Model, theme: &Theme, choice: &Choice, here: bool) -> Line<'static> {
    let mark = if here { theme.glyphs().marker } else { " " };
    let style = match (here, choice.current) {
        (true, _) => theme.style(Role::Selection),
        (false, true) => theme.style(Role::Up),
        (false, false) => theme.style(Role::Text),
    };
    let label =
        if choice.label.as_str() == choice.value { String::new() } else { format!("  {}", choice.label) };
    let now = if choice.current { "  runs now" } else { "" };
    let value = crate::text::clean(&choice.value).into_owned();
    Line::from(vec![
        Span::styled(format!("            {mark} "), theme.style(Role::Key)),
        Span::styled(value, style),
        Span::styled(format!("{label}{}{now}", since(choice.since, model.now)), theme.style(Role::Muted)),
    ])
}

/// `, 3d old`: since when a version is there.
pub(super) fn since(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(String::new, |since| format!(", {} old", draw::age(now.since(since))))
}
