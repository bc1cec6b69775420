//! Copying what is selected: its value, its row as Markdown, the PromQL behind it, or a curl that asks for it again.
//!
//! It makes texts; the terminal puts them on a clipboard, or does not, and never says which.

use super::{explain, incidents, keys, say};
use crate::action::{Body, Method, Request};
use crate::command::Command;
use crate::event::{Effect, MOST_COPIED};
use crate::keymap::{Chord, Key};
use crate::labels::Labels;
use crate::model::flow::FlowKey;
use crate::model::hands::{CopyItem, CopyMenu};
use crate::model::ui::{RowKey, Screen};
use crate::model::{Changed, Model};
use crate::plan::Signal;
use crate::promql::format_value;
use crate::target::{Target, TargetId};
use crate::text::clean;
use crate::units::format_duration;
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::{Unit, human};

const VALUE: (char, &str) = ('v', "value");
const ROW: (char, &str) = ('m', "row as Markdown");
const PROMQL: (char, &str) = ('p', "PromQL");
const CURL: (char, &str) = ('c', "curl (secrets as variables)");

/// `y`: asks as what it shall be copied; where there is one answer only, copies it.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    let (title, items) = items(model);
    match items.as_slice() {
        [] => say(model, true, "nothing is selected that could be copied".to_owned()),
        [only] => send(model, &only.text.clone(), effects),
        _ => {
            model.ui.copying = Some(CopyMenu { title: clean(&title).into_owned(), items, index: 0 });
            model.changed = Changed::Now;
        }
    }
}

/// A key while the choice is open: a letter copies, the key that opened it copies the row.
pub(super) fn pressed(model: &mut Model, chord: Chord, effects: &mut Vec<Effect>) {
    let Some(mut menu) = model.ui.copying.take() else { return };
    let last = menu.items.len().saturating_sub(1);
    let plain = !chord.ctrl && !chord.alt;
    let letter = match chord.key {
        Key::Char(c) if plain => menu.items.iter().position(|item| item.key == c),
        Key::Enter => Some(menu.index),
        _ => None,
    };
    let again = || {
        let command = model.plan.ui.keys.command(model.ui.screen.context(), chord);
        let row = menu.items.iter().position(|item| item.key == ROW.0);
        row.filter(|_| command == Some(Command::Copy))
    };
    // `c` opens the choice as well and means curl in it: the letters of the choice come first.
    if let Some(item) = letter.or_else(again).and_then(|index| menu.items.get(index)) {
        let text = item.text.clone();
        return send(model, &text, effects);
    }
    if let Some(by) = keys::step(model, chord) {
        menu.index = menu.index.saturating_add_signed(by).min(last);
        model.ui.copying = Some(menu);
    }
}

/// Chooses an item with the mouse.
pub(super) fn chosen(model: &mut Model, index: usize, effects: &mut Vec<Effect>) {
    let item = model.ui.copying.take().and_then(|menu| menu.items.into_iter().nth(index));
    if let Some(item) = item {
        send(model, &item.text, effects);
    }
}

/// Sends a text to the terminal's clipboard and says so. The terminal does not say whether it took it.
pub(super) fn send(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    let said = if text.len() > MOST_COPIED {
        format!(
            "sent the first {} of {} to the terminal's clipboard: more it does not take",
            human(MOST_COPIED as f64, Unit::Bytes),
            human(text.len() as f64, Unit::Bytes)
        )
    } else {
        let line = text.lines().next().unwrap_or("");
        let more = if text.lines().count() > 1 { " ..." } else { "" };
        let shown = crate::text::truncate(line, 40, true);
        format!("sent to the terminal's clipboard: {shown}{more}")
    };
    effects.push(Effect::Copy(text.to_owned()));
    say(model, text.len() > MOST_COPIED, said);
}

/// What is selected, and as what it can be copied.
fn items(model: &Model) -> (String, Vec<CopyItem>) {
    let selected = model.ui.list().selected.clone();
    let mut out = Items::default();
    let title = match (&model.ui.screen, selected) {
        (Screen::Incident(id), _) => incident(model, id, &mut out),
        // Until a poll is chosen there, the screen of a service is about the service.
        (Screen::Service(name), _) if !model.ui.service.chosen => service(model, name, &mut out),
        (_, Some(RowKey::Target(id))) => target(model, id, &mut out),
        (Screen::Service(name), _) => service(model, name, &mut out),
        (_, Some(RowKey::Service(name))) => service(model, &name, &mut out),
        (_, Some(RowKey::Incident(id))) => incident(model, &id, &mut out),
        (_, Some(RowKey::Slo(name))) => slo(model, &name, &mut out),
        (_, Some(RowKey::Series(labels))) => series(model, &labels, &mut out),
        (Screen::Zoom(_), selected) => closeup(model, selected.as_ref(), &mut out),
        (_, Some(RowKey::Flow(key))) => flow(model, &key, &mut out),
        (_, Some(RowKey::Panel(index))) => panel(model, index, &mut out),
        (_, Some(RowKey::Run(id))) => run(model, &id, &mut out),
        (_, Some(RowKey::Family(index))) => family(model, index, &mut out),
        _ => String::new(),
    };
    (title, out.0)
}

/// The items so far.
#[derive(Default)]
struct Items(Vec<CopyItem>);

impl Items {
    fn put(&mut self, (key, label): (char, &'static str), text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(CopyItem { key, label, text });
        }
    }

    /// A table of one row, as a chat or a ticket shows it.
    fn row(&mut self, cells: &[(&str, String)]) {
        let escaped = |text: &str| clean(text).replace('\\', "\\\\").replace('|', "\\|");
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(cells.iter().map(|(name, _)| escaped(name)).collect());
        text.push_str(&line(vec!["---".to_owned(); cells.len()]));
        text.push_str(&line(cells.iter().map(|(_, value)| escaped(value)).collect()));
        self.put(ROW, text);
    }
}

fn shown(value: Option<f64>, unit: Unit) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| human(value, unit))
}

fn age(model: &Model, at: Option<crate::units::Timestamp>) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| format_duration(Duration::from_secs(model.seen_at().since(at).as_secs())),
    )
}

fn service(model: &Model, name: &str, out: &mut Items) -> String {
    let Some(row) = model.service(name) else { return String::new() };
    let why: Vec<&str> = row.reasons.iter().map(|reason| reason.text.as_str()).collect();
    let value = format!("{}: {} {}", row.name, row.state.word(), why.join("; "));
    out.put(VALUE, clean(value.trim_end()));
    let figures = [
        (Signal::Latency, Unit::Seconds, 'p', "PromQL of the latency"),
        (Signal::Errors, Unit::Ratio, 'e', "PromQL of the errors"),
        (Signal::Requests, Unit::PerSecond, 'r', "PromQL of the requests"),
    ];
    let mut cells = vec![("service", row.name.to_string()), ("state", row.state.word().to_owned())];
    for (signal, unit, ..) in figures {
        cells.push((signal.word(), shown(row.reading(signal).value, unit)));
    }
    cells.push(("queue", shown(row.queued(), Unit::Count)));
    for slo in model.slos.rows.iter().filter(|slo| *slo.service == *name).take(1) {
        cells.push((
            "budget left",
            slo.left.map_or_else(|| "unknown".to_owned(), |left| format!("{:.1}%", left * 100.0)),
        ));
    }
    cells.push(("why", why.join("; ")));
    out.row(&cells);
    let plan = model.plan.services.iter().find(|plan| &*plan.name == name);
    let set = row.signal_set.and_then(|index| plan?.signals.get(index));
    for (signal, _, key, label) in figures {
        let index = Signal::ALL.iter().position(|known| *known == signal).unwrap_or(0);
        if let Some(expr) = set.and_then(|set| set.exprs.get(index)?.as_ref()) {
            out.put((key, label), expr.to_string());
        }
    }
    // What does not answer is what one wants to ask by hand; else the first poll.
    let polls = row.targets.iter().filter_map(|id| model.target(*id));
    if let Some(worst) = polls.rev().max_by_key(|poll| poll.state) {
        out.put(CURL, curl(&worst.target));
    }
    name.to_owned()
}

fn target(model: &Model, id: TargetId, out: &mut Items) -> String {
    let Some(row) = model.target(id) else { return String::new() };
    let target = &row.target;
    out.put(VALUE, target.url.as_str());
    let wrong = row.failure.as_ref().map_or_else(String::new, ToString::to_string);
    out.row(&[
        ("service", target.service.to_string()),
        ("poll", target.poll.to_string()),
        ("instance", target.instance.to_string()),
        ("state", row.state.word().to_owned()),
        ("answered", format!("{} ago", age(model, row.answered))),
        ("took", shown(row.took.map(|took| took.as_secs_f64()), Unit::Seconds)),
        ("error", wrong),
    ]);
    out.put(PROMQL, format!("up{}", target.labels));
    out.put(CURL, curl(target));
    format!("{} {} {}", target.service, target.poll, target.instance)
}

/// The request of a poll for a shell; other protocols have other tools.
fn curl(target: &Target) -> String {
    if !matches!(target.url.scheme(), "http" | "https") {
        return String::new();
    }
    let request = Request {
        method: Method::Get,
        url: target.url.clone(),
        headers: target.headers.clone(),
        body: Body::None,
        auth: target.auth.clone(),
        route: Arc::clone(&target.route),
        timeout: target.timeout,
    };
    request.curl()
}

fn slo(model: &Model, name: &str, out: &mut Items) -> String {
    let Some(row) = model.slos.rows.iter().find(|row| *row.name == *name) else { return String::new() };
    let left = row.left.map_or_else(|| "unknown".to_owned(), |left| format!("{:.1}%", left * 100.0));
    let sli = row.sli.map_or_else(|| "unknown".to_owned(), |sli| format!("{:.4}%", sli * 100.0));
    let value = format!(
        "{}: {}; {left} of the budget left, ends: {}; seen {}",
        row.name, row.title, row.exhaustion, row.coverage
    );
    out.put(VALUE, clean(&value));
    out.row(&[
        ("objective", row.name.to_string()),
        ("service", row.service.to_string()),
        ("promises", row.title.clone()),
        ("SLI", sli),
        ("budget left", left),
        ("ends", row.exhaustion.clone()),
        ("seen", row.coverage.clone()),
    ]);
    out.put(PROMQL, row.formula.join("\n"));
    name.to_owned()
}

fn incident(model: &Model, id: &str, out: &mut Items) -> String {
    let Some(it) = model.shown_incidents().get(id) else { return String::new() };
    out.put(VALUE, it.id.to_string());
    out.row(&[
        ("incident", it.id.to_string()),
        ("severity", it.severity.word().to_owned()),
        ("service", it.service().to_string()),
        ("what", it.title()),
        ("began", it.began.to_string()),
        ("for", age(model, Some(it.began))),
        ("acknowledged", if it.acknowledged.is_some() { "yes" } else { "no" }.to_owned()),
    ]);
    let firing = it.distinct().into_iter().filter(|(note, _)| note.firing);
    let formulas: Vec<&str> = firing.filter_map(|(note, _)| explain::formula_of(model, note)).collect();
    out.put(PROMQL, formulas.join("\n"));
    if let Some(text) = incidents::fitting(model, id) {
        out.put(('n', "notice that fits"), text);
    }
    it.id.to_string()
}

fn series(model: &Model, labels: &Labels, out: &mut Items) -> String {
    let chart = model.explore.chart.as_ref();
    let Some(row) = chart.and_then(|chart| chart.rows.iter().find(|row| row.labels == *labels)) else {
        return String::new();
    };
    out.put(VALUE, format_value(row.value));
    out.row(&[
        ("series", labels.to_string()),
        ("value", format_value(row.value)),
        ("age", age(model, row.newest)),
    ]);
    if let Some(chart) = chart {
        out.put(PROMQL, chart.expr.text());
    }
    out.put(('l', "labels"), clean(&labels.to_string()));
    labels.to_string()
}

fn panel(model: &Model, index: usize, out: &mut Items) -> String {
    let Some(panel) = model.panels.all.get(index) else { return String::new() };
    let newest = panel.chart.rows.first().map(|row| row.value).or_else(|| {
        let line = panel.chart.lines.first()?;
        line.points.last().map(|point| point.1)
    });
    if let Some(value) = newest {
        out.put(VALUE, format_value(value));
    }
    out.row(&[
        ("panel", panel.plan.title.clone()),
        ("value", shown(newest, panel.plan.unit)),
        ("age", age(model, panel.at())),
    ]);
    out.put(PROMQL, panel.plan.expr.text());
    panel.plan.title.clone()
}

/// A breaker or a queue.
fn flow(model: &Model, key: &FlowKey, out: &mut Items) -> String {
    let Some(row) = model.flow_rows().into_iter().find(|row| row.key == *key) else { return String::new() };
    out.put(VALUE, clean(&row.text()));
    out.row(&[
        ("service", key.service.to_string()),
        (key.kind.word(), key.name.to_string()),
        ("state", row.word.clone()),
        ("waiting", shown(row.depth, Unit::Count)),
        ("age", age(model, Some(row.at))),
    ]);
    out.put(PROMQL, key.expression());
    key.name.to_string()
}

/// The line that is selected of the graph that fills the screen.
fn closeup(model: &Model, selected: Option<&RowKey>, out: &mut Items) -> String {
    let Some(it) = model.closeup() else { return String::new() };
    let index = if let Some(RowKey::Line(index)) = selected { *index } else { 0 };
    if let Some(line) = it.lines.get(index) {
        let extent = line.extent(it.span.map(|(start, end)| (start.seconds(), end.seconds())));
        if let Some(last) = extent.last {
            out.put(VALUE, format_value(last));
        }
        let name = if line.name.is_empty() { line.labels.to_string() } else { line.name.clone() };
        out.row(&[
            ("line", name),
            ("last", shown(extent.last, it.unit)),
            ("min", shown(extent.least, it.unit)),
            ("max", shown(extent.most, it.unit)),
            ("mean", shown(extent.mean, it.unit)),
            ("age", age(model, it.at)),
        ]);
    }
    out.put(PROMQL, it.formula);
    it.title
}

fn run(model: &Model, id: &str, out: &mut Items) -> String {
    let Some(act) = model.acts.ledger.act(id) else { return String::new() };
    if let Some(line) = act.shots.last() {
        out.put(CURL, line.curl.to_string());
    }
    format!("{} {}", act.action, act.service)
}

fn family(model: &Model, index: usize, out: &mut Items) -> String {
    let Some(crate::model::browse::Browse { outcome: Some(Ok(browsed)), .. }) = &model.browse else {
        return String::new();
    };
    match &browsed.content {
        crate::event::Content::Families(families) => {
            let Some(family) = families.get(index) else { return String::new() };
            out.put(VALUE, family.name.to_string());
            out.row(&[
                ("name", family.name.to_string()),
                ("type", family.kind.word().to_owned()),
                ("series", family.series.to_string()),
                ("help", family.help.to_string()),
            ]);
            family.name.to_string()
        }
        crate::event::Content::Text(lines, _) => {
            let Some(line) = lines.get(index) else { return String::new() };
            out.put(VALUE, line.to_string());
            "a line of the answer".to_owned()
        }
    }
}
