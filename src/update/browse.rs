//! Browsing all that a target exports: asked for, taken in, and handed on to the explorer.

use super::{explore, keys, say};
use crate::event::{Browsed, Content, Effect};
use crate::model::browse::Browse;
use crate::model::ui::{ListState, RowKey, Screen};
use crate::model::{Changed, Model};
use crate::target::{Failure, TargetId};

/// Asks for the whole body of the target that is selected.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    let target = match (&model.ui.screen, &model.ui.list().selected) {
        (Screen::Body(id), _) | (_, Some(RowKey::Target(id))) => *id,
        _ => return say(model, true, "select a target first (2 lists them)".to_owned()),
    };
    if let Some(why) = super::attached::polled_elsewhere(model, target) {
        return say(model, true, why);
    }
    let is_http = model.target(target).is_some_and(|row| matches!(row.target.url.scheme(), "http" | "https"));
    if !is_http {
        return say(model, true, "only an answer over HTTP has a body that can be browsed".to_owned());
    }
    model.browse = Some(Browse { target, asked: model.now, outcome: None });
    model.ui.body = ListState::default();
    effects.push(Effect::FetchFull(target));
    keys::go(model, Screen::Body(target));
    keys::settle(model);
}

/// Takes in what came; an answer that nobody waits for any more is dropped.
pub(super) fn taken(model: &mut Model, target: TargetId, generation: u32, outcome: Result<Browsed, Failure>) {
    let waited_for = model.plan.generation == generation;
    let Some(browse) = model.browse.as_mut().filter(|browse| waited_for && browse.target == target) else {
        return;
    };
    browse.outcome = Some(outcome);
    model.changed = Changed::Now;
    model.unsettled = true;
}

/// Puts the selected family into the explorer.
pub(super) fn chosen(model: &mut Model, index: usize, effects: &mut Vec<Effect>) {
    let Some(Browse { outcome: Some(Ok(browsed)), .. }) = &model.browse else { return };
    let Content::Families(families) = &browsed.content else { return };
    let Some(family) = families.get(index) else { return };
    let text = expression(family, browsed.content_type.as_str().contains("openmetrics"));
    explore::open(model, &text, effects);
}

/// What is worth asking of a family: rates of what only grows, a quantile of a histogram, else the values.
fn expression(family: &crate::exposition::Family, is_open: bool) -> String {
    use crate::exposition::Kind;
    let name = family.name.as_str();
    // Names that need quotes are written the way Prometheus 3 reads them.
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'));
    let selector = |suffix: &str| {
        if plain {
            format!("{name}{suffix}")
        } else {
            format!("{{\"{}{suffix}\"}}", name.replace('\\', "\\\\").replace('"', "\\\""))
        }
    };
    match family.kind {
        Kind::Counter => {
            // OpenMetrics names the family without the suffix that its samples have.
            let suffix = if is_open && !name.ends_with("_total") { "_total" } else { "" };
            format!("rate({}[1m])", selector(suffix))
        }
        Kind::Histogram => {
            format!("histogram_quantile(0.95, sum by (le) (rate({}[1m])))", selector("_bucket"))
        }
        _ => selector(""),
    }
}
