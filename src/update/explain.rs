//! Where a number comes from: formula, inputs, window, sample count, source, age. Put together when it is asked for.

use super::say;
use crate::incident::AlertNote;
use crate::keymap::Chord;
use crate::labels::NAME;
use crate::layout;
use crate::model::flow::{FlowKey, FlowKind};
use crate::model::ui::{Explain, RowKey, Screen};
use crate::model::{Changed, Model};
use crate::plan::{ServicePlan, Signal};
use crate::promql::{self, Expr, Limits, Options, Value};
use crate::target::TargetId;
use crate::text::clean;
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use std::time::Duration;
use warroom_widgets::{Unit, human};

/// Opens the explanation of what is selected, or closes it.
pub(super) fn open(model: &mut Model) {
    if model.ui.explain.take().is_some() {
        model.changed = Changed::Now;
        return;
    }
    let selected = model.ui.list().selected.clone();
    let found = match (model.ui.screen.clone(), selected) {
        (Screen::Service(name), _) | (_, Some(RowKey::Service(name))) => service(model, &name),
        (_, Some(RowKey::Slo(name))) => slo(model, &name),
        (_, Some(RowKey::Target(id))) => target(model, id),
        (Screen::Incident(id), _) | (_, Some(RowKey::Incident(id))) => incident(model, &id),
        (Screen::Zoom(_), _) => closeup(model),
        (_, Some(RowKey::Flow(key))) => flow(model, &key),
        (_, Some(RowKey::Panel(index))) => panel(model, index),
        (_, Some(RowKey::Series(labels))) => Some(Explain {
            title: clean(&labels.to_string()).into_owned(),
            lines: vec![("formula".to_owned(), clean(model.explore.line.text()).into_owned())],
            offset: 0,
        }),
        _ => None,
    };
    match found {
        Some(found) => {
            model.ui.explain = Some(found);
            model.changed = Changed::Now;
        }
        None => say(model, true, "nothing is selected that could be explained".to_owned()),
    }
}

/// A key while it is open: what moves a selection scrolls it, everything else closes it.
pub(super) fn pressed(model: &mut Model, chord: Chord) {
    match super::keys::step(model, chord) {
        Some(by) => scrolled(model, by),
        None => model.ui.explain = None,
    }
}

/// Scrolls it.
pub(super) fn scrolled(model: &mut Model, by: isize) {
    let body = layout::areas(model).body;
    if let Some(explain) = &mut model.ui.explain {
        let last = layout::explain_scroll(explain, body) as isize;
        explain.offset = (explain.offset as isize).saturating_add(by).clamp(0, last) as usize;
    }
}

type Lines = Vec<(String, String)>;

fn put(lines: &mut Lines, name: &str, text: impl AsRef<str>) {
    lines.push((name.to_owned(), clean(text.as_ref()).into_owned()));
}

fn age(model: &Model, at: Option<Timestamp>) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| format!("{} old", human(model.now.since(at).as_secs_f64().floor(), Unit::Seconds)),
    )
}

/// The three figures of a service, with what they are computed from.
fn service(model: &Model, name: &str) -> Option<Explain> {
    let row = model.service(name)?;
    let plan = model.plan.services.iter().find(|plan| &*plan.name == name)?;
    let mut lines = Lines::new();
    let set = row.signal_set.and_then(|index| plan.signals.get(index));
    for (signal, unit) in
        [(Signal::Latency, Unit::Seconds), (Signal::Errors, Unit::Ratio), (Signal::Requests, Unit::PerSecond)]
    {
        let reading = row.reading(signal);
        let value = reading.value.map_or_else(|| "unknown".to_owned(), |value| human(value, unit));
        put(&mut lines, signal.word(), format!("{value}, {}", age(model, reading.at)));
        let index = Signal::ALL.iter().position(|known| *known == signal).unwrap_or(0);
        match set.and_then(|set| set.exprs.get(index)?.as_ref()) {
            Some(expr) => inputs(model, expr, &mut lines),
            None => put(&mut lines, "", "no expression: name one as signals, or a preset"),
        }
        if let Some(error) = &reading.error {
            put(&mut lines, "error", error);
        }
    }
    if let Some(set) = set {
        let seen = covered(model, plan).map_or_else(String::new, |covered| {
            let covered = Duration::from_secs(covered.as_secs());
            if covered < set.window {
                format!("; {} of it seen so far", format_duration(covered))
            } else {
                String::new()
            }
        });
        put(&mut lines, "window", format!("{}{seen}", format_duration(set.window)));
        put(&mut lines, "from", &set.origin);
    }
    sources(model, plan, &mut lines);
    Some(Explain { title: clean(name).into_owned(), lines, offset: 0 })
}

/// How far back the samples of a service reach.
fn covered(model: &Model, plan: &ServicePlan) -> Option<Duration> {
    let rows = plan.targets.iter().filter_map(|id| model.fleet.targets.get(id.0 as usize));
    rows.filter_map(|row| row.first).min().map(|first| model.now.since(first))
}

/// The formula, what it gives now, and how many series and samples went into it.
fn inputs(model: &Model, expr: &Expr, lines: &mut Lines) {
    let (text, backend) = model.plan.written(expr);
    put(lines, "formula", text);
    if let Some(backend) = backend {
        return asked(model, expr, &backend, lines);
    }
    put(lines, "engine", "warroom's own, from samples in memory");
    let options = Options { limits: Limits { samples: 200_000, ..Limits::default() }, ..Options::default() };
    match promql::eval(&model.store, expr, model.now, &options) {
        Ok(answer) => {
            let series: usize =
                expr.selectors().iter().map(|selector| model.store.select(&selector.matchers).len()).sum();
            let elements = match &answer.value {
                Value::Vector(points) => points.len(),
                Value::Matrix(rows) => rows.len(),
                _ => 1,
            };
            let text = format!("{} samples of {series} series -> {elements} values", answer.touched);
            put(lines, "inputs", text);
        }
        Err(error) => put(lines, "inputs", error.to_string()),
    }
}

/// What a server answered to it: how much, when, and whether it is all.
fn asked(model: &Model, expr: &Expr, backend: &str, lines: &mut Lines) {
    let state = model.remote.backends.iter().find(|state| *state.name == *backend);
    let product = state.and_then(|state| state.build.as_ref()).map_or_else(String::new, |build| {
        let name = build.product.map_or("", crate::config::Flavour::name);
        format!(" ({name} {})", build.version)
    });
    put(lines, "engine", format!("backend {backend}{product}"));
    let when = super::remote::answered(model, expr);
    let values = promql::eval(&model.store, expr, model.now, &Options::default());
    let count = match values.map(|answer| answer.value) {
        Ok(Value::Vector(points)) => points.len(),
        _ => 0,
    };
    put(lines, "answer", format!("{count} values, {}", age(model, when)));
    let Some(state) = state else { return };
    if let Some(partial) = &state.partial {
        put(lines, "PARTIAL", partial.as_str());
    }
    if let Some(wrong) = crate::answers::key_of(expr).and_then(|key| state.wrong.get(&*key)) {
        put(lines, "refused", wrong.as_str());
    }
}

/// Which polls bring the samples of a service, and how old they are.
fn sources(model: &Model, plan: &ServicePlan, lines: &mut Lines) {
    const MOST: usize = 6;
    for id in plan.targets.iter().take(MOST) {
        let Some(row) = model.fleet.targets.get(id.0 as usize) else { continue };
        put(lines, "source", format!("{}  ({})", row.target.url, age(model, row.answered)));
    }
    if let Some(row) = plan
        .backend
        .and_then(|place| model.plan.backends.get(place))
        .and_then(|backend| model.fleet.targets.get(backend.target.0 as usize))
    {
        put(
            lines,
            "source",
            format!("{} {}  ({})", row.target.poll, row.target.url, age(model, row.answered)),
        );
    }
    if plan.targets.len() > MOST {
        put(lines, "", format!("and {} more", plan.targets.len() - MOST));
    }
}

fn slo(model: &Model, name: &Arc<str>) -> Option<Explain> {
    let row = model.slos.rows.iter().find(|row| row.name == *name)?;
    let known = model.slos.book.assessments().iter().find(|known| known.slo.name == *name)?;
    let count = |value: f64| human(value, Unit::Count);
    let mut lines = Lines::new();
    for formula in &row.formula {
        put(&mut lines, "measures", formula);
    }
    put(&mut lines, "window", format!("{}, seen {}", row.window, row.coverage));
    put(
        &mut lines,
        "SLI",
        format!(
            "(valid - bad) / valid = ({} - {}) / {} = {}",
            count(known.counts.total),
            count(known.counts.bad),
            count(known.counts.total),
            row.sli.map_or_else(|| "unknown".to_owned(), |sli| format!("{:.4}%", sli * 100.0)),
        ),
    );
    let budget = 1.0 - row.objective;
    put(&mut lines, "budget", format!("1 - objective = {:.4}% of events", budget * 100.0));
    if let Some(known) = known.budget {
        put(
            &mut lines,
            "left",
            format!(
                "1 - bad / (valid x budget) = {:.1}%: {} of {} events",
                known.remaining * 100.0,
                count(known.events_left),
                count(known.events)
            ),
        );
    }
    for burn in &known.burns {
        let rate = burn.rate.map_or_else(|| "no traffic".to_owned(), |rate| format!("{rate:.2}x"));
        let thin = if burn.is_insufficient() {
            format!(", needs {:.0} for one error not to fire", burn.fewest)
        } else {
            String::new()
        };
        put(
            &mut lines,
            &format!("burn {}", format_duration(burn.window)),
            format!(
                "(bad / valid) / budget = ({} / {}) / {:.4}% = {rate}{thin}",
                count(burn.counts.bad),
                count(burn.counts.total),
                budget * 100.0
            ),
        );
    }
    for remark in &row.remarks {
        put(&mut lines, "note", remark);
    }
    put(&mut lines, "age", age(model, row.at));
    if let Some(plan) = model.plan.services.iter().find(|plan| plan.name == row.service) {
        sources(model, plan, &mut lines);
    }
    Some(Explain { title: format!("SLO {name}"), lines, offset: 0 })
}

fn target(model: &Model, id: TargetId) -> Option<Explain> {
    let row = model.target(id)?;
    let mut lines = Lines::new();
    put(&mut lines, "asks", row.target.url.as_str());
    put(&mut lines, "every", format_duration(row.target.interval));
    put(&mut lines, "answered", age(model, row.answered));
    if let Some(took) = row.took {
        put(&mut lines, "took", human(took.as_secs_f64(), Unit::Seconds));
    }
    if let Some(answer) = &row.answer {
        let text = format!(
            "{}, {} samples, {} bad lines",
            human(answer.bytes as f64, Unit::Bytes),
            answer.samples_scraped,
            answer.bad_lines
        );
        put(&mut lines, "brought", text);
    }
    let instance = crate::labels::Matcher::equal("instance", &row.target.instance);
    let series = model.store.select(std::slice::from_ref(&instance));
    let names: std::collections::BTreeSet<&str> =
        series.iter().filter_map(|s| s.labels().get(NAME)).collect();
    put(&mut lines, "kept", format!("{} series of {} names", series.len(), names.len()));
    let policy =
        model.plan.service_of(id).and_then(|index| model.plan.services.get(index)).map(|plan| plan.policy);
    if let Some(policy) = policy {
        put(
            &mut lines,
            "state",
            format!(
                "{}: down after {} failures in a row, up after {} answers, stale after {}",
                row.state.word(),
                policy.fails,
                policy.passes,
                format_duration(policy.stale_after)
            ),
        );
    }
    Some(Explain {
        title: format!("{} {} {}", row.target.service, row.target.poll, row.target.instance),
        lines,
        offset: 0,
    })
}

/// Why an incident is as grave as it is, and what its alerts say.
fn incident(model: &Model, id: &str) -> Option<Explain> {
    let it = model.incidents.get(id)?;
    let mut lines = Lines::new();
    put(&mut lines, "severity", format!("{}: {}", it.severity, it.why));
    for key in &it.keys {
        put(&mut lines, "group", key);
    }
    for (note, more) in it.distinct().into_iter().filter(|(note, _)| note.firing).take(8) {
        put(&mut lines, "alert", format!("{}{}", note.name, note.labels));
        let value = note.value.map_or_else(|| "unknown".to_owned(), |value| human(value, Unit::Count));
        let like = if more > 0 { format!("; {more} more of other windows") } else { String::new() };
        put(&mut lines, "value", format!("{value}{like}"));
        if let Some(text) = formula_of(model, note) {
            put(&mut lines, "formula", text);
        }
    }
    Some(Explain { title: it.id.to_string(), lines, offset: 0 })
}

/// The rule that an alert comes from. Several may have its name: all labels that the rule gives as they stand (and not
/// as templates) must be the alert's.
pub(super) fn formula_of<'m>(model: &'m Model, note: &AlertNote) -> Option<&'m str> {
    let rules = model.rules.groups().flat_map(|group| group.rules().map(|(rule, _, _)| rule));
    let mut named = rules.filter(|rule| **rule.name() == *note.name);
    let given = |(name, value): &(String, String)| {
        value.contains("{{") || {
            let pair = format!("{name}={value:?}");
            note.labels.split_once(&pair).is_some_and(|(before, _)| before.ends_with(['{', ' ']))
        }
    };
    named.find(|rule| rule.labels.iter().all(given)).map(|rule| rule.text.as_str())
}

fn panel(model: &Model, index: usize) -> Option<Explain> {
    let panel = model.panels.all.get(index)?;
    let mut lines = Lines::new();
    inputs(model, &panel.plan.expr, &mut lines);
    put(&mut lines, "range", format_duration(panel.plan.range));
    Some(Explain { title: clean(&panel.plan.title).into_owned(), lines, offset: 0 })
}

/// What the graph that fills the screen is made of.
fn closeup(model: &Model) -> Option<Explain> {
    let it = model.closeup()?;
    let mut lines = Lines::new();
    match model.zoom.as_ref().and_then(|zoom| zoom.subject.expr(model)) {
        Some(expr) => inputs(model, &expr, &mut lines),
        None => put(&mut lines, "formula", &it.formula),
    }
    if let Some((start, end)) = it.span {
        put(&mut lines, "range", format_duration(Duration::from_secs(end.since(start).as_secs())));
    }
    put(&mut lines, "age", age(model, it.at));
    Some(Explain { title: clean(&it.title).into_owned(), lines, offset: 0 })
}

/// Where a breaker's state or a queue's depth comes from.
fn flow(model: &Model, key: &FlowKey) -> Option<Explain> {
    let row = model.flow_rows().into_iter().find(|row| row.key == *key)?;
    let plan = model.plan.services.iter().find(|plan| plan.name == key.service)?;
    let mut lines = Lines::new();
    put(&mut lines, key.kind.word(), row.text());
    put(&mut lines, "age", age(model, Some(row.at)));
    for origin in &row.origins {
        match plan.derived.iter().find(|derived| *derived.name == **origin) {
            Some(derived) => put(&mut lines, "from", format!("poll.{origin}: {}", derived.expr)),
            None => put(&mut lines, "from", origin),
        }
    }
    if let Some((warning, critical)) = row.limits {
        let (warning, critical) = (human(warning, Unit::Count), human(critical, Unit::Count));
        put(
            &mut lines,
            "limits",
            format!("warning above {warning}, critical above {critical} (bands.queue)"),
        );
    }
    if key.kind == FlowKind::Queue {
        put(&mut lines, "change", "mean of the newest 3 buckets less that of a minute before");
    }
    put(&mut lines, "series", key.expression());
    sources(model, plan, &mut lines);
    Some(Explain { title: clean(&row.text()).into_owned(), lines, offset: 0 })
}
