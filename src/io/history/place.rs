//! Which file is whose: each configuration has a history of its own in the state folder, and a lock beside it.
//!
//! The configuration of the user's or the system's folder has `history.sqlite`; one that was named otherwise has
//! `history-NAME-HASH.sqlite`, by its path; one that stands in no file is told by its instances. So two configurations in
//! one state folder, running at once, do not mix, and one that is edited keeps its history: what it no longer asks for
//! grows old and goes. Nothing here opens the database.

use super::HistoryError;
use crate::io::config;
use crate::plan::HistoryPlan;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The file of the configuration that stands where it is looked for.
pub const FILE: &str = "history.sqlite";

/// Where one configuration's history lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The state folder.
    pub folder: PathBuf,
    /// The file's name.
    pub name: String,
    /// Whose it is, in words: stands in the file.
    pub owner: String,
}

impl Place {
    /// The place of what stands where it is looked for.
    pub fn usual(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), name: FILE.to_owned(), owner: "the usual configuration".to_owned() }
    }

    /// The place of a configuration's history.
    pub fn of(folder: &Path, plan: &HistoryPlan) -> Self {
        let source = Path::new(&*plan.source);
        let (owner, stem) = match fs::canonicalize(source).ok().filter(|path| path.is_file()) {
            Some(path) if is_usual(&path) => return Self::usual(folder),
            Some(path) => {
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                (path.display().to_string(), stem.unwrap_or_default())
            }
            None => (format!("{} {}", plan.source, plan.watched), plan.source.to_string()),
        };
        let stem: String = stem
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(24)
            .collect();
        let name = format!("history-{stem}-{:08x}.sqlite", hash(owner.as_bytes()) as u32);
        Self { folder: folder.to_owned(), name, owner }
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// All places of a state folder that have a file, the usual one first.
    ///
    /// # Errors
    /// The folder cannot be read; one that is not there has none.
    pub fn all(folder: &Path) -> io::Result<Vec<Self>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| *name == FILE || name.starts_with("history-") && name.ends_with(".sqlite"))
            .collect();
        names.sort_by_key(|name| (*name != FILE, name.clone()));
        Ok(names
            .into_iter()
            .map(|name| Self { folder: folder.to_owned(), name, owner: String::new() })
            .collect())
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join(format!("{}.lock", self.name.trim_end_matches(".sqlite")))
    }

    /// The lock of whoever writes; nothing while another warroom has it. It is held until it is dropped.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn lock(&self) -> Result<Option<File>, HistoryError> {
        let path = self.lock_file();
        let failed = |error| HistoryError::Io { path: path.clone(), error };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&path).map_err(failed)?;
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(lock)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Leaves its number in the lock, for whoever asks who writes.
    pub(super) fn sign(lock: &File) {
        use std::os::unix::fs::FileExt as _;
        let text = std::process::id().to_string();
        // A full disk leaves the question open, and nothing else.
        let _ = lock.set_len(0).and_then(|()| lock.write_all_at(text.as_bytes(), 0));
    }

    /// The process that writes, if one does; 0 where it left no number.
    pub fn writer(&self) -> Option<u32> {
        let path = self.lock_file();
        let lock = File::open(&path).ok()?;
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockShared) {
            Ok(()) => None,
            Err(_) => {
                Some(fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0))
            }
        }
    }

    /// Puts a damaged file aside under another name, with what belongs to it; says which. Only for who has the lock.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub(super) fn set_aside(&self) -> Result<PathBuf, HistoryError> {
        let path = self.file();
        let failed = |error| HistoryError::Io { path: path.clone(), error };
        let aside = (1..1000)
            .map(|number| self.folder.join(format!("{}.damaged-{number}", self.name)))
            .find(|aside| fs::symlink_metadata(aside).is_err())
            .ok_or_else(|| failed(io::ErrorKind::AlreadyExists.into()))?;
        fs::rename(&path, &aside).map_err(failed)?;
        for end in ["-wal", "-shm"] {
            let beside = |path: &Path| {
                let mut name = path.as_os_str().to_owned();
                name.push(end);
                PathBuf::from(name)
            };
            // A log that stayed behind would be taken for the new file's.
            match fs::rename(beside(&path), beside(&aside)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(aside)
    }

    /// Removes the histories of other configurations that nobody has written to for so long that all in them is too old.
    pub(super) fn forget_others(&self, older_than: Duration) {
        for other in Self::all(&self.folder).unwrap_or_default() {
            let written = fs::metadata(other.file()).and_then(|meta| meta.modified()).ok();
            let age = written.and_then(|at| SystemTime::now().duration_since(at).ok());
            let old =
                other.name != self.name && other.name != FILE && age.is_some_and(|age| age > older_than);
            if old && matches!(other.lock(), Ok(Some(_))) {
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(self.folder.join(format!("{}{end}", other.name)));
                }
                let _ = fs::remove_file(other.lock_file());
            }
        }
    }
}

/// Is it one of those that are found without being named?
fn is_usual(path: &Path) -> bool {
    let usual = config::candidates(None).into_iter().filter(|candidate| !candidate.named);
    usual.filter_map(|candidate| fs::canonicalize(candidate.path).ok()).any(|other| other == *path)
}

/// FNV-1a, 64 bits: the same in each build, unlike the hashes of tables.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
