//! What lies on disk of the past goes in front of what the store has; what the store has got goes to the disk.
//!
//! It knows neither files nor formats: samples come and go as events and effects.

use crate::event::{Effect, Purpose, Recalled, Strand};
use crate::labels::Labels;
use crate::model::{Changed, Model};
use crate::store::{Packed, Prepended};
use crate::target::{STALE_NAN, is_stale};
use crate::units::Timestamp;
use std::time::Duration;

/// How often samples are handed over: what is lost at most when warroom is killed.
const KEEP_EVERY: Duration = Duration::from_secs(15);

/// So many samples are handed over at once, however short a time ago the last ones were.
const KEEP_AT: usize = 1 << 16;

/// A series that nobody looked at ends after its own step, but not later than this.
const LONGEST_STEP: Duration = Duration::from_secs(60);

/// What tells since when alerts are active must not end: it is what survives.
const FOR_STATE: &str = "ALERTS_FOR_STATE";

/// Earlier runs' lines are read: now for the samples. Rules and objectives wait for them.
pub(super) fn begin(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.judging.recalling {
        return;
    }
    model.judging.remembering = true;
    // Alerts look into the past since when they are active, after the second evaluation of their group.
    model.rules.restore();
    let from = model.now - model.plan.limits.retention;
    effects.push(Effect::Recall { purpose: Purpose::Start, from, to: model.now });
}

/// A batch has come. The living store takes in what belongs to its own past, and nothing else.
pub(super) fn taken(model: &mut Model, recalled: Recalled) {
    if recalled.purpose != Purpose::Start {
        return;
    }
    for strand in recalled.samples {
        join(model, strand);
    }
    model.changed = model.changed.max(Changed::Data);
    if !recalled.complete {
        return;
    }
    model.judging.recalling = false;
    if let Some(trouble) = recalled.trouble {
        super::say(model, true, trouble.to_string());
    }
    // Courses and figures that were drawn from what little there was.
    for service in 0..model.plan.services.len() {
        if !model.work.contains(&service) {
            model.work.push_back(service);
        }
    }
    model.judging.remembering = false;
    super::ruling::begin(model);
}

/// Puts one strand in front of its series. Where the series was not looked at until warroom was started again, it ends
/// behind the strand: a graph shows a gap there, and no value is carried over it.
fn join(model: &mut Model, Strand { labels, packed }: Strand) {
    let seen_since = model.store.get(&labels).and_then(crate::store::Series::oldest);
    let first = seen_since.is_none_or(|oldest| oldest >= model.started);
    let until = seen_since.unwrap_or(model.started);
    let end = if first { end_of(&labels, &packed, until) } else { None };
    if let Some(end) = end {
        for piece in Packed::pack(&[(end, STALE_NAN)]) {
            if model.store.prepend(&labels, piece) != Prepended::Stored {
                return;
            }
        }
    }
    model.store.prepend(&labels, packed);
}

/// When a series ended whose newest sample is the last of `packed`: one step later; nothing if it goes on in time.
fn end_of(labels: &Labels, packed: &Packed, goes_on: Timestamp) -> Option<Timestamp> {
    if labels.name() == Some(FOR_STATE) {
        return None;
    }
    let samples = packed.samples();
    let (last, value) = *samples.last()?;
    if is_stale(value) {
        return None;
    }
    let before = samples.len().checked_sub(2).and_then(|place| samples.get(place));
    let step = before.map_or(LONGEST_STEP, |before| last.since(before.0).min(LONGEST_STEP));
    let step = step.max(Duration::from_millis(1));
    (last + step * 2 < goes_on).then_some(last + step)
}

/// Hands over what was appended, if it is time.
pub(super) fn keep(model: &mut Model, effects: &mut Vec<Effect>) {
    let waiting = model.store.recorded();
    if waiting >= KEEP_AT || waiting > 0 && model.now.since(model.judging.kept) >= KEEP_EVERY {
        model.judging.kept = model.now;
        effects.push(Effect::Keep(model.store.take_recorded()));
    }
}
