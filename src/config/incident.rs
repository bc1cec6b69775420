//! `incident`: severities, timers and texts. Texts are kept as written; the plan compiles them.

use super::place::{Place, Spanned};
use crate::severity::Severity;
use crate::units::{format_duration, parse_duration};
use std::fmt;
use std::time::Duration;

/// The `incident` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Labels that split the alerts of a service into incidents of their own.
    pub group_by: Vec<Spanned<String>>,
    /// How long things take.
    pub timing: Timing,
    /// Where people talk about incidents.
    pub channel: String,
    /// What each severity obliges to, P0 first.
    pub grades: Vec<Grade>,
    /// When people work.
    pub calendar: Calendar,
    /// Texts of notices.
    pub notices: Notices,
    /// First moves, in order of name.
    pub moves: Vec<Moves>,
}

/// How long things take around an incident. As it is written, so it holds: nothing of it can be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For how long all alerts must be gone before an incident is resolved.
    pub settle: Duration,
    /// An alert that comes back within this time after the end reopens the same incident.
    pub flap: Duration,
    /// How long a resolved incident stays in view.
    pub keep: Duration,
    /// For how long things must look better before a severity falls by itself.
    pub lower_after: Duration,
    /// From how long before the start related signals are pulled in.
    pub look_back: Duration,
    /// How long a service is watched more closely after a deploy.
    pub watch_deploy: Duration,
    /// How long after a notice the next one is promised.
    pub update_every: Duration,
}

/// What must be seen of a service for a severity: any one of these is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// From this share of instances down on, 0 to 1; 1: all of them.
    pub instances_down: Option<f64>,
    /// Above this ratio of failed requests, 0 to 1.
    pub errors: Option<f64>,
    /// Above this latency in seconds.
    pub latency: Option<f64>,
    /// From so many open breakers on.
    pub breakers: Option<u64>,
    /// Above this depth of its queues.
    pub queue: Option<f64>,
    /// From this burn rate on.
    pub burn: Option<f64>,
}

/// `incident.severity.P0` to `P4`.
#[derive(Clone, Debug, PartialEq)]
pub struct Grade {
    /// Which one.
    pub severity: Severity,
    /// How soon somebody must answer.
    pub answer: Spanned<String>,
    /// How soon it must be mitigated, or goes one level up.
    pub escalate: Spanned<String>,
    /// What must be seen of a service for it.
    pub limits: Limits,
}

/// `incident.calendar`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calendar {
    /// IANA name of the zone.
    pub zone: Spanned<String>,
    /// Working days: `Mon` to `Sun`.
    pub days: Vec<String>,
    /// `09:00 - 17:00`.
    pub hours: Spanned<String>,
    /// Dates on which nobody works: `2025-12-25`.
    pub holidays: Vec<Spanned<String>>,
}

/// `incident.notice`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notices {
    /// When it begins.
    pub opened: Spanned<String>,
    /// While it lasts.
    pub progress: Spanned<String>,
    /// When it is over.
    pub resolved: Spanned<String>,
}

/// One `incident.moves.NAME` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    /// The table's name.
    pub name: String,
    /// Where the table begins.
    pub place: Place,
    /// Names of alerts; `*` stands for any letters. Empty: any alert.
    pub alerts: Vec<Spanned<String>>,
    /// The service; none: any.
    pub service: Option<Spanned<String>>,
    /// What to do first, in order.
    pub steps: Vec<String>,
    /// Where it is written at length.
    pub runbook: Option<String>,
}

/// A time to wait: by the clock, or in working days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// By the clock.
    Clock(Duration),
    /// So many days' worth of working hours.
    WorkingDays(u32),
}

impl Wait {
    /// Reads `15m`, `1 working day` or `2 working days`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "is no time to wait: write it as 15m, 1h30m or 2 working days".to_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [count, "working", "day" | "days"] => {
                let count: u32 = count.parse().map_err(|_| wrong())?;
                if (1..=250).contains(&count) { Ok(Self::WorkingDays(count)) } else { Err(wrong()) }
            }
            [duration] => {
                let duration = parse_duration(duration).map_err(|_| wrong())?;
                let fits = (Duration::from_secs(1)..=Duration::from_secs(366 * 86_400)).contains(&duration);
                if fits { Ok(Self::Clock(duration)) } else { Err(wrong()) }
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(duration) => f.write_str(&format_duration(*duration)),
            Self::WorkingDays(1) => f.write_str("1 working day"),
            Self::WorkingDays(days) => write!(f, "{days} working days"),
        }
    }
}

/// Reads `09:00 - 17:00`: the start lies before the end.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_hours(text: &str) -> Result<(jiff::civil::Time, jiff::civil::Time), String> {
    let wrong = || "is no span of a day: write it as 09:00 - 17:00".to_owned();
    let (from, to) = text.split_once(" - ").ok_or_else(wrong)?;
    let time = |text: &str| {
        if text.len() == 5 { text.parse::<jiff::civil::Time>().map_err(|_| wrong()) } else { Err(wrong()) }
    };
    let (from, to) = (time(from)?, time(to)?);
    if from < to {
        Ok((from, to))
    } else {
        Err("ends before it begins: write it as 09:00 - 17:00".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_and_hours_are_read_or_refused() {
        for (text, wait) in [
            ("15m", Wait::Clock(Duration::from_secs(900))),
            ("1 working day", Wait::WorkingDays(1)),
            ("2 working days", Wait::WorkingDays(2)),
        ] {
            assert_eq!(Wait::parse(text), Ok(wait));
            assert_eq!(wait.to_string(), text);
        }
        for bad in ["", "0", "soon", "0 working days", "1000 working days", "-1 working day", "2 days"] {
            assert!(Wait::parse(bad).is_err(), "{bad}");
        }
        assert!(parse_hours("09:00 - 17:30").is_ok());
        for bad in ["", "9:00 - 17:00", "17:00 - 09:00", "09:00-17:00", "09:00 - 24:00"] {
            assert!(parse_hours(bad).is_err(), "{bad}");
        }
    }
}
