//! One pass over one body: the quick way for lines that come as expected, the careful way for all others.

use super::cache::{MAX_SERIES, Scrape};
use super::series::{self, is_counter};
use super::table::{NONE, Role, Table};
use super::{Format, Kind, Line, PROCESS_START, Reason, line, number};
use crate::labels::Labels;
use crate::target::{Keep, STALE_NAN, Sample};
use crate::text::Clean;
use crate::units::Timestamp;

pub(super) fn wants(keep: &Keep, name: &str) -> bool {
    keep.wants(name) || name == PROCESS_START
}

/// Series without timestamps of their own.
#[derive(Clone, Copy, Default)]
pub(super) struct Live {
    /// In this scrape.
    pub(super) seen: u32,
    /// Of them, those that the last scrape had too.
    pub(super) returned: u32,
}

/// A line, or the name it begins with, that the last body had at this place: known by its hash, so that neither is
/// read again nor kept.
pub(super) struct Known {
    hash: u64,
    len: u32,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// The name of a sample that nobody asked for.
    Name,
    /// A good comment without effect.
    Comment,
    /// A good TYPE line.
    Type(Kind),
}

/// The most of them.
const MAX_KNOWN: usize = 100_000;

/// One scrape at work.
pub(super) struct Run<'a> {
    pub(super) table: &'a mut Table,
    pub(super) extra: &'a Labels,
    pub(super) scrape: u32,
    pub(super) body: &'a [u8],
    /// The body as text, if all of it is UTF-8: then no line has to be checked again.
    pub(super) text: Option<&'a str>,
    pub(super) format: Format,
    pub(super) keep: &'a Keep,
    pub(super) at: Timestamp,
    /// The entry that ought to come next, and the one that came last.
    pub(super) expected: u32,
    pub(super) latest: u32,
    /// The last TYPE line, if its name has not been needed yet; the name; the type.
    pub(super) typed: &'a [u8],
    pub(super) family: &'a str,
    pub(super) kind: Kind,
    /// What the last body had beside samples, and which of it ought to come next.
    pub(super) known: &'a mut Vec<Known>,
    pub(super) cursor: usize,
    /// The last name that nobody asked for.
    pub(super) skipped: &'a [u8],
    pub(super) live: Live,
    pub(super) start: Option<f64>,
    pub(super) fell: bool,
    /// The entry of each sample.
    pub(super) order: Vec<u32>,
}

impl<'a> Run<'a> {
    pub(super) fn bad(&self, out: &mut Scrape, at: usize, reason: &Reason) {
        out.bad_lines += 1;
        if out.first_bad_line.is_none() {
            let before = self.body.get(..at).unwrap_or(self.body);
            let number = 1 + memchr::memchr_iter(b'\n', before).count() as u64;
            out.first_bad_line = Some((number, Clean::new(&reason.to_string())));
        }
    }

    pub(super) fn all(&mut self, out: &mut Scrape) {
        let mut at = 0;
        let named = matches!(self.keep, Keep::Names(_));
        while at < self.body.len() {
            let rest = &self.body[at..];
            if rest[0] != b'#'
                && let Some(used) = self.quick(rest, out)
            {
                at += used;
                continue;
            }
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            if !(self.remembered(line, out) || named && self.skip(line, out)) {
                let done = self.slow(at, end, out);
                if let Err(reason) = &done {
                    self.bad(out, at, reason);
                }
                if out.saw_eof {
                    if at + end + 1 < self.body.len() {
                        self.bad(out, at + end + 1, &Reason::AfterEof);
                    }
                    return;
                }
            }
            at += end + 1;
        }
        if self.format == Format::OpenMetrics {
            self.bad(out, self.body.len().saturating_sub(1), &Reason::NoEof);
        }
    }

    /// The line is the expected one, with a plain number: gives how many bytes it takes, its end included.
    #[inline]
    fn quick(&mut self, rest: &[u8], out: &mut Scrape) -> Option<usize> {
        let (entry, raw) = self.table.predicted(self.expected, rest)?;
        let blank = usize::from(rest.get(raw) == Some(&b' '));
        if blank == 0 && self.format == Format::OpenMetrics {
            return None;
        }
        let (value, used) = number::decimal(rest.get(raw + blank..)?)?;
        let end = raw + blank + used;
        let ended = match rest.get(end) {
            Some(byte) => *byte == b'\n',
            None => self.format == Format::Text,
        };
        // A type that changed may change the labels; a second sample of a series is judged with care.
        if !ended || entry.kind != self.kind || entry.lived == self.scrape {
            return None;
        }
        self.live.seen += 1;
        self.live.returned += u32::from(entry.lived != 0 && entry.lived + 1 == self.scrape);
        entry.seen = self.scrape;
        entry.lived = self.scrape;
        match entry.role {
            Role::Counter => self.fell |= value < entry.last,
            Role::Start => self.start = Some(value),
            Role::Gauge => {}
        }
        entry.before = entry.last;
        entry.last = value;
        let next = entry.next;
        out.samples.push(Sample { labels: entry.labels.clone(), at: self.at, value });
        out.scraped += 1;
        self.order.push(self.expected);
        self.latest = self.expected;
        self.expected = next;
        Some(end + 1)
    }

    /// The line is one that needs no reading, as the last one skipped or as the last body had it at this place.
    fn remembered(&mut self, line: &'a [u8], out: &mut Scrape) -> bool {
        let ends = |after: &[u8]| after.first().is_none_or(|byte| !line::is_name(*byte));
        if !self.skipped.is_empty() && line.strip_prefix(self.skipped).is_some_and(ends) {
            out.scraped += 1;
            return true;
        }
        let Some(known) = self.known.get(self.cursor) else { return false };
        let Some((head, after)) = line.split_at_checked(known.len as usize) else { return false };
        let fits = if matches!(known.what, What::Name) { ends(after) } else { after.is_empty() };
        if !fits || self.table.hash(head) != known.hash {
            return false;
        }
        match known.what {
            What::Name => {
                self.skipped = head;
                out.scraped += 1;
            }
            What::Type(kind) => (self.typed, self.kind) = (line, kind),
            What::Comment => {}
        }
        self.cursor += 1;
        true
    }

    /// The next body will have this at the same place, as likely as not.
    fn remember(&mut self, head: &[u8], what: What) {
        let known = Known { hash: self.table.hash(head), len: head.len() as u32, what };
        if let Some(slot) = self.known.get_mut(self.cursor) {
            *slot = known;
        } else if self.known.len() < MAX_KNOWN {
            self.known.push(known);
        }
        self.cursor = (self.cursor + 1).min(MAX_KNOWN);
    }

    /// A sample whose name nobody asked for: counted, not read.
    fn skip(&mut self, line: &'a [u8], out: &mut Scrape) -> bool {
        let end = line::name_end(line);
        let Ok(name) = std::str::from_utf8(&line[..end]) else { return false };
        if end == 0 || wants(self.keep, name) {
            return false;
        }
        self.skipped = &line[..end];
        self.remember(self.skipped, What::Name);
        out.scraped += 1;
        true
    }

    /// Any other line: `end` bytes at `at`.
    fn slow(&mut self, at: usize, end: usize, out: &mut Scrape) -> Result<(), Reason> {
        let body: &'a [u8] = self.body;
        let text = match self.text.and_then(|text| text.get(at..at + end)) {
            Some(line) if end <= line::MAX_LINE => line,
            _ => line::utf8(&body[at..at + end])?,
        };
        match text.as_bytes().first() {
            None | Some(b'#' | b' ' | b'\t') => {
                let what = match line::line(text, self.format)? {
                    Line::Type { kind, .. } => {
                        (self.typed, self.kind) = (text.as_bytes(), kind);
                        What::Type(kind)
                    }
                    Line::Eof => {
                        out.saw_eof = true;
                        return Ok(());
                    }
                    _ => What::Comment,
                };
                if text.starts_with('#') {
                    self.remember(text.as_bytes(), what);
                }
                Ok(())
            }
            _ => self.sample(text, out),
        }
    }

    /// A sample that was not expected here, or is not plain.
    fn sample(&mut self, text: &str, out: &mut Scrape) -> Result<(), Reason> {
        let known = line::series_end(text.as_bytes())
            .and_then(|end| Some((self.table.find(text.as_bytes().get(..end)?)?, end)))
            .filter(|(at, _)| self.table.get(*at).is_some_and(|entry| entry.kind == self.kind));
        let (index, (value, own)) = if let Some((index, end)) = known {
            (index, line::tail(&text[end..], self.format)?)
        } else {
            let head = line::head(text, self.format)?;
            let tail = line::tail(head.rest, self.format)?;
            if !wants(self.keep, &head.name) {
                out.scraped += 1;
                return Ok(());
            }
            let Some(index) = self.meet(head, out) else {
                out.scraped += 1;
                out.left_out += 1;
                return Ok(());
            };
            (index, tail)
        };
        out.scraped += 1;
        if let Some(latest) = self.table.get_mut(self.latest) {
            latest.next = index;
        }
        let Some(entry) = self.table.get_mut(index) else { return Ok(()) };
        self.latest = index;
        self.expected = entry.next;
        entry.seen = self.scrape;
        if let Some(own) = own {
            out.samples.push(Sample { labels: entry.labels.clone(), at: own, value });
            self.order.push(NONE);
            return Ok(());
        }
        if entry.lived == self.scrape {
            out.duplicates += 1;
            return Ok(());
        }
        self.live.seen += 1;
        self.live.returned += u32::from(entry.lived != 0 && entry.lived + 1 == self.scrape);
        entry.lived = self.scrape;
        match entry.role {
            Role::Counter => self.fell |= value < entry.last,
            Role::Start => self.start = Some(value),
            Role::Gauge => {}
        }
        entry.before = entry.last;
        entry.last = value;
        out.samples.push(Sample { labels: entry.labels.clone(), at: self.at, value });
        self.order.push(index);
        Ok(())
    }

    /// Reads the name in the last TYPE line, now that it is needed.
    fn name_family(&mut self) {
        let typed = std::mem::take(&mut self.typed);
        if let Ok(text) = std::str::from_utf8(typed)
            && !text.is_empty()
        {
            self.family = match line::line(text, self.format) {
                // One with escapes is taken for none: it then goes by its suffix.
                Ok(Line::Type { name: std::borrow::Cow::Borrowed(name), .. }) => name,
                _ => "",
            };
        }
    }

    /// The entry for a series that is new, or whose type has changed; `None` if there is no room.
    fn meet(&mut self, head: line::Head<'_>, out: &mut Scrape) -> Option<u32> {
        let raw = head.raw.as_bytes();
        self.name_family();
        let role = if head.name == PROCESS_START && head.labels.is_empty() {
            Role::Start
        } else if is_counter(&head.name, self.family, self.kind) {
            Role::Counter
        } else {
            Role::Gauge
        };
        let labels = series::labels(head, self.kind, self.extra);
        if let Some(at) = self.table.find(raw) {
            let entry = self.table.get_mut(at)?;
            if entry.labels != labels && entry.lived != 0 && entry.lived + 1 == self.scrape {
                out.samples.push(Sample { labels: entry.labels.clone(), at: self.at, value: STALE_NAN });
                self.order.push(NONE);
            }
            (entry.kind, entry.role, entry.labels) = (self.kind, role, labels);
            return Some(at);
        }
        if self.table.len() >= MAX_SERIES {
            return None;
        }
        self.table.insert(raw, self.kind, role, labels)
    }
}
