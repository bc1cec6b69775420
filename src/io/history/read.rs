//! Who reads: samples of a time, newest first, in batches; and figures of a file. It writes nothing, whoever else does.

use super::pen::{Pages, gather, read_labels};
use super::{BLOCK_MS, HistoryError, MarkRow, Place, STRIPE, batch, tables};
use crate::event::{Recalled, Strand};
use crate::labels::{Labels, Matcher};
use crate::store::Packed;
use crate::units::Timestamp;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Figures of a history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Whose it is, as it says itself.
    pub owner: String,
    /// What is used and what is free.
    pub pages: Pages,
    /// Series.
    pub series: u64,
    /// Samples that are packed, and the bytes that they take.
    pub packed: (u64, u64),
    /// Samples of batches, and the bytes that they take.
    pub fresh: (u64, u64),
    /// The hours that hold samples: the beginning of the first, and the newest sample known or the end of the last hour.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Minutes of objectives, and the first of them.
    pub minutes: (u64, Option<Timestamp>),
    /// Marks of incidents and actions.
    pub marks: u64,
}

/// The one who reads.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    /// The series' labels by their number.
    series: BTreeMap<u32, Labels>,
}

/// Hands on a batch; false: no more is wanted.
type Sink<'s> = &'s mut dyn FnMut(Vec<Strand>) -> bool;

impl Reader {
    /// Opens a history to read in it; nothing where there is none, or none of samples.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or newer than this warroom.
    pub fn open(place: &Place) -> Result<Option<Self>, HistoryError> {
        let path = place.file();
        let failed = |error| HistoryError::sqlite(&path, error);
        let Some(connection) = tables::look(place)? else { return Ok(None) };
        if !tables::holds_samples(&connection).map_err(failed)? {
            return Ok(None);
        }
        // One moment for all that is read.
        connection.execute_batch("BEGIN").map_err(failed)?;
        let series = dictionary(&connection).map_err(failed)?;
        Ok(Some(Self { connection, path, series }))
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> HistoryError + '_ {
        |error| HistoryError::sqlite(&self.path, error)
    }

    /// Its series that all `matchers` accept.
    pub fn series(&self, matchers: &[Matcher]) -> Vec<Labels> {
        let mut found: Vec<Labels> = self.of(matchers).into_values().collect();
        found.sort();
        found
    }

    fn of(&self, matchers: &[Matcher]) -> BTreeMap<u32, Labels> {
        let accepted = |labels: &Labels| matchers.iter().all(|matcher| matcher.accepts(labels));
        self.series
            .iter()
            .filter(|(_, labels)| accepted(labels))
            .map(|(number, labels)| (*number, labels.clone()))
            .collect()
    }

    /// Reads the samples of `[from, to]` whose series all `matchers` accept. Batches of at most [`Recalled::MOST`]
    /// strands go to `sink`; of each series the newest strand comes first. Ends early once `sink` says so.
    ///
    /// # Errors
    /// It cannot be read, or is damaged; what came before is true.
    pub fn read(
        &self,
        from: Timestamp,
        to: Timestamp,
        matchers: &[Matcher],
        sink: Sink<'_>,
    ) -> Result<(), HistoryError> {
        if from > to {
            return Ok(());
        }
        let wanted = self.of(matchers);
        let mut out = Batches { from, to, strands: Vec::new(), sink };
        let (first, last) = (from.millis().div_euclid(BLOCK_MS), to.millis().div_euclid(BLOCK_MS));
        let blocks = self.blocks(first, last).map_err(self.failed())?;
        for (block, stripe) in blocks {
            if !self.stripe(block, stripe, &wanted, &mut out).map_err(self.failed())? {
                return Ok(());
            }
        }
        if !out.strands.is_empty() {
            let rest = std::mem::take(&mut out.strands);
            (out.sink)(rest);
        }
        Ok(())
    }

    /// What holds samples, newest first: block and stripe.
    fn blocks(&self, first: i64, last: i64) -> rusqlite::Result<Vec<(i64, u32)>> {
        let mut fresh = self.connection.prepare_cached(
            "SELECT DISTINCT block FROM fresh WHERE block BETWEEN ?1 AND ?2 UNION
             SELECT DISTINCT block FROM chunk WHERE block BETWEEN ?1 AND ?2 ORDER BY 1 DESC",
        )?;
        let blocks: Vec<i64> =
            fresh.query_map([first, last], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let stripes = self.series.last_key_value().map_or(0, |(number, _)| number / STRIPE + 1);
        Ok(blocks.into_iter().flat_map(|block| (0..stripes).map(move |stripe| (block, stripe))).collect())
    }

    /// One stripe of one block; false: no more is wanted.
    fn stripe(
        &self,
        block: i64,
        stripe: u32,
        wanted: &BTreeMap<u32, Labels>,
        out: &mut Batches<'_>,
    ) -> rusqlite::Result<bool> {
        let numbers =
            stripe.saturating_mul(STRIPE)..=stripe.saturating_mul(STRIPE).saturating_add(STRIPE - 1);
        let mut fresh = gather(&self.connection, block, stripe)?;
        fresh.retain(|number, _| wanted.contains_key(number));
        let mut chunks = self
            .connection
            .prepare_cached("SELECT series, data FROM chunk WHERE block = ?1 AND series BETWEEN ?2 AND ?3")?;
        let mut rows = chunks.query(params![block, numbers.start(), numbers.end()])?;
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(0)?;
            let Some(labels) = wanted.get(&number) else { continue };
            let Some(mut pieces) = Packed::read(row.get_ref(1)?.as_blob()?) else {
                tracing::warn!("history: the samples of {labels} in block {block} cannot be read");
                continue;
            };
            if let Some(more) = fresh.remove(&number) {
                // An hour that was packed, and of which stragglers came.
                let mut all: Vec<_> = pieces.iter().flat_map(Packed::samples).collect();
                all.extend(more);
                pieces = Packed::pack(&batch::in_order(all));
            }
            if !out.take(labels, pieces) {
                return Ok(false);
            }
        }
        for (number, samples) in fresh {
            let Some(labels) = wanted.get(&number) else { continue };
            if !out.take(labels, Packed::pack(&batch::in_order(samples))) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The marks of incidents and actions of `[from, to]`, oldest first.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn marks(&self, from: Timestamp, to: Timestamp) -> Result<Vec<MarkRow>, HistoryError> {
        let read = || -> rusqlite::Result<Vec<MarkRow>> {
            let mut marks = self.connection.prepare(
                "SELECT id, at, category, action, status, about FROM mark WHERE at BETWEEN ?1 AND ?2 ORDER BY at, id",
            )?;
            marks
                .query_map([from.millis(), to.millis()], |row| {
                    Ok(MarkRow {
                        id: row.get(0)?,
                        at: Timestamp::from_millis(row.get(1)?),
                        category: row.get(2)?,
                        action: row.get(3)?,
                        status: row.get(4)?,
                        about: row.get(5)?,
                    })
                })?
                .collect()
        };
        read().map_err(self.failed())
    }

    /// Its figures.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn figures(&self) -> Result<Figures, HistoryError> {
        self.try_figures().map_err(self.failed())
    }

    fn try_figures(&self) -> rusqlite::Result<Figures> {
        let one = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        let count = |sql: &str| one(sql).map(|found| found.unwrap_or(0).max(0).cast_unsigned());
        let pragma = |name: &str| count(&format!("PRAGMA {name}"));
        let (size, all, free) = (pragma("page_size")?, pragma("page_count")?, pragma("freelist_count")?);
        let at = |sql: &str, unit: i64| {
            one(sql).map(|found| found.map(|found| Timestamp::from_millis(found.saturating_mul(unit))))
        };
        let first = "SELECT min(block) FROM (SELECT min(block) AS block FROM chunk UNION SELECT min(block) FROM fresh)";
        let newest = at("SELECT max(until) FROM fresh", 1)?;
        let last = at("SELECT max(block) + 1 FROM chunk", BLOCK_MS)?;
        let owner = self
            .connection
            .query_row("SELECT value FROM about WHERE key = 'owner'", [], |row| row.get(0))
            .unwrap_or_default();
        Ok(Figures {
            owner,
            pages: Pages { used: all.saturating_sub(free) * size, free: free * size },
            series: self.series.len() as u64,
            packed: (count("SELECT sum(samples) FROM chunk")?, count("SELECT sum(length(data)) FROM chunk")?),
            fresh: (count("SELECT sum(samples) FROM fresh")?, count("SELECT sum(length(data)) FROM fresh")?),
            span: at(first, BLOCK_MS)?.zip(newest.max(last)),
            minutes: (
                count("SELECT count(*) FROM slo_minute")?,
                at("SELECT min(minute) FROM slo_minute", 60_000)?,
            ),
            marks: count("SELECT count(*) FROM mark")?,
        })
    }
}

fn dictionary(connection: &Connection) -> rusqlite::Result<BTreeMap<u32, Labels>> {
    let mut all = connection.prepare("SELECT id, labels FROM series")?;
    let mut rows = all.query([])?;
    let mut out = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(labels) = read_labels(row.get_ref(1)?.as_str()?) {
            out.insert(row.get(0)?, labels);
        }
    }
    Ok(out)
}

/// Strands on their way, cut to what was asked for.
struct Batches<'s> {
    from: Timestamp,
    to: Timestamp,
    strands: Vec<Strand>,
    sink: Sink<'s>,
}

impl Batches<'_> {
    /// Takes a series' pieces, oldest first; false: no more is wanted.
    fn take(&mut self, labels: &Labels, pieces: Vec<Packed>) -> bool {
        for packed in pieces.into_iter().rev() {
            if packed.newest() < self.from || packed.oldest() > self.to {
                continue;
            }
            let whole = packed.oldest() >= self.from && packed.newest() <= self.to;
            let cut = if whole {
                vec![packed]
            } else {
                let mut inside = Vec::new();
                packed.pour(self.from, self.to, &mut inside);
                Packed::pack(&inside)
            };
            for packed in cut.into_iter().rev() {
                self.strands.push(Strand { labels: labels.clone(), packed });
            }
            if self.strands.len() >= Recalled::MOST && !(self.sink)(std::mem::take(&mut self.strands)) {
                return false;
            }
        }
        true
    }
}
