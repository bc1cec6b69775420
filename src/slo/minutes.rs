//! Events by the minute: how many there were, how many were bad, and for how much of the minute anybody looked.
//!
//! An hour that is over is packed into some hundred bytes, with its sums beside it, so that a window of weeks is added
//! up from hours and only its ends are unpacked. It knows neither series nor objectives.

use std::collections::{BTreeMap, BTreeSet};

/// Minutes of an hour.
const HOUR: i64 = 60;

/// What is known of one minute, in whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Minute {
    /// Units of valid events.
    pub(super) total: u64,
    /// Units of bad ones.
    pub(super) bad: u64,
    /// Seconds that were looked at.
    pub(super) covered: u8,
    /// The figures were spread over a gap between two looks.
    pub(super) bridged: bool,
}

/// Sums over some minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    /// Valid events.
    pub(super) total: f64,
    /// Bad ones.
    pub(super) bad: f64,
    /// Seconds that were looked at.
    pub(super) covered: f64,
    /// Of these, seconds over which figures were spread.
    pub(super) bridged: f64,
}

impl Sum {
    fn add(&mut self, minute: Minute, unit: f64) {
        self.total += minute.total as f64 * unit;
        self.bad += minute.bad as f64 * unit;
        self.covered += f64::from(minute.covered);
        self.bridged += if minute.bridged { f64::from(minute.covered) } else { 0.0 };
    }

    pub(super) fn plus(mut self, other: Self, sign: f64) -> Self {
        self.total += sign * other.total;
        self.bad += sign * other.bad;
        self.covered += sign * other.covered;
        self.bridged += sign * other.bridged;
        self
    }
}

type Open = Box<[Minute; HOUR as usize]>;

#[derive(Clone, Debug, Default)]
struct Hour {
    total: u64,
    bad: u64,
    covered: u16,
    bridged: u16,
    packed: Box<[u8]>,
}

/// All minutes of one objective.
#[derive(Clone, Debug)]
pub(super) struct Minutes {
    /// How many events one unit is.
    unit: f64,
    hours: BTreeMap<i64, Hour>,
    /// The hour that is written to.
    open: Option<(i64, Open)>,
    /// Minutes that have changed since they were last handed out to be saved.
    unsaved: BTreeSet<i64>,
    /// Parts of a unit that are still to be given to some minute: total, bad.
    rest: (f64, f64),
}

impl Minutes {
    pub(super) fn new(unit: f64) -> Self {
        Self { unit, hours: BTreeMap::new(), open: None, unsaved: BTreeSet::new(), rest: (0.0, 0.0) }
    }

    /// Adds events to a minute. Fractions are carried on, so that sums are right to within one unit.
    pub(super) fn add_events(&mut self, minute: i64, total: f64, bad: f64) {
        let unit = self.unit;
        let take = |rest: &mut f64, events: f64| {
            *rest += events / unit;
            let whole = (*rest + 1e-6).floor().max(0.0);
            *rest -= whole;
            whole as u64
        };
        let (total, bad) = (take(&mut self.rest.0, total), take(&mut self.rest.1, bad));
        if total == 0 && bad == 0 {
            return;
        }
        let slot = self.slot(minute);
        slot.total = slot.total.saturating_add(total);
        slot.bad = slot.bad.saturating_add(bad);
        self.unsaved.insert(minute);
    }

    /// Notes that so many more seconds of a minute were looked at.
    pub(super) fn add_cover(&mut self, minute: i64, seconds: u8, bridged: bool) {
        if seconds == 0 {
            return;
        }
        let slot = self.slot(minute);
        slot.covered = slot.covered.saturating_add(seconds).min(60);
        slot.bridged |= bridged;
        self.unsaved.insert(minute);
    }

    /// Notes that a time in milliseconds was looked at. Ends are cut to whole seconds, so that parts add up.
    pub(super) fn cover(&mut self, from: i64, to: i64, bridged: bool) {
        let (from, to) = (from.div_euclid(1000), to.div_euclid(1000));
        for minute in from.div_euclid(60)..=(to - 1).div_euclid(60) {
            let seconds = ((minute + 1) * 60).min(to) - (minute * 60).max(from);
            self.add_cover(minute, u8::try_from(seconds).unwrap_or(0), bridged);
        }
    }

    /// How many events one unit is.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// This minute is to be saved.
    pub(super) fn changed(&mut self, minute: i64) {
        self.unsaved.insert(minute);
    }

    /// Sets a minute that was saved.
    pub(super) fn set(&mut self, minute: i64, value: Minute) {
        *self.slot(minute) = Minute { covered: value.covered.min(60), ..value };
    }

    pub(super) fn get(&self, minute: i64) -> Minute {
        let (hour, at) = (minute.div_euclid(HOUR), minute.rem_euclid(HOUR) as usize);
        self.unpacked(hour).get(at).copied().unwrap_or_default()
    }

    /// The minutes from `first` on of which anything is known, in order.
    pub(super) fn since(&self, first: i64) -> Vec<(i64, Minute)> {
        let open = self.open.iter().map(|(hour, _)| *hour);
        let mut hours: Vec<i64> =
            self.hours.range(first.div_euclid(HOUR)..).map(|(hour, _)| *hour).chain(open).collect();
        hours.sort_unstable();
        let mut out = Vec::new();
        for hour in hours {
            for (at, minute) in self.unpacked(hour).iter().enumerate() {
                let index = hour * HOUR + at as i64;
                if index >= first && *minute != Minute::default() {
                    out.push((index, *minute));
                }
            }
        }
        out
    }

    fn unpacked(&self, hour: i64) -> [Minute; HOUR as usize] {
        match (&self.open, self.hours.get(&hour)) {
            (Some((open, minutes)), _) if *open == hour => **minutes,
            (_, Some(packed)) => unpack(&packed.packed),
            _ => [Minute::default(); HOUR as usize],
        }
    }

    fn slot(&mut self, minute: i64) -> &mut Minute {
        let (hour, at) = (minute.div_euclid(HOUR), minute.rem_euclid(HOUR) as usize);
        if self.open.as_ref().is_none_or(|(open, _)| *open != hour) {
            self.close();
            let minutes = Box::new(self.unpacked(hour));
            self.hours.remove(&hour);
            self.open = Some((hour, minutes));
        }
        let (_, minutes) =
            self.open.get_or_insert_with(|| (hour, Box::new([Minute::default(); HOUR as usize])));
        // The remainder of a division by the length is below the length.
        let at = at.min(minutes.len() - 1);
        &mut minutes[at]
    }

    /// Packs the hour that is written to.
    fn close(&mut self) {
        if let Some((hour, minutes)) = self.open.take() {
            self.hours.insert(hour, pack(&minutes));
        }
    }

    /// Sums of the minutes `from..to`.
    pub(super) fn sum(&self, from: i64, to: i64) -> Sum {
        let mut sum = Sum::default();
        if from >= to {
            return sum;
        }
        let (first, last) = (from.div_euclid(HOUR), (to - 1).div_euclid(HOUR));
        let mut part = |hour: i64, minutes: &[Minute; HOUR as usize]| {
            for (at, minute) in minutes.iter().enumerate() {
                let index = hour * HOUR + at as i64;
                if (from..to).contains(&index) {
                    sum.add(*minute, self.unit);
                }
            }
        };
        if let Some((hour, minutes)) = self.open.as_ref().filter(|(hour, _)| (first..=last).contains(hour)) {
            part(*hour, minutes);
        }
        for (hour, packed) in self.hours.range(first..=last) {
            if *hour * HOUR >= from && (*hour + 1) * HOUR <= to {
                continue;
            }
            part(*hour, &unpack(&packed.packed));
        }
        for (hour, packed) in self.hours.range(first..=last) {
            if *hour * HOUR >= from && (*hour + 1) * HOUR <= to {
                sum.total += packed.total as f64 * self.unit;
                sum.bad += packed.bad as f64 * self.unit;
                sum.covered += f64::from(packed.covered);
                sum.bridged += f64::from(packed.bridged);
            }
        }
        sum
    }

    /// The oldest minute of `from..to` that anybody looked at.
    pub(super) fn first_covered(&self, from: i64, to: i64) -> Option<i64> {
        let (first, last) = (from.div_euclid(HOUR), (to - 1).div_euclid(HOUR));
        let open = self.open.iter().map(|(hour, _)| *hour).filter(|hour| (first..=last).contains(hour));
        let mut hours: Vec<i64> = self.hours.range(first..=last).map(|(hour, _)| *hour).chain(open).collect();
        hours.sort_unstable();
        hours.into_iter().find_map(|hour| {
            let minutes = self.unpacked(hour);
            (0..HOUR)
                .map(|at| hour * HOUR + at)
                .zip(minutes)
                .find(|(index, minute)| (from..to).contains(index) && minute.covered > 0)
                .map(|(index, _)| index)
        })
    }

    /// Forgets what is older than `minute`, by whole hours.
    pub(super) fn forget_before(&mut self, minute: i64) {
        let hour = minute.div_euclid(HOUR);
        if self.open.as_ref().is_some_and(|(open, _)| *open < hour) {
            self.open = None;
        }
        while let Some(entry) = self.hours.first_entry().filter(|entry| *entry.key() < hour) {
            entry.remove();
        }
        self.unsaved = self.unsaved.split_off(&(hour * HOUR));
    }

    /// The minutes up to `until` that have changed since they were last taken; at most `most` of them. The one that is not
    /// over goes along, and comes again once it has changed: the counters that are saved with it stand in it.
    pub(super) fn take_unsaved(&mut self, until: i64, most: usize) -> Vec<(i64, Minute)> {
        let taken: Vec<i64> = self.unsaved.range(..=until).take(most).copied().collect();
        for minute in &taken {
            self.unsaved.remove(minute);
        }
        taken.into_iter().map(|minute| (minute, self.get(minute))).collect()
    }

    /// Bytes of memory, the maps' own estimated.
    pub(super) fn heap_bytes(&self) -> usize {
        let packed: usize = self.hours.values().map(|hour| hour.packed.len() + 16).sum();
        // A tree's nodes are two thirds full on average.
        packed
            + self.hours.len() * (size_of::<Hour>() + 8) * 3 / 2
            + self.unsaved.len() * 12
            + self.open.as_ref().map_or(0, |_| size_of::<[Minute; HOUR as usize]>())
    }
}

fn pack(minutes: &[Minute; HOUR as usize]) -> Hour {
    let mut out = Vec::with_capacity(96);
    let mut last = 0_i64;
    for minute in minutes {
        let total = i64::try_from(minute.total).unwrap_or(i64::MAX);
        put(&mut out, zigzag(total.wrapping_sub(last)));
        last = total;
    }
    runs(&mut out, minutes.iter().map(|minute| minute.bad));
    runs(&mut out, minutes.iter().map(|minute| u64::from(minute.covered) << 1 | u64::from(minute.bridged)));
    let seconds =
        |all: bool| minutes.iter().filter(|m| all || m.bridged).map(|m| u16::from(m.covered)).sum::<u16>();
    Hour {
        total: minutes.iter().fold(0, |sum, m| sum.saturating_add(m.total)),
        bad: minutes.iter().fold(0, |sum, m| sum.saturating_add(m.bad)),
        covered: seconds(true),
        bridged: seconds(false),
        packed: out.into(),
    }
}

fn unpack(bytes: &[u8]) -> [Minute; HOUR as usize] {
    let mut minutes = [Minute::default(); HOUR as usize];
    let (mut rest, mut last) = (bytes, 0_i64);
    for minute in &mut minutes {
        last = last.wrapping_add(unzigzag(take(&mut rest)));
        minute.total = u64::try_from(last).unwrap_or(0);
    }
    let mut column = |set: fn(&mut Minute, u64)| {
        let (mut value, mut left) = (0, 0);
        for minute in &mut minutes {
            if left == 0 {
                (value, left) = (take(&mut rest), take(&mut rest));
            }
            left = left.saturating_sub(1);
            set(minute, value);
        }
    };
    column(|minute, value| minute.bad = value);
    column(|minute, value| {
        minute.covered = (value >> 1).min(60) as u8;
        minute.bridged = value & 1 == 1;
    });
    minutes
}

/// Equal values in a row as value and count.
fn runs(out: &mut Vec<u8>, values: impl Iterator<Item = u64>) {
    let mut run: Option<(u64, u64)> = None;
    for value in values {
        match &mut run {
            Some((known, count)) if *known == value => *count += 1,
            _ => {
                if let Some((known, count)) = run.replace((value, 1)) {
                    put(out, known);
                    put(out, count);
                }
            }
        }
    }
    if let Some((known, count)) = run {
        put(out, known);
        put(out, count);
    }
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(rest: &mut &[u8]) -> u64 {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let Some((byte, tail)) = rest.split_first() else { return value };
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_come_back_as_they_went_in_and_sums_are_those_of_a_plain_list() {
        let mut minutes = Minutes::new(1.0);
        let mut plain: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..4000 {
            let minute = random(1000) as i64 - 500;
            let (total, bad) = (random(10_000), if random(10) == 0 { random(50) } else { 0 });
            minutes.add_events(minute, total as f64, bad as f64);
            minutes.add_cover(minute, 15, minute % 7 == 0);
            let entry = plain.entry(minute).or_default();
            *entry = (entry.0 + total, entry.1 + bad);
        }
        for (from, to) in [(-500, 500), (-13, 77), (0, 60), (59, 61), (5, 5), (-900, 900), (17, 18)] {
            let sum = minutes.sum(from, to);
            let (total, bad) =
                plain.range(from..to).fold((0, 0), |sum, (_, (total, bad))| (sum.0 + total, sum.1 + bad));
            assert_eq!((sum.total as u64, sum.bad as u64), (total, bad), "{from}..{to}");
        }
        assert_eq!(minutes.first_covered(-2000, 2000), plain.keys().next().copied());
        let saved = minutes.take_unsaved(i64::MAX, usize::MAX);
        let mut again = Minutes::new(1.0);
        for (minute, value) in saved {
            again.set(minute, value);
        }
        assert_eq!(again.sum(-900, 900), minutes.sum(-900, 900));
        assert!(minutes.take_unsaved(i64::MAX, 10).is_empty());
        minutes.forget_before(0);
        assert_eq!(minutes.sum(-900, 0), Sum::default());
    }

    #[test]
    fn fractions_are_carried_and_extremes_survive() {
        let mut minutes = Minutes::new(1.0);
        for minute in 0..100 {
            minutes.add_events(minute, 0.3, 0.1);
        }
        let sum = minutes.sum(0, 100);
        assert_eq!((sum.total, sum.bad), (30.0, 10.0));
        let extreme = Minute { total: u64::MAX / 4, bad: u64::MAX, covered: 60, bridged: true };
        minutes.set(500, extreme);
        minutes.set(5000, extreme);
        assert_eq!(minutes.get(500), extreme, "packed when the other hour was opened");
    }

    /// The figure that the documentation names: what 35 days of a busy service take.
    #[test]
    fn a_minute_of_a_busy_service_takes_few_bytes() {
        let mut minutes = Minutes::new(1.0);
        let days = 35 * 24 * 60;
        for minute in 0..days {
            let wave = ((minute as f64 / 229.0).sin() * 800.0 + (minute % 97) as f64).round();
            minutes.add_events(minute, 6000.0 + wave, if minute % 50 == 0 { 3.0 } else { 0.0 });
            minutes.add_cover(minute, 60, false);
        }
        let _ = minutes.take_unsaved(i64::MAX, usize::MAX);
        let bytes = minutes.heap_bytes() as f64 / days as f64;
        assert!(bytes < 4.5, "{bytes:.2} bytes a minute");
    }
}
