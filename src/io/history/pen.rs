//! Who writes: batches as they come, hours that are over packed into chunks, what is too old or too much dropped.
//!
//! It holds the one connection that writes. What fails is rolled back as a whole; whoever sees an error opens anew.

use super::batch::{self, Known, Point};
use super::{BLOCK_MS, HistoryError, Load, Place, STRIPE, minutes, tables};
use crate::labels::Labels;
use crate::store::Packed;
use crate::target::Sample;
use crate::units::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use rustc_hash::FxHashMap;
use std::path::PathBuf;
use std::time::Duration;

/// The most free pages that are kept for what comes next, beside a quarter of those in use.
const FREE_KEPT: i64 = 1024;

/// What has to leave frees so much more, so that making room stays rare.
const SHARE: u64 = 20;

/// What is used and what is free, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Bytes in use.
    pub used: u64,
    /// Bytes of the file that are free.
    pub free: u64,
}

/// What pruning dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Samples.
    pub samples: u64,
    /// Series that have none left.
    pub series: u64,
}

/// The one who writes.
#[derive(Debug)]
pub struct Pen {
    connection: Connection,
    path: PathBuf,
    numbers: FxHashMap<Labels, u32>,
    /// Of each stripe: its block, and what its batches go on from.
    known: FxHashMap<u32, (i64, Known)>,
    /// Another one writes as well: batches and numbers are its own.
    beside: bool,
}

impl Pen {
    /// Opens the file beside the one who has the lock: to drop what is packed, and nothing else.
    ///
    /// # Errors
    /// As [`Pen::open`].
    pub fn open_beside(place: &Place) -> Result<Self, HistoryError> {
        Ok(Self { beside: true, ..Self::open(place)? })
    }

    /// Opens the file. Only for who has the lock.
    ///
    /// # Errors
    /// It cannot be opened, is damaged, or newer than this warroom.
    pub fn open(place: &Place) -> Result<Self, HistoryError> {
        let connection = tables::open(place)?;
        let mut pen = Self {
            connection,
            path: place.file(),
            numbers: FxHashMap::default(),
            known: FxHashMap::default(),
            beside: false,
        };
        pen.number_all().map_err(|error| HistoryError::sqlite(&pen.path, error))?;
        Ok(pen)
    }

    fn number_all(&mut self) -> rusqlite::Result<()> {
        let mut all = self.connection.prepare("SELECT id, labels FROM series")?;
        let rows = all.query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)))?;
        let mut numbers = FxHashMap::default();
        for row in rows {
            let (number, text) = row?;
            if let Some(labels) = read_labels(&text) {
                numbers.insert(labels, number);
            }
        }
        self.numbers = numbers;
        Ok(())
    }

    /// The time of the newest sample that was written and is not packed yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn newest(&self) -> Result<Option<Timestamp>, HistoryError> {
        let newest = self.connection.query_row("SELECT max(until) FROM fresh", [], |row| row.get(0));
        let newest: Option<i64> = newest.map_err(|error| HistoryError::sqlite(&self.path, error))?;
        Ok(newest.map(Timestamp::from_millis))
    }

    /// Writes all of it or nothing.
    ///
    /// # Errors
    /// It cannot be written; this pen is to be given up then.
    pub fn write(&mut self, load: &Load) -> Result<(), HistoryError> {
        self.try_write(load).map_err(|error| HistoryError::sqlite(&self.path, error))
    }

    fn try_write(&mut self, load: &Load) -> rusqlite::Result<()> {
        let change = self.connection.transaction()?;
        minutes::write(&change, &load.saved)?;
        let points = number(&change, &mut self.numbers, &load.samples)?;
        let mut fresh = change.prepare_cached(
            "INSERT INTO fresh (block, stripe, until, samples, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut last = change.prepare_cached("UPDATE series SET last = ?2 WHERE id = ?1 AND last < ?2")?;
        let of = |point: &Point| (point.at.div_euclid(BLOCK_MS), point.series / STRIPE);
        for points in points.chunk_by(|a, b| of(a) == of(b)) {
            let Some((block, stripe)) = points.first().map(of) else { continue };
            let known = self.known.entry(stripe).or_insert_with(|| (block, Known::default()));
            if known.0 != block {
                *known = (block, Known::default());
            }
            // Once an hour each series says that it is still there.
            for point in points.iter().filter(|point| !known.1.contains_key(&point.series)) {
                last.execute(params![point.series, block])?;
            }
            let data = batch::encode(points, &mut known.1);
            let until = points.iter().map(|point| point.at).max();
            fresh.execute(params![block, stripe, until, points.len() as i64, data])?;
        }
        drop((fresh, last));
        let mut mark = change.prepare_cached("INSERT OR IGNORE INTO mark VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for one in &load.marks {
            let at = one.at.millis();
            mark.execute(params![one.id, at, one.category, one.action, one.status, one.about])?;
        }
        drop(mark);
        change.commit()
    }

    /// Packs one stripe of one block before `block`; false where there is none left.
    ///
    /// # Errors
    /// It cannot be read or written; this pen is to be given up then.
    pub fn pack_before(&mut self, block: i64) -> Result<bool, HistoryError> {
        self.try_pack(block).map_err(|error| HistoryError::sqlite(&self.path, error))
    }

    fn try_pack(&mut self, before: i64) -> rusqlite::Result<bool> {
        let change = self.connection.transaction()?;
        let next = "SELECT block, stripe FROM fresh WHERE block < ?1 ORDER BY block, stripe LIMIT 1";
        let next = change.query_row(next, [before], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((block, stripe)): Option<(i64, u32)> = next else { return Ok(false) };
        let gathered = gather(&change, block, stripe)?;
        {
            let mut old = change.prepare_cached("SELECT data FROM chunk WHERE block = ?1 AND series = ?2")?;
            let mut put = change.prepare_cached("INSERT OR REPLACE INTO chunk VALUES (?1, ?2, ?3, ?4)")?;
            for (series, samples) in gathered {
                let before: Option<Vec<u8>> =
                    old.query_row(params![block, series], |row| row.get(0)).optional()?;
                let mut all = Vec::new();
                for piece in before.and_then(|bytes| Packed::read(&bytes)).unwrap_or_default() {
                    all.extend(piece.samples());
                }
                all.extend(samples);
                let all = batch::in_order(all);
                let mut data = Vec::new();
                Packed::write(&Packed::pack(&all), &mut data);
                put.execute(params![block, series, all.len() as i64, data])?;
            }
        }
        change.execute("DELETE FROM fresh WHERE block = ?1 AND stripe = ?2", params![block, stripe])?;
        change.commit()?;
        // Later samples of that hour begin anew.
        if self.known.get(&stripe).is_some_and(|known| known.0 == block) {
            self.known.remove(&stripe);
        }
        Ok(true)
    }

    /// Drops samples of blocks that ended before `samples`, and minutes and marks before `rest`.
    ///
    /// # Errors
    /// As [`Pen::write`].
    pub fn forget(&mut self, samples: Timestamp, rest: Timestamp) -> Result<Dropped, HistoryError> {
        let before = samples.millis().div_euclid(BLOCK_MS);
        self.try_forget(before, Some(rest)).map_err(|error| HistoryError::sqlite(&self.path, error))
    }

    fn try_forget(&mut self, before: i64, rest: Option<Timestamp>) -> rusqlite::Result<Dropped> {
        let change = self.connection.transaction()?;
        let mut dropped = 0;
        let tables: &[&str] = if self.beside { &["chunk"] } else { &["chunk", "fresh"] };
        for table in tables {
            let sum = format!("SELECT coalesce(sum(samples), 0) FROM {table} WHERE block < ?1");
            dropped += change.query_row(&sum, [before], |row| row.get::<_, i64>(0))?;
            change.execute(&format!("DELETE FROM {table} WHERE block < ?1"), [before])?;
        }
        let gone = "DELETE FROM series WHERE last < ?1";
        let series = if self.beside { 0 } else { change.execute(gone, [before])? };
        if let Some(rest) = rest {
            minutes::forget(&change, rest.millis())?;
            change.execute("DELETE FROM mark WHERE at < ?1", [rest.millis()])?;
        }
        change.commit()?;
        if series > 0 {
            self.number_all()?;
        }
        self.known.retain(|_, known| known.0 >= before);
        Ok(Dropped { samples: dropped.cast_unsigned(), series: series as u64 })
    }

    /// Drops the oldest hours until no more than `most` bytes are in use, and gives back what is free and not needed.
    ///
    /// # Errors
    /// As [`Pen::write`].
    pub fn shrink(&mut self, most: u64) -> Result<Dropped, HistoryError> {
        self.try_shrink(most).map_err(|error| HistoryError::sqlite(&self.path, error))
    }

    fn try_shrink(&mut self, most: u64) -> rusqlite::Result<Dropped> {
        let mut dropped = Dropped::default();
        if self.try_pages()?.used > most {
            let goal = most - most / SHARE;
            while self.try_pages()?.used > goal {
                let oldest = if self.beside {
                    "SELECT min(block) FROM chunk"
                } else {
                    "SELECT min(block) FROM (SELECT block FROM chunk UNION SELECT block FROM fresh)"
                };
                let oldest: Option<i64> = self.connection.query_row(oldest, [], |row| row.get(0))?;
                let Some(oldest) = oldest else { break };
                let one = self.try_forget(oldest + 1, None)?;
                dropped.samples += one.samples;
                dropped.series += one.series;
            }
        }
        let size = self.pragma("page_size")?.max(1);
        let pages = self.try_pages()?;
        let (free, used) = ((pages.free as i64) / size, (pages.used as i64) / size);
        let spare = free - FREE_KEPT.max(used / 4);
        if spare > 0 || dropped.samples > 0 {
            self.give_back(spare.max(free / 2))?;
        }
        Ok(dropped)
    }

    /// Cuts the file by so many free pages.
    fn give_back(&self, pages: i64) -> rusqlite::Result<()> {
        let mut vacuum = self.connection.prepare(&format!("PRAGMA incremental_vacuum({})", pages.max(1)))?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Gives back all that is free, and what stands in the log.
    ///
    /// # Errors
    /// As [`Pen::write`].
    pub fn tighten(&mut self) -> Result<(), HistoryError> {
        let free = self.pragma("freelist_count").and_then(|free| self.give_back(free));
        free.and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
            .map_err(|error| HistoryError::sqlite(&self.path, error))
    }

    /// What is used and what is free.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn pages(&self) -> Result<Pages, HistoryError> {
        self.try_pages().map_err(|error| HistoryError::sqlite(&self.path, error))
    }

    fn try_pages(&self) -> rusqlite::Result<Pages> {
        let (size, all) = (self.pragma("page_size")?, self.pragma("page_count")?);
        let free = self.pragma("freelist_count")?;
        let bytes = |pages: i64| (pages * size).max(0).cast_unsigned();
        Ok(Pages { used: bytes(all - free), free: bytes(free) })
    }

    fn pragma(&self, name: &str) -> rusqlite::Result<i64> {
        self.connection.pragma_query_value(None, name, |row| row.get(0))
    }
}

/// Gives each sample its series' number, new ones in the table, and puts them in order of block, series and time.
fn number(
    change: &Transaction<'_>,
    numbers: &mut FxHashMap<Labels, u32>,
    samples: &[Sample],
) -> rusqlite::Result<Vec<Point>> {
    let mut new = change.prepare_cached("INSERT INTO series (labels, last) VALUES (?1, ?2)")?;
    let mut points = Vec::with_capacity(samples.len());
    for sample in samples {
        let at = sample.at.millis();
        let series = if let Some(number) = numbers.get(&sample.labels) {
            *number
        } else {
            new.execute(params![write_labels(&sample.labels), at.div_euclid(BLOCK_MS)])?;
            // Numbers are given out by the table: beyond 32 bits it would hold a terabyte of labels.
            let number = u32::try_from(change.last_insert_rowid()).unwrap_or(u32::MAX);
            numbers.insert(sample.labels.clone(), number);
            number
        };
        points.push(Point { series, at, value: sample.value });
    }
    points.sort_by_key(|point| (point.at.div_euclid(BLOCK_MS), point.series, point.at));
    Ok(points)
}

/// All samples of the batches of a block and a stripe, by series, as they were written.
pub(super) fn gather(
    connection: &Connection,
    block: i64,
    stripe: u32,
) -> rusqlite::Result<std::collections::BTreeMap<u32, Vec<(Timestamp, f64)>>> {
    let mut out = std::collections::BTreeMap::<u32, Vec<(Timestamp, f64)>>::new();
    let mut known = Known::default();
    let mut batches =
        connection.prepare_cached("SELECT data FROM fresh WHERE block = ?1 AND stripe = ?2 ORDER BY id")?;
    let mut rows = batches.query(params![block, stripe])?;
    while let Some(row) = rows.next()? {
        let whole = batch::decode(row.get_ref(0)?.as_blob()?, &mut known, |point| {
            out.entry(point.series).or_default().push((Timestamp::from_millis(point.at), point.value));
        });
        if !whole {
            tracing::warn!("history: a batch of block {block}, stripe {stripe} cannot be read to its end");
        }
    }
    Ok(out)
}

fn write_labels(labels: &Labels) -> String {
    serde_json::to_string(&labels.iter().collect::<Vec<_>>()).unwrap_or_default()
}

/// Labels as they stand in the table.
pub(super) fn read_labels(text: &str) -> Option<Labels> {
    serde_json::from_str::<Vec<(String, String)>>(text).ok().map(Labels::from_pairs)
}

/// The block that is under way at `now`, and whether what came before may be packed: stragglers have a minute.
pub(super) fn packable(now: Timestamp) -> i64 {
    (now - Duration::from_secs(60)).millis().div_euclid(BLOCK_MS)
}
