//! The foot line: the prompt, or a message, or the keys that work here, now.

use super::over;
use crate::command::Command;
use crate::model::Model;
use crate::model::ui::{PromptKind, Screen};
use crate::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use warroom_widgets::{KeyHint, KeyHints};

pub(super) fn draw(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    if let Some(prompt) = &model.ui.prompt {
        let mark = match prompt.kind {
            PromptKind::Command => ":",
            PromptKind::Filter => "/",
            PromptKind::Note => "note: ",
        };
        let text = crate::text::clean(&prompt.text);
        // The end is what is being typed: of a line that is too long it is what stays in sight.
        let room = usize::from(area.width).saturating_sub(mark.len() + 3);
        let mut shown = &*text;
        while crate::text::width(shown) > room {
            shown = shown.char_indices().nth(1).map_or("", |(at, _)| shown.get(at..).unwrap_or(""));
        }
        let used = crate::text::width(shown) + mark.len();
        let shown = shown.to_owned();
        let spans = vec![
            Span::styled(format!(" {mark}"), theme.style(Role::Key)),
            Span::styled(shown, theme.style(Role::Text)),
            Span::styled(theme.glyphs().caret, theme.style(Role::Key)),
        ];
        buf.set_line(area.x, area.y, &Line::from(spans), area.width);
        // What tab found is said beside the line that is being typed.
        if let Some(message) = &model.ui.message {
            let text = crate::text::clean(&message.text).into_owned();
            let at = area.x + (used as u16).saturating_add(5).min(area.width);
            let style = theme.style(if message.bad { Role::Degraded } else { Role::Muted });
            buf.set_stringn(at, area.y, text, usize::from(area.right().saturating_sub(at)), style);
        }
    } else if let Some(message) = &model.ui.message {
        let (role, mark) = if message.bad {
            (Role::Degraded, theme.glyphs().warning)
        } else {
            (Role::Text, theme.glyphs().arrow)
        };
        let text = crate::text::clean(&format!(" {mark} {}", message.text)).into_owned();
        let text = crate::text::truncate(&text, usize::from(area.width), theme.ascii).into_owned();
        buf.set_line(area.x, area.y, &Line::styled(text, theme.style(role)), area.width);
    } else if let Some(over) = &model.acts.over {
        over::hints(model, theme, over, area, buf);
    } else {
        hints(model, theme, area, buf);
    }
}

fn hints(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if model.ui.explain.is_some() {
        let fixed = [("esc", "close", 200), ("j k", "scroll", 150)]
            .map(|(key, label, priority)| (key.to_owned(), label, priority));
        return show(&fixed, theme, area, buf);
    }
    let wanted: &[(Command, &str, u8)] = match model.ui.screen {
        Screen::Help => {
            &[(Command::Down, "scroll", 100), (Command::Back, "back", 200), (Command::Quit, "quit", 150)]
        }
        Screen::Overview => &[
            (Command::Open, "open", 180),
            (Command::Act, "act", 175),
            (Command::Slos, "SLOs", 128),
            (Command::Incidents, "incidents", 135),
            (Command::Acknowledge, "acknowledge", 60),
            (Command::Explain, "explain", 118),
            (Command::Filter, "filter", 160),
            (Command::Sort, "sort", 120),
            (Command::Targets, "targets", 130),
            (Command::Explore, "explore", 125),
            (Command::Freeze, "freeze", 90),
            (Command::Refresh, "poll now", 80),
            (Command::CommandLine, "command", 110),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Explore if model.explore.typing => return typing(model, theme, area, buf),
        Screen::Explore => &[
            (Command::NextPane, "type", 190),
            (Command::Open, "alone", 180),
            (Command::Longer, "longer", 150),
            (Command::Shorter, "shorter", 149),
            (Command::Pin, "pin", 140),
            (Command::Filter, "filter", 120),
            (Command::Copy, "copy labels", 80),
            (Command::Back, "back", 130),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Panels => &[
            (Command::Open, "explore it", 180),
            (Command::Filter, "filter", 150),
            (Command::Freeze, "freeze", 90),
            (Command::Overview, "overview", 140),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Slos => &[
            (Command::Open, "service", 180),
            (Command::Explain, "explain", 170),
            (Command::Filter, "filter", 150),
            (Command::Incidents, "incidents", 120),
            (Command::Overview, "overview", 140),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Incidents => &[
            (Command::Open, "open", 180),
            (Command::Acknowledge, "acknowledge", 175),
            (Command::Note, "note", 150),
            (Command::Filter, "filter", 130),
            (Command::Overview, "overview", 140),
            (Command::CommandLine, "command", 110),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Incident(_) => &[
            (Command::Back, "back", 190),
            (Command::Acknowledge, "acknowledge", 185),
            (Command::Note, "note", 180),
            (Command::Act, "act", 160),
            (Command::Copy, "copy notice", 120),
            (Command::CommandLine, "command", 110),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Actions => &[
            (Command::Open, "repeat, or watch", 180),
            (Command::Copy, "copy as curl", 160),
            (Command::Filter, "filter", 150),
            (Command::Overview, "overview", 140),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Body(_) => &[
            (Command::Open, "explore it", 180),
            (Command::Filter, "filter", 170),
            (Command::Browse, "ask again", 120),
            (Command::Back, "back", 190),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 150),
        ],
        Screen::Service(_) => &[
            (Command::Back, "back", 190),
            (Command::Act, "act", 185),
            (Command::Right, "next service", 120),
            (Command::Refresh, "poll now", 110),
            (Command::Open, "target", 100),
            (Command::Freeze, "freeze", 90),
            (Command::CommandLine, "command", 80),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Targets => &[
            (Command::Open, "service", 180),
            (Command::Browse, "browse", 140),
            (Command::Overview, "overview", 150),
            (Command::Filter, "filter", 160),
            (Command::Sort, "sort", 120),
            (Command::Refresh, "poll now", 110),
            (Command::Copy, "copy URL", 100),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
    };
    let bound: Vec<(String, &str, u8)> = wanted
        .iter()
        // Where nothing can be done there is no key for it.
        .filter(|(command, ..)| *command != Command::Act || model.armed())
        .filter_map(|(command, label, priority)| {
            Some((model.plan.ui.keys.hint(*command)?, *label, *priority))
        })
        .collect();
    show(&bound, theme, area, buf);
}

/// While a line is typed, keys belong to it: these are fixed, as they are in a shell.
fn typing(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let chosen = model.explore.popup.as_ref().is_some_and(|popup| popup.chosen.is_some());
    let fixed: &[(&str, &str, u8)] = if chosen {
        &[("tab", "next", 200), ("enter", "take it", 190), ("esc", "close", 150)]
    } else {
        &[
            ("enter", "evaluate and keep", 200),
            ("tab", "complete, or to the table", 190),
            ("up", "history", 150),
            ("ctrl-u", "clear", 120),
            ("esc", "to the table", 180),
            ("ctrl-c", "quit", 140),
        ]
    };
    let bound: Vec<(String, &str, u8)> =
        fixed.iter().map(|(key, label, priority)| ((*key).to_owned(), *label, *priority)).collect();
    show(&bound, theme, area, buf);
}

pub(super) fn show(bound: &[(String, &str, u8)], theme: &Theme, area: Rect, buf: &mut Buffer) {
    let hints: Vec<KeyHint<'_>> =
        bound.iter().map(|(key, label, priority)| KeyHint::new(key, label).priority(*priority)).collect();
    let inner = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(1), ..area };
    KeyHints::new(&hints)
        .key_style(theme.style(Role::Key))
        .label_style(theme.style(Role::Muted))
        .render(inner, buf);
}
