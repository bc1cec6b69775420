//! Writing, with the lock held: the torn end mended, whole lines appended and flushed, a full file put aside.

use super::files::{ACTIVE, Folder, Mode, TORN, rotated_name};
use super::named;
use super::repairs::Torn;
use crate::journal::Entry;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::FileExt as _;

/// The most bytes of `journal.torn`; what would be over stays in the journal, as a line that is skipped.
const MOST_TORN: u64 = 1 << 20;

/// Makes the file end with a line's end; returns its length then, and what was torn.
///
/// With the lock held nobody is writing, so an open end is what a writer left that died. It was never acknowledged. A
/// whole entry that lacks only its end gets it; anything else is put aside into `journal.torn`; where that is not
/// possible it is closed and stays, as a line that is skipped.
pub(super) fn mend(folder: &Folder, active: &File) -> io::Result<(u64, Option<Torn>)> {
    let failed = |error: io::Error| named("repairing", &folder.path(ACTIVE), &error);
    let length = active.metadata().map_err(failed)?.len();
    let mut last = [b'\n'];
    if length > 0 {
        active.read_exact_at(&mut last, length - 1).map_err(failed)?;
    }
    if last == [b'\n'] {
        return Ok((length, None));
    }
    let most = length.min(Entry::READ_CAP as u64);
    let mut tail = vec![0; most as usize];
    active.read_exact_at(&mut tail, length - most).map_err(failed)?;
    let from = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let piece = tail.get(from..).unwrap_or_default();
    let start = length - piece.len() as u64;
    let whole = std::str::from_utf8(piece).is_ok_and(|line| Entry::parse(line).is_ok());
    // Without any line's end within a line's greatest length it is no piece of a line: it stays where it is.
    let is_piece = from > 0 || most == length;
    let kept = if whole || !is_piece { None } else { put_aside(folder, piece) };
    if kept.is_some() {
        active.set_len(start).and_then(|()| active.sync_all()).map_err(failed)?;
        return Ok((start, Some(Torn { bytes: piece.len() as u64, kept })));
    }
    append(folder, active, length, b"\n")?;
    Ok((length + 1, (!whole).then_some(Torn { bytes: piece.len() as u64, kept: None })))
}

/// Appends a torn piece to `journal.torn`; says where, if it is there for good.
fn put_aside(folder: &Folder, piece: &[u8]) -> Option<std::path::PathBuf> {
    let keep = || -> io::Result<()> {
        let mut file = folder.open(TORN, Mode::Append)?;
        let length = file.metadata()?.len();
        if length + piece.len() as u64 + 1 > MOST_TORN {
            return Err(io::Error::other("it is full"));
        }
        let mut line = piece.to_vec();
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()?;
        if length == 0 { folder.sync() } else { Ok(()) }
    };
    keep().inspect_err(|error| tracing::warn!("keeping a torn line aside: {error}")).ok()?;
    Some(folder.path(TORN))
}

/// Writes whole lines behind `length`, where the file ends, and flushes them. On an error it is as long as it was.
pub(super) fn append(folder: &Folder, active: &File, length: u64, lines: &[u8]) -> io::Result<()> {
    let mut file = active;
    let written = file.write_all(lines).and_then(|()| file.sync_data());
    written.map_err(|error| {
        // What came in part, or may not be on the disk, must not look as if it were acknowledged.
        if let Err(error) = active.set_len(length).and_then(|()| active.sync_all()) {
            tracing::error!("cutting a failed append off the journal: {error}");
        }
        let error = match error.kind() {
            ErrorKind::WriteZero => io::Error::new(ErrorKind::StorageFull, "nothing more can be written"),
            _ => error,
        };
        named("appending to", &folder.path(ACTIVE), &error)
    })
}

/// Puts the full file aside under the next number and begins a new one. A crash in between leaves no file of that
/// name, which is the same as an empty one.
pub(super) fn rotate(folder: &Folder) -> io::Result<File> {
    let next = folder.rotated()?.last().map_or(1, |last| last.saturating_add(1));
    folder.rename(ACTIVE, &rotated_name(next))?;
    let file = folder.open(ACTIVE, Mode::Append)?;
    folder.sync()?;
    Ok(file)
}
