//! What objectives counted by the minute, as rows.

use crate::slo::{Mark, Saved, SavedMinute};
use rusqlite::{Connection, Transaction, params};

/// Everything that is kept of objectives, oldest first.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<Saved>> {
    let mut out: Vec<Saved> = Vec::new();
    let mut heads =
        connection.prepare("SELECT slo, definition, until FROM slo_covered ORDER BY slo, definition")?;
    let found = heads.query_map([], |row| {
        Ok(Saved {
            slo: row.get(0)?,
            definition: row.get(1)?,
            covered_until: row.get(2)?,
            ..Saved::default()
        })
    })?;
    for saved in found {
        out.push(saved?);
    }
    let mut minutes = connection.prepare(
        "SELECT minute, total, bad, covered, bridged FROM slo_minute WHERE slo = ?1 AND definition = ?2 ORDER BY minute",
    )?;
    let mut marks = connection
        .prepare("SELECT term, labels, at, value, start FROM slo_mark WHERE slo = ?1 AND definition = ?2")?;
    for saved in &mut out {
        let rows = minutes.query_map(params![saved.slo, saved.definition], |row| {
            Ok(SavedMinute {
                minute: row.get(0)?,
                total: row.get::<_, i64>(1)?.cast_unsigned(),
                bad: row.get::<_, i64>(2)?.cast_unsigned(),
                covered: row.get(3)?,
                bridged: row.get(4)?,
            })
        })?;
        saved.minutes = rows.collect::<rusqlite::Result<_>>()?;
        let rows = marks.query_map(params![saved.slo, saved.definition], |row| {
            let (labels, start): (String, String) = (row.get(1)?, row.get(4)?);
            Ok((row.get(0)?, labels, row.get(2)?, row.get(3)?, start))
        })?;
        for row in rows {
            let (term, labels, at, value, start) = row?;
            // A mark that cannot be read is one counter that begins anew.
            if let (Ok(labels), Ok(start)) = (serde_json::from_str(&labels), serde_json::from_str(&start)) {
                saved.marks.push(Mark { term, labels, at, value, start });
            }
        }
    }
    Ok(out)
}

/// Writes a batch: a later record of a minute stands over an earlier one.
pub(super) fn write(change: &Transaction<'_>, batch: &[Saved]) -> rusqlite::Result<()> {
    let mut minute =
        change.prepare_cached("INSERT OR REPLACE INTO slo_minute VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let mut mark =
        change.prepare_cached("INSERT OR REPLACE INTO slo_mark VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let mut covered = change.prepare_cached("INSERT OR REPLACE INTO slo_covered VALUES (?1, ?2, ?3)")?;
    for saved in batch {
        covered.execute(params![saved.slo, saved.definition, saved.covered_until])?;
        for one in &saved.minutes {
            let (total, bad) = (one.total.cast_signed(), one.bad.cast_signed());
            minute.execute(params![
                saved.slo,
                saved.definition,
                one.minute,
                total,
                bad,
                one.covered,
                one.bridged
            ])?;
        }
        for one in &saved.marks {
            let labels = serde_json::to_string(&one.labels).unwrap_or_default();
            let start = serde_json::to_string(&one.start).unwrap_or_default();
            mark.execute(params![saved.slo, saved.definition, one.term, labels, one.at, one.value, start])?;
        }
    }
    Ok(())
}

/// Drops what is older than `oldest` (ms).
pub(super) fn forget(change: &Connection, oldest: i64) -> rusqlite::Result<()> {
    change.execute("DELETE FROM slo_minute WHERE minute < ?1", [oldest.div_euclid(60_000)])?;
    change.execute("DELETE FROM slo_mark WHERE at < ?1", [oldest])?;
    Ok(())
}
