//! Objectives as the screens show them: one row each, computed by `update`.

use crate::severity::Severity;
use crate::slo::{Assessment, Book, Exhaustion, Slo, Verdict};
use crate::units::{Timestamp, format_duration};
use std::sync::Arc;
use std::time::Duration;

/// One objective.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SloRow {
    /// Its name.
    pub name: Arc<str>,
    /// Its service.
    pub service: Arc<str>,
    /// What it promises, in words: `99.95% of requests succeed`.
    pub title: String,
    /// The objective, 0 to 1.
    pub objective: f64,
    /// The window, in words: `30d`, `calendar month`.
    pub window: String,
    /// The SLI over what was seen of the window, 0 to 1; none: no traffic, or nothing known.
    pub sli: Option<f64>,
    /// Share of the budget that is left; below 0: over.
    pub left: Option<f64>,
    /// The same as time without service; negative: over by so many seconds.
    pub left_seconds: Option<f64>,
    /// The same as events that may still fail; negative: over by so many.
    pub left_events: Option<f64>,
    /// Burn rates, from the shortest window to the longest.
    pub burns: Vec<BurnRow>,
    /// The gravest row of the alert table that is true now.
    pub firing: Option<Severity>,
    /// When the budget ends, in words: `3d 4h`, `not at this rate`, `over by 13m`.
    pub exhaustion: String,
    /// The same in seconds, for the order of rows; infinite: not on track.
    pub exhaustion_seconds: Option<f64>,
    /// How much of the window was seen, in words: `14m of 30d`.
    pub coverage: String,
    /// Share of the window that was seen.
    pub covered: f64,
    /// What is to be known of the figures: `estimated`, `insufficient sample`, `since process start, 3d`.
    pub remarks: Vec<String>,
    /// What the service says of itself, in words; never mixed with ours.
    pub reported: Vec<String>,
    /// The course of the budget that is left: (moment, share).
    pub course: Vec<(Timestamp, f64)>,
    /// Why there is no figure.
    pub error: Option<String>,
    /// How it is measured: for `explain`.
    pub formula: Vec<String>,
    /// When it was computed.
    pub at: Option<Timestamp>,
}

/// The burn rate over one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BurnRow {
    /// The window.
    pub window: Duration,
    /// The burn rate; 1 spends the budget exactly by the end of the objective's window.
    pub rate: Option<f64>,
    /// The factor above which an alert row asks for action, where one looks at this window.
    pub factor: Option<f64>,
    /// Too few events to say much.
    pub thin: bool,
}

impl SloRow {
    /// The burn rate over the window nearest to `wanted`.
    pub fn burn(&self, wanted: Duration) -> Option<&BurnRow> {
        self.burns.iter().min_by_key(|burn| burn.window.abs_diff(wanted))
    }
}

/// The order of rows: what fires first, then what is exhausted soonest, then what has least left.
pub fn worst(a: &SloRow, b: &SloRow) -> std::cmp::Ordering {
    let ends = |row: &SloRow| row.exhaustion_seconds.unwrap_or(f64::INFINITY);
    let left = |row: &SloRow| row.left.unwrap_or(f64::INFINITY);
    b.firing
        .cmp(&a.firing)
        .then_with(|| ends(a).total_cmp(&ends(b)))
        .then_with(|| left(a).total_cmp(&left(b)))
        .then_with(|| a.name.cmp(&b.name))
}

/// The objectives: what is counted, and the rows that are shown.
#[derive(Debug)]
pub struct Slos {
    /// The accounts.
    pub book: Book,
    /// One row each, in the plan's order.
    pub rows: Vec<SloRow>,
    /// The one that was judged last, if its row does not show it yet.
    pub judged: Option<usize>,
}

impl Slos {
    /// The objectives of a plan, of which nothing is known yet.
    pub fn of(slos: &[Arc<Slo>]) -> Self {
        let book = Book::new(slos.iter().cloned());
        let rows = book.assessments().iter().map(|known| SloRow::of(known, Vec::new())).collect();
        Self { book, rows, judged: None }
    }

    /// Other objectives, from now on.
    pub fn reload(&mut self, slos: &[Arc<Slo>]) {
        self.book.reload(slos.iter().cloned());
        self.judged = None;
        self.rows = self.book.assessments().iter().map(|known| SloRow::of(known, Vec::new())).collect();
    }

    /// The worst of a service's objectives.
    pub fn of_service(&self, service: &str) -> Option<&SloRow> {
        self.rows.iter().filter(|row| &*row.service == service).min_by(|a, b| worst(a, b))
    }
}

impl SloRow {
    /// The row of an assessment; `course` is the budget over the window.
    pub fn of(known: &Assessment, course: Vec<(Timestamp, f64)>) -> Self {
        let slo = &known.slo;
        let factor = |window: Duration| {
            let rows = slo.rows.iter().filter(|row| row.long == window || row.short == window);
            rows.map(|row| row.factor).min_by(f64::total_cmp)
        };
        let burns = known.burns.iter().map(|burn| BurnRow {
            window: burn.window,
            rate: burn.rate,
            factor: factor(burn.window),
            thin: burn.is_insufficient(),
        });
        let title =
            if slo.title.is_empty() { format!("{}% good", slo.objective * 100.0) } else { slo.title.clone() };
        Self {
            name: Arc::clone(&slo.name),
            service: slo.service.clone().unwrap_or_else(|| "".into()),
            title,
            objective: slo.objective,
            window: slo.window.text(),
            sli: known.sli,
            left: known.budget.map(|budget| budget.remaining),
            left_seconds: known.budget.map(|budget| budget.seconds_left),
            left_events: known.budget.map(|budget| budget.events_left),
            burns: burns.collect(),
            firing: known.firing().map(|row| row.row.severity).max(),
            exhaustion: exhaustion_text(known),
            exhaustion_seconds: match known.exhaustion {
                Exhaustion::In(seconds) => Some(seconds),
                Exhaustion::OverBy(seconds) => Some(-seconds),
                Exhaustion::NotOnTrack => Some(f64::INFINITY),
                Exhaustion::Unknown => None,
            },
            coverage: known.coverage.text(),
            covered: known.coverage.ratio(),
            remarks: remarks(known),
            reported: Vec::new(),
            course,
            error: known.trouble.clone(),
            formula: slo.texts.iter().map(|(what, text)| format!("{what}: {text}")).collect(),
            at: Some(known.at),
        }
    }
}

/// A duration as people say it: two units at most.
fn coarse(seconds: f64) -> String {
    if !seconds.is_finite() || seconds > 1e10 {
        return "never".to_owned();
    }
    let seconds = seconds.max(0.0) as u64;
    let step = match seconds {
        0..=119 => 1,
        120..=7_199 => 60,
        7_200..=172_799 => 600,
        _ => 3_600,
    };
    format_duration(Duration::from_secs(seconds / step * step))
}

fn exhaustion_text(known: &Assessment) -> String {
    match known.exhaustion {
        Exhaustion::NotOnTrack => "not at this rate".to_owned(),
        Exhaustion::In(seconds) => coarse(seconds),
        Exhaustion::OverBy(seconds) => format!("over by {}", coarse(seconds)),
        Exhaustion::Unknown => match known.verdict {
            Verdict::NoTraffic => "no traffic".to_owned(),
            _ => "–".to_owned(),
        },
    }
}

/// What is to be known of the figures.
fn remarks(known: &Assessment) -> Vec<String> {
    let mut out = Vec::new();
    out.extend(known.estimated.clone());
    if known.coverage.bridged > Duration::ZERO {
        out.push(format!("{} bridged by counters", coarse(known.coverage.bridged.as_secs_f64())));
    }
    if known.burns.iter().any(|burn| burn.rate.is_some() && burn.is_insufficient()) {
        out.push("insufficient sample".to_owned());
    }
    if known.sli.is_none() && known.verdict == Verdict::NoTraffic {
        out.push("no traffic".to_owned());
    }
    if let Some(life) = known.lifetime.filter(|life| life.total > 0.0) {
        let sli = 100.0 * (1.0 - life.bad / life.total);
        let since = life
            .since
            .map_or_else(String::new, |since| format!(", {}", coarse(known.at.since(since).as_secs_f64())));
        out.push(format!("since process start{since}: {sli:.3}%"));
    }
    out.extend(known.slo.notes.iter().cloned());
    out
}
