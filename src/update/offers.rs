//! What the `:` line and the finder offer: collected in units, found by a few letters, put in by tab.

use super::{act, incidents};
use crate::command::Command;
use crate::model::line::{MOST_OFFERS, Offer};
use crate::model::names::{Name, Names, Sort, Stage};
use crate::model::ui::PromptKind;
use crate::model::{Changed, Model};
use crate::promql::{self, CompletionKind};
use crate::text::clean;

/// Names that one unit of work adds.
const UNIT: usize = 1_000;

/// Words that take the name of a thing, and of which.
const VERBS: &[(&str, Sort)] = &[
    ("service", Sort::Service),
    ("pin", Sort::Service),
    ("incident", Sort::Incident),
    ("ack", Sort::Incident),
    ("unack", Sort::Incident),
    ("slo", Sort::Slo),
    ("panel", Sort::Panel),
    ("target", Sort::Target),
];

/// Begins to collect names for a line that is opened: what is there at once is there with the first key.
pub(super) fn begin(model: &mut Model) {
    model.ui.line.close();
    model.ui.line.names = Some(Box::default());
    while model.ui.line.names.as_ref().is_some_and(|names| names.stage != Stage::Done && names.len() < UNIT) {
        unit(model);
    }
    refresh(model);
}

/// One unit of work, if names are still to be collected.
pub(super) fn work(model: &mut Model) -> bool {
    if model.ui.line.names.as_ref().is_none_or(|names| names.stage == Stage::Done) {
        return false;
    }
    unit(model);
    if model.ui.line.names.as_ref().is_some_and(|names| names.stage == Stage::Done)
        && model.ui.line.chosen.is_none()
    {
        refresh(model);
        model.changed = Changed::Now;
    }
    true
}

/// Collects what is left: somebody wants the answer now.
fn finish(model: &mut Model) {
    let mut left = false;
    while model.ui.line.names.as_ref().is_some_and(|names| names.stage != Stage::Done) {
        unit(model);
        left = true;
    }
    if left && model.ui.line.chosen.is_none() {
        refresh(model);
    }
}

fn unit(model: &mut Model) {
    let Some(mut names) = model.ui.line.names.take() else { return };
    names.stage = match std::mem::take(&mut names.stage) {
        Stage::Lines => {
            lines(model, &mut names);
            Stage::Services(0)
        }
        Stage::Services(from) => {
            for row in model.fleet.services.iter().skip(from).take(UNIT) {
                names.push(Sort::Service, &*row.name, None);
            }
            let next = from + UNIT;
            if next < model.fleet.services.len() { Stage::Services(next) } else { Stage::Things }
        }
        Stage::Things => {
            things(model, &mut names);
            Stage::Targets(0)
        }
        Stage::Targets(from) => {
            for row in model.fleet.targets.iter().skip(from).take(UNIT) {
                let target = &row.target;
                names.push(
                    Sort::Target,
                    format!("{} {} {}", target.service, target.poll, target.instance),
                    None,
                );
            }
            let next = from + UNIT;
            if next < model.fleet.targets.len() { Stage::Targets(next) } else { Stage::Names }
        }
        Stage::Names => {
            let mut metrics = model.store.metric_names();
            metrics.reverse();
            Stage::Metrics(metrics)
        }
        Stage::Metrics(mut metrics) => {
            let keep = metrics.len().saturating_sub(UNIT);
            for metric in metrics.drain(keep..).rev() {
                names.push(Sort::Metric, metric, None);
            }
            if metrics.is_empty() { Stage::Done } else { Stage::Metrics(metrics) }
        }
        Stage::Done => Stage::Done,
    };
    model.ui.line.names = Some(names);
}

fn lines(model: &Model, names: &mut Names) {
    for (_, name, _) in Command::ALL {
        names.push(Sort::Command, *name, None);
    }
    for line in candidates(model) {
        names.push(Sort::Line, line, None);
    }
    for line in act::candidates(model) {
        names.push(Sort::Action, line, None);
    }
}

/// Whole lines of commands that take something.
fn candidates(model: &Model) -> Vec<String> {
    let themes = model.plan.ui.themes.names().into_iter().map(|name| format!("theme {name}"));
    themes.chain(["unpin", "snapshot "].map(str::to_owned)).chain(incidents::candidates()).collect()
}

fn things(model: &Model, names: &mut Names) {
    let open = model.incidents.open();
    for it in open.into_iter().chain(model.incidents.recent()) {
        let label = format!("{} {} {}", it.severity.word(), it.service(), it.title());
        names.push(Sort::Incident, &*it.id, Some(clean(&label).into_owned()));
    }
    for row in &model.slos.rows {
        names.push(Sort::Slo, &*row.name, None);
    }
    for panel in &model.panels.all {
        let title = clean(&panel.plan.title).into_owned();
        names.push(Sort::Panel, &*panel.plan.name, Some(title));
    }
}

/// Looks up anew what fits the line.
pub(super) fn refresh(model: &mut Model) {
    let Some(prompt) = &model.ui.prompt else { return };
    let (kind, text) = (prompt.kind, prompt.line.text().to_owned());
    let Some(names) = model.ui.line.names.take() else { return };
    let (offers, total) = match kind {
        PromptKind::Command => of_line(model, &names, &text),
        PromptKind::Find => anything(model, &names, &text),
        PromptKind::Filter | PromptKind::Note => (Vec::new(), 0),
    };
    let line = &mut model.ui.line;
    (line.names, line.offers, line.total, line.chosen) = (Some(names), offers, total, None);
}

fn of_line(model: &Model, names: &Names, text: &str) -> (Vec<Offer>, usize) {
    let text = text.trim_start();
    if text.is_empty() {
        return (Vec::new(), 0);
    }
    let Some((verb, rest)) = text.split_once(' ') else { return anything(model, names, text) };
    if verb == "explore" {
        return pieces(model, rest);
    }
    let begins = format!("{verb} ");
    let sort = VERBS.iter().find(|(known, _)| *known == verb).map(|(_, sort)| *sort);
    let whole = |name: &Name| matches!(name.sort, Sort::Line | Sort::Action) && name.key.starts_with(&begins);
    if sort.is_none() && !names.iter().any(whole) {
        return anything(model, names, text);
    }
    // The whole line is searched where it is one: its verb fits by itself.
    let found = names.find(rest, MOST_OFFERS, |name| Some(name.sort) == sort || whole(name));
    let offer = |at: &usize| {
        let name = names.get(*at)?;
        Some(offer(model, name, sort.filter(|sort| *sort == name.sort).map(|_| verb)))
    };
    (found.best.iter().filter_map(offer).collect(), found.total)
}

/// Everything that fits.
fn anything(model: &Model, names: &Names, text: &str) -> (Vec<Offer>, usize) {
    let found = names.find(text, MOST_OFFERS, |_| true);
    let offer = |at: &usize| names.get(*at).map(|name| offer(model, name, None));
    (found.best.iter().filter_map(offer).collect(), found.total)
}

/// What could come next in an expression, as whole lines.
fn pieces(model: &Model, text: &str) -> (Vec<Offer>, usize) {
    let found = promql::completions_with(text, text.len(), &model.store, super::explore::elsewhere(model));
    let total = found.len();
    let offer = |item: promql::Completion| {
        let mut line = text.to_owned();
        line.get(item.replace.clone())?;
        let call = match item.kind {
            CompletionKind::Function | CompletionKind::Aggregation => "(",
            _ => "",
        };
        line.replace_range(item.replace, &format!("{}{call}", item.text));
        let sort = if item.kind == CompletionKind::Metric { Sort::Metric } else { Sort::Piece };
        Some(Offer {
            line: format!("explore {line}"),
            label: item.text,
            sort,
            note: String::new(),
            goes: true,
        })
    };
    (found.into_iter().take(MOST_OFFERS).filter_map(offer).collect(), total)
}

fn offer(model: &Model, name: &Name, verb: Option<&str>) -> Offer {
    let line = name.line(verb);
    // A word that takes a name may do something with it: only those that show it are followed at once.
    let shows = verb.is_none_or(|verb| !matches!(verb, "ack" | "unack" | "pin"));
    let (note, goes) = match name.sort {
        Sort::Command => {
            let command = Command::named(&name.key);
            let key = command.and_then(|command| model.plan.ui.keys.hint(command));
            let doc = command.map_or("", Command::doc);
            let key = key.map_or_else(String::new, |key| format!("{key}  "));
            (format!("{key}{doc}"), command.is_some_and(Command::only_shows))
        }
        Sort::Line => (String::new(), line.starts_with("theme ")),
        Sort::Service => {
            let state = model.service(&name.key).map_or("", |row| row.state.word());
            (state.to_owned(), true)
        }
        Sort::Incident => (name.key.to_string(), true),
        Sort::Slo => {
            let row = model.slos.rows.iter().find(|row| *row.name == *name.key);
            (row.map_or_else(String::new, |row| row.service.to_string()), true)
        }
        Sort::Action => ("asks first".to_owned(), false),
        Sort::Panel | Sort::Target | Sort::Metric | Sort::Piece => (String::new(), true),
    };
    Offer { label: name.label().to_owned(), line, sort: name.sort, note, goes: goes && shows }
}

/// Tab: puts the next offer in, or the one before.
pub(super) fn step(model: &mut Model, by: isize) {
    finish(model);
    let Some(prompt) = &model.ui.prompt else { return };
    if model.ui.line.chosen.is_none() {
        let is_empty = prompt.line.text().trim().is_empty();
        // Nothing typed yet: everything is there to be turned through.
        if model.ui.line.offers.is_empty()
            && is_empty
            && let Some(names) = model.ui.line.names.take()
        {
            (model.ui.line.offers, model.ui.line.total) = anything(model, &names, "");
            model.ui.line.names = Some(names);
        }
    }
    let (Some(prompt), line) = (&mut model.ui.prompt, &mut model.ui.line) else { return };
    let count = line.offers.len().cast_signed();
    if count == 0 {
        return;
    }
    let next = match line.chosen {
        // The finder marks the first one by itself.
        None if prompt.kind == PromptKind::Find => by.rem_euclid(count),
        None if by < 0 => count - 1,
        None => 0,
        Some(at) => (at.cast_signed() + by).rem_euclid(count),
    };
    let next = next.unsigned_abs();
    line.chosen = Some(next);
    if prompt.kind == PromptKind::Command
        && let Some(offer) = line.offers.get(next)
    {
        prompt.line.set(&offer.line);
    }
}

/// What is meant: the offer that is chosen, or the likeliest.
pub(super) fn meant(model: &mut Model) -> Option<Offer> {
    finish(model);
    let line = &model.ui.line;
    line.offers.get(line.chosen.unwrap_or(0)).cloned()
}
