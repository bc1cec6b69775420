//! `slo.NAME`: a service level objective. Expressions are kept as written; the plan compiles them.

use super::place::{Place, Spanned};
use super::tree::Tree;
use std::time::Duration;

/// One `slo.NAME` table, or one objective of a file of sloth or `OpenSLO`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slo {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// The service that it speaks of.
    pub service: Option<Spanned<String>>,
    /// What stands above it; none: the name.
    pub title: Option<String>,
    /// What it is about.
    pub description: String,
    /// How much must be good, in per cent.
    pub objective: Spanned<f64>,
    /// A duration, or `week`, `month`, `quarter`.
    pub window: Spanned<String>,
    /// The zone of a calendar's window; none: that of the screen.
    pub zone: Option<Spanned<String>>,
    /// What is measured.
    pub sli: Sli,
    /// How 4xx count, where a preset says what is measured.
    pub client_errors: ClientErrors,
    /// Which table of alerts.
    pub alerting: Alerting,
    /// No alerts that page (of severity P2 and above).
    pub no_pages: bool,
    /// No others.
    pub no_tickets: bool,
    /// Rows of one's own: they stand instead of the table.
    pub rows: Vec<RowSpec>,
    /// The fewest events of a sufficient sample.
    pub min_events: Option<u64>,
    /// What does not count.
    pub maintenance: Vec<Spanned<String>>,
    /// Expressions of what the service reports itself.
    pub reported: Vec<Spanned<String>>,
    /// Where it comes from, if not from the configuration: `sloth`, `OpenSLO`.
    pub origin: Option<&'static str>,
}

/// What is measured, as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Sli {
    /// Nobody says: availability, from the service's signals.
    #[default]
    Unsaid,
    /// `preset`.
    Preset(Spanned<Preset>),
    /// `error` and `total`.
    Errors(Spanned<String>, Spanned<String>),
    /// `good` and `total`.
    Good(Spanned<String>, Spanned<String>),
    /// `error_ratio`.
    Ratio(Spanned<String>),
    /// `latency`.
    Latency {
        /// The histogram; none: that of the service's signals.
        metric: Option<Spanned<String>>,
        /// A selector that its series must match.
        select: Option<Spanned<String>>,
        /// Slower is bad; none: what the service's preset promises.
        threshold: Option<Duration>,
        /// Where the table stands.
        at: Place,
    },
    /// `probe`.
    Probe {
        /// An expression.
        expr: Option<Spanned<String>>,
        /// Or the name of a poll.
        poll: Option<Spanned<String>>,
        /// How long a slice is.
        slice: Duration,
        /// Where the table stands.
        at: Place,
    },
}

/// What is measured without an expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Answers that are no server errors.
    #[default]
    Availability,
    /// Answers within the time that the service's preset promises.
    Latency,
}

/// How answers with a status of 4xx count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientErrors {
    /// They are good: the caller's fault.
    #[default]
    Good,
    /// Only 429 is bad.
    Throttled,
    /// All of them are bad.
    Bad,
}

impl ClientErrors {
    /// Every one with its word.
    pub const ALL: &'static [(Self, &'static str)] =
        &[(Self::Good, "good"), (Self::Throttled, "429"), (Self::Bad, "bad")];

    /// For people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Good => "4xx count as good, 429 included",
            Self::Throttled => "4xx count as good, but 429 as bad",
            Self::Bad => "4xx count as bad",
        }
    }
}

/// Which table of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alerting {
    /// The workbook's.
    #[default]
    Google,
    /// Pyrra's.
    Pyrra,
    /// None.
    Off,
}

impl Alerting {
    /// Every one with its word.
    pub const ALL: &'static [(Self, &'static str)] =
        &[(Self::Google, "google"), (Self::Pyrra, "pyrra"), (Self::Off, "off")];
}

/// `rows.NAME`.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSpec {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The long window.
    pub long: Duration,
    /// The short one; none: a twelfth of it.
    pub short: Option<Duration>,
    /// The factor.
    pub factor: f64,
    /// How long it must hold.
    pub wait: Duration,
    /// `P0` to `P4`.
    pub severity: &'static str,
}

fn word<T: Copy + Default>(all: &[(T, &str)], word: &str) -> T {
    all.iter().find(|(_, known)| *known == word).map(|(value, _)| *value).unwrap_or_default()
}

/// Reads one table; what is missing or said twice is a problem.
pub(crate) fn read(name: &str, tree: &Tree, problems: &mut Vec<super::Problem>) -> Slo {
    let objective = tree.item("objective").map(|item| item.at.clone()).unwrap_or_default();
    let rows = tree.tables("rows").map(|(name, row)| RowSpec {
        name: name.to_owned(),
        place: row.at.clone(),
        long: row.duration("long").unwrap_or_default(),
        short: row.duration("short"),
        factor: row.number("factor").unwrap_or_default(),
        wait: row.duration("for").unwrap_or_default(),
        severity: row.word("severity"),
    });
    Slo {
        name: name.to_owned(),
        place: tree.at.clone(),
        service: tree.spanned("service"),
        title: tree.text("title"),
        description: tree.text("description").unwrap_or_default(),
        objective: Spanned { value: tree.number("objective").unwrap_or_default(), at: objective },
        window: tree.spanned("window").unwrap_or_default(),
        zone: tree.spanned("zone"),
        rows: rows.collect(),
        sli: sli(tree, problems),
        client_errors: word(ClientErrors::ALL, tree.word("client_errors")),
        alerting: word(Alerting::ALL, tree.word("alerting")),
        min_events: tree.whole("min_events"),
        maintenance: tree.texts("maintenance"),
        reported: tree.texts("reported"),
        no_pages: false,
        no_tickets: false,
        origin: None,
    }
}

fn sli(tree: &Tree, problems: &mut Vec<super::Problem>) -> Sli {
    let ways = ["error", "good", "error_ratio", "latency", "probe", "preset"];
    let given: Vec<&str> = ways.into_iter().filter(|key| tree.tried(key)).collect();
    let mut wrong = |message: String, remedy: &str| {
        problems.push(super::Problem::new(&tree.at, &tree.path, message).with_remedy(remedy));
    };
    if let [first, second, ..] = given[..] {
        wrong(format!("{first} and {second} exclude each other"), "keep one, or make two objectives");
    }
    let total = tree.spanned("total");
    match (&total, tree.spanned("error"), tree.spanned("good")) {
        (Some(total), Some(error), _) => return Sli::Errors(error, total.clone()),
        (Some(total), None, Some(good)) => return Sli::Good(good, total.clone()),
        (Some(_), None, None) if !tree.tried("error") && !tree.tried("good") => {
            wrong("total needs error or good beside it".to_owned(), "add what is counted of it");
        }
        (None, Some(_), _) | (None, None, Some(_)) if !tree.tried("total") => {
            wrong("error and good need total beside them".to_owned(), "add it, or write error_ratio");
        }
        _ => {}
    }
    if let Some(ratio) = tree.spanned("error_ratio") {
        return Sli::Ratio(ratio);
    }
    if let Some(latency) = tree.table("latency") {
        return Sli::Latency {
            metric: latency.spanned("metric"),
            select: latency.spanned("select"),
            threshold: latency.duration("threshold"),
            at: latency.at.clone(),
        };
    }
    if let Some(probe) = tree.table("probe") {
        return Sli::Probe {
            expr: probe.spanned("expr"),
            poll: probe.spanned("poll"),
            slice: probe.duration("slice").unwrap_or_default(),
            at: probe.at.clone(),
        };
    }
    let at = tree.item("preset").map(|item| item.at.clone()).unwrap_or_default();
    match tree.word("preset") {
        "availability" => Sli::Preset(Spanned { value: Preset::Availability, at }),
        "latency" => Sli::Preset(Spanned { value: Preset::Latency, at }),
        _ => Sli::Unsaid,
    }
}
