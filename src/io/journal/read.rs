//! Reading: the newest part on start, and what was added since. Only whole lines count; an open end is not there yet.

use super::files::{ACTIVE, Folder, Identity, Mode, rotated_name};
use super::named;
use super::repairs::Repairs;
use super::seen::Seen;
use crate::journal::Entry;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

/// Bytes that are read at once, and the most that one look takes.
const CHUNK: usize = Entry::READ_CAP;

/// Up to where the journal has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    file: Option<Identity>,
    /// Behind the last line's end that was read.
    offset: u64,
    /// The file's length when it was last read to its end: an open end is not read again and again.
    length: u64,
}

impl Cursor {
    /// Nothing new: the name stands for the same file, and it is as long as it was.
    pub(super) fn is_current(&self, folder: &Folder) -> io::Result<bool> {
        Ok(match folder.look(ACTIVE)? {
            Some((identity, length)) => self.file == Some(identity) && self.length == length,
            // Rotated, and not begun again: what it held last may be unread.
            None => self.file.is_none(),
        })
    }

    /// We have written `bytes` behind `length`: if all before it was read, all is read.
    pub(super) fn wrote(&mut self, active: &File, length: u64, bytes: u64) {
        let Ok(meta) = active.metadata() else { return };
        if self.file == Some((meta.dev(), meta.ino())) && self.offset == length {
            self.offset = length + bytes;
            self.length = self.offset;
        }
    }
}

/// What lies where in the folder, the oldest first.
fn files(folder: &Folder) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = folder.rotated()?.into_iter().map(rotated_name).collect();
    names.push(ACTIVE.to_owned());
    Ok(names)
}

/// Reads the newest `most` bytes of the journal.
pub(super) fn back(
    folder: &Folder,
    most: u64,
    seen: &mut Seen,
    repairs: &mut Repairs,
) -> io::Result<(Vec<Entry>, Cursor)> {
    // From the newest file back, as far as the bytes go: (name, where to begin).
    let (mut parts, mut left) = (Vec::new(), most);
    for name in files(folder)?.into_iter().rev() {
        let Some((_, length)) = folder.look(&name)? else { continue };
        let taken = length.min(left);
        left -= taken;
        repairs.left_out += length - taken;
        // The active file counts even if it is empty: following begins there.
        if taken > 0 || name == ACTIVE {
            parts.push((name, length - taken));
        }
    }
    let (mut entries, mut cursor) = (Vec::new(), Cursor::default());
    for (name, from) in parts.into_iter().rev() {
        // A file that was put aside by somebody else's tool or cannot be read must not hide the others.
        let file = match folder.open(&name, Mode::Read) {
            Ok(file) => file,
            Err(error) if name != ACTIVE => {
                repairs.unreadable(&error);
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut reader = Reader { folder, name: &name, file: &file, offset: from };
        if from > 0 {
            // Begin at a line: the one that this is the middle of is left out, unless it begins just here.
            reader.offset -= 1;
            reader.skip_line()?;
        }
        while let Some(lines) = reader.next()? {
            take(&lines, seen, &mut entries, repairs);
        }
        let meta = file.metadata().map_err(|error| reader.failed(&error))?;
        cursor = Cursor { file: Some((meta.dev(), meta.ino())), offset: reader.offset, length: meta.len() };
    }
    Ok((entries, cursor))
}

/// Reads on from the cursor, through files that were put aside meanwhile; at most about one chunk a call.
pub(super) fn on(folder: &Folder, cursor: &mut Cursor, seen: &mut Seen) -> io::Result<Vec<Entry>> {
    let names = files(folder)?;
    let mut standing = Vec::with_capacity(names.len());
    for name in names.into_iter().rev() {
        let Some((identity, length)) = folder.look(&name)? else { continue };
        let found = Some(identity) == cursor.file;
        standing.push((name, identity, length));
        if found {
            break;
        }
    }
    // Where ours is gone altogether (somebody replaced it), only the newest is read, from its beginning.
    if standing.last().is_none_or(|(_, identity, _)| Some(*identity) != cursor.file) {
        standing.truncate(1);
    }
    let (mut entries, mut repairs, mut budget) = (Vec::new(), Repairs::default(), CHUNK);
    for (name, identity, length) in standing.into_iter().rev() {
        // A file that has become shorter was edited: its lines are told apart by their ids.
        let offset = if cursor.file == Some(identity) && cursor.offset <= length { cursor.offset } else { 0 };
        let file = folder.open(&name, Mode::Read)?;
        let mut reader = Reader { folder, name: &name, file: &file, offset };
        let mut ended = true;
        while let Some(lines) = reader.next()? {
            take(&lines, seen, &mut entries, &mut repairs);
            budget = budget.saturating_sub(lines.bytes.len());
            if budget == 0 {
                ended = false;
                break;
            }
        }
        *cursor =
            Cursor { file: Some(identity), offset: reader.offset, length: if ended { length } else { 0 } };
        if !ended {
            break;
        }
    }
    if repairs.broken > 0 {
        tracing::warn!("following the journal: {repairs}");
    }
    Ok(entries)
}

/// Whole lines of a file, and where they stood.
struct Lines<'a> {
    name: &'a str,
    offset: u64,
    bytes: Vec<u8>,
}

/// Reads whole lines, chunk by chunk.
struct Reader<'a> {
    folder: &'a Folder,
    name: &'a str,
    file: &'a File,
    offset: u64,
}

impl<'a> Reader<'a> {
    fn failed(&self, error: &io::Error) -> io::Error {
        named("reading", &self.folder.path(self.name), error)
    }

    /// The next whole lines; none at the end, even if the end is open. A line longer than a chunk comes in pieces, which
    /// are no entries.
    fn next(&mut self) -> io::Result<Option<Lines<'a>>> {
        let mut bytes = self.chunk()?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let kept = if whole == 0 && bytes.len() == CHUNK { CHUNK } else { whole };
        if kept == 0 {
            return Ok(None);
        }
        bytes.truncate(kept);
        let lines = Lines { name: self.name, offset: self.offset, bytes };
        self.offset += kept as u64;
        Ok(Some(lines))
    }

    /// Goes behind the next line's end, or to the end of the file.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.chunk()?;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            self.offset += end.map_or(bytes.len(), |at| at + 1) as u64;
            if end.is_some() || bytes.len() < CHUNK {
                return Ok(());
            }
        }
    }

    fn chunk(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; CHUNK];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, self.offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

/// Parses lines, leaves out what was seen before, counts what is no entry.
fn take(lines: &Lines<'_>, seen: &mut Seen, entries: &mut Vec<Entry>, repairs: &mut Repairs) {
    let mut offset = lines.offset;
    for line in lines.bytes.split_inclusive(|byte| *byte == b'\n') {
        let at = offset;
        offset += line.len() as u64;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let read = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned());
        match read.and_then(|line| Entry::parse(line).map_err(|error| error.to_string())) {
            Ok(entry) if seen.insert(&entry.event_id) => entries.push(entry),
            Ok(_) => repairs.duplicates += 1,
            Err(reason) => repairs.broken(lines.name, at, &reason),
        }
    }
}
