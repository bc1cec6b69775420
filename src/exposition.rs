//! Prometheus text 0.0.4 and OpenMetrics 1.0 bytes become samples and line errors; zero-copy; it never fails.
//!
//! The lines that a real server would accept are accepted, the others are bad lines. The chosen difference: a real
//! server drops the whole scrape for one bad line; here the good samples are kept, the bad lines are counted, and
//! the first is told with its number and reason (`docs/exposition.md`). This room asks for no time, opens no
//! connection and knows nothing of PromQL.
//!
//! - [`parse`] reads any body line by line: tests, the explorer, `query --metrics`.
//! - [`Cache`] is what a polled target has: it remembers the series of earlier scrapes, so that a line seen before
//!   costs one comparison and one number.
//! - [`families`] lists what a body holds, for the explorer.

mod cache;
mod families;
mod line;
mod number;
mod run;
mod series;
mod table;
mod tracks;
mod workers;

pub use cache::{Cache, MAX_SERIES, Scrape};
pub use families::{Family, families};
pub use line::MAX_LINE;

use crate::labels::Labels;
use crate::text::Clean;
use crate::units::Timestamp;
use std::borrow::Cow;

/// What to send as `Accept`: the header of Prometheus 3.x, since servers are tested against it.
pub const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
application/openmetrics-text;version=0.0.1;q=0.5,\
text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// The metric that says when a process began; it is kept whether or not an expression asks for it.
pub const PROCESS_START: &str = "process_start_time_seconds";

/// The two formats that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text, 0.0.4 and 1.0.0.
    #[default]
    Text,
    /// OpenMetrics text, 0.0.1 and 1.0.0.
    OpenMetrics,
}

/// The format that a `Content-Type` names. One that names neither falls back to text, with a warning: a real 3.x
/// server would fail the scrape, but a dashboard had better look.
pub fn format_of(content_type: Option<&str>) -> (Format, Option<String>) {
    let Some(given) = content_type.map(str::trim).filter(|given| !given.is_empty()) else {
        return (Format::Text, Some("no content type: read as Prometheus text".to_owned()));
    };
    let essence = given.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/openmetrics-text") {
        (Format::OpenMetrics, None)
    } else if essence.eq_ignore_ascii_case("text/plain") {
        (Format::Text, None)
    } else {
        let shown = Clean::new(given);
        (
            Format::Text,
            Some(format!("content type \"{shown}\" is no metrics format: read as Prometheus text")),
        )
    }
}

/// The type that a `# TYPE` line gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Not told, `untyped` (text) or `unknown` (OpenMetrics).
    #[default]
    Unknown,
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets.
    Histogram,
    /// Buckets that go up and down (OpenMetrics).
    GaugeHistogram,
    /// Quantiles computed by the service.
    Summary,
    /// Labels as text, always 1 (OpenMetrics).
    Info,
    /// One series a state (OpenMetrics).
    StateSet,
}

impl Kind {
    /// The word in a `# TYPE` line of this format, if it has one.
    fn from_word(word: &str, format: Format) -> Option<Self> {
        Some(match (word, format) {
            ("counter", _) => Self::Counter,
            ("gauge", _) => Self::Gauge,
            ("histogram", _) => Self::Histogram,
            ("summary", _) => Self::Summary,
            ("untyped", Format::Text) | ("unknown", Format::OpenMetrics) => Self::Unknown,
            ("gaugehistogram", Format::OpenMetrics) => Self::GaugeHistogram,
            ("info", Format::OpenMetrics) => Self::Info,
            ("stateset", Format::OpenMetrics) => Self::StateSet,
            _ => return None,
        })
    }

    /// The word for it on a screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}

/// One good line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line<'a> {
    /// A sample.
    Sample(RawSample<'a>),
    /// `# TYPE name kind`
    Type {
        /// The family.
        name: Cow<'a, str>,
        /// Its type.
        kind: Kind,
    },
    /// `# HELP name text`, unescaped.
    Help {
        /// The family.
        name: Cow<'a, str>,
        /// What it is for.
        text: Cow<'a, str>,
    },
    /// `# UNIT name unit` (OpenMetrics).
    Unit {
        /// The family.
        name: Cow<'a, str>,
        /// Its unit.
        unit: &'a str,
    },
    /// Any other comment, or an empty line.
    Comment,
    /// `# EOF` (OpenMetrics).
    Eof,
}

/// A sample as the body has it: nothing is copied unless an escape has to be undone.
#[derive(Clone, Debug, PartialEq)]
pub struct RawSample<'a> {
    /// The metric's name.
    pub name: Cow<'a, str>,
    /// Its labels in the body's order, `le` and `quantile` as written.
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Its value; any NaN is the plain one, never a stale marker.
    pub value: f64,
    /// Its own timestamp, where it has one.
    pub at: Option<Timestamp>,
}

impl RawSample<'_> {
    /// The labels as Prometheus 3 stores them: `le` below a histogram's TYPE line and `quantile` below a summary's
    /// (`kind` is that of the last one) are canonical floats, an empty value is no label.
    pub fn stored_labels(&self, kind: Kind) -> Labels {
        let bound = self.labels.iter().find_map(|(name, value)| series::bound(kind, name, value));
        let mut pairs: Vec<(&str, &str)> =
            self.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        if let Some((name, value)) = &bound
            && let Some(pair) = pairs.iter_mut().find(|(known, _)| known == name)
        {
            pair.1 = value;
        }
        Labels::metric(&self.name, pairs)
    }
}

/// A line that a real server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub number: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a line, or a whole body, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The body is something else altogether; nothing of it is read.
    #[error("the body is {0}, not metrics")]
    NotMetrics(&'static str),
    /// Bytes that are not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// Longer than any metric line has a right to be.
    #[error("line longer than {MAX_LINE} bytes")]
    TooLong,
    /// CR LF.
    #[error("line ends in CR LF; metrics end lines with LF alone")]
    CarriageReturn,
    /// Blanks where the format has none.
    #[error("blank before the metric's name")]
    LeadingBlank,
    /// An empty line in OpenMetrics.
    #[error("empty line, which OpenMetrics does not allow")]
    EmptyLine,
    /// A comment in OpenMetrics that is none of HELP, TYPE, UNIT and EOF.
    #[error("comment that is neither HELP, TYPE, UNIT nor EOF")]
    Comment,
    /// No name where one has to be.
    #[error("expected a metric name, got {0}")]
    Name(Got),
    /// The braces hold a second name.
    #[error("metric name given twice")]
    NameTwice,
    /// Braces without a name.
    #[error("metric name missing")]
    NameMissing,
    /// In braces.
    #[error("expected a label name, got {0}")]
    LabelName(Got),
    /// In braces.
    #[error("expected '=' after the label's name, got {0}")]
    Equal(Got),
    /// In braces.
    #[error("expected a quoted label value, got {0}")]
    LabelValue(Got),
    /// In braces.
    #[error("expected ',' or '}}', got {0}")]
    Comma(Got),
    /// A quote that is never closed.
    #[error("quoted string is not closed on its line")]
    Quote,
    /// The same label twice.
    #[error("label \"{0}\" given twice")]
    LabelTwice(Clean),
    /// No value.
    #[error("expected a value, got {0}")]
    Value(Got),
    /// A value that is no decimal number.
    #[error("\"{0}\" is not a number")]
    Number(Clean),
    /// A value too large for a float.
    #[error("\"{0}\" is out of range")]
    Range(Clean),
    /// A timestamp that is none.
    #[error("\"{0}\" is not a timestamp")]
    Timestamp(Clean),
    /// Something after the sample.
    #[error("unexpected text after the sample: \"{0}\"")]
    Trailing(Clean),
    /// An exemplar in text 0.0.4.
    #[error("exemplar, which only OpenMetrics allows")]
    Exemplar,
    /// `# TYPE x foo`
    #[error("invalid metric type \"{0}\"")]
    Type(Clean),
    /// `# UNIT` that the name does not end in.
    #[error("unit \"{0}\" is not the end of the metric's name")]
    Unit(Clean),
    /// HELP, TYPE or UNIT without anything after the name (OpenMetrics).
    #[error("expected text after the name")]
    Text,
    /// Lines after `# EOF`.
    #[error("data after # EOF")]
    AfterEof,
    /// OpenMetrics without its end.
    #[error("no # EOF at the end: the body may have been cut")]
    NoEof,
}

/// What stands where something else was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// The end of the line.
    End,
    /// This character.
    Char(char),
}

impl std::fmt::Display for Got {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End => f.write_str("the end of the line"),
            // `escape_debug` keeps control characters off the screen.
            Self::Char(c) => write!(f, "'{}'", c.escape_debug()),
        }
    }
}

/// Reads one line, given without its line end: for bodies that are read in pieces. What spans lines (data after
/// `# EOF`, its absence, [`not_metrics`]) is the caller's to judge.
///
/// # Errors
/// What is wrong with the line.
pub fn parse_line(line: &[u8], format: Format) -> Result<Line<'_>, Reason> {
    line::utf8(line).and_then(|text| line::line(text, format))
}

/// Is a body that begins like this clearly something else (HTML, JSON, gzip)? Says what.
pub fn not_metrics(head: &[u8]) -> Option<&'static str> {
    line::not_metrics(head)
}

/// Reads a body line by line. A body that is clearly something else gives one [`Reason::NotMetrics`].
///
/// Labels are as written; [`Cache`] adds those of the target and makes `le` and `quantile` canonical.
pub fn parse(body: &[u8], format: Format) -> impl Iterator<Item = Result<Line<'_>, BadLine>> {
    Lines { body, at: 0, number: 0, format, state: State::Start }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Inside,
    AfterEof,
    Done,
}

struct Lines<'a> {
    body: &'a [u8],
    at: usize,
    number: u64,
    format: Format,
    state: State,
}

impl Lines<'_> {
    fn bad(&self, reason: Reason) -> BadLine {
        BadLine { number: self.number.max(1), reason }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Start {
            self.state = State::Inside;
            if let Some(what) = line::not_metrics(self.body) {
                self.state = State::Done;
                return Some(Err(self.bad(Reason::NotMetrics(what))));
            }
        }
        if self.state == State::Done {
            return None;
        }
        let rest = self.body.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            let cut = self.format == Format::OpenMetrics && self.state == State::Inside;
            self.state = State::Done;
            return cut.then(|| Err(self.bad(Reason::NoEof)));
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += end + 1;
        self.number += 1;
        if self.state == State::AfterEof {
            self.state = State::Done;
            return Some(Err(self.bad(Reason::AfterEof)));
        }
        let read = line::utf8(&rest[..end]).and_then(|text| line::line(text, self.format));
        if read == Ok(Line::Eof) {
            self.state = State::AfterEof;
        }
        Some(read.map_err(|reason| self.bad(reason)))
    }
}
