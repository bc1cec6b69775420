//! Where things stand on the screen: the one place that sizes come from. `update` pages and clicks by it, `view` draws
//! by it, so that they can never disagree.

mod explain;
mod hands;
mod over;

pub use explain::{NAMES as EXPLAIN_NAMES, explain_area, explain_lines, explain_scroll, wrapped};
pub use hands::{copy_area, copy_item, graph_at, offer_at, offers, panel_at, panel_cells};
pub use over::{HEAD, fill_head, menu_line, over_area, over_item, over_skip, over_width};

use crate::incident::Incident;
use crate::model::Model;
use crate::model::rows::Fleet;
use crate::model::ui::Screen;
use ratatui::layout::{Constraint, Layout, Rect};
use std::collections::BTreeSet;

/// The areas of a screen; any of them may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// One line at the top.
    pub header: Rect,
    /// The wall's big digits; empty where no wall hangs.
    pub band: Rect,
    /// Between head and foot.
    pub body: Rect,
    /// One line at the bottom: hints, the prompt, a message.
    pub footer: Rect,
    /// The list, its border and its heads of columns included.
    pub list: Rect,
    /// What is said of the selected row, where there is room.
    pub detail: Rect,
    /// The overview: the worst open incident.
    pub strip: Rect,
    /// The service screen: some lines of summary.
    pub summary: Rect,
    /// The service screen: its three figures.
    pub figures: [Rect; 3],
    /// The service screen: components, breakers, queues and numbers.
    pub panes: [Rect; 4],
    /// The service screen: its panels.
    pub panels: Rect,
}

/// Below this a pane has no border: every cell counts.
const SMALL: (u16, u16) = (40, 8);

/// Is there room for borders?
pub fn bordered(size: (u16, u16)) -> bool {
    size.0 >= SMALL.0 && size.1 >= SMALL.1
}

/// The areas for what the operator looks at.
pub fn areas(model: &Model) -> Areas {
    let (ui, fleet) = (&model.ui, model.shown());
    let (width, height) = ui.size;
    let screen = match &ui.wall {
        Some(wall) => wall.frame(ui.size, model.seen_at()),
        None => Rect::new(0, 0, width, height),
    };
    let header_height = u16::from(height >= 2);
    let footer_height = u16::from(height >= 4);
    let band_height = if ui.wall.is_some() { wall_band(height) } else { 0 };
    let [header, band, body, footer] = Layout::vertical([
        Constraint::Length(header_height),
        Constraint::Length(band_height),
        Constraint::Min(0),
        Constraint::Length(footer_height),
    ])
    .areas(screen);
    let mut areas = Areas { header, band, body, footer, list: body, ..Areas::default() };
    match &ui.screen {
        Screen::Overview => {
            let incidents = !model.shown_incidents().open().is_empty();
            overview(&mut areas, fleet, incidents);
        }
        Screen::Targets => targets(&mut areas, fleet),
        Screen::Service(name) => {
            service(&mut areas, fleet, name, ui.size, told(model, name));
            let panels = model.panels.of_service(Some(name)).count();
            if panels > 0 {
                panels_of_service(&mut areas, panels, ui.size.0 >= 100, fleet, name);
            }
            service_large(&mut areas, model, name);
        }
        Screen::Explore => explore(&mut areas, ui.size),
        // What is empty has the whole body to teach.
        Screen::Latency => latency(&mut areas, model),
        Screen::Flow => match model.flow_rows().len() {
            0 => {}
            rows => share(&mut areas, rows),
        },
        Screen::Zoom(_) => zoom(&mut areas, model),
        Screen::Slos if model.slos.rows.is_empty() => {}
        Screen::Slos => split(&mut areas, model.slos.rows.len(), 6),
        Screen::Incidents => match model.incident_rows().len() {
            0 => {}
            rows => split(&mut areas, rows, 6),
        },
        // This one scrolls a timeline and has no list.
        Screen::Incident(_) => {}
        Screen::Actions => match model.act_rows().len() {
            0 => {}
            // What came of it says more than how many there are.
            rows => split(&mut areas, rows.min(usize::from(height) / 3), 8),
        },
        Screen::Body(_) | Screen::Panels | Screen::Help => {}
    }
    areas
}

/// Rows for the wall's big digits and what they are, on a screen of so many rows.
fn wall_band(height: u16) -> u16 {
    match height {
        0..=15 => 0,
        16..=33 => 5,
        34..=49 => 8,
        _ => 13,
    }
}

/// The areas of an incident's screen; any of them may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncidentAreas {
    /// What it is, how it stands, its timers.
    pub summary: Rect,
    /// Its alerts.
    pub alerts: Rect,
    /// Its figures over time.
    pub figures: Rect,
    /// The figures of its service now, where there is room.
    pub graphs: Rect,
    /// What to do first.
    pub moves: Rect,
    /// What happened.
    pub timeline: Rect,
}

/// Cuts the body of an incident's screen: one column where it is narrow, the timeline at the right where it is wide.
pub fn incident_areas(model: &Model, it: &Incident, body: Rect) -> IncidentAreas {
    let (alerts, moves) = (it.distinct().len(), model.shown_incidents().moves(it).len());
    // What other systems say of it is one line more.
    let wanted = 6 + u16::from(model.foreign.tells_of(it));
    let height = |rows: usize, most: u16| (u16::try_from(rows.max(1)).unwrap_or(most)).min(most) + 2;
    let most = if body.height >= 45 { 9 } else { 5 };
    let (alerts, moves) = (height(alerts, 8), if moves == 0 { 0 } else { height(moves, most) });
    if body.width >= 150 {
        let [left, timeline] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(body);
        let [summary, alerts, moves, figures] = Layout::vertical([
            Constraint::Length(wanted),
            Constraint::Length(alerts),
            Constraint::Length(moves),
            Constraint::Min(0),
        ])
        .areas(left);
        let graphs = if figures.height >= 16 { figures.height - 7 } else { 0 };
        let [figures, graphs] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(graphs)]).areas(figures);
        return IncidentAreas { summary, alerts, figures, graphs, moves, timeline };
    }
    // The timeline is what one comes for: the others give way to it.
    let summary_height = wanted.min(body.height);
    let mut left = body.height.saturating_sub(summary_height + 5);
    let mut take = |wanted: u16| {
        let taken = if wanted <= left { wanted } else { 0 };
        left -= taken;
        taken
    };
    let (alerts, moves) = (take(alerts), take(moves));
    let figures = take(7);
    let [summary, alerts, moves, figures, timeline] = Layout::vertical([
        Constraint::Length(summary_height),
        Constraint::Length(alerts),
        Constraint::Length(moves),
        Constraint::Length(figures),
        Constraint::Min(0),
    ])
    .areas(body);
    IncidentAreas { summary, alerts, figures, graphs: Rect::default(), moves, timeline }
}

/// The latencies: the list, and below it the histogram of the selected service. On a small screen both get their half.
fn latency(areas: &mut Areas, model: &Model) {
    let rows = model.latency_rows().len();
    let known = model.latencies.all.iter().any(|latency| latency.spread.is_some());
    if rows == 0 || !known && model.latency_rows().iter().all(|row| row.values.iter().all(Option::is_none)) {
        return; // the whole body teaches, or says that nothing matches
    }
    share(areas, rows);
}

/// Gives the list what its rows need, but never more than half of a body that has room for both: the selected one's
/// course is what such a screen is for.
fn share(areas: &mut Areas, rows: usize) {
    let body = areas.body;
    let needed = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(3);
    let least = if body.height >= 20 { (body.height / 2).max(10) } else { 0 };
    let list = needed.min(body.height.saturating_sub(least));
    [areas.list, areas.detail] = Layout::vertical([Constraint::Length(list), Constraint::Min(0)]).areas(body);
}

/// A graph over the whole screen, and below it a line of figures for each of its lines.
fn zoom(areas: &mut Areas, model: &Model) {
    let lines = model.closeup().map_or(0, |it| it.lines.len());
    let body = areas.body;
    let border = if bordered(model.ui.size) { 2 } else { 0 };
    let wanted = u16::try_from(lines.max(1)).unwrap_or(u16::MAX).saturating_add(1 + border);
    let table = if body.height < 10 { 0 } else { wanted.min(body.height / 3) };
    [areas.detail, areas.list] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(table)]).areas(body);
}

/// The explorer: the line that is typed with what is said of it, the graph, and the table.
fn explore(areas: &mut Areas, size: (u16, u16)) {
    let border = if bordered(size) { 2 } else { 0 };
    let body = areas.body;
    let line = (3 + border).min(body.height);
    let rest = body.height - line;
    // A third for the table, but never so little that it has no row.
    let table = if rest < 8 { rest } else { (rest / 3).clamp(4, 16) };
    [areas.summary, areas.detail, areas.list] =
        Layout::vertical([Constraint::Length(line), Constraint::Min(0), Constraint::Length(table)])
            .areas(body);
}

/// The least that a panel is drawn in.
const PANEL: (u16, u16) = (36, 5);

/// The cells of a grid of `count` panels, in reading order, as many as there is room for.
pub fn grid(area: Rect, count: usize) -> Vec<Rect> {
    let most = usize::from((area.width / PANEL.0).clamp(1, 4));
    let rows = count.div_ceil(most).max(1);
    // As many in each row as in the others: a lone one below four would be as wide as they are together.
    let across = u16::try_from(count.div_ceil(rows)).unwrap_or(u16::MAX).max(1);
    let rows = u16::try_from(rows).unwrap_or(u16::MAX);
    let down = (area.height / PANEL.1).max(1).min(rows).max(1);
    let lines = Layout::vertical(vec![Constraint::Fill(1); usize::from(down)]).split(area);
    let mut cells = Vec::new();
    for line in lines.iter() {
        let left = count - cells.len().min(count);
        let here = usize::from(across).min(left.max(1));
        cells.extend(Layout::horizontal(vec![Constraint::Fill(1); here]).split(*line).iter().copied());
    }
    cells.truncate(count);
    cells
}

/// Panels stand below components, breakers and queues; where both do not fit, they stand in their place.
fn panels_of_service(areas: &mut Areas, count: usize, wide: bool, fleet: &Fleet, name: &str) {
    let rest = areas
        .panes
        .iter()
        .fold(Rect::default(), |all, pane| if all.is_empty() { *pane } else { all.union(*pane) });
    let least =
        PANEL.1 * if count > usize::from((rest.width / PANEL.0).max(1)) && rest.height >= 24 { 2 } else { 1 };
    if rest.height >= least + 4 {
        let above = (rest.height - least).min(8);
        let [panes_area, panels] =
            Layout::vertical([Constraint::Length(above), Constraint::Min(0)]).areas(rest);
        areas.panes = panes(panes_area, wide, fleet, name);
        areas.panels = panels;
    } else {
        areas.panes = [Rect::default(); 4];
        areas.panels = rest;
    }
}

/// Rows that a list has room for: without borders and the heads of its columns.
pub fn list_rows(list: Rect, size: (u16, u16)) -> usize {
    let border = if bordered(size) { 2 } else { 0 };
    usize::from(list.height.saturating_sub(border + 1))
}

/// The rows of the list proper: clicks are counted from here.
pub fn list_body(list: Rect, size: (u16, u16)) -> Rect {
    let border = u16::from(bordered(size));
    Rect {
        x: list.x + border.min(list.width),
        y: list.y.saturating_add(border + 1).min(list.bottom()),
        width: list.width.saturating_sub(2 * border),
        height: list_rows(list, size) as u16,
    }
}

/// Gives the list what its rows need and the rest to the detail, if that is at least `least` lines.
fn split(areas: &mut Areas, rows: usize, least: u16) {
    let needed = u16::try_from(rows.max(1)).unwrap_or(u16::MAX).saturating_add(3);
    if areas.body.height >= needed.saturating_add(least) {
        let [list, detail] =
            Layout::vertical([Constraint::Length(needed), Constraint::Min(0)]).areas(areas.body);
        areas.list = list;
        areas.detail = detail;
    } else if areas.body.height >= 30 {
        let [list, detail] = Layout::vertical([Constraint::Min(0), Constraint::Length(12)]).areas(areas.body);
        areas.list = list;
        areas.detail = detail;
    }
}

/// The list with the incident strip right below it; what is left says more of the selected service.
fn overview(areas: &mut Areas, fleet: &Fleet, incidents: bool) {
    if fleet.services.is_empty() {
        return; // the whole body teaches
    }
    let body = areas.body;
    let strip = match body.height {
        _ if !incidents => 0,
        0..=5 => 0,
        6..=27 => 1,
        _ => 4,
    };
    areas.body = Rect { height: body.height - strip, ..body };
    areas.list = areas.body;
    split(areas, fleet.services.len(), 4);
    areas.body = body;
    areas.strip = Rect { y: areas.list.bottom(), height: strip, ..body };
    if !areas.detail.is_empty() {
        areas.detail.y = areas.strip.bottom();
    }
}

/// Lines of a service's summary beyond state and reason: its objective, its open incident.
fn told(model: &Model, name: &str) -> u16 {
    let promised = model.slos.rows.iter().any(|row| &*row.service == name);
    u16::from(promised) + u16::from(model.worst_incident(name).is_some())
}

/// Rows of the timeline on an incident's screen.
pub fn timeline_rows(model: &Model, id: &str, body: Rect) -> usize {
    let Some(it) = model.shown_incidents().get(id) else { return 0 };
    let areas = incident_areas(model, it, body);
    usize::from(areas.timeline.height.saturating_sub(2))
}

fn targets(areas: &mut Areas, fleet: &Fleet) {
    split(areas, fleet.targets.len(), 4);
}

fn service(areas: &mut Areas, fleet: &Fleet, name: &str, size: (u16, u16), told: u16) {
    let body = areas.body;
    let polls = fleet.targets.iter().filter(|row| &*row.target.service == name).count();
    // On a small screen the polls leave room for what they tell.
    let most = if body.height < 30 { 4 } else { 12 };
    let list_height = u16::try_from(polls.clamp(1, most)).unwrap_or(12) + 3;
    let wide = size.0 >= 100;
    let summary_height = match body.height {
        0..=9 => 1,
        10..=15 => 2,
        _ => 2 + told,
    };
    let figures_height = match body.height {
        0..=9 => 0,
        10..=23 => 3,
        24..=37 => 8,
        _ => 12,
    };
    let [summary, figures, list, rest] = Layout::vertical([
        Constraint::Length(summary_height),
        Constraint::Length(figures_height),
        Constraint::Max(list_height),
        Constraint::Min(0),
    ])
    .areas(body);
    areas.summary = summary;
    areas.list = list;
    areas.figures = if figures_height > 3 && wide {
        Layout::horizontal([Constraint::Ratio(1, 3); 3]).areas(figures)
    } else {
        Layout::vertical([Constraint::Ratio(1, 3); 3]).areas(figures)
    };
    areas.panes = panes(rest, wide, fleet, name);
}

/// On a large screen components, breakers, queues and numbers get what they need, and the figures the rest: one above
/// the other, with what happened beside them, if there is an incident.
fn service_large(areas: &mut Areas, model: &Model, name: &str) {
    let Some(row) = model.shown().services.iter().find(|row| &*row.name == name) else { return };
    let used = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2);
    // What several instances see alike is one line.
    let distinct = |names: &mut dyn Iterator<Item = &str>| names.collect::<BTreeSet<&str>>().len();
    let components = distinct(&mut row.components.iter().map(|component| component.seen.name.as_str()));
    let breakers = distinct(&mut row.breakers.iter().map(|breaker| breaker.seen.name.as_str()));
    let lines = components.max(breakers).max(row.queues.len());
    let below = used(lines).clamp(6, 14);
    let panels = if model.panels.of_service(Some(name)).next().is_some() { 12 } else { 0 };
    let fixed = areas.summary.height + areas.list.height + below + panels;
    let figures = areas.body.height.saturating_sub(fixed);
    if areas.body.width < 100 || figures < 15 {
        return;
    }
    let [_, figures, list, rest, panels] = Layout::vertical([
        Constraint::Length(areas.summary.height),
        Constraint::Length(figures),
        Constraint::Length(areas.list.height),
        Constraint::Length(below),
        Constraint::Min(0),
    ])
    .areas(areas.body);
    areas.list = list;
    areas.panes = panes(rest, true, model.shown(), name);
    areas.panels = panels;
    let happened = areas.body.width >= 150 && model.worst_incident(name).is_some();
    let beside = if happened { Constraint::Fill(2) } else { Constraint::Length(0) };
    let [figures, detail] = Layout::horizontal([Constraint::Fill(3), beside]).areas(figures);
    areas.detail = detail;
    areas.figures = if figures.height >= 24 && figures.width >= 80 {
        Layout::vertical([Constraint::Ratio(1, 3); 3]).areas(figures)
    } else {
        Layout::horizontal([Constraint::Ratio(1, 3); 3]).areas(figures)
    };
}

/// Components, breakers, queues, numbers: side by side where it is wide; else only those that have something to say.
fn panes(rest: Rect, wide: bool, fleet: &Fleet, name: &str) -> [Rect; 4] {
    let row = fleet.services.iter().find(|row| &*row.name == name);
    let numbers = fleet.targets.iter().any(|row| &*row.target.service == name && !row.numbers.is_empty());
    let filled = row.map_or([false; 4], |row| {
        [!row.components.is_empty(), !row.breakers.is_empty(), !row.queues.is_empty(), numbers]
    });
    // That a service has no queues is said where there is room for it.
    let wide = wide && rest.width >= 150;
    let shares: [u16; 4] = filled.map(|filled| if filled { 5 } else { 2 * u16::from(wide) });
    // Nothing to say at all: one pane says so.
    let shares = if shares == [0; 4] { [1, 0, 0, 0] } else { shares };
    Layout::horizontal(shares.map(Constraint::Fill)).areas(rest)
}
