//! Bodies in pieces become a store: nothing of a body is kept but its samples, so that a large file costs little.
//!
//! Prometheus text or OpenMetrics, line by line. Samples keep their own timestamps; the others get one moment. What is
//! wrong is told with its line; what is left out is counted.

use crate::exposition::{self, Format, Kind, Line, MAX_LINE, RawSample, Reason};
use crate::labels::Labels;
use crate::promql::Compat;
use crate::store::{Appended, Limits, Store};
use crate::text::Clean;
use crate::units::Timestamp;
use rustc_hash::FxHashMap;
use std::time::Duration;

/// The most complaints about one body that are kept; the others are counted.
const MOST_COMPLAINTS: usize = 10;

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What came of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// How it was read.
    pub format: Format,
    /// Good samples.
    pub samples: u64,
    /// Samples that have a timestamp of their own.
    pub timed: u64,
    /// The first lines that could not be read.
    pub complaints: Vec<Complaint>,
    /// How many could not be read.
    pub bad_lines: u64,
    /// It is something else altogether.
    pub not_metrics: Option<&'static str>,
    /// It was read as text and has what only OpenMetrics has (fractional timestamps, exemplars, its types): it lacks
    /// its `# EOF`.
    pub looks_open: bool,
    /// All its own timestamps would be plain as seconds: text counts milliseconds.
    pub looks_like_seconds: bool,
    /// Samples of a series that had another value at that time.
    pub contradictions: u64,
    /// The line of the first of them.
    pub first_contradiction: Option<u64>,
}

/// Milliseconds that are a day in April 1970 at the latest, and seconds that are today.
const SECONDS_LIKE: std::ops::Range<i64> = 100_000_000..10_000_000_000;

/// The format that the end of a body tells: OpenMetrics ends in `# EOF`.
pub fn sniff(tail: &[u8]) -> Format {
    let open = tail
        .trim_ascii_end()
        .strip_suffix(b"# EOF")
        .is_some_and(|before| before.last().is_none_or(|byte| *byte == b'\n'));
    if open { Format::OpenMetrics } else { Format::Text }
}

/// Takes in bodies.
#[derive(Debug)]
pub struct Loader {
    store: Store,
    limits: Limits,
    at: Timestamp,
    compat: Compat,
    /// Samples that were older than what their series had: sorted in at the end.
    late: Vec<(Labels, Timestamp, f64)>,
}

impl Loader {
    /// A loader whose samples without a timestamp get `at`, into a store of at most `max_bytes` and no retention.
    pub fn new(at: Timestamp, compat: Compat, max_bytes: usize) -> Self {
        let limits = Limits { retention: Duration::MAX, max_bytes };
        Self { store: Store::new(limits), limits, at, compat, late: Vec::new() }
    }

    /// From here on samples without a timestamp get `at`.
    pub fn moment(&mut self, at: Timestamp) {
        self.at = at;
    }

    /// Begins a body; `instance`, if given, becomes the label of samples that have none of that name.
    pub fn feed(&mut self, format: Format, instance: Option<&str>) -> Feed<'_> {
        Feed {
            loader: self,
            reading: Reading { format, looks_like_seconds: true, ..Reading::default() },
            instance: instance.map(str::to_owned),
            kind: Kind::Unknown,
            number: 0,
            pending: Vec::new(),
            state: State::Inside,
        }
    }

    /// The store, with all samples in order of time, and how many were dropped to stay within the memory allowed.
    pub fn finish(self) -> (Store, u64) {
        let dropped = self.store.stats().dropped_by_cap;
        if self.late.is_empty() {
            return (self.store, dropped);
        }
        let mut late: FxHashMap<Labels, Vec<(Timestamp, f64)>> = FxHashMap::default();
        for (labels, at, value) in self.late {
            late.entry(labels).or_default().push((at, value));
        }
        let mut sorted = Store::new(self.limits);
        let mut samples = Vec::new();
        for series in self.store.select(&[]) {
            samples.clear();
            let all = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
            series.range(all.0, all.1, &mut samples);
            if let Some(more) = late.remove(series.labels()) {
                samples.extend(more);
                // Stable: of two samples of one time the one that came first is stored.
                samples.sort_by_key(|(at, _)| *at);
            }
            for (at, value) in &samples {
                sorted.append(series.labels(), *at, *value);
            }
        }
        let dropped = dropped + sorted.stats().dropped_by_cap;
        (sorted, dropped)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Inside,
    /// `# EOF` was seen.
    Ended,
    /// Nothing further is read.
    Done,
}

/// One body on its way into the store.
#[derive(Debug)]
pub struct Feed<'a> {
    loader: &'a mut Loader,
    reading: Reading,
    instance: Option<String>,
    kind: Kind,
    number: u64,
    /// A line whose end has not come yet.
    pending: Vec<u8>,
    state: State,
}

impl Feed<'_> {
    /// Takes the next bytes, however they are cut. The first ones should be some hundred at least, so that what is no
    /// metrics at all can be told.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if !self.pending.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let head = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            // One byte over the limit is enough to be told that the line is too long.
            let room = (MAX_LINE + 1).saturating_sub(self.pending.len());
            self.pending.extend_from_slice(head.get(..room.min(head.len())).unwrap_or_default());
            let Some(end) = end else { return };
            let line = std::mem::take(&mut self.pending);
            self.lines(&line);
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        let whole = match memchr::memrchr(b'\n', rest) {
            Some(end) => {
                self.lines(rest.get(..end).unwrap_or_default());
                end + 1
            }
            None => 0,
        };
        let left = rest.get(whole..).unwrap_or_default();
        self.pending.extend_from_slice(left.get(..left.len().min(MAX_LINE + 1)).unwrap_or_default());
    }

    /// The body has ended.
    pub fn finish(mut self) -> Reading {
        if !self.pending.is_empty() {
            let line = std::mem::take(&mut self.pending);
            self.lines(&line);
        }
        if self.reading.format == Format::OpenMetrics && self.state == State::Inside {
            self.number = self.number.max(1);
            self.complain(&Reason::NoEof);
        }
        self.reading.looks_like_seconds &= self.reading.timed > 0 && self.reading.format == Format::Text;
        self.reading
    }

    /// Reads whole lines; the last one comes without its line end.
    fn lines(&mut self, block: &[u8]) {
        if self.number == 0
            && let Some(what) = exposition::not_metrics(block)
        {
            self.reading.not_metrics = Some(what);
            self.state = State::Done;
        }
        // Back-filled files hold long runs of one series: its labels are made once.
        let mut last: Option<(RawSample<'_>, Labels)> = None;
        let mut rest = Some(block);
        while let Some(text) = rest {
            if self.state == State::Done {
                return;
            }
            let end = memchr::memchr(b'\n', text);
            let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
            rest = end.and_then(|end| text.get(end + 1..));
            self.number += 1;
            if self.state == State::Ended {
                self.complain(&Reason::AfterEof);
                self.state = State::Done;
                return;
            }
            match exposition::parse_line(line, self.reading.format) {
                Ok(Line::Sample(sample)) => {
                    let labels = match last.take() {
                        Some((known, labels))
                            if known.name == sample.name && known.labels == sample.labels =>
                        {
                            labels
                        }
                        _ => self.labels(&sample),
                    };
                    self.store(&labels, &sample);
                    last = Some((sample, labels));
                }
                Ok(Line::Type { kind, .. }) => {
                    self.kind = kind;
                    last = None;
                }
                Ok(Line::Eof) => self.state = State::Ended,
                Ok(Line::Help { .. } | Line::Unit { .. } | Line::Comment) => {}
                Err(reason) => self.complain(&reason),
            }
        }
    }

    fn labels(&self, sample: &RawSample<'_>) -> Labels {
        let labels = match self.loader.compat {
            Compat::V3 => sample.stored_labels(self.kind),
            Compat::V2_42 => Labels::metric(&sample.name, sample.labels.iter().map(|(n, v)| (&**n, &**v))),
        };
        match &self.instance {
            Some(instance) if labels.get("instance").is_none() => labels.with("instance", instance),
            _ => labels,
        }
    }

    fn store(&mut self, labels: &Labels, sample: &RawSample<'_>) {
        self.reading.samples += 1;
        if let Some(own) = sample.at {
            self.reading.timed += 1;
            self.reading.looks_like_seconds &= SECONDS_LIKE.contains(&own.millis());
        }
        let at = sample.at.unwrap_or(self.loader.at);
        match self.loader.store.append(labels, at, sample.value) {
            Appended::OutOfOrder => self.loader.late.push((labels.clone(), at, sample.value)),
            // The same number told twice is no contradiction.
            Appended::Duplicate => {
                let stored = self.loader.store.get(labels).and_then(crate::store::Series::last);
                if stored.is_none_or(|(_, value)| value.to_bits() != sample.value.to_bits()) {
                    self.reading.contradictions += 1;
                    self.reading.first_contradiction.get_or_insert(self.number);
                }
            }
            Appended::New | Appended::Stored | Appended::TooOld | Appended::Refused => {}
        }
    }

    fn complain(&mut self, reason: &Reason) {
        self.reading.bad_lines += 1;
        if self.reading.format == Format::Text {
            self.reading.looks_open |= match reason {
                Reason::Exemplar => true,
                Reason::Timestamp(word) => {
                    word.as_str().parse::<f64>().is_ok_and(|_| word.as_str().contains('.'))
                }
                Reason::Type(word) => {
                    matches!(word.as_str(), "unknown" | "info" | "stateset" | "gaugehistogram")
                }
                _ => false,
            };
        }
        if self.reading.complaints.len() < MOST_COMPLAINTS {
            let reason = Clean::new(&reason.to_string()).to_string();
            self.reading.complaints.push(Complaint { line: self.number, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(60_000);

    /// Reads `body` cut into pieces of every small size; all must agree. Gives the series and what was said.
    fn read(body: &str, compat: Compat) -> (Vec<String>, Reading) {
        let mut all: Vec<(Vec<String>, Reading)> = [1, 2, 3, 7, body.len().max(1)]
            .into_iter()
            .map(|size| {
                let mut loader = Loader::new(AT, compat, usize::MAX);
                let mut feed = loader.feed(sniff(body.as_bytes()), None);
                for piece in body.as_bytes().chunks(size) {
                    feed.push(piece);
                }
                let reading = feed.finish();
                let (store, dropped) = loader.finish();
                assert_eq!(dropped, 0);
                let mut series: Vec<String> = store
                    .select(&[])
                    .into_iter()
                    .map(|series| {
                        let samples: Vec<String> = series
                            .cursor(Timestamp::from_millis(i64::MIN))
                            .map(|(at, value)| format!("{value}@{}", at.millis()))
                            .collect();
                        format!("{} {}", series.labels(), samples.join(" "))
                    })
                    .collect();
                series.sort();
                (series, reading)
            })
            .collect();
        let first = all.remove(0);
        for other in all {
            assert_eq!(first, other, "{body}");
        }
        first
    }

    #[test]
    fn samples_keep_their_own_times() {
        for (body, series) in [
            ("a 1\nb 2 5\nb 3 6", &["a 1@60000", "b 2@5 3@6"][..]),
            ("a 1 0\na 2 0.0015\n# EOF\n", &["a 1@0 2@1"]),
            ("a 1 -2\n# EOF", &["a 1@-2000"]),
            ("a 3 9\na 1 1\nb 1 1\na 2 5\n# EOF\n", &["a 1@1000 2@5000 3@9000", "b 1@1000"]),
            ("", &[]),
        ] {
            let (read, reading) = read(body, Compat::V3);
            assert_eq!(read, series, "{body}");
            assert_eq!((reading.bad_lines, reading.contradictions), (0, 0), "{body}");
        }
    }

    #[test]
    fn bounds_are_canonical_in_prometheus_3_only() {
        let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 2\n# TYPE g gauge\ng{le=\"1\"} 2\n";
        assert_eq!(read(body, Compat::V3).0, ["g{le=\"1\"} 2@60000", "h_bucket{le=\"1.0\"} 2@60000"]);
        assert_eq!(read(body, Compat::V2_42).0, ["g{le=\"1\"} 2@60000", "h_bucket{le=\"1\"} 2@60000"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (body, lines, open) in [
            ("a 1\nb\nc 1 x\n", &[2, 3][..], false),
            ("a 1 1.5\n", &[1], true),
            ("# TYPE a unknown\na 1\n", &[1], true),
            ("a 1 1\n\n# EOF\n", &[2], false),
            ("a 1 1\n# EOF\nb 1\nc 1\n# EOF\n", &[3], false),
        ] {
            let (_, reading) = read(body, Compat::V3);
            let told: Vec<u64> = reading.complaints.iter().map(|complaint| complaint.line).collect();
            assert_eq!((told.as_slice(), reading.looks_open), (lines, open), "{body}");
        }
        let mut loader = Loader::new(AT, Compat::V3, usize::MAX);
        let mut feed = loader.feed(Format::OpenMetrics, None);
        feed.push(b"a 1 1\na 2 2\n");
        assert_eq!(feed.finish().complaints.first().map(|complaint| complaint.line), Some(2));
        let mut feed = loader.feed(Format::Text, None);
        feed.push(b"<html>\n<body>");
        assert_eq!(feed.finish().not_metrics, Some("HTML or XML"));
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut loader = Loader::new(AT, Compat::V3, usize::MAX);
        let mut feed = loader.feed(Format::Text, None);
        for _ in 0..40 {
            feed.push(&vec![b'x'; 65_536]);
            assert!(feed.pending.len() <= MAX_LINE + 1);
        }
        feed.push(b"\ngood 1\n");
        let reading = feed.finish();
        assert_eq!((reading.bad_lines, reading.samples), (1, 1));
    }

    #[test]
    fn contradictions_are_counted_and_repetitions_are_not() {
        let (series, reading) = read("a 1\na 1\na 2\n", Compat::V3);
        assert_eq!(series, ["a 1@60000"]);
        assert_eq!((reading.contradictions, reading.first_contradiction), (1, Some(3)));
    }

    #[test]
    fn what_the_memory_does_not_hold_is_counted() {
        let mut loader = Loader::new(AT, Compat::V3, 20_000);
        let mut feed = loader.feed(Format::OpenMetrics, Some("here"));
        for i in 0..20_000_u64 {
            feed.push(format!("a {}.{i} {i}\n", i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_bytes());
        }
        feed.push(b"# EOF\n");
        assert_eq!(feed.finish().samples, 20_000);
        let (store, dropped) = loader.finish();
        assert!(dropped > 0 && store.stats().samples as u64 + dropped == 20_000, "{:?}", store.stats());
        assert_eq!(store.select(&[])[0].labels().get("instance"), Some("here"));
    }
}
