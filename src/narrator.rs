//! What changed, as lines: for screen readers, logs and terminals without a cursor. Pure; it reads the model and remembers
//! what it has said, so that nothing is said twice and nothing that still holds is left out.
//!
//! A line a change, with its time, what it is about first, and the state in capitals. If more changes than may be told,
//! the rest waits; what has changed back meanwhile is not told at all.

mod states;

use crate::model::Model;
use crate::model::rows::ServiceRow;
use crate::model::ui::{ListState, services};
use crate::target::health::State;
use crate::text::clean;
use crate::units::{Timestamp, format_duration};
use states::{ActSaid, BudgetSaid, IncidentSaid, ServiceSaid};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So many lines may come at once.
const BURST: u32 = 20;
/// After that, one in so long.
const PACE: Duration = Duration::from_millis(500);
/// The longest line, in characters: it is read aloud.
const LONGEST: usize = 240;

/// What has been said.
#[derive(Clone, Debug, Default)]
pub struct Narrator {
    services: BTreeMap<Arc<str>, ServiceSaid>,
    incidents: BTreeMap<Arc<str>, IncidentSaid>,
    budgets: BTreeMap<Arc<str>, BudgetSaid>,
    acts: BTreeMap<String, ActSaid>,
    link: bool,
    /// Lines that may be told, and since when that is counted.
    room: u32,
    counted: Timestamp,
}

impl Narrator {
    /// Where things stand: the first lines. From now on only changes are told.
    pub fn begin(&mut self, model: &Model) -> Vec<String> {
        let mut lines = vec![head(model)];
        let list = ListState::default();
        lines.extend(
            services(&model.fleet, &list)
                .filter(|row| row.state != State::Up)
                .map(|row| standing(model, row)),
        );
        lines.extend(model.incidents.open().into_iter().map(|it| states::open(model, it)));
        lines.extend(model.slos.rows.iter().filter_map(states::short_budget));
        lines.extend(
            model
                .link
                .iter()
                .map(|(since, seen)| format!("YOUR LINK IS DOWN since {}: {seen}", time(model, *since))),
        );
        *self = Self { room: BURST, counted: model.now, ..Self::default() };
        // Whatever stands above has been said.
        self.compare(model, &mut Room { left: u32::MAX, lines: Vec::new() });
        lines.push("changes follow, a line each".to_owned());
        lines.iter().map(|text| line(model, text)).collect()
    }

    /// What has changed since, at most as many lines as may be told now.
    pub fn changes(&mut self, model: &Model) -> Vec<String> {
        let paces = model.now.since(self.counted).as_millis() / PACE.as_millis();
        if paces > 0 {
            self.room = self.room.saturating_add(u32::try_from(paces).unwrap_or(BURST)).min(BURST);
            self.counted = model.now;
        }
        let mut room = Room { left: self.room, lines: Vec::new() };
        self.compare(model, &mut room);
        self.room = room.left;
        room.lines.iter().map(|text| line(model, text)).collect()
    }

    /// When waiting lines may be told, if some may be waiting.
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        (self.room == 0).then(|| (self.counted + PACE).max(now))
    }

    fn compare(&mut self, model: &Model, room: &mut Room) {
        let down = model.link.is_some();
        if down != self.link && room.any() {
            let seen = model.link.as_ref().map(|(_, seen)| seen.as_str()).unwrap_or_default();
            room.say(if down {
                format!("YOUR LINK IS DOWN: {seen}")
            } else {
                "your link works again".to_owned()
            });
            self.link = down;
        }
        let list = ListState::default();
        for row in services(&model.fleet, &list) {
            let said = self.services.entry(Arc::clone(&row.name)).or_default();
            states::service(model, row, said, room);
        }
        self.services.retain(|name, _| model.fleet.services.iter().any(|row| row.name == *name));
        let (open, over) = (model.incidents.open(), model.incidents.recent());
        for it in open.iter().chain(&over) {
            states::incident(model, it, &mut self.incidents, room);
        }
        self.incidents.retain(|id, _| open.iter().chain(&over).any(|it| it.id == *id));
        for row in &model.slos.rows {
            let said = self.budgets.entry(Arc::clone(&row.name)).or_default();
            states::budget(row, said, room);
        }
        self.budgets.retain(|name, _| model.slos.rows.iter().any(|row| row.name == *name));
        for act in model.acts.ledger.acts() {
            states::act(model, act, &mut self.acts, room);
        }
        let acts = &model.acts.ledger;
        self.acts.retain(|id, _| acts.act(id).is_some());
    }
}

/// Lines that may still be told.
struct Room {
    left: u32,
    lines: Vec<String>,
}

impl Room {
    fn any(&self) -> bool {
        self.left > 0
    }

    fn say(&mut self, line: String) {
        self.left = self.left.saturating_sub(1);
        // The first telling is for the memory only: it must not grow without bounds.
        if self.lines.len() < BURST as usize {
            self.lines.push(line);
        }
    }
}

/// `14:03:12` in the configured zone.
fn time(model: &Model, at: Timestamp) -> String {
    civil(model, at).map_or_else(String::new, |time| time.strftime("%H:%M:%S").to_string())
}

fn civil(model: &Model, at: Timestamp) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(model.plan.ui.zone.clone()))
}

/// A line with its time, harmless and not too long.
pub fn line(model: &Model, text: &str) -> String {
    let line = format!("{} {}", time(model, model.now), clean(text));
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// The first line: what is watched, from where, and how it stands.
fn head(model: &Model) -> String {
    let counts = model.counts();
    let counted: Vec<String> = State::ALL
        .into_iter()
        .rev()
        .filter(|state| counts.of(*state) > 0)
        .map(|state| format!("{} {}", counts.of(state), state.word()))
        .collect();
    let zone = civil(model, model.now).map(|time| time.strftime("%Z").to_string()).unwrap_or_default();
    let date = civil(model, model.now).map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    let open = match model.incidents.open().len() {
        0 => "no incident is open".to_owned(),
        1 => "1 incident is open".to_owned(),
        open => format!("{open} incidents are open"),
    };
    let counted = if counted.is_empty() { "no services".to_owned() } else { counted.join(", ") };
    format!("warroom, {date}, times in {zone}: {counted}; {open}")
}

/// How a service stands, where it is not up.
fn standing(model: &Model, row: &ServiceRow) -> String {
    let since = row.since.map(|since| format!(" since {}", time(model, since))).unwrap_or_default();
    format!("{} {}{since}{}", row.name, row.state.word().to_uppercase(), why(row))
}

/// `: HTTP 503; p95 1.7s (> 1s)`, or nothing.
fn why(row: &ServiceRow) -> String {
    let reasons: Vec<&str> = row.reasons.iter().take(3).map(|reason| reason.text.as_str()).collect();
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}

/// A span in words: `2m 5s`.
fn span(of: Duration) -> String {
    format_duration(Duration::from_secs(of.as_secs()))
}

#[cfg(test)]
mod tests;
