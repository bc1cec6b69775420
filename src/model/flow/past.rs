//! What breakers did before: read from the store step by step, and only while somebody looks.

use super::FlowKey;
use crate::labels::{Matcher, NAME};
use crate::model::rows::{BUCKETS, breaker_rank};
use crate::store::Store;
use crate::target::BreakerState;
use crate::units::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What one view of a breaker did so far.
#[derive(Clone, Debug, PartialEq)]
struct Track {
    state: f64,
    since: Timestamp,
    /// The change to this state was seen; else it was so from the first sample on.
    exact: bool,
    opened: u32,
    seen: Timestamp,
}

/// What a breaker did so far, all views together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    views: BTreeMap<String, Track>,
    /// Its state over time, as a height: 0 closed, 1 half-open, 2 open.
    pub course: Vec<Option<f64>>,
    /// Number of the newest bucket of the course since the epoch.
    pub last_bucket: u64,
    /// The moment that it was looked at for.
    pub at: Option<Timestamp>,
}

impl Past {
    /// Since when one of the views is in `state`, and whether the change to it was seen.
    pub fn since(&self, state: BreakerState) -> Option<(Timestamp, bool)> {
        let same = |track: &&Track| BreakerState::from_value(track.state) == Some(state);
        self.views.values().filter(same).map(|track| (track.since, track.exact)).min()
    }

    /// How often it was seen to open.
    pub fn opened(&self) -> u32 {
        self.views.values().map(|track| track.opened).sum()
    }

    /// Reads what came since it was looked at last.
    pub fn look(&mut self, store: &Store, key: &FlowKey, at: Timestamp, bucket: Duration) {
        let (metric, label) = key.series();
        let wanted = [
            Matcher::equal(NAME, metric),
            Matcher::equal("service", &key.service),
            Matcher::equal(label, key.name.as_str()),
        ];
        let bucket = bucket.max(Duration::from_secs(1));
        let number = |at: Timestamp| {
            u64::try_from(at.millis()).unwrap_or(0) / u64::try_from(bucket.as_millis()).unwrap_or(1).max(1)
        };
        self.at = Some(at);
        self.last_bucket = number(at);
        self.course = vec![None; BUCKETS];
        let begin = at.floor_to(bucket) - bucket * (BUCKETS as u32 - 1);
        let mut samples = Vec::new();
        for series in store.select(&wanted) {
            let view = series.labels().get("instance").unwrap_or("").to_owned();
            let known = self.views.get(&view).map(|track| track.seen);
            samples.clear();
            series.range(known.map_or(begin, |seen| seen.min(begin)), at, &mut samples);
            if known.is_none() {
                // Once, all of it: since when, and how often.
                samples.clear();
                series.range(Timestamp::default(), at, &mut samples);
            }
            for (when, value) in &samples {
                let Some(state) = BreakerState::from_value(*value) else { continue };
                if *when >= begin {
                    let back = self.last_bucket.saturating_sub(number(*when)) as usize;
                    let place = (BUCKETS - 1).checked_sub(back);
                    if let Some(slot) = place.and_then(|place| self.course.get_mut(place)) {
                        let height = f64::from(2 - breaker_rank(state));
                        *slot = Some(slot.map_or(height, |known| known.max(height)));
                    }
                }
                if known.is_none_or(|seen| *when > seen) {
                    self.step(&view, *value, state, *when);
                }
            }
        }
    }

    fn step(&mut self, view: &str, value: f64, state: BreakerState, at: Timestamp) {
        let Some(track) = self.views.get_mut(view) else {
            let track = Track { state: value, since: at, exact: false, opened: 0, seen: at };
            self.views.insert(view.to_owned(), track);
            return;
        };
        track.seen = at;
        if BreakerState::from_value(track.state) != Some(state) {
            (track.state, track.since, track.exact) = (value, at, true);
            track.opened = track.opened.saturating_add(u32::from(state == BreakerState::Open));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FlowKind;
    use super::*;
    use crate::labels::Labels;
    use crate::text::Clean;

    #[test]
    fn since_when_and_how_often_is_read_from_the_store() {
        let mut store = Store::default();
        let key = FlowKey { service: "a".into(), kind: FlowKind::Breaker, name: Clean::new("b") };
        let at = |second: i64| Timestamp::from_millis(1_000_000 + second * 1_000);
        let labels = Labels::metric(
            "warroom_breaker_state",
            [("service", "a"), ("breaker", "b"), ("instance", "one")],
        );
        let five = Duration::from_secs(5);
        let mut past = Past::default();
        // closed, open, half-open, open: one look in the middle, one at the end.
        for second in 0..60 {
            let state = match second {
                0..20 => 0.0,
                20..30 => 1.0,
                30..40 => 2.0,
                _ => 1.0,
            };
            store.append(&labels, at(second), state);
            if second == 25 {
                past.look(&store, &key, at(second), five);
                assert_eq!((past.since(BreakerState::Open), past.opened()), (Some((at(20), true)), 1));
            }
        }
        past.look(&store, &key, at(59), five);
        assert_eq!((past.since(BreakerState::Open), past.opened()), (Some((at(40), true)), 2));
        assert_eq!(past.since(BreakerState::Closed), None);
        let tail: Vec<f64> = past.course.iter().rev().take(12).rev().map(|v| v.unwrap()).collect();
        assert_eq!(tail, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
        let mut late = Past::default();
        late.look(&store, &key, at(19), five);
        assert_eq!(late.since(BreakerState::Closed), Some((at(0), false)), "closed from the first sample on");
    }
}
