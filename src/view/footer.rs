//! The foot line: the prompt, or a message, or the keys that work here, now.

use super::{over, wall};
use crate::command::Command;
use crate::model::Model;
use crate::model::ui::{Prompt, PromptKind, Screen};
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
        let used = self::prompt(theme, prompt, area, buf);
        // What tab found is said beside the line that is being typed.
        if let Some(message) = &model.ui.message {
            let text = crate::text::clean(&message.text).into_owned();
            let at = area.x + used.saturating_add(5).min(area.width);
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
    } else if model.ui.wall.is_some() {
        wall::foot(model, theme, area, buf);
    } else if let Some(over) = &model.acts.over {
        over::hints(model, theme, over, area, buf);
    } else {
        hints(model, theme, area, buf);
    }
}

/// Draws the line that is typed; returns how many cells it takes.
fn prompt(theme: &Theme, prompt: &Prompt, area: Rect, buf: &mut Buffer) -> u16 {
    let mark = match prompt.kind {
        PromptKind::Command => ":",
        PromptKind::Filter => "/",
        PromptKind::Note => "note: ",
        PromptKind::Find => "find: ",
    };
    let (before, after) = prompt.line.split();
    let (before, after) = (crate::text::clean(before), crate::text::clean(after));
    // What is being typed stays in sight: of a line that is too long the beginning goes.
    let room = usize::from(area.width).saturating_sub(mark.len() + 3);
    let mut shown = &*before;
    while crate::text::width(shown) > room {
        shown = shown.char_indices().nth(1).map_or("", |(at, _)| shown.get(at..).unwrap_or(""));
    }
    let mut rest = after.chars();
    let cursor = match rest.next() {
        Some(c) => {
            let under = theme.style(Role::Key).add_modifier(ratatui::style::Modifier::REVERSED);
            Span::styled(c.to_string(), under)
        }
        None => Span::styled(theme.glyphs().caret, theme.style(Role::Key)),
    };
    let line = Line::from(vec![
        Span::styled(format!(" {mark}"), theme.style(Role::Key)),
        Span::styled(shown.to_owned(), theme.style(Role::Text)),
        cursor,
        Span::styled(rest.as_str().to_owned(), theme.style(Role::Text)),
    ]);
    buf.set_line(area.x, area.y, &line, area.width);
    (line.width() as u16).saturating_sub(2)
}

/// The command that the hint at a cell of the foot line stands for.
pub(super) fn at(model: &Model, area: Rect, x: u16) -> Option<Command> {
    let covered = model.ui.prompt.is_some() || model.ui.message.is_some() || model.acts.over.is_some();
    let bound = bound(model).filter(|_| !covered)?;
    let hints: Vec<KeyHint<'_>> =
        bound.iter().map(|(_, key, label, priority)| KeyHint::new(key, label).priority(*priority)).collect();
    let at = KeyHints::new(&hints).at(area.width.saturating_sub(1), x.checked_sub(area.x + 1)?)?;
    bound.get(at).map(|(command, ..)| *command)
}

fn hints(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if model.ui.copying.is_some() {
        let again = model.plan.ui.keys.hint(Command::Copy).unwrap_or_default();
        let fixed = [("enter", "copy", 200), (&*again, "the row", 150), ("esc", "close", 180)]
            .map(|(key, label, priority)| (key.to_owned(), label, priority));
        return show(&fixed, theme, area, buf);
    }
    if model.ui.explain.is_some() {
        let fixed = [("esc", "close", 200), ("j k", "scroll", 150)]
            .map(|(key, label, priority)| (key.to_owned(), label, priority));
        return show(&fixed, theme, area, buf);
    }
    let Some(bound) = bound(model) else { return typing(model, theme, area, buf) };
    let bound: Vec<(String, &str, u8)> =
        bound.into_iter().map(|(_, key, label, priority)| (key, label, priority)).collect();
    show(&bound, theme, area, buf);
}

/// The commands that are worth a hint here, with their keys; none while keys belong to a line.
fn bound(model: &Model) -> Option<Vec<(Command, String, &'static str, u8)>> {
    let wanted: &[(Command, &'static str, u8)] = match model.ui.screen {
        Screen::Help => {
            &[(Command::Down, "scroll", 100), (Command::Back, "back", 200), (Command::Quit, "quit", 150)]
        }
        Screen::Overview => &[
            (Command::Open, "open", 180),
            (Command::Act, "act", 175),
            (Command::Slos, "SLOs", 128),
            (Command::Latency, "latency", 85),
            (Command::Breakers, "breakers", 84),
            (Command::Zoom, "zoom", 83),
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
        Screen::Explore if model.explore.typing => return None,
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
        Screen::Latency => &[
            (Command::Open, "service", 180),
            (Command::Zoom, "zoom", 175),
            (Command::Longer, "longer", 140),
            (Command::Shorter, "shorter", 139),
            (Command::Sort, "sort", 130),
            (Command::Filter, "filter", 150),
            (Command::Explain, "explain", 120),
            (Command::Freeze, "freeze", 90),
            (Command::Overview, "overview", 145),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Flow => &[
            (Command::Open, "service", 180),
            (Command::Zoom, "zoom", 175),
            (Command::Act, "act", 172),
            (Command::Sort, "sort", 130),
            (Command::Filter, "filter", 150),
            (Command::Explain, "explain", 120),
            (Command::Copy, "copy", 100),
            (Command::Freeze, "freeze", 90),
            (Command::Overview, "overview", 145),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Zoom(_) => &[
            (Command::Back, "back", 195),
            (Command::NextPane, "next graph", 180),
            (Command::Longer, "longer", 160),
            (Command::Shorter, "shorter", 159),
            (Command::Open, "explore it", 140),
            (Command::Explain, "explain", 130),
            (Command::Copy, "copy PromQL", 110),
            (Command::Freeze, "freeze", 90),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Panels => &[
            (Command::Open, "zoom", 180),
            (Command::Longer, "longer", 120),
            (Command::Shorter, "shorter", 119),
            (Command::Filter, "filter", 150),
            (Command::Freeze, "freeze", 90),
            (Command::Overview, "overview", 140),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Slos => &[
            (Command::Open, "service", 180),
            (Command::Zoom, "zoom", 160),
            (Command::Act, "act", 155),
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
            (Command::Act, "act", 145),
            (Command::Filter, "filter", 130),
            (Command::Overview, "overview", 140),
            (Command::CommandLine, "command", 110),
            (Command::Help, "help", 200),
            (Command::Quit, "quit", 170),
        ],
        Screen::Incident(_) => &[
            (Command::Open, "rewind to its start", 115),
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
            (Command::Zoom, "zoom", 125),
            (Command::Explain, "explain", 122),
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
    // Where the past is shown, time comes first, and what is locked has no key.
    let past = model.is_past();
    let time = TIME.iter().filter(|_| past);
    let picked = match model.ui.screen {
        Screen::Explore => model.explore.picked.is_some(),
        Screen::Zoom(_) => model.zoom.as_ref().is_some_and(|zoom| zoom.picked.is_some()),
        _ => false,
    };
    let unpick = [(Command::Live, "to what is now", 198)];
    let unpick = unpick.iter().filter(|_| picked && !past);
    let bound = wanted
        .iter()
        .filter(|(command, ..)| !past || !LOCKED.contains(command))
        .chain(time)
        .chain(unpick)
        // Where nothing can be done there is no key for it.
        .filter(|(command, ..)| *command != Command::Act || model.armed())
        .filter_map(|(command, label, priority)| {
            Some((*command, model.plan.ui.keys.hint(*command)?, *label, *priority))
        });
    Some(bound.collect())
}

/// What moves the moment that is shown.
const TIME: &[(Command, &str, u8)] = &[
    (Command::Earlier, "earlier", 196),
    (Command::Later, "later", 195),
    (Command::Freeze, "run, hold", 194),
    (Command::Live, "back to now", 198),
];

/// What cannot be done to the past.
const LOCKED: [Command; 6] =
    [Command::Act, Command::Acknowledge, Command::Note, Command::Refresh, Command::Browse, Command::Freeze];

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
