//! When the spending of a budget is an alert: rows of a long and a short window with a factor.
//!
//! The tables are those of the Site Reliability Workbook (chapter 5, table 5-8, with the row of one day that sloth uses)
//! and of Pyrra. A row that could never fire is never kept quietly.

use super::budget;
use crate::severity::Severity;
use std::time::Duration;

/// A row: fires while the budget is spent faster than `factor` over the long window *and* over the short one.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The window that gives it weight.
    pub long: Duration,
    /// The window that lets it end soon.
    pub short: Duration,
    /// How many times as fast as allowed.
    pub factor: f64,
    /// How long both must hold first.
    pub wait: Duration,
    /// How grave it is.
    pub severity: Severity,
}

impl Row {
    /// Can it fire at all with this objective?
    pub fn reachable(&self, objective: f64) -> bool {
        budget::reachable(self.factor, objective)
    }
}

/// A table of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The workbook's: shares of 2, 5, 10 and 10 % of the budget.
    Google,
    /// Pyrra's: factors of 14, 7, 2 and 1, and a wait of half the short window.
    Pyrra,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Long, short, share of the budget, page or ticket.
const GOOGLE: [(u64, u64, f64, Severity); 4] = [
    (HOUR, 5 * MINUTE, 0.02, Severity::P1),
    (6 * HOUR, 30 * MINUTE, 0.05, Severity::P1),
    (DAY, 2 * HOUR, 0.10, Severity::P3),
    (3 * DAY, 6 * HOUR, 0.10, Severity::P3),
];

/// Long, short, factor, page or ticket; of a window of 28 days.
const PYRRA: [(u64, u64, f64, Severity); 4] = [
    (HOUR, 5 * MINUTE, 14.0, Severity::P1),
    (6 * HOUR, 30 * MINUTE, 7.0, Severity::P1),
    (DAY, 2 * HOUR, 2.0, Severity::P3),
    (4 * DAY, 6 * HOUR, 1.0, Severity::P3),
];

impl Table {
    /// The rows for a window of length `period` whose sources are polled every `interval`.
    ///
    /// Google: from 28 days on the windows stay and the factors follow the period (14.4 at 30 days, 13.44 at 28); with a
    /// shorter period the windows shrink with it and the factors stay, since they would fall below 1. Pyrra: the
    /// windows follow the period. No window is shorter than three polls or a minute.
    pub fn rows(self, period: Duration, interval: Duration) -> Vec<Row> {
        let days = |days: u64| Duration::from_secs(days * DAY);
        let fit = |seconds: u64, scale: f64, polls: u32| {
            let scaled = (seconds as f64 * scale / 60.0).round().max(1.0) * 60.0;
            let floor = (interval * polls).as_secs().div_ceil(60) * 60;
            Duration::from_secs((scaled as u64).max(floor))
        };
        match self {
            Self::Google => {
                let scale =
                    if period < days(28) { period.as_secs_f64() / days(30).as_secs_f64() } else { 1.0 };
                let table = GOOGLE.iter().map(|(long, short, share, severity)| {
                    let nominal = Duration::from_secs_f64((*long as f64 * scale).max(1.0));
                    Row {
                        long: fit(*long, scale, 6),
                        short: fit(*short, scale, 3),
                        factor: budget::factor(*share, period, nominal),
                        wait: Duration::ZERO,
                        severity: *severity,
                    }
                });
                table.collect()
            }
            Self::Pyrra => {
                let scale = period.as_secs_f64() / days(28).as_secs_f64();
                let table = PYRRA.iter().map(|(long, short, factor, severity)| {
                    let short = fit(*short, scale, 3);
                    let wait = Duration::from_secs(short.as_secs() / 2);
                    Row { long: fit(*long, scale, 6), short, factor: *factor, wait, severity: *severity }
                });
                table.collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::format_duration;

    #[test]
    fn tables_are_scaled_to_the_window_and_to_the_polls() {
        let secs = Duration::from_secs;
        for (table, period, poll, expected) in [
            (Table::Google, 30 * DAY, 15, "1h/5m 14.4, 6h/30m 6.0, 1d/2h 3.0, 3d/6h 1.0"),
            (Table::Google, 28 * DAY, 15, "1h/5m 13.4, 6h/30m 5.6, 1d/2h 2.8, 3d/6h 0.9"),
            (Table::Google, 7 * DAY, 15, "14m/1m 14.4, 1h24m/7m 6.0, 5h36m/28m 3.0, 16h48m/1h24m 1.0"),
            (Table::Google, 30 * DAY, 300, "1h/15m 14.4, 6h/30m 6.0, 1d/2h 3.0, 3d/6h 1.0"),
            (Table::Google, DAY, 60, "6m/3m 14.4, 12m/3m 6.0, 48m/4m 3.0, 2h24m/12m 1.0"),
            (Table::Pyrra, 28 * DAY, 15, "1h/5m 14.0, 6h/30m 7.0, 1d/2h 2.0, 4d/6h 1.0"),
            (Table::Pyrra, 14 * DAY, 15, "30m/3m 14.0, 3h/15m 7.0, 12h/1h 2.0, 2d/3h 1.0"),
        ] {
            let rows = table.rows(secs(period), secs(poll));
            let one =
                |r: &Row| format!("{}/{} {:.1}", format_duration(r.long), format_duration(r.short), r.factor);
            let told = rows.iter().map(one).collect::<Vec<_>>().join(", ");
            assert_eq!(told, expected, "{table:?} {period} {poll}");
        }
        assert_eq!(Table::Pyrra.rows(secs(28 * DAY), secs(15))[1].wait, secs(15 * MINUTE));
    }
}
