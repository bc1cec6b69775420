//! Captures as files: gzip around the lines that [`crate::capture`] makes. Written to a temporary name, for the owner
//! alone, and renamed when all of it is on disk; so a file with the right name is a whole one.

#![expect(clippy::disallowed_methods, reason = "this is the room that reads and writes captures")]

use crate::capture::{self, Capture, CaptureError, Limits};
use crate::units::Timestamp;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The end of the name of a capture.
pub const ENDING: &str = ".warroom.gz";
/// The most bytes of a capture before it is packed; series beyond are left out, and it says so.
pub const MOST: u64 = 768 << 20;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// Its bytes on disk.
    pub bytes: u64,
    /// Series that were left out because it would have been too large.
    pub left_out: usize,
}

/// Writes a capture to a file that only its owner can read; never over an existing one.
///
/// # Errors
/// It exists, or cannot be written. What was begun is taken away.
pub fn save(path: &Path, capture: &Capture) -> io::Result<Written> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists already"));
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?.to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let done = draw_up(&draft, capture).and_then(|left_out| {
        // A link fails where a file has come meanwhile; a rename would replace it.
        fs::hard_link(&draft, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(&draft, path),
        })?;
        Ok(left_out)
    });
    let _ = fs::remove_file(&draft);
    let left_out = done?;
    let bytes = fs::metadata(path).map_or(0, |meta| meta.len());
    Ok(Written { path: path.to_owned(), bytes, left_out })
}

fn draw_up(draft: &Path, capture: &Capture) -> io::Result<usize> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(draft)?;
    let mut packed = GzEncoder::new(BufWriter::with_capacity(1 << 16, file), Compression::fast());
    let (_, left_out) = {
        let mut lines = BufWriter::with_capacity(1 << 16, &mut packed);
        let written = capture::write(capture, MOST, &mut lines)?;
        lines.flush()?;
        written
    };
    let file = packed.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(left_out)
}

/// The bytes of a file that may be a capture.
///
/// # Errors
/// There is none, or it is no regular file.
pub fn size(path: &Path) -> io::Result<u64> {
    let meta = fs::metadata(path)?;
    if meta.is_file() {
        Ok(meta.len())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// Reads a capture, packed or not.
///
/// # Errors
/// The file cannot be opened; or what [`capture::read`] says.
pub fn load(path: &Path) -> Result<Capture, CaptureError> {
    load_telling(path, &|_, _| {})
}

/// The same; `tell` is told how many bytes of the file are read, and how many there are, each time some more are.
///
/// # Errors
/// As [`load`].
pub fn load_telling(path: &Path, tell: &dyn Fn(u64, u64)) -> Result<Capture, CaptureError> {
    // Looked at before it is opened: to open a pipe could wait for ever.
    let all = size(path)?;
    let mut file = File::open(path)?;
    let mut magic = [0_u8; 2];
    let packed = io::Read::read_exact(&mut file, &mut magic).is_ok() && magic == [0x1f, 0x8b];
    io::Seek::rewind(&mut file)?;
    let file = io::BufReader::with_capacity(1 << 16, Told { file, done: 0, all, tell });
    if packed {
        capture::read(MultiGzDecoder::new(file), Limits::default())
    } else {
        capture::read(file, Limits::default())
    }
}

/// A file that tells how much of it was read.
struct Told<'t> {
    file: File,
    done: u64,
    all: u64,
    tell: &'t dyn Fn(u64, u64),
}

impl io::Read for Told<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buf)?;
        self.done += read as u64;
        (self.tell)(self.done, self.all);
        Ok(read)
    }
}

/// A name for a capture that ends at `to`: `warroom-20261121T140500Z.warroom.gz`, with the incident's id where there is one.
pub fn name(to: Timestamp, why: Option<&str>) -> String {
    let time = jiff::Timestamp::from_millisecond(to.millis()).unwrap_or_default();
    let safe = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
    };
    let what = why.map_or_else(|| "warroom".to_owned(), safe);
    format!("{what}-{}{ENDING}", time.strftime("%Y%m%dT%H%M%SZ"))
}

/// Takes away the oldest captures of a folder that warroom made by itself, all but the newest `keep`. Their names begin with
/// an incident's id; whatever a person named stays.
pub fn prune(folder: &Path, keep: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let own = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("INC-") && name.ends_with(ENDING)
    };
    let mut found: Vec<(std::time::SystemTime, PathBuf)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(own)
        .filter_map(|path| Some((fs::symlink_metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    let gone = found.len().saturating_sub(keep);
    for (_, path) in found.into_iter().take(gone) {
        let _ = fs::remove_file(path);
    }
}
