//! When a target's turn is: fixed offsets in shared slots, back-off after failures. Pure; it is told the time.
//!
//! A burst of polls falsifies the latencies that it measures, an even spread wakes the machine for each of them; so
//! polls fall into ten slots a second, which all targets share.

use crate::units::Timestamp;
use std::time::Duration;

/// The length of a slot.
pub(super) const SLOT: Duration = Duration::from_millis(100);
/// The first failures do not slow the polling down: a target has to fail a few times before it counts as down.
const PATIENCE: u32 = 3;
/// Back-off grows up to this many intervals ...
const MOST_INTERVALS: u32 = 8;
/// ... and up to this, so that a recovery is seen soon.
const LONGEST: Duration = Duration::from_secs(60);

/// A target's turns: every `interval`, at `offset` within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    interval: Duration,
    offset: Duration,
}

impl Schedule {
    /// The turns of the target of this name; the same name has the same offset in every run and on every machine.
    pub(super) fn new(interval: Duration, service: &str, instance: &str, poll: &str) -> Self {
        let interval = interval.max(SLOT);
        let slots = (interval.as_millis() / SLOT.as_millis()).max(1) as u64;
        let mut hash = 0xCBF2_9CE4_8422_2325_u64; // FNV-1a, for it never changes
        for byte in [service, "\n", instance, "\n", poll].iter().flat_map(|part| part.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        hash ^= hash >> 32;
        let offset = SLOT * (hash % slots) as u32;
        Self { interval, offset }
    }

    /// How often.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// The first turn at or after `moment`. Turns that were missed are skipped, never made up for.
    pub(super) fn at_or_after(&self, moment: Timestamp) -> Timestamp {
        let shifted = Timestamp::from_millis(moment.millis().saturating_sub(self.offset.as_millis() as i64));
        let floor = shifted.floor_to(self.interval);
        let turn = floor + self.offset;
        if turn >= moment { turn } else { turn + self.interval }
    }

    /// The turn that follows a poll out of turn (the first one, or one asked for): not sooner than half an interval.
    pub(super) fn after_extra(&self, moment: Timestamp) -> Timestamp {
        self.at_or_after(moment + self.interval / 2)
    }

    /// The turn after `failures` failed polls in a row; `impatient` for those that do not mend by themselves
    /// (refused credentials), which back off from the first.
    pub(super) fn after_failures(&self, moment: Timestamp, failures: u32, impatient: bool) -> Timestamp {
        self.at_or_after(moment + backoff(self.interval, failures, impatient))
    }
}

/// The first slot at or after `moment`: what the timer is set to.
pub(super) fn slot_of(moment: Timestamp) -> Timestamp {
    let floor = moment.floor_to(SLOT);
    if floor == moment { moment } else { floor + SLOT }
}

/// How long to wait after `failures` failures in a row: one interval at first, then twice as long each time, up to a
/// cap; zero failures: an instant, which means the very next turn.
pub(super) fn backoff(interval: Duration, failures: u32, impatient: bool) -> Duration {
    let counted = if impatient { failures } else { failures.saturating_sub(PATIENCE) };
    if counted == 0 {
        return Duration::from_millis(1);
    }
    let cap = (interval * MOST_INTERVALS).min(LONGEST).max(interval);
    (interval * 2_u32.saturating_pow(counted.min(16))).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        let seconds = |interval: u64, impatient: bool| -> Vec<u64> {
            let wait = |failures| backoff(Duration::from_secs(interval), failures, impatient).as_secs();
            (0..=9).map(wait).collect()
        };
        assert_eq!(seconds(1, false), [0, 0, 0, 0, 2, 4, 8, 8, 8, 8]);
        assert_eq!(seconds(15, false), [0, 0, 0, 0, 30, 60, 60, 60, 60, 60]);
        assert_eq!(seconds(15, true), [0, 30, 60, 60, 60, 60, 60, 60, 60, 60]);
        assert_eq!(seconds(120, false), [0, 0, 0, 0, 120, 120, 120, 120, 120, 120]);
        assert_eq!(backoff(Duration::from_secs(3600), u32::MAX, true).as_secs(), 3600);
    }

    #[test]
    fn turns_are_fixed_to_the_clock_and_missed_ones_are_skipped() {
        let turns = Schedule { interval: Duration::from_secs(10), offset: Duration::from_millis(2300) };
        for (moment, turn) in
            [(0, 2300), (2300, 2300), (2301, 12_300), (100_000, 102_300), (-1, 2300), (-8000, -7700)]
        {
            assert_eq!(turns.at_or_after(ms(moment)), ms(turn), "{moment}");
        }
        assert_eq!(turns.after_extra(ms(2200)), ms(12_300));
        assert_eq!(turns.after_extra(ms(0)), ms(12_300));
        assert_eq!(turns.after_failures(ms(2301), 1, false), ms(12_300));
        assert_eq!(turns.after_failures(ms(2301), 4, false), ms(22_301).max(ms(32_300)));
    }

    #[test]
    fn targets_spread_over_the_slots_and_each_keeps_its_own() {
        let interval = Duration::from_secs(1);
        let mut slots = [0; 10];
        for number in 0..1000 {
            let turns = Schedule::new(interval, "checkout", &format!("10.0.0.{number}:5000"), "health");
            let again = Schedule::new(interval, "checkout", &format!("10.0.0.{number}:5000"), "health");
            assert_eq!(turns, again);
            slots[(turns.offset.as_millis() / 100) as usize] += 1;
        }
        assert!(slots.iter().all(|count| (60..=140).contains(count)), "{slots:?}");
        assert_eq!(slot_of(ms(1234)), ms(1300));
        assert_eq!(slot_of(ms(1300)), ms(1300));
    }
}
