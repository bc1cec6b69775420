//! What lies on disk of the past goes in front of what the store has; what the store has got goes to the disk.
//!
//! It knows neither files nor formats: samples come and go as events and effects.

use crate::event::{Effect, Purpose, Recalled, Strand};
use crate::labels::{Labels, MatchOp, Matcher, NAME};
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

/// Windows of figures are seldom longer.
const LOOKED_BACK: Duration = Duration::from_secs(900);

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
    seen_before(model);
    if let Some(trouble) = recalled.trouble {
        super::say(model, true, trouble.to_string());
    }
    // Courses and figures that were drawn from what little there was: nothing of them is kept.
    for row in &mut std::sync::Arc::make_mut(&mut model.fleet).services {
        row.readings.iter_mut().for_each(|reading| reading.course.clear());
        row.queues.iter_mut().for_each(|queue| queue.course.clear());
    }
    for service in 0..model.plan.services.len() {
        if !model.work.contains(&service) {
            model.work.push_back(service);
        }
    }
    model.judging.remembering = false;
    super::ruling::begin(model);
}

/// Since when targets are looked at without a break, where that was before warroom was started: rates need not begin with
/// short windows then.
fn seen_before(model: &mut Model) {
    let now = model.now;
    let mut firsts = Vec::new();
    let mut samples = Vec::new();
    for row in &model.fleet.targets {
        let is_its = Matcher::new("instance", MatchOp::Equal, &row.target.instance);
        let Ok(is_its) = is_its else { continue };
        let mut first = None;
        for name in ["up", "probe_success"] {
            let Ok(is_named) = Matcher::new(NAME, MatchOp::Equal, name) else { continue };
            for series in model.store.select(&[is_named, is_its.clone()]) {
                samples.clear();
                series.range(now - LOOKED_BACK, now, &mut samples);
                // Back from the newest one, over pauses that are none: those of a restart.
                let mut since = now;
                for (at, _) in samples.iter().rev().filter(|sample| !is_stale(sample.1)) {
                    if since.since(*at) > row.target.interval * 4 {
                        break;
                    }
                    since = *at;
                }
                first = first.into_iter().chain((since < now).then_some(since)).min();
            }
        }
        firsts.push((row.target.id, first));
    }
    let fleet = std::sync::Arc::make_mut(&mut model.fleet);
    for (id, first) in firsts {
        if let Some(row) = fleet.targets.get_mut(id.0 as usize) {
            row.first = row.first.into_iter().chain(first).min();
        }
    }
}

/// Puts one strand in front of its series. Where the series was not looked at until warroom was started again, it ends
/// behind the strand: a graph shows a gap there, and no value is carried over it.
fn join(model: &mut Model, Strand { labels, packed }: Strand) {
    let seen_since = model.store.get(&labels).and_then(crate::store::Series::oldest);
    let first = seen_since.is_none_or(|oldest| oldest >= model.started);
    let until = seen_since.unwrap_or(model.started);
    let usual = model.plan.services.iter().map(|service| service.interval).min().unwrap_or(LONGEST_STEP);
    let end = if first { end_of(&labels, &packed, usual, until) } else { None };
    if let Some(end) = end {
        for piece in Packed::pack(&[(end, STALE_NAN)]) {
            if model.store.prepend(&labels, piece) != Prepended::Stored {
                return;
            }
        }
    }
    model.store.prepend(&labels, packed);
}

/// When a series ended whose newest sample is the last of `packed`: one step later, the usual one where a single sample
/// does not tell; nothing if it goes on in time.
fn end_of(labels: &Labels, packed: &Packed, usual: Duration, goes_on: Timestamp) -> Option<Timestamp> {
    if labels.name() == Some(FOR_STATE) {
        return None;
    }
    let samples = packed.samples();
    let (last, value) = *samples.last()?;
    if is_stale(value) {
        return None;
    }
    let before = samples.len().checked_sub(2).and_then(|place| samples.get(place));
    let step = before.map_or(usual, |before| last.since(before.0));
    let step = step.min(LONGEST_STEP).max(Duration::from_millis(1));
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
