//! What two people lay down for each other: proposals and approvals, each a file of its own in a folder of root's.
//!
//! A journal belongs to one account, so it cannot hold the word of another. Here the kernel says whose a file is: an approval
//! counts as its file's owner's, whatever stands in it. The folder is root's and sticky, so nobody can remove, replace or
//! bring in somebody else's file. It decides nothing: the door reads what is laid down here.

use super::identity::{account, nonce};
use crate::action::ledger::APPROVAL;
use crate::journal::{Category, Entry};
use rustix::fs::{Dir, Mode, OFlags, fchmod, openat, unlinkat};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The longest slip, in bytes, and the most of them that are read.
const LONGEST: u64 = 64 << 10;
const MOST: usize = 4_096;
const ENDING: &str = ".slip";

/// The folder, held open.
#[derive(Debug)]
pub struct Slips {
    path: PathBuf,
    folder: File,
}

impl Slips {
    /// Opens the folder. It is not made: whoever may make it may also forge what lies in it.
    ///
    /// # Errors
    /// It is not there, is not root's, or is not sticky; the message names it and says what to do.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|errno| named("opening the folder for two people", path, &errno.into()))?;
        let folder = File::from(folder);
        let meta = folder.metadata().map_err(|error| named("looking at", path, &error))?;
        let refused = |why: &str| {
            let error = io::Error::new(ErrorKind::PermissionDenied, why);
            Err(named("opening the folder for two people", path, &error))
        };
        match () {
            () if meta.uid() != 0 => refused("it is not root's: chown root"),
            () if meta.mode() & 0o022 != 0 && meta.mode() & 0o1000 == 0 => {
                refused("its files can be replaced: chmod +t")
            }
            () => Ok(Self { path: path.to_owned(), folder }),
        }
    }

    /// Lays down an entry, for everybody who may look into the folder; own ones that are no longer of use are removed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn lay(&self, entry: &Entry) -> io::Result<()> {
        self.tidy();
        let name = format!("{}{ENDING}", nonce());
        let failed = |error: &io::Error| named("writing", &self.path.join(&name), error);
        let how = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let bits = Mode::RUSR | Mode::WUSR;
        let file = openat(&self.folder, &*name, how, bits).map_err(|errno| failed(&errno.into()))?;
        let mut file = File::from(file);
        let line = format!("{}\n", entry.to_line());
        file.write_all(line.as_bytes()).map_err(|error| failed(&error))?;
        // Whole before anybody else can read it, whatever the umask says.
        fchmod(&file, bits | Mode::RGRP | Mode::ROTH).map_err(|errno| failed(&errno.into()))?;
        file.sync_all().map_err(|error| failed(&error))
    }

    /// What is laid down and young enough to count: proposals before approvals. Each is its file's owner's.
    ///
    /// # Errors
    /// The folder cannot be read. A file that cannot be read, or is no slip, is passed over.
    pub fn read(&self) -> io::Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        for name in self.names()? {
            entries.extend(self.slip(&name));
        }
        entries.sort_by_key(|entry| (entry.action == "action.approved", entry.at));
        Ok(entries)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let failed = |errno: rustix::io::Errno| named("listing", &self.path, &errno.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_str().ok().filter(|name| name.ends_with(ENDING));
            names.extend(name.map(str::to_owned));
            if names.len() >= MOST {
                break;
            }
        }
        Ok(names)
    }

    fn open_slip(&self, name: &str) -> Option<(File, std::fs::Metadata)> {
        let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, name, how, Mode::empty()).ok()?);
        let meta = file.metadata().ok()?;
        // A second name could bring in what its owner wrote elsewhere, for something else.
        let own = meta.is_file() && meta.nlink() == 1 && meta.mode() & 0o022 == 0 && meta.len() <= LONGEST;
        own.then_some((file, meta))
    }

    fn slip(&self, name: &str) -> Option<Entry> {
        let (file, meta) = self.open_slip(name)?;
        if is_old(&meta) {
            return None;
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        let mut entry = Entry::parse(&text).ok()?;
        let known = entry.category == Category::Action
            && matches!(&*entry.action, "action.proposed" | "action.approved");
        entry.who.user = account(meta.uid());
        known.then_some(entry)
    }

    /// Removes own files that nobody needs any more.
    fn tidy(&self) {
        let me = rustix::process::geteuid().as_raw();
        for name in self.names().unwrap_or_default() {
            if self.open_slip(&name).is_some_and(|(_, meta)| meta.uid() == me && is_old(&meta)) {
                let _ = unlinkat(&self.folder, &*name, rustix::fs::AtFlags::empty());
            }
        }
    }
}

/// An approval is good for half an hour, and so is a proposal: no slip is needed for longer than both.
fn is_old(meta: &std::fs::Metadata) -> bool {
    let age = meta.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
    age.is_some_and(|age| age > 2 * APPROVAL)
}

/// Names the operation and the file in an error.
fn named(operation: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{operation} {}: {error}", path.display()))
}
