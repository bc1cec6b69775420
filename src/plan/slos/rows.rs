//! The rows of an objective's alerts: from a table, or its own. One that could never fire is refused.

use super::{Draft, key};
use crate::config::Problem;
use crate::config::slo::{Alerting, RowSpec};
use crate::slo::{Period, Row, Table, Window, budget};
use crate::units::format_duration;
use std::time::Duration;

impl Draft<'_> {
    pub(super) fn rows(&mut self, window: &Window, objective: f64) -> Vec<Row> {
        let spec = self.spec;
        if !spec.rows.is_empty() {
            return spec.rows.iter().filter_map(|row| self.own_row(row, window, objective)).collect();
        }
        let table = match spec.alerting {
            Alerting::Off => return Vec::new(),
            Alerting::Google => Table::Google,
            Alerting::Pyrra => Table::Pyrra,
        };
        // A calendar's windows are scaled by the usual length of the period: rows do not change with the month.
        let period = match window {
            Window::Rolling(length) => *length,
            Window::Calendar { period: Period::Week, .. } => Duration::from_secs(7 * 86_400),
            Window::Calendar { period: Period::Month, .. } => Duration::from_secs(30 * 86_400),
            Window::Calendar { period: Period::Quarter, .. } => Duration::from_secs(90 * 86_400),
        };
        let (rows, dead): (Vec<Row>, Vec<Row>) =
            table.rows(period, self.interval).into_iter().partition(|row| row.reachable(objective));
        for row in dead {
            let problem = Problem::new(&spec.place, key(spec, "alerting"), unreachable(&row, objective));
            let remedy =
                "the row is left out: add rows of your own with lower factors, or raise the objective";
            self.problems.push((false, problem.with_remedy(remedy)));
        }
        let pages = |row: &Row| row.severity >= crate::severity::Severity::P2;
        rows.into_iter().filter(|row| if pages(row) { !spec.no_pages } else { !spec.no_tickets }).collect()
    }

    fn own_row(&mut self, row: &RowSpec, window: &Window, objective: f64) -> Option<Row> {
        let rest = format!("rows.{}", row.name);
        let short = row.short.unwrap_or(Duration::from_secs((row.long.as_secs() / 12 / 60).max(1) * 60));
        let minutes = |d: Duration| d.as_secs().is_multiple_of(60) && d.subsec_millis() == 0;
        if !minutes(row.long) || !minutes(short) {
            self.refuse(
                &row.place,
                &rest,
                "its windows are no whole minutes",
                "events are kept by the minute",
            );
            return None;
        }
        if short >= row.long || row.long > window.longest() {
            let message = "its windows do not fit: short < long <= the objective's window";
            self.refuse(&row.place, &rest, message, "make short about a twelfth of long");
            return None;
        }
        if short < self.interval * 2 {
            let message =
                format!("its short window is below two polls of {}", format_duration(self.interval));
            self.refuse(&row.place, &rest, message, "make it longer, or poll more often");
            return None;
        }
        if row.factor <= 0.0 {
            self.refuse(&row.place, &rest, "its factor is not above 0", "14.4 over 1h is 2% of a 30d budget");
            return None;
        }
        let severity = row.severity.parse().unwrap_or(crate::severity::Severity::P3);
        let compiled = Row { long: row.long, short, factor: row.factor, wait: row.wait, severity };
        if !compiled.reachable(objective) {
            let most = 1.0 / budget::budget_ratio(objective);
            let remedy = format!("make the factor less than {most:.4}");
            self.refuse(&row.place, &rest, unreachable(&compiled, objective), &remedy);
            return None;
        }
        Some(compiled)
    }
}

fn unreachable(row: &Row, objective: f64) -> String {
    format!(
        "can never fire: {:.1} times of a budget of {:.4}% asks for more errors than there are events",
        row.factor,
        budget::budget_ratio(objective) * 100.0
    )
}
