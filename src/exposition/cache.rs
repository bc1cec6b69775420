//! What a polled target remembers between scrapes, so that a line seen before costs one comparison and one number.
//!
//! A scrape never fails as a whole. Memory is bounded: [`MAX_SERIES`] series, and series not seen for a few scrapes
//! are forgotten.

use super::run::{Known, Live, Run, wants};
use super::table::{Entry, NONE, Table};
use super::workers::{Answer, Pool};
use super::{Format, Kind, Reason, line};
use crate::config::poll::Workers;
use crate::labels::Labels;
use crate::target::{Keep, STALE_NAN, Sample};
use crate::text::Clean;
use crate::units::Timestamp;
use std::hash::{Hash, Hasher};

/// The most series of one target that are kept; more are counted and left out, with a warning.
pub const MAX_SERIES: usize = 250_000;

/// A series is forgotten when it has been away for so many scrapes.
const FORGET: u32 = 4;

/// What one target's earlier scrapes left behind.
pub struct Cache {
    extra: Labels,
    table: Table,
    /// Number of the current scrape, from 1; a failed one counts too.
    scrape: u32,
    /// How many series the last scrape had without timestamps of their own.
    live: u32,
    /// How many samples the last scrape gave.
    samples: usize,
    /// What `keep` was at the last scrape, and the format.
    kept: u64,
    format: Format,
    /// Comments and names that nobody asks for, in the order of the last body.
    known: Vec<Known>,
    pool: Option<Pool>,
}

/// What a scrape brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// Samples in the body's order, then stale markers of series that have ended.
    pub samples: Vec<Sample>,
    /// How many samples the body holds, those that nobody asked for included.
    pub scraped: u64,
    /// How many lines could not be read.
    pub bad_lines: u64,
    /// The first of them: its number from 1, the reason.
    pub first_bad_line: Option<(u64, Clean)>,
    /// Whatever else the operator should know.
    pub warnings: Vec<Clean>,
    /// OpenMetrics: the body ended as it should.
    pub saw_eof: bool,
    /// Samples left out because the same series stood in the body before.
    pub duplicates: u64,
    /// Samples left out because the target has more than [`MAX_SERIES`] series.
    pub left_out: u64,
    /// The body is no metrics at all (HTML, JSON): `first_bad_line` says what it is.
    pub not_metrics: bool,
}

impl Cache {
    /// An empty cache for a target whose labels (`job`, `instance`, configured ones) are `extra`. A scraped label of
    /// the same name becomes `exported_<name>`. Workers are told apart ([`Workers::Auto`]).
    pub fn new(extra: Labels) -> Self {
        Self {
            extra,
            table: Table::default(),
            scrape: 0,
            live: 0,
            samples: 0,
            kept: 0,
            format: Format::Text,
            known: Vec::new(),
            pool: Some(Pool::default()),
        }
    }

    /// The same cache with workers told apart or not.
    #[must_use]
    pub fn with_workers(mut self, workers: Workers) -> Self {
        self.pool = (workers == Workers::Auto).then(Pool::default);
        self
    }

    /// Reads a body that was asked for at `at`.
    ///
    /// Only names that `keep` wants (the sample's own, `x_bucket`) are read; of other lines nothing but the name is
    /// looked at. `PROCESS_START` is always kept. Series of the last scrape that are missing get a stale marker
    /// unless they had timestamps of their own.
    pub fn scrape(&mut self, body: &[u8], format: Format, keep: &Keep, at: Timestamp) -> Scrape {
        self.scrape += 1;
        let mut out = Scrape { samples: Vec::with_capacity(self.samples), ..Scrape::default() };
        let left = self.refit(keep, format);
        let mut run = Run {
            table: &mut self.table,
            extra: &self.extra,
            scrape: self.scrape,
            body,
            text: std::str::from_utf8(body).ok(),
            format,
            keep,
            at,
            expected: 0,
            latest: NONE,
            typed: &[],
            family: "",
            known: &mut self.known,
            cursor: 0,
            kind: Kind::Unknown,
            skipped: &[],
            live: Live::default(),
            start: None,
            fell: false,
            order: Vec::with_capacity(self.samples),
        };
        if let Some(what) = line::not_metrics(body) {
            run.bad(&mut out, 0, &Reason::NotMetrics(what));
            out.not_metrics = true;
        } else {
            run.all(&mut out);
            run.known.truncate(run.cursor);
        }
        let (mut live, start, fell, order) = (run.live, run.start, run.fell, run.order);
        if let Some(pool) = &mut self.pool
            && !out.not_metrics
        {
            let samples = &mut out.samples;
            let before = samples.len();
            let mut answer = Answer {
                scrape: self.scrape,
                at,
                start,
                fell,
                table: &mut self.table,
                samples,
                order: &order,
            };
            out.warnings.extend(pool.observe(&mut answer));
            live.seen += (out.samples.len() - before) as u32;
            live.returned += (out.samples.len() - before) as u32;
        }
        self.samples = out.samples.len();
        if live.returned < self.live || !left.is_empty() {
            self.end_vanished(&mut out.samples, at, left);
        }
        self.live = live.seen;
        if out.duplicates > 0 {
            let text = format!("{} samples of a series that stood in the body before", out.duplicates);
            out.warnings.push(Clean::new(&text));
        }
        if out.left_out > 0 {
            let text = format!("{} samples left out: more than {MAX_SERIES} series", out.left_out);
            out.warnings.push(Clean::new(&text));
        }
        self.forget();
        out
    }

    /// The scrape brought nothing: stale markers for all that was live. A second failure in a row gives none.
    pub fn failed(&mut self, at: Timestamp) -> Vec<Sample> {
        self.scrape += 1;
        let mut ended = Vec::with_capacity(self.live as usize);
        if self.live > 0 {
            self.end_vanished(&mut ended, at, Vec::new());
        }
        self.live = 0;
        ended
    }

    /// How many series are remembered.
    pub fn series(&self) -> usize {
        self.table.len()
    }

    /// Bytes of memory that the cache takes, label sets included.
    pub fn heap_bytes(&self) -> usize {
        self.table.heap_bytes()
    }

    /// Marks the end of every series that the last scrape had and this one has not; `left` are more of the former.
    fn end_vanished(&self, samples: &mut Vec<Sample>, at: Timestamp, left: Vec<Labels>) {
        // The same labels may go on under other bytes: reordered, or `le="1"` for `le="1.0"`.
        let here: std::collections::HashSet<Labels> = self
            .table
            .iter()
            .filter(|(_, entry)| entry.lived == self.scrape)
            .map(|(_, entry)| entry.labels.clone())
            .collect();
        let gone = self.live(|entry| !here.contains(&entry.labels));
        let left = left.into_iter().filter(|labels| !here.contains(labels));
        samples.extend(gone.into_iter().chain(left).map(|labels| Sample { labels, at, value: STALE_NAN }));
    }

    /// The labels of those of the last scrape's series, not seen in this one, that `which` names.
    fn live(&self, which: impl Fn(&Entry) -> bool) -> Vec<Labels> {
        self.table
            .iter()
            .filter(|(_, entry)| entry.lived != 0 && entry.lived + 1 == self.scrape && which(entry))
            .map(|(_, entry)| entry.labels.clone())
            .collect()
    }

    /// Another set of names is asked for, or the format has changed: forgets what is no longer wanted or has to be
    /// judged anew. Gives the labels of what was live of it.
    fn refit(&mut self, keep: &Keep, format: Format) -> Vec<Labels> {
        let kept = match keep {
            Keep::All => 0,
            // The sum does not depend on the set's order.
            Keep::Names(names) => names.iter().fold(names.len() as u64 + 1, |sum, name| {
                let mut hasher = rustc_hash::FxHasher::default();
                name.hash(&mut hasher);
                sum.wrapping_add(hasher.finish())
            }),
        };
        if (kept, format) == (self.kept, self.format) {
            return Vec::new();
        }
        let same_format = self.format == format;
        (self.kept, self.format) = (kept, format);
        self.known.clear();
        let stays = |entry: &Entry| same_format && entry.labels.name().is_some_and(|name| wants(keep, name));
        let left = self.live(|entry| !stays(entry));
        self.live = self.live.saturating_sub(left.len() as u32);
        self.retain(stays);
        left
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        let moved = self.table.retain(keep);
        if let Some(pool) = &mut self.pool {
            pool.moved(&moved);
        }
    }

    /// Forgets series that have been away for long, when there are enough of them to be worth the work.
    fn forget(&mut self) {
        let away = self.table.len().saturating_sub(self.samples);
        if away > self.samples / 4 + 64 || (away > 0 && self.scrape.is_multiple_of(16)) {
            let scrape = self.scrape;
            self.retain(|entry| entry.seen + FORGET > scrape);
        }
    }
}
