//! `render(&Model, &Theme, &mut Frame)`: it only reads. It asks no clock, starts no work and keeps nothing.
//!
//! ```text
//! | header   product, environments, read-only, counts, frozen or link, clock |
//! | body     the screen: overview, service, targets, help                    |
//! | footer   hints from the live keymap, or the prompt, or a message         |
//! ```
//!
//! What stands where is decided in `layout`; what it looks like, by roles of the theme.

mod actions;
mod attached;
mod body;
mod chart;
mod confirm;
mod draw;
mod elsewhere;
mod explain;
mod explore;
mod flow;
mod footer;
mod header;
mod held;
mod help;
mod incident;
mod incidents;
mod latency;
mod list;
mod loading;
mod menu;
mod offers;
mod over;
mod overview;
mod panels;
mod plain;
mod progress;
mod promises;
mod remedy;
mod service;
mod slos;
mod strip;
mod targets;
mod teach;
mod under;
mod wall;
mod zoom;

pub use loading::{Loading, loading};
pub use under::under;

use crate::layout;
use crate::model::Model;
use crate::model::ui::Screen;
use crate::theme::{Role, Theme};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the screen that the operator looks at.
pub fn render(model: &Model, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    paint(model, theme, area, frame.buffer_mut());
}

/// The same, into a buffer: for `--once` and tests.
pub fn paint(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let model = model.on_screen();
    let areas = layout::areas(model);
    // The size in the model and that of the terminal may differ for the length of a resize.
    let clip = |rect: Rect| rect.intersection(area);
    buf.set_style(area, theme.style(Role::Text));
    header::draw(model, theme, clip(areas.header), buf);
    wall::band(model, theme, clip(areas.band), buf);
    match &model.ui.screen {
        Screen::Overview => {
            overview::draw(model, theme, clip(areas.list), clip(areas.detail), buf);
            strip::draw(model, theme, clip(areas.strip), buf);
        }
        Screen::Targets => targets::draw(model, theme, clip(areas.list), clip(areas.detail), buf),
        Screen::Service(name) => {
            let clipped = layout::Areas {
                list: clip(areas.list),
                summary: clip(areas.summary),
                detail: clip(areas.detail),
                figures: areas.figures.map(clip),
                panes: areas.panes.map(clip),
                panels: clip(areas.panels),
                ..areas
            };
            service::draw(model, theme, name, &clipped, buf);
        }
        Screen::Explore => {
            let clipped = layout::Areas {
                body: clip(areas.body),
                list: clip(areas.list),
                detail: clip(areas.detail),
                summary: clip(areas.summary),
                ..areas
            };
            explore::draw(model, theme, &clipped, buf);
        }
        Screen::Latency => latency::draw(model, theme, clip(areas.list), clip(areas.detail), buf),
        Screen::Flow => flow::draw(model, theme, clip(areas.list), clip(areas.detail), buf),
        Screen::Zoom(_) => zoom::draw(model, theme, clip(areas.detail), clip(areas.list), buf),
        Screen::Slos => slos::draw(model, theme, clip(areas.list), clip(areas.detail), buf),
        Screen::Incidents => incidents::draw(model, theme, clip(areas.list), clip(areas.detail), buf),
        Screen::Incident(id) => incident::draw(model, theme, id, clip(areas.body), buf),
        Screen::Actions => actions::draw(model, theme, clip(areas.list), clip(areas.detail), buf),
        Screen::Panels => panels::page(model, theme, clip(areas.body), buf),
        Screen::Body(id) => body::draw(model, theme, *id, clip(areas.list), buf),
        Screen::Help => help::draw(model, theme, clip(areas.body), buf),
    }
    explain::draw(model, theme, clip(areas.body), buf);
    over::draw(model, theme, clip(areas.body), buf);
    offers::draw(model, theme, area, buf);
    footer::draw(model, theme, clip(areas.footer), buf);
    plain::cells(theme, area, buf);
}
