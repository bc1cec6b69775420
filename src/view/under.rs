//! What lies under the mouse. It draws nothing: it asks those who draw where they would.

use super::{explore, flow, footer, header, latency, panels, service, zoom};
use crate::event::Under;
use crate::layout;
use crate::model::Model;
use crate::model::ui::Screen;
use crate::theme::Theme;
use crate::units::Timestamp;

/// What lies at a cell of the picture that [`super::paint`] draws.
pub fn under(model: &Model, theme: &Theme, x: u16, y: u16) -> Under {
    let areas = layout::areas(model);
    let place = (x, y).into();
    if areas.header.contains(place) {
        return header::at(model, theme, areas.header, x).map_or(Under::Nothing, Under::Command);
    }
    if areas.footer.contains(place) {
        return footer::at(model, areas.footer, x).map_or(Under::Nothing, Under::Command);
    }
    let moment = match &model.ui.screen {
        Screen::Explore => explore::moment(model, theme, areas.detail, x, y),
        Screen::Zoom(_) => zoom::moment(model, theme, areas.detail, x, y),
        Screen::Panels => panels::moment_on_page(model, theme, areas.body, x, y),
        Screen::Service(name) => service::moment(model, theme, name, &areas, x, y)
            .or_else(|| panels::moment_of_service(model, theme, name, areas.panels, x, y)),
        Screen::Latency => latency::moment(model, theme, areas.detail, x, y),
        Screen::Flow => flow::moment(model, theme, areas.detail, x, y),
        _ => None,
    };
    moment.map_or(Under::Nothing, |seconds| Under::Graph(Timestamp::from_seconds(seconds)))
}
