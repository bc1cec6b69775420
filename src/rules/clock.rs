//! When a group is due: at multiples of its interval since the epoch, shifted by an amount that is the same in every
//! warroom that knows the group, so that all of them evaluate, and alert, at the same moments.

use crate::units::Timestamp;
use std::time::Duration;

/// The moments of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) interval: Duration,
    shift: i64,
    next: Option<Timestamp>,
}

impl Clock {
    /// The clock of the group `group` in the set `set`, file `file`; only the file's own name counts, since its folder
    /// differs from machine to machine.
    pub(super) fn new(interval: Duration, set: &str, file: &str, group: &str) -> Self {
        let interval = interval.max(Duration::from_millis(1));
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let hash = fnv([set, file, group]);
        let shift = (hash % (interval.as_millis() as u64).max(1)) as i64;
        Self { interval, shift, next: None }
    }

    /// The newest moment at or before `now`.
    fn slot(&self, now: Timestamp) -> Timestamp {
        let shifted = Timestamp::from_millis(now.millis().saturating_sub(self.shift));
        Timestamp::from_millis(shifted.floor_to(self.interval).millis().saturating_add(self.shift))
    }

    /// When it is due next. A group that never ran waits for its next moment, as does one whose clock was set back.
    pub(super) fn due(&mut self, now: Timestamp) -> Timestamp {
        let first = self.slot(now) + self.interval;
        let next = *self.next.get_or_insert(first);
        if next > first {
            self.next = Some(first);
            return first;
        }
        next
    }

    /// Takes the moment that is due at `now`, and how many before it have been missed.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<(Timestamp, u64)> {
        let next = self.due(now);
        if next > now {
            return None;
        }
        let slot = self.slot(now);
        let missed = slot.since(next).as_millis() / self.interval.as_millis().max(1);
        self.next = Some(slot + self.interval);
        Some((slot, missed as u64))
    }

    /// Goes on where the clock of the same group was.
    pub(super) fn follow(&mut self, old: Self) {
        if old.interval == self.interval && old.shift == self.shift {
            self.next = old.next;
        }
    }
}

/// FNV-1a over the parts, each ended by a byte that no UTF-8 text has. Written out because it must never change.
fn fnv(parts: [&str; 3]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn all_warrooms_evaluate_a_group_at_the_same_moments() {
        let interval = Duration::from_secs(60);
        let [mut here, mut there] = ["/etc/warroom/alerts.yml", "C:\\rules\\alerts.yml"]
            .map(|file| Clock::new(interval, "sparkle", file, "api"));
        // One began later than the other, and asks at other moments.
        let first = here.due(at(1_700_000_000_123));
        let (slot, missed) = here.take(first + Duration::from_millis(3)).unwrap();
        assert_eq!((slot, missed), (first, 0));
        assert_eq!(
            there.due(at(1_700_000_033_000)).millis().rem_euclid(60_000),
            first.millis().rem_euclid(60_000)
        );
        assert_ne!(here.shift, Clock::new(interval, "sparkle", "alerts.yml", "db").shift);
        // A known value: it must not change with a release.
        assert_eq!(fnv(["sparkle", "alerts.yml", "api"]), 0xc0d1_5a99_8af5_42f3);
    }

    #[test]
    fn late_calls_skip_and_count_and_a_clock_set_back_does_not_stop_it() {
        let mut clock = Clock::new(Duration::from_secs(10), "s", "f", "g");
        let first = clock.due(at(1_000_000));
        assert_eq!(clock.take(first - Duration::from_millis(1)), None);
        assert_eq!(clock.take(first), Some((first, 0)));
        assert_eq!(clock.take(first), None);
        let late = first + Duration::from_millis(39_999);
        assert_eq!(clock.take(late), Some((first + Duration::from_secs(30), 2)));
        let back = clock.due(at(500_000));
        assert!(back > at(500_000) && back <= at(510_000), "{back}");
    }
}
