//! A round of one objective, cut into pieces of work: from the counters in the store to events by the minute.
//!
//! A piece is so much reading and entering that a key never waits for longer than about a millisecond, however long the
//! history is. How a round is cut changes nothing in its figures. It never judges.

use super::count::{self, Edges, Last, Spans};
use super::kin::{Kin, Memo};
use super::spec::Sli;
use super::track::{Lifetime, MOST_COUNTERS, Track};
use crate::labels::Labels;
use crate::store::{Series, Store};
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;

/// So much is done in one piece, in samples read: some 0.5 ms.
const PIECE: usize = 4000;
/// What one counter costs beside its samples.
const COUNTER: usize = 8;
/// So many series are looked through for the price of one sample.
const LOOKED_THROUGH: usize = 4;
/// A start is of use for a first figure if its counter was seen so short a time ago.
const FRESH_MS: i64 = count::BRIDGED_MS;

/// A counter, and how its growth weighs in valid and in bad events.
type Weighed = (Labels, (f64, f64));

/// How far a round is.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Which part of the objective is counted; past the last one: what was counted is being entered.
    term: usize,
    /// Counters of this part that are still to be read, once they were looked up.
    waiting: Option<VecDeque<Weighed>>,
    /// Where to go on with the first of them.
    resume: Option<i64>,
    spans: Spans,
    /// The first of the minutes over which the span under way is still to be spread.
    spread: usize,
    memo: Memo,
    lifetime: Option<Lifetime>,
}

impl Progress {
    /// Was anything counted that is not entered yet?
    pub(super) fn is_under_way(&self) -> bool {
        self.term > 0 || self.waiting.is_some()
    }
}

impl Track {
    /// Does one piece of measuring up to `at`; true once it is done.
    pub(super) fn measure(&mut self, store: &Store, at: Timestamp) -> bool {
        self.measure_piece(store, at, PIECE)
    }

    fn measure_piece(&mut self, store: &Store, at: Timestamp, piece: usize) -> bool {
        let slo = Arc::clone(&self.slo);
        if slo.asked.is_some() {
            self.settle_asked(at);
            return true;
        }
        let terms = match &slo.sli {
            Sli::Counts(terms) => terms.len(),
            Sli::Latency { .. } => 1,
            Sli::Rates { .. } | Sli::Slices { .. } => return self.sample(store, at),
        };
        // Enough for one sample at least: a round goes on, however small its pieces are.
        let mut left = piece.max(COUNTER + 1);
        while left > 0 && self.progress.term < terms {
            match self.progress.waiting.take() {
                None => {
                    let (waiting, seen) = self.look_up(store, &slo.sli);
                    self.progress.waiting = Some(waiting);
                    left = left.saturating_sub(seen / LOOKED_THROUGH);
                }
                Some(mut waiting) => {
                    self.read(store, at, &mut waiting, &mut left);
                    if waiting.is_empty() {
                        self.progress.term += 1;
                    } else {
                        self.progress.waiting = Some(waiting);
                    }
                }
            }
        }
        if left == 0 || !self.enter(&mut left) {
            return false;
        }
        self.settle(at);
        true
    }

    /// The counters of the part of the objective that is up, and through how many series it went to find them.
    fn look_up(&mut self, store: &Store, sli: &Sli) -> (VecDeque<Weighed>, usize) {
        let weigh = |found: &[&Series], weights: &dyn Fn(&Labels) -> Option<(f64, f64)>| {
            found.iter().filter_map(|one| Some((one.labels().clone(), weights(one.labels())?))).collect()
        };
        match sli {
            Sli::Counts(terms) => {
                let Some(term) = terms.get(self.progress.term) else { return Default::default() };
                let counter = &term.counter;
                let found = store.select(&counter.selector.matchers);
                let weights = |labels: &Labels| counter.takes(labels).then_some((counter.weight, term.bad));
                (weigh(&found, &weights), found.len())
            }
            Sli::Latency { buckets, threshold } => {
                let found = store.select(buckets);
                let edges = found.iter().filter_map(|series| count::edge(series.labels()));
                let edges = Edges::enclosing(edges, *threshold);
                self.edges = Some(edges);
                (weigh(&found, &|labels| edges.weights(count::edge(labels)?)), found.len())
            }
            Sli::Rates { .. } | Sli::Slices { .. } => Default::default(),
        }
    }

    /// Reads what is new of the counters that wait, as far as the piece goes.
    fn read(&mut self, store: &Store, at: Timestamp, waiting: &mut VecDeque<Weighed>, left: &mut usize) {
        let since = at.millis() - self.slo.window.longest().as_millis() as i64;
        let progress = &mut self.progress;
        let mut kin = Kin { store, memo: &mut progress.memo };
        while *left > 0
            && let Some((labels, weights)) = waiting.front()
        {
            *left = left.saturating_sub(COUNTER);
            let key = (progress.term as u16, labels.clone());
            let known = self.last.get(&key).copied();
            let full = known.is_none() && self.last.len() >= MOST_COUNTERS;
            if full {
                self.trouble = Some(format!("more than {MOST_COUNTERS} counters: the rest is left out"));
            }
            if let Some(series) = store.get(labels).filter(|_| !full) {
                let from = progress.resume.or(known.map(|last| last.at + 1)).unwrap_or(since);
                let range = (from, at.millis());
                let (last, more) =
                    count::count(&mut kin, series, known, range, *weights, left, &mut progress.spans);
                if let Some(last) = last {
                    self.last.insert(key, last);
                }
                progress.resume = more;
                if more.is_some() {
                    return;
                }
                if let Some(last) = last.filter(|last| last.at > at.millis() - FRESH_MS) {
                    live(&mut progress.lifetime, last, *weights);
                }
            }
            progress.resume = None;
            waiting.pop_front();
        }
    }

    /// Enters what was counted into the minutes, as far as the piece goes; true once all of it is there.
    fn enter(&mut self, left: &mut usize) -> bool {
        let Progress { spans, spread, .. } = &mut self.progress;
        while let Some((minute, (total, bad))) = spans.minutes.pop_first() {
            self.minutes.add_events(minute, total, bad);
            *left = left.saturating_sub(1);
            if *left == 0 {
                return false;
            }
        }
        while let Some(entry) = spans.long.first_entry() {
            let (span, (total, bad)) = (*entry.key(), *entry.get());
            let minutes = &mut self.minutes;
            let shares = Spans::shares(span);
            let mut given = 0;
            for (minute, share) in shares.skip(*spread).take(*left) {
                minutes.add_events(minute, total * share, bad * share);
                given += 1;
            }
            *left -= given;
            if *left == 0 {
                *spread += given;
                return false;
            }
            *spread = 0;
            entry.remove();
        }
        true
    }

    /// The end of a round: which times were looked at, and what all of it comes to.
    fn settle(&mut self, at: Timestamp) {
        let Progress { spans, lifetime, .. } = std::mem::take(&mut self.progress);
        let mut until = self.covered_until;
        for (from, to) in spans.covered.after(self.covered_until) {
            // What a short step between two samples covers is not bridged, whatever else says of the same time.
            let gaps = spans.seen.gaps(from, to);
            let mut done = from;
            for (begin, end) in gaps {
                self.minutes.cover(done, begin, false);
                self.minutes.cover(begin, end, true);
                done = end;
            }
            self.minutes.cover(done, to, false);
            until = until.max(to);
        }
        self.covered_until = until;
        self.lifetime = lifetime.filter(|lifetime| lifetime.total > 0.0);
        self.forget(at);
    }
}

/// Adds what a counter shows to the figure since the processes began.
fn live(lifetime: &mut Option<Lifetime>, last: Last, (total, bad): (f64, f64)) {
    let sum = lifetime.get_or_insert(Lifetime { total: 0.0, bad: 0.0, since: None });
    sum.total += last.value * total;
    sum.bad += last.value * bad;
    if let Some(start) = last.start.seconds() {
        let start = Timestamp::from_seconds(start);
        sum.since = Some(sum.since.map_or(start, |since| since.min(start)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Matcher, NAME};
    use crate::promql::{Counter, Selector, Time};
    use crate::slo::{Slo, Term, Window};
    use proptest::prelude::*;
    use std::time::Duration;

    fn slo(name: &str, sli: Sli) -> Arc<Slo> {
        Arc::new(Slo {
            name: name.into(),
            service: None,
            title: String::new(),
            description: String::new(),
            objective: 0.999,
            window: Window::Rolling(Duration::from_secs(30 * 86_400)),
            sli,
            rows: Vec::new(),
            min_events: None,
            asked: None,
            maintenance: Vec::new(),
            interval: Duration::from_secs(15),
            reported: Vec::new(),
            notes: Vec::new(),
            texts: Vec::new(),
        })
    }

    fn slos() -> Vec<Arc<Slo>> {
        let term = |matchers: Vec<Matcher>, weight: f64, bad: f64| {
            let selector = Selector { matchers, time: Time::default() };
            Term { counter: Counter { selector, weight, unless: Vec::new() }, bad }
        };
        let all = Matcher::equal(NAME, "all_total");
        let counts = vec![
            term(vec![all.clone(), Matcher::equal("status", "500")], 0.0, 1.0),
            term(vec![all], 1.0, 0.0),
        ];
        let buckets = vec![Matcher::equal(NAME, "took_seconds_bucket")];
        vec![slo("counted", Sli::Counts(counts)), slo("latency", Sli::Latency { buckets, threshold: 0.3 })]
    }

    fn round(track: &mut Track, store: &Store, at: Timestamp, piece: usize) -> usize {
        let mut pieces = 1;
        while !track.measure_piece(store, at, piece) {
            pieces += 1;
            assert!(pieces < 1_000_000, "a round ends");
        }
        pieces
    }

    /// Scrapes of two instances, with gaps, restarts that are told or not, and series that are born late.
    fn store(steps: &[(u8, u16)]) -> (Store, i64) {
        let (mut store, mut now) = (Store::default(), 1_767_225_600_000);
        let mut counted = [[0.0_f64; 4]; 2];
        let mut started = now as f64 / 1000.0 - 500.0;
        for (number, (kind, amount)) in steps.iter().enumerate() {
            now += if *kind == 9 { 700_000 } else { 15_000 };
            let instance = number % 2;
            let name = ["a", "b"][instance];
            let mut put = |metric: &str, label: (&str, &str), value: f64| {
                let labels = Labels::metric(metric, [("job", "shop"), ("instance", name), label]);
                store.append(&labels, Timestamp::from_millis(now), value);
            };
            if *kind == 8 {
                counted[instance] = [0.0; 4];
                started = now as f64 / 1000.0 - 3.0;
            }
            if *kind == 7 {
                put("all_total", ("status", "200"), f64::NAN);
                continue;
            }
            if amount % 3 != 0 {
                put("process_start_time_seconds", ("", ""), started);
            }
            for (slot, status) in ["200", "404", "500"].iter().enumerate() {
                counted[instance][slot] += f64::from(*amount % (7 + slot as u16));
                if slot == 0 || number > 10 {
                    put("all_total", ("status", status), counted[instance][slot]);
                }
            }
            counted[instance][3] += f64::from(*amount);
            for (slot, le) in ["0.1", "0.25", "0.5", "+Inf"].iter().enumerate() {
                put(
                    "took_seconds_bucket",
                    ("le", le),
                    (counted[instance][3] * (slot as f64 + 1.0) / 4.0).floor(),
                );
            }
        }
        (store, now)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// However small the pieces are, and whenever rounds were held before: the account is the same to the last bit.
        #[test]
        fn how_a_round_is_cut_changes_nothing(
            steps in prop::collection::vec((0_u8..10, 0_u16..400), 2..120),
            piece in 1_usize..80,
            early in 0_i64..2_000,
        ) {
            let (store, now) = store(&steps);
            for slo in slos() {
                let (mut whole, mut cut) = (Track::new(Arc::clone(&slo)), Track::new(slo));
                let early = Timestamp::from_millis(1_767_225_600_000 + early * 1000);
                for at in [early, Timestamp::from_millis(now.max(early.millis() + 1))] {
                    prop_assert_eq!(round(&mut whole, &store, at, usize::MAX), 1);
                    let pieces = round(&mut cut, &store, at, piece);
                    prop_assert!(piece > 10 || at == early || pieces > 1);
                    prop_assert_eq!(whole.assess(at), cut.assess(at));
                    prop_assert_eq!(whole.unsaved(at, usize::MAX).minutes, cut.unsaved(at, usize::MAX).minutes);
                    prop_assert_eq!(&whole.last, &cut.last);
                }
            }
        }
    }

    #[test]
    fn in_the_middle_of_a_round_nothing_is_handed_out_to_be_saved() {
        let (store, now) = store(&[(0, 100); 60]);
        let at = Timestamp::from_millis(now);
        for slo in slos() {
            let mut track = Track::new(slo);
            while !track.measure_piece(&store, at, 20) {
                assert!(track.unsaved(at, usize::MAX).is_empty());
            }
            let saved = track.unsaved(at, usize::MAX);
            assert!(!saved.minutes.is_empty() && !saved.marks.is_empty());
        }
    }

    /// What was looked at every 15 seconds is not bridged, though a first round sees it all at once.
    #[test]
    fn a_history_without_gaps_is_not_called_bridged() {
        for (kind, gap) in [(0, 0), (9, 700)] {
            let steps: Vec<(u8, u16)> =
                (0..200).map(|step| (if step == 100 { kind } else { 0 }, 50)).collect();
            let (store, now) = store(&steps);
            let at = Timestamp::from_millis(now);
            let mut track = Track::new(slos().remove(0));
            round(&mut track, &store, at, PIECE);
            let told = track.assess(at).coverage;
            assert!(told.observed.as_secs() >= 2900 + gap as u64, "{told:?}");
            let bridged = told.bridged.as_secs() as i64;
            assert!(bridged >= gap && bridged <= gap + gap.signum() * 120, "gap {gap}: {told:?}");
        }
    }
}
