//! Tells workers apart by their counters alone, where no start time does it.
//!
//! Each answer is laid on the track whose last values it can have grown from (none of its counters is below) and to
//! which it is nearest. After one restart everything stays on the new track. Workers make answers change between
//! tracks for as long as they live.

use super::table::{Entry, Role, Table};
use super::workers::Answer;

/// So many changes back to an older track, and it is not a restart.
const RETURNS: u32 = 4;
/// So many scrapes without a fall, and it was a restart after all.
const QUIET: u32 = 12;
/// The most tracks that are followed, and the fewest counters that can tell one from another.
const MAX_TRACKS: usize = 16;
const MIN_COUNTERS: usize = 5;

/// The tracks of a target; empty until a counter falls.
#[derive(Default)]
pub(super) struct Tracks {
    list: Vec<Track>,
    /// The track of the last answer.
    latest: u32,
    next: u32,
    returns: u32,
    /// The scrape of the last fall.
    fell: u32,
}

struct Track {
    id: u32,
    seen: u32,
    last: Vec<f64>,
}

impl Tracks {
    /// Lays the answer on a track; gives the track's number once it is clear that there are several.
    pub(super) fn follow(&mut self, answer: &Answer<'_>) -> Option<u32> {
        if answer.fell {
            self.fell = answer.scrape;
        }
        if self.list.is_empty() {
            if answer.fell {
                let first =
                    values(
                        answer.table,
                        |entry| {
                            if entry.seen == answer.scrape { entry.before } else { entry.last }
                        },
                    );
                self.open(first, answer.scrape - 1);
                self.open(now(answer), answer.scrape);
            }
            return None;
        }
        let certain = self.returns >= RETURNS;
        if !certain && answer.scrape - self.fell > QUIET {
            *self = Self::default();
            return None;
        }
        let now = now(answer);
        let nearest = self
            .list
            .iter_mut()
            .filter_map(|track| Some((grown(&track.last, &now)?, track)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((_, track)) => {
                self.returns += u32::from(track.id != self.latest);
                (self.latest, track.seen) = (track.id, answer.scrape);
                track.last.resize(now.len(), f64::NAN);
                for (last, now) in track.last.iter_mut().zip(&now).filter(|(_, now)| !now.is_nan()) {
                    *last = *now;
                }
            }
            None => self.open(now, answer.scrape),
        }
        (self.returns >= RETURNS).then_some(self.latest)
    }

    /// The table was rebuilt.
    pub(super) fn moved(&mut self, shift: impl Fn(&mut Vec<f64>)) {
        self.list.iter_mut().for_each(|track| shift(&mut track.last));
    }

    fn open(&mut self, last: Vec<f64>, seen: u32) {
        if self.list.len() >= MAX_TRACKS
            && let Some(at) =
                self.list.iter().enumerate().min_by_key(|(_, track)| track.seen).map(|(at, _)| at)
        {
            self.list.swap_remove(at);
        }
        self.latest = self.next;
        self.next += 1;
        self.list.push(Track { id: self.latest, seen, last });
    }
}

/// The counters of this answer by entry; NaN elsewhere.
fn now(answer: &Answer<'_>) -> Vec<f64> {
    values(answer.table, |entry| if entry.lived == answer.scrape { entry.last } else { f64::NAN })
}

fn values(table: &Table, of: impl Fn(&Entry) -> f64) -> Vec<f64> {
    table.iter().map(|(_, entry)| if entry.role == Role::Counter { of(entry) } else { f64::NAN }).collect()
}

/// By how much, in relation, the counters have grown; `None` if any is below, or too few can be compared.
fn grown(last: &[f64], now: &[f64]) -> Option<f64> {
    let mut compared = 0;
    let mut sum = 0.0;
    for (last, now) in last.iter().zip(now).filter(|(last, now)| !last.is_nan() && !now.is_nan()) {
        if now < last {
            return None;
        }
        compared += 1;
        sum += (now - last) / now.abs().max(1.0);
    }
    (compared >= MIN_COUNTERS).then_some(sum)
}
